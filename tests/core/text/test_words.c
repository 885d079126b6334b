/* Lower-casing, and text split at blanks: each version against the next byte, for random texts. */
#include "core/memory.h"
#include "core/random.h"
#include "core/text/lower.h"
#include "core/text/words.h"
#include "tests/harness/harness.h"

#include <string.h>

/* ---- Lower case ------------------------------------------------------------------------------ */

static void check_lower(const char *text, const char *expected) {
    qn_text out;
    qn_text_init(&out);
    QN_TEST_OK(qn_text_lower(&out, qn_view_of(text)));
    qn_test_check(strcmp(out.data, expected) == 0, __FILE__, __LINE__, text);
    qn_text_clear(&out);
}

/* Expected: Python 3.11's str.lower, which follows Unicode as Java's toLowerCase does. */
static void test_lower(void) {
    check_lower("", "");
    check_lower("The QUICK [Brown] @Zoo`{fox}", "the quick [brown] @zoo`{fox}");
    check_lower("ABCDEFGH\xc3\x89IJKLMNOPQRS", "abcdefgh\xc3\xa9ijklmnopqrs");
    check_lower("\xc4\xb0stanbul", "i\xcc\x87stanbul");          /* I with dot: longer */
    check_lower("\xc8\xba\xc8\xbe", "\xe2\xb1\xa5\xe2\xb1\xa6"); /* two bytes become three */
    check_lower("\xe1\xba\x9e", "\xc3\x9f");                     /* capital sharp s */
    check_lower("\xf0\x90\x90\x80", "\xf0\x90\x90\xa8");         /* Deseret */
}

static void test_final_sigma(void) {
    check_lower("\xce\x9f\xce\x94\xce\x9f\xce\xa3", "\xce\xbf\xce\xb4\xce\xbf\xcf\x82");
    check_lower("\xce\xa3\xce\xa3\xce\xa3 \xce\xa3", "\xcf\x83\xcf\x83\xcf\x82 \xcf\x83");
    check_lower("A\xce\xa3.b", "a\xcf\x83.b");   /* a full stop stands inside words */
    check_lower("A\xce\xa3. b", "a\xcf\x82. b"); /* then a blank */
    check_lower("A'\xce\xa3", "a'\xcf\x82");
    check_lower("1\xce\xa3", "1\xcf\x83"); /* digits have no case */
}

static void test_not_utf8(void) {
    check_lower("A\xff\xc3"
                "B\xe2\x82",
                "a\xff\xc3"
                "b\xe2\x82");
}

/* ---- Words ----------------------------------------------------------------------------------- */

static bool split_slowly(qn_words *words, qn_view text, bool lower) {
    bool ascii = true;
    for (int64_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        ascii &= (unsigned char)c < 0x80;
        if (strchr(" \t\n\v\f\r", c) != NULL && c != '\0')
            words->ends[words->count++] = (int32_t)words->length;
        else
            words->chars[words->length++] = (char)(lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    words->ends[words->count++] = (int32_t)words->length;
    return ascii;
}

enum { MOST = 400 };

/* Blanks and their neighbours often, else any byte (or any of ASCII). */
static void fill(char *text, int64_t length, uint64_t round) {
    static const char common[] = "  \t\n\v\f\r\x08\x0e\x1f!azAZ@[`{09,.\x7f";
    qn_random random = qn_random_new(7, "words");
    int64_t bound = qn_random_below(random, round, 0, 2) == 0 ? 128 : 256;
    for (int64_t i = 0; i < length; i++) {
        uint64_t bits = qn_random_bits(random, round, 2 + (uint32_t)i);
        text[i] = bits % 8 < 3 ? common[(bits >> 8) % (sizeof common - 1)]
                               : (char)((int64_t)(bits >> 8) % bound);
    }
}

typedef struct split_result {
    bool ascii;
    qn_words words;
    char chars[2 * MOST + QN_WORDS_PAD];
    int32_t ends[2 * MOST + 2 + QN_WORDS_PAD];
} split_result;

/* Twice, one behind the other, from a block of just that length (so that sanitizers see what is
 * read). */
static void split_twice(split_result *out, qn_words_splitter split, const char *text,
                        int64_t length, bool lower) {
    char *copy = NULL;
    QN_TEST_OK(qn_mem_copy(&copy, text, (size_t)length, 1));
    out->words = (qn_words){.chars = out->chars, .ends = out->ends};
    out->ascii = split(&out->words, (qn_view){copy, length}, lower);
    out->ascii &= split(&out->words, (qn_view){copy, length}, lower);
    qn_mem_free(copy);
}

static void check_same(const split_result *a, const split_result *b) {
    CU_ASSERT_EQUAL(a->ascii, b->ascii);
    CU_ASSERT_EQUAL(a->words.length, b->words.length);
    CU_ASSERT_EQUAL(a->words.count, b->words.count);
    CU_ASSERT(memcmp(a->chars, b->chars, (size_t)b->words.length) == 0);
    CU_ASSERT(memcmp(a->ends, b->ends, (size_t)b->words.count * sizeof *b->ends) == 0);
}

static void test_words(void) {
    static split_result expected, found;
    char text[MOST];
    for (uint64_t round = 0; round < 4000; round++) {
        int64_t length = qn_random_below(qn_random_new(7, "words"), round, 1, MOST + 1);
        bool lower = round % 3 != 0;
        fill(text, length, round);
        split_twice(&expected, split_slowly, text, length, lower);
        split_twice(&found, qn_words_split_portable, text, length, lower);
        check_same(&found, &expected);
        split_twice(&found, qn_words_best(), text, length, lower);
        check_same(&found, &expected);
    }
}

static void test_only_blanks(void) {
    static split_result expected, found;
    char text[MOST];
    memset(text, ' ', sizeof text);
    for (int64_t length = 0; length <= MOST; length += 7) {
        split_twice(&expected, split_slowly, text, length, true);
        split_twice(&found, qn_words_split_portable, text, length, true);
        check_same(&found, &expected);
        split_twice(&found, qn_words_best(), text, length, true);
        check_same(&found, &expected);
    }
}

static const qn_test_case cases[] = {
    {"lower case as Python has it, with letters that grow", test_lower},
    {"a sigma at the end of a word is the final one", test_final_sigma},
    {"bytes that are not UTF-8 stay", test_not_utf8},
    {"words of random texts are those found byte by byte", test_words},
    {"nothing but blanks gives empty words", test_only_blanks},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("words", cases);
}

#include "features/stage/text/text_measures.h"

#include "core/text/eight.h"

#include <utf8proc.h>

enum { BLANK = 1, LETTER = 2, CAPITAL = 4, DIGIT = 8, PUNCTUATION = 16, END = 32, FULL_END = 64 };

static unsigned char class_of_category(utf8proc_category_t category) {
    switch (category) {
    case UTF8PROC_CATEGORY_LU:
        return LETTER | CAPITAL;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return LETTER;
    case UTF8PROC_CATEGORY_ND:
        return DIGIT;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return BLANK;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return PUNCTUATION;
    default:
        return 0;
    }
}

static unsigned char class_of(int32_t point) {
    unsigned char class = class_of_category(utf8proc_category(point));
    switch (point) {
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
    case 0x85: /* next line */
        return BLANK;
    case '.':
    case '!':
    case '?':
    case 0x2026: /* ellipsis */
        return class | END;
    case 0x3002: /* the full stop and marks of Chinese and Japanese: no blank follows */
    case 0xff01:
    case 0xff1f:
        return class | END | FULL_END;
    default:
        return class;
    }
}

void qn_text_classes_init(qn_text_classes *out, bool sentences) {
    out->sentences = sentences;
    for (int32_t c = 0; c < 128; c++)
        out->of[c] = class_of(c);
}

/* Where in a sentence we are: it has a letter or a digit; its end may have come. */
typedef struct sentence {
    bool begun, ending;
} sentence;

static inline void count_sentence(sentence *state, unsigned char class, qn_text_measures *out) {
    if (class & (LETTER | DIGIT)) {
        *state = (sentence){.begun = true};
    } else if (class & END) {
        state->ending = true;
        if (class & FULL_END && state->begun) {
            out->sentences++;
            *state = (sentence){0};
        }
    } else if (class & BLANK && state->begun && state->ending) {
        out->sentences++;
        *state = (sentence){0};
    } else if (!(class & PUNCTUATION)) {
        state->ending = false;
    }
}

/* The class of the character at `at`, and its bytes. */
static inline unsigned char next_class(const qn_text_classes *classes, qn_view text, int64_t at,
                                       int64_t *used) {
    unsigned char byte = (unsigned char)text.data[at];
    *used = 1;
    if (byte < 0x80)
        return classes->of[byte];
    utf8proc_int32_t point;
    utf8proc_ssize_t bytes =
        utf8proc_iterate((const utf8proc_uint8_t *)text.data + at, text.length - at, &point);
    if (bytes <= 0)
        return 0;
    *used = bytes;
    return class_of(point);
}

static void measure_characters(const qn_text_classes *classes, qn_view text,
                               qn_text_measures *out) {
    qn_text_measures found = {.bytes = text.length};
    sentence state = {0};
    bool blank = true;
    for (int64_t at = 0, used; at < text.length; at += used) {
        unsigned char class = next_class(classes, text, at, &used);
        bool was_blank = blank;
        blank = (class & BLANK) != 0;
        found.characters++;
        found.words += was_blank && !blank;
        found.in_words += !blank;
        found.letters += (class & LETTER) != 0;
        found.capitals += (class & CAPITAL) != 0;
        found.digits += (class & DIGIT) != 0;
        found.punctuation += (class & PUNCTUATION) != 0;
        count_sentence(&state, class, &found);
    }
    found.sentences += state.begun;
    *out = found;
}

/* ---- ASCII, eight bytes at a time -------------------------------------------------------------
 */

/* Signs that Unicode calls symbols: all other marks of ASCII are punctuation. */
static inline uint64_t symbols(uint64_t word) {
    return qn_eight_between(word, '$', '$') | qn_eight_between(word, '+', '+') |
           qn_eight_between(word, '<', '>') | qn_eight_between(word, '^', '^') |
           qn_eight_between(word, '`', '`') | qn_eight_between(word, '|', '|') |
           qn_eight_between(word, '~', '~');
}

/* `before`: 0x80 if the byte in front was a blank, or the first. */
static inline __attribute__((always_inline)) void add_eight(uint64_t word, uint64_t *before,
                                                            qn_text_measures *out) {
    uint64_t blanks = qn_eight_blanks(word), capitals = qn_eight_between(word, 'A', 'Z');
    uint64_t letters = capitals | qn_eight_between(word, 'a', 'z');
    uint64_t digits = qn_eight_between(word, '0', '9');
    uint64_t marks = qn_eight_between(word, '!', '~') & ~(letters | digits | symbols(word));
    out->words += qn_eight_count(~blanks & (blanks << 8 | *before) & QN_EIGHT_TOPS);
    out->in_words += 8 - qn_eight_count(blanks);
    out->letters += qn_eight_count(letters);
    out->capitals += qn_eight_count(capitals);
    out->digits += qn_eight_count(digits);
    out->punctuation += qn_eight_count(marks);
    *before = blanks >> 56;
}

/* False if a byte is not ASCII. */
__attribute__((target_clones("popcnt", "default"))) static bool
measure_ascii(qn_view text, qn_text_measures *out) {
    qn_text_measures found = {.bytes = text.length, .characters = text.length};
    uint64_t before = 0x80, beyond = 0;
    int64_t at = 0;
    for (; at + 8 <= text.length; at += 8) {
        uint64_t word = qn_eight_load(text.data + at);
        beyond |= word & QN_EIGHT_TOPS;
        add_eight(word, &before, &found);
    }
    if (at < text.length) {
        uint64_t word = QN_EIGHT_ONES * ' '; /* blanks behind the text change nothing */
        memcpy(&word, text.data + at, (size_t)(text.length - at));
        beyond |= word & QN_EIGHT_TOPS;
        add_eight(word, &before, &found);
    }
    *out = found;
    return beyond == 0;
}

void qn_text_measure(const qn_text_classes *classes, qn_view text, qn_text_measures *out) {
    if (classes->sentences || !measure_ascii(text, out))
        measure_characters(classes, text, out);
}

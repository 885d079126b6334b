/* tokenizer. Ranks: 1 2 3 */
#include "core/column/list_builder.h"
#include "core/random.h"
#include "core/text/lower.h"
#include "tests/features/stage/text/token_data.h"

/* Spark's documentation, "Tokenizer" (ml-features.html), its three sentences. */
static void test_spark_example(void) {
    static const char *const sentences[] = {"Hi I heard about Spark",
                                            "I wish Java could use case classes",
                                            "Logistic,regression,models,are,neat"};
    qn_table frame;
    qn_table_init(&frame);
    frame_texts(&frame, "sentence", sentences, 3);
    CHECK_TOKENS("tokenizer input_col=sentence output_col=words", &frame, "words",
                 "hi|i|heard|about|spark", "i|wish|java|could|use|case|classes",
                 "logistic,regression,models,are,neat");
    qn_table_clear(&frame);
}

/* What java.lang.String.split says: "trailing empty strings are not included", "if the expression
 * does not match any part of the input then the array has just one element, this string". Spark's
 * TokenizerSuite: "a  b" and the like go the same way. */
static void test_empty_words(void) {
    static const char *const texts[] = {"a  b",   "",   " ",  " a",         "a ",
                                        "a \t\n", NULL, "  ", "x\vy\fz\rw", "\xc2\xa0 \xc2\x85"};
    qn_table frame;
    qn_table_init(&frame);
    frame_texts(&frame, "text", texts, 10);
    CHECK_TOKENS("tokenizer input_col=text output_col=words", &frame, "words", "a||b", "", "[]",
                 "|a", "a", "a", NULL, "[]", "x|y|z|w", "\xc2\xa0|\xc2\x85");
    qn_table_clear(&frame);
}

static void test_unicode(void) {
    static const char *const texts[] = {"\xc3\x89T\xc3\x89 \xce\x9f\xce\x94\xce\x9f\xce\xa3 A",
                                        "\xc8\xba\xc8\xba\xc8\xba\xc8\xba \xc4\xb0 ", "PLAIN"};
    qn_table frame;
    qn_table_init(&frame);
    frame_texts(&frame, "text", texts, 3);
    CHECK_TOKENS("tokenizer input_col=text output_col=words", &frame, "words",
                 "\xc3\xa9t\xc3\xa9|\xce\xbf\xce\xb4\xce\xbf\xcf\x82|a",
                 "\xe2\xb1\xa5\xe2\xb1\xa5\xe2\xb1\xa5\xe2\xb1\xa5|i\xcc\x87", "plain");
    qn_table_clear(&frame);
}

/* ---- Random texts ---------------------------------------------------------------------------- */

/* Lowered, then cut character by character. */
static void add_slowly(qn_list_builder *builder, qn_view text) {
    qn_text lowered;
    qn_text_init(&lowered);
    QN_TEST_OK(qn_text_lower(&lowered, text));
    int64_t kept = lowered.length, begin = 0;
    bool any = lowered.length > 0 && strpbrk(lowered.data, " \t\n\v\f\r") != NULL;
    while (any && kept > 0 && strchr(" \t\n\v\f\r", lowered.data[kept - 1]) != NULL)
        kept--;
    for (int64_t i = 0; i <= kept && !(any && kept == 0); i++) {
        if (i < kept && strchr(" \t\n\v\f\r", lowered.data[i]) == NULL)
            continue;
        qn_view word = {lowered.data + begin, i - begin};
        QN_TEST_OK(qn_list_builder_add(builder, word));
        begin = i + 1;
    }
    QN_TEST_OK(qn_list_builder_end(builder));
    qn_text_clear(&lowered);
}

static void random_text(char *out, uint64_t row) {
    static const char *const pieces[] = {" ",
                                         " ",
                                         "\t",
                                         "\r\n",
                                         "Ab",
                                         "z",
                                         "Q\xc3\x84",
                                         "\xce\xa3",
                                         "\xf0\x9f\x8c\xbe",
                                         "LONGERWORDWITHOUTEND",
                                         "\xe2\x80\x83",
                                         "\xc8\xbe",
                                         "7,",
                                         "\x7f"};
    qn_random random = qn_random_new(11, "texts");
    int64_t count = qn_random_below(random, row, 0, 60);
    bool ascii = qn_random_below(random, row, 1, 2) == 0;
    size_t used = 0;
    out[0] = '\0';
    for (int64_t k = 0; k < count; k++) {
        const char *piece = pieces[qn_random_below(random, row, 2 + (uint32_t)k, 14)];
        if (!ascii || (unsigned char)piece[0] < 0x80)
            used += (size_t)snprintf(out + used, 2000 - used, "%s", piece);
    }
}

static void test_random_texts(void) {
    enum { ROWS = 700 };
    static char texts[ROWS][2000];
    const char *values[ROWS];
    qn_list_builder builder;
    qn_column *expected = NULL;
    qn_table frame, out;
    qn_list_builder_init(&builder);
    qn_table_init(&frame);
    for (int64_t i = 0; i < ROWS; i++) {
        random_text(texts[i], (uint64_t)i);
        values[i] = texts[i];
        add_slowly(&builder, qn_view_of(texts[i]));
    }
    QN_TEST_OK(qn_list_builder_finish(&builder, &expected));
    frame_texts(&frame, "text", values, ROWS);
    qn_stage *stage = stage_of("tokenizer input_col=text output_col=words");
    QN_TEST_OK(fit_transform(stage, &frame, 200, &out));
    for (int64_t b = 0; b < out.batch_count; b++) {
        for (int64_t i = 0; i < out.batches[b].length; i++) {
            char found[4000], wanted[4000];
            tokens_print(out.batches[b].columns[1], i, found, sizeof found);
            tokens_print(expected, qn_batch_row(&out.batches[b], i), wanted, sizeof wanted);
            CU_ASSERT_STRING_EQUAL(found, wanted);
        }
    }
    qn_column_release(expected);
    qn_table_clear(&frame);
    qn_table_clear(&out);
    qn_stage_free(stage);
}

/* A dictionary-encoded text column. */
static void test_dictionary(void) {
    static const char *const entries[] = {"Wind mill", "Water  MILL"};
    qn_table frame, dictionary;
    qn_column *column = NULL;
    qn_table_init(&frame);
    qn_table_init(&dictionary);
    frame_texts(&dictionary, "entries", entries, 2);
    QN_TEST_OK(qn_column_new(&column, QN_INT32, 4, 0));
    column->type = QN_STRING;
    column->codes[0] = column->codes[2] = 1;
    column->dictionary = qn_column_retain(dictionary.batches[0].columns[0]);
    frame_add(&frame, "text", column, NULL);
    CHECK_TOKENS("tokenizer input_col=text output_col=words", &frame, "words", "water||mill",
                 "wind|mill", "water||mill", "wind|mill");
    qn_table_clear(&frame);
    qn_table_clear(&dictionary);
}

static const qn_test_case cases[] = {
    {"Spark's example", test_spark_example},
    {"empty words inside are kept, at the end dropped", test_empty_words},
    {"letters beyond ASCII become small", test_unicode},
    {"random texts are split as a slow reference splits them", test_random_texts},
    {"a dictionary-encoded column", test_dictionary},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("stage_tokenizer", cases);
}

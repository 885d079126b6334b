/* text_statistics. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

#define ALL                                                                                        \
    "features=length,bytes,words,sentences,mean_word_length,uppercase_share,digits,punctuation"

static const char *const texts[] = {
    "The mill grinds. It ran 24 hours, then stopped!",
    "\xc3\x84rger\xe2\x80\xa6 \xc3\xbc"
    "ber Stra\xc3\x9f"
    "e?",
    "",
    NULL,
    "  3.14 is pi \xc2\xa0 (or so). ",
    "\xe9\xba\xa6\xe3\x80\x82\xe7\xb2\x89\xe3\x80\x82",
};
enum { ROWS = sizeof texts / sizeof *texts };

static void run(const char *text, qn_table *out) {
    qn_table frame;
    qn_table_init(&frame);
    frame_texts(&frame, "t", texts, ROWS);
    qn_stage *stage = stage_of(text);
    QN_TEST_OK(fit_transform(stage, &frame, 2, out));
    qn_stage_free(stage);
    qn_table_clear(&frame);
}

/* Expected: Python 3.11: len(t), len(t.encode()), len(t.split()), and sums over unicodedata's
 * categories; sentences by hand. */
static void test_measures(void) {
    qn_table out;
    run("text_statistics input_col=t " ALL, &out);
    CHECK_COLUMN(out, "t_length", 47, 19, 0, NAN, 24, 4);
    CHECK_COLUMN(out, "t_bytes", 47, 24, 0, NAN, 25, 12);
    CHECK_COLUMN(out, "t_words", 9, 3, 0, NAN, 5, 1);
    CHECK_COLUMN(out, "t_sentences", 2, 2, 0, NAN, 1, 2);
    CHECK_COLUMN(out, "t_mean_word_length", 39. / 9, 17. / 3, 0, NAN, 15. / 5, 4);
    CHECK_COLUMN(out, "t_uppercase_share", 2. / 34, 2. / 15, 0, NAN, 0, 0);
    CHECK_COLUMN(out, "t_digits", 2, 0, 0, NAN, 3, 0);
    CHECK_COLUMN(out, "t_punctuation", 3, 2, 0, NAN, 4, 2);
    qn_table_clear(&out);
}

static void test_contains(void) {
    qn_table out;
    run("text_statistics input_col=t features= contains=mill,MILL,\xc3\x9c"
        "ber matches=[0-9]{2},e\\W",
        &out);
    CHECK_COLUMN(out, "t_contains_mill", 1, 0, 0, NAN, 0, 0);
    CHECK_COLUMN(out, "t_contains_MILL", 0, 0, 0, NAN, 0, 0);
    CHECK_COLUMN(out,
                 "t_contains_\xc3\x9c"
                 "ber",
                 0, 0, 0, NAN, 0, 0);
    CHECK_COLUMN(out, "t_matches_1", 1, 0, 0, NAN, 1, 0);
    CHECK_COLUMN(out, "t_matches_2", 1, 1, 0, NAN, 0, 0);
    CU_ASSERT_EQUAL(out.schema.count, 6);
    qn_table_clear(&out);
    run("text_statistics input_col=t features= contains=MILL,\xc3\x9c"
        "ber matches=STRA ignore_case=true",
        &out);
    CHECK_COLUMN(out, "t_contains_MILL", 1, 0, 0, NAN, 0, 0);
    CHECK_COLUMN(out,
                 "t_contains_\xc3\x9c"
                 "ber",
                 0, 1, 0, NAN, 0, 0);
    CHECK_COLUMN(out, "t_matches_1", 0, 1, 0, NAN, 0, 0);
    qn_table_clear(&out);
}

static void test_types(void) {
    qn_table out;
    run("text_statistics input_col=t " ALL " contains=a", &out);
    CU_ASSERT_EQUAL(out.schema.fields[qn_schema_find(&out.schema, "t_length")].type, QN_INT32);
    CU_ASSERT_EQUAL(out.schema.fields[qn_schema_find(&out.schema, "t_uppercase_share")].type,
                    QN_FLOAT64);
    CU_ASSERT_EQUAL(out.schema.fields[qn_schema_find(&out.schema, "t_contains_a")].type, QN_INT32);
    qn_table_clear(&out);
}

static void check_refused(const qn_schema *schema, const char *text, const char *message) {
    qn_schema out;
    qn_schema_init(&out);
    qn_stage *stage = stage_of(text);
    QN_TEST_FAILS(qn_stage_bind(stage, schema, &out), QN_JOB, message);
    qn_schema_clear(&out);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_schema schema;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "t", QN_STRING));
    QN_TEST_OK(qn_schema_add(&schema, "n", QN_INT32));
    check_refused(&schema, "text_statistics", "input_col is not set");
    check_refused(&schema, "text_statistics input_col=x", "'x'");
    check_refused(&schema, "text_statistics input_col=n",
                  "column 'n' is int32, but must be string");
    check_refused(&schema, "text_statistics input_col=t features=lenght",
                  "unknown feature 'lenght'; there is length, bytes");
    check_refused(&schema, "text_statistics input_col=t features=words,words",
                  "output column 't_words' exists already");
    check_refused(&schema, "text_statistics input_col=t contains=a,,b",
                  "option 'contains' has an empty text");
    check_refused(&schema, "text_statistics input_col=t matches=a,[b",
                  "bad regular expression '[b' at offset 2: missing terminating ]");
    qn_schema_clear(&schema);
}

static const qn_test_case cases[] = {
    {"lengths, words, sentences and kinds of characters", test_measures},
    {"texts and patterns are found or not", test_contains},
    {"counts are integers, shares are reals", test_types},
    {"unknown features, empty texts and bad patterns are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("stage_text_statistics", cases);
}

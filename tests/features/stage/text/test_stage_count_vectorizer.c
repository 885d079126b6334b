/* count_vectorizer. Ranks: 1 2 3 */
#include "tests/features/stage/text/documents.h"

static void fit_texts(qn_stage *stage, const char *const *texts, int64_t count, bool coded,
                      qn_table *out) {
    qn_table frame;
    qn_table_init(&frame);
    frame_documents(&frame, "words", texts, count, coded);
    QN_TEST_OK(fit_transform(stage, &frame, 1, out));
    qn_table_clear(&frame);
}

static void fails_on(const char *stage_text, const char *const *texts, int64_t count,
                     qn_status code, const char *message) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_documents(&frame, "words", texts, count, false);
    qn_stage *stage = stage_of(stage_text);
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), code, message);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark 3 documentation, ML guide and PySpark, "CountVectorizer". a and b tie. */
static void test_documented(void) {
    const char *texts[] = {"a b c", "a b b c a"};
    qn_stage *stage =
        stage_of("count_vectorizer input_col=words output_col=v vocab_size=3 min_df=2");
    for (int coded = 0; coded < 2; coded++) {
        qn_table out;
        fit_texts(stage, texts, 2, coded, &out);
        CHECK_NAMES(out, "v", "words=a,words=b,words=c");
        CHECK_VECTOR(out, "v", 0, 1, 1, 1);
        CHECK_VECTOR(out, "v", 1, 2, 2, 1);
        qn_table_clear(&out);
    }
    qn_stage_free(stage);
}

/* Spark's CountVectorizerSuite, "common cases": a 7, b 6, c 3, d 2, e 1. */
static void test_common(void) {
    const char *texts[] = {"a b c d e", "a a a a a a", "c c", "d", "b b b b b", "", NULL};
    qn_table out;
    qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v");
    fit_texts(stage, texts, 7, false, &out);
    CHECK_NAMES(out, "v", "words=a,words=b,words=c,words=d,words=e");
    CHECK_VECTOR(out, "v", 0, 1, 1, 1, 1, 1);
    CHECK_VECTOR(out, "v", 1, 6, 0, 0, 0, 0);
    CHECK_VECTOR(out, "v", 2, 0, 0, 2, 0, 0);
    CHECK_VECTOR(out, "v", 4, 0, 5, 0, 0, 0);
    CHECK_VECTOR(out, "v", 5, 0, 0, 0, 0, 0);
    CU_ASSERT(isnan(value_at(&out, "v", 6, 0)));
    qn_table_clear(&out);
    qn_stage_free(stage);
}

/* Spark's CountVectorizerSuite, "vocabSize and minDF" and "maxDF" (counts and shares). */
static void test_bounds(void) {
    const char *texts[] = {"a b c d", "a b c", "a b", "a"};
    static const struct {
        const char *option, *value, *names;
    } expected[] = {{"vocab_size", "3", "words=a,words=b,words=c"},
                    {"min_df", "3", "words=a,words=b"},
                    {"min_df", "0.75", "words=a,words=b"},
                    {"max_df", "3", "words=b,words=c,words=d"},
                    {"max_df", "0.75", "words=b,words=c,words=d"}};
    for (int i = 0; i < 5; i++) {
        qn_table out;
        qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v");
        QN_TEST_OK(qn_stage_set(stage, expected[i].option, expected[i].value));
        fit_texts(stage, texts, 4, false, &out);
        CHECK_NAMES(out, "v", expected[i].names);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
}

/* Spark's CountVectorizerSuite, "minTF count" and "minTF freq", with the vocabulary a b c d: ours
 * comes from a fit, in the order c a b d. */
static void test_min_tf(void) {
    const char *fitted[] = {"a a a b b c c c c d"};
    const char *texts[] = {"a a a b b c c c d", "c c c c c c", "a", "e e e e e", "a ~ ~ ~ b"};
    qn_table frame, out;
    qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v");
    fit_texts(stage, fitted, 1, false, &out);
    CHECK_NAMES(out, "v", "words=c,words=a,words=b,words=d");
    qn_table_clear(&out);
    qn_table_init(&frame);
    frame_documents(&frame, "words", texts, 5, false);
    QN_TEST_OK(qn_stage_set(stage, "min_tf", "3"));
    QN_TEST_OK(transform_frame(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "v", 0, 3, 3, 0, 0);
    CHECK_VECTOR(out, "v", 1, 6, 0, 0, 0);
    CHECK_VECTOR(out, "v", 2, 0, 0, 0, 0);
    CHECK_VECTOR(out, "v", 3, 0, 0, 0, 0);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "min_tf", "0.3"));
    QN_TEST_OK(transform_frame(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "v", 0, 3, 3, 0, 0);
    CHECK_VECTOR(out, "v", 2, 0, 1, 0, 0);
    CHECK_VECTOR(out, "v", 3, 0, 0, 0, 0);
    CHECK_VECTOR(out, "v", 4, 0, 1, 1, 0); /* nulls are not part of the share */
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark's CountVectorizerSuite, "with binary". */
static void test_binary(void) {
    const char *texts[] = {"a a a a b b b b c d", "c c c", "a"};
    qn_table out;
    qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v binary=true");
    fit_texts(stage, texts, 3, false, &out);
    CHECK_NAMES(out, "v", "words=a,words=b,words=c,words=d");
    CHECK_VECTOR(out, "v", 0, 1, 1, 1, 1);
    CHECK_VECTOR(out, "v", 1, 0, 0, 1, 0);
    CHECK_VECTOR(out, "v", 2, 1, 0, 0, 0);
    qn_table_clear(&out);
    qn_stage_free(stage);
}

/* Nulls are no terms; the empty text is one; terms of 15 and more bytes, alike at their start. */
static void test_terms(void) {
    const char *texts[] = {"~ x fifteen-letters fifteen-letterss", "~ fifteen-letters  x ~",
                           "fifteen-letterz x fifteen-letterss-and-more"};
    for (int coded = 0; coded < 2; coded++) {
        qn_table out;
        qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v");
        fit_texts(stage, texts, 3, coded, &out);
        CHECK_NAMES(out, "v",
                    "words=x,words=fifteen-letters,words=,words=fifteen-letterss,"
                    "words=fifteen-letterss-and-more,words=fifteen-letterz");
        CHECK_VECTOR(out, "v", 0, 1, 1, 0, 1, 0, 0);
        CHECK_VECTOR(out, "v", 1, 1, 1, 1, 0, 0, 0);
        CHECK_VECTOR(out, "v", 2, 1, 0, 0, 0, 1, 1);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
}

/* 5,000 terms of which the vocabulary keeps 3,000: ties by term, over ranks and their borders. */
static void test_many(void) {
    enum { DOCUMENTS = 1000, TERMS = 5000, KEPT = 3000 };
    char texts[DOCUMENTS][64];
    const char *pointers[DOCUMENTS];
    for (int i = 0; i < DOCUMENTS; i++) {
        snprintf(texts[i], sizeof texts[i], "%04d %04d %04d %04d %04d %04d", 5 * i, 5 * i + 1,
                 5 * i + 2, 5 * i + 3, 5 * i + 4, (i * 7) % TERMS);
        pointers[i] = texts[i];
    }
    qn_table out;
    qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v vocab_size=3000");
    fit_texts(stage, pointers, DOCUMENTS, false, &out);
    const qn_attributes *names = out.schema.fields[1].attributes;
    CU_ASSERT(names->count == KEPT);
    /* counts: each term once, and once more for each i with (7 i) mod 5000 = term, i < 1000 */
    int times[TERMS] = {0}, k = 0;
    for (int i = 0; i < DOCUMENTS; i++)
        times[i * 7 % TERMS]++;
    for (int more = 1; more >= 0; more--)
        for (int term = 0; term < TERMS && k < KEPT; term++) {
            char name[32];
            snprintf(name, sizeof name, "words=%04d", term);
            if (times[term] == more)
                CU_ASSERT_STRING_EQUAL(names->names[k++], name);
        }
    CU_ASSERT(k == KEPT);
    qn_table_clear(&out);
    qn_stage_free(stage);
}

static void test_described(void) {
    const char *texts[] = {"b a b", NULL, "c"};
    qn_table out;
    json_t *object = NULL;
    qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v");
    fit_texts(stage, texts, 3, false, &out);
    QN_TEST_OK(qn_stage_describe(stage, &object));
    CU_ASSERT(json_integer_value(json_object_get(object, "num_docs")) == 2);
    const json_t *terms = json_object_get(object, "vocabulary");
    CU_ASSERT(json_array_size(terms) == 3);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(terms, 0)), "b");
    json_decref(object);
    qn_table_clear(&out);
    qn_stage_free(stage);
}

static void test_refused(void) {
    static const char *const texts[] = {"a a b b c c", "aa bb cc"};
    static const char *const nothing[] = {NULL, "", "~ ~"};
    /* Spark's CountVectorizerSuite, "throws exception when vocab is empty" */
    fails_on("count_vectorizer input_col=words output_col=v vocab_size=3 min_df=3", texts, 2,
             QN_DATA,
             "count_vectorizer: the vocabulary is empty: no term of the 2 documents in column "
             "'words' passes");
    fails_on("count_vectorizer input_col=words output_col=v", nothing, 3, QN_DATA,
             "the vocabulary is empty: no term of the 2 documents");
    fails_on("count_vectorizer input_col=words output_col=v", NULL, 0, QN_DATA,
             "the vocabulary is empty: no term of the 0 documents");
    fails_on("count_vectorizer input_col=words output_col=v min_df=3 max_df=2", texts, 2, QN_JOB,
             "max_df is 2, less than min_df, 3");
    fails_on("count_vectorizer input_col=words output_col=v min_df=0.9 max_df=1", texts, 2, QN_JOB,
             "of 2 documents, max_df allows at most 1, but min_df wants at least 1.8");
    fails_on("count_vectorizer input_col=wrods output_col=v", texts, 2, QN_JOB, "'wrods'");
    fails_on("count_vectorizer input_col=words", texts, 2, QN_JOB, "output_col is not set");
    fails_on("count_vectorizer input_col=words output_col=words", texts, 2, QN_JOB,
             "'words' exists already");
    qn_stage *stage = stage_of("count_vectorizer");
    QN_TEST_FAILS(qn_stage_set(stage, "vocab_size", "0"), QN_JOB, "vocab_size");
    QN_TEST_FAILS(qn_stage_set(stage, "min_df", "-1"), QN_JOB, "min_df");
    QN_TEST_FAILS(qn_stage_set(stage, "min_tf", "nan"), QN_JOB, "min_tf");
    qn_stage_free(stage);
}

static void test_zero_byte(void) {
    qn_table frame, out;
    qn_string_builder tokens;
    qn_column *lists = NULL;
    qn_table_init(&frame);
    qn_string_builder_init(&tokens);
    QN_TEST_OK(qn_string_builder_add(&tokens, qn_view_of("fine")));
    QN_TEST_OK(qn_string_builder_add(&tokens, (qn_view){"no\0t", 4}));
    QN_TEST_OK(qn_column_new(&lists, QN_STRING_LIST, 1, 0));
    QN_TEST_OK(qn_string_builder_finish(&tokens, &lists->items));
    lists->offsets[1] = 2;
    frame_add(&frame, "words", lists, NULL);
    qn_stage *stage = stage_of("count_vectorizer input_col=words output_col=v");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "a term contains a zero byte");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example counts as documented", test_documented},
    {"vocabulary by descending count, nulls stay null", test_common},
    {"vocab_size, min_df and max_df, as counts and as shares", test_bounds},
    {"min_tf as a count and as a share of the document", test_min_tf},
    {"binary gives ones", test_binary},
    {"null, empty and long terms", test_terms},
    {"thousands of terms, with ties over ranks", test_many},
    {"the fitted state says how many documents and which terms", test_described},
    {"an empty vocabulary, wrong columns and options are refused", test_refused},
    {"terms with zero bytes are refused", test_zero_byte},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("count_vectorizer", cases);
}

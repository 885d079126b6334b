/* regex_tokenizer, stop_words_remover, stemmer and n_gram. Ranks: 1 2 3 */
#include "core/random.h"
#include "features/pipeline.h"
#include "mpi/file/file.h"
#include "tests/features/stage/text/token_data.h"

/* ---- regex_tokenizer ------------------------------------------------------------------------- */

static void one_text_column(qn_table *frame, const char *const *texts, int64_t count) {
    qn_table_init(frame);
    frame_texts(frame, "text", texts, count);
}

/* Spark's documentation, "Tokenizer" (ml-features.html): RegexTokenizer with pattern \\W. */
static void test_regex_spark_example(void) {
    static const char *const sentences[] = {"Hi I heard about Spark",
                                            "I wish Java could use case classes",
                                            "Logistic,regression,models,are,neat"};
    qn_table frame;
    one_text_column(&frame, sentences, 3);
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=words pattern=\\W", &frame, "words",
                 "hi|i|heard|about|spark", "i|wish|java|could|use|case|classes",
                 "logistic|regression|models|are|neat");
    qn_table_clear(&frame);
}

/* Spark 3, mllib/src/test, RegexTokenizerSuite: "RegexTokenizer" and "RegexTokenizer with
 * toLowercase false" ([[:punct:]] is Java's \\p{Punct}). */
static void test_regex_spark_suite(void) {
    static const char *const texts[] = {"Test for tokenization.", "Te,st. punct"};
    static const char *const cases[] = {"JAVA SCALA", "java scala"};
    qn_table frame;
    one_text_column(&frame, texts, 2);
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a gaps=false pattern=\\w+|[[:punct:]]",
                 &frame, "a", "test|for|tokenization|.", "te|,|st|.|punct");
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a gaps=false pattern=\\w+|[[:punct:]] "
                 "min_token_length=3",
                 &frame, "a", "test|for|tokenization", "punct");
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a", &frame, "a",
                 "test|for|tokenization.", "te,st.|punct");
    qn_table_clear(&frame);
    one_text_column(&frame, cases, 2);
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a to_lowercase=false", &frame, "a",
                 "JAVA|SCALA", "java|scala");
    qn_table_clear(&frame);
}

/* Expected: java.util.regex.Pattern.split and find of OpenJDK 17, run on these texts. */
static void test_regex_split_rules(void) {
    static const char *const texts[] = {",a,,b,,", "", ",,", "abc", NULL, "a b"};
    qn_table frame;
    one_text_column(&frame, texts, 6);
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a pattern=[,] min_token_length=0",
                 &frame, "a", "|a||b", "", "[]", "abc", NULL, "a b");
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a pattern=,* min_token_length=0",
                 &frame, "a", "||a||b", "", "[]", "a|b|c", NULL, "a| |b");
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a pattern=x*(?=b) min_token_length=0",
                 &frame, "a", ",a,,|b,,", "", ",,", "a|bc", NULL, "a |b");
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a pattern=[a-z]* gaps=false", &frame,
                 "a", "a|b", "[]", "[]", "abc", NULL, "a|b");
    qn_table_clear(&frame);
}

static void test_regex_unicode(void) {
    static const char *const texts[] = {"Stra\xc3\x9f"
                                        "e, \xc3\x84rger-\xce\x9c\xce\xa5\xce\x9b\xce\x9f\xce\xa3"};
    qn_table frame;
    one_text_column(&frame, texts, 1);
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a pattern=(*UCP)\\W+", &frame, "a",
                 "stra\xc3\x9f"
                 "e|\xc3\xa4rger|\xce\xbc\xcf\x85\xce\xbb\xce\xbf\xcf\x82");
    /* the second word has six bytes, but five characters */
    CHECK_TOKENS("regex_tokenizer input_col=text output_col=a pattern=(*UCP)\\W+ "
                 "min_token_length=6",
                 &frame, "a",
                 "stra\xc3\x9f"
                 "e");
    qn_table_clear(&frame);
}

/* Splitting at blanks without PCRE2 and with it. */
static void test_regex_shortcut(void) {
    enum { ROWS = 300 };
    static char texts[ROWS][100];
    const char *values[ROWS];
    qn_random random = qn_random_new(5, "shortcut");
    qn_table frame, fast, slow;
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t length = qn_random_below(random, (uint64_t)i, 0, 99);
        for (int64_t k = 0; k < length; k++)
            texts[i][k] =
                "  \t\n\v\raB\xc3\x84z"[qn_random_below(random, (uint64_t)i, 1 + (uint32_t)k, 11)];
        values[i] = texts[i];
    }
    one_text_column(&frame, values, ROWS);
    qn_stage *blanks = stage_of("regex_tokenizer input_col=text output_col=a");
    qn_stage *regex = stage_of("regex_tokenizer input_col=text output_col=a pattern=(\\s)+");
    QN_TEST_OK(fit_transform(blanks, &frame, 100, &fast));
    QN_TEST_OK(fit_transform(regex, &frame, 100, &slow));
    for (int64_t b = 0; b < fast.batch_count; b++) {
        for (int64_t i = 0; i < fast.batches[b].length; i++) {
            char a[400], c[400];
            tokens_print(fast.batches[b].columns[1], i, a, sizeof a);
            tokens_print(slow.batches[b].columns[1], i, c, sizeof c);
            CU_ASSERT_STRING_EQUAL(a, c);
        }
    }
    qn_stage_free(blanks);
    qn_stage_free(regex);
    qn_table_clear(&frame);
    qn_table_clear(&fast);
    qn_table_clear(&slow);
}

/* ---- stop_words_remover ---------------------------------------------------------------------- */

static void one_list_column(qn_table *frame, const char *const *lists, int64_t count) {
    qn_table_init(frame);
    frame_lists(frame, "raw", lists, count);
}

/* Spark's documentation, "StopWordsRemover" (ml-features.html). */
static void test_stop_spark_example(void) {
    static const char *const lists[] = {"I|saw|the|red|balloon", "Mary|had|a|little|lamb"};
    qn_table frame;
    one_list_column(&frame, lists, 2);
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=filtered", &frame, "filtered",
                 "saw|red|balloon", "Mary|little|lamb");
    qn_table_clear(&frame);
}

/* Spark 3, StopWordsRemoverSuite: "default", "with particular stop words list", "case sensitive"
 * and the documentation of the null item. */
static void test_stop_spark_suite(void) {
    static const char *const lists[] = {"test|test", "a|b|c|d", "a|the|an", "A|The|AN",
                                        "~",         "[]",      NULL,       "~|the|x|~"};
    qn_table frame;
    one_list_column(&frame, lists, 8);
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=a", &frame, "a", "test|test", "b|c|d",
                 "[]", "[]", "~", "[]", NULL, "~|x|~");
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=a stop_words=test,a,an,the", &frame,
                 "a", "[]", "b|c|d", "[]", "[]", "~", "[]", NULL, "~|x|~");
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=a stop_words=a,The "
                 "case_sensitive=true",
                 &frame, "a", "test|test", "b|c|d", "the|an", "A|AN", "~", "[]", NULL, "~|the|x|~");
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=a stop_words=", &frame, "a",
                 "test|test", "a|b|c|d", "a|the|an", "A|The|AN", "~", "[]", NULL, "~|the|x|~");
    qn_table_clear(&frame);
}

static void test_stop_unicode(void) {
    static const char *const lists[] = {"\xc3\x9c"
                                        "ber|\xc3\xbc"
                                        "ber|unter|\xe2\x84\xaa|k|K|\xc3\x9c"};
    qn_table frame;
    one_list_column(&frame, lists, 1);
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=a stop_words=\xc3\x9c"
                 "BER,k",
                 &frame, "a", "unter|\xc3\x9c"); /* the Kelvin sign is a k in small letters */
    CHECK_TOKENS("stop_words_remover input_col=raw output_col=a case_sensitive=true "
                 "stop_words=\xc3\xbc"
                 "ber,k",
                 &frame, "a",
                 "\xc3\x9c"
                 "ber|unter|\xe2\x84\xaa|K|\xc3\x9c");
    qn_table_clear(&frame);
}

static void write_file(const char *path, const char *text) {
    QN_TEST_OK(qn_comm_barrier(qn_test_comm())); /* others may read the last one still */
    if (qn_comm_rank(qn_test_comm()) == 0) {
        qn_output *output = NULL;
        QN_TEST_OK(qn_output_open(&output, path));
        QN_TEST_OK(qn_output_write(output, text, (int64_t)strlen(text)));
        QN_TEST_OK(qn_output_commit(output));
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

/* A model knows the words of a file that is no longer there. */
static void test_stop_file(void) {
    static const char *const lists[] = {"Red|green|blue|sky blue"};
    char text[300];
    const char *path = qn_test_path("stop.txt");
    const char *model = qn_test_path("stop.h5");
    qn_table frame, out;
    qn_stage *loaded = NULL;
    one_list_column(&frame, lists, 1);
    write_file(path, "red\r\n\n  Sky Blue \ngreen");
    snprintf(text, sizeof text, "stop_words_remover input_col=raw output_col=a stop_words_file=%s",
             path);
    CHECK_TOKENS(text, &frame, "a", "blue");
    qn_stage *stage = stage_of(text);
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    qn_table_clear(&out);
    QN_TEST_OK(qn_pipeline_save(stage, qn_test_comm(), model));
    write_file(path, "other");
    QN_TEST_OK(qn_pipeline_load(&loaded, qn_test_comm(), model, stage_registries));
    QN_TEST_OK(transform_frame(loaded, &frame, 3, &out));
    for (int64_t b = 0; b < out.batch_count; b++) {
        char found[100];
        tokens_print(out.batches[b].columns[1], 0, found, sizeof found);
        CU_ASSERT_STRING_EQUAL(found, "blue");
    }
    qn_table_clear(&out);
    qn_stage_free(stage);
    qn_stage_free(loaded);
    qn_table_clear(&frame);
}

/* ---- stemmer --------------------------------------------------------------------------------- */

/* Snowball's vocabulary for English (snowballstem.org/algorithms/english/stemmer.html, the sample)
 * and for German (.../german/stemmer.html). */
static void test_stems(void) {
    static const char *const lists[] = {
        "consign|consigned|consigning|consignment|consistency|consistently|consolation", NULL, "[]",
        "~|knightly|knack|knightly|~", "generically|sky|skis|dying|news"};
    static const char *const german[] = {
        "aufeinander|aufeinanderfolge|aufeinanderfolgenden|kategorien|h\xc3\xa4user", "", "~"};
    qn_table frame;
    one_list_column(&frame, lists, 5);
    CHECK_TOKENS("stemmer input_col=raw output_col=a", &frame, "a",
                 "consign|consign|consign|consign|consist|consist|consol", NULL, "[]",
                 "~|knight|knack|knight|~", "generic|sky|ski|die|news");
    CHECK_TOKENS("stemmer input_col=raw output_col=a language=porter", &frame, "a",
                 "consign|consign|consign|consign|consist|consist|consol", NULL, "[]",
                 "~|knightli|knack|knightli|~", "gener|sky|ski|dy|new");
    qn_table_clear(&frame);
    one_list_column(&frame, german, 3);
    CHECK_TOKENS("stemmer input_col=raw output_col=a language=german", &frame, "a",
                 "aufeinand|aufeinanderfolg|aufeinanderfolg|kategori|haus", "", "~");
    qn_table_clear(&frame);
}

/* ---- n_gram ---------------------------------------------------------------------------------- */

/* Spark's documentation, "n-gram" (ml-features.html). */
static void test_grams_spark_example(void) {
    static const char *const lists[] = {"Hi|I|heard|about|Spark",
                                        "I|wish|Java|could|use|case|classes",
                                        "Logistic|regression|models|are|neat"};
    qn_table frame;
    one_list_column(&frame, lists, 3);
    CHECK_TOKENS("n_gram input_col=raw output_col=a", &frame, "a",
                 "Hi I|I heard|heard about|about Spark",
                 "I wish|wish Java|Java could|could use|use case|case classes",
                 "Logistic regression|regression models|models are|are neat");
    qn_table_clear(&frame);
}

/* Spark 3, NGramSuite: "default behavior yields bigram features", "NGramLength=4", "empty input
 * yields empty output", "input array < n yields empty output". */
static void test_grams_spark_suite(void) {
    static const char *const lists[] = {
        "Test|for|ngram|.", "a|b|c|d|e", "[]", "a|b", "||x", NULL, "a|~|c"};
    qn_table frame;
    one_list_column(&frame, lists, 7);
    CHECK_TOKENS("n_gram input_col=raw output_col=a", &frame, "a", "Test for|for ngram|ngram .",
                 "a b|b c|c d|d e", "[]", "a b", " | x", NULL, "a null|null c");
    CHECK_TOKENS("n_gram input_col=raw output_col=a n=4", &frame, "a", "Test for ngram .",
                 "a b c d|b c d e", "[]", "[]", "[]", NULL, "[]");
    CHECK_TOKENS("n_gram input_col=raw output_col=a n=1", &frame, "a", "Test|for|ngram|.",
                 "a|b|c|d|e", "[]", "a|b", "||x", NULL, "a|null|c");
    qn_table_clear(&frame);
}

/* ---- Chains and refusals --------------------------------------------------------------------- */

/* Stems are dictionary-encoded: the others take them. */
static void test_chain(void) {
    static const char *const texts[] = {"The Millers were grinding corns", NULL, ""};
    qn_table frame;
    qn_stage *stages[4], *pipeline = NULL;
    stages[0] = stage_of("regex_tokenizer input_col=text output_col=words");
    stages[1] = stage_of("stemmer input_col=words output_col=stems");
    stages[2] = stage_of("stop_words_remover input_col=stems output_col=kept");
    stages[3] = stage_of("n_gram input_col=kept output_col=grams");
    one_text_column(&frame, texts, 3);
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 4));
    qn_table out;
    QN_TEST_OK(fit_transform(pipeline, &frame, 3, &out));
    for (int64_t b = 0; b < out.batch_count; b++) {
        static const char *const expected[] = {"miller grind|grind corn", "(null)", "[]"};
        for (int64_t i = 0; i < out.batches[b].length; i++) {
            char found[200];
            tokens_print(out.batches[b].columns[4], i, found, sizeof found);
            CU_ASSERT_STRING_EQUAL(found, expected[qn_batch_row(&out.batches[b], i)]);
        }
    }
    qn_table_clear(&out);
    qn_stage_free(pipeline);
    qn_table_clear(&frame);
}

static void check_refused(const qn_schema *schema, const char *text, qn_status code,
                          const char *message) {
    qn_schema out;
    qn_schema_init(&out);
    qn_stage *stage = stage_of(text);
    QN_TEST_FAILS(qn_stage_bind(stage, schema, &out), code, message);
    qn_schema_clear(&out);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_schema schema;
    char text[300];
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "text", QN_STRING));
    QN_TEST_OK(qn_schema_add(&schema, "words", QN_STRING_LIST));
    check_refused(&schema, "regex_tokenizer input_col=text output_col=a pattern=a(b", QN_JOB,
                  "bad regular expression 'a(b' at offset 3: missing closing parenthesis");
    check_refused(&schema, "tokenizer input_col=words output_col=a", QN_JOB,
                  "column 'words' is list<string>, but must be string");
    check_refused(&schema, "n_gram input_col=text output_col=a", QN_JOB,
                  "column 'text' is string, but must be list<string> (see tokenizer");
    check_refused(&schema, "stemmer input_col=words output_col=a language=klingon", QN_JOB,
                  "unknown language 'klingon'; there is ");
    check_refused(&schema,
                  "stop_words_remover input_col=words output_col=a stop_words=a "
                  "stop_words_file=b",
                  QN_JOB, "set stop_words or stop_words_file, not both");
    check_refused(&schema,
                  "stop_words_remover input_col=words output_col=a "
                  "stop_words_file=/no/such/words.txt",
                  QN_INPUT, "/no/such/words.txt");
    const char *path = qn_test_path("empty.txt");
    write_file(path, " \n\r\n");
    snprintf(text, sizeof text,
             "stop_words_remover input_col=words output_col=a stop_words_file=%s", path);
    check_refused(&schema, text, QN_INPUT, "no stop word in the file");
    write_file(path, "caf\xe9\n");
    check_refused(&schema, text, QN_INPUT, "not a text in UTF-8");
    qn_schema_clear(&schema);
}

static void test_bounds(void) {
    qn_stage *grams = stage_of("n_gram"), *regex = stage_of("regex_tokenizer");
    QN_TEST_FAILS(qn_stage_set(grams, "n", "0"), QN_JOB, "'n'");
    QN_TEST_FAILS(qn_stage_set(regex, "min_token_length", "-1"), QN_JOB, "'min_token_length'");
    qn_stage_free(grams);
    qn_stage_free(regex);
}

static const qn_test_case cases[] = {
    {"regex_tokenizer: Spark's example", test_regex_spark_example},
    {"regex_tokenizer: Spark's test suite", test_regex_spark_suite},
    {"regex_tokenizer: empty tokens and empty matches go as in Java", test_regex_split_rules},
    {"regex_tokenizer: lengths are characters, patterns may ask for Unicode", test_regex_unicode},
    {"regex_tokenizer: blanks without PCRE2 as with it", test_regex_shortcut},
    {"stop_words_remover: Spark's example", test_stop_spark_example},
    {"stop_words_remover: Spark's test suite, nulls stay", test_stop_spark_suite},
    {"stop_words_remover: letters beyond ASCII in any case", test_stop_unicode},
    {"stop_words_remover: a model keeps the words of a file", test_stop_file},
    {"stemmer: samples of Snowball's vocabularies", test_stems},
    {"n_gram: Spark's example", test_grams_spark_example},
    {"n_gram: Spark's test suite", test_grams_spark_suite},
    {"tokens, stems, stop words and n-grams one after the other", test_chain},
    {"bad patterns, types, languages and files are refused", test_refused},
    {"options out of range are refused", test_bounds},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("stage_tokens", cases);
}

/* string_indexer. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "StringIndexer": a b c a a c gives a 0.0, c 1.0, b 2.0. */
static const char *const documented[] = {"a", "b", "c", "a", "a", "c"};

static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "category", documented, 6);
    qn_stage *stage = stage_of("string_indexer input_col=category output_col=i");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "i", 0, 2, 1, 0, 0, 1);
    CHECK_NAMES(out, "i", "a,c,b");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark's StringIndexerSuite, "StringIndexer order types": b b c c d and counts with ties; ties go
 * by string ascending in both directions. */
static void test_orders(void) {
    static const char *const words[] = {"d", "b", "c", "b", "c", "a"};
    static const struct {
        const char *order, *names;
    } expected[] = {{"frequency_desc", "b,c,a,d"},
                    {"frequency_asc", "a,d,b,c"},
                    {"alphabet_desc", "d,c,b,a"},
                    {"alphabet_asc", "a,b,c,d"}};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, 6);
    qn_stage *stage = stage_of("string_indexer input_col=w output_col=i");
    for (int i = 0; i < 4; i++) {
        QN_TEST_OK(qn_stage_set(stage, "string_order_type", expected[i].order));
        QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
        CHECK_NAMES(out, "i", expected[i].names);
        qn_table_clear(&out);
    }
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* U+FF21 is EF BC A1 in UTF-8 and FF21 in UTF-16; U+1F600 is F0 9F 98 80 and D83D DE00: Java's
 * order is the other way round than that of the bytes. */
static void test_utf16(void) {
    static const char *const words[] = {"\xef\xbc\xa1", "\xf0\x9f\x98\x80", "z"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, 3);
    qn_stage *stage = stage_of("string_indexer input_col=w output_col=i");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_NAMES(out, "i", "z,\xf0\x9f\x98\x80,\xef\xbc\xa1");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark's documentation: fitted on a b c, applied to a b c d e; and nulls. */
static void test_invalid(void) {
    static const char *const unseen[] = {"a", "d", NULL, "b", "d"};
    qn_table frame, other, out;
    qn_table_init(&frame);
    qn_table_init(&other);
    frame_texts(&frame, "w", documented, 6);
    frame_texts(&other, "w", unseen, 5);
    qn_stage *stage = stage_of("string_indexer input_col=w output_col=i");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &other, 1, &out), QN_DATA,
                  "string_indexer: column 'w' has unseen category 'd' at row 1 (counting from 0); "
                  "set handle_invalid to skip or keep");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(transform_frame(stage, &other, 1, &out));
    CHECK_COLUMN(out, "i", 0, 3, 3, 2, 3);
    CHECK_NAMES(out, "i", "a,c,b,__unknown");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(transform_frame(stage, &other, 5, &out));
    CHECK_COLUMN(out, "i", 0, -999, -999, 2, -999);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_table_clear(&other);
    qn_stage_free(stage);
}

static void test_null(void) {
    static const char *const words[] = {"x", NULL, "y", NULL, NULL, "x"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, 6);
    qn_stage *stage = stage_of("string_indexer input_col=w output_col=i handle_invalid=skip");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "i", 0, -999, 1, -999, -999, 0);
    CHECK_NAMES(out, "i", "x,y");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "error"));
    QN_TEST_FAILS(transform_frame(stage, &frame, 6, &out), QN_DATA, "column 'w' is null at row 1 ");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark casts numbers to strings first: 1.0 is "1.0", 100 is "100"; order is that of the strings;
 * NaN counts as null. */
static void test_numbers(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1.0, 2.5, 2.5, NAN, 1e7, 1.0}, 6);
    frame_ints(&frame, "n", (int32_t[]){100, 9, 100, 9, 7, 0}, 6);
    frame_null(&frame, 5);
    qn_stage *stage = stage_of("string_indexer input_cols=x,n output_cols=i,j handle_invalid=keep");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_NAMES(out, "i", "1.0,2.5,1.0E7,__unknown");
    CHECK_COLUMN(out, "i", 0, 1, 1, 3, 2, 0);
    CHECK_NAMES(out, "j", "100,9,7,__unknown");
    CHECK_COLUMN(out, "j", 0, 1, 0, 1, 2, 3);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The same column with a dictionary, with entries that no row uses and one used under nulls. */
static void test_dictionary(void) {
    static const char *const entries[] = {"unused", "c", "a", "b"};
    qn_table frame, out, plain;
    qn_column *codes = NULL;
    qn_table_init(&frame);
    qn_table_init(&plain);
    frame_texts(&plain, "w", entries, 4);
    QN_TEST_OK(qn_column_new(&codes, QN_INT32, 6, 0));
    memcpy(codes->codes, (int32_t[]){2, 3, 0, 2, 2, 1}, 6 * sizeof(int32_t));
    codes->type = QN_STRING;
    codes->dictionary = qn_column_retain(plain.batches[0].columns[0]);
    QN_TEST_OK(qn_column_set_null(codes, 2));
    frame_add(&frame, "w", codes, NULL);
    qn_stage *stage = stage_of("string_indexer input_col=w output_col=i handle_invalid=keep");
    for (int64_t rows = 1; rows <= 6; rows++) {
        QN_TEST_OK(fit_transform(stage, &frame, rows, &out));
        CHECK_NAMES(out, "i", "a,b,c,__unknown");
        CHECK_COLUMN(out, "i", 0, 1, 3, 0, 0, 2);
        qn_table_clear(&out);
    }
    qn_table_clear(&frame);
    qn_table_clear(&plain);
    qn_stage_free(stage);
}

static void test_many(void) {
    enum { ROWS = 5000 };
    qn_table frame, out;
    char texts[ROWS][16];
    const char *words[ROWS];
    for (int i = 0; i < ROWS; i++) {
        snprintf(texts[i], sizeof texts[i], "%05d", (i * 7) % ROWS);
        words[i] = texts[i];
    }
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, ROWS);
    qn_stage *stage = stage_of("string_indexer input_col=w output_col=i");
    QN_TEST_OK(fit_transform(stage, &frame, 700, &out));
    for (int64_t b = 0; b < out.batch_count; b++)
        for (int64_t i = 0; i < out.batches[b].length; i++)
            CU_ASSERT(out.batches[b].columns[1]->f64[i] ==
                      (double)((qn_batch_row(&out.batches[b], i) * 7) % ROWS));
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2}, 1, 2);
    qn_stage *stage = stage_of("string_indexer input_col=v");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "output_col is not");
    QN_TEST_OK(qn_stage_set(stage, "output_col", "i"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "column 'v' is vector");
    QN_TEST_FAILS(qn_stage_set(stage, "string_order_type", "size"), QN_JOB, "string_order_type");
    qn_stage_free(stage);
    stage = stage_of("string_indexer input_cols=v,v output_cols=i");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "input_cols names 2 columns, but output_cols 1");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example indexes as documented", test_documented},
    {"the four orders, ties by string", test_orders},
    {"strings sort by UTF-16 code units", test_utf16},
    {"unseen categories: error, keep, skip", test_invalid},
    {"nulls are not counted", test_null},
    {"numbers are cast to strings first", test_numbers},
    {"dictionary-encoded columns give the same", test_dictionary},
    {"thousands of categories are all found", test_many},
    {"wrong columns and options are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("string_indexer", cases);
}

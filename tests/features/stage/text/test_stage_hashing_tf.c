/* hashing_tf. Ranks: 1 2 3 */
#include "core/text/murmur3.h"
#include "tests/features/stage/text/documents.h"

static void transform_texts(const char *stage_text, const char *const *texts, int64_t count,
                            bool coded, qn_table *out) {
    qn_table frame;
    qn_table_init(&frame);
    frame_documents(&frame, "words", texts, count, coded);
    qn_stage *stage = stage_of(stage_text);
    QN_TEST_OK(transform_frame(stage, &frame, 1, out));
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* PySpark 3 documentation, HashingTF: a b c in 10 slots are 5, 7, 8, in 5 slots 0, 2, 3. */
static void test_documented(void) {
    const char *texts[] = {"a b c"};
    qn_table out;
    transform_texts("hashing_tf input_col=words output_col=v num_features=10", texts, 1, false,
                    &out);
    CHECK_VECTOR(out, "v", 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0);
    qn_table_clear(&out);
    transform_texts("hashing_tf input_col=words output_col=v num_features=5", texts, 1, false,
                    &out);
    CHECK_VECTOR(out, "v", 0, 1, 0, 1, 1, 0);
    qn_table_clear(&out);
}

/* Spark's HashingTFSuite: of 100 slots, a is 67, b 65, c 68, d 90. */
static void test_suite(void) {
    const char *texts[] = {"a a b b c d", "a a b c c c", "", NULL};
    for (int coded = 0; coded < 2; coded++) {
        qn_table out;
        transform_texts("hashing_tf input_col=words output_col=v num_features=100", texts, 4, coded,
                        &out);
        CU_ASSERT(value_at(&out, "v", 0, 67) == 2 && value_at(&out, "v", 0, 65) == 2 &&
                  value_at(&out, "v", 0, 68) == 1 && value_at(&out, "v", 0, 90) == 1);
        CU_ASSERT(value_at(&out, "v", 0, 0) == 0 && value_at(&out, "v", 2, 67) == 0);
        CU_ASSERT(isnan(value_at(&out, "v", 3, 0)));
        CHECK_NAMES(out, "v", "");
        qn_table_clear(&out);
        transform_texts("hashing_tf input_col=words output_col=v num_features=100 binary=true",
                        texts, 4, coded, &out);
        CU_ASSERT(value_at(&out, "v", 1, 67) == 1 && value_at(&out, "v", 1, 65) == 1 &&
                  value_at(&out, "v", 1, 68) == 1 && value_at(&out, "v", 1, 90) == 0);
        qn_table_clear(&out);
    }
}

/* scikit-learn 1.9, murmurhash3_32(word, 42) taken modulo as Spark does: terms of all lengths,
 * the empty one, text beyond ASCII, and the default number of slots. A null's hash is 42. */
static void test_hashes(void) {
    const char *texts[] = {"a", "gr\xc3\xbcn", "internationalization  ~"};
    qn_table out;
    transform_texts("hashing_tf input_col=words output_col=v num_features=1000", texts, 3, false,
                    &out);
    CU_ASSERT(value_at(&out, "v", 0, 467) == 1 && value_at(&out, "v", 1, 693) == 1);
    CU_ASSERT(value_at(&out, "v", 2, 753) == 1 && value_at(&out, "v", 2, 372) == 1 &&
              value_at(&out, "v", 2, 42) == 1);
    qn_table_clear(&out);
    transform_texts("hashing_tf input_col=words output_col=v", texts, 3, false, &out);
    CU_ASSERT(out.schema.fields[1].width == 262144);
    CU_ASSERT(value_at(&out, "v", 0, 107107) == 1 && value_at(&out, "v", 1, 230669) == 1);
    CU_ASSERT(value_at(&out, "v", 2, 59897) == 1 && value_at(&out, "v", 2, 249180) == 1 &&
              value_at(&out, "v", 2, 42) == 1);
    qn_table_clear(&out);
}

/* How often a slot is stored for a row; 0 if it is not. */
static double stored(const qn_column *vectors, int64_t row, int32_t slot) {
    for (int32_t k = vectors->offsets[row]; k < vectors->offsets[row + 1]; k++)
        if (vectors->indices[k] == slot)
            return vectors->f64[k];
    return 0;
}

/* Documents of the terms "a" to "j" against plain addition. */
static void check_counts(int32_t width, const qn_column *vectors, const qn_column *lists) {
    for (int64_t i = 0; i < lists->length; i++) {
        double total = 0;
        for (int32_t k = vectors->offsets[i]; k < vectors->offsets[i + 1]; k++) {
            total += vectors->f64[k];
            CU_ASSERT(k == vectors->offsets[i] || vectors->indices[k] > vectors->indices[k - 1]);
        }
        CU_ASSERT(total == lists->offsets[i + 1] - lists->offsets[i]);
        for (int code = 'a'; code <= 'j'; code++) {
            char letter = (char)code;
            uint32_t hash = qn_murmur3_bytes((qn_view){&letter, 1}, QN_MURMUR3_SEED);
            int32_t slot = qn_murmur3_slot(hash, width);
            double expected = 0;
            for (int32_t k = lists->offsets[i]; k < lists->offsets[i + 1]; k++) {
                hash = qn_murmur3_bytes(qn_column_string(lists->items, k), QN_MURMUR3_SEED);
                expected += qn_murmur3_slot(hash, width) == slot;
            }
            CU_ASSERT(stored(vectors, i, slot) == expected);
        }
    }
}

/* Of 0 to 600 terms: counted by sorting and by counters. */
static void test_lengths(void) {
    enum { DOCUMENTS = 40 };
    static const int32_t widths[] = {64, 1000, 262144, 2147483647};
    char texts[DOCUMENTS][1300];
    const char *pointers[DOCUMENTS];
    for (int i = 0; i < DOCUMENTS; i++) {
        char *to = texts[i];
        int terms = i % 10 == 9 ? 600 : i;
        for (int k = 0; k < terms; k++)
            to += sprintf(to, "%s%c", k > 0 ? " " : "", 'a' + (k * k + i) % 10);
        *to = '\0';
        pointers[i] = texts[i];
    }
    for (int w = 0; w < 4; w++) {
        char text[80];
        qn_table frame, out;
        qn_table_init(&frame);
        snprintf(text, sizeof text, "hashing_tf input_col=words output_col=v num_features=%d",
                 widths[w]);
        frame_documents(&frame, "words", pointers, DOCUMENTS, false);
        qn_stage *stage = stage_of(text);
        QN_TEST_OK(transform_frame(stage, &frame, 20, &out));
        for (int64_t b = 0; b < out.batch_count; b++)
            check_counts(widths[w], out.batches[b].columns[1], out.batches[b].columns[0]);
        qn_table_clear(&out);
        qn_table_clear(&frame);
        qn_stage_free(stage);
    }
}

/* Two billion slots cost nothing: memory goes by what is stored. */
static void test_memory(void) {
    const char *texts[] = {"a b c d", "e f"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_documents(&frame, "words", texts, 2, false);
    qn_stage *stage = stage_of("hashing_tf input_col=words output_col=v num_features=2147483647");
    int64_t before = qn_mem_in_use(), peak = qn_mem_restart_peak();
    QN_TEST_OK(transform_frame(stage, &frame, 2, &out));
    CU_ASSERT(qn_mem_peak() - before < 8192);
    if (out.row_count > 0)
        CU_ASSERT(qn_column_bytes(out.batches[0].columns[1]) <= 6 * 12 + 3 * 4 + 3 * 64);
    qn_mem_raise_peak(peak);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    const char *texts[] = {"a"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "text", texts, 1);
    qn_stage *stage = stage_of("hashing_tf output_col=v");
    QN_TEST_FAILS(transform_frame(stage, &frame, 1, &out), QN_JOB, "input_col is not set");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "words"));
    QN_TEST_FAILS(transform_frame(stage, &frame, 1, &out), QN_JOB, "'words'");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "text"));
    QN_TEST_FAILS(transform_frame(stage, &frame, 1, &out), QN_JOB,
                  "column 'text' is string, but must be list<string> (see tokenizer)");
    QN_TEST_FAILS(qn_stage_set(stage, "num_features", "0"), QN_JOB, "num_features");
    QN_TEST_FAILS(qn_stage_set(stage, "num_features", "2147483648"), QN_JOB, "num_features");
    qn_stage_free(stage);
    qn_table_clear(&frame);
}

static const qn_test_case cases[] = {
    {"PySpark's documented example has the documented slots", test_documented},
    {"the slots and counts of Spark's own tests, plain and by dictionary", test_suite},
    {"terms hash as elsewhere", test_hashes},
    {"documents of all lengths are counted, in as many slots as one likes", test_lengths},
    {"memory is proportional to what is stored", test_memory},
    {"wrong columns and options are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("hashing_tf", cases);
}

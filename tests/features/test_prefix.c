/* What fits in a pipeline read, and what of it is kept. Ranks: 1 2 3 7 */
#include "features/prefix.h"

#include "features/wide/wide.h"
#include "tests/features/stage/stage_contract.h"

enum { ROWS = 2000, BATCH = 90 };

/* ---- Pipelines ------------------------------------------------------------------------------ */

/* Three fits, the last one reads its input several times; texts and lists are not needed by the
 * end. */
static qn_stage *chain(void) {
    qn_stage *stages[] = {
        stage_of("tokenizer input_col=text output_col=words"),
        stage_of("count_vectorizer input_col=words output_col=counts vocab_size=8"),
        stage_of("idf input_col=counts output_col=weights"),
        stage_of("string_indexer input_col=word output_col=i handle_invalid=skip"),
        stage_of("vector_assembler input_cols=weights,n,i output_col=features handle_invalid=skip"),
        stage_of("linear_regression features_col=features label_col=label reg_param=0.1")};
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 6));
    return pipeline;
}

/* The same with a statement over all rows in between, and the end in a pipeline of its own. */
static qn_stage *wide_chain(void) {
    qn_stage *statement = stage_of("sql_transformer");
    QN_TEST_OK(qn_stage_set(statement, "statement",
                            "SELECT k, sum(label) AS label, min(w[1]) AS first, max(size) AS size "
                            "FROM (SELECT k, label, words AS w, length(text) AS size FROM "
                            "__THIS__) AS t GROUP BY k ORDER BY k"));
    qn_stage *inner[] = {
        stage_of("string_indexer input_col=first output_col=i handle_invalid=keep"),
        stage_of("vector_assembler input_cols=size,k,i output_col=features"),
        stage_of("standard_scaler input_col=features output_col=scaled"),
        stage_of("linear_regression features_col=scaled label_col=label reg_param=0.1")};
    qn_stage *nested = NULL, *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&nested, inner, 4));
    qn_stage *stages[] = {stage_of("tokenizer input_col=text output_col=words"),
                          stage_of("count_vectorizer input_col=words output_col=counts"),
                          stage_of("idf input_col=counts output_col=weights"), statement, nested};
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 5));
    return pipeline;
}

/* The model fitted with so much memory. */
static contract_result fit_within(qn_stage *(*make)(void), int64_t memory, qn_comm *comm,
                                  const char *path) {
    qn_table frame;
    contract_result result = {0};
    contract_frame(&frame, ROWS);
    qn_stage *stage = make();
    qn_execution execution = {.comm = comm, .memory = 1 << 30, .cache = memory};
    qn_stream *in = frame_stream(&frame, comm, BATCH);
    qn_stage_set_execution(stage, &execution);
    QN_TEST_OK(qn_stage_fit(stage, in, comm));
    qn_stream_free(in);
    QN_TEST_OK(qn_pipeline_save(stage, comm, path));
    QN_TEST_OK(qn_file_read_all(path, &result.model, &result.model_length));
    qn_stage_free(stage);
    qn_table_clear(&frame);
    return result;
}

static void check_budgets(qn_stage *(*make)(void)) {
    static const int64_t budgets[] = {0, 60000, 250000, 1000000, 1 << 30};
    qn_comm *alone = NULL;
    char path[64];
    QN_TEST_OK(qn_comm_self(&alone));
    snprintf(path, sizeof path, "alone-%d.h5", qn_comm_rank(qn_test_comm()));
    contract_result expected = fit_within(make, 0, alone, qn_test_path(path));
    for (int i = 0; i < 5; i++) {
        contract_result found =
            fit_within(make, budgets[i], qn_test_comm(), qn_test_path("shared.h5"));
        CU_ASSERT(found.model_length == expected.model_length &&
                  memcmp(found.model, expected.model, (size_t)found.model_length) == 0);
        qn_mem_free(found.model);
        QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    }
    qn_mem_free(expected.model);
    qn_comm_free(alone);
}

static void test_budgets(void) {
    check_budgets(chain);
}

static void test_wide(void) {
    check_budgets(wide_chain);
}

static qn_stage *short_chain(void) {
    qn_stage *stages[] = {stage_of("tokenizer input_col=text output_col=words"),
                          stage_of("count_vectorizer input_col=words output_col=counts"),
                          stage_of("idf input_col=counts output_col=weights")};
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 3));
    return pipeline;
}

static void test_memory(void) {
    if (qn_comm_size(qn_test_comm()) == 1)
        contract_memory_of(short_chain, "short chain");
}

/* ---- The stream ----------------------------------------------------------------------------- */

/* Counts the batches that are read from another stream. */
typedef struct counted {
    qn_stream base;
    qn_stream *in;
    int64_t *reads;
} counted;

static qn_status counted_next(qn_stream *stream, qn_batch *out) {
    counted *self = (counted *)stream;
    QN_TRY(qn_stream_next(self->in, out));
    *self->reads += out->count > 0;
    return QN_OK;
}

static qn_status counted_rewind(qn_stream *stream) {
    return qn_stream_rewind(((counted *)stream)->in);
}

static void counted_free(qn_stream *stream) {
    qn_stream_free(((counted *)stream)->in);
}

static const qn_stream_class counted_class = {"counted", counted_next, counted_rewind,
                                              counted_free};

typedef struct scan {
    qn_table frame;
    qn_stage *stages[2];
    qn_schema schemas[3];
    int64_t reads; /* of the source */
    qn_stream *rows;
} scan;

static void open_scan(scan *self, int64_t budget) {
    counted *source = NULL;
    *self = (scan){.stages = {stage_of("tokenizer input_col=text output_col=words"),
                              stage_of("hashing_tf input_col=words output_col=hashed "
                                       "num_features=1000")}};
    contract_frame(&self->frame, ROWS);
    QN_TEST_OK(qn_schema_copy(&self->schemas[0], &self->frame.schema));
    for (int i = 0; i < 2; i++)
        QN_TEST_OK(qn_stage_bind(self->stages[i], &self->schemas[i], &self->schemas[i + 1]));
    QN_TEST_OK(qn_stream_new(&source, sizeof *source, &counted_class, &self->frame.schema));
    source->in = frame_stream(&self->frame, qn_test_comm(), BATCH);
    source->reads = &self->reads;
    QN_TEST_OK(qn_prefix_open(&self->rows, &source->base, budget));
}

static void close_scan(scan *self) {
    qn_stream_free(self->rows);
    for (int i = 0; i < 3; i++)
        qn_schema_clear(&self->schemas[i]);
    for (int i = 0; i < 2; i++)
        qn_stage_free(self->stages[i]);
    qn_table_clear(&self->frame);
}

static void add_stage(scan *self, int i) {
    QN_TEST_OK(
        qn_prefix_add(self->rows, self->stages[i], &self->schemas[i], &self->schemas[i + 1]));
}

/* Reads everything; the digest is of all ranks, `columns` of each batch from the end. *reads: those
 * of this rank's source in this pass. */
static int64_t read_rows(scan *self, int32_t columns, int64_t *reads) {
    qn_table out;
    int64_t before = self->reads;
    qn_table_init(&out);
    QN_TEST_OK(qn_stream_rewind(self->rows));
    QN_TEST_OK(qn_table_collect(&out, self->rows));
    for (int64_t b = 0; b < out.batch_count; b++) {
        qn_batch *batch = &out.batches[b];
        int32_t dropped = batch->count - columns;
        for (int32_t i = 0; i < dropped; i++)
            qn_column_release(batch->columns[i]);
        memmove(batch->columns, batch->columns + dropped, (size_t)columns * sizeof(qn_column *));
        batch->count = columns;
    }
    int64_t digest = contract_digest(&out, qn_test_comm());
    qn_table_clear(&out);
    QN_TEST_OK(qn_prefix_settle(self->rows, qn_test_comm()));
    *reads = self->reads - before;
    return digest;
}

/* Passes of which the first keeps tokens, the second replaces them by vectors. */
static void test_kept(void) {
    int64_t reads, first_reads;
    scan self;
    open_scan(&self, 1 << 30);
    int64_t source = read_rows(&self, 3, &first_reads);
    QN_TEST_OK(qn_prefix_keep(self.rows, true, NULL));
    CU_ASSERT(read_rows(&self, 3, &reads) == source); /* without stages nothing is kept */
    CU_ASSERT(reads == first_reads && qn_prefix_left(self.rows) == 1 << 30);
    add_stage(&self, 0);
    int64_t words = read_rows(&self, 1, &reads);
    CU_ASSERT(reads == first_reads);
    CU_ASSERT(first_reads == 0 || qn_prefix_left(self.rows) < 1 << 30);
    CU_ASSERT(read_rows(&self, 1, &reads) == words && reads == 0);
    add_stage(&self, 1);
    int64_t both = read_rows(&self, 2, &reads);
    CU_ASSERT(reads == 0);
    CU_ASSERT(read_rows(&self, 2, &reads) == both && reads == 0);
    close_scan(&self);
}

/* Budgets that hold nothing, some batches, all of them give the same rows. */
static void test_mixed(void) {
    static const int64_t budgets[] = {0, 100000, 300000, 1000000, 1 << 30};
    int64_t expected[3] = {0};
    for (int i = 0; i < 5; i++) {
        int64_t reads, all;
        scan self;
        open_scan(&self, budgets[i]);
        QN_TEST_OK(qn_prefix_keep(self.rows, true, NULL));
        add_stage(&self, 0);
        for (int pass = 0; pass < 3; pass++) {
            int64_t digest = read_rows(&self, 1, pass == 0 ? &all : &reads);
            expected[pass] = i == 0 ? digest : expected[pass];
            CU_ASSERT(digest == expected[pass]);
            CU_ASSERT(qn_prefix_left(self.rows) >= 0);
            CU_ASSERT(pass == 0 || i > 0 || reads == all);
            CU_ASSERT(pass == 0 || i < 4 || reads == 0);
            if (pass == 0)
                add_stage(&self, 1);
        }
        close_scan(&self);
    }
    CU_ASSERT(expected[1] == expected[2]);
}

/* Columns nobody will ask for are kept empty: less memory, the needed ones as they are. */
static void test_pruned(void) {
    int64_t reads, left[2], digests[2];
    for (int pruned = 0; pruned < 2; pruned++) {
        scan self;
        open_scan(&self, 1 << 30);
        add_stage(&self, 0);
        add_stage(&self, 1);
        bool *needed = NULL;
        int32_t count = self.rows->schema.count;
        QN_TEST_OK(qn_mem_calloc(&needed, (size_t)count, sizeof *needed));
        needed[count - 1] = true;
        QN_TEST_OK(qn_prefix_keep(self.rows, true, pruned ? needed : NULL));
        qn_mem_free(needed);
        digests[pruned] = read_rows(&self, 1, &reads);
        CU_ASSERT(read_rows(&self, 1, &reads) == digests[pruned] && reads == 0);
        left[pruned] = qn_prefix_left(self.rows);
        CU_ASSERT(self.reads == 0 || left[0] < left[pruned] || !pruned);
        close_scan(&self);
    }
    CU_ASSERT(digests[0] == digests[1]);
}

static const qn_test_case cases[] = {
    {"models are the same whatever was kept", test_budgets},
    {"also before and behind wide stages, and in nested pipelines", test_wide},
    {"any allocation may fail, and nothing leaks", test_memory},
    {"what is kept is neither read nor computed again", test_kept},
    {"some batches kept and others made anew are the same rows", test_mixed},
    {"columns that are not needed any more are dropped", test_pruned},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("prefix", cases);
}

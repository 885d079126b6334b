/* Stages that work on all rows at once, alone and in pipelines. Ranks: 1 2 3 7 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

/* sql_transformer; blanks as they are. */
static qn_stage *sql(const char *statement) {
    qn_stage *stage = stage_of("sql_transformer");
    QN_TEST_OK(qn_stage_set(stage, "statement", statement));
    return stage;
}

static qn_stage *pipeline_of(qn_stage *const *stages, int64_t count) {
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, count));
    return pipeline;
}

/* Sales of shops: two rows of "b" have no amount. */
static void make_sales(qn_table *frame) {
    static const char *const shops[] = {"a", "b", "a", "c", "b", "a", "c", "b"};
    qn_table_init(frame);
    frame_texts(frame, "shop", shops, 8);
    frame_reals(frame, "amount", (double[]){1, 0, 3, 10, 8, 5, 30, 0}, 8);
    frame_null(frame, 1);
    frame_null(frame, 7);
}

static const char *const totals =
    "SELECT shop, sum(amount) AS total, count(*) AS n FROM __THIS__ GROUP BY shop ORDER BY shop";

static void test_a_wide_stage_alone(void) {
    qn_table frame, out;
    make_sales(&frame);
    qn_stage *stage = sql(totals);
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "total", 9, 8, 40);
    CHECK_COLUMN(out, "n", 3, 3, 2);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The imputer sees sales, the scaler shops: in front of a wide stage, and behind one. Mean of the
 * amounts 9.5; totals then 9, 27, 40; sample deviation 15.567... (numpy: std(ddof=1)). */
static qn_stage *layered(bool nested) {
    qn_stage *stages[] = {stage_of("imputer input_col=amount output_col=filled"),
                          sql("SELECT shop, sum(filled) AS total FROM __THIS__ GROUP BY shop "
                              "ORDER BY shop"),
                          stage_of("string_indexer input_col=shop output_col=i "
                                   "string_order_type=alphabet_asc"),
                          stage_of("vector_assembler input_cols=total output_col=raw"),
                          stage_of("standard_scaler input_col=raw output_col=scaled"),
                          sql("SELECT *, row_number() OVER (ORDER BY i DESC) AS place FROM "
                              "__THIS__")};
    if (!nested)
        return pipeline_of(stages, 6);
    qn_stage *parts[] = {pipeline_of(stages, 2), pipeline_of(stages + 2, 3), stages[5]};
    return pipeline_of(parts, 3);
}

static void check_layered(qn_table *out) {
    CHECK_COLUMN(*out, "total", 9, 27, 40);
    CHECK_COLUMN(*out, "i", 0, 1, 2);
    CHECK_COLUMN(*out, "place", 3, 2, 1);
    const double deviation = sqrt(((9 - 76. / 3) * (9 - 76. / 3) + (27 - 76. / 3) * (27 - 76. / 3) +
                                   (40 - 76. / 3) * (40 - 76. / 3)) /
                                  2);
    CU_ASSERT_DOUBLE_EQUAL(value_at(out, "scaled", 1, 0), 27 / deviation, 1e-14);
}

static void test_wide_stages_in_pipelines(void) {
    for (int nested = 0; nested < 2; nested++) {
        qn_table frame, out;
        make_sales(&frame);
        qn_stage *pipeline = layered(nested);
        QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
        check_layered(&out);
        qn_table_clear(&out);
        qn_table_clear(&frame);
        qn_stage_free(pipeline);
    }
}

static void test_pipelines_with_wide_stages_load(void) {
    qn_table frame, out;
    make_sales(&frame);
    qn_stage *pipeline = layered(true), *loaded = NULL;
    const char *path = qn_test_path("layered.h5");
    qn_stream *in = frame_stream(&frame, qn_test_comm(), 3);
    QN_TEST_OK(qn_stage_fit(pipeline, in, qn_test_comm()));
    qn_stream_free(in);
    QN_TEST_OK(qn_pipeline_save(pipeline, qn_test_comm(), path));
    QN_TEST_OK(qn_pipeline_load(&loaded, qn_test_comm(), path, stage_registries));
    QN_TEST_OK(transform_frame(loaded, &frame, 3, &out));
    check_layered(&out);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
    qn_stage_free(loaded);
}

/* The indexer must not see the rows that the statement leaves out. */
static void test_estimators_behind_a_wide_stage_see_its_rows(void) {
    qn_table frame, out;
    make_sales(&frame);
    qn_stage *stages[] = {stage_of("imputer input_col=amount output_col=filled"),
                          sql("SELECT * FROM __THIS__ ORDER BY amount DESC NULLS LAST LIMIT 2"),
                          stage_of("string_indexer input_col=shop output_col=i")};
    qn_stage *pipeline = pipeline_of(stages, 3);
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    CHECK_COLUMN(out, "amount", 30, 10);
    CHECK_NAMES(out, "i", "c");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* Without an estimator there is nothing to fit. */
static void test_pipelines_of_transformers_need_no_fit(void) {
    qn_table frame, out;
    make_sales(&frame);
    qn_stage *stages[] = {sql("SELECT shop, amount + 1 AS a FROM t WHERE amount > 0"),
                          sql("SELECT shop, sum(a) AS s FROM t GROUP BY shop ORDER BY shop")};
    qn_stage *pipeline = pipeline_of(stages, 2);
    QN_TEST_OK(transform_frame(pipeline, &frame, 2, &out));
    CHECK_COLUMN(out, "s", 12, 9, 42);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* ---- Failures -------------------------------------------------------------------------------- */

/* The assembler fails at row 1, which one rank has, while the others wait in the aggregate. */
static void test_a_narrow_stage_in_front_fails_everywhere(void) {
    qn_table frame, out;
    make_sales(&frame);
    qn_stage *stages[] = {stage_of("vector_assembler input_cols=amount output_col=v"), sql(totals),
                          stage_of("string_indexer input_col=shop output_col=i")};
    qn_stage *pipeline = pipeline_of(stages, 3);
    QN_TEST_FAILS(fit_transform(pipeline, &frame, 2, &out), QN_DATA,
                  "vector_assembler: column 'amount' is null at row 1 ");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* And behind one: by then only rank 0 has rows. */
static void test_a_narrow_stage_behind_fails_everywhere(void) {
    qn_table frame, out;
    make_sales(&frame);
    qn_stage *stages[] = {
        sql("SELECT shop, max(amount) AS m FROM __THIS__ WHERE amount IS NULL GROUP BY shop"),
        stage_of("vector_assembler input_cols=m output_col=v"), sql("SELECT sum(m) AS s FROM t"),
        stage_of("imputer input_col=s output_col=f")};
    qn_stage *pipeline = pipeline_of(stages, 4);
    QN_TEST_FAILS(fit_transform(pipeline, &frame, 2, &out), QN_DATA,
                  "vector_assembler: column 'm' is null at row 0 ");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static void test_batches_are_refused(void) {
    qn_table frame;
    qn_batch out;
    qn_schema schema;
    make_sales(&frame);
    qn_stage *stage = sql(totals);
    QN_TEST_OK(qn_stage_bind(stage, &frame.schema, &schema));
    CU_ASSERT(stage->wide);
    QN_TEST_FAILS(qn_stage_transform(stage, &frame.schema, &frame.batches[0], &out), QN_JOB,
                  "sql_transformer: needs all rows");
    qn_schema_clear(&schema);
    qn_stage *nested = pipeline_of(&stage, 1);
    QN_TEST_OK(qn_stage_bind(nested, &frame.schema, &schema));
    CU_ASSERT(nested->wide);
    QN_TEST_FAILS(qn_stage_transform(nested, &frame.schema, &frame.batches[0], &out), QN_JOB,
                  "needs all rows");
    qn_schema_clear(&schema);
    qn_stream *stream = NULL;
    QN_TEST_FAILS(qn_stage_stream(&stream, nested, frame_stream(&frame, qn_test_comm(), 2)),
                  QN_INTERNAL, "qn_stage_set_execution");
    qn_stage_free(nested);
    qn_table_clear(&frame);
}

/* Fits and applies, agreeing where a caller must. */
static qn_status run_all(qn_stage *pipeline, qn_stream *in, const qn_execution *execution) {
    qn_stream *borrowed = NULL, *rows = NULL;
    qn_table out;
    qn_table_init(&out);
    qn_status status = qn_stage_fit(pipeline, in, execution->comm);
    if (status == QN_OK) {
        qn_stage_set_execution(pipeline, execution);
        status = qn_stream_borrow(&borrowed, in);
        if (status == QN_OK)
            status = qn_stage_stream(&rows, pipeline, borrowed);
        if (status == QN_OK)
            status = qn_stream_rewind(rows);
        status = qn_comm_agree(execution->comm, status);
    }
    if (status == QN_OK)
        status = qn_comm_agree(execution->comm, qn_table_collect(&out, rows));
    qn_stream_free(rows);
    qn_table_clear(&out);
    return status;
}

/* One rank alone runs out of memory, anywhere: no rank waits for ever, all say so. */
static void test_one_rank_out_of_memory(void) {
    qn_comm *comm = qn_test_comm();
    qn_execution execution = qn_execution_of(comm);
    qn_table frame;
    make_sales(&frame);
    qn_status status = QN_MEMORY;
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    for (int64_t k = 0, turn = 0; status != QN_OK && k < 100000; k += 1 + k / 24, turn++) {
        int64_t before = qn_mem_blocks();
        qn_stage *pipeline = layered(turn % 2 == 0);
        qn_stream *in = frame_stream(&frame, comm, 2);
        if (rank == (int)(turn % size))
            qn_mem_fail_after(k);
        status = run_all(pipeline, in, &execution);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_stream_free(in);
        qn_stage_free(pipeline);
        int64_t least = status;
        QN_TEST_OK(qn_comm_max_i64(comm, &least, 1));
        CU_ASSERT(least == (int64_t)status);
        CU_ASSERT(qn_mem_blocks() == before);
    }
    CU_ASSERT(status == QN_OK);
    qn_table_clear(&frame);
}

/* ---- Passes ---------------------------------------------------------------------------------- */

typedef struct counting_stream {
    qn_stream base;
    qn_stream *in;
    int64_t batches;
} counting_stream;

static qn_status counting_next(qn_stream *stream, qn_batch *out) {
    counting_stream *self = (counting_stream *)stream;
    QN_TRY(qn_stream_next(self->in, out));
    self->batches += out->count > 0;
    return QN_OK;
}

static qn_status counting_rewind(qn_stream *stream) {
    return qn_stream_rewind(((counting_stream *)stream)->in);
}

static const qn_stream_class counting_class = {"counting", counting_next, counting_rewind, NULL};

/* Three estimators behind it, two statements that read it twice: one pass over the input. */
static void test_a_wide_stage_is_computed_once_for_all_fits(void) {
    qn_table frame;
    make_sales(&frame);
    qn_stage *stages[] = {sql("SELECT a.shop, sum(b.amount) AS total FROM t AS a JOIN t AS b "
                              "USING (shop) GROUP BY a.shop"),
                          stage_of("imputer input_col=total output_col=f"),
                          stage_of("vector_assembler input_cols=f output_col=v"),
                          stage_of("standard_scaler input_col=v output_col=w"),
                          stage_of("standard_scaler input_col=w output_col=y")};
    qn_stage *pipeline = pipeline_of(stages, 5);
    counting_stream counter = {.base = {.class_ = &counting_class, .schema = frame.schema},
                               .in = frame_stream(&frame, qn_test_comm(), 1)};
    QN_TEST_OK(qn_stage_fit(pipeline, &counter.base, qn_test_comm()));
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &counter.batches, 1));
    CU_ASSERT(counter.batches == 8);
    qn_stream_free(counter.in);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static const qn_test_case cases[] = {
    {"a wide stage alone", test_a_wide_stage_alone},
    {"wide stages anywhere in pipelines, nested ones too", test_wide_stages_in_pipelines},
    {"pipelines with wide stages load", test_pipelines_with_wide_stages_load},
    {"estimators behind a wide stage see its rows",
     test_estimators_behind_a_wide_stage_see_its_rows},
    {"pipelines of transformers need no fit", test_pipelines_of_transformers_need_no_fit},
    {"a narrow stage that fails in front of a wide one fails everywhere",
     test_a_narrow_stage_in_front_fails_everywhere},
    {"a narrow stage that fails behind a wide one fails everywhere",
     test_a_narrow_stage_behind_fails_everywhere},
    {"batches are refused by name", test_batches_are_refused},
    {"one rank out of memory stops all", test_one_rank_out_of_memory},
    {"a wide stage is computed once for all fits", test_a_wide_stage_is_computed_once_for_all_fits},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("wide stages", cases);
}

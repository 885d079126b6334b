/* Pipelines. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

/* ---- Data ----------------------------------------------------------------------------------- */

/* Six diamonds: carat with a hole, cut, price. */
static void make_diamonds(qn_table *frame) {
    static const char *const cuts[] = {"Ideal", "Premium", "Ideal", "Good", "Premium", "Ideal"};
    qn_table_init(frame);
    frame_reals(frame, "carat", (double[]){0.2, 0.3, 0.4, 0, 0.6, 0.5}, 6);
    frame_null(frame, 3);
    frame_texts(frame, "cut", cuts, 6);
    frame_reals(frame, "unused", (double[]){1, 2, 3, 4, 5, 6}, 6);
}

static qn_stage *main_pipeline(void) {
    qn_stage *stages[] = {
        stage_of("imputer input_col=carat output_col=carat_filled"),
        stage_of("string_indexer input_col=cut output_col=cut_idx"),
        stage_of("one_hot_encoder input_col=cut_idx output_col=cut_vec"),
        stage_of("vector_assembler input_cols=carat_filled,cut_vec output_col=raw"),
        stage_of("standard_scaler input_col=raw output_col=features"),
    };
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 5));
    return pipeline;
}

/* A stream that counts how often it is read from the start. */
typedef struct counting_stream {
    qn_stream base;
    qn_stream *in;
    int *passes;
} counting_stream;

static qn_status counting_next(qn_stream *stream, qn_batch *out) {
    return qn_stream_next(((counting_stream *)stream)->in, out);
}

static qn_status counting_rewind(qn_stream *stream) {
    counting_stream *self = (counting_stream *)stream;
    ++*self->passes;
    return qn_stream_rewind(self->in);
}

static void counting_free(qn_stream *stream) {
    qn_stream_free(((counting_stream *)stream)->in);
}

static const qn_stream_class counting_class = {"counting", counting_next, counting_rewind,
                                               counting_free};

static qn_stream *counted(qn_stream *in, int *passes) {
    counting_stream *self = NULL;
    QN_TEST_OK(qn_stream_new(&self, sizeof *self, &counting_class, &in->schema));
    self->in = in;
    self->passes = passes;
    *passes = 0;
    return &self->base;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

/* Mean carat 0.4; sample deviations 0.141421 of carat, 0.547723 of Ideal, 0.516398 of Premium
 * (numpy: std(ddof=1) of the assembled columns). */
static void check_diamonds(qn_table *out) {
    CHECK_NAMES(*out, "features", "carat_filled,cut=Ideal,cut=Premium");
    CHECK_COLUMN(*out, "carat_filled", 0.2, 0.3, 0.4, 0.4, 0.6, 0.5);
    CHECK_VECTOR(*out, "raw", 3, 0.4, 0, 0);
    CHECK_VECTOR(*out, "features", 0, 0.2 / sqrt(0.02), 1 / sqrt(0.3), 0);
    CHECK_VECTOR(*out, "features", 4, 0.6 / sqrt(0.02), 0, 1 / sqrt(4.0 / 15));
}

static void test_main_job(void) {
    qn_table frame, out;
    make_diamonds(&frame);
    qn_stage *pipeline = main_pipeline();
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    check_diamonds(&out);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static void test_passes(void) {
    qn_table frame;
    int passes;
    make_diamonds(&frame);
    qn_stage *pipeline = main_pipeline();
    qn_stream *in = counted(frame_stream(&frame, qn_test_comm(), 2), &passes);
    QN_TEST_OK(qn_stage_fit(pipeline, in, qn_test_comm()));
    CU_ASSERT(passes == 2); /* imputer and indexer together; one-hot none; scaler */
    qn_stream_free(in);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* The imputer must not see the row that the indexer drops. */
static void test_skip_is_seen(void) {
    static const char *const words[] = {"a", NULL, "a"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, 3);
    frame_reals(&frame, "x", (double[]){1, 50, NAN}, 3);
    qn_stage *stages[] = {stage_of("string_indexer input_col=w output_col=i handle_invalid=skip"),
                          stage_of("imputer input_col=x output_col=y")};
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 2));
    QN_TEST_OK(fit_transform(pipeline, &frame, 1, &out));
    CHECK_COLUMN(out, "y", 1, -999, 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* The assembler would fail on the null; at fit it is behind the last estimator. */
static void test_last_transformer(void) {
    qn_table frame, out;
    make_diamonds(&frame);
    qn_stage *stages[] = {stage_of("string_indexer input_col=cut output_col=i"),
                          stage_of("vector_assembler input_cols=carat,i")};
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 2));
    qn_stream *in = frame_stream(&frame, qn_test_comm(), 2);
    QN_TEST_OK(qn_stage_fit(pipeline, in, qn_test_comm()));
    qn_stream_free(in);
    QN_TEST_FAILS(transform_frame(pipeline, &frame, 2, &out), QN_DATA,
                  "vector_assembler: column 'carat' is null at row 3 ");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static void test_save_load(void) {
    qn_table frame, out;
    make_diamonds(&frame);
    qn_stage *inner = main_pipeline(), *outer = NULL, *loaded = NULL;
    const char *path = qn_test_path("model.h5");
    QN_TEST_OK(qn_pipeline_new(&outer, &inner, 1));
    QN_TEST_OK(fit_transform(outer, &frame, 2, &out));
    qn_table_clear(&out);
    QN_TEST_OK(qn_pipeline_save(outer, qn_test_comm(), path));
    QN_TEST_OK(qn_pipeline_load(&loaded, qn_test_comm(), path, stage_registries));
    QN_TEST_OK(transform_frame(loaded, &frame, 2, &out));
    check_diamonds(&out);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(outer);
    qn_stage_free(loaded);
}

static void test_empty(void) {
    qn_table frame, out;
    make_diamonds(&frame);
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, NULL, 0));
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    CU_ASSERT(qn_schema_equal(&out.schema, &frame.schema));
    CHECK_COLUMN(out, "unused", 1, 2, 3, 4, 5, 6);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* Fitted again on other categories, nothing of the first fit is left. */
static void test_refit(void) {
    static const char *const others[] = {"x", "y", "z", "w", "x"};
    qn_table frame, other, out;
    make_diamonds(&frame);
    qn_table_init(&other);
    frame_texts(&other, "cut", others, 5);
    frame_reals(&other, "carat", (double[]){1, 2, 3, 4, 5}, 5);
    qn_stage *pipeline = main_pipeline();
    QN_TEST_OK(fit_transform(pipeline, &other, 2, &out));
    CHECK_NAMES(out, "features", "carat_filled,cut=x,cut=w,cut=y");
    qn_table_clear(&out);
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    check_diamonds(&out);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_table_clear(&other);
    qn_stage_free(pipeline);
}

static void test_needs(void) {
    qn_table frame, out;
    bool needed[3] = {false, false, true};
    make_diamonds(&frame);
    qn_stage *pipeline = main_pipeline();
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    QN_TEST_OK(qn_stage_needs(pipeline, &frame.schema, needed));
    CU_ASSERT(needed[0] && needed[1] && !needed[2]);
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(pipeline, &frame, 2, &out));
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static void test_errors(void) {
    qn_table frame, out;
    qn_schema schema;
    make_diamonds(&frame);
    qn_stage *pipeline = main_pipeline();
    QN_TEST_FAILS(transform_frame(pipeline, &frame, 2, &out), QN_JOB, "is not fitted");
    qn_table_clear(&out);
    QN_TEST_OK(qn_pipeline_add(pipeline, stage_of("imputer input_col=carrat output_col=c")));
    QN_TEST_FAILS(qn_stage_bind(pipeline, &frame.schema, &schema), QN_JOB, "imputer: ");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'carat'?");
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static const qn_test_case cases[] = {
    {"the main job's stages give named, scaled features", test_main_job},
    {"independent one-pass stages share a scan", test_passes},
    {"a stage is fitted on the rows that those before it leave", test_skip_is_seen},
    {"transformers behind the last estimator are not run by fit", test_last_transformer},
    {"a nested pipeline saves, loads and transforms the same", test_save_load},
    {"an empty pipeline changes nothing", test_empty},
    {"a second fit forgets the first", test_refit},
    {"a fitted pipeline knows which columns it needs", test_needs},
    {"errors name the stage inside", test_errors},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("pipeline", cases);
}

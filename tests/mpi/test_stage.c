/* The stage contract's own machinery, with small stages made for the purpose. Ranks: 1 2 3 */
#include "core/memory.h"
#include "mpi/stage.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

/* ---- Stages to try it on -------------------------------------------------------------------- */

/* Counts rows; fails in `add` on the rank that holds row `fail_row`. */
typedef struct counter {
    qn_stage base;
    int64_t begun, rows, total;
} counter;

static const qn_option counter_options[] = {
    {"input_col", QN_OPTION_TEXT, "x", NULL, "column to count"},
    {"fail_row", QN_OPTION_INT, "-1", NULL, "row at which to fail"},
    {"word", QN_OPTION_TEXT, NULL, NULL, "unset"},
    {"words", QN_OPTION_TEXTS, "a,b", NULL, "some"},
    {"number", QN_OPTION_REAL, "nan", "nan", "a real"},
    {NULL, 0, NULL, NULL, NULL}};

static qn_status counter_bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    if (!stage->fitted) /* as a label: only its fit reads the column */
        QN_TRY(qn_schema_require(in, qn_options_text(stage->options, "input_col"), &index));
    return qn_schema_copy(out, in);
}

static qn_status counter_add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    counter *self = (counter *)stage;
    int64_t bad = qn_options_int(stage->options, "fail_row");
    CU_ASSERT(batch->count == schema->count);
    self->begun++;
    for (int64_t i = 0; i < batch->length; i++)
        if (qn_batch_row(batch, i) == bad)
            return qn_fail(QN_DATA, "row %lld is bad", (long long)bad);
    self->rows += batch->length;
    return QN_OK;
}

static qn_status counter_finish(qn_stage *stage, qn_comm *comm) {
    counter *self = (counter *)stage;
    self->total = self->rows;
    return qn_comm_sum_i64(comm, &self->total, 1);
}

static qn_status share(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                       qn_batch *out) {
    (void)stage;
    (void)schema;
    return qn_batch_share(out, in);
}

static qn_status counter_persist(qn_stage *stage, qn_archive *archive) {
    return qn_archive_int(archive, "total", &((counter *)stage)->total);
}

static void counter_clear(qn_stage *stage) {
    counter *self = (counter *)stage;
    self->begun = self->rows = self->total = 0;
}

static const qn_stage_class counter_class = {
    .name = "counter",
    .help = "count rows",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(counter),
    .options = counter_options,
    .bind = counter_bind,
    .add = counter_add,
    .finish = counter_finish,
    .transform = share,
    .persist = counter_persist,
    .clear = counter_clear,
};

/* Reads columns b and d of its input. */
static qn_status reader_bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    (void)stage;
    QN_TRY(qn_schema_require(in, "b", &index));
    QN_TRY(qn_schema_require(in, "d", &index));
    return qn_schema_copy(out, in);
}

static const qn_option no_options[] = {{NULL, 0, NULL, NULL, NULL}};

static const qn_stage_class reader_class = {
    .name = "reader",
    .help = "read two columns",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = no_options,
    .bind = reader_bind,
    .transform = share,
};

static const qn_stage_class *const classes[] = {&counter_class, &reader_class, NULL};
static const qn_registry registries[] = {classes, NULL};

static qn_stage *make(const char *name) {
    const qn_stage_class *class_ = NULL;
    qn_stage *stage = NULL;
    QN_TEST_OK(qn_stage_find(registries, name, &class_));
    QN_TEST_OK(qn_stage_new(&stage, class_));
    return stage;
}

/* `rank` + 1 batches of 10 rows on each rank, but none on the last of several. */
static qn_stream *make_stream(int64_t *total) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    int64_t count = size > 1 && rank == size - 1 ? 0 : rank + 1, first = rank * (rank + 1) / 2;
    qn_schema schema;
    qn_table table;
    qn_stream *stream = NULL;
    qn_schema_init(&schema);
    qn_table_init(&table);
    QN_TEST_OK(qn_schema_add(&schema, "x", QN_FLOAT64));
    for (int64_t b = 0; b < count; b++) {
        qn_batch batch = {.length = 10, .first_row = (first + b) * QN_BATCH_ROWS};
        qn_column *column = NULL;
        QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, 10, 0));
        QN_TEST_OK(qn_batch_append(&batch, column));
        QN_TEST_OK(qn_table_add(&table, &batch));
    }
    QN_TEST_OK(qn_stream_of_batches(&stream, &schema, table.batches, table.batch_count));
    qn_table_clear(&table);
    qn_schema_clear(&schema);
    *total = 10 * count;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), total, 1));
    return stream;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

static void test_find(void) {
    const qn_stage_class *class_ = NULL;
    QN_TEST_FAILS(qn_stage_find(registries, "conter", &class_), QN_JOB, "unknown stage 'conter'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'counter'?");
    CU_ASSERT_PTR_NULL(class_);
}

static void test_fit(void) {
    int64_t total;
    qn_stream *in = make_stream(&total);
    qn_stage *stages[] = {make("counter"), make("counter")};
    QN_TEST_OK(qn_stage_fit_together(stages, 2, in, qn_test_comm()));
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(stages[i]->fitted && ((counter *)stages[i])->begun > 0);
        CU_ASSERT(((counter *)stages[i])->total == total);
    }
    QN_TEST_OK(qn_stage_fit(stages[0], in, qn_test_comm())); /* again: nothing is left over */
    CU_ASSERT(((counter *)stages[0])->total == total);
    for (int i = 0; i < 2; i++)
        qn_stage_free(stages[i]);
    qn_stream_free(in);
}

/* Row 3 is on rank 0, and all ranks say so. */
static void test_one_error(void) {
    int64_t total;
    qn_stream *in = make_stream(&total);
    qn_stage *stage = make("counter");
    QN_TEST_OK(qn_stage_set(stage, "fail_row", "3"));
    QN_TEST_FAILS(qn_stage_fit(stage, in, qn_test_comm()), QN_DATA, "counter: row 3 is bad");
    CU_ASSERT(!stage->fitted && ((counter *)stage)->begun == 0);
    qn_stage_free(stage);
    qn_stream_free(in);
}

/* A stream that fails at its end. */
typedef struct torn {
    qn_stream base;
    qn_stream *in;
} torn;

static qn_status torn_next(qn_stream *stream, qn_batch *out) {
    QN_TRY(qn_stream_next(((torn *)stream)->in, out));
    return out->count > 0 ? QN_OK : qn_fail(QN_DATA, "the input is torn");
}

static qn_status torn_rewind(qn_stream *stream) {
    return qn_stream_rewind(((torn *)stream)->in);
}

static void torn_free(qn_stream *stream) {
    qn_stream_free(((torn *)stream)->in);
}

static const qn_stream_class torn_class = {"torn", torn_next, torn_rewind, torn_free};

/* Of a bad row and a later fault of the input, the row is the error on any number of ranks. */
static void test_first_error(void) {
    int64_t total;
    torn *in = NULL;
    qn_stream *rows = make_stream(&total);
    qn_stage *stage = make("counter");
    QN_TEST_OK(qn_stream_new(&in, sizeof *in, &torn_class, &rows->schema));
    in->in = rows;
    QN_TEST_FAILS(qn_stage_fit(stage, &in->base, qn_test_comm()), QN_DATA, "the input is torn");
    QN_TEST_OK(qn_stage_set(stage, "fail_row", "3"));
    QN_TEST_FAILS(qn_stage_fit(stage, &in->base, qn_test_comm()), QN_DATA, "row 3 is bad");
    qn_stage_free(stage);
    qn_stream_free(&in->base);
}

static void test_not_fitted(void) {
    int64_t total;
    qn_stream *in = make_stream(&total);
    qn_stage *stage = make("counter");
    qn_batch none, out;
    qn_batch_init(&none);
    QN_TEST_FAILS(qn_stage_transform(stage, &in->schema, &none, &out), QN_JOB,
                  "counter: is not fitted");
    QN_TEST_FAILS(qn_stage_set(stage, "inputcol", "y"), QN_JOB, "counter: ");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "y"));
    QN_TEST_FAILS(qn_stage_fit(stage, in, qn_test_comm()), QN_JOB, "counter: ");
    qn_stage_free(stage);
    qn_stream_free(in);
}

static void test_needs(void) {
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    bool needed[5] = {true, false, true, false, true};
    qn_schema schema;
    qn_stage *stage = make("reader");
    qn_schema_init(&schema);
    for (int i = 0; i < 5; i++)
        QN_TEST_OK(qn_schema_add(&schema, names[i], QN_FLOAT64));
    QN_TEST_OK(qn_stage_needs(stage, &schema, needed));
    for (int i = 0; i < 5; i++)
        CU_ASSERT(needed[i] == (i == 1 || i == 3));
    qn_schema_clear(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "b", QN_FLOAT64));
    QN_TEST_FAILS(qn_stage_needs(stage, &schema, needed), QN_JOB, "reader: ");
    qn_schema_clear(&schema);
    qn_stage_free(stage);
}

/* A fitted stage does without the column that only its fit reads. */
static void test_label(void) {
    int64_t total;
    qn_schema empty, out;
    qn_stream *in = make_stream(&total);
    qn_stage *stage = make("counter");
    qn_schema_init(&empty);
    QN_TEST_FAILS(qn_stage_bind(stage, &empty, &out), QN_JOB, "counter: ");
    QN_TEST_OK(qn_stage_fit(stage, in, qn_test_comm()));
    QN_TEST_OK(qn_stage_bind(stage, &empty, &out));
    qn_schema_clear(&out);
    qn_stage_free(stage);
    qn_stream_free(in);
}

static void test_describe(void) {
    json_t *found = NULL;
    qn_stage *stage = make("counter");
    json_t *expected = json_pack("{s:s, s:b, s:{s:s, s:i, s:n, s:[ss], s:s}}", "type", "counter",
                                 "fitted", 0, "options", "input_col", "x", "fail_row", -1, "word",
                                 "words", "a", "b", "number", "nan");
    QN_TEST_OK(qn_stage_describe(stage, &found));
    CU_ASSERT_PTR_NOT_NULL(expected);
    CU_ASSERT(json_equal(found, expected));
    json_decref(found);
    json_decref(expected);
    qn_stage_free(stage);
}

static void test_archive(void) {
    int64_t total;
    qn_stream *in = make_stream(&total);
    qn_stage *stage = make("counter"), *loaded = NULL;
    qn_archive *archive = NULL;
    QN_TEST_OK(qn_stage_set(stage, "words", "one,two,three"));
    QN_TEST_OK(qn_stage_fit(stage, in, qn_test_comm()));
    const char *path = qn_test_path("stage.h5");
    QN_TEST_OK(qn_archive_create(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_save(stage, archive, "here"));
    QN_TEST_OK(qn_archive_close(archive));
    QN_TEST_OK(qn_archive_open(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_load(&loaded, registries, archive, "here"));
    QN_TEST_OK(qn_archive_close(archive));
    char *const *words = NULL;
    CU_ASSERT(loaded->fitted && ((counter *)loaded)->total == total);
    CU_ASSERT(qn_options_list(loaded->options, "words", &words) == 3);
    CU_ASSERT(!qn_options_is_set(loaded->options, "fail_row"));
    qn_stage_free(stage);
    qn_stage_free(loaded);
    qn_stream_free(in);
}

/* A model written by a program that knows more stages. */
static void test_unknown_class(void) {
    static const qn_stage_class *const fewer[] = {&reader_class, NULL};
    static const qn_registry poorer[] = {fewer, NULL};
    qn_stage *stage = make("counter"), *loaded = NULL;
    qn_archive *archive = NULL;
    const char *path = qn_test_path("unknown.h5");
    QN_TEST_OK(qn_archive_create(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_save(stage, archive, "here"));
    QN_TEST_OK(qn_archive_close(archive));
    QN_TEST_OK(qn_archive_open(&archive, qn_test_comm(), path, "model"));
    QN_TEST_FAILS(qn_stage_load(&loaded, poorer, archive, "here"), QN_JOB,
                  "unknown stage 'counter'");
    qn_archive_discard(archive);
    CU_ASSERT_PTR_NULL(loaded);
    qn_stage_free(stage);
}

/* Allocations on the last rank fail, one at a time: all ranks say so, or all have the stage. */
static void test_loading_agrees_on_memory(void) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_stage *stage = make("counter");
    const char *path = qn_test_path("memory.h5");
    qn_archive *archive = NULL;
    QN_TEST_OK(qn_archive_create(&archive, comm, path, "model"));
    QN_TEST_OK(qn_stage_save(stage, archive, "here"));
    QN_TEST_OK(qn_archive_close(archive));
    qn_stage_free(stage);
    qn_status status = QN_MEMORY;
    for (int64_t successes = 0; status == QN_MEMORY && successes < 1000; successes++) {
        int64_t before = qn_mem_blocks();
        qn_stage *loaded = NULL;
        QN_TEST_OK(qn_archive_open(&archive, comm, path, "model"));
        qn_mem_fail_after(last ? successes : -1);
        status = qn_stage_load(&loaded, registries, archive, "here");
        qn_mem_fail_after(-1);
        CU_ASSERT((loaded != NULL) == (status == QN_OK));
        qn_archive_discard(archive);
        qn_stage_free(loaded);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
}

static const qn_test_case cases[] = {
    {"an unknown stage gets a suggestion", test_find},
    {"several stages are fitted in one scan, on empty ranks too", test_fit},
    {"a failure on one rank is everyone's, and leaves nothing fitted", test_one_error},
    {"of several failures the first is told", test_first_error},
    {"what is not fitted or misses its column is refused by name", test_not_fitted},
    {"the columns a stage needs are found", test_needs},
    {"a fitted stage does without its label", test_label},
    {"a description shows type and options with defaults", test_describe},
    {"a stage comes back from an archive", test_archive},
    {"an archive with an unknown stage is refused", test_unknown_class},
    {"memory that runs out on one rank while loading is everyone's", test_loading_agrees_on_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("stage", cases);
}

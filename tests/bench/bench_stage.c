/* Stages on tables in memory: string_indexer + one_hot_encoder of 1,000 categories in ns a row
 * (limit: a bare dictionary encoder, about 6 ns), vector_assembler + standard_scaler of 20 columns
 * in GB/s against memcpy in the same run. */
#include "core/memory.h"
#include "features/pipeline.h"
#include "tests/bench/bench.h"

enum { BATCHES = 64, CATEGORIES = 1000, COLUMNS = 20 };
static const int64_t ROWS = (int64_t)BATCHES * QN_BATCH_ROWS;

/* ---- Data ----------------------------------------------------------------------------------- */

static qn_column *word_column(int64_t first) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
        char word[24];
        int length =
            snprintf(word, sizeof word, "category-%03u", random_of(first + i) % CATEGORIES);
        need(qn_string_builder_add(&builder, (qn_view){word, length}));
    }
    need(qn_string_builder_finish(&builder, &column));
    return column;
}

static qn_column *code_column(const qn_column *dictionary, int64_t first) {
    qn_column *column = NULL;
    need(qn_column_new(&column, QN_INT32, QN_BATCH_ROWS, 0));
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
        column->codes[i] = (int32_t)(random_of(first + i) % CATEGORIES);
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(dictionary);
    return column;
}

static qn_column *dictionary_column(void) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int i = 0; i < CATEGORIES; i++) {
        char word[24];
        int length = snprintf(word, sizeof word, "category-%03d", i);
        need(qn_string_builder_add(&builder, (qn_view){word, length}));
    }
    need(qn_string_builder_finish(&builder, &column));
    return column;
}

static void make_words(qn_table *table, bool coded) {
    qn_column *dictionary = dictionary_column();
    qn_table_init(table);
    need(qn_schema_add(&table->schema, "word", QN_STRING));
    for (int64_t b = 0; b < BATCHES; b++) {
        int64_t first = b * QN_BATCH_ROWS;
        qn_batch batch = {.length = QN_BATCH_ROWS, .first_row = first};
        need(qn_batch_append(&batch, coded ? code_column(dictionary, first) : word_column(first)));
        need(qn_table_add(table, &batch));
    }
    qn_column_release(dictionary);
}

static void make_reals(qn_table *table) {
    qn_table_init(table);
    for (int c = 0; c < COLUMNS; c++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", c);
        need(qn_schema_add(&table->schema, name, QN_FLOAT64));
    }
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_batch batch = {.length = QN_BATCH_ROWS, .first_row = b * QN_BATCH_ROWS};
        for (int c = 0; c < COLUMNS; c++) {
            qn_column *column = NULL;
            need(qn_column_new(&column, QN_FLOAT64, QN_BATCH_ROWS, 0));
            for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
                column->f64[i] = 1e-3 * random_of(batch.first_row + i * COLUMNS + c);
            need(qn_batch_append(&batch, column));
        }
        need(qn_table_add(table, &batch));
    }
}

/* ---- Measuring ------------------------------------------------------------------------------ */

static void measure(const char *name, qn_stage *stage, const qn_table *table, qn_comm *comm,
                    double bytes_a_row) {
    double fitting = 0, transforming = 0;
    for (int run = 0; run < 5; run++) {
        fitting = best_of(fitting, fit(stage, table, comm));
        transforming = best_of(transforming, transform(stage, table));
    }
    double rows = (double)ROWS;
    printf("%-40s fit %6.2f ns/row  transform %6.2f ns/row", name, 1e9 * fitting / rows,
           1e9 * transforming / rows);
    if (bytes_a_row > 0)
        printf("  %5.2f GB/s", 1e-9 * bytes_a_row * rows / transforming);
    printf("\n");
    qn_stage_free(stage);
}

/* Read and written bytes of a copy, larger than the caches. */
static double copy_speed(void) {
    size_t size = (size_t)128 << 20;
    char *from = NULL, *to = NULL;
    need(qn_mem_calloc(&from, size, 1));
    need(qn_mem_calloc(&to, size, 1));
    double time = 0;
    for (int run = 0; run < 5; run++) {
        memset(from, run, size);
        double start = seconds();
        memcpy(to, from, size);
        time = best_of(time, seconds() - start);
    }
    qn_mem_free(from);
    qn_mem_free(to);
    return 2e-9 * (double)size / time;
}

static void bench_words(qn_comm *comm, bool coded) {
    const char *kind = coded ? "dictionary-encoded" : "plain";
    qn_table table;
    char name[80];
    make_words(&table, coded);
    const char *indexing = "string_indexer input_col=word output_col=index";
    const char *encoding = "one_hot_encoder input_col=index output_col=vector";
    qn_stage *stages[] = {make_stage(indexing), make_stage(encoding)};
    qn_stage *both = NULL;
    need(qn_pipeline_new(&both, stages, 2));
    snprintf(name, sizeof name, "string_indexer, %s", kind);
    measure(name, make_stage(indexing), &table, comm, 0);
    snprintf(name, sizeof name, "... + one_hot_encoder, %s", kind);
    measure(name, both, &table, comm, 0);
    qn_table_clear(&table);
}

static void bench_reals(qn_comm *comm) {
    const char *assembling =
        "vector_assembler output_col=raw input_cols=c0,c1,c2,c3,c4,c5,c6,c7,c8,"
        "c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19";
    const char *scaling = "standard_scaler input_col=raw output_col=scaled";
    qn_table table;
    make_reals(&table);
    qn_stage *stages[] = {make_stage(assembling), make_stage(scaling)};
    qn_stage *both = NULL;
    need(qn_pipeline_new(&both, stages, 2));
    printf("memcpy %.1f GB/s read and written\n", copy_speed());
    measure("vector_assembler, 20 columns", make_stage(assembling), &table, comm, 16.0 * COLUMNS);
    measure("... + standard_scaler", both, &table, comm, 32.0 * COLUMNS);
    qn_table_clear(&table);
}

/* As in the main job: 3 one-hot vectors of 300 categories and 7 numbers. */
static void bench_sparse(qn_comm *comm) {
    qn_table table;
    qn_table_init(&table);
    for (int c = 0; c < 10; c++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", c);
        need(qn_schema_add(&table.schema, name, c < 7 ? QN_FLOAT64 : QN_INT32));
    }
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_batch batch = {.length = QN_BATCH_ROWS, .first_row = b * QN_BATCH_ROWS};
        for (int c = 0; c < 10; c++) {
            qn_column *column = NULL;
            need(qn_column_new(&column, table.schema.fields[c].type, QN_BATCH_ROWS, 0));
            for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
                uint32_t draw = random_of((batch.first_row + i) * 10 + c);
                if (c < 7)
                    column->f64[i] = 1e-3 * draw;
                else
                    column->i32[i] = (int32_t)(draw % 300);
            }
            need(qn_batch_append(&batch, column));
        }
        need(qn_table_add(&table, &batch));
    }
    static const char *const texts[] = {
        "one_hot_encoder input_cols=c7,c8,c9 output_cols=v7,v8,v9",
        "vector_assembler input_cols=c0,c1,c2,c3,c4,c5,c6,v7,v8,v9 output_col=raw",
        "standard_scaler input_col=raw output_col=scaled"};
    for (int count = 1; count <= 3; count++) {
        qn_stage *first = NULL;
        need(qn_pipeline_new(&first, NULL, 0));
        for (int i = 0; i < count; i++)
            need(qn_pipeline_add(first, make_stage(texts[i])));
        static const char *const names[] = {"3 one_hot_encoders", "... + sparse vector_assembler",
                                            "... + sparse standard_scaler"};
        measure(names[count - 1], first, &table, comm, 0);
    }
    qn_table_clear(&table);
}

int main(void) {
    qn_comm *comm = NULL;
    qn_mem_keep_freed();
    need(qn_comm_self(&comm));
    bench_words(comm, false);
    bench_words(comm, true);
    bench_reals(comm);
    bench_sparse(comm);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}

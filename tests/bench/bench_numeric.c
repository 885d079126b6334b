/* Numeric and time stages on a table in memory, in ns of processor time a row and column (fit and
 * transform), beside a copy of a column in the same run: what a stage reads and writes at least.
 *
 * usage: bench_numeric [STAGE]     only the stages whose text begins so
 *
 * For peers on the same data see bench_features.c and stage_peers.py. */
#include "core/memory.h"
#include "tests/bench/bench.h"

enum { BATCHES = 64, REPEATS = 5 };
static const int64_t ROWS = (int64_t)BATCHES * QN_BATCH_ROWS;

/* ---- Data ----------------------------------------------------------------------------------- */

static void add_column(qn_table *table, const char *name, qn_type type,
                       void (*fill)(qn_column *column, int64_t row, uint64_t hash)) {
    need(qn_schema_add(&table->schema, name, type));
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_column *column = NULL;
        if (table->batch_count <= b)
            need(qn_table_add(
                table, &(qn_batch){.length = QN_BATCH_ROWS, .first_row = b * QN_BATCH_ROWS}));
        need(qn_column_new(&column, type, QN_BATCH_ROWS, 0));
        for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
            fill(column, i, hash_of(b * QN_BATCH_ROWS + i));
        need(qn_batch_append(&table->batches[b], column));
    }
}

static void fill_real(qn_column *column, int64_t row, uint64_t hash) {
    column->f64[row] = (double)(hash >> 11) * 0x1p-53;
}

static void fill_hole(qn_column *column, int64_t row, uint64_t hash) {
    fill_real(column, row, hash);
    if (hash % 10 != 0)
        return;
    column->f64[row] = 0;
    need(qn_column_set_null(column, row));
}

static void fill_int(qn_column *column, int64_t row, uint64_t hash) {
    column->i32[row] = (int32_t)(hash % 1000);
}

static void fill_time(qn_column *column, int64_t row, uint64_t hash) {
    column->i64[row] = (int64_t)(hash >> 3); /* 1970 to 2043 */
}

static void fill_day(qn_column *column, int64_t row, uint64_t hash) {
    column->i32[row] = (int32_t)(hash % 30000);
}

static void make_table(qn_table *table) {
    qn_table_init(table);
    add_column(table, "x", QN_FLOAT64, fill_real);
    add_column(table, "hole", QN_FLOAT64, fill_hole);
    add_column(table, "n", QN_INT32, fill_int);
    add_column(table, "time", QN_TIMESTAMP, fill_time);
    add_column(table, "day", QN_DATE, fill_day);
}

/* ---- Measuring ------------------------------------------------------------------------------ */

static const char *const stages[] = {
    "imputer input_col=hole output_col=y",
    "imputer input_col=hole output_col=y strategy=median",
    "imputer input_col=n output_col=y strategy=mode",
    "binarizer input_col=x output_col=y threshold=0.5",
    "bucketizer input_col=x output_col=y splits=-inf,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,inf",
    "bucketizer input_col=hole output_col=y splits=-inf,0.25,0.5,0.75,inf",
    "quantile_discretizer input_col=x output_col=y num_buckets=10",
    "quantile_discretizer input_col=x output_col=y num_buckets=32",
    "quantile_discretizer input_col=x output_col=y num_buckets=40",
    "quantile_discretizer input_col=x output_col=y num_buckets=100",
    "quantile_discretizer input_col=x output_col=y num_buckets=1000",
    "clipper input_col=x output_col=y lower=0.1 upper=0.9",
    "clipper input_col=hole output_col=y method=iqr factor=0.2",
    "math_transformer input_col=x output_col=y function=log1p",
    "math_transformer input_col=x output_col=y function=sqrt",
    "calendar_features input_cols=day features=month",
    "calendar_features input_cols=time features=month",
    "calendar_features input_cols=time features=hour,hour_sin,hour_cos",
    "calendar_features input_cols=time features=hour time_zone=Europe/Berlin",
    "calendar_features input_cols=time features=year,month,day,day_of_week,hour,is_weekend",
    "time_since input_col=time output_col=y reference=2000-01-01",
    "time_since input_col=day output_col=y reference_col=time",
    "cast_columns input_cols=n types=double",
    "drop_columns input_cols=x",
};

static void measure(const char *text, const qn_table *table, qn_comm *comm) {
    double fitting = 0, transforming = 0;
    qn_stage *stage = make_stage(text);
    for (int run = 0; run < REPEATS; run++) {
        fitting = best_of(fitting, fit(stage, table, comm));
        transforming = best_of(transforming, transform(stage, table));
    }
    printf("%-88.88s fit %6.2f  transform %6.2f\n", text, 1e9 * fitting / (double)ROWS,
           1e9 * transforming / (double)ROWS);
    qn_stage_free(stage);
}

static void measure_copy(const qn_table *table) {
    double time = 0;
    for (int run = 0; run < REPEATS; run++) {
        double start = seconds();
        for (int64_t b = 0; b < BATCHES; b++) {
            double *copy = NULL;
            need(qn_mem_alloc(&copy, QN_BATCH_ROWS, sizeof *copy));
            memcpy(copy, table->batches[b].columns[0]->f64, QN_BATCH_ROWS * sizeof *copy);
            qn_mem_free(copy);
        }
        time = best_of(time, seconds() - start);
    }
    printf("%-88s                 %6.2f\n", "memcpy of a column of doubles",
           1e9 * time / (double)ROWS);
}

int main(int argc, char **argv) {
    qn_comm *comm = NULL;
    qn_table table;
    need(qn_comm_world(&comm));
    qn_mem_keep_freed();
    make_table(&table);
    measure_copy(&table);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (argc < 2 || strncmp(stages[i], argv[1], strlen(argv[1])) == 0)
            measure(stages[i], &table, comm);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}

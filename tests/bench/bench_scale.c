/* Scalers and vector_assembler on columns in memory, as GB/s of bytes read and written beside what
 * memory does in the same run: a read (sum), a copy and a triad of arrays larger than the caches.
 * Usage: bench_scale [ROWS] (default 1,000,000), alone or under mpiexec -n 2, where the ranks share
 * the memory and each has its rows. */
#include "core/memory.h"
#include "features/pipeline.h"
#include "tests/bench/bench.h"

enum { COLUMNS = 20, RUNS = 5 };

static void print(const char *name, double bytes, double time) {
    printf("%-44s %8.2f ms %7.1f GB/s\n", name, 1e3 * time, 1e-9 * bytes / time);
}

/* ---- What memory does ----------------------------------------------------------------------- */

__attribute__((target_clones("avx512f", "avx2", "default"))) static double
read_all(const double *from, int64_t count) {
    double sums[64] = {0}, sum = 0;
    for (int64_t i = 0; i + 64 <= count; i += 64)
        for (int k = 0; k < 64; k++)
            sums[k] += from[i + k];
    for (int k = 0; k < 64; k++)
        sum += sums[k];
    return sum;
}

__attribute__((target_clones("avx512f", "avx2", "default"))) static void
triad(const double *b, const double *c, double *a, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        a[i] = b[i] + 3 * c[i];
}

static void measure_memory(void) {
    const int64_t count = (int64_t)12 << 20;
    double *a = NULL, *b = NULL, *c = NULL, sum = 0;
    double reading = 0, copying = 0, adding = 0, bytes = 8.0 * (double)count;
    need(qn_mem_calloc(&a, (size_t)count, sizeof *a));
    need(qn_mem_calloc(&b, (size_t)count, sizeof *b));
    need(qn_mem_calloc(&c, (size_t)count, sizeof *c));
    for (int64_t i = 0; i < count; i++)
        a[i] = b[i] = c[i] = (double)i;
    for (int run = 0; run < RUNS; run++) {
        double start = seconds();
        sum += read_all(b, count);
        reading = best_of(reading, seconds() - start);
        start = seconds();
        memcpy(a, b, (size_t)count * sizeof *a);
        copying = best_of(copying, seconds() - start);
        start = seconds();
        triad(b, c, a, count);
        adding = best_of(adding, seconds() - start);
    }
    print(sum > 0 ? "memory: read" : "", bytes, reading);
    print("memory: copy, read and written", 2 * bytes, copying);
    print("memory: triad, read and written", 3 * bytes, adding);
    qn_mem_free(a);
    qn_mem_free(b);
    qn_mem_free(c);
}

/* ---- Stages --------------------------------------------------------------------------------- */

static void make_reals(qn_table *table, int64_t rows) {
    qn_table_init(table);
    for (int c = 0; c < COLUMNS; c++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", c);
        need(qn_schema_add(&table->schema, name, QN_FLOAT64));
    }
    for (int64_t first = 0; first < rows; first += QN_BATCH_ROWS) {
        int64_t left = rows - first, length = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS;
        qn_batch batch = {.length = length, .first_row = first};
        for (int c = 0; c < COLUMNS; c++) {
            qn_column *column = NULL;
            need(qn_column_new_raw(&column, QN_FLOAT64, length, 0));
            for (int64_t i = 0; i < length; i++)
                column->f64[i] = (double)((first + i) * (2 * c + 7) % 10007);
            need(qn_batch_append(&batch, column));
        }
        need(qn_table_add(table, &batch));
    }
}

/* `width`: slots of the result. */
static void measure(qn_stage *stage, const char *name, const qn_table *table, int width,
                    qn_comm *comm) {
    double fitting = 0, transforming = 0, bytes = 8.0 * COLUMNS * (double)table->row_count;
    double written = 8.0 * width * (double)table->row_count;
    char text[80];
    for (int run = 0; run < RUNS; run++) {
        fitting = best_of(fitting, fit(stage, table, comm));
        transforming = best_of(transforming, transform(stage, table));
    }
    snprintf(text, sizeof text, "%s: fit, read", name);
    if (stage->class_->kind == QN_STAGE_ESTIMATOR)
        print(text, bytes, fitting);
    snprintf(text, sizeof text, "%s: transform, read and written", name);
    print(text, bytes + written, transforming);
    qn_stage_free(stage);
}

static qn_stage *make_assembler(void) {
    return make_stage("vector_assembler output_col=v input_cols=c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,"
                      "c11,c12,c13,c14,c15,c16,c17,c18,c19");
}

/* The assembled vectors alone. */
static void assemble(const qn_table *from, qn_table *out) {
    qn_stage *stage = make_assembler();
    qn_stream *in = NULL, *made = NULL;
    need(qn_table_stream(&in, from));
    need(qn_stage_stream(&made, stage, in));
    qn_table_init(out);
    need(qn_schema_add_field(&out->schema, &made->schema.fields[COLUMNS]));
    for (bool more = true; more;) {
        qn_batch batch, alone;
        qn_batch_init(&batch);
        need(qn_stream_next(made, &batch));
        more = batch.count > 0;
        qn_batch_init(&alone);
        alone.length = batch.length;
        alone.first_row = batch.first_row;
        if (more) {
            need(qn_batch_append(&alone, qn_column_retain(batch.columns[COLUMNS])));
            need(qn_table_add(out, &alone));
        }
        qn_batch_clear(&batch);
    }
    qn_stream_free(made);
    qn_stage_free(stage);
}

/* What reading the vectors costs if nothing is done with them. */
static void measure_vectors(const qn_table *vectors) {
    double time = 0, sum = 0;
    for (int run = 0; run < RUNS; run++) {
        double start = seconds();
        for (int64_t b = 0; b < vectors->batch_count; b++) {
            const qn_batch *batch = &vectors->batches[b];
            sum += read_all(batch->columns[0]->f64, batch->length * COLUMNS);
        }
        time = best_of(time, seconds() - start);
    }
    print(sum > 0 ? "the vectors: read" : "", 8.0 * COLUMNS * (double)vectors->row_count, time);
}

int main(int argc, char **argv) {
    int64_t rows = argc > 1 ? atoll(argv[1]) : 1000000;
    qn_comm *comm = NULL;
    qn_table reals, vectors;
    qn_mem_keep_freed();
    need(qn_comm_self(&comm));
    printf("%lld rows of %d columns\n", (long long)rows, COLUMNS);
    measure_memory();
    make_reals(&reals, rows);
    measure(make_assembler(), "vector_assembler", &reals, COLUMNS, comm);
    assemble(&reals, &vectors);
    qn_table_clear(&reals);
    measure_vectors(&vectors);
    measure(make_stage("standard_scaler input_col=v output_col=scaled"), "standard_scaler",
            &vectors, COLUMNS, comm);
    measure(make_stage("min_max_scaler input_col=v output_col=scaled"), "min_max_scaler", &vectors,
            COLUMNS, comm);
    measure(make_stage("max_abs_scaler input_col=v output_col=scaled"), "max_abs_scaler", &vectors,
            COLUMNS, comm);
    measure(make_stage("normalizer input_col=v output_col=scaled"), "normalizer", &vectors, COLUMNS,
            comm);
    measure(make_stage("robust_scaler input_col=v output_col=scaled"), "robust_scaler", &vectors,
            COLUMNS, comm);
    measure(make_stage("polynomial_expansion input_col=v output_col=scaled"),
            "polynomial_expansion", &vectors, COLUMNS + COLUMNS * (COLUMNS + 1) / 2, comm);
    qn_table_clear(&vectors);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}

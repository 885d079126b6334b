/* Feature stages over tables in memory, timed: what scikit-learn, Polars and Spark ML are compared
 * with (stage_peers.py).
 *
 * usage: bench_features WORKLOAD ROWS REPEATS
 *
 * Every value is a hash of its number, which the peers' script computes alike. Prints a line of
 * JSON: the seconds of every fit and of every transform (the slowest rank's; the output is kept in
 * memory), and a sum over the output that the peers must share. */
#include "core/memory.h"
#include "features/pipeline.h"
#include "tests/bench/bench.h"

enum { MAX_REPEATS = 64, COLUMNS = 20, FEW_COLUMNS = 5, CATEGORIES = 1000, DOCUMENT_WORDS = 100 };

typedef struct workload {
    const char *name;
    const char *const *stages; /* "name option=value option=value", ended by NULL */
    const char *checked;       /* the column that is summed */
    void (*fill)(qn_batch *batch, qn_schema *schema);
} workload;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static double uniform_of(int64_t i) {
    return (double)(hash_of(i) >> 11) * 0x1p-53;
}

static void name_column(qn_schema *schema, const char *name, qn_type type, int32_t width) {
    if (qn_schema_find(schema, name) >= 0)
        return;
    char copy[16];
    snprintf(copy, sizeof copy, "%s", name);
    qn_field field = {copy, type, width, NULL};
    need(qn_schema_add_field(schema, &field));
}

static void fill_words(qn_batch *batch, qn_schema *schema) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < batch->length; i++) {
        char word[24];
        uint64_t hash = hash_of(batch->first_row + i);
        int length = snprintf(word, sizeof word, "category-%03u",
                              (unsigned)(hash % CATEGORIES * (hash >> 32) >> 32));
        need(qn_string_builder_add(&builder, (qn_view){word, length}));
    }
    need(qn_string_builder_finish(&builder, &column));
    need(qn_batch_append(batch, column));
    name_column(schema, "word", QN_STRING, 0);
}

static void fill_reals(qn_batch *batch, qn_schema *schema) {
    for (int c = 0; c < COLUMNS; c++) {
        char name[16];
        qn_column *column = NULL;
        snprintf(name, sizeof name, "c%d", c);
        need(qn_column_new(&column, QN_FLOAT64, batch->length, 0));
        for (int64_t i = 0; i < batch->length; i++)
            column->f64[i] = (c + 1) * uniform_of((batch->first_row + i) * COLUMNS + c);
        need(qn_batch_append(batch, column));
        name_column(schema, name, QN_FLOAT64, 0);
    }
}

static void fill_vectors(qn_batch *batch, qn_schema *schema) {
    qn_column *column = NULL;
    need(qn_column_new(&column, QN_VECTOR, batch->length, COLUMNS));
    for (int64_t i = 0; i < batch->length * COLUMNS; i++)
        column->f64[i] = (double)(i % COLUMNS + 1) * uniform_of(batch->first_row * COLUMNS + i);
    need(qn_batch_append(batch, column));
    name_column(schema, "v", QN_VECTOR, COLUMNS);
}

static void fill_holes(qn_batch *batch, qn_schema *schema) {
    for (int c = 0; c < FEW_COLUMNS; c++) {
        char name[16];
        qn_column *column = NULL;
        snprintf(name, sizeof name, "c%d", c);
        need(qn_column_new(&column, QN_FLOAT64, batch->length, 0));
        for (int64_t i = 0; i < batch->length; i++) {
            int64_t number = (batch->first_row + i) * FEW_COLUMNS + c;
            if (hash_of(number) % 10 == 0)
                need(qn_column_set_null(column, i));
            else
                column->f64[i] = (c + 1) * uniform_of(number);
        }
        need(qn_batch_append(batch, column));
        name_column(schema, name, QN_FLOAT64, 0);
    }
}

static void fill_squares(qn_batch *batch, qn_schema *schema) {
    qn_column *column = NULL;
    need(qn_column_new(&column, QN_FLOAT64, batch->length, 0));
    for (int64_t i = 0; i < batch->length; i++) {
        double u = uniform_of(batch->first_row + i);
        column->f64[i] = u * u;
    }
    need(qn_batch_append(batch, column));
    name_column(schema, "x", QN_FLOAT64, 0);
}

/* Words by Zipf's law: number 2^e + r, with e below 16 and r below 2^e both even. */
static int print_word(char *out, uint64_t hash) {
    uint32_t power = (uint32_t)(hash % 16);
    uint32_t number = (1u << power) + (uint32_t)(hash >> 8) % (1u << power);
    int length = 0;
    for (uint64_t left = number * UINT64_C(7919) + 700000; left > 0; left /= 26)
        out[length++] = (char)('a' + left % 26);
    return length;
}

static void fill_documents(qn_batch *batch, qn_schema *schema) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < batch->length; i++) {
        char text[16 * DOCUMENT_WORDS];
        int length = 0;
        for (int64_t k = 0; k < DOCUMENT_WORDS; k++) {
            if (k > 0)
                text[length++] = ' ';
            length +=
                print_word(text + length, hash_of((batch->first_row + i) * DOCUMENT_WORDS + k));
        }
        need(qn_string_builder_add(&builder, (qn_view){text, length}));
    }
    need(qn_string_builder_finish(&builder, &column));
    need(qn_batch_append(batch, column));
    name_column(schema, "text", QN_STRING, 0);
}

/* This rank's part of the rows. */
static void make_table(qn_table *table, const workload *work, int64_t rows, qn_comm *comm) {
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS, ranks = qn_comm_size(comm);
    int64_t first = batches * qn_comm_rank(comm) / ranks;
    int64_t end = batches * (qn_comm_rank(comm) + 1) / ranks;
    qn_table_init(table);
    qn_batch empty = {0};
    work->fill(&empty, &table->schema);
    qn_batch_clear(&empty);
    for (int64_t b = first; b < end; b++) {
        int64_t left = rows - b * QN_BATCH_ROWS;
        qn_batch batch = {.first_row = b * QN_BATCH_ROWS,
                          .length = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS};
        work->fill(&batch, &table->schema);
        need(qn_table_add(table, &batch));
    }
}

/* ---- Workloads ------------------------------------------------------------------------------- */

#define ALL_REALS "c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19"

static const char *const index_stages[] = {"string_indexer input_col=word output_col=a", NULL};
static const char *const encode_stages[] = {"string_indexer input_col=word output_col=a",
                                            "one_hot_encoder input_col=a output_col=b", NULL};
static const char *const assemble_stages[] = {"vector_assembler output_col=b input_cols=" ALL_REALS,
                                              NULL};
static const char *const scale_stages[] = {
    "standard_scaler input_col=v output_col=b with_mean=true", NULL};
static const char *const mean_stages[] = {
    "imputer input_cols=c0,c1,c2,c3,c4 output_cols=b,o1,o2,o3,o4", NULL};
static const char *const median_stages[] = {
    "imputer input_cols=c0,c1,c2,c3,c4 output_cols=b,o1,o2,o3,o4 strategy=median", NULL};
static const char *const quantile_stages[] = {
    "quantile_discretizer input_col=x output_col=b num_buckets=10", NULL};
static const char *const tfidf_stages[] = {"tokenizer input_col=text output_col=words",
                                           "count_vectorizer input_col=words output_col=counts",
                                           "idf input_col=counts output_col=b", NULL};
static const char *const hashing_stages[] = {"tokenizer input_col=text output_col=words",
                                             "hashing_tf input_col=words output_col=counts",
                                             "idf input_col=counts output_col=b", NULL};

static const workload workloads[] = {
    {"index", index_stages, "a", fill_words},
    {"one_hot", encode_stages, "b", fill_words},
    {"assemble", assemble_stages, "b", fill_reals},
    {"scale", scale_stages, "b", fill_vectors},
    {"impute_mean", mean_stages, "b", fill_holes},
    {"impute_median", median_stages, "b", fill_holes},
    {"quantiles", quantile_stages, "b", fill_squares},
    {"tfidf", tfidf_stages, "b", fill_documents},
    {"hashing_tfidf", hashing_stages, "b", fill_documents},
};

static const workload *find_workload(const char *name) {
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    fprintf(stderr, "there is no workload '%s'\n", name);
    exit(EXIT_FAILURE);
}

static qn_stage *make_pipeline(const workload *work) {
    qn_stage *pipeline = NULL;
    need(qn_pipeline_new(&pipeline, NULL, 0));
    for (const char *const *text = work->stages; *text != NULL; text++)
        need(qn_pipeline_add(pipeline, make_stage(*text)));
    return pipeline;
}

/* ---- Measuring ------------------------------------------------------------------------------- */

static double slowest(double seconds, qn_comm *comm) {
    need(qn_comm_max_f64(comm, &seconds, 1));
    return seconds;
}

static double fit_slowest(qn_stage *stage, const qn_table *table, qn_comm *comm) {
    qn_stream *in = NULL;
    need(qn_table_stream(&in, table));
    need(qn_comm_barrier(comm));
    double start = now();
    need(qn_stage_fit(stage, in, comm));
    double seconds = slowest(now() - start, comm);
    qn_stream_free(in);
    return seconds;
}

static double sum_of(const qn_table *table, const char *name, qn_comm *comm) {
    int32_t c = qn_schema_find(&table->schema, name);
    double sum = 0;
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_column *column = table->batches[b].columns[c];
        int64_t count = column->length;
        if (column->type == QN_VECTOR)
            count = column->indices != NULL ? column->offsets[count] : count * column->width;
        for (int64_t i = 0; i < count; i++)
            sum += column->f64[i];
    }
    int64_t thousandths = (int64_t)(1e3 * sum); /* of ranks: reals are not summed across them */
    need(qn_comm_sum_i64(comm, &thousandths, 1));
    return 1e-3 * (double)thousandths;
}

static double transform_slowest(qn_stage *stage, const workload *work, const qn_table *table,
                                qn_comm *comm, double *sum) {
    qn_stream *in = NULL, *out = NULL;
    qn_table result;
    qn_table_init(&result);
    need(qn_table_stream(&in, table));
    need(qn_stage_stream(&out, stage, in));
    need(qn_comm_barrier(comm));
    double start = now();
    need(qn_table_collect(&result, out));
    double seconds = slowest(now() - start, comm);
    *sum = sum_of(&result, work->checked, comm);
    qn_stream_free(out);
    qn_table_clear(&result);
    return seconds;
}

static void print_times(const char *name, const double *seconds, int64_t count) {
    printf("\"%s\": [", name);
    for (int64_t i = 0; i < count; i++)
        printf("%s%.6f", i > 0 ? ", " : "", seconds[i]);
    printf("], ");
}

int main(int argc, char **argv) {
    qn_comm *comm = NULL;
    qn_mem_keep_freed(); /* as the program does */
    need(qn_comm_world(&comm));
    if (argc != 4) {
        fprintf(stderr, "usage: bench_features WORKLOAD ROWS REPEATS\n");
        return EXIT_FAILURE;
    }
    const workload *work = find_workload(argv[1]);
    int64_t repeats = atoll(argv[3]) < MAX_REPEATS ? atoll(argv[3]) : MAX_REPEATS;
    double fitting[MAX_REPEATS], transforming[MAX_REPEATS], sum = 0;
    qn_table table;
    make_table(&table, work, atoll(argv[2]), comm);
    qn_stage *pipeline = make_pipeline(work);
    for (int64_t i = 0; i < repeats; i++) {
        fitting[i] = fit_slowest(pipeline, &table, comm);
        transforming[i] = transform_slowest(pipeline, work, &table, comm, &sum);
    }
    if (qn_comm_rank(comm) == 0) {
        printf("{");
        print_times("fit", fitting, repeats);
        print_times("transform", transforming, repeats);
        printf("\"sum\": %.17g}\n", sum);
    }
    qn_stage_free(pipeline);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}

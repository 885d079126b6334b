/* Categories: string_indexer, alone and before one_hot_encoder, on plain strings of 12 bytes, in ns
 * a row beside a bare dictionary encoder in the same run (the limit: an open hash table with the
 * 12 bytes in its slots, 6.0 ns at 1e5 distinct); and the memory of a column of millions of
 * categories, in bytes a distinct value.
 *
 *     bench_categorical             1,000 and 100,000 categories, four million rows; other stages
 *     bench_categorical ROWS        all rows distinct: memory (mpiexec -n 2: half of them a rank)
 */
#include "core/memory.h"
#include "features/pipeline.h"
#include "tests/bench/bench.h"

#include <sys/resource.h>

/* ---- Data ----------------------------------------------------------------------------------- */

enum { WORD = 12 };

static void print_word(int64_t number, char out[WORD + 1]) {
    snprintf(out, WORD + 1, "cat-%08lld", (long long)number);
}

/* Rows [first, first + length) of `count` categories in a random order, or of all different ones.
 */
static qn_column *word_column(int64_t first, int64_t length, int64_t count) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = first; i < first + length; i++) {
        char word[WORD + 1];
        print_word(count > 0 ? random_of(i) % count : i, word);
        need(qn_string_builder_add(&builder, (qn_view){word, WORD}));
    }
    need(qn_string_builder_finish(&builder, &column));
    return column;
}

static void make_words(qn_table *table, int64_t batches, int64_t count) {
    qn_table_init(table);
    need(qn_schema_add(&table->schema, "word", QN_STRING));
    for (int64_t b = 0; b < batches; b++) {
        qn_batch batch = {.length = QN_BATCH_ROWS, .first_row = b * QN_BATCH_ROWS};
        need(qn_batch_append(&batch, word_column(batch.first_row, QN_BATCH_ROWS, count)));
        need(qn_table_add(table, &batch));
    }
}

/* ---- The limit ------------------------------------------------------------------------------ */

typedef struct bare_slot {
    uint64_t head, tail; /* bytes 0 to 7 and 4 to 11 */
    int64_t code;        /* -1: free */
} bare_slot;

__extension__ typedef unsigned __int128 wide;

static int64_t bare_code(bare_slot *slots, uint64_t mask, const char *text, int64_t *count) {
    uint64_t head, tail;
    memcpy(&head, text, 8);
    memcpy(&tail, text + 4, 8);
    wide product =
        (wide)(head ^ UINT64_C(0x2d358dccaa6c78a5)) * (tail ^ UINT64_C(0x8bb84b93962eacc9));
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    uint64_t at = (folded ^ folded >> 29) & mask;
    while (slots[at].code >= 0 && (slots[at].head != head || slots[at].tail != tail))
        at = (at + 1) & mask;
    if (slots[at].code < 0)
        slots[at] = (bare_slot){head, tail, (*count)++};
    return slots[at].code;
}

static double bare_encoder(const qn_table *table, int64_t categories) {
    uint64_t size = 16;
    while (size < 2 * (uint64_t)categories)
        size *= 2;
    bare_slot *slots = NULL;
    int32_t *codes = NULL;
    int64_t count = 0;
    need(qn_mem_alloc(&slots, size, sizeof *slots));
    need(qn_mem_alloc(&codes, QN_BATCH_ROWS, sizeof *codes));
    memset(slots, 0xff, size * sizeof *slots);
    double time = 0;
    for (int run = 0; run < 2; run++) { /* the second finds all words */
        double start = seconds();
        for (int64_t b = 0; b < table->batch_count; b++) {
            const qn_column *column = table->batches[b].columns[0];
            for (int64_t i = 0; i < column->length; i++)
                codes[i] =
                    (int32_t)bare_code(slots, size - 1, column->chars + column->offsets[i], &count);
        }
        time = seconds() - start;
    }
    qn_mem_free(slots);
    qn_mem_free(codes);
    return time;
}

/* ---- Stages --------------------------------------------------------------------------------- */

static void bench_words(qn_comm *comm, int64_t batches, int64_t categories) {
    double bare = 0, fitting = 0, indexing = 0, encoding = 0;
    double rows = (double)(batches * QN_BATCH_ROWS);
    qn_table table;
    qn_stage *both = NULL;
    qn_stage *indexer = make_stage("string_indexer input_col=word output_col=index");
    qn_stage *stages[] = {make_stage("string_indexer input_col=word output_col=index"),
                          make_stage("one_hot_encoder input_col=index output_col=vector")};
    make_words(&table, batches, categories);
    need(qn_pipeline_new(&both, stages, 2));
    (void)fit(both, &table, comm);
    for (int run = 0; run < 3; run++) {
        bare = best_of(bare, bare_encoder(&table, categories));
        fitting = best_of(fitting, fit(indexer, &table, comm));
        indexing = best_of(indexing, transform(indexer, &table));
        encoding = best_of(encoding, transform(both, &table));
    }
    printf("%7lld categories: bare encoder %.2f ns/row, string_indexer fit %.2f, transform %.2f "
           "(%.0f %% of the bare rate), and one_hot_encoder %.2f\n",
           (long long)categories, 1e9 * bare / rows, 1e9 * fitting / rows, 1e9 * indexing / rows,
           100 * bare / indexing, 1e9 * encoding / rows);
    qn_stage_free(indexer);
    qn_stage_free(both);
    qn_table_clear(&table);
}

/* ---- Other stages --------------------------------------------------------------------------- */

/* word: 1,000 categories; k: category indices; y: a label; v: vectors of 10 slots, 5 of them with 8
 * values. */
static void make_mixed(qn_table *table, int64_t batches) {
    enum { SLOTS = 10 };
    qn_field vector = {.name = (char *)(uintptr_t) "v", .type = QN_VECTOR, .width = SLOTS};
    make_words(table, batches, 1000);
    need(qn_schema_add(&table->schema, "k", QN_FLOAT64));
    need(qn_schema_add(&table->schema, "y", QN_FLOAT64));
    need(qn_schema_add_field(&table->schema, &vector));
    for (int64_t b = 0; b < batches; b++) {
        qn_column *k = NULL, *y = NULL, *v = NULL;
        need(qn_column_new(&k, QN_FLOAT64, QN_BATCH_ROWS, 0));
        need(qn_column_new(&y, QN_FLOAT64, QN_BATCH_ROWS, 0));
        need(qn_column_new(&v, QN_VECTOR, QN_BATCH_ROWS, SLOTS));
        for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
            uint32_t draw = random_of(b * QN_BATCH_ROWS + i);
            k->f64[i] = draw % 1000;
            y->f64[i] = 1e-3 * (draw % 100003);
            for (int s = 0; s < SLOTS; s++)
                v->f64[i * SLOTS + s] =
                    s < 5 ? (double)(random_of(i * SLOTS + s) % 8) : 1e-3 * random_of(i + s);
        }
        need(qn_batch_append(&table->batches[b], k));
        need(qn_batch_append(&table->batches[b], y));
        need(qn_batch_append(&table->batches[b], v));
    }
}

static void bench_stage(qn_stage *stage, const char *name, const qn_table *table, qn_comm *comm) {
    double fitting = 0, transforming = 0;
    double rows = (double)(table->batch_count * QN_BATCH_ROWS);
    for (int run = 0; run < 3; run++) {
        fitting = best_of(fitting, fit(stage, table, comm));
        transforming = best_of(transforming, transform(stage, table));
    }
    printf("%-34s fit %6.2f ns/row, transform %6.2f\n", name, 1e9 * fitting / rows,
           1e9 * transforming / rows);
    qn_stage_free(stage);
}

static void bench_others(qn_comm *comm) {
    qn_table table;
    make_mixed(&table, 64);
    bench_stage(make_stage("frequency_encoder input_col=word output_col=a"), "frequency_encoder",
                &table, comm);
    bench_stage(
        make_stage("target_encoder input_col=k output_col=a label_col=y target_type=continuous"),
        "target_encoder, 1,000 categories", &table, comm);
    bench_stage(make_stage("vector_indexer input_col=v output_col=a"), "vector_indexer, 10 slots",
                &table, comm);
    bench_stage(make_stage("feature_hasher input_cols=word,k,y output_col=a"),
                "feature_hasher, a text, 2 numbers", &table, comm);
    qn_table_clear(&table);
}

/* ---- Memory --------------------------------------------------------------------------------- */

/* Rows made as they are read: all different. */
typedef struct distinct_stream {
    qn_stream base;
    int64_t begin, end, next;
} distinct_stream;

static qn_status distinct_next(qn_stream *stream, qn_batch *out) {
    distinct_stream *self = (distinct_stream *)stream;
    if (self->next >= self->end)
        return QN_OK;
    int64_t left = self->end - self->next;
    out->length = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS;
    out->first_row = self->next;
    QN_TRY(qn_batch_append(out, word_column(self->next, out->length, 0)));
    self->next += out->length;
    return QN_OK;
}

static qn_status distinct_rewind(qn_stream *stream) {
    ((distinct_stream *)stream)->next = ((distinct_stream *)stream)->begin;
    return QN_OK;
}

static void distinct_free(qn_stream *stream) {
    (void)stream;
}

static const qn_stream_class distinct_class = {"distinct", distinct_next, distinct_rewind,
                                               distinct_free};

static int64_t peak_rss(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss << 10;
}

static void bench_memory(qn_comm *comm, int64_t rows) {
    qn_schema schema;
    distinct_stream *in = NULL;
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS, before = peak_rss();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_schema_init(&schema);
    need(qn_schema_add(&schema, "word", QN_STRING));
    need(qn_stream_new(&in, sizeof *in, &distinct_class, &schema));
    in->begin = in->next = batches * rank / size * QN_BATCH_ROWS;
    in->end = batches * (rank + 1) / size * QN_BATCH_ROWS;
    in->end = in->end < rows ? in->end : rows;
    qn_stage *indexer = make_stage("string_indexer input_col=word output_col=index");
    double start = seconds();
    need(qn_stage_fit(indexer, &in->base, comm));
    double fitting = seconds() - start;
    int64_t fitted = qn_mem_in_use();
    qn_stream *out = NULL;
    need(qn_stage_stream(&out, indexer, &in->base));
    need(qn_stream_rewind(out));
    double transforming = drain(out), n = (double)rows;
    if (rank == 0)
        printf("%lld categories of %d bytes on %lld ranks, a rank: fit %.2f s, transform %.2f s, "
               "fitted %.0f bytes a category, peak %.0f (resident %.0f)\n",
               (long long)rows, WORD, (long long)size, fitting, transforming, (double)fitted / n,
               (double)qn_mem_peak() / n, (double)(peak_rss() - before) / n);
    qn_stage_free(indexer);
    qn_schema_clear(&schema);
}

int main(int count, char **arguments) {
    qn_comm *comm = NULL;
    need(qn_comm_world(&comm));
    if (count > 1) {
        bench_memory(comm, atoll(arguments[1]));
    } else {
        qn_mem_keep_freed();
        bench_words(comm, 256, 1000);
        bench_words(comm, 256, 100000);
        bench_others(comm);
    }
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}

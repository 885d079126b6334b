/* The checks of the contract suites (features and ml): each takes an example of a stage. */
#ifndef QUERN_TESTS_FEATURES_STAGE_STAGE_CONTRACT_H
#define QUERN_TESTS_FEATURES_STAGE_STAGE_CONTRACT_H

#include "features/pipeline.h"
#include "mpi/file/file.h"
#include "tests/features/stage/stage_data.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct contract_example {
    const char *text;  /* as for stage_of; '|' stands for a blank inside a value */
    const char *wrong; /* an option and a value that names a column of a wrong type; or NULL */
} contract_example;

static inline qn_stage *contract_stage(const char *text) {
    char copy[512];
    snprintf(copy, sizeof copy, "%s", text);
    qn_stage *stage = stage_of(copy);
    if (strchr(copy, '|') != NULL) {
        char *value = strchr(copy, '=');
        char *name = strchr(copy, ' ') + 1;
        *value++ = '\0';
        for (char *c = value; *c != '\0'; c++)
            *c = *c == '|' ? ' ' : *c;
        QN_TEST_OK(qn_stage_set(stage, name, value));
    }
    return stage;
}

/* ---- Data ----------------------------------------------------------------------------------- */

static inline void contract_strings(qn_table *frame, int64_t rows) {
    static const char *const words[] = {"blue", "red", "", "gr\xc3\xbcn", "a longer text, quoted"};
    const char **values = NULL;
    QN_TEST_OK(qn_mem_alloc(&values, (size_t)rows, sizeof *values));
    for (int64_t i = 0; i < rows; i++)
        values[i] = i % 11 == 5 ? NULL : words[(i * i) % 7 % 5];
    frame_texts(frame, "word", values, rows);
    qn_mem_free(values);
}

static inline void contract_sparse(qn_table *frame, int64_t rows) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new_sparse(&column, rows, 12, 2 * rows));
    int32_t stored = 0;
    for (int64_t i = 0; i < rows; i++) {
        for (int32_t k = (int32_t)(i % 5); k < 12 && i % 3 != 0; k += 7) {
            column->indices[stored] = k;
            column->f64[stored++] = 0.1 * (double)(i % 17);
        }
        column->offsets[i + 1] = stored;
    }
    frame_add(frame, "s", column, NULL);
}

/* Sentences with repeated words, capitals, punctuation, letters beyond ASCII and nulls. */
static inline void contract_sentences(qn_table *frame, int64_t rows) {
    static const char *const words[] = {
        "The",     "mill", "grinds", "",   "gr\xc3\xbcn.", "\xc3\x89t\xc3\xa9",
        "RUNNING", "of",   "corn",   "a,b"};
    char(*texts)[80] = NULL;
    const char **values = NULL;
    QN_TEST_OK(qn_mem_alloc(&texts, (size_t)rows, sizeof *texts));
    QN_TEST_OK(qn_mem_alloc(&values, (size_t)rows, sizeof *values));
    for (int64_t i = 0; i < rows; i++) {
        int used = 0;
        texts[i][0] = '\0';
        for (int64_t k = 0; k < i % 6; k++)
            used += snprintf(texts[i] + used, sizeof texts[i] - (size_t)used, "%s%s",
                             k > 0 ? " " : "", words[(i * 3 + k * k) % 10]);
        values[i] = i % 17 == 9 ? NULL : texts[i];
    }
    frame_texts(frame, "text", values, rows);
    qn_mem_free(values);
    qn_mem_free(texts);
}

/* Lists of the texts of column "word" (nulls inside), of 0 to 3 items; some rows are null. */
static inline void contract_lists(qn_table *frame, int64_t rows) {
    const qn_batch *batch = &frame->batches[0];
    const qn_column *words = batch->columns[qn_schema_find(&frame->schema, "word")];
    qn_column *column = NULL;
    int64_t *items = NULL, count = 0;
    QN_TEST_OK(qn_column_new(&column, QN_STRING_LIST, rows, 0));
    QN_TEST_OK(qn_mem_alloc(&items, (size_t)(3 * rows), sizeof *items));
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t k = 0; k < i % 4 && i % 19 != 3; k++)
            items[count++] = (i * 5 + k) % rows;
        column->offsets[i + 1] = (int32_t)count;
    }
    QN_TEST_OK(qn_column_take(&column->items, words, items, count));
    qn_mem_free(items);
    frame_add(frame, "tokens", column, NULL);
    for (int64_t i = 3; i < rows; i += 19)
        frame_null(frame, i);
}

/* flag: bools; day: dates and time: timestamps, some before 1970 and some null. */
static inline void contract_moments(qn_table *frame, int64_t rows) {
    qn_column *flag = NULL, *day = NULL, *time = NULL;
    QN_TEST_OK(qn_column_new(&flag, QN_BOOL, rows, 0));
    QN_TEST_OK(qn_column_new(&day, QN_DATE, rows, 0));
    QN_TEST_OK(qn_column_new(&time, QN_TIMESTAMP, rows, 0));
    for (int64_t i = 0; i < rows; i++) {
        if (i % 3 == 1)
            qn_bit_set(flag->bits, i);
        day->i32[i] = (int32_t)((i * 7919) % 20011 - 2000);
        time->i64[i] = day->i32[i] * INT64_C(86400000000000) + i * INT64_C(12345678901);
    }
    frame_add(frame, "flag", flag, NULL);
    frame_add(frame, "day", day, NULL);
    for (int64_t i = 6; i < rows; i += 21)
        frame_null(frame, i);
    frame_add(frame, "time", time, NULL);
    for (int64_t i = 2; i < rows; i += 23)
        frame_null(frame, i);
}

/* cat: indices of known categories. */
static inline void contract_nominal(qn_table *frame, int64_t rows) {
    static const char *const names[] = {"low", "middle", "high"};
    qn_attributes *attributes = NULL;
    qn_column *column = NULL;
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, names, 3));
    QN_TEST_OK(qn_attributes_set_source(attributes, "level"));
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, rows, 0));
    for (int64_t i = 0; i < rows; i++)
        column->f64[i] = (double)((i * i + i / 3) % 3);
    frame_add(frame, "cat", column, attributes);
    qn_attributes_release(attributes);
}

/* x: reals with NaN and nulls; n: integers; k: small categories; word: strings with nulls;
 * text: sentences; tokens: lists of strings; flag, day, time: bools, dates, timestamps; cat:
 * category indices with names; v: dense vectors; s: sparse ones; label and weight for
 * predictors. */
static inline void contract_frame(qn_table *frame, int64_t rows) {
    double *reals = NULL;
    int32_t *ints = NULL;
    QN_TEST_OK(qn_mem_alloc(&reals, (size_t)(3 * rows), sizeof *reals));
    QN_TEST_OK(qn_mem_alloc(&ints, (size_t)rows, sizeof *ints));
    qn_table_init(frame);
    for (int64_t i = 0; i < rows; i++)
        reals[i] = i % 13 == 7 ? NAN : 1e3 + 0.1 * (double)((i * 37) % 101);
    frame_reals(frame, "x", reals, rows);
    for (int64_t i = 4; i < rows; i += 9)
        frame_null(frame, i);
    for (int64_t i = 0; i < rows; i++)
        ints[i] = (int32_t)((i * 7919) % 23);
    frame_ints(frame, "n", ints, rows);
    for (int64_t i = 0; i < rows; i++)
        ints[i] = (int32_t)((i * i) % 5);
    frame_ints(frame, "k", ints, rows);
    contract_strings(frame, rows);
    for (int64_t i = 0; i < 3 * rows; i++)
        reals[i] = sin((double)i) * pow(10, (double)(i % 3));
    frame_vectors(frame, "v", reals, rows, 3);
    contract_sparse(frame, rows);
    contract_sentences(frame, rows);
    contract_lists(frame, rows);
    contract_moments(frame, rows);
    contract_nominal(frame, rows);
    for (int64_t i = 0; i < rows; i++)
        reals[i] = 3 + 2 * sin((double)(3 * i)) + cos((double)(i * i));
    frame_reals(frame, "label", reals, rows);
    for (int64_t i = 0; i < rows; i++)
        reals[i] = 1 + (double)(i % 4);
    frame_reals(frame, "weight", reals, rows);
    qn_mem_free(reals);
    qn_mem_free(ints);
}

/* ---- Digests -------------------------------------------------------------------------------- */

static inline uint64_t contract_hash_value(const qn_column *column, int64_t row, uint64_t seed) {
    if (qn_column_is_null(column, row))
        return XXH3_64bits_withSeed("null", 4, seed);
    if (column->type == QN_STRING_LIST) {
        int32_t first = column->offsets[row], end = column->offsets[row + 1];
        seed += (uint64_t)(end - first);
        for (int32_t i = first; i < end; i++)
            seed = contract_hash_value(column->items, i, seed);
        return seed;
    }
    if (column->type == QN_STRING) {
        qn_view text = qn_column_string(column, row);
        return XXH3_64bits_withSeed(text.data, (size_t)text.length, seed);
    }
    if (column->type == QN_VECTOR)
        return XXH3_64bits_withSeed(column->f64 + row * column->width,
                                    (size_t)column->width * sizeof *column->f64, seed);
    double value = qn_column_real(column, row);
    return XXH3_64bits_withSeed(&value, sizeof value, seed);
}

/* A sum over all rows of all ranks of a hash of row number and values. */
static inline int64_t contract_digest(const qn_table *table, qn_comm *comm) {
    uint64_t sum = 0;
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_batch *batch = &table->batches[b];
        uint64_t *hashes = NULL;
        QN_TEST_OK(qn_mem_calloc(&hashes, (size_t)batch->length, sizeof *hashes));
        for (int64_t i = 0; i < batch->length; i++)
            hashes[i] = (uint64_t)qn_batch_row(batch, i);
        for (int32_t c = 0; c < batch->count; c++) {
            qn_column *column = qn_column_retain(batch->columns[c]), *dense = NULL;
            if (column->type == QN_VECTOR) {
                QN_TEST_OK(qn_column_densify(&dense, column));
                qn_column_release(column);
                column = dense;
            }
            for (int64_t i = 0; i < batch->length; i++)
                hashes[i] = contract_hash_value(column, i, hashes[i]);
            qn_column_release(column);
        }
        for (int64_t i = 0; i < batch->length; i++)
            sum += hashes[i];
        qn_mem_free(hashes);
    }
    int64_t total = (int64_t)sum;
    QN_TEST_OK(qn_comm_sum_i64(comm, &total, 1));
    return total;
}

/* Fits, saves, transforms on a communicator. */
typedef struct contract_result {
    int64_t digest;
    char *model;
    int64_t model_length;
} contract_result;

static inline int64_t contract_transform(qn_stage *stage, const qn_table *frame, int64_t rows,
                                         qn_comm *comm) {
    qn_execution execution = qn_execution_of(comm);
    qn_stream *stream = NULL;
    qn_table out;
    qn_table_init(&out);
    qn_stage_set_execution(stage, &execution);
    QN_TEST_OK(qn_stage_stream(&stream, stage, frame_stream(frame, comm, rows)));
    QN_TEST_OK(qn_comm_agree(comm, qn_table_collect(&out, stream)));
    int64_t digest = contract_digest(&out, comm);
    qn_stream_free(stream);
    qn_stage_set_execution(stage, NULL);
    qn_table_clear(&out);
    return digest;
}

static inline contract_result contract_run(qn_stage *stage, const qn_table *frame, int64_t rows,
                                           qn_comm *comm, const char *path) {
    contract_result result = {0};
    qn_stream *in = frame_stream(frame, comm, rows);
    QN_TEST_OK(qn_stage_fit(stage, in, comm));
    qn_stream_free(in);
    QN_TEST_OK(qn_pipeline_save(stage, comm, path));
    result.digest = contract_transform(stage, frame, rows, comm);
    QN_TEST_OK(qn_file_read_all(path, &result.model, &result.model_length));
    return result;
}

/* ---- Checks --------------------------------------------------------------------------------- */

#define CONTRACT_ASSERT(condition, name)                                                           \
    do {                                                                                           \
        char contract_text_[700];                                                                  \
        snprintf(contract_text_, sizeof contract_text_, "%s: %s", #condition, (name));             \
        qn_test_check((condition), __FILE__, __LINE__, contract_text_);                            \
    } while (0)

static inline bool contract_covers(const contract_example *examples, const char *name) {
    size_t length = strlen(name);
    for (; examples->text != NULL; examples++)
        if (strncmp(examples->text, name, length) == 0 &&
            strchr(" ", examples->text[length]) != NULL)
            return true;
    return false;
}

/* On all ranks together against all rows on each rank alone. */
static inline void contract_same_bytes_of(qn_stage *stage, const char *name) {
    qn_table frame;
    qn_comm *alone = NULL;
    char path[64];
    contract_frame(&frame, 2000);
    QN_TEST_OK(qn_comm_self(&alone));
    snprintf(path, sizeof path, "alone-%d.h5", qn_comm_rank(qn_test_comm()));
    contract_result shared =
        contract_run(stage, &frame, 150, qn_test_comm(), qn_test_path("shared.h5"));
    contract_result serial = contract_run(stage, &frame, 150, alone, qn_test_path(path));
    CONTRACT_ASSERT(shared.digest == serial.digest, name);
    CONTRACT_ASSERT(shared.model_length == serial.model_length, name);
    CONTRACT_ASSERT(shared.model_length == serial.model_length &&
                        memcmp(shared.model, serial.model, (size_t)serial.model_length) == 0,
                    name);
    qn_mem_free(shared.model);
    qn_mem_free(serial.model);
    qn_comm_free(alone);
    qn_table_clear(&frame);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static inline void contract_same_bytes(const contract_example *example) {
    qn_stage *stage = contract_stage(example->text);
    contract_same_bytes_of(stage, example->text);
    qn_stage_free(stage);
}

static inline void contract_save_load_of(qn_stage *stage, const char *name) {
    qn_table frame;
    qn_stage *loaded = NULL;
    json_t *before = NULL, *after = NULL;
    contract_frame(&frame, 300);
    const char *path = qn_test_path("loaded.h5");
    contract_result result = contract_run(stage, &frame, 70, qn_test_comm(), path);
    QN_TEST_OK(qn_pipeline_load(&loaded, qn_test_comm(), path, stage_registries));
    if (loaded != NULL) {
        CONTRACT_ASSERT(contract_transform(loaded, &frame, 70, qn_test_comm()) == result.digest,
                        name);
        QN_TEST_OK(qn_stage_describe(stage, &before));
        QN_TEST_OK(qn_stage_describe(loaded, &after));
        CONTRACT_ASSERT(json_equal(before, after), name);
    }
    json_decref(before);
    json_decref(after);
    qn_mem_free(result.model);
    qn_stage_free(loaded);
    qn_table_clear(&frame);
}

static inline void contract_save_load(const contract_example *example) {
    qn_stage *stage = contract_stage(example->text);
    contract_save_load_of(stage, example->text);
    qn_stage_free(stage);
}

static inline void contract_bind_fails(qn_stage *stage, const qn_schema *schema, const char *text,
                                       const char *name) {
    qn_schema out;
    qn_schema_init(&out);
    qn_status status = qn_stage_bind(stage, schema, &out);
    CONTRACT_ASSERT(status == QN_JOB, name);
    CONTRACT_ASSERT(strstr(qn_last_error().message, text) != NULL, name);
    CONTRACT_ASSERT(
        strncmp(qn_last_error().message, stage->class_->name, strlen(stage->class_->name)) == 0,
        name);
    qn_schema_clear(&out);
}

static inline bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* r_formula's columns are outputs, and its label may be there already. */
static inline bool contract_formula(const qn_stage_class *class_, const char *option) {
    return strcmp(class_->name, "r_formula") == 0 && strcmp(option, "features_col") == 0;
}
static inline bool contract_kept(const qn_stage_class *class_, const char *option) {
    return strcmp(class_->name, "r_formula") == 0 && strcmp(option, "label_col") == 0;
}

/* Each option that names columns, set to a missing one or, for outputs, to one that exists. */
static inline void contract_columns_refused(const contract_example *example,
                                            const qn_schema *schema) {
    const qn_stage_class *class_ = NULL;
    qn_stage *probe = contract_stage(example->text);
    class_ = probe->class_;
    for (const qn_option *row = class_->options; row->name != NULL; row++) {
        qn_stage *stage = contract_stage(example->text);
        bool adds = strncmp(row->name, "output", 6) == 0 ||
                    strncmp(row->name, "prediction", 10) == 0 ||
                    contract_formula(class_, row->name);
        bool column = ends_with(row->name, "_col"), columns = ends_with(row->name, "_cols");
        int64_t count = 0;
        char *const *names;
        if (columns && qn_options_has(stage->options, row->name))
            count = qn_options_list(stage->options, row->name, &names);
        const char *taken[] = {"n", "n", "n"}, *missing[] = {"colour", "colour", "colour"};
        column = column && !contract_kept(class_, row->name);
        if (column && qn_options_has(probe->options, row->name)) {
            QN_TEST_OK(qn_stage_set(stage, row->name, adds ? "n" : "colour"));
            contract_bind_fails(stage, schema, adds ? "'n'" : "'colour'", example->text);
        } else if (columns && count > 0) {
            QN_TEST_OK(
                qn_stage_set_list(stage, row->name, adds ? taken : missing, count < 3 ? count : 3));
            contract_bind_fails(stage, schema, adds ? "'n'" : "'colour'", example->text);
        }
        qn_stage_free(stage);
    }
    qn_stage_free(probe);
}

static inline void contract_refused(const contract_example *example) {
    qn_table frame;
    contract_frame(&frame, 10);
    qn_stage *stage = contract_stage(example->text);
    QN_TEST_FAILS(qn_stage_set(stage, "imput_col", "x"), QN_JOB, "imput_col");
    if (example->wrong != NULL) {
        char copy[200], *value;
        snprintf(copy, sizeof copy, "%s", example->wrong);
        value = strchr(copy, '=');
        *value++ = '\0';
        QN_TEST_OK(qn_stage_set(stage, copy, value));
        contract_bind_fails(stage, &frame.schema, "but must be", example->text);
    }
    contract_columns_refused(example, &frame.schema);
    qn_stage_free(stage);
    qn_table_clear(&frame);
}

/* No rows on any rank: an output without rows, or a DATA error. */
static inline void contract_empty(const contract_example *example) {
    qn_table frame, out;
    contract_frame(&frame, 0);
    qn_stage *stage = contract_stage(example->text);
    qn_status status = fit_transform(stage, &frame, 10, &out);
    CONTRACT_ASSERT(status == QN_OK || status == QN_DATA || status == QN_JOB, example->text);
    CONTRACT_ASSERT(out.row_count == 0, example->text);
    qn_table_clear(&out);
    qn_stage_free(stage);
    qn_table_clear(&frame);
}

/* ---- Failing allocations -------------------------------------------------------------------- */

/* Everything a stage can do; through a file if `path` is not NULL. */
static inline qn_status contract_work(qn_stage *stage, qn_stream *in, qn_comm *comm,
                                      const char *path) {
    qn_status status;
    qn_execution execution = qn_execution_of(comm);
    qn_stage *loaded = NULL, *used = stage;
    json_t *description = NULL;
    qn_stream *borrowed = NULL, *rows = NULL;
    qn_table out;
    qn_table_init(&out);
    QN_TRY_GOTO(qn_stage_fit(stage, in, comm), done);
    if (path != NULL) {
        QN_TRY_GOTO(qn_pipeline_save(stage, comm, path), done);
        QN_TRY_GOTO(qn_pipeline_load(&loaded, comm, path, stage_registries), done);
        used = loaded;
    }
    QN_TRY_GOTO(qn_stage_describe(used, &description), done);
    qn_stage_set_execution(used, &execution);
    QN_TRY_GOTO(qn_stream_rewind(in), done);
    QN_TRY_GOTO(qn_stream_borrow(&borrowed, in), done);
    QN_TRY_GOTO(qn_stage_stream(&rows, used, borrowed), done);
    status = qn_table_collect(&out, rows);
done:
    qn_stream_free(rows);
    qn_table_clear(&out);
    json_decref(description);
    qn_stage_free(loaded);
    return status;
}

enum { EVERY_ALLOCATION = 700 }; /* past it one of seven: stages made of stages need thousands */

/* Each `step`-th allocation in turn fails once; every failure is a MEMORY error and leaves no
 * block. Files are slow, so with one not every allocation is tried. */
static inline void contract_memory_at(qn_stage *(*make)(void), const char *name, const char *path,
                                      int64_t step) {
    qn_table frame;
    qn_comm *alone = NULL;
    contract_frame(&frame, 60);
    QN_TEST_OK(qn_comm_self(&alone));
    qn_status status = QN_MEMORY;
    for (int64_t successes = 0; status != QN_OK && successes < 100000;
         successes += successes < EVERY_ALLOCATION ? step : 7 * step) {
        qn_stage *stage = make();
        qn_stream *in = frame_stream(&frame, alone, 40);
        int64_t before = qn_mem_blocks();
        int64_t inside = 0;
        qn_mem_fail_after(successes);
        status = contract_work(stage, in, alone, path);
        qn_mem_fail_after(-1);
        qn_stream_free(in);
        qn_stage_free(stage);
        stage = make();
        in = frame_stream(&frame, alone, 40);
        inside = qn_mem_blocks() - before;
        qn_stream_free(in);
        qn_stage_free(stage);
        if ((status != QN_OK && status != QN_MEMORY) || inside != 0) {
            char text[200];
            snprintf(text, sizeof text, "allocation %lld: %s, %lld blocks left: %s",
                     (long long)successes, qn_status_name(status), (long long)inside, name);
            qn_test_check(false, __FILE__, __LINE__, text);
            break;
        }
    }
    CONTRACT_ASSERT(status == QN_OK, name);
    qn_comm_free(alone);
    qn_table_clear(&frame);
}

static inline void contract_memory_of(qn_stage *(*make)(void), const char *name) {
    contract_memory_at(make, name, NULL, 1);
    contract_memory_at(make, name, qn_test_path("memory.h5"), 13);
}

static const char *contract_text; /* of the example at work */

static inline qn_stage *contract_make(void) {
    return contract_stage(contract_text);
}

static inline void contract_memory(const contract_example *example) {
    contract_text = example->text;
    if (qn_comm_size(qn_test_comm()) == 1)
        contract_memory_of(contract_make, example->text);
}

#endif

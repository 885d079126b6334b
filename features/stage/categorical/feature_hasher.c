/* feature_hasher: columns of any number as one sparse vector, by hashing (K. Weinberger et al.,
 * 2009; Spark's FeatureHasher). A number x of column c adds x to slot hash("c"), a category v adds
 * 1 to slot hash("c=v"); strings, bools and the columns in categorical_cols are categories. The
 * hash is Murmur3 as since Spark 3; slots are its remainder by num_features.
 *
 * Nulls add nothing. NaN is a number like others, and the category "NaN". */
#include "core/memory.h"
#include "core/text/murmur3.h"
#include "core/text/short.h"
#include "features/stage/as_text.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"

#include <string.h>

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "numeric, bool and string columns"},
    {"output_col", QN_OPTION_TEXT, NULL, NULL, "vector column to add"},
    {"num_features", QN_OPTION_INT, "262144", "[1,2147483647]",
     "slots of the vector; best a power of two"},
    {"categorical_cols", QN_OPTION_TEXTS, NULL, NULL,
     "those of the numeric input columns that are categories"},
    {NULL, 0, NULL, NULL, NULL}};

/* ---- Binding -------------------------------------------------------------------------------- */

static bool lists(const qn_stage *stage, const char *option, const char *name) {
    char *const *names;
    if (!qn_options_is_set(stage->options, option))
        return false;
    int64_t count = qn_options_list(stage->options, option, &names);
    for (int64_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static qn_status check_categorical(const qn_stage *stage) {
    char *const *names;
    if (!qn_options_is_set(stage->options, "categorical_cols"))
        return QN_OK;
    int64_t count = qn_options_list(stage->options, "categorical_cols", &names);
    for (int64_t i = 0; i < count; i++)
        if (!lists(stage, "input_cols", names[i]))
            return qn_fail(QN_JOB, "categorical_cols names '%s', which is not among input_cols",
                           names[i]);
    return QN_OK;
}

static qn_status check_inputs(const qn_stage *stage, const qn_schema *in) {
    char *const *names;
    int64_t count = qn_options_list(stage->options, "input_cols", &names);
    if (count == 0)
        return qn_fail(QN_JOB, "input_cols names no column");
    for (int64_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_schema_require(in, names[i], &index));
        const qn_field *field = &in->fields[index];
        if (!qn_type_is_numeric(field->type) && field->type != QN_BOOL && field->type != QN_STRING)
            return qn_columns_fail_type(field, "numeric, bool or string");
    }
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    if (!qn_options_is_set(stage->options, "input_cols"))
        return qn_fail(QN_JOB, "input_cols is not set");
    if (!qn_options_is_set(stage->options, "output_col"))
        return qn_fail(QN_JOB, "output_col is not set");
    QN_TRY(check_inputs(stage, in));
    QN_TRY(check_categorical(stage));
    QN_TRY(qn_schema_copy(out, in));
    return qn_columns_add(out, qn_options_text(stage->options, "output_col"), QN_VECTOR,
                          (int32_t)qn_options_int(stage->options, "num_features"), NULL);
}

/* ---- Slots ---------------------------------------------------------------------------------- */

/* One input: the slot and the value of each row; slot -1 where it is null. */
typedef struct entries {
    int32_t *slots;
    double *values;
} entries;

static int32_t slot_of(qn_view text, int32_t width) {
    return qn_murmur3_slot(qn_murmur3_bytes(text, QN_MURMUR3_SEED), width);
}

/* Hashes "name=value" for many values: the whole words of "name=" once; its last bytes stand in
 * `bytes`, where the values are put behind them. */
typedef struct category_key {
    uint32_t hash;
    int32_t width;
    int64_t prefix, kept; /* bytes of "name=", and of it in `bytes` */
    char *bytes;
} category_key;

static int64_t longest_text(const qn_column *texts) {
    int64_t longest = 0;
    for (int64_t i = 0; i < texts->length; i++) {
        int64_t length = qn_column_string(texts, i).length;
        longest = length > longest ? length : longest;
    }
    return longest;
}

static qn_status key_init(category_key *key, const char *name, const qn_column *values,
                          int32_t width) {
    char *text = NULL;
    QN_TRY(qn_format(&text, "%s=", name));
    int64_t prefix = (int64_t)strlen(text), whole = prefix & ~INT64_C(3);
    *key = (category_key){.width = width, .prefix = prefix, .kept = prefix - whole};
    key->hash = qn_murmur3_words(QN_MURMUR3_SEED, (qn_view){text, whole});
    qn_status status = qn_mem_alloc(&key->bytes, (size_t)(key->kept + longest_text(values)), 1);
    if (status == QN_OK)
        memcpy(key->bytes, text + whole, (size_t)key->kept);
    qn_mem_free(text);
    return status;
}

static inline int32_t category_slot(const category_key *key, qn_view value) {
    qn_copy_short(key->bytes + key->kept, value.data, value.length);
    qn_view text = {key->bytes, key->kept + value.length};
    return qn_murmur3_slot(qn_murmur3_end(key->hash, text, key->prefix + value.length), key->width);
}

/* The slot of each text of a column. */
static qn_status text_slots(const char *name, const qn_column *texts, int32_t width, int32_t *out) {
    category_key key;
    QN_TRY(key_init(&key, name, texts, width));
    for (int64_t i = 0; i < texts->length; i++)
        out[i] = category_slot(&key, qn_column_string(texts, i));
    qn_mem_free(key.bytes);
    return QN_OK;
}

/* Hashes each entry of a dictionary once. */
static qn_status coded_slots(const char *name, const qn_column *texts, int32_t width,
                             int32_t *out) {
    int32_t *slots = NULL;
    QN_TRY(qn_mem_alloc(&slots, (size_t)texts->dictionary->length + 1, sizeof *slots));
    slots[0] = -1; /* the code under a null, even if the dictionary is empty */
    qn_status status = text_slots(name, texts->dictionary, width, slots);
    for (int64_t i = 0; i < texts->length && status == QN_OK; i++)
        out[i] = slots[texts->codes[i]];
    qn_mem_free(slots);
    return status;
}

/* The slot of NaN, which has no text as other categories have. */
static qn_status nan_slot(const char *name, int32_t width, int32_t *out) {
    char *text = NULL;
    QN_TRY(qn_format(&text, "%s=NaN", name));
    *out = slot_of(qn_view_of(text), width);
    qn_mem_free(text);
    return QN_OK;
}

static qn_status hash_categories(const char *name, const qn_column *column, int32_t width,
                                 entries *out) {
    qn_column *texts = NULL;
    int32_t of_nan = -1;
    QN_TRY(nan_slot(name, width, &of_nan));
    QN_TRY(qn_as_text(&texts, column));
    bool coded = texts->dictionary != NULL && texts->dictionary->length <= texts->length;
    qn_status status = (coded ? coded_slots : text_slots)(name, texts, width, out->slots);
    for (int64_t i = 0; i < column->length && status == QN_OK; i++) {
        out->values[i] = 1;
        if (qn_column_is_null(texts, i)) /* of a null and of NaN */
            out->slots[i] = qn_column_is_null(column, i) ? -1 : of_nan;
    }
    qn_column_release(texts);
    return status;
}

static void hash_numbers(const char *name, const qn_column *column, int32_t width, entries *out) {
    int32_t slot = slot_of(qn_view_of(name), width);
    qn_columns_reals(column, 0, column->length, out->values);
    for (int64_t i = 0; i < column->length; i++)
        out->slots[i] = qn_column_is_null(column, i) ? -1 : slot;
}

static qn_status hash_column(const qn_stage *stage, const char *name, const qn_column *column,
                             entries *out) {
    int32_t width = (int32_t)qn_options_int(stage->options, "num_features");
    if (qn_type_is_numeric(column->type) && !lists(stage, "categorical_cols", name))
        hash_numbers(name, column, width, out);
    else
        return hash_categories(name, column, width, out);
    return QN_OK;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* Puts an entry into the row from `first` on, in order of slots; adds to one that is there. */
static void insert(qn_column *out, int32_t first, int32_t *end, int32_t slot, double value) {
    int32_t at = *end;
    while (at > first && out->indices[at - 1] > slot)
        at--;
    if (at > first && out->indices[at - 1] == slot) {
        out->f64[at - 1] += value;
        return;
    }
    for (int32_t i = *end; i > at; i--) {
        out->indices[i] = out->indices[i - 1];
        out->f64[i] = out->f64[i - 1];
    }
    out->indices[at] = slot;
    out->f64[at] = value;
    ++*end;
}

static void fill_rows(const entries *columns, int64_t count, qn_column *out) {
    int32_t end = 0;
    for (int64_t i = 0; i < out->length; i++) {
        int32_t first = end;
        for (int64_t c = 0; c < count; c++)
            if (columns[c].slots[i] >= 0)
                insert(out, first, &end, columns[c].slots[i], columns[c].values[i]);
        out->offsets[i + 1] = end;
    }
}

/* Room for the entries of all columns, in two blocks: columns[0] has their starts. */
static qn_status entries_new(int64_t count, int64_t length, entries **out) {
    entries *columns = NULL;
    QN_TRY(qn_mem_calloc(&columns, (size_t)count, sizeof *columns));
    size_t cells = (size_t)(count * length);
    qn_status status = qn_mem_alloc(&columns[0].slots, cells, sizeof *columns->slots);
    if (status == QN_OK)
        status = qn_mem_alloc(&columns[0].values, cells, sizeof *columns->values);
    if (status != QN_OK) {
        qn_mem_free(columns[0].slots);
        qn_mem_free(columns);
        return status;
    }
    for (int64_t c = 1; c < count; c++)
        columns[c] = (entries){columns[0].slots + c * length, columns[0].values + c * length};
    *out = columns;
    return QN_OK;
}

static void entries_free(entries *columns) {
    if (columns == NULL)
        return;
    qn_mem_free(columns[0].slots);
    qn_mem_free(columns[0].values);
    qn_mem_free(columns);
}

static qn_status hash_batch(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                            qn_column **out) {
    char *const *names;
    int64_t count = qn_options_list(stage->options, "input_cols", &names);
    int32_t width = (int32_t)qn_options_int(stage->options, "num_features");
    entries *columns = NULL;
    qn_column *vectors = NULL;
    qn_status status;
    if (count * in->length > INT32_MAX)
        return qn_fail(QN_JOB, "%lld input columns are too many", (long long)count);
    QN_TRY_GOTO(entries_new(count, in->length, &columns), done);
    for (int64_t c = 0; c < count; c++) {
        int32_t index;
        QN_TRY_GOTO(qn_schema_require(schema, names[c], &index), done);
        QN_TRY_GOTO(hash_column(stage, names[c], in->columns[index], &columns[c]), done);
    }
    QN_TRY_GOTO(qn_column_new_sparse(&vectors, in->length, width, count * in->length), done);
    fill_rows(columns, count, vectors);
    *out = vectors;
done:
    entries_free(columns);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    qn_column *vectors = NULL;
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(hash_batch(stage, schema, in, &vectors));
    return qn_batch_append(out, vectors);
}

const qn_stage_class qn_feature_hasher_class = {
    .name = "feature_hasher",
    .help = "hash numbers and categories of several columns into one sparse vector",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};

#include "core/key/key_private.h"

#include "core/memory.h"
#include "core/stats/hash.h"

static const uint64_t SEED = UINT64_C(0x9E3779B97F4A7C15);
static const uint64_t STEP = UINT64_C(0xBF58476D1CE4E5B9);
static const uint64_t LAST = UINT64_C(0x94D049BB133111EB);
static const uint64_t NULL_VALUE = UINT64_C(0x2545F4914F6CDD1D); /* what is hashed for a null */

static bool is_text(qn_type type) {
    return type == QN_STRING || type == QN_STRING_LIST;
}

/* ---- Life ----------------------------------------------------------------------------------- */

static qn_status init(qn_key *key, const qn_type *types) {
    size_t count = (size_t)key->count, nulls = (size_t)key->null_count;
    QN_TRY(qn_mem_copy(&key->types, types, count, sizeof *types));
    QN_TRY(qn_mem_calloc(&key->interners, count, sizeof *key->interners));
    QN_TRY(qn_mem_calloc(&key->dictionaries, count, sizeof *key->dictionaries));
    QN_TRY(qn_mem_calloc(&key->text_hashes, count, sizeof *key->text_hashes));
    QN_TRY(qn_mem_calloc(&key->rows.words, count, sizeof *key->rows.words));
    QN_TRY(qn_mem_calloc(&key->rows.null_words, nulls, sizeof *key->rows.null_words));
    for (int32_t k = 0; k < key->count; k++)
        if (is_text(types[k]))
            QN_TRY(qn_interner_new(&key->interners[k]));
    return QN_OK;
}

qn_status qn_key_new(qn_key **out, const qn_type *types, int32_t count) {
    for (int32_t k = 0; k < count; k++)
        if (types[k] == QN_VECTOR)
            return qn_fail(QN_JOB, "a vector cannot be a key to group or join by");
    qn_key *key = NULL;
    QN_TRY(qn_mem_calloc(&key, 1, sizeof *key));
    key->count = count;
    key->null_count = count > 64 ? (count + 63) / 64 : 1;
    qn_status status = init(key, types);
    if (status != QN_OK) {
        qn_key_free(key);
        return status;
    }
    *out = key;
    return QN_OK;
}

void qn_key_free(qn_key *key) {
    if (key == NULL)
        return;
    for (int32_t k = 0; k < key->count; k++) {
        if (key->interners != NULL)
            qn_interner_free(key->interners[k]);
        if (key->dictionaries != NULL)
            qn_column_release(key->dictionaries[k]);
    }
    qn_mem_free(key->types);
    qn_mem_free(key->interners);
    qn_mem_free(key->dictionaries);
    qn_mem_free_all(key->text_hashes, key->text_hashes != NULL ? key->count : 0);
    qn_mem_free_all(key->rows.words, key->rows.words != NULL ? key->count : 0);
    qn_mem_free_all(key->rows.null_words, key->rows.null_words != NULL ? key->null_count : 0);
    qn_mem_free(key->rows.hashes);
    qn_mem_free(key->values);
    qn_mem_free(key->ids);
    qn_mem_free(key);
}

int32_t qn_key_count(const qn_key *key) {
    return key->count;
}

int64_t qn_key_bytes(const qn_key *key) {
    int64_t bytes = key->capacity * 8 * (key->count + key->null_count + 3);
    for (int32_t k = 0; k < key->count; k++)
        if (key->interners[k] != NULL)
            bytes += qn_interner_bytes(key->interners[k]);
    return bytes;
}

static qn_status make_room(qn_key *key, int64_t rows) {
    if (rows <= key->capacity)
        return QN_OK;
    size_t count = (size_t)rows;
    key->capacity = 0;
    for (int32_t k = 0; k < key->count; k++)
        QN_TRY(qn_mem_resize(&key->rows.words[k], count, sizeof(uint64_t)));
    for (int32_t k = 0; k < key->null_count; k++) {
        QN_TRY(qn_mem_resize(&key->rows.null_words[k], count, sizeof(uint64_t)));
        memset(key->rows.null_words[k], 0, count * sizeof(uint64_t));
    }
    key->null_words_set = false;
    QN_TRY(qn_mem_resize(&key->rows.hashes, count, sizeof *key->rows.hashes));
    QN_TRY(qn_mem_resize(&key->values, count, sizeof *key->values));
    QN_TRY(qn_mem_resize(&key->ids, count, sizeof *key->ids));
    key->capacity = rows;
    return QN_OK;
}

/* ---- Values to words ------------------------------------------------------------------------ */

QN_KEY_CLONES static void widen_i32(const int32_t *restrict from, uint64_t *restrict words,
                                    int64_t rows) {
    for (int64_t i = 0; i < rows; i++)
        words[i] = (uint64_t)(int64_t)from[i];
}

QN_KEY_CLONES static void words_f64(const double *restrict from, uint64_t *restrict words,
                                    int64_t rows) {
    for (int64_t i = 0; i < rows; i++) {
        double canonical = qn_canonical(from[i]);
        memcpy(&words[i], &canonical, sizeof canonical);
    }
}

/* Single precision keeps its own 32 bits, so that ranges stay small. */
QN_KEY_CLONES static void words_f32(const float *restrict from, uint64_t *restrict words,
                                    int64_t rows) {
    for (int64_t i = 0; i < rows; i++) {
        float canonical = from[i] != from[i] ? (float)NAN : from[i] + 0.0F;
        uint32_t bits;
        memcpy(&bits, &canonical, sizeof bits);
        words[i] = bits;
    }
}

static void words_of_fixed(const qn_column *column, int64_t rows, uint64_t *words) {
    switch (column->type) {
    case QN_BOOL:
        for (int64_t i = 0; i < rows; i++)
            words[i] = qn_bit(column->bits, i);
        break;
    case QN_INT32:
    case QN_DATE:
        widen_i32(column->i32, words, rows);
        break;
    case QN_FLOAT32:
        words_f32(column->f32, words, rows);
        break;
    case QN_FLOAT64:
        words_f64(column->f64, words, rows);
        break;
    default:
        if (rows > 0)
            memcpy(words, column->i64, (size_t)rows * sizeof *words);
    }
    for (int64_t i = 0; i < rows && column->null_count > 0; i++)
        words[i] = qn_column_is_null(column, i) ? 0 : words[i];
}

/* A list as one string: each item behind its length, -1 for a null. */
static qn_status add_list(qn_text *text, const qn_column *column, int64_t row) {
    for (int32_t i = column->offsets[row]; i < column->offsets[row + 1]; i++) {
        qn_view item = qn_column_string(column->items, i);
        int32_t length = qn_column_is_null(column->items, i) ? -1 : (int32_t)item.length;
        QN_TRY(qn_text_add(text, (const char *)&length, sizeof length));
        QN_TRY(qn_text_add(text, item.data, item.length));
    }
    return QN_OK;
}

static qn_status lists_as_strings(qn_column **out, const qn_column *column, int64_t rows) {
    qn_string_builder builder;
    qn_text text;
    qn_string_builder_init(&builder);
    qn_text_init(&text);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < rows; i++) {
        if (qn_column_is_null(column, i)) {
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
            continue;
        }
        qn_text_truncate(&text, 0);
        QN_TRY_GOTO(add_list(&text, column, i), done);
        QN_TRY_GOTO(qn_string_builder_add(&builder, (qn_view){text.data, text.length}), done);
    }
    QN_TRY_GOTO(qn_string_builder_finish(&builder, out), done);
done:
    qn_text_clear(&text);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status words_of_text(qn_key *key, int32_t k, const qn_column *column, int64_t rows,
                               bool insert) {
    QN_TRY(qn_interner_encode(key->interners[k], column, insert, key->ids));
    widen_i32(key->ids, key->rows.words[k], rows);
    if (!insert) {
        uint64_t unknown = 0;
        for (int64_t i = 0; i < rows; i++)
            unknown |= key->rows.words[k][i] >> 63;
        key->rows.has_unknown |= unknown != 0;
    }
    return QN_OK;
}

static void set_null_words(qn_key *key, int32_t k, const qn_column *column, int64_t rows) {
    uint64_t *null_words = key->rows.null_words[k / 64], bit = UINT64_C(1) << (k % 64);
    for (int64_t i = 0; i < rows; i++)
        null_words[i] |= qn_column_is_null(column, i) ? bit : 0;
    key->rows.has_nulls = true;
    key->null_words_set = true;
}

/* ---- Hashes --------------------------------------------------------------------------------- */

QN_KEY_CLONES static void mix_in(const uint64_t *restrict values, uint64_t *restrict hashes,
                                 int64_t rows) {
    for (int64_t i = 0; i < rows; i++) {
        uint64_t hash = (hashes[i] ^ values[i]) * STEP;
        hashes[i] = hash ^ (hash >> 32);
    }
}

QN_KEY_CLONES static void start_hashes(uint64_t *hashes, int64_t rows) {
    for (int64_t i = 0; i < rows; i++)
        hashes[i] = SEED;
}

QN_KEY_CLONES static void finish_hashes(uint64_t *hashes, int64_t rows) {
    for (int64_t i = 0; i < rows; i++) {
        uint64_t hash = hashes[i] * LAST;
        hash ^= hash >> 29;
        hash *= STEP;
        hashes[i] = hash ^ (hash >> 32);
    }
}

/* Values of the texts' hashes; an unknown text (a word of all ones) is left at 0. */
static void text_values(const qn_interner *interner, const uint64_t *words, int64_t rows,
                        uint64_t *values) {
    const uint64_t *hashes = qn_interner_hashes(interner);
    bool empty = qn_interner_count(interner) == 0;
    for (int64_t i = 0; i < rows; i++)
        values[i] = empty || words[i] == UINT64_MAX ? 0 : hashes[words[i]];
}

static void null_values(const uint64_t *null_words, int32_t k, int64_t rows, uint64_t *values) {
    for (int64_t i = 0; i < rows; i++)
        values[i] = null_words[i] >> (k % 64) & 1 ? NULL_VALUE : values[i];
}

enum { BLOCK = 1024 };

static void hash_block(const qn_key *key, uint64_t *const *words, uint64_t *const *null_words,
                       int64_t first, int64_t rows, uint64_t *hashes) {
    uint64_t values[BLOCK];
    start_hashes(hashes, rows);
    for (int32_t k = 0; k < key->count; k++) {
        const uint64_t *from = words[k] + first;
        if (key->interners[k] != NULL)
            text_values(key->interners[k], from, rows, values);
        if (null_words != NULL) {
            if (key->interners[k] == NULL)
                memcpy(values, from, (size_t)rows * sizeof *values);
            null_values(null_words[k / 64] + first, k, rows, values);
        }
        bool plain = key->interners[k] == NULL && null_words == NULL;
        mix_in(plain ? from : values, hashes, rows);
    }
    finish_hashes(hashes, rows);
}

void qn_key_hash_words(const qn_key *key, uint64_t *const *words, uint64_t *const *null_words,
                       int64_t first, int64_t rows, uint64_t *hashes) {
    for (int64_t i = 0; i < rows; i += BLOCK) {
        int64_t count = rows - i < BLOCK ? rows - i : BLOCK;
        hash_block(key, words, null_words, first + i, count, hashes + i);
    }
}

/* Hashes of a dictionary's strings, kept for the next batch. */
static qn_status hash_dictionary(qn_key *key, int32_t k, qn_column *dictionary) {
    if (key->dictionaries[k] == dictionary)
        return QN_OK;
    uint64_t *hashes = NULL;
    QN_TRY(qn_mem_alloc(&hashes, (size_t)dictionary->length, sizeof *hashes));
    for (int64_t i = 0; i < dictionary->length; i++)
        hashes[i] = qn_hash_view(qn_column_string(dictionary, i));
    qn_column_release(key->dictionaries[k]);
    qn_mem_free(key->text_hashes[k]);
    key->dictionaries[k] = qn_column_retain(dictionary);
    key->text_hashes[k] = hashes;
    return QN_OK;
}

static qn_status hash_text(qn_key *key, int32_t k, const qn_column *column, int64_t rows) {
    uint64_t *values = key->values;
    if (column->dictionary != NULL && column->dictionary->length <= 4 * rows + 65536) {
        QN_TRY(hash_dictionary(key, k, column->dictionary));
        if (column->dictionary->length == 0)
            memset(values, 0, (size_t)rows * sizeof *values);
        for (int64_t i = 0; i < rows && column->dictionary->length > 0; i++)
            values[i] = key->text_hashes[k][column->codes[i]];
        return QN_OK;
    }
    for (int64_t i = 0; i < rows; i++)
        values[i] = qn_hash_view(qn_column_string(column, i));
    return QN_OK;
}

static void null_rows(const qn_column *column, int64_t rows, uint64_t *values) {
    for (int64_t i = 0; i < rows && column->null_count > 0; i++)
        values[i] = qn_column_is_null(column, i) ? NULL_VALUE : values[i];
}

static qn_status hash_column(qn_key *key, int32_t k, const qn_column *column, int64_t rows) {
    if (column->type == QN_STRING_LIST) {
        qn_column *strings = NULL;
        QN_TRY(lists_as_strings(&strings, column, rows));
        qn_status status = hash_text(key, k, strings, rows);
        qn_column_release(strings);
        QN_TRY(status);
    } else if (column->type == QN_STRING) {
        QN_TRY(hash_text(key, k, column, rows));
    } else {
        words_of_fixed(column, rows, key->values);
    }
    null_rows(column, rows, key->values);
    return QN_OK;
}

qn_status qn_key_hash(qn_key *key, qn_column *const *columns, int64_t rows, uint64_t *hashes) {
    QN_TRY(make_room(key, rows));
    start_hashes(hashes, rows);
    for (int32_t k = 0; k < key->count; k++) {
        QN_TRY(hash_column(key, k, columns[k], rows));
        mix_in(key->values, hashes, rows);
    }
    finish_hashes(hashes, rows);
    return QN_OK;
}

/* ---- Encoding ------------------------------------------------------------------------------- */

static qn_status encode_column(qn_key *key, int32_t k, const qn_column *column, int64_t rows,
                               bool insert) {
    if (column->null_count > 0)
        set_null_words(key, k, column, rows);
    if (column->type == QN_STRING)
        return words_of_text(key, k, column, rows, insert);
    if (column->type != QN_STRING_LIST) {
        words_of_fixed(column, rows, key->rows.words[k]);
        return QN_OK;
    }
    qn_column *strings = NULL;
    QN_TRY(lists_as_strings(&strings, column, rows));
    qn_status status = words_of_text(key, k, strings, rows, insert);
    qn_column_release(strings);
    return status;
}

qn_status qn_key_words(qn_key *key, qn_column *const *columns, int64_t rows, bool insert,
                       const qn_key_rows **out) {
    QN_TRY(make_room(key, rows));
    for (int32_t k = 0; k < key->null_count && key->null_words_set; k++)
        memset(key->rows.null_words[k], 0, (size_t)key->capacity * sizeof(uint64_t));
    key->null_words_set = false;
    key->rows.rows = rows;
    key->rows.has_nulls = key->rows.has_unknown = false;
    for (int32_t k = 0; k < key->count; k++)
        QN_TRY(encode_column(key, k, columns[k], rows, insert));
    key->rows_out = key->rows;
    key->rows_out.hashes = NULL;
    *out = &key->rows_out;
    return QN_OK;
}

qn_status qn_key_encode(qn_key *key, qn_column *const *columns, int64_t rows, bool insert,
                        const qn_key_rows **out) {
    const qn_key_rows *made = NULL;
    QN_TRY(qn_key_words(key, columns, rows, insert, &made));
    uint64_t *hashes = key->rows.hashes;
    if (made->has_unknown) /* the interners do not know all hashes */
        QN_TRY(qn_key_hash(key, columns, rows, hashes));
    else
        qn_key_hash_words(key, made->words, made->has_nulls ? made->null_words : NULL, 0, rows,
                          hashes);
    key->rows_out.hashes = hashes;
    *out = &key->rows_out;
    return QN_OK;
}

/* ---- Words to values ------------------------------------------------------------------------ */

static void values_of_words(const uint64_t *words, int64_t rows, qn_column *column) {
    for (int64_t i = 0; i < rows; i++)
        switch (column->type) {
        case QN_BOOL:
            if (words[i] != 0)
                qn_bit_set(column->bits, i);
            break;
        case QN_INT32:
        case QN_DATE:
        case QN_FLOAT32:
            column->i32[i] = (int32_t)(uint32_t)words[i];
            break;
        default:
            column->i64[i] = (int64_t)words[i];
        }
}

static qn_status add_items(qn_string_builder *items, qn_view list, int32_t *count) {
    for (int64_t at = 0; at < list.length;) {
        int32_t length;
        memcpy(&length, list.data + at, sizeof length);
        at += (int64_t)sizeof length;
        (*count)++;
        if (length < 0) {
            QN_TRY(qn_string_builder_add_null(items));
            continue;
        }
        QN_TRY(qn_string_builder_add(items, (qn_view){list.data + at, length}));
        at += length;
    }
    return QN_OK;
}

static qn_status lists_of_words(const qn_interner *interner, const uint64_t *words,
                                const uint64_t *nulls, int64_t rows, qn_column *column) {
    qn_string_builder items;
    qn_string_builder_init(&items);
    qn_status status = QN_OK;
    int32_t count = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (nulls == NULL || !qn_bit(nulls, i))
            QN_TRY_GOTO(add_items(&items, qn_interner_text(interner, (int32_t)words[i]), &count),
                        done);
        column->offsets[i + 1] = count;
    }
    QN_TRY_GOTO(qn_string_builder_finish(&items, &column->items), done);
done:
    qn_string_builder_clear(&items);
    return status;
}

static qn_status codes_of_words(qn_interner *interner, const uint64_t *words, int64_t rows,
                                qn_column *column) {
    QN_TRY(qn_interner_column(interner, &column->dictionary));
    for (int64_t i = 0; i < rows; i++)
        column->codes[i] = (int32_t)words[i];
    return QN_OK;
}

qn_status qn_key_values(const qn_key *key, int32_t k, const uint64_t *words, const uint64_t *nulls,
                        int64_t rows, qn_column **out) {
    qn_column *column = NULL;
    qn_type type = key->types[k];
    QN_TRY(qn_column_new(&column, type == QN_STRING ? QN_INT32 : type, rows, 0));
    column->type = type;
    qn_status status = QN_OK;
    if (type == QN_STRING)
        QN_TRY_GOTO(codes_of_words(key->interners[k], words, rows, column), failed);
    else if (type == QN_STRING_LIST)
        QN_TRY_GOTO(lists_of_words(key->interners[k], words, nulls, rows, column), failed);
    else
        values_of_words(words, rows, column);
    for (int64_t i = 0; i < rows && nulls != NULL; i++)
        if (qn_bit(nulls, i))
            QN_TRY_GOTO(qn_column_set_null(column, i), failed);
    *out = column;
    return QN_OK;
failed:
    qn_column_release(column);
    return status;
}

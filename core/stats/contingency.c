#include "core/stats/contingency.h"

#include "core/memory.h"

#include <string.h>

enum { SMALL = 64 };

qn_status qn_contingency_init(qn_contingency *tables, int32_t width, bool zeros) {
    *tables = (qn_contingency){.zeros = zeros};
    QN_TRY(qn_mem_calloc(&tables->features, (size_t)width, sizeof *tables->features));
    tables->width = width;
    return QN_OK;
}

static void clear_feature(qn_contingency_feature *feature) {
    qn_codes_clear(&feature->values);
    qn_mem_free(feature->counts);
    *feature = (qn_contingency_feature){0};
}

void qn_contingency_clear(qn_contingency *tables) {
    for (int32_t i = 0; i < tables->width; i++)
        clear_feature(&tables->features[i]);
    qn_mem_free(tables->features);
    qn_mem_free(tables->label_rows);
    qn_codes_clear(&tables->labels);
    *tables = (qn_contingency){0};
}

void qn_contingency_drop(qn_contingency *tables, int32_t feature) {
    if (feature >= 0) {
        clear_feature(&tables->features[feature]);
        tables->features[feature].overfull = true;
        return;
    }
    for (int32_t i = 0; i < tables->width; i++)
        clear_feature(&tables->features[i]);
    tables->overfull = true;
}

/* ---- Labels --------------------------------------------------------------------------------- */

static qn_status widen_feature(qn_contingency_feature *feature, int64_t from, int64_t to) {
    int64_t *wider = NULL;
    if (feature->counts == NULL)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&wider, (size_t)(feature->capacity * to), sizeof *wider));
    for (int64_t i = 0; i < feature->values.count; i++)
        memcpy(wider + i * to, feature->counts + i * from, (size_t)from * sizeof *wider);
    qn_mem_free(feature->counts);
    feature->counts = wider;
    return QN_OK;
}

/* More room for labels. After a failure the tables are of no further use. */
static qn_status widen(qn_contingency *tables) {
    int64_t from = tables->stride, to = from > 0 ? 2 * from : 4;
    QN_TRY(qn_mem_resize(&tables->label_rows, (size_t)to, sizeof *tables->label_rows));
    memset(tables->label_rows + from, 0, (size_t)(to - from) * sizeof *tables->label_rows);
    for (int32_t i = 0; i < tables->width; i++)
        QN_TRY(widen_feature(&tables->features[i], from, to));
    tables->stride = to;
    return QN_OK;
}

static qn_status add_label(qn_contingency *tables, uint64_t key, int64_t count, int32_t *code) {
    *code = -1;
    if (tables->overfull)
        return QN_OK;
    QN_TRY(qn_codes_add(&tables->labels, key, code));
    if (tables->labels.count > QN_CODES_MOST) {
        qn_contingency_drop(tables, -1);
        *code = -1;
        return QN_OK;
    }
    if (*code >= tables->stride)
        QN_TRY(widen(tables));
    tables->label_rows[*code] += count;
    return QN_OK;
}

qn_status qn_contingency_add_labels(qn_contingency *tables, const uint64_t *keys, int64_t rows,
                                    int32_t *codes) {
    for (int64_t i = 0; i < rows; i++)
        QN_TRY(add_label(tables, keys[i], 1, &codes[i]));
    for (int64_t i = 0; i < rows && tables->overfull; i++)
        codes[i] = -1;
    return QN_OK;
}

/* ---- Values --------------------------------------------------------------------------------- */

/* The code of a value; -1 if there are too many. */
static qn_status add_value(qn_contingency *tables, int32_t index, uint64_t key, int32_t *code) {
    qn_contingency_feature *feature = &tables->features[index];
    *code = -1;
    if (feature->overfull)
        return QN_OK;
    QN_TRY(qn_codes_add(&feature->values, key, code));
    if (feature->values.count > QN_CODES_MOST) {
        qn_contingency_drop(tables, index);
        *code = -1;
        return QN_OK;
    }
    if (*code < feature->capacity)
        return QN_OK;
    int64_t *more = NULL, capacity = feature->capacity > 0 ? 2 * feature->capacity : 4;
    int64_t stride = tables->stride;
    QN_TRY(qn_mem_calloc(&more, (size_t)(capacity * stride), sizeof *more));
    if (feature->capacity > 0)
        memcpy(more, feature->counts, (size_t)(feature->capacity * stride) * sizeof *more);
    qn_mem_free(feature->counts);
    feature->counts = more;
    feature->capacity = capacity;
    return QN_OK;
}

static qn_status add_real(qn_contingency *tables, int32_t index, double value, int32_t label) {
    qn_contingency_feature *feature = &tables->features[index];
    int32_t code, small = value >= 0 && value < SMALL ? (int32_t)value : -1;
    bool known = small >= 0 && (double)small == value;
    if (known && feature->small[small] > 0) {
        feature->counts[(feature->small[small] - 1) * tables->stride + label]++;
        return QN_OK;
    }
    QN_TRY(add_value(tables, index, qn_codes_real(value), &code));
    if (code < 0)
        return QN_OK;
    if (known)
        feature->small[small] = code + 1;
    feature->counts[code * tables->stride + label]++;
    return QN_OK;
}

qn_status qn_contingency_add_vectors(qn_contingency *tables, const qn_column *vectors,
                                     const int32_t *codes) {
    int32_t width = vectors->width;
    if (tables->overfull)
        return QN_OK;
    for (int64_t i = 0; i < vectors->length; i++) {
        if (vectors->indices == NULL)
            for (int32_t j = 0; j < width; j++)
                QN_TRY(add_real(tables, j, vectors->f64[i * width + j], codes[i]));
        else
            for (int32_t k = vectors->offsets[i]; k < vectors->offsets[i + 1]; k++)
                QN_TRY(add_real(tables, vectors->indices[k], vectors->f64[k], codes[i]));
    }
    return QN_OK;
}

static qn_status add_count(qn_contingency *tables, int32_t feature, uint64_t key, int32_t label,
                           int64_t count) {
    int32_t code;
    QN_TRY(add_value(tables, feature, key, &code));
    if (code >= 0)
        tables->features[feature].counts[code * tables->stride + label] += count;
    return QN_OK;
}

qn_status qn_contingency_add(qn_contingency *tables, int32_t feature, const uint64_t *keys,
                             const int32_t *codes, int64_t rows) {
    for (int64_t i = 0; i < rows && !tables->overfull; i++)
        QN_TRY(add_count(tables, feature, keys[i], codes[i], 1));
    return QN_OK;
}

/* ---- The test ------------------------------------------------------------------------------- */

/* Rows that are not counted had the value 0. */
static qn_status fill_zeros(qn_contingency *tables, int32_t index) {
    const qn_contingency_feature *feature = &tables->features[index];
    int32_t code, zero;
    QN_TRY(add_value(tables, index, qn_codes_real(0), &zero));
    for (int32_t l = 0; l < tables->labels.count && zero >= 0; l++) {
        int64_t counted = 0;
        for (code = 0; code < feature->values.count; code++)
            counted += feature->counts[code * tables->stride + l];
        feature->counts[zero * tables->stride + l] += tables->label_rows[l] - counted;
    }
    return QN_OK;
}

qn_status qn_contingency_test(qn_contingency *tables, int32_t feature, qn_test_result *out) {
    const int32_t *values, *labels;
    int64_t *table = NULL;
    *out = (qn_test_result){0, 0, 0, 1};
    if (tables->labels.count == 0)
        return QN_OK;
    if (tables->zeros)
        QN_TRY(fill_zeros(tables, feature));
    qn_contingency_feature *of = &tables->features[feature];
    int32_t rows = of->values.count, columns = tables->labels.count;
    QN_TRY(qn_codes_sorted(&of->values, &values));
    QN_TRY(qn_codes_sorted(&tables->labels, &labels));
    QN_TRY(qn_mem_alloc(&table, (size_t)rows * (size_t)columns, sizeof *table));
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++)
            table[(int64_t)i * columns + j] = of->counts[values[i] * tables->stride + labels[j]];
    qn_status status = qn_test_chi2(out, table, rows, columns);
    qn_mem_free(table);
    return status;
}

/* ---- For sending ---------------------------------------------------------------------------- */

static qn_status pack(const qn_contingency_entry *entry, qn_text *out) {
    return qn_text_add(out, (const char *)entry, sizeof *entry);
}

qn_status qn_contingency_pack_labels(const qn_contingency *tables, qn_text *out) {
    for (int32_t l = 0; l < tables->labels.count && !tables->overfull; l++) {
        qn_contingency_entry entry = {-1, 0, tables->labels.keys[l], tables->label_rows[l]};
        QN_TRY(pack(&entry, out));
    }
    return QN_OK;
}

static qn_status pack_feature(const qn_contingency *tables, int32_t index, qn_text *out) {
    const qn_contingency_feature *feature = &tables->features[index];
    for (int32_t i = 0; i < feature->values.count; i++)
        for (int32_t l = 0; l < tables->labels.count; l++) {
            int64_t count = feature->counts[i * tables->stride + l];
            qn_contingency_entry entry = {index, feature->values.keys[i], tables->labels.keys[l],
                                          count};
            if (count > 0)
                QN_TRY(pack(&entry, out));
        }
    return QN_OK;
}

qn_status qn_contingency_pack(const qn_contingency *tables, int part, int parts, qn_text *out) {
    for (int32_t i = part; i < tables->width; i += parts)
        QN_TRY(pack_feature(tables, i, out));
    return QN_OK;
}

qn_status qn_contingency_unpack(qn_contingency *tables, const qn_contingency_entry *entries,
                                int64_t count) {
    for (int64_t i = 0; i < count && !tables->overfull; i++) {
        const qn_contingency_entry *entry = &entries[i];
        int32_t label;
        QN_TRY(add_label(tables, entry->label, entry->feature < 0 ? entry->count : 0, &label));
        if (entry->feature >= 0 && label >= 0)
            QN_TRY(add_count(tables, (int32_t)entry->feature, entry->value, label, entry->count));
    }
    return QN_OK;
}

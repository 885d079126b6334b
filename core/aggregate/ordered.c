#include "core/aggregate/family.h"

#include "core/memory.h"
#include "core/stats/hash.h"

#include <stdlib.h>

bool qn_ordered_allows(qn_type type) {
    return type != QN_STRING_LIST && type != QN_VECTOR;
}

qn_status qn_ordered_init(qn_ordered *ordered, qn_type type) {
    *ordered = (qn_ordered){.type = type};
    if (type != QN_STRING)
        return QN_OK;
    QN_TRY(qn_interner_new(&ordered->texts));
    return qn_mem_alloc(&ordered->ids, QN_BATCH_ROWS, sizeof *ordered->ids);
}

void qn_ordered_clear(qn_ordered *ordered) {
    qn_interner_free(ordered->texts);
    qn_mem_free(ordered->ids);
    *ordered = (qn_ordered){0};
}

int64_t qn_ordered_bytes(const qn_ordered *ordered) {
    return ordered->texts != NULL ? qn_interner_bytes(ordered->texts) + QN_BATCH_ROWS * 4 : 0;
}

/* ---- Keys ----------------------------------------------------------------------------------- */

/* Negative numbers' bits run the other way; the map is its own inverse. */
static inline int64_t turn(int64_t bits) {
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

QN_AGGREGATE_CLONES static void keys_of_f64(const double *restrict from, int64_t count,
                                            int64_t *restrict keys) {
    for (int64_t i = 0; i < count; i++) {
        double value = qn_canonical(from[i]);
        int64_t bits;
        memcpy(&bits, &value, sizeof bits);
        keys[i] = turn(bits);
    }
}

QN_AGGREGATE_CLONES static void keys_of_f32(const float *restrict from, int64_t count,
                                            int64_t *restrict keys) {
    for (int64_t i = 0; i < count; i++) {
        double value = qn_canonical((double)from[i]);
        int64_t bits;
        memcpy(&bits, &value, sizeof bits);
        keys[i] = turn(bits);
    }
}

QN_AGGREGATE_CLONES static void keys_of_i32(const int32_t *restrict from, int64_t count,
                                            int64_t *restrict keys) {
    for (int64_t i = 0; i < count; i++)
        keys[i] = from[i];
}

qn_status qn_ordered_encode(qn_ordered *ordered, const qn_column *column, int64_t *keys) {
    switch (ordered->type) {
    case QN_STRING:
        QN_TRY(qn_interner_encode(ordered->texts, column, true, ordered->ids));
        keys_of_i32(ordered->ids, column->length, keys);
        break;
    case QN_BOOL:
        for (int64_t i = 0; i < column->length; i++)
            keys[i] = qn_bit(column->bits, i);
        break;
    case QN_INT32:
    case QN_DATE:
        keys_of_i32(column->i32, column->length, keys);
        break;
    case QN_FLOAT32:
        keys_of_f32(column->f32, column->length, keys);
        break;
    case QN_FLOAT64:
        keys_of_f64(column->f64, column->length, keys);
        break;
    default:
        memcpy(keys, column->i64, (size_t)column->length * sizeof *keys);
    }
    return QN_OK;
}

static double real_of(int64_t key) {
    int64_t bits = turn(key);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void set_value(qn_column *column, int64_t i, int64_t key) {
    switch (column->type) {
    case QN_BOOL:
        if (key != 0)
            qn_bit_set(column->bits, i);
        break;
    case QN_STRING:
    case QN_INT32:
    case QN_DATE:
        column->i32[i] = (int32_t)key;
        break;
    case QN_FLOAT32:
        column->f32[i] = (float)real_of(key);
        break;
    case QN_FLOAT64:
        column->f64[i] = real_of(key);
        break;
    default:
        column->i64[i] = key;
    }
}

qn_status qn_ordered_decode(qn_ordered *ordered, const int64_t *keys, const uint64_t *nulls,
                            int64_t count, qn_column **out) {
    qn_column *column = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_column_new(&column, ordered->type == QN_STRING ? QN_INT32 : ordered->type, count, 0));
    column->type = ordered->type;
    if (ordered->type == QN_STRING)
        QN_TRY_GOTO(qn_interner_column(ordered->texts, &column->dictionary), failed);
    for (int64_t i = 0; i < count; i++)
        if (nulls == NULL || !qn_bit(nulls, i))
            set_value(column, i, keys[i]);
        else
            QN_TRY_GOTO(qn_column_set_null(column, i), failed);
    *out = column;
    return QN_OK;
failed:
    qn_column_release(column);
    return status;
}

/* ---- Order ---------------------------------------------------------------------------------- */

int qn_ordered_compare(const qn_ordered *ordered, int64_t a, int64_t b) {
    if (a == b)
        return 0;
    if (ordered->texts == NULL)
        return a < b ? -1 : 1;
    return qn_view_compare(qn_interner_text(ordered->texts, (int32_t)a),
                           qn_interner_text(ordered->texts, (int32_t)b));
}

static int compare_ids(const void *a, const void *b, void *texts) {
    return qn_view_compare(qn_interner_text(texts, *(const int32_t *)a),
                           qn_interner_text(texts, *(const int32_t *)b));
}

qn_status qn_ordered_places(const qn_ordered *ordered, int64_t **places) {
    int32_t count = qn_interner_count(ordered->texts);
    int32_t *ids = NULL;
    int64_t *made = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&ids, (size_t)count, sizeof *ids), done);
    QN_TRY_GOTO(qn_mem_alloc(&made, (size_t)count, sizeof *made), done);
    for (int32_t id = 0; id < count; id++)
        ids[id] = id;
    qsort_r(ids, (size_t)count, sizeof *ids, compare_ids, ordered->texts);
    for (int32_t place = 0; place < count; place++)
        made[ids[place]] = place;
    *places = made;
done:
    qn_mem_free(ids);
    return status;
}

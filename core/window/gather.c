#include "core/window/gather.h"

enum { AHEAD = 16 };

#define PART(ref) (table->batches[qn_ref_batch(ref)].columns[column])

/* Where the values of each batch are. */
static qn_status find_values(const void *const **out, const qn_table *table, int32_t column,
                             qn_arena *arena) {
    const void **values = NULL;
    QN_TRY(qn_arena_take(arena, &values, table->batch_count, sizeof *values));
    for (int64_t b = 0; b < table->batch_count; b++)
        values[b] = table->batches[b].columns[column]->values;
    *out = values;
    return QN_OK;
}

#define PLACE(type, ref) (&((const type *)parts[qn_ref_batch(ref)])[qn_ref_row(ref)])

/* Random places: asked for some rows ahead. */
#define GATHER(target, type)                                                                       \
    for (int32_t i = 0; i < count; i++) {                                                          \
        if (i + AHEAD < count)                                                                     \
            __builtin_prefetch(PLACE(type, refs[i + AHEAD]));                                      \
        (target)[i] = *PLACE(type, refs[i]);                                                       \
    }

static qn_status gather_integers(const int64_t **out, const qn_table *table, int32_t column,
                                 const qn_ref *refs, int32_t count, qn_arena *arena) {
    qn_type type = table->schema.fields[column].type;
    const void *const *parts = NULL;
    int64_t *values = NULL;
    QN_TRY(find_values(&parts, table, column, arena));
    QN_TRY(qn_arena_take(arena, &values, count, sizeof *values));
    if (type == QN_BOOL)
        for (int32_t i = 0; i < count; i++)
            values[i] = qn_bit(PART(refs[i])->bits, qn_ref_row(refs[i]));
    else if (type == QN_INT32 || type == QN_DATE)
        GATHER(values, int32_t)
    else
        GATHER(values, int64_t)
    *out = values;
    return QN_OK;
}

static qn_status gather_reals(const double **out, const qn_table *table, int32_t column,
                              const qn_ref *refs, int32_t count, qn_arena *arena) {
    const void *const *parts = NULL;
    double *values = NULL;
    QN_TRY(find_values(&parts, table, column, arena));
    QN_TRY(qn_arena_take(arena, &values, count, sizeof *values));
    if (table->schema.fields[column].type == QN_FLOAT32)
        GATHER(values, float)
    else
        GATHER(values, double)
    *out = values;
    return QN_OK;
}

static qn_status gather_texts(const qn_view **out, const qn_table *table, int32_t column,
                              const qn_ref *refs, int32_t count, qn_arena *arena) {
    qn_view *values = NULL;
    QN_TRY(qn_arena_take(arena, &values, count, sizeof *values));
    for (int32_t i = 0; i < count; i++)
        values[i] = qn_column_string(PART(refs[i]), qn_ref_row(refs[i]));
    *out = values;
    return QN_OK;
}

static bool has_nulls(const qn_table *table, int32_t column) {
    for (int64_t b = 0; b < table->batch_count; b++)
        if (table->batches[b].columns[column]->validity != NULL)
            return true;
    return false;
}

static qn_status gather_valid(const uint8_t **out, const qn_table *table, int32_t column,
                              const qn_ref *refs, int32_t count, qn_arena *arena) {
    uint8_t *valid = NULL;
    if (!has_nulls(table, column))
        return QN_OK;
    QN_TRY(qn_arena_take(arena, &valid, count, 1));
    for (int32_t i = 0; i < count; i++)
        valid[i] = !qn_column_is_null(PART(refs[i]), qn_ref_row(refs[i]));
    *out = valid;
    return QN_OK;
}

qn_status qn_window_gather(qn_window_values *out, const qn_table *table, int32_t column,
                           const qn_ref *refs, int32_t count, bool values, qn_arena *arena) {
    qn_window_values gathered = {0};
    qn_type type = table->schema.fields[column].type;
    QN_TRY(gather_valid(&gathered.valid, table, column, refs, count, arena));
    if (values && type == QN_STRING)
        QN_TRY(gather_texts(&gathered.text, table, column, refs, count, arena));
    else if (values && (type == QN_FLOAT32 || type == QN_FLOAT64))
        QN_TRY(gather_reals(&gathered.f64, table, column, refs, count, arena));
    else if (values && type != QN_STRING_LIST && type != QN_VECTOR)
        QN_TRY(gather_integers(&gathered.i64, table, column, refs, count, arena));
    *out = gathered;
    return QN_OK;
}

qn_status qn_window_filter(qn_window_values *values, const qn_table *table, int32_t column,
                           const qn_ref *refs, int32_t count, qn_arena *arena) {
    uint8_t *valid = NULL;
    QN_TRY(qn_arena_take(arena, &valid, count, 1));
    for (int32_t i = 0; i < count; i++) {
        const qn_column *part = PART(refs[i]);
        int64_t row = qn_ref_row(refs[i]);
        valid[i] = qn_bit(part->bits, row) && !qn_column_is_null(part, row) &&
                   (values->valid == NULL || values->valid[i]);
    }
    values->valid = valid;
    return QN_OK;
}

static double decode_real(uint64_t key) {
    double value;
    uint64_t bits = key >> 63 != 0 ? key ^ UINT64_C(1) << 63 : ~key;
    __builtin_memcpy(&value, &bits, sizeof value);
    return key == UINT64_MAX ? __builtin_nan("") : value;
}

qn_status qn_window_decode(qn_window_values *out, qn_type type, bool descending,
                           const uint64_t *keys, int32_t count, qn_arena *arena) {
    qn_window_values decoded = {0};
    uint64_t turn = descending ? UINT64_MAX : 0;
    int64_t *integers = NULL;
    double *reals = NULL;
    if (type == QN_FLOAT32 || type == QN_FLOAT64) {
        QN_TRY(qn_arena_take(arena, &reals, count, sizeof *reals));
        for (int32_t i = 0; i < count; i++)
            reals[i] = decode_real(keys[i] ^ turn);
    } else {
        QN_TRY(qn_arena_take(arena, &integers, count, sizeof *integers));
        for (int32_t i = 0; i < count; i++)
            integers[i] = (int64_t)(keys[i] ^ turn ^ UINT64_C(1) << 63);
    }
    decoded.i64 = integers;
    decoded.f64 = reals;
    *out = decoded;
    return QN_OK;
}

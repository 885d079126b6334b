/* What a column holds on this rank: nulls, range, content hash, kinds of strings. */
#include "mpi/hdf5/part_plan.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

static void widen(qn_part_column *info, int64_t low, int64_t high) {
    info->low = !info->has_range || low < info->low ? low : info->low;
    info->high = !info->has_range || high > info->high ? high : info->high;
    info->has_range = true;
}

static void widen_real(qn_part_column *info, double value) {
    if (isnan(value))
        return;
    info->f_low = !info->has_range || value < info->f_low ? value : info->f_low;
    info->f_high = !info->has_range || value > info->f_high ? value : info->f_high;
    info->has_range = true;
}

static void range_bool(qn_part_column *info, const qn_column *column) {
    bool seen[2] = {false, false};
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_column_is_null(column, i))
            seen[qn_bit(column->bits, i)] = true;
    if (seen[0] || seen[1])
        widen(info, !seen[0], seen[1]);
}

static void range_i64(qn_part_column *info, const qn_column *column) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        low = column->i64[i] < low ? column->i64[i] : low;
        high = column->i64[i] > high ? column->i64[i] : high;
    }
    if (low <= high)
        widen(info, low, high);
}

static void range_i32(qn_part_column *info, const qn_column *column) {
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        low = column->i32[i] < low ? column->i32[i] : low;
        high = column->i32[i] > high ? column->i32[i] : high;
    }
    if (low <= high)
        widen(info, low, high);
}

/* In independent lanes, which compilers turn into vectors. NaN compares false: it widens nothing.
 * Returns how many there are. */
static int64_t range_f64(const double *values, int64_t length, double *low, double *high) {
    enum { LANES = 16 };
    double lows[LANES], highs[LANES];
    int64_t nans[LANES] = {0}, total = 0;
    for (int j = 0; j < LANES; j++) {
        lows[j] = *low;
        highs[j] = *high;
    }
    int64_t i = 0;
    for (; i + LANES <= length; i += LANES)
        for (int j = 0; j < LANES; j++) {
            double value = values[i + j];
            lows[j] = value < lows[j] ? value : lows[j];
            highs[j] = value > highs[j] ? value : highs[j];
            nans[j] += value != value;
        }
    for (; i < length; i++) {
        total += isnan(values[i]) != 0;
        lows[0] = values[i] < lows[0] ? values[i] : lows[0];
        highs[0] = values[i] > highs[0] ? values[i] : highs[0];
    }
    for (int j = 0; j < LANES; j++) {
        *low = lows[j] < *low ? lows[j] : *low;
        *high = highs[j] > *high ? highs[j] : *high;
        total += nans[j];
    }
    return total;
}

static void range_real(qn_part_column *info, const qn_column *column) {
    double low = INFINITY, high = -INFINITY;
    bool wide = column->type == QN_FLOAT64;
    if (wide && column->validity == NULL) {
        info->nan_count += range_f64(column->f64, column->length, &low, &high);
    } else {
        for (int64_t i = 0; i < column->length; i++) {
            double value = wide ? column->f64[i] : (double)column->f32[i];
            if (qn_column_is_null(column, i))
                continue;
            info->nan_count += isnan(value) != 0;
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
    }
    if (low <= high) {
        widen_real(info, low + 0.0); /* -0 and 0 are one value: no rank decides which */
        widen_real(info, high + 0.0);
    }
}

static void examine_range(qn_part_column *info, const qn_column *column) {
    switch (column->type) {
    case QN_BOOL:
        range_bool(info, column);
        break;
    case QN_INT32:
    case QN_DATE:
        range_i32(info, column);
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        range_i64(info, column);
        break;
    case QN_FLOAT32:
    case QN_FLOAT64:
        range_real(info, column);
        break;
    default:
        break;
    }
}

static void examine_text(part_strings *strings, qn_view text) {
    strings->longest = text.length > strings->longest ? text.length : strings->longest;
    if (text.length > 0 && memchr(text.data, '\0', (size_t)text.length) != NULL)
        strings->has_nul = true;
    if (!strings->any || qn_view_compare(text, strings->low) < 0)
        strings->low = text;
    if (!strings->any || qn_view_compare(text, strings->high) > 0)
        strings->high = text;
    strings->any = true;
}

static qn_status examine_plain(part_strings *strings, const qn_column *column) {
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        qn_view text = qn_column_string(column, i);
        examine_text(strings, text);
        strings->object_bytes += part_object_bytes(text.length);
        QN_TRY(part_dictionary_add(&strings->dictionary, text));
    }
    return QN_OK;
}

/* Only entries that some row uses count. */
static qn_status examine_coded(part_strings *strings, const qn_column *column) {
    const qn_column *dictionary = column->dictionary;
    bool *used = NULL;
    QN_TRY(qn_mem_calloc(&used, (size_t)dictionary->length, sizeof *used));
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        int32_t code = column->codes[i];
        used[code] = true;
        strings->object_bytes +=
            part_object_bytes(dictionary->offsets[code + 1] - dictionary->offsets[code]);
    }
    qn_status status = QN_OK;
    for (int64_t code = 0; status == QN_OK && code < dictionary->length; code++) {
        if (!used[code])
            continue;
        qn_view text = qn_column_string(dictionary, code);
        examine_text(strings, text);
        status = part_dictionary_add(&strings->dictionary, text);
    }
    qn_mem_free(used);
    return status;
}

qn_status part_strings_of(qn_column **out, const qn_column *column) {
    if (column->type == QN_STRING) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    int64_t first = column->offsets[0], last = column->offsets[column->length];
    return qn_column_slice(out, column->items, first, last - first);
}

static qn_status examine_strings(part_strings *strings, const qn_column *column) {
    qn_column *texts = NULL;
    QN_TRY(part_strings_of(&texts, column));
    strings->count += texts->length;
    strings->null_count += texts->null_count;
    qn_status status =
        texts->dictionary != NULL ? examine_coded(strings, texts) : examine_plain(strings, texts);
    qn_column_release(texts);
    return status;
}

static int64_t entries_of(const qn_column *column) {
    if (column->type == QN_VECTOR && column->indices == NULL) {
        int64_t stored = 0;
        for (int64_t i = 0; i < column->length * column->width; i++)
            stored += column->f64[i] != 0;
        return stored;
    }
    return column->offsets[column->length] - column->offsets[0];
}

static qn_status examine_batch(part_column *column, const qn_column *values) {
    column->info.null_count += values->null_count;
    qn_content_add(&column->info.content, values);
    examine_range(&column->info, values);
    if (values->type == QN_VECTOR && values->width != column->field->width)
        return qn_fail(QN_INTERNAL, "column '%s' has a vector of %d slots, its schema says %d",
                       column->field->name, values->width, column->field->width);
    if (values->type == QN_VECTOR && values->indices != NULL)
        column->coding = PART_SPARSE;
    if (values->type == QN_STRING_LIST || values->type == QN_VECTOR)
        column->entries += entries_of(values);
    if (values->type == QN_STRING || values->type == QN_STRING_LIST)
        return examine_strings(&column->strings, values);
    return QN_OK;
}

/* Texts that fit a record; others have no range. */
static void keep_texts(qn_part_column *info, const part_strings *strings) {
    if (!strings->any || strings->has_nul || strings->longest > QN_PART_TEXT)
        return;
    info->has_texts = true;
    if (strings->low.length > 0)
        memcpy(info->t_low, strings->low.data, (size_t)strings->low.length);
    if (strings->high.length > 0)
        memcpy(info->t_high, strings->high.data, (size_t)strings->high.length);
}

qn_status part_examine(part_column *column, const qn_table *table, int32_t index) {
    column->field = &table->schema.fields[index];
    column->coding = PART_PLAIN;
    if (column->field->type == QN_STRING_LIST)
        column->coding = PART_LIST;
    if (column->field->type == QN_VECTOR)
        column->coding = PART_DENSE;
    for (int64_t i = 0; i < table->batch_count; i++)
        QN_TRY(examine_batch(column, table->batches[i].columns[index]));
    if (column->field->type == QN_STRING)
        keep_texts(&column->info, &column->strings);
    return QN_OK;
}

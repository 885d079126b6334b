#include "core/stats/sums.h"

#include "core/memory.h"
#include "core/stats/digits.h"
#include "core/stats/exact.h"

#include <math.h>
#include <string.h>

typedef double lanes[QN_EXACT_LANES];

qn_status qn_sums_init(qn_sums *sums, int64_t count) {
    *sums = (qn_sums){.count = count};
    return qn_mem_calloc(&sums->words, (size_t)count, sizeof *sums->words);
}

void qn_sums_clear(qn_sums *sums) {
    qn_mem_free(sums->words);
    qn_mem_free(sums->specials);
    *sums = (qn_sums){0};
}

qn_status qn_sums_copy(qn_sums *out, const qn_sums *source) {
    qn_sums copy = *source;
    size_t count = (size_t)source->count;
    QN_TRY(qn_mem_copy(&copy.words, source->words, count * ((size_t)source->window + 1),
                       sizeof *copy.words));
    if (source->specials != NULL) {
        qn_status status =
            qn_mem_copy(&copy.specials, source->specials, 3 * count, sizeof *copy.specials);
        if (status != QN_OK) {
            qn_mem_free(copy.words);
            return status;
        }
    }
    *out = copy;
    return QN_OK;
}

static inline int64_t *entry(const qn_sums *sums, int64_t index) {
    return sums->words + index * (sums->window + 1);
}

qn_status qn_sums_widen(qn_sums *sums, int32_t first, int32_t last) {
    int32_t old_last = sums->first + sums->window;
    if (sums->window > 0) {
        first = first < sums->first ? first : sums->first;
        last = last > old_last ? last : old_last;
        if (first == sums->first && last == old_last)
            return QN_OK;
    }
    int32_t window = last - first;
    int64_t *words = NULL;
    QN_TRY(qn_mem_calloc(&words, (size_t)sums->count * ((size_t)window + 1), sizeof *words));
    for (int64_t i = 0; i < sums->count; i++) {
        const int64_t *from = entry(sums, i);
        int64_t *to = words + i * (window + 1);
        if (sums->window > 0)
            memcpy(to + (sums->first - first), from, (size_t)sums->window * sizeof *to);
        to[window] = from[sums->window];
    }
    qn_mem_free(sums->words);
    sums->words = words;
    sums->first = first;
    sums->window = window;
    return QN_OK;
}

/* Digits [first, last) and one above, into which carries can grow, within what a sum has. */
static qn_status reserve(qn_sums *sums, int32_t first, int32_t last) {
    if (sums->window > 0 && first >= sums->first && last <= sums->first + sums->window)
        return QN_OK;
    return qn_sums_widen(sums, first, last < QN_SUM_DIGITS ? last + 1 : QN_SUM_DIGITS);
}

static qn_status normalize_entry(qn_sums *sums, int64_t index) {
    int64_t *words = entry(sums, index);
    if (sums->window == 0)
        return QN_OK;
    qn_digits_carry(words, sums->window);
    words[sums->window] = 0;
    int64_t last = words[sums->window - 1];
    bool full = last > INT64_C(1) << 40 || last < -(INT64_C(1) << 40);
    if (!full || sums->first + sums->window >= QN_SUM_DIGITS)
        return QN_OK;
    QN_TRY(qn_sums_widen(sums, sums->first, sums->first + sums->window + 1));
    qn_digits_carry(entry(sums, index), sums->window);
    return QN_OK;
}

static qn_status add_special(qn_sums *sums, int64_t index, double value) {
    if (sums->specials == NULL)
        QN_TRY(qn_mem_calloc(&sums->specials, (size_t)sums->count * 3, sizeof *sums->specials));
    sums->specials[3 * index + (isnan(value) ? 0 : value > 0 ? 1 : 2)]++;
    return QN_OK;
}

/* The careful way: widens the window, propagates carries, counts what is not finite. */
static qn_status add_slowly(qn_sums *sums, int64_t index, double value) {
    qn_pieces pieces = qn_digits_split(value);
    if (pieces.exponent == QN_DIGITS_SPECIAL)
        return add_special(sums, index, value);
    if (value == 0)
        return QN_OK;
    QN_TRY(reserve(sums, pieces.digit, pieces.digit + 2));
    if (entry(sums, index)[sums->window] >= QN_DIGITS_ADDITIONS)
        QN_TRY(normalize_entry(sums, index));
    int64_t *words = entry(sums, index);
    words[sums->window]++;
    words[pieces.digit - sums->first] += pieces.low;
    words[pieces.digit - sums->first + 1] += pieces.high;
    return QN_OK;
}

static inline bool add_quickly(qn_sums *sums, int64_t index, double value) {
    qn_pieces pieces = qn_digits_split(value);
    int32_t digit = pieces.digit - sums->first;
    int64_t *words = entry(sums, index);
    if (digit < 0 || digit + 1 >= sums->window || pieces.exponent == QN_DIGITS_SPECIAL ||
        words[sums->window] >= QN_DIGITS_ADDITIONS)
        return false;
    words[sums->window]++;
    words[digit] += pieces.low;
    words[digit + 1] += pieces.high;
    return true;
}

qn_status qn_sums_add(qn_sums *sums, int64_t index, double value) {
    return add_quickly(sums, index, value) ? QN_OK : add_slowly(sums, index, value);
}

qn_status qn_sums_add_product(qn_sums *sums, int64_t index, double a, double b) {
    double high = a * b;
    QN_TRY(qn_sums_add(sums, index, high));
    return isfinite(high) ? qn_sums_add(sums, index, fma(a, b, -high)) : QN_OK;
}

qn_status qn_sums_add_array(qn_sums *sums, int64_t first_index, const double *values,
                            int64_t count) {
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_sums_add(sums, first_index + i, values[i]));
    return QN_OK;
}

/* `block` holds `used` columns of up to QN_EXACT_LANES. */
static qn_status add_block(qn_sums *sums, int64_t first_index, lanes *block, int rows, int used) {
    lanes partial[QN_EXACT_LEVELS];
    int levels = qn_exact_partial(block, rows, partial);
    if (levels < 0)
        for (int r = 0; r < rows; r++)
            QN_TRY(qn_sums_add_array(sums, first_index, block[r], used));
    for (int k = 0; k < (levels == -2 ? QN_EXACT_LEVELS : levels); k++)
        QN_TRY(qn_sums_add_array(sums, first_index, partial[k], used));
    return QN_OK;
}

static void load_block(lanes *block, const double *values, int rows, int used, int64_t stride) {
    for (int r = 0; r < rows; r++) {
        const double *row = values + r * stride;
        if (used == QN_EXACT_LANES) {
            memcpy(block[r], row, sizeof block[r]);
            continue;
        }
        for (int l = 0; l < used; l++)
            block[r][l] = row[l];
        for (int l = used; l < QN_EXACT_LANES; l++)
            block[r][l] = 0;
    }
}

static qn_status add_block_squares(qn_sums *sums, int64_t first_index, lanes *block, int rows,
                                   int used) {
    lanes high[QN_EXACT_ROWS], low[QN_EXACT_ROWS];
    qn_exact_products(block[0], block[0], (int64_t)rows * QN_EXACT_LANES, high[0], low[0]);
    QN_TRY(add_block(sums, first_index, high, rows, used));
    return add_block(sums, first_index, low, rows, used);
}

typedef qn_status (*block_adder)(qn_sums *sums, int64_t first_index, lanes *block, int rows,
                                 int used);

static qn_status add_tiles(qn_sums *sums, int64_t first_index, const double *values, int64_t rows,
                           int64_t count, int64_t stride, block_adder add) {
    lanes block[QN_EXACT_ROWS];
    for (int64_t r = 0; r < rows; r += QN_EXACT_ROWS)
        for (int64_t j = 0; j < count; j += QN_EXACT_LANES) {
            int height = rows - r < QN_EXACT_ROWS ? (int)(rows - r) : QN_EXACT_ROWS;
            int used = count - j < QN_EXACT_LANES ? (int)(count - j) : QN_EXACT_LANES;
            load_block(block, values + r * stride + j, height, used, stride);
            QN_TRY(add(sums, first_index + j, block, height, used));
        }
    return QN_OK;
}

qn_status qn_sums_add_rows(qn_sums *sums, int64_t first_index, const double *values, int64_t rows,
                           int64_t count, int64_t stride) {
    if (count == 1 && stride == 1) {
        qn_sum column;
        qn_sum_init(&column);
        qn_sum_add_array(&column, values, rows);
        return qn_sums_add_sum(sums, first_index, &column);
    }
    return add_tiles(sums, first_index, values, rows, count, stride, add_block);
}

qn_status qn_sums_add_squares(qn_sums *sums, int64_t first_index, const double *values,
                              int64_t rows, int64_t count, int64_t stride) {
    if (count == 1 && stride == 1) {
        qn_sum column;
        qn_sum_init(&column);
        qn_sum_add_squares(&column, values, rows);
        return qn_sums_add_sum(sums, first_index, &column);
    }
    return add_tiles(sums, first_index, values, rows, count, stride, add_block_squares);
}

/* Adds digits of another sum, whose window is already inside this one's. */
static qn_status add_digits(qn_sums *sums, int64_t index, const int64_t *digits, int32_t first,
                            int32_t window, int64_t additions) {
    int64_t copy[QN_SUM_DIGITS];
    memcpy(copy, digits, (size_t)window * sizeof *copy);
    if (entry(sums, index)[sums->window] + additions >= QN_DIGITS_ADDITIONS) {
        QN_TRY(normalize_entry(sums, index));
        qn_digits_carry(copy, window);
        additions = 0;
    }
    int64_t *words = entry(sums, index);
    for (int32_t k = 0; k < window; k++)
        words[first - sums->first + k] += copy[k];
    words[sums->window] += additions + 1;
    return QN_OK;
}

qn_status qn_sums_add_sum(qn_sums *sums, int64_t index, const qn_sum *sum) {
    qn_sum copy = *sum;
    qn_sum_normalize(&copy);
    int first, last;
    qn_digits_trim(copy.words, QN_SUM_DIGITS, &first, &last);
    for (int k = 0; k < 3; k++)
        for (int64_t n = copy.words[QN_SUM_DIGITS + k]; n > 0; n--)
            QN_TRY(add_special(sums, index, k == 0 ? (double)NAN : k == 1 ? HUGE_VAL : -HUGE_VAL));
    if (first == last)
        return QN_OK;
    QN_TRY(reserve(sums, first, last));
    return add_digits(sums, index, copy.words + first, first, last - first, 0);
}

qn_status qn_sums_merge(qn_sums *sums, const qn_sums *other) {
    if (other->window > 0)
        QN_TRY(qn_sums_widen(sums, other->first, other->first + other->window));
    for (int64_t i = 0; i < sums->count && other->window > 0; i++) {
        const int64_t *words = entry(other, i);
        QN_TRY(add_digits(sums, i, words, other->first, other->window, words[other->window]));
    }
    if (other->specials == NULL)
        return QN_OK;
    if (sums->specials == NULL)
        QN_TRY(qn_mem_calloc(&sums->specials, (size_t)sums->count * 3, sizeof *sums->specials));
    for (int64_t i = 0; i < 3 * sums->count; i++)
        sums->specials[i] += other->specials[i];
    return QN_OK;
}

void qn_sums_get(const qn_sums *sums, int64_t index, qn_sum *out) {
    qn_sum_init(out);
    const int64_t *words = entry(sums, index);
    memcpy(out->words + sums->first, words, (size_t)sums->window * sizeof *words);
    for (int k = 0; k < 3 && sums->specials != NULL; k++)
        out->words[QN_SUM_DIGITS + k] = sums->specials[3 * index + k];
    qn_sum_normalize(out);
}

double qn_sums_result(const qn_sums *sums, int64_t index) {
    qn_sum sum;
    qn_sums_get(sums, index, &sum);
    return qn_sum_result(&sum);
}

qn_pair qn_sums_result_pair(const qn_sums *sums, int64_t index) {
    qn_sum sum;
    qn_pair pair;
    qn_sums_get(sums, index, &sum);
    qn_sum_result_pair(&sum, &pair.high, &pair.low);
    return pair;
}

qn_status qn_sums_normalize(qn_sums *sums) {
    for (int64_t i = 0; i < sums->count; i++)
        QN_TRY(normalize_entry(sums, i));
    return QN_OK;
}

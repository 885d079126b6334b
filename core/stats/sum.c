#include "core/stats/sum.h"

#include "core/stats/digits.h"
#include "core/stats/exact.h"

#include <math.h>
#include <string.h>

enum { WORD_NAN = QN_SUM_DIGITS, WORD_PLUS, WORD_MINUS, WORD_ADDITIONS };

typedef double lanes[QN_EXACT_LANES];

void qn_sum_init(qn_sum *sum) {
    memset(sum, 0, sizeof *sum);
}

void qn_sum_normalize(qn_sum *sum) {
    qn_digits_carry(sum->words, QN_SUM_DIGITS);
    sum->words[WORD_ADDITIONS] = 0;
}

static void add_special(qn_sum *sum, double value) {
    int word = isnan(value) ? WORD_NAN : value > 0 ? WORD_PLUS : WORD_MINUS;
    sum->words[word]++;
}

void qn_sum_add(qn_sum *sum, double value) {
    qn_pieces pieces = qn_digits_split(value);
    if (pieces.exponent == QN_DIGITS_SPECIAL) {
        add_special(sum, value);
        return;
    }
    if (sum->words[WORD_ADDITIONS] >= QN_DIGITS_ADDITIONS)
        qn_sum_normalize(sum);
    sum->words[WORD_ADDITIONS]++;
    sum->words[pieces.digit] += pieces.low;
    sum->words[pieces.digit + 1] += pieces.high;
}

static void add_each(qn_sum *sum, const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        qn_sum_add(sum, values[i]);
}

static void add_block(qn_sum *sum, const double *values, int rows) {
    lanes block[QN_EXACT_ROWS], partial[QN_EXACT_LEVELS];
    memcpy(block, values, (size_t)rows * sizeof *block);
    int levels = qn_exact_partial(block, rows, partial);
    if (levels < 0)
        add_each(sum, block[0], (int64_t)rows * QN_EXACT_LANES);
    if (levels != -1)
        add_each(sum, partial[0], (levels < 0 ? QN_EXACT_LEVELS : levels) * QN_EXACT_LANES);
}

void qn_sum_add_array(qn_sum *sum, const double *values, int64_t count) {
    while (count >= QN_EXACT_LANES) {
        int64_t rows = count / QN_EXACT_LANES;
        if (rows > QN_EXACT_ROWS)
            rows = QN_EXACT_ROWS;
        if (rows < 8) /* too short to pay for the passes */
            break;
        add_block(sum, values, (int)rows);
        values += rows * QN_EXACT_LANES;
        count -= rows * QN_EXACT_LANES;
    }
    add_each(sum, values, count);
}

void qn_sum_add_squares(qn_sum *sum, const double *values, int64_t count) {
    enum { BLOCK = QN_EXACT_ROWS * QN_EXACT_LANES };
    double high[BLOCK], low[BLOCK];
    for (int64_t i = 0; i < count; i += BLOCK) {
        int64_t length = count - i < BLOCK ? count - i : BLOCK;
        qn_exact_products(values + i, values + i, length, high, low);
        qn_sum_add_array(sum, high, length);
        qn_sum_add_array(sum, low, length);
    }
}

void qn_sum_add_product(qn_sum *sum, double a, double b) {
    double high = a * b;
    qn_sum_add(sum, high);
    if (isfinite(high))
        qn_sum_add(sum, fma(a, b, -high));
}

void qn_sum_merge(qn_sum *sum, const qn_sum *other) {
    qn_sum copy = *other;
    if (sum->words[WORD_ADDITIONS] + copy.words[WORD_ADDITIONS] >= QN_DIGITS_ADDITIONS) {
        qn_sum_normalize(sum);
        qn_sum_normalize(&copy);
    }
    for (int i = 0; i < QN_SUM_WORDS; i++)
        sum->words[i] += copy.words[i];
    sum->words[WORD_ADDITIONS]++;
}

/* What IEEE addition of the infinities and NaNs gives; false if there were none. */
static bool special_result(const qn_sum *sum, double *out) {
    int64_t plus = sum->words[WORD_PLUS], minus = sum->words[WORD_MINUS];
    if (sum->words[WORD_NAN] > 0 || (plus > 0 && minus > 0))
        *out = (double)NAN;
    else if (plus > 0 || minus > 0)
        *out = plus > 0 ? HUGE_VAL : -HUGE_VAL;
    else
        return false;
    return true;
}

double qn_sum_result(const qn_sum *sum) {
    double special;
    if (special_result(sum, &special))
        return special;
    int64_t digits[QN_SUM_DIGITS];
    memcpy(digits, sum->words, sizeof digits);
    return qn_digits_round(digits, QN_SUM_DIGITS, 0);
}

void qn_sum_result_pair(const qn_sum *sum, double *high, double *low) {
    *high = qn_sum_result(sum);
    *low = 0;
    if (!isfinite(*high))
        return;
    qn_sum rest = *sum;
    qn_sum_add(&rest, -*high);
    *low = qn_sum_result(&rest);
}

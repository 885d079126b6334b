#include "core/stats/fixed_sums.h"

#include "core/memory.h"
#include "core/stats/digits.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum {
    BLOCK = 1024,
    LOW = QN_FIXED_LOW_BITS,
    HIGH = QN_FIXED_HIGH_BITS,
    BITS = LOW + HIGH,
    LEAST_BASE = -900, /* so that powers of two of the grid are normal numbers */
    MOST_BASE = 800,
    MOST_PENDING = 1 << 20
};

/* ---- The grid ------------------------------------------------------------------------------- */

/* Used bits of a block, and whether every value is on the grid. */
typedef struct used {
    uint64_t low, high;
    bool fits;
} used;

CLONES static used split(const double *restrict values, int64_t count, int32_t base,
                         int64_t *restrict low, int64_t *restrict high) {
    double unit = ldexp(1, base), per_unit = ldexp(1, -base), per_high = ldexp(1, -base - LOW);
    double cut = ldexp(1.5, base + LOW + 52), most = ldexp(1, HIGH), most_low = ldexp(1, LOW);
    uint64_t low_bits = 0, high_bits = 0;
    int64_t misfits = 0;
    for (int64_t i = 0; i < count; i++) {
        double upper = (values[i] + cut) - cut;
        double lower = values[i] - upper;
        double high_part = upper * per_high, low_part = lower * per_unit;
        bool inside = (fabs(high_part) < most) & (fabs(low_part) < most_low);
        int64_t l = (int64_t)(inside ? low_part : 0), h = (int64_t)(inside ? high_part : 0);
        misfits |= !inside | !((double)l * unit == lower);
        low[i] = l;
        high[i] = h;
        low_bits |= (uint64_t)l;
        high_bits |= h < 0 ? -(uint64_t)h : (uint64_t)h; /* a misfit may be the least */
    }
    return (used){low_bits, high_bits, misfits == 0};
}

bool qn_fixed_split(qn_fixed_grid *grid, const double *values, int64_t count, int64_t *low,
                    int64_t *high) {
    if (!grid->placed)
        return false;
    used bits = split(values, count, grid->base, low, high);
    if (!bits.fits)
        return false;
    grid->low_bits |= bits.low;
    grid->high_bits |= bits.high;
    return true;
}

/* Lowest bit and the one above the highest, as exponents; false for 0 and what is not finite. */
static bool value_range(double value, int32_t *least, int32_t *most) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 52) & 0x7ff;
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    if (exponent == QN_DIGITS_SPECIAL || (exponent == 0 && mantissa == 0))
        return false;
    if (exponent == 0)
        exponent = 1;
    else
        mantissa |= UINT64_C(1) << 52;
    int32_t low = __builtin_ctzll(mantissa) + exponent - 1075;
    int32_t high = 64 - __builtin_clzll(mantissa) + exponent - 1075;
    *least = low < *least ? low : *least;
    *most = high > *most ? high : *most;
    return true;
}

static void grid_range(const qn_fixed_grid *grid, int32_t *least, int32_t *most) {
    if (!grid->placed)
        return;
    if (grid->low_bits != 0) {
        *least = grid->base + __builtin_ctzll(grid->low_bits);
        *most = grid->base + LOW; /* signs fill the bits above */
    }
    if (grid->high_bits != 0) {
        int32_t high = grid->base + LOW + __builtin_ctzll(grid->high_bits);
        *least = high < *least ? high : *least;
        *most = grid->base + LOW + 64 - __builtin_clzll(grid->high_bits) + 1;
    }
}

bool qn_fixed_place(const qn_fixed_grid *grid, const double *values, int64_t count, int32_t *base) {
    int32_t least = INT32_MAX, most = INT32_MIN;
    grid_range(grid, &least, &most);
    for (int64_t i = 0; i < count; i++)
        value_range(values[i], &least, &most);
    if (least > most) {
        *base = grid->placed ? grid->base : -BITS / 2;
        return true;
    }
    int32_t slack = BITS - 2 - (most - least);
    if (slack < 0)
        return false;
    int32_t made = least - slack * 2 / 3;
    if (made < LEAST_BASE || made > MOST_BASE)
        return false;
    *base = made;
    return true;
}

void qn_fixed_move(qn_fixed_grid *grid, int32_t base) {
    int32_t least = INT32_MAX, most = INT32_MIN;
    grid_range(grid, &least, &most);
    *grid = (qn_fixed_grid){.base = base, .placed = true};
    if (least > most)
        return;
    /* all bits between may be used */
    least -= base;
    most -= base;
    for (int32_t bit = least; bit < most && bit < BITS; bit++)
        if (bit < LOW)
            grid->low_bits |= UINT64_C(1) << bit;
        else
            grid->high_bits |= UINT64_C(1) << (bit - LOW);
}

/* ---- Life ----------------------------------------------------------------------------------- */

void qn_fixed_sums_init(qn_fixed_sums *sums) {
    *sums = (qn_fixed_sums){0};
}

void qn_fixed_sums_clear(qn_fixed_sums *sums) {
    qn_mem_free(sums->pairs);
    qn_mem_free(sums->specials);
    if (sums->wide)
        qn_sums_clear(&sums->digits);
    qn_fixed_sums_init(sums);
}

static qn_status grow_array(void *array, int64_t old, int64_t new, size_t size) {
    QN_TRY(qn_mem_resize(array, (size_t) new, size));
    char *start;
    memcpy(&start, array, sizeof start);
    memset(start + (size_t)old * size, 0, (size_t)(new - old) * size);
    return QN_OK;
}

qn_status qn_fixed_grow_digits(qn_sums *digits, int64_t count) {
    size_t size = ((size_t)digits->window + 1) * sizeof *digits->words;
    QN_TRY(grow_array(&digits->words, digits->count, count, size));
    if (digits->specials != NULL)
        QN_TRY(
            grow_array(&digits->specials, 3 * digits->count, 3 * count, sizeof *digits->specials));
    digits->count = count;
    return QN_OK;
}

static qn_status reserve(qn_fixed_sums *sums, int64_t count) {
    int64_t capacity = sums->capacity + sums->capacity / 2;
    capacity = capacity < count ? count : capacity;
    capacity = capacity < 16 ? 16 : capacity;
    if (sums->wide) {
        QN_TRY(qn_fixed_grow_digits(&sums->digits, capacity));
    } else {
        QN_TRY(grow_array(&sums->pairs, sums->capacity, capacity, sizeof *sums->pairs));
    }
    if (sums->specials != NULL)
        QN_TRY(
            grow_array(&sums->specials, 3 * sums->capacity, 3 * capacity, sizeof *sums->specials));
    sums->capacity = capacity;
    return QN_OK;
}

qn_status qn_fixed_sums_grow(qn_fixed_sums *sums, int64_t count) {
    if (count > sums->capacity)
        QN_TRY(reserve(sums, count));
    sums->count = count > sums->count ? count : sums->count;
    return QN_OK;
}

int64_t qn_fixed_sums_bytes(const qn_fixed_sums *sums) {
    int64_t each = sums->wide ? (sums->digits.window + 1) * INT64_C(8) : INT64_C(16);
    return sums->capacity * (each + (sums->specials != NULL ? 24 : 0));
}

/* ---- Carries and other bases ---------------------------------------------------------------- */

static inline qn_wide value_of(qn_fixed_pair pair) {
    return (qn_wide)pair[1] * ((qn_wide)1 << LOW) + pair[0];
}

static inline qn_fixed_pair pair_of(qn_wide value) {
    return (qn_fixed_pair){(int64_t)value & ((INT64_C(1) << LOW) - 1), (int64_t)(value >> LOW)};
}

qn_status qn_fixed_add_wide(qn_sums *digits, int64_t index, qn_wide value, int32_t base) {
    for (int32_t shift = 0; value != 0; shift += 32) {
        int64_t piece = (int64_t)((uint64_t)value & 0xffffffff);
        value >>= 32;
        if (shift == 96) { /* the sign is in the last piece */
            piece = (int32_t)(uint32_t)piece;
            value = 0;
        }
        QN_TRY(qn_sums_add(digits, index, ldexp((double)piece, base + shift)));
    }
    return QN_OK;
}

static qn_status become_wide(qn_fixed_sums *sums) {
    qn_sums digits;
    QN_TRY(qn_sums_init(&digits, sums->capacity));
    for (int64_t i = 0; i < sums->count; i++) {
        qn_status status = qn_fixed_add_wide(&digits, i, value_of(sums->pairs[i]), sums->grid.base);
        if (status != QN_OK) {
            qn_sums_clear(&digits);
            return status;
        }
    }
    qn_mem_free(sums->pairs);
    sums->pairs = NULL;
    sums->digits = digits;
    sums->wide = true;
    return QN_OK;
}

static inline bool is_large(int64_t high) {
    return high > INT64_C(1) << 61 || high < -(INT64_C(1) << 61);
}

/* Leaves low parts in [0, 2^43) and high ones below 2^61, or goes over to digits. */
static qn_status carry(qn_fixed_sums *sums) {
    bool large = false;
    for (int64_t i = 0; i < sums->count; i++) {
        int64_t over = sums->pairs[i][0] >> LOW;
        sums->pairs[i] += (qn_fixed_pair){-(over * (INT64_C(1) << LOW)), over};
        large |= is_large(sums->pairs[i][1]);
    }
    sums->pending = 0;
    return large ? become_wide(sums) : QN_OK;
}

static qn_status rebase(qn_fixed_sums *sums, int32_t base) {
    int32_t shift = sums->grid.base - base;
    bool empty = !sums->grid.placed;
    qn_fixed_move(&sums->grid, base);
    if (empty || shift == 0)
        return QN_OK;
    QN_TRY(carry(sums));
    if (sums->wide)
        return QN_OK;
    for (int64_t i = 0; i < sums->count && shift > 0; i++) {
        qn_wide value = value_of(sums->pairs[i]);
        qn_wide most = (qn_wide)1 << (61 + LOW - (shift < 61 + LOW ? shift : 61 + LOW));
        if (value > most || value < -most) {
            sums->grid.base += shift; /* of those that follow too, for this once */
            for (int64_t j = 0; j < i; j++)
                sums->pairs[j] = pair_of(value_of(sums->pairs[j]) >> shift);
            return become_wide(sums);
        }
        sums->pairs[i] = pair_of(value * ((qn_wide)1 << shift));
    }
    for (int64_t i = 0; i < sums->count && shift < 0; i++)
        sums->pairs[i] = pair_of(value_of(sums->pairs[i]) >> -shift);
    return QN_OK;
}

/* ---- Adding --------------------------------------------------------------------------------- */

static qn_status add_special(qn_fixed_sums *sums, int64_t index, double value, int sign) {
    if (sums->specials == NULL)
        QN_TRY(qn_mem_calloc(&sums->specials, 3 * (size_t)sums->capacity, sizeof *sums->specials));
    sums->specials[3 * index + (isnan(value) ? 0 : value > 0 ? 1 : 2)] += sign;
    return QN_OK;
}

static qn_status add_wide_value(qn_fixed_sums *sums, int64_t index, double value, int sign) {
    return qn_sums_add(&sums->digits, index, sign < 0 ? -value : value);
}

/* The careful way: makes the grid fit, or goes over to digits. */
static qn_status add_carefully(qn_fixed_sums *sums, int64_t index, double value, int sign) {
    int64_t low = 0, high = 0;
    int32_t base;
    if (!isfinite(value))
        return add_special(sums, index, value, sign);
    if (value == 0)
        return QN_OK;
    if (!sums->wide && !qn_fixed_split(&sums->grid, &value, 1, &low, &high)) {
        if (!qn_fixed_place(&sums->grid, &value, 1, &base))
            QN_TRY(become_wide(sums));
        else
            QN_TRY(rebase(sums, base));
        if (!sums->wide && !qn_fixed_split(&sums->grid, &value, 1, &low, &high))
            QN_TRY(become_wide(sums));
    }
    if (sums->wide)
        return add_wide_value(sums, index, value, sign);
    sums->pairs[index] += (qn_fixed_pair){sign * low, sign * high};
    return ++sums->pending >= MOST_PENDING ? carry(sums) : QN_OK;
}

qn_status qn_fixed_sums_add_one(qn_fixed_sums *sums, int64_t index, double value, int sign) {
    return add_carefully(sums, index, value, sign);
}

/* A block that is not on the grid: the grid is made to fit all of it, if that can be. */
static qn_status add_misfits(qn_fixed_sums *sums, const uint32_t *ids, const double *values,
                             int64_t count, int sign) {
    int32_t base;
    if (!sums->wide && qn_fixed_place(&sums->grid, values, count, &base))
        QN_TRY(rebase(sums, base));
    for (int64_t i = 0; i < count; i++)
        QN_TRY(add_carefully(sums, ids == NULL ? 0 : ids[i], values[i], sign));
    return QN_OK;
}

static void add_pairs(qn_fixed_pair *pairs, const uint32_t *ids, const int64_t *low,
                      const int64_t *high, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        pairs[ids[i]] += (qn_fixed_pair){low[i], high[i]};
}

CLONES static void add_all(qn_fixed_pair *pair, const int64_t *low, const int64_t *high,
                           int64_t count, int sign) {
    int64_t lows = 0, highs = 0;
    for (int64_t i = 0; i < count; i++) {
        lows += low[i];
        highs += high[i];
    }
    *pair += (qn_fixed_pair){sign * lows, sign * highs};
}

CLONES static void negate(int64_t *values, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        values[i] = -values[i];
}

static qn_status add_block(qn_fixed_sums *sums, const uint32_t *ids, const double *values,
                           int64_t count, int sign) {
    int64_t low[BLOCK], high[BLOCK];
    if (sums->wide || !qn_fixed_split(&sums->grid, values, count, low, high))
        return add_misfits(sums, ids, values, count, sign);
    if (ids == NULL) {
        add_all(&sums->pairs[0], low, high, count, sign);
    } else {
        if (sign < 0) {
            negate(low, count);
            negate(high, count);
        }
        add_pairs(sums->pairs, ids, low, high, count);
    }
    sums->pending += count;
    return sums->pending >= MOST_PENDING - BLOCK ? carry(sums) : QN_OK;
}

qn_status qn_fixed_sums_add(qn_fixed_sums *sums, const uint32_t *ids, const double *values,
                            int64_t count, int sign) {
    for (int64_t i = 0; i < count; i += BLOCK) {
        int64_t length = count - i < BLOCK ? count - i : BLOCK;
        QN_TRY(add_block(sums, ids == NULL ? NULL : ids + i, values + i, length, sign));
    }
    return QN_OK;
}

qn_status qn_fixed_sums_add_pair(qn_fixed_sums *sums, int64_t index, qn_fixed_pair pair,
                                 int32_t base) {
    qn_wide value = value_of(pair);
    if (value == 0)
        return QN_OK;
    if (!sums->wide && !sums->grid.placed)
        sums->grid = (qn_fixed_grid){.base = base, .placed = true};
    if (!sums->wide) {
        if (base < sums->grid.base)
            QN_TRY(rebase(sums, base));
        /* the sum's bits stand for those of the values that made it */
        sums->grid.low_bits |= UINT64_C(1);
    }
    int32_t shift = base - sums->grid.base;
    qn_wide most = (qn_wide)1 << (61 + LOW);
    bool fits =
        !sums->wide && shift < 61 + LOW && value < most >> shift && value > -(most >> shift);
    if (fits) {
        qn_wide total = value_of(sums->pairs[index]) + value * ((qn_wide)1 << shift);
        fits = total < most && total > -most;
        if (fits) {
            sums->pairs[index] = pair_of(total);
            return QN_OK;
        }
    }
    if (!sums->wide)
        QN_TRY(become_wide(sums));
    return qn_fixed_add_wide(&sums->digits, index, value, base);
}

/* ---- Results -------------------------------------------------------------------------------- */

static bool special_result(const int64_t *specials, double *out) {
    if (specials[0] > 0 || (specials[1] > 0 && specials[2] > 0))
        *out = (double)NAN;
    else if (specials[1] > 0 || specials[2] > 0)
        *out = specials[1] > 0 ? HUGE_VAL : -HUGE_VAL;
    else
        return false;
    return true;
}

/* Of a base: a normal number, so that to multiply by it is exact. */
static inline double power_of_two(int32_t exponent) {
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double qn_fixed_sums_result(const qn_fixed_sums *sums, int64_t index) {
    double special;
    if (sums->specials != NULL && special_result(sums->specials + 3 * index, &special))
        return special;
    if (sums->wide)
        return qn_sums_result(&sums->digits, index);
    return (double)value_of(sums->pairs[index]) * power_of_two(sums->grid.base);
}

void qn_fixed_sums_result_pair(const qn_fixed_sums *sums, int64_t index, double *high,
                               double *low) {
    *high = qn_fixed_sums_result(sums, index);
    *low = 0;
    if (!isfinite(*high))
        return;
    if (sums->wide) {
        qn_pair pair = qn_sums_result_pair(&sums->digits, index);
        *high = pair.high;
        *low = pair.low;
        return;
    }
    qn_wide value = value_of(sums->pairs[index]);
    double nearest = (double)value;
    *low = ldexp((double)(value - (qn_wide)nearest), sums->grid.base);
}

void qn_fixed_sums_reset(qn_fixed_sums *sums, int64_t index) {
    if (sums->wide)
        memset(sums->digits.words + index * (sums->digits.window + 1), 0,
               ((size_t)sums->digits.window + 1) * sizeof *sums->digits.words);
    else
        sums->pairs[index] = (qn_fixed_pair){0, 0};
    if (sums->specials != NULL)
        memset(sums->specials + 3 * index, 0, 3 * sizeof *sums->specials);
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

typedef struct packed {
    qn_fixed_pair pair;
    int32_t base;
    int32_t first, digits; /* of the wide form, which follow */
    int64_t specials[3];
} packed;

qn_status qn_fixed_sums_pack(const qn_fixed_sums *sums, int64_t index, qn_text *out) {
    packed head = {.base = sums->grid.base};
    qn_sum sum;
    int first = 0, last = 0;
    if (sums->wide) {
        qn_sums_get(&sums->digits, index, &sum);
        qn_digits_trim(sum.words, QN_SUM_DIGITS, &first, &last);
    } else {
        head.pair = sums->pairs[index];
    }
    head.first = first;
    head.digits = last - first;
    if (sums->specials != NULL)
        memcpy(head.specials, sums->specials + 3 * index, sizeof head.specials);
    QN_TRY(qn_text_add(out, (const char *)&head, sizeof head));
    if (head.digits == 0)
        return QN_OK;
    return qn_text_add(out, (const char *)(sum.words + first),
                       (int64_t)sizeof(int64_t) * head.digits);
}

qn_status qn_fixed_sums_unpack(qn_fixed_sums *sums, int64_t index, qn_view bytes) {
    packed head;
    if (bytes.length < (int64_t)sizeof head)
        return qn_fail(QN_INTERNAL, "a sum was sent with %lld bytes only", (long long)bytes.length);
    memcpy(&head, bytes.data, sizeof head);
    QN_TRY(qn_fixed_sums_add_pair(sums, index, head.pair, head.base));
    bool special = head.specials[0] != 0 || head.specials[1] != 0 || head.specials[2] != 0;
    if (special && sums->specials == NULL)
        QN_TRY(qn_mem_calloc(&sums->specials, 3 * (size_t)sums->capacity, sizeof *sums->specials));
    for (int k = 0; k < 3 && special; k++)
        sums->specials[3 * index + k] += head.specials[k];
    if (head.digits == 0)
        return QN_OK;
    qn_sum sum;
    qn_sum_init(&sum);
    memcpy(sum.words + head.first, bytes.data + sizeof head,
           (size_t)head.digits * sizeof *sum.words);
    if (!sums->wide)
        QN_TRY(become_wide(sums));
    return qn_sums_add_sum(&sums->digits, index, &sum);
}

#include "core/stats/fixed_products.h"

#include "core/memory.h"
#include "core/stats/digits.h"

#include <math.h>
#include <string.h>

/* Products of values on these grids are normal numbers. */
enum { BLOCK = 1024, LEAST_BASE = -400, MOST_BASE = 350, LOW = QN_FIXED_LOW_BITS };

void qn_fixed_products_init(qn_fixed_products *sums, int32_t variables) {
    *sums = (qn_fixed_products){.products = variables == 1 ? 1 : 3};
}

void qn_fixed_products_clear(qn_fixed_products *sums) {
    qn_mem_free(sums->parts);
    if (sums->archived)
        qn_sums_clear(&sums->archive);
    *sums = (qn_fixed_products){.products = sums->products};
}

qn_status qn_fixed_products_grow(qn_fixed_products *sums, int64_t count) {
    if (count > sums->capacity) {
        int64_t capacity = sums->capacity + sums->capacity / 2;
        capacity = capacity < count ? count : capacity;
        int64_t each = 3 * sums->products;
        QN_TRY(qn_mem_resize(&sums->parts, (size_t)(capacity * each), sizeof *sums->parts));
        memset(sums->parts + sums->capacity * each, 0,
               (size_t)((capacity - sums->capacity) * each) * sizeof *sums->parts);
        if (sums->archived)
            QN_TRY(qn_fixed_grow_digits(&sums->archive, capacity * sums->products));
        sums->capacity = capacity;
    }
    sums->count = count > sums->count ? count : sums->count;
    return QN_OK;
}

int64_t qn_fixed_products_bytes(const qn_fixed_products *sums) {
    int64_t digits = sums->archived ? (sums->archive.window + 1) * INT64_C(8) : 0;
    return sums->capacity * sums->products * (48 + digits);
}

/* ---- Grids that move ------------------------------------------------------------------------ */

static qn_status start_archive(qn_fixed_products *sums) {
    if (sums->archived)
        return QN_OK;
    QN_TRY(qn_sums_init(&sums->archive, sums->capacity * sums->products));
    sums->archived = true;
    return QN_OK;
}

static int32_t base_of(const qn_fixed_products *sums, int32_t product) {
    int32_t x = sums->grids[product == 1 ? 1 : 0].base;
    int32_t y = sums->grids[product == 0 ? 0 : 1].base;
    return x + y;
}

static qn_status add_parts(const qn_wide *parts, int32_t base, qn_sums *digits, int64_t index) {
    QN_TRY(qn_fixed_add_wide(digits, index, parts[0], base + 2 * LOW));
    QN_TRY(qn_fixed_add_wide(digits, index, parts[1], base + LOW));
    return qn_fixed_add_wide(digits, index, parts[2], base);
}

/* Everything so far goes to the archive, so that the grids may change. */
static qn_status flush(qn_fixed_products *sums) {
    QN_TRY(start_archive(sums));
    for (int64_t i = 0; i < sums->count * sums->products; i++) {
        qn_wide *parts = sums->parts + 3 * i;
        if (parts[0] != 0 || parts[1] != 0 || parts[2] != 0)
            QN_TRY(
                add_parts(parts, base_of(sums, (int32_t)(i % sums->products)), &sums->archive, i));
        memset(parts, 0, 3 * sizeof *parts);
    }
    return QN_OK;
}

/* ---- Adding --------------------------------------------------------------------------------- */

typedef struct block {
    int64_t count;
    const uint32_t *ids;
    int64_t low[2][BLOCK], high[2][BLOCK];
} block;

/* Grids on which only high parts are used: small integers, mostly. */
static void add_high(const qn_fixed_products *sums, const block *rows) {
    const int64_t *x = rows->high[0], *y = rows->high[1];
    int64_t each = 3 * sums->products;
    for (int64_t i = 0; i < rows->count; i++) {
        qn_wide *parts = sums->parts + rows->ids[i] * each;
        parts[0] += (qn_wide)x[i] * x[i];
        if (sums->products == 1)
            continue;
        parts[3] += (qn_wide)y[i] * y[i];
        parts[6] += (qn_wide)x[i] * y[i];
    }
}

static inline void add_product(qn_wide *parts, int64_t x_low, int64_t x_high, int64_t y_low,
                               int64_t y_high) {
    parts[0] += (qn_wide)x_high * y_high;
    parts[1] += (qn_wide)x_high * y_low + (qn_wide)x_low * y_high;
    parts[2] += (qn_wide)x_low * y_low;
}

static void add_full(const qn_fixed_products *sums, const block *rows) {
    int64_t each = 3 * sums->products;
    for (int64_t i = 0; i < rows->count; i++) {
        qn_wide *parts = sums->parts + rows->ids[i] * each;
        int64_t xl = rows->low[0][i], xh = rows->high[0][i];
        add_product(parts, xl, xh, xl, xh);
        if (sums->products == 1)
            continue;
        int64_t yl = rows->low[1][i], yh = rows->high[1][i];
        add_product(parts + 3, yl, yh, yl, yh);
        add_product(parts + 6, xl, xh, yl, yh);
    }
}

static void add_split(const qn_fixed_products *sums, const block *rows) {
    if (sums->grids[0].low_bits == 0 && sums->grids[1].low_bits == 0)
        add_high(sums, rows);
    else
        add_full(sums, rows);
}

static qn_status add_off_grid(qn_fixed_products *sums, const uint32_t *ids, const double *x,
                              const double *y, int64_t count) {
    QN_TRY(start_archive(sums));
    for (int64_t i = 0; i < count; i++) {
        int64_t first = (int64_t)ids[i] * sums->products;
        QN_TRY(qn_sums_add_product(&sums->archive, first, x[i], x[i]));
        if (sums->products == 1)
            continue;
        QN_TRY(qn_sums_add_product(&sums->archive, first + 1, y[i], y[i]));
        QN_TRY(qn_sums_add_product(&sums->archive, first + 2, x[i], y[i]));
    }
    return QN_OK;
}

/* Moves the grid of a variable so that the values fit; off_grid if that cannot be. */
static qn_status make_fit(qn_fixed_products *sums, int variable, const double *values,
                          int64_t count) {
    int32_t base;
    qn_fixed_grid *grid = &sums->grids[variable];
    if (!qn_fixed_place(grid, values, count, &base) || base < LEAST_BASE || base > MOST_BASE) {
        sums->off_grid = true;
        return flush(sums);
    }
    if (grid->placed && grid->base == base)
        return QN_OK;
    if (grid->placed)
        QN_TRY(flush(sums));
    qn_fixed_move(grid, base);
    return QN_OK;
}

/* A block with values that are not finite, or not on the grid. */
static qn_status add_misfits(qn_fixed_products *sums, block *rows, const double *x,
                             const double *y) {
    double clean[2][BLOCK];
    for (int64_t i = 0; i < rows->count; i++) {
        bool finite = isfinite(x[i]) && (y == NULL || isfinite(y[i]));
        clean[0][i] = finite ? x[i] : 0;
        clean[1][i] = finite && y != NULL ? y[i] : 0;
    }
    int variables = sums->products == 1 ? 1 : 2;
    bool fits = !sums->off_grid;
    for (int v = 0; v < variables && !sums->off_grid; v++)
        QN_TRY(make_fit(sums, v, clean[v], rows->count));
    for (int v = 0; v < variables && fits; v++)
        fits = !sums->off_grid &&
               qn_fixed_split(&sums->grids[v], clean[v], rows->count, rows->low[v], rows->high[v]);
    if (!fits)
        return add_off_grid(sums, rows->ids, clean[0], clean[1], rows->count);
    add_split(sums, rows);
    return QN_OK;
}

static qn_status add_block(qn_fixed_products *sums, block *rows, const double *x, const double *y) {
    bool fits =
        !sums->off_grid &&
        qn_fixed_split(&sums->grids[0], x, rows->count, rows->low[0], rows->high[0]) &&
        (y == NULL || qn_fixed_split(&sums->grids[1], y, rows->count, rows->low[1], rows->high[1]));
    if (!fits)
        return add_misfits(sums, rows, x, y);
    add_split(sums, rows);
    return QN_OK;
}

qn_status qn_fixed_products_add(qn_fixed_products *sums, const uint32_t *ids, const double *x,
                                const double *y, int64_t count) {
    block rows;
    for (int64_t i = 0; i < count; i += BLOCK) {
        rows.count = count - i < BLOCK ? count - i : BLOCK;
        rows.ids = ids + i;
        QN_TRY(add_block(sums, &rows, x + i, y != NULL ? y + i : NULL));
    }
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

/* What is on the grid as one integer, if that has 126 bits at most. */
static bool join(const qn_wide *parts, qn_wide *out) {
    qn_wide most = (qn_wide)1 << 38, middle = (qn_wide)1 << 80;
    if (parts[0] > most || parts[0] < -most || parts[1] > middle || parts[1] < -middle)
        return false;
    *out = parts[0] * ((qn_wide)1 << (2 * LOW)) + parts[1] * ((qn_wide)1 << LOW) + parts[2];
    return true;
}

static qn_pair pair_of(qn_wide value, int32_t base) {
    double high = (double)value;
    double low = (double)(value - (qn_wide)high);
    return (qn_pair){ldexp(high, base), ldexp(low, base)};
}

static qn_status exact_sum(const qn_fixed_products *sums, int64_t index, qn_sum *out) {
    const qn_wide *parts = sums->parts + 3 * index;
    qn_sum_init(out);
    if (sums->archived)
        qn_sums_get(&sums->archive, index, out);
    if (parts[0] == 0 && parts[1] == 0 && parts[2] == 0)
        return QN_OK;
    qn_sums one;
    QN_TRY(qn_sums_init(&one, 1));
    qn_status status = add_parts(parts, base_of(sums, (int32_t)(index % sums->products)), &one, 0);
    qn_sum more;
    qn_sums_get(&one, 0, &more);
    qn_sums_clear(&one);
    qn_sum_merge(out, &more);
    return status;
}

qn_status qn_fixed_products_result(const qn_fixed_products *sums, int64_t group, int32_t product,
                                   qn_pair *out) {
    int64_t index = group * sums->products + product;
    const qn_wide *parts = sums->parts + 3 * index;
    int32_t base = base_of(sums, product);
    qn_wide joined;
    if (!sums->archived && parts[1] == 0 && parts[2] == 0) {
        *out = pair_of(parts[0], base + 2 * LOW);
        return QN_OK;
    }
    if (!sums->archived && join(parts, &joined)) {
        *out = pair_of(joined, base);
        return QN_OK;
    }
    qn_sum sum;
    QN_TRY(exact_sum(sums, index, &sum));
    qn_sum_result_pair(&sum, &out->high, &out->low);
    return QN_OK;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

typedef struct packed {
    int32_t first, digits;
    int64_t specials[3];
} packed;

qn_status qn_fixed_products_pack(const qn_fixed_products *sums, int64_t group, qn_text *out) {
    for (int32_t p = 0; p < sums->products; p++) {
        qn_sum sum;
        int first, last;
        QN_TRY(exact_sum(sums, group * sums->products + p, &sum));
        qn_sum_normalize(&sum);
        qn_digits_trim(sum.words, QN_SUM_DIGITS, &first, &last);
        packed head = {.first = first, .digits = last - first};
        memcpy(head.specials, sum.words + QN_SUM_DIGITS, sizeof head.specials);
        QN_TRY(qn_text_add(out, (const char *)&head, sizeof head));
        if (head.digits > 0)
            QN_TRY(qn_text_add(out, (const char *)(sum.words + first),
                               head.digits * (int64_t)sizeof *sum.words));
    }
    return QN_OK;
}

qn_status qn_fixed_products_unpack(qn_fixed_products *sums, int64_t group, qn_view bytes) {
    QN_TRY(start_archive(sums));
    for (int32_t p = 0; p < sums->products; p++) {
        packed head;
        qn_sum sum;
        if (bytes.length < (int64_t)sizeof head)
            return qn_fail(QN_INTERNAL, "sums of products were sent with too few bytes");
        memcpy(&head, bytes.data, sizeof head);
        int64_t size = head.digits * (int64_t)sizeof *sum.words;
        qn_sum_init(&sum);
        memcpy(sum.words + head.first, bytes.data + sizeof head, (size_t)size);
        memcpy(sum.words + QN_SUM_DIGITS, head.specials, sizeof head.specials);
        QN_TRY(qn_sums_add_sum(&sums->archive, group * sums->products + p, &sum));
        bytes.data += (int64_t)sizeof head + size;
        bytes.length -= (int64_t)sizeof head + size;
    }
    return QN_OK;
}

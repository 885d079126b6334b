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

/* One product's parts, side by side. */
typedef struct triple {
    qn_wide high, middle, low;
} triple;

/* Of product index % products of group index / products. */
static triple parts_of(const qn_fixed_products *sums, int64_t index) {
    int32_t n = sums->products;
    const qn_wide *parts = sums->parts + index / n * 3 * n + index % n;
    return (triple){parts[0], parts[n], parts[2 * (int64_t)n]};
}

static bool is_zero(triple parts) {
    return parts.high == 0 && parts.middle == 0 && parts.low == 0;
}

static qn_status add_parts(triple parts, int32_t base, qn_sums *digits, int64_t index) {
    QN_TRY(qn_fixed_add_wide(digits, index, parts.high, base + 2 * LOW));
    QN_TRY(qn_fixed_add_wide(digits, index, parts.middle, base + LOW));
    return qn_fixed_add_wide(digits, index, parts.low, base);
}

/* Everything so far goes to the archive, so that the grids may change. */
static qn_status flush(qn_fixed_products *sums) {
    QN_TRY(start_archive(sums));
    for (int64_t i = 0; i < sums->count * sums->products; i++) {
        triple parts = parts_of(sums, i);
        if (!is_zero(parts))
            QN_TRY(
                add_parts(parts, base_of(sums, (int32_t)(i % sums->products)), &sums->archive, i));
    }
    memset(sums->parts, 0, (size_t)(sums->count * sums->products * 3) * sizeof *sums->parts);
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
        parts[1] += (qn_wide)y[i] * y[i];
        parts[2] += (qn_wide)x[i] * y[i];
    }
}

static inline void add_product(qn_wide *parts, int32_t products, int64_t x_low, int64_t x_high,
                               int64_t y_low, int64_t y_high) {
    parts[0] += (qn_wide)x_high * y_high;
    parts[products] += (qn_wide)x_high * y_low + (qn_wide)x_low * y_high;
    parts[2 * products] += (qn_wide)x_low * y_low;
}

static void add_full(const qn_fixed_products *sums, const block *rows) {
    int64_t each = 3 * sums->products;
    for (int64_t i = 0; i < rows->count; i++) {
        qn_wide *parts = sums->parts + rows->ids[i] * each;
        int64_t xl = rows->low[0][i], xh = rows->high[0][i];
        add_product(parts, sums->products, xl, xh, xl, xh);
        if (sums->products == 1)
            continue;
        int64_t yl = rows->low[1][i], yh = rows->high[1][i];
        add_product(parts + 1, 3, yl, yh, yl, yh);
        add_product(parts + 2, 3, xl, xh, yl, yh);
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
static bool join(triple parts, qn_wide *out) {
    qn_wide most = (qn_wide)1 << 38, middle = (qn_wide)1 << 80;
    if (parts.high > most || parts.high < -most || parts.middle > middle || parts.middle < -middle)
        return false;
    *out = parts.high * ((qn_wide)1 << (2 * LOW)) + parts.middle * ((qn_wide)1 << LOW) + parts.low;
    return true;
}

static qn_pair pair_of(qn_wide value, int32_t base) {
    double high = (double)value;
    double low = (double)(value - (qn_wide)high);
    return (qn_pair){ldexp(high, base), ldexp(low, base)};
}

static qn_status exact_sum(const qn_fixed_products *sums, int64_t index, qn_sum *out) {
    triple parts = parts_of(sums, index);
    qn_sum_init(out);
    if (sums->archived)
        qn_sums_get(&sums->archive, index, out);
    if (is_zero(parts))
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
    triple parts = parts_of(sums, index);
    int32_t base = base_of(sums, product);
    qn_wide joined;
    if (!sums->archived && parts.middle == 0 && parts.low == 0) {
        *out = pair_of(parts.high, base + 2 * LOW);
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

/* In front of a group's sums: on a grid (then their parts follow), or as digits. */
typedef struct heading {
    int32_t on_grid;
    int32_t bases[2];
} heading;

typedef struct packed {
    int32_t first, digits;
    int64_t specials[3];
} packed;

static qn_status pack_digits(const qn_fixed_products *sums, int64_t index, qn_text *out) {
    qn_sum sum;
    int first, last;
    QN_TRY(exact_sum(sums, index, &sum));
    qn_sum_normalize(&sum);
    qn_digits_trim(sum.words, QN_SUM_DIGITS, &first, &last);
    packed head = {.first = first, .digits = last - first};
    memcpy(head.specials, sum.words + QN_SUM_DIGITS, sizeof head.specials);
    QN_TRY(qn_text_add(out, (const char *)&head, sizeof head));
    if (head.digits == 0)
        return QN_OK;
    return qn_text_add(out, (const char *)(sum.words + first),
                       head.digits * (int64_t)sizeof *sum.words);
}

qn_status qn_fixed_products_pack(const qn_fixed_products *sums, int64_t group, qn_text *out) {
    heading head = {!sums->archived, {sums->grids[0].base, sums->grids[1].base}};
    QN_TRY(qn_text_add(out, (const char *)&head, sizeof head));
    for (int32_t p = 0; p < sums->products; p++) {
        triple parts = parts_of(sums, group * sums->products + p);
        if (head.on_grid)
            QN_TRY(qn_text_add(out, (const char *)&parts, sizeof parts));
        else
            QN_TRY(pack_digits(sums, group * sums->products + p, out));
    }
    return QN_OK;
}

static qn_status too_short(void) {
    return qn_fail(QN_INTERNAL, "sums of products were sent with too few bytes");
}

static qn_status unpack_digits(qn_fixed_products *sums, int64_t index, qn_view *bytes) {
    packed head;
    qn_sum sum;
    if (bytes->length < (int64_t)sizeof head)
        return too_short();
    memcpy(&head, bytes->data, sizeof head);
    int64_t size = head.digits * (int64_t)sizeof *sum.words;
    qn_sum_init(&sum);
    memcpy(sum.words + head.first, bytes->data + sizeof head, (size_t)size);
    memcpy(sum.words + QN_SUM_DIGITS, head.specials, sizeof head.specials);
    bytes->data += (int64_t)sizeof head + size;
    bytes->length -= (int64_t)sizeof head + size;
    return qn_sums_add_sum(&sums->archive, index, &sum);
}

/* A grid without values takes over another's base, as if all of its bits were used. */
static void adopt(qn_fixed_grid *grid, int32_t base) {
    if (!grid->placed)
        *grid = (qn_fixed_grid){.base = base,
                                .placed = true,
                                .low_bits = 1,
                                .high_bits = UINT64_C(1) << (QN_FIXED_HIGH_BITS - 1)};
}

static qn_status unpack_parts(qn_fixed_products *sums, int64_t group, const heading *head,
                              qn_view bytes) {
    int32_t n = sums->products;
    if (bytes.length < n * (int64_t)sizeof(triple))
        return too_short();
    bool zero = true;
    for (int64_t i = 0; i < n * (int64_t)sizeof(triple); i++)
        zero = zero && bytes.data[i] == 0;
    if (zero) /* such a grid may be any */
        return QN_OK;
    for (int v = 0; v < 2; v++)
        adopt(&sums->grids[v], head->bases[v]);
    bool same = sums->grids[0].base == head->bases[0] && sums->grids[1].base == head->bases[1];
    if (!same)
        QN_TRY(start_archive(sums));
    for (int32_t p = 0; p < n; p++) {
        triple parts;
        memcpy(&parts, bytes.data + p * (int64_t)sizeof parts, sizeof parts);
        if (!same) {
            int32_t base = head->bases[p == 1 ? 1 : 0] + head->bases[p == 0 ? 0 : 1];
            QN_TRY(add_parts(parts, base, &sums->archive, group * n + p));
            continue;
        }
        qn_wide *to = sums->parts + group * 3 * n + p;
        to[0] += parts.high;
        to[n] += parts.middle;
        to[2 * (int64_t)n] += parts.low;
    }
    return QN_OK;
}

qn_status qn_fixed_products_unpack(qn_fixed_products *sums, int64_t group, qn_view bytes) {
    heading head;
    if (bytes.length < (int64_t)sizeof head)
        return too_short();
    memcpy(&head, bytes.data, sizeof head);
    bytes.data += sizeof head;
    bytes.length -= (int64_t)sizeof head;
    if (head.on_grid)
        return unpack_parts(sums, group, &head, bytes);
    QN_TRY(start_archive(sums));
    for (int32_t p = 0; p < sums->products; p++)
        QN_TRY(unpack_digits(sums, group * sums->products + p, &bytes));
    return QN_OK;
}

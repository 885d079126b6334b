/* Sums, means, variances and correlations over frames. */
#include "core/window/total.h"

/* ---- Prefix counts --------------------------------------------------------------------------- */

static qn_status both_valid(qn_totals *totals, qn_arena *arena) {
    const uint8_t *a = totals->arguments[0].valid;
    const uint8_t *b = totals->count > 1 ? totals->arguments[1].valid : NULL;
    uint8_t *valid = NULL;
    totals->valid = a != NULL ? a : b;
    if (a == NULL || b == NULL)
        return QN_OK;
    QN_TRY(qn_arena_take(arena, &valid, totals->rows->count, 1));
    for (int32_t i = 0; i < totals->rows->count; i++)
        valid[i] = a[i] & b[i];
    totals->valid = valid;
    return QN_OK;
}

static qn_status count_valid(qn_totals *totals, qn_arena *arena) {
    int32_t *before = NULL, sum = 0, count = totals->rows->count;
    if (totals->valid == NULL)
        return QN_OK;
    QN_TRY(qn_arena_take(arena, &before, count + 1, sizeof *before));
    for (int32_t i = 0; i < count; i++) {
        before[i] = sum;
        sum += totals->valid[i] != 0;
    }
    before[count] = sum;
    totals->before = before;
    return QN_OK;
}

/* A row is NaN if one of its values is, or if it is special and products are needed. */
static int kind_of_row(const qn_totals *totals, int32_t i) {
    if ((totals->valid != NULL && !totals->valid[i]) || qn_totals_has(totals, i))
        return 0;
    double value = totals->arguments[0].f64 != NULL ? totals->arguments[0].f64[i] : 0;
    return totals->products || isnan(value) ? 1 : value > 0 ? 2 : 3;
}

static qn_status count_specials(qn_totals *totals, qn_arena *arena) {
    int32_t *before[4] = {NULL, NULL, NULL, NULL}, sums[4] = {0, 0, 0, 0};
    int32_t count = totals->rows->count;
    if (!totals->grids[0].specials && !totals->grids[1].specials)
        return QN_OK;
    for (int k = 1; k < 4; k++)
        QN_TRY(qn_arena_take(arena, &before[k], count + 1, sizeof *before[k]));
    for (int32_t i = 0; i <= count; i++) {
        for (int k = 1; k < 4; k++)
            before[k][i] = sums[k];
        if (i < count)
            sums[kind_of_row(totals, i)]++;
    }
    totals->nans = before[1];
    totals->pluses = before[2];
    totals->minuses = before[3];
    return QN_OK;
}

static int64_t difference(const qn_frames *frames, int32_t i, const int32_t *before) {
    int64_t count = 0;
    for (int32_t k = 0; k < frames->count; k++)
        count += before[frames->to[k][i]] - before[frames->from[k][i]];
    return count;
}

int64_t qn_totals_rows(const qn_totals *totals, int32_t i) {
    const qn_frames *frames = totals->frames;
    int64_t count = 0;
    if (totals->before != NULL)
        return difference(frames, i, totals->before);
    for (int32_t k = 0; k < frames->count; k++)
        count += frames->to[k][i] - frames->from[k][i];
    return count;
}

/* ---- Results --------------------------------------------------------------------------------- */

/* Fewer rows than this give null. */
static int64_t fewest_rows(qn_window_function function) {
    bool sample = function == QN_WINDOW_VAR_SAMP || function == QN_WINDOW_STDDEV_SAMP ||
                  function == QN_WINDOW_COVAR_SAMP || function == QN_WINDOW_CORR;
    return sample ? 2 : 1;
}

bool qn_totals_special(const qn_totals *totals, qn_window_result *out, int32_t i) {
    if (totals->nans == NULL)
        return false;
    int64_t nans = difference(totals->frames, i, totals->nans);
    int64_t pluses = difference(totals->frames, i, totals->pluses);
    int64_t minuses = difference(totals->frames, i, totals->minuses);
    if (nans + pluses + minuses == 0)
        return false;
    out->valid[i] = qn_totals_rows(totals, i) >= fewest_rows(totals->function);
    out->f64[i] = !out->valid[i]                            ? 0
                  : nans > 0 || (pluses > 0 && minuses > 0) ? NAN
                  : pluses > 0                              ? INFINITY
                                                            : -INFINITY;
    return true;
}

static double divide_moment(const qn_totals *totals, const qn_frame_total *total, double moment,
                            bool sample) {
    double rows = (double)total->rows, quotient = moment / rows / (sample ? rows - 1 : rows);
    return ldexp(quotient,
                 total->exponent_x + (totals->count > 1 ? total->exponent_y : total->exponent_x));
}

static void finish_corr(qn_window_result *out, int32_t i, const qn_frame_total *total) {
    if (!(total->xx > 0) || !(total->yy > 0))
        out->valid[i] = 0;
    else
        out->f64[i] = total->xy / (sqrt(total->xx) * sqrt(total->yy));
}

void qn_totals_finish(const qn_totals *totals, qn_window_result *out, int32_t i,
                      const qn_frame_total *total) {
    out->valid[i] = total->rows >= fewest_rows(totals->function);
    out->f64[i] = 0;
    if (!out->valid[i])
        return;
    switch (totals->function) {
    case QN_WINDOW_AVG:
        out->f64[i] = total->sum / (double)total->rows;
        break;
    case QN_WINDOW_VAR_SAMP:
    case QN_WINDOW_VAR_POP:
        out->f64[i] =
            divide_moment(totals, total, total->xx, totals->function == QN_WINDOW_VAR_SAMP);
        break;
    case QN_WINDOW_STDDEV_SAMP:
    case QN_WINDOW_STDDEV_POP:
        out->f64[i] = sqrt(
            divide_moment(totals, total, total->xx, totals->function == QN_WINDOW_STDDEV_SAMP));
        break;
    case QN_WINDOW_COVAR_SAMP:
    case QN_WINDOW_COVAR_POP:
        out->f64[i] =
            divide_moment(totals, total, total->xy, totals->function == QN_WINDOW_COVAR_SAMP);
        break;
    case QN_WINDOW_CORR:
        finish_corr(out, i, total);
        break;
    default:
        out->f64[i] = total->sum;
    }
}

/* ---- Sums on the grid ------------------------------------------------------------------------ */

/* Prefix sums: entry i holds those of the rows before row i; of a piece, not of all rows. */
typedef struct prefixes {
    qn_int128 *x, *y;
    qn_int256 *xx, *yy, *xy;
} prefixes;

static qn_status take_prefixes(prefixes *out, const qn_totals *totals, qn_arena *arena) {
    int32_t count = totals->rows->count + 1;
    bool corr = totals->function == QN_WINDOW_CORR, two = totals->count > 1;
    QN_TRY(qn_arena_take(arena, &out->x, count, sizeof *out->x));
    if (two)
        QN_TRY(qn_arena_take(arena, &out->y, count, sizeof *out->y));
    if (totals->products && (!two || corr))
        QN_TRY(qn_arena_take(arena, &out->xx, count, sizeof *out->xx));
    if (two)
        QN_TRY(qn_arena_take(arena, &out->xy, count, sizeof *out->xy));
    if (corr)
        QN_TRY(qn_arena_take(arena, &out->yy, count, sizeof *out->yy));
    return QN_OK;
}

static inline qn_int128 value_at(const qn_totals *totals, int32_t k, int32_t i) {
    const qn_window_values *values = &totals->arguments[k];
    if (values->f64 == NULL)
        return values->i64[i];
    return qn_fixed_scale(values->f64[i], totals->grids[k].lowest);
}

static void sum_argument(qn_int128 *sums, const qn_totals *totals, int32_t k) {
    bool all = totals->valid == NULL && totals->nans == NULL;
    qn_int128 sum = 0;
    for (int32_t i = totals->from; i < totals->to; i++) {
        sums[i] = sum;
        if (all || qn_totals_has(totals, i))
            sum += value_at(totals, k, i);
    }
    sums[totals->to] = sum;
}

static void sum_products(qn_int256 *sums, const qn_totals *totals, int32_t a, int32_t b) {
    qn_int256 sum = {{0, 0, 0, 0}};
    for (int32_t i = totals->from; i < totals->to; i++) {
        sums[i] = sum;
        if (qn_totals_has(totals, i))
            sum = qn_int256_add(sum,
                                qn_int256_multiply(value_at(totals, a, i), value_at(totals, b, i)));
    }
    sums[totals->to] = sum;
}

static void fill_prefixes(const prefixes *sums, const qn_totals *totals) {
    sum_argument(sums->x, totals, 0);
    if (sums->y != NULL)
        sum_argument(sums->y, totals, 1);
    if (sums->xx != NULL)
        sum_products(sums->xx, totals, 0, 0);
    if (sums->xy != NULL)
        sum_products(sums->xy, totals, 0, 1);
    if (sums->yy != NULL)
        sum_products(sums->yy, totals, 1, 1);
}

static inline qn_int128 frame_sum(const qn_frames *frames, int32_t i, const qn_int128 *sums) {
    qn_int128 sum = 0;
    for (int32_t k = 0; k < frames->count; k++)
        sum += sums[frames->to[k][i]] - sums[frames->from[k][i]];
    return sum;
}

/* n * sum(xy) - sum(x) * sum(y) */
static double frame_moment(const qn_frames *frames, int32_t i, int64_t rows,
                           const qn_int256 *products, qn_int128 x, qn_int128 y) {
    qn_int256 sum = {{0, 0, 0, 0}};
    for (int32_t k = 0; k < frames->count; k++)
        sum = qn_int256_add(
            sum, qn_int256_subtract(products[frames->to[k][i]], products[frames->from[k][i]]));
    sum = qn_int256_times(sum, (uint32_t)rows);
    return qn_int256_real(qn_int256_subtract(sum, qn_int256_multiply(x, y)));
}

static inline double unscale(double value, int exponent) {
    return exponent >= -1022 && exponent <= 1023 ? value * qn_fixed_power(exponent)
                                                 : ldexp(value, exponent);
}

static void slide_sums(const qn_totals *totals, const prefixes *sums, qn_window_result *out) {
    int exponent = totals->grids[0].lowest;
    for (int32_t i = totals->from; i < totals->to; i++) {
        if (qn_totals_special(totals, out, i))
            continue;
        qn_frame_total total = {.rows = qn_totals_rows(totals, i)};
        total.sum = unscale(qn_fixed_real(frame_sum(totals->frames, i, sums->x)), exponent);
        qn_totals_finish(totals, out, i, &total);
    }
}

/* The common case: no nulls, nothing special, frames of one piece. */
static void slide_plain(const qn_totals *totals, const qn_int128 *sums, qn_window_result *out) {
    const int32_t *from = totals->frames->from[0], *to = totals->frames->to[0];
    bool mean = totals->function == QN_WINDOW_AVG;
    double scale = qn_fixed_power(totals->grids[0].lowest);
    for (int32_t i = totals->from; i < totals->to; i++) {
        int32_t rows = to[i] - from[i];
        double sum = qn_fixed_real(sums[to[i]] - sums[from[i]]) * scale;
        out->valid[i] = rows > 0;
        out->f64[i] = mean && rows > 0 ? sum / rows : sum;
    }
}

static bool is_plain(const qn_totals *totals) {
    int lowest = totals->grids[0].lowest;
    return totals->valid == NULL && totals->nans == NULL && totals->frames->count == 1 &&
           lowest >= -1022 && lowest <= 1023;
}

static void slide_moments(const qn_totals *totals, const prefixes *sums, qn_window_result *out) {
    const qn_frames *frames = totals->frames;
    for (int32_t i = totals->from; i < totals->to; i++) {
        if (qn_totals_special(totals, out, i))
            continue;
        qn_frame_total total = {.rows = qn_totals_rows(totals, i),
                                .exponent_x = totals->grids[0].lowest,
                                .exponent_y = totals->grids[1].lowest};
        qn_int128 x = frame_sum(frames, i, sums->x);
        qn_int128 y = sums->y != NULL ? frame_sum(frames, i, sums->y) : 0;
        if (sums->xx != NULL)
            total.xx = frame_moment(frames, i, total.rows, sums->xx, x, x);
        if (sums->yy != NULL)
            total.yy = frame_moment(frames, i, total.rows, sums->yy, y, y);
        if (sums->xy != NULL)
            total.xy = frame_moment(frames, i, total.rows, sums->xy, x, y);
        qn_totals_finish(totals, out, i, &total);
    }
}

static void find_grids(qn_totals *totals) {
    for (int32_t k = 0; k < totals->count; k++)
        totals->grids[k] =
            qn_grid_find(&totals->arguments[k], totals->valid, totals->from, totals->to);
}

/* Rows [from, to). Returns whether their values fit a grid. */
static bool slide_piece(qn_totals *totals, const prefixes *sums, qn_window_result *out) {
    if (!qn_grid_fits(totals->grids, totals->count, totals->to - totals->from, totals->products))
        return false;
    fill_prefixes(sums, totals);
    if (totals->products)
        slide_moments(totals, sums, out);
    else if (is_plain(totals))
        slide_plain(totals, sums->x, out);
    else
        slide_sums(totals, sums, out);
    return true;
}

/* All rows at once if they fit a grid, else partition by partition: which way a partition goes
 * depends on its own values alone. */
static void slide_reals(qn_totals *totals, const prefixes *sums, qn_window_result *out) {
    const int32_t *starts = totals->rows->starts;
    if (slide_piece(totals, sums, out))
        return;
    for (int32_t p = 0; p < totals->rows->partitions; p++) {
        totals->from = starts[p];
        totals->to = starts[p + 1];
        find_grids(totals);
        if (!slide_piece(totals, sums, out))
            qn_totals_wide(totals, out);
    }
}

/* Integers: sums wrap as 64-bit addition does, so differences of wrapped sums are right. */
static qn_status slide_integers(const qn_totals *totals, qn_window_result *out, qn_arena *arena) {
    int32_t count = totals->rows->count;
    uint64_t *sums = NULL, sum = 0;
    QN_TRY(qn_arena_take(arena, &sums, count + 1, sizeof *sums));
    for (int32_t i = 0; i < count; i++) {
        sums[i] = sum;
        if (totals->valid == NULL || totals->valid[i])
            sum += (uint64_t)totals->arguments[0].i64[i];
    }
    sums[count] = sum;
    for (int32_t i = 0; i < count; i++) {
        uint64_t frame = 0;
        for (int32_t k = 0; k < totals->frames->count; k++)
            frame += sums[totals->frames->to[k][i]] - sums[totals->frames->from[k][i]];
        out->i64[i] = (int64_t)frame;
        out->valid[i] = qn_totals_rows(totals, i) > 0;
    }
    return QN_OK;
}

static qn_status sum_reals(qn_totals *totals, qn_window_result *out, qn_arena *arena) {
    prefixes sums = {0};
    QN_TRY(qn_arena_take(arena, &out->f64, totals->rows->count, sizeof *out->f64));
    QN_TRY(take_prefixes(&sums, totals, arena));
    find_grids(totals);
    QN_TRY(count_specials(totals, arena));
    slide_reals(totals, &sums, out);
    return QN_OK;
}

static qn_status sum_integers(const qn_totals *totals, qn_window_result *out, qn_arena *arena) {
    QN_TRY(qn_arena_take(arena, &out->i64, totals->rows->count, sizeof *out->i64));
    return slide_integers(totals, out, arena);
}

qn_status qn_window_totals(qn_window_result *out, qn_window_function function,
                           const qn_window_rows *rows, const qn_frames *frames,
                           const qn_window_values *arguments, int32_t count, qn_arena *arena) {
    qn_window_result result = {0};
    qn_totals totals = {.function = function,
                        .rows = rows,
                        .frames = frames,
                        .arguments = arguments,
                        .count = count,
                        .to = rows->count,
                        .products = qn_window_needs_products(function)};
    QN_TRY(both_valid(&totals, arena));
    QN_TRY(count_valid(&totals, arena));
    QN_TRY(qn_arena_take(arena, &result.valid, rows->count, 1));
    if (function == QN_WINDOW_SUM && arguments[0].i64 != NULL)
        QN_TRY(sum_integers(&totals, &result, arena));
    else
        QN_TRY(sum_reals(&totals, &result, arena));
    *out = result;
    return QN_OK;
}

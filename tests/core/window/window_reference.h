/* Window functions by their definitions, row by row, for tests to compare with. */
#ifndef QUERN_TESTS_WINDOW_REFERENCE_H
#define QUERN_TESTS_WINDOW_REFERENCE_H

#include "core/memory.h"
#include "core/time/date.h"
#include "core/window/window.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row of the tests' table; null where the letter after n is set. */
typedef struct ref_row {
    int32_t p, s; /* partition; text "s<number>" */
    double k, v, w;
    int32_t flag;
    bool np, nk, nv, nw, ns, nflag;
} ref_row;

enum { REF_P, REF_K, REF_V, REF_W, REF_S, REF_FLAG, REF_COLUMNS };

typedef struct ref_value {
    bool null, text;
    double number;
} ref_value;

/* One window of the tests: PARTITION BY p (if partitioned) ORDER BY k (if ordered). */
typedef struct ref_window {
    const ref_row *rows;
    int32_t count;
    bool partitioned, ordered, descending, nulls_last;
    qn_type key_type;
    int32_t *order; /* rows in order, partition after partition */
} ref_window;

static int ref_compare_reals(double a, double b) {
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int ref_compare_keys(const ref_window *w, const ref_row *a, const ref_row *b) {
    if (!w->ordered)
        return 0;
    if (a->nk || b->nk)
        return a->nk == b->nk ? 0 : a->nk == w->nulls_last ? 1 : -1;
    return ref_compare_reals(a->k, b->k) * (w->descending ? -1 : 1);
}

static bool ref_same_partition(const ref_window *w, const ref_row *a, const ref_row *b) {
    return !w->partitioned || (a->np == b->np && (a->np || a->p == b->p));
}

static const ref_window *ref_sorted; /* qsort has no context */

static int ref_compare_rows(const void *x, const void *y) {
    int32_t i = *(const int32_t *)x, k = *(const int32_t *)y;
    const ref_row *a = &ref_sorted->rows[i], *b = &ref_sorted->rows[k];
    if (!ref_same_partition(ref_sorted, a, b))
        return a->np != b->np ? a->np - b->np : a->p - b->p;
    int order = ref_compare_keys(ref_sorted, a, b);
    return order != 0 ? order : i - k;
}

static inline void ref_sort(ref_window *w) {
    for (int32_t i = 0; i < w->count; i++)
        w->order[i] = i;
    ref_sorted = w;
    qsort(w->order, (size_t)w->count, sizeof *w->order, ref_compare_rows);
}

static const ref_row *ref_at(const ref_window *w, int32_t i) {
    return &w->rows[w->order[i]];
}

/* ---- Frames by definition -------------------------------------------------------------------- */

/* Calendar arithmetic by way of struct tm's idea: year and month are moved, the day is cut. */
static double ref_move(const ref_window *w, double key, const qn_bound *bound, int sign) {
    if (!bound->interval)
        return key + sign * bound->offset;
    int64_t day_size = w->key_type == QN_DATE ? 1 : QN_NANOS_A_DAY;
    int64_t days = (int64_t)floor(key / (double)day_size), rest = (int64_t)key - days * day_size;
    int32_t year, month, day;
    qn_civil_from_days((int32_t)days, &year, &month, &day);
    for (int32_t m = 0; m < bound->months; m++) {
        month += sign;
        year += month > 12 ? 1 : month < 1 ? -1 : 0;
        month = month > 12 ? 1 : month < 1 ? 12 : month;
    }
    while (!qn_date_is_valid(year, month, day))
        day--;
    days = qn_days_from_civil(year, month, day);
    int64_t span =
        w->key_type == QN_DATE ? bound->nanoseconds / QN_NANOS_A_DAY : bound->nanoseconds;
    return (double)(days * day_size + rest + sign * span);
}

static int32_t ref_group(const ref_window *w, int32_t start, int32_t i) {
    int32_t group = 0;
    for (int32_t k = start + 1; k <= i; k++)
        group += ref_compare_keys(w, ref_at(w, k - 1), ref_at(w, k)) != 0;
    return group;
}

/* Whether row k satisfies one bound of row i's frame; side -1 is the start, 1 the end. */
static bool ref_satisfies(const ref_window *w, const qn_window_frame *frame, const qn_bound *bound,
                          int side, int32_t start, int32_t i, int32_t k) {
    if (bound->kind == QN_BOUND_UNBOUNDED_PRECEDING || bound->kind == QN_BOUND_UNBOUNDED_FOLLOWING)
        return true;
    int way = bound->kind == QN_BOUND_PRECEDING ? -1 : bound->kind == QN_BOUND_FOLLOWING ? 1 : 0;
    if (frame->unit == QN_FRAME_ROWS)
        return side * (k - (i + way * bound->offset)) <= 0;
    if (frame->unit == QN_FRAME_GROUPS)
        return side * (ref_group(w, start, k) - (ref_group(w, start, i) + way * bound->offset)) <=
               0;
    const ref_row *a = ref_at(w, i), *b = ref_at(w, k);
    if (way == 0)
        return side * ref_compare_keys(w, b, a) <= 0;
    if (a->nk)
        return side * ref_compare_keys(w, b, a) <= 0;
    if (b->nk)
        return side * ref_compare_keys(w, b, a) <= 0;
    ref_row moved = *a;
    moved.k = ref_move(w, a->k, bound, w->descending ? -way : way);
    return side * ref_compare_keys(w, b, &moved) <= 0;
}

static bool ref_excluded(const ref_window *w, qn_frame_exclusion exclusion, int32_t i, int32_t k) {
    bool peers = ref_compare_keys(w, ref_at(w, i), ref_at(w, k)) == 0;
    return (exclusion == QN_EXCLUDE_CURRENT && i == k) ||
           (exclusion == QN_EXCLUDE_GROUP && peers) ||
           (exclusion == QN_EXCLUDE_TIES && peers && i != k);
}

/* ---- Functions by definition ----------------------------------------------------------------- */

static ref_value ref_column(const ref_row *row, int32_t column) {
    switch (column) {
    case REF_P:
        return (ref_value){row->np, false, row->p};
    case REF_K:
        return (ref_value){row->nk, false, row->k};
    case REF_V:
        return (ref_value){row->nv, false, row->v};
    case REF_W:
        return (ref_value){row->nw, false, row->w};
    case REF_S:
        return (ref_value){row->ns, true, row->s};
    default:
        return (ref_value){row->nflag, false, row->flag};
    }
}

static ref_value ref_number(double number) {
    return (ref_value){false, false, number};
}

static const ref_value ref_null = {true, false, 0};

static ref_value ref_rank(const ref_window *w, const char *name, int64_t n, int32_t from,
                          int32_t to, int32_t i) {
    int32_t before = 0, groups = 0, upto = 0, size = to - from;
    for (int32_t k = from; k < to; k++) {
        int order = ref_compare_keys(w, ref_at(w, k), ref_at(w, i));
        bool first = k == from || ref_compare_keys(w, ref_at(w, k - 1), ref_at(w, k)) != 0;
        before += order < 0;
        groups += order < 0 && first;
        upto += order <= 0;
    }
    if (strcmp(name, "row_number") == 0)
        return ref_number(i - from + 1);
    if (strcmp(name, "rank") == 0)
        return ref_number(before + 1);
    if (strcmp(name, "dense_rank") == 0)
        return ref_number(groups + 1);
    if (strcmp(name, "percent_rank") == 0)
        return ref_number(size == 1 ? 0 : (double)before / (size - 1));
    if (strcmp(name, "cume_dist") == 0)
        return ref_number((double)upto / size);
    int64_t tile = 1, left = size / n + (0 < size % n); /* ntile: deals rows out */
    for (int32_t k = from; k < i; k++)
        if (--left == 0)
            left = size / n + (tile < size % n), tile++;
    return ref_number((double)tile);
}

static ref_value ref_shift(const ref_window *w, const qn_window_call *call, int32_t from,
                           int32_t to, int32_t i) {
    int64_t k = strcmp(call->function, "lag") == 0 ? -call->number : call->number;
    int step = k < 0 ? -1 : 1;
    int32_t at = i;
    for (int64_t left = llabs(k); left > 0 && at >= from && at < to;) {
        at += step;
        if (at >= from && at < to &&
            !(call->ignore_nulls && ref_column(ref_at(w, at), call->arguments[0]).null))
            left--;
    }
    if (at >= from && at < to)
        return ref_column(ref_at(w, at), call->arguments[0]);
    return call->fallback >= 0 ? ref_column(ref_at(w, i), call->fallback) : ref_null;
}

static int ref_compare_values(const void *x, const void *y) {
    return ref_compare_reals(((const ref_value *)x)->number, ((const ref_value *)y)->number);
}

static ref_value ref_percentile(const char *name, ref_value *values, int32_t count, double share) {
    if (count == 0)
        return ref_null;
    qsort(values, (size_t)count, sizeof *values, ref_compare_values);
    if (strcmp(name, "percentile_disc") == 0) {
        int32_t k = (int32_t)ceil(share * count) - 1;
        return values[k < 0 ? 0 : k];
    }
    double place = share * (count - 1), low = floor(place);
    double a = values[(int32_t)low].number, b = values[(int32_t)ceil(place)].number;
    return ref_number(a == b || low == place ? a : (low + 1 - place) * a + (place - low) * b);
}

/* Sums in long double, twice as exact as what they are compared with. */
static ref_value ref_moment(const char *name, const ref_value *x, const ref_value *y,
                            int32_t count) {
    long double sx = 0, sy = 0, xx = 0, xy = 0, yy = 0;
    for (int32_t k = 0; k < count; k++) {
        sx += (long double)x[k].number;
        sy += (long double)y[k].number;
    }
    if (strcmp(name, "sum") == 0)
        return count == 0 ? ref_null : ref_number((double)sx);
    if (strcmp(name, "avg") == 0)
        return count == 0 ? ref_null : ref_number((double)(sx / count));
    for (int32_t k = 0; k < count; k++) {
        long double dx = x[k].number - sx / count, dy = y[k].number - sy / count;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    bool sample = strstr(name, "samp") != NULL;
    if (count < 1 + sample)
        return ref_null;
    if (strncmp(name, "corr", 4) == 0)
        return count < 2 || (!isnan(xx) && !isnan(yy) && (xx == 0 || yy == 0))
                   ? ref_null
                   : ref_number((double)(xy / sqrtl(xx * yy)));
    long double moment = strncmp(name, "covar", 5) == 0 ? xy : xx;
    double variance = (double)(moment / (count - sample));
    return ref_number(strncmp(name, "stddev", 6) == 0 ? sqrt(variance) : variance);
}

static ref_value ref_best(bool greatest, const ref_value *values, int32_t count) {
    ref_value best = count > 0 ? values[0] : ref_null;
    for (int32_t k = 1; k < count; k++) {
        int order = ref_compare_reals(values[k].number, best.number);
        if (greatest ? order > 0 : order < 0)
            best = values[k];
    }
    return best;
}

static ref_value ref_logic(bool all, const ref_value *values, int32_t count) {
    bool result = all;
    for (int32_t k = 0; k < count; k++)
        result = all ? result && values[k].number != 0 : result || values[k].number != 0;
    return count == 0 ? ref_null : ref_number(result);
}

static ref_value ref_distinct(const ref_value *values, int32_t count) {
    int32_t distinct = 0;
    for (int32_t k = 0; k < count; k++) {
        bool met = false;
        for (int32_t l = 0; l < k && !met; l++)
            met = ref_compare_reals(values[l].number, values[k].number) == 0;
        distinct += !met;
    }
    return ref_number(distinct);
}

/* Each value once. */
static int32_t ref_dedupe(ref_value *values, int32_t count) {
    int32_t kept = 0;
    for (int32_t k = 0; k < count; k++) {
        bool met = false;
        for (int32_t l = 0; l < kept && !met; l++)
            met = ref_compare_reals(values[l].number, values[k].number) == 0;
        if (!met)
            values[kept++] = values[k];
    }
    return kept;
}

static ref_value ref_frame(const qn_window_call *call, ref_value *x, const ref_value *y,
                           int32_t count) {
    const char *name = call->function;
    if (call->distinct && strcmp(name, "count") != 0)
        count = ref_dedupe(x, count);
    if (strcmp(name, "first_value") == 0)
        return count > 0 ? x[0] : ref_null;
    if (strcmp(name, "last_value") == 0)
        return count > 0 ? x[count - 1] : ref_null;
    if (strcmp(name, "nth_value") == 0)
        return count >= call->number ? x[call->number - 1] : ref_null;
    if (strcmp(name, "count") == 0)
        return call->distinct ? ref_distinct(x, count) : ref_number(count);
    if (strcmp(name, "min") == 0 || strcmp(name, "max") == 0)
        return ref_best(strcmp(name, "max") == 0, x, count);
    if (strncmp(name, "bool", 4) == 0)
        return ref_logic(strcmp(name, "bool_and") == 0, x, count);
    if (strcmp(name, "median") == 0)
        return ref_percentile(name, x, count, 0.5);
    if (strncmp(name, "percentile", 10) == 0)
        return ref_percentile(name, x, count, call->share);
    return ref_moment(name, x, y, count);
}

/* The result of row i of the order, whose partition is [from, to). x and y have room for all. */
static inline ref_value ref_call(const ref_window *w, const qn_window_call *call, int32_t from,
                                 int32_t to, int32_t i, ref_value *x, ref_value *y) {
    if (call->argument_count == 0 && strcmp(call->function, "count") != 0)
        return ref_rank(w, call->function, call->number, from, to, i);
    if (strcmp(call->function, "lag") == 0 || strcmp(call->function, "lead") == 0)
        return ref_shift(w, call, from, to, i);
    qn_window_frame frame = call->frame;
    if (call->default_frame)
        frame = (qn_window_frame){
            .unit = QN_FRAME_RANGE,
            .from = {.kind = QN_BOUND_UNBOUNDED_PRECEDING},
            .to = {.kind = w->ordered ? QN_BOUND_CURRENT : QN_BOUND_UNBOUNDED_FOLLOWING}};
    bool nth = strstr(call->function, "_value") != NULL;
    int32_t count = 0;
    for (int32_t k = from; k < to; k++) {
        if (!ref_satisfies(w, &frame, &frame.from, -1, from, i, k) ||
            !ref_satisfies(w, &frame, &frame.to, 1, from, i, k) ||
            ref_excluded(w, frame.exclusion, i, k))
            continue;
        const ref_row *row = ref_at(w, k);
        ref_value filter = call->filter >= 0 ? ref_column(row, call->filter) : ref_number(1);
        x[count] = call->argument_count > 0 ? ref_column(row, call->arguments[0]) : ref_number(1);
        y[count] = call->argument_count > 1 ? ref_column(row, call->arguments[1]) : x[count];
        bool skipped = (x[count].null || y[count].null) && (!nth || call->ignore_nulls);
        count += !skipped && !filter.null && filter.number != 0;
    }
    return ref_frame(call, x, y, count);
}

#endif

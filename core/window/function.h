/* Inside core/window: the functions by number. */
#ifndef QUERN_CORE_WINDOW_FUNCTION_H
#define QUERN_CORE_WINDOW_FUNCTION_H

#include "core/window/window.h"

typedef enum qn_window_function {
    QN_WINDOW_ROW_NUMBER,
    QN_WINDOW_RANK,
    QN_WINDOW_DENSE_RANK,
    QN_WINDOW_PERCENT_RANK,
    QN_WINDOW_CUME_DIST,
    QN_WINDOW_NTILE,
    QN_WINDOW_LAG,
    QN_WINDOW_LEAD,
    QN_WINDOW_FIRST,
    QN_WINDOW_LAST,
    QN_WINDOW_NTH,
    QN_WINDOW_COUNT,
    QN_WINDOW_SUM,
    QN_WINDOW_AVG,
    QN_WINDOW_MIN,
    QN_WINDOW_MAX,
    QN_WINDOW_VAR_SAMP,
    QN_WINDOW_VAR_POP,
    QN_WINDOW_STDDEV_SAMP,
    QN_WINDOW_STDDEV_POP,
    QN_WINDOW_COVAR_SAMP,
    QN_WINDOW_COVAR_POP,
    QN_WINDOW_CORR,
    QN_WINDOW_BOOL_AND,
    QN_WINDOW_BOOL_OR,
    QN_WINDOW_MEDIAN,
    QN_WINDOW_PERCENTILE_CONT,
    QN_WINDOW_PERCENTILE_DISC,
    QN_WINDOW_OTHER
} qn_window_function;

/* What kind of kernel computes it. */
typedef enum qn_window_family {
    QN_FAMILY_RANK,  /* needs an order, has no frame */
    QN_FAMILY_SHIFT, /* needs an order, has no frame */
    QN_FAMILY_NTH,
    QN_FAMILY_COUNT,
    QN_FAMILY_TOTAL,
    QN_FAMILY_EXTREME,
    QN_FAMILY_PERCENTILE,
    QN_FAMILY_OTHER /* any other aggregate (core/aggregate), frame by frame */
} qn_window_family;

typedef struct qn_window_info {
    const char *name;
    qn_window_function function;
    qn_window_family family;
    bool aggregate;
    int32_t fewest, most; /* arguments */
} qn_window_info;

/* NULL if there is none. distinct: DISTINCT values only. */
const qn_window_info *qn_window_find(const char *name, bool distinct);

/* Reads rows before, at and after the current one by a frame. */
static inline bool qn_window_has_frame(const qn_window_info *info) {
    return info->family != QN_FAMILY_RANK && info->family != QN_FAMILY_SHIFT;
}

#endif

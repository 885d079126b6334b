/* Sums of products of two values (or of squares of one), many side by side, on grids as in
 * core/stats/fixed_sums.h: exact, three integer multiplications a product, whatever the order and
 * grouping. Rows where a value is not finite are left out: the sums of the values tell. */
#ifndef QUERN_CORE_STATS_FIXED_PRODUCTS_H
#define QUERN_CORE_STATS_FIXED_PRODUCTS_H

#include "core/stats/fixed_sums.h"
#include "core/stats/pair.h"

typedef struct qn_fixed_products {
    int32_t products; /* 1: x x; 3: x x, y y, x y */
    int64_t count, capacity;
    qn_fixed_grid grids[2];
    qn_wide *parts; /* by group: high x high of each product, then the mixed ones, then low x low */
    bool archived;  /* some of the sums are in: */
    qn_sums archive;
    bool off_grid; /* all new products go there */
} qn_fixed_products;

/* variables: 1 or 2 */
void qn_fixed_products_init(qn_fixed_products *sums, int32_t variables);
void qn_fixed_products_clear(qn_fixed_products *sums);
QN_CHECKED qn_status qn_fixed_products_grow(qn_fixed_products *sums, int64_t count);

/* Local. Adds the products of x[i] and y[i] (y NULL for one variable) to group ids[i]. About 3 ns a
 * row for small integers, 5 to 15 ns otherwise. */
QN_CHECKED qn_status qn_fixed_products_add(qn_fixed_products *sums, const uint32_t *ids,
                                           const double *x, const double *y, int64_t count);

/* The sum of a product of a group, as qn_sum_result_pair. */
QN_CHECKED qn_status qn_fixed_products_result(const qn_fixed_products *sums, int64_t group,
                                              int32_t product, qn_pair *out);

/* Local. For sending: appends a group's sums as bytes; adds such bytes. */
QN_CHECKED qn_status qn_fixed_products_pack(const qn_fixed_products *sums, int64_t group,
                                            qn_text *out);
QN_CHECKED qn_status qn_fixed_products_unpack(qn_fixed_products *sums, int64_t group,
                                              qn_view bytes);

int64_t qn_fixed_products_bytes(const qn_fixed_products *sums);

#endif

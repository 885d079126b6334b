/* normalizer: vectors divided by their p-norm; a vector of zeros stays as it is. Sparse vectors
 * stay sparse. A norm that overflows or vanishes while the vector's numbers do not is computed
 * again with the numbers divided by the largest. */
#include "core/memory.h"
#include "core/stats/lanes.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {QN_VECTORS_OPTIONS,
                                    {"p", QN_OPTION_REAL, "2", "[1,inf]",
                                     "which norm: 1 the sum of sizes, 2 the length, inf the "
                                     "largest size"},
                                    {NULL, 0, NULL, NULL, NULL}};

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    QN_TRY(qn_vectors_find(stage, in, &index));
    const qn_field *field = &in->fields[index];
    return qn_vectors_bind_numbers(stage, in, field, out);
}

/* ---- Norms ---------------------------------------------------------------------------------- */

/* The values of a row, all (slots NULL) or those of some slots. */
typedef struct row {
    const double *values;
    const int32_t *slots;
    int64_t count;
} row;

/* NaN if there is one. */
static double largest(const row *of) {
    double found = 0;
    for (int64_t k = 0; k < of->count; k++) {
        double size = fabs(of->values[k]);
        found = size > found || size != size ? size : found;
        if (found != found)
            break;
    }
    return found;
}

enum { LANES = 8 };

static double fold(const double *lanes) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static inline double power(double x, double p) {
    return p == 2 ? x * x : p == 1 ? fabs(x) : pow(fabs(x), p);
}

static inline __attribute__((always_inline)) double sum_sparse(const row *of, double p, double by) {
    double lanes[LANES] = {0};
    for (int64_t k = 0; k < of->count; k++)
        lanes[of->slots[k] % LANES] += power(of->values[k] / by, p);
    return fold(lanes);
}

static inline __attribute__((always_inline)) double sum_dense(const row *of, double p, double by) {
    double lanes[LANES] = {0}, last[LANES] = {0};
    int64_t whole = of->count & ~(int64_t)(LANES - 1);
    for (int64_t k = 0; k < whole; k += LANES)
        for (int l = 0; l < LANES; l++)
            lanes[l] += power(of->values[k + l] / by, p);
    for (int64_t k = whole; k < of->count; k++)
        last[k - whole] = of->values[k];
    for (int l = 0; l < LANES && whole < of->count; l++)
        lanes[l] += power(last[l] / by, p);
    return fold(lanes);
}

/* The sum of |x / by|^p in lanes by slot: the same for a row whether dense or sparse. */
static inline __attribute__((always_inline)) double sum_powers(const row *of, double p, double by) {
    return of->slots != NULL ? sum_sparse(of, p, by) : sum_dense(of, p, by);
}

static double root(double sum, double p) {
    return p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / p);
}

/* A norm whose sum overflowed, vanished or holds a NaN. */
static double careful_norm(const row *of, double p) {
    double most = largest(of);
    if (most == 0 || !isfinite(most))
        return most;
    return most * root(sum_powers(of, p, most), p);
}

static inline __attribute__((always_inline)) double norm(const row *of, double p) {
    if (p == HUGE_VAL)
        return largest(of);
    double sum = sum_powers(of, p, 1);
    return sum < HUGE_VAL && sum > 1e-280 ? root(sum, p) : careful_norm(of, p);
}

/* ---- Transform ------------------------------------------------------------------------------ */

static inline __attribute__((always_inline)) void normalize_row(const row *of, double p,
                                                                double *out) {
    double by = norm(of, p);
    by = by == 0 ? 1 : by;
    for (int64_t k = 0; k < of->count; k++)
        out[k] = of->values[k] / by;
}

/* p = 2 is what nearly all want: without the others' branches. */
QN_LANES_CLONES
static void normalize_dense(const qn_column *in, double p, qn_column *out) {
    for (int64_t i = 0; i < in->length; i++) {
        row of = {in->f64 + i * in->width, NULL, in->width};
        if (p == 2)
            normalize_row(&of, 2, out->f64 + i * in->width);
        else
            normalize_row(&of, p, out->f64 + i * in->width);
    }
}

static void normalize_sparse(const qn_column *in, double p, qn_column *out) {
    for (int64_t i = 0; i < in->length; i++) {
        int32_t first = in->offsets[i];
        row of = {in->f64 + first, in->indices + first, in->offsets[i + 1] - first};
        normalize_row(&of, p, out->f64 + first);
    }
}

static qn_status normalize(const qn_column *in, double p, qn_column **out) {
    qn_column *column = NULL;
    qn_status status;
    if (in->indices != NULL) {
        int64_t stored = in->offsets[in->length];
        QN_TRY(qn_column_new_sparse(&column, in->length, in->width, stored));
        memcpy(column->offsets, in->offsets, (size_t)(in->length + 1) * sizeof *in->offsets);
        memcpy(column->indices, in->indices, (size_t)stored * sizeof *in->indices);
    } else {
        QN_TRY(qn_column_new_raw(&column, QN_VECTOR, in->length, in->width));
    }
    if (in->indices != NULL)
        normalize_sparse(in, p, column);
    else
        normalize_dense(in, p, column);
    QN_TRY_GOTO(qn_vectors_copy_nulls(column, in), done);
    *out = column;
    return QN_OK;
done:
    qn_column_release(column);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t index;
    qn_column *normalized = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    QN_TRY(normalize(in->columns[index], qn_options_real(stage->options, "p"), &normalized));
    return qn_vectors_append(in, normalized, out);
}

const qn_stage_class qn_normalizer_class = {
    .name = "normalizer",
    .help = "divide vectors by their norm",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};

/* polynomial_expansion: the products of up to `degree` of a vector's slots, without the constant.
 *
 * A product is a sequence of slots, the highest first: x y^2 of (x, y) is (1, 1, 0). Spark's order
 * (x, x^2, y, x*y, y^2) is that of the sequences, a shorter one before those it begins; products
 * are multiplied in this order, as Spark does. The place of a sequence f_1 >= f_2 >= ... is the
 * sum of C(f_i + d - i + 1, d - i + 1), so sparse rows make theirs without looking at the rest.
 *
 * A zero makes every product zero, also one with NaN or an infinity: so dense and sparse vectors
 * give the same. Dense stays dense, sparse stays sparse. */
#include "core/memory.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <string.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"degree", QN_OPTION_INT, "2", "[1,1000000]", "how many slots are multiplied at most"},
    {NULL, 0, NULL, NULL, NULL}};

enum {
    MOST_SLOTS = 1 << 24, /* of the result */
    MOST_NAMES = 1 << 20  /* beyond, slots have none */
};

/* ---- Sizes and places ----------------------------------------------------------------------- */

/* C(slots + degree, degree) - 1, or MOST_SLOTS + 1 if that is more. */
static int64_t result_width(int64_t slots, int64_t degree) {
    int64_t fewer = slots < degree ? slots : degree, more = slots + degree - fewer;
    int64_t size = 1;
    for (int64_t i = 1; i <= fewer; i++) {
        size = size * (more + i) / i; /* exact: a product of i neighbours */
        if (size > MOST_SLOTS + 1)
            return MOST_SLOTS + 1;
    }
    return size - 1;
}

/* A product on its way: the slots multiplied so far, and at each depth the value and the place
 * (counting the constant, which is 0). Depth 0 is the constant. */
typedef struct walk {
    int64_t degree;
    int32_t *slots; /* degree + 1 each; [0] is unused */
    double *values;
    int64_t *places;
} walk;

static void clear_walk(walk *self) {
    qn_mem_free(self->slots);
    qn_mem_free(self->values);
    qn_mem_free(self->places);
}

static qn_status make_walk(int64_t degree, walk *out) {
    walk made = {.degree = degree};
    qn_status status;
    size_t room = (size_t)degree + 1;
    QN_TRY_GOTO(qn_mem_calloc(&made.slots, room, sizeof *made.slots), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.values, room, sizeof *made.values), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.places, room, sizeof *made.places), done);
    made.values[0] = 1;
    *out = made;
    return QN_OK;
done:
    clear_walk(&made);
    return status;
}

/* ---- Dense ---------------------------------------------------------------------------------- */

static inline double times(double x, double y) {
    return x == 0 || y == 0 ? 0 : x * y;
}

/* The last slot of the sequence is whatever is not above the one before: a run of the result. */
__attribute__((target_clones("avx512f", "avx2", "default"))) static void
last_slots(double value, const double *x, int64_t count, double *out) {
    for (int64_t s = 0; s < count; s++)
        out[s] = times(value, x[s]);
}

/* To the next sequence of `depth` - 1 or fewer slots; returns its depth, 0 after the last. */
static int64_t next_prefix(walk *at, int64_t depth, int32_t width) {
    while (depth > 0) {
        int32_t limit = depth == 1 ? width - 1 : at->slots[depth - 1];
        if (at->slots[depth] < limit) {
            at->slots[depth]++;
            return depth;
        }
        depth--;
    }
    return 0;
}

/* Every product of a row; a prefix of degree - 1 slots is followed by a run. */
static void expand_row(walk *at, const double *x, int32_t width, double *out) {
    int64_t depth = 0, count = 0;
    if (at->degree == 1) {
        memcpy(out, x, (size_t)width * sizeof *out);
        return;
    }
    do {
        if (depth < at->degree - 1) {
            at->slots[++depth] = 0; /* one more slot, the lowest */
        } else {
            int32_t run = at->slots[depth] + 1;
            last_slots(at->values[depth], x, run, out + count);
            count += run;
            depth = next_prefix(at, depth, width);
            if (depth == 0)
                break;
        }
        at->values[depth] = times(at->values[depth - 1], x[at->slots[depth]]);
        out[count++] = at->values[depth];
    } while (depth > 0);
}

static qn_status expand_dense(const qn_column *in, walk *at, int32_t width, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_VECTOR, in->length, width));
    for (int64_t i = 0; i < in->length && in->width > 0; i++)
        expand_row(at, in->f64 + i * in->width, in->width, column->f64 + i * width);
    *out = column;
    return QN_OK;
}

/* ---- Sparse --------------------------------------------------------------------------------- */

/* steps[f * degree + k - 1] = C(f + k, k): how far slot f is from the begin where k slots may
 * follow, itself included. */
static qn_status make_steps(int32_t width, int64_t degree, int64_t **out) {
    int64_t *steps = NULL;
    QN_TRY(qn_mem_alloc(&steps, (size_t)(width * degree), sizeof *steps));
    for (int64_t f = 0; f < width; f++)
        for (int64_t k = 1; k <= degree; k++) {
            int64_t left = f > 0 ? steps[(f - 1) * degree + k - 1] : 0;
            int64_t fewer = f == 0 ? 1 : k > 1 ? steps[f * degree + k - 2] : 1;
            steps[f * degree + k - 1] = left + fewer; /* Pascal's rule */
        }
    *out = steps;
    return QN_OK;
}

typedef struct sparse_result {
    qn_column *column;
    int64_t stored;
} sparse_result;

static void put(const walk *at, int64_t depth, sparse_result *to) {
    if (at->values[depth] == 0)
        return;
    to->column->indices[to->stored] = (int32_t)(at->places[depth] - 1);
    to->column->f64[to->stored++] = at->values[depth];
}

/* Walks over the stored entries of a row: at->slots are places in it. */
static void expand_entries(walk *at, const int32_t *indices, const double *x, int32_t count,
                           const int64_t *steps, sparse_result *to) {
    int64_t depth = 0, degree = at->degree;
    if (count == 0)
        return;
    do {
        if (depth < degree)
            at->slots[++depth] = 0;
        else
            depth = next_prefix(at, depth, count);
        if (depth == 0)
            break;
        int32_t k = at->slots[depth];
        at->values[depth] = times(at->values[depth - 1], x[k]);
        at->places[depth] = at->places[depth - 1] + steps[indices[k] * degree + degree - depth];
        put(at, depth, to);
    } while (true);
}

/* Most entries of the result; a place more keeps `put` simple. */
static int64_t entries_bound(const qn_column *in, int64_t degree) {
    int64_t bound = 1;
    for (int64_t i = 0; i < in->length && bound < INT32_MAX; i++)
        bound += result_width(in->offsets[i + 1] - in->offsets[i], degree);
    return bound;
}

static qn_status expand_sparse(const qn_column *in, walk *at, int32_t width, qn_column **out) {
    sparse_result result = {0};
    int64_t *steps = NULL;
    int64_t bound = entries_bound(in, at->degree);
    qn_status status;
    if (bound >= INT32_MAX)
        return qn_fail(QN_DATA, "%lld rows would have more than %d products that are not 0",
                       (long long)in->length, INT32_MAX);
    QN_TRY_GOTO(make_steps(in->width, at->degree, &steps), done);
    QN_TRY_GOTO(qn_column_new_sparse(&result.column, in->length, width, bound), done);
    for (int64_t i = 0; i < in->length; i++) {
        int32_t first = in->offsets[i], count = in->offsets[i + 1] - first;
        expand_entries(at, in->indices + first, in->f64 + first, count, steps, &result);
        result.column->offsets[i + 1] = (int32_t)result.stored;
    }
    *out = result.column;
done:
    qn_mem_free(steps);
    return status;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static qn_status add_slot_name(const qn_field *field, int32_t slot, qn_text *out) {
    const qn_attributes *known = field->attributes;
    if (known != NULL && known->names != NULL)
        return qn_text_printf(out, "%s", known->names[slot]);
    return qn_text_printf(out, "%s_%d", field->name, slot);
}

/* "x^2*y": slots from the lowest, each with its power. */
static qn_status product_name(const qn_field *field, const int32_t *slots, int64_t depth,
                              char **out) {
    qn_text name = {0};
    qn_status status = QN_OK;
    for (int64_t i = depth, power; i > 0; i -= power) {
        for (power = 1; power < i && slots[i - power] == slots[i];)
            power++;
        if (i < depth)
            QN_TRY_GOTO(qn_text_add_char(&name, '*'), done);
        QN_TRY_GOTO(add_slot_name(field, slots[i], &name), done);
        if (power > 1)
            QN_TRY_GOTO(qn_text_printf(&name, "^%lld", (long long)power), done);
    }
    status = qn_mem_copy_text(out, name.data);
done:
    qn_text_clear(&name);
    return status;
}

/* Categories of the slots that are taken over as they are. */
static qn_status keep_categories(const qn_field *field, const int32_t *places,
                                 qn_attributes *attributes) {
    const qn_attributes *known = field->attributes;
    for (int32_t s = 0; s < field->width && known != NULL && known->slots != NULL; s++)
        if (known->slots[s] != NULL)
            QN_TRY(qn_attributes_set_slot(attributes, places[s], known->slots[s]));
    return QN_OK;
}

/* names: `width` of them; places: of each slot alone. */
static qn_status name_products(const qn_field *field, walk *at, char **names, int32_t *places) {
    int64_t depth = 0;
    for (int32_t count = 0;; count++) {
        if (depth < at->degree)
            at->slots[++depth] = 0;
        else
            depth = next_prefix(at, depth, field->width);
        if (depth == 0)
            return QN_OK;
        if (depth == 1)
            places[at->slots[1]] = count;
        QN_TRY(product_name(field, at->slots, depth, &names[count]));
    }
}

static qn_status name_slots(const qn_field *field, int64_t degree, int32_t width,
                            qn_attributes **out) {
    char **names = NULL;
    int32_t *places = NULL;
    walk at = {0};
    qn_attributes *made = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&names, (size_t)width, sizeof *names), done);
    QN_TRY_GOTO(qn_mem_calloc(&places, (size_t)field->width, sizeof *places), done);
    QN_TRY_GOTO(make_walk(degree, &at), done);
    QN_TRY_GOTO(name_products(field, &at, names, places), done);
    QN_TRY_GOTO(qn_attributes_new(&made, QN_ATTRIBUTE_VECTOR, (const char *const *)names, width),
                done);
    QN_TRY_GOTO(keep_categories(field, places, made), done);
    *out = made;
    made = NULL;
done:
    qn_attributes_release(made);
    clear_walk(&at);
    qn_mem_free(places);
    qn_mem_free_all(names, names == NULL ? 0 : width);
    return status;
}

/* ---- Stage ---------------------------------------------------------------------------------- */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_vectors_find(stage, in, &index));
    const qn_field *field = &in->fields[index];
    int64_t degree = qn_options_int(stage->options, "degree");
    int64_t width = result_width(field->width, degree);
    if (width > MOST_SLOTS)
        return qn_fail(QN_JOB,
                       "the %d slots of column '%s' have more than %d products of up to %lld of "
                       "them; lower degree, or choose slots first (vector_slicer)",
                       field->width, field->name, MOST_SLOTS, (long long)degree);
    if (width > 0 && width <= MOST_NAMES)
        QN_TRY(name_slots(field, degree, (int32_t)width, &attributes));
    qn_status status = qn_vectors_bind(stage, in, (int32_t)width, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

static qn_status expand(const qn_column *in, int64_t degree, qn_column **out) {
    walk at = {0};
    qn_column *column = NULL;
    int32_t width = (int32_t)result_width(in->width, degree);
    qn_status status;
    QN_TRY_GOTO(make_walk(degree, &at), done);
    QN_TRY_GOTO(in->indices != NULL ? expand_sparse(in, &at, width, &column)
                                    : expand_dense(in, &at, width, &column),
                done);
    QN_TRY_GOTO(qn_vectors_copy_nulls(column, in), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    clear_walk(&at);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t index;
    qn_column *expanded = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    QN_TRY(expand(in->columns[index], qn_options_int(stage->options, "degree"), &expanded));
    return qn_vectors_append(in, expanded, out);
}

const qn_stage_class qn_polynomial_expansion_class = {
    .name = "polynomial_expansion",
    .help = "multiply the slots of a vector with each other, up to a degree",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};

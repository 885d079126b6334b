/* Slots chosen from vector columns, and their affine maps. Ranks: 1 */
#include "features/stage/scale.h"
#include "features/stage/vectors.h"
#include "tests/features/stage/stage_data.h"

/* Row i holds 10 i + s in slot s, for the slots where (i + s) is not a multiple of 3. */
static qn_column *sparse_column(int64_t rows, int32_t width) {
    qn_column *column = NULL;
    int32_t stored = 0;
    QN_TEST_OK(qn_column_new_sparse(&column, rows, width, rows * width));
    for (int64_t i = 0; i < rows; i++) {
        for (int32_t s = 0; s < width; s++) {
            if ((i + s) % 3 == 0)
                continue;
            column->indices[stored] = s;
            column->f64[stored++] = (double)(10 * i + s);
        }
        column->offsets[i + 1] = stored;
    }
    return column;
}

static qn_column *dense_of(const qn_column *column) {
    qn_column *dense = NULL;
    QN_TEST_OK(qn_column_densify(&dense, column));
    return dense;
}

static bool is_ordered(const qn_column *column) {
    for (int64_t i = 0; i < column->length; i++)
        for (int32_t k = column->offsets[i] + 1; k < column->offsets[i + 1]; k++)
            if (column->indices[k] <= column->indices[k - 1])
                return false;
    return true;
}

/* A choice from the sparse column, from the same one dense, and by hand are equal. */
static void check_choice(const int32_t *slots, int32_t count) {
    enum { ROWS = 40, WIDTH = 20 };
    qn_column *sparse = sparse_column(ROWS, WIDTH), *dense = dense_of(sparse);
    qn_column *from_sparse = NULL, *from_dense = NULL;
    QN_TEST_OK(qn_vectors_select(&from_sparse, sparse, slots, count));
    QN_TEST_OK(qn_vectors_select(&from_dense, dense, slots, count));
    CU_ASSERT(from_dense->indices == NULL && from_dense->width == count);
    CU_ASSERT(from_sparse->indices != NULL && from_sparse->width == count);
    CU_ASSERT(is_ordered(from_sparse));
    qn_column *again = dense_of(from_sparse);
    for (int64_t i = 0; i < ROWS; i++)
        for (int32_t k = 0; k < count; k++) {
            CU_ASSERT(again->f64[i * count + k] == dense->f64[i * WIDTH + slots[k]]);
            CU_ASSERT(from_dense->f64[i * count + k] == dense->f64[i * WIDTH + slots[k]]);
        }
    qn_column_release(again);
    qn_column_release(from_sparse);
    qn_column_release(from_dense);
    qn_column_release(sparse);
    qn_column_release(dense);
}

static void test_select(void) {
    const int32_t run[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    check_choice((const int32_t[]){0, 7, 19}, 3);
    check_choice((const int32_t[]){12, 3, 19, 0, 4}, 5);
    check_choice(run, 10);
    check_choice((const int32_t[]){5}, 1);
    check_choice(run, 0);
}

static void test_select_nulls(void) {
    qn_column *column = NULL, *chosen = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 70, 3));
    for (int i = 0; i < 210; i++)
        column->f64[i] = i;
    QN_TEST_OK(qn_column_set_null(column, 66));
    memset(column->f64 + 198, 0, 3 * sizeof(double));
    QN_TEST_OK(qn_vectors_select(&chosen, column, (const int32_t[]){2, 0}, 2));
    CU_ASSERT(chosen->null_count == 1 && qn_column_is_null(chosen, 66));
    CU_ASSERT(chosen->f64[2 * 66] == 0 && chosen->f64[2 * 67] == 203);
    qn_column_release(chosen);
    QN_TEST_OK(qn_vectors_select(&chosen, column, (const int32_t[]){0, 1, 2}, 3));
    CU_ASSERT(chosen == column);
    qn_column_release(chosen);
    qn_column_release(column);
}

static void test_attributes(void) {
    const char *const names[] = {"a", "b", "c"};
    qn_attributes *all = NULL, *nominal = NULL, *chosen = NULL;
    QN_TEST_OK(qn_attributes_new(&all, QN_ATTRIBUTE_VECTOR, names, 3));
    QN_TEST_OK(
        qn_attributes_new(&nominal, QN_ATTRIBUTE_NOMINAL, (const char *const[]){"x", "y"}, 2));
    QN_TEST_OK(qn_attributes_set_slot(all, 1, nominal));
    char name[] = "v";
    qn_field field = {name, QN_VECTOR, 3, all};
    QN_TEST_OK(qn_vectors_select_attributes(&chosen, &field, (const int32_t[]){2, 1}, 2));
    CU_ASSERT(chosen->count == 2);
    CU_ASSERT_STRING_EQUAL(chosen->names[0], "c");
    CU_ASSERT(qn_attributes_slot(chosen, 0) == NULL && qn_attributes_slot(chosen, 1) == nominal);
    qn_attributes_release(chosen);
    field.attributes = NULL;
    QN_TEST_OK(qn_vectors_select_attributes(&chosen, &field, (const int32_t[]){2, 1}, 2));
    CU_ASSERT(chosen == NULL);
    qn_attributes_release(nominal);
    qn_attributes_release(all);
}

/* Sparse and dense columns become the same numbers. */
static void check_scale(const qn_scale *by, const qn_column *sparse, bool stays_sparse) {
    qn_column *dense = dense_of(sparse), *x = NULL, *y = NULL;
    QN_TEST_OK(qn_scale_apply(by, sparse, &x));
    QN_TEST_OK(qn_scale_apply(by, dense, &y));
    CU_ASSERT((x->indices != NULL) == stays_sparse);
    CU_ASSERT(x->indices == NULL || is_ordered(x));
    qn_column *again = dense_of(x);
    int64_t count = sparse->length * sparse->width;
    bool same = true, right = true;
    for (int64_t i = 0; i < count; i++) {
        int32_t s = (int32_t)(i % sparse->width);
        double expected =
            (dense->f64[i] - (by->shift ? by->shift[s] : 0)) * (by->factor ? by->factor[s] : 1) +
            (by->offset ? by->offset[s] : 0);
        same = same && again->f64[i] == y->f64[i];
        right = right && y->f64[i] == expected;
    }
    CU_ASSERT(same);
    CU_ASSERT(right);
    qn_column_release(again);
    qn_column_release(x);
    qn_column_release(y);
    qn_column_release(dense);
}

static void test_scale(void) {
    double two[12], some[12] = {0};
    qn_column *column = sparse_column(50, 12);
    for (int i = 0; i < 12; i++)
        two[i] = i + 1;
    some[4] = 5;
    check_scale(&(qn_scale){12, NULL, two, NULL}, column, true);
    check_scale(&(qn_scale){12, two, two, NULL}, column, false);
    check_scale(&(qn_scale){12, NULL, NULL, some}, column, false); /* too full */
    qn_column_release(column);
    QN_TEST_OK(qn_column_new_sparse(&column, 30, 12, 30));
    for (int32_t i = 0; i < 30; i++) {
        column->indices[i] = i % 12;
        column->f64[i] = i;
        column->offsets[i + 1] = i + 1;
    }
    check_scale(&(qn_scale){12, some, two, NULL}, column, true);
    check_scale(&(qn_scale){12, NULL, two, two}, column, false);
    qn_column_release(column);
}

static const qn_test_case cases[] = {
    {"slots are chosen in any order, sparse and dense", test_select},
    {"null rows stay null, all slots share the column", test_select_nulls},
    {"names and categories follow their slots", test_attributes},
    {"sparse columns scale as dense ones do", test_scale},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("vectors", cases);
}

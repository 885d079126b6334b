/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/random.h"
#include "core/stats/sum.h"
#include "core/stats/sums.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 20000 };

static uint64_t state = 1;

static uint64_t next_bits(void) {
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double next_value(int exponents) {
    double mantissa = (double)(int64_t)next_bits() * 0x1p-63;
    return ldexp(mantissa, (int)(next_bits() % (unsigned)exponents) - exponents / 2);
}

static bool same(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* The three ways to add give the golden sum, for numbers in given and in reversed order. */
static void check_case(const double *values, int64_t count, double expected) {
    qn_sum one, all, back;
    qn_sums many;
    qn_sum_init(&one);
    qn_sum_init(&all);
    qn_sum_init(&back);
    QN_TEST_OK(qn_sums_init(&many, 3));
    for (int64_t i = 0; i < count; i++) {
        qn_sum_add(&one, values[i]);
        qn_sum_add(&back, values[count - 1 - i]);
        QN_TEST_OK(qn_sums_add(&many, 1, values[i]));
    }
    qn_sum_add_array(&all, values, count);
    CU_ASSERT(same(qn_sum_result(&one), expected));
    CU_ASSERT(same(qn_sum_result(&all), expected));
    CU_ASSERT(same(qn_sum_result(&back), expected));
    CU_ASSERT(same(qn_sums_result(&many, 1), expected));
    CU_ASSERT(qn_sums_result(&many, 0) == 0 && qn_sums_result(&many, 2) == 0);
    qn_sums_clear(&many);
}

static void test_golden(void) {
    FILE *file = fopen(QUERN_SOURCE_DIR "/tests/golden/sum.txt", "r");
    CU_ASSERT_FATAL(file != NULL);
    char *line = NULL;
    size_t capacity = 0;
    int cases = 0;
    while (getline(&line, &capacity, file) > 0) {
        if (*line == '#')
            continue;
        double values[256];
        int64_t count = 0;
        char *rest = line, *end;
        double expected = strtod(rest, &end);
        for (rest = end; (values[count] = strtod(rest, &end), end != rest); rest = end)
            count++;
        check_case(values, count, expected);
        cases++;
    }
    free(line);
    fclose(file);
    CU_ASSERT(cases == 47);
}

static void test_special(void) {
    double inf = HUGE_VAL;
    check_case((double[]){1, inf}, 2, inf);
    check_case((double[]){-inf, 1, -inf}, 3, -inf);
    check_case((double[]){inf, -inf}, 2, (double)NAN);
    check_case((double[]){1, (double)NAN, inf}, 3, (double)NAN);
    check_case((double[]){-0.0}, 1, 0);
    check_case(NULL, 0, 0);
    double long_array[100] = {[50] = 1, [77] = -inf};
    check_case(long_array, 100, -inf);
    qn_sum sum;
    qn_sum_init(&sum);
    qn_sum_add_product(&sum, 1e200, 1e200);
    CU_ASSERT(qn_sum_result(&sum) == inf);
}

static void fill(double *values, int64_t count, int exponents) {
    for (int64_t i = 0; i < count; i++)
        values[i] = next_value(exponents);
}

/* Words after normalising are canonical, so equal sums can be compared by them. */
static void check_groupings(const double *values, int64_t count) {
    qn_sum whole;
    qn_sum_init(&whole);
    for (int64_t i = 0; i < count; i++)
        qn_sum_add(&whole, values[i]);
    qn_sum_normalize(&whole);
    for (int round = 0; round < 5; round++) {
        qn_sum merged;
        qn_sum_init(&merged);
        for (int64_t i = 0; i < count;) {
            qn_sum part;
            int64_t length = (int64_t)(next_bits() % 5000);
            length = length < count - i ? length : count - i;
            qn_sum_init(&part);
            qn_sum_add_array(&part, values + i, length);
            qn_sum_merge(&merged, &part);
            i += length;
        }
        qn_sum_normalize(&merged);
        CU_ASSERT(memcmp(&whole, &merged, sizeof whole) == 0);
    }
}

static void test_groupings(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return; /* serial work, once is enough */
    double *values = NULL;
    QN_TEST_OK(qn_mem_alloc(&values, MANY, sizeof *values));
    for (int exponents = 1; exponents < 2000; exponents = exponents * 3 + 1) {
        fill(values, MANY, exponents);
        check_groupings(values, MANY);
    }
    qn_mem_free(values);
}

/* 1e6 additions of the largest double and of its opposite, without overflow in between. */
static void test_carries(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return; /* serial work, once is enough */
    qn_sum sum;
    qn_sums sums;
    qn_sum_init(&sum);
    QN_TEST_OK(qn_sums_init(&sums, 1));
    for (int sign = 1; sign >= -1; sign -= 2)
        for (int i = 0; i < 1000000; i++) {
            qn_sum_add(&sum, sign * 0x1.fffffffffffffp+1023);
            QN_TEST_OK(qn_sums_add(&sums, 0, sign * 0x1.fffffffffffffp+500));
        }
    qn_sum_add(&sum, 0x1p-1074);
    QN_TEST_OK(qn_sums_add(&sums, 0, 0x1p-1074));
    CU_ASSERT(qn_sum_result(&sum) == 0x1p-1074);
    CU_ASSERT(qn_sums_result(&sums, 0) == 0x1p-1074);
    qn_sums_clear(&sums);
}

static void test_product(void) {
    qn_sum sum;
    qn_sum_init(&sum);
    double a = 1 + 0x1p-40, b = 1 - 0x1p-40;
    qn_sum_add_product(&sum, a, b); /* 1 - 2^-80 */
    qn_sum_add(&sum, -1);
    CU_ASSERT(qn_sum_result(&sum) == -0x1p-80);
    double high, low;
    qn_sum_add(&sum, 1);
    qn_sum_result_pair(&sum, &high, &low);
    CU_ASSERT(high == 1 && low == -0x1p-80);
    qn_sum squares, each;
    double *values = NULL;
    QN_TEST_OK(qn_mem_alloc(&values, 5000, sizeof *values));
    fill(values, 5000, 300);
    qn_sum_init(&squares);
    qn_sum_init(&each);
    qn_sum_add_squares(&squares, values, 5000);
    for (int i = 0; i < 5000; i++)
        qn_sum_add_product(&each, values[i], values[i]);
    qn_sum_normalize(&squares);
    qn_sum_normalize(&each);
    CU_ASSERT(memcmp(&squares, &each, sizeof each) == 0);
    qn_mem_free(values);
}

/* Sums of columns and of squares equal those added one value at a time. */
static void check_rows(int64_t rows, int64_t columns, int64_t stride, int exponents) {
    qn_sums fast, squares;
    double *values = NULL;
    QN_TEST_OK(qn_mem_alloc(&values, (size_t)(rows * stride), sizeof *values));
    fill(values, rows * stride, exponents);
    QN_TEST_OK(qn_sums_init(&fast, columns + 1));
    QN_TEST_OK(qn_sums_init(&squares, columns + 1));
    QN_TEST_OK(qn_sums_add_rows(&fast, 1, values, rows, columns, stride));
    QN_TEST_OK(qn_sums_add_squares(&squares, 1, values, rows, columns, stride));
    for (int64_t j = 0; j < columns; j++) {
        qn_sum sum, square;
        qn_sum_init(&sum);
        qn_sum_init(&square);
        for (int64_t r = 0; r < rows; r++) {
            double x = values[r * stride + j];
            qn_sum_add(&sum, x);
            qn_sum_add_product(&square, x, x);
        }
        CU_ASSERT(same(qn_sum_result(&sum), qn_sums_result(&fast, j + 1)));
        CU_ASSERT(same(qn_sum_result(&square), qn_sums_result(&squares, j + 1)));
    }
    qn_sums_clear(&fast);
    qn_sums_clear(&squares);
    qn_mem_free(values);
}

static void test_rows(void) {
    check_rows(1000, 1, 1, 20);
    check_rows(1000, 1, 3, 20);
    check_rows(300, 16, 16, 100);
    check_rows(257, 37, 40, 400);
    check_rows(3, 5, 5, 1200);
    check_rows(0, 4, 4, 1);
}

/* Windows of different ranks differ; the reduced sums equal those of one process. */
static void test_reduction(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_sum whole[2], mine[2];
    qn_sums sums;
    QN_TEST_OK(qn_sums_init(&sums, 2));
    for (int k = 0; k < 2; k++) {
        qn_sum_init(&whole[k]);
        qn_sum_init(&mine[k]);
    }
    state = 77; /* the same numbers on all ranks, each of which adds its share */
    for (int i = 0; i < 5000; i++) {
        double value = next_value(1 + i % 5 * 150);
        qn_sum_add(&whole[i % 2], value);
        if (i % 5 % size != rank)
            continue;
        qn_sum_add(&mine[i % 2], value);
        QN_TEST_OK(qn_sums_add(&sums, i % 2, value));
    }
    QN_TEST_OK(qn_reduce_sums(comm, mine, 2));
    QN_TEST_OK(qn_reduce_sum_vector(comm, &sums));
    for (int k = 0; k < 2; k++) {
        CU_ASSERT(same(qn_sum_result(&whole[k]), qn_sum_result(&mine[k])));
        CU_ASSERT(same(qn_sum_result(&whole[k]), qn_sums_result(&sums, k)));
    }
    if (rank == size - 1)
        QN_TEST_OK(qn_sums_add(&sums, 1, HUGE_VAL));
    QN_TEST_OK(qn_reduce_sum_vector(comm, &sums));
    CU_ASSERT(qn_sums_result(&sums, 1) == HUGE_VAL);
    qn_sums_clear(&sums);
}

static void test_vector_merge(void) {
    qn_sums a, b, copy;
    QN_TEST_OK(qn_sums_init(&a, 4));
    QN_TEST_OK(qn_sums_init(&b, 4));
    qn_sum expected[4];
    for (int i = 0; i < 4; i++)
        qn_sum_init(&expected[i]);
    for (int i = 0; i < 30000; i++) {
        double value = next_value(1 + i / 50);
        qn_sum_add(&expected[i % 4], value);
        QN_TEST_OK(qn_sums_add(i % 3 == 0 ? &a : &b, i % 4, value));
    }
    QN_TEST_OK(qn_sums_copy(&copy, &b));
    QN_TEST_OK(qn_sums_merge(&a, &copy));
    for (int i = 0; i < 4; i++)
        CU_ASSERT(same(qn_sum_result(&expected[i]), qn_sums_result(&a, i)));
    qn_sums_clear(&a);
    qn_sums_clear(&b);
    qn_sums_clear(&copy);
}

static const qn_test_case cases[] = {
    {"sums equal Python's fsum", test_golden},
    {"infinities and NaN behave as in IEEE addition", test_special},
    {"any grouping gives the same words", test_groupings},
    {"carries never overflow", test_carries},
    {"products and squares are exact", test_product},
    {"column sums equal sums one by one", test_rows},
    {"vectors of sums merge", test_vector_merge},
    {"ranks reduce to the same sums", test_reduction},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("sum", cases);
}

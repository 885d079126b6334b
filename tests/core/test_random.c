/* Random numbers by counter. */
#include "core/random.h"
#include "tests/harness/harness.h"

#include <math.h>

/* The known answers that Random123 ships (tests/kat_vectors), "philox4x32 10". */
static void test_known_answers(void) {
    CU_ASSERT_EQUAL(qn_random_bits((qn_random){0, 0}, 0, 0), UINT64_C(0xe169c58d6627e8d5));
    CU_ASSERT_EQUAL(qn_random_bits((qn_random){UINT64_MAX, UINT32_MAX}, UINT64_MAX, UINT32_MAX),
                    UINT64_C(0x41c83b0e408f276d));
    qn_random random = {UINT64_C(0x299f31d0a4093822), 0x03707344};
    CU_ASSERT_EQUAL(qn_random_bits(random, UINT64_C(0x85a308d3243f6a88), 0x13198a2e),
                    UINT64_C(0x94fdccebd16cfe09));
}

static void test_streams_differ(void) {
    qn_random a = qn_random_new(7, "split"), b = qn_random_new(7, "sample");
    qn_random c = qn_random_new(8, "split");
    CU_ASSERT_EQUAL(qn_random_bits(a, 5, 1), qn_random_bits(qn_random_new(7, "split"), 5, 1));
    CU_ASSERT_NOT_EQUAL(qn_random_bits(a, 5, 1), qn_random_bits(b, 5, 1));
    CU_ASSERT_NOT_EQUAL(qn_random_bits(a, 5, 1), qn_random_bits(c, 5, 1));
    CU_ASSERT_NOT_EQUAL(qn_random_bits(a, 5, 1), qn_random_bits(a, 6, 1));
    CU_ASSERT_NOT_EQUAL(qn_random_bits(a, 5, 1), qn_random_bits(a, 5, 2));
}

/* Means within five standard errors of what theory says. */
static void test_uniform(void) {
    enum { N = 100000 };
    qn_random random = qn_random_new(1, "uniform");
    double sum = 0, squares = 0;
    bool inside = true;
    for (uint64_t i = 0; i < N; i++) {
        double u = qn_random_uniform(random, i, 0);
        inside = inside && u >= 0 && u < 1;
        sum += u;
        squares += u * u;
    }
    CU_ASSERT_TRUE(inside);
    CU_ASSERT_DOUBLE_EQUAL(sum / N, 0.5, 5 * sqrt(1.0 / 12 / N));
    CU_ASSERT_DOUBLE_EQUAL(squares / N, 1.0 / 3, 5 * sqrt(4.0 / 45 / N));
}

static void test_normal(void) {
    enum { N = 100000 };
    qn_random random = qn_random_new(1, "normal");
    double moments[5] = {0};
    for (uint64_t i = 0; i < N; i++) {
        double z = qn_random_normal(random, i, 3), power = 1;
        for (int k = 0; k < 5; k++, power *= z)
            moments[k] += power / N;
    }
    CU_ASSERT_DOUBLE_EQUAL(moments[1], 0, 5 * sqrt(1.0 / N));
    CU_ASSERT_DOUBLE_EQUAL(moments[2], 1, 5 * sqrt(2.0 / N));
    CU_ASSERT_DOUBLE_EQUAL(moments[3], 0, 5 * sqrt(15.0 / N));
    CU_ASSERT_DOUBLE_EQUAL(moments[4], 3, 5 * sqrt(96.0 / N));
}

/* Against the C library's logarithm, sine and cosine; and the same bits in loops. */
static void test_normal_pairs(void) {
    enum { N = 1000 };
    qn_random random = qn_random_new(5, "pairs");
    double first[N], second[N], worst = 0;
    bool same = true;
    qn_random_normal_rows(first, second, random, 77, N, 9);
    for (int i = 0; i < N; i++) {
        uint64_t bits[2];
        double pair[2];
        qn_random_bits_2(bits, random, 77 + (uint64_t)i, 9);
        qn_random_normal_2(pair, random, 77 + (uint64_t)i, 9);
        double radius = sqrt(-2 * log((double)((bits[0] >> 11) + 1) * 0x1p-53));
        double angle = 2 * M_PI * (double)(bits[1] >> 11) * 0x1p-53;
        worst = fmax(worst, fabs(pair[0] - radius * cos(angle)));
        worst = fmax(worst, fabs(pair[1] - radius * sin(angle)));
        same = same && pair[0] == first[i] && pair[1] == second[i] &&
               pair[0] == qn_random_normal(random, 77 + (uint64_t)i, 9);
    }
    CU_ASSERT_TRUE(same);
    CU_ASSERT_TRUE(worst < 1e-14);
}

static void test_below(void) {
    enum { N = 60000, SIDES = 6 };
    qn_random random = qn_random_new(1, "dice");
    int64_t counts[SIDES] = {0};
    double chi_square = 0;
    for (uint64_t i = 0; i < N; i++)
        counts[qn_random_below(random, i, 0, SIDES)]++;
    for (int k = 0; k < SIDES; k++)
        chi_square += pow((double)counts[k] - N / SIDES, 2) / (N / SIDES);
    CU_ASSERT_TRUE(chi_square < 20.5); /* 0.999 quantile of chi-square with 5 degrees */
    CU_ASSERT_EQUAL(qn_random_below(random, 1, 0, 1), 0);
    CU_ASSERT_TRUE(qn_random_below(random, 1, 0, INT64_MAX) >= 0);
}

static const qn_test_case cases[] = {
    {"bits equal the known answers of Random123", test_known_answers},
    {"seed, stream, row and draw all matter", test_streams_differ},
    {"uniform numbers have the right moments", test_uniform},
    {"normal numbers have the right moments", test_normal},
    {"normal pairs are Box and Muller's, alone and in loops", test_normal_pairs},
    {"bounded numbers are even", test_below},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("random", cases);
}

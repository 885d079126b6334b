/* Sums on a grid against the superaccumulator, which is tested on its own. */
#include "core/memory.h"
#include "core/stats/fixed_sums.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

enum { COUNT = 20000, SUMS = 37 };

static uint64_t draw(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Kinds of data, from narrow to wide. */
static double value_of(int kind, int i, uint64_t *state) {
    double unit = (double)(draw(state) >> 11) * 0x1p-53;
    switch (kind) {
    case 0:
        return (double)(draw(state) % 15) - 7;
    case 1:
        return floor(unit * 1e8) / 1e6;
    case 2:
        return unit - 0.5;
    case 3: /* grows and falls as it goes */
        return ldexp(unit - 0.5, i / 1500 * (i % 2 == 0 ? 1 : -1));
    case 4: /* beyond any grid, at some time */
        return i < 9000 ? unit : ldexp(unit - 0.3, (int)(draw(state) % 1800) - 900);
    case 5:
        return i % 4001 == 17   ? -HUGE_VAL
               : i % 7001 == 40 ? HUGE_VAL
               : i % 9001 == 13 ? (double)NAN
                                : unit;
    case 6:
        return i % 3 == 0 ? 0x1p-1074 * (double)(draw(state) % 9) : 0;
    default:
        return i % 5 == 0 ? -1e308 : unit * 1e308;
    }
}
enum { KINDS = 8 };

static bool same(double a, double b) {
    return (isnan(a) && isnan(b)) || (a == b);
}

typedef struct data {
    double *values;
    uint32_t *ids;
    qn_sum *expected;
} data;

static void make(data *made, int kind) {
    uint64_t state = (uint64_t)kind + 1;
    QN_TEST_OK(qn_mem_alloc(&made->values, COUNT, sizeof *made->values));
    QN_TEST_OK(qn_mem_alloc(&made->ids, COUNT, sizeof *made->ids));
    QN_TEST_OK(qn_mem_alloc(&made->expected, SUMS, sizeof *made->expected));
    for (int g = 0; g < SUMS; g++)
        qn_sum_init(&made->expected[g]);
    for (int i = 0; i < COUNT; i++) {
        made->values[i] = value_of(kind, i, &state);
        made->ids[i] = (uint32_t)(draw(&state) % SUMS);
        qn_sum_add(&made->expected[made->ids[i]], made->values[i]);
    }
}

static void drop(data *made) {
    qn_mem_free(made->values);
    qn_mem_free(made->ids);
    qn_mem_free(made->expected);
}

static int wrong(const qn_fixed_sums *sums, const qn_sum *expected) {
    int count = 0;
    for (int g = 0; g < SUMS; g++)
        count += !same(qn_fixed_sums_result(sums, g), qn_sum_result(&expected[g]));
    return count;
}

static void test_sums_are_exact(void) {
    for (int kind = 0; kind < KINDS; kind++)
        for (int piece = 100; piece < 100000; piece *= 30) {
            data made;
            qn_fixed_sums sums;
            make(&made, kind);
            qn_fixed_sums_init(&sums);
            for (int i = 0; i < COUNT; i += piece) {
                QN_TEST_OK(qn_fixed_sums_grow(&sums, i == 0 ? SUMS - 5 : SUMS));
                for (int k = i; k < i + piece && k < COUNT && i == 0; k++)
                    if (made.ids[k] >= SUMS - 5)
                        QN_TEST_OK(qn_fixed_sums_grow(&sums, SUMS));
                int length = COUNT - i < piece ? COUNT - i : piece;
                QN_TEST_OK(qn_fixed_sums_add(&sums, made.ids + i, made.values + i, length, 1));
            }
            CU_ASSERT_EQUAL(wrong(&sums, made.expected), 0);
            CU_ASSERT(sums.wide == (kind == 4 || kind >= 6));
            qn_fixed_sums_clear(&sums);
            drop(&made);
        }
}

static void test_what_is_removed_leaves_no_trace(void) {
    for (int kind = 0; kind < KINDS; kind++) {
        data made, other;
        qn_fixed_sums sums;
        make(&made, kind);
        make(&other, (kind + 3) % KINDS);
        qn_fixed_sums_init(&sums);
        QN_TEST_OK(qn_fixed_sums_grow(&sums, SUMS));
        QN_TEST_OK(qn_fixed_sums_add(&sums, other.ids, other.values, COUNT, 1));
        for (int i = 0; i < COUNT; i++)
            QN_TEST_OK(qn_fixed_sums_add_one(&sums, made.ids[i], made.values[i], 1));
        QN_TEST_OK(qn_fixed_sums_add(&sums, other.ids, other.values, COUNT, -1));
        CU_ASSERT_EQUAL(wrong(&sums, made.expected), 0);
        qn_fixed_sums_reset(&sums, 3);
        CU_ASSERT_EQUAL(qn_fixed_sums_result(&sums, 3), 0);
        qn_fixed_sums_clear(&sums);
        drop(&made);
        drop(&other);
    }
}

static void test_all_into_one(void) {
    for (int kind = 0; kind < KINDS; kind++) {
        data made;
        qn_fixed_sums sums;
        qn_sum expected;
        make(&made, kind);
        qn_fixed_sums_init(&sums);
        QN_TEST_OK(qn_fixed_sums_grow(&sums, 1));
        qn_sum_init(&expected);
        qn_sum_add_array(&expected, made.values, COUNT);
        QN_TEST_OK(qn_fixed_sums_add(&sums, NULL, made.values, COUNT, 1));
        CU_ASSERT(same(qn_fixed_sums_result(&sums, 0), qn_sum_result(&expected)));
        qn_fixed_sums_clear(&sums);
        drop(&made);
    }
}

/* Sends the sums of one set to another, either way; both have their own grids. */
static void check_merge(int kind, int other_kind, bool bytes) {
    data made, other;
    qn_fixed_sums sums, rest;
    make(&made, kind);
    make(&other, other_kind);
    qn_fixed_sums_init(&sums);
    qn_fixed_sums_init(&rest);
    QN_TEST_OK(qn_fixed_sums_grow(&sums, SUMS));
    QN_TEST_OK(qn_fixed_sums_grow(&rest, SUMS));
    QN_TEST_OK(qn_fixed_sums_add(&sums, made.ids, made.values, COUNT, 1));
    QN_TEST_OK(qn_fixed_sums_add(&rest, other.ids, other.values, COUNT, 1));
    qn_text text;
    qn_text_init(&text);
    for (int g = 0; g < SUMS; g++) {
        qn_sum_merge(&made.expected[g], &other.expected[g]);
        if (bytes) {
            qn_text_truncate(&text, 0);
            QN_TEST_OK(qn_fixed_sums_pack(&rest, g, &text));
            QN_TEST_OK(qn_fixed_sums_unpack(&sums, g, (qn_view){text.data, text.length}));
        } else {
            QN_TEST_OK(qn_fixed_sums_add_pair(&sums, g, rest.pairs[g], rest.grid.base));
        }
    }
    CU_ASSERT_EQUAL(wrong(&sums, made.expected), 0);
    QN_TEST_OK(qn_fixed_sums_add(&sums, other.ids, other.values, COUNT, -1));
    for (int g = 0; g < SUMS; g++)
        for (int i = 0; i < COUNT; i++)
            if (other.ids[i] == (uint32_t)g)
                qn_sum_add(&made.expected[g], isfinite(other.values[i]) ? -other.values[i] : 0);
    if (other_kind != 5)
        CU_ASSERT_EQUAL(wrong(&sums, made.expected), 0);
    qn_text_clear(&text);
    qn_fixed_sums_clear(&sums);
    qn_fixed_sums_clear(&rest);
    drop(&made);
    drop(&other);
}

static void test_sums_of_sums(void) {
    for (int a = 0; a < KINDS; a++)
        for (int b = 0; b < KINDS; b++) {
            check_merge(a, b, true);
            if (b != 4 && b < 5)
                check_merge(a, b, false);
        }
}

static void test_failed_allocations(void) {
    for (int kind = 3; kind < 6; kind++) {
        data made;
        make(&made, kind);
        qn_status status = QN_MEMORY;
        for (int64_t k = 0; status != QN_OK; k++) {
            qn_fixed_sums sums;
            qn_fixed_sums_init(&sums);
            qn_mem_fail_after(k);
            status = qn_fixed_sums_grow(&sums, SUMS);
            if (status == QN_OK)
                status = qn_fixed_sums_add(&sums, made.ids, made.values, COUNT, 1);
            qn_mem_fail_after(-1);
            CU_ASSERT(status == QN_OK || status == QN_MEMORY);
            qn_fixed_sums_clear(&sums);
        }
        drop(&made);
    }
}

static const qn_test_case cases[] = {
    {"sums are exact", test_sums_are_exact},
    {"what is removed leaves no trace", test_what_is_removed_leaves_no_trace},
    {"all into one", test_all_into_one},
    {"sums of sums", test_sums_of_sums},
    {"failed allocations", test_failed_allocations},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("fixed sums", cases);
}

/* Joins of all kinds against nested loops.
 * Ranks: 1 2 3 */
#include "tests/features/join/join_data.h"

static const qn_join_kind kinds[] = {QN_JOIN_INNER, QN_JOIN_LEFT, QN_JOIN_RIGHT, QN_JOIN_FULL,
                                     QN_JOIN_SEMI,  QN_JOIN_ANTI, QN_JOIN_MARK};
enum { KINDS = 7 };

static side_spec small_side(bool right) {
    return (side_spec){.right = right,
                       .variant = KEY_INT64,
                       .rows = right ? 90 : 130,
                       .cut = right ? 11 : 17,
                       .classes = 40,
                       .nulls = true};
}

static void check(const join_case *join, const char *what) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    int64_t wrong = run_join(join, join->form == QN_JOIN_SHUFFLE, &execution);
    if (wrong != 0)
        fprintf(stderr, "  %s, %s join, form %d, residual %d: %lld rows are wrong\n", what,
                qn_join_kind_name(join->kind), (int)join->form, (int)join->residual,
                (long long)wrong);
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Every kind, both forms, with and without a residual. */
static void check_all(join_case join, const char *what) {
    for (int kind = 0; kind < KINDS; kind++)
        for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++)
            for (int residual = 0; residual < 2; residual++) {
                join.kind = kinds[kind];
                join.form = (qn_join_form)form;
                join.residual = residual;
                check(&join, what);
            }
}

static void test_keys_of_all_types(void) {
    static const char *const names[] = {"int64", "string", "float64", "date", "bool"};
    for (int v = 0; v < KEY_VARIANTS; v++) {
        join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 1};
        join.left.variant = join.right.variant = (key_variant)v;
        check_all(join, names[v]);
    }
}

static void test_dictionaries_that_differ(void) {
    for (int i = 1; i < 4; i++) {
        join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 1};
        join.left.variant = join.right.variant = KEY_TEXT;
        join.left.dictionary = i & 1;
        join.right.dictionary = i & 2;
        check_all(join, "dictionaries");
    }
}

static void test_two_keys_and_null_safe_ones(void) {
    for (int i = 0; i < 4; i++) {
        join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 2};
        join.left.classes = join.right.classes = 15;
        join.null_safe[0] = i & 1;
        join.null_safe[1] = i & 2;
        check_all(join, "two keys");
    }
    join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 1};
    join.null_safe[0] = true;
    check_all(join, "one null-safe key");
}

static void test_unique_right_keys(void) {
    join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 1};
    join.right.unique = true;
    join.right.nulls = false;
    check_all(join, "unique keys");
    join.left.nulls = false;
    join.left.classes = 90; /* every left row matches */
    check_all(join, "unique keys that all match");
}

static void test_empty_sides(void) {
    for (int i = 1; i < 4; i++) {
        join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 1};
        join.left.rows = i & 1 ? 0 : 50;
        join.right.rows = i & 2 ? 0 : 50;
        check_all(join, "empty sides");
        join.left.variant = join.right.variant = KEY_TEXT;
        check_all(join, "empty sides, text");
        join.null_aware = true;
        join.kind = QN_JOIN_ANTI;
        check(&join, "empty sides, NOT IN");
    }
}

static void test_no_keys(void) {
    join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 0};
    join.left.rows = 23;
    check_all(join, "no keys");
    join.kind = QN_JOIN_CROSS;
    check(&join, "no keys");
}

static void test_not_in_and_in(void) {
    for (int i = 0; i < 8; i++)
        for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++) {
            join_case join = {.left = small_side(false), .right = small_side(true), .key_count = 1};
            join.left.nulls = i & 1;
            join.right.nulls = i & 2;
            join.residual = i & 4;
            join.null_aware = true;
            join.form = join.residual ? QN_JOIN_BROADCAST : (qn_join_form)form;
            join.kind = QN_JOIN_ANTI;
            check(&join, "NOT IN");
            join.kind = QN_JOIN_MARK;
            check(&join, "IN");
            join.key_count = 2; /* x IN (SELECT y FROM t WHERE t.s = s) */
            join.form = QN_JOIN_BROADCAST;
            check(&join, "IN with two keys");
            join.kind = QN_JOIN_ANTI;
            check(&join, "NOT IN with two keys");
        }
}

static const qn_test_case cases[] = {
    {"keys of all types", test_keys_of_all_types},
    {"dictionaries that differ", test_dictionaries_that_differ},
    {"two keys, null-safe ones", test_two_keys_and_null_safe_ones},
    {"unique right keys", test_unique_right_keys},
    {"empty sides", test_empty_sides},
    {"no keys", test_no_keys},
    {"NOT IN and IN know nulls", test_not_in_and_in},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("join", cases);
}

/* Interners, keys and groups, against plain loops over the same rows. */
#include "core/key/key.h"
#include "core/memory.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

static qn_column *strings(const char *const *values, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++)
        QN_TEST_OK(values[i] == NULL ? qn_string_builder_add_null(&builder)
                                     : qn_string_builder_add(&builder, qn_view_of(values[i])));
    qn_column *column = NULL;
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    return column;
}

static qn_column *coded(qn_column *dictionary, const int32_t *codes, int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_INT32, count, 0));
    column->type = QN_STRING;
    memcpy(column->codes, codes, (size_t)count * sizeof *codes);
    column->dictionary = qn_column_retain(dictionary);
    return column;
}

static qn_column *integers(qn_type type, const int64_t *values, int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, type, count, 0));
    for (int64_t i = 0; i < count; i++)
        if (qn_type_size(type) == 4)
            column->i32[i] = (int32_t)values[i];
        else
            column->i64[i] = values[i];
    return column;
}

static void test_strings_are_numbered_as_they_come(void) {
    static const char *const first[] = {"b", "a", NULL, "b", ""};
    static const char *const second[] = {"a", "a longer string than sixteen bytes", "zz"};
    static const int32_t codes[] = {2, 0, 2, 1};
    qn_interner *interner = NULL;
    int32_t ids[5];
    QN_TEST_OK(qn_interner_new(&interner));
    qn_column *plain = strings(first, 5), *words = strings(second, 3);
    qn_column *column = coded(words, codes, 4);
    QN_TEST_OK(qn_interner_encode(interner, plain, true, ids));
    CU_ASSERT(ids[0] == 0 && ids[1] == 1 && ids[2] == 0 && ids[3] == 0 && ids[4] == 2);
    QN_TEST_OK(qn_interner_encode(interner, column, false, ids));
    CU_ASSERT(ids[0] == -1 && ids[1] == 1 && ids[2] == -1 && ids[3] == -1);
    QN_TEST_OK(qn_interner_encode(interner, column, true, ids));
    CU_ASSERT(ids[0] == 3 && ids[1] == 1 && ids[2] == 3 && ids[3] == 4);
    QN_TEST_OK(qn_interner_encode(interner, column, false, ids));
    CU_ASSERT(ids[0] == 3 && ids[3] == 4);
    CU_ASSERT(qn_view_equal(qn_interner_text(interner, 4), qn_view_of(second[1])));
    qn_column *all = NULL, *again = NULL;
    QN_TEST_OK(qn_interner_column(interner, &all));
    QN_TEST_OK(qn_interner_column(interner, &again));
    CU_ASSERT_PTR_EQUAL(all, again);
    CU_ASSERT(all->length == 5 && qn_column_string(all, 2).length == 0);
    CU_ASSERT(qn_interner_bytes(interner) > 0);
    qn_column_release(all);
    qn_column_release(again);
    qn_column_release(column);
    qn_column_release(words);
    qn_column_release(plain);
    qn_interner_free(interner);
}

static void test_many_strings_are_told_apart(void) {
    enum { COUNT = 30000 };
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int i = 0; i < COUNT; i++) {
        char text[64];
        snprintf(text, sizeof text, "%.*s%d", i % 20, "abcdefghijklmnopqrstuvwxyz", i % 10007);
        QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    qn_column *column = NULL;
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    qn_interner *interner = NULL;
    QN_TEST_OK(qn_interner_new(&interner));
    int32_t *ids = NULL;
    QN_TEST_OK(qn_mem_alloc(&ids, COUNT, sizeof *ids));
    QN_TEST_OK(qn_interner_encode(interner, column, true, ids));
    int wrong = 0;
    for (int i = 0; i < COUNT; i++)
        wrong += !qn_view_equal(qn_interner_text(interner, ids[i]), qn_column_string(column, i));
    CU_ASSERT_EQUAL(wrong, 0);
    for (int32_t k = 0; k < 2; k++)
        QN_TEST_OK(qn_interner_encode(interner, column, k == 0, ids));
    CU_ASSERT(ids[COUNT - 1] < qn_interner_count(interner));
    qn_mem_free(ids);
    qn_interner_free(interner);
    qn_column_release(column);
}

/* ---- Groups against a quadratic loop -------------------------------------------------------- */

static bool same_value(const qn_column *column, int64_t a, int64_t b) {
    bool null_a = qn_column_is_null(column, a), null_b = qn_column_is_null(column, b);
    if (null_a || null_b)
        return null_a && null_b;
    if (column->type == QN_STRING)
        return qn_view_equal(qn_column_string(column, a), qn_column_string(column, b));
    if (column->type == QN_INT64)
        return column->i64[a] == column->i64[b];
    double x = qn_column_real(column, a), y = qn_column_real(column, b);
    return x == y || (isnan(x) && isnan(y));
}

/* Group numbers by comparing with the first row of each group so far. */
static int64_t plain_groups(qn_column *const *columns, int32_t count, int64_t rows, uint32_t *ids,
                            int64_t *firsts) {
    int64_t groups = 0;
    for (int64_t i = 0; i < rows; i++) {
        int64_t g = 0;
        for (bool same = false; g < groups && !same; g += !same) {
            same = true;
            for (int32_t k = 0; k < count; k++)
                same = same && same_value(columns[k], firsts[g], i);
        }
        if (g == groups)
            firsts[groups++] = i;
        ids[i] = (uint32_t)g;
    }
    return groups;
}

static void check_columns(const qn_groups *groups, qn_column *const *columns, int32_t count,
                          const int64_t *firsts) {
    int64_t found = qn_groups_count(groups);
    for (int32_t k = 0; k < count; k++) {
        qn_column *expected = NULL, *column = NULL;
        QN_TEST_OK(qn_column_take(&expected, columns[k], firsts, found));
        QN_TEST_OK(qn_groups_column(groups, k, NULL, found, &column));
        CU_ASSERT_EQUAL(column->type, columns[k]->type);
        const qn_column *both[] = {expected, column};
        qn_column *joined = NULL;
        QN_TEST_OK(qn_column_concat(&joined, both, 2));
        int wrong = 0;
        for (int64_t g = 0; g < found; g++)
            wrong += !same_value(joined, g, found + g);
        CU_ASSERT_EQUAL(wrong, 0);
        uint32_t last = (uint32_t)found - 1;
        qn_column_release(column);
        QN_TEST_OK(qn_groups_column(groups, k, &last, 1, &column));
        CU_ASSERT_EQUAL(qn_column_is_null(column, 0), qn_column_is_null(joined, found - 1));
        qn_column_release(expected);
        qn_column_release(column);
        qn_column_release(joined);
    }
}

static void check_found(qn_key *key, qn_groups *groups, qn_column *const *columns, int64_t rows,
                        const uint32_t *expected) {
    uint32_t *ids = NULL;
    uint64_t *hashes = NULL;
    const uint64_t *group_hashes = NULL;
    const qn_key_rows *words = NULL;
    QN_TEST_OK(qn_mem_alloc(&ids, (size_t)rows, sizeof *ids));
    QN_TEST_OK(qn_mem_alloc(&hashes, (size_t)rows, sizeof *hashes));
    QN_TEST_OK(qn_key_hash(key, columns, rows, hashes));
    QN_TEST_OK(qn_groups_hashes(groups, &group_hashes));
    for (int insert = 0; insert < 2; insert++) {
        QN_TEST_OK(qn_key_encode(key, columns, rows, insert == 1, &words));
        QN_TEST_OK(qn_groups_find(groups, words, insert == 1, ids));
        int wrong = 0;
        for (int64_t i = 0; i < rows; i++)
            wrong += ids[i] != expected[i] || hashes[i] != words->hashes[i] ||
                     hashes[i] != group_hashes[ids[i]];
        CU_ASSERT_EQUAL(wrong, 0);
    }
    qn_mem_free(ids);
    qn_mem_free(hashes);
}

/* Groups the rows in pieces and compares with the plain loop. */
static void check(qn_column *const *columns, int32_t count, int64_t rows, int64_t piece) {
    qn_type types[80];
    for (int32_t k = 0; k < count; k++)
        types[k] = columns[k]->type;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    uint32_t *ids = NULL, *expected = NULL;
    int64_t *firsts = NULL;
    QN_TEST_OK(qn_key_new(&key, types, count));
    QN_TEST_OK(qn_groups_new(&groups, key));
    QN_TEST_OK(qn_mem_alloc(&ids, (size_t)rows, sizeof *ids));
    QN_TEST_OK(qn_mem_alloc(&expected, (size_t)rows, sizeof *expected));
    QN_TEST_OK(qn_mem_alloc(&firsts, (size_t)rows, sizeof *firsts));
    int64_t made = plain_groups(columns, count, rows, expected, firsts);
    for (int64_t first = 0; first < rows; first += piece) {
        int64_t length = rows - first < piece ? rows - first : piece;
        qn_column *part[80] = {NULL};
        const qn_key_rows *words = NULL;
        for (int32_t k = 0; k < count; k++)
            QN_TEST_OK(qn_column_slice(&part[k], columns[k], first, length));
        QN_TEST_OK(qn_key_words(key, part, length, true, &words));
        QN_TEST_OK(qn_groups_find(groups, words, true, ids + first));
        for (int32_t k = 0; k < count; k++)
            qn_column_release(part[k]);
    }
    CU_ASSERT_EQUAL(qn_groups_count(groups), made);
    CU_ASSERT_EQUAL(memcmp(ids, expected, (size_t)rows * sizeof *ids), 0);
    check_columns(groups, columns, count, firsts);
    check_found(key, groups, columns, rows, expected);
    CU_ASSERT(qn_groups_bytes(groups) + qn_key_bytes(key) > 0);
    qn_mem_free(ids);
    qn_mem_free(expected);
    qn_mem_free(firsts);
    qn_groups_free(groups);
    qn_key_free(key);
}

enum { ROWS = 6000 };

typedef int64_t (*number_of)(int64_t i);

static int64_t small_number(int64_t i) {
    return i * 7919 % 83 - 40;
}
static int64_t growing_number(int64_t i) {
    return i / 3;
}
static int64_t falling_number(int64_t i) {
    return -(i * i / 1000);
}
static int64_t wide_number(int64_t i) {
    return (int64_t)((uint64_t)(i % 517) * UINT64_C(0x9E3779B97F4A7C15));
}
static int64_t extreme_number(int64_t i) {
    return i % 3 == 0 ? INT64_MIN : i % 3 == 1 ? INT64_MAX : i % 7;
}
static int64_t sparse_number(int64_t i) {
    return i % 900 * 1000003;
}

static qn_column *numbers(qn_type type, number_of number, bool nulls) {
    int64_t values[ROWS];
    for (int64_t i = 0; i < ROWS; i++)
        values[i] = number(i);
    qn_column *column = integers(type, values, ROWS);
    for (int64_t i = 0; i < ROWS && nulls; i += i < 3000 ? 3000 : 5) {
        if (i == 0)
            continue;
        memset((char *)column->values + i * qn_type_size(type), 0, (size_t)qn_type_size(type));
        QN_TEST_OK(qn_column_set_null(column, i));
    }
    return column;
}

static void test_single_columns(void) {
    static const number_of all[] = {small_number, growing_number, falling_number,
                                    wide_number,  extreme_number, sparse_number};
    for (size_t n = 0; n < sizeof all / sizeof *all; n++)
        for (int nulls = 0; nulls < 2; nulls++) {
            qn_column *column = numbers(QN_INT64, all[n], nulls == 1);
            check(&column, 1, ROWS, 700);
            check(&column, 1, ROWS, ROWS);
            qn_column_release(column);
        }
}

static void test_several_columns(void) {
    static const number_of all[] = {small_number, growing_number, wide_number, extreme_number};
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++) {
            qn_column *columns[] = {numbers(QN_INT32, all[a], a == 1),
                                    numbers(QN_INT64, all[b], b == 2)};
            check(columns, 2, ROWS, 1000);
            qn_column_release(columns[0]);
            qn_column_release(columns[1]);
        }
}

static void test_reals_and_truth(void) {
    static const double values[] = {0.0, -0.0, 1.5, HUGE_VAL, -1.5, 1e300};
    qn_column *columns[3];
    QN_TEST_OK(qn_column_new(&columns[0], QN_FLOAT64, ROWS, 0));
    QN_TEST_OK(qn_column_new(&columns[1], QN_FLOAT32, ROWS, 0));
    QN_TEST_OK(qn_column_new(&columns[2], QN_BOOL, ROWS, 0));
    for (int64_t i = 0; i < ROWS; i++) {
        double value = i % 11 == 3   ? copysign((double)NAN, i % 2 == 0 ? -1 : 1)
                       : i % 13 == 5 ? (double)i / 7
                                     : values[i % 6];
        columns[0]->f64[i] = value;
        columns[1]->f32[i] = (float)value;
        if (i % 5 < 2)
            qn_bit_set(columns[2]->bits, i);
        if (i % 17 == 1)
            QN_TEST_OK(qn_column_set_null(columns[2], i));
    }
    for (int64_t i = 0; i < ROWS; i++)
        if (qn_column_is_null(columns[2], i))
            qn_bit_reset(columns[2]->bits, i);
    for (int k = 0; k < 3; k++)
        check(&columns[k], 1, ROWS, 999);
    check(columns, 3, ROWS, 999);
    for (int k = 0; k < 3; k++)
        qn_column_release(columns[k]);
}

static qn_column *texts(bool encoded) {
    static const char *const words[] = {"red", NULL,   "green",
                                        "",    "blue", "a colour without a name"};
    const char *values[ROWS];
    for (int64_t i = 0; i < ROWS; i++)
        values[i] = words[(i * 31 + i / 100) % 6];
    if (!encoded)
        return strings(values, ROWS);
    int32_t codes[ROWS];
    const char *present[] = {"red", "unused", "green", "", "blue", "a colour without a name"};
    qn_column *dictionary = strings(present, 6);
    for (int64_t i = 0; i < ROWS; i++)
        codes[i] = values[i] == NULL ? 0 : (int32_t)((i * 31 + i / 100) % 6);
    qn_column *column = coded(dictionary, codes, ROWS);
    for (int64_t i = 0; i < ROWS; i++)
        if (values[i] == NULL)
            QN_TEST_OK(qn_column_set_null(column, i));
    qn_column_release(dictionary);
    return column;
}

static void test_strings_and_numbers(void) {
    qn_column *columns[] = {texts(false), texts(true), numbers(QN_DATE, small_number, true)};
    for (int k = 0; k < 2; k++)
        check(&columns[k], 1, ROWS, 512);
    check(columns, 3, ROWS, 512);
    check(columns, 3, ROWS, ROWS);
    for (int k = 0; k < 3; k++)
        qn_column_release(columns[k]);
}

static void test_more_columns_than_bits_of_a_word(void) {
    qn_column *columns[70];
    for (int k = 0; k < 70; k++)
        columns[k] = numbers(QN_INT32, k == 67 ? small_number : sparse_number, k == 66 || k == 3);
    check(columns, 70, ROWS, 2500);
    for (int k = 0; k < 70; k++)
        qn_column_release(columns[k]);
}

static void test_many_groups(void) {
    enum { MANY = 300000 };
    qn_type type = QN_INT64;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    qn_column *column = NULL;
    uint32_t *ids = NULL;
    QN_TEST_OK(qn_key_new(&key, &type, 1));
    QN_TEST_OK(qn_groups_new(&groups, key));
    QN_TEST_OK(qn_column_new(&column, QN_INT64, MANY, 0));
    QN_TEST_OK(qn_mem_alloc(&ids, MANY, sizeof *ids));
    for (int scale = 1; scale < 1000000; scale *= 30000) {
        int wrong = 0;
        for (int64_t i = 0; i < MANY; i++)
            column->i64[i] = (i * 7919 % MANY) * scale;
        const qn_key_rows *words = NULL;
        int64_t before = qn_groups_count(groups);
        QN_TEST_OK(qn_key_words(key, &column, MANY, true, &words));
        QN_TEST_OK(qn_groups_find(groups, words, true, ids));
        for (int64_t i = 0; i < MANY && scale == 1; i++)
            wrong += ids[i] != i;
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(qn_groups_count(groups) > before);
    }
    /* multiples of 30000 below 300000 were there already */
    CU_ASSERT_EQUAL(qn_groups_count(groups), 2 * MANY - 10);
    qn_column_release(column);
    qn_mem_free(ids);
    qn_groups_free(groups);
    qn_key_free(key);
}

/* Ranges that grow bit by bit: what fell into the slack of one layout must be found in the next. */
static void test_ranges_that_drift(void) {
    const qn_type types[] = {QN_INT64, QN_INT64};
    uint64_t state = 1;
    for (int trial = 0; trial < 200; trial++) {
        qn_key *key = NULL;
        qn_groups *groups = NULL;
        int64_t values[2][40];
        uint32_t ids[40];
        QN_TEST_OK(qn_key_new(&key, types, 2));
        QN_TEST_OK(qn_groups_new(&groups, key));
        for (int pass = 0; pass < 2; pass++) {
            uint64_t draw = state;
            for (int part = 0; part < 20; part++) {
                for (int i = 0; i < 40; i++)
                    for (int c = 0; c < 2; c++) {
                        draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407;
                        values[c][i] = (int64_t)(draw >> 33) % (3 + part * (trial % 7)) - part;
                    }
                qn_column *columns[] = {integers(QN_INT64, values[0], 40),
                                        integers(QN_INT64, values[1], 40)};
                const qn_key_rows *rows = NULL;
                QN_TEST_OK(qn_key_encode(key, columns, 40, pass == 0, &rows));
                QN_TEST_OK(qn_groups_find(groups, rows, pass == 0, ids));
                for (int i = 0; i < 40 && pass == 1; i++) {
                    qn_column *found = NULL;
                    CU_ASSERT(ids[i] != UINT32_MAX);
                    for (int32_t c = 0; c < 2 && ids[i] != UINT32_MAX; c++) {
                        QN_TEST_OK(qn_groups_column(groups, c, &ids[i], 1, &found));
                        CU_ASSERT_EQUAL(found->i64[0], values[c][i]);
                        qn_column_release(found);
                    }
                }
                qn_column_release(columns[0]);
                qn_column_release(columns[1]);
            }
            if (pass == 1)
                state = draw;
        }
        qn_groups_free(groups);
        qn_key_free(key);
    }
}

static void test_lists_are_keys(void) {
    static const char *const items[] = {"a", "b", "ab", NULL, "a", "b", NULL, "ab"};
    static const int32_t ends[] = {2, 3, 4, 4, 6, 7, 8, 8};
    qn_column *column = NULL, *back = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_STRING_LIST, 8, 0));
    column->items = strings(items, 8);
    memcpy(column->offsets + 1, ends, sizeof ends);
    QN_TEST_OK(qn_column_set_null(column, 7));
    qn_type type = QN_STRING_LIST;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    const qn_key_rows *words = NULL;
    uint32_t ids[8];
    uint64_t hashes[8];
    QN_TEST_OK(qn_key_new(&key, &type, 1));
    QN_TEST_OK(qn_groups_new(&groups, key));
    QN_TEST_OK(qn_key_encode(key, &column, 8, true, &words));
    QN_TEST_OK(qn_groups_find(groups, words, true, ids));
    static const uint32_t expected[] = {0, 1, 2, 3, 0, 2, 1, 4};
    CU_ASSERT_EQUAL(memcmp(ids, expected, sizeof ids), 0);
    QN_TEST_OK(qn_key_hash(key, &column, 8, hashes));
    CU_ASSERT_EQUAL(memcmp(hashes, words->hashes, sizeof hashes), 0);
    QN_TEST_OK(qn_groups_column(groups, 0, NULL, 5, &back));
    CU_ASSERT(back->offsets[1] == 2 && back->offsets[4] == 4 && qn_column_is_null(back, 4));
    CU_ASSERT(qn_column_is_null(back->items, 3));
    CU_ASSERT(qn_view_equal(qn_column_string(back->items, 2), qn_view_of("ab")));
    qn_column_release(back);
    qn_column_release(column);
    qn_groups_free(groups);
    qn_key_free(key);
}

static void test_no_columns_are_one_group(void) {
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    const qn_key_rows *words = NULL;
    uint32_t ids[10];
    QN_TEST_OK(qn_key_new(&key, NULL, 0));
    QN_TEST_OK(qn_groups_new(&groups, key));
    QN_TEST_OK(qn_key_words(key, NULL, 10, true, &words));
    QN_TEST_OK(qn_groups_find(groups, words, true, ids));
    CU_ASSERT(qn_groups_count(groups) == 1 && ids[9] == 0);
    qn_groups_free(groups);
    qn_key_free(key);
}

static void test_partitions_cover_the_ranks(void) {
    for (int ranks = 1; ranks < 9; ranks++) {
        int last = 0;
        for (int32_t p = 0; p < QN_KEY_PARTITIONS; p++) {
            int rank = qn_key_rank(p, ranks);
            CU_ASSERT(rank == last || rank == last + 1);
            last = rank;
        }
        CU_ASSERT_EQUAL(last, ranks - 1);
    }
    qn_type type = QN_VECTOR;
    qn_key *key = NULL;
    QN_TEST_FAILS(qn_key_new(&key, &type, 1), QN_JOB, "vector");
}

static qn_status group_all(qn_column *const *columns, int32_t count) {
    qn_type types[3];
    for (int32_t k = 0; k < count; k++)
        types[k] = columns[k]->type;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    qn_column *back = NULL;
    uint32_t ids[ROWS];
    qn_status status;
    const qn_key_rows *words = NULL;
    const uint64_t *hashes = NULL;
    QN_TRY_GOTO(qn_key_new(&key, types, count), done);
    QN_TRY_GOTO(qn_groups_new(&groups, key), done);
    QN_TRY_GOTO(qn_key_encode(key, columns, ROWS, true, &words), done);
    QN_TRY_GOTO(qn_groups_find(groups, words, true, ids), done);
    QN_TRY_GOTO(qn_groups_hashes(groups, &hashes), done);
    QN_TRY_GOTO(qn_groups_column(groups, 0, ids, 10, &back), done);
done:
    qn_column_release(back);
    qn_groups_free(groups);
    qn_key_free(key);
    return status;
}

static void test_failed_allocations(void) {
    qn_column *columns[] = {texts(false), numbers(QN_INT64, wide_number, true),
                            numbers(QN_INT64, growing_number, true)};
    qn_column *codes = texts(true);
    for (int variant = 0; variant < 3; variant++) {
        qn_column *const *first = variant == 0 ? &codes : columns + variant - 1;
        int32_t count = variant == 1 ? 3 : 1;
        qn_status status = QN_MEMORY;
        for (int64_t k = 0; status != QN_OK; k++) {
            qn_mem_fail_after(k);
            status = group_all(first, count);
            qn_mem_fail_after(-1);
            CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        }
    }
    for (int k = 0; k < 3; k++)
        qn_column_release(columns[k]);
    qn_column_release(codes);
}

static const qn_test_case cases[] = {
    {"strings are numbered as they come", test_strings_are_numbered_as_they_come},
    {"many strings are told apart", test_many_strings_are_told_apart},
    {"single columns", test_single_columns},
    {"several columns", test_several_columns},
    {"reals and truth", test_reals_and_truth},
    {"strings and numbers", test_strings_and_numbers},
    {"more columns than bits of a word", test_more_columns_than_bits_of_a_word},
    {"many groups", test_many_groups},
    {"ranges that drift", test_ranges_that_drift},
    {"lists are keys", test_lists_are_keys},
    {"no columns are one group", test_no_columns_are_one_group},
    {"partitions cover the ranks", test_partitions_cover_the_ranks},
    {"failed allocations", test_failed_allocations},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("groups", cases);
}

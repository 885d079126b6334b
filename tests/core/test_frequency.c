/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/stats/frequency.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "", "k0".."k4", a null every seventh row. */
static void make_strings(qn_column **out, int64_t first, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = first; i < first + count; i++) {
        char text[32] = "";
        if (i % 6 != 5)
            snprintf(text, sizeof text, "k%d", (int)(i % 6));
        if (i % 7 == 6)
            QN_TEST_OK(qn_string_builder_add_null(&builder));
        else
            QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, out));
}

/* The same values as codes of a dictionary with an entry that is not used. */
static void encode(const qn_column *plain, const qn_column *dictionary, qn_column **out) {
    QN_TEST_OK(qn_column_new(out, QN_STRING, plain->length, 0));
    qn_mem_free((*out)->codes);
    (*out)->codes = NULL;
    QN_TEST_OK(qn_mem_calloc(&(*out)->codes, (size_t)plain->length + 16, sizeof(int32_t)));
    (*out)->dictionary = qn_column_retain(dictionary);
    for (int64_t i = 0; i < plain->length; i++) {
        if (qn_column_is_null(plain, i)) {
            QN_TEST_OK(qn_column_set_null(*out, i));
            continue;
        }
        while (!qn_view_equal(qn_column_string(dictionary, (*out)->codes[i]),
                              qn_column_string(plain, i)))
            (*out)->codes[i]++;
    }
}

static void make_dictionary(qn_column **out) {
    static const char *const words[] = {"k4", "unused", "k3", "", "k0", "k1", "k2"};
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int i = 0; i < 7; i++)
        QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(words[i])));
    QN_TEST_OK(qn_string_builder_finish(&builder, out));
}

static void check_counts(const qn_frequency *frequency, int64_t rows) {
    int64_t expected[6] = {0}, nulls = 0;
    for (int64_t i = 0; i < rows; i++)
        (*(i % 7 == 6 ? &nulls : &expected[(i + 1) % 6]))++; /* sorted: "" is first */
    CU_ASSERT(frequency->count == 6 && frequency->nulls == nulls);
    CU_ASSERT(frequency->total == rows - nulls);
    for (int64_t i = 0; i < 6 && i < frequency->count; i++) {
        char text[32] = "";
        if (i > 0)
            snprintf(text, sizeof text, "k%d", (int)i - 1);
        CU_ASSERT(qn_view_equal(qn_frequency_text(frequency, i), qn_view_of(text)));
        CU_ASSERT(frequency->counts[i] == expected[i]);
        CU_ASSERT(qn_frequency_find_text(frequency, qn_view_of(text)) == i);
    }
    CU_ASSERT(qn_frequency_find_text(frequency, qn_view_of("unused")) == -1);
}

static void test_strings(void) {
    for (int encoded = 0; encoded < 2; encoded++) {
        qn_column *plain = NULL, *dictionary = NULL, *codes = NULL;
        qn_frequency frequency;
        make_strings(&plain, 0, 1000);
        make_dictionary(&dictionary);
        encode(plain, dictionary, &codes);
        QN_TEST_OK(qn_frequency_init(&frequency, QN_STRING));
        QN_TEST_OK(qn_frequency_add(&frequency, encoded ? codes : plain));
        QN_TEST_OK(qn_frequency_sort(&frequency));
        check_counts(&frequency, 1000);
        qn_frequency_clear(&frequency);
        qn_column_release(plain);
        qn_column_release(dictionary);
        qn_column_release(codes);
    }
}

static void test_orders(void) {
    static const double values[] = {3, 1, 2, 2, (double)NAN, -0.0, 0, 3, 3};
    static const double by_count[] = {3, 0, 2, 1}, rising[] = {1, (double)NAN, 0, 2, 3};
    qn_frequency frequency;
    int64_t *entries = NULL;
    QN_TEST_OK(qn_frequency_init(&frequency, QN_FLOAT64));
    for (int i = 0; i < 9; i++)
        QN_TEST_OK(qn_frequency_add_number(&frequency, values[i], 1));
    CU_ASSERT(frequency.count == 5);
    QN_TEST_OK(qn_frequency_rank(&frequency, QN_FREQUENCY_COUNT_DESC, &entries));
    for (int i = 0; i < 4; i++)
        CU_ASSERT(frequency.numbers[entries[i]] == by_count[i]);
    CU_ASSERT(isnan(frequency.numbers[entries[4]]));
    qn_mem_free(entries);
    QN_TEST_OK(qn_frequency_rank(&frequency, QN_FREQUENCY_COUNT_ASC, &entries));
    for (int i = 0; i < 5; i++)
        CU_ASSERT(i == 1 ? isnan(frequency.numbers[entries[1]])
                         : frequency.numbers[entries[i]] == rising[i]);
    qn_mem_free(entries);
    QN_TEST_OK(qn_frequency_rank(&frequency, QN_FREQUENCY_KEY_DESC, &entries));
    CU_ASSERT(isnan(frequency.numbers[entries[0]]) && frequency.numbers[entries[1]] == 3);
    CU_ASSERT(qn_frequency_find_number(&frequency, (double)NAN) >= 0);
    qn_mem_free(entries);
    qn_frequency_clear(&frequency);
}

static void test_many(void) {
    qn_frequency frequency, other;
    QN_TEST_OK(qn_frequency_init(&frequency, QN_INT64));
    QN_TEST_OK(qn_frequency_init(&other, QN_INT64));
    for (int i = 0; i < 100000; i++)
        QN_TEST_OK(qn_frequency_add_number(i % 3 ? &frequency : &other, i % 7919, 2));
    QN_TEST_OK(qn_frequency_merge(&frequency, &other));
    QN_TEST_OK(qn_frequency_sort(&frequency));
    CU_ASSERT(frequency.count == 7919 && frequency.total == 200000);
    for (int64_t i = 0; i < frequency.count; i++)
        CU_ASSERT(frequency.numbers[i] == (double)i &&
                  frequency.counts[i] == 2 * ((100000 - i + 7918) / 7919));
    qn_frequency_clear(&frequency);
    qn_frequency_clear(&other);
}

static void test_ranks(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t first = 1000 * rank / size, last = 1000 * (rank + 1) / size;
    qn_column *column = NULL;
    qn_frequency frequency;
    make_strings(&column, first, last - first);
    QN_TEST_OK(qn_frequency_init(&frequency, QN_STRING));
    QN_TEST_OK(qn_frequency_add(&frequency, column));
    QN_TEST_OK(qn_reduce_frequency(comm, &frequency));
    check_counts(&frequency, 1000);
    qn_frequency_clear(&frequency);
    qn_column_release(column);
}

static const qn_test_case cases[] = {
    {"plain and encoded strings are counted alike", test_strings},
    {"entries can be ranked by key and by count", test_orders},
    {"many numbers, in two merged parts", test_many},
    {"ranks reduce to the same counts", test_ranks},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("frequency", cases);
}

/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/stats/hash.h"
#include "core/stats/profile.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_distinct(int64_t values) {
    qn_distinct distinct, other;
    QN_TEST_OK(qn_distinct_init(&distinct));
    QN_TEST_OK(qn_distinct_init(&other));
    for (int64_t i = 0; i < values; i++) {
        uint64_t hash = qn_hash_real((double)i);
        QN_TEST_OK(qn_distinct_add_hash(i % 3 ? &distinct : &other, hash));
        QN_TEST_OK(qn_distinct_add_hash(&distinct, hash));
    }
    QN_TEST_OK(qn_distinct_merge(&other, &distinct));
    double error = fabs((double)qn_distinct_result(&other) - (double)values);
    CU_ASSERT(qn_distinct_is_exact(&other) == (values <= QN_DISTINCT_EXACT));
    CU_ASSERT(error <= (values <= QN_DISTINCT_EXACT ? 0 : 0.025 * (double)values));
    CU_ASSERT(qn_distinct_result(&other) == qn_distinct_result(&distinct));
    QN_TEST_OK(qn_distinct_estimate(&other)); /* few values, estimated all the same */
    error = fabs((double)qn_distinct_result(&other) - (double)values);
    CU_ASSERT(error <= 0.025 * (double)values);
    qn_distinct_clear(&distinct);
    qn_distinct_clear(&other);
}

static void test_distinct(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return; /* serial work, once is enough */
    check_distinct(0);
    check_distinct(1000);
    check_distinct(QN_DISTINCT_EXACT);
    check_distinct(QN_DISTINCT_EXACT + 1);
    check_distinct(100000);
    check_distinct(1000000);
}

static void test_distinct_ranks(void) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    for (int64_t values = 500; values <= 50000; values *= 10) {
        qn_distinct alone, shared;
        QN_TEST_OK(qn_distinct_init(&alone));
        QN_TEST_OK(qn_distinct_init(&shared));
        for (int64_t i = 0; i < values; i++) {
            uint64_t hash = qn_hash_real((double)i);
            QN_TEST_OK(qn_distinct_add_hash(&alone, hash));
            if (i % size == rank || i % 10 == 0)
                QN_TEST_OK(qn_distinct_add_hash(&shared, hash));
        }
        QN_TEST_OK(qn_reduce_distinct(comm, &shared));
        CU_ASSERT(qn_distinct_result(&shared) == qn_distinct_result(&alone));
        CU_ASSERT(qn_distinct_is_exact(&shared) == qn_distinct_is_exact(&alone));
        qn_distinct_clear(&alone);
        qn_distinct_clear(&shared);
    }
}

/* Columns: price (1, 2, ..., with every tenth NaN and every 25th null), name, flag, point. */
static void make_batch(qn_batch *batch, int64_t number, int64_t rows) {
    qn_column *price = NULL, *name = NULL, *flag = NULL, *point = NULL;
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_batch_init(batch);
    QN_TEST_OK(qn_column_new(&price, QN_FLOAT64, rows, 0));
    QN_TEST_OK(qn_column_new(&flag, QN_BOOL, rows, 0));
    QN_TEST_OK(qn_column_new(&point, QN_VECTOR, rows, 2));
    for (int64_t i = 0; i < rows; i++) {
        int64_t row = number * rows + i;
        char text[32];
        snprintf(text, sizeof text, "n%03d", (int)(row % 150));
        price->f64[i] = row % 10 == 9 ? (double)NAN : (double)(row + 1);
        if (row % 25 == 24) {
            price->f64[i] = 0;
            QN_TEST_OK(qn_column_set_null(price, i));
        }
        if (row % 4 == 0)
            qn_bit_set(flag->bits, i);
        QN_TEST_OK(row % 5 == 0 ? qn_string_builder_add_null(&builder)
                                : qn_string_builder_add(&builder, qn_view_of(text)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &name));
    batch->length = rows;
    batch->first_row = number * QN_BATCH_ROWS;
    QN_TEST_OK(qn_batch_append(batch, price));
    QN_TEST_OK(qn_batch_append(batch, name));
    QN_TEST_OK(qn_batch_append(batch, flag));
    QN_TEST_OK(qn_batch_append(batch, point));
}

static void make_schema(qn_schema *schema) {
    qn_field point = {.name = (char *)"point", .type = QN_VECTOR, .width = 2};
    qn_schema_init(schema);
    QN_TEST_OK(qn_schema_add(schema, "price", QN_FLOAT64));
    QN_TEST_OK(qn_schema_add(schema, "name", QN_STRING));
    QN_TEST_OK(qn_schema_add(schema, "flag", QN_BOOL));
    QN_TEST_OK(qn_schema_add_field(schema, &point));
}

static void check_price(const qn_column_profile *price) {
    /* rows 0..999: 40 null, of the rest 80 NaN (row % 10 = 9 and row % 25 = 24 meet 20 times) */
    double sum = 0, squares = 0;
    int64_t count = 0;
    for (int row = 0; row < 1000; row++) {
        if (row % 10 == 9 || row % 25 == 24)
            continue;
        sum += row + 1;
        count++;
    }
    double mean = sum / (double)count;
    for (int row = 0; row < 1000; row++)
        if (row % 10 != 9 && row % 25 != 24)
            squares += (row + 1 - mean) * (row + 1 - mean);
    CU_ASSERT(price->count == 960 && price->nulls == 40 && price->moments.nans[0] == 80);
    CU_ASSERT(fabs(qn_profile_mean(price) - mean) < 1e-10);
    CU_ASSERT(fabs(qn_profile_deviation(price) - sqrt(squares / (double)(count - 1))) < 1e-9);
    CU_ASSERT(qn_profile_quantile(price, 0) == 1 && qn_profile_quantile(price, 1) == 999);
    CU_ASSERT(fabs(qn_profile_quantile(price, 0.5) - 500) < 5);
    CU_ASSERT(qn_distinct_result(&price->distinct) == count + 1); /* NaN is one value */
}

static void test_profile(void) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_schema schema;
    qn_profile profile;
    make_schema(&schema);
    QN_TEST_OK(qn_profile_init(&profile, &schema));
    for (int64_t number = 0; number < 5; number++) {
        qn_batch batch;
        if (number * size / 5 != rank)
            continue;
        make_batch(&batch, number, 200);
        QN_TEST_OK(qn_profile_add(&profile, &batch));
        qn_batch_clear(&batch);
    }
    QN_TEST_OK(qn_reduce_profile(comm, &profile));
    CU_ASSERT(profile.rows == 1000 && profile.count == 4);
    check_price(&profile.columns[0]);
    const qn_column_profile *name = &profile.columns[1], *flag = &profile.columns[2];
    CU_ASSERT(name->count == 800 && name->nulls == 200 && !qn_profile_has_mean(name));
    CU_ASSERT(qn_distinct_result(&name->distinct) == 120);
    CU_ASSERT(name->extremes && strcmp(name->min.data, "n001") == 0);
    CU_ASSERT(strcmp(name->max.data, "n149") == 0 && isnan(qn_profile_quantile(name, 0.5)));
    CU_ASSERT(qn_profile_mean(flag) == 0.25 && qn_distinct_result(&flag->distinct) == 2);
    CU_ASSERT(profile.columns[3].count == 1000 && !profile.columns[3].counted);
    qn_profile_clear(&profile);
    qn_schema_clear(&schema);
}

/* Integers that no double holds, on every rank; the extremes are the limits of the type. */
static void test_long_integers(void) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm), start = INT64_C(1) << 60;
    qn_schema schema;
    qn_profile profile;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "when", QN_TIMESTAMP));
    QN_TEST_OK(qn_schema_add(&schema, "id", QN_INT64));
    QN_TEST_OK(qn_profile_init(&profile, &schema));
    for (int64_t number = 0; number < 10; number++) {
        qn_column *when = NULL, *id = NULL;
        qn_batch batch;
        if (number * size / 10 != rank)
            continue;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_column_new(&when, QN_TIMESTAMP, 10, 0));
        QN_TEST_OK(qn_column_new(&id, QN_INT64, 10, 0));
        for (int64_t i = 0; i < 10; i++) {
            when->i64[i] = start + 10 * number + i;
            id->i64[i] = i == 9 ? INT64_MAX : i == 8 ? INT64_MIN : 5 - when->i64[i];
        }
        when->i64[3] = 0;
        QN_TEST_OK(qn_column_set_null(when, 3));
        batch.length = 10;
        batch.first_row = number * QN_BATCH_ROWS;
        QN_TEST_OK(qn_batch_append(&batch, when));
        QN_TEST_OK(qn_batch_append(&batch, id));
        QN_TEST_OK(qn_profile_add(&profile, &batch));
        qn_batch_clear(&batch);
    }
    QN_TEST_OK(qn_reduce_profile(comm, &profile));
    const qn_column_profile *when = &profile.columns[0], *id = &profile.columns[1];
    CU_ASSERT(when->count == 90 && when->nulls == 10);
    CU_ASSERT(qn_profile_quantile_int(when, 0) == start);
    CU_ASSERT(qn_profile_quantile_int(when, 0.5) == start + 49); /* the 45th of 90 */
    CU_ASSERT(qn_profile_quantile_int(when, 1) == start + 99);
    CU_ASSERT(qn_profile_quantile_int(id, 0) == INT64_MIN);
    CU_ASSERT(qn_profile_quantile_int(id, 0.01) == INT64_MIN);
    CU_ASSERT(qn_profile_quantile_int(id, 0.11) == 5 - start - 97); /* the 11th of 100 */
    CU_ASSERT(qn_profile_quantile_int(id, 0.95) == INT64_MAX);
    CU_ASSERT(qn_profile_quantile_int(id, 1) == INT64_MAX);
    CU_ASSERT(qn_distinct_result(&id->distinct) == 82);
    qn_profile_clear(&profile);
    qn_schema_clear(&schema);
}

static void test_memory(void) {
    qn_schema schema;
    qn_batch batch;
    make_schema(&schema);
    make_batch(&batch, 0, 100);
    for (int64_t fail = 0; fail < 40; fail++) {
        qn_profile profile;
        qn_mem_fail_after(fail);
        qn_status status = qn_profile_init(&profile, &schema);
        if (status == QN_OK) {
            status = qn_profile_add(&profile, &batch);
            qn_profile_clear(&profile);
        }
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
    }
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

static const qn_test_case cases[] = {
    {"distinct values are exact while few, then within 2.5 %", test_distinct},
    {"ranks count distinct values like one process", test_distinct_ranks},
    {"a table's profile over ranks", test_profile},
    {"long integers and times are not rounded", test_long_integers},
    {"a failed allocation is reported", test_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("profile", cases);
}

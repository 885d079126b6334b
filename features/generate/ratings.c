/* ratings: who rated what, how, when. The true rating is a low-rank product of user and item
 * factors plus a bias of each; popular users and items appear far more often. */
#include "features/generate/kinds.h"

#include "core/memory.h"

#include <math.h>

static const qn_option options[] = {
    QN_GENERATE_ROWS,
    QN_GENERATE_SEED,
    {"users", QN_OPTION_INT, "10000", "[1,2147483647]", "number of users"},
    {"items", QN_OPTION_INT, "1000", "[1,2147483647]", "number of items"},
    {"rank", QN_OPTION_INT, "8", "[1,64]", "length of the factors behind the ratings"},
    {"noise", QN_OPTION_REAL, "0.5", "[0,inf)", "standard deviation of the noise, in stars"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL}};

enum { WHO_AND_WHAT, NOISE, TIME }; /* draws of a row */
enum { FACTOR_BITS = 16, FACTORS_A_DRAW = 128 / FACTOR_BITS };
enum { BIAS = 1000 }; /* the draw of an entity's bias */

typedef struct ratings {
    int64_t users, items;
    int rank;
    double noise, scale;
    qn_random row, user, item;
} ratings;

static qn_status start(const qn_options *set, qn_schema *schema, void **state) {
    ratings *self = NULL;
    uint64_t seed = (uint64_t)qn_options_int(set, "seed");
    QN_TRY(qn_schema_add(schema, "user", QN_INT32));
    QN_TRY(qn_schema_add(schema, "item", QN_INT32));
    QN_TRY(qn_schema_add(schema, "rating", QN_FLOAT32));
    QN_TRY(qn_schema_add(schema, "timestamp", QN_TIMESTAMP));
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    self->users = qn_options_int(set, "users");
    self->items = qn_options_int(set, "items");
    self->rank = (int)qn_options_int(set, "rank");
    self->noise = qn_options_real(set, "noise");
    self->scale = 1 / sqrt(self->rank);
    self->row = qn_random_new(seed, "ratings.row");
    self->user = qn_random_new(seed, "ratings.user");
    self->item = qn_random_new(seed, "ratings.item");
    *state = self;
    return QN_OK;
}

/* Even numbers of mean 0 and variance 1, out of 16 bits. */
static inline double factor_of(const uint64_t bits[2], int k) {
    const double scale = 3.4641016151377544 / 65536; /* sqrt(12) over the range */
    return ((double)(int32_t)(bits[k / 4] >> (FACTOR_BITS * (k % 4)) & 0xffff) - 32767.5) * scale;
}

/* The product of two factors, of variance 1. */
static double affinity(const ratings *self, uint64_t user, uint64_t item) {
    double sum = 0;
    for (int k = 0; k < self->rank; k += FACTORS_A_DRAW) {
        uint64_t a[2], b[2];
        qn_random_bits_2(a, self->user, user, (uint32_t)k);
        qn_random_bits_2(b, self->item, item, (uint32_t)k);
        int left = self->rank - k < FACTORS_A_DRAW ? self->rank - k : FACTORS_A_DRAW;
        for (int j = 0; j < left; j++)
            sum += factor_of(a, j) * factor_of(b, j);
    }
    return sum * self->scale;
}

static double bias_of(qn_random random, uint64_t entity) {
    uint64_t bits[2] = {qn_random_bits(random, entity, BIAS), 0};
    return 0.4 * factor_of(bits, 0);
}

static double rating_of(const ratings *self, uint64_t row, uint64_t user, uint64_t item) {
    double stars = 3.4 + bias_of(self->user, user) + bias_of(self->item, item) +
                   0.8 * affinity(self, user, item);
    if (self->noise > 0)
        stars += self->noise * qn_random_normal(self->row, row, NOISE);
    stars = floor(stars * 2 + 0.5) / 2; /* half stars */
    return stars < 0.5 ? 0.5 : stars > 5 ? 5 : stars;
}

/* Seconds of 2022 to 2024, evenly. */
static int64_t time_of(const ratings *self, uint64_t row) {
    const int64_t start = INT64_C(1640995200), span = INT64_C(1096) * 86400;
    return (start + qn_random_below(self->row, row, TIME, span)) * INT64_C(1000000000);
}

static void fill_rows(const ratings *self, const qn_batch *batch, qn_column *const columns[4]) {
    for (int64_t i = 0; i < batch->length; i++) {
        uint64_t row = (uint64_t)(batch->first_row + i);
        uint64_t bits[2];
        qn_random_bits_2(bits, self->row, row, WHO_AND_WHAT);
        int64_t user = qn_skewed(qn_uniform_of(bits[0]), 2, self->users);
        int64_t item = qn_skewed(qn_uniform_of(bits[1]), 3, self->items);
        columns[0]->i32[i] = (int32_t)(user + 1);
        columns[1]->i32[i] = (int32_t)(item + 1);
        columns[2]->f32[i] = (float)rating_of(self, row, (uint64_t)user, (uint64_t)item);
        columns[3]->i64[i] = time_of(self, row);
    }
}

static qn_status fill(const void *state, qn_batch *batch) {
    static const qn_type types[4] = {QN_INT32, QN_INT32, QN_FLOAT32, QN_TIMESTAMP};
    for (int k = 0; k < 4; k++) {
        qn_column *column = NULL;
        QN_TRY(qn_column_new(&column, types[k], batch->length, 0));
        QN_TRY(qn_batch_append(batch, column));
    }
    fill_rows(state, batch, batch->columns);
    return QN_OK;
}

const qn_generator qn_generator_ratings = {
    "ratings", "ratings of items by users: low rank plus noise, skewed popularity",
    options,   start,
    fill,      qn_mem_free};

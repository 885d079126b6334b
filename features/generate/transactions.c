/* transactions: a shop's log, as churn tutorials use it. Users differ in how often and how much
 * they buy, have a favourite category and device, and some leave for good. Amounts, categories
 * and devices are sometimes missing. A few rows are bad: a negative or absurd amount, or a date
 * in 2099. With `malformed`, amount is text and some of it no number: what a CSV file of such a
 * log may hold. */
#include "features/generate/kinds.h"

#include "core/memory.h"
#include "core/time/date.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const qn_option options[] = {
    QN_GENERATE_ROWS,
    QN_GENERATE_SEED,
    {"users", QN_OPTION_INT, "1000", "[1,2147483647]", "number of users"},
    {"start", QN_OPTION_TEXT, "2023-01-01", NULL, "first day of the log, yyyy-MM-dd"},
    {"days", QN_OPTION_INT, "730", "[1,100000]", "days the log covers"},
    {"churn", QN_OPTION_REAL, "0.3", "[0,1]", "share of users who leave before the end"},
    {"missing", QN_OPTION_REAL, "0.02", "[0,1]",
     "share of missing values in amount, category and device_type, each"},
    {"bad_rows", QN_OPTION_REAL, "0.001", "[0,1]",
     "share of rows with an amount or a date that cannot be right"},
    {"malformed", QN_OPTION_REAL, "0", "[0,1]",
     "share of amounts that are no numbers; above 0 the column amount is text"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL}};

static const char *const categories[] = {"groceries", "clothing", "electronics",   "restaurants",
                                         "health",    "home",     "entertainment", "sports",
                                         "books",     "beauty",   "travel",        "toys"};
static const double prices[] = {0.8, 1.2, 4, 0.9, 0.7, 2, 0.6, 1.5, 0.5, 0.8, 8, 0.9};
static const char *const devices[] = {"mobile", "desktop", "tablet"};

enum { CATEGORIES = sizeof categories / sizeof categories[0], DEVICES = 3 };

/* Draws of a row and of a user; each gives two numbers. */
enum { USER_AND_DATE, CHOICES, AMOUNT, LOST, LOST_DEVICE, BAD_AND_WRONG };
enum { LEVEL, STAY, HABITS, LEAVES };

typedef struct transactions {
    int64_t users, days;
    int32_t start;
    double churn, missing, bad_rows, malformed;
    qn_random row, user;
    qn_column *categories, *devices; /* dictionaries */
} transactions;

/* What a row is about, before anything is lost. */
typedef struct purchase {
    uint64_t row, user;
    int32_t date, category, device;
    double amount;
} purchase;

static void finish(void *state) {
    transactions *self = state;
    qn_column_release(self->categories);
    qn_column_release(self->devices);
    qn_mem_free(self);
}

static qn_status make_dictionary(qn_column **out, const char *const *words, int count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int i = 0; i < count; i++)
        QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of(words[i])), done);
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status add_fields(qn_schema *schema, bool malformed) {
    QN_TRY(qn_schema_add(schema, "user_id", QN_INT64));
    QN_TRY(qn_schema_add(schema, "transaction_date", QN_DATE));
    QN_TRY(qn_schema_add(schema, "amount", malformed ? QN_STRING : QN_FLOAT64));
    QN_TRY(qn_schema_add(schema, "category", QN_STRING));
    return qn_schema_add(schema, "device_type", QN_STRING);
}

static qn_status read_options(transactions *self, const qn_options *set) {
    uint64_t seed = (uint64_t)qn_options_int(set, "seed");
    const char *first = qn_options_text(set, "start");
    if (!qn_parse_date(qn_view_of(first), &self->start))
        return qn_fail(QN_JOB, "option start: '%s' is not a date (yyyy-MM-dd)", first);
    self->users = qn_options_int(set, "users");
    self->days = qn_options_int(set, "days");
    self->churn = qn_options_real(set, "churn");
    self->missing = qn_options_real(set, "missing");
    self->bad_rows = qn_options_real(set, "bad_rows");
    self->malformed = qn_options_real(set, "malformed");
    self->row = qn_random_new(seed, "transactions.row");
    self->user = qn_random_new(seed, "transactions.user");
    return QN_OK;
}

static qn_status start(const qn_options *set, qn_schema *schema, void **state) {
    transactions *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    qn_status status;
    QN_TRY_GOTO(read_options(self, set), done);
    QN_TRY_GOTO(add_fields(schema, self->malformed > 0), done);
    QN_TRY_GOTO(make_dictionary(&self->categories, categories, CATEGORIES), done);
    QN_TRY_GOTO(make_dictionary(&self->devices, devices, DEVICES), done);
    *state = self;
    return QN_OK;
done:
    finish(self);
    return status;
}

/* ---- One row --------------------------------------------------------------------------------- */

/* By Zipf's law: the k-th has a share proportional to 1 / k. */
static int32_t zipf_category(double uniform) {
    const double total = 3.1032106782106783; /* 1 + 1/2 + ... + 1/12 */
    double left = uniform * total;
    int32_t category = 0;
    while (category < CATEGORIES - 1 && (left -= 1.0 / (category + 1)) >= 0)
        category++;
    return category;
}

static int32_t pick_device(double uniform) {
    return uniform < 0.6 ? 0 : uniform < 0.9 ? 1 : 2;
}

/* Two numbers of [0, 1). */
typedef struct uniforms {
    double a, b;
} uniforms;

static inline uniforms draw(qn_random random, uint64_t row, uint32_t number) {
    uint64_t bits[2];
    qn_random_bits_2(bits, random, row, number);
    return (uniforms){qn_uniform_of(bits[0]), qn_uniform_of(bits[1])};
}

/* A user is there from some day of the first half on, to the end or until leaving. */
static int32_t date_of(const transactions *self, uint64_t user, double share) {
    uniforms stay = draw(self->user, user, STAY);
    double joined = 0.5 * stay.a, end = 1;
    if (qn_random_uniform(self->user, user, LEAVES) < self->churn)
        end = joined + (1 - joined) * (0.1 + 0.6 * stay.b);
    return self->start + (int32_t)((joined + (end - joined) * share) * (double)self->days);
}

/* Three choices in four follow the user's habit. */
static double habit(double uniform, double own) {
    return uniform < 0.75 ? own : (uniform - 0.75) * 4;
}

static double cents(double amount) {
    return floor(amount * 100 + 0.5) / 100;
}

static purchase purchase_of(const transactions *self, uint64_t row) {
    uniforms who = draw(self->row, row, USER_AND_DATE), choices = draw(self->row, row, CHOICES);
    purchase it = {.row = row};
    it.user = (uint64_t)qn_skewed(who.a, 2, self->users);
    it.date = date_of(self, it.user, who.b);
    uniforms own = draw(self->user, it.user, HABITS);
    it.category = zipf_category(habit(choices.a, own.a));
    it.device = pick_device(habit(choices.b, own.b));
    double level = 3 + 0.5 * qn_random_normal(self->user, it.user, LEVEL) +
                   0.6 * qn_random_normal(self->row, row, AMOUNT);
    it.amount = cents(exp(level) * prices[it.category] + 0.01);
    return it;
}

static void spoil(const transactions *self, purchase *it) {
    double uniform = draw(self->row, it->row, BAD_AND_WRONG).a;
    if (uniform >= self->bad_rows)
        return;
    switch ((int)(uniform / self->bad_rows * 3)) {
    case 0:
        it->amount = -it->amount;
        break;
    case 1:
        it->amount *= 1e6;
        break;
    default:
        it->date = qn_days_from_civil(2099, 12, 31);
        break;
    }
}

/* ---- Columns --------------------------------------------------------------------------------- */

static qn_status lose(qn_column *column, int64_t row) {
    QN_TRY(qn_column_set_null(column, row));
    if (column->type == QN_STRING)
        column->codes[row] = 0;
    else
        column->f64[row] = 0;
    return QN_OK;
}

static qn_status lose_values(const transactions *self, const qn_batch *batch) {
    for (int64_t i = 0; i < batch->length && self->missing > 0; i++) {
        uint64_t row = (uint64_t)(batch->first_row + i);
        uniforms two = draw(self->row, row, LOST);
        if (two.a < self->missing)
            QN_TRY(lose(batch->columns[2], i));
        if (two.b < self->missing)
            QN_TRY(lose(batch->columns[3], i));
        if (qn_random_uniform(self->row, row, LOST_DEVICE) < self->missing)
            QN_TRY(lose(batch->columns[4], i));
    }
    return QN_OK;
}

static qn_status add_coded(qn_batch *batch, const qn_column *dictionary) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_STRING, 0, 0));
    qn_mem_free(column->offsets);
    column->offsets = NULL;
    qn_status status =
        qn_mem_calloc(&column->codes, (size_t)batch->length + 16, sizeof *column->codes);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    column->length = batch->length;
    column->dictionary = qn_column_retain(dictionary);
    return qn_batch_append(batch, column);
}

static qn_status add_fixed(qn_batch *batch, qn_type type) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, type, batch->length, 0));
    return qn_batch_append(batch, column);
}

/* Amounts as text, some of them nonsense. */
static qn_status print_amounts(const transactions *self, int64_t first, const qn_column *amounts,
                               qn_column **out) {
    static const char *const nonsense[] = {"12,x", "n.v.", "1.2.3", "EUR 17"};
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < amounts->length; i++) {
        char text[64];
        double uniform = draw(self->row, (uint64_t)(first + i), BAD_AND_WRONG).b;
        qn_view view = {text, snprintf(text, sizeof text, "%.2f", amounts->f64[i])};
        if (uniform < self->malformed)
            view = qn_view_of(nonsense[(int)(uniform / self->malformed * 4)]);
        QN_TRY_GOTO(qn_column_is_null(amounts, i) ? qn_string_builder_add_null(&builder)
                                                  : qn_string_builder_add(&builder, view),
                    done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static void fill_rows(const transactions *self, const qn_batch *batch) {
    qn_column **columns = batch->columns;
    for (int64_t i = 0; i < batch->length; i++) {
        purchase it = purchase_of(self, (uint64_t)(batch->first_row + i));
        spoil(self, &it);
        columns[0]->i64[i] = (int64_t)it.user + 1;
        columns[1]->i32[i] = it.date;
        columns[2]->f64[i] = it.amount;
        columns[3]->codes[i] = it.category;
        columns[4]->codes[i] = it.device;
    }
}

static qn_status fill(const void *state, qn_batch *batch) {
    const transactions *self = state;
    QN_TRY(add_fixed(batch, QN_INT64));
    QN_TRY(add_fixed(batch, QN_DATE));
    QN_TRY(add_fixed(batch, QN_FLOAT64));
    QN_TRY(add_coded(batch, self->categories));
    QN_TRY(add_coded(batch, self->devices));
    fill_rows(self, batch);
    QN_TRY(lose_values(self, batch));
    if (self->malformed == 0)
        return QN_OK;
    qn_column *printed = NULL;
    QN_TRY(print_amounts(self, batch->first_row, batch->columns[2], &printed));
    qn_column_release(batch->columns[2]);
    batch->columns[2] = printed;
    return QN_OK;
}

const qn_generator qn_generator_transactions = {
    "transactions",
    "a shop's log with users who leave, skewed choices, missing values and a few bad rows",
    options,
    start,
    fill,
    finish};

/* time_since: how long before or after a reference each date or timestamp is.
 *
 * The reference is a fixed time, the earliest or latest one of the column itself as seen in fit, or
 * another column. Two dates are whole days apart, whatever clocks do in between; otherwise a date
 * is the time at which it starts in the time zone. */
#include "core/expr/session.h"
#include "core/memory.h"
#include "core/time/clock.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/stages.h"

#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"reference", QN_OPTION_TEXT, NULL, NULL,
     "a date or time (2024-01-31, 2024-01-31 12:00), or min or max: the column's own, as fitted"},
    {"reference_col", QN_OPTION_TEXT, NULL, NULL,
     "a date or timestamp column to refer to, instead of reference"},
    {"measure", QN_OPTION_CHOICE, "since", "since|until",
     "since: positive behind the reference; until: positive before it"},
    {"unit", QN_OPTION_CHOICE, "days", "weeks|days|hours|minutes|seconds",
     "what the numbers count"},
    {"time_zone", QN_OPTION_TEXT, "UTC", NULL,
     "where days start, and of a reference without an offset"},
    {NULL, 0, NULL, NULL, NULL}};

enum { SECONDS_A_DAY = 86400 };

/* A moment that all rows refer to: in days for dates, else in nanoseconds. */
typedef struct moment {
    bool known, date;
    int64_t value;
} moment;

typedef struct time_since {
    qn_stage base;
    qn_zone *zone; /* from the last bind; NULL: UTC */
    int64_t fixed_days, fixed_time;
    bool fixed_is_date;
    int64_t counting;
    moment *extremes; /* while fitting */
    int64_t count;    /* once fitted: */
    int64_t *references, *is_date;
} time_since;

/* ---- Options -------------------------------------------------------------------------------- */

static bool has(const qn_stage *stage, const char *option) {
    return qn_options_is_set(stage->options, option);
}

/* min or max of the column. */
static bool is_fitted_reference(const qn_stage *stage) {
    if (!has(stage, "reference"))
        return false;
    const char *text = qn_options_text(stage->options, "reference");
    return strcmp(text, "min") == 0 || strcmp(text, "max") == 0;
}

static bool takes_max(const qn_stage *stage) {
    return strcmp(qn_options_text(stage->options, "reference"), "max") == 0;
}

static qn_status cast_text(const char *text, qn_type type, const char *zone, qn_column **out) {
    qn_expr *expr = NULL;
    qn_scalar scalar = {.type = QN_STRING, .text = qn_view_of(text)};
    qn_schema none;
    qn_session session = {.time_zone = zone};
    qn_batch one = {.length = 1};
    qn_status status;
    qn_schema_init(&none);
    QN_TRY_GOTO(qn_expr_literal(&expr, scalar, -1), done);
    status = qn_expr_cast(&expr, expr, type, -1);
    if (status != QN_OK)
        expr = NULL; /* freed with the call */
    QN_TRY_GOTO(status, done);
    QN_TRY_GOTO(qn_expr_bind_in(expr, &none, &session), done);
    status = qn_expr_eval(expr, &one, out);
done:
    qn_expr_free(expr);
    return status;
}

/* The reference as a time; and, if it is no more than a date, as a day. */
static qn_status parse_reference(time_since *self, const char *text, const char *zone) {
    qn_column *time = NULL;
    int32_t day = 0;
    self->fixed_is_date = qn_parse_date(qn_view_of(text), &day);
    self->fixed_days = day;
    QN_TRY(cast_text(text, QN_TIMESTAMP, zone, &time));
    bool valid = !qn_column_is_null(time, 0);
    self->fixed_time = time->i64[0];
    qn_column_release(time);
    if (!valid)
        return qn_fail(QN_JOB,
                       "reference: '%s' is neither a date or time (2024-01-31, 2024-01-31 12:00) "
                       "nor min or max",
                       text);
    return QN_OK;
}

static qn_status read_options(time_since *self) {
    const qn_stage *stage = &self->base;
    if (has(stage, "reference") == has(stage, "reference_col"))
        return qn_fail(QN_JOB, has(stage, "reference") ? "set reference or reference_col, not both"
                                                       : "set reference or reference_col");
    const char *zone = qn_options_text(stage->options, "time_zone");
    qn_zone_release(self->zone);
    self->zone = NULL;
    QN_TRY(qn_zone_open(&self->zone, zone));
    if (!has(stage, "reference") || is_fitted_reference(stage))
        return QN_OK;
    return parse_reference(self, qn_options_text(stage->options, "reference"), zone);
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status check_type(const qn_field *field) {
    if (field->type != QN_DATE && field->type != QN_TIMESTAMP)
        return qn_columns_fail_type(field, "date or timestamp (see cast_columns)");
    return QN_OK;
}

/* The reference is in days or in nanoseconds, as the column was. */
static qn_status check_fitted_type(const time_since *self, int32_t i, const qn_field *field) {
    if (!self->base.fitted || !is_fitted_reference(&self->base))
        return QN_OK;
    if (self->is_date[i] != (field->type == QN_DATE))
        return qn_columns_fail_type(field,
                                    self->is_date[i] ? "date, as fitted" : "timestamp, as fitted");
    return QN_OK;
}

static qn_status find_reference(const qn_stage *stage, const qn_schema *schema, int32_t *out) {
    return qn_schema_require(schema, qn_options_text(stage->options, "reference_col"), out);
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    time_since *self = (time_since *)stage;
    int32_t count, index;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, self->count));
    QN_TRY(read_options(self));
    if (has(stage, "reference_col")) {
        QN_TRY(find_reference(stage, in, &index));
        QN_TRY(check_type(&in->fields[index]));
    }
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_columns_find(stage, in, i, &index));
        QN_TRY(check_type(&in->fields[index]));
        QN_TRY(check_fitted_type(self, i, &in->fields[index]));
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0, NULL));
    }
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static int64_t moment_at(const qn_column *column, int64_t row) {
    return column->type == QN_DATE ? column->i32[row] : column->i64[row];
}

static void add_moments(moment *extreme, const qn_column *column, bool max) {
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        int64_t value = moment_at(column, i);
        if (!extreme->known || (max ? value > extreme->value : value < extreme->value))
            *extreme = (moment){true, extreme->date, value};
    }
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    time_since *self = (time_since *)stage;
    int32_t count, index;
    QN_TRY(qn_columns_count(stage, &count));
    if (self->extremes == NULL)
        QN_TRY(qn_mem_calloc(&self->extremes, (size_t)count, sizeof *self->extremes));
    self->counting = count;
    for (int32_t i = 0; i < count && is_fitted_reference(stage); i++) {
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        self->extremes[i].date = schema->fields[index].type == QN_DATE;
        add_moments(&self->extremes[i], batch->columns[index], takes_max(stage));
    }
    return QN_OK;
}

/* The extreme over all ranks. ~x falls where x rises, for all 64 bits. */
static qn_status reduce_extreme(const qn_stage *stage, qn_comm *comm, const moment *own,
                                const char *name, int64_t *out) {
    bool max = takes_max(stage);
    int64_t known = own->known, value = INT64_MIN;
    if (own->known)
        value = max ? own->value : ~own->value;
    QN_TRY(qn_comm_max_i64(comm, &known, 1));
    QN_TRY(qn_comm_max_i64(comm, &value, 1));
    if (!known)
        return qn_fail(QN_DATA, "column '%s' has no value to take the %s of: all are null", name,
                       max ? "latest" : "earliest");
    *out = max ? value : ~value;
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    time_since *self = (time_since *)stage;
    size_t count = (size_t)self->counting;
    qn_status status = qn_mem_calloc(&self->references, count, sizeof *self->references);
    if (status == QN_OK)
        status = qn_mem_calloc(&self->is_date, count, sizeof *self->is_date);
    QN_TRY(qn_comm_agree(comm, status));
    self->count = self->counting;
    for (int32_t i = 0; i < self->count && is_fitted_reference(stage); i++) {
        self->is_date[i] = self->extremes[i].date;
        QN_TRY(reduce_extreme(stage, comm, &self->extremes[i], qn_columns_input(stage, i),
                              &self->references[i]));
    }
    qn_mem_free(self->extremes);
    self->extremes = NULL;
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static double seconds_a_unit(const qn_stage *stage) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"weeks", 7 * SECONDS_A_DAY},
                 {"days", SECONDS_A_DAY},
                 {"hours", 3600},
                 {"minutes", 60},
                 {"seconds", 1}};
    int i = 0;
    while (!qn_options_is(stage->options, "unit", units[i].name))
        i++;
    return units[i].seconds;
}

/* The moments of a column, in days, or of timestamps and where `times` asks for it in nanoseconds.
 * A day that no timestamp reaches makes the row null. */
static qn_status read_moments(const time_since *self, const qn_column *column, bool times,
                              int64_t *values, qn_column *out) {
    qn_clock clock = qn_clock_of(self->zone);
    if (column->type == QN_TIMESTAMP) {
        memcpy(values, column->i64, (size_t)column->length * sizeof *values);
        return QN_OK;
    }
    for (int64_t i = 0; i < column->length; i++) {
        values[i] = column->i32[i];
        if (times && !qn_clock_day_start(&clock, column->i32[i], &values[i]))
            QN_TRY(qn_column_set_null(out, i));
    }
    return QN_OK;
}

/* unit of difference * factor / divisor */
typedef struct scale {
    double factor, divisor;
} scale;

/* False if some difference does not fit 64 bits. */
QN_MAP_CLONES static bool subtract(const int64_t *a, const int64_t *b, double *restrict out,
                                   int64_t count, scale by) {
    int64_t overflow = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t difference = (int64_t)((uint64_t)a[i] - (uint64_t)b[i]);
        overflow |= (a[i] ^ b[i]) & (a[i] ^ difference);
        out[i] = (double)difference * by.factor / by.divisor + 0.0;
    }
    return overflow >= 0;
}

static void subtract_wide(const int64_t *a, const int64_t *b, double *out, int64_t count,
                          scale by) {
    for (int64_t i = 0; i < count; i++)
        out[i] = ((double)a[i] - (double)b[i]) * by.factor / by.divisor + 0.0;
}

static qn_status null_rows_of(qn_column *out, const qn_column *column) {
    for (int64_t i = 0; column->null_count > 0 && i < column->length; i++)
        if (qn_column_is_null(column, i) && !qn_column_is_null(out, i))
            QN_TRY(qn_column_set_null(out, i));
    return QN_OK;
}

/* What a column refers to: another one, or one moment. `times`: not both are dates. */
typedef struct reference {
    const qn_column *column;
    int64_t one;
    bool times;
} reference;

static qn_status find_moments(const time_since *self, const qn_column *column, const reference *to,
                              int64_t *moments, int64_t *references, qn_column *out) {
    QN_TRY(read_moments(self, column, to->times, moments, out));
    QN_TRY(null_rows_of(out, column));
    for (int64_t i = 0; i < column->length && to->column == NULL; i++)
        references[i] = to->one;
    if (to->column == NULL)
        return QN_OK;
    QN_TRY(read_moments(self, to->column, to->times, references, out));
    return null_rows_of(out, to->column);
}

static qn_status measure(const time_since *self, const qn_column *column, const reference *to,
                         qn_column *out) {
    int64_t *moments = NULL;
    int64_t length = column->length;
    bool until = qn_options_is(self->base.options, "measure", "until");
    double unit = seconds_a_unit(&self->base);
    scale by = {to->times ? 1 : SECONDS_A_DAY, to->times ? unit * 1e9 : unit};
    QN_TRY(qn_mem_alloc(&moments, (size_t)(2 * length), sizeof *moments));
    int64_t *references = moments + length;
    qn_status status = find_moments(self, column, to, moments, references, out);
    const int64_t *a = until ? references : moments, *b = until ? moments : references;
    if (status == QN_OK && !subtract(a, b, out->f64, length, by))
        subtract_wide(a, b, out->f64, length, by);
    qn_map_clear_nulls(out);
    qn_mem_free(moments);
    return status;
}

static qn_status reference_of(const qn_stage *stage, int32_t i, const qn_column *column,
                              const qn_schema *schema, const qn_batch *in, reference *out) {
    const time_since *self = (const time_since *)stage;
    int32_t index;
    out->times = column->type == QN_TIMESTAMP;
    if (has(stage, "reference_col")) {
        QN_TRY(find_reference(stage, schema, &index));
        out->column = in->columns[index];
        out->times = out->times || out->column->type == QN_TIMESTAMP;
    } else if (is_fitted_reference(stage)) {
        out->one = self->references[i];
    } else {
        out->times = out->times || !self->fixed_is_date;
        out->one = out->times ? self->fixed_time : self->fixed_days;
    }
    return QN_OK;
}

static qn_status make_column(const qn_stage *stage, int32_t i, const qn_schema *schema,
                             const qn_batch *in, qn_column **out) {
    int32_t index;
    reference to = {0};
    qn_column *made = NULL;
    QN_TRY(qn_columns_find(stage, schema, i, &index));
    const qn_column *column = in->columns[index];
    QN_TRY(reference_of(stage, i, column, schema, in, &to));
    QN_TRY(qn_column_new_raw(&made, QN_FLOAT64, column->length, 0));
    qn_status status = measure((const time_since *)stage, column, &to, made);
    if (status == QN_OK)
        *out = made;
    else
        qn_column_release(made);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < count; i++) {
        qn_column *made = NULL;
        QN_TRY(make_column(stage, i, schema, in, &made));
        QN_TRY(qn_batch_append(out, made));
    }
    return QN_OK;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    time_since *self = (time_since *)stage;
    int64_t dates = self->count;
    QN_TRY(qn_archive_ints(archive, "references", &self->references, &self->count));
    QN_TRY(qn_archive_ints(archive, "is_date", &self->is_date, &dates));
    if (dates != self->count)
        return qn_fail(QN_DATA, "the file has %lld references, but types of %lld columns",
                       (long long)self->count, (long long)dates);
    return QN_OK;
}

/* A date column's reference is a number of days, a timestamp column's one of nanoseconds. */
static json_t *reference_json(const qn_stage *stage, int32_t i) {
    const time_since *self = (const time_since *)stage;
    char text[40];
    if (self->is_date[i])
        qn_print_date((int32_t)self->references[i], text);
    else
        qn_print_timestamp(self->references[i], text);
    return json_string(text);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    int64_t count = is_fitted_reference(stage) ? ((const time_since *)stage)->count : 0;
    return qn_columns_describe(stage, object, "references", count, reference_json);
}

static void clear(qn_stage *stage) {
    time_since *self = (time_since *)stage;
    qn_mem_free(self->extremes);
    qn_mem_free(self->references);
    qn_mem_free(self->is_date);
    self->extremes = NULL;
    self->references = self->is_date = NULL;
    self->count = self->counting = 0;
    qn_zone_release(self->zone);
    self->zone = NULL;
}

const qn_stage_class qn_time_since_class = {
    .name = "time_since",
    .help = "time between dates or timestamps and a reference",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(time_since),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};

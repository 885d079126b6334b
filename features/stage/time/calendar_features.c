/* calendar_features: parts of dates and timestamps as columns of their own.
 *
 * Whole parts are SQL's functions, computed by its kernels on the clocks of a time zone; the cyclic
 * ones put such a part on a circle, so that December and January are neighbours. */
#include "core/expr/session.h"
#include "core/memory.h"
#include "features/sql/sql.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/stages.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "date and timestamp columns to read"},
    {"features", QN_OPTION_TEXTS, "year,month,day,day_of_week", NULL,
     "parts to add of each column: year, quarter, month, week, day, day_of_week, day_of_year, "
     "days_in_month, hour, minute, second; is_weekend, is_month_start, is_month_end, "
     "is_quarter_start, is_quarter_end, is_year_start, is_year_end; quarter_sin, quarter_cos and "
     "so on for month, day, day_of_week, day_of_year, hour, minute"},
    {"time_zone", QN_OPTION_TEXT, "UTC", NULL,
     "whose clocks timestamps are read on: Europe/Berlin, +02:00"},
    {"output_prefixes", QN_OPTION_TEXTS, NULL, NULL,
     "what the names of new columns begin with, for each of input_cols; COLUMN_ if not set"},
    {NULL, 0, NULL, NULL, NULL}};

/* Places on a circle: an SQL expression gives k, of which k % stride is the place among
 * first_period + k / stride ones. */
typedef struct circle {
    const char *name, *sql;
    bool clock; /* needs a time of day */
    int stride, first_period, periods;
} circle;

static const circle circles[] = {
    {"quarter", "quarter(d) - 1", false, 4, 4, 1},
    {"month", "month(d) - 1", false, 12, 12, 1},
    {"day", "day(d) - 1 + 31 * (day(last_day(d)) - 28)", false, 31, 28, 4},
    {"day_of_week", "dayofweek(d) - 1", false, 7, 7, 1},
    {"day_of_year", "dayofyear(d) - 1 + 366 * (day(last_day(make_date(year(d), 2, 1))) - 28)",
     false, 366, 365, 2},
    {"hour", "hour(t)", true, 24, 24, 1},
    {"minute", "minute(t)", true, 60, 60, 1},
};

typedef struct part {
    const char *name, *sql;
    bool clock;
} part;

static const part parts[] = {
    {"year", "year(d)", false},
    {"quarter", "quarter(d)", false},
    {"month", "month(d)", false},
    {"week", "weekofyear(d)", false},
    {"day", "day(d)", false},
    {"day_of_week", "dayofweek(d)", false},
    {"day_of_year", "dayofyear(d)", false},
    {"days_in_month", "day(last_day(d))", false},
    {"hour", "hour(t)", true},
    {"minute", "minute(t)", true},
    {"second", "second(t)", true},
    {"is_weekend", "dayofweek(d) IN (1, 7)", false},
    {"is_month_start", "day(d) = 1", false},
    {"is_month_end", "d = last_day(d)", false},
    {"is_quarter_start", "day(d) = 1 AND month(d) IN (1, 4, 7, 10)", false},
    {"is_quarter_end", "d = last_day(d) AND month(d) IN (3, 6, 9, 12)", false},
    {"is_year_start", "day(d) = 1 AND month(d) = 1", false},
    {"is_year_end", "day(d) = 31 AND month(d) = 12", false},
};

enum { CIRCLES = sizeof circles / sizeof *circles, PARTS = sizeof parts / sizeof *parts };

/* One of the features that are asked for. */
typedef struct feature {
    const char *name, *sql;
    const circle *on; /* NULL: a whole part, or a yes or no */
    bool cosine, clock;
    qn_expr *expr; /* of columns d, a date, and t, a timestamp */
    double *table; /* cyclic: sines or cosines by k */
} feature;

typedef struct calendar_features {
    qn_stage base;
    /* From the last bind: */
    qn_expr *day, *midnight; /* the date of a timestamp t; 0 of a date d */
    int64_t count;
    feature *features;
} calendar_features;

/* ---- Features ------------------------------------------------------------------------------- */

static bool is_cyclic(const char *name, const circle *of, const char *end) {
    size_t length = strlen(of->name);
    return strncmp(name, of->name, length) == 0 && strcmp(name + length, end) == 0;
}

static qn_status fail_unknown(const char *name) {
    char cyclic[2 * CIRCLES][32];
    const char *names[PARTS + 2 * CIRCLES];
    for (int i = 0; i < PARTS; i++)
        names[i] = parts[i].name;
    for (int i = 0; i < 2 * CIRCLES; i++) {
        snprintf(cyclic[i], sizeof cyclic[i], "%s_%s", circles[i / 2].name, i % 2 ? "cos" : "sin");
        names[PARTS + i] = cyclic[i];
    }
    qn_status status = qn_fail(QN_JOB, "features: unknown feature '%s'", name);
    const char *nearest = qn_nearest(name, names, PARTS + 2 * CIRCLES);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    return status;
}

static qn_status find_feature(const char *name, feature *out) {
    out->name = name;
    for (int i = 0; i < PARTS; i++) {
        if (strcmp(name, parts[i].name) != 0)
            continue;
        out->sql = parts[i].sql;
        out->clock = parts[i].clock;
        return QN_OK;
    }
    for (int i = 0; i < CIRCLES; i++) {
        out->cosine = is_cyclic(name, &circles[i], "_cos");
        if (!out->cosine && !is_cyclic(name, &circles[i], "_sin"))
            continue;
        out->on = &circles[i];
        out->sql = circles[i].sql;
        out->clock = circles[i].clock;
        return QN_OK;
    }
    return fail_unknown(name);
}

static qn_status make_table(feature *of) {
    const circle *on = of->on;
    QN_TRY(qn_mem_alloc(&of->table, (size_t)(on->stride * on->periods), sizeof *of->table));
    for (int k = 0; k < on->stride * on->periods; k++) {
        int period = on->first_period + k / on->stride;
        double angle = 2 * M_PI * (k % on->stride) / period;
        of->table[k] = of->cosine ? cos(angle) : sin(angle);
    }
    return QN_OK;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status compile(const char *sql, const qn_session *session, qn_expr **out) {
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status;
    QN_TRY_GOTO(qn_schema_add(&schema, "d", QN_DATE), done);
    QN_TRY_GOTO(qn_schema_add(&schema, "t", QN_TIMESTAMP), done);
    QN_TRY_GOTO(qn_sql_expression(out, qn_view_of(sql)), done);
    status = qn_expr_bind_in(*out, &schema, session);
done:
    qn_schema_clear(&schema);
    return status;
}

static qn_status compile_all(calendar_features *self) {
    char *const *names;
    const qn_options *set = self->base.options;
    qn_session session = {.time_zone = qn_options_text(set, "time_zone")};
    int64_t count = qn_options_list(set, "features", &names);
    if (count == 0)
        return qn_fail(QN_JOB, "features names no feature");
    QN_TRY(compile("CAST(t AS date)", &session, &self->day));
    QN_TRY(compile("day(d) * 0", &session, &self->midnight));
    QN_TRY(qn_mem_calloc(&self->features, (size_t)count, sizeof *self->features));
    self->count = count;
    for (int64_t f = 0; f < count; f++) {
        feature *of = &self->features[f];
        QN_TRY(find_feature(names[f], of));
        QN_TRY(compile(of->sql, &session, &of->expr));
        if (of->on != NULL)
            QN_TRY(make_table(of));
    }
    return QN_OK;
}

static qn_status add_field(const calendar_features *self, const char *prefix, const char *column,
                           const feature *of, qn_schema *out) {
    char *name = NULL;
    qn_type type = of->on != NULL ? QN_FLOAT64 : qn_expr_type(of->expr);
    (void)self;
    QN_TRY(prefix != NULL ? qn_format(&name, "%s%s", prefix, of->name)
                          : qn_format(&name, "%s_%s", column, of->name));
    qn_status status = qn_columns_add(out, name, type, 0, NULL);
    qn_mem_free(name);
    return status;
}

static qn_status bind_columns(const calendar_features *self, const qn_schema *in, qn_schema *out) {
    char *const *inputs, *const *prefixes;
    const qn_options *set = self->base.options;
    bool named = qn_options_is_set(set, "output_prefixes");
    int64_t count = qn_options_list(set, "input_cols", &inputs);
    if (count == 0)
        return qn_fail(QN_JOB, "input_cols names no column");
    if (named && qn_options_list(set, "output_prefixes", &prefixes) != count)
        return qn_fail(QN_JOB, "input_cols names %lld columns, but output_prefixes %lld",
                       (long long)count,
                       (long long)qn_options_list(set, "output_prefixes", &prefixes));
    for (int64_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_schema_require(in, inputs[i], &index));
        const qn_field *field = &in->fields[index];
        if (field->type != QN_DATE && field->type != QN_TIMESTAMP)
            return qn_columns_fail_type(field, "date or timestamp (see cast_columns)");
        for (int64_t f = 0; f < self->count; f++)
            QN_TRY(
                add_field(self, named ? prefixes[i] : NULL, field->name, &self->features[f], out));
    }
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    calendar_features *self = (calendar_features *)stage;
    stage->class_->clear(stage);
    if (!qn_options_is_set(stage->options, "input_cols"))
        return qn_fail(QN_JOB, "input_cols is not set");
    QN_TRY(compile_all(self));
    QN_TRY(qn_schema_copy(out, in));
    return bind_columns(self, in, out);
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* Both views of a column: d and t; a date has no t. */
typedef struct moments {
    qn_batch batch;
    qn_column *columns[2];
    bool date;
} moments;

static qn_status view_moments(const calendar_features *self, const qn_column *column,
                              moments *out) {
    out->date = column->type == QN_DATE;
    out->batch = (qn_batch){.length = column->length, .count = 2, .columns = out->columns};
    if (!out->date) {
        out->columns[1] = (qn_column *)(uintptr_t)column;
        return qn_expr_eval(self->day, &out->batch, &out->columns[0]);
    }
    out->columns[0] = (qn_column *)(uintptr_t)column;
    return QN_OK;
}

static qn_status place_on_circle(const feature *of, const qn_column *places, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_FLOAT64, places->length, 0));
    for (int64_t i = 0; i < places->length; i++)
        column->f64[i] = of->table[places->i32[i]];
    qn_status status = qn_map_copy_nulls(column, places);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    qn_map_clear_nulls(column);
    *out = column;
    return QN_OK;
}

/* `whole` keeps what was computed last: sine and cosine share it. */
static qn_status make_feature(const calendar_features *self, const moments *of, int64_t f,
                              qn_column **whole, qn_column **out) {
    const feature *wanted = &self->features[f];
    if (*whole == NULL || strcmp(self->features[f - 1].sql, wanted->sql) != 0) {
        qn_column_release(*whole);
        *whole = NULL;
        const qn_expr *expr = of->date && wanted->clock ? self->midnight : wanted->expr;
        QN_TRY(qn_expr_eval(expr, &of->batch, whole));
    }
    if (wanted->on != NULL)
        return place_on_circle(wanted, *whole, out);
    *out = qn_column_retain(*whole);
    return QN_OK;
}

static qn_status add_features(const calendar_features *self, const qn_column *column,
                              qn_batch *out) {
    moments of = {0};
    qn_column *whole = NULL;
    QN_TRY(view_moments(self, column, &of));
    qn_status status = QN_OK;
    for (int64_t f = 0; f < self->count && status == QN_OK; f++) {
        qn_column *made = NULL;
        status = make_feature(self, &of, f, &whole, &made);
        if (status == QN_OK)
            status = qn_batch_append(out, made);
    }
    qn_column_release(whole);
    if (!of.date)
        qn_column_release(of.columns[0]);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    char *const *inputs;
    int64_t count = qn_options_list(stage->options, "input_cols", &inputs);
    QN_TRY(qn_batch_share(out, in));
    for (int64_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_schema_require(schema, inputs[i], &index));
        QN_TRY(add_features((const calendar_features *)stage, in->columns[index], out));
    }
    return QN_OK;
}

static void clear(qn_stage *stage) {
    calendar_features *self = (calendar_features *)stage;
    qn_expr_free(self->day);
    qn_expr_free(self->midnight);
    for (int64_t f = 0; f < self->count; f++) {
        qn_expr_free(self->features[f].expr);
        qn_mem_free(self->features[f].table);
    }
    qn_mem_free(self->features);
    self->day = self->midnight = NULL;
    self->features = NULL;
    self->count = 0;
}

const qn_stage_class qn_calendar_features_class = {
    .name = "calendar_features",
    .help = "year, month, day of week and other parts of dates, also on circles",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(calendar_features),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};

/* date_part and EXTRACT of all fields, names of days and months. Fields are Spark's; epoch, decade,
 * century, millennium, milliseconds and microseconds, which it lacks, PostgreSQL's. */
#include "core/expr/texts.h"
#include "core/expr/units.h"
#include "core/time/civil.h"
#include "core/time/format.h"

#include <stdio.h>
#include <string.h>

typedef enum field {
    YEAR,
    ISO_YEAR,
    QUARTER,
    MONTH,
    WEEK,
    DAY,
    DAY_OF_WEEK,
    ISO_DAY_OF_WEEK,
    DAY_OF_YEAR,
    HOUR,
    MINUTE,
    DECADE,
    CENTURY,
    MILLENNIUM,
    MICROSECONDS,
    FIRST_REAL,
    SECOND = FIRST_REAL,
    MILLISECONDS,
    EPOCH
} field;

static const struct {
    const char *names; /* each between blanks */
    field field;
} fields[] = {{" year y years yr yrs ", YEAR},
              {" yearofweek isoyear ", ISO_YEAR},
              {" quarter qtr ", QUARTER},
              {" month mon mons months ", MONTH},
              {" week w weeks ", WEEK},
              {" day d days ", DAY},
              {" dayofweek dow ", DAY_OF_WEEK},
              {" dayofweek_iso dow_iso isodow ", ISO_DAY_OF_WEEK},
              {" doy dayofyear ", DAY_OF_YEAR},
              {" hour h hours hr hrs ", HOUR},
              {" minute m min mins minutes ", MINUTE},
              {" second s sec seconds secs ", SECOND},
              {" millisecond milliseconds ms msec ", MILLISECONDS},
              {" microsecond microseconds us usec ", MICROSECONDS},
              {" epoch ", EPOCH},
              {" decade decades ", DECADE},
              {" century centuries ", CENTURY},
              {" millennium millenniums ", MILLENNIUM}};

static bool find_field(qn_view name, field *out) {
    char wanted[24];
    if (name.length == 0 || name.length > 20 || memchr(name.data, ' ', (size_t)name.length) != NULL)
        return false;
    snprintf(wanted, sizeof wanted, " %.*s ", (int)name.length, name.data);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcasestr(fields[i].names, wanted) != NULL) {
            *out = fields[i].field;
            return true;
        }
    return false;
}

static qn_status prepare_part(qn_expr *call) {
    const qn_expr *name = call->arguments[0];
    field found = YEAR;
    if (!qn_expr_is_literal(name))
        return qn_expr_fail(name->position, "the field of '%s' must be a constant",
                            call->function->name);
    if (!qn_expr_is_null_literal(name)) {
        qn_view view = qn_text_at(&(qn_operand){name->value, true}, 0);
        if (!find_field(view, &found)) {
            qn_status status = qn_expr_fail(name->position, "unknown field '%.*s' of a date",
                                            (int)view.length, view.data);
            qn_error_help("fields are year, quarter, month, week, day, dow, isodow, doy, isoyear, "
                          "hour, minute, second, milliseconds, microseconds, epoch, decade, "
                          "century, millennium");
            return status;
        }
    }
    call->type = found >= FIRST_REAL ? QN_FLOAT64 : QN_INT32;
    return QN_OK;
}

/* Hundreds or thousands of years, the first of them having begun with the year 1. */
static int32_t ages(int32_t year, int32_t size) {
    return year > 0 ? (year + size - 1) / size : -((size - 1 - (year - 1)) / size);
}

/* ISO 8601: a week belongs to the year of its Thursday. */
static int32_t week_of(int32_t day, int32_t *year) {
    int32_t thursday = (int32_t)((uint32_t)day - (uint32_t)qn_weekday_of(day) + 3u), month, unused;
    qn_split_days(thursday, year, &month, &unused);
    return (thursday - qn_days_from_civil(*year, 1, 1)) / 7 + 1;
}

static int32_t whole_part(field of, int32_t days, int64_t of_day) {
    int32_t year, month, day, iso_year;
    qn_split_days(days, &year, &month, &day);
    switch (of) {
    case YEAR:
        return year;
    case ISO_YEAR:
        (void)week_of(days, &iso_year);
        return iso_year;
    case QUARTER:
        return (month + 2) / 3;
    case MONTH:
        return month;
    case WEEK:
        return week_of(days, &iso_year);
    case DAY:
        return day;
    case DAY_OF_WEEK: /* Sunday is 1 */
        return (qn_weekday_of(days) + 1) % 7 + 1;
    case ISO_DAY_OF_WEEK: /* Monday is 1 */
        return qn_weekday_of(days) + 1;
    case DAY_OF_YEAR:
        return days - qn_days_from_civil(year, 1, 1) + 1;
    case HOUR:
        return (int32_t)(of_day / (3600 * QN_NANOS_A_SECOND));
    case MINUTE:
        return (int32_t)(of_day / (60 * QN_NANOS_A_SECOND) % 60);
    case DECADE:
        return (int32_t)qn_floor_divide(year, 10);
    case CENTURY:
        return ages(year, 100);
    case MILLENNIUM:
        return ages(year, 1000);
    default:
        return (int32_t)(of_day % (60 * QN_NANOS_A_SECOND) / 1000);
    }
}

/* Seconds since 1970; of a date since its first one, also where no timestamp reaches. */
static double epoch_at(const qn_operand *times, int64_t row, qn_clock *clock) {
    int64_t i = qn_at(times, row), time;
    if (times->column->type == QN_TIMESTAMP)
        return (double)times->column->i64[i] / 1e9;
    return qn_clock_day_start(clock, times->column->i32[i], &time)
               ? (double)time / 1e9
               : times->column->i32[i] * 86400.0;
}

static qn_status run_part(const qn_call *call, qn_column **out) {
    const qn_operand *times = &call->arguments[1];
    qn_clock clock = qn_call_clock(call);
    field of = YEAR;
    (void)find_field(qn_text_at(&call->arguments[0], 0), &of);
    QN_TRY(qn_column_new(out, call->node->type, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t of_day;
        int32_t days = qn_moment_at(times, i, &clock, &of_day);
        if (of < FIRST_REAL)
            (*out)->i32[i] = whole_part(of, days, of_day);
        else if (of == EPOCH)
            (*out)->f64[i] = epoch_at(times, i, &clock);
        else
            (*out)->f64[i] =
                (double)(of_day % (60 * QN_NANOS_A_SECOND)) / (of == SECOND ? 1e9 : 1e6);
    }
    return QN_OK;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static qn_status step_day_name(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    const qn_operand *days = &call->arguments[0];
    (void)scratch;
    *out = (qn_view){qn_weekday_names[qn_weekday_of(days->column->i32[qn_at(days, row)])], 3};
    return QN_OK;
}

static qn_status step_month_name(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    const qn_operand *days = &call->arguments[0];
    int32_t year, month, day;
    (void)scratch;
    qn_split_days(days->column->i32[qn_at(days, row)], &year, &month, &day);
    *out = (qn_view){qn_month_names[month - 1], 3};
    return QN_OK;
}

static qn_status run_day_name(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_day_name, out);
}

static qn_status run_month_name(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_month_name, out);
}

#define PART(name)                                                                                 \
    {                                                                                              \
        name, 2, 2, {QN_TAKES_TEXT, QN_TAKES_MOMENT}, QN_GIVES_OWN, QN_NULLS_STRICT, run_part,     \
            prepare_part, NULL                                                                     \
    }
#define NAME(name, run)                                                                            \
    { name, 1, 1, {QN_TAKES_DATE}, QN_GIVES_STRING, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_date_part[] = {
    PART("date_part"),
    PART("datepart"),
    NAME("dayname", run_day_name),
    NAME("monthname", run_month_name),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};

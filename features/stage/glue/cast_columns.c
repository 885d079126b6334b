/* cast_columns: columns in other types, by SQL's CAST. */
#include "core/expr/session.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "features/sql/sql.h"
#include "features/stage/as_text.h"
#include "features/stage/columns.h"
#include "features/stage/glue/edit.h"
#include "features/stage/stages.h"

#include <stdio.h>
#include <string.h>

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "columns to cast"},
    {"types", QN_OPTION_TEXTS, NULL, NULL,
     "SQL types, one for all columns or one for each: int, bigint, float, double, boolean, string, "
     "date, timestamp"},
    {"output_cols", QN_OPTION_TEXTS, NULL, NULL,
     "columns to add, as many as input_cols; if not set, input_cols are replaced"},
    {"handle_invalid", QN_OPTION_CHOICE, "null", "null|error",
     "values that cannot be cast: make them null as Spark does (whole numbers wrap), or stop"},
    {"time_zone", QN_OPTION_TEXT, "UTC", NULL, "of timestamps from and to text and dates"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct cast_columns {
    qn_stage base;
    /* From the last bind: */
    int64_t count;
    int32_t *places;
    qn_expr **casts; /* of a column x; NULL where it is missing */
} cast_columns;

/* ---- Types ---------------------------------------------------------------------------------- */

static qn_status fail_type(const char *type) {
    qn_status status = qn_fail(QN_JOB, "types: '%s' is not a type that can be cast to", type);
    qn_error_help("types are int, bigint, float, double, boolean, string, date, timestamp");
    return status;
}

/* What CAST(x AS type) gives, where x may be text. */
static qn_status type_of_cast(const char *text, qn_type *out) {
    qn_expr *expr = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status;
    QN_TRY_GOTO(qn_sql_expression(&expr, qn_view_of(text)), done);
    QN_TRY_GOTO(qn_schema_add(&schema, "x", QN_STRING), done);
    QN_TRY_GOTO(qn_expr_bind(expr, &schema), done);
    *out = qn_expr_type(expr);
done:
    qn_schema_clear(&schema);
    qn_expr_free(expr);
    return status;
}

static qn_status parse_type(const char *type, qn_type *out) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ";
    char *text = NULL;
    if (type[strspn(type, letters)] != '\0' || type[0] == '\0')
        return fail_type(type);
    QN_TRY(qn_format(&text, "CAST(x AS %s)", type));
    qn_status status = type_of_cast(text, out);
    qn_mem_free(text);
    return status == QN_JOB ? fail_type(type) : status;
}

static qn_status type_for(const qn_stage *stage, int64_t i, int64_t columns, qn_type *out) {
    char *const *types;
    if (!qn_options_is_set(stage->options, "types"))
        return qn_fail(QN_JOB, "types is not set");
    int64_t count = qn_options_list(stage->options, "types", &types);
    if (count != 1 && count != columns)
        return qn_fail(QN_JOB, "types has %lld types, but there are %lld columns", (long long)count,
                       (long long)columns);
    return parse_type(types[count == 1 ? 0 : i], out);
}

/* ---- Binding -------------------------------------------------------------------------------- */

static bool stops(const qn_stage *stage) {
    return qn_options_is(stage->options, "handle_invalid", "error");
}

static qn_status compile(const qn_stage *stage, const qn_field *field, qn_type to, qn_expr **out) {
    qn_expr *expr = NULL;
    qn_schema schema;
    char name[] = "x";
    qn_session session = {.time_zone = qn_options_text(stage->options, "time_zone")};
    if (!qn_as_text_allowed(field->type))
        return qn_columns_fail_type(field, "a number, string, bool, date or timestamp to be cast");
    qn_schema_init(&schema);
    qn_status status = qn_expr_column(&expr, name, -1);
    if (status == QN_OK) {
        qn_expr *column = expr;
        expr = NULL;
        status = stops(stage) ? qn_expr_try_cast(&expr, column, to, -1)
                              : qn_expr_cast(&expr, column, to, -1);
    }
    if (status == QN_OK)
        status = qn_schema_add(&schema, name, field->type);
    if (status == QN_OK && (status = qn_expr_bind_in(expr, &schema, &session)) != QN_OK)
        qn_error_prefix("column '%s': ", field->name);
    qn_schema_clear(&schema);
    if (status == QN_OK)
        *out = expr;
    else
        qn_expr_free(expr);
    return status;
}

static qn_status compile_all(cast_columns *self, const qn_schema *in, char *const *names) {
    const qn_stage *stage = &self->base;
    QN_TRY(qn_mem_calloc(&self->casts, (size_t)self->count, sizeof(qn_expr *)));
    QN_TRY(qn_edit_find(stage, in, names, self->count, &self->places));
    for (int64_t i = 0; i < self->count; i++) {
        qn_type type = QN_STRING;
        QN_TRY(type_for(stage, i, self->count, &type));
        if (self->places[i] >= 0)
            QN_TRY(compile(stage, &in->fields[self->places[i]], type, &self->casts[i]));
    }
    return QN_OK;
}

static qn_status replace_fields(const cast_columns *self, const qn_schema *in, qn_schema *out) {
    for (int32_t c = 0; c < in->count; c++) {
        qn_field field = in->fields[c];
        int64_t i = qn_edit_position(self->places, self->count, c);
        qn_type type = i < 0 ? field.type : qn_expr_type(self->casts[i]);
        if (type != field.type)
            field = (qn_field){.name = field.name, .type = type};
        QN_TRY(qn_schema_add_field(out, &field));
    }
    return qn_edit_copy_absences(out, in);
}

static qn_status add_fields(const cast_columns *self, const qn_schema *in, char *const *names,
                            qn_schema *out) {
    char *const *outputs;
    int64_t count;
    QN_TRY(qn_edit_names(&self->base, "output_cols", &outputs, &count));
    if (count != self->count)
        return qn_fail(QN_JOB, "input_cols names %lld columns, but output_cols %lld",
                       (long long)self->count, (long long)count);
    QN_TRY(qn_schema_copy(out, in));
    for (int64_t i = 0; i < count; i++) {
        if (self->casts[i] == NULL)
            QN_TRY(qn_edit_note_absence(out, in, names[i], outputs[i], "cast to it"));
        else
            QN_TRY(qn_columns_add(out, outputs[i], qn_expr_type(self->casts[i]), 0, NULL));
    }
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    cast_columns *self = (cast_columns *)stage;
    char *const *names;
    int64_t count;
    stage->class_->clear(stage);
    QN_TRY(qn_edit_names(stage, "input_cols", &names, &count));
    self->count = count;
    QN_TRY(compile_all(self, in, names));
    return qn_options_is_set(stage->options, "output_cols") ? add_fields(self, in, names, out)
                                                            : replace_fields(self, in, out);
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status fail_row(const qn_batch *batch, const qn_field *field, const qn_column *column,
                          qn_type to, int64_t row) {
    qn_column *one = NULL, *text = NULL;
    QN_TRY(qn_column_slice(&one, column, row, 1));
    qn_status status = qn_as_text(&text, one);
    if (status == QN_OK) {
        /* as text, NaN is null */
        qn_view value = qn_column_is_null(text, 0) ? qn_view_of("NaN") : qn_column_string(text, 0);
        status = qn_fail(QN_DATA,
                         "column '%s' is '%.*s' at row %lld (counting from 0), which cannot be "
                         "cast to %s; set handle_invalid to null",
                         field->name, (int)(value.length < 200 ? value.length : 200), value.data,
                         (long long)qn_batch_row(batch, row), qn_type_name(to));
    }
    qn_column_release(text);
    qn_column_release(one);
    return status;
}

static qn_status check_nulls(const qn_batch *batch, const qn_field *field, const qn_column *column,
                             const qn_column *cast) {
    for (int64_t i = 0; cast->null_count > column->null_count && i < cast->length; i++)
        if (qn_column_is_null(cast, i) && !qn_column_is_null(column, i))
            return fail_row(batch, field, column, cast->type, i);
    return QN_OK;
}

static qn_status make(const cast_columns *self, int64_t i, const qn_schema *schema,
                      const qn_batch *in, qn_column **out) {
    int32_t place = self->places[i];
    qn_column *cast = NULL;
    qn_batch one = {.length = in->length, .count = 1, .columns = &in->columns[place]};
    QN_TRY(qn_expr_eval(self->casts[i], &one, &cast));
    qn_status status = stops(&self->base)
                           ? check_nulls(in, &schema->fields[place], in->columns[place], cast)
                           : QN_OK;
    if (status == QN_OK)
        *out = cast;
    else
        qn_column_release(cast);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const cast_columns *self = (const cast_columns *)stage;
    bool adds = qn_options_is_set(stage->options, "output_cols");
    QN_TRY(qn_batch_share(out, in));
    for (int64_t i = 0; i < self->count; i++) {
        qn_column *cast = NULL;
        if (self->casts[i] == NULL)
            continue;
        QN_TRY(make(self, i, schema, in, &cast));
        if (adds) {
            QN_TRY(qn_batch_append(out, cast));
            continue;
        }
        qn_column_release(out->columns[self->places[i]]);
        out->columns[self->places[i]] = cast;
    }
    return QN_OK;
}

static void clear(qn_stage *stage) {
    cast_columns *self = (cast_columns *)stage;
    for (int64_t i = 0; self->casts != NULL && i < self->count; i++)
        qn_expr_free(self->casts[i]);
    qn_mem_free(self->casts);
    qn_mem_free(self->places);
    self->casts = NULL;
    self->places = NULL;
    self->count = 0;
}

const qn_stage_class qn_cast_columns_class = {
    .name = "cast_columns",
    .help = "columns in other types, as SQL's CAST",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(cast_columns),
    .options = options,
    .bind = bind,
    .fit = qn_edit_fit,
    .transform = transform,
    .clear = clear,
};

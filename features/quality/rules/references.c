/* references: the values are those of a row of another table; rows with a null are not checked. */
#include "core/memory.h"
#include "features/quality/keys.h"
#include "features/quality/other.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"columns", QN_OPTION_TEXTS, NULL, NULL, "columns whose values together must be found"},
    {"table", QN_OPTION_TEXT, NULL, NULL, "table where: one of 'tables', or a path"},
    {"table_columns", QN_OPTION_TEXTS, NULL, NULL,
     "its columns, in the same order; without: of the same names"},
    QN_ROW_RULE_OPTIONS};

typedef struct references {
    qn_stream *other; /* from bind until it is read */
    int32_t *columns; /* of it */
} references;

static qn_status find_columns(const qn_rule *rule, const qn_rule_scene *scene) {
    references *self = rule->state;
    char *const *names = NULL;
    int64_t count = qn_options_has(rule->options, "table_columns")
                        ? qn_options_list(rule->options, "table_columns", &names)
                        : 0;
    if (count > 0 && count != rule->column_count)
        return qn_fail(QN_JOB, "table_columns has %lld columns, but columns %lld", (long long)count,
                       (long long)rule->column_count);
    for (int64_t i = 0; i < rule->column_count; i++) {
        const qn_field *field = &scene->schema->fields[rule->columns[i]];
        const char *name = count > 0 ? names[i] : field->name;
        QN_TRY(qn_other_require(rule, self->other, name, &self->columns[i]));
        QN_TRY(qn_other_check_type(rule, field, &self->other->schema.fields[self->columns[i]]));
    }
    return QN_OK;
}

static qn_status use_columns(qn_rule *rule, const qn_rule_scene *scene) {
    references *self = rule->state;
    QN_TRY(qn_rule_use_option(rule, scene->schema, "columns"));
    for (int64_t i = 0; i < rule->column_count; i++) {
        const qn_field *field = &scene->schema->fields[rule->columns[i]];
        if (field->type == QN_VECTOR || field->type == QN_STRING_LIST)
            return qn_rule_fail_type(field, "a scalar");
    }
    qn_mem_free(self->columns);
    self->columns = NULL;
    return qn_mem_calloc(&self->columns, (size_t)rule->column_count, sizeof *self->columns);
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    references *self = rule->state;
    QN_TRY(qn_comm_agree(scene->comm, use_columns(rule, scene)));
    if (self->other == NULL)
        QN_TRY(qn_other_open(rule, scene, &self->other));
    return find_columns(rule, scene);
}

/* "SELECT a.r FROM a ANTI JOIN b ON a.k0 = b.k0 AND ..." */
static qn_status write_query(const qn_rule *rule, qn_text *out) {
    QN_TRY(qn_text_printf(out, "SELECT a.r FROM a ANTI JOIN b ON "));
    for (int64_t i = 0; i < rule->column_count; i++)
        QN_TRY(qn_text_printf(out, "%sa.k%lld = b.k%lld", i > 0 ? " AND " : "", (long long)i,
                              (long long)i));
    return QN_OK;
}

static qn_status open_sides(qn_rule *rule, const qn_rule_scene *scene, qn_row_range *range,
                            qn_stream **a, qn_stream **b) {
    references *self = rule->state;
    qn_stream *other = self->other;
    self->other = NULL;
    QN_TRY(qn_other_keys(b, other, self->columns, (int32_t)rule->column_count));
    return qn_keys_open(a, rule, scene, range);
}

static qn_status prepare(qn_rule *rule, const qn_rule_scene *scene) {
    references *self = rule->state;
    qn_row_range range = QN_ROW_RANGE_NONE;
    qn_stream *a = NULL, *b = NULL, *missing = NULL;
    qn_text sql;
    qn_text_init(&sql);
    qn_status status;
    if (self->other == NULL) /* rules are judged once more */
        QN_TRY_GOTO(qn_other_open(rule, scene, &self->other), done);
    status = write_query(rule, &sql);
    if (status == QN_OK)
        status = open_sides(rule, scene, &range, &a, &b);
    QN_TRY_GOTO(qn_comm_agree(scene->comm, status), done);
    QN_TRY_GOTO(qn_other_query(&missing, sql.data, &a, &b, scene->execution), done);
    status = qn_keys_mark(rule, scene, missing, &range);
done:
    qn_text_clear(&sql);
    qn_stream_free(a);
    qn_stream_free(b);
    return status;
}

static void clear(qn_rule *rule) {
    references *self = rule->state;
    qn_stream_free(self->other);
    qn_mem_free(self->columns);
}

const qn_rule_class qn_rule_references = {
    .name = "references",
    .help = "values are found in another table",
    .options = options,
    .state_size = sizeof(references),
    .bind = bind,
    .prepare = prepare,
    .clear = clear,
};

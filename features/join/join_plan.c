/* What a join was asked for, checked and owned. */
#include "features/join/join_private.h"

#include "core/memory.h"

const char *qn_join_kind_name(qn_join_kind kind) {
    static const char *const names[] = {"inner", "left", "right", "full",
                                        "semi",  "anti", "mark",  "cross"};
    return names[kind];
}

int64_t qn_join_nominal_width(const qn_schema *schema) {
    int64_t width = 0;
    for (int32_t i = 0; i < schema->count; i++) {
        const qn_field *field = &schema->fields[i];
        int size = qn_type_size(field->type);
        width += size > 0                   ? size
                 : field->type == QN_BOOL   ? 1
                 : field->type == QN_VECTOR ? 8 * (int64_t)field->width
                                            : 24;
    }
    return width;
}

int64_t qn_join_broadcast_rows(const qn_schema *schema) {
    int64_t width = qn_join_nominal_width(schema);
    return width > 0 ? QN_JOIN_BROADCAST_BYTES / width : INT64_MAX;
}

void qn_join_note(qn_join_choice *choice, const qn_schema *right, int64_t rows, bool broadcast) {
    if (choice == NULL)
        return;
    choice->form = broadcast ? QN_JOIN_BROADCAST : QN_JOIN_SHUFFLE;
    choice->right_rows = rows;
    choice->right_bytes = rows * qn_join_nominal_width(right);
}

/* ---- The spec ---------------------------------------------------------------------------------
 */

void qn_join_plan_clear(qn_join_plan *plan) {
    qn_mem_free(plan->left_keys);
    qn_mem_free(plan->right_keys);
    qn_mem_free(plan->null_safe);
    qn_mem_free(plan->key_types);
    qn_mem_free(plan->residual_columns);
    qn_expr_free(plan->residual);
    qn_schema_clear(&plan->left_schema);
    qn_schema_clear(&plan->right_schema);
    *plan = (qn_join_plan){0};
}

static qn_status copy_keys(qn_join_plan *plan, const qn_join_spec *spec) {
    size_t count = (size_t)spec->key_count;
    QN_TRY(qn_mem_copy(&plan->left_keys, spec->left_keys, count, sizeof *plan->left_keys));
    QN_TRY(qn_mem_copy(&plan->right_keys, spec->right_keys, count, sizeof *plan->right_keys));
    QN_TRY(qn_mem_calloc(&plan->null_safe, count, sizeof *plan->null_safe));
    QN_TRY(qn_mem_alloc(&plan->key_types, count, sizeof *plan->key_types));
    for (size_t k = 0; k < count; k++) {
        const qn_field *left = &plan->left_schema.fields[plan->left_keys[k]];
        const qn_field *right = &plan->right_schema.fields[plan->right_keys[k]];
        if (left->type != right->type)
            return qn_fail(
                QN_JOB, "a join needs keys of one type: '%s' is %s, '%s' is %s; cast one of them",
                left->name, qn_type_name(left->type), right->name, qn_type_name(right->type));
        if (left->type == QN_VECTOR)
            return qn_fail(QN_JOB, "'%s' is a vector: rows cannot be joined by it", left->name);
        plan->null_safe[k] = spec->null_safe != NULL && spec->null_safe[k];
        plan->key_types[k] = left->type;
    }
    return QN_OK;
}

static qn_status check_columns(const qn_join_plan *plan, const qn_schema *schema) {
    int32_t expected = plan->left_count + (plan->kind == QN_JOIN_MARK) +
                       (qn_join_selects(plan) ? 0 : plan->right_count);
    if (schema->count != expected)
        return qn_fail(QN_INTERNAL, "a %s join gives %d columns; its schema has %d",
                       qn_join_kind_name(plan->kind), (int)expected, (int)schema->count);
    return QN_OK;
}

qn_status qn_join_plan_init(qn_join_plan *plan, const qn_stream *left, const qn_stream *right,
                            const qn_join_spec *spec) {
    *plan = (qn_join_plan){.kind = spec->kind == QN_JOIN_CROSS ? QN_JOIN_INNER : spec->kind,
                           .form = spec->form,
                           .key_count = spec->key_count,
                           .null_aware = spec->null_aware,
                           .residual = spec->residual,
                           .left_count = left->schema.count,
                           .right_count = right->schema.count};
    QN_TRY(qn_schema_copy(&plan->left_schema, &left->schema));
    QN_TRY(qn_schema_copy(&plan->right_schema, &right->schema));
    QN_TRY(check_columns(plan, spec->schema));
    QN_TRY(copy_keys(plan, spec));
    if (plan->residual == NULL)
        return QN_OK;
    if (qn_expr_type(plan->residual) != QN_BOOL)
        return qn_fail(QN_JOB, "a join's condition must be boolean; this one is of type %s",
                       qn_type_name(qn_expr_type(plan->residual)));
    QN_TRY(qn_mem_calloc(&plan->residual_columns,
                         (size_t)plan->left_count + (size_t)plan->right_count,
                         sizeof *plan->residual_columns));
    qn_expr_mark_columns(plan->residual, plan->residual_columns);
    return QN_OK;
}

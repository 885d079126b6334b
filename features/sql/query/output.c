/* The outputs of a SELECT and their names. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>

bool qn_sql_is_star(const sql_node *node) {
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    const PgQuery__ColumnRef *column = node->column_ref;
    return column->fields[column->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

static qn_status add_output(sql_block *block, const qn_plan_output *output) {
    qn_status status = qn_mem_reserve(&block->outputs, &block->output_capacity,
                                      block->output_count + 1, sizeof *block->outputs);
    if (status != QN_OK) {
        qn_expr_free(output->expression);
        return status;
    }
    block->outputs[block->output_count++] = *output;
    return QN_OK;
}

qn_status qn_sql_hidden_output(sql_block *block, qn_expr *expression, int32_t position,
                               const char **name) {
    char *text = NULL;
    qn_status status = qn_sql_display(block, expression, &text);
    if (status == QN_OK)
        status = qn_sql_hide(block, "ord", &block->query->columns, text, name);
    if (status != QN_OK) {
        qn_expr_free(expression);
        return status;
    }
    block->hides = true;
    return add_output(block, &(qn_plan_output){expression, (char *)(uintptr_t)*name, position});
}

/* ---- Stars ----------------------------------------------------------------------------------- */

static qn_status convert_star(sql_block *block, const PgQuery__ColumnRef *star) {
    const sql_source *source = block->query->source;
    qn_plan_output output = {.position = star->location};
    if (block->grouped)
        return qn_sql_fail(source, star->location,
                           "'*' cannot stand beside GROUP BY or aggregate functions: name the "
                           "columns");
    if (block->select->n_from_clause == 0)
        return qn_sql_fail(source, star->location, "'*' needs a table: SELECT * FROM table");
    if (star->n_fields > 2)
        return qn_sql_unsupported(source, star->location, "a name with two dots");
    if (star->n_fields == 2) {
        output.name = (char *)(uintptr_t)qn_sql_string(star->fields[0]);
        if (!qn_sql_in_sight(block, star)) {
            qn_status status = qn_sql_fail(source, star->location,
                                           "unknown table '%s' in front of '*'", output.name);
            if (block->table_count > 0)
                qn_error_help("the query reads '%s'", block->tables[0]);
            return status;
        }
    }
    return add_output(block, &output);
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* A column is called as its table calls it (NULL: the plan knows), unless it is a key that goes
 * under a hidden name. */
static qn_status name_output(const sql_block *block, const PgQuery__ResTarget *target,
                             const qn_expr *expression, char **name, bool *own) {
    *own = false;
    if (target->name[0] != '\0')
        return qn_mem_copy_text(name, target->name);
    if (target->val->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return qn_sql_display(block, expression, name);
    const PgQuery__ColumnRef *column = target->val->column_ref;
    const char *below = qn_expr_column_name(expression);
    *own = below == NULL || below[0] != QN_PLAN_HIDDEN;
    return qn_mem_copy_text(name, qn_sql_string(column->fields[column->n_fields - 1]));
}

static qn_status convert_output(sql_block *block, const PgQuery__ResTarget *target,
                                sql_output *out) {
    qn_plan_output output = {.position = target->location};
    bool own = false;
    out->target = target;
    if (target->n_indirection > 0)
        return qn_sql_unsupported(block->query->source, target->location, "a subscript");
    if (qn_sql_is_star(target->val)) {
        out->star = true;
        return convert_star(block, target->val->column_ref);
    }
    QN_TRY(qn_sql_convert_at(block, SQL_OUTPUT, target->val, &output.expression));
    qn_status status = name_output(block, target, output.expression, &out->name, &own);
    if (status != QN_OK) {
        qn_expr_free(output.expression);
        return status;
    }
    output.name = own ? NULL : out->name;
    return add_output(block, &output);
}

qn_status qn_sql_convert_outputs(sql_block *block, sql_outputs *names) {
    const PgQuery__SelectStmt *select = block->select;
    if (select->n_target_list == 0) {
        int32_t location = qn_sql_first_location(select);
        return qn_sql_fail(block->query->source, location < 0 ? 0 : location,
                           "a query needs at least one output: SELECT ...");
    }
    QN_TRY(qn_mem_calloc(&names->items, select->n_target_list, sizeof *names->items));
    names->count = (int32_t)select->n_target_list;
    for (int32_t i = 0; i < names->count; i++)
        QN_TRY(convert_output(block, select->target_list[i]->res_target, &names->items[i]));
    return QN_OK;
}

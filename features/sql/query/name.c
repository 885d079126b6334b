/* Hidden names, and what users would write for them. */
#include "features/sql/query/query.h"

#include "core/memory.h"

#include <string.h>

qn_status qn_sql_hide(sql_block *block, const char *kind, int32_t *counter, char *text,
                      const char **out) {
    sql_name name = {NULL, text};
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_reserve(&block->names, &block->name_capacity, block->name_count + 1,
                               sizeof *block->names),
                done);
    QN_TRY_GOTO(qn_format(&name.name, "%c%s%d", QN_PLAN_HIDDEN, kind, *counter), done);
    ++*counter;
    block->names[block->name_count++] = name;
    *out = name.name;
    return QN_OK;
done:
    qn_mem_free(text);
    return status;
}

/* The name that a piece of printed text starts with, in its quotes: "$agg0". */
static const sql_name *name_at(const sql_block *block, const char *text, int64_t left,
                               int64_t *width) {
    for (int64_t i = 0; i < block->name_count; i++) {
        int64_t length = (int64_t)strlen(block->names[i].name);
        if (length + 2 > left || text[length + 1] != '"' ||
            memcmp(text + 1, block->names[i].name, (size_t)length) != 0)
            continue;
        *width = length + 2;
        return &block->names[i];
    }
    return NULL;
}

qn_status qn_sql_display_into(const sql_block *block, const qn_expr *expression, qn_text *out) {
    qn_text text;
    qn_status status = QN_OK;
    qn_text_init(&text);
    QN_TRY_GOTO(qn_expr_print(expression, &text), done);
    for (int64_t i = 0; i < text.length;) {
        int64_t width = 1;
        const sql_name *name =
            text.data[i] == '"' ? name_at(block, text.data + i, text.length - i, &width) : NULL;
        if (name != NULL)
            QN_TRY_GOTO(qn_text_add(out, name->text, (int64_t)strlen(name->text)), done);
        else
            QN_TRY_GOTO(qn_text_add_char(out, text.data[i]), done);
        i += width;
    }
done:
    qn_text_clear(&text);
    return status;
}

qn_status qn_sql_display(const sql_block *block, const qn_expr *expression, char **out) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_sql_display_into(block, expression, &text);
    if (status == QN_OK)
        status = qn_mem_copy_text(out, text.data);
    qn_text_clear(&text);
    return status;
}

qn_status qn_sql_display_order(const sql_block *block, const qn_plan_order *order, int32_t count,
                               qn_text *out) {
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_text_printf(out, "%s", i == 0 ? "ORDER BY " : ", "));
        QN_TRY(qn_sql_display_into(block, order[i].expression, out));
        QN_TRY(qn_text_printf(out, "%s", order[i].descending ? " DESC" : ""));
        if (order[i].nulls_last != order[i].descending)
            QN_TRY(qn_text_printf(out, " NULLS %s", order[i].nulls_last ? "LAST" : "FIRST"));
    }
    return QN_OK;
}

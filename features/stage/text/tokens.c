#include "features/stage/text/tokens.h"

#include "core/memory.h"

#include <string.h>

static qn_status check_type(const qn_field *field, qn_type wanted) {
    if (field->type == wanted)
        return QN_OK;
    return qn_columns_fail_type(
        field, wanted == QN_STRING ? "string" : "list<string> (see tokenizer, regex_tokenizer)");
}

qn_status qn_tokens_bind(const qn_stage *stage, const qn_schema *in, qn_type from, qn_schema *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, in, i, &index));
        QN_TRY(check_type(&in->fields[index], from));
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), QN_STRING_LIST, 0, NULL));
    }
    return QN_OK;
}

qn_status qn_tokens_transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                              qn_tokens_map map, qn_batch *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        qn_column *mapped = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(map(stage, in->columns[index], &mapped));
        QN_TRY(qn_batch_append(out, mapped));
    }
    return QN_OK;
}

qn_status qn_tokens_with_items(const qn_column *lists, qn_column *items, qn_column **out) {
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_STRING_LIST, lists->length, 0), done);
    memcpy(column->offsets, lists->offsets, (size_t)(lists->length + 1) * sizeof *lists->offsets);
    for (int64_t i = 0; lists->null_count > 0 && i < lists->length; i++)
        if (qn_column_is_null(lists, i))
            QN_TRY_GOTO(qn_column_set_null(column, i), done);
    column->items = items;
    items = NULL;
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    qn_column_release(items);
    return status;
}

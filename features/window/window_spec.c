/* A window's spec over the columns that are sent. */
#include "core/memory.h"
#include "features/window/window_private.h"

/* ---- Copies ---------------------------------------------------------------------------------- */

void qn_window_spec_clear(window_spec *spec) {
    qn_window_call *calls = (qn_window_call *)(uintptr_t)spec->spec.calls;
    for (int32_t c = 0; calls != NULL && c < spec->spec.call_count; c++) {
        qn_mem_free((void *)(uintptr_t)calls[c].function);
        qn_mem_free((void *)(uintptr_t)calls[c].name);
        qn_mem_free((void *)(uintptr_t)calls[c].text);
    }
    qn_mem_free(calls);
    qn_mem_free((void *)(uintptr_t)spec->spec.partition);
    qn_mem_free((void *)(uintptr_t)spec->spec.order);
    qn_mem_free(spec->columns);
    qn_schema_clear(&spec->results);
    *spec = (window_spec){0};
}

static qn_status copy_calls(const qn_window_call **out, int32_t *copied,
                            const qn_window_spec *spec) {
    qn_window_call *calls = NULL;
    QN_TRY(qn_mem_copy(&calls, spec->calls, (size_t)spec->call_count, sizeof *calls));
    for (int32_t c = 0; c < spec->call_count; c++)
        calls[c].function = calls[c].name = calls[c].text = NULL;
    *out = calls;
    *copied = spec->call_count;
    for (int32_t c = 0; c < spec->call_count; c++) {
        char *function = NULL, *name = NULL, *text = NULL;
        QN_TRY(qn_mem_copy_text(&function, spec->calls[c].function));
        calls[c].function = function;
        QN_TRY(qn_mem_copy_text(&name, spec->calls[c].name));
        calls[c].name = name;
        if (spec->calls[c].text == NULL)
            continue;
        QN_TRY(qn_mem_copy_text(&text, spec->calls[c].text));
        calls[c].text = text;
    }
    return QN_OK;
}

static qn_status copy_spec(window_spec *out, const qn_window_spec *spec) {
    int32_t *partition = NULL;
    qn_sort_key *order = NULL;
    QN_TRY(
        qn_mem_copy(&partition, spec->partition, (size_t)spec->partition_count, sizeof *partition));
    out->spec.partition = partition;
    out->spec.partition_count = spec->partition_count;
    QN_TRY(qn_mem_copy(&order, spec->order, (size_t)spec->order_count, sizeof *order));
    out->spec.order = order;
    out->spec.order_count = spec->order_count;
    return copy_calls(&out->spec.calls, &out->spec.call_count, spec);
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* Replaces a column of the input by its place among those that are sent. */
static void need(window_spec *spec, int32_t *column) {
    int32_t k = 0;
    while (k < spec->column_count && spec->columns[k] != *column)
        k++;
    if (k == spec->column_count)
        spec->columns[spec->column_count++] = *column;
    *column = k;
}

static void need_columns(window_spec *spec) {
    int32_t *partition = (int32_t *)(uintptr_t)spec->spec.partition;
    qn_sort_key *order = (qn_sort_key *)(uintptr_t)spec->spec.order;
    qn_window_call *calls = (qn_window_call *)(uintptr_t)spec->spec.calls;
    for (int32_t k = 0; k < spec->spec.partition_count; k++)
        need(spec, &partition[k]);
    for (int32_t k = 0; k < spec->spec.order_count; k++)
        need(spec, &order[k].column);
    for (int32_t c = 0; c < spec->spec.call_count; c++) {
        for (int32_t k = 0; k < calls[c].argument_count; k++)
            need(spec, &calls[c].arguments[k]);
        if (calls[c].fallback >= 0)
            need(spec, &calls[c].fallback);
        if (calls[c].filter >= 0)
            need(spec, &calls[c].filter);
    }
}

/* Rows cannot be sent without any column: the narrowest goes. */
static void need_something(window_spec *spec, const qn_schema *in) {
    int32_t best = 0;
    for (int32_t k = 1; spec->column_count == 0 && k < in->count; k++) {
        int size = qn_type_size(in->fields[k].type), least = qn_type_size(in->fields[best].type);
        if (size > 0 && (least == 0 || size < least))
            best = k;
    }
    if (spec->column_count == 0)
        need(spec, &best);
}

/* ---- Results --------------------------------------------------------------------------------- */

qn_status qn_window_add_result(qn_schema *results, const qn_window_spec *spec, const qn_schema *in,
                               const qn_window_call *call) {
    qn_field field = {0};
    qn_type type;
    QN_TRY(qn_window_check(spec, in, call, &type));
    if (call->argument_count > 0 && in->fields[call->arguments[0]].type == type &&
        qn_type_size(type) == 0)
        field = in->fields[call->arguments[0]];
    char *name = (char *)(uintptr_t)call->name; /* copied by the schema */
    field.name = name;
    field.type = type;
    return qn_schema_add_field(results, &field);
}

qn_status qn_window_spec_init(window_spec *out, const qn_window_spec *spec, const qn_schema *in) {
    window_spec made = {0};
    qn_status status = QN_OK;
    int32_t most = spec->partition_count + spec->order_count + 5 * spec->call_count + 1;
    qn_schema_init(&made.results);
    for (int32_t c = 0; c < spec->call_count; c++)
        QN_TRY_GOTO(qn_window_add_result(&made.results, spec, in, &spec->calls[c]), done);
    QN_TRY_GOTO(qn_mem_alloc(&made.columns, (size_t)most, sizeof *made.columns), done);
    QN_TRY_GOTO(copy_spec(&made, spec), done);
    need_columns(&made);
    need_something(&made, in);
    *out = made;
    return QN_OK;
done:
    qn_window_spec_clear(&made);
    return status;
}

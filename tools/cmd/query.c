#include "tools/cmd/query.h"

#include "core/memory.h"

#include <string.h>

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)comm;
    qn_file_table *table = context;
    QN_TRY(qn_open_paths(out, table->arguments, &table->path, 1));
    qn_stream_free(table->scan);
    table->scan = *out;
    qn_stream_hold(table->scan);
    return QN_OK;
}

static qn_status list_tables(qn_query *query, const qn_arguments *arguments, char *const *settings,
                             int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        qn_file_table *file = &query->files[i];
        file->arguments = arguments;
        if (strchr(settings[i], '=') == NULL)
            return qn_fail(QN_USAGE, "--table takes NAME=PATH, not '%s'", settings[i]);
        QN_TRY(qn_split_setting(settings[i], "table", &file->name, &file->path));
        for (int64_t k = 0; k < i; k++)
            if (strcmp(query->files[k].name, file->name) == 0)
                return qn_fail(QN_USAGE, "table '%s' is given twice", file->name);
        query->tables[i] = (qn_plan_table){file->name, open_table, file};
    }
    return QN_OK;
}

qn_status qn_query_open(qn_query *query, const qn_arguments *arguments) {
    char *const *settings = NULL;
    int64_t count = qn_options_list(arguments->options, "table", &settings);
    *query = (qn_query){0};
    QN_TRY(qn_execution_options(&query->execution, &query->session, arguments));
    QN_TRY(qn_mem_calloc(&query->files, (size_t)count, sizeof *query->files));
    query->count = count;
    QN_TRY(qn_mem_calloc(&query->tables, (size_t)count, sizeof *query->tables));
    return list_tables(query, arguments, settings, count);
}

qn_status qn_query_settle(const qn_query *query) {
    for (int64_t i = 0; i < query->count; i++)
        if (query->files[i].scan != NULL)
            QN_TRY(qn_settle_operands(query->files[i].scan, query->files[i].arguments));
    return QN_OK;
}

void qn_query_clear(qn_query *query) {
    for (int64_t i = 0; query->files != NULL && i < query->count; i++) {
        qn_mem_free(query->files[i].name);
        qn_mem_free(query->files[i].path);
        qn_stream_free(query->files[i].scan);
    }
    qn_mem_free(query->files);
    qn_mem_free(query->tables);
    *query = (qn_query){0};
}

/* store: the versions of feature groups. */
#include "core/memory.h"
#include "core/text/number.h"
#include "features/store/store.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/print/json_print.h"
#include "tools/print/show.h"

#include <stdio.h>
#include <string.h>

static qn_status wanted_version(const qn_arguments *arguments, int64_t *out) {
    const char *text = qn_options_text(arguments->options, "version");
    *out = QN_STORE_LATEST;
    if (strcmp(text, "latest") == 0)
        return QN_OK;
    if (qn_parse_int64(qn_view_of(text), out) && *out >= 0)
        return QN_OK;
    return qn_fail(QN_USAGE, "--version takes a number or 'latest', not '%s'", text);
}

static qn_status print_json(const json_t *value) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_json_print(value, 0, &text);
    if (status == QN_OK)
        printf("%s\n", text.data);
    qn_text_clear(&text);
    return status;
}

/* ---- log ------------------------------------------------------------------------------------ */

static const char *const log_keys[] = {"group", "version", "time",    "operation",
                                       "rows",  "parts",   "message", "digest"};
enum { LOG_COLUMNS = sizeof log_keys / sizeof *log_keys };

static qn_status log_cell(const json_t *entry, const char *key, char **out) {
    const json_t *value = json_object_get(entry, key);
    if (json_is_string(value))
        return qn_mem_copy_text(out, json_string_value(value));
    if (json_is_integer(value))
        return qn_format(out, "%lld", (long long)json_integer_value(value));
    return qn_mem_copy_text(out, "");
}

static qn_status print_log(const json_t *entries) {
    static const bool right[LOG_COLUMNS] = {false, true, false, false, true, true, false, false};
    int64_t rows = (int64_t)json_array_size(entries), count = (rows + 1) * LOG_COLUMNS;
    char **cells = NULL;
    QN_TRY(qn_mem_calloc(&cells, (size_t)count, sizeof *cells));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++) {
        const char *key = log_keys[i % LOG_COLUMNS];
        const json_t *entry = json_array_get(entries, (size_t)(i / LOG_COLUMNS - 1));
        status =
            i < LOG_COLUMNS ? qn_mem_copy_text(&cells[i], key) : log_cell(entry, key, &cells[i]);
    }
    if (status == QN_OK)
        status = qn_show_cells(cells, rows, LOG_COLUMNS, right);
    qn_mem_free_all(cells, count);
    return status;
}

/* Appends the log of one group, each entry with the group's name. */
static qn_status add_group(const char *store, const char *group, json_t *all) {
    json_t *entries = NULL, *entry;
    size_t index;
    QN_TRY(qn_store_log(store, group, &entries));
    json_array_foreach(entries, index, entry) {
        json_object_set_new(entry, "group", json_string(group));
        json_array_append(all, entry);
    }
    json_decref(entries);
    return QN_OK;
}

static qn_status add_all_groups(const char *store, json_t *all) {
    json_t *groups = NULL, *group;
    size_t index;
    QN_TRY(qn_store_groups(store, &groups));
    qn_status status = QN_OK;
    json_array_foreach(groups, index, group) {
        if (status == QN_OK)
            status = add_group(store, json_string_value(group), all);
    }
    json_decref(groups);
    return status;
}

static qn_status run_log(const qn_arguments *arguments) {
    json_t *all = json_array();
    const char *store = arguments->operands[1];
    qn_status status = arguments->operand_count > 2 ? add_group(store, arguments->operands[2], all)
                                                    : add_all_groups(store, all);
    bool json = qn_options_is(arguments->options, "format", "json");
    if (status == QN_OK)
        status = json ? print_json(all) : print_log(all);
    json_decref(all);
    return status;
}

/* ---- show, read ----------------------------------------------------------------------------- */

static qn_status run_show(const qn_arguments *arguments) {
    int64_t version = 0;
    json_t *object = NULL;
    QN_TRY(wanted_version(arguments, &version));
    QN_TRY(qn_store_show(arguments->operands[1], arguments->operands[2], version, &object));
    qn_status status = print_json(object);
    json_decref(object);
    return status;
}

static qn_status deliver(const qn_arguments *arguments, qn_stream *in) {
    if (!qn_options_has(arguments->options, "output"))
        return qn_show(in, arguments->comm, qn_options_text(arguments->options, "format"));
    return qn_write_output(arguments, in);
}

static qn_status run_read(const qn_arguments *arguments) {
    int64_t version = 0;
    qn_stream *in = NULL;
    QN_TRY(wanted_version(arguments, &version));
    QN_TRY(qn_store_open(&in, arguments->comm, arguments->operands[1], arguments->operands[2],
                         version, NULL));
    qn_status status = deliver(arguments, in);
    qn_stream_free(in);
    return status;
}

static qn_status run_verify(const qn_arguments *arguments) {
    int64_t version = 0;
    QN_TRY(wanted_version(arguments, &version));
    QN_TRY(
        qn_store_verify(arguments->comm, arguments->operands[1], arguments->operands[2], version));
    if (qn_comm_rank(arguments->comm) == 0)
        printf("every part is what its record says\n");
    return QN_OK;
}

static const struct {
    const char *name;
    int operands; /* least, the name included */
    bool parallel;
    qn_status (*run)(const qn_arguments *arguments);
} verbs[] = {{"log", 2, false, run_log},
             {"show", 3, false, run_show},
             {"read", 3, true, run_read},
             {"verify", 3, true, run_verify}};

static qn_status run_store(const qn_arguments *arguments) {
    const char *names[] = {"log", "show", "read", "verify"};
    const char *name = arguments->operands[0];
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        if (arguments->operand_count < verbs[i].operands)
            return qn_fail(QN_USAGE, "'quern store %s' needs a store%s", name,
                           verbs[i].operands > 2 ? " and a group" : "");
        if (verbs[i].parallel)
            return verbs[i].run(arguments);
        qn_status status = QN_OK;
        if (qn_comm_rank(arguments->comm) == 0)
            status = verbs[i].run(arguments);
        return qn_comm_agree(arguments->comm, status);
    }
    qn_status status = qn_fail(QN_USAGE, "unknown 'quern store %s'", name);
    const char *nearest = qn_nearest(name, names, 4);
    qn_error_help(nearest != NULL ? "did you mean 'quern store %s'?" : "see 'quern store --help'%s",
                  nearest != NULL ? nearest : "");
    return status;
}

static const qn_option options[] = {
    {"version", QN_OPTION_TEXT, "latest", NULL, "which version: a number, or latest"},
    {"output", QN_OPTION_TEXT, NULL, NULL, "read: file to write instead of standard output"},
    {"format", QN_OPTION_CHOICE, "table", "table|csv|json", "how to print"},
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_store = {
    .name = "store",
    .synopsis = "store log|show|read|verify STORE [GROUP] [--version N] [-o OUT]",
    .help = "the versions of feature groups",
    .details = "  quern store log STORE [GROUP]      all versions, oldest first\n"
               "  quern store show STORE GROUP       one version: columns, files, lineage\n"
               "  quern store read STORE GROUP       its rows\n"
               "  quern store verify STORE GROUP     check every byte against the record",
    .options = options,
    .least = 1,
    .most = 3,
    .parallel = true,
    .run = run_store};

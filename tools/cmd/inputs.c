#include "tools/cmd/inputs.h"

#include "core/csv/csv.h"
#include "core/log.h"
#include "core/memory.h"
#include "features/scan/scan.h"
#include "features/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

qn_status qn_split_setting(const char *setting, const char *option, char **key, char **value) {
    const char *equals = strchr(setting, '=');
    if (equals == NULL || equals == setting)
        return qn_fail(QN_USAGE, "--%s takes KEY=VALUE, not '%s'", option, setting);
    char *name = NULL;
    QN_TRY(qn_mem_copy_text(&name, setting));
    name[equals - setting] = '\0';
    qn_status status = qn_mem_copy_text(value, equals + 1);
    if (status != QN_OK) {
        qn_mem_free(name);
        return status;
    }
    *key = name;
    return QN_OK;
}

qn_status qn_apply_settings(const qn_arguments *arguments, const char *option, qn_options *out) {
    char *const *settings = NULL;
    int64_t count = qn_options_list(arguments->options, option, &settings);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++) {
        char *key = NULL, *value = NULL;
        status = qn_split_setting(settings[i], option, &key, &value);
        if (status == QN_OK)
            status = qn_options_set(out, key, value);
        qn_mem_free(key);
        qn_mem_free(value);
    }
    return status;
}

qn_status qn_write_output(const qn_arguments *arguments, qn_stream *in) {
    const char *output = NULL;
    int64_t rows = 0;
    char count[32];
    QN_TRY(qn_require_output(arguments, &output));
    QN_TRY(qn_write(in, arguments->comm, output, &rows));
    qn_info("wrote %s rows to %s", qn_grouped(rows, count), output);
    return QN_OK;
}

static qn_status read_options(qn_options **out, const qn_arguments *arguments) {
    qn_options *options = NULL;
    QN_TRY(qn_options_new(&options, qn_csv_options));
    qn_status status = qn_apply_settings(arguments, "read", options);
    if (status != QN_OK) {
        qn_options_free(options);
        return status;
    }
    *out = options;
    return QN_OK;
}

/* *out stays NULL if the path is no feature version. */
static qn_status open_version(qn_stream **out, qn_comm *comm, const char *path) {
    char *store = NULL, *group = NULL;
    int64_t version = 0;
    QN_TRY(qn_mem_copy_text(&store, path));
    qn_status status = QN_OK;
    if (qn_split_group(store, &group, &version))
        status = qn_store_open(out, comm, store, group, version, NULL);
    qn_mem_free(store);
    return status;
}

qn_status qn_open_tables(qn_stream **out, qn_comm *comm, char *const *paths, int64_t count,
                         const qn_options *read) {
    qn_stream *version = NULL;
    if (count == 1)
        QN_TRY(open_version(&version, comm, paths[0]));
    if (version != NULL) {
        *out = version;
        return QN_OK;
    }
    return qn_scan_open(out, comm, (const char *const *)paths, count, read);
}

qn_status qn_open_paths(qn_stream **out, const qn_arguments *arguments, char *const *paths,
                        int64_t count) {
    qn_options *options = NULL;
    QN_TRY(read_options(&options, arguments));
    qn_status status = qn_open_tables(out, arguments->comm, paths, count, options);
    qn_options_free(options);
    return status;
}

qn_status qn_open_operands(qn_stream **out, const qn_arguments *arguments, int first) {
    return qn_open_paths(out, arguments, arguments->operands + first,
                         arguments->operand_count - first);
}

qn_status qn_settle_bad_records(qn_stream *scan, qn_comm *comm, const qn_options *read,
                                int64_t *bad) {
    QN_TRY(qn_scan_complete(scan, comm));
    qn_scan_report report = qn_scan_report_of(scan);
    QN_TRY(qn_comm_sum_i64(comm, &report.bad_records, 1));
    if (bad != NULL)
        *bad = report.bad_records;
    char count[32];
    bool kept = qn_options_is(read, "mode", "quarantine");
    if (kept && qn_options_has(read, "quarantine_path")) {
        const char *path = qn_options_text(read, "quarantine_path");
        QN_TRY(qn_csv_scan_quarantine_write(scan, comm, path, NULL));
        if (report.bad_records > 0)
            qn_warn("%s bad records were left out; they are in %s",
                    qn_grouped(report.bad_records, count), path);
    } else if (report.bad_records > 0) {
        qn_warn("%s bad records were left out", qn_grouped(report.bad_records, count));
    }
    return QN_OK;
}

qn_status qn_settle_operands(qn_stream *scan, const qn_arguments *arguments) {
    qn_options *options = NULL;
    QN_TRY(read_options(&options, arguments));
    qn_status status = qn_settle_bad_records(scan, arguments->comm, options, NULL);
    qn_options_free(options);
    return status;
}

qn_status qn_require_output(const qn_arguments *arguments, const char **out) {
    if (!qn_options_has(arguments->options, "output"))
        return qn_fail(QN_USAGE, "where to? give -o PATH");
    *out = qn_options_text(arguments->options, "output");
    return QN_OK;
}

bool qn_is_model_name(const char *path) {
    return qn_write_knows(path) && strcmp(strrchr(path, '.'), ".csv") != 0;
}

qn_status qn_require_model_output(const qn_arguments *arguments, const char **out) {
    QN_TRY(qn_require_output(arguments, out));
    if (qn_is_model_name(*out))
        return QN_OK;
    return qn_fail(QN_USAGE, "the name of a model file ends with .h5, not '%s'", *out);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool qn_split_group(char *path, char **group, int64_t *version) {
    *version = QN_STORE_LATEST;
    char *at = strrchr(path, '@'), *end = NULL;
    if (at != NULL) {
        long long number = strtoll(at + 1, &end, 10);
        if (end == at + 1 || *end != '\0')
            return false;
        *version = number;
        *at = '\0';
    }
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        path[--length] = '\0';
    static const char folder[] = "/groups/";
    char *groups = strstr(path, folder);
    if (groups == NULL || !is_folder(path))
        return false;
    *groups = '\0';
    *group = groups + sizeof folder - 1;
    return true;
}

const char *qn_grouped(int64_t value, char out[32]) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)value), n = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
            out[n++] = ',';
        out[n++] = digits[i];
    }
    out[n] = '\0';
    return out;
}

/* evaluate: metrics of predictions. */
#include "core/memory.h"
#include "ml/evaluate.h"
#include "tools/commands.h"
#include "tools/inputs.h"
#include "tools/json_print.h"

#include <stdio.h>
#include <string.h>

/* Only the metrics asked for; USAGE error for one that does not exist. */
static qn_status keep_metrics(json_t *metrics, char *const *names, int64_t count, json_t **out) {
    json_t *kept = json_object();
    for (int64_t i = 0; i < count; i++) {
        json_t *value = json_object_get(metrics, names[i]);
        if (value == NULL) {
            json_decref(kept);
            const char *all[32], *key;
            json_t *ignored;
            int64_t n = 0;
            json_object_foreach(metrics, key, ignored) {
                if (n < 32)
                    all[n++] = key;
            }
            const char *nearest = qn_nearest(names[i], all, n);
            qn_status status = qn_fail(QN_USAGE, "unknown metric '%s'", names[i]);
            if (nearest != NULL)
                qn_error_help("did you mean '%s'?", nearest);
            return status;
        }
        json_object_set(kept, names[i], value);
    }
    *out = kept;
    return QN_OK;
}

static qn_status print_metrics(const qn_arguments *arguments, json_t *all) {
    json_t *metrics = json_incref(all);
    if (qn_options_has(arguments->options, "metric")) {
        char *const *names = NULL;
        int64_t count = qn_options_list(arguments->options, "metric", &names);
        json_decref(metrics);
        QN_TRY(keep_metrics(all, names, count, &metrics));
    }
    qn_text text;
    qn_text_init(&text);
    qn_status status = QN_OK;
    const char *key;
    json_t *value;
    if (qn_options_is(arguments->options, "format", "json")) {
        status = qn_json_print(metrics, 0, &text);
        if (status == QN_OK)
            printf("%s\n", text.data);
    } else {
        json_object_foreach(metrics, key, value) {
            printf("%-20s %.10g\n", key, json_number_value(value));
        }
    }
    qn_text_clear(&text);
    json_decref(metrics);
    return status;
}

static const char *text_or_null(const qn_arguments *arguments, const char *name) {
    return qn_options_has(arguments->options, name) ? qn_options_text(arguments->options, name)
                                                    : NULL;
}

static qn_status run_evaluate(const qn_arguments *arguments) {
    qn_evaluate_columns columns = {.label = text_or_null(arguments, "label"),
                                   .prediction = text_or_null(arguments, "prediction"),
                                   .weight = text_or_null(arguments, "weight")};
    if (columns.label == NULL)
        return qn_fail(QN_USAGE, "which column holds the truth? give --label COL");
    qn_stream *in = NULL;
    qn_evaluation evaluation;
    json_t *metrics = NULL;
    QN_TRY(qn_open_operands(&in, arguments, 0));
    qn_status status = qn_evaluate_regression(&evaluation, in, arguments->comm, &columns);
    if (status == QN_OK)
        status = qn_evaluation_to_json(&evaluation, &metrics);
    if (status == QN_OK && qn_comm_rank(arguments->comm) == 0)
        status = print_metrics(arguments, metrics);
    status = qn_comm_agree(arguments->comm, status);
    json_decref(metrics);
    qn_stream_free(in);
    return status;
}

static const qn_option options[] = {
    {"label", QN_OPTION_TEXT, NULL, NULL, "column with the true values"},
    {"prediction", QN_OPTION_TEXT, "prediction", NULL, "column with the predictions"},
    {"weight", QN_OPTION_TEXT, NULL, NULL, "column with row weights"},
    {"metric", QN_OPTION_TEXTS, NULL, NULL, "which metrics (default: all)"},
    {"format", QN_OPTION_CHOICE, "table", "table|json", "how to print"},
    QN_READ_OPTION,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_evaluate = {
    .name = "evaluate",
    .synopsis = "evaluate INPUT... --label COL [--prediction COL] [--metric rmse,r2,...]",
    .help = "metrics of predictions",
    .options = options,
    .least = 1,
    .most = -1,
    .parallel = true,
    .run = run_evaluate};

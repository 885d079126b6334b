/* evaluate: metrics of predictions. */
#include "core/text/number.h"
#include "ml/evaluate.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/print/json_print.h"

#include <math.h>
#include <stdio.h>

/* The metrics to print: those of --metric, or all. */
static qn_status choose(const qn_arguments *arguments, const qn_metrics *metrics, json_t *out) {
    char *const *names = (char *const *)(uintptr_t)qn_metric_names;
    int64_t count = 0;
    if (qn_options_has(arguments->options, "metric"))
        count = qn_options_list(arguments->options, "metric", &names);
    else
        while (names[count] != NULL)
            count++;
    for (int64_t i = 0; i < count; i++) {
        double value = 0;
        QN_TRY(qn_metrics_get(metrics, names[i], &value));
        json_object_set_new(out, names[i], isfinite(value) ? json_real(value) : json_null());
    }
    return QN_OK;
}

static qn_status print(const qn_arguments *arguments, const json_t *metrics) {
    const char *key;
    json_t *value;
    if (qn_options_is(arguments->options, "format", "json")) {
        qn_text text;
        qn_text_init(&text);
        qn_status status = qn_json_print(metrics, 0, &text);
        if (status == QN_OK)
            printf("%s\n", text.data);
        qn_text_clear(&text);
        return status;
    }
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value) {
        char number[32] = "nan";
        if (json_is_number(value))
            number[qn_print_real(json_number_value(value), number)] = '\0';
        printf("%-8s %s\n", key, number);
    }
    return QN_OK;
}

static const char *text_or_null(const qn_arguments *arguments, const char *name) {
    return qn_options_has(arguments->options, name) ? qn_options_text(arguments->options, name)
                                                    : NULL;
}

static qn_status run_evaluate(const qn_arguments *arguments) {
    qn_evaluate_request request = {.label_col = text_or_null(arguments, "label"),
                                   .prediction_col = text_or_null(arguments, "prediction"),
                                   .weight_col = text_or_null(arguments, "weight")};
    if (request.label_col == NULL)
        return qn_fail(QN_USAGE, "which column holds the truth? give --label COL");
    qn_stream *in = NULL;
    qn_metrics metrics;
    QN_TRY(qn_open_operands(&in, arguments, 0));
    json_t *chosen = json_object();
    qn_status status = qn_evaluate(in, arguments->comm, &request, &metrics);
    if (status == QN_OK)
        status = choose(arguments, &metrics, chosen);
    if (status == QN_OK && qn_comm_rank(arguments->comm) == 0)
        status = print(arguments, chosen);
    json_decref(chosen);
    qn_stream_free(in);
    return qn_comm_agree(arguments->comm, status);
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

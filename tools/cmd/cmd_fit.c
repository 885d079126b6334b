/* fit: one stage or estimator on tables. */
#include "core/log.h"
#include "core/memory.h"
#include "features/pipeline.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/cmd/registries.h"
#include "tools/print/model_view.h"

#include <stdio.h>
#include <string.h>

static qn_status apply_settings(qn_stage *stage, const qn_arguments *arguments) {
    qn_status status = qn_apply_settings(arguments, "set", stage->options);
    if (status != QN_OK) {
        qn_error_prefix("%s: ", stage->class_->name);
        return status;
    }
    if (!qn_options_has(arguments->options, "label"))
        return QN_OK;
    return qn_stage_set(stage, "label_col", qn_options_text(arguments->options, "label"));
}

/* The features of an estimator: those of --features, or all numeric columns that are no label or
 * weight. */
static qn_status choose_features(const qn_arguments *arguments, const qn_stage *stage,
                                 const qn_schema *schema, const char **names, int64_t *count) {
    if (qn_options_has(arguments->options, "features")) {
        char *const *given = NULL;
        *count = qn_options_list(arguments->options, "features", &given);
        if (*count == 0)
            return qn_fail(QN_USAGE, "--features names no column");
        for (int64_t i = 0; i < *count; i++) {
            int32_t index = 0;
            if (i >= schema->count)
                return qn_fail(QN_USAGE, "--features names more columns than the input has");
            QN_TRY(qn_schema_require(schema, given[i], &index));
            names[i] = given[i];
        }
        return QN_OK;
    }
    const char *label = qn_options_text(stage->options, "label_col");
    bool weighted = qn_options_has(stage->options, "weight_col");
    const char *weight = weighted ? qn_options_text(stage->options, "weight_col") : "";
    *count = 0;
    for (int32_t i = 0; i < schema->count; i++) {
        const qn_field *field = &schema->fields[i];
        bool feature = qn_type_is_numeric(field->type) || field->type == QN_BOOL;
        if (feature && strcmp(field->name, label) != 0 && strcmp(field->name, weight) != 0)
            names[(*count)++] = field->name;
    }
    return *count > 0 ? QN_OK
                      : qn_fail(QN_JOB, "the input has no numeric columns to take as features");
}

/* An assembler in front of the estimator, unless its features are a vector column already. */
static qn_status add_assembler(qn_stage **stage, const qn_arguments *arguments,
                               const qn_schema *schema) {
    qn_stage *parts[2] = {NULL, *stage};
    const char **names = NULL;
    const qn_stage_class *class_ = NULL;
    int64_t count = 0;
    qn_status status;
    const char *vector = qn_options_text((*stage)->options, "features_col");
    int32_t index = qn_schema_find(schema, vector);
    if (index >= 0 && schema->fields[index].type == QN_VECTOR &&
        !qn_options_has(arguments->options, "features"))
        return QN_OK;
    QN_TRY_GOTO(qn_mem_calloc(&names, (size_t)schema->count, sizeof *names), done);
    QN_TRY_GOTO(choose_features(arguments, *stage, schema, names, &count), done);
    QN_TRY_GOTO(qn_stage_find(qn_all_stages, "vector_assembler", &class_), done);
    QN_TRY_GOTO(qn_stage_new(&parts[0], class_), done);
    QN_TRY_GOTO(qn_stage_set_list(parts[0], "input_cols", names, count), done);
    QN_TRY_GOTO(qn_stage_set(parts[0], "output_col", vector), done);
    *stage = NULL; /* the pipeline takes both over */
    status = qn_pipeline_new(stage, parts, 2);
    parts[0] = NULL;
done:
    qn_stage_free(parts[0]);
    qn_mem_free(names);
    return status;
}

/* A few lines of what was learnt. */
static void say_result(const qn_stage *stage, const char *output) {
    json_t *object = NULL, *value;
    const char *key;
    if (qn_model_describe(stage, &object) != QN_OK)
        return;
    json_object_foreach(json_object_get(object, "metrics"), key, value) {
        if (json_is_number(value))
            qn_info("%-20s %.6g", key, json_number_value(value));
    }
    qn_info("wrote %s to %s", stage->class_->name, output);
    json_decref(object);
}

static qn_status require_label(const qn_stage *stage, const qn_schema *schema) {
    int32_t index;
    qn_status status =
        qn_schema_require(schema, qn_options_text(stage->options, "label_col"), &index);
    if (status != QN_OK)
        qn_error_prefix("which column is the label? give --label COL: ");
    return status;
}

static qn_status fit(qn_stage **stage, qn_stream *in, const qn_execution *execution,
                     const qn_arguments *arguments) {
    const char *output = qn_options_text(arguments->options, "output");
    qn_status status = apply_settings(*stage, arguments);
    bool assembles = (*stage)->class_->kind == QN_STAGE_PREDICTOR;
    if (status == QN_OK && assembles)
        status = require_label(*stage, &in->schema);
    if (status == QN_OK && assembles)
        status = add_assembler(stage, arguments, &in->schema);
    else if (status == QN_OK && qn_options_has(arguments->options, "features")) {
        status = qn_fail(QN_USAGE, "--features is for estimators; '%s' is a stage",
                         (*stage)->class_->name);
        qn_error_help("give its columns by --set input_cols=A,B or --set input_col=A");
    }
    QN_TRY(qn_comm_agree(arguments->comm, status));
    qn_stage_set_execution(*stage, execution);
    QN_TRY(qn_stage_fit(*stage, in, arguments->comm));
    QN_TRY(qn_pipeline_save(*stage, arguments->comm, output));
    if (qn_comm_rank(arguments->comm) == 0)
        say_result(*stage, output);
    return QN_OK;
}

static qn_status run_fit(const qn_arguments *arguments) {
    const qn_stage_class *class_ = NULL;
    const char *output = NULL;
    qn_stage *stage = NULL;
    qn_stream *in = NULL;
    qn_session session;
    qn_execution execution;
    qn_status status;
    QN_TRY(qn_require_model_output(arguments, &output));
    QN_TRY(qn_execution_options(&execution, &session, arguments));
    QN_TRY(qn_stage_find(qn_all_stages, arguments->operands[0], &class_));
    QN_TRY_GOTO(qn_stage_new(&stage, class_), done);
    QN_TRY_GOTO(qn_open_operands(&in, arguments, 1), done);
    QN_TRY_GOTO(fit(&stage, in, &execution, arguments), done);
    status = qn_settle_operands(in, arguments);
done:
    qn_stream_free(in);
    qn_stage_free(stage);
    return status;
}

static const qn_option options[] = {
    {"label", QN_OPTION_TEXT, NULL, NULL, "the label column of an estimator"},
    {"features", QN_OPTION_TEXTS, NULL, NULL,
     "feature columns of an estimator (default: all numeric ones but the label)"},
    {"set", QN_OPTION_TEXTS, "", "repeated", "option of the stage, as KEY=VALUE"},
    {"output", QN_OPTION_TEXT, NULL, NULL, "model file to write (.h5)"},
    QN_READ_OPTION,
    QN_EXECUTION_OPTIONS,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_fit = {
    .name = "fit",
    .synopsis =
        "fit NAME INPUT... [--label COL] [--features COL,...] [--set OPTION=VALUE]... -o MODEL",
    .help = "fit a stage or an estimator",
    .details =
        "  quern fit linear_regression d.csv --label price --features carat,depth -o m.h5\n\n"
        "'quern help stages' lists the names, 'quern help NAME' the options.",
    .options = options,
    .least = 2,
    .most = -1,
    .parallel = true,
    .run = run_fit};

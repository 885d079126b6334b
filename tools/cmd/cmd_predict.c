/* transform, predict: a fitted stage, pipeline or model over new data. */
#include "core/log.h"
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/pipeline.h"
#include "features/stage/stages.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/cmd/registries.h"
#include "tools/print/model_view.h"

#include <string.h>

/* What a prediction is told by: the columns of the SQL step that the model begins with, or those
 * of the input. */
static qn_status base_schema(qn_stage *stage, const qn_schema *input, qn_schema *out) {
    qn_stage *const *children;
    if (qn_stage_children(stage, &children) > 0 && children[0]->class_ == &qn_sql_transformer_class)
        return qn_stage_bind(children[0], input, out);
    return qn_schema_copy(out, input);
}

/* What `predict` writes: the base's columns and the prediction, which comes last; not the features
 * made on the way. */
static qn_status select_prediction(qn_stream **out, qn_stream *transformed, const qn_schema *base) {
    int32_t *columns = NULL;
    qn_status status = qn_mem_alloc(&columns, (size_t)transformed->schema.count, sizeof *columns);
    int32_t count = 0, last = transformed->schema.count - 1;
    for (int32_t i = 0; i < base->count && status == QN_OK; i++) {
        int32_t index = qn_schema_find(&transformed->schema, base->fields[i].name);
        if (index >= 0 && index != last)
            columns[count++] = index;
    }
    if (status != QN_OK) {
        qn_stream_free(transformed);
        return status;
    }
    columns[count++] = last;
    status = qn_select_open(out, transformed, columns, count);
    qn_mem_free(columns);
    return status;
}

static bool predicts(const qn_stage *stage, json_t **description) {
    return qn_model_describe(stage, description) == QN_OK &&
           (stage->class_->kind == QN_STAGE_PREDICTOR ||
            json_object_get(*description, "model") != NULL);
}

/* ---- Data without the label ------------------------------------------------------------------ */

/* The SQL step names the label, which new data lack: it does without. A column that the model
 * itself needs is missed by the stage that reads it. */
static qn_status do_without_label(qn_stage *stage) {
    qn_stage *const *children;
    int64_t count = qn_stage_children(stage, &children);
    if (stage->class_ == &qn_sql_transformer_class)
        return qn_stage_set(stage, "missing_columns", "drop");
    for (int64_t i = 0; i < count; i++)
        QN_TRY(do_without_label(children[i]));
    return QN_OK;
}

static bool named_before(const qn_plan_gaps *gaps, int64_t index) {
    for (int64_t i = 0; i < index; i++)
        if (strcmp(gaps->items[i].column, gaps->items[index].column) == 0)
            return true;
    return false;
}

static bool is_in_condition(const qn_plan_gaps *gaps, const char *column) {
    for (int64_t i = 0; i < gaps->count; i++)
        if (gaps->items[i].output == NULL && strcmp(gaps->items[i].column, column) == 0)
            return true;
    return false;
}

/* One line a missing column. */
static void report_gaps(const qn_stage *stage) {
    qn_stage *const *children;
    int64_t count = qn_stage_children(stage, &children);
    for (int64_t i = 0; i < count; i++)
        report_gaps(children[i]);
    if (stage->class_ != &qn_sql_transformer_class)
        return;
    const qn_plan_gaps *gaps = qn_sql_transformer_gaps(stage);
    for (int64_t i = 0; i < gaps->count; i++) {
        const char *column = gaps->items[i].column;
        if (named_before(gaps, i))
            continue;
        if (is_in_condition(gaps, column))
            qn_warn("the input lacks column '%s': the SQL step's conditions on it are not applied",
                    column);
        else
            qn_info("the input lacks column '%s': the SQL step leaves out what needs it", column);
    }
}

/* ---- The commands ---------------------------------------------------------------------------- */

static qn_status apply(const qn_arguments *arguments, bool predict) {
    qn_stage *stage = NULL;
    qn_stream *in = NULL, *transformed = NULL, *result = NULL;
    qn_schema base;
    qn_schema_init(&base);
    json_t *description = NULL;
    const char *output = NULL;
    qn_session session;
    qn_execution execution;
    qn_status status;
    QN_TRY(qn_require_output(arguments, &output));
    QN_TRY(qn_execution_options(&execution, &session, arguments));
    QN_TRY_GOTO(qn_pipeline_load(&stage, arguments->comm, arguments->operands[0], qn_all_stages),
                done);
    if (predict && !predicts(stage, &description)) {
        status = qn_fail(QN_JOB, "%s holds a '%s', which predicts nothing", arguments->operands[0],
                         stage->class_->name);
        qn_error_help("use 'quern transform'");
        goto done;
    }
    qn_stage_set_execution(stage, &execution);
    if (predict)
        QN_TRY_GOTO(qn_comm_agree(arguments->comm, do_without_label(stage)), done);
    QN_TRY_GOTO(qn_open_operands(&in, arguments, 1), done);
    qn_stream_hold(in); /* a stage of all rows gives it up when they are read */
    status = base_schema(stage, &in->schema, &base);
    if (status == QN_OK)
        status = qn_stage_stream(&transformed, stage, in);
    else
        qn_stream_free(in);
    if (status == QN_OK && predict)
        status = select_prediction(&result, transformed, &base);
    else
        result = transformed;
    if (status != QN_OK)
        qn_error_prefix("the input does not fit '%s': ", arguments->operands[0]);
    status = qn_comm_agree(arguments->comm, status);
    if (status == QN_OK && predict)
        report_gaps(stage);
    if (status == QN_OK)
        status = qn_write_output(arguments, result);
    if (status == QN_OK)
        status = qn_settle_operands(in, arguments);
done:
    json_decref(description);
    qn_schema_clear(&base);
    qn_stream_free(result);
    qn_stream_free(in);
    qn_stage_free(stage);
    return status;
}

static qn_status run_transform(const qn_arguments *arguments) {
    return apply(arguments, false);
}

static qn_status run_predict(const qn_arguments *arguments) {
    return apply(arguments, true);
}

static const qn_option options[] = {
    {"output", QN_OPTION_TEXT, NULL, NULL, "file to write: .csv, or .h5 for a table file"},
    QN_READ_OPTION,
    QN_EXECUTION_OPTIONS,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_transform = {.name = "transform",
                                     .synopsis = "transform MODEL INPUT... -o OUT",
                                     .help = "apply a fitted stage or pipeline",
                                     .options = options,
                                     .least = 2,
                                     .most = -1,
                                     .parallel = true,
                                     .run = run_transform};

const qn_command qn_cmd_predict = {
    .name = "predict",
    .synopsis = "predict MODEL INPUT... -o OUT",
    .help = "score new data with a model",
    .details =
        "The output holds the columns of the input, or of the SQL step that the model begins\n"
        "with, and the prediction. A model that was fitted by a job carries its SQL and\n"
        "stages, so raw data can be scored; the label may be missing.",
    .options = options,
    .least = 2,
    .most = -1,
    .parallel = true,
    .run = run_predict};

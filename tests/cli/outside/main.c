/* A program outside the project: fits a line through the public headers of an installed libquern.
 */
#include "core/memory.h"
#include "features/pipeline.h"
#include "features/scan/scan.h"
#include "features/stage/registry.h"
#include "ml/registry.h"

#include <stdio.h>

static const qn_registry registries[] = {qn_feature_stages, qn_estimators, NULL};

static qn_status make_stage(qn_stage **out, const char *name) {
    const qn_stage_class *class_ = NULL;
    QN_TRY(qn_stage_find(registries, name, &class_));
    return qn_stage_new(out, class_);
}

static qn_status fit_line(qn_comm *comm, const char *path) {
    qn_stage *stages[2] = {NULL, NULL}, *pipeline = NULL;
    qn_stream *in = NULL;
    json_t *object = NULL;
    QN_TRY(make_stage(&stages[0], "vector_assembler"));
    QN_TRY(make_stage(&stages[1], "linear_regression"));
    QN_TRY(qn_stage_set(stages[0], "input_cols", "x"));
    QN_TRY(qn_stage_set(stages[0], "output_col", "features"));
    QN_TRY(qn_stage_set(stages[1], "label_col", "y"));
    QN_TRY(qn_scan_open(&in, comm, &path, 1, NULL));
    QN_TRY(qn_pipeline_new(&pipeline, stages, 2));
    QN_TRY(qn_stage_fit(pipeline, in, comm));
    QN_TRY(qn_stage_describe(stages[1], &object));
    if (qn_comm_rank(comm) == 0)
        printf("slope %.6f intercept %.6f\n",
               json_number_value(json_array_get(json_object_get(object, "coefficients"), 0)),
               json_number_value(json_object_get(object, "intercept")));
    json_decref(object);
    qn_stage_free(pipeline);
    qn_stream_free(in);
    return QN_OK;
}

int main(int argc, char **argv) {
    qn_comm *comm = NULL;
    if (argc < 2 || qn_comm_world(&comm) != QN_OK)
        return 2;
    qn_status status = fit_line(comm, argv[1]);
    if (status != QN_OK && qn_comm_rank(comm) == 0)
        fprintf(stderr, "%s\n", qn_last_error().message);
    qn_comm_free(comm);
    return qn_status_exit_code(status);
}

#include "features/stage/categorical/encode.h"

#include "core/memory.h"
#include "features/stage/as_text.h"

qn_status qn_encode_step(const qn_map_step *step, const qn_labels *labels, qn_encode_put put,
                         const char *advice, qn_column **out) {
    int64_t length = step->column->length;
    qn_column *texts = NULL, *made = NULL;
    int32_t *positions = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_as_text(&texts, step->column), done);
    QN_TRY_GOTO(qn_mem_alloc(&positions, (size_t)length, sizeof *positions), done);
    QN_TRY_GOTO(qn_column_new_raw(&made, QN_FLOAT64, length, 0), done);
    QN_TRY_GOTO(qn_labels_find_all(labels, texts, positions), done);
    int64_t bad_row = put(step, texts, positions, made);
    if (bad_row >= 0)
        status = qn_labels_fail_row(labels, step->field, texts, step->batch, bad_row, advice);
    if (status == QN_OK) {
        *out = made;
        made = NULL;
    }
done:
    qn_column_release(made);
    qn_column_release(texts);
    qn_mem_free(positions);
    return status;
}

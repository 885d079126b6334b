#include "features/stage/numeric/column_quantiles.h"

#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "mpi/comm/reduce.h"

static qn_status begin(qn_column_quantiles *self, const qn_stage *stage) {
    int32_t count;
    double error = qn_options_real(stage->options, "relative_error");
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_mem_calloc(&self->of, (size_t)count, sizeof *self->of));
    for (; self->count < count; self->count++)
        QN_TRY(qn_quantiles_init(&self->of[self->count], error));
    return QN_OK;
}

qn_status qn_column_quantiles_add(qn_column_quantiles *self, const qn_stage *stage,
                                  const qn_schema *schema, const qn_batch *batch) {
    if (self->of == NULL)
        QN_TRY(begin(self, stage));
    for (int32_t i = 0; i < self->count && batch->length > 0; i++) {
        int32_t index;
        const double *values = NULL;
        double *owned = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(qn_map_reals(batch->columns[index], &values, &owned));
        qn_status status =
            qn_quantiles_add(&self->of[i], batch->first_row / QN_BATCH_ROWS, values, batch->length);
        qn_mem_free(owned);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_column_quantiles_finish(qn_column_quantiles *self, const qn_stage *stage,
                                     qn_comm *comm) {
    qn_quantiles **list = NULL;
    QN_TRY(qn_comm_agree(comm, qn_mem_alloc(&list, (size_t)self->count, sizeof *list)));
    for (int64_t i = 0; i < self->count; i++)
        list[i] = &self->of[i];
    qn_status status = qn_reduce_quantiles(comm, list, self->count);
    qn_mem_free(list);
    QN_TRY(status);
    for (int32_t i = 0; i < self->count; i++)
        if (self->of[i].count == 0)
            return qn_fail(QN_DATA, "column '%s' has no value to compute quantiles from",
                           qn_columns_input(stage, i));
    return QN_OK;
}

void qn_column_quantiles_clear(qn_column_quantiles *self) {
    for (int64_t i = 0; i < self->count; i++)
        qn_quantiles_clear(&self->of[i]);
    qn_mem_free(self->of);
    *self = (qn_column_quantiles){0};
}

#include "features/stage/categorical/counts.h"

#include "core/memory.h"
#include "features/stage/as_text.h"
#include "features/stage/columns.h"
#include "mpi/comm/reduce.h"

static qn_status begin(qn_category_counts *counts, const qn_stage *stage) {
    int32_t columns;
    QN_TRY(qn_columns_count(stage, &columns));
    QN_TRY(qn_mem_calloc(&counts->columns, (size_t)columns, sizeof *counts->columns));
    while (counts->count < columns) {
        QN_TRY(qn_frequency_init(&counts->columns[counts->count], QN_STRING));
        counts->count++;
    }
    return QN_OK;
}

qn_status qn_category_counts_add(qn_category_counts *counts, const qn_stage *stage,
                                 const qn_schema *schema, const qn_batch *batch) {
    if (counts->columns == NULL)
        QN_TRY(begin(counts, stage));
    for (int32_t i = 0; i < counts->count; i++) {
        int32_t index;
        qn_column *texts = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(qn_as_text(&texts, batch->columns[index]));
        qn_status status = qn_frequency_add(&counts->columns[i], texts);
        qn_column_release(texts);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_category_counts_reduce(qn_category_counts *counts, qn_comm *comm) {
    for (int64_t i = 0; i < counts->count; i++)
        QN_TRY(qn_reduce_frequency(comm, &counts->columns[i]));
    return QN_OK;
}

void qn_category_counts_clear(qn_category_counts *counts) {
    for (int64_t i = 0; i < counts->count; i++)
        qn_frequency_clear(&counts->columns[i]);
    qn_mem_free(counts->columns);
    *counts = (qn_category_counts){0};
}

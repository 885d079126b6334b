#include "features/store/cut.h"

#include "core/memory.h"

static bool is_exact(qn_type type) {
    return type == QN_BOOL || type == QN_INT32 || type == QN_INT64 || type == QN_STRING ||
           type == QN_DATE || type == QN_TIMESTAMP;
}

static qn_status find_columns(store_cut *cut, const qn_schema *schema,
                              const qn_store_options *options) {
    qn_type types[QN_STORE_MOST_PARTITION_COLUMNS];
    if (options->partition_count > QN_STORE_MOST_PARTITION_COLUMNS)
        return qn_fail(QN_JOB, "%d columns to partition by; at most %d", options->partition_count,
                       QN_STORE_MOST_PARTITION_COLUMNS);
    QN_TRY(qn_mem_alloc(&cut->columns, (size_t)options->partition_count, sizeof *cut->columns));
    cut->column_count = options->partition_count;
    for (int32_t i = 0; i < cut->column_count; i++) {
        QN_TRY(qn_schema_require(schema, options->partition_by[i], &cut->columns[i]));
        const qn_field *field = &schema->fields[cut->columns[i]];
        types[i] = field->type;
        if (is_exact(field->type))
            continue;
        qn_status status = qn_fail(QN_JOB,
                                   "column '%s' is %s; a group is partitioned by strings, "
                                   "integers, bools, dates or timestamps",
                                   field->name, qn_type_name(field->type));
        qn_error_help("cast it, or round it, into a column of its own");
        return status;
    }
    return qn_key_new(&cut->key, types, cut->column_count);
}

qn_status store_cut_init(store_cut *cut, const qn_schema *schema, const qn_store_options *options) {
    int64_t batches = options->part_batches > 0 ? options->part_batches : QN_STORE_PART_BATCHES;
    *cut = (store_cut){.part_rows = batches * QN_BATCH_ROWS, .part = -1};
    qn_status status = options->partition_count > 0 ? find_columns(cut, schema, options) : QN_OK;
    if (status != QN_OK)
        store_cut_clear(cut);
    return status;
}

void store_cut_clear(store_cut *cut) {
    qn_key_free(cut->key);
    qn_mem_free(cut->columns);
    *cut = (store_cut){0};
}

/* Hashes of the partitions of a batch's rows. Neighbours with different values and equal hashes are
 * one in 2^64: they would share a part, whose rows are right all the same. */
static qn_status hash_rows(store_cut *cut, const qn_batch *batch, uint64_t *hashes) {
    qn_column *columns[QN_STORE_MOST_PARTITION_COLUMNS];
    for (int32_t i = 0; i < cut->column_count; i++)
        columns[i] = batch->columns[cut->columns[i]];
    return qn_key_hash(cut->key, columns, batch->length, hashes);
}

static qn_status check_changes(int64_t changes) {
    if (changes < STORE_MOST_PARTITIONS)
        return QN_OK;
    qn_status status =
        qn_fail(QN_DATA, "the columns to partition by have more than %d different values",
                STORE_MOST_PARTITIONS);
    qn_error_help("each becomes a file of its own: choose columns of few values");
    return status;
}

/* Where a partition or a block begins, a part begins, named by its first row. */
static qn_status cut_rows(store_cut *cut, const qn_batch *batch, const uint64_t *hashes,
                          store_run *runs, int64_t *count) {
    int64_t n = 0;
    for (int64_t i = 0; i < batch->length; i++) {
        int64_t row = qn_batch_row(batch, i);
        bool first = !cut->begun, changed = cut->begun && hashes[i] != cut->last_hash;
        if (first) {
            cut->begun = true;
            cut->first_row = row;
            cut->first_hash = hashes[i];
        }
        if (first || changed || row % cut->part_rows == 0)
            cut->part = row;
        if (n == 0 || runs[n - 1].part != cut->part)
            runs[n++] = (store_run){i, i, cut->part};
        runs[n - 1].end = i + 1;
        cut->changes += changed;
        cut->last_hash = hashes[i];
    }
    *count = n;
    return check_changes(cut->changes);
}

qn_status store_cut_batch(store_cut *cut, const qn_batch *batch, store_run **out, int64_t *count) {
    store_run *runs = NULL;
    if (cut->key == NULL) {
        QN_TRY(qn_mem_alloc(&runs, 1, sizeof *runs));
        *runs = (store_run){0, batch->length, batch->first_row / cut->part_rows};
        *out = runs;
        *count = 1;
        return QN_OK;
    }
    uint64_t *hashes = NULL;
    qn_status status = qn_mem_alloc(&hashes, (size_t)batch->length, sizeof *hashes);
    if (status == QN_OK)
        status = qn_mem_alloc(&runs, (size_t)batch->length, sizeof *runs);
    if (status == QN_OK)
        status = hash_rows(cut, batch, hashes);
    if (status == QN_OK)
        status = cut_rows(cut, batch, hashes, runs, count);
    qn_mem_free(hashes);
    if (status != QN_OK)
        qn_mem_free(runs);
    else
        *out = runs;
    return status;
}

typedef struct border {
    bool any;
    int64_t first_row, part; /* of the first row; the latest part */
    int64_t changes;
    uint64_t first_hash, last_hash;
} border;

/* The partitions of all ranks together are as many as one rank would find. */
static qn_status check_all_changes(const border *all, int size) {
    const border *before = NULL;
    int64_t changes = 0;
    for (int rank = 0; rank < size; rank++) {
        if (!all[rank].any)
            continue;
        changes += all[rank].changes;
        changes += before != NULL && before->last_hash != all[rank].first_hash;
        before = &all[rank];
    }
    return check_changes(changes);
}

qn_status store_cut_settle(const store_cut *cut, qn_comm *comm, int64_t *first_part) {
    const border own = {cut->begun,   cut->first_row,  cut->part,
                        cut->changes, cut->first_hash, cut->last_hash};
    border *all = NULL;
    int size = qn_comm_size(comm);
    QN_TRY(qn_comm_agree(comm, qn_mem_calloc(&all, (size_t)size, sizeof *all)));
    qn_status status = qn_comm_allgather(comm, &own, sizeof own, all);
    const border *before = NULL;
    if (status == QN_OK)
        status = check_all_changes(all, size);
    for (int rank = 0; status == QN_OK && rank <= qn_comm_rank(comm); rank++) {
        border *at = &all[rank];
        if (!at->any)
            continue;
        int64_t part = at->first_row;
        if (before != NULL && before->last_hash == at->first_hash &&
            at->first_row % cut->part_rows != 0)
            part = before->part;
        if (at->part == at->first_row) /* one part is all that the rank has */
            at->part = part;
        *first_part = part;
        before = at;
    }
    qn_mem_free(all);
    return status;
}

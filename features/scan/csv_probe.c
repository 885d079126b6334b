#include "core/memory.h"
#include "features/scan/csv_scan.h"
#include "features/scan/csv_schema.h"

/* Why the outcome is that of looking at every value: a type is kept only while all values parse as
 * it. A value that parses as int64 is a float64 too, and a date in ISO form is a timestamp, so
 * blocks that were not looked at never exclude a wider type that others need; other types that
 * were still possible in the sample are wider. Own date patterns have no such order: with them,
 * types are inferred value by value. */

enum { SAMPLE_RECORDS = 4096 };

/* ---- This rank's batches -------------------------------------------------------------------- */

typedef struct probe {
    qn_csv_scan *scan;
    qn_csv_guess *guesses; /* by field */
    int64_t count;
} probe;

/* Takes the types of the guesses; *changed if they differ from the fields'. */
static void take_types(const probe *p, bool *changed) {
    *changed = false;
    for (int64_t i = 0; i < p->count; i++) {
        qn_field *field = &p->scan->fields.fields[i];
        qn_type type = qn_csv_guess_type(&p->guesses[i]);
        *changed |= type != field->type;
        field->type = type;
    }
}

/* True if the block just parsed says something about types that is not known yet. */
static bool must_look(const probe *p) {
    const qn_csv_block *block = &p->scan->block;
    if (block->bad_count > 0)
        return true;
    for (int64_t i = 0; i < p->count; i++) {
        const qn_column *column = block->batch.columns[i];
        if (column->type == QN_STRING && column->null_count < column->length &&
            !qn_csv_guess_is_settled(&p->guesses[i]))
            return true;
    }
    return false;
}

/* Looks at the values of the block; parses with other types from now on if they demand it. */
static qn_status look(const probe *p, bool *changed) {
    qn_csv_scan *scan = p->scan;
    int64_t records = 0, consumed = 0;
    QN_TRY(qn_csv_infer(p->guesses, (int32_t)p->count, &scan->source.dialect, scan->cursor.bytes,
                        scan->block.consumed, true, scan->block.records, &records, &consumed));
    take_types(p, changed);
    return *changed ? qn_csv_scan_set_parser(scan) : QN_OK;
}

static qn_status probe_batch(const probe *p, int64_t want) {
    qn_csv_scan *scan = p->scan;
    bool keep = true;
    int64_t got = 0;
    while (got < want) {
        bool changed = false;
        QN_TRY(qn_csv_scan_parse(scan, want, got));
        if (must_look(p))
            QN_TRY(look(p, &changed));
        keep = keep && !changed && scan->block.bad_count == 0;
        if (changed)
            qn_csv_cache_reset(&scan->cache, scan->first_row, scan->start);
        QN_TRY(qn_csv_scan_keep(scan, &got));
    }
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = keep ? qn_csv_scan_finish(scan, want, &batch) : QN_OK;
    qn_batch_clear(&batch);
    return status;
}

static qn_status probe_batches(const probe *p) {
    qn_csv_scan *scan = p->scan;
    qn_status status = qn_csv_scan_want(scan) > 0 ? qn_csv_scan_seek(scan) : QN_OK;
    for (int64_t want; status == QN_OK && (want = qn_csv_scan_want(scan)) > 0;) {
        status = probe_batch(p, want);
        qn_csv_scan_drop(scan);
        scan->next_row += want;
    }
    scan->next_row = scan->first_row;
    scan->cursor_row = -1;
    return status;
}

/* ---- All ranks ------------------------------------------------------------------------------ */

/* Guesses from the first records of each rank; fields and parser for them. */
static qn_status start(probe *p, qn_comm *comm, const qn_csv_layout *layout) {
    qn_csv_scan *scan = p->scan;
    qn_csv_layout sample = *layout;
    sample.first_row = 0;
    qn_status status = qn_csv_schema_look(p->guesses, &scan->source, &sample, SAMPLE_RECORDS);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_csv_schema_merge(p->guesses, p->count, comm));
    for (int64_t i = 0; status == QN_OK && i < p->count; i++)
        status =
            qn_schema_add(&scan->fields, scan->source.names[i], qn_csv_guess_type(&p->guesses[i]));
    if (status == QN_OK)
        status = qn_csv_scan_set_parser(scan);
    return qn_comm_agree(comm, status);
}

static qn_status probe_ranks(probe *p, qn_comm *comm, const qn_csv_layout *layout) {
    qn_csv_scan *scan = p->scan;
    QN_TRY(start(p, comm, layout));
    QN_TRY(qn_comm_agree(comm, probe_batches(p)));
    QN_TRY(qn_csv_schema_merge(p->guesses, p->count, comm));
    bool changed = false;
    take_types(p, &changed);
    if (changed)
        qn_csv_cache_reset(&scan->cache, scan->first_row, scan->start);
    return QN_OK;
}

qn_status qn_csv_probe(qn_csv_scan *scan, qn_comm *comm, const qn_csv_layout *layout) {
    probe p = {.scan = scan, .count = scan->source.field_count};
    qn_status status = qn_mem_alloc(&p.guesses, (size_t)p.count, sizeof *p.guesses);
    for (int64_t i = 0; status == QN_OK && i < p.count; i++)
        qn_csv_guess_init(&p.guesses[i]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    status = probe_ranks(&p, comm, layout);
done:
    qn_mem_free(p.guesses);
    return status;
}

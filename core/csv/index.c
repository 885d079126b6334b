/* From bytes to rows of field ends. */
#include "core/csv/scan.h"
#include "core/memory.h"

const qn_csv_kernels *qn_csv_kernels_of(const qn_csv_dialect *dialect) {
#ifdef __x86_64__
    bool avx2 = dialect->code != QN_CSV_PORTABLE && __builtin_cpu_supports("avx2") &&
                __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
    if (avx2 && dialect->code == QN_CSV_BEST && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("avx512bitalg"))
        return &qn_csv_kernels_avx512;
    if (avx2)
        return &qn_csv_kernels_avx2;
#endif
    (void)dialect;
    return &qn_csv_kernels_portable;
}

void qn_csv_index_clear(qn_csv_index *index) {
    qn_mem_free(index->ends);
    qn_mem_free(index->lines);
    *index = (qn_csv_index){0};
}

void qn_csv_index_start(qn_csv_index *index, const char *base) {
    *index = (qn_csv_index){.base = base,
                            .ends = index->ends,
                            .end_capacity = index->end_capacity,
                            .lines = index->lines,
                            .line_capacity = index->line_capacity};
}

qn_status qn_csv_index_extend(qn_csv_index *index, const qn_csv_dialect *dialect, int64_t to) {
    /* Room for an end a byte, the mark in front, one at the end of file, and a vector more. */
    int64_t needed = index->end_count + (to - index->offset) + 128;
    QN_TRY(qn_mem_reserve(&index->ends, &index->end_capacity, needed, sizeof *index->ends));
    needed = index->line_count + (to - index->offset) + 128;
    QN_TRY(qn_mem_reserve(&index->lines, &index->line_capacity, needed, sizeof *index->lines));
    if (index->end_count == 0)
        index->ends[index->end_count++] = UINT32_MAX; /* one behind it is byte 0 */
    qn_csv_kernels_of(dialect)->index(index, dialect, to);
    return QN_OK;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

void qn_csv_rows_clear(qn_csv_rows *rows) {
    qn_mem_free(rows->rows);
    qn_mem_free(rows->ragged);
    *rows = (qn_csv_rows){0};
}

static qn_status add_ragged(qn_csv_rows *rows, uint32_t begin, uint32_t end, uint32_t fields) {
    QN_TRY(qn_mem_reserve(&rows->ragged, &rows->ragged_capacity, rows->ragged_count + 1,
                          sizeof *rows->ragged));
    rows->ragged[rows->ragged_count++] =
        (qn_csv_ragged){(uint32_t)rows->records++, begin, end, fields};
    return QN_OK;
}

/* A record behind stray CRs: its field ends are written anew behind the others, so that the entry
 * in front of the first is where the CRs end. */
static qn_status repeat_ends(qn_csv_index *index, uint32_t *first, uint32_t fields,
                             uint32_t begin) {
    int64_t needed = index->end_count + fields + 128;
    QN_TRY(qn_mem_reserve(&index->ends, &index->end_capacity, needed, sizeof *index->ends));
    index->ends[index->end_count++] = begin - 1;
    uint32_t moved = (uint32_t)index->end_count;
    for (uint32_t i = 0; i < fields; i++)
        index->ends[index->end_count++] = index->ends[*first + i];
    *first = moved;
    return QN_OK;
}

/* The record whose first field ends at ends[first] and whose last one ends at ends[last]. */
static qn_status take_record(qn_csv_rows *rows, qn_csv_index *index, uint32_t first, uint32_t last,
                             int32_t fields) {
    uint32_t begin = index->ends[first - 1] + 1, end = index->ends[last];
    uint32_t count = last - first + 1;
    if (begin == end)
        return QN_OK; /* a blank line */
    if (__builtin_expect(index->base[begin] == '\r', 0)) {
        while (begin < end && index->base[begin] == '\r')
            begin++;
        if (begin == end)
            return QN_OK;
        if (count == (uint32_t)fields)
            QN_TRY(repeat_ends(index, &first, count, begin));
    }
    if (count != (uint32_t)fields)
        return add_ragged(rows, begin, end, count);
    rows->rows[rows->count++] = (qn_csv_row){first, (uint32_t)rows->records++};
    return QN_OK;
}

/* What stands behind the last line end, at the end of a file; its end is ends[last]. */
static qn_status take_last(qn_csv_rows *rows, qn_csv_index *index, uint32_t first, uint32_t last,
                           int32_t fields) {
    uint32_t begin = index->ends[first - 1] + 1;
    rows->consumed = (uint32_t)index->offset;
    if (!index->inside)
        return take_record(rows, index, first, last, fields);
    while (index->base[begin] == '\r')
        begin++; /* a quote comes before the end */
    return add_ragged(rows, begin, rows->consumed, 0);
}

qn_status qn_csv_rows_take(qn_csv_rows *rows, qn_csv_index *index, int32_t fields,
                           int64_t max_records, bool final) {
    QN_TRY(qn_mem_reserve(&rows->rows, &rows->capacity, index->line_count + 1, sizeof *rows->rows));
    rows->count = rows->ragged_count = rows->records = 0;
    rows->consumed = 0;
    uint32_t first = 1, end_of_file = (uint32_t)index->end_count;
    if (final)
        index->ends[index->end_count++] = (uint32_t)index->offset;
    for (int64_t i = 0; i < index->line_count && rows->records < max_records; i++) {
        uint32_t last = index->lines[i];
        QN_TRY(take_record(rows, index, first, last, fields));
        rows->consumed = index->ends[last] + 1;
        first = last + 1;
    }
    if (final && rows->records < max_records && rows->consumed < index->offset)
        QN_TRY(take_last(rows, index, first, end_of_file, fields));
    return QN_OK;
}

qn_status qn_csv_tile(qn_csv_rows *rows, qn_csv_index *index, const qn_csv_dialect *dialect,
                      qn_view bytes, bool final, int32_t fields, int64_t max_records) {
    enum { TILE = 128 << 10 };
    qn_csv_index_start(index, bytes.data);
    int64_t to = TILE;
    for (;;) {
        bool whole = to >= bytes.length;
        to = whole ? bytes.length : to;
        if (to > INT32_MAX)
            return qn_fail(QN_DATA, "a record is longer than 2 GiB: a quote may not be closed");
        QN_TRY(qn_csv_index_extend(index, dialect, to));
        QN_TRY(qn_csv_rows_take(rows, index, fields, max_records, final && whole));
        if (rows->consumed > 0 || whole)
            return QN_OK;
        to *= 2;
    }
}

void qn_csv_spans_of(const qn_csv_rows *rows, const qn_csv_index *index, int32_t field,
                     bool is_last, qn_csv_span *out) {
    const uint32_t *ends = index->ends + field;
    for (int64_t i = 0; i < rows->count; i++) {
        const uint32_t *end = ends + rows->rows[i].first;
        out[i] = (qn_csv_span){end[-1] + 1, end[0]};
    }
    if (!is_last)
        return;
    for (int64_t i = 0; i < rows->count; i++) /* a record is not empty: there is a byte before */
        out[i].end -= index->base[out[i].end - 1] == '\r' && out[i].end > out[i].begin;
}

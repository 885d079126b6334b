#include "features/scan/csv_layout.h"

#include "core/memory.h"

#include <string.h>

enum { BLOCK_SIZE = 1 << 20, LOOK_BACK = 64 };

/* ---- Cutting -------------------------------------------------------------------------------- */

/* Bytes a file counts for when the work is shared out. */
static int64_t weight(const qn_csv_file *file) {
    if (file->whole)
        return file->size > 0 ? file->size : 1;
    return file->size > file->begin ? file->size - file->begin : 0;
}

qn_csv_position qn_csv_layout_cut(const qn_csv_source *source, int64_t part, int64_t parts) {
    int64_t total = 0;
    for (int64_t i = 0; i < source->count; i++)
        total += weight(&source->files[i]);
    int64_t target = total / parts * part + total % parts * part / parts;
    qn_csv_position cut = {.file = 0};
    while (cut.file < source->count && target >= weight(&source->files[cut.file]))
        target -= weight(&source->files[cut.file++]);
    if (cut.file < source->count && source->files[cut.file].whole && target > 0) {
        cut.file++; /* a whole file belongs to the range in which it starts */
        target = 0;
    }
    if (cut.file < source->count)
        cut.offset = source->files[cut.file].begin + target;
    return cut;
}

/* ---- Counting ------------------------------------------------------------------------------- */

static void keep_tally(qn_csv_piece *piece, const qn_csv_tally *tally) {
    for (int inside = 0; inside < 2; inside++) {
        int64_t first = tally->first_start[inside];
        piece->records[inside] = tally->records[inside];
        piece->first[inside] = first < 0 ? -1 : piece->begin + first;
    }
    piece->lines = tally->lines;
    piece->bytes = tally->offset;
    piece->odd_quotes = tally->odd_quotes;
}

static qn_status tally_piece(qn_csv_piece *piece, const qn_csv_source *source, char *block) {
    const qn_csv_file *file = &source->files[piece->file];
    int64_t back = piece->begin - file->begin, got = 0, offset = piece->begin;
    back = back < LOOK_BACK ? back : LOOK_BACK;
    qn_reader *reader = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_csv_source_reader(&reader, source, piece->file), done);
    QN_TRY_GOTO(qn_reader_seek(reader, piece->begin - back), done);
    QN_TRY_GOTO(qn_reader_read(reader, back, block, &got), done);
    qn_csv_tally tally;
    qn_csv_tally_init(&tally, &source->dialect, block, got);
    bool at_end = false;
    while (offset < piece->end && !at_end) {
        int64_t left = piece->end - offset, wanted = left < BLOCK_SIZE ? left : BLOCK_SIZE;
        QN_TRY_GOTO(qn_reader_read(reader, wanted, block, &got), done);
        qn_csv_tally_add(&tally, &source->dialect, block, got);
        offset += got;
        at_end = got < wanted;
    }
    keep_tally(piece, &tally);
done:
    qn_reader_free(reader);
    return status;
}

static int64_t list_pieces(qn_csv_piece *pieces, const qn_csv_source *source, qn_csv_position from,
                           qn_csv_position to) {
    int64_t count = 0;
    for (int64_t i = from.file; i < source->count && i <= to.file; i++) {
        const qn_csv_file *file = &source->files[i];
        qn_csv_piece piece = {.file = i, .begin = file->begin, .end = file->size};
        if (i == from.file)
            piece.begin = from.offset;
        if (i == to.file)
            piece.end = to.offset; /* of a whole file: its begin */
        else if (file->whole)
            piece.end = INT64_MAX;
        if (piece.begin < piece.end)
            pieces[count++] = piece;
    }
    return count;
}

qn_status qn_csv_layout_tally(qn_csv_piece **out, int64_t *count, const qn_csv_source *source,
                              qn_csv_position from, qn_csv_position to) {
    qn_csv_piece *pieces = NULL;
    char *block = NULL;
    int64_t files = to.file - from.file + 1, found = 0;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_calloc(&pieces, (size_t)files, sizeof *pieces), done);
    QN_TRY_GOTO(qn_mem_alloc(&block, BLOCK_SIZE, 1), done);
    found = list_pieces(pieces, source, from, to);
    for (int64_t i = 0; i < found; i++)
        QN_TRY_GOTO(tally_piece(&pieces[i], source, block), done);
    *out = pieces;
    *count = found;
    pieces = NULL;
done:
    qn_mem_free(pieces);
    qn_mem_free(block);
    return status;
}

/* ---- Composing ------------------------------------------------------------------------------ */

qn_csv_summary qn_csv_layout_summarize(const qn_csv_source *source, const qn_csv_piece *pieces,
                                       int64_t count) {
    qn_csv_summary summary = {.pieces = count};
    if (count == 0)
        return summary;
    const qn_csv_piece *last = &pieces[count - 1];
    const qn_csv_file *first_file = &source->files[pieces[0].file];
    summary.continues = pieces[0].begin > first_file->begin;
    summary.resets = count > 1 || !summary.continues;
    for (int inside = 0; inside < 2; inside++) {
        summary.records[inside] = pieces[0].records[inside];
        for (int64_t i = 1; i < count; i++)
            summary.records[inside] += pieces[i].records[0];
    }
    summary.odd_quotes = last->odd_quotes;
    summary.lines = last->lines + (summary.resets ? source->files[last->file].lines : 0);
    return summary;
}

qn_csv_state qn_csv_layout_step(qn_csv_state state, const qn_csv_summary *summary) {
    if (summary->pieces == 0)
        return state;
    int inside = summary->continues ? state.inside : 0;
    state.row += summary->records[inside];
    state.inside = (summary->resets ? 0 : inside) ^ (int)summary->odd_quotes;
    state.line = summary->lines + (summary->resets ? 0 : state.line);
    return state;
}

/* Physical lines that end in [begin, end) of a file. */
static qn_status count_lines(const qn_csv_source *source, int64_t file, int64_t begin, int64_t end,
                             int64_t *out) {
    *out = 0;
    if (begin == end)
        return QN_OK;
    qn_reader *reader = NULL;
    char *block = NULL;
    int64_t lines = 0, got = 1;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&block, BLOCK_SIZE, 1), done);
    QN_TRY_GOTO(qn_csv_source_reader(&reader, source, file), done);
    QN_TRY_GOTO(qn_reader_seek(reader, begin), done);
    for (int64_t offset = begin; offset < end && got > 0; offset += got) {
        int64_t wanted = end - offset < BLOCK_SIZE ? end - offset : BLOCK_SIZE;
        QN_TRY_GOTO(qn_reader_read(reader, wanted, block, &got), done);
        for (int64_t i = 0; i < got; i++)
            lines += block[i] == '\n';
    }
    *out = lines;
done:
    qn_reader_free(reader);
    qn_mem_free(block);
    return status;
}

qn_status qn_csv_layout_locate(qn_csv_layout *out, const qn_csv_source *source,
                               const qn_csv_piece *pieces, int64_t count, qn_csv_state state) {
    qn_csv_layout layout = {.first_row = state.row};
    for (int64_t i = 0; i < count; i++) {
        const qn_csv_piece *piece = &pieces[i];
        const qn_csv_file *file = &source->files[piece->file];
        bool continues = piece->begin > file->begin;
        int inside = continues ? state.inside : 0;
        if (layout.rows == 0 && piece->records[inside] > 0) {
            int64_t before = 0;
            QN_TRY(count_lines(source, piece->file, piece->begin, piece->first[inside], &before));
            layout.first =
                (qn_csv_position){.file = piece->file,
                                  .offset = piece->first[inside],
                                  .line = before + (continues ? state.line : file->lines)};
        }
        layout.rows += piece->records[inside];
    }
    *out = layout;
    return QN_OK;
}

static qn_status tally_own(qn_csv_piece **out, int64_t *count, qn_comm *comm,
                           const qn_csv_source *source) {
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_csv_position from = qn_csv_layout_cut(source, rank, size);
    qn_csv_position to = qn_csv_layout_cut(source, rank + 1, size);
    return qn_csv_layout_tally(out, count, source, from, to);
}

/* Tells the summaries to all ranks and gives the states in front of this rank and behind all. */
static qn_status exchange(qn_csv_state *before, qn_csv_state *end, qn_comm *comm,
                          const qn_csv_summary *own) {
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_csv_summary *all = NULL;
    qn_status status = qn_mem_alloc(&all, (size_t)size, sizeof *all);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, own, sizeof *own, all), done);
    qn_csv_state state = {0};
    for (int r = 0; r < size; r++) {
        if (r == rank)
            *before = state;
        state = qn_csv_layout_step(state, &all[r]);
    }
    *end = state;
done:
    qn_mem_free(all);
    return status;
}

qn_status qn_csv_layout_find(qn_csv_layout *out, qn_comm *comm, const qn_csv_source *source) {
    qn_csv_piece *pieces = NULL;
    int64_t count = 0, bytes = 0;
    qn_csv_layout layout = {0};
    qn_status status = tally_own(&pieces, &count, comm, source);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    qn_csv_summary summary = qn_csv_layout_summarize(source, pieces, count);
    qn_csv_state before, end;
    QN_TRY_GOTO(exchange(&before, &end, comm, &summary), done);
    status = qn_csv_layout_locate(&layout, source, pieces, count, before);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    for (int64_t i = 0; i < count; i++)
        bytes += pieces[i].bytes;
    QN_TRY_GOTO(qn_comm_sum_i64(comm, &bytes, 1), done);
    layout.total = end.row;
    layout.row_bytes = end.row > 0 ? (double)bytes / (double)end.row : 0;
    *out = layout;
done:
    qn_mem_free(pieces);
    return status;
}

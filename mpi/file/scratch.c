/* One unnamed file of blocks; each block is one batch, packed as between ranks.
 *
 * Dictionaries that batches share stay in memory, where whoever made the batches holds them anyway:
 * a block keeps their number only, so that what is read back shares them as before. */
#include "mpi/file/scratch.h"

#include "core/memory.h"
#include "mpi/comm/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 1 << 20,        /* a block is written when it holds so much, */
    BLOCK_BYTES_LEAST = 16 << 10, /* or less when there are many lanes, */
    PENDING_BYTES = 32 << 20,     /* so that all lanes together gather no more than this */
    KEPT_DICTIONARIES = 1024,
    KEPT_BYTES = 64 << 20, /* of dictionaries, but the first of a column is kept at any size */
    TRANSFER_BYTES = 1 << 30
};

typedef struct block {
    int64_t offset, length;
} block;

typedef struct lane {
    qn_table pending;
    int64_t pending_bytes;
    int64_t rows;
    block *blocks;
    int64_t count, capacity;
} lane;

struct qn_scratch {
    qn_schema schema;
    char *folder;
    int file;
    int64_t written;
    int64_t block_bytes;
    lane *lanes;
    int32_t lane_count;
    int64_t lane_capacity;
    qn_column **dictionaries;
    int64_t dictionary_count, dictionary_capacity, dictionary_bytes;
    bool *has_dictionary; /* by column: one is kept already */
    qn_text packed;
};

/* ---- The file ------------------------------------------------------------------------------- */

static qn_status refuse_folder(const char *folder) {
    qn_status status = qn_fail_errno(QN_IO, "cannot make a scratch file in '%s'", folder);
    qn_error_help("name a folder that can be written with --scratch");
    return status;
}

static qn_status open_file(const char *folder, int *out) {
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0 && errno != ENOENT && errno != EACCES && errno != ENOTDIR && errno != ENOSPC) {
        char *name = NULL; /* a file system without unnamed files */
        QN_TRY(qn_format(&name, "%s/.quern-scratch-XXXXXX", folder));
        file = mkostemp(name, O_CLOEXEC);
        if (file >= 0)
            (void)unlink(name);
        qn_mem_free(name);
    }
    if (file < 0)
        return refuse_folder(folder);
    *out = file;
    return QN_OK;
}

static qn_status refuse_write(const qn_scratch *self) {
    qn_status status = qn_fail_errno(QN_IO, "cannot write scratch data to '%s' (%.1f MB so far)",
                                     self->folder, (double)self->written / 1e6);
    qn_error_help("make room there, name another folder with --scratch, or give more --memory");
    return status;
}

static qn_status write_at_end(qn_scratch *self, const char *data, int64_t length) {
    int64_t done = 0;
    while (done < length) {
        int64_t left = length - done;
        ssize_t written =
            pwrite(self->file, data + done, (size_t)(left < TRANSFER_BYTES ? left : TRANSFER_BYTES),
                   self->written + done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written == 0)
            errno = ENOSPC;
        if (written <= 0)
            return refuse_write(self);
        done += written;
    }
    self->written += length;
    return QN_OK;
}

static qn_status read_at(const qn_scratch *self, block where, char *out) {
    while (where.length > 0) {
        ssize_t got = pread(self->file, out,
                            (size_t)(where.length < TRANSFER_BYTES ? where.length : TRANSFER_BYTES),
                            where.offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qn_fail_errno(QN_IO, "cannot read scratch data back from '%s'", self->folder);
        if (got == 0)
            return qn_fail(QN_IO, "scratch data in '%s' is cut short", self->folder);
        out += got;
        where.offset += got;
        where.length -= got;
    }
    return QN_OK;
}

/* ---- Making and freeing --------------------------------------------------------------------- */

static const char *default_folder(void) {
    const char *folder = getenv("TMPDIR");
    return folder != NULL && *folder != '\0' ? folder : "/tmp";
}

static qn_status scratch_init(qn_scratch *self, const char *folder, const qn_schema *schema,
                              int32_t lanes) {
    QN_TRY(qn_schema_copy(&self->schema, schema));
    QN_TRY(qn_mem_copy_text(&self->folder, folder != NULL ? folder : default_folder()));
    QN_TRY(qn_mem_calloc(&self->lanes, (size_t)lanes, sizeof *self->lanes));
    QN_TRY(qn_mem_calloc(&self->has_dictionary, (size_t)schema->count, sizeof(bool)));
    self->lane_count = lanes;
    self->lane_capacity = lanes;
    int64_t share = PENDING_BYTES / (lanes > 0 ? lanes : 1);
    self->block_bytes = share > BLOCK_BYTES         ? BLOCK_BYTES
                        : share < BLOCK_BYTES_LEAST ? BLOCK_BYTES_LEAST
                                                    : share;
    return open_file(self->folder, &self->file);
}

qn_status qn_scratch_new(qn_scratch **out, const char *folder, const qn_schema *schema,
                         int32_t lanes) {
    qn_scratch *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    self->file = -1;
    qn_status status = scratch_init(self, folder, schema, lanes);
    if (status != QN_OK) {
        qn_scratch_free(self);
        return status;
    }
    *out = self;
    return QN_OK;
}

void qn_scratch_free(qn_scratch *scratch) {
    if (scratch == NULL)
        return;
    if (scratch->file >= 0)
        (void)close(scratch->file);
    for (int32_t i = 0; i < scratch->lane_count; i++) {
        qn_table_clear(&scratch->lanes[i].pending);
        qn_mem_free(scratch->lanes[i].blocks);
    }
    for (int64_t i = 0; i < scratch->dictionary_count; i++)
        qn_column_release(scratch->dictionaries[i]);
    qn_mem_free(scratch->dictionaries);
    qn_mem_free(scratch->has_dictionary);
    qn_mem_free(scratch->lanes);
    qn_mem_free(scratch->folder);
    qn_schema_clear(&scratch->schema);
    qn_text_clear(&scratch->packed);
    qn_mem_free(scratch);
}

qn_status qn_scratch_add_lane(qn_scratch *scratch) {
    QN_TRY(qn_mem_reserve(&scratch->lanes, &scratch->lane_capacity, scratch->lane_count + 1,
                          sizeof *scratch->lanes));
    scratch->lanes[scratch->lane_count] = (lane){.rows = 0};
    qn_table_init(&scratch->lanes[scratch->lane_count++].pending);
    return QN_OK;
}

/* ---- Gathering pieces into one batch -------------------------------------------------------- */

/* Bytes of a piece without its dictionaries. */
static int64_t piece_bytes(const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch);
    for (int32_t i = 0; i < batch->count; i++)
        if (batch->columns[i]->dictionary != NULL)
            bytes -= qn_column_bytes(batch->columns[i]->dictionary);
    return bytes;
}

static qn_status join_column(qn_column **out, const qn_table *pieces, int32_t column) {
    const qn_column **list = NULL;
    QN_TRY(qn_mem_alloc(&list, (size_t)pieces->batch_count, sizeof *list));
    for (int64_t i = 0; i < pieces->batch_count; i++)
        list[i] = pieces->batches[i].columns[column];
    qn_status status = qn_column_concat(out, list, pieces->batch_count);
    qn_mem_free(list);
    return status;
}

/* Do the pieces' row numbers follow from the first one's (or are they all without numbers)? */
static bool rows_follow(const qn_table *pieces) {
    bool unnumbered = true, follow = true;
    int64_t next = pieces->batches[0].first_row;
    for (int64_t i = 0; i < pieces->batch_count; i++) {
        const qn_batch *piece = &pieces->batches[i];
        unnumbered &= piece->row_ids == NULL && piece->first_row == 0;
        follow &= piece->row_ids == NULL && piece->first_row == next;
        next += piece->length;
    }
    return unnumbered || follow;
}

static qn_status join_row_ids(qn_batch *out, const qn_table *pieces) {
    if (rows_follow(pieces))
        return QN_OK;
    QN_TRY(qn_column_new_raw(&out->row_ids, QN_INT64, pieces->row_count, 0));
    int64_t at = 0;
    for (int64_t i = 0; i < pieces->batch_count; i++)
        for (int64_t row = 0; row < pieces->batches[i].length; row++)
            out->row_ids->i64[at++] = qn_batch_row(&pieces->batches[i], row);
    return QN_OK;
}

static qn_status join_pieces(qn_batch *out, const qn_table *pieces) {
    const qn_batch *first = &pieces->batches[0];
    if (pieces->batch_count == 1)
        return qn_batch_share(out, first);
    out->length = pieces->row_count;
    out->first_row = first->first_row;
    QN_TRY(qn_batch_reserve(out, first->count));
    for (int32_t i = 0; i < first->count; i++)
        QN_TRY(join_column(&out->columns[i], pieces, i));
    return join_row_ids(out, pieces);
}

/* ---- Dictionaries --------------------------------------------------------------------------- */

/* *number: that of a dictionary that is kept, or -1 if it goes with its block. */
static qn_status keep_dictionary(qn_scratch *self, int32_t column, qn_column *dictionary,
                                 int64_t *number) {
    for (int64_t i = self->dictionary_count - 1; i >= 0; i--)
        if (self->dictionaries[i] == dictionary) {
            *number = i;
            return QN_OK;
        }
    int64_t bytes = qn_column_bytes(dictionary);
    *number = -1;
    if (self->has_dictionary[column] && (self->dictionary_count >= KEPT_DICTIONARIES ||
                                         self->dictionary_bytes + bytes > KEPT_BYTES))
        return QN_OK;
    QN_TRY(qn_mem_reserve(&self->dictionaries, &self->dictionary_capacity,
                          self->dictionary_count + 1, sizeof *self->dictionaries));
    *number = self->dictionary_count;
    self->dictionaries[self->dictionary_count++] = qn_column_retain(dictionary);
    self->dictionary_bytes += bytes;
    self->has_dictionary[column] = true;
    return QN_OK;
}

/* The codes as plain numbers, with the dictionary's number as their width. */
static qn_status plain_codes(qn_column **out, const qn_column *column, int64_t number) {
    qn_column *made = NULL;
    QN_TRY(qn_column_new_raw(&made, QN_INT32, column->length, 0));
    made->width = (int32_t)number + 1;
    memcpy(made->i32, column->codes, (size_t)column->length * sizeof *made->i32);
    qn_status status = QN_OK;
    for (int64_t i = 0; column->null_count > 0 && i < column->length && status == QN_OK; i++)
        if (qn_column_is_null(column, i))
            status = qn_column_set_null(made, i);
    if (status != QN_OK) {
        qn_column_release(made);
        return status;
    }
    *out = made;
    return QN_OK;
}

/* How a column is written: a dictionary goes with its block only where that takes less room than
 * plain strings. */
static qn_status encode_column(qn_scratch *self, int32_t index, qn_column **column) {
    qn_column *dictionary = (*column)->dictionary, *made = NULL;
    int64_t number = -1;
    if (dictionary == NULL)
        return QN_OK;
    QN_TRY(keep_dictionary(self, index, dictionary, &number));
    if (number >= 0)
        QN_TRY(plain_codes(&made, *column, number));
    else if (dictionary->length > (*column)->length / 2)
        QN_TRY(qn_column_decode(&made, *column));
    else
        return QN_OK;
    qn_column_release(*column);
    *column = made;
    return QN_OK;
}

/* The way back; the columns are new and nobody else's. */
static qn_status restore_batch(const qn_scratch *self, qn_batch *batch) {
    for (int32_t i = 0; i < batch->count; i++) {
        qn_column *column = batch->columns[i];
        if (self->schema.fields[i].type != QN_STRING || column->type != QN_INT32)
            continue;
        if (column->width < 1 || column->width > self->dictionary_count)
            return qn_fail(QN_INTERNAL, "scratch data in '%s' is damaged", self->folder);
        column->type = QN_STRING;
        column->dictionary = qn_column_retain(self->dictionaries[column->width - 1]);
        column->width = 0;
    }
    return QN_OK;
}

/* ---- Adding --------------------------------------------------------------------------------- */

static qn_status write_block(qn_scratch *self, lane *to, qn_batch *batch) {
    for (int32_t i = 0; i < batch->count; i++)
        QN_TRY(encode_column(self, i, &batch->columns[i]));
    qn_text_truncate(&self->packed, 0);
    QN_TRY(qn_exchange_pack(&self->packed, batch, 1));
    QN_TRY(qn_mem_reserve(&to->blocks, &to->capacity, to->count + 1, sizeof *to->blocks));
    block where = {self->written, self->packed.length};
    QN_TRY(write_at_end(self, self->packed.data, self->packed.length));
    to->blocks[to->count++] = where;
    return QN_OK;
}

static qn_status flush_lane(qn_scratch *self, lane *to) {
    if (to->pending.batch_count == 0)
        return QN_OK;
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = join_pieces(&batch, &to->pending);
    if (status == QN_OK)
        status = write_block(self, to, &batch);
    qn_batch_clear(&batch);
    qn_table_clear(&to->pending);
    to->pending_bytes = 0;
    return status;
}

qn_status qn_scratch_add(qn_scratch *scratch, int32_t lane_number, qn_batch *batch) {
    lane *to = &scratch->lanes[lane_number];
    int64_t rows = batch->length;
    qn_status status = QN_OK;
    if (rows == 0)
        goto done;
    int64_t bytes = piece_bytes(batch);
    if (to->pending.row_count + rows > QN_BATCH_ROWS)
        QN_TRY_GOTO(flush_lane(scratch, to), done);
    QN_TRY_GOTO(qn_table_add(&to->pending, batch), done);
    to->pending_bytes += bytes;
    to->rows += rows;
    if (to->pending.row_count == QN_BATCH_ROWS || to->pending_bytes >= scratch->block_bytes)
        QN_TRY_GOTO(flush_lane(scratch, to), done);
done:
    qn_batch_clear(batch);
    return status;
}

qn_status qn_scratch_flush(qn_scratch *scratch) {
    for (int32_t i = 0; i < scratch->lane_count; i++)
        QN_TRY(flush_lane(scratch, &scratch->lanes[i]));
    qn_text_clear(&scratch->packed);
    return QN_OK;
}

int64_t qn_scratch_rows(const qn_scratch *scratch, int32_t lane_number) {
    return scratch->lanes[lane_number].rows;
}

int64_t qn_scratch_bytes(const qn_scratch *scratch) {
    return scratch->written;
}

/* ---- Reading back --------------------------------------------------------------------------- */

typedef struct scratch_stream {
    qn_stream base;
    qn_scratch *scratch;
    int32_t from; /* lane */
    int64_t next;
    char *buffer;
    int64_t capacity;
} scratch_stream;

static qn_status read_block(scratch_stream *self, block where, qn_batch *out) {
    qn_table table;
    qn_table_init(&table);
    QN_TRY(qn_mem_reserve(&self->buffer, &self->capacity, where.length, 1));
    qn_status status;
    QN_TRY_GOTO(read_at(self->scratch, where, self->buffer), done);
    QN_TRY_GOTO(qn_exchange_unpack(&table, self->buffer, where.length), done);
    QN_TRY_GOTO(restore_batch(self->scratch, &table.batches[0]), done);
    qn_batch_move(out, &table.batches[0]);
done:
    qn_table_clear(&table);
    return status;
}

static qn_status scratch_next(qn_stream *stream, qn_batch *out) {
    scratch_stream *self = (scratch_stream *)stream;
    qn_batch_init(out);
    const lane *from = &self->scratch->lanes[self->from];
    if (self->next == from->count)
        return QN_OK;
    return read_block(self, from->blocks[self->next++], out);
}

static qn_status scratch_rewind(qn_stream *stream) {
    ((scratch_stream *)stream)->next = 0;
    return QN_OK;
}

static void scratch_close(qn_stream *stream) {
    qn_mem_free(((scratch_stream *)stream)->buffer);
}

static const qn_stream_class scratch_class = {"scratch", scratch_next, scratch_rewind,
                                              scratch_close};

qn_status qn_scratch_open(qn_stream **out, qn_scratch *scratch, int32_t lane_number) {
    scratch_stream *self = NULL;
    QN_TRY(flush_lane(scratch, &scratch->lanes[lane_number]));
    QN_TRY(qn_stream_new(&self, sizeof *self, &scratch_class, &scratch->schema));
    self->scratch = scratch;
    self->from = lane_number;
    *out = &self->base;
    return QN_OK;
}

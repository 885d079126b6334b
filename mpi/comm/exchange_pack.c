/* Batches as bytes and back. */
#include "mpi/comm/exchange.h"

#include "core/memory.h"

#include <string.h>

/* A message: the number of batches, then each: its head, its row_ids, its columns. A column: its
 * head, its buffers (each filled up to 8 bytes), its dictionary if it is the first to need it, its
 * items. */
typedef struct batch_head {
    int64_t length, first_row, has_row_ids, count;
} batch_head;

enum buffer { VALIDITY, VALUES, OFFSETS, CHARS, INDICES, BUFFER_COUNT };

typedef struct column_head {
    int32_t type, width;
    int64_t length, null_count;
    int64_t bytes[BUFFER_COUNT]; /* -1: there is none */
    int64_t dictionary;          /* number in the message; -1: none */
    int64_t has_items;
} column_head;

static int64_t filled_up(int64_t bytes) {
    return (bytes + 7) & ~INT64_C(7);
}

/* ---- Packing -------------------------------------------------------------------------------- */

typedef struct packer {
    qn_text *out;
    qn_exchange_link *link; /* dictionaries that are in the message, or were in one before */
} packer;

void qn_exchange_link_clear(qn_exchange_link *link) {
    for (int64_t i = 0; i < link->count; i++)
        qn_column_release(link->dictionaries[i]);
    qn_mem_free(link->dictionaries);
    *link = (qn_exchange_link){0};
}

static qn_status link_add(qn_exchange_link *link, const qn_column *dictionary) {
    QN_TRY(qn_mem_reserve(&link->dictionaries, &link->capacity, link->count + 1,
                          sizeof *link->dictionaries));
    link->dictionaries[link->count++] = qn_column_retain(dictionary);
    return QN_OK;
}

static int64_t value_bytes(const qn_column *column) {
    if (column->dictionary != NULL)
        return column->length * 4;
    if (column->indices != NULL)
        return (int64_t)column->offsets[column->length] * 8;
    if (column->type == QN_BOOL)
        return qn_bit_words(column->length) * 8;
    if (column->type == QN_VECTOR)
        return column->length * column->width * 8;
    return column->length * qn_type_size(column->type);
}

static void list_buffers(const qn_column *column, const void *buffers[BUFFER_COUNT],
                         int64_t bytes[BUFFER_COUNT]) {
    int64_t last = column->offsets == NULL ? 0 : column->offsets[column->length];
    const void *found[BUFFER_COUNT] = {column->validity, column->values, column->offsets,
                                       column->chars, column->indices};
    int64_t lengths[BUFFER_COUNT] = {qn_bit_words(column->length) * 8, value_bytes(column),
                                     (column->length + 1) * 4, last, last * 4};
    for (int i = 0; i < BUFFER_COUNT; i++) {
        buffers[i] = found[i];
        bytes[i] = found[i] == NULL ? -1 : lengths[i];
    }
}

static qn_status add_bytes(qn_text *out, const void *data, int64_t bytes) {
    static const char zeros[8] = {0};
    QN_TRY(qn_text_add(out, data, bytes));
    return qn_text_add(out, zeros, filled_up(bytes) - bytes);
}

/* The number of a dictionary; a new one gets the next. */
static qn_status number_dictionary(qn_exchange_link *link, const qn_column *dictionary,
                                   int64_t *number) {
    int64_t i = link->count - 1; /* likely one of the last */
    while (i >= 0 && link->dictionaries[i] != dictionary)
        i--;
    if (i < 0) {
        i = link->count;
        QN_TRY(link_add(link, dictionary));
    }
    *number = i;
    return QN_OK;
}

static qn_status pack_column(packer *packer_, const qn_column *column) {
    const void *buffers[BUFFER_COUNT];
    int64_t known = packer_->link->count;
    column_head head = {.type = (int32_t)column->type,
                        .width = column->width,
                        .length = column->length,
                        .null_count = column->null_count,
                        .dictionary = -1,
                        .has_items = column->items != NULL};
    list_buffers(column, buffers, head.bytes);
    if (column->dictionary != NULL)
        QN_TRY(number_dictionary(packer_->link, column->dictionary, &head.dictionary));
    QN_TRY(add_bytes(packer_->out, &head, sizeof head));
    for (int i = 0; i < BUFFER_COUNT; i++)
        if (head.bytes[i] > 0)
            QN_TRY(add_bytes(packer_->out, buffers[i], head.bytes[i]));
    if (packer_->link->count > known)
        QN_TRY(pack_column(packer_, column->dictionary));
    return column->items == NULL ? QN_OK : pack_column(packer_, column->items);
}

static qn_status pack_batch(packer *packer_, const qn_batch *batch) {
    batch_head head = {batch->length, batch->first_row, batch->row_ids != NULL, batch->count};
    QN_TRY(add_bytes(packer_->out, &head, sizeof head));
    if (batch->row_ids != NULL)
        QN_TRY(pack_column(packer_, batch->row_ids));
    for (int32_t i = 0; i < batch->count; i++)
        QN_TRY(pack_column(packer_, batch->columns[i]));
    return QN_OK;
}

qn_status qn_exchange_pack_linked(qn_text *out, const qn_batch *batches, int64_t count,
                                  qn_exchange_link *link) {
    packer packer_ = {out, link};
    QN_TRY(add_bytes(out, &count, sizeof count));
    for (int64_t i = 0; i < count; i++)
        QN_TRY(pack_batch(&packer_, &batches[i]));
    return QN_OK;
}

qn_status qn_exchange_pack(qn_text *out, const qn_batch *batches, int64_t count) {
    qn_exchange_link link = {0};
    qn_status status = qn_exchange_pack_linked(out, batches, count, &link);
    qn_exchange_link_clear(&link);
    return status;
}

/* ---- Unpacking ------------------------------------------------------------------------------ */

typedef struct unpacker {
    const char *data;
    int64_t left;
    qn_exchange_link *link;
} unpacker;

static qn_status take_bytes(unpacker *unpacker_, int64_t bytes, const char **out) {
    if (bytes < 0 || bytes > unpacker_->left || filled_up(bytes) > unpacker_->left)
        return qn_fail(QN_INTERNAL, "a message between ranks is damaged or cut short");
    *out = unpacker_->data;
    unpacker_->data += filled_up(bytes);
    unpacker_->left -= filled_up(bytes);
    return QN_OK;
}

static qn_status read_head(unpacker *unpacker_, void *head, int64_t bytes) {
    const char *data = NULL;
    QN_TRY(take_bytes(unpacker_, bytes, &data));
    memcpy(head, data, (size_t)bytes);
    return QN_OK;
}

/* A buffer of its own: whole 64-byte lines, cleared behind the data. */
static qn_status copy_buffer(unpacker *unpacker_, int64_t bytes, void **out) {
    const char *data = NULL;
    char *copy = NULL;
    QN_TRY(take_bytes(unpacker_, bytes, &data));
    size_t padded = ((size_t)bytes + 64) & ~(size_t)63;
    QN_TRY(qn_mem_alloc(&copy, padded, 1));
    if (bytes > 0)
        memcpy(copy, data, (size_t)bytes);
    memset(copy + bytes, 0, padded - (size_t)bytes);
    *out = copy;
    return QN_OK;
}

static qn_status unpack_column(unpacker *unpacker_, qn_column **out);

static qn_status unpack_buffers(unpacker *unpacker_, const column_head *head, qn_column *column) {
    void *buffers[BUFFER_COUNT] = {NULL};
    qn_status status = QN_OK;
    for (int i = 0; i < BUFFER_COUNT && status == QN_OK; i++)
        if (head->bytes[i] >= 0)
            status = copy_buffer(unpacker_, head->bytes[i], &buffers[i]);
    column->validity = buffers[VALIDITY];
    column->values = buffers[VALUES];
    column->offsets = buffers[OFFSETS];
    column->chars = buffers[CHARS];
    column->indices = buffers[INDICES];
    return status;
}

static qn_status unpack_dictionary(unpacker *unpacker_, int64_t number, qn_column *column) {
    qn_exchange_link *link = unpacker_->link;
    if (number > link->count)
        return qn_fail(QN_INTERNAL, "a message between ranks is damaged or cut short");
    if (number < link->count) {
        column->dictionary = qn_column_retain(link->dictionaries[number]);
        return QN_OK;
    }
    QN_TRY(unpack_column(unpacker_, &column->dictionary));
    return link_add(link, column->dictionary);
}

static qn_status unpack_column(unpacker *unpacker_, qn_column **out) {
    column_head head;
    qn_column *column = NULL;
    QN_TRY(read_head(unpacker_, &head, sizeof head));
    if (head.type < 0 || head.type >= QN_TYPE_COUNT || head.length < 0)
        return qn_fail(QN_INTERNAL, "a message between ranks is damaged or cut short");
    QN_TRY(qn_mem_calloc(&column, 1, sizeof *column));
    column->references = 1;
    column->type = (qn_type)head.type;
    column->width = head.width;
    column->length = head.length;
    column->null_count = head.null_count;
    qn_status status = QN_OK;
    QN_TRY_GOTO(unpack_buffers(unpacker_, &head, column), done);
    if (head.dictionary >= 0)
        QN_TRY_GOTO(unpack_dictionary(unpacker_, head.dictionary, column), done);
    if (head.has_items)
        QN_TRY_GOTO(unpack_column(unpacker_, &column->items), done);
    *out = column;
done:
    if (status != QN_OK)
        qn_column_release(column);
    return status;
}

static qn_status unpack_batch(unpacker *unpacker_, qn_batch *out) {
    batch_head head;
    QN_TRY(read_head(unpacker_, &head, sizeof head));
    if (head.count < 0 || head.count > INT32_MAX)
        return qn_fail(QN_INTERNAL, "a message between ranks is damaged or cut short");
    QN_TRY(qn_batch_reserve(out, (int32_t)head.count));
    out->length = head.length;
    out->first_row = head.first_row;
    if (head.has_row_ids)
        QN_TRY(unpack_column(unpacker_, &out->row_ids));
    for (int32_t i = 0; i < out->count; i++)
        QN_TRY(unpack_column(unpacker_, &out->columns[i]));
    return QN_OK;
}

static qn_status unpack_all(unpacker *unpacker_, qn_table *out) {
    int64_t count = 0;
    QN_TRY(read_head(unpacker_, &count, sizeof count));
    for (int64_t i = 0; i < count; i++) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = unpack_batch(unpacker_, &batch);
        if (status == QN_OK)
            status = qn_table_add(out, &batch);
        else
            qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_exchange_unpack_linked(qn_table *out, const char *data, int64_t length,
                                    qn_exchange_link *link) {
    unpacker unpacker_ = {.data = data, .left = length, .link = link};
    return length == 0 ? QN_OK : unpack_all(&unpacker_, out);
}

qn_status qn_exchange_unpack(qn_table *out, const char *data, int64_t length) {
    qn_exchange_link link = {0};
    qn_status status = qn_exchange_unpack_linked(out, data, length, &link);
    qn_exchange_link_clear(&link);
    return status;
}

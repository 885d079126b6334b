/* Strings of part files as columns. */
#include "core/memory.h"
#include "mpi/hdf5/part_reader.h"

#include <string.h>

enum { PAD = 64, HEADER = 16 };

static qn_status widen_codes(qn_part *part, int64_t size, int64_t entries, qn_column *column) {
    const char *stored = part->scratch;
    for (int64_t i = 0; i < column->length; i++) {
        int32_t code = 0;
        int16_t narrow;
        if (size == 1) {
            code = ((const int8_t *)stored)[i];
        } else if (size == 2) {
            memcpy(&narrow, stored + 2 * i, sizeof narrow);
            code = narrow;
        } else {
            memcpy(&code, stored + 4 * i, sizeof code);
        }
        if (code < -1 || code >= entries)
            return part_damaged(part, "code %d of %lld categories", code, (long long)entries);
        if (code < 0)
            QN_TRY(qn_column_set_null(column, i));
        column->codes[i] = code < 0 ? 0 : code;
    }
    return QN_OK;
}

static qn_status read_codes(qn_part *part, const part_string_source *strings, int64_t first,
                            int64_t count, qn_column **out) {
    int64_t size = strings->values.size;
    if (size != 1 && size != 2 && size != 4)
        return part_damaged(part, "its codes have %lld bytes", (long long)size);
    QN_TRY(part_scratch(part, count * size));
    QN_TRY(part_get(part, &strings->values, first, count, part->scratch));
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_INT32, count, 0));
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(strings->dictionary);
    qn_status status = widen_codes(part, size, strings->dictionary->length, column);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

static qn_status read_fixed(qn_part *part, const part_string_source *strings, int64_t first,
                            int64_t count, qn_column **out) {
    int64_t size = strings->values.size;
    QN_TRY(part_scratch(part, count * size));
    QN_TRY(part_get(part, &strings->values, first, count, part->scratch));
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_STRING, count, 0));
    qn_status status = qn_mem_alloc(&column->chars, (size_t)(count * size + PAD), 1);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    int64_t end = 0;
    for (int64_t i = 0; i < count; i++) {
        const char *text = part->scratch + i * size;
        size_t length = strnlen(text, (size_t)size);
        memcpy(column->chars + end, text, length);
        end += (int64_t)length;
        if (end > INT32_MAX) {
            qn_column_release(column);
            return qn_fail(QN_DATA, "'%s': %lld rows have more than 2 GiB of text", part->path,
                           (long long)count);
        }
        column->offsets[i + 1] = (int32_t)end;
    }
    *out = column;
    return QN_OK;
}

/* ---- Variable length: see part_heap.c ------------------------------------------------------- */

static uint64_t get_number(const char *data, int bytes) {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | (unsigned char)data[i];
    return value;
}

/* The piece of the heap that holds some strings. */
typedef struct piece {
    qn_part *part;
    int64_t first; /* file offset of data[0] */
    int64_t length;
    char *data;
    int64_t collection; /* being walked: file offset, -1: none */
    int64_t object;     /* next object's place in data */
    int64_t end;        /* of the collection in data */
} piece;

/* Starts at a collection's first object. */
static qn_status enter(piece *p, int64_t address) {
    int64_t at = address - p->first;
    if (at < 0 || at + HEADER > p->length || memcmp(p->data + at, "GCOL\1", 5) != 0)
        return part_damaged(p->part, "a text points to no heap collection");
    uint64_t size = get_number(p->data + at + 8, 8);
    if (size < HEADER || size > (uint64_t)(p->length - at))
        return part_damaged(p->part, "a heap collection has %llu bytes", (unsigned long long)size);
    p->collection = address;
    p->object = at + HEADER;
    p->end = at + (int64_t)size;
    return QN_OK;
}

/* Texts come in the order of their objects, so the walk only goes forward. */
static qn_status find(piece *p, const char *reference, qn_view *out) {
    int64_t length = (int64_t)get_number(reference, 4);
    int64_t address = (int64_t)get_number(reference + 4, 8);
    uint64_t index = get_number(reference + 12, 4);
    if (length == 0) {
        *out = (qn_view){"", 0};
        return QN_OK;
    }
    if (address != p->collection)
        QN_TRY(enter(p, address));
    while (p->object + HEADER <= p->end) {
        uint64_t found = get_number(p->data + p->object, 2);
        int64_t stored = (int64_t)get_number(p->data + p->object + 8, 8);
        if (found == 0 || stored < 0 || stored > p->end - p->object - HEADER)
            break;
        const char *text = p->data + p->object + HEADER;
        p->object += part_object_bytes(stored);
        if (found == index && stored == length) {
            *out = (qn_view){text, length};
            return QN_OK;
        }
    }
    return part_damaged(p->part, "a text is not in its heap collection");
}

/* Reads the collections between the first and the last that these references name. */
static qn_status load(piece *p, const part_source *heap, const char *references, int64_t count) {
    int64_t low = INT64_MAX, high = -1;
    for (int64_t i = 0; i < count; i++) {
        int64_t address = (int64_t)get_number(references + i * PART_REFERENCE + 4, 8);
        if (get_number(references + i * PART_REFERENCE, 4) == 0)
            continue;
        low = address < low ? address : low;
        high = address > high ? address : high;
    }
    if (high < 0)
        return QN_OK;
    int64_t last = heap->offset + heap->rows;
    char header[HEADER];
    if (heap->offset < 0 || low < heap->offset || high > last - HEADER)
        return part_damaged(p->part, "a text points outside its heap");
    QN_TRY(part_get_bytes(p->part, high, HEADER, header));
    uint64_t size = get_number(header + 8, 8);
    if (size > (uint64_t)(last - high))
        return part_damaged(p->part, "a heap collection has %llu bytes", (unsigned long long)size);
    p->first = low;
    p->length = high + (int64_t)size - low;
    QN_TRY(qn_mem_alloc(&p->data, (size_t)p->length, 1));
    return part_get_bytes(p->part, low, p->length, p->data);
}

static qn_status add_texts(piece *p, const char *references, int64_t count,
                           qn_string_builder *builder) {
    for (int64_t i = 0; i < count; i++) {
        qn_view text;
        QN_TRY(find(p, references + i * PART_REFERENCE, &text));
        QN_TRY(qn_string_builder_add(builder, text));
    }
    return QN_OK;
}

qn_status part_read_variable(qn_part *part, const part_string_source *strings, int64_t first,
                             int64_t count, qn_column **out) {
    piece p = {.part = part, .collection = -1};
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = part_scratch(part, count * PART_REFERENCE);
    if (status == QN_OK)
        status = part_get(part, &strings->values, first, count, part->scratch);
    if (status == QN_OK)
        status = load(&p, &strings->heap, part->scratch, count);
    if (status == QN_OK)
        status = add_texts(&p, part->scratch, count, &builder);
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    qn_mem_free(p.data);
    return status;
}

qn_status part_read_strings(qn_part *part, const part_string_source *strings, int64_t first,
                            int64_t count, qn_column **out) {
    if (strings->coding == PART_CATEGORICAL)
        return read_codes(part, strings, first, count, out);
    if (strings->coding == PART_FIXED)
        return read_fixed(part, strings, first, count, out);
    return part_read_variable(part, strings, first, count, out);
}

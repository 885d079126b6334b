/* Variable-length strings: HDF5 keeps them in "global heap collections" and the dataset holds
 * references to them. The library writes them one by one on one rank; here the collections are laid
 * by hand in the place of a byte dataset, so that all ranks write their strings at once and the
 * bytes depend on the rows alone. Collection k holds strings [k * 1024, (k + 1) * 1024):
 *
 *   "GCOL" version(1) 0 0 0 size(8)                 header, 16 bytes
 *   index(2) references(2) 0(4) size(8) text pad    one object a string that is not empty
 *   0(2) 0(2) 0(4) 4080(8) zeros                    free space: collections have at least 4 KiB
 *
 * HDF5 File Format Specification 3.0, section III.E (global heap) and VIII (variable-length data).
 */
#include "core/memory.h"
#include "mpi/hdf5/part_plan.h"

#include <string.h>

enum { HEADER = 16, FREE_SPACE = 4080, OVERHEAD = HEADER + FREE_SPACE };

static int64_t collection_start(int64_t collection, int64_t objects) {
    return collection * OVERHEAD + objects;
}

int64_t part_heap_size(int64_t count, int64_t objects) {
    return collection_start((count + PART_HEAP_ROWS - 1) / PART_HEAP_ROWS, objects);
}

void part_heap_walk(const qn_column *texts, part_heap_cursor *cursor, part_heap_cursor *start) {
    for (int64_t i = 0; i < texts->length; i++, cursor->string++) {
        if (cursor->string % PART_HEAP_ROWS == 0)
            *start = *cursor;
        cursor->objects += part_object_bytes(qn_column_string(texts, i).length);
    }
}

static void put_number(char *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        out[i] = (char)(value >> 8 * i);
}

/* A batch's bytes on their way: references, and one contiguous piece of the heap. */
typedef struct pieces {
    const part_plan *plan;
    const part_strings *strings;
    int descriptor;
    qn_text references, heap;
    int64_t heap_first; /* where heap.data[0] belongs */
    int64_t unfinished; /* place in heap.data of a header that is not known yet; -1: none */
} pieces;

static qn_status add_object(qn_text *heap, int64_t index, qn_view text) {
    static const char zeros[8] = {0};
    char header[HEADER] = {0};
    put_number(header, (uint64_t)index, 2);
    put_number(header + 8, (uint64_t)text.length, 8);
    QN_TRY(qn_text_add(heap, header, HEADER));
    QN_TRY(qn_text_add(heap, text.data, text.length));
    return qn_text_add(heap, zeros, part_object_bytes(text.length) - HEADER - text.length);
}

/* The rank with a collection's last string knows its size: it writes header and free space. */
static qn_status finish_collection(pieces *p, const part_heap_cursor *cursor) {
    static const char zeros[FREE_SPACE] = {0};
    int64_t start =
        collection_start((cursor->string - 1) / PART_HEAP_ROWS, cursor->collection_objects);
    char header[HEADER] = "GCOL\1";
    put_number(header + 8, (uint64_t)(cursor->objects - cursor->collection_objects + OVERHEAD), 8);
    if (start >= p->heap_first)
        memcpy(p->heap.data + (start - p->heap_first), header, HEADER);
    else
        QN_TRY(part_put(p->plan, p->descriptor, &p->strings->heap, start, HEADER, header));
    p->unfinished = -1;
    char space[HEADER] = {0};
    put_number(space + 8, FREE_SPACE, 8);
    QN_TRY(qn_text_add(&p->heap, space, HEADER));
    return qn_text_add(&p->heap, zeros, FREE_SPACE - HEADER);
}

static qn_status add_string(pieces *p, qn_view text, part_heap_cursor *cursor) {
    static const char placeholder[HEADER] = {0};
    int64_t index = cursor->string % PART_HEAP_ROWS;
    if (index == 0) {
        cursor->collection_objects = cursor->objects;
        p->unfinished = p->heap.length;
        QN_TRY(qn_text_add(&p->heap, placeholder, HEADER));
    }
    char reference[PART_REFERENCE] = {0};
    if (text.length > 0) {
        int64_t start = p->strings->heap.offset + collection_start(cursor->string / PART_HEAP_ROWS,
                                                                   cursor->collection_objects);
        put_number(reference, (uint64_t)text.length, 4);
        put_number(reference + 4, (uint64_t)start, 8);
        put_number(reference + 12, (uint64_t)index + 1, 4);
        QN_TRY(add_object(&p->heap, index + 1, text));
    }
    QN_TRY(qn_text_add(&p->references, reference, PART_REFERENCE));
    cursor->objects += part_object_bytes(text.length);
    cursor->string++;
    if (cursor->string % PART_HEAP_ROWS == 0 || cursor->string == p->strings->count)
        return finish_collection(p, cursor);
    return QN_OK;
}

static int64_t heap_position(const part_heap_cursor *cursor) {
    int64_t collection = cursor->string / PART_HEAP_ROWS;
    if (cursor->string % PART_HEAP_ROWS == 0)
        return collection_start(collection, cursor->objects);
    return collection_start(collection, cursor->objects) + HEADER;
}

/* The header of an unfinished collection is left to whoever finishes it: maybe another rank, which
 * may already have written it. */
static qn_status put_heap(const pieces *p) {
    const part_slot *slot = &p->strings->heap;
    if (p->unfinished < 0)
        return part_put(p->plan, p->descriptor, slot, p->heap_first, p->heap.length, p->heap.data);
    int64_t after = p->unfinished + HEADER;
    QN_TRY(part_put(p->plan, p->descriptor, slot, p->heap_first, p->unfinished, p->heap.data));
    return part_put(p->plan, p->descriptor, slot, p->heap_first + after, p->heap.length - after,
                    p->heap.data + after);
}

qn_status part_fill_variable(const part_plan *plan, int descriptor, const part_strings *strings,
                             const qn_column *texts, part_heap_cursor *cursor) {
    pieces p = {.plan = plan,
                .strings = strings,
                .descriptor = descriptor,
                .heap_first = heap_position(cursor),
                .unfinished = -1};
    int64_t first = cursor->string;
    qn_status status = qn_text_reserve(&p.references, texts->length * PART_REFERENCE);
    for (int64_t i = 0; status == QN_OK && i < texts->length; i++)
        status = add_string(&p, qn_column_string(texts, i), cursor);
    if (status == QN_OK)
        status =
            part_put(plan, descriptor, &strings->values, first, texts->length, p.references.data);
    if (status == QN_OK)
        status = put_heap(&p);
    qn_text_clear(&p.references);
    qn_text_clear(&p.heap);
    return status;
}

/* Private to mpi/part*.c: how a table will lie in its file. All ranks hold the same plan, but for
 * their own `first` numbers. */
#ifndef QUERN_MPI_PART_PLAN_H
#define QUERN_MPI_PART_PLAN_H

#include "mpi/hdf5/part.h"
#include "mpi/hdf5/part_dictionary.h"
#include "mpi/hdf5/part_h5.h"

enum {
    PART_FORMAT = 1,
    PART_FIXED_LIMIT = 64,           /* bytes of a fixed-length string */
    PART_CATEGORIES_LIMIT = 1 << 24, /* bytes of all categories, each as long as the longest */
    PART_HEAP_ROWS = 1024,           /* variable-length strings that share a heap collection */
    PART_REFERENCE = 16              /* bytes of a reference to one: length, address, index */
};

/* name in the file's schema */
#define PART_CODING_LIST(X)                                                                        \
    X(PLAIN, "plain")                                                                              \
    X(CATEGORICAL, "categorical")                                                                  \
    X(FIXED, "fixed")                                                                              \
    X(VARIABLE, "variable")                                                                        \
    X(LIST, "list")                                                                                \
    X(DENSE, "dense")                                                                              \
    X(SPARSE, "sparse")

typedef enum part_coding {
#define X(name, text) PART_##name,
    PART_CODING_LIST(X)
#undef X
        PART_CODING_COUNT
} part_coding;

const char *part_coding_name(part_coding coding);
bool part_coding_parse(const char *name, part_coding *out);

/* A dataset to be filled, in elements of `size` bytes. */
typedef struct part_slot {
    int64_t size;
    int64_t offset; /* in the file, once it exists; -1: nothing to write, or chunked */
    hid_t dataset;  /* > 0: chunked, and open until the file is done */
} part_slot;

/* Strings of a column, or the items of a list column. */
typedef struct part_strings {
    part_coding coding;
    int64_t count, first; /* of all ranks; of the ranks before */
    int64_t null_count;
    int64_t longest;
    bool has_nul;
    bool any;          /* this rank has a text that is not null */
    qn_view low, high; /* least and greatest text of this rank, borrowed from the table */
    int64_t object_bytes, object_first; /* heap bytes: this rank's, then all; ranks before */
    part_dictionary dictionary;         /* sorted, the same on all ranks, if CATEGORICAL */
    part_slot values;                   /* codes, fixed-length texts or heap references */
    part_slot heap;
    int64_t collection_objects; /* heap bytes before the collection this rank begins in */
} part_strings;

typedef struct part_column {
    const qn_field *field;
    char *key; /* its name in the file */
    part_coding coding;
    bool masked;                  /* a mask is stored */
    qn_part_column info;          /* this rank's, then of all */
    int64_t entries, entry_first; /* sparse entries or list items */
    part_strings strings;
    part_slot values, mask, offsets, indices;
} part_column;

typedef struct part_plan {
    qn_comm *comm;
    const char *path;
    const qn_table *table;
    bool deflate;
    int64_t rows, first; /* of all ranks; of the ranks before */
    int32_t count;
    part_column *columns;
    part_slot index; /* /obs/_index */
    char *schema;    /* JSON text (malloc), rank 0 */
} part_plan;

/* Collective. `plan` is zeroed but for comm, path, table and deflate. Clear it in any case. */
QN_CHECKED qn_status part_plan_make(part_plan *plan);
void part_plan_clear(part_plan *plan);

/* Local. The name of a column in the file: '/' and other names HDF5 cannot hold are replaced. */
QN_CHECKED qn_status part_key(char **out, const char *name);

/* Local. One column over the rank's batches, into info, entries, coding and strings. */
QN_CHECKED qn_status part_examine(part_column *column, const qn_table *table, int32_t index);

/* Local. The strings a column's rows or items are: shared, to be released. */
QN_CHECKED qn_status part_strings_of(qn_column **out, const qn_column *column);

/* Bytes a text takes in the heap: header and padding included; nothing for the empty text. */
static inline int64_t part_object_bytes(int64_t length) {
    return length == 0 ? 0 : 16 + (length + 7) / 8 * 8;
}

/* ---- The heap of variable-length strings: see part_fill_variable.c -------------------------- */

int64_t part_heap_size(int64_t count, int64_t objects); /* of `count` strings */

/* Rank 0 only: creates the file, its groups, small datasets and the slots. */
QN_CHECKED qn_status part_create(part_plan *plan, bool replace, hid_t *file);

/* Local. Writes this rank's rows to the slots. */
QN_CHECKED qn_status part_fill(part_plan *plan, int descriptor);

/* Elements [first, first + count) of a slot. */
QN_CHECKED qn_status part_put(const part_plan *plan, int descriptor, const part_slot *slot,
                              int64_t first, int64_t count, const void *data);

/* Where the next string goes in the heap. */
typedef struct part_heap_cursor {
    int64_t string;             /* its number in the table */
    int64_t objects;            /* object bytes before it */
    int64_t collection_objects; /* object bytes before its collection */
} part_heap_cursor;

/* Local. Writes a batch's strings as references and heap objects, and advances. */
QN_CHECKED qn_status part_fill_variable(const part_plan *plan, int descriptor,
                                        const part_strings *strings, const qn_column *texts,
                                        part_heap_cursor *cursor);

/* Local. Advances over a batch's strings without writing. *start: the last string seen so far
 * that begins a collection, and the object bytes before it; untouched if there is none. */
void part_heap_walk(const qn_column *texts, part_heap_cursor *cursor, part_heap_cursor *start);

#endif

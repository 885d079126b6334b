/* Types, fields and schemas: what a table's columns are called and hold. */
#ifndef QUERN_CORE_COLUMN_SCHEMA_H
#define QUERN_CORE_COLUMN_SCHEMA_H

#include "core/status.h"
#include "core/text/text.h"

#include <stdbool.h>
#include <stdint.h>

/* name as users write it, code */
#define QN_TYPE_LIST(X)                                                                            \
    X(BOOL, "bool") /* bitmap */                                                                   \
    X(INT32, "int32")                                                                              \
    X(INT64, "int64")                                                                              \
    X(FLOAT32, "float32")                                                                          \
    X(FLOAT64, "float64")                                                                          \
    X(STRING, "string")       /* UTF-8; may be dictionary-encoded */                               \
    X(DATE, "date")           /* int32 days since 1970-01-01 */                                    \
    X(TIMESTAMP, "timestamp") /* int64 nanoseconds since 1970-01-01T00:00:00Z */                   \
    X(STRING_LIST, "list<string>")                                                                 \
    X(VECTOR, "vector") /* float64, fixed width, dense or sparse */

typedef enum qn_type {
#define X(name, text) QN_##name,
    QN_TYPE_LIST(X)
#undef X
        QN_TYPE_COUNT
} qn_type;

const char *qn_type_name(qn_type type);
QN_CHECKED qn_status qn_type_parse(qn_type *out,
                                   const char *name); /* JOB error with a suggestion */
bool qn_type_is_numeric(qn_type type);                /* int32 .. float64 */
int qn_type_size(qn_type type); /* bytes a value of fixed-width types; 0 otherwise */

/* What is known of a column beyond its type. Immutable once made, shared by reference count.
 * nominal: `names` are the category values, the column holds their indices (float64).
 * vector:  `names` are the slot names (Spark's attribute names); `names` may be NULL. `slots`,
 * where it is not NULL, has the nominal attributes of each slot that holds category indices, and
 *          NULL for each that holds numbers. */
typedef enum qn_attribute_kind { QN_ATTRIBUTE_NOMINAL, QN_ATTRIBUTE_VECTOR } qn_attribute_kind;

typedef struct qn_attributes {
    int32_t references;
    qn_attribute_kind kind;
    int32_t count;
    char **names;
    char *source; /* nominal: the column whose values `names` are (an index of `cut`: "cut"); or
                     NULL */
    struct qn_attributes **slots; /* vectors: `count` of them, each may be NULL; or NULL */
} qn_attributes;

/* Local. Copies the names (may be NULL). */
QN_CHECKED qn_status qn_attributes_new(qn_attributes **out, qn_attribute_kind kind,
                                       const char *const *names, int32_t count);
/* Local. Sets the source of attributes that were just made (copies it). */
QN_CHECKED qn_status qn_attributes_set_source(qn_attributes *attributes, const char *source);
/* Local. Says that a slot of vector attributes that were just made holds the indices of categories;
 * `nominal` is retained. */
QN_CHECKED qn_status qn_attributes_set_slot(qn_attributes *attributes, int32_t slot,
                                            qn_attributes *nominal);
/* The nominal attributes of a slot, borrowed; NULL: numbers, or nothing known. */
const qn_attributes *qn_attributes_slot(const qn_attributes *attributes, int32_t slot);
/* Local. The same without categories of slots, for stages after which the numbers are no indices
 * any more: shared if there are none. NULL gives NULL. */
QN_CHECKED qn_status qn_attributes_drop_slots(qn_attributes **out, qn_attributes *attributes);
/* Do they mean the same? The same kind and names, and the same source and slots where both have
 * any (older files have neither); both may be NULL. */
bool qn_attributes_agree(const qn_attributes *a, const qn_attributes *b);
qn_attributes *qn_attributes_retain(qn_attributes *attributes); /* NULL is fine */
void qn_attributes_release(qn_attributes *attributes);

typedef struct qn_field {
    char *name;
    qn_type type;
    int32_t width;             /* vectors: number of slots */
    qn_attributes *attributes; /* NULL: nothing known */
} qn_field;

/* A column that someone may ask for, but that could not be made, and why. */
typedef struct qn_absence {
    char *name;
    char *reason;
} qn_absence;

typedef struct qn_schema {
    int32_t count;
    int32_t capacity;
    qn_field *fields;
    int64_t absence_count, absence_capacity;
    qn_absence *absences; /* copied along with the fields */
} qn_schema;

void qn_schema_init(qn_schema *schema);
void qn_schema_clear(qn_schema *schema);
QN_CHECKED qn_status qn_schema_copy(qn_schema *out, const qn_schema *source);

/* Local. Appends a field (copying what it names, retaining attributes). DATA error if the name
 * is taken. */
QN_CHECKED qn_status qn_schema_add(qn_schema *schema, const char *name, qn_type type);
QN_CHECKED qn_status qn_schema_add_field(qn_schema *schema, const qn_field *field);

/* Local. Notes a column that the schema does not have: qn_schema_require then fails with the reason
 * instead of calling the column unknown. Copies both texts. */
QN_CHECKED qn_status qn_schema_add_absence(qn_schema *schema, const char *name, const char *reason);

/* The reason why the schema lacks a column (exact name); NULL if none was noted. */
const char *qn_schema_absence(const qn_schema *schema, const char *name);

/* Index of the field, or -1. Exact match. */
int32_t qn_schema_find(const qn_schema *schema, const char *name);

/* Local. The same, but a missing column is a JOB error that names the nearest one. */
QN_CHECKED qn_status qn_schema_require(const qn_schema *schema, const char *name, int32_t *out);

/* Local. A name as SQL sees it: the exact one, else the only one that differs in (ASCII) case. JOB
 * error if there is none or if several differ in case alone. */
QN_CHECKED qn_status qn_schema_resolve(const qn_schema *schema, const char *name, int32_t *out);

bool qn_schema_equal(const qn_schema *a, const qn_schema *b); /* names, types, widths */

#endif

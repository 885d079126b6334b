#include "features/sql/tree.h"

#include <string.h>

static const void *at(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

/* A member of a union is there if the union's case says so. */
static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return true;
    return *(const uint32_t *)at(message, field->quantifier_offset) == field->id;
}

/* The messages in a field: *count of them, one after the other. */
static ProtobufCMessage *const *messages_in(const ProtobufCMessage *message,
                                            const ProtobufCFieldDescriptor *field, size_t *count) {
    *count = 0;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || !is_present(message, field))
        return NULL;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *count = *(const size_t *)at(message, field->quantifier_offset);
        return *(ProtobufCMessage *const *const *)at(message, field->offset);
    }
    ProtobufCMessage *const *one = at(message, field->offset);
    *count = *one != NULL;
    return one;
}

void qn_sql_walk(const void *node, sql_visit visit, void *context) {
    const ProtobufCMessage *message = node;
    if (message == NULL || !visit(context, message))
        return;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        size_t count = 0;
        ProtobufCMessage *const *items =
            messages_in(message, &message->descriptor->fields[i], &count);
        for (size_t k = 0; k < count; k++)
            qn_sql_walk(items[k], visit, context);
    }
}

/* ---- Sameness -------------------------------------------------------------------------------- */

static size_t width_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_field(const ProtobufCMessage *a, const ProtobufCMessage *b,
                       const ProtobufCFieldDescriptor *field, bool loose) {
    if (is_present(a, field) != is_present(b, field))
        return false;
    if (!is_present(a, field) || strcmp(field->name, "location") == 0)
        return true;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        size_t count = 0, other = 0;
        ProtobufCMessage *const *x = messages_in(a, field, &count);
        ProtobufCMessage *const *y = messages_in(b, field, &other);
        bool same = count == other;
        for (size_t i = 0; same && i < count; i++)
            same = qn_sql_same(x[i], y[i], loose);
        return same;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return same_text(*(const char *const *)at(a, field->offset),
                         *(const char *const *)at(b, field->offset));
    return memcmp(at(a, field->offset), at(b, field->offset), width_of(field->type)) == 0;
}

static const char *column_part(const PgQuery__ColumnRef *column, size_t from_end) {
    const PgQuery__Node *part = column->fields[column->n_fields - 1 - from_end];
    return part->node_case == PG_QUERY__NODE__NODE_STRING ? part->string->sval : NULL;
}

/* "t.a" and "a". */
static bool same_column(const PgQuery__ColumnRef *a, const PgQuery__ColumnRef *b) {
    return a->n_fields + b->n_fields == 3 && column_part(a, 0) != NULL &&
           same_text(column_part(a, 0), column_part(b, 0));
}

bool qn_sql_same(const void *node_a, const void *node_b, bool loose) {
    const ProtobufCMessage *a = node_a, *b = node_b;
    if (a == NULL || b == NULL || a == b)
        return a == b;
    if (a->descriptor != b->descriptor)
        return false;
    if (loose && a->descriptor == &pg_query__column_ref__descriptor &&
        same_column((const PgQuery__ColumnRef *)a, (const PgQuery__ColumnRef *)b))
        return true;
    for (unsigned i = 0; i < a->descriptor->n_fields; i++)
        if (!same_field(a, b, &a->descriptor->fields[i], loose))
            return false;
    return true;
}

/* ---- Places ---------------------------------------------------------------------------------- */

static bool note_first(void *context, const ProtobufCMessage *message) {
    int32_t *first = context;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "location");
    int32_t location = field != NULL && field->type == PROTOBUF_C_TYPE_INT32
                           ? *(const int32_t *)at(message, field->offset)
                           : -1;
    if (location >= 0 && (*first < 0 || location < *first))
        *first = location;
    return true;
}

int32_t qn_sql_first_location(const void *node) {
    int32_t first = -1;
    qn_sql_walk(node, note_first, &first);
    return first;
}

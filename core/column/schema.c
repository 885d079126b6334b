#include "core/column/schema.h"

#include "core/memory.h"

#include <string.h>

static const char *const type_names[] = {
#define X(name, text) [QN_##name] = text,
    QN_TYPE_LIST(X)
#undef X
};

const char *qn_type_name(qn_type type) {
    return type_names[type];
}

qn_status qn_type_parse(qn_type *out, const char *name) {
    for (int i = 0; i < QN_TYPE_COUNT; i++) {
        if (strcmp(name, type_names[i]) == 0) {
            *out = (qn_type)i;
            return QN_OK;
        }
    }
    qn_status status = qn_fail(QN_JOB, "unknown type '%s'", name);
    const char *nearest = qn_nearest(name, type_names, QN_TYPE_COUNT);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else
        qn_error_help("types are bool, int32, int64, float32, float64, string, date, timestamp");
    return status;
}

bool qn_type_is_numeric(qn_type type) {
    return type >= QN_INT32 && type <= QN_FLOAT64;
}

int qn_type_size(qn_type type) {
    switch (type) {
    case QN_INT32:
    case QN_FLOAT32:
    case QN_DATE:
        return 4;
    case QN_INT64:
    case QN_FLOAT64:
    case QN_TIMESTAMP:
        return 8;
    default:
        return 0;
    }
}

/* The names lie one after the other in one block, names[0]. */
static qn_status copy_names(char ***out, const char *const *names, int32_t count) {
    size_t length = 0;
    char **copies = NULL, *chars = NULL;
    for (int32_t i = 0; i < count; i++)
        length += strlen(names[i]) + 1;
    QN_TRY(qn_mem_alloc(&copies, (size_t)count + 1, sizeof *copies));
    qn_status status = qn_mem_alloc(&chars, length, 1);
    if (status != QN_OK) {
        qn_mem_free(copies);
        return status;
    }
    copies[0] = chars;
    for (int32_t i = 0; i < count; i++) {
        size_t bytes = strlen(names[i]) + 1;
        copies[i] = memcpy(chars, names[i], bytes);
        chars += bytes;
    }
    *out = copies;
    return QN_OK;
}

qn_status qn_attributes_new(qn_attributes **out, qn_attribute_kind kind, const char *const *names,
                            int32_t count) {
    qn_attributes *attributes = NULL;
    QN_TRY(qn_mem_calloc(&attributes, 1, sizeof *attributes));
    attributes->references = 1;
    attributes->kind = kind;
    attributes->count = count;
    qn_status status = names == NULL ? QN_OK : copy_names(&attributes->names, names, count);
    if (status != QN_OK) {
        qn_mem_free(attributes);
        return status;
    }
    *out = attributes;
    return QN_OK;
}

qn_status qn_attributes_set_source(qn_attributes *attributes, const char *source) {
    char *copy = NULL;
    QN_TRY(qn_mem_copy_text(&copy, source));
    qn_mem_free(attributes->source);
    attributes->source = copy;
    return QN_OK;
}

qn_status qn_attributes_set_slot(qn_attributes *attributes, int32_t slot, qn_attributes *nominal) {
    if (attributes->slots == NULL)
        QN_TRY(qn_mem_calloc(&attributes->slots, (size_t)attributes->count,
                             sizeof *attributes->slots));
    qn_attributes_release(attributes->slots[slot]);
    attributes->slots[slot] = qn_attributes_retain(nominal);
    return QN_OK;
}

const qn_attributes *qn_attributes_slot(const qn_attributes *attributes, int32_t slot) {
    return attributes == NULL || attributes->slots == NULL ? NULL : attributes->slots[slot];
}

qn_status qn_attributes_drop_slots(qn_attributes **out, qn_attributes *attributes) {
    if (attributes == NULL || attributes->slots == NULL) {
        *out = qn_attributes_retain(attributes);
        return QN_OK;
    }
    return qn_attributes_new(out, attributes->kind, (const char *const *)attributes->names,
                             attributes->count);
}

static bool slots_agree(const qn_attributes *a, const qn_attributes *b) {
    if (a->slots == NULL || b->slots == NULL)
        return true;
    for (int32_t i = 0; i < a->count; i++)
        if (!qn_attributes_agree(a->slots[i], b->slots[i]))
            return false;
    return true;
}

bool qn_attributes_agree(const qn_attributes *a, const qn_attributes *b) {
    if (a == b)
        return true;
    if (a == NULL || b == NULL || a->kind != b->kind || a->count != b->count ||
        (a->names == NULL) != (b->names == NULL))
        return false;
    for (int32_t i = 0; a->names != NULL && i < a->count; i++)
        if (strcmp(a->names[i], b->names[i]) != 0)
            return false;
    bool sources = a->source != NULL && b->source != NULL;
    return (!sources || strcmp(a->source, b->source) == 0) && slots_agree(a, b);
}

qn_attributes *qn_attributes_retain(qn_attributes *attributes) {
    if (attributes != NULL)
        attributes->references++;
    return attributes;
}

void qn_attributes_release(qn_attributes *attributes) {
    if (attributes == NULL || --attributes->references > 0)
        return;
    if (attributes->names != NULL)
        qn_mem_free(attributes->names[0]);
    qn_mem_free(attributes->names);
    qn_mem_free(attributes->source);
    for (int32_t i = 0; attributes->slots != NULL && i < attributes->count; i++)
        qn_attributes_release(attributes->slots[i]);
    qn_mem_free(attributes->slots);
    qn_mem_free(attributes);
}

void qn_schema_init(qn_schema *schema) {
    *schema = (qn_schema){0};
}

void qn_schema_clear(qn_schema *schema) {
    for (int32_t i = 0; i < schema->count; i++) {
        qn_mem_free(schema->fields[i].name);
        qn_attributes_release(schema->fields[i].attributes);
    }
    qn_mem_free(schema->fields);
    for (int64_t i = 0; i < schema->absence_count; i++) {
        qn_mem_free(schema->absences[i].name);
        qn_mem_free(schema->absences[i].reason);
    }
    qn_mem_free(schema->absences);
    qn_schema_init(schema);
}

qn_status qn_schema_copy(qn_schema *out, const qn_schema *source) {
    qn_schema copy;
    qn_status status = QN_OK;
    qn_schema_init(&copy);
    for (int32_t i = 0; i < source->count && status == QN_OK; i++)
        status = qn_schema_add_field(&copy, &source->fields[i]);
    for (int64_t i = 0; i < source->absence_count && status == QN_OK; i++)
        status = qn_schema_add_absence(&copy, source->absences[i].name, source->absences[i].reason);
    if (status != QN_OK) {
        qn_schema_clear(&copy);
        return status;
    }
    *out = copy;
    return QN_OK;
}

qn_status qn_schema_add(qn_schema *schema, const char *name, qn_type type) {
    /* qn_schema_add_field copies the name; the cast only satisfies the field's owning type. */
    qn_field field = {.name = (char *)(uintptr_t)name, .type = type};
    return qn_schema_add_field(schema, &field);
}

qn_status qn_schema_add_field(qn_schema *schema, const qn_field *field) {
    if (qn_schema_find(schema, field->name) >= 0)
        return qn_fail(QN_DATA, "two columns are named '%s'", field->name);
    int64_t capacity = schema->capacity;
    QN_TRY(qn_mem_reserve(&schema->fields, &capacity, schema->count + 1, sizeof *schema->fields));
    schema->capacity = (int32_t)capacity;
    char *name = NULL;
    QN_TRY(qn_mem_copy_text(&name, field->name));
    schema->fields[schema->count++] =
        (qn_field){name, field->type, field->width, qn_attributes_retain(field->attributes)};
    return QN_OK;
}

qn_status qn_schema_add_absence(qn_schema *schema, const char *name, const char *reason) {
    qn_absence absence = {0};
    QN_TRY(qn_mem_reserve(&schema->absences, &schema->absence_capacity, schema->absence_count + 1,
                          sizeof *schema->absences));
    QN_TRY(qn_mem_copy_text(&absence.name, name));
    qn_status status = qn_mem_copy_text(&absence.reason, reason);
    if (status != QN_OK) {
        qn_mem_free(absence.name);
        return status;
    }
    schema->absences[schema->absence_count++] = absence;
    return QN_OK;
}

const char *qn_schema_absence(const qn_schema *schema, const char *name) {
    for (int64_t i = 0; i < schema->absence_count; i++)
        if (strcmp(schema->absences[i].name, name) == 0)
            return schema->absences[i].reason;
    return NULL;
}

int32_t qn_schema_find(const qn_schema *schema, const char *name) {
    for (int32_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return i;
    return -1;
}

/* "did you mean 'x'?", or the columns there are. */
static qn_status suggest_column(const qn_schema *schema, const char *name) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)schema->count, sizeof *names));
    qn_text list;
    qn_text_init(&list);
    qn_status status = QN_OK;
    for (int32_t i = 0; i < schema->count; i++) {
        names[i] = schema->fields[i].name;
        if (i < 20 && status == QN_OK)
            status = qn_text_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (status == QN_OK)
        status = qn_fail(QN_JOB, "unknown column '%s'", name);
    const char *nearest = qn_nearest(name, names, schema->count);
    if (status == QN_JOB && nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else if (status == QN_JOB && list.data != NULL)
        qn_error_help("columns are %s%s", list.data, schema->count > 20 ? ", ..." : "");
    qn_text_clear(&list);
    qn_mem_free(names);
    return status;
}

qn_status qn_schema_require(const qn_schema *schema, const char *name, int32_t *out) {
    int32_t index = qn_schema_find(schema, name);
    const char *reason = index < 0 ? qn_schema_absence(schema, name) : NULL;
    if (reason != NULL)
        return qn_fail(QN_JOB, "%s", reason);
    if (index < 0)
        return suggest_column(schema, name);
    *out = index;
    return QN_OK;
}

bool qn_schema_equal(const qn_schema *a, const qn_schema *b) {
    if (a->count != b->count)
        return false;
    for (int32_t i = 0; i < a->count; i++) {
        const qn_field *x = &a->fields[i], *y = &b->fields[i];
        if (strcmp(x->name, y->name) != 0 || x->type != y->type || x->width != y->width)
            return false;
    }
    return true;
}

/* Schemas as JSON. */
#include "core/memory.h"
#include "mpi/hdf5/part.h"

#include <string.h>

static const char *kind_name(qn_attribute_kind kind) {
    return kind == QN_ATTRIBUTE_NOMINAL ? "nominal" : "vector";
}

static bool add_names(json_t *object, const qn_attributes *attributes) {
    json_t *names = json_array();
    for (int32_t i = 0; i < attributes->count; i++)
        if (json_array_append_new(names, json_string(attributes->names[i])) != 0) {
            json_decref(names);
            return false;
        }
    return json_object_set_new(object, "names", names) == 0;
}

static json_t *plain_to_json(const qn_attributes *attributes) {
    json_t *object =
        json_pack("{s:s, s:i}", "kind", kind_name(attributes->kind), "count", attributes->count);
    bool fine = object != NULL;
    if (fine && attributes->names != NULL)
        fine = add_names(object, attributes);
    if (fine && attributes->source != NULL)
        fine = json_object_set_new(object, "source", json_string(attributes->source)) == 0;
    if (fine)
        return object;
    json_decref(object);
    return NULL;
}

/* The slots that hold category indices, as a list of their attributes with the slot's number. */
static json_t *slots_to_json(const qn_attributes *attributes) {
    json_t *slots = json_array();
    for (int32_t i = 0; i < attributes->count; i++) {
        if (attributes->slots[i] == NULL)
            continue;
        json_t *slot = plain_to_json(attributes->slots[i]);
        if (slot == NULL || json_object_set_new(slot, "slot", json_integer(i)) != 0 ||
            json_array_append(slots, slot) != 0) {
            json_decref(slot);
            json_decref(slots);
            return NULL;
        }
        json_decref(slot);
    }
    return slots;
}

static json_t *attributes_to_json(const qn_attributes *attributes) {
    json_t *object = plain_to_json(attributes);
    if (object == NULL || attributes->slots == NULL ||
        json_object_set_new(object, "slots", slots_to_json(attributes)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *field_to_json(const qn_field *field) {
    json_t *object =
        json_pack("{s:s, s:s}", "name", field->name, "type", qn_type_name(field->type));
    if (object != NULL && field->type == QN_VECTOR)
        (void)json_object_set_new(object, "width", json_integer(field->width));
    if (object != NULL && field->attributes != NULL &&
        json_object_set_new(object, "attributes", attributes_to_json(field->attributes)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

qn_status qn_schema_to_json(const qn_schema *schema, json_t **out) {
    json_t *array = json_array();
    for (int32_t i = 0; i < schema->count; i++)
        if (json_array_append_new(array, field_to_json(&schema->fields[i])) != 0) {
            json_decref(array);
            return qn_fail(QN_DATA, "column %d's name or labels are not valid UTF-8", i + 1);
        }
    *out = array;
    return QN_OK;
}

static qn_status names_from_json(const json_t *array, int32_t count, const char ***out) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)count, sizeof *names));
    for (int32_t i = 0; i < count; i++) {
        names[i] = json_string_value(json_array_get(array, (size_t)i));
        if (names[i] == NULL) {
            qn_mem_free(names);
            return qn_fail(QN_DATA, "label %d of %d is missing", i + 1, count);
        }
    }
    *out = names;
    return QN_OK;
}

static qn_status fail_attributes(void) {
    return qn_fail(QN_DATA, "a column's attributes are malformed");
}

static qn_status plain_from_json(const json_t *object, qn_attributes **out) {
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *source = json_string_value(json_object_get(object, "source"));
    const json_t *array = json_object_get(object, "names");
    int64_t count = json_integer_value(json_object_get(object, "count"));
    if (kind == NULL || count < 0 || count > INT32_MAX)
        return fail_attributes();
    const char **names = NULL;
    qn_attributes *attributes = NULL;
    qn_status status;
    if (array != NULL)
        QN_TRY(names_from_json(array, (int32_t)count, &names));
    QN_TRY_GOTO(
        qn_attributes_new(&attributes,
                          strcmp(kind, "nominal") == 0 ? QN_ATTRIBUTE_NOMINAL : QN_ATTRIBUTE_VECTOR,
                          names, (int32_t)count),
        done);
    if (source != NULL)
        QN_TRY_GOTO(qn_attributes_set_source(attributes, source), done);
    *out = attributes;
    attributes = NULL;
done:
    qn_attributes_release(attributes);
    qn_mem_free(names);
    return status;
}

static qn_status slot_from_json(const json_t *object, qn_attributes *attributes) {
    const json_t *number = json_object_get(object, "slot");
    int64_t slot = json_integer_value(number);
    if (!json_is_integer(number) || slot < 0 || slot >= attributes->count)
        return fail_attributes();
    qn_attributes *nominal = NULL;
    QN_TRY(plain_from_json(object, &nominal));
    qn_status status = nominal->kind == QN_ATTRIBUTE_NOMINAL
                           ? qn_attributes_set_slot(attributes, (int32_t)slot, nominal)
                           : fail_attributes();
    qn_attributes_release(nominal);
    return status;
}

static qn_status attributes_from_json(const json_t *object, qn_attributes **out) {
    const json_t *slots = json_object_get(object, "slots"); /* older files have none */
    qn_attributes *attributes = NULL;
    QN_TRY(plain_from_json(object, &attributes));
    for (size_t i = 0; i < json_array_size(slots); i++) {
        qn_status status = slot_from_json(json_array_get(slots, i), attributes);
        if (status != QN_OK) {
            qn_attributes_release(attributes);
            return status;
        }
    }
    *out = attributes;
    return QN_OK;
}

static qn_status add_field(qn_schema *schema, const json_t *object) {
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *type = json_string_value(json_object_get(object, "type"));
    const json_t *attributes = json_object_get(object, "attributes");
    int64_t width = json_integer_value(json_object_get(object, "width"));
    if (name == NULL || type == NULL || width < 0 || width > INT32_MAX)
        return qn_fail(QN_DATA, "a column's description is malformed");
    qn_field field = {.name = (char *)(uintptr_t)name, .width = (int32_t)width};
    if (qn_type_parse(&field.type, type) != QN_OK)
        return qn_fail(QN_DATA, "column '%s' has type '%s', which this version does not know", name,
                       type);
    if (attributes != NULL)
        QN_TRY(attributes_from_json(attributes, &field.attributes));
    qn_status status = qn_schema_add_field(schema, &field);
    qn_attributes_release(field.attributes);
    return status;
}

qn_status qn_schema_from_json(const json_t *array, qn_schema *out) {
    if (!json_is_array(array))
        return qn_fail(QN_DATA, "the columns' description is not a list");
    qn_schema schema;
    qn_schema_init(&schema);
    for (size_t i = 0; i < json_array_size(array); i++) {
        qn_status status = add_field(&schema, json_array_get(array, i));
        if (status != QN_OK) {
            qn_schema_clear(&schema);
            return status;
        }
    }
    *out = schema;
    return QN_OK;
}

/* Schemas as JSON. */
#include "core/memory.h"
#include "mpi/hdf5/part.h"

#include <string.h>

static const char *kind_name(qn_attribute_kind kind) {
    return kind == QN_ATTRIBUTE_NOMINAL ? "nominal" : "vector";
}

static json_t *attributes_to_json(const qn_attributes *attributes) {
    json_t *object =
        json_pack("{s:s, s:i}", "kind", kind_name(attributes->kind), "count", attributes->count);
    if (attributes->names == NULL)
        return object;
    json_t *names = json_array();
    for (int32_t i = 0; i < attributes->count; i++)
        if (json_array_append_new(names, json_string(attributes->names[i])) != 0) {
            json_decref(names);
            json_decref(object);
            return NULL;
        }
    return json_object_set_new(object, "names", names) == 0 ? object : NULL;
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

static qn_status attributes_from_json(const json_t *object, qn_attributes **out) {
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const json_t *array = json_object_get(object, "names");
    int64_t count = json_integer_value(json_object_get(object, "count"));
    if (kind == NULL || count < 0 || count > INT32_MAX)
        return qn_fail(QN_DATA, "a column's attributes are malformed");
    const char **names = NULL;
    if (array != NULL)
        QN_TRY(names_from_json(array, (int32_t)count, &names));
    qn_status status = qn_attributes_new(
        out, strcmp(kind, "nominal") == 0 ? QN_ATTRIBUTE_NOMINAL : QN_ATTRIBUTE_VECTOR, names,
        (int32_t)count);
    qn_mem_free(names);
    return status;
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

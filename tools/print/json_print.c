#include "tools/print/json_print.h"

#include "core/text/number.h"

#include <math.h>
#include <stdlib.h>

qn_status qn_json_print_string(qn_view text, qn_text *out) {
    QN_TRY(qn_text_add_char(out, '"'));
    for (int64_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\')
            QN_TRY(qn_text_printf(out, "\\%c", c));
        else if (c == '\n')
            QN_TRY(qn_text_add(out, "\\n", 2));
        else if (c < 0x20 || c == 0x7f)
            QN_TRY(qn_text_printf(out, "\\u%04x", c));
        else
            QN_TRY(qn_text_add_char(out, (char)c));
    }
    return qn_text_add_char(out, '"');
}

static qn_status print_number(const json_t *value, qn_text *out) {
    char number[32];
    if (json_is_integer(value))
        return qn_text_printf(out, "%lld", (long long)json_integer_value(value));
    double real = json_real_value(value);
    if (!isfinite(real))
        return qn_text_add(out, "null", 4);
    return qn_text_add(out, number, qn_print_real(real, number));
}

static bool is_plain(const json_t *array) {
    size_t index;
    json_t *item;
    json_array_foreach(array, index, item) {
        if (json_is_object(item) || json_is_array(item))
            return false;
    }
    return true;
}

static qn_status new_line(int indent, qn_text *out) {
    return qn_text_printf(out, "\n%*s", 2 * indent, "");
}

static qn_status print_array(const json_t *array, int indent, qn_text *out) {
    bool plain = is_plain(array);
    size_t index;
    json_t *item;
    QN_TRY(qn_text_add_char(out, '['));
    json_array_foreach(array, index, item) {
        if (index > 0)
            QN_TRY(qn_text_add(out, ", ", plain ? 2 : 1));
        if (!plain)
            QN_TRY(new_line(indent + 1, out));
        QN_TRY(qn_json_print(item, indent + 1, out));
    }
    if (!plain)
        QN_TRY(new_line(indent, out));
    return qn_text_add_char(out, ']');
}

static qn_status print_object(const json_t *object, int indent, qn_text *out) {
    const char *key;
    json_t *value;
    bool first = true;
    QN_TRY(qn_text_add_char(out, '{'));
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (!first)
            QN_TRY(qn_text_add_char(out, ','));
        first = false;
        QN_TRY(new_line(indent + 1, out));
        QN_TRY(qn_json_print_string(qn_view_of(key), out));
        QN_TRY(qn_text_add(out, ": ", 2));
        QN_TRY(qn_json_print(value, indent + 1, out));
    }
    if (!first)
        QN_TRY(new_line(indent, out));
    return qn_text_add_char(out, '}');
}

qn_status qn_json_print(const json_t *value, int indent, qn_text *out) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return print_object(value, indent, out);
    case JSON_ARRAY:
        return print_array(value, indent, out);
    case JSON_STRING:
        return qn_json_print_string(
            (qn_view){json_string_value(value), (int64_t)json_string_length(value)}, out);
    case JSON_INTEGER:
    case JSON_REAL:
        return print_number(value, out);
    case JSON_TRUE:
        return qn_text_add(out, "true", 4);
    case JSON_FALSE:
        return qn_text_add(out, "false", 5);
    default:
        return qn_text_add(out, "null", 4);
    }
}

#include "tools/print/quality_view.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "mpi/file/file.h"
#include "tools/print/json_print.h"
#include "tools/print/show.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *key;
    bool right;
} columns[] = {{"rule", false},      {"type", false},    {"columns", false}, {"checked", true},
               {"violations", true}, {"share", true},    {"action", false},  {"outcome", false},
               {"detail", false},    {"examples", false}};
enum { COLUMNS = sizeof columns / sizeof *columns, DETAIL = COLUMNS - 2, EXAMPLES = COLUMNS - 1 };

/* ---- Cells ---------------------------------------------------------------------------------- */

static qn_status print_value(const json_t *value, qn_text *out) {
    if (json_is_string(value))
        return qn_text_add(out, json_string_value(value), (int64_t)json_string_length(value));
    return qn_json_print(value, 0, out);
}

/* "17: price = -5, cut = Ideal" */
static qn_status print_example(const json_t *example, qn_text *out) {
    const char *key;
    json_t *value;
    const char *between = ": ";
    QN_TRY(qn_text_printf(out, "%lld",
                          (long long)json_integer_value(json_object_get(example, "row"))));
    json_object_foreach(json_object_get(example, "values"), key, value) {
        QN_TRY(qn_text_printf(out, "%s%s = ", between, key));
        QN_TRY(print_value(value, out));
        between = ", ";
    }
    return QN_OK;
}

static qn_status print_list(const json_t *list, bool examples, qn_text *out) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        if (i > 0)
            QN_TRY(qn_text_printf(out, "%s", examples ? "; " : ", "));
        QN_TRY(examples ? print_example(item, out) : print_value(item, out));
    }
    return QN_OK;
}

static qn_status print_cell(const json_t *rule, int column, bool brief, qn_text *out) {
    const json_t *value = json_object_get(rule, columns[column].key);
    QN_TRY(qn_text_add(out, "", 0));
    if (value == NULL)
        return QN_OK;
    if (json_is_array(value))
        return print_list(value, column == EXAMPLES, out);
    if (brief && json_is_real(value)) {
        double share = 100 * json_real_value(value);
        return qn_text_printf(out, share > 0 && share < 0.01 ? "<0.01 %%" : "%.2f %%", share);
    }
    return print_value(value, out);
}

/* ---- For people ----------------------------------------------------------------------------- */

/* Details and examples are too long for a table; the types are left to programs. */
static bool is_shown(int column) {
    return column < DETAIL && strcmp(columns[column].key, "type") != 0;
}

static qn_status make_cells(const json_t *rules, const int *shown, int count, char **cells) {
    size_t rows = json_array_size(rules);
    for (int c = 0; c < count; c++)
        QN_TRY(qn_mem_copy_text(&cells[c], columns[shown[c]].key));
    for (size_t row = 0; row < rows; row++)
        for (int c = 0; c < count; c++) {
            qn_text text;
            qn_text_init(&text);
            qn_status status = print_cell(json_array_get(rules, row), shown[c], true, &text);
            cells[(row + 1) * (size_t)count + (size_t)c] = text.data;
            QN_TRY(status);
        }
    return QN_OK;
}

static qn_status show_rules(const json_t *rules) {
    int shown[COLUMNS], count = 0;
    bool right[COLUMNS];
    char **cells = NULL;
    for (int c = 0; c < COLUMNS; c++)
        if (is_shown(c)) {
            right[count] = columns[c].right;
            shown[count++] = c;
        }
    size_t total = (json_array_size(rules) + 1) * (size_t)count;
    QN_TRY(qn_mem_calloc(&cells, total, sizeof *cells));
    qn_status status = make_cells(rules, shown, count, cells);
    if (status == QN_OK)
        status = qn_show_cells(cells, (int64_t)json_array_size(rules), count, right);
    qn_mem_free_all(cells, (int64_t)total);
    return status;
}

static void show_details(const json_t *rules) {
    bool first = true;
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        const char *detail = json_string_value(json_object_get(rule, columns[DETAIL].key));
        if (detail == NULL)
            continue;
        printf("%s  %s: %s\n", first ? "\ndetails\n" : "",
               json_string_value(json_object_get(rule, "rule")), detail);
        first = false;
    }
}

static qn_status show_examples(const json_t *rules) {
    size_t i, k;
    json_t *rule, *example;
    bool first = true;
    json_array_foreach(rules, i, rule)
        json_array_foreach(json_object_get(rule, "examples"), k, example) {
        qn_text text;
        qn_text_init(&text);
        qn_status status = print_example(example, &text);
        if (status == QN_OK)
            printf("%s  %s, row %s\n", first ? "\nexamples (rows are numbered from 0)\n" : "",
                   json_string_value(json_object_get(rule, "rule")), text.data);
        first = false;
        qn_text_clear(&text);
        QN_TRY(status);
    }
    return QN_OK;
}

static long long count_of(const json_t *report, const char *key) {
    return json_integer_value(json_object_get(report, key));
}

static qn_status show_table(const json_t *report) {
    const json_t *rules = json_object_get(report, "rules");
    QN_TRY(show_rules(rules));
    show_details(rules);
    QN_TRY(show_examples(rules));
    printf("\n%lld rows: %lld passed, %lld dropped, %lld quarantined; %zu rules: %lld failed, "
           "%lld warned\n",
           count_of(report, "rows"), count_of(report, "passed"), count_of(report, "dropped"),
           count_of(report, "quarantined"), json_array_size(rules), count_of(report, "failed"),
           count_of(report, "warned"));
    return QN_OK;
}

/* ---- For programs --------------------------------------------------------------------------- */

static qn_status add_field(qn_text *out, const qn_text *field) {
    if (field->length == 0 || strpbrk(field->data, ",\"\r\n") == NULL)
        return qn_text_add(out, field->data == NULL ? "" : field->data, field->length);
    QN_TRY(qn_text_add_char(out, '"'));
    for (int64_t i = 0; i < field->length; i++) {
        if (field->data[i] == '"')
            QN_TRY(qn_text_add_char(out, '"'));
        QN_TRY(qn_text_add_char(out, field->data[i]));
    }
    return qn_text_add_char(out, '"');
}

static qn_status format_csv(const json_t *report, qn_text *out) {
    size_t i;
    json_t *rule;
    for (int c = 0; c < COLUMNS; c++)
        QN_TRY(qn_text_printf(out, "%s%s", c > 0 ? "," : "", columns[c].key));
    QN_TRY(qn_text_add_char(out, '\n'));
    json_array_foreach(json_object_get(report, "rules"), i, rule) {
        for (int c = 0; c < COLUMNS; c++) {
            qn_text field;
            qn_text_init(&field);
            qn_status status = c > 0 ? qn_text_add_char(out, ',') : QN_OK;
            if (status == QN_OK)
                status = print_cell(rule, c, false, &field);
            if (status == QN_OK)
                status = add_field(out, &field);
            qn_text_clear(&field);
            QN_TRY(status);
        }
        QN_TRY(qn_text_add_char(out, '\n'));
    }
    return QN_OK;
}

qn_status qn_quality_format(const json_t *report, const char *format, qn_text *out) {
    if (strcmp(format, "csv") == 0)
        return format_csv(report, out);
    QN_TRY(qn_json_print(report, 0, out));
    return qn_text_add_char(out, '\n');
}

qn_status qn_quality_show(const json_t *report, const char *format) {
    if (strcmp(format, "table") == 0)
        return show_table(report);
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_quality_format(report, format, &text);
    if (status == QN_OK)
        fwrite(text.data, 1, (size_t)text.length, stdout);
    qn_text_clear(&text);
    return status;
}

qn_status qn_quality_write(const json_t *report, const char *path) {
    const char *dot = strrchr(path, '.');
    qn_text text;
    qn_output *output = NULL;
    qn_text_init(&text);
    qn_status status =
        qn_quality_format(report, dot != NULL && strcmp(dot, ".csv") == 0 ? "csv" : "json", &text);
    if (status == QN_OK)
        status = qn_output_open(&output, path);
    if (status == QN_OK)
        status = qn_output_write(output, text.data, text.length);
    if (status == QN_OK)
        status = qn_output_commit(output);
    else
        qn_output_discard(output);
    qn_text_clear(&text);
    return status;
}

/* inspect: what a file that quern wrote holds. */
#include "core/memory.h"
#include "core/text/number.h"
#include "features/pipeline.h"
#include "mpi/file/file.h"
#include "mpi/hdf5/part.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/cmd/inspect_folder.h"
#include "tools/cmd/registries.h"
#include "tools/print/json_print.h"
#include "tools/print/model_view.h"
#include "tools/print/show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Descriptions --------------------------------------------------------------------------- */

static json_t *describe_fields(const qn_schema *schema) {
    json_t *columns = json_array();
    for (int32_t i = 0; i < schema->count; i++) {
        const qn_field *field = &schema->fields[i];
        json_t *column =
            json_pack("{s:s, s:s}", "name", field->name, "type", qn_type_name(field->type));
        if (field->type == QN_VECTOR)
            json_object_set_new(column, "width", json_integer(field->width));
        json_array_append_new(columns, column);
    }
    return columns;
}

static qn_status describe_table(const char *path, json_t **out) {
    qn_part *part = NULL;
    if (qn_part_open(&part, path) != QN_OK)
        return QN_OK; /* *out stays NULL: something else */
    *out = json_pack("{s:s, s:I, s:o}", "type", "table", "rows", (json_int_t)qn_part_rows(part),
                     "columns", describe_fields(qn_part_schema(part)));
    qn_part_free(part);
    return QN_OK;
}

static qn_status describe_model(const qn_arguments *arguments, const char *path, json_t **out) {
    qn_stage *stage = NULL;
    QN_TRY(qn_pipeline_load(&stage, arguments->comm, path, qn_all_stages));
    qn_status status = qn_model_describe(stage, out);
    qn_stage_free(stage);
    return status;
}

/* ---- For people ----------------------------------------------------------------------------- */

static void print_value(const char *key, const json_t *value) {
    qn_text text;
    qn_text_init(&text);
    if (qn_json_print(value, 1, &text) == QN_OK && text.length > 0) {
        bool string = json_is_string(value);
        printf("  %-24s %.*s\n", key, (int)(text.length - 2 * string), text.data + string);
    }
    qn_text_clear(&text);
}

static void print_map(const char *title, const json_t *map) {
    const char *key;
    json_t *value;
    if (json_object_size(map) == 0)
        return;
    printf("\n%s:\n", title);
    json_object_foreach((json_t *)(uintptr_t)map, key, value) {
        if (!json_is_null(value))
            print_value(key, value);
    }
}

static qn_status number_cell(char **cell, const json_t *array, size_t index) {
    json_t *value = json_array_get(array, index);
    if (!json_is_number(value))
        return qn_mem_copy_text(cell, "");
    return qn_format(cell, "%.6g", json_number_value(value));
}

/* feature, coefficient, std error, t, p; the intercept is the last row. */
static qn_status print_coefficients(const json_t *model) {
    static const char *const heads[] = {"feature", "coefficient", "std_error", "t_value",
                                        "p_value"};
    static const char *const keys[] = {"coefficients", "std_errors", "t_values", "p_values"};
    static const bool right[] = {false, true, true, true, true};
    size_t features = json_array_size(json_object_get(model, "coefficients"));
    int32_t columns = json_is_array(json_object_get(model, "std_errors")) ? 5 : 2;
    size_t count = (features + 2) * (size_t)columns;
    char **cells = NULL;
    QN_TRY(qn_mem_calloc(&cells, count, sizeof *cells));
    qn_status status = QN_OK;
    for (size_t i = 0; i < count && status == QN_OK; i++) {
        size_t row = i / (size_t)columns, column = i % (size_t)columns;
        if (row == 0)
            status = qn_mem_copy_text(&cells[i], heads[column]);
        else if (column == 0)
            status = qn_mem_copy_text(
                &cells[i], row > features ? "(intercept)"
                                          : json_string_value(json_array_get(
                                                json_object_get(model, "features"), row - 1)));
        else if (column == 1 && row > features)
            status = qn_format(&cells[i], "%.6g",
                               json_number_value(json_object_get(model, "intercept")));
        else
            status = number_cell(&cells[i], json_object_get(model, keys[column - 1]), row - 1);
    }
    putchar('\n');
    if (status == QN_OK)
        status = qn_show_cells(cells, (int64_t)features + 1, columns, right);
    qn_mem_free_all(cells, (int64_t)count);
    return status;
}

static void print_columns(const json_t *columns) {
    size_t index;
    json_t *column;
    printf("\ncolumns:\n");
    json_array_foreach(columns, index, column) {
        printf("  %-24s %s", json_string_value(json_object_get(column, "name")),
               json_string_value(json_object_get(column, "type")));
        json_t *width = json_object_get(column, "width");
        if (width != NULL)
            printf("[%lld]", (long long)json_integer_value(width));
        putchar('\n');
    }
}

static void print_stages(const json_t *stages) {
    size_t index;
    json_t *stage;
    printf("\nstages:\n");
    json_array_foreach(stages, index, stage) {
        printf("  %zu  %s\n", index + 1, json_string_value(json_object_get(stage, "type")));
    }
}

static void print_groups(const json_t *groups) {
    size_t index;
    json_t *group;
    printf("\ngroups:\n");
    json_array_foreach(groups, index, group) {
        char rows[32];
        const char *time = json_string_value(json_object_get(group, "time"));
        printf("  %-24s version %lld, %s rows, %s\n",
               json_string_value(json_object_get(group, "name")),
               (long long)json_integer_value(json_object_get(group, "version")),
               qn_grouped(json_integer_value(json_object_get(group, "rows")), rows),
               time != NULL ? time : "no time");
    }
}

static qn_status print_description(const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (!json_is_object(value) && !json_is_array(value) && strcmp(key, "intercept") != 0)
            print_value(key, value);
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (json_is_object(value))
            print_map(key, value);
    }
    if (json_object_get(object, "stages") != NULL)
        print_stages(json_object_get(object, "stages"));
    if (json_object_get(object, "groups") != NULL)
        print_groups(json_object_get(object, "groups"));
    if (json_object_get(object, "columns") != NULL)
        print_columns(json_object_get(object, "columns"));
    if (json_is_array(json_object_get(object, "coefficients")) &&
        json_is_array(json_object_get(object, "features")))
        return print_coefficients(object);
    return QN_OK;
}

static qn_status print_json(const json_t *object) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_json_print(object, 0, &text);
    if (status == QN_OK)
        printf("%s\n", text.data);
    qn_text_clear(&text);
    return status;
}

static qn_status run_inspect(const qn_arguments *arguments) {
    const char *path = arguments->operands[0];
    json_t *object = NULL;
    QN_TRY(qn_inspect_folder(path, &object));
    if (object == NULL)
        QN_TRY(describe_table(path, &object));
    if (object == NULL)
        QN_TRY(describe_model(arguments, path, &object));
    bool json = qn_options_is(arguments->options, "format", "json");
    qn_status status = json ? print_json(object) : print_description(object);
    json_decref(object);
    return status;
}

static const qn_option options[] = {
    {"format", QN_OPTION_CHOICE, "table", "table|json", "how to print"}, QN_COMMON_OPTIONS};

const qn_command qn_cmd_inspect = {
    .name = "inspect",
    .synopsis = "inspect PATH [--format table|json]",
    .help = "show what a model, a table file, a store or a run directory holds",
    .details = "Models show type, options, features, coefficients and metrics; docs/formats.md\n"
               "describes the JSON. A feature version is named STORE/groups/NAME[@VERSION].",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_inspect};

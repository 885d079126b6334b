#include "tools/job/yaml.h"

#include "core/memory.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32 };

void qn_yaml_init(qn_yaml *yaml) {
    *yaml = (qn_yaml){0};
}

static void free_node(qn_yaml_node *node) {
    if (node == NULL)
        return;
    for (int64_t i = 0; i < node->count; i++)
        free_node(node->children[i]);
    qn_mem_free(node->children);
    qn_mem_free(node->key);
    qn_mem_free(node->text);
    qn_mem_free(node);
}

void qn_yaml_clear(qn_yaml *yaml) {
    free_node(yaml->root);
    qn_mem_free(yaml->path);
    qn_mem_free(yaml->source);
    qn_yaml_init(yaml);
}

/* ---- Places --------------------------------------------------------------------------------- */

static const char *source_line(const qn_yaml *yaml, int line) {
    const char *at = yaml->source;
    for (int i = 1; i < line && at != NULL; i++) {
        at = strchr(at, '\n');
        at += at != NULL;
    }
    return at == NULL ? "" : at;
}

static void locate(const qn_yaml *yaml, int line, int column, int width) {
    if (line < 1) /* set by --set: not in the file */
        return;
    qn_error_locate("%s:%d:%d", yaml->path, line, column);
    qn_error_excerpt(source_line(yaml, line), column, width);
}

void qn_yaml_locate(const qn_yaml *yaml, const qn_yaml_node *node) {
    /* A node refused while it is read has no text yet. */
    bool scalar = node->kind == QN_YAML_SCALAR && !node->block && node->text != NULL;
    locate(yaml, node->line, node->column, scalar ? (int)strlen(node->text) : 1);
}

void qn_yaml_locate_key(const qn_yaml *yaml, const qn_yaml_node *node) {
    if (node->key == NULL)
        qn_yaml_locate(yaml, node);
    else
        locate(yaml, node->key_line, node->key_column, (int)strlen(node->key));
}

void qn_yaml_locate_offset(const qn_yaml *yaml, const qn_yaml_node *node, int64_t offset,
                           int width) {
    int line = node->line, column = node->column;
    int64_t start = 0;
    if (node->block) {
        column = node->indent + 1;
        for (int64_t i = 0; i < offset && node->text[i] != '\0'; i++)
            if (node->text[i] == '\n') {
                line++;
                start = i + 1;
            }
    }
    locate(yaml, line, column + (int)(offset - start), width);
}

/* ---- Building the tree from events ---------------------------------------------------------- */

typedef struct builder {
    qn_yaml *yaml;
    struct fy_parser *parser;
} builder;

static qn_status add_child(qn_yaml_node *parent, qn_yaml_node *child) {
    QN_TRY(qn_mem_reserve(&parent->children, &parent->capacity, parent->count + 1,
                          sizeof(qn_yaml_node *)));
    parent->children[parent->count++] = child;
    return QN_OK;
}

static bool is_null_text(const char *text) {
    return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

/* Where a block's text stands: its first line is the one after the indicator. */
static void place_block(const qn_yaml *yaml, qn_yaml_node *node) {
    const char *first = source_line(yaml, node->line);
    /* The mark is at the indicator or at the text, which may hold such signs, too. */
    bool reaches = strcspn(first, "\n") >= (size_t)node->column;
    if (reaches && strchr("|>", first[node->column - 1]) != NULL) {
        node->line++;
        first = source_line(yaml, node->line);
    }
    while (*first == '\n') /* leading empty lines belong to the text */
        first++;
    node->indent = (int)strspn(first, " ");
}

static qn_status scalar_node(builder *b, struct fy_event *event, qn_yaml_node *node) {
    struct fy_token *token = event->scalar.value;
    size_t length = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &length);
    QN_TRY(qn_mem_calloc(&node->text, length + 1, 1));
    if (length > 0)
        memcpy(node->text, text, length);
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
    node->null = style == FYSS_PLAIN && is_null_text(node->text);
    node->block = style == FYSS_LITERAL || style == FYSS_FOLDED;
    if (node->block)
        place_block(b->yaml, node);
    return QN_OK;
}

static qn_status syntax_error(builder *b) {
    struct fy_diag *diag = fy_parser_get_diag(b->parser);
    void *state = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(diag, &state);
    if (error == NULL)
        return qn_fail_at(QN_JOB, b->yaml->path, "not a YAML document");
    qn_status status = qn_fail(QN_JOB, "%s", error->msg);
    locate(b->yaml, error->line, error->column, 1);
    return status;
}

static qn_status build(builder *b, struct fy_event *event, int depth, qn_yaml_node **out);

static struct fy_event *next_event(builder *b) {
    return fy_parser_parse(b->parser);
}

static void drop_event(builder *b, struct fy_event *event) {
    if (event != NULL)
        fy_parser_event_free(b->parser, event);
}

static qn_status list_children(builder *b, qn_yaml_node *node, int depth) {
    for (;;) {
        struct fy_event *event = next_event(b);
        if (event == NULL)
            return syntax_error(b);
        if (event->type == FYET_SEQUENCE_END) {
            drop_event(b, event);
            return QN_OK;
        }
        qn_yaml_node *child = NULL;
        qn_status status = build(b, event, depth, &child);
        drop_event(b, event);
        QN_TRY(status);
        status = add_child(node, child);
        if (status != QN_OK)
            free_node(child);
        QN_TRY(status);
    }
}

/* A pair: its key's event is `key_event`. */
static qn_status map_child(builder *b, qn_yaml_node *node, struct fy_event *key_event, int depth) {
    qn_yaml_node *key = NULL, *value = NULL;
    struct fy_event *event = NULL;
    qn_status status;
    QN_TRY_GOTO(build(b, key_event, depth, &key), done);
    if (key->kind != QN_YAML_SCALAR) {
        status = qn_fail(QN_JOB, "a key must be a word");
        qn_yaml_locate(b->yaml, key);
        goto done;
    }
    if (qn_yaml_get(node, key->text) != NULL) {
        status = qn_fail(QN_JOB, "key '%s' is given twice", key->text);
        qn_yaml_locate(b->yaml, key);
        goto done;
    }
    event = next_event(b);
    status = event == NULL ? syntax_error(b) : build(b, event, depth, &value);
    if (status != QN_OK)
        goto done;
    value->key = key->text;
    value->key_line = key->line;
    value->key_column = key->column;
    key->text = NULL;
    QN_TRY_GOTO(add_child(node, value), done);
    value = NULL;
done:
    free_node(value);
    free_node(key);
    drop_event(b, event);
    return status;
}

static qn_status map_children(builder *b, qn_yaml_node *node, int depth) {
    for (;;) {
        struct fy_event *event = next_event(b);
        if (event == NULL)
            return syntax_error(b);
        bool end = event->type == FYET_MAPPING_END;
        qn_status status = end ? QN_OK : map_child(b, node, event, depth);
        drop_event(b, event);
        QN_TRY(status);
        if (end)
            return QN_OK;
    }
}

static qn_status fill(builder *b, struct fy_event *event, int depth, qn_yaml_node *node) {
    switch (event->type) {
    case FYET_SCALAR:
        return scalar_node(b, event, node);
    case FYET_SEQUENCE_START:
        node->kind = QN_YAML_LIST;
        return list_children(b, node, depth + 1);
    case FYET_MAPPING_START:
        node->kind = QN_YAML_MAP;
        return map_children(b, node, depth + 1);
    default:
        break;
    }
    qn_status status = qn_fail(QN_JOB, "aliases (*name) are not part of job files");
    qn_yaml_locate(b->yaml, node);
    return status;
}

static qn_status build(builder *b, struct fy_event *event, int depth, qn_yaml_node **out) {
    qn_yaml_node *node = NULL;
    QN_TRY(qn_mem_calloc(&node, 1, sizeof *node));
    const struct fy_mark *mark = fy_event_start_mark(event);
    node->line = mark == NULL ? 1 : mark->line + 1;
    node->column = mark == NULL ? 1 : mark->column + 1;
    qn_status status = depth > DEEPEST ? qn_fail(QN_JOB, "nested deeper than %d levels", DEEPEST)
                                       : fill(b, event, depth, node);
    if (status != QN_OK) {
        if (depth > DEEPEST)
            qn_yaml_locate(b->yaml, node);
        free_node(node);
        return status;
    }
    *out = node;
    return QN_OK;
}

static qn_status build_document(builder *b) {
    bool done = false;
    while (!done) {
        struct fy_event *event = next_event(b);
        if (event == NULL)
            return syntax_error(b);
        qn_status status = QN_OK;
        switch (event->type) {
        case FYET_STREAM_START:
        case FYET_DOCUMENT_END:
            break;
        case FYET_DOCUMENT_START:
            if (b->yaml->root != NULL)
                status = qn_fail_at(QN_JOB, b->yaml->path, "holds more than one YAML document");
            break;
        case FYET_STREAM_END:
            done = true;
            break;
        default:
            status = build(b, event, 0, &b->yaml->root);
        }
        drop_event(b, event);
        QN_TRY(status);
    }
    if (b->yaml->root == NULL || b->yaml->root->kind != QN_YAML_MAP)
        return qn_fail_at(QN_JOB, b->yaml->path,
                          "a job file is a map of keys (input:, model: ...)");
    return QN_OK;
}

static qn_status parse(qn_yaml *yaml) {
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG};
    builder b = {.yaml = yaml, .parser = fy_parser_create(&config)};
    if (b.parser == NULL)
        return qn_fail(QN_MEMORY, "cannot create a YAML parser");
    fy_diag_set_collect_errors(fy_parser_get_diag(b.parser), true);
    qn_status status = fy_parser_set_string(b.parser, yaml->source, strlen(yaml->source)) != 0
                           ? qn_fail(QN_MEMORY, "cannot start the YAML parser")
                           : build_document(&b);
    fy_parser_destroy(b.parser);
    return status;
}

qn_status qn_yaml_parse(qn_yaml *out, const char *path, const char *source) {
    qn_yaml yaml;
    qn_yaml_init(&yaml);
    qn_status status = qn_mem_copy_text(&yaml.path, path);
    if (status == QN_OK)
        status = qn_mem_copy_text(&yaml.source, source);
    if (status == QN_OK)
        status = parse(&yaml);
    if (status != QN_OK) {
        qn_yaml_clear(&yaml);
        return status;
    }
    *out = yaml;
    return QN_OK;
}

/* ---- Access --------------------------------------------------------------------------------- */

qn_yaml_node *qn_yaml_get(const qn_yaml_node *map, const char *key) {
    for (int64_t i = 0; i < map->count; i++)
        if (map->children[i]->key != NULL && strcmp(map->children[i]->key, key) == 0)
            return map->children[i];
    return NULL;
}

static qn_status new_child(qn_yaml_node *parent, const char *key, qn_yaml_node **out) {
    qn_yaml_node *child = NULL;
    QN_TRY(qn_mem_calloc(&child, 1, sizeof *child));
    child->kind = QN_YAML_MAP;
    qn_status status = qn_mem_copy_text(&child->key, key);
    if (status == QN_OK)
        status = add_child(parent, child);
    if (status != QN_OK) {
        free_node(child);
        return status;
    }
    *out = child;
    return QN_OK;
}

/* The child named by one step of a --set path, made if it is a missing key of a map. */
static qn_status step(qn_yaml_node *node, const char *name, const char *path, qn_yaml_node **out) {
    if (node->kind == QN_YAML_LIST) {
        char *end;
        long index = strtol(name, &end, 10);
        if (*end != '\0' || index < 0 || index >= node->count)
            return qn_fail(QN_USAGE, "--set %s: the list has items 0 to %lld, not '%s'", path,
                           (long long)node->count - 1, name);
        *out = node->children[index];
        return QN_OK;
    }
    if (node->kind == QN_YAML_SCALAR && !node->null && node->key_line > 0)
        return qn_fail(QN_USAGE, "--set %s: '%s' holds a value, not keys", path, node->key);
    node->kind = QN_YAML_MAP;
    *out = qn_yaml_get(node, name);
    return *out != NULL ? QN_OK : new_child(node, name, out);
}

static qn_status replace_value(qn_yaml_node *node, const char *value) {
    char *text = NULL;
    QN_TRY(qn_mem_copy_text(&text, value));
    for (int64_t i = 0; i < node->count; i++)
        free_node(node->children[i]);
    node->count = 0;
    qn_mem_free(node->text);
    *node = (qn_yaml_node){.kind = QN_YAML_SCALAR,
                           .key = node->key,
                           .text = text,
                           .null = is_null_text(text),
                           .children = node->children,
                           .capacity = node->capacity};
    return QN_OK;
}

qn_status qn_yaml_set(qn_yaml *yaml, const char *path, const char *value) {
    char *names = NULL;
    QN_TRY(qn_mem_copy_text(&names, path));
    qn_yaml_node *node = yaml->root;
    qn_status status = QN_OK;
    for (char *rest = names, *name; status == QN_OK && (name = strsep(&rest, ".")) != NULL;)
        status = *name == '\0' ? qn_fail(QN_USAGE, "--set %s: a step of the path is empty", path)
                               : step(node, name, path, &node);
    if (status == QN_OK)
        status = replace_value(node, value);
    qn_mem_free(names);
    return status;
}

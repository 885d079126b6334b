/* Job files as a tree of nodes that know where they stand in the file. */
#ifndef QUERN_TOOLS_YAML_H
#define QUERN_TOOLS_YAML_H

#include "core/status.h"
#include "core/text/text.h"

#include <stdbool.h>

typedef enum qn_yaml_kind { QN_YAML_SCALAR, QN_YAML_LIST, QN_YAML_MAP } qn_yaml_kind;

typedef struct qn_yaml_node qn_yaml_node;
struct qn_yaml_node {
    qn_yaml_kind kind;
    char *key;                /* in a map; else NULL */
    char *text;               /* scalars */
    bool null;                /* an empty plain scalar, ~ or null */
    bool block;               /* a literal or folded block: its text starts on the line after */
    int line, column;         /* of the value, from 1 */
    int key_line, key_column; /* of the key */
    int indent;               /* blocks: columns taken off each line of the text */
    qn_yaml_node **children;
    int64_t count, capacity;
};

typedef struct qn_yaml {
    char *path;
    char *source; /* NUL-terminated, for excerpts */
    qn_yaml_node *root;
} qn_yaml;

void qn_yaml_init(qn_yaml *yaml);
void qn_yaml_clear(qn_yaml *yaml);

/* Local. Parses one document whose root is a map; takes a copy of the text. JOB errors with
 * file:line:column, the source line and a caret; duplicate keys and aliases are refused. */
QN_CHECKED qn_status qn_yaml_parse(qn_yaml *out, const char *path, const char *source);

/* The child of a map by key, or NULL. */
qn_yaml_node *qn_yaml_get(const qn_yaml_node *map, const char *key);

/* Local. Sets the scalar at a path like "model.reg_param" or "stages.0.strategy", making maps on
 * the way: what --set does. USAGE errors. */
QN_CHECKED qn_status qn_yaml_set(qn_yaml *yaml, const char *path, const char *value);

/* Gives the last error the place of a node's value (or key) and the source line. */
void qn_yaml_locate(const qn_yaml *yaml, const qn_yaml_node *node);
void qn_yaml_locate_key(const qn_yaml *yaml, const qn_yaml_node *node);

/* Gives the last error the place of byte `offset` of a scalar's text (SQL in a job file). */
void qn_yaml_locate_offset(const qn_yaml *yaml, const qn_yaml_node *node, int64_t offset,
                           int width);

#endif

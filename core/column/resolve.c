#include "core/column/schema.h"

#include <strings.h>

static qn_status ambiguous(const qn_schema *schema, const char *name, int32_t first,
                           int32_t second) {
    qn_status status = qn_fail(QN_JOB, "column '%s' is ambiguous", name);
    qn_error_help("'%s' and '%s' differ in case only: write the name in double quotes",
                  schema->fields[first].name, schema->fields[second].name);
    return status;
}

qn_status qn_schema_resolve(const qn_schema *schema, const char *name, int32_t *out) {
    int32_t found = qn_schema_find(schema, name);
    if (found >= 0) {
        *out = found;
        return QN_OK;
    }
    for (int32_t i = 0; i < schema->count; i++) {
        if (strcasecmp(schema->fields[i].name, name) != 0)
            continue;
        if (found >= 0)
            return ambiguous(schema, name, found, i);
        found = i;
    }
    if (found < 0)
        return qn_schema_require(schema, name, out);
    *out = found;
    return QN_OK;
}

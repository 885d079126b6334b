#include "core/expr/node.h"

#include <string.h>

/* clang-format off */
static const qn_function *const families[] = {
    qn_functions_arithmetic,
    qn_functions_comparison,
    qn_functions_logic,
    qn_functions_conditional,
    qn_functions_real,
    qn_functions_string,
    qn_functions_like,
    qn_functions_date,
    qn_functions_time_text,
    qn_functions_clock,
    qn_functions_date_move,
    qn_functions_truncate,
    qn_functions_interval,
    qn_functions_date_part,
    qn_functions_epoch,
    qn_functions_make_date,
    qn_functions_zone,
    qn_functions_search,
    qn_functions_reshape,
    qn_functions_whole,
    qn_functions_curves,
    qn_functions_regexp,
    qn_functions_regexp_replace,
    qn_functions_digest,
    qn_functions_hash,
    qn_functions_list,
    qn_functions_list_set,
};
/* clang-format on */

enum { FAMILIES = sizeof families / sizeof families[0] };

const qn_function *qn_function_find(const char *name) {
    for (int i = 0; i < FAMILIES; i++)
        for (const qn_function *row = families[i]; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

const char *qn_expr_function_name(int32_t index) {
    for (int i = 0; i < FAMILIES; i++)
        for (const qn_function *row = families[i]; row->name != NULL; row++)
            if (index-- == 0)
                return row->name;
    return NULL;
}

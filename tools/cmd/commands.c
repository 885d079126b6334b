#include "tools/cmd/commands.h"

/* clang-format off */
const qn_command *const qn_commands[] = {
    &qn_cmd_run,
    &qn_cmd_check,
    &qn_cmd_sql,
    &qn_cmd_explain,
    &qn_cmd_fit,
    &qn_cmd_transform,
    &qn_cmd_predict,
    &qn_cmd_evaluate,
    &qn_cmd_describe,
    &qn_cmd_validate,
    &qn_cmd_inspect,
    &qn_cmd_convert,
    &qn_cmd_generate,
    &qn_cmd_store,
    &qn_cmd_digest,
    &qn_cmd_help,
    &qn_cmd_version,
    NULL,
};
/* clang-format on */

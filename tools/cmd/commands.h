/* The rows of the table of commands, one a cmd_*.c. */
#ifndef QUERN_TOOLS_COMMANDS_H
#define QUERN_TOOLS_COMMANDS_H

#include "tools/command.h"

extern const qn_command qn_cmd_run, qn_cmd_check, qn_cmd_sql, qn_cmd_explain, qn_cmd_fit,
    qn_cmd_transform, qn_cmd_predict, qn_cmd_evaluate, qn_cmd_inspect, qn_cmd_convert,
    qn_cmd_describe, qn_cmd_generate, qn_cmd_store, qn_cmd_digest, qn_cmd_help, qn_cmd_validate,
    qn_cmd_version;

#endif

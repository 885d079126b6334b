/* digest: one stable hash of content, by which "the same bytes" is checked. */
#include "core/memory.h"
#include "features/digest.h"
#include "tools/commands.h"
#include "tools/inputs.h"

#include <stdio.h>

static qn_status run_digest(const qn_arguments *arguments) {
    for (int i = 0; i < arguments->operand_count; i++) {
        char hex[QN_DIGEST_HEX_SIZE];
        const char *path = arguments->operands[i];
        QN_TRY(qn_digest_path(hex, arguments->comm, path));
        if (qn_comm_rank(arguments->comm) == 0)
            printf("%s  %s\n", hex, path);
    }
    return QN_OK;
}

static const qn_option options[] = {QN_COMMON_OPTIONS};

const qn_command qn_cmd_digest = {
    .name = "digest",
    .synopsis = "digest PATH...",
    .help = "one stable hash of a table, a model or a feature version",
    .details =
        "Two paths have the same digest when they hold the same rows in the same order under the\n"
        "same column names and types: whatever the format, the compression, or the number of\n"
        "ranks that wrote them. A feature version is named STORE/groups/NAME[@VERSION].",
    .options = options,
    .least = 1,
    .most = -1,
    .parallel = true,
    .run = run_digest};

/* convert: tables from one format to another. */
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"

static qn_status run_convert(const qn_arguments *arguments) {
    const char *output = NULL;
    qn_stream *in = NULL;
    QN_TRY(qn_require_output(arguments, &output));
    QN_TRY(qn_open_operands(&in, arguments, 0));
    qn_status status = qn_write_output(arguments, in);
    if (status == QN_OK)
        status = qn_settle_operands(in, arguments);
    qn_stream_free(in);
    return status;
}

static const qn_option options[] = {
    {"output", QN_OPTION_TEXT, NULL, NULL, "file to write: .csv, or .h5 for a table file"},
    QN_READ_OPTION,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_convert = {
    .name = "convert",
    .synopsis = "convert INPUT... -o OUT",
    .help = "convert between CSV and table files",
    .details = "Several inputs of one schema become one output. The format of the output goes by\n"
               "its ending, that of the inputs by ending and content.",
    .options = options,
    .least = 1,
    .most = -1,
    .parallel = true,
    .run = run_convert};

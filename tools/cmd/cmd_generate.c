/* generate: synthetic data. */
#include "features/generate/generate.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"

static qn_status apply_settings(qn_options *options, const qn_arguments *arguments) {
    QN_TRY(qn_apply_settings(arguments, "set", options));
    qn_text text;
    qn_text_init(&text);
    static const char *const shared[] = {"rows", "seed"};
    qn_status status = QN_OK;
    for (int i = 0; i < 2 && status == QN_OK; i++) {
        qn_text_truncate(&text, 0);
        status = qn_options_print(arguments->options, shared[i], &text);
        if (status == QN_OK)
            status = qn_options_set(options, shared[i], text.data);
    }
    qn_text_clear(&text);
    return status;
}

static qn_status run_generate(const qn_arguments *arguments) {
    const qn_generator *generator = NULL;
    qn_options *options = NULL;
    qn_stream *stream = NULL;
    const char *kind = arguments->operands[0];
    qn_status status;
    QN_TRY_GOTO(qn_generator_find(kind, &generator), done);
    QN_TRY_GOTO(qn_options_new(&options, generator->options), done);
    QN_TRY_GOTO(apply_settings(options, arguments), done);
    QN_TRY_GOTO(qn_generate_open(&stream, arguments->comm, kind, options), done);
    status = qn_write_output(arguments, stream);
done:
    qn_stream_free(stream);
    qn_options_free(options);
    return status;
}

static const qn_option options[] = {
    {"rows", QN_OPTION_INT, "1000", "[0,inf)", "how many rows"},
    {"seed", QN_OPTION_INT, "1", "[0,inf)", "the same seed gives the same rows"},
    {"set", QN_OPTION_TEXTS, "", "repeated", "option of the kind, as KEY=VALUE"},
    {"output", QN_OPTION_TEXT, NULL, NULL, "file to write: .csv, or .h5 for a table file"},
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_generate = {
    .name = "generate",
    .synopsis = "generate transactions|ratings|regression --rows N --seed S -o OUT",
    .help = "make synthetic data, the same on any number of ranks",
    .details =
        "transactions: a shop's log: user_id, transaction_date, amount, category, device_type,\n"
        "with skewed users and categories, missing values and a few bad rows.\n"
        "ratings: user, item, rating, timestamp; low rank plus noise.\n"
        "regression: dense numbers x1, x2, ... and a label y.",
    .options = options,
    .least = 1,
    .most = 1,
    .parallel = true,
    .run = run_generate};

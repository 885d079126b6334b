/* tokenizer: a text in small letters, split at each single blank as Java's split("\\s") does it:
 * words between two blanks may be empty, empty ones at the end are dropped, and a text without any
 * blank is one word, even an empty one. */
#include "features/stage/stages.h"
#include "features/stage/text/tokens.h"

static const qn_option options[] = {QN_COLUMNS_OPTIONS, {NULL, 0, NULL, NULL, NULL}};

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_tokens_bind(stage, in, QN_STRING, out);
}

static qn_status tokenize(const qn_stage *stage, const qn_column *in, qn_column **out) {
    (void)stage;
    return qn_tokens_split(in, QN_SPLIT_LOWER, out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_tokens_transform(stage, schema, in, tokenize, out);
}

const qn_stage_class qn_tokenizer_class = {
    .name = "tokenizer",
    .help = "split texts in small letters at each blank",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};

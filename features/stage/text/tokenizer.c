/* tokenizer: a text in small letters, split at each single blank as Java's split("\\s") does it:
 * words between two blanks may be empty, empty ones at the end are dropped, and a text without any
 * blank is one word, even an empty one. */
#include "core/text/lower.h"
#include "core/text/words.h"
#include "features/stage/stages.h"
#include "features/stage/text/tokens.h"

static const qn_option options[] = {QN_COLUMNS_OPTIONS, {NULL, 0, NULL, NULL, NULL}};

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_tokens_bind(stage, in, QN_STRING, out);
}

typedef struct tokenizing {
    qn_words_splitter split;
    qn_list_builder lists;
    qn_text lowered;
} tokenizing;

/* The words go straight into the builder: at most one more than the text has bytes. */
static qn_status make_room(tokenizing *work, int64_t length, qn_words *out) {
    qn_string_builder *items = &work->lists.items;
    QN_TRY(qn_list_builder_reserve(&work->lists, length + 1 + QN_WORDS_PAD, length));
    *out = (qn_words){.chars = items->chars,
                      .ends = items->offsets + items->length + 1,
                      .length = items->offsets[items->length]};
    return QN_OK;
}

/* Without the empty words at the end; `begin`: where the first word begins. */
static int64_t count_kept(const qn_words *words, int64_t begin) {
    int64_t count = words->count;
    if (count == 1)
        return 1;
    while (count > 1 && words->ends[count - 1] == words->ends[count - 2])
        count--;
    return count == 1 && words->ends[0] == begin ? 0 : count;
}

static qn_status add_text(tokenizing *work, qn_view text) {
    qn_words words;
    QN_TRY(make_room(work, text.length, &words));
    int64_t begin = words.length;
    if (!work->split(&words, text, true)) {
        qn_text_truncate(&work->lowered, 0);
        QN_TRY(qn_text_lower(&work->lowered, text));
        text = (qn_view){work->lowered.data, work->lowered.length};
        QN_TRY(make_room(work, text.length, &words));
        (void)work->split(&words, text, false);
    }
    qn_string_builder_took(&work->lists.items, count_kept(&words, begin));
    return qn_list_builder_end(&work->lists);
}

enum { BYTES_A_WORD = 5 }; /* a first guess */

static qn_status add_texts(tokenizing *work, const qn_column *in) {
    if (in->dictionary == NULL) {
        int64_t bytes = in->offsets[in->length] - in->offsets[0];
        QN_TRY(qn_list_builder_reserve(&work->lists, bytes / BYTES_A_WORD, bytes));
    }
    for (int64_t i = 0; i < in->length; i++)
        QN_TRY(qn_column_is_null(in, i) ? qn_list_builder_end_null(&work->lists)
                                        : add_text(work, qn_column_string(in, i)));
    return QN_OK;
}

static qn_status tokenize(const qn_stage *stage, const qn_column *in, qn_column **out) {
    (void)stage;
    tokenizing work = {.split = qn_words_best()};
    qn_list_builder_init(&work.lists);
    qn_text_init(&work.lowered);
    qn_status status = add_texts(&work, in);
    if (status == QN_OK)
        status = qn_list_builder_finish(&work.lists, out);
    qn_list_builder_clear(&work.lists);
    qn_text_clear(&work.lowered);
    return status;
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

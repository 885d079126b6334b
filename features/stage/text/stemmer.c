/* stemmer: each token's stem by a Snowball algorithm (libstemmer). Each distinct token of a batch
 * is stemmed once; the stems come dictionary-encoded. */
#include "core/key/interner.h"
#include "core/memory.h"
#include "features/stage/stages.h"
#include "features/stage/text/tokens.h"

#include <libstemmer.h>
#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"language", QN_OPTION_TEXT, "english", NULL, "language or algorithm that Snowball knows"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct stemmer {
    qn_stage base;
    struct sb_stemmer *algorithm; /* of the last bind */
} stemmer;

/* ---- Binding --------------------------------------------------------------------------------- */

static qn_status fail_language(const char *language) {
    const char **names = sb_stemmer_list();
    int64_t count = 0;
    qn_text known;
    qn_text_init(&known);
    for (; names[count] != NULL; count++) {
        qn_status status = qn_text_printf(&known, "%s%s", count > 0 ? ", " : "", names[count]);
        if (status != QN_OK) {
            qn_text_clear(&known);
            return status;
        }
        if (strcmp(names[count], language) == 0) {
            qn_text_clear(&known);
            return qn_fail(QN_MEMORY, "out of memory for a stemmer");
        }
    }
    const char *nearest = qn_nearest(language, names, count);
    qn_status status = qn_fail(QN_JOB, "unknown language '%s'; there is %s", language, known.data);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    qn_text_clear(&known);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    stemmer *self = (stemmer *)stage;
    const char *language = qn_options_text(stage->options, "language");
    QN_TRY(qn_tokens_bind(stage, in, QN_STRING_LIST, out));
    struct sb_stemmer *algorithm = sb_stemmer_new(language, "UTF_8");
    if (algorithm == NULL)
        return fail_language(language);
    sb_stemmer_delete(self->algorithm);
    self->algorithm = algorithm;
    return QN_OK;
}

/* ---- Stems ----------------------------------------------------------------------------------- */

static qn_status stem(const stemmer *self, qn_view word, qn_string_builder *out) {
    const sb_symbol *text =
        sb_stemmer_stem(self->algorithm, (const sb_symbol *)word.data, (int)word.length);
    if (text == NULL)
        return qn_fail(QN_MEMORY, "out of memory for a stem");
    return qn_string_builder_add(out,
                                 (qn_view){(const char *)text, sb_stemmer_length(self->algorithm)});
}

/* A dictionary with the stems of the words. */
static qn_status stem_distinct(const stemmer *self, const qn_interner *words, qn_column **out) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int32_t i = 0; status == QN_OK && i < qn_interner_count(words); i++)
        status = stem(self, qn_interner_text(words, i), &builder);
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status copy_nulls(qn_column *to, const qn_column *from) {
    for (int64_t i = 0; from->null_count > 0 && i < from->length; i++)
        if (qn_column_is_null(from, i))
            QN_TRY(qn_column_set_null(to, i));
    return QN_OK;
}

static qn_status stem_items(const stemmer *self, const qn_column *items, qn_column **out) {
    qn_interner *words = NULL;
    qn_column *coded = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_interner_new(&words), done);
    QN_TRY_GOTO(qn_column_new(&coded, QN_INT32, items->length, 0), done);
    QN_TRY_GOTO(qn_interner_encode(words, items, true, coded->codes), done);
    QN_TRY_GOTO(copy_nulls(coded, items), done);
    QN_TRY_GOTO(stem_distinct(self, words, &coded->dictionary), done);
    coded->type = QN_STRING;
    *out = coded;
    coded = NULL;
done:
    qn_column_release(coded);
    qn_interner_free(words);
    return status;
}

static qn_status stem_lists(const qn_stage *stage, const qn_column *in, qn_column **out) {
    qn_column *stems = NULL;
    QN_TRY(stem_items((const stemmer *)stage, in->items, &stems));
    return qn_tokens_with_items(in, stems, out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_tokens_transform(stage, schema, in, stem_lists, out);
}

static void clear(qn_stage *stage) {
    stemmer *self = (stemmer *)stage;
    sb_stemmer_delete(self->algorithm);
    self->algorithm = NULL;
}

const qn_stage_class qn_stemmer_class = {
    .name = "stemmer",
    .help = "cut tokens down to their stems (Snowball)",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(stemmer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};

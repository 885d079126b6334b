/* text_statistics: numbers about a text, each a column: how long it is, what it is made of, and
 * whether certain texts or patterns occur in it. */
#include "core/expr/regex.h"
#include "core/expr/texts.h"
#include "core/memory.h"
#include "core/text/lower.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/text/text_measures.h"

#include <string.h>

static const qn_option options[] = {
    {"input_col", QN_OPTION_TEXT, NULL, NULL, "text column to read"},
    {"features", QN_OPTION_TEXTS, "length,words", NULL,
     "length, bytes, words, sentences, mean_word_length, uppercase_share, digits, punctuation: "
     "each gives the column INPUT_FEATURE"},
    {"contains", QN_OPTION_TEXTS, "", NULL,
     "texts to look for: each gives INPUT_contains_TEXT, 1 or 0"},
    {"matches", QN_OPTION_TEXTS, "", NULL,
     "regular expressions (PCRE2) to look for: INPUT_matches_1 and on, 1 or 0"},
    {"ignore_case", QN_OPTION_BOOL, "false", NULL, "for contains and matches"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct text_statistics {
    qn_stage base;
    int64_t pattern_count; /* of the last bind */
    qn_regex_set **patterns;
} text_statistics;

/* ---- Features -------------------------------------------------------------------------------- */

typedef struct feature {
    const char *name;
    qn_type type;
} feature;

enum { LENGTH, BYTES, WORDS, SENTENCES, MEAN_WORD_LENGTH, UPPERCASE_SHARE, DIGITS, PUNCTUATION };
static const feature features[] = {
    [LENGTH] = {"length", QN_INT32},
    [BYTES] = {"bytes", QN_INT32},
    [WORDS] = {"words", QN_INT32},
    [SENTENCES] = {"sentences", QN_INT32},
    [MEAN_WORD_LENGTH] = {"mean_word_length", QN_FLOAT64},
    [UPPERCASE_SHARE] = {"uppercase_share", QN_FLOAT64},
    [DIGITS] = {"digits", QN_INT32},
    [PUNCTUATION] = {"punctuation", QN_INT32},
};
enum { FEATURES = sizeof features / sizeof *features };

static int find_feature(const char *name) {
    for (int i = 0; i < FEATURES; i++)
        if (strcmp(features[i].name, name) == 0)
            return i;
    return -1;
}

static qn_status fail_feature(const char *name) {
    const char *names[FEATURES];
    for (int i = 0; i < FEATURES; i++)
        names[i] = features[i].name;
    qn_status status = qn_fail(QN_JOB,
                               "unknown feature '%s'; there is length, bytes, words, sentences, "
                               "mean_word_length, uppercase_share, digits, punctuation",
                               name);
    const char *nearest = qn_nearest(name, names, FEATURES);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    return status;
}

/* ---- Binding --------------------------------------------------------------------------------- */

static qn_status find_input(const qn_stage *stage, const qn_schema *schema, int32_t *index) {
    if (!qn_options_is_set(stage->options, "input_col"))
        return qn_fail(QN_JOB, "input_col is not set");
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), index));
    if (schema->fields[*index].type != QN_STRING)
        return qn_columns_fail_type(&schema->fields[*index], "string");
    return QN_OK;
}

static qn_status add_output(qn_schema *out, qn_type type, const char *input, const char *tail) {
    char *name = NULL;
    QN_TRY(qn_format(&name, "%s_%s", input, tail));
    qn_status status = qn_columns_add(out, name, type, 0, NULL);
    qn_mem_free(name);
    return status;
}

static qn_status add_outputs(const qn_stage *stage, qn_schema *out) {
    const char *input = qn_options_text(stage->options, "input_col");
    char *const *names;
    int64_t count = qn_options_list(stage->options, "features", &names);
    for (int64_t i = 0; i < count; i++) {
        int number = find_feature(names[i]);
        if (number < 0)
            return fail_feature(names[i]);
        QN_TRY(add_output(out, features[number].type, input, names[i]));
    }
    count = qn_options_list(stage->options, "contains", &names);
    for (int64_t i = 0; i < count; i++) {
        char *tail = NULL;
        if (names[i][0] == '\0')
            return qn_fail(QN_JOB, "option 'contains' has an empty text");
        QN_TRY(qn_format(&tail, "contains_%s", names[i]));
        qn_status status = add_output(out, QN_INT32, input, tail);
        qn_mem_free(tail);
        QN_TRY(status);
    }
    count = qn_options_list(stage->options, "matches", &names);
    for (int64_t i = 0; i < count; i++) {
        char tail[32];
        snprintf(tail, sizeof tail, "matches_%lld", (long long)(i + 1));
        QN_TRY(add_output(out, QN_INT32, input, tail));
    }
    return QN_OK;
}

static void forget_patterns(text_statistics *self) {
    for (int64_t i = 0; i < self->pattern_count; i++)
        qn_regex_set_free(self->patterns[i]);
    qn_mem_free(self->patterns);
    self->patterns = NULL;
    self->pattern_count = 0;
}

static qn_status compile_patterns(text_statistics *self) {
    char *const *texts;
    int64_t count = qn_options_list(self->base.options, "matches", &texts);
    bool fold = qn_options_bool(self->base.options, "ignore_case");
    forget_patterns(self);
    QN_TRY(qn_mem_calloc(&self->patterns, (size_t)count, sizeof(qn_regex_set *)));
    for (; self->pattern_count < count; self->pattern_count++)
        QN_TRY(qn_regex_set_new(&self->patterns[self->pattern_count],
                                qn_view_of(texts[self->pattern_count]), fold));
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    QN_TRY(find_input(stage, in, &index));
    QN_TRY(qn_schema_copy(out, in));
    QN_TRY(add_outputs(stage, out));
    return compile_patterns((text_statistics *)stage);
}

/* ---- Transform ------------------------------------------------------------------------------- */

static void put(qn_column *out, int64_t row, int number, const qn_text_measures *m) {
    switch (number) {
    case LENGTH:
        out->i32[row] = (int32_t)m->characters;
        break;
    case BYTES:
        out->i32[row] = (int32_t)m->bytes;
        break;
    case WORDS:
        out->i32[row] = (int32_t)m->words;
        break;
    case SENTENCES:
        out->i32[row] = (int32_t)m->sentences;
        break;
    case MEAN_WORD_LENGTH:
        out->f64[row] = m->words > 0 ? (double)m->in_words / (double)m->words : 0;
        break;
    case UPPERCASE_SHARE:
        out->f64[row] = m->letters > 0 ? (double)m->capitals / (double)m->letters : 0;
        break;
    case DIGITS:
        out->i32[row] = (int32_t)m->digits;
        break;
    default:
        out->i32[row] = (int32_t)m->punctuation;
        break;
    }
}

/* An empty column behind the others, null where the text is; borrowed. */
static qn_status append_column(qn_batch *out, qn_type type, const qn_column *texts,
                               qn_column **made) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, type, texts->length, 0));
    for (int64_t i = 0; texts->null_count > 0 && i < texts->length; i++) {
        qn_status status = qn_column_is_null(texts, i) ? qn_column_set_null(column, i) : QN_OK;
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *made = column;
    return qn_batch_append(out, column);
}

static qn_status measure_texts(const qn_stage *stage, const qn_column *texts, qn_batch *out) {
    char *const *names;
    int64_t count = qn_options_list(stage->options, "features", &names);
    int32_t first = out->count;
    qn_text_classes classes;
    bool sentences = false;
    int numbers[FEATURES]; /* no feature is named twice */
    for (int64_t k = 0; k < count; k++) {
        qn_column *column;
        numbers[k] = find_feature(names[k]);
        sentences |= numbers[k] == SENTENCES;
        QN_TRY(append_column(out, features[numbers[k]].type, texts, &column));
    }
    qn_text_classes_init(&classes, sentences);
    for (int64_t i = 0; count > 0 && i < texts->length; i++) {
        qn_text_measures measures;
        if (qn_column_is_null(texts, i))
            continue;
        qn_text_measure(&classes, qn_column_string(texts, i), &measures);
        for (int64_t k = 0; k < count; k++)
            put(out->columns[first + k], i, numbers[k], &measures);
    }
    return QN_OK;
}

typedef struct searching {
    bool fold;
    qn_text needle, lowered;
} searching;

static qn_status search_text(searching *work, const qn_column *texts, const char *needle,
                             qn_column *found) {
    qn_view part = qn_view_of(needle);
    if (work->fold) {
        qn_text_truncate(&work->needle, 0);
        QN_TRY(qn_text_lower(&work->needle, part));
        part = qn_text_view(&work->needle);
    }
    for (int64_t i = 0; i < texts->length; i++) {
        qn_view text = qn_column_string(texts, i);
        if (work->fold) {
            qn_text_truncate(&work->lowered, 0);
            QN_TRY(qn_text_lower(&work->lowered, text));
            text = qn_text_view(&work->lowered);
        }
        found->i32[i] = !qn_column_is_null(texts, i) && qn_text_find(text, part) != NULL;
    }
    return QN_OK;
}

static qn_status search_texts(const qn_stage *stage, const qn_column *texts, qn_batch *out) {
    char *const *needles;
    int64_t count = qn_options_list(stage->options, "contains", &needles);
    searching work = {.fold = qn_options_bool(stage->options, "ignore_case")};
    qn_text_init(&work.needle);
    qn_text_init(&work.lowered);
    qn_status status = QN_OK;
    for (int64_t k = 0; status == QN_OK && k < count; k++) {
        qn_column *column;
        status = append_column(out, QN_INT32, texts, &column);
        if (status == QN_OK)
            status = search_text(&work, texts, needles[k], column);
    }
    qn_text_clear(&work.needle);
    qn_text_clear(&work.lowered);
    return status;
}

static qn_status match_texts(const text_statistics *self, const qn_column *texts, qn_batch *out) {
    for (int64_t k = 0; k < self->pattern_count; k++) {
        qn_column *column;
        QN_TRY(append_column(out, QN_INT32, texts, &column));
        for (int64_t i = 0; i < texts->length; i++) {
            qn_match match = {0};
            if (!qn_column_is_null(texts, i))
                QN_TRY(qn_regex_match(qn_regex_only(self->patterns[k]), qn_column_string(texts, i),
                                      0, &match));
            column->i32[i] = match.found;
        }
    }
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t index;
    QN_TRY(find_input(stage, schema, &index));
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(measure_texts(stage, in->columns[index], out));
    QN_TRY(search_texts(stage, in->columns[index], out));
    return match_texts((const text_statistics *)stage, in->columns[index], out);
}

static void clear(qn_stage *stage) {
    forget_patterns((text_statistics *)stage);
}

const qn_stage_class qn_text_statistics_class = {
    .name = "text_statistics",
    .help = "numbers about a text: its length, its words, what it contains",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(text_statistics),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};

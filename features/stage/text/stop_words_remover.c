/* stop_words_remover: lists of tokens without the words of another list: the option's, a file's, or
 * the English ones. */
#include "core/memory.h"
#include "core/text/lower.h"
#include "core/text/utf8.h"
#include "features/stage/labels.h"
#include "features/stage/stages.h"
#include "features/stage/text/short_words.h"
#include "features/stage/text/stop_words.h"
#include "features/stage/text/tokens.h"
#include "mpi/file/file.h"

#include <stdlib.h>
#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"stop_words", QN_OPTION_TEXTS, NULL, NULL,
     "words to leave out; without this and a file: 181 English ones"},
    {"stop_words_file", QN_OPTION_TEXT, NULL, NULL,
     "file of words to leave out, one a line; a saved model keeps the words"},
    {"case_sensitive", QN_OPTION_BOOL, "false", NULL, "capital letters make another word"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct stop_words_remover {
    qn_stage base;
    char *path; /* of the file that was read; NULL: none, or the words come with a model */
    char **words;
    int64_t word_count;          /* of the file's */
    qn_labels labels;            /* what to leave out, lowered unless case counts */
    qn_short_words *short_words; /* those of them that are short, of ASCII */
} stop_words_remover;

/* ---- Files ----------------------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next line that is not blank, without blanks around it; false at the end. */
static bool next_word(const char **at, const char *end, qn_view *out) {
    while (*at < end) {
        const char *begin = *at, *stop = memchr(begin, '\n', (size_t)(end - begin));
        stop = stop != NULL ? stop : end;
        *at = stop + 1;
        while (begin < stop && is_blank(*begin))
            begin++;
        while (begin < stop && is_blank(stop[-1]))
            stop--;
        *out = (qn_view){begin, stop - begin};
        if (begin < stop)
            return true;
    }
    return false;
}

static qn_status copy_words(const char *text, int64_t length, char ***out, int64_t *count) {
    char **words = NULL;
    int64_t capacity = 0, found = 0;
    qn_status status = QN_OK;
    qn_view word;
    const char *at = text;
    while (status == QN_OK && next_word(&at, text + length, &word)) {
        status = qn_mem_reserve(&words, &capacity, found + 1, sizeof *words);
        if (status == QN_OK)
            status = qn_format(&words[found], "%.*s", (int)word.length, word.data);
        found += status == QN_OK;
    }
    if (status != QN_OK) {
        qn_mem_free_all(words, found);
        return status;
    }
    *out = words;
    *count = found;
    return QN_OK;
}

static qn_status parse_file(const char *path, const char *text, int64_t length, char ***words,
                            int64_t *count) {
    if (memchr(text, '\0', (size_t)length) != NULL || !qn_utf8_is_valid((qn_view){text, length}))
        return qn_fail(QN_INPUT, "%s: not a text in UTF-8; write one stop word a line", path);
    QN_TRY(copy_words(text, length, words, count));
    if (*count == 0)
        return qn_fail(QN_INPUT, "%s: no stop word in the file; write one a line", path);
    return QN_OK;
}

static void forget_file(stop_words_remover *self) {
    qn_mem_free(self->path);
    qn_mem_free_all(self->words, self->word_count);
    self->path = NULL;
    self->words = NULL;
    self->word_count = 0;
}

/* Once; a loaded stage has the words already. */
static qn_status read_file(stop_words_remover *self, const char *path) {
    char *text = NULL, *kept = NULL, **words = NULL;
    int64_t length = 0, count = 0;
    if (self->words != NULL && (self->path == NULL || strcmp(self->path, path) == 0))
        return QN_OK;
    qn_status status;
    QN_TRY_GOTO(qn_file_read_all(path, &text, &length), done);
    QN_TRY_GOTO(qn_mem_copy_text(&kept, path), done);
    QN_TRY_GOTO(parse_file(path, text, length, &words, &count), done);
    forget_file(self);
    self->path = kept;
    self->words = words;
    self->word_count = count;
    kept = NULL;
done:
    qn_mem_free(text);
    qn_mem_free(kept);
    return status;
}

/* ---- The words ------------------------------------------------------------------------------- */

static bool case_counts(const qn_stage *stage) {
    return qn_options_bool(stage->options, "case_sensitive");
}

/* Borrowed: the option's, the file's or the English ones. */
static qn_status choose_words(stop_words_remover *self, const char *const **out, int64_t *count) {
    const qn_options *set = self->base.options;
    bool listed = qn_options_is_set(set, "stop_words");
    if (qn_options_is_set(set, "stop_words_file")) {
        if (listed)
            return qn_fail(QN_JOB, "set stop_words or stop_words_file, not both");
        QN_TRY(read_file(self, qn_options_text(set, "stop_words_file")));
        *out = (const char *const *)self->words;
        *count = self->word_count;
    } else if (listed) {
        char *const *words;
        *count = qn_options_list(set, "stop_words", &words);
        *out = (const char *const *)words;
    } else {
        *out = qn_stop_words_english;
        *count = QN_STOP_WORDS_ENGLISH;
    }
    return QN_OK;
}

static int by_text(const void *a, const void *b) {
    return qn_view_compare(*(const qn_view *)a, *(const qn_view *)b);
}

static int64_t keep_distinct(qn_view *texts, int64_t count) {
    int64_t kept = 0;
    qsort(texts, (size_t)count, sizeof *texts, by_text);
    for (int64_t i = 0; i < count; i++)
        if (kept == 0 || !qn_view_equal(texts[i], texts[kept - 1]))
            texts[kept++] = texts[i];
    return kept;
}

/* The words one behind the other in `chars`, lowered unless case counts; `ends` of each. */
static qn_status pack_words(const stop_words_remover *self, const char *const *words, int64_t count,
                            qn_text *chars, int64_t *ends) {
    for (int64_t i = 0; i < count; i++) {
        qn_view word = qn_view_of(words[i]);
        QN_TRY(case_counts(&self->base) ? qn_text_add(chars, word.data, word.length)
                                        : qn_text_lower(chars, word));
        ends[i] = chars->length;
    }
    return QN_OK;
}

static qn_status build_labels(const stop_words_remover *self, const char *const *words,
                              int64_t count, qn_labels *out) {
    qn_text chars;
    int64_t *ends = NULL;
    qn_view *texts = NULL;
    qn_status status;
    qn_text_init(&chars);
    QN_TRY_GOTO(qn_mem_alloc(&ends, (size_t)count, sizeof *ends), done);
    QN_TRY_GOTO(qn_mem_alloc(&texts, (size_t)count, sizeof *texts), done);
    QN_TRY_GOTO(pack_words(self, words, count, &chars, ends), done);
    for (int64_t i = 0; i < count; i++) {
        int64_t begin = i > 0 ? ends[i - 1] : 0;
        texts[i] = (qn_view){chars.data + begin, ends[i] - begin};
    }
    status = qn_labels_build(out, texts, keep_distinct(texts, count));
done:
    qn_text_clear(&chars);
    qn_mem_free(ends);
    qn_mem_free(texts);
    return status;
}

static void forget_labels(stop_words_remover *self) {
    qn_labels_clear(&self->labels);
    qn_mem_free(self->short_words);
    self->short_words = NULL;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    stop_words_remover *self = (stop_words_remover *)stage;
    const char *const *words = NULL;
    int64_t count = 0;
    qn_labels labels = {0};
    qn_short_words *short_words = NULL;
    QN_TRY(qn_tokens_bind(stage, in, QN_STRING_LIST, out));
    QN_TRY(choose_words(self, &words, &count));
    QN_TRY(build_labels(self, words, count, &labels));
    qn_status status = qn_short_words_new(&short_words, &labels);
    if (status != QN_OK) {
        qn_labels_clear(&labels);
        return status;
    }
    forget_labels(self);
    self->labels = labels;
    self->short_words = short_words;
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------- */

typedef struct removing {
    const stop_words_remover *self;
    bool lower;
    qn_text lowered;
} removing;

/* Any token. */
static qn_status look_up(removing *work, qn_view token, bool *stops) {
    if (work->lower) {
        qn_text_truncate(&work->lowered, 0);
        QN_TRY(qn_text_lower(&work->lowered, token));
        token = (qn_view){work->lowered.data, work->lowered.length};
    }
    *stops = qn_labels_find(&work->self->labels, token) >= 0;
    return QN_OK;
}

/* Most tokens are short and of ASCII: two words of the machine tell whether they stay. */
static qn_status find_stop(removing *work, const qn_column *texts, int64_t row, bool *stops) {
    const int32_t *offsets = texts->offsets + row;
    int64_t readable = texts->offsets[texts->length] - offsets[0];
    qn_view token = {texts->chars + offsets[0], offsets[1] - offsets[0]};
    qn_short_key key;
    if (token.length == 0 || token.length > QN_SHORT_WORD ||
        !qn_short_key_of(token, readable, work->lower, &key))
        return look_up(work, qn_column_string(texts, row), stops);
    *stops = qn_short_words_have(work->self->short_words, key);
    return QN_OK;
}

/* Marks the texts of a string column without a dictionary that stay; nulls do. */
static qn_status mark_kept(removing *work, const qn_column *texts, uint64_t *marks) {
    for (int64_t i = 0; i < texts->length; i++) {
        bool stops = false;
        if (!qn_column_is_null(texts, i))
            QN_TRY(find_stop(work, texts, i, &stops));
        marks[i >> 6] |= (uint64_t)!stops << (i & 63);
    }
    return QN_OK;
}

/* Each entry of a dictionary is looked up once. */
static qn_status mark_codes(removing *work, const qn_column *texts, uint64_t *marks) {
    uint64_t *entries = NULL;
    QN_TRY(qn_mem_calloc(&entries, (size_t)qn_bit_words(texts->dictionary->length) + 1,
                         sizeof *entries));
    qn_status status = mark_kept(work, texts->dictionary, entries);
    for (int64_t i = 0; status == QN_OK && i < texts->length; i++)
        if (qn_column_is_null(texts, i) || qn_bit(entries, texts->codes[i]))
            qn_bit_set(marks, i);
    qn_mem_free(entries);
    return status;
}

static qn_status remove_words(const qn_stage *stage, const qn_column *in, qn_column **out) {
    const qn_column *items = in->items;
    removing work = {.self = (const stop_words_remover *)stage, .lower = !case_counts(stage)};
    uint64_t *marks = NULL;
    qn_text_init(&work.lowered);
    QN_TRY(qn_mem_calloc(&marks, (size_t)qn_bit_words(items->length) + 1, sizeof *marks));
    qn_status status = items->dictionary != NULL ? mark_codes(&work, items, marks)
                                                 : mark_kept(&work, items, marks);
    if (status == QN_OK)
        status = qn_tokens_keep(in, marks, out);
    qn_text_clear(&work.lowered);
    qn_mem_free(marks);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_tokens_transform(stage, schema, in, remove_words, out);
}

/* ---- State ----------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    stop_words_remover *self = (stop_words_remover *)stage;
    if (!qn_options_is_set(stage->options, "stop_words_file"))
        return QN_OK;
    return qn_archive_texts(archive, "words", &self->words, &self->word_count);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const stop_words_remover *self = (const stop_words_remover *)stage;
    if (!qn_options_is_set(stage->options, "stop_words_file"))
        return QN_OK;
    json_t *words = json_array();
    int failed = 0;
    for (int64_t i = 0; i < self->word_count; i++)
        failed |= json_array_append_new(words, json_string(self->words[i]));
    failed |= json_object_set_new(object, "words", words);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    stop_words_remover *self = (stop_words_remover *)stage;
    forget_file(self);
    forget_labels(self);
}

const qn_stage_class qn_stop_words_remover_class = {
    .name = "stop_words_remover",
    .help = "leave common words out of lists of tokens",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(stop_words_remover),
    .options = options,
    .bind = bind,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};

/* Where a text lies in another, and parts between delimiters. Positions count characters from 1. */
#include "core/expr/lists.h"
#include "core/expr/texts.h"

#include "core/memory.h"

#include <string.h>
#include <utf8proc.h>

/* ---- Positions ------------------------------------------------------------------------------- */

/* Of the first mention at or behind a byte offset; 0 if there is none. */
static int32_t position_from(qn_view text, qn_view part, int64_t offset) {
    qn_view rest = {text.data + offset, text.length - offset};
    const char *found = qn_text_find(rest, part);
    if (found == NULL)
        return 0;
    return (int32_t)qn_character_count((qn_view){text.data, found - text.data}) + 1;
}

/* instr(text, part) */
static qn_status run_instr(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = position_from(qn_text_at(&call->arguments[0], i),
                                       qn_text_at(&call->arguments[1], i), 0);
    return QN_OK;
}

/* locate(part, text [, from]): Spark finds an empty part at 1 wherever it starts, and nothing from
 * the position 0. */
static int32_t locate(const qn_call *call, int64_t row) {
    qn_view part = qn_text_at(&call->arguments[0], row);
    qn_view text = qn_text_at(&call->arguments[1], row);
    int64_t from = call->count > 2 ? qn_whole_at(&call->arguments[2], row) : 1;
    if (from == 0)
        return 0;
    if (part.length == 0)
        return 1;
    return position_from(text, part, qn_character_offset(text, from - 1));
}

static qn_status run_locate(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = locate(call, i);
    return QN_OK;
}

/* ---- Parts between delimiters ---------------------------------------------------------------- */

static int64_t count_parts(qn_view text, qn_view delimiter) {
    int64_t count = 1;
    for (const char *found = qn_text_find(text, delimiter); found != NULL;
         found = qn_text_find(text, delimiter)) {
        text.length -= found + delimiter.length - text.data;
        text.data = found + delimiter.length;
        count++;
    }
    return count;
}

/* The part with an index from 0. */
static qn_view part_at(qn_view text, qn_view delimiter, int64_t index) {
    for (;;) {
        const char *found = qn_text_find(text, delimiter);
        if (index == 0)
            return (qn_view){text.data, found == NULL ? text.length : found - text.data};
        if (found == NULL)
            return (qn_view){"", 0};
        text.length -= found + delimiter.length - text.data;
        text.data = found + delimiter.length;
        index--;
    }
}

static qn_status step_split_part(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view delimiter = qn_text_at(&call->arguments[1], row);
    int64_t index = qn_whole_at(&call->arguments[2], row);
    if (index == 0)
        return qn_call_note(call, row,
                            "split_part was asked for the part 0: parts are counted from 1");
    if (delimiter.length == 0) {
        *out = index == 1 || index == -1 ? text : (qn_view){"", 0};
        return QN_OK;
    }
    index = index > 0 ? index - 1 : count_parts(text, delimiter) + index;
    *out = index < 0 ? (qn_view){"", 0} : part_at(text, delimiter, index);
    return QN_OK;
}

static qn_status run_split_part(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_split_part, out);
}

/* What lies before the count-th delimiter; mentions may overlap, as Spark counts. */
static qn_view before_delimiter(qn_view text, qn_view delimiter, int64_t count) {
    qn_view rest = text;
    for (;; count--) {
        const char *found = qn_text_find(rest, delimiter);
        if (found == NULL)
            return text;
        if (count == 1)
            return (qn_view){text.data, found - text.data};
        rest = (qn_view){found + 1, text.length - (found + 1 - text.data)};
    }
}

/* What lies behind the count-th delimiter from the end. */
static qn_view behind_delimiter(qn_view text, qn_view delimiter, int64_t count) {
    for (int64_t at = text.length - delimiter.length; at >= 0; at--) {
        if (memcmp(text.data + at, delimiter.data, (size_t)delimiter.length) != 0)
            continue;
        if (--count == 0) {
            int64_t start = at + delimiter.length;
            return (qn_view){text.data + start, text.length - start};
        }
    }
    return text;
}

static qn_status step_substring_index(const qn_call *call, int64_t row, qn_text *scratch,
                                      qn_view *out) {
    (void)scratch;
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view delimiter = qn_text_at(&call->arguments[1], row);
    int64_t count = qn_whole_at(&call->arguments[2], row);
    if (count == 0 || delimiter.length == 0)
        *out = (qn_view){"", 0};
    else if (count > 0)
        *out = before_delimiter(text, delimiter, count);
    else
        *out = behind_delimiter(text, delimiter, count == INT64_MIN ? INT64_MAX : -count);
    return QN_OK;
}

static qn_status run_substring_index(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_substring_index, out);
}

/* PostgreSQL's string_to_array: an empty text has no parts, an empty delimiter cuts nothing. */
static qn_status step_parts(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view delimiter = qn_text_at(&call->arguments[1], row);
    const char *found = NULL;
    if (text.length == 0)
        return QN_OK;
    while (delimiter.length > 0 && (found = qn_text_find(text, delimiter)) != NULL) {
        QN_TRY(qn_list_builder_add(out, (qn_view){text.data, found - text.data}));
        text.length -= found + delimiter.length - text.data;
        text.data = found + delimiter.length;
    }
    return qn_list_builder_add(out, text);
}

static qn_status run_parts(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_parts, out);
}

/* ---- Edit distance --------------------------------------------------------------------------- */

/* Code points of two texts, and a row of distances. */
typedef struct editor {
    int64_t capacity;
    int32_t *points; /* of the first text, then of the second, then distances */
} editor;

static int64_t decode(qn_view text, int32_t *points) {
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.data;
    int64_t count = 0;
    for (int64_t i = 0; i < text.length;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate(bytes + i, text.length - i, &point);
        points[count++] = used <= 0 ? -(int32_t)bytes[i] : point; /* not UTF-8: by its byte */
        i += used <= 0 ? 1 : used;
    }
    return count;
}

/* Wagner and Fischer (1974), one row at a time. */
static qn_status distance(editor *work, qn_view a, qn_view b, int32_t *out) {
    QN_TRY(qn_mem_reserve(&work->points, &work->capacity, a.length + 2 * b.length + 1,
                          sizeof *work->points));
    int32_t *x = work->points, *y = x + a.length, *row = y + b.length;
    int64_t m = decode(a, x), n = decode(b, y);
    for (int64_t j = 0; j <= n; j++)
        row[j] = (int32_t)j;
    for (int64_t i = 0; i < m; i++) {
        int32_t diagonal = row[0], left = (int32_t)i + 1;
        row[0] = left;
        for (int64_t j = 0; j < n; j++) {
            int32_t above = row[j + 1];
            int32_t best = diagonal + (x[i] != y[j]);
            best = above + 1 < best ? above + 1 : best;
            best = left + 1 < best ? left + 1 : best;
            diagonal = above;
            row[j + 1] = left = best;
        }
    }
    *out = row[n];
    return QN_OK;
}

static qn_status run_levenshtein(const qn_call *call, qn_column **out) {
    editor work = {0};
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_INT32, call->length, 0), done);
    for (int64_t i = 0; i < call->length; i++)
        if (!qn_call_skips(call, i))
            QN_TRY_GOTO(distance(&work, qn_text_at(&call->arguments[0], i),
                                 qn_text_at(&call->arguments[1], i), &column->i32[i]),
                        done);
    *out = column;
    column = NULL;
done:
    qn_mem_free(work.points);
    qn_column_release(column);
    return status;
}

#define GIVES_INT(name, least, most, run, ...)                                                     \
    { name, least, most, {__VA_ARGS__}, QN_GIVES_INT32, QN_NULLS_STRICT, run, NULL, NULL }
#define GIVES_PART(name, run)                                                                      \
    {                                                                                              \
        name, 3, 3, {QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE}, QN_GIVES_STRING,               \
            QN_NULLS_STRICT, run, NULL, NULL                                                       \
    }

const qn_function qn_functions_search[] = {
    GIVES_INT("instr", 2, 2, run_instr, QN_TAKES_TEXT),
    GIVES_INT("strpos", 2, 2, run_instr, QN_TAKES_TEXT),
    GIVES_INT("locate", 2, 3, run_locate, QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_INT("position", 2, 3, run_locate, QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_INT("charindex", 2, 3, run_locate, QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_INT("levenshtein", 2, 2, run_levenshtein, QN_TAKES_TEXT),
    {"string_to_array",
     2,
     2,
     {QN_TAKES_TEXT},
     QN_GIVES_LIST,
     QN_NULLS_STRICT,
     run_parts,
     NULL,
     NULL},
    GIVES_PART("split_part", run_split_part),
    GIVES_PART("substring_index", run_substring_index),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};

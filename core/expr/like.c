/* like, ilike: % stands for any characters, _ for one; a backslash (or the third argument) takes
 * the next character as it is. */
#include "core/expr/texts.h"

#include "core/memory.h"

#include <string.h>

typedef enum element { ONE_BYTE, ANY_CHARACTER, ANY_TEXT } element;

/* bytes[i] matters where kinds[i] is ONE_BYTE. */
typedef struct pattern {
    int64_t count;
    uint8_t *kinds;
    char *bytes;
    bool simple; /* ANY_TEXT at the ends at most, no ANY_CHARACTER: a plain search */
} pattern;

static void pattern_free(void *state) {
    pattern *like = state;
    qn_mem_free(like->kinds);
    qn_mem_free(like->bytes);
    qn_mem_free(like);
}

static void pattern_fill(pattern *like, qn_view text, qn_view escape) {
    for (int64_t i = 0; i < text.length; i++) {
        bool escaped = escape.length > 0 && i + escape.length < text.length &&
                       memcmp(text.data + i, escape.data, (size_t)escape.length) == 0;
        if (escaped)
            i += escape.length;
        char c = text.data[i];
        uint8_t kind = escaped    ? ONE_BYTE
                       : c == '%' ? ANY_TEXT
                       : c == '_' ? ANY_CHARACTER
                                  : ONE_BYTE;
        if (kind == ANY_TEXT && like->count > 0 && like->kinds[like->count - 1] == ANY_TEXT)
            continue;
        like->kinds[like->count] = kind;
        like->bytes[like->count++] = c;
    }
    like->simple = true;
    for (int64_t i = 0; i < like->count; i++)
        if (like->kinds[i] == ANY_CHARACTER ||
            (like->kinds[i] == ANY_TEXT && i > 0 && i < like->count - 1))
            like->simple = false;
}

static qn_status pattern_new(pattern **out, qn_view text, qn_view escape, bool fold) {
    qn_text lower;
    qn_text_init(&lower);
    pattern *like = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&like, 1, sizeof *like), done);
    if (fold) {
        QN_TRY_GOTO(qn_text_map_case(text, QN_LOWER, &lower), done);
        text = (qn_view){lower.data, lower.length};
    }
    QN_TRY_GOTO(qn_mem_alloc(&like->kinds, (size_t)text.length, 1), done);
    QN_TRY_GOTO(qn_mem_alloc(&like->bytes, (size_t)text.length, 1), done);
    pattern_fill(like, text, escape);
    *out = like;
    like = NULL;
done:
    qn_text_clear(&lower);
    if (like != NULL)
        pattern_free(like);
    return status;
}

static bool match_simple(const pattern *like, qn_view text) {
    bool open_front = like->count > 0 && like->kinds[0] == ANY_TEXT;
    bool open_back = like->count > 0 && like->kinds[like->count - 1] == ANY_TEXT;
    if (open_front && like->count == 1)
        return true;
    const char *part = like->bytes + open_front;
    int64_t length = like->count - open_front - open_back;
    if (open_front && open_back)
        return qn_text_find(text, (qn_view){part, length}) != NULL;
    if (text.length < length || (!open_front && !open_back && text.length != length))
        return false;
    return memcmp(open_front ? text.data + text.length - length : text.data, part,
                  (size_t)length) == 0;
}

/* Greedy with one point to return to: the last % seen. */
static bool match(const pattern *like, qn_view text) {
    if (like->simple)
        return match_simple(like, text);
    int64_t i = 0, p = 0, star = -1, mark = 0;
    while (i < text.length) {
        int64_t step = qn_character_length(text.data + i, text.length - i);
        if (p < like->count && like->kinds[p] == ANY_TEXT) {
            star = p++;
            mark = i;
        } else if (p < like->count && like->kinds[p] == ANY_CHARACTER) {
            i += step;
            p++;
        } else if (p < like->count && like->bytes[p] == text.data[i]) {
            i++;
            p++;
        } else if (star >= 0) {
            mark += qn_character_length(text.data + mark, text.length - mark);
            i = mark;
            p = star + 1;
        } else {
            return false;
        }
    }
    while (p < like->count && like->kinds[p] == ANY_TEXT)
        p++;
    return p == like->count;
}

/* ---- Kernels --------------------------------------------------------------------------------- */

static qn_view escape_of(const qn_call *call, int64_t row) {
    return call->count > 2 ? qn_text_at(&call->arguments[2], row) : (qn_view){"\\", 1};
}

static qn_status check_escape(const qn_expr *call) {
    if (call->count < 3)
        return QN_OK;
    const qn_expr *argument = call->arguments[2];
    if (!qn_expr_is_literal(argument))
        return qn_expr_fail(argument->position, "the escape of '%s' must be a constant",
                            call->function->name);
    qn_view escape = qn_text_at(&(qn_operand){argument->value, true}, 0);
    if (escape.length > 0 && qn_character_length(escape.data, escape.length) != escape.length)
        return qn_expr_fail(argument->position, "the escape of '%s' must be one character",
                            call->function->name);
    return QN_OK;
}

static qn_status prepare(qn_expr *call, bool fold) {
    QN_TRY(check_escape(call));
    const qn_expr *argument = call->arguments[1];
    if (!qn_expr_is_literal(argument) || qn_expr_is_null_literal(argument))
        return QN_OK;
    qn_view escape = {"\\", 1};
    if (call->count > 2)
        escape = qn_text_at(&(qn_operand){call->arguments[2]->value, true}, 0);
    pattern *like = NULL;
    QN_TRY(pattern_new(&like, qn_text_at(&(qn_operand){argument->value, true}, 0), escape, fold));
    call->state = like;
    return QN_OK;
}

static qn_status prepare_like(qn_expr *call) {
    return prepare(call, false);
}

static qn_status prepare_ilike(qn_expr *call) {
    return prepare(call, true);
}

static qn_status match_row(const qn_call *call, int64_t row, bool fold, qn_text *lower, bool *out) {
    const pattern *like = call->node->state;
    pattern *own = NULL;
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_text_truncate(lower, 0);
    if (fold) {
        QN_TRY(qn_text_map_case(text, QN_LOWER, lower));
        text = (qn_view){lower->data, lower->length};
    }
    if (like == NULL) {
        QN_TRY(pattern_new(&own, qn_text_at(&call->arguments[1], row), escape_of(call, row), fold));
        like = own;
    }
    *out = match(like, text);
    if (own != NULL)
        pattern_free(own);
    return QN_OK;
}

static qn_status run(const qn_call *call, bool fold, qn_column **out) {
    qn_column *column = NULL;
    qn_text lower;
    qn_text_init(&lower);
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_BOOL, call->length, 0), done);
    for (int64_t i = 0; i < call->length; i++) {
        bool matched = false;
        if (!qn_call_skips(call, i))
            QN_TRY_GOTO(match_row(call, i, fold, &lower, &matched), done);
        if (matched)
            qn_bit_set(column->bits, i);
    }
    *out = column;
    column = NULL;
done:
    qn_text_clear(&lower);
    qn_column_release(column);
    return status;
}

static qn_status run_like(const qn_call *call, qn_column **out) {
    return run(call, false, out);
}

static qn_status run_ilike(const qn_call *call, qn_column **out) {
    return run(call, true, out);
}

const qn_function qn_functions_like[] = {
    {"like",
     2,
     3,
     {QN_TAKES_TEXT},
     QN_GIVES_BOOL,
     QN_NULLS_STRICT,
     run_like,
     prepare_like,
     pattern_free},
    {"ilike",
     2,
     3,
     {QN_TAKES_TEXT},
     QN_GIVES_BOOL,
     QN_NULLS_STRICT,
     run_ilike,
     prepare_ilike,
     pattern_free},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};

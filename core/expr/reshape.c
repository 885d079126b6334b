/* Texts made of other texts: padded, repeated, reversed, translated, joined. */
#include "core/expr/lists.h"
#include "core/expr/texts.h"

#include "core/memory.h"

#include <string.h>
#include <utf8proc.h>

/* ---- Ends ------------------------------------------------------------------------------------ */

static qn_status step_left(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = qn_text_part(qn_text_at(&call->arguments[0], row), 1,
                        qn_whole_at(&call->arguments[1], row));
    return QN_OK;
}

static qn_status step_right(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    int64_t count = qn_whole_at(&call->arguments[1], row);
    qn_view text = qn_text_at(&call->arguments[0], row);
    int64_t characters = qn_character_count(text);
    if (count >= characters)
        *out = text;
    else
        *out = count <= 0 ? (qn_view){"", 0} : qn_text_part(text, -count, count);
    return QN_OK;
}

static qn_status run_left(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_left, out);
}

static qn_status run_right(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_right, out);
}

/* ---- Repeating and padding ------------------------------------------------------------------- */

static qn_status add_repeated(const qn_call *call, qn_text *out, qn_view text, int64_t times) {
    if (times <= 0 || text.length == 0)
        return QN_OK;
    if (times > (INT32_MAX - out->length) / text.length)
        return qn_fail(QN_DATA, "'%s' would give a text of more than 2 GiB",
                       call->node->function->name);
    QN_TRY(qn_text_reserve(out, times * text.length + 1));
    char *to = out->data + out->length, *end = to + times * text.length;
    for (; to < end; to += text.length)
        memcpy(to, text.data, (size_t)text.length);
    *end = '\0';
    out->length = end - out->data;
    return QN_OK;
}

static qn_status step_repeat(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    QN_TRY(add_repeated(call, scratch, qn_text_at(&call->arguments[0], row),
                        qn_whole_at(&call->arguments[1], row)));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status step_space(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    QN_TRY(add_repeated(call, scratch, (qn_view){" ", 1}, qn_whole_at(&call->arguments[0], row)));
    *out = qn_text_view(scratch);
    return QN_OK;
}

/* So many characters of a pad, from its start over and over. */
static qn_status add_pad(const qn_call *call, qn_text *out, qn_view pad, int64_t characters) {
    int64_t each = qn_character_count(pad);
    QN_TRY(add_repeated(call, out, pad, characters / each));
    return qn_text_add(out, pad.data, qn_character_offset(pad, characters % each));
}

/* Cut or padded to a length. */
static qn_status pad_to(const qn_call *call, int64_t row, bool front, qn_text *scratch,
                        qn_view *out) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view pad = call->count > 2 ? qn_text_at(&call->arguments[2], row) : (qn_view){" ", 1};
    int64_t wanted = qn_whole_at(&call->arguments[1], row);
    int64_t missing = wanted - qn_character_count(text);
    if (wanted <= 0 || missing <= 0 || pad.length == 0 || wanted > INT32_MAX) {
        if (wanted > INT32_MAX)
            return qn_fail(QN_DATA, "'%s' would give a text of more than 2 GiB",
                           call->node->function->name);
        *out = qn_text_part(text, 1, wanted);
        return QN_OK;
    }
    if (!front)
        QN_TRY(qn_text_add(scratch, text.data, text.length));
    QN_TRY(add_pad(call, scratch, pad, missing));
    if (front)
        QN_TRY(qn_text_add(scratch, text.data, text.length));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status step_lpad(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    return pad_to(call, row, true, scratch, out);
}

static qn_status step_rpad(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    return pad_to(call, row, false, scratch, out);
}

static qn_status run_repeat(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_repeat, out);
}

static qn_status run_space(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_space, out);
}

static qn_status run_lpad(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_lpad, out);
}

static qn_status run_rpad(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_rpad, out);
}

/* ---- Character by character ------------------------------------------------------------------ */

static qn_status reverse_ascii(qn_view text, qn_text *out) {
    QN_TRY(qn_text_reserve(out, text.length + 1));
    for (int64_t i = 0; i < text.length; i++)
        out->data[i] = text.data[text.length - 1 - i];
    out->data[text.length] = '\0';
    out->length = text.length;
    return QN_OK;
}

static qn_status step_reverse(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    if (qn_text_is_ascii(text.data, text.length)) {
        QN_TRY(reverse_ascii(text, scratch));
        *out = qn_text_view(scratch);
        return QN_OK;
    }
    for (int64_t end = text.length; end > 0;) {
        int64_t start = end - 1;
        while (start > 0 && qn_is_continuation(text.data[start]))
            start--;
        QN_TRY(qn_text_add(scratch, text.data + start, end - start));
        end = start;
    }
    *out = qn_text_view(scratch);
    return QN_OK;
}

/* The first letter of each word in upper case, the others in lower; words end at blanks. */
static qn_status step_initcap(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    bool first = true;
    if (qn_text_is_ascii(text.data, text.length)) {
        QN_TRY(qn_text_map_case(text, QN_LOWER, scratch));
        for (int64_t i = 0; i < text.length; first = text.data[i++] == ' ')
            if (first && scratch->data[i] >= 'a' && scratch->data[i] <= 'z')
                scratch->data[i] = (char)(scratch->data[i] - 32);
        *out = qn_text_view(scratch);
        return QN_OK;
    }
    for (int64_t i = 0; i < text.length;) {
        int64_t length = qn_character_length(text.data + i, text.length - i);
        QN_TRY(qn_text_map_case((qn_view){text.data + i, length}, first ? QN_UPPER : QN_LOWER,
                                scratch));
        first = text.data[i] == ' ';
        i += length;
    }
    *out = qn_text_view(scratch);
    return QN_OK;
}

/* Index of a character in a text, in characters; -1 if it is not there. */
static int64_t character_index(qn_view text, qn_view character) {
    int64_t index = 0;
    for (int64_t i = 0; i < text.length; index++) {
        int64_t length = qn_character_length(text.data + i, text.length - i);
        if (qn_view_equal((qn_view){text.data + i, length}, character))
            return index;
        i += length;
    }
    return -1;
}

/* The same where both sets of characters are ASCII: bytes of longer characters pass. */
static qn_status translate_ascii(qn_view text, qn_view from, qn_view to, qn_text *out) {
    char other[256];
    bool gone[256] = {false};
    for (int c = 0; c < 256; c++)
        other[c] = (char)c;
    for (int64_t i = from.length - 1; i >= 0; i--) { /* of equal ones the first counts */
        unsigned char c = (unsigned char)from.data[i];
        gone[c] = i >= to.length;
        other[c] = i < to.length ? to.data[i] : '\0';
    }
    QN_TRY(qn_text_reserve(out, text.length + 1));
    for (int64_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        out->data[out->length] = other[c];
        out->length += !gone[c];
    }
    out->data[out->length] = '\0';
    return QN_OK;
}

/* Characters of the second argument become those of the third at the same place, or nothing. */
static qn_status step_translate(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view from = qn_text_at(&call->arguments[1], row);
    qn_view to = qn_text_at(&call->arguments[2], row);
    if (qn_text_is_ascii(from.data, from.length) && qn_text_is_ascii(to.data, to.length)) {
        QN_TRY(translate_ascii(text, from, to, scratch));
        *out = qn_text_view(scratch);
        return QN_OK;
    }
    for (int64_t i = 0; i < text.length;) {
        qn_view character = {text.data + i, qn_character_length(text.data + i, text.length - i)};
        int64_t index = character_index(from, character);
        i += character.length;
        if (index >= 0) {
            int64_t start = qn_character_offset(to, index);
            bool there = start < to.length;
            character.data = to.data + start;
            character.length = there ? qn_character_length(to.data + start, to.length - start) : 0;
        }
        QN_TRY(qn_text_add(scratch, character.data, character.length));
    }
    *out = qn_text_view(scratch);
    return QN_OK;
}

/* overlay(text, other, position [, length]): `other` in the place of `length` characters. */
static qn_status step_overlay(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view other = qn_text_at(&call->arguments[1], row);
    int64_t position = qn_whole_at(&call->arguments[2], row);
    int64_t length = call->count > 3 ? qn_whole_at(&call->arguments[3], row) : -1;
    position = position < -INT32_MAX ? -INT32_MAX : position > INT32_MAX ? INT32_MAX : position;
    length = length < 0 ? qn_character_count(other) : length > INT32_MAX ? INT32_MAX : length;
    qn_view front = qn_text_part(text, 1, position - 1);
    qn_view back = qn_text_part(text, position + length, INT32_MAX);
    QN_TRY(qn_text_add(scratch, front.data, front.length));
    QN_TRY(qn_text_add(scratch, other.data, other.length));
    QN_TRY(qn_text_add(scratch, back.data, back.length));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_reverse(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_reverse, out);
}

static qn_status run_initcap(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_initcap, out);
}

static qn_status run_translate(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_translate, out);
}

static qn_status run_overlay(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_overlay, out);
}

/* ---- Codes ----------------------------------------------------------------------------------- */

/* The first character's code point, 0 for an empty text. */
static qn_status run_ascii(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        qn_view text = qn_text_at(&call->arguments[0], i);
        utf8proc_int32_t point = 0;
        if (text.length > 0 &&
            utf8proc_iterate((const utf8proc_uint8_t *)text.data, text.length, &point) < 0)
            point = (unsigned char)text.data[0];
        (*out)->i32[i] = point;
    }
    return QN_OK;
}

/* Spark's: the code modulo 256, nothing for a negative one. */
static qn_status step_chr(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    int64_t code = qn_whole_at(&call->arguments[0], row);
    utf8proc_uint8_t encoded[4];
    if (code >= 0)
        QN_TRY(qn_text_add(scratch, (const char *)encoded,
                           utf8proc_encode_char((utf8proc_int32_t)(code & 0xff), encoded)));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_chr(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_chr, out);
}

static qn_status run_octet_length(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = (int32_t)qn_text_at(&call->arguments[0], i).length;
    return QN_OK;
}

static qn_status run_bit_length(const qn_call *call, qn_column **out) {
    QN_TRY(run_octet_length(call, out));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = (int32_t)((uint32_t)(*out)->i32[i] * 8);
    return QN_OK;
}

/* ---- Joining --------------------------------------------------------------------------------- */

static qn_status add_joined(qn_text *out, qn_view separator, qn_view part, bool *some) {
    if (part.data == NULL)
        return QN_OK;
    if (*some)
        QN_TRY(qn_text_add(out, separator.data, separator.length));
    *some = true;
    return qn_text_add(out, part.data, part.length);
}

/* Texts and the items of lists, nulls left out. */
static qn_status step_concat_ws(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    if (qn_operand_null(&call->arguments[0], row))
        return QN_OK;
    qn_view separator = qn_text_at(&call->arguments[0], row);
    bool some = false;
    for (int32_t a = 1; a < call->count; a++) {
        const qn_operand *operand = &call->arguments[a];
        if (qn_operand_null(operand, row))
            continue;
        if (operand->column->type == QN_STRING) {
            QN_TRY(add_joined(scratch, separator, qn_text_at(operand, row), &some));
            continue;
        }
        qn_list list = qn_list_at(operand, row);
        for (int64_t k = 0; k < list.count; k++)
            QN_TRY(add_joined(scratch, separator, qn_list_item(list, k), &some));
    }
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_concat_ws(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_concat_ws, out);
}

#define GIVES_TEXT(name, least, most, run, ...)                                                    \
    { name, least, most, {__VA_ARGS__}, QN_GIVES_STRING, QN_NULLS_STRICT, run, NULL, NULL }
#define GIVES_INT(name, run)                                                                       \
    { name, 1, 1, {QN_TAKES_TEXT}, QN_GIVES_INT32, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_reshape[] = {
    GIVES_TEXT("left", 2, 2, run_left, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_TEXT("right", 2, 2, run_right, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_TEXT("repeat", 2, 2, run_repeat, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_TEXT("space", 1, 1, run_space, QN_TAKES_WHOLE),
    GIVES_TEXT("lpad", 2, 3, run_lpad, QN_TAKES_TEXT, QN_TAKES_WHOLE, QN_TAKES_TEXT),
    GIVES_TEXT("rpad", 2, 3, run_rpad, QN_TAKES_TEXT, QN_TAKES_WHOLE, QN_TAKES_TEXT),
    GIVES_TEXT("reverse", 1, 1, run_reverse, QN_TAKES_TEXT),
    GIVES_TEXT("initcap", 1, 1, run_initcap, QN_TAKES_TEXT),
    GIVES_TEXT("translate", 3, 3, run_translate, QN_TAKES_TEXT),
    GIVES_TEXT("overlay", 3, 4, run_overlay, QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_TEXT("chr", 1, 1, run_chr, QN_TAKES_WHOLE),
    {"concat_ws",
     1,
     -1,
     {QN_TAKES_TEXT, QN_TAKES_PIECES},
     QN_GIVES_STRING,
     QN_NULLS_OWN,
     run_concat_ws,
     NULL,
     NULL},
    GIVES_INT("ascii", run_ascii),
    GIVES_INT("octet_length", run_octet_length),
    GIVES_INT("bit_length", run_bit_length),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};

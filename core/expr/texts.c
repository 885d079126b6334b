/* Functions of text. Positions and lengths count characters (code points). */
#include "core/expr/texts.h"

#include "core/memory.h"

#include <string.h>
#include <utf8proc.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- Finding --------------------------------------------------------------------------------- */

enum { SHORT_PART = 64, BLOCK = 16 };

#ifdef __SSE2__

/* Which of 16 places have the part's first and last byte. */
static inline unsigned places(const char *at, int64_t last, __m128i first_byte, __m128i last_byte) {
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(at + last));
    return (unsigned)_mm_movemask_epi8(
        _mm_and_si128(_mm_cmpeq_epi8(a, first_byte), _mm_cmpeq_epi8(b, last_byte)));
}

/* At least BLOCK places and two bytes. The last block overlaps the one before. */
static const char *find_blocks(qn_view text, qn_view part) {
    int64_t last = part.length - 1, count = text.length - last;
    __m128i first_byte = _mm_set1_epi8(part.data[0]), last_byte = _mm_set1_epi8(part.data[last]);
    for (int64_t i = 0;; i = i + 2 * BLOCK <= count ? i + BLOCK : count - BLOCK) {
        unsigned found = places(text.data + i, last, first_byte, last_byte);
        for (; found != 0; found &= found - 1) {
            const char *at = text.data + i + __builtin_ctz(found);
            if (memcmp(at + 1, part.data + 1, (size_t)last) == 0)
                return at;
        }
        if (i + BLOCK >= count)
            return NULL;
    }
}

#endif

const char *qn_text_find(qn_view text, qn_view part) {
    if (part.length == 1)
        return text.length > 0 ? memchr(text.data, *part.data, (size_t)text.length) : NULL;
#ifdef __SSE2__
    if (part.length > 1 && part.length <= SHORT_PART && text.length - part.length + 1 >= BLOCK)
        return find_blocks(text, part);
#endif
    return memmem(text.data, (size_t)text.length, part.data, (size_t)part.length);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

qn_status qn_text_rows(const qn_call *call, qn_text_step step, qn_column **out) {
    qn_string_builder builder;
    qn_text scratch;
    qn_string_builder_init(&builder);
    qn_text_init(&scratch);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < call->length; i++) {
        qn_view text = {NULL, 0};
        qn_text_truncate(&scratch, 0);
        if (!qn_call_skips(call, i))
            QN_TRY_GOTO(step(call, i, &scratch, &text), done);
        if (text.data == NULL)
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
        else
            QN_TRY_GOTO(qn_string_builder_add(&builder, text), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    qn_text_clear(&scratch);
    return status;
}

/* ---- Lengths --------------------------------------------------------------------------------- */

int64_t qn_character_count(qn_view text) {
    int64_t count = 0;
    for (int64_t i = 0; i < text.length; i++)
        count += !qn_is_continuation(text.data[i]);
    return count;
}

static qn_status run_length(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = (int32_t)qn_character_count(qn_text_at(&call->arguments[0], i));
    return QN_OK;
}

/* ---- Case ------------------------------------------------------------------------------------ */

static inline char map_ascii(char c, qn_case to) {
    char from = to == QN_LOWER ? 'A' : 'a';
    bool letter = (unsigned char)(c - from) < 26;
    return (char)(c ^ (letter ? 0x20 : 0));
}

QN_CLONES bool qn_text_is_ascii(const char *text, int64_t length) {
    unsigned char all = 0;
    for (int64_t i = 0; i < length; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

QN_CLONES static void map_ascii_bytes(char *out, const char *text, int64_t length, qn_case to) {
    for (int64_t i = 0; i < length; i++)
        out[i] = map_ascii(text[i], to);
}

/* Whose capital Unicode's simple mapping does not know, but utf8proc's does. */
#define SHARP_S 0xdf

static qn_status map_unicode(qn_view text, qn_case to, qn_text *out) {
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.data;
    for (int64_t i = 0; i < text.length;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate(bytes + i, text.length - i, &point);
        utf8proc_uint8_t encoded[4];
        utf8proc_ssize_t length = 1;
        if (used <= 0) { /* not UTF-8: kept as it is */
            encoded[0] = bytes[i];
            used = 1;
        } else {
            if (to == QN_LOWER)
                point = utf8proc_tolower(point);
            else if (point != SHARP_S)
                point = utf8proc_toupper(point);
            length = utf8proc_encode_char(point, encoded);
        }
        QN_TRY(qn_text_add(out, (const char *)encoded, length));
        i += used;
    }
    return QN_OK;
}

qn_status qn_text_map_case(qn_view text, qn_case to, qn_text *out) {
    if (!qn_text_is_ascii(text.data, text.length))
        return map_unicode(text, to, out);
    QN_TRY(qn_text_reserve(out, text.length + 1));
    map_ascii_bytes(out->data + out->length, text.data, text.length, to);
    out->length += text.length;
    out->data[out->length] = '\0';
    return QN_OK;
}

static qn_status step_lower(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    QN_TRY(qn_text_map_case(qn_text_at(&call->arguments[0], row), QN_LOWER, scratch));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status step_upper(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    QN_TRY(qn_text_map_case(qn_text_at(&call->arguments[0], row), QN_UPPER, scratch));
    *out = qn_text_view(scratch);
    return QN_OK;
}

/* A whole column of ASCII keeps its offsets. */
static qn_status map_column(const qn_column *source, qn_case to, qn_column **out) {
    qn_column *column = NULL;
    int64_t bytes = source->offsets[source->length] - source->offsets[0];
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_STRING, source->length, 0), done);
    QN_TRY_GOTO(qn_mem_alloc(&column->chars, (size_t)bytes + 64, 1), done);
    for (int64_t i = 0; i <= source->length; i++)
        column->offsets[i] = source->offsets[i] - source->offsets[0];
    map_ascii_bytes(column->chars, source->chars + source->offsets[0], bytes, to);
    memset(column->chars + bytes, 0, 64);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    return status;
}

static qn_status run_case_map(const qn_call *call, qn_case to, qn_column **out) {
    const qn_column *source = call->arguments[0].column;
    if (source->dictionary == NULL && source->length == call->length &&
        qn_text_is_ascii(source->chars, source->offsets[source->length]))
        return map_column(source, to, out);
    return qn_text_rows(call, to == QN_LOWER ? step_lower : step_upper, out);
}

static qn_status run_lower(const qn_call *call, qn_column **out) {
    return run_case_map(call, QN_LOWER, out);
}

static qn_status run_upper(const qn_call *call, qn_column **out) {
    return run_case_map(call, QN_UPPER, out);
}

/* ---- Trimming -------------------------------------------------------------------------------- */

static bool has_character(qn_view set, const char *character, int64_t length) {
    return qn_text_find(set, (qn_view){character, length}) != NULL;
}

/* Takes characters of the set (blanks, if there is no second argument) off the ends. */
static qn_view trim(const qn_call *call, int64_t row, bool front, bool back) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view set = call->count > 1 ? qn_text_at(&call->arguments[1], row) : (qn_view){" ", 1};
    while (front && text.length > 0) {
        int64_t length = qn_character_length(text.data, text.length);
        if (!has_character(set, text.data, length))
            break;
        text.data += length;
        text.length -= length;
    }
    while (back && text.length > 0) {
        int64_t start = text.length - 1;
        while (start > 0 && qn_is_continuation(text.data[start]))
            start--;
        if (!has_character(set, text.data + start, text.length - start))
            break;
        text.length = start;
    }
    return text;
}

static qn_status step_trim(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = trim(call, row, true, true);
    return QN_OK;
}

static qn_status step_ltrim(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = trim(call, row, true, false);
    return QN_OK;
}

static qn_status step_rtrim(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = trim(call, row, false, true);
    return QN_OK;
}

static qn_status run_trim(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_trim, out);
}

static qn_status run_ltrim(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_ltrim, out);
}

static qn_status run_rtrim(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_rtrim, out);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static int64_t clamp(int64_t value, int64_t most) {
    return value < 0 ? 0 : value > most ? most : value;
}

int64_t qn_character_offset(qn_view text, int64_t character) {
    int64_t offset = 0;
    for (; character > 0 && offset < text.length; character--)
        offset += qn_character_length(text.data + offset, text.length - offset);
    return offset;
}

static int32_t clamp_to_int32(int64_t value) {
    return value < -INT32_MAX ? -INT32_MAX : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

qn_view qn_text_part(qn_view text, int64_t position, int64_t wanted) {
    int64_t characters = qn_character_count(text), start = clamp_to_int32(position);
    wanted = clamp_to_int32(wanted < 0 ? 0 : wanted);
    start = start > 0 ? start - 1 : start < 0 ? characters + start : 0;
    int64_t from = clamp(start, characters), to = clamp(start + wanted, characters);
    int64_t first = qn_character_offset(text, from);
    qn_view rest = {text.data + first, text.length - first};
    return (qn_view){rest.data, qn_character_offset(rest, to - from)};
}

static qn_status step_substring(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = qn_text_part(qn_text_at(&call->arguments[0], row), qn_whole_at(&call->arguments[1], row),
                        call->count > 2 ? qn_whole_at(&call->arguments[2], row) : INT32_MAX);
    return QN_OK;
}

static qn_status run_substring(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_substring, out);
}

static qn_status step_concat(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    for (int32_t k = 0; k < call->count; k++) {
        qn_view part = qn_text_at(&call->arguments[k], row);
        QN_TRY(qn_text_add(scratch, part.data, part.length));
    }
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_concat(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_concat, out);
}

static qn_status step_replace(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view search = qn_text_at(&call->arguments[1], row);
    qn_view other = call->count > 2 ? qn_text_at(&call->arguments[2], row) : (qn_view){"", 0};
    const char *found = search.length > 0 ? qn_text_find(text, search) : NULL;
    *out = text;
    if (found == NULL)
        return QN_OK;
    for (; found != NULL; found = qn_text_find(text, search)) {
        QN_TRY(qn_text_add(scratch, text.data, found - text.data));
        QN_TRY(qn_text_add(scratch, other.data, other.length));
        text.length -= found - text.data + search.length;
        text.data = found + search.length;
    }
    QN_TRY(qn_text_add(scratch, text.data, text.length));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_replace(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_replace, out);
}

/* ---- Searching ------------------------------------------------------------------------------- */

typedef bool (*text_test)(qn_view text, qn_view part);

static bool starts_with(qn_view text, qn_view part) {
    return text.length >= part.length && memcmp(text.data, part.data, (size_t)part.length) == 0;
}

static bool ends_with(qn_view text, qn_view part) {
    return text.length >= part.length &&
           memcmp(text.data + text.length - part.length, part.data, (size_t)part.length) == 0;
}

static bool contains(qn_view text, qn_view part) {
    return qn_text_find(text, part) != NULL;
}

static qn_status run_test(const qn_call *call, text_test test, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_BOOL, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        if (test(qn_text_at(&call->arguments[0], i), qn_text_at(&call->arguments[1], i)))
            qn_bit_set((*out)->bits, i);
    return QN_OK;
}

static qn_status run_starts_with(const qn_call *call, qn_column **out) {
    return run_test(call, starts_with, out);
}

static qn_status run_ends_with(const qn_call *call, qn_column **out) {
    return run_test(call, ends_with, out);
}

static qn_status run_contains(const qn_call *call, qn_column **out) {
    return run_test(call, contains, out);
}

#define GIVES_TEXT(name, least, most, run, ...)                                                    \
    { name, least, most, {__VA_ARGS__}, QN_GIVES_STRING, QN_NULLS_STRICT, run, NULL, NULL }
#define TEXT_TEST(name, run)                                                                       \
    { name, 2, 2, {QN_TAKES_TEXT}, QN_GIVES_BOOL, QN_NULLS_STRICT, run, NULL, NULL }
#define TEXT_LENGTH(name)                                                                          \
    { name, 1, 1, {QN_TAKES_TEXT}, QN_GIVES_INT32, QN_NULLS_STRICT, run_length, NULL, NULL }

const qn_function qn_functions_string[] = {
    TEXT_LENGTH("length"),
    TEXT_LENGTH("char_length"),
    TEXT_LENGTH("character_length"),
    GIVES_TEXT("lower", 1, 1, run_lower, QN_TAKES_TEXT),
    GIVES_TEXT("lcase", 1, 1, run_lower, QN_TAKES_TEXT),
    GIVES_TEXT("upper", 1, 1, run_upper, QN_TAKES_TEXT),
    GIVES_TEXT("ucase", 1, 1, run_upper, QN_TAKES_TEXT),
    GIVES_TEXT("trim", 1, 2, run_trim, QN_TAKES_TEXT),
    GIVES_TEXT("btrim", 1, 2, run_trim, QN_TAKES_TEXT),
    GIVES_TEXT("ltrim", 1, 2, run_ltrim, QN_TAKES_TEXT),
    GIVES_TEXT("rtrim", 1, 2, run_rtrim, QN_TAKES_TEXT),
    GIVES_TEXT("substring", 2, 3, run_substring, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_TEXT("substr", 2, 3, run_substring, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    GIVES_TEXT("concat", 1, -1, run_concat, QN_TAKES_PRINTED),
    GIVES_TEXT("||", 2, 2, run_concat, QN_TAKES_PRINTED),
    GIVES_TEXT("replace", 2, 3, run_replace, QN_TAKES_TEXT),
    TEXT_TEST("starts_with", run_starts_with),
    TEXT_TEST("startswith", run_starts_with),
    TEXT_TEST("ends_with", run_ends_with),
    TEXT_TEST("endswith", run_ends_with),
    TEXT_TEST("contains", run_contains),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};

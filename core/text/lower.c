#include "core/text/lower.h"

#include "core/text/eight.h"

#include <string.h>
#include <utf8proc.h>

enum { CAPITAL_I_WITH_DOT = 0x130, CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2 };

/* The character that starts at `data`, and its bytes; 0 where there is none. */
static int64_t decode(const char *data, int64_t length, int32_t *point) {
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)data, length, point);
    return used > 0 ? used : 0;
}

/* ---- Final sigma ----------------------------------------------------------------------------- */

static bool is_cased(int32_t point) {
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
        return true;
    default: /* Roman numerals and letters in circles */
        return (point >= 0x2160 && point <= 0x217f) || (point >= 0x24b6 && point <= 0x24e9);
    }
}

/* Marks and signs that stand inside words: Unicode's Case_Ignorable. */
static bool is_ignored(int32_t point) {
    static const int32_t signs[] = {0x27,   0x2e,   0x3a,   0xb7,   0x387,  0x55f,
                                    0x5f4,  0x2018, 0x2019, 0x2024, 0x2027, 0xfe13,
                                    0xfe52, 0xfe55, 0xff07, 0xff0e, 0xff1a};
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
            if (signs[i] == point)
                return true;
        return false;
    }
}

static bool cased_before(qn_view text, int64_t at) {
    while (at > 0) {
        int32_t point;
        do
            at--;
        while (at > 0 && ((unsigned char)text.data[at] & 0xc0) == 0x80);
        if (decode(text.data + at, text.length - at, &point) == 0)
            return false;
        if (is_cased(point))
            return true;
        if (!is_ignored(point))
            return false;
    }
    return false;
}

static bool cased_behind(qn_view text, int64_t at) {
    while (at < text.length) {
        int32_t point;
        int64_t used = decode(text.data + at, text.length - at, &point);
        if (used == 0)
            return false;
        if (is_cased(point))
            return true;
        if (!is_ignored(point))
            return false;
        at += used;
    }
    return false;
}

/* ---- Characters ------------------------------------------------------------------------------ */

static inline bool is_capital(unsigned char c) {
    return (unsigned char)(c - 'A') < 26;
}

/* Eight bytes of ASCII at a time: the bytes in front of the first that is not. */
static int64_t lower_ascii(char *out, const char *data, int64_t length) {
    int64_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word = qn_eight_load(data + i);
        if (word & QN_EIGHT_TOPS)
            break;
        word = qn_eight_lower(word);
        memcpy(out + i, &word, 8);
    }
    for (; i < length && (unsigned char)data[i] < 0x80; i++)
        out[i] = (char)(data[i] | (is_capital((unsigned char)data[i]) ? 0x20 : 0));
    return i;
}

static int64_t lower_point(char *out, qn_view text, int64_t at, int64_t used, int32_t point) {
    if (point == CAPITAL_I_WITH_DOT) {
        memcpy(out, "i\xcc\x87", 3);
        return 3;
    }
    int32_t small = utf8proc_tolower(point);
    if (point == CAPITAL_SIGMA && cased_before(text, at) && !cased_behind(text, at + used))
        small = FINAL_SIGMA;
    return utf8proc_encode_char(small, (utf8proc_uint8_t *)out);
}

qn_status qn_text_lower(qn_text *out, qn_view text) {
    QN_TRY(qn_text_reserve(out, text.length + text.length / 2 + 8));
    char *to = out->data + out->length;
    for (int64_t at = 0; at < text.length;) {
        int32_t point;
        int64_t plain = lower_ascii(to, text.data + at, text.length - at);
        to += plain;
        at += plain;
        if (at == text.length)
            break;
        int64_t used = decode(text.data + at, text.length - at, &point);
        if (used == 0) {
            *to++ = text.data[at++];
            continue;
        }
        to += lower_point(to, text, at, used, point);
        at += used;
    }
    *to = '\0';
    out->length = to - out->data;
    return QN_OK;
}

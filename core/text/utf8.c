#include "core/text/utf8.h"

#include <string.h>

static bool is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

int qn_utf8_length(qn_view text) {
    const unsigned char *bytes = (const unsigned char *)text.data;
    if (text.length < 1)
        return 0;
    unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || text.length < length)
        return 0;
    for (int i = 1; i < length; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    unsigned char second = bytes[1];
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool surrogate = first == 0xed && second > 0x9f;
    bool beyond = first == 0xf4 && second > 0x8f;
    return overlong || surrogate || beyond ? 0 : length;
}

/* Length of the ASCII at the front, in steps of eight bytes. */
static int64_t ascii_words(qn_view text) {
    int64_t i = 0;
    uint64_t word;
    for (; i + 8 <= text.length; i += 8) {
        memcpy(&word, text.data + i, 8);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return i;
}

bool qn_utf8_is_valid(qn_view text) {
    while (text.length > 0) {
        int64_t length = ascii_words(text);
        if (length == 0)
            length = qn_utf8_length(text);
        if (length == 0)
            return false;
        text.data += length;
        text.length -= length;
    }
    return true;
}

/* Short pieces of text, as columns hold them: copied and loaded without a call. */
#ifndef QUERN_CORE_TEXT_SHORT_H
#define QUERN_CORE_TEXT_SHORT_H

#include <stdint.h>
#include <string.h>

/* Up to 16 bytes without a call. */
static inline void qn_copy_short(char *to, const char *from, int64_t length) {
    if (length >= 8 && length <= 16) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + length - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + length - 8, &tail, 8);
    } else if (length >= 4 && length < 8) {
        uint32_t head, tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + length - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + length - 4, &tail, 4);
    } else if (length > 16) {
        memcpy(to, from, (size_t)length);
    } else {
        for (int64_t i = 0; i < length; i++)
            to[i] = from[i];
    }
}

enum { QN_LOAD_SHORT = 15 }; /* bytes */

/* A text of up to 15 bytes, of which `readable` may be read, as two words (of the machine's byte
 * order), with zeros behind. */
static inline void qn_load_short(const char *text, int64_t length, int64_t readable,
                                 uint64_t words[2]) {
    static const unsigned char ones[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                           255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t mask[2];
    words[0] = words[1] = 0;
    if (readable >= 16)
        memcpy(words, text, 16);
    else if (length > 0)
        memcpy(words, text, (size_t)length);
    memcpy(mask, ones + 16 - length, sizeof mask);
    words[0] &= mask[0];
    words[1] &= mask[1];
}

#endif

/* Copies of short pieces of text, as columns hold them: no call for up to 16 bytes. */
#ifndef QUERN_CORE_TEXT_SHORT_H
#define QUERN_CORE_TEXT_SHORT_H

#include <stdint.h>
#include <string.h>

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

#endif

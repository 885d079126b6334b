#include "core/text/words.h"

#include "core/text/eight.h"

#include <string.h>

/* 64 bytes: lowered into `out`; which are blanks; whether any is beyond ASCII. */
static uint64_t look(const char *bytes, bool lower, char *out, uint64_t *beyond) {
    uint64_t blanks = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word = qn_eight_load(bytes + i * 8);
        *beyond |= word & QN_EIGHT_TOPS;
        blanks |= qn_eight_gather(qn_eight_blanks(word)) << (i * 8);
        word = lower ? qn_eight_lower(word) : word;
        memcpy(out + i * 8, &word, 8);
    }
    return blanks;
}

/* Writes and reads up to 15 bytes more. */
static inline void copy(char *to, const char *from, int64_t length) {
    for (int64_t i = 0; i < length; i += 16)
        memcpy(to + i, from + i, 16);
}

bool qn_words_split_portable(qn_words *words, qn_view text, bool lower) {
    char *to = words->chars + words->length;
    int32_t *ends = words->ends + words->count;
    uint64_t beyond = 0;
    for (int64_t at = 0; at < text.length; at += 64) {
        char last[64] = {0}, lowered[64 + 16] = {0};
        int64_t size = text.length - at < 64 ? text.length - at : 64, begin = 0;
        const char *bytes = text.data + at;
        if (size < 64)
            bytes = memcpy(last, bytes, (size_t)size);
        uint64_t blanks = look(bytes, lower, lowered, &beyond);
        for (; blanks != 0; blanks &= blanks - 1) {
            int64_t end = __builtin_ctzll(blanks);
            copy(to, lowered + begin, end - begin);
            to += end - begin;
            *ends++ = (int32_t)(to - words->chars);
            begin = end + 1;
        }
        copy(to, lowered + begin, size - begin);
        to += size - begin;
    }
    *ends++ = (int32_t)(to - words->chars);
    words->length = to - words->chars;
    words->count = ends - words->ends;
    return beyond == 0;
}

qn_words_splitter qn_words_best(void) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("bmi2"))
        return qn_words_split_avx512;
#endif
    return qn_words_split_portable;
}

/* Inside of time patterns. Private to core/time. */
#ifndef QUERN_CORE_TIME_FORMAT_PRIVATE_H
#define QUERN_CORE_TIME_FORMAT_PRIVATE_H

#include "core/time/format.h"

/* One part of a pattern: a letter with its count, a literal character, or the start ('[') or end
 * (']') of an optional section. */
typedef struct qn_time_item {
    char letter; /* 0: the literal character */
    char literal;
    int8_t count;
    int8_t reserved; /* years: digits that the numbers right behind them take */
    int32_t jump;    /* '[': the item of its ']' */
} qn_time_item;

struct qn_time_format {
    char print_only; /* a letter that no text can be read by; 0: none */
    int32_t count;
    qn_time_item items[];
};

/* Letters of offsets: how zero is written, colons, seconds. */
static inline bool qn_is_zone_letter(char letter) {
    return letter == 'X' || letter == 'x' || letter == 'Z' || letter == 'O';
}

#endif

#include "core/csv/numeric.h"

/* Both factors of digits / 10^k are exact, so the quotient is rounded once: what strtod gives. */
static const double powers_of_ten[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

int64_t qn_csv_float64_portable(const qn_csv_spans *spans, double *out, uint32_t *rest) {
    int64_t left = 0;
    for (int64_t i = 0; i < spans->count; i++) {
        const char *at = spans->base + spans->at[i].begin, *end = spans->base + spans->at[i].end;
        bool negative = at < end && *at == '-';
        at += negative;
        const char *start = at, *point = end;
        uint64_t digits = 0;
        for (; at < end; at++) {
            unsigned digit = (unsigned)(unsigned char)*at - '0';
            if (digit <= 9)
                digits = digits * 10 + digit;
            else if (*at == spans->decimal && point == end)
                point = at;
            else
                break;
        }
        int64_t places = point == end ? 0 : end - point - 1;
        int64_t count = end - start - (point != end);
        if (at < end || count < 1 || count > 15) {
            rest[left++] = (uint32_t)i;
            out[i] = 0;
            continue;
        }
        double value = (double)digits / powers_of_ten[places];
        out[i] = negative ? -value : value;
    }
    return left;
}

int64_t qn_csv_int64_portable(const qn_csv_spans *spans, int64_t *out, uint32_t *rest) {
    int64_t left = 0;
    for (int64_t i = 0; i < spans->count; i++) {
        const char *at = spans->base + spans->at[i].begin, *end = spans->base + spans->at[i].end;
        bool negative = at < end && *at == '-';
        at += negative;
        int64_t count = end - at;
        uint64_t digits = 0;
        for (; at < end; at++) {
            unsigned digit = (unsigned)(unsigned char)*at - '0';
            if (digit > 9)
                break;
            digits = digits * 10 + digit;
        }
        if (at < end || count < 1 || count > 18) {
            rest[left++] = (uint32_t)i;
            out[i] = 0;
            continue;
        }
        out[i] = negative ? -(int64_t)digits : (int64_t)digits;
    }
    return left;
}

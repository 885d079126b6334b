#include "core/time/clock.h"

#include "core/time/scan.h"

/* Days that a timestamp can hold, and a few more. */
static bool is_near(int64_t day) {
    return day > -110000 && day < 110000;
}

bool qn_clock_join(qn_clock *clock, int64_t day, int64_t of_day, int32_t preferred, int64_t *out) {
    if (clock->zone == NULL || !is_near(day))
        return qn_timestamp_of_days(day, of_day, out);
    int64_t local = day * 86400 + of_day / QN_NANOS_A_SECOND;
    int64_t utc = qn_zone_to_utc(clock->zone, local, preferred, &clock->span);
    int64_t utc_day = utc / 86400 - (utc % 86400 < 0);
    return qn_timestamp_of_days(
        utc_day, (utc - utc_day * 86400) * QN_NANOS_A_SECOND + of_day % QN_NANOS_A_SECOND, out);
}

bool qn_clock_day_start(qn_clock *clock, int64_t day, int64_t *out) {
    if (clock->zone == NULL || !is_near(day))
        return qn_timestamp_of_days(day, 0, out);
    int64_t utc = qn_zone_day_start(clock->zone, day, &clock->span);
    return !__builtin_mul_overflow(utc, QN_NANOS_A_SECOND, out);
}

int qn_clock_print(qn_clock *clock, int64_t time, char *out) {
    int64_t of_day;
    int length = qn_print_date(qn_clock_split(clock, time, &of_day), out);
    int32_t seconds = (int32_t)(of_day / QN_NANOS_A_SECOND);
    int32_t fraction = (int32_t)(of_day % QN_NANOS_A_SECOND);
    char *end = out + length;
    *end++ = ' ';
    end = put_two(end, seconds / 3600);
    *end++ = ':';
    end = put_two(end, seconds / 60 % 60);
    *end++ = ':';
    end = put_two(end, seconds % 60);
    if (fraction != 0) {
        *end++ = '.';
        end = put_digits(end, (uint32_t)fraction, 9);
        while (end[-1] == '0')
            end--;
    }
    *end = '\0';
    return (int)(end - out);
}

/* Civil dates in the open, so that loops over them vectorise. */
#ifndef QUERN_CORE_TIME_CIVIL_H
#define QUERN_CORE_TIME_CIVIL_H

#include "core/time/date.h"

static inline int64_t qn_floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static inline int64_t qn_floor_modulo(int64_t a, int64_t b) {
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* Howard Hinnant, "chrono-compatible low-level date algorithms": civil_from_days. Months count from
 * March, so that leap days come last. */
static inline void qn_split_days(int32_t days, int32_t *year, int32_t *month, int32_t *day) {
    /* 719468 days from 0000-03-01 to 1970-01-01 are 4 eras and a rest: no sum overflows */
    int32_t era = days / 146097;
    uint32_t rest = (uint32_t)(days - era * 146097 + 719468);
    uint32_t of_era = rest % 146097;
    era += (int32_t)(rest / 146097);
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t from_march = (5 * of_year + 2) / 153;
    *day = (int32_t)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int32_t)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int32_t)year_of_era + era * 400 + (*month <= 2);
}

/* And days_from_civil, for months 1 to 12. */
static inline int32_t qn_join_days(int32_t year, int32_t month, int32_t day) {
    uint32_t before = month <= 2;
    int32_t shifted = year - (int32_t)before;
    int32_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    uint32_t of_era = (uint32_t)(shifted - era * 400);
    uint32_t from_march = (uint32_t)month + 12 * before - 3;
    uint32_t of_year = (153 * from_march + 2) / 5 + (uint32_t)day - 1;
    uint32_t days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int32_t)((uint32_t)era * 146097u + days - 719468u);
}

/* Monday is 0. */
static inline int32_t qn_weekday_of(int32_t days) {
    /* 2147483653 is a multiple of 7: no sum overflows */
    return (int32_t)(((uint32_t)days + (days < 0 ? 2147483653u : 0u) + 3u) % 7u);
}

#endif

/* Columns of dates and timestamps for tests of time stages. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TIME_MOMENTS_H
#define QUERN_TESTS_FEATURES_STAGE_TIME_MOMENTS_H

#include "core/time/date.h"
#include "tests/features/stage/stage_data.h"

/* NULL for a null. */
static inline void frame_times(qn_table *frame, const char *name, const char *const *texts,
                               int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_TIMESTAMP, count, 0));
    for (int64_t i = 0; i < count; i++)
        CU_ASSERT(texts[i] == NULL || qn_parse_timestamp(qn_view_of(texts[i]), &column->i64[i]));
    frame_add(frame, name, column, NULL);
    for (int64_t i = 0; i < count; i++)
        if (texts[i] == NULL)
            frame_null(frame, i);
}

static inline void frame_dates(qn_table *frame, const char *name, const char *const *texts,
                               int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_DATE, count, 0));
    for (int64_t i = 0; i < count; i++)
        CU_ASSERT(texts[i] == NULL || qn_parse_date(qn_view_of(texts[i]), &column->i32[i]));
    frame_add(frame, name, column, NULL);
    for (int64_t i = 0; i < count; i++)
        if (texts[i] == NULL)
            frame_null(frame, i);
}

#endif

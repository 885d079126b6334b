/* Purchases of two customers, out of order, for the tests of windows over the past. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TIME_PAST_DATA_H
#define QUERN_TESTS_FEATURES_STAGE_TIME_PAST_DATA_H

#include "core/time/date.h"
#include "tests/features/stage/stage_data.h"

/* Hours of 2024 as a timestamp. */
static inline int64_t hour_of_2024(int64_t hours) {
    const int64_t days = 19723; /* 2024-01-01 */
    return days * QN_NANOS_A_DAY + hours * 3600 * QN_NANOS_A_SECOND;
}

static inline void frame_times(qn_table *frame, const char *name, const int64_t *hours,
                               int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_TIMESTAMP, count, 0));
    for (int64_t i = 0; i < count; i++)
        column->i64[i] = hour_of_2024(hours[i]);
    frame_add(frame, name, column, NULL);
}

static inline void frame_days(qn_table *frame, const char *name, const char *const *days,
                              int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_DATE, count, 0));
    for (int64_t i = 0; i < count; i++)
        CU_ASSERT(qn_parse_date(qn_view_of(days[i]), &column->i32[i]));
    frame_add(frame, name, column, NULL);
}

/* 2024-01-01 10:00, 01-02 00:00, 01-09 09:00, 01-03 10:00, 01-09 00:00, 01-08 10:00, 01-10 00:00,
 * 02-20 00:00. */
static inline void make_purchases(qn_table *frame) {
    static const char *const customers[] = {"a", "b", "a", "a", "b", "a", "b", "a"};
    static const char *const categories[] = {"x", "x", "x", "y", "y", "z", "x", "x"};
    qn_table_init(frame);
    frame_texts(frame, "c", customers, 8);
    frame_times(frame, "t", (int64_t[]){10, 24, 201, 58, 192, 178, 216, 1200}, 8);
    frame_texts(frame, "g", categories, 8);
    frame_reals(frame, "v", (double[]){10, 5, 30, 20, 0, 40, 7, 50}, 8);
    frame_null(frame, 4);
}

/* The stage over the frame: its output, or an error. */
static inline qn_status past_of(const char *text, const qn_table *frame, qn_table *out) {
    qn_stage *stage = stage_of(text);
    qn_status status = transform_frame(stage, frame, 3, out);
    qn_stage_free(stage);
    return status;
}

/* Binding alone finds the error. */
static inline void past_fails(const char *text, const qn_table *frame, const char *message) {
    qn_schema out;
    qn_stage *stage = stage_of(text);
    QN_TEST_FAILS(qn_stage_bind(stage, &frame->schema, &out), QN_JOB, message);
    qn_stage_free(stage);
}

#endif

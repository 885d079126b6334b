/* Columns of lists for tests of text stages: built from and printed as text. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TEXT_TOKEN_DATA_H
#define QUERN_TESTS_FEATURES_STAGE_TEXT_TOKEN_DATA_H

#include "core/column/list_builder.h"
#include "tests/features/stage/stage_data.h"

/* One list from "a|b||c": '|' between items, "" an empty item, "~" a null item; the whole text NULL
 * a null list, "[]" an empty list. */
static inline void tokens_add(qn_list_builder *builder, const char *text) {
    if (text == NULL) {
        QN_TEST_OK(qn_list_builder_end_null(builder));
        return;
    }
    for (const char *at = text; strcmp(text, "[]") != 0;) {
        const char *end = strchrnul(at, '|');
        qn_view item = {strncmp(at, "~", 1) == 0 ? NULL : at, end - at};
        QN_TEST_OK(qn_list_builder_add(builder, item));
        if (*end == '\0')
            break;
        at = end + 1;
    }
    QN_TEST_OK(qn_list_builder_end(builder));
}

static inline void frame_lists(qn_table *frame, const char *name, const char *const *values,
                               int64_t count) {
    qn_column *column = NULL;
    qn_list_builder builder;
    qn_list_builder_init(&builder);
    for (int64_t i = 0; i < count; i++)
        tokens_add(&builder, values[i]);
    QN_TEST_OK(qn_list_builder_finish(&builder, &column));
    frame_add(frame, name, column, NULL);
}

/* The same way back; "(null)" for a null list. */
static inline void tokens_print(const qn_column *column, int64_t row, char *out, size_t size) {
    if (qn_column_is_null(column, row)) {
        snprintf(out, size, "(null)");
        return;
    }
    qn_list list = qn_list_row(column, row);
    size_t used = (size_t)snprintf(out, size, "%s", list.count == 0 ? "[]" : "");
    for (int64_t k = 0; k < list.count && used < size; k++) {
        qn_view item = qn_list_item(list, k);
        if (item.data == NULL)
            item = qn_view_of("~");
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", k > 0 ? "|" : "",
                                 (int)item.length, item.data);
    }
}

/* Fits, transforms the frame in batches of 3 rows and checks the rows that this rank holds. */
static inline void check_tokens(const char *stage_text, const qn_table *frame, const char *name,
                                const char *const *expected, const char *file, int line) {
    qn_table out;
    qn_stage *stage = stage_of(stage_text);
    QN_TEST_OK(fit_transform(stage, frame, 3, &out));
    int32_t index = qn_schema_find(&out.schema, name);
    qn_test_check(index >= 0, file, line, name);
    for (int64_t b = 0; index >= 0 && b < out.batch_count; b++) {
        const qn_batch *batch = &out.batches[b];
        for (int64_t i = 0; i < batch->length; i++) {
            char found[400], text[1000];
            int64_t row = qn_batch_row(batch, i);
            tokens_print(batch->columns[index], i, found, sizeof found);
            const char *wanted = expected[row] != NULL ? expected[row] : "(null)";
            snprintf(text, sizeof text, "row %lld is '%s', expected '%s'", (long long)row, found,
                     wanted);
            qn_test_check(strcmp(found, wanted) == 0, file, line, text);
        }
    }
    qn_table_clear(&out);
    qn_stage_free(stage);
}

/* One text or list a row, and what is made of it (NULL: null). */
#define CHECK_TOKENS(stage, frame, name, ...)                                                      \
    do {                                                                                           \
        const char *const expected_[] = {__VA_ARGS__};                                             \
        check_tokens((stage), (frame), (name), expected_, __FILE__, __LINE__);                     \
    } while (0)

#endif

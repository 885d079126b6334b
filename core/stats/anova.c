#include "core/stats/anova.h"

#include "core/memory.h"

void qn_anova_init(qn_anova *anova, int32_t width) {
    *anova = (qn_anova){.width = width};
}

static void drop(qn_anova *anova) {
    for (int64_t i = 0; i < anova->capacity; i++)
        qn_moments_clear(&anova->classes[i]);
    qn_mem_free(anova->classes);
    anova->classes = NULL;
    anova->capacity = 0;
    qn_codes_clear(&anova->labels);
}

void qn_anova_clear(qn_anova *anova) {
    drop(anova);
    *anova = (qn_anova){0};
}

/* As many classes as labels. */
static qn_status open_classes(qn_anova *anova) {
    while (anova->capacity < anova->labels.count) {
        QN_TRY(qn_mem_resize(&anova->classes, (size_t)anova->capacity + 1, sizeof *anova->classes));
        QN_TRY(qn_moments_init(&anova->classes[anova->capacity], anova->width, QN_MOMENTS_PLAIN));
        anova->capacity++;
    }
    return QN_OK;
}

/* Rows in order of their classes: rows[starts[c] .. starts[c + 1]) are those of class c. */
typedef struct sorted {
    int32_t *codes;
    int64_t *starts, *rows;
} sorted;

static qn_status sort_rows(const qn_anova *anova, int64_t count, sorted *by) {
    int32_t classes = anova->labels.count;
    QN_TRY(qn_mem_calloc(&by->starts, (size_t)classes + 2, sizeof *by->starts));
    QN_TRY(qn_mem_alloc(&by->rows, (size_t)count, sizeof *by->rows));
    for (int64_t i = 0; i < count; i++)
        by->starts[by->codes[i] + 2]++;
    for (int32_t c = 0; c < classes; c++)
        by->starts[c + 2] += by->starts[c + 1];
    for (int64_t i = 0; i < count; i++)
        by->rows[by->starts[by->codes[i] + 1]++] = i;
    return QN_OK;
}

static qn_status add_classes(qn_anova *anova, const qn_column *column, const sorted *by) {
    for (int32_t c = 0; c < anova->labels.count; c++) {
        qn_column *part = NULL;
        int64_t first = by->starts[c], count = by->starts[c + 1] - first;
        if (count == 0)
            continue;
        QN_TRY(qn_column_take(&part, column, by->rows + first, count));
        qn_status status = qn_moments_add_rounded(&anova->classes[c], part);
        qn_column_release(part);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_anova_add(qn_anova *anova, const qn_column *column, const uint64_t *keys) {
    sorted by = {0};
    qn_status status;
    if (anova->overfull)
        return QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&by.codes, (size_t)column->length, sizeof *by.codes), done);
    for (int64_t i = 0; i < column->length; i++)
        QN_TRY_GOTO(qn_codes_add(&anova->labels, keys[i], &by.codes[i]), done);
    if (anova->labels.count > QN_CODES_MOST) {
        drop(anova);
        anova->overfull = true;
        goto done;
    }
    QN_TRY_GOTO(open_classes(anova), done);
    QN_TRY_GOTO(sort_rows(anova, column->length, &by), done);
    QN_TRY_GOTO(add_classes(anova, column, &by), done);
done:
    qn_mem_free(by.codes);
    qn_mem_free(by.starts);
    qn_mem_free(by.rows);
    return status;
}

qn_status qn_anova_arrange(qn_anova *anova, const uint64_t *keys, int32_t count) {
    qn_anova ordered;
    int32_t code;
    qn_status status = QN_OK;
    qn_anova_init(&ordered, anova->width);
    for (int32_t i = 0; i < count; i++)
        QN_TRY_GOTO(qn_codes_add(&ordered.labels, keys[i], &code), done);
    QN_TRY_GOTO(open_classes(&ordered), done);
    for (int32_t i = 0; i < count; i++) {
        int32_t from = qn_codes_find(&anova->labels, keys[i]);
        if (from >= 0 && from < anova->capacity) {
            qn_moments taken = anova->classes[from];
            anova->classes[from] = ordered.classes[i];
            ordered.classes[i] = taken;
        }
    }
    qn_anova_clear(anova);
    *anova = ordered;
    qn_anova_init(&ordered, 0);
done:
    qn_anova_clear(&ordered);
    return status;
}

static qn_pair sum_of(const qn_moments *moments, int64_t index) {
    return qn_sums_result_pair(&moments->sums, index);
}

qn_status qn_anova_test(const qn_anova *anova, int32_t slot, qn_test_result *out) {
    qn_test_group *groups = NULL;
    int32_t count = anova->labels.count;
    QN_TRY(qn_mem_alloc(&groups, (size_t)count, sizeof *groups));
    for (int32_t c = 0; c < count; c++) {
        const qn_moments *moments = &anova->classes[c];
        groups[c].rows = qn_moments_count(moments, slot);
        groups[c].sum = sum_of(moments, slot);
        groups[c].squares = sum_of(moments, (int64_t)moments->width + slot);
        groups[c].constant = qn_moments_min(moments, slot) == qn_moments_max(moments, slot);
    }
    qn_test_anova(out, groups, count);
    qn_mem_free(groups);
    return QN_OK;
}

/* Right rows by key, and the keys of left rows among them. */
#include "features/join/join_private.h"

#include "core/memory.h"

#include <string.h>

/* ---- Keys that match nothing ----------------------------------------------------------------- */

/* nulls[i] = 1 where a key column that null does not match is null. */
static void mark_nulls(const qn_join_plan *plan, qn_column *const *keys, int64_t rows,
                       uint8_t *nulls) {
    memset(nulls, 0, (size_t)rows);
    for (int32_t k = 0; k < plan->key_count; k++) {
        if (keys[k]->null_count == 0 || plan->null_safe[k])
            continue;
        for (int64_t i = 0; i < rows; i++)
            nulls[i] |= !qn_bit(keys[k]->validity, i);
    }
}

static bool any_null(const qn_join_plan *plan, qn_column *const *keys) {
    for (int32_t k = 0; k < plan->key_count; k++)
        if (keys[k]->null_count > 0 && !plan->null_safe[k])
            return true;
    return false;
}

static qn_status find_groups(qn_matcher *self, qn_column *const *keys, int64_t rows, bool insert,
                             uint32_t *groups) {
    const qn_key_rows *encoded = NULL;
    if (self->plan->key_count == 0) {
        memset(groups, 0, (size_t)rows * sizeof *groups);
        return QN_OK;
    }
    QN_TRY(qn_key_words(self->key, keys, rows, insert, &encoded));
    if (self->groups == NULL) {
        if (insert)
            qn_words_insert(&self->words, encoded->words[0], rows, groups);
        else
            qn_words_find(&self->words, encoded->words[0], rows, groups);
        return QN_OK;
    }
    return qn_groups_find(self->groups, encoded, insert, groups);
}

qn_status qn_matcher_probe(qn_matcher *self, qn_column *const *keys, int64_t rows, uint32_t *groups,
                           uint8_t *nulls) {
    uint8_t *marks = nulls;
    if (nulls != NULL)
        memset(nulls, 0, (size_t)rows);
    if (self->rows == 0)
        memset(groups, 0xff, (size_t)rows * sizeof *groups);
    else
        QN_TRY(find_groups(self, keys, rows, false, groups));
    if (!any_null(self->plan, keys))
        return QN_OK;
    if (marks == NULL)
        QN_TRY(qn_mem_alloc(&marks, (size_t)rows, 1));
    mark_nulls(self->plan, keys, rows, marks);
    for (int64_t i = 0; i < rows; i++)
        groups[i] |= marks[i] ? QN_NO_MATCH : 0;
    if (nulls == NULL)
        qn_mem_free(marks);
    return QN_OK;
}

/* ---- Building -------------------------------------------------------------------------------- */

typedef struct builder {
    uint32_t *groups; /* of each right row */
    uint8_t *nulls;
    qn_column **keys;
} builder;

static void builder_clear(builder *self) {
    qn_mem_free(self->groups);
    qn_mem_free(self->nulls);
    qn_mem_free(self->keys);
}

/* The groups of right rows [first, first + rows) of the matcher. */
static qn_status group_rows(qn_matcher *self, builder *work, int64_t first, int64_t rows) {
    const qn_join_plan *plan = self->plan;
    uint32_t *groups = work->groups + first;
    QN_TRY(qn_join_take_keys(&self->side->table, plan->right_keys, plan->key_count,
                             self->side->refs + self->first + first, rows, work->keys));
    qn_status status = find_groups(self, work->keys, rows, true, groups);
    if (status == QN_OK && any_null(plan, work->keys)) {
        mark_nulls(plan, work->keys, rows, work->nulls);
        for (int64_t i = 0; i < rows; i++)
            groups[i] |= work->nulls[i] ? QN_NO_MATCH : 0;
    }
    qn_join_release(work->keys, plan->key_count);
    return status;
}

/* Counting sort of the rows by group. */
static qn_status sort_rows(qn_matcher *self, const uint32_t *groups) {
    int64_t count = self->groups_count;
    QN_TRY(qn_mem_calloc(&self->starts, (size_t)count + 3, sizeof *self->starts));
    uint32_t *next = self->starts + 1;
    for (int64_t i = 0; i < self->rows; i++)
        if (groups[i] != QN_NO_MATCH)
            next[groups[i] + 1]++;
    for (int64_t g = 0; g < count; g++)
        next[g + 1] += next[g];
    for (int64_t i = 0; i < self->rows; i++)
        if (groups[i] != QN_NO_MATCH)
            self->positions[next[groups[i]]++] = (uint32_t)i;
    return QN_OK;
}

/* One row a group: no lists are needed. False if some group has several. */
static bool place_rows(qn_matcher *self, const uint32_t *groups) {
    memset(self->positions, 0xff, (size_t)self->rows * sizeof *self->positions);
    for (int64_t i = 0; i < self->rows; i++) {
        if (groups[i] == QN_NO_MATCH)
            continue;
        if (self->positions[groups[i]] != UINT32_MAX)
            return false;
        self->positions[groups[i]] = (uint32_t)i;
    }
    return true;
}

/* Two more lists behind those of the groups: all rows, and the rows without a key. */
static qn_status add_unknown_lists(qn_matcher *self, const uint32_t *groups) {
    int64_t count = self->groups_count, n = self->starts[count];
    QN_TRY(qn_mem_resize(&self->positions, (size_t)self->rows * 3 + 1, sizeof *self->positions));
    self->any_group = (uint32_t)count;
    for (int64_t i = 0; i < self->rows; i++)
        self->positions[n++] = (uint32_t)i;
    self->starts[count + 1] = (uint32_t)n;
    self->null_group = (uint32_t)count + 1;
    for (int64_t i = 0; i < self->rows; i++)
        if (groups[i] == QN_NO_MATCH)
            self->positions[n++] = (uint32_t)i;
    self->starts[count + 2] = (uint32_t)n;
    return QN_OK;
}

static qn_status list_rows(qn_matcher *self, const uint32_t *groups) {
    bool needs_lists = qn_join_judges(self->plan);
    QN_TRY(qn_mem_alloc(&self->positions, (size_t)self->rows + 1, sizeof *self->positions));
    if (self->plan->key_count == 0)
        self->groups_count = self->rows > 0;
    else
        self->groups_count =
            self->groups == NULL ? self->words.count : qn_groups_count(self->groups);
    self->unique = !needs_lists && self->groups_count <= self->rows && place_rows(self, groups);
    if (self->unique)
        return QN_OK;
    QN_TRY(sort_rows(self, groups));
    return needs_lists ? add_unknown_lists(self, groups) : QN_OK;
}

/* One key word in which null matches nothing, and rows of a few partitions: their words are spread
 * wide, so that ranges say nothing. */
static bool takes_words(const qn_matcher *self) {
    return self->plan->key_count == 1 && !self->plan->null_safe[0] && self->side->slots > 1 &&
           self->rows <= QN_WORDS_MAX;
}

static qn_status build(qn_matcher *self, builder *work) {
    const qn_join_plan *plan = self->plan;
    QN_TRY(qn_mem_alloc(&work->groups, (size_t)self->rows, sizeof *work->groups));
    QN_TRY(qn_mem_alloc(&work->nulls, QN_BATCH_ROWS, 1));
    QN_TRY(qn_mem_calloc(&work->keys, (size_t)plan->key_count, sizeof *work->keys));
    if (plan->key_count > 0) {
        QN_TRY(qn_key_new(&self->key, plan->key_types, plan->key_count));
        QN_TRY(takes_words(self) ? qn_words_init(&self->words, self->rows)
                                 : qn_groups_new(&self->groups, self->key));
    }
    for (int64_t first = 0; first < self->rows; first += QN_BATCH_ROWS) {
        int64_t left = self->rows - first;
        QN_TRY(group_rows(self, work, first, left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS));
    }
    return list_rows(self, work->groups);
}

qn_status qn_matcher_init(qn_matcher *out, const qn_join_plan *plan, const qn_join_side *side,
                          int64_t first, int64_t rows) {
    builder work = {0};
    *out = (qn_matcher){.plan = plan, .side = side, .first = first, .rows = rows};
    qn_status status = build(out, &work);
    builder_clear(&work);
    if (status != QN_OK)
        qn_matcher_clear(out);
    return status;
}

void qn_matcher_clear(qn_matcher *matcher) {
    qn_groups_free(matcher->groups);
    qn_words_clear(&matcher->words);
    qn_key_free(matcher->key);
    qn_mem_free(matcher->positions);
    qn_mem_free(matcher->starts);
    *matcher = (qn_matcher){0};
}

/* A whole join in memory: slot by slot, left rows look up their matches; rows of the output are
 * gathered when they are asked for. */
#include "features/join/join_private.h"

#include "core/memory.h"

#include <string.h>

/* Right rows that are grouped together: their table stays in the second-level cache. */
enum { RUN_ROWS = 16384 };

/* How a unit says what its left rows found. */
typedef enum form {
    FORM_ONE,   /* found: a right row (qn_ref), or a finding; each left row at most once */
    FORM_LISTS, /* found: a list */
    FORM_PAIRS, /* pairs that a residual let pass */
    FORM_TAIL   /* right rows without a match */
} form;

/* Neighbouring rows of the output: of left rows [first, end), or for a tail, of right rows. */
struct qn_join_unit {
    form form;
    int64_t first, end;
    int64_t row;         /* its first row of the output */
    qn_join_pairs pairs; /* right: positions of the right side; QN_NO_MATCH: none */
};

void qn_join_local_clear(qn_join_local *self) {
    for (int64_t i = 0; i < self->unit_count; i++)
        qn_join_pairs_clear(&self->units[i].pairs);
    qn_mem_free(self->units);
    qn_mem_free(self->found);
    qn_mem_free(self->starts);
    qn_mem_free(self->lists);
    qn_mem_free(self->matched);
    qn_mem_free(self->left_refs);
    qn_mem_free(self->right_refs);
    qn_join_side_clear(&self->left);
    qn_join_side_clear(&self->right);
    *self = (qn_join_local){0};
}

static qn_status add_unit(qn_join_local *self, form form_, int64_t first, int64_t end) {
    QN_TRY(qn_mem_reserve(&self->units, &self->unit_capacity, self->unit_count + 1,
                          sizeof *self->units));
    self->units[self->unit_count++] = (qn_join_unit){.form = form_, .first = first, .end = end};
    return QN_OK;
}

/* ---- Matching a run of slots ------------------------------------------------------------------
 */

/* Left rows on their way through a matcher. */
typedef struct probing {
    qn_join_local *self;
    qn_matcher *matcher;
    uint32_t list_base; /* of the matcher's lists in self->starts */
    uint8_t *nulls;
    qn_column **keys;
    bool *met; /* by group: RIGHT and FULL without a residual */
} probing;

static void mark_position(qn_join_local *self, int64_t position) {
    qn_bit_set(self->matched, position);
}

/* Lists of the matcher join those of the earlier ones, with positions of the whole right side. */
static qn_status keep_lists(probing *work) {
    qn_join_local *self = work->self;
    const qn_matcher *matcher = work->matcher;
    int64_t count = matcher->groups_count, total = matcher->starts[count];
    QN_TRY(qn_mem_reserve(&self->starts, &self->starts_capacity, self->starts_count + count + 1,
                          sizeof *self->starts));
    QN_TRY(qn_mem_reserve(&self->lists, &self->lists_capacity, self->lists_count + total,
                          sizeof *self->lists));
    work->list_base = (uint32_t)self->starts_count;
    for (int64_t g = 0; g <= count; g++)
        self->starts[self->starts_count++] = (uint32_t)(self->lists_count + matcher->starts[g]);
    for (int64_t i = 0; i < total; i++)
        self->lists[self->lists_count++] = (uint32_t)(matcher->first + matcher->positions[i]);
    return QN_OK;
}

static void found_refs(probing *work, uint32_t *found, int64_t rows) {
    const qn_matcher *matcher = work->matcher;
    const qn_ref *refs = matcher->side->refs + matcher->first;
    if (work->met != NULL)
        for (int64_t i = 0; i < rows; i++)
            if (found[i] != QN_NO_MATCH)
                work->met[found[i]] = true;
    for (int64_t i = 0; i < rows; i++)
        if (found[i] != QN_NO_MATCH)
            found[i] = refs[matcher->positions[found[i]]];
}

static void found_lists(probing *work, uint32_t *found, int64_t rows) {
    if (work->met != NULL)
        for (int64_t i = 0; i < rows; i++)
            if (found[i] != QN_NO_MATCH)
                work->met[found[i]] = true;
    for (int64_t i = 0; i < rows; i++)
        if (found[i] != QN_NO_MATCH)
            found[i] += work->list_base;
}

/* Pairs of the chunk's rows; left rows without any come between, where the kind gives them. */
static qn_status keep_pairs(probing *work, int64_t first, const qn_join_chunk *chunk) {
    qn_join_local *self = work->self;
    qn_join_pairs passed = {0};
    QN_TRY(add_unit(self, FORM_PAIRS, first, first + chunk->rows));
    qn_join_pairs *kept = &self->units[self->unit_count - 1].pairs;
    bool all = qn_join_keeps_left(self->plan);
    qn_status status = qn_join_residual(&passed, work->matcher, chunk);
    int64_t most = passed.count + (all ? chunk->rows : 0), next = 0;
    if (status == QN_OK)
        status = qn_mem_reserve(&kept->left, &kept->left_capacity, most, sizeof *kept->left);
    if (status == QN_OK)
        status = qn_mem_reserve(&kept->right, &kept->right_capacity, most, sizeof *kept->right);
    for (int64_t i = 0; i < chunk->rows && status == QN_OK; i++) {
        if (all && (next == passed.count || passed.left[next] != i)) {
            kept->left[kept->count] = (uint32_t)i;
            kept->right[kept->count++] = QN_NO_MATCH;
        }
        for (; next < passed.count && passed.left[next] == i; next++) {
            int64_t position = work->matcher->first + passed.right[next];
            kept->left[kept->count] = (uint32_t)i;
            kept->right[kept->count++] = (uint32_t)position;
            if (self->matched != NULL)
                mark_position(self, position);
        }
    }
    qn_join_pairs_clear(&passed);
    return status;
}

/* Left rows [first, first + rows), at most a batch of them. */
static qn_status match_chunk(probing *work, int64_t first, int64_t rows) {
    qn_join_local *self = work->self;
    const qn_join_plan *plan = self->plan;
    uint32_t *found = self->found + first;
    qn_join_chunk chunk = {&self->left.table, self->left.refs + first, rows, found};
    QN_TRY(qn_join_take_keys(chunk.table, plan->left_keys, plan->key_count, chunk.refs, rows,
                             work->keys));
    qn_status status = qn_matcher_probe(work->matcher, work->keys, rows, found, work->nulls);
    qn_join_release(work->keys, plan->key_count);
    QN_TRY(status);
    if (qn_join_selects(plan)) {
        QN_TRY(qn_mem_copy(&chunk.groups, found, (size_t)rows, sizeof *found));
        status = qn_join_select(found, work->matcher, &chunk, work->nulls, &self->facts);
        qn_mem_free(chunk.groups);
        return status;
    }
    if (plan->residual != NULL)
        return keep_pairs(work, first, &chunk);
    if (work->matcher->unique)
        found_refs(work, found, rows);
    else
        found_lists(work, found, rows);
    return QN_OK;
}

static void mark_met(const probing *work) {
    const qn_matcher *matcher = work->matcher;
    for (int64_t g = 0; g < matcher->groups_count; g++) {
        int64_t count = 0;
        if (!work->met[g])
            continue;
        const uint32_t *list = qn_matcher_list(matcher, (uint32_t)g, &count);
        for (int64_t i = 0; i < count; i++)
            mark_position(work->self, matcher->first + list[i]);
    }
}

static qn_status match_rows(probing *work, int64_t first, int64_t end) {
    qn_join_local *self = work->self;
    const qn_join_plan *plan = self->plan;
    bool pairs = plan->residual != NULL && !qn_join_selects(plan);
    bool one = qn_join_selects(plan) || work->matcher->unique;
    if (!pairs && !one)
        QN_TRY(keep_lists(work));
    for (int64_t at = first; at < end; at += QN_BATCH_ROWS)
        QN_TRY(match_chunk(work, at, end - at < QN_BATCH_ROWS ? end - at : QN_BATCH_ROWS));
    if (!pairs && first < end)
        QN_TRY(add_unit(self, one ? FORM_ONE : FORM_LISTS, first, end));
    if (work->met != NULL)
        mark_met(work);
    return QN_OK;
}

/* Slots [from, to). */
static qn_status run_slots(qn_join_local *self, int32_t from, int32_t to) {
    const qn_join_plan *plan = self->plan;
    int64_t right = self->right.starts[from], right_end = self->right.starts[to];
    int64_t left = self->left.starts[from], left_end = self->left.starts[to];
    qn_matcher matcher = {0};
    probing work = {.self = self, .matcher = &matcher};
    qn_status status = QN_OK;
    if (left == left_end && !qn_join_keeps_right(plan))
        return QN_OK;
    if (left < left_end) {
        QN_TRY_GOTO(qn_matcher_init(&matcher, plan, &self->right, right, right_end - right), done);
        QN_TRY_GOTO(qn_mem_alloc(&work.nulls, QN_BATCH_ROWS, 1), done);
        QN_TRY_GOTO(qn_mem_calloc(&work.keys, (size_t)plan->key_count, sizeof *work.keys), done);
        if (self->matched != NULL && plan->residual == NULL)
            QN_TRY_GOTO(qn_mem_calloc(&work.met, (size_t)matcher.groups_count, sizeof *work.met),
                        done);
        QN_TRY_GOTO(match_rows(&work, left, left_end), done);
    }
    if (qn_join_keeps_right(plan) && right < right_end)
        status = add_unit(self, FORM_TAIL, right, right_end);
done:
    qn_mem_free(work.nulls);
    qn_mem_free(work.keys);
    qn_mem_free(work.met);
    qn_matcher_clear(&matcher);
    return status;
}

qn_status qn_join_local_run(qn_join_local *self) {
    int32_t slots = self->right.slots;
    QN_TRY(qn_mem_alloc(&self->found, (size_t)self->left.rows, sizeof *self->found));
    QN_TRY(qn_mem_alloc(&self->left_refs, QN_BATCH_ROWS, sizeof *self->left_refs));
    QN_TRY(qn_mem_alloc(&self->right_refs, QN_BATCH_ROWS, sizeof *self->right_refs));
    if (qn_join_keeps_right(self->plan))
        QN_TRY(qn_mem_calloc(&self->matched, (size_t)qn_bit_words(self->right.rows),
                             sizeof *self->matched));
    for (int32_t from = 0, to; from < slots; from = to) {
        to = from + 1;
        while (!qn_join_keeps_right(self->plan) && to < slots &&
               self->right.starts[to + 1] - self->right.starts[from] <= RUN_ROWS)
            to++;
        QN_TRY(run_slots(self, from, to));
    }
    return QN_OK;
}

/* ---- Counting ---------------------------------------------------------------------------------
 */

static int64_t list_length(const qn_join_local *self, uint32_t list) {
    return self->starts[list + 1] - self->starts[list];
}

/* Rows of the output that left position `at` gives. */
static int64_t matches_of(const qn_join_local *self, const qn_join_unit *unit, int64_t at) {
    uint32_t found = self->found[at];
    if (unit->form == FORM_LISTS && found != QN_NO_MATCH)
        return list_length(self, found);
    return qn_join_gives(self->plan, found);
}

/* Does the right row at this position come out in a tail here? */
static bool in_tail(const qn_join_local *self, int64_t position) {
    return position >= self->owned_from && position < self->owned_to &&
           !qn_bit(self->matched, position);
}

static int64_t unit_rows(const qn_join_local *self, const qn_join_unit *unit) {
    int64_t rows = 0;
    if (unit->form == FORM_PAIRS)
        return unit->pairs.count;
    for (int64_t i = unit->first; i < unit->end; i++)
        rows += unit->form == FORM_TAIL ? in_tail(self, i) : matches_of(self, unit, i);
    return rows;
}

static void enter_unit(qn_join_local *self, int64_t unit) {
    self->cursor.unit = unit;
    self->cursor.offset = self->cursor.row = 0;
    if (unit < self->unit_count) {
        bool pairs = self->units[unit].form == FORM_PAIRS;
        self->cursor.left = pairs ? 0 : self->units[unit].first;
        self->cursor.row = self->units[unit].row;
    }
}

void qn_join_local_finish(qn_join_local *self) {
    self->rows = 0;
    for (int64_t u = 0; u < self->unit_count; u++) {
        self->units[u].row = self->rows;
        self->rows += unit_rows(self, &self->units[u]);
    }
    enter_unit(self, 0);
}

/* ---- Production -------------------------------------------------------------------------------
 */

/* Steps over `count` rows of a unit, writing them down where refs are given. Returns how many there
 * were. */
static int64_t walk_pairs(qn_join_local *self, const qn_join_unit *unit, int64_t count,
                          qn_ref *left, qn_ref *right) {
    int64_t at = self->cursor.left, n = unit->pairs.count - at;
    n = n < count ? n : count;
    for (int64_t i = 0; i < n && left != NULL; i++) {
        uint32_t position = unit->pairs.right[at + i];
        left[i] = self->left.refs[unit->first + unit->pairs.left[at + i]];
        right[i] = position == QN_NO_MATCH ? QN_REF_NULL : self->right.refs[position];
    }
    self->cursor.left += n;
    return n;
}

static int64_t walk_tail(qn_join_local *self, const qn_join_unit *unit, int64_t count, qn_ref *left,
                         qn_ref *right) {
    int64_t n = 0, at = self->cursor.left;
    for (; at < unit->end && n < count; at++) {
        if (!in_tail(self, at))
            continue;
        if (left != NULL) {
            left[n] = QN_REF_NULL;
            right[n] = self->right.refs[at];
        }
        n++;
    }
    self->cursor.left = at;
    return n;
}

static int64_t walk_one(qn_join_local *self, const qn_join_unit *unit, int64_t count, qn_ref *left,
                        qn_ref *right) {
    const qn_join_plan *plan = self->plan;
    int64_t n = 0, at = self->cursor.left;
    for (; at < unit->end && n < count; at++) {
        uint32_t found = self->found[at];
        if (!qn_join_gives(plan, found))
            continue;
        if (left != NULL) {
            left[n] = self->left.refs[at];
            right[n] = found;
        }
        n++;
    }
    self->cursor.left = at;
    return n;
}

static int64_t walk_lists(qn_join_local *self, const qn_join_unit *unit, int64_t count,
                          qn_ref *left, qn_ref *right) {
    int64_t n = 0;
    while (self->cursor.left < unit->end && n < count) {
        int64_t at = self->cursor.left, matches = matches_of(self, unit, at);
        uint32_t found = self->found[at];
        int64_t take = matches - self->cursor.offset;
        take = take < count - n ? take : count - n;
        for (int64_t i = 0; i < take && left != NULL; i++) {
            left[n + i] = self->left.refs[at];
            right[n + i] =
                found == QN_NO_MATCH
                    ? QN_REF_NULL
                    : self->right.refs[self->lists[self->starts[found] + self->cursor.offset + i]];
        }
        n += take;
        self->cursor.offset += take;
        if (self->cursor.offset == matches) {
            self->cursor.offset = 0;
            self->cursor.left++;
        }
    }
    return n;
}

static int64_t walk_unit(qn_join_local *self, int64_t count, qn_ref *left, qn_ref *right) {
    const qn_join_unit *unit = &self->units[self->cursor.unit];
    switch (unit->form) {
    case FORM_ONE:
        return walk_one(self, unit, count, left, right);
    case FORM_LISTS:
        return walk_lists(self, unit, count, left, right);
    case FORM_PAIRS:
        return walk_pairs(self, unit, count, left, right);
    default:
        return walk_tail(self, unit, count, left, right);
    }
}

/* Steps over `count` rows of the output from where the cursor stands. */
static void walk(qn_join_local *self, int64_t count, qn_ref *left, qn_ref *right) {
    int64_t done = 0;
    while (done < count) {
        int64_t n = walk_unit(self, count - done, left == NULL ? NULL : left + done,
                              left == NULL ? NULL : right + done);
        done += n;
        int64_t row = self->cursor.row + n;
        if (done < count)
            enter_unit(self, self->cursor.unit + 1);
        self->cursor.row = row;
    }
}

static void seek(qn_join_local *self, int64_t row) {
    if (row < self->cursor.row || (self->cursor.unit + 1 < self->unit_count &&
                                   row >= self->units[self->cursor.unit + 1].row)) {
        int64_t low = 0, high = self->unit_count; /* the last unit that begins at or before row */
        while (high - low > 1) {
            int64_t middle = (low + high) / 2;
            if (self->units[middle].row <= row)
                low = middle;
            else
                high = middle;
        }
        enter_unit(self, low);
    }
    if (row > self->cursor.row)
        walk(self, row - self->cursor.row, NULL, NULL);
}

static qn_status take_mark(qn_join_local *self, int64_t count, qn_batch *out) {
    qn_column *mark = NULL;
    QN_TRY(qn_join_mark_column(&mark, self->right_refs, count));
    return qn_batch_append(out, mark);
}

qn_status qn_join_local_produce(qn_join_local *self, int64_t first, int64_t count, qn_batch *out) {
    seek(self, first);
    walk(self, count, self->left_refs, self->right_refs);
    QN_TRY(qn_table_take_all(out, &self->left.table, self->left_refs, count));
    if (self->plan->kind == QN_JOIN_MARK)
        return take_mark(self, count, out);
    if (qn_join_selects(self->plan))
        return QN_OK;
    return qn_table_take_all(out, &self->right.table, self->right_refs, count);
}

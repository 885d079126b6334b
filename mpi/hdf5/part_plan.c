#include "mpi/hdf5/part_plan.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const coding_names[] = {
#define X(name, text) [PART_##name] = text,
    PART_CODING_LIST(X)
#undef X
};

const char *part_coding_name(part_coding coding) {
    return coding_names[coding];
}

bool part_coding_parse(const char *name, part_coding *out) {
    for (int i = 0; i < PART_CODING_COUNT; i++)
        if (strcmp(name, coding_names[i]) == 0) {
            *out = (part_coding)i;
            return true;
        }
    return false;
}

qn_status part_key(char **out, const char *name) {
    static const char division[] = "\xE2\x88\x95"; /* U+2215, looks like '/' */
    if (*name == '\0')
        return qn_mem_copy_text(out, "(empty)");
    if (strcmp(name, ".") == 0)
        return qn_mem_copy_text(out, "(dot)");
    qn_text key;
    qn_text_init(&key);
    for (const char *c = name; *c != '\0'; c++) {
        qn_status status = *c == '/' ? qn_text_add(&key, division, 3) : qn_text_add_char(&key, *c);
        if (status != QN_OK) {
            qn_text_clear(&key);
            return status;
        }
    }
    *out = key.data;
    return QN_OK;
}

void part_plan_clear(part_plan *plan) {
    for (int32_t i = 0; i < plan->count; i++) {
        qn_mem_free(plan->columns[i].key);
        part_dictionary_clear(&plan->columns[i].strings.dictionary);
    }
    qn_mem_free(plan->columns);
    free(plan->schema);
    plan->columns = NULL;
    plan->schema = NULL;
    plan->count = 0;
}

/* ---- Clashing names ------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static qn_status check_sorted(char *const *keys, int32_t count) {
    static const char suffix[] = ".__mask__", heap[] = ".__heap__";
    for (int32_t i = 0; i < count; i++) {
        size_t length = strlen(keys[i]);
        bool reserved = strcmp(keys[i], "_index") == 0;
        if (length >= sizeof suffix - 1) {
            const char *end = keys[i] + length - (sizeof suffix - 1);
            reserved = reserved || strcmp(end, suffix) == 0 || strcmp(end, heap) == 0;
        }
        if (reserved)
            return qn_fail(QN_DATA, "a column in a table file cannot be named '%s'", keys[i]);
        if (i > 0 && strcmp(keys[i], keys[i - 1]) == 0)
            return qn_fail(QN_DATA, "two columns would both be named '%s' in a table file",
                           keys[i]);
    }
    return QN_OK;
}

static qn_status check_keys(const part_plan *plan) {
    char **keys = NULL;
    QN_TRY(qn_mem_alloc(&keys, (size_t)plan->count, sizeof *keys));
    for (int32_t i = 0; i < plan->count; i++)
        keys[i] = plan->columns[i].key;
    qsort(keys, (size_t)plan->count, sizeof *keys, compare_texts);
    qn_status status = check_sorted(keys, plan->count);
    if (status != QN_OK)
        qn_error_help("rename it, for example with SELECT ... AS");
    qn_mem_free(keys);
    return status;
}

static qn_status examine_all(part_plan *plan) {
    int32_t count = plan->table->schema.count;
    QN_TRY(qn_mem_calloc(&plan->columns, (size_t)count, sizeof *plan->columns));
    plan->count = count;
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(part_key(&plan->columns[i].key, plan->table->schema.fields[i].name));
        QN_TRY(part_examine(&plan->columns[i], plan->table, i));
    }
    return check_keys(plan);
}

/* ---- Merging what the ranks found ----------------------------------------------------------- */

enum { SUMS = 6, MAXIMA = 8 };

/* What is added up over ranks (and before this rank), a column. */
static void pack_sums(const part_column *column, int64_t *sums) {
    sums[0] = column->info.null_count;
    sums[1] = column->entries;
    sums[2] = column->strings.count;
    sums[3] = column->strings.null_count;
    sums[4] = column->strings.object_bytes;
    sums[5] = column->info.content.rows;
}

static void unpack_sums(part_column *column, const int64_t *all, const int64_t *before) {
    column->info.null_count = all[0];
    column->entries = all[1];
    column->entry_first = before[1];
    column->strings.count = all[2];
    column->strings.first = before[2];
    column->strings.null_count = all[3];
    column->strings.object_bytes = all[4];
    column->strings.object_first = before[4];
}

static qn_status merge_sums(part_plan *plan) {
    int64_t count = (int64_t)plan->count * SUMS + 1;
    int64_t *all = NULL, *before = NULL;
    QN_TRY(qn_comm_agree(plan->comm, qn_mem_calloc(&all, (size_t)count * 2, sizeof *all)));
    before = all + count;
    for (int32_t i = 0; i < plan->count; i++)
        pack_sums(&plan->columns[i], all + (int64_t)i * SUMS);
    all[count - 1] = plan->table->row_count;
    qn_status status = qn_comm_exscan_i64(plan->comm, all, before, count);
    if (status == QN_OK)
        status = qn_comm_sum_i64(plan->comm, all, count);
    if (status == QN_OK) {
        plan->rows = all[count - 1];
        plan->first = before[count - 1];
        for (int32_t i = 0; i < plan->count; i++)
            unpack_sums(&plan->columns[i], all + (int64_t)i * SUMS, before + (int64_t)i * SUMS);
    }
    qn_mem_free(all);
    return status;
}

/* Minima travel as maxima of the complement. */
static void pack_maxima(const part_column *column, int64_t *maxima) {
    const qn_part_column *info = &column->info;
    maxima[0] = column->strings.longest;
    maxima[1] = column->strings.has_nul;
    maxima[2] = column->strings.dictionary.overflow;
    maxima[3] = column->coding;
    maxima[4] = info->has_range;
    maxima[5] = info->has_range ? info->high : INT64_MIN;
    maxima[6] = info->has_range ? ~info->low : INT64_MIN;
}

static void unpack_maxima(part_column *column, const int64_t *maxima) {
    column->strings.longest = maxima[0];
    column->strings.has_nul = maxima[1] != 0;
    if (maxima[0] > QN_PART_TEXT || maxima[1] != 0)
        column->info.has_texts = false;
    if (maxima[2] != 0)
        part_dictionary_clear(&column->strings.dictionary);
    column->strings.dictionary.overflow = maxima[2] != 0;
    column->coding = (part_coding)maxima[3];
    column->info.has_range = maxima[4] != 0;
    if (column->info.has_range) {
        column->info.high = maxima[5];
        column->info.low = ~maxima[6];
    }
}

static qn_status merge_maxima(part_plan *plan) {
    int64_t count = (int64_t)plan->count * MAXIMA;
    int64_t *maxima = NULL;
    QN_TRY(qn_comm_agree(plan->comm, qn_mem_calloc(&maxima, (size_t)count, sizeof *maxima)));
    for (int32_t i = 0; i < plan->count; i++)
        pack_maxima(&plan->columns[i], maxima + (int64_t)i * MAXIMA);
    qn_status status = qn_comm_max_i64(plan->comm, maxima, count);
    for (int32_t i = 0; status == QN_OK && i < plan->count; i++)
        unpack_maxima(&plan->columns[i], maxima + (int64_t)i * MAXIMA);
    qn_mem_free(maxima);
    return status;
}

/* Texts of all ranks; that one has texts without a range shows in the maxima. */
static void fold_texts(qn_part_column *info, const qn_part_column *other, bool *found) {
    if (!other->has_texts)
        return;
    if (!*found || strcmp(other->t_low, info->t_low) < 0)
        memcpy(info->t_low, other->t_low, sizeof info->t_low);
    if (!*found || strcmp(other->t_high, info->t_high) > 0)
        memcpy(info->t_high, other->t_high, sizeof info->t_high);
    *found = true;
}

/* Content hashes, texts and real ranges merge in rank order: every rank folds all of them. */
static void fold_infos(part_plan *plan, const qn_part_column *all, int size) {
    for (int32_t i = 0; i < plan->count; i++) {
        qn_part_column *info = &plan->columns[i].info;
        bool found = false, texts = false;
        info->nan_count = 0;
        qn_content_init(&info->content);
        for (int rank = 0; rank < size; rank++) {
            const qn_part_column *other = &all[(int64_t)rank * plan->count + i];
            qn_content_merge(&info->content, &other->content);
            info->nan_count += other->nan_count;
            fold_texts(info, other, &texts);
            if (!other->has_range)
                continue;
            info->f_low = !found || other->f_low < info->f_low ? other->f_low : info->f_low;
            info->f_high = !found || other->f_high > info->f_high ? other->f_high : info->f_high;
            found = true;
        }
        info->has_texts = texts;
    }
}

static qn_status merge_infos(part_plan *plan) {
    int size = qn_comm_size(plan->comm);
    qn_part_column *own = NULL, *all = NULL;
    qn_status status = qn_mem_calloc(&own, (size_t)plan->count, sizeof *own);
    if (status == QN_OK)
        status = qn_mem_calloc(&all, (size_t)plan->count * (size_t)size, sizeof *all);
    QN_TRY_GOTO(qn_comm_agree(plan->comm, status), done);
    for (int32_t i = 0; i < plan->count; i++)
        own[i] = plan->columns[i].info;
    QN_TRY_GOTO(qn_comm_allgather(plan->comm, own, plan->count * (int64_t)sizeof *own, all), done);
    fold_infos(plan, all, size);
done:
    qn_mem_free(own);
    qn_mem_free(all);
    return status;
}

/* ---- Dictionaries --------------------------------------------------------------------------- */

/* The union of all ranks' entries, sorted. Collective. */
static qn_status merge_dictionary(qn_comm *comm, part_dictionary *dictionary) {
    if (qn_comm_size(comm) == 1)
        return part_dictionary_sort(dictionary);
    qn_text packed;
    qn_text_init(&packed);
    char *all = NULL;
    int64_t *offsets = NULL;
    qn_status status = part_dictionary_pack(dictionary, &packed);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgatherv(comm, packed.data, packed.length, (void **)&all, &offsets),
                done);
    part_dictionary_clear(dictionary);
    QN_TRY_GOTO(part_dictionary_unpack(dictionary, all, offsets[qn_comm_size(comm)]), done);
    status = part_dictionary_sort(dictionary);
done:
    qn_mem_free(all);
    qn_mem_free(offsets);
    qn_text_clear(&packed);
    return status;
}

/* Codes save space where texts repeat; a null has no other form that every reader knows. */
static bool categorical(const part_strings *strings) {
    const part_dictionary *dictionary = &strings->dictionary;
    if (dictionary->overflow || strings->has_nul ||
        dictionary->count * strings->longest > PART_CATEGORIES_LIMIT)
        return false;
    return strings->null_count > 0 || 4 * (int64_t)dictionary->count <= strings->count;
}

static qn_status decide_strings(part_plan *plan, part_strings *strings) {
    if (!strings->dictionary.overflow) {
        qn_status status = merge_dictionary(plan->comm, &strings->dictionary);
        QN_TRY(qn_comm_agree(plan->comm, status));
    }
    if (categorical(strings))
        strings->coding = PART_CATEGORICAL;
    else if (strings->longest <= PART_FIXED_LIMIT && !strings->has_nul)
        strings->coding = PART_FIXED;
    else
        strings->coding = PART_VARIABLE;
    if (strings->coding != PART_CATEGORICAL)
        part_dictionary_clear(&strings->dictionary);
    return QN_OK;
}

/* Codes alone can say that an item is null. */
static qn_status no_form_for_nulls(const part_column *column) {
    qn_status status = qn_fail(QN_DATA,
                               "column '%s' has lists with null items and too many different "
                               "items to store them",
                               column->field->name);
    qn_error_help("take them out: array_compact(%s)", column->field->name);
    return status;
}

static qn_status decide(part_plan *plan, part_column *column) {
    if (column->field->type == QN_STRING || column->field->type == QN_STRING_LIST)
        QN_TRY(decide_strings(plan, &column->strings));
    if (column->field->type == QN_STRING_LIST && column->strings.null_count > 0 &&
        column->strings.coding != PART_CATEGORICAL)
        return no_form_for_nulls(column);
    if (column->field->type == QN_STRING)
        column->coding = column->strings.coding;
    column->masked = column->info.null_count > 0 && column->coding != PART_CATEGORICAL;
    return QN_OK;
}

/* ---- Heap collections that begin on an earlier rank ------------------------------------------ */

static qn_status walk_strings(const part_plan *plan, int32_t index, part_heap_cursor *start) {
    const part_strings *strings = &plan->columns[index].strings;
    part_heap_cursor cursor = {.string = strings->first, .objects = strings->object_first};
    for (int64_t i = 0; i < plan->table->batch_count; i++) {
        qn_column *texts = NULL;
        QN_TRY(part_strings_of(&texts, plan->table->batches[i].columns[index]));
        part_heap_walk(texts, &cursor, start);
        qn_column_release(texts);
    }
    return QN_OK;
}

/* Each rank tells where the last collection that it begins lies. */
static qn_status locate_collections(part_plan *plan, int32_t index) {
    int size = qn_comm_size(plan->comm), rank = qn_comm_rank(plan->comm);
    part_strings *strings = &plan->columns[index].strings;
    part_heap_cursor own = {.string = -1}, *all = NULL;
    qn_status status = walk_strings(plan, index, &own);
    if (status == QN_OK)
        status = qn_mem_alloc(&all, (size_t)size, sizeof *all);
    QN_TRY_GOTO(qn_comm_agree(plan->comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(plan->comm, &own, sizeof own, all), done);
    strings->collection_objects = strings->object_first;
    for (int i = rank - 1; i >= 0 && strings->first % PART_HEAP_ROWS != 0; i--)
        if (all[i].string >= 0) {
            strings->collection_objects = all[i].objects;
            break;
        }
done:
    qn_mem_free(all);
    return status;
}

qn_status part_plan_make(part_plan *plan) {
    QN_TRY(qn_comm_agree(plan->comm, examine_all(plan)));
    QN_TRY(merge_sums(plan));
    QN_TRY(merge_infos(plan));
    QN_TRY(merge_maxima(plan));
    for (int32_t i = 0; i < plan->count; i++)
        QN_TRY(decide(plan, &plan->columns[i]));
    for (int32_t i = 0; i < plan->count; i++)
        if (plan->columns[i].strings.coding == PART_VARIABLE)
            QN_TRY(locate_collections(plan, i));
    return QN_OK;
}

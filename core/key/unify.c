#include "core/key/unify.h"

#include "core/key/interner.h"
#include "core/memory.h"

#include <string.h>

/* Dictionaries of a column in the order in which they are met. */
typedef struct dictionaries {
    qn_column **list; /* borrowed */
    int32_t **ids;    /* of each one's entries among all */
    int64_t count, capacity, entries;
} dictionaries;

static void dictionaries_clear(dictionaries *self) {
    for (int64_t i = 0; i < self->count && self->ids != NULL; i++)
        qn_mem_free(self->ids[i]);
    qn_mem_free(self->ids);
    qn_mem_free(self->list);
}

static int64_t find(const dictionaries *self, const qn_column *dictionary) {
    int64_t i = self->count - 1;
    while (i >= 0 && self->list[i] != dictionary)
        i--;
    return i;
}

/* False: some batch has none, or they are too many to be worth it. */
static qn_status list_all(dictionaries *self, const qn_table *table, int32_t column, bool *out) {
    *out = false;
    for (int64_t b = 0; b < table->batch_count; b++) {
        qn_column *dictionary = table->batches[b].columns[column]->dictionary;
        if (dictionary == NULL)
            return QN_OK;
        if (find(self, dictionary) >= 0)
            continue;
        self->entries += dictionary->length;
        if (self->entries > table->row_count || self->count >= 1024)
            return QN_OK;
        QN_TRY(qn_mem_reserve(&self->list, &self->capacity, self->count + 1, sizeof *self->list));
        self->list[self->count++] = dictionary;
    }
    *out = self->count > 1;
    return QN_OK;
}

static qn_status number_entries(dictionaries *self, qn_interner *interner) {
    QN_TRY(qn_mem_calloc(&self->ids, (size_t)self->count, sizeof *self->ids));
    for (int64_t i = 0; i < self->count; i++) {
        const qn_column *dictionary = self->list[i];
        QN_TRY(qn_mem_alloc(&self->ids[i], (size_t)dictionary->length + 1, sizeof **self->ids));
        QN_TRY(qn_interner_encode(interner, dictionary, true, self->ids[i]));
    }
    return QN_OK;
}

static qn_status recode(qn_column **column, const int32_t *ids, qn_column *dictionary) {
    qn_column *old = *column, *fresh = NULL;
    int64_t words = qn_bit_words(old->length);
    if (old->dictionary == dictionary)
        return QN_OK;
    QN_TRY(qn_column_new(&fresh, QN_INT32, old->length, 0));
    fresh->type = QN_STRING;
    fresh->dictionary = qn_column_retain(dictionary);
    fresh->null_count = old->null_count;
    qn_status status = QN_OK;
    if (old->validity != NULL)
        status = qn_mem_calloc(&fresh->validity, (size_t)words + 8, sizeof *fresh->validity);
    if (status != QN_OK) {
        qn_column_release(fresh);
        return status;
    }
    if (old->validity != NULL)
        memcpy(fresh->validity, old->validity, (size_t)words * sizeof *fresh->validity);
    for (int64_t i = 0; i < old->length; i++)
        fresh->codes[i] = qn_column_is_null(old, i) ? 0 : ids[old->codes[i]];
    qn_column_release(old);
    *column = fresh;
    return QN_OK;
}

/* The first dictionary serves if the others add nothing to it and its entries are distinct. */
static qn_status common_dictionary(const dictionaries *self, qn_interner *interner,
                                   qn_column **out) {
    qn_column *first = self->list[0];
    if (qn_interner_count(interner) == first->length) {
        *out = qn_column_retain(first);
        return QN_OK;
    }
    return qn_interner_column(interner, out);
}

static qn_status recode_all(const dictionaries *self, qn_table *table, int32_t column,
                            qn_column *dictionary) {
    for (int64_t b = 0; b < table->batch_count; b++) {
        qn_column **place = &table->batches[b].columns[column];
        QN_TRY(recode(place, self->ids[find(self, (*place)->dictionary)], dictionary));
    }
    return QN_OK;
}

static qn_status unify(qn_table *table, int32_t column) {
    dictionaries all = {0};
    qn_interner *interner = NULL;
    qn_column *dictionary = NULL, *held[1024];
    int64_t held_count = 0;
    bool differ = false;
    qn_status status;
    QN_TRY_GOTO(list_all(&all, table, column, &differ), done);
    if (!differ)
        goto done;
    for (; held_count < all.count; held_count++) /* they are looked at until all are recoded */
        held[held_count] = qn_column_retain(all.list[held_count]);
    QN_TRY_GOTO(qn_interner_new(&interner), done);
    QN_TRY_GOTO(number_entries(&all, interner), done);
    QN_TRY_GOTO(common_dictionary(&all, interner, &dictionary), done);
    status = recode_all(&all, table, column, dictionary);
done:
    for (int64_t i = 0; i < held_count; i++)
        qn_column_release(held[i]);
    qn_column_release(dictionary);
    qn_interner_free(interner);
    dictionaries_clear(&all);
    return status;
}

qn_status qn_table_unify(qn_table *table) {
    for (int32_t c = 0; c < table->schema.count && table->batch_count > 1; c++)
        if (table->schema.fields[c].type == QN_STRING)
            QN_TRY(unify(table, c));
    return QN_OK;
}

/* Orders of counted values, and their form as bytes. */
#include "core/stats/frequency.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct ranking {
    const qn_frequency *frequency;
    qn_frequency_order order;
} ranking;

static int compare_keys(const qn_frequency *frequency, int64_t a, int64_t b) {
    if (frequency->text)
        return qn_view_compare(qn_frequency_text(frequency, a), qn_frequency_text(frequency, b));
    double x = frequency->numbers[a], y = frequency->numbers[b];
    bool x_nan = x != x, y_nan = y != y;
    if (x_nan || y_nan)
        return (int)x_nan - (int)y_nan;
    return (x > y) - (x < y);
}

static int compare_entries(const void *left, const void *right, void *context) {
    const ranking *by = context;
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    int64_t count_a = by->frequency->counts[a], count_b = by->frequency->counts[b];
    int counts = (count_a > count_b) - (count_a < count_b);
    if (by->order == QN_FREQUENCY_COUNT_DESC && counts != 0)
        return -counts;
    if (by->order == QN_FREQUENCY_COUNT_ASC && counts != 0)
        return counts;
    int keys = compare_keys(by->frequency, a, b);
    return by->order == QN_FREQUENCY_KEY_DESC ? -keys : keys;
}

qn_status qn_frequency_rank(const qn_frequency *frequency, qn_frequency_order order,
                            int64_t **out) {
    int64_t *entries = NULL;
    QN_TRY(qn_mem_alloc(&entries, (size_t)frequency->count, sizeof *entries));
    for (int64_t i = 0; i < frequency->count; i++)
        entries[i] = i;
    ranking by = {frequency, order};
    qsort_r(entries, (size_t)frequency->count, sizeof *entries, compare_entries, &by);
    *out = entries;
    return QN_OK;
}

qn_status qn_frequency_sort(qn_frequency *frequency) {
    qn_frequency sorted = {0};
    int64_t *entries = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_frequency_rank(frequency, QN_FREQUENCY_KEY_ASC, &entries), done);
    QN_TRY_GOTO(qn_frequency_init(&sorted, frequency->text ? QN_STRING : QN_FLOAT64), done);
    sorted.nulls = frequency->nulls;
    for (int64_t i = 0; i < frequency->count; i++) {
        int64_t from = entries[i], times = frequency->counts[from];
        if (frequency->text)
            status = qn_frequency_add_text(&sorted, qn_frequency_text(frequency, from), times);
        else
            status = qn_frequency_add_number(&sorted, frequency->numbers[from], times);
        if (status != QN_OK)
            goto done;
    }
    qn_frequency_clear(frequency);
    *frequency = sorted;
    sorted = (qn_frequency){0};
done:
    qn_frequency_clear(&sorted);
    qn_mem_free(entries);
    return status;
}

/* An entry as bytes: count, length of the key, key. */
static qn_status pack_entry(const qn_frequency *frequency, int64_t entry, qn_text *out) {
    qn_view bytes = {(const char *)&frequency->numbers[entry], sizeof(double)};
    if (frequency->text)
        bytes = qn_frequency_text(frequency, entry);
    QN_TRY(qn_text_add(out, (const char *)&frequency->counts[entry], sizeof(int64_t)));
    QN_TRY(qn_text_add(out, (const char *)&bytes.length, sizeof bytes.length));
    return qn_text_add(out, bytes.data, bytes.length);
}

qn_status qn_frequency_pack(const qn_frequency *frequency, int part, int parts, qn_text *out) {
    for (int64_t i = 0; i < frequency->count; i++)
        if ((frequency->hashes[i] >> 32) % (uint64_t)parts == (uint64_t)part)
            QN_TRY(pack_entry(frequency, i, out));
    return QN_OK;
}

qn_status qn_frequency_unpack(qn_frequency *frequency, const char *bytes, int64_t length) {
    const char *end = bytes + length;
    while (bytes < end) {
        int64_t header[2];
        memcpy(header, bytes, sizeof header);
        bytes += sizeof header;
        qn_view key = {bytes, header[1]};
        bytes += key.length;
        double number;
        if (frequency->text) {
            QN_TRY(qn_frequency_add_text(frequency, key, header[0]));
            continue;
        }
        memcpy(&number, key.data, sizeof number);
        QN_TRY(qn_frequency_add_number(frequency, number, header[0]));
    }
    return QN_OK;
}

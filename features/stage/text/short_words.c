#include "features/stage/text/short_words.h"

#include "core/memory.h"

/* A quarter full at most: most tokens meet a free slot at once. */
qn_status qn_short_words_new(qn_short_words **out, const qn_labels *words) {
    qn_short_words *set = NULL;
    int log = 6;
    while ((INT64_C(1) << log) < 4 * words->count)
        log++;
    uint64_t slots = UINT64_C(1) << log;
    QN_TRY(qn_mem_calloc(&set, 1, sizeof *set + slots * sizeof *set->slots));
    set->shift = 64 - log;
    set->mask = slots - 1;
    for (int64_t i = 0; i < words->count; i++) {
        qn_view word = qn_labels_text(words, i);
        qn_short_key key;
        if (word.length == 0 || word.length > QN_SHORT_WORD ||
            !qn_short_key_of(word, word.length, false, &key))
            continue;
        uint64_t at = qn_short_slot(set, key);
        while (set->slots[at].tail != 0)
            at = (at + 1) & set->mask;
        set->slots[at] = key;
    }
    *out = set;
    return QN_OK;
}

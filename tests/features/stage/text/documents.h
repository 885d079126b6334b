/* Columns of token lists for tests, from texts. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TEXT_DOCUMENTS_H
#define QUERN_TESTS_FEATURES_STAGE_TEXT_DOCUMENTS_H

#include "core/key/interner.h"
#include "tests/features/stage/stage_data.h"

/* The tokens of a text between blanks; "~" is a null, "" has none. */
static inline void add_tokens(qn_string_builder *tokens, const char *text) {
    for (const char *at = text; *text != '\0'; at++) {
        const char *end = strchrnul(at, ' ');
        if (end - at == 1 && *at == '~')
            QN_TEST_OK(qn_string_builder_add_null(tokens));
        else
            QN_TEST_OK(qn_string_builder_add(tokens, (qn_view){at, end - at}));
        at = end;
        if (*end == '\0')
            break;
    }
}

/* A NULL text gives a null list. */
static inline qn_column *documents_column(const char *const *texts, int64_t count) {
    qn_column *lists = NULL;
    qn_string_builder tokens;
    qn_string_builder_init(&tokens);
    QN_TEST_OK(qn_column_new(&lists, QN_STRING_LIST, count, 0));
    for (int64_t i = 0; i < count; i++) {
        if (texts[i] == NULL)
            QN_TEST_OK(qn_column_set_null(lists, i));
        else
            add_tokens(&tokens, texts[i]);
        lists->offsets[i + 1] = (int32_t)tokens.length;
    }
    QN_TEST_OK(qn_string_builder_finish(&tokens, &lists->items));
    return lists;
}

/* The items dictionary-encoded, with an entry that no item uses. */
static inline void encode_items(qn_column *lists) {
    qn_interner *words = NULL;
    qn_column *codes = NULL, *items = lists->items;
    const char *unused[] = {"unused"};
    qn_column *first = documents_column(unused, 1);
    QN_TEST_OK(qn_interner_new(&words));
    QN_TEST_OK(qn_column_new(&codes, QN_INT32, items->length, 0));
    QN_TEST_OK(qn_interner_encode(words, first->items, true, (int32_t[]){0}));
    QN_TEST_OK(qn_interner_encode(words, items, true, codes->codes));
    codes->type = QN_STRING;
    QN_TEST_OK(qn_interner_column(words, &codes->dictionary));
    for (int64_t i = 0; i < items->length; i++)
        if (qn_column_is_null(items, i))
            QN_TEST_OK(qn_column_set_null(codes, i));
    qn_column_release(first);
    qn_column_release(items);
    lists->items = codes;
    qn_interner_free(words);
}

static inline void frame_documents(qn_table *frame, const char *name, const char *const *texts,
                                   int64_t count, bool coded) {
    qn_column *lists = documents_column(texts, count);
    if (coded)
        encode_items(lists);
    frame_add(frame, name, lists, NULL);
}

#endif

#include "features/stage/text/tokens.h"

#include "core/memory.h"
#include "core/text/lower.h"
#include "core/text/words.h"

#include <string.h>

/* ---- Columns --------------------------------------------------------------------------------- */

static qn_status check_type(const qn_field *field, qn_type wanted) {
    if (field->type == wanted)
        return QN_OK;
    return qn_columns_fail_type(
        field, wanted == QN_STRING ? "string" : "list<string> (see tokenizer, regex_tokenizer)");
}

qn_status qn_tokens_bind(const qn_stage *stage, const qn_schema *in, qn_type from, qn_schema *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, in, i, &index));
        QN_TRY(check_type(&in->fields[index], from));
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), QN_STRING_LIST, 0, NULL));
    }
    return QN_OK;
}

/* Lists without rows may lack their items. */
static qn_status map_column(const qn_stage *stage, const qn_column *in, qn_tokens_map map,
                            qn_column **out) {
    return in->length == 0 ? qn_column_new_null(out, QN_STRING_LIST, 0, 0) : map(stage, in, out);
}

qn_status qn_tokens_transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                              qn_tokens_map map, qn_batch *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        qn_column *mapped = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(map_column(stage, in->columns[index], map, &mapped));
        QN_TRY(qn_batch_append(out, mapped));
    }
    return QN_OK;
}

/* ---- Splitting at blanks ----------------------------------------------------------------------
 */

typedef struct tokenizing {
    qn_words_splitter split;
    int how;
    qn_list_builder lists;
    qn_text lowered;
} tokenizing;

/* The words go straight into the builder: at most one more than the text has bytes. */
static qn_status make_room(tokenizing *work, int64_t length, qn_words *out) {
    qn_string_builder *items = &work->lists.items;
    QN_TRY(qn_list_builder_reserve(&work->lists, length + 1 + QN_WORDS_PAD, length));
    *out = (qn_words){.chars = items->chars,
                      .ends = items->offsets + items->length + 1,
                      .length = items->offsets[items->length]};
    return QN_OK;
}

/* Without the empty words at the end; `begin`: where the first word begins. */
static int64_t count_kept(const qn_words *words, int64_t begin) {
    int64_t count = words->count;
    if (count == 1)
        return 1;
    while (count > 1 && words->ends[count - 1] == words->ends[count - 2])
        count--;
    return count == 1 && words->ends[0] == begin ? 0 : count;
}

/* The words that are not empty, moved together; their bytes are so already. */
static int64_t drop_empty(qn_words *words, int64_t begin) {
    int64_t kept = 0;
    for (int64_t i = 0; i < words->count; i++) {
        int64_t end = words->ends[i];
        words->ends[kept] = (int32_t)end;
        kept += end != begin;
        begin = end;
    }
    return kept;
}

static qn_status add_text(tokenizing *work, qn_view text) {
    qn_words words;
    QN_TRY(make_room(work, text.length, &words));
    int64_t begin = words.length;
    bool lower = (work->how & QN_SPLIT_LOWER) != 0;
    if (!work->split(&words, text, lower) && lower) {
        qn_text_truncate(&work->lowered, 0);
        QN_TRY(qn_text_lower(&work->lowered, text));
        text = (qn_view){work->lowered.data, work->lowered.length};
        QN_TRY(make_room(work, text.length, &words));
        (void)work->split(&words, text, false);
    }
    int64_t count =
        work->how & QN_SPLIT_NO_EMPTY ? drop_empty(&words, begin) : count_kept(&words, begin);
    qn_string_builder_took(&work->lists.items, count);
    return qn_list_builder_end(&work->lists);
}

enum { BYTES_A_WORD = 5 }; /* a first guess */

static qn_status add_texts(tokenizing *work, const qn_column *in) {
    if (in->dictionary == NULL) {
        int64_t bytes = in->offsets[in->length] - in->offsets[0];
        QN_TRY(qn_list_builder_reserve(&work->lists, bytes / BYTES_A_WORD, bytes));
    }
    for (int64_t i = 0; i < in->length; i++)
        QN_TRY(qn_column_is_null(in, i) ? qn_list_builder_end_null(&work->lists)
                                        : add_text(work, qn_column_string(in, i)));
    return QN_OK;
}

qn_status qn_tokens_split(const qn_column *in, int how, qn_column **out) {
    tokenizing work = {.split = qn_words_best(), .how = how};
    qn_list_builder_init(&work.lists);
    qn_text_init(&work.lowered);
    qn_status status = add_texts(&work, in);
    if (status == QN_OK)
        status = qn_list_builder_finish(&work.lists, out);
    qn_list_builder_clear(&work.lists);
    qn_text_clear(&work.lowered);
    return status;
}

/* ---- Lists ------------------------------------------------------------------------------------
 */

static qn_status copy_nulls(qn_column *to, const qn_column *from) {
    for (int64_t i = 0; from->null_count > 0 && i < from->length; i++)
        if (qn_column_is_null(from, i))
            QN_TRY(qn_column_set_null(to, i));
    return QN_OK;
}

qn_status qn_tokens_with_items(const qn_column *lists, qn_column *items, qn_column **out) {
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_STRING_LIST, lists->length, 0), done);
    QN_TRY_GOTO(copy_nulls(column, lists), done);
    memcpy(column->offsets, lists->offsets, (size_t)(lists->length + 1) * sizeof *lists->offsets);
    column->items = items;
    items = NULL;
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    qn_column_release(items);
    return status;
}

/* Which items are kept, and how many of them come before the end of each list. */
static int64_t count_marked(const qn_column *lists, const uint64_t *marks, int32_t *offsets,
                            int64_t *rows) {
    int64_t kept = 0;
    offsets[0] = 0;
    for (int64_t i = 0; i < lists->length; i++) {
        for (int64_t k = lists->offsets[i]; k < lists->offsets[i + 1]; k++) {
            rows[kept] = k;
            kept += qn_bit(marks, k);
        }
        offsets[i + 1] = (int32_t)kept;
    }
    return kept;
}

qn_status qn_tokens_keep(const qn_column *lists, const uint64_t *marks, qn_column **out) {
    qn_column *column = NULL;
    int64_t *rows = NULL;
    int64_t all = lists->offsets[lists->length] - lists->offsets[0];
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_STRING_LIST, lists->length, 0), done);
    QN_TRY_GOTO(copy_nulls(column, lists), done);
    QN_TRY_GOTO(qn_mem_alloc(&rows, (size_t)all + 1, sizeof *rows), done);
    int64_t kept = count_marked(lists, marks, column->offsets, rows);
    QN_TRY_GOTO(qn_column_take(&column->items, lists->items, rows, kept), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    qn_mem_free(rows);
    return status;
}

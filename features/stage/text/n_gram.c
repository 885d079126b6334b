/* n_gram: each n neighbours of a list joined by a blank; lists with fewer give an empty list. A
 * null item is joined as "null", which is what Spark does. */
#include "core/memory.h"
#include "core/text/short.h"
#include "features/stage/stages.h"
#include "features/stage/text/tokens.h"

#include <string.h>

static const qn_option options[] = {QN_COLUMNS_OPTIONS,
                                    {"n", QN_OPTION_INT, "2", "[1,1000000]", "tokens to join"},
                                    {NULL, 0, NULL, NULL, NULL}};

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_tokens_bind(stage, in, QN_STRING_LIST, out);
}

typedef struct joining {
    int64_t n;
    char *joined; /* a whole list, a blank behind each item */
    int64_t joined_length, joined_capacity;
    int64_t *lengths; /* of the items, the blank included */
    int64_t lengths_capacity;
    qn_list_builder lists;
} joining;

static inline qn_view item_text(qn_list list, int64_t k) {
    qn_view item = qn_list_item(list, k);
    return item.data != NULL ? item : (qn_view){"null", 4};
}

static qn_status join(joining *work, qn_list list) {
    int64_t bytes = 0;
    QN_TRY(
        qn_mem_reserve(&work->lengths, &work->lengths_capacity, list.count, sizeof *work->lengths));
    for (int64_t k = 0; k < list.count; k++) {
        work->lengths[k] = item_text(list, k).length + 1;
        bytes += work->lengths[k];
    }
    QN_TRY(qn_mem_reserve(&work->joined, &work->joined_capacity, bytes, 1));
    char *to = work->joined;
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = item_text(list, k);
        qn_copy_short(to, item.data, item.length);
        to += item.length;
        *to++ = ' ';
    }
    work->joined_length = bytes;
    return QN_OK;
}

/* Stretches of the joined list, each a token further on, straight into the builder. */
static qn_status add_grams(joining *work, qn_list list) {
    qn_string_builder *out = &work->lists.items;
    int64_t n = work->n, count = list.count - n + 1, all = work->joined_length, begin = 0, end = -1;
    QN_TRY(qn_list_builder_reserve(&work->lists, count, count < n ? count * all : n * all));
    int64_t at = out->offsets[out->length];
    int32_t *ends = out->offsets + out->length + 1;
    for (int64_t k = 0; k < n - 1; k++)
        end += work->lengths[k];
    for (int64_t k = 0; k < count; k++) {
        end += work->lengths[k + n - 1];
        qn_copy_short(out->chars + at, work->joined + begin, end - begin);
        at += end - begin;
        ends[k] = (int32_t)at;
        begin += work->lengths[k];
    }
    qn_string_builder_took(out, count);
    return QN_OK;
}

static qn_status add_row(joining *work, const qn_column *in, int64_t row) {
    if (qn_column_is_null(in, row))
        return qn_list_builder_end_null(&work->lists);
    qn_list list = qn_list_row(in, row);
    if (list.count >= work->n) {
        QN_TRY(join(work, list));
        QN_TRY(add_grams(work, list));
    }
    return qn_list_builder_end(&work->lists);
}

static qn_status make_grams(const qn_stage *stage, const qn_column *in, qn_column **out) {
    joining work = {.n = qn_options_int(stage->options, "n")};
    qn_list_builder_init(&work.lists);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < in->length && status == QN_OK; i++)
        status = add_row(&work, in, i);
    if (status == QN_OK)
        status = qn_list_builder_finish(&work.lists, out);
    qn_list_builder_clear(&work.lists);
    qn_mem_free(work.joined);
    qn_mem_free(work.lengths);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_tokens_transform(stage, schema, in, make_grams, out);
}

const qn_stage_class qn_n_gram_class = {
    .name = "n_gram",
    .help = "join neighbouring tokens by a blank",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};

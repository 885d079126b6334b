/* n_gram: each n neighbours of a list joined by a blank; lists with fewer give an empty list. A
 * null item is joined as "null", which is what Spark does. */
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
    qn_text joined; /* a whole list */
    qn_list_builder lists;
} joining;

static inline qn_view item_text(qn_list list, int64_t k) {
    qn_view item = qn_list_item(list, k);
    return item.data != NULL ? item : (qn_view){"null", 4};
}

/* The items of a list with a blank behind each. */
static qn_status join(joining *work, qn_list list) {
    int64_t bytes = 0;
    for (int64_t k = 0; k < list.count; k++)
        bytes += item_text(list, k).length + 1;
    qn_text_truncate(&work->joined, 0);
    QN_TRY(qn_text_reserve(&work->joined, bytes));
    char *to = work->joined.data;
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = item_text(list, k);
        qn_copy_short(to, item.data, item.length);
        to += item.length;
        *to++ = ' ';
    }
    return QN_OK;
}

/* Stretches of the joined list, each a token further on. */
static qn_status add_grams(joining *work, qn_list list) {
    int64_t n = work->n, begin = 0, end = -1;
    for (int64_t k = 0; k < n - 1; k++)
        end += item_text(list, k).length + 1;
    for (int64_t k = 0; k + n <= list.count; k++) {
        end += item_text(list, k + n - 1).length + 1;
        QN_TRY(
            qn_list_builder_add(&work->lists, (qn_view){work->joined.data + begin, end - begin}));
        begin += item_text(list, k).length + 1;
    }
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
    qn_text_init(&work.joined);
    qn_list_builder_init(&work.lists);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < in->length && status == QN_OK; i++)
        status = add_row(&work, in, i);
    if (status == QN_OK)
        status = qn_list_builder_finish(&work.lists, out);
    qn_list_builder_clear(&work.lists);
    qn_text_clear(&work.joined);
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

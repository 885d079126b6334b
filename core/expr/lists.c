#include "core/expr/lists.h"

int qn_list_compare(qn_list a, qn_list b) {
    int64_t shared = a.count < b.count ? a.count : b.count;
    for (int64_t k = 0; k < shared; k++) {
        int order = qn_item_compare(qn_list_item(a, k), qn_list_item(b, k));
        if (order != 0)
            return order;
    }
    return (a.count > b.count) - (a.count < b.count);
}

qn_status qn_list_rows(const qn_call *call, qn_list_step step, qn_column **out) {
    qn_list_builder builder;
    qn_list_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < call->length; i++) {
        bool null = qn_call_skips(call, i);
        if (!null)
            QN_TRY_GOTO(step(call, i, &builder, &null), done);
        QN_TRY_GOTO(null ? qn_list_builder_end_null(&builder) : qn_list_builder_end(&builder),
                    done);
    }
    status = qn_list_builder_finish(&builder, out);
done:
    qn_list_builder_clear(&builder);
    return status;
}

#include "features/stage/categorical/indices.h"

#include "features/stage/columns.h"

bool qn_indices_nominal(const qn_field *field) {
    return field->attributes != NULL && field->attributes->kind == QN_ATTRIBUTE_NOMINAL;
}

qn_status qn_indices_check_type(const qn_field *field) {
    if (qn_type_is_numeric(field->type))
        return QN_OK;
    return qn_columns_fail_type(field, "numeric (category indices, as of string_indexer)");
}

static qn_status fail_invalid(const qn_field *field, const qn_batch *batch, int64_t row,
                              double value) {
    return qn_fail(QN_DATA,
                   "column '%s' has %.17g at row %lld (counting from 0), "
                   "which is not a category index (0, 1, 2 ...)",
                   field->name, value, (long long)qn_batch_row(batch, row));
}

static qn_status fail_too_many(const qn_field *field, const qn_batch *batch, int64_t row,
                               double value) {
    qn_status status =
        qn_fail(QN_DATA,
                "column '%s' has category index %.0f at row %lld (counting from 0); "
                "at most %d categories are possible",
                field->name, value, (long long)qn_batch_row(batch, row), QN_MOST_CATEGORIES);
    qn_error_help("index the column by a string_indexer first");
    return status;
}

qn_status qn_indices_check(const qn_field *field, const qn_batch *batch, int64_t row,
                           double value) {
    if (!qn_indices_valid(value))
        return fail_invalid(field, batch, row, value);
    return value < QN_MOST_CATEGORIES ? QN_OK : fail_too_many(field, batch, row, value);
}

qn_status qn_indices_fail_unseen(const qn_field *field, const qn_batch *batch, int64_t row,
                                 double value) {
    if (!qn_indices_valid(value))
        return fail_invalid(field, batch, row, value);
    return qn_fail(QN_DATA,
                   "column '%s' has category %.17g at row %lld (counting from 0), "
                   "which was not seen in fit; set handle_invalid to keep",
                   field->name, value, (long long)qn_batch_row(batch, row));
}

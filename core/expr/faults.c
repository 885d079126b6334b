/* Values that cannot be computed: noted row by row, because a fault is an error only if something
 * takes the value. CASE WHEN y <> 0 THEN x / y END computes x / y for all rows. */
#include "core/expr/node.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool qn_expr_notes_faults(const qn_expr *node) {
    return node->session != NULL && node->session->on_fault == QN_FAULT_ERROR;
}

void qn_faults_clear(qn_faults *faults) {
    qn_mem_free(faults->rows);
    qn_mem_free(faults->message);
    *faults = (qn_faults){0};
}

static qn_status make_rows(qn_faults *faults, int64_t length) {
    if (faults->rows != NULL)
        return QN_OK;
    return qn_mem_calloc(&faults->rows, (size_t)qn_bit_words(length), sizeof *faults->rows);
}

static qn_status set_message(qn_faults *faults, const char *message, const qn_expr *node) {
    if (faults->message != NULL)
        return QN_OK;
    faults->node = node;
    return qn_mem_copy_text(&faults->message, message);
}

static qn_status note(const qn_call *call, int64_t row, const char *format, va_list arguments) {
    if (call->faults == NULL)
        return QN_OK;
    if (call->faults->message == NULL) {
        char message[512];
        vsnprintf(message, sizeof message, format, arguments);
        QN_TRY(set_message(call->faults, message, NULL));
    }
    QN_TRY(make_rows(call->faults, call->length));
    qn_bit_set(call->faults->rows, row);
    return QN_OK;
}

qn_status qn_call_note(const qn_call *call, int64_t row, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    qn_status status = note(call, row, format, arguments);
    va_end(arguments);
    return status;
}

qn_status qn_call_fault(const qn_call *call, qn_column *out, int64_t row, const char *format, ...) {
    va_list arguments;
    if (qn_call_skips(call, row) || qn_column_is_null(out, row))
        return QN_OK;
    va_start(arguments, format);
    qn_status status = note(call, row, format, arguments);
    va_end(arguments);
    QN_TRY(status);
    return qn_column_set_null(out, row);
}

qn_status qn_faults_spread(qn_faults *out, qn_faults *entries, const int32_t *codes,
                           const uint64_t *validity, int64_t length) {
    bool some = false;
    QN_TRY(make_rows(out, length));
    for (int64_t i = 0; i < length; i++)
        if ((validity == NULL || qn_bit(validity, i)) && qn_bit(entries->rows, codes[i])) {
            qn_bit_set(out->rows, i);
            some = true;
        }
    if (some)
        return set_message(out, entries->message, NULL);
    qn_faults_clear(out); /* of entries that no row has */
    return QN_OK;
}

/* ---- Which arguments a call looks at --------------------------------------------------------- */

typedef enum looking { AT_ALL, AS_CASE, AS_AND, AS_OR, AS_COALESCE } looking;

static looking looking_of(const char *name) {
    static const struct {
        const char *name;
        looking looking;
    } names[] = {{"case", AS_CASE},      {"if", AS_CASE},           {"and", AS_AND},
                 {"or", AS_OR},          {"coalesce", AS_COALESCE}, {"nvl", AS_COALESCE},
                 {"ifnull", AS_COALESCE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].looking;
    return AT_ALL;
}

/* Rows for which argument i decides that no later one is looked at. */
static uint64_t decided(looking how, const qn_operand *argument, int64_t word) {
    uint64_t valid = qn_valid_word(argument, word);
    if (how == AS_COALESCE)
        return valid;
    uint64_t bits = qn_bits_word(argument, word);
    return valid & (how == AS_AND ? ~bits : bits);
}

/* Adds an argument's faults in a word of rows, as far as they are looked at. */
static qn_status join_word(qn_faults *own, const qn_faults *mark, int64_t word, uint64_t looked,
                           int64_t length) {
    uint64_t some = mark->rows == NULL ? 0 : mark->rows[word] & looked;
    if (some == 0)
        return QN_OK;
    QN_TRY(make_rows(own, length));
    own->rows[word] |= some;
    return set_message(own, mark->message, mark->node);
}

qn_status qn_faults_join(qn_faults *own, const qn_expr *node, const qn_operand *arguments,
                         qn_faults *marks, int64_t length) {
    bool some = false;
    for (int32_t i = 0; i < node->count; i++)
        some = some || marks[i].rows != NULL;
    if (!some)
        return QN_OK;
    looking how = looking_of(node->function->name);
    for (int64_t w = 0; w < qn_bit_words(length); w++) {
        uint64_t open = ~UINT64_C(0), taken = 0;
        for (int32_t i = 0; i < node->count; i++) {
            bool value = how == AS_CASE && i % 2 == 1; /* of the condition before it */
            QN_TRY(join_word(own, &marks[i], w, value ? taken : open, length));
            if (value || how == AT_ALL || (how == AS_CASE && i == node->count - 1))
                continue;
            taken = open & decided(how, &arguments[i], w);
            open &= ~taken;
        }
    }
    return QN_OK;
}

/* Columns put together from rows of others: by dictionary codes, or by a choice among several. */
#include "core/expr/lists.h"

#include "core/memory.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- Spreading entries over codes ------------------------------------------------------------ */

QN_CLONES static void spread_32(int32_t *out, const int32_t *entries, const int32_t *codes,
                                int64_t length) {
    for (int64_t i = 0; i < length; i++)
        out[i] = entries[codes[i]];
}

QN_CLONES static void spread_64(int64_t *out, const int64_t *entries, const int32_t *codes,
                                int64_t length) {
    for (int64_t i = 0; i < length; i++)
        out[i] = entries[codes[i]];
}

static void spread_bits(uint64_t *out, const uint64_t *entries, const int32_t *codes,
                        int64_t length) {
    for (int64_t first = 0; first < length; first += 64) {
        uint8_t bytes[64] = {0};
        int64_t count = length - first < 64 ? length - first : 64;
        for (int64_t i = 0; i < count; i++)
            bytes[i] = qn_bit(entries, codes[first + i]);
        out[first >> 6] = qn_bits_pack(bytes);
    }
}

static qn_status spread_validity(qn_column *column, const qn_column *source, const int32_t *codes,
                                 const uint64_t *validity) {
    uint64_t *valid = NULL;
    int64_t words = qn_bit_words(column->length);
    if (source->validity == NULL && validity == NULL)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&valid, (size_t)words, sizeof *valid));
    if (source->validity == NULL)
        memcpy(valid, validity, (size_t)words * sizeof *valid);
    else
        spread_bits(valid, source->validity, codes, column->length);
    if (source->validity != NULL && validity != NULL)
        for (int64_t w = 0; w < words; w++)
            valid[w] &= validity[w];
    qn_column_set_validity(column, valid);
    return QN_OK;
}

/* A set of strings by value: slots hold entry + 1. */
typedef struct string_set {
    int32_t *slots;
    uint64_t mask;
    qn_string_builder entries;
} string_set;

static qn_status string_set_init(string_set *set, int64_t most) {
    uint64_t size = 16;
    while (size < 2 * (uint64_t)most)
        size *= 2;
    set->mask = size - 1;
    qn_string_builder_init(&set->entries);
    return qn_mem_calloc(&set->slots, size, sizeof *set->slots);
}

static void string_set_clear(string_set *set) {
    qn_mem_free(set->slots);
    qn_string_builder_clear(&set->entries);
}

static qn_status string_set_add(string_set *set, qn_view text, int32_t *code) {
    uint64_t slot = XXH3_64bits(text.data, (size_t)text.length) & set->mask;
    for (; set->slots[slot] != 0; slot = (slot + 1) & set->mask) {
        int32_t entry = set->slots[slot] - 1;
        const int32_t *offsets = set->entries.offsets;
        qn_view known = {set->entries.chars + offsets[entry], offsets[entry + 1] - offsets[entry]};
        if (qn_view_equal(known, text)) {
            *code = entry;
            return QN_OK;
        }
    }
    *code = (int32_t)set->entries.length;
    QN_TRY(qn_string_builder_add(&set->entries, text));
    set->slots[slot] = *code + 1;
    return QN_OK;
}

/* New codes of the source's rows and the dictionary they index, every value once. */
static qn_status unique_strings(const qn_column *source, int32_t *codes, qn_column **dictionary) {
    string_set set = {0};
    qn_operand operand = {(qn_column *)source, false};
    qn_status status;
    QN_TRY_GOTO(string_set_init(&set, source->length), done);
    for (int64_t i = 0; i < source->length; i++) {
        codes[i] = 0;
        if (!qn_column_is_null(source, i))
            QN_TRY_GOTO(string_set_add(&set, qn_text_at(&operand, i), &codes[i]), done);
    }
    status = qn_string_builder_finish(&set.entries, dictionary);
done:
    string_set_clear(&set);
    return status;
}

static qn_status new_coded(qn_column **out, qn_column *dictionary, int64_t length) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_STRING, 0, 0));
    qn_status status = qn_mem_calloc(&column->codes, (size_t)length, sizeof *column->codes);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    qn_mem_free(column->offsets);
    column->offsets = NULL;
    column->length = length;
    column->dictionary = dictionary;
    *out = column;
    return QN_OK;
}

static qn_status spread_strings(qn_column **out, const qn_column *source, const int32_t *codes,
                                int64_t length) {
    int32_t *renamed = NULL;
    qn_column *dictionary = NULL, *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&renamed, (size_t)source->length, sizeof *renamed), done);
    QN_TRY_GOTO(unique_strings(source, renamed, &dictionary), done);
    if (dictionary->length == 0) { /* nothing but nulls */
        status = qn_column_new_null(out, QN_STRING, length, 0);
        goto done;
    }
    QN_TRY_GOTO(new_coded(&column, dictionary, length), done);
    dictionary = NULL;
    spread_32(column->codes, renamed, codes, length);
    *out = column;
done:
    qn_mem_free(renamed);
    qn_column_release(dictionary);
    return status;
}

static qn_status spread_values(qn_column **out, const qn_column *source, const int32_t *codes,
                               int64_t length) {
    if (source->type == QN_STRING)
        return spread_strings(out, source, codes, length);
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, source->type, length, source->width));
    if (source->type == QN_BOOL)
        spread_bits(column->bits, source->bits, codes, length);
    else if (qn_type_size(source->type) == 4)
        spread_32(column->i32, source->i32, codes, length);
    else
        spread_64(column->i64, source->i64, codes, length);
    *out = column;
    return QN_OK;
}

/* Codes under nulls are 0, so the values there are entry 0: clear them. */
static void clear_spread_nulls(qn_column *column) {
    if (column->null_count == 0)
        return;
    if (column->type == QN_BOOL) {
        for (int64_t w = 0; w < qn_bit_words(column->length); w++)
            column->bits[w] &= column->validity[w];
        return;
    }
    int size = qn_type_size(column->type) == 8 ? 8 : 4;
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_bit(column->validity, i))
            memset((char *)column->values + i * size, 0, (size_t)size);
}

static qn_status spread_lists(qn_column **out, const qn_column *source, const int32_t *codes,
                              const uint64_t *validity, int64_t length) {
    const qn_operand operand = {(qn_column *)source, false};
    qn_list_builder builder;
    qn_list_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < length; i++) {
        if ((validity != NULL && !qn_bit(validity, i)) || qn_column_is_null(source, codes[i])) {
            QN_TRY_GOTO(qn_list_builder_end_null(&builder), done);
            continue;
        }
        QN_TRY_GOTO(qn_list_builder_add_list(&builder, qn_list_at(&operand, codes[i])), done);
        QN_TRY_GOTO(qn_list_builder_end(&builder), done);
    }
    status = qn_list_builder_finish(&builder, out);
done:
    qn_list_builder_clear(&builder);
    return status;
}

qn_status qn_column_spread(qn_column **out, const qn_column *source, const int32_t *codes,
                           const uint64_t *validity, int64_t length) {
    qn_column *column = NULL;
    if (source->length == 0) /* an empty dictionary: every row is null */
        return qn_column_new_null(out, source->type, length, source->width);
    if (source->type == QN_STRING_LIST)
        return spread_lists(out, source, codes, validity, length);
    QN_TRY(spread_values(&column, source, codes, length));
    if (column->validity != NULL) { /* nothing but nulls */
        *out = column;
        return QN_OK;
    }
    qn_status status = spread_validity(column, source, codes, validity);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    clear_spread_nulls(column);
    *out = column;
    return QN_OK;
}

/* ---- Choosing among operands ----------------------------------------------------------------- */

/* Takes the rows that chose operand k; without a branch, so that it vectorises. */
QN_CLONES static void choose_32(int32_t *restrict out, const int32_t *from, bool constant,
                                const int32_t *choice, int32_t k, int64_t length) {
    int32_t one = from[0];
    if (constant)
        for (int64_t i = 0; i < length; i++)
            out[i] = choice[i] == k ? one : out[i];
    else
        for (int64_t i = 0; i < length; i++)
            out[i] = choice[i] == k ? from[i] : out[i];
}

QN_CLONES static void choose_64(int64_t *restrict out, const int64_t *from, bool constant,
                                const int32_t *choice, int32_t k, int64_t length) {
    int64_t one = from[0];
    if (constant)
        for (int64_t i = 0; i < length; i++)
            out[i] = choice[i] == k ? one : out[i];
    else
        for (int64_t i = 0; i < length; i++)
            out[i] = choice[i] == k ? from[i] : out[i];
}

/* The rows of a word that chose operand k. */
QN_CLONES static uint64_t chosen_word(const int32_t *choice, int64_t count, int32_t k) {
    uint8_t bytes[64] = {0};
    for (int64_t i = 0; i < count; i++)
        bytes[i] = choice[i] == k;
    return qn_bits_pack(bytes);
}

static void choose_bits(qn_column *out, const qn_operand *from, const int32_t *choice, int32_t k) {
    for (int64_t w = 0; w < qn_bit_words(out->length); w++) {
        int64_t left = out->length - w * 64;
        out->bits[w] |=
            chosen_word(choice + w * 64, left < 64 ? left : 64, k) & qn_bits_word(from, w);
    }
}

static void choose_fixed(qn_column *out, const qn_operand *from, const int32_t *choice, int32_t k) {
    if (out->type == QN_BOOL)
        choose_bits(out, from, choice, k);
    else if (qn_type_size(out->type) == 8)
        choose_64(out->i64, from->column->i64, from->constant, choice, k, out->length);
    else
        choose_32(out->i32, from->column->i32, from->constant, choice, k, out->length);
}

/* Adds the rows that got a value from operand k. */
static void choose_valid(uint64_t *valid, const qn_operand *from, const int32_t *choice, int32_t k,
                         int64_t length) {
    for (int64_t w = 0; w < qn_bit_words(length); w++) {
        int64_t left = length - w * 64;
        valid[w] |= chosen_word(choice + w * 64, left < 64 ? left : 64, k) & qn_valid_word(from, w);
    }
}

static qn_status choose_text(qn_column **out, const qn_operand *operands, const int32_t *choice,
                             int64_t length) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < length; i++) {
        const qn_operand *from = choice[i] < 0 ? NULL : &operands[choice[i]];
        if (from == NULL || qn_operand_null(from, i))
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
        else
            QN_TRY_GOTO(qn_string_builder_add(&builder, qn_text_at(from, i)), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status choose_lists(qn_column **out, const qn_operand *operands, const int32_t *choice,
                              int64_t length) {
    qn_list_builder builder;
    qn_list_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < length; i++) {
        const qn_operand *from = choice[i] < 0 ? NULL : &operands[choice[i]];
        if (from == NULL || qn_operand_null(from, i)) {
            QN_TRY_GOTO(qn_list_builder_end_null(&builder), done);
            continue;
        }
        QN_TRY_GOTO(qn_list_builder_add_list(&builder, qn_list_at(from, i)), done);
        QN_TRY_GOTO(qn_list_builder_end(&builder), done);
    }
    status = qn_list_builder_finish(&builder, out);
done:
    qn_list_builder_clear(&builder);
    return status;
}

/* The texts an operand can give: one if it is constant, those of its dictionary otherwise. Adds
 * them, null for operands that are no text (a condition of `case`) or a null. */
static qn_status add_labels(qn_string_builder *labels, const qn_operand *operand) {
    const qn_column *column = operand->column;
    if (column->type != QN_STRING || (operand->constant && column->null_count > 0))
        return qn_string_builder_add_null(labels);
    if (operand->constant)
        return qn_string_builder_add(labels, qn_text_at(operand, 0));
    for (int64_t i = 0; i < column->dictionary->length; i++)
        QN_TRY(qn_string_builder_add(labels, qn_column_string(column->dictionary, i)));
    return QN_OK;
}

/* All labels of all operands; those of operand k begin at starts[k]. */
static qn_status make_labels(qn_column **out, const qn_operand *operands, int32_t count,
                             int32_t *starts) {
    qn_string_builder labels;
    qn_string_builder_init(&labels);
    qn_status status = QN_OK;
    for (int32_t k = 0; k < count; k++) {
        starts[k] = (int32_t)labels.length;
        QN_TRY_GOTO(add_labels(&labels, &operands[k]), done);
    }
    status = qn_string_builder_finish(&labels, out);
done:
    qn_string_builder_clear(&labels);
    return status;
}

/* The label of each row; `valid` is cleared for rows that have none. */
static void choose_codes(int32_t *codes, uint64_t *valid, const qn_operand *operands,
                         const int32_t *starts, const int32_t *choice, int64_t length) {
    for (int64_t i = 0; i < length; i++) {
        const qn_operand *from = choice[i] < 0 ? NULL : &operands[choice[i]];
        codes[i] = 0;
        if (from == NULL || qn_operand_null(from, i))
            qn_bit_reset(valid, i);
        else
            codes[i] = starts[choice[i]] + (from->constant ? 0 : from->column->codes[i]);
    }
}

/* All texts are constants or dictionary-encoded: their labels become the dictionary. */
static qn_status choose_labels(qn_column **out, const qn_operand *operands, int32_t count,
                               const int32_t *choice, int64_t length) {
    int32_t *codes = NULL, *starts = NULL;
    uint64_t *valid = NULL;
    qn_column *entries = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&starts, (size_t)count, sizeof *starts), done);
    QN_TRY_GOTO(make_labels(&entries, operands, count, starts), done);
    QN_TRY_GOTO(qn_mem_alloc(&codes, (size_t)length, sizeof *codes), done);
    QN_TRY_GOTO(qn_mem_alloc(&valid, (size_t)qn_bit_words(length), sizeof *valid), done);
    memset(valid, 0xff, (size_t)qn_bit_words(length) * sizeof *valid);
    qn_bits_trim(valid, length);
    choose_codes(codes, valid, operands, starts, choice, length);
    status = qn_column_spread(out, entries, codes, valid, length);
done:
    qn_column_release(entries);
    qn_mem_free(starts);
    qn_mem_free(codes);
    qn_mem_free(valid);
    return status;
}

/* True if the labels of all operands are few against the rows. */
static bool are_labels(const qn_operand *operands, int32_t count, int64_t length) {
    int64_t labels = 0;
    for (int32_t k = 0; k < count; k++) {
        const qn_column *column = operands[k].column;
        if (column->type != QN_STRING || operands[k].constant)
            continue;
        if (column->dictionary == NULL)
            return false;
        labels += column->dictionary->length;
    }
    return labels <= length / 2;
}

qn_status qn_choose(qn_column **out, const qn_call *call, const qn_operand *operands, int32_t count,
                    const int32_t *choice) {
    qn_type type = call->node->type;
    int64_t length = call->length;
    if (type == QN_STRING)
        return are_labels(operands, count, length)
                   ? choose_labels(out, operands, count, choice, length)
                   : choose_text(out, operands, choice, length);
    if (type == QN_STRING_LIST)
        return choose_lists(out, operands, choice, length);
    qn_column *column = NULL;
    uint64_t *valid = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&valid, (size_t)qn_bit_words(length), sizeof *valid), done);
    QN_TRY_GOTO(qn_column_new(&column, type, length, 0), done);
    for (int32_t k = 0; k < count; k++) {
        if (operands[k].column->type != type || length == 0)
            continue; /* a condition of `case` */
        choose_fixed(column, &operands[k], choice, k);
        choose_valid(valid, &operands[k], choice, k, length);
    }
    qn_column_set_validity(column, valid);
    valid = NULL;
    *out = column;
done:
    qn_mem_free(valid);
    return status;
}

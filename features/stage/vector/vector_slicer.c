/* vector_slicer: a vector of some slots of another: those of `indices` in their order, then those
 * of `names` in theirs. Dense stays dense, sparse stays sparse. */
#include "core/memory.h"
#include "core/text/number.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <stdlib.h>
#include <string.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"indices", QN_OPTION_TEXTS, "", NULL, "slots to take, counting from 0"},
    {"names", QN_OPTION_TEXTS, "", NULL, "names of slots to take, after those of indices"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct vector_slicer {
    qn_stage base;
    int64_t count; /* from the last bind */
    int32_t *slots;
} vector_slicer;

/* ---- Which slots ---------------------------------------------------------------------------- */

static qn_status read_index(const qn_field *field, const char *text, int32_t *out) {
    if (!qn_parse_int32(qn_view_of(text), out) || *out < 0)
        return qn_fail(QN_JOB, "indices: '%s' is not a slot number (0, 1, 2 ...)", text);
    if (field->width > 0 && *out >= field->width)
        return qn_fail(QN_JOB, "indices: %d is none of the %d slots of column '%s' (0 to %d)", *out,
                       field->width, field->name, field->width - 1);
    return QN_OK;
}

static qn_status find_name(const qn_field *field, const char *name, int32_t *out) {
    const qn_attributes *known = field->attributes;
    if (known == NULL || known->names == NULL)
        return qn_fail(QN_JOB, "names: the slots of column '%s' have no names; use indices",
                       field->name);
    for (int32_t s = 0; s < known->count; s++)
        if (strcmp(known->names[s], name) == 0) {
            *out = s;
            return QN_OK;
        }
    qn_status status = qn_fail(QN_JOB, "names: column '%s' has no slot '%s'", field->name, name);
    const char *near = qn_nearest(name, (const char *const *)known->names, known->count);
    if (near != NULL)
        qn_error_help("did you mean '%s'?", near);
    return status;
}

static int compare_slots(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static qn_status check_distinct(const qn_field *field, const int32_t *slots, int64_t count) {
    int32_t *sorted = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_copy(&sorted, slots, (size_t)count, sizeof *sorted));
    qsort(sorted, (size_t)count, sizeof *sorted, compare_slots);
    for (int64_t k = 1; k < count && status == QN_OK; k++)
        if (sorted[k] == sorted[k - 1])
            status = qn_fail(QN_JOB, "indices and names take slot %d of column '%s' twice",
                             sorted[k], field->name);
    qn_mem_free(sorted);
    return status;
}

/* Names can be found, and doubles seen, only once the vector is known. */
static qn_status find_slots(vector_slicer *self, const qn_field *field) {
    char *const *indices, *const *names;
    int64_t index_count = qn_options_list(self->base.options, "indices", &indices);
    int64_t name_count = qn_options_list(self->base.options, "names", &names);
    qn_status status = QN_OK;
    int32_t *slots = NULL;
    if (index_count + name_count == 0)
        return qn_fail(QN_JOB, "set indices, names or both: no slot is chosen");
    QN_TRY(qn_mem_calloc(&slots, (size_t)(index_count + name_count), sizeof *slots));
    for (int64_t i = 0; i < index_count; i++)
        QN_TRY_GOTO(read_index(field, indices[i], &slots[i]), done);
    for (int64_t i = 0; i < name_count && field->width > 0; i++)
        QN_TRY_GOTO(find_name(field, names[i], &slots[index_count + i]), done);
    if (field->width > 0 || name_count == 0)
        QN_TRY_GOTO(check_distinct(field, slots, index_count + name_count), done);
    qn_mem_free(self->slots);
    self->slots = slots;
    self->count = index_count + name_count;
    slots = NULL;
done:
    qn_mem_free(slots);
    return status;
}

/* ---- Stage ---------------------------------------------------------------------------------- */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    vector_slicer *self = (vector_slicer *)stage;
    int32_t index;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_vectors_find(stage, in, &index));
    const qn_field *field = &in->fields[index];
    QN_TRY(find_slots(self, field));
    if (field->width > 0)
        QN_TRY(qn_vectors_select_attributes(&attributes, field, self->slots, (int32_t)self->count));
    qn_status status = qn_vectors_bind(stage, in, (int32_t)self->count, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const vector_slicer *self = (const vector_slicer *)stage;
    int32_t index;
    qn_column *chosen = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (schema->fields[index].width == 0)
        return qn_fail(QN_DATA, "column '%s' has no slots", schema->fields[index].name);
    QN_TRY(qn_vectors_select(&chosen, in->columns[index], self->slots, self->count));
    return qn_vectors_append(in, chosen, out);
}

static void clear(qn_stage *stage) {
    vector_slicer *self = (vector_slicer *)stage;
    qn_mem_free(self->slots);
    self->slots = NULL;
    self->count = 0;
}

const qn_stage_class qn_vector_slicer_class = {
    .name = "vector_slicer",
    .help = "take some slots of a vector",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(vector_slicer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};

/* The file's groups, attributes, dictionaries and empty datasets, made by rank 0. */
#include "mpi/hdf5/part_plan.h"

#include "core/memory.h"

#include <string.h>

enum { CHUNK_ROWS = 65536, CHUNK_BYTES = 1 << 20 };

typedef struct creation {
    part_plan *plan;
    const char *path;
    hid_t file, obs, obsm, uns, fs, lists;
} creation;

/* ---- Datasets ------------------------------------------------------------------------------- */

static bool set_chunks(hid_t list, int rank, const hsize_t *dims) {
    hsize_t chunk[2] = {CHUNK_ROWS, rank == 2 ? dims[1] : 1};
    while (chunk[0] > 1 && chunk[0] * chunk[1] * 8 > CHUNK_BYTES)
        chunk[0] /= 2;
    chunk[0] = chunk[0] < dims[0] ? chunk[0] : dims[0];
    return H5Pset_chunk(list, rank, chunk) >= 0 && H5Pset_shuffle(list) >= 0 &&
           H5Pset_deflate(list, 1) >= 0 && H5Pset_fletcher32(list) >= 0;
}

/* Contiguous datasets have their place at once, so that all ranks can write to it. HDF5 insists
 * on clearing references to variable-length texts first. */
static bool set_contiguous(hid_t list, hid_t type) {
    H5D_fill_time_t fill = H5Tis_variable_str(type) > 0 ? H5D_FILL_TIME_IFSET : H5D_FILL_TIME_NEVER;
    return H5Pset_layout(list, H5D_CONTIGUOUS) >= 0 &&
           H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY) >= 0 && H5Pset_fill_time(list, fill) >= 0;
}

/* A property list, the caller's; invalid on failure. */
static hid_t layout(hid_t type, bool chunked, int rank, const hsize_t *dims) {
    hid_t list = H5I_INVALID_HID;
    if (qn_hdf5_creation(&list, H5P_DATASET_CREATE) != QN_OK)
        return H5I_INVALID_HID;
    if (chunked ? set_chunks(list, rank, dims) : set_contiguous(list, type))
        return list;
    qn_hdf5_release(list);
    return H5I_INVALID_HID;
}

static qn_status create_dataset(const creation *c, hid_t parent, const char *name, hid_t type,
                                int rank, const hsize_t *dims, bool chunked, hid_t *out) {
    hid_t list = layout(type, chunked, rank, dims);
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t dataset = -1;
    if (list >= 0 && space >= 0 && type >= 0)
        dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    qn_status status = qn_hdf5_check(dataset, QN_IO, "create a dataset in", c->path);
    (void)H5Pclose(list);
    (void)H5Sclose(space);
    if (status == QN_OK)
        *out = dataset;
    return status;
}

/* Attributes: `encoding` (NULL: none), `logical` type (NULL: none). */
static qn_status describe_dataset(const creation *c, hid_t dataset, const char *encoding,
                                  const char *logical) {
    if (encoding != NULL)
        QN_TRY(part_h5_encoding(dataset, encoding, "0.2.0", c->path));
    if (logical != NULL)
        QN_TRY(part_h5_attr_text(dataset, "logical-type", logical, c->path));
    return QN_OK;
}

typedef struct slot_spec {
    hid_t parent;
    const char *name;
    hid_t type;
    int64_t rows, width; /* width 0: one dimension */
    const char *encoding, *logical;
    bool never_chunked;
} slot_spec;

static qn_status create_slot(const creation *c, const slot_spec *spec, part_slot *slot) {
    int rank = spec->width > 0 ? 2 : 1;
    hsize_t dims[2] = {(hsize_t)spec->rows, (hsize_t)spec->width};
    bool chunked = c->plan->deflate && !spec->never_chunked && spec->rows > 0;
    hid_t dataset = -1;
    QN_TRY(create_dataset(c, spec->parent, spec->name, spec->type, rank, dims, chunked, &dataset));
    slot->size = (int64_t)H5Tget_size(spec->type) * (spec->width > 0 ? spec->width : 1);
    slot->offset = -1;
    slot->dataset = 0;
    qn_status status = describe_dataset(c, dataset, spec->encoding, spec->logical);
    if (chunked && status == QN_OK) {
        slot->dataset = dataset;
        return QN_OK;
    }
    if (status == QN_OK && spec->rows > 0) {
        haddr_t offset = H5Dget_offset(dataset);
        status = qn_hdf5_check(offset == HADDR_UNDEF ? -1 : 0, QN_IO, "find a dataset's place in",
                               c->path);
        slot->offset = (int64_t)offset;
    }
    return part_h5_close(dataset, status, c->path);
}

/* A dataset of texts written at once: categories, the empty index of /var. */
static qn_status write_texts(const creation *c, hid_t parent, const char *name, int64_t longest,
                             const part_dictionary *texts) {
    hsize_t count = (hsize_t)texts->count;
    int64_t size = longest > 0 ? longest : 1;
    char *chars = NULL;
    QN_TRY(qn_mem_calloc(&chars, (size_t)(size * texts->count), 1));
    for (int32_t code = 0; code < texts->count; code++) {
        qn_view text = part_dictionary_entry(texts, code);
        memcpy(chars + code * size, text.data, (size_t)text.length);
    }
    hid_t dataset = -1;
    hid_t type = part_h5_fixed(size);
    qn_status status = create_dataset(c, parent, name, type, 1, &count, false, &dataset);
    if (status == QN_OK)
        status = describe_dataset(c, dataset, "string-array", NULL);
    if (status == QN_OK && count > 0)
        status = qn_hdf5_check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, chars), QN_IO,
                               "write", c->path);
    status = part_h5_close(dataset, status, c->path);
    (void)H5Tclose(type);
    qn_mem_free(chars);
    return status;
}

/* ---- Columns -------------------------------------------------------------------------------- */

static qn_status create_mask(const creation *c, hid_t parent, const char *name, int64_t rows,
                             const char *encoding, part_slot *mask) {
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_bool_type(&type));
    slot_spec spec = {
        .parent = parent, .name = name, .type = type, .rows = rows, .encoding = encoding};
    qn_status status = create_slot(c, &spec, mask);
    (void)H5Tclose(type);
    return status;
}

/* "<key><suffix>" as a dataset beside the column, which anndata passes over. */
static qn_status create_mask_beside(const creation *c, hid_t parent, part_column *column) {
    char *name = NULL;
    QN_TRY(qn_format(&name, "%s.__mask__", column->key));
    qn_status status = create_mask(c, parent, name, c->plan->rows, "array", &column->mask);
    qn_mem_free(name);
    return status;
}

static hid_t file_type(qn_type type) {
    hid_t flag = H5I_INVALID_HID;
    switch (type) {
    case QN_BOOL:
        return qn_hdf5_bool_type(&flag) == QN_OK ? flag : H5I_INVALID_HID;
    case QN_INT32:
    case QN_DATE:
        return H5Tcopy(H5T_STD_I32LE);
    case QN_FLOAT32:
        return H5Tcopy(H5T_IEEE_F32LE);
    case QN_FLOAT64:
        return H5Tcopy(H5T_IEEE_F64LE);
    default:
        return H5Tcopy(H5T_STD_I64LE);
    }
}

static const char *logical_type(qn_type type) {
    if (type == QN_DATE)
        return "date";
    return type == QN_TIMESTAMP ? "timestamp[ns, UTC]" : NULL;
}

static qn_status create_nullable(const creation *c, part_column *column, hid_t type) {
    bool is_bool = column->field->type == QN_BOOL;
    hid_t group = -1;
    QN_TRY(part_h5_group(&group, c->obs, column->key,
                         is_bool ? "nullable-boolean" : "nullable-integer", "0.1.0", c->path));
    slot_spec spec = {.parent = group,
                      .name = "values",
                      .type = type,
                      .rows = c->plan->rows,
                      .encoding = "array",
                      .logical = logical_type(column->field->type)};
    qn_status status = create_slot(c, &spec, &column->values);
    if (status == QN_OK)
        status = create_mask(c, group, "mask", c->plan->rows, "array", &column->mask);
    return part_h5_close(group, status, c->path);
}

/* Reals and timestamps have a value of their own for nothing (NaN, NaT), integers have not. */
static qn_status create_plain(const creation *c, part_column *column) {
    qn_type type = column->field->type;
    bool nan = type == QN_FLOAT32 || type == QN_FLOAT64 || type == QN_TIMESTAMP;
    hid_t stored = file_type(type);
    qn_status status;
    if (column->masked && !nan) {
        status = create_nullable(c, column, stored);
    } else {
        slot_spec spec = {.parent = c->obs,
                          .name = column->key,
                          .type = stored,
                          .rows = c->plan->rows,
                          .encoding = "array",
                          .logical = logical_type(type)};
        status = create_slot(c, &spec, &column->values);
        if (status == QN_OK && column->masked)
            status = create_mask_beside(c, c->obs, column);
    }
    (void)H5Tclose(stored);
    return status;
}

static hid_t code_type(const part_dictionary *dictionary) {
    if (dictionary->count <= INT8_MAX)
        return H5T_STD_I8LE;
    return dictionary->count <= INT16_MAX ? H5T_STD_I16LE : H5T_STD_I32LE;
}

static qn_status create_categorical(const creation *c, hid_t parent, const char *name,
                                    part_strings *strings) {
    hid_t group = -1;
    QN_TRY(part_h5_group(&group, parent, name, "categorical", "0.2.0", c->path));
    slot_spec spec = {.parent = group,
                      .name = "codes",
                      .type = code_type(&strings->dictionary),
                      .rows = strings->count,
                      .encoding = "array"};
    qn_status status = part_h5_attr_false(group, "ordered", c->path);
    if (status == QN_OK)
        status = create_slot(c, &spec, &strings->values);
    if (status == QN_OK)
        status = write_texts(c, group, "categories", strings->longest, &strings->dictionary);
    return part_h5_close(group, status, c->path);
}

static qn_status create_fixed(const creation *c, hid_t parent, const char *name,
                              part_strings *strings) {
    hid_t type = part_h5_fixed(strings->longest > 0 ? strings->longest : 1);
    slot_spec spec = {.parent = parent,
                      .name = name,
                      .type = type,
                      .rows = strings->count,
                      .encoding = "string-array"};
    qn_status status = create_slot(c, &spec, &strings->values);
    (void)H5Tclose(type);
    return status;
}

/* The heap is a dataset only so that its bytes belong to something: references point into it. */
static qn_status create_variable(const creation *c, hid_t parent, const char *name,
                                 part_strings *strings) {
    char *heap_name = NULL;
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_text_type(&type));
    qn_status status = qn_format(&heap_name, "%s.__heap__", name);
    slot_spec spec = {.parent = parent,
                      .name = name,
                      .type = type,
                      .rows = strings->count,
                      .encoding = "string-array",
                      .never_chunked = true};
    slot_spec heap = {.parent = parent,
                      .name = heap_name,
                      .type = H5T_STD_U8LE,
                      .rows = part_heap_size(strings->count, strings->object_bytes),
                      .never_chunked = true};
    if (status == QN_OK)
        status = create_slot(c, &spec, &strings->values);
    strings->values.size = PART_REFERENCE;
    if (status == QN_OK)
        status = create_slot(c, &heap, &strings->heap);
    (void)H5Tclose(type);
    qn_mem_free(heap_name);
    return status;
}

static qn_status create_strings(const creation *c, hid_t parent, const char *name,
                                part_strings *strings) {
    if (strings->coding == PART_CATEGORICAL)
        return create_categorical(c, parent, name, strings);
    if (strings->coding == PART_FIXED)
        return create_fixed(c, parent, name, strings);
    return create_variable(c, parent, name, strings);
}

static qn_status create_list(const creation *c, part_column *column) {
    hid_t group = -1;
    QN_TRY(part_h5_group(&group, c->lists, column->key, "dict", "0.1.0", c->path));
    slot_spec spec = {.parent = group,
                      .name = "offsets",
                      .type = H5T_STD_I64LE,
                      .rows = c->plan->rows + 1,
                      .encoding = "array"};
    qn_status status = create_slot(c, &spec, &column->offsets);
    if (status == QN_OK)
        status = create_strings(c, group, "items", &column->strings);
    if (status == QN_OK && column->masked)
        status = create_mask(c, group, "mask", c->plan->rows, "array", &column->mask);
    return part_h5_close(group, status, c->path);
}

static qn_status create_dense(const creation *c, part_column *column) {
    slot_spec spec = {.parent = c->obsm,
                      .name = column->key,
                      .type = H5T_IEEE_F64LE,
                      .rows = c->plan->rows,
                      .width = column->field->width,
                      .encoding = "array"};
    if (spec.width == 0)
        return qn_fail(QN_DATA, "vector column '%s' has no slots; it cannot be stored",
                       column->field->name);
    QN_TRY(create_slot(c, &spec, &column->values));
    return column->masked ? create_mask_beside(c, c->fs, column) : QN_OK;
}

static qn_status create_sparse(const creation *c, part_column *column) {
    hid_t group = -1;
    QN_TRY(part_h5_group(&group, c->obsm, column->key, "csr_matrix", "0.1.0", c->path));
    int64_t shape[2] = {c->plan->rows, column->field->width};
    slot_spec data = {
        .parent = group, .name = "data", .type = H5T_IEEE_F64LE, .rows = column->entries};
    slot_spec indices = {
        .parent = group, .name = "indices", .type = H5T_STD_I32LE, .rows = column->entries};
    slot_spec indptr = {
        .parent = group, .name = "indptr", .type = H5T_STD_I64LE, .rows = c->plan->rows + 1};
    qn_status status = part_h5_attr_ints(group, "shape", shape, 2, c->path);
    if (status == QN_OK)
        status = create_slot(c, &data, &column->values);
    if (status == QN_OK)
        status = create_slot(c, &indices, &column->indices);
    if (status == QN_OK)
        status = create_slot(c, &indptr, &column->offsets);
    status = part_h5_close(group, status, c->path);
    if (status != QN_OK || !column->masked)
        return status;
    return create_mask_beside(c, c->fs, column);
}

static qn_status create_column(const creation *c, part_column *column) {
    switch (column->coding) {
    case PART_PLAIN:
        return create_plain(c, column);
    case PART_LIST:
        return create_list(c, column);
    case PART_DENSE:
        return create_dense(c, column);
    case PART_SPARSE:
        return create_sparse(c, column);
    default:
        QN_TRY(create_strings(c, c->obs, column->key, &column->strings));
        return column->masked ? create_mask_beside(c, c->obs, column) : QN_OK;
    }
}

/* ---- The frame ------------------------------------------------------------------------------ */

static qn_status create_empty_group(const creation *c, const char *name) {
    hid_t group = -1;
    QN_TRY(part_h5_group(&group, c->file, name, "dict", "0.1.0", c->path));
    return part_h5_close(group, QN_OK, c->path);
}

static qn_status create_var(const creation *c) {
    hid_t var = -1;
    part_dictionary nothing;
    part_dictionary_init(&nothing);
    QN_TRY(part_h5_group(&var, c->file, "var", "dataframe", "0.2.0", c->path));
    qn_status status = part_h5_attr_text(var, "_index", "_index", c->path);
    if (status == QN_OK)
        status = part_h5_attr_texts(var, "column-order", NULL, 0, c->path);
    if (status == QN_OK)
        status = write_texts(c, var, "_index", 0, &nothing);
    return part_h5_close(var, status, c->path);
}

static bool in_obs(const part_column *column) {
    return column->coding != PART_LIST && column->coding != PART_DENSE &&
           column->coding != PART_SPARSE;
}

static qn_status write_column_order(const creation *c) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)c->plan->count, sizeof *names));
    int32_t count = 0;
    for (int32_t i = 0; i < c->plan->count; i++)
        if (in_obs(&c->plan->columns[i]))
            names[count++] = c->plan->columns[i].key;
    qn_status status = part_h5_attr_texts(c->obs, "column-order", names, count, c->path);
    qn_mem_free(names);
    return status;
}

/* Our schema: one text, which h5py and anndata show as a string. */
static qn_status write_schema(const creation *c) {
    hid_t type = part_h5_fixed((int64_t)strlen(c->plan->schema));
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t list = layout(type, false, 0, NULL);
    hid_t dataset = -1;
    if (type >= 0 && space >= 0 && list >= 0)
        dataset = H5Dcreate2(c->fs, "schema", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    qn_status status = qn_hdf5_check(dataset, QN_IO, "create the schema of", c->path);
    if (status == QN_OK)
        status = describe_dataset(c, dataset, "string", NULL);
    if (status == QN_OK)
        status =
            qn_hdf5_check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->plan->schema),
                          QN_IO, "write the schema of", c->path);
    status = part_h5_close(dataset, status, c->path);
    (void)H5Pclose(list);
    (void)H5Sclose(space);
    (void)H5Tclose(type);
    return status;
}

static qn_status create_frame(creation *c) {
    const char *path = c->path;
    QN_TRY(part_h5_encoding(c->file, "anndata", "0.1.0", path));
    QN_TRY(part_h5_group(&c->obs, c->file, "obs", "dataframe", "0.2.0", path));
    QN_TRY(part_h5_attr_text(c->obs, "_index", "_index", path));
    QN_TRY(write_column_order(c));
    QN_TRY(create_var(c));
    static const char *const empty[] = {"layers", "varm", "obsp", "varp"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        QN_TRY(create_empty_group(c, empty[i]));
    QN_TRY(part_h5_group(&c->obsm, c->file, "obsm", "dict", "0.1.0", path));
    QN_TRY(part_h5_group(&c->uns, c->file, "uns", "dict", "0.1.0", path));
    QN_TRY(part_h5_group(&c->fs, c->uns, "fs", "dict", "0.1.0", path));
    QN_TRY(part_h5_group(&c->lists, c->fs, "lists", "dict", "0.1.0", path));
    return write_schema(c);
}

static qn_status create_all(creation *c) {
    QN_TRY(create_frame(c));
    slot_spec index = {.parent = c->obs,
                       .name = "_index",
                       .type = H5T_STD_I64LE,
                       .rows = c->plan->rows,
                       .encoding = "array"};
    QN_TRY(create_slot(c, &index, &c->plan->index));
    for (int32_t i = 0; i < c->plan->count; i++) {
        qn_status status = create_column(c, &c->plan->columns[i]);
        if (status != QN_OK) {
            qn_error_locate("column '%s'", c->plan->columns[i].field->name);
            return status;
        }
    }
    return QN_OK;
}

qn_status part_create(part_plan *plan, bool replace, hid_t *file) {
    creation c = {.plan = plan,
                  .path = plan->path,
                  .file = -1,
                  .obs = -1,
                  .obsm = -1,
                  .uns = -1,
                  .fs = -1,
                  .lists = -1};
    QN_TRY(part_h5_create(&c.file, plan->path, replace));
    qn_status status = create_all(&c);
    status = part_h5_close(c.lists, status, plan->path);
    status = part_h5_close(c.fs, status, plan->path);
    status = part_h5_close(c.uns, status, plan->path);
    status = part_h5_close(c.obsm, status, plan->path);
    status = part_h5_close(c.obs, status, plan->path);
    if (status != QN_OK)
        return part_h5_close(c.file, status, plan->path);
    *file = c.file;
    return QN_OK;
}

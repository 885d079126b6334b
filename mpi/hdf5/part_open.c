/* Opening part files and the datasets of their columns. */
#include "core/memory.h"
#include "mpi/hdf5/part_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

qn_status part_damaged(const qn_part *part, const char *format, ...) {
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    qn_status status = qn_fail(QN_DATA, "'%s' is damaged: %s", part->path, reason);
    qn_error_help("restore the file from a copy, or write it again");
    return status;
}

/* ---- Datasets ------------------------------------------------------------------------------- */

static void close_source(part_source *source) {
    if (source->type > 0)
        (void)H5Tclose(source->type);
    if (source->dataset > 0)
        (void)H5Dclose(source->dataset);
    *source = (part_source){0};
}

static qn_status measure(const qn_part *part, const char *name, part_source *source) {
    hsize_t dims[2] = {0, 0};
    hid_t space = H5Dget_space(source->dataset);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    if (rank == 1 || rank == 2)
        rank = H5Sget_simple_extent_dims(space, dims, NULL);
    (void)H5Sclose(space);
    source->type = H5Dget_type(source->dataset);
    if (rank < 1 || rank > 2 || source->type < 0)
        return part_damaged(part, "'%s' has no readable shape", name);
    source->rows = (int64_t)dims[0];
    source->width = rank == 2 ? (int64_t)dims[1] : 0;
    source->size = (int64_t)H5Tget_size(source->type) * (rank == 2 ? source->width : 1);
    if (H5Tis_variable_str(source->type) > 0)
        source->size = PART_REFERENCE; /* H5Tget_size tells its size in memory */
    hid_t list = H5Dget_create_plist(source->dataset);
    bool contiguous = H5Pget_layout(list) == H5D_CONTIGUOUS;
    (void)H5Pclose(list);
    haddr_t offset = contiguous ? H5Dget_offset(source->dataset) : HADDR_UNDEF;
    source->offset = offset == HADDR_UNDEF ? -1 : (int64_t)offset;
    return QN_OK;
}

/* `rows` < 0: any. `size`: bytes an element must have, 0: any. */
static qn_status open_source(const qn_part *part, const char *name, int64_t rows, int64_t size,
                             part_source *out) {
    part_source source = {.dataset = H5Dopen2(part->file, name, H5P_DEFAULT)};
    if (source.dataset < 0)
        return part_damaged(part, "it has no dataset '%s'", name);
    qn_status status = measure(part, name, &source);
    if (status == QN_OK && rows >= 0 && source.rows != rows)
        status = part_damaged(part, "'%s' has %lld rows instead of %lld", name,
                              (long long)source.rows, (long long)rows);
    if (status == QN_OK && size > 0 && source.size != size)
        status = part_damaged(part, "'%s' has elements of %lld bytes instead of %lld", name,
                              (long long)source.size, (long long)size);
    if (status != QN_OK) {
        close_source(&source);
        return status;
    }
    *out = source;
    return QN_OK;
}

static qn_status open_named(const qn_part *part, const char *folder, const char *name,
                            const char *rest, int64_t rows, int64_t size, part_source *out) {
    char *full = NULL;
    QN_TRY(qn_format(&full, "%s/%s%s", folder, name, rest));
    qn_status status = open_source(part, full, rows, size, out);
    qn_mem_free(full);
    return status;
}

static qn_status open_strings(qn_part *part, const char *folder, const char *name, int64_t rows,
                              part_string_source *strings) {
    if (strings->coding == PART_FIXED)
        return open_named(part, folder, name, "", rows, 0, &strings->values);
    if (strings->coding == PART_VARIABLE) {
        QN_TRY(open_named(part, folder, name, "", rows, PART_REFERENCE, &strings->values));
        return open_named(part, folder, name, ".__heap__", -1, 1, &strings->heap);
    }
    part_string_source categories = {.coding = PART_FIXED};
    QN_TRY(open_named(part, folder, name, "/codes", rows, 0, &strings->values));
    QN_TRY(open_named(part, folder, name, "/categories", -1, 0, &categories.values));
    qn_status status =
        part_read_strings(part, &categories, 0, categories.values.rows, &strings->dictionary);
    close_source(&categories.values);
    return status;
}

static int64_t stored_size(qn_type type) {
    return type == QN_BOOL ? 1 : qn_type_size(type);
}

static qn_status open_plain(qn_part *part, part_reading *column, qn_type type) {
    bool nan = type == QN_FLOAT32 || type == QN_FLOAT64 || type == QN_TIMESTAMP;
    bool grouped = column->masked && !nan;
    QN_TRY(open_named(part, "obs", column->key, grouped ? "/values" : "", part->rows,
                      stored_size(type), &column->values));
    if (!column->masked)
        return QN_OK;
    return open_named(part, "obs", column->key, grouped ? "/mask" : ".__mask__", part->rows, 1,
                      &column->mask);
}

static qn_status open_list(qn_part *part, part_reading *column) {
    static const char lists[] = "uns/fs/lists";
    char *folder = NULL;
    QN_TRY(open_named(part, lists, column->key, "/offsets", part->rows + 1, 8, &column->offsets));
    if (column->masked)
        QN_TRY(open_named(part, lists, column->key, "/mask", part->rows, 1, &column->mask));
    QN_TRY(qn_format(&folder, "%s/%s", lists, column->key));
    qn_status status = open_strings(part, folder, "items", -1, &column->strings);
    qn_mem_free(folder);
    return status;
}

static qn_status open_vector(qn_part *part, part_reading *column, int32_t width) {
    if (column->masked)
        QN_TRY(open_named(part, "uns/fs", column->key, ".__mask__", part->rows, 1, &column->mask));
    if (column->coding == PART_DENSE)
        return open_named(part, "obsm", column->key, "", part->rows, 8 * (int64_t)width,
                          &column->values);
    QN_TRY(open_named(part, "obsm", column->key, "/indptr", part->rows + 1, 8, &column->offsets));
    QN_TRY(open_named(part, "obsm", column->key, "/data", -1, 8, &column->values));
    return open_named(part, "obsm", column->key, "/indices", column->values.rows, 4,
                      &column->indices);
}

qn_status part_open_column(qn_part *part, int32_t index) {
    part_reading *column = &part->columns[index];
    const qn_field *field = &part->schema.fields[index];
    if (column->open)
        return QN_OK;
    column->open = true;
    switch (column->coding) {
    case PART_PLAIN:
        return open_plain(part, column, field->type);
    case PART_LIST:
        return open_list(part, column);
    case PART_DENSE:
    case PART_SPARSE:
        return open_vector(part, column, field->width);
    default:
        if (column->masked)
            QN_TRY(open_named(part, "obs", column->key, ".__mask__", part->rows, 1, &column->mask));
        return open_strings(part, "obs", column->key, part->rows, &column->strings);
    }
}

void part_close_column(part_reading *column) {
    close_source(&column->values);
    close_source(&column->mask);
    close_source(&column->offsets);
    close_source(&column->indices);
    close_source(&column->strings.values);
    close_source(&column->strings.heap);
    qn_column_release(column->strings.dictionary);
    column->strings.dictionary = NULL;
    column->open = false;
}

/* ---- The file ------------------------------------------------------------------------------- */

/* A coding that the column's type can have. */
static bool fits(const part_reading *column, qn_type type) {
    switch (column->coding) {
    case PART_PLAIN:
        return type != QN_STRING && type != QN_STRING_LIST && type != QN_VECTOR;
    case PART_LIST:
        return type == QN_STRING_LIST && column->strings.coding >= PART_CATEGORICAL &&
               column->strings.coding <= PART_VARIABLE;
    case PART_DENSE:
    case PART_SPARSE:
        return type == QN_VECTOR;
    default:
        return type == QN_STRING;
    }
}

static qn_status take_column(qn_part *part, int32_t index, const json_t *object) {
    part_reading *column = &part->columns[index];
    const char *key = json_string_value(json_object_get(object, "key"));
    const char *coding = json_string_value(json_object_get(object, "coding"));
    const char *items = json_string_value(json_object_get(object, "items"));
    const char *content = json_string_value(json_object_get(object, "content"));
    bool good = key != NULL && coding != NULL && content != NULL &&
                part_coding_parse(coding, &column->coding) &&
                qn_content_parse(content, part->rows, &column->content);
    column->strings.coding = column->coding;
    if (good && column->coding == PART_LIST)
        good = items != NULL && part_coding_parse(items, &column->strings.coding);
    if (!good || !fits(column, part->schema.fields[index].type))
        return part_damaged(part, "the description of column %d is malformed", index + 1);
    column->masked = json_is_true(json_object_get(object, "masked"));
    column->null_count = json_integer_value(json_object_get(object, "nulls"));
    return qn_mem_copy_text(&column->key, key);
}

static qn_status take_schema(qn_part *part, const json_t *root) {
    const json_t *columns = json_object_get(root, "columns");
    json_int_t format = json_integer_value(json_object_get(root, "format"));
    if (format > PART_FORMAT)
        return qn_fail(QN_INPUT, "'%s' has table format %lld; this version reads up to %d",
                       part->path, (long long)format, PART_FORMAT);
    part->rows = json_integer_value(json_object_get(root, "rows"));
    if (format < 1 || part->rows < 0)
        return part_damaged(part, "its schema is malformed");
    qn_status status = qn_schema_from_json(columns, &part->schema);
    if (status != QN_OK) {
        qn_error_prefix("'%s' is damaged: ", part->path);
        return status;
    }
    QN_TRY(qn_mem_calloc(&part->columns, (size_t)part->schema.count, sizeof *part->columns));
    part->count = part->schema.count;
    for (int32_t i = 0; i < part->count; i++)
        QN_TRY(take_column(part, i, json_array_get(columns, (size_t)i)));
    return QN_OK;
}

static qn_status read_schema_text(const qn_part *part, char **out) {
    hid_t dataset = H5Dopen2(part->file, "uns/fs/schema", H5P_DEFAULT);
    if (dataset < 0) {
        qn_status status =
            qn_fail(QN_INPUT, "'%s' is an HDF5 file, but not a table that quern wrote", part->path);
        qn_error_help("tables are made by 'quern convert' and by -o NAME.h5ad");
        return status;
    }
    hid_t type = H5Dget_type(dataset);
    size_t size = type < 0 ? 0 : H5Tget_size(type);
    char *text = NULL;
    qn_status status = qn_mem_calloc(&text, size + 1, 1);
    if (status == QN_OK && (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0))
        status = part_damaged(part, "its schema is not a fixed-length text");
    if (status == QN_OK)
        status = qn_hdf5_check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text), QN_IO,
                               "read the schema of", part->path);
    (void)H5Tclose(type);
    (void)H5Dclose(dataset);
    if (status != QN_OK) {
        qn_mem_free(text);
        return status;
    }
    *out = text;
    return QN_OK;
}

static qn_status read_schema(qn_part *part) {
    char *text = NULL;
    QN_TRY(read_schema_text(part, &text));
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    qn_mem_free(text);
    if (root == NULL)
        return part_damaged(part, "its schema is not JSON: %s", error.text);
    qn_status status = take_schema(part, root);
    json_decref(root);
    return status;
}

static qn_status open_file(qn_part *part) {
    /* O_NONBLOCK: opening a pipe that nobody writes must not wait. */
    part->descriptor = open(part->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (part->descriptor < 0)
        return qn_fail_errno(QN_INPUT, "cannot open '%s'", part->path);
    struct stat file;
    if (fstat(part->descriptor, &file) != 0 || S_ISDIR(file.st_mode))
        return qn_fail(QN_INPUT, "'%s' is a folder, not a table file", part->path);
    char signature[8] = {0};
    ssize_t got = pread(part->descriptor, signature, sizeof signature, 0);
    if (got != (ssize_t)sizeof signature || memcmp(signature, "\211HDF\r\n\032\n", 8) != 0)
        return qn_fail(QN_INPUT, "'%s' is not an HDF5 file", part->path);
    hid_t handle = -1;
    if (qn_hdf5_open_file(&handle, part->path) != QN_OK) {
        qn_status status =
            qn_fail(QN_INPUT, "'%s' is truncated or damaged: HDF5 cannot open it", part->path);
        qn_error_help("restore the file from a copy, or write it again");
        return status;
    }
    part->file = handle;
    return read_schema(part);
}

qn_status qn_part_open(qn_part **out, const char *path) {
    QN_TRY(qn_hdf5_start());
    qn_part *part = NULL;
    QN_TRY(qn_mem_calloc(&part, 1, sizeof *part));
    part->descriptor = -1;
    qn_status status = qn_mem_copy_text(&part->path, path);
    if (status == QN_OK)
        status = open_file(part);
    if (status != QN_OK) {
        qn_part_free(part);
        return status;
    }
    *out = part;
    return QN_OK;
}

void qn_part_free(qn_part *part) {
    if (part == NULL)
        return;
    for (int32_t i = 0; i < part->count; i++) {
        part_close_column(&part->columns[i]);
        qn_mem_free(part->columns[i].key);
    }
    qn_mem_free(part->columns);
    qn_schema_clear(&part->schema);
    if (part->file > 0)
        (void)H5Fclose(part->file);
    if (part->descriptor >= 0)
        (void)close(part->descriptor);
    qn_mem_free(part->scratch);
    qn_mem_free(part->path);
    qn_mem_free(part);
}

const char *qn_part_path(const qn_part *part) {
    return part->path;
}

const qn_schema *qn_part_schema(const qn_part *part) {
    return &part->schema;
}

int64_t qn_part_rows(const qn_part *part) {
    return part->rows;
}

const qn_content *qn_part_content(const qn_part *part, int32_t column) {
    return &part->columns[column].content;
}

int64_t qn_part_null_count(const qn_part *part, int32_t column) {
    return part->columns[column].null_count;
}

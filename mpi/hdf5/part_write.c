#include "core/memory.h"
#include "mpi/hdf5/part_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void qn_part_info_init(qn_part_info *info) {
    *info = (qn_part_info){0};
}

void qn_part_info_clear(qn_part_info *info) {
    qn_mem_free(info->columns);
    qn_part_info_init(info);
}

/* ---- The schema inside the file ------------------------------------------------------------- */

static int describe_column(json_t *object, const part_column *column) {
    char content[QN_CONTENT_TEXT];
    qn_content_print(&column->info.content, content);
    int failed = json_object_set_new(object, "key", json_string(column->key));
    failed |= json_object_set_new(object, "coding", json_string(part_coding_name(column->coding)));
    if (column->coding == PART_LIST)
        failed |= json_object_set_new(object, "items",
                                      json_string(part_coding_name(column->strings.coding)));
    failed |= json_object_set_new(object, "masked", json_boolean(column->masked));
    failed |= json_object_set_new(object, "nulls", json_integer(column->info.null_count));
    failed |= json_object_set_new(object, "content", json_string(content));
    return failed;
}

static qn_status make_schema(part_plan *plan) {
    json_t *columns = NULL;
    QN_TRY(qn_schema_to_json(&plan->table->schema, &columns));
    int failed = 0;
    for (int32_t i = 0; i < plan->count; i++)
        failed |= describe_column(json_array_get(columns, (size_t)i), &plan->columns[i]);
    json_t *root = json_pack("{s:i, s:I, s:o}", "format", PART_FORMAT, "rows",
                             (json_int_t)plan->rows, "columns", columns);
    plan->schema = root == NULL || failed ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (plan->schema == NULL)
        return qn_fail(QN_MEMORY, "cannot describe the columns of '%s'", plan->path);
    return QN_OK;
}

/* ---- Slots, from rank 0 to all -------------------------------------------------------------- */

enum { SLOTS = 6 };

static void list_slots(part_column *column, part_slot *slots[SLOTS]) {
    slots[0] = &column->values;
    slots[1] = &column->mask;
    slots[2] = &column->offsets;
    slots[3] = &column->indices;
    slots[4] = &column->strings.values;
    slots[5] = &column->strings.heap;
}

static qn_status share_slots(part_plan *plan) {
    int64_t count = (int64_t)plan->count * SLOTS + 1;
    part_slot *all = NULL;
    QN_TRY(qn_comm_agree(plan->comm, qn_mem_calloc(&all, (size_t)count, sizeof *all)));
    part_slot *slots[SLOTS];
    for (int32_t i = 0; i < plan->count; i++) {
        list_slots(&plan->columns[i], slots);
        for (int j = 0; j < SLOTS; j++)
            all[i * SLOTS + j] = *slots[j];
    }
    all[count - 1] = plan->index;
    qn_status status = qn_comm_broadcast(plan->comm, all, count * (int64_t)sizeof *all, 0);
    for (int32_t i = 0; status == QN_OK && i < plan->count; i++) {
        list_slots(&plan->columns[i], slots);
        for (int j = 0; j < SLOTS; j++)
            *slots[j] = all[i * SLOTS + j];
    }
    if (status == QN_OK)
        plan->index = all[count - 1];
    qn_mem_free(all);
    return status;
}

/* Each close of a compressed dataset writes its last chunks: it may be the first to fail. */
static qn_status close_chunked(part_plan *plan, qn_status status) {
    part_slot *slots[SLOTS];
    for (int32_t i = 0; i < plan->count; i++) {
        list_slots(&plan->columns[i], slots);
        for (int j = 0; j < SLOTS; j++) {
            status = part_h5_close(slots[j]->dataset, status, plan->path);
            slots[j]->dataset = 0;
        }
    }
    status = part_h5_close(plan->index.dataset, status, plan->path);
    plan->index.dataset = 0;
    return status;
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* Opens the file beside HDF5, fills it and flushes this process's pages. */
static qn_status fill_and_sync(part_plan *plan, hid_t file) {
    int descriptor = open(plan->path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return qn_fail_errno(QN_IO, "cannot open '%s'", plan->path);
    qn_status status = part_fill(plan, descriptor);
    status = close_chunked(plan, status);
    status = part_h5_close(file, status, plan->path);
    if (status == QN_OK && fsync(descriptor) != 0)
        status = qn_fail_errno(QN_IO, "cannot flush '%s' to disk", plan->path);
    if (close(descriptor) != 0 && status == QN_OK)
        status = qn_fail_errno(QN_IO, "cannot close '%s'", plan->path);
    return status;
}

static qn_status create_on_root(part_plan *plan, bool replace, hid_t *file) {
    if (qn_comm_rank(plan->comm) != 0)
        return QN_OK;
    QN_TRY(make_schema(plan));
    QN_TRY(part_create(plan, replace, file));
    if (plan->deflate)
        return QN_OK; /* stays open for the compressed datasets */
    hid_t done = *file;
    *file = -1;
    return part_h5_close(done, QN_OK, plan->path);
}

static qn_status write_file(part_plan *plan, const qn_part_options *options) {
    QN_TRY(part_plan_make(plan));
    hid_t file = -1;
    qn_status status = create_on_root(plan, options->replace, &file);
    QN_TRY(qn_comm_agree(plan->comm, status));
    status = share_slots(plan);
    if (status != QN_OK)
        return part_h5_close(file, close_chunked(plan, status), plan->path);
    status = fill_and_sync(plan, file);
    return qn_comm_agree(plan->comm, status);
}

static qn_status verify_on_root(qn_comm *comm, const char *path) {
    if (qn_comm_rank(comm) != 0)
        return QN_OK;
    qn_part *part = NULL;
    QN_TRY(qn_part_open(&part, path));
    qn_status status = qn_part_verify(part);
    qn_part_free(part);
    return status;
}

static qn_status take_info(const part_plan *plan, qn_part_info *out) {
    qn_part_info info = {.rows = plan->rows, .count = plan->count};
    struct stat file;
    if (stat(plan->path, &file) != 0)
        return qn_fail_errno(QN_IO, "cannot find '%s'", plan->path);
    info.bytes = file.st_size;
    QN_TRY(qn_mem_calloc(&info.columns, (size_t)plan->count, sizeof *info.columns));
    for (int32_t i = 0; i < plan->count; i++)
        info.columns[i] = plan->columns[i].info;
    *out = info;
    return QN_OK;
}

qn_status qn_part_write(qn_comm *comm, const char *path, const qn_table *table,
                        const qn_part_options *options, qn_part_info *info) {
    if (options->deflate && qn_comm_size(comm) > 1)
        return qn_fail(QN_USAGE, "compressed part files are written by one rank, not by %d",
                       qn_comm_size(comm));
    QN_TRY(qn_hdf5_start());
    bool existed = qn_comm_rank(comm) == 0 && !options->replace && access(path, F_OK) == 0;
    part_plan plan = {.comm = comm, .path = path, .table = table, .deflate = options->deflate};
    qn_part_info taken;
    qn_part_info_init(&taken);
    qn_status status = write_file(&plan, options);
    if (status == QN_OK && options->verify)
        status = qn_comm_agree(comm, verify_on_root(comm, path));
    if (status == QN_OK && info != NULL)
        status = qn_comm_agree(comm, take_info(&plan, &taken));
    if (status == QN_OK && info != NULL)
        *info = taken;
    else
        qn_part_info_clear(&taken);
    if (status != QN_OK && qn_comm_rank(comm) == 0 && !existed)
        (void)unlink(path); /* the error stands */
    part_plan_clear(&plan);
    return status;
}

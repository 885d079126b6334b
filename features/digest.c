#include "features/digest.h"

#include "core/memory.h"
#include "mpi/file/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { BLOCK = 1 << 20 };

static void print_hash(XXH128_hash_t hash, char out[QN_DIGEST_TEXT]) {
    snprintf(out, QN_DIGEST_TEXT, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}

/* name NUL type NUL width rows hash */
static qn_status describe(qn_text *text, const qn_field *field, const qn_content *content) {
    char hash[QN_CONTENT_TEXT];
    qn_content_print(content, hash);
    QN_TRY(qn_text_add(text, field->name, (int64_t)strlen(field->name) + 1));
    return qn_text_printf(text, "%s %d %lld %s\n", qn_type_name(field->type), field->width,
                          (long long)content->rows, hash);
}

qn_status qn_digest_contents(const qn_schema *schema, const qn_content *contents,
                             char out[QN_DIGEST_TEXT]) {
    qn_text text;
    qn_text_init(&text);
    for (int32_t i = 0; i < schema->count; i++) {
        qn_status status = describe(&text, &schema->fields[i], &contents[i]);
        if (status != QN_OK) {
            qn_text_clear(&text);
            return status;
        }
    }
    print_hash(XXH3_128bits(text.data, (size_t)text.length), out);
    qn_text_clear(&text);
    return QN_OK;
}

static qn_status digest_local(qn_stream *in, qn_content *contents) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        int32_t count = batch.count;
        for (int32_t i = 0; i < count; i++)
            qn_content_add(&contents[i], batch.columns[i]);
        qn_batch_clear(&batch);
        if (count == 0)
            return QN_OK;
    }
}

static qn_status digest_all(qn_stream *in, qn_comm *comm, const qn_content *own,
                            char out[QN_DIGEST_TEXT]) {
    int32_t count = in->schema.count;
    int size = qn_comm_size(comm);
    qn_content *all = NULL;
    qn_status status = qn_mem_alloc(&all, (size_t)count * (size_t)size, sizeof *all);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, own, count * (int64_t)sizeof *own, all), done);
    for (int rank = 1; rank < size; rank++)
        for (int32_t i = 0; i < count; i++)
            qn_content_merge(&all[i], &all[(int64_t)rank * count + i]);
    status = qn_comm_agree(comm, qn_digest_contents(&in->schema, all, out));
done:
    qn_mem_free(all);
    return status;
}

qn_status qn_digest_stream(qn_stream *in, qn_comm *comm, char out[QN_DIGEST_TEXT]) {
    qn_content *own = NULL;
    char digest[QN_DIGEST_TEXT];
    qn_status status = qn_mem_calloc(&own, (size_t)in->schema.count, sizeof *own);
    status = qn_comm_agree(comm, status); /* the first batch may be collective */
    if (status == QN_OK)
        status = qn_comm_agree(comm, digest_local(in, own));
    if (status == QN_OK)
        status = digest_all(in, comm, own, digest);
    qn_mem_free(own);
    if (status == QN_OK)
        memcpy(out, digest, sizeof digest);
    return status;
}

static qn_status hash_file(qn_file *file, XXH128_hash_t *out) {
    char *block = NULL;
    XXH3_state_t state;
    QN_TRY(qn_mem_alloc(&block, BLOCK, 1));
    qn_status status = QN_OK;
    (void)XXH3_128bits_reset(&state);
    for (int64_t at = 0, got = BLOCK; status == QN_OK && got == BLOCK; at += got) {
        status = qn_file_read(file, at, BLOCK, block, &got);
        if (status == QN_OK)
            (void)XXH3_128bits_update(&state, block, (size_t)got);
    }
    *out = XXH3_128bits_digest(&state);
    qn_mem_free(block);
    return status;
}

qn_status qn_digest_file(const char *path, qn_comm *comm, char out[QN_DIGEST_TEXT]) {
    char digest[QN_DIGEST_TEXT] = "";
    qn_status status = QN_OK;
    if (qn_comm_rank(comm) == 0) {
        qn_file *file = NULL;
        XXH128_hash_t hash;
        status = qn_file_open(&file, path);
        if (status == QN_OK)
            status = hash_file(file, &hash);
        if (status == QN_OK)
            print_hash(hash, digest);
        qn_file_free(file);
    }
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_broadcast(comm, digest, sizeof digest, 0));
    memcpy(out, digest, sizeof digest);
    return QN_OK;
}

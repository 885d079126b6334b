#include "features/store/sha256.h"

#include "core/memory.h"
#include "mpi/file/file.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { BLOCK = 1 << 20 };

static qn_status finish(EVP_MD_CTX *context, char out[QN_SHA256_TEXT]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
        return qn_fail(QN_INTERNAL, "SHA-256 failed");
    for (int i = 0; i < (QN_SHA256_TEXT - 1) / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return QN_OK;
}

static qn_status start(EVP_MD_CTX **out) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return qn_fail(QN_MEMORY, "SHA-256 cannot start");
    }
    *out = context;
    return QN_OK;
}

qn_status qn_sha256_bytes(const void *data, int64_t length, char out[QN_SHA256_TEXT]) {
    EVP_MD_CTX *context = NULL;
    QN_TRY(start(&context));
    qn_status status = EVP_DigestUpdate(context, data, (size_t)length) == 1
                           ? finish(context, out)
                           : qn_fail(QN_INTERNAL, "SHA-256 failed");
    EVP_MD_CTX_free(context);
    return status;
}

static qn_status add_file(EVP_MD_CTX *context, qn_file *file, char *block) {
    for (int64_t at = 0, got = BLOCK; got == BLOCK; at += got) {
        QN_TRY(qn_file_read(file, at, BLOCK, block, &got));
        if (EVP_DigestUpdate(context, block, (size_t)got) != 1)
            return qn_fail(QN_INTERNAL, "SHA-256 failed");
    }
    return QN_OK;
}

qn_status qn_sha256_file(const char *path, char out[QN_SHA256_TEXT]) {
    qn_file *file = NULL;
    char *block = NULL;
    EVP_MD_CTX *context = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_file_open(&file, path), done);
    QN_TRY_GOTO(qn_mem_alloc(&block, BLOCK, 1), done);
    QN_TRY_GOTO(start(&context), done);
    QN_TRY_GOTO(add_file(context, file, block), done);
    status = finish(context, out);
done:
    EVP_MD_CTX_free(context);
    qn_mem_free(block);
    qn_file_free(file);
    return status;
}

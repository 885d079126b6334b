/* Digests of text as lower-case hexadecimal digits (by libcrypto), and crc32 (by zlib). */
#include "core/expr/texts.h"

#include "core/memory.h"

#include <openssl/evp.h>
#include <zlib.h>

typedef enum method { MD5, SHA1, SHA224, SHA256, SHA384, SHA512, METHODS } method;

static const char *const names[METHODS] = {"MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"};

/* Looking a method up costs more than a short text's digest: they are kept. */
typedef struct digester {
    EVP_MD_CTX *contexts[METHODS];
} digester;

static void digester_free(void *state) {
    digester *own = state;
    for (int i = 0; i < METHODS; i++)
        EVP_MD_CTX_free(own->contexts[i]);
    qn_mem_free(own);
}

static qn_status prepare_digest(qn_expr *call) {
    digester *own = NULL;
    QN_TRY(qn_mem_calloc(&own, 1, sizeof *own));
    call->state = own;
    return QN_OK;
}

static qn_status start(EVP_MD_CTX **out, method how) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_MD *found = EVP_MD_fetch(NULL, names[how], NULL);
    bool good = context != NULL && found != NULL && EVP_DigestInit_ex2(context, found, NULL) == 1;
    EVP_MD_free(found); /* the context has its own reference */
    if (!good) {
        EVP_MD_CTX_free(context);
        return qn_fail(QN_ENVIRONMENT, "libcrypto does not provide the digest %s", names[how]);
    }
    *out = context;
    return QN_OK;
}

static qn_status digest(const qn_call *call, int64_t row, method how, qn_text *scratch,
                        qn_view *out) {
    static const char digits[] = "0123456789abcdef";
    digester *own = call->node->state;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    qn_view text = qn_text_at(&call->arguments[0], row);
    char shown[2 * EVP_MAX_MD_SIZE];
    if (own->contexts[how] == NULL)
        QN_TRY(start(&own->contexts[how], how));
    if (EVP_DigestInit_ex2(own->contexts[how], NULL, NULL) != 1 ||
        EVP_DigestUpdate(own->contexts[how], text.data, (size_t)text.length) != 1 ||
        EVP_DigestFinal_ex(own->contexts[how], bytes, &length) != 1)
        return qn_fail(QN_ENVIRONMENT, "libcrypto fails at the digest %s", names[how]);
    for (unsigned i = 0; i < length; i++) {
        shown[2 * i] = digits[bytes[i] >> 4];
        shown[2 * i + 1] = digits[bytes[i] & 15];
    }
    QN_TRY(qn_text_add(scratch, shown, 2 * (int64_t)length));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status step_md5(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    return digest(call, row, MD5, scratch, out);
}

static qn_status step_sha1(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    return digest(call, row, SHA1, scratch, out);
}

/* Null for a length there is no method of; 0 stands for 256. */
static qn_status step_sha2(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    switch (qn_whole_at(&call->arguments[1], row)) {
    case 224:
        return digest(call, row, SHA224, scratch, out);
    case 0:
    case 256:
        return digest(call, row, SHA256, scratch, out);
    case 384:
        return digest(call, row, SHA384, scratch, out);
    case 512:
        return digest(call, row, SHA512, scratch, out);
    default:
        return QN_OK;
    }
}

static qn_status run_md5(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_md5, out);
}

static qn_status run_sha1(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_sha1, out);
}

static qn_status run_sha2(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_sha2, out);
}

static qn_status run_crc32(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        qn_view text = qn_text_at(&call->arguments[0], i);
        (*out)->i64[i] = (int64_t)crc32_z(0, (const unsigned char *)text.data, (size_t)text.length);
    }
    return QN_OK;
}

#define DIGEST(name, count, run, ...)                                                              \
    {                                                                                              \
        name, count, count, {__VA_ARGS__}, QN_GIVES_STRING, QN_NULLS_STRICT, run, prepare_digest,  \
            digester_free                                                                          \
    }

const qn_function qn_functions_digest[] = {
    DIGEST("md5", 1, run_md5, QN_TAKES_TEXT),
    DIGEST("sha", 1, run_sha1, QN_TAKES_TEXT),
    DIGEST("sha1", 1, run_sha1, QN_TAKES_TEXT),
    DIGEST("sha2", 2, run_sha2, QN_TAKES_TEXT, QN_TAKES_WHOLE),
    {"crc32", 1, 1, {QN_TAKES_TEXT}, QN_GIVES_INT64, QN_NULLS_STRICT, run_crc32, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};

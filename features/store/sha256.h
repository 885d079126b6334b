/* SHA-256 of bytes and files, as text. */
#ifndef QUERN_FEATURES_STORE_SHA256_H
#define QUERN_FEATURES_STORE_SHA256_H

#include "core/status.h"

#include <stdint.h>

enum { QN_SHA256_TEXT = 65 };

QN_CHECKED qn_status qn_sha256_bytes(const void *data, int64_t length, char out[QN_SHA256_TEXT]);
QN_CHECKED qn_status qn_sha256_file(const char *path, char out[QN_SHA256_TEXT]);

#endif

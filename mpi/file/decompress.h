/* Sequential reading of plain, gzip and zstd files through one interface. */
#ifndef QUERN_MPI_DECOMPRESS_H
#define QUERN_MPI_DECOMPRESS_H

#include "mpi/file/file.h"

typedef enum qn_compression {
    QN_COMPRESSION_NONE,
    QN_COMPRESSION_GZIP, /* RFC 1952; concatenated members are one text */
    QN_COMPRESSION_ZSTD  /* RFC 8878; concatenated frames are one text */
} qn_compression;

/* Local. Tells the compression by the first bytes. INPUT error if the name ends in .gz, .zst or
 * .zstd and the file holds something else. */
QN_CHECKED qn_status qn_compression_detect(qn_compression *out, qn_file *file);

typedef struct qn_reader qn_reader;

/* Local. Opens a file for reading from its first byte on. Errors: as qn_file_open. */
QN_CHECKED qn_status qn_reader_open(qn_reader **out, const char *path, qn_compression compression);
void qn_reader_free(qn_reader *reader); /* NULL is fine */

/* Local. Reads the next `length` bytes of text; *read is less only at the end. Errors: IO; DATA
 * for damaged or truncated compressed data. Memory: some hundred KiB, for zstd up to 128 MiB as
 * its window demands. */
QN_CHECKED qn_status qn_reader_read(qn_reader *reader, int64_t length, char *out, int64_t *read);

/* Local. Goes to a byte of the (decompressed) text. Compressed files are decompressed up to there,
 * going back starts from the front. */
QN_CHECKED qn_status qn_reader_seek(qn_reader *reader, int64_t offset);

#endif

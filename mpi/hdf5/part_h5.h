/* Private to mpi/part*.c: what part files need of HDF5 beyond mpi/hdf5/hdf5.h, and the attributes
 * that anndata expects. */
#ifndef QUERN_MPI_PART_H5_H
#define QUERN_MPI_PART_H5_H

#include "mpi/hdf5/hdf5.h"

/* Closes an object that is open (id > 0); a failure counts unless `status` is one already. */
QN_CHECKED qn_status part_h5_close(hid_t id, qn_status status, const char *path);

/* A new file whose large datasets begin at whole pages; exclusive unless `replace`. */
QN_CHECKED qn_status part_h5_create(hid_t *out, const char *path, bool replace);

/* A group with its encoding attributes. */
QN_CHECKED qn_status part_h5_group(hid_t *out, hid_t parent, const char *name, const char *encoding,
                                   const char *version, const char *path);

QN_CHECKED qn_status part_h5_attr_text(hid_t object, const char *name, const char *value,
                                       const char *path);
/* An array of texts; of no length: an empty float array, as anndata writes it. */
QN_CHECKED qn_status part_h5_attr_texts(hid_t object, const char *name, const char *const *values,
                                        int32_t count, const char *path);
QN_CHECKED qn_status part_h5_attr_ints(hid_t object, const char *name, const int64_t *values,
                                       int32_t count, const char *path);
QN_CHECKED qn_status part_h5_attr_false(hid_t object, const char *name, const char *path);
QN_CHECKED qn_status part_h5_encoding(hid_t object, const char *encoding, const char *version,
                                      const char *path);

/* A type, the caller's (H5Tclose), negative on failure: UTF-8, padded with NULs. */
hid_t part_h5_fixed(int64_t size);

#endif

/* Private to mpi/part*.c: HDF5 calls with our errors, and the attributes anndata expects. */
#ifndef QUERN_MPI_PART_H5_H
#define QUERN_MPI_PART_H5_H

#include "core/text/text.h"

#include <hdf5.h>

/* OK unless `result` is negative: then an IO error "cannot WHAT PATH: " and HDF5's innermost
 * words. */
QN_CHECKED qn_status part_h5_check(int64_t result, const char *path, const char *what);

/* Keeps HDF5 from printing; call on entry to every public function. */
void part_h5_quiet(void);

/* Closes an object that is open (id > 0); a failure counts unless `status` is one already. */
QN_CHECKED qn_status part_h5_close(hid_t id, herr_t (*close)(hid_t), qn_status status,
                                   const char *path);

/* A new file with our settings: sec2, no locks, no times, libver V18..V110. */
QN_CHECKED qn_status part_h5_create(hid_t *out, const char *path, bool replace);
QN_CHECKED qn_status part_h5_open(hid_t *out, const char *path);

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

/* Types, the caller's (H5Tclose); negative on failure. */
hid_t part_h5_bool(void);          /* enum int8 {FALSE, TRUE}, numpy's bool */
hid_t part_h5_fixed(int64_t size); /* UTF-8, padded with NULs */
hid_t part_h5_variable(void);      /* UTF-8 of variable length */

#endif

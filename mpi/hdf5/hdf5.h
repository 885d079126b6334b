/* HDF5 with its errors as ours. Inside mpi/ only.
 *
 * HDF5 prints its errors on stderr unless told not to, and returns negative numbers; closing may
 * be the first call to report that data was not written, so it is checked like any other. Files
 * are opened without locks (they are immutable once visible), created without time stamps and in
 * one format version, so that same values give the same bytes. */
#ifndef QUERN_MPI_HDF5_H
#define QUERN_MPI_HDF5_H

#include "core/status.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

/* Local. Starts the library and silences its own printing; any number of times. Every function
 * that opens or creates a file below does it. */
QN_CHECKED qn_status qn_hdf5_start(void);

/* Local. Fails with `code`, appending what HDF5's error stack says (the system's words, where a
 * system call failed, else the innermost description), and clears the stack. */
QN_CHECKED qn_status qn_hdf5_fail(qn_status code, const char *format, ...) QN_PRINTF(2, 3);

/* Local. Checks a result of HDF5 (herr_t, htri_t, hid_t): negative is a failure. `path` names the
 * file, `what` is a verb: "cannot WHAT 'PATH': ...". */
QN_CHECKED qn_status qn_hdf5_check(int64_t result, qn_status code, const char *what,
                                   const char *path);

/* Local. Closes an identifier of any kind and makes it invalid; an invalid one is fine. */
QN_CHECKED qn_status qn_hdf5_close(hid_t *id, qn_status code, const char *path);
/* The same on the way out after an error: nothing is reported. */
void qn_hdf5_release(hid_t id);

/* Local. Property lists, the caller's: access to files (format bounds, no locks); creation of a
 * group or file (`class_` H5P_FILE_CREATE, H5P_GROUP_CREATE) or data set (H5P_DATASET_CREATE),
 * without time stamps. */
QN_CHECKED qn_status qn_hdf5_access(hid_t *out);
QN_CHECKED qn_status qn_hdf5_creation(hid_t *out, hid_t class_);

/* Local. Creates (empties) a file under this name, or opens one for reading. IO and INPUT errors.
 */
QN_CHECKED qn_status qn_hdf5_create_file(hid_t *out, const char *path);
QN_CHECKED qn_status qn_hdf5_open_file(hid_t *out, const char *path);

/* Local. Opens the bytes of a file (copied) for reading. `path` is for messages. */
QN_CHECKED qn_status qn_hdf5_open_image(hid_t *out, const void *data, int64_t length,
                                        const char *path);

/* Local. Types, the caller's: text of any length in UTF-8 (h5py: str), and booleans as numpy
 * stores them (an enumeration FALSE, TRUE of one byte). */
QN_CHECKED qn_status qn_hdf5_text_type(hid_t *out);
QN_CHECKED qn_status qn_hdf5_bool_type(hid_t *out);

#endif

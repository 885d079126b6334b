/* Private to features/store: folders, names and durable small files. Local, all of it. */
#ifndef QUERN_FEATURES_STORE_FOLDER_H
#define QUERN_FEATURES_STORE_FOLDER_H

#include "core/text/text.h"

enum { STORE_FORMAT = 1, STORE_UUID_TEXT = 33 };

QN_CHECKED qn_status store_uuid(char out[STORE_UUID_TEXT]); /* 32 random hex digits */

/* "STORE/groups/GROUP/REST" */
QN_CHECKED qn_status store_path(char **out, const char *store, const char *group, const char *rest);

/* Flushes a folder's entries to disk. */
QN_CHECKED qn_status store_sync_folder(const char *path);

/* Makes what is missing of a store and a group, durably. Writers that race are welcome. */
QN_CHECKED qn_status store_make(const char *store, const char *group);

/* INPUT error unless there is a store that this version understands, and a group in it. */
QN_CHECKED qn_status store_check(const char *store, const char *group);

typedef enum store_outcome {
    STORE_NOTHING, /* nothing is visible */
    STORE_TAKEN,   /* the name is another's; nothing was changed */
    STORE_VISIBLE, /* the file is there */
    STORE_UNSURE   /* the file may be there: the file system does not answer */
} store_outcome;

/* Stages `data` as a hidden file in `folder`, fsyncs it, links it to folder/name and fsyncs the
 * folder. *outcome is set on failure too. */
QN_CHECKED qn_status store_publish(const char *folder, const char *name, const char *data,
                                   int64_t length, store_outcome *outcome);

/* Names in a folder that do not begin with a dot, sorted; none if there is no such folder. */
QN_CHECKED qn_status store_list(const char *path, char ***out, int64_t *count);

#endif

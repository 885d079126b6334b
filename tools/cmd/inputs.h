/* What commands share about their inputs. */
#ifndef QUERN_TOOLS_INPUTS_H
#define QUERN_TOOLS_INPUTS_H

#include "core/stream.h"
#include "tools/command.h"

/* For commands that read tables. */
#define QN_READ_OPTION                                                                             \
    {                                                                                              \
        "read", QN_OPTION_TEXTS, "", "repeated",                                                   \
            "option of the CSV reader, as KEY=VALUE; may be repeated ('quern help csv')"           \
    }

/* Splits "KEY=VALUE" at the first '='; the texts are the caller's. USAGE error naming `option`. */
QN_CHECKED qn_status qn_split_setting(const char *setting, const char *option, char **key,
                                      char **value);

/* Local. Sets the KEY=VALUE texts of a repeated command-line option, such as --set. */
QN_CHECKED qn_status qn_apply_settings(const qn_arguments *arguments, const char *option,
                                       qn_options *out);

/* Collective. Writes a stream to --output and says how many rows. USAGE error without --output. */
QN_CHECKED qn_status qn_write_output(const qn_arguments *arguments, qn_stream *in);

/* Collective. Opens the operands from `first` on as one stream, with the --read options. */
QN_CHECKED qn_status qn_open_operands(qn_stream **out, const qn_arguments *arguments, int first);

/* Collective. The same for paths given otherwise. */
QN_CHECKED qn_status qn_open_paths(qn_stream **out, const qn_arguments *arguments,
                                   char *const *paths, int64_t count);

/* Collective. After a scan's last pass: warns of bad records that were left out, and writes the
 * quarantined ones where `read`, the reader's options, says. *bad (may be NULL): how many. */
QN_CHECKED qn_status qn_settle_bad_records(qn_stream *scan, qn_comm *comm, const qn_options *read,
                                           int64_t *bad);

/* Collective. The same with the --read options of a command. */
QN_CHECKED qn_status qn_settle_operands(qn_stream *scan, const qn_arguments *arguments);

/* The value of --output; USAGE error if it is missing. */
QN_CHECKED qn_status qn_require_output(const qn_arguments *arguments, const char **out);

/* The same for a command that writes a model: a name that ends like HDF5's, lest data is replaced.
 */
QN_CHECKED qn_status qn_require_model_output(const qn_arguments *arguments, const char **out);
bool qn_is_model_name(const char *path);

/* Local. Takes STORE/groups/GROUP[@VERSION] apart in place: `path` becomes the store, *group lies
 * in it, *version is QN_STORE_LATEST if none is named. False for anything but an existing group. */
bool qn_split_group(char *path, char **group, int64_t *version);

/* "12,345". `out` needs 32 bytes; returns it. */
const char *qn_grouped(int64_t value, char out[32]);

#endif

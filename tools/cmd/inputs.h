/* What commands share about their inputs. */
#ifndef QUERN_TOOLS_INPUTS_H
#define QUERN_TOOLS_INPUTS_H

#include "core/stream.h"
#include "features/wide/wide.h"
#include "tools/command.h"

/* For commands that read tables. */
#define QN_READ_OPTION                                                                             \
    {                                                                                              \
        "read", QN_OPTION_TEXTS, "", "repeated",                                                   \
            "option of the CSV reader, as KEY=VALUE; may be repeated ('quern help csv')"           \
    }

/* For commands that run plans. */
#define QN_EXECUTION_OPTIONS                                                                       \
    {"memory", QN_OPTION_TEXT, NULL, NULL,                                                         \
     "what one operator may hold on a rank before it spills, as 500M or 2G; half of the node's "   \
     "memory over its ranks if not given"},                                                        \
        {"scratch", QN_OPTION_TEXT, NULL, NULL, "folder to spill to; $TMPDIR if not given"},       \
        {"on_fault", QN_OPTION_CHOICE, "spark", "spark|null|error",                                \
         "what division by zero, bad casts and overflow give"},                                    \
        {"now", QN_OPTION_TEXT, NULL, NULL,                                                        \
         "the time that clock functions see; the start of the run if not given"},                  \
    {                                                                                              \
        "time_zone", QN_OPTION_TEXT, NULL, NULL, "as Europe/Berlin or +02:00; UTC if not given"    \
    }

/* Collective. From those options. `session` must stay where it is as long as `out` is used. */
QN_CHECKED qn_status qn_execution_options(qn_execution *out, qn_session *session,
                                          const qn_arguments *arguments);

/* Local. "500M", "2G", "1.5 GB", "1048576": bytes; K, M, G and T are powers of 1024. USAGE error
 * naming `option`. */
QN_CHECKED qn_status qn_parse_size(int64_t *out, const char *text, const char *option);

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

/* Collective. The same for paths given otherwise. One path may name a feature version, as
 * STORE/groups/GROUP[@VERSION]. */
QN_CHECKED qn_status qn_open_paths(qn_stream **out, const qn_arguments *arguments,
                                   char *const *paths, int64_t count);

/* Collective. Paths as one stream: a feature version, if that is the only one, or files, read with
 * `read` (NULL: defaults). */
QN_CHECKED qn_status qn_open_tables(qn_stream **out, qn_comm *comm, char *const *paths,
                                    int64_t count, const qn_options *read);

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

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

/* Collective. Opens the operands from `first` on as one stream, with the --read options. */
QN_CHECKED qn_status qn_open_operands(qn_stream **out, const qn_arguments *arguments, int first);

/* Collective. The same for paths given otherwise. */
QN_CHECKED qn_status qn_open_paths(qn_stream **out, const qn_arguments *arguments,
                                   char *const *paths, int64_t count);

/* Collective. Says on rank 0 how many bad records the scan dropped, if any; returns them in
 * *dropped (may be NULL). */
QN_CHECKED qn_status qn_warn_dropped(const qn_stream *scan, qn_comm *comm, int64_t *dropped);

/* The value of --output; USAGE error if it is missing. */
QN_CHECKED qn_status qn_require_output(const qn_arguments *arguments, const char **out);

/* "12,345". `out` needs 32 bytes; returns it. */
const char *qn_grouped(int64_t value, char out[32]);

#endif

/* Status codes and the last error's text.
 *
 * Every function that can fail returns a qn_status. The one that finds the fault sets the message
 * (qn_fail, qn_fail_at) and returns its code; callers pass the code on with QN_TRY, adding a place
 * or advice where they know more (qn_error_locate, qn_error_help). Outputs are written only on
 * success. The text is per process: Quern runs one thread a rank. */
#ifndef QUERN_CORE_STATUS_H
#define QUERN_CORE_STATUS_H

#include <stddef.h>

/* name, value, process exit code, what it means */
#define QN_STATUS_LIST(X)                                                                          \
    X(OK, 0, 0, "done")                                                                            \
    X(INTERNAL, 1, 1, "internal error")                                                            \
    X(USAGE, 2, 2, "wrong usage")                                                                  \
    X(JOB, 3, 65, "bad job, SQL or options")                                                       \
    X(INPUT, 4, 66, "input missing or unreadable")                                                 \
    X(DATA, 5, 67, "data broke its contract")                                                      \
    X(QUALITY, 6, 68, "quality gate failed")                                                       \
    X(ENVIRONMENT, 7, 69, "launcher, MPI or HDF5 do not fit")                                      \
    X(NUMERIC, 8, 70, "numeric failure")                                                           \
    X(MEMORY, 9, 71, "out of memory or over budget")                                               \
    X(IO, 10, 74, "input or output error")                                                         \
    X(STOPPED, 11, 75, "stopped by a signal")

typedef enum qn_status {
#define X(name, value, exit_code, text) QN_##name = (value),
    QN_STATUS_LIST(X)
#undef X
} qn_status;

#define QN_CHECKED           __attribute__((warn_unused_result))
#define QN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* For functions that own nothing at this point. */
#define QN_TRY(expr)                                                                               \
    do {                                                                                           \
        qn_status qn_try_status_ = (expr);                                                         \
        if (qn_try_status_ != QN_OK)                                                               \
            return qn_try_status_;                                                                 \
    } while (0)

/* For functions that own something: needs a local `qn_status status` and one label with frees. */
#define QN_TRY_GOTO(expr, label)                                                                   \
    do {                                                                                           \
        status = (expr);                                                                           \
        if (status != QN_OK)                                                                       \
            goto label;                                                                            \
    } while (0)

/* The last error, as the program prints it:
 *   LOCATION: error: MESSAGE          (location may be empty)
 *   EXCERPT                           (a source line and its caret line; may be empty)
 *   help: HELP                        (may be empty)
 * Views stay valid until the next qn_fail* or qn_error_* call. */
typedef struct qn_error {
    qn_status code;
    const char *location;
    const char *message;
    const char *excerpt;
    const char *help;
} qn_error;

/* Local. Sets the last error (forgetting the former) and returns `code`. Never fails; over-long
 * texts are cut at a character border. */
QN_CHECKED qn_status qn_fail(qn_status code, const char *format, ...) QN_PRINTF(2, 3);

/* Local. The same with a place: "file:line:column" or as much of it as is known. */
QN_CHECKED qn_status qn_fail_at(qn_status code, const char *location, const char *format, ...)
    QN_PRINTF(3, 4);

/* Local. A failed system call: appends strerror(errno); ENOMEM, ENOENT, EACCES ... keep `code`. */
QN_CHECKED qn_status qn_fail_errno(qn_status code, const char *format, ...) QN_PRINTF(2, 3);

/* Local. Adds to the last error. A location or excerpt is set only if there is none yet (the
 * innermost knows best); help replaces; prefix is put in front of the message. */
void qn_error_locate(const char *format, ...) QN_PRINTF(1, 2);
void qn_error_excerpt(const char *line, int column, int width); /* column from 1; width of ^~~~ */
void qn_error_help(const char *format, ...) QN_PRINTF(1, 2);
void qn_error_prefix(const char *format, ...) QN_PRINTF(1, 2);

qn_error qn_last_error(void);
void qn_error_clear(void);

/* Local. The last error as bytes and back, for sending it to other ranks. */
enum { QN_ERROR_PACKED_SIZE = 6144 };
void qn_error_pack(char packed[QN_ERROR_PACKED_SIZE]);
void qn_error_unpack(const char packed[QN_ERROR_PACKED_SIZE]);

const char *qn_status_name(qn_status status); /* "DATA" */
const char *qn_status_text(qn_status status); /* "data broke its contract" */
int qn_status_exit_code(qn_status status);    /* 67 */

#endif

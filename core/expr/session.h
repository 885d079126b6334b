/* What an expression may know of the run that it is computed in: the clock, the time zone, and
 * what becomes of values that cannot be computed.
 *
 * Zeros are the default session: Spark's non-ANSI meaning, no clock, UTC. */
#ifndef QUERN_CORE_EXPR_SESSION_H
#define QUERN_CORE_EXPR_SESSION_H

#include "core/expr/expr.h"

typedef enum qn_on_fault {
    QN_FAULT_SPARK, /* division by zero and bad casts give null, whole numbers wrap */
    QN_FAULT_NULL,  /* overflow, too, gives null */
    QN_FAULT_ERROR  /* all of these are DATA errors (ANSI), but in the functions try_... */
} qn_on_fault;

typedef struct qn_session {
    qn_on_fault on_fault;
    int64_t now;           /* nanoseconds since 1970, UTC: one for a run; 0: unknown */
    const char *time_zone; /* "Europe/Berlin", "+02:00"; NULL: UTC */
} qn_session;

/* Local. qn_expr_bind within a session (NULL: the default one). Its content is copied. Functions
 * of the clock without one are JOB errors, and so is an unknown time zone. */
QN_CHECKED qn_status qn_expr_bind_in(qn_expr *expr, const qn_schema *schema,
                                     const qn_session *session);

#endif

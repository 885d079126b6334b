/* Log and progress lines on standard error. Rank 0 speaks; other ranks are silent unless the
 * level is debug. */
#ifndef QUERN_CORE_LOG_H
#define QUERN_CORE_LOG_H

#include "core/status.h"

typedef enum qn_log_level { QN_LOG_QUIET, QN_LOG_WARN, QN_LOG_INFO, QN_LOG_DEBUG } qn_log_level;

void qn_log_set(qn_log_level level, int rank);

void qn_warn(const char *format, ...) QN_PRINTF(1, 2);  /* "quern: warning: ..." */
void qn_info(const char *format, ...) QN_PRINTF(1, 2);  /* "quern: ..." */
void qn_debug(const char *format, ...) QN_PRINTF(1, 2); /* "quern[rank]: ..." */

#endif

#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
    qn_log_level level;
    int rank;
} log_state = {QN_LOG_INFO, 0};

void qn_log_set(qn_log_level level, int rank) {
    log_state.level = level;
    log_state.rank = rank;
}

/* One write a line, so that lines of ranks do not mix. */
static void speak(const char *prefix, const char *format, va_list arguments) {
    char line[4096];
    vsnprintf(line, sizeof line, format, arguments);
    fprintf(stderr, "%s%s\n", prefix, line);
}

void qn_warn(const char *format, ...) {
    if (log_state.level < QN_LOG_WARN || log_state.rank > 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    speak("quern: warning: ", format, arguments);
    va_end(arguments);
}

void qn_info(const char *format, ...) {
    if (log_state.level < QN_LOG_INFO || log_state.rank > 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    speak("quern: ", format, arguments);
    va_end(arguments);
}

void qn_debug(const char *format, ...) {
    if (log_state.level < QN_LOG_DEBUG)
        return;
    char prefix[32];
    snprintf(prefix, sizeof prefix, "quern[%d]: ", log_state.rank);
    va_list arguments;
    va_start(arguments, format);
    speak(prefix, format, arguments);
    va_end(arguments);
}

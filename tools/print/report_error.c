#include "tools/print/report_error.h"

#include "core/status.h"

#include <stdio.h>

void qn_report_error(void) {
    qn_error error = qn_last_error();
    fprintf(stderr, "%s: error: %s\n", *error.location != '\0' ? error.location : "quern",
            error.message);
    if (*error.excerpt != '\0')
        fprintf(stderr, "%s\n", error.excerpt);
    if (*error.help != '\0')
        fprintf(stderr, "help: %s\n", error.help);
}

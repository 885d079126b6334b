/* How errors look on standard error. */
#ifndef QUERN_TOOLS_REPORT_ERROR_H
#define QUERN_TOOLS_REPORT_ERROR_H

/* Like a compiler: "job.yaml:3:21: error: ...", the source line with a caret, a piece of help. */
void qn_report_error(void);

#endif

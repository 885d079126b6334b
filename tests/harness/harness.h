/* A rank-aware runner over CUnit. A test program defines its cases and calls:
 *
 *     static const qn_test_case cases[] = {
 *         {"an empty table has no rows", test_empty_table},
 *         {NULL, NULL},
 *     };
 *     int main(void) {
 *         return qn_test_main("table", cases);
 *     }
 *
 * Ranks above 0 are silent, the failure count is reduced over the ranks. Every case is checked for
 * leaks by the allocation counter. Use the non-fatal CU_ASSERT before collectives: a fatal one on
 * one rank would leave the others waiting. */
#ifndef QUERN_TESTS_HARNESS_H
#define QUERN_TESTS_HARNESS_H

#include "core/status.h"
#include "mpi/comm/comm.h"

#include <CUnit/CUnit.h>

typedef struct qn_test_case {
    const char *name;
    void (*run)(void);
} qn_test_case;

int qn_test_main(const char *suite, const qn_test_case *cases);

/* The world communicator while tests run. */
qn_comm *qn_test_comm(void);

/* A fresh path under a temporary folder that is removed at the end; the same on all ranks. The
 * view is valid until 8 more calls. */
const char *qn_test_path(const char *name);

/* Checks that a call succeeds, printing the error's text if not. */
#define QN_TEST_OK(expr)                                                                           \
    do {                                                                                           \
        qn_status qn_test_status_ = (expr);                                                        \
        qn_test_check(qn_test_status_ == QN_OK, __FILE__, __LINE__, #expr);                        \
    } while (0)

/* Checks that a call fails with this code and a message containing `text`. */
#define QN_TEST_FAILS(expr, code_, text)                                                           \
    do {                                                                                           \
        qn_status qn_test_status_ = (expr);                                                        \
        qn_test_check_error(qn_test_status_, (code_), (text), __FILE__, __LINE__, #expr);          \
    } while (0)

void qn_test_check(bool condition, const char *file, int line, const char *text);
void qn_test_check_error(qn_status status, qn_status expected, const char *text, const char *file,
                         int line, const char *expression);

#endif

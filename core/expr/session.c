#include "core/expr/node.h"

#include "core/memory.h"

qn_status qn_shared_session_new(qn_shared_session **out, const qn_session *session) {
    qn_shared_session *shared = NULL;
    if (session->on_fault > QN_FAULT_ERROR)
        return qn_fail(QN_INTERNAL, "a session's on_fault is %d", (int)session->on_fault);
    QN_TRY(qn_mem_calloc(&shared, 1, sizeof *shared));
    shared->references = 1;
    if (session->time_zone != NULL) {
        qn_status status = qn_zone_open(&shared->zone, session->time_zone);
        if (status != QN_OK) {
            qn_mem_free(shared);
            return status;
        }
    }
    shared->on_fault = session->on_fault;
    shared->now = session->now;
    *out = shared;
    return QN_OK;
}

qn_shared_session *qn_shared_session_retain(qn_shared_session *session) {
    if (session != NULL)
        session->references++;
    return session;
}

void qn_shared_session_release(qn_shared_session *session) {
    if (session == NULL || --session->references > 0)
        return;
    qn_zone_release(session->zone);
    qn_mem_free(session);
}

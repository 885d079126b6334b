/* Frames of windows: ROWS BETWEEN 6 PRECEDING AND CURRENT ROW. */
#include "features/sql/interval.h"
#include "features/sql/query/query.h"

#include "core/text/number.h"

/* PostgreSQL's bits of frame_options (nodes/parsenodes.h). */
enum {
    FRAME_WRITTEN = 0x1,
    FRAME_ROWS = 0x4,
    FRAME_GROUPS = 0x8,
    FRAME_START_UNBOUNDED_PRECEDING = 0x20,
    FRAME_END_UNBOUNDED_FOLLOWING = 0x100,
    FRAME_START_CURRENT = 0x200,
    FRAME_END_CURRENT = 0x400,
    FRAME_START_PRECEDING = 0x800,
    FRAME_END_PRECEDING = 0x1000,
    FRAME_EXCLUDE_CURRENT = 0x8000,
    FRAME_EXCLUDE_GROUP = 0x10000,
    FRAME_EXCLUDE_TIES = 0x20000
};

bool qn_sql_has_frame(const PgQuery__WindowDef *node) {
    return (node->frame_options & FRAME_WRITTEN) != 0;
}

/* ---- Offsets --------------------------------------------------------------------------------- */

static qn_status bad_offset(const sql_source *source, const sql_node *node, qn_frame_unit unit) {
    return qn_sql_fail(source, qn_sql_location(node), "%s",
                       unit == QN_FRAME_RANGE
                           ? "an offset of RANGE is a number or an INTERVAL, zero or more"
                           : "an offset of ROWS or GROUPS is a whole number, zero or more");
}

static qn_status read_interval(const sql_source *source, const sql_node *node, qn_bound *bound) {
    qn_interval interval = {0};
    QN_TRY(qn_sql_interval(source, node, &interval));
    int64_t days = 0;
    if (interval.months < 0 || interval.days < 0 || interval.nanoseconds < 0)
        return bad_offset(source, node, QN_FRAME_RANGE);
    if (__builtin_mul_overflow(interval.days, INT64_C(86400000000000), &days) ||
        __builtin_add_overflow(days, interval.nanoseconds, &bound->nanoseconds))
        return qn_sql_fail(source, qn_sql_location(node), "the interval is too long");
    bound->months = interval.months;
    bound->interval = true;
    return QN_OK;
}

static qn_status read_offset(const sql_source *source, const sql_node *node, qn_frame_unit unit,
                             qn_bound *bound) {
    if (unit == QN_FRAME_RANGE && qn_sql_is_interval(node))
        return read_interval(source, node, bound);
    const PgQuery__AConst *constant =
        node->node_case == PG_QUERY__NODE__NODE_A_CONST ? node->a_const : NULL;
    bound->offset = -1;
    if (constant != NULL && !constant->isnull) {
        if (constant->val_case == PG_QUERY__A__CONST__VAL_IVAL)
            bound->offset = constant->ival->ival;
        else if (constant->val_case == PG_QUERY__A__CONST__VAL_FVAL && unit == QN_FRAME_RANGE &&
                 !qn_parse_real(qn_view_of(constant->fval->fval), &bound->offset))
            bound->offset = -1;
    }
    return bound->offset >= 0 ? QN_OK : bad_offset(source, node, unit);
}

/* ---- Bounds ---------------------------------------------------------------------------------- */

static qn_bound_kind start_kind(int32_t options) {
    if ((options & FRAME_START_UNBOUNDED_PRECEDING) != 0)
        return QN_BOUND_UNBOUNDED_PRECEDING;
    if ((options & FRAME_START_CURRENT) != 0)
        return QN_BOUND_CURRENT;
    return (options & FRAME_START_PRECEDING) != 0 ? QN_BOUND_PRECEDING : QN_BOUND_FOLLOWING;
}

static qn_bound_kind end_kind(int32_t options) {
    if ((options & FRAME_END_UNBOUNDED_FOLLOWING) != 0)
        return QN_BOUND_UNBOUNDED_FOLLOWING;
    if ((options & FRAME_END_CURRENT) != 0)
        return QN_BOUND_CURRENT;
    return (options & FRAME_END_PRECEDING) != 0 ? QN_BOUND_PRECEDING : QN_BOUND_FOLLOWING;
}

static qn_frame_exclusion exclusion(int32_t options) {
    if ((options & FRAME_EXCLUDE_CURRENT) != 0)
        return QN_EXCLUDE_CURRENT;
    if ((options & FRAME_EXCLUDE_GROUP) != 0)
        return QN_EXCLUDE_GROUP;
    return (options & FRAME_EXCLUDE_TIES) != 0 ? QN_EXCLUDE_TIES : QN_EXCLUDE_NOTHING;
}

qn_status qn_sql_frame(const sql_block *block, const PgQuery__WindowDef *node,
                       qn_window_frame *out) {
    const sql_source *source = block->query->source;
    int32_t options = node->frame_options;
    qn_window_frame frame = {.unit = (options & FRAME_ROWS) != 0     ? QN_FRAME_ROWS
                                     : (options & FRAME_GROUPS) != 0 ? QN_FRAME_GROUPS
                                                                     : QN_FRAME_RANGE,
                             .from = {.kind = start_kind(options)},
                             .to = {.kind = end_kind(options)},
                             .exclusion = exclusion(options)};
    if (node->start_offset != NULL)
        QN_TRY(read_offset(source, node->start_offset, frame.unit, &frame.from));
    if (node->end_offset != NULL)
        QN_TRY(read_offset(source, node->end_offset, frame.unit, &frame.to));
    *out = frame;
    return QN_OK;
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static qn_status display_offset(const qn_bound *bound, qn_text *out) {
    char text[80];
    if (!bound->interval)
        return qn_text_printf(out, "%.*s", qn_print_real(bound->offset, text), text);
    int64_t day = INT64_C(86400000000000);
    qn_interval interval = {bound->months, (int32_t)(bound->nanoseconds / day),
                            bound->nanoseconds % day};
    return qn_text_printf(out, "INTERVAL '%.*s'", qn_print_interval(&interval, text), text);
}

static qn_status display_bound(const qn_bound *bound, qn_text *out) {
    switch (bound->kind) {
    case QN_BOUND_UNBOUNDED_PRECEDING:
        return qn_text_printf(out, "UNBOUNDED PRECEDING");
    case QN_BOUND_UNBOUNDED_FOLLOWING:
        return qn_text_printf(out, "UNBOUNDED FOLLOWING");
    case QN_BOUND_CURRENT:
        return qn_text_printf(out, "CURRENT ROW");
    default:
        QN_TRY(display_offset(bound, out));
        return qn_text_printf(out, bound->kind == QN_BOUND_PRECEDING ? " PRECEDING" : " FOLLOWING");
    }
}

qn_status qn_sql_display_frame(const qn_window_frame *frame, qn_text *out) {
    static const char *const units[] = {
        [QN_FRAME_ROWS] = "ROWS", [QN_FRAME_RANGE] = "RANGE", [QN_FRAME_GROUPS] = "GROUPS"};
    static const char *const exclusions[] = {[QN_EXCLUDE_NOTHING] = "",
                                             [QN_EXCLUDE_CURRENT] = " EXCLUDE CURRENT ROW",
                                             [QN_EXCLUDE_GROUP] = " EXCLUDE GROUP",
                                             [QN_EXCLUDE_TIES] = " EXCLUDE TIES"};
    QN_TRY(qn_text_printf(out, " %s BETWEEN ", units[frame->unit]));
    QN_TRY(display_bound(&frame->from, out));
    QN_TRY(qn_text_printf(out, " AND "));
    QN_TRY(display_bound(&frame->to, out));
    return qn_text_printf(out, "%s", exclusions[frame->exclusion]);
}

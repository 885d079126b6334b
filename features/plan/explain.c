/* Trees of operators as text and as JSON. */
#include "features/plan/explain.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

/* ---- Figures --------------------------------------------------------------------------------- */

/* Of the operator by itself: inputs run inside of it. */
static double own_seconds(const qn_physical *node) {
    double seconds = node->meter.seconds;
    for (int64_t i = 0; i < node->count; i++)
        seconds -= node->inputs[i]->meter.seconds;
    return seconds > 0 ? seconds : 0;
}

static int64_t own_sent(const qn_physical *node) {
    int64_t sent = node->meter.sent;
    for (int64_t i = 0; i < node->count; i++)
        sent -= node->inputs[i]->meter.sent;
    return sent > 0 ? sent : 0;
}

static double imbalance(const qn_physical *node) {
    const qn_meter *meter = &node->meter;
    return meter->mean_seconds > 0 ? meter->seconds / meter->mean_seconds : 1;
}

static double row_imbalance(const qn_physical *node) {
    const qn_meter *meter = &node->meter;
    return meter->rows > 0 ? (double)(meter->most_rows * meter->ranks) / (double)meter->rows : 1;
}

static int64_t rows_in(const qn_physical *node) {
    int64_t rows = 0;
    for (int64_t i = 0; i < node->count; i++)
        rows += node->inputs[i]->meter.rows;
    return rows;
}

/* "1.5 MB" */
static qn_status print_bytes(int64_t bytes, qn_text *out) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1000 && unit < 4; unit++)
        value /= 1000;
    return qn_text_printf(out, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

/* ---- Text ------------------------------------------------------------------------------------ */

static qn_status print_meter(const qn_physical *node, qn_text *out) {
    const qn_meter *meter = &node->meter;
    QN_TRY(qn_text_printf(out, "rows %lld", (long long)meter->rows));
    if (node->count > 0)
        QN_TRY(qn_text_printf(out, " of %lld", (long long)rows_in(node)));
    QN_TRY(qn_text_printf(out, ", batches %lld, %.3f s (own %.3f s), sent ",
                          (long long)meter->batches, meter->seconds, own_seconds(node)));
    QN_TRY(print_bytes(own_sent(node), out));
    QN_TRY(qn_text_printf(out, ", peak "));
    QN_TRY(print_bytes(meter->peak, out));
    return qn_text_printf(out, ", imbalance %.2f in rows, %.2f in time", row_imbalance(node),
                          imbalance(node));
}

/* "broadcast right: 3 rows, 48 B"; before it is known, on what it depends. */
static qn_status print_choice(const qn_join_choice *choice, qn_text *out) {
    if (choice->form == QN_JOIN_AUTO && choice->broadcast_rows == INT64_MAX)
        return qn_text_printf(out, "broadcast right");
    if (choice->form == QN_JOIN_AUTO)
        return qn_text_printf(out, "broadcast right up to %lld rows, else shuffle",
                              (long long)choice->broadcast_rows);
    bool broadcast = choice->form == QN_JOIN_BROADCAST;
    QN_TRY(qn_text_printf(out, "%s: %lld rows, ", broadcast ? "broadcast right" : "shuffle, right",
                          (long long)choice->right_rows));
    return print_bytes(choice->right_bytes, out);
}

/* In brackets behind the operator. */
static qn_status print_facts(const qn_physical *node, qn_text *out) {
    const char *before = "  (";
    if (node->expected >= 0) {
        QN_TRY(qn_text_printf(out, "%s%s%lld rows", before, node->known ? "" : "about ",
                              (long long)node->expected));
        before = ", ";
    }
    if (node->joins) {
        QN_TRY(qn_text_printf(out, "%s", before));
        QN_TRY(print_choice(&node->choice, out));
    }
    return node->expected >= 0 || node->joins ? qn_text_add_char(out, ')') : QN_OK;
}

/* `stem` is what continues the branches above on lines below this one. */
static qn_status print_tree(const qn_physical *node, bool metered, qn_text *stem, qn_text *out) {
    int64_t length = stem->length;
    QN_TRY(qn_text_add(out, node->text, (int64_t)strlen(node->text)));
    QN_TRY(print_facts(node, out));
    QN_TRY(qn_text_add_char(out, '\n'));
    if (metered) {
        QN_TRY(qn_text_printf(out, "%s%s", stem->data != NULL ? stem->data : "",
                              node->count > 0 ? "│    " : "     "));
        QN_TRY(print_meter(node, out));
        QN_TRY(qn_text_add_char(out, '\n'));
    }
    for (int64_t i = 0; i < node->count; i++) {
        bool last = i + 1 == node->count;
        QN_TRY(qn_text_printf(out, "%s%s", stem->data != NULL ? stem->data : "",
                              last ? "└─ " : "├─ "));
        QN_TRY(qn_text_printf(stem, "%s", last ? "   " : "│  "));
        QN_TRY(print_tree(node->inputs[i], metered, stem, out));
        qn_text_truncate(stem, length);
    }
    return QN_OK;
}

qn_status qn_physical_print(const qn_physical *tree, bool metered, qn_text *out) {
    qn_text stem;
    qn_text_init(&stem);
    qn_status status = print_tree(tree, metered, &stem, out);
    qn_text_clear(&stem);
    return status;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static qn_status print_json_text(const char *text, qn_text *out) {
    QN_TRY(qn_text_add_char(out, '"'));
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            QN_TRY(qn_text_printf(out, "\\%c", *c));
        else if ((unsigned char)*c < 0x20)
            QN_TRY(qn_text_printf(out, "\\u%04x", (unsigned char)*c));
        else
            QN_TRY(qn_text_add_char(out, *c));
    }
    return qn_text_add_char(out, '"');
}

static qn_status print_json_meter(const qn_physical *node, qn_text *out) {
    const qn_meter *meter = &node->meter;
    return qn_text_printf(
        out,
        ", \"rows\": %lld, \"rows_in\": %lld, \"batches\": %lld, \"seconds\": %.6f, "
        "\"own_seconds\": %.6f, \"bytes_sent\": %lld, \"peak_bytes\": %lld, \"row_imbalance\": "
        "%.3f, "
        "\"time_imbalance\": %.3f",
        (long long)meter->rows, (long long)rows_in(node), (long long)meter->batches, meter->seconds,
        own_seconds(node), (long long)own_sent(node), (long long)meter->peak, row_imbalance(node),
        imbalance(node));
}

static qn_status print_json_choice(const qn_join_choice *choice, qn_text *out) {
    static const char *const forms[] = {"undecided", "broadcast", "shuffle"};
    QN_TRY(qn_text_printf(out, ", \"join\": {\"form\": \"%s\"", forms[choice->form]));
    if (choice->broadcast_rows < INT64_MAX)
        QN_TRY(
            qn_text_printf(out, ", \"broadcast_rows\": %lld", (long long)choice->broadcast_rows));
    if (choice->form != QN_JOIN_AUTO)
        QN_TRY(qn_text_printf(out, ", \"right_rows\": %lld, \"right_bytes\": %lld",
                              (long long)choice->right_rows, (long long)choice->right_bytes));
    return qn_text_add_char(out, '}');
}

qn_status qn_physical_print_json(const qn_physical *tree, bool metered, qn_text *out) {
    QN_TRY(qn_text_printf(out, "{\"operator\": "));
    QN_TRY(print_json_text(tree->text, out));
    if (tree->expected >= 0)
        QN_TRY(qn_text_printf(out, ", \"expected_rows\": %lld", (long long)tree->expected));
    if (tree->joins)
        QN_TRY(print_json_choice(&tree->choice, out));
    if (metered)
        QN_TRY(print_json_meter(tree, out));
    QN_TRY(qn_text_printf(out, ", \"inputs\": ["));
    for (int64_t i = 0; i < tree->count; i++) {
        if (i > 0)
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(qn_physical_print_json(tree->inputs[i], metered, out));
    }
    return qn_text_printf(out, "]}");
}

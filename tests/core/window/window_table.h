/* Random tables for the tests of window functions, as rows and as batches. */
#ifndef QUERN_TESTS_WINDOW_TABLE_H
#define QUERN_TESTS_WINDOW_TABLE_H

#include "core/random.h"
#include "tests/core/window/window_reference.h"

typedef struct dice {
    qn_random random;
    uint64_t row;
} dice;

static int64_t roll(dice *d, int64_t bound) {
    return qn_random_below(d->random, d->row++, 0, bound);
}

static double random_key(dice *d, qn_type type) {
    if (type == QN_FLOAT64) {
        int64_t kind = roll(d, 12);
        if (kind < 3)
            return kind == 0 ? NAN : kind == 1 ? INFINITY : -INFINITY;
        return (double)(roll(d, 40) - 20) / 4;
    }
    if (type == QN_DATE)
        return (double)(19700 + roll(d, 100));
    if (type == QN_TIMESTAMP)
        return (double)((19700 + roll(d, 100)) * QN_NANOS_A_DAY +
                        roll(d, 3) * 3600 * QN_NANOS_A_SECOND);
    return (double)(roll(d, 30) - 15);
}

static double random_value(dice *d, bool specials, bool wild) {
    if (specials && roll(d, 12) == 0) {
        static const double special[] = {NAN, INFINITY, -INFINITY, -0.0};
        return special[roll(d, 4)];
    }
    double value = qn_random_normal(d->random, d->row++, 1) * 10;
    return wild ? ldexp(value, (int)roll(d, 400) - 200) : roll(d, 3) == 0 ? floor(value) : value;
}

static inline void random_rows(dice *d, ref_row *rows, int32_t count, qn_type key_type) {
    int64_t partitions = 1 + roll(d, 6);
    bool nulls = roll(d, 3) > 0, specials = roll(d, 4) == 0, wild = roll(d, 6) == 0;
    for (int32_t i = 0; i < count; i++) {
        rows[i] = (ref_row){.p = (int32_t)roll(d, partitions),
                            .s = (int32_t)roll(d, 5),
                            .k = random_key(d, key_type),
                            .v = random_value(d, specials, wild),
                            .w = (double)roll(d, 7) - 3,
                            .flag = (int32_t)roll(d, 2)};
        if (!nulls)
            continue;
        rows[i].np = roll(d, 8) == 0;
        rows[i].nk = roll(d, 8) == 0;
        rows[i].nv = roll(d, 5) == 0;
        rows[i].nw = roll(d, 5) == 0;
        rows[i].ns = roll(d, 5) == 0;
        rows[i].nflag = roll(d, 5) == 0;
    }
}

static qn_status set_value(qn_column *column, int64_t row, ref_value value) {
    if (value.null)
        return qn_column_set_null(column, row);
    if (column->type == QN_BOOL && value.number != 0)
        qn_bit_set(column->bits, row);
    else if (column->type == QN_INT32 || column->type == QN_DATE)
        column->i32[row] = (int32_t)value.number;
    else if (column->type == QN_INT64 || column->type == QN_TIMESTAMP)
        column->i64[row] = (int64_t)value.number;
    else if (column->type == QN_FLOAT64)
        column->f64[row] = value.number;
    return QN_OK;
}

static qn_status text_column(qn_column **out, const ref_row *rows, int32_t count) {
    qn_string_builder builder;
    char text[16];
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    for (int32_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "s%d", rows[i].s);
        if (rows[i].ns)
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
        else
            QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of(text)), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status table_schema(qn_schema *out, qn_type key_type) {
    const qn_type types[REF_COLUMNS] = {QN_INT32, key_type,  QN_FLOAT64,
                                        QN_INT64, QN_STRING, QN_BOOL};
    const char *names[REF_COLUMNS] = {"p", "k", "v", "w", "s", "flag"};
    qn_status status = QN_OK;
    qn_schema_init(out);
    for (int32_t c = 0; c < REF_COLUMNS && status == QN_OK; c++)
        status = qn_schema_add(out, names[c], types[c]);
    if (status != QN_OK)
        qn_schema_clear(out);
    return status;
}

static qn_status make_batch(qn_batch *out, const qn_schema *schema, const ref_row *rows,
                            int32_t count) {
    qn_batch batch;
    qn_status status;
    qn_batch_init(&batch);
    batch.length = count;
    for (int32_t c = 0; c < REF_COLUMNS; c++) {
        qn_column *column = NULL;
        if (c == REF_S)
            QN_TRY_GOTO(text_column(&column, rows, count), fail);
        else
            QN_TRY_GOTO(qn_column_new(&column, schema->fields[c].type, count, 0), fail);
        QN_TRY_GOTO(qn_batch_append(&batch, column), fail);
        for (int32_t i = 0; c != REF_S && i < count; i++)
            QN_TRY_GOTO(set_value(column, i, ref_column(&rows[i], c)), fail);
    }
    qn_batch_move(out, &batch);
    return QN_OK;
fail:
    qn_batch_clear(&batch);
    return status;
}

/* Cut into batches of random lengths, some of them empty. */
static inline qn_status make_table(qn_table *out, dice *d, const ref_row *rows, int32_t count,
                                   qn_type key_type) {
    qn_status status;
    qn_table_init(out);
    QN_TRY(table_schema(&out->schema, key_type));
    for (int32_t first = 0; first < count;) {
        int32_t length = (int32_t)roll(d, 20);
        length = length < count - first ? length : count - first;
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY_GOTO(make_batch(&batch, &out->schema, rows + first, length), fail);
        QN_TRY_GOTO(qn_table_add(out, &batch), fail);
        first += length;
    }
    return QN_OK;
fail:
    qn_table_clear(out);
    return status;
}

/* ---- Random calls ---------------------------------------------------------------------------- */

static qn_bound random_bound(dice *d, const ref_window *w, qn_frame_unit unit, bool end) {
    qn_bound bound = {.kind = (qn_bound_kind)(roll(d, 4) + end)};
    bool time = w->key_type == QN_DATE || w->key_type == QN_TIMESTAMP;
    bound.offset = (double)roll(d, 5);
    if (unit == QN_FRAME_RANGE && w->key_type == QN_FLOAT64)
        bound.offset = (double)roll(d, 20) / 4;
    if (unit == QN_FRAME_RANGE && time && (w->key_type == QN_TIMESTAMP || roll(d, 2))) {
        bound.interval = true;
        bound.months = (int32_t)roll(d, 3);
        bound.nanoseconds = roll(d, 10) * QN_NANOS_A_DAY;
    }
    return bound;
}

static bool bound_has_offset(const qn_bound *bound) {
    return bound->kind == QN_BOUND_PRECEDING || bound->kind == QN_BOUND_FOLLOWING;
}

static void random_frame(dice *d, const ref_window *w, qn_window_call *call) {
    qn_window_frame *frame = &call->frame;
    call->default_frame = roll(d, 6) == 0;
    frame->unit = (qn_frame_unit)roll(d, w->ordered ? 3 : 1);
    do {
        frame->from = random_bound(d, w, frame->unit, false);
        frame->to = random_bound(d, w, frame->unit, true);
        if (bound_has_offset(&frame->from) && frame->from.kind == frame->to.kind) {
            qn_bound *nearer = frame->from.kind == QN_BOUND_PRECEDING ? &frame->to : &frame->from;
            nearer->offset = nearer->months = 0;
            nearer->nanoseconds = 0;
        }
    } while (frame->from.kind > frame->to.kind);
    frame->exclusion = (qn_frame_exclusion)(roll(d, 2) ? roll(d, 4) : 0);
}

static const char *const rank_names[] = {"row_number",   "rank",      "dense_rank",
                                         "percent_rank", "cume_dist", "ntile"};
static const char *const frame_names[] = {
    "first_value", "last_value", "nth_value",  "count",           "sum",
    "avg",         "min",        "max",        "var_samp",        "var_pop",
    "stddev_samp", "stddev_pop", "covar_samp", "covar_pop",       "corr",
    "bool_and",    "bool_or",    "median",     "percentile_cont", "percentile_disc"};

static void random_arguments(dice *d, qn_window_call *call) {
    static const int32_t any[] = {REF_K, REF_V, REF_W, REF_S, REF_FLAG, REF_P};
    const char *name = call->function;
    call->argument_count = strncmp(name, "co", 2) == 0 && strcmp(name, "count") != 0 ? 2 : 1;
    for (int32_t k = 0; k < 2; k++)
        call->arguments[k] = roll(d, 2) ? REF_V : REF_W;
    if (strstr(name, "_value") != NULL)
        call->arguments[0] = any[roll(d, 6)];
    if (strcmp(name, "min") == 0 || strcmp(name, "max") == 0)
        call->arguments[0] = any[roll(d, 6)];
    if (strncmp(name, "bool", 4) == 0)
        call->arguments[0] = REF_FLAG;
    if (strcmp(name, "sum") == 0 || strcmp(name, "avg") == 0 || strcmp(name, "median") == 0)
        call->distinct = roll(d, 3) == 0;
    if (strcmp(name, "count") == 0) {
        call->arguments[0] = any[roll(d, 6)];
        call->distinct = roll(d, 2) == 0;
        call->argument_count = call->distinct ? 1 : (int32_t)roll(d, 2);
    }
}

static inline qn_window_call random_call(dice *d, const ref_window *w) {
    qn_window_call call = {.name = "result", .fallback = -1, .filter = -1};
    int64_t kind = roll(d, 10);
    call.number = 1 + roll(d, 4);
    call.share = (double)roll(d, 9) / 8;
    if (w->ordered && kind < 2) {
        call.function = rank_names[roll(d, 6)];
    } else if (w->ordered && kind < 4) {
        static const int32_t any[] = {REF_K, REF_V, REF_W, REF_S, REF_FLAG};
        call.function = roll(d, 2) ? "lag" : "lead";
        call.number = roll(d, 7) - 3;
        call.argument_count = 1;
        call.arguments[0] = any[roll(d, 5)];
        call.fallback = roll(d, 2) ? call.arguments[0] : -1;
        call.ignore_nulls = roll(d, 3) == 0;
    } else {
        call.function = frame_names[roll(d, sizeof frame_names / sizeof *frame_names)];
        random_arguments(d, &call);
        random_frame(d, w, &call);
        bool nth = strstr(call.function, "_value") != NULL;
        call.ignore_nulls = nth && roll(d, 2);
        call.filter = !nth && roll(d, 4) == 0 ? REF_FLAG : -1;
    }
    return call;
}

static inline ref_window random_window(dice *d, const ref_row *rows, int32_t count,
                                       int32_t *order) {
    static const qn_type types[] = {QN_INT32, QN_INT64, QN_FLOAT64, QN_DATE, QN_TIMESTAMP};
    ref_window w = {.rows = rows,
                    .count = count,
                    .partitioned = roll(d, 5) > 0,
                    .ordered = roll(d, 6) > 0,
                    .descending = roll(d, 2),
                    .nulls_last = roll(d, 2),
                    .key_type = types[roll(d, 5)],
                    .order = order};
    return w;
}

#endif

/* Types of columns from their texts. */
#include "core/csv/csv.h"
#include "core/csv/field.h"
#include "core/csv/scan.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "core/text/utf8.h"

enum { AS_BOOL = 1, AS_INT64 = 2, AS_FLOAT64 = 4, AS_DATE = 8, AS_TIMESTAMP = 16, AS_ALL = 31 };
enum { SEEN_VALUE = 1, SEEN_NUMBER = 2 }; /* nan and inf alone make no column of numbers */

void qn_csv_guess_init(qn_csv_guess *guess) {
    *guess = (qn_csv_guess){.possible = AS_ALL};
}

void qn_csv_guess_merge(qn_csv_guess *guess, const qn_csv_guess *other) {
    guess->possible &= other->possible;
    guess->seen |= other->seen;
}

qn_type qn_csv_guess_type(const qn_csv_guess *guess) {
    if ((guess->seen & SEEN_VALUE) == 0)
        return QN_STRING;
    if (guess->possible & AS_BOOL)
        return QN_BOOL;
    if (guess->possible & AS_DATE)
        return QN_DATE;
    if (guess->possible & AS_TIMESTAMP)
        return QN_TIMESTAMP;
    if ((guess->seen & SEEN_NUMBER) == 0)
        return QN_STRING;
    if (guess->possible & AS_INT64)
        return QN_INT64;
    return guess->possible & AS_FLOAT64 ? QN_FLOAT64 : QN_STRING;
}

bool qn_csv_guess_is_settled(const qn_csv_guess *guess) {
    return guess->possible == 0;
}

static bool fits(const qn_csv_dialect *dialect, qn_view text, qn_type type) {
    qn_csv_value value;
    return qn_csv_field_value(dialect, text, type, &value) == QN_CSV_VALUE;
}

/* Narrows the guess by one text; only what is still possible is tried. */
static void add_text(qn_csv_guess *guess, const qn_csv_dialect *dialect, qn_view text) {
    uint32_t possible = 0;
    guess->seen |= SEEN_VALUE;
    if (guess->possible & (AS_INT64 | AS_FLOAT64)) {
        qn_csv_value value;
        if (fits(dialect, text, QN_INT64)) {
            possible |= AS_INT64 | AS_FLOAT64;
            guess->seen |= SEEN_NUMBER;
        } else if (qn_csv_field_value(dialect, text, QN_FLOAT64, &value) == QN_CSV_VALUE) {
            possible |= AS_FLOAT64;
            char last = (char)(text.data[text.length - 1] | 32);
            bool is_word = last == 'n' || last == 'f' || last == 'y'; /* nan inf infinity */
            if (!is_word)
                guess->seen |= SEEN_NUMBER;
        }
    }
    if ((guess->possible & AS_BOOL) && fits(dialect, text, QN_BOOL))
        possible |= AS_BOOL;
    if ((guess->possible & AS_DATE) && fits(dialect, text, QN_DATE))
        possible |= AS_DATE;
    if ((guess->possible & AS_TIMESTAMP) && fits(dialect, text, QN_TIMESTAMP))
        possible |= AS_TIMESTAMP;
    guess->possible &= possible;
}

typedef struct guesser {
    const qn_csv_dialect *dialect;
    const qn_csv_kernels *kernels;
    bool numeric_nulls;
    qn_csv_index index;
    qn_csv_rows rows;
    qn_csv_span *spans;
    uint32_t *rest;
    double *values; /* or integers: nobody looks at them */
    int64_t span_capacity, scratch_capacity;
    char *scratch;
} guesser;

static void clear(guesser *g) {
    qn_csv_index_clear(&g->index);
    qn_csv_rows_clear(&g->rows);
    qn_mem_free(g->spans);
    qn_mem_free(g->rest);
    qn_mem_free(g->values);
    qn_mem_free(g->scratch);
}

static qn_status reserve(guesser *g) {
    QN_TRY(qn_mem_reserve(&g->scratch, &g->scratch_capacity, g->index.offset + 64, 1));
    if (g->rows.count <= g->span_capacity)
        return QN_OK;
    size_t grown = (size_t)g->rows.count * 2;
    QN_TRY(qn_mem_resize(&g->spans, grown, sizeof *g->spans));
    QN_TRY(qn_mem_resize(&g->rest, grown + 64, sizeof *g->rest));
    QN_TRY(qn_mem_resize(&g->values, grown + 64, sizeof *g->values));
    g->span_capacity = (int64_t)grown;
    return QN_OK;
}

static void add_field(guesser *g, qn_csv_guess *guess, int64_t i) {
    qn_csv_span at = g->spans[i];
    qn_view text, field = {g->index.base + at.begin, at.end - at.begin};
    if (qn_csv_field_text(g->dialect, field, false, g->scratch, &text) != QN_CSV_VALUE)
        return;
    if (g->index.beyond && !qn_utf8_is_valid(text))
        return; /* a bad record under any type */
    add_text(guess, g->dialect, text);
}

/* True if kernels may say that plain numbers are numbers and nothing else. */
static bool trusts_kernels(const guesser *g, const qn_csv_guess *guess) {
    bool dates = (guess->possible & AS_DATE) && g->dialect->date_format != NULL;
    bool times = (guess->possible & AS_TIMESTAMP) && g->dialect->timestamp_format != NULL;
    return !g->numeric_nulls && !dates && !times;
}

/* Lets a kernel pick the plain numbers; the fields left are in g->rest. */
static int64_t pick_numbers(guesser *g, qn_csv_guess *guess, bool integers) {
    qn_csv_spans spans = {.base = g->index.base,
                          .count = g->rows.count,
                          .at = g->spans,
                          .decimal = g->dialect->decimal};
    int64_t left = integers ? g->kernels->int64(&spans, (int64_t *)(void *)g->values, g->rest)
                            : g->kernels->float64(&spans, g->values, g->rest);
    if (left < g->rows.count) {
        guess->seen |= SEEN_VALUE | SEEN_NUMBER;
        guess->possible &= integers ? AS_INT64 | AS_FLOAT64 : AS_FLOAT64;
    }
    return left;
}

static void add_column(guesser *g, qn_csv_guess *guess) {
    for (int pass = 0; pass < 2; pass++) {
        bool integers = (guess->possible & AS_INT64) != 0;
        if (!(guess->possible & AS_FLOAT64) || !trusts_kernels(g, guess))
            break;
        int64_t left = pick_numbers(g, guess, integers), k = 0;
        for (; k < left && guess->possible != 0; k++) {
            add_field(g, guess, g->rest[k]);
            if (integers && !(guess->possible & AS_INT64) && left > 64)
                break; /* no integers after all: the other kernel is quicker */
        }
        if (k == left || guess->possible == 0)
            return;
    }
    for (int64_t i = 0; i < g->rows.count && guess->possible != 0; i++)
        add_field(g, guess, i);
}

static qn_status guess_tile(guesser *g, qn_csv_guess *guesses, int32_t count) {
    QN_TRY(reserve(g));
    for (int32_t i = 0; i < count; i++) {
        if (guesses[i].possible == 0)
            continue;
        qn_csv_spans_of(&g->rows, &g->index, i, i == count - 1, g->spans);
        add_column(g, &guesses[i]);
    }
    return QN_OK;
}

qn_status qn_csv_infer(qn_csv_guess *guesses, int32_t count, const qn_csv_dialect *dialect,
                       const char *bytes, int64_t length, bool final, int64_t max_records,
                       int64_t *records, int64_t *consumed) {
    guesser g = {.dialect = dialect,
                 .kernels = qn_csv_kernels_of(dialect),
                 .numeric_nulls = qn_csv_has_numeric_nulls(dialect)};
    qn_status status = QN_OK;
    int64_t at = 0, found = 0;
    while (at < length && found < max_records) {
        QN_TRY_GOTO(qn_csv_tile(&g.rows, &g.index, dialect, (qn_view){bytes + at, length - at},
                                final, count, max_records - found),
                    done);
        if (g.rows.consumed == 0)
            break;
        QN_TRY_GOTO(guess_tile(&g, guesses, count), done);
        at += g.rows.consumed;
        found += g.rows.records;
    }
    *records = found;
    *consumed = at;
done:
    clear(&g);
    return status;
}

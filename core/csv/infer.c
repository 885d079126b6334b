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
    qn_csv_index index;
    qn_csv_rows rows;
    uint32_t *begin, *end;
    int64_t span_capacity, scratch_capacity;
    char *scratch;
} guesser;

static void clear(guesser *g) {
    qn_csv_index_clear(&g->index);
    qn_csv_rows_clear(&g->rows);
    qn_mem_free(g->begin);
    qn_mem_free(g->end);
    qn_mem_free(g->scratch);
}

static qn_status reserve(guesser *g) {
    QN_TRY(qn_mem_reserve(&g->scratch, &g->scratch_capacity, g->index.offset + 64, 1));
    int64_t capacity = g->span_capacity;
    QN_TRY(qn_mem_reserve(&g->begin, &capacity, g->rows.count, sizeof *g->begin));
    return qn_mem_reserve(&g->end, &g->span_capacity, g->rows.count, sizeof *g->end);
}

static void add_column(guesser *g, qn_csv_guess *guess) {
    for (int64_t i = 0; i < g->rows.count && guess->possible != 0; i++) {
        qn_view text, field = {g->index.base + g->begin[i], g->end[i] - g->begin[i]};
        if (qn_csv_field_text(g->dialect, field, false, g->scratch, &text) != QN_CSV_VALUE)
            continue;
        if (g->index.beyond && !qn_utf8_is_valid(text))
            continue; /* a bad record under any type */
        add_text(guess, g->dialect, text);
    }
}

static qn_status guess_tile(guesser *g, qn_csv_guess *guesses, int32_t count) {
    QN_TRY(reserve(g));
    for (int32_t i = 0; i < count; i++) {
        if (guesses[i].possible == 0)
            continue;
        qn_csv_spans_of(&g->rows, &g->index, i, i == count - 1, g->begin, g->end);
        add_column(g, &guesses[i]);
    }
    return QN_OK;
}

qn_status qn_csv_infer(qn_csv_guess *guesses, int32_t count, const qn_csv_dialect *dialect,
                       const char *bytes, int64_t length, bool final, int64_t max_records,
                       int64_t *records, int64_t *consumed) {
    guesser g = {.dialect = dialect};
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

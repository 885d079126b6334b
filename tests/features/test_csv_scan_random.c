/* Random bytes, read by all ranks together and by each alone: the same rows, the same bad rows.
 * Ranks: 1 2 3 7 */
#include "core/csv/csv.h"
#include "core/memory.h"
#include "core/random.h"
#include "features/scan/csv_scan.h"
#include "mpi/file/file.h"
#include "tests/harness/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Borders -------------------------------------------------------------------------------- */

/* Characters that matter, the last ones rarely. */
static char random_byte(uint64_t seed, int64_t i) {
    static const char bytes[] = "aa1,,\n\n\"\"\r\\\xc3";
    return bytes[qn_random_below((qn_random){seed, 3}, (uint64_t)i, 0, sizeof bytes - 1)];
}

/* Where records start, found one after the other from the front; returns how many. */
static int64_t list_starts(const qn_csv_source *source, const char *text, int64_t length,
                           int64_t *starts) {
    int64_t at = source->files[0].begin, count = 0, skipped = 1, lines = 0;
    for (;;) {
        int64_t start = at;
        while (start < length && (text[start] == '\n' || text[start] == '\r'))
            start++;
        at += qn_csv_skip(&source->dialect, text + at, length - at, true, 1, &skipped, &lines);
        if (skipped == 0)
            return count;
        starts[count++] = start;
    }
}

static int64_t line_of(const char *text, int64_t offset) {
    int64_t line = 0;
    for (int64_t i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static bool parts_agree(const qn_csv_source *source, const char *text, const int64_t *starts,
                        int64_t records, int64_t parts) {
    bool same = true;
    qn_csv_state state = {.line = source->files[0].lines};
    for (int64_t part = 0; part < parts; part++) {
        qn_csv_piece *pieces = NULL;
        int64_t count = 0;
        qn_csv_layout layout = {0};
        qn_csv_position from = qn_csv_layout_cut(source, part, parts);
        qn_csv_position to = qn_csv_layout_cut(source, part + 1, parts);
        QN_TEST_OK(qn_csv_layout_tally(&pieces, &count, source, from, to));
        QN_TEST_OK(qn_csv_layout_locate(&layout, source, pieces, count, state));
        if (layout.rows > 0)
            same = same && layout.first.offset == starts[state.row] &&
                   layout.first.line == line_of(text, layout.first.offset);
        qn_csv_summary summary = qn_csv_layout_summarize(source, pieces, count);
        state = qn_csv_layout_step(state, &summary);
        qn_mem_free(pieces);
    }
    return same && state.row == records;
}

static void check_random_borders(uint64_t seed, const char *const *option) {
    enum { LENGTH = 90 };
    char text[LENGTH] = "x,y\n";
    int64_t starts[LENGTH];
    for (int64_t i = 4; i < LENGTH; i++)
        text[i] = random_byte(seed, i);
    const char *path = qn_test_path("random.csv");
    test_write_file(path, text, LENGTH, TEST_PLAIN, 1);
    qn_comm *self = NULL;
    qn_options *options = NULL;
    qn_csv_source source;
    QN_TEST_OK(qn_comm_self(&self));
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    QN_TEST_OK(qn_options_set(options, option[0], option[1]));
    QN_TEST_OK(qn_csv_source_open(&source, self, &path, 1, options));
    int64_t records = list_starts(&source, text, LENGTH, starts);
    bool same = true;
    for (int64_t parts = 1; parts <= LENGTH && same; parts += 1 + parts / 8)
        same = parts_agree(&source, text, starts, records, parts);
    CU_ASSERT(same);
    if (!same)
        fprintf(stderr, "seed %llu, %s %s\n", (unsigned long long)seed, option[0], option[1]);
    qn_csv_source_clear(&source);
    qn_options_free(options);
    qn_comm_free(self);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_borders(void) {
    static const char *const options[][2] = {{"escape", ""}, {"escape", "\\"}, {"quote", ""}};
    for (uint64_t seed = 0; seed < 60; seed++)
        check_random_borders(seed, options[seed % 3]);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* Mostly good records of three fields; now and then a random byte, which may open a quote. */
static qn_status random_text(qn_text *out, uint64_t seed, int64_t records) {
    qn_random random = {seed, 4};
    QN_TRY(qn_text_printf(out, "a,b,c\n"));
    for (int64_t i = 0; i < records; i++) {
        uint64_t bits = qn_random_bits(random, (uint64_t)i, 0);
        QN_TRY(qn_text_printf(out, bits % 3 ? "%d,\"%d\n\",x" : "%d,\"q\"\"%d\",\"\"", (int)i,
                              (int)(bits >> 32) % 100));
        if (bits / 3 % 64 == 0)
            QN_TRY(qn_text_add_char(out, random_byte(seed, i)));
        QN_TRY(qn_text_printf(out, bits / 256 % 2 ? "\n" : "\r\n"));
    }
    return QN_OK;
}

static qn_stream *open_random(qn_comm *comm, const char *const *paths, int64_t count) {
    qn_options *options = NULL;
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    QN_TEST_OK(qn_options_set(options, "mode", "quarantine"));
    QN_TEST_OK(qn_scan_open(&stream, comm, paths, count, options));
    qn_options_free(options);
    return stream;
}

static bool values_equal(const qn_column *a, const qn_column *b) {
    bool same = a->type == b->type && a->length == b->length;
    for (int64_t i = 0; same && i < a->length; i++) {
        same = qn_column_is_null(a, i) == qn_column_is_null(b, i);
        if (same && a->type == QN_STRING)
            same = qn_view_equal(qn_column_string(a, i), qn_column_string(b, i));
        else if (same && !qn_column_is_null(a, i))
            same = qn_column_real(a, i) == qn_column_real(b, i);
    }
    return same;
}

static bool batches_equal(const qn_batch *a, const qn_batch *b) {
    bool same = a->first_row == b->first_row && a->length == b->length && a->count == b->count;
    for (int64_t i = 0; same && i < a->length; i++)
        same = qn_batch_row(a, i) == qn_batch_row(b, i);
    for (int32_t c = 0; same && c < a->count; c++)
        same = values_equal(a->columns[c], b->columns[c]);
    return same;
}

/* This rank's batches are those that one rank alone has at the same place. */
static void compare(qn_stream *all, qn_stream *alone) {
    qn_table mine, reference;
    qn_table_init(&mine);
    qn_table_init(&reference);
    QN_TEST_OK(qn_table_collect(&mine, all));
    QN_TEST_OK(qn_table_collect(&reference, alone));
    bool same = qn_schema_equal(&all->schema, &alone->schema);
    int64_t batches = mine.batch_count;
    for (int64_t i = 0; i < mine.batch_count && same; i++) {
        int64_t index = mine.batches[i].first_row / QN_BATCH_ROWS;
        same = index < reference.batch_count &&
               batches_equal(&mine.batches[i], &reference.batches[index]);
    }
    CU_ASSERT(same);
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &batches, 1));
    CU_ASSERT_EQUAL(batches, reference.batch_count);
    qn_table_clear(&mine);
    qn_table_clear(&reference);
}

static bool files_equal(const char *a, const char *b) {
    char *x = NULL, *y = NULL;
    int64_t m = 0, n = 0;
    QN_TEST_OK(qn_file_read_all(a, &x, &m));
    QN_TEST_OK(qn_file_read_all(b, &y, &n));
    bool same = m == n && memcmp(x, y, (size_t)m) == 0;
    qn_mem_free(x);
    qn_mem_free(y);
    return same;
}

static void check_random_rows(uint64_t seed, test_coding coding) {
    const char *paths[2] = {qn_test_path("rows-1"), qn_test_path("rows-2")};
    for (int f = 0; f < 2; f++) {
        qn_text text;
        qn_text_init(&text);
        QN_TEST_OK(random_text(&text, 2 * seed + (uint64_t)f, f == 0 ? 50000 : 10000));
        test_write_file(paths[f], text.data, text.length, coding, 2);
        qn_text_clear(&text);
    }
    char name[64];
    snprintf(name, sizeof name, "alone-%d", qn_comm_rank(qn_test_comm()));
    const char *bad = qn_test_path("bad.csv"), *bad_alone = qn_test_path(name);
    qn_comm *self = NULL;
    QN_TEST_OK(qn_comm_self(&self));
    qn_stream *all = open_random(qn_test_comm(), paths, 2), *alone = open_random(self, paths, 2);
    compare(all, alone);
    int64_t rows = 0, rows_alone = 0;
    QN_TEST_OK(qn_csv_scan_quarantine_write(all, qn_test_comm(), bad, &rows));
    QN_TEST_OK(qn_csv_scan_quarantine_write(alone, self, bad_alone, &rows_alone));
    CU_ASSERT(rows > 100);
    CU_ASSERT_EQUAL(rows, rows_alone);
    CU_ASSERT(files_equal(bad, bad_alone));
    QN_TEST_OK(qn_stream_rewind(all));
    QN_TEST_OK(qn_stream_rewind(alone));
    compare(all, alone);
    qn_stream_free(all);
    qn_stream_free(alone);
    qn_comm_free(self);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_rows(void) {
    for (uint64_t seed = 0; seed < 3; seed++)
        check_random_rows(seed, (test_coding)(seed % 3));
}

int main(void) {
    static const qn_test_case cases[] = {
        {"random bytes have the same records whatever the borders", test_borders},
        {"random records give the same rows and bad rows on any ranks", test_rows},
        {NULL, NULL},
    };
    return qn_test_main("csv_scan_random", cases);
}

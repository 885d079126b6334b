/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/random.h"
#include "core/time/date.h"
#include "features/scan/csv_scan.h"
#include "tests/harness/files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Rows whose values are known ------------------------------------------------------------ */

typedef struct row {
    int64_t id;
    char name[400]; /* as it must be read */
    bool name_null, x_null, day_null, flag;
    double x;
    int32_t day;
} row;

static uint64_t draw(int64_t i, uint32_t what) {
    return qn_random_bits((qn_random){42, 1}, (uint64_t)i, what);
}

static void make_row(row *out, int64_t i) {
    static const char *const odd[] = {
        "plain", "comma, inside", "a \"quoted\" word", "two\nlines", "\r\n\n\"\n,", "Zo\xc3\xab",
        ""};
    uint64_t bits = draw(i, 0);
    *out = (row){.id = i};
    int kind = (int)(bits % 9);
    if (kind < 7)
        snprintf(out->name, sizeof out->name, "%s", odd[kind]);
    else if (kind == 7)
        out->name_null = true;
    else
        for (uint64_t k = 0; k < bits / 16 % 40; k++)
            strcat(out->name, k % 3 == 0 ? "\"\"\n" : k % 3 == 1 ? "1,2,3\n" : "\"\n\"");
    out->x_null = bits / 1024 % 11 == 0;
    out->x = (double)(int64_t)(draw(i, 1) % 2000001) / 1000.0 - 1000.0;
    out->day_null = bits / 65536 % 13 == 0;
    out->day = (int32_t)(draw(i, 2) % 20000);
    out->flag = draw(i, 3) % 2;
}

/* Writes the name as a field at `out` and returns the end. */
static char *put_name(char *out, const row *r) {
    if (r->name_null)
        return out;
    if (r->name[0] != '\0' && strpbrk(r->name, ",\"\r\n") == NULL)
        return stpcpy(out, r->name);
    *out++ = '"';
    for (const char *at = r->name; *at != '\0'; at++) {
        if (*at == '"')
            *out++ = '"';
        *out++ = *at;
    }
    *out++ = '"';
    return out;
}

static const char header[] = "id,name,x,day,flag";

static qn_status add_row(qn_text *out, int64_t i, const char *line_end) {
    row r;
    char line[1024], day[40];
    make_row(&r, i);
    char *end = line + sprintf(line, "%lld,", (long long)r.id);
    end = put_name(end, &r);
    *end++ = ',';
    if (!r.x_null)
        end += sprintf(end, "%.3f", r.x);
    day[qn_print_date(r.day, day)] = '\0';
    end += sprintf(end, ",%s,%s%s", r.day_null ? "" : day, r.flag ? "true" : "false", line_end);
    if (draw(i, 4) % 50 == 0)
        end = stpcpy(end, line_end);
    return qn_text_add(out, line, end - line);
}

typedef struct style {
    const char *line_end;
    bool mark, no_final_end;
} style;

/* Rows [begin, end) as a file. */
static void write_rows(const char *path, int64_t begin, int64_t end, style how,
                       test_coding coding) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(
        qn_text_printf(&text, "%s%s%s", how.mark ? "\xef\xbb\xbf" : "", header, how.line_end));
    qn_status status = QN_OK;
    for (int64_t i = begin; i < end && status == QN_OK; i++)
        status = add_row(&text, i, how.line_end);
    QN_TEST_OK(status);
    if (how.no_final_end)
        while (text.data[text.length - 1] == '\n' || text.data[text.length - 1] == '\r')
            qn_text_truncate(&text, text.length - 1);
    test_write_file(path, text.data, text.length, coding, 3);
    qn_text_clear(&text);
}

/* ---- Checking ------------------------------------------------------------------------------- */

static bool string_is(const qn_column *column, int64_t i, bool null, const char *value) {
    if (null || qn_column_is_null(column, i))
        return null && qn_column_is_null(column, i);
    return qn_view_equal(qn_column_string(column, i), qn_view_of(value));
}

static bool row_is(const qn_batch *batch, int64_t i, int64_t number) {
    row r;
    make_row(&r, number);
    qn_column *const *c = batch->columns;
    bool same = c[0]->i64[i] == r.id && string_is(c[1], i, r.name_null, r.name);
    same = same &&
           (r.x_null ? qn_column_is_null(c[2], i) : fabs(qn_column_real(c[2], i) - r.x) < 1e-9);
    same = same && (r.day_null ? qn_column_is_null(c[3], i) : c[3]->i32[i] == r.day);
    return same && qn_bit(c[4]->bits, i) == r.flag;
}

static bool batch_is(const qn_batch *batch, int64_t rows) {
    int64_t left = rows - batch->first_row;
    if (batch->first_row % QN_BATCH_ROWS != 0 || batch->count != 5 || batch->row_ids != NULL ||
        batch->length != (left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS))
        return false;
    for (int64_t i = 0; i < batch->length; i++) {
        if (!row_is(batch, i, batch->first_row + i)) {
            fprintf(stderr, "row %lld differs\n", (long long)(batch->first_row + i));
            return false;
        }
    }
    return true;
}

/* Reads the stream of this rank and compares it with rows 0 .. rows - 1 over all ranks. */
static void check_stream(qn_stream *stream, int64_t rows) {
    int64_t seen[2] = {0, 0}, last = -1;
    bool same = true, more = true;
    while (more) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = qn_stream_next(stream, &batch);
        QN_TEST_OK(status);
        more = status == QN_OK && batch.count > 0;
        if (more) {
            same = same && batch.first_row > last && batch_is(&batch, rows);
            last = batch.first_row;
            seen[0] += batch.length;
            seen[1] += 1 + batch.first_row / QN_BATCH_ROWS;
        }
        qn_batch_clear(&batch);
    }
    CU_ASSERT(same);
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), seen, 2));
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    CU_ASSERT_EQUAL(seen[0], rows);
    CU_ASSERT_EQUAL(seen[1], batches * (batches + 1) / 2);
}

static void check_types(const qn_schema *schema) {
    static const qn_type types[] = {QN_INT64, QN_STRING, QN_FLOAT64, QN_DATE, QN_BOOL};
    CU_ASSERT_EQUAL(schema->count, 5);
    for (int32_t i = 0; i < schema->count && i < 5; i++)
        CU_ASSERT_EQUAL(schema->fields[i].type, types[i]);
}

static void check_files(const char *const *paths, int64_t count, int64_t rows) {
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_scan_open(&stream, qn_test_comm(), paths, count, NULL));
    if (stream == NULL)
        return;
    check_types(&stream->schema);
    check_stream(stream, rows);
    QN_TEST_OK(qn_stream_rewind(stream));
    check_stream(stream, rows);
    int64_t records = qn_scan_report_of(stream).records;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &records, 1));
    CU_ASSERT_EQUAL(records, rows);
    qn_stream_free(stream);
}

/* ---- Files of all kinds --------------------------------------------------------------------- */

enum { MANY = 60011 };

static void test_one_file(void) {
    const char *path = qn_test_path("one.csv");
    write_rows(path, 0, MANY, (style){"\n", false, false}, TEST_PLAIN);
    check_files(&path, 1, MANY);
}

static void test_crlf(void) {
    const char *path = qn_test_path("crlf.csv");
    write_rows(path, 0, MANY, (style){"\r\n", true, true}, TEST_PLAIN);
    check_files(&path, 1, MANY);
}

static void test_few_rows(void) {
    for (int64_t rows = 5; rows < 12; rows++) {
        const char *path = qn_test_path("few.csv");
        write_rows(path, 0, rows, (style){rows % 2 ? "\n" : "\r\n", rows % 3 == 0, rows % 4 == 0},
                   TEST_PLAIN);
        qn_stream *stream = NULL;
        QN_TEST_OK(qn_scan_open(&stream, qn_test_comm(), &path, 1, NULL));
        check_stream(stream, rows);
        qn_stream_free(stream);
    }
}

/* Cuts rows 0 .. MANY - 1 into files at these places. */
static void check_several(const int64_t *cuts, int64_t files, const test_coding *coding) {
    const char *paths[16] = {NULL};
    char names[16][64];
    for (int64_t i = 0; i < files; i++) {
        static const char *const suffix[] = {"csv", "csv.gz", "csv.zst"};
        snprintf(names[i], sizeof names[i], "part-%02lld.%s", (long long)i, suffix[coding[i]]);
        paths[i] = strdup(qn_test_path(names[i]));
        write_rows(paths[i], cuts[i], cuts[i + 1],
                   (style){i % 2 ? "\n" : "\r\n", i % 3 == 0, i % 3 == 1}, coding[i]);
    }
    check_files(paths, files, MANY);
    for (int64_t i = 0; i < files; i++) {
        CU_ASSERT(qn_comm_rank(qn_test_comm()) != 0 || unlink(paths[i]) == 0);
        free((char *)(uintptr_t)paths[i]);
    }
}

static void test_several_files(void) {
    static const int64_t cuts[] = {0, 1, 1, 17000, 17003, 49000, MANY};
    static const test_coding plain[6] = {0};
    check_several(cuts, 6, plain);
}

static void test_compressed_files(void) {
    static const int64_t cuts[] = {0, 1, 20000, 20000, 20010, 20020, 49000, MANY};
    static const test_coding gzip[7] = {1, 1, 1, 1, 1, 1, 1};
    static const test_coding mixed[7] = {0, 2, 1, 0, 2, 0, 1};
    check_several(cuts, 7, gzip);
    check_several(cuts, 7, mixed);
}

static void test_given_compression(void) {
    const char *path = qn_test_path("unnamed");
    write_rows(path, 0, 900, (style){"\n", false, false}, TEST_ZSTD);
    check_files(&path, 1, 900);
    qn_options *options = NULL;
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    QN_TEST_OK(qn_options_set(options, "compression", "gzip"));
    QN_TEST_FAILS(qn_scan_open(&stream, qn_test_comm(), &path, 1, options), QN_DATA,
                  "damaged gzip data");
    qn_options_free(options);
}

static void test_glob(void) {
    write_rows(qn_test_path("glob-1.csv"), 0, 700, (style){"\n", false, true}, TEST_PLAIN);
    write_rows(qn_test_path("glob-2.csv"), 700, 1500, (style){"\n", false, false}, TEST_PLAIN);
    const char *pattern = qn_test_path("glob-*.csv");
    check_files(&pattern, 1, 1500);
}

static void test_standard_input(void) {
    const char *path = qn_test_path("stdin.csv");
    write_rows(path, 0, 20000, (style){"\n", false, false}, TEST_PLAIN);
    if (qn_comm_rank(qn_test_comm()) == 0)
        CU_ASSERT(freopen(path, "r", stdin) != NULL);
    const char *dash = "-";
    check_files(&dash, 1, 20000);
}

/* ---- Types ---------------------------------------------------------------------------------- */

/* Columns whose types change late, or seem to. */
static qn_status add_changing_row(qn_text *out, int i) {
    const char *late = i == 55000 ? "2024-01-31 10:00:00" : "2024-01-31";
    const char *number = i == 30000 ? "2.5" : i == 59000 ? "-7" : "12";
    const char *flag = i == 57000 ? "1" : "true";
    const char *empty = i == 45000 ? "false" : i == 45001 ? "\"\"" : "";
    const char *nan = i == 20000 ? "1e3" : "nan";
    const char *mess = i == 10 ? "3" : i == 33333 ? "2020-02-02" : "";
    const char *ragged = i == 40000 ? ",,,," : "";
    return qn_text_printf(out, "%s,%s,%s,%s,%s,%s,%d%s\n", late, number, flag, empty, nan, mess, i,
                          ragged);
}

static void check_changing(const char *path, const char *infer) {
    static const qn_type types[] = {QN_TIMESTAMP, QN_FLOAT64, QN_STRING, QN_BOOL,
                                    QN_FLOAT64,   QN_STRING,  QN_INT64};
    qn_options *options = NULL;
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    QN_TEST_OK(qn_options_set(options, "mode", "drop"));
    QN_TEST_OK(qn_options_set(options, "infer", infer));
    QN_TEST_OK(qn_scan_open(&stream, qn_test_comm(), &path, 1, options));
    for (int32_t i = 0; stream != NULL && i < 7; i++)
        CU_ASSERT_EQUAL(stream->schema.fields[i].type, types[i]);
    for (int pass = 0; stream != NULL && pass < 2; pass++) {
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(qn_table_collect(&table, stream));
        int64_t rows = table.row_count;
        QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &rows, 1));
        CU_ASSERT_EQUAL(rows, 60000 - 1);
        qn_table_clear(&table);
        QN_TEST_OK(qn_stream_rewind(stream));
    }
    qn_stream_free(stream);
    qn_options_free(options);
}

static void test_types(void) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_text_printf(&text, "late,number,flag,empty,nan,mess,i\n");
    for (int i = 0; i < 60000 && status == QN_OK; i++)
        status = add_changing_row(&text, i);
    QN_TEST_OK(status);
    const char *path = qn_test_path("types.csv");
    test_write_file(path, text.data, text.length, TEST_PLAIN, 1);
    qn_text_clear(&text);
    check_changing(path, "all");
    check_changing(path, "60000");
}

/* ---- Borders -------------------------------------------------------------------------------- */

/* Every part count from 1 to one a byte: each record is found by one part, where it starts. */
static void check_borders(qn_csv_source *source, const int64_t *starts, int64_t records) {
    int64_t bytes = source->files[0].size - source->files[0].begin;
    for (int64_t parts = 1; parts <= bytes + 2; parts++) {
        qn_csv_state state = {.line = source->files[0].lines};
        for (int64_t part = 0; part < parts; part++) {
            qn_csv_piece *pieces = NULL;
            int64_t count = 0;
            qn_csv_layout layout = {0};
            qn_csv_position from = qn_csv_layout_cut(source, part, parts);
            qn_csv_position to = qn_csv_layout_cut(source, part + 1, parts);
            QN_TEST_OK(qn_csv_layout_tally(&pieces, &count, source, from, to));
            qn_csv_summary summary = qn_csv_layout_summarize(source, pieces, count);
            QN_TEST_OK(qn_csv_layout_locate(&layout, source, pieces, count, state));
            if (layout.rows > 0)
                CU_ASSERT_EQUAL(layout.first.offset, starts[state.row]);
            state = qn_csv_layout_step(state, &summary);
            qn_mem_free(pieces);
        }
        CU_ASSERT_EQUAL(state.row, records);
    }
}

static void test_borders(void) {
    static const char *const records[] = {
        "1,\"a\"\"b\"\r\n", "\r\n\n",       "2,\"line\nline\r\n\"\n", "3,\n",
        "\n\r\n\n",         "4,\"\"\"\"\n", "5,\"\n\n,\"\r\n",        "\r\n",
        "6,\"x\""};
    static const bool blank[] = {0, 1, 0, 0, 1, 0, 0, 1, 0};
    char text[256] = "\xef\xbb\xbfn,s\r\n";
    int64_t starts[16], count = 0;
    for (int i = 0; i < 9; i++) {
        if (!blank[i])
            starts[count++] = (int64_t)strlen(text);
        strcat(text, records[i]);
    }
    const char *path = qn_test_path("borders.csv");
    test_write_file(path, text, (int64_t)strlen(text), TEST_PLAIN, 1);
    qn_comm *self = NULL;
    qn_options *options = NULL;
    qn_csv_source source;
    QN_TEST_OK(qn_comm_self(&self));
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    QN_TEST_OK(qn_csv_source_open(&source, self, &path, 1, options));
    check_borders(&source, starts, count);
    qn_csv_source_clear(&source);
    qn_options_free(options);
    qn_comm_free(self);
}

int main(void) {
    static const qn_test_case cases[] = {
        {"a file is read the same by any number of ranks", test_one_file},
        {"CRLF, a byte order mark and a missing line end do not matter", test_crlf},
        {"more ranks than rows is fine", test_few_rows},
        {"several files are one row sequence", test_several_files},
        {"gzip and zstd files are read, also between plain ones", test_compressed_files},
        {"compression is told by the content, or given", test_given_compression},
        {"patterns are expanded", test_glob},
        {"standard input is read once and can be rewound", test_standard_input},
        {"types hold for the last row too", test_types},
        {"records are found whatever the border", test_borders},
        {NULL, NULL},
    };
    return qn_test_main("csv_scan", cases);
}

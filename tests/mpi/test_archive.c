/* Archives: what is written is read, the same bytes, and damaged files.
 * Ranks: 1 2 3 7 */
#include "mpi/file/file.h"
#include "mpi/hdf5/archive.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const qn_option option_table[] = {
    {"reg_param", QN_OPTION_REAL, "0", "[0,inf)", "strength of the penalty"},
    {"max_iter", QN_OPTION_INT, "100", "[1,inf)", "most iterations"},
    {"fit_intercept", QN_OPTION_BOOL, "true", NULL, "whether there is an intercept"},
    {"solver", QN_OPTION_CHOICE, "normal", "normal|newton", "the algorithm"},
    {"label", QN_OPTION_TEXT, NULL, NULL, "column to predict"},
    {"input", QN_OPTION_TEXTS, NULL, NULL, "columns to learn from"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL},
};

/* One value of everything. */
typedef struct sample {
    bool yes, no;
    int64_t whole;
    double real;
    char *text, *empty;
    double *reals, *matrix, *none;
    int64_t *ints;
    char **texts;
    int64_t real_count, none_count, int_count, text_count, rows, columns;
    qn_options *options;
} sample;

static qn_status persist(qn_archive *archive, sample *s) {
    QN_TRY(qn_archive_bool(archive, "yes", &s->yes));
    QN_TRY(qn_archive_bool(archive, "no", &s->no));
    QN_TRY(qn_archive_int(archive, "whole", &s->whole));
    QN_TRY(qn_archive_enter(archive, "deep"));
    QN_TRY(qn_archive_enter(archive, "deeper"));
    QN_TRY(qn_archive_real(archive, "real", &s->real));
    QN_TRY(qn_archive_text(archive, "text", &s->text));
    QN_TRY(qn_archive_text(archive, "empty", &s->empty));
    QN_TRY(qn_archive_reals(archive, "reals", &s->reals, &s->real_count));
    QN_TRY(qn_archive_leave(archive));
    QN_TRY(qn_archive_reals(archive, "none", &s->none, &s->none_count));
    QN_TRY(qn_archive_leave(archive));
    QN_TRY(qn_archive_ints(archive, "ints", &s->ints, &s->int_count));
    QN_TRY(qn_archive_texts(archive, "texts", &s->texts, &s->text_count));
    QN_TRY(qn_archive_matrix(archive, "matrix", &s->matrix, &s->rows, &s->columns));
    return qn_archive_options(archive, s->options);
}

static double reals[] = {0.1, -0.0, INFINITY, 1e-308, 5e-324};
static int64_t ints[] = {INT64_MIN, -1, 0, INT64_MAX};
static double matrix[] = {1, 2, 3, 4, 5, 6};
static char *texts[] = {(char *)"Äpfel", (char *)"", (char *)"a,b",
                        (char *)"\xe6\x97\xa5\xe6\x9c\xac"};

/* Where the next write_sample's allocations fail; -1: nowhere. */
static int64_t fail_after = -1;

static qn_status write_sample(const char *path) {
    sample s = {.yes = true,
                .whole = -42,
                .real = 0.1,
                .text = (char *)"f\xc3\xbcr",
                .empty = (char *)"",
                .reals = reals,
                .real_count = 5,
                .ints = ints,
                .int_count = 4,
                .texts = texts,
                .text_count = 4,
                .matrix = matrix,
                .rows = 2,
                .columns = 3};
    const char *columns[] = {"carat", "x,y"};
    qn_archive *archive = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_options_new(&s.options, option_table), done);
    QN_TRY_GOTO(qn_options_set(s.options, "reg_param", "0.3"), done);
    QN_TRY_GOTO(qn_options_set(s.options, "fit_intercept", "false"), done);
    QN_TRY_GOTO(qn_options_set(s.options, "label", "price"), done);
    QN_TRY_GOTO(qn_options_set_list(s.options, "input", columns, 2), done);
    qn_mem_fail_after(fail_after);
    QN_TRY_GOTO(qn_archive_create(&archive, qn_test_comm(), path, "model"), done);
    CU_ASSERT(qn_archive_writing(archive));
    QN_TRY_GOTO(persist(archive, &s), done);
    status = qn_archive_close(archive);
    archive = NULL;
done:
    qn_mem_fail_after(-1);
    qn_archive_discard(archive);
    qn_options_free(s.options);
    return status;
}

static void clear_sample(sample *s) {
    qn_mem_free(s->text);
    qn_mem_free(s->empty);
    qn_mem_free(s->reals);
    qn_mem_free(s->none);
    qn_mem_free(s->ints);
    qn_mem_free(s->matrix);
    qn_mem_free_all(s->texts, s->text_count);
    qn_options_free(s->options);
}

static void check_options(const qn_options *options) {
    char *const *list = NULL;
    CU_ASSERT_EQUAL(qn_options_real(options, "reg_param"), 0.3);
    CU_ASSERT_EQUAL(qn_options_int(options, "max_iter"), 100);
    CU_ASSERT_FALSE(qn_options_is_set(options, "max_iter"));
    CU_ASSERT_FALSE(qn_options_bool(options, "fit_intercept"));
    CU_ASSERT_STRING_EQUAL(qn_options_text(options, "label"), "price");
    CU_ASSERT_EQUAL(qn_options_list(options, "input", &list), 2);
    CU_ASSERT_STRING_EQUAL(list[1], "x,y");
}

static void check_sample(const sample *s) {
    CU_ASSERT(s->yes && !s->no && s->whole == -42 && s->real == 0.1);
    CU_ASSERT_STRING_EQUAL(s->text, "f\xc3\xbcr");
    CU_ASSERT_STRING_EQUAL(s->empty, "");
    CU_ASSERT(s->real_count == 5 && memcmp(s->reals, reals, sizeof reals) == 0);
    CU_ASSERT(s->int_count == 4 && memcmp(s->ints, ints, sizeof ints) == 0);
    CU_ASSERT(s->rows == 2 && s->columns == 3 && memcmp(s->matrix, matrix, sizeof matrix) == 0);
    CU_ASSERT(s->none_count == 0 && s->none != NULL);
    CU_ASSERT_EQUAL(s->text_count, 4);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_STRING_EQUAL(s->texts[i], texts[i]);
    check_options(s->options);
}

static void test_what_is_written_is_read(void) {
    const char *path = qn_test_path("model.h5");
    QN_TEST_OK(write_sample(path));
    sample s = {0};
    qn_archive *archive = NULL;
    QN_TEST_OK(qn_options_new(&s.options, option_table));
    QN_TEST_OK(qn_archive_open(&archive, qn_test_comm(), path, "model"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    CU_ASSERT_FALSE(qn_archive_writing(archive));
    CU_ASSERT(qn_archive_has(archive, "whole") && qn_archive_has(archive, "deep"));
    CU_ASSERT_FALSE(qn_archive_has(archive, "hole"));
    QN_TEST_OK(persist(archive, &s));
    check_sample(&s);
    QN_TEST_OK(qn_archive_close(archive));
    clear_sample(&s);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_the_bytes_are_the_same(void) {
    char *bytes[2] = {NULL, NULL};
    int64_t lengths[2] = {0, 0};
    const char *paths[2] = {qn_test_path("same1.h5"), qn_test_path("same2.h5")};
    for (int i = 0; i < 2; i++) {
        QN_TEST_OK(write_sample(paths[i]));
        QN_TEST_OK(qn_file_read_shared(qn_test_comm(), paths[i], &bytes[i], &lengths[i]));
    }
    CU_ASSERT_EQUAL(lengths[0], lengths[1]);
    CU_ASSERT_EQUAL(memcmp(bytes[0], bytes[1], (size_t)lengths[0]), 0);
    qn_mem_free(bytes[0]);
    qn_mem_free(bytes[1]);
}

static void test_misfits_are_named(void) {
    const char *path = qn_test_path("misfit.h5");
    QN_TEST_OK(write_sample(path));
    qn_archive *archive = NULL;
    int64_t whole = 0, count = 0, *numbers = NULL;
    bool truth = false;
    double real = 0, *values = NULL;
    char *text = NULL, **list = NULL;
    QN_TEST_OK(qn_archive_open(&archive, qn_test_comm(), path, "model"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    QN_TEST_FAILS(qn_archive_int(archive, "hole", &whole), QN_DATA,
                  "misfit.h5': 'hole' in group '/' is missing");
    QN_TEST_FAILS(qn_archive_enter(archive, "no"), QN_DATA, "'no' in group '/' is missing");
    QN_TEST_FAILS(qn_archive_enter(archive, "ints"), QN_DATA, "is not a group");
    QN_TEST_OK(qn_archive_enter(archive, "deep"));
    QN_TEST_OK(qn_archive_enter(archive, "deeper"));
    QN_TEST_FAILS(qn_archive_int(archive, "real", &whole), QN_DATA,
                  "'real' in group '/deep/deeper' is not a whole number");
    QN_TEST_FAILS(qn_archive_bool(archive, "real", &truth), QN_DATA, "is not true or false");
    QN_TEST_FAILS(qn_archive_real(archive, "text", &real), QN_DATA, "is not a number");
    QN_TEST_FAILS(qn_archive_text(archive, "real", &text), QN_DATA, "is not a text");
    QN_TEST_FAILS(qn_archive_ints(archive, "reals", &numbers, &count), QN_DATA,
                  "does not hold whole numbers");
    QN_TEST_FAILS(qn_archive_texts(archive, "reals", &list, &count), QN_DATA,
                  "does not hold texts");
    QN_TEST_FAILS(qn_archive_matrix(archive, "reals", &values, &count, &whole), QN_DATA,
                  "is not a matrix");
    QN_TEST_OK(qn_archive_leave(archive));
    QN_TEST_OK(qn_archive_leave(archive));
    QN_TEST_FAILS(qn_archive_leave(archive), QN_INTERNAL, "left the root");
    QN_TEST_OK(qn_archive_close(archive));
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

/* On rank 0, then all go on. */
static void put_bytes(const char *path, const char *bytes, int64_t length) {
    qn_output *output = NULL;
    if (qn_comm_rank(qn_test_comm()) == 0) {
        QN_TEST_OK(qn_output_open(&output, path));
        QN_TEST_OK(qn_output_write(output, bytes, length));
        QN_TEST_OK(qn_output_commit(output));
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_foreign_files_are_refused(void) {
    qn_comm *comm = qn_test_comm();
    const char *path = qn_test_path("foreign.h5");
    qn_archive *archive = NULL;
    QN_TEST_FAILS(qn_archive_open(&archive, comm, path, "model"), QN_INPUT, "does not exist");
    put_bytes(path, "a,b\n1,2\n", 8);
    QN_TEST_FAILS(qn_archive_open(&archive, comm, path, "model"), QN_INPUT, "is not an HDF5 file");
    put_bytes(path, "", 0);
    QN_TEST_FAILS(qn_archive_open(&archive, comm, path, "model"), QN_INPUT, "is not an HDF5 file");
    QN_TEST_OK(write_sample(path));
    QN_TEST_FAILS(qn_archive_open(&archive, comm, path, "report"), QN_INPUT,
                  "is a model, not a report");
    QN_TEST_OK(qn_archive_open(&archive, comm, path, NULL));
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    CU_ASSERT_STRING_EQUAL(qn_archive_kind(archive), "model");
    QN_TEST_OK(qn_archive_close(archive));
    QN_TEST_FAILS(qn_archive_create(&archive, comm, qn_test_path("no/model.h5"), "model"), QN_IO,
                  "does not exist");
    QN_TEST_OK(qn_comm_barrier(comm));
}

/* Flips bytes and cuts the file at many places. */
static void test_damage_is_found(void) {
    qn_comm *comm = qn_test_comm();
    const char *path = qn_test_path("whole.h5"), *damaged = qn_test_path("damaged.h5");
    char *bytes = NULL;
    int64_t length = 0;
    qn_archive *archive = NULL;
    QN_TEST_OK(write_sample(path));
    QN_TEST_OK(qn_file_read_shared(comm, path, &bytes, &length));
    int64_t step = length / 16 + 1;
    for (int64_t at = 0; at < length - 32; at += step) {
        bytes[at] ^= 0x10;
        put_bytes(damaged, bytes, length);
        QN_TEST_FAILS(qn_archive_open(&archive, comm, damaged, "model"), QN_INPUT,
                      "damaged.h5' is");
        bytes[at] ^= 0x10;
    }
    for (int64_t cut = 0; cut < length - 32; cut += step) {
        put_bytes(damaged, bytes, cut);
        QN_TEST_FAILS(qn_archive_open(&archive, comm, damaged, "model"), QN_INPUT, "damaged.h5'");
    }
    put_bytes(damaged, bytes, length - 32); /* only the checksum is gone */
    QN_TEST_OK(qn_archive_open(&archive, comm, damaged, "model"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    QN_TEST_OK(qn_archive_close(archive));
    qn_mem_free(bytes);
    QN_TEST_OK(qn_comm_barrier(comm));
}

/* Every allocation fails once, while writing and while reading. */
static void test_memory_failures_are_clean(void) {
    qn_comm *comm = qn_test_comm();
    const char *path = qn_test_path("memory.h5");
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 1000; i++) {
        fail_after = last ? i : -1;
        status = write_sample(path);
        CU_ASSERT(status == QN_OK || access(path, F_OK) != 0);
    }
    fail_after = -1;
    QN_TEST_OK(status);
    status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 1000; i++) {
        qn_archive *archive = NULL;
        sample s = {0};
        qn_options *options = NULL;
        QN_TEST_OK(qn_options_new(&options, option_table));
        s.options = options;
        qn_mem_fail_after(last ? i : -1);
        status = qn_archive_open(&archive, comm, path, "model");
        if (status == QN_OK)
            status = persist(archive, &s);
        qn_mem_fail_after(-1);
        qn_archive_discard(archive);
        clear_sample(&s);
    }
    QN_TEST_OK(status);
}

static const char script[] =
    "import h5py, sys, numpy as np\n"
    "f = h5py.File(sys.argv[1], 'r')\n"
    "assert f.attrs['quern_kind'] == 'model' and f.attrs['quern_format'] == 1\n"
    "assert bool(f.attrs['yes']) is True and bool(f.attrs['no']) is False\n"
    "assert f.attrs['yes'].dtype == np.bool_\n"
    "assert f.attrs['whole'] == -42 and f['deep/deeper'].attrs['real'] == 0.1\n"
    "assert f['deep/deeper'].attrs['text'] == 'f\\u00fcr'\n"
    "assert f['deep/deeper'].attrs['empty'] == ''\n"
    "assert f['deep/deeper/reals'][0] == 0.1 and f['deep/none'].shape == (0,)\n"
    "assert f['ints'].dtype == np.int64 and f['ints'][3] == 2**63 - 1\n"
    "assert f['matrix'][:].tolist() == [[1, 2, 3], [4, 5, 6]]\n"
    "assert list(f['texts'].asstr()[:]) == ['\\u00c4pfel', '', 'a,b', '\\u65e5\\u672c']\n"
    "assert f['options'].attrs['solver'] == 'normal' and f['options'].attrs['max_iter'] == 100\n"
    "g = h5py.File(sys.argv[2], 'w')\n"
    "g.attrs['quern_kind'] = np.bytes_('model')\n"
    "g.attrs['quern_format'] = np.int32(1)\n"
    "g['texts'] = np.array(['one', 'three'], dtype='S5')\n"
    "g['ints'] = np.arange(3, dtype='i2')\n"
    "g.close()\n";

/* Python's h5py reads our files unaided, and we read what it writes (fixed-length texts, small
 * integers). Skipped where it is not installed. QUERN_TEST_PYTHON names an interpreter. */
static void test_h5py_reads_it(void) {
    qn_comm *comm = qn_test_comm();
    const char *python = getenv("QUERN_TEST_PYTHON");
    const char *ours = qn_test_path("ours.h5"), *theirs = qn_test_path("theirs.h5");
    const char *program = qn_test_path("read.py");
    int64_t there = 0, count = 0, *numbers = NULL;
    char command[2048], **list = NULL;
    qn_archive *archive = NULL;
    QN_TEST_OK(write_sample(ours));
    put_bytes(program, script, (int64_t)strlen(script));
    if (python == NULL || *python == '\0')
        python = "python3";
    if (qn_comm_rank(comm) == 0) {
        snprintf(command, sizeof command, "%s -c 'import h5py' 2>/dev/null", python);
        there = system(command) == 0;
        snprintf(command, sizeof command, "%s %s %s %s", python, program, ours, theirs);
        CU_ASSERT(!there || system(command) == 0);
    }
    QN_TEST_OK(qn_comm_broadcast(comm, &there, sizeof there, 0));
    if (!there)
        return;
    QN_TEST_OK(qn_archive_open(&archive, comm, theirs, "model"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    QN_TEST_OK(qn_archive_texts(archive, "texts", &list, &count));
    CU_ASSERT(count == 2 && strcmp(list[0], "one") == 0 && strcmp(list[1], "three") == 0);
    qn_mem_free_all(list, count);
    QN_TEST_OK(qn_archive_ints(archive, "ints", &numbers, &count));
    CU_ASSERT(count == 3 && numbers[2] == 2);
    qn_mem_free(numbers);
    QN_TEST_OK(qn_archive_close(archive));
}

static const qn_test_case cases[] = {
    {"what is written is read", test_what_is_written_is_read},
    {"same values give the same bytes", test_the_bytes_are_the_same},
    {"values that do not fit are named", test_misfits_are_named},
    {"foreign files are refused", test_foreign_files_are_refused},
    {"damage is found", test_damage_is_found},
    {"memory failures are clean", test_memory_failures_are_clean},
    {"h5py reads it", test_h5py_reads_it},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("archive", cases);
}

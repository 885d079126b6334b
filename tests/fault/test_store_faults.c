/* The feature store under kills, I/O errors and races. The system calls a commit makes are counted
 * by functions of this program that stand before libc's; children of this process commit, and are
 * killed or given an error at the k-th call, for every k. Whatever happens: all versions that were
 * acknowledged are there, no version is partial, and the next writer commits. */
#include "features/store/store.h"
#include "tests/harness/harness.h"

#include "core/memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Calls that fail ------------------------------------------------------------------------ */

typedef enum fault_kind { FAULT_NONE, FAULT_KILL_BEFORE, FAULT_KILL_AFTER, FAULT_ERROR } fault_kind;

static struct {
    fault_kind kind;
    int error;
    int64_t left; /* calls until it happens */
    bool happened;
    bool in_unlink;
    bool link_lies; /* makes the link and says EEXIST */
    int link_lost;  /* makes the link, says this error, and nothing more of the record */
} fault;

/* True if this call is to fail. */
static bool before_call(void) {
    if (fault.kind == FAULT_NONE || fault.left-- != 0)
        return false;
    fault.happened = true;
    if (fault.kind == FAULT_KILL_BEFORE)
        raise(SIGKILL);
    if (fault.kind == FAULT_ERROR)
        errno = fault.error;
    return fault.kind == FAULT_ERROR;
}

static void after_call(void) {
    if (fault.kind == FAULT_KILL_AFTER && fault.left == -1)
        raise(SIGKILL);
}

/* Defines a function before libc's of the same name. */
#define INTERPOSE(type, name, parameters, arguments)                                               \
    type name parameters;                                                                          \
    type name parameters {                                                                         \
        static type(*real) parameters;                                                             \
        if (real == NULL)                                                                          \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                             \
        if (before_call())                                                                         \
            return -1;                                                                             \
        type result = real arguments;                                                              \
        after_call();                                                                              \
        return result;                                                                             \
    }

INTERPOSE(ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
INTERPOSE(ssize_t, pwrite64, (int fd, const void *data, size_t n, off64_t at), (fd, data, n, at))
INTERPOSE(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n))
INTERPOSE(int, fsync, (int fd), (fd))
INTERPOSE(int, mkdir, (const char *path, mode_t mode), (path, mode))
INTERPOSE(int, chmod, (const char *path, mode_t mode), (path, mode))
INTERPOSE(int, ftruncate64, (int fd, off64_t length), (fd, length))

int unlink(const char *path) {
    static int (*real)(const char *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "unlink");
    if (before_call()) {
        fault.in_unlink = true;
        return -1;
    }
    int result = real(path);
    after_call();
    return result;
}

int link(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "link");
    if (before_call())
        return -1;
    int result = real(from, to);
    after_call();
    if (fault.link_lost != 0 && result == 0) {
        errno = fault.link_lost;
        return -1;
    }
    if (fault.link_lies && result == 0) {
        errno = EEXIST;
        return -1;
    }
    return result;
}

int stat(const char *path, struct stat *out) {
    static int (*real)(const char *, struct stat *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "stat");
    if (fault.link_lost != 0 && strstr(path, "/_log/0") != NULL) {
        errno = EIO;
        return -1;
    }
    return real(path, out);
}

/* ---- Commits -------------------------------------------------------------------------------- */

enum { ROWS = 300 };

static qn_status make_rows(qn_table *table, int64_t tag) {
    qn_table_init(table);
    QN_TRY(qn_schema_add(&table->schema, "tag", QN_INT64));
    QN_TRY(qn_schema_add(&table->schema, "text", QN_STRING));
    for (int64_t k = 0; k < 2; k++) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_column *tags = NULL, *texts = NULL;
        qn_string_builder builder;
        qn_string_builder_init(&builder);
        QN_TRY(qn_column_new(&tags, QN_INT64, ROWS, 0));
        for (int64_t i = 0; i < ROWS; i++) {
            char text[120];
            int length = snprintf(text, sizeof text, "%090lld", (long long)(tag * 1000 + i));
            tags->i64[i] = tag;
            QN_TRY(qn_string_builder_add(&builder, (qn_view){text, length}));
        }
        QN_TRY(qn_string_builder_finish(&builder, &texts));
        QN_TRY(qn_batch_append(&batch, tags));
        QN_TRY(qn_batch_append(&batch, texts));
        batch.length = ROWS;
        batch.first_row = k * QN_BATCH_ROWS;
        QN_TRY(qn_table_add(table, &batch));
    }
    return QN_OK;
}

/* Appends 2 * ROWS rows that hold `tag`, as two parts. */
static qn_status append_tag(const char *store, int64_t tag, qn_store_version *made) {
    const qn_store_options options = {.mode = QN_STORE_APPEND, .part_batches = 1};
    qn_table table;
    qn_stream *stream = NULL;
    qn_status status = make_rows(&table, tag);
    if (status == QN_OK)
        status = qn_table_stream(&stream, &table);
    if (status == QN_OK)
        status = qn_store_write(stream, qn_test_comm(), store, "events", &options, made);
    qn_stream_free(stream);
    qn_table_clear(&table);
    return status;
}

/* Tags of the latest version, in order, each standing for 2 * ROWS rows. -1: a partial one. */
static int64_t read_tags(const char *store, int64_t *tags, int64_t most) {
    qn_stream *stream = NULL;
    int64_t rows = 0, count = 0;
    bool good = true;
    if (qn_store_open(&stream, qn_test_comm(), store, "events", QN_STORE_LATEST, NULL) != QN_OK)
        return 0;
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        if (batch.count == 0)
            break;
        for (int64_t i = 0; i < batch.length; i++, rows++) {
            int64_t tag = batch.columns[0]->i64[i];
            if (rows % (2 * ROWS) == 0 && count < most)
                tags[count++] = tag;
            good = good && count > 0 && tags[count - 1] == tag;
        }
        qn_batch_clear(&batch);
    }
    qn_stream_free(stream);
    return good && rows % (2 * ROWS) == 0 ? count : -1;
}

static int count_data(const char *store) {
    char command[700];
    snprintf(command, sizeof command, "ls '%s/groups/events/data' 2>/dev/null | wc -l", store);
    FILE *pipe = popen(command, "r");
    int count = -1;
    CU_ASSERT(pipe != NULL && fscanf(pipe, "%d", &count) == 1);
    pclose(pipe);
    return count;
}

/* ---- Every call of a commit ----------------------------------------------------------------- */

enum { CHILD_OK = 0, CHILD_FAILED = 10, CHILD_NO_FAULT = 20, CHILD_FAILED_UNLINK = 30 };

/* Commits `tag` in a child with a fault at call k. The child's exit code, or -1 if it was killed.
 */
static int commit_in_child(const char *store, int64_t tag, fault_kind kind, int error, int64_t k) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        fault.kind = kind;
        fault.error = error;
        fault.left = k;
        qn_status status = append_tag(store, tag, NULL);
        fault.kind = FAULT_NONE;
        if (!fault.happened)
            _exit(status == QN_OK ? CHILD_NO_FAULT : 99);
        if (status == QN_OK)
            _exit(CHILD_OK);
        _exit(fault.in_unlink ? CHILD_FAILED_UNLINK : CHILD_FAILED);
    }
    int result = 0;
    CU_ASSERT(child > 0 && waitpid(child, &result, 0) == child);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

/* The tags that must be there, and the one that may be. */
static void check_store(const char *store, const int64_t *acknowledged, int64_t count,
                        int64_t maybe, int64_t *found) {
    int64_t tags[512];
    int64_t there = read_tags(store, tags, 512);
    CU_ASSERT(there >= count && there <= count + 1);
    for (int64_t i = 0; i < count && i < there; i++)
        CU_ASSERT(tags[i] == acknowledged[i]);
    if (there == count + 1)
        CU_ASSERT(tags[count] == maybe);
    *found = there;
}

static void try_every_call(const char *name, fault_kind kind, int error) {
    const char *store = qn_test_path(name);
    int64_t acknowledged[512], count = 0;
    for (int64_t k = 0; k < 400; k++) {
        int result = commit_in_child(store, k, kind, error, k);
        int64_t there = 0;
        check_store(store, acknowledged, count, k, &there);
        if (result == CHILD_OK || result == CHILD_NO_FAULT)
            CU_ASSERT(there == count + 1);
        CU_ASSERT(result != 99);
        if (result == CHILD_FAILED && there == count)
            CU_ASSERT(count_data(store) == 2 * count);
        if (there == count + 1)
            acknowledged[count++] = k;
        if (result == CHILD_NO_FAULT) {
            CU_ASSERT(k > 20);
            QN_TEST_OK(qn_store_verify(qn_test_comm(), store, "events", QN_STORE_LATEST));
            return;
        }
    }
    CU_FAIL("a commit makes more than 400 calls");
}

static void test_kill_before(void) {
    try_every_call("before", FAULT_KILL_BEFORE, 0);
}

static void test_kill_after(void) {
    try_every_call("after", FAULT_KILL_AFTER, 0);
}

static void test_io_errors(void) {
    try_every_call("eio", FAULT_ERROR, EIO);
}

static void test_full_disk_errors(void) {
    try_every_call("enospc", FAULT_ERROR, ENOSPC);
}

static void test_lying_link(void) {
    const char *store = qn_test_path("liar");
    int64_t tags[8];
    fault.link_lies = true;
    qn_store_version made = {0};
    for (int64_t k = 0; k < 3; k++) {
        QN_TEST_OK(append_tag(store, k, &made));
        CU_ASSERT(made.version == k);
    }
    fault.link_lies = false;
    CU_ASSERT(read_tags(store, tags, 8) == 3);
}

/* A link that was made, on a mount that then stops to answer: not committed again, nor undone. */
static void test_lost_link(void) {
    static const int errors[] = {EIO, EEXIST};
    const char *store = qn_test_path("lost");
    int64_t tags[8];
    qn_store_version made = {0};
    QN_TEST_OK(append_tag(store, 0, &made));
    for (int k = 0; k < 2; k++) {
        fault.link_lost = errors[k];
        QN_TEST_FAILS(append_tag(store, k + 1, &made), QN_IO, "may be there");
        fault.link_lost = 0;
        CU_ASSERT(read_tags(store, tags, 8) == k + 2);
    }
}

/* ---- Races ---------------------------------------------------------------------------------- */

enum { WRITERS = 4, COMMITS = 6 };

/* Commits and writes a byte for each acknowledgement. */
static void race(const char *store, int writer, int pipe) {
    for (int i = 0; i < COMMITS; i++) {
        char tag = (char)(writer * COMMITS + i);
        if (append_tag(store, tag, NULL) != QN_OK || write(pipe, &tag, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static void run_race(const char *store, bool kill_some, bool acknowledged[WRITERS * COMMITS]) {
    int ends[2];
    pid_t children[WRITERS];
    CU_ASSERT_FATAL(pipe(ends) == 0);
    fflush(NULL);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            race(store, i, ends[1]);
    }
    close(ends[1]);
    char tag;
    for (int got = 0; read(ends[0], &tag, 1) == 1; got++) {
        acknowledged[(int)tag] = true;
        if (kill_some && got == 5)
            kill(children[0], SIGKILL);
        if (kill_some && got == 8)
            kill(children[1], SIGKILL);
    }
    close(ends[0]);
    for (int i = 0; i < WRITERS; i++) {
        int result;
        CU_ASSERT(waitpid(children[i], &result, 0) == children[i]);
        CU_ASSERT((kill_some && i < 2) || (WIFEXITED(result) && WEXITSTATUS(result) == 0));
    }
}

static void check_race(const char *name, bool kill_some) {
    const char *store = qn_test_path(name);
    bool acknowledged[WRITERS * COMMITS] = {false};
    int seen[WRITERS * COMMITS] = {0};
    int64_t tags[512];
    run_race(store, kill_some, acknowledged);
    int64_t count = read_tags(store, tags, 512);
    CU_ASSERT(count >= 0);
    for (int64_t i = 0; i < count; i++)
        seen[tags[i]]++;
    for (int i = 0; i < WRITERS * COMMITS; i++) {
        CU_ASSERT(seen[i] <= 1);
        CU_ASSERT(!acknowledged[i] || seen[i] == 1);
        CU_ASSERT(kill_some || acknowledged[i]);
    }
    json_t *log = NULL;
    QN_TEST_OK(qn_store_log(store, "events", &log));
    CU_ASSERT((int64_t)json_array_size(log) == count);
    json_decref(log);
    QN_TEST_OK(qn_store_verify(qn_test_comm(), store, "events", QN_STORE_LATEST));
}

static void test_race(void) {
    check_race("race", false);
}

static void test_race_with_kills(void) {
    check_race("kills", true);
}

/* ---- A full disk that is real, a rank that dies ---------------------------------------------- */

static void test_full_disk(void) {
    char command[1200], store[600];
    const char *disk = qn_test_path("disk");
    snprintf(command, sizeof command,
             "mkdir '%s' && mount -t tmpfs -o size=400k tmpfs '%s' 2>/dev/null", disk, disk);
    if (system(command) != 0) {
        fprintf(stderr, "(skipped: cannot mount a small file system) ");
        return;
    }
    snprintf(store, sizeof store, "%s/store", disk);
    int64_t tags[64], done = 0;
    qn_status status = QN_OK;
    while (status == QN_OK && done < 64) {
        status = append_tag(store, done, NULL);
        done += status == QN_OK;
    }
    CU_ASSERT(status == QN_IO && done > 0);
    CU_ASSERT(read_tags(store, tags, 64) == done);
    CU_ASSERT(count_data(store) == 2 * done);
    snprintf(command, sizeof command, "umount '%s'", disk);
    CU_ASSERT(system(command) == 0);
}

static char program[600];

static void test_killed_rank(void) {
    const char *store = qn_test_path("ranks");
    char command[2000];
    int64_t tags[8];
    QN_TEST_OK(append_tag(store, 1, NULL));
    for (int rank = 0; rank < 3; rank++) {
        snprintf(command, sizeof command,
                 "timeout -s KILL 60 mpiexec -n 3 '%s' --victim '%s' %d >/dev/null 2>&1", program,
                 store, rank);
        int result = system(command);
        CU_ASSERT(result != 0 && WEXITSTATUS(result) != 124 && WEXITSTATUS(result) != 137);
        CU_ASSERT(read_tags(store, tags, 8) == 1 && tags[0] == 1);
    }
    QN_TEST_OK(append_tag(store, 2, NULL));
    CU_ASSERT(read_tags(store, tags, 8) == 2);
}

typedef struct victim_stream {
    qn_stream base;
    qn_table rows;
    int64_t next, first;
    bool dies;
} victim_stream;

static qn_status victim_next(qn_stream *stream, qn_batch *out) {
    victim_stream *self = (victim_stream *)stream;
    qn_batch_init(out);
    if (self->next == 4)
        return QN_OK;
    if (self->dies && self->next == 3)
        raise(SIGKILL);
    QN_TRY(qn_batch_share(out, &self->rows.batches[self->next % 2]));
    out->first_row = (self->first + self->next++) * QN_BATCH_ROWS;
    return QN_OK;
}

/* Several ranks commit; one of them dies half-way. */
static int be_victim(const char *store, int victim) {
    static const qn_stream_class class_ = {"victim", victim_next, NULL, NULL};
    const qn_store_options options = {.mode = QN_STORE_APPEND, .part_batches = 1};
    qn_comm *comm = NULL;
    victim_stream *stream = NULL;
    qn_table rows;
    if (qn_comm_world(&comm) != QN_OK || make_rows(&rows, 7) != QN_OK ||
        qn_stream_new(&stream, sizeof *stream, &class_, &rows.schema) != QN_OK)
        return 1;
    stream->rows = rows;
    stream->first = qn_comm_rank(comm) * 4;
    stream->dies = qn_comm_rank(comm) == victim;
    return qn_store_write(&stream->base, comm, store, "events", &options, NULL) == QN_OK ? 0 : 1;
}

static const qn_test_case cases[] = {
    {"a writer killed before any call leaves whole versions", test_kill_before},
    {"a writer killed after any call leaves whole versions", test_kill_after},
    {"an I/O error at any call leaves whole versions", test_io_errors},
    {"a full disk at any call leaves whole versions", test_full_disk_errors},
    {"a link that is made but reported as failed is ours", test_lying_link},
    {"a link that may have been made is left alone", test_lost_link},
    {"writers that race lose no commit", test_race},
    {"writers that race and are killed lose no commit", test_race_with_kills},
    {"a disk that is full leaves whole versions", test_full_disk},
    {"a rank that is killed leaves nothing visible", test_killed_rank},
    {NULL, NULL},
};

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--victim") == 0)
        return be_victim(argv[2], atoi(argv[3]));
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    return qn_test_main("store faults", cases);
}

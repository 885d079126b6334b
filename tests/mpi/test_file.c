/* Files: reading, writing whole or not at all, writing together.
 * Ranks: 1 2 3 7 */
#include "mpi/file/file.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool first_rank(void) {
    return qn_comm_rank(qn_test_comm()) == 0;
}

static void barrier(void) {
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void write_file(const char *path, const char *text) {
    qn_output *output = NULL;
    QN_TEST_OK(qn_output_open(&output, path));
    QN_TEST_OK(qn_output_write(output, text, (int64_t)strlen(text)));
    QN_TEST_OK(qn_output_commit(output));
}

/* On rank 0 only, then all go on. */
static void write_once(const char *path, const char *text) {
    if (first_rank())
        write_file(path, text);
    barrier();
}

static void check_content(const char *path, const char *expected) {
    char *text = NULL;
    int64_t length = 0;
    QN_TEST_OK(qn_file_read_all(path, &text, &length));
    CU_ASSERT(text != NULL && strcmp(text, expected) == 0);
    CU_ASSERT_EQUAL(length, (int64_t)strlen(expected));
    qn_mem_free(text);
}

/* Names in the tests' folder that begin with `prefix`. */
static int count_names(const char *prefix) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s", qn_test_path(""));
    DIR *stream = opendir(folder);
    int count = 0;
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream))
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(stream);
    return count;
}

static void test_reading(void) {
    const char *path = qn_test_path("read.txt");
    write_once(path, "0123456789");
    qn_file *file = NULL;
    QN_TEST_OK(qn_file_open(&file, path));
    CU_ASSERT_EQUAL(qn_file_size(file), 10);
    CU_ASSERT_STRING_EQUAL(qn_file_path(file), path);
    char bytes[16] = "";
    int64_t got = 0;
    QN_TEST_OK(qn_file_read(file, 3, 4, bytes, &got));
    CU_ASSERT(got == 4 && memcmp(bytes, "3456", 4) == 0);
    QN_TEST_OK(qn_file_read(file, 8, 16, bytes, &got));
    CU_ASSERT_EQUAL(got, 2);
    QN_TEST_OK(qn_file_read(file, 20, 1, bytes, &got));
    CU_ASSERT_EQUAL(got, 0);
    qn_file_free(file);
    qn_file_free(NULL);
    barrier();
}

static void test_names_that_cannot_be_read(void) {
    write_once(qn_test_path("customers.csv"), "a\n");
    qn_file *file = NULL;
    QN_TEST_FAILS(qn_file_open(&file, qn_test_path("customer.csv")), QN_INPUT, "does not exist");
    CU_ASSERT(strstr(qn_last_error().help, "customers.csv'?") != NULL);
    QN_TEST_FAILS(qn_file_open(&file, qn_test_path("no/such.csv")), QN_INPUT,
                  "nor does its folder");
    QN_TEST_FAILS(qn_file_open(&file, qn_test_path("")), QN_INPUT, "is a directory");
    const char *pipe_path = qn_test_path("pipe");
    if (first_rank())
        CU_ASSERT_EQUAL(mkfifo(pipe_path, 0600), 0);
    barrier();
    QN_TEST_FAILS(qn_file_open(&file, pipe_path), QN_INPUT, "is a pipe");
    const char *closed = qn_test_path("closed.csv");
    write_once(closed, "a\n");
    if (first_rank())
        CU_ASSERT_EQUAL(chmod(closed, 0), 0);
    barrier();
    if (geteuid() != 0)
        QN_TEST_FAILS(qn_file_open(&file, closed), QN_INPUT, "Permission denied");
    CU_ASSERT_PTR_NULL(file);
    barrier();
}

static void test_reading_together(void) {
    qn_comm *comm = qn_test_comm();
    const char *path = qn_test_path("shared.txt");
    write_once(path, "one text for all");
    char *text = NULL;
    int64_t length = 0;
    QN_TEST_OK(qn_file_read_shared(comm, path, &text, &length));
    CU_ASSERT_STRING_EQUAL(text, "one text for all");
    CU_ASSERT_EQUAL(length, 16);
    qn_mem_free(text);
    text = NULL;
    QN_TEST_FAILS(qn_file_read_shared(comm, qn_test_path("shard.txt"), &text, &length), QN_INPUT,
                  "shard.txt' does not exist");
    CU_ASSERT(strstr(qn_last_error().help, "shared.txt'?") != NULL);
    write_once(qn_test_path("empty.txt"), "");
    QN_TEST_OK(qn_file_read_shared(comm, qn_test_path("empty.txt"), &text, &length));
    CU_ASSERT(length == 0 && text[0] == '\0');
    qn_mem_free(text);
    barrier();
}

static void test_glob(void) {
    qn_comm *comm = qn_test_comm();
    const char *names[] = {"g/b.csv", "g/B.csv", "g/a.csv", "g/[x].csv", "g/other.txt"};
    if (first_rank())
        CU_ASSERT_EQUAL(mkdir(qn_test_path("g"), 0777), 0);
    for (int i = 0; i < 5; i++)
        write_once(qn_test_path(names[i]), "");
    const char *patterns[] = {qn_test_path("g/[x].csv"), "plain name", qn_test_path("g/?.csv")};
    char **found = NULL;
    int64_t count = 0;
    QN_TEST_OK(qn_file_glob(comm, patterns, 3, &found, &count));
    CU_ASSERT_EQUAL(count, 5);
    const char *expected[] = {"g/[x].csv", "plain name", "g/B.csv", "g/a.csv", "g/b.csv"};
    for (int64_t i = 0; i < count && i < 5; i++) {
        size_t length = strlen(found[i]), tail = strlen(expected[i]);
        CU_ASSERT(length >= tail && strcmp(found[i] + length - tail, expected[i]) == 0);
    }
    qn_mem_free_all(found, count);
    patterns[0] = qn_test_path("g/*.parquet");
    QN_TEST_FAILS(qn_file_glob(comm, patterns, 1, &found, &count), QN_INPUT, "no file matches");
    QN_TEST_OK(qn_file_glob(comm, patterns, 0, &found, &count));
    CU_ASSERT_EQUAL(count, 0);
    qn_mem_free_all(found, count);
}

static void test_an_output_appears_at_commit(void) {
    if (!first_rank())
        return;
    const char *path = qn_test_path("output.txt");
    qn_output *output = NULL;
    QN_TEST_OK(qn_output_open(&output, path));
    QN_TEST_OK(qn_output_write(output, "half", 4));
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    CU_ASSERT_EQUAL(access(qn_output_temporary(output), F_OK), 0);
    QN_TEST_OK(qn_output_write(output, " and whole", 10));
    mode_t mask = umask(022);
    QN_TEST_OK(qn_output_commit(output));
    umask(mask);
    check_content(path, "half and whole");
    struct stat facts;
    CU_ASSERT_EQUAL(stat(path, &facts), 0);
    CU_ASSERT_EQUAL(facts.st_mode & 0777, 0666 & ~mask);
    QN_TEST_OK(qn_output_open(&output, path));
    QN_TEST_OK(qn_output_write(output, "thrown away", 11));
    qn_output_discard(output);
    qn_output_discard(NULL);
    check_content(path, "half and whole");
    CU_ASSERT_EQUAL(count_names(".output.txt"), 0);
}

static mode_t mode_of(const char *path) {
    struct stat facts = {0};
    CU_ASSERT_EQUAL(stat(path, &facts), 0);
    return facts.st_mode & 0777;
}

/* A private file does not become public by being written again, nor a group's file private. */
static void test_a_replaced_file_keeps_its_mode(void) {
    if (!first_rank())
        return;
    const char *path = qn_test_path("mode.txt");
    mode_t mask = umask(027);
    write_file(path, "new");
    CU_ASSERT_EQUAL(mode_of(path), 0640);
    static const mode_t modes[] = {0600, 0664, 0700, 0644};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        CU_ASSERT_EQUAL(chmod(path, modes[i]), 0);
        write_file(path, "again");
        CU_ASSERT_EQUAL(mode_of(path), modes[i]);
    }
    umask(mask);
}

static void test_links_and_devices_are_written_through(void) {
    if (!first_rank())
        return;
    const char *target = qn_test_path("linked.txt"), *link_ = qn_test_path("link.txt");
    write_file(target, "old");
    CU_ASSERT_EQUAL(symlink(target, link_), 0);
    write_file(link_, "new");
    check_content(target, "new");
    struct stat facts;
    CU_ASSERT(lstat(link_, &facts) == 0 && S_ISLNK(facts.st_mode));
    write_file("/dev/null", "nothing");
    CU_ASSERT(stat("/dev/null", &facts) == 0 && S_ISCHR(facts.st_mode));
}

static void test_outputs_that_cannot_be_written(void) {
    if (!first_rank())
        return;
    qn_output *output = NULL;
    QN_TEST_FAILS(qn_output_open(&output, qn_test_path("no/such/out.txt")), QN_IO,
                  "does not exist");
    QN_TEST_FAILS(qn_output_open(&output, qn_test_path("")), QN_IO, "is a directory");
    QN_TEST_FAILS(qn_output_open(&output, ""), QN_IO, "empty");
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = '\0';
    QN_TEST_FAILS(qn_output_open(&output, qn_test_path(name)), QN_IO, "File name too long");
    CU_ASSERT_PTR_NULL(output);
    CU_ASSERT_EQUAL(count_names(".nnn"), 0);
}

/* A device that is always full. */
static void test_a_full_device_is_an_error(void) {
    if (!first_rank() || access("/dev/full", W_OK) != 0)
        return;
    qn_output *output = NULL;
    QN_TEST_OK(qn_output_open(&output, "/dev/full"));
    QN_TEST_FAILS(qn_output_write(output, "x", 1), QN_IO, "cannot write '/dev/full': No space");
    QN_TEST_FAILS(qn_output_commit(output), QN_IO, "an earlier write failed");
}

static void test_leftovers_of_the_dead_are_removed(void) {
    if (!first_rank())
        return;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    CU_ASSERT_EQUAL(waitpid(child, NULL, 0), child);
    char host[65] = "", name[200];
    gethostname(host, 64);
    snprintf(name, sizeof name, ".kept.txt.tmp-%s-%d-0", host, (int)child);
    fclose(fopen(qn_test_path(name), "w"));
    snprintf(name, sizeof name, ".kept.txt.tmp-%s-%d-0", host, (int)getpid());
    fclose(fopen(qn_test_path(name), "w"));
    snprintf(name, sizeof name, ".kept.txt.tmp-elsewhere-%d-0", (int)child);
    fclose(fopen(qn_test_path(name), "w"));
    write_file(qn_test_path("kept.txt"), "x");
    CU_ASSERT_EQUAL(count_names(".kept.txt"), 2); /* the living and those of other hosts */
}

/* ---- Shared outputs ------------------------------------------------------------------------- */

static void test_a_shared_output_is_in_rank_order(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    const char *path = qn_test_path("together.txt");
    qn_shared_output *output = NULL;
    QN_TEST_OK(qn_shared_output_open(&output, comm, path));
    char text[64], expected[1024] = "";
    for (int i = 0; rank != 1 && i < 3; i++) {
        int length = snprintf(text, sizeof text, "%d.%d ", rank, i);
        QN_TEST_OK(qn_shared_output_write(output, text, length));
    }
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    barrier();
    QN_TEST_OK(qn_shared_output_commit(output));
    for (int r = 0; r < size; r++)
        for (int i = 0; r != 1 && i < 3; i++)
            snprintf(expected + strlen(expected), 32, "%d.%d ", r, i);
    check_content(path, expected);
    CU_ASSERT_EQUAL(count_names(".together.txt"), 0);
    barrier();
}

/* Each rank writes blocks of all sizes, together more than it keeps in memory. */
static void test_much_goes_through_scratch(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    const char *path = qn_test_path("much.bin");
    int64_t lengths[] = {100, 5 << 20, 4 << 20, 9 << 20, 1}, total = 0, wrong = 0, got = 0;
    char *block = NULL, *all = NULL;
    QN_TEST_OK(qn_mem_alloc(&block, 9 << 20, 1));
    qn_shared_output *output = NULL;
    QN_TEST_OK(qn_shared_output_open(&output, comm, path));
    for (int i = 0; i < 5; i++) {
        memset(block, rank * 5 + i, (size_t)lengths[i]);
        QN_TEST_OK(qn_shared_output_write(output, block, lengths[i]));
        total += lengths[i];
    }
    QN_TEST_OK(qn_shared_output_commit(output));
    qn_mem_free(block);
    if (first_rank()) {
        QN_TEST_OK(qn_file_read_all(path, &all, &got));
        CU_ASSERT_EQUAL(got, total * size);
        for (int64_t at = 0, i = 0; i < 5 * size && got == total * size; at += lengths[i % 5], i++)
            for (int64_t j = 0; j < lengths[i % 5]; j++)
                wrong += all[at + j] != (char)i;
        CU_ASSERT_EQUAL(wrong, 0);
        qn_mem_free(all);
    }
    barrier();
}

static void test_a_discarded_shared_output_leaves_nothing(void) {
    qn_comm *comm = qn_test_comm();
    qn_shared_output *output = NULL;
    QN_TEST_OK(qn_shared_output_open(&output, comm, qn_test_path("gone.txt")));
    QN_TEST_OK(qn_shared_output_write(output, "abc", 3));
    qn_shared_output_discard(output);
    qn_shared_output_discard(NULL);
    barrier();
    CU_ASSERT_NOT_EQUAL(access(qn_test_path("gone.txt"), F_OK), 0);
    CU_ASSERT_EQUAL(count_names(".gone.txt"), 0);
    QN_TEST_FAILS(qn_shared_output_open(&output, comm, qn_test_path("no/out.txt")), QN_IO,
                  "does not exist");
    barrier();
}

static void test_a_pipe_is_for_one_rank(void) {
    qn_comm *comm = qn_test_comm();
    const char *path = qn_test_path("out.pipe");
    int reader = -1;
    if (first_rank()) {
        CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
        reader = open(path, O_RDONLY | O_NONBLOCK);
        CU_ASSERT(reader >= 0);
    }
    barrier();
    qn_shared_output *output = NULL;
    char text[8] = "";
    if (qn_comm_size(comm) > 1) {
        QN_TEST_FAILS(qn_shared_output_open(&output, comm, path), QN_IO, "is a pipe");
    } else {
        QN_TEST_OK(qn_shared_output_open(&output, comm, path));
        QN_TEST_OK(qn_shared_output_write(output, "abc", 3));
        QN_TEST_OK(qn_shared_output_commit(output));
        CU_ASSERT(read(reader, text, sizeof text) == 3 && memcmp(text, "abc", 3) == 0);
    }
    QN_TEST_OK(qn_shared_output_open(&output, comm, "/dev/null"));
    QN_TEST_OK(qn_shared_output_write(output, "abc", 3));
    QN_TEST_OK(qn_shared_output_commit(output));
    if (reader >= 0)
        close(reader);
    barrier();
}

/* The last rank may write only 4 KiB a file: as on a full disk, all ranks get one error and no
 * file is left. */
static void test_a_full_disk_on_one_rank_is_everyones(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    const char *path = qn_test_path("full.txt");
    char block[5000];
    memset(block, 'x', sizeof block);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    limit = before;
    limit.rlim_cur = 4096;
    qn_shared_output *output = NULL;
    QN_TEST_OK(qn_shared_output_open(&output, comm, path));
    if (rank == size - 1)
        setrlimit(RLIMIT_FSIZE, &limit);
    QN_TEST_OK(qn_shared_output_write(output, block, sizeof block));
    QN_TEST_FAILS(qn_shared_output_commit(output), QN_IO, "full.txt': File too large");
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    CU_ASSERT_EQUAL(qn_comm_failed_rank(comm), size - 1);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    CU_ASSERT_EQUAL(count_names(".full.txt"), 0);
    barrier();
}

static const qn_test_case cases[] = {
    {"a file is read in ranges", test_reading},
    {"a name that cannot be read says why", test_names_that_cannot_be_read},
    {"rank 0 reads for all", test_reading_together},
    {"patterns expand in byte order", test_glob},
    {"an output appears at commit", test_an_output_appears_at_commit},
    {"a replaced file keeps its mode", test_a_replaced_file_keeps_its_mode},
    {"links and devices are written through", test_links_and_devices_are_written_through},
    {"an output that cannot be written says why", test_outputs_that_cannot_be_written},
    {"a full device is an error", test_a_full_device_is_an_error},
    {"leftovers of dead processes are removed", test_leftovers_of_the_dead_are_removed},
    {"a shared output is in rank order", test_a_shared_output_is_in_rank_order},
    {"much data goes through scratch files", test_much_goes_through_scratch},
    {"a discarded shared output leaves nothing", test_a_discarded_shared_output_leaves_nothing},
    {"a full disk on one rank is everyone's error", test_a_full_disk_on_one_rank_is_everyones},
    {"a pipe is for one rank", test_a_pipe_is_for_one_rank},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("file", cases);
}

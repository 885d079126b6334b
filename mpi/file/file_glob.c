/* Expanding file name patterns. */
#include "mpi/file/file.h"

#include "core/memory.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds a name with its NUL. */
static qn_status add_name(qn_text *names, const char *name) {
    return qn_text_add(names, name, (int64_t)strlen(name) + 1);
}

static qn_status add_matches(qn_text *names, const char *pattern) {
    glob_t found = {0};
    qn_status status = QN_OK;
    /* glob would sort by the locale's rules. */
    int code = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (code == GLOB_NOMATCH)
        QN_TRY_GOTO(qn_fail(QN_INPUT, "no file matches '%s'", pattern), done);
    if (code == GLOB_NOSPACE)
        QN_TRY_GOTO(qn_fail(QN_MEMORY, "out of memory expanding '%s'", pattern), done);
    if (code != 0)
        QN_TRY_GOTO(qn_fail(QN_IO, "cannot read the folders of '%s'", pattern), done);
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, compare_names);
    for (size_t i = 0; i < found.gl_pathc; i++)
        QN_TRY_GOTO(add_name(names, found.gl_pathv[i]), done);
done:
    globfree(&found);
    return status;
}

/* A file that is called like a pattern ("a[1].csv") is meant itself. */
static qn_status expand(qn_text *names, const char *const *patterns, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        bool plain = strpbrk(patterns[i], "*?[") == NULL || access(patterns[i], F_OK) == 0;
        QN_TRY(plain ? add_name(names, patterns[i]) : add_matches(names, patterns[i]));
    }
    return QN_OK;
}

/* Cuts text at its NULs. */
static qn_status split_names(const char *data, int64_t length, char ***out, int64_t *out_count) {
    int64_t count = 0, made = 0;
    char **names = NULL;
    for (int64_t i = 0; i < length; i++)
        count += data[i] == '\0';
    qn_status status = qn_mem_calloc(&names, (size_t)count, sizeof *names);
    for (const char *name = data; status == QN_OK && made < count; name += strlen(name) + 1) {
        status = qn_mem_copy_text(&names[made], name);
        made += status == QN_OK;
    }
    if (status != QN_OK) {
        qn_mem_free_all(names, made);
        return status;
    }
    *out = names;
    *out_count = count;
    return QN_OK;
}

qn_status qn_file_glob(qn_comm *comm, const char *const *patterns, int64_t count, char ***out,
                       int64_t *out_count) {
    bool first = qn_comm_rank(comm) == 0;
    qn_text names;
    qn_text_init(&names);
    char **split = NULL;
    int64_t split_count = 0;
    qn_status status = first ? expand(&names, patterns, count) : QN_OK;
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_broadcast(comm, &names.length, sizeof names.length, 0), done);
    int64_t length = names.length;
    if (!first) {
        names.length = 0;
        status = qn_text_reserve(&names, length);
    }
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_broadcast(comm, names.data, length, 0), done);
    status = split_names(names.data, length, &split, &split_count);
    bool made = status == QN_OK;
    status = qn_comm_agree(comm, status);
    if (status != QN_OK && made)
        qn_mem_free_all(split, split_count);
    if (status != QN_OK)
        goto done;
    *out = split;
    *out_count = split_count;
done:
    qn_text_clear(&names);
    return status;
}

/* The options of a stage in an archive: a group `options` with one value an option, as a person
 * wants to see them, and the names of those that were set by hand. */
#include "mpi/hdf5/archive_private.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <string.h>

/* Not a possible name of an option. */
static const char set_by_hand[] = "_set";

/* ---- Writing -------------------------------------------------------------------------------- */

static qn_status put_option(qn_archive *archive, qn_options *options, const qn_option *option) {
    switch (option->type) {
    case QN_OPTION_BOOL: {
        bool value = qn_options_bool(options, option->name);
        return qn_archive_bool(archive, option->name, &value);
    }
    case QN_OPTION_INT: {
        int64_t value = qn_options_int(options, option->name);
        return qn_archive_int(archive, option->name, &value);
    }
    case QN_OPTION_REAL: {
        double value = qn_options_real(options, option->name);
        return qn_archive_real(archive, option->name, &value);
    }
    case QN_OPTION_TEXTS: {
        char *const *texts = NULL;
        int64_t count = qn_options_list(options, option->name, &texts);
        char **list = (char **)(uintptr_t)texts;
        return qn_archive_texts(archive, option->name, &list, &count);
    }
    default: {
        char *text = (char *)(uintptr_t)qn_options_text(options, option->name);
        return qn_archive_text(archive, option->name, &text);
    }
    }
}

static qn_status put_options(qn_archive *archive, qn_options *options) {
    const char **names = NULL;
    int64_t count = 0, length = 0;
    const qn_option *table = qn_options_table(options);
    while (table[length].name != NULL)
        length++;
    qn_status status = qn_mem_alloc(&names, (size_t)length, sizeof *names);
    QN_TRY_GOTO(qn_comm_agree(archive->comm, status), done);
    for (int64_t i = 0; i < length; i++) {
        if (qn_options_has(options, table[i].name))
            QN_TRY_GOTO(put_option(archive, options, &table[i]), done);
        if (qn_options_is_set(options, table[i].name))
            names[count++] = table[i].name;
    }
    char **list = (char **)names;
    QN_TRY_GOTO(qn_archive_texts(archive, set_by_hand, &list, &count), done);
done:
    qn_mem_free(names);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static const qn_option *find_option(const qn_options *options, const char *name) {
    for (const qn_option *option = qn_options_table(options); option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
            return option;
    return NULL;
}

static qn_status get_list(qn_archive *archive, qn_options *options, const char *name) {
    char **texts = NULL;
    int64_t count = 0;
    QN_TRY(qn_archive_texts(archive, name, &texts, &count));
    qn_status status = qn_options_set_list(options, name, (const char *const *)texts, count);
    qn_mem_free_all(texts, count);
    return qn_comm_agree(archive->comm, status);
}

static qn_status get_text(qn_archive *archive, qn_options *options, const char *name) {
    char *text = NULL;
    QN_TRY(qn_archive_text(archive, name, &text));
    qn_status status = qn_options_set(options, name, text);
    qn_mem_free(text);
    return qn_comm_agree(archive->comm, status);
}

static qn_status get_option(qn_archive *archive, qn_options *options, const qn_option *option) {
    char text[32];
    bool truth = false;
    int64_t whole = 0;
    double real = 0;
    switch (option->type) {
    case QN_OPTION_BOOL:
        QN_TRY(qn_archive_bool(archive, option->name, &truth));
        strcpy(text, truth ? "true" : "false");
        break;
    case QN_OPTION_INT:
        QN_TRY(qn_archive_int(archive, option->name, &whole));
        qn_print_int64(whole, text);
        break;
    case QN_OPTION_REAL:
        QN_TRY(qn_archive_real(archive, option->name, &real));
        qn_print_real(real, text);
        break;
    case QN_OPTION_TEXTS:
        return get_list(archive, options, option->name);
    default:
        return get_text(archive, options, option->name);
    }
    return qn_comm_agree(archive->comm, qn_options_set(options, option->name, text));
}

static qn_status get_options(qn_archive *archive, qn_options *options) {
    char **names = NULL;
    int64_t count = 0;
    QN_TRY(qn_archive_texts(archive, set_by_hand, &names, &count));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        const qn_option *option = find_option(options, names[i]);
        if (option == NULL)
            QN_TRY_GOTO(qn_archive_misfit(archive, names[i], "is not an option that is known here"),
                        done);
        QN_TRY_GOTO(get_option(archive, options, option), done);
    }
done:
    qn_mem_free_all(names, count);
    return status;
}

qn_status qn_archive_options(qn_archive *archive, qn_options *options) {
    QN_TRY(qn_archive_enter(archive, "options"));
    if (archive->writing)
        QN_TRY(put_options(archive, options));
    else
        QN_TRY(get_options(archive, options));
    return qn_archive_leave(archive);
}

/* Zones by name: offsets, and files of the system's tz database. */
#include "core/memory.h"
#include "core/time/zone_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILE_LIMIT = 1 << 20 };

static const char *database(void) {
    const char *folder = getenv("TZDIR");
    return folder != NULL && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

/* Names of the database alone: nothing that leads out of its folder. */
static bool is_name(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_+-/";
    size_t length = strlen(name);
    return length > 0 && length < 128 && name[0] != '/' && name[strspn(name, allowed)] == '\0';
}

/* *size is 0 if there is no such file. */
static qn_status read_file(const char *name, char **bytes, size_t *size) {
    char *path = NULL, *block = NULL;
    FILE *file = NULL;
    qn_status status;
    *size = 0;
    QN_TRY_GOTO(qn_format(&path, "%s/%s", database(), name), done);
    file = fopen(path, "rb");
    if (file == NULL)
        goto done;
    QN_TRY_GOTO(qn_mem_alloc(&block, FILE_LIMIT, 1), done);
    *size = fread(block, 1, FILE_LIMIT, file);
    *bytes = block;
    block = NULL;
done:
    if (file != NULL)
        fclose(file);
    qn_mem_free(block);
    qn_mem_free(path);
    return status;
}

/* ---- The nearest name ------------------------------------------------------------------------ */

/* Cuts tzdata.zi in place into the names of its zones and links: "Z NAME ..." and "L OF NAME". */
static int64_t cut_names(char *text, const char **names, int64_t most) {
    int64_t count = 0;
    for (char *line = text; line != NULL && count < most;) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        char *name = line[0] == 'Z' || line[0] == 'L' ? strchr(line, ' ') : NULL;
        if (name != NULL && line[0] == 'L')
            name = strchr(name + 1, ' ');
        if (name != NULL) {
            name[1 + strcspn(name + 1, " ")] = '\0';
            names[count++] = name + 1;
        }
        line = next;
    }
    return count;
}

/* The same name in other letters, the city alone, or what is spelled most like it. */
static const char *nearest_of(const char *name, const char *const *names, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const char *city = strrchr(names[i], '/');
        if (strcasecmp(names[i], name) == 0 || (city != NULL && strcasecmp(city + 1, name) == 0))
            return names[i];
    }
    return qn_nearest(name, names, count);
}

static qn_status unknown_zone(const char *name) {
    enum { MOST = 2000 };
    char *text = NULL, *help = NULL;
    const char **names = NULL;
    size_t size = 0;
    qn_status status;
    QN_TRY_GOTO(read_file("tzdata.zi", &text, &size), done);
    QN_TRY_GOTO(qn_mem_calloc(&names, MOST, sizeof *names), done);
    if (size > 0 && size < FILE_LIMIT) {
        text[size] = '\0';
        const char *nearest = nearest_of(name, names, cut_names(text, names, MOST));
        if (nearest != NULL)
            QN_TRY_GOTO(qn_format(&help, "did you mean '%s'?", nearest), done);
    }
    status = qn_fail(QN_JOB, "unknown time zone '%s'", name);
    qn_error_help("%s", help != NULL ? help
                                     : "time zones are names of the tz database (Europe/Berlin, "
                                       "package tzdata) or offsets (+02:00)");
done:
    qn_mem_free(text);
    qn_mem_free(names);
    qn_mem_free(help);
    return status;
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* A zone with the same offset always. */
static qn_status fixed_zone(qn_zone **out, const char *name, int32_t offset) {
    qn_zone *zone = NULL;
    qn_status status;
    QN_TRY(qn_mem_calloc(&zone, 1, sizeof *zone));
    zone->references = 1;
    QN_TRY_GOTO(qn_mem_copy_text(&zone->name, name), done);
    QN_TRY_GOTO(qn_mem_calloc(&zone->kind, 1, 1), done);
    QN_TRY_GOTO(qn_mem_calloc(&zone->kinds, 1, sizeof *zone->kinds), done);
    zone->kinds[0].offset = offset;
    int32_t minutes = abs(offset) / 60;
    snprintf(zone->kinds[0].abbreviation, QN_ZONE_WORD, "%c%02d:%02d", offset < 0 ? '-' : '+',
             minutes / 60 % 100, minutes % 60);
    *out = zone;
    return QN_OK;
done:
    qn_zone_release(zone);
    return status;
}

qn_status qn_zone_open(qn_zone **out, const char *name) {
    char *bytes = NULL;
    size_t size = 0;
    int32_t offset;
    qn_status status = QN_OK;
    if (qn_parse_offset(qn_view_of(name), &offset)) {
        if (offset != 0)
            return fixed_zone(out, name, offset);
        *out = NULL;
        return QN_OK;
    }
    if (is_name(name))
        QN_TRY(read_file(name, &bytes, &size));
    if (size < 4 || memcmp(bytes, "TZif", 4) != 0)
        status = unknown_zone(name);
    else
        status = qn_zone_read(out, name, bytes, size);
    qn_mem_free(bytes);
    return status;
}

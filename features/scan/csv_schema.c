#include "features/scan/csv_schema.h"

#include "core/memory.h"

#include <ctype.h>
#include <string.h>

enum { INFER_WINDOW = 1 << 20 };

/* ---- Given ---------------------------------------------------------------------------------- */

/* End of the item at `text`: a comma outside double quotes, or the end of the text. */
static const char *item_end(const char *text) {
    bool quoted = false;
    for (; *text != '\0' && (quoted || *text != ','); text++)
        quoted ^= *text == '"';
    return text;
}

static qn_view trim(qn_view text) {
    while (text.length > 0 && isspace((unsigned char)text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && isspace((unsigned char)text.data[text.length - 1]))
        text.length--;
    return text;
}

/* Copies a name, without quotes around it. */
static qn_status copy_name(char **out, qn_view name) {
    char *copy = NULL;
    int64_t length = 0;
    bool quoted = name.length >= 2 && name.data[0] == '"' && name.data[name.length - 1] == '"';
    QN_TRY(qn_mem_alloc(&copy, (size_t)name.length + 1, 1));
    for (int64_t i = quoted; i < name.length - quoted; i++) {
        copy[length++] = name.data[i];
        if (quoted && name.data[i] == '"' && name.data[i + 1] == '"')
            i++;
    }
    copy[length] = '\0';
    *out = copy;
    return QN_OK;
}

static qn_status check_type(qn_type type, const char *name) {
    if (type != QN_STRING_LIST && type != QN_VECTOR)
        return QN_OK;
    return qn_fail(QN_JOB, "option schema: column '%s': type %s cannot be read from CSV", name,
                   qn_type_name(type));
}

/* Adds one "name type". The last word is the type. */
static qn_status add_item(qn_schema *schema, qn_view item) {
    item = trim(item);
    int64_t word = item.length;
    while (word > 0 && !isspace((unsigned char)item.data[word - 1]) && item.data[word - 1] != '"')
        word--;
    qn_view name_view = trim((qn_view){item.data, word});
    if (name_view.length == 0 || word == item.length) {
        qn_status status = qn_fail(QN_JOB, "option schema: '%.*s' is not a name and a type",
                                   (int)(item.length < 80 ? item.length : 80), item.data);
        qn_error_help("write it as: name type, name type (for example: id int64, price float64)");
        return status;
    }
    char *name = NULL, *type_name = NULL;
    qn_type type = QN_STRING;
    qn_status status = QN_OK;
    QN_TRY_GOTO(copy_name(&name, name_view), done);
    QN_TRY_GOTO(copy_name(&type_name, (qn_view){item.data + word, item.length - word}), done);
    status = qn_type_parse(&type, type_name);
    if (status != QN_OK)
        qn_error_prefix("option schema: column '%s': ", name);
    QN_TRY_GOTO(status, done);
    QN_TRY_GOTO(check_type(type, name), done);
    status = qn_schema_add(schema, name, type);
    if (status == QN_DATA)
        status = qn_fail(QN_JOB, "option schema: column '%s' is given twice", name);
done:
    qn_mem_free(name);
    qn_mem_free(type_name);
    return status;
}

static qn_status missing_column(const qn_csv_source *source, const char *name) {
    qn_status status =
        qn_fail(QN_JOB, "option schema: no column '%s' in %s", name, source->paths[0]);
    const char *nearest = qn_nearest(name, (const char *const *)source->names, source->field_count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    return status;
}

/* Brings the given fields into the order of the header. */
static qn_status match_header(qn_schema *out, const qn_csv_source *source, const qn_schema *given) {
    qn_schema names;
    qn_schema_init(&names);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < source->field_count; i++)
        QN_TRY_GOTO(qn_schema_add(&names, source->names[i], QN_STRING), done);
    for (int32_t i = 0; i < given->count; i++) {
        if (qn_schema_find(&names, given->fields[i].name) < 0) {
            status = missing_column(source, given->fields[i].name);
            goto done;
        }
    }
    for (int64_t i = 0; i < source->field_count; i++) {
        int32_t found = qn_schema_find(given, source->names[i]);
        if (found < 0) {
            status = qn_fail(QN_JOB, "option schema: it lacks column '%s' of %s", source->names[i],
                             source->paths[0]);
            qn_error_help("a schema gives a type to every column of the file");
            goto done;
        }
        QN_TRY_GOTO(qn_schema_add_field(out, &given->fields[found]), done);
    }
done:
    qn_schema_clear(&names);
    return status;
}

static qn_status match_positions(qn_schema *out, const qn_csv_source *source,
                                 const qn_schema *given) {
    if (given->count != source->field_count)
        return qn_fail(QN_JOB, "option schema: it has %d columns, the first record of %s has %lld",
                       given->count, source->paths[0], (long long)source->field_count);
    return qn_schema_copy(out, given);
}

qn_status qn_csv_schema_parse(qn_schema *out, const qn_csv_source *source, const char *text) {
    qn_schema given;
    qn_schema_init(&given);
    qn_status status = QN_OK;
    for (const char *at = text;; at++) {
        const char *end = item_end(at);
        QN_TRY_GOTO(add_item(&given, (qn_view){at, end - at}), done);
        at = end;
        if (*at == '\0')
            break;
    }
    status =
        source->named ? match_header(out, source, &given) : match_positions(out, source, &given);
done:
    qn_schema_clear(&given);
    return status;
}

/* ---- Inferred ------------------------------------------------------------------------------- */

static qn_status infer_window(qn_csv_guess *guesses, qn_csv_cursor *cursor, int64_t *left) {
    const qn_csv_source *source = cursor->source;
    int64_t records = 0, consumed = 0;
    QN_TRY(qn_csv_infer(guesses, (int32_t)source->field_count, &source->dialect, cursor->bytes,
                        cursor->length, cursor->final, *left, &records, &consumed));
    *left -= records;
    if (records == 0 && cursor->final)
        return qn_csv_cursor_next_file(cursor);
    int64_t need = records > 0 ? INFER_WINDOW : 2 * cursor->length;
    qn_csv_cursor_consume(cursor, consumed, 0);
    if (*left == 0)
        return QN_OK;
    return qn_csv_cursor_fill(cursor, need > INFER_WINDOW ? need : INFER_WINDOW);
}

qn_status qn_csv_schema_look(qn_csv_guess *guesses, const qn_csv_source *source,
                             const qn_csv_layout *layout, int64_t limit) {
    int64_t left = layout->rows;
    if (limit >= 0 && left > limit - layout->first_row)
        left = limit - layout->first_row;
    if (left <= 0)
        return QN_OK;
    qn_csv_cursor cursor;
    qn_csv_cursor_init(&cursor, source);
    qn_status status = qn_csv_cursor_seek(&cursor, layout->first);
    if (status == QN_OK)
        status = qn_csv_cursor_fill(&cursor, INFER_WINDOW);
    while (status == QN_OK && left > 0)
        status = infer_window(guesses, &cursor, &left);
    qn_csv_cursor_clear(&cursor);
    return status;
}

qn_status qn_csv_schema_merge(qn_csv_guess *guesses, int64_t count, qn_comm *comm) {
    int size = qn_comm_size(comm);
    qn_csv_guess *all = NULL;
    qn_status status = qn_mem_alloc(&all, (size_t)(count * size), sizeof *all);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, guesses, count * (int64_t)sizeof *guesses, all), done);
    for (int64_t i = 0; i < count; i++) {
        guesses[i] = all[i];
        for (int r = 1; r < size; r++)
            qn_csv_guess_merge(&guesses[i], &all[r * count + i]);
    }
done:
    qn_mem_free(all);
    return status;
}

static qn_status name_types(qn_schema *out, const qn_csv_source *source,
                            const qn_csv_guess *guesses) {
    for (int64_t i = 0; i < source->field_count; i++)
        QN_TRY(qn_schema_add(out, source->names[i], qn_csv_guess_type(&guesses[i])));
    return QN_OK;
}

qn_status qn_csv_schema_infer(qn_schema *out, qn_comm *comm, const qn_csv_source *source,
                              const qn_csv_layout *layout, int64_t limit) {
    int64_t count = source->field_count;
    qn_csv_guess *guesses = NULL;
    qn_status status = qn_mem_alloc(&guesses, (size_t)count, sizeof *guesses);
    for (int64_t i = 0; status == QN_OK && i < count; i++)
        qn_csv_guess_init(&guesses[i]);
    if (status == QN_OK)
        status = qn_csv_schema_look(guesses, source, layout, limit);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_csv_schema_merge(guesses, count, comm), done);
    QN_TRY_GOTO(qn_comm_agree(comm, name_types(out, source, guesses)), done);
done:
    qn_mem_free(guesses);
    return status;
}

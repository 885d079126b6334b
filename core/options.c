#include "core/options.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <strings.h>

typedef struct option_value {
    bool set;     /* by the user */
    bool present; /* set or default */
    bool boolean;
    int64_t integer;
    double real;
    char **texts; /* TEXT and CHOICE: one; TEXTS: any number */
    int64_t count;
} option_value;

struct qn_options {
    const qn_option *table;
    int64_t count;
    option_value *values;
};

static int64_t table_length(const qn_option *table) {
    int64_t count = 0;
    while (table[count].name != NULL)
        count++;
    return count;
}

static void clear_texts(option_value *value) {
    qn_mem_free_all(value->texts, value->count);
    value->texts = NULL;
    value->count = 0;
}

/* ---- Checks --------------------------------------------------------------------------------- */

static qn_status bad_value(const qn_option *option, const char *text, const char *wanted) {
    return qn_fail(QN_JOB, "option '%s': '%s' is not %s", option->name, text, wanted);
}

static bool parse_bool(const char *text, bool *out) {
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (int i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *out = strcasecmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

/* One end of an interval; not strtod, for which a comma may be a decimal point. */
static double bound_of(const char *text, size_t length) {
    double bound = NAN; /* then nothing is allowed */
    bool read = qn_parse_real((qn_view){text, (int64_t)length}, &bound);
    return read ? bound : NAN;
}

/* `interval` is like "(0,1]", "[1,inf)"; NULL allows every finite number and infinity. */
static bool in_interval(double value, const char *interval) {
    if (interval == NULL || strcmp(interval, "nan") == 0)
        return interval != NULL || !isnan(value);
    size_t comma = strcspn(interval, ","), end = strcspn(interval, ")]");
    double low = bound_of(interval + 1, comma - 1);
    double high = bound_of(interval + comma + 1, end - comma - 1);
    bool above = interval[0] == '[' ? value >= low : value > low;
    bool below = interval[end] == ']' ? value <= high : value < high;
    return above && below;
}

static qn_status out_of_range(const qn_option *option, const char *text) {
    return qn_fail(QN_JOB, "option '%s': %s is out of range, allowed is %s", option->name, text,
                   option->check == NULL ? "any number" : option->check);
}

static bool is_choice(const char *choices, const char *word) {
    size_t length = strlen(word);
    if (strchr(word, '|') != NULL) /* several of them are none */
        return false;
    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return true;
    }
    return false;
}

static qn_status bad_choice(const qn_option *option, const char *text) {
    char *words = NULL;
    QN_TRY(qn_mem_copy_text(&words, option->check));
    const char *list[32];
    int64_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, "|", &rest); word != NULL && count < 32;
         word = strtok_r(NULL, "|", &rest))
        list[count++] = word;
    qn_status status =
        qn_fail(QN_JOB, "option '%s': '%s' is not one of %s", option->name, text, option->check);
    const char *nearest = qn_nearest(text, list, count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    qn_mem_free(words);
    return status;
}

/* ---- Setting -------------------------------------------------------------------------------- */

static qn_status set_texts(option_value *value, const char *const *texts, int64_t count) {
    char **copies = NULL;
    QN_TRY(qn_mem_calloc(&copies, (size_t)count, sizeof *copies));
    for (int64_t i = 0; i < count; i++) {
        qn_status status = qn_mem_copy_text(&copies[i], texts[i]);
        if (status != QN_OK) {
            qn_mem_free_all(copies, count);
            return status;
        }
    }
    clear_texts(value);
    value->texts = copies;
    value->count = count;
    return QN_OK;
}

static qn_status split_commas(option_value *value, const char *text) {
    char *copy = NULL;
    const char **parts = NULL;
    int64_t count = 0, capacity = 0;
    qn_status status;
    QN_TRY(qn_mem_copy_text(&copy, text));
    for (char *at = copy; at != NULL && *text != '\0';) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        QN_TRY_GOTO(qn_mem_reserve(&parts, &capacity, count + 1, sizeof *parts), done);
        parts[count++] = at + strspn(at, " ");
        at = comma == NULL ? NULL : comma + 1;
    }
    status = set_texts(value, parts, count);
done:
    qn_mem_free(parts);
    qn_mem_free(copy);
    return status;
}

static qn_status set_number(const qn_option *option, option_value *value, const char *text) {
    int64_t integer = 0;
    double real = 0;
    if (option->type == QN_OPTION_INT && !qn_parse_int64(qn_view_of(text), &integer))
        return bad_value(option, text, "an integer");
    if (option->type == QN_OPTION_REAL && !qn_parse_option_real(qn_view_of(text), &real))
        return bad_value(option, text, "a number");
    if (!in_interval(option->type == QN_OPTION_INT ? (double)integer : real, option->check))
        return out_of_range(option, text);
    value->integer = integer;
    value->real = real;
    return QN_OK;
}

static qn_status set_value(const qn_option *option, option_value *value, const char *text) {
    switch (option->type) {
    case QN_OPTION_BOOL:
        return parse_bool(text, &value->boolean) ? QN_OK : bad_value(option, text, "true or false");
    case QN_OPTION_INT:
    case QN_OPTION_REAL:
        return set_number(option, value, text);
    case QN_OPTION_CHOICE:
        if (!is_choice(option->check, text))
            return bad_choice(option, text);
        return set_texts(value, &text, 1);
    case QN_OPTION_TEXT:
        return set_texts(value, &text, 1);
    case QN_OPTION_TEXTS:
        return split_commas(value, text);
    }
    return qn_fail(QN_INTERNAL, "option '%s' has no type", option->name);
}

qn_status qn_options_new(qn_options **out, const qn_option *table) {
    qn_options *options = NULL;
    QN_TRY(qn_mem_calloc(&options, 1, sizeof *options));
    options->table = table;
    options->count = table_length(table);
    qn_status status =
        qn_mem_calloc(&options->values, (size_t)options->count, sizeof *options->values);
    if (status != QN_OK)
        options->count = 0;
    for (int64_t i = 0; i < options->count && status == QN_OK; i++) {
        if (table[i].default_value == NULL)
            continue;
        status = set_value(&table[i], &options->values[i], table[i].default_value);
        options->values[i].present = true;
    }
    if (status != QN_OK) {
        qn_options_free(options);
        return status;
    }
    *out = options;
    return QN_OK;
}

void qn_options_free(qn_options *options) {
    if (options == NULL)
        return;
    for (int64_t i = 0; i < options->count; i++)
        clear_texts(&options->values[i]);
    qn_mem_free(options->values);
    qn_mem_free(options);
}

qn_status qn_options_copy(qn_options **out, const qn_options *source) {
    qn_options *copy = NULL;
    QN_TRY(qn_options_new(&copy, source->table));
    for (int64_t i = 0; i < source->count; i++) {
        const option_value *from = &source->values[i];
        option_value *to = &copy->values[i];
        qn_status status = set_texts(to, (const char *const *)from->texts, from->count);
        if (status != QN_OK) {
            qn_options_free(copy);
            return status;
        }
        to->set = from->set;
        to->present = from->present;
        to->boolean = from->boolean;
        to->integer = from->integer;
        to->real = from->real;
    }
    *out = copy;
    return QN_OK;
}

static int64_t find(const qn_options *options, const char *name) {
    for (int64_t i = 0; i < options->count; i++)
        if (strcmp(options->table[i].name, name) == 0)
            return i;
    return -1;
}

static qn_status unknown_option(const qn_options *options, const char *name) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)options->count, sizeof *names));
    qn_text list;
    qn_text_init(&list);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < options->count && status == QN_OK; i++) {
        names[i] = options->table[i].name;
        status = qn_text_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (status == QN_OK) {
        status = qn_fail(QN_JOB, "unknown option '%s'", name);
        const char *nearest = qn_nearest(name, names, options->count);
        if (nearest != NULL)
            qn_error_help("did you mean '%s'?", nearest);
        else
            qn_error_help("options are %s", list.data == NULL ? "(none)" : list.data);
    }
    qn_text_clear(&list);
    qn_mem_free(names);
    return status;
}

qn_status qn_options_set(qn_options *options, const char *name, const char *value) {
    int64_t index = find(options, name);
    if (index < 0)
        return unknown_option(options, name);
    QN_TRY(set_value(&options->table[index], &options->values[index], value));
    options->values[index].set = options->values[index].present = true;
    return QN_OK;
}

qn_status qn_options_set_list(qn_options *options, const char *name, const char *const *values,
                              int64_t count) {
    int64_t index = find(options, name);
    if (index < 0)
        return unknown_option(options, name);
    if (options->table[index].type != QN_OPTION_TEXTS) {
        if (count == 1)
            return qn_options_set(options, name, values[0]);
        return qn_fail(QN_JOB, "option '%s' takes one value, not a list", name);
    }
    QN_TRY(set_texts(&options->values[index], values, count));
    options->values[index].set = options->values[index].present = true;
    return QN_OK;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static const option_value *value_of(const qn_options *options, const char *name,
                                    qn_option_type type) {
    int64_t index = find(options, name);
    assert(index >= 0 && options->values[index].present);
    assert(options->table[index].type == type ||
           (type == QN_OPTION_TEXT && options->table[index].type == QN_OPTION_CHOICE));
    (void)type;
    return &options->values[index];
}

bool qn_options_is_set(const qn_options *options, const char *name) {
    int64_t index = find(options, name);
    return index >= 0 && options->values[index].set;
}

bool qn_options_has(const qn_options *options, const char *name) {
    int64_t index = find(options, name);
    return index >= 0 && options->values[index].present;
}

bool qn_options_bool(const qn_options *options, const char *name) {
    return value_of(options, name, QN_OPTION_BOOL)->boolean;
}

int64_t qn_options_int(const qn_options *options, const char *name) {
    return value_of(options, name, QN_OPTION_INT)->integer;
}

double qn_options_real(const qn_options *options, const char *name) {
    return value_of(options, name, QN_OPTION_REAL)->real;
}

const char *qn_options_text(const qn_options *options, const char *name) {
    return value_of(options, name, QN_OPTION_TEXT)->texts[0];
}

bool qn_options_is(const qn_options *options, const char *name, const char *word) {
    return strcmp(qn_options_text(options, name), word) == 0;
}

int64_t qn_options_list(const qn_options *options, const char *name, char *const **out) {
    const option_value *value = value_of(options, name, QN_OPTION_TEXTS);
    *out = value->texts;
    return value->count;
}

const qn_option *qn_options_table(const qn_options *options) {
    return options->table;
}

qn_status qn_options_print(const qn_options *options, const char *name, qn_text *out) {
    int64_t index = find(options, name);
    const option_value *value = &options->values[index];
    char number[32];
    QN_TRY(qn_text_add(out, "", 0));
    if (!value->present)
        return QN_OK;
    switch (options->table[index].type) {
    case QN_OPTION_BOOL:
        return qn_text_printf(out, "%s", value->boolean ? "true" : "false");
    case QN_OPTION_INT:
        return qn_text_printf(out, "%lld", (long long)value->integer);
    case QN_OPTION_REAL:
        return qn_text_add(out, number, qn_print_real(value->real, number));
    default:
        for (int64_t i = 0; i < value->count; i++)
            QN_TRY(qn_text_printf(out, "%s%s", i > 0 ? "," : "", value->texts[i]));
        return QN_OK;
    }
}

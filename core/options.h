/* Option tables: each stage, estimator, reader and writer declares its options once, as rows of
 * text; the table parses, validates, prints, saves with the model and generates the docs. */
#ifndef QUERN_CORE_OPTIONS_H
#define QUERN_CORE_OPTIONS_H

#include "core/status.h"
#include "core/text/text.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum qn_option_type {
    QN_OPTION_BOOL,   /* true|false */
    QN_OPTION_INT,    /* check: an interval, "[1,inf)" */
    QN_OPTION_REAL,   /* check: an interval, "(0,1]"; NaN is allowed only with check "nan" */
    QN_OPTION_CHOICE, /* check: the words, "error|skip|keep" */
    QN_OPTION_TEXT,
    QN_OPTION_TEXTS /* a list: of column names, of null strings ... as a YAML list or a,b,c */
} qn_option_type;

typedef struct qn_option {
    const char *name; /* snake_case, Spark ML's word; NULL ends the table */
    qn_option_type type;
    const char *default_value; /* as a user would type it; NULL: none ("" is an empty text/list) */
    const char *check;         /* see above; NULL: anything */
    const char *help;          /* one line, lower case, no full stop */
} qn_option;

/* Values of one table's options. */
typedef struct qn_options qn_options;

/* Local. `table` (ended by a NULL name) must outlive the options. */
QN_CHECKED qn_status qn_options_new(qn_options **out, const qn_option *table);
void qn_options_free(qn_options *options);
QN_CHECKED qn_status qn_options_copy(qn_options **out, const qn_options *source);

/* Local. Sets one option from text, checking it. JOB error naming the option, what is wrong with
 * the value and what is allowed; for an unknown name the nearest one. TEXTS splits at commas. */
QN_CHECKED qn_status qn_options_set(qn_options *options, const char *name, const char *value);
QN_CHECKED qn_status qn_options_set_list(qn_options *options, const char *name,
                                         const char *const *values, int64_t count);

bool qn_options_is_set(const qn_options *options, const char *name); /* set explicitly */
bool qn_options_has(const qn_options *options, const char *name);    /* set, or has a default */

/* Getters: the option must be in the table with that type and have a value (else a programming
 * error: assert). Texts are borrowed. */
bool qn_options_bool(const qn_options *options, const char *name);
int64_t qn_options_int(const qn_options *options, const char *name);
double qn_options_real(const qn_options *options, const char *name);
const char *qn_options_text(const qn_options *options, const char *name); /* TEXT, CHOICE */
bool qn_options_is(const qn_options *options, const char *name, const char *word);
int64_t qn_options_list(const qn_options *options, const char *name, char *const **out);

const qn_option *qn_options_table(const qn_options *options);

/* Local. The value as text, for printing and saving (lists joined by ','); "" if none. */
QN_CHECKED qn_status qn_options_print(const qn_options *options, const char *name, qn_text *out);

#endif

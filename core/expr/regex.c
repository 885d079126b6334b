#include "core/expr/regex.h"

#include "core/expr/regex_mend.h"
#include "core/expr/texts.h"
#include "core/memory.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    CACHED = 16,             /* patterns that are no constants */
    STEP_LIMIT = 10000000,   /* a match may take: some tenths of a second */
    HEAP_LIMIT_KIB = 65536,  /* without machine code */
    JIT_STACK_START = 32768, /* bytes */
    JIT_STACK_MOST = 1 << 20,
    SHOWN = 200 /* bytes of a pattern in messages */
};

struct qn_regex {
    qn_text pattern;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits; /* the set's */
    int32_t groups;
    int plain;        /* the pattern is this byte alone; -1: it is not */
    size_t bounds[2]; /* of its match */
};

struct qn_regex_set {
    bool fold, constant;
    int32_t count, next; /* next: the one to be replaced */
    qn_regex cached[CACHED];
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
};

/* ---- Memory ---------------------------------------------------------------------------------- */

static void *counted_alloc(size_t size, void *data) {
    void *block = NULL;
    (void)data;
    return qn_mem_alloc(&block, size, 1) == QN_OK ? block : NULL;
}

static void counted_free(void *block, void *data) {
    (void)data;
    qn_mem_free(block);
}

static qn_status no_memory(void) {
    return qn_fail(QN_MEMORY, "out of memory for a regular expression");
}

/* ---- Compiling ------------------------------------------------------------------------------- */

static void clear(qn_regex *regex) {
    qn_text_clear(&regex->pattern);
    pcre2_match_data_free(regex->match);
    pcre2_code_free(regex->code);
    *regex = (qn_regex){0};
}

static int shown(qn_view pattern) {
    return pattern.length > SHOWN ? SHOWN : (int)pattern.length;
}

/* A mistake in a constant belongs to the job, in a column to the data. */
static qn_status bad_pattern(qn_view pattern, int error, size_t offset, const qn_expr *constant) {
    char text[256];
    if (error == PCRE2_ERROR_HEAP_FAILED)
        return no_memory();
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    if (constant != NULL)
        return qn_expr_fail(constant->position, "bad regular expression '%.*s' at offset %zu: %s",
                            shown(pattern), pattern.data, offset, text);
    return qn_fail(QN_DATA, "bad regular expression '%.*s' at offset %zu: %s", shown(pattern),
                   pattern.data, offset, text);
}

/* A single byte that stands for itself: searching it needs no PCRE2. */
static int plain_byte(qn_view pattern, bool fold) {
    char c = pattern.length == 1 ? *pattern.data : '\\';
    bool plain = c > 0 && strchr("\\^$.[]|()?*+{}", c) == NULL;
    return plain && !fold ? c : -1;
}

/* Texts that are not UTF-8 are matched as far as they are. Errors are those of the pattern as it
 * was written. */
static qn_status compile_code(const qn_regex_set *set, qn_view pattern, const qn_expr *constant,
                              pcre2_compile_context *context, pcre2_code **out) {
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (set->fold ? PCRE2_CASELESS : 0);
    int error = 0;
    size_t offset = 0;
    qn_text mended;
    qn_text_init(&mended);
    qn_status status = qn_regex_mend(pattern, &mended);
    QN_TRY_GOTO(status, done);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)qn_text_view(&mended).data, (size_t)mended.length,
                                     options, &error, &offset, context);
    if (code == NULL)
        code = pcre2_compile((PCRE2_SPTR)pattern.data, (size_t)pattern.length, options, &error,
                             &offset, context);
    if (code == NULL)
        QN_TRY_GOTO(bad_pattern(pattern, error, offset, constant), done);
    *out = code;
done:
    qn_text_clear(&mended);
    return status;
}

static qn_status compile(qn_regex_set *set, qn_view pattern, const qn_expr *constant,
                         qn_regex *out) {
    qn_regex regex = {.limits = set->limits, .plain = plain_byte(pattern, set->fold)};
    uint32_t groups = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(set->memory);
    qn_status status = context == NULL ? no_memory() : QN_OK;
    QN_TRY_GOTO(status, done);
    QN_TRY_GOTO(qn_text_add(&regex.pattern, pattern.data, pattern.length), done);
    QN_TRY_GOTO(compile_code(set, pattern, constant, context, &regex.code), done);
    regex.match = pcre2_match_data_create_from_pattern(regex.code, set->memory);
    if (regex.match == NULL)
        QN_TRY_GOTO(no_memory(), done);
    (void)pcre2_jit_compile(regex.code, PCRE2_JIT_COMPLETE); /* else it is interpreted */
    pcre2_pattern_info(regex.code, PCRE2_INFO_CAPTURECOUNT, &groups);
    regex.groups = (int32_t)groups;
    *out = regex;
done:
    pcre2_compile_context_free(context);
    if (status != QN_OK)
        clear(&regex);
    return status;
}

/* ---- Sets ------------------------------------------------------------------------------------ */

void qn_regex_set_free(void *state) {
    qn_regex_set *set = state;
    if (set == NULL)
        return;
    for (int32_t i = 0; i < set->count; i++)
        clear(&set->cached[i]);
    pcre2_match_context_free(set->limits);
    pcre2_jit_stack_free(set->stack);
    pcre2_general_context_free(set->memory);
    qn_mem_free(set);
}

static qn_status new_set(qn_regex_set **out, bool fold) {
    qn_regex_set *set = NULL;
    QN_TRY(qn_mem_calloc(&set, 1, sizeof *set));
    set->fold = fold;
    set->memory = pcre2_general_context_create(counted_alloc, counted_free, NULL);
    set->limits = set->memory == NULL ? NULL : pcre2_match_context_create(set->memory);
    set->stack = set->memory == NULL
                     ? NULL
                     : pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MOST, set->memory);
    if (set->limits == NULL) {
        qn_regex_set_free(set);
        return no_memory();
    }
    pcre2_set_match_limit(set->limits, STEP_LIMIT);
    pcre2_set_heap_limit(set->limits, HEAP_LIMIT_KIB);
    if (set->stack != NULL)
        pcre2_jit_stack_assign(set->limits, NULL, set->stack);
    *out = set;
    return QN_OK;
}

qn_status qn_regex_prepare(qn_expr *call, int32_t index, bool fold) {
    const qn_expr *pattern = call->arguments[index];
    qn_regex_set *set = NULL;
    if (qn_expr_is_null_literal(pattern))
        return QN_OK;
    QN_TRY(new_set(&set, fold));
    if (qn_expr_is_literal(pattern)) {
        qn_view text = qn_text_at(&(qn_operand){pattern->value, true}, 0);
        qn_status status = compile(set, text, pattern, &set->cached[0]);
        if (status != QN_OK) {
            qn_regex_set_free(set);
            return status;
        }
        set->constant = true;
        set->count = 1;
    }
    call->state = set;
    return QN_OK;
}

/* A mistake in the pattern is the job's. */
static qn_status compile_only(qn_regex_set *set, qn_view pattern) {
    const qn_expr nowhere = {.position = -1};
    QN_TRY(compile(set, pattern, &nowhere, &set->cached[0]));
    set->constant = true;
    set->count = 1;
    return QN_OK;
}

qn_status qn_regex_set_new(qn_regex_set **out, qn_view pattern, bool fold) {
    qn_regex_set *set = NULL;
    QN_TRY(new_set(&set, fold));
    qn_status status = compile_only(set, pattern);
    if (status == QN_OK)
        *out = set;
    else
        qn_regex_set_free(set);
    return status;
}

qn_regex *qn_regex_only(qn_regex_set *set) {
    return &set->cached[0];
}

const qn_regex *qn_regex_constant(const qn_expr *call) {
    qn_regex_set *set = call->state;
    return set != NULL && set->constant ? &set->cached[0] : NULL;
}

qn_status qn_regex_of(const qn_call *call, int32_t index, int64_t row, qn_regex **out) {
    qn_regex_set *set = call->node->state;
    if (set->constant) {
        *out = &set->cached[0];
        return QN_OK;
    }
    qn_view pattern = qn_text_at(&call->arguments[index], row);
    for (int32_t i = 0; i < set->count; i++) {
        const qn_text *known = &set->cached[i].pattern;
        if (qn_view_equal(qn_text_view(known), pattern)) {
            *out = &set->cached[i];
            return QN_OK;
        }
    }
    qn_regex fresh = {0};
    QN_TRY(compile(set, pattern, NULL, &fresh));
    int32_t place = set->count < CACHED ? set->count++ : set->next;
    set->next = (place + 1) % CACHED;
    clear(&set->cached[place]);
    set->cached[place] = fresh;
    *out = &set->cached[place];
    return QN_OK;
}

/* ---- Matching -------------------------------------------------------------------------------- */

static qn_status match_error(const qn_regex *regex, int error, qn_view subject) {
    char text[256];
    qn_view pattern = qn_text_view(&regex->pattern);
    if (error == PCRE2_ERROR_NOMEMORY)
        return no_memory();
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    qn_status status = qn_fail(QN_DATA, "regular expression '%.*s' on a text of %lld bytes: %s",
                               shown(pattern), pattern.data, (long long)subject.length, text);
    qn_error_help("write it so that there are fewer ways to match the same text: possessive "
                  "quantifiers (a++), atomic groups (?>...), no nested repeats");
    return status;
}

static qn_match match_plain(qn_regex *regex, qn_view subject, int64_t start) {
    const char *found =
        memchr(subject.data + start, regex->plain, (size_t)(subject.length - start));
    if (found == NULL)
        return (qn_match){false, NULL};
    regex->bounds[0] = (size_t)(found - subject.data);
    regex->bounds[1] = regex->bounds[0] + 1;
    return (qn_match){true, regex->bounds};
}

qn_status qn_regex_match(qn_regex *regex, qn_view subject, int64_t start, qn_match *out) {
    *out = (qn_match){false, NULL};
    if (start > subject.length)
        return QN_OK;
    if (regex->plain >= 0) {
        *out = match_plain(regex, subject, start);
        return QN_OK;
    }
    int found = pcre2_match(regex->code, (PCRE2_SPTR)subject.data, (size_t)subject.length,
                            (size_t)start, 0, regex->match, regex->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return QN_OK;
    if (found < 0)
        return match_error(regex, found, subject);
    *out = (qn_match){true, pcre2_get_ovector_pointer(regex->match)};
    return QN_OK;
}

int64_t qn_regex_behind(qn_match match, qn_view subject, int64_t start) {
    int64_t end = (int64_t)match.bounds[1];
    if (end > (int64_t)match.bounds[0] && end > start)
        return end;
    end = end > start ? end : start;
    return end < subject.length
               ? end + qn_character_length(subject.data + end, subject.length - end)
               : end + 1;
}

int32_t qn_regex_groups(const qn_regex *regex) {
    return regex->groups;
}

int32_t qn_regex_group_named(const qn_regex *regex, qn_view name) {
    char text[33]; /* PCRE2's names have at most 32 characters */
    if (name.length >= (int64_t)sizeof text)
        return -1;
    memcpy(text, name.data, (size_t)name.length);
    text[name.length] = '\0';
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)text);
    return number > 0 ? number : -1;
}

bool qn_regex_is_empty(const qn_regex *regex) {
    return regex->pattern.length == 0;
}

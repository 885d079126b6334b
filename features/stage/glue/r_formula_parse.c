/* The parser: recursive descent, one function a rule of the grammar. */
#include "features/stage/glue/r_formula_private.h"

#include "features/plan/source.h"

#include <ctype.h>
#include <string.h>

/* END: nothing is left. BAD: a sign that formulas do not have. */
typedef enum token_kind { END, BAD, NAME, DOT, NUMBER, SIGN } token_kind;

typedef struct token {
    token_kind kind;
    char sign;           /* of SIGN and BAD */
    int64_t offset, end; /* in the text */
    int64_t name, name_end;
    int64_t number; /* -1: too large */
} token;

typedef struct parser {
    qn_formula *formula;
    qn_view text;
    token token; /* the next one */
    int depth;
} parser;

/* ---- Tokens --------------------------------------------------------------------------------- */

static bool begins_name(char c) {
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool in_name(char c) {
    return begins_name(c) || isdigit((unsigned char)c) || c == '.';
}

static char at(const parser *p, int64_t offset) {
    return offset < p->text.length ? p->text.data[offset] : '\0';
}

static void read_name(parser *p, token *out) {
    out->kind = NAME;
    while (in_name(at(p, out->end)))
        out->end++;
    out->name = out->offset;
    out->name_end = out->end;
}

static void read_quoted(parser *p, token *out) {
    const char *begin = p->text.data + out->offset + 1;
    const char *close = memchr(begin, '`', (size_t)(p->text.data + p->text.length - begin));
    out->sign = '`';
    if (close == NULL || close == begin)
        return;
    out->kind = NAME;
    out->name = out->offset + 1;
    out->name_end = close - p->text.data;
    out->end = out->name_end + 1;
}

static void read_number(parser *p, token *out) {
    out->kind = NUMBER;
    for (; isdigit((unsigned char)at(p, out->end)); out->end++)
        out->number =
            out->number < 0 || out->number > 100000 ? -1 : out->number * 10 + at(p, out->end) - '0';
}

static void next_token(parser *p) {
    token next = {.offset = p->token.end};
    while (isspace((unsigned char)at(p, next.offset)))
        next.offset++;
    next.end = next.offset;
    char c = at(p, next.offset);
    if (next.offset >= p->text.length) {
        next.kind = END;
    } else if (begins_name(c) || (c == '.' && begins_name(at(p, next.offset + 1)))) {
        read_name(p, &next);
    } else if (isdigit((unsigned char)c)) {
        read_number(p, &next);
    } else {
        next.end++;
        next.sign = c;
        next.kind = c == '.' ? DOT : strchr("~+-:*^()", c) != NULL ? SIGN : BAD;
        if (c == '`')
            read_quoted(p, &next);
    }
    p->token = next;
}

static bool is_sign(const parser *p, char sign) {
    return p->token.kind == SIGN && p->token.sign == sign;
}

static qn_status located(const parser *p, qn_status status, int64_t offset) {
    if (status == QN_JOB)
        qn_source_locate_in("formula", p->text, offset);
    return status;
}

/* `wanted` is what should stand where the next token stands. */
static qn_status fail_token(const parser *p, const char *wanted) {
    qn_status status;
    int64_t length = p->token.end - p->token.offset;
    if (p->token.kind == END)
        status = qn_fail(QN_JOB, "the formula ends where %s should follow", wanted);
    else if (p->token.kind == BAD && p->token.sign == '`')
        status = qn_fail(QN_JOB, "a name in backticks has no end, or no text");
    else
        status = qn_fail(QN_JOB, "'%.*s' stands where %s should", (int)(length < 80 ? length : 80),
                         p->text.data + p->token.offset, wanted);
    if (p->token.kind == BAD)
        qn_error_help("formulas have names, 0, 1 and the signs ~ + - : * ^ . ( )");
    return located(p, status, p->token.offset);
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static qn_status parse_sum(parser *p, qn_formula_terms *out);

static qn_status parse_parentheses(parser *p, qn_formula_terms *out) {
    int64_t open = p->token.offset;
    if (++p->depth > QN_FORMULA_DEPTH)
        return located(
            p, qn_fail(QN_JOB, "parentheses are nested more than %d deep", QN_FORMULA_DEPTH), open);
    next_token(p);
    QN_TRY(parse_sum(p, out));
    if (!is_sign(p, ')'))
        return fail_token(p, "an operator or ')'");
    p->depth--;
    next_token(p);
    return QN_OK;
}

static qn_status parse_constant(parser *p, qn_formula_term *out) {
    if (p->token.number != 0 && p->token.number != 1)
        return fail_token(p, "0, 1 or a column");
    *out = (qn_formula_term){.constant = true, .one = p->token.number == 1};
    return QN_OK;
}

static qn_status parse_name(parser *p, qn_formula_term *out) {
    const token *name = &p->token;
    int32_t factor;
    QN_TRY(qn_formula_name(p->formula, p->text.data + name->name, name->name_end - name->name,
                           name->offset, &factor));
    *out = qn_formula_term_of(factor);
    return QN_OK;
}

static qn_status parse_primary(parser *p, qn_formula_terms *out) {
    qn_formula_term term = qn_formula_term_of(QN_FORMULA_DOT);
    if (is_sign(p, '('))
        return parse_parentheses(p, out);
    if (p->token.kind == NUMBER)
        QN_TRY(parse_constant(p, &term));
    else if (p->token.kind == NAME)
        QN_TRY(parse_name(p, &term));
    else if (p->token.kind != DOT)
        return fail_token(p, "a term");
    next_token(p);
    return qn_formula_terms_add(out, &term);
}

/* (a + b)^3 is (a + b)*(a + b)*(a + b). Beyond the number of names nothing is added. */
static qn_status raise_to(parser *p, qn_formula_terms *out) {
    int64_t degree = p->token.number;
    if (p->token.kind != NUMBER || degree == 0)
        return fail_token(p, "a power (1, 2 ...)");
    if (degree < 0 || degree > QN_FORMULA_FACTORS)
        return located(p,
                       qn_fail(QN_JOB, "powers go to %d, for no interaction has more columns",
                               QN_FORMULA_FACTORS),
                       p->token.offset);
    qn_formula_terms base = {0};
    qn_status status = qn_formula_terms_append(&base, out);
    for (int64_t i = 1; i < degree && status == QN_OK; i++)
        status = qn_formula_terms_cross(out, &base);
    qn_formula_terms_clear(&base);
    return located(p, status, p->token.offset);
}

static qn_status parse_power(parser *p, qn_formula_terms *out) {
    QN_TRY(parse_primary(p, out));
    if (!is_sign(p, '^'))
        return QN_OK;
    next_token(p);
    QN_TRY(raise_to(p, out));
    next_token(p);
    if (is_sign(p, '^'))
        return fail_token(p, "an operator");
    return QN_OK;
}

static qn_status interact(qn_formula_terms *left, const qn_formula_terms *right) {
    qn_formula_terms product = {0};
    qn_status status = qn_formula_terms_multiply(left, right, &product);
    if (status != QN_OK) {
        qn_formula_terms_clear(&product);
        return status;
    }
    qn_formula_terms_clear(left);
    *left = product;
    return QN_OK;
}

static qn_status parse_product(parser *p, qn_formula_terms *out) {
    QN_TRY(parse_power(p, out));
    while (is_sign(p, ':')) {
        qn_formula_terms right = {0};
        int64_t offset = p->token.offset;
        next_token(p);
        qn_status status = parse_power(p, &right);
        if (status == QN_OK)
            status = located(p, interact(out, &right), offset);
        qn_formula_terms_clear(&right);
        QN_TRY(status);
    }
    return QN_OK;
}

static qn_status parse_cross(parser *p, qn_formula_terms *out) {
    QN_TRY(parse_product(p, out));
    while (is_sign(p, '*')) {
        qn_formula_terms right = {0};
        int64_t offset = p->token.offset;
        next_token(p);
        qn_status status = parse_product(p, &right);
        if (status == QN_OK)
            status = located(p, qn_formula_terms_cross(out, &right), offset);
        qn_formula_terms_clear(&right);
        QN_TRY(status);
    }
    return QN_OK;
}

/* One summand, added to what is left of it or taken away. */
static qn_status parse_summand(parser *p, bool minus, qn_formula_terms *out) {
    qn_formula_terms right = {0};
    int64_t offset = p->token.offset;
    qn_status status = parse_cross(p, &right);
    if (status == QN_OK)
        status = located(
            p, (minus ? qn_formula_terms_delete : qn_formula_terms_append)(out, &right), offset);
    qn_formula_terms_clear(&right);
    return status;
}

static qn_status parse_sum(parser *p, qn_formula_terms *out) {
    bool minus = is_sign(p, '-');
    if (minus || is_sign(p, '+'))
        next_token(p);
    QN_TRY(parse_summand(p, minus, out));
    while (is_sign(p, '+') || is_sign(p, '-')) {
        minus = is_sign(p, '-');
        next_token(p);
        QN_TRY(parse_summand(p, minus, out));
    }
    return QN_OK;
}

static qn_status parse_label(parser *p) {
    if (p->token.kind == NAME) {
        p->formula->label_offset = p->token.offset;
        QN_TRY(qn_format(&p->formula->label, "%.*s", (int)(p->token.name_end - p->token.name),
                         p->text.data + p->token.name));
        next_token(p);
    }
    if (!is_sign(p, '~'))
        return fail_token(p, p->formula->label != NULL ? "'~'" : "a label or '~'");
    next_token(p);
    return QN_OK;
}

static qn_status parse(parser *p) {
    int32_t dot;
    QN_TRY(qn_formula_name(p->formula, ".", 1, -1, &dot));
    next_token(p);
    QN_TRY(parse_label(p));
    QN_TRY(parse_sum(p, &p->formula->terms));
    return p->token.kind == END ? QN_OK : fail_token(p, "an operator");
}

/* Of all that add or take away the intercept, the last counts. */
static bool has_intercept(const qn_formula_terms *terms) {
    bool intercept = true;
    for (int64_t i = 0; i < terms->count; i++)
        if (terms->items[i].constant)
            intercept = terms->items[i].one != terms->items[i].deleted;
    return intercept;
}

qn_status qn_formula_parse(qn_formula *out, const char *text) {
    qn_formula formula = {.text = text};
    parser p = {.formula = &formula, .text = qn_view_of(text)};
    if (p.text.length > QN_FORMULA_LENGTH)
        return qn_fail(QN_JOB, "the formula has %lld bytes; at most %d are read",
                       (long long)p.text.length, QN_FORMULA_LENGTH);
    qn_status status = parse(&p);
    if (status != QN_OK) {
        qn_formula_clear(&formula);
        return status;
    }
    formula.intercept = has_intercept(&formula.terms);
    *out = formula;
    return QN_OK;
}

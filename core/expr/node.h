/* Inside of expressions: tree nodes, the function table's rows, what kernels are given.
 *
 * No walk recurses: trees are walked along `next` in post-order, so that a chain of thousands of
 * operators needs no stack. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_NODE_H
#define QUERN_CORE_EXPR_NODE_H

#include "core/expr/session.h"
#include "core/time/clock.h"

enum { QN_EXPR_MAX_DEPTH = 1000 };

/* Loops over plain arrays are compiled for AVX-512, AVX2 and the baseline, chosen at load time.
 * The sanitizers' start-up code does not bear load-time choices. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define QN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QN_CLONES
#endif

typedef struct qn_function qn_function;

/* A session as bound expressions share it. */
typedef struct qn_shared_session {
    int64_t references;
    qn_on_fault on_fault;
    int64_t now;
    qn_zone *zone; /* NULL: UTC */
} qn_shared_session;

QN_CHECKED qn_status qn_shared_session_new(qn_shared_session **out, const qn_session *session);
qn_shared_session *qn_shared_session_retain(qn_shared_session *session); /* NULL is fine */
void qn_shared_session_release(qn_shared_session *session);              /* NULL is fine */

typedef enum qn_expr_kind { QN_EXPR_COLUMN, QN_EXPR_LITERAL, QN_EXPR_CALL } qn_expr_kind;

struct qn_expr {
    qn_expr_kind kind;
    qn_type type; /* once bound; literals and casts: always */
    int32_t position;
    int32_t depth;    /* of nesting, a chain along first arguments counting as one */
    bool implicit;    /* a cast that binding put in */
    bool folded;      /* a literal that was a call: its type counts, also if it is null */
    char *name;       /* columns */
    char *table;      /* columns not resolved yet: in front of the name; NULL: nothing */
    int32_t index;    /* columns, once bound */
    qn_column *value; /* literals: one row */
    const qn_function *function;
    int32_t count;
    qn_expr **arguments;
    void *state;                /* what the function prepared from constant arguments */
    qn_shared_session *session; /* once bound; NULL: the default one */
    qn_expr *next;              /* post-order of the tree that was bound */
    qn_expr *first;             /* of a bound root: where its post-order starts */
    int32_t slots;              /* of a bound root: operands alive at once */
};

/* An argument's values: all rows of the batch, or one row that stands for all. */
typedef struct qn_operand {
    qn_column *column;
    bool constant;
} qn_operand;

/* Rows that could not be computed, in sessions of QN_FAULT_ERROR: they are null until it is known
 * whether anything takes them. All zero: none. */
typedef struct qn_faults {
    uint64_t *rows;      /* bitmap */
    char *message;       /* of one of them */
    const qn_expr *node; /* the call that it is about */
} qn_faults;

typedef struct qn_call {
    const qn_expr *node;
    const qn_operand *arguments;
    int32_t count;
    int64_t length;        /* rows to compute */
    const uint64_t *valid; /* strict functions: rows where no argument is null; NULL: all */
    bool checks;           /* overflow is a fault: sessions but QN_FAULT_SPARK, functions try_... */
    qn_faults *faults;     /* where faults are noted; NULL: they are null and nothing else */
} qn_call;

/* Local. A row that cannot be computed: null, and noted where faults are errors. The text names
 * the operation and the value. Rows that are null already are let be. */
QN_CHECKED qn_status qn_call_fault(const qn_call *call, qn_column *out, int64_t row,
                                   const char *format, ...) QN_PRINTF(4, 5);
/* The same for a call that makes the null itself. */
QN_CHECKED qn_status qn_call_note(const qn_call *call, int64_t row, const char *format, ...)
    QN_PRINTF(3, 4);
void qn_faults_clear(qn_faults *faults);

/* Local. Faults of a column of entries to the rows that are coded by them. */
QN_CHECKED qn_status qn_faults_spread(qn_faults *out, qn_faults *entries, const int32_t *codes,
                                      const uint64_t *validity, int64_t length);

/* Local. Adds to the faults of a call those of its arguments, as far as the call looks at them: a
 * branch of CASE that is not taken has none. `arguments` and `marks` are of `length` rows. */
QN_CHECKED qn_status qn_faults_join(qn_faults *own, const qn_expr *node,
                                    const qn_operand *arguments, qn_faults *marks, int64_t length);

/* What a function takes: how binding checks and converts an argument. */
typedef enum qn_argument_rule {
    QN_TAKES_NOTHING,
    QN_TAKES_ANY,
    QN_TAKES_SAME,   /* all such arguments get one common type */
    QN_TAKES_NUMBER, /* the same, and it is numeric */
    QN_TAKES_REAL,   /* numeric, as float64 */
    QN_TAKES_WHOLE,  /* int32 or int64, as int64 */
    QN_TAKES_BOOL,
    QN_TAKES_TEXT,
    QN_TAKES_PRINTED, /* any scalar, as string */
    QN_TAKES_DATE,    /* date, timestamp or string, as date */
    QN_TAKES_TIME,    /* the same, as timestamp */
    QN_TAKES_MOMENT,  /* date and timestamp as they are, string as timestamp */
    QN_TAKES_CLOCK,   /* year, month, day, hour, minute: whole; second: real; [zone: text] */
    QN_TAKES_CASES,   /* condition, value, condition, value, ... [value]: bool and same */
    QN_TAKES_LIST,
    QN_TAKES_PIECES /* lists as they are, other scalars as string */
} qn_argument_rule;

typedef enum qn_result_rule {
    QN_GIVES_BOOL = QN_BOOL,
    QN_GIVES_INT32 = QN_INT32,
    QN_GIVES_INT64 = QN_INT64,
    QN_GIVES_FLOAT64 = QN_FLOAT64,
    QN_GIVES_STRING = QN_STRING,
    QN_GIVES_DATE = QN_DATE,
    QN_GIVES_TIMESTAMP = QN_TIMESTAMP,
    QN_GIVES_LIST = QN_STRING_LIST,
    QN_GIVES_SAME = QN_TYPE_COUNT, /* the common type of the arguments */
    QN_GIVES_OWN                   /* what `prepare` sets */
} qn_result_rule;

typedef enum qn_null_rule {
    QN_NULLS_STRICT, /* null if any argument is; the kernel may add nulls of its own */
    QN_NULLS_FIRST,  /* null if the first argument is, when the others are constant */
    QN_NULLS_OWN     /* the kernel's affair */
} qn_null_rule;

/* A row of the function table. */
struct qn_function {
    const char *name;
    int32_t min_count, max_count; /* max -1: any number */
    uint8_t arguments[4];         /* qn_argument_rule; the last one given stands for the rest */
    uint8_t result;               /* qn_result_rule */
    uint8_t nulls;                /* qn_null_rule */
    /* Computes call->length rows. Strict ones may leave anything in rows that are null. */
    qn_status (*run)(const qn_call *call, qn_column **out);
    /* Checks and compiles constant arguments, sets a type of its own. May be NULL. */
    qn_status (*prepare)(qn_expr *call);
    void (*release)(void *state);
};

/* One table a family, each ended by a NULL name. */
extern const qn_function qn_functions_arithmetic[];
extern const qn_function qn_functions_comparison[];
extern const qn_function qn_functions_logic[];
extern const qn_function qn_functions_conditional[];
extern const qn_function qn_functions_real[];
extern const qn_function qn_functions_string[];
extern const qn_function qn_functions_like[];
extern const qn_function qn_functions_search[];
extern const qn_function qn_functions_reshape[];
extern const qn_function qn_functions_whole[];
extern const qn_function qn_functions_curves[];
extern const qn_function qn_functions_regexp[];
extern const qn_function qn_functions_regexp_replace[];
extern const qn_function qn_functions_digest[];
extern const qn_function qn_functions_hash[];
extern const qn_function qn_functions_list[];
extern const qn_function qn_functions_list_set[];
extern const qn_function qn_functions_date[];
extern const qn_function qn_functions_time_text[];
extern const qn_function qn_functions_date_move[];
extern const qn_function qn_functions_truncate[];
extern const qn_function qn_functions_interval[];
extern const qn_function qn_functions_date_part[];
extern const qn_function qn_functions_epoch[];
extern const qn_function qn_functions_make_date[];
extern const qn_function qn_functions_zone[];
extern const qn_function qn_functions_clock[];
extern const qn_function qn_function_cast[];
extern const qn_function qn_function_try_cast[];

const qn_function *qn_function_find(const char *name); /* NULL if there is none */

/* Local. Sets the last error and the position that qn_expr_error_position gives. */
QN_CHECKED qn_status qn_expr_fail(int32_t position, const char *format, ...) QN_PRINTF(2, 3);
void qn_expr_set_position(int32_t position);

/* Links the tree in post-order and returns its start. */
qn_expr *qn_expr_link(qn_expr *root);
QN_CHECKED qn_status qn_expr_new_cast(qn_expr **out, qn_expr *argument, qn_type type);
/* Turns a node into a literal; takes over the value. */
void qn_expr_become_literal(qn_expr *node, qn_column *value);
bool qn_expr_is_null_literal(const qn_expr *node);
static inline bool qn_expr_is_literal(const qn_expr *node) {
    return node->kind == QN_EXPR_LITERAL;
}

/* Local. Runs a call's function: strictness, dictionaries, then the kernel. The operands are
 * changed on the way and restored. */
QN_CHECKED qn_status qn_call_run(const qn_expr *node, qn_operand *arguments, int64_t length,
                                 qn_faults *faults, qn_column **out);
bool qn_expr_notes_faults(const qn_expr *node);
bool qn_expr_is_cast(const qn_expr *node); /* cast or try_cast */
bool qn_cast_exists(qn_type from, qn_type to);

/* Local. Row i of the result is row codes[i] of `source`, null where `validity` (borrowed, may be
 * NULL) says so. Strings come out dictionary-encoded, each value once. */
QN_CHECKED qn_status qn_column_spread(qn_column **out, const qn_column *source,
                                      const int32_t *codes, const uint64_t *validity,
                                      int64_t length);

/* Local. out[i] = row i of operand choice[i] (of the call's type); null where choice[i] < 0. */
QN_CHECKED qn_status qn_choose(qn_column **out, const qn_call *call, const qn_operand *operands,
                               int32_t count, const int32_t *choice);

typedef enum qn_comparison {
    QN_EQUAL,
    QN_UNEQUAL,
    QN_LESS,
    QN_LESS_EQUAL,
    QN_GREATER,
    QN_GREATER_EQUAL
} qn_comparison;

/* Compares the values, nulls as if they were values, into the bits of `out` (past length: 0). */
void qn_compare(qn_comparison comparison, const qn_operand *a, const qn_operand *b, int64_t length,
                uint64_t *out);

/* ---- Access for kernels ---------------------------------------------------------------------- */

static inline int64_t qn_at(const qn_operand *operand, int64_t row) {
    return operand->constant ? 0 : row;
}

static inline bool qn_operand_null(const qn_operand *operand, int64_t row) {
    return qn_column_is_null(operand->column, qn_at(operand, row));
}

static inline qn_view qn_text_at(const qn_operand *operand, int64_t row) {
    const qn_column *column = operand->column;
    int64_t i = qn_at(operand, row);
    if (column->dictionary != NULL) {
        i = column->codes[i];
        column = column->dictionary;
    }
    const char *chars = column->chars != NULL ? column->chars : "";
    return (qn_view){chars + column->offsets[i], column->offsets[i + 1] - column->offsets[i]};
}

static inline int64_t qn_whole_at(const qn_operand *operand, int64_t row) {
    return operand->column->i64[qn_at(operand, row)];
}

/* 64 rows of validity; rows past the column's end are undefined. */
static inline uint64_t qn_valid_word(const qn_operand *operand, int64_t word) {
    const qn_column *column = operand->column;
    if (column->validity == NULL)
        return ~UINT64_C(0);
    if (operand->constant)
        return (column->validity[0] & 1) ? ~UINT64_C(0) : 0;
    return column->validity[word];
}

static inline uint64_t qn_bits_word(const qn_operand *operand, int64_t word) {
    const qn_column *column = operand->column;
    if (operand->constant)
        return (column->bits[0] & 1) ? ~UINT64_C(0) : 0;
    return column->bits[word];
}

/* Clears the bits past `length` in the last word. */
static inline void qn_bits_trim(uint64_t *bits, int64_t length) {
    if (length & 63)
        bits[length >> 6] &= (UINT64_C(1) << (length & 63)) - 1;
}

/* Packs 64 bytes of 0 or 1 into bits. */
static inline uint64_t qn_bits_pack(const uint8_t *bytes) {
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t eight;
        __builtin_memcpy(&eight, bytes + 8 * i, 8);
        bits |= ((eight * UINT64_C(0x0102040810204080)) >> 56) << (8 * i);
    }
    return bits;
}

/* The session's time zone, for a loop over rows. */
static inline qn_clock qn_call_clock(const qn_call *call) {
    const qn_shared_session *session = call->node->session;
    return qn_clock_of(session == NULL ? NULL : session->zone);
}

/* Bytes of a text that a message shows: at most `most`, whole characters. */
static inline int qn_shown_length(qn_view text, int64_t most) {
    int64_t length = text.length < most ? text.length : most;
    while (length > 0 && length < text.length && ((unsigned char)text.data[length] & 0xc0) == 0x80)
        length--;
    return (int)length;
}

static inline bool qn_call_skips(const qn_call *call, int64_t row) {
    return call->valid != NULL && !qn_bit(call->valid, row);
}

#endif

/* freshness: the newest date or time of a column is not older than so much, by the clock of the
 * session. A date counts from its midnight, UTC. */
#include "core/time/date.h"
#include "core/time/interval.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"column", QN_OPTION_TEXT, NULL, NULL, "column of dates or timestamps"},
    {"max_age", QN_OPTION_TEXT, NULL, NULL, "as '2 days', '36 hours' or '90 minutes'"},
    QN_TABLE_RULE_OPTIONS};

typedef struct freshness {
    bool date;
    int64_t newest, most; /* nanoseconds; newest: INT64_MIN for none */
} freshness;

static qn_status parse_age(const qn_rule *rule, int64_t *out) {
    qn_interval age;
    if (!qn_options_has(rule->options, "max_age"))
        return qn_fail(QN_JOB, "max_age is not set");
    const char *text = qn_options_text(rule->options, "max_age");
    int64_t days;
    bool good = qn_parse_interval(qn_view_of(text), QN_INTERVAL_NONE, &age) && age.months == 0 &&
                !__builtin_mul_overflow(age.days, QN_NANOS_A_DAY, &days) &&
                !__builtin_add_overflow(days, age.nanoseconds, out) && *out >= 0;
    if (good)
        return QN_OK;
    return qn_fail(QN_JOB,
                   "max_age must be a length of time like '2 days' or '90 minutes', not "
                   "'%s'",
                   text);
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    freshness *self = rule->state;
    QN_TRY(qn_rule_use_option(rule, scene->schema, "column"));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    if (field->type != QN_DATE && field->type != QN_TIMESTAMP)
        return qn_rule_fail_type(field, "a date or timestamp");
    if (scene->execution->session == NULL || scene->execution->session->now == 0)
        return qn_fail(QN_JOB, "the time of the run is not known");
    self->date = field->type == QN_DATE;
    self->newest = INT64_MIN;
    return parse_age(rule, &self->most);
}

static qn_status add(qn_rule *rule, const qn_batch *batch) {
    freshness *self = rule->state;
    const qn_column *column = batch->columns[rule->columns[0]];
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        int64_t time = self->date ? column->i32[i] * QN_NANOS_A_DAY : column->i64[i];
        self->newest = time > self->newest ? time : self->newest;
    }
    rule->checked += column->length - column->null_count;
    return QN_OK;
}

/* "3 days 04:05:06": without fractions. */
static void print_age(int64_t nanoseconds, char out[80]) {
    int64_t days = nanoseconds / QN_NANOS_A_DAY, rest = nanoseconds % QN_NANOS_A_DAY;
    const qn_interval age = {0, (int32_t)days, rest - rest % QN_NANOS_A_SECOND};
    out[qn_print_interval(&age, out)] = '\0';
}

static qn_status judge(qn_rule *rule, const qn_rule_scene *scene) {
    freshness *self = rule->state;
    char age[80], most[80], newest[48];
    QN_TRY(qn_comm_max_i64(scene->comm, &self->newest, 1));
    rule->violations = 1;
    if (self->newest == INT64_MIN)
        return qn_rule_set_detail(rule, "there is no date or time");
    int64_t passed;
    if (__builtin_sub_overflow(scene->execution->session->now, self->newest, &passed))
        passed = INT64_MAX;
    rule->violations = passed > self->most;
    print_age(passed < 0 ? 0 : passed, age);
    print_age(self->most, most);
    newest[qn_print_timestamp(self->newest, newest)] = '\0';
    return qn_rule_set_detail(rule, "the newest is %s, %s old; at most %s are wanted", newest, age,
                              most);
}

const qn_rule_class qn_rule_freshness = {
    .name = "freshness",
    .help = "the newest date or time is not too old",
    .of_table = true,
    .options = options,
    .state_size = sizeof(freshness),
    .bind = bind,
    .add = add,
    .judge = judge,
};

#include "features/stage/numbers.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <math.h>
#include <string.h>

qn_status qn_numbers_one(const char *option, qn_view text, double *out) {
    while (text.length > 0 && text.data[0] == ' ')
        text = (qn_view){text.data + 1, text.length - 1};
    while (text.length > 0 && text.data[text.length - 1] == ' ')
        text.length--;
    if (!qn_parse_option_real(text, out) || *out != *out)
        return qn_fail(QN_JOB, "%s: '%.*s' is not a number", option, (int)text.length, text.data);
    return QN_OK;
}

qn_status qn_numbers_list(const qn_stage *stage, const char *option, double **out, int64_t *count) {
    char *const *texts;
    double *numbers = NULL;
    int64_t length = qn_options_list(stage->options, option, &texts);
    QN_TRY(qn_mem_alloc(&numbers, (size_t)length, sizeof *numbers));
    for (int64_t i = 0; i < length; i++) {
        qn_status status = qn_numbers_one(option, qn_view_of(texts[i]), &numbers[i]);
        if (status != QN_OK) {
            qn_mem_free(numbers);
            return status;
        }
    }
    *out = numbers;
    *count = length;
    return QN_OK;
}

qn_status qn_numbers_text(const char *option, const char *text, double **out, int64_t *count) {
    static const char between[] = " ;";
    double *numbers = NULL;
    int64_t length = 0;
    QN_TRY(qn_mem_alloc(&numbers, strlen(text) / 2 + 1, sizeof *numbers));
    for (const char *at = text + strspn(text, between); *at != '\0'; at += strspn(at, between)) {
        size_t size = strcspn(at, between);
        qn_status status = qn_numbers_one(option, (qn_view){at, (int64_t)size}, &numbers[length++]);
        if (status != QN_OK) {
            qn_mem_free(numbers);
            return status;
        }
        at += size;
    }
    *out = numbers;
    *count = length;
    return QN_OK;
}

qn_status qn_numbers_each(const qn_stage *stage, const char *option, int32_t columns,
                          double **out) {
    double *given = NULL, *each = NULL;
    int64_t count = 0;
    QN_TRY(qn_numbers_list(stage, option, &given, &count));
    qn_status status = QN_OK;
    if (count != 1 && count != columns)
        QN_TRY_GOTO(qn_fail(QN_JOB, "%s has %lld numbers, but there are %d columns", option,
                            (long long)count, columns),
                    done);
    QN_TRY_GOTO(qn_mem_alloc(&each, (size_t)columns, sizeof *each), done);
    for (int32_t i = 0; i < columns; i++)
        each[i] = given[count == 1 ? 0 : i];
    *out = each;
done:
    qn_mem_free(given);
    return status;
}

json_t *qn_numbers_json(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

/* Patterns with \W, \S and \D rewritten. Expected: pcre2pattern(3) on escapes, classes, \Q...\E and
 * comments. */
#include "core/expr/regex_mend.h"
#include "tests/harness/harness.h"

#include <string.h>

static void check_mended(const char *pattern, const char *expected) {
    qn_text out;
    qn_text_init(&out);
    QN_TEST_OK(qn_regex_mend(qn_view_of(pattern), &out));
    const char *found = out.data != NULL ? out.data : "";
    qn_test_check(strcmp(found, expected) == 0, __FILE__, __LINE__, found);
    qn_text_clear(&out);
}

static void test_outside(void) {
    check_mended("", "");
    check_mended("\\W+|\\S{2}\\D", "[^\\w]+|[^\\s]{2}[^\\d]");
    check_mended("(?<!\\W)a", "(?<![^\\w])a");
    check_mended("\\w\\s\\d", "\\w\\s\\d");
    check_mended("\\\\W\\\\\\W", "\\\\W\\\\[^\\w]");
    check_mended("\\[\\W]", "\\[[^\\w]]");
}

static void test_in_classes(void) {
    check_mended("[\\W\\S]\\W", "[\\W\\S][^\\w]");
    check_mended("[]\\W]\\W[^]\\W]", "[]\\W][^\\w][^]\\W]");
    check_mended("[[:alpha:]\\W]\\W", "[[:alpha:]\\W][^\\w]");
    check_mended("[a[:b]\\W[\\]\\W]\\W", "[a[:b][^\\w][\\]\\W][^\\w]");
}

static void test_quoted(void) {
    check_mended("\\Q\\W[\\E\\W", "\\Q\\W[\\E[^\\w]");
    check_mended("[\\Q]\\E\\W]\\W", "[\\Q]\\E\\W][^\\w]");
    check_mended("\\Q\\W", "\\Q\\W");
    check_mended("(?# [ \\W)\\W", "(?# [ \\W)[^\\w]");
    check_mended("\\c\\\\W", "\\c\\[^\\w]"); /* control-backslash */
}

static void test_broken(void) {
    check_mended("[\\W", "[\\W");
    check_mended("a\\", "a\\");
    check_mended("[", "[");
    check_mended("[^", "[^");
    check_mended("[[:", "[[:");
    check_mended("(?#", "(?#");
    check_mended("\\c", "\\c");
}

static const qn_test_case cases[] = {
    {"outside of classes", test_outside},
    {"classes stay", test_in_classes},
    {"what is quoted or a comment stays", test_quoted},
    {"patterns with mistakes end", test_broken},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("regex_mend", cases);
}

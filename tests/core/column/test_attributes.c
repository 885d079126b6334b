/* What is known of columns: names, sources, categories of slots. */
#include "core/column/schema.h"
#include "tests/harness/harness.h"

#include <string.h>

static qn_attributes *nominal(const char *source) {
    qn_attributes *made = NULL;
    QN_TEST_OK(qn_attributes_new(&made, QN_ATTRIBUTE_NOMINAL, (const char *const[]){"", "b"}, 2));
    if (source != NULL)
        QN_TEST_OK(qn_attributes_set_source(made, source));
    return made;
}

/* A vector of x and y; slot 1 holds the categories, if there are any. */
static qn_attributes *vector(qn_attributes *categories) {
    qn_attributes *made = NULL;
    QN_TEST_OK(qn_attributes_new(&made, QN_ATTRIBUTE_VECTOR, (const char *const[]){"x", "y"}, 2));
    if (categories != NULL)
        QN_TEST_OK(qn_attributes_set_slot(made, 1, categories));
    return made;
}

static void test_names(void) {
    qn_attributes *a = nominal("cut"), *none = NULL;
    CU_ASSERT_STRING_EQUAL(a->names[0], "");
    CU_ASSERT_STRING_EQUAL(a->names[1], "b");
    CU_ASSERT_STRING_EQUAL(a->source, "cut");
    QN_TEST_OK(qn_attributes_new(&none, QN_ATTRIBUTE_VECTOR, (const char *const[]){NULL}, 0));
    CU_ASSERT_EQUAL(none->count, 0);
    qn_attributes_release(none);
    QN_TEST_OK(qn_attributes_new(&none, QN_ATTRIBUTE_VECTOR, NULL, 5));
    CU_ASSERT_PTR_NULL(none->names);
    qn_attributes_release(none);
    qn_attributes_release(a);
}

static void test_slots(void) {
    qn_attributes *a = nominal("cut"), *v = vector(a), *plain = vector(NULL), *dropped = NULL;
    qn_attributes_release(a); /* v has its own reference */
    CU_ASSERT_PTR_NULL(qn_attributes_slot(v, 0));
    CU_ASSERT_STRING_EQUAL(qn_attributes_slot(v, 1)->names[1], "b");
    CU_ASSERT_PTR_NULL(qn_attributes_slot(plain, 1));
    CU_ASSERT_PTR_NULL(qn_attributes_slot(NULL, 1));
    QN_TEST_OK(qn_attributes_drop_slots(&dropped, v));
    CU_ASSERT_PTR_NULL(dropped->slots);
    CU_ASSERT_STRING_EQUAL(dropped->names[1], "y");
    qn_attributes_release(dropped);
    QN_TEST_OK(qn_attributes_drop_slots(&dropped, plain));
    CU_ASSERT_PTR_EQUAL(dropped, plain);
    qn_attributes_release(dropped);
    QN_TEST_OK(qn_attributes_drop_slots(&dropped, NULL));
    CU_ASSERT_PTR_NULL(dropped);
    qn_attributes_release(v);
    qn_attributes_release(plain);
}

/* Older files know neither sources nor slots: that is no disagreement. */
static void test_agreement(void) {
    qn_attributes *cut = nominal("cut"), *other = nominal("colour"), *unknown = nominal(NULL);
    qn_attributes *a = vector(cut), *b = vector(other), *c = vector(unknown), *d = vector(NULL);
    CU_ASSERT_TRUE(qn_attributes_agree(cut, cut));
    CU_ASSERT_TRUE(qn_attributes_agree(cut, unknown));
    CU_ASSERT_FALSE(qn_attributes_agree(cut, other));
    CU_ASSERT_FALSE(qn_attributes_agree(cut, d));
    CU_ASSERT_FALSE(qn_attributes_agree(cut, NULL));
    CU_ASSERT_TRUE(qn_attributes_agree(NULL, NULL));
    CU_ASSERT_FALSE(qn_attributes_agree(a, b));
    CU_ASSERT_TRUE(qn_attributes_agree(a, c));
    CU_ASSERT_TRUE(qn_attributes_agree(a, d));
    qn_attributes *all[] = {cut, other, unknown, a, b, c, d};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        qn_attributes_release(all[i]);
}

static const qn_test_case cases[] = {
    {"names and source are copied", test_names},
    {"slots have categories, which can be dropped", test_slots},
    {"attributes agree where both say something", test_agreement},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("attributes", cases);
}

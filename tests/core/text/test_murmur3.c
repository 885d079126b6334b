/* MurmurHash3. Goldens: Appleby's hash of the empty text and the published test vectors
 * that many implementations share (among them Guava's and Sourmash's); slots of Spark's guide to
 * FeatureHasher (Spark 3). */
#include "core/text/murmur3.h"
#include "tests/harness/harness.h"

static uint32_t bytes(const char *text, uint32_t seed) {
    return qn_murmur3_bytes(qn_view_of(text), seed);
}

static void test_bytes(void) {
    CU_ASSERT_EQUAL(bytes("", 0), 0);
    CU_ASSERT_EQUAL(bytes("", 0x9747b28c), 0xebb6c228);
    CU_ASSERT_EQUAL(bytes("a", 0x9747b28c), 0x7fa09ea6);
    CU_ASSERT_EQUAL(bytes("t", 0xdeadbeef), 0x3b15dcf8);
    CU_ASSERT_EQUAL(bytes("te", 0xdeadbeef), 0xac981332);
    CU_ASSERT_EQUAL(bytes("tes", 0xdeadbeef), 0xc1c78dda);
    CU_ASSERT_EQUAL(bytes("test", 0xdeadbeef), 0xaa22d41a);
    CU_ASSERT_EQUAL(bytes("testy", 0xdeadbeef), 0x84f5f623);
    CU_ASSERT_EQUAL(bytes("hello", 0), 0x248bfa47);
    CU_ASSERT_EQUAL(bytes("The quick brown fox jumps over the lazy dog", 0), 0x2e4ff723);
    CU_ASSERT_EQUAL(bytes("The quick brown fox jumps over the lazy dog", 0x9747b28c), 0x2fa826cd);
}

/* hash(1), hash(0) and hash(0L) of Spark SQL. */
static void test_words(void) {
    CU_ASSERT_EQUAL((int32_t)qn_murmur3_int(1, QN_MURMUR3_SEED), -559580957);
    CU_ASSERT_EQUAL((int32_t)qn_murmur3_int(0, QN_MURMUR3_SEED), 933211791);
    CU_ASSERT_EQUAL((int32_t)qn_murmur3_long(0, QN_MURMUR3_SEED), -1670924195);
}

static int32_t slot(const char *text) {
    return qn_murmur3_slot(bytes(text, QN_MURMUR3_SEED), 1 << 18);
}

static void test_slots(void) {
    CU_ASSERT_EQUAL(slot("real"), 174475);
    CU_ASSERT_EQUAL(slot("bool=true"), 247670);
    CU_ASSERT_EQUAL(slot("bool=false"), 70644);
    CU_ASSERT_EQUAL(slot("stringNum=1"), 262126);
    CU_ASSERT_EQUAL(slot("stringNum=2"), 89673);
    CU_ASSERT_EQUAL(slot("string=foo"), 257907);
    CU_ASSERT_EQUAL(slot("string=bar"), 173866);
    CU_ASSERT_EQUAL(slot("string=baz"), 187923);
    CU_ASSERT_EQUAL(qn_murmur3_slot(0xffffffff, 10), 9);
    CU_ASSERT_EQUAL(qn_murmur3_slot(0x80000000, INT32_MAX), INT32_MAX - 1);
}

static const qn_test_case cases[] = {
    {"bytes hash as the published vectors", test_bytes},
    {"words hash as Spark's ints and longs", test_words},
    {"slots are Spark's, never negative", test_slots},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("murmur3", cases);
}

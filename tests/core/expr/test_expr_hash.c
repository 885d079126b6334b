/* Digests and hashes. Goldens: Spark's documentation; Python 3.11's hashlib and zlib; for the
 * hashes of single values a transcription of Murmur3 and XXH64 into Python that reproduces Spark's
 * documented examples. */
#include "tests/core/expr_helper.h"

static void test_digests(void) {
    test_constant("md5('Spark')", "string", "'8cde774d6f7333752ed72cacddb05126'");
    test_constant("sha('Spark')", "string", "'85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c'");
    test_constant("sha1('Spark')", "string", "'85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c'");
    test_constant("sha2('Spark', 256)", "string",
                  "'529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b'");
    test_constant("sha2('Spark', 0)", "string",
                  "'529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b'");
    test_constant("sha2('Spark', 224)", "string",
                  "'dbeab94971678d36af2195851c0f7485775a2a7c60073d62fc04549c'");
    test_constant("sha2('Spark', 384)", "string",
                  "'1e40b8d06c248a1cc32428c22582b6219d072283078fa140d9ad297ecadf2cabefc341b857ad362"
                  "26aa8d6d79f2ab67d'");
    test_constant("sha2('Spark', 512)", "string",
                  "'44844a586c54c9a212da1dbfe05c5f1705de1af5fda1f0d36297623249b279fd8f0ccec03f888f4"
                  "fb13bf7cd83fdad58591c797f81121a23cfdd5e0897795238'");
    test_constant("sha2('Spark', 100)", "string", "null");
    test_expr("md5(s)", "string: '900150983cd24fb0d6963f7d28e17f72' "
                        "'36fd9a06f9d62c2c47a807cb1219f6c6' null "
                        "'d41d8cd98f00b204e9800998ecf8427e' '445251671373cef6c378b278b3750785'");
}

static void test_crc(void) {
    test_constant("crc32('Spark')", "int64", "1557323817");
    test_expr("crc32(s)", "int64: 891568578 1224204715 null 0 1706288628");
}

static void test_chains(void) {
    test_constant("hash('Spark', 123, 2)", "int32", "-1321691492");
    test_constant("xxhash64('Spark', 123, 2)", "int64", "5602566077635097486");
    test_constant("hash(null)", "int32", "42");
    test_constant("xxhash64(null, null)", "int64", "42");
    test_constant("hash('a', null, 'b') = hash('a', 'b')", "bool", "true");
    test_constant("hash(array['a', null, 'b']) = hash('a', 'b')", "bool", "true");
    test_constant("hash(-0.0) = hash(0.0)", "bool", "true");
}

static void test_murmur(void) {
    test_expr("hash(b)", "int32: -559580957 933211791 42 -559580957 933211791");
    test_expr("hash(i)", "int32: -559580957 -1618159745 42 133916647 933211791");
    test_expr("hash(l)", "int32: -797927272 519220707 424949597 -1604625029 42");
    test_expr("hash(f)", "int32: -1566289315 1043611126 42 2026854605 1710391653");
    test_expr("hash(x)", "int32: 538068697 2027713531 42 -1281358385 -30233207");
    test_expr("hash(s)", "int32: 1322437556 -1930290362 42 142593372 743393110");
    test_expr("hash(d)", "int32: 653915859 -1604776387 42 -272594282 -132526559");
    test_expr("hash(t)", "int32: 2094983298 -66923262 42 -1413513225 730646117");
    test_expr("hash(w)", "int32: -1512497118 1905031361 42 42 -1838279665");
}

static void test_xxhash(void) {
    test_expr("xxhash64(b)", "int64: -6698625589789238999 3614696996920510707 42 "
                             "-6698625589789238999 3614696996920510707");
    test_expr("xxhash64(i)", "int64: -6698625589789238999 4987848727247274714 42 "
                             "1508894993788531228 3614696996920510707");
    test_expr("xxhash64(l)", "int64: -3341702809300393011 3188756510806108107 "
                             "-5259934538394028452 -3246596055638297850 42");
    test_expr("xxhash64(f)", "int64: 1706067048701417306 -6062432153614466525 42 "
                             "-5940311692336719973 4217659265746658075");
    test_expr("xxhash64(x)", "int64: 3031145945194818975 -2274979855732426304 42 "
                             "-3127944061524951246 3595002040705274686");
    test_expr("xxhash64(s)", "int64: 1423657621850124518 -3838817527839715741 42 "
                             "-7444071767201028348 -6266261279534930463");
    test_expr("xxhash64(t)", "int64: -6110849338872255062 -4571243810195454330 42 "
                             "-5786285094784329286 -1571651138089650164");
    test_expr("xxhash64(w)", "int64: -8775012835737190202 -6391946315847899181 42 42 "
                             "-4992759777299414579");
}

static const qn_test_case cases[] = {
    {"digests equal hashlib's", test_digests},
    {"crc32 equals zlib's", test_crc},
    {"a column's hash is the seed of the next", test_chains},
    {"hash is Spark's Murmur3", test_murmur},
    {"xxhash64 is XXH64 with the seed 42", test_xxhash},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_hash", cases);
}

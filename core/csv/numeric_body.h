/* Private to core/csv: plain short numbers with x86 vectors of 16 bytes, compiled once a kind of
 * processor. The including file defines KERNEL, the target attribute of every function. Bytes
 * behind a field are read, up to 16 from its begin. */

static const double powers_of_ten[17] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                         1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

/* ramp + n: the indices that move n digits to the right end of 16 bytes. Negative ones give 0. */
static const int8_t ramp[32] = {-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6,
                                -5,  -4,  -3,  -2,  -1,  0,   1,   2,  3,  4,  5,
                                6,   7,   8,   9,   10,  11,  12,  13, 14, 15};

/* The number that 16 digits (values, not characters) spell. */
KERNEL static inline uint64_t join_digits(__m128i digits) {
    __m128i pairs = _mm_maddubs_epi16(
        digits, _mm_set_epi8(1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set_epi16(1, 100, 1, 100, 1, 100, 1, 100));
    __m128i packed = _mm_packus_epi32(fours, fours);
    __m128i eights = _mm_madd_epi16(packed, _mm_set_epi16(1, 10000, 1, 10000, 1, 10000, 1, 10000));
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & 0xffffffff) * 100000000 + (both >> 32);
}

KERNEL static inline bool are_digits(__m128i values) {
    __m128i over = _mm_subs_epu8(values, _mm_set1_epi8(9));
    return _mm_testz_si128(over, over);
}

/* The fields from number `first` on; `left` are in `rest` already. */
KERNEL static inline int64_t parse_float64_from(const qn_csv_spans *spans, int64_t first,
                                                double *out, uint32_t *rest, int64_t left) {
    const __m128i point = _mm_set1_epi8(spans->decimal), zero = _mm_set1_epi8('0');
    for (int64_t i = first; i < spans->count; i++) {
        const char *at = spans->base + spans->at[i].begin;
        uint64_t negative = *at == '-';
        uint64_t length = spans->at[i].end - spans->at[i].begin - negative;
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(at + negative));
        uint32_t points = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, point));
        uint64_t in_range = length - 1 < 16; /* wraps for an empty field */
        uint64_t bounded = in_range ? length : 16;
        uint64_t place = (uint64_t)__builtin_ctz(points | 1u << bounded);
        uint64_t has_point = place < bounded;
        uint64_t count = bounded - has_point;
        __m128i from = _mm_loadu_si128((const __m128i *)(const void *)(ramp + count));
        from = _mm_sub_epi8(from, _mm_cmpgt_epi8(from, _mm_set1_epi8((char)(place - 1))));
        __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(text, zero), from);
        uint64_t whole = join_digits(digits);
        double value = (double)(int64_t)whole / powers_of_ten[has_point ? count - place : 0];
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits |= negative << 63;
        memcpy(&out[i], &bits, sizeof bits);
        bool plain = in_range && count > 0 && are_digits(digits) && whole <= UINT64_C(1) << 53;
        rest[left] = (uint32_t)i;
        left += !plain;
    }
    return left;
}

KERNEL static inline int64_t parse_int64_from(const qn_csv_spans *spans, int64_t first,
                                              int64_t *out, uint32_t *rest, int64_t left) {
    const __m128i zero = _mm_set1_epi8('0');
    for (int64_t i = first; i < spans->count; i++) {
        const char *at = spans->base + spans->at[i].begin;
        uint64_t negative = *at == '-';
        uint64_t length = spans->at[i].end - spans->at[i].begin - negative;
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(at + negative));
        uint64_t in_range = length - 1 < 16;
        uint64_t bounded = in_range ? length : 16;
        __m128i from = _mm_loadu_si128((const __m128i *)(const void *)(ramp + bounded));
        __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(text, zero), from);
        int64_t whole = (int64_t)join_digits(digits);
        bool plain = in_range && are_digits(digits);
        out[i] = plain ? (negative ? -whole : whole) : 0;
        rest[left] = (uint32_t)i;
        left += !plain;
    }
    return left;
}

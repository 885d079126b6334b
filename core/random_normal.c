/* Normal numbers. Compiled without fused multiply-add (see CMakeLists.txt): a number has the same
 * bits whether it is drawn alone or in a vectorised loop. */
#include "core/random_lanes.h"

#include <math.h>
#include <string.h>

/* Natural logarithm of a normal number in (0, 1], to about one unit in the last place: the series
 * and constants of fdlibm's e_log.c (Sun Microsystems, 1993), without branches. */
static inline double log_of(double x) {
    const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd);
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (int32_t)((bits - root_half) >> 52 << 20) >> 20;
    bits -= (uint64_t)(int64_t)exponent << 52;
    memcpy(&x, &bits, sizeof x);
    double f = x - 1, s = f / (2 + f), z = s * s, w = z * z, k = exponent;
    double even = w * (3.999999999940941908e-01 +
                       w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    double odd = z * (6.666666666666735130e-01 +
                      w * (2.857142874366239149e-01 +
                           w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    double half = 0.5 * f * f;
    return k * 6.93147180369123816490e-01 -
           ((half - (s * (half + even + odd) + k * 1.90821492927058770002e-10)) - f);
}

/* Sine and cosine of an eighth of a turn either way: fdlibm's k_sin.c and k_cos.c. */
static inline double sine(double x) {
    double z = x * x;
    return x + x * z *
                   (-1.66666666666666324348e-01 +
                    z * (8.33333333332248946124e-03 +
                         z * (-1.98412698298579493134e-04 +
                              z * (2.75573137070700676789e-06 +
                                   z * (-2.50507602534068634195e-08 +
                                        z * 1.58969099521155010221e-10)))));
}

static inline double cosine(double x) {
    double z = x * x;
    return 1 - 0.5 * z +
           z * z *
               (4.16666666666666019037e-02 +
                z * (-1.38888888888741095749e-03 +
                     z * (2.48015872894767294178e-05 +
                          z * (-2.75573143513906633035e-07 +
                               z * (2.08757232129817482790e-09 +
                                    z * -1.13596475577881948265e-11)))));
}

/* Box and Muller's: a radius and an angle give two normal numbers. */
static inline void normal_pair(uint64_t a, uint64_t b, double *first, double *second) {
    /* (0, 1], so that the logarithm is finite */
    double uniform = (double)(int64_t)((a >> 11) + 1) * 0x1p-53;
    double radius = sqrt(-2.0 * log_of(uniform));
    double quarters = (double)(int64_t)(b >> 11) * 0x1p-51;
    int32_t turn = (int32_t)(quarters + 0.5);
    double angle = (quarters - turn) * 1.57079632679489661923;
    double s = sine(angle), c = cosine(angle);
    /* a quarter turn swaps the two, two change the signs; masks, as branches would guess wrong */
    uint64_t sine_bits, cosine_bits, swap = -(uint64_t)(turn & 1);
    memcpy(&sine_bits, &s, sizeof s);
    memcpy(&cosine_bits, &c, sizeof c);
    uint64_t change = (sine_bits ^ cosine_bits) & swap;
    sine_bits ^= change ^ ((uint64_t)(turn & 2) << 62);
    cosine_bits ^= change ^ ((uint64_t)((turn + 1) & 2) << 62);
    memcpy(&s, &sine_bits, sizeof s);
    memcpy(&c, &cosine_bits, sizeof c);
    *first = radius * c;
    *second = radius * s;
}

void qn_random_normal_2(double out[2], qn_random random, uint64_t row, uint32_t draw) {
    uint64_t bits[2];
    qn_random_bits_2(bits, random, row, draw);
    normal_pair(bits[0], bits[1], &out[0], &out[1]);
}

double qn_random_normal(qn_random random, uint64_t row, uint32_t draw) {
    double pair[2];
    qn_random_normal_2(pair, random, row, draw);
    return pair[0];
}

QN_RANDOM_CLONES static void normal_lanes(const uint64_t *a, const uint64_t *b, int64_t count,
                                          double *restrict first, double *restrict second) {
    for (int64_t i = 0; i < count; i++)
        normal_pair(a[i], b[i], &first[i], &second[i]);
}

void qn_random_normal_rows(double *first_out, double *second_out, qn_random random, uint64_t first,
                           int64_t count, uint32_t draw) {
    uint64_t rows[QN_RANDOM_LANES], a[QN_RANDOM_LANES], b[QN_RANDOM_LANES];
    for (int64_t done = 0; done < count; done += QN_RANDOM_LANES) {
        int64_t lanes = count - done < QN_RANDOM_LANES ? count - done : QN_RANDOM_LANES;
        for (int i = 0; i < QN_RANDOM_LANES; i++)
            rows[i] = first + (uint64_t)(done + i);
        qn_random_lanes(a, b, random, rows, draw);
        normal_lanes(a, b, lanes, first_out + done, second_out + done);
    }
}

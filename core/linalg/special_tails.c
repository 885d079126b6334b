/* Tails of the gamma and beta families. */
#include "core/linalg/special.h"

#include <math.h>
#include <stdbool.h>

/* ---- Densities ------------------------------------------------------------------------------ */

/* log(gamma(a + 1)) - (a + 1/2) log a + a - log(2 pi) / 2, Stirling's error, a > 0. The series
 * (DLMF 5.11.1) holds all digits from 16 on; smaller a are raised one by one. */
static double stirling_error(double a) {
    double raised = 0;
    for (; a < 16; a += 1)
        raised += (a + 0.5) * log1p(1 / a) - 1;
    double x = 1 / (a * a);
    double series =
        1.0 / 12 -
        x * (1.0 / 360 -
             x * (1.0 / 1260 - x * (1.0 / 1680 - x * (1.0 / 1188 - x * (691.0 / 360360)))));
    return raised + series / a;
}

/* d - log(1 + d), for the ratio 1 + d that is known without rounding, too. */
static double beyond_log(double d, double ratio) {
    if (fabs(d) > 0.4)
        return d - log(ratio);
    /* log(1 + d) = 2 (r + r^3 / 3 + r^5 / 5 ...) with r = d / (2 + d) */
    double r = d / (2 + d), square = r * r, term = 2 * r * square, sum = 0;
    for (int k = 3; k < 60; k += 2) {
        double part = term / k;
        sum += part;
        if (fabs(part) <= 1e-18 * fabs(sum))
            break;
        term *= square;
    }
    return d * r - sum;
}

/* x^a e^-x / gamma(a) */
static double gamma_front(double a, double x) {
    double exponent = stirling_error(a) + a * beyond_log((x - a) / a, x / a);
    return sqrt(a / (2 * M_PI)) * exp(-exponent);
}

/* x^a y^b / B(a, b) with x = a / (a + b f), y = b f / (a + b f) */
static double beta_front(double a, double b, double f) {
    double whole = a + b * f;
    double x_part = a * beyond_log(-b * (f - 1) / whole, (a + b) / whole);
    double y_part = b * beyond_log(a * (f - 1) / whole, (a + b) * f / whole);
    double stirling = stirling_error(a) + stirling_error(b) - stirling_error(a + b);
    return sqrt(a / (2 * M_PI) * (b / (a + b))) * exp(-(stirling + x_part + y_part));
}

/* ---- Tails ---------------------------------------------------------------------------------- */

/* log of an integrand over v >= 0: 0 at 0, concave and not rising. */
typedef struct curve {
    double a, b;
    double x, y; /* gamma: x, and b and y 0; beta: x + y = 1 */
    bool lower;  /* gamma: integrate downwards */
} curve;

static double height(const curve *of, double v) {
    if (of->b > 0) /* b v - (a + b) log(x + y e^v), without cancelling */
        return of->y < 0.5 ? of->b * v - (of->a + of->b) * log1p(of->y * expm1(v))
                           : -of->a * v - (of->a + of->b) * log1p(of->x * expm1(-v));
    if (of->lower)
        return -of->a * v - of->x * expm1(-v);
    return of->a * v - of->x * expm1(v);
}

/* Where the integrand has fallen below e^-42. */
static double find_end(const curve *of) {
    double low = 0, high = 1e-8;
    while (height(of, high) > -42 && high < 1e6) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 8; i++) {
        double middle = 0.5 * (low + high);
        *(height(of, middle) > -42 ? &low : &high) = middle;
    }
    return high;
}

/* Positive nodes and weights of Gauss-Legendre quadrature of order 16. */
static const double gauss[8][2] = {
    {0.0950125098376374402, 0.189450610455068496}, {0.281603550779258913, 0.182603415044923589},
    {0.458016777657227386, 0.169156519395002538},  {0.617876244402643748, 0.149595988816576732},
    {0.755404408355003034, 0.124628971255533872},  {0.865631202387831744, 0.0951585116824927848},
    {0.944575023073232576, 0.0622535239386478929}, {0.989400934991649933, 0.0271524594117540949}};

static double integrate(const curve *of) {
    enum { PANELS = 32 };
    double width = find_end(of) / PANELS, sum = 0;
    for (int k = 16 * PANELS; k-- > 0;) { /* small terms first */
        const double *node = gauss[k % 8];
        int panel = k / 16;
        double side = k / 8 % 2 == 0 ? node[0] : -node[0];
        sum += node[1] * exp(height(of, width * (panel + 0.5 + 0.5 * side)));
    }
    return 0.5 * width * sum;
}

double qn_chi2_tail(double x, double df) {
    double a = df / 2;
    if (isnan(x) || !(df > 0))
        return (double)NAN;
    if (!(x > 0))
        return 1;
    if (isinf(x))
        return 0;
    curve of = {a, 0, x / 2, 0, x < df};
    double part = gamma_front(a, x / 2) * integrate(&of);
    return of.lower ? 1 - part : part;
}

double qn_f_tail(double x, double df1, double df2) {
    if (isnan(x) || !(df1 > 0) || !(df2 > 0))
        return (double)NAN;
    if (!(x > 0))
        return 1;
    if (isinf(x))
        return 0;
    bool lower = x < 1; /* 1 / F has the distribution with the degrees swapped */
    double f = lower ? 1 / x : x, a = (lower ? df1 : df2) / 2, b = (lower ? df2 : df1) / 2;
    double whole = a + b * f;
    curve of = {a, b, a / whole, b * f / whole, false};
    double part = beta_front(a, b, f) * integrate(&of);
    return lower ? 1 - part : part;
}

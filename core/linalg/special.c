#include "core/linalg/special.h"

#include <math.h>
#include <stdbool.h>

/* gamma(a + 1/2) / gamma(a), a > 0. The asymptotic series in 1 / a (DLMF 5.11.13) holds 16 digits
 * from 30 on; smaller a are raised by gamma(a + 1) = a gamma(a). Differences of lgamma would lose
 * digits for large a. */
static double gamma_ratio(double a) {
    double factor = 1;
    for (; a < 30; a += 1)
        factor *= a / (a + 0.5);
    double x = 1 / a;
    double series =
        1 +
        x * (-1.0 / 8 +
             x * (1.0 / 128 +
                  x * (5.0 / 1024 + x * (-21.0 / 32768 +
                                         x * (-399.0 / 262144 +
                                              x * (869.0 / 4194304 + x * (39325.0 / 33554432)))))));
    return factor * sqrt(a) * series;
}

/* DLMF 8.17.22: I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) times this fraction. Converges fast for
 * x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m < 100000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (int half = 0; half < 2; half++) {
            double term = half == 0 ? even : odd;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            value *= change;
        }
        if (fabs(change - 1) < 3e-16)
            break;
    }
    return value;
}

/* Positive nodes and weights of Gauss-Legendre quadrature of order 16. */
static const double gauss[8][2] = {
    {0.0950125098376374402, 0.189450610455068496}, {0.281603550779258913, 0.182603415044923589},
    {0.458016777657227386, 0.169156519395002538},  {0.617876244402643748, 0.149595988816576732},
    {0.755404408355003034, 0.124628971255533872},  {0.865631202387831744, 0.0951585116824927848},
    {0.944575023073232576, 0.0622535239386478929}, {0.989400934991649933, 0.0271524594117540949}};

/* The tail divided by the density at t: the integral over s of ((df + t^2) / (df + (t + s)^2))^((df
 * + 1) / 2). Smooth, and all terms positive: where the fraction above would cancel, for large df,
 * this keeps all digits. */
static double tail_ratio(double t, double df) {
    enum { PANELS = 12 };
    double power = (df + 1) / 2, base = df + t * t;
    /* beyond `end` the integrand is below e^-42 */
    double beyond = base * expm1(42 / power);
    double end = beyond / (t + sqrt(t * t + beyond)), width = end / PANELS, sum = 0;
    for (int k = 0; k < 2 * 8 * PANELS; k++) {
        const double *node = gauss[k % 8];
        double side = k / 8 % 2 == 0 ? node[0] : -node[0];
        int panel = k / 16;
        double s = width * (panel + 0.5 + 0.5 * side);
        sum += node[1] * exp(-power * log1p(s * (2 * t + s) / base));
    }
    return sum * width / 2;
}

static double from_tail(double t, double df) {
    double density = gamma_ratio(df / 2) / sqrt(M_PI * df) * exp(-(df + 1) / 2 * log1p(t * t / df));
    double p = 2 * density * tail_ratio(t, df);
    return p < 1 ? p : 1;
}

double qn_student_t_two_sided(double t, double df) {
    if (isnan(t) || !(df > 0))
        return (double)NAN;
    double square = t * t, a = df / 2, b = 0.5;
    if (isinf(square))
        return 0;
    if (df > 100)
        return from_tail(fabs(t), df);
    /* x = df / (df + t^2); the probability is I_x(df / 2, 1 / 2) */
    double x = df / (df + square), rest = square / (df + square);
    double log_power = -a * log1p(square / df);
    double front = exp(log_power) * sqrt(rest) * gamma_ratio(a) / sqrt(M_PI);
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(rest, b, a) / b;
}

double qn_normal_cdf(double x) {
    return 0.5 * erfc(-x * M_SQRT1_2);
}

/* Special functions of statistics. Each holds about 13 digits, also far out in the tails. */
#ifndef QUERN_CORE_LINALG_SPECIAL_H
#define QUERN_CORE_LINALG_SPECIAL_H

/* Local. Probability that |T| >= |t| for Student's t with df > 0 degrees of freedom; NaN for NaN
 * or df <= 0. Up to 100 degrees of freedom by the regularised incomplete beta function's
 * continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22) in Lentz's form,
 * beyond by quadrature of the density's tail. */
double qn_student_t_two_sided(double t, double df);

/* Local. Probability that a chi-squared variable with df > 0 degrees of freedom is >= x, or that
 * one with F's distribution with df1, df2 > 0 is; 1 for x <= 0, NaN for NaN and degrees that are
 * not positive. The density (C. Loader, "Fast and accurate computation of binomial probabilities",
 * 2000) times the integral of its tail relative to it, over the logarithm of the variable, where it
 * is log-concave: all terms are positive and nothing cancels, whatever the degrees of freedom.
 * About 10 us. */
double qn_chi2_tail(double x, double df);
double qn_f_tail(double x, double df1, double df2);

/* Local. Probability that a standard normal variable is <= x. */
double qn_normal_cdf(double x);

#endif

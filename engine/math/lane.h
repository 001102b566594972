/* exp, log and the normal quantile as straight lines of arithmetic: no branch, no table, no
   libm beyond fma and sqrt. Compiled with -ffp-contract=off they give the same bits on every
   compiler, optimisation level and instruction set, and they vectorise inside `omp simd` loops.

   lane_exp: |x| <= 708, exact to 0.85 ulp. Below -708 the result is that of -708 (3e-308),
   above 709 that of 709 (8e307): the model never needs more, and nothing overflows.

   lane_log: x a normal positive double, exact to 0.79 ulp.

   lane_normal: u in (0,1) on the grid (k + 1/2) 2^-52, relative error 1.2e-13;
   lane_normal(1-u) = -lane_normal(u) bit for bit.

   Coefficients: minimax fits of our own (lowest power first); log after the argument reduction
   s = f/(2+f). */
#ifndef TENOR_MATH_LANE_H
#define TENOR_MATH_LANE_H

#ifdef __FAST_MATH__
#error "tenor's results rest on IEEE 754 arithmetic: build it without -ffast-math"
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double lane_from_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t lane_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double lane_exp(double x) {
  const double shift = 0x1.8p52;
  const double low = -708.0, high = 709.0;
  x = x < low ? low : x;
  x = x > high ? high : x;
  const double t = fma(x, 0x1.71547652b82fep+0, shift);
  const double n = t - shift; /* x / ln 2, rounded to a whole number */
  double r = fma(-n, 0x1.62e42fefa39efp-1, x);
  r = fma(-n, 0x1.abc9e3b39803fp-56, r);
  double e = 0x1.af6dcb9301b44p-26;
  e = fma(e, r, 0x1.28b0ece3c8a52p-22);
  e = fma(e, r, 0x1.71ddeeed0ebb1p-19);
  e = fma(e, r, 0x1.a01995c69b213p-16);
  e = fma(e, r, 0x1.a01a01b40924ap-13);
  e = fma(e, r, 0x1.6c16c18601fbap-10);
  e = fma(e, r, 0x1.111111110eabfp-7);
  e = fma(e, r, 0x1.555555554fe23p-5);
  e = fma(e, r, 0x1.555555555555cp-3);
  e = fma(e, r, 0x1.000000000000cp-1);
  /* The low bits of t hold n; 2^n from them. -1022 <= n <= 1023. */
  const double scale = lane_from_bits((lane_bits(t) << 52) + UINT64_C(0x3ff0000000000000));
  return fma(scale, fma(r * r, e, r), scale);
}

static inline double lane_log(double x) {
  /* x = 2^n (1+f) with 1+f in [sqrt(1/2), sqrt(2)). */
  const uint64_t bits = lane_bits(x);
  const uint64_t above = bits - UINT64_C(0x3fe6a09e667f3bcd); /* distance to sqrt(1/2) */
  const uint64_t biased = (above >> 52) + UINT64_C(0x800);    /* n + 0x800, mod 0x1000 */
  const uint64_t count = biased & UINT64_C(0xfff);
  const double n = lane_from_bits(UINT64_C(0x4330000000000000) | count) - (0x1p52 + 2048.0);
  const uint64_t mantissa =
      (above & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
  const double f = lane_from_bits(mantissa) - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 0x1.2b5c60d03d813p-3;
  p = fma(p, z, 0x1.39fe0564e6685p-3);
  p = fma(p, z, 0x1.7462b7a2de7e3p-3);
  p = fma(p, z, 0x1.c71c62da1629fp-3);
  p = fma(p, z, 0x1.2492492dfb337p-2);
  p = fma(p, z, 0x1.999999999527dp-2);
  p = fma(p, z, 0x1.5555555555558p-1);
  const double half = 0.5 * f * f;
  const double low = n * 0x1.ef35793c76730p-45;
  return fma(n, 0x1.62e42fefa3800p-1, f - (half - fma(s, fma(p, z, half), low)));
}

/* -log(4 u (1-u)) and the rational of the quantile apart: two short loops run faster than one
 * long chain. */
static inline double lane_normal_argument(double u) {
  const double v = 1.0 - u;
  const double low = u < v ? u : v;
  const double high = u < v ? v : u;
  return -lane_log(4.0 * low * high);
}

static inline double lane_normal_rational(double u, double w) {
  double p = 0x1.0c2075d7c530fp-46;
  p = fma(p, w, 0x1.1784e1d99e63bp-36);
  p = fma(p, w, 0x1.b72f38907875fp-30);
  p = fma(p, w, 0x1.47d884533ef5fp-25);
  p = fma(p, w, 0x1.9c534bdaf030ep-21);
  p = fma(p, w, 0x1.90784999db4edp-17);
  p = fma(p, w, 0x1.30ecae054a47fp-13);
  p = fma(p, w, 0x1.701362cc9cb0dp-10);
  p = fma(p, w, 0x1.632e415984728p-7);
  p = fma(p, w, 0x1.1038b4d48bc8cp-4);
  p = fma(p, w, 0x1.3f3c9c51d2592p-2);
  p = fma(p, w, 0x1.157dca764c1e8p+0);
  p = fma(p, w, 0x1.40d931ff62721p+1);
  double q = 0x1.23b392408f12ap-42;
  q = fma(q, w, 0x1.3768cec0858d5p-34);
  q = fma(q, w, 0x1.b789b2e3069e7p-29);
  q = fma(q, w, 0x1.02e47d6967d64p-24);
  q = fma(q, w, 0x1.42e5bfe145cd8p-20);
  q = fma(q, w, 0x1.03984d7c0cf10p-16);
  q = fma(q, w, 0x1.6bbc9845bd12bp-13);
  q = fma(q, w, 0x1.9b8ac46af6db8p-10);
  q = fma(q, w, 0x1.365b4ed10dff0p-7);
  q = fma(q, w, 0x1.1112924c8ed4bp-4);
  q = fma(q, w, 0x1.5d758c809779fp-3);
  q = fma(q, w, 1.0);
  return (u - 0.5) * (p / q);
}

static inline double lane_normal(double u) {
  return lane_normal_rational(u, lane_normal_argument(u));
}

#endif

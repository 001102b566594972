/* Laws of one uncertain number, each as its quantile function: a value that never falls as u
   rises from 0 to 1, so that whatever orders the uniforms (a correlation, a stratified sample)
   orders the values. Portable like lane.h: the same bits everywhere. Scalar and slow, up to
   some microseconds: called once per block of paths. */
#ifndef TENOR_MATH_LAW_H
#define TENOR_MATH_LAW_H

#include <stdint.h>

enum law_kind {
  LAW_UNIFORM,    /* low, high */
  LAW_NORMAL,     /* centre: mean; spread: standard deviation; low and high cut it off */
  LAW_LOGNORMAL,  /* centre: median; spread: sd of the logarithm; low and high cut it off */
  LAW_TRIANGULAR, /* low, centre: mode, high */
  LAW_PERT,       /* the same; beta law with parameters 1 + 4 (mode - low) / (high - low) and
                     1 + 4 (high - mode) / (high - low) */
  LAW_DISCRETE,   /* outcomes in rising order, with weights that need not add to 1 */
  N_LAWS
};

enum { MAX_OUTCOMES = 16 };

struct law {
  int64_t kind;     /* enum law_kind */
  double low, high; /* -INFINITY, INFINITY where a normal or lognormal law is not cut off */
  double centre, spread;
  int64_t n_outcomes;
  double outcomes[MAX_OUTCOMES], weights[MAX_OUTCOMES];
};

/* The uniforms nearest to 0 and 1 that the engine draws. A law reaches from its value at one
   to its value at the other. */
static const double LAW_FIRST = 0x1p-53, LAW_LAST = 1.0 - 0x1p-53;

/* The value below which the law lies with probability u, LAW_FIRST <= u <= LAW_LAST; in
   [low, high]. A law with low = high, or without spread, has one value, exactly. */
double law_quantile(const struct law *law, double u);

/* How much of a normal or lognormal law lies between low and high; 1 for the others. */
double law_kept(const struct law *law);

/* The standard normal distribution function, kept within [LAW_FIRST, LAW_LAST]: the inverse of
   lane_normal, to 1e-11 of the smaller of it and one minus it. */
double law_normal_below(double z);

/* Pearson's correlation of two normals whose rank (Spearman) correlation is `rank` in [-1, 1]:
   2 sin(pi rank / 6), to the last place or two. Source: Pearson (1907), On further methods of
   determining correlation. */
double law_normal_correlation(double rank);

#endif

#include "math/nearest.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 1000, SWEEPS = 60 };

typedef double square[NEAREST_MOST][NEAREST_MOST];

/* Turns rows and columns p and q of a symmetric matrix so that a[p][q] becomes 0. */
static void turn(int n, square a, square vectors, int p, int q) {
  const double theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
  const double t = (theta >= 0.0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(theta * theta + 1.0));
  const double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
  for (int k = 0; k < n; ++k) {
    const double kp = a[k][p], kq = a[k][q];
    a[k][p] = c * kp - s * kq;
    a[k][q] = s * kp + c * kq;
  }
  for (int k = 0; k < n; ++k) {
    const double pk = a[p][k], qk = a[q][k], vp = vectors[k][p], vq = vectors[k][q];
    a[p][k] = c * pk - s * qk;
    a[q][k] = s * pk + c * qk;
    vectors[k][p] = c * vp - s * vq;
    vectors[k][q] = s * vp + c * vq;
  }
}

/* a = V D V' by Jacobi's rotations: D is left on the diagonal of `a`, V in `vectors`. */
static void diagonalise(int n, square a, square vectors) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      vectors[i][j] = i == j ? 1.0 : 0.0;
    }
  }
  for (int sweep = 0; sweep < SWEEPS; ++sweep) {
    double off = 0.0;
    for (int p = 0; p < n; ++p) {
      for (int q = p + 1; q < n; ++q) {
        off = fmax(off, fabs(a[p][q]));
        if (fabs(a[p][q]) > 1e-300) {
          turn(n, a, vectors, p, q);
        }
      }
    }
    if (off < 1e-15) {
      return;
    }
  }
}

/* Lifts the eigenvalues of a symmetric matrix to `least`. */
static void lift(int n, square a, double least) {
  square turned, vectors;
  memcpy(turned, a, sizeof turned);
  diagonalise(n, turned, vectors);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0.0;
      for (int k = 0; k < n; ++k) {
        sum += vectors[i][k] * fmax(turned[k][k], least) * vectors[j][k];
      }
      a[i][j] = sum;
    }
  }
}

double nearest_correlation(int n, double *into, const double *a, double least) {
  square now = {{0}}, correction = {{0}}, lifted = {{0}};
  double change = 1.0, distance = 0.0;
  for (int i = 0; i < n; ++i) {
    memcpy(now[i], a + i * n, (size_t)n * sizeof *a);
  }
  for (int round = 0; round < ROUNDS && change > 1e-10; ++round) {
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        lifted[i][j] = now[i][j] - correction[i][j];
        correction[i][j] = lifted[i][j];
      }
    }
    lift(n, lifted, least);
    change = 0.0;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        const double next = i == j ? 1.0 : (lifted[i][j] + lifted[j][i]) / 2.0;
        correction[i][j] = lifted[i][j] - correction[i][j];
        change = fmax(change, fabs(next - now[i][j]));
        now[i][j] = next;
      }
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      into[i * n + j] = now[i][j];
      distance += (now[i][j] - a[i * n + j]) * (now[i][j] - a[i * n + j]);
    }
  }
  return change > 1e-9 ? -1.0 : sqrt(distance);
}

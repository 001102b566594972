#include "base/fpenv.h"

#include <fenv.h>
#include <float.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

_Static_assert(FLT_EVAL_METHOD == 0, "doubles are computed as doubles");

/* The compiler can foresee none of these: all operands are volatile. */
static bool rounds_to_nearest(void) {
  volatile double one = 1.0, half_ulp = 0x1p-53, more = 0x1.8p-53;
  const double up = one + more, tie = one + half_ulp, odd = (one + DBL_EPSILON) + half_ulp;
  return up == 1.0 + DBL_EPSILON && tie == 1.0 && odd == 1.0 + 2 * DBL_EPSILON &&
         -one - more == -up && -one - half_ulp == -tie;
}

static bool keeps_subnormals(void) {
  volatile double smallest = DBL_TRUE_MIN, normal = DBL_MIN, half = 0.5, large = 0x1p1000;
  volatile double result = normal * half; /* is a subnormal result kept? */
  return result * large == 0x1p-23 && smallest * large == 0x1p-74; /* and an operand? */
}

bool fpenv_is_plain(void) {
  return rounds_to_nearest() && keeps_subnormals();
}

/* The C library's own default may leave the switches alone that the standard does not know. */
static void reset_switches(void) {
#if defined(__SSE2__)
  const unsigned flush_to_zero = 0x8000u, denormals_are_zero = 0x0040u;
  _mm_setcsr(_mm_getcsr() & ~(flush_to_zero | denormals_are_zero));
#elif defined(__aarch64__)
  const uint64_t flush_to_zero = UINT64_C(1) << 24, flush_inputs = 1, alternate = 2;
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  fpcr &= ~(flush_to_zero | flush_inputs | alternate);
  __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
#endif
}

enum status fpenv_set(void) {
  const bool set = fesetenv(FE_DFL_ENV) == 0;
  reset_switches();
  if (!set || !fpenv_is_plain()) {
    return status_fail(STATUS_FAILED,
                       "this thread cannot have IEEE 754 arithmetic: %s, rounding %s, "
                       "subnormal numbers %s",
                       set ? "the environment was set" : "the environment cannot be set",
                       rounds_to_nearest() ? "to nearest" : "not to nearest",
                       keeps_subnormals() ? "kept" : "flushed");
  }
  return STATUS_OK;
}

void fpenv_demand(void) {
  if (fpenv_set() != STATUS_OK) {
    _exit(STATUS_FAILED);
  }
}

/* The floating-point environment: what a library may have done to a thread is noticed and
   mended, in that thread and in no other. */
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fpenv.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* ---- ways to spoil a thread */

#if defined(__SSE2__)
static bool flush_results(void) {
  _mm_setcsr(_mm_getcsr() | 0x8000u);
  return true;
}

static bool flush_operands(void) {
  _mm_setcsr(_mm_getcsr() | 0x0040u);
  return true;
}
#elif defined(__aarch64__)
static bool flush_results(void) {
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  __asm__ volatile("msr fpcr, %0" : : "r"(fpcr | UINT64_C(1) << 24));
  return true;
}
#define flush_operands flush_results /* one switch */
#endif

static bool round_up(void) {
  return fesetround(FE_UPWARD) == 0;
}

static bool round_down(void) {
  return fesetround(FE_DOWNWARD) == 0;
}

static bool round_to_zero(void) {
  return fesetround(FE_TOWARDZERO) == 0;
}

static bool (*const spoilers[])(void) = {round_up, round_down, round_to_zero,
#if defined(__SSE2__) || defined(__aarch64__)
                                         flush_results, flush_operands
#endif
};
enum { N_SPOILERS = sizeof spoilers / sizeof spoilers[0] };

/* ---- threads, in which nothing may be asserted */

struct seen {
  bool (*spoil)(void);
  bool plain_before, spoiled, plain_after, set, plain_in_the_end;
};

static void *spoil_and_mend(void *data) {
  struct seen *seen = data;
  seen->plain_before = fpenv_is_plain();
  seen->spoiled = seen->spoil();
  seen->plain_after = fpenv_is_plain();
  seen->set = fpenv_set() == STATUS_OK;
  seen->plain_in_the_end = fpenv_is_plain();
  return NULL;
}

static void each_change_of_a_thread_is_noticed_and_mended(void **state) {
  (void)state;
  for (int n = 0; n < N_SPOILERS; ++n) {
    struct seen seen = {.spoil = spoilers[n]};
    pthread_t thread;
    assert_int_equal(0, pthread_create(&thread, NULL, spoil_and_mend, &seen));
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_true(seen.plain_before);
    assert_true(seen.spoiled);
    if (seen.plain_after) {
      fail_msg("change %d was not noticed", n);
    }
    assert_true(seen.set);
    assert_true(seen.plain_in_the_end);
  }
  assert_true(fpenv_is_plain());
}

/* A thread starts with the environment of the one that starts it: setting it once is not
 * enough.
 */
static void a_thread_inherits_what_was_spoiled_and_mends_it_for_itself(void **state) {
  (void)state;
  for (int n = 0; n < N_SPOILERS; ++n) {
    struct seen seen = {.spoil = spoilers[n]};
    pthread_t thread;
    assert_true(spoilers[n]());
    const bool started = pthread_create(&thread, NULL, spoil_and_mend, &seen) == 0;
    const bool ended = started && pthread_join(thread, NULL) == 0;
    const bool mine = fpenv_is_plain();
    const bool set = fpenv_set() == STATUS_OK;
    assert_true(ended);
    assert_false(seen.plain_before);
    assert_true(seen.plain_in_the_end);
    assert_false(mine);
    assert_true(set);
    assert_true(fpenv_is_plain());
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_change_of_a_thread_is_noticed_and_mended),
      cmocka_unit_test(a_thread_inherits_what_was_spoiled_and_mends_it_for_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

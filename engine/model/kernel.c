#include "model/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "model/isa.h"
#include "model/workspace.h"

/* One kernel for each instruction set that was built; the fastest first. */

static int runs_anywhere(void) {
  return 1;
}

#ifdef HAVE_AVX2
static int runs_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#ifdef HAVE_AVX512
static int runs_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

static const struct {
  const struct kernel *kernel;
  int (*runs_here)(void);
} variants[] = {
#ifdef HAVE_AVX512
    {&kernel_avx512, runs_avx512},
#endif
#ifdef HAVE_AVX2
    {&kernel_avx2, runs_avx2},
#endif
    {&kernel_this_isa, runs_anywhere}, /* this file is compiled for no set in particular */
};
enum { N_VARIANTS = sizeof variants / sizeof variants[0] };

static void refuse_unknown(const char *wanted) {
  char names[64] = "";
  for (int n = 0; n < N_VARIANTS; ++n) {
    const size_t length = strlen(names);
    snprintf(names + length, sizeof names - length, "%s%s", n > 0 ? ", " : "",
             variants[n].kernel->name);
  }
  status_fail(STATUS_USAGE, "TENOR_ISA=%s: no such kernel in this build; it has %s", wanted,
              names);
}

const struct kernel *kernel_pick(void) {
  const char *wanted = getenv("TENOR_ISA");
  if (wanted != NULL && wanted[0] == '\0') {
    wanted = NULL;
  }
  for (int n = 0; n < N_VARIANTS; ++n) {
    const struct kernel *kernel = variants[n].kernel;
    if (wanted != NULL && strcmp(wanted, kernel->name) != 0) {
      continue;
    }
    if (variants[n].runs_here()) {
      return kernel;
    }
    if (wanted != NULL) {
      status_fail(STATUS_USAGE, "TENOR_ISA=%s: this processor does not run it", wanted);
      return NULL;
    }
  }
  refuse_unknown(wanted);
  return NULL;
}

const struct kernel *kernel_number(int number) {
  for (int n = 0; n < N_VARIANTS; ++n) {
    if (variants[n].runs_here() && number-- == 0) {
      return variants[n].kernel;
    }
  }
  return NULL;
}

void kernel_block(const struct kernel *kernel, struct workspace *w, const struct deck *deck,
                  const struct constants *constants, const struct sampling *sampling,
                  int64_t first_path, const struct layout *layout, double *columns) {
  struct sheet sheet;
  for (int64_t offset = 0; offset < BLOCK_PATHS; offset += LANES) {
    kernel->draw_begin(w, deck, constants, sampling, first_path + offset);
    kernel->begin(w, deck, constants, NULL);
    for (int64_t m = 0; m < deck->time.horizon; ++m) {
      kernel->draw_month(w, deck, constants, sampling, first_path + offset, m);
      kernel->month(w, deck, constants, NULL, m, layout, &sheet);
      sheet_store(&sheet, columns, offset);
    }
    kernel->end(w, deck, constants, layout, &sheet);
    sheet_store(&sheet, columns, offset);
  }
}

struct draw_shape kernel_draw_shape(const struct deck *deck) {
  return (struct draw_shape){.generations = deck->n_generations,
                             .sites = deck->n_sites,
                             .customers = deck->n_customers,
                             .months = deck->time.horizon};
}

struct workspace *workspace_make(const struct deck *deck) {
  (void)deck; /* one size holds every deck within the limits */
  return array_make(1, sizeof(struct workspace));
}

void workspace_free(struct workspace *w) {
  array_free(w);
}

void workspace_time(struct workspace *w, struct laps *laps) {
  w->laps = laps;
}

/* The model on a group of LANES paths, compiled once per instruction set and picked at run
   time; every variant computes the same bits. A kernel knows no rank, thread, file or tally. It
   receives a const deck and what follows from the deck alone (struct constants), draws, and
   writes sheets of rows (sheet.h).

   Protocol for one group:  begin(path draws), month(m, month draws) for m = 0 .. horizon-1,
   end(). The draws come from draw_begin() and draw_month(m), which fill the workspace's, or
   from anywhere else. kernel_block() does all this for a whole block. */
#ifndef TENOR_MODEL_KERNEL_H
#define TENOR_MODEL_KERNEL_H

#include "base/status.h"
#include "model/constants.h"
#include "model/deck.h"
#include "model/metrics.h"
#include "model/sheet.h"
#include "random/draws.h"
#include "random/sampling.h"

struct laps;
struct workspace; /* state of one group of paths; one per thread, made once, reused for every
                     group */

struct kernel {
  const char *name; /* "baseline", "avx2", "avx512", "neon" */

  /* The plain sampler of the same instruction set (random/sampler.h). */
  void (*sample_paths)(uint64_t seed, uint32_t replicate, int64_t first_path,
                       const struct draw_shape *shape, struct path_draws *draws);
  void (*sample_month)(uint64_t seed, uint32_t replicate, int64_t first_path,
                       const struct draw_shape *shape, int64_t month,
                       struct month_draws *draws);

  /* The draws of LANES paths from first_path on: draw_begin fills the workspace's path_draws
     and prepares the months, draw_month(m) fills its month_draws. The order is draw_begin,
     begin, then draw_month and month for m = 0, 1, ...; Sobol points are spent where the
     months before have led. first_path is a multiple of LANES. */
  void (*draw_begin)(struct workspace *w, const struct deck *deck,
                     const struct constants *constants, const struct sampling *sampling,
                     int64_t first_path);
  void (*draw_month)(struct workspace *w, const struct deck *deck,
                     const struct constants *constants, const struct sampling *sampling,
                     int64_t first_path, int64_t m);

  /* The draws given, or those of draw_begin (NULL). */
  void (*begin)(struct workspace *w, const struct deck *deck, const struct constants *constants,
                const struct path_draws *draws);

  /* Month m, from the draws given, or from those of draw_month (NULL). The sheet holds what
     the month reports, and what is reported with it: the quarter or contract year it ends. */
  void (*month)(struct workspace *w, const struct deck *deck, const struct constants *constants,
                const struct month_draws *draws, int64_t m, const struct layout *layout,
                struct sheet *sheet);

  /* After the last month: what is reported once a path. */
  void (*end)(struct workspace *w, const struct deck *deck, const struct constants *constants,
              const struct layout *layout, struct sheet *sheet);

  /* The least arithmetic of a month, after draw_month (floor.h), to measure against. */
  void (*floor)(struct workspace *w, int64_t customers);
};

/* One for each instruction set; kernel.c knows which are built. On aarch64 the baseline is
 * NEON.
 */
extern const struct kernel kernel_baseline, kernel_avx2, kernel_avx512, kernel_neon;

/* A block: paths first_path .. first_path + BLOCK_PATHS - 1, all of them (a caller that wants
   fewer uses only the first ones). Fills the whole matrix columns[n_columns][BLOCK_PATHS]. */
void kernel_block(const struct kernel *kernel, struct workspace *w, const struct deck *deck,
                  const struct constants *constants, const struct sampling *sampling,
                  int64_t first_path, const struct layout *layout, double *columns);

/* What the sampler must know of a deck. */
struct draw_shape kernel_draw_shape(const struct deck *deck);

/* The fastest kernel this machine runs, or the one named by the environment variable TENOR_ISA.
   NULL, with a message, if TENOR_ISA names one that is unknown, not built or not supported
   here. Not collective. */
const struct kernel *kernel_pick(void);

/* The kernels that this machine runs, fastest first: number 0, 1, ...; NULL behind the last. */
const struct kernel *kernel_number(int number);

/* A workspace for decks of this shape. NULL if memory is short. The caller frees it with
 * workspace_free. */
struct workspace *workspace_make(const struct deck *deck);
void workspace_free(struct workspace *w);

/* From now on its stages are timed (laps.h), with NULL no more. `laps` is borrowed. */
void workspace_time(struct workspace *w, struct laps *laps);

#endif

/* From addresses to draws: fills the draws of LANES paths with neighbouring numbers. No state:
   a draw is a function of seed, path, month and purpose (purposes.h), whoever asks, in whatever
   order. Compiled once per instruction set; all give the same bits. */
#ifndef TENOR_RANDOM_SAMPLER_H
#define TENOR_RANDOM_SAMPLER_H

#include <stdint.h>

#include "random/draws.h"
#include "random/isa.h"

/* The draws that belong to a path as a whole, of the paths first_path .. first_path + LANES
 * - 1. */
void ISA_NAME(sampler_paths)(uint64_t seed, int64_t first_path, const struct draw_shape *shape,
                             struct path_draws *draws);

/* The draws of month `month` (0 .. shape->months-1) of the same paths. With one customer
 * own_factors stay unset. */
void ISA_NAME(sampler_month)(uint64_t seed, int64_t first_path, const struct draw_shape *shape,
                             int64_t month, struct month_draws *draws);

#endif

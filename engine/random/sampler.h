/* From addresses to draws: fills the draws of LANES paths with neighbouring numbers. No state:
   a draw is a function of seed, replicate, path, month and purpose (purposes.h), whoever asks,
   in whatever order. Compiled once per instruction set; all give the same bits. */
#ifndef TENOR_RANDOM_SAMPLER_H
#define TENOR_RANDOM_SAMPLER_H

#include <stdint.h>

#include "random/draws.h"
#include "random/isa.h"
#include "random/philox.h"

#define sampler_paths ISA_NAME(sampler_paths)
#define sampler_month ISA_NAME(sampler_month)
#define draw_normals ISA_NAME(draw_normals)

/* The draws that belong to a path as a whole, of the paths first_path .. first_path + LANES
 * - 1 of a replicate (0 in a plain run). */
void sampler_paths(uint64_t seed, uint32_t replicate, int64_t first_path,
                   const struct draw_shape *shape, struct path_draws *draws);

/* The draws of month `month` (0 .. shape->months-1) of the same paths. With one customer
 * own_factors stay unset. */
void sampler_month(uint64_t seed, uint32_t replicate, int64_t first_path,
                   const struct draw_shape *shape, int64_t month, struct month_draws *draws);

/* The two normals of an address, on the paths address.path + lane. Either may be NULL. */
void draw_normals(struct address address, double *z0, double *z1);

#endif

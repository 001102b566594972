#include "random/sampler.h"

#include <stddef.h>

#include "random/normals.h"
#include "random/philox.h"
#include "random/purposes.h"

/* Two uniforms of each path. Either may be NULL. */
static void draw_uniforms(struct address address, double *u0, double *u1) {
  uint64_t word0[LANES], word1[LANES];
  philox_lanes(&address, word0, word1);
  if (u0 != NULL) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      u0[i] = philox_uniform(word0[i]);
    }
  }
  if (u1 != NULL) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      u1[i] = philox_uniform(word1[i]);
    }
  }
}

void draw_normals(struct address address, double *z0, double *z1) {
  draw_uniforms(address, z0, z1);
  if (z0 != NULL) {
    to_normals(z0);
  }
  if (z1 != NULL) {
    to_normals(z1);
  }
}

/* n rows of one purpose, two an address. */
static void draw_rows(struct address address, int64_t n, double rows[][LANES],
                      void (*draw)(struct address, double *, double *)) {
  for (int64_t i = 0; i < n; i += 2) {
    address.block = (uint32_t)(i / 2);
    draw(address, rows[i], i + 1 < n ? rows[i + 1] : NULL);
  }
}

void sampler_paths(uint64_t seed, uint32_t replicate, int64_t first_path,
                   const struct draw_shape *shape, struct path_draws *draws) {
  struct address address = {
      .seed = seed, .path = first_path, .replicate = replicate, .month = NO_MONTH};
  address.purpose = PURPOSE_SLIP;
  draw_rows(address, 1 + shape->generations, draws->slip, draw_normals);
  address.purpose = PURPOSE_YIELD;
  draw_rows(address, shape->generations, draws->yield, draw_normals);
  address.purpose = PURPOSE_DELAY;
  draw_rows(address, 1 + shape->sites, draws->delay, draw_normals);
  address.purpose = PURPOSE_CANCEL;
  draw_rows(address, shape->sites, draws->cancel, draw_uniforms);
  address.purpose = PURPOSE_CREDIT;
  for (int64_t c = 0; c < shape->customers; ++c) {
    address.block = (uint32_t)c;
    draw_uniforms(address, draws->default_[c], draws->recovery[c]);
  }
}

static void draw_customer(struct address address, int64_t c, const struct draw_shape *shape,
                          struct month_draws *draws) {
  const uint32_t block = (uint32_t)(2 * c);
  address.purpose = PURPOSE_EVENTS;
  address.block = block;
  draw_uniforms(address, draws->raise[c], draws->renegotiation[c]);
  address.block = block + 1;
  draw_uniforms(address, draws->extension[c], NULL);
  if (shape->customers > 1) {
    address.purpose = PURPOSE_OWN;
    address.block = block;
    draw_normals(address, draws->own_factors[c][0], draws->own_factors[c][1]);
    address.block = block + 1;
    draw_normals(address, draws->own_factors[c][2], NULL);
  }
}

void sampler_month(uint64_t seed, uint32_t replicate, int64_t first_path,
                   const struct draw_shape *shape, int64_t month, struct month_draws *draws) {
  struct address address = {
      .seed = seed, .path = first_path, .replicate = replicate, .month = (uint32_t)month};
  address.purpose = PURPOSE_STATE;
  draw_uniforms(address, draws->regime, draws->disruption);
  address.purpose = PURPOSE_FACTORS;
  draw_normals(address, draws->factors[0], draws->factors[1]);
  address.block = 1;
  draw_normals(address, draws->factors[2], draws->factors[3]);
  address.block = 2;
  draw_normals(address, draws->factors[4], draws->base_growth);
  for (int64_t c = 0; c < shape->customers; ++c) {
    draw_customer(address, c, shape, draws);
  }
}

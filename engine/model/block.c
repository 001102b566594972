#include "model/blocks.h"
#include "model/floor.h"
#include "model/kernel.h"
#include "random/sampler.h"

/* Initial values of section 6 of MODEL.md, and the path constants of section 5. */
static void begin(struct workspace *w, const struct deck *deck,
                  const struct constants *constants, const struct path_draws *given) {
  const struct path_draws *draws = given != NULL ? given : &w->path_draws;
  regime_begin(w, deck);
  supply_begin(w, deck, constants, draws);
  price_begin(w, constants);
  demand_begin(w, deck, constants);
  contract_begin(w, deck);
  financing_begin(w, deck);
  credit_begin(w, deck, draws);
  relet_begin(w, deck);
  provider_begin(w, deck, constants);
}

/* One month, in the order of section 7. */
static void month(struct workspace *w, const struct deck *deck,
                  const struct constants *constants, const struct month_draws *given, int64_t m,
                  const struct layout *layout, struct sheet *sheet) {
  const struct month_draws *draws = given != NULL ? given : &w->month_draws;
  if (m % MONTHS_IN_QUARTER == 0) {
    record_begin(w, deck);
  }
  regime_month(w, constants, draws);
  demand_starvation(w);
  supply_month(w, deck, constants, draws, m);
  lap(w->laps, STAGE_SUPPLY);
  price_month(w, constants);
  lap(w->laps, STAGE_PRICE);
  demand_month(w, deck, constants, draws, m);
  allocation_month(w, deck, constants, m);
  binding_month(w, deck, m);
  lap(w->laps, STAGE_DEMAND);
  provider_open_books(w);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    contract_month(w, deck, constants, c, m);
    lap(w->laps, STAGE_CONTRACT);
    provider_distribution(w, deck, c);
    financing_month(w, deck, constants, draws, c, m);
    credit_month(w, deck, constants, c, m);
    amendment_month(w, deck, constants, draws, c, m);
    lap(w->laps, STAGE_CREDIT);
  }
  relet_month(w, deck, constants, m);
  provider_month(w, deck, constants, draws, m);
  lap(w->laps, STAGE_PROVIDER);
  record_month(w, deck, constants, m, layout, sheet);
  lap(w->laps, STAGE_RECORD);
}

static void end(struct workspace *w, const struct deck *deck, const struct constants *constants,
                const struct layout *layout, struct sheet *sheet) {
  provider_end(w, deck, constants);
  record_end(w, layout, sheet);
  lap(w->laps, STAGE_RECORD);
}

static void draw_begin(struct workspace *w, const struct deck *deck,
                       const struct constants *constants, const struct sampling *sampling,
                       int64_t first_path) {
  const struct draw_shape shape = kernel_draw_shape(deck);
  if (sampling->points == 0) {
    sampler_paths(sampling->seed, 0, first_path, &shape, &w->path_draws);
  } else {
    quasi_begin(&w->quasi, sampling, first_path, &shape, &constants->laws, &w->path_draws);
  }
  lap(w->laps, STAGE_DRAWS);
}

static void draw_month(struct workspace *w, const struct deck *deck,
                       const struct constants *constants, const struct sampling *sampling,
                       int64_t first_path, int64_t m) {
  const struct draw_shape shape = kernel_draw_shape(deck);
  if (sampling->points == 0) {
    sampler_month(sampling->seed, 0, first_path, &shape, m, &w->month_draws);
  } else {
    for (int64_t c = 0; c < deck->n_customers && c < QUASI_CUSTOMERS; ++c) {
      amendment_soon(w, deck, constants, c, m, w->soon.renegotiation[c], w->soon.extension[c]);
    }
    quasi_month(&w->quasi, sampling, first_path, &shape, &constants->laws, &w->soon, m,
                &w->month_draws);
  }
  lap(w->laps, STAGE_DRAWS);
}

const struct kernel kernel_this_isa = {.name = &TENOR_ISA_TEXT[1],
                                       .sample_paths = sampler_paths,
                                       .sample_month = sampler_month,
                                       .draw_begin = draw_begin,
                                       .draw_month = draw_month,
                                       .begin = begin,
                                       .month = month,
                                       .end = end,
                                       .floor = floor_month};

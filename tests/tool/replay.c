/* The model on draws from a file, and the sampler's draws as such a file.

     replay run DECK.yaml DRAWS.nc OUT.nc
     replay sample DECK.yaml SEED FIRST_PATH N_PATHS DRAWS.nc

   DRAWS.nc holds the variables draw_slip, draw_yield, ... (see `sources` below), the path along
   the last axis. OUT.nc gets one variable per metric, shaped (item, date, path). Another
   program that was given the same deck and draws must agree path by path;
   tests/oracle/compare.py holds the two side by side. */
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/deck_file.h"
#include "model/kernel.h"

static void stop(const char *what, int code) {
  fprintf(stderr, "replay: %s: %s\n", what, nc_strerror(code));
  exit(EXIT_FAILURE);
}

static void need(int code, const char *what) {
  if (code != NC_NOERR) {
    stop(what, code);
  }
}

static void *memory(size_t count, size_t size) {
  void *array = array_make(count, size);
  if (array == NULL) {
    stop("memory", NC_ENOMEM);
  }
  return array;
}

/* One variable of the draws file: rows of `n_paths` values. */
struct source {
  const char *name;
  double *values;
};

enum {
  SLIP,
  YIELD,
  DELAY,
  CANCEL,
  DEFAULT,
  RECOVERY,
  REGIME,
  FACTORS,
  OWN_FACTORS,
  DISRUPTION,
  RAISE,
  RENEGOTIATION,
  EXTENSION,
  BASE_GROWTH,
  N_SOURCES
};

static struct source sources[N_SOURCES] = {
    [SLIP] = {"draw_slip", NULL},
    [YIELD] = {"draw_yield", NULL},
    [DELAY] = {"draw_delay", NULL},
    [CANCEL] = {"draw_cancel", NULL},
    [DEFAULT] = {"draw_default", NULL},
    [RECOVERY] = {"draw_recovery", NULL},
    [REGIME] = {"draw_regime", NULL},
    [FACTORS] = {"draw_factors", NULL},
    [OWN_FACTORS] = {"draw_own_factors", NULL},
    [DISRUPTION] = {"draw_disruption", NULL},
    [RAISE] = {"draw_raise", NULL},
    [RENEGOTIATION] = {"draw_renegotiation", NULL},
    [EXTENSION] = {"draw_extension", NULL},
    [BASE_GROWTH] = {"draw_base_growth", NULL},
};

/* Rows each source must have in a deck of this shape. */
static void expected_rows(size_t rows[N_SOURCES], const struct deck *deck) {
  const size_t months = (size_t)deck->time.horizon, customers = (size_t)deck->n_customers;
  const size_t generations = (size_t)deck->n_generations, sites = (size_t)deck->n_sites;
  const size_t counts[N_SOURCES] = {[SLIP] = generations + 1,
                                    [YIELD] = generations,
                                    [DELAY] = sites + 1,
                                    [CANCEL] = sites,
                                    [DEFAULT] = customers,
                                    [RECOVERY] = customers,
                                    [REGIME] = months,
                                    [FACTORS] = months * N_FACTORS,
                                    [OWN_FACTORS] = months * customers * 3,
                                    [DISRUPTION] = months,
                                    [RAISE] = months * customers,
                                    [RENEGOTIATION] = months * customers,
                                    [EXTENSION] = months * customers,
                                    [BASE_GROWTH] = months};
  memcpy(rows, counts, sizeof counts);
}

/* Reads one source whole; returns its number of paths, 0 if it has no rows. */
static size_t read_source(int file, struct source *source, size_t expected) {
  int variable, n_dims, dims[NC_MAX_VAR_DIMS];
  size_t rows = 1, length = 0;
  if (expected == 0) { /* whatever the file says of it */
    return 0;
  }
  need(nc_inq_varid(file, source->name, &variable), source->name);
  need(nc_inq_varndims(file, variable, &n_dims), source->name);
  need(nc_inq_vardimid(file, variable, dims), source->name);
  for (int n = 0; n < n_dims; ++n) {
    need(nc_inq_dimlen(file, dims[n], &length), source->name);
    rows *= n < n_dims - 1 ? length : 1;
  }
  if (rows != expected) {
    fprintf(stderr, "replay: %s has %zu rows, the deck needs %zu\n", source->name, rows,
            expected);
    exit(EXIT_FAILURE);
  }
  source->values = memory(rows * length, sizeof(double));
  need(nc_get_var_double(file, variable, source->values), source->name);
  return length;
}

static size_t read_draws(const char *path, const struct deck *deck) {
  int file;
  size_t rows[N_SOURCES], n_paths = 0;
  expected_rows(rows, deck);
  need(nc_open(path, NC_NOWRITE, &file), path);
  for (int n = 0; n < N_SOURCES; ++n) {
    const size_t mine = read_source(file, &sources[n], rows[n]);
    if (mine > 0 && n_paths > 0 && mine != n_paths) {
      stop(sources[n].name, NC_EDIMSIZE);
    }
    n_paths = mine > 0 ? mine : n_paths;
  }
  need(nc_close(file), path);
  return n_paths;
}

/* Where a group of lanes stands in the file. The last group is filled up with the last path. */
struct group {
  size_t first, n_paths;
};

/* Copies `n` rows from row `first_row` of a source. */
static void take(double (*into)[LANES], int source, size_t first_row, size_t n,
                 const struct group *group) {
  for (size_t row = 0; row < n; ++row) {
    const double *values = sources[source].values + (first_row + row) * group->n_paths;
    for (size_t i = 0; i < LANES; ++i) {
      const size_t path = group->first + i;
      into[row][i] = values[path < group->n_paths ? path : group->n_paths - 1];
    }
  }
}

static void take_path_draws(struct path_draws *draws, const struct deck *deck,
                            const struct group *group) {
  const size_t generations = (size_t)deck->n_generations, sites = (size_t)deck->n_sites;
  const size_t customers = (size_t)deck->n_customers;
  take(draws->slip, SLIP, 0, generations + 1, group);
  take(draws->yield, YIELD, 0, generations, group);
  take(draws->delay, DELAY, 0, sites + 1, group);
  take(draws->cancel, CANCEL, 0, sites, group);
  take(draws->default_, DEFAULT, 0, customers, group);
  take(draws->recovery, RECOVERY, 0, customers, group);
}

static void take_month_draws(struct month_draws *draws, const struct deck *deck, size_t m,
                             const struct group *group) {
  const size_t customers = (size_t)deck->n_customers;
  take(&draws->regime, REGIME, m, 1, group);
  take(draws->factors, FACTORS, m * N_FACTORS, N_FACTORS, group);
  for (size_t c = 0; c < customers; ++c) {
    take(draws->own_factors[c], OWN_FACTORS, (m * customers + c) * 3, 3, group);
  }
  take(&draws->disruption, DISRUPTION, m, 1, group);
  take(draws->raise, RAISE, m * customers, customers, group);
  take(draws->renegotiation, RENEGOTIATION, m * customers, customers, group);
  take(draws->extension, EXTENSION, m * customers, customers, group);
  take(&draws->base_growth, BASE_GROWTH, m, 1, group);
}

/* One group through all months; columns is a matrix [n_columns][BLOCK_PATHS]. */
static void replay_group(const struct kernel *kernel, struct workspace *w,
                         const struct deck *deck, const struct constants *constants,
                         const struct layout *layout, const struct group *group,
                         double *columns) {
  struct path_draws *path_draws = memory(1, sizeof *path_draws);
  struct month_draws *month_draws = memory(1, sizeof *month_draws);
  struct sheet *sheet = memory(1, sizeof *sheet);
  take_path_draws(path_draws, deck, group);
  kernel->begin(w, deck, constants, path_draws);
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    take_month_draws(month_draws, deck, (size_t)m, group);
    kernel->month(w, deck, constants, month_draws, m, layout, sheet);
    sheet_store(sheet, columns, 0);
  }
  kernel->end(w, deck, constants, layout, sheet);
  sheet_store(sheet, columns, 0);
  array_free(path_draws);
  array_free(month_draws);
  array_free(sheet);
}

static void replay_all(const struct deck *deck, const struct layout *layout, size_t n_paths,
                       double *results) {
  const struct kernel *kernel = kernel_pick();
  struct workspace *w = workspace_make(deck);
  struct constants *constants = memory(1, sizeof *constants);
  const size_t n_columns = (size_t)layout->n_columns;
  double *columns = memory(n_columns * BLOCK_PATHS, sizeof(double));
  if (kernel == NULL || w == NULL) {
    stop("kernel", NC_ENOMEM);
  }
  constants_make(constants, deck);
  for (struct group group = {0, n_paths}; group.first < n_paths; group.first += LANES) {
    const size_t rest = n_paths - group.first;
    const size_t n = rest < LANES ? rest : LANES;
    replay_group(kernel, w, deck, constants, layout, &group, columns);
    for (size_t column = 0; column < n_columns; ++column) {
      memcpy(results + column * n_paths + group.first, columns + column * BLOCK_PATHS,
             n * sizeof(double));
    }
  }
  array_free(columns);
  array_free(constants);
  workspace_free(w);
}

static void write_results(const char *path, const struct layout *layout, size_t n_paths,
                          const double *results) {
  int file, path_dim, variables[N_METRICS];
  need(nc_create(path, NC_CLOBBER | NC_64BIT_OFFSET, &file), path);
  need(nc_def_dim(file, "path", n_paths, &path_dim), path);
  for (int n = 0; n < N_METRICS; ++n) {
    int dims[3] = {0, 0, path_dim};
    char name[2 * MAX_NAME];
    snprintf(name, sizeof name, "%s_item", metrics[n].name);
    need(nc_def_dim(file, name, (size_t)layout->items[n], &dims[0]), name);
    snprintf(name, sizeof name, "%s_date", metrics[n].name);
    need(nc_def_dim(file, name, (size_t)layout->dates[n], &dims[1]), name);
    need(nc_def_var(file, metrics[n].name, NC_DOUBLE, 3, dims, &variables[n]), name);
  }
  need(nc_enddef(file), path);
  for (int n = 0; n < N_METRICS; ++n) {
    const double *values = results + (size_t)layout->first[n] * n_paths;
    need(nc_put_var_double(file, variables[n], values), metrics[n].name);
  }
  need(nc_close(file), path);
}

static void run(const struct deck *deck, const char *draws, const char *out) {
  struct layout layout;
  layout_make(&layout, deck);
  const size_t n_paths = read_draws(draws, deck);
  double *results = memory((size_t)layout.n_columns * n_paths, sizeof(double));
  replay_all(deck, &layout, n_paths, results);
  write_results(out, &layout, n_paths, results);
  array_free(results);
}

/* The reverse of take: puts `n` rows of a group into a source. */
static void give(double (*from)[LANES], int source, size_t first_row, size_t n,
                 const struct group *group) {
  for (size_t row = 0; row < n; ++row) {
    for (size_t i = 0; i < LANES && group->first + i < group->n_paths; ++i) {
      sources[source].values[(first_row + row) * group->n_paths + group->first + i] =
          from[row][i];
    }
  }
}

static void sample_group(const struct kernel *kernel, const struct draw_shape *shape,
                         uint64_t seed, int64_t first_path, const struct group *group) {
  const size_t generations = (size_t)shape->generations, sites = (size_t)shape->sites;
  const size_t customers = (size_t)shape->customers;
  struct path_draws *of_path = memory(1, sizeof *of_path);
  struct month_draws *of_month = memory(1, sizeof *of_month);
  kernel->sample_paths(seed, 0, first_path + (int64_t)group->first, shape, of_path);
  give(of_path->slip, SLIP, 0, generations + 1, group);
  give(of_path->yield, YIELD, 0, generations, group);
  give(of_path->delay, DELAY, 0, sites + 1, group);
  give(of_path->cancel, CANCEL, 0, sites, group);
  give(of_path->default_, DEFAULT, 0, customers, group);
  give(of_path->recovery, RECOVERY, 0, customers, group);
  for (size_t m = 0; m < (size_t)shape->months; ++m) {
    kernel->sample_month(seed, 0, first_path + (int64_t)group->first, shape, (int64_t)m,
                         of_month);
    give(&of_month->regime, REGIME, m, 1, group);
    give(of_month->factors, FACTORS, m * N_FACTORS, N_FACTORS, group);
    for (size_t c = 0; c < customers; ++c) {
      give(of_month->own_factors[c], OWN_FACTORS, (m * customers + c) * 3, 3, group);
    }
    give(&of_month->disruption, DISRUPTION, m, 1, group);
    give(of_month->raise, RAISE, m * customers, customers, group);
    give(of_month->renegotiation, RENEGOTIATION, m * customers, customers, group);
    give(of_month->extension, EXTENSION, m * customers, customers, group);
    give(&of_month->base_growth, BASE_GROWTH, m, 1, group);
  }
  array_free(of_path);
  array_free(of_month);
}

static void sample(const struct deck *deck, uint64_t seed, int64_t first_path, size_t n_paths,
                   const char *path) {
  const struct kernel *kernel = kernel_pick();
  const struct draw_shape shape = kernel_draw_shape(deck);
  int file, dims[2], variables[N_SOURCES];
  size_t rows[N_SOURCES];
  if (kernel == NULL) {
    stop("kernel", NC_EINVAL);
  }
  expected_rows(rows, deck);
  need(nc_create(path, NC_CLOBBER | NC_64BIT_OFFSET, &file), path);
  need(nc_def_dim(file, "path", n_paths, &dims[1]), path);
  for (int n = 0; n < N_SOURCES; ++n) {
    char name[MAX_NAME];
    snprintf(name, sizeof name, "%s_row", sources[n].name);
    sources[n].values = memory(rows[n] * n_paths, sizeof(double));
    if (rows[n] == 0) { /* a dimension of length 0 would be an unlimited one */
      continue;
    }
    need(nc_def_dim(file, name, rows[n], &dims[0]), name);
    need(nc_def_var(file, sources[n].name, NC_DOUBLE, 2, dims, &variables[n]), name);
  }
  for (struct group group = {0, n_paths}; group.first < n_paths; group.first += LANES) {
    sample_group(kernel, &shape, seed, first_path, &group);
  }
  need(nc_enddef(file), path);
  for (int n = 0; n < N_SOURCES; ++n) {
    if (rows[n] == 0) {
      continue;
    }
    need(nc_put_var_double(file, variables[n], sources[n].values), sources[n].name);
  }
  need(nc_close(file), path);
}

int main(int argc, char **argv) {
  const bool runs = argc == 5 && strcmp(argv[1], "run") == 0;
  const bool samples = argc == 7 && strcmp(argv[1], "sample") == 0;
  if (!runs && !samples) {
    fprintf(stderr,
            "usage: replay run DECK DRAWS.nc OUT.nc\n"
            "       replay sample DECK SEED FIRST_PATH N_PATHS DRAWS.nc\n");
    return EXIT_FAILURE;
  }
  struct deck *deck = memory(1, sizeof *deck);
  const enum status status = deck_read(argv[2], NULL, 0, deck, NULL);
  if (status == STATUS_OK && runs) {
    run(deck, argv[3], argv[4]);
  } else if (status == STATUS_OK) {
    sample(deck, strtoull(argv[3], NULL, 10), strtoll(argv[4], NULL, 10),
           strtoull(argv[5], NULL, 10), argv[6]);
  }
  for (int n = 0; n < N_SOURCES; ++n) {
    array_free(sources[n].values);
  }
  array_free(deck);
  return (int)status;
}

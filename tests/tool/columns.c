/* columns DECK SEED[:POINTS] PATHS OUT.nc [KEY=VALUE]... METRIC[:DATE]...

   Every path's values of some metrics, as the sampled run has them before they are reduced:
   variable METRIC(METRIC_item, METRIC_date, path), all dates of it or the one named (a quarter
   or contract year counted from 0; -1 is the last). With POINTS, paths are Sobol points, that
   many a replicate. */
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/plan.h"
#include "edge/deck_file.h"
#include "model/kernel.h"
#include "model/uncertain.h"

static void stop(const char *what, const char *why) {
  fprintf(stderr, "columns: %s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

static void need(int code, const char *what) {
  if (code != NC_NOERR) {
    stop(what, nc_strerror(code));
  }
}

static void *memory(size_t count, size_t size) {
  void *array = array_make(count, size);
  if (array == NULL) {
    stop("memory", "there is none");
  }
  return array;
}

struct wanted { /* some columns of one metric, one below the other */
  enum metric_id metric;
  int64_t first_date, n_dates, n_items;
  int variable;
  double *values; /* [n_items][n_dates][paths] */
};

static struct wanted find(const char *word, const struct layout *layout, int64_t n_paths) {
  char name[MAX_NAME];
  const char *colon = strchr(word, ':');
  snprintf(name, sizeof name, "%.*s", (int)(colon != NULL ? colon - word : MAX_NAME - 1), word);
  struct wanted w = {.metric = metric_find(name)};
  if (w.metric == N_METRICS) {
    stop(word, "no such metric");
  }
  w.n_items = layout->items[w.metric];
  w.n_dates = colon != NULL ? 1 : layout->dates[w.metric];
  w.first_date = colon != NULL ? strtoll(colon + 1, NULL, 10) : 0;
  w.first_date += w.first_date < 0 ? layout->dates[w.metric] : 0;
  if (w.first_date < 0 || w.first_date + w.n_dates > layout->dates[w.metric]) {
    stop(word, "no such date");
  }
  w.values = memory((size_t)(w.n_items * w.n_dates * n_paths), sizeof(double));
  return w;
}

/* Copies the columns of a block to where its paths stand. */
static void keep(const struct wanted *w, const struct layout *layout, const double *columns,
                 int64_t first_path, int64_t n, int64_t n_paths) {
  for (int64_t item = 0; item < w->n_items; ++item) {
    for (int64_t date = 0; date < w->n_dates; ++date) {
      const int64_t column = layout_column(layout, w->metric, item, w->first_date + date);
      memcpy(w->values + (item * w->n_dates + date) * n_paths + first_path,
             columns + column * BLOCK_PATHS, (size_t)n * sizeof(double));
    }
  }
}

static void simulate(const struct deck *deck, const struct layout *layout,
                     const struct sampling *sampling, int64_t n_paths,
                     const struct wanted *wanted, int n_wanted) {
  const struct kernel *kernel = kernel_pick();
  const struct plan plan = plan_make(n_paths);
  if (kernel == NULL) {
    stop("kernel", "there is none");
  }
#pragma omp parallel
  {
    struct workspace *w = workspace_make(deck);
    struct variant *variant = memory(1, sizeof *variant);
    double *columns = memory((size_t)layout->n_columns, BLOCK_PATHS * sizeof(double));
#pragma omp for schedule(dynamic, 1)
    for (int64_t block = 0; block < plan.end_block; ++block) {
      variant_draw(variant, deck, sampling->seed, block);
      kernel_block(kernel, w, &variant->deck, &variant->constants, sampling,
                   block * BLOCK_PATHS, layout, columns);
      for (int n = 0; n < n_wanted; ++n) {
        keep(&wanted[n], layout, columns, block * BLOCK_PATHS, plan_block_paths(&plan, block),
             n_paths);
      }
    }
    array_free(columns);
    array_free(variant);
    workspace_free(w);
  }
}

static void write_all(const char *path, int64_t n_paths, struct wanted *wanted, int n_wanted) {
  int file, dims[3];
  need(nc_create(path, NC_CLOBBER | NC_64BIT_DATA, &file), path);
  need(nc_def_dim(file, "path", (size_t)n_paths, &dims[2]), path);
  for (int n = 0; n < n_wanted; ++n) {
    const char *metric = metrics[wanted[n].metric].name;
    char name[2 * MAX_NAME];
    snprintf(name, sizeof name, "%s_item", metric);
    need(nc_def_dim(file, name, (size_t)wanted[n].n_items, &dims[0]), name);
    snprintf(name, sizeof name, "%s_date", metric);
    need(nc_def_dim(file, name, (size_t)wanted[n].n_dates, &dims[1]), name);
    need(nc_def_var(file, metric, NC_DOUBLE, 3, dims, &wanted[n].variable), metric);
  }
  need(nc_enddef(file), path);
  for (int n = 0; n < n_wanted; ++n) {
    need(nc_put_var_double(file, wanted[n].variable, wanted[n].values), path);
  }
  need(nc_close(file), path);
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr,
            "usage: columns DECK SEED[:POINTS] PATHS OUT.nc [KEY=VALUE]... METRIC[:DATE]...\n");
    return EXIT_FAILURE;
  }
  const char *colon = strchr(argv[2], ':');
  const struct sampling sampling = {.seed = strtoull(argv[2], NULL, 10),
                                    .points = colon != NULL ? strtoll(colon + 1, NULL, 10) : 0};
  if (sampling.points % BLOCK_PATHS != 0 || (sampling.points & (sampling.points - 1)) != 0) {
    stop(argv[2], "points are a power of two and at least a block");
  }
  const int64_t n_paths = strtoll(argv[3], NULL, 10);
  int first_metric = 5;
  while (first_metric < argc && strchr(argv[first_metric], '=') != NULL) {
    ++first_metric;
  }
  struct deck *deck = memory(1, sizeof *deck);
  const enum status status =
      deck_read(argv[1], (const char *const *)&argv[5], first_metric - 5, deck, NULL);
  if (status != STATUS_OK) {
    return (int)status;
  }
  struct layout layout;
  layout_make(&layout, deck);
  const int n_wanted = argc - first_metric;
  struct wanted *wanted = memory((size_t)n_wanted + 1, sizeof *wanted);
  for (int n = 0; n < n_wanted; ++n) {
    wanted[n] = find(argv[first_metric + n], &layout, n_paths);
  }
  simulate(deck, &layout, &sampling, n_paths, wanted, n_wanted);
  write_all(argv[4], n_paths, wanted, n_wanted);
  for (int n = 0; n < n_wanted; ++n) {
    array_free(wanted[n].values);
  }
  array_free(wanted);
  array_free(deck);
  return EXIT_SUCCESS;
}

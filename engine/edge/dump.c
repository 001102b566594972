#include "edge/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arrays.h"
#include "edge/files.h"
#include "edge/ncfile.h"
#include "edge/results_axes.h"
#include "model/version.h"

/* ---- the file */

/* Dimensions of a metric, the path first, then the date, then its items. */
static int list_dims(const struct metric *metric, int path, const struct dims *dims, int *ids) {
  int n = 0;
  ids[n++] = path;
  if (metric->axis != AXIS_TERMINAL) {
    ids[n++] = metric->axis == AXIS_QUARTER ? dims->time
               : metric->axis == AXIS_MONTH ? dims->month
                                            : dims->contract_year;
  }
  if (metric->item == ITEM_CUSTOMER || metric->item == ITEM_CUSTOMER_CONSTRAINT) {
    ids[n++] = dims->customer;
  }
  if (metric->item == ITEM_CONSTRAINT || metric->item == ITEM_CUSTOMER_CONSTRAINT) {
    ids[n++] = dims->constraint;
  }
  if (metric->item == ITEM_REGIME) {
    ids[n++] = dims->regime;
  }
  return n;
}

/* The lengths of a slab of `n` paths along those dimensions. */
static void measure(const struct layout *layout, enum metric_id id, size_t n,
                    size_t count[NCFILE_MAX_DIMS]) {
  const struct metric *metric = &metrics[id];
  int d = 0;
  count[d++] = n;
  if (metric->axis != AXIS_TERMINAL) {
    count[d++] = (size_t)layout->dates[id];
  }
  if (metric->item == ITEM_CUSTOMER_CONSTRAINT) {
    count[d++] = (size_t)layout->n_customers;
    count[d++] = N_CONSTRAINTS;
  } else if (metric->item != ITEM_ONE) {
    count[d++] = (size_t)layout->items[id];
  }
}

static void define_metrics(struct ncwriter *nc, const struct layout *layout, int path,
                           int64_t n_paths, const struct dims *dims) {
  for (int m = 0; m < N_METRICS; ++m) {
    int ids[NCFILE_MAX_DIMS];
    size_t chunk[NCFILE_MAX_DIMS];
    const int n_dims = list_dims(&metrics[m], path, dims, ids);
    const struct ncvariable variable =
        ncwriter_variable(nc, metrics[m].name, NCTYPE_DOUBLE, n_dims, ids);
    measure(layout, (enum metric_id)m, (size_t)(n_paths < BLOCK_PATHS ? n_paths : BLOCK_PATHS),
            chunk);
    ncwriter_text(nc, &variable, "long_name", metrics[m].long_name);
    results_put_unit(nc, &variable, &metrics[m]);
    ncwriter_number(nc, &variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
    ncwriter_compress(nc, variable, chunk);
  }
}

static void put_facts(struct ncwriter *nc, const struct results *results, int64_t first) {
  char seed[32];
  snprintf(seed, sizeof seed, "%" PRIu64, results->sampling.seed);
  ncwriter_text(nc, NULL, "Conventions", "CF-1.10");
  ncwriter_text(nc, NULL, "title", "Paths of a compute commitment");
  ncwriter_text(nc, NULL, "source", "tenor " TENOR_VERSION);
  ncwriter_text(nc, NULL, "deck", results->decks[0]->name);
  ncwriter_text(nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_text(nc, NULL, "sampling", results->sampling.points > 0 ? "sobol" : "philox");
  ncwriter_text(nc, NULL, "seed", seed);
  ncwriter_number(nc, NULL, "first_path", NCTYPE_INT64, &first);
}

/* Makes the temporary as long as it can become, by a hole, which costs no room; closing it cuts
   off what is left over. MPI's collective writes fill the space between two pieces with what
   they read there, and past the end of a file Open MPI takes what its memory holds. */
static enum status lengthen(const struct dump *dump) {
  const int64_t blocks = (dump->paths.end - dump->paths.first + BLOCK_PATHS - 1) / BLOCK_PATHS;
  const int64_t values = blocks * BLOCK_PATHS * dump->results->layout->n_columns;
  const int64_t most = values * (int64_t)sizeof(double) / 8 * 9 + (INT64_C(16) << 20);
  return truncate(dump->temporary, most) == 0
             ? STATUS_OK
             : status_fail(STATUS_IO, "%s: %s", dump->temporary, strerror(errno));
}

/* The file without its values, as a temporary. */
static enum status begin(struct dump *dump, const char *path) {
  struct ncwriter nc;
  struct dims dims;
  void *bytes = NULL;
  size_t size = 0;
  const int64_t n_paths = dump->paths.end - dump->paths.first;
  enum status status = ncwriter_open(&nc);
  if (status != STATUS_OK) {
    return status;
  }
  put_facts(&nc, dump->results, dump->paths.first);
  const int dim = ncwriter_dimension(&nc, "path", (size_t)n_paths);
  results_put_path_axes(&nc, dump->results, &dims);
  define_metrics(&nc, dump->results->layout, dim, n_paths, &dims);
  status = ncwriter_finish(&nc, &bytes, &size);
  status = status == STATUS_OK ? files_begin(path, bytes, size, dump->temporary) : status;
  free(bytes);
  return status == STATUS_OK ? lengthen(dump) : status;
}

/* What counts is the error that led here. */
static void remove_temporary(const struct dump *dump) {
  (void)unlink(dump->temporary);
}

/* A fault of one rank: the others wait in this call or the next. */
static void demand(const struct dump *dump, int code) {
  if (code != 0) {
    status_fail(STATUS_IO, "%s: %s", dump->temporary, dump->calls->explain(code));
    remove_temporary(dump);
    team_abort(STATUS_IO);
  }
}

enum status dump_open(struct dump *dump, const struct dump_calls *calls,
                      const struct team *team, const char *path, const struct results *results,
                      struct path_range paths) {
  const struct layout *layout = results->layout;
  size_t widest = 0;
  *dump = (struct dump){.calls = calls, .results = results, .paths = paths};
  for (int m = 0; m < N_METRICS; ++m) {
    const size_t width = (size_t)(layout->items[m] * layout->dates[m]);
    widest = width > widest ? width : widest;
  }
  dump->values = array_make(BLOCK_PATHS * widest, sizeof *dump->values);
  enum status status =
      dump->values != NULL
          ? STATUS_OK
          : status_fail(STATUS_FAILED, "no memory for the paths that are written");
  status = team_agree(status == STATUS_OK && team->rank == 0 ? begin(dump, path) : status);
  if (status != STATUS_OK) {
    remove_temporary(dump); /* rank 0's; the others have none yet */
    array_free(dump->values);
    return status;
  }
  team_broadcast(dump->temporary, sizeof dump->temporary);
  demand(dump, calls->open(dump->temporary, &dump->file));
  return STATUS_OK;
}

/* ---- values */

/* One path's values of a metric, the date first, from where they stand in its block. */
static void take_path(const struct results *results, enum metric_id id, const double *columns,
                      double *values) {
  const struct layout *layout = results->layout;
  const int64_t items = layout->items[id], dates = layout->dates[id];
  for (int64_t date = 0; date < dates; ++date) {
    for (int64_t item = 0; item < items; ++item) {
      const bool exists = metrics[id].axis != AXIS_CONTRACT_YEAR ||
                          results_year_closes(results->decks[0], item, date);
      *values++ =
          exists ? columns[layout_column(layout, id, item, date) * BLOCK_PATHS] : ncfile_fill;
    }
  }
}

/* A block of paths of a metric, in a call with a block of every other rank; none if n is 0. */
static void put_block(struct dump *dump, enum metric_id id, int64_t first, int64_t n,
                      const double *columns) {
  const struct layout *layout = dump->results->layout;
  const int64_t width = layout->items[id] * layout->dates[id];
  size_t start[NCFILE_MAX_DIMS] = {0}, count[NCFILE_MAX_DIMS];
  for (int64_t i = 0; i < n; ++i) {
    take_path(dump->results, id, columns + i, dump->values + i * width);
  }
  start[0] = n > 0 ? (size_t)(first - dump->paths.first) : 0;
  measure(layout, id, (size_t)n, count);
  demand(dump, dump->calls->put(dump->file, metrics[id].name, start, count, dump->values));
}

void dump_put(struct dump *dump, const struct team *team, int64_t first,
              const double *columns) {
  const struct layout *layout = dump->results->layout;
  const int64_t group = dump_group(layout, dump->paths);
  for (int m = 0; m < N_METRICS; ++m) {
    for (int64_t round = 0; round * team->size < group; ++round) {
      const int64_t block = round * team->size + team->rank;
      const int64_t path = first + block * BLOCK_PATHS, left = dump->paths.end - path;
      const int64_t n = block >= group || left < 0 ? 0
                        : left < BLOCK_PATHS       ? left
                                                   : BLOCK_PATHS;
      put_block(dump, (enum metric_id)m, path, n,
                columns + round * layout->n_columns * BLOCK_PATHS);
    }
  }
}

static void shut(struct dump *dump) {
  demand(dump, dump->calls->close(dump->file));
  array_free(dump->values);
  dump->values = NULL;
}

enum status dump_close(struct dump *dump, const struct team *team, const char *path,
                       bool force) {
  shut(dump);
  return team_agree(team->rank == 0 ? files_adopt(dump->temporary, path, force) : STATUS_OK);
}

void dump_discard(struct dump *dump) {
  shut(dump);
  remove_temporary(dump);
}

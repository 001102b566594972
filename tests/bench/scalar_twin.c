/* scalar_twin DECK SEED PATHS [KEY=VALUE]...

   Follows PATHS paths of the deck one after the other, in one thread, and prints as JSON how
   many seconds that took (start-up and output left out) and, of every quarterly, yearly and
   terminal metric, the mean and the sum of squared deviations from it of the values that are
   not infinite, and how many they are; items one after the other, the dates of an item
   neighbours. Decks with uncertain keys are refused. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arrays.h"
#include "edge/deck_file.h"
#include "scalar_path.h"

struct moments { /* of all columns, by Welford's recurrence */
  double n;      /* paths so far */
  double *mean, *m2, *n_finite;
};

static void stop(const char *what, const char *why) {
  fprintf(stderr, "scalar_twin: %s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

static void *memory(size_t count, size_t size) {
  void *array = array_make(count, size);
  if (array == NULL) {
    stop("memory", "there is none");
  }
  return array;
}

/* Columns [first, end), none of which can be infinite. */
static void add_values(struct moments *all, const double *restrict row, int64_t first,
                       int64_t end) {
  const double weight = 1 / all->n;
  double *restrict mean = all->mean, *restrict m2 = all->m2;
  for (int64_t i = first; i < end; ++i) {
    const double off = row[i] - mean[i];
    mean[i] += off * weight;
    m2[i] += off * (row[i] - mean[i]);
  }
}

/* Columns [first, end) of dates, which may never come. */
static void add_dates(struct moments *all, const double *row, int64_t first, int64_t end) {
  for (int64_t i = first; i < end; ++i) {
    if (row[i] < FAR_AWAY) {
      const double off = row[i] - all->mean[i];
      all->n_finite[i] += 1;
      all->mean[i] += off / all->n_finite[i];
      all->m2[i] += off * (row[i] - all->mean[i]);
    }
  }
}

static void add_path(struct moments *all, const struct layout *layout, const double *row) {
  all->n += 1;
  for (int metric = 0; metric < N_METRICS; ++metric) {
    const int64_t first = layout->first[metric];
    const int64_t end = first + layout->items[metric] * layout->dates[metric];
    if (metrics[metric].unit == UNIT_MONTH) {
      add_dates(all, row, first, end);
    } else if (metrics[metric].axis != AXIS_MONTH) {
      add_values(all, row, first, end);
    }
  }
}

static double seconds_now(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
    stop("clock", "there is none");
  }
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Returns the seconds it took. */
static double simulate(const struct deck *deck, const struct layout *layout, uint64_t seed,
                       int64_t n_paths, struct moments *all) {
  struct constants *k = memory(1, sizeof *k);
  struct path_state *p = memory(1, sizeof *p);
  struct generator *g = memory(1, sizeof *g);
  double *row = memory((size_t)layout->n_columns, sizeof *row);
  constants_make(k, deck);
  generator_make(g, seed);
  const double start = seconds_now();
  for (int64_t path = 0; path < n_paths; ++path) {
    path_follow(p, deck, k, g, layout, row);
    add_path(all, layout, row);
  }
  const double seconds = seconds_now() - start;
  array_free(row);
  array_free(g);
  array_free(p);
  array_free(k);
  return seconds;
}

static void print_list(const char *before, const double *values, int64_t n) {
  printf("%s[", before);
  for (int64_t i = 0; i < n; ++i) {
    printf("%s%.17g", i > 0 ? ", " : "", values[i]);
  }
  printf("]");
}

static void print_all(const struct layout *layout, const struct moments *all, double seconds,
                      int64_t horizon) {
  const char *comma = "";
  printf("{\"paths\": %.0f, \"months\": %" PRId64 ", \"seconds\": %.6f, \"metrics\": {", all->n,
         horizon, seconds);
  for (int metric = 0; metric < N_METRICS; ++metric) {
    if (metrics[metric].axis == AXIS_MONTH) {
      continue;
    }
    const int64_t first = layout->first[metric];
    const int64_t n = layout->items[metric] * layout->dates[metric];
    for (int64_t i = first; metrics[metric].unit != UNIT_MONTH && i < first + n; ++i) {
      all->n_finite[i] = all->n;
    }
    printf("%s\n\"%s\": {\"items\": %" PRId64 ", ", comma, metrics[metric].name,
           layout->items[metric]);
    print_list("\"n\": ", all->n_finite + first, n);
    print_list(", \"mean\": ", all->mean + first, n);
    print_list(", \"m2\": ", all->m2 + first, n);
    printf("}");
    comma = ",";
  }
  printf("}}\n");
}

int main(int argc, char **argv) {
  if (argc < 4 || strtoll(argv[3], NULL, 10) < 1) {
    fprintf(stderr, "usage: scalar_twin DECK SEED PATHS [KEY=VALUE]...\n");
    return EXIT_FAILURE;
  }
  struct deck *deck = memory(1, sizeof *deck);
  const enum status status =
      deck_read(argv[1], (const char *const *)&argv[4], argc - 4, deck, NULL);
  if (status != STATUS_OK) {
    return (int)status;
  }
  if (deck->n_uncertain > 0) {
    stop(argv[1], "has uncertain keys");
  }
  struct layout layout;
  layout_make(&layout, deck);
  const size_t n = (size_t)layout.n_columns;
  struct moments all = {.mean = memory(n, sizeof(double)),
                        .m2 = memory(n, sizeof(double)),
                        .n_finite = memory(n, sizeof(double))};
  const double seconds =
      simulate(deck, &layout, strtoull(argv[2], NULL, 10), strtoll(argv[3], NULL, 10), &all);
  print_all(&layout, &all, seconds, deck->time.horizon);
  array_free(all.n_finite);
  array_free(all.m2);
  array_free(all.mean);
  array_free(deck);
  return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

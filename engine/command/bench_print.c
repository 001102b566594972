#include "command/bench_print.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/text.h"
#include "edge/json.h"
#include "edge/machine.h"
#include "model/version.h"

static const char *const stage_names[N_STAGES] = {"draws",    "supply",   "price",
                                                  "demand",   "contract", "credit",
                                                  "provider", "record",   "statistics"};

/* ---- what follows from the times */

/* [ns] per path and month. */
static double whole_of(const struct speeds *speeds, int k) {
  return speeds->times.kernels[k].whole;
}

/* [ns] What no month can do without: draws, exponentials and divisions, and the insertions of
   the statistics as they were measured. */
static double floor_of(const struct speeds *speeds, int k) {
  const struct kernel_times *times = &speeds->times.kernels[k];
  return times->floor + times->stages[STAGE_STATISTICS];
}

static double ratio_of(const struct speeds *speeds, int k) {
  return whole_of(speeds, k) / floor_of(speeds, k);
}

/* Paths a second of a thread that takes `ns` a path and month. */
static double rate(const struct speeds *speeds, double ns) {
  return 1e9 / (ns * (double)speeds->months);
}

static double rate_of(const struct speeds *speeds, int k) {
  return rate(speeds, whole_of(speeds, k));
}

/* All threads of all ranks. */
static double rate_of_all(const struct speeds *speeds) {
  return speeds->workers * rate(speeds, speeds->times.all);
}

/* All threads of a rank against as many times one; 1 if there is but one. */
static double thread_efficiency(const struct speeds *speeds) {
  return speeds->threads > 1 ? speeds->times.one_each / speeds->times.all : 1;
}

/* All ranks, one thread each, against as many times rank 0 alone; 1 if there is but one. */
static double rank_efficiency(const struct bench_report *report) {
  return report->ranks > 1 ? whole_of(report->speeds, 0) / report->speeds->times.one_each : 1;
}

/* ---- the table */

enum { CELL = 17 }; /* characters: a number, and its part of the whole */

static void print_head(const struct bench_report *report) {
  char processor[256];
  machine_processor(processor, sizeof processor);
  text_line(stdout, "%s on %s, built with %s", report->deck_path, processor,
            machine_compiler());
  printf("ns per path and month, one thread; medians of %lld rounds\n\n  %-12s",
         (long long)report->effort->rounds, "");
  for (int k = 0; k < report->speeds->n_kernels; ++k) {
    printf("%*s%9s", k > 0 ? CELL - 9 : 0, "", report->speeds->names[k]);
  }
  putchar('\n');
}

static void print_stage(const struct speeds *speeds, int stage) {
  printf("  %-12s", stage_names[stage]);
  for (int k = 0; k < speeds->n_kernels; ++k) {
    const double ns = speeds->times.kernels[k].stages[stage];
    printf("%*s%9.1f %3.0f %%", k > 0 ? CELL - 15 : 0, "", ns, 100 * ns / whole_of(speeds, k));
  }
  putchar('\n');
}

static void print_row(const struct speeds *speeds, const char *name, int digits,
                      double (*of)(const struct speeds *speeds, int k)) {
  printf("  %-12s", name);
  for (int k = 0; k < speeds->n_kernels; ++k) {
    printf("%*s%9.*f", k > 0 ? CELL - 9 : 0, "", digits, of(speeds, k));
  }
  putchar('\n');
}

void bench_print_table(const struct bench_report *report) {
  const struct speeds *speeds = report->speeds;
  print_head(report);
  for (int stage = 0; stage < N_STAGES; ++stage) {
    print_stage(speeds, stage);
  }
  putchar('\n');
  print_row(speeds, "whole", 1, whole_of);
  print_row(speeds, "floor", 1, floor_of);
  print_row(speeds, "whole/floor", 2, ratio_of);
  print_row(speeds, "paths/s", 0, rate_of);
  printf("\n  all workers (%d): %.0f paths/s\n", speeds->workers, rate_of_all(speeds));
  if (speeds->threads > 1) {
    printf("  %d threads: %.1f %% of %d times one thread\n", speeds->threads,
           100 * thread_efficiency(speeds), speeds->threads);
  }
  if (report->ranks > 1) {
    printf(
        "  %d ranks: %.1f %% of %d times rank 0 alone; the sum of their states: %.1f MB in "
        "%.3f s\n",
        report->ranks, 100 * rank_efficiency(report), report->ranks,
        1e-6 * speeds->reduction_bytes, speeds->times.reduction);
  }
}

/* ---- JSON */

static void put_text(const char *key, const char *text) {
  printf("\"%s\": ", key);
  json_text(stdout, text);
  fputs(", ", stdout);
}

static void put_number(const char *key, double value, const char *end) {
  printf("\"%s\": ", key);
  json_number(stdout, value);
  fputs(end, stdout);
}

static void put_kernel(const struct speeds *speeds, int k) {
  const struct kernel_times *times = &speeds->times.kernels[k];
  json_text(stdout, speeds->names[k]);
  fputs(": {", stdout);
  put_number("whole_ns", whole_of(speeds, k), ", ");
  put_number("floor_ns", floor_of(speeds, k), ", ");
  put_number("ratio", ratio_of(speeds, k), ", ");
  put_number("paths_per_second", rate_of(speeds, k), ", \"stages_ns\": {");
  for (int stage = 0; stage < N_STAGES; ++stage) {
    put_number(stage_names[stage], times->stages[stage], stage + 1 < N_STAGES ? ", " : "}}");
  }
}

static void put_machine(void) {
  char processor[256], library[256];
  machine_processor(processor, sizeof processor);
  team_library(library, sizeof library);
  put_text("tenor", TENOR_VERSION);
  put_text("model", MODEL_VERSION);
  put_text("processor", processor);
  put_text("compiler", machine_compiler());
  put_text("mpi", library);
}

void bench_print_json(const struct bench_report *report) {
  const struct speeds *speeds = report->speeds;
  putchar('{');
  put_text("deck", report->deck_path);
  put_number("months", (double)speeds->months, ", ");
  put_number("customers", (double)report->customers, ", ");
  put_machine();
  put_number("lanes", LANES, ", ");
  put_number("rounds", (double)report->effort->rounds, ", ");
  put_number("seconds", report->effort->seconds, ", \"instruction_sets\": {");
  for (int k = 0; k < speeds->n_kernels; ++k) {
    fputs(k > 0 ? ", " : "", stdout);
    put_kernel(speeds, k);
  }
  fputs("}, ", stdout);
  put_number("processor_share", speeds->times.share, ", ");
  put_number("ranks", report->ranks, ", ");
  put_number("threads", speeds->threads, ", ");
  put_number("workers", speeds->workers, ", ");
  put_number("one_thread_each_ns", speeds->times.one_each, ", ");
  put_number("all_threads_ns", speeds->times.all, ", ");
  put_number("thread_efficiency", thread_efficiency(speeds), ", ");
  put_number("rank_efficiency", rank_efficiency(report), ", ");
  put_number("paths_per_second", rate_of_all(speeds), ", ");
  put_number("reduction_bytes", speeds->reduction_bytes, ", ");
  put_number("reduction_seconds", speeds->times.reduction, "}\n");
}

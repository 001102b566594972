/* What `tenor bench` shows of its measurements: a table for people, JSON for programs. */
#ifndef TENOR_COMMAND_BENCH_PRINT_H
#define TENOR_COMMAND_BENCH_PRINT_H

#include "campaign/measure.h"

struct bench_report {
  const char *deck_path;
  int64_t customers;
  int ranks;
  const struct effort *effort;
  const struct speeds *speeds;
};

void bench_print_table(const struct bench_report *report);
void bench_print_json(const struct bench_report *report);

#endif

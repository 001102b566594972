/* The command line of `tenor run`, `tenor compare` and `tenor extend`, as a table of options
   (options.c): one line each for its name, its argument, who takes it and its help. */
#ifndef TENOR_EDGE_OPTIONS_H
#define TENOR_EDGE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "edge/progress.h"
#include "stats/targets.h"

enum { MAX_ASSIGNMENTS = 64 };

struct run_options {
  const char *const *decks; /* [n_decks] borrowed from argv */
  int n_decks;
  const char *output;                       /* -o; NULL: out/DECKNAME.nc */
  const char *assignments[MAX_ASSIGNMENTS]; /* --set KEY=VALUE, in order; --paths and --seed are
                                               among them */
  int n_assignments;
  const char *second[MAX_ASSIGNMENTS]; /* --set-second: of the second deck of a comparison */
  int n_second;
  char paths[64], seed[64], sampling[64]; /* their text; "" if not given */
  const char *until[MAX_TARGETS];         /* precision targets, as written */
  int n_until;
  double max_seconds;      /* 0: no limit */
  int64_t shard, n_shards; /* shard 1..n_shards; n_shards 0: all paths */
  const char *checkpoint;  /* its file; NULL: none */
  double checkpoint_every; /* [s] */
  int64_t dump_paths;      /* of the first paths, how many are written as they are; 0: none */
  double dump_share;       /* or what part of all; 0: none */
  bool resume;             /* go on with what the checkpoint holds */
  int threads;             /* 0: not given */
  enum progress_mode progress;
  bool exact; /* order statistics by a second pass */
  bool quiet, json, force;
};

/* Who takes an option. */
enum taker { TAKER_RUN = 1, TAKER_COMPARE = 2, TAKER_EXTEND = 4 };

struct guide { /* what --help of a command says; the options stand between the two texts */
  enum taker taker;
  const char *usage, *examples;
};

/* Reads argv (argv[0] is the command). `loud`: say what is wrong (one rank does). *help is set
   when help was asked for and printed. An option that the command does not take is an error.
   Errors: STATUS_USAGE. Not collective. */
enum status options_run(int argc, char **argv, bool loud, const struct guide *guide,
                        struct run_options *options, bool *help);

/* A whole number >= 0 as people write it: 200000, 1e6, 2.5e3, 1_000_000. false if it is none.
 */
bool options_whole(const char *text, uint64_t *value);

/* A time as people write it, in seconds: 90s, 30min, 2h, 1.5d. false if it is none. */
bool options_time(const char *text, double *seconds);

#endif

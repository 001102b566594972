/* What `tenor run`, `tenor compare` and `tenor extend` have in common: decks in, paths sampled,
   a result written and shown. */
#ifndef TENOR_COMMAND_SAMPLE_H
#define TENOR_COMMAND_SAMPLE_H

#include "edge/options.h"
#include "edge/team.h"
#include "model/deck.h"

struct sample {         /* one result to be made; all borrowed */
  const char *decks[2]; /* one to sample, or two to compare on the same paths */
  int n_decks;
  const char *extended; /* a result to go on with, which holds its decks; NULL: a new one */
  bool into_folder;     /* the output option names a folder */
  bool again;           /* not the command's first: the placement was warned of */
  int argc;             /* of the command, for the record */
  char **argv;
};

/* The file name of a deck without folder and ending. */
void sample_stem(const char *path, char *stem, size_t size);

/* Two decks go through the same paths only if every figure of one has its like in the other.
   STATUS_USAGE, naming what differs, if not. */
enum status sample_check_pair(const struct deck decks[2], const char *const names[2]);

/* Reads, samples, writes and shows. The same status on every rank: STATUS_USAGE (decks,
   options, output exists), STATUS_TARGET (a target or the number of paths not reached; the
   result is written), STATUS_MISMATCH (the result to go on with), STATUS_IO, STATUS_FAILED.
   Collective. */
enum status sample_run(const struct sample *sample, const struct team *team,
                       const struct run_options *options);

#endif

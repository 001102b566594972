/* The subcommands: each takes its own argv (argv[0] is its name) and returns the exit code. */
#ifndef TENOR_COMMAND_COMMAND_H
#define TENOR_COMMAND_COMMAND_H

#include "base/status.h"

/* Collective: they start and end MPI. */
enum status command_run(int argc, char **argv);         /* sample a deck */
enum status command_compare(int argc, char **argv);     /* two decks on the same paths */
enum status command_extend(int argc, char **argv);      /* go on with a result */
enum status command_bench(int argc, char **argv);       /* measure the speed of a deck */
enum status command_sensitivity(int argc, char **argv); /* which uncertain key matters */

/* These need no MPI. */
enum status command_merge(int argc, char **argv);   /* join results of disjoint paths */
enum status command_check(int argc, char **argv);   /* validate a deck, print it */
enum status command_explain(int argc, char **argv); /* one path month by month */
enum status command_show(int argc, char **argv);    /* print a result */

#endif

/* The subcommands: each takes its own argv (argv[0] is its name) and returns the exit code. */
#ifndef TENOR_COMMAND_COMMAND_H
#define TENOR_COMMAND_COMMAND_H

#include "base/status.h"

enum status command_run(int argc,
                        char **argv); /* sample a deck. Collective: starts and ends MPI */
enum status command_compare(int argc,
                            char **argv); /* two decks on the same paths. Collective */
enum status command_check(int argc, char **argv);
enum status command_explain(int argc,
                            char **argv);        /* validate a deck, print it. Needs no MPI */
enum status command_show(int argc, char **argv); /* print a result. Needs no MPI */

#endif

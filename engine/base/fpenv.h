/* The floating-point environment that equal bits rest on: round to nearest, ties to even, and
   subnormal numbers neither flushed nor taken for zero. It belongs to a thread, and any library
   may change it: code built with -ffast-math does when it is loaded, in whatever thread loads
   it. So it is set and checked where tenor starts, after MPI has started, and in each thread
   that computes, at the start of each round. Invariant: what counts is what arithmetic does,
   not what a register says. */
#ifndef TENOR_BASE_FPENV_H
#define TENOR_BASE_FPENV_H

#include <stdbool.h>

#include "base/status.h"

/* Does the calling thread compute as it should? Adds and multiplies a few numbers to see. */
bool fpenv_is_plain(void);

/* Gives the calling thread the environment and checks that it has it. Error: STATUS_FAILED if
   it cannot be had. Not collective. */
enum status fpenv_set(void);

/* The same where no status can travel: ends the process, and with it the job, if the
   environment cannot be had. For threads of a team that has agreed on fpenv_set() before. */
void fpenv_demand(void);

#endif

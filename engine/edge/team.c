#include "edge/team.h"

#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fpenv.h"
#include "edge/team_start.h"

enum {
  CHUNK_WORDS = 1 << 20
}; /* of one reduction: 8 MB, so that MPI's own buffers stay small */

/* A failed MPI call cannot be mended and the other ranks wait in it: the job ends as a whole.
 */
static void demand(int code, const char *call) {
  if (code == MPI_SUCCESS) {
    return;
  }
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) {
    text[0] = '\0';
  }
  status_fail(STATUS_FAILED, "%s: %s", call, text);
  MPI_Abort(MPI_COMM_WORLD, STATUS_FAILED);
}

/* The ranks of this machine, in their order. */
static MPI_Comm split_node(void) {
  MPI_Comm node = MPI_COMM_NULL;
  demand(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node),
         "MPI_Comm_split_type");
  return node;
}

enum status team_open(struct team *team, int *argc, char ***argv) {
  int provided = MPI_THREAD_SINGLE;
  team_start_shorten();
  if (MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    return status_fail(STATUS_FAILED, "MPI_Init_thread failed");
  }
  demand(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  demand(MPI_Comm_rank(MPI_COMM_WORLD, &team->rank), "MPI_Comm_rank");
  demand(MPI_Comm_size(MPI_COMM_WORLD, &team->size), "MPI_Comm_size");
  if (team_start_is_torn(team->size)) { /* every process would do the whole run */
    if (strcmp(getenv("SLURM_PROCID"), "0") == 0) {
      status_fail(
          STATUS_FAILED,
          "srun started %s processes that do not know each other: this MPI library wants "
          "another --mpi (srun --mpi=list names them; pmix for Open MPI, pmi2 for MPICH), "
          "or mpirun",
          getenv("SLURM_STEP_NUM_TASKS"));
    }
    team_close();
    return STATUS_FAILED;
  }
  MPI_Comm node = split_node();
  demand(MPI_Comm_rank(node, &team->node_rank), "MPI_Comm_rank");
  demand(MPI_Comm_size(node, &team->node_ranks), "MPI_Comm_size");
  demand(MPI_Comm_free(&node), "MPI_Comm_free");
  if (provided < MPI_THREAD_FUNNELED) {
    status_fail(STATUS_FAILED,
                "this MPI library allows no threads (MPI_THREAD_FUNNELED wanted)");
    team_close();
    return STATUS_FAILED;
  }
  if (team_agree(fpenv_set()) != STATUS_OK) { /* MPI loads libraries when it starts */
    team_close();
    return STATUS_FAILED;
  }
  return STATUS_OK;
}

void team_close(void) {
  demand(MPI_Finalize(), "MPI_Finalize");
}

_Noreturn void team_abort(enum status status) {
  MPI_Abort(MPI_COMM_WORLD, (int)status);
  _Exit((int)status); /* it does not come back, but is not declared so */
}

void team_broadcast(void *bytes, size_t size) {
  char *next = bytes;
  while (size > 0) {
    const size_t part = size < CHUNK_WORDS ? size : CHUNK_WORDS;
    demand(MPI_Bcast(next, (int)part, MPI_BYTE, 0, MPI_COMM_WORLD), "MPI_Bcast");
    next += part;
    size -= part;
  }
}

enum status team_agree(enum status mine) {
  int worst = (int)mine;
  demand(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD),
         "MPI_Allreduce");
  return (enum status)worst;
}

double team_most(double mine) {
  double most = mine;
  demand(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD),
         "MPI_Allreduce");
  return most;
}

void team_wait(void) {
  const struct timespec pause = {.tv_nsec = 1000000};
  MPI_Request request = MPI_REQUEST_NULL;
  int all_here = 0;
  demand(MPI_Ibarrier(MPI_COMM_WORLD, &request), "MPI_Ibarrier");
  demand(MPI_Test(&request, &all_here, MPI_STATUS_IGNORE), "MPI_Test");
  while (!all_here) {
    (void)nanosleep(&pause, NULL); /* woken early it only asks more often */
    demand(MPI_Test(&request, &all_here, MPI_STATUS_IGNORE), "MPI_Test");
  }
}

void team_sum(const struct team *team, int64_t *words, size_t n) {
  while (n > 0) {
    const size_t part = n < CHUNK_WORDS ? n : CHUNK_WORDS;
    const void *mine = team->rank == 0 ? MPI_IN_PLACE : words;
    demand(MPI_Reduce(mine, words, (int)part, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD),
           "MPI_Reduce");
    words += part;
    n -= part;
  }
}

void team_gather_node(const void *mine, size_t size, void *all) {
  MPI_Comm node = split_node();
  demand(MPI_Allgather(mine, (int)size, MPI_BYTE, all, (int)size, MPI_BYTE, node),
         "MPI_Allgather");
  demand(MPI_Comm_free(&node), "MPI_Comm_free");
}

int team_first_text(const struct team *team, char *text, size_t size) {
  const bool mine = text[0] != '\0';
  int first = mine ? team->rank : team->size, n = mine;
  demand(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD),
         "MPI_Allreduce");
  demand(MPI_Allreduce(MPI_IN_PLACE, &n, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD), "MPI_Allreduce");
  if (n > 0 && first != 0 && team->rank == first) {
    demand(MPI_Send(text, (int)size, MPI_CHAR, 0, 0, MPI_COMM_WORLD), "MPI_Send");
  }
  if (n > 0 && first != 0 && team->rank == 0) {
    demand(MPI_Recv(text, (int)size, MPI_CHAR, first, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE),
           "MPI_Recv");
  }
  return n;
}

void team_library(char *text, size_t size) {
  char name[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  if (MPI_Get_library_version(name, &length) != MPI_SUCCESS) {
    name[0] = '\0';
  }
  name[strcspn(name, "\n")] = '\0';
  snprintf(text, size, "%s", name);
}

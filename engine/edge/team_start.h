/* What Open MPI is spared when it starts for a run on one machine. It goes by the environment
   and changes nothing but the environment of this process. Invariant: what the user says, or
   what a launcher has arranged, stays. */
#ifndef TENOR_EDGE_TEAM_START_H
#define TENOR_EDGE_TEAM_START_H

#include <stdbool.h>

/* Before MPI_Init. Not collective, and the same on every rank of a run. */
void team_start_shorten(void);

/* Did srun start several processes that do not know each other, because its --mpi does not fit
   the MPI library? `size` is how many ranks this one knows. */
bool team_start_is_torn(int size);

#endif

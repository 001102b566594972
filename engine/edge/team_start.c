#include "edge/team_start.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Was this process started by something that starts ranks? */
static bool is_launched(void) {
  static const char *const marks[] = {
      "OMPI_COMM_WORLD_SIZE", "PMIX_RANK",   "PMIX_NAMESPACE", "PMI_RANK",          "PMI_FD",
      "SLURM_PROCID",         "ALPS_APP_PE", "FLUX_TASK_RANK", "JSM_NAMESPACE_RANK"};
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; ++i) {
    if (getenv(marks[i]) != NULL) {
      return true;
    }
  }
  return false;
}

static bool is_one_node(void) {
  const char *all = getenv("OMPI_COMM_WORLD_SIZE");
  const char *here = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  return all != NULL && here != NULL && strcmp(all, here) == 0;
}

/* Has the user, or his file of parameters, a say in how Open MPI sends? */
static bool has_transport(void) {
  const char *home = getenv("HOME");
  char path[4096] = "";
  if (home != NULL) {
    snprintf(path, sizeof path, "%s/.openmpi/mca-params.conf", home);
  }
  return getenv("OMPI_MCA_pml") != NULL || getenv("OMPI_MCA_mtl") != NULL ||
         getenv("OMPI_MCA_btl") != NULL || getenv("OMPI_MCA_mca_base_param_files") != NULL ||
         access(path, R_OK) == 0;
}

/* Processes that start alone share one session folder with all others of their user (4.1.4),
   and one that ends takes it from another that starts. Open MPI makes and removes the one
   named. */
static void take_own_folder(void) {
  const char *above = getenv("TMPDIR");
  char path[4096];
  const int length = snprintf(path, sizeof path, "%s/ompi.%ld.%ld",
                              above != NULL ? above : "/tmp", (long)getuid(), (long)getpid());
  if (length > 0 && (size_t)length < sizeof path) {
    (void)setenv("OMPI_MCA_orte_jobfam_session_dir", path, 0);
  }
}

/* Most of the time Open MPI takes to start goes into what a run on one machine has no use for:
   a daemon that could start further ranks, and a search for networks that are not there. A site
   may have left the networks alone in its file of parameters, so the ways to send are named.
   Other libraries do not read these variables; a failure to set one costs time only. */
void team_start_shorten(void) {
  const bool alone = !is_launched();
  if ((alone || is_one_node()) && !has_transport()) {
    (void)setenv("OMPI_MCA_pml", "ob1", 0);
    (void)setenv("OMPI_MCA_btl", "self,vader,tcp", 0); /* vader: shared memory */
  }
  if (alone && getenv("OMPI_MCA_ess_singleton_isolated") == NULL) {
    (void)setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    take_own_folder();
  }
}

bool team_start_is_torn(int size) {
  const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
  return size == 1 && tasks != NULL && strtol(tasks, NULL, 10) > 1 &&
         getenv("SLURM_PROCID") != NULL && getenv("OMPI_COMM_WORLD_SIZE") == NULL;
}

/* What Open MPI is told before it starts: alone, on one node, on several, by another launcher,
   and where the user has said something himself. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/team_start.h"

static const char *const touched[] = {
    "OMPI_MCA_pml",
    "OMPI_MCA_btl",
    "OMPI_MCA_mtl",
    "OMPI_MCA_ess_singleton_isolated",
    "OMPI_MCA_orte_jobfam_session_dir",
    "OMPI_MCA_mca_base_param_files",
    "OMPI_COMM_WORLD_SIZE",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "PMI_RANK",
    "PMI_FD",
    "PMIX_RANK",
    "PMIX_NAMESPACE",
    "SLURM_PROCID",
    "ALPS_APP_PE",
    "FLUX_TASK_RANK",
    "JSM_NAMESPACE_RANK",
};

static int nothing_set(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof touched / sizeof touched[0]; ++i) {
    unsetenv(touched[i]);
  }
  unsetenv("TMPDIR");
  return setenv("HOME", "/nowhere", 1);
}

/* NULL: not set. */
static void expect(const char *name, const char *wanted) {
  const char *seen = getenv(name);
  assert_int_equal(seen != NULL, wanted != NULL);
  if (wanted != NULL) {
    assert_string_equal(seen, wanted);
  }
}

static void expect_start(const char *pml, const char *btl, const char *isolated) {
  team_start_shorten();
  expect("OMPI_MCA_pml", pml);
  expect("OMPI_MCA_btl", btl);
  expect("OMPI_MCA_ess_singleton_isolated", isolated);
  char folder[64]; /* of this process only */
  snprintf(folder, sizeof folder, "/tmp/ompi.%ld.%ld", (long)getuid(), (long)getpid());
  expect("OMPI_MCA_orte_jobfam_session_dir",
         isolated != NULL && isolated[0] == '1' ? folder : NULL);
}

static void alone_it_needs_neither_daemon_nor_network(void **state) {
  (void)state;
  expect_start("ob1", "self,vader,tcp", "1");
}

static void ranks_of_one_node_need_no_network(void **state) {
  (void)state;
  setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "4", 1);
  expect_start("ob1", "self,vader,tcp", NULL);
}

static void ranks_of_several_nodes_start_as_ever(void **state) {
  (void)state;
  setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", 1);
  expect_start(NULL, NULL, NULL);
}

static void under_another_launcher_it_starts_as_ever(void **state) {
  static const char *const marks[] = {"PMI_RANK", "PMIX_RANK", "SLURM_PROCID"};
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; ++i) {
    nothing_set(state);
    setenv(marks[i], "0", 1);
    expect_start(NULL, NULL, NULL);
  }
}

static void what_the_user_says_stays(void **state) {
  setenv("OMPI_MCA_pml", "ucx", 1);
  expect_start("ucx", NULL, "1");
  nothing_set(state);
  setenv("OMPI_MCA_btl", "^vader", 1);
  setenv("OMPI_MCA_ess_singleton_isolated", "0", 1);
  expect_start(NULL, "^vader", "0");
  nothing_set(state);
  setenv("OMPI_MCA_mtl", "ofi", 1);
  expect_start(NULL, NULL, "1");
  nothing_set(state);
  setenv("OMPI_MCA_mca_base_param_files", "/some/file", 1);
  expect_start(NULL, NULL, "1");
}

static void a_file_of_parameters_is_a_say(void **state) {
  (void)state;
  char home[] = "/tmp/tenor-home-XXXXXX", folder[PATH_MAX], path[PATH_MAX + 32];
  assert_non_null(mkdtemp(home));
  snprintf(folder, sizeof folder, "%s/.openmpi", home);
  assert_int_equal(mkdir(folder, 0700), 0);
  snprintf(path, sizeof path, "%s/mca-params.conf", folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
  setenv("HOME", home, 1);
  expect_start(NULL, NULL, "1");
  assert_int_equal(unlink(path) | rmdir(folder) | rmdir(home), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(alone_it_needs_neither_daemon_nor_network, nothing_set),
      cmocka_unit_test_setup(ranks_of_one_node_need_no_network, nothing_set),
      cmocka_unit_test_setup(ranks_of_several_nodes_start_as_ever, nothing_set),
      cmocka_unit_test_setup(under_another_launcher_it_starts_as_ever, nothing_set),
      cmocka_unit_test_setup(what_the_user_says_stays, nothing_set),
      cmocka_unit_test_setup(a_file_of_parameters_is_a_say, nothing_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

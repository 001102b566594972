/* The host: sets of processors, and what is read of its files, from a folder made up. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "edge/host.h"

static struct host host;

/* ---- sets */

static void sets_hold_any_processor_linux_has(void **state) {
  (void)state;
  struct processors set = {{0}};
  const int some[] = {0, 63, 64, 1023, 1024, MAX_PROCESSORS - 1};
  for (int i = 0; i < 6; ++i) {
    assert_false(processors_has(&set, some[i]));
    processors_add(&set, some[i]);
    assert_true(processors_has(&set, some[i]));
    assert_int_equal(processors_count(&set), i + 1);
  }
}

/* ---- the host's files */

static char root[PATH_MAX];

static void write_file(const char *name, const char *text) {
  char path[2 * PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", root, name);
  for (char *c = path + strlen(root) + 1; *c != '\0'; ++c) {
    if (*c == '/') {
      *c = '\0';
      (void)mkdir(path, 0700);
      *c = '/';
    }
  }
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static int new_root(void **state) {
  (void)state;
  snprintf(root, sizeof root, "/tmp/tenor-host-XXXXXX");
  return mkdtemp(root) != NULL ? 0 : 1;
}

static int remove_root(void **state) {
  (void)state;
  char command[PATH_MAX + 16];
  snprintf(command, sizeof command, "rm -r '%s'", root);
  return system(command);
}

static void expect_quota(double wanted) {
  host_read(&host, root);
  assert_true(host.quota == wanted);
}

static void quotas_of_version_2_are_read_along_the_groups(void **state) {
  (void)state;
  write_file("proc/self/cgroup", "0::/job/step\n");
  expect_quota(0.0);
  write_file("sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
  expect_quota(0.0);
  write_file("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  expect_quota(1.5);
  write_file("sys/fs/cgroup/job/step/cpu.max", "100000 100000\n");
  expect_quota(1.0);
  write_file("sys/fs/cgroup/job/step/cpu.max", "nonsense");
  expect_quota(1.5);
  write_file("proc/self/cgroup", "0::/unseen/in/here\n"); /* a container's own name outside */
  write_file("sys/fs/cgroup/cpu.max", "400000 100000\n");
  expect_quota(4.0);
}

static void quotas_of_version_1_are_read(void **state) {
  (void)state;
  write_file("proc/self/cgroup", "5:cpuset:/\n4:cpu,cpuacct:/docker/abc\n0::/\n");
  write_file("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "-1\n");
  write_file("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n");
  expect_quota(0.0);
  write_file("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "250000\n");
  expect_quota(2.5);
  write_file("proc/self/cgroup", "5:cpuset:/docker/abc\nnonsense\n");
  expect_quota(0.0);
}

static void siblings_and_sockets_are_read_where_they_can_be(void **state) {
  (void)state;
  host_read(&host, root); /* empty: every processor is a core of its own */
  assert_true(host.online >= 1);
  int some = -1;
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    if (processors_has(&host.mine, p)) {
      some = p;
      assert_int_equal(host.core[p], p);
      assert_int_equal(host.package[p], 0);
    }
  }
  if (some < 0) {
    skip(); /* not Linux */
  }
  char name[128];
  snprintf(name, sizeof name, "sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
           some);
  write_file(name, "7,4095\n");
  host_read(&host, root);
  assert_int_equal(host.core[some], 7);
  write_file(name, "99999999\n");
  host_read(&host, root);
  assert_int_equal(host.core[some], some);
  snprintf(name, sizeof name, "sys/devices/system/cpu/cpu%d/topology/physical_package_id",
           some);
  write_file(name, "3\n");
  host_read(&host, root);
  assert_int_equal(host.package[some], 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sets_hold_any_processor_linux_has),
      cmocka_unit_test_setup_teardown(quotas_of_version_2_are_read_along_the_groups, new_root,
                                      remove_root),
      cmocka_unit_test_setup_teardown(quotas_of_version_1_are_read, new_root, remove_root),
      cmocka_unit_test_setup_teardown(siblings_and_sockets_are_read_where_they_can_be, new_root,
                                      remove_root),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#define _GNU_SOURCE /* sched_getaffinity */
#include "edge/host.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool processors_has(const struct processors *set, int processor) {
  return (set->words[processor / 64] >> (processor % 64) & 1) != 0;
}

void processors_add(struct processors *set, int processor) {
  set->words[processor / 64] |= UINT64_C(1) << (processor % 64);
}

int processors_count(const struct processors *set) {
  int n = 0;
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    n += processors_has(set, p);
  }
  return n;
}

bool processors_none(const struct processors *set) {
  static const struct processors none;
  return processors_equal(set, &none);
}

bool processors_equal(const struct processors *a, const struct processors *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

/* ---- which processors */

#ifdef __linux__
static void read_mine(struct processors *mine) {
  cpu_set_t *set = CPU_ALLOC(MAX_PROCESSORS);
  const size_t size = CPU_ALLOC_SIZE(MAX_PROCESSORS);
  if (set != NULL && sched_getaffinity(0, size, set) == 0) {
    for (int p = 0; p < MAX_PROCESSORS; ++p) {
      if (CPU_ISSET_S((size_t)p, size, set)) {
        processors_add(mine, p);
      }
    }
  }
  CPU_FREE(set);
}

bool host_bind(const struct processors *wanted) {
  cpu_set_t *set = CPU_ALLOC(MAX_PROCESSORS);
  const size_t size = CPU_ALLOC_SIZE(MAX_PROCESSORS);
  bool bound = false;
  if (set != NULL) {
    CPU_ZERO_S(size, set);
    for (int p = 0; p < MAX_PROCESSORS; ++p) {
      if (processors_has(wanted, p)) {
        CPU_SET_S((size_t)p, size, set);
      }
    }
    bound = sched_setaffinity(0, size, set) == 0;
  }
  CPU_FREE(set);
  return bound;
}
#else
static void read_mine(struct processors *mine) {
  (void)mine;
}

bool host_bind(const struct processors *wanted) {
  (void)wanted;
  return false;
}
#endif

/* ---- files of the system */

/* The first line of a file, "" if there is none. */
static void read_line(const char *path, char *line, int size) {
  FILE *file = fopen(path, "r");
  line[0] = '\0';
  if (file != NULL) {
    if (fgets(line, size, file) == NULL) {
      line[0] = '\0';
    }
    fclose(file);
  }
}

/* A number of 0 .. below `end` at the beginning of a file of a processor's topology. */
static int16_t read_topology(const char *root, int processor, const char *name, int end,
                             int otherwise) {
  char path[PATH_MAX], line[256];
  snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%d/topology/%s", root, processor,
           name);
  read_line(path, line, sizeof line);
  char *rest = line;
  const long number = strtol(line, &rest, 10);
  return (int16_t)(rest != line && number >= 0 && number < end ? number : otherwise);
}

/* ---- control groups */

static double least(double a, double b) {
  return a == 0.0 || (b != 0.0 && b < a) ? b : a;
}

/* Processors' worth of time a folder of version 2 grants ("200000 100000", "max 100000"). */
static double quota_2(const char *folder) {
  char path[2 * PATH_MAX], line[128];
  double quota = 0.0, period = 0.0;
  snprintf(path, sizeof path, "%s/cpu.max", folder);
  read_line(path, line, sizeof line);
  return sscanf(line, "%lf %lf", &quota, &period) == 2 && quota > 0.0 && period > 0.0
             ? quota / period
             : 0.0;
}

/* The same of version 1, where a quota of -1 is none. */
static double quota_1(const char *folder) {
  char path[2 * PATH_MAX], line[128];
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
  read_line(path, line, sizeof line);
  const double quota = strtod(line, NULL);
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  read_line(path, line, sizeof line);
  const double period = strtod(line, NULL);
  return quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

/* The least that a group and those above it grant; in a container only the uppermost may be
   there to be read. */
static double quota_along(const char *top, const char *group, double (*quota)(const char *)) {
  char folder[PATH_MAX];
  double granted = 0.0;
  if (snprintf(folder, sizeof folder, "%s%s", top, group) >= (int)sizeof folder) {
    return 0.0;
  }
  for (size_t length = strlen(folder); length >= strlen(top);) {
    folder[length] = '\0';
    granted = least(granted, quota(folder));
    do { /* one name less */
      --length;
    } while (length >= strlen(top) && folder[length] != '/');
  }
  return granted;
}

/* Is `name` one of the words of a list with commas? */
static bool lists(const char *list, const char *name) {
  const size_t length = strlen(name);
  for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
    if (strcspn(list, ",") == length && strncmp(list, name, length) == 0) {
      return true;
    }
  }
  return false;
}

/* /proc/self/cgroup has lines NUMBER:CONTROLLERS:GROUP; version 2 has no controllers there. */
static double read_quota(const char *root) {
  char path[PATH_MAX], top[PATH_MAX], line[PATH_MAX];
  double quota = 0.0;
  snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) {
      continue;
    }
    *group++ = '\0';
    const bool version_2 = controllers[1] == '\0';
    if (version_2 || lists(controllers + 1, "cpu")) {
      snprintf(top, sizeof top, "%s/sys/fs/cgroup%s", root, version_2 ? "" : "/cpu");
      quota = least(quota, quota_along(top, group, version_2 ? quota_2 : quota_1));
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return quota;
}

void host_read(struct host *host, const char *root) {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  *host = (struct host){.online = online > 1 && online <= INT_MAX ? (int)online : 1};
  read_mine(&host->mine);
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    if (processors_has(&host->mine, p)) {
      host->core[p] = read_topology(root, p, "thread_siblings_list", MAX_PROCESSORS, p);
      host->package[p] = read_topology(root, p, "physical_package_id", MAX_PROCESSORS, 0);
    }
  }
  host->quota = read_quota(root);
}

#include "edge/sidecar.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "edge/files.h"
#include "edge/json.h"

static void put_member(FILE *out, const char *key, const char *text) {
  fprintf(out, "  \"%s\": ", key);
  json_text(out, text != NULL ? text : "");
  fputs(",\n", out);
}

static void put_command(FILE *out, int argc, char *const *argv) {
  fputs("  \"command\": [\"tenor\"", out);
  for (int i = 0; i < argc; ++i) {
    fputs(", ", out);
    json_text(out, argv[i]);
  }
  fputs("],\n", out);
}

/* The targets, and of each look the paths and every target's figure and half-width. */
static void put_looks(FILE *out, const struct sidecar *sidecar) {
  fputs("  \"targets\": [", out);
  for (int t = 0; t < sidecar->targets->n; ++t) {
    fputs(t > 0 ? ", " : "", out);
    json_text(out, sidecar->targets->at[t].text);
  }
  fputs("],\n  \"looks\": [", out);
  for (int i = 0; i < sidecar->n_looks; ++i) {
    const struct look *look = &sidecar->looks[i];
    fprintf(out, "%s\n    {\"paths\": %" PRId64 ", \"figures\": [", i > 0 ? "," : "",
            look->paths);
    for (int t = 0; t < sidecar->targets->n; ++t) {
      fputs(t > 0 ? ", {\"value\": " : "{\"value\": ", out);
      json_number(out, look->value[t]);
      fputs(", \"half_width\": ", out);
      json_number(out, look->half[t]);
      fprintf(out, ", \"met\": %s}", look->met[t] ? "true" : "false");
    }
    fputs("]}", out);
  }
  fputs(sidecar->n_looks > 0 ? "\n  ],\n" : "],\n", out);
}

static void put_all(FILE *out, const struct sidecar *sidecar) {
  char host[256] = "unknown";
  char when[64] = "";
  char library[256] = "";
  const time_t now = time(NULL);
  struct tm utc;
  if (gethostname(host, sizeof host - 1) != 0) {
    strcpy(host, "unknown");
  }
  if (gmtime_r(&now, &utc) != NULL) {
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
  }
  team_library(library, sizeof library);
  fputs("{\n", out);
  put_member(out, "finished", when);
  put_member(out, "host", host);
  put_member(out, "deck", sidecar->deck_path);
  put_member(out, "mpi", library);
  put_member(out, "instruction_set", sidecar->instruction_set);
  put_member(out, "job", getenv("SLURM_JOB_ID"));
  put_command(out, sidecar->argc, sidecar->argv);
  put_member(out, "ending", sidecar->ending);
  put_looks(out, sidecar);
  fprintf(out, "  \"ranks\": %d,\n  \"threads\": %d,\n", sidecar->team->size,
          sidecar->placement->threads);
  fprintf(out, "  \"processors\": %d,\n  \"pinned\": %s,\n", sidecar->placement->processors,
          sidecar->placement->pinned ? "true" : "false");
  fprintf(out, "  \"paths\": %" PRId64 ",\n", sidecar->paths);
  fprintf(out, "  \"resumed_paths\": %" PRId64 ",\n  \"checkpoints\": %" PRId64 ",\n",
          sidecar->resumed, sidecar->checkpoints);
  fprintf(out, "  \"checkpoint_seconds\": %.3f,\n", sidecar->checkpoint_seconds);
  fprintf(out, "  \"seconds\": %.3f,\n  \"paths_per_second\": %.0f\n}\n", sidecar->seconds,
          sidecar->seconds > 0.0 ? (double)sidecar->sampled / sidecar->seconds : 0.0);
}

static enum status find(const char *result, char path[PATH_MAX]) {
  return files_beside(result, ".run.json", path, PATH_MAX);
}

enum status sidecar_check(const char *result, bool force) {
  char path[PATH_MAX];
  enum status status = files_check(result, force);
  if (status == STATUS_OK) {
    status = find(result, path);
  }
  return status == STATUS_OK ? files_check(path, true) : status;
}

enum status sidecar_remove(const char *result) {
  char path[PATH_MAX];
  const enum status status = find(result, path);
  return status == STATUS_OK ? files_remove(path) : status;
}

enum status sidecar_write(const struct sidecar *sidecar) {
  char path[PATH_MAX];
  enum status status = find(sidecar->result, path);
  if (status != STATUS_OK) {
    return status;
  }
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return status_fail(STATUS_FAILED, "no memory for %s", path);
  }
  put_all(out, sidecar);
  const bool whole = ferror(out) == 0;
  status = fclose(out) == 0 && whole ? STATUS_OK
                                     : status_fail(STATUS_FAILED, "no memory for %s", path);
  if (status == STATUS_OK) {
    status = files_write(path, true, text, size);
  }
  free(text);
  return status;
}

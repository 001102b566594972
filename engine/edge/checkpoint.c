#include "edge/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arrays.h"
#include "base/text.h"
#include "edge/files.h"
#include "edge/json.h"
#include "edge/progress.h"

/* ---- owners */

static void name_owner(struct owner *owner) {
  char host[64] = "";
  struct timespec now = {0};
  const char *job = getenv("SLURM_JOB_ID"), *restart = getenv("SLURM_RESTART_COUNT");
  if (gethostname(host, sizeof host - 1) != 0) {
    host[0] = '\0';
  }
  (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail; the process's number helps too */
  *owner = (struct owner){0};
  snprintf(owner->job, sizeof owner->job, "%s", job != NULL ? job : "");
  owner->restart = restart != NULL ? strtoll(restart, NULL, 10) : 0;
  owner->restart = owner->restart < 0 ? 0 : owner->restart;
  snprintf(owner->instance, sizeof owner->instance, "%s:%ld:%lld.%09ld", host, (long)getpid(),
           (long long)now.tv_sec, now.tv_nsec);
}

static enum status read_owner(const char *path, struct owner *owner, bool *has) {
  void *bytes = NULL;
  size_t size = 0;
  const enum status status = files_read(path, SNAPSHOT_HEAD, &bytes, &size);
  *has = status == STATUS_OK && bytes != NULL && snapshot_owner(bytes, size, owner);
  array_free(bytes);
  return status;
}

static bool same(const struct owner *a, const struct owner *b) {
  return strcmp(a->instance, b->instance) == 0 && a->generation == b->generation;
}

enum status checkpoint_guard(const struct checkpoint *checkpoint) {
  struct owner there;
  bool has = false;
  const enum status status = read_owner(checkpoint->path, &there, &has);
  if (status != STATUS_OK || !has || same(&there, &checkpoint->replaced) ||
      strcmp(there.instance, checkpoint->owner.instance) == 0) {
    return status;
  }
  return status_fail(STATUS_MISMATCH,
                     "%s: another run has taken over (job %s, start %" PRId64
                     ", process %s); this one stops and changes nothing",
                     checkpoint->path, there.job[0] != '\0' ? there.job : "of no batch system",
                     there.restart + 1, there.instance);
}

static enum status guard(void *context) {
  return checkpoint_guard(context);
}

/* ---- reading */

/* What stands at a path: STATUS_OK and *has, or not; STATUS_MISMATCH without a word if it is
   not whole. */
static enum status read_one(const char *path, struct owner *owner, struct snapshot *found,
                            bool *has) {
  const off_t most = INT64_C(1) << 32; /* twice the state of the largest comparison */
  struct stat about;
  void *bytes = NULL;
  size_t size = 0;
  *has = true;
  if (stat(path, &about) == 0 && about.st_size > most) {
    return STATUS_MISMATCH;
  }
  enum status status = files_read(path, 0, &bytes, &size);
  *has = bytes != NULL;
  if (bytes != NULL) {
    status = snapshot_unpack(bytes, size, owner, found);
    array_free(bytes);
  }
  if (status == STATUS_FAILED) {
    status_fail(status, "no memory for %s", path);
  }
  return status;
}

/* FILE if it is whole, else FILE.previous. */
static enum status read_best(struct checkpoint *checkpoint, struct snapshot *found, bool *has) {
  const char *path = checkpoint->path;
  enum status status = read_one(path, &checkpoint->found, found, has);
  if (status == STATUS_OK && *has) {
    return STATUS_OK;
  }
  if (status != STATUS_OK && status != STATUS_MISMATCH) {
    return status;
  }
  bool older = false;
  snapshot_free(found);
  checkpoint->found = (struct owner){0};
  const enum status second = read_one(checkpoint->previous, &checkpoint->found, found, &older);
  if (second == STATUS_OK && older) {
    status_warn("%s %s; going on from %s", path, *has ? "is not whole" : "is missing",
                checkpoint->previous);
    checkpoint->spoiled = *has;
    *has = true;
    return STATUS_OK;
  }
  if (second != STATUS_OK && second != STATUS_MISMATCH) {
    return second;
  }
  checkpoint->found = (struct owner){0};
  if (*has || older) {
    return status_fail(
        STATUS_MISMATCH,
        "%s: not a whole checkpoint of this program%s; without --resume, and with "
        "--force, the run starts again",
        path, older ? ", nor is the one before it" : "");
  }
  return STATUS_OK;
}

static enum status match(const struct checkpoint *checkpoint, const struct snapshot *run,
                         const struct snapshot *found) {
  const char *path = checkpoint->path;
  const struct owner *mine = &checkpoint->owner, *theirs = &checkpoint->found;
  enum status status = saved_match(&run->saved, "this run", &found->saved, path);
  if (status != STATUS_OK) {
    return status;
  }
  if (run->range.first != found->range.first || run->range.end != found->range.end) {
    return status_fail(
        STATUS_MISMATCH,
        "%s: of paths %" PRId64 " to %" PRId64 ", this run is of %" PRId64 " to %" PRId64, path,
        found->range.first, found->range.end, run->range.first, run->range.end);
  }
  bool equal = run->targets.n == found->targets.n;
  for (int t = 0; equal && t < run->targets.n; ++t) {
    equal = strcmp(run->targets.at[t].text, found->targets.at[t].text) == 0;
  }
  if (!equal) {
    return status_fail(STATUS_MISMATCH, "%s: its precision targets (--until) are others", path);
  }
  if (mine->job[0] != '\0' && strcmp(mine->job, theirs->job) == 0 &&
      theirs->restart > mine->restart) {
    return status_fail(STATUS_MISMATCH,
                       "%s: start %" PRId64 " of job %s wrote it, this is start %" PRId64, path,
                       theirs->restart + 1, mine->job, mine->restart + 1);
  }
  return STATUS_OK;
}

enum status checkpoint_open(struct checkpoint *checkpoint, const char *path,
                            const struct snapshot *run, bool resume, bool force,
                            struct snapshot *found, bool *has) {
  *checkpoint = (struct checkpoint){.path = path, .last = progress_clock()};
  *has = false;
  name_owner(&checkpoint->owner);
  if (snprintf(checkpoint->previous, sizeof checkpoint->previous, "%s.previous", path) >=
      (int)sizeof checkpoint->previous) {
    return status_fail(STATUS_IO, "%.60s...: name too long", path);
  }
  checkpoint->snapshot = array_make(1, sizeof *checkpoint->snapshot);
  if (checkpoint->snapshot == NULL) {
    return status_fail(STATUS_FAILED, "no memory for a checkpoint");
  }
  *checkpoint->snapshot = *run;
  enum status status = files_check(path, true);
  if (status == STATUS_OK && !resume) {
    bool there = false;
    status = read_owner(path, &checkpoint->replaced, &there);
    checkpoint->owner.generation = checkpoint->replaced.generation;
    if (status == STATUS_OK && there && !force) {
      status = status_fail(STATUS_USAGE,
                           "%s: a checkpoint is there; --resume goes on with it, --force "
                           "starts again",
                           path);
    }
    return status == STATUS_OK ? files_check(path, force) : status;
  }
  if (status == STATUS_OK) {
    status = read_best(checkpoint, found, has);
  }
  if (status == STATUS_OK && *has) {
    status = match(checkpoint, run, found);
    checkpoint->owner.generation = checkpoint->found.generation;
  }
  if (status == STATUS_OK) {
    files_clear_parts(path);
  }
  if (status == STATUS_OK) { /* what is not whole may still tell who wrote it */
    bool told = false;
    status = read_owner(path, &checkpoint->replaced, &told);
  }
  return status;
}

/* ---- writing */

static void lend(const struct state *state, struct saved *saved) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    const struct tally *tally = &state->tallies[t];
    saved->tallies[t].n_words = state->has[t] ? tally->n_words : 0;
    saved->tallies[t].n_columns = state->has[t] ? tally->n_columns : 0;
    saved->tallies[t].words = state->has[t] ? tally->words : NULL;
    saved->tallies[t].centre = state->has[t] ? tally->centre : NULL;
  }
}

enum status checkpoint_write(struct checkpoint *checkpoint, const struct state *state,
                             const struct state *replicate, int64_t replicate_end,
                             const struct look *looks, int n_looks) {
  static const struct state nothing;
  const double start = progress_clock();
  struct snapshot *snapshot = checkpoint->snapshot;
  void *bytes = NULL;
  size_t size = 0;
  lend(state, &snapshot->saved);
  lend(replicate_end > 0 ? replicate : &nothing, &snapshot->replicate);
  snapshot->saved.paths = state->paths;
  snapshot->replicate_end = replicate_end;
  snapshot->n_looks = n_looks;
  memcpy(snapshot->looks, looks, (size_t)n_looks * sizeof *looks);
  ++checkpoint->owner.generation;
  enum status status = snapshot_pack(&checkpoint->owner, snapshot, &bytes, &size);
  if (status == STATUS_OK) {
    char aside[4096 + 16]; /* what is not whole must not push out what is */
    snprintf(aside, sizeof aside, "%s.damaged", checkpoint->path);
    status = files_replace(checkpoint->path, checkpoint->spoiled ? aside : checkpoint->previous,
                           bytes, size, guard, checkpoint);
    checkpoint->spoiled = checkpoint->spoiled && status != STATUS_OK;
  }
  array_free(bytes);
  checkpoint->last = progress_clock();
  checkpoint->written += status == STATUS_OK ? 1 : 0;
  checkpoint->seconds += checkpoint->last - start;
  return status;
}

enum status checkpoint_remove(const struct checkpoint *checkpoint) {
  const enum status first = files_remove(checkpoint->path),
                    second = files_remove(checkpoint->previous);
  return first > second ? first : second;
}

/* ---- showing */

bool checkpoint_is(const char *path) {
  struct stat about;
  struct owner owner;
  bool is = false;
  return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, R_OK) == 0 &&
         read_owner(path, &owner, &is) == STATUS_OK && is;
}

static void print(const struct snapshot *snapshot, const struct owner *owner, bool json) {
  const int64_t whole = snapshot->range.first + ranges_count(&snapshot->saved.paths);
  const int64_t next = snapshot->replicate_end > whole ? snapshot->replicate_end : whole;
  const long long done = next - snapshot->range.first,
                  all = snapshot->range.end - snapshot->range.first;
  if (json) {
    fputs("{\"deck\": ", stdout);
    json_text(stdout, snapshot->saved.name[0]);
    printf(", \"seed\": %" PRIu64 ", \"paths\": %lld, \"of\": %lld, \"job\": ",
           snapshot->saved.sampling.seed, done, all);
    json_text(stdout, owner->job);
    printf(", \"start\": %" PRId64 ", \"process\": ", owner->restart + 1);
    json_text(stdout, owner->instance);
    printf(", \"generation\": %" PRId64 "}\n", owner->generation);
    return;
  }
  text_line(stdout, "checkpoint of deck %s, seed %" PRIu64, snapshot->saved.name[0],
            snapshot->saved.sampling.seed);
  printf("paths       %lld of %lld\n", done, all);
  text_line(stdout, "written by  %s%s%sprocess %s", owner->job[0] != '\0' ? "job " : "",
            owner->job, owner->job[0] != '\0' ? ", " : "", owner->instance);
  printf("generation  %" PRId64 "\n", owner->generation);
}

enum status checkpoint_show(const char *path, bool json) {
  struct snapshot *snapshot = array_make(1, sizeof *snapshot);
  struct owner owner;
  bool has = false;
  if (snapshot == NULL) {
    return status_fail(STATUS_FAILED, "no memory for %s", path);
  }
  const enum status status = read_one(path, &owner, snapshot, &has);
  if (status == STATUS_OK && has) {
    print(snapshot, &owner, json);
  } else if (status == STATUS_MISMATCH) {
    status_fail(status, "%s: not a whole checkpoint of this program", path);
  }
  snapshot_free(snapshot);
  array_free(snapshot);
  return status;
}

void checkpoint_close(struct checkpoint *checkpoint) {
  array_free(checkpoint->snapshot); /* what it points to is others' */
  checkpoint->snapshot = NULL;
}

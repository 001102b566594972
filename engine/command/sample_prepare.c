/* From the command line to what is to be sampled. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/sampling.h"
#include "edge/deck_file.h"
#include "edge/files.h"
#include "edge/sidecar.h"

void sample_stem(const char *path, char *stem, size_t size) {
  const char *base = strrchr(path, '/');
  base = base != NULL ? base + 1 : path;
  snprintf(stem, size, "%s", base);
  char *dot = strrchr(stem, '.');
  if (dot != NULL && dot != stem) {
    *dot = '\0';
  }
}

/* The file name of the result without folder and ending. */
static void name_result(const struct run *run, char *name, size_t size) {
  const struct sample *sample = run->sample;
  char first[1024], second[1024];
  sample_stem(sample->decks[0], first, sizeof first);
  if (sample->n_decks == 1) {
    snprintf(name, size, "%s", first);
  } else {
    sample_stem(sample->decks[1], second, sizeof second);
    snprintf(name, size, "%s-minus-%s", first, second);
  }
  if (run->options->n_shards > 0) {
    const size_t length = strlen(name);
    snprintf(name + length, size - length, ".%" PRId64 "-of-%" PRId64, run->options->shard,
             run->options->n_shards);
  }
}

/* Where the result goes: -o FILE, -o FOLDER with several results, or out/NAME.nc, whose folder
   is ours to make. */
static enum status choose_output(struct run *run) {
  char name[2200];
  const char *output = run->options->output;
  int length = 0;
  if (run->sample->extended != NULL) {
    const char *path = output != NULL ? output : run->sample->extended;
    length = snprintf(run->output, sizeof run->output, "%s", path);
    return length >= (int)sizeof run->output
               ? status_fail(STATUS_IO, "%s: name too long", path)
               : sidecar_check(run->output, run->options->force || output == NULL);
  }
  name_result(run, name, sizeof name);
  if (output == NULL) {
    if (mkdir("out", 0777) != 0 && errno != EEXIST) {
      return status_fail(STATUS_IO, "out: %s", strerror(errno));
    }
    length = snprintf(run->output, sizeof run->output, "out/%s.nc", name);
  } else if (run->sample->into_folder) {
    length = snprintf(run->output, sizeof run->output, "%s/%s.nc", output, name);
  } else {
    length = snprintf(run->output, sizeof run->output, "%s", output);
  }
  if (length >= (int)sizeof run->output) {
    return status_fail(STATUS_IO, "%s: name too long", output != NULL ? output : name);
  }
  return sidecar_check(run->output, run->options->force || run->resumes);
}

enum status sample_check_pair(const struct deck decks[2], const char *const names[2]) {
  const struct deck *a = &decks[0], *b = &decks[1];
  if (a->time.horizon != b->time.horizon) {
    return status_fail(STATUS_USAGE, "%s and %s have horizons of %lld and %lld months",
                       names[0], names[1], (long long)a->time.horizon,
                       (long long)b->time.horizon);
  }
  if (a->n_customers != b->n_customers) {
    return status_fail(STATUS_USAGE, "%s and %s have %lld and %lld customers", names[0],
                       names[1], (long long)a->n_customers, (long long)b->n_customers);
  }
  for (int64_t c = 0; c < a->n_customers; ++c) {
    if (strcmp(a->customers[c].name, b->customers[c].name) != 0) {
      return status_fail(STATUS_USAGE, "customer %lld is %s in %s and %s in %s",
                         (long long)c + 1, a->customers[c].name, names[0], b->customers[c].name,
                         names[1]);
    }
  }
  if (deck_contract_years(a) != deck_contract_years(b)) {
    return status_fail(STATUS_USAGE, "%s and %s have contracts of different numbers of years",
                       names[0], names[1]);
  }
  return STATUS_OK;
}

static enum status read_decks(struct run *run) {
  const struct sample *sample = run->sample;
  const struct run_options *options = run->options;
  const char *settings[2 * MAX_ASSIGNMENTS];
  enum status status = STATUS_OK;
  memcpy(settings, options->assignments, sizeof options->assignments);
  memcpy(settings + options->n_assignments, options->second,
         (size_t)options->n_second * sizeof *settings);
  for (int i = 0; status == STATUS_OK && i < sample->n_decks; ++i) {
    status = deck_read(sample->decks[i], settings,
                       options->n_assignments + (i > 0 ? options->n_second : 0),
                       &run->order.decks[i], &run->resolved[i]);
  }
  run->order.n_sides = sample->n_decks;
  return status == STATUS_OK && sample->n_decks > 1
             ? sample_check_pair(run->order.decks, sample->decks)
             : status;
}

/* The decks of a result that is to go on, from its state. */
static enum status read_saved(struct run *run) {
  const char *path = run->sample->extended;
  enum status status = saved_read(&run->saved, path);
  for (int i = 0; status == STATUS_OK && i < run->saved.n_decks; ++i) {
    status =
        deck_read_text(run->saved.resolved[i], run->saved.name[i], path, &run->order.decks[i]);
    run->resolved[i] = strdup(run->saved.resolved[i]);
    if (status == STATUS_OK && run->resolved[i] == NULL) {
      status = status_fail(STATUS_FAILED, "no memory for a deck");
    }
  }
  run->order.n_sides = run->saved.n_decks;
  run->order.sampling = run->saved.sampling;
  return status == STATUS_OK && run->saved.n_decks > 1
             ? sample_check_pair(run->order.decks, (const char *const[]){path, path})
             : status;
}

/* How many paths, how drawn, and which of them are sampled here. */
static enum status choose_paths(struct run *run) {
  const struct sampling_keys *keys = &run->order.decks[0].sampling;
  const struct run_options *options = run->options;
  struct order *order = &run->order;
  order->sampling = plan_sampling(keys, &order->paths);
  if (order->paths != keys->paths) {
    status_warn("%" PRId64 " replicates of %" PRId64 " Sobol points: %" PRId64
                " paths instead of %" PRId64,
                keys->replicates, order->sampling.points, order->paths, keys->paths);
  }
  const int64_t unit = order->sampling.points > 0 ? order->sampling.points : BLOCK_PATHS;
  if (options->n_until > 0 && options->paths[0] == '\0') {
    order->paths =
        plan_most(order->sampling); /* whose targets may need more than the deck says */
  }
  order->range = options->n_shards > 0
                     ? plan_shard(order->paths, unit, options->shard, options->n_shards)
                     : (struct path_range){0, order->paths};
  return order->range.first < order->range.end
             ? STATUS_OK
             : status_fail(STATUS_USAGE,
                           "shard %" PRId64 "/%" PRId64 " of %" PRId64
                           " paths is empty: shards are made of whole %s of %" PRId64 " paths",
                           options->shard, options->n_shards, order->paths,
                           order->sampling.points > 0 ? "replicates" : "blocks", unit);
}

/* Up to which path a result goes on. */
static enum status choose_extension(struct run *run) {
  const int64_t points = run->order.sampling.points, has = ranges_count(&run->saved.paths);
  uint64_t paths = 0;
  const bool whole = options_whole(strchr(run->options->paths, '=') + 1, &paths);
  if (!whole || paths > (uint64_t)plan_most(run->order.sampling)) {
    return status_fail(STATUS_USAGE, "--paths wants at most %" PRId64 " here",
                       plan_most(run->order.sampling));
  }
  run->order.paths = (int64_t)paths;
  if (points > 0) {
    run->order.paths = ((int64_t)paths + points - 1) / points * points;
  }
  run->order.range = (struct path_range){0, run->order.paths};
  if (run->order.paths < ranges_end(&run->saved.paths)) {
    return status_fail(STATUS_USAGE,
                       "%s holds %" PRId64 " paths already, up to number %" PRId64
                       "; --paths says up to which number it shall go on",
                       run->sample->extended, has, ranges_end(&run->saved.paths));
  }
  return STATUS_OK;
}

static enum status read_targets(struct run *run) {
  static const struct tally nothing;
  struct order *order = &run->order;
  struct layout layout;
  struct figures figures;
  enum status status = STATUS_OK;
  layout_make(&layout, &order->decks[0]);
  figures_make(&figures, &order->decks[0], &layout, &nothing,
               order->n_sides > 1 ? &nothing : NULL, order->n_sides > 1 ? &nothing : NULL,
               NULL);
  for (int i = 0; i < run->options->n_until; ++i) {
    const enum status mine = targets_add(&order->targets, run->options->until[i], &figures);
    status = mine > status ? mine : status;
  }
  return status;
}

/* The checkpoint's, if there is one to go on with. The result of a run that was cut off between
   writing it and removing its checkpoint is its own. */
static enum status open_checkpoint(struct run *run) {
  const struct run_options *options = run->options;
  struct snapshot mine = {.range = run->order.range, .targets = run->order.targets};
  if (options->checkpoint == NULL) {
    return STATUS_OK;
  }
  mine.saved.n_decks = run->order.n_sides;
  mine.saved.sampling = run->order.sampling;
  for (int i = 0; i < run->order.n_sides; ++i) {
    mine.saved.resolved[i] = run->resolved[i];
    snprintf(mine.saved.name[i], sizeof mine.saved.name[i], "%s", run->order.decks[i].name);
  }
  enum status status =
      checkpoint_open(&run->checkpoint, options->checkpoint, &mine, options->resume,
                      options->force, &run->resumed, &run->resumes);
  if (status == STATUS_OK && run->resumes && !options->quiet) {
    status_tell("goes on from %s", options->checkpoint);
  }
  return status;
}

/* OUT.paths.nc, if paths are to be written. */
static enum status choose_dump(struct run *run) {
  if (run->dump_calls == NULL) {
    return STATUS_OK;
  }
  const enum status status =
      files_beside(run->output, ".paths.nc", run->dump, sizeof run->dump);
  return status == STATUS_OK ? files_check(run->dump, run->options->force || run->resumes)
                             : status;
}

/* What writes dumps must be there on every rank. Collective. */
static enum status load_dump(struct run *run) {
  const struct run_options *options = run->options;
  char node[256] = ""; /* where it is not */
  if (options->dump_paths == 0 && options->dump_share == 0) {
    return STATUS_OK;
  }
  run->dump_calls = dump_load();
  if (run->dump_calls == NULL && gethostname(node, sizeof node - 1) != 0) {
    strcpy(node, "unknown");
  }
  if (team_first_text(run->team, node, sizeof node) == 0) {
    return STATUS_OK;
  }
  return run->team->rank == 0
             ? status_fail(STATUS_USAGE,
                           "--dump-paths: on %s there is no dump_parallel.so of this tenor; it "
                           "was built without parallel NetCDF of its MPI (Debian "
                           "libnetcdf-mpi-dev with Open MPI; Spack netcdf-c +mpi), or not all "
                           "of it was installed; all else works",
                           node)
             : STATUS_USAGE;
}

enum status sampling_prepare(struct run *run) {
  const bool extended = run->sample->extended != NULL;
  enum status status = load_dump(run);
  if (status != STATUS_OK || run->team->rank != 0) {
    return status;
  }
  status = extended ? read_saved(run) : read_decks(run);
  if (status == STATUS_OK) {
    status = extended ? choose_extension(run) : choose_paths(run);
  }
  if (status == STATUS_OK) {
    status = read_targets(run);
  }
  if (status == STATUS_OK) {
    status = open_checkpoint(run);
  }
  if (status == STATUS_OK) {
    status = choose_output(run);
  }
  return status == STATUS_OK ? choose_dump(run) : status;
}

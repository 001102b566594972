#include "edge/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double progress_clock(void) {
  struct timespec now;
  return clock_gettime(CLOCK_MONOTONIC, &now) == 0
             ? (double)now.tv_sec + 1e-9 * (double)now.tv_nsec
             : 0.0;
}

bool progress_parse(const char *word, enum progress_mode *mode) {
  static const char *const words[] = {"auto", "plain", "json", "none"};
  for (int i = 0; i < 4; ++i) {
    if (strcmp(word, words[i]) == 0) {
      *mode = (enum progress_mode)i;
      return true;
    }
  }
  return false;
}

void progress_start(struct progress *progress, enum progress_mode mode, int64_t before,
                    int64_t paths) {
  const double now = progress_clock();
  *progress = (struct progress){
      .mode = mode, .before = before, .paths = before + paths, .start = now, .last_time = now};
  progress->terminal = mode == PROGRESS_AUTO && isatty(STDERR_FILENO) == 1;
}

double progress_elapsed(const struct progress *progress) {
  return progress_clock() - progress->start;
}

static bool is_due(const struct progress *progress, int64_t percent, double now) {
  const double pause = now - progress->last_time;
  if (progress->terminal) {
    return pause >= 0.1 || percent == 100;
  }
  return percent / 5 > progress->last_percent / 5 || pause >= 30.0;
}

void progress_show(struct progress *progress, int64_t done) {
  const double now = progress_clock();
  progress->paths = done > progress->paths ? done : progress->paths;
  const int64_t percent = (int64_t)(100.0 * (double)done / (double)progress->paths);
  if (progress->mode == PROGRESS_NONE || !is_due(progress, percent, now)) {
    return;
  }
  const double elapsed = now - progress->start;
  const double rate = elapsed > 0.0 ? (double)(done - progress->before) / elapsed : 0.0;
  const double left = rate > 0.0 ? (double)(progress->paths - done) / rate : 0.0;
  if (progress->mode == PROGRESS_JSON) {
    fprintf(stderr,
            "{\"paths\": %" PRId64 ", \"of\": %" PRId64
            ", \"paths_per_second\": %.0f, \"eta_seconds\": %.1f, \"target\": \"%s\"}\n",
            done, progress->paths, rate, left, progress->worst);
  } else {
    fprintf(stderr,
            "%s%3" PRId64 " %%  %" PRId64 " of %s%" PRId64
            " paths  %.0f paths/s  %.0f s to go%s%s%s",
            progress->terminal ? "\r" : "", percent, done,
            progress->worst[0] != '\0' ? "about " : "", progress->paths, rate, left,
            progress->worst[0] != '\0' ? "  " : "", progress->worst,
            progress->terminal ? "   " : "\n");
  }
  progress->last_time = now;
  progress->last_percent = percent;
}

void progress_look(struct progress *progress, const struct targets *targets,
                   const struct look *look) {
  int worst = -1;
  double most = 0.0;
  for (int t = 0; t < targets->n; ++t) {
    const struct target *target = &targets->at[t];
    const double allowed = target->wanted * (target->relative ? fabs(look->value[t]) : 1.0);
    const double excess = isfinite(look->half[t]) ? look->half[t] / allowed : (double)INFINITY;
    if (!look->met[t] && excess >= most) {
      worst = t;
      most = excess;
    }
  }
  progress->worst[0] = '\0';
  if (worst >= 0) {
    const bool relative = targets->at[worst].relative;
    const double half = look->half[worst] / (relative ? fabs(look->value[worst]) / 100.0 : 1.0);
    snprintf(progress->worst, sizeof progress->worst, "%s is +/- %.3g%s",
             targets->at[worst].text, half, relative ? " %" : "");
  }
  if (look->predicted < 0x1p40) {
    progress->paths = (int64_t)look->predicted;
  }
}

void progress_end(struct progress *progress) {
  if (progress->terminal) {
    fputc('\n', stderr);
  }
}

#include "edge/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "edge/terminal.h"

static const double LONG = 120.0; /* [s] what nobody waits for without being told */

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
  *progress = (struct progress){.mode = mode,
                                .before = before,
                                .paths = before + paths,
                                .most = before + paths,
                                .start = now,
                                .last_time = now};
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

/* Seconds in words. */
static void tell_duration(double seconds, char *words, size_t size) {
  if (seconds < 600.0) {
    snprintf(words, size, "%.0f s", seconds);
  } else if (seconds < 36000.0) {
    snprintf(words, size, "%.0f min", seconds / 60.0);
  } else {
    snprintf(words, size, "%.3g h", seconds / 3600.0);
  }
}

/* At the first report, which comes after about a second, a long run says that it is one. */
static void warn_of_length(struct progress *progress, double left) {
  char words[32];
  const bool first = !progress->said_length;
  progress->said_length = true;
  if (first && left >= LONG && progress->mode != PROGRESS_JSON) {
    tell_duration(left, words, sizeof words);
    fprintf(stderr, "%stenor: this will take %s %s%s\n", progress->shown > 0 ? "\n" : "",
            progress->until ? "at most" : "about", words,
            progress->keepable ? "; --checkpoint FILE would keep what is done" : "");
    progress->shown = 0;
  }
}

/* On a terminal over the line before, all of which it covers; cut, because a line that is
   wrapped cannot be written over. */
static void put_line(struct progress *progress, const char *line) {
  if (!progress->terminal) {
    fprintf(stderr, "%s\n", line);
    return;
  }
  const int columns = terminal_columns(), length = (int)strlen(line);
  const int room = columns > 1 ? columns - 1 : length;
  const int shown = length < room ? length : room;
  const int covered = progress->shown < room ? progress->shown : room;
  fprintf(stderr, "\r%.*s%*s", shown, line, covered > shown ? covered - shown : 0, "");
  progress->shown = shown;
}

void progress_show(struct progress *progress, int64_t done) {
  const double now = progress_clock();
  progress->paths = done > progress->paths ? done : progress->paths;
  const int64_t percent = (int64_t)(100.0 * (double)done / (double)progress->paths);
  const double elapsed = now - progress->start;
  const double rate = elapsed > 0.0 ? (double)(done - progress->before) / elapsed : 0.0;
  const double left = rate > 0.0 ? (double)(progress->paths - done) / rate : 0.0;
  if (progress->mode == PROGRESS_NONE) {
    return;
  }
  if (elapsed >= 1.0) {
    warn_of_length(progress, left);
  }
  if (!is_due(progress, percent, now)) {
    return;
  }
  char words[32];
  tell_duration(left, words, sizeof words);
  if (progress->mode == PROGRESS_JSON) {
    fprintf(stderr,
            "{\"paths\": %" PRId64 ", \"of\": %" PRId64
            ", \"paths_per_second\": %.0f, \"eta_seconds\": %.1f, \"target\": \"%s\"}\n",
            done, progress->paths, rate, left, progress->worst);
  } else {
    char line[400];
    snprintf(line, sizeof line,
             "%3" PRId64 " %%  %" PRId64 " of %s%" PRId64 " paths  %.0f paths/s  %s to go%s%s",
             percent, done, progress->worst[0] != '\0' ? "about " : "", progress->paths, rate,
             words, progress->worst[0] != '\0' ? "  " : "", progress->worst);
    put_line(progress, line);
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
  progress->paths =
      look->predicted < (double)progress->most ? (int64_t)look->predicted : progress->most;
}

void progress_end(struct progress *progress) {
  if (progress->terminal) {
    fputc('\n', stderr);
  }
}

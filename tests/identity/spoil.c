/* To be preloaded: spoils the floating-point environment as a careless library would, when it
   is loaded, when MPI starts, and in every thread that is started; and says so on stderr.
   With SPOIL_FOR_GOOD=process nothing can be mended any more, with =thread nothing in the
   threads that are started. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fenv.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

static void spoil(const char *where) {
  fesetround(FE_UPWARD);
#if defined(__SSE2__)
  _mm_setcsr(_mm_getcsr() | 0x8040u); /* flush results, take operands for zero */
#elif defined(__aarch64__)
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  __asm__ volatile("msr fpcr, %0" : : "r"(fpcr | UINT64_C(1) << 24)); /* flush both */
#endif
  fprintf(stderr, "spoiled: %s\n", where);
}

/* dlsym gives an object pointer for a function: C has no cast for it, POSIX wants it so. */
static void find(const char *name, void *function) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) {
    abort();
  }
  memcpy(function, &found, sizeof found);
}

__attribute__((constructor)) static void when_loaded(void) {
  spoil("load");
}

int MPI_Init_thread(int *argc, char ***argv, int wanted, int *provided);

int MPI_Init_thread(int *argc, char ***argv, int wanted, int *provided) {
  int (*init)(int *, char ***, int, int *);
  find("MPI_Init_thread", &init);
  const int code = init(argc, argv, wanted, provided);
  spoil("MPI");
  return code;
}

static _Thread_local bool is_started;

int fesetenv(const fenv_t *environment) {
  const char *good = getenv("SPOIL_FOR_GOOD");
  int (*set)(const fenv_t *);
  find("fesetenv", &set);
  if (good != NULL && (strcmp(good, "process") == 0 || is_started)) {
    return 1;
  }
  return set(environment);
}

struct start {
  void *(*run)(void *);
  void *data;
};

static void *run_spoiled(void *data) {
  const struct start start = *(struct start *)data;
  free(data);
  is_started = true;
  spoil("thread");
  return start.run(start.data);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *data) {
  int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  struct start *start = malloc(sizeof *start);
  if (start == NULL) {
    abort();
  }
  *start = (struct start){run, data};
  find("pthread_create", &create);
  return create(thread, attributes, run_spoiled, start);
}

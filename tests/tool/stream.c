/* stream ORDER SEED [FIRST_PATH]

   The engine's random words as an endless binary stream on standard output, for batteries of
   tests. Both 64-bit words of each address that the sampler forms for a deck of three
   generations, two sites, two customers and ten years, and no others. ORDER is

     engine      group of 64 paths after group, a group's addresses as the sampler consumes them
     months      an address (month, purpose, block) of 16384 paths before the next address
     reversed    engine, the bits of each word from last to first
     seeds       an address of 64 neighbouring seeds before the next address
     replicates  an address of 64 neighbouring replicates before the next address

   and, to see that a battery can say no:

     two-rounds  engine with two rounds of Philox instead of ten
     congruence  a linear congruence modulo 2^32 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addresses.h"

enum { GROUPS = 256 }; /* of paths, that take an address together in the order `months` */
static const struct draw_shape SHAPE = {3, 2, 2, 120};

static void put(const uint64_t *words, size_t n) {
  if (fwrite(words, sizeof *words, n, stdout) != n) {
    fprintf(stderr, "stream: standard output does not take more\n");
    exit(EXIT_FAILURE);
  }
}

/* An address of one group of paths: the first word of each path, then the second. */
static void put_group(struct address address) {
  uint64_t words[2][LANES];
  philox_lanes(&address, words[0], words[1]);
  put(words[0], sizeof words / sizeof(uint64_t));
}

static uint64_t swap(uint64_t word, int distance, uint64_t mask) {
  return (word >> distance & mask) | (word & mask) << distance;
}

static uint64_t reverse(uint64_t word) {
  word = swap(word, 1, UINT64_C(0x5555555555555555));
  word = swap(word, 2, UINT64_C(0x3333333333333333));
  word = swap(word, 4, UINT64_C(0x0f0f0f0f0f0f0f0f));
  word = swap(word, 8, UINT64_C(0x00ff00ff00ff00ff));
  word = swap(word, 16, UINT64_C(0x0000ffff0000ffff));
  return word << 32 | word >> 32;
}

static void put_reversed(struct address address) {
  uint64_t words[2][LANES];
  philox_lanes(&address, words[0], words[1]);
  for (int i = 0; i < 2 * LANES; ++i) {
    words[i / LANES][i % LANES] = reverse(words[i / LANES][i % LANES]);
  }
  put(words[0], sizeof words / sizeof(uint64_t));
}

static void put_seeds(struct address address) {
  for (int i = 0; i < LANES; ++i, ++address.seed) {
    uint64_t words[2];
    philox_words(&address, words);
    put(words, 2);
  }
}

static void put_replicates(struct address address) {
  for (int i = 0; i < LANES; ++i, ++address.replicate) {
    uint64_t words[2];
    philox_words(&address, words);
    put(words, 2);
  }
}

static void put_two_rounds(struct address address) {
  uint64_t words[2][LANES];
  for (int i = 0; i < LANES; ++i, ++address.path) {
    uint32_t c[4];
    philox_counter(&address, c);
    uint32_t key0 = (uint32_t)address.seed, key1 = (uint32_t)(address.seed >> 32);
    for (int round = 0; round < 2; ++round) {
      const uint64_t product0 = (uint64_t)PHILOX_MULTIPLIER_0 * c[0];
      const uint64_t product1 = (uint64_t)PHILOX_MULTIPLIER_1 * c[2];
      const uint32_t next[4] = {(uint32_t)(product1 >> 32) ^ c[1] ^ key0, (uint32_t)product1,
                                (uint32_t)(product0 >> 32) ^ c[3] ^ key1, (uint32_t)product0};
      memcpy(c, next, sizeof c);
      key0 += PHILOX_WEYL_0;
      key1 += PHILOX_WEYL_1;
    }
    words[0][i] = (uint64_t)c[1] << 32 | c[0];
    words[1][i] = (uint64_t)c[3] << 32 | c[2];
  }
  put(words[0], sizeof words / sizeof(uint64_t));
}

/* All addresses of group after group; a group is `step` paths. */
static void by_groups(int64_t path, int64_t step, void (*put_one)(struct address)) {
  for (;; path += step) {
    for (int n = 0; n < n_noted; ++n) {
      struct address address = noted[n];
      address.path = path;
      put_one(address);
    }
  }
}

static void by_months(int64_t path) {
  for (;; path += GROUPS * LANES) {
    for (int n = 0; n < n_noted; ++n) {
      for (int64_t group = 0; group < GROUPS; ++group) {
        struct address address = noted[n];
        address.path = path + group * LANES;
        put_group(address);
      }
    }
  }
}

static void congruence(uint32_t state) {
  for (;;) {
    uint64_t word = 0;
    for (int half = 0; half < 2; ++half) {
      state = 1664525u * state + 1013904223u;
      word = word << 32 | state;
    }
    put(&word, 1);
  }
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int64_t step;
    void (*put_one)(struct address);
  } orders[] = {{"engine", LANES, put_group},
                {"reversed", LANES, put_reversed},
                {"seeds", 1, put_seeds},
                {"replicates", 1, put_replicates},
                {"two-rounds", LANES, put_two_rounds}};
  const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
  const int64_t path = argc > 3 ? strtoll(argv[3], NULL, 10) : 0;
  note_addresses(&(struct sampling){.seed = seed}, 0, &SHAPE);
  for (size_t n = 0; argc > 2 && n < sizeof orders / sizeof orders[0]; ++n) {
    if (strcmp(argv[1], orders[n].name) == 0) {
      by_groups(path, orders[n].step, orders[n].put_one);
    }
  }
  if (argc > 2 && strcmp(argv[1], "months") == 0) {
    by_months(path);
  }
  if (argc > 2 && strcmp(argv[1], "congruence") == 0) {
    congruence((uint32_t)seed);
  }
  fprintf(stderr,
          "usage: stream engine|months|reversed|seeds|replicates|two-rounds|congruence "
          "SEED [FIRST_PATH]\n");
  return EXIT_FAILURE;
}

/* Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw (SC11): a
   stateless function from a 128-bit counter and a 64-bit key to 128 bits. Here the key is the
   deck's seed and the counter an address:

     word 0   path, low 32 bits              word 2   month (16 bits) | block of draws << 16
     word 1   path, high 8 bits | replicate (24 bits) << 8
     word 3   purpose

   philox() is the plain form; philox_lanes() does LANES paths with neighbouring numbers and
   must agree with it word for word. */
#ifndef TENOR_RANDOM_PHILOX_H
#define TENOR_RANDOM_PHILOX_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "base/limits.h"
#include "math/lane.h"

enum { PHILOX_ROUNDS = 10 };
static const uint32_t PHILOX_MULTIPLIER_0 = 0xD2511F53u, PHILOX_MULTIPLIER_1 = 0xCD9E8D57u;
static const uint32_t PHILOX_WEYL_0 = 0x9E3779B9u, PHILOX_WEYL_1 = 0xBB67AE85u;

struct address { /* of one draw; path in 0 .. 2^40-1, replicate in 0 .. 2^24-1, month and block
                    16 bits */
  uint64_t seed;
  int64_t path;
  uint32_t replicate, month, block, purpose;
};

static inline void philox_counter(const struct address *address, uint32_t counter[4]) {
  counter[0] = (uint32_t)((uint64_t)address->path & 0xffffffffu);
  counter[1] = (uint32_t)((uint64_t)address->path >> 32) | address->replicate << 8;
  counter[2] = address->month | address->block << 16;
  counter[3] = address->purpose;
}

/* Turns the counter into 128 random bits, in place. */
static inline void philox(uint32_t counter[4], uint64_t seed) {
  uint32_t key0 = (uint32_t)(seed & 0xffffffffu), key1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < PHILOX_ROUNDS; ++round) {
    const uint64_t product0 = (uint64_t)PHILOX_MULTIPLIER_0 * counter[0];
    const uint64_t product1 = (uint64_t)PHILOX_MULTIPLIER_1 * counter[2];
    const uint32_t next0 = (uint32_t)(product1 >> 32) ^ counter[1] ^ key0;
    const uint32_t next2 = (uint32_t)(product0 >> 32) ^ counter[3] ^ key1;
    counter[1] = (uint32_t)product1;
    counter[3] = (uint32_t)product0;
    counter[0] = next0;
    counter[2] = next2;
    key0 += PHILOX_WEYL_0;
    key1 += PHILOX_WEYL_1;
  }
}

/* 52 of 64 random bits as a uniform (k + 1/2) 2^-52 in (0,1); it and one minus it are exact. */
static inline double philox_uniform(uint64_t bits) {
  return lane_from_bits(UINT64_C(0x3ff0000000000000) | bits >> 12) - (1.0 - 0x1p-53);
}

/* The two 64-bit words of an address. */
static inline void philox_words(const struct address *address, uint64_t words[2]) {
  uint32_t counter[4];
  philox_counter(address, counter);
  philox(counter, address->seed);
  words[0] = (uint64_t)counter[1] << 32 | counter[0];
  words[1] = (uint64_t)counter[3] << 32 | counter[2];
}

/* A vector of 64-bit lanes, each of which carries one 32-bit word in its lower half (the upper
   half is noise that the multiply never reads). The compilers do not find this form of the
   widening multiply by themselves. */
#if defined(__AVX512F__)
typedef __m512i philox_vector;
#define PHILOX_WIDTH 8
#define PHILOX_OP(name) _mm512_##name
#define PHILOX_XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define PHILOX_OR _mm512_or_si512
#define PHILOX_AND _mm512_and_si512
#define PHILOX_LOAD(from) _mm512_loadu_si512((const void *)(from))
#define PHILOX_STORE(to, value) _mm512_storeu_si512((void *)(to), value)
#elif defined(__AVX2__)
typedef __m256i philox_vector;
#define PHILOX_WIDTH 4
#define PHILOX_OP(name) _mm256_##name
#define PHILOX_XOR3(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define PHILOX_OR _mm256_or_si256
#define PHILOX_AND _mm256_and_si256
#define PHILOX_LOAD(from) _mm256_loadu_si256((const __m256i *)(from))
#define PHILOX_STORE(to, value) _mm256_storeu_si256((__m256i *)(to), value)
#elif defined(__SSE2__)
typedef __m128i philox_vector;
#define PHILOX_WIDTH 2
#define PHILOX_OP(name) _mm_##name
#define PHILOX_XOR3(a, b, c) _mm_xor_si128(_mm_xor_si128(a, b), c)
#define PHILOX_OR _mm_or_si128
#define PHILOX_AND _mm_and_si128
#define PHILOX_LOAD(from) _mm_loadu_si128((const __m128i *)(from))
#define PHILOX_STORE(to, value) _mm_storeu_si128((__m128i *)(to), value)
#elif defined(__ARM_NEON)
typedef uint64x2_t philox_vector;
#define PHILOX_WIDTH 2
#define PHILOX_OP(name) philox_##name
#define philox_mul_epu32(a, b) vmull_u32(vmovn_u64(a), vmovn_u64(b))
#define philox_srli_epi64(a, bits) vshrq_n_u64(a, bits)
#define philox_slli_epi64(a, bits) vshlq_n_u64(a, bits)
#define PHILOX_XOR3(a, b, c) veorq_u64(veorq_u64(a, b), c)
#define PHILOX_OR vorrq_u64
#define PHILOX_AND vandq_u64
#define PHILOX_LOAD(from) vld1q_u64(from)
#define PHILOX_STORE(to, value) vst1q_u64(to, value)
#endif

#if defined(PHILOX_WIDTH)
static inline philox_vector philox_word(uint32_t word) {
#if defined(__ARM_NEON)
  return vdupq_n_u64(word);
#elif PHILOX_WIDTH == 2
  return _mm_set1_epi64x((long long)word);
#elif PHILOX_WIDTH == 4
  return _mm256_set1_epi64x((long long)word);
#else
  return _mm512_set1_epi64((long long)word);
#endif
}

/* Words of the paths address->path + lane: word0[LANES], word1[LANES]. */
static inline void philox_lanes(const struct address *address, uint64_t *word0,
                                uint64_t *word1) {
  uint32_t first[4];
  philox_counter(address, first);
  const philox_vector low_half = philox_word(0xffffffffu);
  const philox_vector multiplier0 = philox_word(PHILOX_MULTIPLIER_0);
  const philox_vector multiplier1 = philox_word(PHILOX_MULTIPLIER_1);
  uint64_t path_low[LANES], path_high[LANES];
  for (int i = 0; i < LANES; ++i) {
    const uint64_t path = (uint64_t)address->path + (uint64_t)i;
    path_low[i] = path & 0xffffffffu;
    path_high[i] = path >> 32 | (uint64_t)(address->replicate << 8);
  }
  for (int i = 0; i < LANES; i += PHILOX_WIDTH) {
    philox_vector c0 = PHILOX_LOAD(path_low + i), c1 = PHILOX_LOAD(path_high + i);
    philox_vector c2 = philox_word(first[2]), c3 = philox_word(first[3]);
    uint32_t key0 = (uint32_t)(address->seed & 0xffffffffu),
             key1 = (uint32_t)(address->seed >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; ++round) {
      const philox_vector product0 = PHILOX_OP(mul_epu32)(c0, multiplier0);
      const philox_vector product1 = PHILOX_OP(mul_epu32)(c2, multiplier1);
      c0 = PHILOX_XOR3(PHILOX_OP(srli_epi64)(product1, 32), c1, philox_word(key0));
      c2 = PHILOX_XOR3(PHILOX_OP(srli_epi64)(product0, 32), c3, philox_word(key1));
      c1 = product1;
      c3 = product0;
      key0 += PHILOX_WEYL_0;
      key1 += PHILOX_WEYL_1;
    }
    PHILOX_STORE(word0 + i, PHILOX_OR(PHILOX_OP(slli_epi64)(c1, 32), PHILOX_AND(c0, low_half)));
    PHILOX_STORE(word1 + i, PHILOX_OR(PHILOX_OP(slli_epi64)(c3, 32), PHILOX_AND(c2, low_half)));
  }
}
#else
static inline void philox_lanes(const struct address *address, uint64_t *word0,
                                uint64_t *word1) {
  for (int i = 0; i < LANES; ++i) {
    struct address mine = *address;
    uint64_t words[2];
    mine.path += i;
    philox_words(&mine, words);
    word0[i] = words[0];
    word1[i] = words[1];
  }
}
#endif

#endif

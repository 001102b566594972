/* Loops over values compiled for several instruction sets, picked when the program is loaded.
   Unlike the model's kernels they stand alone, so the compiler can do the copying. They give
   the same bits: no fused operation is written in them, and none is contracted. */
#ifndef TENOR_STATS_VECTOR_H
#define TENOR_STATS_VECTOR_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VECTOR_CLONES
#endif

#endif

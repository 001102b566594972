/* Names that exist once per instruction set. The sampler and the model are compiled several
   times, with -DTENOR_ISA=_avx2 and the like; every function of theirs that is called from
   another file is named through ISA_NAME, so that the linker never takes one set's copy for
   another's. Without it the names are those of the set that every processor of the kind has:
   NEON on aarch64. */
#ifndef TENOR_RANDOM_ISA_H
#define TENOR_RANDOM_ISA_H

#ifndef TENOR_ISA
#ifdef __aarch64__
#define TENOR_ISA _neon
#else
#define TENOR_ISA _baseline
#endif
#endif
#define ISA_PASTE(name, isa) name##isa
#define ISA_EXPAND(name, isa) ISA_PASTE(name, isa)
#define ISA_NAME(name) ISA_EXPAND(name, TENOR_ISA)

#endif

/* What a measured speed depends on beside the program: the processor and how much of it we get,
   and the compiler. */
#ifndef TENOR_EDGE_MACHINE_H
#define TENOR_EDGE_MACHINE_H

#include <stddef.h>

/* The processor's name as the system tells it, else its architecture, cut to `size` bytes. */
void machine_processor(char *text, size_t size);

/* The compiler this program was built with, and its version. */
const char *machine_compiler(void);

/* What the calling thread has used of a processor [s]. */
double machine_thread_seconds(void);

#endif

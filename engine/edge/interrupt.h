/* Being told to stop: SIGTERM, SIGUSR1 and SIGINT only set a flag, which is looked at between
   two rounds. And not waiting for ever: an alarm ends a rank whose peers have gone silent. */
#ifndef TENOR_EDGE_INTERRUPT_H
#define TENOR_EDGE_INTERRUPT_H

#include <stdbool.h>

#include "base/status.h"

/* From now on the three signals set the flag instead of ending the process. Error:
   STATUS_FAILED. Not collective. */
enum status interrupt_catch(void);

/* Was this process told to stop? */
bool interrupt_seen(void);

/* From now on, until interrupt_heard, the process waits for others: after TENOR_PATIENCE
   seconds (600 if it is not set; 0: for ever) it says so and ends with STATUS_FAILED, and the
   MPI library ends the job. Only after interrupt_catch; otherwise nothing happens. */
void interrupt_wait(void);
void interrupt_heard(void);

#endif

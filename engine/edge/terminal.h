/* The terminal behind stderr. */
#ifndef TENOR_EDGE_TERMINAL_H
#define TENOR_EDGE_TERMINAL_H

/* How many columns it has; 0 if stderr is no terminal or does not tell. */
int terminal_columns(void);

#endif

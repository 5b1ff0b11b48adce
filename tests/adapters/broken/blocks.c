/* Sleeps on the loop. */
#include <time.h>

#include "contained.h"

CONTAINED(ask, nanosleep(&(struct timespec){.tv_sec = 2}, NULL))
PROBE_ENTRY("blocks", probe_methods[0].message = ask)

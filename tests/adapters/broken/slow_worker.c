/* Sleeps on a worker, longer than its callers wait. */
#include <time.h>

#include "contained.h"

CONTAINED(ask, nanosleep(&(struct timespec){.tv_sec = 2}, NULL))
PROBE_ENTRY("slow_worker", probe_methods[0].message = ask; probe_methods[0].place = GW_PLACE_WORKER)

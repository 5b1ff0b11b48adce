/* Publishes what `options` publishes: one of the two too many. */
#include "probe.h"

PROBE_ENTRY("twin", (void)a)

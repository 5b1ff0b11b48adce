/* Fails in a way that it can not name. */
#include "contained.h"

CONTAINED(ask, return -1)
PROBE_ENTRY("fails_always", probe_methods[0].message = ask)

/* Returns as if it would answer later. */
#include "contained.h"

CONTAINED(ask, return 0)
PROBE_ENTRY("never_answers", probe_methods[0].message = ask)

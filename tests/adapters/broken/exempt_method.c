/* Would answer without an entry in the exchange log. */
#include "probe.h"

PROBE_ENTRY("exempt_method", probe_methods[0].flags = GW_METHOD_EXEMPT)

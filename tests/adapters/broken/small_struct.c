/* Says that its struct ends before what its version has. */
#include "probe.h"

PROBE_ENTRY("small_struct", a.struct_size = offsetof(struct gw_adapter, tick_ms))

/* Its descriptor set is of something else: callers could not be told of the service. */
#include "probe.h"

PROBE_ENTRY("service_missing", a.descriptor_set_size = 0)

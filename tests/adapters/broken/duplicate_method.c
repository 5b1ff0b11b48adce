/* One method, two rows. */
#include "probe.h"

PROBE_ENTRY("duplicate_method", {
    probe_methods[1] = probe_methods[0];
    probe_services[0].method_count = 2;
})

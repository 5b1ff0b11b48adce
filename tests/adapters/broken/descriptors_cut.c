/* Half of its descriptor set. */
#include "probe.h"

PROBE_ENTRY("descriptors_cut", a.descriptor_set_size = probe_fds_size / 2)

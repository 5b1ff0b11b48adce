/* Built with a header that is newer than the gateway. */
#include "probe.h"

PROBE_ENTRY("newer_minor", a.abi_minor = GW_ADAPTER_ABI_MINOR + 1)

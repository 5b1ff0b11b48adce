/* Another major version: nothing but the first three fields may be read. */
#include "probe.h"

PROBE_ENTRY("wrong_major", {
    a.abi_major = GW_ADAPTER_ABI_MAJOR + 1;
    a.name = (const char *)8;
})

/* A shared object, and no adapter. */
#include "probe.h"

PROBE_EXPORT gw_adapter_entry_fn adapter_entry;
const struct gw_adapter *adapter_entry(void)
{
    return NULL;
}

/* Its init() fails. */
#include "probe.h"

static int32_t fails(const struct gw_adapter_host *h, void **ret_adapter)
{
    (void)h, (void)ret_adapter;
    return -1;
}

PROBE_ENTRY("init_fails", a.init = fails)

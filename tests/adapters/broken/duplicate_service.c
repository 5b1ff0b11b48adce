/* A service that grants could not tell from the gateway's own. */
#include "probe.h"

static struct gw_adapter_method check[] = {{.name = "Check", .message = probe_ask}};

PROBE_ENTRY("duplicate_service", {
    probe_services[0] =
        (struct gw_adapter_service){&xinqiao__test__v1__health__descriptor, check, 1};
})

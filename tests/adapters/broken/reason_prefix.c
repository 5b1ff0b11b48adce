/* A reason that could be anybody's. */
#include "probe.h"

static const struct gw_adapter_reason reasons[] = {
    {.code = "overload-of-mine", .grpc = 8, .zh = "过载", .en = "overload"}};

PROBE_ENTRY("reason_prefix", {
    a.reasons = reasons;
    a.reason_count = 1;
})

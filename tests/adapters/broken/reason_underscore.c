/* A reason that no entry of the exchange log could hold. */
#include "probe.h"

static const struct gw_adapter_reason reasons[] = {
    {.code = "reason-underscore-not_found", .grpc = 5, .zh = "没有", .en = "not found"}};

PROBE_ENTRY("reason_underscore", {
    a.reasons = reasons;
    a.reason_count = 1;
})

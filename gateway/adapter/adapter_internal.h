/* Shared inside adapter/: the table of operations that handlers are lent. */
#ifndef GW_ADAPTER_INTERNAL_H
#define GW_ADAPTER_INTERNAL_H

#include "adapter/adapter.h"

extern const struct gw_adapter_host gw_adapter_host_ops;

/* Ends the call from our side, if the handler has not: its own failure. */
void gw_adapter_fail(struct gw_adapter_call *c, const char *reason);

#endif

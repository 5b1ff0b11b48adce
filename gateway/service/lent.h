/* Shared by lent.c and lent_law.c: what the powers of adapters work with. */
#ifndef GW_SERVICE_LENT_H
#define GW_SERVICE_LENT_H

#include "adapter/adapter.h"
#include "service/service_internal.h"

/* The call's generation, caller, clock and memory, without host operations: powers end no calls. */
struct gw_service_ctx gw_service_lent_ctx(struct gw_adapter_call *c);
/* A record of the gateway as a message of the adapter's own `type`, and back; both in the segment's
 * memory. Two builds may know different editions of the schema: bytes are what they share. NULL:
 * out of memory, or no record. */
ProtobufCMessage *gw_service_lent_give(struct gw_adapter_call *c, const gw_record *r,
                                       const ProtobufCMessageDescriptor *type);
gw_record *gw_service_lent_take(struct gw_adapter_call *c, const ProtobufCMessage *m);

int32_t gw_service_lent_list(struct gw_adapter_call *c, const char *id,
                             struct gw_adapter_list *ret);
int32_t gw_service_lent_list_at(struct gw_adapter_call *c, size_t i, struct gw_adapter_list *ret);
int32_t gw_service_lent_measures(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                 const struct gw_adapter_measure **ret, size_t *ret_count);
int32_t gw_service_lent_end(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            uint32_t clock, int32_t *ret_day);
int32_t gw_service_lent_benefit_purpose(struct gw_adapter_call *c, const char *purpose);

#endif

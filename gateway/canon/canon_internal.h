/* Shared inside canon/: access to fields of protobuf-c messages by descriptor. */
#ifndef GW_CANON_CANON_INTERNAL_H
#define GW_CANON_CANON_INTERNAL_H

#include "canon/canon.h"

/* The C member of a field. */
static inline void *gw_canon_member(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (char *)m + f->offset;
}

static inline const void *gw_canon_member_peek(const ProtobufCMessage *m,
                                               const ProtobufCFieldDescriptor *f)
{
    return (const char *)m + f->offset;
}

/* The count of a repeated field, the case of a oneof. */
static inline void *gw_canon_quantifier(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (char *)m + f->quantifier_offset;
}

static inline const void *gw_canon_quantifier_peek(const ProtobufCMessage *m,
                                                   const ProtobufCFieldDescriptor *f)
{
    return (const char *)m + f->quantifier_offset;
}

static inline bool gw_canon_in_oneof(const ProtobufCFieldDescriptor *f)
{
    return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* A singular sub-message, NULL when it is not set (or another member of its oneof is). */
static inline ProtobufCMessage *gw_canon_sub(const ProtobufCMessage *m,
                                             const ProtobufCFieldDescriptor *f)
{
    if (gw_canon_in_oneof(f) && *(const uint32_t *)gw_canon_quantifier_peek(m, f) != f->id)
        return NULL;
    return *(ProtobufCMessage *const *)gw_canon_member_peek(m, f);
}

/* A message with its defaults; NULL over the arena's budget. */
ProtobufCMessage *gw_canon_message_new(const ProtobufCMessageDescriptor *d, struct gw_arena *a);

/* Is the message a date (end date, instant, sum) that the value types can hold. */
bool gw_canon_date_ok(const Xinqiao__V1__Date *d);
bool gw_canon_end_date_ok(const Xinqiao__V1__EndDate *d);
bool gw_canon_timestamp_ok(const Google__Protobuf__Timestamp *t);
bool gw_canon_money_ok(const Xinqiao__V1__Money *m);

#endif

/* The record as a whole: new, packed, unpacked into an arena and checked to hold only what the rest
 * of the program can mean (real dates, known codes, one payload that fits its kind). */
#include "canon/canon_internal.h"

/* Seconds of 0001-01-01 and behind 9999-12-31, in UTC. A day less at each end: UTC+8 is in range
 * too. */
#define FIRST_SECOND INT64_C(-62135510400)
#define LAST_SECOND  INT64_C(253402214400)

static void *arena_alloc(void *data, size_t size)
{
    return gw_arena_alloc(data, size);
}

/* The arena is freed as a whole. */
static void arena_free(void *data, void *ptr)
{
    (void)data;
    (void)ptr;
}

void gw_canon_allocator(struct gw_arena *a, ProtobufCAllocator *ret)
{
    *ret = (ProtobufCAllocator){.alloc = arena_alloc, .free = arena_free, .allocator_data = a};
}

gw_record *gw_canon_record_new(struct gw_arena *a)
{
    return (gw_record *)gw_canon_message_new(&xinqiao__v1__record__descriptor, a);
}

bool gw_canon_date_ok(const Xinqiao__V1__Date *d)
{
    if (d->year < 1 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 || d->day > 31)
        return false;
    return gw_date_valid((struct gw_date){(int16_t)d->year, (uint8_t)d->month, (uint8_t)d->day});
}

bool gw_canon_end_date_ok(const Xinqiao__V1__EndDate *d)
{
    return d->no_end ? d->date == NULL : d->date != NULL && gw_canon_date_ok(d->date);
}

bool gw_canon_timestamp_ok(const Google__Protobuf__Timestamp *t)
{
    return t->seconds >= FIRST_SECOND && t->seconds < LAST_SECOND && t->nanos >= 0 &&
           t->nanos < 1000000000;
}

bool gw_canon_money_ok(const Xinqiao__V1__Money *m)
{
    return m->fen >= 0;
}

static bool message_ok(const ProtobufCMessage *m);

static bool enum_field_ok(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const int32_t *value = gw_canon_member_peek(m, f);
    size_t count = 1;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        count = *(const size_t *)gw_canon_quantifier_peek(m, f);
        value = *(const int32_t *const *)gw_canon_member_peek(m, f);
    }
    for (size_t i = 0; i < count; i++) {
        if (protobuf_c_enum_descriptor_get_value(f->descriptor, value[i]) == NULL)
            return false;
    }
    return true;
}

static bool message_field_ok(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)gw_canon_quantifier_peek(m, f);
        const ProtobufCMessage *const *sub =
            *(const ProtobufCMessage *const *const *)gw_canon_member_peek(m, f);
        for (size_t i = 0; i < count; i++) {
            if (!message_ok(sub[i]))
                return false;
        }
        return true;
    }
    const ProtobufCMessage *sub = gw_canon_sub(m, f);
    return sub == NULL || message_ok(sub);
}

/* Depth is bounded by the schema: no message of the record contains itself. */
static bool message_ok(const ProtobufCMessage *m)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;
    if (d == &xinqiao__v1__date__descriptor)
        return gw_canon_date_ok((const Xinqiao__V1__Date *)m);
    if (d == &xinqiao__v1__end_date__descriptor)
        return gw_canon_end_date_ok((const Xinqiao__V1__EndDate *)m);
    if (d == &google__protobuf__timestamp__descriptor)
        return gw_canon_timestamp_ok((const Google__Protobuf__Timestamp *)m);
    if (d == &xinqiao__v1__money__descriptor)
        return gw_canon_money_ok((const Xinqiao__V1__Money *)m);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (f->type == PROTOBUF_C_TYPE_ENUM && !enum_field_ok(m, f))
            return false;
        if (f->type == PROTOBUF_C_TYPE_MESSAGE && !message_field_ok(m, f))
            return false;
    }
    return true;
}

bool gw_canon_payload_fits(const gw_record *r)
{
    switch (r->payload_case) {
#define GW_CANON_KIND(kind_, name, field)                                                          \
    case XINQIAO__V1__RECORD__PAYLOAD_##kind_:                                                     \
        return r->kind == XINQIAO__V1__KIND__KIND_##kind_;
#include "canon/kinds.def"
#undef GW_CANON_KIND
    case XINQIAO__V1__RECORD__PAYLOAD__NOT_SET:
    case _XINQIAO__V1__RECORD__PAYLOAD__CASE_IS_INT_SIZE:
    default:
        return false;
    }
}

enum gw_status gw_canon_unpack(struct gw_bytes b, struct gw_arena *a, gw_record **ret)
{
    enum gw_status checked = gw_canon_message_check(&xinqiao__v1__record__descriptor, b, NULL);
    if (checked != GW_OK)
        return checked == GW_CORRUPT ? GW_INVALID : checked;
    ProtobufCAllocator alloc;
    gw_canon_allocator(a, &alloc);
    static const uint8_t nothing;
    gw_record *r = xinqiao__v1__record__unpack(&alloc, b.len, b.len != 0 ? b.ptr : &nothing);
    if (r == NULL)
        return gw_arena_failed(a) ? GW_NOMEM : GW_INVALID;
    if (!message_ok(&r->base))
        return GW_INVALID;
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD__NOT_SET && !gw_canon_payload_fits(r))
        return GW_INVALID;
    *ret = r;
    return GW_OK;
}

enum gw_status gw_canon_pack(const gw_record *r, struct gw_buf *ret)
{
    size_t size = xinqiao__v1__record__get_packed_size(r);
    if (size == 0)
        return gw_buf_failed(ret);
    uint8_t *at = gw_buf_extend(ret, size);
    if (at == NULL)
        return gw_buf_failed(ret);
    size_t written = xinqiao__v1__record__pack(r, at);
    return GW_BUG_ON(written != size) ? GW_INTERNAL : GW_OK;
}

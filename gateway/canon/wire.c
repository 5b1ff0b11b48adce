/* A protobuf message as bytes, checked against its descriptor before protobuf-c unpacks it.
 * protobuf-c 1.4 looks neither at UTF-8 nor at NULs inside strings (its strings end there) nor at
 * nesting. */
#include "base/cursor.h"
#include "base/text.h"
#include "canon/canon.h"

enum { MAX_DEPTH = 16 };
enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Any legal spelling of a varint, not the shortest alone: protobuf allows padding. */
static enum gw_status take_varint(struct gw_cursor *c, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        GW_TRY(gw_cursor_u8(c, &byte));
        if (shift == 63 && byte > 1)
            return GW_INVALID;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = v;
            return GW_OK;
        }
    }
    return GW_INVALID;
}

static enum gw_status take_value(struct gw_cursor *c, unsigned wire, struct gw_bytes *ret)
{
    uint64_t len = 0;
    *ret = GW_BYTES_NONE;
    switch (wire) {
    case WIRE_VARINT:
        return take_varint(c, &len);
    case WIRE_FIXED64:
        return gw_cursor_take(c, 8, ret);
    case WIRE_FIXED32:
        return gw_cursor_take(c, 4, ret);
    case WIRE_BYTES:
        GW_TRY(take_varint(c, &len));
        if (len > gw_cursor_left(c))
            return GW_TRUNCATED;
        return gw_cursor_take(c, (size_t)len, ret);
    default: /* groups are not of proto3 */
        return GW_INVALID;
    }
}

static unsigned wire_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return WIRE_VARINT;
    }
}

static enum gw_status check_message(const ProtobufCMessageDescriptor *d, struct gw_bytes b,
                                    unsigned depth, size_t *unknown);

static enum gw_status check_field(const ProtobufCFieldDescriptor *f, unsigned wire,
                                  struct gw_bytes value, unsigned depth, size_t *unknown)
{
    unsigned want = wire_of(f->type);
    bool packed = f->label == PROTOBUF_C_LABEL_REPEATED && want != WIRE_BYTES && wire == WIRE_BYTES;
    if (packed)
        return GW_OK; /* protobuf-c checks the elements */
    if (wire != want)
        return GW_INVALID;
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        bool nul = value.len != 0 && memchr(value.ptr, 0, value.len) != NULL;
        return nul || !gw_utf8_valid(value) ? GW_CORRUPT : GW_OK;
    }
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        return check_message(f->descriptor, value, depth + 1, unknown);
    return GW_OK;
}

static enum gw_status check_message(const ProtobufCMessageDescriptor *d, struct gw_bytes b,
                                    unsigned depth, size_t *unknown)
{
    if (depth > MAX_DEPTH)
        return GW_TOO_LARGE;
    struct gw_cursor c = gw_cursor_make(b);
    while (gw_cursor_left(&c) != 0) {
        uint64_t tag;
        struct gw_bytes value;
        GW_TRY(take_varint(&c, &tag));
        uint64_t id = tag >> 3;
        if (id == 0 || id > 0x1fffffff)
            return GW_INVALID;
        unsigned wire = (unsigned)(tag & 7);
        GW_TRY(take_value(&c, wire, &value));
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field(d, (unsigned)id);
        if (f == NULL)
            ++*unknown;
        else
            GW_TRY(check_field(f, wire, value, depth, unknown));
    }
    return GW_OK;
}

enum gw_status gw_canon_message_check(const ProtobufCMessageDescriptor *d, struct gw_bytes b,
                                      size_t *ret_unknown)
{
    size_t unknown = 0;
    enum gw_status st = check_message(d, b, 1, &unknown);
    if (st == GW_TRUNCATED)
        st = GW_INVALID;
    if (st == GW_OK && ret_unknown != NULL)
        *ret_unknown = unknown;
    return st;
}

/* Small values of messages: identifiers, instants, packed bytes. */
#include "base/clock.h"
#include "base/text.h"
#include "service/service_internal.h"

static bool is_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

enum gw_status gw_service_uuid_parse(const char *text, uint8_t ret[16])
{
    char hex[32];
    uint8_t id[16];
    size_t n = 0;
    if (strnlen(text, GW_UUID_TEXT) != GW_UUID_TEXT - 1)
        return GW_INVALID;
    for (size_t i = 0; i < GW_UUID_TEXT - 1; i++) {
        if (is_dash(i) != (text[i] == '-'))
            return GW_INVALID;
        if (!is_dash(i))
            hex[n++] = text[i];
    }
    GW_TRY(gw_hex_decode(gw_bytes_make(hex, sizeof(hex)), id, sizeof(id)));
    memcpy(ret, id, sizeof(id));
    return GW_OK;
}

void gw_service_uuid_format(const uint8_t id[16], char ret[GW_UUID_TEXT])
{
    static const char digit[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < 16; i++) {
        if (is_dash(n))
            ret[n++] = '-';
        ret[n++] = digit[id[i] >> 4];
        ret[n++] = digit[id[i] & 15];
    }
    ret[n] = '\0';
}

Google__Protobuf__Timestamp *gw_service_timestamp(struct gw_arena *a, int64_t us)
{
    if (us == 0)
        return NULL;
    Google__Protobuf__Timestamp *t = gw_arena_new_of(a, Google__Protobuf__Timestamp);
    if (t == NULL)
        return NULL;
    google__protobuf__timestamp__init(t);
    int64_t rest = us % GW_USEC_PER_SEC;
    t->seconds = us / GW_USEC_PER_SEC - (rest < 0);
    t->nanos = (int32_t)((rest < 0 ? rest + GW_USEC_PER_SEC : rest) * 1000);
    return t;
}

int64_t gw_service_timestamp_us(const Google__Protobuf__Timestamp *t)
{
    int64_t us;
    if (t == NULL || t->nanos < 0 || t->nanos > 999999999 ||
        __builtin_mul_overflow(t->seconds, GW_USEC_PER_SEC, &us) ||
        __builtin_add_overflow(us, t->nanos / 1000, &us))
        return 0;
    return us;
}

struct gw_bytes gw_service_pack(struct gw_arena *a, const ProtobufCMessage *m)
{
    size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *p = gw_arena_alloc(a, len);
    if (p == NULL)
        return GW_BYTES_NONE;
    protobuf_c_message_pack(m, p);
    return gw_bytes_make(p, len);
}

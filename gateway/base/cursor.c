/* Bounds-checked reading; writing is in buf.c. */
#include "base/cursor.h"

enum { VARINT_MAX_LEN = 10 };

static enum gw_status take_be(struct gw_cursor *c, size_t len, uint64_t *ret)
{
    if (gw_cursor_left(c) < len)
        return GW_TRUNCATED;
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v << 8 | c->ptr[i];
    c->ptr += len;
    *ret = v;
    return GW_OK;
}

enum gw_status gw_cursor_u8(struct gw_cursor *c, uint8_t *ret)
{
    uint64_t v;
    GW_TRY(take_be(c, 1, &v));
    *ret = (uint8_t)v;
    return GW_OK;
}

enum gw_status gw_cursor_u16be(struct gw_cursor *c, uint16_t *ret)
{
    uint64_t v;
    GW_TRY(take_be(c, 2, &v));
    *ret = (uint16_t)v;
    return GW_OK;
}

enum gw_status gw_cursor_u32be(struct gw_cursor *c, uint32_t *ret)
{
    uint64_t v;
    GW_TRY(take_be(c, 4, &v));
    *ret = (uint32_t)v;
    return GW_OK;
}

enum gw_status gw_cursor_u64be(struct gw_cursor *c, uint64_t *ret)
{
    return take_be(c, 8, ret);
}

enum gw_status gw_cursor_take(struct gw_cursor *c, size_t len, struct gw_bytes *ret)
{
    if (gw_cursor_left(c) < len)
        return GW_TRUNCATED;
    *ret = gw_bytes_make(c->ptr, len);
    if (len != 0)
        c->ptr += len;
    return GW_OK;
}

enum gw_status gw_cursor_varint(struct gw_cursor *c, uint64_t *ret)
{
    size_t left = gw_cursor_left(c);
    uint64_t v = 0;
    for (size_t i = 0; i < VARINT_MAX_LEN; i++) {
        if (i == left)
            return GW_TRUNCATED;
        uint8_t b = c->ptr[i];
        /* The tenth byte has room for bit 63 only. */
        if (i == VARINT_MAX_LEN - 1 && b > 1)
            return GW_INVALID;
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            /* A last byte of zero adds nothing: a shorter spelling exists. */
            if (b == 0 && i != 0)
                return GW_INVALID;
            c->ptr += i + 1;
            *ret = v;
            return GW_OK;
        }
    }
    return GW_INVALID;
}

enum gw_status gw_cursor_until(struct gw_cursor *c, uint8_t stop, struct gw_bytes *ret)
{
    size_t left = gw_cursor_left(c);
    const uint8_t *at = left != 0 ? memchr(c->ptr, stop, left) : NULL;
    if (at == NULL)
        return GW_NOT_FOUND;
    *ret = gw_bytes_make(c->ptr, (size_t)(at - c->ptr));
    c->ptr = at + 1;
    return GW_OK;
}

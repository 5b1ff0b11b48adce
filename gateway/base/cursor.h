/* Bounds-checked reading: every take checks the rest first; no arithmetic on raw pointers
 * elsewhere. */
#ifndef GW_BASE_CURSOR_H
#define GW_BASE_CURSOR_H

#include "base/bytes.h"
#include "base/check.h"

struct gw_cursor {
    const uint8_t *ptr;
    const uint8_t *end;
};

static inline struct gw_cursor gw_cursor_make(struct gw_bytes b)
{
    return (struct gw_cursor){b.ptr, b.len != 0 ? b.ptr + b.len : b.ptr};
}

static inline size_t gw_cursor_left(const struct gw_cursor *c)
{
    return (size_t)(c->end - c->ptr);
}

/* All return GW_TRUNCATED, the cursor unmoved, when fewer bytes are left. */
GW_MUST_USE enum gw_status gw_cursor_u8(struct gw_cursor *c, uint8_t *ret);
GW_MUST_USE enum gw_status gw_cursor_u16be(struct gw_cursor *c, uint16_t *ret);
GW_MUST_USE enum gw_status gw_cursor_u32be(struct gw_cursor *c, uint32_t *ret);
GW_MUST_USE enum gw_status gw_cursor_u64be(struct gw_cursor *c, uint64_t *ret);
/* Borrows `len` bytes, valid as long as the input. */
GW_MUST_USE enum gw_status gw_cursor_take(struct gw_cursor *c, size_t len, struct gw_bytes *ret);
/* Base-128 varint of minimal length; GW_INVALID for more than 64 bits or a non-minimal spelling. */
GW_MUST_USE enum gw_status gw_cursor_varint(struct gw_cursor *c, uint64_t *ret);
/* Up to and without `stop`, which is consumed; GW_NOT_FOUND, unmoved, when it does not occur. */
GW_MUST_USE enum gw_status gw_cursor_until(struct gw_cursor *c, uint8_t stop, struct gw_bytes *ret);

#endif

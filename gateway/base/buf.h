/* A growing byte buffer with a hard limit. Appending after a failure is a no-op: append freely,
 * ask gw_buf_failed() once before the contents are used. */
#ifndef GW_BASE_BUF_H
#define GW_BASE_BUF_H

#include "base/bytes.h"
#include "base/check.h"

struct gw_buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;            /* hard limit on len */
    enum gw_status failed; /* GW_OK, GW_NOMEM or GW_TOO_LARGE; sticky until reset */
    bool fixed;            /* the caller's memory: never grown or freed */
};

void gw_buf_init(struct gw_buf *b, size_t max_bytes);
/* Writes into the caller's `mem`; over its size is GW_TOO_LARGE. */
void gw_buf_init_fixed(struct gw_buf *b, void *mem, size_t size);
void gw_buf_fini(struct gw_buf *b);
/* Empties, keeps the memory, clears `failed`. */
void gw_buf_reset(struct gw_buf *b);

void gw_buf_append(struct gw_buf *b, const void *ptr, size_t len);
void gw_buf_bytes(struct gw_buf *b, struct gw_bytes bytes);
void gw_buf_str(struct gw_buf *b, const char *s);
void gw_buf_printf(struct gw_buf *b, const char *fmt, ...) GW_PRINTF(2, 3);
void gw_buf_u8(struct gw_buf *b, uint8_t v);
void gw_buf_u16be(struct gw_buf *b, uint16_t v);
void gw_buf_u32be(struct gw_buf *b, uint32_t v);
void gw_buf_u64be(struct gw_buf *b, uint64_t v);
void gw_buf_varint(struct gw_buf *b, uint64_t v);
/* Room for `len` bytes to be filled by the caller, counted at once; NULL when failed. */
uint8_t *gw_buf_extend(struct gw_buf *b, size_t len);
/* Reserves a length prefix of 4 bytes; gw_buf_end_u32be() fills it with what came since. */
size_t gw_buf_begin_u32be(struct gw_buf *b);
void gw_buf_end_u32be(struct gw_buf *b, size_t mark);
/* Removes `len` bytes from the front. */
void gw_buf_consume(struct gw_buf *b, size_t len);

static inline enum gw_status gw_buf_failed(const struct gw_buf *b)
{
    return b->failed;
}

/* Borrowed until the next append, reset or fini. */
static inline struct gw_bytes gw_buf_view(const struct gw_buf *b)
{
    return (struct gw_bytes){b->ptr, b->len};
}

#endif

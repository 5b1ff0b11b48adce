/* The growing byte buffer; reading is in cursor.c. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 256, PRINTF_STACK = 256 };

void gw_buf_init(struct gw_buf *b, size_t max_bytes)
{
    *b = (struct gw_buf){.max = max_bytes};
}

void gw_buf_init_fixed(struct gw_buf *b, void *mem, size_t size)
{
    *b = (struct gw_buf){.ptr = mem, .cap = size, .max = size, .fixed = true};
}

void gw_buf_fini(struct gw_buf *b)
{
    if (!b->fixed)
        free(b->ptr);
    *b = (struct gw_buf){0};
}

void gw_buf_reset(struct gw_buf *b)
{
    b->len = 0;
    b->failed = GW_OK;
}

static bool make_room(struct gw_buf *b, size_t add)
{
    if (b->failed != GW_OK)
        return false;
    size_t need;
    if (__builtin_add_overflow(b->len, add, &need) || need > b->max) {
        b->failed = GW_TOO_LARGE;
        return false;
    }
    if (need <= b->cap)
        return true;
    size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
    while (cap < need && cap <= b->max / 2)
        cap *= 2;
    if (cap < need || cap > b->max)
        cap = b->max;
    uint8_t *grown = realloc(b->ptr, cap);
    if (grown == NULL) {
        b->failed = GW_NOMEM;
        return false;
    }
    b->ptr = grown;
    b->cap = cap;
    return true;
}

uint8_t *gw_buf_extend(struct gw_buf *b, size_t len)
{
    /* One byte more of room for an empty piece, so that NULL always means failed. */
    if (!make_room(b, len) || (b->ptr == NULL && !make_room(b, 1)))
        return NULL;
    uint8_t *at = b->ptr + b->len;
    b->len += len;
    return at;
}

void gw_buf_append(struct gw_buf *b, const void *ptr, size_t len)
{
    if (len == 0 || !make_room(b, len))
        return;
    memcpy(b->ptr + b->len, ptr, len);
    b->len += len;
}

void gw_buf_bytes(struct gw_buf *b, struct gw_bytes bytes)
{
    gw_buf_append(b, bytes.ptr, bytes.len);
}

void gw_buf_str(struct gw_buf *b, const char *s)
{
    gw_buf_append(b, s, strlen(s));
}

/* Formats beside the buffer, not in it: vsnprintf wants room for a NUL that the limit may not have.
 */
void gw_buf_printf(struct gw_buf *b, const char *fmt, ...)
{
    if (b->failed != GW_OK)
        return;
    char stack[PRINTF_STACK];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(stack, sizeof(stack), fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = GW_NOMEM;
        return;
    }
    if ((size_t)n < sizeof(stack)) {
        gw_buf_append(b, stack, (size_t)n);
        return;
    }
    char *heap = malloc((size_t)n + 1);
    if (heap == NULL) {
        b->failed = GW_NOMEM;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(heap, (size_t)n + 1, fmt, ap);
    va_end(ap);
    gw_buf_append(b, heap, (size_t)n);
    free(heap);
}

static void put_be(struct gw_buf *b, uint64_t v, size_t len)
{
    uint8_t *at = gw_buf_extend(b, len);
    if (at == NULL)
        return;
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

void gw_buf_u8(struct gw_buf *b, uint8_t v)
{
    gw_buf_append(b, &v, 1);
}

void gw_buf_u16be(struct gw_buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void gw_buf_u32be(struct gw_buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void gw_buf_u64be(struct gw_buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void gw_buf_varint(struct gw_buf *b, uint64_t v)
{
    uint8_t out[10];
    size_t n = 0;
    while (v >= 0x80) {
        out[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    gw_buf_append(b, out, n);
}

size_t gw_buf_begin_u32be(struct gw_buf *b)
{
    size_t mark = b->len;
    put_be(b, 0, 4);
    return mark;
}

void gw_buf_end_u32be(struct gw_buf *b, size_t mark)
{
    if (b->failed != GW_OK)
        return;
    if (GW_BUG_ON(b->len < 4 || mark > b->len - 4)) {
        b->failed = GW_INTERNAL;
        return;
    }
    size_t body = b->len - mark - 4;
    if (body > UINT32_MAX) {
        b->failed = GW_TOO_LARGE;
        return;
    }
    for (size_t i = 0; i < 4; i++)
        b->ptr[mark + i] = (uint8_t)(body >> (8 * (3 - i)));
}

void gw_buf_consume(struct gw_buf *b, size_t len)
{
    if (GW_BUG_ON(len > b->len))
        len = b->len;
    if (len == 0)
        return;
    b->len -= len;
    if (b->len != 0)
        memmove(b->ptr, b->ptr + len, b->len);
}

/* Length-Prefixed-Message: incremental de-framing, gunzip with a limit on what comes out. */
#include <stdlib.h>
#include <zlib.h>

#include "base/cursor.h"
#include "grpc/grpc_internal.h"

enum { PREFIX = 5, WAITING_MAX = 16 * 1024 * 1024, INFLATE_STEP = 16 * 1024, KEEP_CAP = 64 * 1024 };

struct gw_grpc_inflater {
    z_stream z;
};

void gw_grpc_reader_init(struct gw_grpc_reader *r, size_t max_message, bool gzip)
{
    *r = (struct gw_grpc_reader){.max_message = max_message, .gzip = gzip};
    if (max_message > SIZE_MAX / 2)
        r->max_message = SIZE_MAX / 2;
    gw_buf_init(&r->buf, r->max_message + PREFIX + WAITING_MAX);
    gw_buf_init(&r->plain, r->max_message);
}

void gw_grpc_reader_fini(struct gw_grpc_reader *r)
{
    gw_buf_fini(&r->buf);
    gw_buf_fini(&r->plain);
    if (r->inflater != NULL)
        (void)inflateEnd(&r->inflater->z);
    free(r->inflater);
    r->inflater = NULL;
}

struct prefix {
    bool compressed;
    size_t len;
};

/* Of the first message that waits. GW_AGAIN: fewer than five bytes of it are here. */
static enum gw_status prefix_peek(const struct gw_grpc_reader *r, struct prefix *ret)
{
    if (gw_grpc_reader_clean(r))
        return GW_AGAIN;
    struct gw_cursor c = gw_cursor_make(gw_bytes_make(r->buf.ptr + r->off, r->buf.len - r->off));
    uint8_t flag;
    uint32_t len;
    if (gw_cursor_u8(&c, &flag) != GW_OK)
        return GW_AGAIN;
    if (flag > 1)
        return GW_INVALID;
    if (flag == 1 && !r->gzip)
        return GW_UNSUPPORTED;
    if (gw_cursor_u32be(&c, &len) != GW_OK)
        return GW_AGAIN;
    if (len > r->max_message)
        return GW_TOO_LARGE;
    ret->compressed = flag == 1;
    ret->len = len;
    return GW_OK;
}

/* Moves what is left to the front; only when that is less than what goes, so the cost per byte is
 * constant. */
static void compact(struct gw_grpc_reader *r)
{
    if (r->off == 0)
        return;
    if (r->off == r->buf.len) {
        if (r->buf.cap > KEEP_CAP) {
            size_t max = r->buf.max;
            gw_buf_fini(&r->buf);
            gw_buf_init(&r->buf, max);
        } else {
            gw_buf_reset(&r->buf);
        }
        r->off = 0;
    } else if (r->off >= r->buf.len / 2) {
        gw_buf_consume(&r->buf, r->off);
        r->off = 0;
    }
}

enum gw_status gw_grpc_reader_feed(struct gw_grpc_reader *r, struct gw_bytes bytes)
{
    compact(r);
    /* First the prefix alone: a message over the limit must not make us allocate. */
    size_t have = r->buf.len - r->off;
    if (have < PREFIX) {
        size_t n = PREFIX - have < bytes.len ? PREFIX - have : bytes.len;
        gw_buf_append(&r->buf, bytes.ptr, n);
        bytes = gw_bytes_make(n > 0 ? bytes.ptr + n : bytes.ptr, bytes.len - n);
    }
    struct prefix p;
    enum gw_status st = prefix_peek(r, &p);
    if (st != GW_OK && st != GW_AGAIN)
        return st;
    gw_buf_bytes(&r->buf, bytes);
    return gw_buf_failed(&r->buf);
}

static enum gw_status inflater_ready(struct gw_grpc_reader *r)
{
    if (r->inflater != NULL)
        return inflateReset(&r->inflater->z) == Z_OK ? GW_OK : GW_INTERNAL;
    struct gw_grpc_inflater *f = calloc(1, sizeof *f);
    if (f == NULL)
        return GW_NOMEM;
    if (inflateInit2(&f->z, 15 + 16) != Z_OK) { /* + 16: gzip only */
        free(f);
        return GW_NOMEM;
    }
    r->inflater = f;
    return GW_OK;
}

/* One step of inflating into `out`. At the limit it still gets one byte of room, to tell a message
 * that ends there from one that goes on. */
static enum gw_status inflate_step(z_stream *z, struct gw_buf *out, int *ret_rc)
{
    uint8_t spare;
    size_t room = out->max - out->len < INFLATE_STEP ? out->max - out->len : INFLATE_STEP;
    uint8_t *to = &spare;
    if (room > 0) {
        to = gw_buf_extend(out, room);
        if (to == NULL)
            return gw_buf_failed(out);
    }
    z->next_out = to;
    z->avail_out = room > 0 ? (uInt)room : 1;
    *ret_rc = inflate(z, Z_NO_FLUSH);
    if (room > 0)
        out->len -= z->avail_out;
    else if (z->avail_out == 0)
        return GW_TOO_LARGE;
    return GW_OK;
}

/* RFC 1952 section 2.2: a gzip file is a series of members. */
static enum gw_status gunzip(struct gw_grpc_reader *r, struct gw_bytes in)
{
    GW_TRY(inflater_ready(r));
    z_stream *z = &r->inflater->z;
    gw_buf_reset(&r->plain);
    z->next_in = (Bytef *)(uintptr_t)in.ptr;
    z->avail_in = (uInt)in.len;
    for (;;) {
        int rc = Z_OK;
        GW_TRY(inflate_step(z, &r->plain, &rc));
        if (rc == Z_STREAM_END) {
            if (z->avail_in == 0)
                return GW_OK;
            if (inflateReset(z) != Z_OK)
                return GW_INTERNAL;
        } else if (rc == Z_MEM_ERROR) {
            return GW_NOMEM;
        } else if (rc != Z_OK) { /* Z_BUF_ERROR: the input ends inside the member */
            return GW_INVALID;
        }
    }
}

enum gw_status gw_grpc_reader_next(struct gw_grpc_reader *r, struct gw_bytes *ret, size_t *ret_wire)
{
    struct prefix p;
    GW_TRY(prefix_peek(r, &p));
    if (r->buf.len - r->off - PREFIX < p.len)
        return GW_AGAIN;
    struct gw_bytes message = gw_bytes_make(r->buf.ptr + r->off + PREFIX, p.len);
    if (p.compressed) {
        GW_TRY(gunzip(r, message));
        message = gw_buf_view(&r->plain);
    }
    *ret_wire = PREFIX + p.len - r->given;
    r->off += PREFIX + p.len;
    r->given = 0;
    *ret = message;
    return GW_OK;
}

size_t gw_grpc_reader_partial(struct gw_grpc_reader *r)
{
    struct prefix p;
    size_t have = r->buf.len - r->off;
    enum gw_status st = prefix_peek(r, &p);
    if ((st != GW_OK && st != GW_AGAIN) || (st == GW_OK && have - PREFIX >= p.len))
        return 0;
    size_t n = have - r->given;
    r->given = have;
    return n;
}

size_t gw_grpc_reader_waiting(const struct gw_grpc_reader *r, size_t *ret_message)
{
    struct prefix p;
    size_t have = r->buf.len - r->off;
    if (prefix_peek(r, &p) != GW_OK || have - PREFIX >= p.len)
        return 0;
    *ret_message = PREFIX + p.len;
    return have - r->given;
}

bool gw_grpc_reader_clean(const struct gw_grpc_reader *r)
{
    return r->off == r->buf.len;
}

void gw_grpc_frame_put(struct gw_buf *b, struct gw_bytes message)
{
    if (message.len > UINT32_MAX) {
        b->failed = GW_TOO_LARGE;
        return;
    }
    gw_buf_u8(b, 0);
    gw_buf_u32be(b, (uint32_t)message.len);
    gw_buf_bytes(b, message);
}

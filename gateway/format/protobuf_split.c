/* Packages of canonical records: "xqrec@1\n", then each record after its length as a varint.
 * Without these eight bytes the input is one bare record ('x' can not begin one: it would be field
 * 15 as a varint, which Record does not have). */
#include <stdlib.h>

#include "base/cursor.h"
#include "format/format_internal.h"
#include "format/split_queue.h"

static const char magic[] = "xqrec@1\n";
enum { MAGIC = sizeof(magic) - 1 };

struct protobuf_split {
    struct gw_split_queue queue;
    uint64_t pos;
    bool known, framed, ended;
    const char *reason;
};

static enum gw_status fail(struct protobuf_split *p, const char *reason)
{
    p->reason = reason;
    return GW_INVALID;
}

static enum gw_status scan(struct protobuf_split *p)
{
    for (;;) {
        size_t at = (size_t)(p->pos - p->queue.base);
        struct gw_cursor c =
            gw_cursor_make(gw_bytes_make(p->queue.bytes.ptr + at, p->queue.bytes.len - at));
        size_t left = gw_cursor_left(&c);
        uint64_t len;
        if (left == 0)
            return GW_OK;
        enum gw_status st = gw_cursor_varint(&c, &len);
        if (st == GW_TRUNCATED)
            return left < 10 ? GW_OK : fail(p, "malformed-package");
        if (st != GW_OK)
            return fail(p, "malformed-package");
        if (len > GW_FORMAT_MAX_RECORD)
            return fail(p, "message-too-large");
        if (len > gw_cursor_left(&c))
            return GW_OK;
        uint64_t from = p->pos + (left - gw_cursor_left(&c));
        GW_TRY(gw_split_queue_push(&p->queue, from, from + len));
        p->pos = from + len;
    }
}

static enum gw_status feed(struct protobuf_split *p, struct gw_bytes bytes, bool last)
{
    GW_TRY(gw_split_queue_append(&p->queue, bytes, p->pos));
    uint64_t end = gw_split_queue_end(&p->queue);
    if (!p->known && (end >= MAGIC || last)) {
        p->known = true;
        p->framed = end >= MAGIC && memcmp(p->queue.bytes.ptr, magic, MAGIC) == 0;
        p->pos = p->framed ? MAGIC : 0;
    }
    if (p->framed)
        GW_TRY(scan(p));
    else if (end > GW_FORMAT_MAX_RECORD)
        return fail(p, "message-too-large");
    if (!last)
        return GW_OK;
    p->ended = true;
    if (p->framed)
        return p->pos == end ? GW_OK : fail(p, "input-truncated");
    if (end == 0)
        return fail(p, "input-truncated");
    p->pos = end;
    return gw_split_queue_push(&p->queue, 0, end);
}

static enum gw_status protobuf_feed(void *impl, struct gw_bytes bytes, bool last,
                                    const char **ret_reason)
{
    struct protobuf_split *p = impl;
    enum gw_status st = p->reason != NULL ? GW_INVALID : feed(p, bytes, last);
    *ret_reason = p->reason;
    return st;
}

static enum gw_status protobuf_next(void *impl, struct gw_bytes *ret, const char **ret_reason)
{
    struct protobuf_split *p = impl;
    (void)ret_reason;
    if (gw_split_queue_pop(&p->queue, ret) == GW_OK)
        return GW_OK;
    return p->ended ? GW_NOT_FOUND : GW_AGAIN;
}

static void protobuf_free(void *impl)
{
    struct protobuf_split *p = impl;
    gw_split_queue_fini(&p->queue);
    free(p);
}

const struct gw_split_ops gw_protobuf_split_ops = {protobuf_feed, protobuf_next, protobuf_free};

enum gw_status gw_protobuf_split_new(const struct gw_format *f, struct gw_format_package *package,
                                     void **ret)
{
    (void)f;
    (void)package;
    struct protobuf_split *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return GW_NOMEM;
    gw_split_queue_init(&p->queue);
    *ret = p;
    return GW_OK;
}

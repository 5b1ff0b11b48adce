/* Spans of a stream that are records, and the bytes that they still need. */
#include "format/split_queue.h"

#include <stdlib.h>

#include "base/check.h"

/* Bytes of one feed and a record that began before it: callers feed pieces, not files. */
static const size_t max_bytes = (size_t)1 << 30;

void gw_split_queue_init(struct gw_split_queue *q)
{
    *q = (struct gw_split_queue){.base = 0};
    gw_buf_init(&q->bytes, max_bytes);
}

void gw_split_queue_fini(struct gw_split_queue *q)
{
    gw_buf_fini(&q->bytes);
    free(q->spans);
}

enum gw_status gw_split_queue_append(struct gw_split_queue *q, struct gw_bytes bytes,
                                     uint64_t keep_from)
{
    if (q->first < q->count && q->spans[q->first].from < keep_from)
        keep_from = q->spans[q->first].from;
    if (q->first == q->count)
        q->first = q->count = 0;
    if (keep_from > q->base) {
        size_t drop = (size_t)(keep_from - q->base);
        if (drop > q->bytes.len)
            drop = q->bytes.len;
        gw_buf_consume(&q->bytes, drop);
        q->base += drop;
    }
    gw_buf_bytes(&q->bytes, bytes);
    return gw_buf_failed(&q->bytes);
}

enum gw_status gw_split_queue_push(struct gw_split_queue *q, uint64_t from, uint64_t to)
{
    if (GW_BUG_ON(from < q->base || to < from || to > gw_split_queue_end(q)))
        return GW_INTERNAL;
    if (q->count == q->cap) {
        size_t cap = q->cap != 0 ? q->cap * 2 : 64;
        struct gw_split_span *more = realloc(q->spans, cap * sizeof(*more));
        if (more == NULL)
            return GW_NOMEM;
        q->spans = more;
        q->cap = cap;
    }
    q->spans[q->count++] = (struct gw_split_span){from, to};
    return GW_OK;
}

enum gw_status gw_split_queue_pop(struct gw_split_queue *q, struct gw_bytes *ret)
{
    if (q->first == q->count)
        return GW_NOT_FOUND;
    struct gw_split_span s = q->spans[q->first++];
    *ret = gw_bytes_make(q->bytes.ptr + (s.from - q->base), (size_t)(s.to - s.from));
    return GW_OK;
}

/* Records found in a stream of bytes but not yet asked for; the bytes are kept until then. */
#ifndef GW_FORMAT_SPLIT_QUEUE_H
#define GW_FORMAT_SPLIT_QUEUE_H

#include "base/buf.h"

struct gw_split_span {
    uint64_t from, to; /* offsets in the stream */
};

struct gw_split_queue {
    struct gw_buf bytes; /* of the stream, from `base` on */
    uint64_t base;
    struct gw_split_span *spans;
    size_t first, count, cap;
};

void gw_split_queue_init(struct gw_split_queue *q);
void gw_split_queue_fini(struct gw_split_queue *q);
/* Forgets what lies before `keep_from` and every span not yet taken, then appends. */
GW_MUST_USE enum gw_status gw_split_queue_append(struct gw_split_queue *q, struct gw_bytes bytes,
                                                 uint64_t keep_from);
GW_MUST_USE enum gw_status gw_split_queue_push(struct gw_split_queue *q, uint64_t from,
                                               uint64_t to);
/* GW_NOT_FOUND when empty; borrowed until the next append. */
GW_MUST_USE enum gw_status gw_split_queue_pop(struct gw_split_queue *q, struct gw_bytes *ret);
static inline uint64_t gw_split_queue_end(const struct gw_split_queue *q)
{
    return q->base + q->bytes.len;
}

#endif

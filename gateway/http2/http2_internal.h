/* Shared inside http2/ only: the structs behind http2.h. session.c drives nghttp2, receive.c is
 * what it calls for input, stream.c what our callers ask of a stream, flood.c the rate limits. */
#ifndef GW_HTTP2_HTTP2_INTERNAL_H
#define GW_HTTP2_HTTP2_INTERNAL_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "http2/http2.h"

enum {
    GW_HTTP2_MAGIC = 0x48325345,
    GW_HTTP2_STREAM_MAGIC = 0x48325354,
    /* A backstop: back-pressure by gw_http2_stream_queued() sets in far below. */
    GW_HTTP2_MAX_STREAM_QUEUE = 64 * 1024 * 1024,
    /* Response or request headers that we send. */
    GW_HTTP2_MAX_OWN_HEADERS = 64,
    /* Header blocks over the limits that one minute answers: a client's mistake, not its habit. */
    GW_HTTP2_MAX_HEADS_OVER_LIMIT = 8
};

/* Events of one kind within a window of one minute. */
struct gw_http2_flood {
    int64_t since_us;
    uint32_t count;
};

struct gw_http2_stream {
    uint32_t magic;
    int32_t id;
    struct gw_http2 *h;
    void *arg;
    struct gw_list node;     /* gw_http2.streams */
    struct gw_list writable; /* gw_http2.writables, or in no list */
    struct gw_buf out;       /* body; bytes before out_off have been framed */
    size_t out_off;
    size_t unconsumed; /* received, not yet given back by gw_http2_stream_consumed() */
    struct gw_http2_header *trailers; /* names and values in the same block */
    size_t trailer_count;
    bool announced;   /* the owner knows it and waits for on_stream_closed */
    bool got_headers; /* the final ones, not 1xx */
    bool remote_ended;
    bool headers_sent;
    bool ended;      /* our direction, by stream_end or end of headers */
    bool reset;      /* by the owner: no more events */
    bool over_limit; /* its header block is; what it holds is not kept */
    bool deferred;   /* nghttp2 waits for nghttp2_session_resume_data() */
    bool closed;
};

struct gw_http2 {
    uint32_t magic;
    bool server;
    bool busy; /* inside recv, send or free */
    bool dead; /* fatal: only the GOAWAY is still sent */
    uint32_t error;
    nghttp2_session *session;
    struct gw_http2_settings settings;
    const struct gw_http2_events *ev;
    void *arg;
    int64_t (*now_us)(void *arg);
    void *now_arg;
    struct gw_list streams;
    struct gw_list writables;
    uint32_t open; /* announced streams */
    struct gw_http2_flood resets;
    struct gw_http2_flood pings;
    struct gw_http2_flood heads; /* over the limits */
    /* The header block that is being received: only one at a time per connection. Names and values
     * are nghttp2's counted buffers, so nothing is copied. */
    struct gw_http2_header *head;
    nghttp2_rcbuf **head_refs; /* two per header */
    size_t head_count;
    size_t head_cap;
    size_t head_bytes;
    /* While gw_http2_send() runs. */
    struct gw_buf *send_to;
    size_t send_until; /* length of send_to at which it is enough */
};

static inline bool gw_http2_stream_quiet(const struct gw_http2_stream *s)
{
    return s->reset || s->closed || s->over_limit;
}

/* flood.c: counts one event; false when it is one too many in this minute. */
bool gw_http2_flood_reset(struct gw_http2 *h);
bool gw_http2_flood_ping(struct gw_http2 *h);
bool gw_http2_flood_head(struct gw_http2 *h);
/* A frame of ours carries an answer: forgives one ping, as bandwidth probing sends one per burst of
 * data. */
void gw_http2_flood_forgive(struct gw_http2 *h);

/* receive.c */
void gw_http2_receive_callbacks(nghttp2_session_callbacks *cb);
void gw_http2_head_clear(struct gw_http2 *h);

/* stream.c */
struct gw_http2_stream *gw_http2_stream_make(struct gw_http2 *h, int32_t id);
/* Last event, then frees; also for streams that were never announced. */
void gw_http2_stream_close(struct gw_http2_stream *s, uint32_t error_code);
struct gw_http2_stream *gw_http2_stream_of(struct gw_http2 *h, int32_t id);
void gw_http2_send_callbacks(nghttp2_session_callbacks *cb);
/* on_writable for streams whose queue fell empty; true when there was one. */
bool gw_http2_writables_run(struct gw_http2 *h);

#endif

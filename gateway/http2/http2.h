/* HTTP/2 by nghttp2: bytes <-> stream events, server and client. No sockets, no gRPC. */
#ifndef GW_HTTP2_HTTP2_H
#define GW_HTTP2_HTTP2_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

struct gw_http2_settings {
    uint32_t max_concurrent_streams;
    uint32_t max_header_list_bytes;
    uint32_t max_header_count;
    uint32_t initial_stream_window;
    uint32_t connection_window;
    uint32_t max_frame_bytes;
    uint32_t max_resets_per_minute;
    uint32_t max_pings_per_minute; /* PING, SETTINGS, PRIORITY and empty DATA together */
};
extern const struct gw_http2_settings gw_http2_defaults;

struct gw_http2;
struct gw_http2_stream;

struct gw_http2_header {
    struct gw_bytes name; /* lower case */
    struct gw_bytes value;
};

/* Callbacks may call every gw_http2_stream_* function (also for their own stream),
 * gw_http2_request() and gw_http2_goaway(); they must not call gw_http2_recv(), gw_http2_send() or
 * gw_http2_free(). They come from recv, send and free only. After gw_http2_stream_reset() a stream
 * gets no event but on_stream_closed. */
struct gw_http2_events {
    /* Request (server) or response (client) headers; borrowed for the call. `end`: no body follows
     * (on_end comes next). A stream's arg is set with gw_http2_stream_set_arg(). */
    void (*on_headers)(void *conn_arg, struct gw_http2_stream *s, const struct gw_http2_header *h,
                       size_t count, bool end);
    /* Body bytes. The receive window opens again only by gw_http2_stream_consumed(). */
    void (*on_data)(void *conn_arg, struct gw_http2_stream *s, struct gw_bytes bytes);
    void (*on_trailers)(void *conn_arg, struct gw_http2_stream *s, const struct gw_http2_header *h,
                        size_t count);
    /* The other side has ended its direction: exactly once per orderly stream, after the last of
     * on_headers, on_data and on_trailers. */
    void (*on_end)(void *conn_arg, struct gw_http2_stream *s);
    /* All queued body bytes of this stream have been framed and it has not been ended: room for
     * more. */
    void (*on_writable)(void *conn_arg, struct gw_http2_stream *s);
    /* Last event of every stream that was announced by on_headers (server) or made by
     * gw_http2_request(); error_code is HTTP/2's (0 = orderly). The stream is freed after it;
     * received bytes that were not consumed go back to the connection's window. */
    void (*on_stream_closed)(void *conn_arg, struct gw_http2_stream *s, uint32_t error_code);
    /* The peer sent GOAWAY (client side: open no more streams). */
    void (*on_goaway)(void *conn_arg, uint32_t error_code);
};

GW_MUST_USE enum gw_status gw_http2_new_server(const struct gw_http2_settings *s,
                                               const struct gw_http2_events *ev, void *conn_arg,
                                               struct gw_http2 **ret);
GW_MUST_USE enum gw_status gw_http2_new_client(const struct gw_http2_settings *s,
                                               const struct gw_http2_events *ev, void *conn_arg,
                                               struct gw_http2 **ret);
/* Streams that are still open get on_stream_closed(CANCEL) first. Not from inside a callback. */
void gw_http2_free(struct gw_http2 *h);
GW_DEFINE_FREEP(struct gw_http2, gw_http2_free)

/* Clock of the flood limits; gw_clock_mono_us() unless set. */
void gw_http2_set_clock(struct gw_http2 *h, int64_t (*now_us)(void *arg), void *arg);

/* Feeds plaintext. GW_INVALID: connection error, a GOAWAY is queued; send and close. Some
 * connection errors show only as gw_http2_done() after the next gw_http2_send(): always ask. */
GW_MUST_USE enum gw_status gw_http2_recv(struct gw_http2 *h, struct gw_bytes bytes);
/* Appends frames to send, at most about `max_bytes` (a frame more). Nothing appended: nothing to
 * send. Any failure is fatal for the connection. */
GW_MUST_USE enum gw_status gw_http2_send(struct gw_http2 *h, size_t max_bytes, struct gw_buf *ret);
bool gw_http2_wants_send(const struct gw_http2 *h);
/* Neither reading nor writing is wanted any more: close the connection. */
bool gw_http2_done(const struct gw_http2 *h);
/* Error code of the GOAWAY that we sent or that is queued for a fatal error; 0: none. For the log.
 */
uint32_t gw_http2_error(const struct gw_http2 *h);
/* Two-phase GOAWAY (RFC 9113 section 6.8): `final` false announces (last id 2^31-1), true states
 * the last id. */
void gw_http2_goaway(struct gw_http2 *h, bool final, uint32_t error_code);
uint32_t gw_http2_open_streams(const struct gw_http2 *h);

/* Client: opens a stream with these headers (pseudo-headers included; all copied). GW_UNAVAILABLE:
 * no more streams on this connection (GOAWAY, ids used up): open another. */
GW_MUST_USE enum gw_status gw_http2_request(struct gw_http2 *h, const struct gw_http2_header *hd,
                                            size_t count, void *arg, struct gw_http2_stream **ret);
/* Server: response headers; `end` makes a trailers-only answer. All stream functions: GW_CLOSED
 * after reset or close, GW_PRECONDITION out of order (data before headers, anything after end),
 * GW_NOMEM. Headers are copied. */
GW_MUST_USE enum gw_status gw_http2_stream_headers(struct gw_http2_stream *s,
                                                   const struct gw_http2_header *hd, size_t count,
                                                   bool end);
/* Queues body bytes (copied). GW_AGAIN is never returned: ask gw_http2_stream_queued() for
 * back-pressure. GW_TOO_LARGE over 64 MiB queued on one stream. */
GW_MUST_USE enum gw_status gw_http2_stream_data(struct gw_http2_stream *s, struct gw_bytes bytes);
size_t gw_http2_stream_queued(const struct gw_http2_stream *s);
/* Bytes that the peer's windows (stream and connection) allow now. */
size_t gw_http2_stream_window(const struct gw_http2_stream *s);
/* Ends our direction after the queued data: with trailers (server), or plain END_STREAM when count
 * is 0. A server that ends first resets the stream with NO_ERROR once all is sent (RFC 9113
 * section 8.1). */
GW_MUST_USE enum gw_status gw_http2_stream_end(struct gw_http2_stream *s,
                                               const struct gw_http2_header *hd, size_t count);
void gw_http2_stream_reset(struct gw_http2_stream *s, uint32_t error_code);
/* Gives `len` received bytes back to the peer's window. */
void gw_http2_stream_consumed(struct gw_http2_stream *s, size_t len);
int32_t gw_http2_stream_id(const struct gw_http2_stream *s);
void gw_http2_stream_set_arg(struct gw_http2_stream *s, void *arg);
void *gw_http2_stream_arg(const struct gw_http2_stream *s);

#endif

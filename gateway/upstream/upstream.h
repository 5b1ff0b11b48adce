/* Outgoing gRPC calls over one mTLS HTTP/2 connection per counterpart: unary and streams of either
 * direction, with deadline, metadata, back-pressure, status and details. Messages are bytes:
 * callers pack and unpack them. Two faces: calls on a loop (the gateway), and a blocking client
 * with a loop thread of its own (the tool, load generators). No retries here: the caller knows what
 * may be repeated. */
#ifndef GW_UPSTREAM_UPSTREAM_H
#define GW_UPSTREAM_UPSTREAM_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "grpc/grpc.h"
#include "io/io.h"
#include "tls/tls.h"

struct gw_upstream_settings {
    const char *host; /* name or numeric address; verified against the server's certificate */
    uint16_t port;
    struct gw_tls_context *tls;  /* client context; a reference is taken */
    uint64_t connect_timeout_ms; /* TCP and TLS together */
    uint32_t max_message_bytes;  /* of one answer */
};
extern const struct gw_upstream_settings gw_upstream_defaults;

/* ---- on a loop: everything on the loop's thread ---------------------------------------------- */

struct gw_upstream;
struct gw_upstream_call;

/* How a call ended; borrowed for on_done. */
struct gw_upstream_result {
    int code;                /* google.rpc.Code, GW_GRPC_* */
    bool remote;             /* the peer said so; false: we did (connection, deadline, limits) */
    bool handshake;          /* certificates: trying again does not help */
    struct gw_bytes message; /* for a person; from the peer where remote */
    struct gw_bytes details; /* serialized google.rpc.Status, or empty */
    const struct gw_grpc_metadata *metadata; /* trailers */
    size_t metadata_count;
};

struct gw_upstream_events {
    /* One whole message, borrowed. After gw_upstream_call_pause() none comes until resume. */
    void (*on_message)(void *arg, struct gw_bytes message);
    /* All that was sent has been framed: room for more. */
    void (*on_writable)(void *arg);
    /* Last event, once, unless the call was cancelled; the call is freed after it. Never from
     * inside gw_upstream_call_start(). */
    void (*on_done)(void *arg, const struct gw_upstream_result *r);
};

/* Connects at the first call, and again at the next call after the connection was lost. */
GW_MUST_USE enum gw_status gw_upstream_new(struct gw_io_loop *l,
                                           const struct gw_upstream_settings *s,
                                           struct gw_upstream **ret);
/* Open calls end with GW_GRPC_CANCELLED first. Not from inside an event of a call. */
void gw_upstream_free(struct gw_upstream *u);
GW_DEFINE_FREEP(struct gw_upstream, gw_upstream_free)

/* Starts a call; everything given is copied but `ev`, which must outlive it. `timeout_ms` 0: none;
 * it is sent as grpc-timeout and kept here too. GW_UNAVAILABLE: can not even try to connect. */
GW_MUST_USE enum gw_status gw_upstream_call_start(struct gw_upstream *u, const char *path,
                                                  uint64_t timeout_ms,
                                                  const struct gw_grpc_metadata *metadata,
                                                  size_t count, const struct gw_upstream_events *ev,
                                                  void *arg, struct gw_upstream_call **ret);
/* Frames and queues one message (copied). GW_CLOSED: the call is over, on_done follows or came. */
GW_MUST_USE enum gw_status gw_upstream_call_send(struct gw_upstream_call *c,
                                                 struct gw_bytes message);
/* Bytes queued and not yet framed: stop sending above what you can afford, go on at on_writable. */
size_t gw_upstream_call_queued(const struct gw_upstream_call *c);
/* No more messages from us. */
GW_MUST_USE enum gw_status gw_upstream_call_half_close(struct gw_upstream_call *c);
/* Back-pressure: the peer stops when its window is used up. */
void gw_upstream_call_pause(struct gw_upstream_call *c);
void gw_upstream_call_resume(struct gw_upstream_call *c);
/* Ends the call without any further event and frees it. */
void gw_upstream_call_cancel(struct gw_upstream_call *c);

/* ---- blocking, for programs -------------------------------------------------------------------
 */

struct gw_upstream_client; /* a loop thread and one counterpart; safe from any thread */
GW_MUST_USE enum gw_status gw_upstream_client_new(const struct gw_upstream_settings *s,
                                                  struct gw_upstream_client **ret);
/* All streams must be closed. */
void gw_upstream_client_free(struct gw_upstream_client *c);
GW_DEFINE_FREEP(struct gw_upstream_client, gw_upstream_client_free)

struct gw_upstream_stream; /* one call; used by one thread */
GW_MUST_USE enum gw_status gw_upstream_stream_open(struct gw_upstream_client *c, const char *path,
                                                   uint64_t timeout_ms,
                                                   const struct gw_grpc_metadata *metadata,
                                                   size_t count, struct gw_upstream_stream **ret);
/* Waits while more than about 1 MiB is queued. GW_CLOSED: the call has ended, see its result. */
GW_MUST_USE enum gw_status gw_upstream_stream_send(struct gw_upstream_stream *s,
                                                   struct gw_bytes message);
void gw_upstream_stream_half_close(struct gw_upstream_stream *s);
/* Replaces `ret` with the next message. GW_AGAIN: none within `wait_ms` (negative: no limit);
 * GW_CLOSED: the call has ended and all messages were taken. */
GW_MUST_USE enum gw_status gw_upstream_stream_recv(struct gw_upstream_stream *s, int wait_ms,
                                                   struct gw_buf *ret);
/* After GW_CLOSED: how it ended; borrowed until close. */
const struct gw_upstream_result *gw_upstream_stream_result(const struct gw_upstream_stream *s);
/* Cancels the call where it has not ended; frees the stream. */
void gw_upstream_stream_close(struct gw_upstream_stream *s);
GW_DEFINE_FREEP(struct gw_upstream_stream, gw_upstream_stream_close)

/* One request, one answer: replaces `ret_answer`; `*ret_stream` holds the result and must be
 * closed. GW_OK: the call ended (look at the result's code). */
GW_MUST_USE enum gw_status gw_upstream_unary(struct gw_upstream_client *c, const char *path,
                                             uint64_t timeout_ms,
                                             const struct gw_grpc_metadata *metadata, size_t count,
                                             struct gw_bytes request, struct gw_buf *ret_answer,
                                             struct gw_upstream_stream **ret_stream);

#endif

/* One outgoing call: the events of its HTTP/2 stream become messages and one result. A call that
 * ends by itself (deadline, limits) lets go of its stream first, so that no event finds it freed.
 */
#include "upstream/upstream_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { RESULT_BUDGET = 256 * 1024, H2_CANCEL = 8, H2_REFUSED_STREAM = 7 };

struct gw_upstream_call {
    uint32_t magic;
    struct gw_upstream_link *link;
    struct gw_http2_stream *stream; /* NULL: let go */
    const struct gw_upstream_events *ev;
    void *arg;
    struct gw_io_timer *timer;
    struct gw_arena *arena; /* of the result */
    struct gw_grpc_reader reader;
    struct gw_grpc_result result;
    size_t unacked;  /* received and not given back to the peer's window */
    unsigned inside; /* events of ours on the stack */
    bool has_result;
    bool ended; /* on_end came */
    bool paused, half_closed;
    bool over; /* done or cancelled: freed when `inside` is 0 */
};

static void call_release(struct gw_upstream_call *c)
{
    if (c->inside != 0)
        return;
    gw_io_timer_free(c->timer);
    gw_grpc_reader_fini(&c->reader);
    gw_arena_free(c->arena);
    gw_upstream_link_unref(c->link);
    free(c);
}

static void let_go(struct gw_upstream_call *c, bool reset)
{
    struct gw_http2_stream *s = gw_steal(&c->stream);
    if (s == NULL)
        return;
    gw_http2_stream_set_arg(s, NULL);
    if (reset) {
        gw_http2_stream_reset(s, H2_CANCEL);
        gw_upstream_link_wake(c->link);
    }
}

static void call_finish(struct gw_upstream_call *c, const struct gw_upstream_result *r)
{
    if (c->over)
        return;
    c->over = true;
    gw_io_timer_cancel(c->timer);
    c->inside++;
    c->ev->on_done(c->arg, r);
    c->inside--;
    call_release(c);
}

/* Ends a call for a reason of our own. */
static void call_fail(struct gw_upstream_call *c, int code, const char *text)
{
    let_go(c, true);
    call_finish(c, &(struct gw_upstream_result){.code = code, .message = gw_bytes_str(text)});
}

/* Hands out whole messages. The window is given back for all that was received, partial messages
 * too: else a message larger than the window would wait for ever. */
static void deliver(struct gw_upstream_call *c)
{
    c->inside++;
    enum gw_status st = GW_AGAIN;
    while (!c->over && !c->paused) {
        struct gw_bytes message;
        size_t wire;
        st = gw_grpc_reader_next(&c->reader, &message, &wire);
        if (st != GW_OK)
            break;
        c->ev->on_message(c->arg, message);
    }
    if (!c->over && !c->paused && c->stream != NULL && c->unacked != 0) {
        gw_http2_stream_consumed(c->stream, c->unacked);
        c->unacked = 0;
        gw_upstream_link_wake(c->link);
    }
    c->inside--;
    if (c->over)
        call_release(c);
    else if (st == GW_TOO_LARGE)
        call_fail(c, GW_GRPC_RESOURCE_EXHAUSTED, "the answer is larger than the limit set here");
    else if (st != GW_OK && st != GW_AGAIN)
        call_fail(c, GW_GRPC_INTERNAL, "the answer is not framed as gRPC");
}

static void parse_result(struct gw_upstream_call *c, const struct gw_http2_header *h, size_t count)
{
    if (gw_grpc_result_parse(h, count, c->arena, &c->result) == GW_OK && !gw_arena_failed(c->arena))
        c->has_result = true;
}

static void on_headers(void *conn_arg, struct gw_http2_stream *s, const struct gw_http2_header *h,
                       size_t count, bool end)
{
    (void)conn_arg;
    struct gw_upstream_call *c = gw_http2_stream_arg(s);
    if (c == NULL)
        return;
    GW_MAGIC_CHECK(c, GW_UPSTREAM_CALL_MAGIC);
    bool http_ok = true;
    for (size_t i = 0; i < count; i++) {
        if (gw_bytes_eq_str(h[i].name, "grpc-encoding") && gw_bytes_eq_str(h[i].value, "gzip"))
            c->reader.gzip = true;
        else if (gw_bytes_eq_str(h[i].name, ":status"))
            http_ok = gw_bytes_eq_str(h[i].value, "200");
    }
    if (end || !http_ok) /* trailers-only, or not gRPC at all */
        parse_result(c, h, count);
}

static void on_data(void *conn_arg, struct gw_http2_stream *s, struct gw_bytes bytes)
{
    (void)conn_arg;
    struct gw_upstream_call *c = gw_http2_stream_arg(s);
    if (c == NULL) {
        gw_http2_stream_consumed(s, bytes.len);
        return;
    }
    c->unacked += bytes.len;
    enum gw_status st = gw_grpc_reader_feed(&c->reader, bytes);
    if (st == GW_OK)
        deliver(c);
    else if (st == GW_TOO_LARGE)
        call_fail(c, GW_GRPC_RESOURCE_EXHAUSTED, "the answer is larger than the limit set here");
    else
        call_fail(c, GW_GRPC_INTERNAL, "the answer is not framed as gRPC");
}

static void on_trailers(void *conn_arg, struct gw_http2_stream *s, const struct gw_http2_header *h,
                        size_t count)
{
    (void)conn_arg;
    struct gw_upstream_call *c = gw_http2_stream_arg(s);
    if (c != NULL)
        parse_result(c, h, count);
}

/* The result goes up when the peer has ended and, where the reader is paused, all was taken. */
static void conclude(struct gw_upstream_call *c)
{
    if (c->over || !c->ended || c->paused)
        return;
    if (!gw_grpc_reader_clean(&c->reader)) {
        call_fail(c, GW_GRPC_INTERNAL, "the answer ends in the middle of a message");
        return;
    }
    if (!c->has_result) {
        call_fail(c, GW_GRPC_UNKNOWN, "the server ended the call without a status");
        return;
    }
    /* A server may answer while we still send: it resets the rest itself. */
    let_go(c, !c->half_closed);
    call_finish(c, &(struct gw_upstream_result){.code = c->result.code,
                                                .remote = true,
                                                .message = c->result.message,
                                                .details = c->result.details,
                                                .metadata = c->result.metadata,
                                                .metadata_count = c->result.metadata_count});
}

static void on_end(void *conn_arg, struct gw_http2_stream *s)
{
    (void)conn_arg;
    struct gw_upstream_call *c = gw_http2_stream_arg(s);
    if (c == NULL)
        return;
    c->ended = true;
    conclude(c);
}

static void on_writable(void *conn_arg, struct gw_http2_stream *s)
{
    (void)conn_arg;
    struct gw_upstream_call *c = gw_http2_stream_arg(s);
    if (c == NULL || c->over || c->ev->on_writable == NULL)
        return;
    c->inside++;
    c->ev->on_writable(c->arg);
    c->inside--;
    if (c->over)
        call_release(c);
    else if (!c->paused)
        deliver(c); /* it may have been resumed in there */
}

static void on_stream_closed(void *conn_arg, struct gw_http2_stream *s, uint32_t error_code)
{
    struct gw_upstream_link *k = conn_arg;
    struct gw_upstream_call *c = gw_http2_stream_arg(s);
    if (c == NULL)
        return;
    GW_MAGIC_CHECK(c, GW_UPSTREAM_CALL_MAGIC);
    c->stream = NULL;
    if (c->ended && c->paused)
        return;           /* concluded at resume */
    if (k->http2 == NULL) /* the connection went, see link_end() */
        call_finish(c, &(struct gw_upstream_result){.code = k->stopping ? GW_GRPC_CANCELLED
                                                                        : GW_GRPC_UNAVAILABLE,
                                                    .handshake = k->handshake,
                                                    .message = gw_bytes_str(k->why)});
    else if (error_code == H2_REFUSED_STREAM)
        call_fail(c, GW_GRPC_UNAVAILABLE, "the server takes no more calls on this connection");
    else if (error_code == H2_CANCEL)
        call_fail(c, GW_GRPC_CANCELLED, "the server cancelled the call");
    else
        call_fail(c, GW_GRPC_INTERNAL, "the server broke the call off");
}

static void on_goaway(void *conn_arg, uint32_t error_code)
{
    struct gw_upstream_link *k = conn_arg;
    (void)error_code;
    k->draining = true;
}

const struct gw_http2_events gw_upstream_call_http2_events = {
    .on_headers = on_headers,
    .on_data = on_data,
    .on_trailers = on_trailers,
    .on_end = on_end,
    .on_writable = on_writable,
    .on_stream_closed = on_stream_closed,
    .on_goaway = on_goaway,
};

static void on_deadline(void *arg)
{
    struct gw_upstream_call *c = arg;
    GW_MAGIC_CHECK(c, GW_UPSTREAM_CALL_MAGIC);
    call_fail(c, GW_GRPC_DEADLINE_EXCEEDED, "no answer within the time set here");
}

static enum gw_status submit(struct gw_upstream *u, struct gw_upstream_call *c, const char *path,
                             uint64_t timeout_ms, const struct gw_grpc_metadata *metadata,
                             size_t count)
{
    struct gw_arena *a = c->arena;
    bool v6 = strchr(u->host, ':') != NULL;
    char *authority = gw_arena_printf(a, v6 ? "[%s]:%u" : "%s:%u", u->host, (unsigned)u->port);
    if (authority == NULL)
        return GW_NOMEM;
    struct gw_http2_header *h;
    size_t n;
    GW_TRY(gw_grpc_request_headers(a, gw_bytes_str(authority), gw_bytes_str(path),
                                   (int64_t)timeout_ms * 1000, metadata, count, &h, &n));
    return gw_http2_request(c->link->http2, h, n, c, &c->stream);
}

enum gw_status gw_upstream_call_start(struct gw_upstream *u, const char *path, uint64_t timeout_ms,
                                      const struct gw_grpc_metadata *metadata, size_t count,
                                      const struct gw_upstream_events *ev, void *arg,
                                      struct gw_upstream_call **ret)
{
    struct gw_upstream_link *k;
    GW_TRY(gw_upstream_link_get(u, &k));
    struct gw_upstream_call *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return GW_NOMEM;
    c->magic = GW_UPSTREAM_CALL_MAGIC;
    c->ev = ev;
    c->arg = arg;
    c->link = k;
    gw_upstream_link_ref(k);
    gw_grpc_reader_init(&c->reader, u->max_message_bytes, false);
    c->arena = gw_arena_new("upstream call", RESULT_BUDGET);
    enum gw_status st = c->arena != NULL ? GW_OK : GW_NOMEM;
    if (st == GW_OK)
        st = gw_io_timer_new(u->loop, on_deadline, c, &c->timer);
    if (st == GW_OK)
        st = submit(u, c, path, timeout_ms, metadata, count);
    if (st == GW_UNAVAILABLE) { /* GOAWAY or ids used up: once more on a new link */
        k->draining = true;
        st = gw_upstream_link_get(u, &k);
        if (st == GW_OK) {
            gw_upstream_link_unref(c->link);
            c->link = k;
            gw_upstream_link_ref(k);
            st = submit(u, c, path, timeout_ms, metadata, count);
        }
    }
    if (st != GW_OK) {
        call_release(c);
        return st;
    }
    if (timeout_ms != 0)
        gw_io_timer_arm(c->timer, timeout_ms);
    gw_upstream_link_wake(c->link);
    *ret = c;
    return GW_OK;
}

enum gw_status gw_upstream_call_send(struct gw_upstream_call *c, struct gw_bytes message)
{
    if (c->over || c->stream == NULL || c->ended)
        return GW_CLOSED;
    struct gw_buf framed;
    gw_buf_init(&framed, message.len + 5);
    gw_grpc_frame_put(&framed, message);
    enum gw_status st = gw_buf_failed(&framed);
    if (st == GW_OK)
        st = gw_http2_stream_data(c->stream, gw_buf_view(&framed));
    gw_buf_fini(&framed);
    if (st == GW_OK)
        gw_upstream_link_wake(c->link);
    return st;
}

size_t gw_upstream_call_queued(const struct gw_upstream_call *c)
{
    return c->stream != NULL ? gw_http2_stream_queued(c->stream) : 0;
}

enum gw_status gw_upstream_call_half_close(struct gw_upstream_call *c)
{
    if (c->over || c->stream == NULL)
        return GW_CLOSED;
    if (c->half_closed)
        return GW_OK;
    GW_TRY(gw_http2_stream_end(c->stream, NULL, 0));
    c->half_closed = true;
    gw_upstream_link_wake(c->link);
    return GW_OK;
}

void gw_upstream_call_pause(struct gw_upstream_call *c)
{
    c->paused = true;
}

void gw_upstream_call_resume(struct gw_upstream_call *c)
{
    if (!c->paused || c->over)
        return;
    c->paused = false;
    if (c->inside != 0)
        return; /* deliver() or on_done's caller goes on */
    c->inside++;
    deliver(c);
    if (!c->over)
        conclude(c);
    c->inside--;
    if (c->over)
        call_release(c);
}

void gw_upstream_call_cancel(struct gw_upstream_call *c)
{
    if (c->over)
        return;
    c->over = true;
    let_go(c, true);
    call_release(c);
}

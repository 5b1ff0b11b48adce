/* See conn.h. Everything here runs on the loop's thread. A connection object lives from accept to
 * on_closed; calls that outlive it keep what they need themselves. */
#include "conn/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum conn_step {
#define GW_CONN_STEP(name, text) STEP_##name,
#include "conn/conn_steps.def"
#undef GW_CONN_STEP
};

enum {
    CONN_MAGIC = 0x67776e63,
    STREAM_MAGIC = 0x67777374,
    WRITE_CHUNK = 256 * 1024, /* most plaintext put on the wire in one turn */
    WRITE_HIGH = 512 * 1024,  /* above this the kernel must take some first */
    TURN_SCRATCH = 4 * 1024 * 1024
};

struct conn {
    uint32_t magic;
    enum conn_step step;
    struct gw_conn_loop *loop;
    struct gw_list node, dirty;
    struct gw_io_conn *io;
    struct gw_tls *tls;
    struct gw_http2 *h2;
    struct gw_call_who *who;
    struct gw_io_timer *timer; /* handshake, then idle */
    struct gw_list touched;    /* streams that were read from in this turn */
};

/* One stream and its call; what the call sees as its transport. */
struct stream {
    uint32_t magic;
    struct conn *conn;
    struct gw_http2_stream *h2;
    struct gw_call *call;
    struct gw_list touched;
};

const struct gw_conn_settings gw_conn_defaults = {
    .handshake_timeout_ms = 10000,
    .idle_timeout_ms = 300000,
    .max_connections = 20000,
};

static void mark_dirty(struct conn *c)
{
    if (gw_list_empty(&c->dirty))
        gw_list_append(&c->loop->dirty, &c->dirty);
}

static void close_conn(struct conn *c, bool now)
{
    if (c->step == STEP_close)
        return;
    c->step = STEP_close;
    gw_io_timer_cancel(c->timer);
    gw_io_conn_close(c->io, now);
}

/* ---- the call's transport -----------------------------------------------------------------------
 */

static void put_headers(void *arg, const struct gw_http2_header *h, size_t count, bool end)
{
    struct stream *s = arg;
    if (gw_http2_stream_headers(s->h2, h, count, end) != GW_OK)
        gw_http2_stream_reset(s->h2, 2);
    mark_dirty(s->conn);
}

static void put_data(void *arg, struct gw_bytes bytes)
{
    struct stream *s = arg;
    if (gw_http2_stream_data(s->h2, bytes) != GW_OK)
        gw_http2_stream_reset(s->h2, 2);
    mark_dirty(s->conn);
}

static void put_end(void *arg, const struct gw_http2_header *trailers, size_t count)
{
    struct stream *s = arg;
    if (gw_http2_stream_end(s->h2, trailers, count) != GW_OK)
        gw_http2_stream_reset(s->h2, 2);
    mark_dirty(s->conn);
}

static void reset(void *arg)
{
    struct stream *s = arg;
    gw_http2_stream_reset(s->h2, 2);
    mark_dirty(s->conn);
}

static void consumed(void *arg, size_t len)
{
    struct stream *s = arg;
    gw_http2_stream_consumed(s->h2, len);
    mark_dirty(s->conn);
}

static size_t window(void *arg)
{
    return gw_http2_stream_window(((struct stream *)arg)->h2);
}

static size_t queued(void *arg)
{
    return gw_http2_stream_queued(((struct stream *)arg)->h2);
}

static const struct gw_call_transport transport = {
    .headers = put_headers,
    .data = put_data,
    .end = put_end,
    .reset = reset,
    .consumed = consumed,
    .window = window,
    .queued = queued,
};

/* ---- HTTP/2 events ------------------------------------------------------------------------------
 */

static void touch(struct stream *s)
{
    if (gw_list_empty(&s->touched))
        gw_list_append(&s->conn->touched, &s->touched);
}

static struct stream *stream_of(struct gw_http2_stream *h2)
{
    struct stream *s = gw_http2_stream_arg(h2);
    if (s != NULL)
        GW_MAGIC_CHECK(s, STREAM_MAGIC);
    return s;
}

static void on_headers(void *arg, struct gw_http2_stream *h2, const struct gw_http2_header *h,
                       size_t count, bool end)
{
    struct conn *c = arg;
    (void)end;
    struct stream *s = calloc(1, sizeof(*s));
    if (s != NULL) {
        s->magic = STREAM_MAGIC;
        s->conn = c;
        s->h2 = h2;
        gw_list_init(&s->touched);
        s->call = gw_call_new(c->loop->calls, c->who, &transport, s, h, count);
    }
    if (s == NULL || s->call == NULL) {
        free(s);
        gw_http2_stream_reset(h2, 2);
        return;
    }
    gw_http2_stream_set_arg(h2, s);
    touch(s);
}

static void on_data(void *arg, struct gw_http2_stream *h2, struct gw_bytes bytes)
{
    (void)arg;
    struct stream *s = stream_of(h2);
    if (s == NULL)
        return;
    gw_call_data(s->call, bytes);
    touch(s);
}

static void on_trailers(void *arg, struct gw_http2_stream *h2, const struct gw_http2_header *h,
                        size_t count)
{
    /* gRPC requests have no trailers; what a client sends there means nothing. */
    (void)arg;
    (void)h2;
    (void)h;
    (void)count;
}

static void on_end(void *arg, struct gw_http2_stream *h2)
{
    (void)arg;
    struct stream *s = stream_of(h2);
    if (s == NULL)
        return;
    gw_call_end(s->call);
    touch(s);
}

static void on_writable(void *arg, struct gw_http2_stream *h2)
{
    (void)arg;
    struct stream *s = stream_of(h2);
    if (s != NULL)
        gw_call_writable(s->call);
}

static void arm_idle(struct conn *c)
{
    if (c->step == STEP_serve && gw_http2_open_streams(c->h2) == 0)
        gw_io_timer_arm(c->timer, c->loop->settings->idle_timeout_ms);
}

static void on_stream_closed(void *arg, struct gw_http2_stream *h2, uint32_t error_code)
{
    struct conn *c = arg;
    (void)error_code;
    struct stream *s = stream_of(h2);
    if (s == NULL)
        return;
    gw_list_remove(&s->touched);
    gw_http2_stream_set_arg(h2, NULL);
    struct gw_call *call = s->call;
    s->magic = 0;
    free(s);
    gw_call_closed(call);
    arm_idle(c);
}

static void on_goaway(void *arg, uint32_t error_code)
{
    (void)arg;
    (void)error_code;
}

static const struct gw_http2_events http2_events = {
    .on_headers = on_headers,
    .on_data = on_data,
    .on_trailers = on_trailers,
    .on_end = on_end,
    .on_writable = on_writable,
    .on_stream_closed = on_stream_closed,
    .on_goaway = on_goaway,
};

/* ---- bytes
 * ---------------------------------------------------------------------------------------- */

static void write_wire(struct conn *c)
{
    struct gw_buf *wire = &c->loop->wire;
    if (wire->len > 0 && gw_io_conn_write(c->io, gw_buf_view(wire)) != GW_OK)
        close_conn(c, true);
    gw_buf_reset(wire);
}

/* Frames -> TLS -> one write. What the kernel did not take holds back the rest. */
static void flush(struct conn *c)
{
    if (c->step == STEP_close || c->h2 == NULL)
        return;
    struct gw_buf *frames = &c->loop->frames;
    gw_buf_reset(&c->loop->wire);
    size_t total = 0;
    while (total < WRITE_CHUNK && gw_io_conn_queued(c->io) < WRITE_HIGH) {
        gw_buf_reset(frames);
        if (gw_http2_send(c->h2, 16384, frames) != GW_OK || gw_buf_failed(frames) != GW_OK ||
            (frames->len > 0 &&
             gw_tls_send(c->tls, gw_buf_view(frames), &c->loop->wire) != GW_OK)) {
            close_conn(c, true);
            return;
        }
        if (frames->len == 0)
            break;
        total += frames->len;
    }
    bool more = total >= WRITE_CHUNK;
    bool done = !more && gw_http2_done(c->h2);
    if (done)
        gw_tls_shutdown(c->tls, &c->loop->wire);
    write_wire(c);
    if (done)
        close_conn(c, false);
    else if (more && gw_io_conn_queued(c->io) < WRITE_HIGH)
        mark_dirty(c);
}

static void turn_end(void *arg)
{
    struct gw_conn_loop *l = arg;
    /* Only those that are dirty now: one that writes without end must not keep the others waiting.
     */
    struct gw_list now;
    gw_list_init(&now);
    while (!gw_list_empty(&l->dirty)) {
        struct gw_list *n = l->dirty.next;
        gw_list_remove(n);
        gw_list_append(&now, n);
    }
    while (!gw_list_empty(&now)) {
        struct conn *c = GW_CONTAINER_OF(now.next, struct conn, dirty);
        gw_list_remove(&c->dirty);
        flush(c);
    }
}

static void refused(struct conn *c, const char *why)
{
    if (c->loop->on_refused != NULL)
        c->loop->on_refused(c->loop->arg, gw_io_conn_peer(c->io), why);
}

/* handshake -> serve */
static enum gw_status begin_serving(struct conn *c)
{
    const struct gw_tls_identity *id = gw_tls_identity_peek(c->tls);
    if (GW_BUG_ON(id == NULL))
        return GW_INTERNAL;
    c->who = gw_call_who_new(id, gw_io_conn_peer(c->io));
    if (c->who == NULL)
        return GW_NOMEM;
    c->who->held_max = c->loop->settings->http2.connection_window / 2;
    GW_TRY(gw_http2_new_server(&c->loop->settings->http2, &http2_events, c, &c->h2));
    c->step = STEP_serve;
    arm_idle(c);
    if (c->loop->draining)
        gw_http2_goaway(c->h2, true, 0);
    mark_dirty(c);
    return GW_OK;
}

static void drain_touched(struct conn *c)
{
    while (!gw_list_empty(&c->touched)) {
        struct stream *s = GW_CONTAINER_OF(c->touched.next, struct stream, touched);
        gw_list_remove(&s->touched);
        gw_call_drained(s->call);
    }
}

static void on_read(void *arg, struct gw_bytes bytes)
{
    struct conn *c = arg;
    GW_MAGIC_CHECK(c, CONN_MAGIC);
    struct gw_conn_loop *l = c->loop;
    if (c->step == STEP_close)
        return;
    if (bytes.len == 0) {
        close_conn(c, true);
        return;
    }
    gw_buf_reset(&l->plain);
    gw_buf_reset(&l->wire);
    enum gw_status st = gw_tls_recv(c->tls, bytes, &l->plain, &l->wire);
    write_wire(c);
    if (c->step == STEP_close)
        return;
    if (st != GW_OK && st != GW_CLOSED) {
        if (c->step == STEP_handshake)
            refused(c, gw_tls_why(c->tls));
        close_conn(c, false);
        return;
    }
    if (c->step == STEP_handshake && gw_tls_ready(c->tls) && begin_serving(c) != GW_OK) {
        close_conn(c, true);
        return;
    }
    if (l->plain.len > 0 && c->h2 != NULL) {
        gw_io_timer_cancel(c->timer);
        enum gw_status h2 = gw_http2_recv(c->h2, gw_buf_view(&l->plain));
        drain_touched(c);
        mark_dirty(c);
        if (h2 != GW_OK) {
            flush(c);
            close_conn(c, false);
            return;
        }
        arm_idle(c);
    }
    if (st == GW_CLOSED)
        close_conn(c, false);
}

static void on_drained(void *arg)
{
    struct conn *c = arg;
    mark_dirty(c);
}

static void on_closed(void *arg, enum gw_status why)
{
    struct conn *c = arg;
    (void)why;
    c->step = STEP_close;
    gw_http2_free(c->h2);
    gw_tls_free(c->tls);
    gw_io_timer_free(c->timer);
    gw_call_who_unref(c->who);
    gw_list_remove(&c->node);
    gw_list_remove(&c->dirty);
    c->loop->count--;
    c->magic = 0;
    free(c);
}

static const struct gw_io_conn_events io_events = {
    .on_read = on_read, .on_drained = on_drained, .on_closed = on_closed};

static void timed_out(void *arg)
{
    struct conn *c = arg;
    if (c->step == STEP_handshake) {
        refused(c, "the TLS handshake took too long");
        close_conn(c, true);
        return;
    }
    if (c->step != STEP_serve || gw_http2_open_streams(c->h2) > 0)
        return;
    gw_http2_goaway(c->h2, true, 0);
    c->step = STEP_drain;
    mark_dirty(c);
}

void gw_conn_accept(struct gw_conn_loop *l, struct gw_io_conn *io)
{
    struct conn *c = NULL;
    if (l->draining)
        return; /* not started: io closes it */
    if (l->count >= l->settings->max_connections || (c = calloc(1, sizeof(*c))) == NULL) {
        if (l->on_refused != NULL)
            l->on_refused(l->arg, gw_io_conn_peer(io), "too many connections");
        return;
    }
    c->magic = CONN_MAGIC;
    c->loop = l;
    c->io = io;
    c->step = STEP_handshake;
    gw_list_init(&c->dirty);
    gw_list_init(&c->touched);
    gw_list_init(&c->node);
    if (gw_tls_new(l->tls, NULL, &c->tls) != GW_OK ||
        gw_io_timer_new(l->calls->io, timed_out, c, &c->timer) != GW_OK) {
        gw_tls_free(c->tls);
        free(c);
        return;
    }
    gw_list_append(&l->conns, &c->node);
    l->count++;
    gw_io_timer_arm(c->timer, l->settings->handshake_timeout_ms);
    gw_io_conn_start(io, &io_events, c);
}

void gw_conn_drain(struct gw_conn_loop *l, bool final)
{
    l->draining = true;
    GW_LIST_FOR_SAFE(it, nxt, &l->conns)
    {
        struct conn *c = GW_CONTAINER_OF(it, struct conn, node);
        if (c->h2 == NULL || c->step == STEP_close)
            continue;
        gw_http2_goaway(c->h2, final, 0);
        if (final)
            c->step = STEP_drain;
        mark_dirty(c);
    }
}

void gw_conn_abort(struct gw_conn_loop *l)
{
    GW_LIST_FOR_SAFE(it, nxt, &l->conns)
    close_conn(GW_CONTAINER_OF(it, struct conn, node), true);
}

void gw_conn_set_tls(struct gw_conn_loop *l, struct gw_tls_context *tls)
{
    struct gw_tls_context *before = l->tls;
    l->tls = gw_tls_context_ref(tls);
    gw_tls_context_unref(before);
}

void gw_conn_loop_init(struct gw_conn_loop *l)
{
    gw_list_init(&l->conns);
    gw_list_init(&l->dirty);
    gw_buf_init(&l->wire, TURN_SCRATCH);
    gw_buf_init(&l->plain, TURN_SCRATCH);
    gw_buf_init(&l->frames, TURN_SCRATCH);
    gw_io_loop_on_turn_end(l->calls->io, turn_end, l);
}

void gw_conn_loop_fini(struct gw_conn_loop *l)
{
    gw_buf_fini(&l->wire);
    gw_buf_fini(&l->plain);
    gw_buf_fini(&l->frames);
    gw_tls_context_unref(l->tls);
}

/* One TCP connection: reads into the loop's shared buffer, writes at once where the kernel takes
 * it, and an end that loses nothing: flush, end of stream, wait for the peer's, close. connect.c
 * and listen.c make connections. */
#include <stdlib.h>

#include "io/io_internal.h"

static void on_handle_closed(uv_handle_t *h)
{
    struct gw_io_conn *c = h->data;
    GW_MAGIC_CHECK(c, GW_IO_CONN_MAGIC);
    if (c->ev != NULL)
        c->ev->on_closed(c->arg, c->why);
    gw_buf_fini(&c->queue);
    gw_buf_fini(&c->flight);
    c->magic = 0;
    free(c);
}

struct gw_io_conn *gw_io_conn_make(struct gw_io_loop *l)
{
    struct gw_io_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->magic = GW_IO_CONN_MAGIC;
    c->loop = l;
    c->why = GW_CLOSED;
    gw_list_init(&c->linger);
    gw_buf_init(&c->queue, GW_IO_MAX_QUEUED);
    gw_buf_init(&c->flight, GW_IO_MAX_QUEUED);
    (void)uv_tcp_init(&l->uv, &c->tcp);
    c->tcp.data = c;
    c->write.data = c;
    c->shutdown.data = c;
    return c;
}

void gw_io_conn_adopt(struct gw_io_conn *c)
{
    (void)uv_tcp_nodelay(&c->tcp, 1);
    /* A peer that vanished while nobody had anything to say would hold its calls for ever. */
    (void)uv_tcp_keepalive(&c->tcp, 1, GW_IO_KEEPALIVE_S);
    struct sockaddr_storage ss = {0};
    int len = sizeof ss;
    (void)uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&ss, &len);
    gw_io_address_format((const struct sockaddr *)&ss, c->peer, sizeof c->peer);
}

void gw_io_conn_drop(struct gw_io_conn *c, enum gw_status why)
{
    c->closing = true;
    gw_list_remove(&c->linger);
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    c->why = why;
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

void gw_io_conn_stop_handle(uv_handle_t *h)
{
    gw_io_conn_drop(h->data, GW_CANCELLED);
}

/* -------------------------------------------------------------------------------------- reading */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct gw_io_conn *c = h->data;
    *ret = uv_buf_init(c->loop->read_buf, sizeof c->loop->read_buf);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct gw_io_conn *c = s->data;
    GW_MAGIC_CHECK(c, GW_IO_CONN_MAGIC);
    if (n == 0)
        return;
    if (n < 0) {
        c->eof = true;
        if (n != UV_EOF)
            gw_io_conn_drop(c, c->closing ? GW_CLOSED : GW_IO);
        else if (c->shut)
            gw_io_conn_drop(c, GW_CLOSED);
        else if (!c->closing)
            c->ev->on_read(c->arg, GW_BYTES_NONE);
        return;
    }
    if (!c->closing) /* else: what arrives while we linger is dropped */
        c->ev->on_read(c->arg, gw_bytes_make(buf->base, (size_t)n));
}

void gw_io_conn_start(struct gw_io_conn *c, const struct gw_io_conn_events *ev, void *arg)
{
    GW_MAGIC_CHECK(c, GW_IO_CONN_MAGIC);
    c->ev = ev;
    c->arg = arg;
    if (!c->closing && uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
        gw_io_conn_drop(c, GW_IO);
}

void gw_io_conn_pause(struct gw_io_conn *c)
{
    c->paused = true;
    if (!c->closing)
        (void)uv_read_stop((uv_stream_t *)&c->tcp);
}

void gw_io_conn_resume(struct gw_io_conn *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    if (!c->closing && !c->eof && uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
        gw_io_conn_drop(c, GW_IO);
}

/* -------------------------------------------------------------------------------------- writing */

static void flush_next(struct gw_io_conn *c);

static void linger_start(struct gw_io_conn *c, uint64_t wait_ms)
{
    struct gw_io_loop *l = c->loop;
    c->linger_until_ms = uv_now(&l->uv) + wait_ms;
    gw_list_remove(&c->linger);
    gw_list_append(&l->lingering, &c->linger);
    gw_io_loop_linger_arm(l);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct gw_io_conn *c = req->data;
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    c->shut = true;
    if (status != 0 || c->eof)
        gw_io_conn_drop(c, GW_CLOSED);
    else
        linger_start(c, GW_IO_LINGER_MS);
}

/* All is flushed: says end of stream, then waits for the peer's, so that unread bytes in our
 * receive queue do not turn close(2) into a reset that destroys what we have just sent. */
static void finish(struct gw_io_conn *c)
{
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
        gw_io_conn_drop(c, GW_CLOSED);
        return;
    }
    if (c->eof)
        return;
    int rc = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (rc != 0 && rc != UV_EALREADY)
        c->eof = true; /* nothing to wait for */
}

static void on_written(uv_write_t *req, int status)
{
    struct gw_io_conn *c = req->data;
    GW_MAGIC_CHECK(c, GW_IO_CONN_MAGIC);
    c->flight_left = 0;
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (status != 0) {
        gw_io_conn_drop(c, GW_IO);
        return;
    }
    if (c->queue.len != 0) {
        flush_next(c);
        return;
    }
    gw_buf_fini(&c->flight);
    gw_buf_init(&c->flight, GW_IO_MAX_QUEUED);
    if (c->closing)
        finish(c);
    else if (c->ev != NULL)
        c->ev->on_drained(c->arg);
}

/* Hands the queue to libuv whole, and takes the spent buffer as the new queue. */
static void flush_next(struct gw_io_conn *c)
{
    struct gw_buf spent = c->flight;
    c->flight = c->queue;
    c->queue = spent;
    gw_buf_reset(&c->queue);
    c->flight_left = c->flight.len;
    uv_buf_t b = uv_buf_init((char *)c->flight.ptr, (unsigned)c->flight.len);
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0) {
        c->flight_left = 0;
        gw_io_conn_drop(c, GW_IO);
    }
}

enum gw_status gw_io_conn_write(struct gw_io_conn *c, struct gw_bytes bytes)
{
    GW_MAGIC_CHECK(c, GW_IO_CONN_MAGIC);
    if (c->closing)
        return GW_CLOSED;
    if (bytes.len == 0)
        return GW_OK;
    if (bytes.len > GW_IO_MAX_QUEUED - gw_io_conn_queued(c))
        return GW_TOO_LARGE;
    size_t done = 0;
    if (c->flight_left == 0) {
        uv_buf_t b = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
        int n = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
        if (n < 0 && n != UV_EAGAIN) {
            gw_io_conn_drop(c, GW_IO);
            return GW_CLOSED;
        }
        done = n > 0 ? (size_t)n : 0;
        if (done == bytes.len)
            return GW_OK;
    }
    gw_buf_append(&c->queue, bytes.ptr + done, bytes.len - done);
    if (gw_buf_failed(&c->queue) != GW_OK) {
        /* A part may be on its way: the stream can not go on. */
        gw_io_conn_drop(c, GW_IO);
        return GW_CLOSED;
    }
    if (c->flight_left == 0)
        flush_next(c);
    return c->closing ? GW_CLOSED : GW_OK;
}

size_t gw_io_conn_queued(const struct gw_io_conn *c)
{
    /* libuv knows how much of the flight is still with us. */
    return c->queue.len + (c->flight_left != 0 ? c->tcp.write_queue_size : 0);
}

/* -------------------------------------------------------------------------------------- closing */

void gw_io_conn_close(struct gw_io_conn *c, bool now)
{
    GW_MAGIC_CHECK(c, GW_IO_CONN_MAGIC);
    if (now) {
        gw_io_conn_drop(c, GW_CLOSED);
        return;
    }
    if (c->closing)
        return;
    c->closing = true;
    if (c->flight_left != 0) {
        (void)uv_read_stop((uv_stream_t *)&c->tcp);
        linger_start(c, GW_IO_FLUSH_MS);
    } else {
        finish(c);
    }
}

void gw_io_conn_linger_tick(struct gw_io_loop *l)
{
    uint64_t now = uv_now(&l->uv);
    GW_LIST_FOR_SAFE(it, next, &l->lingering)
    {
        struct gw_io_conn *c = GW_CONTAINER_OF(it, struct gw_io_conn, linger);
        if (now >= c->linger_until_ms)
            gw_io_conn_drop(c, GW_CLOSED);
    }
    if (gw_list_empty(&l->lingering))
        (void)uv_timer_stop(&l->linger_tick);
}

const char *gw_io_conn_peer(const struct gw_io_conn *c)
{
    return c->peer;
}

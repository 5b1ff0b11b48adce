/* A small gRPC server for the tests of upstream/: io, TLS and HTTP/2 put together in the plainest
 * way, on a thread of its own. What it does with a call stands in its path. */
#ifndef TEST_ECHO_SERVER_H
#define TEST_ECHO_SERVER_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "grpc/grpc.h"
#include "http2/http2.h"
#include "io/io.h"
#include "tls/tls.h"

enum { FLOOD_MESSAGES = 200, FLOOD_BYTES = 64 * 1024, BIG_BYTES = 8 * 1024 * 1024 };

struct echo_server {
    struct gw_io_loop *loop;
    struct gw_io_listener *listener;
    struct gw_tls_context *tls;
    pthread_t thread;
    uint16_t port;
    atomic_int connections, resets;
};

struct echo_conn {
    struct echo_server *server;
    struct gw_io_conn *io;
    struct gw_tls *tls;
    struct gw_http2 *h2;
    bool drop;
};

struct echo_call {
    struct echo_conn *conn;
    char path[64];
    struct gw_grpc_reader reader;
    bool answered;
};

static inline void echo_headers(struct gw_http2_stream *s)
{
    struct gw_arena *a = gw_arena_new("test", 65536);
    struct gw_http2_header *h;
    size_t n;
    assert(gw_grpc_response_headers(a, &h, &n) == GW_OK);
    assert(gw_http2_stream_headers(s, h, n, false) == GW_OK);
    gw_arena_free(a);
}

static inline void echo_end(struct gw_http2_stream *s, int code, const char *message, bool head)
{
    struct gw_arena *a = gw_arena_new("test", 65536);
    struct gw_http2_header *h;
    size_t n;
    struct gw_grpc_metadata extra = {GW_BYTES_LIT("exchange-receipt"), GW_BYTES_LIT("o 7")};
    assert(gw_grpc_trailers(a, code, gw_bytes_str(message), GW_BYTES_LIT("\x08\x07"), &extra, 1,
                            head, &h, &n) == GW_OK);
    if (head)
        assert(gw_http2_stream_headers(s, h, n, true) == GW_OK);
    else
        assert(gw_http2_stream_end(s, h, n) == GW_OK);
    gw_arena_free(a);
}

static inline void echo_send(struct gw_http2_stream *s, struct gw_bytes m)
{
    struct gw_buf b;
    gw_buf_init(&b, m.len + 5);
    gw_grpc_frame_put(&b, m);
    assert(gw_http2_stream_data(s, gw_buf_view(&b)) == GW_OK);
    gw_buf_fini(&b);
}

static inline void echo_on_headers(void *arg, struct gw_http2_stream *s,
                                   const struct gw_http2_header *h, size_t count, bool end)
{
    (void)end;
    struct echo_call *c = calloc(1, sizeof(*c));
    c->conn = arg;
    gw_grpc_reader_init(&c->reader, 64u << 20, false);
    for (size_t i = 0; i < count; i++)
        if (gw_bytes_eq_str(h[i].name, ":path"))
            snprintf(c->path, sizeof(c->path), "%.*s", GW_BYTES_FMT(h[i].value));
    gw_http2_stream_set_arg(s, c);
    if (strcmp(c->path, "/t.T/Deny") == 0) {
        c->answered = true;
        echo_end(s, 7, "not granted, \xe6\x9c\xaa", true);
    } else if (strcmp(c->path, "/t.T/Drop") == 0) {
        c->conn->drop = true;
    } else if (strcmp(c->path, "/t.T/Hang") != 0) {
        echo_headers(s);
    }
    if (strcmp(c->path, "/t.T/Flood") == 0) {
        uint8_t *m = malloc(FLOOD_BYTES);
        for (int i = 0; i < FLOOD_MESSAGES; i++) {
            memset(m, i, FLOOD_BYTES);
            echo_send(s, gw_bytes_make(m, FLOOD_BYTES));
        }
        free(m);
        c->answered = true;
        echo_end(s, 0, "", false);
    } else if (strcmp(c->path, "/t.T/Big") == 0) {
        uint8_t *m = calloc(1, BIG_BYTES);
        echo_send(s, gw_bytes_make(m, BIG_BYTES));
        free(m);
        c->answered = true;
        echo_end(s, 0, "", false);
    } else if (strcmp(c->path, "/t.T/Goaway") == 0) {
        gw_http2_goaway(c->conn->h2, false, 0);
    }
}

static inline void echo_on_data(void *arg, struct gw_http2_stream *s, struct gw_bytes bytes)
{
    (void)arg;
    struct echo_call *c = gw_http2_stream_arg(s);
    gw_http2_stream_consumed(s, bytes.len);
    assert(gw_grpc_reader_feed(&c->reader, bytes) == GW_OK);
    struct gw_bytes m;
    size_t wire;
    while (gw_grpc_reader_next(&c->reader, &m, &wire) == GW_OK)
        if (!c->answered && !c->conn->drop && strcmp(c->path, "/t.T/Hang") != 0)
            echo_send(s, m);
}

static inline void echo_on_end(void *arg, struct gw_http2_stream *s)
{
    (void)arg;
    struct echo_call *c = gw_http2_stream_arg(s);
    if (!c->answered && strcmp(c->path, "/t.T/Hang") != 0 && strcmp(c->path, "/t.T/Drop") != 0)
        echo_end(s, 0, "", false);
}

static inline void echo_on_stream_closed(void *arg, struct gw_http2_stream *s, uint32_t error)
{
    struct echo_conn *k = arg;
    struct echo_call *c = gw_http2_stream_arg(s);
    if (error != 0)
        atomic_fetch_add(&k->server->resets, 1);
    gw_grpc_reader_fini(&c->reader);
    free(c);
}

static inline void echo_ignore_trailers(void *arg, struct gw_http2_stream *s,
                                        const struct gw_http2_header *h, size_t n)
{
    (void)arg, (void)s, (void)h, (void)n;
}

static inline void echo_ignore(void *arg, struct gw_http2_stream *s)
{
    (void)arg, (void)s;
}

static inline void echo_ignore_goaway(void *arg, uint32_t code)
{
    (void)arg, (void)code;
}

static const struct gw_http2_events echo_events = {
    echo_on_headers, echo_on_data,          echo_ignore_trailers, echo_on_end,
    echo_ignore,     echo_on_stream_closed, echo_ignore_goaway};

static inline void echo_pump(struct echo_conn *k)
{
    struct gw_buf plain, wire;
    gw_buf_init(&plain, 64u << 20);
    gw_buf_init(&wire, 64u << 20);
    while (gw_tls_ready(k->tls) && gw_http2_wants_send(k->h2) &&
           gw_io_conn_queued(k->io) < 1024 * 1024) {
        assert(gw_http2_send(k->h2, 65536, &plain) == GW_OK);
        if (plain.len == 0)
            break;
        assert(gw_tls_send(k->tls, gw_buf_view(&plain), &wire) == GW_OK);
        enum gw_status st = gw_io_conn_write(k->io, gw_buf_view(&wire));
        (void)st;
        gw_buf_reset(&plain);
        gw_buf_reset(&wire);
    }
    gw_buf_fini(&plain);
    gw_buf_fini(&wire);
    if (gw_http2_done(k->h2))
        gw_io_conn_close(k->io, false);
}

static inline void echo_on_read(void *arg, struct gw_bytes bytes)
{
    struct echo_conn *k = arg;
    struct gw_buf plain, wire;
    gw_buf_init(&plain, 64u << 20);
    gw_buf_init(&wire, 64u << 20);
    enum gw_status st = bytes.len != 0 ? gw_tls_recv(k->tls, bytes, &plain, &wire) : GW_CLOSED;
    if (wire.len != 0) {
        enum gw_status w = gw_io_conn_write(k->io, gw_buf_view(&wire));
        (void)w;
    }
    if (plain.len != 0)
        assert(gw_http2_recv(k->h2, gw_buf_view(&plain)) == GW_OK);
    gw_buf_fini(&plain);
    gw_buf_fini(&wire);
    if (st != GW_OK || k->drop)
        gw_io_conn_close(k->io, k->drop);
    else
        echo_pump(k);
}

static inline void echo_on_drained(void *arg)
{
    echo_pump(arg);
}

static inline void echo_on_closed(void *arg, enum gw_status st)
{
    struct echo_conn *k = arg;
    (void)st;
    gw_http2_free(k->h2);
    gw_tls_free(k->tls);
    free(k);
}

static const struct gw_io_conn_events echo_io = {echo_on_read, echo_on_drained, echo_on_closed};

static inline void echo_on_accept(void *arg, struct gw_io_conn *io)
{
    struct echo_server *server = arg;
    struct echo_conn *k = calloc(1, sizeof(*k));
    k->server = server;
    k->io = io;
    atomic_fetch_add(&server->connections, 1);
    assert(gw_tls_new(server->tls, NULL, &k->tls) == GW_OK);
    assert(gw_http2_new_server(&gw_http2_defaults, &echo_events, k, &k->h2) == GW_OK);
    gw_io_conn_start(io, &echo_io, k);
}

static inline void *echo_run(void *arg)
{
    struct echo_server *s = arg;
    gw_io_loop_run(s->loop);
    return NULL;
}

static inline void echo_start(struct echo_server *s, const struct gw_tls_settings *tls)
{
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    memset(s, 0, sizeof(*s));
    assert(gw_tls_context_new_server(tls, &s->tls, &error) == GW_OK);
    gw_buf_fini(&error);
    assert(gw_io_loop_new("echo", &s->loop) == GW_OK);
    assert(gw_io_listen(s->loop, "127.0.0.1:0", 16, echo_on_accept, s, &s->listener) == GW_OK);
    s->port = gw_io_listener_port(s->listener);
    assert(pthread_create(&s->thread, NULL, echo_run, s) == 0);
}

static inline void echo_stop(struct echo_server *s)
{
    gw_io_loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    gw_io_loop_free(s->loop);
    gw_tls_context_unref(s->tls);
}

#endif

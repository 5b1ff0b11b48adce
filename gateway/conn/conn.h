/* Client connections of one loop: accept, handshake, pump, drain, close. Drives io -> tls -> http2
 * -> call and back, one write per connection and loop turn. */
#ifndef GW_CONN_CONN_H
#define GW_CONN_CONN_H

#include "base/list.h"
#include "call/call.h"
#include "http2/http2.h"
#include "io/io.h"
#include "tls/tls.h"

struct gw_conn_settings {
    uint64_t handshake_timeout_ms;
    uint64_t idle_timeout_ms; /* without open streams */
    uint32_t max_connections; /* per loop */
    struct gw_http2_settings http2;
};
extern const struct gw_conn_settings gw_conn_defaults;

/* One per loop thread. */
struct gw_conn_loop {
    struct gw_call_loop *calls;
    const struct gw_conn_settings *settings;
    struct gw_tls_context *tls; /* new connections use this one; counted */
    struct gw_list conns;
    struct gw_list dirty; /* have something to write at the end of this turn */
    uint32_t count;
    bool draining;
    struct gw_buf wire, plain, frames; /* scratch of a turn */
    /* A handshake failed, or a connection was turned away: one line for the log. Borrowed strings.
     */
    void (*on_refused)(void *arg, const char *address, const char *why);
    void *arg;
};
/* `l` is the caller's memory; calls, settings, tls, on_refused and arg are set by the caller.
 * Registers the turn end. */
void gw_conn_loop_init(struct gw_conn_loop *l);
void gw_conn_loop_fini(struct gw_conn_loop *l);
/* Takes a socket that was just accepted. */
void gw_conn_accept(struct gw_conn_loop *l, struct gw_io_conn *io);
/* Two-phase GOAWAY on every connection (RFC 9113 section 6.8): first without, then with `final`. */
void gw_conn_drain(struct gw_conn_loop *l, bool final);
/* Closes every connection at once. */
void gw_conn_abort(struct gw_conn_loop *l);
/* Replaces the context for new connections. */
void gw_conn_set_tls(struct gw_conn_loop *l, struct gw_tls_context *tls);

#endif

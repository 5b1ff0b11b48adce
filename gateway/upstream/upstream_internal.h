/* Inside upstream/: the connection (link.c) and its calls (call.c). */
#ifndef GW_UPSTREAM_UPSTREAM_INTERNAL_H
#define GW_UPSTREAM_UPSTREAM_INTERNAL_H

#include "upstream/upstream.h"

#include "base/list.h"
#include "http2/http2.h"

enum { GW_UPSTREAM_LINK_MAGIC = 0x554c4e4b, GW_UPSTREAM_CALL_MAGIC = 0x5543414c };

/* One TCP connection with TLS and HTTP/2 on it. Counted: the owner, the socket (or the attempt to
 * connect), a queued post and every call hold a reference. */
struct gw_upstream_link {
    uint32_t magic;
    unsigned refs;
    struct gw_io_loop *loop;
    struct gw_list node; /* in gw_upstream.links while it has an owner */
    struct gw_upstream *owner;
    struct gw_io_conn *conn;
    struct gw_tls *tls;
    struct gw_http2 *http2; /* NULL: the link is over */
    struct gw_io_timer *timer;
    struct gw_io_post post;
    bool posted;
    bool inside;    /* in gw_http2_recv() or gw_http2_send() */
    bool open;      /* TLS is up */
    bool draining;  /* GOAWAY came: no new calls */
    bool stopping;  /* its owner is being freed */
    bool handshake; /* ended by TLS: a certificate, theirs or ours */
    struct gw_buf plain_in, plain_out, wire;
    char why[512]; /* for a person, when it ended */
};

struct gw_upstream {
    struct gw_io_loop *loop;
    struct gw_tls_context *tls;
    char *host;
    uint16_t port;
    uint64_t connect_timeout_ms;
    uint32_t max_message_bytes;
    struct gw_list links;
};

/* The link for a new call; borrowed. */
GW_MUST_USE enum gw_status gw_upstream_link_get(struct gw_upstream *u,
                                                struct gw_upstream_link **ret);
void gw_upstream_link_ref(struct gw_upstream_link *k);
void gw_upstream_link_unref(struct gw_upstream_link *k);
/* Something is to be sent: at the end of what the loop does now. */
void gw_upstream_link_wake(struct gw_upstream_link *k);
/* Events of HTTP/2, for link.c; stream args are calls. */
extern const struct gw_http2_events gw_upstream_call_http2_events;

#endif

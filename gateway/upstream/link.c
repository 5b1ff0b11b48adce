/* The connection of an upstream: socket, TLS and HTTP/2 kept together, made when needed, gone when
 * broken. Requests may be queued in HTTP/2 before the handshake is done. Next: call.c. */
#include "upstream/upstream_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { WRITE_CHUNK = 64 * 1024, WRITE_HIGH = 512 * 1024 };

const struct gw_upstream_settings gw_upstream_defaults = {
    .connect_timeout_ms = 10000,
    .max_message_bytes = 16 * 1024 * 1024,
};

void gw_upstream_link_ref(struct gw_upstream_link *k)
{
    k->refs++;
}

void gw_upstream_link_unref(struct gw_upstream_link *k)
{
    if (--k->refs != 0)
        return;
    gw_io_timer_free(k->timer);
    gw_tls_free(k->tls);
    gw_buf_fini(&k->plain_in);
    gw_buf_fini(&k->plain_out);
    gw_buf_fini(&k->wire);
    free(k);
}

static void flush_wire(struct gw_upstream_link *k)
{
    if (k->wire.len != 0 && k->conn != NULL) {
        /* A failed write shows as on_closed. */
        enum gw_status st = gw_io_conn_write(k->conn, gw_buf_view(&k->wire));
        (void)st;
    }
    gw_buf_reset(&k->wire);
}

/* Ends the link and with it every call on it. Not from inside HTTP/2. */
static void link_end(struct gw_upstream_link *k, const char *why)
{
    if (k->http2 == NULL)
        return;
    snprintf(k->why, sizeof(k->why), "%s", why);
    gw_upstream_link_ref(k);
    struct gw_http2 *h = gw_steal(&k->http2);
    if (k->owner != NULL) {
        gw_list_remove(&k->node);
        k->owner = NULL;
    }
    gw_io_timer_cancel(k->timer);
    if (k->conn != NULL) {
        if (gw_tls_ready(k->tls))
            gw_tls_shutdown(k->tls, &k->wire);
        flush_wire(k);
        gw_io_conn_close(k->conn, false);
    }
    gw_http2_free(h);          /* calls end here */
    gw_upstream_link_unref(k); /* the list's, or the owner's */
    gw_upstream_link_unref(k);
}

static void pump(struct gw_upstream_link *k)
{
    if (k->inside)
        return;
    while (k->http2 != NULL && k->open && gw_http2_wants_send(k->http2) &&
           gw_io_conn_queued(k->conn) < WRITE_HIGH) {
        k->inside = true;
        enum gw_status st = gw_http2_send(k->http2, WRITE_CHUNK, &k->plain_out);
        k->inside = false;
        if (st == GW_OK && k->plain_out.len == 0)
            break;
        if (st == GW_OK)
            st = gw_tls_send(k->tls, gw_buf_view(&k->plain_out), &k->wire);
        gw_buf_reset(&k->plain_out);
        if (st == GW_OK)
            st = gw_buf_failed(&k->wire);
        if (st != GW_OK) {
            link_end(k, gw_status_text(st));
            return;
        }
        flush_wire(k);
    }
    if (k->http2 != NULL && gw_http2_done(k->http2))
        link_end(k, "the server has ended the connection");
}

static void run_post(struct gw_io_post *p)
{
    struct gw_upstream_link *k = GW_CONTAINER_OF(p, struct gw_upstream_link, post);
    k->posted = false;
    pump(k);
    gw_upstream_link_unref(k);
}

void gw_upstream_link_wake(struct gw_upstream_link *k)
{
    if (k->posted || k->http2 == NULL)
        return;
    k->posted = true;
    gw_upstream_link_ref(k);
    gw_io_loop_post(k->loop, &k->post);
}

static void tls_failed(struct gw_upstream_link *k, enum gw_status st)
{
    char text[sizeof(k->why)];
    const char *why = gw_tls_why(k->tls);
    k->handshake = why[0] != '\0';
    if (k->handshake)
        snprintf(text, sizeof(text), "TLS: %s", why);
    else if (st == GW_CLOSED)
        snprintf(text, sizeof(text), "the server has closed the connection");
    else
        snprintf(text, sizeof(text), "TLS: %s", gw_status_text(st));
    flush_wire(k); /* the alert, if there is one */
    link_end(k, text);
}

static void on_read(void *arg, struct gw_bytes bytes)
{
    struct gw_upstream_link *k = arg;
    GW_MAGIC_CHECK(k, GW_UPSTREAM_LINK_MAGIC);
    if (k->http2 == NULL)
        return;
    gw_upstream_link_ref(k);
    if (bytes.len == 0) {
        tls_failed(k, GW_CLOSED);
        gw_upstream_link_unref(k);
        return;
    }
    enum gw_status st = gw_tls_recv(k->tls, bytes, &k->plain_in, &k->wire);
    flush_wire(k);
    if (!k->open && gw_tls_ready(k->tls)) {
        k->open = true;
        gw_io_timer_cancel(k->timer);
    }
    if (k->plain_in.len != 0) {
        k->inside = true;
        enum gw_status h2 = gw_http2_recv(k->http2, gw_buf_view(&k->plain_in));
        k->inside = false;
        gw_buf_reset(&k->plain_in);
        if (h2 != GW_OK && st == GW_OK) {
            pump(k);
            link_end(k, "the server does not keep to HTTP/2");
        }
    }
    if (st != GW_OK && k->http2 != NULL)
        tls_failed(k, st);
    pump(k);
    gw_upstream_link_unref(k);
}

static void on_drained(void *arg)
{
    struct gw_upstream_link *k = arg;
    gw_upstream_link_ref(k);
    pump(k);
    gw_upstream_link_unref(k);
}

static void on_closed(void *arg, enum gw_status st)
{
    struct gw_upstream_link *k = arg;
    GW_MAGIC_CHECK(k, GW_UPSTREAM_LINK_MAGIC);
    k->conn = NULL;
    link_end(k, st == GW_CANCELLED ? "the client is stopping" : "the connection was lost");
    gw_upstream_link_unref(k);
}

static const struct gw_io_conn_events io_events = {on_read, on_drained, on_closed};

static void on_connect(void *arg, enum gw_status st, struct gw_io_conn *c)
{
    struct gw_upstream_link *k = arg;
    GW_MAGIC_CHECK(k, GW_UPSTREAM_LINK_MAGIC);
    if (st != GW_OK || k->http2 == NULL) { /* an unstarted connection is closed by io */
        const char *why = st == GW_NOT_FOUND ? "no such host name"
                          : st == GW_TIMEOUT ? "no answer when connecting"
                          : st == GW_CANCELLED
                              ? "the client is stopping"
                              : "nobody answers at that address (connection refused)";
        link_end(k, why);
        gw_upstream_link_unref(k);
        return;
    }
    k->conn = c;
    gw_io_conn_start(c, &io_events, k);
    st = gw_tls_start(k->tls, &k->wire);
    flush_wire(k);
    if (st != GW_OK)
        tls_failed(k, st);
}

static void on_timeout(void *arg)
{
    struct gw_upstream_link *k = arg;
    link_end(k, "no answer when connecting");
}

static enum gw_status link_new(struct gw_upstream *u, struct gw_upstream_link **ret)
{
    struct gw_upstream_link *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return GW_NOMEM;
    k->magic = GW_UPSTREAM_LINK_MAGIC;
    k->refs = 1; /* the list's */
    k->loop = u->loop;
    k->post.run = run_post;
    gw_list_init(&k->node);
    gw_buf_init(&k->plain_in, 64u << 20);
    gw_buf_init(&k->plain_out, 64u << 20);
    gw_buf_init(&k->wire, 64u << 20);
    enum gw_status st = gw_io_timer_new(u->loop, on_timeout, k, &k->timer);
    if (st == GW_OK)
        st = gw_tls_new(u->tls, u->host, &k->tls);
    if (st == GW_OK)
        st = gw_http2_new_client(&gw_http2_defaults, &gw_upstream_call_http2_events, k, &k->http2);
    if (st == GW_OK) {
        gw_upstream_link_ref(k); /* the attempt's, then the socket's */
        st = gw_io_connect(u->loop, u->host, u->port, on_connect, k);
        if (st != GW_OK)
            k->refs--;
    }
    if (st != GW_OK) {
        gw_http2_free(gw_steal(&k->http2));
        gw_upstream_link_unref(k);
        return st;
    }
    k->owner = u;
    gw_list_append(&u->links, &k->node);
    gw_io_timer_arm(k->timer, u->connect_timeout_ms);
    *ret = k;
    return GW_OK;
}

enum gw_status gw_upstream_link_get(struct gw_upstream *u, struct gw_upstream_link **ret)
{
    GW_LIST_FOR(it, &u->links)
    {
        struct gw_upstream_link *k = GW_CONTAINER_OF(it, struct gw_upstream_link, node);
        if (!k->draining) {
            *ret = k;
            return GW_OK;
        }
    }
    return link_new(u, ret);
}

enum gw_status gw_upstream_new(struct gw_io_loop *l, const struct gw_upstream_settings *s,
                               struct gw_upstream **ret)
{
    struct gw_upstream *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return GW_NOMEM;
    u->host = strdup(s->host);
    if (u->host == NULL) {
        free(u);
        return GW_NOMEM;
    }
    u->loop = l;
    u->tls = gw_tls_context_ref(s->tls);
    u->port = s->port;
    u->connect_timeout_ms = s->connect_timeout_ms;
    u->max_message_bytes = s->max_message_bytes;
    gw_list_init(&u->links);
    *ret = u;
    return GW_OK;
}

void gw_upstream_free(struct gw_upstream *u)
{
    if (u == NULL)
        return;
    while (!gw_list_empty(&u->links)) {
        struct gw_upstream_link *k = GW_CONTAINER_OF(u->links.next, struct gw_upstream_link, node);
        k->stopping = true;
        link_end(k, "the client is stopping");
    }
    gw_tls_context_unref(u->tls);
    free(u->host);
    free(u);
}

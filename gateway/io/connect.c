/* Outgoing connections: resolve, then try address after address under one time limit. The attempt
 * lives until its timer handle is closed; the caller hears once. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io_internal.h"

struct attempt {
    enum gw_io_magic magic;
    struct gw_io_loop *loop;
    void (*on_connect)(void *arg, enum gw_status st, struct gw_io_conn *c);
    void *arg;
    uv_timer_t limit;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    struct addrinfo *addresses;
    const struct addrinfo *next;
    struct gw_io_conn *conn; /* the one that is connecting */
    bool resolving;
    bool connecting; /* `connect` is with libuv */
    bool answered;
    bool limit_closed;
};

static void try_next(struct attempt *a);

static void release(struct attempt *a)
{
    if (!a->limit_closed || a->resolving || a->connecting)
        return;
    uv_freeaddrinfo(a->addresses);
    free(a);
}

static void on_limit_closed(uv_handle_t *h)
{
    struct attempt *a = h->data;
    a->limit_closed = true;
    release(a);
}

static void answer(struct attempt *a, enum gw_status st, struct gw_io_conn *c)
{
    if (a->answered)
        return;
    a->answered = true;
    if (a->resolving)
        (void)uv_cancel((uv_req_t *)&a->resolve);
    if (a->conn != NULL && c == NULL)
        gw_io_conn_drop(a->conn, st);
    a->conn = NULL;
    uv_close((uv_handle_t *)&a->limit, on_limit_closed);
    a->on_connect(a->arg, st, c);
    if (c != NULL && c->ev == NULL && !c->closing)
        gw_io_conn_drop(c, GW_CLOSED);
}

static void on_limit(uv_timer_t *t)
{
    struct attempt *a = t->data;
    answer(a, a->loop->stopping ? GW_CANCELLED : GW_TIMEOUT, NULL);
}

/* The loop stops: ends in the next turn, as every answer, from the loop and not from inside a call.
 */
void gw_io_connect_stop_handle(uv_handle_t *h)
{
    (void)uv_timer_start((uv_timer_t *)h, on_limit, 0, 0);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct attempt *a = req->data;
    a->connecting = false;
    struct gw_io_conn *c = a->conn;
    if (a->answered) {
        release(a);
        return;
    }
    if (status == 0 && !c->closing) {
        gw_io_conn_adopt(c);
        answer(a, GW_OK, c);
        return;
    }
    a->conn = NULL;
    gw_io_conn_drop(c, GW_IO);
    if (a->loop->stopping)
        answer(a, GW_CANCELLED, NULL);
    else
        try_next(a);
}

static void try_next(struct attempt *a)
{
    while (a->next != NULL) {
        const struct addrinfo *ai = a->next;
        a->next = ai->ai_next;
        struct gw_io_conn *c = gw_io_conn_make(a->loop);
        if (c == NULL)
            break;
        a->connect.data = a;
        if (uv_tcp_connect(&a->connect, &c->tcp, ai->ai_addr, on_connected) == 0) {
            a->conn = c;
            a->connecting = true;
            return;
        }
        gw_io_conn_drop(c, GW_IO);
    }
    answer(a, GW_UNAVAILABLE, NULL);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct attempt *a = req->data;
    a->resolving = false;
    a->addresses = res;
    a->next = res;
    if (a->answered)
        release(a);
    else if (a->loop->stopping)
        answer(a, GW_CANCELLED, NULL);
    else if (status != 0)
        answer(a, GW_NOT_FOUND, NULL);
    else
        try_next(a);
}

enum gw_status gw_io_connect(struct gw_io_loop *l, const char *host, uint16_t port,
                             void (*on_connect)(void *arg, enum gw_status st, struct gw_io_conn *c),
                             void *arg)
{
    if (l->stopping)
        return GW_PRECONDITION;
    struct attempt *a = calloc(1, sizeof *a);
    if (a == NULL)
        return GW_NOMEM;
    a->magic = GW_IO_CONNECT_MAGIC;
    a->loop = l;
    a->on_connect = on_connect;
    a->arg = arg;
    (void)uv_timer_init(&l->uv, &a->limit);
    a->limit.data = a;
    a->resolve.data = a;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    /* Numbers go the same way as names: one path, and on_connect never comes from inside this call.
     * Not AI_ADDRCONFIG: it refuses "localhost" on a machine that has no other address. */
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    a->resolving = true;
    if (uv_getaddrinfo(&l->uv, &a->resolve, on_resolved, host, service, &hints) != 0) {
        a->resolving = false;
        a->answered = true;
        uv_close((uv_handle_t *)&a->limit, on_limit_closed);
        return GW_IO;
    }
    uv_update_time(&l->uv);
    (void)uv_timer_start(&a->limit, on_limit, GW_IO_CONNECT_MS, 0);
    return GW_OK;
}

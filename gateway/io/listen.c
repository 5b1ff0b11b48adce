/* Listening sockets: one per loop on the same port by SO_REUSEPORT, so the kernel spreads
 * connections over the loops and no thread hands sockets to another. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/io_internal.h"

static void on_listener_closed(uv_handle_t *h)
{
    struct gw_io_listener *li = h->data;
    li->closed = true;
    if (li->freed)
        free(li);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct gw_io_listener *li = server->data;
    GW_MAGIC_CHECK(li, GW_IO_LISTENER_MAGIC);
    if (status != 0) /* out of descriptors or memory, or the client has left: libuv tries again */
        return;
    struct gw_io_conn *c = gw_io_conn_make(li->loop);
    if (c == NULL)
        return;
    if (uv_accept(server, (uv_stream_t *)&c->tcp) != 0) {
        gw_io_conn_drop(c, GW_IO);
        return;
    }
    gw_io_conn_adopt(c);
    li->on_accept(li->arg, c);
    if (c->ev == NULL && !c->closing)
        gw_io_conn_drop(c, GW_CLOSED);
}

static enum gw_status socket_open(const struct sockaddr_storage *ss, socklen_t len, bool shared,
                                  int *ret)
{
    int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return GW_IO;
    int on = 1;
    int bad = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared)
        bad |= setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (ss->ss_family == AF_INET6)
        bad |= setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bad != 0 || bind(fd, (const struct sockaddr *)ss, len) != 0) {
        enum gw_status st = bad == 0 && errno == EADDRINUSE ? GW_EXISTS : GW_IO;
        (void)close(fd);
        return st;
    }
    *ret = fd;
    return GW_OK;
}

static uint16_t bound_port(const uv_tcp_t *tcp)
{
    struct sockaddr_storage ss = {0};
    int len = sizeof ss;
    if (uv_tcp_getsockname(tcp, (struct sockaddr *)&ss, &len) != 0)
        return 0;
    return gw_io_address_port((const struct sockaddr *)&ss);
}

enum gw_status gw_io_listen_probe(const char *address)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int fd;
    GW_TRY(gw_io_address_parse(address, &ss, &len));
    if (gw_io_address_port((const struct sockaddr *)&ss) == 0)
        return GW_OK;
    GW_TRY(socket_open(&ss, len, false, &fd));
    (void)close(fd);
    return GW_OK;
}

enum gw_status gw_io_listen(struct gw_io_loop *l, const char *address, int backlog,
                            void (*on_accept)(void *arg, struct gw_io_conn *c), void *arg,
                            struct gw_io_listener **ret)
{
    if (l->stopping)
        return GW_PRECONDITION;
    struct sockaddr_storage ss;
    socklen_t len;
    GW_TRY(gw_io_address_parse(address, &ss, &len));
    struct gw_io_listener *li = calloc(1, sizeof *li);
    if (li == NULL)
        return GW_NOMEM;
    li->magic = GW_IO_LISTENER_MAGIC;
    li->loop = l;
    li->on_accept = on_accept;
    li->arg = arg;
    int fd;
    enum gw_status st = socket_open(&ss, len, true, &fd);
    if (st != GW_OK) {
        free(li);
        return st;
    }
    (void)uv_tcp_init(&l->uv, &li->tcp);
    li->tcp.data = li;
    int rc = uv_tcp_open(&li->tcp, fd);
    if (rc != 0) {
        (void)close(fd);
    } else {
        rc = uv_listen((uv_stream_t *)&li->tcp, backlog, on_connection);
    }
    if (rc != 0) {
        gw_io_listener_close(li);
        return rc == UV_EADDRINUSE ? GW_EXISTS : GW_IO;
    }
    li->port = bound_port(&li->tcp);
    *ret = li;
    return GW_OK;
}

uint16_t gw_io_listener_port(const struct gw_io_listener *li)
{
    return li->port;
}

void gw_io_listener_close(struct gw_io_listener *li)
{
    if (li == NULL)
        return;
    GW_MAGIC_CHECK(li, GW_IO_LISTENER_MAGIC);
    li->freed = true;
    if (li->closed)
        free(li);
    else if (!uv_is_closing((uv_handle_t *)&li->tcp))
        uv_close((uv_handle_t *)&li->tcp, on_listener_closed);
}

/* At stop the owner has not closed it yet: the socket ends now, the object when the owner says so.
 */
void gw_io_listener_stop_handle(uv_handle_t *h)
{
    uv_close(h, on_listener_closed);
}

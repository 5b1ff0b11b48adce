/* A connection: settings, bytes in, bytes out, GOAWAY, its end. */
#include <stdlib.h>

#include "base/clock.h"
#include "http2/http2_internal.h"

const struct gw_http2_settings gw_http2_defaults = {
    .max_concurrent_streams = 256,
    .max_header_list_bytes = 16 * 1024,
    .max_header_count = 64,
    .initial_stream_window = 256 * 1024,
    .connection_window = 1024 * 1024,
    .max_frame_bytes = 16 * 1024,
    .max_resets_per_minute = 1000,
    .max_pings_per_minute = 600,
};

static int64_t default_now_us(void *arg)
{
    (void)arg;
    return gw_clock_mono_us();
}

static enum gw_status session_make(struct gw_http2 *h)
{
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *opt = NULL;
    int rc = nghttp2_session_callbacks_new(&cb);
    if (rc == 0)
        rc = nghttp2_option_new(&opt);
    if (rc == 0) {
        gw_http2_receive_callbacks(cb);
        gw_http2_send_callbacks(cb);
        nghttp2_option_set_no_auto_window_update(opt, 1);
        nghttp2_option_set_no_closed_streams(opt, 1);
        nghttp2_option_set_max_settings(opt, 16);
        nghttp2_option_set_max_outbound_ack(opt, 256);
        nghttp2_option_set_max_reserved_remote_streams(opt, 0);
        /* flood.c counts resets; nghttp2's own limit would answer INTERNAL_ERROR and know no clock.
         */
        nghttp2_option_set_stream_reset_rate_limit(opt, UINT32_MAX, UINT32_MAX);
        rc = h->server ? nghttp2_session_server_new2(&h->session, cb, h, opt)
                       : nghttp2_session_client_new2(&h->session, cb, h, opt);
    }
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(opt);
    return rc == 0 ? GW_OK : GW_NOMEM;
}

static enum gw_status settings_submit(struct gw_http2 *h)
{
    const struct gw_http2_settings *s = &h->settings;
    nghttp2_settings_entry e[6];
    size_t n = 0;
    e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                      h->server ? s->max_concurrent_streams : 0};
    e[n++] =
        (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, s->initial_stream_window};
    e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_FRAME_SIZE, s->max_frame_bytes};
    e[n++] =
        (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, s->max_header_list_bytes};
    e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
    if (!h->server)
        e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    int rc = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, e, n);
    if (rc == 0)
        rc = nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                                   (int32_t)s->connection_window);
    if (rc == NGHTTP2_ERR_INVALID_ARGUMENT)
        return GW_INVALID;
    return rc == 0 ? GW_OK : GW_NOMEM;
}

static enum gw_status make(const struct gw_http2_settings *s, const struct gw_http2_events *ev,
                           void *conn_arg, bool server, struct gw_http2 **ret)
{
    /* RFC 9113 sections 6.5.2 and 6.9.1 */
    if (s->max_frame_bytes < 16384 || s->max_frame_bytes > 16777215 ||
        s->initial_stream_window > INT32_MAX || s->connection_window > INT32_MAX)
        return GW_INVALID;
    GW_CLEANUP(gw_http2_freep) struct gw_http2 *h = calloc(1, sizeof *h);
    if (h == NULL)
        return GW_NOMEM;
    h->magic = GW_HTTP2_MAGIC;
    h->server = server;
    h->settings = *s;
    h->ev = ev;
    h->arg = conn_arg;
    h->now_us = default_now_us;
    gw_list_init(&h->streams);
    gw_list_init(&h->writables);
    GW_TRY(session_make(h));
    GW_TRY(settings_submit(h));
    *ret = gw_steal(&h);
    return GW_OK;
}

enum gw_status gw_http2_new_server(const struct gw_http2_settings *s,
                                   const struct gw_http2_events *ev, void *conn_arg,
                                   struct gw_http2 **ret)
{
    return make(s, ev, conn_arg, true, ret);
}

enum gw_status gw_http2_new_client(const struct gw_http2_settings *s,
                                   const struct gw_http2_events *ev, void *conn_arg,
                                   struct gw_http2 **ret)
{
    return make(s, ev, conn_arg, false, ret);
}

void gw_http2_free(struct gw_http2 *h)
{
    if (h == NULL)
        return;
    GW_MAGIC_CHECK(h, GW_HTTP2_MAGIC);
    if (GW_BUG_ON(h->busy))
        return;
    h->busy = true;
    h->dead = true;
    while (!gw_list_empty(&h->streams))
        gw_http2_stream_close(GW_CONTAINER_OF(h->streams.next, struct gw_http2_stream, node),
                              NGHTTP2_CANCEL);
    nghttp2_session_del(h->session);
    gw_http2_head_clear(h);
    free(h->head);
    free(h->head_refs);
    h->magic = 0;
    free(h);
}

void gw_http2_set_clock(struct gw_http2 *h, int64_t (*now_us)(void *arg), void *arg)
{
    h->now_us = now_us;
    h->now_arg = arg;
}

/* RFC 9113 section 7: what a fatal error of nghttp2 is on the wire. */
static uint32_t wire_error(ssize_t lib_error)
{
    switch (lib_error) {
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_CALLBACK_FAILURE: /* our own limits answer so */
        return NGHTTP2_ENHANCE_YOUR_CALM;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        return NGHTTP2_PROTOCOL_ERROR;
    case NGHTTP2_ERR_NOMEM:
        return NGHTTP2_INTERNAL_ERROR;
    default:
        return NGHTTP2_ENHANCE_YOUR_CALM; /* too many CONTINUATION frames has no public code in 1.52
                                           */
    }
}

enum gw_status gw_http2_recv(struct gw_http2 *h, struct gw_bytes bytes)
{
    GW_MAGIC_CHECK(h, GW_HTTP2_MAGIC);
    if (GW_BUG_ON(h->busy))
        return GW_INTERNAL;
    if (h->dead)
        return GW_INVALID;
    h->busy = true;
    ssize_t n = nghttp2_session_mem_recv(h->session, bytes.ptr, bytes.len);
    h->busy = false;
    if (n >= 0)
        return h->dead ? GW_INVALID : GW_OK;
    h->dead = true;
    h->error = wire_error(n);
    (void)nghttp2_session_terminate_session(h->session, h->error);
    return n == NGHTTP2_ERR_NOMEM ? GW_NOMEM : GW_INVALID;
}

static enum gw_status send_fill(struct gw_http2 *h, struct gw_buf *ret)
{
    bool more = true;
    while (more && ret->len < h->send_until) {
        const uint8_t *p;
        ssize_t n = nghttp2_session_mem_send(h->session, &p);
        if (n < 0) {
            h->dead = true;
            if (gw_buf_failed(ret) != GW_OK)
                return gw_buf_failed(ret);
            return n == NGHTTP2_ERR_NOMEM ? GW_NOMEM : GW_INTERNAL;
        }
        gw_buf_append(ret, p, (size_t)n);
        /* A stream that is filled again may have frames although nghttp2 had none just now. */
        more = gw_http2_writables_run(h) || n > 0;
    }
    return gw_buf_failed(ret);
}

enum gw_status gw_http2_send(struct gw_http2 *h, size_t max_bytes, struct gw_buf *ret)
{
    GW_MAGIC_CHECK(h, GW_HTTP2_MAGIC);
    if (GW_BUG_ON(h->busy))
        return GW_INTERNAL;
    h->busy = true;
    h->send_to = ret;
    h->send_until = max_bytes > SIZE_MAX - ret->len ? SIZE_MAX : ret->len + max_bytes;
    enum gw_status st = send_fill(h, ret);
    h->send_to = NULL;
    h->busy = false;
    if (st != GW_OK)
        h->dead = true;
    return st;
}

bool gw_http2_wants_send(const struct gw_http2 *h)
{
    return nghttp2_session_want_write(h->session) != 0;
}

bool gw_http2_done(const struct gw_http2 *h)
{
    if (nghttp2_session_want_write(h->session) != 0)
        return false;
    return h->dead || nghttp2_session_want_read(h->session) == 0;
}

uint32_t gw_http2_error(const struct gw_http2 *h)
{
    return h->error;
}

void gw_http2_goaway(struct gw_http2 *h, bool final, uint32_t error_code)
{
    if (h->dead)
        return;
    if (!final && h->server)
        (void)nghttp2_submit_shutdown_notice(h->session);
    else
        (void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                                    nghttp2_session_get_last_proc_stream_id(h->session), error_code,
                                    NULL, 0);
}

uint32_t gw_http2_open_streams(const struct gw_http2 *h)
{
    return h->open;
}

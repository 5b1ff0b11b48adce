/* A stream: its object, what its owner may ask, and how its body goes out (nghttp2 asks for bytes
 * when the windows allow; they are copied once, from the stream's queue to the connection's
 * output). */
#include <stdlib.h>

#include "http2/http2_internal.h"

struct gw_http2_stream *gw_http2_stream_of(struct gw_http2 *h, int32_t id)
{
    struct gw_http2_stream *s = nghttp2_session_get_stream_user_data(h->session, id);
    if (s != NULL)
        GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    return s;
}

struct gw_http2_stream *gw_http2_stream_make(struct gw_http2 *h, int32_t id)
{
    struct gw_http2_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->magic = GW_HTTP2_STREAM_MAGIC;
    s->id = id;
    s->h = h;
    gw_buf_init(&s->out, GW_HTTP2_MAX_STREAM_QUEUE);
    gw_list_init(&s->writable);
    gw_list_append(&h->streams, &s->node);
    return s;
}

void gw_http2_stream_close(struct gw_http2_stream *s, uint32_t error_code)
{
    struct gw_http2 *h = s->h;
    (void)nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
    gw_list_remove(&s->node);
    gw_list_remove(&s->writable);
    s->closed = true;
    if (s->unconsumed > 0)
        (void)nghttp2_session_consume_connection(h->session, s->unconsumed);
    if (s->announced) {
        h->open--;
        h->ev->on_stream_closed(h->arg, s, error_code);
    }
    gw_buf_fini(&s->out);
    free(s->trailers);
    s->magic = 0;
    free(s);
}

/* ------------------------------------------------------------------------------ headers of ours */

/* Values that are new each time: indexing them would only push the constant ones out of the peer's
 * HPACK table. Secrets must not be indexed either (RFC 7541 section 7.1.3). */
static const char *const not_indexed[] = {
    "authorization", "exchange-receipt", "grpc-status-details-bin", "grpc-message", "grpc-timeout",
    "traceparent",   "xinqiao-case",     "xinqiao-consent"};

static uint8_t nv_flags(struct gw_bytes name)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(not_indexed); i++)
        if (gw_bytes_eq_str(name, not_indexed[i]))
            return NGHTTP2_NV_FLAG_NO_INDEX;
    return NGHTTP2_NV_FLAG_NONE;
}

static enum gw_status nv_fill(const struct gw_http2_header *hd, size_t count,
                              nghttp2_nv ret[GW_HTTP2_MAX_OWN_HEADERS])
{
    if (count > GW_HTTP2_MAX_OWN_HEADERS)
        return GW_TOO_LARGE;
    for (size_t i = 0; i < count; i++)
        ret[i] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)hd[i].name.ptr,
                              .namelen = hd[i].name.len,
                              .value = (uint8_t *)(uintptr_t)hd[i].value.ptr,
                              .valuelen = hd[i].value.len,
                              .flags = nv_flags(hd[i].name)};
    return GW_OK;
}

static enum gw_status headers_dup(const struct gw_http2_header *hd, size_t count,
                                  struct gw_http2_header **ret)
{
    if (count > GW_HTTP2_MAX_OWN_HEADERS)
        return GW_TOO_LARGE;
    size_t size = count * sizeof *hd;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(size, hd[i].name.len, &size) ||
            __builtin_add_overflow(size, hd[i].value.len, &size))
            return GW_TOO_LARGE;
    struct gw_http2_header *copy = malloc(size);
    if (copy == NULL)
        return GW_NOMEM;
    struct gw_buf text;
    gw_buf_init_fixed(&text, copy + count, size - count * sizeof *hd);
    for (size_t i = 0; i < count; i++) {
        copy[i].name = gw_bytes_make(text.ptr + text.len, hd[i].name.len);
        gw_buf_bytes(&text, hd[i].name);
        copy[i].value = gw_bytes_make(text.ptr + text.len, hd[i].value.len);
        gw_buf_bytes(&text, hd[i].value);
    }
    *ret = copy;
    return GW_OK;
}

static enum gw_status from_lib(int rc)
{
    switch (rc) {
    case 0:
        return GW_OK;
    case NGHTTP2_ERR_NOMEM:
        return GW_NOMEM;
    case NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE:
        return GW_UNAVAILABLE;
    case NGHTTP2_ERR_INVALID_ARGUMENT:
        return GW_INVALID;
    default:
        return GW_PRECONDITION;
    }
}

/* ------------------------------------------------------------------------------------- body out */

static ssize_t on_body_wanted(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t len,
                              uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)buf;
    (void)stream_id;
    (void)user;
    struct gw_http2_stream *s = source->ptr;
    GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    size_t left = s->out.len - s->out_off;
    if (left == 0 && !s->ended) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    size_t n = left < len ? left : len;
    if (n > 0)
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (s->ended && n == left) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (s->trailer_count > 0) {
            nghttp2_nv nv[GW_HTTP2_MAX_OWN_HEADERS];
            if (nv_fill(s->trailers, s->trailer_count, nv) != GW_OK ||
                nghttp2_submit_trailer(session, s->id, nv, s->trailer_count) != 0)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        }
    }
    return (ssize_t)n;
}

static int on_body_framed(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *frame_head,
                          size_t len, nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)frame; /* we never pad: padlen is 0 */
    struct gw_http2 *h = user;
    struct gw_http2_stream *s = source->ptr;
    if (GW_BUG_ON(len > s->out.len - s->out_off))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    gw_buf_append(h->send_to, frame_head, 9);
    gw_buf_append(h->send_to, s->out.ptr + s->out_off, len);
    if (gw_buf_failed(h->send_to) != GW_OK)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    s->out_off += len;
    if (s->out_off == s->out.len) {
        s->out_off = 0;
        /* Idle streams keep no memory (a follower of a list may wait for days). */
        if (s->out.cap > 4096) {
            gw_buf_fini(&s->out);
            gw_buf_init(&s->out, GW_HTTP2_MAX_STREAM_QUEUE);
        } else {
            gw_buf_reset(&s->out);
        }
        /* Told later: nghttp2 is in the middle of this stream. */
        if (!s->ended && !s->reset && gw_list_empty(&s->writable))
            gw_list_append(&h->writables, &s->writable);
    }
    return h->send_to->len >= h->send_until ? NGHTTP2_ERR_PAUSE : 0;
}

bool gw_http2_writables_run(struct gw_http2 *h)
{
    bool any = false;
    while (!gw_list_empty(&h->writables)) {
        struct gw_http2_stream *s =
            GW_CONTAINER_OF(h->writables.next, struct gw_http2_stream, writable);
        gw_list_remove(&s->writable);
        if (s->ended || s->reset || s->out.len > s->out_off)
            continue;
        any = true;
        h->ev->on_writable(h->arg, s);
    }
    return any;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct gw_http2 *h = user;
    int32_t id = frame->hd.stream_id;
    struct gw_http2_stream *s;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        gw_http2_flood_forgive(h);
        /* RFC 9113 section 8.1: the answer is whole, what the client still sends is not wanted. */
        if (h->server && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
            nghttp2_session_get_stream_remote_close(session, id) == 0)
            (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
        return 0;
    case NGHTTP2_RST_STREAM:
        s = gw_http2_stream_of(h, id);
        /* A reset that the peer's own mistake made us send costs as much as one of its own. Refusal
         * over the limit of streams is not counted: a client may start before our SETTINGS reach
         * it. */
        if (h->server && frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
            frame->rst_stream.error_code != NGHTTP2_REFUSED_STREAM && (s == NULL || !s->reset) &&
            !gw_http2_flood_reset(h)) {
            h->dead = true;
            (void)nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
        }
        return 0;
    case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR)
            h->error = frame->goaway.error_code;
        return 0;
    default:
        return 0;
    }
}

/* A HEADERS frame could not be sent. A request that never became a stream in nghttp2 ends here; for
 * one that did, nghttp2 closes it. An answer that is too large would leave its stream open for
 * ever: reset it. */
static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int lib_error,
                             void *user)
{
    (void)lib_error;
    struct gw_http2 *h = user;
    int32_t id = frame->hd.stream_id;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (nghttp2_session_find_stream(session, id) != NULL) {
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
            (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
        return 0;
    }
    GW_LIST_FOR_SAFE(it, next, &h->streams)
    {
        struct gw_http2_stream *s = GW_CONTAINER_OF(it, struct gw_http2_stream, node);
        if (s->id != id)
            continue;
        gw_http2_stream_close(s, s->reset ? NGHTTP2_CANCEL : NGHTTP2_REFUSED_STREAM);
        break;
    }
    return 0;
}

void gw_http2_send_callbacks(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_send_data_callback(cb, on_body_framed);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(cb, on_frame_not_sent);
}

/* ------------------------------------------------------------------------ what an owner may ask */

enum gw_status gw_http2_request(struct gw_http2 *h, const struct gw_http2_header *hd, size_t count,
                                void *arg, struct gw_http2_stream **ret)
{
    if (GW_BUG_ON(h->server))
        return GW_INTERNAL;
    if (h->dead || nghttp2_session_check_request_allowed(h->session) == 0)
        return GW_UNAVAILABLE;
    nghttp2_nv nv[GW_HTTP2_MAX_OWN_HEADERS];
    GW_TRY(nv_fill(hd, count, nv));
    struct gw_http2_stream *s = gw_http2_stream_make(h, 0);
    if (s == NULL)
        return GW_NOMEM;
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = on_body_wanted};
    int32_t id = nghttp2_submit_request(h->session, NULL, nv, count, &body, s);
    if (id < 0) {
        gw_http2_stream_close(s, 0); /* not announced: no event */
        return from_lib(id);
    }
    s->id = id;
    s->arg = arg;
    s->announced = true;
    s->headers_sent = true;
    h->open++;
    *ret = s;
    return GW_OK;
}

enum gw_status gw_http2_stream_headers(struct gw_http2_stream *s, const struct gw_http2_header *hd,
                                       size_t count, bool end)
{
    GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    if (gw_http2_stream_quiet(s))
        return GW_CLOSED;
    if (!s->h->server || s->headers_sent)
        return GW_PRECONDITION;
    nghttp2_nv nv[GW_HTTP2_MAX_OWN_HEADERS];
    GW_TRY(nv_fill(hd, count, nv));
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = on_body_wanted};
    GW_TRY(from_lib(nghttp2_submit_response(s->h->session, s->id, nv, count, end ? NULL : &body)));
    s->headers_sent = true;
    s->ended = end;
    return GW_OK;
}

static void body_resume(struct gw_http2_stream *s)
{
    if (!s->deferred)
        return;
    s->deferred = false;
    (void)nghttp2_session_resume_data(s->h->session, s->id);
}

enum gw_status gw_http2_stream_data(struct gw_http2_stream *s, struct gw_bytes bytes)
{
    GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    if (gw_http2_stream_quiet(s))
        return GW_CLOSED;
    if (!s->headers_sent || s->ended)
        return GW_PRECONDITION;
    if (bytes.len == 0)
        return GW_OK;
    if (s->out_off > 0 && s->out_off >= s->out.len / 2) {
        gw_buf_consume(&s->out, s->out_off);
        s->out_off = 0;
    }
    if (bytes.len > GW_HTTP2_MAX_STREAM_QUEUE - s->out.len)
        return GW_TOO_LARGE;
    gw_buf_bytes(&s->out, bytes);
    GW_TRY(gw_buf_failed(&s->out));
    body_resume(s);
    return GW_OK;
}

size_t gw_http2_stream_queued(const struct gw_http2_stream *s)
{
    return s->out.len - s->out_off;
}

size_t gw_http2_stream_window(const struct gw_http2_stream *s)
{
    if (s->closed)
        return 0;
    int32_t stream = nghttp2_session_get_stream_remote_window_size(s->h->session, s->id);
    int32_t conn = nghttp2_session_get_remote_window_size(s->h->session);
    int32_t least = stream < conn ? stream : conn;
    return least > 0 ? (size_t)least : 0;
}

enum gw_status gw_http2_stream_end(struct gw_http2_stream *s, const struct gw_http2_header *hd,
                                   size_t count)
{
    GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    if (gw_http2_stream_quiet(s))
        return GW_CLOSED;
    if (!s->headers_sent || s->ended)
        return GW_PRECONDITION;
    if (count > 0)
        GW_TRY(headers_dup(hd, count, &s->trailers));
    s->trailer_count = count;
    s->ended = true;
    body_resume(s);
    return GW_OK;
}

void gw_http2_stream_reset(struct gw_http2_stream *s, uint32_t error_code)
{
    GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    if (s->reset || s->closed)
        return;
    s->reset = true;
    /* What is queued stays until the stream closes: nghttp2 may hold a frame of it. */
    (void)nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, error_code);
}

void gw_http2_stream_consumed(struct gw_http2_stream *s, size_t len)
{
    GW_MAGIC_CHECK(s, GW_HTTP2_STREAM_MAGIC);
    if (s->closed)
        return;
    if (GW_BUG_ON(len > s->unconsumed))
        len = s->unconsumed;
    s->unconsumed -= len;
    (void)nghttp2_session_consume(s->h->session, s->id, len);
}

int32_t gw_http2_stream_id(const struct gw_http2_stream *s)
{
    return s->id;
}

void gw_http2_stream_set_arg(struct gw_http2_stream *s, void *arg)
{
    s->arg = arg;
}

void *gw_http2_stream_arg(const struct gw_http2_stream *s)
{
    return s->arg;
}

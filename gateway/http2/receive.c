/* What nghttp2 calls while bytes come in: header blocks are collected and bounded, bodies handed
 * on, floods stopped. Validity of fields and pseudo-fields is nghttp2's work (RFC 9113 section 8).
 */
#include <stdlib.h>

#include "http2/http2_internal.h"

/* -------------------------------------------------------------------------------- header blocks */

void gw_http2_head_clear(struct gw_http2 *h)
{
    for (size_t i = 0; i < h->head_count; i++) {
        nghttp2_rcbuf_decref(h->head_refs[2 * i]);
        nghttp2_rcbuf_decref(h->head_refs[2 * i + 1]);
    }
    h->head_count = 0;
    h->head_bytes = 0;
}

static bool head_grow(struct gw_http2 *h)
{
    size_t cap = h->head_cap == 0 ? 16 : 2 * h->head_cap;
    struct gw_http2_header *head = realloc(h->head, cap * sizeof *head);
    if (head == NULL)
        return false;
    h->head = head;
    nghttp2_rcbuf **refs = realloc(h->head_refs, 2 * cap * sizeof(nghttp2_rcbuf *));
    if (refs == NULL)
        return false;
    h->head_refs = refs;
    h->head_cap = cap;
    return true;
}

static struct gw_bytes rcbuf_bytes(nghttp2_rcbuf *b)
{
    nghttp2_vec v = nghttp2_rcbuf_get_buf(b);
    return gw_bytes_make(v.base, v.len);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct gw_http2 *h = user;
    GW_MAGIC_CHECK(h, GW_HTTP2_MAGIC);
    gw_http2_head_clear(h);
    if (!h->server || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct gw_http2_stream *s = gw_http2_stream_make(h, frame->hd.stream_id);
    if (s == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    (void)nghttp2_session_set_stream_user_data(session, s->id, s);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)session;
    (void)flags;
    struct gw_http2 *h = user;
    struct gw_http2_stream *s = gw_http2_stream_of(h, frame->hd.stream_id);
    if (s == NULL || gw_http2_stream_quiet(s))
        return 0;
    struct gw_http2_header hd = {rcbuf_bytes(name), rcbuf_bytes(value)};
    /* RFC 9113 section 6.5.2: a field counts its lengths and 32 bytes. */
    h->head_bytes += hd.name.len + hd.value.len + 32;
    if (h->head_bytes > h->settings.max_header_list_bytes ||
        h->head_count == h->settings.max_header_count) {
        s->over_limit = true;
        gw_http2_head_clear(h);
        return gw_http2_flood_head(h) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (h->head_count == h->head_cap && !head_grow(h))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_rcbuf_incref(name);
    nghttp2_rcbuf_incref(value);
    h->head_refs[2 * h->head_count] = name;
    h->head_refs[2 * h->head_count + 1] = value;
    h->head[h->head_count++] = hd;
    return 0;
}

/* nghttp2 would drop the field and go on; RFC 9113 section 8.1.1 calls the message malformed. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)name;
    (void)value;
    (void)flags;
    (void)user;
    (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                    NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* Tells a client that its request headers are too many (RFC 6585 section 5); in a response or in
 * trailers there is nobody to tell but by a reset. */
static void head_refuse(struct gw_http2 *h, struct gw_http2_stream *s)
{
    static const nghttp2_nv status = {(uint8_t *)(uintptr_t) ":status",
                                      (uint8_t *)(uintptr_t) "431", 7, 3, NGHTTP2_NV_FLAG_NONE};
    int rc = -1;
    if (h->server && !s->announced)
        rc = nghttp2_submit_response(h->session, s->id, &status, 1, NULL);
    if (rc != 0)
        (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id,
                                        NGHTTP2_ENHANCE_YOUR_CALM);
}

static bool head_is_informational(const struct gw_http2 *h)
{
    return h->head_count > 0 && gw_bytes_eq_str(h->head[0].name, ":status") &&
           h->head[0].value.len == 3 && h->head[0].value.ptr[0] == '1';
}

static void head_done(struct gw_http2 *h, struct gw_http2_stream *s, bool end)
{
    if (s->over_limit) {
        head_refuse(h, s);
        return;
    }
    if (gw_http2_stream_quiet(s) || head_is_informational(h))
        return;
    if (s->got_headers) {
        h->ev->on_trailers(h->arg, s, h->head, h->head_count);
        return;
    }
    s->got_headers = true;
    if (!s->announced) {
        s->announced = true;
        h->open++;
    }
    h->ev->on_headers(h->arg, s, h->head, h->head_count, end);
}

/* --------------------------------------------------------------------------------------- frames */

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    (void)session;
    struct gw_http2 *h = user;
    bool calm = true;
    switch (hd->type) {
    case NGHTTP2_DATA: /* empty ones are known at their end, when padding is */
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
    case NGHTTP2_WINDOW_UPDATE:
        break;
    case NGHTTP2_RST_STREAM:
        calm = gw_http2_flood_reset(h);
        break;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
        calm = (hd->flags & NGHTTP2_FLAG_ACK) != 0 || gw_http2_flood_ping(h);
        break;
    default: /* PRIORITY, GOAWAY; nghttp2 skips types that nobody knows, which costs next to nothing
              */
        calm = gw_http2_flood_ping(h);
        break;
    }
    return calm ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id,
                         const uint8_t *data, size_t len, void *user)
{
    (void)flags;
    struct gw_http2 *h = user;
    struct gw_http2_stream *s = gw_http2_stream_of(h, stream_id);
    if (s == NULL || gw_http2_stream_quiet(s)) {
        (void)nghttp2_session_consume_connection(session, len);
        return 0;
    }
    s->unconsumed += len;
    h->ev->on_data(h->arg, s, gw_bytes_make(data, len));
    return 0;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)session;
    struct gw_http2 *h = user;
    bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        if (h->ev->on_goaway != NULL)
            h->ev->on_goaway(h->arg, frame->goaway.error_code);
        return 0;
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    if (frame->hd.type == NGHTTP2_DATA && !end && frame->hd.length == frame->data.padlen &&
        !gw_http2_flood_ping(h))
        return NGHTTP2_ERR_CALLBACK_FAILURE;

    struct gw_http2_stream *s = gw_http2_stream_of(h, frame->hd.stream_id);
    if (s == NULL)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
        head_done(h, s, end);
        gw_http2_head_clear(h);
    }
    if (end) {
        s->remote_ended = true;
        if (s->got_headers && !gw_http2_stream_quiet(s))
            h->ev->on_end(h->arg, s);
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *user)
{
    (void)session;
    struct gw_http2_stream *s = gw_http2_stream_of(user, stream_id);
    if (s != NULL)
        gw_http2_stream_close(s, error_code);
    return 0;
}

void gw_http2_receive_callbacks(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(cb, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(cb, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
}

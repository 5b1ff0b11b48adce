/* fuzz: http2 */
/* The server side of http2/ fed with anything: first byte is how the input is cut and how the
 * application behaves, the rest are bytes from the wire. Events must keep their order, streams must
 * all end. */
#include <stdlib.h>

#include "http2/http2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ECHO = 1, RESET = 2, CONSUME = 4, LATE = 8, SHUT = 16, PIECES = 32, PREFACE = 64 };

struct stream_state {
    bool ended;
    size_t unconsumed;
};

struct app {
    uint8_t how;
    unsigned open;
};

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void answer(struct gw_http2_stream *s)
{
    static const struct gw_http2_header head[] = {{GW_BYTES_LIT(":status"), GW_BYTES_LIT("200")}};
    static const struct gw_http2_header tail[] = {{GW_BYTES_LIT("grpc-status"), GW_BYTES_LIT("0")}};
    (void)!gw_http2_stream_headers(s, head, 1, false);
    (void)!gw_http2_stream_data(s, GW_BYTES_LIT("an answer"));
    (void)!gw_http2_stream_end(s, tail, 1);
}

static void on_headers(void *arg, struct gw_http2_stream *s, const struct gw_http2_header *h,
                       size_t n, bool end)
{
    struct app *a = arg;
    size_t sum = 0;
    (void)end;
    must(n <= gw_http2_defaults.max_header_count);
    for (size_t i = 0; i < n; i++) {
        must(h[i].name.len > 0);
        sum += h[i].name.len + h[i].value.len + 32;
    }
    must(sum <= gw_http2_defaults.max_header_list_bytes);
    must(gw_http2_stream_arg(s) == NULL);
    struct stream_state *st = calloc(1, sizeof *st);
    must(st != NULL);
    gw_http2_stream_set_arg(s, st);
    a->open++;
    if ((a->how & RESET) != 0)
        gw_http2_stream_reset(s, 8);
    if ((a->how & ECHO) != 0 && (a->how & LATE) == 0)
        answer(s);
}

static void on_data(void *arg, struct gw_http2_stream *s, struct gw_bytes b)
{
    struct app *a = arg;
    struct stream_state *st = gw_http2_stream_arg(s);
    must(st != NULL && !st->ended && (a->how & RESET) == 0);
    st->unconsumed += b.len;
    if ((a->how & CONSUME) != 0) {
        gw_http2_stream_consumed(s, st->unconsumed);
        st->unconsumed = 0;
    }
    must(st->unconsumed <= gw_http2_defaults.initial_stream_window);
}

static void on_trailers(void *arg, struct gw_http2_stream *s, const struct gw_http2_header *h,
                        size_t n)
{
    struct stream_state *st = gw_http2_stream_arg(s);
    (void)arg;
    (void)h;
    (void)n;
    must(st != NULL && !st->ended);
}

static void on_end(void *arg, struct gw_http2_stream *s)
{
    struct app *a = arg;
    struct stream_state *st = gw_http2_stream_arg(s);
    must(st != NULL && !st->ended);
    st->ended = true;
    if ((a->how & (ECHO | LATE)) == (ECHO | LATE))
        answer(s);
}

static void on_writable(void *arg, struct gw_http2_stream *s)
{
    (void)arg;
    must(gw_http2_stream_queued(s) == 0);
}

static void on_stream_closed(void *arg, struct gw_http2_stream *s, uint32_t code)
{
    struct app *a = arg;
    (void)code;
    must(a->open > 0);
    a->open--;
    free(gw_http2_stream_arg(s));
}

static void on_goaway(void *arg, uint32_t code)
{
    (void)arg;
    (void)code;
}

static int64_t no_time(void *arg)
{
    (void)arg;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gw_http2_events ev = {on_headers,  on_data,          on_trailers, on_end,
                                              on_writable, on_stream_closed, on_goaway};
    if (size == 0)
        return 0;
    struct app a = {data[0], 0};
    struct gw_http2 *h;
    if (gw_http2_new_server(&gw_http2_defaults, &ev, &a, &h) != GW_OK)
        return 0;
    gw_http2_set_clock(h, no_time, NULL);
    struct gw_buf out;
    gw_buf_init(&out, 1 << 26);
    enum gw_status st = GW_OK;
    if ((a.how & PREFACE) != 0) /* so that the fuzzer need not find it */
        st = gw_http2_recv(h, GW_BYTES_LIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"));
    size_t piece = (a.how & PIECES) != 0 ? 7 : SIZE_MAX;
    for (size_t at = 1; at < size && st == GW_OK; at += piece < size - at ? piece : size - at) {
        size_t n = size - at < piece ? size - at : piece;
        st = gw_http2_recv(h, gw_bytes_make(data + at, n));
        if ((a.how & SHUT) != 0)
            gw_http2_goaway(h, at > 20, 0);
        must(gw_http2_open_streams(h) == a.open);
        must(a.open <= gw_http2_defaults.max_concurrent_streams);
        must(gw_http2_send(h, 16384, &out) == GW_OK);
        gw_buf_reset(&out);
    }
    for (int i = 0; i < 1000 && gw_http2_wants_send(h); i++) {
        must(gw_http2_send(h, 16384, &out) == GW_OK);
        gw_buf_reset(&out);
    }
    if (st != GW_OK)
        must(gw_http2_done(h));
    gw_http2_free(h);
    must(a.open == 0);
    gw_buf_fini(&out);
    return 0;
}

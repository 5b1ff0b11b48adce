/* http2/: raw frames of a hostile client against the server side; then client and server over
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http2/http2.h"

enum { NO_ERROR = 0, PROTOCOL_ERROR = 1, REFUSED = 7, CANCEL = 8, CALM = 11, MAX_BUF = 1 << 26 };
enum {
    DATA = 0,
    HEADERS = 1,
    PRIORITY = 2,
    RST = 3,
    SETTINGS = 4,
    PING = 6,
    GOAWAY = 7,
    CONTINUATION = 9
};
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

/* One side of a connection, with all it has seen. */
struct side {
    struct gw_http2 *h;
    struct gw_http2_stream *last;
    unsigned heads, trailers, ends, closes, writables, goaways;
    uint32_t close_code;
    struct gw_buf body;
    char head[1024]; /* "name=value;" of the last block */
    bool give_back;
    bool echo; /* answer each request at once */
    bool reset_in_head;
    size_t refill; /* bytes to queue in on_writable */
    size_t refill_left;
    void *arg_at_close;
    int64_t now_us;
};

static void note(struct side *s, const struct gw_http2_header *h, size_t n)
{
    size_t len = 0;
    s->head[0] = '\0';
    for (size_t i = 0; i < n && len < sizeof s->head; i++)
        len += (size_t)snprintf(s->head + len, sizeof s->head - len, "%.*s=%.*s;",
                                GW_BYTES_FMT(h[i].name), GW_BYTES_FMT(h[i].value));
}

static const struct gw_http2_header ok_head[] = {{GW_BYTES_LIT(":status"), GW_BYTES_LIT("200")}};
static const struct gw_http2_header ok_tail[] = {{GW_BYTES_LIT("grpc-status"), GW_BYTES_LIT("0")}};
static const struct gw_http2_header request[] = {
    {GW_BYTES_LIT(":method"), GW_BYTES_LIT("POST")},
    {GW_BYTES_LIT(":scheme"), GW_BYTES_LIT("https")},
    {GW_BYTES_LIT(":path"), GW_BYTES_LIT("/a/b")},
    {GW_BYTES_LIT(":authority"), GW_BYTES_LIT("h")},
};

static void on_headers(void *arg, struct gw_http2_stream *st, const struct gw_http2_header *h,
                       size_t n, bool end)
{
    struct side *s = arg;
    (void)end;
    s->heads++;
    s->last = st;
    note(s, h, n);
    if (s->reset_in_head)
        gw_http2_stream_reset(st, CANCEL);
    if (s->echo) {
        assert_int_equal(gw_http2_stream_headers(st, ok_head, 1, false), GW_OK);
        assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("hello")), GW_OK);
        assert_int_equal(gw_http2_stream_end(st, ok_tail, 1), GW_OK);
    }
}

static void on_data(void *arg, struct gw_http2_stream *st, struct gw_bytes b)
{
    struct side *s = arg;
    gw_buf_bytes(&s->body, b);
    if (s->give_back)
        gw_http2_stream_consumed(st, b.len);
}

static void on_trailers(void *arg, struct gw_http2_stream *st, const struct gw_http2_header *h,
                        size_t n)
{
    struct side *s = arg;
    (void)st;
    s->trailers++;
    note(s, h, n);
}

static void on_end(void *arg, struct gw_http2_stream *st)
{
    struct side *s = arg;
    (void)st;
    s->ends++;
}

static void on_writable(void *arg, struct gw_http2_stream *st)
{
    struct side *s = arg;
    s->writables++;
    if (s->refill_left == 0)
        return;
    static uint8_t block[1 << 16];
    size_t n = s->refill < s->refill_left ? s->refill : s->refill_left;
    s->refill_left -= n;
    assert_int_equal(gw_http2_stream_data(st, gw_bytes_make(block, n)), GW_OK);
    if (s->refill_left == 0)
        assert_int_equal(gw_http2_stream_end(st, ok_tail, 1), GW_OK);
}

static void on_closed(void *arg, struct gw_http2_stream *st, uint32_t code)
{
    struct side *s = arg;
    s->closes++;
    s->close_code = code;
    s->arg_at_close = gw_http2_stream_arg(st);
    /* Nothing can be asked of it any more but this. */
    assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("x")), GW_CLOSED);
    assert_int_equal(gw_http2_stream_window(st), 0);
    gw_http2_stream_reset(st, CANCEL);
    gw_http2_stream_consumed(st, 0);
    if (s->last == st)
        s->last = NULL;
}

static void on_goaway(void *arg, uint32_t code)
{
    struct side *s = arg;
    (void)code;
    s->goaways++;
}

static const struct gw_http2_events events = {on_headers,  on_data,   on_trailers, on_end,
                                              on_writable, on_closed, on_goaway};

static int64_t clock_of(void *arg)
{
    return ((struct side *)arg)->now_us;
}

static void side_init(struct side *s, bool server, const struct gw_http2_settings *set)
{
    memset(s, 0, sizeof *s);
    s->give_back = true;
    gw_buf_init(&s->body, MAX_BUF);
    if (server)
        assert_int_equal(gw_http2_new_server(set, &events, s, &s->h), GW_OK);
    else
        assert_int_equal(gw_http2_new_client(set, &events, s, &s->h), GW_OK);
    gw_http2_set_clock(s->h, clock_of, s);
}

static void side_fini(struct side *s)
{
    gw_http2_free(s->h);
    gw_buf_fini(&s->body);
}

/* Moves bytes both ways until both are silent; in pieces of `piece` bytes. */
static void pump_pieces(struct side *a, struct side *b, size_t piece)
{
    bool more = true;
    while (more) {
        more = false;
        struct side *from[] = {a, b};
        struct side *to[] = {b, a};
        for (int i = 0; i < 2; i++) {
            struct gw_buf w;
            gw_buf_init(&w, MAX_BUF);
            assert_int_equal(gw_http2_send(from[i]->h, 16384, &w), GW_OK);
            more |= w.len > 0;
            for (size_t at = 0; at < w.len; at += piece) {
                size_t n = w.len - at < piece ? w.len - at : piece;
                (void)!gw_http2_recv(to[i]->h, gw_bytes_make(w.ptr + at, n));
            }
            gw_buf_fini(&w);
        }
    }
}

static void pump(struct side *a, struct side *b)
{
    pump_pieces(a, b, 100000);
}

/* ------------------------------------------------------------------------------------- raw frames
 */

static void frame(struct gw_buf *b, uint8_t type, uint8_t flags, uint32_t id,
                  struct gw_bytes payload)
{
    gw_buf_u8(b, (uint8_t)(payload.len >> 16));
    gw_buf_u16be(b, (uint16_t)payload.len);
    gw_buf_u8(b, type);
    gw_buf_u8(b, flags);
    gw_buf_u32be(b, id);
    gw_buf_bytes(b, payload);
}

static void preface(struct gw_buf *b)
{
    gw_buf_init(b, MAX_BUF);
    gw_buf_str(b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame(b, SETTINGS, 0, 0, GW_BYTES_NONE);
}

/* HPACK without the dynamic table: ":method: POST", ":scheme: https" indexed, path and authority
 * literal. */
#define GOOD_BLOCK "\x83\x87\x04\x04/a/b\x01\x01h"

static void literal(struct gw_buf *b, const char *name, const char *value)
{
    gw_buf_u8(b, 0);
    gw_buf_u8(b, (uint8_t)strlen(name));
    gw_buf_str(b, name);
    gw_buf_u8(b, (uint8_t)strlen(value));
    gw_buf_str(b, value);
}

static void drain(struct side *s)
{
    struct gw_buf w;
    gw_buf_init(&w, MAX_BUF);
    (void)!gw_http2_send(s->h, SIZE_MAX, &w);
    gw_buf_fini(&w);
}

/* Feeds; true when the connection is over afterwards. */
static bool kills(struct side *s, struct gw_buf *b)
{
    enum gw_status st = gw_http2_recv(s->h, gw_buf_view(b));
    drain(s);
    gw_buf_fini(b);
    assert_true(st == GW_OK || st == GW_INVALID);
    return gw_http2_done(s->h);
}

static void test_no_http2(void **state)
{
    (void)state;
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &gw_http2_defaults);
    gw_buf_init(&b, 1000);
    gw_buf_str(&b, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(kills(&s, &b));
    assert_int_equal(gw_http2_error(s.h), PROTOCOL_ERROR);
    assert_int_equal(gw_http2_recv(s.h, GW_BYTES_LIT("x")), GW_INVALID);
    side_fini(&s);
}

static void test_broken_frames(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, flags;
        uint32_t id;
        struct gw_bytes payload;
    } bad[] = {
        {HEADERS, END_HEADERS, 0, GW_BYTES_LIT(GOOD_BLOCK)},      /* on stream 0 */
        {HEADERS, END_HEADERS, 2, GW_BYTES_LIT(GOOD_BLOCK)},      /* an even id from a client */
        {HEADERS, END_HEADERS, 1, GW_BYTES_LIT("\xff\xff\xff")},  /* HPACK: no such index */
        {DATA, 0, 1, GW_BYTES_LIT("x")},                          /* on an idle stream */
        {CONTINUATION, END_HEADERS, 1, GW_BYTES_LIT(GOOD_BLOCK)}, /* after nothing */
        {RST, 0, 1, GW_BYTES_LIT("\0\0\0\x8")},                   /* of an idle stream */
        {SETTINGS, 0, 0, GW_BYTES_LIT("\0\4\x80\0\0\0")},         /* window over 2^31-1 */
        {SETTINGS, 0, 1, GW_BYTES_NONE},                          /* not on stream 0 */
        {SETTINGS, ACK, 0, GW_BYTES_LIT("\0\4\0\0\0\0")},         /* an ACK with a payload */
        {PING, 0, 0, GW_BYTES_LIT("1234567")},                    /* seven bytes */
        {5, END_HEADERS, 1, GW_BYTES_LIT("\0\0\0\2")},            /* PUSH_PROMISE from a client */
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        struct side s;
        struct gw_buf b;
        side_init(&s, true, &gw_http2_defaults);
        preface(&b);
        frame(&b, bad[i].type, bad[i].flags, bad[i].id, bad[i].payload);
        if (!kills(&s, &b))
            fail_msg("frame %zu was taken", i);
        assert_int_not_equal(gw_http2_error(s.h), NO_ERROR);
        assert_int_equal(s.heads, 0);
        side_fini(&s);
    }
    /* A frame over our SETTINGS_MAX_FRAME_SIZE. */
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &gw_http2_defaults);
    preface(&b);
    static const uint8_t big[16385];
    frame(&b, DATA, 0, 1, gw_bytes_make(big, sizeof big));
    assert_true(kills(&s, &b));
    side_fini(&s);
}

/* A truncated frame waits; it is neither an event nor an error. */
static void test_truncated(void **state)
{
    (void)state;
    struct gw_buf whole;
    preface(&whole);
    size_t before = whole.len;
    frame(&whole, HEADERS, END_HEADERS | END_STREAM, 1, GW_BYTES_LIT(GOOD_BLOCK));
    for (size_t cut = 0; cut < whole.len; cut++) {
        struct side s;
        side_init(&s, true, &gw_http2_defaults);
        assert_int_equal(gw_http2_recv(s.h, gw_bytes_make(whole.ptr, cut)), GW_OK);
        drain(&s);
        assert_false(gw_http2_done(s.h));
        assert_int_equal(s.heads, 0);
        assert_int_equal(gw_http2_recv(s.h, gw_bytes_make(whole.ptr + cut, whole.len - cut)),
                         GW_OK);
        assert_int_equal(s.heads, 1);
        assert_int_equal(s.ends, 1);
        side_fini(&s);
    }
    assert_true(before < whole.len);
    gw_buf_fini(&whole);
}

static void test_malformed_requests(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } extra[] = {
        {"Upper", "x"},
        {"te", "gzip"},
        {"connection", "close"},
        {"transfer-encoding", "chunked"},
        {"x y", "z"},
        {":path", "/twice"},
        {":status", "200"},
        {"content-length", "x"},
        {"bad", "line\r\nfeed"},
        {"lead", " space"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(extra); i++) {
        struct side s;
        struct gw_buf b;
        struct gw_buf block;
        side_init(&s, true, &gw_http2_defaults);
        preface(&b);
        gw_buf_init(&block, 1000);
        gw_buf_bytes(&block, GW_BYTES_LIT(GOOD_BLOCK));
        literal(&block, extra[i].name, extra[i].value);
        frame(&b, HEADERS, END_HEADERS, 1, gw_buf_view(&block));
        (void)!gw_http2_recv(s.h, gw_buf_view(&b));
        drain(&s);
        if (s.heads != 0)
            fail_msg("\"%s: %s\" was taken", extra[i].name, extra[i].value);
        assert_int_equal(gw_http2_open_streams(s.h), 0);
        gw_buf_fini(&block);
        gw_buf_fini(&b);
        side_fini(&s);
    }
}

static struct gw_http2_settings limits(void)
{
    struct gw_http2_settings s = gw_http2_defaults;
    s.max_header_list_bytes = 400;
    s.max_header_count = 6;
    s.max_resets_per_minute = 10;
    s.max_pings_per_minute = 10;
    s.max_concurrent_streams = 4;
    return s;
}

static void test_reset_flood(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &set);
    preface(&b);
    for (uint32_t i = 0; i < 11; i++) {
        frame(&b, HEADERS, END_HEADERS, 1 + 2 * i, GW_BYTES_LIT(GOOD_BLOCK));
        frame(&b, RST, 0, 1 + 2 * i, GW_BYTES_LIT("\0\0\0\x8"));
    }
    assert_true(kills(&s, &b));
    assert_int_equal(gw_http2_error(s.h), CALM);
    side_fini(&s);
    assert_int_equal(s.heads, 11);
    assert_int_equal(s.closes, 11);

    /* The same over two minutes is a client's right. */
    side_init(&s, true, &set);
    preface(&b);
    for (uint32_t i = 0; i < 20; i++) {
        frame(&b, HEADERS, END_HEADERS, 1 + 2 * i, GW_BYTES_LIT(GOOD_BLOCK));
        frame(&b, RST, 0, 1 + 2 * i, GW_BYTES_LIT("\0\0\0\x8"));
        assert_int_equal(gw_http2_recv(s.h, gw_buf_view(&b)), GW_OK);
        gw_buf_reset(&b);
        s.now_us += 7 * 1000000;
    }
    gw_buf_fini(&b);
    assert_false(gw_http2_done(s.h));
    side_fini(&s);
}

/* CVE-2025-8671: the client makes us reset. */
static void test_made_to_reset(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &set);
    preface(&b);
    for (uint32_t i = 0; i < 12; i++) {
        /* No path: malformed, a stream error. */
        frame(&b, HEADERS, END_HEADERS, 1 + 2 * i, GW_BYTES_LIT("\x83\x87"));
        (void)!gw_http2_recv(s.h, gw_buf_view(&b));
        drain(&s);
        gw_buf_reset(&b);
    }
    gw_buf_fini(&b);
    assert_true(gw_http2_done(s.h));
    assert_int_equal(gw_http2_error(s.h), CALM);
    side_fini(&s);
}

static void test_ping_floods(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    static const struct {
        uint8_t type, flags;
        uint32_t id;
        struct gw_bytes payload;
    } cheap[] = {
        {PING, 0, 0, GW_BYTES_LIT("12345678")},       {SETTINGS, 0, 0, GW_BYTES_NONE},
        {PRIORITY, 0, 9, GW_BYTES_LIT("\0\0\0\0\1")}, {DATA, 0, 1, GW_BYTES_NONE},
        {DATA, 8, 1, GW_BYTES_LIT("\2\0\0")}, /* nothing but padding */
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(cheap); i++) {
        struct side s;
        struct gw_buf b;
        side_init(&s, true, &set);
        preface(&b);
        frame(&b, HEADERS, END_HEADERS, 1, GW_BYTES_LIT(GOOD_BLOCK));
        for (int k = 0; k < 12; k++)
            frame(&b, cheap[i].type, cheap[i].flags, cheap[i].id, cheap[i].payload);
        if (!kills(&s, &b))
            fail_msg("flood %zu was taken", i);
        assert_int_equal(gw_http2_error(s.h), CALM);
        side_fini(&s);
    }
}

/* Bandwidth probing: a PING for each answer is forgiven. */
static void test_pings_between_answers(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &set);
    s.echo = true;
    preface(&b);
    for (uint32_t i = 0; i < 100; i++) {
        frame(&b, HEADERS, END_HEADERS | END_STREAM, 1 + 2 * i, GW_BYTES_LIT(GOOD_BLOCK));
        frame(&b, PING, 0, 0, GW_BYTES_LIT("12345678"));
        assert_int_equal(gw_http2_recv(s.h, gw_buf_view(&b)), GW_OK);
        drain(&s);
        gw_buf_reset(&b);
    }
    gw_buf_fini(&b);
    assert_false(gw_http2_done(s.h));
    assert_int_equal(s.closes, 100);
    side_fini(&s);
}

static void test_continuation_flood(void **state)
{
    (void)state;
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &gw_http2_defaults);
    preface(&b);
    frame(&b, HEADERS, 0, 1, GW_BYTES_LIT(GOOD_BLOCK));
    for (int i = 0; i < 1000; i++)
        frame(&b, CONTINUATION, 0, 1, GW_BYTES_NONE);
    assert_int_equal(gw_http2_recv(s.h, gw_buf_view(&b)), GW_INVALID);
    drain(&s);
    assert_true(gw_http2_done(s.h));
    assert_int_equal(gw_http2_error(s.h), CALM);
    gw_buf_fini(&b);
    side_fini(&s);
}

static void test_headers_over_limit(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    struct gw_http2_settings loose = gw_http2_defaults;
    for (int which = 0; which < 2; which++) {
        struct side s;
        struct side c;
        side_init(&s, true, &set);
        side_init(&c, false, &loose);
        struct gw_http2_header h[12];
        memcpy(h, request, sizeof request);
        static char big[500];
        memset(big, 'x', sizeof big - 1);
        size_t n = 4;
        if (which == 0) /* too many bytes */
            h[n++] = (struct gw_http2_header){GW_BYTES_LIT("big"), gw_bytes_str(big)};
        else /* too many fields */
            for (; n < 8; n++)
                h[n] = (struct gw_http2_header){GW_BYTES_LIT("a"), GW_BYTES_LIT("b")};
        struct gw_http2_stream *st;
        assert_int_equal(gw_http2_request(c.h, h, n, &c, &st), GW_OK);
        assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("body that nobody reads")), GW_OK);
        pump(&s, &c);
        assert_int_equal(s.heads, 0);
        assert_int_equal(s.closes, 0); /* never announced */
        assert_string_equal(c.head, ":status=431;");
        assert_int_equal(c.closes, 1);
        assert_int_equal(c.close_code, NO_ERROR);
        assert_ptr_equal(c.arg_at_close, &c);
        /* The connection lives on. */
        s.echo = true;
        assert_int_equal(gw_http2_request(c.h, request, 4, &c, &st), GW_OK);
        assert_int_equal(gw_http2_stream_end(st, NULL, 0), GW_OK);
        pump(&s, &c);
        assert_string_equal(c.head, "grpc-status=0;");
        side_fini(&s);
        side_fini(&c);
    }
}

/* HPACK amplification: one long value in the table, then one byte per reference to it. */
static void test_header_references(void **state)
{
    (void)state;
    for (int pause = 0; pause < 2; pause++) {
        struct side s;
        struct gw_buf b, block;
        side_init(&s, true, &gw_http2_defaults);
        preface(&b);
        gw_buf_init(&block, MAX_BUF);
        gw_buf_str(&block, GOOD_BLOCK "\x40\x01x\x7f\xa1\x1e"); /* 127 + 0x21 + (0x1e << 7) */
        for (int i = 0; i < 127 + 0x21 + (0x1e << 7); i++)
            gw_buf_u8(&block, 'v');
        for (int i = 0; i < 8000; i++)
            gw_buf_u8(&block, 0x80 | 62);
        unsigned sent = 0;
        enum gw_status st = GW_OK;
        while (sent < 40 && st == GW_OK) {
            frame(&b, HEADERS, END_HEADERS | END_STREAM, 1 + 2 * sent++, gw_buf_view(&block));
            st = gw_http2_recv(s.h, gw_buf_view(&b));
            gw_buf_reset(&b);
            drain(&s);
            s.now_us += pause * 8 * 1000000;
        }
        /* Eight in a minute are answered; at a slower pace all are. */
        assert_int_equal(sent, pause ? 40 : 9);
        assert_int_equal(st, pause ? GW_OK : GW_INVALID);
        assert_int_equal(gw_http2_error(s.h), pause ? NO_ERROR : CALM);
        assert_int_equal(gw_http2_done(s.h), !pause);
        assert_int_equal(s.heads, 0);
        gw_buf_fini(&b);
        gw_buf_fini(&block);
        side_fini(&s);
    }
}

static void test_trailers_over_limit(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    struct side s;
    struct side c;
    side_init(&s, true, &set);
    side_init(&c, false, &gw_http2_defaults);
    struct gw_http2_stream *st;
    static char big[500];
    memset(big, 'x', sizeof big - 1);
    struct gw_http2_header tail = {GW_BYTES_LIT("big"), gw_bytes_str(big)};
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    assert_int_equal(gw_http2_stream_end(st, &tail, 1), GW_OK);
    pump(&s, &c);
    assert_int_equal(s.heads, 1);
    assert_int_equal(s.trailers, 0);
    assert_int_equal(s.ends, 0);
    assert_int_equal(s.closes, 1);
    assert_int_equal(c.close_code, CALM);
    side_fini(&s);
    side_fini(&c);
}

/* ------------------------------------------------------------------------------- there and back */

static void exchange(size_t piece)
{
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    s.echo = true;
    for (int i = 0; i < 20; i++) {
        struct gw_http2_stream *st;
        assert_int_equal(gw_http2_request(c.h, request, 4, &i, &st), GW_OK);
        assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("question")), GW_OK);
        assert_int_equal(gw_http2_stream_end(st, NULL, 0), GW_OK);
        assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("x")), GW_PRECONDITION);
        assert_int_equal(gw_http2_open_streams(c.h), 1);
        pump_pieces(&s, &c, piece);
        assert_ptr_equal(c.arg_at_close, &i);
        assert_int_equal(gw_http2_open_streams(c.h), 0);
        assert_int_equal(gw_http2_open_streams(s.h), 0);
    }
    assert_int_equal(s.heads, 20);
    assert_int_equal(s.closes, 20);
    assert_int_equal(c.heads, 20);
    assert_int_equal(c.trailers, 20);
    assert_int_equal(c.ends, 20);
    assert_int_equal(c.closes, 20);
    assert_int_equal(c.close_code, NO_ERROR);
    assert_int_equal(c.body.len, 100);
    assert_string_equal(c.head, "grpc-status=0;");
    assert_string_equal(s.head, ":method=POST;:scheme=https;:path=/a/b;:authority=h;");
    side_fini(&s);
    side_fini(&c);
}

static void test_exchange(void **state)
{
    (void)state;
    exchange(1);
    exchange(7);
    exchange(100000);
}

static void test_order_of_calls(void **state)
{
    (void)state;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    struct gw_http2_stream *st;
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    assert_int_equal(gw_http2_stream_headers(st, ok_head, 1, false), GW_PRECONDITION);
    pump(&s, &c);
    assert_int_equal(gw_http2_stream_data(s.last, GW_BYTES_LIT("x")), GW_PRECONDITION);
    assert_int_equal(gw_http2_stream_end(s.last, NULL, 0), GW_PRECONDITION);
    assert_int_equal(gw_http2_stream_headers(s.last, ok_head, 1, false), GW_OK);
    assert_int_equal(gw_http2_stream_headers(s.last, ok_head, 1, false), GW_PRECONDITION);
    /* Trailers without a body: no empty DATA frame, no hang. */
    assert_int_equal(gw_http2_stream_end(s.last, ok_tail, 1), GW_OK);
    assert_int_equal(gw_http2_stream_end(s.last, ok_tail, 1), GW_PRECONDITION);
    pump(&s, &c);
    assert_int_equal(c.trailers, 1);
    assert_int_equal(c.body.len, 0);
    /* The client had not ended: the server told it to stop, without an error. */
    assert_int_equal(c.closes, 1);
    assert_int_equal(c.close_code, NO_ERROR);
    assert_int_equal(s.closes, 1);
    side_fini(&s);
    side_fini(&c);
}

static void test_trailers_only(void **state)
{
    (void)state;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    struct gw_http2_stream *st;
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    assert_int_equal(gw_http2_stream_end(st, NULL, 0), GW_OK);
    pump(&s, &c);
    struct gw_http2_header both[] = {ok_head[0], ok_tail[0]};
    assert_int_equal(gw_http2_stream_headers(s.last, both, 2, true), GW_OK);
    pump(&s, &c);
    assert_string_equal(c.head, ":status=200;grpc-status=0;");
    assert_int_equal(c.trailers, 0);
    assert_int_equal(c.ends, 1);
    side_fini(&s);
    side_fini(&c);
}

/* A server stream of 3 MiB, filled only when the queue is empty, through a 64 KiB window. */
static void test_streaming_and_windows(void **state)
{
    (void)state;
    struct gw_http2_settings small = gw_http2_defaults;
    small.initial_stream_window = 65535;
    small.connection_window = 65535;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &small);
    c.give_back = false;
    s.refill = 10000;
    s.refill_left = 3 << 20;
    struct gw_http2_stream *st;
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    pump(&s, &c);
    assert_int_equal(gw_http2_stream_headers(s.last, ok_head, 1, false), GW_OK);
    assert_int_equal(gw_http2_stream_window(s.last), 65535);
    assert_int_equal(gw_http2_stream_data(s.last, GW_BYTES_LIT("start")), GW_OK);
    pump(&s, &c);
    /* Nobody reads: it stops at the window, with at most one refill waiting. */
    assert_int_equal(c.body.len, 65535);
    assert_int_equal(gw_http2_stream_window(s.last), 0);
    assert_true(gw_http2_stream_queued(s.last) <= 10000);
    assert_false(gw_http2_wants_send(s.h));
    unsigned stalled_at = s.writables;
    pump(&s, &c);
    assert_int_equal(s.writables, stalled_at);
    size_t given = 0;
    while (c.ends == 0) {
        assert_true(c.body.len > given);
        gw_http2_stream_consumed(c.last, c.body.len - given);
        given = c.body.len;
        pump(&s, &c);
    }
    assert_int_equal(c.body.len, (3 << 20) + 5);
    assert_string_equal(c.head, "grpc-status=0;");
    side_fini(&s);
    side_fini(&c);
}

/* An upload whose reader does not consume, then is reset: the connection's window comes back whole.
 */
static void test_window_after_reset(void **state)
{
    (void)state;
    struct gw_http2_settings set = gw_http2_defaults;
    set.initial_stream_window = 65535;
    set.connection_window = 65535;
    struct side s;
    struct side c;
    side_init(&s, true, &set);
    side_init(&c, false, &gw_http2_defaults);
    s.give_back = false;
    static const uint8_t block[40000];
    for (int i = 0; i < 10; i++) {
        struct gw_http2_stream *st;
        assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
        assert_int_equal(gw_http2_stream_data(st, gw_bytes_make(block, sizeof block)), GW_OK);
        gw_buf_reset(&s.body);
        pump(&s, &c);
        assert_int_equal(s.body.len, sizeof block);
        gw_http2_stream_reset(s.last, CANCEL);
        assert_int_equal(gw_http2_stream_data(s.last, GW_BYTES_LIT("x")), GW_CLOSED);
        pump(&s, &c);
        assert_null(s.last);
        assert_int_equal(c.close_code, CANCEL);
    }
    side_fini(&s);
    side_fini(&c);
}

static void test_reset_inside_callback(void **state)
{
    (void)state;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    s.reset_in_head = true;
    struct gw_http2_stream *st;
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("not wanted")), GW_OK);
    assert_int_equal(gw_http2_stream_end(st, NULL, 0), GW_OK);
    pump(&s, &c);
    assert_int_equal(s.body.len, 0); /* no event after the reset */
    assert_int_equal(s.ends, 0);
    assert_int_equal(s.closes, 1);
    assert_int_equal(c.close_code, CANCEL);
    side_fini(&s);
    side_fini(&c);
}

static void test_too_many_streams(void **state)
{
    (void)state;
    struct gw_http2_settings set = limits();
    struct side s;
    struct gw_buf b;
    side_init(&s, true, &set);
    preface(&b);
    for (uint32_t i = 0; i < 9; i++)
        frame(&b, HEADERS, END_HEADERS, 1 + 2 * i, GW_BYTES_LIT(GOOD_BLOCK));
    assert_int_equal(gw_http2_recv(s.h, gw_buf_view(&b)), GW_OK);
    drain(&s);
    assert_int_equal(s.heads, 4);
    assert_int_equal(gw_http2_open_streams(s.h), 4);
    assert_false(gw_http2_done(s.h));
    gw_buf_fini(&b);
    side_fini(&s);
    assert_int_equal(s.closes, 4);
}

static void test_goaway(void **state)
{
    (void)state;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    struct gw_http2_stream *st;
    struct gw_http2_stream *late;
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    pump(&s, &c);
    gw_http2_goaway(s.h, false, NO_ERROR);
    pump(&s, &c);
    assert_int_equal(c.goaways, 1);
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &late), GW_UNAVAILABLE);
    gw_http2_goaway(s.h, true, NO_ERROR);
    pump(&s, &c);
    assert_int_equal(c.goaways, 2);
    assert_false(gw_http2_done(s.h)); /* the open stream may end */
    assert_int_equal(gw_http2_stream_headers(s.last, ok_head, 1, true), GW_OK);
    pump(&s, &c);
    assert_int_equal(c.closes, 1);
    assert_true(gw_http2_done(s.h));
    assert_int_equal(gw_http2_error(s.h), NO_ERROR);
    side_fini(&s);
    side_fini(&c);
}

/* Requests that wait for the peer's limit when GOAWAY comes, and one that is reset before it was
 * sent. */
static void test_requests_never_sent(void **state)
{
    (void)state;
    struct gw_http2_settings one = gw_http2_defaults;
    one.max_concurrent_streams = 1;
    struct side s;
    struct side c;
    side_init(&s, true, &one);
    side_init(&c, false, &gw_http2_defaults);
    pump(&s, &c);
    struct gw_http2_stream *st[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(gw_http2_request(c.h, request, 4, &st[i], &st[i]), GW_OK);
    pump(&s, &c);
    assert_int_equal(s.heads, 1);
    gw_http2_stream_reset(st[1], CANCEL);
    gw_http2_goaway(s.h, true, NO_ERROR);
    pump(&s, &c);
    assert_int_equal(gw_http2_stream_headers(s.last, ok_head, 1, true), GW_OK);
    pump(&s, &c);
    assert_int_equal(c.closes, 3);
    assert_int_equal(gw_http2_open_streams(c.h), 0);
    side_fini(&s);
    side_fini(&c);
}

static void test_free_closes_streams(void **state)
{
    (void)state;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    struct gw_http2_stream *st;
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    assert_int_equal(gw_http2_stream_data(st, GW_BYTES_LIT("x")), GW_OK);
    pump(&s, &c);
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    side_fini(&s);
    side_fini(&c);
    assert_int_equal(s.closes, 1);
    assert_int_equal(s.close_code, CANCEL);
    assert_int_equal(c.closes, 2);
}

static void test_too_many_own_headers(void **state)
{
    (void)state;
    struct side s;
    struct side c;
    side_init(&s, true, &gw_http2_defaults);
    side_init(&c, false, &gw_http2_defaults);
    static struct gw_http2_header many[65];
    for (size_t i = 0; i < 65; i++)
        many[i] = (struct gw_http2_header){GW_BYTES_LIT("a"), GW_BYTES_LIT("b")};
    struct gw_http2_stream *st;
    assert_int_equal(gw_http2_request(c.h, many, 65, NULL, &st), GW_TOO_LARGE);
    assert_int_equal(gw_http2_request(c.h, request, 4, NULL, &st), GW_OK);
    pump(&s, &c);
    assert_int_equal(gw_http2_stream_headers(s.last, many, 65, false), GW_TOO_LARGE);
    assert_int_equal(gw_http2_stream_headers(s.last, ok_head, 1, false), GW_OK);
    /* Trailers that nghttp2 refuses to send (over 64 KiB) end the stream instead of leaving it
     * open. */
    static char big[70000];
    memset(big, 'x', sizeof big - 1);
    struct gw_http2_header tail = {GW_BYTES_LIT("big"), gw_bytes_str(big)};
    assert_int_equal(gw_http2_stream_end(s.last, &tail, 1), GW_OK);
    pump(&s, &c);
    assert_int_equal(s.closes, 1);
    assert_int_equal(c.closes, 1);
    assert_int_not_equal(c.close_code, NO_ERROR);
    side_fini(&s);
    side_fini(&c);
}

static void test_settings_checked(void **state)
{
    (void)state;
    struct gw_http2 *h;
    struct gw_http2_settings s = gw_http2_defaults;
    s.max_frame_bytes = 1000;
    assert_int_equal(gw_http2_new_server(&s, &events, NULL, &h), GW_INVALID);
    s = gw_http2_defaults;
    s.connection_window = 0x80000000;
    assert_int_equal(gw_http2_new_server(&s, &events, NULL, &h), GW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_http2),
        cmocka_unit_test(test_broken_frames),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_malformed_requests),
        cmocka_unit_test(test_reset_flood),
        cmocka_unit_test(test_made_to_reset),
        cmocka_unit_test(test_ping_floods),
        cmocka_unit_test(test_pings_between_answers),
        cmocka_unit_test(test_continuation_flood),
        cmocka_unit_test(test_headers_over_limit),
        cmocka_unit_test(test_header_references),
        cmocka_unit_test(test_trailers_over_limit),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_order_of_calls),
        cmocka_unit_test(test_trailers_only),
        cmocka_unit_test(test_streaming_and_windows),
        cmocka_unit_test(test_window_after_reset),
        cmocka_unit_test(test_reset_inside_callback),
        cmocka_unit_test(test_too_many_streams),
        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_requests_never_sent),
        cmocka_unit_test(test_free_closes_streams),
        cmocka_unit_test(test_too_many_own_headers),
        cmocka_unit_test(test_settings_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

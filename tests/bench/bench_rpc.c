/* bench: server
 * Load over mutual TLS against a running gateway: Translate (unary), Push (streams of items, each
 * with a new key), Pull (whole copies) or Recognize (unary, framed questions of a file in turn).
 * Checks every answer. Prints answers or records per second of wall time and per CPU-second of the
 * server (from /proc/PID/stat). Pin the server to one core and this to the other for figures that
 * can be compared. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "grpc/grpc.h"
#include "http2/http2.h"
#include "io/io.h"
#include "tls/tls.h"
#include "xinqiao/v1/exchange.pb-c.h"

enum mode { TRANSLATE, PUSH, PULL, HEALTH, RECOGNIZE };

struct load {
    enum mode mode;
    struct gw_io_loop *io;
    struct gw_tls_context *tls;
    const char *host;
    uint16_t port;
    int connections, streams, in_flight;
    int64_t end_us, start_us;
    struct gw_buf request;  /* framed request of TRANSLATE, PULL and HEALTH */
    struct gw_bytes record; /* PUSH: the record; RECOGNIZE: the framed questions */
    size_t at;              /* RECOGNIZE: the next of them */
    const char *format, *purpose;
    uint64_t answers, records, bytes, wrong, keys;
    int open_connections;
    struct gw_io_timer *timer;
    struct gw_arena *arena;
    bool stopping;
};

struct conn {
    struct load *load;
    struct gw_io_conn *io;
    struct gw_tls *tls;
    struct gw_http2 *h2;
    bool started;
    int live; /* streams open */
    struct gw_buf wire, plain, frames;
};

struct stream {
    struct conn *conn;
    struct gw_http2_stream *h2;
    struct gw_grpc_reader reader;
    uint64_t sent, received;
    bool ended, ok;
};

static void flush(struct conn *c)
{
    for (;;) {
        gw_buf_reset(&c->frames);
        gw_buf_reset(&c->wire);
        if (gw_http2_send(c->h2, 16384, &c->frames) != GW_OK || c->frames.len == 0)
            return;
        if (gw_tls_send(c->tls, gw_buf_view(&c->frames), &c->wire) != GW_OK ||
            gw_io_conn_write(c->io, gw_buf_view(&c->wire)) != GW_OK)
            return;
    }
}

static void put_items(struct stream *s)
{
    struct load *l = s->conn->load;
    struct gw_buf b;
    gw_buf_init(&b, 4u << 20);
    while (s->sent - s->received < (uint64_t)l->in_flight && b.len < 256 * 1024) {
        char key[32];
        Xinqiao__V1__PushItem it = XINQIAO__V1__PUSH_ITEM__INIT;
        snprintf(key, sizeof(key), "bench-%d-%llu", (int)getpid(), (unsigned long long)l->keys++);
        it.key = key;
        it.format = (char *)(uintptr_t)l->format;
        it.record.data = (uint8_t *)(uintptr_t)l->record.ptr;
        it.record.len = l->record.len;
        size_t len = xinqiao__v1__push_item__get_packed_size(&it);
        gw_buf_u8(&b, 0);
        gw_buf_u32be(&b, (uint32_t)len);
        uint8_t *p = gw_buf_extend(&b, len);
        if (p == NULL)
            break;
        xinqiao__v1__push_item__pack(&it, p);
        s->sent++;
    }
    if (b.len > 0 && gw_http2_stream_data(s->h2, gw_buf_view(&b)) != GW_OK)
        l->wrong++;
    gw_buf_fini(&b);
}

/* The whole request; of RECOGNIZE the next of the file's frames. */
static struct gw_bytes next_request(struct load *l)
{
    if (l->mode != RECOGNIZE)
        return gw_buf_view(&l->request);
    const uint8_t *p = l->record.ptr + l->at;
    size_t len = 5 + ((size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4]);
    l->at = (l->at + len) % l->record.len;
    return gw_bytes_make(p, len);
}

static void start_stream(struct conn *c)
{
    static const char *const path[] = {
        "/xinqiao.v1.RecordExchange/Translate", "/xinqiao.v1.RecordExchange/Push",
        "/xinqiao.v1.RecordExchange/Pull", "/grpc.health.v1.Health/Check",
        "/xinqiao.v1.ScoreRecognition/Recognize"};
    struct load *l = c->load;
    struct stream *s = calloc(1, sizeof(*s));
    struct gw_http2_header *h;
    size_t n;
    struct gw_grpc_metadata purpose = {GW_BYTES_LIT("xinqiao-purpose"), gw_bytes_str(l->purpose)};
    s->conn = c;
    gw_grpc_reader_init(&s->reader, 64u << 20, false);
    gw_arena_reset(l->arena);
    if (gw_grpc_request_headers(l->arena, GW_BYTES_LIT("localhost"), gw_bytes_str(path[l->mode]), 0,
                                &purpose, l->purpose[0] != 0 ? 1 : 0, &h, &n) != GW_OK ||
        gw_http2_request(c->h2, h, n, s, &s->h2) != GW_OK) {
        l->wrong++;
        free(s);
        return;
    }
    c->live++;
    if (l->mode == PUSH) {
        put_items(s);
    } else if (gw_http2_stream_data(s->h2, next_request(l)) != GW_OK ||
               gw_http2_stream_end(s->h2, NULL, 0) != GW_OK) {
        l->wrong++;
    }
}

static void check(struct stream *s, struct gw_bytes m)
{
    struct load *l = s->conn->load;
    l->bytes += m.len;
    if (l->mode == TRANSLATE) {
        Xinqiao__V1__TranslateResponse *r =
            xinqiao__v1__translate_response__unpack(NULL, m.len, m.ptr);
        if (r == NULL || r->translated != 1)
            l->wrong++;
        xinqiao__v1__translate_response__free_unpacked(r, NULL);
        l->records++;
    } else if (l->mode == PUSH) {
        Xinqiao__V1__PushReceipt *r = xinqiao__v1__push_receipt__unpack(NULL, m.len, m.ptr);
        if (r == NULL || r->outcome != XINQIAO__V1__OUTCOME__OUTCOME_NEW)
            l->wrong++;
        xinqiao__v1__push_receipt__free_unpacked(r, NULL);
        s->received++;
        l->records++;
    } else if (l->mode == PULL) {
        Xinqiao__V1__PullItem *r = xinqiao__v1__pull_item__unpack(NULL, m.len, m.ptr);
        if (r == NULL)
            l->wrong++;
        else if (r->record.len > 0)
            l->records++;
        xinqiao__v1__pull_item__free_unpacked(r, NULL);
    } else {
        static const uint8_t yes[] = {0x08, 1}; /* RecognizeResponse.benefit */
        if (l->mode == RECOGNIZE && (m.len < sizeof(yes) || memcmp(m.ptr, yes, sizeof(yes)) != 0))
            l->wrong++;
        l->records++;
    }
}

static void on_data(void *arg, struct gw_http2_stream *h2, struct gw_bytes bytes)
{
    (void)arg;
    struct stream *s = gw_http2_stream_arg(h2);
    struct gw_bytes m;
    size_t took;
    if (gw_grpc_reader_feed(&s->reader, bytes) != GW_OK)
        s->conn->load->wrong++;
    while (gw_grpc_reader_next(&s->reader, &m, &took) == GW_OK)
        check(s, m);
    gw_http2_stream_consumed(h2, bytes.len);
    struct load *l = s->conn->load;
    if (l->mode != PUSH || s->ended)
        return;
    if (!l->stopping) {
        put_items(s);
    } else if (s->received == s->sent) {
        s->ended = true;
        if (gw_http2_stream_end(h2, NULL, 0) != GW_OK)
            l->wrong++;
    }
}

static void on_status(struct gw_http2_stream *h2, const struct gw_http2_header *h, size_t count)
{
    struct stream *s = gw_http2_stream_arg(h2);
    for (size_t i = 0; i < count; i++)
        if (gw_bytes_eq_str(h[i].name, "grpc-status"))
            s->ok = gw_bytes_eq_str(h[i].value, "0");
}

static void on_headers(void *arg, struct gw_http2_stream *h2, const struct gw_http2_header *h,
                       size_t count, bool end)
{
    (void)arg;
    (void)end;
    on_status(h2, h, count);
}

static void on_trailers(void *arg, struct gw_http2_stream *h2, const struct gw_http2_header *h,
                        size_t count)
{
    (void)arg;
    on_status(h2, h, count);
}

static void on_end(void *arg, struct gw_http2_stream *h2)
{
    (void)arg;
    (void)h2;
}

static void on_writable(void *arg, struct gw_http2_stream *h2)
{
    (void)arg;
    struct stream *s = gw_http2_stream_arg(h2);
    if (s->conn->load->mode == PUSH && !s->conn->load->stopping && !s->ended)
        put_items(s);
}

static void on_stream_closed(void *arg, struct gw_http2_stream *h2, uint32_t error_code)
{
    struct conn *c = arg;
    struct stream *s = gw_http2_stream_arg(h2);
    struct load *l = c->load;
    if (!s->ok || error_code != 0)
        l->wrong++;
    l->answers++;
    c->live--;
    gw_grpc_reader_fini(&s->reader);
    free(s);
    if (!l->stopping)
        start_stream(c);
    else if (c->live == 0)
        gw_io_conn_close(c->io, false);
}

static void on_goaway(void *arg, uint32_t error_code)
{
    (void)arg;
    fprintf(stderr, "GOAWAY %u\n", error_code);
}

static const struct gw_http2_events events = {on_headers,  on_data,          on_trailers, on_end,
                                              on_writable, on_stream_closed, on_goaway};

static void on_read(void *arg, struct gw_bytes bytes)
{
    struct conn *c = arg;
    gw_buf_reset(&c->plain);
    gw_buf_reset(&c->wire);
    enum gw_status st =
        bytes.len == 0 ? GW_CLOSED : gw_tls_recv(c->tls, bytes, &c->plain, &c->wire);
    if (c->wire.len > 0 && gw_io_conn_write(c->io, gw_buf_view(&c->wire)) != GW_OK)
        st = GW_CLOSED;
    if (st != GW_OK) {
        if (!c->load->stopping)
            fprintf(stderr, "connection ended: %s %s\n", gw_status_text(st), gw_tls_why(c->tls));
        gw_io_conn_close(c->io, true);
        return;
    }
    if (!c->started && gw_tls_ready(c->tls)) {
        c->started = true;
        struct gw_http2_settings s = gw_http2_defaults;
        s.initial_stream_window = 1u << 20;
        s.connection_window = 16u << 20;
        if (gw_http2_new_client(&s, &events, c, &c->h2) != GW_OK)
            abort();
        for (int i = 0; i < c->load->streams; i++)
            start_stream(c);
    }
    if (c->h2 != NULL) {
        if (c->plain.len > 0 && gw_http2_recv(c->h2, gw_buf_view(&c->plain)) != GW_OK)
            c->load->wrong++;
        flush(c);
    }
}

static void on_drained(void *arg)
{
    struct conn *c = arg;
    if (c->h2 != NULL)
        flush(c);
}

static void on_closed(void *arg, enum gw_status why)
{
    struct conn *c = arg;
    (void)why;
    struct load *l = c->load;
    l->stopping = true;
    gw_http2_free(c->h2);
    gw_tls_free(c->tls);
    gw_buf_fini(&c->wire);
    gw_buf_fini(&c->plain);
    gw_buf_fini(&c->frames);
    free(c);
    if (--l->open_connections == 0)
        gw_io_loop_stop(l->io);
}

static const struct gw_io_conn_events io_events = {on_read, on_drained, on_closed};

static void on_connect(void *arg, enum gw_status st, struct gw_io_conn *io)
{
    struct load *l = arg;
    if (st != GW_OK) {
        fprintf(stderr, "connect: %s\n", gw_status_text(st));
        exit(1);
    }
    struct conn *c = calloc(1, sizeof(*c));
    c->load = l;
    c->io = io;
    gw_buf_init(&c->wire, 64u << 20);
    gw_buf_init(&c->plain, 64u << 20);
    gw_buf_init(&c->frames, 1u << 20);
    if (gw_tls_new(l->tls, "localhost", &c->tls) != GW_OK)
        abort();
    l->open_connections++;
    gw_io_conn_start(io, &io_events, c);
    if (gw_tls_start(c->tls, &c->wire) != GW_OK ||
        gw_io_conn_write(io, gw_buf_view(&c->wire)) != GW_OK)
        abort();
    if (l->start_us == 0)
        l->start_us = gw_clock_mono_us();
}

static void time_is_up(void *arg)
{
    struct load *l = arg;
    l->stopping = true;
    l->end_us = gw_clock_mono_us();
}

static double cpu_seconds(int pid)
{
    char path[64], line[1024];
    unsigned long user = 0, sys = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    if (fgets(line, sizeof(line), f) != NULL) {
        const char *p = strrchr(line, ')');
        if (p != NULL &&
            sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
            user = sys = 0;
    }
    fclose(f);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static void frame_message(struct gw_buf *b, const ProtobufCMessage *m)
{
    size_t len = protobuf_c_message_get_packed_size(m);
    gw_buf_u8(b, 0);
    gw_buf_u32be(b, (uint32_t)len);
    protobuf_c_message_pack(m, gw_buf_extend(b, len));
}

static const char usage[] =
    "bench_rpc translate|push|pull|health|recognize --port N --pki DIR --as NAME "
    "[--record FILE] [--from F] [--to F]\n"
    "          [--purpose P] [--connections 8] [--streams 32] [--in-flight "
    "1000] [--seconds 5] [--server PID]\n";

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"port", 1, 0, 'p'},
                                          {"pki", 1, 0, 'k'},
                                          {"as", 1, 0, 'a'},
                                          {"record", 1, 0, 'r'},
                                          {"from", 1, 0, 'f'},
                                          {"to", 1, 0, 't'},
                                          {"purpose", 1, 0, 'u'},
                                          {"connections", 1, 0, 'c'},
                                          {"streams", 1, 0, 's'},
                                          {"in-flight", 1, 0, 'i'},
                                          {"seconds", 1, 0, 'S'},
                                          {"server", 1, 0, 'P'},
                                          {0, 0, 0, 0}};
    static struct load l = {
        .host = "127.0.0.1", .connections = 8, .streams = 32, .in_flight = 1000, .purpose = ""};
    const char *pki = ".", *as = "province", *record = NULL, *from = "national.penalty.org@2018",
               *to = NULL;
    int seconds = 5, pid = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'p':
            l.port = (uint16_t)atoi(optarg);
            break;
        case 'k':
            pki = optarg;
            break;
        case 'a':
            as = optarg;
            break;
        case 'r':
            record = optarg;
            break;
        case 'f':
            from = optarg;
            break;
        case 't':
            to = optarg;
            break;
        case 'u':
            l.purpose = optarg;
            break;
        case 'c':
            l.connections = atoi(optarg);
            break;
        case 's':
            l.streams = atoi(optarg);
            break;
        case 'i':
            l.in_flight = atoi(optarg);
            break;
        case 'S':
            seconds = atoi(optarg);
            break;
        case 'P':
            pid = atoi(optarg);
            break;
        default:
            fputs(usage, stderr);
            return 64;
        }
    }
    if (optind + 1 != argc || l.port == 0) {
        fputs(usage, stderr);
        return 64;
    }
    const char *what = argv[optind];
    l.mode = strcmp(what, "push") == 0        ? PUSH
             : strcmp(what, "pull") == 0      ? PULL
             : strcmp(what, "health") == 0    ? HEALTH
             : strcmp(what, "recognize") == 0 ? RECOGNIZE
                                              : TRANSLATE;
    l.format = from;
    struct gw_buf file, error;
    gw_buf_init(&file, 16u << 20);
    gw_buf_init(&error, 1u << 16);
    gw_buf_init(&l.request, 16u << 20);
    if (record != NULL && gw_file_read(record, &file) != GW_OK) {
        fprintf(stderr, "can not read %s\n", record);
        return 1;
    }
    l.record = gw_buf_view(&file);
    if (l.mode == TRANSLATE) {
        Xinqiao__V1__TranslateRequest r = XINQIAO__V1__TRANSLATE_REQUEST__INIT;
        r.from = (char *)(uintptr_t)from;
        r.to = (char *)(uintptr_t)(to != NULL ? to : "zhejiang.penalty.unified@1");
        r.document.data = file.ptr;
        r.document.len = file.len;
        frame_message(&l.request, &r.base);
    } else if (l.mode == PULL) {
        Xinqiao__V1__PullRequest r = XINQIAO__V1__PULL_REQUEST__INIT;
        r.format = (char *)(uintptr_t)(to != NULL ? to : "canonical.record@1");
        frame_message(&l.request, &r.base);
    } else if (l.mode == HEALTH) {
        gw_buf_append(&l.request, "\0\0\0\0\0", 5);
    }
    char cert[512], key[512], ca[512];
    snprintf(cert, sizeof(cert), "%s/%s.pem", pki, as);
    snprintf(key, sizeof(key), "%s/%s-key.pem", pki, as);
    snprintf(ca, sizeof(ca), "%s/ca.pem", pki);
    struct gw_tls_settings ts = {.cert_file = cert, .key_file = key, .ca_file = ca};
    if (gw_crypto_init() != GW_OK || gw_tls_context_new_client(&ts, &l.tls, &error) != GW_OK) {
        fprintf(stderr, "%.*s\n", (int)error.len, (const char *)error.ptr);
        return 1;
    }
    l.arena = gw_arena_new("bench", 1u << 20);
    if (gw_io_loop_new("bench", &l.io) != GW_OK ||
        gw_io_timer_new(l.io, time_is_up, &l, &l.timer) != GW_OK)
        return 1;
    for (int i = 0; i < l.connections; i++)
        if (gw_io_connect(l.io, l.host, l.port, on_connect, &l) != GW_OK)
            return 1;
    gw_io_timer_arm(l.timer, (uint64_t)seconds * 1000);
    double cpu = cpu_seconds(pid);
    gw_io_loop_run(l.io);
    cpu = cpu_seconds(pid) - cpu;
    double wall = (double)((l.end_us != 0 ? l.end_us : gw_clock_mono_us()) - l.start_us) / 1e6;
    uint64_t n = l.mode == TRANSLATE || l.mode == HEALTH ? l.answers : l.records;
    printf("%s: %llu in %.2f s, %llu wrong, %.0f per second", what, (unsigned long long)n, wall,
           (unsigned long long)l.wrong, (double)n / wall);
    if (pid != 0 && cpu > 0)
        printf(", %.0f per server CPU-second (%.2f s)", (double)n / cpu, cpu);
    printf("\n");
    return l.wrong != 0 || n == 0;
}

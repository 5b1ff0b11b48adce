/* What the tests of calls share: a transport that is an array, a log and a store that are real, one
 * loop. The file that takes it defines `adapter` before. */
#ifndef GW_TESTS_CALL_TEST_H
#define GW_TESTS_CALL_TEST_H

#include "audit/audit_internal.h"
#include "call/call_internal.h"
#include "grpc/grpc_internal.h"

enum { CALL_MEMORY = 1 << 20, HELD_MAX = 200, GIVE_UP_US = 20 * 1000 * 1000 };

/* ---- the transport ---- */

static struct {
    size_t queued;
    unsigned messages;
    char status[8];
    struct gw_buf details;
    bool ended, reset;
    size_t consumed;
    uint8_t data[256]; /* the first of it */
} out;

static inline void put_details(struct gw_bytes text)
{
    struct gw_arena *a = gw_arena_new("test", 1 << 16);
    struct gw_bytes b;
    assert_int_equal(gw_grpc_binary_decode(a, text, &b), GW_OK);
    gw_buf_bytes(&out.details, b);
    gw_arena_free(a);
}

static inline void put_trailers(const struct gw_http2_header *h, size_t count)
{
    out.ended = true;
    for (size_t i = 0; i < count; i++) {
        if (gw_bytes_eq_str(h[i].name, "grpc-status"))
            snprintf(out.status, sizeof(out.status), "%.*s", GW_BYTES_FMT(h[i].value));
        if (gw_bytes_eq_str(h[i].name, "grpc-status-details-bin"))
            put_details(h[i].value);
    }
}

static inline void put_headers(void *s, const struct gw_http2_header *h, size_t count, bool end)
{
    (void)s;
    if (end)
        put_trailers(h, count);
}

static inline void put_data(void *s, struct gw_bytes b)
{
    (void)s;
    if (out.messages == 0)
        memcpy(out.data, b.ptr, b.len < sizeof(out.data) ? b.len : sizeof(out.data));
    out.queued += b.len;
    out.messages++;
}

static inline void put_end(void *s, const struct gw_http2_header *h, size_t count)
{
    (void)s;
    put_trailers(h, count);
}

static inline void put_reset(void *s)
{
    (void)s;
    out.reset = true;
}

static inline void consumed(void *s, size_t len)
{
    (void)s;
    out.consumed += len;
}

static inline size_t window(void *s)
{
    (void)s;
    return 1 << 20;
}

static inline size_t queued(void *s)
{
    (void)s;
    return out.queued;
}

static const struct gw_call_transport transport = {.headers = put_headers,
                                                   .data = put_data,
                                                   .end = put_end,
                                                   .reset = put_reset,
                                                   .consumed = consumed,
                                                   .window = window,
                                                   .queued = queued};

/* ---- the world ---- */

static unsigned asked; /* messages that handlers have seen in this run */
static char dir[32];
static bool as_loaded; /* it counts as one from a file */
static struct gw_audit *log_;
static struct gw_adapter_set *adapters;
static struct gw_law *law;
static struct gw_peer_set *peers;
static struct gw_route_table *routes;
static struct gw_call_generation generation;
static struct gw_call_limits limits;
static struct gw_call_counters *counters;
static struct gw_call_loop loop;
static struct gw_call *call;
static struct gw_call_workers *workers; /* NULL: none */
static struct gw_call_news *news;       /* NULL: nobody tells the loop */
static struct gw_store *store;
static struct gw_store_reader *reader;
static struct gw_io_timer *timer;
static void (*script)(void);
static bool (*over)(void);
static int64_t give_up_us;

static const char peer_file[] =
    "name = \"city\"; role = \"peer\"; title_zh = \"市\"; title_en = \"City\";\n"
    "org_uscc = \"11330600002500009G\"; max_calls = 2;\n"
    "grants = ( { method = \"Health/*\"; }, { method = \"ServerReflection/*\"; },\n"
    "  { method = \"RecordExchange/Push\"; }, { method = \"RecordExchange/ListFormats\"; } );\n";

static inline void never_freed(struct gw_call_generation *g)
{
    (void)g;
}

static inline enum gw_status open_log(struct gw_buf *error)
{
    static char keys[80], data[80];
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    snprintf(data, sizeof(data), "%s/log", dir);
    struct gw_audit_settings s = gw_audit_defaults;
    s.dir = data;
    s.keys_dir = keys;
    s.host = "unit.test";
    s.min_free = 0;
    s.queue_max = 64;
    return gw_audit_open(&s, &log_, error);
}

static inline enum gw_status open_store(struct gw_buf *error)
{
    static char keys[80], data[80];
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    snprintf(data, sizeof(data), "%s/store", dir);
    struct gw_store_settings s = gw_store_defaults;
    s.dir = data;
    s.keys_dir = keys;
    GW_TRY(gw_store_open(&s, &store, error));
    return gw_store_reader_open(store, &reader);
}

static inline enum gw_status load(struct gw_buf *error)
{
    char path[64], command[200];
    snprintf(command, sizeof(command), "mkdir -m 700 -p %s/keys %s/log %s/store %s/peers", dir, dir,
             dir, dir);
    snprintf(path, sizeof(path), "%s/peers/city.conf", dir);
    if (system(command) != 0 || gw_file_write_atomic(path, gw_bytes_str(peer_file), 0600) != GW_OK)
        return GW_IO;
    snprintf(path, sizeof(path), "%s/peers", dir);
    GW_TRY(open_log(error));
    GW_TRY(open_store(error));
    GW_TRY(gw_law_load(GW_SOURCE_DIR "/conf/law", &law, error));
    GW_TRY(gw_authz_load(path, &peers, error));
    GW_TRY(gw_adapter_set_new(&adapters));
    GW_TRY(gw_adapter_set_add(adapters, &adapter, error));
    GW_TRY(gw_route_table_new(&routes));
    for (size_t i = 0; i < gw_adapter_target_count(adapters); i++) {
        const struct gw_adapter_target *t = gw_adapter_target_at(adapters, i);
        ((struct gw_adapter_target *)(uintptr_t)t)->loaded = as_loaded;
        struct gw_route r = {.path = t->path, .method = t->name, .target = t};
        GW_TRY(gw_route_add(routes, &r));
    }
    return GW_OK;
}

static inline int setup(void **state)
{
    struct gw_buf error;
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/xq-call-XXXXXX");
    if (mkdtemp(dir) == NULL || gw_crypto_init() != GW_OK)
        return 1;
    gw_buf_init(&error, 4096);
    enum gw_status st = load(&error);
    if (st != GW_OK)
        fprintf(stderr, "%s: %.*s\n", gw_status_text(st), GW_BYTES_FMT(gw_buf_view(&error)));
    gw_buf_fini(&error);
    counters = calloc(1, sizeof(*counters));
    limits = gw_call_limits_default;
    limits.call_memory = CALL_MEMORY;
    generation = (struct gw_call_generation){.peers = peers,
                                             .routes = routes,
                                             .law = law,
                                             .policy = gw_law_policy(law),
                                             .mapping = "generation@00000000",
                                             .free = never_freed};
    atomic_init(&generation.refs, 1);
    gw_buf_init(&out.details, 8192);
    return st != GW_OK || counters == NULL;
}

static inline int teardown(void **state)
{
    (void)state;
    char command[128];
    gw_store_reader_close(reader);
    gw_store_close(store);
    gw_audit_close(log_);
    gw_route_table_free(routes);
    gw_adapter_set_free(adapters);
    gw_authz_free(peers);
    gw_law_free(law);
    gw_buf_fini(&out.details);
    free(counters);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) != 0;
}

static inline void tick(void *arg)
{
    (void)arg;
    if (script != NULL) {
        void (*fn)(void) = script;
        script = NULL;
        fn();
    } else if (over()) {
        gw_io_loop_stop(loop.io);
        return;
    }
    assert_true(gw_clock_mono_us() < give_up_us);
    gw_io_timer_arm(timer, 1);
}

/* Runs `fn` on a loop, then turns it until `until` is true. */
static inline void run(void (*fn)(void), bool (*until)(void))
{
    struct gw_buf details = out.details;
    memset(&out, 0, sizeof(out));
    out.details = details;
    gw_buf_reset(&out.details);
    asked = 0;
    loop = (struct gw_call_loop){.audit = log_,
                                 .store = store,
                                 .reader = reader,
                                 .generation = &generation,
                                 .limits = &limits,
                                 .workers = workers,
                                 .counters = counters};
    gw_call_loop_init(&loop);
    assert_int_equal(gw_io_loop_new("test", &loop.io), GW_OK);
    if (news != NULL)
        gw_call_news_join(news, &loop);
    assert_int_equal(gw_io_timer_new(loop.io, tick, NULL, &timer), GW_OK);
    script = fn;
    over = until;
    give_up_us = gw_clock_mono_us() + GIVE_UP_US;
    gw_io_timer_arm(timer, 0);
    gw_io_loop_run(loop.io);
    if (news != NULL)
        gw_call_news_join(news, NULL);
    gw_io_timer_free(timer);
    assert_int_equal(loop.call_count, 0);
    for (uint32_t i = 0; i < loop.spare_arenas; i++)
        gw_arena_free(loop.spare_arena[i]);
    gw_io_loop_free(loop.io);
}

static inline struct gw_call *begin(const char *path)
{
    const struct gw_tls_identity id = {.role = "peer",
                                       .peer = "city",
                                       .subject = "CN=city",
                                       .version_suite = "TLSv1.3 TLS_AES_128_GCM_SHA256"};
    const struct gw_http2_header h[] = {
        {GW_BYTES_LIT(":method"), GW_BYTES_LIT("POST")},
        {GW_BYTES_LIT(":scheme"), GW_BYTES_LIT("https")},
        {GW_BYTES_LIT(":path"), gw_bytes_str(path)},
        {GW_BYTES_LIT(":authority"), GW_BYTES_LIT("unit.test")},
        {GW_BYTES_LIT("te"), GW_BYTES_LIT("trailers")},
        {GW_BYTES_LIT("content-type"), GW_BYTES_LIT("application/grpc")},
    };
    struct gw_call_who *who = gw_call_who_new(&id, "192.0.2.1:5000");
    who->held_max = HELD_MAX;
    struct gw_call *c = gw_call_new(&loop, who, &transport, &out, h, GW_ARRAY_LEN(h));
    gw_call_who_unref(who);
    assert_non_null(c);
    return c;
}

static inline void say(struct gw_call *c, bool end)
{
    static const uint8_t frame[] = {0, 0, 0, 0, 3, 0x0a, 1, 'x'};
    gw_call_data(c, gw_bytes_make(frame, sizeof(frame)));
    if (end)
        gw_call_end(c);
    gw_call_drained(c);
}

/* The client goes when it has its answer. */
static inline bool answered(void)
{
    if (call != NULL && (out.ended || out.reset)) {
        struct gw_call *c = call;
        call = NULL;
        gw_call_closed(c);
    }
    return loop.call_count == 0;
}

/* The entry that lies `back` before the end of the log: 0 the last. */
static inline struct gw_audit_entry entry(uint64_t back, uint8_t room[GW_AUDIT_ENTRY_MAX])
{
    struct gw_audit_reader *r;
    struct gw_audit_entry e;
    struct gw_bytes b;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_audit_publish(log_), GW_OK);
    assert_int_equal(gw_audit_reader_open(log_->shard, &r, &error), GW_OK);
    assert_int_equal(gw_audit_reader_get(r, gw_audit_reader_size(r) - 1 - back, &b), GW_OK);
    memcpy(room, b.ptr, b.len);
    b.ptr = room;
    assert_int_equal(gw_audit_entry_decode(b, &e), GW_OK);
    gw_audit_reader_close(r);
    gw_buf_fini(&error);
    return e;
}

#endif

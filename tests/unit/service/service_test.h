/* What the tests of service/ share: a host that runs handlers as adapter/ and call/ do (segments,
 * one transaction each, entries numbered as they become durable), with the shipped formats and law
 * and a data set in a temporary directory. */
#ifndef GW_TESTS_SERVICE_TEST_H
#define GW_TESTS_SERVICE_TEST_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "service/service_internal.h"

enum { ORGANISATION = 1, SOLE_TRADER = 2, PERSON = 4, MAX_SENT = 4096 };
/* Noon of 2026-11-24 in UTC+8: the generator of the test data counts on the day before. */
static const int64_t TODAY_US = INT64_C(1795492800) * INT64_C(1000000);

/* ---- a caller ----------------------------------------------------------------------------------
 */

struct grant {
    const char *kinds; /* "penalty permit" */
    uint32_t classes;
    const char *area; /* a prefix; "" all */
};

static inline const char *grant_covers(const struct gw_service_caller *c, const char *kind,
                                       uint32_t class_bit, struct gw_bytes area)
{
    const struct grant *g = c->grant;
    if (kind[0] == '\0' || strstr(g->kinds, kind) == NULL)
        return "withheld-kind";
    if ((g->classes & class_bit) == 0)
        return "withheld-class";
    return gw_bytes_has_prefix(area, gw_bytes_str(g->area)) ? NULL : "withheld-area";
}

/* ---- the world: configuration and data ---------------------------------------------------------
 */

struct world {
    char root[256], keys[300], data[300];
    struct gw_format_set *formats;
    struct gw_law *law;
    struct gw_store *store;
    struct gw_store_reader *reader;
    struct gw_sign_key *sheet_key;
    char sheet_vkey[GW_SERVICE_VKEY_MAX];
    struct gw_service_views views;
    uint64_t seq;   /* of the log's next entry */
    bool hold_seqs; /* entries do not become durable */
};
static struct world world;

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st;
    (void)flag;
    (void)f;
    return remove(path);
}

static inline int world_setup(void **state)
{
    (void)state;
    struct world *w = &world;
    struct gw_store_settings set = gw_store_defaults;
    struct gw_buf err;
    const char *tmp = getenv("TMPDIR");
    *w = (struct world){.seq = 1};
    snprintf(w->root, sizeof(w->root), "%s/xinqiao-service-XXXXXX", tmp != NULL ? tmp : "/tmp");
    gw_buf_init(&err, 1 << 16);
    if (mkdtemp(w->root) == NULL || gw_crypto_init() != GW_OK)
        return 1;
    if (gw_file_join(w->keys, sizeof(w->keys), w->root, "keys") != GW_OK ||
        gw_file_join(w->data, sizeof(w->data), w->root, "store") != GW_OK)
        return 1;
    set.dir = w->data;
    set.keys_dir = w->keys;
    set.cache_bytes = 8 << 20;
    set.mmap_bytes = 64 << 20;
    enum gw_status st = gw_format_set_load(GW_SOURCE_DIR "/conf/formats", &w->formats, &err);
    if (st == GW_OK)
        st = gw_law_load(GW_SOURCE_DIR "/conf/law", &w->law, &err);
    if (st == GW_OK)
        st = gw_store_open(&set, &w->store, &err);
    if (st == GW_OK)
        st = gw_store_reader_open(w->store, &w->reader);
    if (st == GW_OK)
        st = gw_service_sheet_key_load(w->keys, "gateway.test", &w->sheet_key, w->sheet_vkey);
    if (st != GW_OK)
        (void)fprintf(stderr, "%s: %.*s\n", gw_status_name(st), GW_BYTES_FMT(gw_buf_view(&err)));
    gw_buf_fini(&err);
    w->views = (struct gw_service_views){.formats = w->formats,
                                         .law = w->law,
                                         .generation = "generation@00000000",
                                         .policy = "law@test",
                                         .store = w->store,
                                         .sheet_key = w->sheet_key,
                                         .sheet_vkey = w->sheet_vkey};
    return st != GW_OK;
}

static inline int world_teardown(void **state)
{
    (void)state;
    gw_store_reader_close(world.reader);
    gw_store_close(world.store);
    gw_crypto_sign_key_free(world.sheet_key);
    gw_format_set_free(world.formats);
    gw_law_free(world.law);
    nftw(world.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* ---- a call ------------------------------------------------------------------------------------
 */

struct gw_adapter_call {
    const struct gw_adapter *adapter;
    const struct gw_adapter_method *method;
    const ProtobufCMethodDescriptor *descriptor;
    void *self, *state;
    struct gw_arena *arena; /* of the segment */
    struct grant grant;
    struct gw_service_caller caller;
    int64_t now_us;
    const char *noted; /* the reason of the segment's entry */
    struct gw_store_tx *tx;
    int64_t receipt;
    /* answers, unpacked with malloc */
    ProtobufCMessage *sent[MAX_SENT];
    uint64_t entry[MAX_SENT]; /* of send_receipt(): filled when durable */
    bool slot[MAX_SENT];
    int64_t slot_receipt[MAX_SENT]; /* of an earlier entry that is not known yet */
    size_t sent_count, segment_first;
    size_t block_every; /* send() blocks at each n-th message of a run; 0 never */
    bool blocked;
    const char *finished; /* static reason code */
    char parameter[3][128];
    size_t parameters;
    /* notes of all segments */
    char source_format[65], target_format[65], kind[32], basis[128];
    uint32_t subjects, records, refused;
    bool has_batch;
    uint32_t runs;
};

static inline void *fake_alloc(struct gw_adapter_call *c, size_t size)
{
    return gw_arena_alloc(c->arena, size);
}

static inline int32_t fake_send(struct gw_adapter_call *c, const ProtobufCMessage *m)
{
    assert_null(c->finished);
    assert_false(c->blocked);
    assert_true(c->sent_count < MAX_SENT);
    assert_ptr_equal(m->descriptor, c->descriptor->output);
    size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *p = malloc(len + 1);
    assert_non_null(p);
    protobuf_c_message_pack(m, p);
    c->sent[c->sent_count] = protobuf_c_message_unpack(m->descriptor, NULL, len, p);
    assert_non_null(c->sent[c->sent_count]);
    free(p);
    c->sent_count++;
    c->blocked = c->block_every != 0 && (c->sent_count - c->segment_first) % c->block_every == 0;
    return c->blocked ? GW_SEND_BLOCKED : GW_SEND_OK;
}

static inline int32_t fake_send_receipt(struct gw_adapter_call *c, const ProtobufCMessage *m,
                                        uint32_t field)
{
    assert_int_equal(field, 6);
    c->slot[c->sent_count] = true;
    return fake_send(c, m);
}

static inline int32_t fake_send_receipt_of(struct gw_adapter_call *c, const ProtobufCMessage *m,
                                           uint32_t field, uint64_t entry, int64_t receipt)
{
    assert_int_equal(field, 6);
    c->slot[c->sent_count] = entry == UINT64_MAX;
    c->slot_receipt[c->sent_count] = entry == UINT64_MAX ? receipt : 0;
    c->entry[c->sent_count] = entry;
    return fake_send(c, m);
}

static inline void fake_finish(struct gw_adapter_call *c, const char *reason)
{
    const struct gw_reason *r = gw_reason_find(gw_bytes_str(reason));
    assert_non_null(r);
    assert_null(c->finished);
    c->finished = r->code;
}

static inline void fake_parameter(struct gw_adapter_call *c, const char *name, const char *value)
{
    if (name == NULL || c->parameters == 3)
        return;
    snprintf(c->parameter[c->parameters++], 128, "%s=%s", name, value != NULL ? value : "");
}

static inline void fake_violation(struct gw_adapter_call *c, const char *field, const char *reason)
{
    (void)c;
    assert_non_null(field);
    assert_non_null(gw_reason_find(gw_bytes_str(reason)));
}

static inline int64_t fake_now(struct gw_adapter_call *c)
{
    return c->now_us;
}

static inline void fake_note_subject(struct gw_adapter_call *c, const char *type, const char *value,
                                     size_t len)
{
    assert_true(type[0] != '\0' && len > 0 && value != NULL);
    c->subjects++;
}

static inline void fake_note_formats(struct gw_adapter_call *c, const char *source,
                                     const char *target)
{
    if (source != NULL)
        snprintf(c->source_format, sizeof(c->source_format), "%s", source);
    if (target != NULL)
        snprintf(c->target_format, sizeof(c->target_format), "%s", target);
}

static inline void fake_note_kind(struct gw_adapter_call *c, const char *kind, const char *basis)
{
    if (kind != NULL)
        snprintf(c->kind, sizeof(c->kind), "%s", kind);
    if (basis != NULL)
        snprintf(c->basis, sizeof(c->basis), "%s", basis);
}

static inline void fake_note_batch(struct gw_adapter_call *c, const uint8_t id[16])
{
    (void)id;
    c->has_batch = true;
}

static inline void fake_note_counts(struct gw_adapter_call *c, uint32_t records, uint32_t refused)
{
    c->records += records;
    c->refused += refused;
}

static inline void fake_note_reason(struct gw_adapter_call *c, const char *reason)
{
    const struct gw_reason *r = gw_reason_find(gw_bytes_str(reason));
    assert_non_null(r);
    c->noted = r->code;
}

static inline void fake_log(struct gw_adapter_call *c, int32_t level, const char *text)
{
    (void)c;
    print_message("log %d: %s\n", level, text);
}

static inline const void *fake_lend(struct gw_adapter_call *c, uint32_t what)
{
    switch (what) {
    case GW_LEND_VIEWS:
        return &world.views;
    case GW_LEND_TX:
        return c->tx;
    case GW_LEND_READER:
        return world.reader;
    case GW_LEND_CALLER:
        return &c->caller;
    case GW_LEND_RECEIPT:
        return &c->receipt;
    case GW_LEND_ARENA:
        return c->arena;
    default:
        return NULL;
    }
}

static inline void fake_again(struct gw_adapter_call *c)
{
    c->blocked = true;
}

static const struct gw_adapter_host fake_host = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(struct gw_adapter_host),
    .alloc = fake_alloc,
    .send = fake_send,
    .send_receipt = fake_send_receipt,
    .finish = fake_finish,
    .parameter = fake_parameter,
    .violation = fake_violation,
    .now_us = fake_now,
    .note_subject = fake_note_subject,
    .note_formats = fake_note_formats,
    .note_kind = fake_note_kind,
    .note_batch = fake_note_batch,
    .note_counts = fake_note_counts,
    .note_reason = fake_note_reason,
    .log = fake_log,
    .lend = fake_lend,
    .again = fake_again,
    .send_receipt_of = fake_send_receipt_of,
};

/* Begins a call of adapter `name` as a peer that may do everything, but not with persons. */
static inline void call_begin(struct gw_adapter_call *c, const char *name, const char *method,
                              const char *peer)
{
    const struct gw_adapter *const *list = gw_service_builtin();
    memset(c, 0, sizeof(*c));
    while (*list != NULL && strcmp((*list)->name, name) != 0)
        list++;
    assert_non_null(*list);
    c->adapter = *list;
    const struct gw_adapter_service *s = &c->adapter->services[0];
    for (size_t i = 0; i < s->method_count; i++)
        if (strcmp(s->methods[i].name, method) == 0)
            c->method = &s->methods[i];
    for (unsigned i = 0; i < s->descriptor->n_methods; i++)
        if (strcmp(s->descriptor->methods[i].name, method) == 0)
            c->descriptor = &s->descriptor->methods[i];
    assert_non_null(c->method);
    assert_non_null(c->descriptor);
    c->arena = gw_arena_new("segment", 64u << 20);
    c->grant = (struct grant){"penalty permit", ORGANISATION | SOLE_TRADER, ""};
    c->caller = (struct gw_service_caller){.peer = peer,
                                           .purpose = "",
                                           .inferred_ok = true,
                                           .covers = grant_covers,
                                           .grant = &c->grant,
                                           .areas = "*"};
    c->now_us = TODAY_US;
    assert_int_equal(c->adapter->init(&fake_host, &c->self), 0);
    if (c->method->open != NULL)
        assert_int_equal(c->method->open(c->self, c, &c->state), 0);
}

static inline void call_end(struct gw_adapter_call *c)
{
    if (c->method->close != NULL)
        c->method->close(c->self, c, c->state);
    c->adapter->fini(c->self);
    for (size_t i = 0; i < c->sent_count; i++)
        protobuf_c_message_free_unpacked(c->sent[i], NULL);
    gw_arena_free(c->arena);
}

/* Runs the handlers of one segment. */
struct segment {
    struct gw_store_job job;
    struct gw_adapter_call *c;
    const ProtobufCMessage *const *messages;
    void **items;
    size_t count;
    bool last;
};

static inline int32_t run_handlers(struct segment *g)
{
    struct gw_adapter_call *c = g->c;
    for (size_t i = 0; i < g->count && c->finished == NULL; i++) {
        int32_t rc = c->method->message(c->self, c, c->state, g->messages[i],
                                        g->items != NULL ? g->items[i] : NULL);
        if (rc != 0)
            return rc;
    }
    if (g->last && c->finished == NULL && c->method->half_close != NULL)
        return c->method->half_close(c->self, c, c->state);
    return 0;
}

static inline bool call_failed(const struct gw_adapter_call *c)
{
    return c->finished != NULL && gw_reason_find(gw_bytes_str(c->finished))->grpc != 0;
}

static inline enum gw_status run_in_tx(struct gw_store_job *j, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16];
    struct segment *g = GW_CONTAINER_OF(j, struct segment, job);
    struct gw_adapter_call *c = g->c;
    c->tx = tx;
    c->receipt = gw_store_receipt_next(tx);
    int32_t rc = run_handlers(g);
    c->tx = NULL;
    if (rc != 0)
        return GW_INTERNAL;
    if (call_failed(c))
        return GW_PRECONDITION;
    return gw_store_pending_put(tx, exchange, 0, 0, GW_BYTES_LIT("entry"), &c->receipt);
}

/* The entry becomes durable and visible. */
static inline void make_durable(struct gw_adapter_call *c, size_t first)
{
    uint64_t seq = world.seq++;
    for (size_t i = first; i < c->sent_count; i++)
        if (c->slot[i] && (c->slot_receipt[i] == 0 || c->slot_receipt[i] == c->receipt))
            c->entry[i] = seq;
    if (!world.hold_seqs)
        gw_store_pending_done(world.store, c->receipt, seq);
    gw_store_visible_advance(world.store, INT64_C(1) << 40);
}

/* One segment of messages, then the end of the caller's messages if `last`. */
static inline enum gw_status call_segment(struct gw_adapter_call *c,
                                          const ProtobufCMessage *const *messages, size_t count,
                                          bool last)
{
    struct segment g = {.c = c, .messages = messages, .count = count, .last = last};
    void *items[1024] = {NULL};
    size_t first = c->sent_count;
    assert_true(count <= GW_ARRAY_LEN(items));
    c->segment_first = first;
    c->runs++;
    if (c->method->place == GW_PLACE_LOOP) {
        gw_store_reader_turn_end(world.reader);
        enum gw_status st = run_handlers(&g) == 0 ? GW_OK : GW_INTERNAL;
        gw_store_reader_turn_end(world.reader);
        return st;
    }
    for (size_t i = 0; c->method->prepare != NULL && i < count; i++)
        assert_int_equal(c->method->prepare(c->self, c, messages[i], &items[i]), 0);
    g.items = items;
    g.job.run = run_in_tx;
    enum gw_status st = gw_store_run(world.store, &g.job);
    if (st == GW_OK)
        make_durable(c, first);
    return st;
}

/* A whole unary or server-streaming call; goes on whenever send() had blocked. */
static inline enum gw_status call_once(struct gw_adapter_call *c, const ProtobufCMessage *m)
{
    enum gw_status st = call_segment(c, &m, 1, true);
    while (st == GW_OK && c->finished == NULL && c->blocked && c->method->writable != NULL) {
        c->blocked = false;
        c->segment_first = c->sent_count;
        c->runs++;
        gw_arena_reset(c->arena);
        st = c->method->writable(c->self, c, c->state) == 0 ? GW_OK : GW_INTERNAL;
        gw_store_reader_turn_end(world.reader);
    }
    return st;
}

/* ---- records from tests/data --------------------------------------------------------------------
 */

struct records {
    struct gw_buf file, bytes;
    struct {
        size_t at, len;
    } item[256];
    size_t count;
};

static inline void records_load(struct records *r, const char *format, const char *name)
{
    char path[512];
    const char *reason = NULL;
    struct gw_bytes one;
    struct gw_format_splitter *s = NULL;
    gw_buf_init(&r->file, 4 << 20);
    gw_buf_init(&r->bytes, 4 << 20);
    r->count = 0;
    snprintf(path, sizeof(path), "%s/tests/data/formats/%s/%s", GW_SOURCE_DIR, format, name);
    assert_int_equal(gw_file_read(path, &r->file), GW_OK);
    const struct gw_format *f = gw_format_find(world.formats, gw_bytes_str(format), NULL);
    assert_non_null(f);
    assert_int_equal(gw_format_splitter_new(f, &s), GW_OK);
    assert_int_equal(gw_format_splitter_feed(s, gw_buf_view(&r->file), true), GW_OK);
    while (gw_format_splitter_next(s, &one, &reason) == GW_OK) {
        assert_true(r->count < GW_ARRAY_LEN(r->item));
        r->item[r->count].at = r->bytes.len;
        r->item[r->count++].len = one.len;
        gw_buf_bytes(&r->bytes, one);
    }
    gw_format_splitter_free(s);
    assert_true(r->count >= 40);
}

static inline struct gw_bytes records_at(const struct records *r, size_t i)
{
    return gw_bytes_make(r->bytes.ptr + r->item[i].at, r->item[i].len);
}

/* Pushes one record in a call of its own, as `peer`; may be about a person. */
static inline Xinqiao__V1__Outcome push_record(const char *peer, const char *format,
                                               const char *key, struct gw_bytes record)
{
    struct gw_adapter_call *c = calloc(1, sizeof(*c));
    Xinqiao__V1__PushItem m = XINQIAO__V1__PUSH_ITEM__INIT;
    const ProtobufCMessage *list[] = {&m.base};
    assert_non_null(c);
    m.key = gw_service_str(key);
    m.format = gw_service_str(format);
    m.record = gw_service_binary(record);
    call_begin(c, "record", "Push", peer);
    c->grant.classes |= PERSON;
    assert_int_equal(call_segment(c, list, 1, true), GW_OK);
    assert_int_equal(c->sent_count, 1);
    Xinqiao__V1__Outcome o = ((const Xinqiao__V1__PushReceipt *)c->sent[0])->outcome;
    call_end(c);
    free(c);
    return o;
}

static inline void records_fini(struct records *r)
{
    gw_buf_fini(&r->file);
    gw_buf_fini(&r->bytes);
}

#endif

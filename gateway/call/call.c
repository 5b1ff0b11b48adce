/* The life of a call on its loop: messages are collected into segments, one segment is on its way
 * at a time, and when a verdict stands the last one is written and the call goes. */
#include "call/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/probe.h"
#include "base/text.h"
#include "call/call_internal.h"

enum {
    CALL_ARENA_BYTES = 256 * 1024,
    ANSWERS_MAX = 256 * 1024 /* unread bytes of a bidirectional stream's answers */
};

const struct gw_call_limits gw_call_limits_default = {
    .max_message_bytes = 4u << 20,
    .segment_messages = 1000,
    .segment_in_bytes = 1u << 20,
    .segment_out_bytes = 64u << 10,
    .call_memory = 64u << 20,
    .partial_bytes = 256u << 20,
    .max_calls = 10000,
    .default_deadline_ms = 0,
    .adapter_loop_budget_ms = 50,
    .adapter_worker_budget_ms = 30000,
    .adapter_workers = 4,
};

static const struct {
    const char *name;
    enum gw_step (*fn)(struct gw_call *c);
} steps[GW_CALL_STEP_COUNT] = {
#define GW_CALL_STEP(name, text) {#name, gw_call_step_##name},
#include "call/call_steps.def"
#undef GW_CALL_STEP
};

struct gw_call_generation *gw_call_generation_ref(struct gw_call_generation *g)
{
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
    return g;
}

void gw_call_generation_unref(struct gw_call_generation *g)
{
    if (g != NULL && atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) == 1)
        g->free(g);
}

/* What handlers are lent. Runs on the writer's thread too: reads only what is constant while a
 * segment is away. */
static const void *lend(struct gw_adapter_call *ad, uint32_t what)
{
    struct gw_call *c = ad->owner;
    switch (what) {
    case GW_LEND_VIEWS:
        return &c->gen->views;
    case GW_LEND_TX:
        return ad->segment != NULL ? ad->segment->tx : NULL;
    case GW_LEND_READER:
        return ad->reader;
    case GW_LEND_CALLER:
        return &c->caller;
    case GW_LEND_RECEIPT:
        return ad->segment != NULL ? &ad->segment->receipt : NULL;
    case GW_LEND_ARENA:
        return ad->segment != NULL ? ad->segment->arena : NULL;
    default:
        return NULL;
    }
}

void gw_call_refuse(struct gw_call *c, const char *reason, const char *param, const char *value)
{
    if (c->verdict != NULL)
        return;
    c->verdict = gw_reason_find(gw_bytes_str(reason));
    if (GW_BUG_ON(c->verdict == NULL))
        c->verdict = gw_reason_find(GW_BYTES_LIT("internal"));
    if (param != NULL)
        c->params[c->param_count++] = (struct gw_param){param, value};
}

void gw_call_unlogged(struct gw_call *c)
{
    c->verdict = gw_reason_find(GW_BYTES_LIT("log-unavailable"));
    c->param_count = 0;
    gw_report_init(&c->report, c->arena);
}

static void call_free(struct gw_call *c)
{
    c->ad.segment = NULL;
    if (c->ad.target != NULL)
        gw_adapter_close(&c->ad,
                         c->verdict != NULL && (c->verdict->grpc == GW_GRPC_CANCELLED ||
                                                c->verdict->grpc == GW_GRPC_DEADLINE_EXCEEDED));
    gw_call_segment_free(c->open_segment);
    gw_call_segment_free(c->next_segment);
    if (c->deadline != NULL)
        gw_io_timer_free(c->deadline);
    gw_call_wait_end(c);
    if (c->wait_timer != NULL)
        gw_io_timer_free(c->wait_timer);
    if (c->reader_ready)
        gw_grpc_reader_fini(&c->reader);
    gw_list_remove(&c->node);
    gw_call_partial_done(c);
    c->loop->call_count--;
    if (c->counted)
        atomic_fetch_sub_explicit(&c->loop->counters->peer[c->peer->index].open, 1,
                                  memory_order_relaxed);
    gw_call_generation_unref(c->gen);
    gw_call_who_unref(c->who);
    c->magic = 0;
    gw_arena_free(c->arena);
    free(c);
}

/* The open segment is closed: what comes goes into the next one. May be NULL. */
static struct gw_call_segment *take_open_segment(struct gw_call *c)
{
    struct gw_call_segment *g = c->open_segment;
    c->open_segment = c->next_segment;
    c->next_segment = NULL;
    return g;
}

/* Starts the segment that ends the call. The one message of a call is in its entry, also when it
 * can not be read. */
static void start_closing(struct gw_call *c)
{
    struct gw_call_segment *g = c->open_segment != NULL && !gw_call_takes_stream(c)
                                    ? take_open_segment(c)
                                    : gw_call_segment_new(c);
    if (g == NULL) {
        c->ended = true;
        if (!c->gone)
            c->transport->reset(c->stream);
        return;
    }
    g->no_adapt = true;
    g->closing = true;
    gw_call_segment_start(c, g);
}

static bool open_segment_full(const struct gw_call *c)
{
    const struct gw_call_limits *lim = c->loop->limits;
    return c->open_segment != NULL && gw_call_takes_stream(c) &&
           (c->next_segment != NULL || c->open_segment->s.messages >= lim->segment_messages ||
            c->open_segment->s.in_bytes >= lim->segment_in_bytes);
}

/* Answers of earlier segments that the peer has not read: it must, before more is taken from it. */
static bool answers_pile_up(const struct gw_call *c)
{
    return !c->gone && gw_call_takes_stream(c) && gw_call_sends_stream(c) &&
           c->transport->queued(c->stream) > ANSWERS_MAX;
}

static void stop_reading(struct gw_call *c, const char *reason)
{
    c->flush_first = true;
    if (strcmp(reason, "message-too-large") == 0)
        gw_call_refuse(c, reason, "max", gw_arena_printf(c->arena, "%zu", c->reader.max_message));
    else
        gw_call_refuse(c, reason, NULL, NULL);
}

static const char *reason_of(enum gw_status st)
{
    switch ((int)st) {
    case GW_TOO_LARGE:
    case GW_NOMEM:
        return "message-too-large";
    case GW_INVALID:
    case GW_UNSUPPORTED:
        return "malformed-message";
    case GW_CORRUPT:
        return "utf8-invalid";
    case GW_BUSY:
        return "overload";
    default:
        return "internal";
    }
}

/* Puts a message into the open segment, or into one of its own behind that. */
static enum gw_status receive(struct gw_call *c, struct gw_bytes wire)
{
    if (c->open_segment == NULL && (c->open_segment = gw_call_segment_new(c)) == NULL)
        return GW_BUSY;
    enum gw_status st = gw_adapter_receive(&c->ad, &c->open_segment->s, wire);
    if (st != GW_CONFLICT)
        return st;
    if ((c->next_segment = gw_call_segment_new(c)) == NULL)
        return GW_BUSY;
    return gw_adapter_receive(&c->ad, &c->next_segment->s, wire);
}

/* Takes whole messages into the open segment while there is room; the rest stays where the window
 * holds it back. */
static void take_messages(struct gw_call *c)
{
    struct gw_bytes wire;
    size_t took;
    while (c->verdict == NULL && c->opened &&
           !(open_segment_full(c) && (c->busy != NULL || answers_pile_up(c)))) {
        if (open_segment_full(c)) {
            gw_call_segment_start(c, take_open_segment(c));
            continue;
        }
        enum gw_status st = gw_grpc_reader_next(&c->reader, &wire, &took);
        if (st == GW_AGAIN) {
            /* A message larger than the window would else never be whole. */
            gw_call_partial_give(c);
            if (c->half_closed && !gw_grpc_reader_clean(&c->reader))
                stop_reading(c, "input-truncated");
            return;
        }
        if (st != GW_OK) {
            stop_reading(c, reason_of(st));
            return;
        }
        st = receive(c, wire);
        if (!c->gone)
            c->transport->consumed(c->stream, took);
        gw_call_partial_done(c);
        if (st != GW_OK) {
            stop_reading(c, reason_of(st));
            return;
        }
        if (!gw_call_takes_stream(c) && c->open_segment->s.messages > 1) {
            gw_call_refuse(c, "malformed-message", NULL, NULL);
            return;
        }
    }
}

/* May the open segment start now? A stream's at once when nothing is on its way; one message's at
 * half-close. */
static bool segment_ready(const struct gw_call *c)
{
    if (gw_call_takes_stream(c))
        return !answers_pile_up(c) &&
               (c->open_segment != NULL || (c->half_closed && !c->half_close_seen));
    return c->half_closed && !c->half_close_seen;
}

static void start_open_segment(struct gw_call *c)
{
    struct gw_call_segment *g = take_open_segment(c);
    if (g == NULL)
        g = gw_call_segment_new(c);
    if (g == NULL) {
        gw_call_refuse(c, "overload", NULL, NULL);
        return;
    }
    /* The reader was emptied before: nothing else can follow this segment. */
    g->last = c->half_closed && c->open_segment == NULL;
    c->half_close_seen |= g->last;
    g->closing = !gw_call_is_stream(c);
    gw_call_segment_start(c, g);
}

static bool wants_to_produce(struct gw_call *c)
{
    return c->ad.blocked && !gw_call_writes(c) && gw_call_sends_stream(c) && !c->gone &&
           !gw_call_waits(c) && c->transport->queued(c->stream) == 0;
}

static void start_producing(struct gw_call *c)
{
    struct gw_call_segment *g = gw_call_segment_new(c);
    if (g == NULL) {
        gw_call_refuse(c, "overload", NULL, NULL);
        return;
    }
    g->produce = true;
    gw_call_segment_start(c, g);
}

/* Streams from us are authorised when they are opened. One that goes on from where it was blocked
 * or waited, while another configuration is in force, ends: its client comes back with its cursor,
 * and what it may have now is decided anew. */
static bool must_come_back(const struct gw_call *c)
{
    return c->ad.blocked && c->gen != c->loop->generation && c->audited &&
           gw_call_sends_stream(c) && !gw_call_takes_stream(c);
}

/* Goes as far as it can; called whenever something has changed. Frees the call when it is over. */
void gw_call_advance(struct gw_call *c)
{
    while (c->busy == NULL) {
        if (c->ended) {
            if (c->gone && c->lent == NULL)
                call_free(c);
            return;
        }
        if (c->verdict != NULL) {
            gw_call_partial_quit(c);
            if (c->flush_first && c->open_segment != NULL && gw_call_takes_stream(c) &&
                c->open_segment->s.messages > 0) {
                struct gw_call_segment *g = take_open_segment(c);
                c->flush_first = c->open_segment != NULL;
                c->after_flush = c->verdict;
                c->verdict = NULL;
                gw_call_segment_start(c, g);
                continue;
            }
            start_closing(c);
            continue;
        }
        if (c->after_flush != NULL) {
            c->verdict = c->after_flush;
            c->after_flush = NULL;
            continue;
        }
        if (!c->opened)
            return;
        take_messages(c);
        if (c->busy != NULL || c->verdict != NULL)
            continue;
        if (segment_ready(c))
            start_open_segment(c);
        else if (must_come_back(c))
            gw_call_refuse(c, "configuration-changed", NULL, NULL);
        else if (wants_to_produce(c))
            start_producing(c);
        else
            return;
    }
}

struct gw_call *gw_call_new(struct gw_call_loop *l, struct gw_call_who *who,
                            const struct gw_call_transport *t, void *stream,
                            const struct gw_http2_header *h, size_t count)
{
    struct gw_call *c = calloc(1, sizeof(*c));
    struct gw_arena *a = gw_arena_new("call", CALL_ARENA_BYTES);
    if (c == NULL || a == NULL) {
        free(c);
        gw_arena_free(a);
        return NULL;
    }
    c->magic = GW_CALL_MAGIC;
    c->arena = a;
    c->loop = l;
    c->gen = gw_call_generation_ref(l->generation);
    c->who = who;
    who->refs++;
    c->transport = t;
    c->stream = stream;
    c->audited = true;
    c->received_us = gw_clock_wall_us();
    c->ad.magic = GW_ADAPTER_CALL_MAGIC;
    c->ad.owner = c;
    c->ad.lend = lend;
    c->ad.powers = &gw_service_powers;
    c->ad.store = l->store;
    c->ad.reader = l->reader;
    gw_report_init(&c->report, a);
    gw_crypto_random(c->exchange_id, sizeof(c->exchange_id));
    struct gw_buf hex;
    gw_buf_init_fixed(&hex, c->id_hex, sizeof(c->id_hex));
    gw_hex_put(&hex, gw_bytes_make(c->exchange_id, 16));
    gw_list_init(&c->node);
    gw_list_init(&c->stalled);
    gw_list_init(&c->waiting);
    gw_list_append(&l->calls, &c->node);
    l->call_count++;

    int grpc = 0;
    if (gw_grpc_request_parse(h, count, a, &c->request, &c->http_refusal, &grpc) != GW_OK &&
        c->http_refusal == 0)
        gw_call_refuse(c, grpc == GW_GRPC_UNIMPLEMENTED ? "content-type" : "malformed-message",
                       NULL, NULL);
    for (size_t i = 0; i < GW_ARRAY_LEN(steps) && c->verdict == NULL; i++) {
        GW_PROBE("call", call_step, c->id_hex);
        if (steps[i].fn(c) != GW_STEP_NEXT)
            break;
    }
    c->opened = c->verdict == NULL;
    /* A refusal's entry is written by the next event at the latest: the transport may not answer
     * from here. */
    return c;
}

void gw_call_data(struct gw_call *c, struct gw_bytes bytes)
{
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    if (!c->opened || c->verdict != NULL || c->after_flush != NULL || c->ended) {
        c->transport->consumed(c->stream, bytes.len);
        return;
    }
    enum gw_status st = gw_grpc_reader_feed(&c->reader, bytes);
    if (st != GW_OK) {
        stop_reading(c, reason_of(st));
        c->transport->consumed(c->stream, bytes.len);
        return;
    }
    take_messages(c);
}

void gw_call_drained(struct gw_call *c)
{
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    gw_call_advance(c);
}

void gw_call_end(struct gw_call *c)
{
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    c->half_closed = true;
}

void gw_call_writable(struct gw_call *c)
{
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    gw_call_advance(c);
}

void gw_call_drain(struct gw_call_loop *l)
{
    l->draining = true;
    GW_LIST_FOR_SAFE(it, nxt, &l->calls)
    {
        struct gw_call *c = GW_CONTAINER_OF(it, struct gw_call, node);
        if (!c->opened || c->busy != NULL || !c->half_close_seen ||
            (c->ad.blocked && !c->ad.waiting))
            continue;
        gw_call_refuse(c, "draining", NULL, NULL);
        gw_call_advance(c);
    }
}

void gw_call_reauthorise(struct gw_call_loop *l)
{
    GW_LIST_FOR_SAFE(it, nxt, &l->calls)
    {
        struct gw_call *c = GW_CONTAINER_OF(it, struct gw_call, node);
        if (c->opened && c->busy == NULL && !c->ended && must_come_back(c))
            gw_call_advance(c);
    }
}

bool gw_call_only_lent(const struct gw_call_loop *l)
{
    GW_LIST_FOR(it, &l->calls)
    {
        const struct gw_call *c = GW_CONTAINER_OF(it, struct gw_call, node);
        if (c->lent == NULL || !c->ended)
            return false;
    }
    return l->call_count > 0;
}

void gw_call_closed(struct gw_call *c)
{
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    c->gone = true;
    c->flush_first = false;
    if (!c->ended && c->verdict == NULL)
        gw_call_refuse(c, "cancelled", NULL, NULL);
    gw_call_abandon(c);
    gw_call_advance(c);
}

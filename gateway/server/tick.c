/* See tick.h. One thread waits for the next that is due and for its entry to be durable: ticks are
 * rare and short, and none may overtake itself. */
#include "server/tick.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/service.h"

enum { ARENA_BYTES = 64 << 20, METHOD_MAX = 65 };

struct gw_ticker {
    const struct gw_adapter_set *adapters;
    struct gw_store *store;
    struct gw_audit *audit;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wake;
    struct gw_call_generation *generation;
    int64_t *due_us; /* of each adapter; INT64_MAX: it has none */
    pthread_t thread;
    bool started, ending;
};

/* One run. Lives on the ticking thread's stack until its entry is durable. */
struct run {
    struct gw_ticker *ticker;
    struct gw_call_generation *generation;
    const struct gw_adapter_held *held;
    char method[METHOD_MAX];
    uint8_t exchange_id[16];
    struct gw_segment s;
    struct gw_adapter_call ad;
    struct gw_buf body;
    struct gw_store_job job;
    struct gw_audit_append append;
    bool reserved, noted;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    enum gw_status status;
};

/* ---- what handlers are lent: the gateway's own view, and no grant of anybody ---- */

static const char *covers_nothing(const struct gw_service_caller *c, const char *kind,
                                  uint32_t class_bit, struct gw_bytes area)
{
    (void)c, (void)kind, (void)class_bit, (void)area;
    return "withheld-kind";
}

static const char *covers_no_list(const struct gw_service_caller *c, const char *list)
{
    (void)c, (void)list;
    return "withheld-list";
}

static bool allows_nothing(const struct gw_service_caller *c, const char *word)
{
    (void)c, (void)word;
    return false;
}

static const struct gw_service_caller self = {
    .peer = "self",
    .purpose = "operation",
    .covers = covers_nothing,
    .covers_list = covers_no_list,
    .allows = allows_nothing,
    .areas = "",
};

static const void *lend(struct gw_adapter_call *ad, uint32_t what)
{
    struct run *r = ad->owner;
    switch (what) {
    case GW_LEND_VIEWS:
        return &r->generation->views;
    case GW_LEND_CALLER:
        return &self;
    case GW_LEND_TX:
        return r->s.tx;
    case GW_LEND_RECEIPT:
        return &r->s.receipt;
    case GW_LEND_ARENA:
        return r->s.arena;
    default:
        return NULL;
    }
}

/* ---- on the writer's and the sequencer's thread ---- */

static void finish(struct run *r, enum gw_status st)
{
    pthread_mutex_lock(&r->lock);
    r->status = st;
    r->done = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static enum gw_status put_entry(struct run *r, struct gw_store_tx *tx)
{
    struct gw_ticker *t = r->ticker;
    if (gw_arena_failed(r->s.arena))
        return GW_NOMEM;
    GW_TRY(
        gw_call_evidence_own(t->audit, r->generation, &r->s, r->method, r->exchange_id, &r->body));
    return gw_store_pending_put(tx, r->exchange_id, 0, gw_audit_size(t->audit),
                                gw_buf_view(&r->body), &r->s.receipt);
}

static enum gw_status run_in_tx(struct gw_store_job *j, struct gw_store_tx *tx)
{
    struct run *r = GW_CONTAINER_OF(j, struct run, job);
    r->s.tx = tx;
    r->s.receipt = gw_store_receipt_next(tx);
    r->s.change_before = gw_store_change_last(tx);
    enum gw_status st = gw_adapter_tick(&r->ad, &r->s);
    r->noted = r->s.records > 0 || r->s.refused > 0;
    r->s.change_last = gw_store_change_last(tx);
    /* What others are to see has an entry. */
    if (st == GW_OK && !r->noted && r->s.change_last != r->s.change_before)
        st = GW_PRECONDITION;
    if (st == GW_OK && r->noted)
        st = put_entry(r, tx);
    r->s.tx = NULL;
    return st;
}

/* In log order; INVARIANTS P13. */
static void durable(struct gw_audit_append *ap, enum gw_status st)
{
    struct run *r = GW_CONTAINER_OF(ap, struct run, append);
    struct gw_store *store = r->ticker->store;
    if (st != GW_OK) {
        gw_store_stop_at(store, r->s.change_before);
    } else {
        gw_store_pending_done(store, r->s.receipt, ap->seq);
        if (r->s.change_last > r->s.change_before)
            gw_store_visible_advance(store, r->s.change_last);
    }
    finish(r, st);
}

/* In commit order. */
static void committed(struct gw_store_job *j, enum gw_status st)
{
    struct run *r = GW_CONTAINER_OF(j, struct run, job);
    if (st != GW_OK || !r->noted) {
        finish(r, st);
        return;
    }
    r->append = (struct gw_audit_append){.body = gw_buf_view(&r->body), .done = durable};
    r->reserved = false;
    enum gw_status sent = gw_audit_submit(r->ticker->audit, &r->append, true);
    if (sent != GW_OK)
        durable(&r->append, sent);
}

/* ---- on the ticking thread ---- */

static enum gw_status run_and_wait(struct run *r)
{
    r->job = (struct gw_store_job){.run = run_in_tx, .committed = committed};
    GW_TRY(gw_audit_reserve(r->ticker->audit, 1));
    r->reserved = true;
    GW_TRY(gw_store_submit(r->ticker->store, &r->job));
    pthread_mutex_lock(&r->lock);
    while (!r->done)
        pthread_cond_wait(&r->wake, &r->lock);
    pthread_mutex_unlock(&r->lock);
    return r->status;
}

static enum gw_status run_one(struct gw_ticker *t, struct gw_call_generation *g, size_t i)
{
    struct gw_arena *arena = gw_arena_new("tick", ARENA_BYTES);
    if (arena == NULL)
        return GW_NOMEM;
    struct run r = {.ticker = t, .generation = g, .held = gw_adapter_set_at(t->adapters, i)};
    snprintf(r.method, sizeof(r.method), "%s/tick", r.held->published->name);
    gw_crypto_random(r.exchange_id, sizeof(r.exchange_id));
    gw_segment_init(&r.s, arena, gw_clock_wall_us());
    gw_buf_init(&r.body, 4096);
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.wake, NULL);
    r.ad = (struct gw_adapter_call){
        .magic = GW_ADAPTER_CALL_MAGIC,
        .target = r.held->whole,
        .segment = &r.s,
        .peer = self.peer,
        .owner = &r,
        .powers = &gw_service_powers,
        .store = t->store,
        .generation = g->adapter_states != NULL ? g->adapter_states[i] : NULL,
        .lend = lend,
    };
    enum gw_status st = run_and_wait(&r);
    if (r.reserved)
        gw_audit_release(t->audit, 1);
    pthread_cond_destroy(&r.wake);
    pthread_mutex_destroy(&r.lock);
    gw_buf_fini(&r.body);
    gw_segment_fini(&r.s);
    gw_arena_free(arena);
    return st;
}

/* The generation of now, counted. */
static struct gw_call_generation *generation_of(struct gw_ticker *t)
{
    pthread_mutex_lock(&t->lock);
    struct gw_call_generation *g = gw_call_generation_ref(t->generation);
    pthread_mutex_unlock(&t->lock);
    return g;
}

/* What failed was undone, and is tried again at the next tick. */
static void tick(struct gw_ticker *t, size_t i)
{
    const struct gw_adapter_target *whole = gw_adapter_set_at(t->adapters, i)->whole;
    struct gw_call_generation *g = generation_of(t);
    enum gw_status st = run_one(t, g, i);
    gw_call_generation_unref(g);
    if (st == GW_OK)
        gw_adapter_succeeded(whole);
    /* GW_INTERNAL was told and counted where it ran. */
    else if (st != GW_INTERNAL)
        gw_adapter_failed(whole, gw_status_text(st));
}

static bool has_tick(const struct gw_adapter *a)
{
    return a->tick != NULL && a->tick_ms > 0;
}

void gw_ticker_run_all(struct gw_ticker *t)
{
    for (size_t i = 0; i < gw_adapter_set_count(t->adapters); i++)
        if (has_tick(gw_adapter_set_at(t->adapters, i)->published))
            tick(t, i);
}

/* The one that is due first. */
static size_t next_of(const struct gw_ticker *t)
{
    size_t best = 0;
    for (size_t i = 1; i < gw_adapter_set_count(t->adapters); i++)
        if (t->due_us[i] < t->due_us[best])
            best = i;
    return best;
}

static void wait_until(struct gw_ticker *t, int64_t at_us)
{
    struct timespec at = {.tv_sec = at_us / GW_USEC_PER_SEC,
                          .tv_nsec = at_us % GW_USEC_PER_SEC * 1000};
    (void)pthread_cond_timedwait(&t->wake, &t->lock, &at);
}

static void *ticker_main(void *arg)
{
    struct gw_ticker *t = arg;
    (void)pthread_setname_np(pthread_self(), "tick");
    pthread_mutex_lock(&t->lock);
    while (!t->ending) {
        size_t i = next_of(t);
        if (t->due_us[i] > gw_clock_mono_us()) {
            wait_until(t, t->due_us[i]);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        tick(t, i);
        pthread_mutex_lock(&t->lock);
        t->due_us[i] = gw_clock_mono_us() +
                       (int64_t)gw_adapter_set_at(t->adapters, i)->published->tick_ms * 1000;
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

enum gw_status gw_ticker_new(const struct gw_adapter_set *adapters, struct gw_store *store,
                             struct gw_audit *audit, struct gw_call_generation *g,
                             struct gw_ticker **ret)
{
    struct gw_ticker *t = calloc(1, sizeof(*t));
    int64_t *due = calloc(gw_adapter_set_count(adapters) + 1, sizeof(*due));
    if (t == NULL || due == NULL) {
        free(t);
        free(due);
        return GW_NOMEM;
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, &attr);
    pthread_condattr_destroy(&attr);
    t->adapters = adapters;
    t->store = store;
    t->audit = audit;
    t->generation = gw_call_generation_ref(g);
    t->due_us = due;
    *ret = t;
    return GW_OK;
}

enum gw_status gw_ticker_start(struct gw_ticker *t)
{
    bool any = false;
    for (size_t i = 0; i < gw_adapter_set_count(t->adapters); i++) {
        const struct gw_adapter *a = gw_adapter_set_at(t->adapters, i)->published;
        t->due_us[i] = has_tick(a) ? gw_clock_mono_us() + (int64_t)a->tick_ms * 1000 : INT64_MAX;
        any |= has_tick(a);
    }
    if (!any)
        return GW_OK;
    if (pthread_create(&t->thread, NULL, ticker_main, t) != 0)
        return GW_NOMEM;
    t->started = true;
    return GW_OK;
}

void gw_ticker_use(struct gw_ticker *t, struct gw_call_generation *g)
{
    pthread_mutex_lock(&t->lock);
    struct gw_call_generation *before = t->generation;
    t->generation = gw_call_generation_ref(g);
    pthread_mutex_unlock(&t->lock);
    gw_call_generation_unref(before);
}

void gw_ticker_free(struct gw_ticker *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->ending = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    if (t->started)
        pthread_join(t->thread, NULL);
    gw_call_generation_unref(t->generation);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    free(t->due_us);
    free(t);
}

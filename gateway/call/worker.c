/* GW_PLACE_WORKER: handlers that may take long run on a thread of the pool. The segment, its arena
 * and a view of the call are lent to that thread until it comes back, and the call is not freed
 * before. When the call ends meanwhile (deadline, cancelled) another segment, with a copy of the
 * message, is its entry and answer; the late one is dropped and counted. */
#include <stdlib.h>

#include "call/call_internal.h"

enum { QUEUE_MAX = 1024, READERS_MAX = 64 };

struct gw_call_workers {
    struct gw_io_pool *pool;
    struct gw_store *store;
    pthread_mutex_t lock; /* of the readers that are free: never more than threads */
    struct gw_store_reader *reader[READERS_MAX];
    unsigned readers;
};

enum gw_status gw_call_workers_new(struct gw_store *s, unsigned threads,
                                   struct gw_call_workers **ret)
{
    struct gw_call_workers *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return GW_NOMEM;
    w->store = s;
    pthread_mutex_init(&w->lock, NULL);
    if (threads > READERS_MAX)
        threads = READERS_MAX;
    enum gw_status st = gw_io_pool_new("worker", threads, QUEUE_MAX, &w->pool);
    if (st != GW_OK) {
        gw_call_workers_free(w);
        return st;
    }
    *ret = w;
    return GW_OK;
}

void gw_call_workers_free(struct gw_call_workers *w)
{
    if (w == NULL)
        return;
    gw_io_pool_free(w->pool);
    for (unsigned i = 0; i < w->readers; i++)
        gw_store_reader_close(w->reader[i]);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static struct gw_store_reader *take_reader(struct gw_call_workers *w)
{
    struct gw_store_reader *r = NULL;
    pthread_mutex_lock(&w->lock);
    if (w->readers > 0)
        r = w->reader[--w->readers];
    pthread_mutex_unlock(&w->lock);
    if (r == NULL && gw_store_reader_open(w->store, &r) == GW_OK)
        gw_store_reader_unbounded(r);
    return r;
}

static void give_reader(struct gw_call_workers *w, struct gw_store_reader *r)
{
    gw_store_reader_turn_end(r);
    pthread_mutex_lock(&w->lock);
    w->reader[w->readers++] = r;
    pthread_mutex_unlock(&w->lock);
}

/* ---- on the worker ---- */

static void back_on_loop(struct gw_io_post *p);

static void run(struct gw_io_job *j)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(j, struct gw_call_segment, work);
    GW_MAGIC_CHECK(g, GW_CALL_SEG_MAGIC);
    struct gw_call_workers *w = g->call->loop->workers;
    if (!atomic_load(&g->abandoned)) {
        atomic_store(&g->ran, true);
        g->ad.reader = take_reader(w);
        g->worked = g->ad.reader == NULL ? GW_UNAVAILABLE : gw_adapter_run(&g->ad, &g->s, g->last);
        if (g->ad.reader != NULL)
            give_reader(w, g->ad.reader);
    }
    g->post.run = back_on_loop;
    gw_io_loop_post(g->call->loop->io, &g->post);
}

/* ---- on the loop ---- */

static void back_on_loop(struct gw_io_post *p)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(p, struct gw_call_segment, post);
    GW_MAGIC_CHECK(g, GW_CALL_SEG_MAGIC);
    struct gw_call *c = g->call;
    g->lent = false;
    if (c->lent == g) {
        c->lent = NULL;
        if (atomic_load(&g->ran))
            gw_adapter_late(c->ad.target);
        gw_call_segment_free(g);
        gw_call_advance(c);
        return;
    }
    c->ad.state = g->ad.state;
    g->started_us = gw_io_loop_now_us(c->loop->io);
    g->step = GW_SEGMENT_adapt + 1;
    gw_call_segment_resume(g, gw_call_adapted(g, g->worked));
}

enum gw_step gw_call_worker_submit(struct gw_call *c, struct gw_call_segment *g)
{
    if (gw_adapter_disabled(c->ad.target)) {
        gw_call_refuse(c, "method-disabled", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    g->ad = c->ad;
    g->ad.reader = NULL;
    g->ad.abandoned = &g->abandoned;
    g->work.run = run;
    g->lent = true;
    if (c->loop->workers != NULL && gw_io_pool_submit(c->loop->workers->pool, &g->work) == GW_OK)
        return GW_STEP_WAIT;
    g->lent = false;
    gw_call_refuse(c, "overload", NULL, NULL);
    return GW_STEP_REFUSE;
}

/* The message as it came, for the entry; it does not change while it is lent. */
static struct gw_call_segment *copy_of(struct gw_call *c, const struct gw_call_segment *g)
{
    struct gw_call_segment *n = gw_call_segment_new(c);
    if (n == NULL)
        return NULL;
    struct gw_segment_message *m = gw_arena_new_of(n->s.arena, struct gw_segment_message);
    if (m == NULL)
        return n;
    m->wire = gw_arena_dup(n->s.arena, g->s.first->wire);
    if (gw_arena_failed(n->s.arena))
        return n;
    n->s.first = m;
    n->s.tail = &m->next;
    n->s.messages = 1;
    n->s.in_bytes = m->wire.len;
    return n;
}

/* Also when the caller has gone a moment before: callers know their deadline too. */
void gw_call_overdue(struct gw_call *c)
{
    const struct gw_call_segment *g = c->lent != NULL ? c->lent : c->busy;
    if (g != NULL && g->lent && atomic_load(&g->ran))
        gw_adapter_failed(c->ad.target, "it has not answered by the deadline");
}

void gw_call_abandon(struct gw_call *c)
{
    struct gw_call_segment *g = c->busy;
    if (g == NULL || !g->lent)
        return;
    atomic_store(&g->abandoned, true);
    if (g->reserved)
        gw_audit_release(c->loop->audit, 1);
    g->reserved = false;
    c->lent = g;
    c->busy = NULL;
    c->open_segment = copy_of(c, g);
}

/* Segments: the runner of segment_steps.def. A segment of a method that writes goes through its TX
 * steps on the store's writer thread; everything else happens on the loop. */
#include <stdlib.h>

#include "base/probe.h"
#include "call/call_internal.h"
#include "call/commit.h"

enum where { LOOP, TX };

static const struct {
    const char *name;
    enum where where;
    enum gw_step (*fn)(struct gw_call *c, struct gw_call_segment *g);
} steps[GW_SEGMENT_STEP_COUNT] = {
#define GW_SEGMENT_STEP(name, where, text) {#name, where, gw_call_step_##name},
#include "call/segment_steps.def"
#undef GW_SEGMENT_STEP
};

struct gw_call_segment *gw_call_segment_new(struct gw_call *c)
{
    struct gw_call_loop *l = c->loop;
    struct gw_call_segment *g = calloc(1, sizeof(*g));
    struct gw_arena *a = l->spare_arenas > 0 ? l->spare_arena[--l->spare_arenas]
                                             : gw_arena_new("segment", l->limits->call_memory);
    if (g == NULL || a == NULL) {
        free(g);
        gw_arena_free(a);
        return NULL;
    }
    g->magic = GW_CALL_SEG_MAGIC;
    g->call = c;
    gw_segment_init(&g->s, a, gw_clock_wall_us());
    gw_buf_init(&g->body, 4096);
    return g;
}

void gw_call_segment_free(struct gw_call_segment *g)
{
    if (g == NULL)
        return;
    struct gw_call_loop *l = g->call->loop;
    struct gw_arena *a = g->s.arena;
    gw_segment_fini(&g->s);
    gw_buf_fini(&g->body);
    if (l->spare_arenas < GW_ARRAY_LEN(l->spare_arena)) {
        gw_arena_reset(a);
        l->spare_arena[l->spare_arenas++] = a;
    } else {
        gw_arena_free(a);
    }
    free(g);
}

void gw_call_take_details(struct gw_call *c, const struct gw_segment *s)
{
    c->report = s->report;
    for (size_t i = 0; i < s->param_count; i++)
        c->params[i] = s->params[i];
    c->param_count = s->param_count;
}

/* From here on the segment only says how the call ends: what its handlers did is dropped. */
static void turn_into_refusal(struct gw_call *c, struct gw_call_segment *g)
{
    if (c->verdict == NULL) {
        const struct gw_reason *r = g->s.finish_reason;
        c->verdict = r != NULL && r->grpc != 0 ? r : gw_reason_find(GW_BYTES_LIT("internal"));
        gw_call_take_details(c, &g->s);
    }
    g->no_adapt = true;
    g->closing = true;
    g->in_tx = false;
    g->s.slots = NULL;
    g->s.records = 0;
    g->s.refused = 0;
    g->verdict = c->verdict;
    gw_buf_reset(&g->s.out);
    g->step = GW_SEGMENT_encode;
}

enum gw_step gw_call_segment_run(struct gw_call *c, struct gw_call_segment *g,
                                 enum gw_segment_step until)
{
    while (g->step < until) {
        GW_PROBE("call", segment_step, c->id_hex);
        enum gw_step r = steps[g->step].fn(c, g);
        if (r != GW_STEP_NEXT)
            return r;
        g->step++;
    }
    return GW_STEP_NEXT;
}

/* A stream that was woken, found nothing to say and waits again: nothing has happened. */
static bool only_waits(const struct gw_call *c, const struct gw_call_segment *g)
{
    return g->produce && !g->no_adapt && c->ad.waiting && !g->s.finished &&
           g->s.out_messages == 0 && g->s.records == 0 && g->s.refused == 0 &&
           g->s.subjects == NULL;
}

static void drop(struct gw_call *c, struct gw_call_segment *g)
{
    if (g->reserved)
        gw_audit_release(c->loop->audit, 1);
    c->busy = NULL;
    gw_call_segment_free(g);
}

/* Runs on the loop until a step waits or the segment has been answered. */
static void run_on_loop(struct gw_call *c, struct gw_call_segment *g)
{
    while (g->step < GW_SEGMENT_STEP_COUNT) {
        if (steps[g->step].where == TX && gw_call_writes(c) && !g->no_adapt) {
            if (gw_call_commit_submit(c, g) == GW_STEP_WAIT)
                return;
            turn_into_refusal(c, g);
            continue;
        }
        if (g->step == GW_SEGMENT_adapt && gw_call_works(c) && !g->no_adapt) {
            if (gw_call_worker_submit(c, g) == GW_STEP_WAIT)
                return;
            turn_into_refusal(c, g);
            continue;
        }
        switch (gw_call_segment_run(c, g, g->step + 1)) {
        case GW_STEP_NEXT:
            if (g->step == GW_SEGMENT_adapt + 1 && only_waits(c, g)) {
                drop(c, g);
                return;
            }
            break;
        case GW_STEP_WAIT:
            return;
        case GW_STEP_REFUSE:
            turn_into_refusal(c, g);
            break;
        }
    }
    c->busy = NULL;
    if (c->audited && g->logged) {
        c->last_seq = g->append.seq;
        c->has_seq = true;
    }
    c->segment_no++;
    /* The closing entry counts what was kept or handed to the transport, nothing else
     * (SPEC.md 21.2). */
    if (gw_call_writes(c) || g->sent) {
        c->records += g->s.records;
        c->refused += g->s.refused;
    }
    if (!g->closing && g->s.finished && c->verdict == NULL)
        c->verdict = g->s.finish_reason;
    gw_call_segment_free(g);
}

/* A segment of outgoing messages is as large as the window or the limit, whichever is less; at
 * least one message. */
static void set_segment_limit(struct gw_call *c)
{
    size_t limit = c->loop->limits->segment_out_bytes;
    if (gw_call_writes(c) || !gw_call_sends_stream(c)) {
        c->ad.segment_limit = SIZE_MAX;
        return;
    }
    size_t window = c->gone ? 0 : c->transport->window(c->stream);
    c->ad.segment_limit = window < limit ? window : limit;
}

/* Room in the log before any work. Without it the segment becomes a refusal; what has entries
 * already is ended by one all the same (SPEC.md 21.2), what has none is counted and leaves no trace
 * but an ALARM (21.5). */
static void reserve_entry(struct gw_call *c, struct gw_call_segment *g)
{
    struct gw_audit *log = c->loop->audit;
    bool begun = c->has_seq;
    bool small = (g->no_adapt && begun) ||
                 (c->ad.target != NULL && (c->ad.target->method->flags & GW_METHOD_WHEN_LOW) != 0);
    enum gw_status st = small ? gw_audit_reserve_closing(log) : gw_audit_reserve(log, 1);
    g->reserved = st == GW_OK;
    if (g->reserved)
        return;
    c->audited = begun && gw_audit_reserve_closing(log) == GW_OK;
    g->reserved = c->audited;
    c->verdict = NULL;
    gw_call_refuse(c,
                   st == GW_NOSPACE ? "disk-low"
                   : st == GW_BUSY  ? "overload"
                                    : "log-unavailable",
                   NULL, NULL);
    turn_into_refusal(c, g);
    if (c->audited)
        return;
    atomic_fetch_add_explicit(&c->loop->counters->overload, 1, memory_order_relaxed);
    gw_audit_alarm(log, st == GW_NOSPACE ? "disk.low" : "limits", "refused");
}

void gw_call_segment_start(struct gw_call *c, struct gw_call_segment *g)
{
    gw_call_wait_end(c);
    c->busy = g;
    g->started_us = gw_io_loop_now_us(c->loop->io);
    set_segment_limit(c);
    g->verdict = c->verdict;
    if (c->audited)
        reserve_entry(c, g);
    if (g->no_adapt)
        g->step = GW_SEGMENT_encode;
    run_on_loop(c, g);
}

void gw_call_segment_resume(struct gw_call_segment *g, enum gw_step result)
{
    struct gw_call *c = g->call;
    if (result == GW_STEP_REFUSE)
        turn_into_refusal(c, g);
    run_on_loop(c, g);
    gw_call_advance(c);
}

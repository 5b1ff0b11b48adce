/* One loop thread: its listener, connections and calls; takes new generations and drains. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/server_internal.h"

enum { DRAIN_POLL_MS = 20, GOAWAY_GAP_POLLS = 5, STUCK_POLLS = 250 };

static __thread struct gw_server_loop *here;

struct gw_server_loop *gw_server_loop_here(void)
{
    return here;
}

static void on_accept(void *arg, struct gw_io_conn *c)
{
    struct gw_server_loop *l = arg;
    gw_conn_accept(&l->conns, c);
}

static void on_refused(void *arg, const char *address, const char *why)
{
    struct gw_server_loop *l = arg;
    gw_refusals_note(&l->refusals, l->server->audit, address, why, gw_clock_wall_us());
}

static void end_read(void *arg)
{
    struct gw_server_loop *l = arg;
    gw_store_reader_turn_end(l->calls.reader);
}

/* Two-phase: GOAWAY that promises nothing, a moment for what is on the way, the final one, then
 * until all calls have ended or the time is up. */
static void drain_poll(void *arg)
{
    struct gw_server_loop *l = arg;
    uint64_t polls = l->server->drain_ms / DRAIN_POLL_MS;
    l->drain_polls++;
    if (l->drain_polls == GOAWAY_GAP_POLLS) {
        gw_call_drain(&l->calls);
        gw_conn_drain(&l->conns, true);
    }
    /* Also with no time at all: the final GOAWAY says which calls were not begun. */
    if (l->drain_polls >= polls && l->drain_polls > GOAWAY_GAP_POLLS)
        gw_conn_abort(&l->conns);
    if (l->drain_polls > GOAWAY_GAP_POLLS && l->conns.count == 0 && l->calls.call_count == 0) {
        gw_io_loop_stop(l->io);
        return;
    }
    /* Nothing can end a handler that does not come back: the next start recovers. */
    if (l->drain_polls > polls + STUCK_POLLS && gw_call_only_lent(&l->calls)) {
        GW_LOG(GW_LOG_ERROR, "server",
               "%u calls are stuck in handlers of adapters: leaving without them",
               l->calls.call_count);
        _exit(GW_EXIT_OS);
    }
    gw_io_timer_arm(l->drain_timer, DRAIN_POLL_MS);
}

/* How long entries may take is looked at this often; the sum is the worst wait. Refused connections
 * that nobody was told of are told then too. */
enum { SWEEP_MS = 250 };

/* A CRL past its nextUpdate is used for the grace, and said aloud each hour (DESIGN section 11). */
static void watch_crl(struct gw_server_loop *l, int64_t now_us)
{
    const int64_t hour_us = INT64_C(3600) * GW_USEC_PER_SEC;
    if (l != &l->server->loop[0] || gw_tls_context_crl_due_us(l->conns.tls) > now_us ||
        now_us - l->crl_told_us < hour_us)
        return;
    l->crl_told_us = now_us;
    gw_audit_alarm(l->server->audit, "crl.overdue", "grace");
    GW_LOG(GW_LOG_WARN, "server", "the certificate revocation list is past its next update");
}

static void sweep(void *arg)
{
    struct gw_server_loop *l = arg;
    gw_call_sweep(&l->calls, l->server->settings.log.commit_timeout_ms);
    gw_refusals_sweep(&l->refusals, l->server->audit, gw_clock_wall_us());
    watch_crl(l, gw_clock_wall_us());
    gw_io_timer_arm(l->sweep_timer, SWEEP_MS);
}

static void use(struct gw_server_loop *l, struct gw_generation *g)
{
    gw_call_generation_unref(l->calls.generation);
    l->calls.generation = &g->call;
    l->calls.limits = &g->settings.limits;
    l->conns.settings = &g->settings.conn;
    gw_conn_set_tls(&l->conns, g->tls);
    gw_call_reauthorise(&l->calls);
}

/* What the main thread asks of a loop: a message of its own each time, for the next may come before
 * this one is read. */
struct change {
    struct gw_io_post post;
    struct gw_server_loop *loop;
    struct gw_generation *generation; /* counted; NULL: keep the present one */
    bool drain;
};

static void change(struct gw_io_post *p)
{
    struct change *m = GW_CONTAINER_OF(p, struct change, post);
    struct gw_server_loop *l = m->loop;
    bool drain = m->drain;
    if (m->generation != NULL)
        use(l, m->generation);
    free(m);
    if (!drain)
        return;
    gw_io_listener_close(l->listener);
    l->listener = NULL;
    gw_conn_drain(&l->conns, false);
    gw_io_timer_arm(l->drain_timer, DRAIN_POLL_MS);
}

enum gw_status gw_server_loop_change(struct gw_server_loop *l, struct gw_generation *g, bool drain)
{
    struct change *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return GW_NOMEM;
    if (g != NULL)
        gw_call_generation_ref(&g->call);
    *m = (struct change){.post = {.run = change}, .loop = l, .generation = g, .drain = drain};
    gw_io_loop_post(l->io, &m->post);
    return GW_OK;
}

enum gw_status gw_server_loop_init(struct gw_server *s, struct gw_server_loop *l,
                                   const char *address)
{
    struct gw_generation *g = s->generation;
    l->server = s;
    GW_TRY(gw_io_loop_new("loop", &l->io));
    GW_TRY(gw_io_timer_new(l->io, drain_poll, l, &l->drain_timer));
    GW_TRY(gw_io_timer_new(l->io, sweep, l, &l->sweep_timer));
    gw_io_timer_arm(l->sweep_timer, SWEEP_MS);
    l->calls = (struct gw_call_loop){.io = l->io,
                                     .store = s->store,
                                     .audit = s->audit,
                                     .generation = gw_call_generation_ref(&g->call),
                                     .limits = &g->settings.limits,
                                     .workers = s->workers,
                                     .counters = &s->counters};
    gw_call_loop_init(&l->calls);
    GW_TRY(gw_store_reader_open(s->store, &l->calls.reader));
    GW_TRY(gw_call_news_init(&l->news, s->store));
    gw_call_news_join(&l->news, &l->calls);
    l->conns = (struct gw_conn_loop){.calls = &l->calls,
                                     .settings = &g->settings.conn,
                                     .tls = gw_tls_context_ref(g->tls),
                                     .on_refused = on_refused,
                                     .arg = l};
    gw_conn_loop_init(&l->conns);
    gw_io_loop_on_turn_end(l->io, end_read, l);
    return gw_io_listen(l->io, address, s->settings.backlog, on_accept, l, &l->listener);
}

void *gw_server_loop_main(void *arg)
{
    struct gw_server_loop *l = arg;
    here = l;
    gw_io_loop_run(l->io);
    return NULL;
}

void gw_server_loop_fini(struct gw_server_loop *l)
{
    if (l->io == NULL)
        return;
    if (l->calls.news != NULL)
        gw_call_news_join(&l->news, NULL);
    if (l->drain_timer != NULL)
        gw_io_timer_free(l->drain_timer);
    if (l->sweep_timer != NULL)
        gw_io_timer_free(l->sweep_timer);
    if (l->calls.reader != NULL) {
        gw_conn_loop_fini(&l->conns);
        gw_store_reader_close(l->calls.reader);
    }
    for (uint32_t i = 0; i < l->calls.spare_arenas; i++)
        gw_arena_free(l->calls.spare_arena[i]);
    gw_call_generation_unref(l->calls.generation);
    gw_io_loop_free(l->io);
}

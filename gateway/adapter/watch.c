/* Containment (STYLE section 8): every run of a handler is timed, what it does wrong is counted,
 * and a method of an adapter from a file that keeps failing is disabled until the next
 * configuration. One thread looks at those who are inside a handler and do not come back. Methods
 * of the gateway itself are never disabled.
 *
 * The seats are the process's, not the set's: a thread keeps its one while sets come and go. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "adapter/adapter_internal.h"
#include "base/clock.h"
#include "base/log.h"

enum {
    SEATS = 512,
    FAILURES_MAX = 5,     /* in a row */
    WRITER = 20,          /* budgets of a loop that a transaction may take */
    STUCK = 20,           /* budgets; a method that took so long is disabled at once */
    STUCK_WRITER = 5,     /* the same in transactions */
    STUCK_WORKER = 2,     /* and on workers, whose budget is long */
    LOOK_US = 100 * 1000, /* the watching thread's period */
};

/* Of a thread that runs handlers. */
struct seat {
    atomic_llong since_us, limit_us; /* since_us 0: in none */
    _Atomic(const struct gw_adapter_target *) target;
};

static struct seat seats[SEATS];
static atomic_uint seats_taken;
static __thread struct seat *mine;

static atomic_ullong loop_budget_us = 50 * 1000;
static atomic_ullong worker_budget_us = 30 * 1000 * 1000;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running, ending;
    gw_adapter_disabled_fn *told;
    void *arg;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

void gw_adapter_budgets(uint64_t loop_ms, uint64_t worker_ms)
{
    atomic_store(&loop_budget_us, loop_ms * 1000);
    atomic_store(&worker_budget_us, worker_ms * 1000);
}

/* What writes has the writer's thread for the whole gateway, but waits for the disk in there. */
static int64_t budget_of(const struct gw_adapter_target *t, bool in_tx)
{
    if (t->method != NULL && (t->method->place == GW_PLACE_WORKER ||
                              (in_tx && (t->method->flags & GW_METHOD_LONG) != 0)))
        return (int64_t)atomic_load_explicit(&worker_budget_us, memory_order_relaxed);
    int64_t us = (int64_t)atomic_load_explicit(&loop_budget_us, memory_order_relaxed);
    return in_tx ? us * WRITER : us;
}

/* ---- failures ---- */

static void disable(const struct gw_adapter_target *t, const char *why)
{
    if (atomic_exchange(&t->health->disabled, true))
        return;
    GW_LOG(GW_LOG_WARN, "adapter", "%s: method %s is disabled: %s", t->published->name, t->name,
           why);
    pthread_mutex_lock(&watch.lock);
    gw_adapter_disabled_fn *told = watch.told;
    void *arg = watch.arg;
    pthread_mutex_unlock(&watch.lock);
    if (told != NULL)
        told(arg, t);
}

void gw_adapter_failed(const struct gw_adapter_target *t, const char *why)
{
    if (t->health == NULL || !t->loaded)
        return;
    unsigned n = atomic_fetch_add(&t->health->failures, 1) + 1;
    GW_LOG(GW_LOG_WARN, "adapter", "%s: %s: %s", t->published->name, t->name, why);
    if (t->method != NULL && n >= FAILURES_MAX)
        disable(t, why);
}

void gw_adapter_succeeded(const struct gw_adapter_target *t)
{
    if (t->health != NULL && t->loaded)
        atomic_store(&t->health->failures, 0);
}

void gw_adapter_late(const struct gw_adapter_target *t)
{
    if (t->health != NULL)
        atomic_fetch_add_explicit(&t->health->late, 1, memory_order_relaxed);
}

bool gw_adapter_disabled(const struct gw_adapter_target *t)
{
    return t->health != NULL && atomic_load_explicit(&t->health->disabled, memory_order_relaxed);
}

bool gw_adapter_tick_fails(const struct gw_adapter_health *h)
{
    return atomic_load(&h->failures) >= FAILURES_MAX;
}

void gw_adapter_set_enable(const struct gw_adapter_set *s)
{
    for (size_t i = 0; i < gw_adapter_target_count(s); i++) {
        const struct gw_adapter_target *t = gw_adapter_target_at(s, i);
        atomic_store(&t->health->failures, 0);
        if (atomic_exchange(&t->health->disabled, false))
            GW_LOG(GW_LOG_INFO, "adapter", "%s: method %s is enabled again", t->published->name,
                   t->name);
    }
}

/* ---- runs ---- */

static struct seat *seat(void)
{
    if (mine == NULL) {
        unsigned n = atomic_fetch_add(&seats_taken, 1);
        if (n < SEATS)
            mine = &seats[n];
    }
    return mine;
}

struct gw_adapter_timing gw_adapter_enter(const struct gw_adapter_target *t, bool in_tx)
{
    struct gw_adapter_timing w = {.target = t};
    if (t == NULL || !t->loaded)
        return w;
    w.since_us = gw_clock_mono_us();
    w.budget_us = budget_of(t, in_tx);
    struct seat *s = seat();
    if (s == NULL)
        return w;
    bool worker = t->method != NULL && t->method->place == GW_PLACE_WORKER;
    int64_t times = worker ? STUCK_WORKER : in_tx ? STUCK_WRITER : STUCK;
    atomic_store(&s->target, t);
    atomic_store(&s->limit_us, w.budget_us * times);
    atomic_store(&s->since_us, w.since_us);
    return w;
}

bool gw_adapter_leave(const struct gw_adapter_timing *w)
{
    if (w->target == NULL || !w->target->loaded)
        return true;
    if (mine != NULL)
        atomic_store(&mine->since_us, 0);
    return gw_clock_mono_us() - w->since_us <= w->budget_us;
}

/* ---- the thread ---- */

static void look(void)
{
    int64_t now = gw_clock_mono_us();
    unsigned n = atomic_load(&seats_taken);
    for (unsigned i = 0; i < n && i < SEATS; i++) {
        struct seat *s = &seats[i];
        int64_t since = atomic_load(&s->since_us);
        const struct gw_adapter_target *t = atomic_load(&s->target);
        int64_t limit = atomic_load(&s->limit_us);
        /* The same run still, so target and limit are its own. */
        if (since == 0 || now - since < limit || atomic_load(&s->since_us) != since)
            continue;
        if (t->method == NULL)
            continue;
        atomic_fetch_add(&t->health->failures, 1);
        disable(t, "it is stuck in a handler");
    }
}

static void *main_loop(void *arg)
{
    (void)arg;
    (void)pthread_setname_np(pthread_self(), "adapters");
    pthread_mutex_lock(&watch.lock);
    while (!watch.ending) {
        struct timespec at;
        int64_t us = gw_clock_mono_us() + LOOK_US;
        at.tv_sec = us / GW_USEC_PER_SEC;
        at.tv_nsec = us % GW_USEC_PER_SEC * 1000;
        (void)pthread_cond_timedwait(&watch.wake, &watch.lock, &at);
        pthread_mutex_unlock(&watch.lock);
        look();
        pthread_mutex_lock(&watch.lock);
    }
    pthread_mutex_unlock(&watch.lock);
    return NULL;
}

enum gw_status gw_adapter_watch_start(gw_adapter_disabled_fn *told, void *arg)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.wake, &attr);
    pthread_condattr_destroy(&attr);
    watch.told = told;
    watch.arg = arg;
    watch.ending = false;
    if (pthread_create(&watch.thread, NULL, main_loop, NULL) != 0)
        return GW_NOMEM;
    watch.running = true;
    return GW_OK;
}

void gw_adapter_watch_stop(void)
{
    pthread_mutex_lock(&watch.lock);
    bool running = watch.running;
    watch.running = false;
    watch.ending = true;
    watch.told = NULL;
    if (running)
        pthread_cond_signal(&watch.wake);
    pthread_mutex_unlock(&watch.lock);
    if (!running)
        return;
    pthread_join(watch.thread, NULL);
    pthread_cond_destroy(&watch.wake);
}

/* ---- an adapter as a whole ---- */

bool gw_adapter_service_disabled(const struct gw_adapter_set *s, const char *service)
{
    size_t len = strlen(service);
    for (size_t i = 0; i < gw_adapter_target_count(s); i++) {
        const struct gw_adapter_target *t = gw_adapter_target_at(s, i);
        if (gw_adapter_disabled(t) && strncmp(t->path + 1, service, len) == 0 &&
            t->path[1 + len] == '/')
            return true;
    }
    return false;
}

/* The integrator's thread: publishes every checkpoint_interval when something is new, then the
 * index, then tidies; looks at the disk and sends held alarms once a second. What a publication
 * does is publish.c. */
#include "audit/audit_internal.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

enum { TICK_US = 1000000, INDEX_STEP = 16384, NICE = 5 };

static void wait_until(struct gw_audit *a, int64_t until_us)
{
    struct timespec ts = {until_us / GW_USEC_PER_SEC, until_us % GW_USEC_PER_SEC * 1000};
    pthread_mutex_lock(&a->lock);
    while (!a->integrator_stop && a->publish_asked == a->publish_done &&
           gw_clock_mono_us() < until_us)
        pthread_cond_timedwait(&a->cond, &a->lock, &ts);
    pthread_mutex_unlock(&a->lock);
}

static enum gw_status publish_now(struct gw_audit *a)
{
    if (atomic_load(&a->dead))
        return GW_UNAVAILABLE;
    uint64_t size = atomic_load_explicit(&a->durable, memory_order_acquire);
    enum gw_status st = gw_audit_publish_run(a, size);
    if (st == GW_OK && atomic_load_explicit(&a->durable, memory_order_acquire) == size)
        atomic_store(&a->oldest_us, 0);
    if (st == GW_NOSPACE)
        atomic_store(&a->disk_low, true);
    else if (st != GW_OK && st != GW_NOMEM)
        gw_audit_kill(a);
    return st;
}

/* The index may lag, publication may not: a bounded step a run, the rest in the next ones. */
static void index_some(struct gw_audit *a)
{
    if (a->index == NULL)
        return;
    if (gw_audit_index_add(a->index, atomic_load(&a->published), INDEX_STEP) != GW_OK) {
        /* Derived and never trusted: searches scan from now on. */
        gw_audit_index_close(a->index);
        a->index = NULL;
        return;
    }
    atomic_store_explicit(&a->stat_indexed, gw_audit_index_size(a->index), memory_order_relaxed);
}

static bool index_behind(const struct gw_audit *a)
{
    return a->index != NULL && gw_audit_index_size(a->index) < atomic_load(&a->published);
}

static void run_once(struct gw_audit *a)
{
    pthread_mutex_lock(&a->lock);
    uint64_t asked = a->publish_asked;
    pthread_mutex_unlock(&a->lock);
    enum gw_status st = publish_now(a);
    index_some(a);
    pthread_mutex_lock(&a->lock);
    a->publish_status = st;
    a->publish_done = asked;
    pthread_cond_broadcast(&a->cond);
    pthread_mutex_unlock(&a->lock);
    if (st == GW_OK && gw_audit_clean_up(a) == GW_CORRUPT)
        gw_audit_alarm(a, "log.damaged", "bundle");
}

static void *run(void *arg)
{
    struct gw_audit *a = arg;
    /* Answers wait for the sequencer, nobody for the index. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    int64_t interval = (int64_t)a->set.checkpoint_interval_ms * 1000;
    int64_t next = gw_clock_mono_us() + interval;
    bool stop = false;
    while (!stop) {
        int64_t now = gw_clock_mono_us();
        int64_t until = next < now + TICK_US ? next : now + TICK_US;
        wait_until(a, index_behind(a) ? now : until);
        gw_audit_space_look(a);
        gw_audit_alarms_flush(a);
        pthread_mutex_lock(&a->lock);
        stop = a->integrator_stop;
        bool asked = a->publish_asked != a->publish_done;
        pthread_mutex_unlock(&a->lock);
        now = gw_clock_mono_us();
        if (now >= next || asked || stop) {
            next = now + interval;
            run_once(a);
        } else {
            index_some(a);
        }
    }
    return NULL;
}

enum gw_status gw_audit_publish(struct gw_audit *a)
{
    pthread_mutex_lock(&a->lock);
    uint64_t mine = ++a->publish_asked;
    pthread_cond_broadcast(&a->cond);
    while (a->publish_done < mine && !a->integrator_stop)
        pthread_cond_wait(&a->cond, &a->lock);
    enum gw_status st = a->publish_done >= mine ? a->publish_status : GW_CLOSED;
    pthread_mutex_unlock(&a->lock);
    return st;
}

enum gw_status gw_audit_integrator_start(struct gw_audit *a)
{
    if (pthread_create(&a->integrator, NULL, run, a) != 0)
        return GW_NOMEM;
    a->integrator_runs = true;
    pthread_setname_np(a->integrator, "log-integrator");
    return GW_OK;
}

void gw_audit_integrator_stop(struct gw_audit *a)
{
    if (!a->integrator_runs)
        return;
    pthread_mutex_lock(&a->lock);
    a->integrator_stop = true;
    pthread_cond_broadcast(&a->cond);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->integrator, NULL);
    a->integrator_runs = false;
}

/* The sequencer (SPEC 8.1, 8.3): one thread numbers, chains and hashes what callers queue, and
 * makes each batch durable with one pwrite and one fdatasync. While it waits for the disk the next
 * batch collects by itself. Nothing is allocated per entry: callers lend their memory, the queue is
 * a list through it. */
#include "audit/audit_internal.h"

#include <errno.h>

#include "base/clock.h"

enum { CLOCK_STEP_US = 1000000 };

/* ---- callers ---- */

/* A chain goes in whole: `newest` leads through `next` to `oldest`. */
static void push(struct gw_audit *a, struct gw_audit_append *newest, struct gw_audit_append *oldest)
{
    struct gw_audit_append *old = atomic_load_explicit(&a->head, memory_order_relaxed);
    do
        oldest->next = old;
    while (!atomic_compare_exchange_weak_explicit(&a->head, &old, newest, memory_order_release,
                                                  memory_order_relaxed));
    /* Who finds the queue empty wakes the sequencer: one system call a batch, not one an entry. */
    if (old == NULL)
        sem_post(&a->wake);
}

static enum gw_status take_room(struct gw_audit *a, uint32_t count)
{
    uint32_t depth = atomic_load_explicit(&a->depth, memory_order_relaxed);
    do {
        if (count > a->set.queue_max || depth > a->set.queue_max - count) {
            atomic_fetch_add_explicit(&a->stat_refused, 1, memory_order_relaxed);
            return GW_BUSY;
        }
    } while (!atomic_compare_exchange_weak_explicit(&a->depth, &depth, depth + count,
                                                    memory_order_relaxed, memory_order_relaxed));
    return GW_OK;
}

enum gw_status gw_audit_reserve(struct gw_audit *a, uint32_t count)
{
    if (atomic_load_explicit(&a->dead, memory_order_relaxed))
        return GW_UNAVAILABLE;
    if (atomic_load_explicit(&a->disk_low, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&a->stat_refused, 1, memory_order_relaxed);
        return GW_NOSPACE;
    }
    return take_room(a, count);
}

enum gw_status gw_audit_reserve_closing(struct gw_audit *a)
{
    if (atomic_load_explicit(&a->dead, memory_order_relaxed))
        return GW_UNAVAILABLE;
    atomic_fetch_add_explicit(&a->depth, 1, memory_order_relaxed);
    return GW_OK;
}

void gw_audit_release(struct gw_audit *a, uint32_t count)
{
    uint32_t before = atomic_fetch_sub_explicit(&a->depth, count, memory_order_relaxed);
    (void)GW_BUG_ON(before < count);
}

static enum gw_status may_submit(struct gw_audit *a, const struct gw_audit_append *ap)
{
    if (ap->body.len < 2 || ap->body.len > GW_AUDIT_BODY_MAX)
        return GW_INVALID;
    if (atomic_load_explicit(&a->dead, memory_order_relaxed) ||
        atomic_load_explicit(&a->stop, memory_order_relaxed))
        return GW_UNAVAILABLE;
    return GW_OK;
}

enum gw_status gw_audit_submit(struct gw_audit *a, struct gw_audit_append *ap, bool reserved)
{
    enum gw_status st = may_submit(a, ap);
    if (st != GW_OK && reserved)
        gw_audit_release(a, 1);
    GW_TRY(st);
    if (!reserved)
        GW_TRY(take_room(a, 1));
    push(a, ap, ap);
    return GW_OK;
}

void gw_audit_submit_always(struct gw_audit *a, struct gw_audit_append *ap)
{
    atomic_fetch_add_explicit(&a->depth, 1, memory_order_relaxed);
    push(a, ap, ap);
}

struct waiter {
    struct gw_audit_append ap;
    sem_t done;
    enum gw_status st;
};

static void wake_waiter(struct gw_audit_append *ap, enum gw_status st)
{
    struct waiter *w = GW_CONTAINER_OF(ap, struct waiter, ap);
    w->st = st;
    sem_post(&w->done);
}

enum gw_status gw_audit_append_wait(struct gw_audit *a, struct gw_bytes body, uint64_t *ret_seq)
{
    GW_TRY(gw_audit_body_check(body));
    struct waiter w = {.ap = {.body = body, .done = wake_waiter}};
    sem_init(&w.done, 0, 0);
    enum gw_status st = gw_audit_submit(a, &w.ap, false);
    if (st == GW_OK) {
        while (sem_wait(&w.done) != 0 && errno == EINTR)
            ;
        st = w.st;
    }
    sem_destroy(&w.done);
    if (st == GW_OK && ret_seq != NULL)
        *ret_seq = w.ap.seq;
    return st;
}

enum gw_status gw_audit_append_all(struct gw_audit *a, const struct gw_bytes *bodies, size_t count)
{
    struct waiter w[4];
    enum gw_status st = GW_OK;
    if (count == 0 || count > GW_ARRAY_LEN(w))
        return GW_TOO_LARGE;
    for (size_t i = 0; i < count; i++) {
        w[i].ap = (struct gw_audit_append){.body = bodies[i], .done = wake_waiter};
        w[i].ap.next = i != 0 ? &w[i - 1].ap : NULL;
        sem_init(&w[i].done, 0, 0);
    }
    atomic_fetch_add_explicit(&a->depth, (uint32_t)count, memory_order_relaxed);
    push(a, &w[count - 1].ap, &w[0].ap);
    for (size_t i = 0; i < count; i++) {
        while (sem_wait(&w[i].done) != 0 && errno == EINTR)
            ;
        if (w[i].st != GW_OK)
            st = w[i].st;
        sem_destroy(&w[i].done);
    }
    return st;
}

void gw_audit_kill(struct gw_audit *a)
{
    atomic_store(&a->dead, true);
    sem_post(&a->wake);
}

/* ---- the thread ---- */

/* Moves what callers pushed to the end of the thread's own list, in the order of the pushes. */
static void take_queue(struct gw_audit *a)
{
    struct gw_audit_append *ap = atomic_exchange_explicit(&a->head, NULL, memory_order_acquire);
    struct gw_audit_append *list = NULL;
    struct gw_audit_append *newest = ap;
    while (ap != NULL) {
        struct gw_audit_append *next = ap->next;
        ap->next = list;
        list = ap;
        ap = next;
    }
    if (list == NULL)
        return;
    if (a->last != NULL)
        a->last->next = list;
    else
        a->first = list;
    a->last = newest;
}

struct batch {
    struct gw_audit_append *first;
    uint32_t count;
    size_t payload;
    /* To go back to when the batch can not be written. */
    uint64_t first_seq;
    struct gw_hash first_prev;
    int64_t first_time_us;
};

static void put_entry(struct gw_audit *a, struct batch *b, struct gw_audit_append *ap)
{
    uint8_t *at = a->batch + GW_AUDIT_BATCH_HEADER + b->payload;
    const struct gw_hash *prev = a->next_seq != 0 ? &a->prev : NULL;
    size_t len = gw_audit_body_complete(at + 2, ap->body, a->next_seq, a->last_time_us, prev);
    at[0] = (uint8_t)(len >> 8);
    at[1] = (uint8_t)len;
    gw_audit_leaf_hash(gw_bytes_make(at + 2, len), &a->prev);
    ap->seq = a->next_seq++;
    ap->time_us = a->last_time_us;
    b->payload += 2 + len;
    b->count++;
}

static void no_one_waits(struct gw_audit_append *ap, enum gw_status st)
{
    (void)ap;
    (void)st;
}

/* Looks at the clock once a batch. A step back of more than a second goes into the log first (8.1).
 */
static void look_at_clock(struct gw_audit *a)
{
    struct gw_audit_append *step = &a->clock_step;
    int64_t now = gw_clock_wall_us();
    bool back = now < a->last_wall_us - CLOCK_STEP_US;
    a->last_wall_us = now;
    if (now > a->last_time_us)
        a->last_time_us = now;
    if (!back || a->next_seq == 0)
        return;
    step->body = gw_audit_body_event(a->clock_step_body, sizeof(a->clock_step_body), GW_AUDIT_ALARM,
                                     "clock.step", NULL, NULL, UINT64_MAX);
    step->done = no_one_waits;
    step->next = a->first;
    a->first = step;
    if (a->last == NULL)
        a->last = step;
    atomic_fetch_add_explicit(&a->depth, 1, memory_order_relaxed);
}

static void build(struct gw_audit *a, struct batch *b)
{
    *b = (struct batch){
        .first_seq = a->next_seq, .first_prev = a->prev, .first_time_us = a->last_time_us};
    look_at_clock(a);
    b->first = a->first;
    struct gw_audit_append *end = NULL;
    while (a->first != NULL && b->count < a->set.batch_max && b->payload < a->payload_target) {
        put_entry(a, b, a->first);
        end = a->first;
        a->first = end->next;
    }
    end->next = NULL;
    if (a->first == NULL)
        a->last = NULL;
    atomic_fetch_sub_explicit(&a->depth, b->count, memory_order_relaxed);
}

static struct gw_bytes seal(struct gw_audit *a, const struct batch *b)
{
    static const struct gw_hash none;
    struct gw_buf h;
    gw_buf_init_fixed(&h, a->batch, GW_AUDIT_BATCH_HEADER);
    gw_buf_str(&h, "EXB1");
    gw_buf_u32be(&h, b->count);
    gw_buf_u64be(&h, b->first_seq);
    gw_buf_u32be(&h, (uint32_t)b->payload);
    gw_buf_append(&h, b->first_seq != 0 ? &b->first_prev : &none, sizeof(none));
    size_t covered = GW_AUDIT_BATCH_HEADER + b->payload;
    struct gw_hash sum;
    gw_crypto_sha256(gw_bytes_make(a->batch, covered), GW_BYTES_NONE, GW_BYTES_NONE, &sum);
    memcpy(a->batch + covered, &sum, sizeof(sum));
    return gw_bytes_make(a->batch, covered + sizeof(sum));
}

static void finish(struct gw_audit *a, struct gw_audit_append *list, enum gw_status st)
{
    while (list != NULL) {
        struct gw_audit_append *next = list->next;
        list->done(list, st);
        list = next;
    }
    pthread_mutex_lock(&a->lock);
    void (*fn)(void *) = a->on_batch;
    void *arg = a->on_batch_arg;
    pthread_mutex_unlock(&a->lock);
    if (fn != NULL)
        fn(arg);
}

static void note_sync(struct gw_audit *a, const struct batch *b, int64_t took_us)
{
    uint64_t us = took_us > 0 ? (uint64_t)took_us : 0;
    atomic_fetch_add_explicit(&a->stat_batches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&a->stat_sync_sum, us, memory_order_relaxed);
    if (us > atomic_load_explicit(&a->stat_sync_max, memory_order_relaxed))
        atomic_store_explicit(&a->stat_sync_max, us, memory_order_relaxed);
    if (b->count > atomic_load_explicit(&a->stat_batch_max, memory_order_relaxed))
        atomic_store_explicit(&a->stat_batch_max, b->count, memory_order_relaxed);
}

static enum gw_status write_batch(struct gw_audit *a, struct batch *b)
{
    struct gw_bytes bytes = seal(a, b);
    if (!gw_audit_journal_fits(&a->journal, bytes.len)) {
        enum gw_status st = gw_audit_journal_create(&a->journal, b->first_seq);
        if (st == GW_NOSPACE) {
            /* Nothing was numbered for anyone yet: take the numbers back. */
            a->next_seq = b->first_seq;
            a->prev = b->first_prev;
            a->last_time_us = b->first_time_us;
            atomic_store(&a->segment_enospc, true);
            atomic_store(&a->disk_low, true);
            return GW_NOSPACE;
        }
        if (st != GW_OK) {
            atomic_store(&a->dead, true);
            return GW_IO;
        }
        gw_audit_spare_want(a);
    }
    int64_t start = gw_clock_mono_us();
    if (gw_audit_journal_append(&a->journal, bytes) != GW_OK) {
        /* Never tried again: the kernel may have dropped the pages and report success (8.3.4). */
        atomic_store(&a->dead, true);
        return GW_IO;
    }
    note_sync(a, b, gw_clock_mono_us() - start);
    uint64_t none = 0;
    atomic_compare_exchange_strong(&a->oldest_us, &none, (uint64_t)a->last_time_us);
    atomic_store_explicit(&a->durable, a->next_seq, memory_order_release);
    return GW_OK;
}

static void fail_all(struct gw_audit *a)
{
    uint32_t n = 0;
    for (struct gw_audit_append *ap = a->first; ap != NULL; ap = ap->next)
        n++;
    atomic_fetch_sub_explicit(&a->depth, n, memory_order_relaxed);
    struct gw_audit_append *list = a->first;
    a->first = a->last = NULL;
    finish(a, list, GW_IO);
}

static void tell_dead(struct gw_audit *a)
{
    if (atomic_exchange(&a->dead_called, true))
        return;
    pthread_mutex_lock(&a->lock);
    void (*fn)(void *) = a->on_dead;
    void *arg = a->on_dead_arg;
    a->dead_told = true;
    pthread_cond_broadcast(&a->cond);
    pthread_mutex_unlock(&a->lock);
    if (fn != NULL)
        fn(arg);
}

static void *run(void *arg)
{
    struct gw_audit *a = arg;
    for (;;) {
        if (a->first == NULL && atomic_load_explicit(&a->head, memory_order_relaxed) == NULL) {
            if (atomic_load(&a->dead))
                tell_dead(a);
            if (atomic_load(&a->stop))
                break;
            while (sem_wait(&a->wake) != 0 && errno == EINTR)
                ;
        }
        take_queue(a);
        if (atomic_load(&a->dead)) {
            fail_all(a);
            tell_dead(a);
        } else if (a->first != NULL) {
            struct batch b;
            build(a, &b);
            enum gw_status st = write_batch(a, &b);
            finish(a, b.first, st);
        }
    }
    return NULL;
}

enum gw_status gw_audit_sequencer_start(struct gw_audit *a)
{
    if (pthread_create(&a->sequencer, NULL, run, a) != 0)
        return GW_NOMEM;
    a->sequencer_runs = true;
    pthread_setname_np(a->sequencer, "log-sequencer");
    return GW_OK;
}

void gw_audit_sequencer_stop(struct gw_audit *a)
{
    if (!a->sequencer_runs)
        return;
    atomic_store(&a->stop, true);
    sem_post(&a->wake);
    pthread_join(a->sequencer, NULL);
    a->sequencer_runs = false;
}

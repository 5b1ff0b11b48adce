/* The one thread that writes: takes queued jobs of all loops into one transaction, a savepoint
 * each, commits, tells them in order; applies what the log made durable; checkpoints the
 * write-ahead log.
 *
 * A transaction is closed by time, not only by number: a job may be one record or a segment of a
 * thousand, and those who came first wait for the commit. No delay is added to gather jobs: they
 * gather while the one before is synced. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "store/store_internal.h"

enum {
    TX_BUDGET_US = 20 * 1000, /* begin no further job after this */
    FLUSH_US = 50 * 1000,     /* durable entries wait so long for a job to ride with */
    IDLE_CHECKPOINT_US = 500 * 1000,
};
static const uint64_t CHECKPOINT_BYTES = UINT64_C(64) << 20;
static const uint64_t CHECKPOINT_AGAIN_BYTES =
    UINT64_C(16) << 20; /* growth until the next try when readers were in the way */
static const uint64_t RESTART_BYTES = UINT64_C(512) << 20; /* from here readers are waited for */

/* ---- the queue ----------------------------------------------------------------------- */

static void wake_writer(struct gw_store *s)
{
    if (s->waiting)
        pthread_cond_signal(&s->wake);
}

enum gw_status gw_store_submit(struct gw_store *s, struct gw_store_job *j)
{
    enum gw_status st = GW_OK;
    pthread_mutex_lock(&s->lock);
    if (s->closing || s->failed) {
        st = GW_UNAVAILABLE;
    } else if (s->depth >= s->set.queue_max) {
        st = GW_BUSY;
    } else {
        j->next = NULL;
        *s->tail = j;
        s->tail = &j->next;
        s->depth++;
        wake_writer(s);
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

static struct gw_store_job *pop(struct gw_store *s)
{
    pthread_mutex_lock(&s->lock);
    struct gw_store_job *j = s->head;
    if (j != NULL) {
        s->head = j->next;
        if (s->head == NULL)
            s->tail = &s->head;
        s->depth--;
        j->next = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    return j;
}

/* A job that wraps the caller's and wakes him. */
struct waiter {
    struct gw_store_job job;
    struct gw_store_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    enum gw_status status;
};

static enum gw_status waiter_run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    struct waiter *w = GW_CONTAINER_OF(j, struct waiter, job);
    return w->inner->run(w->inner, tx);
}

static void waiter_committed(struct gw_store_job *j, enum gw_status st)
{
    struct waiter *w = GW_CONTAINER_OF(j, struct waiter, job);
    w->inner->result = st;
    if (w->inner->committed != NULL)
        w->inner->committed(w->inner, st);
    pthread_mutex_lock(&w->lock);
    w->status = st;
    w->done = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

enum gw_status gw_store_run(struct gw_store *s, struct gw_store_job *j)
{
    if (GW_BUG_ON(pthread_equal(pthread_self(), s->thread)))
        return GW_INTERNAL;
    struct waiter w = {.job = {.run = waiter_run, .committed = waiter_committed}, .inner = j};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.wake, NULL);
    enum gw_status st = gw_store_submit(s, &w.job);
    if (st == GW_OK) {
        pthread_mutex_lock(&w.lock);
        while (!w.done)
            pthread_cond_wait(&w.wake, &w.lock);
        st = w.status;
        pthread_mutex_unlock(&w.lock);
    }
    pthread_cond_destroy(&w.wake);
    pthread_mutex_destroy(&w.lock);
    return st;
}

/* ---- what the log made durable ------------------------------------------------------- */

static bool dones_add(struct gw_store_dones *d, struct gw_store_done item)
{
    if (d->count == d->cap) {
        size_t cap = d->cap != 0 ? d->cap * 2 : 1024;
        struct gw_store_done *grown = reallocarray(d->item, cap, sizeof(*grown));
        if (grown == NULL)
            return false;
        d->item = grown;
        d->cap = cap;
    }
    d->item[d->count++] = item;
    return true;
}

void gw_store_pending_done(struct gw_store *s, int64_t receipt, uint64_t seq)
{
    const struct gw_store_done item = {receipt, seq};
    pthread_mutex_lock(&s->lock);
    s->recent[(uint64_t)receipt % GW_STORE_RECENT] = item;
    if (s->dones.count == 0)
        s->dones_since_us = gw_clock_mono_us();
    /* Out of memory: the row stays, and is found in the log at the next start. */
    (void)dones_add(&s->dones, item);
    if (s->dones.count == 1)
        wake_writer(s);
    pthread_mutex_unlock(&s->lock);
}

uint64_t gw_store_recent_seq(struct gw_store *s, int64_t receipt)
{
    pthread_mutex_lock(&s->lock);
    const struct gw_store_done *d = &s->recent[(uint64_t)receipt % GW_STORE_RECENT];
    uint64_t seq = receipt != 0 && d->receipt == receipt ? d->seq : UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
    return seq;
}

/* Those of a transaction that failed come first; then what came since. */
static void take_dones(struct gw_store *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->applying.count == 0) {
        struct gw_store_dones empty = s->applying;
        s->applying = s->dones;
        s->dones = empty;
    }
    pthread_mutex_unlock(&s->lock);
}

static enum gw_status apply_done(struct gw_store_tx *tx, const struct gw_store_done *d)
{
    const struct gw_store_value v[] = {GW_V_INT(d->receipt), GW_V_INT(d->seq)};
    int gone = 0;
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_PENDING_DELETE, v, 1, &gone));
    if (gone > 0 && tx->count.pending > 0)
        tx->count.pending--;
    if (d->seq < INT64_MAX && d->seq >= tx->count.log_size)
        tx->count.log_size = d->seq + 1;
    /* UINT64_MAX: found in the log at start, its place unknown. */
    return d->seq <= INT64_MAX ? gw_store_db_exec(tx->db, GW_ST_RECEIPT_NOTE, v, 2, NULL) : GW_OK;
}

/* ---- a transaction ------------------------------------------------------------------- */

static enum gw_status tx_begin(struct gw_store *s)
{
    struct gw_store_tx *tx = &s->tx;
    tx->count = s->committed;
    (void)gw_store_db_take_failure(s->db);
    GW_TRY(gw_store_db_tx(s->db, GW_STEP_BEGIN_WRITE));
    take_dones(s);
    for (size_t i = 0; i < s->applying.count; i++)
        GW_TRY(apply_done(tx, &s->applying.item[i]));
    return GW_OK;
}

static enum gw_status tx_commit(struct gw_store *s)
{
    const struct gw_store_count *c = &s->tx.count;
    if (memcmp(c, &s->committed, sizeof(*c)) != 0) {
        const struct gw_store_value v[] = {GW_V_INT(c->change), GW_V_INT(c->records),
                                           GW_V_INT(c->deliveries), GW_V_INT(c->batches_open),
                                           GW_V_INT(c->log_size)};
        GW_TRY(gw_store_db_exec(s->db, GW_ST_COUNTER_PUT, v, GW_ARRAY_LEN(v), NULL));
    }
    return gw_store_db_tx(s->db, GW_STEP_COMMIT);
}

static enum gw_status job_body(struct gw_store_tx *tx, struct gw_store_job *j)
{
    GW_TRY(j->run(j, tx));
    GW_TRY(tx->broken);
    GW_TRY(gw_store_db_take_failure(tx->db));
    GW_TRY(gw_store_batch_flush(tx));
    /* Nothing applied lacks an entry (DESIGN 2). */
    return tx->receipt_used <= tx->count.receipt ? GW_OK : GW_PRECONDITION;
}

/* The first job of a transaction has nothing before it to protect, so it goes without a savepoint,
 * which would copy each page it touches (a fifth of the time of a segment of a thousand records).
 * When it fails, the transaction is begun anew. */
static enum gw_status undo_first(struct gw_store *s)
{
    GW_TRY(gw_store_db_tx(s->db, GW_STEP_ROLLBACK));
    return tx_begin(s);
}

static enum gw_status undo_later(struct gw_store *s)
{
    GW_TRY(gw_store_db_tx(s->db, GW_STEP_ROLLBACK_TO));
    return gw_store_db_tx(s->db, GW_STEP_RELEASE);
}

/* `kept`: jobs of this transaction so far. GW_OK: the transaction goes on, whatever became of the
 * job (j->result). */
static enum gw_status run_job(struct gw_store *s, struct gw_store_job *j, uint64_t *kept)
{
    struct gw_store_tx *tx = &s->tx;
    const struct gw_store_count before = tx->count;
    bool first = *kept == 0;
    tx->broken = GW_OK;
    tx->receipt_used = 0;
    tx->batch.no = 0;
    enum gw_status st = first ? GW_OK : gw_store_db_tx(tx->db, GW_STEP_SAVEPOINT);
    if (st == GW_OK)
        st = job_body(tx, j);
    if (st == GW_OK && !first)
        st = gw_store_db_tx(tx->db, GW_STEP_RELEASE);
    j->result = st;
    tx->batch.no = 0;
    if (st == GW_OK) {
        ++*kept;
        return GW_OK;
    }
    tx->count = before;
    (void)gw_store_db_take_failure(tx->db);
    /* Full or broken disk: SQLite may have rolled back all. */
    if (!gw_store_db_in_tx(tx->db))
        return st;
    return first ? undo_first(s) : undo_later(s);
}

static void tx_abandon(struct gw_store *s)
{
    if (gw_store_db_in_tx(s->db) && gw_store_db_tx(s->db, GW_STEP_ROLLBACK) != GW_OK &&
        gw_store_db_in_tx(s->db)) {
        pthread_mutex_lock(&s->lock);
        s->failed = true;
        pthread_mutex_unlock(&s->lock);
    }
}

static void publish(struct gw_store *s, enum gw_status st, uint64_t jobs)
{
    pthread_mutex_lock(&s->lock);
    if (st == GW_OK) {
        const struct gw_store_count *c = &s->committed;
        s->stats.records = c->records;
        s->stats.deliveries = c->deliveries;
        s->stats.batches_open = c->batches_open;
        s->stats.pending = c->pending;
        s->stats.commits++;
        s->stats.jobs += jobs;
    }
    if (gw_store_db_fatal(s->db))
        s->failed = true;
    if (st != GW_OK) {
        /* Notes that could not be written are tried again after a while, or are found in the log at
         * the next start. */
        s->dones_since_us = gw_clock_mono_us();
        if (s->closing)
            s->dones.count = 0;
    }
    pthread_mutex_unlock(&s->lock);
}

/* Jobs of the queue as one transaction; none: what the log made durable, alone. */
static void run_group(struct gw_store *s)
{
    struct gw_store_job *group = NULL;
    struct gw_store_job **tail = &group;
    int64_t until = gw_clock_mono_us() + TX_BUDGET_US;
    uint64_t jobs = 0;
    uint64_t kept = 0;
    enum gw_status st = tx_begin(s);
    struct gw_store_job *j;
    while (jobs < s->set.group_max && (j = pop(s)) != NULL) {
        *tail = j;
        tail = &j->next;
        jobs++;
        if (st == GW_OK)
            st = run_job(s, j, &kept);
        /* When the transaction is lost, those that are queued try their luck in the next one. */
        if (st != GW_OK || gw_clock_mono_us() >= until)
            break;
    }
    if (st == GW_OK)
        st = tx_commit(s);
    if (st == GW_OK) {
        s->applying.count = 0;
        s->committed = s->tx.count;
    } else {
        tx_abandon(s);
    }
    publish(s, st, jobs);
    while (group != NULL) {
        j = group;
        group = j->next;
        if (st != GW_OK)
            j->result = st;
        if (j->committed != NULL)
            j->committed(j, j->result);
    }
}

/* After a failure of the device nobody is kept waiting. */
static void refuse_all(struct gw_store *s)
{
    struct gw_store_job *j;
    while ((j = pop(s)) != NULL) {
        j->result = GW_UNAVAILABLE;
        if (j->committed != NULL)
            j->committed(j, GW_UNAVAILABLE);
    }
}

/* ---- checkpoints --------------------------------------------------------------------- */

static void checkpoint(struct gw_store *s)
{
    uint64_t bytes = gw_store_db_wal_bytes(s->db);
    enum gw_store_checkpoint how =
        bytes >= RESTART_BYTES ? GW_CHECKPOINT_RESTART : GW_CHECKPOINT_PASSIVE;
    /* Its status matters only when it is fatal, and that is kept: a full disk leaves the log as it
     * is. */
    if (gw_store_db_checkpoint(s->db, how) != GW_OK) {
        s->wal_checked = bytes;
        publish(s, GW_IO, 0);
        return;
    }
    s->wal_checked = gw_store_db_wal_bytes(s->db);
}

static bool checkpoint_due(const struct gw_store *s)
{
    uint64_t bytes = gw_store_db_wal_bytes(s->db);
    if (bytes < CHECKPOINT_BYTES)
        return false;
    return bytes < s->wal_checked || bytes - s->wal_checked >= CHECKPOINT_AGAIN_BYTES;
}

static bool checkpoint_wanted(const struct gw_store *s)
{
    uint64_t bytes = gw_store_db_wal_bytes(s->db);
    return bytes != 0 && bytes != s->wal_checked && !gw_store_db_fatal(s->db);
}

/* ---- the thread ---------------------------------------------------------------------- */

enum work { WORK_GROUP, WORK_CHECKPOINT, WORK_STOP };

static void sleep_until(struct gw_store *s, int64_t at_us)
{
    s->waiting = true;
    if (at_us == INT64_MAX) {
        pthread_cond_wait(&s->wake, &s->lock);
    } else {
        struct timespec at = {.tv_sec = at_us / GW_USEC_PER_SEC,
                              .tv_nsec = at_us % GW_USEC_PER_SEC * 1000};
        pthread_cond_timedwait(&s->wake, &s->lock, &at);
    }
    s->waiting = false;
}

static enum work wait_for_work(struct gw_store *s)
{
    enum work w;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        int64_t now = gw_clock_mono_us();
        bool dones = s->dones.count != 0 && !s->failed;
        if (s->head != NULL || (dones && (s->closing || now - s->dones_since_us >= FLUSH_US))) {
            w = WORK_GROUP;
            break;
        }
        if (s->closing) {
            w = WORK_STOP;
            break;
        }
        bool idle = checkpoint_wanted(s);
        if (idle && !dones && now - s->idle_since_us >= IDLE_CHECKPOINT_US) {
            w = WORK_CHECKPOINT;
            break;
        }
        int64_t at = INT64_MAX;
        if (dones)
            at = s->dones_since_us + FLUSH_US;
        else if (idle)
            at = s->idle_since_us + IDLE_CHECKPOINT_US;
        sleep_until(s, at);
    }
    pthread_mutex_unlock(&s->lock);
    return w;
}

static void *writer_main(void *arg)
{
    struct gw_store *s = arg;
    for (;;) {
        enum work w = wait_for_work(s);
        if (w == WORK_STOP)
            return NULL;
        if (gw_store_db_fatal(s->db)) {
            refuse_all(s);
            continue;
        }
        if (w == WORK_GROUP) {
            run_group(s);
            s->idle_since_us = gw_clock_mono_us();
        }
        if (w == WORK_CHECKPOINT || checkpoint_due(s))
            checkpoint(s);
    }
}

enum gw_status gw_store_writer_start(struct gw_store *s)
{
    s->tx.db = s->db;
    s->committed = s->tx.count;
    s->idle_since_us = gw_clock_mono_us();
    if (pthread_create(&s->thread, NULL, writer_main, s) != 0)
        return GW_NOMEM;
    s->started = true;
    return GW_OK;
}

void gw_store_writer_stop(struct gw_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    wake_writer(s);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->started = false;
    /* A failure leaves the log for the next start, which reads it. */
    if (!gw_store_db_fatal(s->db))
        (void)!gw_store_db_checkpoint(s->db, GW_CHECKPOINT_TRUNCATE);
}

struct limit_job {
    struct gw_store_job job;
    int64_t pages;
};

static enum gw_status limit_run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    return gw_store_db_limit_pages(tx->db, GW_CONTAINER_OF(j, struct limit_job, job)->pages);
}

enum gw_status gw_store_test_max_pages(struct gw_store *s, int64_t pages)
{
    struct limit_job j = {.job = {.run = limit_run}, .pages = pages};
    return gw_store_run(s, &j.job);
}

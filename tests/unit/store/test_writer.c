/* The writer: savepoints, order of answers, limits of the queue, pending entries, what a crash
 * leaves. */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/store_internal.h"
#include "store/store_support.h"

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Holds the writer inside a job until released, so that what comes meanwhile is one group. */
struct gate {
    struct gw_store_job job;
    sem_t entered, leave;
};

static enum gw_status gate_run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    (void)tx;
    struct gate *g = GW_CONTAINER_OF(j, struct gate, job);
    sem_post(&g->entered);
    sem_wait(&g->leave);
    return GW_OK;
}

static void gate_close(struct world *w, struct gate *g)
{
    *g = (struct gate){.job = {.run = gate_run}};
    sem_init(&g->entered, 0, 0);
    sem_init(&g->leave, 0, 0);
    assert_int_equal(gw_store_submit(w->s, &g->job), GW_OK);
    sem_wait(&g->entered);
}

struct step_job {
    struct gw_store_job job;
    struct gw_store_put p;
    enum gw_status end; /* what run() answers after the put */
    enum gw_status told;
    int order;
    int64_t receipt;
};
static int order;
static sem_t all_told;

static enum gw_status step_run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16];
    struct step_job *s = GW_CONTAINER_OF(j, struct step_job, job);
    s->p.receipt = gw_store_receipt_next(tx);
    GW_TRY(gw_store_record_put(tx, &s->p));
    GW_TRY(gw_store_pending_put(tx, exchange, 1, 2, GW_BYTES_LIT("body"), &s->receipt));
    return s->end;
}

static void step_committed(struct gw_store_job *j, enum gw_status st)
{
    struct step_job *s = GW_CONTAINER_OF(j, struct step_job, job);
    s->told = st;
    s->order = ++order;
    sem_post(&all_told);
}

enum { STEPS = 9 };

/* Of nine jobs of one transaction the third and the last fail: theirs is undone, the others stand;
 * all are told in order. */
static void a_failing_job_is_undone_alone(void **state)
{
    struct world *w = *state;
    struct gate g;
    struct step_job s[STEPS];
    char key[STEPS][8];
    order = 0;
    sem_init(&all_told, 0, 0);
    gate_close(w, &g);
    for (int i = 0; i < STEPS; i++) {
        snprintf(key[i], sizeof(key[i]), "k%d", i);
        s[i] = (struct step_job){.job = {.run = step_run, .committed = step_committed},
                                 .p = put_of(key[i], key[i]),
                                 .end = i == 2 || i == STEPS - 1 ? GW_INVALID : GW_OK};
        assert_int_equal(gw_store_submit(w->s, &s[i].job), GW_OK);
    }
    struct gw_store_stats before;
    gw_store_stats_get(w->s, &before);
    assert_int_equal(before.queue_depth, STEPS);
    sem_post(&g.leave);
    for (int i = 0; i < STEPS; i++)
        sem_wait(&all_told);
    int64_t last_change = 0;
    int64_t last_receipt = 0;
    for (int i = 0; i < STEPS; i++) {
        assert_int_equal(s[i].order, i + 1);
        assert_int_equal(s[i].told, s[i].end);
        if (s[i].end != GW_OK)
            continue;
        assert_true(s[i].p.change_no > last_change);
        assert_true(s[i].receipt > last_receipt);
        last_change = s[i].p.change_no;
        last_receipt = s[i].receipt;
    }
    gw_store_visible_advance(w->s, last_change);
    assert_int_equal(count_changes(w, "penalty"), STEPS - 2);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.commits - before.commits, 1);
    assert_int_equal(st.records, STEPS - 2);
    assert_int_equal(st.pending, STEPS - 2);
    /* What was undone can be delivered again. */
    struct gw_store_put p = put_of("k2", "k2");
    assert_int_equal(put_one(w, &p), GW_OK);
    assert_int_equal(p.outcome, GW_PUT_NEW);
    sem_destroy(&all_told);
}

/* The first job of a transaction has no savepoint: its failure must not take the notes with it that
 * rode along. */
static void a_failing_first_job_is_undone_alone(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k0", "k0");
    int64_t receipt;
    assert_int_equal(put_many(w, &p, 1, &receipt), GW_OK);
    struct gate g;
    gate_close(w, &g);
    gw_store_pending_done(w->s, receipt, 99);
    order = 0;
    sem_init(&all_told, 0, 0);
    struct step_job s[3];
    static const char *const key[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        s[i] = (struct step_job){.job = {.run = step_run, .committed = step_committed},
                                 .p = put_of(key[i], key[i]),
                                 .end = i == 2 ? GW_OK : GW_DENIED};
        assert_int_equal(gw_store_submit(w->s, &s[i].job), GW_OK);
    }
    /* The gate is the first of that transaction and kept: let the next begin with a failing one. */
    sem_post(&g.leave);
    for (int i = 0; i < 3; i++)
        sem_wait(&all_told);
    assert_int_equal(s[0].told, GW_DENIED);
    assert_int_equal(s[1].told, GW_DENIED);
    assert_int_equal(s[2].told, GW_OK);
    struct gw_store_put bad = put_of("k0", "other");
    assert_int_equal(put_one(w, &bad), GW_CONFLICT);
    struct gw_store_put good = put_of("d", "d");
    assert_int_equal(put_one(w, &good), GW_OK);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.records, 3);
    assert_int_equal(st.pending, 2);
    uint64_t seq;
    assert_int_equal(gw_store_receipt_seq(w->r, receipt, &seq), GW_OK);
    assert_int_equal(seq, 99);
    sem_destroy(&all_told);
}

static enum gw_status do_nothing(struct gw_store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return GW_OK;
}

static void a_full_queue_says_busy(void **state)
{
    struct world *w = *state;
    world_close(w);
    w->set.queue_max = 3;
    world_open(w);
    struct gate g;
    gate_close(w, &g);
    order = 0;
    sem_init(&all_told, 0, 0);
    struct step_job s[4];
    static const char *const key[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        s[i] = (struct step_job){.job = {.run = step_run, .committed = step_committed},
                                 .p = put_of(key[i], key[i])};
        assert_int_equal(gw_store_submit(w->s, &s[i].job), i < 3 ? GW_OK : GW_BUSY);
    }
    assert_int_equal(run_fn(w->s, do_nothing, NULL), GW_BUSY);
    sem_post(&g.leave);
    for (int i = 0; i < 3; i++)
        sem_wait(&all_told);
    assert_int_equal(run_fn(w->s, do_nothing, NULL), GW_OK);
    sem_destroy(&all_told);
}

static void closing_finishes_what_is_queued(void **state)
{
    struct world *w = *state;
    struct gate g;
    order = 0;
    sem_init(&all_told, 0, 0);
    gate_close(w, &g);
    struct step_job s = {.job = {.run = step_run, .committed = step_committed},
                         .p = put_of("k", "k")};
    assert_int_equal(gw_store_submit(w->s, &s.job), GW_OK);
    sem_post(&g.leave);
    world_close(w);
    assert_int_equal(s.told, GW_OK);
    world_open(w);
    assert_int_equal(count_changes(w, "penalty"), 1);
    sem_destroy(&all_told);
}

/* ---- receipts and pending entries ---------------------------------------------------- */

static enum gw_status note(void *arg, int64_t receipt, uint64_t log_size, struct gw_bytes body)
{
    int64_t *list = arg;
    assert_int_equal(log_size, 7);
    assert_true(gw_bytes_eq_str(body, "entry body"));
    list[++list[0]] = receipt;
    return GW_OK;
}

static enum gw_status stop_at_once(void *arg, int64_t receipt, uint64_t log_size,
                                   struct gw_bytes body)
{
    (void)receipt;
    (void)log_size;
    (void)body;
    ++*(int *)arg;
    return GW_CANCELLED;
}

static void pending_entries_wait_in_order(void **state)
{
    struct world *w = *state;
    enum { N = 150 }; /* more than a page of the walk */
    int64_t receipt[N];
    for (int i = 0; i < N; i++) {
        char key[8];
        snprintf(key, sizeof(key), "%d", i);
        struct gw_store_put p = put_of(key, key);
        assert_int_equal(put_many(w, &p, 1, &receipt[i]), GW_OK);
    }
    for (int i = 0; i < N; i += 2)
        gw_store_pending_done(w->s, receipt[i], (uint64_t)i);
    world_reopen(w);
    int64_t list[N + 1] = {0};
    assert_int_equal(gw_store_pending_each(w->s, note, list), GW_OK);
    assert_int_equal(list[0], N / 2);
    for (int i = 0; i < N / 2; i++)
        assert_int_equal(list[i + 1], receipt[2 * i + 1]);
    int calls = 0;
    assert_int_equal(gw_store_pending_each(w->s, stop_at_once, &calls), GW_CANCELLED);
    assert_int_equal(calls, 1);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.pending, N / 2);
    /* Found in the log, its place unknown: the row goes, the receipt has no index. */
    gw_store_pending_done(w->s, receipt[1], UINT64_MAX);
    world_reopen(w);
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.pending, N / 2 - 1);
    uint64_t seq = 0;
    assert_int_equal(gw_store_receipt_seq(w->r, receipt[1], &seq), GW_OK);
    assert_true(seq == UINT64_MAX);
    assert_int_equal(gw_store_receipt_seq(w->r, receipt[2], &seq), GW_OK);
    assert_int_equal(seq, 2);
    assert_int_equal(gw_store_receipt_seq(w->r, receipt[N - 1] + 1, &seq), GW_NOT_FOUND);
}

/* Nobody writes: the rows go all the same. */
static void pending_entries_drain_when_idle(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k", "k");
    int64_t receipt;
    assert_int_equal(put_many(w, &p, 1, &receipt), GW_OK);
    gw_store_pending_done(w->s, receipt, 5);
    uint64_t seq;
    assert_int_equal(gw_store_receipt_seq(w->r, receipt, &seq), GW_OK);
    assert_int_equal(seq, 5);
    struct gw_store_stats st;
    int64_t until = gw_clock_mono_us() + 5 * GW_USEC_PER_SEC;
    do {
        sleep_ms(5);
        gw_store_stats_get(w->s, &st);
    } while (st.pending != 0 && gw_clock_mono_us() < until);
    assert_int_equal(st.pending, 0);
}

static enum gw_status forget_the_entry(struct gw_store_tx *tx, void *arg)
{
    struct gw_store_put *p = arg;
    p->receipt = gw_store_receipt_next(tx);
    return gw_store_record_put(tx, p);
}

/* Nothing applied lacks an entry. */
static void records_without_their_entry_are_undone(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k", "k");
    assert_int_equal(run_fn(w->s, forget_the_entry, &p), GW_PRECONDITION);
    p = put_of("k", "k");
    assert_int_equal(put_one(w, &p), GW_OK);
    assert_int_equal(p.outcome, GW_PUT_NEW);
}

/* ---- a crash ------------------------------------------------------------------------- */

static void copy_file(const char *from_dir, const char *to_dir, const char *name)
{
    char path[PATH_MAX];
    struct gw_buf b;
    gw_buf_init(&b, 64 << 20);
    assert_int_equal(gw_file_join(path, sizeof(path), from_dir, name), GW_OK);
    if (gw_file_read(path, &b) == GW_OK) {
        assert_int_equal(gw_file_join(path, sizeof(path), to_dir, name), GW_OK);
        assert_int_equal(gw_file_write_atomic(path, gw_buf_view(&b), 0600), GW_OK);
    }
    gw_buf_fini(&b);
}

struct crash {
    struct world *w;
    struct gw_store_put p;
    const char *copy;
};

static void snapshot(const struct crash *c)
{
    assert_int_equal(gw_file_mkdirs(c->copy, 0700), GW_OK);
    copy_file(c->w->dir, c->copy, "xinqiao.db");
    copy_file(c->w->dir, c->copy, "xinqiao.db-wal");
}

/* The moment before COMMIT, everything written: a kill would leave what the files hold now. */
static enum gw_status put_and_snapshot(struct gw_store_tx *tx, void *arg)
{
    struct crash *c = arg;
    GW_TRY(gw_store_record_put(tx, &c->p));
    snapshot(c);
    return GW_OK;
}

static void kill_before_commit_leaves_nothing_kill_after_leaves_all(void **state)
{
    struct world *w = *state;
    char copy[PATH_MAX];
    snprintf(copy, sizeof(copy), "%s/copy", w->root);
    struct gw_store_put first = put_of("k0", "k0");
    assert_int_equal(put_one(w, &first), GW_OK);
    for (int after = 0; after < 2; after++) {
        struct crash c = {.w = w, .p = put_of(after ? "k2" : "k1", "x"), .copy = copy};
        assert_int_equal(run_fn(w->s, put_and_snapshot, &c), GW_OK);
        if (after)
            snapshot(&c);
        struct world other = {.set = w->set};
        other.set.dir = copy;
        world_open(&other);
        int64_t expect = after ? 3 : 1;
        assert_int_equal(gw_store_visible(other.s), expect);
        assert_int_equal(count_changes(&other, "penalty"), expect);
        struct gw_store_stats st;
        gw_store_stats_get(other.s, &st);
        assert_int_equal(st.records, expect);
        assert_int_equal(st.pending, 1);
        world_close(&other);
        remove_tree(copy);
    }
}

/* ---- disk full ----------------------------------------------------------------------- */

enum { LARGE = 200 * 1024 };

static void disk_full_fails_the_group_and_passes(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k0", "k0");
    int64_t receipt;
    assert_int_equal(put_many(w, &p, 1, &receipt), GW_OK);
    assert_int_equal(gw_store_test_max_pages(w->s, 60), GW_OK);
    char *large = calloc(1, LARGE);
    assert_non_null(large);

    struct gate g;
    gate_close(w, &g);
    gw_store_pending_done(w->s, receipt, 12);
    order = 0;
    sem_init(&all_told, 0, 0);
    struct step_job s[3];
    static const char *const key[] = {"small", "large", "later"};
    for (int i = 0; i < 3; i++) {
        s[i] = (struct step_job){.job = {.run = step_run, .committed = step_committed},
                                 .p = put_of(key[i], key[i])};
        if (i == 1)
            s[i].p.original = s[i].p.packed = gw_bytes_make(large, LARGE);
        assert_int_equal(gw_store_submit(w->s, &s[i].job), GW_OK);
    }
    sem_post(&g.leave);
    for (int i = 0; i < 3; i++)
        sem_wait(&all_told);
    /* Whether SQLite gives the group up or the job alone is its affair; nobody is told a lie. */
    assert_int_equal(s[1].told, GW_NOSPACE);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_false(st.failed);
    uint64_t kept = 1u + (s[0].told == GW_OK) + (s[2].told == GW_OK);
    assert_int_equal(st.records, kept);
    assert_int_equal(s[2].told, GW_OK);
    /* Alone in its transaction, too. */
    struct gw_store_put q = put_of("large2", "x");
    q.packed = gw_bytes_make(large, LARGE);
    assert_int_equal(put_one(w, &q), GW_NOSPACE);
    assert_int_equal(gw_store_test_max_pages(w->s, 0), GW_OK);
    assert_int_equal(put_one(w, &q), GW_OK);
    assert_int_equal(q.outcome, GW_PUT_NEW);
    gw_store_visible_advance(w->s, INT64_MAX);
    assert_int_equal(count_changes(w, "penalty"), kept + 1);
    free(large);
    world_reopen(w);
    uint64_t seq;
    assert_int_equal(gw_store_receipt_seq(w->r, receipt, &seq), GW_OK);
    assert_int_equal(seq, 12);
    assert_int_equal(count_changes(w, "penalty"), kept + 1);
    sem_destroy(&all_told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(a_failing_job_is_undone_alone),
        T(a_failing_first_job_is_undone_alone),
        T(a_full_queue_says_busy),
        T(closing_finishes_what_is_queued),
        T(pending_entries_wait_in_order),
        T(pending_entries_drain_when_idle),
        T(records_without_their_entry_are_undone),
        T(kill_before_commit_leaves_nothing_kill_after_leaves_all),
        T(disk_full_fails_the_group_and_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* kill -9 at any moment: what was told as committed is there at the next start, whole, with its
 * pending entry; and what was not is there whole or not at all. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "store/store_support.h"

enum { ROUNDS = 12, A_JOB = 5, JOBS_MAX = 100000 };

/* Puts jobs of A_JOB records until it is killed; tells each committed job's number. */
static void put_until_killed(struct world *w, int first_job, int tell)
{
    world_open(w);
    for (int j = first_job; j < JOBS_MAX; j++) {
        struct gw_store_put p[A_JOB];
        char key[A_JOB][24];
        int64_t receipt;
        for (int i = 0; i < A_JOB; i++) {
            snprintf(key[i], sizeof(key[i]), "%d/%d", j, i);
            p[i] = put_of(key[i], key[i]);
            p[i].class_bit = i % 2 ? PERSON : ORG;
        }
        if (put_many(w, p, A_JOB, &receipt) != GW_OK || write(tell, &j, sizeof(j)) != sizeof(j))
            _exit(1);
        if (j % 3 == 0)
            gw_store_pending_done(w->s, receipt, (uint64_t)j);
    }
    _exit(0);
}

static int drain(int fd, int last)
{
    int j;
    while (read(fd, &j, sizeof(j)) == sizeof(j))
        last = j;
    return last;
}

static int run_and_kill(struct world *w, int first_job, int delay_ms)
{
    int tell[2];
    assert_int_equal(pipe(tell), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(tell[0]);
        put_until_killed(w, first_job, tell[1]);
    }
    close(tell[1]);
    struct pollfd p = {.fd = tell[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, 30000), 1);
    usleep((useconds_t)delay_ms * 1000);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    int last = drain(tell[0], first_job - 1);
    close(tell[0]);
    assert_true(WIFSIGNALED(status));
    return last;
}

static bool count_row(void *arg, const struct gw_store_row *row)
{
    size_t *n = arg;
    /* In order: the n-th record of all is the one that says so. */
    char expect[24];
    snprintf(expect, sizeof(expect), "%zu/%zu", *n / A_JOB, *n % A_JOB);
    assert_true(gw_bytes_eq_str(row->packed, expect));
    ++*n;
    return true;
}

static enum gw_status count_pending(void *arg, int64_t receipt, uint64_t log_size,
                                    struct gw_bytes body)
{
    (void)receipt;
    (void)log_size;
    assert_true(gw_bytes_eq_str(body, "entry body"));
    ++*(size_t *)arg;
    return GW_OK;
}

static void killed_at_any_moment(void **state)
{
    struct world *w = *state;
    world_close(w);
    int next = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int told = run_and_kill(w, next, round * 7);
        world_open(w);
        size_t records = 0;
        int64_t last = 0;
        bool more = true;
        while (more) {
            assert_int_equal(
                gw_store_changes(w->r, "penalty", last, 100, count_row, &records, &last, &more),
                GW_OK);
            gw_store_reader_turn_end(w->r);
        }
        assert_int_equal(records % A_JOB, 0);
        next = (int)(records / A_JOB);
        /* One more than was told may have been committed. */
        assert_true(next == told + 1 || next == told + 2);
        struct gw_store_stats st;
        gw_store_stats_get(w->s, &st);
        assert_int_equal(st.records, records);
        size_t pending = 0;
        assert_int_equal(gw_store_pending_each(w->s, count_pending, &pending), GW_OK);
        assert_int_equal(st.pending, pending);
        assert_true(pending >= (size_t)(next - (next + 2) / 3) && pending <= (size_t)next);
        world_close(w);
    }
    world_open(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_any_moment, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

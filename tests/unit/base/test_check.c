/* Our own mistakes: counted, and fatal in debug builds. And the clean-up macros. */
#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static int freed;

static void thing_free(int *p)
{
    if (p != NULL)
        freed++;
    free(p);
}
GW_DEFINE_FREEP(int, thing_free)

static void test_bug_aborts_in_debug_counts_in_release(void **state)
{
    (void)state;
    assert_int_equal(gw_bug_count(), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        gw_log_setup(-1, GW_LOG_ERROR, false);
        _exit(GW_BUG_ON(freed == 0) && gw_bug_count() == 1 ? 7 : 8);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
#ifdef GW_DEBUG
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
#else
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
#endif
}

static enum gw_status tries(enum gw_status st, int *ret_reached)
{
    GW_TRY(st);
    *ret_reached = 1;
    return GW_OK;
}

static void test_try(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(tries(GW_BUSY, &reached), GW_BUSY);
    assert_int_equal(reached, 0);
    assert_int_equal(tries(GW_OK, &reached), GW_OK);
    assert_int_equal(reached, 1);
}

static int *make(int keep)
{
    GW_CLEANUP(thing_freep) int *p = calloc(1, sizeof(*p));
    return keep ? gw_steal(&p) : NULL;
}

static void test_cleanup_and_steal(void **state)
{
    (void)state;
    freed = 0;
    assert_null(make(0));
    assert_int_equal(freed, 1);
    int *p = make(1);
    assert_int_equal(freed, 1);
    thing_freep(&p);
    assert_null(p);
    assert_int_equal(freed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bug_aborts_in_debug_counts_in_release),
        cmocka_unit_test(test_try),
        cmocka_unit_test(test_cleanup_and_steal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A line is one line of valid JSON whatever is logged, and levels and folders are kept. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"

static char out[1 << 20];

/* What is logged between start_log() and end_log() is in `out`. */
static int log_fd;

static void start_log(enum gw_log_level level, bool plain)
{
    log_fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(log_fd >= 0);
    assert_int_equal(fcntl(log_fd, F_SETFL, O_APPEND), 0);
    gw_log_setup(log_fd, level, plain);
}

static size_t end_log(void)
{
    ssize_t n = pread(log_fd, out, sizeof(out) - 1, 0);
    assert_true(n >= 0);
    out[n] = '\0';
    close(log_fd);
    gw_log_setup(STDERR_FILENO, GW_LOG_INFO, false);
    gw_log_trace_folders(NULL);
    return (size_t)n;
}

static void test_injection(void **state)
{
    (void)state;
    start_log(GW_LOG_INFO, false);
    gw_log_write(GW_LOG_WARN, "base", "id\"\n", "%s",
                 "a\n{\"level\":\"fake\"}\x01\xff\xed\xa0\x80 end");
    end_log();
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    assert_non_null(strstr(out, "\"call\":\"id\\\"\\u000a\""));
    assert_non_null(
        strstr(out, "\"message\":\"a\\u000a{\\\"level\\\":\\\"fake\\\"}\\u0001???? end\"}\n"));
    start_log(GW_LOG_INFO, true);
    gw_log_write(GW_LOG_WARN, "base", "c1", "a\nb");
    end_log();
    assert_non_null(strstr(out, " warn  base [c1]: a b\n"));
}

static void test_too_long_is_cut_at_a_character(void **state)
{
    (void)state;
    static char text[9000];
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "信", 3);
    start_log(GW_LOG_INFO, false);
    gw_log_write(GW_LOG_INFO, "base", NULL, "%s", text);
    size_t n = end_log();
    assert_true(n > 1900 && n < 2300);
    assert_true(gw_utf8_valid(gw_bytes_make(out, n)));
    assert_null(strchr(out, '?'));
    assert_int_equal(out[n - 1], '\n');
    memset(text, 1, sizeof(text) - 1);
    start_log(GW_LOG_INFO, false);
    gw_log_write(GW_LOG_INFO, "base", text, "%s", text);
    n = end_log();
    assert_memory_equal(out + n - 3, "\"}\n", 3);
}

static void test_levels_and_folders(void **state)
{
    (void)state;
    enum gw_log_level level = GW_LOG_INFO;
    assert_int_equal(gw_log_level_parse("loud", &level), GW_INVALID);
    assert_int_equal(gw_log_level_parse("", &level), GW_INVALID);
    assert_int_equal(level, GW_LOG_INFO);
    assert_int_equal(gw_log_level_parse("trace", &level), GW_OK);
    assert_int_equal(level, GW_LOG_TRACE);
    assert_int_equal(gw_log_level_parse("error", &level), GW_OK);
    assert_int_equal(level, GW_LOG_ERROR);

    start_log(GW_LOG_WARN, false);
    gw_log_trace_folders("http2,format");
    GW_LOG(GW_LOG_INFO, "tls", "hidden");
    GW_LOG(GW_LOG_TRACE, "http", "hidden");
    GW_LOG(GW_LOG_TRACE, "http2", "shown1");
    GW_LOG(GW_LOG_TRACE, "format", "shown2");
    GW_LOG(GW_LOG_ERROR, "tls", "shown3");
    end_log();
    assert_null(strstr(out, "hidden"));
    assert_non_null(strstr(out, "shown1"));
    assert_non_null(strstr(out, "shown2"));
    assert_non_null(strstr(out, "shown3"));
}

static void *writer(void *arg)
{
    for (int i = 0; i < 500; i++)
        gw_log_write(GW_LOG_INFO, "base", arg, "line %d", i);
    return NULL;
}

static void test_threads_do_not_mix(void **state)
{
    (void)state;
    start_log(GW_LOG_INFO, false);
    pthread_t threads[2];
    char ids[2][2] = {"a", "b"};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, ids[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    end_log();
    int lines = 0;
    for (char *save, *line = strtok_r(out, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        assert_memory_equal(line, "{\"time\":\"", 9);
        assert_int_equal(line[strlen(line) - 1], '}');
        lines++;
    }
    assert_int_equal(lines, 1000);
}

static void test_closed_descriptor_is_survived(void **state)
{
    (void)state;
    gw_log_setup(-1, GW_LOG_INFO, false);
    gw_log_write(GW_LOG_ERROR, "base", NULL, "nowhere to go");
    gw_log_setup(STDERR_FILENO, GW_LOG_INFO, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_injection),
        cmocka_unit_test(test_too_long_is_cut_at_a_character),
        cmocka_unit_test(test_levels_and_folders),
        cmocka_unit_test(test_threads_do_not_mix),
        cmocka_unit_test(test_closed_descriptor_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

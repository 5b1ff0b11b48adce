/* Random bytes, UUIDv7 and secrets made at first use. */
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char dir[] = "/tmp/xinqiao-test-random-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static const char *at(const char *name)
{
    static char path[PATH_MAX];
    assert_int_equal(gw_file_join(path, sizeof(path), dir, name), GW_OK);
    return path;
}

static void test_secret_refuses(void **state)
{
    (void)state;
    uint8_t key[GW_KEY_LEN] = {9};
    bool made = true;
    static const uint8_t long_secret[33];
    assert_int_equal(gw_file_write_atomic(at("short"), GW_BYTES_LIT("short"), 0600), GW_OK);
    assert_int_equal(gw_crypto_secret_load(at("short"), key, &made), GW_CORRUPT);
    assert_int_equal(gw_file_write_atomic(at("long"), gw_bytes_make(long_secret, 33), 0600), GW_OK);
    assert_int_equal(gw_crypto_secret_load(at("long"), key, &made), GW_CORRUPT);
    assert_int_equal(gw_file_write_atomic(at("open"), gw_bytes_make(long_secret, 32), 0644), GW_OK);
    assert_int_equal(gw_crypto_secret_load(at("open"), key, &made), GW_DENIED);
    assert_int_equal(gw_crypto_secret_load(at("no/such"), key, &made), GW_NOT_FOUND);
    assert_int_equal(key[0], 9);
    assert_true(made);
}

static void test_secret_is_made_once(void **state)
{
    (void)state;
    uint8_t first[GW_KEY_LEN];
    uint8_t again[GW_KEY_LEN];
    bool made = false;
    struct stat st;
    assert_int_equal(gw_crypto_secret_load(at("store.key"), first, &made), GW_OK);
    assert_true(made);
    assert_int_equal(gw_crypto_secret_load(at("store.key"), again, &made), GW_OK);
    assert_false(made);
    assert_memory_equal(first, again, sizeof(first));
    assert_int_equal(stat(at("store.key"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(gw_crypto_secret_load(at("other.key"), again, NULL), GW_OK);
    assert_memory_not_equal(first, again, sizeof(first));
    char **names = NULL;
    assert_int_equal(gw_file_list(dir, &names), GW_OK);
    for (char **n = names; *n != NULL; n++)
        assert_null(strstr(*n, ".new"));
    gw_file_names_free(names);
}

static void test_uuid7(void **state)
{
    (void)state;
    uint8_t before[16] = {0};
    uint8_t id[16];
    /* RFC 9562, appendix A.6: 2022-02-22T19:22:22Z. */
    int64_t us = INT64_C(0x017F22E279B0) * 1000;
    for (int i = 0; i < 1000; i++, us++) {
        gw_crypto_uuid7(us, id);
        assert_memory_equal(id, "\x01\x7f\x22\xe2\x79\xb0", 6);
        assert_int_equal(id[6] >> 4, 7);
        assert_int_equal(id[8] >> 6, 2);
        /* Microseconds are kept in order. */
        assert_true(memcmp(before, id, sizeof(id)) < 0);
        memcpy(before, id, sizeof(id));
    }
    gw_crypto_uuid7(-5, id);
    assert_memory_equal(id, "\0\0\0\0\0\0\x70\0", 8);
}

static void test_no_repeats(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static uint64_t seen[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        gw_crypto_random(&seen[i], sizeof(seen[i]));
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
    static uint8_t large[4096];
    gw_crypto_random(large, sizeof(large));
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof(large); i++)
        zeros += large[i] == 0;
    assert_true(zeros < 200);
    gw_crypto_random(large, 0);
}

/* A child must not hand out what its parent hands out. */
static void test_fork(void **state)
{
    (void)state;
    uint64_t mine;
    uint64_t childs = 0;
    int fds[2];
    gw_crypto_random(&mine, sizeof(mine));
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        gw_crypto_random(&mine, sizeof(mine));
        _exit(write(fds[1], &mine, sizeof(mine)) == (ssize_t)sizeof(mine) ? 0 : 1);
    }
    gw_crypto_random(&mine, sizeof(mine));
    assert_int_equal(read(fds[0], &childs, sizeof(childs)), sizeof(childs));
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    assert_true(mine != childs);
}

static void test_wipe(void **state)
{
    (void)state;
    uint8_t secret[3] = {1, 2, 3};
    gw_crypto_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, "\0\0\0", 3);
    gw_crypto_wipe(NULL, 0);
    assert_int_equal(gw_crypto_init(), GW_OK);
    assert_int_equal(gw_crypto_init(), GW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_refuses), cmocka_unit_test(test_secret_is_made_once),
        cmocka_unit_test(test_uuid7),          cmocka_unit_test(test_no_repeats),
        cmocka_unit_test(test_fork),           cmocka_unit_test(test_wipe),
    };
    if (mkdtemp(dir) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}

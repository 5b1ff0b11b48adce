/* Files: limits, modes, atomic writes, names. Works in a directory of its own. */
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/xinqiao-test-file-XXXXXX";

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

static void test_read_refuses(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 10);
    gw_buf_str(&b, "x");
    assert_int_equal(gw_file_read(at("absent"), &b), GW_NOT_FOUND);
    assert_int_equal(gw_file_read(dir, &b), GW_IO);
    assert_int_equal(gw_file_write_atomic(at("ten"), GW_BYTES_LIT("0123456789"), 0644), GW_OK);
    assert_int_equal(gw_file_read(at("ten"), &b), GW_TOO_LARGE);
    assert_int_equal(gw_file_read(at("ten/below"), &b), GW_NOT_FOUND);
    /* Unchanged and usable. */
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "x"));
    gw_buf_reset(&b);
    assert_int_equal(gw_file_read(at("ten"), &b), GW_OK);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "0123456789"));
    gw_buf_fini(&b);
}

static void test_large_read(void **state)
{
    (void)state;
    size_t len = 100000;
    uint8_t *data = malloc(len);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 31);
    assert_int_equal(gw_file_write_atomic(at("large"), gw_bytes_make(data, len), 0600), GW_OK);
    struct gw_buf b;
    gw_buf_init(&b, len);
    assert_int_equal(gw_file_read(at("large"), &b), GW_OK);
    assert_true(gw_bytes_eq(gw_buf_view(&b), gw_bytes_make(data, len)));
    gw_buf_fini(&b);
    free(data);
}

static void test_private(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 10);
    assert_int_equal(gw_file_check_private(at("absent")), GW_NOT_FOUND);
    assert_int_equal(gw_file_check_private(dir), GW_DENIED);
    static const mode_t bad[] = {0604, 0640, 0620, 0602, 0601, 0610, 0644};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        assert_int_equal(gw_file_write_atomic(at("key"), GW_BYTES_LIT("k"), bad[i]), GW_OK);
        assert_int_equal(gw_file_check_private(at("key")), GW_DENIED);
        assert_int_equal(gw_file_read_private(at("key"), &b), GW_DENIED);
    }
    assert_int_equal(b.len, 0);
    assert_int_equal(gw_file_write_atomic(at("key"), GW_BYTES_LIT("k"), 0600), GW_OK);
    assert_int_equal(gw_file_check_private(at("key")), GW_OK);
    assert_int_equal(gw_file_read_private(at("key"), &b), GW_OK);
    assert_int_equal(b.len, 1);
    if (geteuid() == 0) {
        assert_int_equal(chown(at("key"), 12345, 12345), 0);
        assert_int_equal(gw_file_check_private(at("key")), GW_DENIED);
    }
    gw_buf_fini(&b);
}

static void test_atomic_write(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(gw_file_write_atomic(at("no/such/dir"), GW_BYTES_LIT("x"), 0600),
                     GW_NOT_FOUND);
    assert_int_equal(gw_file_mkdirs(at("w/full"), 0700), GW_OK);
    /* A directory in the place of the file: refused, nothing left behind. */
    assert_int_not_equal(gw_file_write_atomic(at("w/full"), GW_BYTES_LIT("x"), 0600), GW_OK);
    assert_int_equal(gw_file_write_atomic(at("w/f"), GW_BYTES_LIT("one"), 0640), GW_OK);
    assert_int_equal(gw_file_write_atomic(at("w/f"), GW_BYTES_NONE, 0600), GW_OK);
    assert_int_equal(stat(at("w/f"), &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    char **names = NULL;
    assert_int_equal(gw_file_list(at("w"), &names), GW_OK);
    assert_string_equal(names[0], "f");
    assert_string_equal(names[1], "full");
    assert_null(names[2]);
    gw_file_names_free(names);
}

static void test_mkdirs(void **state)
{
    (void)state;
    assert_int_equal(gw_file_mkdirs("", 0700), GW_INVALID);
    assert_int_equal(gw_file_write_atomic(at("plain"), GW_BYTES_LIT("x"), 0600), GW_OK);
    assert_int_equal(gw_file_mkdirs(at("plain"), 0700), GW_IO);
    assert_int_not_equal(gw_file_mkdirs(at("plain/below"), 0700), GW_OK);
    assert_int_equal(gw_file_mkdirs(at("a/b//c/"), 0700), GW_OK);
    assert_int_equal(gw_file_mkdirs(at("a/b//c/"), 0700), GW_OK);
    assert_int_equal(gw_file_sync_dir(at("a/b/c")), GW_OK);
    assert_int_equal(gw_file_sync_dir(at("plain")), GW_NOT_FOUND);
    assert_int_equal(gw_file_sync_dir(at("absent")), GW_NOT_FOUND);
}

static void test_list_many(void **state)
{
    (void)state;
    char **names = NULL;
    assert_int_equal(gw_file_list(at("absent"), &names), GW_NOT_FOUND);
    assert_null(names);
    gw_file_names_free(NULL);
    assert_int_equal(gw_file_mkdirs(at("many"), 0700), GW_OK);
    for (int i = 99; i >= 0; i--) {
        char name[32];
        snprintf(name, sizeof(name), "many/%02d", i);
        int fd = open(at(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    assert_int_equal(gw_file_list(at("many"), &names), GW_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(atoi(names[i]), i);
    assert_null(names[100]);
    gw_file_names_free(names);
}

static void test_join(void **state)
{
    (void)state;
    char out[8] = "before";
    assert_int_equal(gw_file_join(out, sizeof(out), "abcd", "efg"), GW_TOO_LARGE);
    assert_int_equal(gw_file_join(out, 0, "", ""), GW_TOO_LARGE);
    assert_string_equal(out, "before");
    assert_int_equal(gw_file_join(out, sizeof(out), "abcd", "ef"), GW_OK);
    assert_string_equal(out, "abcd/ef");
    assert_int_equal(gw_file_join(out, sizeof(out), "/", "ef"), GW_OK);
    assert_string_equal(out, "/ef");
    assert_int_equal(gw_file_join(out, sizeof(out), "", "ef"), GW_OK);
    assert_string_equal(out, "ef");
}

static void test_free_bytes(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_int_equal(gw_file_free_bytes(at("absent"), &n), GW_NOT_FOUND);
    assert_int_equal(gw_file_free_bytes(dir, &n), GW_OK);
    assert_int_equal(gw_file_write_all(-1, GW_BYTES_LIT("x")), GW_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_refuses), cmocka_unit_test(test_large_read),
        cmocka_unit_test(test_private),      cmocka_unit_test(test_atomic_write),
        cmocka_unit_test(test_mkdirs),       cmocka_unit_test(test_list_many),
        cmocka_unit_test(test_join),         cmocka_unit_test(test_free_bytes),
    };
    if (mkdtemp(dir) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}

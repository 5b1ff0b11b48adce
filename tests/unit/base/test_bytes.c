/* Comparisons of borrowed bytes. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_different(void **state)
{
    (void)state;
    assert_false(gw_bytes_eq(GW_BYTES_LIT("a"), GW_BYTES_LIT("b")));
    assert_false(gw_bytes_eq(GW_BYTES_LIT("a"), GW_BYTES_LIT("ab")));
    assert_false(gw_bytes_eq(GW_BYTES_LIT("a"), GW_BYTES_NONE));
    assert_false(gw_bytes_eq_secret(GW_BYTES_LIT("abc"), GW_BYTES_LIT("abd")));
    assert_false(gw_bytes_eq_secret(GW_BYTES_LIT("xbc"), GW_BYTES_LIT("abc")));
    assert_false(gw_bytes_eq_secret(GW_BYTES_LIT("abc"), GW_BYTES_LIT("ab")));
    assert_false(gw_bytes_has_prefix(GW_BYTES_LIT("ab"), GW_BYTES_LIT("abc")));
    assert_false(gw_bytes_has_prefix(GW_BYTES_LIT("ab"), GW_BYTES_LIT("b")));
    assert_false(gw_bytes_has_prefix(GW_BYTES_NONE, GW_BYTES_LIT("b")));
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(gw_bytes_eq(GW_BYTES_NONE, GW_BYTES_LIT("")));
    assert_true(gw_bytes_eq_str(GW_BYTES_LIT("a\0b"), "a") == false);
    assert_true(gw_bytes_eq_str(GW_BYTES_LIT("ab"), "ab"));
    assert_true(gw_bytes_eq_str(GW_BYTES_NONE, NULL));
    assert_true(gw_bytes_eq_secret(GW_BYTES_LIT("abc"), GW_BYTES_LIT("abc")));
    assert_true(gw_bytes_eq_secret(GW_BYTES_NONE, GW_BYTES_NONE));
    assert_true(gw_bytes_has_prefix(GW_BYTES_LIT("ab"), GW_BYTES_LIT("a")));
    assert_true(gw_bytes_has_prefix(GW_BYTES_NONE, GW_BYTES_NONE));
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(gw_bytes_cmp(GW_BYTES_LIT("a"), GW_BYTES_LIT("ab")), -1);
    assert_int_equal(gw_bytes_cmp(GW_BYTES_LIT("b"), GW_BYTES_LIT("ab")), 1);
    assert_int_equal(gw_bytes_cmp(GW_BYTES_LIT("\xff"), GW_BYTES_LIT("\x01")), 1);
    assert_int_equal(gw_bytes_cmp(GW_BYTES_NONE, GW_BYTES_LIT("")), 0);
    assert_int_equal(gw_bytes_cmp(GW_BYTES_NONE, GW_BYTES_LIT("a")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_different),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

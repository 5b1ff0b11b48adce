/* status.def: every row has a name, a text and a gRPC code; values outside read as our mistake. */
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_outside_is_internal(void **state)
{
    (void)state;
    assert_string_equal(gw_status_name(GW_STATUS_COUNT), "INTERNAL");
    assert_string_equal(gw_status_name((enum gw_status)10000), "INTERNAL");
    assert_int_equal(gw_status_grpc((enum gw_status)10000), 13);
}

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(GW_OK, 0);
    assert_int_equal(gw_status_grpc(GW_OK), 0);
    for (int i = 0; i < GW_STATUS_COUNT; i++) {
        enum gw_status st = (enum gw_status)i;
        assert_true(strlen(gw_status_name(st)) > 0);
        assert_true(strlen(gw_status_text(st)) > 0);
        assert_in_range(gw_status_grpc(st), 0, 16);
        assert_true(i == 0 || gw_status_grpc(st) != 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(gw_status_name(st), gw_status_name((enum gw_status)j));
    }
}

static void test_samples(void **state)
{
    (void)state;
    assert_string_equal(gw_status_name(GW_NOT_FOUND), "NOT_FOUND");
    assert_int_equal(gw_status_grpc(GW_UNAUTHENTICATED), 16);
    assert_true(gw_status_retryable(GW_BUSY));
    assert_false(gw_status_retryable(GW_INVALID));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside_is_internal),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

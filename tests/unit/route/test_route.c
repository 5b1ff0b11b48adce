/* Routes: exact paths only (INVARIANTS R1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "route/route.h"

static struct gw_route_table *table;

static int setup(void **state)
{
    (void)state;
    if (gw_route_table_new(&table) != GW_OK)
        return 1;
    static const struct gw_route row[] = {
        {"/xinqiao.v1.RecordExchange/Push", "RecordExchange/Push", NULL, false},
        {"/xinqiao.v1.RecordExchange/Pull", "RecordExchange/Pull", NULL, false},
        {"/grpc.health.v1.Health/Check", "Health/Check", NULL, true},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        if (gw_route_add(table, &row[i]) != GW_OK)
            return 1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gw_route_table_free(table);
    return 0;
}

static void test_nothing_but_the_exact_path(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool service;
    } row[] = {
        {"", false},
        {"/", false},
        {"//", false},
        {"///", false},
        {"/xinqiao.v1.RecordExchange", false},
        {"/xinqiao.v1.RecordExchange/", false},
        {"xinqiao.v1.RecordExchange/Push", false},
        {"/xinqiao.v1.RecordExchange/Push/", false},
        {"/xinqiao.v1.RecordExchange//Push", false},
        {"/xinqiao.v1.RecordExchange/push", true},
        {"/xinqiao.v1.RecordExchange/Pushx", true},
        {"/xinqiao.v1.RecordExchange/Pus", true},
        {"/xinqiao.v1.RecordExchange/../Push", false},
        {"/xinqiao.v1.recordexchange/Push", false},
        {"/xinqiao.v1.RecordExchange/Push?a=1", true},
        {"/xinqiao.v2.RecordExchange/Push", false},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        bool known = !row[i].service;
        if (gw_route_find(table, gw_bytes_str(row[i].path), &known) != NULL)
            fail_msg("%s", row[i].path);
        if (known != row[i].service)
            fail_msg("%s: service %d", row[i].path, known);
    }
}

static void test_find(void **state)
{
    (void)state;
    bool known = false;
    const struct gw_route *r =
        gw_route_find(table, GW_BYTES_LIT("/grpc.health.v1.Health/Check"), &known);
    assert_non_null(r);
    assert_true(known && r->exempt);
    assert_string_equal(r->method, "Health/Check");
    r = gw_route_find(table, GW_BYTES_LIT("/xinqiao.v1.RecordExchange/Pull"), NULL);
    assert_non_null(r);
    assert_false(r->exempt);
}

static void test_add_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "a/b", "/a", "/a/", "//b", "/a/b/c", "/a//"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        struct gw_route r = {bad[i], "x", NULL, false};
        assert_int_equal(gw_route_add(table, &r), GW_INVALID);
    }
    struct gw_route twice = {"/xinqiao.v1.RecordExchange/Pull", "other", NULL, true};
    assert_int_equal(gw_route_add(table, &twice), GW_EXISTS);
    const struct gw_route *r =
        gw_route_find(table, GW_BYTES_LIT("/xinqiao.v1.RecordExchange/Pull"), NULL);
    assert_string_equal(r->method, "RecordExchange/Pull");
}

static void test_free_of_nothing(void **state)
{
    (void)state;
    gw_route_table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_but_the_exact_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add_refuses, setup, teardown),
        cmocka_unit_test(test_free_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

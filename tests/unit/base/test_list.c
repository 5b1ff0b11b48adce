/* The intrusive list: a node in no list points to itself. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    int n;
    struct gw_list link;
};

static void test_removed_is_alone(void **state)
{
    (void)state;
    struct gw_list head;
    struct item a = {.n = 1};
    gw_list_init(&head);
    gw_list_init(&a.link);
    gw_list_remove(&a.link);
    assert_true(gw_list_empty(&a.link));
    gw_list_append(&head, &a.link);
    assert_false(gw_list_empty(&head));
    gw_list_remove(&a.link);
    gw_list_remove(&a.link);
    assert_true(gw_list_empty(&head));
}

static void test_order_and_removal_in_walk(void **state)
{
    (void)state;
    struct gw_list head;
    struct item items[5];
    gw_list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].n = i;
        gw_list_append(&head, &items[i].link);
    }
    int expected = 0;
    GW_LIST_FOR(it, &head)
    assert_int_equal(GW_CONTAINER_OF(it, struct item, link)->n, expected++);
    assert_int_equal(expected, 5);
    GW_LIST_FOR_SAFE(it, next, &head)
    {
        if (GW_CONTAINER_OF(it, struct item, link)->n % 2 == 0)
            gw_list_remove(it);
    }
    int sum = 0;
    GW_LIST_FOR(it, &head)
    sum += GW_CONTAINER_OF(it, struct item, link)->n;
    assert_int_equal(sum, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removed_is_alone),
        cmocka_unit_test(test_order_and_removal_in_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

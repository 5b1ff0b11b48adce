/* The map: absent and repeated keys, a hundred thousand entries, removal, insertion order. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 100000, KEY_SIZE = 12 };

static void test_absent_and_repeated(void **state)
{
    (void)state;
    struct gw_map *m = gw_map_new();
    int one;
    int two;
    void *old = &one;
    assert_null(gw_map_get(m, GW_BYTES_LIT("a")));
    assert_null(gw_map_remove(m, GW_BYTES_LIT("a")));
    assert_int_equal(gw_map_add(m, GW_BYTES_LIT("a"), &one), GW_OK);
    assert_int_equal(gw_map_add(m, GW_BYTES_LIT("a"), &two), GW_EXISTS);
    assert_ptr_equal(gw_map_get(m, GW_BYTES_LIT("a")), &one);
    assert_null(gw_map_get(m, GW_BYTES_LIT("A")));
    assert_null(gw_map_get(m, GW_BYTES_LIT("a\0")));
    assert_null(gw_map_get(m, GW_BYTES_NONE));
    assert_int_equal(gw_map_put(m, GW_BYTES_LIT("a"), &two, &old), GW_OK);
    assert_ptr_equal(old, &one);
    assert_int_equal(gw_map_put(m, GW_BYTES_NONE, &one, &old), GW_OK);
    assert_null(old);
    assert_ptr_equal(gw_map_get(m, GW_BYTES_LIT("")), &one);
    assert_int_equal(gw_map_put(m, GW_BYTES_LIT("a"), &one, NULL), GW_OK);
    assert_int_equal(gw_map_len(m), 2);
    gw_map_free(m);
    gw_map_free(NULL);
}

static void test_put_takes_the_new_key(void **state)
{
    (void)state;
    struct gw_map *m = gw_map_new();
    char *first = strdup("key");
    char *second = strdup("key");
    assert_int_equal(gw_map_put(m, gw_bytes_str(first), first, NULL), GW_OK);
    void *old = NULL;
    assert_int_equal(gw_map_put(m, gw_bytes_str(second), second, &old), GW_OK);
    free(old);
    assert_ptr_equal(gw_map_get(m, GW_BYTES_LIT("key")), second);
    free(gw_map_remove(m, GW_BYTES_LIT("key")));
    gw_map_free(m);
}

static void test_many(void **state)
{
    (void)state;
    char(*keys)[KEY_SIZE] = calloc(MANY, sizeof(*keys));
    struct gw_map *m = gw_map_new();
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], KEY_SIZE, "k%d", i);
        assert_int_equal(gw_map_add(m, gw_bytes_str(keys[i]), keys[i]), GW_OK);
    }
    for (int i = 0; i < MANY; i += 2)
        assert_ptr_equal(gw_map_remove(m, gw_bytes_str(keys[i])), keys[i]);
    assert_int_equal(gw_map_len(m), MANY / 2);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(gw_map_get(m, gw_bytes_str(keys[i])), i % 2 != 0 ? keys[i] : NULL);

    struct gw_bytes key;
    void *value;
    int next = 1;
    for (size_t pos = 0; gw_map_next(m, &pos, &key, &value); next += 2)
        assert_ptr_equal(value, keys[next]);
    assert_int_equal(next, MANY + 1);

    for (int i = 0; i < MANY; i += 2)
        assert_int_equal(gw_map_add(m, gw_bytes_str(keys[i]), keys[i]), GW_OK);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(gw_map_get(m, gw_bytes_str(keys[i])), keys[i]);
    gw_map_free(m);
    free(keys);
}

/* A queue of keys passes through: dead entries must not pile up. */
static void test_churn(void **state)
{
    (void)state;
    static char keys[64][KEY_SIZE];
    struct gw_map *m = gw_map_new();
    for (int i = 0; i < MANY; i++) {
        char *slot = keys[i % 64];
        if (slot[0] != '\0')
            assert_ptr_equal(gw_map_remove(m, gw_bytes_str(slot)), slot);
        snprintf(slot, KEY_SIZE, "%d", i);
        assert_int_equal(gw_map_add(m, gw_bytes_str(slot), slot), GW_OK);
    }
    assert_int_equal(gw_map_len(m), 64);
    size_t walked = 0;
    for (size_t pos = 0; gw_map_next(m, &pos, NULL, NULL);)
        walked++;
    assert_int_equal(walked, 64);
    gw_map_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_and_repeated),
        cmocka_unit_test(test_put_takes_the_new_key),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

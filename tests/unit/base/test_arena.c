/* The arena keeps its budget, remembers a refusal, and gives back what a mark covers. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_budget(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 64);
    assert_non_null(gw_arena_alloc(a, 48));
    assert_null(gw_arena_alloc(a, 17));
    assert_true(gw_arena_failed(a));
    /* Sticky, though a small piece would fit. */
    assert_null(gw_arena_alloc(a, 1));
    assert_null(gw_arena_strdup(a, ""));
    assert_null(gw_arena_printf(a, "%d", 1));
    assert_null(gw_arena_dup(a, GW_BYTES_LIT("a")).ptr);
    gw_arena_reset(a);
    assert_false(gw_arena_failed(a));
    assert_non_null(gw_arena_alloc(a, 64));
    gw_arena_free(a);
    gw_arena_free(NULL);
}

static void test_overflowing_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2 + 1};
    struct gw_arena *a = gw_arena_new("test", SIZE_MAX);
    for (size_t i = 0; i < GW_ARRAY_LEN(sizes); i++) {
        gw_arena_reset(a);
        assert_null(gw_arena_calloc(a, sizes[i], 2));
        assert_true(gw_arena_failed(a));
    }
    gw_arena_reset(a);
    assert_null(gw_arena_alloc(a, SIZE_MAX));
    assert_true(gw_arena_failed(a));
    gw_arena_reset(a);
    assert_null(gw_arena_strndup(a, "x", SIZE_MAX));
    assert_true(gw_arena_failed(a));
    gw_arena_free(a);
}

static void test_alignment_and_zero(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 1 << 20);
    for (size_t i = 0; i < 300; i++) {
        uint8_t *p = gw_arena_alloc(a, i);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 0xee, i);
    }
    gw_arena_reset(a);
    uint8_t *z = gw_arena_calloc(a, 10, 10);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(z[i], 0);
    gw_arena_free(a);
}

static void test_rewind_over_blocks(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 10 << 20);
    char *kept = gw_arena_strdup(a, "kept");
    struct gw_arena_mark mark = gw_arena_mark(a);
    size_t used = gw_arena_used(a);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 500; i++) {
            uint8_t *p = gw_arena_alloc(a, 1000);
            assert_non_null(p);
            memset(p, (int)i, 1000);
        }
        assert_non_null(gw_arena_alloc(a, 1 << 20));
        gw_arena_rewind(a, mark);
        assert_int_equal(gw_arena_used(a), used);
        assert_string_equal(kept, "kept");
    }
    gw_arena_free(a);
}

static void test_rewind_restores_failed(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 32);
    struct gw_arena_mark good = gw_arena_mark(a);
    assert_null(gw_arena_alloc(a, 100));
    struct gw_arena_mark bad = gw_arena_mark(a);
    gw_arena_rewind(a, bad);
    assert_true(gw_arena_failed(a));
    gw_arena_rewind(a, good);
    assert_false(gw_arena_failed(a));
    assert_non_null(gw_arena_alloc(a, 32));
    gw_arena_free(a);
}

static void test_copies(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 4096);
    assert_string_equal(gw_arena_strndup(a, "abcdef", 3), "abc");
    assert_string_equal(gw_arena_strndup(a, NULL, 0), "");
    assert_string_equal(gw_arena_printf(a, "%s-%d", "x", 7), "x-7");
    assert_true(gw_bytes_eq_str(gw_arena_dup(a, GW_BYTES_LIT("xyz")), "xyz"));
    assert_non_null(gw_arena_dup(a, GW_BYTES_NONE).ptr);
    assert_false(gw_arena_failed(a));
    gw_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_overflowing_sizes),
        cmocka_unit_test(test_alignment_and_zero),
        cmocka_unit_test(test_rewind_over_blocks),
        cmocka_unit_test(test_rewind_restores_failed),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

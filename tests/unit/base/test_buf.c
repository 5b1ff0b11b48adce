/* The buffer's limit is hard and its failure sticky. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_limit_is_sticky(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 4);
    gw_buf_str(&b, "abc");
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    gw_buf_str(&b, "de");
    assert_int_equal(gw_buf_failed(&b), GW_TOO_LARGE);
    gw_buf_str(&b, "f");
    assert_null(gw_buf_extend(&b, 0));
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "abc"));
    gw_buf_reset(&b);
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    gw_buf_str(&b, "full");
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    gw_buf_fini(&b);
}

static void test_overflow_of_sum(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, SIZE_MAX);
    gw_buf_u8(&b, 1);
    assert_null(gw_buf_extend(&b, SIZE_MAX));
    assert_int_equal(gw_buf_failed(&b), GW_TOO_LARGE);
    gw_buf_fini(&b);
}

static void test_no_memory(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    skip();
#endif
#endif
    struct gw_buf b;
    gw_buf_init(&b, SIZE_MAX);
    assert_null(gw_buf_extend(&b, SIZE_MAX / 4));
    assert_int_equal(gw_buf_failed(&b), GW_NOMEM);
    assert_int_equal(b.len, 0);
    gw_buf_fini(&b);
}

static void test_zero_limit(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 0);
    gw_buf_append(&b, NULL, 0);
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    gw_buf_u8(&b, 0);
    assert_int_equal(gw_buf_failed(&b), GW_TOO_LARGE);
    gw_buf_fini(&b);
}

static void test_fixed(void **state)
{
    (void)state;
    char mem[4];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    gw_buf_printf(&b, "%d", 1234);
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    assert_memory_equal(mem, "1234", 4);
    gw_buf_u8(&b, 0);
    assert_int_equal(gw_buf_failed(&b), GW_TOO_LARGE);
    gw_buf_fini(&b);
}

static void test_numbers(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 1000);
    gw_buf_u8(&b, 0x01);
    gw_buf_u16be(&b, 0x0203);
    gw_buf_u32be(&b, 0xf4050607);
    gw_buf_u64be(&b, UINT64_C(0xf8090a0b0c0d0e0f));
    gw_buf_varint(&b, 300);
    assert_true(gw_bytes_eq(
        gw_buf_view(&b),
        GW_BYTES_LIT("\x01\x02\x03\xf4\x05\x06\x07\xf8\x09\x0a\x0b\x0c\x0d\x0e\x0f\xac\x02")));
    gw_buf_fini(&b);
}

static void test_length_prefix(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 14);
    size_t outer = gw_buf_begin_u32be(&b);
    gw_buf_str(&b, "ab");
    size_t inner = gw_buf_begin_u32be(&b);
    gw_buf_str(&b, "c");
    gw_buf_end_u32be(&b, inner);
    gw_buf_end_u32be(&b, outer);
    assert_true(gw_bytes_eq(gw_buf_view(&b), GW_BYTES_LIT("\0\0\0\x07"
                                                          "ab\0\0\0\x01"
                                                          "c")));
    size_t late = gw_buf_begin_u32be(&b);
    gw_buf_end_u32be(&b, late);
    assert_int_equal(gw_buf_failed(&b), GW_TOO_LARGE);
    gw_buf_fini(&b);
}

static void test_growth_and_consume(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 100000);
    for (int i = 0; i < 20000; i++)
        gw_buf_printf(&b, "%05d", i);
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    assert_int_equal(b.len, 100000);
    assert_true(b.cap <= b.max);
    gw_buf_consume(&b, 99995);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "19999"));
    gw_buf_consume(&b, 0);
    gw_buf_consume(&b, 5);
    assert_int_equal(b.len, 0);
    gw_buf_fini(&b);
}

static void test_long_printf(void **state)
{
    (void)state;
    char word[1001];
    memset(word, 'x', 1000);
    word[1000] = '\0';
    struct gw_buf b;
    gw_buf_init(&b, 1002);
    gw_buf_printf(&b, "<%s>", word);
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    assert_int_equal(b.len, 1002);
    assert_int_equal(b.ptr[1001], '>');
    gw_buf_printf(&b, "%s", "");
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    gw_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_is_sticky), cmocka_unit_test(test_overflow_of_sum),
        cmocka_unit_test(test_no_memory),       cmocka_unit_test(test_zero_limit),
        cmocka_unit_test(test_fixed),           cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_length_prefix),   cmocka_unit_test(test_growth_and_consume),
        cmocka_unit_test(test_long_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

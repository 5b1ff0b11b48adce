/* Reading never passes the end, moves only on success, and takes one spelling of a varint. */
#include "base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static struct gw_cursor over(struct gw_bytes b)
{
    return gw_cursor_make(b);
}

static void test_truncated_leaves_cursor(void **state)
{
    (void)state;
    struct gw_bytes in = GW_BYTES_LIT("\x01\x02\x03\x04\x05\x06\x07");
    uint8_t u8 = 9;
    uint16_t u16 = 9;
    uint32_t u32 = 9;
    uint64_t u64 = 9;
    struct gw_bytes taken = GW_BYTES_NONE;
    struct gw_cursor c = over(GW_BYTES_NONE);
    assert_int_equal(gw_cursor_u8(&c, &u8), GW_TRUNCATED);
    assert_int_equal(gw_cursor_varint(&c, &u64), GW_TRUNCATED);
    c = over(gw_bytes_make(in.ptr, 1));
    assert_int_equal(gw_cursor_u16be(&c, &u16), GW_TRUNCATED);
    c = over(gw_bytes_make(in.ptr, 3));
    assert_int_equal(gw_cursor_u32be(&c, &u32), GW_TRUNCATED);
    c = over(in);
    assert_int_equal(gw_cursor_u64be(&c, &u64), GW_TRUNCATED);
    assert_int_equal(gw_cursor_take(&c, 8, &taken), GW_TRUNCATED);
    assert_int_equal(gw_cursor_take(&c, SIZE_MAX, &taken), GW_TRUNCATED);
    assert_int_equal(gw_cursor_left(&c), 7);
    assert_int_equal(u8, 9);
    assert_int_equal(u16, 9);
    assert_int_equal(u32, 9);
    assert_int_equal(u64, 9);
    assert_null(taken.ptr);
}

static void test_varint_refuses(void **state)
{
    (void)state;
    static const struct {
        struct gw_bytes in;
        enum gw_status st;
    } rows[] = {
        {{(const uint8_t *)"\x80", 1}, GW_TRUNCATED},
        {{(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9}, GW_TRUNCATED},
        /* Non-minimal: 0 and 1 with a byte too many. */
        {{(const uint8_t *)"\x80\x00", 2}, GW_INVALID},
        {{(const uint8_t *)"\x81\x80\x00", 3}, GW_INVALID},
        /* 65 bits, and eleven bytes. */
        {{(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, GW_INVALID},
        {{(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11}, GW_INVALID},
        {{(const uint8_t *)"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10}, GW_INVALID},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        struct gw_cursor c = over(rows[i].in);
        uint64_t v = 42;
        assert_int_equal(gw_cursor_varint(&c, &v), rows[i].st);
        assert_int_equal(v, 42);
        assert_int_equal(gw_cursor_left(&c), rows[i].in.len);
    }
}

static void test_varint_round_trip(void **state)
{
    (void)state;
    static const uint64_t values[] = {
        0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < GW_ARRAY_LEN(values); i++) {
        uint8_t mem[10];
        struct gw_buf b;
        gw_buf_init_fixed(&b, mem, sizeof(mem));
        gw_buf_varint(&b, values[i]);
        struct gw_cursor c = over(gw_buf_view(&b));
        uint64_t v = 0;
        assert_int_equal(gw_cursor_varint(&c, &v), GW_OK);
        assert_true(v == values[i]);
        assert_int_equal(gw_cursor_left(&c), 0);
    }
}

static void test_big_endian(void **state)
{
    (void)state;
    struct gw_cursor c =
        over(GW_BYTES_LIT("\x01\x02\x03\xff\x04\x05\x06\xf7\x08\x09\x0a\x0b\x0c\x0d\x0e"));
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    assert_int_equal(gw_cursor_u8(&c, &u8), GW_OK);
    assert_int_equal(gw_cursor_u16be(&c, &u16), GW_OK);
    assert_int_equal(gw_cursor_u32be(&c, &u32), GW_OK);
    assert_int_equal(gw_cursor_u64be(&c, &u64), GW_OK);
    assert_int_equal(u8, 0x01);
    assert_int_equal(u16, 0x0203);
    assert_true(u32 == 0xff040506u);
    assert_true(u64 == UINT64_C(0xf708090a0b0c0d0e));
}

static void test_until(void **state)
{
    (void)state;
    struct gw_cursor c = over(GW_BYTES_LIT("ab\n\nc"));
    struct gw_bytes line;
    assert_int_equal(gw_cursor_until(&c, '\n', &line), GW_OK);
    assert_true(gw_bytes_eq_str(line, "ab"));
    assert_int_equal(gw_cursor_until(&c, '\n', &line), GW_OK);
    assert_int_equal(line.len, 0);
    assert_int_equal(gw_cursor_until(&c, '\n', &line), GW_NOT_FOUND);
    assert_int_equal(gw_cursor_left(&c), 1);
    c = over(GW_BYTES_NONE);
    assert_int_equal(gw_cursor_until(&c, '\n', &line), GW_NOT_FOUND);
    assert_int_equal(gw_cursor_take(&c, 0, &line), GW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated_leaves_cursor),
        cmocka_unit_test(test_varint_refuses),
        cmocka_unit_test(test_varint_round_trip),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_until),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

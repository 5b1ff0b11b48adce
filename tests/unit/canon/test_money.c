/* Money: exact or refused, never rounded (INVARIANTS C1; formats.md section 9, traps 1 and 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "canon/canon.h"

enum { YUAN = 100, WAN = 1000000, UNTOUCHED = -7 };

static const struct {
    const char *text;
    int64_t unit;
    enum gw_status st;
    int64_t fen;
} row[] = {
    {"", WAN, GW_INVALID, 0},
    {".", WAN, GW_INVALID, 0},
    {"1.", WAN, GW_INVALID, 0},
    {"-1", YUAN, GW_INVALID, 0},
    {"+1", YUAN, GW_INVALID, 0},
    {"1,000", YUAN, GW_INVALID, 0},
    {"1e3", YUAN, GW_INVALID, 0},
    {" 1", YUAN, GW_INVALID, 0},
    {"1 ", YUAN, GW_INVALID, 0},
    {"1.0.0", YUAN, GW_INVALID, 0},
    {"１", YUAN, GW_INVALID, 0},
    {"\\N", YUAN, GW_INVALID, 0},
    {"0.0000001", WAN, GW_UNSUPPORTED, 0},
    {"1.0000000", WAN, GW_UNSUPPORTED, 0},
    {"2000.001", YUAN, GW_UNSUPPORTED, 0},
    {"2000.005", YUAN, GW_UNSUPPORTED, 0},
    {"2000.0000001", YUAN, GW_UNSUPPORTED, 0},
    {"1000000000000", WAN, GW_TOO_LARGE, 0},
    {"1000000000000", YUAN, GW_TOO_LARGE, 0},
    {"99999999999999999999999999999999999999999999999999", YUAN, GW_TOO_LARGE, 0},
    {"0.000000000000000000000000000000000000000000000000", YUAN, GW_TOO_LARGE, 0},
    {"0", WAN, GW_OK, 0},
    {"0.00", YUAN, GW_OK, 0},
    {"0.2", WAN, GW_OK, 200000},
    {".2", WAN, GW_OK, 200000},
    {"0.000001", WAN, GW_OK, 1},
    {"2000", YUAN, GW_OK, 200000},
    {"2000.00", YUAN, GW_OK, 200000},
    {"2000.0000", YUAN, GW_OK, 200000},
    {"0.01", YUAN, GW_OK, 1},
    {"0000000000000000000012.5", YUAN, GW_OK, 1250},
    {"12.5", WAN, GW_OK, 12500000},
    {"999999999999.999999", WAN, GW_OK, INT64_C(999999999999999999)},
    {"999999999999.99", YUAN, GW_OK, INT64_C(99999999999999)},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        int64_t fen = UNTOUCHED;
        enum gw_status st = gw_canon_money_parse(gw_bytes_str(row[i].text), row[i].unit, &fen);
        if (st != row[i].st)
            fail_msg("\"%s\": %s", row[i].text, gw_status_name(st));
        assert_int_equal(fen, st == GW_OK ? row[i].fen : UNTOUCHED);
    }
}

static void expect(int64_t fen, int64_t unit, unsigned decimals, const char *text)
{
    struct gw_buf b;
    gw_buf_init(&b, 64);
    gw_canon_money_format(fen, unit, decimals, &b);
    gw_buf_u8(&b, 0);
    assert_string_equal((char *)b.ptr, text);
    gw_buf_fini(&b);
}

static void test_format(void **state)
{
    (void)state;
    expect(200000, WAN, 0, "0.2");
    expect(200000, WAN, 2, "0.20");
    expect(200000, WAN, 6, "0.200000");
    expect(1, WAN, 2, "0.000001");
    expect(0, WAN, 0, "0");
    expect(0, WAN, 6, "0.000000");
    expect(200000, YUAN, 0, "2000");
    expect(200000, YUAN, 2, "2000.00");
    expect(200000, YUAN, 6, "2000.000000");
    expect(200001, YUAN, 0, "2000.01");
    expect(200010, YUAN, 0, "2000.1");
    expect(INT64_C(999999999999999999), WAN, 6, "999999999999.999999");
    expect(INT64_MIN, YUAN, 2, "-92233720368547758.08");
    expect(7, 1, 0, "7");
}

/* What is written reads back, in both units. */
static void test_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 20180701;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        int64_t fen = (int64_t)(seed >> (5 + i % 50)) % INT64_C(99999999999999);
        for (unsigned u = 0; u < 2; u++) {
            char mem[64];
            struct gw_buf b;
            int64_t back = UNTOUCHED;
            gw_buf_init_fixed(&b, mem, sizeof(mem));
            gw_canon_money_format(fen, u != 0 ? WAN : YUAN, (unsigned)i % 7, &b);
            assert_int_equal(gw_canon_money_parse(gw_buf_view(&b), u != 0 ? WAN : YUAN, &back),
                             GW_OK);
            assert_int_equal(back, fen);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* UTF-8, hex, base64, numbers, JSON strings: one spelling is taken, everything else is refused. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

#define B(s) GW_BYTES_LIT(s)

static void test_utf8_refuses(void **state)
{
    (void)state;
    static const struct gw_bytes bad[] = {
        {(const uint8_t *)"\x80", 1},             /* a lone continuation */
        {(const uint8_t *)"\xc0\x80", 2},         /* overlong NUL */
        {(const uint8_t *)"\xc1\xbf", 2},         /* overlong */
        {(const uint8_t *)"\xe0\x9f\xbf", 3},     /* overlong */
        {(const uint8_t *)"\xf0\x8f\xbf\xbf", 4}, /* overlong */
        {(const uint8_t *)"\xed\xa0\x80", 3},     /* first surrogate */
        {(const uint8_t *)"\xed\xbf\xbf", 3},     /* last surrogate */
        {(const uint8_t *)"\xf4\x90\x80\x80", 4}, /* U+110000 */
        {(const uint8_t *)"\xf5\x80\x80\x80", 4},
        {(const uint8_t *)"\xff", 1},
        {(const uint8_t *)"\xe4\xbf", 2}, /* ends too early */
        {(const uint8_t *)"\xf0\x9f\x98", 3},
        {(const uint8_t *)"\xc3(", 2},
        {(const uint8_t *)"abcdefgh\xe4\xbf", 10},
        {(const uint8_t *)"\xe4\xbf\x41", 3},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        assert_false(gw_utf8_valid(bad[i]));
        struct gw_cursor c = gw_cursor_make(bad[i]);
        uint32_t cp;
        enum gw_status st = GW_OK;
        while (st == GW_OK && gw_cursor_left(&c) != 0)
            st = gw_utf8_next(&c, &cp);
        assert_int_equal(st, GW_INVALID);
    }
    struct gw_cursor none = gw_cursor_make(GW_BYTES_NONE);
    uint32_t cp = 5;
    assert_int_equal(gw_utf8_next(&none, &cp), GW_INVALID);
    assert_int_equal(cp, 5);
}

static void test_utf8_every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x110001; cp++) {
        uint8_t mem[4];
        struct gw_buf b;
        gw_buf_init_fixed(&b, mem, sizeof(mem));
        gw_utf8_put(&b, cp);
        assert_int_equal(gw_buf_failed(&b), GW_OK);
        struct gw_cursor c = gw_cursor_make(gw_buf_view(&b));
        uint32_t back = 0;
        assert_int_equal(gw_utf8_next(&c, &back), GW_OK);
        bool surrogate = cp >= 0xd800 && cp <= 0xdfff;
        assert_int_equal(back, surrogate || cp > 0x10ffff ? 0xfffd : cp);
        assert_int_equal(gw_cursor_left(&c), 0);
    }
}

static void test_utf8_count_and_cut(void **state)
{
    (void)state;
    struct gw_bytes s = B("a信b𝄞");
    assert_true(gw_utf8_valid(s));
    assert_int_equal(gw_utf8_chars(s), 4);
    static const size_t cut[] = {0, 1, 1, 1, 4, 5, 5, 5, 5, 9, 9};
    for (size_t max = 0; max < GW_ARRAY_LEN(cut); max++)
        assert_int_equal(gw_utf8_cut(s, max).len, cut[max]);
    assert_int_equal(gw_utf8_cut(GW_BYTES_NONE, 3).len, 0);
    assert_true(gw_utf8_valid(GW_BYTES_NONE));
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t out[2] = {7, 7};
    assert_int_equal(gw_hex_decode(B("0"), out, 2), GW_INVALID);
    assert_int_equal(gw_hex_decode(B("00ff0"), out, 2), GW_INVALID);
    assert_int_equal(gw_hex_decode(B("00ff00"), out, 2), GW_INVALID);
    assert_int_equal(gw_hex_decode(B("00"), out, 2), GW_INVALID);
    assert_int_equal(gw_hex_decode(B("00fg"), out, 2), GW_INVALID);
    assert_int_equal(gw_hex_decode(B("0x00"), out, 2), GW_INVALID);
    assert_int_equal(out[0], 7);
    assert_int_equal(gw_hex_decode(B("aBF0"), out, 2), GW_OK);
    assert_memory_equal(out, "\xab\xf0", 2);
    assert_int_equal(gw_hex_decode(GW_BYTES_NONE, out, 0), GW_OK);
    uint8_t mem[4];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    gw_hex_put(&b, gw_bytes_make(out, 2));
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "abf0"));
    gw_hex_put(&b, gw_bytes_make(out, 1));
    assert_int_equal(gw_buf_failed(&b), GW_TOO_LARGE);
}

static void test_base64_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"A",
                                      "AA",
                                      "AAA",
                                      "A===",
                                      "====",
                                      "=",
                                      "AA=A",
                                      "AB==",
                                      "AAB=",
                                      "AA==AA==",
                                      "AA==\n",
                                      "AA ==",
                                      " AA==",
                                      "AA-_",
                                      "AAAA=",
                                      "AAAAA",
                                      "AAAA====",
                                      "AA=",
                                      "A=AA",
                                      ("\xff"
                                       "AAA")};
    struct gw_buf b;
    gw_buf_init(&b, 100);
    gw_buf_str(&b, "x");
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        assert_int_equal(gw_base64_decode(gw_bytes_str(bad[i]), &b), GW_INVALID);
    static const char *const bad_url[] = {"A", "AA==", "AB", "AAB", "AA+/", "AAAAA", "AA\n"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad_url); i++)
        assert_int_equal(gw_base64url_decode(gw_bytes_str(bad_url[i]), &b), GW_INVALID);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "x"));
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    gw_buf_fini(&b);
}

static void test_base64_vectors(void **state)
{
    (void)state;
    /* RFC 4648 section 10. */
    static const char *const rows[][3] = {{"", "", ""},
                                          {"f", "Zg==", "Zg"},
                                          {"fo", "Zm8=", "Zm8"},
                                          {"foo", "Zm9v", "Zm9v"},
                                          {"foob", "Zm9vYg==", "Zm9vYg"},
                                          {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                                          {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                                          {"\xfb\xff\xbf", "+/+/", "-_-_"}};
    struct gw_buf b;
    gw_buf_init(&b, 100);
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        gw_buf_reset(&b);
        gw_base64_put(&b, gw_bytes_str(rows[i][0]));
        assert_true(gw_bytes_eq_str(gw_buf_view(&b), rows[i][1]));
        gw_buf_reset(&b);
        gw_base64url_put(&b, gw_bytes_str(rows[i][0]));
        assert_true(gw_bytes_eq_str(gw_buf_view(&b), rows[i][2]));
        gw_buf_reset(&b);
        assert_int_equal(gw_base64_decode(gw_bytes_str(rows[i][1]), &b), GW_OK);
        assert_int_equal(gw_base64url_decode(gw_bytes_str(rows[i][2]), &b), GW_OK);
        size_t len = strlen(rows[i][0]);
        assert_int_equal(b.len, 2 * len);
        assert_true(len == 0 || memcmp(b.ptr, rows[i][0], len) == 0);
    }
    gw_buf_fini(&b);
    gw_buf_init(&b, 2);
    assert_int_equal(gw_base64_decode(B("Zm9v"), &b), GW_TOO_LARGE);
    assert_int_equal(b.len, 0);
    gw_buf_fini(&b);
}

static void test_u64(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      "01",
                                      "00",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "１"};
    uint64_t v = 3;
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        assert_int_equal(gw_text_u64(gw_bytes_str(bad[i]), &v), GW_INVALID);
    assert_int_equal(v, 3);
    assert_int_equal(gw_text_u64(B("0"), &v), GW_OK);
    assert_int_equal(v, 0);
    assert_int_equal(gw_text_u64(B("18446744073709551615"), &v), GW_OK);
    assert_true(v == UINT64_MAX);
}

static void test_json_string(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 200);
    gw_json_put_string(&b, B("a\"b\\c\n\x1f\x7f信\0z"));
    assert_true(gw_bytes_eq(gw_buf_view(&b), B("\"a\\\"b\\\\c\\u000a\\u001f\x7f信\\u0000z\"")));
    gw_buf_reset(&b);
    gw_json_put_string(&b, GW_BYTES_NONE);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "\"\""));
    gw_buf_reset(&b);
    gw_json_put_string_named(&b, B("a\"b\\c\b\f\n\r\t\x1f\x0b/\x7f信\0z"));
    assert_true(gw_bytes_eq(gw_buf_view(&b),
                            B("\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u001f\\u000b/\x7f信\\u0000z\"")));
    gw_buf_fini(&b);
}

static void test_distance(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        unsigned cap;
        unsigned want;
    } rows[] = {
        {"", "", 3, 0},
        {"a", "", 3, 1},
        {"kitten", "sitting", 9, 3},
        {"kitten", "sitting", 2, 2},
        {"abcd", "acbd", 3, 1},
        {"ab", "ba", 9, 1},
        {"abcdef", "badcfe", 9, 3},
        {"abcdef", "badcfe", 3, 3},
        {"penalty", "penatly", 2, 1},
        {"信用", "信誉", 3, 1},
        {"行政处罚", "行政许可", 9, 2},
        {"abc", "xyz", 0, 0},
        {"abc", "abcdefgh", 4, 4},
        {"\xff", "\xfe", 3, 1},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        assert_int_equal(
            gw_text_distance(gw_bytes_str(rows[i].a), gw_bytes_str(rows[i].b), rows[i].cap),
            rows[i].want);
        assert_int_equal(
            gw_text_distance(gw_bytes_str(rows[i].b), gw_bytes_str(rows[i].a), rows[i].cap),
            rows[i].want);
    }
    char long_a[201];
    char long_b[201];
    memset(long_a, 'a', 200);
    memset(long_b, 'a', 200);
    long_b[0] = 'b';
    assert_int_equal(gw_text_distance(gw_bytes_make(long_a, 200), gw_bytes_make(long_b, 200), 5),
                     5);
    assert_int_equal(gw_text_distance(gw_bytes_make(long_a, 128), gw_bytes_make(long_b, 128), 5),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_refuses),
        cmocka_unit_test(test_utf8_every_code_point),
        cmocka_unit_test(test_utf8_count_and_cut),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64_is_strict),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_u64),
        cmocka_unit_test(test_json_string),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* grpc/answer.c and codes.c: trailers there and back, percent-encoding, what a proxy's answer
 * means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grpc/grpc_internal.h"

static struct gw_bytes value_of(const struct gw_http2_header *h, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (gw_bytes_eq_str(h[i].name, name))
            return h[i].value;
    return GW_BYTES_NONE;
}

static void test_refused_trailers(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 64 * 1024);
    struct gw_http2_header *h;
    size_t n;
    assert_int_equal(gw_grpc_trailers(a, 17, GW_BYTES_NONE, GW_BYTES_NONE, NULL, 0, false, &h, &n),
                     GW_INVALID);
    assert_int_equal(gw_grpc_trailers(a, -1, GW_BYTES_NONE, GW_BYTES_NONE, NULL, 0, false, &h, &n),
                     GW_INVALID);
    struct gw_grpc_metadata bad = {GW_BYTES_LIT("exchange-receipt"), GW_BYTES_LIT("a\r\nb")};
    assert_int_equal(gw_grpc_trailers(a, 0, GW_BYTES_NONE, GW_BYTES_NONE, &bad, 1, false, &h, &n),
                     GW_INVALID);
    gw_arena_free(a);
    a = gw_arena_new("test", 16);
    assert_int_equal(gw_grpc_trailers(a, 0, GW_BYTES_NONE, GW_BYTES_NONE, NULL, 0, true, &h, &n),
                     GW_NOMEM);
    gw_arena_free(a);
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 64 * 1024);
    struct gw_http2_header *h;
    size_t n;
    struct gw_bytes message = GW_BYTES_LIT("100% \xe4\xb8\x8d\xe5\xad\x98\xe5\x9c\xa8\n~");
    struct gw_bytes details = GW_BYTES_LIT("\x08\x05\0\xff");
    struct gw_grpc_metadata extra = {GW_BYTES_LIT("exchange-receipt"),
                                     GW_BYTES_LIT("gw.example/log 17")};
    assert_int_equal(gw_grpc_trailers(a, 5, message, details, &extra, 1, true, &h, &n), GW_OK);
    assert_true(gw_bytes_eq_str(h[0].name, ":status"));
    assert_true(gw_bytes_eq_str(value_of(h, n, "grpc-status"), "5"));
    assert_true(
        gw_bytes_eq_str(value_of(h, n, "grpc-message"), "100%25 %E4%B8%8D%E5%AD%98%E5%9C%A8%0A~"));
    assert_true(gw_bytes_eq_str(value_of(h, n, "grpc-status-details-bin"), "CAUA/w"));
    struct gw_grpc_result r;
    assert_int_equal(gw_grpc_result_parse(h, n, a, &r), GW_OK);
    assert_int_equal(r.code, 5);
    assert_true(gw_bytes_eq(r.message, message));
    assert_true(gw_bytes_eq(r.details, details));
    assert_int_equal(r.metadata_count, 1);
    assert_int_equal(gw_grpc_response_headers(a, &h, &n), GW_OK);
    assert_true(gw_bytes_eq_str(value_of(h, n, ":status"), "200"));
    assert_true(gw_bytes_eq_str(value_of(h, n, "content-type"), "application/grpc+proto"));
    gw_arena_free(a);
}

static int code_of(struct gw_arena *a, const char *name, const char *value)
{
    struct gw_http2_header h = {gw_bytes_str(name), gw_bytes_str(value)};
    struct gw_grpc_result r;
    assert_int_equal(gw_grpc_result_parse(&h, 1, a, &r), GW_OK);
    return r.code;
}

static void test_odd_answers(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 64 * 1024);
    assert_int_equal(code_of(a, "grpc-status", "17"), GW_GRPC_UNKNOWN);
    assert_int_equal(code_of(a, "grpc-status", "-1"), GW_GRPC_UNKNOWN);
    assert_int_equal(code_of(a, "grpc-status", ""), GW_GRPC_UNKNOWN);
    assert_int_equal(code_of(a, "x", "y"), GW_GRPC_UNKNOWN);
    assert_int_equal(code_of(a, ":status", "502"), GW_GRPC_UNAVAILABLE);
    assert_int_equal(code_of(a, ":status", "404"), GW_GRPC_UNIMPLEMENTED);
    assert_int_equal(code_of(a, ":status", "200"), GW_GRPC_UNKNOWN);
    struct gw_bytes out;
    assert_int_equal(gw_grpc_percent_decode(a, GW_BYTES_LIT("a%zz%4%41%"), &out), GW_OK);
    assert_true(gw_bytes_eq_str(out, "a%zz%4A%"));
    gw_arena_free(a);
}

static void test_codes(void **state)
{
    (void)state;
    static const int http[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 501, 500, 503, 500, 401};
    for (int i = 0; i < 17; i++)
        assert_int_equal(gw_grpc_http_status(i), http[i]);
    assert_int_equal(gw_grpc_http_status(99), 500);
    assert_string_equal(gw_grpc_code_name(16), "UNAUTHENTICATED");
    assert_string_equal(gw_grpc_code_name(-1), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_trailers),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

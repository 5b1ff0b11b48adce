/* grpc/request.c and metadata.c: a head that is no gRPC call is refused with the status that the
 * document gives; a good one is read whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "grpc/grpc_internal.h"

enum { MAX_HEADERS = 24 };

struct head {
    struct gw_http2_header h[MAX_HEADERS];
    size_t n;
};

static void put(struct head *hd, const char *name, const char *value)
{
    for (size_t i = 0; i < hd->n; i++) {
        if (gw_bytes_eq_str(hd->h[i].name, name)) {
            hd->h[i].value = gw_bytes_str(value);
            return;
        }
    }
    hd->h[hd->n++] = (struct gw_http2_header){gw_bytes_str(name), gw_bytes_str(value)};
}

static void add(struct head *hd, const char *name, const char *value)
{
    hd->h[hd->n++] = (struct gw_http2_header){gw_bytes_str(name), gw_bytes_str(value)};
}

static struct head good_head(void)
{
    struct head hd = {.n = 0};
    put(&hd, ":method", "POST");
    put(&hd, ":scheme", "https");
    put(&hd, ":path", "/xinqiao.v1.RecordExchange/Push");
    put(&hd, ":authority", "gateway.example");
    put(&hd, "te", "trailers");
    put(&hd, "content-type", "application/grpc");
    return hd;
}

static void drop(struct head *hd, const char *name)
{
    for (size_t i = 0; i < hd->n; i++) {
        if (!gw_bytes_eq_str(hd->h[i].name, name))
            continue;
        memmove(&hd->h[i], &hd->h[i + 1], (hd->n - i - 1) * sizeof hd->h[0]);
        hd->n--;
        return;
    }
}

static void refused(const struct head *hd, int http, int grpc)
{
    struct gw_arena *a = gw_arena_new("test", 64 * 1024);
    struct gw_grpc_request r;
    memset(&r, 0x5a, sizeof r);
    struct gw_grpc_request before = r;
    int got_http = -1;
    int got_grpc = -1;
    assert_int_equal(gw_grpc_request_parse(hd->h, hd->n, a, &r, &got_http, &got_grpc), GW_INVALID);
    assert_int_equal(got_http, http);
    if (http == 0)
        assert_int_equal(got_grpc, grpc);
    assert_memory_equal(&r, &before, sizeof r);
    gw_arena_free(a);
}

static void test_not_grpc(void **state)
{
    (void)state;
    static const char *const types[] = {"application/json",
                                        "application/grpc-web",
                                        "application/grpc+json",
                                        "application/grp",
                                        "",
                                        "application/grpc+protobuf"};
    for (size_t i = 0; i < GW_ARRAY_LEN(types); i++) {
        struct head hd = good_head();
        put(&hd, "content-type", types[i]);
        refused(&hd, 415, 0);
    }
    struct head hd = good_head();
    drop(&hd, "content-type");
    refused(&hd, 415, 0);
    hd = good_head();
    put(&hd, ":method", "GET");
    refused(&hd, 405, 0);
    static const char *const paths[] = {"",       "/",        "/a",           "a/b",    "//b",
                                        "/a/",    "/a/b/c",   "/a/b?x=1",     "/a/b#c", "/a/%62",
                                        "/a b/c", "/a/b;v=1", "/a/b\xc3\xa4", "*"};
    for (size_t i = 0; i < GW_ARRAY_LEN(paths); i++) {
        hd = good_head();
        put(&hd, ":path", paths[i]);
        refused(&hd, 404, 0);
    }
}

static void test_broken_calls(void **state)
{
    (void)state;
    struct head hd = good_head();
    drop(&hd, "te");
    refused(&hd, 0, GW_GRPC_INTERNAL);
    hd = good_head();
    put(&hd, "te", "gzip");
    refused(&hd, 0, GW_GRPC_INTERNAL);
    static const char *const twice[] = {"content-type", "te"};
    for (size_t i = 0; i < GW_ARRAY_LEN(twice); i++) {
        hd = good_head();
        add(&hd, twice[i], i == 0 ? "application/grpc" : "trailers");
        refused(&hd, 0, GW_GRPC_INTERNAL);
    }
    static const char *const encodings[] = {"snappy", "deflate", "GZIP", "gzip,identity", ""};
    for (size_t i = 0; i < GW_ARRAY_LEN(encodings); i++) {
        hd = good_head();
        put(&hd, "grpc-encoding", encodings[i]);
        refused(&hd, 0, GW_GRPC_UNIMPLEMENTED);
    }
    static const char *const timeouts[] = {"",    "S",   "1",   "1s",         "-1S",  "+1S", "1.5S",
                                           " 1S", "1S ", "1 S", "123456789S", "0x1S", "1SS"};
    for (size_t i = 0; i < GW_ARRAY_LEN(timeouts); i++) {
        hd = good_head();
        put(&hd, "grpc-timeout", timeouts[i]);
        refused(&hd, 0, GW_GRPC_INTERNAL);
    }
    static const char *const binaries[] = {"A",      "AB=",      "====", "AAA@",
                                           "AAAA,A", "AAAA====", "AB",   "AAA\n"};
    for (size_t i = 0; i < GW_ARRAY_LEN(binaries); i++) {
        hd = good_head();
        put(&hd, "x-bin", binaries[i]);
        refused(&hd, 0, GW_GRPC_INTERNAL);
    }
    hd = good_head();
    put(&hd, "xinqiao-purpose", "\xe4\xbf\xa1");
    refused(&hd, 0, GW_GRPC_INTERNAL);
}

static void test_over_budget(void **state)
{
    (void)state;
    struct head hd = good_head();
    static char many[8192];
    memset(many, ',', sizeof many - 1);
    put(&hd, "x-bin", many);
    struct gw_arena *a = gw_arena_new("test", 4096);
    struct gw_grpc_request r;
    int http;
    int grpc;
    assert_int_equal(gw_grpc_request_parse(hd.h, hd.n, a, &r, &http, &grpc), GW_NOMEM);
    gw_arena_free(a);
}

static void test_good(void **state)
{
    (void)state;
    struct head hd = good_head();
    put(&hd, "content-type", "application/grpc+proto; charset=x");
    put(&hd, "user-agent", "grpc-go/1.60");
    put(&hd, "grpc-timeout", "250m");
    put(&hd, "grpc-encoding", "gzip");
    put(&hd, "grpc-accept-encoding", "identity, gzip,deflate");
    put(&hd, "grpc-previous-rpc-attempts", "1");
    put(&hd, "xinqiao-purpose", "joint-action");
    add(&hd, "trace-bin", "AAEC, AwQ,AwQ=,");
    add(&hd, "x$y", "not in the grammar, not metadata");
    add(&hd, "xinqiao-purpose", "second");
    struct gw_arena *a = gw_arena_new("test", 64 * 1024);
    struct gw_grpc_request r;
    int http;
    int grpc;
    assert_int_equal(gw_grpc_request_parse(hd.h, hd.n, a, &r, &http, &grpc), GW_OK);
    assert_true(gw_bytes_eq_str(r.path, "/xinqiao.v1.RecordExchange/Push"));
    assert_true(gw_bytes_eq_str(r.service, "xinqiao.v1.RecordExchange"));
    assert_true(gw_bytes_eq_str(r.method, "Push"));
    assert_true(gw_bytes_eq_str(r.authority, "gateway.example"));
    assert_true(gw_bytes_eq_str(r.user_agent, "grpc-go/1.60"));
    assert_int_equal(r.timeout_us, 250000);
    assert_true(r.gzip);
    assert_true(r.accept_gzip);
    assert_int_equal(r.metadata_count, 6);
    assert_true(gw_bytes_eq_str(
        gw_grpc_metadata_find(r.metadata, r.metadata_count, "xinqiao-purpose"), "joint-action"));
    assert_null(
        gw_grpc_metadata_find(r.metadata, r.metadata_count, "grpc-previous-rpc-attempts").ptr);
    assert_null(gw_grpc_metadata_find(r.metadata, r.metadata_count, "te").ptr);
    static const struct gw_bytes parts[] = {GW_BYTES_LIT("\0\1\2"), GW_BYTES_LIT("\3\4"),
                                            GW_BYTES_LIT("\3\4"), GW_BYTES_LIT("")};
    for (size_t i = 0; i < GW_ARRAY_LEN(parts); i++)
        assert_true(gw_bytes_eq(r.metadata[1 + i].value, parts[i]));
    gw_arena_free(a);
}

static void test_timeouts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {{"1H", INT64_C(3600000000)},
                 {"99999999H", INT64_C(359999996400000000)},
                 {"2M", 120000000},
                 {"3S", 3000000},
                 {"4m", 4000},
                 {"5u", 5},
                 {"6000n", 6},
                 {"1n", 1},
                 {"0S", 1},
                 {"00000007S", 7000000}};
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        int64_t us = 0;
        assert_int_equal(gw_grpc_timeout_parse(gw_bytes_str(cases[i].text), &us), GW_OK);
        assert_int_equal(us, cases[i].us);
    }
    static const int64_t there_and_back[] = {
        1, 99999999, 100000000, 5000000, INT64_C(86400000000), INT64_MAX};
    for (size_t i = 0; i < GW_ARRAY_LEN(there_and_back); i++) {
        char text[12];
        int64_t us = 0;
        gw_grpc_timeout_format(there_and_back[i], text);
        assert_int_equal(gw_grpc_timeout_parse(gw_bytes_str(text), &us), GW_OK);
        assert_true(us <= there_and_back[i]);
        assert_true(us > there_and_back[i] / 2 || there_and_back[i] == INT64_MAX);
    }
}

static void test_request_there_and_back(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 64 * 1024);
    struct gw_grpc_metadata extra[] = {{GW_BYTES_LIT("xinqiao-case"), GW_BYTES_LIT("c-1")},
                                       {GW_BYTES_LIT("raw-bin"), GW_BYTES_LIT("\0\xff")}};
    struct gw_http2_header *h;
    size_t n;
    assert_int_equal(gw_grpc_request_headers(a, GW_BYTES_LIT("h:1"), GW_BYTES_LIT("/a.B/C"), 1500,
                                             extra, 2, &h, &n),
                     GW_OK);
    struct gw_grpc_request r;
    int http;
    int grpc;
    assert_int_equal(gw_grpc_request_parse(h, n, a, &r, &http, &grpc), GW_OK);
    assert_int_equal(r.timeout_us, 1500);
    assert_true(r.accept_gzip);
    assert_int_equal(r.metadata_count, 2);
    assert_true(gw_bytes_eq(r.metadata[1].value, extra[1].value));
    struct gw_grpc_metadata bad[] = {{GW_BYTES_LIT("Upper"), GW_BYTES_LIT("x")},
                                     {GW_BYTES_LIT("grpc-x"), GW_BYTES_LIT("x")},
                                     {GW_BYTES_LIT("x"), GW_BYTES_LIT("a\nb")},
                                     {GW_BYTES_LIT("te"), GW_BYTES_LIT("x")}};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        assert_int_equal(gw_grpc_request_headers(a, GW_BYTES_LIT("h"), GW_BYTES_LIT("/a/b"), 0,
                                                 &bad[i], 1, &h, &n),
                         GW_INVALID);
    gw_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_grpc),    cmocka_unit_test(test_broken_calls),
        cmocka_unit_test(test_over_budget), cmocka_unit_test(test_good),
        cmocka_unit_test(test_timeouts),    cmocka_unit_test(test_request_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

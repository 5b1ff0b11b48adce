/* fuzz: grpc */
/* Request heads and trailers out of anything: lines "name: value" become headers. What is accepted
 * keeps the promises of grpc.h, and what we would send for it is accepted again. */
#include <stdlib.h>

#include "base/cursor.h"
#include "grpc/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_HEADERS = 64, BUDGET = 1 << 20 };

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static size_t split(struct gw_bytes in, struct gw_http2_header ret[MAX_HEADERS])
{
    struct gw_cursor c = gw_cursor_make(in);
    size_t n = 0;
    while (gw_cursor_left(&c) > 0 && n < MAX_HEADERS) {
        struct gw_bytes line;
        if (gw_cursor_until(&c, '\n', &line) != GW_OK &&
            gw_cursor_take(&c, gw_cursor_left(&c), &line) != GW_OK)
            break;
        struct gw_cursor l = gw_cursor_make(line);
        uint8_t first = 0;
        struct gw_cursor rest = l;
        bool pseudo = gw_cursor_u8(&rest, &first) == GW_OK && first == ':';
        struct gw_bytes name;
        if (gw_cursor_until(pseudo ? &rest : &l, ':', &name) != GW_OK || name.len == 0)
            continue;
        if (pseudo) {
            name = gw_bytes_make(name.ptr - 1, name.len + 1);
            l = rest;
        }
        struct gw_bytes value;
        if (gw_cursor_take(&l, gw_cursor_left(&l), &value) != GW_OK)
            continue;
        ret[n++] = (struct gw_http2_header){name, value};
    }
    return n;
}

static void request(const struct gw_http2_header *h, size_t n)
{
    struct gw_arena *a = gw_arena_new("fuzz", BUDGET);
    struct gw_grpc_request r;
    int http = -1;
    int grpc = -1;
    enum gw_status st = gw_grpc_request_parse(h, n, a, &r, &http, &grpc);
    if (st == GW_INVALID)
        must(http == 404 || http == 405 || http == 415 || (http == 0 && grpc > 0 && grpc <= 16));
    if (st == GW_OK) {
        must(r.timeout_us >= 0 && r.service.len > 0 && r.method.len > 0);
        must(r.path.len == r.service.len + r.method.len + 2);
        struct gw_http2_header *out;
        size_t out_n;
        struct gw_grpc_request again;
        if (gw_grpc_request_headers(a, r.authority, r.path, r.timeout_us, r.metadata,
                                    r.metadata_count, &out, &out_n) == GW_OK &&
            gw_grpc_request_parse(out, out_n, a, &again, &http, &grpc) == GW_OK) {
            must(again.metadata_count == r.metadata_count);
            for (size_t i = 0; i < r.metadata_count; i++) {
                must(gw_bytes_eq(again.metadata[i].name, r.metadata[i].name));
                must(gw_bytes_eq(again.metadata[i].value, r.metadata[i].value));
            }
            must(again.timeout_us <= r.timeout_us);
        } else {
            must(gw_arena_failed(a));
        }
    }
    gw_arena_free(a);
}

static void result(const struct gw_http2_header *h, size_t n)
{
    struct gw_arena *a = gw_arena_new("fuzz", BUDGET);
    struct gw_grpc_result r;
    if (gw_grpc_result_parse(h, n, a, &r) == GW_OK) {
        must(r.code >= 0 && r.code <= 16);
        struct gw_http2_header *out;
        size_t out_n;
        struct gw_grpc_result again;
        if (gw_grpc_trailers(a, r.code, r.message, r.details, r.metadata, r.metadata_count, false,
                             &out, &out_n) == GW_OK &&
            gw_grpc_result_parse(out, out_n, a, &again) == GW_OK) {
            must(again.code == r.code);
            must(gw_bytes_eq(again.message, r.message));
            must(gw_bytes_eq(again.details, r.details));
        } else {
            must(gw_arena_failed(a));
        }
    }
    gw_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_http2_header h[MAX_HEADERS];
    size_t n = split(gw_bytes_make(data, size), h);
    request(h, n);
    result(h, n);
    return 0;
}

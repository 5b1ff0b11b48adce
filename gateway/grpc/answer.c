/* Response head, trailers, and what a client reads out of them. */
#include <stdio.h>

#include "base/text.h"
#include "grpc/grpc_internal.h"

/* Constant, so HPACK sends one byte for each after the first answer of a connection. */
static const struct gw_http2_header head[] = {
    {GW_BYTES_LIT(":status"), GW_BYTES_LIT("200")},
    {GW_BYTES_LIT("content-type"), GW_BYTES_LIT("application/grpc+proto")},
    {GW_BYTES_LIT("grpc-accept-encoding"), GW_BYTES_LIT("identity,gzip")},
};

enum gw_status gw_grpc_response_headers(struct gw_arena *a, struct gw_http2_header **ret,
                                        size_t *ret_count)
{
    struct gw_http2_header *hd = gw_arena_alloc(a, sizeof head);
    if (hd == NULL)
        return GW_NOMEM;
    memcpy(hd, head, sizeof head);
    *ret = hd;
    *ret_count = GW_ARRAY_LEN(head);
    return GW_OK;
}

enum gw_status gw_grpc_trailers(struct gw_arena *a, int code, struct gw_bytes message,
                                struct gw_bytes details, const struct gw_grpc_metadata *extra,
                                size_t extra_count, bool with_head, struct gw_http2_header **ret,
                                size_t *ret_count)
{
    if (code < 0 || code > GW_GRPC_UNAUTHENTICATED)
        return GW_INVALID;
    struct gw_http2_header *hd =
        gw_arena_calloc(a, GW_ARRAY_LEN(head) + 3 + extra_count, sizeof *hd);
    if (hd == NULL)
        return GW_NOMEM;
    size_t n = 0;
    if (with_head) {
        memcpy(hd, head, sizeof head);
        n = GW_ARRAY_LEN(head);
    }
    static const char *const digits[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                         "9", "10", "11", "12", "13", "14", "15", "16"};
    hd[n++] = (struct gw_http2_header){GW_BYTES_LIT("grpc-status"), gw_bytes_str(digits[code])};
    if (message.len > 0) {
        hd[n].name = GW_BYTES_LIT("grpc-message");
        GW_TRY(gw_grpc_percent_encode(a, message, &hd[n++].value));
    }
    if (details.len > 0) {
        hd[n].name = GW_BYTES_LIT("grpc-status-details-bin");
        GW_TRY(gw_grpc_binary_encode(a, details, &hd[n++].value));
    }
    for (size_t i = 0; i < extra_count; i++)
        GW_TRY(gw_grpc_metadata_encode(a, &extra[i], &hd[n++]));
    *ret = hd;
    *ret_count = n;
    return GW_OK;
}

/* "HTTP to gRPC Status Code Mapping": a proxy has answered instead of the server. */
static int code_from_http(struct gw_bytes status)
{
    static const struct {
        const char *http;
        int code;
    } map[] = {
        {"400", GW_GRPC_INTERNAL},          {"401", GW_GRPC_UNAUTHENTICATED},
        {"403", GW_GRPC_PERMISSION_DENIED}, {"404", GW_GRPC_UNIMPLEMENTED},
        {"429", GW_GRPC_UNAVAILABLE},       {"502", GW_GRPC_UNAVAILABLE},
        {"503", GW_GRPC_UNAVAILABLE},       {"504", GW_GRPC_UNAVAILABLE},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(map); i++)
        if (gw_bytes_eq_str(status, map[i].http))
            return map[i].code;
    return GW_GRPC_UNKNOWN;
}

enum gw_status gw_grpc_result_parse(const struct gw_http2_header *h, size_t count,
                                    struct gw_arena *a, struct gw_grpc_result *ret)
{
    struct gw_grpc_result r = {.code = GW_GRPC_UNKNOWN};
    bool has_status = false;
    for (size_t i = 0; i < count; i++) {
        uint64_t v;
        if (gw_bytes_eq_str(h[i].name, "grpc-status")) {
            has_status = true;
            if (gw_text_u64(h[i].value, &v) == GW_OK && v <= GW_GRPC_UNAUTHENTICATED)
                r.code = (int)v;
        } else if (gw_bytes_eq_str(h[i].name, "grpc-message")) {
            GW_TRY(gw_grpc_percent_decode(a, h[i].value, &r.message));
        } else if (gw_bytes_eq_str(h[i].name, "grpc-status-details-bin")) {
            GW_TRY(gw_grpc_binary_decode(a, h[i].value, &r.details));
        } else if (gw_bytes_eq_str(h[i].name, ":status") && !has_status) {
            r.code = code_from_http(h[i].value);
        }
    }
    GW_TRY(gw_grpc_metadata_parse(h, count, a, &r.metadata, &r.metadata_count));
    *ret = r;
    return GW_OK;
}

/* The seventeen codes: name, and HTTP status on the wire of other faces and in the log. */
#include "grpc/grpc.h"

static const struct {
    const char *name;
    int http; /* SPEC.md section 21, item 4 */
} codes[] = {
    [GW_GRPC_OK] = {"OK", 200},
    [GW_GRPC_CANCELLED] = {"CANCELLED", 499},
    [GW_GRPC_UNKNOWN] = {"UNKNOWN", 500},
    [GW_GRPC_INVALID_ARGUMENT] = {"INVALID_ARGUMENT", 400},
    [GW_GRPC_DEADLINE_EXCEEDED] = {"DEADLINE_EXCEEDED", 504},
    [GW_GRPC_NOT_FOUND] = {"NOT_FOUND", 404},
    [GW_GRPC_ALREADY_EXISTS] = {"ALREADY_EXISTS", 409},
    [GW_GRPC_PERMISSION_DENIED] = {"PERMISSION_DENIED", 403},
    [GW_GRPC_RESOURCE_EXHAUSTED] = {"RESOURCE_EXHAUSTED", 429},
    [GW_GRPC_FAILED_PRECONDITION] = {"FAILED_PRECONDITION", 400},
    [GW_GRPC_ABORTED] = {"ABORTED", 409},
    [GW_GRPC_OUT_OF_RANGE] = {"OUT_OF_RANGE", 400},
    [GW_GRPC_UNIMPLEMENTED] = {"UNIMPLEMENTED", 501},
    [GW_GRPC_INTERNAL] = {"INTERNAL", 500},
    [GW_GRPC_UNAVAILABLE] = {"UNAVAILABLE", 503},
    [GW_GRPC_DATA_LOSS] = {"DATA_LOSS", 500},
    [GW_GRPC_UNAUTHENTICATED] = {"UNAUTHENTICATED", 401},
};
_Static_assert(GW_ARRAY_LEN(codes) == 17, "a row per code");

static size_t row(int code)
{
    return code >= 0 && (size_t)code < GW_ARRAY_LEN(codes) ? (size_t)code : GW_GRPC_UNKNOWN;
}

int gw_grpc_http_status(int grpc_code)
{
    return codes[row(grpc_code)].http;
}

const char *gw_grpc_code_name(int grpc_code)
{
    return codes[row(grpc_code)].name;
}

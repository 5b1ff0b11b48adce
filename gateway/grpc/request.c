/* A request head, both ways. */
#include "grpc/grpc_internal.h"

#include "base/cursor.h"

/* The headers that the grammar of a request names; but for the last two, each at most once. */
enum known {
    METHOD,
    PATH,
    AUTHORITY,
    HOST,
    CONTENT_TYPE,
    TE,
    TIMEOUT,
    ENCODING,
    ACCEPT,
    AGENT,
    KNOWN_COUNT
};
static const char *const known_names[] = {
    [METHOD] = ":method",
    [PATH] = ":path",
    [AUTHORITY] = ":authority",
    [HOST] = "host",
    [CONTENT_TYPE] = "content-type",
    [TE] = "te",
    [TIMEOUT] = "grpc-timeout",
    [ENCODING] = "grpc-encoding",
    [ACCEPT] = "grpc-accept-encoding",
    [AGENT] = "user-agent",
};
_Static_assert(GW_ARRAY_LEN(known_names) == KNOWN_COUNT, "a name per row");

struct head {
    struct gw_bytes value[KNOWN_COUNT];
    bool seen[KNOWN_COUNT];
    bool twice;
};

static void head_collect(const struct gw_http2_header *h, size_t count, struct head *ret)
{
    *ret = (struct head){0};
    for (size_t i = 0; i < count; i++) {
        if (!gw_grpc_name_is_reserved(h[i].name))
            continue;
        for (size_t k = 0; k < KNOWN_COUNT; k++) {
            if (!gw_bytes_eq_str(h[i].name, known_names[k]))
                continue;
            ret->twice |= ret->seen[k] && k != ACCEPT && k != AGENT;
            ret->seen[k] = true;
            ret->value[k] = h[i].value;
            break;
        }
    }
}

static bool path_part_valid(struct gw_bytes part)
{
    for (size_t i = 0; i < part.len; i++) {
        uint8_t c = part.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '_' || c == '.'))
            return false;
    }
    return part.len > 0;
}

/* "/" service "/" method; no query, no other characters: nothing about a subject may stand in a
 * path. */
static bool path_split(struct gw_bytes path, struct gw_bytes *ret_service,
                       struct gw_bytes *ret_method)
{
    struct gw_cursor c = gw_cursor_make(path);
    uint8_t slash;
    return gw_cursor_u8(&c, &slash) == GW_OK && slash == '/' &&
           gw_cursor_until(&c, '/', ret_service) == GW_OK &&
           gw_cursor_take(&c, gw_cursor_left(&c), ret_method) == GW_OK &&
           path_part_valid(*ret_service) && path_part_valid(*ret_method);
}

static bool list_has(struct gw_bytes list, const char *want)
{
    struct gw_cursor c = gw_cursor_make(list);
    bool more = true;
    while (more) {
        struct gw_bytes part = GW_BYTES_NONE;
        more = gw_cursor_until(&c, ',', &part) == GW_OK;
        if (!more && gw_cursor_take(&c, gw_cursor_left(&c), &part) != GW_OK)
            return false;
        while (part.len > 0 && part.ptr[0] == ' ')
            part = gw_bytes_make(part.ptr + 1, part.len - 1);
        while (part.len > 0 && part.ptr[part.len - 1] == ' ')
            part.len--;
        if (gw_bytes_eq_str(part, want))
            return true;
    }
    return false;
}

/* HTTP status for what is no gRPC call at all; 0 when it is one. */
static int http_refusal(const struct head *head, struct gw_bytes *ret_service,
                        struct gw_bytes *ret_method)
{
    if (!head->seen[CONTENT_TYPE] || !gw_grpc_content_type_valid(head->value[CONTENT_TYPE]))
        return 415;
    if (!gw_bytes_eq_str(head->value[METHOD], "POST"))
        return 405;
    if (!path_split(head->value[PATH], ret_service, ret_method))
        return 404;
    return 0;
}

static int grpc_refusal(const struct head *head, struct gw_grpc_request *r)
{
    if (head->twice || !gw_bytes_eq_str(head->value[TE], "trailers"))
        return GW_GRPC_INTERNAL;
    if (head->seen[TIMEOUT] && gw_grpc_timeout_parse(head->value[TIMEOUT], &r->timeout_us) != GW_OK)
        return GW_GRPC_INTERNAL;
    if (head->seen[ENCODING] && gw_bytes_eq_str(head->value[ENCODING], "gzip"))
        r->gzip = true;
    else if (head->seen[ENCODING] && !gw_bytes_eq_str(head->value[ENCODING], "identity"))
        return GW_GRPC_UNIMPLEMENTED;
    r->accept_gzip = list_has(head->value[ACCEPT], "gzip");
    return GW_GRPC_OK;
}

enum gw_status gw_grpc_request_parse(const struct gw_http2_header *h, size_t count,
                                     struct gw_arena *a, struct gw_grpc_request *ret, int *ret_http,
                                     int *ret_grpc)
{
    struct head head;
    head_collect(h, count, &head);
    struct gw_grpc_request r = {0};
    int http = http_refusal(&head, &r.service, &r.method);
    int grpc = http != 0 ? GW_GRPC_OK : grpc_refusal(&head, &r);
    if (http != 0 || grpc != GW_GRPC_OK) {
        *ret_http = http;
        *ret_grpc = grpc;
        return GW_INVALID;
    }
    enum gw_status st = gw_grpc_metadata_parse(h, count, a, &r.metadata, &r.metadata_count);
    if (st == GW_INVALID) {
        *ret_http = 0;
        *ret_grpc = GW_GRPC_INTERNAL;
    }
    GW_TRY(st);
    size_t service_len = r.service.len;
    size_t method_len = r.method.len;
    r.path = gw_arena_dup(a, head.value[PATH]);
    r.authority = gw_arena_dup(a, head.seen[AUTHORITY] ? head.value[AUTHORITY] : head.value[HOST]);
    r.user_agent = gw_arena_dup(a, head.value[AGENT]);
    if (gw_arena_failed(a))
        return GW_NOMEM;
    r.service = gw_bytes_make(r.path.ptr + 1, service_len);
    r.method = gw_bytes_make(r.path.ptr + 2 + service_len, method_len);
    *ret = r;
    return GW_OK;
}

enum gw_status gw_grpc_request_headers(struct gw_arena *a, struct gw_bytes authority,
                                       struct gw_bytes path, int64_t timeout_us,
                                       const struct gw_grpc_metadata *extra, size_t extra_count,
                                       struct gw_http2_header **ret, size_t *ret_count)
{
    static const struct gw_http2_header fixed[] = {
        {GW_BYTES_LIT(":method"), GW_BYTES_LIT("POST")},
        {GW_BYTES_LIT(":scheme"), GW_BYTES_LIT("https")},
        {GW_BYTES_LIT("te"), GW_BYTES_LIT("trailers")},
        {GW_BYTES_LIT("content-type"), GW_BYTES_LIT("application/grpc+proto")},
        {GW_BYTES_LIT("user-agent"), GW_BYTES_LIT("grpc-c-xinqiao/" XINQIAO_VERSION)},
        {GW_BYTES_LIT("grpc-accept-encoding"), GW_BYTES_LIT("identity,gzip")},
    };
    struct gw_http2_header *hd =
        gw_arena_calloc(a, GW_ARRAY_LEN(fixed) + 3 + extra_count, sizeof *hd);
    if (hd == NULL)
        return GW_NOMEM;
    size_t n = 0;
    hd[n++] = fixed[0];
    hd[n++] = fixed[1];
    hd[n++] = (struct gw_http2_header){GW_BYTES_LIT(":path"), path};
    hd[n++] = (struct gw_http2_header){GW_BYTES_LIT(":authority"), authority};
    for (size_t i = 2; i < GW_ARRAY_LEN(fixed); i++)
        hd[n++] = fixed[i];
    if (timeout_us > 0) {
        char text[12];
        gw_grpc_timeout_format(timeout_us, text);
        hd[n++] = (struct gw_http2_header){GW_BYTES_LIT("grpc-timeout"),
                                           gw_arena_dup(a, gw_bytes_str(text))};
    }
    for (size_t i = 0; i < extra_count; i++)
        GW_TRY(gw_grpc_metadata_encode(a, &extra[i], &hd[n++]));
    if (gw_arena_failed(a))
        return GW_NOMEM;
    *ret = hd;
    *ret_count = n;
    return GW_OK;
}

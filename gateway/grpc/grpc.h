/* gRPC over HTTP/2: path, metadata, deadline, message framing, status trailers. Both sides.
 * Pure: headers and bytes in, headers and bytes out (gRPC over HTTP/2, PROTOCOL-HTTP2.md). */
#ifndef GW_GRPC_GRPC_H
#define GW_GRPC_GRPC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "http2/http2.h"

enum {
    GW_GRPC_OK = 0,
    GW_GRPC_CANCELLED = 1,
    GW_GRPC_UNKNOWN = 2,
    GW_GRPC_INVALID_ARGUMENT = 3,
    GW_GRPC_DEADLINE_EXCEEDED = 4,
    GW_GRPC_NOT_FOUND = 5,
    GW_GRPC_ALREADY_EXISTS = 6,
    GW_GRPC_PERMISSION_DENIED = 7,
    GW_GRPC_RESOURCE_EXHAUSTED = 8,
    GW_GRPC_FAILED_PRECONDITION = 9,
    GW_GRPC_ABORTED = 10,
    GW_GRPC_OUT_OF_RANGE = 11,
    GW_GRPC_UNIMPLEMENTED = 12,
    GW_GRPC_INTERNAL = 13,
    GW_GRPC_UNAVAILABLE = 14,
    GW_GRPC_DATA_LOSS = 15,
    GW_GRPC_UNAUTHENTICATED = 16
};

/* HTTP status of a google.rpc.Code as SPEC.md section 21.4 lists them. */
int gw_grpc_http_status(int grpc_code);
const char *gw_grpc_code_name(int grpc_code);

struct gw_grpc_inflater;
struct gw_grpc_metadata {
    struct gw_bytes name;
    struct gw_bytes value; /* -bin values decoded */
};

/* A parsed request head; lives in the arena it was parsed into. */
struct gw_grpc_request {
    struct gw_bytes path;    /* "/xinqiao.v1.RecordExchange/Push" */
    struct gw_bytes service; /* "xinqiao.v1.RecordExchange" */
    struct gw_bytes method;  /* "Push" */
    struct gw_bytes authority;
    int64_t timeout_us; /* 0: none */
    bool gzip;          /* grpc-encoding: gzip */
    bool accept_gzip;
    struct gw_bytes user_agent;
    struct gw_grpc_metadata *metadata; /* custom metadata only, comma-joined -bin split */
    size_t metadata_count;
};
/* GW_INVALID: not a gRPC request; then *ret_http is the HTTP status to answer with (404, 405, 415)
 * or 0 for a gRPC status (*ret_grpc: UNIMPLEMENTED for an unknown encoding; INTERNAL for a bad
 * timeout, "te: trailers" missing, a reserved header twice, metadata outside the grammar). GW_NOMEM
 * when the arena's budget does not hold it. */
GW_MUST_USE enum gw_status gw_grpc_request_parse(const struct gw_http2_header *h, size_t count,
                                                 struct gw_arena *a, struct gw_grpc_request *ret,
                                                 int *ret_http, int *ret_grpc);
/* First value of that name; GW_BYTES_NONE when absent. */
struct gw_bytes gw_grpc_metadata_find(const struct gw_grpc_metadata *m, size_t count,
                                      const char *name);

/* Incremental de-framing: 1 byte flag, u32be length, message. Checks the limit before it allocates.
 */
struct gw_grpc_reader {
    struct gw_buf buf; /* received; messages before `off` have been handed out */
    size_t off;
    size_t given; /* of the first message that waits, by gw_grpc_reader_partial() */
    size_t max_message;
    bool gzip;
    struct gw_buf plain;               /* the inflated message */
    struct gw_grpc_inflater *inflater; /* made at the first compressed message */
};
void gw_grpc_reader_init(struct gw_grpc_reader *r, size_t max_message, bool gzip);
void gw_grpc_reader_fini(struct gw_grpc_reader *r);
/* GW_TOO_LARGE: a message over the limit is announced. GW_UNSUPPORTED: compressed flag without
 * encoding. GW_INVALID: a flag that is neither 0 nor 1. Checked for the first message that is not
 * handed out yet; gw_grpc_reader_next() says the same of later ones. Feed, then call next until
 * GW_AGAIN; at most 16 MiB of whole messages may wait beyond the one limit. */
GW_MUST_USE enum gw_status gw_grpc_reader_feed(struct gw_grpc_reader *r, struct gw_bytes bytes);
/* Next whole message, borrowed until the next call; GW_AGAIN when there is none yet. Gunzips into
 * its own buffer. GW_INVALID: does not inflate; GW_TOO_LARGE: inflates over the limit. *ret_wire is
 * how many wire bytes it took (to give back to the flow-control window). */
GW_MUST_USE enum gw_status gw_grpc_reader_next(struct gw_grpc_reader *r, struct gw_bytes *ret,
                                               size_t *ret_wire);
/* Bytes of an unfinished message that have come in since the last call: give them back to the
 * flow-control window after feeding, else a message larger than the window never ends. They are
 * then not counted again in *ret_wire. At most max_message + 5 of them can be held. 0 when the
 * first message that waits is whole. */
size_t gw_grpc_reader_partial(struct gw_grpc_reader *r);
/* What the next call of gw_grpc_reader_partial() would say, and the wire bytes of the whole
 * message; 0 as well while its prefix is not whole. */
size_t gw_grpc_reader_waiting(const struct gw_grpc_reader *r, size_t *ret_message);
/* True when the stream may end here (no partial message). */
bool gw_grpc_reader_clean(const struct gw_grpc_reader *r);
/* Appends one framed message, uncompressed. */
void gw_grpc_frame_put(struct gw_buf *b, struct gw_bytes message);

/* Response heads and trailers into an arena; pass the result to gw_http2_stream_headers/_end. */
GW_MUST_USE enum gw_status
gw_grpc_response_headers(struct gw_arena *a, struct gw_http2_header **ret, size_t *ret_count);
/* `message` (UTF-8) is percent-encoded here; `details` is a serialized google.rpc.Status or empty
 * (grpc-status-details-bin); `extra` are further trailers (exchange-receipt), -bin values encoded
 * here; GW_INVALID when a name or a value is outside the grammar. `with_head` makes trailers-only
 * (":status", content-type first). */
GW_MUST_USE enum gw_status gw_grpc_trailers(struct gw_arena *a, int code, struct gw_bytes message,
                                            struct gw_bytes details,
                                            const struct gw_grpc_metadata *extra,
                                            size_t extra_count, bool with_head,
                                            struct gw_http2_header **ret, size_t *ret_count);
/* Client side: request headers; and a status read from trailers (or trailers-only headers). */
GW_MUST_USE enum gw_status gw_grpc_request_headers(struct gw_arena *a, struct gw_bytes authority,
                                                   struct gw_bytes path, int64_t timeout_us,
                                                   const struct gw_grpc_metadata *extra,
                                                   size_t extra_count, struct gw_http2_header **ret,
                                                   size_t *ret_count);
struct gw_grpc_result {
    int code;                /* GW_GRPC_UNKNOWN when the peer sent none */
    struct gw_bytes message; /* decoded */
    struct gw_bytes details; /* decoded grpc-status-details-bin */
    struct gw_grpc_metadata *metadata;
    size_t metadata_count;
};
GW_MUST_USE enum gw_status gw_grpc_result_parse(const struct gw_http2_header *h, size_t count,
                                                struct gw_arena *a, struct gw_grpc_result *ret);

#endif

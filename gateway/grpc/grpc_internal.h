/* Shared inside grpc/ only: the grammar of metadata, both ways. */
#ifndef GW_GRPC_GRPC_INTERNAL_H
#define GW_GRPC_GRPC_INTERNAL_H

#include "grpc/grpc.h"

/* Header-Name of PROTOCOL-HTTP2.md: digits, lower-case letters, '_', '-', '.'. */
bool gw_grpc_name_valid(struct gw_bytes name);
/* ASCII-Value: 0x20 to 0x7e. */
bool gw_grpc_ascii_valid(struct gw_bytes value);
bool gw_grpc_name_is_binary(struct gw_bytes name);
/* Not custom metadata: pseudo-headers, grpc-*, and what HTTP itself uses. */
bool gw_grpc_name_is_reserved(struct gw_bytes name);

/* Custom metadata of a header block into the arena: names and values copied, -bin values split at
 * commas and decoded (with or without padding). GW_INVALID: a value outside the grammar. */
GW_MUST_USE enum gw_status gw_grpc_metadata_parse(const struct gw_http2_header *h, size_t count,
                                                  struct gw_arena *a, struct gw_grpc_metadata **ret,
                                                  size_t *ret_count);
/* One metadata entry as a header; names are borrowed, values encoded into the arena. */
GW_MUST_USE enum gw_status gw_grpc_metadata_encode(struct gw_arena *a,
                                                   const struct gw_grpc_metadata *m,
                                                   struct gw_http2_header *ret);
/* Base64 with or without padding into the arena; and without padding out of it. */
GW_MUST_USE enum gw_status gw_grpc_binary_decode(struct gw_arena *a, struct gw_bytes text,
                                                 struct gw_bytes *ret);
GW_MUST_USE enum gw_status gw_grpc_binary_encode(struct gw_arena *a, struct gw_bytes bytes,
                                                 struct gw_bytes *ret);
/* grpc-message. Decoding takes malformed escapes as they are, as the document says. */
GW_MUST_USE enum gw_status gw_grpc_percent_encode(struct gw_arena *a, struct gw_bytes text,
                                                  struct gw_bytes *ret);
GW_MUST_USE enum gw_status gw_grpc_percent_decode(struct gw_arena *a, struct gw_bytes text,
                                                  struct gw_bytes *ret);
/* Timeout: 1 to 8 digits and one of H M S m u n. A timeout of zero has passed already: 1 us. */
GW_MUST_USE enum gw_status gw_grpc_timeout_parse(struct gw_bytes text, int64_t *ret_us);
/* The shortest spelling that is not longer than `us`; 12 bytes with the NUL are enough. */
void gw_grpc_timeout_format(int64_t us, char ret[12]);
/* application/grpc, +proto, with parameters; not grpc-web, not another codec. */
bool gw_grpc_content_type_valid(struct gw_bytes value);

#endif

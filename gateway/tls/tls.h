/* TLS 1.2 and 1.3, mutual, ALPN h2: contexts, handshake, peer identity. Bytes in, bytes out: no
 * sockets. */
#ifndef GW_TLS_TLS_H
#define GW_TLS_TLS_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

struct gw_tls_settings {
    const char *cert_file; /* PEM chain */
    const char *key_file;  /* PEM, 0600 */
    const char *ca_file;   /* trust anchors of the other side */
    const char *crl_file;  /* NULL: none; else the leaf must be covered by one of its CRLs, and a
                              CRL past nextUpdate is used for crl_grace_s more */
    uint64_t crl_grace_s;
    uint32_t session_cache; /* sessions kept on the server side; 0: none are resumed */
};

/* A context, immutable for its users, shared by all threads and counted. Its sessions end with it:
 * a new CRL or trust anchor is a new context, so nobody resumes past it. */
struct gw_tls_context;
/* On failure `ret_error` (appended text for a person: whose file, what is wrong) says why.
 * GW_NOT_FOUND, GW_INVALID, GW_DENIED (key file readable by others), GW_NOMEM. */
GW_MUST_USE enum gw_status gw_tls_context_new_server(const struct gw_tls_settings *s,
                                                     struct gw_tls_context **ret,
                                                     struct gw_buf *ret_error);
GW_MUST_USE enum gw_status gw_tls_context_new_client(const struct gw_tls_settings *s,
                                                     struct gw_tls_context **ret,
                                                     struct gw_buf *ret_error);
struct gw_tls_context *gw_tls_context_ref(struct gw_tls_context *c);
struct gw_tls_context *gw_tls_context_unref(struct gw_tls_context *c);
/* Days (floor) until the own certificate ends; for status. */
int gw_tls_context_days_left(const struct gw_tls_context *c, int64_t wall_us);

/* When the CRL says that the next one is due, microseconds; INT64_MAX without a CRL. Past it
 * handshakes still succeed for crl_grace_s: time for an ALARM. */
int64_t gw_tls_context_crl_due_us(const struct gw_tls_context *c);

/* Who the other side is; borrowed from the session. */
struct gw_tls_identity {
    /* From the SAN URI xinqiao://<role>/<peer>, each [a-z0-9-]{1,64}; both "" when there is none or
     * more than one. */
    const char *role;
    const char *peer;
    const char *subject; /* RFC 4514 string as the log wants it (SPEC.md 4.4), at most 512 bytes */
    uint8_t spki_sha256[32];
    uint8_t cert_sha256[32];
    const char *version_suite; /* "TLSv1.3 TLS_AES_128_GCM_SHA256" */
    int64_t not_after_us;
};

/* A fresh P-256 key (PEM, not encrypted: wipe it) and a certificate request whose SAN is
 * xinqiao://<role>/<peer>. `organisation` is UTF-8, at most 64 characters. GW_INVALID: the names do
 * not fit a certificate. */
GW_MUST_USE enum gw_status gw_tls_request_new(const char *role, const char *peer,
                                              const char *organisation, struct gw_buf *ret_key,
                                              struct gw_buf *ret_request);

struct gw_tls;
/* `host` (client side only, may be NULL) is verified against the server's certificate and sent as
 * SNI. */
GW_MUST_USE enum gw_status gw_tls_new(struct gw_tls_context *ctx, const char *host,
                                      struct gw_tls **ret);
void gw_tls_free(struct gw_tls *t);
GW_DEFINE_FREEP(struct gw_tls, gw_tls_free)
/* Feeds ciphertext from the wire; decrypted bytes are appended to `ret_plain`, what must be sent to
 * the wire (handshake, alerts) to `ret_wire`. All of `wire` is taken. GW_CLOSED: orderly end
 * (ret_plain may have got bytes before it). GW_DENIED: handshake failed;
 * an alert is in ret_wire and gw_tls_why() says whose certificate and why; on the client
 * side also when the server refuses our certificate, which in TLS 1.3 shows only after
 * gw_tls_ready(). GW_INVALID: a later record is broken. GW_TOO_LARGE, GW_NOMEM: a buffer did not
 * hold it. All but GW_OK are final. */
GW_MUST_USE enum gw_status gw_tls_recv(struct gw_tls *t, struct gw_bytes wire,
                                       struct gw_buf *ret_plain, struct gw_buf *ret_wire);
/* Client side: starts the handshake. */
GW_MUST_USE enum gw_status gw_tls_start(struct gw_tls *t, struct gw_buf *ret_wire);
/* Encrypts; only after gw_tls_ready(). */
GW_MUST_USE enum gw_status gw_tls_send(struct gw_tls *t, struct gw_bytes plain,
                                       struct gw_buf *ret_wire);
/* Appends close_notify. */
void gw_tls_shutdown(struct gw_tls *t, struct gw_buf *ret_wire);
/* True when the session was resumed: no certificate was verified anew. */
bool gw_tls_resumed(const struct gw_tls *t);
bool gw_tls_ready(const struct gw_tls *t);
/* Identity of the verified peer; NULL before gw_tls_ready(). */
const struct gw_tls_identity *gw_tls_identity_peek(const struct gw_tls *t);
/* One line for a person after GW_DENIED: "client certificate expired 2025-01-01 (CN=...)"; "" else.
 */
const char *gw_tls_why(const struct gw_tls *t);

#endif

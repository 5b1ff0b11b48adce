/* Shared inside tls/ only: context.c loads files, verify.c judges certificates, identity.c names
 * the peer, resume.c keeps sessions, session.c moves the bytes. */
#ifndef GW_TLS_TLS_INTERNAL_H
#define GW_TLS_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/cursor.h"
#include "tls/tls.h"

enum {
    GW_TLS_MAGIC = 0x544c5353,
    GW_TLS_CONTEXT_MAGIC = 0x544c5343,
    GW_TLS_NAME_MAX = 64,     /* role and peer */
    GW_TLS_SUBJECT_MAX = 512, /* SPEC.md 4.4 */
    GW_TLS_WHY_MAX = 768,
    GW_TLS_CLIENT_SESSIONS = 16,
    GW_TLS_SESSION_LIFE_S = 3600,
    GW_TLS_HOST_MAX = 255
};

/* Client side: the last session that a host has given us. */
struct gw_tls_kept {
    char host[GW_TLS_HOST_MAX + 1];
    SSL_SESSION *session;
};

struct gw_tls_context {
    uint32_t magic;
    atomic_uint refs;
    bool server;
    SSL_CTX *ssl;
    int64_t not_after_s; /* own certificate */
    int64_t crl_due_s;   /* INT64_MAX: no CRL */
    int64_t crl_grace_s;
    EVP_MD *sha256;       /* fetched once */
    pthread_mutex_t lock; /* kept, next_kept */
    struct gw_tls_kept kept[GW_TLS_CLIENT_SESSIONS];
    unsigned next_kept;
};

struct gw_tls_names {
    char role[GW_TLS_NAME_MAX + 1];
    char peer[GW_TLS_NAME_MAX + 1];
    char subject[GW_TLS_SUBJECT_MAX + 1];
    char version_suite[64];
};

struct gw_tls {
    uint32_t magic;
    struct gw_tls_context *ctx;
    SSL *ssl;
    /* Only while a call of ours runs: what OpenSSL reads and where it writes. */
    struct gw_cursor in;
    struct gw_buf *out;
    bool ready;
    bool failed;
    bool verify_failed;    /* `why` is set by verify.c */
    int64_t valid_until_s; /* of the peer's chain and the CRL: no session lives longer */
    struct gw_tls_identity identity;
    struct gw_tls_names names;
    char *why;
    char host[]; /* client: whose session to keep; "" none */
};

/* verify.c */
int gw_tls_verify_callback(int ok, X509_STORE_CTX *x);
/* Sets t->why from the error queue, unless verify.c has set it already. */
void gw_tls_why_from_queue(struct gw_tls *t);
void gw_tls_why_set(struct gw_tls *t, const char *fmt, ...) GW_PRINTF(2, 3);
int64_t gw_tls_time_s(const ASN1_TIME *t);

/* identity.c: fills t->identity from the verified (or resumed) peer certificate. */
GW_MUST_USE enum gw_status gw_tls_identity_fill(struct gw_tls *t);
/* The subject as SPEC.md 4.4 wants it; "unknown" when it is empty or can not be printed. */
void gw_tls_subject(const X509 *cert, char ret[GW_TLS_SUBJECT_MAX + 1]);

/* resume.c */
void gw_tls_resume_setup(struct gw_tls_context *c, uint32_t cache_size);
void gw_tls_resume_offer(struct gw_tls *t);
void gw_tls_resume_drop(struct gw_tls_context *c);

#endif

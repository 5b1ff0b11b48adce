/* One TLS session on memory: OpenSSL reads from the caller's bytes and writes into the caller's
 * buffer through a BIO of ours, so nothing is copied in between. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "tls/tls_internal.h"

enum { RECORD_PLAIN = 16 * 1024 };

/* ------------------------------------------------------------------------------------------ BIO */

static int bio_read(BIO *b, char *to, int len)
{
    struct gw_tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    size_t left = gw_cursor_left(&t->in);
    size_t n = len < 0 ? 0 : (size_t)len < left ? (size_t)len : left;
    struct gw_bytes piece;
    if (n == 0 || gw_cursor_take(&t->in, n, &piece) != GW_OK) {
        BIO_set_retry_read(b);
        return -1;
    }
    memcpy(to, piece.ptr, n);
    return (int)n;
}

static int bio_write(BIO *b, const char *from, int len)
{
    struct gw_tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (GW_BUG_ON(t->out == NULL) || len < 0)
        return -1;
    gw_buf_append(t->out, from, (size_t)len);
    return gw_buf_failed(t->out) == GW_OK ? len : -1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static pthread_once_t method_once = PTHREAD_ONCE_INIT;
static BIO_METHOD *method;

static void method_make(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "xinqiao memory");
    if (m == NULL)
        return;
    (void)BIO_meth_set_read(m, bio_read);
    (void)BIO_meth_set_write(m, bio_write);
    (void)BIO_meth_set_ctrl(m, bio_ctrl);
    method = m;
}

/* --------------------------------------------------------------------------------------- making */

static bool is_address(const char *host)
{
    struct in6_addr a;
    return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

/* Whom we expect at the other end: verified against the certificate, and named in the SNI. */
static bool host_set(struct gw_tls *t)
{
    if (t->host[0] == '\0')
        return true;
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    if (is_address(t->host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, t->host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(t->ssl, t->host) == 1 && SSL_set_tlsext_host_name(t->ssl, t->host) == 1;
}

enum gw_status gw_tls_new(struct gw_tls_context *ctx, const char *host, struct gw_tls **ret)
{
    GW_MAGIC_CHECK(ctx, GW_TLS_CONTEXT_MAGIC);
    if (host == NULL)
        host = "";
    size_t host_len = strlen(host);
    if (host_len > GW_TLS_HOST_MAX)
        return GW_TOO_LARGE;
    (void)pthread_once(&method_once, method_make);
    if (method == NULL)
        return GW_NOMEM;
    GW_CLEANUP(gw_tls_freep) struct gw_tls *t = calloc(1, sizeof *t + host_len + 1);
    if (t == NULL)
        return GW_NOMEM;
    t->magic = GW_TLS_MAGIC;
    memcpy(t->host, host, host_len + 1);
    t->valid_until_s = INT64_MAX;
    t->ctx = gw_tls_context_ref(ctx);
    t->ssl = SSL_new(ctx->ssl);
    BIO *b = BIO_new(method);
    if (t->ssl == NULL || b == NULL) {
        BIO_free(b);
        return GW_NOMEM;
    }
    BIO_set_data(b, t);
    BIO_set_init(b, 1);
    SSL_set_bio(t->ssl, b, b);
    (void)SSL_set_app_data(t->ssl, t);
    if (ctx->server) {
        SSL_set_accept_state(t->ssl);
    } else {
        SSL_set_connect_state(t->ssl);
        if (!host_set(t))
            return GW_INVALID;
        gw_tls_resume_offer(t);
    }
    *ret = gw_steal(&t);
    return GW_OK;
}

void gw_tls_free(struct gw_tls *t)
{
    if (t == NULL)
        return;
    GW_MAGIC_CHECK(t, GW_TLS_MAGIC);
    SSL_free(t->ssl);
    (void)gw_tls_context_unref(t->ctx);
    free(t->why);
    t->magic = 0;
    free(t);
}

/* ---------------------------------------------------------------------------------------- bytes */

static void lend(struct gw_tls *t, struct gw_bytes in, struct gw_buf *out)
{
    t->in = gw_cursor_make(in);
    t->out = out;
    ERR_clear_error();
}

static void unlend(struct gw_tls *t)
{
    t->in = gw_cursor_make(GW_BYTES_NONE);
    t->out = NULL;
}

static enum gw_status denied(struct gw_tls *t)
{
    t->failed = true;
    t->ready = false;
    gw_tls_why_from_queue(t);
    return GW_DENIED;
}

static enum gw_status handshake(struct gw_tls *t)
{
    int rc = SSL_do_handshake(t->ssl);
    if (rc != 1) {
        int e = SSL_get_error(t->ssl, rc);
        if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
            return GW_OK;
        return denied(t);
    }
    const unsigned char *proto;
    unsigned len;
    SSL_get0_alpn_selected(t->ssl, &proto, &len);
    enum gw_status st = gw_tls_identity_fill(t);
    if (len != 2 || memcmp(proto, "h2", 2) != 0)
        gw_tls_why_set(t, "the %s does not speak HTTP/2", t->ctx->server ? "client" : "server");
    else if (st != GW_OK)
        gw_tls_why_set(t, "the certificate can not be read: %s", gw_status_text(st));
    else
        t->ready = true;
    if (!t->ready) {
        (void)SSL_shutdown(t->ssl);
        return denied(t);
    }
    return GW_OK;
}

/* After a failed read. TLS 1.3: a server judges the client's certificate when the client is ready
 * already. */
static enum gw_status read_failed(struct gw_tls *t)
{
    switch (SSL_get_error(t->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return GW_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return GW_CLOSED;
    default:
        break;
    }
    unsigned long e = ERR_peek_error();
    bool alert = ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET;
    enum gw_status st = denied(t);
    return alert && !t->ctx->server ? st : GW_INVALID;
}

static enum gw_status read_all(struct gw_tls *t, struct gw_buf *plain)
{
    for (;;) {
        size_t room =
            plain->max - plain->len < RECORD_PLAIN ? plain->max - plain->len : (size_t)RECORD_PLAIN;
        if (room == 0)
            return GW_TOO_LARGE;
        uint8_t *to = gw_buf_extend(plain, room);
        if (to == NULL)
            return gw_buf_failed(plain);
        size_t got = 0;
        int ok = SSL_read_ex(t->ssl, to, room, &got);
        plain->len -= room - got;
        if (ok == 1)
            continue;
        enum gw_status st = read_failed(t);
        return st == GW_AGAIN ? GW_OK : st;
    }
}

static enum gw_status recv_lent(struct gw_tls *t, struct gw_buf *plain)
{
    if (!t->ready)
        GW_TRY(handshake(t));
    if (!t->ready)
        return GW_OK;
    return read_all(t, plain);
}

enum gw_status gw_tls_recv(struct gw_tls *t, struct gw_bytes wire, struct gw_buf *ret_plain,
                           struct gw_buf *ret_wire)
{
    GW_MAGIC_CHECK(t, GW_TLS_MAGIC);
    if (t->failed)
        return GW_DENIED;
    lend(t, wire, ret_wire);
    enum gw_status st = recv_lent(t, ret_plain);
    if (st == GW_OK && gw_buf_failed(ret_wire) != GW_OK)
        st = gw_buf_failed(ret_wire);
    unlend(t);
    t->failed = st != GW_OK && st != GW_CLOSED;
    return st;
}

enum gw_status gw_tls_start(struct gw_tls *t, struct gw_buf *ret_wire)
{
    GW_MAGIC_CHECK(t, GW_TLS_MAGIC);
    if (t->failed || t->ready)
        return GW_PRECONDITION;
    lend(t, GW_BYTES_NONE, ret_wire);
    enum gw_status st = handshake(t);
    unlend(t);
    return st != GW_OK ? st : gw_buf_failed(ret_wire);
}

enum gw_status gw_tls_send(struct gw_tls *t, struct gw_bytes plain, struct gw_buf *ret_wire)
{
    GW_MAGIC_CHECK(t, GW_TLS_MAGIC);
    if (!t->ready)
        return GW_PRECONDITION;
    if (plain.len == 0)
        return GW_OK;
    lend(t, GW_BYTES_NONE, ret_wire);
    size_t done = 0;
    int ok = SSL_write_ex(t->ssl, plain.ptr, plain.len, &done);
    unlend(t);
    if (ok == 1)
        return GW_OK;
    ERR_clear_error();
    t->failed = true;
    t->ready = false;
    if (gw_buf_failed(ret_wire) != GW_OK)
        return gw_buf_failed(ret_wire);
    return GW_CLOSED;
}

void gw_tls_shutdown(struct gw_tls *t, struct gw_buf *ret_wire)
{
    GW_MAGIC_CHECK(t, GW_TLS_MAGIC);
    if (!t->ready)
        return;
    lend(t, GW_BYTES_NONE, ret_wire);
    (void)SSL_shutdown(t->ssl);
    unlend(t);
    ERR_clear_error();
}

bool gw_tls_ready(const struct gw_tls *t)
{
    return t->ready;
}

bool gw_tls_resumed(const struct gw_tls *t)
{
    return t->ready && SSL_session_reused(t->ssl) == 1;
}

const struct gw_tls_identity *gw_tls_identity_peek(const struct gw_tls *t)
{
    return t->ready ? &t->identity : NULL;
}

const char *gw_tls_why(const struct gw_tls *t)
{
    return t->why != NULL ? t->why : "";
}

/* A context: files checked whole when they are loaded, and the protocol policy in one place. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "tls/tls_internal.h"

enum { SECURITY_LEVEL = 2, MAX_CERT_LIST = 32 * 1024 };

static const char tls12_suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                   "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                   "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const unsigned char alpn_h2[] = {2, 'h', '2'};

static enum gw_status complain(struct gw_buf *error, const char *file, const char *what)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    gw_buf_printf(error, "%s: %s%s%s\n", file, what, reason != NULL ? ": " : "",
                  reason != NULL ? reason : "");
    ERR_clear_error();
    return GW_INVALID;
}

/* Never asks at a terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return 0;
}

/* ---------------------------------------------------------------------------------------- files */

static enum gw_status own_load(struct gw_tls_context *c, const struct gw_tls_settings *s,
                               struct gw_buf *error)
{
    if (s->cert_file == NULL || s->key_file == NULL) {
        gw_buf_str(error, "a certificate and a key are needed: mutual TLS only\n");
        return GW_INVALID;
    }
    enum gw_status st = gw_file_check_private(s->key_file);
    if (st != GW_OK) {
        gw_buf_printf(error, "%s: the private key %s\n", s->key_file,
                      st == GW_DENIED ? "must be ours and closed to group and others (chmod 600)"
                                      : "can not be read");
        return st;
    }
    SSL_CTX_set_default_passwd_cb(c->ssl, no_password);
    if (SSL_CTX_use_certificate_chain_file(c->ssl, s->cert_file) != 1)
        return complain(error, s->cert_file, "not a usable PEM certificate chain");
    if (SSL_CTX_use_PrivateKey_file(c->ssl, s->key_file, SSL_FILETYPE_PEM) != 1)
        return complain(error, s->key_file, "not a usable PEM private key without a password");
    if (SSL_CTX_check_private_key(c->ssl) != 1)
        return complain(error, s->key_file, "does not belong to the certificate");
    const X509 *own = SSL_CTX_get0_certificate(c->ssl);
    c->not_after_s = gw_tls_time_s(X509_get0_notAfter(own));
    return GW_OK;
}

static enum gw_status anchors_load(struct gw_tls_context *c, const struct gw_tls_settings *s,
                                   struct gw_buf *error)
{
    if (s->ca_file == NULL) {
        gw_buf_str(error, "a file of trust anchors is needed: mutual TLS only\n");
        return GW_INVALID;
    }
    if (SSL_CTX_load_verify_file(c->ssl, s->ca_file) != 1)
        return complain(error, s->ca_file, "no usable PEM trust anchors");
    if (!c->server)
        return GW_OK;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(s->ca_file);
    if (names == NULL)
        return complain(error, s->ca_file, "no usable PEM trust anchors");
    SSL_CTX_set_client_CA_list(c->ssl, names);
    return GW_OK;
}

static enum gw_status crls_add(struct gw_tls_context *c, BIO *file, unsigned *ret_count)
{
    X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);
    for (;;) {
        X509_CRL *crl = PEM_read_bio_X509_CRL(file, NULL, no_password, NULL);
        if (crl == NULL)
            break;
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
        int64_t due = next != NULL ? gw_tls_time_s(next) : 0;
        if (due < c->crl_due_s)
            c->crl_due_s = due;
        int ok = X509_STORE_add_crl(store, crl);
        X509_CRL_free(crl);
        if (ok != 1)
            return GW_NOMEM;
        (*ret_count)++;
    }
    unsigned long e = ERR_peek_last_error();
    bool at_end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
    if (!at_end)
        return GW_INVALID;
    ERR_clear_error();
    return GW_OK;
}

static enum gw_status crl_load(struct gw_tls_context *c, const struct gw_tls_settings *s,
                               struct gw_buf *error)
{
    c->crl_due_s = INT64_MAX;
    if (s->crl_file == NULL)
        return GW_OK;
    /* Far below INT64_MAX, so that sums of times can not overflow. */
    c->crl_grace_s = s->crl_grace_s < INT32_MAX ? (int64_t)s->crl_grace_s : INT32_MAX;
    BIO *file = BIO_new_file(s->crl_file, "r");
    if (file == NULL)
        return complain(error, s->crl_file, "can not be read");
    unsigned count = 0;
    enum gw_status st = crls_add(c, file, &count);
    BIO_free(file);
    if (st != GW_OK || count == 0) {
        (void)complain(error, s->crl_file, "no usable PEM revocation list");
        return st != GW_OK ? st : GW_INVALID;
    }
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->ssl);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK);
    return GW_OK;
}

/* --------------------------------------------------------------------------------------- policy */

/* A client that offers no ALPN at all never reaches the callback below. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    const unsigned char *ext;
    size_t len;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext,
                                  &len) == 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    struct gw_tls *t = SSL_get_app_data(ssl);
    gw_tls_why_set(t, "the client does not offer HTTP/2 (no ALPN)");
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

static int on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                   const unsigned char *offered, unsigned offered_len, void *arg)
{
    (void)ssl;
    (void)arg;
    unsigned char *out = NULL;
    if (SSL_select_next_proto(&out, ret_len, alpn_h2, sizeof alpn_h2, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret = out;
    return SSL_TLSEXT_ERR_OK;
}

static enum gw_status policy_set(struct gw_tls_context *c)
{
    SSL_CTX *x = c->ssl;
    SSL_CTX_set_security_level(x, SECURITY_LEVEL);
    (void)SSL_CTX_set_options(x, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     (c->server ? SSL_OP_NO_TICKET : 0));
    /* Our chain is what stands in cert_file, not what OpenSSL finds among the anchors of the
     * others. */
    (void)SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(x, MAX_CERT_LIST);
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       gw_tls_verify_callback);
    int ok = SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION) == 1 &&
             SSL_CTX_set_max_proto_version(x, TLS1_3_VERSION) == 1 &&
             /* ECDHE and AEAD only; AES-128 first: as strong as the curves, and faster. */
             SSL_CTX_set_cipher_list(x, tls12_suites) == 1 &&
             SSL_CTX_set_ciphersuites(x, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                         "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
             SSL_CTX_set1_groups_list(x, "X25519:P-256") == 1;
    if (c->server) {
        SSL_CTX_set_client_hello_cb(x, on_client_hello, NULL);
        SSL_CTX_set_alpn_select_cb(x, on_alpn, NULL);
    } else {
        ok = ok && SSL_CTX_set_alpn_protos(x, alpn_h2, sizeof alpn_h2) == 0;
    }
    return ok ? GW_OK : GW_INTERNAL;
}

static enum gw_status make(const struct gw_tls_settings *s, bool server,
                           struct gw_tls_context **ret, struct gw_buf *ret_error)
{
    struct gw_tls_context *c = calloc(1, sizeof *c);
    if (c == NULL)
        return GW_NOMEM;
    c->magic = GW_TLS_CONTEXT_MAGIC;
    atomic_init(&c->refs, 1);
    c->server = server;
    (void)pthread_mutex_init(&c->lock, NULL);
    ERR_clear_error();
    c->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    enum gw_status st = c->ssl != NULL && c->sha256 != NULL ? GW_OK : GW_NOMEM;
    if (st == GW_OK)
        st = policy_set(c);
    if (st == GW_OK)
        st = own_load(c, s, ret_error);
    if (st == GW_OK)
        st = anchors_load(c, s, ret_error);
    if (st == GW_OK)
        st = crl_load(c, s, ret_error);
    if (st != GW_OK) {
        (void)gw_tls_context_unref(c);
        return st;
    }
    gw_tls_resume_setup(c, s->session_cache);
    *ret = c;
    return GW_OK;
}

enum gw_status gw_tls_context_new_server(const struct gw_tls_settings *s,
                                         struct gw_tls_context **ret, struct gw_buf *ret_error)
{
    return make(s, true, ret, ret_error);
}

enum gw_status gw_tls_context_new_client(const struct gw_tls_settings *s,
                                         struct gw_tls_context **ret, struct gw_buf *ret_error)
{
    return make(s, false, ret, ret_error);
}

struct gw_tls_context *gw_tls_context_ref(struct gw_tls_context *c)
{
    (void)atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

struct gw_tls_context *gw_tls_context_unref(struct gw_tls_context *c)
{
    if (c == NULL)
        return NULL;
    GW_MAGIC_CHECK(c, GW_TLS_CONTEXT_MAGIC);
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    gw_tls_resume_drop(c);
    SSL_CTX_free(c->ssl);
    EVP_MD_free(c->sha256);
    (void)pthread_mutex_destroy(&c->lock);
    c->magic = 0;
    free(c);
    return NULL;
}

int gw_tls_context_days_left(const struct gw_tls_context *c, int64_t wall_us)
{
    int64_t left = c->not_after_s - wall_us / GW_USEC_PER_SEC;
    int64_t day = 24 * 3600;
    return (int)(left >= 0 ? left / day : -((-left + day - 1) / day));
}

int64_t gw_tls_context_crl_due_us(const struct gw_tls_context *c)
{
    return c->crl_due_s == INT64_MAX ? INT64_MAX : c->crl_due_s * GW_USEC_PER_SEC;
}

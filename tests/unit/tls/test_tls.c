/* tls/: everybody who must not come in, and the sentence that says why; then who may, as whom, and
 * again by resumption. Client and server over memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "pki.h"
#include "tls/tls_internal.h"

enum { MAX_BUF = 1 << 22 };

static struct pki_key root, foreign, server, client, expired, early, wrong_eku, no_eku, revoked,
    stranger, weak, self_signed, nobody;
static char crl[128], crl_old[128], crl_dead[128], crl_foreign[128];

static int setup(void **state)
{
    (void)state;
    pki_init();
    pki_make(&root,
             &(struct pki_spec){.name = "root", .ca = true, .from_days = -100, .to_days = 100},
             NULL);
    pki_make(&foreign,
             &(struct pki_spec){.name = "foreign", .ca = true, .from_days = -100, .to_days = 100},
             NULL);
    pki_make(
        &server,
        &(struct pki_spec){.name = "server",
                           .san = "DNS:gateway.test,IP:127.0.0.1,URI:xinqiao://gateway/hangzhou",
                           .eku = "serverAuth",
                           .from_days = -1,
                           .to_days = 30},
        &root);
    struct pki_spec c = {.name = "client",
                         .cn = "\xe8\x8b\x8f\xe5\xb7\x9e, \"credit\"",
                         .san = "URI:xinqiao://city/suzhou",
                         .eku = "clientAuth",
                         .from_days = -1,
                         .to_days = 30};
    pki_make(&client, &c, &root);
    c.name = c.cn = "stranger";
    pki_make(&stranger, &c, &foreign);
    c.name = c.cn = "revoked";
    pki_make(&revoked, &c, &root);
    c.name = c.cn = "nobody";
    c.san = NULL;
    pki_make(&nobody, &c, &root);
    c.name = c.cn = "self";
    pki_make(&self_signed, &c, NULL);
    c.name = c.cn = "weak";
    c.rsa_bits = 1024;
    pki_make(&weak, &c, &root);
    c.rsa_bits = 0;
    c.name = c.cn = "expired";
    c.from_days = -30;
    c.to_days = -2;
    pki_make(&expired, &c, &root);
    c.name = c.cn = "early";
    c.from_days = 2;
    c.to_days = 30;
    pki_make(&early, &c, &root);
    c.from_days = -1;
    c.name = c.cn = "wrong-eku";
    c.eku = "serverAuth";
    pki_make(&wrong_eku, &c, &root);
    c.name = c.cn = "no-eku";
    c.eku = NULL;
    pki_make(&no_eku, &c, &root);
    (void)snprintf(crl, sizeof crl, "%s/crl.pem", pki_dir);
    (void)snprintf(crl_old, sizeof crl_old, "%s/crl-old.pem", pki_dir);
    (void)snprintf(crl_dead, sizeof crl_dead, "%s/crl-dead.pem", pki_dir);
    (void)snprintf(crl_foreign, sizeof crl_foreign, "%s/crl-foreign.pem", pki_dir);
    pki_crl(&root, crl, 7, &revoked);
    pki_crl(&root, crl_old, -1, &revoked);
    pki_crl(&root, crl_dead, -10, &revoked);
    pki_crl(&foreign, crl_foreign, 7, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct pki_key *all[] = {&root,  &foreign,     &server, &client,  &expired,
                             &early, &wrong_eku,   &no_eku, &revoked, &stranger,
                             &weak,  &self_signed, &nobody};
    for (size_t i = 0; i < GW_ARRAY_LEN(all); i++) {
        unlink(all[i]->cert_file);
        unlink(all[i]->key_file);
        pki_free(all[i]);
    }
    const char *crls[] = {crl, crl_old, crl_dead, crl_foreign};
    for (size_t i = 0; i < GW_ARRAY_LEN(crls); i++)
        unlink(crls[i]);
    rmdir(pki_dir);
    return 0;
}

/* ------------------------------------------------------------------------------------------ help
 */

static struct gw_tls_context *server_context(const char *crl_file, uint64_t grace_s, uint32_t cache)
{
    struct gw_tls_settings s = {server.cert_file, server.key_file, root.cert_file,
                                crl_file,         grace_s,         cache};
    struct gw_buf e;
    gw_buf_init(&e, 4096);
    struct gw_tls_context *c = NULL;
    enum gw_status st = gw_tls_context_new_server(&s, &c, &e);
    if (st != GW_OK)
        fail_msg("%.*s", (int)e.len, e.ptr);
    gw_buf_fini(&e);
    return c;
}

static struct gw_tls_context *client_context(const struct pki_key *k, const struct pki_key *ca)
{
    struct gw_tls_settings s = {k->cert_file, k->key_file, ca->cert_file, NULL, 0, 0};
    struct gw_buf e;
    gw_buf_init(&e, 4096);
    struct gw_tls_context *c = NULL;
    enum gw_status st = gw_tls_context_new_client(&s, &c, &e);
    if (st != GW_OK)
        fail_msg("%.*s", (int)e.len, e.ptr);
    gw_buf_fini(&e);
    return c;
}

struct pair {
    struct gw_tls *c;
    struct gw_tls *s;
    enum gw_status cst;
    enum gw_status sst;
    struct gw_buf cw, sw;         /* to the wire */
    struct gw_buf cplain, splain; /* received */
};

static void pair_init(struct pair *p, struct gw_tls_context *cc, struct gw_tls_context *sc,
                      const char *host)
{
    memset(p, 0, sizeof *p);
    gw_buf_init(&p->cw, MAX_BUF);
    gw_buf_init(&p->sw, MAX_BUF);
    gw_buf_init(&p->cplain, MAX_BUF);
    gw_buf_init(&p->splain, MAX_BUF);
    assert_int_equal(gw_tls_new(cc, host, &p->c), GW_OK);
    assert_int_equal(gw_tls_new(sc, NULL, &p->s), GW_OK);
    p->cst = gw_tls_start(p->c, &p->cw);
}

static void pair_fini(struct pair *p)
{
    gw_tls_free(p->c);
    gw_tls_free(p->s);
    gw_buf_fini(&p->cw);
    gw_buf_fini(&p->sw);
    gw_buf_fini(&p->cplain);
    gw_buf_fini(&p->splain);
}

/* In pieces of `piece` bytes, until both are silent. */
static void pump(struct pair *p, size_t piece)
{
    while (p->cw.len > 0 || p->sw.len > 0) {
        while (p->cw.len > 0) {
            size_t n = p->cw.len < piece ? p->cw.len : piece;
            if (p->sst == GW_OK)
                p->sst = gw_tls_recv(p->s, gw_bytes_make(p->cw.ptr, n), &p->splain, &p->sw);
            gw_buf_consume(&p->cw, n);
        }
        while (p->sw.len > 0) {
            size_t n = p->sw.len < piece ? p->sw.len : piece;
            if (p->cst == GW_OK)
                p->cst = gw_tls_recv(p->c, gw_bytes_make(p->sw.ptr, n), &p->cplain, &p->cw);
            gw_buf_consume(&p->sw, n);
        }
    }
}

/* ---------------------------------------------------------------------------- who does not come in
 */

static void refused_with(const struct pki_key *who, const char *crl_file, uint64_t grace_s,
                         const char *says, const char *alert)
{
    struct gw_tls_context *sc = server_context(crl_file, grace_s, 100);
    struct gw_tls_context *cc = client_context(who, &root);
    struct pair p;
    pair_init(&p, cc, sc, "gateway.test");
    pump(&p, 100000);
    if (p.sst != GW_DENIED || strstr(gw_tls_why(p.s), says) == NULL)
        fail_msg("%s: %s: \"%s\", wanted \"%s\"", who->cert_file, gw_status_name(p.sst),
                 gw_tls_why(p.s), says);
    assert_false(gw_tls_ready(p.s));
    assert_null(gw_tls_identity_peek(p.s));
    /* The client hears it by an alert, and says so. */
    assert_int_equal(p.cst, GW_DENIED);
    assert_non_null(strstr(gw_tls_why(p.c), "the server ended the handshake: alert"));
    assert_non_null(strstr(gw_tls_why(p.c), alert));
    assert_int_equal(gw_tls_recv(p.s, GW_BYTES_NONE, &p.splain, &p.sw), GW_DENIED);
    assert_int_equal(gw_tls_send(p.s, GW_BYTES_LIT("x"), &p.sw), GW_PRECONDITION);
    pair_fini(&p);
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
}

static void refused(const struct pki_key *who, const char *crl_file, uint64_t grace_s,
                    const char *says)
{
    refused_with(who, crl_file, grace_s, says, "(about our certificate, or what we offer)");
}

/* The fault is the server's list: the client must not look for it in its certificate. */
static void unchecked(const char *crl_file, uint64_t grace_s, const char *says)
{
    refused_with(&client, crl_file, grace_s, says,
                 "alert \"internal error\" (a fault of its own: it can not check certificates now");
}

static void test_refused_clients(void **state)
{
    (void)state;
    char says[64];
    char date[11];
    gw_date_format(
        gw_date_at_utc8(gw_tls_time_s(X509_get0_notAfter(expired.cert)) * GW_USEC_PER_SEC), date);
    (void)snprintf(says, sizeof says, "client certificate expired %s (CN=expired)", date);
    refused(&expired, NULL, 0, says);
    refused(&early, NULL, 0, "client certificate is not valid before");
    refused(&stranger, NULL, 0, "signed by an authority that we do not trust (CN=stranger)");
    refused(&self_signed, NULL, 0, "client certificate is self-signed (CN=self)");
    refused(&wrong_eku, NULL, 0, "extended key usage");
    refused(&no_eku, NULL, 0, "extended key usage");
}

static void test_revocation(void **state)
{
    (void)state;
    refused(&revoked, crl, 0, "client certificate is revoked (CN=revoked)");
    refused(&revoked, crl_old, 3 * PKI_DAY, "is revoked");
    unchecked(crl_old, 0, "the revocation list is past its grace period");
    unchecked(crl_dead, 3 * PKI_DAY, "the revocation list is past its grace period");
    unchecked(crl_foreign, 0, "is covered by no revocation list of ours");
}

static void test_grace(void **state)
{
    (void)state;
    struct gw_tls_context *sc = server_context(crl_old, 3 * PKI_DAY, 100);
    struct gw_tls_context *cc = client_context(&client, &root);
    assert_true(gw_tls_context_crl_due_us(sc) < gw_clock_wall_us());
    assert_true(gw_tls_context_crl_due_us(cc) == INT64_MAX);
    struct pair p;
    pair_init(&p, cc, sc, "gateway.test");
    pump(&p, 100000);
    assert_true(gw_tls_ready(p.s));
    pair_fini(&p);
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
}

/* A raw OpenSSL client that does what ours never would. */
static void raw_client(void (*prepare)(SSL_CTX *x), const struct pki_key *k, int alert,
                       const char *says)
{
    struct gw_tls_context *sc = server_context(NULL, 0, 100);
    SSL_CTX *x = SSL_CTX_new(TLS_client_method());
    if (k != NULL) {
        SSL_CTX_set_security_level(x, 0);
        assert_int_equal(SSL_CTX_use_certificate_file(x, k->cert_file, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(x, k->key_file, SSL_FILETYPE_PEM), 1);
    }
    static const unsigned char h2[] = "\2h2";
    SSL_CTX_set_alpn_protos(x, h2, 3);
    if (prepare != NULL)
        prepare(x);
    SSL *ssl = SSL_new(x);
    SSL_set_connect_state(ssl);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    struct gw_tls *s;
    assert_int_equal(gw_tls_new(sc, NULL, &s), GW_OK);
    struct gw_buf plain, wire;
    gw_buf_init(&plain, MAX_BUF);
    gw_buf_init(&wire, MAX_BUF);
    enum gw_status st = GW_OK;
    for (int i = 0; i < 10 && st == GW_OK; i++) {
        (void)SSL_do_handshake(ssl);
        char *out;
        long n = BIO_get_mem_data(SSL_get_wbio(ssl), &out);
        st = gw_tls_recv(s, gw_bytes_make(out, (size_t)n), &plain, &wire);
        (void)BIO_reset(SSL_get_wbio(ssl));
        BIO_write(SSL_get_rbio(ssl), wire.ptr, (int)wire.len);
        gw_buf_reset(&wire);
    }
    if (st != GW_DENIED || strstr(gw_tls_why(s), says) == NULL)
        fail_msg("%s: \"%s\", wanted \"%s\"", gw_status_name(st), gw_tls_why(s), says);
    ERR_clear_error();
    char c;
    (void)SSL_do_handshake(ssl);
    (void)SSL_read(ssl, &c, 1);
    unsigned long e = ERR_peek_error();
    assert_int_equal(ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET, alert);
    ERR_clear_error();
    gw_tls_free(s);
    gw_buf_fini(&plain);
    gw_buf_fini(&wire);
    SSL_free(ssl);
    SSL_CTX_free(x);
    gw_tls_context_unref(sc);
}

static void alpn_none(SSL_CTX *x)
{
    SSL_CTX_set_alpn_protos(x, NULL, 0);
}

static void alpn_old(SSL_CTX *x)
{
    static const unsigned char http11[] = "\x8http/1.1";
    SSL_CTX_set_alpn_protos(x, http11, 9);
}

static void tls11(SSL_CTX *x)
{
    SSL_CTX_set_security_level(x, 0);
    SSL_CTX_set_min_proto_version(x, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(x, TLS1_1_VERSION);
    SSL_CTX_set_cipher_list(x, "ALL:@SECLEVEL=0");
}

static void no_forward_secrecy(SSL_CTX *x)
{
    SSL_CTX_set_max_proto_version(x, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(x, "AES128-GCM-SHA256");
}

static void cbc(SSL_CTX *x)
{
    SSL_CTX_set_max_proto_version(x, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(x, "ECDHE-ECDSA-AES128-SHA");
}

static void other_curve(SSL_CTX *x)
{
    SSL_CTX_set1_groups_list(x, "P-384");
}

static void tls12(SSL_CTX *x)
{
    SSL_CTX_set_max_proto_version(x, TLS1_2_VERSION);
}

static void test_odd_clients(void **state)
{
    (void)state;
    raw_client(NULL, NULL, SSL_AD_CERTIFICATE_REQUIRED, "the client sent no certificate");
    raw_client(tls12, NULL, SSL_AD_HANDSHAKE_FAILURE, "the client sent no certificate");
    raw_client(alpn_none, &client, SSL_AD_NO_APPLICATION_PROTOCOL,
               "does not offer HTTP/2 (no ALPN)");
    raw_client(alpn_old, &client, SSL_AD_NO_APPLICATION_PROTOCOL,
               "does not offer HTTP/2 (ALPN without h2)");
    raw_client(tls11, &client, SSL_AD_PROTOCOL_VERSION,
               "the client offers neither TLS 1.2 nor 1.3");
    raw_client(no_forward_secrecy, &client, SSL_AD_HANDSHAKE_FAILURE,
               "offers no cipher suite of ours");
    raw_client(cbc, &client, SSL_AD_HANDSHAKE_FAILURE, "offers no cipher suite of ours");
    raw_client(other_curve, &client, SSL_AD_HANDSHAKE_FAILURE, "offers neither X25519 nor P-256");
    raw_client(NULL, &weak, SSL_AD_BAD_CERTIFICATE, "has too weak a key (CN=weak)");
}

static void test_not_tls(void **state)
{
    (void)state;
    struct gw_tls_context *sc = server_context(NULL, 0, 0);
    static const struct {
        struct gw_bytes bytes;
        const char *says;
    } cases[] = {
        {GW_BYTES_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "speaks plain HTTP"},
        {GW_BYTES_LIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "the client"},
        {GW_BYTES_LIT("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), "TLS with the client failed"},
        {GW_BYTES_LIT("\x16\x03\x01\xff\xff xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "the client"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        struct gw_tls *s;
        struct gw_buf plain, wire;
        gw_buf_init(&plain, MAX_BUF);
        gw_buf_init(&wire, MAX_BUF);
        assert_int_equal(gw_tls_new(sc, NULL, &s), GW_OK);
        enum gw_status st = gw_tls_recv(s, cases[i].bytes, &plain, &wire);
        if (st != GW_DENIED || strstr(gw_tls_why(s), cases[i].says) == NULL)
            fail_msg("case %zu: %s \"%s\"", i, gw_status_name(st), gw_tls_why(s));
        gw_tls_free(s);
        gw_buf_fini(&plain);
        gw_buf_fini(&wire);
    }
    gw_tls_context_unref(sc);
}

static void client_refuses(const struct pki_key *ca, const char *host, const char *says)
{
    struct gw_tls_context *sc = server_context(NULL, 0, 0);
    struct gw_tls_context *cc = client_context(&client, ca);
    struct pair p;
    pair_init(&p, cc, sc, host);
    pump(&p, 100000);
    assert_int_equal(p.cst, GW_DENIED);
    if (strstr(gw_tls_why(p.c), says) == NULL)
        fail_msg("\"%s\", wanted \"%s\"", gw_tls_why(p.c), says);
    assert_int_equal(p.sst, GW_DENIED);
    assert_non_null(strstr(gw_tls_why(p.s), "the client ended the handshake: alert"));
    pair_fini(&p);
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
}

static void test_client_refuses_server(void **state)
{
    (void)state;
    client_refuses(&foreign, "gateway.test",
                   "server certificate is signed by an authority that we do not trust (CN=server)");
    client_refuses(&root, "other.test", "server certificate is not for other.test");
    client_refuses(&root, "127.0.0.2", "is not for the address that we called");
}

static void bad_files(const char *cert, const char *key, const char *ca, const char *crl_file,
                      enum gw_status want, const char *says)
{
    struct gw_tls_settings s = {cert, key, ca, crl_file, 0, 0};
    char text[1024] = "";
    struct gw_buf e;
    gw_buf_init_fixed(&e, text, sizeof text - 1);
    struct gw_tls_context *c = NULL;
    enum gw_status st = gw_tls_context_new_server(&s, &c, &e);
    if (st != want || strstr(text, says) == NULL)
        fail_msg("%s: %s wanted %s", gw_status_name(st), text, says);
    assert_null(c);
}

static void test_bad_files(void **state)
{
    (void)state;
    bad_files("/nowhere", server.key_file, root.cert_file, NULL, GW_INVALID,
              "/nowhere: not a usable PEM certificate chain");
    bad_files(server.cert_file, "/nowhere", root.cert_file, NULL, GW_NOT_FOUND,
              "/nowhere: the private key can not be read");
    bad_files(server.cert_file, client.key_file, root.cert_file, NULL, GW_INVALID, "key");
    bad_files(server.cert_file, server.key_file, "/nowhere", NULL, GW_INVALID,
              "/nowhere: no usable PEM trust anchors");
    bad_files(server.cert_file, server.key_file, server.key_file, NULL, GW_INVALID,
              "no usable PEM trust anchors");
    bad_files(server.cert_file, server.key_file, root.cert_file, "/nowhere", GW_INVALID,
              "/nowhere: can not be read");
    bad_files(server.cert_file, server.key_file, root.cert_file, root.cert_file, GW_INVALID,
              "no usable PEM revocation list");
    bad_files(weak.cert_file, weak.key_file, root.cert_file, NULL, GW_INVALID, "weak.pem");
    bad_files(NULL, NULL, root.cert_file, NULL, GW_INVALID, "mutual TLS only");
    bad_files(server.cert_file, server.key_file, NULL, NULL, GW_INVALID, "trust anchors");
    assert_int_equal(chmod(server.key_file, 0644), 0);
    bad_files(server.cert_file, server.key_file, root.cert_file, NULL, GW_DENIED, "chmod 600");
    assert_int_equal(chmod(server.key_file, 0600), 0);
}

/* ---------------------------------------------------------------------------------- who comes in
 */

static void good(size_t piece, const struct pki_key *who, const char *role, const char *peer)
{
    struct gw_tls_context *sc = server_context(crl, 0, 0);
    struct gw_tls_context *cc = client_context(who, &root);
    struct pair p;
    pair_init(&p, cc, sc, "gateway.test");
    assert_null(gw_tls_identity_peek(p.s));
    pump(&p, piece);
    assert_int_equal(p.cst, GW_OK);
    assert_int_equal(p.sst, GW_OK);
    assert_true(gw_tls_ready(p.c));
    assert_true(gw_tls_ready(p.s));
    assert_string_equal(gw_tls_why(p.s), "");
    const struct gw_tls_identity *id = gw_tls_identity_peek(p.s);
    assert_string_equal(id->role, role);
    assert_string_equal(id->peer, peer);
    assert_string_equal(id->version_suite, "TLSv1.3 TLS_AES_128_GCM_SHA256");
    uint8_t want[32];
    unsigned len = 32;
    X509_digest(who->cert, EVP_sha256(), want, &len);
    assert_memory_equal(id->cert_sha256, want, 32);
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(who->key, &der);
    EVP_Digest(der, (size_t)n, want, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    assert_memory_equal(id->spki_sha256, want, 32);
    assert_string_equal(gw_tls_identity_peek(p.c)->peer, "hangzhou");
    assert_string_equal(gw_tls_identity_peek(p.c)->role, "gateway");

    static uint8_t block[100000];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i * 31 >> 3);
    assert_int_equal(gw_tls_send(p.c, gw_bytes_make(block, sizeof block), &p.cw), GW_OK);
    assert_int_equal(gw_tls_send(p.s, GW_BYTES_LIT("answer"), &p.sw), GW_OK);
    pump(&p, piece);
    assert_true(gw_bytes_eq(gw_buf_view(&p.splain), gw_bytes_make(block, sizeof block)));
    assert_true(gw_bytes_eq_str(gw_buf_view(&p.cplain), "answer"));

    gw_tls_shutdown(p.c, &p.cw);
    pump(&p, piece);
    assert_int_equal(p.sst, GW_CLOSED);
    pair_fini(&p);
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
}

static void test_good(void **state)
{
    (void)state;
    good(100000, &client, "city", "suzhou");
    good(1, &client, "city", "suzhou");
    good(1000, &nobody, "",
         ""); /* a valid certificate of nobody: the call is refused later, with words */
}

static void test_subject(void **state)
{
    (void)state;
    char text[GW_TLS_SUBJECT_MAX + 1];
    gw_tls_subject(client.cert, text);
    assert_string_equal(text, "CN=\xe8\x8b\x8f\xe5\xb7\x9e\\, \\\"credit\\\"");
}

static void test_identity_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *san;
        const char *role, *peer;
    } cases[] = {
        {"URI:xinqiao://city/suzhou", "city", "suzhou"},
        {"DNS:a.b,URI:https://x/y,URI:xinqiao://a-1/b-2", "a-1", "b-2"},
        {"URI:xinqiao://city/suzhou,URI:xinqiao://city/ningbo", "", ""},
        {"URI:xinqiao://City/suzhou", "", ""},
        {"URI:xinqiao://city/", "", ""},
        {"URI:xinqiao://city", "", ""},
        {"URI:xinqiao:///suzhou", "", ""},
        {"URI:xinqiao://city/suzhou/x", "", ""},
        {"URI:xinqiao://city/suzhou?", "", ""},
        {"URI:xinqiao://city/su_zhou", "", ""},
        {"URI:xinqiao:city/suzhou", "", ""},
        {"URI:xinqiao://city/0123456789012345678901234567890123456789012345678901234567890123",
         "city", "0123456789012345678901234567890123456789012345678901234567890123"},
        {"URI:xinqiao://city/01234567890123456789012345678901234567890123456789012345678901234", "",
         ""},
        {"DNS:xinqiao.example", "", ""},
    };
    struct gw_tls_context *sc = server_context(NULL, 0, 0);
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        struct pki_key k;
        pki_make(&k,
                 &(struct pki_spec){.name = "grammar",
                                    .san = cases[i].san,
                                    .eku = "clientAuth",
                                    .from_days = -1,
                                    .to_days = 2},
                 &root);
        struct gw_tls_context *cc = client_context(&k, &root);
        struct pair p;
        pair_init(&p, cc, sc, NULL);
        pump(&p, 100000);
        const struct gw_tls_identity *id = gw_tls_identity_peek(p.s);
        if (id == NULL || strcmp(id->role, cases[i].role) != 0 ||
            strcmp(id->peer, cases[i].peer) != 0)
            fail_msg("%s: \"%s\" \"%s\"", cases[i].san, id ? id->role : "?", id ? id->peer : "?");
        pair_fini(&p);
        gw_tls_context_unref(cc);
        unlink(k.cert_file);
        unlink(k.key_file);
        pki_free(&k);
    }
    gw_tls_context_unref(sc);
}

/* Each byte of a record: broken, never delivered. */
static void test_tampering(void **state)
{
    (void)state;
    struct gw_tls_context *sc = server_context(NULL, 0, 0);
    struct gw_tls_context *cc = client_context(&client, &root);
    for (size_t at = 0; at < 33; at++) {
        struct pair p;
        pair_init(&p, cc, sc, NULL);
        pump(&p, 100000);
        assert_true(gw_tls_ready(p.s));
        assert_int_equal(gw_tls_send(p.c, GW_BYTES_LIT("eleven byte"), &p.cw), GW_OK);
        assert_int_equal(p.cw.len, 33); /* 5 + 11 + 1 + 16 */
        p.cw.ptr[at] ^= 0x01;
        enum gw_status st = gw_tls_recv(p.s, gw_buf_view(&p.cw), &p.splain, &p.sw);
        assert_int_equal(p.splain.len, 0);
        if (at == 3 || at == 4) /* a longer record: waits for the rest */
            assert_true(st == GW_OK || st == GW_INVALID);
        else if (st != GW_INVALID)
            fail_msg("byte %zu: %s", at, gw_status_name(st));
        pair_fini(&p);
    }
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
}

/* Buffers of the caller that are too small are a status, not a loss of mind. */
static void test_small_buffers(void **state)
{
    (void)state;
    struct gw_tls_context *sc = server_context(NULL, 0, 0);
    struct gw_tls_context *cc = client_context(&client, &root);
    struct pair p;
    pair_init(&p, cc, sc, NULL);
    uint8_t tiny[10];
    struct gw_buf small;
    gw_buf_init_fixed(&small, tiny, sizeof tiny);
    assert_int_not_equal(gw_tls_recv(p.s, gw_buf_view(&p.cw), &p.splain, &small), GW_OK);
    pair_fini(&p);
    pair_init(&p, cc, sc, NULL);
    pump(&p, 100000);
    assert_int_equal(gw_tls_send(p.c, GW_BYTES_LIT("more than ten bytes"), &p.cw), GW_OK);
    gw_buf_init_fixed(&small, tiny, sizeof tiny);
    assert_int_equal(gw_tls_recv(p.s, gw_buf_view(&p.cw), &small, &p.sw), GW_TOO_LARGE);
    gw_buf_init_fixed(&small, tiny, sizeof tiny);
    assert_int_equal(gw_tls_send(p.c, GW_BYTES_LIT("x"), &small), GW_TOO_LARGE);
    assert_false(gw_tls_ready(p.c));
    pair_fini(&p);
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
}

static bool again(struct gw_tls_context *cc, struct gw_tls_context *sc, const char *host)
{
    struct pair p;
    pair_init(&p, cc, sc, host);
    pump(&p, 100000);
    assert_true(gw_tls_ready(p.s));
    assert_string_equal(gw_tls_identity_peek(p.s)->peer, "suzhou");
    assert_string_equal(gw_tls_identity_peek(p.c)->peer, "hangzhou");
    bool resumed = gw_tls_resumed(p.s);
    assert_int_equal(gw_tls_resumed(p.c), resumed);
    gw_tls_shutdown(p.c, &p.cw);
    gw_tls_shutdown(p.s, &p.sw);
    pump(&p, 100000);
    pair_fini(&p);
    return resumed;
}

static void test_resumption(void **state)
{
    (void)state;
    struct gw_tls_context *sc = server_context(crl, 0, 100);
    struct gw_tls_context *other = server_context(crl, 0, 100);
    struct gw_tls_context *none = server_context(crl, 0, 0);
    struct gw_tls_context *cc = client_context(&client, &root);
    assert_false(again(cc, sc, "gateway.test"));
    assert_true(again(cc, sc, "gateway.test"));
    assert_true(again(cc, sc, "gateway.test")); /* with the session that the resumed one gave */
    assert_false(again(cc, sc, "127.0.0.1"));   /* another host's session is not offered */
    assert_false(
        again(cc, other, "gateway.test")); /* a new context (new CRL) knows no old session */
    assert_false(again(cc, none, "gateway.test"));
    assert_false(again(cc, none, "gateway.test"));
    gw_tls_context_unref(cc);
    gw_tls_context_unref(none);
    gw_tls_context_unref(other);
    gw_tls_context_unref(sc);
}

/* No session outlives the certificate that it was made with. */
static void test_session_ends_with_certificate(void **state)
{
    (void)state;
    struct pki_key k;
    pki_make(&k,
             &(struct pki_spec){.name = "short",
                                .san = "URI:xinqiao://city/suzhou",
                                .eku = "clientAuth",
                                .from_days = -1,
                                .to_days = 0},
             &root);
    /* Ends two seconds from now. */
    X509_gmtime_adj(X509_getm_notAfter(k.cert), 2);
    X509_sign(k.cert, root.key, EVP_sha256());
    FILE *f = fopen(k.cert_file, "w");
    PEM_write_X509(f, k.cert);
    fclose(f);
    struct gw_tls_context *sc = server_context(NULL, 0, 100);
    struct gw_tls_context *cc = client_context(&k, &root);
    assert_false(again(cc, sc, "gateway.test"));
    sleep(4); /* OpenSSL takes no clock from us */
    struct pair p;
    pair_init(&p, cc, sc, "gateway.test");
    pump(&p, 100000);
    assert_int_equal(p.sst, GW_DENIED);
    assert_non_null(strstr(gw_tls_why(p.s), "client certificate expired"));
    pair_fini(&p);
    gw_tls_context_unref(cc);
    gw_tls_context_unref(sc);
    unlink(k.cert_file);
    unlink(k.key_file);
    pki_free(&k);
}

static void test_days_left(void **state)
{
    (void)state;
    struct gw_tls_context *sc = server_context(NULL, 0, 0);
    int64_t now = gw_clock_wall_us();
    int64_t day = PKI_DAY * GW_USEC_PER_SEC;
    assert_int_equal(gw_tls_context_days_left(sc, now + day / 2), 29);
    assert_int_equal(gw_tls_context_days_left(sc, now + 30 * day + day / 2), -1);
    gw_tls_context_unref(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_clients),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_odd_clients),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_client_refuses_server),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_identity_grammar),
        cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_small_buffers),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_session_ends_with_certificate),
        cmocka_unit_test(test_days_left),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

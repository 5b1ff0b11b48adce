/* Who the other side is, from its certificate; read once per handshake, also for resumed sessions.
 */
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "tls/tls_internal.h"

static bool name_take(struct gw_cursor *c, char ret[GW_TLS_NAME_MAX + 1])
{
    size_t n = 0;
    uint8_t ch;
    while (gw_cursor_left(c) > 0 && *c->ptr != '/') {
        if (gw_cursor_u8(c, &ch) != GW_OK || n == GW_TLS_NAME_MAX)
            return false;
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-'))
            return false;
        ret[n++] = (char)ch;
    }
    ret[n] = '\0';
    return n > 0;
}

/* xinqiao://<role>/<peer>, nothing before, between or after. */
static bool uri_parse(struct gw_bytes uri, struct gw_tls_names *ret)
{
    static const char scheme[] = "xinqiao://";
    struct gw_cursor c = gw_cursor_make(uri);
    struct gw_bytes head;
    uint8_t slash;
    return gw_cursor_take(&c, sizeof scheme - 1, &head) == GW_OK && gw_bytes_eq_str(head, scheme) &&
           name_take(&c, ret->role) && gw_cursor_u8(&c, &slash) == GW_OK && slash == '/' &&
           name_take(&c, ret->peer) && gw_cursor_left(&c) == 0;
}

/* A second URI of our scheme, or one that is malformed, leaves nobody: closed by default. */
static void names_fill(X509 *cert, struct gw_tls_names *ret)
{
    ret->role[0] = '\0';
    ret->peer[0] = '\0';
    GENERAL_NAMES *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    unsigned ours = 0;
    bool good = false;
    struct gw_tls_names found;
    for (int i = 0; i < sk_GENERAL_NAME_num(sans); i++) {
        const GENERAL_NAME *gn = sk_GENERAL_NAME_value(sans, i);
        if (gn->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *s = gn->d.uniformResourceIdentifier;
        struct gw_bytes uri =
            gw_bytes_make(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
        if (!gw_bytes_has_prefix(uri, GW_BYTES_LIT("xinqiao:")))
            continue;
        ours++;
        good = uri_parse(uri, &found);
    }
    GENERAL_NAMES_free(sans);
    if (ours != 1 || !good)
        return;
    memcpy(ret->role, found.role, sizeof ret->role);
    memcpy(ret->peer, found.peer, sizeof ret->peer);
}

void gw_tls_subject(const X509 *cert, char ret[GW_TLS_SUBJECT_MAX + 1])
{
    (void)snprintf(ret, GW_TLS_SUBJECT_MAX + 1, "unknown");
    BIO *mem = BIO_new(BIO_s_mem());
    if (mem == NULL)
        return;
    /* Without ESC_MSB: UTF-8 is kept. */
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    char *text;
    if (X509_NAME_print_ex(mem, X509_get_subject_name(cert), 0, flags) >= 0) {
        long len = BIO_get_mem_data(mem, &text);
        struct gw_bytes b = gw_bytes_make(text, len > 0 ? (size_t)len : 0);
        if (b.len > 0 && gw_utf8_valid(b) && memchr(b.ptr, '\0', b.len) == NULL) {
            b = gw_utf8_cut(b, GW_TLS_SUBJECT_MAX);
            memcpy(ret, b.ptr, b.len);
            ret[b.len] = '\0';
        }
    }
    BIO_free(mem);
}

static enum gw_status digest(const struct gw_tls *t, uint8_t *der, int len, uint8_t ret[32])
{
    if (len <= 0)
        return GW_NOMEM;
    int ok = EVP_Digest(der, (size_t)len, ret, NULL, t->ctx->sha256, NULL);
    OPENSSL_free(der);
    return ok == 1 ? GW_OK : GW_INTERNAL;
}

enum gw_status gw_tls_identity_fill(struct gw_tls *t)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    /* SSL_VERIFY_FAIL_IF_NO_PEER_CERT: there is one whenever a handshake has ended well. */
    if (cert == NULL || SSL_get_verify_result(t->ssl) != X509_V_OK)
        return GW_UNAUTHENTICATED;
    names_fill(cert, &t->names);
    gw_tls_subject(cert, t->names.subject);
    (void)snprintf(t->names.version_suite, sizeof t->names.version_suite, "%s %s",
                   SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
    uint8_t *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    GW_TRY(digest(t, der, len, t->identity.spki_sha256));
    der = NULL;
    len = i2d_X509(cert, &der);
    GW_TRY(digest(t, der, len, t->identity.cert_sha256));
    t->identity.role = t->names.role;
    t->identity.peer = t->names.peer;
    t->identity.subject = t->names.subject;
    t->identity.version_suite = t->names.version_suite;
    t->identity.not_after_us = gw_tls_time_s(X509_get0_notAfter(cert)) * GW_USEC_PER_SEC;
    return GW_OK;
}

/* Judges the peer's certificate beyond what OpenSSL does by itself, and says in one sentence what
 * is wrong. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "tls/tls_internal.h"

int64_t gw_tls_time_s(const ASN1_TIME *t)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return 0;
    return timegm(&tm);
}

void gw_tls_why_set(struct gw_tls *t, const char *fmt, ...)
{
    /* The first reason is the cause; what follows are its consequences. Allocated only here: most
     * sessions never need it. */
    if (t->why != NULL)
        return;
    t->why = malloc(GW_TLS_WHY_MAX);
    if (t->why == NULL)
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(t->why, GW_TLS_WHY_MAX, fmt, ap);
    va_end(ap);
}

static const char *other_side(const struct gw_tls *t)
{
    return t->ctx->server ? "client" : "server";
}

/* --------------------------------------------------------------------------------- certificates */

static const struct {
    int error;
    const char *text; /* after "<whose> certificate " */
} judgements[] = {
    {X509_V_ERR_CERT_REVOKED, "is revoked"},
    {X509_V_ERR_INVALID_PURPOSE, "is not for this side of TLS (extended key usage)"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "is signed by an authority that we do not trust"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "is signed by an authority that we do not trust"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "is signed by an authority that we do not trust"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "is self-signed"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "comes from a root that we do not trust"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "has a wrong signature"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "has too weak a key"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "is signed with too weak a key"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "is signed with too weak a digest"},
    {X509_V_ERR_INVALID_CA, "is signed by a certificate that is no authority"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "is not for the host that we called"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "is not for the address that we called"},
};

/* Faults of our own revocation list. The alert that OpenSSL would send ("certificate expired", "bad
 * certificate") sends the other side looking for a fault in its certificate. */
static const struct {
    int error;
    const char *text; /* after "<whose> certificate " */
} list_faults[] = {
    {X509_V_ERR_UNABLE_TO_GET_CRL, "is covered by no revocation list of ours"},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "is covered by no revocation list of ours"},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, "is covered by no revocation list of ours"},
    {X509_V_ERR_CRL_HAS_EXPIRED,
     "can not be checked: the revocation list is past its grace period"},
    {X509_V_ERR_CRL_NOT_YET_VALID, "can not be checked: the revocation list is not valid yet"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE,
     "can not be checked: the revocation list has a wrong signature"},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
     "can not be checked: the revocation list has a wrong signature"},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
     "can not be checked: the revocation list is signed with a key that is not for it"},
    {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
     "can not be checked: the revocation list has a broken date"},
    {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
     "can not be checked: the revocation list has a broken date"},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
     "can not be checked: the revocation list has an unknown critical extension"},
};

static const char *list_fault(int error)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(list_faults); i++)
        if (list_faults[i].error == error)
            return list_faults[i].text;
    return NULL;
}

static void judgement(const struct gw_tls *t, X509_STORE_CTX *x, int error, char *ret, size_t size)
{
    const X509 *cert = X509_STORE_CTX_get_current_cert(x);
    char date[11] = "";
    if (cert != NULL && error == X509_V_ERR_CERT_HAS_EXPIRED) {
        int64_t us = gw_tls_time_s(X509_get0_notAfter(cert)) * GW_USEC_PER_SEC;
        gw_date_format(gw_date_at_utc8(us), date);
        (void)snprintf(ret, size, "expired %s", date);
        return;
    }
    if (cert != NULL && error == X509_V_ERR_CERT_NOT_YET_VALID) {
        int64_t us = gw_tls_time_s(X509_get0_notBefore(cert)) * GW_USEC_PER_SEC;
        gw_date_format(gw_date_at_utc8(us), date);
        (void)snprintf(ret, size, "is not valid before %s", date);
        return;
    }
    if (error == X509_V_ERR_HOSTNAME_MISMATCH && t->host[0] != '\0') {
        (void)snprintf(ret, size, "is not for %s", t->host);
        return;
    }
    if (list_fault(error) != NULL) {
        (void)snprintf(ret, size, "%s", list_fault(error));
        return;
    }
    for (size_t i = 0; i < GW_ARRAY_LEN(judgements); i++) {
        if (judgements[i].error == error) {
            (void)snprintf(ret, size, "%s", judgements[i].text);
            return;
        }
    }
    (void)snprintf(ret, size, "is refused: %s", X509_verify_cert_error_string(error));
}

static void why_certificate(struct gw_tls *t, X509_STORE_CTX *x, int error)
{
    char subject[GW_TLS_SUBJECT_MAX + 1] = "unknown";
    X509 *cert = X509_STORE_CTX_get_current_cert(x);
    if (cert != NULL)
        gw_tls_subject(cert, subject);
    char text[160];
    judgement(t, x, error, text, sizeof text);
    bool leaf = X509_STORE_CTX_get_error_depth(x) == 0;
    gw_tls_why_set(t, "%s%s certificate %s (%s)", other_side(t), leaf ? "" : "'s authority", text,
                   subject);
}

/* OpenSSL's own purpose check lets a certificate without the extension pass. */
static bool purpose_stated(const struct gw_tls *t, X509 *cert)
{
    uint32_t want = t->ctx->server ? XKU_SSL_CLIENT : XKU_SSL_SERVER;
    return (X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(cert) & want) != 0;
}

static void until_at_most(struct gw_tls *t, int64_t s)
{
    if (s < t->valid_until_s)
        t->valid_until_s = s;
}

/* Decides by the clock of the machine, as OpenSSL does for all other dates of a handshake. */
static bool crl_in_grace(const struct gw_tls *t, X509_STORE_CTX *x)
{
    const X509_CRL *crl = X509_STORE_CTX_get0_current_crl(x);
    if (crl == NULL || X509_CRL_get0_nextUpdate(crl) == NULL)
        return false;
    int64_t due = gw_tls_time_s(X509_CRL_get0_nextUpdate(crl));
    return gw_clock_wall_us() / GW_USEC_PER_SEC <= due + t->ctx->crl_grace_s;
}

int gw_tls_verify_callback(int ok, X509_STORE_CTX *x)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct gw_tls *t = SSL_get_app_data(ssl);
    GW_MAGIC_CHECK(t, GW_TLS_MAGIC);
    int error = X509_STORE_CTX_get_error(x);
    if (!ok && error == X509_V_ERR_CRL_HAS_EXPIRED && crl_in_grace(t, x)) {
        X509_STORE_CTX_set_error(x, X509_V_OK);
        return 1;
    }
    X509 *cert = X509_STORE_CTX_get_current_cert(x);
    if (ok && cert != NULL) {
        until_at_most(t, gw_tls_time_s(X509_get0_notAfter(cert)));
        if (t->ctx->crl_due_s != INT64_MAX)
            until_at_most(t, t->ctx->crl_due_s + t->ctx->crl_grace_s);
        if (X509_STORE_CTX_get_error_depth(x) == 0 && !purpose_stated(t, cert)) {
            error = X509_V_ERR_INVALID_PURPOSE;
            X509_STORE_CTX_set_error(x, error);
            ok = 0;
        }
    }
    if (!ok)
        why_certificate(t, x, error);
    if (!ok && list_fault(error) != NULL)
        X509_STORE_CTX_set_error(x, X509_V_ERR_UNSPECIFIED); /* alert internal_error */
    return ok;
}

/* ------------------------------------------------------------------------------- other failures */

static const struct {
    int reason;
    const char *text; /* %s: the other side */
} failures[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the %s sent no certificate"},
    {SSL_R_NO_SHARED_CIPHER,
     "the %s offers no cipher suite of ours (ECDHE with AES-GCM or ChaCha20)"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the %s offers neither TLS 1.2 nor 1.3"},
    {SSL_R_VERSION_TOO_LOW, "the %s offers neither TLS 1.2 nor 1.3"},
    {SSL_R_NO_APPLICATION_PROTOCOL, "the %s does not offer HTTP/2 (ALPN without h2)"},
    {SSL_R_HTTP_REQUEST, "the %s speaks plain HTTP, not TLS"},
    {SSL_R_WRONG_VERSION_NUMBER, "the %s does not speak TLS"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "the %s offers neither X25519 nor P-256"},
    {SSL_R_NO_SUITABLE_GROUPS, "the %s offers neither X25519 nor P-256"},
    {SSL_R_NO_SHARED_GROUPS, "the %s offers neither X25519 nor P-256"},
    {SSL_R_BAD_SIGNATURE, "the %s does not hold the key of its certificate"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, "the %s sent too large a handshake message"},
};

/* What the alert of a server tells a client to do. */
static const char *alert_hint(const struct gw_tls *t, int alert)
{
    if (t->ctx->server)
        return "";
    if (alert == SSL_AD_INTERNAL_ERROR)
        return " (a fault of its own: it can not check certificates now; ask its operator)";
    return " (about our certificate, or what we offer)";
}

void gw_tls_why_from_queue(struct gw_tls *t)
{
    unsigned long e = ERR_peek_error();
    int reason = ERR_GET_REASON(e);
    const char *who = other_side(t);
    if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET)
        gw_tls_why_set(t, "the %s ended the handshake: alert \"%s\"%s", who,
                       SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET),
                       alert_hint(t, reason - SSL_AD_REASON_OFFSET));
    for (size_t i = 0; ERR_GET_LIB(e) == ERR_LIB_SSL && i < GW_ARRAY_LEN(failures); i++) {
        if (failures[i].reason != reason)
            continue;
        char text[128];
        const char *mark = strstr(failures[i].text, "%s");
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - failures[i].text),
                       failures[i].text, who, mark + 2);
        gw_tls_why_set(t, "%s", text);
    }
    const char *lib_text = e != 0 ? ERR_reason_error_string(e) : NULL;
    gw_tls_why_set(t, "TLS with the %s failed: %s", who,
                   lib_text != NULL ? lib_text : "it broke the protocol");
    ERR_clear_error();
}

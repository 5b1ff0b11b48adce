/* A private key and a certificate request for a counterpart: what certs/ does for tests with the
 * openssl program, for the starter kit of `xinqiao peer add`. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "tls/tls_internal.h"

/* PEM goes through a memory BIO; what is secret in it is wiped. */
static enum gw_status take(BIO *bio, struct gw_buf *ret)
{
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    if (len <= 0)
        return GW_NOMEM;
    gw_buf_append(ret, text, (size_t)len);
    OPENSSL_cleanse(text, (size_t)len);
    return gw_buf_failed(ret);
}

static bool add_uri(X509_REQ *q, const char *role, const char *peer)
{
    char value[2 * GW_TLS_NAME_MAX + 32];
    int n = snprintf(value, sizeof(value), "URI:xinqiao://%s/%s", role, peer);
    if (n < 0 || (size_t)n >= sizeof(value))
        return false;
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
    bool ok = list != NULL && san != NULL && sk_X509_EXTENSION_push(list, san) > 0;
    if (!ok)
        X509_EXTENSION_free(san);
    ok = ok && X509_REQ_add_extensions(q, list) == 1;
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

static bool add_name(X509_REQ *q, const char *key, const char *value)
{
    return X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(q), key, MBSTRING_UTF8,
                                      (const unsigned char *)value, -1, -1, 0) == 1;
}

/* Subject names have at most 64 characters each. */
static bool fill(X509_REQ *q, EVP_PKEY *key, const char *role, const char *peer,
                 const char *organisation)
{
    return X509_REQ_set_version(q, X509_REQ_VERSION_1) == 1 && add_name(q, "C", "CN") &&
           add_name(q, "O", organisation) && add_name(q, "CN", peer) && add_uri(q, role, peer) &&
           X509_REQ_set_pubkey(q, key) == 1 && X509_REQ_sign(q, key, EVP_sha256()) > 0;
}

enum gw_status gw_tls_request_new(const char *role, const char *peer, const char *organisation,
                                  struct gw_buf *ret_key, struct gw_buf *ret_request)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *q = X509_REQ_new();
    BIO *key_bio = BIO_new(BIO_s_mem()), *request_bio = BIO_new(BIO_s_mem());
    enum gw_status st = GW_NOMEM;
    if (key != NULL && q != NULL && key_bio != NULL && request_bio != NULL)
        st = fill(q, key, role, peer, organisation) &&
                     PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                     PEM_write_bio_X509_REQ(request_bio, q) == 1
                 ? GW_OK
                 : GW_INVALID;
    if (st == GW_OK)
        st = take(key_bio, ret_key);
    if (st == GW_OK)
        st = take(request_bio, ret_request);
    BIO_free(key_bio);
    BIO_free(request_bio);
    X509_REQ_free(q);
    EVP_PKEY_free(key);
    return st;
}

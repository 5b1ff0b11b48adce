/* A small PKI for tests, made in a temporary folder with OpenSSL: what a certificate says is given
 * by a spec. Included by one test program each, so all is static. */
#ifndef GW_TESTS_UNIT_TLS_PKI_H
#define GW_TESTS_UNIT_TLS_PKI_H

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PKI_DAY = 24 * 3600 };

struct pki_spec {
    const char *name; /* file stem, and CN unless `cn` */
    const char *cn;
    const char *san; /* "URI:xinqiao://city/suzhou,DNS:localhost"; NULL none */
    const char *eku; /* "clientAuth"; NULL none */
    int from_days;   /* from now */
    int to_days;
    int rsa_bits; /* 0: P-256 */
    bool ca;
};

struct pki_key {
    X509 *cert;
    EVP_PKEY *key;
    long serial;
    char cert_file[128];
    char key_file[128];
};

static char pki_dir[64];
static long pki_serial = 100;

static void pki_init(void)
{
    (void)snprintf(pki_dir, sizeof pki_dir, "/tmp/gw-tls-XXXXXX");
    assert_non_null(mkdtemp(pki_dir));
}

static void pki_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(cert, e, -1), 1);
    X509_EXTENSION_free(e);
}

static void pki_make(struct pki_key *k, const struct pki_spec *s, const struct pki_key *issuer)
{
    memset(k, 0, sizeof *k);
    k->key = s->rsa_bits != 0 ? EVP_RSA_gen((unsigned)s->rsa_bits) : EVP_EC_gen("P-256");
    k->cert = X509_new();
    k->serial = ++pki_serial;
    X509_set_version(k->cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(k->cert), k->serial);
    X509_gmtime_adj(X509_getm_notBefore(k->cert), (long)s->from_days * PKI_DAY);
    X509_gmtime_adj(X509_getm_notAfter(k->cert), (long)s->to_days * PKI_DAY);
    X509_set_pubkey(k->cert, k->key);
    X509_NAME *name = X509_get_subject_name(k->cert);
    const char *cn = s->cn != NULL ? s->cn : s->name;
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0),
        1);
    X509 *by = issuer != NULL ? issuer->cert : k->cert;
    X509_set_issuer_name(k->cert, X509_get_subject_name(by));
    if (s->ca) {
        pki_ext(k->cert, by, NID_basic_constraints, "critical,CA:TRUE");
        pki_ext(k->cert, by, NID_key_usage, "critical,keyCertSign,cRLSign");
        pki_ext(k->cert, by, NID_subject_key_identifier, "hash");
    }
    if (s->eku != NULL)
        pki_ext(k->cert, by, NID_ext_key_usage, s->eku);
    if (s->san != NULL)
        pki_ext(k->cert, by, NID_subject_alt_name, s->san);
    assert_true(X509_sign(k->cert, issuer != NULL ? issuer->key : k->key, EVP_sha256()) > 0);
    (void)snprintf(k->cert_file, sizeof k->cert_file, "%s/%s.pem", pki_dir, s->name);
    (void)snprintf(k->key_file, sizeof k->key_file, "%s/%s.key", pki_dir, s->name);
    FILE *f = fopen(k->cert_file, "w");
    PEM_write_X509(f, k->cert);
    fclose(f);
    f = fopen(k->key_file, "w");
    PEM_write_PrivateKey(f, k->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    assert_int_equal(chmod(k->key_file, 0600), 0);
}

static void pki_free(struct pki_key *k)
{
    X509_free(k->cert);
    EVP_PKEY_free(k->key);
}

/* Appends to the file when it exists. */
static void pki_crl(const struct pki_key *ca, const char *file, int due_days,
                    const struct pki_key *revoked)
{
    X509_CRL *crl = X509_CRL_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
    ASN1_TIME *t = ASN1_TIME_new();
    X509_gmtime_adj(t, -40L * PKI_DAY);
    X509_CRL_set1_lastUpdate(crl, t);
    X509_gmtime_adj(t, (long)due_days * PKI_DAY);
    X509_CRL_set1_nextUpdate(crl, t);
    if (revoked != NULL) {
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_INTEGER *n = ASN1_INTEGER_new();
        ASN1_INTEGER_set(n, revoked->serial);
        X509_REVOKED_set_serialNumber(r, n);
        X509_gmtime_adj(t, -1L * PKI_DAY);
        X509_REVOKED_set_revocationDate(r, t);
        X509_CRL_add0_revoked(crl, r);
        ASN1_INTEGER_free(n);
    }
    ASN1_TIME_free(t);
    X509_CRL_sort(crl);
    assert_true(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0);
    FILE *f = fopen(file, "a");
    PEM_write_X509_CRL(f, crl);
    fclose(f);
    X509_CRL_free(crl);
}

#endif

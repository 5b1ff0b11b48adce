/* tls/request.c: a request that an authority can sign, and the key that belongs to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/tls.h"

static const char *const organisation = "\xe8\x8b\x8f\xe5\xb7\x9e";

static X509_REQ *request_of(const struct gw_buf *b)
{
    BIO *bio = BIO_new_mem_buf(b->ptr, (int)b->len);
    X509_REQ *q = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(q);
    return q;
}

static void test_the_request_names_role_and_peer_and_fits_its_key(void **state)
{
    (void)state;
    struct gw_buf key, request;
    gw_buf_init(&key, 8192);
    gw_buf_init(&request, 8192);
    assert_int_equal(gw_tls_request_new("peer", "wuxi-2", organisation, &key, &request), GW_OK);
    X509_REQ *q = request_of(&request);
    BIO *bio = BIO_new_mem_buf(key.ptr, (int)key.len);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(pkey);
    assert_int_equal(X509_REQ_verify(q, pkey), 1);

    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(q);
    GENERAL_NAMES *names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    const ASN1_IA5STRING *uri = sk_GENERAL_NAME_value(names, 0)->d.uniformResourceIdentifier;
    assert_string_equal((const char *)ASN1_STRING_get0_data(uri), "xinqiao://peer/wuxi-2");
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);

    char cn[64];
    assert_true(X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(q), NID_commonName, cn,
                                          sizeof(cn)) > 0);
    assert_string_equal(cn, "wuxi-2");
    X509_REQ_free(q);
    EVP_PKEY_free(pkey);
    gw_buf_fini(&key);
    gw_buf_fini(&request);
}

static void test_two_requests_have_two_keys(void **state)
{
    (void)state;
    struct gw_buf key[2], request[2];
    for (size_t i = 0; i < 2; i++) {
        gw_buf_init(&key[i], 8192);
        gw_buf_init(&request[i], 8192);
        assert_int_equal(gw_tls_request_new("peer", "wuxi", organisation, &key[i], &request[i]),
                         GW_OK);
    }
    assert_false(gw_bytes_eq(gw_buf_view(&key[0]), gw_buf_view(&key[1])));
    for (size_t i = 0; i < 2; i++) {
        gw_buf_fini(&key[i]);
        gw_buf_fini(&request[i]);
    }
}

static void test_names_that_fit_no_certificate_are_refused(void **state)
{
    (void)state;
    char many[80];
    memset(many, 'a', sizeof(many));
    many[65] = '\0';
    struct gw_buf key, request;
    gw_buf_init(&key, 8192);
    gw_buf_init(&request, 8192);
    assert_int_equal(gw_tls_request_new("peer", "wuxi", many, &key, &request), GW_INVALID);
    assert_int_equal(gw_tls_request_new("peer", many, organisation, &key, &request), GW_INVALID);
    assert_int_equal(gw_tls_request_new("peer", "wuxi", "", &key, &request), GW_INVALID);
    assert_int_equal(key.len, 0);
    struct gw_buf small;
    uint8_t mem[16];
    gw_buf_init_fixed(&small, mem, sizeof(mem));
    assert_int_not_equal(gw_tls_request_new("peer", "wuxi", organisation, &small, &request), GW_OK);
    gw_buf_fini(&key);
    gw_buf_fini(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_request_names_role_and_peer_and_fits_its_key),
        cmocka_unit_test(test_two_requests_have_two_keys),
        cmocka_unit_test(test_names_that_fit_no_certificate_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

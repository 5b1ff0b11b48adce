/* Ed25519 against RFC 8032, tampered messages and signatures, and key files. */
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

static char dir[] = "/tmp/xinqiao-test-sign-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static const char *at(const char *name)
{
    static char path[PATH_MAX];
    assert_int_equal(gw_file_join(path, sizeof(path), dir, name), GW_OK);
    return path;
}

static void test_tampering(void **state)
{
    (void)state;
    struct gw_sign_key *k = NULL;
    uint8_t pub[32];
    uint8_t sig[GW_ED25519_SIG_LEN];
    char msg[] = "checkpoint";
    struct gw_bytes m = gw_bytes_str(msg);
    assert_int_equal(gw_crypto_sign_key_generate(&k), GW_OK);
    gw_crypto_sign_key_public(k, pub);
    assert_int_equal(gw_crypto_sign(k, m, sig), GW_OK);
    struct gw_bytes s = gw_bytes_make(sig, sizeof(sig));
    assert_int_equal(gw_crypto_verify(pub, m, s), GW_OK);
    for (size_t i = 0; i < sizeof(sig); i++) {
        sig[i] ^= 1;
        assert_int_equal(gw_crypto_verify(pub, m, s), GW_CORRUPT);
        sig[i] ^= 1;
    }
    for (size_t i = 0; i < m.len; i++) {
        msg[i] ^= 1;
        assert_int_equal(gw_crypto_verify(pub, m, s), GW_CORRUPT);
        msg[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(pub); i++) {
        pub[i] ^= 1;
        assert_int_equal(gw_crypto_verify(pub, m, s), GW_CORRUPT);
        pub[i] ^= 1;
    }
    assert_int_equal(gw_crypto_verify(pub, m, gw_bytes_make(sig, 63)), GW_CORRUPT);
    assert_int_equal(gw_crypto_verify(pub, m, GW_BYTES_NONE), GW_CORRUPT);
    gw_crypto_sign_key_free(k);
    gw_crypto_sign_key_free(NULL);
}

static void test_seed_length(void **state)
{
    (void)state;
    struct gw_sign_key *k = NULL;
    uint8_t seed[33] = {0};
    assert_int_equal(gw_crypto_sign_key_from_seed(gw_bytes_make(seed, 31), &k), GW_INVALID);
    assert_int_equal(gw_crypto_sign_key_from_seed(gw_bytes_make(seed, 33), &k), GW_INVALID);
    assert_null(k);
}

/* RFC 8032 section 7.1, tests 1 to 3. */
static void test_rfc8032(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46bd25bf5f0595bbe24"
         "655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c387b2eaeb4302aee"
         "b00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc6594a7c15e9716ed28d"
         "c027beceea1ec40a"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        uint8_t seed[32];
        uint8_t pub[32];
        uint8_t got_pub[32];
        uint8_t msg[2];
        uint8_t sig[64];
        uint8_t got_sig[64];
        size_t msg_len = strlen(rows[i][2]) / 2;
        assert_int_equal(gw_hex_decode(gw_bytes_str(rows[i][0]), seed, 32), GW_OK);
        assert_int_equal(gw_hex_decode(gw_bytes_str(rows[i][1]), pub, 32), GW_OK);
        assert_int_equal(gw_hex_decode(gw_bytes_str(rows[i][2]), msg, msg_len), GW_OK);
        assert_int_equal(gw_hex_decode(gw_bytes_str(rows[i][3]), sig, 64), GW_OK);
        struct gw_sign_key *k = NULL;
        assert_int_equal(gw_crypto_sign_key_from_seed(gw_bytes_make(seed, 32), &k), GW_OK);
        gw_crypto_sign_key_public(k, got_pub);
        assert_memory_equal(got_pub, pub, 32);
        struct gw_bytes m = msg_len != 0 ? gw_bytes_make(msg, msg_len) : GW_BYTES_NONE;
        assert_int_equal(gw_crypto_sign(k, m, got_sig), GW_OK);
        assert_memory_equal(got_sig, sig, 64);
        assert_int_equal(gw_crypto_verify(pub, m, gw_bytes_make(sig, 64)), GW_OK);
        gw_crypto_sign_key_free(k);
    }
}

static void test_key_file(void **state)
{
    (void)state;
    struct gw_sign_key *k = NULL;
    struct gw_sign_key *back = NULL;
    struct stat st;
    assert_int_equal(gw_crypto_sign_key_load(at("absent"), &back), GW_NOT_FOUND);
    assert_int_equal(gw_crypto_sign_key_generate(&k), GW_OK);
    assert_int_equal(gw_crypto_sign_key_save(k, at("no/such")), GW_NOT_FOUND);
    assert_int_equal(gw_crypto_sign_key_save(k, at("key")), GW_OK);
    assert_int_equal(stat(at("key"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(chmod(at("key"), 0640), 0);
    assert_int_equal(gw_crypto_sign_key_load(at("key"), &back), GW_DENIED);
    assert_int_equal(chmod(at("key"), 0600), 0);
    assert_int_equal(gw_crypto_sign_key_load(at("key"), &back), GW_OK);
    uint8_t a[32];
    uint8_t b[32];
    gw_crypto_sign_key_public(k, a);
    gw_crypto_sign_key_public(back, b);
    assert_memory_equal(a, b, 32);
    gw_crypto_sign_key_free(back);
    gw_crypto_sign_key_free(k);
}

static void test_other_files(void **state)
{
    (void)state;
    /* Not PEM, nothing, a key of another kind (P-256, made for this test), one under a password. */
    static const char p256[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJzpKySqaAaJpN9Gi\n"
                               "4T9FtnilrJJSfZKn1Bvoygytv3ehRANCAARloWNLLiE840vLSIMv0gkSyvBkQm+u\n"
                               "7VQYt/2JF3AAXZzpQLLQ510C3e3B1lO0fQcd8a38Qa23qfNhfkxpzbSL\n"
                               "-----END PRIVATE KEY-----\n";
    static const char locked[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiIf62du7LLeQICCAAw\n"
        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBFQkqqCIt8AyTIakqR2rqcEQJbB\n"
        "mePNUrbmlC4WOaviWc4Q3jJaxeZ2ZEh+jOZ500hmuEtAn8mMfJ3hAFZtaomlZkTf\n"
        "AU3tVtQ5IKLvU+O8zRM=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    static const char *const bad[] = {"", "hello", p256, locked};
    struct gw_sign_key *k = NULL;
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        assert_int_equal(gw_file_write_atomic(at("bad"), gw_bytes_str(bad[i]), 0600), GW_OK);
        assert_int_equal(gw_crypto_sign_key_load(at("bad"), &k), GW_INVALID);
        assert_null(k);
    }
    static uint8_t large[9000];
    assert_int_equal(gw_file_write_atomic(at("bad"), gw_bytes_make(large, sizeof(large)), 0600),
                     GW_OK);
    assert_int_equal(gw_crypto_sign_key_load(at("bad"), &k), GW_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tampering),   cmocka_unit_test(test_seed_length),
        cmocka_unit_test(test_rfc8032),     cmocka_unit_test(test_key_file),
        cmocka_unit_test(test_other_files),
    };
    if (mkdtemp(dir) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}

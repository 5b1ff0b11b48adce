/* Seals: every flipped bit, wrong key, wrong associated data and cut is refused. */
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/text.h"

static const uint8_t key_a[GW_KEY_LEN] = {1, 2, 3};
static const uint8_t key_b[GW_KEY_LEN] = {1, 2, 4};

static void test_tampering(void **state)
{
    (void)state;
    struct gw_seal_key *k = gw_crypto_seal_key_new(key_a);
    struct gw_seal_key *other = gw_crypto_seal_key_new(key_b);
    struct gw_bytes ad = GW_BYTES_LIT("context");
    uint8_t mem[100];
    struct gw_buf sealed;
    gw_buf_init_fixed(&sealed, mem, sizeof(mem));
    assert_int_equal(gw_crypto_seal(k, GW_BYTES_LIT("secret"), ad, &sealed), GW_OK);
    assert_int_equal(sealed.len, 6 + GW_SEAL_OVERHEAD);

    struct gw_buf out;
    gw_buf_init(&out, 100);
    gw_buf_str(&out, "x");
    for (size_t i = 0; i < sealed.len; i++) {
        mem[i] ^= 0x40;
        assert_int_equal(gw_crypto_open(k, gw_buf_view(&sealed), ad, &out), GW_CORRUPT);
        mem[i] ^= 0x40;
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(gw_crypto_open(k, gw_bytes_make(mem, len), ad, &out), GW_CORRUPT);
    assert_int_equal(gw_crypto_open(k, gw_buf_view(&sealed), GW_BYTES_LIT("contexT"), &out),
                     GW_CORRUPT);
    assert_int_equal(gw_crypto_open(k, gw_buf_view(&sealed), GW_BYTES_NONE, &out), GW_CORRUPT);
    assert_int_equal(gw_crypto_open(other, gw_buf_view(&sealed), ad, &out), GW_CORRUPT);
    assert_true(gw_bytes_eq_str(gw_buf_view(&out), "x"));
    assert_int_equal(gw_buf_failed(&out), GW_OK);

    assert_int_equal(gw_crypto_open(k, gw_buf_view(&sealed), ad, &out), GW_OK);
    assert_true(gw_bytes_eq_str(gw_buf_view(&out), "xsecret"));
    gw_buf_fini(&out);
    gw_crypto_seal_key_free(k);
    gw_crypto_seal_key_free(other);
    gw_crypto_seal_key_free(NULL);
}

static void test_no_room(void **state)
{
    (void)state;
    struct gw_seal_key *k = gw_crypto_seal_key_new(key_a);
    uint8_t mem[GW_SEAL_OVERHEAD];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    assert_int_equal(gw_crypto_seal(k, GW_BYTES_LIT("a"), GW_BYTES_NONE, &b), GW_TOO_LARGE);
    assert_int_equal(b.len, 0);
    gw_buf_reset(&b);
    /* Nothing at all can be sealed and opened too. */
    assert_int_equal(gw_crypto_seal(k, GW_BYTES_NONE, GW_BYTES_NONE, &b), GW_OK);
    struct gw_buf out;
    gw_buf_init(&out, 1);
    assert_int_equal(gw_crypto_open(k, gw_buf_view(&b), GW_BYTES_NONE, &out), GW_OK);
    assert_int_equal(out.len, 0);
    gw_buf_fini(&out);
    gw_crypto_seal_key_free(k);
}

/* The GCM specification, test case 16 (256-bit key, associated data). */
static void test_published_vector(void **state)
{
    (void)state;
    uint8_t key[GW_KEY_LEN];
    uint8_t ad[20];
    uint8_t sealed[12 + 60 + 16];
    uint8_t plain[60];
    assert_int_equal(
        gw_hex_decode(
            GW_BYTES_LIT("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"), key,
            32),
        GW_OK);
    assert_int_equal(
        gw_hex_decode(GW_BYTES_LIT("feedfacedeadbeeffeedfacedeadbeefabaddad2"), ad, 20), GW_OK);
    assert_int_equal(
        gw_hex_decode(
            GW_BYTES_LIT("cafebabefacedbaddecaf888"
                         "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                         "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                         "76fc6ece0f4e1768cddf8853bb2d551b"),
            sealed, sizeof(sealed)),
        GW_OK);
    assert_int_equal(
        gw_hex_decode(
            GW_BYTES_LIT("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                         "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
            plain, sizeof(plain)),
        GW_OK);
    struct gw_seal_key *k = gw_crypto_seal_key_new(key);
    struct gw_buf out;
    gw_buf_init(&out, 100);
    assert_int_equal(gw_crypto_open(k, gw_bytes_make(sealed, sizeof(sealed)),
                                    gw_bytes_make(ad, sizeof(ad)), &out),
                     GW_OK);
    assert_true(gw_bytes_eq(gw_buf_view(&out), gw_bytes_make(plain, sizeof(plain))));
    gw_buf_fini(&out);
    gw_crypto_seal_key_free(k);
}

static void test_nonces_differ(void **state)
{
    (void)state;
    struct gw_seal_key *k = gw_crypto_seal_key_new(key_a);
    struct gw_buf a;
    struct gw_buf b;
    gw_buf_init(&a, 100);
    gw_buf_init(&b, 100);
    assert_int_equal(gw_crypto_seal(k, GW_BYTES_LIT("same"), GW_BYTES_NONE, &a), GW_OK);
    assert_int_equal(gw_crypto_seal(k, GW_BYTES_LIT("same"), GW_BYTES_NONE, &b), GW_OK);
    assert_memory_not_equal(a.ptr, b.ptr, 12);
    assert_memory_not_equal(a.ptr + 12, b.ptr + 12, 4);
    gw_buf_fini(&a);
    gw_buf_fini(&b);
    gw_crypto_seal_key_free(k);
}

static void *seal_many(void *arg)
{
    struct gw_buf sealed;
    struct gw_buf opened;
    gw_buf_init(&sealed, 1000);
    gw_buf_init(&opened, 1000);
    void *wrong = NULL;
    for (int i = 0; i < 5000 && wrong == NULL; i++) {
        gw_buf_reset(&sealed);
        gw_buf_reset(&opened);
        if (gw_crypto_seal(arg, GW_BYTES_LIT("text of a record"), GW_BYTES_LIT("ad"), &sealed) !=
                GW_OK ||
            gw_crypto_open(arg, gw_buf_view(&sealed), GW_BYTES_LIT("ad"), &opened) != GW_OK ||
            !gw_bytes_eq_str(gw_buf_view(&opened), "text of a record"))
            wrong = arg;
    }
    gw_buf_fini(&sealed);
    gw_buf_fini(&opened);
    return wrong;
}

static void test_from_threads(void **state)
{
    (void)state;
    struct gw_seal_key *k = gw_crypto_seal_key_new(key_a);
    pthread_t threads[12];
    for (size_t i = 0; i < GW_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, seal_many, k), 0);
    for (size_t i = 0; i < GW_ARRAY_LEN(threads); i++) {
        void *wrong = k;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    gw_crypto_seal_key_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tampering),        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_published_vector), cmocka_unit_test(test_nonces_differ),
        cmocka_unit_test(test_from_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

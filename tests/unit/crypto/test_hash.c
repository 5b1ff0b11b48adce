/* SHA-256 and HMAC-SHA-256 against published vectors, in pieces, and from threads. */
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"

static void assert_hash(const struct gw_hash *h, const char *hex)
{
    uint8_t want[GW_SHA256_LEN];
    assert_int_equal(gw_hex_decode(gw_bytes_str(hex), want, sizeof(want)), GW_OK);
    assert_memory_equal(h->byte, want, sizeof(want));
}

static void test_other_input_other_hash(void **state)
{
    (void)state;
    struct gw_hash a;
    struct gw_hash b;
    struct gw_mac_key *k = gw_crypto_mac_key_new(GW_BYTES_LIT("key"));
    gw_crypto_mac(k, GW_BYTES_LIT("ab"), GW_BYTES_LIT("c"), &a);
    gw_crypto_mac(k, GW_BYTES_LIT("ab"), GW_BYTES_LIT("d"), &b);
    assert_memory_not_equal(a.byte, b.byte, sizeof(a.byte));
    gw_crypto_hmac_once(GW_BYTES_LIT("kez"), GW_BYTES_LIT("ab"), GW_BYTES_LIT("c"), &b);
    assert_memory_not_equal(a.byte, b.byte, sizeof(a.byte));
    gw_crypto_mac_key_free(k);
    gw_crypto_mac_key_free(NULL);
    gw_crypto_hmac_free(NULL);
    gw_crypto_sha256_free(NULL);
}

/* Cut at every place, the halves by two objects: the same digest. */
static void test_state_goes_on_elsewhere(void **state)
{
    (void)state;
    uint8_t input[200], mem[GW_SHA256_STATE_MAX];
    struct gw_hash want, got;
    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (uint8_t)(i * 7);
    gw_crypto_sha256(gw_bytes_make(input, sizeof(input)), GW_BYTES_NONE, GW_BYTES_NONE, &want);
    for (size_t cut = 0; cut <= sizeof(input); cut++) {
        struct gw_sha256 *a = gw_crypto_sha256_new(), *b = gw_crypto_sha256_new();
        struct gw_buf out;
        gw_buf_init_fixed(&out, mem, sizeof(mem));
        gw_crypto_sha256_update(b, GW_BYTES_LIT("what was there before"));
        gw_crypto_sha256_update(a, gw_bytes_make(input, cut));
        gw_crypto_sha256_save(a, &out);
        assert_int_equal(gw_buf_failed(&out), GW_OK);
        assert_int_equal(gw_crypto_sha256_load(b, gw_bytes_make(mem, out.len - 1)), GW_CORRUPT);
        assert_int_equal(gw_crypto_sha256_load(b, gw_buf_view(&out)), GW_OK);
        gw_crypto_sha256_update(b, gw_bytes_make(input + cut, sizeof(input) - cut));
        gw_crypto_sha256_peek(b, &got);
        assert_memory_equal(&got, &want, sizeof(got));
        gw_crypto_sha256_final(b, &got);
        assert_memory_equal(&got, &want, sizeof(got));
        gw_crypto_sha256_free(a);
        gw_crypto_sha256_free(b);
    }
}

/* FIPS 180-4 examples (NIST). */
static void test_sha256(void **state)
{
    (void)state;
    struct gw_hash h;
    gw_crypto_sha256(GW_BYTES_NONE, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    assert_hash(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    gw_crypto_sha256(GW_BYTES_LIT("a"), GW_BYTES_NONE, GW_BYTES_LIT("bc"), &h);
    assert_hash(&h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    gw_crypto_sha256(GW_BYTES_LIT("abcdbcdecdefdefgefghfghi"),
                     GW_BYTES_LIT("ghijhijkijkljklmklmnlmno"), GW_BYTES_LIT("mnopnopq"), &h);
    assert_hash(&h, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");

    struct gw_sha256 *s = gw_crypto_sha256_new();
    for (int round = 0; round < 2; round++) {
        char block[1000];
        memset(block, 'a', sizeof(block));
        for (int i = 0; i < 1000; i++)
            gw_crypto_sha256_update(s, gw_bytes_make(block, sizeof(block)));
        gw_crypto_sha256_update(s, GW_BYTES_NONE);
        gw_crypto_sha256_final(s, &h);
        assert_hash(&h, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    gw_crypto_sha256_free(s);
}

static void test_line_of_a_digest_list(void **state)
{
    (void)state;
    char mem[256] = "";
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem) - 1);
    gw_crypto_digest_put(&b, GW_BYTES_LIT("abc"), "peers/", "x.conf");
    assert_string_equal(mem, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
                             " peers/x.conf\n");
}

/* RFC 4231, test cases 1, 2, 3, 6, 7. */
static void test_hmac(void **state)
{
    (void)state;
    uint8_t key[131];
    uint8_t fifty[50];
    memset(fifty, 0xdd, sizeof(fifty));
    static const struct {
        const char *key; /* NULL: `key_len` bytes of `fill` */
        size_t key_len;
        int fill;
        const char *data; /* NULL: 50 bytes of 0xdd */
        const char *mac;
    } rows[] = {
        {NULL, 20, 0x0b, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 4, 0, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {NULL, 20, 0xaa, NULL, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {NULL, 131, 0xaa, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {NULL, 131, 0xaa,
         "This is a test using a larger than block-size key and a larger than block-size data. The "
         "key needs to be "
         "hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    struct gw_hmac *stream = gw_crypto_hmac_new();
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        memset(key, rows[i].fill, sizeof(key));
        struct gw_bytes k =
            gw_bytes_make(rows[i].key != NULL ? (const void *)rows[i].key : key, rows[i].key_len);
        struct gw_bytes data =
            rows[i].data != NULL ? gw_bytes_str(rows[i].data) : gw_bytes_make(fifty, sizeof(fifty));
        struct gw_bytes head = {data.ptr, 3};
        struct gw_bytes tail = {data.ptr + 3, data.len - 3};
        struct gw_hash h;
        struct gw_mac_key *warm = gw_crypto_mac_key_new(k);
        for (int again = 0; again < 2; again++) {
            gw_crypto_mac(warm, head, tail, &h);
            assert_hash(&h, rows[i].mac);
        }
        gw_crypto_mac_key_free(warm);
        gw_crypto_hmac_once(k, data, GW_BYTES_NONE, &h);
        assert_hash(&h, rows[i].mac);
        gw_crypto_hmac_begin(stream, k);
        gw_crypto_hmac_update(stream, head);
        gw_crypto_hmac_update(stream, tail);
        gw_crypto_hmac_final(stream, &h);
        assert_hash(&h, rows[i].mac);
    }
    gw_crypto_hmac_free(stream);
}

static void *mac_many(void *key)
{
    struct gw_hash h;
    struct gw_hash first;
    gw_crypto_mac(key, GW_BYTES_LIT("data"), GW_BYTES_NONE, &first);
    for (int i = 0; i < 20000; i++) {
        gw_crypto_mac(key, GW_BYTES_LIT("da"), GW_BYTES_LIT("ta"), &h);
        if (memcmp(h.byte, first.byte, sizeof(h.byte)) != 0)
            return key;
    }
    return NULL;
}

static void test_mac_from_threads(void **state)
{
    (void)state;
    struct gw_mac_key *k = gw_crypto_mac_key_new(GW_BYTES_LIT("shared"));
    pthread_t threads[4];
    for (size_t i = 0; i < GW_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, mac_many, k), 0);
    for (size_t i = 0; i < GW_ARRAY_LEN(threads); i++) {
        void *wrong = k;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    gw_crypto_mac_key_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_input_other_hash),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_line_of_a_digest_list),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_mac_from_threads),
        cmocka_unit_test(test_state_goes_on_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

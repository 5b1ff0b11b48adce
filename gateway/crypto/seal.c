/* AES-256-GCM seals: nonce[12] || ciphertext || tag[16].
 *
 * A key keeps a few keyed contexts per direction and lends one to each operation: setting a nonce
 * is far cheaper than a key schedule, and freeing the key wipes every copy of it (contexts per
 * thread would outlive it). Nonces are random: NIST SP 800-38D section 8.3 allows 2^32 seals under
 * one key. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "crypto/crypto_internal.h"

enum { NONCE_LEN = 12, TAG_LEN = 16, POOL_MAX = 8 };
_Static_assert((int)GW_SEAL_OVERHEAD == NONCE_LEN + TAG_LEN, "sealed form");

enum direction { DECRYPT, ENCRYPT };

struct pool {
    EVP_CIPHER_CTX *free[POOL_MAX];
    size_t count;
};

struct gw_seal_key {
    uint8_t key[GW_KEY_LEN];
    pthread_mutex_t lock; /* guards both pools, held for a push or a pop only */
    struct pool pools[2];
};

struct gw_seal_key *gw_crypto_seal_key_new(const uint8_t key[GW_KEY_LEN])
{
    if (gw_crypto_aes256gcm() == NULL)
        return NULL;
    struct gw_seal_key *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    if (pthread_mutex_init(&k->lock, NULL) != 0) {
        free(k);
        return NULL;
    }
    memcpy(k->key, key, GW_KEY_LEN);
    return k;
}

void gw_crypto_seal_key_free(struct gw_seal_key *k)
{
    if (k == NULL)
        return;
    for (size_t d = 0; d < GW_ARRAY_LEN(k->pools); d++) {
        for (size_t i = 0; i < k->pools[d].count; i++)
            EVP_CIPHER_CTX_free(k->pools[d].free[i]);
    }
    pthread_mutex_destroy(&k->lock);
    gw_crypto_wipe(k, sizeof(*k));
    free(k);
}

/* The key is const for its users: the pools are a cache, guarded by their own lock. */
static EVP_CIPHER_CTX *ctx_lend(const struct gw_seal_key *key, enum direction dir)
{
    struct gw_seal_key *k = (struct gw_seal_key *)key;
    struct pool *pool = &k->pools[dir];
    EVP_CIPHER_CTX *ctx = NULL;
    pthread_mutex_lock(&k->lock);
    if (pool->count != 0)
        ctx = pool->free[--pool->count];
    pthread_mutex_unlock(&k->lock);
    if (ctx != NULL)
        return ctx;
    ctx = EVP_CIPHER_CTX_new();
    if (ctx != NULL &&
        EVP_CipherInit_ex2(ctx, gw_crypto_aes256gcm(), k->key, NULL, (int)dir, NULL) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static void ctx_give_back(const struct gw_seal_key *key, enum direction dir, EVP_CIPHER_CTX *ctx)
{
    struct gw_seal_key *k = (struct gw_seal_key *)key;
    struct pool *pool = &k->pools[dir];
    pthread_mutex_lock(&k->lock);
    if (pool->count < POOL_MAX) {
        pool->free[pool->count++] = ctx;
        ctx = NULL;
    }
    pthread_mutex_unlock(&k->lock);
    EVP_CIPHER_CTX_free(ctx);
}

/* Nonce, associated data and text; the tag is what differs between the directions. */
static bool run(EVP_CIPHER_CTX *ctx, enum direction dir, const uint8_t *nonce, struct gw_bytes ad,
                struct gw_bytes in, uint8_t *out)
{
    int n;
    return EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, (int)dir, NULL) == 1 &&
           (ad.len == 0 || EVP_CipherUpdate(ctx, NULL, &n, ad.ptr, (int)ad.len) == 1) &&
           (in.len == 0 ||
            (EVP_CipherUpdate(ctx, out, &n, in.ptr, (int)in.len) == 1 && (size_t)n == in.len));
}

static bool seal_into(EVP_CIPHER_CTX *ctx, struct gw_bytes plain, struct gw_bytes ad, uint8_t *out)
{
    int n;
    uint8_t *text = out + NONCE_LEN;
    gw_crypto_random(out, NONCE_LEN);
    return run(ctx, ENCRYPT, out, ad, plain, text) &&
           EVP_CipherFinal_ex(ctx, text + plain.len, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text + plain.len) == 1;
}

enum gw_status gw_crypto_seal(const struct gw_seal_key *k, struct gw_bytes plain,
                              struct gw_bytes ad, struct gw_buf *ret)
{
    if (plain.len > INT_MAX - GW_SEAL_OVERHEAD || ad.len > INT_MAX)
        return GW_TOO_LARGE;
    size_t before = ret->len;
    uint8_t *out = gw_buf_extend(ret, plain.len + GW_SEAL_OVERHEAD);
    if (out == NULL)
        return gw_buf_failed(ret);
    EVP_CIPHER_CTX *ctx = ctx_lend(k, ENCRYPT);
    bool ok = ctx != NULL && seal_into(ctx, plain, ad, out);
    if (ctx != NULL)
        ctx_give_back(k, ENCRYPT, ctx);
    if (!ok) {
        /* Text without its tag must not leave. */
        gw_crypto_wipe(out, plain.len + GW_SEAL_OVERHEAD);
        ret->len = before;
        return ctx == NULL ? GW_NOMEM : GW_INTERNAL;
    }
    return GW_OK;
}

static bool open_into(EVP_CIPHER_CTX *ctx, struct gw_bytes sealed, struct gw_bytes ad, uint8_t *out)
{
    int n;
    struct gw_bytes text = {sealed.ptr + NONCE_LEN, sealed.len - GW_SEAL_OVERHEAD};
    uint8_t tag[TAG_LEN];
    uint8_t none[1];
    memcpy(tag, text.ptr + text.len, TAG_LEN);
    return run(ctx, DECRYPT, sealed.ptr, ad, text, out) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1 &&
           EVP_CipherFinal_ex(ctx, none, &n) == 1;
}

enum gw_status gw_crypto_open(const struct gw_seal_key *k, struct gw_bytes sealed,
                              struct gw_bytes ad, struct gw_buf *ret)
{
    if (sealed.len < GW_SEAL_OVERHEAD)
        return GW_CORRUPT;
    if (sealed.len > INT_MAX || ad.len > INT_MAX)
        return GW_TOO_LARGE;
    size_t before = ret->len;
    size_t plain_len = sealed.len - GW_SEAL_OVERHEAD;
    uint8_t *out = gw_buf_extend(ret, plain_len);
    if (out == NULL)
        return gw_buf_failed(ret);
    EVP_CIPHER_CTX *ctx = ctx_lend(k, DECRYPT);
    bool ok = ctx != NULL && open_into(ctx, sealed, ad, out);
    if (ctx != NULL)
        ctx_give_back(k, DECRYPT, ctx);
    if (!ok) {
        /* GCM decrypts before it authenticates: what it wrote is not to be believed. */
        gw_crypto_wipe(out, plain_len);
        ret->len = before;
        return ctx == NULL ? GW_NOMEM : GW_CORRUPT;
    }
    return GW_OK;
}

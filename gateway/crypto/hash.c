/* SHA-256 and HMAC-SHA-256.
 *
 * The low-level SHA256_* functions, deprecated in OpenSSL 3.0 in favour of EVP: an EVP digest, even
 * a prefetched one, allocates a provider context per message (150 ns against 95 for 100 bytes, and
 * the log and the pseudonyms hash by the million), and it can fail. The state is a plain struct
 * here, so a warm HMAC key is two of them, and copying it makes gw_crypto_mac() safe from any
 * thread. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/text.h"

enum { BLOCK_LEN = 64 };
_Static_assert((int)GW_SHA256_LEN == SHA256_DIGEST_LENGTH, "SHA-256");

struct gw_sha256 {
    SHA256_CTX ctx;
};

struct gw_mac_key {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

struct gw_hmac {
    struct gw_mac_key state;
};

static void update(SHA256_CTX *ctx, struct gw_bytes b)
{
    if (b.len != 0)
        SHA256_Update(ctx, b.ptr, b.len);
}

void gw_crypto_sha256(struct gw_bytes a, struct gw_bytes b, struct gw_bytes c, struct gw_hash *ret)
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    update(&ctx, a);
    update(&ctx, b);
    update(&ctx, c);
    SHA256_Final(ret->byte, &ctx);
}

void gw_crypto_digest_put(struct gw_buf *list, struct gw_bytes text, const char *folder,
                          const char *name)
{
    struct gw_hash h;
    gw_crypto_sha256(text, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    gw_hex_put(list, gw_bytes_make(h.byte, sizeof(h.byte)));
    gw_buf_printf(list, " %s%s\n", folder, name);
}

struct gw_sha256 *gw_crypto_sha256_new(void)
{
    struct gw_sha256 *s = malloc(sizeof(*s));
    if (s != NULL)
        SHA256_Init(&s->ctx);
    return s;
}

void gw_crypto_sha256_update(struct gw_sha256 *s, struct gw_bytes b)
{
    update(&s->ctx, b);
}

void gw_crypto_sha256_final(struct gw_sha256 *s, struct gw_hash *ret)
{
    SHA256_Final(ret->byte, &s->ctx);
    SHA256_Init(&s->ctx);
}

void gw_crypto_sha256_peek(const struct gw_sha256 *s, struct gw_hash *ret)
{
    SHA256_CTX ctx = s->ctx;
    SHA256_Final(ret->byte, &ctx);
}

/* The eight words, the length in bits, the begun block. */
void gw_crypto_sha256_save(const struct gw_sha256 *s, struct gw_buf *ret)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(s->ctx.h); i++)
        gw_buf_u32be(ret, s->ctx.h[i]);
    gw_buf_u32be(ret, s->ctx.Nh);
    gw_buf_u32be(ret, s->ctx.Nl);
    gw_buf_append(ret, s->ctx.data, s->ctx.num);
}

enum gw_status gw_crypto_sha256_load(struct gw_sha256 *s, struct gw_bytes state)
{
    SHA256_CTX ctx;
    struct gw_cursor c = gw_cursor_make(state);
    struct gw_bytes begun;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < GW_ARRAY_LEN(ctx.h); i++)
        if (gw_cursor_u32be(&c, &ctx.h[i]) != GW_OK)
            return GW_CORRUPT;
    if (gw_cursor_u32be(&c, &ctx.Nh) != GW_OK || gw_cursor_u32be(&c, &ctx.Nl) != GW_OK)
        return GW_CORRUPT;
    if (gw_cursor_left(&c) != ctx.Nl / 8 % BLOCK_LEN ||
        gw_cursor_take(&c, gw_cursor_left(&c), &begun) != GW_OK)
        return GW_CORRUPT;
    if (begun.len != 0)
        memcpy(ctx.data, begun.ptr, begun.len);
    ctx.num = (unsigned)begun.len;
    s->ctx = ctx;
    return GW_OK;
}

void gw_crypto_sha256_reset(struct gw_sha256 *s)
{
    SHA256_Init(&s->ctx);
}

void gw_crypto_sha256_free(struct gw_sha256 *s)
{
    if (s == NULL)
        return;
    gw_crypto_wipe(s, sizeof(*s));
    free(s);
}

/* RFC 2104: the states after the padded key, inner and outer. */
static void key_setup(struct gw_mac_key *k, struct gw_bytes key)
{
    uint8_t block[BLOCK_LEN] = {0};
    if (key.len > sizeof(block)) {
        SHA256_Init(&k->inner);
        SHA256_Update(&k->inner, key.ptr, key.len);
        SHA256_Final(block, &k->inner);
    } else if (key.len != 0) {
        memcpy(block, key.ptr, key.len);
    }
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    SHA256_Init(&k->inner);
    SHA256_Update(&k->inner, block, sizeof(block));
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&k->outer);
    SHA256_Update(&k->outer, block, sizeof(block));
    gw_crypto_wipe(block, sizeof(block));
}

/* Consumes the states. */
static void mac_final(struct gw_mac_key *k, struct gw_hash *ret)
{
    struct gw_hash inner;
    SHA256_Final(inner.byte, &k->inner);
    SHA256_Update(&k->outer, inner.byte, sizeof(inner.byte));
    SHA256_Final(ret->byte, &k->outer);
    gw_crypto_wipe(&inner, sizeof(inner));
}

struct gw_mac_key *gw_crypto_mac_key_new(struct gw_bytes key)
{
    struct gw_mac_key *k = malloc(sizeof(*k));
    if (k != NULL)
        key_setup(k, key);
    return k;
}

void gw_crypto_mac_key_free(struct gw_mac_key *k)
{
    if (k == NULL)
        return;
    gw_crypto_wipe(k, sizeof(*k));
    free(k);
}

void gw_crypto_mac(const struct gw_mac_key *k, struct gw_bytes a, struct gw_bytes b,
                   struct gw_hash *ret)
{
    struct gw_mac_key work = *k;
    update(&work.inner, a);
    update(&work.inner, b);
    mac_final(&work, ret);
    gw_crypto_wipe(&work, sizeof(work));
}

void gw_crypto_hmac_once(struct gw_bytes key, struct gw_bytes a, struct gw_bytes b,
                         struct gw_hash *ret)
{
    struct gw_mac_key work;
    key_setup(&work, key);
    update(&work.inner, a);
    update(&work.inner, b);
    mac_final(&work, ret);
    gw_crypto_wipe(&work, sizeof(work));
}

struct gw_hmac *gw_crypto_hmac_new(void)
{
    struct gw_hmac *h = malloc(sizeof(*h));
    if (h != NULL)
        key_setup(&h->state, GW_BYTES_NONE);
    return h;
}

void gw_crypto_hmac_begin(struct gw_hmac *h, struct gw_bytes key)
{
    key_setup(&h->state, key);
}

void gw_crypto_hmac_update(struct gw_hmac *h, struct gw_bytes b)
{
    update(&h->state.inner, b);
}

void gw_crypto_hmac_final(struct gw_hmac *h, struct gw_hash *ret)
{
    mac_final(&h->state, ret);
    gw_crypto_wipe(&h->state, sizeof(h->state));
}

void gw_crypto_hmac_free(struct gw_hmac *h)
{
    if (h == NULL)
        return;
    gw_crypto_wipe(h, sizeof(*h));
    free(h);
}

/* Ed25519 (RFC 8032). A key is immutable after it is made, so any thread may sign with it. */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/file.h"
#include "crypto/crypto_internal.h"

enum { SEED_LEN = 32, PUBLIC_LEN = 32, MAX_PEM = 8 * 1024 };

struct gw_sign_key {
    EVP_PKEY *pkey;
    uint8_t pub[PUBLIC_LEN];
};

/* Takes `pkey` over, in every case. */
static enum gw_status key_from(EVP_PKEY *pkey, struct gw_sign_key **ret)
{
    if (pkey == NULL)
        return GW_INVALID;
    struct gw_sign_key *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        EVP_PKEY_free(pkey);
        return GW_NOMEM;
    }
    k->pkey = pkey;
    size_t len = sizeof(k->pub);
    if (!EVP_PKEY_is_a(pkey, "ED25519") || EVP_PKEY_get_raw_public_key(pkey, k->pub, &len) != 1 ||
        len != sizeof(k->pub)) {
        gw_crypto_sign_key_free(k);
        return GW_INVALID;
    }
    *ret = k;
    return GW_OK;
}

enum gw_status gw_crypto_sign_key_generate(struct gw_sign_key **ret)
{
    uint8_t seed[SEED_LEN];
    gw_crypto_random(seed, sizeof(seed));
    enum gw_status st = gw_crypto_sign_key_from_seed(gw_bytes_make(seed, sizeof(seed)), ret);
    gw_crypto_wipe(seed, sizeof(seed));
    return st;
}

enum gw_status gw_crypto_sign_key_from_seed(struct gw_bytes seed, struct gw_sign_key **ret)
{
    if (seed.len != SEED_LEN)
        return GW_INVALID;
    return key_from(EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed.ptr, seed.len),
                    ret);
}

/* Without this OpenSSL would ask at the terminal. */
static int no_password(char *buf, int size, int rwflag, void *user)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)user;
    return -1;
}

enum gw_status gw_crypto_sign_key_load(const char *path, struct gw_sign_key **ret)
{
    /* On the stack and of fixed size: a growing buffer would leave copies of the key behind. */
    uint8_t pem[MAX_PEM];
    struct gw_buf text;
    gw_buf_init_fixed(&text, pem, sizeof(pem));
    enum gw_status st = gw_file_read_private(path, &text);
    if (st == GW_OK) {
        BIO *bio = BIO_new_mem_buf(pem, (int)text.len);
        st = bio != NULL ? key_from(PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL), ret)
                         : GW_NOMEM;
        BIO_free(bio);
    }
    gw_crypto_wipe(pem, sizeof(pem));
    return st;
}

enum gw_status gw_crypto_sign_key_save(const struct gw_sign_key *k, const char *path)
{
    /* secmem: wiped when freed. */
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL)
        return GW_NOMEM;
    enum gw_status st = GW_INTERNAL;
    if (PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1) {
        char *text = NULL;
        long len = BIO_get_mem_data(bio, &text);
        if (len > 0)
            st = gw_file_write_atomic(path, gw_bytes_make(text, (size_t)len), 0600);
    }
    BIO_free(bio);
    return st;
}

void gw_crypto_sign_key_free(struct gw_sign_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

void gw_crypto_sign_key_public(const struct gw_sign_key *k, uint8_t ret[32])
{
    memcpy(ret, k->pub, sizeof(k->pub));
}

enum gw_status gw_crypto_sign(const struct gw_sign_key *k, struct gw_bytes msg, uint8_t ret[64])
{
    uint8_t sig[GW_ED25519_SIG_LEN];
    size_t len = sizeof(sig);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return GW_NOMEM;
    bool ok = EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey, NULL) == 1 &&
              EVP_DigestSign(ctx, sig, &len, msg.ptr, msg.len) == 1 && len == sizeof(sig);
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return GW_INTERNAL;
    memcpy(ret, sig, sizeof(sig));
    return GW_OK;
}

enum gw_status gw_crypto_verify(const uint8_t pub[32], struct gw_bytes msg, struct gw_bytes sig)
{
    if (sig.len != GW_ED25519_SIG_LEN)
        return GW_CORRUPT;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, pub, PUBLIC_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = pkey != NULL && ctx != NULL &&
              EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, NULL) == 1 &&
              EVP_DigestVerify(ctx, sig.ptr, sig.len, msg.ptr, msg.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok ? GW_OK : GW_CORRUPT;
}

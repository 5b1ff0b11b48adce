/* Digests, MACs, seals, signatures and random bytes over OpenSSL's EVP. Algorithms are fetched once
 * by gw_crypto_init(); no OpenSSL type appears here. Not TLS (tls/). */
#ifndef GW_CRYPTO_CRYPTO_H
#define GW_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

enum { GW_SHA256_LEN = 32, GW_KEY_LEN = 32, GW_SEAL_OVERHEAD = 12 + 16, GW_ED25519_SIG_LEN = 64 };

struct gw_hash {
    uint8_t byte[GW_SHA256_LEN];
};

/* Fetches every algorithm; call once at start of the process, before any thread. Idempotent. */
GW_MUST_USE enum gw_status gw_crypto_init(void);

/* SHA-256 of up to three pieces in order (any may be empty). Never fails after init. */
void gw_crypto_sha256(struct gw_bytes a, struct gw_bytes b, struct gw_bytes c, struct gw_hash *ret);
/* Appends "<hex digest of text> <folder><name>\n": a line of the lists that CONFIG entries hold. */
void gw_crypto_digest_put(struct gw_buf *list, struct gw_bytes text, const char *folder,
                          const char *name);
/* Incremental SHA-256; final leaves it ready for the next. */
struct gw_sha256;
struct gw_sha256 *gw_crypto_sha256_new(void);
void gw_crypto_sha256_update(struct gw_sha256 *s, struct gw_bytes b);
void gw_crypto_sha256_final(struct gw_sha256 *s, struct gw_hash *ret);
/* The digest so far; more may follow. */
void gw_crypto_sha256_peek(const struct gw_sha256 *s, struct gw_hash *ret);
/* The state as bytes, to go on in another life of the process. Shows up to 63 bytes of the input as
 * they are. load: GW_CORRUPT, `s` is unchanged then. */
enum { GW_SHA256_STATE_MAX = 32 + 8 + 63 };
void gw_crypto_sha256_save(const struct gw_sha256 *s, struct gw_buf *ret);
GW_MUST_USE enum gw_status gw_crypto_sha256_load(struct gw_sha256 *s, struct gw_bytes state);
void gw_crypto_sha256_reset(struct gw_sha256 *s);
void gw_crypto_sha256_free(struct gw_sha256 *s);
GW_DEFINE_FREEP(struct gw_sha256, gw_crypto_sha256_free)

/* HMAC-SHA-256 with a key set up once; gw_crypto_mac() is safe from any thread. */
struct gw_mac_key;
struct gw_mac_key *gw_crypto_mac_key_new(struct gw_bytes key);
void gw_crypto_mac_key_free(struct gw_mac_key *k);
GW_DEFINE_FREEP(struct gw_mac_key, gw_crypto_mac_key_free)
void gw_crypto_mac(const struct gw_mac_key *k, struct gw_bytes a, struct gw_bytes b,
                   struct gw_hash *ret);
/* One HMAC with a key that is used once (commitments): HMAC(key, a || b). */
void gw_crypto_hmac_once(struct gw_bytes key, struct gw_bytes a, struct gw_bytes b,
                         struct gw_hash *ret);
/* Streaming form of the same: begin, update .., final. One at a time per object. */
struct gw_hmac;
struct gw_hmac *gw_crypto_hmac_new(void);
void gw_crypto_hmac_begin(struct gw_hmac *h, struct gw_bytes key);
void gw_crypto_hmac_update(struct gw_hmac *h, struct gw_bytes b);
void gw_crypto_hmac_final(struct gw_hmac *h, struct gw_hash *ret);
void gw_crypto_hmac_free(struct gw_hmac *h);
GW_DEFINE_FREEP(struct gw_hmac, gw_crypto_hmac_free)

/* AES-256-GCM under a warm key; safe from any thread. Sealed form: nonce[12] || ciphertext ||
 * tag[16]. Appended to `ret`, whose memory must not hold the input; GW_TOO_LARGE, GW_NOMEM. */
struct gw_seal_key;
struct gw_seal_key *gw_crypto_seal_key_new(const uint8_t key[GW_KEY_LEN]);
void gw_crypto_seal_key_free(struct gw_seal_key *k);
GW_DEFINE_FREEP(struct gw_seal_key, gw_crypto_seal_key_free)
GW_MUST_USE enum gw_status gw_crypto_seal(const struct gw_seal_key *k, struct gw_bytes plain,
                                          struct gw_bytes ad, struct gw_buf *ret);
/* GW_CORRUPT when it does not authenticate; `ret` is unchanged then. */
GW_MUST_USE enum gw_status gw_crypto_open(const struct gw_seal_key *k, struct gw_bytes sealed,
                                          struct gw_bytes ad, struct gw_buf *ret);

/* Ed25519 (RFC 8032). */
struct gw_sign_key;
GW_MUST_USE enum gw_status gw_crypto_sign_key_generate(struct gw_sign_key **ret);
/* From a 32-byte seed, as the test vectors have it. */
GW_MUST_USE enum gw_status gw_crypto_sign_key_from_seed(struct gw_bytes seed,
                                                        struct gw_sign_key **ret);
/* PEM (PKCS #8) file, 0600; load checks the mode: GW_DENIED. save writes atomically. */
GW_MUST_USE enum gw_status gw_crypto_sign_key_load(const char *path, struct gw_sign_key **ret);
GW_MUST_USE enum gw_status gw_crypto_sign_key_save(const struct gw_sign_key *k, const char *path);
void gw_crypto_sign_key_free(struct gw_sign_key *k);
GW_DEFINE_FREEP(struct gw_sign_key, gw_crypto_sign_key_free)
void gw_crypto_sign_key_public(const struct gw_sign_key *k, uint8_t ret[32]);
GW_MUST_USE enum gw_status gw_crypto_sign(const struct gw_sign_key *k, struct gw_bytes msg,
                                          uint8_t ret[64]);
/* GW_OK or GW_CORRUPT. */
GW_MUST_USE enum gw_status gw_crypto_verify(const uint8_t pub[32], struct gw_bytes msg,
                                            struct gw_bytes sig);

/* Random bytes from a wiped per-thread pool over getrandom(2). Never fails after init. */
void gw_crypto_random(void *ret, size_t len);
/* UUIDv7 (RFC 9562) at an instant. */
void gw_crypto_uuid7(int64_t wall_us, uint8_t ret[16]);
/* A 32-byte secret in `path` (0600): loaded, or made at first use. *ret_made (may be NULL) says
 * which. GW_DENIED as gw_file_check_private(), GW_CORRUPT when the file is not 32 bytes long. */
GW_MUST_USE enum gw_status gw_crypto_secret_load(const char *path, uint8_t ret[GW_KEY_LEN],
                                                 bool *ret_made);
/* Wipes memory in a way the compiler keeps. */
void gw_crypto_wipe(void *p, size_t len);

#endif

/* Shared inside crypto/: what gw_crypto_init() fetched. */
#ifndef GW_CRYPTO_CRYPTO_INTERNAL_H
#define GW_CRYPTO_CRYPTO_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/crypto.h"

/* Fetched, and lives as long as the process; NULL when the provider has none. */
const EVP_CIPHER *gw_crypto_aes256gcm(void);

#endif

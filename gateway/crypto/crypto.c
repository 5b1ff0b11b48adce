/* Start of the folder: algorithms are fetched once (a fetch walks the providers under a lock and
 * costs more than a short digest), and memory is wiped. */
#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/random.h>

#include "crypto/crypto_internal.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum gw_status init_status = GW_UNSUPPORTED;
static EVP_CIPHER *aes256gcm;

static void fetch_all(void)
{
    uint8_t probe;
    if (getrandom(&probe, sizeof(probe), 0) != (ssize_t)sizeof(probe))
        return;
    aes256gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (aes256gcm == NULL)
        return;
    /* Only asked whether it is there: the signature is found through the key from now on. */
    EVP_SIGNATURE *ed25519 = EVP_SIGNATURE_fetch(NULL, "ED25519", NULL);
    if (ed25519 == NULL)
        return;
    EVP_SIGNATURE_free(ed25519);
    init_status = GW_OK;
}

enum gw_status gw_crypto_init(void)
{
    pthread_once(&once, fetch_all);
    return init_status;
}

const EVP_CIPHER *gw_crypto_aes256gcm(void)
{
    pthread_once(&once, fetch_all);
    return aes256gcm;
}

void gw_crypto_wipe(void *p, size_t len)
{
    if (len != 0)
        OPENSSL_cleanse(p, len);
}

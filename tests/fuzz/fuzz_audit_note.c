/* fuzz: audit */
/* Notes, checkpoints and verifier keys. The input is parsed as each; a checkpoint that is accepted
 * without a key in hand is never accepted with a key that did not sign. */
#include <stdlib.h>

#include "audit/audit_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gw_audit_vkey key[2];
    static bool ready;
    struct gw_bytes in = gw_bytes_make(data, size);
    if (!ready) {
        /* The vectors' public key, so that their notes go all the way. */
        static const char known[] = "log.city-a.example/exchange/2026+37da604b+AQyZ6QQCCCuXzFWy/"
                                    "7kSDgp1bIimHjeZ8gsUMr3P5w5D";
        if (gw_crypto_init() != GW_OK || gw_audit_vkey_parse(gw_bytes_str(known), &key[0]) != GW_OK)
            abort();
        key[1] = key[0];
        key[1].pub[0] ^= 1;
        ready = true;
    }
    struct gw_audit_checkpoint form, opened;
    struct gw_audit_vkey keys[4];
    size_t count;
    bool formed = gw_audit_checkpoint_parse(in, &form) == GW_OK;
    if (gw_audit_checkpoint_open(in, key, 1, &opened) == GW_OK && !formed)
        abort();
    if (gw_audit_checkpoint_open(in, key + 1, 1, &opened) == GW_OK)
        abort();
    (void)!gw_audit_vkeys_parse(in, keys, GW_ARRAY_LEN(keys), &count);
    return 0;
}

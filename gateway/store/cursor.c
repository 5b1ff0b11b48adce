/* Opaque cursors: what a peer holds is sealed under a key of the data set and bound to peer and
 * question. */
#include "base/text.h"
#include "store/store_internal.h"

enum { CURSOR_MAX = 4096 };

enum gw_status gw_store_cursor_seal(const struct gw_store *s, struct gw_bytes plain,
                                    struct gw_bytes ad, struct gw_buf *ret_text)
{
    uint8_t mem[CURSOR_MAX];
    struct gw_buf sealed;
    gw_buf_init_fixed(&sealed, mem, sizeof(mem));
    GW_TRY(gw_crypto_seal(s->keys.cursor, plain, ad, &sealed));
    gw_base64url_put(ret_text, gw_buf_view(&sealed));
    return gw_buf_failed(ret_text);
}

enum gw_status gw_store_cursor_open(const struct gw_store *s, struct gw_bytes text,
                                    struct gw_bytes ad, struct gw_buf *ret_plain)
{
    uint8_t mem[CURSOR_MAX];
    struct gw_buf sealed;
    gw_buf_init_fixed(&sealed, mem, sizeof(mem));
    /* Whatever is wrong with it, the peer learns no more than that it is not ours. */
    if (gw_base64url_decode(text, &sealed) != GW_OK || gw_buf_failed(&sealed) != GW_OK)
        return GW_INVALID;
    enum gw_status st = gw_crypto_open(s->keys.cursor, gw_buf_view(&sealed), ad, ret_plain);
    return st == GW_CORRUPT || st == GW_TRUNCATED ? GW_INVALID : st;
}

/* The secrets of the data set: read or made, spread over uses, checked against the data. They
 * belong to the data set: without them its persons are unreadable and its deliveries unknown, so
 * none is made beside data that exists. */
#include "store/store_internal.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

static const char *const names[] = {"store-index.key", "store-seal.key", "store-cursor.key"};
enum { INDEX, SEAL, CURSOR, SECRETS };
_Static_assert(GW_ARRAY_LEN(names) == SECRETS, "a file per secret");

static void say(struct gw_buf *b, const char *path, const char *what)
{
    if (b != NULL)
        gw_buf_printf(b, "%s: %s", path, what);
}

static enum gw_status load_one(const char *dir, const char *name, bool make,
                               uint8_t ret[GW_KEY_LEN], struct gw_buf *ret_error)
{
    char path[PATH_MAX];
    GW_TRY(gw_file_join(path, sizeof(path), dir, name));
    if (!make && access(path, F_OK) != 0) {
        say(ret_error, path,
            "missing, and the data set exists: restore the keys that belong to it");
        return GW_PRECONDITION;
    }
    bool made;
    enum gw_status st = gw_crypto_secret_load(path, ret, &made);
    if (st != GW_OK)
        say(ret_error, path, gw_status_text(st));
    return st;
}

/* Keys of single uses: HMAC(secret, label). */
static struct gw_seal_key *derive(const uint8_t secret[GW_KEY_LEN], struct gw_bytes label)
{
    struct gw_hash h;
    gw_crypto_hmac_once(gw_bytes_make(secret, GW_KEY_LEN), label, GW_BYTES_NONE, &h);
    struct gw_seal_key *k = gw_crypto_seal_key_new(h.byte);
    gw_crypto_wipe(&h, sizeof(h));
    return k;
}

enum gw_status gw_store_keys_load(struct gw_store_keys *k, const char *keys_dir, bool make,
                                  struct gw_buf *ret_error)
{
    uint8_t secret[SECRETS][GW_KEY_LEN];
    enum gw_status st = GW_OK;
    if (make && (st = gw_file_mkdirs(keys_dir, 0700)) != GW_OK)
        say(ret_error, keys_dir, gw_status_text(st));
    for (int i = 0; st == GW_OK && i < SECRETS; i++) {
        st = load_one(keys_dir, names[i], make, secret[i], ret_error);
        if (st != GW_OK)
            break;
        struct gw_hash h;
        gw_crypto_hmac_once(gw_bytes_make(secret[i], GW_KEY_LEN),
                            GW_BYTES_LIT("xinqiao store key check v1"), GW_BYTES_NONE, &h);
        memcpy(k->check + i * GW_STORE_MAC_LEN, h.byte, GW_STORE_MAC_LEN);
    }
    if (st == GW_OK) {
        k->index = gw_crypto_mac_key_new(gw_bytes_make(secret[INDEX], GW_KEY_LEN));
        k->record = derive(secret[SEAL], GW_BYTES_LIT("xinqiao store record v1"));
        k->batch_row = derive(secret[SEAL], GW_BYTES_LIT("xinqiao store batch row v1"));
        k->cursor = derive(secret[CURSOR], GW_BYTES_LIT("xinqiao store cursor v1"));
        k->extension = derive(secret[SEAL], GW_BYTES_LIT("xinqiao store extension v1"));
        if (k->index == NULL || k->record == NULL || k->batch_row == NULL || k->cursor == NULL ||
            k->extension == NULL)
            st = GW_NOMEM;
    }
    gw_crypto_wipe(secret, sizeof(secret));
    return st;
}

void gw_store_keys_fini(struct gw_store_keys *k)
{
    gw_crypto_mac_key_free(k->index);
    gw_crypto_seal_key_free(k->record);
    gw_crypto_seal_key_free(k->batch_row);
    gw_crypto_seal_key_free(k->cursor);
    gw_crypto_seal_key_free(k->extension);
    *k = (struct gw_store_keys){0};
}

/* Lengths stand before the parts: ("ab", "c") and ("a", "bc") differ. */
static bool put_part(struct gw_buf *b, const char *part)
{
    size_t len = part != NULL ? strlen(part) : 0;
    gw_buf_u8(b, (uint8_t)len);
    gw_buf_append(b, part, len);
    return len <= UINT8_MAX;
}

enum gw_status gw_store_mac_whole(const struct gw_store_keys *k, enum gw_store_mac_use use,
                                  const char *a, const char *b, struct gw_bytes value,
                                  struct gw_hash *ret)
{
    uint8_t mem[3 + 2 * UINT8_MAX];
    struct gw_buf head;
    gw_buf_init_fixed(&head, mem, sizeof(mem));
    gw_buf_u8(&head, (uint8_t)use);
    if (!put_part(&head, a) || !put_part(&head, b))
        return GW_TOO_LARGE;
    gw_crypto_mac(k->index, gw_buf_view(&head), value, ret);
    return GW_OK;
}

enum gw_status gw_store_mac(const struct gw_store_keys *k, enum gw_store_mac_use use, const char *a,
                            const char *b, struct gw_bytes value, uint8_t ret[GW_STORE_MAC_LEN])
{
    struct gw_hash h;
    GW_TRY(gw_store_mac_whole(k, use, a, b, value, &h));
    memcpy(ret, h.byte, GW_STORE_MAC_LEN);
    return GW_OK;
}

struct gw_bytes gw_store_ad(uint8_t mem[GW_STORE_AD_LEN], enum gw_store_part part,
                            const uint8_t id[16], uint64_t no)
{
    mem[0] = (uint8_t)part;
    memcpy(mem + 1, id, 16);
    for (int i = 0; i < 8; i++)
        mem[17 + i] = (uint8_t)(no >> (8 * (7 - i)));
    return gw_bytes_make(mem, GW_STORE_AD_LEN);
}

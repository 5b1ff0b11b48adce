/* Pseudonyms of subjects, consents, actors and cases (SPEC 11.2, suite 1), and the keys of their
 * epochs. */
#include "audit/audit_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct gw_audit_keys {
    uint32_t epoch;
    struct gw_mac_key *mac;
};

static const struct gw_bytes domain = GW_BYTES_LIT("exlog/pseudonym/v1\n");
enum { TYPE_MAX = 32, PREFIX_MAX = 19 + 4 + 1 + TYPE_MAX + 2 };

struct gw_audit_keys *gw_audit_keys_make(uint32_t epoch, struct gw_bytes key)
{
    struct gw_audit_keys *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    k->epoch = epoch;
    k->mac = gw_crypto_mac_key_new(key);
    if (k->mac == NULL) {
        free(k);
        return NULL;
    }
    return k;
}

void gw_audit_keys_free(struct gw_audit_keys *k)
{
    if (k == NULL)
        return;
    gw_crypto_mac_key_free(k->mac);
    free(k);
}

void gw_audit_keys_label(uint32_t epoch, char ret[32])
{
    snprintf(ret, 32, "pseudonym-%u", epoch);
}

enum gw_status gw_audit_keys_open(const char *keys_dir, uint32_t epoch, struct gw_audit_keys **ret,
                                  bool *ret_made)
{
    char label[32], name[48], path[PATH_MAX];
    gw_audit_keys_label(epoch, label);
    snprintf(name, sizeof(name), "%s.key", label);
    GW_TRY(gw_file_join(path, sizeof(path), keys_dir, name));
    uint8_t key[GW_KEY_LEN];
    bool made;
    GW_TRY(gw_crypto_secret_load(path, key, &made));
    struct gw_audit_keys *k = gw_audit_keys_make(epoch, gw_bytes_make(key, sizeof(key)));
    gw_crypto_wipe(key, sizeof(key));
    if (k == NULL)
        return GW_NOMEM;
    *ret = k;
    *ret_made = made;
    return GW_OK;
}

uint32_t gw_audit_epoch(const struct gw_audit_keys *k)
{
    return k->epoch;
}

void gw_audit_pseudonym(const struct gw_audit_keys *k, const char *type, struct gw_bytes value,
                        struct gw_hash *ret)
{
    uint8_t room[PREFIX_MAX];
    struct gw_buf b;
    size_t type_len = strnlen(type, TYPE_MAX);
    gw_buf_init_fixed(&b, room, sizeof(room));
    gw_buf_bytes(&b, domain);
    gw_buf_u32be(&b, k->epoch);
    gw_buf_u8(&b, (uint8_t)type_len);
    gw_buf_append(&b, type, type_len);
    gw_buf_u16be(&b, (uint16_t)value.len);
    (void)GW_BUG_ON(value.len > UINT16_MAX || gw_buf_failed(&b) != GW_OK);
    gw_crypto_mac(k->mac, gw_buf_view(&b), value, ret);
}

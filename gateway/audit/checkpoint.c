/* Checkpoints: a note of exactly three lines (SPEC 7.1), read strictly and signed in one place. */
#include "audit/audit_internal.h"

#include "base/cursor.h"
#include "base/text.h"

static void empty_root(struct gw_hash *ret)
{
    gw_crypto_sha256(GW_BYTES_NONE, GW_BYTES_NONE, GW_BYTES_NONE, ret);
}

static enum gw_status parse_body(struct gw_bytes text, struct gw_audit_checkpoint *ret)
{
    struct gw_cursor c = gw_cursor_make(text);
    struct gw_bytes origin, size, root;
    GW_TRY(gw_cursor_until(&c, '\n', &origin));
    GW_TRY(gw_cursor_until(&c, '\n', &size));
    GW_TRY(gw_cursor_until(&c, '\n', &root));
    if (gw_cursor_left(&c) != 0 || origin.len == 0 || origin.len > GW_AUDIT_ORIGIN_MAX)
        return GW_INVALID;
    struct gw_audit_checkpoint cp = {.size = 0};
    memcpy(cp.origin, origin.ptr, origin.len);
    if (memchr(cp.origin, ' ', origin.len) != NULL || memchr(cp.origin, '+', origin.len) != NULL)
        return GW_INVALID;
    GW_TRY(gw_text_u64(size, &cp.size));
    if (cp.size > INT64_MAX)
        return GW_INVALID;
    uint8_t room[64];
    struct gw_buf b;
    gw_buf_init_fixed(&b, room, sizeof(room));
    if (gw_base64_decode(root, &b) != GW_OK || b.len != sizeof(cp.root))
        return GW_INVALID;
    memcpy(&cp.root, room, sizeof(cp.root));
    struct gw_hash empty;
    empty_root(&empty);
    if (cp.size == 0 && !gw_audit_hash_eq(&cp.root, &empty))
        return GW_INVALID;
    *ret = cp;
    return GW_OK;
}

enum gw_status gw_audit_checkpoint_parse(struct gw_bytes note, struct gw_audit_checkpoint *ret)
{
    struct gw_bytes text, lines;
    GW_TRY(gw_audit_note_split(note, &text, &lines));
    return parse_body(text, ret) == GW_OK ? GW_OK : GW_INVALID;
}

enum gw_status gw_audit_checkpoint_open(struct gw_bytes note, const struct gw_audit_vkey *keys,
                                        size_t count, struct gw_audit_checkpoint *ret)
{
    struct gw_bytes text, lines;
    struct gw_audit_checkpoint cp;
    uint64_t signed_by;
    GW_TRY(gw_audit_note_split(note, &text, &lines));
    GW_TRY(gw_audit_note_verify(text, lines, keys, count, &signed_by));
    if (parse_body(text, &cp) != GW_OK)
        return GW_INVALID;
    for (size_t i = 0; i < count && i < 64; i++) {
        if ((signed_by >> i & 1u) != 0 && keys[i].type == 1 &&
            strcmp(keys[i].name, cp.origin) == 0) {
            *ret = cp;
            return GW_OK;
        }
    }
    return GW_CORRUPT;
}

enum gw_status gw_audit_checkpoint_sign(const struct gw_audit_checkpoint *c,
                                        const struct gw_sign_key *key, struct gw_buf *ret)
{
    uint8_t room[512];
    struct gw_buf body;
    gw_buf_init_fixed(&body, room, sizeof(room));
    gw_buf_printf(&body, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
    gw_base64_put(&body, gw_bytes_make(&c->root, sizeof(c->root)));
    gw_buf_u8(&body, '\n');
    GW_TRY(gw_buf_failed(&body));

    struct gw_audit_vkey k;
    uint8_t pub[32];
    uint8_t sig[4 + GW_ED25519_SIG_LEN];
    gw_crypto_sign_key_public(key, pub);
    gw_audit_vkey_make(c->origin, 1, pub, &k);
    memcpy(sig, k.id, sizeof(k.id));
    GW_TRY(gw_crypto_sign(key, gw_buf_view(&body), sig + sizeof(k.id)));

    gw_buf_bytes(ret, gw_buf_view(&body));
    gw_buf_printf(ret, "\n\xe2\x80\x94 %s ", c->origin);
    gw_base64_put(ret, gw_bytes_make(sig, sizeof(sig)));
    gw_buf_u8(ret, '\n');
    return gw_buf_failed(ret);
}

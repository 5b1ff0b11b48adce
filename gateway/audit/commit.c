/* Keyed commitments to messages (SPEC 4.5, suite 1): whole, or streaming over the messages of a
 * segment. */
#include "audit/audit_internal.h"

#include <stdlib.h>

struct gw_audit_commit {
    struct gw_hmac *hmac;
};

enum { LABEL_MAX = 16, PREFIX_MAX = 16 + 1 + LABEL_MAX };

static void prefix(const char *label, struct gw_buf *b, uint8_t room[PREFIX_MAX])
{
    size_t len = strnlen(label, LABEL_MAX);
    gw_buf_init_fixed(b, room, PREFIX_MAX);
    gw_buf_str(b, "exlog/commit/v1\n");
    gw_buf_u8(b, (uint8_t)len);
    gw_buf_append(b, label, len);
}

enum gw_status gw_audit_commit_begin(const uint8_t nonce[32], const char *label,
                                     struct gw_audit_commit **ret)
{
    struct gw_audit_commit *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return GW_NOMEM;
    c->hmac = gw_crypto_hmac_new();
    if (c->hmac == NULL) {
        free(c);
        return GW_NOMEM;
    }
    uint8_t room[PREFIX_MAX];
    struct gw_buf b;
    prefix(label, &b, room);
    gw_crypto_hmac_begin(c->hmac, gw_bytes_make(nonce, 32));
    gw_crypto_hmac_update(c->hmac, gw_buf_view(&b));
    *ret = c;
    return GW_OK;
}

void gw_audit_commit_update(struct gw_audit_commit *c, struct gw_bytes b)
{
    gw_crypto_hmac_update(c->hmac, b);
}

void gw_audit_commit_end(struct gw_audit_commit *c, struct gw_hash *ret)
{
    gw_crypto_hmac_final(c->hmac, ret);
    gw_crypto_hmac_free(c->hmac);
    free(c);
}

void gw_audit_commit_once(const uint8_t nonce[32], const char *label, struct gw_bytes data,
                          struct gw_hash *ret)
{
    uint8_t room[PREFIX_MAX];
    struct gw_buf b;
    prefix(label, &b, room);
    gw_crypto_hmac_once(gw_bytes_make(nonce, 32), gw_buf_view(&b), data, ret);
}

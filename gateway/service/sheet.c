/* The sheet (交接单) of a closed batch: counts, refused rows, the range of log entries; signed. The
 * same batch gives the same sheet whenever it is asked for. */
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "service/service_internal.h"

enum { REFUSALS_MAX = 1000, REFUSALS_BYTES = 1 << 20, HOST_MAX = 255 };

static const struct gw_bytes domain = GW_BYTES_LIT("xinqiao batch sheet v1\n");

struct collect {
    struct gw_arena *arena;
    Xinqiao__V1__RefusedRow **items;
    size_t count, bytes;
    bool full;
    enum gw_status failed;
};

static bool add_refusal(void *arg, const struct gw_store_batch_row *row)
{
    struct collect *k = arg;
    Xinqiao__V1__RefusedRow *m;
    struct gw_bytes packed = gw_arena_dup(k->arena, row->reasons);
    k->failed = gw_service_refusal_unpack(k->arena, packed, &m);
    if (k->failed != GW_OK)
        return false;
    k->bytes += xinqiao__v1__refused_row__get_packed_size(m);
    k->full = k->bytes > REFUSALS_BYTES || k->count == REFUSALS_MAX;
    if (k->full)
        return false;
    k->items[k->count++] = m;
    return true;
}

static enum gw_status set_refusals(const struct gw_service_ctx *x, struct gw_store_tx *tx,
                                   const struct gw_store_batch *b, Xinqiao__V1__SheetBody *body)
{
    struct collect k = {.arena = x->arena, .failed = GW_OK};
    if (b->refused == 0)
        return GW_OK;
    k.items = gw_arena_calloc(x->arena, REFUSALS_MAX, sizeof(Xinqiao__V1__RefusedRow *));
    if (k.items == NULL)
        return GW_NOMEM;
    GW_TRY(gw_store_batch_refused_tx(tx, b->id, REFUSALS_MAX, add_refusal, &k));
    GW_TRY(k.failed);
    body->refusals = k.items;
    body->n_refusals = k.count;
    body->refusals_omitted = b->refused - k.count;
    return GW_OK;
}

static enum gw_status sign(const struct gw_service_ctx *x, struct gw_bytes sheet,
                           Xinqiao__V1__BatchSheet *ret)
{
    if (x->views->sheet_key == NULL || x->views->sheet_vkey == NULL)
        return GW_UNAVAILABLE;
    uint8_t *msg = gw_arena_alloc(x->arena, domain.len + sheet.len);
    uint8_t *sig = gw_arena_alloc(x->arena, GW_ED25519_SIG_LEN);
    if (msg == NULL || sig == NULL)
        return GW_NOMEM;
    memcpy(msg, domain.ptr, domain.len);
    memcpy(msg + domain.len, sheet.ptr, sheet.len);
    GW_TRY(gw_crypto_sign(x->views->sheet_key, gw_bytes_make(msg, domain.len + sheet.len), sig));
    ret->sheet = gw_service_binary(sheet);
    ret->signature = gw_service_binary(gw_bytes_make(sig, GW_ED25519_SIG_LEN));
    ret->vkey = gw_service_str(x->views->sheet_vkey);
    return GW_OK;
}

enum gw_status gw_service_sheet_make(const struct gw_service_ctx *x, struct gw_store_tx *tx,
                                     const struct gw_store_batch *b, const struct gw_hash *digest,
                                     Xinqiao__V1__BatchSheet *ret)
{
    Xinqiao__V1__SheetBody body = XINQIAO__V1__SHEET_BODY__INIT;
    if (b->declared != 0 && (b->first_seq == UINT64_MAX || b->last_seq == UINT64_MAX))
        return GW_AGAIN;
    body.batch = gw_service_batch_message(x->arena, b);
    if (body.batch == NULL)
        return GW_NOMEM;
    body.digest = gw_service_binary(gw_bytes_make(digest->byte, sizeof(digest->byte)));
    body.peer = gw_service_str(b->peer);
    if (x->views->audit != NULL)
        body.origin = gw_service_str(gw_audit_origin(x->views->audit));
    body.first_entry = b->declared != 0 ? b->first_seq : 0;
    body.last_entry = b->declared != 0 ? b->last_seq : 0;
    GW_TRY(set_refusals(x, tx, b, &body));
    struct gw_bytes sheet = gw_service_pack(x->arena, &body.base);
    if (gw_arena_failed(x->arena))
        return GW_NOMEM;
    return sign(x, sheet, ret);
}

/* ---- the key ------------------------------------------------------------------------------------
 */

static enum gw_status load_or_make(const char *path, struct gw_sign_key **ret)
{
    enum gw_status st = gw_crypto_sign_key_load(path, ret);
    if (st != GW_NOT_FOUND)
        return st;
    GW_CLEANUP(gw_crypto_sign_key_freep) struct gw_sign_key *key = NULL;
    GW_TRY(gw_crypto_sign_key_generate(&key));
    GW_TRY(gw_crypto_sign_key_save(key, path));
    *ret = gw_steal(&key);
    return GW_OK;
}

/* <name>+<key id>+<base64 of 0x01 || public key> (SPEC.md section 3). */
static enum gw_status vkey_of(const struct gw_sign_key *key, const char *host,
                              char ret[GW_SERVICE_VKEY_MAX])
{
    char name[HOST_MAX + sizeof("/sheet")];
    uint8_t pub[1 + 32] = {0x01};
    struct gw_hash id;
    struct gw_buf out;
    gw_crypto_sign_key_public(key, pub + 1);
    snprintf(name, sizeof(name), "%s/sheet", host);
    gw_crypto_sha256(gw_bytes_str(name), GW_BYTES_LIT("\n"), gw_bytes_make(pub, sizeof(pub)), &id);
    gw_buf_init_fixed(&out, ret, GW_SERVICE_VKEY_MAX - 1);
    gw_buf_printf(&out, "%s+", name);
    gw_hex_put(&out, gw_bytes_make(id.byte, 4));
    gw_buf_u8(&out, '+');
    gw_base64_put(&out, gw_bytes_make(pub, sizeof(pub)));
    GW_TRY(gw_buf_failed(&out));
    ret[out.len] = '\0';
    return GW_OK;
}

/* sheet.vkey beside the key, as log.vkey is: what an operator hands to those who verify. */
static enum gw_status publish(const char *keys_dir, const char *vkey)
{
    char path[PATH_MAX], line[GW_SERVICE_VKEY_MAX + 1];
    int n = snprintf(line, sizeof(line), "%s\n", vkey);
    GW_TRY(gw_file_join(path, sizeof(path), keys_dir, "sheet.vkey"));
    return gw_file_write_atomic(path, gw_bytes_make(line, (size_t)n), 0644);
}

enum gw_status gw_service_sheet_key_load(const char *keys_dir, const char *host,
                                         struct gw_sign_key **ret,
                                         char ret_vkey[GW_SERVICE_VKEY_MAX])
{
    char path[PATH_MAX];
    if (strlen(host) > HOST_MAX)
        return GW_TOO_LARGE;
    GW_TRY(gw_file_join(path, sizeof(path), keys_dir, "sheet.pem"));
    GW_CLEANUP(gw_crypto_sign_key_freep) struct gw_sign_key *key = NULL;
    GW_TRY(load_or_make(path, &key));
    GW_TRY(vkey_of(key, host, ret_vkey));
    GW_TRY(publish(keys_dir, ret_vkey));
    *ret = gw_steal(&key);
    return GW_OK;
}

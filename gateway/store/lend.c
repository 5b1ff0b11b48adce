/* What extensions are lent at run time: their statements, keys, seals. Numbers of changes and
 * receipts are in pending.c, cursors in cursor.c. */
#include "store/store_internal.h"

enum gw_status gw_store_tx_sql(struct gw_store_tx *tx, size_t extension, size_t statement,
                               const struct gw_store_cell *params, size_t count,
                               gw_store_cells_fn *fn, void *arg)
{
    static const struct gw_store_db_limits none = {0};
    GW_TRY(tx->broken);
    enum gw_status st =
        gw_store_db_lent_run(tx->db, extension, statement, params, count, none, fn, arg);
    /* Full or broken disk: SQLite may have rolled back all. Nothing more may run then, it would be
     * a transaction of its own. */
    if (st != GW_OK && !gw_store_db_in_tx(tx->db))
        tx->broken = st;
    return st;
}

enum gw_status gw_store_reader_sql(struct gw_store_reader *r, size_t extension, size_t statement,
                                   const struct gw_store_cell *params, size_t count,
                                   gw_store_cells_fn *fn, void *arg)
{
    struct gw_store_db_limits limits = {0};
    if (!r->unbounded)
        limits = (struct gw_store_db_limits){.steps = r->store->set.query_steps,
                                             .rows = r->store->set.query_rows};
    GW_TRY(gw_store_reader_turn(r));
    return gw_store_db_lent_run(r->db, extension, statement, params, count, limits, fn, arg);
}

void gw_store_reader_unbounded(struct gw_store_reader *r)
{
    r->unbounded = true;
}

enum gw_status gw_store_reader_visible(struct gw_store_reader *r, int64_t *ret)
{
    GW_TRY(gw_store_reader_turn(r));
    *ret = r->visible;
    return GW_OK;
}

enum gw_status gw_store_key_of(const struct gw_store *s, const char *type, struct gw_bytes value,
                               uint8_t ret[GW_SHA256_LEN])
{
    struct gw_hash h;
    GW_TRY(gw_store_mac_whole(&s->keys, GW_MAC_LENT, type, NULL, value, &h));
    memcpy(ret, h.byte, sizeof(h.byte));
    return GW_OK;
}

enum gw_status gw_store_seal(const struct gw_store *s, struct gw_bytes plain, struct gw_bytes ad,
                             struct gw_buf *ret)
{
    return gw_crypto_seal(s->keys.extension, plain, ad, ret);
}

enum gw_status gw_store_unseal(const struct gw_store *s, struct gw_bytes sealed, struct gw_bytes ad,
                               struct gw_buf *ret)
{
    enum gw_status st = gw_crypto_open(s->keys.extension, sealed, ad, ret);
    return st == GW_TRUNCATED ? GW_CORRUPT : st;
}

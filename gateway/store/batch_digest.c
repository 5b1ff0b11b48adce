/* The digest over a batch's rows in order, kept as rows arrive: its state is stored with the batch,
 * so that closing a batch whose rows came in order reads none of them again. Rows that came before
 * their turn are taken in a few with each row that follows, and what is left at closing. */
#include "base/cursor.h"
#include "store/batch_internal.h"

enum { WAITING_TAKEN = 64, STATE_MAX = 8 + GW_SHA256_STATE_MAX };

/* Sealed like the rows: the state may show the digest of the last one. */
static struct gw_bytes ad_of(const struct gw_store_tx *tx, uint8_t mem[GW_STORE_AD_LEN])
{
    return gw_store_ad(mem, GW_PART_BATCH_DIGEST, tx->batch.b.id, 0);
}

enum gw_status gw_store_batch_roll_seal(struct gw_store_tx *tx, struct gw_bytes *ret)
{
    uint8_t mem[STATE_MAX], ad[GW_STORE_AD_LEN];
    struct gw_buf state;
    gw_buf_init_fixed(&state, mem, sizeof(mem));
    gw_buf_u64be(&state, tx->batch.rolled);
    gw_crypto_sha256_save(tx->rolling, &state);
    GW_TRY(gw_buf_failed(&state));
    gw_buf_reset(&tx->sealed);
    GW_TRY(
        gw_crypto_seal(tx->store->keys.batch_row, gw_buf_view(&state), ad_of(tx, ad), &tx->sealed));
    *ret = gw_buf_view(&tx->sealed);
    return GW_OK;
}

static enum gw_status open_state(struct gw_store_tx *tx, struct gw_bytes sealed)
{
    uint8_t ad[GW_STORE_AD_LEN];
    gw_buf_reset(&tx->sealed);
    GW_TRY(gw_crypto_open(tx->store->keys.batch_row, sealed, ad_of(tx, ad), &tx->sealed));
    struct gw_cursor c = gw_cursor_make(gw_buf_view(&tx->sealed));
    struct gw_bytes state;
    if (gw_cursor_u64be(&c, &tx->batch.rolled) != GW_OK ||
        tx->batch.rolled > tx->batch.b.contiguous)
        return GW_CORRUPT;
    GW_TRY(gw_cursor_take(&c, gw_cursor_left(&c), &state));
    return gw_crypto_sha256_load(tx->rolling, state);
}

enum gw_status gw_store_batch_roll_load(struct gw_store_tx *tx)
{
    const struct gw_store_value v = GW_V_INT(tx->batch.no);
    tx->batch.rolled = 0;
    gw_crypto_sha256_reset(tx->rolling);
    GW_TRY(gw_store_db_one(tx->db, GW_ST_BATCH_ROLLED, &v, 1));
    enum gw_status st = GW_OK;
    if (!gw_store_db_col_null(tx->db, GW_ST_BATCH_ROLLED, 0))
        st = open_state(tx, gw_store_db_col_bytes(tx->db, GW_ST_BATCH_ROLLED, 0));
    gw_store_db_end(tx->db, GW_ST_BATCH_ROLLED);
    return st;
}

static void take(struct gw_store_tx *tx, const struct gw_store_batch_row *row)
{
    gw_crypto_sha256_update(tx->rolling, gw_bytes_make(row->digest.byte, GW_SHA256_LEN));
    tx->batch.rolled = row->row;
    tx->batch.dirty = true;
}

/* At most `max` of the contiguous rows that have waited. */
static enum gw_status take_waiting(struct gw_store_tx *tx, uint64_t max)
{
    const enum gw_store_stmt st = GW_ST_BATCH_ROWS;
    uint64_t left = tx->batch.b.contiguous - tx->batch.rolled;
    if (left == 0)
        return GW_OK;
    const struct gw_store_value v[] = {GW_V_INT(tx->batch.no), GW_V_INT(tx->batch.rolled),
                                       GW_V_INT(left < max ? left : max)};
    enum gw_status status;
    bool more = false;
    gw_store_db_query(tx->db, st, v, GW_ARRAY_LEN(v));
    while ((status = gw_store_db_next(tx->db, st, &more)) == GW_OK && more) {
        struct gw_store_batch_row row = {.row = (uint64_t)gw_store_db_col_int(tx->db, st, 0)};
        status = gw_store_batch_body_open(&tx->store->keys, tx->batch.b.id,
                                          gw_store_db_col_bytes(tx->db, st, 3), &tx->sealed, &row);
        if (status == GW_OK && row.row != tx->batch.rolled + 1)
            status = GW_CORRUPT;
        if (status != GW_OK)
            break;
        take(tx, &row);
    }
    gw_store_db_end(tx->db, st);
    return status;
}

enum gw_status gw_store_batch_roll_row(struct gw_store_tx *tx, const struct gw_store_batch_row *row)
{
    if (row->row == tx->batch.rolled + 1)
        take(tx, row);
    return take_waiting(tx, WAITING_TAKEN);
}

enum gw_status gw_store_batch_roll_all(struct gw_store_tx *tx)
{
    GW_TRY(take_waiting(tx, UINT64_MAX));
    return tx->batch.rolled == tx->batch.b.contiguous ? GW_OK : GW_CORRUPT;
}

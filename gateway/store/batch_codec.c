/* The sealed body of a batch row: digest of the item, delivery key, packed reasons. Sealed always:
 * a refused row has no class yet, a key may name a person, and a digest of a short record can be
 * guessed. And the row of table batch. */
#include "base/cursor.h"
#include "store/batch_internal.h"

enum gw_status gw_store_batch_body_seal(struct gw_store_tx *tx, const uint8_t id[16],
                                        const struct gw_store_batch_row *row, struct gw_bytes *ret)
{
    uint8_t ad[GW_STORE_AD_LEN];
    gw_buf_reset(&tx->sealed2);
    gw_buf_append(&tx->sealed2, row->digest.byte, GW_SHA256_LEN);
    gw_buf_u32be(&tx->sealed2, (uint32_t)row->key.len);
    gw_buf_bytes(&tx->sealed2, row->key);
    gw_buf_bytes(&tx->sealed2, row->reasons);
    GW_TRY(gw_buf_failed(&tx->sealed2));
    gw_buf_reset(&tx->sealed);
    GW_TRY(gw_crypto_seal(tx->store->keys.batch_row, gw_buf_view(&tx->sealed2),
                          gw_store_ad(ad, GW_PART_BATCH_ROW, id, row->row), &tx->sealed));
    *ret = gw_buf_view(&tx->sealed);
    return GW_OK;
}

enum gw_status gw_store_batch_body_open(const struct gw_store_keys *keys, const uint8_t id[16],
                                        struct gw_bytes sealed, struct gw_buf *mem,
                                        struct gw_store_batch_row *row)
{
    uint8_t ad[GW_STORE_AD_LEN];
    gw_buf_reset(mem);
    GW_TRY(gw_crypto_open(keys->batch_row, sealed, gw_store_ad(ad, GW_PART_BATCH_ROW, id, row->row),
                          mem));
    struct gw_cursor c = gw_cursor_make(gw_buf_view(mem));
    struct gw_bytes digest;
    struct gw_bytes key;
    uint32_t key_len;
    if (gw_cursor_take(&c, GW_SHA256_LEN, &digest) != GW_OK ||
        gw_cursor_u32be(&c, &key_len) != GW_OK || gw_cursor_take(&c, key_len, &key) != GW_OK)
        return GW_CORRUPT;
    memcpy(row->digest.byte, digest.ptr, GW_SHA256_LEN);
    row->key = key;
    return gw_cursor_take(&c, gw_cursor_left(&c), &row->reasons);
}

static enum gw_status col_name(struct gw_store_db *db, int col, char ret[65])
{
    struct gw_bytes b = gw_store_db_col_bytes(db, GW_ST_BATCH_GET, col);
    if (b.len > GW_STORE_NAME_MAX)
        return GW_CORRUPT;
    if (b.len != 0)
        memcpy(ret, b.ptr, b.len);
    ret[b.len] = '\0';
    return GW_OK;
}

static uint64_t col_or_none(struct gw_store_db *db, int col)
{
    return gw_store_db_col_null(db, GW_ST_BATCH_GET, col)
               ? UINT64_MAX
               : (uint64_t)gw_store_db_col_int(db, GW_ST_BATCH_GET, col);
}

static enum gw_status read_columns(struct gw_store_db *db, struct gw_store_batch_state *ret)
{
    struct gw_store_batch *b = &ret->b;
    ret->no = gw_store_db_col_int(db, GW_ST_BATCH_GET, 0);
    GW_TRY(col_name(db, 1, b->peer));
    GW_TRY(col_name(db, 2, b->format));
    uint64_t *const number[] = {
        [3] = &b->declared, [7] = &b->added,        [8] = &b->repeated,   [9] = &b->updated,
        [10] = &b->refused, [11] = &b->highest_row, [12] = &b->contiguous};
    for (int i = 0; i < (int)GW_ARRAY_LEN(number); i++) {
        if (number[i] != NULL)
            *number[i] = (uint64_t)gw_store_db_col_int(db, GW_ST_BATCH_GET, i);
    }
    b->has_digest = !gw_store_db_col_null(db, GW_ST_BATCH_GET, 4);
    if (b->has_digest)
        GW_TRY(gw_store_db_col_fixed(db, GW_ST_BATCH_GET, 4, b->digest.byte, GW_SHA256_LEN));
    b->opened_us = gw_store_db_col_int(db, GW_ST_BATCH_GET, 5);
    b->closed_us = gw_store_db_col_int(db, GW_ST_BATCH_GET, 6);
    ret->first_receipt = gw_store_db_col_int(db, GW_ST_BATCH_GET, 13);
    ret->last_receipt = gw_store_db_col_int(db, GW_ST_BATCH_GET, 14);
    b->first_seq = col_or_none(db, 15);
    b->last_seq = col_or_none(db, 16);
    return GW_OK;
}

enum gw_status gw_store_batch_read(struct gw_store_db *db, const uint8_t id[16],
                                   struct gw_store_batch_state *ret)
{
    const struct gw_store_value v = GW_V_BLOB(gw_bytes_make(id, 16));
    GW_TRY(gw_store_db_one(db, GW_ST_BATCH_GET, &v, 1));
    struct gw_store_batch_state state = {0};
    memcpy(state.b.id, id, 16);
    enum gw_status st = read_columns(db, &state);
    gw_store_db_end(db, GW_ST_BATCH_GET);
    if (st == GW_OK)
        *ret = state;
    return st;
}

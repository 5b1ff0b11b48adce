/* Batches as the writer keeps them: opened, rows noted once, closed. The counters of the batch that
 * a job works on are kept in the transaction and written back at its end. */
#include "store/batch_internal.h"

static bool fits(uint64_t v)
{
    return v <= INT64_MAX;
}

enum gw_status gw_store_batch_open(struct gw_store_tx *tx, const struct gw_store_batch *b)
{
    if (!fits(b->declared) || b->peer[0] == '\0' ||
        memchr(b->peer, '\0', sizeof(b->peer)) == NULL ||
        memchr(b->format, '\0', sizeof(b->format)) == NULL)
        return GW_INVALID;
    struct gw_bytes digest =
        b->has_digest ? gw_bytes_make(b->digest.byte, GW_SHA256_LEN) : GW_BYTES_NONE;
    const struct gw_store_value v[] = {GW_V_BLOB(gw_bytes_make(b->id, 16)),
                                       GW_V_TEXT(b->peer),
                                       GW_V_TEXT(b->format),
                                       GW_V_INT(b->declared),
                                       GW_V_BLOB_OR_NULL(digest),
                                       GW_V_INT(b->opened_us)};
    int inserted = 0;
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_BATCH_INSERT, v, GW_ARRAY_LEN(v), &inserted));
    if (inserted == 0)
        return GW_EXISTS;
    tx->count.batches_open++;
    return GW_OK;
}

enum gw_status gw_store_batch_flush(struct gw_store_tx *tx)
{
    struct gw_store_batch_state *s = &tx->batch;
    if (s->no == 0 || !s->dirty)
        return GW_OK;
    struct gw_bytes rolled;
    GW_TRY(gw_store_batch_roll_seal(tx, &rolled));
    const struct gw_store_value v[] = {
        GW_V_INT(s->no),
        GW_V_INT(s->b.closed_us),
        GW_V_INT(s->b.added),
        GW_V_INT(s->b.repeated),
        GW_V_INT(s->b.updated),
        GW_V_INT(s->b.refused),
        GW_V_INT(s->b.highest_row),
        GW_V_INT(s->b.contiguous),
        s->first_receipt != 0 ? GW_V_INT(s->first_receipt) : GW_V_NULL,
        s->last_receipt != 0 ? GW_V_INT(s->last_receipt) : GW_V_NULL,
        GW_V_BLOB(rolled),
    };
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_BATCH_UPDATE, v, GW_ARRAY_LEN(v), NULL));
    s->dirty = false;
    return GW_OK;
}

/* Makes it the one that tx->batch holds. GW_NOT_FOUND. */
static enum gw_status hold(struct gw_store_tx *tx, const uint8_t id[16])
{
    if (tx->batch.no != 0 && memcmp(tx->batch.b.id, id, 16) == 0)
        return GW_OK;
    GW_TRY(gw_store_batch_flush(tx));
    tx->batch.no = 0;
    GW_TRY(gw_store_batch_read(tx->db, id, &tx->batch));
    enum gw_status st = gw_store_batch_roll_load(tx);
    if (st != GW_OK)
        tx->batch.no = 0;
    return st;
}

static enum gw_status read_row(struct gw_store_tx *tx, struct gw_store_batch_row *row)
{
    const enum gw_store_stmt st = GW_ST_BATCH_ROW_GET;
    const struct gw_store_value v[] = {GW_V_INT(tx->batch.no), GW_V_INT(row->row)};
    GW_TRY(gw_store_db_one(tx->db, st, v, GW_ARRAY_LEN(v)));
    row->outcome = (enum gw_store_outcome)gw_store_db_col_int(tx->db, st, 0);
    row->receipt = gw_store_db_col_int(tx->db, st, 1);
    enum gw_status status = gw_store_batch_body_open(
        &tx->store->keys, tx->batch.b.id, gw_store_db_col_bytes(tx->db, st, 2), &tx->sealed, row);
    gw_store_db_end(tx->db, st);
    return status;
}

enum gw_status gw_store_batch_row_get(struct gw_store_tx *tx, const uint8_t id[16], uint64_t row,
                                      struct gw_store_batch_row *ret)
{
    if (!fits(row))
        return GW_NOT_FOUND;
    GW_TRY(hold(tx, id));
    struct gw_store_batch_row found = {.row = row};
    GW_TRY(read_row(tx, &found));
    *ret = found;
    return GW_OK;
}

/* Rows that came before their turn are counted when the gap before them closes. */
static enum gw_status advance(struct gw_store_tx *tx)
{
    struct gw_store_batch *b = &tx->batch.b;
    const struct gw_store_value v[] = {GW_V_INT(tx->batch.no), GW_V_INT(b->contiguous)};
    uint64_t to = b->contiguous;
    bool more = false;
    enum gw_status st;
    gw_store_db_query(tx->db, GW_ST_BATCH_ROW_NEXT, v, GW_ARRAY_LEN(v));
    while ((st = gw_store_db_next(tx->db, GW_ST_BATCH_ROW_NEXT, &more)) == GW_OK && more &&
           (uint64_t)gw_store_db_col_int(tx->db, GW_ST_BATCH_ROW_NEXT, 0) == to + 1)
        to++;
    gw_store_db_end(tx->db, GW_ST_BATCH_ROW_NEXT);
    if (st == GW_OK)
        b->contiguous = to;
    return st;
}

static enum gw_status count_row(struct gw_store_tx *tx, const struct gw_store_batch_row *row)
{
    struct gw_store_batch *b = &tx->batch.b;
    uint64_t *const counter[] = {[GW_PUT_NEW] = &b->added,
                                 [GW_PUT_DUPLICATE] = &b->repeated,
                                 [GW_PUT_UPDATED] = &b->updated,
                                 [GW_PUT_REFUSED] = &b->refused};
    tx->batch.dirty = true;
    *counter[row->outcome] += 1;
    if (row->receipt != 0) {
        if (tx->batch.first_receipt == 0 || row->receipt < tx->batch.first_receipt)
            tx->batch.first_receipt = row->receipt;
        if (row->receipt > tx->batch.last_receipt)
            tx->batch.last_receipt = row->receipt;
        if (row->receipt > tx->receipt_used)
            tx->receipt_used = row->receipt;
    }
    if (row->row > b->highest_row)
        b->highest_row = row->row;
    if (row->row == b->contiguous + 1) {
        b->contiguous = row->row;
        if (b->highest_row > row->row)
            GW_TRY(advance(tx));
    }
    return gw_store_batch_roll_row(tx, row);
}

static enum gw_status insert_row(struct gw_store_tx *tx, const struct gw_store_batch_row *row,
                                 bool *ret_first)
{
    struct gw_bytes body;
    GW_TRY(gw_store_batch_body_seal(tx, tx->batch.b.id, row, &body));
    const struct gw_store_value v[] = {GW_V_INT(tx->batch.no), GW_V_INT(row->row),
                                       GW_V_INT(row->outcome), GW_V_INT(row->receipt),
                                       GW_V_BLOB(body)};
    int inserted = 0;
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_BATCH_ROW_INSERT, v, GW_ARRAY_LEN(v), &inserted));
    *ret_first = inserted != 0;
    return inserted != 0 ? count_row(tx, row) : GW_OK;
}

enum gw_status gw_store_batch_row_put(struct gw_store_tx *tx, const uint8_t id[16],
                                      const struct gw_store_batch_row *row, bool *ret_first)
{
    if (row->row == 0 || !fits(row->row) || row->outcome < GW_PUT_NEW ||
        row->outcome > GW_PUT_REFUSED || row->receipt < 0 || row->key.len > UINT32_MAX)
        return GW_INVALID;
    GW_TRY(hold(tx, id));
    bool first = false;
    if (tx->batch.b.closed_us == 0) {
        enum gw_status st = insert_row(tx, row, &first);
        if (st != GW_OK) {
            tx->broken = st;
            return st;
        }
    }
    if (!first) {
        struct gw_store_batch_row known = {.row = row->row};
        enum gw_status st = read_row(tx, &known);
        if (st == GW_NOT_FOUND) /* closed, and not among its rows */
            return GW_PRECONDITION;
        GW_TRY(st);
        if (memcmp(&known.digest, &row->digest, sizeof(known.digest)) != 0)
            return tx->batch.b.closed_us != 0 ? GW_PRECONDITION : GW_CONFLICT;
    }
    *ret_first = first;
    return GW_OK;
}

enum gw_status gw_store_batch_close(struct gw_store_tx *tx, const uint8_t id[16], int64_t wall_us)
{
    if (wall_us <= 0)
        return GW_INVALID;
    GW_TRY(hold(tx, id));
    if (tx->batch.b.closed_us != 0)
        return GW_PRECONDITION;
    tx->batch.b.closed_us = wall_us;
    tx->batch.dirty = true;
    if (!GW_BUG_ON(tx->count.batches_open == 0))
        tx->count.batches_open--;
    return GW_OK;
}

enum gw_status gw_store_batch_get_tx(struct gw_store_tx *tx, const uint8_t id[16],
                                     struct gw_store_batch *ret)
{
    GW_TRY(gw_store_batch_flush(tx));
    struct gw_store_batch_state s;
    GW_TRY(gw_store_batch_read(tx->db, id, &s));
    /* The note of an index comes a moment after the entry is durable: */
    if (s.b.first_seq == UINT64_MAX)
        s.b.first_seq = gw_store_recent_seq(tx->store, s.first_receipt);
    if (s.b.last_seq == UINT64_MAX)
        s.b.last_seq = gw_store_recent_seq(tx->store, s.last_receipt);
    *ret = s.b;
    return GW_OK;
}

enum gw_status gw_store_batch_digest(struct gw_store_tx *tx, const uint8_t id[16],
                                     struct gw_hash *ret)
{
    GW_TRY(hold(tx, id));
    GW_TRY(gw_store_batch_roll_all(tx));
    gw_crypto_sha256_peek(tx->rolling, ret);
    return GW_OK;
}

enum gw_status
gw_store_batch_refused_tx(struct gw_store_tx *tx, const uint8_t id[16], uint32_t limit,
                          bool (*fn)(void *arg, const struct gw_store_batch_row *row), void *arg)
{
    GW_TRY(hold(tx, id));
    const enum gw_store_stmt st = GW_ST_BATCH_REFUSED;
    const struct gw_store_value v[] = {GW_V_INT(tx->batch.no), GW_V_INT(0), GW_V_INT(limit)};
    enum gw_status status;
    bool more = false;
    gw_store_db_query(tx->db, st, v, GW_ARRAY_LEN(v));
    while ((status = gw_store_db_next(tx->db, st, &more)) == GW_OK && more) {
        struct gw_store_batch_row row = {
            .row = (uint64_t)gw_store_db_col_int(tx->db, st, 0),
            .outcome = (enum gw_store_outcome)gw_store_db_col_int(tx->db, st, 1),
            .receipt = gw_store_db_col_int(tx->db, st, 2),
        };
        status = gw_store_batch_body_open(&tx->store->keys, tx->batch.b.id,
                                          gw_store_db_col_bytes(tx->db, st, 3), &tx->sealed, &row);
        if (status != GW_OK || !fn(arg, &row))
            break;
    }
    gw_store_db_end(tx->db, st);
    return status;
}

/* Batches as a reader sees them: status and sheets. */
#include "store/batch_internal.h"

enum gw_status gw_store_batch_get(struct gw_store_reader *r, const uint8_t id[16],
                                  struct gw_store_batch *ret)
{
    GW_TRY(gw_store_reader_turn(r));
    struct gw_store_batch_state s;
    GW_TRY(gw_store_batch_read(r->db, id, &s));
    /* The note of an index comes a moment after the entry is durable: */
    if (s.b.first_seq == UINT64_MAX)
        s.b.first_seq = gw_store_recent_seq(r->store, s.first_receipt);
    if (s.b.last_seq == UINT64_MAX)
        s.b.last_seq = gw_store_recent_seq(r->store, s.last_receipt);
    *ret = s.b;
    return GW_OK;
}

enum gw_status gw_store_batch_rows(struct gw_store_reader *r, const uint8_t id[16],
                                   uint64_t after_row, bool only_refused, uint32_t limit,
                                   bool (*fn)(void *arg, const struct gw_store_batch_row *row),
                                   void *arg)
{
    GW_TRY(gw_store_reader_turn(r));
    struct gw_store_batch_state s;
    GW_TRY(gw_store_batch_read(r->db, id, &s));
    if (after_row > INT64_MAX)
        return GW_OK;
    const enum gw_store_stmt st = only_refused ? GW_ST_BATCH_REFUSED : GW_ST_BATCH_ROWS;
    const struct gw_store_value v[] = {GW_V_INT(s.no), GW_V_INT(after_row), GW_V_INT(limit)};
    enum gw_status status;
    bool more = false;
    gw_store_db_query(r->db, st, v, GW_ARRAY_LEN(v));
    while ((status = gw_store_db_next(r->db, st, &more)) == GW_OK && more) {
        struct gw_store_batch_row row = {
            .row = (uint64_t)gw_store_db_col_int(r->db, st, 0),
            .outcome = (enum gw_store_outcome)gw_store_db_col_int(r->db, st, 1),
            .receipt = gw_store_db_col_int(r->db, st, 2),
        };
        status = gw_store_batch_body_open(&r->store->keys, id, gw_store_db_col_bytes(r->db, st, 3),
                                          &r->opened, &row);
        if (status != GW_OK || !fn(arg, &row))
            break;
    }
    gw_store_db_end(r->db, st);
    return status;
}

/* Between the files of batches: batch.c writes, batch_read.c reads, batch_codec.c knows the rows'
 * form, batch_digest.c keeps the digest over them. */
#ifndef GW_STORE_BATCH_INTERNAL_H
#define GW_STORE_BATCH_INTERNAL_H

#include "store/store_internal.h"

/* Borrowed until the next put of this transaction. */
GW_MUST_USE enum gw_status gw_store_batch_body_seal(struct gw_store_tx *tx, const uint8_t id[16],
                                                    const struct gw_store_batch_row *row,
                                                    struct gw_bytes *ret);
/* row->row in; digest, key and reasons out, the latter two borrowed from `mem`, whose contents go.
 * GW_CORRUPT. */
GW_MUST_USE enum gw_status gw_store_batch_body_open(const struct gw_store_keys *keys,
                                                    const uint8_t id[16], struct gw_bytes sealed,
                                                    struct gw_buf *mem,
                                                    struct gw_store_batch_row *row);
/* batch_digest.c: tx->batch and tx->rolling. load: behind a read of the batch. seal: borrowed until
 * the next put of this transaction. */
GW_MUST_USE enum gw_status gw_store_batch_roll_load(struct gw_store_tx *tx);
GW_MUST_USE enum gw_status gw_store_batch_roll_seal(struct gw_store_tx *tx, struct gw_bytes *ret);
/* A row was noted: takes it in when it is the next one, and some of those that have waited. */
GW_MUST_USE enum gw_status gw_store_batch_roll_row(struct gw_store_tx *tx,
                                                   const struct gw_store_batch_row *row);
GW_MUST_USE enum gw_status gw_store_batch_roll_all(struct gw_store_tx *tx);
/* GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_store_batch_read(struct gw_store_db *db, const uint8_t id[16],
                                               struct gw_store_batch_state *ret);

#endif

/* Receipts and pending entries: what ties a change to its entry before the log has it. */
#include "store/store_internal.h"

enum { PAGE_ROWS = 64, PAGE_BYTES_MAX = 16 << 20 };

int64_t gw_store_receipt_next(struct gw_store_tx *tx)
{
    return tx->count.receipt + 1;
}

int64_t gw_store_receipt_use(struct gw_store_tx *tx)
{
    int64_t receipt = tx->count.receipt + 1;
    if (receipt > tx->receipt_used)
        tx->receipt_used = receipt;
    return receipt;
}

int64_t gw_store_change_next(struct gw_store_tx *tx)
{
    /* Nothing becomes visible without an entry that makes it so. */
    (void)gw_store_receipt_use(tx);
    return ++tx->count.change;
}

int64_t gw_store_change_last(struct gw_store_tx *tx)
{
    return tx->count.change;
}

enum gw_status gw_store_pending_put(struct gw_store_tx *tx, const uint8_t exchange_id[16],
                                    uint32_t segment, uint64_t log_size, struct gw_bytes body,
                                    int64_t *ret_receipt)
{
    if (log_size > INT64_MAX)
        return GW_INVALID;
    int64_t id = tx->count.receipt + 1;
    const struct gw_store_value receipt[] = {
        GW_V_INT(id), GW_V_BLOB(gw_bytes_make(exchange_id, 16)), GW_V_INT(segment)};
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_RECEIPT_INSERT, receipt, GW_ARRAY_LEN(receipt), NULL));
    const struct gw_store_value pending[] = {GW_V_INT(id), GW_V_INT(log_size), GW_V_BLOB(body)};
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_PENDING_INSERT, pending, GW_ARRAY_LEN(pending), NULL));
    tx->count.receipt = id;
    tx->count.pending++;
    if (log_size > tx->count.log_size)
        tx->count.log_size = log_size;
    *ret_receipt = id;
    return GW_OK;
}

/* ---- which log it is ----------------------------------------------------------------- */

struct tie_job {
    struct gw_store_job job;
    struct gw_bytes origin;
    uint64_t size;
};

static enum gw_status tie_run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    const struct tie_job *t = GW_CONTAINER_OF(j, struct tie_job, job);
    const struct gw_store_value v[] = {GW_V_TEXT("log-origin"), GW_V_BLOB(t->origin)};
    if (t->size > tx->count.log_size)
        tx->count.log_size = t->size;
    return gw_store_db_exec(tx->db, GW_ST_META_PUT, v, GW_ARRAY_LEN(v), NULL);
}

enum gw_status gw_store_log_tie(struct gw_store *s, const char *origin, uint64_t size)
{
    struct tie_job t = {.job = {.run = tie_run}, .origin = gw_bytes_str(origin), .size = size};
    if (t.origin.len == 0 || t.origin.len >= GW_STORE_ORIGIN_MAX || size > INT64_MAX)
        return GW_INVALID;
    return gw_store_run(s, &t.job);
}

enum gw_status gw_store_log_load(struct gw_store *s)
{
    const struct gw_store_value name = GW_V_TEXT("log-origin");
    enum gw_status st = gw_store_db_one(s->db, GW_ST_META_GET, &name, 1);
    if (st == GW_NOT_FOUND)
        return GW_OK;
    GW_TRY(st);
    struct gw_bytes origin = gw_store_db_col_bytes(s->db, GW_ST_META_GET, 0);
    if (origin.len >= sizeof(s->log_origin))
        st = GW_CORRUPT;
    else
        memcpy(s->log_origin, origin.ptr, origin.len);
    gw_store_db_end(s->db, GW_ST_META_GET);
    return st;
}

void gw_store_log_known(const struct gw_store *s, struct gw_store_log *ret)
{
    *ret = (struct gw_store_log){.origin = s->log_origin,
                                 .size = s->log_at_open,
                                 .blank = s->log_origin[0] == '\0' && s->blank_at_open};
}

struct page_row {
    int64_t receipt;
    uint64_t log_size;
    size_t at, len;
};

/* Copied out, so that `fn` may take its time (it appends to the log) without a read transaction
 * being held. */
static enum gw_status read_page(struct gw_store_reader *r, int64_t after, struct page_row *row,
                                size_t *count, struct gw_buf *bodies)
{
    const struct gw_store_value v[] = {GW_V_INT(after), GW_V_INT(PAGE_ROWS)};
    *count = 0;
    gw_buf_reset(bodies);
    GW_TRY(gw_store_reader_turn(r));
    gw_store_db_query(r->db, GW_ST_PENDING_PAGE, v, GW_ARRAY_LEN(v));
    enum gw_status st;
    bool more = false;
    while ((st = gw_store_db_next(r->db, GW_ST_PENDING_PAGE, &more)) == GW_OK && more &&
           *count < PAGE_ROWS) {
        struct gw_bytes body = gw_store_db_col_bytes(r->db, GW_ST_PENDING_PAGE, 2);
        if (*count != 0 && body.len > bodies->max - bodies->len)
            break;
        row[(*count)++] = (struct page_row){
            gw_store_db_col_int(r->db, GW_ST_PENDING_PAGE, 0),
            (uint64_t)gw_store_db_col_int(r->db, GW_ST_PENDING_PAGE, 1), bodies->len, body.len};
        gw_buf_bytes(bodies, body);
    }
    gw_store_db_end(r->db, GW_ST_PENDING_PAGE);
    gw_store_reader_turn_end(r);
    return st != GW_OK ? st : gw_buf_failed(bodies);
}

enum gw_status gw_store_pending_each(struct gw_store *s,
                                     enum gw_status (*fn)(void *arg, int64_t receipt,
                                                          uint64_t log_size, struct gw_bytes body),
                                     void *arg)
{
    struct gw_store_reader *r;
    GW_TRY(gw_store_reader_open(s, &r));
    struct gw_buf bodies;
    gw_buf_init(&bodies, PAGE_BYTES_MAX);
    struct page_row row[PAGE_ROWS];
    size_t count = 0;
    int64_t after = 0;
    enum gw_status st;
    while ((st = read_page(r, after, row, &count, &bodies)) == GW_OK && count != 0) {
        for (size_t i = 0; i < count && st == GW_OK; i++) {
            st = fn(arg, row[i].receipt, row[i].log_size,
                    gw_bytes_make(bodies.ptr + row[i].at, row[i].len));
            after = row[i].receipt;
        }
        if (st != GW_OK)
            break;
    }
    gw_buf_fini(&bodies);
    gw_store_reader_close(r);
    return st;
}

enum gw_status gw_store_receipt_seq(struct gw_store_reader *r, int64_t receipt, uint64_t *ret_seq)
{
    uint64_t seq = gw_store_recent_seq(r->store, receipt);
    if (seq == UINT64_MAX) {
        const struct gw_store_value v = GW_V_INT(receipt);
        GW_TRY(gw_store_reader_turn(r));
        GW_TRY(gw_store_db_one(r->db, GW_ST_RECEIPT_GET, &v, 1));
        if (!gw_store_db_col_null(r->db, GW_ST_RECEIPT_GET, 0))
            seq = (uint64_t)gw_store_db_col_int(r->db, GW_ST_RECEIPT_GET, 0);
        gw_store_db_end(r->db, GW_ST_RECEIPT_GET);
    }
    *ret_seq = seq;
    return GW_OK;
}

/* A loop's read-only connection: one read transaction a turn, records by change and by subject. */
#include <stdlib.h>

#include "store/store_internal.h"

enum { OPENED_MAX = 64 << 20 };

/* Columns of GW_ROW_OF in statements.def, then what the statement adds. */
enum {
    ROW_CHANGE,
    ROW_REVISION,
    ROW_CLASS,
    ROW_AREA,
    ROW_PEER,
    ROW_RECEIVED,
    ROW_SCHEMA,
    ROW_SEALED,
    ROW_PACKED,
    ROW_ID,
    ROW_NO
};

enum gw_status gw_store_reader_open(struct gw_store *s, struct gw_store_reader **ret)
{
    struct gw_store_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return GW_NOMEM;
    r->store = s;
    gw_buf_init(&r->opened, OPENED_MAX);
    enum gw_status st = gw_store_db_open(s->path, GW_STORE_DB_READER, &s->set, &r->db, NULL);
    if (st == GW_OK)
        st = gw_store_db_prepare(r->db);
    if (st == GW_OK)
        st = gw_store_db_lent_prepare(r->db, s->set.extensions, s->set.extension_count, NULL);
    if (st != GW_OK) {
        gw_store_reader_close(r);
        return st;
    }
    *ret = r;
    return GW_OK;
}

void gw_store_reader_close(struct gw_store_reader *r)
{
    if (r == NULL)
        return;
    if (r->db != NULL)
        gw_store_reader_turn_end(r);
    gw_store_db_close(r->db);
    gw_buf_fini(&r->opened);
    free(r);
}

enum gw_status gw_store_reader_turn(struct gw_store_reader *r)
{
    if (r->in_turn)
        return GW_OK;
    /* Before the snapshot, so that all up to it are in the snapshot. */
    r->visible = gw_store_visible(r->store);
    GW_TRY(gw_store_db_tx(r->db, GW_STEP_BEGIN_READ));
    r->in_turn = true;
    return GW_OK;
}

void gw_store_reader_turn_end(struct gw_store_reader *r)
{
    if (!r->in_turn)
        return;
    r->in_turn = false;
    /* A commit of a read transaction only gives up locks; a connection that can not is told by its
     * next read. */
    if (gw_store_db_tx(r->db, GW_STEP_COMMIT) != GW_OK && gw_store_db_in_tx(r->db))
        (void)!gw_store_db_tx(r->db, GW_STEP_ROLLBACK);
}

/* `id` of the row must be set. */
static enum gw_status read_row(struct gw_store_reader *r, enum gw_store_stmt st,
                               struct gw_store_row *row)
{
    struct gw_store_db *db = r->db;
    row->change_no = gw_store_db_col_int(db, st, ROW_CHANGE);
    row->revision = (uint32_t)gw_store_db_col_int(db, st, ROW_REVISION);
    row->class_bit = (uint32_t)gw_store_db_col_int(db, st, ROW_CLASS);
    row->area = gw_store_db_col_text(db, st, ROW_AREA);
    row->source_peer = gw_store_db_col_text(db, st, ROW_PEER);
    row->received_us = gw_store_db_col_int(db, st, ROW_RECEIVED);
    row->packed = gw_store_db_col_bytes(db, st, ROW_PACKED);
    if (gw_store_db_col_int(db, st, ROW_SEALED) == 0)
        return GW_OK;
    uint8_t ad[GW_STORE_AD_LEN];
    gw_buf_reset(&r->opened);
    GW_TRY(gw_crypto_open(r->store->keys.record, row->packed,
                          gw_store_ad(ad, GW_PART_PACKED, row->record_id, row->revision),
                          &r->opened));
    row->packed = gw_buf_view(&r->opened);
    return GW_OK;
}

enum gw_status gw_store_changes(struct gw_store_reader *r, const char *kind, int64_t after,
                                uint32_t limit,
                                bool (*fn)(void *arg, const struct gw_store_row *row), void *arg,
                                int64_t *ret_last, bool *ret_more)
{
    const enum gw_store_stmt st = GW_ST_CHANGES;
    GW_TRY(gw_store_reader_turn(r));
    /* One row more than asked for tells whether there is more. */
    const struct gw_store_value v[] = {GW_V_TEXT(kind), GW_V_INT(after), GW_V_INT(r->visible),
                                       GW_V_INT((int64_t)limit + 1)};
    int64_t last = after;
    uint32_t passed = 0;
    bool more = false;
    enum gw_status status;
    gw_store_db_query(r->db, st, v, GW_ARRAY_LEN(v));
    while ((status = gw_store_db_next(r->db, st, &more)) == GW_OK && more && passed < limit) {
        struct gw_store_row row;
        status = gw_store_db_col_fixed(r->db, st, ROW_ID, row.record_id, sizeof(row.record_id));
        if (status == GW_OK)
            status = read_row(r, st, &row);
        if (status != GW_OK || !fn(arg, &row))
            break;
        last = row.change_no;
        passed++;
    }
    gw_store_db_end(r->db, st);
    if (status != GW_OK)
        return status;
    *ret_last = last;
    *ret_more = more;
    return GW_OK;
}

/* The state of record `no` that may be seen: the entry of its latest may not be durable yet.
 * GW_NOT_FOUND: none. */
static enum gw_status read_past(struct gw_store_reader *r, int64_t no,
                                bool (*fn)(void *, const struct gw_store_row *), void *arg,
                                struct gw_store_row *row, bool *ret_go_on)
{
    const struct gw_store_value v[] = {GW_V_INT(no), GW_V_INT(r->visible)};
    GW_TRY(gw_store_db_one(r->db, GW_ST_RECORD_PAST, v, GW_ARRAY_LEN(v)));
    enum gw_status st = read_row(r, GW_ST_RECORD_PAST, row);
    if (st == GW_OK)
        *ret_go_on = fn(arg, row);
    gw_store_db_end(r->db, GW_ST_RECORD_PAST);
    return st;
}

/* All rows of a statement that answers records, each as it may be seen; *ret_seen counts them. */
static enum gw_status each_visible(struct gw_store_reader *r, enum gw_store_stmt st,
                                   const struct gw_store_value *v, size_t count,
                                   bool (*fn)(void *, const struct gw_store_row *), void *arg,
                                   size_t *ret_seen)
{
    enum gw_status status = GW_OK;
    bool more = false;
    bool go_on = true;
    *ret_seen = 0;
    gw_store_db_query(r->db, st, v, count);
    while (go_on && (status = gw_store_db_next(r->db, st, &more)) == GW_OK && more) {
        struct gw_store_row row;
        status = gw_store_db_col_fixed(r->db, st, ROW_ID, row.record_id, sizeof(row.record_id));
        if (status == GW_OK && gw_store_db_col_int(r->db, st, ROW_CHANGE) > r->visible) {
            status = read_past(r, gw_store_db_col_int(r->db, st, ROW_NO), fn, arg, &row, &go_on);
            if (status == GW_NOT_FOUND) {
                status = GW_OK;
                continue;
            }
        } else if (status == GW_OK) {
            status = read_row(r, st, &row);
            if (status == GW_OK)
                go_on = fn(arg, &row);
        }
        if (status != GW_OK)
            break;
        ++*ret_seen;
    }
    gw_store_db_end(r->db, st);
    return status;
}

enum gw_status gw_store_by_subject(struct gw_store_reader *r, const char *type,
                                   struct gw_bytes value,
                                   bool (*fn)(void *arg, const struct gw_store_row *row), void *arg)
{
    uint8_t mac[GW_STORE_MAC_LEN];
    size_t seen;
    GW_TRY(gw_store_mac(&r->store->keys, GW_MAC_SUBJECT, type, NULL, value, mac));
    GW_TRY(gw_store_reader_turn(r));
    const struct gw_store_value v = GW_V_BLOB(gw_bytes_make(mac, sizeof(mac)));
    return each_visible(r, GW_ST_RECORD_BY_SUBJECT, &v, 1, fn, arg, &seen);
}

enum gw_status gw_store_by_subject_kind(struct gw_store_reader *r, const char *kind,
                                        const char *type, struct gw_bytes value,
                                        bool (*fn)(void *arg, const struct gw_store_row *row),
                                        void *arg)
{
    uint8_t mac[GW_STORE_MAC_LEN];
    size_t seen;
    GW_TRY(gw_store_mac(&r->store->keys, GW_MAC_SUBJECT, type, NULL, value, mac));
    GW_TRY(gw_store_reader_turn(r));
    const struct gw_store_value v[] = {GW_V_BLOB(gw_bytes_make(mac, sizeof(mac))), GW_V_TEXT(kind)};
    return each_visible(r, GW_ST_RECORD_BY_SUBJECT_KIND, v, GW_ARRAY_LEN(v), fn, arg, &seen);
}

enum gw_status gw_store_record_get(struct gw_store_reader *r, const uint8_t id[16],
                                   bool (*fn)(void *arg, const struct gw_store_row *row), void *arg)
{
    size_t seen;
    GW_TRY(gw_store_reader_turn(r));
    const struct gw_store_value v = GW_V_BLOB(gw_bytes_make(id, 16));
    GW_TRY(each_visible(r, GW_ST_RECORD_BY_ID, &v, 1, fn, arg, &seen));
    return seen != 0 ? GW_OK : GW_NOT_FOUND;
}

static enum gw_status read_original(struct gw_store_reader *r, const uint8_t id[16],
                                    uint32_t revision, struct gw_bytes *ret)
{
    const enum gw_store_stmt st = GW_ST_ORIGINAL_GET;
    if (gw_store_db_col_int(r->db, st, 3) > r->visible || gw_store_db_col_null(r->db, st, 2))
        return GW_NOT_FOUND; /* erased, or not to be seen yet */
    *ret = gw_store_db_col_bytes(r->db, st, 2);
    if (gw_store_db_col_int(r->db, st, 1) == 0)
        return GW_OK;
    uint8_t ad[GW_STORE_AD_LEN];
    gw_buf_reset(&r->opened);
    GW_TRY(gw_crypto_open(r->store->keys.record, *ret,
                          gw_store_ad(ad, GW_PART_ORIGINAL, id, revision), &r->opened));
    *ret = gw_buf_view(&r->opened);
    return GW_OK;
}

enum gw_status
gw_store_original_get(struct gw_store_reader *r, const uint8_t id[16], uint32_t revision,
                      void (*fn)(void *arg, const char *format, struct gw_bytes original),
                      void *arg)
{
    GW_TRY(gw_store_reader_turn(r));
    const struct gw_store_value v[] = {GW_V_BLOB(gw_bytes_make(id, 16)), GW_V_INT(revision)};
    GW_TRY(gw_store_db_one(r->db, GW_ST_ORIGINAL_GET, v, GW_ARRAY_LEN(v)));
    struct gw_bytes original;
    enum gw_status st = read_original(r, id, revision, &original);
    if (st == GW_OK)
        fn(arg, gw_store_db_col_text(r->db, GW_ST_ORIGINAL_GET, 0), original);
    gw_store_db_end(r->db, GW_ST_ORIGINAL_GET);
    return st;
}

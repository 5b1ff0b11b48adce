/* Putting a record: whose delivery it is, what became of it before, and the rows that keep it. */
#include "store/store_internal.h"

enum { PACKED_SCHEMA = 1 }; /* version of the canonical message in `packed` */

/* Whom a record is about and by which key other sources know it; each 16 bytes, or empty. */
struct link {
    uint8_t subject_mac[GW_STORE_MAC_LEN];
    uint8_t business_mac[GW_STORE_MAC_LEN];
    struct gw_bytes subject;
    struct gw_bytes business;
};

/* What is looked up or kept of a put, keyed. */
struct keyed {
    uint8_t delivery[GW_STORE_MAC_LEN];
    uint8_t digest[GW_STORE_MAC_LEN];
    struct link link;
};

#define MAC_BYTES(mac) gw_bytes_make((mac), GW_STORE_MAC_LEN)

static bool name_ok(const char *s, bool may_be_empty)
{
    return s != NULL && (may_be_empty || s[0] != '\0') &&
           strnlen(s, GW_STORE_NAME_MAX + 1) <= GW_STORE_NAME_MAX;
}

/* Authorities number their documents, and send them in that order. The first bytes of the MAC are
 * therefore of the key without its last characters: neighbours share a page of the tree, which is a
 * page of the write-ahead log for a hundred records instead of for each. What the file tells by it,
 * that two deliveries of a peer have such keys, the order of receipt tells already. 96 bits are
 * left to tell all apart. */
static enum gw_status key_delivery(const struct gw_store_keys *k, const struct gw_store_put *p,
                                   uint8_t ret[GW_STORE_MAC_LEN])
{
    enum { PLACE_LEN = 4, TAIL_LEN = 3 };
    uint8_t place[GW_STORE_MAC_LEN];
    uint8_t whole[GW_STORE_MAC_LEN];
    struct gw_bytes head = p->key;
    if (head.len > TAIL_LEN)
        head.len -= TAIL_LEN;
    GW_TRY(gw_store_mac(k, GW_MAC_PLACE, p->source_peer, p->kind, head, place));
    GW_TRY(gw_store_mac(k, GW_MAC_DELIVERY, p->source_peer, p->kind, p->key, whole));
    memcpy(ret, place, PLACE_LEN);
    memcpy(ret + PLACE_LEN, whole, GW_STORE_MAC_LEN - PLACE_LEN);
    return GW_OK;
}

static enum gw_status key_all(const struct gw_store_keys *k, const struct gw_store_put *p,
                              struct keyed *ret)
{
    *ret = (struct keyed){0};
    GW_TRY(key_delivery(k, p, ret->delivery));
    GW_TRY(gw_store_mac(k, GW_MAC_DIGEST, NULL, NULL, gw_bytes_make(p->digest.byte, GW_SHA256_LEN),
                        ret->digest));
    struct link *l = &ret->link;
    if (p->subject_type != NULL && p->subject_value.len != 0) {
        GW_TRY(gw_store_mac(k, GW_MAC_SUBJECT, p->subject_type, NULL, p->subject_value,
                            l->subject_mac));
        l->subject = MAC_BYTES(l->subject_mac);
    }
    if (p->business_key.len != 0) {
        GW_TRY(gw_store_mac(k, GW_MAC_BUSINESS, NULL, NULL, p->business_key, l->business_mac));
        l->business = MAC_BYTES(l->business_mac);
    }
    return GW_OK;
}

/* `plain` as it is to be kept: itself, or sealed into `scratch` for this record and revision. */
static enum gw_status seal(struct gw_store_tx *tx, const struct gw_store_put *p,
                           enum gw_store_part part, struct gw_bytes plain, struct gw_buf *scratch,
                           struct gw_bytes *ret)
{
    *ret = plain;
    if (!gw_store_sealed(p))
        return GW_OK;
    uint8_t ad[GW_STORE_AD_LEN];
    gw_buf_reset(scratch);
    GW_TRY(gw_crypto_seal(tx->store->keys.record, plain,
                          gw_store_ad(ad, part, p->record_id, p->revision), scratch));
    *ret = gw_buf_view(scratch);
    return GW_OK;
}

static enum gw_status put_original(struct gw_store_tx *tx, const struct gw_store_put *p,
                                   int64_t record, struct gw_bytes bytes)
{
    const struct gw_store_value v[] = {GW_V_INT(p->change_no),       GW_V_INT(record),
                                       GW_V_INT(p->revision),        GW_V_TEXT(p->format),
                                       GW_V_INT(gw_store_sealed(p)), GW_V_BLOB(bytes)};
    return gw_store_db_exec(tx->db, GW_ST_ORIGINAL_INSERT, v, GW_ARRAY_LEN(v), NULL);
}

static enum gw_status put_link(struct gw_store_tx *tx, enum gw_store_stmt st, const struct link *l,
                               int64_t record)
{
    if (l->subject.len == 0 && l->business.len == 0)
        return GW_OK;
    const struct gw_store_value v[] = {GW_V_BLOB(l->subject), GW_V_BLOB(l->business),
                                       GW_V_INT(record)};
    return gw_store_db_exec(tx->db, st, v, GW_ARRAY_LEN(v), NULL);
}

static enum gw_status put_new(struct gw_store_tx *tx, struct gw_store_put *p, const struct keyed *k)
{
    int64_t no = tx->count.change + 1;
    p->outcome = GW_PUT_NEW;
    p->revision = 1;
    p->change_no = no;
    p->first_receipt = p->receipt;
    p->first_seq = UINT64_MAX;
    gw_crypto_uuid7(p->wall_us, p->record_id);
    struct gw_bytes packed;
    struct gw_bytes original;
    GW_TRY(seal(tx, p, GW_PART_PACKED, p->packed, &tx->sealed, &packed));
    GW_TRY(seal(tx, p, GW_PART_ORIGINAL, p->original, &tx->sealed2, &original));
    const struct gw_store_value v[] = {GW_V_INT(no),
                                       GW_V_BLOB(gw_bytes_make(p->record_id, 16)),
                                       GW_V_TEXT(p->kind),
                                       GW_V_INT(p->class_bit),
                                       GW_V_TEXT(p->area),
                                       GW_V_TEXT(p->source_peer),
                                       GW_V_INT(p->wall_us),
                                       GW_V_BLOB(k->link.subject),
                                       GW_V_BLOB(k->link.business),
                                       GW_V_INT(p->business_key_weak),
                                       GW_V_INT(PACKED_SCHEMA),
                                       GW_V_INT(gw_store_sealed(p)),
                                       GW_V_BLOB(packed)};
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_RECORD_INSERT, v, GW_ARRAY_LEN(v), NULL));
    GW_TRY(put_original(tx, p, no, original));
    GW_TRY(put_link(tx, GW_ST_SUBJECT_INSERT, &k->link, no));
    tx->count.change = no;
    tx->count.records++;
    tx->count.deliveries++;
    return GW_OK;
}

/* What delivery and record say about this key. */
struct known {
    int64_t record;
    int64_t authority_us;
    int64_t receipt;
    uint64_t seq;
    uint32_t revision;
    uint8_t digest[GW_STORE_MAC_LEN];
    uint8_t id[16];
    struct link link;
};

static uint64_t seq_of(struct gw_store_tx *tx, enum gw_store_stmt st, int col, int64_t receipt)
{
    if (!gw_store_db_col_null(tx->db, st, col))
        return (uint64_t)gw_store_db_col_int(tx->db, st, col);
    return gw_store_recent_seq(tx->store, receipt);
}

static enum gw_status read_mac(struct gw_store_db *db, int col, uint8_t mem[GW_STORE_MAC_LEN],
                               struct gw_bytes *ret)
{
    *ret = GW_BYTES_NONE;
    if (gw_store_db_col_bytes(db, GW_ST_DELIVERY_GET, col).len == 0)
        return GW_OK;
    *ret = MAC_BYTES(mem);
    return gw_store_db_col_fixed(db, GW_ST_DELIVERY_GET, col, mem, GW_STORE_MAC_LEN);
}

static enum gw_status read_known(struct gw_store_tx *tx, struct known *k)
{
    const enum gw_store_stmt st = GW_ST_DELIVERY_GET;
    struct gw_store_db *db = tx->db;
    k->record = gw_store_db_col_int(db, st, 1);
    k->revision = (uint32_t)gw_store_db_col_int(db, st, 2);
    k->authority_us = gw_store_db_col_int(db, st, 3);
    k->receipt = gw_store_db_col_int(db, st, 4);
    k->seq = seq_of(tx, st, 5, k->receipt);
    GW_TRY(gw_store_db_col_fixed(db, st, 0, k->digest, sizeof(k->digest)));
    GW_TRY(gw_store_db_col_fixed(db, st, 6, k->id, sizeof(k->id)));
    GW_TRY(read_mac(db, 7, k->link.subject_mac, &k->link.subject));
    return read_mac(db, 8, k->link.business_mac, &k->link.business);
}

static enum gw_status find_known(struct gw_store_tx *tx, const struct keyed *keyed,
                                 struct known *ret)
{
    const struct gw_store_value v = GW_V_BLOB(MAC_BYTES(keyed->delivery));
    enum gw_status st = gw_store_db_one(tx->db, GW_ST_DELIVERY_GET, &v, 1);
    if (st == GW_NOT_FOUND) /* a delivery without its record */
        return GW_CORRUPT;
    GW_TRY(st);
    *ret = (struct known){0};
    st = read_known(tx, ret);
    gw_store_db_end(tx->db, GW_ST_DELIVERY_GET);
    return st;
}

static void is_duplicate(struct gw_store_put *p, const struct known *k)
{
    p->outcome = GW_PUT_DUPLICATE;
    p->revision = k->revision;
    p->first_receipt = k->receipt;
    p->first_seq = k->seq;
    p->change_no = 0;
    memcpy(p->record_id, k->id, sizeof(p->record_id));
}

/* A digest that was the record's before: a stale copy, which must not undo what came after it.
 * GW_NOT_FOUND. */
static enum gw_status find_past(struct gw_store_tx *tx, const struct keyed *keyed, struct known *k)
{
    const struct gw_store_value v[] = {GW_V_BLOB(MAC_BYTES(keyed->delivery)),
                                       GW_V_BLOB(MAC_BYTES(keyed->digest))};
    GW_TRY(gw_store_db_one(tx->db, GW_ST_DELIVERY_PAST_GET, v, GW_ARRAY_LEN(v)));
    k->revision = (uint32_t)gw_store_db_col_int(tx->db, GW_ST_DELIVERY_PAST_GET, 0);
    k->receipt = gw_store_db_col_int(tx->db, GW_ST_DELIVERY_PAST_GET, 1);
    k->seq = seq_of(tx, GW_ST_DELIVERY_PAST_GET, 2, k->receipt);
    gw_store_db_end(tx->db, GW_ST_DELIVERY_PAST_GET);
    return GW_OK;
}

static enum gw_status move_link(struct gw_store_tx *tx, const struct link *now,
                                const struct known *k)
{
    if (gw_bytes_eq(k->link.subject, now->subject) && gw_bytes_eq(k->link.business, now->business))
        return GW_OK;
    GW_TRY(put_link(tx, GW_ST_SUBJECT_DELETE, &k->link, k->record));
    return put_link(tx, GW_ST_SUBJECT_INSERT, now, k->record);
}

static enum gw_status note_revision(struct gw_store_tx *tx, const struct gw_store_put *p,
                                    const struct keyed *keyed)
{
    const struct gw_store_value v[] = {GW_V_BLOB(MAC_BYTES(keyed->delivery)),
                                       GW_V_BLOB(MAC_BYTES(keyed->digest)), GW_V_INT(p->revision),
                                       GW_V_INT(p->authority_us), GW_V_INT(p->receipt)};
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_DELIVERY_PAST_INSERT, v, 1, NULL));
    return gw_store_db_exec(tx->db, GW_ST_DELIVERY_UPDATE, v, GW_ARRAY_LEN(v), NULL);
}

static enum gw_status put_revision(struct gw_store_tx *tx, struct gw_store_put *p,
                                   const struct keyed *keyed, const struct known *k)
{
    int64_t change = tx->count.change + 1;
    p->outcome = GW_PUT_UPDATED;
    p->revision = k->revision + 1;
    p->change_no = change;
    p->first_receipt = p->receipt;
    p->first_seq = UINT64_MAX;
    memcpy(p->record_id, k->id, sizeof(p->record_id));
    struct gw_bytes packed;
    struct gw_bytes original;
    GW_TRY(seal(tx, p, GW_PART_PACKED, p->packed, &tx->sealed, &packed));
    GW_TRY(seal(tx, p, GW_PART_ORIGINAL, p->original, &tx->sealed2, &original));
    const struct gw_store_value v[] = {GW_V_INT(k->record),
                                       GW_V_INT(p->revision),
                                       GW_V_INT(change),
                                       GW_V_INT(p->class_bit),
                                       GW_V_TEXT(p->area),
                                       GW_V_INT(p->wall_us),
                                       GW_V_BLOB(keyed->link.subject),
                                       GW_V_BLOB(keyed->link.business),
                                       GW_V_INT(p->business_key_weak),
                                       GW_V_INT(PACKED_SCHEMA),
                                       GW_V_INT(gw_store_sealed(p)),
                                       GW_V_BLOB(packed)};
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_RECORD_PAST_INSERT, v, 1, NULL));
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_RECORD_UPDATE, v, GW_ARRAY_LEN(v), NULL));
    GW_TRY(put_original(tx, p, k->record, original));
    GW_TRY(move_link(tx, &keyed->link, k));
    GW_TRY(note_revision(tx, p, keyed));
    tx->count.change = change;
    return GW_OK;
}

/* After rows were written: all of them or, by the end of the job, none. */
static enum gw_status keep(struct gw_store_tx *tx, const struct gw_store_put *p, enum gw_status st)
{
    if (st != GW_OK)
        tx->broken = st;
    else if (p->receipt > tx->receipt_used)
        tx->receipt_used = p->receipt;
    return st;
}

static enum gw_status put_known(struct gw_store_tx *tx, struct gw_store_put *p,
                                const struct keyed *keyed)
{
    struct known k;
    GW_TRY(find_known(tx, keyed, &k));
    if (memcmp(k.digest, keyed->digest, sizeof(k.digest)) == 0) {
        is_duplicate(p, &k);
        return GW_OK;
    }
    enum gw_status st = find_past(tx, keyed, &k);
    if (st == GW_OK) {
        is_duplicate(p, &k);
        return GW_OK;
    }
    if (st != GW_NOT_FOUND)
        return st;
    if (p->authority_us <= k.authority_us)
        return GW_CONFLICT;
    return keep(tx, p, put_revision(tx, p, keyed, &k));
}

enum gw_status gw_store_record_put(struct gw_store_tx *tx, struct gw_store_put *p)
{
    if (!name_ok(p->source_peer, false) || !name_ok(p->kind, false) || !name_ok(p->format, false) ||
        !name_ok(p->area, true) || p->key.len == 0 || p->receipt < 0)
        return GW_INVALID;
    struct keyed keyed;
    GW_TRY(key_all(&tx->store->keys, p, &keyed));
    /* Insert first and look afterwards: most deliveries are new, and that saves them a descent of
     * the largest tree. */
    const struct gw_store_value v[] = {
        GW_V_BLOB(MAC_BYTES(keyed.delivery)), GW_V_BLOB(MAC_BYTES(keyed.digest)),
        GW_V_INT(tx->count.change + 1), GW_V_INT(p->authority_us), GW_V_INT(p->receipt)};
    int inserted = 0;
    GW_TRY(gw_store_db_exec(tx->db, GW_ST_DELIVERY_INSERT, v, GW_ARRAY_LEN(v), &inserted));
    if (inserted == 0)
        return put_known(tx, p, &keyed);
    return keep(tx, p, put_new(tx, p, &keyed));
}

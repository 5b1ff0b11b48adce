/* Search, newest first: the index finds, the bundle decides. What the index does not cover yet is
 * scanned. */
#include "audit/audit_internal.h"

struct search {
    const struct gw_audit_query *q;
    struct gw_audit_reader *reader;
    bool (*found)(void *arg, uint64_t seq, struct gw_bytes entry);
    void *arg;
    uint32_t left;
    enum gw_status st;
};

static bool text_fits(const struct gw_audit_entry *e, enum gw_audit_field f, const char *want)
{
    return want == NULL || (gw_audit_has(e, f) && gw_bytes_eq_str(e->str[f], want));
}

static bool subject_fits(const struct gw_audit_entry *e, const struct gw_hash *want)
{
    if (want == NULL)
        return true;
    for (size_t i = 0; i < e->subjects; i++) {
        if (gw_audit_hash_eq(&e->subject[i], want))
            return true;
    }
    return false;
}

static bool entry_fits(const struct gw_audit_entry *e, const struct gw_audit_query *q)
{
    int64_t time_us = (int64_t)e->num[GW_AF_TIME_US];
    if ((q->from_us != 0 && time_us < q->from_us) || (q->to_us != 0 && time_us > q->to_us))
        return false;
    if ((q->kind != 0 && e->num[GW_AF_KIND] != (uint64_t)q->kind) ||
        (q->decision != 0 && e->num[GW_AF_DECISION] != (uint64_t)q->decision))
        return false;
    if (q->exchange_id != NULL &&
        !gw_bytes_eq(e->str[GW_AF_EXCHANGE_ID], gw_bytes_make(q->exchange_id, 16)))
        return false;
    return text_fits(e, GW_AF_PEER_ID, q->peer_id) && text_fits(e, GW_AF_METHOD, q->method) &&
           text_fits(e, GW_AF_REASON, q->reason) && text_fits(e, GW_AF_EVENT, q->event) &&
           subject_fits(e, q->subject);
}

/* False ends the search. */
static bool consider(void *arg, uint64_t seq)
{
    struct search *s = arg;
    struct gw_bytes bytes;
    struct gw_audit_entry e;
    s->st = gw_audit_reader_get(s->reader, seq, &bytes);
    if (s->st == GW_OK)
        s->st = gw_audit_entry_decode(bytes, &e) == GW_OK ? GW_OK : GW_CORRUPT;
    if (s->st != GW_OK)
        return false;
    if (!entry_fits(&e, s->q))
        return true;
    if (!s->found(s->arg, seq, bytes))
        return false;
    return s->left == 0 || --s->left != 0;
}

static bool scan(struct search *s, uint64_t from, uint64_t before)
{
    while (before > from) {
        if (!consider(s, --before))
            return false;
    }
    return true;
}

enum gw_status gw_audit_search(const char *dir, const struct gw_audit_query *q,
                               bool (*found)(void *arg, uint64_t seq, struct gw_bytes entry),
                               void *arg, struct gw_buf *ret_error)
{
    struct search s = {.q = q, .found = found, .arg = arg, .left = q->limit, .st = GW_OK};
    GW_TRY(gw_audit_reader_open(dir, &s.reader, ret_error));
    uint64_t size = gw_audit_reader_size(s.reader);
    uint64_t before = q->before_seq != 0 && q->before_seq < size ? q->before_seq : size;
    struct gw_audit_index *ix = NULL;
    uint64_t indexed = 0;
    if (gw_audit_index_open_read(dir, gw_audit_reader_origin(s.reader), size, &ix) == GW_OK)
        indexed = gw_audit_index_size(ix);
    if (scan(&s, indexed, before) && ix != NULL) {
        uint64_t top = before < indexed ? before : indexed;
        if (gw_audit_index_find(ix, q, top, consider, &s) != GW_OK && s.st == GW_OK)
            gw_buf_printf(ret_error, "%s: the index could not be read to its end", dir),
                s.st = GW_IO;
    }
    gw_audit_index_close(ix);
    gw_audit_reader_close(s.reader);
    if (s.st != GW_OK && ret_error->len == 0)
        gw_buf_printf(ret_error, "%s: %s", dir, gw_status_text(s.st));
    return s.st;
}

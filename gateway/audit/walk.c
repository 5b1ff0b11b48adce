/* Walks over durable entries of the running log, wherever they lie: bundles below the checkpoint,
 * the journal above. Reconciliation and recovery use it. */
#include "audit/audit_internal.h"

static enum gw_status walk_bundles(struct gw_audit *a, uint64_t *from, uint64_t to,
                                   enum gw_status (*fn)(void *, uint64_t, struct gw_bytes),
                                   void *arg)
{
    uint64_t size = atomic_load_explicit(&a->published, memory_order_acquire);
    struct gw_audit_reader *r;
    if (*from >= size)
        return GW_OK;
    GW_TRY(gw_audit_reader_make(a->shard, a->origin, size, &r));
    enum gw_status st = GW_OK;
    for (; st == GW_OK && *from < size && *from < to; (*from)++) {
        struct gw_bytes entry;
        st = gw_audit_reader_get(r, *from, &entry);
        if (st == GW_NOT_FOUND)
            st = GW_CORRUPT;
        if (st == GW_OK)
            st = fn(arg, *from, entry);
    }
    gw_audit_reader_close(r);
    return st;
}

static enum gw_status walk_journal(struct gw_audit *a, uint64_t *from, uint64_t to,
                                   enum gw_status (*fn)(void *, uint64_t, struct gw_bytes),
                                   void *arg, bool *ret_moved)
{
    struct gw_audit_journal_reader r;
    enum gw_status st = gw_audit_journal_reader_init(&r, a->shard);
    if (st == GW_OK)
        st = gw_audit_journal_seek(&r, *from);
    *ret_moved = false;
    while (st == GW_OK && *from < to) {
        struct gw_bytes entry;
        st = gw_audit_journal_next(&r, &entry);
        if (st == GW_NOT_FOUND)
            break;
        if (st == GW_OK)
            st = fn(arg, (*from)++, entry);
        if (st == GW_NOT_FOUND) {
            gw_audit_journal_reader_fini(&r);
            return st;
        }
    }
    gw_audit_journal_reader_fini(&r);
    /* The segment may have gone since: then the bundles have it. */
    *ret_moved = st == GW_NOT_FOUND && atomic_load(&a->published) > *from;
    return *ret_moved ? GW_OK : st;
}

enum gw_status gw_audit_walk(struct gw_audit *a, uint64_t from, uint64_t to,
                             enum gw_status (*fn)(void *arg, uint64_t seq, struct gw_bytes entry),
                             void *arg)
{
    while (from < to) {
        bool moved = false;
        GW_TRY(walk_bundles(a, &from, to, fn, arg));
        if (from < to)
            GW_TRY(walk_journal(a, &from, to, fn, arg, &moved));
        if (from < to && !moved)
            return GW_CORRUPT;
    }
    return GW_OK;
}

struct search {
    struct gw_bytes body;
    bool found;
    uint64_t seq;
};

static enum gw_status compare(void *arg, uint64_t seq, struct gw_bytes entry)
{
    struct search *s = arg;
    s->found = gw_audit_body_matches(entry, s->body);
    s->seq = seq;
    return s->found ? GW_EXISTS : GW_OK;
}

static enum gw_status is_exchange(void *arg, uint64_t seq, struct gw_bytes entry)
{
    bool *found = arg;
    struct gw_audit_entry e;
    (void)seq;
    GW_TRY(gw_audit_entry_decode(entry, &e));
    *found = e.num[GW_AF_KIND] == GW_AUDIT_EXCHANGE && gw_audit_has(&e, GW_AF_DECISION) &&
             e.num[GW_AF_DECISION] == GW_AUDIT_ALLOW;
    return *found ? GW_EXISTS : GW_OK;
}

enum gw_status gw_audit_has_exchange(struct gw_audit *a, bool *ret)
{
    *ret = false;
    enum gw_status st = gw_audit_walk(a, 0, atomic_load_explicit(&a->durable, memory_order_acquire),
                                      is_exchange, ret);
    return st == GW_EXISTS ? GW_OK : st;
}

enum gw_status gw_audit_find_body(struct gw_audit *a, uint64_t from_seq, struct gw_bytes body,
                                  bool *ret_found, uint64_t *ret_seq)
{
    struct search s = {.body = body};
    enum gw_status st = gw_audit_walk(
        a, from_seq, atomic_load_explicit(&a->durable, memory_order_acquire), compare, &s);
    if (st != GW_OK && st != GW_EXISTS)
        return st;
    *ret_found = s.found;
    if (s.found && ret_seq != NULL)
        *ret_seq = s.seq;
    return GW_OK;
}

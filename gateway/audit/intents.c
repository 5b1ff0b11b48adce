/* Open INTENTs (SPEC 4.3, 10.3.5): ascending by number; closed rows leave when they are half of
 * all, so memory follows what is open. */
#include "audit/audit_internal.h"

#include <stdlib.h>

#include "base/cursor.h"

enum { COMPACT_FROM = 64 };

static struct gw_audit_intent *find(struct gw_audit_intents *t, uint64_t seq)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->row[mid].seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->count && t->row[low].seq == seq ? &t->row[low] : NULL;
}

static enum gw_status open_intent(struct gw_audit_intents *t, const struct gw_audit_entry *e)
{
    if (t->count == t->cap) {
        size_t cap = t->cap != 0 ? t->cap * 2 : COMPACT_FROM;
        struct gw_audit_intent *row = reallocarray(t->row, cap, sizeof(*row));
        if (row == NULL)
            return GW_NOMEM;
        t->row = row;
        t->cap = cap;
    }
    struct gw_audit_intent *r = &t->row[t->count++];
    r->seq = e->num[GW_AF_SEQ];
    r->closed = false;
    memcpy(r->exchange_id, e->str[GW_AF_EXCHANGE_ID].ptr, sizeof(r->exchange_id));
    return GW_OK;
}

static void compact(struct gw_audit_intents *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (!t->row[i].closed)
            t->row[kept++] = t->row[i];
    }
    t->count = kept;
    t->closed = 0;
}

enum gw_status gw_audit_intents_follow(struct gw_audit_intents *t, const struct gw_audit_entry *e)
{
    if (e->num[GW_AF_KIND] != GW_AUDIT_EXCHANGE || e->num[GW_AF_DIRECTION] != GW_AUDIT_OUT)
        return GW_OK;
    if (e->num[GW_AF_PHASE] == GW_AUDIT_INTENT)
        return open_intent(t, e);
    if (!gw_audit_has(e, GW_AF_INTENT_SEQ)) {
        /* Segments of a stream (21.2), and what was refused before an INTENT was due, name none. */
        bool middle = gw_audit_has(e, GW_AF_SEGMENT) && !gw_audit_has(e, GW_AF_END);
        return middle || e->num[GW_AF_DECISION] != GW_AUDIT_ALLOW ? GW_OK : GW_INVALID;
    }
    struct gw_audit_intent *r = find(t, e->num[GW_AF_INTENT_SEQ]);
    if (r == NULL || r->closed ||
        memcmp(r->exchange_id, e->str[GW_AF_EXCHANGE_ID].ptr, sizeof(r->exchange_id)) != 0)
        return GW_INVALID;
    r->closed = true;
    if (++t->closed >= COMPACT_FROM && t->closed * 2 > t->count)
        compact(t);
    return GW_OK;
}

bool gw_audit_intents_concern(struct gw_bytes entry)
{
    enum { TAG_PREV = 0x2a, TAG_EXCHANGE_ID = 0x32, TAG_DIRECTION = 0x38 };
    struct gw_cursor c = gw_cursor_make(entry);
    struct gw_bytes skipped;
    uint64_t tag, value;
    /* version, seq, time_us, kind */
    for (int i = 0; i < 4; i++) {
        if (gw_cursor_varint(&c, &tag) != GW_OK || gw_cursor_varint(&c, &value) != GW_OK)
            return false;
    }
    if (value != GW_AUDIT_EXCHANGE)
        return false;
    while (gw_cursor_varint(&c, &tag) == GW_OK && (tag == TAG_PREV || tag == TAG_EXCHANGE_ID)) {
        if (gw_cursor_varint(&c, &value) != GW_OK ||
            gw_cursor_take(&c, (size_t)value, &skipped) != GW_OK)
            return false;
    }
    return tag == TAG_DIRECTION && gw_cursor_varint(&c, &value) == GW_OK && value == GW_AUDIT_OUT;
}

uint64_t gw_audit_intents_oldest(const struct gw_audit_intents *t, uint64_t none)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!t->row[i].closed)
            return t->row[i].seq;
    }
    return none;
}

void gw_audit_intents_fini(struct gw_audit_intents *t)
{
    free(t->row);
    *t = (struct gw_audit_intents){.row = NULL};
}

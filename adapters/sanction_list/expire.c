/* Expiry by the clock: what has ended at midnight (UTC+8) is taken off, a page of one list a tick,
 * so that the entry of the log names the list. */
#include <stdlib.h>

#include "sanction_list.h"

struct over {
    struct sl_entry *entry;
    size_t count, room;
};

static int32_t on_over(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct over *o = arg;
    struct sl_entry *e = &o->entry[o->count];
    sl_entry_take(e, v);
    if (strcmp(e->list, o->entry[0].list) == 0)
        o->count++;
    return o->count == o->room;
}

static int32_t end_all(struct gw_adapter_call *c, const struct over *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct sl_entry *e = &o->entry[i];
        struct sl_delta delta = {0};
        sl_delta_end(&delta, e);
        if (sl_end(c, e, XINQIAO__V1__LIST_END__LIST_END_EXPIRED, e->ends_on, false) != 0 ||
            SL_SQL(c, SOURCE_LESS, NULL, NULL, SL_TEXT(e->source), SL_TEXT(e->list),
                   SL_NUM(delta.live), SL_NUM(delta.unmatched)) != 0)
            return -1;
    }
    sl_host->note_kind(c, SL_KIND, o->entry[0].list);
    sl_host->note_list(c, o->entry[0].list, NULL);
    sl_host->note_counts(c, (uint32_t)o->count, 0);
    return 0;
}

/* An open version that its source has left: one a tick. */
static int32_t discard_idle(struct gw_adapter_call *c)
{
    struct sl_version v = {0};
    int64_t since = sl_host->now_us(c) - sl_settings_of(c)->open_hours * INT64_C(3600) * 1000000;
    if (SL_SQL(c, VERSION_IDLE, sl_on_version, &v, SL_NUM(since)) != 0)
        return -1;
    if (!v.found)
        return 0;
    sl_host->log(c, GW_ADAPTER_LOG_WARN,
                 "a version was left open by its source for too long: discarded");
    sl_host->note_kind(c, SL_KIND, v.list);
    sl_host->note_list(c, v.list, v.version);
    return sl_version_discard(c, &v);
}

int32_t sl_expire(void *self, struct gw_adapter_call *c)
{
    (void)self;
    struct over o = {.room = (size_t)sl_settings_of(c)->expire_per_tick};
    o.entry = calloc(o.room, sizeof(*o.entry));
    if (o.entry == NULL)
        return -1;
    int32_t rc = SL_SQL(c, ENTRIES_OVER, on_over, &o, SL_NUM(sl_today(c)), SL_NUM((int64_t)o.room));
    if (rc == 0)
        rc = o.count != 0 ? end_all(c, &o) : discard_idle(c);
    free(o.entry);
    return rc;
}

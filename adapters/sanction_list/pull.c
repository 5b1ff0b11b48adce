/* Pull: one list in order of change, from the beginning (live entries) or from a cursor on (changes
 * and removals). Works in pages on the loop; goes on in writable(). Who holds what: cursor.c. */
#include <stdlib.h>

#include "sanction_list.h"

/* Rows that may pass without output before the loop gets its turn; how long a follower waits. */
enum { QUIET_MAX = 512, WAIT_MS = 5000, HISTORY_PAGE = 1024 };

struct pull {
    char list[SL_NAME], format[SL_NAME];
    struct sl_cursor cursor;
    bool follow, mask, blocked, stopped, begun;
    uint32_t max_items;
    uint64_t delivered, removals;
    struct sl_count withheld[SL_COUNTS], refused[SL_COUNTS];
    uint32_t quiet;
    uint32_t run_delivered, run_kept_back; /* of this segment */
    /* What the last state message said. */
    int32_t condition;
    bool held;
    char version[SL_NAME];
};

struct row {
    struct sl_entry e;
    const uint8_t *record;
    size_t record_len;
};
struct page {
    struct gw_adapter_call *c;
    struct row row[SL_PAGE];
    size_t rows;
    bool failed;
};

int32_t sl_pull_open(void *self, struct gw_adapter_call *c, void **ret_state)
{
    (void)self;
    (void)c;
    *ret_state = calloc(1, sizeof(struct pull));
    return *ret_state != NULL ? 0 : -1;
}

static int32_t on_row(void *arg, const struct gw_adapter_value *v, size_t n)
{
    struct page *g = arg;
    struct row *r = &g->row[g->rows++];
    sl_entry_take(&r->e, v);
    const struct gw_adapter_value *record = &v[n - 1];
    uint8_t *p = record->len != 0 ? sl_host->alloc(g->c, record->len) : NULL;
    if (p != NULL)
        memcpy(p, record->bytes, record->len);
    g->failed |= record->len != 0 && p == NULL;
    r->record = p;
    r->record_len = record->len;
    return g->failed || g->rows == SL_PAGE;
}

/* ---- messages ---- */

static bool enough(const struct pull *p)
{
    return p->max_items != 0 && p->delivered + p->removals >= p->max_items;
}

static int32_t send(struct gw_adapter_call *c, struct pull *p, Xinqiao__V1__ListPullItem *m)
{
    const char *cursor;
    if (sl_cursor_write(c, &p->cursor, p->list, &cursor) != 0)
        return -1;
    m->cursor = sl_str(cursor);
    if (m->end != NULL)
        m->end->cursor = sl_str(cursor);
    p->quiet = 0;
    p->blocked = sl_host->send(c, &m->base) == GW_SEND_BLOCKED;
    return 0;
}

static int32_t send_state(struct gw_adapter_call *c, struct pull *p)
{
    struct gw_adapter_list l;
    Xinqiao__V1__ListPullItem m = XINQIAO__V1__LIST_PULL_ITEM__INIT;
    if (sl_host->law_list(c, p->list, &l) != 0)
        return sl_refuse(c, SL_REASON("list-unknown"), "list");
    if (sl_state_of(c, &l, &m.state) != 0)
        return -1;
    if (p->begun && p->condition == (int32_t)m.state->condition && p->held == m.state->held &&
        strcmp(p->version, m.state->version) == 0)
        return 0;
    p->begun = true;
    p->condition = (int32_t)m.state->condition;
    p->held = m.state->held;
    sl_copy(p->version, sizeof(p->version), m.state->version, strlen(m.state->version));
    p->mask = l.public_ != 0 && !sl_host->granted(c, "unmasked");
    return send(c, p, &m);
}

static int32_t send_end(struct gw_adapter_call *c, struct pull *p)
{
    Xinqiao__V1__ListPullItem m = XINQIAO__V1__LIST_PULL_ITEM__INIT;
    Xinqiao__V1__ListPullEnd e = XINQIAO__V1__LIST_PULL_END__INIT;
    e.delivered = p->delivered;
    e.removals = p->removals;
    e.n_withheld = sl_counts_make(c, p->withheld, &e.withheld);
    e.n_refused = sl_counts_make(c, p->refused, &e.refused);
    e.more = enough(p);
    m.end = &e;
    if (send(c, p, &m) != 0)
        return -1;
    p->stopped = true;
    sl_host->finish(c, "ok");
    return 0;
}

static int32_t send_position(struct gw_adapter_call *c, struct pull *p)
{
    Xinqiao__V1__ListPullItem m = XINQIAO__V1__LIST_PULL_ITEM__INIT;
    return send(c, p, &m);
}

static int32_t send_removal(struct gw_adapter_call *c, struct pull *p, const struct sl_entry *e,
                            int32_t end, int32_t day)
{
    Xinqiao__V1__ListPullItem m = XINQIAO__V1__LIST_PULL_ITEM__INIT;
    Xinqiao__V1__ListRemoval r = XINQIAO__V1__LIST_REMOVAL__INIT;
    r.id = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)e->id, .len = sizeof(e->id)};
    r.revision = (uint64_t)e->revision;
    r.end = (Xinqiao__V1__ListEnd)end;
    r.ended_on = sl_date(c, day);
    m.id = r.id;
    m.revision = r.revision;
    m.removal = &r;
    p->removals++;
    p->run_delivered++;
    return send(c, p, &m);
}

/* ---- one entry ---- */

struct history {
    const struct sl_cursor *cursor;
    int64_t at, scope;
    uint32_t rows; /* of this page */
    bool any, live, held;
};

/* One stretch of an entry's life is over at `next`: did the puller see it? */
static void close_stretch(struct history *h, int64_t next)
{
    if (h->any && sl_cursor_saw(h->cursor, h->at, next, h->live))
        h->held = h->live && sl_scope_has(h->cursor->sent, h->scope);
}

static int32_t on_change(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct history *h = arg;
    close_stretch(h, v[0].number);
    h->any = true;
    h->rows++;
    h->at = v[0].number;
    h->live = v[1].number != 0;
    h->scope = v[2].number;
    return 0;
}

/* Was the puller sent the entry, and not yet its removal? As it stood before the entry's latest
 * change, which is the one being passed. */
static int32_t holds(struct gw_adapter_call *c, const struct pull *p, const struct sl_entry *e,
                     bool *ret)
{
    struct history h = {.cursor = &p->cursor};
    do {
        h.rows = 0;
        if (SL_SQL(c, CHANGES_OF_ENTRY, on_change, &h, SL_NUM(e->no), SL_NUM(h.at),
                   SL_NUM(HISTORY_PAGE)) != 0)
            return -1;
    } while (h.rows == HISTORY_PAGE);
    *ret = h.held;
    return 0;
}

static int32_t keep_back(struct gw_adapter_call *c, struct pull *p, const struct sl_entry *e,
                         struct sl_count counts[SL_COUNTS], const char *reason, bool held)
{
    sl_count(counts, reason);
    p->run_kept_back++;
    p->quiet++;
    return held ? send_removal(c, p, e, XINQIAO__V1__LIST_END__LIST_END_WITHHELD, sl_today(c)) : 0;
}

static const char *first_error(struct gw_adapter_call *c)
{
    struct gw_adapter_finding f;
    for (size_t i = 0; sl_host->finding(c, i, &f) == 0; i++)
        if (f.type == GW_FINDING_ERROR)
            return f.reason;
    return "internal";
}

static void note_subject(struct gw_adapter_call *c, const Xinqiao__V1__Record *r)
{
    const char *type, *value;
    if (sl_subject(r, &type, &value))
        sl_host->note_subject(c, type, value, strlen(value));
}

/* Refused as it stands now: who holds an earlier revision is not to keep it. */
static int32_t send_entry(struct gw_adapter_call *c, struct pull *p, const struct row *row,
                          bool held)
{
    const struct sl_entry *e = &row->e;
    const uint8_t *bytes;
    size_t len;
    struct sl_findings found = {0};
    Xinqiao__V1__ListPullItem m = XINQIAO__V1__LIST_PULL_ITEM__INIT;
    Xinqiao__V1__Record *r = sl_record_open(c, e->mac, row->record, row->record_len);
    if (r == NULL) {
        sl_host->log(c, GW_ADAPTER_LOG_ERROR, "a stored entry can not be opened");
        return keep_back(c, p, e, p->refused, "internal", held);
    }
    r->id = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)e->id, .len = sizeof(e->id)};
    bool personal = e->class_bit != 1;
    int32_t rc = sl_host->record_write(c, &r->base, p->format,
                                       p->mask && personal ? GW_WRITE_MASK : 0, &bytes, &len);
    if (rc < 0)
        return -1;
    if (rc != 0)
        return keep_back(c, p, e, p->refused, first_error(c), held);
    sl_find_host(c, &found);
    m.id = r->id;
    m.revision = (uint64_t)e->revision;
    m.record = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)bytes, .len = len};
    m.findings = found.item;
    m.n_findings = found.count;
    sl_scope_set(p->cursor.sent, e->scope);
    p->delivered++;
    p->run_delivered++;
    note_subject(c, r);
    return send(c, p, &m);
}

static int32_t pass(struct gw_adapter_call *c, struct pull *p, const struct row *row,
                    int64_t horizon)
{
    const struct sl_entry *e = &row->e;
    bool held = false;
    /* Before the cursor moves over it. One that has only come was sent to nobody. */
    if (e->no != e->change_no && holds(c, p, e, &held) != 0)
        return -1;
    sl_cursor_pass(&p->cursor, e->change_no, horizon);
    if (!e->live) {
        p->quiet += !held;
        return held ? send_removal(c, p, e, e->ended, e->ended_on) : 0;
    }
    /* Over since midnight: its removal is on the way, and it is no data any more. */
    if (e->ends_on < sl_today(c)) {
        p->quiet++;
        return 0;
    }
    const char *why = sl_host->covers(c, SL_KIND, p->list, e->class_bit, e->area);
    if (why != NULL) {
        sl_scope_set(p->cursor.withheld, e->scope);
        return keep_back(c, p, e, p->withheld, why, held);
    }
    return send_entry(c, p, row, held);
}

/* ---- pages ---- */

/* *ret_done: everything visible was read. */
static int32_t read_page(struct gw_adapter_call *c, struct pull *p, int64_t visible,
                         int64_t horizon, bool *ret_done)
{
    struct page *g = sl_zalloc(c, sizeof(*g));
    if (g == NULL)
        return -1;
    g->c = c;
    if (SL_SQL(c, ENTRIES_AFTER, on_row, g, SL_TEXT(p->list), SL_NUM(p->cursor.position),
               SL_NUM(visible), SL_NUM(SL_PAGE)) != 0 ||
        g->failed)
        return -1;
    for (size_t i = 0; i < g->rows; i++) {
        if (p->blocked || enough(p))
            return 0;
        if (pass(c, p, &g->row[i], horizon) != 0)
            return -1;
    }
    if (g->rows < SL_PAGE && !enough(p)) {
        sl_cursor_pass(&p->cursor, visible, horizon);
        *ret_done = true;
    }
    return 0;
}

static void note_run(struct gw_adapter_call *c, const struct pull *p)
{
    sl_host->note_formats(c, NULL, p->format);
    sl_host->note_kind(c, SL_KIND, p->list);
    sl_host->note_list(c, p->list, p->version[0] != '\0' ? p->version : NULL);
    sl_host->note_counts(c, p->run_delivered, p->run_kept_back);
}

static int32_t at_the_end(struct gw_adapter_call *c, struct pull *p, int64_t visible)
{
    if (!p->follow || enough(p))
        return send_end(c, p);
    if (send_state(c, p) != 0)
        return -1;
    sl_host->wait_change(c, visible, WAIT_MS);
    return 0;
}

static int32_t pump(struct gw_adapter_call *c, struct pull *p)
{
    int64_t visible = sl_host->change_visible(c), horizon = 0;
    bool done = false;
    int32_t rc = 0;
    p->blocked = false;
    p->run_delivered = p->run_kept_back = 0;
    if (SL_SQL(c, ENTRIES_HEAD, sl_on_number, &horizon, SL_TEXT(p->list)) != 0)
        return -1;
    while (rc == 0 && !done && !p->blocked && !enough(p) && p->quiet < QUIET_MAX)
        rc = read_page(c, p, visible, horizon, &done);
    if (rc == 0 && !p->blocked) {
        if (done || enough(p)) {
            rc = at_the_end(c, p, visible);
        } else {
            rc = send_position(c, p);
            sl_host->again(c);
        }
    }
    if (rc == 0)
        note_run(c, p);
    return rc;
}

/* ---- the beginning ---- */

struct widened {
    struct gw_adapter_call *c;
    const struct pull *p;
    bool yes;
};

static int32_t on_scope(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct widened *w = arg;
    char area[16] = "";
    sl_copy(area, sizeof(area), v[2].bytes, v[2].len);
    /* The last place is shared by all that have none of their own: nothing is known of them. */
    if (v[0].number < SL_SCOPE_MAX - 1 && sl_scope_has(w->p->cursor.withheld, v[0].number))
        w->yes = sl_host->covers(w->c, SL_KIND, w->p->list, (uint32_t)v[1].number, area) == NULL;
    return w->yes;
}

/* What the holder was not given before is covered now: it would miss it for ever. */
static int32_t start_at(struct gw_adapter_call *c, struct pull *p, const char *text, bool *ret_ok)
{
    struct widened w = {.c = c, .p = p};
    int32_t rc = sl_cursor_read(c, text, p->list, &p->cursor);
    *ret_ok = rc == 0;
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (SL_SQL(c, SCOPES, on_scope, &w, SL_TEXT(p->list)) != 0)
        return -1;
    *ret_ok = !w.yes;
    return 0;
}

/* Asked with an empty record: is there such a format, and may the caller use it? */
static bool may_write(struct gw_adapter_call *c, const char *format)
{
    Xinqiao__V1__Record empty = XINQIAO__V1__RECORD__INIT;
    Xinqiao__V1__ListEntry entry = XINQIAO__V1__LIST_ENTRY__INIT;
    const uint8_t *bytes;
    size_t len;
    empty.kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    empty.payload_case = XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY;
    empty.list_entry = &entry;
    return sl_host->record_write(c, &empty.base, format, 0, &bytes, &len) == 0 ||
           strncmp(first_error(c), "format-", 7) != 0;
}

int32_t sl_pull_message(void *self, struct gw_adapter_call *c, void *state,
                        const ProtobufCMessage *message, void *item)
{
    (void)self;
    (void)item;
    const Xinqiao__V1__ListPullRequest *in = (const Xinqiao__V1__ListPullRequest *)message;
    struct pull *p = state;
    struct gw_adapter_list l;
    bool ok = true;
    if (sl_host->law_list(c, in->list, &l) != 0)
        return sl_refuse(c, SL_REASON("list-unknown"), "list");
    const char *why = sl_covers_any(c, in->list, 7);
    if (why != NULL)
        return sl_refuse(c, why, "list");
    sl_copy(p->list, sizeof(p->list), in->list, strlen(in->list));
    sl_copy(p->format, sizeof(p->format), in->format, strlen(in->format));
    p->follow = in->follow;
    p->max_items = in->max_items;
    if (in->cursor[0] != '\0' && start_at(c, p, in->cursor, &ok) != 0)
        return -1;
    if (!ok)
        return sl_refuse(c, "cursor-invalid", NULL);
    if (strlen(in->format) >= sizeof(p->format) || !may_write(c, p->format))
        return sl_refuse(c, SL_REASON("format-unknown"), "format");
    return send_state(c, p) != 0 ? -1 : pump(c, p);
}

int32_t sl_pull_writable(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    struct pull *p = state;
    return p->stopped ? 0 : pump(c, p);
}

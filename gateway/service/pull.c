/* Pull: the records of a kind in order of change, from a cursor on, in the peer's format. Works in
 * pages on the loop; goes on in writable() where send() had blocked. */
#include <stdlib.h>

#include "service/service_internal.h"

/* Rows per page, and how many may pass without output before the loop gets its turn. */
enum { PAGE = 256, QUIET_MAX = 2000, RECORD_MAX = 2 * 1024 * 1024 };

int32_t gw_service_pull_open(void *self, struct gw_adapter_call *c, void **ret_state)
{
    (void)self;
    (void)c;
    struct gw_pull *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -1;
    gw_buf_init(&p->record, RECORD_MAX);
    *ret_state = p;
    return 0;
}

void gw_service_pull_close(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    (void)c;
    struct gw_pull *p = state;
    if (p == NULL)
        return;
    gw_buf_fini(&p->record);
    free(p);
}

/* Class bits that the grant covers, wherever; 0: not this kind at all. */
static uint32_t classes_covered(const struct gw_service_ctx *x, const char *kind)
{
    uint32_t classes = 0;
    for (uint32_t bit = 1; bit <= 4; bit <<= 1) {
        const char *why = x->caller->covers(x->caller, kind, bit, GW_BYTES_NONE);
        if (why == NULL || strcmp(why, "withheld-area") == 0)
            classes |= bit;
    }
    return classes;
}

static void add_kind(const struct gw_service_ctx *x, struct gw_pull *p, Xinqiao__V1__Kind kind)
{
    struct gw_pull_kind k = {.kind = kind, .name = gw_canon_kind_name(kind)};
    const struct gw_law_row *law;
    k.classes = classes_covered(x, k.name);
    if (k.classes == 0)
        return;
    if (gw_law_basis(x->views->law, kind, x->now_us, &law) == GW_OK)
        k.law = law->id;
    p->kind[p->kinds++] = k;
}

static bool any_basis(const struct gw_pull *p)
{
    for (size_t i = 0; i < p->kinds; i++)
        if (p->kind[i].law != NULL)
            return true;
    return false;
}

/* What will be read. Ends the call when it may not be. */
static bool choose(const struct gw_service_ctx *x, struct gw_pull *p,
                   const Xinqiao__V1__PullRequest *in)
{
    struct gw_report report;
    gw_report_init(&report, x->arena);
    p->format = gw_service_format(x, in->format, "format", &report);
    if (p->format == NULL) {
        const struct gw_problem *e = gw_report_first_error(&report);
        gw_service_end_with(x, e->reason->code, e->params[0].name, e->params[0].value);
        return false;
    }
    Xinqiao__V1__Kind kind = gw_format_kind(p->format);
    if (kind != XINQIAO__V1__KIND__KIND_UNSPECIFIED) {
        add_kind(x, p, kind);
    } else {
        add_kind(x, p, XINQIAO__V1__KIND__KIND_PENALTY);
        add_kind(x, p, XINQIAO__V1__KIND__KIND_PERMIT);
    }
    const char *item = kind != XINQIAO__V1__KIND__KIND_UNSPECIFIED ? gw_canon_kind_name(kind) : "*";
    if (p->kinds == 0) {
        gw_service_end_with(x, "grant-kind", "item", item);
        return false;
    }
    if (!any_basis(p)) {
        x->host->parameter(x->call, "basis", gw_law_policy(x->views->law));
        gw_service_end_with(x, "law-no-basis", "item", item);
        return false;
    }
    return true;
}

static size_t counts_make(struct gw_arena *a, const struct gw_pull_count list[GW_PULL_REASONS],
                          Xinqiao__V1__Count ***ret)
{
    size_t n = 0;
    while (n < GW_PULL_REASONS && list[n].reason != NULL)
        n++;
    Xinqiao__V1__Count *m = gw_arena_calloc(a, n, sizeof(*m));
    *ret = gw_arena_calloc(a, n, sizeof(**ret));
    if (m == NULL || *ret == NULL)
        return 0;
    for (size_t i = 0; i < n; i++) {
        xinqiao__v1__count__init(&m[i]);
        m[i].reason = gw_service_str(list[i].reason);
        m[i].count = list[i].count;
        (*ret)[i] = &m[i];
    }
    return n;
}

/* The last message, or one that only moves the cursor. */
static int32_t send_position(const struct gw_service_ctx *x, struct gw_pull *p, bool end)
{
    Xinqiao__V1__PullItem m = XINQIAO__V1__PULL_ITEM__INIT;
    Xinqiao__V1__PullEnd e = XINQIAO__V1__PULL_END__INIT;
    char cursor[GW_PULL_CURSOR];
    if (gw_service_cursor_seal(x, p, cursor) != GW_OK)
        return -1;
    m.cursor = cursor;
    if (end) {
        e.cursor = cursor;
        e.delivered = p->delivered;
        e.n_withheld = counts_make(x->arena, p->withheld, &e.withheld);
        e.n_refused = counts_make(x->arena, p->refused, &e.refused);
        e.more = p->max_records != 0 && p->delivered >= p->max_records;
        m.end = &e;
    }
    p->blocked = x->host->send(x->call, &m.base) == GW_SEND_BLOCKED;
    return end ? gw_service_end(x, "ok") : 0;
}

struct page {
    const struct gw_service_ctx *x;
    struct gw_pull *p;
    bool stopped;
};

static bool enough(const struct gw_pull *p)
{
    return p->max_records != 0 && p->delivered >= p->max_records;
}

static bool on_row(void *arg, const struct gw_store_row *row)
{
    struct page *g = arg;
    gw_service_pull_row(g->x, g->p, row);
    g->stopped = g->p->blocked || g->p->failed || g->p->quiet >= QUIET_MAX || enough(g->p);
    return !g->stopped;
}

/* A page without output, or behind the last row: goes on with the next kind. */
static void next_kind(const struct gw_service_ctx *x, struct gw_pull *p, bool *ret_pause)
{
    p->at++;
    /* An entry of the log names one kind: what was counted so far closes its segment. */
    if (p->at == p->kinds || p->run_delivered + p->run_kept_back == 0)
        return;
    x->host->again(x->call);
    *ret_pause = true;
}

/* One page. *ret_pause: nothing more in this turn. */
static int32_t read_page(const struct gw_service_ctx *x, struct gw_pull *p,
                         struct gw_store_reader *r, bool *ret_pause)
{
    struct gw_pull_kind *k = &p->kind[p->at];
    struct page page = {x, p, false};
    int64_t last = k->after;
    bool more = false;
    enum gw_status st = gw_store_changes(r, k->name, k->after, PAGE, on_row, &page, &last, &more);
    if (st != GW_OK)
        return gw_service_end_store(x, st);
    if (p->failed)
        return -1;
    *ret_pause = p->blocked;
    if (!page.stopped) {
        k->after = last > k->after ? last : k->after;
        if (!more)
            next_kind(x, p, ret_pause);
        return 0;
    }
    if (p->quiet < QUIET_MAX)
        return 0;
    p->quiet = 0;
    *ret_pause = true;
    int32_t rc = send_position(x, p, false);
    x->host->again(x->call);
    return rc;
}

static void note_run(const struct gw_service_ctx *x, const struct gw_pull *p, size_t kind)
{
    const struct gw_pull_kind *k = &p->kind[kind < p->kinds ? kind : p->kinds - 1];
    x->host->note_formats(x->call, NULL, gw_format_id(p->format));
    x->host->note_kind(x->call, k->name, k->law);
    x->host->note_counts(x->call, p->run_delivered, p->run_kept_back);
}

/* Until send() blocks, the loop has to have its turn, or the end. */
static int32_t pump(const struct gw_service_ctx *x, struct gw_pull *p)
{
    struct gw_store_reader *r =
        (struct gw_store_reader *)(uintptr_t)x->host->lend(x->call, GW_LEND_READER);
    size_t kind = p->at;
    bool pause = false;
    int32_t rc = 0;
    p->blocked = false;
    p->run_delivered = p->run_kept_back = 0;
    while (rc == 0 && !pause) {
        if (p->run_delivered + p->run_kept_back == 0)
            kind = p->at;
        if (p->at == p->kinds || enough(p)) {
            rc = send_position(x, p, true);
            break;
        }
        rc = read_page(x, p, r, &pause);
    }
    note_run(x, p, kind);
    return rc;
}

int32_t gw_service_pull(void *self, struct gw_adapter_call *c, void *state,
                        const ProtobufCMessage *message, void *item)
{
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Xinqiao__V1__PullRequest *in = (const Xinqiao__V1__PullRequest *)message;
    struct gw_pull *p = state;
    if (!choose(&x, p, in))
        return 0;
    if (in->cursor[0] != '\0' && gw_service_cursor_open(&x, p, in->cursor) != GW_OK)
        return gw_service_end(&x, "cursor-invalid");
    p->max_records = in->max_records;
    return pump(&x, p);
}

int32_t gw_service_pull_writable(void *self, struct gw_adapter_call *c, void *state)
{
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    return pump(&x, state);
}

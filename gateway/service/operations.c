/* Operations.Status: one screen for the operator; each red line with its cure. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "service/service_internal.h"

/* When a line turns red. */
enum { CERTIFICATE_DAYS = 30, EVIDENCE_DEBT_S = 60, PENDING_MAX = 1000, RED_MAX = 64 };

static const int64_t day_us = INT64_C(24) * 3600 * GW_USEC_PER_SEC;

static void red_number(struct gw_report *r, const char *reason, int64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, n);
    gw_report_add(r, GW_PROBLEM_WARNING, reason, "", "item", gw_arena_strdup(r->arena, text), NULL);
}

static const char *bytes_text(struct gw_arena *a, uint64_t n)
{
    const uint64_t mib = UINT64_C(1) << 20;
    return n >= mib ? gw_arena_printf(a, "%" PRIu64 " MiB", n / mib)
                    : gw_arena_printf(a, "%" PRIu64 " B", n);
}

static bool set_log(const struct gw_service_ctx *x, Xinqiao__V1__StatusResponse *m,
                    struct gw_report *red)
{
    struct gw_audit_stats s;
    Xinqiao__V1__LogStatus *l = gw_arena_new_of(x->arena, Xinqiao__V1__LogStatus);
    if (l == NULL)
        return false;
    gw_audit_stats_get(x->views->audit, &s);
    xinqiao__v1__log_status__init(l);
    l->origin = gw_service_str(gw_audit_origin(x->views->audit));
    /* What verifies all that we sign: entries, then sheets. */
    l->vkey = gw_arena_printf(x->arena, "%s%s%s", gw_audit_vkey(x->views->audit),
                              x->views->sheet_vkey != NULL ? "\n" : "",
                              x->views->sheet_vkey != NULL ? x->views->sheet_vkey : "");
    if (l->vkey == NULL)
        return false;
    l->entries = gw_audit_size(x->views->audit);
    l->published = gw_audit_published(x->views->audit);
    l->evidence_debt_us = s.oldest_unpublished_us > 0 ? (uint64_t)s.oldest_unpublished_us : 0;
    l->dead = s.dead;
    l->disk_low = s.disk_low;
    m->log = l;
    m->disk_free_bytes = s.free_bytes;
    if (s.dead)
        gw_report_add(red, GW_PROBLEM_ERROR, "log-unavailable", "", NULL);
    if (s.disk_low)
        gw_report_add(red, GW_PROBLEM_ERROR, "disk-low-here", "", "item",
                      gw_arena_strdup(x->arena, s.dir), "because",
                      bytes_text(x->arena, s.free_bytes), "expected",
                      bytes_text(x->arena, s.min_free), NULL);
    if (s.oldest_unpublished_us > EVIDENCE_DEBT_S * GW_USEC_PER_SEC)
        red_number(red, "evidence-late", s.oldest_unpublished_us / GW_USEC_PER_SEC);
    return true;
}

static bool set_store(const struct gw_service_ctx *x, Xinqiao__V1__StatusResponse *m,
                      struct gw_report *red)
{
    struct gw_store_stats s;
    Xinqiao__V1__StoreStatus *t = gw_arena_new_of(x->arena, Xinqiao__V1__StoreStatus);
    if (t == NULL)
        return false;
    gw_store_stats_get(x->views->store, &s);
    xinqiao__v1__store_status__init(t);
    t->records = s.records;
    t->pending = s.pending;
    t->batches_open = s.batches_open;
    t->queue = s.queue_depth;
    t->failed = s.failed;
    m->store = t;
    if (s.failed)
        gw_report_add(red, GW_PROBLEM_ERROR, "store-failed", "", NULL);
    if (s.pending > PENDING_MAX)
        red_number(red, "pending-entries", (int64_t)s.pending);
    return true;
}

static Xinqiao__V1__PeerStatus *peer_of(const struct gw_service_ctx *x,
                                        const struct gw_service_peer_status *p,
                                        struct gw_report *red)
{
    Xinqiao__V1__PeerStatus *m = gw_arena_new_of(x->arena, Xinqiao__V1__PeerStatus);
    if (m == NULL)
        return NULL;
    xinqiao__v1__peer_status__init(m);
    m->name = gw_arena_strdup(x->arena, p->name);
    m->title_zh = gw_arena_strdup(x->arena, p->title_zh != NULL ? p->title_zh : "");
    m->title_en = gw_arena_strdup(x->arena, p->title_en != NULL ? p->title_en : "");
    m->calls = p->calls;
    m->refused = p->refused;
    m->last_exchange = gw_service_timestamp(x->arena, p->last_us);
    m->certificate_ends = gw_service_timestamp(x->arena, p->certificate_ends_us);
    if (p->certificate_ends_us != 0 &&
        p->certificate_ends_us - x->now_us < CERTIFICATE_DAYS * day_us)
        gw_report_add(red, GW_PROBLEM_WARNING, "peer-certificate-ends", "", "item", m->name, "max",
                      "30", NULL);
    return m;
}

static bool set_server(const struct gw_service_ctx *x, Xinqiao__V1__StatusResponse *m,
                       struct gw_report *red)
{
    const struct gw_service_status *s = x->views->status != NULL ? x->views->status() : NULL;
    if (s == NULL)
        return true;
    m->started_at = gw_service_timestamp(x->arena, s->started_us);
    m->certificate_days_left = s->certificate_days_left;
    m->calls = s->calls;
    m->calls_refused = s->refused;
    m->exempt_calls = s->exempt;
    if (s->certificate_days_left < CERTIFICATE_DAYS)
        red_number(red, "certificate-ends", s->certificate_days_left);
    if (s->crl_due_us != 0 && s->crl_due_us < x->now_us)
        gw_report_add(red, GW_PROBLEM_WARNING, "crl-overdue", "", NULL);
    if (s->reload_refused != NULL && s->reload_refused[0] != '\0')
        gw_report_add(red, GW_PROBLEM_ERROR, "reload-refused", "", "item",
                      gw_arena_strdup(x->arena, s->reload_refused), NULL);
    m->peers = gw_arena_calloc(x->arena, s->peer_count, sizeof(Xinqiao__V1__PeerStatus *));
    for (size_t i = 0; m->peers != NULL && i < s->peer_count; i++) {
        m->peers[i] = peer_of(x, &s->peers[i], red);
        if (m->peers[i] == NULL)
            return false;
        m->n_peers = i + 1;
    }
    return m->peers != NULL;
}

/* Lines that adapters call red, with their own texts. */
static size_t red_lines(const Xinqiao__V1__StatusResponse *m, Xinqiao__V1__StatusLine *line)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_adapters; i++)
        for (size_t k = 0; k < m->adapters[i]->n_lines; k++) {
            const Xinqiao__V1__AdapterLine *l = m->adapters[i]->lines[k];
            if (!l->red)
                continue;
            if (line != NULL) {
                xinqiao__v1__status_line__init(&line[n]);
                line[n].reason = l->state;
                line[n].text_zh = l->text_zh;
                line[n].text_en = l->text_en;
            }
            n++;
        }
    return n;
}

static bool set_red(const struct gw_service_ctx *x, Xinqiao__V1__StatusResponse *m,
                    const struct gw_report *red)
{
    struct gw_service_findings found;
    gw_service_findings_make(x->arena, red, true, RED_MAX, &found);
    size_t total = found.count + red_lines(m, NULL);
    Xinqiao__V1__StatusLine *line = gw_arena_calloc(x->arena, total + 1, sizeof(*line));
    m->red = gw_arena_calloc(x->arena, total + 1, sizeof(Xinqiao__V1__StatusLine *));
    if (line == NULL || m->red == NULL)
        return false;
    for (size_t i = 0; i < found.count; i++) {
        xinqiao__v1__status_line__init(&line[i]);
        line[i].reason = found.items[i]->reason;
        line[i].text_zh = found.items[i]->text_zh;
        line[i].text_en = found.items[i]->text_en;
    }
    (void)red_lines(m, line + found.count);
    for (size_t i = 0; i < total; i++)
        m->red[i] = &line[i];
    m->n_red = total;
    return true;
}

int32_t gw_service_status(void *self, struct gw_adapter_call *c, void *state,
                          const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)message;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    Xinqiao__V1__StatusResponse m = XINQIAO__V1__STATUS_RESPONSE__INIT;
    struct gw_report red;
    gw_report_init(&red, x.arena);
    m.version = gw_service_str(XINQIAO_VERSION);
    m.generation = gw_service_str(x.views->generation);
    m.policy = gw_service_str(x.views->policy);
    if (!gw_service_status_adapters(&x, &m, &red) ||
        (x.views->audit != NULL && !set_log(&x, &m, &red)) ||
        (x.views->store != NULL && !set_store(&x, &m, &red)) || !set_server(&x, &m, &red) ||
        !set_red(&x, &m, &red) || gw_arena_failed(x.arena))
        return -1;
    x.host->send(c, &m.base);
    return gw_service_end(&x, "ok");
}

/* Translate: a package or one record from one format to another, by the same rules as a push and a
 * pull, and nothing is stored. A record that is refused does not stop the others. */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "service/service_internal.h"

enum {
    FINDINGS_MAX = 1000,
    RECORD_ARENA = 16 * 1024 * 1024,
    DOCUMENT_MAX = 64 * 1024 * 1024,
    RECORD_MAX = 2 * 1024 * 1024
};

struct work {
    const struct gw_service_ctx *x;
    const struct gw_format *from, *to;
    struct gw_arena *arena; /* of one record */
    struct gw_buf record;   /* the encoded one */
    struct gw_buf body;     /* the joined ones */
    struct gw_sha256 *digest;
    Xinqiao__V1__TranslateResponse *out;
};

static void add_findings(struct work *w, const struct gw_report *report)
{
    struct gw_service_findings found;
    size_t room = FINDINGS_MAX - w->out->n_findings;
    gw_service_findings_make(w->x->arena, report, true, room, &found);
    w->out->findings_omitted += found.omitted;
    for (size_t i = 0; i < found.count; i++)
        w->out->findings[w->out->n_findings++] = found.items[i];
}

static void note(const struct work *w, const struct gw_service_judged *j)
{
    const struct gw_adapter_host *h = w->x->host;
    if (j->kind[0] != '\0')
        h->note_kind(w->x->call, j->kind, j->law != NULL ? j->law->id : NULL);
    if (j->subject_type != NULL)
        h->note_subject(w->x->call, j->subject_type, (const char *)j->subject.ptr, j->subject.len);
}

static enum gw_status keep_record(struct work *w)
{
    struct gw_bytes record = gw_buf_view(&w->record);
    gw_crypto_sha256_update(w->digest, record); /* a package's digest is over its records' bytes */
    GW_TRY(gw_format_join_record(w->to, w->out->translated, record, &w->body));
    w->out->translated++;
    return gw_buf_failed(&w->body);
}

static enum gw_status one(struct work *w, struct gw_bytes bytes)
{
    struct gw_format_clock clock = {w->x->now_us};
    struct gw_report report;
    struct gw_service_judged j;
    gw_arena_reset(w->arena);
    gw_buf_reset(&w->record);
    gw_report_init(&report, w->arena);
    report.row = (uint32_t)++w->out->total;
    enum gw_status st = gw_service_judge(w->x, w->from, bytes, w->arena, &report, &j);
    if (st == GW_OK)
        st = gw_format_encode(w->to, j.record, &clock, w->x->caller->defaults, w->x->caller->fields,
                              w->arena, &report, &w->record);
    if (st == GW_NOMEM)
        return st;
    note(w, &j);
    if (st == GW_OK && !gw_report_has_errors(&report)) {
        GW_TRY(keep_record(w));
    } else {
        w->out->refused++;
        if (!gw_report_has_errors(&report))
            gw_report_add(&report, GW_PROBLEM_ERROR, "internal", "", NULL);
    }
    w->x->host->note_counts(w->x->call, st == GW_OK ? 1 : 0, st == GW_OK ? 0 : 1);
    add_findings(w, &report);
    return GW_OK;
}

static void find(struct work *w, const char *reason)
{
    struct gw_report report;
    gw_report_init(&report, w->x->arena);
    report.row = (uint32_t)w->out->total + 1;
    gw_report_add(&report, GW_PROBLEM_ERROR, reason != NULL ? reason : "malformed-package", "",
                  NULL);
    if (w->out->n_findings < FINDINGS_MAX)
        add_findings(w, &report);
    else
        w->out->findings_omitted++;
}

/* GW_OK: to the end; GW_INVALID: the document is malformed from here on (*ret_reason). */
static enum gw_status each(struct work *w, struct gw_format_splitter *s, const char **ret_reason)
{
    struct gw_bytes record;
    enum gw_status st;
    while ((st = gw_format_splitter_next(s, &record, ret_reason)) == GW_OK)
        GW_TRY(one(w, record));
    if (st == GW_NOT_FOUND)
        return gw_format_splitter_check(s, ret_reason);
    if (st == GW_NOMEM)
        return st;
    if (st == GW_AGAIN)
        *ret_reason = "input-truncated";
    return GW_INVALID;
}

/* The source's header with what is ours: a new id, time, count and digest. */
static void set_header(struct work *w, const struct gw_format_package *like,
                       struct gw_format_package *ret)
{
    uint8_t id[16];
    struct gw_hash digest;
    struct gw_buf hex;
    char t[28];
    *ret = like->has_header ? *like : (struct gw_format_package){0};
    ret->has_header = true;
    gw_crypto_uuid7(w->x->now_us, id);
    gw_service_uuid_format(id, ret->guid);
    if (ret->version[0] == '\0')
        snprintf(ret->version, sizeof(ret->version), "1.0");
    if (ret->mode[0] == '\0')
        snprintf(ret->mode, sizeof(ret->mode), "增量");
    if (ret->resource[0] == '\0')
        snprintf(ret->resource, sizeof(ret->resource), "%s",
                 gw_canon_kind_name(gw_format_kind(w->to)));
    gw_clock_rfc3339(w->x->now_us + INT64_C(8) * 3600 * GW_USEC_PER_SEC, t);
    snprintf(ret->timestamp, sizeof(ret->timestamp), "%.19s+08:00", t);
    ret->count = w->out->translated;
    gw_crypto_sha256_final(w->digest, &digest);
    gw_buf_init_fixed(&hex, ret->digest, sizeof(ret->digest) - 1);
    gw_hex_put(&hex, gw_bytes_make(digest.byte, sizeof(digest.byte)));
    ret->digest[sizeof(ret->digest) - 1] = '\0';
}

static enum gw_status join(struct work *w, const struct gw_format_package *like, struct gw_buf *ret)
{
    struct gw_format_package p;
    set_header(w, like, &p);
    GW_TRY(gw_format_join_begin(w->to, &p, ret));
    gw_buf_bytes(ret, gw_buf_view(&w->body));
    GW_TRY(gw_format_join_end(w->to, &p, ret));
    return gw_buf_failed(ret);
}

static int32_t answer(struct work *w, struct gw_format_splitter *s)
{
    const struct gw_format_package *like = gw_format_splitter_package(s);
    struct gw_buf joined;
    gw_buf_init(&joined, DOCUMENT_MAX);
    bool bare = !like->has_header && w->out->total == 1;
    enum gw_status st = bare ? GW_OK : join(w, like, &joined);
    if (st == GW_OK) {
        if (w->out->translated != 0)
            w->out->document = gw_service_binary(gw_buf_view(bare ? &w->record : &joined));
        w->x->host->send(w->x->call, &w->out->base);
    }
    gw_buf_fini(&joined);
    return gw_service_end(w->x, st == GW_OK ? "ok" : "message-too-large");
}

static int32_t translate(struct work *w, struct gw_bytes document)
{
    GW_CLEANUP(gw_format_splitter_freep) struct gw_format_splitter *s = NULL;
    const char *reason = NULL;
    if (gw_format_splitter_new(w->from, &s) != GW_OK)
        return -1;
    enum gw_status st = gw_format_splitter_feed(s, document, true);
    if (st == GW_OK)
        st = each(w, s, &reason);
    if (st == GW_NOMEM || st == GW_TOO_LARGE)
        return gw_service_end(w->x, "message-too-large");
    if (st != GW_OK && w->out->total == 0)
        return gw_service_end(w->x, reason != NULL ? reason : "malformed-package");
    if (st != GW_OK)
        find(w, reason);
    return answer(w, s);
}

/* Formats that the caller may use, of one kind. Ends the call when they are not. */
static bool choose(struct work *w, const Xinqiao__V1__TranslateRequest *in)
{
    struct gw_report report;
    gw_report_init(&report, w->x->arena);
    w->from = gw_service_format(w->x, in->from, "from", &report);
    w->to = gw_service_format(w->x, in->to, "to", &report);
    const struct gw_problem *p = gw_report_first_error(&report);
    if (p != NULL) {
        w->x->host->violation(w->x->call, p->field, p->reason->code);
        gw_service_end_with(w->x, p->reason->code, p->params[0].name, p->params[0].value);
        return false;
    }
    if (gw_format_pair(w->from, w->to))
        return true;
    gw_service_end(w->x, "format-pair");
    return false;
}

int32_t gw_service_translate(void *self, struct gw_adapter_call *c, void *state,
                             const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Xinqiao__V1__TranslateRequest *in = (const Xinqiao__V1__TranslateRequest *)message;
    Xinqiao__V1__TranslateResponse out = XINQIAO__V1__TRANSLATE_RESPONSE__INIT;
    struct work w = {.x = &x, .out = &out};
    if (!choose(&w, in))
        return 0;
    x.host->note_formats(c, gw_format_id(w.from), gw_format_id(w.to));
    gw_buf_init(&w.record, RECORD_MAX);
    gw_buf_init(&w.body, DOCUMENT_MAX);
    w.arena = gw_arena_new("translate", RECORD_ARENA);
    w.digest = gw_crypto_sha256_new();
    out.findings = gw_arena_calloc(x.arena, FINDINGS_MAX, sizeof(Xinqiao__V1__Finding *));
    int32_t rc = -1;
    if (w.arena != NULL && w.digest != NULL && out.findings != NULL)
        rc = translate(&w, gw_service_bytes(in->document));
    gw_crypto_sha256_free(w.digest);
    gw_arena_free(w.arena);
    gw_buf_fini(&w.body);
    gw_buf_fini(&w.record);
    return rc;
}

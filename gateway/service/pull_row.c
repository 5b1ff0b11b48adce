/* One stored record on its way to a peer: covered by the grant, still shareable, expressible in the
 * target format; or counted, with the reason. */
#include "service/service_internal.h"

enum { SUBJECT_MAX = 256 };

void gw_service_pull_count(struct gw_pull_count list[GW_PULL_REASONS], const char *reason)
{
    size_t i = 0;
    while (i < GW_PULL_REASONS - 1 && list[i].reason != NULL && strcmp(list[i].reason, reason) != 0)
        i++;
    /* More reasons than the table holds share the last place. */
    list[i].reason = i < GW_PULL_REASONS - 1 ? reason : "internal";
    list[i].count++;
}

static void keep_back(struct gw_pull *p, struct gw_pull_count list[GW_PULL_REASONS],
                      const char *reason)
{
    gw_service_pull_count(list, reason);
    p->run_kept_back++;
    p->quiet++;
}

static const char *first_error(const struct gw_report *r)
{
    const struct gw_problem *e = gw_report_first_error(r);
    return e != NULL ? e->reason->code : "internal";
}

/* The store's own columns are part of the record for who takes it as it is; the sender's delivery
 * key is not. */
static void set_envelope(const struct gw_service_ctx *x, const struct gw_store_row *row,
                         gw_record *r)
{
    r->id = gw_service_binary(gw_bytes_make(row->record_id, 16));
    r->revision = row->revision;
    r->received_at = gw_service_timestamp(x->arena, row->received_us);
    r->key = gw_service_str("");
}

static void send_item(const struct gw_service_ctx *x, struct gw_pull *p,
                      const struct gw_store_row *row, const struct gw_report *report)
{
    Xinqiao__V1__PullItem m = XINQIAO__V1__PULL_ITEM__INIT;
    struct gw_service_findings found;
    char cursor[GW_PULL_CURSOR];
    if (gw_service_cursor_seal(x, p, cursor) != GW_OK) {
        p->failed = true;
        return;
    }
    gw_service_findings_make(x->arena, report, false, GW_SERVICE_FINDINGS, &found);
    m.record = gw_service_binary(gw_buf_view(&p->record));
    m.cursor = cursor;
    m.findings = found.items;
    m.n_findings = found.count;
    m.record_id = gw_service_binary(gw_bytes_make(row->record_id, 16));
    m.revision = row->revision;
    p->delivered++;
    p->run_delivered++;
    p->quiet = 0;
    p->blocked = x->host->send(x->call, &m.base) == GW_SEND_BLOCKED;
}

/* Encodes into p->record, or counts. */
static bool express(const struct gw_service_ctx *x, struct gw_pull *p,
                    const struct gw_store_row *row, struct gw_report *report, gw_record **ret)
{
    struct gw_format_clock clock = {x->now_us};
    gw_record *r = NULL;
    if (gw_canon_unpack(row->packed, x->arena, &r) != GW_OK) {
        x->host->log(x->call, GW_ADAPTER_LOG_ERROR, "a stored record can not be read");
        keep_back(p, p->refused, "internal");
        return false;
    }
    if (gw_law_may_share(x->views->law, r, x->now_us, report) != GW_OK) {
        keep_back(p, p->withheld, first_error(report));
        return false;
    }
    set_envelope(x, row, r);
    gw_buf_reset(&p->record);
    enum gw_status st = gw_format_encode(p->format, r, &clock, x->caller->defaults,
                                         x->caller->fields, x->arena, report, &p->record);
    if (st != GW_OK || gw_report_has_errors(report)) {
        keep_back(p, p->refused, first_error(report));
        return false;
    }
    *ret = r;
    return true;
}

/* Who the delivered record is about; outlives the record's memory. */
struct subject {
    const char *type;
    size_t len;
    uint8_t value[SUBJECT_MAX];
};

static void take_subject(const gw_record *r, struct subject *ret)
{
    struct gw_bytes value;
    ret->type = NULL;
    if (gw_canon_subject_id(r, &ret->type, &value) != GW_OK || value.len > SUBJECT_MAX) {
        ret->type = NULL;
        return;
    }
    ret->len = value.len;
    memcpy(ret->value, value.ptr, value.len);
}

void gw_service_pull_row(const struct gw_service_ctx *x, struct gw_pull *p,
                         const struct gw_store_row *row)
{
    struct gw_pull_kind *k = &p->kind[p->at];
    k->after = row->change_no;
    const char *why =
        x->caller->covers(x->caller, k->name, row->class_bit, gw_bytes_str(row->area));
    if (why != NULL) {
        keep_back(p, p->withheld, why);
        return;
    }
    /* Pages of records pass through one segment: each gives its memory back. */
    struct gw_arena_mark mark = gw_arena_mark(x->arena);
    struct gw_report report;
    struct subject subject = {0};
    gw_record *r;
    gw_report_init(&report, x->arena);
    if (express(x, p, row, &report, &r)) {
        take_subject(r, &subject);
        send_item(x, p, row, &report);
    }
    p->failed |= gw_arena_failed(x->arena);
    gw_arena_rewind(x->arena, mark);
    if (subject.type != NULL)
        x->host->note_subject(x->call, subject.type, (const char *)subject.value, subject.len);
}

/* A record that comes in: read in its format, covered by the sender's grant, allowed by a row of
 * the law tables. All problems are reported, not only the first. */
#include "service/service_internal.h"

const struct gw_format *gw_service_format(const struct gw_service_ctx *x, const char *id,
                                          const char *field, struct gw_report *report)
{
    char mem[256];
    struct gw_buf near;
    gw_buf_init_fixed(&near, mem, sizeof(mem) - 1);
    const struct gw_format *f = gw_format_find(x->views->formats, gw_bytes_str(id), &near);
    if (f == NULL) {
        mem[near.len] = '\0';
        gw_report_add(report, GW_PROBLEM_ERROR, "format-unknown", field, "near",
                      near.len != 0 ? gw_arena_strdup(report->arena, mem) : "-", NULL);
        return NULL;
    }
    if (gw_format_inferred(f) && !x->caller->inferred_ok) {
        gw_report_add(report, GW_PROBLEM_ERROR, "format-unconfirmed", field, "item",
                      gw_format_id(f), NULL);
        return NULL;
    }
    return f;
}

/* The authority's own area where its code tells; else what a canonical sender says. */
static struct gw_bytes area_of(const gw_record *r)
{
    if (r->authority != NULL && r->authority->uscc != NULL) {
        struct gw_bytes area = gw_canon_uscc_area(gw_bytes_str(r->authority->uscc));
        if (area.len != 0)
            return area;
    }
    return strlen(r->area) == 6 ? gw_bytes_str(r->area) : GW_BYTES_NONE;
}

static void ask_grant(const struct gw_service_ctx *x, const struct gw_service_judged *j,
                      struct gw_report *report)
{
    static const struct {
        const char *withheld, *refused;
    } reasons[] = {
        {"withheld-kind", "grant-kind"},
        {"withheld-class", "grant-class"},
        {"withheld-area", "grant-area"},
    };
    const char *why = x->caller->covers(x->caller, j->kind, j->class_bit, j->area);
    if (why == NULL)
        return;
    const char *code = "no-grant";
    for (size_t i = 0; i < GW_ARRAY_LEN(reasons); i++)
        if (strcmp(why, reasons[i].withheld) == 0)
            code = reasons[i].refused;
    const char *item = j->kind[0] != '\0' ? j->kind : "-";
    if (strcmp(code, "grant-class") == 0 && j->record->subject != NULL)
        item = gw_canon_class_name(j->record->subject->subject_class);
    if (strcmp(code, "grant-area") == 0)
        item = j->area.len != 0 ? gw_arena_strndup(report->arena, j->area.ptr, j->area.len) : "-";
    gw_report_add(report, GW_PROBLEM_ERROR, code, "", "item", item, NULL);
}

static uint32_t class_bit_of(const gw_record *r)
{
    unsigned c = r->subject != NULL ? (unsigned)r->subject->subject_class : 0;
    return c >= 1 && c <= 3 ? 1u << (c - 1) : 0; /* 0: no grant covers it */
}

enum gw_status gw_service_read(const struct gw_service_ctx *x, const struct gw_format *f,
                               struct gw_bytes bytes, struct gw_arena *arena,
                               struct gw_report *report, gw_record **ret)
{
    struct gw_format_clock clock = {x->now_us};
    *ret = NULL;
    enum gw_status st = gw_format_decode(f, bytes, &clock, arena, report, ret);
    if (st == GW_OK || st == GW_NOMEM)
        return st;
    *ret = NULL;
    if (!gw_report_has_errors(report))
        gw_report_add(report, GW_PROBLEM_ERROR, "internal", "", NULL);
    return GW_INVALID;
}

/* A list is asked for by name, beside the kind. */
static void ask_list(const struct gw_service_ctx *x, const gw_record *r, struct gw_report *report)
{
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY)
        return;
    if (x->caller->covers_list(x->caller, r->list_entry->list) != NULL)
        gw_report_add(report, GW_PROBLEM_ERROR, "grant-list", "", "item",
                      gw_arena_strdup(report->arena, r->list_entry->list), NULL);
}

enum gw_status gw_service_admit(const struct gw_service_ctx *x, const struct gw_format *f,
                                gw_record *r, struct gw_report *report,
                                struct gw_service_judged *ret)
{
    *ret = (struct gw_service_judged){.record = r,
                                      .kind = gw_canon_kind_name(r->kind),
                                      .class_bit = class_bit_of(r),
                                      .area = area_of(r)};
    if (gw_canon_subject_id(r, &ret->subject_type, &ret->subject) != GW_OK)
        ret->subject_type = NULL;
    ask_grant(x, ret, report);
    ask_list(x, r, report);
    struct gw_problem **law_says = report->tail;
    if (gw_law_admit(x->views->law, r, x->now_us, report, &ret->law) != GW_OK) {
        ret->law = NULL;
        if (!gw_report_has_errors(report))
            gw_report_add(report, GW_PROBLEM_ERROR, "internal", "", NULL);
        /* The law tables know the canonical record only; the sender knows its own names. */
        for (struct gw_problem *p = *law_says; f != NULL && p != NULL; p = p->next)
            p->field = gw_format_name_of(f, p->field);
    }
    if (gw_arena_failed(report->arena))
        return GW_NOMEM;
    return gw_report_has_errors(report) ? GW_INVALID : GW_OK;
}

enum gw_status gw_service_judge(const struct gw_service_ctx *x, const struct gw_format *f,
                                struct gw_bytes bytes, struct gw_arena *arena,
                                struct gw_report *report, struct gw_service_judged *ret)
{
    gw_record *r;
    *ret = (struct gw_service_judged){.kind = ""};
    GW_TRY(gw_service_read(x, f, bytes, arena, report, &r));
    return gw_service_admit(x, f, r, report, ret);
}

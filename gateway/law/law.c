/* Decisions over the law tables: pure functions of record, table and date. Closed: what no row
 * allows is refused. */
#include "law/law_internal.h"

#include <stdlib.h>

const char *gw_law_policy(const struct gw_law *l)
{
    return l->policy;
}

void gw_law_digest(const struct gw_law *l, struct gw_hash *ret, struct gw_buf *ret_list)
{
    *ret = l->digest;
    gw_buf_bytes(ret_list, gw_buf_view(&l->digest_list));
}

void gw_law_free(struct gw_law *l)
{
    if (l == NULL)
        return;
    gw_law_conf_free(l);
    gw_buf_fini(&l->digest_list);
    gw_arena_free(l->arena);
    free(l);
}

/* Both ends are inclusive. */
bool gw_law_in_force(struct gw_law_term t, struct gw_date day)
{
    return gw_date_cmp(t.from, day) <= 0 &&
           (gw_date_is_none(t.until) || gw_date_cmp(day, t.until) <= 0);
}

static bool in_force(const struct gw_law_row *row, struct gw_date day)
{
    return gw_law_in_force((struct gw_law_term){row->from, row->until}, day);
}

enum gw_status gw_law_basis(const struct gw_law *l, Xinqiao__V1__Kind kind, int64_t wall_us,
                            const struct gw_law_row **ret)
{
    struct gw_date today = gw_date_at_utc8(wall_us);
    for (size_t i = 0; i < l->entry_count; i++) {
        const struct gw_law_entry *e = &l->entry[i];
        if (e->kind == kind && in_force(&e->row, today)) {
            *ret = &e->row;
            return GW_OK;
        }
    }
    return GW_DENIED;
}

static bool row_known(const struct gw_law *l, const char *id, Xinqiao__V1__Kind kind)
{
    for (size_t i = 0; i < l->entry_count; i++) {
        if (l->entry[i].kind == kind && strcmp(l->entry[i].row.id, id) == 0)
            return true;
    }
    return false;
}

enum gw_status gw_law_deny(struct gw_report *report, const char *code, const char *field,
                           const char *item, const char *basis)
{
    gw_report_add(report, GW_PROBLEM_ERROR, code, field, "item", item, "basis", basis, NULL);
    return GW_DENIED;
}

static const char *kind_or(Xinqiao__V1__Kind k, const char *fallback)
{
    const char *name = gw_canon_kind_name(k);
    return name[0] != '\0' ? name : fallback;
}

enum gw_status gw_law_admit(const struct gw_law *l, const gw_record *r, int64_t wall_us,
                            struct gw_report *report, const struct gw_law_row **ret)
{
    const struct gw_law_row *row;
    if (!gw_canon_payload_fits(r) || gw_law_basis(l, r->kind, wall_us, &row) != GW_OK)
        return gw_law_deny(report, "law-no-basis", "kind", kind_or(r->kind, "kind"), l->policy);
    /* A row of an earlier edition names the same item, which today's row covers. What we do not
     * know may be newer than our tables: that is not the sender's mistake. */
    if (r->legal_basis[0] != '\0' && !row_known(l, r->legal_basis, r->kind))
        return gw_law_deny(report, "law-edition-unknown", "legal_basis", "legal_basis", l->policy);
    const char *field = "";
    const struct gw_law_refusal *refusal = gw_law_match(l, r, &field);
    if (refusal != NULL)
        return gw_law_deny(report, "law-no-basis", field, refusal->id, refusal->missing);
    struct gw_date day = gw_date_at_utc8(wall_us);
    enum gw_status clocks = gw_law_admit_clocks(l, r, day, report);
    if (r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY)
        GW_TRY(gw_law_admit_entry(l, r, day, report));
    GW_TRY(clocks);
    *ret = row;
    return GW_OK;
}

struct gw_date gw_law_date_of(const Xinqiao__V1__Date *d)
{
    struct gw_date none = {0, 0, 0};
    if (d == NULL || d->year < 1 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > 31)
        return none;
    struct gw_date date = {(int16_t)d->year, (uint8_t)d->month, (uint8_t)d->day};
    return gw_date_valid(date) ? date : none;
}

/* The field that the end of sharing and use depends on. */
static const char *use_clock(const gw_record *r)
{
    if (r->use_to != NULL)
        return "use_to";
    if (r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY)
        return "list_entry.ends_on";
    return r->kind == XINQIAO__V1__KIND__KIND_SCORE ? "score.as_of" : "decided_on";
}

static const char *status_reason(Xinqiao__V1__RecordStatus s)
{
    switch ((int)s) {
    case XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_WITHDRAWN:
        return "record-withdrawn";
    case XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_REPAIRED:
        return "record-repaired";
    case XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_EXPIRED:
        return "record-ended";
    default:
        /* A permit that is no longer valid is still information: that it is not valid. */
        return NULL;
    }
}

enum gw_status gw_law_may_share(const struct gw_law *l, const gw_record *r, int64_t wall_us,
                                struct gw_report *report)
{
    const struct gw_law_row *row;
    const char *kind = kind_or(r->kind, "kind");
    if (gw_law_basis(l, r->kind, wall_us, &row) != GW_OK)
        return gw_law_deny(report, "law-no-basis", "kind", kind, l->policy);
    const char *reason = status_reason(r->status);
    if (reason != NULL)
        return gw_law_deny(report, reason, "status", kind, row->id);
    /* The end of publicity is another clock and does not end sharing (DESIGN section 5). */
    struct gw_date today = gw_date_at_utc8(wall_us), last = {0, 0, 0};
    bool open = false;
    if (gw_law_end(l, r, GW_LAW_USE, &last, &open) != GW_OK)
        return gw_law_deny(report, "record-undated", use_clock(r), kind, row->id);
    if (gw_law_is_entry(r) && gw_law_entry_ended(l, r, today))
        return gw_law_deny(report, "record-ended", "list_entry.ends_on", kind, row->id);
    /* An end is inclusive to 24:00 in UTC+8. */
    if (!open && gw_date_cmp(today, last) > 0)
        return gw_law_deny(report, "record-ended", use_clock(r), kind, row->id);
    return GW_OK;
}

const struct gw_law_purpose *gw_law_purpose_find(const struct gw_law *l, struct gw_bytes code)
{
    for (size_t i = 0; i < l->purpose_count; i++) {
        const struct gw_law_purpose_row *p = &l->purpose[i];
        if (p->in_force && gw_bytes_eq_str(code, p->purpose.code))
            return &p->purpose;
    }
    return NULL;
}

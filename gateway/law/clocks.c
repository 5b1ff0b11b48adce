/* Clocks of a record: publicity, sharing and use, measure, retention. Each ends for itself
 * (INVARIANTS L5). */
#include "law/law_internal.h"

/* The row that the record was admitted by, else the newest of its kind. */
static const struct gw_law_row *row_of(const struct gw_law *l, const gw_record *r)
{
    const struct gw_law_row *newest = NULL;
    for (size_t i = 0; i < l->entry_count; i++) {
        const struct gw_law_entry *e = &l->entry[i];
        if (e->kind != r->kind)
            continue;
        if (strcmp(e->row.id, r->legal_basis) == 0)
            return &e->row;
        if (newest == NULL || gw_date_cmp(e->row.from, newest->from) > 0)
            newest = &e->row;
    }
    return newest;
}

bool gw_law_is_penalty(const gw_record *r)
{
    return r->kind == XINQIAO__V1__KIND__KIND_PENALTY && gw_canon_payload_fits(r);
}

static enum gw_status own_end(const Xinqiao__V1__EndDate *end, struct gw_date *ret, bool *ret_open)
{
    if (end == NULL)
        return GW_NOT_FOUND;
    struct gw_date day = gw_law_date_of(end->date);
    if (!end->no_end && gw_date_is_none(day))
        return GW_NOT_FOUND;
    *ret = day;
    *ret_open = end->no_end;
    return GW_OK;
}

/* `months` after a day; 0: never. */
static enum gw_status end_after(const Xinqiao__V1__Date *from, uint32_t months, struct gw_date *ret,
                                bool *ret_open)
{
    struct gw_date day = {0, 0, 0};
    if (months != 0) {
        day = gw_date_add_months(gw_law_date_of(from), (int)months);
        if (gw_date_is_none(day))
            return GW_NOT_FOUND;
    }
    *ret = day;
    *ret_open = months == 0;
    return GW_OK;
}

static enum gw_status measure_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                                  bool *ret_open);

/* From the decision; of an entry from its end on, of a score from the day of its data. */
static enum gw_status retention_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                                    bool *ret_open)
{
    const struct gw_law_row *row = row_of(l, r);
    if (row == NULL)
        return GW_NOT_FOUND;
    if (r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY) {
        struct gw_date end;
        bool open;
        GW_TRY(measure_end(l, r, &end, &open));
        *ret = open ? end : gw_date_add_months(end, (int)row->keep_months);
        *ret_open = open;
        return GW_OK;
    }
    const Xinqiao__V1__Date *from = r->decided_on;
    if (r->kind == XINQIAO__V1__KIND__KIND_SCORE && r->score != NULL)
        from = r->score->as_of;
    return end_after(from, row->keep_months, ret, ret_open);
}

/* The row of the list that was in force when the entry was made, else any of that id. */
static const struct gw_law_list *list_of(const struct gw_law *l, const gw_record *r)
{
    const struct gw_law_list *any = NULL;
    struct gw_date day = gw_law_date_of(r->decided_on);
    for (size_t i = 0; i < l->list_count; i++) {
        const struct gw_law_list *list = &l->list[i].list;
        if (strcmp(list->id, r->list_entry->list) != 0)
            continue;
        if (gw_law_in_force((struct gw_law_term){list->from, list->until}, day))
            return list;
        any = list;
    }
    return any;
}

/* The entry's own end or, where it has none, the default of its list; never later than the list
 * allows. */
static enum gw_status listing_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                                  bool *ret_open)
{
    const struct gw_law_list *list = list_of(l, r);
    struct gw_date latest = {0, 0, 0};
    bool no_latest = true;
    if (list == NULL)
        return GW_NOT_FOUND;
    GW_TRY(end_after(r->decided_on, list->max_months, &latest, &no_latest));
    if (r->list_entry->ends_on == NULL)
        return end_after(r->decided_on, list->default_months, ret, ret_open);
    GW_TRY(own_end(r->list_entry->ends_on, ret, ret_open));
    if (!no_latest && (*ret_open || gw_date_cmp(*ret, latest) > 0)) {
        *ret = latest;
        *ret_open = false;
    }
    return GW_OK;
}

static enum gw_status measure_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                                  bool *ret_open)
{
    if (!gw_canon_payload_fits(r))
        return GW_NOT_FOUND;
    if (r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY)
        return listing_end(l, r, ret, ret_open);
    if (r->kind == XINQIAO__V1__KIND__KIND_PENALTY)
        return own_end(r->penalty->valid_to, ret, ret_open);
    if (r->kind == XINQIAO__V1__KIND__KIND_PERMIT)
        return own_end(r->permit->valid_to, ret, ret_open);
    return GW_NOT_FOUND;
}

static enum gw_status use_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                              bool *ret_open)
{
    if (r->use_to != NULL)
        return own_end(r->use_to, ret, ret_open);
    /* An entry is shared as long as it stands; then its removal is. */
    if (r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY)
        return measure_end(l, r, ret, ret_open);
    return retention_end(l, r, ret, ret_open);
}

/* From the day of publication; a record that does not name it was published in time, which is as
 * late as it may be. Of years without a table of working days: four weeks, more than any holiday
 * makes of it. */
static struct gw_date publicity_start(const struct gw_law *l, const gw_record *r)
{
    struct gw_date decided = gw_law_date_of(r->decided_on);
    struct gw_date start = gw_law_date_of(r->penalty->published_on);
    if (!gw_date_is_none(start) || gw_date_is_none(decided))
        return start;
    if (gw_law_due(l, GW_LAW_PUBLISH, decided, &start) == GW_OK)
        return start;
    return gw_date_from_days(gw_date_to_days(decided) + 28);
}

/* The last day that the record's class allows under the regime of its decision. GW_NOT_FOUND: the
 * tables do not decide it, or set no end. */
static enum gw_status publicity_limit(const struct gw_law *l, const gw_record *r,
                                      struct gw_law_regime *ret_regime, struct gw_date *ret)
{
    if (!gw_law_is_penalty(r))
        return GW_NOT_FOUND;
    GW_TRY(gw_law_regime(l, r, gw_law_date_of(r->decided_on), ret_regime));
    if (ret_regime->max_months == 0)
        return GW_NOT_FOUND;
    struct gw_date last = gw_date_add_months(publicity_start(l, r), (int)ret_regime->max_months);
    if (gw_date_is_none(last))
        return GW_NOT_FOUND;
    *ret = last;
    return GW_OK;
}

static bool later_than(struct gw_date day, bool open, struct gw_date limit)
{
    return open || gw_date_cmp(day, limit) > 0;
}

static enum gw_status publicity_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                                    bool *ret_open)
{
    struct gw_law_regime regime;
    struct gw_date limit;
    bool limited = publicity_limit(l, r, &regime, &limit) == GW_OK;
    if (r->publicity_to != NULL)
        GW_TRY(own_end(r->publicity_to, ret, ret_open));
    else if (!limited || !regime.published)
        return GW_NOT_FOUND;
    if (limited && (r->publicity_to == NULL || later_than(*ret, *ret_open, limit))) {
        *ret = limit;
        *ret_open = false;
    }
    return GW_OK;
}

enum gw_status gw_law_end(const struct gw_law *l, const gw_record *r, enum gw_law_clock clock,
                          struct gw_date *ret, bool *ret_open)
{
    struct gw_date day = {0, 0, 0};
    bool open = false;
    enum gw_status st = GW_NOT_FOUND;
    switch (clock) {
    case GW_LAW_PUBLICITY:
        st = publicity_end(l, r, &day, &open);
        break;
    case GW_LAW_USE:
        st = use_end(l, r, &day, &open);
        break;
    case GW_LAW_MEASURE:
        st = measure_end(l, r, &day, &open);
        break;
    case GW_LAW_RETENTION:
        st = retention_end(l, r, &day, &open);
        break;
    }
    if (st != GW_OK)
        return st;
    *ret = day;
    *ret_open = open;
    return GW_OK;
}

static void admit_publicity(const struct gw_law *l, const gw_record *r, struct gw_report *report)
{
    struct gw_law_regime regime;
    struct gw_date limit, own;
    bool open;
    if (r->publicity_to == NULL || publicity_limit(l, r, &regime, &limit) != GW_OK ||
        own_end(r->publicity_to, &own, &open) != GW_OK || !later_than(own, open, limit))
        return;
    (void)!gw_law_deny(report, "law-publicity-too-long", "publicity_to", regime.row, regime.source);
}

/* An end of sharing and use that the record has itself outlives the row's. Of an entry, lists.conf
 * says whether it has ended. */
static void admit_retention(const struct gw_law *l, const gw_record *r, struct gw_date day,
                            struct gw_report *report)
{
    struct gw_date end;
    bool open;
    if (r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY ||
        gw_law_end(l, r, GW_LAW_RETENTION, &end, &open) != GW_OK || !later_than(day, false, end) ||
        open)
        return;
    if (r->use_to != NULL && own_end(r->use_to, &end, &open) == GW_OK &&
        (open || !later_than(day, false, end)))
        return;
    const struct gw_law_row *row = row_of(l, r);
    const char *field = r->kind == XINQIAO__V1__KIND__KIND_SCORE ? "score.as_of" : "decided_on";
    (void)!gw_law_deny(report, "law-retention-ended", field, row->id, row->source);
}

enum gw_status gw_law_admit_clocks(const struct gw_law *l, const gw_record *r, struct gw_date day,
                                   struct gw_report *report)
{
    uint32_t before = report->count[GW_PROBLEM_ERROR];
    admit_publicity(l, r, report);
    admit_retention(l, r, day, report);
    return report->count[GW_PROBLEM_ERROR] == before ? GW_OK : GW_DENIED;
}

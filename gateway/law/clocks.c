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

static enum gw_status retention_end(const struct gw_law *l, const gw_record *r, struct gw_date *ret,
                                    bool *ret_open)
{
    const struct gw_law_row *row = row_of(l, r);
    if (row == NULL)
        return GW_NOT_FOUND;
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

enum gw_status gw_law_end(const struct gw_law *l, const gw_record *r, enum gw_law_clock clock,
                          struct gw_date *ret, bool *ret_open)
{
    struct gw_date day = {0, 0, 0};
    bool open = false;
    enum gw_status st = GW_NOT_FOUND;
    switch (clock) {
    case GW_LAW_PUBLICITY:
        st = own_end(r->publicity_to, &day, &open);
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

Xinqiao__V1__BreachClass gw_law_class(const struct gw_law *l, const gw_record *r)
{
    (void)l;
    return r->breach_class;
}

enum gw_status gw_law_regime(const struct gw_law *l, const gw_record *r, struct gw_date day,
                             struct gw_law_regime *ret)
{
    (void)l;
    (void)r;
    (void)day;
    (void)ret;
    return GW_NOT_FOUND;
}

enum gw_status gw_law_add_workdays(const struct gw_law *l, struct gw_date day, uint32_t n,
                                   struct gw_date *ret)
{
    (void)l;
    (void)day;
    (void)n;
    (void)ret;
    return GW_NOT_FOUND;
}

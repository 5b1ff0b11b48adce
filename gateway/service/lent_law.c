/* What the host lends to adapters of the law: rows in force at the call's time, as structs of the
 * ABI. */
#include "service/lent.h"

static void fill_list(const struct gw_law_list *row, struct gw_adapter_list *ret)
{
    *ret = (struct gw_adapter_list){.id = row->id,
                                    .title_zh = row->title_zh,
                                    .title_en = row->title_en,
                                    .basis = row->basis,
                                    .colour = (uint32_t)row->colour,
                                    .public_ = row->public_ ? 1 : 0,
                                    .max_age_days = row->max_age_days};
}

int32_t gw_service_lent_list(struct gw_adapter_call *c, const char *id, struct gw_adapter_list *ret)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    const struct gw_law_list *row = gw_law_list_find(x.views->law, gw_bytes_str(id), x.now_us);
    if (row == NULL)
        return 1;
    fill_list(row, ret);
    return 0;
}

int32_t gw_service_lent_list_at(struct gw_adapter_call *c, size_t i, struct gw_adapter_list *ret)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    const struct gw_law_list *row = gw_law_list_at(x.views->law, i, x.now_us);
    if (row == NULL)
        return 1;
    fill_list(row, ret);
    return 0;
}

int32_t gw_service_lent_measures(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                 const struct gw_adapter_measure **ret, size_t *ret_count)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    const struct gw_law_measure *const *row;
    size_t n;
    gw_record *r = gw_service_lent_take(c, record);
    if (r == NULL || gw_law_measures(x.views->law, r, x.now_us, x.arena, &row, &n) != GW_OK)
        return -1;
    struct gw_adapter_measure *m = gw_arena_calloc(x.arena, n != 0 ? n : 1, sizeof(*m));
    if (m == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        m[i] = (struct gw_adapter_measure){.id = row[i]->id,
                                           .content_zh = row[i]->content_zh,
                                           .basis = row[i]->basis,
                                           .agency = row[i]->agency,
                                           .edition = row[i]->edition};
    *ret = m;
    *ret_count = n;
    return 0;
}

static int32_t day_number(struct gw_date d, bool open)
{
    return open ? GW_DAY_NO_END : d.year * 10000 + d.month * 100 + d.day;
}

int32_t gw_service_lent_end(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            uint32_t clock, int32_t *ret_day)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    struct gw_date day = {0, 0, 0};
    bool open = false;
    if (clock < GW_CLOCK_PUBLICITY || clock > GW_CLOCK_RETENTION)
        return 1;
    gw_record *r = gw_service_lent_take(c, record);
    if (r == NULL)
        return -1;
    if (gw_law_end(x.views->law, r, (enum gw_law_clock)clock, &day, &open) != GW_OK)
        return 1;
    *ret_day = day_number(day, open);
    return 0;
}

int32_t gw_service_lent_benefit_purpose(struct gw_adapter_call *c, const char *purpose)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    const struct gw_law_purpose *p = gw_law_purpose_find(x.views->law, gw_bytes_str(purpose));
    return p != NULL && !p->basic_service ? 1 : 0;
}

_Static_assert(GW_CLOCK_PUBLICITY == (int)GW_LAW_PUBLICITY && GW_CLOCK_USE == (int)GW_LAW_USE &&
                   GW_CLOCK_MEASURE == (int)GW_LAW_MEASURE &&
                   GW_CLOCK_RETENTION == (int)GW_LAW_RETENTION,
               "clocks of the ABI are those of the law");
_Static_assert(GW_LIST_BLACK == (int)GW_LAW_BLACK && GW_LIST_RED == (int)GW_LAW_RED, "colours");

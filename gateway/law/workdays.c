/* Working days: Monday to Friday, with what the notices of holidays change. Of a year without a
 * table nothing is guessed. */
#include "law/law_internal.h"

static const struct gw_law_year *year_of(const struct gw_law *l, int year)
{
    for (size_t i = 0; i < l->year_count; i++) {
        if (l->year[i].year == year)
            return &l->year[i];
    }
    return NULL;
}

static bool is_workday(const struct gw_law_year *year, int32_t days)
{
    struct gw_date first = {year->year, 1, 1};
    uint8_t kind = year->day[days - gw_date_to_days(first)];
    if (kind != GW_LAW_DAY_ORDINARY)
        return kind == GW_LAW_DAY_WORK;
    return ((days + 3) % 7 + 7) % 7 < 5; /* 1970-01-01 was a Thursday */
}

enum gw_status gw_law_add_workdays(const struct gw_law *l, struct gw_date day, uint32_t n,
                                   struct gw_date *ret)
{
    if (!gw_date_valid(day))
        return GW_NOT_FOUND;
    int32_t days = gw_date_to_days(day);
    while (n != 0) {
        struct gw_date next = gw_date_from_days(++days);
        const struct gw_law_year *year = year_of(l, next.year);
        if (gw_date_is_none(next) || year == NULL)
            return GW_NOT_FOUND;
        n -= is_workday(year, days) ? 1 : 0;
    }
    *ret = gw_date_from_days(days);
    return GW_OK;
}

void gw_law_warn(const struct gw_law *l, int64_t wall_us, struct gw_buf *ret)
{
    struct gw_date today = gw_date_at_utc8(wall_us);
    for (int year = today.year; year <= today.year + (today.month == 12 ? 1 : 0); year++) {
        if (year_of(l, year) == NULL)
            gw_buf_printf(ret,
                          "%s: no working days of %d: deadlines in that year can not be "
                          "computed; add its rows from the State Council's notice of holidays\n",
                          gw_law_file_name[GW_LAW_WORKDAYS], year);
    }
}

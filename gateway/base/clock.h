/* Time. All decisions take the clock from the call; nothing else asks the system for the date. */
#ifndef GW_BASE_CLOCK_H
#define GW_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define GW_USEC_PER_SEC INT64_C(1000000)

/* Microseconds since 1970 UTC (CLOCK_REALTIME), and since an arbitrary start (CLOCK_MONOTONIC). */
int64_t gw_clock_wall_us(void);
int64_t gw_clock_mono_us(void);

/* A civil date; {0,0,0} is "none". */
struct gw_date {
    int16_t year;
    uint8_t month;
    uint8_t day;
};

static inline bool gw_date_is_none(struct gw_date d)
{
    return d.year == 0 && d.month == 0 && d.day == 0;
}
/* Years 1 to 9999. */
bool gw_date_valid(struct gw_date d);
/* Days since 1970-01-01, proleptic Gregorian, and back; "none" for days outside years 1 to 9999. */
int32_t gw_date_to_days(struct gw_date d);
struct gw_date gw_date_from_days(int32_t days);
int gw_date_cmp(struct gw_date a, struct gw_date b);
/* Calendar months, clamped to the month's end (31 January + 1 month = 28 or 29 February);
 * "none" of "none" and outside years 1 to 9999. */
struct gw_date gw_date_add_months(struct gw_date d, int months);
/* The civil date in UTC+8 at an instant. Legal dates are always of this zone. */
struct gw_date gw_date_at_utc8(int64_t wall_us);
/* "2026-04-01", 11 bytes with the NUL. */
void gw_date_format(struct gw_date d, char ret[11]);
/* RFC 3339 in UTC with microseconds, "2026-04-01T00:00:00.000000Z", 28 bytes with the NUL. */
void gw_clock_rfc3339(int64_t wall_us, char ret[28]);

#endif

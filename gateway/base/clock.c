/* Clocks and civil dates. Day numbers by the era method (Hinnant, "chrono-compatible low-level date
 * algorithms"): no tables, no libc time zone, right for every proleptic Gregorian date. */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

enum { DAYS_PER_ERA = 146097, DAYS_0000_03_01_TO_1970 = 719468 };
#define USEC_PER_DAY (INT64_C(86400) * GW_USEC_PER_SEC)
#define UTC8_USEC    (INT64_C(8) * 3600 * GW_USEC_PER_SEC)
/* 0001-01-01 and 9999-12-31. */
#define FIRST_DAY (-719162)
#define LAST_DAY  2932896

static int64_t now_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * GW_USEC_PER_SEC + ts.tv_nsec / 1000;
}

int64_t gw_clock_wall_us(void)
{
    return now_us(CLOCK_REALTIME);
}

int64_t gw_clock_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_len(int year, int month)
{
    static const uint8_t len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : len[month - 1];
}

bool gw_date_valid(struct gw_date d)
{
    return d.year >= 1 && d.year <= 9999 && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
           d.day <= month_len(d.year, d.month);
}

int32_t gw_date_to_days(struct gw_date d)
{
    int32_t y = d.year - (d.month <= 2 ? 1 : 0);
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t year_of_era = y - era * 400;
    int32_t day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_0000_03_01_TO_1970;
}

struct gw_date gw_date_from_days(int32_t days)
{
    if (days < FIRST_DAY || days > LAST_DAY)
        return (struct gw_date){0, 0, 0};
    /* Year 1 starts after 0000-03-01, so the sum is never negative. */
    int32_t z = days + DAYS_0000_03_01_TO_1970;
    int32_t era = z / DAYS_PER_ERA;
    int32_t day_of_era = z - era * DAYS_PER_ERA;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t mp = (5 * day_of_year + 2) / 153;
    int32_t month = mp < 10 ? mp + 3 : mp - 9;
    int32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    return (struct gw_date){(int16_t)year, (uint8_t)month,
                            (uint8_t)(day_of_year - (153 * mp + 2) / 5 + 1)};
}

int gw_date_cmp(struct gw_date a, struct gw_date b)
{
    if (a.year != b.year)
        return a.year < b.year ? -1 : 1;
    if (a.month != b.month)
        return a.month < b.month ? -1 : 1;
    return (a.day > b.day) - (a.day < b.day);
}

struct gw_date gw_date_add_months(struct gw_date d, int months)
{
    if (gw_date_is_none(d))
        return d;
    int64_t index = (int64_t)d.year * 12 + (d.month - 1) + months;
    if (index < 12 || index >= 10000 * 12)
        return (struct gw_date){0, 0, 0};
    int year = (int)(index / 12);
    int month = (int)(index % 12) + 1;
    int last = month_len(year, month);
    return (struct gw_date){(int16_t)year, (uint8_t)month, d.day <= last ? d.day : (uint8_t)last};
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static struct gw_date date_of_day(int64_t day)
{
    if (day < FIRST_DAY || day > LAST_DAY)
        return (struct gw_date){0, 0, 0};
    return gw_date_from_days((int32_t)day);
}

struct gw_date gw_date_at_utc8(int64_t wall_us)
{
    int64_t local;
    if (__builtin_add_overflow(wall_us, UTC8_USEC, &local))
        return (struct gw_date){0, 0, 0};
    return date_of_day(floor_div(local, USEC_PER_DAY));
}

/* `len` decimal digits; no printf, this is in every log entry. */
static char *put_digits(char *at, int64_t v, size_t len)
{
    for (size_t i = len; i-- > 0; v /= 10)
        at[i] = (char)('0' + v % 10);
    return at + len;
}

void gw_date_format(struct gw_date d, char ret[11])
{
    char *at = put_digits(ret, d.year >= 0 ? d.year : 0, 4);
    *at++ = '-';
    at = put_digits(at, d.month, 2);
    *at++ = '-';
    at = put_digits(at, d.day, 2);
    *at = '\0';
}

void gw_clock_rfc3339(int64_t wall_us, char ret[28])
{
    int64_t day = floor_div(wall_us, USEC_PER_DAY);
    /* The remainder, not wall_us - day * USEC_PER_DAY: that product overflows for the earliest day.
     */
    int64_t us = wall_us % USEC_PER_DAY;
    if (us < 0)
        us += USEC_PER_DAY;
    int64_t sec = us / GW_USEC_PER_SEC;
    gw_date_format(date_of_day(day), ret);
    char *at = ret + 10;
    *at++ = 'T';
    at = put_digits(at, sec / 3600, 2);
    *at++ = ':';
    at = put_digits(at, sec / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, sec % 60, 2);
    *at++ = '.';
    at = put_digits(at, us % GW_USEC_PER_SEC, 6);
    *at++ = 'Z';
    *at = '\0';
}

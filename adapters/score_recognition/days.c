/* Civil days in UTC+8 as numbers: legal dates have no hours, and a difference is days. */
#include <string.h>

#include "scores.h"

#define OFFSET_US (INT64_C(8) * 3600 * 1000000)

int32_t score_day_of(int64_t us)
{
    int64_t local = us + OFFSET_US, day = local / SCORE_DAY_US;
    return (int32_t)(local % SCORE_DAY_US < 0 ? day - 1 : day);
}

int64_t score_day_start_us(int32_t day)
{
    return day * SCORE_DAY_US - OFFSET_US;
}

static bool leap(int32_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int32_t month_days(int32_t y, int32_t m)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[m - 1] + (m == 2 && leap(y) ? 1 : 0);
}

/* Years begin in March here, so that the leap day is the last. */
int32_t score_day_make(int32_t year, int32_t month, int32_t day)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > month_days(year, month))
        return SCORE_DAY_NONE;
    int32_t y = month <= 2 ? year - 1 : year;
    int32_t era = y / 400, of_era = y - era * 400;
    int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void score_day_parts(int32_t day, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day)
{
    int32_t z = day + 719468;
    int32_t era = z / 146097, of_era = z - era * 146097;
    int32_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int32_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int32_t m = (5 * of_year + 2) / 153;
    *ret_day = of_year - (153 * m + 2) / 5 + 1;
    *ret_month = m < 10 ? m + 3 : m - 9;
    *ret_year = y + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

static int32_t digits(const char *p, size_t n)
{
    int32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

int32_t score_day_parse(const char *text)
{
    if (text == NULL || strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return SCORE_DAY_NONE;
    return score_day_make(digits(text, 4), digits(text + 5, 2), digits(text + 8, 2));
}

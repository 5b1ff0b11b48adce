/* Citizen identity numbers (GB 11643-1999). The reasons are the gateway's own rows. */
#include <string.h>

#include "scores.h"

enum { LEN = 18 };

static int32_t two(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static int32_t birth_year(const char *n)
{
    return two(n + 6) * 100 + two(n + 8);
}

static const char *shape_fault(const char *n)
{
    size_t len = strlen(n);
    bool lower = false;
    for (size_t i = 0; i < len; i++) {
        bool last = i == LEN - 1;
        lower |= last && n[i] == 'x';
        if ((n[i] < '0' || n[i] > '9') && !(last && (n[i] == 'X' || n[i] == 'x')))
            return "citizen-id-charset";
    }
    if (len != LEN)
        return "citizen-id-length";
    return lower ? "id-lowercase" : NULL;
}

static bool sum_ok(const char *n)
{
    static const int32_t weight[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int32_t sum = 0;
    for (size_t i = 0; i < SCORE_LEN(weight); i++)
        sum += weight[i] * (n[i] - '0');
    return "10X98765432"[sum % 11] == n[LEN - 1];
}

const char *score_citizen_fault(const char *number, int32_t today)
{
    const char *fault = shape_fault(number);
    if (fault != NULL)
        return fault;
    if (!sum_ok(number))
        return "citizen-id-check";
    int32_t born = score_day_make(birth_year(number), two(number + 10), two(number + 12));
    return born == SCORE_DAY_NONE || born > today ? "citizen-id-date" : NULL;
}

int32_t score_citizen_age(const char *number, int32_t today)
{
    int32_t y, m, d, month = two(number + 10), day = two(number + 12);
    score_day_parts(today, &y, &m, &d);
    return y - birth_year(number) - (m < month || (m == month && d < day) ? 1 : 0);
}

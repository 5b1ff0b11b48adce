/* Dates by pattern. A run of one letter is a number of that many digits, filled with zeros; a
 * single M, D, h, m or s is a number without them ("YYYY/M/D"). Parse accepts what format writes,
 * nothing else, so a date that parses is written back as it was. */
#include "canon/canon.h"

struct parts {
    int32_t year, month, day, hour, minute, second;
};

/* NULL: a literal. */
static int32_t *part_of(struct parts *p, char letter)
{
    switch (letter) {
    case 'Y':
        return &p->year;
    case 'M':
        return &p->month;
    case 'D':
        return &p->day;
    case 'h':
        return &p->hour;
    case 'm':
        return &p->minute;
    case 's':
        return &p->second;
    default:
        return NULL;
    }
}

static size_t run_of(const char *pattern)
{
    size_t n = 1;
    while (pattern[n] == pattern[0])
        n++;
    return n;
}

/* `digits` digits, or one or two without a leading zero when `digits` is 1. The number of bytes
 * used, 0 for no such number. */
static size_t take_number(struct gw_bytes v, size_t digits, int32_t *ret)
{
    size_t max = digits == 1 ? 2 : digits;
    int32_t n = 0;
    size_t i = 0;
    for (; i < max && i < v.len && v.ptr[i] >= '0' && v.ptr[i] <= '9'; i++)
        n = n * 10 + (v.ptr[i] - '0');
    bool padded = digits == 1 && i == 2 && v.ptr[0] == '0';
    if (i < digits || padded)
        return 0;
    *ret = n;
    return i;
}

enum gw_status gw_canon_date_parse(struct gw_bytes v, const char *pattern, struct gw_date *ret,
                                   int32_t *ret_second)
{
    struct parts p = {0};
    while (*pattern != '\0') {
        int32_t *part = part_of(&p, *pattern);
        size_t run = part != NULL ? run_of(pattern) : 1;
        size_t used = 1;
        if (part == NULL) {
            if (v.len == 0 || v.ptr[0] != (uint8_t)*pattern)
                return GW_INVALID;
        } else {
            if (run > 4)
                return GW_INVALID;
            used = take_number(v, run, part);
            if (used == 0)
                return GW_INVALID;
        }
        pattern += run;
        v = gw_bytes_make(v.ptr + used, v.len - used);
    }
    if (v.len != 0 || p.year > 9999 || p.month > 12 || p.day > 31)
        return GW_INVALID;
    struct gw_date d = {(int16_t)p.year, (uint8_t)p.month, (uint8_t)p.day};
    if (!gw_date_valid(d) || p.hour > 23 || p.minute > 59 || p.second > 59)
        return GW_INVALID;
    *ret = d;
    if (ret_second != NULL)
        *ret_second = p.hour * 3600 + p.minute * 60 + p.second;
    return GW_OK;
}

void gw_canon_date_format(struct gw_date d, int32_t second, const char *pattern, struct gw_buf *ret)
{
    struct parts p = {d.year, d.month, d.day, second / 3600, second / 60 % 60, second % 60};
    while (*pattern != '\0') {
        const int32_t *part = part_of(&p, *pattern);
        size_t run = 1;
        if (part == NULL) {
            gw_buf_u8(ret, (uint8_t)*pattern);
        } else {
            run = run_of(pattern);
            gw_buf_printf(ret, "%0*d", (int)run, (int)*part);
        }
        pattern += run;
    }
}

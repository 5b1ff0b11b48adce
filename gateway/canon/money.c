/* Money: decimal text to fen and back in integers, so that nothing is ever rounded. */
#include "canon/canon.h"

/* Columns are decimal(18,6): twelve digits before the point, six after it. */
enum { MAX_WHOLE = 12, MAX_DECIMALS = 6, MAX_TEXT = 40 };

/* Digits behind the point that `unit_fen` can express: 2 for yuan, 6 for ten thousand yuan. */
static unsigned unit_digits(int64_t unit_fen)
{
    unsigned n = 0;
    int64_t v = unit_fen;
    for (; v >= 10 && v % 10 == 0; v /= 10)
        n++;
    (void)GW_BUG_ON(v != 1 || n > MAX_DECIMALS);
    return n;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

enum gw_status gw_canon_money_parse(struct gw_bytes v, int64_t unit_fen, int64_t *ret_fen)
{
    size_t point = 0;
    while (point < v.len && is_digit(v.ptr[point]))
        point++;
    size_t decimals = 0;
    if (point < v.len) {
        if (v.ptr[point] != '.')
            return GW_INVALID;
        decimals = v.len - point - 1;
        for (size_t i = point + 1; i < v.len; i++) {
            if (!is_digit(v.ptr[i]))
                return GW_INVALID;
        }
        if (decimals == 0)
            return GW_INVALID;
    }
    /* ".2" is legal: Oracle writes 0.2 so. */
    if (point == 0 && decimals == 0)
        return GW_INVALID;
    if (v.len > MAX_TEXT)
        return GW_TOO_LARGE;

    size_t zeros = 0;
    while (zeros < point && v.ptr[zeros] == '0')
        zeros++;
    if (point - zeros > MAX_WHOLE)
        return GW_TOO_LARGE;
    if (decimals > MAX_DECIMALS)
        return GW_UNSUPPORTED;
    int64_t fen = 0;
    for (size_t i = zeros; i < point; i++)
        fen = fen * 10 + (v.ptr[i] - '0');
    /* At most 10^12 x 10^6: no overflow. */
    unsigned places = unit_digits(unit_fen);
    for (unsigned i = 0; i < places; i++) {
        int digit = i < decimals ? v.ptr[point + 1 + i] - '0' : 0;
        fen = fen * 10 + digit;
    }
    /* "2000.0000" yuan is exact; "2000.005" is not. */
    for (size_t i = places; i < decimals; i++) {
        if (v.ptr[point + 1 + i] != '0')
            return GW_UNSUPPORTED;
    }
    *ret_fen = fen;
    return GW_OK;
}

void gw_canon_money_format(int64_t fen, int64_t unit_fen, unsigned decimals, struct gw_buf *ret)
{
    unsigned places = unit_digits(unit_fen);
    uint64_t unit = (uint64_t)unit_fen;
    uint64_t abs = fen < 0 ? 0 - (uint64_t)fen : (uint64_t)fen;
    uint64_t rest = abs % unit;
    char digit[MAX_DECIMALS];
    for (unsigned i = places; i-- > 0; rest /= 10)
        digit[i] = (char)('0' + rest % 10);
    unsigned shown = places;
    while (shown > decimals && shown > 0 && digit[shown - 1] == '0')
        shown--;
    gw_buf_printf(ret, "%s%llu", fen < 0 ? "-" : "", (unsigned long long)(abs / unit));
    if (shown == 0 && decimals == 0)
        return;
    gw_buf_u8(ret, '.');
    gw_buf_append(ret, digit, shown);
    for (unsigned i = shown; i < decimals; i++)
        gw_buf_u8(ret, '0');
}

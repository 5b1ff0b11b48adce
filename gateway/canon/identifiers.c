/* Identifiers of subjects (formats.md section 5): unified social credit code, citizen identity
 * number, organisation code, registration number. Checks only; repair is a separate, counted step.
 */
#include "base/cursor.h"
#include "base/text.h"
#include "canon/canon.h"

enum { USCC_LEN = 18, CITIZEN_LEN = 18, ORGCODE_LEN = 9, REGNO_LEN = 15 };

/* The reasons of one kind of identifier; empty and lower case are the same for all. */
struct reasons {
    const char *charset;
    const char *length;
};

static enum gw_status refuse(const char **ret_reason, const char *reason)
{
    *ret_reason = reason;
    return GW_INVALID;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

/* Which characters position `i` may hold. */
typedef bool (*allowed_fn)(size_t i, uint8_t c);

/* Emptiness, length, alphabet and case, in this order; but a character outside ASCII is a wrong
 * character, not a wrong length. */
static enum gw_status check_shape(struct gw_bytes v, size_t len, allowed_fn allowed,
                                  const struct reasons *why, const char **ret_reason)
{
    if (v.len == 0)
        return refuse(ret_reason, "id-empty");
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] >= 0x80)
            return refuse(ret_reason, why->charset);
    }
    if (v.len != len)
        return refuse(ret_reason, why->length);
    bool lower = false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = v.ptr[i];
        if (is_lower(c)) {
            lower = true;
            c = (uint8_t)(c - 'a' + 'A');
        }
        if (!allowed(i, c))
            return refuse(ret_reason, why->charset);
    }
    return lower ? refuse(ret_reason, "id-lowercase") : GW_OK;
}

/* ---- organisation code, GB 11714-1997 ---- */

static bool orgcode_allows(size_t i, uint8_t c)
{
    if (i == ORGCODE_LEN - 1)
        return is_digit(c) || c == 'X';
    return is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool orgcode_sum_ok(const uint8_t *p)
{
    static const uint8_t weight[] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < GW_ARRAY_LEN(weight); i++)
        sum += weight[i] * (is_digit(p[i]) ? p[i] - '0' : p[i] - 'A' + 10);
    return "0X987654321"[sum % 11] == (char)p[8];
}

enum gw_status gw_canon_orgcode_check(struct gw_bytes v, const char **ret_reason)
{
    static const struct reasons why = {"orgcode-charset", "orgcode-length"};
    GW_TRY(check_shape(v, ORGCODE_LEN, orgcode_allows, &why, ret_reason));
    if (!orgcode_sum_ok(v.ptr))
        return refuse(ret_reason, "orgcode-check");
    return GW_OK;
}

/* ---- unified social credit code, GB 32100-2015 ---- */

static const char uscc_alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/* Value of a character of the 31-letter alphabet, -1 outside it. */
static int uscc_value(uint8_t c)
{
    const char *at = c != 0 ? strchr(uscc_alphabet, c) : NULL;
    return at != NULL ? (int)(at - uscc_alphabet) : -1;
}

static bool uscc_allows(size_t i, uint8_t c)
{
    /* Positions 3 to 8 are an area code. Which departments (1) and kinds (2) exist has changed
     * over the years, so any letter of the alphabet passes there. */
    return i >= 2 && i < 8 ? is_digit(c) : uscc_value(c) >= 0;
}

static bool uscc_sum_ok(const uint8_t *p)
{
    static const uint8_t weight[] = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                     29, 25, 13, 8,  24, 10, 30, 28};
    int sum = 0;
    for (size_t i = 0; i < GW_ARRAY_LEN(weight); i++)
        sum += weight[i] * uscc_value(p[i]);
    return (31 - sum % 31) % 31 == uscc_value(p[17]);
}

bool gw_canon_uscc_is_filler(struct gw_bytes v)
{
    return gw_bytes_eq(v, GW_BYTES_LIT("00000000000000000X"));
}

enum gw_status gw_canon_uscc_check(struct gw_bytes v, bool strict_inner, const char **ret_reason)
{
    static const struct reasons why = {"uscc-charset", "uscc-length"};
    if (gw_canon_uscc_is_filler(v))
        return refuse(ret_reason, "uscc-placeholder");
    GW_TRY(check_shape(v, USCC_LEN, uscc_allows, &why, ret_reason));
    if (!uscc_sum_ok(v.ptr))
        return refuse(ret_reason, "uscc-check");
    if (strict_inner && !orgcode_sum_ok(v.ptr + 8))
        return refuse(ret_reason, "uscc-inner-check");
    return GW_OK;
}

struct gw_bytes gw_canon_uscc_area(struct gw_bytes uscc)
{
    if (uscc.len != USCC_LEN || gw_canon_uscc_is_filler(uscc))
        return GW_BYTES_NONE;
    for (size_t i = 2; i < 8; i++) {
        if (!is_digit(uscc.ptr[i]))
            return GW_BYTES_NONE;
    }
    return gw_bytes_make(uscc.ptr + 2, 6);
}

/* ---- citizen identity number, GB 11643-1999 ---- */

static bool citizen_allows(size_t i, uint8_t c)
{
    return is_digit(c) || (i == CITIZEN_LEN - 1 && c == 'X');
}

static int two_digits(const uint8_t *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Province codes of GB/T 2260. Counties come and go, and stay inside identifiers for a lifetime
 * (330621 and 330682 are withdrawn and alive): only the province is checked. */
static bool province_known(int code)
{
    static const uint8_t known[] = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                    35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                    53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83};
    for (size_t i = 0; i < GW_ARRAY_LEN(known); i++) {
        if (known[i] == code)
            return true;
    }
    return false;
}

static struct gw_date birth_of(const uint8_t *p)
{
    return (struct gw_date){(int16_t)(two_digits(p + 6) * 100 + two_digits(p + 8)),
                            (uint8_t)two_digits(p + 10), (uint8_t)two_digits(p + 12)};
}

static bool citizen_sum_ok(const uint8_t *p)
{
    static const uint8_t weight[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < GW_ARRAY_LEN(weight); i++)
        sum += weight[i] * (p[i] - '0');
    return "10X98765432"[sum % 11] == (char)p[17];
}

enum gw_status gw_canon_citizen_id_check(struct gw_bytes v, struct gw_date today,
                                         const char **ret_reason)
{
    static const struct reasons why = {"citizen-id-charset", "citizen-id-length"};
    GW_TRY(check_shape(v, CITIZEN_LEN, citizen_allows, &why, ret_reason));
    if (!citizen_sum_ok(v.ptr))
        return refuse(ret_reason, "citizen-id-check");
    if (!province_known(two_digits(v.ptr)))
        return refuse(ret_reason, "citizen-id-area");
    struct gw_date birth = birth_of(v.ptr);
    if (!gw_date_valid(birth) || gw_date_cmp(birth, today) > 0)
        return refuse(ret_reason, "citizen-id-date");
    return GW_OK;
}

struct gw_date gw_canon_citizen_id_birth(struct gw_bytes v)
{
    struct gw_date none = {0, 0, 0};
    if (v.len != CITIZEN_LEN)
        return none;
    for (size_t i = 0; i < CITIZEN_LEN - 1; i++) {
        if (!is_digit(v.ptr[i]))
            return none;
    }
    struct gw_date birth = birth_of(v.ptr);
    return gw_date_valid(birth) ? birth : none;
}

/* ---- registration number, GS15-2006 ---- */

static bool regno_allows(size_t i, uint8_t c)
{
    (void)i;
    return is_digit(c);
}

/* ISO 7064 MOD 11,10 */
static bool regno_sum_ok(const uint8_t *p)
{
    int rest = 10;
    for (size_t i = 0; i < REGNO_LEN - 1; i++) {
        rest = (rest + p[i] - '0') % 10;
        rest = (rest == 0 ? 10 : rest) * 2 % 11;
    }
    return (rest + p[REGNO_LEN - 1] - '0') % 10 == 1;
}

enum gw_status gw_canon_regno_check(struct gw_bytes v, const char **ret_reason)
{
    static const struct reasons why = {"regno-charset", "regno-length"};
    GW_TRY(check_shape(v, REGNO_LEN, regno_allows, &why, ret_reason));
    if (!regno_sum_ok(v.ptr))
        return refuse(ret_reason, "regno-check");
    return GW_OK;
}

/* ---- repair ---- */

static bool is_blank(uint32_t cp)
{
    switch (cp) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case 0x00a0: /* no-break space */
    case 0x3000: /* ideographic space */
    case 0xfeff: /* byte order mark */
        return true;
    default:
        return false;
    }
}

static uint32_t fold(uint32_t cp)
{
    bool wide = (cp >= 0xff10 && cp <= 0xff19) || (cp >= 0xff21 && cp <= 0xff3a) ||
                (cp >= 0xff41 && cp <= 0xff5a);
    if (wide)
        cp -= 0xfee0;
    return cp >= 'a' && cp <= 'z' ? cp - 'a' + 'A' : cp;
}

enum gw_status gw_canon_id_repair(struct gw_bytes v, struct gw_buf *ret, bool *ret_changed)
{
    if (!gw_utf8_valid(v))
        return GW_INVALID;
    size_t start = ret->len;
    size_t end = start; /* behind the last character that is not blank */
    struct gw_cursor c = gw_cursor_make(v);
    while (gw_cursor_left(&c) != 0) {
        uint32_t cp;
        GW_TRY(gw_utf8_next(&c, &cp));
        bool blank = is_blank(cp);
        if (blank && end == start)
            continue;
        gw_utf8_put(ret, fold(cp));
        if (!blank)
            end = ret->len;
    }
    GW_TRY(gw_buf_failed(ret));
    ret->len = end;
    struct gw_bytes repaired =
        end != start ? gw_bytes_make(ret->ptr + start, end - start) : GW_BYTES_NONE;
    *ret_changed = !gw_bytes_eq(repaired, v);
    return GW_OK;
}

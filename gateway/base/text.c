/* Text helpers. All take borrowed bytes and assume nothing about NUL or the locale. */
#include "base/text.h"

#include "base/cursor.h"

enum { MAX_DISTANCE_NAME = 128, REPLACEMENT = 0xfffd };

/* Length of the sequence at the start of `p`, 0 when malformed (RFC 3629 section 4: overlong forms,
 * surrogates and what is over U+10FFFF are excluded by the range of the second byte). */
static size_t utf8_len(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    if (lead < 0x80)
        return 1;
    size_t len = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (len == 0 || len > left)
        return 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

bool gw_utf8_valid(struct gw_bytes b)
{
    size_t i = 0;
    while (i < b.len) {
        uint64_t word;
        /* Eight ASCII bytes at once: most of what passes is ASCII names and digits. */
        if (b.len - i >= sizeof(word)) {
            memcpy(&word, b.ptr + i, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof(word);
                continue;
            }
        }
        size_t len = utf8_len(b.ptr + i, b.len - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t gw_utf8_chars(struct gw_bytes b)
{
    size_t n = 0;
    for (size_t i = 0; i < b.len; i++)
        n += (b.ptr[i] & 0xc0) != 0x80;
    return n;
}

struct gw_bytes gw_utf8_cut(struct gw_bytes b, size_t max)
{
    if (b.len <= max)
        return b;
    size_t len = max;
    while (len > 0 && (b.ptr[len] & 0xc0) == 0x80)
        len--;
    return gw_bytes_make(b.ptr, len);
}

enum gw_status gw_utf8_next(struct gw_cursor *c, uint32_t *ret)
{
    size_t left = gw_cursor_left(c);
    size_t len = left != 0 ? utf8_len(c->ptr, left) : 0;
    if (len == 0)
        return GW_INVALID;
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t cp = c->ptr[0] & lead_mask[len];
    for (size_t i = 1; i < len; i++)
        cp = cp << 6 | (c->ptr[i] & 0x3f);
    c->ptr += len;
    *ret = cp;
    return GW_OK;
}

static bool is_hidden(uint32_t cp)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {
        {0x00, 0x08},     {0x0b, 0x0c},     {0x0e, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},
        {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},   {0x2028, 0x202e}, {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(ranges); i++) {
        if (cp >= ranges[i].from && cp <= ranges[i].to)
            return true;
    }
    return false;
}

bool gw_text_has_hidden(struct gw_bytes b)
{
    struct gw_cursor c = gw_cursor_make(b);
    uint32_t cp;
    while (gw_utf8_next(&c, &cp) == GW_OK) {
        /* CJK ideographs and printing ASCII: nearly all there is. */
        if ((cp < 0x20 || cp > 0x7e) && (cp < 0x3000 || cp > 0x9fff) && is_hidden(cp))
            return true;
    }
    return false;
}

void gw_utf8_put(struct gw_buf *b, uint32_t cp)
{
    uint8_t out[4];
    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        cp = REPLACEMENT;
    if (cp < 0x80) {
        gw_buf_u8(b, (uint8_t)cp);
        return;
    }
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; cp >>= 6)
        out[i] = (uint8_t)(0x80 | (cp & 0x3f));
    out[0] = (uint8_t)(lead[len] | cp);
    gw_buf_append(b, out, len);
}

void gw_hex_put(struct gw_buf *b, struct gw_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t len;
    if (__builtin_mul_overflow(bytes.len, 2, &len))
        len = SIZE_MAX;
    uint8_t *at = gw_buf_extend(b, len);
    if (at == NULL)
        return;
    for (size_t i = 0; i < bytes.len; i++) {
        at[2 * i] = (uint8_t)digits[bytes.ptr[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[bytes.ptr[i] & 15];
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum gw_status gw_hex_decode(struct gw_bytes hex, uint8_t *ret, size_t ret_len)
{
    if (hex.len % 2 != 0 || hex.len / 2 != ret_len)
        return GW_INVALID;
    for (size_t i = 0; i < hex.len; i++) {
        if (hex_value(hex.ptr[i]) < 0)
            return GW_INVALID;
    }
    for (size_t i = 0; i < ret_len; i++)
        ret[i] = (uint8_t)(hex_value(hex.ptr[2 * i]) << 4 | hex_value(hex.ptr[2 * i + 1]));
    return GW_OK;
}

static const char alphabet_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put64(struct gw_buf *b, struct gw_bytes in, const char *alphabet, bool pad)
{
    size_t tail = in.len % 3;
    size_t len;
    if (__builtin_mul_overflow(in.len / 3 + (tail != 0), 4, &len))
        len = SIZE_MAX;
    if (tail != 0 && !pad)
        len -= 3 - tail;
    uint8_t *at = gw_buf_extend(b, len);
    if (at == NULL)
        return;
    const uint8_t *p = in.ptr;
    for (size_t n = in.len / 3; n > 0; n--, p += 3, at += 4) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        at[0] = (uint8_t)alphabet[v >> 18];
        at[1] = (uint8_t)alphabet[v >> 12 & 63];
        at[2] = (uint8_t)alphabet[v >> 6 & 63];
        at[3] = (uint8_t)alphabet[v & 63];
    }
    if (tail == 0)
        return;
    uint32_t v = (uint32_t)p[0] << 16 | (tail == 2 ? (uint32_t)p[1] << 8 : 0);
    *at++ = (uint8_t)alphabet[v >> 18];
    *at++ = (uint8_t)alphabet[v >> 12 & 63];
    if (tail == 2)
        *at++ = (uint8_t)alphabet[v >> 6 & 63];
    for (size_t i = tail; pad && i < 3; i++)
        *at++ = '=';
}

/* Arithmetic, not a table: five compares, and one function for both alphabets. */
static int value64(uint8_t c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    if (c == (url ? '_' : '/'))
        return 63;
    return -1;
}

/* `text` without padding. Two passes: nothing is written before everything is known to be good. */
static enum gw_status decode64(struct gw_bytes text, bool url, struct gw_buf *ret)
{
    size_t tail = text.len % 4;
    if (tail == 1)
        return GW_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        if (value64(text.ptr[i], url) < 0)
            return GW_INVALID;
    }
    /* RFC 4648 section 3.5: pad bits of the last character must be zero. */
    if (tail != 0) {
        int last = value64(text.ptr[text.len - 1], url);
        if ((last & (tail == 2 ? 15 : 3)) != 0)
            return GW_INVALID;
    }
    uint8_t *at = gw_buf_extend(ret, text.len / 4 * 3 + (tail != 0 ? tail - 1 : 0));
    if (at == NULL)
        return gw_buf_failed(ret);
    uint32_t v = 0;
    for (size_t i = 0; i < text.len; i++) {
        v = v << 6 | (uint32_t)value64(text.ptr[i], url);
        if (i % 4 == 3) {
            *at++ = (uint8_t)(v >> 16);
            *at++ = (uint8_t)(v >> 8);
            *at++ = (uint8_t)v;
            v = 0;
        }
    }
    if (tail == 2)
        *at++ = (uint8_t)(v >> 4);
    if (tail == 3) {
        *at++ = (uint8_t)(v >> 10);
        *at++ = (uint8_t)(v >> 2);
    }
    return GW_OK;
}

void gw_base64_put(struct gw_buf *b, struct gw_bytes bytes)
{
    put64(b, bytes, alphabet_std, true);
}

enum gw_status gw_base64_decode(struct gw_bytes text, struct gw_buf *ret)
{
    if (text.len % 4 != 0)
        return GW_INVALID;
    for (int i = 0; i < 2 && text.len != 0 && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    return decode64(text, false, ret);
}

void gw_base64url_put(struct gw_buf *b, struct gw_bytes bytes)
{
    put64(b, bytes, alphabet_url, false);
}

enum gw_status gw_base64url_decode(struct gw_bytes text, struct gw_buf *ret)
{
    return decode64(text, true, ret);
}

enum gw_status gw_text_u64(struct gw_bytes b, uint64_t *ret)
{
    if (b.len == 0 || (b.ptr[0] == '0' && b.len != 1))
        return GW_INVALID;
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) {
        unsigned digit = (unsigned)b.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return GW_INVALID;
    }
    *ret = v;
    return GW_OK;
}

static void json_escape_put(struct gw_buf *b, uint8_t c, bool named)
{
    static const char digits[] = "0123456789abcdef";
    static const char values[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    const char *at = memchr(values, c, named ? sizeof(values) - 1 : 2);
    if (at != NULL) {
        char escape[] = {'\\', names[at - values]};
        gw_buf_append(b, escape, sizeof(escape));
    } else {
        char escape[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
        gw_buf_append(b, escape, sizeof(escape));
    }
}

static void json_string_put(struct gw_buf *b, struct gw_bytes s, bool named)
{
    gw_buf_u8(b, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        gw_buf_append(b, s.ptr + from, i - from);
        from = i + 1;
        json_escape_put(b, c, named);
    }
    if (from < s.len)
        gw_buf_append(b, s.ptr + from, s.len - from);
    gw_buf_u8(b, '"');
}

void gw_json_put_string(struct gw_buf *b, struct gw_bytes s)
{
    json_string_put(b, s, false);
}

void gw_json_put_string_named(struct gw_buf *b, struct gw_bytes s)
{
    json_string_put(b, s, true);
}

/* Characters of `b` into `ret`; a byte that is not UTF-8 stands for itself, outside Unicode. */
static size_t to_chars(struct gw_bytes b, uint32_t ret[MAX_DISTANCE_NAME])
{
    struct gw_cursor c = gw_cursor_make(b);
    size_t n = 0;
    while (gw_cursor_left(&c) != 0) {
        if (n == MAX_DISTANCE_NAME)
            return n + 1;
        if (gw_utf8_next(&c, &ret[n]) != GW_OK)
            ret[n] = 0x80000000u | *c.ptr++;
        n++;
    }
    return n;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned gw_text_distance(struct gw_bytes a, struct gw_bytes b, unsigned cap)
{
    if (gw_bytes_eq(a, b))
        return 0;
    uint32_t ca[MAX_DISTANCE_NAME];
    uint32_t cb[MAX_DISTANCE_NAME];
    size_t na = to_chars(a, ca);
    size_t nb = to_chars(b, cb);
    if (na > MAX_DISTANCE_NAME || nb > MAX_DISTANCE_NAME)
        return cap;
    if ((na > nb ? na - nb : nb - na) >= cap)
        return cap;
    /* Three rows of the table of optimal string alignment: i-2, i-1, i. */
    unsigned table[3][MAX_DISTANCE_NAME + 1];
    unsigned *two = table[0];
    unsigned *one = table[1];
    unsigned *row = table[2];
    for (size_t j = 0; j <= nb; j++)
        one[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = (unsigned)i;
        unsigned least = row[0];
        for (size_t j = 1; j <= nb; j++) {
            unsigned change = ca[i - 1] != cb[j - 1];
            row[j] = min3(one[j] + 1, row[j - 1] + 1, one[j - 1] + change);
            if (i > 1 && j > 1 && ca[i - 1] == cb[j - 2] && ca[i - 2] == cb[j - 1] &&
                two[j - 2] + 1 < row[j])
                row[j] = two[j - 2] + 1;
            if (row[j] < least)
                least = row[j];
        }
        /* Later rows are never below this one, swaps included (two rows back is at most one less).
         */
        if (least >= cap)
            return cap;
        unsigned *spare = two;
        two = one;
        one = row;
        row = spare;
    }
    return one[nb] < cap ? one[nb] : cap;
}

bool gw_text_word(struct gw_bytes *list, struct gw_bytes *ret)
{
    while (list->len > 0 && *list->ptr == ' ') {
        list->ptr++;
        list->len--;
    }
    if (list->len == 0)
        return false;
    const uint8_t *end = memchr(list->ptr, ' ', list->len);
    size_t len = end != NULL ? (size_t)(end - list->ptr) : list->len;
    *ret = gw_bytes_make(list->ptr, len);
    list->ptr += len;
    list->len -= len;
    return true;
}

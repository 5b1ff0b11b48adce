/* Looks over a file before libconfig 1.5 does, for what it takes without a word and gets wrong:
 * whole numbers beyond 32 bits (wrapped), a comment without an end (swallows the rest), "\x00" in a
 * string (cuts it), @include (would escape the digest). All else is left to libconfig. */
#include <ctype.h>

#include "base/cursor.h"
#include "base/text.h"
#include "config/config_internal.h"

struct scan {
    struct gw_cursor c;
    const char *file;
    unsigned line;
    bool at_line_start; /* only blanks since */
    struct gw_buf *report;
};

static uint8_t peek(const struct scan *s, size_t ahead)
{
    return gw_cursor_left(&s->c) > ahead ? s->c.ptr[ahead] : '\0';
}

static void skip(struct scan *s, size_t n)
{
    for (; n > 0 && gw_cursor_left(&s->c) > 0; n--) {
        uint8_t ch = *s->c.ptr++;
        if (ch == '\n')
            s->line++;
        s->at_line_start = ch == '\n' || (s->at_line_start && (ch == ' ' || ch == '\t'));
    }
}

static enum gw_status complain(const struct scan *s, unsigned line, const char *what)
{
    gw_buf_printf(s->report, "%s:%u: %s\n", s->file, line, what);
    return GW_INVALID;
}

static void line_comment(struct scan *s)
{
    while (gw_cursor_left(&s->c) > 0 && peek(s, 0) != '\n')
        skip(s, 1);
}

static enum gw_status block_comment(struct scan *s)
{
    unsigned from = s->line;
    for (skip(s, 2); gw_cursor_left(&s->c) > 0; skip(s, 1)) {
        if (peek(s, 0) == '*' && peek(s, 1) == '/') {
            skip(s, 2);
            return GW_OK;
        }
    }
    return complain(s, from, "a comment that begins here has no end");
}

static enum gw_status string(struct scan *s)
{
    unsigned from = s->line;
    for (skip(s, 1); gw_cursor_left(&s->c) > 0; skip(s, 1)) {
        if (peek(s, 0) == '"') {
            skip(s, 1);
            return GW_OK;
        }
        if (peek(s, 0) != '\\')
            continue;
        if (peek(s, 1) == 'x' && peek(s, 2) == '0' && peek(s, 3) == '0')
            return complain(s, s->line, "a NUL character (\\x00) in a string");
        skip(s, 1);
    }
    return complain(s, from, "a string that begins here has no end");
}

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '-' || c == '*';
}

static bool fits(struct gw_bytes digits, bool hex, bool minus, bool wide)
{
    uint64_t v = 0;
    uint64_t base = hex ? 16 : 10;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t d = digits.ptr[i];
        uint64_t digit = isdigit(d) ? (uint64_t)(d - '0') : (uint64_t)(tolower(d) - 'a' + 10);
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    uint64_t top = wide ? (uint64_t)INT64_MAX : (uint64_t)INT32_MAX;
    return v <= (minus ? top + 1 : top);
}

static enum gw_status number(struct scan *s)
{
    bool minus = peek(s, 0) == '-';
    if (minus || peek(s, 0) == '+')
        skip(s, 1);
    bool hex = peek(s, 0) == '0' && (peek(s, 1) == 'x' || peek(s, 1) == 'X');
    if (hex)
        skip(s, 2);
    const uint8_t *from = s->c.ptr;
    while (hex ? isxdigit(peek(s, 0)) : isdigit(peek(s, 0)))
        skip(s, 1);
    struct gw_bytes digits = gw_bytes_make(from, (size_t)(s->c.ptr - from));
    uint8_t after = peek(s, 0);
    bool wide = after == 'L';
    bool decimal = !hex && (after == '.' || after == 'e' || after == 'E');
    enum gw_status st = GW_OK;
    if (!decimal && !fits(digits, hex, minus, wide))
        st = complain(s, s->line,
                      wide ? "a number does not fit 64 bits"
                           : "a number does not fit 32 bits: write L after it, as 5000000000L");
    while (is_word(peek(s, 0)) || peek(s, 0) == '.')
        skip(s, 1);
    return st;
}

static bool starts_number(const struct scan *s)
{
    uint8_t c = peek(s, 0);
    return isdigit(c) || ((c == '-' || c == '+') && isdigit(peek(s, 1)));
}

static enum gw_status step(struct scan *s)
{
    static const char include[] = "@include";
    uint8_t c = peek(s, 0);
    if (c == '\0')
        return complain(s, s->line, "a NUL byte");
    if (c == '"')
        return string(s);
    if (c == '/' && peek(s, 1) == '*')
        return block_comment(s);
    if (c == '#' || (c == '/' && peek(s, 1) == '/')) {
        line_comment(s);
        return GW_OK;
    }
    if (s->at_line_start && c == '@' && gw_cursor_left(&s->c) >= sizeof include - 1 &&
        memcmp(s->c.ptr, include, sizeof include - 1) == 0)
        return complain(s, s->line,
                        "@include is not supported: the digest of a file must cover all of it");
    if (starts_number(s))
        return number(s);
    if (isalpha(c) || c == '*') {
        while (is_word(peek(s, 0)))
            skip(s, 1);
        return GW_OK;
    }
    skip(s, 1);
    return GW_OK;
}

enum gw_status gw_config_scan(struct gw_bytes text, const char *file, struct gw_buf *report)
{
    if (!gw_utf8_valid(text)) {
        gw_buf_printf(report, "%s: not UTF-8\n", file);
        return GW_INVALID;
    }
    struct scan s = {gw_cursor_make(text), file, 1, true, report};
    while (gw_cursor_left(&s.c) > 0)
        GW_TRY(step(&s));
    return GW_OK;
}

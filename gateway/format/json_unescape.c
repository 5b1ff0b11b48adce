/* The escapes of a JSON string, character by character; see json_unescape.h. RFC 8259 section 7. */
#include "format/json_unescape.h"

#include <string.h>

#include "base/text.h"

static enum gw_status hex_digit(struct gw_json_unescape *u, uint8_t c)
{
    uint32_t v = c >= '0' && c <= '9' ? c - (uint32_t)'0' : (c | 32u) - 'a' + 10;
    if (v > 15 || (c > '9' && (c | 32) < 'a'))
        return GW_INVALID;
    u->hex = u->hex << 4 | v;
    if (--u->hex_left != 0)
        return GW_OK;
    bool is_low = u->hex >= 0xdc00 && u->hex < 0xe000;
    if (is_low != (u->high != 0))
        return GW_INVALID;
    if (u->hex >= 0xd800 && u->hex < 0xdc00) {
        u->high = u->hex;
        return GW_OK;
    }
    gw_utf8_put(&u->text,
                is_low ? 0x10000 + ((u->high - 0xd800) << 10) + (u->hex - 0xdc00) : u->hex);
    u->high = 0;
    return GW_OK;
}

static enum gw_status escape(struct gw_json_unescape *u, uint8_t c)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    u->escaped = false;
    if (c == 'u') {
        u->hex_left = 4;
        u->hex = 0;
        return GW_OK;
    }
    const char *at = c != 0 ? strchr(names, c) : NULL;
    if (at == NULL || u->high != 0)
        return GW_INVALID;
    gw_buf_u8(&u->text, (uint8_t)values[at - names]);
    return GW_OK;
}

enum gw_status gw_json_unescape(struct gw_json_unescape *u, uint8_t c, bool *ret_end)
{
    if (u->hex_left != 0)
        return hex_digit(u, c);
    if (u->escaped)
        return escape(u, c);
    if (c == '\\') {
        u->escaped = true;
        return GW_OK;
    }
    if (u->high != 0 || c < 0x20)
        return GW_INVALID;
    if (c == '"')
        *ret_end = true;
    else
        gw_buf_u8(&u->text, c);
    return GW_OK;
}

/* The small grammars of PROTOCOL-HTTP2.md: metadata, binary values, percent-encoding, timeouts. */
#include <stdio.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/text.h"
#include "grpc/grpc_internal.h"

bool gw_grpc_name_valid(struct gw_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return name.len > 0;
}

bool gw_grpc_ascii_valid(struct gw_bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e)
            return false;
    return true;
}

bool gw_grpc_name_is_binary(struct gw_bytes name)
{
    return name.len > 4 && memcmp(name.ptr + name.len - 4, "-bin", 4) == 0;
}

bool gw_grpc_name_is_reserved(struct gw_bytes name)
{
    static const char *const http[] = {"content-type", "te", "user-agent", "host"};
    if (name.len == 0 || name.ptr[0] == ':' || gw_bytes_has_prefix(name, GW_BYTES_LIT("grpc-")))
        return true;
    for (size_t i = 0; i < GW_ARRAY_LEN(http); i++)
        if (gw_bytes_eq_str(name, http[i]))
            return true;
    return false;
}

struct gw_bytes gw_grpc_metadata_find(const struct gw_grpc_metadata *m, size_t count,
                                      const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (gw_bytes_eq_str(m[i].name, name))
            return m[i].value;
    return GW_BYTES_NONE;
}

/* -------------------------------------------------------------------------------- binary values */

enum gw_status gw_grpc_binary_decode(struct gw_arena *a, struct gw_bytes text, struct gw_bytes *ret)
{
    size_t pad = (4 - text.len % 4) % 4;
    char *padded = gw_arena_alloc(a, text.len + pad);
    uint8_t *out = gw_arena_alloc(a, text.len / 4 * 3 + 3);
    if (padded == NULL || out == NULL)
        return GW_NOMEM;
    if (text.len > 0)
        memcpy(padded, text.ptr, text.len);
    memset(padded + text.len, '=', pad);
    struct gw_buf b;
    gw_buf_init_fixed(&b, out, text.len / 4 * 3 + 3);
    GW_TRY(gw_base64_decode(gw_bytes_make(padded, text.len + pad), &b));
    GW_TRY(gw_buf_failed(&b));
    *ret = gw_buf_view(&b);
    return GW_OK;
}

enum gw_status gw_grpc_binary_encode(struct gw_arena *a, struct gw_bytes bytes,
                                     struct gw_bytes *ret)
{
    if (bytes.len > SIZE_MAX / 2)
        return GW_TOO_LARGE;
    size_t size = (bytes.len + 2) / 3 * 4;
    uint8_t *out = gw_arena_alloc(a, size);
    if (out == NULL)
        return GW_NOMEM;
    struct gw_buf b;
    gw_buf_init_fixed(&b, out, size);
    gw_base64_put(&b, bytes);
    GW_TRY(gw_buf_failed(&b));
    /* "Implementations MUST accept padded and un-padded values and should emit un-padded values."
     */
    while (b.len > 0 && b.ptr[b.len - 1] == '=')
        b.len--;
    *ret = gw_buf_view(&b);
    return GW_OK;
}

/* ------------------------------------------------------------------------------------- metadata */

static struct gw_bytes trim(struct gw_bytes b)
{
    while (b.len > 0 && (b.ptr[0] == ' ' || b.ptr[0] == '\t')) {
        b.ptr++;
        b.len--;
    }
    while (b.len > 0 && (b.ptr[b.len - 1] == ' ' || b.ptr[b.len - 1] == '\t'))
        b.len--;
    return b;
}

static size_t parts_count(struct gw_bytes b)
{
    size_t n = 1;
    for (size_t i = 0; i < b.len; i++)
        n += b.ptr[i] == ',';
    return n;
}

/* Not an error, as proxies add headers of their own; but not metadata either. */
static bool is_custom(struct gw_bytes name)
{
    return !gw_grpc_name_is_reserved(name) && gw_grpc_name_valid(name);
}

static size_t entries_count(const struct gw_http2_header *h, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (is_custom(h[i].name))
            n += gw_grpc_name_is_binary(h[i].name) ? parts_count(h[i].value) : 1;
    return n;
}

static enum gw_status binary_parts(struct gw_arena *a, struct gw_bytes name, struct gw_bytes value,
                                   struct gw_grpc_metadata *ret, size_t *pos)
{
    struct gw_cursor c = gw_cursor_make(value);
    bool more = true;
    while (more) {
        struct gw_bytes part;
        more = gw_cursor_until(&c, ',', &part) == GW_OK;
        if (!more)
            GW_TRY(gw_cursor_take(&c, gw_cursor_left(&c), &part));
        ret[*pos].name = name;
        GW_TRY(gw_grpc_binary_decode(a, trim(part), &ret[*pos].value));
        (*pos)++;
    }
    return GW_OK;
}

enum gw_status gw_grpc_metadata_parse(const struct gw_http2_header *h, size_t count,
                                      struct gw_arena *a, struct gw_grpc_metadata **ret,
                                      size_t *ret_count)
{
    size_t n = entries_count(h, count);
    struct gw_grpc_metadata *m = NULL;
    if (n > 0) {
        m = gw_arena_calloc(a, n, sizeof *m);
        if (m == NULL)
            return GW_NOMEM;
    }
    size_t pos = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_custom(h[i].name))
            continue;
        struct gw_bytes name = gw_arena_dup(a, h[i].name);
        if (gw_grpc_name_is_binary(name)) {
            GW_TRY(binary_parts(a, name, h[i].value, m, &pos));
            continue;
        }
        if (!gw_grpc_ascii_valid(h[i].value))
            return GW_INVALID;
        m[pos].name = name;
        m[pos].value = gw_arena_dup(a, h[i].value);
        pos++;
    }
    if (gw_arena_failed(a))
        return GW_NOMEM;
    *ret = m;
    *ret_count = pos;
    return GW_OK;
}

enum gw_status gw_grpc_metadata_encode(struct gw_arena *a, const struct gw_grpc_metadata *m,
                                       struct gw_http2_header *ret)
{
    if (!gw_grpc_name_valid(m->name) || gw_grpc_name_is_reserved(m->name))
        return GW_INVALID;
    struct gw_bytes value = m->value;
    if (gw_grpc_name_is_binary(m->name))
        GW_TRY(gw_grpc_binary_encode(a, m->value, &value));
    else if (!gw_grpc_ascii_valid(value))
        return GW_INVALID;
    ret->name = m->name;
    ret->value = value;
    return GW_OK;
}

/* ----------------------------------------------------------------------------- percent-encoding */

/* Percent-Byte-Unencoded: 0x20 to 0x24 and 0x26 to 0x7e. */
static bool percent_plain(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e && c != '%';
}

enum gw_status gw_grpc_percent_encode(struct gw_arena *a, struct gw_bytes text,
                                      struct gw_bytes *ret)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        len += percent_plain(text.ptr[i]) ? 1 : 3;
    if (len == text.len) {
        *ret = text;
        return GW_OK;
    }
    char *out = gw_arena_alloc(a, len);
    if (out == NULL)
        return GW_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (percent_plain(c)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    *ret = gw_bytes_make(out, n);
    return GW_OK;
}

enum gw_status gw_grpc_percent_decode(struct gw_arena *a, struct gw_bytes text,
                                      struct gw_bytes *ret)
{
    uint8_t *out = gw_arena_alloc(a, text.len + 1);
    if (out == NULL)
        return GW_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' && text.len - i > 2 &&
            gw_hex_decode(gw_bytes_make(text.ptr + i + 1, 2), out + n, 1) == GW_OK) {
            n++;
            i += 2;
        } else {
            out[n++] = text.ptr[i];
        }
    }
    *ret = gw_bytes_make(out, n);
    return GW_OK;
}

/* ------------------------------------------------------------------------------------- timeouts */

static const struct {
    char unit;
    int64_t ns;
} units[] = {
    {'n', 1},
    {'u', 1000},
    {'m', 1000000},
    {'S', INT64_C(1000000000)},
    {'M', INT64_C(60000000000)},
    {'H', INT64_C(3600000000000)},
};
enum { TIMEOUT_DIGITS = 8 };

enum gw_status gw_grpc_timeout_parse(struct gw_bytes text, int64_t *ret_us)
{
    if (text.len < 2 || text.len > TIMEOUT_DIGITS + 1)
        return GW_INVALID;
    int64_t v = 0;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return GW_INVALID;
        v = v * 10 + (text.ptr[i] - '0');
    }
    for (size_t i = 0; i < GW_ARRAY_LEN(units); i++) {
        if (text.ptr[text.len - 1] != units[i].unit)
            continue;
        /* 99999999 hours are 3.6e17 us: no overflow in microseconds. */
        int64_t us = units[i].ns >= 1000 ? v * (units[i].ns / 1000) : v / 1000;
        *ret_us = us > 0 ? us : 1;
        return GW_OK;
    }
    return GW_INVALID;
}

void gw_grpc_timeout_format(int64_t us, char ret[12])
{
    if (us < 0)
        us = 0;
    for (size_t i = 1; i < GW_ARRAY_LEN(units); i++) {
        int64_t v = us / (units[i].ns / 1000);
        if (v > 99999999 && i + 1 < GW_ARRAY_LEN(units))
            continue;
        (void)snprintf(ret, 12, "%u%c", (unsigned)(v > 99999999 ? 99999999 : v), units[i].unit);
        return;
    }
}

bool gw_grpc_content_type_valid(struct gw_bytes value)
{
    static const char base[] = "application/grpc";
    size_t len = sizeof base - 1;
    if (value.len < len || strncasecmp((const char *)value.ptr, base, len) != 0)
        return false;
    struct gw_bytes rest = gw_bytes_make(value.ptr + len, value.len - len);
    if (rest.len >= 6 && strncasecmp((const char *)rest.ptr, "+proto", 6) == 0)
        rest = gw_bytes_make(rest.ptr + 6, rest.len - 6);
    return rest.len == 0 || rest.ptr[0] == ';' || rest.ptr[0] == ' ';
}

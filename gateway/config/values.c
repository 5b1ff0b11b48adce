/* Units, once for all folders. No months and no years: those are calendar lengths, and law's
 * business. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "config/config_internal.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* From small to large; the first is what a bare number means. */
static const struct unit byte_units[] = {
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};
static const struct unit ms_units[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000},
};

static enum gw_status parse(struct gw_bytes text, const struct unit *units, size_t count,
                            bool unit_is_a_must, int64_t *ret)
{
    size_t digits = 0;
    while (digits < text.len && isdigit(text.ptr[digits]))
        digits++;
    size_t from = digits;
    while (from < text.len && text.ptr[from] == ' ')
        from++;
    if (digits == 0 || digits > 19)
        return GW_INVALID;
    uint64_t v;
    GW_TRY(gw_text_u64(gw_bytes_make(text.ptr, digits), &v));
    struct gw_bytes name = gw_bytes_make(text.ptr + from, text.len - from);
    int64_t factor = 0;
    for (size_t i = 0; i < count; i++)
        if (gw_bytes_eq_str(name, units[i].name))
            factor = units[i].factor;
    if (name.len == 0 && from == digits && (!unit_is_a_must || v == 0))
        factor = 1;
    if (factor == 0)
        return GW_INVALID;
    int64_t value;
    if (__builtin_mul_overflow(v, factor, &value))
        return GW_TOO_LARGE;
    *ret = value;
    return GW_OK;
}

enum gw_status gw_config_parse_duration_ms(struct gw_bytes text, int64_t *ret)
{
    return parse(text, ms_units, GW_ARRAY_LEN(ms_units), true, ret);
}

enum gw_status gw_config_parse_bytes(struct gw_bytes text, int64_t *ret)
{
    return parse(text, byte_units, GW_ARRAY_LEN(byte_units), false, ret);
}

enum gw_status gw_config_unit_parse(enum gw_config_type type, struct gw_bytes text, int64_t *ret)
{
    int64_t v;
    if (type == GW_CONFIG_BYTES)
        return gw_config_parse_bytes(text, ret);
    GW_TRY(gw_config_parse_duration_ms(text, &v));
    if (type == GW_CONFIG_DURATION_S) {
        if (v % 1000 != 0)
            return GW_INVALID;
        v /= 1000;
    }
    *ret = v;
    return GW_OK;
}

static void put(int64_t v, const struct unit *units, size_t count, bool space, struct gw_buf *ret)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++)
        if (v != 0 && v % units[i].factor == 0)
            best = i;
    gw_buf_printf(ret, "%lld%s%s", (long long)(v / units[best].factor), space ? " " : "",
                  units[best].name);
}

void gw_config_unit_put(enum gw_config_type type, int64_t value, struct gw_buf *ret)
{
    int64_t ms;
    if (type == GW_CONFIG_BYTES)
        put(value, byte_units, GW_ARRAY_LEN(byte_units), true, ret);
    else if (type == GW_CONFIG_DURATION_MS)
        put(value, ms_units, GW_ARRAY_LEN(ms_units), false, ret);
    else if (type == GW_CONFIG_DURATION_S && !__builtin_mul_overflow(value, 1000, &ms))
        put(ms, ms_units, GW_ARRAY_LEN(ms_units), false, ret);
    else
        gw_buf_printf(ret, "%lld", (long long)value);
}

void gw_config_resolve_path(const char *file, const char *path, struct gw_buf *ret)
{
    const char *slash = strrchr(file, '/');
    if (path[0] != '/' && slash != NULL)
        gw_buf_append(ret, file, (size_t)(slash - file) + 1);
    gw_buf_str(ret, path);
}

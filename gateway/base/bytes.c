/* Comparisons of borrowed bytes that are too long for the header. */
#include "base/bytes.h"

int gw_bytes_cmp(struct gw_bytes a, struct gw_bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common != 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

bool gw_bytes_has_prefix(struct gw_bytes a, struct gw_bytes prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

/* The length is not a secret. volatile keeps the compiler from stopping at the first difference. */
bool gw_bytes_eq_secret(struct gw_bytes a, struct gw_bytes b)
{
    if (a.len != b.len)
        return false;
    volatile uint8_t diff = 0;
    for (size_t i = 0; i < a.len; i++)
        diff = (uint8_t)(diff | (a.ptr[i] ^ b.ptr[i]));
    return diff == 0;
}

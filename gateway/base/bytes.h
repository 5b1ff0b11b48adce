/* Borrowed bytes: a pointer and a length, never NUL-terminated by promise. */
#ifndef GW_BASE_BYTES_H
#define GW_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gw_bytes {
    const uint8_t *ptr;
    size_t len;
};

#define GW_BYTES_LIT(s) ((struct gw_bytes){(const uint8_t *)(s), sizeof(s) - 1})
#define GW_BYTES_NONE   ((struct gw_bytes){NULL, 0})
/* For printf("%.*s", GW_BYTES_FMT(b)). */
#define GW_BYTES_FMT(b) (int)(b).len, (const char *)(b).ptr

static inline struct gw_bytes gw_bytes_make(const void *ptr, size_t len)
{
    return (struct gw_bytes){(const uint8_t *)ptr, len};
}

static inline struct gw_bytes gw_bytes_str(const char *s)
{
    return (struct gw_bytes){(const uint8_t *)s, s != NULL ? strlen(s) : 0};
}

static inline bool gw_bytes_eq(struct gw_bytes a, struct gw_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool gw_bytes_eq_str(struct gw_bytes a, const char *s)
{
    return gw_bytes_eq(a, gw_bytes_str(s));
}

/* Order of byte strings, as memcmp; a prefix comes first. */
int gw_bytes_cmp(struct gw_bytes a, struct gw_bytes b);
bool gw_bytes_has_prefix(struct gw_bytes a, struct gw_bytes prefix);
/* Time does not depend on the contents: for secrets and MACs. */
bool gw_bytes_eq_secret(struct gw_bytes a, struct gw_bytes b);

#endif

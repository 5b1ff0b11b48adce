/* Hash map from byte strings to pointers, seeded against chosen keys. Keys are borrowed: they must
 * live as long as their entry. */
#ifndef GW_BASE_MAP_H
#define GW_BASE_MAP_H

#include "base/bytes.h"
#include "base/check.h"

struct gw_map;

struct gw_map *gw_map_new(void);
void gw_map_free(struct gw_map *m);
GW_DEFINE_FREEP(struct gw_map, gw_map_free)

/* GW_EXISTS when the key is there (nothing changed), GW_NOMEM. */
GW_MUST_USE enum gw_status gw_map_add(struct gw_map *m, struct gw_bytes key, void *value);
/* Replaces; *ret_old (may be NULL) is the value before, or NULL. */
GW_MUST_USE enum gw_status gw_map_put(struct gw_map *m, struct gw_bytes key, void *value,
                                      void **ret_old);
/* NULL when absent. */
void *gw_map_get(const struct gw_map *m, struct gw_bytes key);
void *gw_map_remove(struct gw_map *m, struct gw_bytes key);
size_t gw_map_len(const struct gw_map *m);
/* Walks in insertion order, without changes in between: for (size_t i = 0; gw_map_next(m, &i, &k,
 * &v);) */
bool gw_map_next(const struct gw_map *m, size_t *pos, struct gw_bytes *ret_key, void **ret_value);

#endif

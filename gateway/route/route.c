/* Method path -> route: one exact lookup, nothing is guessed. Built once per configuration
 * generation, read by every loop. */
#include "route/route.h"

#include <stdlib.h>

#include "base/map.h"

struct gw_route_table {
    struct gw_map *by_path;  /* -> struct gw_route, owned */
    struct gw_map *services; /* "/xinqiao.v1.Records/": a set */
};

/* "/<service>/<method>": the part with the service, both slashes included; empty when malformed. */
static struct gw_bytes service_part(struct gw_bytes path)
{
    if (path.len < 4 || path.ptr[0] != '/')
        return GW_BYTES_NONE;
    const uint8_t *slash = memchr(path.ptr + 1, '/', path.len - 1);
    if (slash == NULL || slash == path.ptr + 1)
        return GW_BYTES_NONE;
    size_t len = (size_t)(slash - path.ptr) + 1;
    if (len == path.len || memchr(slash + 1, '/', path.len - len) != NULL)
        return GW_BYTES_NONE;
    return gw_bytes_make(path.ptr, len);
}

enum gw_status gw_route_table_new(struct gw_route_table **ret)
{
    GW_CLEANUP(gw_route_table_freep) struct gw_route_table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return GW_NOMEM;
    t->by_path = gw_map_new();
    t->services = gw_map_new();
    if (t->by_path == NULL || t->services == NULL)
        return GW_NOMEM;
    *ret = gw_steal(&t);
    return GW_OK;
}

void gw_route_table_free(struct gw_route_table *t)
{
    if (t == NULL)
        return;
    if (t->by_path != NULL) {
        void *row;
        struct gw_bytes key;
        for (size_t i = 0; gw_map_next(t->by_path, &i, &key, &row);)
            free(row);
    }
    gw_map_free(t->by_path);
    gw_map_free(t->services);
    free(t);
}

enum gw_status gw_route_add(struct gw_route_table *t, const struct gw_route *r)
{
    struct gw_bytes path = gw_bytes_str(r->path);
    struct gw_bytes service = service_part(path);
    if (service.len == 0)
        return GW_INVALID;
    struct gw_route *row = malloc(sizeof(*row));
    if (row == NULL)
        return GW_NOMEM;
    *row = *r;
    enum gw_status st = gw_map_add(t->by_path, path, row);
    if (st != GW_OK) {
        free(row);
        return st;
    }
    st = gw_map_add(t->services, service, t);
    if (st == GW_OK || st == GW_EXISTS)
        return GW_OK;
    (void)gw_map_remove(t->by_path, path);
    free(row);
    return st;
}

const struct gw_route *gw_route_find(const struct gw_route_table *t, struct gw_bytes path,
                                     bool *ret_service_known)
{
    const struct gw_route *row = gw_map_get(t->by_path, path);
    if (ret_service_known != NULL) {
        struct gw_bytes service = service_part(path);
        *ret_service_known =
            row != NULL || (service.len != 0 && gw_map_get(t->services, service) != NULL);
    }
    return row;
}

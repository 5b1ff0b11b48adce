/* Tiles of height 8 (C2SP tlog-tiles; SPEC 6): their names, the right edge of the tree that grows
 * them, and reading the edge of any size back. */
#include "audit/audit_internal.h"

#include <stdlib.h>

unsigned gw_audit_tile_width(uint64_t size, unsigned level)
{
    return level < GW_AUDIT_LEVELS ? (unsigned)(size >> (8 * level) & 0xff) : 0;
}

uint64_t gw_audit_tile_full(uint64_t size, unsigned level)
{
    return level + 1 < GW_AUDIT_LEVELS ? size >> (8 * (level + 1)) : 0;
}

enum gw_status gw_audit_edge_add(struct gw_audit_edge *e, const struct gw_hash *leaf,
                                 gw_audit_full_fn *full, void *arg)
{
    struct gw_hash h = *leaf;
    uint64_t size = e->size;
    for (unsigned level = 0; level < GW_AUDIT_LEVELS; level++) {
        unsigned at = gw_audit_tile_width(size, level);
        e->tile[level][at] = h;
        if (at + 1 < GW_AUDIT_TILE_WIDTH)
            break;
        if (full != NULL)
            GW_TRY(full(arg, level, gw_audit_tile_full(size, level), e->tile[level]));
        struct gw_audit_range r = {.size = 0};
        for (unsigned i = 0; i < GW_AUDIT_TILE_WIDTH; i++)
            gw_audit_range_add(&r, &e->tile[level][i]);
        gw_audit_range_root(&r, &h);
    }
    e->size = size + 1;
    return GW_OK;
}

/* What is incomplete below a level is the last leaf of that level: RFC 6962 splits at powers of
 * two, so whole tiles are never cut. */
void gw_audit_edge_root(const struct gw_audit_edge *e, struct gw_hash *ret)
{
    struct gw_hash below;
    bool has_below = false;
    for (unsigned level = 0; level < GW_AUDIT_LEVELS; level++) {
        struct gw_audit_range r = {.size = 0};
        for (unsigned i = 0; i < gw_audit_tile_width(e->size, level); i++)
            gw_audit_range_add(&r, &e->tile[level][i]);
        if (has_below)
            gw_audit_range_add(&r, &below);
        if (r.size != 0) {
            gw_audit_range_root(&r, &below);
            has_below = true;
        }
    }
    if (has_below)
        *ret = below;
    else
        gw_crypto_sha256(GW_BYTES_NONE, GW_BYTES_NONE, GW_BYTES_NONE, ret);
}

void gw_audit_tile_path(int level, uint64_t index, unsigned width, char ret[GW_AUDIT_PATH_MAX])
{
    struct gw_buf b;
    gw_buf_init_fixed(&b, ret, GW_AUDIT_PATH_MAX - 1);
    if (level == GW_AUDIT_ENTRIES)
        gw_buf_str(&b, "tile/entries/");
    else
        gw_buf_printf(&b, "tile/%d/", level);
    unsigned group[7];
    unsigned groups = 0;
    do {
        group[groups++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index != 0);
    while (groups-- > 1)
        gw_buf_printf(&b, "x%03u/", group[groups]);
    gw_buf_printf(&b, "%03u", group[0]);
    if (width < GW_AUDIT_TILE_WIDTH)
        gw_buf_printf(&b, ".p/%u", width);
    ret[b.len] = '\0';
}

enum gw_status gw_audit_tile_read(const char *shard, int level, uint64_t index, unsigned width,
                                  uint64_t size, struct gw_buf *ret)
{
    unsigned lvl = level == GW_AUDIT_ENTRIES ? 0 : (unsigned)level;
    char name[GW_AUDIT_PATH_MAX];
    char path[PATH_MAX];
    gw_audit_tile_path(level, index, GW_AUDIT_TILE_WIDTH, name);
    GW_TRY(gw_file_join(path, sizeof(path), shard, name));
    enum gw_status st = gw_file_read(path, ret);
    if (st != GW_NOT_FOUND || index < gw_audit_tile_full(size, lvl))
        return st;
    unsigned partial = gw_audit_tile_width(size, lvl);
    if (partial < width)
        return GW_NOT_FOUND;
    gw_audit_tile_path(level, index, partial, name);
    GW_TRY(gw_file_join(path, sizeof(path), shard, name));
    return gw_file_read(path, ret);
}

enum gw_status gw_audit_edge_load(const char *shard, uint64_t size, uint64_t tree_size,
                                  struct gw_audit_edge *ret)
{
    struct gw_buf b;
    gw_buf_init(&b, GW_AUDIT_TILE_BYTES);
    enum gw_status st = GW_OK;
    for (unsigned level = 0; level < GW_AUDIT_LEVELS && st == GW_OK; level++) {
        unsigned width = gw_audit_tile_width(size, level);
        if (width == 0)
            continue;
        gw_buf_reset(&b);
        st = gw_audit_tile_read(shard, (int)level, gw_audit_tile_full(size, level), width,
                                tree_size, &b);
        if (st == GW_OK && b.len < width * sizeof(struct gw_hash))
            st = GW_CORRUPT;
        if (st == GW_OK)
            memcpy(ret->tile[level], b.ptr, width * sizeof(struct gw_hash));
    }
    if (st == GW_OK)
        ret->size = size;
    gw_buf_fini(&b);
    return st;
}

enum gw_status gw_audit_root_at(const char *shard, uint64_t size, uint64_t tree_size,
                                struct gw_hash *ret)
{
    struct gw_audit_edge *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return GW_NOMEM;
    enum gw_status st = gw_audit_edge_load(shard, size, tree_size, e);
    if (st == GW_OK)
        gw_audit_edge_root(e, ret);
    free(e);
    return st;
}

enum gw_status gw_audit_bundle_load(const char *shard, uint64_t size, struct gw_buf *ret)
{
    unsigned width = gw_audit_tile_width(size, 0);
    if (width == 0)
        return GW_OK;
    struct gw_buf b;
    gw_buf_init(&b, GW_AUDIT_BUNDLE_MAX);
    enum gw_status st =
        gw_audit_tile_read(shard, GW_AUDIT_ENTRIES, gw_audit_tile_full(size, 0), width, size, &b);
    /* A full bundle from a run that a crash cut short begins with the same entries. */
    struct gw_bytes rest = gw_buf_view(&b), entry;
    for (unsigned i = 0; i < width && st == GW_OK; i++)
        st = gw_audit_payload_next(&rest, &entry) == GW_OK ? GW_OK : GW_CORRUPT;
    if (st == GW_OK) {
        gw_buf_append(ret, b.ptr, b.len - rest.len);
        st = gw_buf_failed(ret);
    }
    gw_buf_fini(&b);
    return st;
}

/* Reads entries that a checkpoint covers out of the bundles; needs no key and judges nothing
 * (verify.c does). */
#include "audit/audit_internal.h"

#include <stdlib.h>

struct gw_audit_reader {
    char shard[PATH_MAX];
    char origin[GW_AUDIT_ORIGIN_MAX + 1];
    uint64_t size;
    struct gw_buf bundle;
    uint64_t index; /* of the loaded bundle, UINT64_MAX none */
    unsigned count;
    struct gw_bytes entry[GW_AUDIT_TILE_WIDTH];
};

enum gw_status gw_audit_reader_make(const char *shard, const char *origin, uint64_t size,
                                    struct gw_audit_reader **ret)
{
    struct gw_audit_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return GW_NOMEM;
    gw_buf_init(&r->bundle, GW_AUDIT_BUNDLE_MAX);
    r->size = size;
    r->index = UINT64_MAX;
    if (strlen(shard) >= sizeof(r->shard) || strlen(origin) >= sizeof(r->origin)) {
        free(r);
        return GW_TOO_LARGE;
    }
    memcpy(r->shard, shard, strlen(shard));
    memcpy(r->origin, origin, strlen(origin));
    *ret = r;
    return GW_OK;
}

enum gw_status gw_audit_reader_open(const char *dir, struct gw_audit_reader **ret,
                                    struct gw_buf *ret_error)
{
    char path[PATH_MAX];
    uint8_t room[GW_AUDIT_NOTE_MAX];
    struct gw_buf note;
    gw_buf_init_fixed(&note, room, sizeof(room));
    GW_TRY(gw_file_join(path, sizeof(path), dir, "checkpoint"));
    enum gw_status st = gw_file_read(path, &note);
    struct gw_audit_checkpoint cp;
    if (st == GW_OK)
        st = gw_audit_checkpoint_parse(gw_buf_view(&note), &cp);
    if (st != GW_OK) {
        gw_buf_printf(ret_error, "%s: %s", path,
                      st == GW_NOT_FOUND ? "there is no checkpoint" : gw_status_text(st));
        return st;
    }
    return gw_audit_reader_make(dir, cp.origin, cp.size, ret);
}

void gw_audit_reader_close(struct gw_audit_reader *r)
{
    if (r == NULL)
        return;
    gw_buf_fini(&r->bundle);
    free(r);
}

uint64_t gw_audit_reader_size(const struct gw_audit_reader *r)
{
    return r->size;
}

const char *gw_audit_reader_origin(const struct gw_audit_reader *r)
{
    return r->origin;
}

static enum gw_status load(struct gw_audit_reader *r, uint64_t index)
{
    bool full = index < gw_audit_tile_full(r->size, 0);
    unsigned width = full ? GW_AUDIT_TILE_WIDTH : gw_audit_tile_width(r->size, 0);
    r->index = UINT64_MAX;
    gw_buf_reset(&r->bundle);
    GW_TRY(gw_audit_tile_read(r->shard, GW_AUDIT_ENTRIES, index, width, r->size, &r->bundle));
    struct gw_bytes rest = gw_buf_view(&r->bundle);
    for (r->count = 0; r->count < width; r->count++) {
        if (gw_audit_payload_next(&rest, &r->entry[r->count]) != GW_OK)
            return GW_CORRUPT;
    }
    r->index = index;
    return GW_OK;
}

enum gw_status gw_audit_reader_get(struct gw_audit_reader *r, uint64_t seq, struct gw_bytes *ret)
{
    if (seq >= r->size)
        return GW_NOT_FOUND;
    if (r->index != seq / GW_AUDIT_TILE_WIDTH)
        GW_TRY(load(r, seq / GW_AUDIT_TILE_WIDTH));
    *ret = r->entry[seq % GW_AUDIT_TILE_WIDTH];
    return GW_OK;
}

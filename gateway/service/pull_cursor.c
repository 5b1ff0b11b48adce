/* Cursors of a pull: how far each kind was read, sealed for the peer, the format and the classes
 * and areas that the grant covers. When one is granted later, records that were passed over would
 * be missed for ever: the old cursor is refused then, and the peer starts again. */
#include "base/cursor.h"
#include "service/service_internal.h"

enum { VERSION = 1, AD_MAX = 1024, PLAIN_MAX = 2 + 9 * GW_PULL_KINDS };

static enum gw_status question(const struct gw_service_ctx *x, const struct gw_pull *p,
                               struct gw_buf *ret)
{
    gw_buf_printf(ret, "pull\n%s\n%s\n%s\n", x->caller->peer, gw_format_id(p->format),
                  x->caller->areas);
    for (size_t i = 0; i < p->kinds; i++)
        gw_buf_printf(ret, "%s %u\n", p->kind[i].name, p->kind[i].classes);
    return gw_buf_failed(ret);
}

enum gw_status gw_service_cursor_seal(const struct gw_service_ctx *x, const struct gw_pull *p,
                                      char ret[GW_PULL_CURSOR])
{
    uint8_t ad_mem[AD_MAX], plain_mem[PLAIN_MAX];
    struct gw_buf ad, plain, text;
    gw_buf_init_fixed(&ad, ad_mem, sizeof(ad_mem));
    gw_buf_init_fixed(&plain, plain_mem, sizeof(plain_mem));
    gw_buf_init_fixed(&text, ret, GW_PULL_CURSOR - 1);
    GW_TRY(question(x, p, &ad));
    gw_buf_u8(&plain, VERSION);
    gw_buf_u8(&plain, (uint8_t)p->kinds);
    for (size_t i = 0; i < p->kinds; i++) {
        gw_buf_u8(&plain, (uint8_t)p->kind[i].kind);
        gw_buf_u64be(&plain, (uint64_t)p->kind[i].after);
    }
    GW_TRY(gw_store_cursor_seal(x->views->store, gw_buf_view(&plain), gw_buf_view(&ad), &text));
    ret[text.len] = '\0';
    return GW_OK;
}

static enum gw_status read_positions(struct gw_cursor *in, const struct gw_pull *p, int64_t visible,
                                     int64_t ret[GW_PULL_KINDS])
{
    uint8_t version, kinds, kind;
    uint64_t after;
    GW_TRY(gw_cursor_u8(in, &version));
    GW_TRY(gw_cursor_u8(in, &kinds));
    if (version != VERSION || kinds != p->kinds)
        return GW_INVALID;
    for (size_t i = 0; i < p->kinds; i++) {
        GW_TRY(gw_cursor_u8(in, &kind));
        GW_TRY(gw_cursor_u64be(in, &after));
        /* Ahead of the data: they were restored from an older copy, and what comes would be missed.
         */
        if (kind != (uint8_t)p->kind[i].kind || after > INT64_MAX || (int64_t)after > visible)
            return GW_INVALID;
        ret[i] = (int64_t)after;
    }
    return gw_cursor_left(in) == 0 ? GW_OK : GW_INVALID;
}

enum gw_status gw_service_cursor_open(const struct gw_service_ctx *x, struct gw_pull *p,
                                      const char *text)
{
    uint8_t ad_mem[AD_MAX], plain_mem[256];
    struct gw_buf ad, plain;
    int64_t after[GW_PULL_KINDS];
    gw_buf_init_fixed(&ad, ad_mem, sizeof(ad_mem));
    gw_buf_init_fixed(&plain, plain_mem, sizeof(plain_mem));
    GW_TRY(question(x, p, &ad));
    GW_TRY(gw_store_cursor_open(x->views->store, gw_bytes_str(text), gw_buf_view(&ad), &plain));
    struct gw_cursor in = gw_cursor_make(gw_buf_view(&plain));
    if (read_positions(&in, p, gw_store_visible(x->views->store), after) != GW_OK)
        return GW_INVALID;
    for (size_t i = 0; i < p->kinds; i++)
        p->kind[i].after = after[i];
    return GW_OK;
}

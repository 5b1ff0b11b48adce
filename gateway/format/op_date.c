/* Civil dates in a format's own pattern, with its sentinels for "no end" and "absent" (traps 3 and
 * 4). */
#include "format/format_internal.h"

enum { DATE_TEXT = 48 };

static bool among(const struct gw_date *list, size_t count, struct gw_date d)
{
    for (size_t i = 0; i < count; i++) {
        if (gw_date_cmp(list[i], d) == 0)
            return true;
    }
    return false;
}

static bool parse_any(const struct gw_row *row, struct gw_bytes text, struct gw_date *ret,
                      bool *ret_own)
{
    for (size_t i = 0; i < row->pattern_count; i++) {
        int32_t second = 0;
        if (gw_canon_date_parse(text, row->pattern[i], ret, &second) == GW_OK) {
            /* The time of day is no part of a legal date; it is kept as a spelling. */
            *ret_own = i == 0 && second == 0;
            return true;
        }
    }
    return false;
}

static bool parse_repaired(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                           struct gw_date *ret)
{
    char mem[DATE_TEXT];
    struct gw_buf b;
    bool changed = false;
    bool own;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    if (text.len >= sizeof(mem) || gw_canon_id_repair(text, &b, &changed) != GW_OK || !changed)
        return false;
    ctx->repaired = parse_any(row, gw_buf_view(&b), ret, &own);
    return ctx->repaired;
}

const char *gw_op_date_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                              struct gw_op_values *ret)
{
    const struct gw_format *f = ctx->format;
    struct gw_canon_value *v = &ret->v[0];
    bool own = false;
    *v = (struct gw_canon_value){.type = row->path[0].type};
    ret->v[1].present = false;
    if (!parse_any(row, text, &v->date, &own) && !parse_repaired(row, ctx, text, &v->date))
        return "date-invalid";
    ctx->differs = !own;
    if (among(f->absent_date, f->absent_date_count, v->date)) {
        ctx->differs = true;
        return NULL;
    }
    v->present = true;
    if (v->type == GW_CANON_END_DATE && among(f->no_end, f->no_end_count, v->date)) {
        v->no_end = true;
        ctx->differs = ctx->differs || gw_date_cmp(v->date, f->no_end[0]) != 0;
        v->date = (struct gw_date){0, 0, 0};
    }
    if (row->path_count > 1)
        ret->v[1] = *v;
    return NULL;
}

const char *gw_op_date_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                              const struct gw_op_values *v, struct gw_bytes *ret)
{
    const struct gw_format *f = ctx->format;
    struct gw_date d = v->v[0].date;
    if (v->v[0].no_end) {
        if (f->no_end_count == 0)
            return "target-value";
        d = f->no_end[0];
    } else if (among(f->absent_date, f->absent_date_count, d) ||
               (row->path[0].type == GW_CANON_END_DATE && among(f->no_end, f->no_end_count, d))) {
        /* A real date that this format reads as a sentinel. */
        return "target-value";
    }
    /* One column for two dates: it holds them while they are one. */
    if (row->path_count > 1 && v->v[1].present && !gw_value_same(&v->v[0], &v->v[1]))
        return "target-value";
    char mem[DATE_TEXT];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    gw_canon_date_format(d, 0, row->pattern[0], &b);
    if (gw_buf_failed(&b) != GW_OK)
        return "target-value";
    *ret = gw_arena_dup(ctx->arena, gw_buf_view(&b));
    return NULL;
}

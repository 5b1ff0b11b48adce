/* Money: decimal text in a unit <-> fen; scores: decimal text <-> hundredths. Never a double
 * (formats.md 0.2, trap 1). */
#include "format/format_internal.h"

enum { MONEY_TEXT = 48, MAX_HUNDREDTHS = 999999999 };

static struct gw_bytes own_spelling(const struct gw_row *row, int64_t fen, char mem[MONEY_TEXT])
{
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, MONEY_TEXT);
    gw_canon_money_format(fen, row->unit_fen, row->decimals, &b);
    return gw_buf_view(&b);
}

static enum gw_status parse_repaired(const struct gw_row *row, struct gw_op_ctx *ctx,
                                     struct gw_bytes text, int64_t *ret)
{
    char mem[MONEY_TEXT];
    struct gw_buf b;
    bool changed = false;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    if (text.len >= sizeof(mem) || gw_canon_id_repair(text, &b, &changed) != GW_OK || !changed ||
        b.len == 0)
        return GW_INVALID;
    GW_TRY(gw_canon_money_parse(gw_buf_view(&b), row->unit_fen, ret));
    ctx->repaired = true;
    return GW_OK;
}

const char *gw_op_money_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                               struct gw_bytes text, struct gw_op_values *ret)
{
    int64_t fen;
    enum gw_status st = gw_canon_money_parse(text, row->unit_fen, &fen);
    if (st == GW_INVALID)
        st = parse_repaired(row, ctx, text, &fen);
    if (st == GW_UNSUPPORTED)
        return "amount-precision";
    if (st == GW_TOO_LARGE)
        return "value-range";
    if (st != GW_OK)
        return "amount-invalid";
    char mem[MONEY_TEXT];
    ctx->differs = !gw_bytes_eq(own_spelling(row, fen, mem), text);
    ret->v[0] = (struct gw_canon_value){.type = GW_CANON_MONEY, .present = true, .num = fen};
    return NULL;
}

const char *gw_op_money_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                               const struct gw_op_values *v, struct gw_bytes *ret)
{
    char mem[MONEY_TEXT];
    struct gw_bytes own = own_spelling(row, v->v[0].num, mem);
    int64_t back;
    /* More than 12 digits in this unit, say. */
    if (own.len == 0 || gw_canon_money_parse(own, row->unit_fen, &back) != GW_OK ||
        back != v->v[0].num)
        return "target-value";
    *ret = gw_arena_dup(ctx->arena, own);
    return NULL;
}

static size_t decimals_of(struct gw_bytes text)
{
    const uint8_t *point = memchr(text.ptr, '.', text.len);
    return point != NULL ? (size_t)(text.ptr + text.len - point) - 1 : 0;
}

/* Two places at most, zeros too: what is written is what was measured. */
const char *gw_op_decimal_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                 struct gw_bytes text, struct gw_op_values *ret)
{
    int64_t hundredths;
    enum gw_status st = gw_canon_money_parse(text, row->unit_fen, &hundredths);
    if (st == GW_INVALID)
        st = parse_repaired(row, ctx, text, &hundredths);
    if (st == GW_INVALID)
        return "value-type";
    if (st != GW_OK || hundredths > MAX_HUNDREDTHS || (!ctx->repaired && decimals_of(text) > 2))
        return "value-range";
    char mem[MONEY_TEXT];
    ctx->differs = !gw_bytes_eq(own_spelling(row, hundredths, mem), text);
    ret->v[0] = (struct gw_canon_value){.type = GW_CANON_INT, .present = true, .num = hundredths};
    return NULL;
}

const char *gw_op_decimal_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                 const struct gw_op_values *v, struct gw_bytes *ret)
{
    char mem[MONEY_TEXT];
    if (v->v[0].num < 0 || v->v[0].num > MAX_HUNDREDTHS)
        return "target-value";
    *ret = gw_arena_dup(ctx->arena, own_spelling(row, v->v[0].num, mem));
    return NULL;
}

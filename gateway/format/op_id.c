/* Identifiers: checked by canon/, repaired where the repair is beyond doubt, the filler of D3 kept
 * apart. */
#include "format/format_internal.h"

enum { ID_TEXT = 128 };

static void set_text(struct gw_canon_value *v, struct gw_bytes text)
{
    *v = (struct gw_canon_value){.type = GW_CANON_TEXT, .present = text.len != 0, .text = text};
}

static void set_num(struct gw_canon_value *v, enum gw_canon_type type, int64_t num)
{
    *v = (struct gw_canon_value){.type = type, .present = true, .num = num};
}

/* The text, trimmed, folded and upper-cased when that changes anything. */
static struct gw_bytes repaired(struct gw_op_ctx *ctx, struct gw_bytes text)
{
    char mem[ID_TEXT];
    struct gw_buf b;
    bool changed = false;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    if (text.len >= sizeof(mem) || gw_canon_id_repair(text, &b, &changed) != GW_OK || !changed)
        return text;
    ctx->repaired = true;
    ctx->differs = true;
    return gw_arena_dup(ctx->arena, gw_buf_view(&b));
}

static const char *uscc_filler(const struct gw_row *row, struct gw_op_ctx *ctx,
                               struct gw_op_values *ret)
{
    const Xinqiao__V1__Subject *s = ctx->record->subject;
    if (row->filler_as == GW_FILLER_ABSENT) {
        /* Seen in the wild in columns of source units; there it means "not filled". */
        ctx->warning = "uscc-placeholder";
        ctx->differs = true;
        set_text(&ret->v[0], GW_BYTES_NONE);
        return NULL;
    }
    bool sole_trader =
        s != NULL && s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER;
    if (row->filler_as != GW_FILLER_FLAG || !sole_trader)
        return "uscc-placeholder";
    set_text(&ret->v[0], GW_BYTES_NONE);
    set_num(&ret->v[1], GW_CANON_BOOL, 1);
    return NULL;
}

const char *gw_op_uscc_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                              struct gw_op_values *ret)
{
    const char *reason = NULL;
    for (int i = 0; i < GW_FORMAT_MAX_PATHS; i++)
        ret->v[i].present = false;
    struct gw_bytes t = text;
    if (!gw_canon_uscc_is_filler(t) && gw_canon_uscc_check(t, true, &reason) == GW_OK) {
        set_text(&ret->v[0], t);
        return NULL;
    }
    t = repaired(ctx, text);
    if (gw_canon_uscc_is_filler(t))
        return uscc_filler(row, ctx, ret);
    /* A column that holds the registration number of those who have no code. */
    const Xinqiao__V1__Subject *s = ctx->record->subject;
    bool sole_trader =
        s != NULL && s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER;
    if (row->path_count > 2 && sole_trader && gw_canon_regno_check(t, &reason) == GW_OK) {
        set_text(&ret->v[0], GW_BYTES_NONE);
        set_num(&ret->v[1], GW_CANON_BOOL, 1);
        set_text(&ret->v[2], t);
        return NULL;
    }
    if (gw_canon_uscc_check(t, !row->inner_warn, &reason) != GW_OK)
        return reason;
    if (row->inner_warn && gw_canon_uscc_check(t, true, &reason) != GW_OK)
        ctx->warning = reason;
    set_text(&ret->v[0], t);
    return NULL;
}

const char *gw_op_uscc_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                              const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)ctx;
    if (v->v[0].present) {
        *ret = v->v[0].text;
        return NULL;
    }
    if (row->path_count > 2 && v->v[2].present) {
        *ret = v->v[2].text;
        return NULL;
    }
    if (row->path_count == 2 && row->filler_as == GW_FILLER_FLAG && v->v[1].num != 0) {
        *ret = GW_BYTES_LIT("00000000000000000X");
        return NULL;
    }
    return "target-value";
}

typedef enum gw_status (*check_fn)(struct gw_bytes v, const char **ret_reason);

static const char *checked(check_fn check, struct gw_op_ctx *ctx, struct gw_bytes text,
                           struct gw_op_values *ret)
{
    const char *reason = NULL;
    if (check(text, &reason) != GW_OK) {
        text = repaired(ctx, text);
        if (check(text, &reason) != GW_OK)
            return reason;
    }
    set_text(&ret->v[0], text);
    return NULL;
}

/* "3306021990****9910": as published, it identifies nobody. Kept as it is. */
static const char *masked_decode(struct gw_op_ctx *ctx, struct gw_bytes text,
                                 struct gw_op_values *ret)
{
    struct gw_bytes t = repaired(ctx, text);
    for (size_t i = 0; i < t.len; i++) {
        uint8_t c = t.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '*' || c == '-'))
            return "value-charset";
    }
    set_text(&ret->v[0], t);
    return NULL;
}

static bool is_masked(const struct gw_row *row, struct gw_bytes text)
{
    return row->masked && gw_canon_is_masked(text);
}

/* With `uscc` (path[1]) the column holds either code: 18 characters are a credit code. */
const char *gw_op_orgcode_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                 struct gw_bytes text, struct gw_op_values *ret)
{
    const char *reason = NULL;
    ret->v[1].present = false;
    if (is_masked(row, text))
        return masked_decode(ctx, text, ret);
    struct gw_bytes t = row->either ? repaired(ctx, text) : text;
    if (!row->either || t.len != 18)
        return checked(gw_canon_orgcode_check, ctx, text, ret);
    if (gw_canon_uscc_check(t, true, &reason) != GW_OK)
        return reason;
    set_text(&ret->v[0], GW_BYTES_NONE);
    set_text(&ret->v[1], t);
    return NULL;
}

const char *gw_op_orgcode_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                 const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)ctx;
    *ret = row->either && v->v[1].present ? v->v[1].text : v->v[0].text;
    return NULL;
}

const char *gw_op_regno_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                               struct gw_bytes text, struct gw_op_values *ret)
{
    (void)row;
    return checked(gw_canon_regno_check, ctx, text, ret);
}

static bool is_upper(const struct gw_row *row, struct gw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')))
            return false;
    }
    return text.len != 0 &&
           (row->lengths == 0 || (text.len < 32 && (row->lengths & 1u << text.len) != 0));
}

/* Upper-case letters and digits of given lengths: tax numbers (15, 17, 18 or 20), certificates. */
const char *gw_op_upper_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                               struct gw_bytes text, struct gw_op_values *ret)
{
    text = repaired(ctx, text);
    if (!is_upper(row, text))
        return "value-charset";
    set_text(&ret->v[0], text);
    return NULL;
}

/* Another source's number may be of another alphabet or length. */
const char *gw_op_upper_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                               const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)ctx;
    if (!is_upper(row, v->v[0].text))
        return "target-value";
    *ret = v->v[0].text;
    return NULL;
}

/* A number whose rule depends on the kind of document beside it (path[1]). */
const char *gw_op_id_number_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                   struct gw_bytes text, struct gw_op_values *ret)
{
    const char *reason = NULL;
    struct gw_canon_value kind = {.type = GW_CANON_ENUM};
    gw_canon_get(ctx->record, &row->path[1], &kind);
    int64_t citizen = XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID;
    ret->v[1].present = false;
    if (is_masked(row, text))
        return masked_decode(ctx, text, ret);
    if (row->derive_kind) {
        /* A column of numbers without a column of kinds: 18 characters that check are a citizen's
         * number. */
        struct gw_bytes t = repaired(ctx, text);
        if (gw_canon_citizen_id_check(t, ctx->today, &reason) == GW_OK) {
            set_text(&ret->v[0], t);
            set_num(&ret->v[1], GW_CANON_ENUM, citizen);
            return NULL;
        }
        if (t.len == 18)
            return reason;
        set_text(&ret->v[0], t);
        return NULL;
    }
    if (kind.num != citizen)
        return gw_op_text_decode(row, ctx, text, ret);
    if (gw_canon_citizen_id_check(text, ctx->today, &reason) != GW_OK) {
        text = repaired(ctx, text);
        if (gw_canon_citizen_id_check(text, ctx->today, &reason) != GW_OK)
            return reason;
    }
    set_text(&ret->v[0], text);
    return NULL;
}

/* Where the column has no kinds beside it, 18 characters are read as a citizen's number: another
 * document's number of that length has no place there. */
const char *gw_op_id_number_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                   const struct gw_op_values *v, struct gw_bytes *ret)
{
    const char *reason = NULL;
    char mem[ID_TEXT];
    struct gw_buf b;
    bool changed = false;
    *ret = v->v[0].text;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    if (is_masked(row, *ret))
        return NULL;
    if (!row->derive_kind || gw_canon_id_repair(*ret, &b, &changed) != GW_OK || b.len != 18 ||
        gw_canon_citizen_id_check(gw_buf_view(&b), ctx->today, &reason) == GW_OK)
        return NULL;
    return "target-value";
}

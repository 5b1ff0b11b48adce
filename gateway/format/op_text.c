/* Plain text, and text that is one of a few codes, of a fixed alphabet, or another word for one. */
#include "base/cursor.h"
#include "base/text.h"
#include "format/format_internal.h"

static bool blank_at_edge(uint32_t cp)
{
    return cp == ' ' || cp == '\t' || cp == '\r' || cp == '\n' || cp == 0xa0 || cp == 0x3000 ||
           cp == 0xfeff;
}

static bool blank_bytes(const uint8_t *p, size_t left)
{
    return p[0] <= ' ' || (left >= 2 && p[0] == 0xc2 && p[1] == 0xa0) ||
           (left >= 3 && (memcmp(p, "\xe3\x80\x80", 3) == 0 || memcmp(p, "\xef\xbb\xbf", 3) == 0));
}

/* Does the text start or end with a blank? Looked at as bytes: nearly none does. */
static bool may_need_trim(struct gw_bytes t)
{
    const uint8_t *end = t.ptr + t.len;
    return blank_bytes(t.ptr, t.len) || end[-1] <= ' ' || (t.len >= 2 && blank_bytes(end - 2, 2)) ||
           (t.len >= 3 && blank_bytes(end - 3, 3));
}

static struct gw_bytes trim(struct gw_bytes t)
{
    struct gw_cursor c = gw_cursor_make(t);
    const uint8_t *from = NULL;
    const uint8_t *to = t.ptr;
    while (gw_cursor_left(&c) != 0) {
        const uint8_t *at = c.ptr;
        uint32_t cp;
        if (gw_utf8_next(&c, &cp) != GW_OK)
            return t;
        if (blank_at_edge(cp))
            continue;
        if (from == NULL)
            from = at;
        to = c.ptr;
    }
    return from == NULL ? gw_bytes_make(t.ptr, 0) : gw_bytes_make(from, (size_t)(to - from));
}

static void take_text(struct gw_op_ctx *ctx, struct gw_bytes text, struct gw_op_values *ret)
{
    if (text.len != 0 && may_need_trim(text)) {
        struct gw_bytes t = trim(text);
        if (t.len != text.len) {
            ctx->differs = true;
            ctx->repaired = t.len != 0;
            text = t;
        }
    }
    ret->v[0] =
        (struct gw_canon_value){.type = GW_CANON_TEXT, .present = text.len != 0, .text = text};
}

const char *gw_op_text_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                              struct gw_op_values *ret)
{
    (void)row;
    take_text(ctx, text, ret);
    return NULL;
}

const char *gw_op_text_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                              const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)row;
    (void)ctx;
    *ret = v->v[0].text;
    return NULL;
}

static bool is_code(const struct gw_row *row, struct gw_bytes text)
{
    for (size_t i = 0; i < row->codes.count; i++) {
        if (gw_bytes_eq_str(text, row->codes.items[i]))
            return true;
    }
    return row->codes.count == 0;
}

const char *gw_op_code_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                              struct gw_op_values *ret)
{
    take_text(ctx, text, ret);
    return ret->v[0].present && !is_code(row, ret->v[0].text) ? "enum-unknown" : NULL;
}

/* What the source held may be no code of this target. */
const char *gw_op_code_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                              const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)ctx;
    if (!is_code(row, v->v[0].text))
        return "target-value";
    *ret = v->v[0].text;
    return NULL;
}

static bool is_digits(struct gw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return true;
}

const char *gw_op_digits_decode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                struct gw_bytes text, struct gw_op_values *ret)
{
    (void)row;
    take_text(ctx, text, ret);
    return is_digits(ret->v[0].text) ? NULL : "value-charset";
}

const char *gw_op_digits_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                                const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)row;
    (void)ctx;
    if (!is_digits(v->v[0].text))
        return "target-value";
    *ret = v->v[0].text;
    return NULL;
}

/* ---- map: the sender's words for a text of ours ---- */

/* "market-serious": what rows of conf/ call themselves. */
static bool is_id(struct gw_bytes t)
{
    for (size_t i = 0; i < t.len; i++) {
        uint8_t c = t.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i != 0 && c == '-')))
            return false;
    }
    return t.len != 0;
}

static const struct gw_table_item *item_of_text(const struct gw_table *t, struct gw_bytes text)
{
    for (size_t i = 0; i < t->count; i++) {
        if (gw_bytes_eq(t->items[i].text, text))
            return &t->items[i];
    }
    return NULL;
}

/* The first is the one that is written. */
static const struct gw_table_item *item_of_name(const struct gw_table *t, struct gw_bytes name)
{
    for (size_t i = 0; i < t->count; i++) {
        if (gw_bytes_eq(t->items[i].name, name))
            return &t->items[i];
    }
    return NULL;
}

const char *gw_op_map_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                             struct gw_op_values *ret)
{
    take_text(ctx, text, ret);
    struct gw_canon_value *v = &ret->v[0];
    const struct gw_table_item *item = item_of_text(row->table, v->text);
    if (item == NULL)
        return v->present && !(row->ids && is_id(v->text)) ? "enum-unknown" : NULL;
    v->text = item->name;
    ctx->differs = ctx->differs || item != item_of_name(row->table, item->name);
    return NULL;
}

const char *gw_op_map_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                             const struct gw_op_values *v, struct gw_bytes *ret)
{
    (void)ctx;
    const struct gw_table_item *item = item_of_name(row->table, v->v[0].text);
    if (item != NULL) {
        *ret = item->text;
        return NULL;
    }
    /* The id of one list may be the sender's word for another. */
    if (!row->ids || !is_id(v->v[0].text) || item_of_text(row->table, v->v[0].text) != NULL)
        return "target-value";
    *ret = v->v[0].text;
    return NULL;
}

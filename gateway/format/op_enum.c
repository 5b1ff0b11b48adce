/* Enumerations: one value, or several joined by a separator (D8); "其他-<text>" carries free text
 * beside. */
#include "base/text.h"
#include "format/format_internal.h"

enum { MAX_LIST = 32 };

static int find_item(const struct gw_table *t, struct gw_bytes text)
{
    for (size_t i = 0; i < t->count; i++) {
        if (gw_bytes_eq(t->items[i].text, text))
            return (int)i;
    }
    return -1;
}

static bool other_text(const struct gw_table *t, struct gw_bytes text, struct gw_bytes *ret)
{
    if (t->other_value < 0 || !gw_bytes_has_prefix(text, t->other_prefix) ||
        text.len == t->other_prefix.len)
        return false;
    *ret = gw_bytes_make(text.ptr + t->other_prefix.len, text.len - t->other_prefix.len);
    return true;
}

/* One text of the table. *ret_own: it is the value's own spelling. */
static bool item_value(const struct gw_table *t, struct gw_bytes text, int32_t *ret,
                       struct gw_bytes *ret_other, bool *ret_own)
{
    int i = find_item(t, text);
    if (i >= 0) {
        *ret = t->items[i].value;
        *ret_own = *ret >= 0 && *ret < 64 && t->own[*ret] == i;
        return true;
    }
    *ret = t->other_value;
    *ret_own = true;
    return other_text(t, text, ret_other);
}

static struct gw_bytes trimmed(struct gw_bytes t)
{
    static const char wide[] = "\xe3\x80\x80";
    for (;;) {
        if (t.len != 0 && t.ptr[0] <= ' ') {
            t.ptr++;
            t.len--;
        } else if (t.len != 0 && t.ptr[t.len - 1] <= ' ') {
            t.len--;
        } else if (t.len >= 3 && memcmp(t.ptr, wide, 3) == 0) {
            t.ptr += 3;
            t.len -= 3;
        } else if (t.len >= 3 && memcmp(t.ptr + t.len - 3, wide, 3) == 0) {
            t.len -= 3;
        } else {
            return t;
        }
    }
}

static void set_other(const struct gw_row *row, struct gw_op_values *ret, struct gw_bytes other)
{
    if (row->path_count > 1)
        ret->v[1] = (struct gw_canon_value){
            .type = GW_CANON_TEXT, .present = other.len != 0, .text = other};
}

const char *gw_op_enum_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                              struct gw_op_values *ret)
{
    int32_t value;
    struct gw_bytes other = GW_BYTES_NONE;
    bool own = false;
    struct gw_bytes t = trimmed(text);
    if (!item_value(row->table, t, &value, &other, &own))
        return "enum-unknown";
    ctx->repaired = t.len != text.len;
    ctx->differs = !own || ctx->repaired;
    ret->v[0] = (struct gw_canon_value){.type = row->path[0].type, .present = true, .num = value};
    set_other(row, ret, other);
    return NULL;
}

static const char *put_value(const struct gw_table *t, int32_t value, struct gw_bytes other,
                             struct gw_buf *b)
{
    if (value < 0 || value >= 64)
        return "target-value";
    if (value == t->other_value) {
        if (other.len == 0)
            return "target-value";
        gw_buf_bytes(b, t->other_prefix);
        gw_buf_bytes(b, other);
        return NULL;
    }
    if (t->own[value] < 0)
        return "target-value";
    gw_buf_bytes(b, t->items[t->own[value]].text);
    return NULL;
}

const char *gw_op_enum_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                              const struct gw_op_values *v, struct gw_bytes *ret)
{
    const struct gw_table *t = row->table;
    int64_t value = v->v[0].num;
    if (value >= 0 && value < 64 && value != t->other_value && t->own[value] >= 0) {
        *ret = t->items[t->own[value]].text;
        return NULL;
    }
    if (value != t->other_value || row->path_count < 2 || !v->v[1].present)
        return "target-value";
    struct gw_bytes other = v->v[1].text;
    uint8_t *at = gw_arena_alloc(ctx->arena, t->other_prefix.len + other.len);
    if (at == NULL)
        return "target-value";
    memcpy(at, t->other_prefix.ptr, t->other_prefix.len);
    memcpy(at + t->other_prefix.len, other.ptr, other.len);
    *ret = gw_bytes_make(at, t->other_prefix.len + other.len);
    return NULL;
}

/* Length of the separator at `at`, 0: none. Inside 其他-text the comma 、 does not separate (D8):
 * only the separators up to `limit` of the table do. */
static size_t separator_at(const struct gw_table *t, struct gw_bytes rest, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        if (rest.ptr[0] == t->separators[i].ptr[0] && gw_bytes_has_prefix(rest, t->separators[i]))
            return t->separators[i].len;
    }
    return 0;
}

/* The next item of a list; a text of the table that itself contains a separator is taken whole. */
static struct gw_bytes next_item(const struct gw_table *t, struct gw_bytes *rest)
{
    bool is_other = t->other_value >= 0 && gw_bytes_has_prefix(trimmed(*rest), t->other_prefix);
    size_t limit = is_other && t->separator_count > 2 ? 2 : t->separator_count;
    for (size_t i = 0; i < rest->len; i++) {
        struct gw_bytes tail = gw_bytes_make(rest->ptr + i, rest->len - i);
        size_t sep = separator_at(t, tail, limit);
        if (sep == 0)
            continue;
        struct gw_bytes item = gw_bytes_make(rest->ptr, i);
        *rest = gw_bytes_make(tail.ptr + sep, tail.len - sep);
        return item;
    }
    struct gw_bytes item = *rest;
    *rest = gw_bytes_make(rest->ptr + rest->len, 0);
    return item;
}

static bool has(const int32_t *list, size_t count, int32_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == value)
            return true;
    }
    return false;
}

static bool same_as_encoded(const struct gw_row *row, struct gw_op_ctx *ctx,
                            const struct gw_op_values *v, struct gw_bytes text)
{
    struct gw_bytes own;
    return gw_op_list_encode(row, ctx, v, &own) == NULL && gw_bytes_eq(own, text);
}

const char *gw_op_list_decode(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                              struct gw_op_values *ret)
{
    const struct gw_table *t = row->table;
    int32_t list[MAX_LIST];
    size_t count = 0;
    struct gw_bytes other = GW_BYTES_NONE;
    struct gw_bytes rest = text;
    while (rest.len != 0) {
        struct gw_bytes item = next_item(t, &rest);
        struct gw_bytes it = trimmed(item);
        int32_t value;
        struct gw_bytes o = GW_BYTES_NONE;
        bool own;
        if (it.len == 0 && rest.len == 0)
            break; /* a separator at the end */
        if (!item_value(t, it, &value, &o, &own))
            return "enum-unknown";
        ctx->repaired = ctx->repaired || it.len != item.len;
        if (has(list, count, value)) {
            /* The same kind twice says nothing new; two free texts would lose one. */
            if (o.len != 0)
                return "enum-unknown";
            ctx->repaired = true;
            continue;
        }
        if (count == MAX_LIST)
            return "enum-unknown";
        list[count++] = value;
        if (o.len != 0)
            other = o;
    }
    if (count == 0)
        return "enum-unknown";
    int32_t *copy = gw_arena_calloc(ctx->arena, count, sizeof(*copy));
    if (copy == NULL)
        return "internal";
    memcpy(copy, list, count * sizeof(*copy));
    ret->v[0] = (struct gw_canon_value){
        .type = GW_CANON_ENUM_LIST, .present = true, .list = copy, .list_len = count};
    set_other(row, ret, other);
    /* One plain item is the common case and needs no second look. */
    ctx->differs =
        !(count == 1 && find_item(t, text) >= 0 && t->own[list[0]] == find_item(t, text)) &&
        !same_as_encoded(row, ctx, ret, text);
    return NULL;
}

const char *gw_op_list_encode(const struct gw_row *row, struct gw_op_ctx *ctx,
                              const struct gw_op_values *v, struct gw_bytes *ret)
{
    const struct gw_table *t = row->table;
    struct gw_bytes other = row->path_count > 1 && v->v[1].present ? v->v[1].text : GW_BYTES_NONE;
    if (v->v[0].list_len == 1 && v->v[0].list[0] != t->other_value) {
        int32_t one = v->v[0].list[0];
        if (one < 0 || one >= 64 || t->own[one] < 0)
            return "target-value";
        *ret = t->items[t->own[one]].text;
        return NULL;
    }
    /* Free text with a separator inside would read back as two kinds. */
    for (size_t i = 0; i < other.len; i++) {
        struct gw_bytes tail = gw_bytes_make(other.ptr + i, other.len - i);
        if (separator_at(t, tail, t->separator_count > 2 ? 2 : t->separator_count) != 0)
            return "target-value";
    }
    uint8_t mem[2048];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    for (size_t i = 0; i < v->v[0].list_len; i++) {
        if (i != 0)
            gw_buf_bytes(&b, t->separators[0]);
        const char *reason = put_value(t, v->v[0].list[i], other, &b);
        if (reason != NULL)
            return reason;
    }
    if (gw_buf_failed(&b) != GW_OK)
        return "target-width";
    *ret = gw_arena_dup(ctx->arena, gw_buf_view(&b));
    return NULL;
}

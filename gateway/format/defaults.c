/* Declared defaults of a peer profile: values for mandatory target fields without a source.
 * "${penalty.document_no}" inside a value stands for that text of the record. Never for what the
 * law forbids to guess. */
#include <stdlib.h>

#include "base/text.h"
#include "format/format_internal.h"

enum { MAX_DEFAULT = 4096, DEFAULTS_BUDGET = 4 * 1024 * 1024 };

struct one_default {
    const struct gw_format *format;
    const char *field, *value;
};

struct gw_format_defaults {
    struct gw_arena *arena;
    struct one_default *items;
    size_t count;
};

static void complain(struct gw_buf *e, const char *file, const struct gw_default_spec *s,
                     const char *text)
{
    gw_buf_printf(e, "%s:%u: %s: %s\n", file, s->line, s->field, text);
}

/* Status, dates, amounts, basis, procedure, class: a default for these would be a guess about a
 * person. */
static bool is_forbidden(const struct gw_row *row)
{
    switch (row->path[0].type) {
    case GW_CANON_DATE:
    case GW_CANON_END_DATE:
    case GW_CANON_MONEY:
    case GW_CANON_TIMESTAMP:
    case GW_CANON_ENUM_LIST:
        return true;
    case GW_CANON_TEXT:
    case GW_CANON_BOOL:
    case GW_CANON_ENUM:
    case GW_CANON_INT:
    case GW_CANON_BYTES:
        break;
    }
    return gw_loss_is_protected(row->path[0].text);
}

/* The next ${path}: its start, and the path; NULL when there is none (or it is broken: *ret_bad).
 */
static const char *next_part(const char *s, struct gw_bytes *ret_path, bool *ret_bad)
{
    const char *open = strstr(s, "${");
    const char *close = open != NULL ? strchr(open, '}') : NULL;
    *ret_bad = open != NULL && close == NULL;
    if (close == NULL)
        return NULL;
    *ret_path = gw_bytes_make(open + 2, (size_t)(close - open - 2));
    return open;
}

static enum gw_status path_of(struct gw_bytes text, struct gw_canon_path *ret)
{
    char name[128];
    const char *why;
    if (text.len >= sizeof(name))
        return GW_INVALID;
    memcpy(name, text.ptr, text.len);
    name[text.len] = '\0';
    GW_TRY(gw_canon_path_compile(name, ret, &why));
    return ret->type == GW_CANON_TEXT ? GW_OK : GW_INVALID;
}

static bool has_parts(const char *value, bool *ret_bad)
{
    struct gw_bytes path;
    struct gw_canon_path p;
    bool any = false;
    bool broken = false;
    *ret_bad = false;
    for (const char *s = value; (s = next_part(s, &path, &broken)) != NULL; s += 2) {
        any = true;
        *ret_bad = *ret_bad || path_of(path, &p) != GW_OK;
    }
    *ret_bad = *ret_bad || broken;
    return any;
}

static bool check_in_format(const struct gw_format *f, const struct gw_field *fld,
                            const struct gw_default_spec *s, struct gw_arena *arena,
                            const char *file, struct gw_buf *error)
{
    bool ok = true;
    bool bad = false;
    bool parts = has_parts(s->value, &bad);
    if (bad) {
        complain(error, file, s,
                 "seen a broken ${...}, expected the path of a text of the canonical record");
        return false;
    }
    if (fld->kept && fld->width != 0 && gw_utf8_chars(gw_bytes_str(s->value)) > fld->width) {
        complain(error, file, s, "longer than the column");
        return false;
    }
    gw_record *blank = gw_canon_record_new(arena);
    for (size_t i = 0; i < fld->row_count && blank != NULL; i++) {
        const struct gw_row *row = fld->row[i];
        if (is_forbidden(row)) {
            gw_buf_printf(error,
                          "%s:%u: %s: %s of %s may not be defaulted (status, dates, amounts, "
                          "basis, procedure, "
                          "class)\n",
                          file, s->line, s->field, row->path[0].text, f->id);
            return false;
        }
        struct gw_op_ctx ctx = {
            .format = f, .record = blank, .today = {9999, 12, 31}, .arena = arena};
        struct gw_op_values v = {0};
        if (parts)
            continue;
        const char *reason =
            row->only_count != 0 ? NULL : row->op->decode(row, &ctx, gw_bytes_str(s->value), &v);
        if (reason == NULL && fld->width != 0 && gw_utf8_chars(gw_bytes_str(s->value)) > fld->width)
            reason = "field-too-long";
        if (reason != NULL) {
            gw_buf_printf(error, "%s:%u: %s: not a value of this field in %s: %s\n", file, s->line,
                          s->field, f->id, reason);
            ok = false;
        }
    }
    return ok;
}

static void complain_unknown(const struct gw_format *f, const struct gw_default_spec *s,
                             const char *file, struct gw_buf *error)
{
    const char *best = NULL;
    unsigned least = 6;
    for (size_t k = 0; k < f->field_count; k++) {
        unsigned n = gw_text_distance(gw_bytes_str(s->field), f->field[k].name, least);
        if (n < least) {
            least = n;
            best = f->field[k].cname;
        }
    }
    gw_buf_printf(error, "%s:%u: %s: %s has no such field%s%s\n", file, s->line, s->field, f->id,
                  best != NULL ? ", did you mean " : "", best != NULL ? best : "");
}

/* One default into `ret`, checked against the field it is for. */
static bool take_spec(const struct gw_format_set *set, const struct gw_default_spec *s,
                      struct gw_arena *arena, const char *file, struct gw_buf *error,
                      struct one_default *ret)
{
    const struct gw_format *f = gw_format_find(set, gw_bytes_str(s->format), NULL);
    if (f == NULL) {
        gw_buf_printf(error, "%s:%u: no format %s\n", file, s->line, s->format);
        return false;
    }
    int k = gw_format_field_find(f, gw_bytes_str(s->field), 0);
    if (k < 0 || f->field[k].refused || f->media == GW_MEDIA_PROTOBUF) {
        complain_unknown(f, s, file, error);
        return false;
    }
    *ret =
        (struct one_default){f, gw_arena_strdup(arena, s->field), gw_arena_strdup(arena, s->value)};
    return check_in_format(f, &f->field[k], s, arena, file, error);
}

enum gw_status gw_format_defaults_compile(const struct gw_format_set *set, const char *file,
                                          const struct gw_default_spec *specs, size_t count,
                                          struct gw_format_defaults **ret, struct gw_buf *ret_error)
{
    struct gw_arena *arena = gw_arena_new("defaults", DEFAULTS_BUDGET);
    struct gw_format_defaults *d =
        arena != NULL ? gw_arena_new_of(arena, struct gw_format_defaults) : NULL;
    struct one_default *items = d != NULL ? gw_arena_calloc(arena, count, sizeof(*items)) : NULL;
    if (items == NULL) {
        gw_arena_free(arena);
        return GW_NOMEM;
    }
    bool ok = true;
    for (size_t n = 0; n < count; n++)
        ok = take_spec(set, &specs[n], arena, file, ret_error, &items[n]) && ok;
    if (!ok || gw_arena_failed(arena)) {
        enum gw_status st = ok ? GW_NOMEM : GW_INVALID;
        gw_arena_free(arena);
        return st;
    }
    d->arena = arena;
    d->items = items;
    d->count = count;
    *ret = d;
    return GW_OK;
}

void gw_format_defaults_free(struct gw_format_defaults *d)
{
    if (d != NULL)
        gw_arena_free(d->arena);
}

static enum gw_status render(const char *value, const gw_record *r, struct gw_arena *arena,
                             struct gw_bytes *ret)
{
    char mem[MAX_DEFAULT];
    struct gw_buf b;
    struct gw_bytes path;
    bool bad;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    for (;;) {
        const char *open = next_part(value, &path, &bad);
        if (open == NULL)
            break;
        struct gw_canon_path p;
        struct gw_canon_value v;
        GW_TRY(path_of(path, &p));
        gw_canon_get(r, &p, &v);
        if (!v.present)
            return GW_NOT_FOUND;
        gw_buf_append(&b, value, (size_t)(open - value));
        gw_buf_bytes(&b, v.text);
        value = (const char *)path.ptr + path.len + 1;
    }
    gw_buf_str(&b, value);
    GW_TRY(gw_buf_failed(&b));
    *ret = gw_arena_dup(arena, gw_buf_view(&b));
    return GW_OK;
}

enum gw_status gw_format_default(const struct gw_format_defaults *d, const struct gw_format *f,
                                 const char *field, const gw_record *r, struct gw_arena *arena,
                                 struct gw_bytes *ret)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->items[i].format != f || strcmp(d->items[i].field, field) != 0)
            continue;
        if (strstr(d->items[i].value, "${") != NULL)
            return render(d->items[i].value, r, arena, ret);
        *ret = gw_bytes_str(d->items[i].value);
        return GW_OK;
    }
    return GW_NOT_FOUND;
}

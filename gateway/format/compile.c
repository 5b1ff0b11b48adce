/* From what a mapping file says to a checked table: the order of the work, the head of the file,
 * and what all parts of it share. Every fault is a line "file:line: ..." and fails the load. Read
 * next: compile_row.c, compile_field.c. */
#include "format/compile.h"

#include <stdarg.h>
#include <stdio.h>

void gw_compile_complain(struct gw_compiling *c, unsigned line, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    gw_buf_printf(c->error, "%s:%u: %s\n", c->spec->file, line, text);
    c->ok = false;
}

bool gw_compile_path(struct gw_compiling *c, unsigned line, const char *text,
                     struct gw_canon_path *ret)
{
    const char *why = "";
    if (text == NULL || gw_canon_path_compile(text, ret, &why) != GW_OK) {
        gw_compile_complain(
            c, line,
            "path: seen \"%s\", expected a value of the canonical record (unknown from \"%s\" on)",
            text != NULL ? text : "", why);
        return false;
    }
    return true;
}

/* "FINE" of PenaltyKind is PENALTY_KIND_FINE; the prefix is read off the _UNSPECIFIED row. */
bool gw_compile_enum_value(const struct gw_canon_path *p, const char *name, int32_t *ret)
{
    if (p->type == GW_CANON_BOOL) {
        *ret = strcmp(name, "true") == 0;
        return *ret != 0 || strcmp(name, "false") == 0;
    }
    if (p->enumeration == NULL)
        return false;
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(p->enumeration, 0);
    const char *cut = zero != NULL ? strstr(zero->name, "UNSPECIFIED") : NULL;
    char full[128];
    if (cut == NULL || snprintf(full, sizeof(full), "%.*s%s", (int)(cut - zero->name), zero->name,
                                name) >= (int)sizeof(full))
        return false;
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value_by_name(p->enumeration, full);
    if (v == NULL || v->value < 0 || v->value >= 64)
        return false;
    *ret = v->value;
    return true;
}

/* "92*" */
static bool is_prefix(const char *name)
{
    size_t len = strlen(name);
    return len > 1 && strchr(name, '*') == name + len - 1;
}

void gw_compile_cond(struct gw_compiling *c, const struct gw_cond_spec *s, struct gw_cond *ret)
{
    if (!gw_compile_path(c, s->line, s->path, &ret->path))
        return;
    bool by_value = ret->path.type == GW_CANON_ENUM || ret->path.type == GW_CANON_ENUM_LIST ||
                    ret->path.type == GW_CANON_BOOL;
    if (s->is.count == 0)
        gw_compile_complain(c, s->line, "condition on %s: `is` is empty", s->path);
    for (size_t i = 0; i < s->is.count; i++) {
        const char *name = s->is.items[i];
        int32_t value;
        if (by_value && gw_compile_enum_value(&ret->path, name, &value))
            ret->mask |= UINT64_C(1) << value;
        else if (ret->path.type == GW_CANON_TEXT && ret->prefix.len == 0 && is_prefix(name))
            ret->prefix = gw_bytes_make(name, strlen(name) - 1);
        else if (!by_value && strcmp(name, "present") == 0)
            ret->present = true;
        else if (!by_value && strcmp(name, "absent") == 0)
            ret->absent = true;
        else if (ret->path.type == GW_CANON_ENUM && strcmp(name, "present") == 0)
            ret->mask |= ~UINT64_C(1);
        else
            gw_compile_complain(
                c, s->line, "condition on %s: seen \"%s\", expected %s", s->path, name,
                by_value ? "a name of the enumeration, true or false"
                         : "present, absent, or (of a text, once) a beginning with *");
    }
}

bool gw_compile_date(const char *s, struct gw_date *ret)
{
    return gw_canon_date_parse(gw_bytes_str(s), "YYYY-MM-DD", ret, NULL) == GW_OK;
}

/* ---- constants, sentinels ---- */

static void constants_compile(struct gw_compiling *c)
{
    struct gw_constant *k = gw_arena_calloc(c->arena, c->spec->constant_count, sizeof(*k));
    for (size_t i = 0; i < c->spec->constant_count && k != NULL; i++) {
        const struct gw_constant_spec *s = &c->spec->constants[i];
        if (!gw_compile_path(c, s->line, s->path, &k[i].path))
            continue;
        for (size_t n = 0; n < s->when_count; n++)
            gw_compile_cond(c, &s->when[n], &k[i].when[k[i].when_count++]);
        if (k[i].path.type == GW_CANON_TEXT && s->value != NULL)
            k[i].text = s->value;
        else if (!gw_compile_enum_value(&k[i].path, s->value != NULL ? s->value : "", &k[i].value))
            gw_compile_complain(
                c, s->line,
                "constants: %s: seen \"%s\", expected a name of the enumeration, or a text",
                s->path, s->value != NULL ? s->value : "");
    }
    c->format->constant = k;
    c->format->constant_count = k != NULL ? c->spec->constant_count : 0;
}

static size_t dates_compile(struct gw_compiling *c, const char *what, struct gw_strings s,
                            struct gw_date *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < s.count; i++) {
        if (n == GW_FORMAT_MAX_SENTINELS || !gw_compile_date(s.items[i], &ret[n]))
            gw_compile_complain(c, c->spec->line,
                                "%s: seen \"%s\", expected at most %d dates YYYY-MM-DD", what,
                                s.items[i], GW_FORMAT_MAX_SENTINELS);
        else
            n++;
    }
    return n;
}

static void sentinels_compile(struct gw_compiling *c)
{
    struct gw_format *f = c->format;
    f->no_end_count = dates_compile(c, "no_end", c->spec->no_end, f->no_end);
    f->absent_date_count = dates_compile(c, "absent_dates", c->spec->absent_dates, f->absent_date);
    for (size_t i = 0; i < c->spec->absent_texts.count; i++) {
        if (f->absent_text_count == GW_FORMAT_MAX_SENTINELS) {
            gw_compile_complain(c, c->spec->line, "absent_texts: more than %d",
                                GW_FORMAT_MAX_SENTINELS);
            break;
        }
        struct gw_bytes t = gw_bytes_str(c->spec->absent_texts.items[i]);
        f->absent_text[f->absent_text_count++] = t;
        if (t.len > f->absent_text_max)
            f->absent_text_max = t.len;
    }
}

/* ---- the head of the file ---- */

static bool id_ok(const char *id)
{
    const char *at = id != NULL ? strchr(id, '@') : NULL;
    if (at == NULL || at == id || at[1] == '\0' || strlen(id) > 64)
        return false;
    return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-@") == strlen(id) &&
           strchr(at + 1, '@') == NULL;
}

static void head_compile(struct gw_compiling *c)
{
    const struct gw_format_spec *s = c->spec;
    struct gw_format *f = c->format;
    f->file = s->file;
    f->id = s->id;
    f->title_zh = s->title_zh != NULL ? s->title_zh : s->id;
    f->title_en = s->title_en != NULL ? s->title_en : s->id;
    f->record = s->record != NULL ? s->record : "record";
    f->envelope = s->envelope;
    f->confirmed_by = s->confirmed_by;
    f->confirmed_on = s->confirmed_on;
    if (!id_ok(s->id))
        gw_compile_complain(c, s->line,
                            "id: seen \"%s\", expected authority.kind[.variant]@edition",
                            s->id != NULL ? s->id : "");
    if (gw_compile_is(s->media, "xml"))
        f->media = GW_MEDIA_XML;
    else if (gw_compile_is(s->media, "json"))
        f->media = GW_MEDIA_JSON;
    else if (gw_compile_is(s->media, "protobuf"))
        f->media = GW_MEDIA_PROTOBUF;
    else
        gw_compile_complain(c, s->line, "media: seen \"%s\", expected xml, json or protobuf",
                            s->media != NULL ? s->media : "");
    f->kind = gw_canon_kind_of(s->kind);
    if (f->kind == XINQIAO__V1__KIND__KIND_UNSPECIFIED &&
        (f->media != GW_MEDIA_PROTOBUF || !gw_compile_is(s->kind, "any")))
        gw_compile_complain(c, s->line,
                            "kind: seen \"%s\", expected penalty, permit, list-entry or score",
                            s->kind != NULL ? s->kind : "");
    f->absent_form = GW_FORM_EMPTY;
    if (gw_compile_is(s->absent_style, "omit"))
        f->absent_form = GW_FORM_OMITTED;
    else if (gw_compile_is(s->absent_style, "null") && f->media == GW_MEDIA_JSON)
        f->absent_form = GW_FORM_NULL;
    else if (s->absent_style != NULL && !gw_compile_is(s->absent_style, "empty"))
        gw_compile_complain(c, s->line, "absent: seen \"%s\", expected empty, omit or (JSON) null",
                            s->absent_style);
    if (f->media == GW_MEDIA_XML && !gw_xml_name_ok(gw_bytes_str(f->record)))
        gw_compile_complain(c, s->line, "record: \"%s\" can not name an element", f->record);
    struct gw_canon_path class;
    gw_compile_path(c, s->line, "subject.subject_class", &class);
    for (size_t i = 0; i < s->classes.count; i++) {
        int32_t value;
        if (gw_compile_enum_value(&class, s->classes.items[i], &value))
            f->classes |= 1u << value;
        else
            gw_compile_complain(
                c, s->line, "classes: seen \"%s\", expected ORGANISATION, SOLE_TRADER or PERSON",
                s->classes.items[i]);
    }
}

enum gw_status gw_format_compile(const struct gw_format_spec *spec, struct gw_arena *arena,
                                 struct gw_format **ret, struct gw_buf *error)
{
    struct gw_compiling c = {.spec = spec, .arena = arena, .error = error, .ok = true};
    c.format = gw_arena_new_of(arena, struct gw_format);
    if (c.format == NULL)
        return GW_NOMEM;
    struct gw_format *f = c.format;
    if (spec->row_count == 0 || spec->row_count > GW_FORMAT_MAX_ROWS) {
        gw_compile_complain(&c, spec->line, "fields: seen %zu rows, expected 1 to %d",
                            spec->row_count, GW_FORMAT_MAX_ROWS);
        return GW_INVALID;
    }
    f->field = gw_arena_calloc(arena, GW_FORMAT_MAX_FIELDS, sizeof(*f->field));
    f->row = gw_arena_calloc(arena, spec->row_count, sizeof(*f->row));
    if (f->field == NULL || f->row == NULL)
        return GW_NOMEM;
    head_compile(&c);
    sentinels_compile(&c);
    constants_compile(&c);
    for (size_t i = 0; i < spec->row_count; i++) {
        if (gw_compile_is(spec->rows[i].op, "keep")) {
            gw_compile_kept(&c, &spec->rows[i]);
            continue;
        }
        struct gw_row *row = &f->row[f->row_count++];
        gw_compile_row(&c, &spec->rows[i], row);
        gw_compile_field(&c, &spec->rows[i], row);
        f->inferred = f->inferred || row->inferred;
    }
    gw_compile_refused(&c);
    if (c.ok) {
        gw_compile_names(&c);
        gw_compile_run(&c);
        gw_compile_checks(&c);
    }
    if (gw_arena_failed(arena))
        return GW_NOMEM;
    if (!c.ok)
        return GW_INVALID;
    *ret = f;
    return GW_OK;
}

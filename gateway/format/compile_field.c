/* Fields of a mapping: the rows of one name together, the names and aliases under which a field is
 * found, and the order in which rows decode. */
#include "format/compile.h"

int gw_compile_field_index(const struct gw_format *f, const char *name)
{
    for (size_t i = 0; i < f->field_count; i++) {
        if (strcmp(f->field[i].cname, name) == 0)
            return (int)i;
    }
    return -1;
}

static struct gw_field *field_new(struct gw_compiling *c, unsigned line, const char *name)
{
    struct gw_format *f = c->format;
    if (f->field_count == GW_FORMAT_MAX_FIELDS) {
        gw_compile_complain(c, line, "%s: more than %d fields", name, GW_FORMAT_MAX_FIELDS);
        return NULL;
    }
    struct gw_field *fld = &f->field[f->field_count++];
    fld->cname = name;
    fld->name = gw_bytes_str(name);
    bool dotted = c->format->media == GW_MEDIA_PROTOBUF;
    if (!dotted && !gw_xml_name_ok(fld->name))
        gw_compile_complain(c, line, "name: \"%s\" can not name an element or member", name);
    return fld;
}

/* What the first row of a field says of the field. */
static void field_fill(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_field *fld)
{
    fld->zh = s->zh != NULL ? s->zh : s->name;
    fld->width = s->width > 0 ? (uint32_t)s->width : 0;
    fld->required = s->required;
    fld->positive = s->positive;
    fld->absent_texts = s->absent_texts;
    fld->prose = fld->free_text && (fld->width == 0 || fld->width > GW_FORMAT_MAX_NAME_WIDTH);
    for (size_t i = 0; i < s->when_count; i++)
        gw_compile_cond(c, &s->when[i], &fld->when[fld->when_count++]);
    if (s->when_count != 0 && !s->required)
        gw_compile_complain(
            c, s->line, "%s: `when` says when it is required: required = true is missing", s->name);
}

/* When we stored the record, where the sender of this format says when he did. */
static void kept_fallback(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_field *fld)
{
    if ((s->fallback != NULL) != (s->patterns.count == 1))
        gw_compile_complain(c, s->line, "%s: fallback of a kept field needs one pattern", s->name);
    if (s->fallback == NULL || s->patterns.count != 1 ||
        !gw_compile_path(c, s->line, s->fallback, &fld->filled_from))
        return;
    fld->pattern = s->patterns.items[0];
    if (fld->filled_from.type != GW_CANON_TIMESTAMP)
        gw_compile_complain(c, s->line, "%s: fallback: %s is no instant", s->name, s->fallback);
}

void gw_compile_kept(struct gw_compiling *c, const struct gw_row_spec *s)
{
    if (gw_compile_field_index(c->format, s->name) >= 0) {
        gw_compile_complain(c, s->line, "%s: a kept field has one row", s->name);
        return;
    }
    if (s->path != NULL || s->only_count != 0 || s->positive || s->derive != NULL ||
        s->direction != NULL)
        gw_compile_complain(c, s->line,
                            "%s: a kept field is not understood: no path, only, positive, derive "
                            "or direction",
                            s->name);
    if (s->structured && s->impersonal)
        gw_compile_complain(c, s->line, "%s: nobody can say what is inside a structured field",
                            s->name);
    if (s->structured && c->format->media != GW_MEDIA_JSON)
        gw_compile_complain(c, s->line, "%s: structured is of JSON", s->name);
    struct gw_field *fld = field_new(c, s->line, s->name);
    if (fld == NULL)
        return;
    fld->kept = true;
    fld->written = true;
    fld->structured = s->structured;
    fld->impersonal = s->impersonal;
    kept_fallback(c, s, fld);
    fld->free_text = true;
    fld->inferred = gw_compile_is(s->certainty, "inferred");
    c->format->inferred = c->format->inferred || fld->inferred;
    field_fill(c, s, fld);
    fld->free_text = false; /* who does not know what it is does not know that bytes would matter */
}

void gw_compile_field(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_format *f = c->format;
    int at = gw_compile_field_index(f, s->name);
    struct gw_field *fld = at >= 0 ? &f->field[at] : field_new(c, s->line, s->name);
    if (fld == NULL)
        return;
    row->field = (uint16_t)(fld - f->field);
    if (fld->kept) {
        gw_compile_complain(c, s->line, "%s: a kept field has one row", s->name);
        return;
    }
    if (at >= 0 && (s->width != 0 || s->required || s->positive || s->when_count != 0 ||
                    s->aliases.count != 0 || s->absent_texts.count != 0))
        gw_compile_complain(c, s->line,
                            "%s: width, required, positive, when, aliases and absent_texts belong "
                            "to the first row of a field",
                            s->name);
    if (fld->row_count == GW_ARRAY_LEN(fld->row)) {
        gw_compile_complain(c, s->line, "%s: more than %zu rows for one field", s->name,
                            GW_ARRAY_LEN(fld->row));
        return;
    }
    fld->row[fld->row_count++] = row;
    fld->written = fld->written || row->out;
    fld->inferred = fld->inferred || row->inferred;
    if (at >= 0)
        return;
    fld->free_text = row->op != NULL && strcmp(row->op->name, "text") == 0;
    field_fill(c, s, fld);
}

void gw_compile_refused(struct gw_compiling *c)
{
    for (size_t i = 0; i < c->spec->refused.count; i++) {
        const char *name = c->spec->refused.items[i];
        if (gw_compile_field_index(c->format, name) >= 0) {
            gw_compile_complain(c, c->spec->line, "refused: %s is a field of the table", name);
            continue;
        }
        struct gw_field *fld = field_new(c, c->spec->line, name);
        if (fld == NULL)
            return;
        fld->zh = name;
        fld->refused = true;
    }
}

/* ---- names ---- */

static void name_add(struct gw_compiling *c, unsigned line, const char *name, size_t field)
{
    struct gw_format *f = c->format;
    struct gw_bytes b = gw_bytes_str(name);
    uint32_t h = f->name_seed;
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ b.ptr[i]) * 16777619u;
    for (h ^= h >> 15;; h++) {
        struct gw_name_slot *s = &f->names[h & f->name_mask];
        if (s->field != 0 && gw_bytes_eq(s->name, b)) {
            gw_compile_complain(c, line, "%s: the name stands twice", name);
            return;
        }
        if (s->field == 0) {
            *s = (struct gw_name_slot){b, (uint16_t)(field + 1)};
            return;
        }
    }
}

void gw_compile_names(struct gw_compiling *c)
{
    struct gw_format *f = c->format;
    size_t count = f->field_count;
    for (size_t i = 0; i < c->spec->row_count; i++)
        count += c->spec->rows[i].aliases.count;
    size_t size = 16;
    while (size < count * 2)
        size *= 2;
    f->names = gw_arena_calloc(c->arena, size, sizeof(*f->names));
    f->name_mask = size - 1;
    f->name_seed = 2166136261u;
    if (f->names == NULL) {
        gw_compile_complain(c, c->spec->line, "out of memory");
        return;
    }
    for (size_t i = 0; i < f->field_count; i++)
        name_add(c, c->spec->line, f->field[i].cname, i);
    for (size_t i = 0; i < c->spec->row_count; i++) {
        const struct gw_row_spec *s = &c->spec->rows[i];
        for (size_t k = 0; k < s->aliases.count; k++)
            name_add(c, s->line, s->aliases.items[k], (size_t)gw_compile_field_index(f, s->name));
    }
}

/* ---- order of decoding: rows that ask other values after those that give them ---- */

static bool gives(const struct gw_format *f, const char *path, size_t before)
{
    for (size_t i = 0; i < f->constant_count; i++) {
        if (strcmp(f->constant[i].path.text, path) == 0)
            return true;
    }
    for (size_t i = 0; i < before; i++) {
        for (size_t k = 0; k < f->run[i]->write_count; k++) {
            if (strcmp(f->run[i]->path[k].text, path) == 0)
                return true;
        }
    }
    return strcmp(path, "kind") == 0;
}

void gw_compile_run(struct gw_compiling *c)
{
    struct gw_format *f = c->format;
    size_t n = 0;
    f->run = gw_arena_calloc(c->arena, f->row_count, sizeof(*f->run));
    if (f->run == NULL) {
        gw_compile_complain(c, c->spec->line, "out of memory");
        return;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < f->row_count; i++) {
            if (f->row[i].dependent == (pass == 1))
                f->run[n++] = &f->row[i];
        }
    }
    for (size_t i = 0; i < n && f->media != GW_MEDIA_PROTOBUF; i++) {
        const struct gw_row *row = f->run[i];
        for (size_t k = 0; row->in && k < row->only_count; k++) {
            if (!gives(f, row->only[k].path.text, i))
                gw_compile_complain(c, row->line, "only: %s is filled by no row before this one",
                                    row->only[k].path.text);
        }
    }
}

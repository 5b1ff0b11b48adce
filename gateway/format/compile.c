/* From what a mapping file says to a checked table. Every fault is a line "file:line: ..." and
 * fails the load. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "format/format_internal.h"

/* Indexes into gw_row.path of an operator that asks the record's class or kind. */
enum { PATH_MAIN, PATH_OTHER, PATH_THIRD };

struct compiling {
    const struct gw_format_spec *spec;
    struct gw_arena *arena;
    struct gw_format *format;
    struct gw_table *tables;
    struct gw_buf *error;
    bool ok;
};

static void complain(struct compiling *c, unsigned line, const char *fmt, ...) GW_PRINTF(3, 4);
static void complain(struct compiling *c, unsigned line, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    gw_buf_printf(c->error, "%s:%u: %s\n", c->spec->file, line, text);
    c->ok = false;
}

static bool path_compile(struct compiling *c, unsigned line, const char *text,
                         struct gw_canon_path *ret)
{
    const char *why = "";
    if (text == NULL || gw_canon_path_compile(text, ret, &why) != GW_OK) {
        complain(
            c, line,
            "path: seen \"%s\", expected a value of the canonical record (unknown from \"%s\" on)",
            text != NULL ? text : "", why);
        return false;
    }
    return true;
}

/* "FINE" of PenaltyKind is PENALTY_KIND_FINE; the prefix is read off the _UNSPECIFIED row. */
static bool enum_value(const struct gw_canon_path *p, const char *name, int32_t *ret)
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

static void cond_compile(struct compiling *c, const struct gw_cond_spec *s, struct gw_cond *ret)
{
    if (!path_compile(c, s->line, s->path, &ret->path))
        return;
    bool by_value = ret->path.type == GW_CANON_ENUM || ret->path.type == GW_CANON_ENUM_LIST ||
                    ret->path.type == GW_CANON_BOOL;
    if (s->is.count == 0)
        complain(c, s->line, "condition on %s: `is` is empty", s->path);
    for (size_t i = 0; i < s->is.count; i++) {
        const char *name = s->is.items[i];
        int32_t value;
        if (by_value && enum_value(&ret->path, name, &value))
            ret->mask |= UINT64_C(1) << value;
        else if (!by_value && strcmp(name, "present") == 0)
            ret->present = true;
        else if (!by_value && strcmp(name, "absent") == 0)
            ret->absent = true;
        else if (ret->path.type == GW_CANON_ENUM && strcmp(name, "present") == 0)
            ret->mask |= ~UINT64_C(1);
        else
            complain(c, s->line, "condition on %s: seen \"%s\", expected %s", s->path, name,
                     by_value ? "a name of the enumeration, true or false" : "present or absent");
    }
}

/* ---- tables ---- */

static const struct gw_table_spec *table_spec(const struct compiling *c, const char *name)
{
    for (size_t i = 0; i < c->spec->table_count; i++) {
        if (strcmp(c->spec->tables[i].name, name) == 0)
            return &c->spec->tables[i];
    }
    return NULL;
}

static const char *expected_texts(struct compiling *c, const struct gw_table *t)
{
    struct gw_buf b;
    gw_buf_init(&b, 4096);
    for (size_t i = 0; i < t->count; i++) {
        gw_buf_str(&b, i != 0 ? "、" : "");
        gw_buf_bytes(&b, t->items[i].text);
    }
    if (t->other_value >= 0)
        gw_buf_printf(&b, "、%.*s*", GW_BYTES_FMT(t->other_prefix));
    const char *s = gw_arena_strndup(c->arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return s;
}

static void items_compile(struct compiling *c, const struct gw_table_spec *s,
                          const struct gw_canon_path *p, struct gw_table *t,
                          struct gw_table_item *items)
{
    for (size_t i = 0; i < s->count; i++) {
        int32_t value = 0;
        if (!enum_value(p, s->items[i].value, &value))
            complain(c, s->items[i].line,
                     "table %s: seen \"%s\", expected a name of the enumeration of %s", s->name,
                     s->items[i].value, p->text);
        if (s->items[i].text[0] == '\0')
            complain(c, s->items[i].line, "table %s: an empty text", s->name);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(s->items[k].text, s->items[i].text) == 0)
                complain(c, s->items[i].line, "table %s: \"%s\" stands twice", s->name,
                         s->items[i].text);
        }
        items[i] = (struct gw_table_item){gw_bytes_str(s->items[i].text), value};
        if (t->own[value] < 0)
            t->own[value] = (int8_t)i;
    }
}

/* A table is compiled for the enumeration of the row that uses it. */
static const struct gw_table *table_compile(struct compiling *c, unsigned line, const char *name,
                                            const struct gw_canon_path *p)
{
    const struct gw_table_spec *s = name != NULL ? table_spec(c, name) : NULL;
    if (s == NULL) {
        complain(c, line, "table: seen \"%s\", expected the name of a table of this file",
                 name != NULL ? name : "");
        return NULL;
    }
    struct gw_table *t = gw_arena_new_of(c->arena, struct gw_table);
    struct gw_table_item *items = gw_arena_calloc(c->arena, s->count, sizeof(*items));
    if (t == NULL || items == NULL || s->count > 100) {
        complain(c, s->line, "table %s: too large", name);
        return NULL;
    }
    memset(t->own, -1, sizeof(t->own));
    t->name = s->name;
    t->items = items;
    t->count = s->count;
    t->other_value = -1;
    if (s->other != NULL) {
        t->other_prefix = gw_bytes_str(s->other);
        if (s->other[0] == '\0' ||
            !enum_value(p, s->other_value != NULL ? s->other_value : "OTHER", &t->other_value))
            complain(c, s->line, "table %s: other: the enumeration of %s has no such name", name,
                     p->text);
    }
    items_compile(c, s, p, t, items);
    if (s->separators.count > GW_ARRAY_LEN(t->separators))
        complain(c, s->line, "table %s: more than %zu separators", name,
                 GW_ARRAY_LEN(t->separators));
    for (size_t i = 0; i < s->separators.count && i < GW_ARRAY_LEN(t->separators); i++) {
        if (s->separators.items[i][0] == '\0')
            complain(c, s->line, "table %s: an empty separator", name);
        t->separators[t->separator_count++] = gw_bytes_str(s->separators.items[i]);
    }
    t->expected = expected_texts(c, t);
    return t;
}

/* ---- rows ---- */

static bool name_is(const char *s, const char *want)
{
    return s != NULL && strcmp(s, want) == 0;
}

static void extra_path(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row,
                       const char *text, uint32_t types)
{
    struct gw_canon_path *p = &row->path[row->path_count];
    if (!path_compile(c, s->line, text, p))
        return;
    if ((types >> p->type & 1) == 0)
        complain(c, s->line, "%s: %s is of a type that this operator can not use", s->name, text);
    row->path_count++;
}

static void money_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    if (name_is(s->unit, "yuan"))
        row->unit_fen = 100;
    else if (name_is(s->unit, "wan"))
        row->unit_fen = 1000000;
    else
        complain(c, s->line, "%s: unit: seen \"%s\", expected yuan or wan (ten thousand yuan)",
                 s->name, s->unit != NULL ? s->unit : "");
    unsigned most = row->unit_fen == 1000000 ? 6 : 2;
    if (s->decimals < 0 || (unsigned)s->decimals > most)
        complain(c, s->line, "%s: decimals: seen %d, expected 0 to %u", s->name, s->decimals, most);
    row->decimals = (unsigned)(s->decimals < 0 ? 0 : s->decimals);
    row->expected = row->unit_fen == 100 ? "123.45" : "0.123456";
}

static void date_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_date probe = {2026, 4, 30};
    if (s->patterns.count == 0 || s->patterns.count > GW_FORMAT_MAX_PATTERNS) {
        complain(c, s->line, "%s: patterns: expected one to %d", s->name, GW_FORMAT_MAX_PATTERNS);
        return;
    }
    for (size_t i = 0; i < s->patterns.count; i++) {
        char mem[64];
        struct gw_buf b;
        struct gw_date back;
        gw_buf_init_fixed(&b, mem, sizeof(mem));
        gw_canon_date_format(probe, 0, s->patterns.items[i], &b);
        if (gw_buf_failed(&b) != GW_OK ||
            gw_canon_date_parse(gw_buf_view(&b), s->patterns.items[i], &back, NULL) != GW_OK ||
            gw_date_cmp(probe, back) != 0)
            complain(c, s->line, "%s: patterns: \"%s\" does not hold a date", s->name,
                     s->patterns.items[i]);
        row->pattern[row->pattern_count++] = s->patterns.items[i];
    }
    row->expected = s->patterns.items[0];
}

static void uscc_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->inner_warn = s->inner_warn;
    row->expected = "GB 32100";
    if (name_is(s->filler_as, "flag"))
        row->filler_as = GW_FILLER_FLAG;
    else if (name_is(s->filler_as, "absent"))
        row->filler_as = GW_FILLER_ABSENT;
    else if (s->filler_as != NULL && !name_is(s->filler_as, "refuse"))
        complain(c, s->line, "%s: filler_as: seen \"%s\", expected flag, absent or refuse", s->name,
                 s->filler_as);
    if ((row->filler_as == GW_FILLER_FLAG || s->regno != NULL) != (s->filler != NULL))
        complain(c, s->line,
                 "%s: filler names the path of the flag, for filler_as = flag or regno only",
                 s->name);
    if (s->filler != NULL)
        extra_path(c, s, row, s->filler, 1u << GW_CANON_BOOL);
    if (s->regno != NULL)
        extra_path(c, s, row, s->regno, 1u << GW_CANON_TEXT);
}

static void code_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_buf b;
    gw_buf_init(&b, 1024);
    row->codes = s->codes;
    if (s->codes.count == 0)
        complain(c, s->line, "%s: codes: expected the list of codes", s->name);
    for (size_t i = 0; i < s->codes.count; i++)
        gw_buf_printf(&b, "%s%s", i != 0 ? "、" : "", s->codes.items[i]);
    row->expected = gw_arena_strndup(c->arena, b.ptr, b.len);
    gw_buf_fini(&b);
}

static void upper_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_buf b;
    gw_buf_init(&b, 256);
    gw_buf_str(&b, "A-Z 0-9");
    for (size_t i = 0; i < s->lengths.count; i++) {
        long n = strtol(s->lengths.items[i], NULL, 10);
        if (n < 1 || n > 31)
            complain(c, s->line, "%s: lengths: seen \"%s\", expected 1 to 31", s->name,
                     s->lengths.items[i]);
        else
            row->lengths |= 1u << n;
        gw_buf_printf(&b, "%s%ld", i != 0 ? "/" : " x", n);
    }
    row->expected = gw_arena_strndup(c->arena, b.ptr, b.len);
    gw_buf_fini(&b);
}

static void op_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    const char *op = row->op->name;
    row->write_count = 1;
    if (name_is(op, "money")) {
        money_params(c, s, row);
    } else if (name_is(op, "date")) {
        date_params(c, s, row);
    } else if (name_is(op, "enum") || name_is(op, "enum-list")) {
        row->table = table_compile(c, s->line, s->table, &row->path[PATH_MAIN]);
        if (row->table != NULL && (row->table->other_value >= 0) != (s->other != NULL))
            complain(c, s->line, "%s: other: a table with free text needs its path, and only that",
                     s->name);
        if (s->other != NULL)
            extra_path(c, s, row, s->other, 1u << GW_CANON_TEXT);
        if (name_is(op, "enum-list") && row->table != NULL && row->table->separator_count == 0)
            complain(c, s->line, "%s: table %s has no separators", s->name, s->table);
        row->expected = row->table != NULL ? row->table->expected : "";
        row->write_count = row->path_count;
    } else if (name_is(op, "uscc")) {
        uscc_params(c, s, row);
        row->write_count = row->path_count;
    } else if (name_is(op, "code")) {
        code_params(c, s, row);
    } else if (name_is(op, "upper")) {
        upper_params(c, s, row);
    } else if (name_is(op, "id-number")) {
        extra_path(c, s, row, s->kind, 1u << GW_CANON_ENUM);
        row->derive_kind = s->derive_kind;
        row->write_count = s->derive_kind ? 2 : 1;
        row->expected = "GB 11643";
    } else if (name_is(op, "orgcode")) {
        row->expected = "GB 11714";
    } else if (name_is(op, "regno")) {
        row->expected = "GS15";
    }
}

/* A parameter that the operator does not know would be a silent mistake. */
static void stray_params(struct compiling *c, const struct gw_row_spec *s)
{
    const struct {
        const char *name;
        bool given;
        const char *ops;
    } params[] = {
        {"unit", s->unit != NULL, "money"},
        {"decimals", s->decimals != 0, "money"},
        {"patterns", s->patterns.count != 0, "date"},
        {"table", s->table != NULL, "enum enum-list"},
        {"other", s->other != NULL, "enum enum-list"},
        {"codes", s->codes.count != 0, "code"},
        {"lengths", s->lengths.count != 0, "upper"},
        {"filler", s->filler != NULL, "uscc"},
        {"filler_as", s->filler_as != NULL, "uscc"},
        {"regno", s->regno != NULL, "uscc"},
        {"inner_warn", s->inner_warn, "uscc"},
        {"kind", s->kind != NULL, "id-number"},
        {"derive_kind", s->derive_kind, "id-number"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(params); i++) {
        const char *at = params[i].given ? strstr(params[i].ops, s->op) : params[i].ops;
        if (at == NULL)
            complain(c, s->line, "%s: %s is not a parameter of operator %s", s->name,
                     params[i].name, s->op);
    }
}

static void meta_params(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->in = s->direction == NULL || !name_is(s->direction, "out");
    row->out = s->direction == NULL || !name_is(s->direction, "in");
    if (s->direction != NULL && row->in && row->out && !name_is(s->direction, "both"))
        complain(c, s->line, "%s: direction: seen \"%s\", expected in, out or both", s->name,
                 s->direction);
    row->inferred = name_is(s->certainty, "inferred");
    if (s->certainty != NULL && !row->inferred && !name_is(s->certainty, "sourced"))
        complain(c, s->line, "%s: certainty: seen \"%s\", expected sourced or inferred", s->name,
                 s->certainty);
    if (s->derive != NULL) {
        row->derive = gw_derivation_find(s->derive);
        if (row->derive == NULL || strcmp(row->derive->path, s->path) != 0)
            complain(c, s->line, "%s: derive: \"%s\" is no derivation of %s", s->name, s->derive,
                     s->path);
    }
    if (s->fallback != NULL && path_compile(c, s->line, s->fallback, &row->fallback) &&
        row->fallback.type != row->path[0].type)
        complain(c, s->line, "%s: fallback: %s is of another type than %s", s->name, s->fallback,
                 s->path);
    if (s->fallback != NULL && gw_loss_is_protected(s->path))
        complain(c, s->line, "%s: fallback: %s may not be filled from elsewhere", s->name, s->path);
}

static void row_compile(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->line = s->line;
    row->op = gw_op_find(s->op != NULL ? s->op : "text");
    if (row->op == NULL) {
        complain(c, s->line, "%s: op: seen \"%s\", expected an operator of conf/formats/README.md",
                 s->name, s->op);
        return;
    }
    if (!path_compile(c, s->line, s->path, &row->path[PATH_MAIN]))
        return;
    row->path_count = 1;
    if ((row->op->types >> row->path[0].type & 1) == 0) {
        complain(c, s->line, "%s: operator %s can not hold %s", s->name, row->op->name, s->path);
        return;
    }
    struct gw_row_spec with_op = *s;
    with_op.op = row->op->name;
    stray_params(c, &with_op);
    op_params(c, s, row);
    meta_params(c, s, row);
    for (size_t i = 0; i < s->only_count; i++)
        cond_compile(c, &s->only[i], &row->only[row->only_count++]);
    row->dependent = row->only_count != 0 || row->op->asks_record;
}

/* ---- fields: rows of one name together ---- */

static int field_index(const struct gw_format *f, const char *name)
{
    for (size_t i = 0; i < f->field_count; i++) {
        if (strcmp(f->field[i].cname, name) == 0)
            return (int)i;
    }
    return -1;
}

static struct gw_field *field_new(struct compiling *c, unsigned line, const char *name)
{
    struct gw_format *f = c->format;
    if (f->field_count == GW_FORMAT_MAX_FIELDS) {
        complain(c, line, "%s: more than %d fields", name, GW_FORMAT_MAX_FIELDS);
        return NULL;
    }
    struct gw_field *fld = &f->field[f->field_count++];
    fld->cname = name;
    fld->name = gw_bytes_str(name);
    bool dotted = c->format->media == GW_MEDIA_PROTOBUF;
    if (!dotted && !gw_xml_name_ok(fld->name))
        complain(c, line, "name: \"%s\" can not name an element or member", name);
    return fld;
}

static void field_compile(struct compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_format *f = c->format;
    int at = field_index(f, s->name);
    struct gw_field *fld = at >= 0 ? &f->field[at] : field_new(c, s->line, s->name);
    if (fld == NULL)
        return;
    row->field = (uint16_t)(fld - f->field);
    if (at >= 0 && (s->width != 0 || s->required || s->positive || s->when_count != 0 ||
                    s->aliases.count != 0))
        complain(
            c, s->line,
            "%s: width, required, positive, when and aliases belong to the first row of a field",
            s->name);
    if (fld->row_count == GW_ARRAY_LEN(fld->row)) {
        complain(c, s->line, "%s: more than %zu rows for one field", s->name,
                 GW_ARRAY_LEN(fld->row));
        return;
    }
    fld->row[fld->row_count++] = row;
    fld->written = fld->written || row->out;
    fld->inferred = fld->inferred || row->inferred;
    if (at >= 0)
        return;
    fld->zh = s->zh != NULL ? s->zh : s->name;
    fld->width = s->width > 0 ? (uint32_t)s->width : 0;
    fld->required = s->required;
    fld->positive = s->positive;
    fld->free_text = row->op != NULL && strcmp(row->op->name, "text") == 0;
    for (size_t i = 0; i < s->when_count; i++)
        cond_compile(c, &s->when[i], &fld->when[fld->when_count++]);
    if (s->when_count != 0 && !s->required)
        complain(c, s->line, "%s: `when` says when it is required: required = true is missing",
                 s->name);
}

static void refused_compile(struct compiling *c)
{
    for (size_t i = 0; i < c->spec->refused.count; i++) {
        const char *name = c->spec->refused.items[i];
        if (field_index(c->format, name) >= 0) {
            complain(c, c->spec->line, "refused: %s is a field of the table", name);
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

static void name_add(struct compiling *c, unsigned line, const char *name, size_t field)
{
    struct gw_format *f = c->format;
    struct gw_bytes b = gw_bytes_str(name);
    uint32_t h = f->name_seed;
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ b.ptr[i]) * 16777619u;
    for (h ^= h >> 15;; h++) {
        struct gw_name_slot *s = &f->names[h & f->name_mask];
        if (s->field != 0 && gw_bytes_eq(s->name, b)) {
            complain(c, line, "%s: the name stands twice", name);
            return;
        }
        if (s->field == 0) {
            *s = (struct gw_name_slot){b, (uint16_t)(field + 1)};
            return;
        }
    }
}

static void names_compile(struct compiling *c)
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
        complain(c, c->spec->line, "out of memory");
        return;
    }
    for (size_t i = 0; i < f->field_count; i++)
        name_add(c, c->spec->line, f->field[i].cname, i);
    for (size_t i = 0; i < c->spec->row_count; i++) {
        const struct gw_row_spec *s = &c->spec->rows[i];
        for (size_t k = 0; k < s->aliases.count; k++)
            name_add(c, s->line, s->aliases.items[k], (size_t)field_index(f, s->name));
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

static void run_compile(struct compiling *c)
{
    struct gw_format *f = c->format;
    size_t n = 0;
    f->run = gw_arena_calloc(c->arena, f->row_count, sizeof(*f->run));
    if (f->run == NULL) {
        complain(c, c->spec->line, "out of memory");
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
                complain(c, row->line, "only: %s is filled by no row before this one",
                         row->only[k].path.text);
        }
    }
}

/* ---- rules between fields, constants, sentinels ---- */

static bool field_named(struct compiling *c, unsigned line, const char *name, uint16_t *ret)
{
    int i = name != NULL ? field_index(c->format, name) : -1;
    if (i < 0) {
        complain(c, line, "checks: seen \"%s\", expected a field of this table",
                 name != NULL ? name : "");
        return false;
    }
    *ret = (uint16_t)i;
    return true;
}

static bool plain_date(const char *s, struct gw_date *ret)
{
    return gw_canon_date_parse(gw_bytes_str(s), "YYYY-MM-DD", ret, NULL) == GW_OK;
}

static void order_compile(struct compiling *c, const struct gw_check_spec *s, struct gw_check *ret)
{
    const struct gw_field *fld = &c->format->field[ret->field];
    enum gw_canon_type type = fld->row_count != 0 ? fld->row[0]->path[0].type : GW_CANON_TEXT;
    if (type != GW_CANON_DATE && type != GW_CANON_END_DATE)
        complain(c, s->line, "checks: %s is no date", s->field);
    if (name_is(s->than, "today")) {
        ret->than_today = true;
    } else if (s->than != NULL && plain_date(s->than, &ret->date)) {
        return;
    } else if (field_named(c, s->line, s->than, &ret->than)) {
        ret->than_field = true;
        fld = &c->format->field[ret->than];
        type = fld->row_count != 0 ? fld->row[0]->path[0].type : GW_CANON_TEXT;
        if (type != GW_CANON_DATE && type != GW_CANON_END_DATE)
            complain(c, s->line, "checks: %s is no date", s->than);
    }
}

static void checks_compile(struct compiling *c)
{
    static const char *const names[] = {"not-before", "not-after", "uscc-class",
                                        "cancelled-withdrawn"};
    struct gw_check *checks = gw_arena_calloc(c->arena, c->spec->check_count, sizeof(*checks));
    for (size_t i = 0; i < c->spec->check_count && checks != NULL; i++) {
        const struct gw_check_spec *s = &c->spec->checks[i];
        struct gw_check *k = &checks[i];
        size_t rule = 0;
        while (rule < GW_ARRAY_LEN(names) && !name_is(s->rule, names[rule]))
            rule++;
        if (rule == GW_ARRAY_LEN(names)) {
            complain(c, s->line,
                     "checks: rule: seen \"%s\", expected not-before, not-after, uscc-class or "
                     "cancelled-withdrawn",
                     s->rule != NULL ? s->rule : "");
            continue;
        }
        k->rule = (enum gw_rule)rule;
        k->warning = name_is(s->severity, "warning");
        if (s->severity != NULL && !k->warning && !name_is(s->severity, "error"))
            complain(c, s->line, "checks: severity: seen \"%s\", expected error or warning",
                     s->severity);
        if (!field_named(c, s->line, s->field, &k->field))
            continue;
        if (k->rule == GW_RULE_NOT_BEFORE || k->rule == GW_RULE_NOT_AFTER)
            order_compile(c, s, k);
        else if (k->rule == GW_RULE_CANCELLED_WITHDRAWN)
            k->than_field = field_named(c, s->line, s->than, &k->than);
    }
    c->format->check = checks;
    c->format->check_count = checks != NULL ? c->spec->check_count : 0;
}

static void constants_compile(struct compiling *c)
{
    struct gw_constant *k = gw_arena_calloc(c->arena, c->spec->constant_count, sizeof(*k));
    for (size_t i = 0; i < c->spec->constant_count && k != NULL; i++) {
        const struct gw_constant_spec *s = &c->spec->constants[i];
        if (path_compile(c, s->line, s->path, &k[i].path) &&
            !enum_value(&k[i].path, s->value != NULL ? s->value : "", &k[i].value))
            complain(c, s->line, "constants: %s: seen \"%s\", expected a name of the enumeration",
                     s->path, s->value != NULL ? s->value : "");
    }
    c->format->constant = k;
    c->format->constant_count = k != NULL ? c->spec->constant_count : 0;
}

static size_t dates_compile(struct compiling *c, const char *what, struct gw_strings s,
                            struct gw_date *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < s.count; i++) {
        if (n == GW_FORMAT_MAX_SENTINELS || !plain_date(s.items[i], &ret[n]))
            complain(c, c->spec->line, "%s: seen \"%s\", expected at most %d dates YYYY-MM-DD",
                     what, s.items[i], GW_FORMAT_MAX_SENTINELS);
        else
            n++;
    }
    return n;
}

static void sentinels_compile(struct compiling *c)
{
    struct gw_format *f = c->format;
    f->no_end_count = dates_compile(c, "no_end", c->spec->no_end, f->no_end);
    f->absent_date_count = dates_compile(c, "absent_dates", c->spec->absent_dates, f->absent_date);
    for (size_t i = 0; i < c->spec->absent_texts.count; i++) {
        if (f->absent_text_count == GW_FORMAT_MAX_SENTINELS) {
            complain(c, c->spec->line, "absent_texts: more than %d", GW_FORMAT_MAX_SENTINELS);
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

static void head_compile(struct compiling *c)
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
        complain(c, s->line, "id: seen \"%s\", expected authority.kind[.variant]@edition",
                 s->id != NULL ? s->id : "");
    if (name_is(s->media, "xml"))
        f->media = GW_MEDIA_XML;
    else if (name_is(s->media, "json"))
        f->media = GW_MEDIA_JSON;
    else if (name_is(s->media, "protobuf"))
        f->media = GW_MEDIA_PROTOBUF;
    else
        complain(c, s->line, "media: seen \"%s\", expected xml, json or protobuf",
                 s->media != NULL ? s->media : "");
    if (name_is(s->kind, "penalty"))
        f->kind = XINQIAO__V1__KIND__KIND_PENALTY;
    else if (name_is(s->kind, "permit"))
        f->kind = XINQIAO__V1__KIND__KIND_PERMIT;
    else if (f->media != GW_MEDIA_PROTOBUF || !name_is(s->kind, "any"))
        complain(c, s->line, "kind: seen \"%s\", expected penalty or permit",
                 s->kind != NULL ? s->kind : "");
    f->absent_form = GW_FORM_EMPTY;
    if (name_is(s->absent_style, "omit"))
        f->absent_form = GW_FORM_OMITTED;
    else if (name_is(s->absent_style, "null") && f->media == GW_MEDIA_JSON)
        f->absent_form = GW_FORM_NULL;
    else if (s->absent_style != NULL && !name_is(s->absent_style, "empty"))
        complain(c, s->line, "absent: seen \"%s\", expected empty, omit or (JSON) null",
                 s->absent_style);
    if (f->media == GW_MEDIA_XML && !gw_xml_name_ok(gw_bytes_str(f->record)))
        complain(c, s->line, "record: \"%s\" can not name an element", f->record);
    struct gw_canon_path class;
    path_compile(c, s->line, "subject.subject_class", &class);
    for (size_t i = 0; i < s->classes.count; i++) {
        int32_t value;
        if (enum_value(&class, s->classes.items[i], &value))
            f->classes |= 1u << value;
        else
            complain(c, s->line,
                     "classes: seen \"%s\", expected ORGANISATION, SOLE_TRADER or PERSON",
                     s->classes.items[i]);
    }
}

enum gw_status gw_format_compile(const struct gw_format_spec *spec, struct gw_arena *arena,
                                 struct gw_format **ret, struct gw_buf *error)
{
    struct compiling c = {.spec = spec, .arena = arena, .error = error, .ok = true};
    c.format = gw_arena_new_of(arena, struct gw_format);
    if (c.format == NULL)
        return GW_NOMEM;
    struct gw_format *f = c.format;
    if (spec->row_count == 0 || spec->row_count > GW_FORMAT_MAX_ROWS) {
        complain(&c, spec->line, "fields: seen %zu rows, expected 1 to %d", spec->row_count,
                 GW_FORMAT_MAX_ROWS);
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
        row_compile(&c, &spec->rows[i], &f->row[i]);
        field_compile(&c, &spec->rows[i], &f->row[i]);
        f->inferred = f->inferred || f->row[i].inferred;
    }
    f->row_count = spec->row_count;
    refused_compile(&c);
    if (c.ok) {
        names_compile(&c);
        run_compile(&c);
        checks_compile(&c);
    }
    if (gw_arena_failed(arena))
        return GW_NOMEM;
    if (!c.ok)
        return GW_INVALID;
    *ret = f;
    return GW_OK;
}

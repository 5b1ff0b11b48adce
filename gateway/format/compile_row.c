/* One row of a mapping: its operator, the operator's parameters, its path and conditions. What rows
 * mean together is in compile_field.c. */
#include <stdlib.h>

#include "base/text.h"
#include "format/compile.h"

static void extra_path(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row,
                       const char *text, uint32_t types)
{
    struct gw_canon_path *p = &row->path[row->path_count];
    if (!gw_compile_path(c, s->line, text, p))
        return;
    if ((types >> p->type & 1) == 0)
        gw_compile_complain(c, s->line, "%s: %s is of a type that this operator can not use",
                            s->name, text);
    row->path_count++;
}

static void money_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    if (gw_compile_is(s->unit, "yuan"))
        row->unit_fen = 100;
    else if (gw_compile_is(s->unit, "wan"))
        row->unit_fen = 1000000;
    else
        gw_compile_complain(c, s->line,
                            "%s: unit: seen \"%s\", expected yuan or wan (ten thousand yuan)",
                            s->name, s->unit != NULL ? s->unit : "");
    unsigned most = row->unit_fen == 1000000 ? 6 : 2;
    if (s->decimals < 0 || (unsigned)s->decimals > most)
        gw_compile_complain(c, s->line, "%s: decimals: seen %d, expected 0 to %u", s->name,
                            s->decimals, most);
    row->decimals = (unsigned)(s->decimals < 0 ? 0 : s->decimals);
    row->expected = row->unit_fen == 100 ? "123.45" : "0.123456";
}

static void date_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_date probe = {2026, 4, 30};
    if (s->patterns.count == 0 || s->patterns.count > GW_FORMAT_MAX_PATTERNS) {
        gw_compile_complain(c, s->line, "%s: patterns: expected one to %d", s->name,
                            GW_FORMAT_MAX_PATTERNS);
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
            gw_compile_complain(c, s->line, "%s: patterns: \"%s\" does not hold a date", s->name,
                                s->patterns.items[i]);
        row->pattern[row->pattern_count++] = s->patterns.items[i];
    }
    row->expected = s->patterns.items[0];
    if (s->also != NULL && row->path[0].type != GW_CANON_DATE)
        gw_compile_complain(c, s->line, "%s: also: %s is no date", s->name, s->path);
    if (s->also != NULL)
        extra_path(c, s, row, s->also, 1u << GW_CANON_DATE);
    row->write_count = row->path_count;
}

static void orgcode_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->expected = s->uscc != NULL ? "GB 11714 / GB 32100" : "GB 11714";
    row->either = s->uscc != NULL;
    if (s->uscc != NULL)
        extra_path(c, s, row, s->uscc, 1u << GW_CANON_TEXT);
    row->write_count = row->path_count;
}

static void map_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->table = gw_compile_table(c, s->line, s->table, &row->path[0]);
    row->ids = s->ids;
    row->expected = row->table != NULL ? row->table->expected : "";
    if (row->table != NULL && (row->table->other_value >= 0 || row->table->separator_count != 0))
        gw_compile_complain(c, s->line, "%s: table %s: a map has neither other nor separators",
                            s->name, s->table);
}

static void uscc_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->inner_warn = s->inner_warn;
    row->expected = "GB 32100";
    if (gw_compile_is(s->filler_as, "flag"))
        row->filler_as = GW_FILLER_FLAG;
    else if (gw_compile_is(s->filler_as, "absent"))
        row->filler_as = GW_FILLER_ABSENT;
    else if (s->filler_as != NULL && !gw_compile_is(s->filler_as, "refuse"))
        gw_compile_complain(c, s->line,
                            "%s: filler_as: seen \"%s\", expected flag, absent or refuse", s->name,
                            s->filler_as);
    if ((row->filler_as == GW_FILLER_FLAG || s->regno != NULL) != (s->filler != NULL))
        gw_compile_complain(
            c, s->line, "%s: filler names the path of the flag, for filler_as = flag or regno only",
            s->name);
    if (s->filler != NULL)
        extra_path(c, s, row, s->filler, 1u << GW_CANON_BOOL);
    if (s->regno != NULL)
        extra_path(c, s, row, s->regno, 1u << GW_CANON_TEXT);
}

static void code_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_buf b;
    gw_buf_init(&b, 1024);
    row->codes = s->codes;
    if (s->codes.count == 0)
        gw_compile_complain(c, s->line, "%s: codes: expected the list of codes", s->name);
    for (size_t i = 0; i < s->codes.count; i++)
        gw_buf_printf(&b, "%s%s", i != 0 ? "、" : "", s->codes.items[i]);
    row->expected = gw_arena_strndup(c->arena, b.ptr, b.len);
    gw_buf_fini(&b);
}

static void upper_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    struct gw_buf b;
    gw_buf_init(&b, 256);
    gw_buf_str(&b, "A-Z 0-9");
    for (size_t i = 0; i < s->lengths.count; i++) {
        long n = strtol(s->lengths.items[i], NULL, 10);
        if (n < 1 || n > 31)
            gw_compile_complain(c, s->line, "%s: lengths: seen \"%s\", expected 1 to 31", s->name,
                                s->lengths.items[i]);
        else
            row->lengths |= 1u << n;
        gw_buf_printf(&b, "%s%ld", i != 0 ? "/" : " x", n);
    }
    row->expected = gw_arena_strndup(c->arena, b.ptr, b.len);
    gw_buf_fini(&b);
}

static void op_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    const char *op = row->op->name;
    row->write_count = 1;
    row->masked = s->masked;
    if (gw_compile_is(op, "money")) {
        money_params(c, s, row);
    } else if (gw_compile_is(op, "date")) {
        date_params(c, s, row);
    } else if (gw_compile_is(op, "enum") || gw_compile_is(op, "enum-list")) {
        row->table = gw_compile_table(c, s->line, s->table, &row->path[0]);
        if (row->table != NULL && (row->table->other_value >= 0) != (s->other != NULL))
            gw_compile_complain(c, s->line,
                                "%s: other: a table with free text needs its path, and only that",
                                s->name);
        if (s->other != NULL)
            extra_path(c, s, row, s->other, 1u << GW_CANON_TEXT);
        if (gw_compile_is(op, "enum-list") && row->table != NULL &&
            row->table->separator_count == 0)
            gw_compile_complain(c, s->line, "%s: table %s has no separators", s->name, s->table);
        row->expected = row->table != NULL ? row->table->expected : "";
        row->write_count = row->path_count;
    } else if (gw_compile_is(op, "uscc")) {
        uscc_params(c, s, row);
        row->write_count = row->path_count;
    } else if (gw_compile_is(op, "code")) {
        code_params(c, s, row);
    } else if (gw_compile_is(op, "upper")) {
        upper_params(c, s, row);
    } else if (gw_compile_is(op, "id-number")) {
        extra_path(c, s, row, s->kind, 1u << GW_CANON_ENUM);
        row->derive_kind = s->derive_kind;
        row->write_count = s->derive_kind ? 2 : 1;
        row->expected = "GB 11643";
    } else if (gw_compile_is(op, "orgcode")) {
        orgcode_params(c, s, row);
    } else if (gw_compile_is(op, "map")) {
        map_params(c, s, row);
    } else if (gw_compile_is(op, "decimal")) {
        row->unit_fen = 100;
        row->expected = "0-9999999.99";
    } else if (gw_compile_is(op, "digits")) {
        row->expected = "0-9";
    } else if (gw_compile_is(op, "regno")) {
        row->expected = "GS15";
    }
}

static bool has_word(const char *list, const char *word)
{
    struct gw_bytes rest = gw_bytes_str(list);
    struct gw_bytes w;
    while (gw_text_word(&rest, &w)) {
        if (gw_bytes_eq_str(w, word))
            return true;
    }
    return false;
}

/* A parameter that the operator does not know would be a silent mistake. */
static void stray_params(struct gw_compiling *c, const struct gw_row_spec *s)
{
    const struct {
        const char *name;
        bool given;
        const char *ops;
    } params[] = {
        {"also", s->also != NULL, "date"},
        {"ids", s->ids, "map"},
        {"masked", s->masked, "id-number orgcode"},
        {"structured", s->structured, "keep"},
        {"impersonal", s->impersonal, "keep"},
        {"uscc", s->uscc != NULL, "orgcode"},
        {"unit", s->unit != NULL, "money"},
        {"decimals", s->decimals != 0, "money"},
        {"patterns", s->patterns.count != 0, "date"},
        {"table", s->table != NULL, "enum enum-list map"},
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
        if (params[i].given && !has_word(params[i].ops, s->op))
            gw_compile_complain(c, s->line, "%s: %s is not a parameter of operator %s", s->name,
                                params[i].name, s->op);
    }
}

static void meta_params(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->in = s->direction == NULL || !gw_compile_is(s->direction, "out");
    row->out = s->direction == NULL || !gw_compile_is(s->direction, "in");
    if (s->direction != NULL && row->in && row->out && !gw_compile_is(s->direction, "both"))
        gw_compile_complain(c, s->line, "%s: direction: seen \"%s\", expected in, out or both",
                            s->name, s->direction);
    row->inferred = gw_compile_is(s->certainty, "inferred");
    if (s->certainty != NULL && !row->inferred && !gw_compile_is(s->certainty, "sourced"))
        gw_compile_complain(c, s->line, "%s: certainty: seen \"%s\", expected sourced or inferred",
                            s->name, s->certainty);
    if (s->derive != NULL) {
        row->derive = gw_derivation_find(s->derive);
        if (row->derive == NULL || strcmp(row->derive->path, s->path) != 0)
            gw_compile_complain(c, s->line, "%s: derive: \"%s\" is no derivation of %s", s->name,
                                s->derive, s->path);
    }
    if (s->fallback != NULL && gw_compile_path(c, s->line, s->fallback, &row->fallback) &&
        row->fallback.type != row->path[0].type)
        gw_compile_complain(c, s->line, "%s: fallback: %s is of another type than %s", s->name,
                            s->fallback, s->path);
    if (s->fallback != NULL && gw_loss_is_protected(s->path))
        gw_compile_complain(c, s->line, "%s: fallback: %s may not be filled from elsewhere",
                            s->name, s->path);
}

void gw_compile_row(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row)
{
    row->line = s->line;
    row->op = gw_op_find(s->op != NULL ? s->op : "text");
    if (row->op == NULL) {
        gw_compile_complain(c, s->line,
                            "%s: op: seen \"%s\", expected an operator of conf/formats/README.md",
                            s->name, s->op);
        return;
    }
    if (!gw_compile_path(c, s->line, s->path, &row->path[0]))
        return;
    row->path_count = 1;
    if ((row->op->types >> row->path[0].type & 1) == 0) {
        gw_compile_complain(c, s->line, "%s: operator %s can not hold %s", s->name, row->op->name,
                            s->path);
        return;
    }
    struct gw_row_spec with_op = *s;
    with_op.op = row->op->name;
    stray_params(c, &with_op);
    op_params(c, s, row);
    meta_params(c, s, row);
    for (size_t i = 0; i < s->only_count; i++)
        gw_compile_cond(c, &s->only[i], &row->only[row->only_count++]);
    row->dependent = row->only_count != 0 || row->op->asks_record;
}

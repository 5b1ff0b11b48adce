/* Rules between the fields of a mapping: orders of dates, and what two fields say of each other.
 * Checked against records in rules.c. */
#include "format/compile.h"

static bool field_named(struct gw_compiling *c, unsigned line, const char *name, uint16_t *ret)
{
    int i = name != NULL ? gw_compile_field_index(c->format, name) : -1;
    if (i < 0) {
        gw_compile_complain(c, line, "checks: seen \"%s\", expected a field of this table",
                            name != NULL ? name : "");
        return false;
    }
    *ret = (uint16_t)i;
    return true;
}

static void order_compile(struct gw_compiling *c, const struct gw_check_spec *s,
                          struct gw_check *ret)
{
    const struct gw_field *fld = &c->format->field[ret->field];
    enum gw_canon_type type = fld->row_count != 0 ? fld->row[0]->path[0].type : GW_CANON_TEXT;
    if (type != GW_CANON_DATE && type != GW_CANON_END_DATE)
        gw_compile_complain(c, s->line, "checks: %s is no date", s->field);
    if (gw_compile_is(s->than, "today")) {
        ret->than_today = true;
    } else if (s->than != NULL && gw_compile_date(s->than, &ret->date)) {
        return;
    } else if (field_named(c, s->line, s->than, &ret->than)) {
        ret->than_field = true;
        fld = &c->format->field[ret->than];
        type = fld->row_count != 0 ? fld->row[0]->path[0].type : GW_CANON_TEXT;
        if (type != GW_CANON_DATE && type != GW_CANON_END_DATE)
            gw_compile_complain(c, s->line, "checks: %s is no date", s->than);
    }
}

void gw_compile_checks(struct gw_compiling *c)
{
    static const char *const names[] = {"not-before", "not-after", "uscc-class",
                                        "cancelled-withdrawn"};
    struct gw_check *checks = gw_arena_calloc(c->arena, c->spec->check_count, sizeof(*checks));
    for (size_t i = 0; i < c->spec->check_count && checks != NULL; i++) {
        const struct gw_check_spec *s = &c->spec->checks[i];
        struct gw_check *k = &checks[i];
        size_t rule = 0;
        while (rule < GW_ARRAY_LEN(names) && !gw_compile_is(s->rule, names[rule]))
            rule++;
        if (rule == GW_ARRAY_LEN(names)) {
            gw_compile_complain(
                c, s->line,
                "checks: rule: seen \"%s\", expected not-before, not-after, uscc-class or "
                "cancelled-withdrawn",
                s->rule != NULL ? s->rule : "");
            continue;
        }
        k->rule = (enum gw_rule)rule;
        k->warning = gw_compile_is(s->severity, "warning");
        if (s->severity != NULL && !k->warning && !gw_compile_is(s->severity, "error"))
            gw_compile_complain(c, s->line,
                                "checks: severity: seen \"%s\", expected error or warning",
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

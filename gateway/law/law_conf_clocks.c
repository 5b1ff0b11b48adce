/* Reads classes.conf and clocks.conf: how grave a breach is, how long it is published under which
 * decree, and what must be done within how many days. */
#include "config/config.h"
#include "law/law_conf_internal.h"

enum { MAX_WORDS = 100, MAX_DAYS = 3660 };

static const struct gw_config_choice breach_classes[] = {
    {"minor", XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_MINOR},
    {"general", XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_GENERAL},
    {"serious", XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_SERIOUS},
    {NULL, 0},
};
static const struct gw_config_choice breach_class_bits[] = {
    {"minor", 1 << XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_MINOR},
    {"general", 1 << XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_GENERAL},
    {"serious", 1 << XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_SERIOUS},
    {NULL, 0},
};
static const struct gw_config_choice procedures[] = {
    {"any", XINQIAO__V1__PROCEDURE__PROCEDURE_UNSPECIFIED},
    {"summary", XINQIAO__V1__PROCEDURE__PROCEDURE_SUMMARY},
    {"ordinary", XINQIAO__V1__PROCEDURE__PROCEDURE_ORDINARY},
    {NULL, 0},
};

/* "confiscate-income" is PENALTY_KIND_CONFISCATE_INCOME. */
static uint32_t kind_bit(const char *name)
{
    static const char prefix[] = "PENALTY_KIND_";
    const ProtobufCEnumDescriptor *d = &xinqiao__v1__penalty_kind__descriptor;
    for (unsigned i = 0; i < d->n_values; i++) {
        const char *known = d->values[i].name + sizeof(prefix) - 1;
        const char *at = name;
        while (*known != '\0' && *at == (*known == '_' ? '-' : (char)(*known | 0x20))) {
            known++;
            at++;
        }
        if (*known == '\0' && *at == '\0' && d->values[i].value != 0)
            return UINT32_C(1) << d->values[i].value;
    }
    return 0;
}

static enum gw_status kinds_mask(const struct gw_config_node *n, const char *name,
                                 const struct gw_config_strings *s, uint32_t *ret,
                                 struct gw_buf *err)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t bit = kind_bit(s->items[i]);
        if (bit == 0) {
            gw_config_node_complain(n, err,
                                    "%s: seen \"%s\", expected a kind of penalty as "
                                    "\"confiscate-income\"",
                                    name, s->items[i]);
            return GW_INVALID;
        }
        mask |= bit;
    }
    *ret = mask;
    return GW_OK;
}

/* ---- classes ---- */

struct class_text {
    const char *id, *source, *edition, *mark;
    int class, procedure;
    struct gw_config_strings any_kinds, only_kinds;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct class_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option class_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, GW_LAW_MAX_ID, "Name of the row."),
    GW_CONFIG_OPTION_ENUM(struct class_text, class, "class", breach_classes, NULL, true,
                          "What such a penalty is."),
    GW_CONFIG_OPTION_ENUM(struct class_text, procedure, "procedure", procedures, "any", true,
                          "By which procedure it was decided."),
    ROW(any_kinds, GW_CONFIG_STRINGS, "", 0, 32, "One of these kinds of penalty."),
    ROW(only_kinds, GW_CONFIG_STRINGS, "", 0, 32, "These kinds of penalty and no others."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Where the row is taken from."),
    ROW(edition, GW_CONFIG_STRING, NULL, 1, 64, "Edition of that document."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

enum gw_status gw_law_conf_class(struct gw_law *l, const struct gw_config_node *n,
                                 struct gw_buf *err)
{
    struct class_text t;
    GW_TRY(gw_config_node_fill(n, class_options, GW_ARRAY_LEN(class_options), &t, err));
    struct gw_law_class_rule rule = {.id = t.id,
                                     .source = t.source,
                                     .class = (Xinqiao__V1__BreachClass)t.class,
                                     .procedure = (Xinqiao__V1__Procedure)t.procedure};
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    GW_TRY(kinds_mask(n, "any_kinds", &t.any_kinds, &rule.any_kinds, err));
    GW_TRY(kinds_mask(n, "only_kinds", &t.only_kinds, &rule.only_kinds, err));
    if (rule.any_kinds == 0 && rule.only_kinds == 0 && t.procedure == 0) {
        gw_config_node_complain(n, err,
                                "expected procedure, any_kinds or only_kinds: a row that asks "
                                "nothing meets every penalty");
        return GW_INVALID;
    }
    for (size_t i = 0; i < l->class_rule_count; i++) {
        if (strcmp(l->class_rule[i].id, t.id) == 0)
            return gw_law_conf_second_time(n, "id", t.id, err);
    }
    l->class_rule[l->class_rule_count++] = rule;
    return GW_OK;
}

/* ---- publicity under a regime ---- */

struct publicity_text {
    const char *id, *mark;
    struct gw_config_strings classes, only_kinds, words;
    bool published;
    uint32_t min_months, max_months;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct publicity_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option publicity_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, GW_LAW_MAX_ID, "What a refusal names as {item}."),
    ROW(classes, GW_CONFIG_STRINGS, "", 0, 3, "minor, general, serious; none: all penalties."),
    ROW(only_kinds, GW_CONFIG_STRINGS, "", 0, 32, "These kinds of penalty and no others."),
    ROW(words, GW_CONFIG_STRINGS, "", 0, MAX_WORDS, "One of them in name, kind or basis."),
    ROW(published, GW_CONFIG_BOOL, NULL, 0, 0, "False: as a rule not published."),
    ROW(min_months, GW_CONFIG_INT, NULL, 0, GW_LAW_MAX_MONTHS, "Shortest publicity; 0: none."),
    ROW(max_months, GW_CONFIG_INT, NULL, 0, GW_LAW_MAX_MONTHS, "Longest publicity; 0: not said."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

static enum gw_status compile_publicity(const struct gw_law *l, const struct gw_law_regime_row *own,
                                        const struct gw_config_node *n,
                                        struct gw_law_publicity *ret, struct gw_buf *err)
{
    struct publicity_text t;
    GW_TRY(gw_config_node_fill(n, publicity_options, GW_ARRAY_LEN(publicity_options), &t, err));
    struct gw_law_publicity p = {.id = t.id,
                                 .words = gw_law_conf_strings_of(&t.words),
                                 .published = t.published,
                                 .min_months = t.min_months,
                                 .max_months = t.max_months};
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    GW_TRY(gw_law_conf_words(n, "words", &t.words, err));
    GW_TRY(gw_config_choices_mask(n, "classes", &t.classes, breach_class_bits, &p.classes, err));
    GW_TRY(kinds_mask(n, "only_kinds", &t.only_kinds, &p.only_kinds, err));
    if (p.classes == 0)
        p.classes = UINT32_MAX;
    if (t.max_months != 0 && t.min_months > t.max_months) {
        gw_config_node_complain(n, err, "min_months: seen %u, expected at most max_months (%u)",
                                (unsigned)t.min_months, (unsigned)t.max_months);
        return GW_INVALID;
    }
    for (size_t i = 0; i < own->publicity_count; i++) {
        if (strcmp(own->publicity[i].id, t.id) == 0)
            return gw_law_conf_second_time(n, "id", t.id, err);
    }
    for (size_t i = 0; i < l->regime_count; i++) {
        for (size_t k = 0; k < l->regime[i].publicity_count; k++) {
            if (strcmp(l->regime[i].publicity[k].id, t.id) == 0)
                return gw_law_conf_second_time(n, "id", t.id, err);
        }
    }
    *ret = p;
    return GW_OK;
}

static enum gw_status compile_publicities(struct gw_law *l, struct gw_law_regime_row *row,
                                          const struct gw_config_node *list, struct gw_buf *err)
{
    size_t count = gw_config_node_count(list);
    if (gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || count == 0 || count > MAX_WORDS) {
        gw_config_node_complain(list, err, "publicity: expected a list of 1 to %d rows", MAX_WORDS);
        return GW_INVALID;
    }
    struct gw_law_publicity *p = gw_arena_calloc(l->arena, count, sizeof(*p));
    if (p == NULL)
        return GW_NOMEM;
    row->publicity = p;
    for (size_t i = 0; i < count; i++) {
        GW_TRY(compile_publicity(l, row, gw_config_node_at(list, i), &p[i], err));
        row->publicity_count++;
    }
    return GW_OK;
}

struct regime_text {
    const char *id, *title_zh, *title_en, *source, *edition, *from, *until, *mark;
    uint32_t decide_days;
    struct gw_config_strings authorities;
    const struct gw_config_node *publicity;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct regime_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option regime_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, GW_LAW_MAX_ID, "Name of the regime."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "The decree or document."),
    ROW(edition, GW_CONFIG_STRING, NULL, 1, 64, "Edition of that document."),
    ROW(authorities, GW_CONFIG_STRINGS, "", 0, 50, "Whose records alone; none: of all others."),
    ROW(from, GW_CONFIG_STRING, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, GW_CONFIG_STRING, "", 0, 10, "Last day in force; empty: open."),
    ROW(decide_days, GW_CONFIG_INT, NULL, 0, MAX_DAYS, "Working days to decide on a repair."),
    ROW(publicity, GW_CONFIG_NODE, NULL, 0, 0, "Rows by class; the first that fits decides."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

/* Rules for everybody that overlap would leave to chance which of them holds. Rules of one body
 * stand beside them. */
static enum gw_status check_regime(const struct gw_law *l, const struct gw_law_regime_row *row,
                                   const struct gw_config_node *n, struct gw_buf *err)
{
    for (size_t i = 0; i < l->regime_count; i++) {
        const struct gw_law_regime_row *other = &l->regime[i];
        if (strcmp(other->id, row->id) == 0)
            return gw_law_conf_second_time(n, "id", row->id, err);
        if (other->authorities.count == 0 && gw_law_conf_overlap(other->term, row->term)) {
            gw_config_node_complain(n, err,
                                    "\"%s\" stands before it, is for everybody and in force on the "
                                    "same days; put rules of single bodies first",
                                    other->id);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

enum gw_status gw_law_conf_regime(struct gw_law *l, const struct gw_config_node *n,
                                  struct gw_buf *err)
{
    struct regime_text t;
    GW_TRY(gw_config_node_fill(n, regime_options, GW_ARRAY_LEN(regime_options), &t, err));
    struct gw_law_regime_row row = {.id = t.id,
                                    .title_zh = t.title_zh,
                                    .title_en = t.title_en,
                                    .source = t.source,
                                    .edition = t.edition,
                                    .authorities = gw_law_conf_strings_of(&t.authorities),
                                    .decide_days = t.decide_days};
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    GW_TRY(gw_law_conf_bodies(n, "authorities", &t.authorities, err));
    GW_TRY(gw_law_conf_term(n, t.from, t.until, &row.term, err));
    GW_TRY(check_regime(l, &row, n, err));
    GW_TRY(compile_publicities(l, &row, t.publicity, err));
    l->regime[l->regime_count++] = row;
    return GW_OK;
}

/* ---- deadlines ---- */

static const struct gw_config_choice duties[] = {
    {"publish", GW_LAW_PUBLISH},     {"objection", GW_LAW_OBJECTION},     {"repair", GW_LAW_REPAIR},
    {"list-exit", GW_LAW_LIST_EXIT}, {"repair-step", GW_LAW_REPAIR_STEP}, {NULL, 0},
};
static const struct gw_config_choice units[] = {{"day", 0}, {"working-day", 1}, {NULL, 0}};

struct deadline_text {
    const char *id, *title_zh, *title_en, *source, *edition, *from, *until, *mark;
    int duty, unit;
    uint32_t days;
    bool strict;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct deadline_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option deadline_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, GW_LAW_MAX_ID, "Name of the row."),
    GW_CONFIG_OPTION_ENUM(struct deadline_text, duty, "duty", duties, NULL, true,
                          "What must be done."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(days, GW_CONFIG_INT, NULL, 1, MAX_DAYS, "Within so many."),
    GW_CONFIG_OPTION_ENUM(struct deadline_text, unit, "unit", units, NULL, true,
                          "Working days or calendar days."),
    ROW(strict, GW_CONFIG_BOOL, "false", 0, 0, "Less than so many days."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "The decree or document."),
    ROW(edition, GW_CONFIG_STRING, NULL, 1, 64, "Edition of that document."),
    ROW(from, GW_CONFIG_STRING, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, GW_CONFIG_STRING, "", 0, 10, "Last day in force; empty: open."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

enum gw_status gw_law_conf_deadline(struct gw_law *l, const struct gw_config_node *n,
                                    struct gw_buf *err)
{
    struct deadline_text t;
    GW_TRY(gw_config_node_fill(n, deadline_options, GW_ARRAY_LEN(deadline_options), &t, err));
    struct gw_law_deadline_row row = {.id = t.id,
                                      .title_zh = t.title_zh,
                                      .title_en = t.title_en,
                                      .source = t.source,
                                      .edition = t.edition,
                                      .duty = (enum gw_law_duty)t.duty,
                                      .days = t.days,
                                      .working = t.unit == 1,
                                      .strict = t.strict};
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    GW_TRY(gw_law_conf_term(n, t.from, t.until, &row.term, err));
    for (size_t i = 0; i < l->deadline_count; i++) {
        const struct gw_law_deadline_row *other = &l->deadline[i];
        if (strcmp(other->id, t.id) == 0)
            return gw_law_conf_second_time(n, "id", t.id, err);
        if (other->duty == row.duty && gw_law_conf_overlap(other->term, row.term)) {
            gw_config_node_complain(n, err, "\"%s\" and \"%s\" are in force on the same days",
                                    other->id, t.id);
            return GW_INVALID;
        }
    }
    l->deadline[l->deadline_count++] = row;
    return GW_OK;
}

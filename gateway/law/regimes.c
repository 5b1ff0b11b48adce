/* Which class a breach is of, which decree holds for it, and what must be done by when. Where the
 * tables do not decide, nothing is refused for it. */
#include "law/law_internal.h"

static uint32_t kinds_of(const gw_record *r)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < r->penalty->n_kinds; i++) {
        unsigned kind = (unsigned)r->penalty->kinds[i];
        mask |= kind < 32 ? UINT32_C(1) << kind : 1; /* what we do not know is of no row */
    }
    return mask;
}

/* Every kind of the record is among `only`, and it has one. */
static bool only_of(uint32_t kinds, uint32_t only)
{
    return kinds != 0 && (kinds & ~only) == 0;
}

static bool rule_fits(const struct gw_law_class_rule *rule, const gw_record *r, uint32_t kinds)
{
    return (rule->procedure == 0 || rule->procedure == r->procedure) &&
           (rule->any_kinds == 0 || (rule->any_kinds & kinds) != 0) &&
           (rule->only_kinds == 0 || only_of(kinds, rule->only_kinds));
}

Xinqiao__V1__BreachClass gw_law_class(const struct gw_law *l, const gw_record *r)
{
    if (r->breach_class != XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_UNSPECIFIED ||
        !gw_law_is_penalty(r))
        return r->breach_class;
    uint32_t kinds = kinds_of(r);
    for (size_t i = 0; i < l->class_rule_count; i++) {
        if (rule_fits(&l->class_rule[i], r, kinds))
            return l->class_rule[i].class;
    }
    return XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_UNSPECIFIED;
}

static bool has_word(const struct gw_law *l, const struct gw_law_strings *words, const gw_record *r)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(l->word_path); i++) {
        struct gw_canon_value v;
        gw_canon_get(r, &l->word_path[i], &v);
        for (size_t k = 0; v.present && k < words->count; k++) {
            if (memmem(v.text.ptr, v.text.len, words->items[k], strlen(words->items[k])) != NULL)
                return true;
        }
    }
    return false;
}

static bool publicity_fits(const struct gw_law *l, const struct gw_law_publicity *p,
                           const gw_record *r)
{
    unsigned class = (unsigned)gw_law_class(l, r);
    if (p->classes != UINT32_MAX && (class == 0 || class > 31 || (p->classes >> class & 1) == 0))
        return false;
    return (p->only_kinds == 0 || only_of(kinds_of(r), p->only_kinds)) &&
           (p->words.count == 0 || has_word(l, &p->words, r));
}

static bool regime_fits(const struct gw_law_regime_row *row, const gw_record *r, struct gw_date day)
{
    if (!gw_law_in_force(row->term, day))
        return false;
    return row->authorities.count == 0 ||
           (r->authority != NULL && gw_law_body_is(&row->authorities, r->authority->name));
}

enum gw_status gw_law_regime(const struct gw_law *l, const gw_record *r, struct gw_date day,
                             struct gw_law_regime *ret)
{
    const struct gw_law_regime_row *row = NULL;
    for (size_t i = 0; i < l->regime_count && row == NULL; i++)
        row = regime_fits(&l->regime[i], r, day) ? &l->regime[i] : NULL;
    if (row == NULL || !gw_law_is_penalty(r))
        return GW_NOT_FOUND;
    *ret = (struct gw_law_regime){.id = row->id,
                                  .row = "",
                                  .source = row->source,
                                  .published = true,
                                  .decide_days = row->decide_days};
    for (size_t i = 0; i < row->publicity_count; i++) {
        const struct gw_law_publicity *p = &row->publicity[i];
        if (!publicity_fits(l, p, r))
            continue;
        ret->row = p->id;
        ret->published = p->published;
        ret->min_months = p->min_months;
        ret->max_months = p->max_months;
        break;
    }
    return GW_OK;
}

enum gw_status gw_law_due(const struct gw_law *l, enum gw_law_duty duty, struct gw_date day,
                          struct gw_date *ret)
{
    for (size_t i = 0; i < l->deadline_count; i++) {
        const struct gw_law_deadline_row *row = &l->deadline[i];
        if (row->duty != duty || !gw_law_in_force(row->term, day))
            continue;
        uint32_t days = row->strict ? row->days - 1 : row->days;
        if (row->working)
            return gw_law_add_workdays(l, day, days, ret);
        struct gw_date last = gw_date_from_days(gw_date_to_days(day) + (int32_t)days);
        if (gw_date_is_none(last))
            return GW_NOT_FOUND;
        *ret = last;
        return GW_OK;
    }
    return GW_NOT_FOUND;
}

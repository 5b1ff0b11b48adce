/* What the law decides when a source does not say. Each is named in a mapping row (derive = "..."),
 * reported when it was used, and also tells a loss that can be restored from one that can not. */
#include "format/format_internal.h"

#define KIND(x) XINQIAO__V1__PENALTY_KIND__PENALTY_KIND_##x
#define BIT(x)  (UINT64_C(1) << KIND(x))

static const Xinqiao__V1__Penalty *penalty_of(const gw_record *r)
{
    return r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_PENALTY ? r->penalty : NULL;
}

static uint64_t kinds_of(const Xinqiao__V1__Penalty *p)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < p->n_kinds; i++) {
        if (p->kinds[i] >= 0 && (int)p->kinds[i] < 64)
            mask |= UINT64_C(1) << (int)p->kinds[i];
    }
    return mask;
}

/* 行政处罚法(2021)第五十一条: a decision on the spot is possible only for a warning, or a fine of
 * up to 200 yuan for citizens and 3000 yuan for legal persons and other organisations. So any other
 * kind, or a larger fine, was an ordinary procedure; below that either is possible and nothing can
 * be said. A sole trader is counted with the higher limit: between the two it stays open. */
static enum gw_status procedure_by_kinds(const gw_record *r, struct gw_canon_value *ret,
                                         const char **ret_reason)
{
    const Xinqiao__V1__Penalty *p = penalty_of(r);
    (void)ret_reason;
    if (p == NULL || p->n_kinds == 0)
        return GW_NOT_FOUND;
    bool person = r->subject != NULL &&
                  r->subject->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON;
    int64_t limit_fen = person ? 200 * 100 : 3000 * 100;
    bool other_kind = (kinds_of(p) & ~(BIT(WARNING) | BIT(FINE))) != 0;
    bool larger_fine = p->fine != NULL && p->fine->fen > limit_fen;
    if (!other_kind && !larger_fine)
        return GW_NOT_FOUND;
    *ret = (struct gw_canon_value){
        .type = GW_CANON_ENUM, .present = true, .num = XINQIAO__V1__PROCEDURE__PROCEDURE_ORDINARY};
    return GW_OK;
}

/* Kinds that are done with when they are carried out have no end of a measure: the clock does not
 * exist for them, and a date in the field is a form's. Inferred: no text
 * says how the field is to be filled then; 2099/12/31 is what is seen. */
static enum gw_status no_end_by_kinds(const gw_record *r, struct gw_canon_value *ret,
                                      const char **ret_reason)
{
    const Xinqiao__V1__Penalty *p = penalty_of(r);
    uint64_t without_duration = BIT(WARNING) | BIT(CIRCULATED_CRITICISM) | BIT(FINE) |
                                BIT(CONFISCATE_INCOME) | BIT(CONFISCATE_GOODS);
    (void)ret_reason;
    if (p == NULL || p->n_kinds == 0 || (kinds_of(p) & ~without_duration) != 0)
        return GW_NOT_FOUND;
    *ret = (struct gw_canon_value){.type = GW_CANON_END_DATE, .present = true, .no_end = true};
    return GW_OK;
}

/* A confiscated sum into a format that splits it: only where one of the two kinds was imposed. */
static enum gw_status split_sum(const gw_record *r, uint64_t mine, uint64_t other,
                                struct gw_canon_value *ret, const char **ret_reason)
{
    const Xinqiao__V1__Penalty *p = penalty_of(r);
    if (p == NULL || p->confiscated == NULL || p->confiscated_income != NULL ||
        p->confiscated_goods != NULL)
        return GW_NOT_FOUND;
    uint64_t kinds = kinds_of(p);
    if ((kinds & other) != 0 && (kinds & mine) == 0)
        return GW_NOT_FOUND;
    if ((kinds & mine) == 0 || (kinds & other) != 0) {
        *ret_reason = "target-split";
        return GW_CONFLICT;
    }
    *ret = (struct gw_canon_value){
        .type = GW_CANON_MONEY, .present = true, .num = p->confiscated->fen};
    return GW_OK;
}

static enum gw_status income_by_kinds(const gw_record *r, struct gw_canon_value *ret,
                                      const char **ret_reason)
{
    return split_sum(r, BIT(CONFISCATE_INCOME), BIT(CONFISCATE_GOODS), ret, ret_reason);
}

static enum gw_status goods_by_kinds(const gw_record *r, struct gw_canon_value *ret,
                                     const char **ret_reason)
{
    return split_sum(r, BIT(CONFISCATE_GOODS), BIT(CONFISCATE_INCOME), ret, ret_reason);
}

static const struct gw_derivation rows[] = {
    {"procedure-by-kinds", "procedure", "行政处罚法(2021)第五十一条", false, false,
     procedure_by_kinds},
    {"no-end-by-kinds", "penalty.valid_to", "处罚种类无存续期间", true, true, no_end_by_kinds},
    {"income-by-kinds", "penalty.confiscated_income", "处罚种类只有没收违法所得", false, false,
     income_by_kinds},
    {"goods-by-kinds", "penalty.confiscated_goods", "处罚种类只有没收非法财物", false, false,
     goods_by_kinds},
};

const struct gw_derivation *gw_derivation_find(const char *name)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const struct gw_derivation *gw_derivation_for_path(const char *path)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].path, path) == 0)
            return &rows[i];
    }
    return NULL;
}

enum gw_status gw_derive_sums(gw_record *r, struct gw_arena *a)
{
    Xinqiao__V1__Penalty *p =
        r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_PENALTY ? r->penalty : NULL;
    if (p == NULL || p->confiscated != NULL ||
        (p->confiscated_income == NULL && p->confiscated_goods == NULL))
        return GW_OK;
    int64_t sum = p->confiscated_income != NULL ? p->confiscated_income->fen : 0;
    if (__builtin_add_overflow(sum, p->confiscated_goods != NULL ? p->confiscated_goods->fen : 0,
                               &sum))
        return GW_TOO_LARGE;
    Xinqiao__V1__Money *m = gw_arena_new_of(a, Xinqiao__V1__Money);
    if (m == NULL)
        return GW_NOMEM;
    xinqiao__v1__money__init(m);
    m->fen = sum;
    p->confiscated = m;
    return GW_OK;
}

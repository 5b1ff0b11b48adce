/* Recognises items that no law allows to be recorded as adverse information. Plain words over named
 * fields, no expressions: who maintains the table is a lawyer, and each word has a test. */
#include "law/law_internal.h"

static bool contains(struct gw_bytes text, const char *word)
{
    return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static bool contains_any(struct gw_bytes text, const struct gw_law_strings *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (contains(text, words->items[i]))
            return true;
    }
    return false;
}

static bool cites(const struct gw_law *l, const gw_record *r, const struct gw_law_strings *statutes)
{
    if (statutes->count == 0)
        return false;
    for (size_t i = 0; i < GW_ARRAY_LEN(l->basis_path); i++) {
        struct gw_canon_value v;
        gw_canon_get(r, &l->basis_path[i], &v);
        if (v.present && contains_any(v.text, statutes))
            return true;
    }
    return false;
}

static bool group_matches(const struct gw_law *l, const gw_record *r, const struct gw_law_group *g,
                          struct gw_bytes text)
{
    return contains_any(text, &g->any) && !contains_any(text, &g->unless) &&
           !cites(l, r, &g->unless_basis);
}

static bool refusal_matches(const struct gw_law *l, const gw_record *r,
                            const struct gw_law_refusal *f, uint32_t class, const char **ret_field)
{
    for (size_t p = 0; p < f->path_count; p++) {
        struct gw_canon_value v;
        gw_canon_get(r, &f->path[p], &v);
        if (!v.present)
            continue;
        for (size_t i = 0; i < f->group_count; i++) {
            const struct gw_law_group *g = &f->group[i];
            if ((g->classes & class) != 0 && group_matches(l, r, g, v.text)) {
                *ret_field = f->path[p].text;
                return true;
            }
        }
    }
    return false;
}

const struct gw_law_refusal *gw_law_match(const struct gw_law *l, const gw_record *r,
                                          const char **ret_field)
{
    uint32_t class = UINT32_MAX; /* a record that hides its class meets every row */
    if (r->subject != NULL && r->subject->subject_class > 0 && r->subject->subject_class < 32)
        class = GW_LAW_CLASS(r->subject->subject_class);
    for (size_t i = 0; i < l->refusal_count; i++) {
        const struct gw_law_refusal *f = &l->refusal[i];
        if ((f->kinds & (1u << ((unsigned)r->kind & 31))) != 0 &&
            refusal_matches(l, r, f, class, ret_field))
            return f;
    }
    return NULL;
}

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

static unsigned head_of(const uint8_t *p)
{
    uint64_t v = 0;
    memcpy(&v, p, GW_LAW_HEAD);
    return (unsigned)(v * UINT64_C(0x9e3779b97f4a7c15) >> 51);
}
_Static_assert(GW_LAW_HEAD_BITS == 1 << (64 - 51), "head_of() fills the set");

static void add_path(struct gw_law_heads *h, const struct gw_canon_path *path)
{
    for (size_t i = 0; i < h->path_count; i++) {
        if (strcmp(h->path[i]->text, path->text) == 0)
            return;
    }
    if (h->path_count < GW_ARRAY_LEN(h->path))
        h->path[h->path_count++] = path;
    else
        h->off = true;
}

void gw_law_match_prepare(struct gw_law *l)
{
    struct gw_law_heads *h = &l->heads;
    for (size_t f = 0; f < l->refusal_count; f++) {
        for (size_t p = 0; p < l->refusal[f].path_count; p++)
            add_path(h, &l->refusal[f].path[p]);
        for (size_t g = 0; g < l->refusal[f].group_count; g++) {
            const struct gw_law_strings *any = &l->refusal[f].group[g].any;
            for (size_t w = 0; w < any->count; w++) {
                if (strlen(any->items[w]) < GW_LAW_HEAD) {
                    h->off = true;
                    continue;
                }
                unsigned head = head_of((const uint8_t *)any->items[w]);
                h->bit[head / 64] |= UINT64_C(1) << (head % 64);
            }
        }
    }
}

/* Does a word of any row begin where the text does. */
static bool starts_with_word(const struct gw_law *l, struct gw_bytes text)
{
    for (size_t f = 0; f < l->refusal_count; f++) {
        for (size_t g = 0; g < l->refusal[f].group_count; g++) {
            const struct gw_law_strings *any = &l->refusal[f].group[g].any;
            for (size_t w = 0; w < any->count; w++) {
                if (gw_bytes_has_prefix(text, gw_bytes_str(any->items[w])))
                    return true;
            }
        }
    }
    return false;
}

static bool text_may_match(const struct gw_law *l, struct gw_bytes text)
{
    for (size_t i = 0; i + GW_LAW_HEAD <= text.len; i++) {
        if ((text.ptr[i] & 0xc0) == 0x80)
            continue; /* inside a character */
        unsigned head = head_of(text.ptr + i);
        if ((l->heads.bit[head / 64] >> (head % 64) & 1) != 0 &&
            starts_with_word(l, gw_bytes_make(text.ptr + i, text.len - i)))
            return true;
    }
    return false;
}

static bool may_match(const struct gw_law *l, const gw_record *r)
{
    const struct gw_law_heads *h = &l->heads;
    for (size_t i = 0; i < h->path_count && !h->off; i++) {
        struct gw_canon_value v;
        gw_canon_get(r, h->path[i], &v);
        if (v.present && text_may_match(l, v.text))
            return true;
    }
    return h->off;
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
    if (!may_match(l, r))
        return NULL;
    for (size_t i = 0; i < l->refusal_count; i++) {
        const struct gw_law_refusal *f = &l->refusal[i];
        if ((f->kinds & (1u << ((unsigned)r->kind & 31))) != 0 &&
            refusal_matches(l, r, f, class, ret_field))
            return f;
    }
    return NULL;
}

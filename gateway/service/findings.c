/* Problems of a report as the contract's findings: reason, the sender's field, texts in both
 * languages. Never data. And the form in which the store keeps those of a refused row. */
#include "service/service_internal.h"

enum { SAME_MAX = 16 };

#define TYPE(x) XINQIAO__V1__FINDING__TYPE__TYPE_##x

static const Xinqiao__V1__Finding__Type type_of[] = {
    [GW_PROBLEM_ERROR] = TYPE(ERROR),       [GW_PROBLEM_WARNING] = TYPE(WARNING),
    [GW_PROBLEM_LOSS] = TYPE(LOSS),         [GW_PROBLEM_DEFAULTED] = TYPE(DEFAULTED),
    [GW_PROBLEM_REPAIRED] = TYPE(REPAIRED), [GW_PROBLEM_WITHHELD] = TYPE(WITHHELD),
};

static char *text_of(struct gw_arena *a, const struct gw_problem *p, const char *lang)
{
    return gw_service_str(gw_problem_text_in(p, lang, a));
}

/* A report's strings live as long as its arena: into another one they are copied. */
static char *keep(struct gw_arena *a, const struct gw_report *r, const char *s)
{
    if (s == NULL || s[0] == '\0')
        return gw_service_str("");
    char *copy = a == r->arena ? gw_service_str(s) : gw_arena_strdup(a, s);
    return copy != NULL ? copy : gw_service_str("");
}

static void set_parameters(struct gw_arena *a, const struct gw_report *r,
                           const struct gw_problem *p, Xinqiao__V1__Finding *f)
{
    size_t n = 0;
    while (n < GW_ARRAY_LEN(p->params) && p->params[n].name != NULL)
        n++;
    if (n == 0)
        return;
    Xinqiao__V1__Finding__ParametersEntry **list = gw_arena_calloc(a, n, sizeof(*list));
    Xinqiao__V1__Finding__ParametersEntry *entry = gw_arena_calloc(a, n, sizeof(*entry));
    if (list == NULL || entry == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        xinqiao__v1__finding__parameters_entry__init(&entry[i]);
        entry[i].key = keep(a, r, p->params[i].name);
        entry[i].value = keep(a, r, p->params[i].value);
        list[i] = &entry[i];
    }
    f->parameters = list;
    f->n_parameters = n;
}

static Xinqiao__V1__Finding *finding_new(struct gw_arena *a, const struct gw_report *r,
                                         const struct gw_problem *p, bool texts)
{
    Xinqiao__V1__Finding *f = gw_arena_new_of(a, Xinqiao__V1__Finding);
    if (f == NULL)
        return NULL;
    xinqiao__v1__finding__init(f);
    f->type = type_of[p->kind];
    f->reason = gw_service_str(p->reason->code);
    f->field = keep(a, r, p->field);
    f->row = p->row;
    set_parameters(a, r, p, f);
    if (texts) {
        f->text_zh = text_of(a, p, "zh");
        f->text_en = text_of(a, p, "en");
    }
    return f;
}

/* How often the list says this already: the texts of one fault are not to crowd out the others. */
static size_t said_before(const struct gw_service_findings *list, const struct gw_problem *p)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        const Xinqiao__V1__Finding *f = list->items[i];
        n += strcmp(f->reason, p->reason->code) == 0 && strcmp(f->field, p->field) == 0 &&
             f->row == p->row;
    }
    return n;
}

void gw_service_findings_make(struct gw_arena *a, const struct gw_report *r, bool texts, size_t max,
                              struct gw_service_findings *ret)
{
    *ret = (struct gw_service_findings){0};
    size_t total = 0;
    for (const struct gw_problem *p = r->first; p != NULL; p = p->next)
        total++;
    size_t take = total < max ? total : max;
    ret->omitted = total;
    if (take == 0 || (ret->items = gw_arena_calloc(a, take, sizeof(*ret->items))) == NULL)
        return;
    for (const struct gw_problem *p = r->first; p != NULL && ret->count < take; p = p->next) {
        if (said_before(ret, p) >= SAME_MAX)
            continue;
        Xinqiao__V1__Finding *f = finding_new(a, r, p, texts);
        if (f == NULL)
            return;
        ret->items[ret->count++] = f;
        ret->omitted--;
    }
}

struct gw_bytes gw_service_refusal_pack(struct gw_arena *a, uint64_t row, const char *key,
                                        const struct gw_report *r)
{
    Xinqiao__V1__RefusedRow m = XINQIAO__V1__REFUSED_ROW__INIT;
    struct gw_service_findings found;
    gw_service_findings_make(a, r, true, GW_SERVICE_FINDINGS, &found);
    m.row = row;
    m.key = gw_service_str(key);
    m.findings = found.items;
    m.n_findings = found.count;
    return gw_service_pack(a, &m.base);
}

/* Rows that were refused before texts were kept: those of today for the codes of then. A reason
 * that is gone leaves its code. */
static void add_texts(struct gw_arena *a, Xinqiao__V1__Finding *f)
{
    if (f->text_zh[0] != '\0' || f->text_en[0] != '\0')
        return;
    struct gw_problem p = {.reason = gw_reason_find(gw_bytes_str(f->reason)), .field = f->field};
    if (p.reason == NULL)
        return;
    for (size_t i = 0; i < f->n_parameters && i < GW_ARRAY_LEN(p.params); i++)
        p.params[i] = (struct gw_param){f->parameters[i]->key, f->parameters[i]->value};
    f->text_zh = text_of(a, &p, "zh");
    f->text_en = text_of(a, &p, "en");
}

enum gw_status gw_service_refusal_unpack(struct gw_arena *a, struct gw_bytes packed,
                                         Xinqiao__V1__RefusedRow **ret)
{
    ProtobufCAllocator alloc;
    gw_canon_allocator(a, &alloc);
    Xinqiao__V1__RefusedRow *m = xinqiao__v1__refused_row__unpack(&alloc, packed.len, packed.ptr);
    if (m == NULL)
        return gw_arena_failed(a) ? GW_NOMEM : GW_CORRUPT;
    for (size_t i = 0; i < m->n_findings; i++)
        add_texts(a, m->findings[i]);
    if (gw_arena_failed(a))
        return GW_NOMEM;
    *ret = m;
    return GW_OK;
}

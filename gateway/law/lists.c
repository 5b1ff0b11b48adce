/* Lists and measures: who may publish what to which list, and what may follow from it. An entry is
 * taken or refused as a whole. */
#include "law/law_internal.h"

/* That one entry may name: more than there are for any list. */
enum { MEASURES_MAX = 256 };

static bool is_row_of(const struct gw_law_list_row *row, struct gw_bytes id, struct gw_date day)
{
    struct gw_law_term term = {row->list.from, row->list.until};
    return gw_bytes_eq_str(id, row->list.id) && gw_law_in_force(term, day);
}

static const struct gw_law_list_row *find_row(const struct gw_law *l, struct gw_bytes id,
                                              struct gw_date day)
{
    for (size_t i = 0; i < l->list_count; i++) {
        if (is_row_of(&l->list[i], id, day))
            return &l->list[i];
    }
    return NULL;
}

const struct gw_law_list *gw_law_list_find(const struct gw_law *l, struct gw_bytes id,
                                           int64_t wall_us)
{
    const struct gw_law_list_row *row = find_row(l, id, gw_date_at_utc8(wall_us));
    return row != NULL ? &row->list : NULL;
}

const struct gw_law_list *gw_law_list_at(const struct gw_law *l, size_t i, int64_t wall_us)
{
    struct gw_date day = gw_date_at_utc8(wall_us);
    for (size_t k = 0; k < l->list_count; k++) {
        struct gw_law_term term = {l->list[k].list.from, l->list[k].list.until};
        if (gw_law_in_force(term, day) && i-- == 0)
            return &l->list[k].list;
    }
    return NULL;
}

static bool ends_with(struct gw_bytes text, struct gw_bytes tail)
{
    return text.len >= tail.len &&
           memcmp(text.ptr + (text.len - tail.len), tail.ptr, tail.len) == 0;
}

bool gw_law_body_is(const struct gw_law_strings *bodies, const char *name)
{
    struct gw_bytes text = gw_bytes_str(name);
    for (size_t i = 0; i < bodies->count; i++) {
        const char *body = bodies->items[i];
        const char *star = strchr(body, '*');
        struct gw_bytes tail = gw_bytes_str(star != NULL ? star + 1 : body);
        if (text.len == 0 || !ends_with(text, tail))
            continue;
        if (star == NULL)
            return true;
        size_t head = (size_t)(star - body);
        if (memmem(text.ptr, text.len - tail.len, body, head) != NULL)
            return true;
    }
    return false;
}

/* ---- measures ---- */

static struct gw_law_term term_of(const struct gw_law_measure_row *m)
{
    return (struct gw_law_term){m->measure.from, m->measure.until};
}

static bool has_word(const struct gw_law_strings *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i], word) == 0)
            return true;
    }
    return false;
}

/* A record that hides its class is of none. */
static uint32_t class_of(const gw_record *r)
{
    if (r->subject == NULL || r->subject->subject_class <= 0 || r->subject->subject_class >= 32)
        return 0;
    return GW_LAW_CLASS(r->subject->subject_class);
}

/* In force, for that list and that class of subject. */
static bool meets(const struct gw_law_measure_row *m, const char *list, uint32_t class,
                  struct gw_date day)
{
    return gw_law_in_force(term_of(m), day) && has_word(&m->lists, list) &&
           (m->classes == UINT32_MAX || (m->classes & class) != 0);
}

static bool performed(const gw_record *r)
{
    return r->list_entry->performance == XINQIAO__V1__PERFORMANCE__PERFORMANCE_COMPLETE;
}

bool gw_law_is_entry(const gw_record *r)
{
    return r->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY && gw_canon_payload_fits(r);
}

bool gw_law_entry_ended(const struct gw_law *l, const gw_record *r, struct gw_date day)
{
    struct gw_date end = {0, 0, 0};
    bool open = false;
    struct gw_date removed = gw_law_date_of(r->list_entry->removed_on);
    if (!gw_date_is_none(removed) && gw_date_cmp(removed, day) <= 0)
        return true;
    if (r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_WITHDRAWN ||
        r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_REPAIRED ||
        r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_EXPIRED)
        return true;
    return gw_law_end(l, r, GW_LAW_MEASURE, &end, &open) == GW_OK && !open &&
           gw_date_cmp(day, end) > 0;
}

static bool undated(const struct gw_law *l, const gw_record *r)
{
    struct gw_date end;
    bool open;
    return gw_law_end(l, r, GW_LAW_MEASURE, &end, &open) != GW_OK;
}

enum gw_status gw_law_measures(const struct gw_law *l, const gw_record *r, int64_t wall_us,
                               struct gw_arena *arena, const struct gw_law_measure *const **ret,
                               size_t *ret_count)
{
    struct gw_date day = gw_date_at_utc8(wall_us);
    size_t count = 0;
    const struct gw_law_measure **found =
        gw_arena_calloc(arena, l->measure_count + 1, sizeof(*found));
    if (found == NULL)
        return GW_NOMEM;
    /* What can not be dated has no end that anybody could hold on to: nothing follows from it. */
    bool live = gw_law_is_entry(r) && find_row(l, gw_bytes_str(r->list_entry->list), day) != NULL &&
                !undated(l, r) && !gw_law_entry_ended(l, r, day);
    for (size_t i = 0; live && i < l->measure_count; i++) {
        const struct gw_law_measure_row *m = &l->measure[i];
        if (meets(m, r->list_entry->list, class_of(r), day) &&
            (m->measure.neutral || !performed(r)))
            found[count++] = &m->measure;
    }
    *ret = found;
    *ret_count = count;
    return GW_OK;
}

/* ---- what comes in ---- */

/* "national-measures-2031.x" where we know national-measures-2025 at most. */
static bool newer_edition(const struct gw_law *l, const char *id)
{
    const char *dot = strchr(id, '.');
    struct gw_bytes own = gw_bytes_make(id, dot != NULL ? (size_t)(dot - id) : strlen(id));
    size_t head = own.len;
    while (head > 0 && own.ptr[head - 1] >= '0' && own.ptr[head - 1] <= '9')
        head--;
    bool family = false, newest = true;
    for (size_t i = 0; i < l->edition_of_measures_count; i++) {
        struct gw_bytes known = gw_bytes_str(l->edition_of_measures[i].id);
        if (known.len < head || memcmp(known.ptr, own.ptr, head) != 0)
            continue;
        family = true;
        /* As numbers: the longer is the greater, of the same length the later in order. */
        bool greater = own.len != known.len ? own.len > known.len : gw_bytes_cmp(own, known) > 0;
        newest = newest && greater;
    }
    return family && newest && head != 0 && head != own.len;
}

static const struct gw_law_measure_row *find_measure(const struct gw_law *l, const char *id)
{
    for (size_t i = 0; i < l->measure_count; i++) {
        if (strcmp(l->measure[i].measure.id, id) == 0)
            return &l->measure[i];
    }
    return NULL;
}

/* An id of ours, or the name of the field: values of the data go into no answer. */
static void admit_measure(const struct gw_law *l, const gw_record *r,
                          const struct gw_law_list_row *row, const char *id, struct gw_date day,
                          struct gw_report *report)
{
    static const char field[] = "list_entry.measures";
    const struct gw_law_measure_row *m = find_measure(l, id);
    if (m == NULL) {
        const char *code = newer_edition(l, id) ? "law-edition-unknown" : "law-measure-unlawful";
        (void)!gw_law_deny(report, code, field, "measures", row->list.id);
        return;
    }
    const char *basis = m->measure.source;
    if (!meets(m, row->list.id, class_of(r), day))
        (void)!gw_law_deny(report, "law-measure-unlawful", field, m->measure.id, basis);
    else if (performed(r) && !m->measure.neutral)
        (void)!gw_law_deny(report, "law-measure-performed", field, m->measure.id, basis);
}

static bool has_basis(const struct gw_law_list_row *row, const gw_record *r)
{
    for (size_t i = 0; i < row->basis_count; i++) {
        struct gw_canon_value v;
        gw_canon_get(r, &row->basis[i], &v);
        for (size_t k = 0; v.present && k < v.text.len; k++) {
            if (v.text.ptr[k] > ' ')
                return true;
        }
    }
    return false;
}

static void admit_dates(const struct gw_law *l, const gw_record *r,
                        const struct gw_law_list_row *row, struct gw_date day,
                        struct gw_report *report)
{
    const struct gw_law_list *list = &row->list;
    if (undated(l, r)) {
        (void)!gw_law_deny(report, "record-undated", "decided_on", list->id, list->basis);
        return;
    }
    if (gw_law_entry_ended(l, r, day))
        (void)!gw_law_deny(report, "law-list-ended", "list_entry.ends_on", list->id, list->basis);
    const Xinqiao__V1__EndDate *end = r->list_entry->ends_on;
    if (list->max_months == 0 || end == NULL)
        return;
    struct gw_date last = gw_date_add_months(gw_law_date_of(r->decided_on), (int)list->max_months);
    if (end->no_end || gw_date_cmp(gw_law_date_of(end->date), last) > 0)
        (void)!gw_law_deny(report, "law-list-too-long", "list_entry.ends_on", list->id,
                           list->basis);
}

enum gw_status gw_law_admit_entry(const struct gw_law *l, const gw_record *r, struct gw_date day,
                                  struct gw_report *report)
{
    const Xinqiao__V1__ListEntry *e = r->list_entry;
    const struct gw_law_list_row *row = find_row(l, gw_bytes_str(e->list), day);
    uint32_t before = report->count[GW_PROBLEM_ERROR];
    if (row == NULL)
        return gw_law_deny(report, "law-list-unknown", "list_entry.list", "lists", l->policy);
    if (r->authority == NULL || !gw_law_body_is(&row->bodies, r->authority->name))
        (void)!gw_law_deny(report, "law-not-competent", "authority.name", row->list.id,
                           row->list.basis);
    if (!has_basis(row, r))
        (void)!gw_law_deny(report, "law-list-no-basis", row->basis[0].text, row->list.id,
                           row->list.basis);
    admit_dates(l, r, row, day, report);
    /* Each is looked for among all rows. */
    if (e->n_measures > MEASURES_MAX)
        return gw_law_deny(report, "law-measure-unlawful", "list_entry.measures", "measures",
                           row->list.basis);
    for (size_t i = 0; i < e->n_measures; i++)
        admit_measure(l, r, row, e->measures[i], day, report);
    return report->count[GW_PROBLEM_ERROR] == before ? GW_OK : GW_DENIED;
}

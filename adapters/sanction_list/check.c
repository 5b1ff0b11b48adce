/* Check: is the subject on a list, by what basis, until when, and which measures are lawful today.
 * Point reads only. Says of every list it looked at how far that can be relied on. */
#include "sanction_list.h"

enum { BATCH_MAX = 1000, LISTS_MAX = 64, HITS_MAX = 64 };

/* A call's lists, those that the grant covers. */
struct lists {
    struct gw_adapter_list row[LISTS_MAX];
    size_t count;
};

/* One subject: what it is looked up by, and of which classes it can be. */
struct who {
    const char *type, *value;
    uint32_t needed; /* classes that it can be, by its number */
    uint8_t key[2][SL_KEY];
    size_t keys;
};

struct found {
    struct gw_adapter_call *c;
    const struct lists *lists;
    Xinqiao__V1__ListHit **hit;
    size_t hits, rows; /* rows: of this page */
    int64_t last;
    const char *withheld;
    bool more;
    int32_t today;
    int64_t visible;
    bool failed;
};

/* ---- what is asked ---- */

static bool well_formed(const char *s, const char *last)
{
    size_t n = strlen(s);
    if (n != 18 || strspn(s, "0123456789ABCDEFGHJKLMNPQRTUWXY") != n)
        return false;
    return last == NULL || (strspn(s, "0123456789") >= 17 && strchr(last, s[17]) != NULL);
}

static bool who_of(struct gw_adapter_call *c, const Xinqiao__V1__ListSubject *in, struct who *ret)
{
    *ret = (struct who){0};
    if (in == NULL || (in->uscc[0] != '\0') == (in->citizen_id[0] != '\0'))
        return false;
    bool person = in->citizen_id[0] != '\0';
    ret->type = person ? "CN-ID" : "CN-USCC";
    ret->value = person ? in->citizen_id : in->uscc;
    /* Sole traders have codes that begin with 92. */
    ret->needed = person ? 4 : strncmp(ret->value, "92", 2) == 0 ? 1 | 2 : 1;
    if (!well_formed(ret->value, person ? "0123456789X" : NULL))
        return false;
    sl_host->key_of(c, ret->type, ret->value, 18, ret->key[ret->keys++]);
    /* The organisation code is part of the credit code: court lists may have that alone. */
    if (!person)
        sl_host->key_of(c, "ORGCODE", ret->value + 8, 9, ret->key[ret->keys++]);
    return true;
}

/* *ret_why: the call ends with it. */
static void choose(struct gw_adapter_call *c, size_t n, char *const *asked, struct lists *ret,
                   const char **ret_why)
{
    struct gw_adapter_list l;
    const char *why;
    ret->count = 0;
    *ret_why = NULL;
    for (size_t i = 0; i < n && i < LISTS_MAX; i++) {
        if (sl_host->law_list(c, asked[i], &l) != 0)
            *ret_why = SL_REASON("list-unknown");
        else if ((why = sl_covers_any(c, asked[i], 7)) != NULL)
            *ret_why = why;
        else
            ret->row[ret->count++] = l;
    }
    for (size_t i = 0; n == 0 && ret->count < LISTS_MAX && sl_host->law_list_at(c, i, &l) == 0; i++)
        if (sl_covers_any(c, l.id, 7) == NULL)
            ret->row[ret->count++] = l;
    if (n > LISTS_MAX)
        *ret_why = SL_REASON("batch-large");
    else if (ret->count == 0 && *ret_why == NULL)
        *ret_why = SL_REASON("not-granted");
}

/* ---- what is found ---- */

static int32_t fill_measures(struct gw_adapter_call *c, const Xinqiao__V1__Record *r,
                             Xinqiao__V1__ListHit *m)
{
    const struct gw_adapter_measure *row;
    size_t n = 0;
    if (sl_host->law_measures(c, &r->base, &row, &n) < 0)
        return -1;
    Xinqiao__V1__LawfulMeasure *one = sl_zalloc(c, (n + 1) * sizeof(*one));
    m->measures = sl_zalloc(c, (n + 1) * sizeof(*m->measures));
    if (one == NULL || m->measures == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        xinqiao__v1__lawful_measure__init(&one[i]);
        one[i].id = sl_str(row[i].id);
        one[i].content_zh = sl_str(row[i].content_zh);
        one[i].basis = sl_str(row[i].basis);
        one[i].agency = sl_str(row[i].agency);
        one[i].edition = sl_str(row[i].edition);
        m->measures[i] = &one[i];
    }
    m->n_measures = n;
    return 0;
}

static Xinqiao__V1__EndDate *until(struct gw_adapter_call *c, int32_t day)
{
    Xinqiao__V1__EndDate *m = sl_zalloc(c, sizeof(*m));
    if (m == NULL)
        return NULL;
    xinqiao__v1__end_date__init(m);
    m->no_end = day >= GW_DAY_NO_END;
    m->date = m->no_end ? NULL : sl_date(c, day);
    return m;
}

static Xinqiao__V1__ListHit *hit_of(struct gw_adapter_call *c, const struct gw_adapter_list *l,
                                    const struct sl_entry *e, const Xinqiao__V1__Record *r)
{
    Xinqiao__V1__ListHit *m = sl_zalloc(c, sizeof(*m));
    uint8_t *id = sl_host->alloc(c, sizeof(e->id));
    if (m == NULL || id == NULL)
        return NULL;
    xinqiao__v1__list_hit__init(m);
    memcpy(id, e->id, sizeof(e->id));
    m->list = sl_str(l->id);
    m->title_zh = sl_str(l->title_zh);
    m->title_en = sl_str(l->title_en);
    m->id = (ProtobufCBinaryData){.data = id, .len = sizeof(e->id)};
    m->revision = (uint64_t)e->revision;
    m->basis = r->list_entry->basis[0] != '\0' ? r->list_entry->basis : sl_str(l->basis);
    m->law = sl_str(l->id);
    m->authority = r->authority != NULL ? r->authority->name : sl_str("");
    m->listed_on = r->decided_on;
    m->until = until(c, e->ends_on);
    return fill_measures(c, r, m) == 0 ? m : NULL;
}

static int32_t on_entry(void *arg, const struct gw_adapter_value *v, size_t n)
{
    struct found *f = arg;
    struct sl_entry e = {0};
    const struct gw_adapter_list *l = NULL;
    sl_entry_take(&e, v);
    f->rows++;
    f->last = e.no;
    for (size_t i = 0; i < f->lists->count; i++)
        if (strcmp(f->lists->row[i].id, e.list) == 0)
            l = &f->lists->row[i];
    /* Not asked for, not there yet for readers, or over since midnight. */
    if (l == NULL || e.no > f->visible || e.ends_on < f->today)
        return 0;
    const char *why = sl_host->covers(f->c, SL_KIND, e.list, e.class_bit, e.area);
    if (why != NULL) {
        f->withheld = f->withheld != NULL ? f->withheld : why;
        return 0;
    }
    if (f->hits == HITS_MAX) {
        f->more = true;
        return 1;
    }
    Xinqiao__V1__Record *r = sl_record_open(f->c, e.mac, v[n - 1].bytes, v[n - 1].len);
    Xinqiao__V1__ListHit *m = r != NULL && r->list_entry != NULL ? hit_of(f->c, l, &e, r) : NULL;
    f->failed |= m == NULL;
    if (m != NULL)
        f->hit[f->hits++] = m;
    return f->failed;
}

/* What the grant keeps back of such subjects on any list, whether there is anything or not: the
 * answer is not to tell. */
static const char *limits(struct gw_adapter_call *c, const struct lists *l, const struct who *w)
{
    for (size_t i = 0; i < l->count; i++)
        for (uint32_t bit = 1; bit <= 4; bit <<= 1) {
            /* Asked about an unknown area: only a grant of all areas covers that. */
            const char *why =
                (w->needed & bit) != 0 ? sl_host->covers(c, SL_KIND, l->row[i].id, bit, "") : NULL;
            if (why != NULL)
                return why;
        }
    return NULL;
}

/* All of a subject's entries by one of its keys. */
static int32_t look_by(struct found *f, const uint8_t key[SL_KEY])
{
    f->last = 0;
    do {
        f->rows = 0;
        if (SL_SQL(f->c, ENTRIES_OF_SUBJECT, on_entry, f, SL_BLOB(key, SL_KEY), SL_NUM(f->last),
                   SL_NUM(HITS_MAX)) != 0 ||
            f->failed)
            return -1;
    } while (f->rows == HITS_MAX && !f->more);
    return 0;
}

static int32_t look_up(struct gw_adapter_call *c, const struct lists *lists, const struct who *w,
                       Xinqiao__V1__ListHits *ret)
{
    struct found f = {.c = c,
                      .lists = lists,
                      .hit = sl_zalloc(c, HITS_MAX * sizeof(*f.hit)),
                      .today = sl_today(c),
                      .visible = sl_host->change_visible(c)};
    if (f.hit == NULL)
        return -1;
    for (size_t i = 0; i < w->keys && !f.more; i++)
        if (look_by(&f, w->key[i]) != 0)
            return -1;
    const char *limit = limits(c, lists, w);
    limit = limit != NULL ? limit : f.withheld;
    sl_host->note_subject(c, w->type, w->value, strlen(w->value));
    ret->hits = f.hit;
    ret->n_hits = f.hits;
    ret->more = f.more;
    ret->withheld = sl_str(limit != NULL ? limit : "");
    return 0;
}

static int32_t states(struct gw_adapter_call *c, const struct lists *l,
                      Xinqiao__V1__ListState ***ret, size_t *ret_count)
{
    *ret = sl_zalloc(c, (l->count + 1) * sizeof(**ret));
    if (*ret == NULL)
        return -1;
    for (size_t i = 0; i < l->count; i++)
        if (sl_state_of(c, &l->row[i], &(*ret)[i]) != 0)
            return -1;
    *ret_count = l->count;
    return 0;
}

/* Does the grant cover every class that the subject can be of, on any of the lists at all?
 * Else no answer would mean anything. */
static const char *covered(struct gw_adapter_call *c, const struct lists *l, uint32_t needed)
{
    const char *why = SL_REASON("not-granted");
    for (size_t i = 0; i < l->count; i++) {
        const char *w = NULL;
        for (uint32_t bit = 1; bit <= 4 && w == NULL; bit <<= 1)
            w = (needed & bit) != 0 ? sl_covers_any(c, l->row[i].id, bit) : NULL;
        if (w == NULL)
            return NULL;
        why = w;
    }
    return why;
}

static void note(struct gw_adapter_call *c, const struct lists *l, uint32_t subjects,
                 uint32_t refused)
{
    for (size_t i = 0; i < l->count; i++) {
        sl_host->note_list(c, l->row[i].id, NULL);
        sl_host->note_kind(c, SL_KIND, l->row[i].id);
    }
    sl_host->note_counts(c, subjects, refused);
}

int32_t sl_check(void *self, struct gw_adapter_call *c, void *state,
                 const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__V1__ListCheckRequest *in = (const Xinqiao__V1__ListCheckRequest *)message;
    Xinqiao__V1__ListCheckResponse m = XINQIAO__V1__LIST_CHECK_RESPONSE__INIT;
    struct lists *l = sl_zalloc(c, sizeof(*l));
    struct who w;
    const char *why;
    if (l == NULL)
        return -1;
    choose(c, in->n_lists, in->lists, l, &why);
    if (why != NULL)
        return sl_refuse(c, why, "lists");
    if (!who_of(c, in->subject, &w))
        return sl_refuse(c, SL_REASON("subject-invalid"), "subject");
    why = covered(c, l, w.needed);
    if (why != NULL)
        return sl_refuse(c, why, "subject");
    Xinqiao__V1__ListHits h = XINQIAO__V1__LIST_HITS__INIT;
    if (look_up(c, l, &w, &h) != 0 || states(c, l, &m.states, &m.n_states) != 0)
        return -1;
    m.hits = h.hits;
    m.n_hits = h.n_hits;
    m.withheld = h.withheld;
    m.more = h.more;
    note(c, l, 1, 0);
    sl_host->send(c, &m.base);
    sl_host->finish(c, "ok");
    return 0;
}

static int32_t answer_one(struct gw_adapter_call *c, const struct lists *l,
                          const Xinqiao__V1__ListSubject *subject, Xinqiao__V1__ListHits *m,
                          bool *ret_refused)
{
    struct who w;
    xinqiao__v1__list_hits__init(m);
    const char *why =
        who_of(c, subject, &w) ? covered(c, l, w.needed) : SL_REASON("subject-invalid");
    *ret_refused = why != NULL;
    if (why == NULL)
        return look_up(c, l, &w, m);
    m->reason = sl_str(why);
    return 0;
}

int32_t sl_check_batch(void *self, struct gw_adapter_call *c, void *state,
                       const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__V1__ListCheckBatchRequest *in =
        (const Xinqiao__V1__ListCheckBatchRequest *)message;
    Xinqiao__V1__ListCheckBatchResponse m = XINQIAO__V1__LIST_CHECK_BATCH_RESPONSE__INIT;
    struct lists *l = sl_zalloc(c, sizeof(*l));
    const char *why;
    uint32_t refused = 0;
    size_t n = in->n_subjects;
    if (l == NULL)
        return -1;
    if (n > BATCH_MAX)
        return sl_refuse(c, SL_REASON("batch-large"), "subjects");
    choose(c, in->n_lists, in->lists, l, &why);
    if (why != NULL)
        return sl_refuse(c, why, "lists");
    Xinqiao__V1__ListHits *one = sl_zalloc(c, (n + 1) * sizeof(*one));
    m.answers = sl_zalloc(c, (n + 1) * sizeof(*m.answers));
    if (one == NULL || m.answers == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        bool bad;
        if (answer_one(c, l, in->subjects[i], &one[i], &bad) != 0)
            return -1;
        refused += bad;
        m.answers[i] = &one[i];
    }
    m.n_answers = n;
    if (states(c, l, &m.states, &m.n_states) != 0)
        return -1;
    note(c, l, (uint32_t)n - refused, refused);
    sl_host->send(c, &m.base);
    sl_host->finish(c, "ok");
    return 0;
}

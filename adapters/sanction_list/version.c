/* Versions: a snapshot or a batch is staged row by row and takes effect as a whole, or is held. */
#include <stdlib.h>

#include "sanction_list.h"

struct source {
    int64_t live, versions, as_of;
};

static int32_t on_source(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    *(struct source *)arg = (struct source){v[0].number, v[1].number, v[2].number};
    return 1;
}

int32_t sl_source_get(struct gw_adapter_call *c, const char *source, const char *list,
                      int64_t *ret_live, int64_t *ret_versions, int64_t *ret_as_of)
{
    struct source s = {0};
    if (SL_SQL(c, SOURCE_GET, on_source, &s, SL_TEXT(source), SL_TEXT(list)) != 0)
        return -1;
    *ret_live = s.live;
    *ret_versions = s.versions;
    *ret_as_of = s.as_of;
    return 0;
}

int32_t sl_version_counts(struct gw_adapter_call *c, const struct sl_version *v,
                          Xinqiao__V1__ListVersionCounts **ret)
{
    Xinqiao__V1__ListVersionCounts *m = sl_zalloc(c, sizeof(*m));
    if (m == NULL)
        return -1;
    xinqiao__v1__list_version_counts__init(m);
    m->declared = (uint64_t)v->declared;
    m->staged = (uint64_t)v->staged;
    m->refused = (uint64_t)v->refused;
    m->added = (uint64_t)v->added;
    m->updated = (uint64_t)v->updated;
    m->removed = (uint64_t)v->removed;
    m->repaired = (uint64_t)v->repaired;
    m->before = (uint64_t)v->before;
    *ret = m;
    return 0;
}

/* ---- staging ---- */

static int32_t stage(struct gw_adapter_call *c, struct sl_version *v, const struct sl_put *p,
                     const struct sl_put *was)
{
    int64_t good = p->kind != SL_PUT_REFUSED, bad = !good;
    if (was->found) {
        good -= was->kind != SL_PUT_REFUSED;
        bad -= was->kind == SL_PUT_REFUSED;
    }
    v->staged += good;
    v->refused += bad;
    if (SL_SQL(c, STAGED_PUT, NULL, NULL, SL_NUM(v->no), SL_BLOB(p->mac, SL_KEY), SL_NUM(p->kind),
               SL_NUM(p->revision), SL_BLOB(p->digest, SL_KEY), SL_BLOB(p->id, 16),
               SL_NUM(p->ended), SL_NUM(p->ended_on), SL_NUM(p->ends_on), SL_NUM(p->class_bit),
               SL_TEXT(p->area), SL_BLOB(p->subject, SL_KEY), SL_NUM(p->receipt),
               p->record != NULL ? SL_BLOB(p->record, p->record_len) : SL_NULL) != 0)
        return -1;
    return good == 0 && bad == 0 ? 0
                                 : SL_SQL(c, VERSION_COUNT, NULL, NULL, SL_NUM(v->no), SL_NUM(good),
                                          SL_NUM(bad), SL_NUM(sl_host->now_us(c)));
}

int32_t sl_version_stage(struct gw_adapter_call *c, struct sl_version *v, const struct sl_put *p,
                         const char **ret_refused, int64_t *ret_receipt)
{
    struct sl_put was = {0};
    *ret_refused = NULL;
    *ret_receipt = 0;
    if (SL_SQL(c, STAGED_GET, sl_on_put, &was, SL_NUM(v->no), SL_BLOB(p->mac, SL_KEY)) != 0)
        return -1;
    bool good = was.found && was.kind != SL_PUT_REFUSED;
    /* A row that was taken stays when it comes again, broken. */
    if (good && p->kind == SL_PUT_REFUSED)
        return 0;
    if (good && p->revision <= was.revision) {
        bool same = memcmp(was.digest, p->digest, SL_KEY) == 0;
        if (p->revision == was.revision && !same)
            *ret_refused = SL_REASON("revision-conflict");
        else
            *ret_receipt = was.receipt;
        return 0;
    }
    if (!was.found && v->staged + v->refused >= v->declared) {
        *ret_refused = SL_REASON("count");
        return 0;
    }
    return stage(c, v, p, &was);
}

/* ---- what it changes ---- */

struct run {
    struct gw_adapter_call *c;
    struct sl_version *v;
    bool apply;
    struct sl_delta delta;
    uint8_t *record; /* of the present row; grows */
    size_t record_len, record_room;
    bool failed;
    struct sl_put put[SL_PAGE];
    struct sl_entry entry[SL_PAGE];
    size_t rows;
};

static int32_t on_staged(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct run *r = arg;
    struct sl_put *p = &r->put[r->rows++];
    *p = (struct sl_put){.source = r->v->source, .list = r->v->list};
    sl_put_take(p, v);
    return r->rows == SL_PAGE;
}

static int32_t on_absent(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct run *r = arg;
    sl_entry_take(&r->entry[r->rows++], v);
    return r->rows == SL_PAGE;
}

static int32_t on_record(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct run *r = arg;
    if (v[0].len > r->record_room) {
        free(r->record);
        r->record_room = v[0].len * 2;
        r->record = malloc(r->record_room);
        r->failed = r->record == NULL;
    }
    r->record_len = v[0].len;
    if (r->record != NULL && v[0].len != 0)
        memcpy(r->record, v[0].bytes, v[0].len);
    return 1;
}

static int32_t do_row(struct run *r, struct sl_put *p, const struct sl_entry *e,
                      enum sl_verdict verdict)
{
    if (verdict == SL_IS_NEW || verdict == SL_IS_BACK || verdict == SL_IS_UPDATED) {
        if (SL_SQL(r->c, STAGED_RECORD, on_record, r, SL_NUM(r->v->no), SL_BLOB(p->mac, SL_KEY)) !=
                0 ||
            r->failed)
            return -1;
        p->record = r->record;
        p->record_len = r->record_len;
    }
    return sl_apply(r->c, p, e, verdict, &r->delta);
}

static int32_t run_row(struct run *r, struct sl_put *p)
{
    struct sl_entry e;
    enum sl_verdict verdict;
    int64_t receipt;
    if (p->kind == SL_PUT_REFUSED)
        return 0;
    if (sl_decide(r->c, p, r->v->snapshot, &e, &verdict, &receipt) != 0)
        return -1;
    r->v->added += verdict == SL_IS_NEW || verdict == SL_IS_BACK;
    r->v->updated += verdict == SL_IS_UPDATED;
    if (verdict == SL_IS_REMOVED && p->ended == XINQIAO__V1__LIST_END__LIST_END_REPAIRED)
        r->v->repaired++;
    else
        r->v->removed += verdict == SL_IS_REMOVED;
    return r->apply ? do_row(r, p, &e, verdict) : 0;
}

static int32_t run_staged(struct run *r)
{
    uint8_t last[SL_KEY] = {0};
    do {
        r->rows = 0;
        if (SL_SQL(r->c, STAGED_PAGE, on_staged, r, SL_NUM(r->v->no), SL_BLOB(last, SL_KEY),
                   SL_NUM(SL_PAGE)) != 0)
            return -1;
        for (size_t i = 0; i < r->rows; i++)
            if (run_row(r, &r->put[i]) != 0)
                return -1;
        if (r->rows != 0)
            memcpy(last, r->put[r->rows - 1].mac, SL_KEY);
    } while (r->rows == SL_PAGE);
    return 0;
}

/* What the source had and the snapshot does not name. Of a held one: as of its close, what has come
 * or changed since is newer than the snapshot. */
static int32_t run_absent(struct run *r)
{
    int64_t last = 0, upto = r->v->state == SL_HELD ? r->v->closed_change : INT64_MAX;
    int32_t today = sl_today(r->c);
    do {
        r->rows = 0;
        if (SL_SQL(r->c, ENTRIES_ABSENT, on_absent, r, SL_TEXT(r->v->source), SL_TEXT(r->v->list),
                   SL_NUM(last), SL_NUM(r->v->no), SL_NUM(SL_PAGE), SL_NUM(upto)) != 0)
            return -1;
        for (size_t i = 0; i < r->rows; i++) {
            r->v->removed++;
            if (!r->apply)
                continue;
            sl_delta_end(&r->delta, &r->entry[i]);
            if (sl_end(r->c, &r->entry[i], XINQIAO__V1__LIST_END__LIST_END_EXITED, today, true) !=
                0)
                return -1;
        }
        if (r->rows != 0)
            last = r->entry[r->rows - 1].no;
    } while (r->rows == SL_PAGE);
    return 0;
}

int32_t sl_version_run(struct gw_adapter_call *c, struct sl_version *v, bool apply)
{
    struct run *r = calloc(1, sizeof(*r));
    int64_t versions, as_of;
    if (r == NULL)
        return -1;
    r->c = c;
    r->v = v;
    r->apply = apply;
    v->added = v->updated = v->removed = v->repaired = 0;
    int32_t rc = sl_source_get(c, v->source, v->list, &v->before, &versions, &as_of);
    if (rc == 0 && v->snapshot)
        rc = run_absent(r);
    if (rc == 0)
        rc = run_staged(r);
    if (rc == 0 && apply)
        rc = SL_SQL(c, SOURCE_TOUCH, NULL, NULL, SL_TEXT(v->source), SL_TEXT(v->list),
                    SL_NUM(r->delta.live), SL_NUM(sl_host->now_us(c)), SL_NUM(r->delta.unmatched));
    free(r->record);
    free(r);
    return rc;
}

const char *sl_version_too_much(struct gw_adapter_call *c, const struct sl_version *v,
                                int64_t versions)
{
    const struct sl_settings *s = sl_settings_of(c);
    if (versions == 0 && v->before == 0)
        return NULL; /* the first of its source */
    if (v->removed > s->hold_floor && v->removed * 100 > s->hold_removes_percent * v->before)
        return SL_REASON("removes-many");
    if (v->added > s->hold_floor && v->added * 100 > s->hold_adds_percent * v->before)
        return SL_REASON("adds-many");
    return NULL;
}

/* ---- closing ---- */

static int32_t close_as(struct gw_adapter_call *c, struct sl_version *v, int32_t state,
                        const char *reason)
{
    v->state = state;
    v->receipt = sl_host->receipt(c);
    v->closed_us = sl_host->now_us(c);
    return SL_SQL(c, VERSION_CLOSE, NULL, NULL, SL_NUM(v->no), SL_NUM(state), SL_NUM(v->added),
                  SL_NUM(v->updated), SL_NUM(v->removed), SL_NUM(v->repaired), SL_NUM(v->before),
                  SL_NUM(v->closed_us), SL_TEXT(reason), SL_NUM(v->receipt));
}

/* What the source had staged before is of the past now. */
static int32_t discard_before(struct gw_adapter_call *c, const struct sl_version *v)
{
    if (SL_SQL(c, VERSIONS_BEFORE_CLEAR, NULL, NULL, SL_TEXT(v->source), SL_TEXT(v->list),
               SL_NUM(v->as_of), SL_NUM(v->no)) != 0)
        return -1;
    return SL_SQL(c, VERSIONS_BEFORE_DISCARD, NULL, NULL, SL_TEXT(v->source), SL_TEXT(v->list),
                  SL_NUM(v->as_of), SL_NUM(v->no));
}

int32_t sl_version_apply(struct gw_adapter_call *c, struct sl_version *v)
{
    if (sl_version_run(c, v, true) != 0 ||
        SL_SQL(c, SOURCE_VERSION, NULL, NULL, SL_TEXT(v->source), SL_TEXT(v->list),
               SL_TEXT(v->version), SL_NUM(v->as_of), SL_NUM(v->empty)) != 0 ||
        SL_SQL(c, STAGED_CLEAR, NULL, NULL, SL_NUM(v->no)) != 0 || discard_before(c, v) != 0)
        return -1;
    return close_as(c, v, SL_APPLIED, "");
}

int32_t sl_version_hold(struct gw_adapter_call *c, struct sl_version *v, const char *reason)
{
    return discard_before(c, v) != 0 ? -1 : close_as(c, v, SL_HELD, reason);
}

int32_t sl_version_discard(struct gw_adapter_call *c, const struct sl_version *v)
{
    if (SL_SQL(c, STAGED_CLEAR, NULL, NULL, SL_NUM(v->no)) != 0)
        return -1;
    return SL_SQL(c, VERSION_DISCARD, NULL, NULL, SL_NUM(v->no));
}

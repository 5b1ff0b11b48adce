/* What a put does to an entry, and doing it: one change number each, so that pullers see it in
 * order of commit. */
#include "sanction_list.h"

struct revision {
    bool found;
    uint8_t digest[SL_KEY];
    int64_t receipt;
};

static int32_t on_revision(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct revision *r = arg;
    r->found = v[0].len == SL_KEY;
    if (r->found)
        memcpy(r->digest, v[0].bytes, SL_KEY);
    r->receipt = v[1].number;
    return 1;
}

static enum sl_verdict decide_removal(const struct sl_put *p, const struct sl_entry *e,
                                      const struct revision *known)
{
    if (p->revision > e->revision)
        return e->live ? SL_IS_REMOVED : SL_IS_REMOVED_AGAIN;
    if (known->found && memcmp(known->digest, p->digest, SL_KEY) != 0 &&
        p->revision == e->revision && e->live)
        return SL_IS_CONFLICT;
    return SL_IS_DUPLICATE;
}

static enum sl_verdict decide_entry(const struct sl_put *p, bool snapshot, const struct sl_entry *e,
                                    const struct revision *known)
{
    if (p->revision > e->revision) {
        if (!e->live)
            return SL_IS_BACK;
        bool same = e->class_bit == p->class_bit && strcmp(e->area, p->area) == 0 &&
                    memcmp(e->subject, p->subject, SL_KEY) == 0;
        return same ? SL_IS_UPDATED : SL_IS_OTHER_SUBJECT;
    }
    if (known->found && memcmp(known->digest, p->digest, SL_KEY) != 0)
        return SL_IS_CONFLICT;
    /* It went because a snapshot did not name it; the next one names it again. Nothing else brings
     * back what has ended under a revision that was here before. */
    return snapshot && !e->live && e->absent && p->revision == e->revision ? SL_IS_BACK
                                                                           : SL_IS_DUPLICATE;
}

int32_t sl_decide(struct gw_adapter_call *c, const struct sl_put *p, bool snapshot,
                  struct sl_entry *e, enum sl_verdict *ret, int64_t *ret_receipt)
{
    struct revision known = {0};
    *e = (struct sl_entry){0};
    if (SL_SQL(c, ENTRY_BY_MAC, sl_on_entry, e, SL_BLOB(p->mac, SL_KEY)) != 0)
        return -1;
    if (!e->found) {
        *ret = p->kind == SL_PUT_REMOVAL ? SL_IS_UNKNOWN : SL_IS_NEW;
        return 0;
    }
    if (p->revision <= e->revision &&
        SL_SQL(c, CHANGE_OF_REVISION, on_revision, &known, SL_NUM(e->no), SL_NUM(p->revision)) != 0)
        return -1;
    *ret_receipt = known.found ? known.receipt : e->receipt;
    *ret = p->kind == SL_PUT_REMOVAL ? decide_removal(p, e, &known)
                                     : decide_entry(p, snapshot, e, &known);
    return 0;
}

static int32_t scope_of(struct gw_adapter_call *c, const struct sl_put *p, int64_t *ret)
{
    *ret = -1;
    for (int i = 0; i < 2 && *ret < 0; i++) {
        if (i == 1 && SL_SQL(c, SCOPE_ADD, NULL, NULL, SL_TEXT(p->list), SL_NUM(p->class_bit),
                             SL_TEXT(p->area)) != 0)
            return -1;
        if (SL_SQL(c, SCOPE_FIND, sl_on_number, ret, SL_TEXT(p->list), SL_NUM(p->class_bit),
                   SL_TEXT(p->area)) != 0)
            return -1;
    }
    return *ret >= 0 ? 0 : -1;
}

static int32_t note_change(struct gw_adapter_call *c, int64_t change, int64_t no, int64_t revision,
                           bool live, int64_t scope, const uint8_t *digest, int64_t receipt)
{
    return SL_SQL(c, CHANGE_ADD, NULL, NULL, SL_NUM(change), SL_NUM(no), SL_NUM(revision),
                  SL_NUM(live), SL_NUM(scope), digest != NULL ? SL_BLOB(digest, SL_KEY) : SL_NULL,
                  SL_NUM(receipt));
}

bool sl_blank(const uint8_t subject[SL_KEY])
{
    static const uint8_t none[SL_KEY];
    return memcmp(subject, none, SL_KEY) == 0;
}

static struct gw_adapter_value subject_of(const struct sl_put *p)
{
    return SL_BLOB(p->subject, sl_blank(p->subject) ? 0 : SL_KEY);
}

static int32_t put_live(struct gw_adapter_call *c, const struct sl_put *p, const struct sl_entry *e)
{
    int64_t change = sl_host->change_next(c), scope;
    int64_t no = e->found ? e->no : change;
    if (scope_of(c, p, &scope) != 0)
        return -1;
    int32_t rc =
        e->found
            ? SL_SQL(c, ENTRY_SET, NULL, NULL, SL_NUM(no), SL_NUM(change), SL_NUM(p->revision),
                     SL_NUM(p->ends_on), SL_NUM(p->class_bit), SL_TEXT(p->area), SL_NUM(scope),
                     subject_of(p), SL_NUM(p->receipt), SL_BLOB(p->record, p->record_len))
            : SL_SQL(c, ENTRY_ADD, NULL, NULL, SL_NUM(no), SL_BLOB(p->id, 16), SL_TEXT(p->source),
                     SL_TEXT(p->list), SL_BLOB(p->mac, SL_KEY), SL_NUM(p->revision),
                     SL_NUM(p->ends_on), SL_NUM(p->class_bit), SL_TEXT(p->area), SL_NUM(scope),
                     subject_of(p), SL_NUM(p->receipt), SL_BLOB(p->record, p->record_len));
    return rc != 0 ? -1
                   : note_change(c, change, no, p->revision, true, scope, p->digest, p->receipt);
}

static int32_t put_ended(struct gw_adapter_call *c, const struct sl_entry *e, int64_t revision,
                         int32_t end, int32_t day, bool absent, const uint8_t *digest,
                         int64_t receipt)
{
    int64_t change = sl_host->change_next(c);
    if (SL_SQL(c, ENTRY_END, NULL, NULL, SL_NUM(e->no), SL_NUM(change), SL_NUM(revision),
               SL_NUM(end), SL_NUM(day), SL_NUM(absent), SL_NUM(receipt)) != 0)
        return -1;
    return note_change(c, change, e->no, revision, false, e->scope, digest, receipt);
}

int32_t sl_end(struct gw_adapter_call *c, const struct sl_entry *e, int32_t end, int32_t day,
               bool absent)
{
    return put_ended(c, e, e->revision, end, day, absent, NULL, sl_host->receipt(c));
}

void sl_delta_end(struct sl_delta *delta, const struct sl_entry *e)
{
    delta->live--;
    delta->unmatched -= sl_blank(e->subject);
}

/* What was staged, or held, while its term ran out ends as it comes: who has an earlier revision is
 * told at once. */
static int32_t end_if_over(struct gw_adapter_call *c, const struct sl_put *p,
                           struct sl_delta *delta)
{
    struct sl_entry e = {0};
    if (p->ends_on >= sl_today(c))
        return 0;
    if (SL_SQL(c, ENTRY_BY_MAC, sl_on_entry, &e, SL_BLOB(p->mac, SL_KEY)) != 0 || !e.found)
        return -1;
    sl_delta_end(delta, &e);
    return sl_end(c, &e, XINQIAO__V1__LIST_END__LIST_END_EXPIRED, p->ends_on, false);
}

int32_t sl_apply(struct gw_adapter_call *c, const struct sl_put *p, const struct sl_entry *e,
                 enum sl_verdict v, struct sl_delta *delta)
{
    switch (v) {
    case SL_IS_NEW:
    case SL_IS_BACK:
        delta->live++;
        delta->unmatched += sl_blank(p->subject);
        return put_live(c, p, e) != 0 ? -1 : end_if_over(c, p, delta);
    case SL_IS_UPDATED:
        return put_live(c, p, e) != 0 ? -1 : end_if_over(c, p, delta);
    case SL_IS_REMOVED:
        sl_delta_end(delta, e);
        return put_ended(c, e, p->revision, p->ended, p->ended_on, false, p->digest, p->receipt);
    case SL_IS_REMOVED_AGAIN:
        return put_ended(c, e, p->revision, p->ended, p->ended_on, false, p->digest, p->receipt);
    case SL_IS_DUPLICATE:
    case SL_IS_CONFLICT:
    case SL_IS_OTHER_SUBJECT:
    case SL_IS_UNKNOWN:
        break;
    }
    return 0;
}

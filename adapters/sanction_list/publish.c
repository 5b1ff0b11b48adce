/* Publish: entries and removals of a source, at once or inside a version; a receipt for each item,
 * in their order. Runs inside the store's transaction; the judging was done before (item.c). */
#include <stdlib.h>

#include "sanction_list.h"

#define VERSION_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"

/* Where a stream stands. */
enum mode {
    FREE,   /* no version: items take effect at once */
    INSIDE, /* of `version`, which is open */
    BEHIND, /* of `version`, which was closed before: what comes is only answered */
    BARRED  /* opening was refused: nothing is taken until `close` */
};
struct publish {
    enum mode mode;
    struct sl_version version;
    char source[SL_NAME];
    int64_t noted; /* the segment's receipt that `reason` is about */
    bool mixed;
    char reason[SL_NAME]; /* why all its rows so far were refused; "ok": not all for one reason */
};

/* What is said of one item. */
struct answer {
    const char *list, *entry;
    uint64_t revision;
    Xinqiao__V1__ListOutcome outcome;
    bool has_id;
    uint8_t id[16];
    int64_t receipt; /* 0: this segment's own */
    struct sl_findings *found;
    Xinqiao__V1__ListVersionCounts *counts;
};

int32_t sl_publish_open(void *self, struct gw_adapter_call *c, void **ret_state)
{
    (void)self;
    struct publish *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -1;
    const char *peer = sl_host->lend(c, GW_LEND_PEER_NAME);
    if (peer != NULL)
        sl_copy(s->source, sizeof(s->source), peer, strlen(peer));
    *ret_state = s;
    return 0;
}

void sl_state_free(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    (void)c;
    free(state);
}

/* A segment whose rows were all refused for one reason is to be found by it in the log. */
static void note_reason(struct gw_adapter_call *c, struct publish *s, const struct answer *a)
{
    const char *reason =
        a->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD ? "list-held"
        : a->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED && a->found->error != NULL
            ? a->found->error
            : "ok";
    int64_t receipt = sl_host->receipt(c);
    if (s->noted == receipt && strcmp(s->reason, reason) != 0)
        s->mixed = true;
    else if (s->noted != receipt)
        s->mixed = false;
    s->noted = receipt;
    sl_copy(s->reason, sizeof(s->reason), reason, strlen(reason));
    sl_host->note_reason(c, s->mixed && strcmp(reason, "list-held") != 0 ? "ok" : reason);
}

static int32_t send(struct gw_adapter_call *c, struct publish *s, const struct answer *a)
{
    bool refused = a->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED;
    Xinqiao__V1__ListReceipt m = XINQIAO__V1__LIST_RECEIPT__INIT;
    m.list = sl_str(a->list != NULL ? a->list : "");
    m.entry = sl_str(a->entry != NULL ? a->entry : "");
    m.revision = a->revision;
    m.outcome = a->outcome;
    if (a->has_id && !refused)
        m.id = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)a->id, .len = sizeof(a->id)};
    m.n_findings = a->found->count;
    m.findings = a->found->item;
    m.origin = sl_str(sl_host->log_origin(c));
    m.counts = a->counts;
    m.version = s->mode != FREE ? s->version.version : sl_str("");
    m.log_entry = 1;
    if (m.list[0] != '\0')
        sl_host->note_list(c, m.list, m.version[0] != '\0' ? m.version : NULL);
    note_reason(c, s, a);
    if (a->receipt != 0)
        sl_host->send_receipt_of(c, &m.base, 6, UINT64_MAX, a->receipt);
    else
        sl_host->send_receipt(c, &m.base, 6);
    return 0;
}

static int32_t refuse(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                      const char *reason, const char *field)
{
    sl_find(c, a->found, reason, field);
    a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED;
    return send(c, s, a);
}

/* ---- open ---- */

static const char *check_open(struct gw_adapter_call *c, const Xinqiao__V1__ListVersionOpen *in,
                              const char **ret_field)
{
    struct gw_adapter_list row;
    int64_t as_of = sl_us(in->as_of);
    *ret_field = "list";
    if (sl_host->law_list(c, in->list, &row) != 0)
        return SL_REASON("list-unknown");
    if (sl_covers_any(c, in->list, 7) != NULL)
        return SL_REASON("not-granted");
    *ret_field = "version";
    /* Operators paste it into a shell. */
    if (!sl_plain(in->version, SL_VERSION_MAX) ||
        in->version[strspn(in->version, VERSION_LETTERS)] != '\0')
        return SL_REASON("version-invalid");
    *ret_field = "as_of";
    /* Five minutes: how far a sender's clock may be ahead. One of the future would stay the newest.
     */
    if (as_of == INT64_MIN || as_of > sl_host->now_us(c) + INT64_C(300) * 1000000)
        return SL_REASON("version-time");
    *ret_field = "declared";
    if (in->declared > (uint64_t)sl_settings_of(c)->max_entries)
        return SL_REASON("version-too-large");
    return NULL;
}

static int32_t find_version(struct gw_adapter_call *c, struct publish *s, const char *list,
                            const char *version)
{
    s->version = (struct sl_version){0};
    return SL_SQL(c, VERSION_GET, sl_on_version, &s->version, SL_TEXT(s->source), SL_TEXT(list),
                  SL_TEXT(version));
}

static bool same_declaration(const struct sl_version *v, const Xinqiao__V1__ListVersionOpen *in)
{
    return v->snapshot == (in->snapshot != 0) && v->declared == (int64_t)in->declared &&
           v->empty == (in->empty != 0) && v->as_of == sl_us(in->as_of);
}

static int32_t opened(struct gw_adapter_call *c, struct publish *s, struct answer *a)
{
    int64_t versions, as_of;
    s->mode = INSIDE;
    if (s->version.state != SL_OPEN) {
        s->mode = BEHIND;
        a->receipt = s->version.receipt;
        a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_DUPLICATE;
    } else if (sl_source_get(c, s->source, s->version.list, &s->version.before, &versions,
                             &as_of) != 0) {
        return -1;
    }
    if (sl_version_counts(c, &s->version, &a->counts) != 0)
        return -1;
    return send(c, s, a);
}

static int32_t on_open(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                       const Xinqiao__V1__ListVersionOpen *in)
{
    const char *field;
    int64_t live, versions, as_of;
    a->list = in->list;
    if (s->mode == INSIDE || s->mode == BEHIND)
        return refuse(c, s, a, SL_REASON("version-open"), "open");
    const char *why = check_open(c, in, &field);
    s->mode = BARRED;
    if (why != NULL)
        return refuse(c, s, a, why, field);
    if (find_version(c, s, in->list, in->version) != 0 ||
        sl_source_get(c, s->source, in->list, &live, &versions, &as_of) != 0)
        return -1;
    if (s->version.found && s->version.state == SL_DISCARDED)
        return refuse(c, s, a, SL_REASON("version-discarded"), "version");
    if (s->version.found && !same_declaration(&s->version, in))
        return refuse(c, s, a, SL_REASON("version-conflict"), "version");
    if (versions != 0 && sl_us(in->as_of) < as_of && s->version.state != SL_APPLIED)
        return refuse(c, s, a, SL_REASON("version-stale"), "as_of");
    int64_t open = 0;
    if (!s->version.found &&
        SL_SQL(c, VERSIONS_OPEN, sl_on_number, &open, SL_TEXT(s->source), SL_TEXT(in->list)) != 0)
        return -1;
    if (!s->version.found && open >= sl_settings_of(c)->max_open)
        return refuse(c, s, a, SL_REASON("versions-many"), "version");
    if (!s->version.found &&
        (SL_SQL(c, VERSION_ADD, NULL, NULL, SL_TEXT(s->source), SL_TEXT(in->list),
                SL_TEXT(in->version), SL_NUM(in->snapshot), SL_NUM((int64_t)in->declared),
                SL_NUM(in->empty), SL_NUM(sl_us(in->as_of)), SL_NUM(sl_host->now_us(c))) != 0 ||
         find_version(c, s, in->list, in->version) != 0))
        return -1;
    a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_OPENED;
    return opened(c, s, a);
}

/* ---- close ---- */

/* Why it can not be closed as it stands; it stays open. */
static const char *check_close(const struct sl_version *v, int64_t versions, int64_t as_of)
{
    if (v->staged + v->refused != v->declared || (v->empty && v->declared != 0))
        return SL_REASON("count");
    if (v->snapshot && v->declared == 0 && !v->empty)
        return SL_REASON("empty-undeclared");
    return versions != 0 && v->as_of < as_of ? SL_REASON("version-stale") : NULL;
}

static int32_t settle(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                      int64_t versions)
{
    struct sl_version *v = &s->version;
    if (sl_version_run(c, v, false) != 0)
        return -1;
    const char *hold = sl_version_too_much(c, v, versions);
    if ((hold != NULL ? sl_version_hold(c, v, hold) : sl_version_apply(c, v)) != 0)
        return -1;
    sl_host->note_kind(c, SL_KIND, v->list);
    sl_host->note_counts(c, (uint32_t)(v->added + v->updated + v->removed + v->repaired), 0);
    if (hold != NULL)
        sl_host->log(c, GW_ADAPTER_LOG_WARN,
                     "a version of a list changes much: held for two operators");
    a->outcome = hold != NULL ? XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD
                              : XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_APPLIED;
    return 0;
}

static int32_t on_close(struct gw_adapter_call *c, struct publish *s, struct answer *a)
{
    int64_t live, versions, as_of;
    struct sl_version *v = &s->version;
    if (s->mode == FREE || s->mode == BARRED) {
        s->mode = FREE;
        return refuse(c, s, a, SL_REASON("not-open"), "close");
    }
    a->list = v->list;
    /* As it is now: another stream may have worked on the same version. */
    char list[SL_NAME], name[SL_NAME];
    memcpy(list, v->list, sizeof(list));
    memcpy(name, v->version, sizeof(name));
    if (find_version(c, s, list, name) != 0 ||
        sl_source_get(c, s->source, list, &live, &versions, &as_of) != 0)
        return -1;
    if (v->state == SL_DISCARDED) {
        int32_t rc = refuse(c, s, a, SL_REASON("version-discarded"), "close");
        s->mode = FREE;
        return rc;
    }
    if (v->state != SL_OPEN) {
        a->receipt = v->receipt;
        a->outcome = v->state == SL_HELD ? XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD
                                         : XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_APPLIED;
    } else {
        const char *why = check_close(v, versions, as_of);
        if (why != NULL) {
            if (sl_version_counts(c, v, &a->counts) != 0)
                return -1;
            return refuse(c, s, a, why, "close");
        }
        if (settle(c, s, a, versions) != 0)
            return -1;
    }
    if (sl_version_counts(c, v, &a->counts) != 0)
        return -1;
    int32_t rc = send(c, s, a);
    s->mode = FREE;
    return rc;
}

/* ---- rows ---- */

static const char *reason_of(enum sl_verdict v)
{
    return v == SL_IS_CONFLICT        ? SL_REASON("revision-conflict")
           : v == SL_IS_OTHER_SUBJECT ? SL_REASON("subject-changed")
           : v == SL_IS_UNKNOWN       ? SL_REASON("entry-unknown")
                                      : NULL;
}

static Xinqiao__V1__ListOutcome outcome_of(enum sl_verdict v)
{
    switch (v) {
    case SL_IS_NEW:
    case SL_IS_BACK:
        return XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_NEW;
    case SL_IS_UPDATED:
        return XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_UPDATED;
    case SL_IS_REMOVED:
    case SL_IS_REMOVED_AGAIN:
        return XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REMOVED;
    case SL_IS_DUPLICATE:
        return XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_DUPLICATE;
    case SL_IS_CONFLICT:
    case SL_IS_OTHER_SUBJECT:
    case SL_IS_UNKNOWN:
        break;
    }
    return XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED;
}

/* In effect at once. */
static int32_t take_row(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                        struct sl_item *it, const struct sl_entry *e, enum sl_verdict v)
{
    struct sl_delta delta = {0};
    if (sl_apply(c, &it->put, e, v, &delta) != 0)
        return -1;
    a->outcome = outcome_of(v);
    if (v == SL_IS_DUPLICATE)
        return 0;
    a->receipt = 0;
    return SL_SQL(c, SOURCE_TOUCH, NULL, NULL, SL_TEXT(s->source), SL_TEXT(it->list),
                  SL_NUM(delta.live), SL_NUM(sl_host->now_us(c)), SL_NUM(delta.unmatched));
}

static int32_t stage_row(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                         struct sl_item *it)
{
    const char *why;
    if (sl_version_stage(c, &s->version, &it->put, &why, &a->receipt) != 0)
        return -1;
    if (why != NULL)
        sl_find(c, &it->found, why, "entry");
    a->outcome = it->found.error != NULL ? XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED
                 : a->receipt != 0       ? XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_DUPLICATE
                                         : XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_STAGED;
    return 0;
}

/* A row of a version that was closed before. */
static int32_t recall_row(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                          struct sl_item *it, enum sl_verdict v)
{
    struct sl_put was = {0};
    if (SL_SQL(c, STAGED_GET, sl_on_put, &was, SL_NUM(s->version.no),
               SL_BLOB(it->put.mac, SL_KEY)) != 0)
        return -1;
    bool here =
        was.found && was.kind != SL_PUT_REFUSED && memcmp(was.digest, it->put.digest, SL_KEY) == 0;
    if (here)
        a->receipt = was.receipt;
    a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_DUPLICATE;
    if (!here && v != SL_IS_DUPLICATE) {
        a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED;
        sl_find(c, &it->found, SL_REASON("version-closed"), "entry");
    }
    return 0;
}

/* A removal may be of an entry that came in the same version. */
static int32_t known_here(struct gw_adapter_call *c, const struct publish *s,
                          const struct sl_item *it, enum sl_verdict *v)
{
    struct sl_put was = {0};
    if (s->mode != INSIDE)
        return 0;
    if (SL_SQL(c, STAGED_GET, sl_on_put, &was, SL_NUM(s->version.no),
               SL_BLOB(it->put.mac, SL_KEY)) != 0)
        return -1;
    if (was.found && was.kind != SL_PUT_REFUSED)
        *v = SL_IS_REMOVED;
    return 0;
}

/* Judged, with its keys: what becomes of it. */
static int32_t settle_row(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                          struct sl_item *it)
{
    struct sl_entry e = {0};
    enum sl_verdict v = SL_IS_UNKNOWN;
    if (sl_item_fill(c, it, s->source) != 0)
        return -1;
    if (it->found.error == NULL) {
        if (sl_decide(c, &it->put, s->mode != FREE && s->version.snapshot, &e, &v, &a->receipt) !=
            0)
            return -1;
        if (s->mode == BEHIND && recall_row(c, s, a, it, v) != 0)
            return -1;
        if (v == SL_IS_UNKNOWN && known_here(c, s, it, &v) != 0)
            return -1;
        if (s->mode != BEHIND && reason_of(v) != NULL)
            sl_find(c, &it->found, reason_of(v), "entry");
    }
    memcpy(a->id, it->put.id, sizeof(a->id));
    a->has_id = true;
    if (s->mode == FREE && it->found.error == NULL)
        return take_row(c, s, a, it, &e, v);
    if (s->mode != INSIDE)
        return 0;
    if (it->found.error != NULL)
        it->put.kind = SL_PUT_REFUSED;
    return stage_row(c, s, a, it);
}

static void note_row(struct gw_adapter_call *c, const struct sl_item *it, bool taken)
{
    const Xinqiao__V1__Record *r = it->record;
    if (it->format != NULL && r != NULL)
        sl_host->note_formats(c, it->format, NULL);
    sl_host->note_kind(c, SL_KIND, it->list);
    if (it->subject_type != NULL)
        sl_host->note_subject(c, it->subject_type, it->subject_value, strlen(it->subject_value));
    sl_host->note_counts(c, taken ? 1 : 0, taken ? 0 : 1);
}

/* Another stream, or an operator, may have closed the version since the last transaction. */
static int32_t refresh(struct gw_adapter_call *c, struct publish *s)
{
    if (s->mode != INSIDE || s->noted == sl_host->receipt(c))
        return 0;
    if (SL_SQL(c, VERSION_BY_NO, sl_on_version, &s->version, SL_NUM(s->version.no)) != 0)
        return -1;
    if (s->version.state != SL_OPEN)
        s->mode = BEHIND;
    return 0;
}

static int32_t on_row(struct gw_adapter_call *c, struct publish *s, struct answer *a,
                      struct sl_item *it)
{
    if (refresh(c, s) != 0)
        return -1;
    const char *list = s->mode == FREE ? it->list : s->version.list;
    a->entry = it->entry;
    a->revision = (uint64_t)it->put.revision;
    a->list = list;
    a->found = &it->found;
    a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED;
    if (s->mode == BARRED)
        return refuse(c, s, a, SL_REASON("not-open"), "entry");
    if (s->mode != FREE && it->list[0] != '\0' && strcmp(it->list, list) != 0)
        sl_find(c, &it->found, SL_REASON("other-list"), "list");
    if (!it->judged && sl_item_judge(c, it, list) != 0)
        return -1;
    it->list = list;
    /* Without an id it can neither be kept nor be counted. */
    if (it->entry_ok && settle_row(c, s, a, it) != 0)
        return -1;
    if (it->found.error != NULL)
        a->outcome = XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED;
    if (!it->entry_ok)
        a->entry = "";
    note_row(c, it, a->outcome != XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED);
    return send(c, s, a);
}

/* A version that was not closed stays open: its rows wait for the rest. */
int32_t sl_publish_half_close(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    (void)state;
    sl_host->finish(c, "ok");
    return 0;
}

int32_t sl_publish_message(void *self, struct gw_adapter_call *c, void *state,
                           const ProtobufCMessage *message, void *item)
{
    (void)self;
    const Xinqiao__V1__ListPublishItem *in = (const Xinqiao__V1__ListPublishItem *)message;
    struct publish *s = state;
    struct answer a = {.found = sl_zalloc(c, sizeof(*a.found))};
    if (a.found == NULL || item == NULL)
        return -1;
    if (in->item_case == XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_OPEN)
        return on_open(c, s, &a, in->open);
    if (in->item_case == XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_CLOSE)
        return on_close(c, s, &a);
    if (in->item_case == XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_ENTRY ||
        in->item_case == XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_REMOVAL)
        return on_row(c, s, &a, item);
    return refuse(c, s, &a, SL_REASON("item-empty"), "item");
}

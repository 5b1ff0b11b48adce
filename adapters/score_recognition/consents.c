/* Consents: registered and revoked by the application that the person uses, really looked up by
 * every question. A registration counts when its entry in the log is durable, a revocation as soon
 * as it is committed. The person's number is not stored, only its HMAC; when a consent has been
 * over for long enough, id, state and dates are all that stays. */
#include <stdio.h>
#include <string.h>

#include "scores.h"

enum { SCENES_MAX = 32, SCENES_BYTES = 2048, TO_MAX = 64, ERASED_AT_ONCE = 1000 };

/* Articles of the Personal Information Protection Law, as the entries of the log name them:
 * separate consent to pass on, its withdrawal, and deletion. */
#define BASIS_CONSENT "pipl.art-23"
#define BASIS_REVOKE  "pipl.art-15"
#define BASIS_ERASE   "pipl.art-47"

/* A row of score_recognition_consent. */
struct row {
    bool found;
    uint8_t id[16], subject[32];
    bool erased;
    char to[TO_MAX + 1], purpose[TO_MAX + 1], by[TO_MAX + 1], scenes[SCENES_BYTES + 1];
    int64_t until_us, registered_us, revoked_us, change_no, revoked_change;
};

static void copy(char *ret, size_t size, const struct gw_adapter_value *v)
{
    size_t n = v->len < size ? v->len : size - 1;
    if (n != 0)
        memcpy(ret, v->bytes, n);
    ret[n] = '\0';
}

/* Columns of SCORE_SQL_CONSENT_GET. */
static int32_t on_row(void *arg, const struct gw_adapter_value *v, size_t count)
{
    struct row *r = arg;
    if (count != 10)
        return 1;
    r->found = true;
    r->erased = v[0].type == GW_VALUE_NULL || v[0].len != sizeof(r->subject);
    if (!r->erased)
        memcpy(r->subject, v[0].bytes, sizeof(r->subject));
    copy(r->to, sizeof(r->to), &v[1]);
    copy(r->purpose, sizeof(r->purpose), &v[2]);
    copy(r->scenes, sizeof(r->scenes), &v[3]);
    r->until_us = v[4].number;
    r->registered_us = v[5].number;
    r->revoked_us = v[6].number;
    r->change_no = v[7].number;
    r->revoked_change = v[8].number;
    copy(r->by, sizeof(r->by), &v[9]);
    return 1;
}

static int32_t get(struct gw_adapter_call *c, const uint8_t id[16], struct row *ret)
{
    const struct gw_adapter_value key[] = {SCORE_BLOB(id, 16)};
    *ret = (struct row){.found = false};
    memcpy(ret->id, id, 16);
    return score_host->sql(c, SCORE_SQL_CONSENT_GET, key, SCORE_LEN(key), on_row, ret);
}

/* ---- answers ---- */

static Google__Protobuf__Timestamp *instant(struct gw_adapter_call *c, int64_t us)
{
    Google__Protobuf__Timestamp *t = us != 0 ? score_host->alloc(c, sizeof(*t)) : NULL;
    if (t == NULL)
        return NULL;
    google__protobuf__timestamp__init(t);
    t->seconds = us / 1000000;
    t->nanos = (int32_t)(us % 1000000) * 1000;
    return t;
}

/* Blank-separated words as a list; in the segment's memory. */
static char **split(struct gw_adapter_call *c, const char *words, size_t *ret_count)
{
    char *text = score_host->alloc(c, strlen(words) + 1);
    char **list = score_host->alloc(c, SCENES_MAX * sizeof(*list));
    *ret_count = 0;
    if (text == NULL || list == NULL)
        return NULL;
    memcpy(text, words, strlen(words) + 1);
    for (char *at = text; at != NULL && *at != '\0' && *ret_count < SCENES_MAX;) {
        list[(*ret_count)++] = at;
        at = strchr(at, ' ');
        if (at != NULL)
            *at++ = '\0';
    }
    return list;
}

static Xinqiao__V1__ConsentState state_of(const struct row *r, int64_t now_us)
{
    if (r->revoked_us != 0)
        return XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_REVOKED;
    return r->until_us <= now_us ? XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_EXPIRED
                                 : XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_VALID;
}

static int32_t answer(struct gw_adapter_call *c, struct row *r)
{
    char id[37];
    Xinqiao__V1__Consent out = XINQIAO__V1__CONSENT__INIT;
    score_uuid_write(r->id, id);
    out.consent = id;
    out.state = state_of(r, score_host->now_us(c));
    out.to = r->to;
    out.purpose = r->purpose;
    out.scenes = split(c, r->scenes, &out.n_scenes);
    out.until = instant(c, r->until_us);
    out.registered_at = instant(c, r->registered_us);
    out.revoked_at = instant(c, r->revoked_us);
    score_host->send(c, &out.base);
    score_host->finish(c, "ok");
    return 0;
}

static void note(struct gw_adapter_call *c, const uint8_t id[16], const char *basis)
{
    char text[37];
    score_host->note_kind(c, "score", basis);
    score_uuid_write(id, text);
    score_host->note_consent(c, text);
}

/* ---- Register ---- */

/* What a request asks for, checked. */
struct wish {
    uint8_t id[16], subject[32];
    char scenes[SCENES_BYTES + 1];
    int64_t until_us;
};

/* Microseconds; -1 when it is no instant of this century. */
static int64_t instant_us(const Google__Protobuf__Timestamp *t)
{
    if (t == NULL || t->seconds <= 0 || t->seconds > INT64_C(4102444800) || t->nanos < 0 ||
        t->nanos > 999999999)
        return -1;
    return t->seconds * 1000000 + t->nanos / 1000;
}

static const char *until_fault(struct gw_adapter_call *c, const Google__Protobuf__Timestamp *t,
                               struct wish *ret)
{
    const struct score_terms *terms = score_host->generation(c);
    int64_t now = score_host->now_us(c);
    ret->until_us = instant_us(t);
    bool good = ret->until_us > now && ret->until_us - now <= terms->consent_max_us;
    return good ? NULL : SCORE_REASON("consent-until");
}

static const char *scenes_fault(const Xinqiao__V1__RegisterConsentRequest *in, struct wish *ret,
                                char *ret_field, size_t field_size)
{
    size_t at = 0;
    snprintf(ret_field, field_size, "scenes");
    if (in->n_scenes == 0)
        return "field-missing";
    if (in->n_scenes > SCENES_MAX)
        return SCORE_REASON("scenes-many");
    ret->scenes[0] = '\0';
    for (size_t i = 0; i < in->n_scenes; i++) {
        snprintf(ret_field, field_size, "scenes[%zu]", i);
        if (!score_code_ok(in->scenes[i]) || strlen(in->scenes[i]) + at + 2 > sizeof(ret->scenes))
            return SCORE_REASON("scene-unknown");
        if (score_words_have(ret->scenes, in->scenes[i]))
            return SCORE_REASON("scene-repeated");
        at += (size_t)snprintf(ret->scenes + at, sizeof(ret->scenes) - at, "%s%s",
                               i != 0 ? " " : "", in->scenes[i]);
    }
    return NULL;
}

/* Somebody must be able to ask by it: an agreement in force with that party, purpose and scene. */
static const char *use_fault(struct gw_adapter_call *c,
                             const Xinqiao__V1__RegisterConsentRequest *in, char *ret_field,
                             size_t field_size)
{
    const struct score_terms *t = score_host->generation(c);
    int32_t today = score_day_of(score_host->now_us(c));
    char lacking;
    for (size_t i = 0; i < in->n_scenes; i++) {
        const struct score_agreement *a =
            score_terms_find(t, today, NULL, in->to, in->purpose, in->scenes[i], &lacking);
        if (a != NULL) {
            score_host->note_agreement(c, a->id);
            continue;
        }
        if (lacking == 's') {
            snprintf(ret_field, field_size, "scenes[%zu]", i);
            return SCORE_REASON("scene-unknown");
        }
        snprintf(ret_field, field_size, "%s", lacking == 'p' ? "purpose" : "to");
        return lacking == 'p' ? SCORE_REASON("purpose-unknown") : SCORE_REASON("agreement-none");
    }
    return NULL;
}

static const char *wish_fault(struct gw_adapter_call *c,
                              const Xinqiao__V1__RegisterConsentRequest *in, struct wish *ret,
                              char *ret_field, size_t field_size)
{
    const char *field, *fault;
    snprintf(ret_field, field_size, "consent");
    if (!score_uuid_parse(in->consent, ret->id))
        return SCORE_REASON("consent-id");
    fault = score_subject_fault(in->subject, score_day_of(score_host->now_us(c)), &field);
    snprintf(ret_field, field_size, "%s", field);
    if (fault != NULL)
        return fault;
    if ((fault = scenes_fault(in, ret, ret_field, field_size)) != NULL)
        return fault;
    score_host->key_of(c, score_subject_type(in->subject), in->subject->number,
                       strlen(in->subject->number), ret->subject);
    return NULL;
}

static bool same(const struct row *r, const struct wish *w,
                 const Xinqiao__V1__RegisterConsentRequest *in, const char *peer)
{
    return !r->erased && strcmp(r->by, peer) == 0 &&
           memcmp(r->subject, w->subject, sizeof(w->subject)) == 0 && strcmp(r->to, in->to) == 0 &&
           strcmp(r->purpose, in->purpose) == 0 && strcmp(r->scenes, w->scenes) == 0 &&
           r->until_us == w->until_us;
}

static int32_t on_count(void *arg, const struct gw_adapter_value *v, size_t count)
{
    int64_t *n = arg;
    if (count == 1)
        *n = v[0].number;
    return 1;
}

/* How many consents of the person to that peer for that purpose are valid. */
static int32_t valid_count(struct gw_adapter_call *c, const struct wish *w,
                           const Xinqiao__V1__RegisterConsentRequest *in, int64_t *ret)
{
    const struct gw_adapter_value key[] = {SCORE_BLOB(w->subject, 32), score_text(in->to),
                                           score_text(in->purpose),
                                           SCORE_NUMBER(score_host->now_us(c))};
    *ret = 0;
    return score_host->sql(c, SCORE_SQL_CONSENT_COUNT, key, SCORE_LEN(key), on_count, ret);
}

static int32_t insert_scenes(struct gw_adapter_call *c, const struct wish *w,
                             const Xinqiao__V1__RegisterConsentRequest *in, int64_t change)
{
    for (size_t i = 0; i < in->n_scenes; i++) {
        const struct gw_adapter_value v[] = {SCORE_BLOB(w->id, 16),      score_text(in->scenes[i]),
                                             SCORE_BLOB(w->subject, 32), score_text(in->to),
                                             score_text(in->purpose),    SCORE_NUMBER(w->until_us),
                                             SCORE_NUMBER(change)};
        if (score_host->sql(c, SCORE_SQL_SCENE_INSERT, v, SCORE_LEN(v), NULL, NULL) != 0)
            return -1;
    }
    return 0;
}

static int32_t insert(struct gw_adapter_call *c, const struct wish *w,
                      const Xinqiao__V1__RegisterConsentRequest *in)
{
    struct row r = {.until_us = w->until_us,
                    .registered_us = score_host->now_us(c),
                    .change_no = score_host->change_next(c)};
    const struct gw_adapter_value v[] = {
        SCORE_BLOB(w->id, 16),         SCORE_BLOB(w->subject, 32), score_text(in->to),
        score_text(in->purpose),       score_text(w->scenes),      SCORE_NUMBER(w->until_us),
        SCORE_NUMBER(r.registered_us), SCORE_NUMBER(r.change_no),  score_text(score_peer(c))};
    if (score_host->sql(c, SCORE_SQL_CONSENT_INSERT, v, SCORE_LEN(v), NULL, NULL) != 0 ||
        insert_scenes(c, w, in, r.change_no) != 0)
        return -1;
    memcpy(r.id, w->id, 16);
    snprintf(r.to, sizeof(r.to), "%s", in->to);
    snprintf(r.purpose, sizeof(r.purpose), "%s", in->purpose);
    snprintf(r.scenes, sizeof(r.scenes), "%s", w->scenes);
    score_host->note_counts(c, 1, 0);
    return answer(c, &r);
}

/* A repetition is answered before dates and agreements are asked: they may have moved since. */
int32_t score_consent_register(void *self, struct gw_adapter_call *c, void *state,
                               const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__V1__RegisterConsentRequest *in = (const void *)message;
    struct wish w;
    struct row r;
    char field[32];
    const char *fault = wish_fault(c, in, &w, field, sizeof(field));
    if (fault != NULL)
        return score_refuse(c, fault, field);
    score_host->note_subject(c, score_subject_type(in->subject), in->subject->number,
                             strlen(in->subject->number));
    note(c, w.id, BASIS_CONSENT);
    bool until_good = until_fault(c, in->until, &w) == NULL;
    if (get(c, w.id, &r) != 0)
        return -1;
    if (r.found)
        return same(&r, &w, in, score_peer(c))
                   ? answer(c, &r)
                   : score_refuse(c, SCORE_REASON("consent-conflict"), "consent");
    if (!until_good)
        return score_refuse(c, SCORE_REASON("consent-until"), "until");
    if ((fault = use_fault(c, in, field, sizeof(field))) != NULL)
        return score_refuse(c, fault, field);
    const struct score_terms *t = score_host->generation(c);
    int64_t valid;
    if (valid_count(c, &w, in, &valid) != 0)
        return -1;
    if (valid >= t->consents_max)
        return score_refuse(c, SCORE_REASON("consents-many"), "consent");
    return insert(c, &w, in);
}

/* ---- Revoke, Status ---- */

/* Others' consents are not there, for all that they are told. */
static bool is_theirs(struct gw_adapter_call *c, const struct row *r)
{
    return r->found &&
           (strcmp(r->by, score_peer(c)) == 0 || score_host->granted(c, "authority") == 1);
}

int32_t score_consent_revoke(void *self, struct gw_adapter_call *c, void *state,
                             const ProtobufCMessage *message, void *item)
{
    (void)state, (void)item;
    struct score_adapter *a = self;
    const Xinqiao__V1__RevokeConsentRequest *in = (const void *)message;
    uint8_t id[16];
    struct row r;
    if (!score_uuid_parse(in->consent, id))
        return score_refuse(c, SCORE_REASON("consent-id"), "consent");
    note(c, id, BASIS_REVOKE);
    if (get(c, id, &r) != 0)
        return -1;
    if (!is_theirs(c, &r))
        return score_refuse(c, SCORE_REASON("consent-unknown"), "consent");
    if (r.revoked_us != 0 || r.erased)
        return answer(c, &r);
    r.revoked_us = score_host->now_us(c);
    const struct gw_adapter_value v[] = {SCORE_BLOB(id, 16), SCORE_NUMBER(r.revoked_us),
                                         SCORE_NUMBER(score_host->change_next(c))};
    if (score_host->sql(c, SCORE_SQL_CONSENT_REVOKE, v, SCORE_LEN(v), NULL, NULL) != 0 ||
        score_host->sql(c, SCORE_SQL_SCENE_DELETE, v, 1, NULL, NULL) != 0)
        return -1;
    score_revoked_add(&a->revoked, id);
    score_host->note_counts(c, 1, 0);
    return answer(c, &r);
}

/* Tells what has an entry in the log: what has not is not there yet. */
int32_t score_consent_status(void *self, struct gw_adapter_call *c, void *state,
                             const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__V1__ConsentStatusRequest *in = (const void *)message;
    uint8_t id[16];
    struct row r;
    if (!score_uuid_parse(in->consent, id))
        return score_refuse(c, SCORE_REASON("consent-id"), "consent");
    note(c, id, BASIS_CONSENT);
    if (get(c, id, &r) != 0)
        return -1;
    int64_t visible = score_host->change_visible(c);
    if (!is_theirs(c, &r) || r.change_no > visible)
        return score_refuse(c, SCORE_REASON("consent-unknown"), "consent");
    if (r.revoked_change > visible)
        r.revoked_us = 0;
    return answer(c, &r);
}

/* ---- looked up by questions ---- */

struct lookup {
    struct score_adapter *a;
    const uint8_t *only;
    struct score_consent *ret;
};

/* Columns consent, until_us; the one that lasts longest comes first. */
static int32_t on_consent(void *arg, const struct gw_adapter_value *v, size_t count)
{
    struct lookup *l = arg;
    if (count != 2 || v[0].len != 16 || l->ret->found)
        return 0;
    if (score_revoked_has(&l->a->revoked, v[0].bytes) ||
        (l->only != NULL && memcmp(l->only, v[0].bytes, 16) != 0))
        return 0;
    l->ret->found = true;
    memcpy(l->ret->id, v[0].bytes, 16);
    l->ret->until_us = v[1].number;
    return 1;
}

int32_t score_consent_find(struct score_adapter *a, struct gw_adapter_call *c,
                           const Xinqiao__V1__IdentityDocument *d, const char *purpose,
                           const char *scene, const uint8_t *only, struct score_consent *ret)
{
    uint8_t subject[32];
    struct lookup l = {.a = a, .only = only, .ret = ret};
    *ret = (struct score_consent){.found = false};
    score_host->key_of(c, score_subject_type(d), d->number, strlen(d->number), subject);
    const struct gw_adapter_value key[] = {SCORE_BLOB(subject, sizeof(subject)),
                                           score_text(score_peer(c)),
                                           score_text(purpose),
                                           score_text(scene),
                                           SCORE_NUMBER(score_host->now_us(c)),
                                           SCORE_NUMBER(score_host->change_visible(c))};
    return score_host->sql(c, SCORE_SQL_CONSENT_LOOKUP, key, SCORE_LEN(key), on_consent, &l);
}

/* ---- erasure ---- */

struct ended {
    size_t count;
    uint8_t id[ERASED_AT_ONCE][16];
};

static int32_t on_ended(void *arg, const struct gw_adapter_value *v, size_t count)
{
    struct ended *e = arg;
    if (count != 1 || v[0].len != 16)
        return 0;
    memcpy(e->id[e->count++], v[0].bytes, 16);
    return e->count == ERASED_AT_ONCE ? 1 : 0;
}

int32_t score_consents_erase(struct gw_adapter_call *c, const struct score_terms *t)
{
    struct ended *e = score_host->alloc(c, sizeof(*e));
    if (e == NULL)
        return -1;
    e->count = 0;
    const struct gw_adapter_value before[] = {
        SCORE_NUMBER(score_host->now_us(c) - t->consent_keep_us)};
    if (score_host->sql(c, SCORE_SQL_CONSENT_ENDED, before, SCORE_LEN(before), on_ended, e) != 0)
        return -1;
    for (size_t i = 0; i < e->count; i++) {
        const struct gw_adapter_value id[] = {SCORE_BLOB(e->id[i], 16)};
        if (score_host->sql(c, SCORE_SQL_CONSENT_ERASE, id, SCORE_LEN(id), NULL, NULL) != 0 ||
            score_host->sql(c, SCORE_SQL_SCENE_DELETE, id, SCORE_LEN(id), NULL, NULL) != 0)
            return -1;
    }
    if (e->count != 0) {
        score_host->note_kind(c, "score", BASIS_ERASE);
        score_host->note_counts(c, (uint32_t)e->count, 0);
    }
    return 0;
}

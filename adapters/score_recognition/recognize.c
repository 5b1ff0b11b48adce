/* Recognize: one question, looked up in what we stored of the person, answered by the agreement.
 * All lookups are done for every question, whatever the first of them says: to a caller without the
 * word "reasons" a negative answer is one message, of one size, after the same work. */
#include <stdio.h>
#include <string.h>

#include "scores.h"

enum { KEY_MAX = 64, AGE_MIN = 18 };
#define PERSON (1u << 2)

/* ---- the score that is on record ---- */

struct found {
    const struct score_agreement *a;
    bool any;      /* a score of some scale or edition */
    bool matching; /* one of the agreement's */
    int32_t as_of;
    int64_t received_us, hundredths;
};

static bool is_live(const Xinqiao__V1__Record *r)
{
    return r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_SCORE && r->score != NULL &&
           r->score->as_of != NULL &&
           (r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_UNSPECIFIED ||
            r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_IN_FORCE);
}

/* The latest of the agreement's scale and edition. */
static int32_t on_record(void *arg, const ProtobufCMessage *record, int64_t received_us)
{
    struct found *f = arg;
    const Xinqiao__V1__Record *r = (const void *)record;
    if (!is_live(r))
        return 0;
    const Xinqiao__V1__Score *s = r->score;
    f->any = true;
    if (strcmp(s->scale, f->a->source_scale) != 0 || strcmp(s->edition, f->a->source_edition) != 0)
        return 0;
    int32_t as_of = score_day_make(s->as_of->year, s->as_of->month, s->as_of->day);
    if (f->matching && (as_of < f->as_of || (as_of == f->as_of && received_us <= f->received_us)))
        return 0;
    f->matching = true;
    f->as_of = as_of;
    f->received_us = received_us;
    f->hundredths = s->hundredths;
    return 0;
}

/* ---- the answer ---- */

/* Why not, in the order in which a person would ask; NULL: nothing is against it. */
static const char *against(const Xinqiao__V1__IdentityDocument *d, const struct score_consent *k,
                           const struct found *f, const struct score_band *band, int32_t today)
{
    if (!k->found)
        return SCORE_REASON("no-consent");
    if (d->kind != XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID)
        return SCORE_REASON("age-unknown");
    if (score_citizen_age(d->number, today) < AGE_MIN)
        return SCORE_REASON("under-age");
    if (!f->any)
        return SCORE_REASON("unknown-subject");
    if (!f->matching)
        return SCORE_REASON("scale-mismatch");
    if (f->as_of > today || today - f->as_of > (int32_t)f->a->oldest_days)
        return SCORE_REASON("stale");
    if (f->hundredths < f->a->min || f->hundredths > f->a->max)
        return SCORE_REASON("out-of-range");
    return band == NULL ? SCORE_REASON("below-band") : NULL;
}

static int64_t less(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* An answer ends with its day, with the consent and with the agreement, whichever is first. */
static int64_t until_us(const struct score_agreement *a, const struct score_consent *k,
                        int32_t today)
{
    int64_t end = score_day_start_us(today + (int32_t)a->answer_valid_days + 1);
    end = less(end, k->until_us);
    return a->until == SCORE_DAY_NEVER ? end : less(end, score_day_start_us(a->until + 1));
}

static bool say_yes(struct gw_adapter_call *c, const struct score_agreement *a,
                    const struct score_consent *k, const struct score_band *band, int32_t today,
                    Xinqiao__V1__RecognizeResponse *ret)
{
    ret->benefit = 1;
    if ((a->disclose & SCORE_DISCLOSE_LEVEL) != 0)
        ret->level = (char *)(uintptr_t)band->level;
    if ((a->disclose & SCORE_DISCLOSE_BENEFITS) != 0) {
        ret->benefits = band->benefits;
        ret->n_benefits = band->benefit_count;
    }
    if ((a->disclose & SCORE_DISCLOSE_AGREEMENT) != 0)
        ret->agreement = (char *)(uintptr_t)a->id;
    if ((a->disclose & SCORE_DISCLOSE_UNTIL) == 0)
        return true;
    Google__Protobuf__Timestamp *t = score_host->alloc(c, sizeof(*t));
    if (t == NULL)
        return false;
    google__protobuf__timestamp__init(t);
    t->seconds = until_us(a, k, today) / 1000000;
    ret->until = t;
    return true;
}

/* ---- the question ---- */

static const char *question_fault(struct gw_adapter_call *c,
                                  const Xinqiao__V1__RecognizeRequest *in, int32_t today,
                                  uint8_t consent[16], const char **ret_field)
{
    const char *fault = score_subject_fault(in->subject, today, ret_field);
    if (fault != NULL)
        return fault;
    *ret_field = "consent";
    if (in->consent[0] != '\0' && !score_uuid_parse(in->consent, consent))
        return SCORE_REASON("consent-id");
    *ret_field = "key";
    if (strlen(in->key) > KEY_MAX)
        return SCORE_REASON("key-long");
    const char *purpose = score_host->purpose(c);
    *ret_field = "purpose";
    if (in->purpose[0] == '\0')
        return "field-missing";
    if (purpose[0] != '\0' && strcmp(purpose, in->purpose) != 0)
        return SCORE_REASON("purpose-differs");
    if (score_host->law_benefit_purpose(c, in->purpose) != 1)
        return SCORE_REASON("purpose-unknown");
    *ret_field = "scene";
    return in->scene[0] == '\0' ? "field-missing" : NULL;
}

static const char *lacking_fault(char lacking, const Xinqiao__V1__RecognizeRequest *in,
                                 const char **ret_field)
{
    switch (lacking) {
    case 's':
        *ret_field = "scene";
        return SCORE_REASON("scene-unknown");
    case 'p':
        *ret_field = "purpose";
        return SCORE_REASON("purpose-unknown");
    default:
        *ret_field = in->agreement[0] != '\0' ? "agreement" : "";
        return SCORE_REASON("agreement-none");
    }
}

static bool within_quota(const struct score_agreement *a, const char *peer, const char *purpose,
                         int32_t today)
{
    for (size_t i = 0; i < a->limit_count; i++) {
        const struct score_limit *l = &a->limit[i];
        if (strcmp(l->peer, peer) == 0 && strcmp(l->purpose, purpose) == 0)
            return score_quota_take(l->quota, today, l->per_day);
    }
    return false;
}

/* Who was asked about, and under what: also when the quota is used up. */
static void note(struct gw_adapter_call *c, const Xinqiao__V1__RecognizeRequest *in,
                 const struct score_agreement *a)
{
    score_host->note_subject(c, score_subject_type(in->subject), in->subject->number,
                             strlen(in->subject->number));
    score_host->note_kind(c, "score", a->id);
    score_host->note_agreement(c, a->id);
}

static void note_consent(struct gw_adapter_call *c, const struct score_consent *k)
{
    char id[37];
    if (!k->found)
        return;
    score_uuid_write(k->id, id);
    score_host->note_consent(c, id);
}

/* Looks up consent and score, always both; "internal" when the store failed. */
static const char *look_up(struct score_adapter *s, struct gw_adapter_call *c,
                           const Xinqiao__V1__RecognizeRequest *in, const uint8_t *only,
                           struct score_consent *ret_consent, struct found *f)
{
    const Xinqiao__V1__IdentityDocument *d = in->subject;
    if (score_consent_find(s, c, d, in->purpose, in->scene, only, ret_consent) != 0 ||
        score_host->records_of_subject(c, "score", score_subject_type(d), d->number,
                                       strlen(d->number), &xinqiao__v1__record__descriptor,
                                       on_record, f) != 0)
        return "internal";
    return NULL;
}

const char *score_answer(struct score_adapter *s, struct gw_adapter_call *c,
                         const Xinqiao__V1__RecognizeRequest *in,
                         Xinqiao__V1__RecognizeResponse *ret, const char **ret_reason,
                         const char **ret_field)
{
    const struct score_terms *t = score_host->generation(c);
    const char *peer = score_peer(c), *fault;
    int32_t today = score_day_of(score_host->now_us(c));
    uint8_t consent[16];
    char lacking;
    *ret_field = "";
    if ((fault = score_host->covers(c, "score", NULL, PERSON, NULL)) != NULL)
        return fault;
    if ((fault = question_fault(c, in, today, consent, ret_field)) != NULL)
        return fault;
    const struct score_agreement *a =
        score_terms_find(t, today, in->agreement[0] != '\0' ? in->agreement : NULL, peer,
                         in->purpose, in->scene, &lacking);
    if (a == NULL)
        return lacking_fault(lacking, in, ret_field);
    *ret_field = "";
    note(c, in, a);
    if (!within_quota(a, peer, in->purpose, today))
        return SCORE_REASON("quota");
    struct score_consent k;
    struct found f = {.a = a};
    if ((fault = look_up(s, c, in, in->consent[0] != '\0' ? consent : NULL, &k, &f)) != NULL)
        return fault;
    const struct score_band *band = score_band_of(a, f.hundredths);
    note_consent(c, &k);
    const char *why = against(in->subject, &k, &f, band, today);
    *ret_reason = why != NULL ? why : "ok";
    if (why == NULL)
        return say_yes(c, a, &k, band, today, ret) ? NULL : "internal";
    if (score_host->granted(c, "reasons") == 1)
        ret->reason = (char *)(uintptr_t)why;
    return NULL;
}

void score_quota_says_when(struct gw_adapter_call *c)
{
    char text[64];
    int32_t y, m, d;
    score_day_parts(score_day_of(score_host->now_us(c)) + 1, &y, &m, &d);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00+08:00", (int)y, (int)m, (int)d);
    score_host->parameter(c, "until", text);
}

int32_t score_recognize(void *self, struct gw_adapter_call *c, void *state,
                        const ProtobufCMessage *message, void *item)
{
    (void)state, (void)item;
    Xinqiao__V1__RecognizeResponse out = XINQIAO__V1__RECOGNIZE_RESPONSE__INIT;
    const char *reason, *field;
    const char *fault = score_answer(self, c, (const void *)message, &out, &reason, &field);
    if (fault != NULL) {
        if (strcmp(fault, "internal") == 0)
            return -1;
        if (strcmp(fault, SCORE_REASON("quota")) == 0)
            score_quota_says_when(c);
        return score_refuse(c, fault, field);
    }
    score_host->note_counts(c, out.benefit ? 1 : 0, out.benefit ? 0 : 1);
    score_host->note_reason(c, reason);
    score_host->send(c, &out.base);
    score_host->finish(c, "ok");
    return 0;
}

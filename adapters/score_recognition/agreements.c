/* What the caller is a party of; and for the operator, how long it still is and how much was asked.
 */
#include <stdio.h>
#include <string.h>

#include "scores.h"

static Xinqiao__V1__Date *date(struct gw_adapter_call *c, int32_t day)
{
    Xinqiao__V1__Date *d = day != SCORE_DAY_NEVER ? score_host->alloc(c, sizeof(*d)) : NULL;
    if (d == NULL)
        return NULL;
    xinqiao__v1__date__init(d);
    score_day_parts(day, &d->year, &d->month, &d->day);
    return d;
}

static Xinqiao__V1__AgreementBand **bands(struct gw_adapter_call *c,
                                          const struct score_agreement *a)
{
    Xinqiao__V1__AgreementBand **list = score_host->alloc(c, a->band_count * sizeof(*list));
    Xinqiao__V1__AgreementBand *b = score_host->alloc(c, a->band_count * sizeof(*b));
    for (size_t i = 0; list != NULL && b != NULL && i < a->band_count; i++) {
        xinqiao__v1__agreement_band__init(&b[i]);
        b[i].from = (char *)(uintptr_t)a->band[i].from_text;
        b[i].level = (char *)(uintptr_t)a->band[i].level;
        b[i].benefits = a->band[i].benefits;
        b[i].n_benefits = a->band[i].benefit_count;
        list[i] = &b[i];
    }
    return b != NULL ? list : NULL;
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s; /* protobuf-c reads it only */
}

/* NULL: no memory. */
static Xinqiao__V1__Agreement *describe(struct gw_adapter_call *c, const struct score_agreement *a)
{
    Xinqiao__V1__Agreement *m = score_host->alloc(c, sizeof(*m));
    if (m == NULL)
        return NULL;
    xinqiao__v1__agreement__init(m);
    m->id = text(a->id);
    m->title_zh = text(a->title_zh);
    m->title_en = text(a->title_en);
    m->parties = a->parties;
    m->n_parties = a->party_count;
    m->purposes = a->purposes;
    m->n_purposes = a->purpose_count;
    m->scenes = a->scenes;
    m->n_scenes = a->scene_count;
    m->source_scale = text(a->source_scale);
    m->source_edition = text(a->source_edition);
    m->target_scale = text(a->target_scale);
    m->target_edition = text(a->target_edition);
    m->bands = bands(c, a);
    m->n_bands = a->band_count;
    m->disclosed = a->disclosed;
    m->n_disclosed = a->disclosed_count;
    m->valid_from = date(c, a->from);
    m->valid_to = date(c, a->until);
    m->oldest_days = a->oldest_days;
    m->certainty = text(a->certainty);
    m->answer_valid_days = a->answer_valid_days;
    return m->bands != NULL ? m : NULL;
}

int32_t score_list_agreements(void *self, struct gw_adapter_call *c, void *state,
                              const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)message, (void)item;
    const struct score_terms *t = score_host->generation(c);
    int32_t today = score_day_of(score_host->now_us(c));
    bool all = score_host->granted(c, "agreements") == 1;
    Xinqiao__V1__ListAgreementsResponse out = XINQIAO__V1__LIST_AGREEMENTS_RESPONSE__INIT;
    out.agreements = score_host->alloc(c, (t->agreement_count + 1) * sizeof(*out.agreements));
    if (out.agreements == NULL)
        return -1;
    for (size_t i = 0; i < t->agreement_count; i++) {
        const struct score_agreement *a = &t->agreement[i];
        if (!score_agreement_in_force(a, today) ||
            !(all || score_texts_have(a->parties, a->party_count, score_peer(c))))
            continue;
        if ((out.agreements[out.n_agreements++] = describe(c, a)) == NULL)
            return -1;
    }
    score_host->note_kind(c, "score", NULL);
    score_host->send(c, &out.base);
    score_host->finish(c, "ok");
    return 0;
}

/* ---- the operator's screen ---- */

enum { TITLE_MAX = 120, CERTAINTY_MAX = 40 }; /* bytes */

/* Warned of 30, 14 and 3 days ahead, as everything that ends. */
static const char *state_of(const struct score_agreement *a, int32_t today)
{
    int32_t left = a->until - today;
    if (today < a->from)
        return "future";
    if (a->until == SCORE_DAY_NEVER || left > 30)
        return "ok";
    if (left < 0)
        return "ended";
    return left <= 3 ? "ends-3" : left <= 14 ? "ends-14" : "ends-30";
}

static void agreement_line(struct gw_adapter_call *c, const struct score_agreement *a,
                           int32_t today)
{
    char item[96], zh[512], en[512], end[40];
    const char *state = state_of(a, today);
    bool red = strncmp(state, "end", 3) == 0;
    int32_t y, m, d;
    snprintf(item, sizeof(item), "agreement %.64s", a->id);
    snprintf(end, sizeof(end), "-");
    if (a->until != SCORE_DAY_NEVER) {
        score_day_parts(a->until, &y, &m, &d);
        snprintf(end, sizeof(end), "%04d-%02d-%02d", (int)y, (int)m, (int)d);
    }
    snprintf(zh, sizeof(zh), "%.*s：有效至 %s，依据可信度 %.*s%s",
             score_text_fit(a->title_zh, TITLE_MAX), a->title_zh, end,
             score_text_fit(a->certainty, CERTAINTY_MAX), a->certainty,
             red ? "；请续签并更新 conf/agreements/ 中的文件" : "");
    snprintf(en, sizeof(en), "%.*s: until %s, certainty %.*s%s",
             score_text_fit(a->title_en, TITLE_MAX), a->title_en, end,
             score_text_fit(a->certainty, CERTAINTY_MAX), a->certainty,
             red ? "; renew it and its file in conf/agreements/" : "");
    score_host->status_line(c, item, state, zh, en, red ? 1 : 0);
}

static void quota_line(struct gw_adapter_call *c, const struct score_agreement *a,
                       const struct score_limit *l, int32_t today)
{
    char item[256], zh[160], en[160];
    uint32_t used = score_quota_used(l->quota, today);
    bool full = used >= l->per_day;
    snprintf(item, sizeof(item), "quota %.64s %.64s %.64s", a->id, l->peer, l->purpose);
    snprintf(zh, sizeof(zh), "今日已用 %u，每日限额 %u%s", used, l->per_day,
             full ? "；当日不再应答，如确需要请修订协议" : "");
    snprintf(en, sizeof(en), "%u of %u used today%s", used, l->per_day,
             full ? "; no answers until midnight, amend the agreement if it is needed" : "");
    score_host->status_line(c, item, full ? "full" : "ok", zh, en, full ? 1 : 0);
}

int32_t score_status(void *self, struct gw_adapter_call *c)
{
    (void)self;
    const struct score_terms *t = score_host->generation(c);
    int32_t today = score_day_of(score_host->now_us(c));
    for (size_t i = 0; i < t->agreement_count; i++) {
        const struct score_agreement *a = &t->agreement[i];
        agreement_line(c, a, today);
        for (size_t k = 0; k < a->limit_count && score_agreement_in_force(a, today); k++)
            quota_line(c, a, &a->limit[k], today);
    }
    return 0;
}

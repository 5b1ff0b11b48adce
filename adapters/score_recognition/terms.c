/* Agreements of conf/agreements/ that are about scores, checked and compiled once per
 * configuration: what a question needs is compares and a walk over a few bands. The core of each
 * file (id, parties, purposes, dates, source, certainty) was checked by the gateway; `terms` is
 * ours. Every fault is told, not only the first. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scores.h"

enum { MAX_TEXTS = 256, MAX_TEXT = 256, MAX_DAYS = 3660 };

/* Where a fault is told; what one configuration is compiled into. */
struct compile {
    struct score_adapter *self;
    const struct gw_adapter_config *g;
    struct score_terms *t;
    bool bad;
};

static const struct gw_adapter_node *child(const struct gw_adapter_node *n, const char *path)
{
    return score_host->node_child(n, path);
}

__attribute__((format(printf, 3, 4))) static void
complain(struct compile *p, const struct gw_adapter_node *n, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    p->bad = true;
    score_host->complain(p->g, n, text);
}

/* ---- memory of a configuration ---- */

struct block {
    struct block *next;
    max_align_t room[];
};

/* Zeroed; NULL over memory, and the compilation is bad. */
static void *take(struct compile *p, size_t count, size_t size)
{
    struct block *b = count <= SIZE_MAX / 2 / (size + 1)
                          ? calloc(1, sizeof(struct block) + count * size + 1)
                          : NULL;
    if (b == NULL) {
        complain(p, NULL, "out of memory");
        return NULL;
    }
    b->next = p->t->blocks;
    p->t->blocks = b;
    return b->room;
}

void score_terms_free(void *self, void *state)
{
    (void)self;
    struct score_terms *t = state;
    if (t == NULL)
        return;
    struct block *next;
    for (struct block *b = t->blocks; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(t);
}

/* ---- values ---- */

/* A text of 1 to MAX_TEXT bytes; "" when there is none, and that is told. */
static const char *text(struct compile *p, const struct gw_adapter_node *of, const char *name)
{
    const struct gw_adapter_node *n = child(of, name);
    const char *s = score_host->node_text(n);
    if (s == NULL || s[0] == '\0' || strlen(s) > MAX_TEXT) {
        complain(p, n != NULL ? n : of, "%s: expected a text of 1 to %d bytes", name, MAX_TEXT);
        return "";
    }
    return s;
}

static uint32_t number(struct compile *p, const struct gw_adapter_node *of, const char *name,
                       int64_t min, int64_t max)
{
    const struct gw_adapter_node *n = child(of, name);
    int64_t v = score_host->node_number(n, min - 1);
    if (v < min || v > max) {
        complain(p, n != NULL ? n : of, "%s: expected a number from %lld to %lld", name,
                 (long long)min, (long long)max);
        return (uint32_t)min;
    }
    return (uint32_t)v;
}

static int64_t points(struct compile *p, const struct gw_adapter_node *of, const char *name)
{
    const struct gw_adapter_node *n = child(of, name);
    const char *s = score_host->node_text(n);
    int64_t v = s != NULL ? score_points_parse(s) : -1;
    if (v < 0) {
        complain(p, n != NULL ? n : of,
                 "%s: expected points in quotes with at most two decimals, as \"550\" or \"612.5\"",
                 name);
        return 0;
    }
    return v;
}

/* A list of texts without repeats; `codes`: of codes. */
static char **texts(struct compile *p, const struct gw_adapter_node *of, const char *name,
                    bool codes, bool may_be_empty, size_t *ret_count)
{
    const struct gw_adapter_node *n = child(of, name);
    size_t count = score_host->node_count(n);
    *ret_count = 0;
    if ((count == 0 && !may_be_empty) || count > MAX_TEXTS) {
        complain(p, n != NULL ? n : of, "%s: expected a list of 1 to %d texts", name, MAX_TEXTS);
        return NULL;
    }
    char **list = take(p, count + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < count; i++) {
        const struct gw_adapter_node *at = score_host->node_at(n, i);
        const char *s = score_host->node_text(at);
        if (s == NULL || s[0] == '\0' || strlen(s) > MAX_TEXT || (codes && !score_code_ok(s))) {
            complain(p, at, "%s: seen \"%s\", expected %s", name, s != NULL ? s : "",
                     codes ? "a code of lower-case letters, digits, '-' and '.'" : "a text");
            continue;
        }
        if (score_texts_have(list, *ret_count, s)) {
            complain(p, at, "%s: \"%s\" stands there twice", name, s);
            continue;
        }
        list[(*ret_count)++] = (char *)(uintptr_t)s; /* read only: protobuf-c wants char * */
    }
    return list;
}

/* Names that nobody knows are spelled wrongly. */
static void only(struct compile *p, const struct gw_adapter_node *n, const char *what,
                 const char *known)
{
    for (size_t i = 0; i < score_host->node_count(n); i++) {
        const struct gw_adapter_node *at = score_host->node_at(n, i);
        const char *name = score_host->node_name(at);
        if (name == NULL || !score_words_have(known, name))
            complain(p, at, "%s: seen \"%s\", expected some of: %s", what,
                     name != NULL ? name : "a value without a name", known);
    }
}

/* ---- parts of an agreement ---- */

static void compile_scales(struct compile *p, const struct gw_adapter_node *terms,
                           struct score_agreement *a)
{
    const struct gw_adapter_node *source = child(terms, "source"), *target = child(terms, "target");
    if (source == NULL || target == NULL) {
        complain(p, terms, "terms: expected source and target, each with scale and edition");
        return;
    }
    only(p, source, "source", "scale edition min max");
    only(p, target, "target", "scale edition");
    a->source_scale = text(p, source, "scale");
    a->source_edition = text(p, source, "edition");
    a->target_scale = text(p, target, "scale");
    a->target_edition = text(p, target, "edition");
    a->min = points(p, source, "min");
    a->max = points(p, source, "max");
    if (a->min >= a->max)
        complain(p, child(source, "max"), "max: expected more than min");
}

static void compile_band(struct compile *p, const struct gw_adapter_node *n,
                         const struct score_agreement *a, struct score_band *b)
{
    only(p, n, "bands", "from level benefits");
    const char *from = score_host->node_text(child(n, "from"));
    b->from = points(p, n, "from");
    b->from_text = from != NULL ? from : "";
    b->level = text(p, n, "level");
    b->benefits = texts(p, n, "benefits", false, true, &b->benefit_count);
    if (b->from < a->min || b->from > a->max)
        complain(p, child(n, "from"), "from: seen \"%s\", outside min and max of the source",
                 b->from_text);
}

static void compile_bands(struct compile *p, const struct gw_adapter_node *terms,
                          struct score_agreement *a)
{
    const struct gw_adapter_node *n = child(terms, "bands");
    size_t count = score_host->node_count(n);
    if (count == 0 || count > MAX_TEXTS) {
        complain(p, n != NULL ? n : terms, "bands: expected a list of 1 to %d bands, low to high",
                 MAX_TEXTS);
        return;
    }
    a->band = take(p, count, sizeof(*a->band));
    for (size_t i = 0; a->band != NULL && i < count; i++) {
        const struct gw_adapter_node *at = score_host->node_at(n, i);
        compile_band(p, at, a, &a->band[i]);
        a->band_count = i + 1;
        if (i != 0 && a->band[i].from <= a->band[i - 1].from)
            complain(p, at, "from: seen \"%s\" after \"%s\", expected bands from low to high",
                     a->band[i].from_text, a->band[i - 1].from_text);
        for (size_t k = 0; k < i; k++)
            if (strcmp(a->band[k].level, a->band[i].level) == 0)
                complain(p, at, "level: \"%s\" stands there twice", a->band[i].level);
    }
}

static void compile_disclosed(struct compile *p, const struct gw_adapter_node *terms,
                              struct score_agreement *a)
{
    static const struct {
        const char *word;
        uint32_t bit;
    } known[] = {
        {"benefit", SCORE_DISCLOSE_BENEFIT},     {"until", SCORE_DISCLOSE_UNTIL},
        {"level", SCORE_DISCLOSE_LEVEL},         {"benefits", SCORE_DISCLOSE_BENEFITS},
        {"agreement", SCORE_DISCLOSE_AGREEMENT},
    };
    const struct gw_adapter_node *n = child(terms, "disclosed");
    a->disclosed = texts(p, terms, "disclosed", true, false, &a->disclosed_count);
    for (size_t i = 0; i < a->disclosed_count; i++) {
        uint32_t bit = 0;
        for (size_t k = 0; k < SCORE_LEN(known); k++)
            if (strcmp(known[k].word, a->disclosed[i]) == 0)
                bit = known[k].bit;
        if (bit == 0)
            complain(p, n,
                     "disclosed: seen \"%s\", expected some of: benefit until level benefits "
                     "agreement",
                     a->disclosed[i]);
        a->disclose |= bit;
    }
    if (a->disclosed_count != 0 && (a->disclose & SCORE_DISCLOSE_BENEFIT) == 0)
        complain(p, n,
                 "disclosed: expected \"benefit\" among them; without it nothing is answered");
}

static void compile_quota(struct compile *p, const struct gw_adapter_node *n,
                          struct score_agreement *a, struct score_limit *ret)
{
    only(p, n, "quotas", "peer purpose per_day");
    ret->peer = text(p, n, "peer");
    ret->purpose = text(p, n, "purpose");
    ret->per_day = number(p, n, "per_day", 1, 1000000000);
    if (ret->peer[0] != '\0' && (!score_texts_have(a->parties, a->party_count, ret->peer) ||
                                 strcmp(ret->peer, p->t->self) == 0))
        complain(p, child(n, "peer"), "peer: seen \"%s\", which is no party that asks us",
                 ret->peer);
    if (ret->purpose[0] != '\0' && !score_texts_have(a->purposes, a->purpose_count, ret->purpose))
        complain(p, child(n, "purpose"), "purpose: seen \"%s\", which is none of the agreement",
                 ret->purpose);
    for (const struct score_limit *it = a->limit; it < ret; it++)
        if (strcmp(it->peer, ret->peer) == 0 && strcmp(it->purpose, ret->purpose) == 0)
            complain(p, n, "quotas: \"%s\" has one for \"%s\" already", ret->peer, ret->purpose);
    ret->quota = score_quota_get(&p->self->quotas, a->id, ret->peer, ret->purpose);
    if (ret->quota == NULL)
        complain(p, n, "out of memory");
}

static const struct score_limit *limit_of(const struct score_agreement *a, const char *peer,
                                          const char *purpose)
{
    for (size_t i = 0; i < a->limit_count; i++)
        if (strcmp(a->limit[i].peer, peer) == 0 && strcmp(a->limit[i].purpose, purpose) == 0)
            return &a->limit[i];
    return NULL;
}

/* Every party that asks has a quota for every purpose: there is no unlimited one. */
static void compile_quotas(struct compile *p, const struct gw_adapter_node *terms,
                           struct score_agreement *a)
{
    const struct gw_adapter_node *n = child(terms, "quotas");
    size_t count = score_host->node_count(n);
    if (count > MAX_TEXTS) {
        complain(p, n, "quotas: at most %d", MAX_TEXTS);
        return;
    }
    a->limit = take(p, count, sizeof(*a->limit));
    for (size_t i = 0; a->limit != NULL && i < count; i++) {
        compile_quota(p, score_host->node_at(n, i), a, &a->limit[i]);
        a->limit_count = i + 1;
    }
    for (size_t i = 0; i < a->party_count; i++)
        for (size_t k = 0; k < a->purpose_count && strcmp(a->parties[i], p->t->self) != 0; k++)
            if (limit_of(a, a->parties[i], a->purposes[k]) == NULL)
                complain(p, n != NULL ? n : terms, "quotas: expected one of \"%s\" for \"%s\"",
                         a->parties[i], a->purposes[k]);
}

static void compile_core(struct compile *p, const struct gw_adapter_node *n,
                         struct score_agreement *a)
{
    a->id = text(p, n, "id");
    a->title_zh = text(p, n, "title_zh");
    a->title_en = text(p, n, "title_en");
    a->certainty = text(p, n, "certainty");
    a->parties = texts(p, n, "parties", false, false, &a->party_count);
    a->purposes = texts(p, n, "purposes", true, false, &a->purpose_count);
    const char *until = score_host->node_text(child(n, "until"));
    a->from = score_day_parse(score_host->node_text(child(n, "from")));
    a->until = until == NULL || until[0] == '\0' ? SCORE_DAY_NEVER : score_day_parse(until);
    if (a->from == SCORE_DAY_NONE || a->until == SCORE_DAY_NONE || a->from > a->until)
        complain(p, n, "from, until: expected dates as \"2026-01-31\", in order");
    if (a->party_count < 2 || !score_texts_have(a->parties, a->party_count, p->t->self))
        complain(p, child(n, "parties"),
                 "parties: expected \"%s\" (option self) and those that ask it", p->t->self);
    for (size_t i = 0; i < a->purpose_count; i++)
        if (score_host->config_benefit_purpose(p->g, a->purposes[i]) != 1)
            complain(p, child(n, "purposes"),
                     "purposes: \"%s\" is no purpose that scores may serve: a row of purposes.conf "
                     "in force that denies, prices or ranks no basic service",
                     a->purposes[i]);
}

static void compile_agreement(struct compile *p, const struct gw_adapter_node *n,
                              struct score_agreement *a)
{
    const struct gw_adapter_node *terms = child(n, "terms");
    only(p, terms, "terms",
         "source target scenes bands disclosed answer_valid_days oldest_days quotas");
    *a = (struct score_agreement){
        .source_scale = "", .source_edition = "", .target_scale = "", .target_edition = ""};
    compile_core(p, n, a);
    compile_scales(p, terms, a);
    a->scenes = texts(p, terms, "scenes", true, false, &a->scene_count);
    compile_bands(p, terms, a);
    compile_disclosed(p, terms, a);
    a->answer_valid_days = number(p, terms, "answer_valid_days", 0, MAX_DAYS);
    a->oldest_days = number(p, terms, "oldest_days", 0, MAX_DAYS);
    compile_quotas(p, terms, a);
}

/* ---- all of them ---- */

/* An agreement is about scores if its terms say anything of a score's. */
static bool ours(const struct gw_adapter_node *n)
{
    return child(n, "terms.source") != NULL || child(n, "terms.target") != NULL ||
           child(n, "terms.bands") != NULL;
}

/* Do both have one of these words, self apart? */
static const char *shared(char *const *x, size_t nx, char *const *y, size_t ny, const char *self)
{
    for (size_t i = 0; i < nx; i++)
        if (strcmp(x[i], self) != 0 && score_texts_have(y, ny, x[i]))
            return x[i];
    return NULL;
}

/* A question that names no agreement must have one answer. */
static void check_alone(struct compile *p, const struct gw_adapter_node *n,
                        const struct score_agreement *a)
{
    for (const struct score_agreement *b = p->t->agreement; b < a; b++) {
        if (a->from > b->until || b->from > a->until)
            continue;
        const char *peer =
            shared(a->parties, a->party_count, b->parties, b->party_count, p->t->self);
        const char *purpose =
            shared(a->purposes, a->purpose_count, b->purposes, b->purpose_count, "");
        const char *scene = shared(a->scenes, a->scene_count, b->scenes, b->scene_count, "");
        if (peer != NULL && purpose != NULL && scene != NULL)
            complain(p, n,
                     "agreement %s: \"%s\" has the scene \"%s\" for \"%s\" by agreement %s at the "
                     "same time",
                     a->id, peer, scene, purpose, b->id);
    }
}

static void compile_all(struct compile *p)
{
    size_t count = 0;
    const struct gw_adapter_node *n;
    for (size_t i = 0; (n = score_host->agreement_at(p->g, i)) != NULL; i++)
        count += ours(n) ? 1 : 0;
    p->t->agreement = take(p, count, sizeof(*p->t->agreement));
    for (size_t i = 0; p->t->agreement != NULL && (n = score_host->agreement_at(p->g, i)) != NULL;
         i++) {
        if (!ours(n))
            continue;
        struct score_agreement *a = &p->t->agreement[p->t->agreement_count++];
        compile_agreement(p, n, a);
        check_alone(p, n, a);
    }
}

int32_t score_terms_prepare(void *self, const struct gw_adapter_config *g, void **ret_state)
{
    struct score_terms *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return -1;
    struct compile p = {.self = self, .g = g, .t = t};
    t->self = score_host->option_text(g, "self");
    t->consent_max_us = score_host->option_number(g, "consent_max_days") * SCORE_DAY_US;
    t->consent_keep_us = score_host->option_number(g, "consent_keep_days") * SCORE_DAY_US;
    t->consents_max = score_host->option_number(g, "consents_max");
    compile_all(&p);
    if (p.bad) {
        score_terms_free(self, t);
        return 1;
    }
    *ret_state = t;
    return 0;
}

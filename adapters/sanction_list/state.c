/* How far a list can be relied on: missing, empty, stale, held are different answers. */
#include <stdio.h>

#include "sanction_list.h"

struct sum {
    int64_t sources, live, unmatched, oldest, latest, held;
    bool empty;
    char version[SL_NAME];
};

static int32_t on_source(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct sum *s = arg;
    int64_t as_of = v[3].number, published = v[5].number;
    s->empty = (s->sources == 0 || s->empty) && v[4].number != 0;
    s->sources++;
    s->live += v[0].number;
    s->unmatched += v[1].number;
    s->held += v[6].number;
    if (s->oldest == 0 || as_of < s->oldest)
        s->oldest = as_of;
    if (published >= s->latest) {
        s->latest = published;
        sl_copy(s->version, sizeof(s->version), v[2].bytes, v[2].len);
    }
    return 0;
}

static Xinqiao__V1__ListCondition condition(const struct sum *s, const struct gw_adapter_list *l,
                                            int64_t now_us)
{
    if (s->sources == 0)
        return XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_MISSING;
    if (l->max_age_days != 0 &&
        now_us - s->oldest > (int64_t)l->max_age_days * INT64_C(86400) * 1000000)
        return XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_STALE;
    return s->empty && s->live == 0 ? XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_EMPTY
                                    : XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_CURRENT;
}

int32_t sl_state_of(struct gw_adapter_call *c, const struct gw_adapter_list *l,
                    Xinqiao__V1__ListState **ret)
{
    struct sum s = {0};
    Xinqiao__V1__ListState *m = sl_zalloc(c, sizeof(*m));
    if (m == NULL || SL_SQL(c, SOURCES_OF_LIST, on_source, &s, SL_TEXT(l->id)) != 0)
        return -1;
    xinqiao__v1__list_state__init(m);
    m->list = sl_str(l->id);
    m->title_zh = sl_str(l->title_zh);
    m->title_en = sl_str(l->title_en);
    m->condition = condition(&s, l, sl_host->now_us(c));
    m->held = s.held != 0;
    m->version = sl_dup(c, s.version);
    m->as_of = sl_time(c, s.oldest);
    m->entries = (uint64_t)s.live;
    m->unmatched = (uint64_t)s.unmatched;
    *ret = m;
    return 0;
}

/* ---- the operator's screen ---- */

static const struct {
    const char *word, *zh, *en;
} words[] = {
    [XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_CURRENT] = {"current", "有效", "current"},
    [XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_MISSING] = {"missing", "未报送",
                                                             "nobody has published it here"},
    [XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_EMPTY] = {"empty", "来源声明为空",
                                                           "its source says that it is empty"},
    [XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_STALE] =
        {"stale", "已过期，请催促来源更新", "stale; ask its source for a new version"},
};

struct held {
    struct gw_adapter_call *c;
    const char *list;
};

static int32_t on_held(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    const struct held *h = arg;
    char zh[512], en[512];
    int source = (int)v[0].len, version = (int)v[1].len;
    snprintf(zh, sizeof(zh),
             "版本 %.*s 变动过大，暂缓生效，仍提供上一版本；核对后由两名操作员执行："
             "xinqiao lists release %s %.*s %.*s",
             version, (const char *)v[1].bytes, h->list, source, (const char *)v[0].bytes, version,
             (const char *)v[1].bytes);
    snprintf(
        en, sizeof(en),
        "version %.*s changes much and is held, the one before it is served; check it, then two "
        "operators run: xinqiao lists release %s %.*s %.*s",
        version, (const char *)v[1].bytes, h->list, source, (const char *)v[0].bytes, version,
        (const char *)v[1].bytes);
    sl_host->status_line(h->c, h->list, "held", zh, en, 1);
    return 0;
}

static int32_t status_of(struct gw_adapter_call *c, const struct gw_adapter_list *l)
{
    Xinqiao__V1__ListState *m;
    char zh[256], en[256];
    struct held h = {c, l->id};
    if (sl_state_of(c, l, &m) != 0)
        return -1;
    snprintf(zh, sizeof(zh), "%s：%s，%llu 条", l->title_zh, words[m->condition].zh,
             (unsigned long long)m->entries);
    snprintf(en, sizeof(en), "%s: %s, %llu entries", l->title_en, words[m->condition].en,
             (unsigned long long)m->entries);
    sl_host->status_line(c, l->id, words[m->condition].word, zh, en,
                         m->condition == XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_STALE);
    return SL_SQL(c, HELD_OF_LIST, on_held, &h, SL_TEXT(l->id));
}

int32_t sl_status(void *self, struct gw_adapter_call *c)
{
    (void)self;
    struct gw_adapter_list l;
    for (size_t i = 0; sl_host->law_list_at(c, i, &l) == 0; i++)
        if (status_of(c, &l) != 0)
            return -1;
    return 0;
}

/* What the states, ends and dates of lists are called. */
#include <inttypes.h>

#include "base/clock.h"
#include "cmd/lists.h"

const char *gw_lists_date(const Xinqiao__V1__Date *d, char ret[16])
{
    ret[0] = '\0';
    if (d != NULL &&
        gw_date_valid((struct gw_date){(int16_t)d->year, (uint8_t)d->month, (uint8_t)d->day}))
        gw_date_format((struct gw_date){(int16_t)d->year, (uint8_t)d->month, (uint8_t)d->day}, ret);
    return ret;
}

const char *gw_lists_until(const struct gw_cmd_ctx *c, const Xinqiao__V1__EndDate *d, char ret[64])
{
    char day[16];
    if (d == NULL)
        snprintf(ret, 64, "%s", TR(c, "未注明期限", "no end given"));
    else if (d->no_end)
        snprintf(ret, 64, "%s", TR(c, "长期", "no end"));
    else
        snprintf(ret, 64, "%s", gw_lists_date(d->date, day));
    return ret;
}

int64_t gw_lists_instant_us(const Google__Protobuf__Timestamp *t)
{
    return t != NULL ? t->seconds * GW_USEC_PER_SEC + t->nanos / 1000 : 0;
}

/* ---- states ------------------------------------------------------------------------------------
 */

static const struct {
    Xinqiao__V1__ListCondition condition;
    bool reliable;
    const char *code, *zh, *en;
} conditions[] = {
    {XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_UNSPECIFIED, false, "unknown", "状况不明",
     "state unknown"},
    {XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_CURRENT, true, "current", "有效", "current"},
    {XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_MISSING, false, "missing",
     "缺失（从未发布到本网关）", "missing (never published here)"},
    {XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_EMPTY, true, "empty", "空（发布方声明没有条目）",
     "empty (its source says so)"},
    {XINQIAO__V1__LIST_CONDITION__LIST_CONDITION_STALE, false, "stale", "过期（久未更新）",
     "stale (not renewed in time)"},
};

static size_t row_of(const Xinqiao__V1__ListState *s)
{
    for (size_t i = 1; i < GW_ARRAY_LEN(conditions); i++)
        if (conditions[i].condition == s->condition)
            return i;
    return 0;
}

bool gw_lists_reliable(const Xinqiao__V1__ListState *s)
{
    return conditions[row_of(s)].reliable;
}

const char *gw_lists_condition_code(const Xinqiao__V1__ListState *s)
{
    return conditions[row_of(s)].code;
}

const char *gw_lists_condition_text(const struct gw_cmd_ctx *c, const Xinqiao__V1__ListState *s)
{
    return TR(c, conditions[row_of(s)].zh, conditions[row_of(s)].en);
}

void gw_lists_states(const struct gw_cmd_ctx *c, Xinqiao__V1__ListState *const *s, size_t count)
{
    size_t width = 30;
    for (size_t i = 0; i < count; i++) {
        size_t w =
            gw_cmd_width(s[i]->list) + 1 + gw_cmd_width(TR(c, s[i]->title_zh, s[i]->title_en));
        if (w > width)
            width = w;
    }
    width += 2;
    gw_cmd_pad(stdout, TR(c, "名单", "list"), width);
    gw_cmd_pad(stdout, TR(c, "条数", "entries"), 10);
    gw_cmd_pad(stdout, TR(c, "截至", "as of"), 22);
    puts(TR(c, "状况", "state"));
    for (size_t i = 0; i < count; i++) {
        char name[512], n[32], when[20] = "-";
        snprintf(name, sizeof(name), "%s %s", s[i]->list, TR(c, s[i]->title_zh, s[i]->title_en));
        if (s[i]->as_of != NULL && s[i]->as_of->seconds != 0)
            gw_cmd_time(gw_lists_instant_us(s[i]->as_of), when);
        gw_cmd_pad(stdout, name, width);
        gw_cmd_pad(stdout, gw_cmd_number(s[i]->entries, n), 10);
        gw_cmd_pad(stdout, when, 22);
        printf("%s%s\n", gw_lists_condition_text(c, s[i]),
               s[i]->held ? TR(c, "；新版本扣留待放行，所用为上一版本",
                               "; a newer version is held, the one before it is served")
                          : "");
    }
}

void gw_lists_states_json(struct gw_cmd_json *j, Xinqiao__V1__ListState *const *s, size_t count)
{
    gw_cmd_json_open(j, "states", '[');
    for (size_t i = 0; i < count; i++) {
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "list", s[i]->list);
        gw_cmd_json_str(j, "condition", gw_lists_condition_code(s[i]));
        gw_cmd_json_bool(j, "reliable", gw_lists_reliable(s[i]));
        gw_cmd_json_bool(j, "held", s[i]->held);
        gw_cmd_json_str(j, "version", s[i]->version);
        gw_cmd_json_i64(j, "as_of_us", gw_lists_instant_us(s[i]->as_of));
        gw_cmd_json_u64(j, "entries", s[i]->entries);
        gw_cmd_json_str(j, "title_zh", s[i]->title_zh);
        gw_cmd_json_str(j, "title_en", s[i]->title_en);
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}

/* ---- ends --------------------------------------------------------------------------------------
 */

static const struct {
    Xinqiao__V1__ListEnd end;
    const char *code, *zh, *en;
} ends[] = {
    {XINQIAO__V1__LIST_END__LIST_END_UNSPECIFIED, "", "未说明", "not said"},
    {XINQIAO__V1__LIST_END__LIST_END_EXPIRED, "expired", "期满", "expired"},
    {XINQIAO__V1__LIST_END__LIST_END_REPAIRED, "repaired", "信用修复", "repaired"},
    {XINQIAO__V1__LIST_END__LIST_END_WITHDRAWN, "withdrawn", "撤销", "withdrawn"},
    {XINQIAO__V1__LIST_END__LIST_END_EXITED, "exited", "移出", "exited"},
    {XINQIAO__V1__LIST_END__LIST_END_WITHHELD, "withheld", "不再向贵方提供",
     "no longer granted to you"},
};

static size_t end_row(Xinqiao__V1__ListEnd e)
{
    for (size_t i = 1; i < GW_ARRAY_LEN(ends); i++)
        if (ends[i].end == e)
            return i;
    return 0;
}

Xinqiao__V1__ListEnd gw_lists_end_of(const char *word)
{
    for (size_t i = 1; i < GW_ARRAY_LEN(ends); i++)
        if (ends[i].end != XINQIAO__V1__LIST_END__LIST_END_WITHHELD &&
            strcmp(ends[i].code, word) == 0)
            return ends[i].end;
    return XINQIAO__V1__LIST_END__LIST_END_UNSPECIFIED;
}

const char *gw_lists_end_code(Xinqiao__V1__ListEnd e)
{
    return ends[end_row(e)].code;
}

const char *gw_lists_end_text(const struct gw_cmd_ctx *c, Xinqiao__V1__ListEnd e)
{
    return TR(c, ends[end_row(e)].zh, ends[end_row(e)].en);
}

int gw_lists_date_parse(const struct gw_cmd_ctx *c, const char *option, const char *text,
                        Xinqiao__V1__Date *ret)
{
    int64_t us;
    if (strlen(text) != 10 || gw_cmd_time_parse(text, false, &us) != GW_OK) {
        gw_cmd_err(c, "%s 的写法应为 2026-04-01，不是 %s", "%s is written 2026-04-01, not %s",
                   option, text);
        return GW_EXIT_USAGE;
    }
    struct gw_date d = gw_date_at_utc8(us);
    ret->year = d.year;
    ret->month = d.month;
    ret->day = d.day;
    return GW_EXIT_GO_ON;
}

/* ---- findings ----------------------------------------------------------------------------------
 */

void gw_lists_findings(const struct gw_cmd_ctx *c, Xinqiao__V1__Finding *const *f, size_t count,
                       FILE *out)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, TR(c, "    %s（%s）\n", "    %s (%s)\n"), TR(c, f[i]->text_zh, f[i]->text_en),
                f[i]->reason);
}

void gw_lists_findings_json(const struct gw_cmd_ctx *c, struct gw_cmd_json *j,
                            Xinqiao__V1__Finding *const *f, size_t count)
{
    gw_cmd_json_open(j, "findings", '[');
    for (size_t i = 0; i < count; i++) {
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "reason", f[i]->reason);
        gw_cmd_json_str(j, "field", f[i]->field);
        gw_cmd_json_str(j, "text", TR(c, f[i]->text_zh, f[i]->text_en));
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}

size_t gw_lists_split(char *text, char **ret, size_t max)
{
    size_t n = 0;
    for (char *at = text; n < max;) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        if (*at != '\0')
            ret[n++] = at;
        if (comma == NULL)
            break;
        at = comma + 1;
    }
    return n;
}

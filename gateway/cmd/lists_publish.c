/* `xinqiao lists publish`, `lists remove`: what the competent body sends. Rows of a package become
 * entries; with --snapshot or --batch they are one version that takes effect as a whole, or is
 * held. The same file again changes nothing. Next: lists_send.c. */
#include "cmd/lists_publish.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/clock.h"

enum { EXIT_HELD = 4 };

static int verdict(const struct gw_publish *p)
{
    if (p->closed_held)
        return EXIT_HELD;
    return p->outcome[XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED] != 0 ? GW_EXIT_SOME_REFUSED
                                                                            : GW_EXIT_OK;
}

/* ---- what people and programs see --------------------------------------------------------------
 */

static uint64_t seen(const struct gw_publish *p, Xinqiao__V1__ListOutcome o)
{
    return p->outcome[o];
}

static void summary_json(struct gw_publish *p)
{
    gw_cmd_json_close(&p->j, ']');
    gw_cmd_json_u64(&p->j, "rows", p->declared);
    gw_cmd_json_u64(&p->j, "new", seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_NEW));
    gw_cmd_json_u64(&p->j, "duplicate", seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_DUPLICATE));
    gw_cmd_json_u64(&p->j, "updated", seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_UPDATED));
    gw_cmd_json_u64(&p->j, "removed", seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REMOVED));
    gw_cmd_json_u64(&p->j, "staged", seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_STAGED));
    gw_cmd_json_u64(&p->j, "refused", seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED));
    gw_cmd_json_bool(&p->j, "applied", p->closed_applied);
    gw_cmd_json_bool(&p->j, "held", p->closed_held);
    gw_cmd_json_open(&p->j, "version", '{');
    gw_cmd_json_u64(&p->j, "before", p->counts.before);
    gw_cmd_json_u64(&p->j, "added", p->counts.added);
    gw_cmd_json_u64(&p->j, "updated", p->counts.updated);
    gw_cmd_json_u64(&p->j, "removed", p->counts.removed);
    gw_cmd_json_close(&p->j, '}');
    gw_cmd_json_close(&p->j, '}');
    gw_cmd_json_print(&p->j, stdout);
}

static void summary(struct gw_publish *p)
{
    const struct gw_cmd_ctx *c = p->c;
    if (c->json) {
        summary_json(p);
        return;
    }
    if (p->snapshot || p->batch) {
        const Xinqiao__V1__ListVersionCounts *n = &p->counts;
        printf(TR(c,
                  "%s 版本 %s：应收 %" PRIu64 "，原有 %" PRIu64 "，新增 %" PRIu64 "，更新 %" PRIu64
                  "，移除 %" PRIu64 "，拒绝 %" PRIu64 "\n",
                  "%s, version %s: declared %" PRIu64 ", before %" PRIu64 ", added %" PRIu64
                  ", updated %" PRIu64 ", removed %" PRIu64 ", refused %" PRIu64 "\n"),
               p->list, p->version, p->declared, n->before, n->added, n->updated, n->removed,
               seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED));
        if (p->closed_held)
            puts(TR(
                c,
                "该版本变动过大，已被扣留：仍提供上一版本，待两名运维人员放行（xinqiao lists "
                "held）。",
                "The version changes too much and is held: the one before it is served until two "
                "operators release it (xinqiao lists held)."));
        else if (p->closed_applied)
            puts(TR(c, "该版本已整体生效。", "The version is in effect as a whole."));
        else
            puts(TR(c, "该版本没有生效。", "The version is not in effect."));
        return;
    }
    printf(TR(c,
              "%s：新增 %" PRIu64 "，重复 %" PRIu64 "，更新 %" PRIu64 "，移出 %" PRIu64
              "，拒绝 %" PRIu64 "\n",
              "%s: new %" PRIu64 ", repeated %" PRIu64 ", updated %" PRIu64 ", removed %" PRIu64
              ", refused %" PRIu64 "\n"),
           p->list, seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_NEW),
           seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_DUPLICATE),
           seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_UPDATED),
           seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REMOVED),
           seen(p, XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED));
}

static int finish(struct gw_publish *p, int rc)
{
    if (rc == GW_EXIT_OK || rc == GW_EXIT_SOME_REFUSED) {
        summary(p);
        rc = rc == GW_EXIT_OK ? verdict(p) : rc;
    }
    gw_upstream_stream_close(p->s);
    gw_buf_fini(&p->j.b);
    gw_buf_fini(&p->out);
    gw_buf_fini(&p->in);
    gw_remote_fini(&p->remote);
    return rc;
}

static void begin(struct gw_publish *p)
{
    gw_cmd_json_init(&p->j);
    gw_cmd_json_open(&p->j, NULL, '{');
    gw_cmd_json_open(&p->j, "refusals", '[');
}

/* ---- publish -----------------------------------------------------------------------------------
 */

static int check_given(struct gw_publish *p)
{
    const struct gw_cmd_ctx *c = p->c;
    bool version = p->snapshot || p->batch;
    if (p->path != NULL && strcmp(p->path, "-") == 0) {
        gw_cmd_err(c, "发布前要先通读一遍，须给出文件，不能用标准输入",
                   "a file is read through before it is sent: name one, not standard input");
        return gw_cmd_usage_hint(c);
    }
    if (p->list == NULL) {
        gw_cmd_err(c, "必须给出 --list", "--list must be given");
        return gw_cmd_usage_hint(c);
    }
    if (p->snapshot && p->batch) {
        gw_cmd_err(c, "--snapshot 与 --batch 只能给出一个", "give --snapshot or --batch, not both");
        return gw_cmd_usage_hint(c);
    }
    if (version != (p->version != NULL)) {
        gw_cmd_err(c, "--version 与 --snapshot 或 --batch 应一并给出",
                   "--version goes with --snapshot or --batch");
        return gw_cmd_usage_hint(c);
    }
    if (p->empty ? !p->snapshot || p->path != NULL : p->path == NULL) {
        gw_cmd_err(c, "应给出数据包文件；空名单用 --snapshot --empty，不带文件",
                   "name a package; an empty list is --snapshot --empty without a file");
        return gw_cmd_usage_hint(c);
    }
    if (p->path != NULL && p->format_id == NULL) {
        gw_cmd_err(c, "必须给出 --format", "--format must be given");
        return gw_cmd_usage_hint(c);
    }
    return GW_EXIT_GO_ON;
}

/* As of: what was said, else the file's own time. It is the revision too unless one was given: the
 * same file is the same revision, a later file a higher one. */
static int resolve_time(struct gw_publish *p)
{
    struct stat sb;
    p->as_of_us = gw_clock_wall_us();
    if (p->as_of != NULL && gw_cmd_time_parse(p->as_of, false, &p->as_of_us) != GW_OK) {
        gw_cmd_err(p->c, "--as-of 的写法应为 2026-04-01 或 2026-04-01 18:30，不是 %s",
                   "--as-of is written 2026-04-01 or 2026-04-01 18:30, not %s", p->as_of);
        return GW_EXIT_USAGE;
    }
    if (p->as_of == NULL && p->path != NULL && stat(p->path, &sb) == 0)
        p->as_of_us = (int64_t)sb.st_mtim.tv_sec * GW_USEC_PER_SEC + sb.st_mtim.tv_nsec / 1000;
    if (p->revision == 0)
        p->revision = (uint64_t)p->as_of_us;
    return GW_EXIT_GO_ON;
}

static int resolve_format(struct gw_publish *p, struct gw_format_set **ret)
{
    if (p->path == NULL)
        return GW_EXIT_GO_ON;
    int rc = gw_cmd_formats_load(p->c, p->formats, ret);
    if (rc != GW_EXIT_OK)
        return rc;
    p->format = gw_cmd_format_find(p->c, *ret, p->format_id);
    if (p->format == NULL)
        return GW_EXIT_USAGE;
    const char *why = NULL;
    if (p->key_field == NULL)
        return GW_EXIT_GO_ON;
    if (strncmp(p->key_field, "subject.", 8) == 0 ||
        gw_canon_path_compile(p->key_field, &p->key_path, &why) != GW_OK) {
        gw_cmd_err(p->c,
                   "--key-field %s 不能用作条目编号：须为规范记录中的文本字段，且不得是主体标识",
                   "--key-field %s can not be an entry's id: it must be a text field of the "
                   "canonical record and no identifier of the subject",
                   p->key_field);
        return GW_EXIT_USAGE;
    }
    return GW_EXIT_GO_ON;
}

static const char publish_zh[] =
    "--snapshot：文件是本方在该名单上的全部条目；--"
    "batch：一批变动，整体生效；都不给出：逐条生效。\n"
    "条目编号取 --key-field 所指字段，缺省为业务主键的散列；修订号缺省取截至时间的微秒数，"
    "所以同一文件重复发布不会改变什么。\n"
    "退出码：0 全部接受；3 有条目（或整个版本）被拒绝；4 版本被扣留，待两名运维人员放行；1 失败；2 "
    "用法错误；5 连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char publish_en[] =
    "--snapshot: the file is all that we have on the list; --batch: changes that take effect as a\n"
    "whole; neither: each entry for itself. An entry's id is the field of --key-field, by default "
    "a\n"
    "hash of the business key; its revision is by default the as-of time in microseconds, so that "
    "the\n"
    "same file again changes nothing.\n"
    "exit codes: 0 all accepted; 3 entries (or the whole version) were refused; 4 the version is "
    "held\n"
    "until two operators release it; 1 failed; 2 usage; 5 no connection, or our identity is not\n"
    "accepted; 6 the gateway refused the call.\n";

int gw_cmd_lists_publish(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_publish p = {.c = c};
    gw_remote_init(&p.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--list", "LIST", &p.list, "名单编号", "id of the list"},
        {GW_OPT_TEXT, "--format", "FORMAT", &p.format_id, "文件的格式编号", "format of the file"},
        {GW_OPT_FLAG, "--snapshot", NULL, &p.snapshot, "全量版本", "a whole snapshot"},
        {GW_OPT_FLAG, "--batch", NULL, &p.batch, "增量版本", "a batch of changes"},
        {GW_OPT_TEXT, "--version", "V", &p.version, "本方的版本号", "our own name of the version"},
        {GW_OPT_FLAG, "--empty", NULL, &p.empty, "声明名单为空（不带文件）",
         "the list is empty (no file)"},
        {GW_OPT_TEXT, "--as-of", "TIME", &p.as_of, "截至时间，缺省为文件时间",
         "time of the data; the file's by default"},
        {GW_OPT_TEXT, "--key-field", "FIELD", &p.key_field, "作条目编号的规范字段",
         "canonical field that is the entry's id"},
        {GW_OPT_U64, "--revision", "N", &p.revision, "修订号", "revision of the entries"},
        {GW_OPT_TEXT, "--measures", "A,B", &p.measures, "要求的惩戒措施编号",
         "ids of the measures asked for"},
        {GW_OPT_TEXT, "--formats", "DIR", &p.formats, "格式目录", "folder of the formats"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"FILE --list LIST --format FORMAT", opts, p.remote.opts,
                                       publish_zh, publish_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &p.path, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    rc = check_given(&p);
    GW_CLEANUP(gw_format_set_freep) struct gw_format_set *set = NULL;
    char measures[4096];
    if (p.measures != NULL) {
        snprintf(measures, sizeof(measures), "%s", p.measures);
        p.measure_count = gw_lists_split(measures, p.measure, GW_PUBLISH_MEASURES);
    }
    if (rc == GW_EXIT_GO_ON)
        rc = resolve_time(&p);
    if (rc == GW_EXIT_GO_ON)
        rc = resolve_format(&p, &set);
    begin(&p);
    if (rc == GW_EXIT_GO_ON)
        rc = gw_publish_run(&p);
    else if (rc == GW_EXIT_OK)
        rc = GW_EXIT_FAILED;
    return finish(&p, rc);
}

/* ---- remove ------------------------------------------------------------------------------------
 */

static const char remove_zh[] =
    "所有取得过该条目的对接方都会收到它的移出。\n"
    "退出码：0 已移出（或先前已移出）；3 被拒绝；1 失败；2 用法错误；5 连接不上或身份不被接受；6 "
    "网关拒绝了调用。\n";
static const char remove_en[] =
    "Everybody who was sent the entry is sent its removal.\n"
    "exit codes: 0 removed (or was before); 3 refused; 1 failed; 2 usage; 5 no connection, or our\n"
    "identity is not accepted; 6 the gateway refused the call.\n";

int gw_cmd_lists_remove(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_publish p = {.c = c};
    const char *entry = NULL, *end = "", *given_day = NULL;
    gw_remote_init(&p.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--list", "LIST", &p.list, "名单编号", "id of the list"},
        {GW_OPT_TEXT, "--end", "REASON", &end,
         "原因：repaired 修复、withdrawn 撤销、exited 移出、expired 期满",
         "repaired, withdrawn, exited or expired"},
        {GW_OPT_TEXT, "--ended-on", "DATE", &given_day, "移出日期，缺省今天",
         "day; today by default"},
        {GW_OPT_U64, "--revision", "N", &p.revision, "修订号，须高于该条目的；缺省取当前时间",
         "revision, above the entry's; the present time by default"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"ENTRY --list LIST --end REASON", opts, p.remote.opts,
                                       remove_zh, remove_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &entry, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    Xinqiao__V1__Date ended_on = XINQIAO__V1__DATE__INIT;
    if (n == 0 || p.list == NULL ||
        gw_lists_end_of(end) == XINQIAO__V1__LIST_END__LIST_END_UNSPECIFIED) {
        gw_cmd_err(c, "应给出条目编号、--list 和 --end（repaired、withdrawn、exited、expired）",
                   "name the entry, --list and --end (repaired, withdrawn, exited, expired)");
        rc = gw_cmd_usage_hint(c);
    } else if (given_day != NULL) {
        rc = gw_lists_date_parse(c, "--ended-on", given_day, &ended_on);
    }
    if (rc == GW_EXIT_GO_ON)
        rc = resolve_time(&p);
    begin(&p);
    if (rc == GW_EXIT_GO_ON)
        rc = gw_publish_remove(&p, entry, gw_lists_end_of(end),
                               given_day != NULL ? &ended_on : NULL);
    return finish(&p, rc);
}

/* `xinqiao lists`, `lists held`, `lists release`, `lists discard`: what an operator sees of the
 * lists and does about versions that are held. */
#include "cmd/lists.h"

#include <inttypes.h>

enum { EXIT_WAITS = 4, EXIT_LOOK = 1 };

/* ---- all lists ---------------------------------------------------------------------------------
 */

static const char lists_zh[] = "另有：lists held、lists release、lists "
                               "discard（扣留的版本），lists publish、lists remove（发布），"
                               "lists pull（拉取）。\n"
                               "退出码：0 各名单都有效；1 有名单缺失、过期或有版本被扣留；2 "
                               "用法错误；5 连接不上或身份不被接受；6 "
                               "网关拒绝了调用。\n";
static const char lists_en[] =
    "See also: lists held, lists release, lists discard (versions that are held), lists publish,\n"
    "lists remove (for sources), lists pull.\n"
    "exit codes: 0 all lists are good; 1 a list is missing or stale, or a version is held; 2 "
    "usage;\n"
    "5 no connection, or our identity is not accepted; 6 the gateway refused the call.\n";

static int show_lists(struct gw_cmd_ctx *c, struct gw_remote *r)
{
    Xinqiao__V1__ListsRequest q = XINQIAO__V1__LISTS_REQUEST__INIT;
    Xinqiao__V1__ListsResponse *m = NULL;
    int rc = gw_remote_open(r);
    if (rc == GW_EXIT_OK)
        rc = gw_remote_unary(r, "/xinqiao.v1.ListOperations/Lists", &q.base,
                             &xinqiao__v1__lists_response__descriptor, &m, NULL);
    if (rc != GW_EXIT_OK)
        return rc == GW_EXIT_FAILED ? GW_EXIT_USAGE : rc; /* 1 is for what the lists say */
    for (size_t i = 0; i < m->n_lists; i++)
        if (!gw_lists_reliable(m->lists[i]) || m->lists[i]->held)
            rc = EXIT_LOOK;
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_lists_states_json(&j, m->lists, m->n_lists);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else {
        gw_lists_states(c, m->lists, m->n_lists);
    }
    xinqiao__v1__lists_response__free_unpacked(m, NULL);
    return rc;
}

int gw_cmd_lists(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_remote r;
    gw_remote_init(&r, c);
    const struct gw_cmd_opt opts[] = {{.type = GW_OPT_END}};
    const struct gw_cmd_usage usage = {"--as DIR/pki/operator", opts, r.opts, lists_zh, lists_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, NULL, 0, &n);
    if (rc == GW_EXIT_GO_ON)
        rc = show_lists(c, &r);
    gw_remote_fini(&r);
    return rc;
}

/* ---- held versions -----------------------------------------------------------------------------
 */

static void counts_json(struct gw_cmd_json *j, const Xinqiao__V1__ListVersionCounts *n)
{
    gw_cmd_json_open(j, "counts", '{');
    if (n != NULL) {
        gw_cmd_json_u64(j, "before", n->before);
        gw_cmd_json_u64(j, "added", n->added);
        gw_cmd_json_u64(j, "updated", n->updated);
        gw_cmd_json_u64(j, "removed", n->removed);
        gw_cmd_json_u64(j, "refused", n->refused);
    }
    gw_cmd_json_close(j, '}');
}

static void names_json(struct gw_cmd_json *j, char *const *names, size_t count)
{
    gw_cmd_json_open(j, "released_by", '[');
    for (size_t i = 0; i < count; i++)
        gw_cmd_json_str(j, NULL, names[i]);
    gw_cmd_json_close(j, ']');
}

static const char *why_held(const struct gw_cmd_ctx *c, const char *reason)
{
    if (strstr(reason, "removes-many") != NULL)
        return TR(c, "将移除过多条目", "it would remove too many entries");
    if (strstr(reason, "adds-many") != NULL)
        return TR(c, "将新增过多条目", "it would add too many entries");
    return reason;
}

static void held_version(const struct gw_cmd_ctx *c, const Xinqiao__V1__HeldVersion *h)
{
    char when[20], a[32], b[32], u[32], d[32];
    gw_cmd_time(gw_lists_instant_us(h->closed_at), when);
    printf(TR(c, "%s　来源 %s　版本 %s（%s，%s）\n", "%s, source %s, version %s (%s, %s)\n"),
           h->list, h->source, h->version,
           h->snapshot ? TR(c, "全量", "snapshot") : TR(c, "增量", "batch"), when);
    printf(TR(c, "  扣留原因：%s（%s）\n", "  held because %s (%s)\n"), why_held(c, h->reason),
           h->reason);
    const Xinqiao__V1__ListVersionCounts *n = h->counts;
    if (n != NULL)
        printf(TR(c, "  现有 %s 条；将新增 %s，更新 %s，移除 %s\n",
                  "  entries now %s; it would add %s, update %s, remove %s\n"),
               gw_cmd_number(n->before, a), gw_cmd_number(n->added, b),
               gw_cmd_number(n->updated, u), gw_cmd_number(n->removed, d));
    printf("%s", TR(c, "  已同意放行：", "  released so far by: "));
    for (size_t i = 0; i < h->n_released_by; i++)
        printf("%s%s", i != 0 ? TR(c, "、", ", ") : "", h->released_by[i]);
    puts(h->n_released_by == 0
             ? TR(c, "无（需要两名不同的运维人员）", "nobody (two different operators are needed)")
             : "");
    printf(TR(c, "  放行：xinqiao lists release %s %s %s\n  丢弃：xinqiao lists discard %s %s %s\n",
              "  release: xinqiao lists release %s %s %s\n  discard: xinqiao lists discard %s %s "
              "%s\n"),
           h->list, h->source, h->version, h->list, h->source, h->version);
}

static void held_json(const Xinqiao__V1__HeldResponse *m)
{
    struct gw_cmd_json j;
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_cmd_json_open(&j, "held", '[');
    for (size_t i = 0; i < m->n_held; i++) {
        const Xinqiao__V1__HeldVersion *h = m->held[i];
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "list", h->list);
        gw_cmd_json_str(&j, "source", h->source);
        gw_cmd_json_str(&j, "version", h->version);
        gw_cmd_json_bool(&j, "snapshot", h->snapshot);
        gw_cmd_json_str(&j, "reason", h->reason);
        gw_cmd_json_i64(&j, "closed_at_us", gw_lists_instant_us(h->closed_at));
        counts_json(&j, h->counts);
        names_json(&j, h->released_by, h->n_released_by);
        gw_cmd_json_close(&j, '}');
    }
    gw_cmd_json_close(&j, ']');
    gw_cmd_json_close(&j, '}');
    gw_cmd_json_print(&j, stdout);
}

static const char held_notes_zh[] =
    "退出码：0 没有扣留的版本；4 有版本等待放行；1 失败；2 用法错误；5 连接不上或身份不被接受；6 "
    "网关拒绝了调用。\n";
static const char held_notes_en[] =
    "exit codes: 0 none is held; 4 versions wait for release; 1 failed; 2 usage; 5 no connection, "
    "or\n"
    "our identity is not accepted; 6 the gateway refused the call.\n";

int gw_cmd_lists_held(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_remote r;
    gw_remote_init(&r, c);
    const struct gw_cmd_opt opts[] = {{.type = GW_OPT_END}};
    const struct gw_cmd_usage usage = {"--as DIR/pki/operator", opts, r.opts, held_notes_zh,
                                       held_notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, NULL, 0, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    Xinqiao__V1__HeldRequest q = XINQIAO__V1__HELD_REQUEST__INIT;
    Xinqiao__V1__HeldResponse *m = NULL;
    rc = gw_remote_open(&r);
    if (rc == GW_EXIT_OK)
        rc = gw_remote_unary(&r, "/xinqiao.v1.ListOperations/Held", &q.base,
                             &xinqiao__v1__held_response__descriptor, &m, NULL);
    if (rc == GW_EXIT_OK) {
        if (c->json)
            held_json(m);
        else if (m->n_held == 0)
            puts(TR(c, "没有扣留的版本。", "No version is held."));
        for (size_t i = 0; !c->json && i < m->n_held; i++)
            held_version(c, m->held[i]);
        rc = m->n_held != 0 ? EXIT_WAITS : GW_EXIT_OK;
        xinqiao__v1__held_response__free_unpacked(m, NULL);
    }
    gw_remote_fini(&r);
    return rc;
}

/* ---- one version: released or thrown away ------------------------------------------------------
 */

static int three(struct gw_cmd_ctx *c, struct gw_remote *r, int argc, char **argv,
                 const char *notes_zh, const char *notes_en, const char *pos[3])
{
    const struct gw_cmd_opt opts[] = {{.type = GW_OPT_END}};
    const struct gw_cmd_usage usage = {"LIST SOURCE VERSION", opts, r->opts, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, pos, 3, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n != 3) {
        gw_cmd_err(c, "应给出名单、来源和版本（见 xinqiao lists held）",
                   "name list, source and version (see xinqiao lists held)");
        return gw_cmd_usage_hint(c);
    }
    rc = gw_remote_open(r);
    return rc == GW_EXIT_OK ? GW_EXIT_GO_ON : rc;
}

static void released(const struct gw_cmd_ctx *c, const Xinqiao__V1__ReleaseResponse *m)
{
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_bool(&j, "released", m->released);
        names_json(&j, m->released_by, m->n_released_by);
        counts_json(&j, m->counts);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else if (m->released) {
        puts(TR(c, "已放行：该版本现已生效。", "Released: the version is in effect now."));
    } else {
        puts(TR(c, "已记录您的同意；还需要另一名运维人员放行，在此之前仍提供上一版本。",
                "Your consent is recorded; another operator must release it too. Until then the "
                "version before it is served."));
    }
}

static const char release_zh[] = "需要两名不同的运维人员各运行一次。\n"
                                 "退出码：0 已放行并生效；4 已记录，还需另一名运维人员；1 失败；2 "
                                 "用法错误；5 连接不上或身份不被接受；6 "
                                 "网关拒绝了调用。\n";
static const char release_en[] =
    "Two different operators run it, each for himself.\n"
    "exit codes: 0 released and in effect; 4 recorded, one more operator is needed; 1 failed; 2\n"
    "usage; 5 no connection, or our identity is not accepted; 6 the gateway refused the call.\n";

int gw_cmd_lists_release(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_remote r;
    gw_remote_init(&r, c);
    const char *pos[3] = {NULL, NULL, NULL};
    int rc = three(c, &r, argc, argv, release_zh, release_en, pos);
    if (rc == GW_EXIT_GO_ON) {
        Xinqiao__V1__ReleaseRequest q = XINQIAO__V1__RELEASE_REQUEST__INIT;
        q.list = (char *)(uintptr_t)pos[0];
        q.source = (char *)(uintptr_t)pos[1];
        q.version = (char *)(uintptr_t)pos[2];
        Xinqiao__V1__ReleaseResponse *m = NULL;
        rc = gw_remote_unary(&r, "/xinqiao.v1.ListOperations/Release", &q.base,
                             &xinqiao__v1__release_response__descriptor, &m, NULL);
        if (rc == GW_EXIT_OK) {
            released(c, m);
            rc = m->released ? GW_EXIT_OK : EXIT_WAITS;
            xinqiao__v1__release_response__free_unpacked(m, NULL);
        }
    }
    gw_remote_fini(&r);
    return rc;
}

static const char discard_zh[] =
    "一名运维人员即可丢弃；正在提供的版本不变。\n"
    "退出码：0 已丢弃；1 失败；2 用法错误；5 连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char discard_en[] = "One operator is enough; what is served stays as it is.\n"
                                 "exit codes: 0 thrown away; 1 failed; 2 usage; 5 no connection, "
                                 "or our identity is not accepted;\n"
                                 "6 the gateway refused the call.\n";

int gw_cmd_lists_discard(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_remote r;
    gw_remote_init(&r, c);
    const char *pos[3] = {NULL, NULL, NULL};
    int rc = three(c, &r, argc, argv, discard_zh, discard_en, pos);
    if (rc == GW_EXIT_GO_ON) {
        Xinqiao__V1__DiscardRequest q = XINQIAO__V1__DISCARD_REQUEST__INIT;
        q.list = (char *)(uintptr_t)pos[0];
        q.source = (char *)(uintptr_t)pos[1];
        q.version = (char *)(uintptr_t)pos[2];
        Xinqiao__V1__DiscardResponse *m = NULL;
        rc = gw_remote_unary(&r, "/xinqiao.v1.ListOperations/Discard", &q.base,
                             &xinqiao__v1__discard_response__descriptor, &m, NULL);
        if (rc == GW_EXIT_OK) {
            if (c->json)
                puts("{\"discarded\":true}");
            else
                puts(TR(c, "已丢弃；仍提供原来的版本。",
                        "Thrown away; what was served before is served on."));
            xinqiao__v1__discard_response__free_unpacked(m, NULL);
        }
    }
    gw_remote_fini(&r);
    return rc;
}

/* `xinqiao lists pull`: keeps a copy of a list in a folder. Entries come, change and go in the
 * order of the feed; an entry that has ended is gone from the copy. Next: lists_copy.c. */
#include "cmd/lists_copy.h"

#include <inttypes.h>
#include <signal.h>

#include "cmd/lists.h"
#include "cmd/package.h"

enum { ATTEMPTS = 8, STEP_ITEMS = 1000, QUIET_MS = 500, MESSAGE_MAX = 32 * 1024 * 1024 };

struct pull {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    struct gw_lists_copy copy;
    const char *list, *out, *format_id, *formats;
    const struct gw_format *format;
    bool follow, again;
    char at[4096]; /* cursor behind the last item that was received */
    uint64_t delivered, removals, received;
    bool ended;
    Xinqiao__V1__ListState *state;
    struct gw_cmd_tally kept;
};

static volatile sig_atomic_t asked_to_end;
static void on_signal(int number)
{
    (void)number;
    asked_to_end = 1;
}

static int unreadable(const struct pull *p)
{
    gw_cmd_err(p->c, "网关的应答无法识别，请核对双方版本",
               "the gateway's answer can not be read; compare the versions");
    return GW_EXIT_FAILED;
}

/* state.json: whoever reads the copy must know how far it can be relied on. */
static int save_state(struct pull *p)
{
    char path[GW_LISTS_PATH];
    snprintf(path, sizeof(path), "%s/state.json", p->out);
    struct gw_cmd_json j;
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_lists_states_json(&j, &p->state, 1);
    gw_cmd_json_close(&j, '}');
    gw_buf_u8(&j.b, '\n');
    int rc = gw_cmd_write_file(p->c, path, gw_buf_view(&j.b));
    gw_buf_fini(&j.b);
    return rc;
}

static int take_state(struct pull *p, Xinqiao__V1__ListPullItem *m)
{
    if (p->state != NULL)
        xinqiao__v1__list_state__free_unpacked(p->state, NULL);
    p->state = gw_steal(&m->state);
    if (p->follow && !p->c->json)
        printf(TR(p->c, "名单状况：%s%s\n", "state of the list: %s%s\n"),
               gw_lists_condition_text(p->c, p->state),
               p->state->held ? TR(p->c, "，新版本扣留中", ", a newer version is held") : "");
    return save_state(p);
}

static void note_end(struct pull *p, const Xinqiao__V1__ListPullEnd *e)
{
    for (size_t i = 0; i < e->n_withheld; i++)
        gw_cmd_tally_add(&p->kept, GW_PROBLEM_WITHHELD, e->withheld[i]->reason, "",
                         e->withheld[i]->count);
    for (size_t i = 0; i < e->n_refused; i++)
        gw_cmd_tally_add(&p->kept, GW_PROBLEM_ERROR, e->refused[i]->reason, "",
                         e->refused[i]->count);
    if (e->cursor[0] != '\0')
        snprintf(p->at, sizeof(p->at), "%s", e->cursor);
    p->ended = true;
}

static int take_item(struct pull *p, const struct gw_buf *message)
{
    Xinqiao__V1__ListPullItem *m =
        xinqiao__v1__list_pull_item__unpack(NULL, message->len, message->ptr);
    if (m == NULL)
        return unreadable(p);
    int rc = GW_EXIT_OK;
    p->received++;
    if (m->state != NULL)
        rc = take_state(p, m);
    struct gw_bytes id = gw_bytes_make(m->id.data, m->id.len);
    if (rc == GW_EXIT_OK && m->removal != NULL) {
        if (id.len == 0)
            id = gw_bytes_make(m->removal->id.data, m->removal->id.len);
        rc = id.len == 16 ? GW_EXIT_OK : unreadable(p);
        if (rc == GW_EXIT_OK) {
            gw_lists_copy_add(&p->copy, id, GW_BYTES_NONE);
            p->removals++;
        }
    } else if (rc == GW_EXIT_OK && m->record.len != 0) {
        rc = id.len == 16 ? GW_EXIT_OK : unreadable(p);
        if (rc == GW_EXIT_OK) {
            gw_lists_copy_add(&p->copy, id, gw_bytes_make(m->record.data, m->record.len));
            p->delivered++;
        }
    }
    if (rc == GW_EXIT_OK && m->cursor[0] != '\0')
        snprintf(p->at, sizeof(p->at), "%s", m->cursor);
    if (m->end != NULL)
        note_end(p, m->end);
    xinqiao__v1__list_pull_item__free_unpacked(m, NULL);
    if (rc == GW_EXIT_OK && p->copy.items >= STEP_ITEMS && p->at[0] != '\0')
        rc = gw_lists_copy_commit(&p->copy, p->at);
    return rc;
}

/* Until the call ends; what has come is committed when nothing comes for a moment. */
static int drive(struct pull *p, struct gw_upstream_stream *s, struct gw_buf *buf,
                 struct gw_cmd_progress *bar)
{
    int rc = GW_EXIT_OK;
    while (rc == GW_EXIT_OK && !asked_to_end) {
        enum gw_status st = gw_upstream_stream_recv(s, QUIET_MS, buf);
        if (st == GW_CLOSED)
            return GW_EXIT_OK;
        if (st == GW_AGAIN) {
            if (p->copy.items != 0 && p->at[0] != '\0')
                rc = gw_lists_copy_commit(&p->copy, p->at);
            fflush(stdout);
            continue;
        }
        if (st != GW_OK)
            return unreadable(p);
        rc = take_item(p, buf);
        gw_cmd_progress(bar, p->delivered + p->removals, 0);
    }
    return rc;
}

/* One call. GW_EXIT_GO_ON: again from the cursor. */
static int attempt(struct pull *p, struct gw_cmd_progress *bar, unsigned tries)
{
    Xinqiao__V1__ListPullRequest q = XINQIAO__V1__LIST_PULL_REQUEST__INIT;
    q.list = (char *)(uintptr_t)p->list;
    q.format = (char *)(uintptr_t)p->format_id;
    q.cursor = p->at;
    q.follow = p->follow;
    struct gw_buf buf;
    gw_buf_init(&buf, MESSAGE_MAX);
    GW_CLEANUP(gw_upstream_stream_closep) struct gw_upstream_stream *s = NULL;
    enum gw_status st = gw_remote_pack(&q.base, &buf);
    if (st == GW_OK)
        st = gw_upstream_stream_open(p->remote.client, "/xinqiao.v1.ListExchange/Pull", 0,
                                     p->remote.metadata, p->remote.metadata_count, &s);
    if (st == GW_OK && (st = gw_upstream_stream_send(s, gw_buf_view(&buf))) == GW_CLOSED)
        st = GW_OK; /* how it ended comes with recv */
    int rc = st == GW_OK ? GW_EXIT_OK : unreadable(p);
    if (rc == GW_EXIT_OK) {
        gw_upstream_stream_half_close(s);
        rc = drive(p, s, &buf, bar);
    }
    gw_buf_fini(&buf);
    if (rc != GW_EXIT_OK || asked_to_end)
        return rc;
    const struct gw_upstream_result *res = gw_upstream_stream_result(s);
    if (res->code == GW_GRPC_OK && p->ended)
        return GW_EXIT_OK;
    if ((res->code == GW_GRPC_OK || gw_remote_transient(res, p->received != 0)) &&
        (p->follow || tries < ATTEMPTS))
        return GW_EXIT_GO_ON;
    return gw_remote_failed(&p->remote, res);
}

static int run(struct pull *p)
{
    int rc = gw_lists_copy_open(&p->copy, p->again);
    if (rc == GW_EXIT_OK)
        rc = gw_remote_open(&p->remote);
    if (rc != GW_EXIT_OK)
        return rc;
    snprintf(p->at, sizeof(p->at), "%s", p->again ? "" : p->copy.cursor);
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(p->c, "拉取", "pulling"));
    unsigned tries = 0;
    uint64_t before;
    do {
        before = p->received;
        rc = attempt(p, &bar, tries);
        if (rc == GW_EXIT_GO_ON) {
            tries = p->received > before ? 1 : tries + 1;
            gw_remote_backoff(tries - 1);
        }
    } while (rc == GW_EXIT_GO_ON && !asked_to_end);
    gw_cmd_progress_end(&bar);
    /* What was received before a failure is good: its cursor says so. */
    int saved = p->at[0] != '\0' ? gw_lists_copy_commit(&p->copy, p->at) : GW_EXIT_OK;
    return rc == GW_EXIT_OK || rc == GW_EXIT_GO_ON ? saved : rc;
}

static int summary(struct pull *p)
{
    const struct gw_cmd_ctx *c = p->c;
    uint64_t live = 0;
    int rc = gw_lists_copy_count(&p->copy, &live);
    if (rc != GW_EXIT_OK)
        return rc;
    bool refused = false;
    for (size_t i = 0; i < p->kept.count; i++)
        refused |= p->kept.rows[i]->kind == GW_PROBLEM_ERROR;
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "list", p->list);
        gw_cmd_json_u64(&j, "delivered", p->delivered);
        gw_cmd_json_u64(&j, "removals", p->removals);
        gw_cmd_json_u64(&j, "entries", live);
        gw_lists_states_json(&j, &p->state, p->state != NULL ? 1 : 0);
        gw_cmd_tally_json(&p->kept, &j, "kept_back");
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
        return refused ? GW_EXIT_SOME_REFUSED : GW_EXIT_OK;
    }
    printf(TR(c, "%s：收到 %" PRIu64 " 条，移出 %" PRIu64 " 条；副本 %s 现有 %" PRIu64 " 条。\n",
              "%s: %" PRIu64 " received, %" PRIu64 " removals; the copy %s has %" PRIu64
              " entries.\n"),
           p->list, p->delivered, p->removals, p->out, live);
    if (p->kept.count != 0) {
        puts(TR(c, "未提供或无法用该格式表达的条目：",
                "entries withheld, or not expressible in this format:"));
        gw_cmd_tally_print(c, &p->kept, stdout);
    }
    if (p->state != NULL)
        gw_lists_states(c, &p->state, 1);
    return refused ? GW_EXIT_SOME_REFUSED : GW_EXIT_OK;
}

static const char notes_zh[] =
    "副本目录：entries/ 每条现行条目一个文件，已移出的条目随即删除；cursor 为游标；state.json "
    "为名单状况。再次运行即从上次之后继续。\n"
    "--follow：保持连接，变动随到随用，直到 Ctrl-C。\n"
    "退出码：0 成功；3 成功，但有条目无法用该格式表达；1 失败（已收到的部分已保存）；2 用法错误；5 "
    "连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char notes_en[] =
    "The copy: entries/ has a file for each live entry, an ended entry's file goes; `cursor` says "
    "up\n"
    "to where; state.json how far the list can be relied on. The same command again goes on.\n"
    "--follow stays and applies changes as they come, until Ctrl-C.\n"
    "exit codes: 0 done; 3 done, but some entries can not be expressed in this format; 1 failed "
    "(what\n"
    "was received is kept); 2 usage; 5 no connection, or our identity is not accepted; 6 the "
    "gateway\n"
    "refused the call.\n";

int gw_cmd_lists_pull(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct pull p = {.c = c};
    gw_remote_init(&p.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--format", "FORMAT", &p.format_id, "要求的格式编号", "format to receive"},
        {GW_OPT_TEXT, "--out", "DIR", &p.out, "副本所在目录", "folder of the copy"},
        {GW_OPT_FLAG, "--follow", NULL, &p.follow, "保持连接，随到随用",
         "stay, apply changes as they come"},
        {GW_OPT_FLAG, "--again", NULL, &p.again, "从头重建副本", "build the copy anew"},
        {GW_OPT_TEXT, "--formats", "DIR", &p.formats, "格式目录", "folder of the formats"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"LIST --format FORMAT --out DIR", opts, p.remote.opts,
                                       notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &p.list, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n == 0 || p.format_id == NULL || p.out == NULL) {
        gw_cmd_err(c, "应给出名单编号、--format 和 --out", "name the list, --format and --out");
        return gw_cmd_usage_hint(c);
    }
    GW_CLEANUP(gw_format_set_freep) struct gw_format_set *set = NULL;
    rc = gw_cmd_formats_load(c, p.formats, &set);
    if (rc != GW_EXIT_OK)
        return rc;
    p.format = gw_cmd_format_find(c, set, p.format_id);
    if (p.format == NULL)
        return GW_EXIT_USAGE;
    const char *media = gw_format_media(p.format);
    p.copy = (struct gw_lists_copy){.c = c,
                                    .dir = p.out,
                                    .list = p.list,
                                    .format = p.format_id,
                                    .ending = strcmp(media, "protobuf") == 0 ? "pb" : media};
    gw_cmd_tally_init(&p.kept);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    rc = run(&p);
    if (rc == GW_EXIT_OK)
        rc = summary(&p);
    if (p.state != NULL)
        xinqiao__v1__list_state__free_unpacked(p.state, NULL);
    gw_lists_copy_close(&p.copy);
    gw_cmd_tally_fini(&p.kept);
    gw_remote_fini(&p.remote);
    return rc;
}

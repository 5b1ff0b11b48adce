/* `xinqiao pull`: records into package files, with a cursor that moves together with the data. A
 * file appears under its name only after the cursor file says that it is there: a kill at any
 * moment leaves no gap and no record twice. Next: pull_files.c. */
#include "cmd/pull.h"

#include <inttypes.h>
#include <limits.h>

enum { ATTEMPTS = 8, MESSAGE_MAX = 32 * 1024 * 1024 };

struct pull {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    struct gw_pull_files files;
    const struct gw_format *format;
    uint64_t max, delivered;
    struct gw_buf at;          /* cursor behind the last record that was received */
    struct gw_cmd_tally tally; /* losses and defaults by field */
    struct gw_cmd_tally kept;  /* withheld and refused, by reason */
    bool ended, more, reconnected;
};

static void set_cursor(struct gw_buf *at, const char *cursor)
{
    gw_buf_reset(at);
    gw_buf_str(at, cursor);
    gw_buf_u8(at, 0);
}

static const char *cursor_of(const struct gw_buf *at)
{
    return at->len != 0 ? (const char *)at->ptr : "";
}

static void note_end(struct pull *p, const Xinqiao__V1__PullEnd *e)
{
    for (size_t i = 0; i < e->n_withheld; i++)
        gw_cmd_tally_add(&p->kept, GW_PROBLEM_WITHHELD, e->withheld[i]->reason, "",
                         e->withheld[i]->count);
    for (size_t i = 0; i < e->n_refused; i++)
        gw_cmd_tally_add(&p->kept, GW_PROBLEM_ERROR, e->refused[i]->reason, "",
                         e->refused[i]->count);
    if (e->cursor[0] != '\0')
        set_cursor(&p->at, e->cursor);
    p->ended = true;
    p->more = e->more;
}

static int one(struct pull *p, const struct gw_buf *message)
{
    Xinqiao__V1__PullItem *m = xinqiao__v1__pull_item__unpack(NULL, message->len, message->ptr);
    if (m == NULL) {
        gw_cmd_err(p->c, "网关的应答无法识别，请核对双方版本",
                   "the gateway's answer can not be read; compare the versions");
        return GW_EXIT_FAILED;
    }
    int rc = GW_EXIT_OK;
    if (m->record.len != 0) {
        rc = gw_pull_files_add(&p->files, gw_bytes_make(m->record.data, m->record.len));
        p->delivered++;
        if (m->cursor[0] != '\0')
            set_cursor(&p->at, m->cursor);
        for (size_t i = 0; i < m->n_findings; i++)
            gw_cmd_tally_add(&p->tally, (int)m->findings[i]->type - 1, m->findings[i]->reason,
                             m->findings[i]->field, 1);
        if (rc == GW_EXIT_OK && gw_pull_files_full(&p->files))
            rc = gw_pull_files_commit(&p->files, cursor_of(&p->at));
    }
    if (m->end != NULL)
        note_end(p, m->end);
    xinqiao__v1__pull_item__free_unpacked(m, NULL);
    return rc;
}

/* One call, until its end or the connection's. GW_EXIT_GO_ON: again from the cursor. */
static int attempt(struct pull *p, struct gw_cmd_progress *bar, unsigned tries)
{
    struct gw_buf buf;
    gw_buf_init(&buf, MESSAGE_MAX);
    Xinqiao__V1__PullRequest q = XINQIAO__V1__PULL_REQUEST__INIT;
    q.format = (char *)(uintptr_t)gw_format_id(p->format);
    q.cursor = (char *)(uintptr_t)cursor_of(&p->at);
    q.max_records = p->max != 0 ? (uint32_t)(p->max - p->delivered) : 0;
    GW_CLEANUP(gw_upstream_stream_closep) struct gw_upstream_stream *s = NULL;
    enum gw_status st = gw_remote_pack(&q.base, &buf);
    if (st == GW_OK)
        st = gw_upstream_stream_open(p->remote.client, "/xinqiao.v1.RecordExchange/Pull", 0,
                                     p->remote.metadata, p->remote.metadata_count, &s);
    if (st == GW_OK) {
        st = gw_upstream_stream_send(s, gw_buf_view(&buf));
        gw_upstream_stream_half_close(s);
    }
    int rc = GW_EXIT_OK;
    while (rc == GW_EXIT_OK && (st == GW_OK || st == GW_CLOSED) &&
           (st = gw_upstream_stream_recv(s, -1, &buf)) == GW_OK) {
        rc = one(p, &buf);
        gw_cmd_progress(bar, p->delivered, p->max);
    }
    gw_buf_fini(&buf);
    if (rc != GW_EXIT_OK)
        return rc;
    if (st != GW_CLOSED) {
        gw_cmd_err(p->c, "调用未能完成：%s", "the call could not be made: %s", gw_status_text(st));
        return GW_EXIT_FAILED;
    }
    const struct gw_upstream_result *res = gw_upstream_stream_result(s);
    if (res->code == GW_GRPC_OK && p->ended)
        return GW_EXIT_OK;
    if ((res->code == GW_GRPC_OK || gw_remote_transient(res, p->delivered != 0)) &&
        tries < ATTEMPTS)
        return GW_EXIT_GO_ON;
    return gw_remote_failed(&p->remote, res);
}

static int run(struct pull *p)
{
    int rc = gw_pull_files_open(&p->files, p->format);
    if (rc != GW_EXIT_OK)
        return rc;
    set_cursor(&p->at, p->files.cursor);
    rc = gw_remote_open(&p->remote);
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(p->c, "拉取", "pulling"));
    unsigned tries = 0;
    while (rc == GW_EXIT_OK) {
        uint64_t before = p->delivered;
        rc = attempt(p, &bar, tries);
        if (rc != GW_EXIT_GO_ON)
            break;
        p->reconnected = true;
        if (p->max != 0 && p->delivered >= p->max) {
            rc = GW_EXIT_OK;
            p->more = true;
            break;
        }
        tries = p->delivered > before ? 1 : tries + 1;
        gw_remote_backoff(tries - 1);
        rc = GW_EXIT_OK;
    }
    gw_cmd_progress_end(&bar);
    /* What was received before a failure is good: its cursor says so. */
    int saved = gw_pull_files_finish(&p->files, cursor_of(&p->at), rc == GW_EXIT_OK);
    return rc == GW_EXIT_OK ? saved : rc;
}

static void counts_json(const struct gw_cmd_tally *t, int kind, struct gw_cmd_json *j,
                        const char *key)
{
    gw_cmd_json_open(j, key, '[');
    for (size_t i = 0; i < t->count; i++) {
        if (t->rows[i]->kind != kind)
            continue;
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "reason", t->rows[i]->reason);
        gw_cmd_json_u64(j, "count", t->rows[i]->count);
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}

static bool refused(const struct pull *p)
{
    for (size_t i = 0; i < p->kept.count; i++)
        if (p->kept.rows[i]->kind == GW_PROBLEM_ERROR)
            return true;
    return false;
}

static void summary(struct pull *p)
{
    const struct gw_cmd_ctx *c = p->c;
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "format", gw_format_id(p->format));
        gw_cmd_json_u64(&j, "delivered", p->delivered);
        gw_cmd_json_u64(&j, "files", p->files.written);
        gw_cmd_json_str(&j, "last_file", p->files.last);
        gw_cmd_json_str(&j, "cursor_file", p->files.cursor_path);
        gw_cmd_json_bool(&j, "more", p->more);
        gw_cmd_json_bool(&j, "reconnected", p->reconnected);
        counts_json(&p->kept, GW_PROBLEM_WITHHELD, &j, "withheld");
        counts_json(&p->kept, GW_PROBLEM_ERROR, &j, "refused");
        gw_cmd_tally_json(&p->tally, &j, "findings");
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
        return;
    }
    printf(TR(c, "%s：拉取 %" PRIu64 " 条", "%s: %" PRIu64 " record%s"), gw_format_id(p->format),
           p->delivered, p->delivered == 1 ? "" : "s");
    if (p->files.written == 1)
        printf(TR(c, "，写入文件 %s", " in the file %s"), p->files.last);
    else if (p->files.written != 0)
        printf(
            TR(c, "，写入 %" PRIu64 " 个文件，最后为 %s", " in %" PRIu64 " files, the last is %s"),
            p->files.written, p->files.last);
    printf("%s", TR(c, "。\n", ".\n"));
    if (p->kept.count != 0) {
        puts(TR(c, "未提供或无法用该格式表达的记录：",
                "records withheld, or not expressible in this format:"));
        gw_cmd_tally_print(c, &p->kept, stdout);
    }
    if (refused(p))
        printf(TR(c,
                  "网关只给出原因，不给出字段。要知道是哪条记录的哪个字段：用能承载它们的格式拉取同"
                  "一批"
                  "记录，\n再运行 xinqiao translate --from 该格式 --to %s --in 文件 --out 文件 "
                  "--report 清单\n",
                  "The gateway gives reasons here, not fields. For the record and the field: pull "
                  "the same records in\na format that holds them, then xinqiao translate --from "
                  "THAT-FORMAT --to %s --in FILE --out FILE --report LIST\n"),
               gw_format_id(p->format));
    if (p->tally.count != 0) {
        puts(TR(c, "未转换或按缺省值填写的字段：", "fields lost or defaulted:"));
        gw_cmd_tally_print(c, &p->tally, stdout);
    }
    if (p->reconnected)
        puts(TR(c, "连接曾中断并自动续传；未提供的计数只含最后一次连接。",
                "The connection broke and was resumed; the withheld counts are those of the last "
                "connection."));
    if (p->more)
        puts(TR(c, "还有更多记录：再次运行同一命令即可继续。",
                "There is more: run the same command again."));
}

static const char notes_zh[] =
    "--out 为目录时，每满 10,000 条写一个数据包文件，游标记在目录中的 cursor "
    "文件，再次运行即从上次之后继续；\n"
    "--out 为文件时一次写入该文件（不覆盖已有文件）；要续拉时用 --cursor 指明游标文件。\n"
    "退出码：0 成功（授权之外而未提供的记录也算成功）；3 成功，但有记录无法用该格式表达；1 "
    "失败（已收到的部分已保存）；2 用法错误；5 连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char notes_en[] =
    "With a folder as --out a package file is written for every 10,000 records; the file `cursor` "
    "in it\n"
    "says where to go on the next time. With a file as --out all goes into that file (never over "
    "one\n"
    "that exists); give --cursor to go on later.\n"
    "exit codes: 0 done, also when records outside the grant were withheld; 3 done, but some "
    "records can\nnot be expressed in this format; 1 failed (what was received is kept); 2 usage; "
    "5 no connection, or\nour identity is not accepted; 6 the gateway refused the call.\n";

int gw_cmd_pull(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct pull p = {.c = c};
    const char *format = NULL, *formats = NULL;
    p.files = (struct gw_pull_files){.c = c, .per_file = 10000};
    gw_remote_init(&p.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--format", "FORMAT", &format, "要求的格式编号", "format to receive"},
        {GW_OPT_TEXT, "--out", "DIR|FILE", &p.files.out, "写到的目录或文件",
         "folder or file to write"},
        {GW_OPT_TEXT, "--cursor", "FILE", &p.files.cursor_given, "游标文件", "cursor file"},
        {GW_OPT_U64, "--max", "N", &p.max, "最多拉取的条数，缺省全部", "at most so many records"},
        {GW_OPT_U64, "--per-file", "N", &p.files.per_file, "每个文件的条数，缺省 10000",
         "records a file, 10000 by default"},
        {GW_OPT_TEXT, "--formats", "DIR", &formats, "格式目录", "folder of the formats"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"--format FORMAT --out DIR|FILE", opts, p.remote.opts,
                                       notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, NULL, 0, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (p.max > UINT32_MAX || p.files.per_file == 0) {
        gw_cmd_err(c, "%s 的值应为 1 到 %s 之间", "the value of %s must be 1 to %s",
                   p.files.per_file == 0 ? "--per-file" : "--max",
                   p.files.per_file == 0 ? "18446744073709551615" : "4294967295");
        return gw_cmd_usage_hint(c);
    }
    if (format == NULL || p.files.out == NULL) {
        gw_cmd_err(c, "--format 和 --out 必须给出", "--format and --out must be given");
        return gw_cmd_usage_hint(c);
    }
    GW_CLEANUP(gw_format_set_freep) struct gw_format_set *set = NULL;
    rc = gw_cmd_formats_load(c, formats, &set);
    if (rc != GW_EXIT_OK)
        return rc;
    p.format = gw_cmd_format_find(c, set, format);
    if (p.format == NULL)
        return GW_EXIT_USAGE;
    gw_buf_init(&p.at, 64 * 1024);
    gw_cmd_tally_init(&p.tally);
    gw_cmd_tally_init(&p.kept);
    rc = run(&p);
    if (rc == GW_EXIT_OK) {
        summary(&p);
        rc = refused(&p) ? GW_EXIT_SOME_REFUSED : GW_EXIT_OK;
    } else if (p.delivered != 0)
        gw_cmd_err(c, "已保存 %" PRIu64 " 条；再次运行同一命令即可继续",
                   "%" PRIu64 " records are kept; run the same command again to go on",
                   p.delivered);
    gw_pull_files_close(&p.files);
    gw_remote_fini(&p.remote);
    gw_cmd_tally_fini(&p.tally);
    gw_cmd_tally_fini(&p.kept);
    gw_buf_fini(&p.at);
    return rc;
}

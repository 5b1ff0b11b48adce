/* `xinqiao push`: a package to the gateway, row by row, with a receipt for each; as a batch it can
 * be stopped, cut off and resumed, and ends with a signed sheet. Next: push_plan.c, push_stream.c.
 */
#include "cmd/push.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { SHOWN_REFUSALS = 20 };

struct push {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    struct gw_push_plan plan;
    struct gw_push_state state;
    const char *format, *formats, *batch, *until, *resend, *key_field, *sheet, *feedback, *out;
    int64_t until_us; /* fixed at the start: the check of a large file may take minutes */
    bool dry_run, raw;
    bool closed;     /* the batch was closed; then these are the sheet's */
    char base[4000]; /* what the files beside the package are named after */
    char sheet_path[4096], feedback_path[4096];
};

/* The next time it is HH:MM in UTC+8. */
static enum gw_status until_parse(const char *s, int64_t *ret_us)
{
    int h, m, used = 0;
    if (sscanf(s, "%2d:%2d%n", &h, &m, &used) != 2 || s[used] != '\0' || h < 0 || h > 23 || m < 0 ||
        m > 59)
        return GW_INVALID;
    int64_t now = gw_clock_wall_us();
    int64_t day = 86400 * GW_USEC_PER_SEC, zone = 8 * 3600 * GW_USEC_PER_SEC;
    int64_t at = (now + zone) / day * day - zone + (int64_t)(h * 3600 + m * 60) * GW_USEC_PER_SEC;
    *ret_us = at > now ? at : at + day;
    return GW_OK;
}

static void print_refusals(const struct push *p, FILE *f)
{
    const struct gw_push_refusals *l = &p->plan.refusals;
    for (size_t i = 0; i < l->count && i < SHOWN_REFUSALS; i++) {
        const struct gw_push_refusal *r = &l->items[i];
        fprintf(f, TR(p->c, "  第 %" PRIu64 " 行  %s（%s）\n", "  row %" PRIu64 "  %s (%s)\n"),
                r->row, TR(p->c, r->zh, r->en), r->reason);
    }
    if (l->count > SHOWN_REFUSALS)
        fprintf(f, TR(p->c, "  ……另有 %zu 处\n", "  ... and %zu more\n"),
                l->count - SHOWN_REFUSALS);
}

static void json_refusals(const struct push *p, struct gw_cmd_json *j)
{
    const struct gw_push_refusals *l = &p->plan.refusals;
    gw_cmd_json_open(j, "refusals", '[');
    for (size_t i = 0; i < l->count; i++) {
        const struct gw_push_refusal *r = &l->items[i];
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_u64(j, "row", r->row);
        gw_cmd_json_str(j, "key", r->key);
        gw_cmd_json_str(j, "field", r->field);
        gw_cmd_json_str(j, "reason", r->reason);
        gw_cmd_json_str(j, "text", TR(p->c, r->zh, r->en));
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}

static int dry_run(struct push *p)
{
    const struct gw_push_plan *l = &p->plan;
    if (p->c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_bool(&j, "dry_run", true);
        gw_cmd_json_u64(&j, "declared", l->count);
        gw_cmd_json_u64(&j, "good", l->count - l->bad);
        gw_cmd_json_u64(&j, "refused", l->bad);
        gw_cmd_json_hex(&j, "digest", gw_bytes_make(l->digest.byte, sizeof(l->digest.byte)));
        json_refusals(p, &j);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else {
        printf(TR(p->c,
                  "试运行：%s 共 %" PRIu64 " 条，合格 %" PRIu64 " 条，不合格 %" PRIu64
                  " 条；未发送任何数据（法律依据由网关核对）\n",
                  "dry run: %s has %" PRIu64 " rows, %" PRIu64 " good, %" PRIu64
                  " bad; nothing was sent (the legal basis is checked by the gateway)\n"),
               l->path, l->count, l->count - l->bad, l->bad);
        print_refusals(p, stdout);
    }
    if (p->feedback != NULL) {
        int rc = gw_push_feedback_write(p->c, p->feedback, l, "", &l->refusals);
        if (rc != GW_EXIT_OK)
            return rc;
    }
    return l->bad != 0 ? GW_EXIT_SOME_REFUSED : GW_EXIT_OK;
}

static int open_batch(struct push *p)
{
    int rc = gw_push_state_open(&p->state, p->base, p->batch, &p->plan);
    if (rc != GW_EXIT_OK)
        return rc;
    Xinqiao__V1__OpenBatchRequest m = XINQIAO__V1__OPEN_BATCH_REQUEST__INIT;
    m.batch = p->state.batch;
    m.declared = p->plan.count;
    m.digest = (ProtobufCBinaryData){sizeof(p->plan.digest.byte), p->plan.digest.byte};
    m.format = (char *)(uintptr_t)p->plan.format_id;
    Xinqiao__V1__Batch *b = NULL;
    rc = gw_remote_unary(&p->remote, "/xinqiao.v1.RecordExchange/OpenBatch", &m.base,
                         &xinqiao__v1__batch__descriptor, &b, NULL);
    if (rc != GW_EXIT_OK) {
        /* Nothing was sent under this id: a new run may choose another. */
        if (!p->state.resumed && rc != GW_EXIT_UNREACHABLE)
            gw_push_state_close(&p->state, true);
        return rc;
    }
    struct gw_push_counts *n = &p->state.counts;
    if (p->state.resumed && !p->c->json)
        printf(TR(p->c, "续传批次 %s：网关已连续收到 %" PRIu64 " 行\n",
                  "going on with batch %s: the gateway has %" PRIu64 " rows without a gap\n"),
               b->batch, b->contiguous);
    /* A gateway that knows less than we do was restored from a copy: what it lacks is sent again.
     */
    if (b->contiguous < n->acked)
        *n = (struct gw_push_counts){.acked = b->contiguous};
    xinqiao__v1__batch__free_unpacked(b, NULL);
    return GW_EXIT_OK;
}

/* Closing answers the sheet; its counts are the ones that hold. */
static int close_batch(struct push *p)
{
    Xinqiao__V1__CloseBatchRequest m = XINQIAO__V1__CLOSE_BATCH_REQUEST__INIT;
    m.batch = p->state.batch;
    Xinqiao__V1__BatchSheet *sheet = NULL;
    int rc = gw_remote_unary(&p->remote, "/xinqiao.v1.RecordExchange/CloseBatch", &m.base,
                             &xinqiao__v1__batch_sheet__descriptor, &sheet, NULL);
    if (rc != GW_EXIT_OK)
        return rc;
    Xinqiao__V1__SheetBody *s =
        xinqiao__v1__sheet_body__unpack(NULL, sheet->sheet.len, sheet->sheet.data);
    struct gw_buf text;
    gw_buf_init(&text, 256u << 20);
    if (s == NULL || s->batch == NULL || gw_sheet_text(p->c, sheet, true, &text) != GW_OK) {
        gw_cmd_err(p->c, "交接单无法读取，请核对双方版本",
                   "the sheet can not be read; compare the versions");
        rc = GW_EXIT_FAILED;
    } else {
        p->state.counts =
            (struct gw_push_counts){s->batch->declared, s->batch->added, s->batch->repeated_rows,
                                    s->batch->updated, s->batch->refused};
        p->closed = true;
        rc = gw_cmd_write_file(p->c, p->sheet_path, gw_buf_view(&text));
    }
    gw_buf_fini(&text);
    xinqiao__v1__sheet_body__free_unpacked(s, NULL);
    xinqiao__v1__batch_sheet__free_unpacked(sheet, NULL);
    return rc;
}

/* A command that can be pasted. */
static void say_resend(const struct push *p)
{
    const struct gw_remote *r = &p->remote;
    const char *const given[][2] = {{"--as", r->as},
                                    {"--connect", r->connect},
                                    {"--cert", r->cert},
                                    {"--key", r->key},
                                    {"--ca", r->ca},
                                    {"--config", r->config},
                                    {"--key-field", p->key_field},
                                    {"--formats", p->formats},
                                    {"--out", p->out},
                                    {"--purpose", r->purpose},
                                    {"--case", r->case_ref}};
    printf(TR(p->c, "反馈文件：%s\n改正后：xinqiao push %s --format %s --resend %s",
              "feedback: %s\nwhen corrected: xinqiao push %s --format %s --resend %s"),
           p->feedback_path, p->plan.path, p->plan.format_id, p->feedback_path);
    for (size_t i = 0; i < GW_ARRAY_LEN(given); i++)
        if (given[i][1] != NULL)
            printf(" %s %s", given[i][0], given[i][1]);
    puts(p->batch != NULL ? " --batch" : "");
}

static void summary(struct push *p, const struct gw_push_run *r)
{
    const struct gw_push_counts *n = &p->state.counts;
    const char *batch = p->state.fd >= 0 ? p->state.batch : "";
    if (p->c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "batch", batch);
        gw_cmd_json_u64(&j, "declared", p->plan.count);
        gw_cmd_json_u64(&j, "confirmed", n->acked);
        gw_cmd_json_u64(&j, "new", n->added);
        gw_cmd_json_u64(&j, "duplicate", n->repeated);
        gw_cmd_json_u64(&j, "updated", n->updated);
        gw_cmd_json_u64(&j, "refused", n->refused);
        gw_cmd_json_bool(&j, "closed", p->closed);
        gw_cmd_json_str(&j, "sheet", p->closed ? p->sheet_path : "");
        json_refusals(p, &j);
        gw_cmd_tally_json(&r->tally, &j, "findings");
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
        return;
    }
    if (p->closed)
        printf(TR(p->c, "批次 %s 已关闭。\n", "batch %s is closed.\n"), batch);
    printf(TR(p->c,
              "应收 %" PRIu64 " ＝ 新增 %" PRIu64 " ＋ 重复 %" PRIu64 " ＋ 更新 %" PRIu64
              " ＋ 拒绝 %" PRIu64 "\n",
              "declared %" PRIu64 " = new %" PRIu64 " + repeated %" PRIu64 " + updated %" PRIu64
              " + refused %" PRIu64 "\n"),
           n->acked, n->added, n->repeated, n->updated, n->refused);
    if (r->last_entry != 0 && r->first_entry == r->last_entry)
        printf(TR(p->c, "存证：交换日志第 %" PRIu64 " 条\n",
                  "evidence: exchange log entry %" PRIu64 "\n"),
               r->first_entry);
    else if (r->last_entry != 0)
        printf(TR(p->c, "存证：交换日志第 %" PRIu64 " 至 %" PRIu64 " 条\n",
                  "evidence: exchange log entries %" PRIu64 " to %" PRIu64 "\n"),
               r->first_entry, r->last_entry);
    if (p->plan.refusals.count != 0) {
        printf("%s", TR(p->c, "拒绝的行：\n", "refused rows:\n"));
        print_refusals(p, stdout);
    }
    if (p->closed)
        printf(TR(p->c, "交接单：%s\n", "sheet: %s\n"), p->sheet_path);
    if (p->feedback_path[0] != '\0')
        say_resend(p);
}

static void say_stopped(const struct push *p)
{
    const struct gw_push_counts *n = &p->state.counts;
    gw_cmd_err(p->c,
               "已到 %s，停止报送：已确认 %" PRIu64 "/%" PRIu64
               " 条。再次运行同一命令即可%s（退出码 4）",
               "stopped at %s with %" PRIu64 " of %" PRIu64
               " rows confirmed. Run the same command again to %s (exit code 4)",
               p->until, n->acked, p->plan.count,
               p->state.fd >= 0 ? TR(p->c, "续传", "go on")
                                : TR(p->c, "重报，已确认的行计为重复",
                                     "send again; rows confirmed before count as repeated"));
}

static int send_all(struct push *p)
{
    struct gw_push_run r = {.c = p->c,
                            .remote = &p->remote,
                            .plan = &p->plan,
                            .state = &p->state,
                            .until_us = p->until_us};
    int rc = gw_remote_open(&p->remote);
    if (rc == GW_EXIT_OK && p->batch != NULL)
        rc = open_batch(p);
    else
        gw_push_refusals_fini(&p->plan.refusals); /* the gateway's answers take their place */
    if (rc != GW_EXIT_OK)
        return rc;
    gw_cmd_tally_init(&r.tally);
    r.answered = p->batch != NULL;
    rc = gw_push_stream(&r);
    if (rc == GW_EXIT_OK && p->batch != NULL)
        rc = close_batch(p);
    bool wanted = p->feedback != NULL ||
                  (p->plan.refusals.count != 0 && (p->batch != NULL || p->out != NULL));
    if (rc == GW_EXIT_OK && wanted) {
        snprintf(p->feedback_path, sizeof(p->feedback_path),
                 p->feedback != NULL ? "%s" : "%s.feedback.json",
                 p->feedback != NULL ? p->feedback : p->base);
        rc = gw_push_feedback_write(p->c, p->feedback_path, &p->plan, p->state.batch,
                                    &p->plan.refusals);
    }
    if (rc == GW_EXIT_OK || rc == GW_EXIT_STOPPED)
        summary(p, &r);
    if (rc == GW_EXIT_STOPPED)
        say_stopped(p);
    else if (rc != GW_EXIT_OK && p->state.fd >= 0)
        gw_cmd_err(p->c,
                   "批次 %s 未完成：已确认 %" PRIu64 "/%" PRIu64 " 行；再次运行同一命令即可续传",
                   "batch %s is not finished: %" PRIu64 " of %" PRIu64
                   " rows confirmed; run the same command again to go on",
                   p->state.batch, p->state.counts.acked, p->plan.count);
    gw_push_state_close(&p->state, rc == GW_EXIT_OK);
    gw_cmd_tally_fini(&r.tally);
    return rc == GW_EXIT_OK && p->state.counts.refused != 0 ? GW_EXIT_SOME_REFUSED : rc;
}

/* Sheet, feedback and state are named after the package, in its folder or in --out. */
static int name_files(struct push *p)
{
    const char *slash = strrchr(p->plan.path, '/');
    const char *name = slash != NULL ? slash + 1 : p->plan.path;
    if (p->out != NULL) {
        enum gw_status st = gw_file_mkdirs(p->out, 0755);
        if (st != GW_OK)
            return gw_cmd_file_failed(p->c, p->out, st);
        snprintf(p->base, sizeof(p->base), "%s/%s", p->out, name);
    } else {
        snprintf(p->base, sizeof(p->base), "%s", p->plan.path);
    }
    snprintf(p->sheet_path, sizeof(p->sheet_path), p->sheet != NULL ? "%s" : "%s.sheet.txt",
             p->sheet != NULL ? p->sheet : p->base);
    return GW_EXIT_OK;
}

static int prepare(struct push *p, const struct gw_format_set *set)
{
    p->plan.format_id = p->format;
    if (!p->raw && (p->plan.format = gw_cmd_format_find(p->c, set, p->format)) == NULL)
        return GW_EXIT_USAGE;
    const char *why = "";
    if (p->key_field != NULL &&
        (strncmp(p->key_field, "subject", 7) == 0 ||
         gw_canon_path_compile(p->key_field, &p->plan.key_path, &why) != GW_OK)) {
        gw_cmd_err(p->c,
                   "--key-field %s 不能用作投递键：须为规范记录中的文本字段，且不得是主体标识",
                   "--key-field %s can not be a delivery key: it must be a text field of the "
                   "canonical record and no identifier of the subject",
                   p->key_field);
        return GW_EXIT_USAGE;
    }
    if (p->resend != NULL) {
        int rc = gw_push_feedback_rows(p->c, p->resend, &p->plan.selected, &p->plan.selected_max);
        if (rc != GW_EXIT_OK)
            return rc;
    }
    int rc = gw_push_plan_make(&p->plan);
    if (rc == GW_EXIT_OK && p->plan.count == 0) {
        gw_cmd_err(p->c, "%s 中没有要报送的记录", "there is nothing to push in %s", p->plan.path);
        rc = GW_EXIT_FAILED;
    }
    return rc;
}

static const char notes_zh[] =
    "投递键缺省为业务键（主体、文书号、机关、日期）的 SHA-256，重复报送同一记录不会重复入库。\n"
    "批次：编号记在 "
    "FILE.xinqiao-batch；中断后再次运行同一命令，从最后确认的行继续；完成后写出交接单。\n"
    "改正被拒绝的行后用 --resend 反馈文件 "
    "只报送这些行（行号须与原文件一致；改正后文件头中的旧摘要不再"
    "核对）。\n"
    "退出码：0 全部接收；3 有行被拒绝；4 到 --until 时间停止，可续传；5 连接不上或身份不被接受；6 "
    "网关拒绝了调用；2 用法错误；1 "
    "失败。\n";
static const char notes_en[] =
    "The delivery key is the SHA-256 of the business key (subject, document number, agency, date) "
    "by\n"
    "default: pushing a record again does not store it again.\n"
    "Batches: the id is kept in FILE.xinqiao-batch; after a break run the same command again and "
    "it goes\n"
    "on behind the last confirmed row; at the end the sheet is written.\n"
    "After correcting refused rows push only these with --resend FEEDBACK (row numbers as "
    "before; the\ndigest in the file's header is not checked then, the corrections have changed "
    "it).\n"
    "exit codes: 0 all accepted; 3 some rows refused; 4 stopped at --until, can go on; 5 no "
    "connection,\n"
    "or our identity is not accepted; 6 the gateway refused the call; 2 usage; 1 failed.\n";

int gw_cmd_push(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct push p = {.c = c, .state = {.fd = -1}};
    gw_remote_init(&p.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--format", "FORMAT", &p.format, "文件的格式编号", "format of the file"},
        {GW_OPT_MAYBE, "--batch", "UUID", &p.batch, "作为交接批次报送，可续传",
         "as a batch that can be resumed"},
        {GW_OPT_TEXT, "--until", "HH:MM", &p.until, "到此时刻（北京时间）停止",
         "stop at this time (UTC+8)"},
        {GW_OPT_FLAG, "--dry-run", NULL, &p.dry_run, "只在本地检查，不发送",
         "check here, send nothing"},
        {GW_OPT_TEXT, "--resend", "FEEDBACK", &p.resend, "只报送反馈文件中被拒绝的行",
         "only the rows refused in this feedback file"},
        {GW_OPT_TEXT, "--key-field", "FIELD", &p.key_field,
         "投递键取自规范字段，如 penalty.case_no",
         "delivery key from a canonical field, e.g. penalty.case_no"},
        {GW_OPT_TEXT, "--sheet", "FILE", &p.sheet, "交接单文件，缺省 FILE.sheet.txt",
         "sheet file, FILE.sheet.txt by default"},
        {GW_OPT_TEXT, "--feedback", "FILE", &p.feedback,
         "反馈文件（.json 或 .xml），批次缺省 FILE.feedback.json",
         "feedback file (.json or .xml), FILE.feedback.json by default with --batch"},
        {GW_OPT_TEXT, "--out", "DIR", &p.out,
         "交接单、反馈和续传文件写到此目录，缺省与 FILE 同目录",
         "folder for sheet, feedback and state, that of FILE by default"},
        {GW_OPT_FLAG, "--raw", NULL, &p.raw, "整个文件作为一条记录发送，本地不检查",
         "the whole file is one record; nothing is checked here"},
        {GW_OPT_TEXT, "--formats", "DIR", &p.formats, "格式目录", "folder of the formats"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"FILE --format FORMAT [--batch [UUID]]", opts, p.remote.opts,
                                       notes_zh, notes_en};
    const char *path[1];
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, path, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n != 1 || p.format == NULL || strcmp(path[0], "-") == 0) {
        gw_cmd_err(c, "请给出文件和 --format", "name the file and --format");
        return gw_cmd_usage_hint(c);
    }
    if (p.until != NULL && until_parse(p.until, &p.until_us) != GW_OK) {
        gw_cmd_err(c, "--until 的写法为 HH:MM（北京时间），如 02:00",
                   "--until is HH:MM in UTC+8, e.g. 02:00");
        return GW_EXIT_USAGE;
    }
    if (p.batch != NULL && p.batch[0] != '\0' && strlen(p.batch) != 36) {
        gw_cmd_err(c, "批次号应为 36 位 UUID", "a batch id is a UUID of 36 characters");
        return GW_EXIT_USAGE;
    }
    p.plan.c = c;
    p.plan.path = path[0];
    rc = name_files(&p);
    if (rc != GW_EXIT_OK)
        return rc;
    if (p.batch == NULL && !p.dry_run && gw_push_state_exists(p.base))
        p.batch = ""; /* an unfinished batch of this file: go on with it */
    GW_CLEANUP(gw_format_set_freep) struct gw_format_set *set = NULL;
    if (!p.raw)
        rc = gw_cmd_formats_load(c, p.formats, &set);
    if (rc == GW_EXIT_OK)
        rc = prepare(&p, set);
    if (rc == GW_EXIT_OK)
        rc = p.dry_run ? dry_run(&p) : send_all(&p);
    gw_push_state_close(&p.state, false);
    gw_remote_fini(&p.remote);
    gw_push_plan_fini(&p.plan);
    return rc;
}

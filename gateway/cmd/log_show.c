/* `xinqiao log show`: one entry, as a sentence and with all its fields. */
#include "cmd/log.h"

#include <inttypes.h>

#include "base/text.h"

static const char notes_zh[] = "DIR 缺省为 data/log。只能看到已发布（checkpoint "
                               "覆盖）的条目。离线读取不产生查阅记录，由持有文件者负责。\n"
                               "退出码：0 成功；1 没有该条或内容损坏；2 用法错误或目录无法读取。\n";
static const char notes_en[] = "Only published entries (covered by the checkpoint) can be seen. "
                               "Reading offline leaves no ACCESS\n"
                               "entry: whoever holds the files answers for it.\n"
                               "exit codes: 0 shown; 1 no such entry, or it is damaged; 2 usage, "
                               "or the folder can not be read.\n";

static void print_text(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e, uint64_t seq)
{
    struct gw_buf b;
    gw_buf_init(&b, 64 * 1024);
    gw_log_sentence(c, e, &b);
    printf(TR(c, "第 %" PRIu64 " 条：%.*s\n", "entry %" PRIu64 ": %.*s\n"), seq,
           GW_BYTES_FMT(gw_buf_view(&b)));
    for (int f = GW_AF_VERSION; f < GW_AF_COUNT; f++) {
        if (!gw_audit_has(e, (enum gw_audit_field)f))
            continue;
        gw_buf_reset(&b);
        gw_log_value(e, (enum gw_audit_field)f, &b);
        printf("  ");
        gw_cmd_pad(stdout, gw_audit_field_name((enum gw_audit_field)f), 18);
        printf("%.*s\n", GW_BYTES_FMT(gw_buf_view(&b)));
    }
    gw_buf_fini(&b);
}

static void print_json(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e)
{
    struct gw_buf b;
    struct gw_cmd_json j;
    gw_buf_init(&b, 64 * 1024);
    gw_log_sentence(c, e, &b);
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_cmd_json_bytes(&j, "text", gw_buf_view(&b));
    gw_log_json(e, &j);
    gw_cmd_json_close(&j, '}');
    gw_cmd_json_print(&j, stdout);
    gw_buf_fini(&b);
}

int gw_cmd_log_show(struct gw_cmd_ctx *c, int argc, char **argv)
{
    const char *dir = "data/log", *pos[2];
    const struct gw_cmd_opt opts[] = {
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"[DIR] SEQ", opts, NULL, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, pos, 2, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    uint64_t seq;
    if (n == 2)
        dir = pos[0];
    if (n == 0 || gw_text_u64(gw_bytes_str(pos[n - 1]), &seq) != GW_OK) {
        gw_cmd_err(c, "请给出条目序号", "name the entry's number");
        return gw_cmd_usage_hint(c);
    }
    char shard[4096];
    rc = gw_log_shard(c, dir, shard, sizeof(shard));
    if (rc != GW_EXIT_OK)
        return rc;
    struct gw_buf error;
    gw_buf_init(&error, 64 * 1024);
    struct gw_audit_reader *r = NULL;
    enum gw_status st = gw_audit_reader_open(shard, &r, &error);
    if (st != GW_OK) {
        gw_cmd_err(c, "日志 %s 无法读取：%.*s", "the log %s can not be read: %.*s", shard,
                   GW_BYTES_FMT(gw_buf_view(&error)));
        gw_buf_fini(&error);
        return GW_EXIT_USAGE;
    }
    struct gw_bytes bytes;
    struct gw_audit_entry e;
    st = gw_audit_reader_get(r, seq, &bytes);
    rc = GW_EXIT_FAILED;
    if (st == GW_NOT_FOUND)
        gw_cmd_err(c, "没有第 %" PRIu64 " 条：已发布 %" PRIu64 " 条（从 0 起）",
                   "there is no entry %" PRIu64 ": %" PRIu64 " are published, counted from 0", seq,
                   gw_audit_reader_size(r));
    else if (st != GW_OK || gw_audit_entry_decode(bytes, &e) != GW_OK)
        gw_cmd_err(c, "第 %" PRIu64 " 条已损坏，请运行 xinqiao log verify",
                   "entry %" PRIu64 " is damaged; run xinqiao log verify", seq);
    else {
        if (c->json)
            print_json(c, &e);
        else
            print_text(c, &e, seq);
        rc = GW_EXIT_OK;
    }
    gw_audit_reader_close(r);
    gw_buf_fini(&error);
    return rc;
}

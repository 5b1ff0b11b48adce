/* `xinqiao lists publish`, `lists remove`: what the competent body sends. Rows of a package become
 * entries; with --snapshot or --batch they are one version that takes effect as a whole, or is
 * held. The same file again changes nothing. */
#include "cmd/lists.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/package.h"
#include "crypto/crypto.h"

enum {
    EXIT_HELD = 4,
    IN_FLIGHT = 500,
    SHOWN = 20,
    MESSAGE_MAX = 16 * 1024 * 1024,
    ARENA_MAX = 16 * 1024 * 1024,
    ENTRY_MAX = 128,
    MAX_MEASURES = 64
};

struct publish {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    const char *path, *list, *format_id, *formats, *version, *as_of, *key_field, *measures, *end,
        *ended_on;
    bool snapshot, batch, empty;
    uint64_t revision;
    /* resolved */
    const struct gw_format *format;
    struct gw_canon_path key_path;
    char *measure[MAX_MEASURES];
    size_t measure_count;
    int64_t as_of_us;
    uint64_t declared;
    /* the call */
    struct gw_upstream_stream *s;
    struct gw_buf out, in;
    uint64_t sent, answered, shown;
    uint64_t outcome[XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD + 1];
    Xinqiao__V1__ListVersionCounts counts; /* of the answer to `close` */
    bool closed_held, closed_applied;
    struct gw_cmd_json j;
};

/* ---- receipts ----------------------------------------------------------------------------------
 */

static void refusal(struct publish *p, const Xinqiao__V1__ListReceipt *m)
{
    if (p->c->json) {
        gw_cmd_json_open(&p->j, NULL, '{');
        gw_cmd_json_str(&p->j, "entry", m->entry);
        gw_lists_findings_json(p->c, &p->j, m->findings, m->n_findings);
        gw_cmd_json_close(&p->j, '}');
        return;
    }
    if (p->shown++ == SHOWN)
        puts(TR(p->c, "  ……", "  ..."));
    if (p->shown > SHOWN)
        return;
    printf(TR(p->c, "  被拒绝：%s\n", "  refused: %s\n"),
           m->entry[0] != '\0' ? m->entry : TR(p->c, "（版本）", "(the version)"));
    gw_lists_findings(p->c, m->findings, m->n_findings, stdout);
}

static int receipt(struct publish *p)
{
    Xinqiao__V1__ListReceipt *m = xinqiao__v1__list_receipt__unpack(NULL, p->in.len, p->in.ptr);
    if (m == NULL || p->answered == p->sent) {
        gw_cmd_err(p->c, "网关的回执无法识别，请核对双方版本",
                   "the gateway's receipt can not be read; compare the versions");
        if (m != NULL)
            xinqiao__v1__list_receipt__free_unpacked(m, NULL);
        return GW_EXIT_FAILED;
    }
    p->answered++;
    int outcome = (int)m->outcome;
    if (outcome > 0 && outcome < (int)GW_ARRAY_LEN(p->outcome))
        p->outcome[outcome]++;
    if (m->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED)
        refusal(p, m);
    p->closed_held |= m->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD;
    p->closed_applied |= m->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_APPLIED;
    if (m->counts != NULL)
        p->counts = *m->counts; /* numbers only */
    xinqiao__v1__list_receipt__free_unpacked(m, NULL);
    return GW_EXIT_GO_ON;
}

/* Takes receipts until at most `left` are outstanding. GW_EXIT_GO_ON, or how the call ended. */
static int take(struct publish *p, uint64_t left)
{
    while (p->sent - p->answered > left) {
        enum gw_status st = gw_upstream_stream_recv(p->s, -1, &p->in);
        if (st == GW_CLOSED)
            return gw_remote_failed(&p->remote, gw_upstream_stream_result(p->s));
        if (st != GW_OK)
            return gw_cmd_file_failed(p->c, p->path != NULL ? p->path : "-", st);
        int rc = receipt(p);
        if (rc != GW_EXIT_GO_ON)
            return rc;
    }
    return GW_EXIT_GO_ON;
}

/* The call ended while we were sending: the receipts that came before it, then why. */
static int closed(struct publish *p)
{
    int rc = GW_EXIT_GO_ON;
    while (rc == GW_EXIT_GO_ON && gw_upstream_stream_recv(p->s, -1, &p->in) == GW_OK)
        rc = receipt(p);
    return rc == GW_EXIT_GO_ON ? gw_remote_failed(&p->remote, gw_upstream_stream_result(p->s)) : rc;
}

static int send_item(struct publish *p, Xinqiao__V1__ListPublishItem *item)
{
    enum gw_status st = gw_remote_pack(&item->base, &p->out);
    if (st == GW_OK)
        st = gw_upstream_stream_send(p->s, gw_buf_view(&p->out));
    if (st == GW_CLOSED)
        return closed(p);
    if (st != GW_OK)
        return gw_cmd_file_failed(p->c, p->path != NULL ? p->path : "-", st);
    p->sent++;
    return take(p, IN_FLIGHT);
}

/* ---- items -------------------------------------------------------------------------------------
 */

static int send_open(struct publish *p)
{
    Google__Protobuf__Timestamp as_of = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    as_of.seconds = p->as_of_us / GW_USEC_PER_SEC;
    as_of.nanos = (int32_t)(p->as_of_us % GW_USEC_PER_SEC) * 1000;
    Xinqiao__V1__ListVersionOpen m = XINQIAO__V1__LIST_VERSION_OPEN__INIT;
    m.list = (char *)(uintptr_t)p->list;
    m.version = (char *)(uintptr_t)p->version;
    m.snapshot = p->snapshot;
    m.declared = p->declared;
    m.empty = p->empty;
    m.as_of = &as_of;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_OPEN;
    item.open = &m;
    int rc = send_item(p, &item);
    /* A version that is refused must not have its rows sent as entries of their own. */
    rc = rc == GW_EXIT_GO_ON ? take(p, 0) : rc;
    if (rc == GW_EXIT_GO_ON && p->outcome[XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED] != 0)
        rc = GW_EXIT_SOME_REFUSED;
    return rc;
}

/* The source's id of an entry: the field that was asked for, else a hash of the business key, else
 * (a row that can not be read) of its bytes. Hashes, because a business key names its subject. */
static void entry_id(const struct publish *p, struct gw_arena *a, struct gw_bytes bytes,
                     char ret[ENTRY_MAX + 1])
{
    struct gw_format_clock clock = {gw_clock_wall_us()};
    struct gw_report report;
    gw_record *r = NULL;
    gw_arena_reset(a);
    gw_report_init(&report, a);
    if (gw_format_decode(p->format, bytes, &clock, a, &report, &r) != GW_OK)
        r = NULL;
    struct gw_canon_value v = {.present = false};
    if (r != NULL && p->key_path.text != NULL)
        gw_canon_get(r, &p->key_path, &v);
    if (v.present && v.type == GW_CANON_TEXT && v.text.len != 0 && v.text.len <= ENTRY_MAX) {
        snprintf(ret, ENTRY_MAX + 1, "%.*s", GW_BYTES_FMT(v.text));
        return;
    }
    struct gw_buf key;
    gw_buf_init(&key, 64 * 1024);
    bool weak = false;
    if (r != NULL && gw_canon_business_key(r, &key, &weak) == GW_OK && key.len != 0)
        bytes = gw_buf_view(&key);
    struct gw_hash h;
    gw_crypto_sha256(bytes, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    struct gw_buf hex;
    gw_buf_init_fixed(&hex, ret, 64);
    gw_hex_put(&hex, gw_bytes_make(h.byte, sizeof(h.byte)));
    ret[64] = '\0';
    gw_buf_fini(&key);
}

static int send_entry(struct publish *p, struct gw_arena *a, struct gw_bytes record)
{
    char id[ENTRY_MAX + 1];
    entry_id(p, a, record, id);
    Xinqiao__V1__ListPublishEntry m = XINQIAO__V1__LIST_PUBLISH_ENTRY__INIT;
    m.list = (char *)(uintptr_t)p->list;
    m.entry = id;
    m.revision = p->revision;
    m.format = (char *)(uintptr_t)p->format_id;
    m.record = (ProtobufCBinaryData){record.len, (uint8_t *)(uintptr_t)record.ptr};
    m.measures = p->measure;
    m.n_measures = p->measure_count;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_ENTRY;
    item.entry = &m;
    return send_item(p, &item);
}

static int send_close(struct publish *p)
{
    Xinqiao__V1__ListVersionClose m = XINQIAO__V1__LIST_VERSION_CLOSE__INIT;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_CLOSE;
    item.close = &m;
    return send_item(p, &item);
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* A first pass: how many rows there are, and that the file is whole, before anything is sent. */
static int count_rows(struct publish *p)
{
    struct gw_cmd_reader reader;
    int rc = gw_cmd_reader_open(p->c, p->format, p->path, &reader);
    if (rc != GW_EXIT_OK)
        return rc;
    struct gw_bytes record;
    enum gw_status st;
    while ((st = gw_cmd_reader_next(&reader, &record)) == GW_OK)
        continue;
    p->declared = reader.row;
    gw_cmd_reader_close(&reader);
    return st == GW_NOT_FOUND ? GW_EXIT_GO_ON : GW_EXIT_FAILED;
}

static int send_rows(struct publish *p)
{
    struct gw_cmd_reader reader;
    int rc = gw_cmd_reader_open(p->c, p->format, p->path, &reader);
    if (rc != GW_EXIT_OK)
        return rc;
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("publish", ARENA_MAX);
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(p->c, "发布", "publishing"));
    enum gw_status st = a != NULL ? GW_OK : GW_NOMEM;
    struct gw_bytes record;
    rc = GW_EXIT_GO_ON;
    while (rc == GW_EXIT_GO_ON && st == GW_OK &&
           (st = gw_cmd_reader_next(&reader, &record)) == GW_OK) {
        rc = send_entry(p, a, record);
        gw_cmd_progress(&bar, reader.row, p->declared);
    }
    gw_cmd_progress_end(&bar);
    gw_cmd_reader_close(&reader);
    return rc != GW_EXIT_GO_ON ? rc : st == GW_NOT_FOUND ? GW_EXIT_GO_ON : GW_EXIT_FAILED;
}

static int open_call(struct publish *p)
{
    int rc = gw_remote_open(&p->remote);
    if (rc != GW_EXIT_OK)
        return rc;
    gw_buf_init(&p->out, MESSAGE_MAX);
    gw_buf_init(&p->in, MESSAGE_MAX);
    if (gw_upstream_stream_open(p->remote.client, "/xinqiao.v1.ListExchange/Publish", 0,
                                p->remote.metadata, p->remote.metadata_count, &p->s) != GW_OK) {
        gw_cmd_err(p->c, "内存不足", "out of memory");
        return GW_EXIT_FAILED;
    }
    return GW_EXIT_GO_ON;
}

/* The last receipts, then the call's own end. */
static int end_call(struct publish *p)
{
    int rc = take(p, 0);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    gw_upstream_stream_half_close(p->s);
    enum gw_status st;
    while ((st = gw_upstream_stream_recv(p->s, -1, &p->in)) == GW_OK)
        continue;
    const struct gw_upstream_result *res = gw_upstream_stream_result(p->s);
    return res->code == GW_GRPC_OK ? GW_EXIT_OK : gw_remote_failed(&p->remote, res);
}

static int verdict(const struct publish *p)
{
    if (p->closed_held)
        return EXIT_HELD;
    return p->outcome[XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED] != 0 ? GW_EXIT_SOME_REFUSED
                                                                            : GW_EXIT_OK;
}

static int run(struct publish *p)
{
    bool version = p->snapshot || p->batch;
    int rc = p->path != NULL ? count_rows(p) : GW_EXIT_GO_ON;
    if (rc == GW_EXIT_GO_ON)
        rc = open_call(p);
    if (rc == GW_EXIT_GO_ON && version)
        rc = send_open(p);
    if (rc == GW_EXIT_GO_ON && p->path != NULL)
        rc = send_rows(p);
    if (rc == GW_EXIT_GO_ON && version)
        rc = send_close(p);
    return rc == GW_EXIT_GO_ON ? end_call(p) : rc;
}

/* ---- what people and programs see --------------------------------------------------------------
 */

static uint64_t seen(const struct publish *p, Xinqiao__V1__ListOutcome o)
{
    return p->outcome[o];
}

static void summary_json(struct publish *p)
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

static void summary(struct publish *p)
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

static int finish(struct publish *p, int rc)
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

static void begin(struct publish *p)
{
    gw_cmd_json_init(&p->j);
    gw_cmd_json_open(&p->j, NULL, '{');
    gw_cmd_json_open(&p->j, "refusals", '[');
}

/* ---- publish -----------------------------------------------------------------------------------
 */

static int check_given(struct publish *p)
{
    const struct gw_cmd_ctx *c = p->c;
    bool version = p->snapshot || p->batch;
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
static int resolve_time(struct publish *p)
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

static int resolve_format(struct publish *p, struct gw_format_set **ret)
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
    struct publish p = {.c = c};
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
        p.measure_count = gw_lists_split(measures, p.measure, MAX_MEASURES);
    }
    if (rc == GW_EXIT_GO_ON)
        rc = resolve_time(&p);
    if (rc == GW_EXIT_GO_ON)
        rc = resolve_format(&p, &set);
    begin(&p);
    if (rc == GW_EXIT_GO_ON)
        rc = run(&p);
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

static int send_removal(struct publish *p, const char *entry, Xinqiao__V1__Date *ended_on)
{
    Xinqiao__V1__ListPublishRemoval m = XINQIAO__V1__LIST_PUBLISH_REMOVAL__INIT;
    m.list = (char *)(uintptr_t)p->list;
    m.entry = (char *)(uintptr_t)entry;
    m.revision = p->revision;
    m.end = gw_lists_end_of(p->end);
    m.ended_on = p->ended_on != NULL ? ended_on : NULL;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_REMOVAL;
    item.removal = &m;
    int rc = open_call(p);
    if (rc == GW_EXIT_GO_ON)
        rc = send_item(p, &item);
    return rc == GW_EXIT_GO_ON ? end_call(p) : rc;
}

int gw_cmd_lists_remove(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct publish p = {.c = c, .end = ""};
    const char *entry = NULL;
    gw_remote_init(&p.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--list", "LIST", &p.list, "名单编号", "id of the list"},
        {GW_OPT_TEXT, "--end", "REASON", &p.end,
         "原因：repaired 修复、withdrawn 撤销、exited 移出、expired 期满",
         "repaired, withdrawn, exited or expired"},
        {GW_OPT_TEXT, "--ended-on", "DATE", &p.ended_on, "移出日期，缺省今天",
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
        gw_lists_end_of(p.end) == XINQIAO__V1__LIST_END__LIST_END_UNSPECIFIED) {
        gw_cmd_err(c, "应给出条目编号、--list 和 --end（repaired、withdrawn、exited、expired）",
                   "name the entry, --list and --end (repaired, withdrawn, exited, expired)");
        rc = gw_cmd_usage_hint(c);
    } else if (p.ended_on != NULL) {
        rc = gw_lists_date_parse(c, "--ended-on", p.ended_on, &ended_on);
    }
    if (rc == GW_EXIT_GO_ON)
        rc = resolve_time(&p);
    begin(&p);
    if (rc == GW_EXIT_GO_ON)
        rc = send_removal(&p, entry, &ended_on);
    return finish(&p, rc);
}

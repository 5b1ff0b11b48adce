/* `xinqiao status`: the gateway on one screen; what is wrong stands last, in red, with its cure. */
#include "cmd/remote.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { EXIT_FINE = 0, EXIT_RED = 1 };

static int64_t instant_us(const Google__Protobuf__Timestamp *t)
{
    return t != NULL ? t->seconds * GW_USEC_PER_SEC + t->nanos / 1000 : 0;
}

static void when(const struct gw_cmd_ctx *c, const Google__Protobuf__Timestamp *t, char ret[20])
{
    if (t == NULL || t->seconds == 0)
        snprintf(ret, 20, "%s", TR(c, "无", "never"));
    else
        gw_cmd_time(instant_us(t), ret);
}

static void label(const struct gw_cmd_ctx *c, const char *zh, const char *en)
{
    gw_cmd_pad(stdout, TR(c, zh, en), 12);
}

static void peers(const struct gw_cmd_ctx *c, const Xinqiao__V1__StatusResponse *s)
{
    if (s->n_peers == 0)
        return;
    size_t width = 34;
    for (size_t i = 0; i < s->n_peers; i++) {
        const Xinqiao__V1__PeerStatus *p = s->peers[i];
        size_t w = gw_cmd_width(p->name) + 1 + gw_cmd_width(TR(c, p->title_zh, p->title_en));
        if (w > width)
            width = w;
    }
    width += 2;
    putchar('\n');
    gw_cmd_pad(stdout, TR(c, "对接方", "counterpart"), width);
    gw_cmd_pad(stdout, TR(c, "最近交换", "last exchange"), 22);
    gw_cmd_pad(stdout, TR(c, "调用", "calls"), 10);
    gw_cmd_pad(stdout, TR(c, "拒绝", "refused"), 10);
    puts(TR(c, "证书到期", "certificate ends"));
    for (size_t i = 0; i < s->n_peers; i++) {
        const Xinqiao__V1__PeerStatus *p = s->peers[i];
        char name[256], last[20], ends[20], n[32];
        const char *title = TR(c, p->title_zh, p->title_en);
        snprintf(name, sizeof(name), "%s %s", p->name, title);
        when(c, p->last_exchange, last);
        when(c, p->certificate_ends, ends);
        if (p->certificate_ends == NULL || p->certificate_ends->seconds == 0)
            snprintf(ends, sizeof(ends), "%s", TR(c, "未见", "not seen"));
        gw_cmd_pad(stdout, name, width);
        gw_cmd_pad(stdout, last, 22);
        gw_cmd_pad(stdout, gw_cmd_number(p->calls, n), 10);
        gw_cmd_pad(stdout, gw_cmd_number(p->refused, n), 10);
        puts(ends);
    }
}

/* What each adapter says of itself; red lines stand at the end of the screen too, with their cure.
 */
static void adapters(const struct gw_cmd_ctx *c, const Xinqiao__V1__StatusResponse *s)
{
    bool colour = isatty(1) != 0;
    for (size_t i = 0; i < s->n_adapters; i++) {
        const Xinqiao__V1__AdapterStatus *a = s->adapters[i];
        char n[32];
        if (a->file[0] == '\0' && a->n_lines == 0 && a->n_disabled == 0 && a->late_answers == 0)
            continue; /* the gateway's own, with nothing to say */
        printf(TR(c, "\n适配器 %s%s%s", "\nadapter %s%s%s"), a->name,
               a->file[0] != '\0' ? "  " : "", a->file);
        if (a->late_answers != 0)
            printf(TR(c, "，迟到的应答 %s", ", %s late answers"),
                   gw_cmd_number(a->late_answers, n));
        putchar('\n');
        for (size_t k = 0; k < a->n_disabled; k++)
            printf(TR(c, "  已停用：%s\n", "  disabled: %s\n"), a->disabled[k]);
        size_t width = 20;
        for (size_t k = 0; k < a->n_lines; k++)
            if (gw_cmd_width(a->lines[k]->item) > width)
                width = gw_cmd_width(a->lines[k]->item);
        for (size_t k = 0; k < a->n_lines; k++) {
            const Xinqiao__V1__AdapterLine *l = a->lines[k];
            fputs("  ", stdout);
            gw_cmd_pad(stdout, l->item, width + 2);
            gw_cmd_pad(stdout, l->state, 10);
            printf("%s%s%s\n", l->red && colour ? "\033[31m" : "", TR(c, l->text_zh, l->text_en),
                   l->red && colour ? "\033[0m" : "");
        }
    }
}

static bool any_red(const Xinqiao__V1__StatusResponse *s)
{
    for (size_t i = 0; i < s->n_adapters; i++) {
        if (s->adapters[i]->n_disabled != 0)
            return true;
        for (size_t k = 0; k < s->adapters[i]->n_lines; k++)
            if (s->adapters[i]->lines[k]->red)
                return true;
    }
    return s->n_red != 0;
}

static void log_lines(const struct gw_cmd_ctx *c, const Xinqiao__V1__LogStatus *l)
{
    char a[32], b[32];
    label(c, "存证日志", "log");
    printf(TR(c, "%s 条，已发布 %s，未发布最久 %.1f 秒%s（%s）\n",
              "%s entries, %s published, oldest unpublished %.1f s%s (%s)\n"),
           gw_cmd_number(l->entries, a), gw_cmd_number(l->published, b),
           (double)l->evidence_debt_us / 1e6,
           l->dead       ? TR(c, "，已停写", ", DEAD")
           : l->disk_low ? TR(c, "，磁盘不足", ", disk low")
                         : "",
           l->origin);
}

static void screen(const struct gw_cmd_ctx *c, const Xinqiao__V1__StatusResponse *s,
                   const char *address)
{
    char t[20], a[32], b[32], d[32];
    when(c, s->started_at, t);
    printf(
        TR(c, "信桥网关 %s　版本 %s　启动于 %s\n", "Xinqiao gateway %s, version %s, started %s\n"),
        address, s->version, t);
    label(c, "配置", "generation");
    printf(TR(c, "%s，法律表 %s\n", "%s, law tables %s\n"), s->generation, s->policy);
    if (s->log != NULL)
        log_lines(c, s->log);
    if (s->store != NULL) {
        label(c, "数据", "store");
        printf(TR(c, "%s 条记录，待落账 %s，未关闭批次 %" PRIu64 "，排队 %" PRIu64 "%s\n",
                  "%s records, %s pending, %" PRIu64 " open batches, %" PRIu64 " queued%s\n"),
               gw_cmd_number(s->store->records, a), gw_cmd_number(s->store->pending, b),
               s->store->batches_open, s->store->queue,
               s->store->failed ? TR(c, "，故障", ", FAILED") : "");
    }
    label(c, "证书", "certificate");
    printf(TR(c, "本网关证书还有 %d 天\n", "our own has %d days left\n"), s->certificate_days_left);
    label(c, "磁盘", "disk");
    printf(TR(c, "可用 %.1f GiB\n", "%.1f GiB free\n"),
           (double)s->disk_free_bytes / (1024.0 * 1024 * 1024));
    label(c, "调用", "calls");
    printf(TR(c, "共 %s，拒绝 %s，不入日志 %s\n", "%s, %s refused, %s without an entry\n"),
           gw_cmd_number(s->calls, a), gw_cmd_number(s->calls_refused, b),
           gw_cmd_number(s->exempt_calls, d));
    adapters(c, s);
    peers(c, s);
    putchar('\n');
    bool colour = isatty(1) != 0;
    for (size_t i = 0; i < s->n_adapters; i++)
        for (size_t k = 0; k < s->adapters[i]->n_lines; k++) {
            const Xinqiao__V1__AdapterLine *l = s->adapters[i]->lines[k];
            if (l->red)
                printf(TR(c, "%s需处理：%s：%s%s（%s %s）\n", "%sACT: %s: %s%s (%s %s)\n"),
                       colour ? "\033[31m" : "", l->item, TR(c, l->text_zh, l->text_en),
                       colour ? "\033[0m" : "", s->adapters[i]->name, l->state);
        }
    for (size_t i = 0; i < s->n_red; i++)
        printf(TR(c, "%s需处理：%s%s（%s）\n", "%sACT: %s%s (%s)\n"), colour ? "\033[31m" : "",
               TR(c, s->red[i]->text_zh, s->red[i]->text_en), colour ? "\033[0m" : "",
               s->red[i]->reason);
    if (!any_red(s))
        puts(TR(c, "一切正常。", "All is well."));
}

static void peers_json(const Xinqiao__V1__StatusResponse *s, struct gw_cmd_json *j)
{
    gw_cmd_json_open(j, "peers", '[');
    for (size_t i = 0; i < s->n_peers; i++) {
        const Xinqiao__V1__PeerStatus *p = s->peers[i];
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "name", p->name);
        gw_cmd_json_u64(j, "calls", p->calls);
        gw_cmd_json_u64(j, "refused", p->refused);
        gw_cmd_json_i64(j, "last_exchange_us", instant_us(p->last_exchange));
        gw_cmd_json_i64(j, "certificate_ends_us", instant_us(p->certificate_ends));
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}

static void adapters_json(const struct gw_cmd_ctx *c, const Xinqiao__V1__StatusResponse *s,
                          struct gw_cmd_json *j)
{
    gw_cmd_json_open(j, "adapters", '[');
    for (size_t i = 0; i < s->n_adapters; i++) {
        const Xinqiao__V1__AdapterStatus *a = s->adapters[i];
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "name", a->name);
        gw_cmd_json_str(j, "file", a->file);
        gw_cmd_json_hex(j, "digest", gw_bytes_make(a->digest.data, a->digest.len));
        gw_cmd_json_u64(j, "late_answers", a->late_answers);
        gw_cmd_json_open(j, "disabled", '[');
        for (size_t k = 0; k < a->n_disabled; k++)
            gw_cmd_json_str(j, NULL, a->disabled[k]);
        gw_cmd_json_close(j, ']');
        gw_cmd_json_open(j, "lines", '[');
        for (size_t k = 0; k < a->n_lines; k++) {
            const Xinqiao__V1__AdapterLine *l = a->lines[k];
            gw_cmd_json_open(j, NULL, '{');
            gw_cmd_json_str(j, "item", l->item);
            gw_cmd_json_str(j, "state", l->state);
            gw_cmd_json_str(j, "text", TR(c, l->text_zh, l->text_en));
            gw_cmd_json_bool(j, "red", l->red);
            gw_cmd_json_close(j, '}');
        }
        gw_cmd_json_close(j, ']');
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}

static void screen_json(const struct gw_cmd_ctx *c, const Xinqiao__V1__StatusResponse *s)
{
    struct gw_cmd_json j;
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_cmd_json_str(&j, "version", s->version);
    gw_cmd_json_i64(&j, "started_us", instant_us(s->started_at));
    gw_cmd_json_str(&j, "generation", s->generation);
    gw_cmd_json_str(&j, "policy", s->policy);
    if (s->log != NULL) {
        gw_cmd_json_open(&j, "log", '{');
        gw_cmd_json_str(&j, "origin", s->log->origin);
        gw_cmd_json_str(&j, "vkey", s->log->vkey);
        gw_cmd_json_u64(&j, "entries", s->log->entries);
        gw_cmd_json_u64(&j, "published", s->log->published);
        gw_cmd_json_u64(&j, "evidence_debt_us", s->log->evidence_debt_us);
        gw_cmd_json_bool(&j, "dead", s->log->dead);
        gw_cmd_json_bool(&j, "disk_low", s->log->disk_low);
        gw_cmd_json_close(&j, '}');
    }
    if (s->store != NULL) {
        gw_cmd_json_open(&j, "store", '{');
        gw_cmd_json_u64(&j, "records", s->store->records);
        gw_cmd_json_u64(&j, "pending", s->store->pending);
        gw_cmd_json_u64(&j, "batches_open", s->store->batches_open);
        gw_cmd_json_u64(&j, "queue", s->store->queue);
        gw_cmd_json_bool(&j, "failed", s->store->failed);
        gw_cmd_json_close(&j, '}');
    }
    gw_cmd_json_i64(&j, "certificate_days_left", s->certificate_days_left);
    gw_cmd_json_u64(&j, "disk_free_bytes", s->disk_free_bytes);
    gw_cmd_json_u64(&j, "calls", s->calls);
    gw_cmd_json_u64(&j, "calls_refused", s->calls_refused);
    gw_cmd_json_u64(&j, "exempt_calls", s->exempt_calls);
    peers_json(s, &j);
    adapters_json(c, s, &j);
    gw_cmd_json_open(&j, "red", '[');
    for (size_t i = 0; i < s->n_red; i++) {
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "reason", s->red[i]->reason);
        gw_cmd_json_str(&j, "text", TR(c, s->red[i]->text_zh, s->red[i]->text_en));
        gw_cmd_json_close(&j, '}');
    }
    gw_cmd_json_close(&j, ']');
    gw_cmd_json_close(&j, '}');
    gw_cmd_json_print(&j, stdout);
}

static const char notes_zh[] =
    "退出码：0 正常；1 有需要处理的事项；2 用法错误或证书文件不能使用；5 连接不上或身份不被接受；6 "
    "网关拒绝了调用。\n";
static const char notes_en[] =
    "exit codes: 0 all is well; 1 something must be done; 2 usage, or a certificate file can not "
    "be\n"
    "used; 5 no connection, or our identity is not accepted; 6 the gateway refused the call.\n";

int gw_cmd_status(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_remote r;
    gw_remote_init(&r, c);
    const struct gw_cmd_opt opts[] = {{.type = GW_OPT_END}};
    const struct gw_cmd_usage usage = {"--as DIR/pki/operator", opts, r.opts, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, NULL, 0, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    rc = gw_remote_open(&r);
    Xinqiao__V1__StatusResponse *s = NULL;
    if (rc == GW_EXIT_OK) {
        Xinqiao__V1__StatusRequest q = XINQIAO__V1__STATUS_REQUEST__INIT;
        rc = gw_remote_unary(&r, "/xinqiao.v1.Operations/Status", &q.base,
                             &xinqiao__v1__status_response__descriptor, &s, NULL);
    }
    if (rc == GW_EXIT_OK) {
        if (c->json)
            screen_json(c, s);
        else
            screen(c, s, r.address);
        rc = any_red(s) ? EXIT_RED : EXIT_FINE;
    } else if (rc == GW_EXIT_FAILED) {
        rc = GW_EXIT_USAGE; /* 1 is for what the gateway shows */
    }
    xinqiao__v1__status_response__free_unpacked(s, NULL);
    gw_remote_fini(&r);
    return rc;
}

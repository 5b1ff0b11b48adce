/* An entry of the exchange log as one plain sentence, as a table and as JSON; and where shards are.
 */
#include "cmd/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* ---- where -------------------------------------------------------------------------------------
 */

static bool is_shard(const char *dir)
{
    char path[4096];
    return gw_file_join(path, sizeof(path), dir, "checkpoint") == GW_OK && access(path, R_OK) == 0;
}

enum gw_status gw_log_shards(const char *dir, char ***ret)
{
    char **names, path[4096];
    if (is_shard(dir)) {
        names = calloc(2, sizeof(*names));
        if (names == NULL || (names[0] = strdup(dir)) == NULL) {
            free(names);
            return GW_NOMEM;
        }
        *ret = names;
        return GW_OK;
    }
    GW_TRY(gw_file_list(dir, &names));
    size_t n = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        char *name = gw_steal(&names[i]);
        if (gw_file_join(path, sizeof(path), dir, name) == GW_OK && is_shard(path))
            names[n++] = strdup(path);
        free(name);
    }
    names[n] = NULL;
    if (n == 0) {
        gw_file_names_free(names);
        return GW_NOT_FOUND;
    }
    *ret = names;
    return GW_OK;
}

int gw_log_shard(const struct gw_cmd_ctx *c, const char *dir, char *ret, size_t size)
{
    char **names;
    if (gw_log_shards(dir, &names) != GW_OK) {
        gw_cmd_err(
            c, "%s 中没有已发布的交换日志（checkpoint 文件），请指明 data/log 或其中某一年的目录",
            "there is no published exchange log (a checkpoint file) in %s; name data/log or "
            "the folder of a year in it",
            dir);
        return GW_EXIT_USAGE;
    }
    size_t last = 0;
    while (names[last + 1] != NULL)
        last++;
    snprintf(ret, size, "%s", names[last]);
    gw_file_names_free(names);
    return GW_EXIT_OK;
}

/* ---- words -------------------------------------------------------------------------------------
 */

static const struct {
    const char *code, *zh, *en;
} kinds[] = {
    [GW_AUDIT_OPEN] = {"open", "日志开始", "log opened"},
    [GW_AUDIT_EXCHANGE] = {"exchange", "交换", "exchange"},
    [GW_AUDIT_KEY] = {"key", "密钥", "key"},
    [GW_AUDIT_CONFIG] = {"config", "配置", "configuration"},
    [GW_AUDIT_RECOVERY] = {"recovery", "恢复", "recovery"},
    [GW_AUDIT_ANCHOR] = {"anchor", "时间锚定", "anchor"},
    [GW_AUDIT_ERASE] = {"erase", "销毁", "erasure"},
    [GW_AUDIT_ACCESS] = {"access", "查阅日志", "access to the log"},
    [GW_AUDIT_CLOSE] = {"close", "日志结束", "log closed"},
    [GW_AUDIT_ALARM] = {"alarm", "告警", "alarm"},
};

const char *gw_log_kind_code(uint64_t kind)
{
    return kind < GW_ARRAY_LEN(kinds) && kinds[kind].code != NULL ? kinds[kind].code : "unknown";
}

static const struct {
    const char *method, *zh, *en;
} methods[] = {
    {"RecordExchange/Push", "报送记录", "pushed records"},
    {"RecordExchange/Pull", "拉取记录", "pulled records"},
    {"RecordExchange/OpenBatch", "打开交接批次", "opened a batch"},
    {"RecordExchange/CloseBatch", "关闭交接批次", "closed a batch"},
    {"RecordExchange/BatchStatus", "查询交接批次", "asked for a batch"},
    {"RecordExchange/Translate", "转换格式", "translated a document"},
    {"RecordExchange/ListFormats", "查询可用格式", "listed the formats"},
    {"Operations/Status", "查看网关状态", "asked for the gateway's status"},
};

static const struct {
    const char *event, *zh, *en;
} events[] = {
    {"log.open", "新建日志", "a new log"},
    {"log.close", "日志结束", "the log ends"},
    {"journal.clean", "上次正常停止", "the last stop was orderly"},
    {"journal.torn", "上次异常中断，已恢复", "the last run broke off, recovered"},
    {"answer.withheld", "有条目已记入而应答未发出",
     "an entry was written whose answer was not sent"},
    {"intent.open", "有外呼在崩溃时结果不明",
     "an outgoing call's outcome is unknown after a crash"},
    {"disk.low", "磁盘空间不足", "little disk space left"},
    {"limits", "超出限额的调用被拒绝", "calls over the limits were refused"},
    {"pii.blocked", "日志中的个人信息已拦截", "personal data was kept out of the log"},
    {"clock.step", "系统时钟跳变", "the clock jumped"},
    {"config.start", "网关启动", "the gateway started"},
    {"config.reload", "重新加载配置", "the configuration was loaded again"},
    {"config.stop", "网关停止", "the gateway stopped"},
    {"config.files", "配置文件摘要", "digests of the configuration's files"},
    {"key.created", "新建密钥", "a key was made"},
    {"tls.refused", "握手被拒绝的连接", "connections whose handshake was refused"},
    {"crl.overdue", "证书吊销列表已过更新期", "the certificate revocation list is overdue"},
    {"log.damaged", "日志文件被改动或损坏", "a file of the log was changed or damaged"},
};

/* A sentence is for reading: the whole of a longer text stands among the fields. */
enum { EVENT_TEXT_IN_SENTENCE = 120 };

static void put_event(const struct gw_cmd_ctx *c, struct gw_bytes event, struct gw_buf *b)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(events); i++) {
        if (gw_bytes_eq_str(event, events[i].event)) {
            gw_buf_str(b, TR(c, events[i].zh, events[i].en));
            gw_buf_str(b, TR(c, "（", " ("));
            gw_buf_bytes(b, event);
            gw_buf_str(b, TR(c, "）", ")"));
            return;
        }
    }
    gw_buf_bytes(b, event);
}

static void put_method(const struct gw_cmd_ctx *c, struct gw_bytes method, struct gw_buf *b)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(methods); i++) {
        if (gw_bytes_eq_str(method, methods[i].method)) {
            gw_buf_str(b, TR(c, methods[i].zh, methods[i].en));
            return;
        }
    }
    gw_buf_str(b, TR(c, "调用 ", "called "));
    gw_buf_bytes(b, method);
}

/* A text field with words around it, when it is there. */
static void put_if(const struct gw_audit_entry *e, enum gw_audit_field f, const char *before,
                   const char *after, struct gw_buf *b)
{
    if (!gw_audit_has(e, f) || gw_bytes_eq_str(e->str[f], "unknown"))
        return;
    gw_buf_str(b, before);
    gw_buf_bytes(b, e->str[f]);
    gw_buf_str(b, after);
}

static void put_counts(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e, struct gw_buf *b)
{
    char n[32];
    uint64_t count = e->num[GW_AF_RECORD_COUNT], refused = e->num[GW_AF_REFUSED_COUNT];
    bool end = gw_audit_has(e, GW_AF_END) && e->num[GW_AF_END] != 0;
    if (gw_audit_has(e, GW_AF_RECORD_COUNT) && count != 0)
        gw_buf_printf(b, TR(c, "，共 %s 条", ", %s record%s"), gw_cmd_number(count, n),
                      count == 1 ? "" : "s");
    if (gw_audit_has(e, GW_AF_REFUSED_COUNT) && refused != 0)
        gw_buf_printf(b, TR(c, "（拒绝 %s 条）", " (%s refused)"), gw_cmd_number(refused, n));
    if (gw_audit_has(e, GW_AF_SEGMENT) && !end)
        gw_buf_printf(b, TR(c, "，第 %" PRIu64 " 段", ", part %" PRIu64),
                      e->num[GW_AF_SEGMENT] + 1);
}

/* What the entry knows of the thing that the reason is about. */
static void put_reason(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e, struct gw_buf *b)
{
    struct gw_bytes code = e->str[GW_AF_REASON], field = GW_BYTES_NONE, item = GW_BYTES_NONE;
    size_t start = b->len;
    if (gw_bytes_eq_str(code, "no-grant"))
        field = e->str[GW_AF_METHOD];
    else if (gw_bytes_eq_str(code, "grant-purpose") || gw_bytes_eq_str(code, "law-purpose"))
        item = e->str[GW_AF_PURPOSE];
    else if (gw_bytes_eq_str(code, "grant-kind"))
        item = e->str[GW_AF_RECORD_KIND];
    gw_cmd_reason_text(c, code, field, item, b);
    /* Inside a sentence: "Your", but not "XML". */
    if (b->len > start + 1 && b->ptr[start] >= 'A' && b->ptr[start] <= 'Z' &&
        !(b->ptr[start + 1] >= 'A' && b->ptr[start + 1] <= 'Z'))
        b->ptr[start] = (uint8_t)(b->ptr[start] + 32);
}

static void put_decision(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e,
                         struct gw_buf *b)
{
    bool end = gw_audit_has(e, GW_AF_END) && e->num[GW_AF_END] != 0;
    switch ((int)e->num[GW_AF_DECISION]) {
    case GW_AUDIT_ALLOW:
        gw_buf_str(b, TR(c, "：允许", ": allowed"));
        break;
    case GW_AUDIT_DENY:
        gw_buf_str(b, TR(c, "：拒绝，", ": refused, "));
        put_reason(c, e, b);
        break;
    default:
        gw_buf_str(b, TR(c, "：失败，", ": failed, "));
        put_reason(c, e, b);
        break;
    }
    if (end && e->num[GW_AF_SEGMENT] != 0)
        gw_buf_str(b, TR(c, "（本次调用到此结束）", " (the call ended here)"));
}

static void exchange(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e, struct gw_buf *b)
{
    bool out = e->num[GW_AF_DIRECTION] == GW_AUDIT_OUT;
    struct gw_bytes peer = e->str[GW_AF_PEER_ID];
    if (gw_bytes_eq_str(peer, "unknown"))
        peer = gw_bytes_str(TR(c, "未登记的对接方", "an unregistered peer"));
    gw_buf_str(b, out ? TR(c, "本网关向 ", "this gateway, asking ") : "");
    gw_buf_bytes(b, peer);
    gw_buf_str(b, out ? TR(c, " ", ", ") : " ");
    put_method(c, e->str[GW_AF_METHOD], b);
    if (out && e->num[GW_AF_PHASE] == GW_AUDIT_INTENT)
        gw_buf_str(b, TR(c, "（发出前登记）", " (noted before sending)"));
    put_if(e, GW_AF_RECORD_KIND, TR(c, "，种类 ", ", kind "), "", b);
    put_if(e, GW_AF_SOURCE_FORMAT, TR(c, "，源格式 ", ", from "), "", b);
    put_if(e, GW_AF_TARGET_FORMAT, TR(c, "，目标格式 ", ", to "), "", b);
    put_if(e, GW_AF_PURPOSE, TR(c, "，用途 ", ", purpose "), "", b);
    put_if(e, GW_AF_LEGAL_BASIS, TR(c, "，依据 ", ", basis "), "", b);
    put_counts(c, e, b);
    put_decision(c, e, b);
}

void gw_log_sentence(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e, struct gw_buf *b)
{
    char time[20];
    uint64_t kind = e->num[GW_AF_KIND];
    gw_cmd_time((int64_t)e->num[GW_AF_TIME_US], time);
    gw_buf_str(b, time);
    gw_buf_str(b, TR(c, "，", ", "));
    if (kind == GW_AUDIT_EXCHANGE) {
        exchange(c, e, b);
    } else {
        bool known = kind < GW_ARRAY_LEN(kinds) && kinds[kind].code != NULL;
        gw_buf_str(b, known ? TR(c, kinds[kind].zh, kinds[kind].en) : "?");
        gw_buf_str(b, TR(c, "：", ": "));
        put_event(c, e->str[GW_AF_EVENT], b);
        if (e->str[GW_AF_EVENT_TEXT].len <= EVENT_TEXT_IN_SENTENCE)
            put_if(e, GW_AF_EVENT_TEXT, TR(c, "，", ", "), "", b);
        if (gw_audit_has(e, GW_AF_REF_SEQ))
            gw_buf_printf(b, TR(c, "，涉及第 %" PRIu64 " 条", ", about entry %" PRIu64),
                          e->num[GW_AF_REF_SEQ]);
    }
    gw_buf_str(b, TR(c, "。", "."));
}

/* ---- all fields --------------------------------------------------------------------------------
 */

static bool is_number(const struct gw_audit_entry *e, enum gw_audit_field f)
{
    return gw_audit_has(e, f) && e->str[f].ptr == NULL;
}

/* Hashes, ids and keys are bytes; the rest is text. */
static bool is_text(enum gw_audit_field f, struct gw_bytes v)
{
    if (f == GW_AF_EXCHANGE_ID || f == GW_AF_DETAIL_ID || !gw_utf8_valid(v))
        return false;
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] < 0x20)
            return false;
    switch ((int)f) {
    case GW_AF_PREV:
    case GW_AF_PEER_SPKI:
    case GW_AF_PEER_CERT:
    case GW_AF_ACTOR:
    case GW_AF_CONSENT_REF:
    case GW_AF_SUBJECT_ROOT:
    case GW_AF_MAPPING_HASH:
    case GW_AF_REQUEST_COMMIT:
    case GW_AF_INPUT_COMMIT:
    case GW_AF_OUTPUT_COMMIT:
    case GW_AF_POLICY_HASH:
    case GW_AF_DETAIL_HASH:
    case GW_AF_EVENT_HASH:
    case GW_AF_CASE_REF:
    case GW_AF_BATCH_ID:
    case GW_AF_AGREEMENT_HASH:
        return v.len != 32 && v.len != 16;
    default:
        return true;
    }
}

void gw_log_value(const struct gw_audit_entry *e, enum gw_audit_field f, struct gw_buf *b)
{
    if (f == GW_AF_SUBJECT) {
        for (size_t i = 0; i < e->subjects; i++) {
            gw_buf_str(b, i != 0 ? " " : "");
            gw_hex_put(b, gw_bytes_make(e->subject[i].byte, sizeof(e->subject[i].byte)));
        }
    } else if (is_number(e, f)) {
        gw_buf_printf(b, "%" PRIu64, e->num[f]);
    } else if (is_text(f, e->str[f])) {
        gw_buf_bytes(b, e->str[f]);
    } else {
        gw_hex_put(b, e->str[f]);
    }
}

void gw_log_json(const struct gw_audit_entry *e, struct gw_cmd_json *j)
{
    for (int f = GW_AF_VERSION; f < GW_AF_COUNT; f++) {
        enum gw_audit_field field = (enum gw_audit_field)f;
        if (!gw_audit_has(e, field))
            continue;
        const char *name = gw_audit_field_name(field);
        if (field == GW_AF_KIND) {
            gw_cmd_json_str(j, name, gw_log_kind_code(e->num[f]));
        } else if (field == GW_AF_SUBJECT) {
            gw_cmd_json_open(j, name, '[');
            for (size_t i = 0; i < e->subjects; i++)
                gw_cmd_json_hex(j, NULL,
                                gw_bytes_make(e->subject[i].byte, sizeof(e->subject[i].byte)));
            gw_cmd_json_close(j, ']');
        } else if (is_number(e, field)) {
            gw_cmd_json_u64(j, name, e->num[f]);
        } else if (is_text(field, e->str[f])) {
            gw_cmd_json_bytes(j, name, e->str[f]);
        } else {
            gw_cmd_json_hex(j, name, e->str[f]);
        }
    }
}

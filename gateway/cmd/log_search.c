/* `xinqiao log search`: entries by peer, method, reason, time or subject, newest first. */
#include "cmd/log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/crypto.h"

enum { EXIT_UNSEARCHABLE = 3 };

struct search {
    const struct gw_cmd_ctx *c;
    struct gw_audit_query query;
    const char *shard;
    uint64_t found, limit, damaged;
    uint64_t without_subjects; /* entries that fit but for the subjects, which they do not list */
    bool refused;
    struct gw_buf text;
};

/* Rows can be refused inside a call that was allowed: no decision shows them. */
static bool wanted(const struct search *s, const struct gw_audit_entry *e)
{
    return !s->refused ||
           (gw_audit_has(e, GW_AF_REFUSED_COUNT) && e->num[GW_AF_REFUSED_COUNT] != 0);
}

static bool found(void *arg, uint64_t seq, struct gw_bytes bytes)
{
    struct search *s = arg;
    struct gw_audit_entry e;
    if (gw_audit_entry_decode(bytes, &e) != GW_OK) {
        s->damaged++;
        return true;
    }
    if (!wanted(s, &e))
        return true;
    s->found++;
    gw_buf_reset(&s->text);
    gw_log_sentence(s->c, &e, &s->text);
    if (s->c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_bytes(&j, "text", gw_buf_view(&s->text));
        gw_log_json(&e, &j);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else {
        printf("%8" PRIu64 "  %.*s\n", seq, GW_BYTES_FMT(gw_buf_view(&s->text)));
    }
    return s->found < s->limit;
}

/* More subjects than an entry has room for: it carries one root over all of them. */
static bool unlisted(void *arg, uint64_t seq, struct gw_bytes bytes)
{
    (void)seq;
    struct search *s = arg;
    struct gw_audit_entry e;
    if (gw_audit_entry_decode(bytes, &e) == GW_OK && wanted(s, &e) &&
        gw_audit_has(&e, GW_AF_SUBJECT_ROOT))
        s->without_subjects++;
    return true;
}

static int run(struct search *s, bool (*fn)(void *arg, uint64_t seq, struct gw_bytes entry))
{
    struct gw_buf error;
    gw_buf_init(&error, 64 * 1024);
    enum gw_status st = gw_audit_search(s->shard, &s->query, fn, s, &error);
    if (st != GW_OK)
        gw_cmd_err(s->c, "日志 %s 无法检索：%.*s", "the log %s can not be searched: %.*s", s->shard,
                   GW_BYTES_FMT(gw_buf_view(&error)));
    gw_buf_fini(&error);
    return st == GW_OK ? GW_EXIT_OK : GW_EXIT_USAGE;
}

/* ---- by subject: the pseudonym under the key of each epoch (SPEC 11.2) --------------------------
 */

static enum gw_status pseudonym(const char *keys_dir, const char *name, uint64_t epoch,
                                const char *type, struct gw_bytes value, struct gw_hash *ret)
{
    char path[4096];
    uint8_t key[GW_KEY_LEN];
    bool made;
    struct gw_buf m;
    GW_TRY(gw_file_join(path, sizeof(path), keys_dir, name));
    GW_TRY(gw_file_check_private(path)); /* exists: load would make one */
    GW_TRY(gw_crypto_secret_load(path, key, &made));
    gw_buf_init(&m, 1024);
    gw_buf_str(&m, "exlog/pseudonym/v1\n");
    gw_buf_u32be(&m, (uint32_t)epoch);
    gw_buf_u8(&m, (uint8_t)strlen(type));
    gw_buf_str(&m, type);
    gw_buf_u16be(&m, (uint16_t)value.len);
    gw_crypto_hmac_once(gw_bytes_make(key, sizeof(key)), gw_buf_view(&m), value, ret);
    gw_crypto_wipe(key, sizeof(key));
    gw_buf_fini(&m);
    return GW_OK;
}

/* Upper case, no blanks: the normal form of identifiers. */
static void normalise(const char *v, char *ret, size_t size)
{
    size_t n = 0;
    for (; *v != '\0' && n + 1 < size; v++)
        if (*v != ' ')
            ret[n++] = (char)(*v >= 'a' && *v <= 'z' ? *v - 32 : *v);
    ret[n] = '\0';
}

static int by_subject(struct search *s, const char *subject, const char *keys_dir)
{
    char type[16], value[128];
    const char *colon = strchr(subject, ':');
    if (keys_dir == NULL || colon == NULL || colon == subject ||
        (size_t)(colon - subject) >= sizeof(type)) {
        gw_cmd_err(s->c,
                   "--subject 写作 类型:号码（CN-ID、CN-USCC、PASSPORT），并须用 --keys "
                   "给出网关的密钥目录",
                   "--subject is TYPE:VALUE (CN-ID, CN-USCC, PASSPORT) and needs --keys, the "
                   "gateway's folder of keys");
        return gw_cmd_usage_hint(s->c);
    }
    snprintf(type, sizeof(type), "%.*s", (int)(colon - subject), subject);
    normalise(colon + 1, value, sizeof(value));
    char **names;
    enum gw_status st = gw_file_list(keys_dir, &names);
    if (st != GW_OK) {
        gw_cmd_file_failed(s->c, keys_dir, st);
        return GW_EXIT_USAGE;
    }
    int rc = GW_EXIT_USAGE;
    bool any = false;
    for (size_t i = 0; names[i] != NULL && s->found < s->limit; i++) {
        unsigned epoch;
        int used = 0;
        struct gw_hash h;
        if (sscanf(names[i], "pseudonym-%u.key%n", &epoch, &used) != 1 || used == 0 ||
            names[i][used] != '\0')
            continue;
        st = pseudonym(keys_dir, names[i], epoch, type, gw_bytes_str(value), &h);
        if (st != GW_OK) {
            gw_cmd_file_failed(s->c, names[i], st);
            continue;
        }
        any = true;
        s->query.subject = &h;
        rc = run(s, found);
        s->query.subject = NULL;
    }
    if (any && rc == GW_EXIT_OK)
        rc = run(s, unlisted);
    if (!any)
        gw_cmd_err(s->c, "%s 中没有可读的假名密钥（pseudonym-*.key）",
                   "there is no readable pseudonym key (pseudonym-*.key) in %s", keys_dir);
    gw_file_names_free(names);
    return rc;
}

static const char notes_zh[] =
    "DIR 缺省为 data/log。最新的在前。理由代码与方法名须写全，如 "
    "--reason no-grant --method RecordExchange/Pull。\n"
    "--subject 查不到主体超过 16 个的条目（只记一个根哈希）；"
    "范围内有这样的条目时会说明条数，JSON 另有末行 not_searchable。\n"
    "退出码：0 找到；1 没有符合的条目；2 用法错误或目录无法读取；3 按主体"
    "没有找到，但范围内有无法按主体检索的条目。\n";
static const char notes_en[] =
    "DIR is data/log by default. Newest first. Reasons and methods in full: --reason no-grant "
    "--method RecordExchange/Pull.\n"
    "--subject does not see entries with more than 16 subjects (they carry one root hash); where "
    "the\nrange has such entries their number is said, in JSON as a last line not_searchable.\n"
    "exit codes: 0 found; 1 nothing fits; 2 usage, or the folder can not be read; 3 nothing found "
    "by\nsubject, but the range has entries that can not be searched by subject.\n";

static void say_unlisted(const struct search *s)
{
    if (s->c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_u64(&j, "not_searchable", s->without_subjects);
        gw_cmd_json_str(&j, "why", "subject_root");
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    }
    if (s->without_subjects == 1)
        gw_cmd_err(s->c, "范围内有 1 条的主体超过 16 个；在有密封明细之前无法按主体检索",
                   "1 entry holds more than 16 subjects; it can not be searched by subject until "
                   "sealed details exist");
    else
        gw_cmd_err(s->c, "范围内有 %" PRIu64 " 条的主体超过 16 个；在有密封明细之前无法按主体检索",
                   "%" PRIu64 " entries hold more than 16 subjects; they can not be searched by "
                   "subject until sealed details exist",
                   s->without_subjects);
}

static int decision_parse(const char *s)
{
    return strcmp(s, "allow") == 0   ? GW_AUDIT_ALLOW
           : strcmp(s, "deny") == 0  ? GW_AUDIT_DENY
           : strcmp(s, "error") == 0 ? GW_AUDIT_ERROR
                                     : -1;
}

static int times(const struct gw_cmd_ctx *c, const char *since, const char *until,
                 struct gw_audit_query *q)
{
    if ((since != NULL && gw_cmd_time_parse(since, false, &q->from_us) != GW_OK) ||
        (until != NULL && gw_cmd_time_parse(until, true, &q->to_us) != GW_OK)) {
        gw_cmd_err(c, "时间写作 2026-04-01 或 \"2026-04-01 18:30\"（北京时间）",
                   "a time is 2026-04-01 or \"2026-04-01 18:30\" (UTC+8)");
        return gw_cmd_usage_hint(c);
    }
    return GW_EXIT_OK;
}

int gw_cmd_log_search(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct search s = {.c = c, .limit = 50};
    const char *dir = "data/log", *since = NULL, *until = NULL, *subject = NULL, *keys = NULL,
               *decision = NULL;
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--peer", "NAME", &s.query.peer_id, "对接方", "counterpart"},
        {GW_OPT_TEXT, "--method", "NAME", &s.query.method, "方法，如 RecordExchange/Pull",
         "method, e.g. RecordExchange/Pull"},
        {GW_OPT_TEXT, "--reason", "CODE", &s.query.reason, "理由代码，如 no-grant",
         "reason code, e.g. no-grant"},
        {GW_OPT_TEXT, "--event", "CODE", &s.query.event, "事件代码，如 disk.low",
         "event code, e.g. disk.low"},
        {GW_OPT_TEXT, "--decision", "D", &decision, "allow、deny 或 error", "allow, deny or error"},
        {GW_OPT_FLAG, "--refused", NULL, &s.refused, "有行被拒绝的条目（调用本身可能是允许的）",
         "entries with refused rows (the call itself may be allowed)"},
        {GW_OPT_TEXT, "--since", "TIME", &since, "起始时间（北京时间）", "from this time (UTC+8)"},
        {GW_OPT_TEXT, "--until", "TIME", &until, "截止时间（含）", "until this time, inclusive"},
        {GW_OPT_TEXT, "--subject", "TYPE:VALUE", &subject, "主体，如 CN-USCC:9133...；须有 --keys",
         "subject, e.g. CN-USCC:9133...; needs --keys"},
        {GW_OPT_TEXT, "--keys", "DIR", &keys, "网关的密钥目录", "the gateway's folder of keys"},
        {GW_OPT_U64, "--limit", "N", &s.limit, "最多显示的条数，缺省 50",
         "at most so many, 50 by default"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"[DIR] [--peer NAME] [--reason CODE] ...", opts, NULL,
                                       notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &dir, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if ((rc = times(c, since, until, &s.query)) != GW_EXIT_OK)
        return rc;
    if (decision != NULL && (s.query.decision = decision_parse(decision)) < 0) {
        gw_cmd_err(c, "--decision 应为 allow、deny 或 error", "--decision is allow, deny or error");
        return gw_cmd_usage_hint(c);
    }
    char shard[4096];
    rc = gw_log_shard(c, dir, shard, sizeof(shard));
    if (rc != GW_EXIT_OK)
        return rc;
    s.shard = shard;
    gw_buf_init(&s.text, 64 * 1024);
    rc = subject != NULL ? by_subject(&s, subject, keys) : run(&s, found);
    gw_buf_fini(&s.text);
    if (rc != GW_EXIT_OK)
        return rc;
    if (s.damaged != 0)
        gw_cmd_err(c, "有 %" PRIu64 " 条已损坏，请运行 xinqiao log verify",
                   "%" PRIu64 " entries are damaged; run xinqiao log verify", s.damaged);
    if (s.without_subjects != 0)
        say_unlisted(&s);
    if (s.found == 0 && s.without_subjects != 0)
        return EXIT_UNSEARCHABLE;
    if (s.found == 0 && !c->json)
        puts(TR(c, "没有符合条件的条目。", "Nothing fits."));
    return s.found != 0 ? GW_EXIT_OK : GW_EXIT_FAILED;
}

/* `xinqiao consent register|revoke|status`: what a person has allowed, to whom, for what, until
 * when. The municipal application keeps the signed form; the gateway keeps this. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/lists.h"
#include "cmd/subject.h"
#include "crypto/crypto.h"
#include "xinqiao/v1/scores.pb-c.h"

enum { EXIT_NOT_VALID = 3, MAX_SCENES = 64 };

static const struct {
    Xinqiao__V1__ConsentState state;
    const char *code, *zh, *en;
} states[] = {
    {XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_UNSPECIFIED, "unknown", "不明", "unknown"},
    {XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_VALID, "valid", "有效", "valid"},
    {XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_REVOKED, "revoked", "已撤回", "revoked"},
    {XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_EXPIRED, "expired", "已到期", "expired"},
};

static size_t state_row(const Xinqiao__V1__Consent *m)
{
    for (size_t i = 1; i < GW_ARRAY_LEN(states); i++)
        if (states[i].state == m->state)
            return i;
    return 0;
}

static void instant(const struct gw_cmd_ctx *c, const char *zh, const char *en,
                    const Google__Protobuf__Timestamp *t)
{
    char shown[20];
    if (t == NULL || t->seconds == 0)
        return;
    gw_cmd_time(gw_lists_instant_us(t), shown);
    printf("  %s%s\n", TR(c, zh, en), shown);
}

static void show_json(const Xinqiao__V1__Consent *m)
{
    struct gw_cmd_json j;
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_cmd_json_str(&j, "consent", m->consent);
    gw_cmd_json_str(&j, "state", states[state_row(m)].code);
    gw_cmd_json_str(&j, "to", m->to);
    gw_cmd_json_str(&j, "purpose", m->purpose);
    gw_cmd_json_open(&j, "scenes", '[');
    for (size_t i = 0; i < m->n_scenes; i++)
        gw_cmd_json_str(&j, NULL, m->scenes[i]);
    gw_cmd_json_close(&j, ']');
    gw_cmd_json_i64(&j, "until_us", gw_lists_instant_us(m->until));
    gw_cmd_json_i64(&j, "registered_at_us", gw_lists_instant_us(m->registered_at));
    gw_cmd_json_i64(&j, "revoked_at_us", gw_lists_instant_us(m->revoked_at));
    gw_cmd_json_close(&j, '}');
    gw_cmd_json_print(&j, stdout);
}

static void show(const struct gw_cmd_ctx *c, const Xinqiao__V1__Consent *m)
{
    if (c->json) {
        show_json(m);
        return;
    }
    printf(TR(c, "授权 %s：%s\n", "consent %s: %s\n"), m->consent,
           TR(c, states[state_row(m)].zh, states[state_row(m)].en));
    printf(TR(c, "  可查询方：%s\n  用途：%s\n  场景：", "  to: %s\n  purpose: %s\n  scenes: "),
           m->to, m->purpose);
    for (size_t i = 0; i < m->n_scenes; i++)
        printf("%s%s", i != 0 ? " " : "", m->scenes[i]);
    putchar('\n');
    instant(c, "有效至：", "until: ", m->until);
    instant(c, "登记于：", "registered: ", m->registered_at);
    instant(c, "撤回于：", "revoked: ", m->revoked_at);
}

/* ---- register ----------------------------------------------------------------------------------
 */

struct registration {
    struct gw_remote remote;
    struct gw_cmd_subject_from from;
    const char *to, *purpose, *scenes, *until, *id;
};

static void new_id(char ret[37])
{
    uint8_t id[16];
    char hex[33];
    gw_crypto_uuid7(gw_clock_wall_us(), id);
    struct gw_buf b;
    gw_buf_init_fixed(&b, hex, 32);
    gw_hex_put(&b, gw_bytes_make(id, sizeof(id)));
    snprintf(ret, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static int send_registration(struct gw_cmd_ctx *c, struct registration *g, struct gw_cmd_subject *s,
                             int64_t until_us)
{
    char id[37], scenes[4096], *scene[MAX_SCENES];
    new_id(id);
    snprintf(scenes, sizeof(scenes), "%s", g->scenes);
    Xinqiao__V1__IdentityDocument who = XINQIAO__V1__IDENTITY_DOCUMENT__INIT;
    who.kind = s->document;
    who.number = s->number;
    Google__Protobuf__Timestamp until = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    until.seconds = until_us / GW_USEC_PER_SEC;
    Xinqiao__V1__RegisterConsentRequest q = XINQIAO__V1__REGISTER_CONSENT_REQUEST__INIT;
    q.consent = g->id != NULL ? (char *)(uintptr_t)g->id : id;
    q.subject = &who;
    q.to = (char *)(uintptr_t)g->to;
    q.purpose = (char *)(uintptr_t)g->purpose;
    q.scenes = scene;
    q.n_scenes = gw_lists_split(scenes, scene, MAX_SCENES);
    q.until = &until;
    Xinqiao__V1__Consent *m = NULL;
    int rc = gw_remote_unary(&g->remote, "/xinqiao.v1.Consents/Register", &q.base,
                             &xinqiao__v1__consent__descriptor, &m, NULL);
    if (rc == GW_EXIT_OK) {
        show(c, m);
        xinqiao__v1__consent__free_unpacked(m, NULL);
    }
    return rc;
}

static int registration(struct gw_cmd_ctx *c, struct registration *g)
{
    int64_t until_us;
    if (g->to == NULL || g->purpose == NULL || g->scenes == NULL || g->until == NULL) {
        gw_cmd_err(c, "--to、--for、--scenes 和 --until 必须给出",
                   "--to, --for, --scenes and --until must be given");
        return gw_cmd_usage_hint(c);
    }
    if (gw_cmd_time_parse(g->until, true, &until_us) != GW_OK) {
        gw_cmd_err(c, "--until 的写法应为 2027-04-01 或 2027-04-01 18:30，不是 %s",
                   "--until is written 2027-04-01 or 2027-04-01 18:30, not %s", g->until);
        return GW_EXIT_USAGE;
    }
    struct gw_cmd_subject s;
    int rc = gw_cmd_subject_read(c, &g->from, &s);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (s.organisation) {
        gw_cmd_err(c, "授权由自然人本人作出", "a consent is given by a person");
        rc = GW_EXIT_USAGE;
    } else {
        rc = gw_remote_open(&g->remote);
    }
    if (rc == GW_EXIT_OK)
        rc = send_registration(c, g, &s, until_us);
    gw_crypto_wipe(&s, sizeof(s));
    return rc;
}

static const char register_zh[] =
    "同一编号再次登记，得到同一授权；编号缺省自动生成。\n"
    "退出码：0 已登记；1 失败；2 用法错误；5 连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char register_en[] =
    "The same id again answers the same consent; without --id one is made.\n"
    "exit codes: 0 registered; 1 failed; 2 usage; 5 no connection, or our identity is not "
    "accepted; 6\n"
    "the gateway refused the call.\n";

int gw_cmd_consent_register(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct registration g = {.from = {.persons = true}};
    gw_remote_init(&g.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--to", "PEER", &g.to, "可以查询的对接方", "the counterpart that may ask"},
        {GW_OPT_TEXT, "--for", "PURPOSE", &g.purpose, "授权的用途", "purpose of the consent"},
        {GW_OPT_TEXT, "--scenes", "A,B", &g.scenes, "授权的场景", "scenes of the consent"},
        {GW_OPT_TEXT, "--until", "TIME", &g.until, "有效至", "end of the consent"},
        {GW_OPT_TEXT, "--id", "UUID", &g.id, "授权编号", "id of the consent"},
        {.type = GW_OPT_END},
    };
    static char zh[2048], en[2048];
    snprintf(zh, sizeof(zh), "%s%s", gw_cmd_subject_help_zh, register_zh);
    snprintf(en, sizeof(en), "%s%s", gw_cmd_subject_help_en, register_en);
    const struct gw_cmd_usage usage = {"[FILE] --to PEER --for PURPOSE --scenes A,B --until TIME",
                                       opts, g.remote.opts, zh, en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &g.from.file, 1, &n);
    if (rc == GW_EXIT_GO_ON)
        rc = registration(c, &g);
    gw_remote_fini(&g.remote);
    return rc;
}

/* ---- revoke, status ----------------------------------------------------------------------------
 */

static int by_id(struct gw_cmd_ctx *c, int argc, char **argv, bool revoke, const char *notes_zh,
                 const char *notes_en)
{
    struct gw_remote r;
    gw_remote_init(&r, c);
    const char *id = NULL;
    const struct gw_cmd_opt opts[] = {{.type = GW_OPT_END}};
    const struct gw_cmd_usage usage = {"CONSENT", opts, r.opts, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &id, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n == 0) {
        gw_cmd_err(c, "应给出授权编号", "name the consent");
        return gw_cmd_usage_hint(c);
    }
    Xinqiao__V1__RevokeConsentRequest end = XINQIAO__V1__REVOKE_CONSENT_REQUEST__INIT;
    Xinqiao__V1__ConsentStatusRequest look = XINQIAO__V1__CONSENT_STATUS_REQUEST__INIT;
    end.consent = look.consent = (char *)(uintptr_t)id;
    Xinqiao__V1__Consent *m = NULL;
    rc = gw_remote_open(&r);
    if (rc == GW_EXIT_OK)
        rc = gw_remote_unary(
            &r, revoke ? "/xinqiao.v1.Consents/Revoke" : "/xinqiao.v1.Consents/Status",
            revoke ? &end.base : &look.base, &xinqiao__v1__consent__descriptor, &m, NULL);
    if (rc == GW_EXIT_OK) {
        show(c, m);
        if (!revoke && m->state != XINQIAO__V1__CONSENT_STATE__CONSENT_STATE_VALID)
            rc = EXIT_NOT_VALID;
        xinqiao__v1__consent__free_unpacked(m, NULL);
    }
    gw_remote_fini(&r);
    return rc;
}

int gw_cmd_consent_revoke(struct gw_cmd_ctx *c, int argc, char **argv)
{
    return by_id(
        c, argc, argv, true,
        "撤回后的查询一律不给便利；已撤回的可再次撤回，结果不变。\n"
        "退出码：0 已撤回；1 失败；2 用法错误；5 连接不上或身份不被接受；6 网关拒绝了调用。\n",
        "No question after it gets a benefit. Revoking again changes nothing.\n"
        "exit codes: 0 revoked; 1 failed; 2 usage; 5 no connection, or our identity is not\n"
        "accepted; 6 the gateway refused the call.\n");
}

int gw_cmd_consent_status(struct gw_cmd_ctx *c, int argc, char **argv)
{
    return by_id(
        c, argc, argv, false,
        "退出码：0 有效；3 已撤回或已到期；1 失败；2 用法错误；5 连接不上或身份不被接受；6 "
        "网关拒绝了调用。\n",
        "exit codes: 0 valid; 3 revoked or expired; 1 failed; 2 usage; 5 no connection, or our\n"
        "identity is not accepted; 6 the gateway refused the call.\n");
}

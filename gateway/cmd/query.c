/* `xinqiao query`: may this person have a benefit by an agreement of recognition? A counter learns
 * yes or no and until when; why not is for the person, at his own city. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/lists.h"
#include "cmd/subject.h"
#include "crypto/crypto.h"
#include "xinqiao/v1/scores.pb-c.h"

enum { EXIT_NO_BENEFIT = 3 };

struct query {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    struct gw_cmd_subject_from from;
    const char *scene, *consent, *agreement;
    bool agreements;
};

/* ---- agreements --------------------------------------------------------------------------------
 */

static void words(const char *label, char *const *item, size_t count)
{
    printf("  %s", label);
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i != 0 ? " " : "", item[i]);
    putchar('\n');
}

static void agreement(const struct gw_cmd_ctx *c, const Xinqiao__V1__Agreement *a)
{
    char from[16], to[16];
    printf("%s　%s\n", a->id, TR(c, a->title_zh, a->title_en));
    words(TR(c, "当事方：", "parties: "), a->parties, a->n_parties);
    words(TR(c, "用途：", "purposes: "), a->purposes, a->n_purposes);
    words(TR(c, "场景：", "scenes: "), a->scenes, a->n_scenes);
    printf(TR(c, "  分值：%s %s → %s %s\n", "  scales: %s %s -> %s %s\n"), a->source_scale,
           a->source_edition, a->target_scale, a->target_edition);
    for (size_t i = 0; i < a->n_bands; i++) {
        printf(TR(c, "    %s 分起：%s", "    from %s points: %s"), a->bands[i]->from,
               a->bands[i]->level);
        for (size_t k = 0; k < a->bands[i]->n_benefits; k++)
            printf("%s%s", k != 0 ? TR(c, "、", ", ") : TR(c, "，", ", "),
                   a->bands[i]->benefits[k]);
        putchar('\n');
    }
    printf(TR(c, "  有效期：%s 至 %s；可信程度：%s\n", "  valid: %s to %s; certainty: %s\n"),
           gw_lists_date(a->valid_from, from), gw_lists_date(a->valid_to, to), a->certainty);
}

static void agreement_json(struct gw_cmd_json *j, const Xinqiao__V1__Agreement *a)
{
    char day[16];
    const struct {
        const char *key;
        char *const *item;
        size_t count;
    } lists[] = {{"parties", a->parties, a->n_parties},
                 {"purposes", a->purposes, a->n_purposes},
                 {"scenes", a->scenes, a->n_scenes},
                 {"disclosed", a->disclosed, a->n_disclosed}};
    gw_cmd_json_open(j, NULL, '{');
    gw_cmd_json_str(j, "id", a->id);
    gw_cmd_json_str(j, "title_zh", a->title_zh);
    gw_cmd_json_str(j, "title_en", a->title_en);
    for (size_t i = 0; i < GW_ARRAY_LEN(lists); i++) {
        gw_cmd_json_open(j, lists[i].key, '[');
        for (size_t k = 0; k < lists[i].count; k++)
            gw_cmd_json_str(j, NULL, lists[i].item[k]);
        gw_cmd_json_close(j, ']');
    }
    gw_cmd_json_str(j, "source_scale", a->source_scale);
    gw_cmd_json_str(j, "target_scale", a->target_scale);
    gw_cmd_json_str(j, "valid_from", gw_lists_date(a->valid_from, day));
    gw_cmd_json_str(j, "valid_to", gw_lists_date(a->valid_to, day));
    gw_cmd_json_str(j, "certainty", a->certainty);
    gw_cmd_json_close(j, '}');
}

static int agreements(struct query *q)
{
    const struct gw_cmd_ctx *c = q->c;
    Xinqiao__V1__ListAgreementsRequest m = XINQIAO__V1__LIST_AGREEMENTS_REQUEST__INIT;
    Xinqiao__V1__ListAgreementsResponse *a = NULL;
    int rc = gw_remote_unary(&q->remote, "/xinqiao.v1.ScoreRecognition/ListAgreements", &m.base,
                             &xinqiao__v1__list_agreements_response__descriptor, &a, NULL);
    if (rc != GW_EXIT_OK)
        return rc;
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_open(&j, "agreements", '[');
        for (size_t i = 0; i < a->n_agreements; i++)
            agreement_json(&j, a->agreements[i]);
        gw_cmd_json_close(&j, ']');
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else if (a->n_agreements == 0) {
        puts(TR(c, "没有以本方为当事方的互认协议。", "No agreement has us as a party."));
    }
    for (size_t i = 0; !c->json && i < a->n_agreements; i++)
        agreement(c, a->agreements[i]);
    xinqiao__v1__list_agreements_response__free_unpacked(a, NULL);
    return GW_EXIT_OK;
}

/* ---- why not: told only to peers whose grant says so -------------------------------------------
 */

/* The adapter answers the code alone; these are its own sentences. */
static const struct gw_reason negatives[] = {
    {"score-recognition-age-unknown", 0, 0, 0, "证件不是居民身份证，无法确认年龄。",
     "The document is no citizen identity card, so the age is not known."},
    {"score-recognition-below-band", 0, 0, 0, "信用分低于协议约定的最低档次。",
     "The score is below the lowest band of the agreement."},
    {"score-recognition-no-consent", 0, 0, 0, "没有本人的有效授权，请本人授权后再查询。",
     "There is no valid consent of the person; ask again when it has been given."},
    {"score-recognition-out-of-range", 0, 0, 0, "在库信用分超出该分制的取值范围，请报送单位核对。",
     "The score on record is outside the range of its scale; its sender must check it."},
    {"score-recognition-scale-mismatch", 0, 0, 0, "在库信用分的分制或版本与协议约定的不一致。",
     "The score on record is of another scale or edition than the agreement's."},
    {"score-recognition-stale", 0, 0, 0, "信用分的数据日期超出协议允许的期限，请待更新后再查询。",
     "The score is older than the agreement allows; ask again when it is renewed."},
    {"score-recognition-under-age", 0, 0, 0, "本人未满十八周岁，不提供信用分互认。",
     "The person is under 18; scores of minors are not recognised."},
    {"score-recognition-unknown-subject", 0, 0, 0, "没有该人的信用分，请核对证件号码。",
     "No score of this person is on record; check the number of the document."},
};

/* ---- one question ------------------------------------------------------------------------------
 */

static void answer_json(const Xinqiao__V1__RecognizeResponse *m)
{
    struct gw_cmd_json j;
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_cmd_json_bool(&j, "benefit", m->benefit);
    gw_cmd_json_i64(&j, "until_us", gw_lists_instant_us(m->until));
    gw_cmd_json_str(&j, "level", m->level);
    gw_cmd_json_open(&j, "benefits", '[');
    for (size_t i = 0; i < m->n_benefits; i++)
        gw_cmd_json_str(&j, NULL, m->benefits[i]);
    gw_cmd_json_close(&j, ']');
    gw_cmd_json_str(&j, "agreement", m->agreement);
    gw_cmd_json_str(&j, "reason", m->reason);
    gw_cmd_json_close(&j, '}');
    gw_cmd_json_print(&j, stdout);
}

static void no_benefit(const struct gw_cmd_ctx *c, const Xinqiao__V1__RecognizeResponse *m)
{
    puts(TR(c, "不能享受该便利。", "No benefit."));
    if (m->reason[0] != '\0') {
        struct gw_buf text;
        gw_buf_init(&text, 4096);
        gw_cmd_reason_text(c, gw_bytes_str(m->reason), GW_BYTES_NONE, GW_BYTES_NONE, &text);
        printf(TR(c, "  原因：%.*s\n", "  reason: %.*s\n"), GW_BYTES_FMT(gw_buf_view(&text)));
        gw_buf_fini(&text);
        return;
    }
    puts(TR(
        c,
        "  "
        "按规定不向窗口说明原因（未授权、查无此人、未达等级、未满十八周岁、数据过期，应答都相同）。"
        "\n"
        "  本人可向本市信用平台查询原因；这不影响其正常办理业务，请按普通流程办理。",
        "  Why is not told to a counter: no consent, an unknown person, a level that is too low, "
        "under\n  eighteen and old data all look the same. The person may ask his own city's "
        "platform. He is\n  served as anybody else; only the benefit does not apply."));
}

static void answer(const struct gw_cmd_ctx *c, const Xinqiao__V1__RecognizeResponse *m)
{
    if (!m->benefit) {
        no_benefit(c, m);
        return;
    }
    char until[20] = "-";
    if (m->until != NULL)
        gw_cmd_time(gw_lists_instant_us(m->until), until);
    printf(TR(c, "可以享受便利，有效至 %s。\n", "The benefit applies until %s.\n"), until);
    if (m->level[0] != '\0')
        printf(TR(c, "  等级：%s\n", "  level: %s\n"), m->level);
    for (size_t i = 0; i < m->n_benefits; i++)
        printf(TR(c, "  便利：%s\n", "  benefit: %s\n"), m->benefits[i]);
    if (m->agreement[0] != '\0')
        printf(TR(c, "  协议：%s\n", "  agreement: %s\n"), m->agreement);
}

static int recognize(struct query *q, struct gw_cmd_subject *s)
{
    Xinqiao__V1__IdentityDocument who = XINQIAO__V1__IDENTITY_DOCUMENT__INIT;
    who.kind = s->document;
    who.number = s->number;
    Xinqiao__V1__RecognizeRequest m = XINQIAO__V1__RECOGNIZE_REQUEST__INIT;
    m.subject = &who;
    m.purpose = (char *)(uintptr_t)q->remote.purpose;
    m.scene = (char *)(uintptr_t)q->scene;
    if (q->consent != NULL)
        m.consent = (char *)(uintptr_t)q->consent;
    if (q->agreement != NULL)
        m.agreement = (char *)(uintptr_t)q->agreement;
    Xinqiao__V1__RecognizeResponse *a = NULL;
    int rc = gw_remote_unary(&q->remote, "/xinqiao.v1.ScoreRecognition/Recognize", &m.base,
                             &xinqiao__v1__recognize_response__descriptor, &a, NULL);
    if (rc != GW_EXIT_OK)
        return rc;
    if (q->c->json)
        answer_json(a);
    else
        answer(q->c, a);
    rc = a->benefit ? GW_EXIT_OK : EXIT_NO_BENEFIT;
    xinqiao__v1__recognize_response__free_unpacked(a, NULL);
    return rc;
}

static int ask(struct query *q)
{
    struct gw_cmd_subject s;
    int rc = gw_cmd_subject_read(q->c, &q->from, &s);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (s.organisation) {
        gw_cmd_err(q->c, "信用分互认只针对自然人", "recognition of scores is about persons only");
        rc = GW_EXIT_USAGE;
    }
    if (rc == GW_EXIT_GO_ON)
        rc = recognize(q, &s);
    gw_crypto_wipe(&s, sizeof(s));
    return rc;
}

static const char notes_zh[] = "不给出文件时从标准输入读取；在终端上按提示输入，不显示。\n"
                               "退出码：0 可以享受；3 不能享受；1 失败；2 用法错误；5 "
                               "连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char notes_en[] =
    "Without a file the number is read from standard input; on a terminal you are asked, without\n"
    "echo.\n"
    "exit codes: 0 the benefit applies; 3 it does not; 1 failed; 2 usage; 5 no connection, or our\n"
    "identity is not accepted; 6 the gateway refused the call.\n";

int gw_cmd_query(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct query q = {.c = c, .from = {.persons = true}};
    gw_remote_init(&q.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--scene", "CODE", &q.scene, "场景代码", "code of the scene"},
        {GW_OPT_TEXT, "--consent", "ID", &q.consent, "授权编号，缺省为任何适用的授权",
         "id of the consent; any that covers the question by default"},
        {GW_OPT_TEXT, "--agreement", "ID", &q.agreement, "协议编号，缺省为双方之间生效的协议",
         "id of the agreement; the one in force by default"},
        {GW_OPT_FLAG, "--agreements", NULL, &q.agreements, "列出以本方为当事方的协议",
         "list the agreements that have us as a party"},
        {.type = GW_OPT_END},
    };
    static char zh[2048], en[2048];
    snprintf(zh, sizeof(zh), "%s%s", gw_cmd_subject_help_zh, notes_zh);
    snprintf(en, sizeof(en), "%s%s", gw_cmd_subject_help_en, notes_en);
    const struct gw_cmd_usage usage = {"[FILE] --purpose CODE --scene CODE", opts, q.remote.opts,
                                       zh, en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &q.from.file, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (gw_reason_add(negatives, GW_ARRAY_LEN(negatives)) != GW_OK) {
        gw_cmd_err(c, "内存不足", "out of memory");
        return GW_EXIT_FAILED;
    }
    rc = gw_remote_open(&q.remote);
    if (rc == GW_EXIT_OK && !q.agreements && (q.remote.purpose == NULL || q.scene == NULL)) {
        gw_cmd_err(c, "--purpose 和 --scene 必须给出", "--purpose and --scene must be given");
        rc = gw_cmd_usage_hint(c);
    }
    if (rc == GW_EXIT_OK)
        rc = q.agreements ? agreements(&q) : ask(&q);
    gw_remote_fini(&q.remote);
    return rc;
}

/* `xinqiao check-list`: on which list, by what basis, until when, and what may lawfully be done
 * now. A list that is missing or stale is never read as "not on it". */
#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "cmd/lists.h"
#include "cmd/subject.h"
#include "crypto/crypto.h"

enum { EXIT_CLEAR = 0, EXIT_LISTED = 3, EXIT_UNSURE = 4, BATCH = 200, MAX_LISTS = 64 };

struct check {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    struct gw_cmd_subject_from from;
    const char *batch, *lists;
    char *list[MAX_LISTS];
    size_t list_count;
    /* what was found */
    uint64_t asked, listed, failed;
    bool unsure;
};

/* ---- what an answer says -----------------------------------------------------------------------
 */

static void measures(const struct gw_cmd_ctx *c, const Xinqiao__V1__ListHit *h)
{
    if (h->n_measures == 0) {
        puts(
            TR(c, "    目前没有可依法采取的措施。", "    no measure may lawfully be imposed now."));
        return;
    }
    puts(TR(c, "    目前可依法采取的措施：", "    measures that are lawful now:"));
    for (size_t i = 0; i < h->n_measures; i++) {
        const Xinqiao__V1__LawfulMeasure *m = h->measures[i];
        printf(TR(c, "      %s  %s\n          依据：%s；实施机关：%s；清单版本：%s\n",
                  "      %s  %s\n          basis: %s; agency: %s; edition: %s\n"),
               m->id, m->content_zh, m->basis, m->agency, m->edition);
    }
}

static void hit(const struct gw_cmd_ctx *c, const Xinqiao__V1__ListHit *h)
{
    char from[16], until[64];
    printf(TR(c, "  在名单上：%s（%s）\n", "  on the list: %s (%s)\n"),
           TR(c, h->title_zh, h->title_en), h->list);
    printf(TR(c, "    认定部门：%s\n    依据：%s\n    列入：%s　期限：%s\n",
              "    listed by: %s\n    basis: %s\n    listed on: %s, until: %s\n"),
           h->authority, h->basis, gw_lists_date(h->listed_on, from),
           gw_lists_until(c, h->until, until));
    measures(c, h);
}

static void hit_json(struct gw_cmd_json *j, const Xinqiao__V1__ListHit *h)
{
    char day[16];
    gw_cmd_json_open(j, NULL, '{');
    gw_cmd_json_str(j, "list", h->list);
    gw_cmd_json_str(j, "title_zh", h->title_zh);
    gw_cmd_json_str(j, "title_en", h->title_en);
    gw_cmd_json_hex(j, "id", gw_bytes_make(h->id.data, h->id.len));
    gw_cmd_json_u64(j, "revision", h->revision);
    gw_cmd_json_str(j, "basis", h->basis);
    gw_cmd_json_str(j, "law", h->law);
    gw_cmd_json_str(j, "authority", h->authority);
    gw_cmd_json_str(j, "listed_on", gw_lists_date(h->listed_on, day));
    bool no_end = h->until != NULL && h->until->no_end;
    gw_cmd_json_bool(j, "no_end", no_end);
    gw_cmd_json_str(j, "until", gw_lists_date(h->until != NULL ? h->until->date : NULL, day));
    gw_cmd_json_open(j, "measures", '[');
    for (size_t i = 0; i < h->n_measures; i++) {
        const Xinqiao__V1__LawfulMeasure *m = h->measures[i];
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "id", m->id);
        gw_cmd_json_str(j, "content_zh", m->content_zh);
        gw_cmd_json_str(j, "basis", m->basis);
        gw_cmd_json_str(j, "agency", m->agency);
        gw_cmd_json_str(j, "edition", m->edition);
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
    gw_cmd_json_close(j, '}');
}

static size_t unreliable(Xinqiao__V1__ListState *const *s, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += gw_lists_reliable(s[i]) ? 0 : 1;
    return n;
}

/* No hit: what may be said depends on the lists that were looked at. */
static void no_hit(const struct gw_cmd_ctx *c, Xinqiao__V1__ListState *const *s, size_t count)
{
    size_t bad = unreliable(s, count);
    if (count == 0)
        puts(TR(c, "  没有查询任何名单：授权不含任何名单。",
                "  no list was looked at: the grant covers none."));
    else if (bad == count)
        printf(TR(c, "  不能下结论：所查 %zu 份名单都缺失或过期。\n",
                  "  no conclusion: all of the %zu lists are missing or stale.\n"),
               count);
    else if (bad != 0)
        printf(
            TR(c, "  其余 %zu 份名单中没有该主体；另有 %zu 份名单缺失或过期，对它们不能下结论。\n",
               "  not on the other %zu lists; %zu lists are missing or stale and say nothing.\n"),
            count - bad, bad);
    else
        printf(TR(c, "  不在所查的 %zu 份名单上。\n", "  on none of the %zu lists.\n"), count);
}

/* ---- the calls ---------------------------------------------------------------------------------
 */

static void subject_message(const struct gw_cmd_subject *s, Xinqiao__V1__ListSubject *ret)
{
    *ret = (Xinqiao__V1__ListSubject)XINQIAO__V1__LIST_SUBJECT__INIT;
    if (s->organisation)
        ret->uscc = (char *)(uintptr_t)s->number;
    else
        ret->citizen_id = (char *)(uintptr_t)s->number;
}

static int askable(const struct gw_cmd_ctx *c, const struct gw_cmd_subject *s, uint64_t row)
{
    if (s->organisation || s->document == XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID)
        return GW_EXIT_GO_ON;
    if (row != 0)
        gw_cmd_err(c, "第 %" PRIu64 " 行：名单只按统一社会信用代码或公民身份号码查询",
                   "line %" PRIu64 ": lists are looked up by credit code or citizen id only", row);
    else
        gw_cmd_err(c, "名单只按统一社会信用代码或公民身份号码查询",
                   "lists are looked up by credit code or citizen id only");
    return GW_EXIT_USAGE;
}

static int verdict(const struct check *k)
{
    return k->listed != 0 ? EXIT_LISTED : k->unsure || k->failed != 0 ? EXIT_UNSURE : EXIT_CLEAR;
}

static int one(struct check *k)
{
    const struct gw_cmd_ctx *c = k->c;
    struct gw_cmd_subject s;
    int rc = gw_cmd_subject_read(c, &k->from, &s);
    if (rc == GW_EXIT_GO_ON)
        rc = askable(c, &s, 0);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    Xinqiao__V1__ListSubject who;
    subject_message(&s, &who);
    Xinqiao__V1__ListCheckRequest q = XINQIAO__V1__LIST_CHECK_REQUEST__INIT;
    q.subject = &who;
    q.lists = k->list;
    q.n_lists = k->list_count;
    Xinqiao__V1__ListCheckResponse *m = NULL;
    rc = gw_remote_open(&k->remote);
    if (rc == GW_EXIT_OK)
        rc = gw_remote_unary(&k->remote, "/xinqiao.v1.ListExchange/Check", &q.base,
                             &xinqiao__v1__list_check_response__descriptor, &m, NULL);
    char shown[129];
    gw_cmd_subject_show(&s, shown);
    gw_crypto_wipe(&s, sizeof(s));
    if (rc != GW_EXIT_OK)
        return rc;
    k->asked = 1;
    k->listed = m->n_hits != 0 ? 1 : 0;
    k->unsure = m->n_states == 0 || unreliable(m->states, m->n_states) != 0 ||
                m->withheld[0] != '\0' || m->more;
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_bool(&j, "listed", m->n_hits != 0);
        gw_cmd_json_bool(&j, "conclusive", !k->unsure);
        gw_cmd_json_open(&j, "hits", '[');
        for (size_t i = 0; i < m->n_hits; i++)
            hit_json(&j, m->hits[i]);
        gw_cmd_json_close(&j, ']');
        gw_lists_states_json(&j, m->states, m->n_states);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else {
        printf(TR(c, "主体 %s\n", "subject %s\n"), shown);
        for (size_t i = 0; i < m->n_hits; i++)
            hit(c, m->hits[i]);
        if (m->withheld[0] != '\0' || m->more)
            puts(TR(c, "  贵方的授权或应答的上限不足以给出全部条目，不能下结论。",
                    "  your grant, or the limit of an answer, keeps entries back: no conclusion."));
        else if (m->n_hits == 0)
            no_hit(c, m->states, m->n_states);
        else if (k->unsure)
            printf(TR(c, "  另有 %zu 份名单缺失或过期，对它们不能下结论。\n",
                      "  %zu lists are missing or stale and say nothing.\n"),
                   unreliable(m->states, m->n_states));
        putchar('\n');
        gw_lists_states(c, m->states, m->n_states);
    }
    xinqiao__v1__list_check_response__free_unpacked(m, NULL);
    return verdict(k);
}

/* ---- a file of subjects ------------------------------------------------------------------------
 */

struct batch {
    struct check *k;
    struct gw_cmd_subject subject[BATCH];
    uint64_t row[BATCH];
    size_t count;
    struct gw_cmd_json j;
};

static void batch_line(struct batch *b, size_t i, const Xinqiao__V1__ListHits *h)
{
    struct check *k = b->k;
    const struct gw_cmd_ctx *c = k->c;
    char shown[129];
    gw_cmd_subject_show(&b->subject[i], shown);
    k->listed += h->n_hits != 0 ? 1 : 0;
    k->failed += h->reason[0] != '\0' ? 1 : 0;
    if (c->json) {
        gw_cmd_json_open(&b->j, NULL, '{');
        gw_cmd_json_u64(&b->j, "row", b->row[i]);
        gw_cmd_json_str(&b->j, "reason", h->reason);
        gw_cmd_json_open(&b->j, "hits", '[');
        for (size_t n = 0; n < h->n_hits; n++)
            hit_json(&b->j, h->hits[n]);
        gw_cmd_json_close(&b->j, ']');
        gw_cmd_json_close(&b->j, '}');
        return;
    }
    if (h->n_hits == 0 && h->reason[0] == '\0')
        return;
    printf(TR(c, "第 %" PRIu64 " 行　主体 %s\n", "line %" PRIu64 ", subject %s\n"), b->row[i],
           shown);
    if (h->reason[0] != '\0') {
        struct gw_buf text;
        gw_buf_init(&text, 4096);
        gw_cmd_reason_text(c, gw_bytes_str(h->reason), GW_BYTES_NONE, GW_BYTES_NONE, &text);
        printf(TR(c, "  未能查询：%.*s\n", "  not looked up: %.*s\n"),
               GW_BYTES_FMT(gw_buf_view(&text)));
        gw_buf_fini(&text);
    }
    for (size_t n = 0; n < h->n_hits; n++)
        hit(c, h->hits[n]);
}

/* Asks for what has gathered; the states of the last answer stay in *ret. */
static int batch_ask(struct batch *b, Xinqiao__V1__ListCheckBatchResponse **ret)
{
    struct check *k = b->k;
    Xinqiao__V1__ListSubject who[BATCH], *ptr[BATCH];
    for (size_t i = 0; i < b->count; i++) {
        subject_message(&b->subject[i], &who[i]);
        ptr[i] = &who[i];
    }
    Xinqiao__V1__ListCheckBatchRequest q = XINQIAO__V1__LIST_CHECK_BATCH_REQUEST__INIT;
    q.subjects = ptr;
    q.n_subjects = b->count;
    q.lists = k->list;
    q.n_lists = k->list_count;
    Xinqiao__V1__ListCheckBatchResponse *m = NULL;
    int rc = gw_remote_unary(&k->remote, "/xinqiao.v1.ListExchange/CheckBatch", &q.base,
                             &xinqiao__v1__list_check_batch_response__descriptor, &m, NULL);
    if (rc != GW_EXIT_OK)
        return rc;
    if (m->n_answers != b->count) {
        gw_cmd_err(k->c, "网关的应答与所问不对应，请核对双方版本",
                   "the gateway's answers do not fit the questions; compare the versions");
        xinqiao__v1__list_check_batch_response__free_unpacked(m, NULL);
        return GW_EXIT_FAILED;
    }
    for (size_t i = 0; i < b->count; i++)
        batch_line(b, i, m->answers[i]);
    k->asked += b->count;
    k->unsure = m->n_states == 0 || unreliable(m->states, m->n_states) != 0;
    b->count = 0;
    if (*ret != NULL)
        xinqiao__v1__list_check_batch_response__free_unpacked(*ret, NULL);
    *ret = m;
    return GW_EXIT_OK;
}

static uint64_t lines_of(struct gw_bytes text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n;
}

static int batch_file(struct batch *b, struct gw_bytes text,
                      Xinqiao__V1__ListCheckBatchResponse **ret)
{
    struct check *k = b->k;
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(k->c, "核查", "checking"));
    uint64_t row = 0, total = lines_of(text);
    int rc = GW_EXIT_OK;
    while (rc == GW_EXIT_OK && text.len != 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
        struct gw_bytes line = gw_bytes_make(text.ptr, len);
        text = gw_bytes_make(text.ptr + len + (end != NULL), text.len - len - (end != NULL));
        row++;
        size_t blank = 0;
        while (blank < line.len && line.ptr[blank] <= ' ')
            blank++;
        if (blank == line.len || line.ptr[blank] == '#')
            continue;
        int parsed = gw_cmd_subject_parse(k->c, line, row, &b->subject[b->count]);
        if (parsed == GW_EXIT_GO_ON)
            parsed = askable(k->c, &b->subject[b->count], row);
        if (parsed != GW_EXIT_GO_ON) {
            k->failed++; /* said already; the others are asked for */
            continue;
        }
        b->row[b->count++] = row;
        if (b->count == BATCH)
            rc = batch_ask(b, ret);
        gw_cmd_progress(&bar, row, total);
    }
    if (rc == GW_EXIT_OK && b->count != 0)
        rc = batch_ask(b, ret);
    gw_cmd_progress_end(&bar);
    return rc;
}

static void batch_summary(const struct check *k, const Xinqiao__V1__ListCheckBatchResponse *m)
{
    const struct gw_cmd_ctx *c = k->c;
    printf(TR(c, "共核查 %" PRIu64 " 个主体：在名单上 %" PRIu64 "，未能查询 %" PRIu64 "。\n",
              "%" PRIu64 " subjects checked: %" PRIu64 " on a list, %" PRIu64 " not looked up.\n"),
           k->asked, k->listed, k->failed);
    if (m == NULL)
        return;
    if (k->asked > k->listed) {
        puts(TR(c, "对没有列出的主体：", "of the others:"));
        no_hit(c, m->states, m->n_states);
    }
    putchar('\n');
    gw_lists_states(c, m->states, m->n_states);
}

static int batch(struct check *k)
{
    struct gw_buf file;
    gw_buf_init(&file, 256u << 20);
    enum gw_status st = gw_file_read(strcmp(k->batch, "-") == 0 ? "/dev/stdin" : k->batch, &file);
    struct batch *b = calloc(1, sizeof(*b));
    int rc = st != GW_OK ? gw_cmd_file_failed(k->c, k->batch, st)
             : b == NULL ? GW_EXIT_FAILED
                         : gw_remote_open(&k->remote);
    Xinqiao__V1__ListCheckBatchResponse *last = NULL;
    if (rc == GW_EXIT_OK) {
        b->k = k;
        gw_cmd_json_init(&b->j);
        gw_cmd_json_open(&b->j, NULL, '{');
        gw_cmd_json_open(&b->j, "answers", '[');
        rc = batch_file(b, gw_buf_view(&file), &last);
        gw_cmd_json_close(&b->j, ']');
    }
    if (rc == GW_EXIT_OK && k->c->json) {
        gw_cmd_json_u64(&b->j, "asked", k->asked);
        gw_cmd_json_u64(&b->j, "listed", k->listed);
        gw_cmd_json_u64(&b->j, "failed", k->failed);
        gw_cmd_json_bool(&b->j, "conclusive", !k->unsure);
        gw_lists_states_json(&b->j, last != NULL ? last->states : NULL,
                             last != NULL ? last->n_states : 0);
        gw_cmd_json_close(&b->j, '}');
        gw_cmd_json_print(&b->j, stdout);
    } else if (rc == GW_EXIT_OK) {
        batch_summary(k, last);
    }
    if (b != NULL) {
        gw_buf_fini(&b->j.b);
        gw_crypto_wipe(b->subject, sizeof(b->subject));
    }
    free(b);
    if (last != NULL)
        xinqiao__v1__list_check_batch_response__free_unpacked(last, NULL);
    if (file.ptr != NULL)
        gw_crypto_wipe(file.ptr, file.len);
    gw_buf_fini(&file);
    return rc == GW_EXIT_OK ? verdict(k) : rc;
}

static const char notes_zh[] = "不给出主体时从标准输入读取；在终端上按提示输入，不显示。\n"
                               "退出码：0 所查名单上都没有，且各名单有效；3 "
                               "至少有一个主体在名单上；4 没有命中，但有名单缺失或过期，"
                               "或有主体未能查询，不能说“不在名单上”；\n"
                               "1 失败；2 用法错误；5 连接不上或身份不被接受；6 网关拒绝了调用。\n";
static const char notes_en[] =
    "Without a subject it is read from standard input; on a terminal you are asked, without echo.\n"
    "exit codes: 0 on none of the lists, and all of them are good; 3 somebody is on a list; 4 no "
    "hit,\n"
    "but a list is missing or stale or a subject could not be looked up: nobody may say \"not on "
    "a\n"
    "list\"; 1 failed; 2 usage; 5 no connection, or our identity is not accepted; 6 the gateway\n"
    "refused the call.\n";

int gw_cmd_check_list(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct check k = {.c = c};
    gw_remote_init(&k.remote, c);
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--uscc", "CODE", &k.from.uscc, "统一社会信用代码（只用于组织）",
         "unified social credit code (organisations only)"},
        {GW_OPT_TEXT, "--batch", "FILE", &k.batch, "每行一个主体的文件",
         "file with a subject a line"},
        {GW_OPT_TEXT, "--lists", "A,B", &k.lists, "只查这些名单，缺省为授权内的全部",
         "only these lists; all that are granted by default"},
        {.type = GW_OPT_END},
    };
    static char zh[2048], en[2048];
    snprintf(zh, sizeof(zh), "%s%s", gw_cmd_subject_help_zh, notes_zh);
    snprintf(en, sizeof(en), "%s%s", gw_cmd_subject_help_en, notes_en);
    const struct gw_cmd_usage usage = {"[FILE]", opts, k.remote.opts, zh, en};
    size_t n = 0;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &k.from.file, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (k.batch != NULL && (n != 0 || k.from.uscc != NULL)) {
        gw_cmd_err(c, "--batch 与单个主体只能给出一种", "give --batch or one subject, not both");
        return gw_cmd_usage_hint(c);
    }
    char lists[4096];
    if (k.lists != NULL) {
        snprintf(lists, sizeof(lists), "%s", k.lists);
        k.list_count = gw_lists_split(lists, k.list, MAX_LISTS);
    }
    rc = k.batch != NULL ? batch(&k) : one(&k);
    gw_remote_fini(&k.remote);
    return rc;
}

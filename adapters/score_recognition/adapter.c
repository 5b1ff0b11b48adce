/* What score_recognition publishes: services, options, reasons, tables, statements. Read scores.h
 * next, then recognize.c. */
#include <stdlib.h>

#include "scores.h"

extern const unsigned char scores_fds[];
extern const size_t scores_fds_size;

static const struct gw_adapter_method recognition[] = {
    {.name = "Recognize",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = score_recognize},
    {.name = "RecognizeBatch",
     .streaming = GW_STREAM_BIDI,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .open = score_batch_open,
     .message = score_batch_message,
     .half_close = score_batch_half_close,
     .writable = score_batch_writable,
     .close = score_batch_close},
    {.name = "ListAgreements",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = score_list_agreements},
};

static const struct gw_adapter_method consents[] = {
    {.name = "Register",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = score_consent_register},
    {.name = "Revoke",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = score_consent_revoke},
    {.name = "Status",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = score_consent_status},
};

static const struct gw_adapter_service services[] = {
    {&xinqiao__v1__score_recognition__descriptor, recognition, SCORE_LEN(recognition)},
    {&xinqiao__v1__consents__descriptor, consents, SCORE_LEN(consents)},
};

/* Code 0 is no refusal: the reason of a negative answer, for the log and for peers granted
 * "reasons". */
static const struct gw_adapter_reason reasons[] = {
    {SCORE_REASON("no-consent"), 0, 0, "没有信息主体的有效授权，请本人在市信用应用中授权后再查询。",
     "There is no valid consent of the person; ask again when it has been given."},
    {SCORE_REASON("unknown-subject"), 0, 0, "没有该信息主体的信用分，请核对证件号码。",
     "No score of this person is on record; check the number of the document."},
    {SCORE_REASON("below-band"), 0, 0, "信用分低于协议约定的最低档次，不享受守信便利。",
     "The score is below the lowest band of the agreement; no benefit is due."},
    {SCORE_REASON("under-age"), 0, 0, "信息主体未满十八周岁，不提供信用分互认。",
     "The person is under 18; scores of minors are not recognised."},
    {SCORE_REASON("age-unknown"), 0, 0, "证件不是居民身份证，无法确认年龄，不提供信用分互认。",
     "The document is no citizen identity card, so the age is not known; the score is not "
     "recognised."},
    {SCORE_REASON("stale"), 0, 0, "信用分的数据日期超出协议允许的期限，请待更新后再查询。",
     "The score is older than the agreement allows; ask again when it is renewed."},
    {SCORE_REASON("scale-mismatch"), 0, 0,
     "在库信用分的分制或版本与协议约定的不一致，请待协议或数据更新。",
     "The scores on record are of another scale or edition than the agreement's; wait for new data "
     "or a new agreement."},
    {SCORE_REASON("out-of-range"), 0, 0, "在库信用分超出该分制的取值范围，请报送单位核对。",
     "The score on record is outside the range of its scale; its sender must check it."},
    {SCORE_REASON("quota"), 8, 0, "今日查询次数已达协议约定的上限，请于 {until} 之后再查询。",
     "The agreement's quota of questions for today is used up; ask again after {until}."},
    {SCORE_REASON("agreement-none"), 7, 0,
     "没有与贵方生效的互认协议，或该协议编号不适用，请核对协议。",
     "There is no agreement in force with this party, or not by this identifier; check the "
     "agreement."},
    {SCORE_REASON("purpose-unknown"), 7, 0,
     "查询用途不在互认协议之内，信用分只用于守信便利，请使用协议约定的用途。",
     "The purpose is none of the agreement's, and scores serve benefits only; use one that was "
     "agreed."},
    {SCORE_REASON("purpose-differs"), 3, 0,
     "{field} 与元数据 xinqiao-purpose 中的用途不一致，请改为同一用途。",
     "{field} differs from the purpose in the metadata xinqiao-purpose; say the same in both."},
    {SCORE_REASON("scene-unknown"), 7, 0,
     "应用场景 {field} 不在互认协议之内，请使用协议约定的场景。",
     "The scene in {field} is none of the agreement's; use one that was agreed."},
    {SCORE_REASON("scene-repeated"), 3, 0, "应用场景 {field} 重复，请删除。",
     "The scene in {field} stands there twice; remove it."},
    {SCORE_REASON("scenes-many"), 3, 0, "{field} 多于 32 个，请分为多个授权登记。",
     "There are more than 32 {field}; register several consents."},
    {SCORE_REASON("key-long"), 3, 0, "{field} 超过 64 字节，请缩短。",
     "{field} is longer than 64 bytes; shorten it."},
    {SCORE_REASON("consent-id"), 3, 0, "授权编号 {field} 不是 UUID，请更正。",
     "The identifier in {field} is no UUID; correct it."},
    {SCORE_REASON("consent-until"), 3, 0,
     "授权截止时间 {field} 须晚于当前时间，且不超过允许的最长期限，请更正。",
     "The end in {field} must be in the future and no further away than is allowed; correct it."},
    {SCORE_REASON("consent-conflict"), 6, 0, "该授权编号已用于其他内容，请换用新的编号。",
     "This identifier of a consent has been used for another one; choose a new one."},
    {SCORE_REASON("consents-many"), 8, 0,
     "该信息主体就同一查询方和用途的有效授权已达上限，请先撤回不再需要的授权。",
     "This person has as many valid consents for this party and purpose as are allowed; revoke "
     "those "
     "that are no longer needed first."},
    {SCORE_REASON("consent-unknown"), 5, 0, "没有贵方登记的该授权，请核对授权编号。",
     "There is no such consent of yours; check its identifier."},
};

static const struct gw_adapter_option options[] = {
    {"self", GW_OPTION_TEXT, 0, "shaoxing", 1, 64,
     "Our name among the parties of conf/agreements/."},
    {"consent_max_days", GW_OPTION_NUMBER, 0, "365", 1, 3650,
     "The longest time that a consent may be registered for."},
    {"consent_keep_days", GW_OPTION_NUMBER, 0, "1095", 0, 36500,
     "How long a revoked or expired consent is kept whole; afterwards only id, state and dates."},
    {"consents_max", GW_OPTION_NUMBER, 0, "16", 1, SCORE_CONSENTS_MAX,
     "How many consents of one person to one party for one purpose may be valid at a time."},
};

/* subject: HMAC under the data set's key, NULL when erased. ends_us: when it was over, or will be;
 * 0 when erased. score_recognition_scene has a row per scene of each consent that is neither
 * revoked nor erased: what a question looks up, whatever else the person has consented to. */
static const struct gw_adapter_migration migrations[] = {
    {1, 0, "consents and quotas",
     "CREATE TABLE score_recognition_consent(id BLOB NOT NULL PRIMARY KEY, subject BLOB,"
     " to_peer TEXT NOT NULL, purpose TEXT NOT NULL, scenes TEXT NOT NULL,"
     " until_us BIGINT NOT NULL, registered_us BIGINT NOT NULL, revoked_us BIGINT NOT NULL,"
     " ends_us BIGINT NOT NULL, change_no BIGINT NOT NULL, revoked_change BIGINT NOT NULL,"
     " registered_by TEXT NOT NULL);"
     "CREATE INDEX score_recognition_consent_of"
     " ON score_recognition_consent(subject, to_peer, purpose, until_us) WHERE revoked_us = 0;"
     "CREATE INDEX score_recognition_consent_ends ON score_recognition_consent(ends_us);"
     "CREATE TABLE score_recognition_scene(consent BLOB NOT NULL, scene TEXT NOT NULL,"
     " subject BLOB NOT NULL, to_peer TEXT NOT NULL, purpose TEXT NOT NULL,"
     " until_us BIGINT NOT NULL, change_no BIGINT NOT NULL, PRIMARY KEY(consent, scene));"
     "CREATE INDEX score_recognition_scene_of"
     " ON score_recognition_scene(subject, to_peer, purpose, scene, until_us);"
     "CREATE TABLE score_recognition_quota(agreement TEXT NOT NULL, peer TEXT NOT NULL,"
     " purpose TEXT NOT NULL, day BIGINT NOT NULL, used BIGINT NOT NULL,"
     " PRIMARY KEY(agreement, peer, purpose));"},
};

static const struct gw_adapter_statement statements[SCORE_SQL_COUNT] = {
    [SCORE_SQL_CONSENT_LOOKUP] = {"consent-lookup", 0, 0, /* LIMIT: SCORE_CONSENTS_MAX */
                                  "SELECT consent, until_us FROM score_recognition_scene"
                                  " WHERE subject = $1 AND to_peer = $2 AND purpose = $3"
                                  " AND scene = $4 AND until_us > $5 AND change_no <= $6"
                                  " ORDER BY until_us DESC LIMIT 256"},
    [SCORE_SQL_CONSENT_COUNT] = {"consent-count", 0, 0,
                                 "SELECT COUNT(*) FROM score_recognition_consent"
                                 " WHERE subject = $1 AND to_peer = $2 AND purpose = $3"
                                 " AND until_us > $4 AND revoked_us = 0"},
    [SCORE_SQL_CONSENT_GET] = {"consent-get", 0, 0,
                               "SELECT subject, to_peer, purpose, scenes, until_us, registered_us,"
                               " revoked_us, change_no, revoked_change, registered_by"
                               " FROM score_recognition_consent WHERE id = $1"},
    [SCORE_SQL_CONSENT_INSERT] = {"consent-insert", 1, 0,
                                  "INSERT INTO score_recognition_consent(id, subject, to_peer,"
                                  " purpose, scenes, until_us, ends_us, registered_us, revoked_us,"
                                  " change_no, revoked_change, registered_by)"
                                  " VALUES($1, $2, $3, $4, $5, $6, $6, $7, 0, $8, 0, $9)"},
    [SCORE_SQL_CONSENT_REVOKE] = {"consent-revoke", 1, 0,
                                  "UPDATE score_recognition_consent SET revoked_us = $2,"
                                  " ends_us = $2, revoked_change = $3 WHERE id = $1"},
    [SCORE_SQL_SCENE_INSERT] = {"scene-insert", 1, 0,
                                "INSERT INTO score_recognition_scene(consent, scene, subject,"
                                " to_peer, purpose, until_us, change_no)"
                                " VALUES($1, $2, $3, $4, $5, $6, $7)"},
    [SCORE_SQL_SCENE_DELETE] = {"scene-delete", 1, 0,
                                "DELETE FROM score_recognition_scene WHERE consent = $1"},
    [SCORE_SQL_CONSENT_ENDED] = {"consent-ended", 0, 0,
                                 "SELECT id FROM score_recognition_consent"
                                 " WHERE ends_us > 0 AND ends_us < $1 ORDER BY ends_us LIMIT 1000"},
    [SCORE_SQL_CONSENT_ERASE] = {"consent-erase", 1, 0,
                                 "UPDATE score_recognition_consent SET subject = NULL,"
                                 " to_peer = '', purpose = '', scenes = '', ends_us = 0"
                                 " WHERE id = $1"},
    [SCORE_SQL_QUOTA_GET] = {"quota-get", 0, 0,
                             "SELECT day, used FROM score_recognition_quota"
                             " WHERE agreement = $1 AND peer = $2 AND purpose = $3"},
    [SCORE_SQL_QUOTA_PUT] = {"quota-put", 1, 0,
                             "INSERT INTO score_recognition_quota(agreement, peer, purpose, day,"
                             " used) VALUES($1, $2, $3, $4, $5)"
                             " ON CONFLICT(agreement, peer, purpose)"
                             " DO UPDATE SET day = excluded.day, used = excluded.used"},
};

static int32_t init(const struct gw_adapter_host *host, void **ret_adapter)
{
    struct score_adapter *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return -1;
    score_host = host;
    *ret_adapter = a;
    return 0;
}

static void fini(void *adapter)
{
    struct score_adapter *a = adapter;
    score_quotas_fini(&a->quotas);
    free(a);
}

static int32_t tick(void *adapter, struct gw_adapter_call *c)
{
    struct score_adapter *a = adapter;
    int32_t today = score_day_of(score_host->now_us(c));
    if (score_quotas_flush(&a->quotas, c, today) != 0)
        return -1;
    return score_consents_erase(c, score_host->generation(c));
}

static const struct gw_adapter adapter = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(struct gw_adapter),
    .name = "score_recognition",
    .description = "Mutual recognition of personal credit scores under agreements and consents",
    .services = services,
    .service_count = SCORE_LEN(services),
    .descriptor_set = scores_fds,
    .descriptor_set_size = 0, /* set by gw_adapter_entry(): a size is no constant in C */
    .reasons = reasons,
    .reason_count = SCORE_LEN(reasons),
    .init = init,
    .fini = fini,
    .options = options,
    .option_count = SCORE_LEN(options),
    .migrations = migrations,
    .migration_count = SCORE_LEN(migrations),
    .statements = statements,
    .statement_count = SCORE_LEN(statements),
    .prepare = score_terms_prepare,
    .abort = score_terms_free,
    .release = score_terms_free,
    .tick_ms = 10000,
    .tick = tick,
    .status = score_status,
};

const struct gw_adapter *gw_adapter_entry(void);
__attribute__((visibility("default"))) const struct gw_adapter *gw_adapter_entry(void)
{
    static struct gw_adapter published;
    published = adapter;
    published.descriptor_set_size = scores_fds_size;
    return &published;
}

/* Lists and scores: what their formats say without a column, what they carry without understanding,
 * masked numbers, removals; broken rule by rule. */
#include "config/config.h"
#include "format_test.h"

#define COMMON  "common.list@1"
#define SERIOUS "zhejiang.list.serious@1"
#define RED     "zhejiang.list.red@1"
#define COURT   "national.list.court@1"
#define ZCOURT  "zhejiang.list.court@1"
#define SCORE   "municipal.score@1"
#define CANON   "canonical.record@1"
#define PERSON  "national.penalty.person@2018"
#define CITIZEN "330602190001019910"
#define ORGCODE "MA2TT0013"
#define USCC    "91330602MA2TT00136"

#define STATUS(s) XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_##s
#define CLASS(c)  XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_##c

static char *members(const char *text, const char *const edits[][2], size_t count)
{
    char *t = gw_arena_strdup(arena, text);
    for (size_t i = 0; i < count; i++)
        t = member(t, edits[i][0], edits[i][1]);
    return t;
}
#define EDIT(text, ...)                                                                            \
    members(text, (const char *const[][2])__VA_ARGS__,                                             \
            sizeof((const char *const[][2])__VA_ARGS__) / sizeof(char *[2]))

static char *court_firm(void)
{
    return EDIT(sample(COURT), {{"partyTypeName", "\"581\""},
                                {"age", "0"},
                                {"sexy", "\"\""},
                                {"cardNum", "\"" ORGCODE "\""},
                                {"businessEntity", "\"沈澄砚\""}});
}

static char *common_person(void)
{
    return EDIT(sample(COMMON), {{"ztlb", "\"自然人\""},
                                 {"tyshxydm", "\"\""},
                                 {"fddbr", "\"\""},
                                 {"zjhm", "\"" CITIZEN "\""}});
}

/* ---- one rule broken at a time ---- */

static const struct {
    const char *id, *field, *value, *code;
} violations[] = {
    {COMMON, "id", "\"\"", "field-missing"},
    {COMMON, "ztlb", "\"企业\"", "enum-unknown"},
    {COMMON, "mdlxid", "\"黑名单\"", "enum-unknown"},
    {COMMON, "mdlxid", "\"Court-defaulter\"", "enum-unknown"},
    {COMMON, "tyshxydm", "\"\"", "condition-missing"},
    {COMMON, "tyshxydm", "\"91330602MA2TT00137\"", "uscc-check"},
    {COMMON, "tyshxydm", "\"00000000000000000X\"", "uscc-placeholder"},
    {COMMON, "fddbr", "\"\"", "condition-missing"},
    {COMMON, "zjhm", "\"" CITIZEN "\"", "field-forbidden"},
    {COMMON, "rdyj", "\"\"", "field-missing"},
    {COMMON, "rdrq", "\"2027-01-01\"", "date-future"},
    {COMMON, "rdrq", "\"2026-02-30\"", "date-invalid"},
    {COMMON, "yxqz", "\"2020-01-01\"", "date-order"},
    {COMMON, "yxqz", "\"\"", "field-missing"},
    {COMMON, "inserttime", "\"\"", "field-missing"},
    {COMMON, "inserttime", "[1]", "value-type"},
    {COMMON, "yccrq", "\"2020-01-01\"", "date-order"},
    {COMMON, "yccrq", "\"2026-11-24\"", "date-future"},
    {COMMON, "hhmdlx", "\"不是红\"", "field-too-long"},
    {SERIOUS, "illid", "\"\"", "field-missing"},
    {SERIOUS, "pripid", "\"-\"", "field-missing"},
    {SERIOUS, "uniscid", "\"00000000000000000X\"", "uscc-placeholder"},
    {SERIOUS, "abntime", "\"2026年1月1日\"", "date-invalid"},
    {SERIOUS, "remdate", "\"2020-01-01 00:00:00\"", "date-order"},
    {SERIOUS, "remdate", "\"\"", "condition-missing"},
    {SERIOUS, "remexcpres_cn", "\"\"", "condition-missing"},
    {SERIOUS, "recorg_cn", "\"\"", "condition-missing"},
    {RED, "rd_xydm", "\"11330602MB9A000228\"", "uscc-check"},
    {RED, "hmdlx", "\"\"", "field-missing"},
    {COURT, "partyTypeName", "\"582\"", "enum-unknown"},
    {COURT, "age", "\"老\"", "value-charset"},
    {COURT, "sexy", "\"未知\"", "enum-unknown"},
    {COURT, "cardNum", "\"330602190001019911\"", "citizen-id-check"},
    {COURT, "cardNum", "\"沈****砚\"", "value-charset"},
    {COURT, "businessEntity", "\"沈澄砚\"", "field-forbidden"},
    {COURT, "performance", "\"不详\"", "enum-unknown"},
    {COURT, "regDate", "\"2025年13月01日\"", "date-invalid"},
    {COURT, "duty", "{\"a\":1}", "value-type"},
    {ZCOURT, "fydm", "\"\"", "field-missing"},
    {ZCOURT, "sfzhm", "\"\"", "condition-missing"},
    {ZCOURT, "zzjgdm", "\"" ORGCODE "\"", "field-forbidden"},
    {ZCOURT, "bzxrxz", "\"家庭\"", "enum-unknown"},
    {SCORE, "zjlx", "\"\"", "field-missing"},
    {SCORE, "zjhm", "\"330602190001019911\"", "citizen-id-check"},
    {SCORE, "pfbz", "\"绍兴\"", "enum-unknown"},
    {SCORE, "pfbb", "\"\"", "field-missing"},
    {SCORE, "fs", "\"\"", "field-missing"},
    {SCORE, "fs", "\"A\"", "value-type"},
    {SCORE, "fs", "\"-0.01\"", "value-type"},
    {SCORE, "fs", "\"1e3\"", "value-type"},
    {SCORE, "fs", "700.125", "value-range"},
    {SCORE, "fs", "\"700.500\"", "value-range"},
    {SCORE, "fs", "\"10000000\"", "value-range"},
    {SCORE, "sjrq", "\"2026-11-24\"", "date-future"},
    {SCORE, "sjrq", "\"\"", "field-missing"},
};

static void test_each_violation(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(violations); i++)
        expect_refused(violations[i].id,
                       member(sample(violations[i].id), violations[i].field, violations[i].value),
                       violations[i].code, violations[i].field);
    expect_refused(COMMON, member(common_person(), "zjhm", "\"\""), "condition-missing", "zjhm");
    expect_refused(COMMON, member(common_person(), "tyshxydm", "\"" USCC "\""), "field-forbidden",
                   "tyshxydm");
    expect_refused(COURT, member(court_firm(), "age", "35"), "field-forbidden", "age");
    expect_refused(COURT, member(court_firm(), "sexy", "\"男性\""), "field-forbidden", "sexy");
    expect_refused(COURT, member(court_firm(), "cardNum", "\"MA2TT0014\""), "orgcode-check",
                   "cardNum");
    expect_refused(COURT, member(court_firm(), "cardNum", "\"91330602MA2TT00137\""), "uscc-check",
                   "cardNum");
}

static void test_all_violations_at_once(void **state)
{
    (void)state;
    char *text = EDIT(sample(COMMON), {{"mdlxid", "\"黑名单\""},
                                       {"zjhm", "\"" CITIZEN "\""},
                                       {"rdyj", "\"\""},
                                       {"yxqz", "\"2020-01-01\""},
                                       {"inserttime", "\"\""},
                                       {"yccrq", "\"2026-11-01\""}});
    gw_record *r = NULL;
    assert_int_equal(try_decode(COMMON, text, &r), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "enum-unknown", "mdlxid"));
    assert_true(reported(GW_PROBLEM_ERROR, "field-forbidden", "zjhm"));
    assert_true(reported(GW_PROBLEM_ERROR, "field-missing", "rdyj"));
    assert_true(reported(GW_PROBLEM_ERROR, "date-order", "yxqz"));
    assert_true(reported(GW_PROBLEM_ERROR, "field-missing", "inserttime"));
    assert_true(reported(GW_PROBLEM_ERROR, "condition-missing", "ycsy"));
    assert_int_equal(report.count[GW_PROBLEM_ERROR], 6);
    /* Where the class itself is not known, nothing is forbidden for it. */
    gw_report_init(&report, arena);
    assert_int_equal(try_decode(COMMON, member(sample(COMMON), "ztlb", "\"企业\""), &r),
                     GW_INVALID);
    assert_int_equal(report.count[GW_PROBLEM_ERROR], 1);
}

/* ---- what a format says without a column ---- */

static void test_the_list_of_a_format(void **state)
{
    (void)state;
    static const char *const row[][2] = {{SERIOUS, "market-serious"},
                                         {RED, "zhejiang-red"},
                                         {COURT, "court-defaulter"},
                                         {ZCOURT, "court-defaulter"}};
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        gw_record *r = decode(row[i][0], sample(row[i][0]));
        assert_string_equal(r->list_entry->list, row[i][1]);
        r->list_entry->list = gw_arena_strdup(arena, "tax-serious");
        char *text = NULL;
        gw_report_init(&report, arena);
        assert_int_equal(try_encode(row[i][0], r, NULL, &text), GW_INVALID);
        assert_true(reported(GW_PROBLEM_ERROR, "target-value", "list_entry.list"));
    }
}

static void test_names_of_lists(void **state)
{
    (void)state;
    static const char *const row[][2] = {{"失信被执行人", "court-defaulter"},
                                         {"重大税收违法失信主体", "tax-serious"},
                                         {"wage-arrears", "wage-arrears"},
                                         {"a-list-of-2030", "a-list-of-2030"}};
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        char *text = member(sample(COMMON), "mdlxid", gw_arena_printf(arena, "\"%s\"", row[i][0]));
        assert_string_equal(decode(COMMON, text)->list_entry->list, row[i][1]);
        expect_accepted(COMMON, text);
    }
    /* Moved to another list since: the sender's word for the old one is not written. */
    gw_record *r = decode(COMMON, member(sample(COMMON), "mdlxid", "\"失信被执行人\""));
    r->list_entry->list = gw_arena_strdup(arena, "tax-serious");
    assert_non_null(strstr(encode(COMMON, r, NULL), "\"mdlxid\":\"tax-serious\""));
    r->list_entry->list = gw_arena_strdup(arena, "税务");
    char *text = NULL;
    assert_int_equal(try_encode(COMMON, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-value", "mdlxid"));
}

static void test_removed_entries_are_withdrawn(void **state)
{
    (void)state;
    char *text = NULL;
    gw_record *r = decode(SERIOUS, sample(SERIOUS));
    assert_int_equal(r->status, STATUS(WITHDRAWN));
    assert_non_null(r->list_entry->removed_on);
    assert_string_equal(r->list_entry->removed_by->name, "绍兴市柯桥区市场监督管理局");
    char *kept = EDIT(sample(SERIOUS),
                      {{"remdate", "\"\""}, {"remexcpres_cn", "\"\""}, {"recorg_cn", "\"\""}});
    assert_int_equal(decode(SERIOUS, kept)->status, STATUS(IN_FORCE));
    expect_accepted(SERIOUS, kept);
    char *left = EDIT(sample(COMMON), {{"yccrq", "\"2026-10-01\""}, {"ycsy", "\"信用修复\""}});
    r = decode(COMMON, left);
    assert_int_equal(r->status, STATUS(WITHDRAWN));
    assert_string_equal(r->list_entry->removal_reason, "信用修复");
    expect_accepted(COMMON, left);
    /* The column says one thing, the record another. */
    static const Xinqiao__V1__RecordStatus wrong[] = {STATUS(IN_FORCE), STATUS(REPAIRED),
                                                      STATUS(EXPIRED)};
    for (size_t i = 0; i < GW_ARRAY_LEN(wrong); i++) {
        r->status = wrong[i];
        gw_report_init(&report, arena);
        assert_int_equal(try_encode(COMMON, r, NULL, &text), GW_INVALID);
        assert_true(reported(GW_PROBLEM_ERROR, "target-status", "status"));
    }
    r = decode(COMMON, sample(COMMON));
    r->status = STATUS(WITHDRAWN);
    assert_int_equal(try_encode(COMMON, r, NULL, &text), GW_INVALID);
    /* A list without a column for an exit holds nobody who left. */
    r = decode(RED, sample(RED));
    r->status = STATUS(WITHDRAWN);
    gw_report_init(&report, arena);
    assert_int_equal(try_encode(RED, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-status", "status"));
}

/* D4: without a column for the class the code says it, for a trader is no organisation. */
static void test_class_by_code(void **state)
{
    (void)state;
    char *text = NULL;
    assert_int_equal(decode(RED, sample(RED))->subject->subject_class, CLASS(SOLE_TRADER));
    char *firm = member(sample(RED), "xydm", "\"" USCC "\"");
    gw_record *r = decode(RED, firm);
    assert_int_equal(r->subject->subject_class, CLASS(ORGANISATION));
    expect_accepted(RED, firm);
    r->subject->subject_class = CLASS(SOLE_TRADER);
    gw_report_init(&report, arena);
    assert_int_equal(try_encode(RED, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-class", "subject.subject_class"));
    r->subject->subject_class = CLASS(PERSON);
    assert_int_equal(try_encode(RED, r, NULL, &text), GW_INVALID);
}

/* ---- numbers ---- */

static enum gw_status id_of(const gw_record *r, const char **ret_type)
{
    struct gw_bytes v;
    return gw_canon_subject_id(r, ret_type, &v);
}

static void test_masked_numbers(void **state)
{
    (void)state;
    const char *type = "";
    static const struct {
        const char *id, *field;
        bool firm;
    } row[] = {{COURT, "cardNum", false}, {COURT, "cardNum", true}, {ZCOURT, "sfzhm", false}};
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        char *text = row[i].firm ? court_firm() : sample(row[i].id);
        text = member(text, row[i].field, row[i].firm ? "\"MA2T****3\"" : "\"3306021990****9910\"");
        gw_record *r = decode(row[i].id, text);
        assert_int_equal(id_of(r, &type), GW_NOT_FOUND);
        expect_accepted(row[i].id, text);
        /* It stays a canonical record. */
        struct gw_buf b;
        gw_record *back = NULL;
        gw_buf_init(&b, 65536);
        assert_int_equal(gw_format_encode(format(CANON), r, &today, NULL, NULL, arena, &report, &b),
                         GW_OK);
        assert_int_equal(
            gw_format_decode(format(CANON), gw_buf_view(&b), &today, arena, &report, &back), GW_OK);
        gw_buf_fini(&b);
    }
    gw_record *r = decode(COURT, member(sample(COURT), "cardNum", "\"" CITIZEN "\""));
    assert_int_equal(id_of(r, &type), GW_OK);
    assert_string_equal(type, "CN-ID");
    /* A penalty is not published so. */
    expect_refused(PERSON, element(sample(PERSON), "CF_XDR_ZJHM", "3306021990****9910"),
                   "citizen-id-charset", "CF_XDR_ZJHM");
}

static void test_either_code_of_a_firm(void **state)
{
    (void)state;
    gw_record *r = decode(COURT, court_firm());
    assert_string_equal(r->subject->organisation_code, ORGCODE);
    assert_string_equal(r->subject->uscc, "");
    expect_accepted(COURT, court_firm());
    char *text = member(court_firm(), "cardNum", "\"" USCC "\"");
    r = decode(COURT, text);
    assert_string_equal(r->subject->organisation_code, "");
    assert_string_equal(r->subject->uscc, USCC);
    expect_accepted(COURT, text);
    /* Both do not fit: the newer is written, the other declared lost. */
    r->subject->organisation_code = gw_arena_strdup(arena, ORGCODE);
    gw_report_init(&report, arena);
    assert_non_null(strstr(encode(COURT, r, NULL), "\"cardNum\":\"" USCC "\""));
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "cardNum"));
}

static void test_age_of_a_firm(void **state)
{
    (void)state;
    assert_string_equal(decode(COURT, court_firm())->list_entry->court->age, "");
    expect_accepted(COURT, court_firm());
    expect_accepted(COURT, member(court_firm(), "age", "\"0\""));
    expect_accepted(COURT, member(sample(COURT), "age", "\"0\""));
    assert_string_equal(decode(COURT, sample(COURT))->list_entry->court->age, "117");
    assert_string_equal(decode(COURT, sample(COURT))->list_entry->court->gender, "男");
}

/* Fuzz find: what a target would not read again is not written in it. */
static void test_values_of_another_alphabet(void **state)
{
    (void)state;
    static const char national[] = "national.penalty.org@2018";
    char *text = NULL;
    gw_record *r = decode(national, sample(national));
    r->subject->tax_no = gw_arena_strdup(arena, "MA2TT0013");
    assert_int_equal(try_encode(national, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-value", "CF_XDR_SWDJ"));
    r = decode(COURT, sample(COURT));
    r->list_entry->court->age = gw_arena_strdup(arena, "six");
    gw_report_init(&report, arena);
    assert_int_equal(try_encode(COURT, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-value", "age"));
    /* "0" and "-" say that there is nothing. */
    r->list_entry->court->age = gw_arena_strdup(arena, "0");
    assert_int_equal(try_encode(COURT, r, NULL, &text), GW_INVALID);
    r->list_entry->court->age = gw_arena_strdup(arena, "30");
    r->subject->name = gw_arena_strdup(arena, "-");
    gw_report_init(&report, arena);
    assert_int_equal(try_encode(COURT, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-value", "iname"));
}

static void test_dates_of_courts(void **state)
{
    (void)state;
    char *text = EDIT(sample(COURT),
                      {{"regDate", "\"2025年3月1日\""}, {"publishDate", "\"2025年03月02日\""}});
    gw_record *r = decode(COURT, text);
    assert_int_equal(r->list_entry->court->filed_on->day, 1);
    assert_int_equal(r->decided_on->day, 2);
    assert_int_equal(r->list_entry->published_on->day, 2);
    expect_accepted(COURT, text);
    r = decode(COURT, text);
    r->decided_on->day = 4;
    char *out = NULL;
    gw_report_init(&report, arena);
    assert_int_equal(try_encode(COURT, r, NULL, &out), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-value", "publishDate"));
    r->list_entry->published_on = NULL;
    assert_non_null(strstr(encode(COURT, r, NULL), "\"publishDate\":\"2025年03月04日\""));
}

/* ---- scores ---- */

static void test_scores_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t hundredths;
    } row[] = {{"\"0\"", 0},
               {"\"0.00\"", 0},
               {"\"0.01\"", 1},
               {"\"612.5\"", 61250},
               {"\"612.50\"", 61250},
               {"700", 70000},
               {"\"1000.99\"", 100099},
               {"\"0700\"", 70000},
               {"\"9999999.99\"", 999999999}};
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        char *text = member(sample(SCORE), "fs", row[i].text);
        assert_int_equal(decode(SCORE, text)->score->hundredths, row[i].hundredths);
        expect_accepted(SCORE, text);
    }
    gw_record *r = decode(SCORE, member(sample(SCORE), "fs", "\"612.50\""));
    r->score->hundredths = 0;
    assert_non_null(strstr(encode(SCORE, r, NULL), "\"fs\":\"0\""));
    static const int64_t bad[] = {-1, 1000000000};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        char *text = NULL;
        r->score->hundredths = bad[i];
        gw_report_init(&report, arena);
        assert_int_equal(try_encode(SCORE, r, NULL, &text), GW_INVALID);
        assert_true(reported(GW_PROBLEM_ERROR, "target-value", "fs"));
    }
}

static void test_a_score_is_of_a_person_on_a_scale(void **state)
{
    (void)state;
    gw_record *r = decode(SCORE, sample(SCORE));
    assert_int_equal(r->kind, XINQIAO__V1__KIND__KIND_SCORE);
    assert_int_equal(r->status, STATUS(IN_FORCE));
    assert_int_equal(r->subject->subject_class, CLASS(PERSON));
    assert_string_equal(r->score->scale, "shaoxing");
    assert_string_equal(r->score->edition, "2026");
    assert_int_equal(r->score->as_of->day, 22);
    assert_int_equal(r->decided_on->day, 22);
    char *text = member(sample(SCORE), "pfbz", "\"桂花分\"");
    assert_string_equal(decode(SCORE, text)->score->scale, "guihua");
    expect_accepted(SCORE, text);
    r->subject->subject_class = CLASS(ORGANISATION);
    gw_report_init(&report, arena);
    assert_int_equal(try_encode(SCORE, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-class", "subject.subject_class"));
}

/* ---- columns that are carried ---- */

static void test_arrays_are_carried(void **state)
{
    (void)state;
    const char *array = "[{\"cardNum\":\"3306****9910\",\"iname\":\"沈澄砚\"},{\"x\":[1, 2]}]";
    char *text =
        edit(court_firm(), "\"qysler\":[]", gw_arena_printf(arena, "\"qysler\":%s", array));
    expect_accepted(COURT, text);
    gw_record *r = decode(COURT, text);
    size_t carried = 0;
    for (size_t k = 0; k < r->n_extension; k++)
        carried += !r->extension[k]->spelling && strcmp(r->extension[k]->text, array) == 0;
    assert_int_equal(carried, 1);
    /* Nobody can put JSON of his own into a record of the format. */
    static const char *const bad[] = {"[1],\"fydm\":\"x\"", "[", "{\"a\":}", ""};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        r = decode(COURT, text);
        for (size_t k = 0; k < r->n_extension; k++) {
            if (strcmp(r->extension[k]->field, "qysler") == 0)
                r->extension[k]->text = gw_arena_strdup(arena, bad[i]);
        }
        assert_non_null(strstr(encode(COURT, r, NULL), "\"qysler\":\"\"}"));
    }
    /* A text column holds no array, whoever says so. */
    r = decode(COMMON, member(sample(COMMON), "glbwl", "\"备忘录\""));
    for (size_t k = 0; k < r->n_extension; k++) {
        if (strcmp(r->extension[k]->field, "glbwl") != 0)
            continue;
        r->extension[k]->text = gw_arena_strdup(arena, "[1]");
        r->extension[k]->form = XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN;
    }
    assert_non_null(strstr(encode(COMMON, r, NULL), "\"glbwl\":\"\""));
}

static struct gw_format_defaults *defaults_of(const char *text)
{
    struct gw_config *c = NULL;
    struct gw_format_defaults *d = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 65536);
    assert_int_equal(gw_config_parse(gw_bytes_str(text), "peer.conf", &c, &error), GW_OK);
    if (gw_format_defaults_load(set, gw_config_node_child(gw_config_root(c), "d"), &d, &error) !=
        GW_OK)
        d = NULL;
    gw_config_free(c);
    gw_buf_fini(&error);
    return d;
}

static void test_carried_columns_of_another_sender(void **state)
{
    (void)state;
    char *text = NULL;
    gw_record *r = decode(SERIOUS, sample(SERIOUS));
    r->n_extension = 0;
    assert_int_equal(try_encode(SERIOUS, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "pripid"));
    struct gw_format_defaults *d = defaults_of(
        "d = ( { format = \"" SERIOUS "\"; values = { pripid = \"${subject.uscc}\"; }; } );");
    assert_non_null(d);
    gw_report_init(&report, arena);
    assert_non_null(strstr(encode(SERIOUS, r, d), "\"pripid\":\"92330624MA9X005803\""));
    assert_true(reported(GW_PROBLEM_DEFAULTED, "defaulted", "pripid"));
    gw_format_defaults_free(d);
    assert_null(defaults_of("d = ( { format = \"" SERIOUS "\"; values = { pripid = "
                            "\"012345678901234567890123456789012345678901234567890\"; }; } );"));
    assert_null(
        defaults_of("d = ( { format = \"" COMMON "\"; values = { rdyj = \"民事诉讼法\"; }; } );"));
}

static enum gw_status granted(const char *id, const gw_record *r, const char *const *paths,
                              size_t count)
{
    struct gw_format_fields *fields = NULL;
    struct gw_buf b;
    gw_buf_init(&b, 65536);
    assert_int_equal(gw_format_fields_new(paths, count, &fields, &b), GW_OK);
    gw_report_init(&report, arena);
    enum gw_status st = gw_format_encode(format(id), r, &today, NULL, fields, arena, &report, &b);
    gw_format_fields_free(fields);
    gw_buf_fini(&b);
    return st;
}

static void test_a_grant_of_fields_is_none_of_carried_columns(void **state)
{
    (void)state;
    static const char *const paths[] = {"subject.*", "authority.*", "list_entry.*", "decided_on",
                                        "extension.*"};
    gw_record *r = decode(SERIOUS, sample(SERIOUS));
    assert_int_equal(granted(SERIOUS, r, paths, 5), GW_OK);
    assert_int_equal(granted(SERIOUS, r, paths, 4), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "pripid"));
    assert_true(reported(GW_PROBLEM_WITHHELD, "withheld-field", "extension"));
}

/* ---- from one format into another ---- */

static const char courts[] =
    "d = ( { format = \"" COURT "\"; values = { areaName = \"浙江\"; }; },\n"
    " { format = \"" ZCOURT "\"; values = { fydm = \"C61\"; }; } );";

static void test_courts_there_and_back(void **state)
{
    (void)state;
    struct gw_format_defaults *d = defaults_of(courts);
    char *text = NULL;
    assert_non_null(d);
    gw_record *r = decode(COURT, sample(COURT));
    assert_int_equal(try_encode(ZCOURT, r, NULL, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "fydm"));
    gw_report_init(&report, arena);
    text = encode(ZCOURT, r, d);
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "age"));
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "areaName"));
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "extension"));
    assert_int_equal(report.count[GW_PROBLEM_LOSS], 3);
    gw_record *back = decode(ZCOURT, text);
    assert_string_equal(back->subject->document->number, r->subject->document->number);
    assert_string_equal(back->list_entry->case_no, r->list_entry->case_no);
    assert_int_equal(back->list_entry->performance, r->list_entry->performance);
    assert_string_equal(back->list_entry->court->gender, "男");
    assert_string_equal(back->list_entry->court->registered_no, "700100004");
    gw_report_init(&report, arena);
    text = encode(COURT, back, d);
    assert_non_null(strstr(text, "\"sexy\":\"男性\""));
    assert_non_null(strstr(text, "\"publishDate\":\"2025年11月23日\""));
    gw_format_defaults_free(d);
}

/* Which list, by what basis, until when: never lost. */
static void test_ends_and_bases_are_not_lost(void **state)
{
    (void)state;
    struct gw_format_defaults *d =
        defaults_of("d = ( { format = \"" SERIOUS "\"; values = { pripid = \"1\"; }; } );");
    char *text = member(sample(COMMON), "mdlxid", "\"market-serious\"");
    gw_record *r = decode(COMMON, text);
    assert_int_equal(try_encode(SERIOUS, r, d, &text), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-no-place", "yxqz"));
    assert_true(reported(GW_PROBLEM_ERROR, "target-no-place", "rdyj"));
    /* An end that the law gave an entry without one: it gives it again. */
    gw_record *own = decode(SERIOUS, sample(SERIOUS));
    own->list_entry->ends_on = r->list_entry->ends_on;
    gw_report_init(&report, arena);
    assert_string_equal(encode(SERIOUS, own, NULL), sample(SERIOUS));
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "list_entry.ends_on"));
    own->list_entry->basis = r->list_entry->basis;
    assert_string_equal(encode(SERIOUS, own, NULL), sample(SERIOUS));
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "list_entry.basis"));
    /* Measures have no column anywhere. */
    char *measures[] = {gw_arena_strdup(arena, "no-commitment")};
    own->list_entry->measures = measures;
    own->list_entry->n_measures = 1;
    gw_report_init(&report, arena);
    encode(SERIOUS, own, NULL);
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "list_entry.measures"));
    gw_format_defaults_free(d);
}

/* With what the law gives, and what the peer declares, the common platform holds entries of all. */
static void test_entries_of_others_on_the_common_platform(void **state)
{
    (void)state;
    static const char *const ids[] = {SERIOUS, RED, COURT, ZCOURT};
    struct gw_format_defaults *d =
        defaults_of("d = ( { format = \"" COMMON "\"; values = { fddbr = "
                    "\"未提供\"; lrmdsy = \"${list_entry.list_name}\"; }; } );");
    gw_record *law = decode(COMMON, sample(COMMON));
    Google__Protobuf__Timestamp stored = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    stored.seconds = 1795406400;
    char *text = NULL;
    assert_non_null(d);
    for (size_t i = 0; i < GW_ARRAY_LEN(ids); i++) {
        gw_record *r = decode(ids[i], sample(ids[i]));
        gw_report_init(&report, arena);
        assert_int_equal(try_encode(COMMON, r, d, &text), GW_INVALID);
        assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "inserttime"));
        assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "rdyj"));
        assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "yxqz"));
        r->list_entry->basis = law->list_entry->basis;
        r->list_entry->ends_on = law->list_entry->ends_on;
        r->received_at = &stored;
        gw_report_init(&report, arena);
        text = encode(COMMON, r, d);
        assert_non_null(strstr(text, "\"inserttime\":\"2026-11-23 12:00:00\""));
        assert_true(reported(GW_PROBLEM_DEFAULTED, "derived", "inserttime"));
        gw_report_init(&report, arena);
        assert_string_equal(decode(COMMON, text)->list_entry->list, r->list_entry->list);
    }
    /* What the sender of this format wrote himself stays. */
    law->received_at = &stored;
    assert_string_equal(encode(COMMON, law, d), sample(COMMON));
    gw_format_defaults_free(d);
}

/* ---- masked for publication ---- */

static void test_masked_records_can_be_written(void **state)
{
    (void)state;
    static const char *const ids[] = {COMMON, ZCOURT, COURT};
    for (size_t i = 0; i < GW_ARRAY_LEN(ids); i++) {
        char *text = strcmp(ids[i], COMMON) == 0 ? common_person() : sample(ids[i]);
        gw_record *r = decode(ids[i], text);
        const char *name = r->subject->name;
        const char *number = r->subject->document->number;
        assert_int_equal(gw_format_mask(set, r, arena), GW_OK);
        gw_report_init(&report, arena);
        char *out = encode(ids[i], r, NULL);
        assert_null(strstr(out, name));
        assert_true(gw_canon_is_masked(gw_bytes_str(number)) || strstr(out, number) == NULL);
        assert_null(strstr(out, "性\""));
        /* What was published can be read again. */
        gw_report_init(&report, arena);
        decode(ids[i], out);
    }
    /* The regulator's key of a firm says nothing of a person; who is responsible does. */
    gw_record *r = decode(SERIOUS, sample(SERIOUS));
    assert_int_equal(gw_format_mask(set, r, arena), GW_OK);
    assert_non_null(strstr(encode(SERIOUS, r, NULL), "\"pripid\":\"3306000000000005\""));
    char *firm = edit(court_firm(), "\"qysler\":[]", "\"qysler\":[{\"iname\":\"沈澄砚\"}]");
    r = decode(COURT, firm);
    assert_int_equal(gw_format_mask(set, r, arena), GW_OK);
    assert_non_null(strstr(encode(COURT, r, NULL), "\"qysler\":\"\""));
    /* An unknown column may say anything. */
    r = decode(SERIOUS, edit(sample(SERIOUS), "{", "{\"phone\":\"1\","));
    assert_int_equal(gw_format_mask(set, r, arena), GW_OK);
    assert_null(strstr(encode(SERIOUS, r, NULL), "phone"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_violation),
        TEST(test_all_violations_at_once),
        TEST(test_the_list_of_a_format),
        TEST(test_names_of_lists),
        TEST(test_removed_entries_are_withdrawn),
        TEST(test_class_by_code),
        TEST(test_masked_numbers),
        TEST(test_either_code_of_a_firm),
        TEST(test_age_of_a_firm),
        TEST(test_values_of_another_alphabet),
        TEST(test_dates_of_courts),
        TEST(test_scores_are_exact),
        TEST(test_a_score_is_of_a_person_on_a_scale),
        TEST(test_arrays_are_carried),
        TEST(test_carried_columns_of_another_sender),
        TEST(test_a_grant_of_fields_is_none_of_carried_columns),
        TEST(test_courts_there_and_back),
        TEST(test_ends_and_bases_are_not_lost),
        TEST(test_entries_of_others_on_the_common_platform),
        TEST(test_masked_records_can_be_written),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}

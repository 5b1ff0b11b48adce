/* Decode: every kind of violation, in the sender's field names; all of one record at once. */
#include "format_test.h"

#define ORG    "national.penalty.org@2018"
#define PERSON "national.penalty.person@2018"
#define PERMIT "national.permit.org@2018"
#define ZJ     "zhejiang.penalty.unified@1"
#define SZ     "suzhou.penalty@1"

static void test_samples_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < gw_format_count(set); i++) {
        if (gw_format_at(set, i)->media != GW_MEDIA_PROTOBUF)
            expect_accepted(gw_format_at(set, i)->id, sample(gw_format_at(set, i)->id));
    }
}

struct violation {
    const char *id, *field, *value, *code;
};

/* One field of a good record broken; JSON values are written as given. */
static const struct violation violations[] = {
    {ORG, "CF_XDR_MC", "", "field-missing"},
    {ORG, "CF_XDR_MC", "\\N", "field-missing"},
    {ORG, "CF_XDR_LB", "自然人", "enum-unknown"},
    {ORG, "CF_XDR_SHXYM", "91330602MA2TT00137", "uscc-check"},
    {ORG, "CF_XDR_SHXYM", "91330602MA2TT0013", "uscc-length"},
    {ORG, "CF_XDR_SHXYM", "91330602MAITT00136", "uscc-charset"},
    {ORG, "CF_XDR_SHXYM", "91330602MA2TT00149", "uscc-inner-check"},
    {ORG, "CF_XDR_SHXYM", "00000000000000000X", "uscc-placeholder"},
    {ORG, "CF_XDR_ZZJG", "MA2TT0014", "orgcode-check"},
    {ORG, "CF_XDR_GSZC", "330600000000001", "regno-check"},
    {ORG, "CF_XDR_SWDJ", "12345", "value-charset"},
    {ORG, "CF_XDR_SYDW", "1234567890123", "field-too-long"},
    {ORG, "CF_FR_ZJLX", "身分证", "enum-unknown"},
    {ORG, "CF_FR_ZJLX", "其他-", "enum-unknown"},
    {ORG, "CF_FR_ZJHM", "", "condition-missing"},
    {ORG, "CF_FR_ZJHM", "330602190001019911", "citizen-id-check"},
    {ORG, "CF_FR_ZJHM", "330602209901019913", "citizen-id-date"},
    {ORG, "CF_CFLB", "罚款;罚金", "enum-unknown"},
    {ORG, "CF_NR_FK", "", "amount-missing"},
    {ORG, "CF_NR_FK", "0", "value-range"},
    {ORG, "CF_NR_FK", "0.0000001", "amount-precision"},
    {ORG, "CF_NR_FK", "五千", "amount-invalid"},
    {ORG, "CF_NR_FK", "-1", "amount-invalid"},
    {ORG, "CF_NR_FK", "1234567890123", "value-range"},
    {ORG, "CF_NR_WFFF", "", "amount-missing"},
    {ORG, "CF_JDRQ", "2026/02/30", "date-invalid"},
    {ORG, "CF_JDRQ", "2026/11/24", "date-future"},
    {ORG, "CF_JDRQ", "1900/01/01", "field-missing"},
    {ORG, "CF_GSJZQ", "2026/03/31", "date-order"},
    {ORG, "CF_CFJGDM", "00000000000000000X", "uscc-placeholder"},
    {PERSON, "CF_XDR_ZJHM", "33060319000228992", "citizen-id-length"},
    {PERSON, "CF_XDR_ZJHM", "", "field-missing"},
    {PERMIT, "XK_XDR_GSZC", "", "condition-missing"},
    {PERMIT, "XK_YXQZI", "2026/03/01", "date-order"},
    {PERMIT, "XK_YXQZ", "1949/09/30", "date-order"},
    {PERMIT, "XK_ZT", "0", "enum-unknown"},
    {PERMIT, "XK_XKBH", "", "condition-missing"},
    {PERMIT, "XK_XKLB", "其他", "enum-unknown"},
    {ZJ, "CASE_PROCESS_TYPE", "\"03\"", "enum-unknown"},
    {ZJ, "CASE_PROCESS_TYPE", "\"\"", "field-missing"},
    {ZJ, "ADMIN_CP_CERT_CODE", "\"91330602MA2TT00137\"", "uscc-check"},
    {ZJ, "ADMIN_CP_CERT_TYPE", "\"身份证\"", "enum-unknown"},
    {ZJ, "LEGAL_REPRESENT_TYPE", "\"\"", "condition-missing"},
    {ZJ, "FINE", "\"\"", "amount-missing"},
    {ZJ, "FINE", "\"1.234\"", "amount-precision"},
    {ZJ, "FINE", "[1]", "value-type"},
    {ZJ, "CONFISCATE_ILLEGAL_ASSET", "null", "amount-missing"},
    {ZJ, "PUBLICSTATUS", "\"公示\"", "enum-unknown"},
    {SZ, "CERT_NUM", "\"91320500000000019M\"", "uscc-check"},
    {SZ, "USAGE_RANGE", "\"3\"", "enum-unknown"},
    {SZ, "DISCREDIT_LEVEL", "\"9\"", "enum-unknown"},
    {SZ, "PUNISHMENT_VAILD_DATE", "null", "field-missing"},
    {SZ, "ADM_COUNTERPART", "\"a\\u0000b\"", "value-charset"},
    {SZ, "ADM_COUNTERPART", "\"a\\u0007b\"", "value-charset"},
};

static void test_each_violation(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(violations); i++) {
        const struct violation *v = &violations[i];
        const char *good = sample(v->id);
        bool xml = strcmp(gw_format_media(format(v->id)), "xml") == 0;
        expect_refused(v->id,
                       xml ? element(good, v->field, v->value) : member(good, v->field, v->value),
                       v->code, v->field);
    }
}

/* No two faults hide each other, and a field is not accused twice. */
static void test_all_violations_at_once(void **state)
{
    (void)state;
    gw_record *r = NULL;
    char *text = sample(ORG);
    text = element(text, "CF_XDR_SHXYM", "91330602MA2TT00137");
    text = element(text, "CF_WSH", "");
    text = element(text, "CF_NR_FK", "abc");
    text = element(text, "CF_JDRQ", "2026-13-01");
    text = element(text, "CF_CFJGDM", "1");
    assert_int_equal(try_decode(ORG, text, &r), GW_INVALID);
    assert_null(r);
    assert_true(reported(GW_PROBLEM_ERROR, "uscc-check", "CF_XDR_SHXYM"));
    assert_true(reported(GW_PROBLEM_ERROR, "field-missing", "CF_WSH"));
    assert_true(reported(GW_PROBLEM_ERROR, "amount-invalid", "CF_NR_FK"));
    assert_true(reported(GW_PROBLEM_ERROR, "date-invalid", "CF_JDRQ"));
    assert_true(reported(GW_PROBLEM_ERROR, "uscc-length", "CF_CFJGDM"));
    assert_int_equal(report.count[GW_PROBLEM_ERROR], 5);
}

/* A report of a batch goes on: an earlier row's error does not refuse this one. */
static void test_earlier_errors_do_not_count(void **state)
{
    (void)state;
    gw_report_add(&report, GW_PROBLEM_ERROR, "field-missing", "X", NULL);
    assert_non_null(decode(ORG, sample(ORG)));
}

static void test_warnings(void **state)
{
    (void)state;
    /* D4 */
    decode(ORG, element(sample(ORG), "CF_XDR_SHXYM", "92330604MA2TT003XJ"));
    assert_true(reported(GW_PROBLEM_WARNING, "uscc-class", "CF_XDR_SHXYM"));
    fresh(NULL);
    decode(PERMIT, element(sample(PERMIT), "XK_JDRQ", "2026/03/03"));
    assert_true(reported(GW_PROBLEM_WARNING, "date-order", "XK_YXQZ"));
    fresh(NULL);
    /* Seen in the wild in the column of the source unit: a warning, and written back as it came. */
    char *text = element(sample(PERMIT), "XK_LYDWDM", "00000000000000000X");
    expect_accepted(PERMIT, text);
    assert_true(reported(GW_PROBLEM_WARNING, "uscc-placeholder", "XK_LYDWDM"));
}

static void test_repairs_are_counted_and_undone_for_the_sender(void **state)
{
    (void)state;
    static const struct {
        const char *field, *value;
    } row[] = {
        {"CF_XDR_SHXYM", "91330602ma2tt00136"},
        {"CF_XDR_SHXYM", " 91330602MA2TT00136 "},
        {"CF_XDR_SHXYM", "９１330602MA2TT00136"},
        {"CF_XDR_MC", "绍兴示例公司  "},
        {"CF_XDR_MC", "\xe3\x80\x80绍兴示例公司"},
        {"CF_CFLB", "罚款; 没收违法所得"},
        {"CF_NR_FK", " 0.5"},
        {"CF_JDRQ", "２０２６/04/01"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        fresh(NULL);
        char *text = element(sample(ORG), row[i].field, row[i].value);
        gw_record *r = decode(ORG, text);
        assert_true(reported(GW_PROBLEM_REPAIRED, "repaired", row[i].field));
        assert_string_equal(encode(ORG, r, NULL), text);
    }
    fresh(NULL);
    gw_record *r = decode(ORG, element(sample(ORG), "CF_XDR_SHXYM", "91330602ma2tt00136"));
    assert_string_equal(r->subject->uscc, "91330602MA2TT00136");
}

/* A record that was corrected since is written anew, not in the sender's old spelling. */
static void test_spelling_of_a_changed_value_is_dropped(void **state)
{
    (void)state;
    gw_record *r = decode(ORG, element(sample(ORG), "CF_NR_FK", "0.500000"));
    assert_non_null(strstr(encode(ORG, r, NULL), "<CF_NR_FK>0.500000<"));
    r->penalty->fine->fen = 600000;
    assert_non_null(strstr(encode(ORG, r, NULL), "<CF_NR_FK>0.6<"));
}

static void test_unknown_fields_are_kept(void **state)
{
    (void)state;
    char *text = edit(sample(ORG), "</record>", "  <QX_EXTRA>a &amp; b</QX_EXTRA>\n</record>");
    gw_record *r = decode(ORG, text);
    assert_int_equal(r->n_extension, 1);
    assert_false(r->extension[0]->spelling);
    assert_string_equal(r->extension[0]->field, "QX_EXTRA");
    assert_string_equal(r->extension[0]->text, "a & b");
    assert_true(reported(GW_PROBLEM_WARNING, "field-unknown", "?29"));
    assert_false(reported(GW_PROBLEM_WARNING, "field-unknown", "QX_EXTRA"));
    assert_string_equal(encode(ORG, r, NULL), text);
    text = edit(sample(ZJ), "\"ISCANCELCASE\":\"0\"}",
                "\"ISCANCELCASE\":\"0\",\"FLAG\":[1,{\"a\":null}],\"TONG_TIME\":1700000000000}");
    expect_accepted(ZJ, text);
}

/* A name that is not ours may be data: reports say where it stands. */
static void test_unknown_names_are_not_echoed(void **state)
{
    (void)state;
    static const struct {
        const char *id, *from, *to, *code, *field;
    } row[] = {
        {ORG, "<record>", "<zhang-san>", "xml-root", ""},
        {ORG, "<record>", "<record zhang='1'>", "xml-attribute", "record"},
        {ORG, "<record>", "<record><zhang-san a='1'/>", "xml-attribute", "?1"},
        {ORG, "<record>", "<record><a/><zhang-san><b/></zhang-san>", "xml-depth", "?2"},
        {ORG, "<record>", "<record><zhang/><zhang/>", "field-repeated", "?2"},
        {SZ, "{", "{\"zhang\":1,\"zhang\":2,", "json-key-repeated", "?2"},
        {SZ, "{", "{\"zhang\":\"\\u0001\",", "value-charset", "?1"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        fresh(NULL);
        expect_refused(row[i].id, edit(sample(row[i].id), row[i].from, row[i].to), row[i].code,
                       row[i].field);
    }
}

/* In names and identifiers they deceive the eye; in prose they do no harm. */
static void test_characters_nobody_sees(void **state)
{
    (void)state;
    static const char *const text[] = {"a\xe2\x80\xae", "a\xe2\x81\xa7", "\xe2\x80\x8b",
                                       "a\xc2\x85",
                                       ("\xef\xbb\xbf"
                                        "a")};
    for (size_t i = 0; i < GW_ARRAY_LEN(text); i++) {
        fresh(NULL);
        expect_refused(ORG, element(sample(ORG), "CF_XDR_MC", text[i]), "field-control",
                       "CF_XDR_MC");
        expect_refused(ORG, element(sample(ORG), "CF_WSH", text[i]), "field-control", "CF_WSH");
        fresh(NULL);
        decode(ORG, element(sample(ORG), "BZ", text[i]));
    }
    fresh(NULL);
    gw_record *r = decode(ORG, sample(ORG));
    r->subject->name = (char *)(uintptr_t) "a\xe2\x80\xae";
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    assert_int_equal(gw_canon_pack(r, &b), GW_OK);
    struct gw_bytes packed = gw_buf_view(&b);
    assert_int_equal(
        gw_format_decode(format("canonical.record@1"), packed, &today, arena, &report, &r),
        GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "field-control", "subject.name"));
    gw_buf_fini(&b);
    fresh(NULL);
    expect_refused(ORG, "\xff\xfe", "utf8-invalid", "");
}

static void test_forms_of_absence_and_tokens(void **state)
{
    (void)state;
    char *text = member(sample(ZJ), "FINE", "20000.0");
    text = member(text, "CUTREASON", "null");
    expect_accepted(ZJ, text);
    expect_accepted(ZJ, edit(text, "\"PUBLIC_DATE\":\"2026-04-03 09:15:00\",", ""));
    expect_accepted(SZ, member(sample(SZ), "REMARK", "\"\""));
    expect_accepted(SZ, member(sample(SZ), "ILLEGAL_INCOME", "\"-\""));
    expect_accepted(SZ, member(sample(SZ), "USAGE_RANGE", "0"));
    expect_accepted(ORG, edit(sample(ORG), "  <CF_XDR_SYDW></CF_XDR_SYDW>\n", ""));
}

/* D2: columns of the other class of subject. Empty they are harmless. */
static void test_columns_of_the_other_class(void **state)
{
    (void)state;
    char *text = edit(sample(PERSON), "</record>", "  <CF_FRDB>某人</CF_FRDB>\n</record>");
    expect_refused(PERSON, text, "field-forbidden", "CF_FRDB");
    text = edit(sample(ORG), "</record>",
                "  <CF_XDR_ZJHM>330602190001019910</CF_XDR_ZJHM>\n</record>");
    expect_refused(ORG, text, "field-forbidden", "CF_XDR_ZJHM");
    expect_accepted(ORG,
                    edit(sample(ORG), "</record>", "  <CF_XDR_ZJHM></CF_XDR_ZJHM>\n</record>"));
}

static void test_a_cancelled_case_is_not_in_publicity(void **state)
{
    (void)state;
    char *text = member(sample(ZJ), "ISCANCELCASE", "\"1\"");
    expect_refused(ZJ, text, "status-conflict", "PUBLICSTATUS");
    text = member(text, "PUBLICSTATUS", "\"已撤下\"");
    expect_accepted(ZJ, text);
}

/* D11 */
static void test_names_of_app_variants(void **state)
{
    (void)state;
    char *text = edit(edit(sample(ORG), "<CF_FRDB>", "<CF_FDDB>"), "</CF_FRDB>", "</CF_FDDB>");
    assert_string_equal(decode(ORG, text)->subject->legal_rep_name, "示例甲");
    text =
        edit(sample(ORG),
             "  <CF_FR_ZJLX>身份证</CF_FR_ZJLX>\n  <CF_FR_ZJHM>330602190001019910</CF_FR_ZJHM>\n",
             "  <CF_FR_SFZH>330602190001019910</CF_FR_SFZH>\n");
    gw_record *r = decode(ORG, text);
    assert_int_equal(r->subject->legal_rep_document->kind,
                     XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID);
    assert_string_equal(r->subject->legal_rep_document->number, "330602190001019910");
    text =
        edit(sample(ORG), "</record>", "  <CF_FR_SFZH>330603190002289927</CF_FR_SFZH>\n</record>");
    expect_refused(ORG, text, "field-repeated", "CF_FR_SFZH");
    text = edit(sample(ORG), "</record>", "  <CF_FDDB>别人</CF_FDDB>\n</record>");
    expect_refused(ORG, text, "field-repeated", "CF_FRDB");
}

/* D6 */
static void test_licence_number_for_a_missing_document_number(void **state)
{
    (void)state;
    gw_record *r = decode(PERMIT, element(sample(PERMIT), "XK_WSH", ""));
    assert_string_equal(r->permit->document_no, "JY13306040000001");
    assert_true(reported(GW_PROBLEM_REPAIRED, "derived", "XK_WSH"));
}

static void test_small_arena_is_a_status(void **state)
{
    (void)state;
    char *text = sample(ORG);
    for (size_t budget = 64; budget < 16384; budget += 64) {
        GW_CLEANUP(gw_arena_freep) struct gw_arena *small = gw_arena_new("small", budget);
        struct gw_report r;
        gw_record *ret = NULL;
        gw_report_init(&r, small);
        enum gw_status st =
            gw_format_decode(format(ORG), gw_bytes_str(text), &today, small, &r, &ret);
        assert_true(st == GW_OK || st == GW_NOMEM || gw_arena_failed(small));
        assert_true(st != GW_OK || ret != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_samples_there_and_back),
        TEST(test_each_violation),
        TEST(test_all_violations_at_once),
        TEST(test_earlier_errors_do_not_count),
        TEST(test_warnings),
        TEST(test_repairs_are_counted_and_undone_for_the_sender),
        TEST(test_spelling_of_a_changed_value_is_dropped),
        TEST(test_unknown_fields_are_kept),
        TEST(test_unknown_names_are_not_echoed),
        TEST(test_characters_nobody_sees),
        TEST(test_forms_of_absence_and_tokens),
        TEST(test_columns_of_the_other_class),
        TEST(test_a_cancelled_case_is_not_in_publicity),
        TEST(test_names_of_app_variants),
        TEST(test_licence_number_for_a_missing_document_number),
        TEST(test_small_arena_is_a_status),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}

/* The traps of formats.md section 9 that concern the formats we ship, one test each. Trap 10 is in
 * test_split.c. */
#include "format_test.h"

#define ORG    "national.penalty.org@2018"
#define PERSON "national.penalty.person@2018"
#define PERMIT "national.permit.org@2018"
#define ZJ     "zhejiang.penalty.unified@1"
#define SZ     "suzhou.penalty@1"

static void test_trap_01_ten_thousand_yuan(void **state)
{
    (void)state;
    assert_int_equal(decode(ORG, element(sample(ORG), "CF_NR_FK", "0.2"))->penalty->fine->fen,
                     200000);
    assert_int_equal(decode(ORG, element(sample(ORG), "CF_NR_FK", "0.000001"))->penalty->fine->fen,
                     1);
    expect_refused(ORG, element(sample(ORG), "CF_NR_FK", "0.0000001"), "amount-precision",
                   "CF_NR_FK");
    expect_refused(ORG, element(sample(ORG), "CF_NR_FK", "0.2000000"), "amount-precision",
                   "CF_NR_FK");
}

static void test_trap_02_money_texts_of_zhejiang(void **state)
{
    (void)state;
    static const char *const legal[] = {"\"2000.00\"", "\"2000\"", "\"2000.0\"", "2000", "2000.00"};
    for (size_t i = 0; i < GW_ARRAY_LEN(legal); i++) {
        char *text = member(sample(ZJ), "FINE", legal[i]);
        assert_int_equal(decode(ZJ, text)->penalty->fine->fen, 200000);
        expect_accepted(ZJ, text);
    }
    /* "" is not 0. */
    char *text =
        member(member(sample(ZJ), "PUNISH_TYPE", "\"没收违法所得;没收非法财物\""), "FINE", "\"\"");
    assert_null(decode(ZJ, text)->penalty->fine);
    expect_accepted(ZJ, text);
    text = member(text, "FINE", "\"0.00\"");
    assert_int_equal(decode(ZJ, text)->penalty->fine->fen, 0);
    expect_accepted(ZJ, text);
}

static void test_trap_03_no_end(void **state)
{
    (void)state;
    static const char *const never[] = {"2099/12/31", "2099-12-31", "9999/09/09", "9999-09-09",
                                        "2099.12.31"};
    for (size_t i = 0; i < GW_ARRAY_LEN(never); i++) {
        char *text = element(sample(ORG), "CF_GSJZQ", never[i]);
        gw_record *r = decode(ORG, text);
        assert_true(r->publicity_to->no_end);
        assert_null(r->publicity_to->date);
        expect_accepted(ORG, text);
    }
    /* One value inside, each peer's own outside. */
    gw_record *r = decode(ZJ, member(sample(ZJ), "PUBLIC_END_DATE", "\"2099-12-31 00:00:00\""));
    assert_true(r->publicity_to->no_end);
    r->n_extension = 0;
    assert_non_null(strstr(encode(ZJ, r, NULL), "\"PUBLIC_END_DATE\":\"9999-09-09 00:00:00\""));
}

static void test_trap_04_absent(void **state)
{
    (void)state;
    static const char *const nothing[] = {"1900-01-01", "1899-12-31", "1900/01/01", "\\N", "-"};
    for (size_t i = 0; i < GW_ARRAY_LEN(nothing); i++) {
        char *text = element(sample(ORG), "CF_GSJZQ", nothing[i]);
        assert_null(decode(ORG, text)->publicity_to);
        expect_accepted(ORG, text);
    }
    char *text = element(element(sample(ORG), "CF_XDR_SYDW", "\\N"), "CF_XDR_SHZZ", "-");
    assert_string_equal(decode(ORG, text)->subject->institution_cert_no, "");
    expect_accepted(ORG, text);
    /* Another peer gets its own form of nothing. */
    gw_record *r = decode(SZ, member(sample(SZ), "REMARK", "\"-\""));
    assert_string_equal(r->remark, "");
    r->n_extension = 0;
    assert_non_null(strstr(encode(SZ, r, NULL), "\"REMARK\":null"));
}

static void test_trap_06_one_value_that_is_two(void **state)
{
    (void)state;
    char *text = element(sample(ORG), "CF_CFLB", "没收违法所得、没收非法财物");
    text = element(text, "CF_NR_FK", "");
    gw_record *r = decode(ORG, text);
    assert_int_equal(r->penalty->n_kinds, 2);
    expect_accepted(ORG, text);
    r->n_extension = 0;
    assert_non_null(strstr(encode(ORG, r, NULL), "<CF_CFLB>没收违法所得;没收非法财物</CF_CFLB>"));
}

/* D8: the comma 、 belongs to free text. */
static void test_separators_inside_free_text(void **state)
{
    (void)state;
    gw_record *r =
        decode(ORG, element(sample(ORG), "CF_CFLB", "罚款；没收违法所得;其他-责令改正、公开道歉"));
    assert_int_equal(r->penalty->n_kinds, 3);
    assert_string_equal(r->penalty->kind_other, "责令改正、公开道歉");
    /* Twice the same says nothing new; it is repaired, and written back as it came. */
    char *text = element(sample(ORG), "CF_CFLB", "罚款;罚款;没收违法所得");
    assert_int_equal(decode(ORG, text)->penalty->n_kinds, 2);
    assert_true(reported(GW_PROBLEM_REPAIRED, "repaired", "CF_CFLB"));
    expect_accepted(ORG, text);
}

static void test_trap_07_state_one_is_in_force(void **state)
{
    (void)state;
    assert_int_equal(decode(PERMIT, sample(PERMIT))->status,
                     XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_IN_FORCE);
    assert_int_equal(decode(PERMIT, element(sample(PERMIT), "XK_ZT", "2"))->status,
                     XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_INVALID);
    expect_refused(PERMIT, element(sample(PERMIT), "XK_ZT", "0"), "enum-unknown", "XK_ZT");
}

static void test_trap_08_filler_case_width_blanks(void **state)
{
    (void)state;
    gw_record *r = decode(PERMIT, sample(PERMIT));
    assert_true(r->subject->uscc_filler);
    assert_string_equal(r->subject->uscc, "");
    expect_accepted(PERMIT, element(sample(PERMIT), "XK_XDR_SHXYM", "00000000000000000x"));
    expect_refused(PERMIT, element(sample(PERMIT), "XK_XDR_LB", "法人及非法人组织"),
                   "uscc-placeholder", "XK_XDR_SHXYM");
    static const char *const spelled[] = {"33060319000228992７", "330603190002289927 ",
                                          "\t330603190002289927"};
    for (size_t i = 0; i < GW_ARRAY_LEN(spelled); i++) {
        char *text = element(sample(PERSON), "CF_XDR_ZJHM", spelled[i]);
        assert_string_equal(decode(PERSON, text)->subject->document->number, "330603190002289927");
        expect_accepted(PERSON, text);
    }
}

static void test_trap_09_columns_of_the_other_class(void **state)
{
    (void)state;
    char *text = edit(sample(PERSON), "</record>",
                      "  <CF_XDR_SHXYM>91330602MA2TT00136</CF_XDR_SHXYM>\n</record>");
    expect_refused(PERSON, text, "field-forbidden", "CF_XDR_SHXYM");
    text = edit(sample(ORG), "</record>", "  <CF_XDR_ZJLX>身份证</CF_XDR_ZJLX>\n</record>");
    expect_refused(ORG, text, "field-forbidden", "CF_XDR_ZJLX");
}

static void test_trap_12_misspelt_names_stay(void **state)
{
    (void)state;
    assert_true(gw_format_field_find(format(ZJ), GW_BYTES_LIT("CONFISCATE_ILLEGAL_INCOM"), 0) >= 0);
    assert_true(gw_format_field_find(format(ZJ), GW_BYTES_LIT("CONFISCATE_ILLEGAL_INCOME"), 0) < 0);
    assert_true(gw_format_field_find(format(SZ), GW_BYTES_LIT("PUNISHMENT_VAILD_DATE"), 0) >= 0);
    assert_true(gw_format_field_find(format(SZ), GW_BYTES_LIT("PUNISHMENT_VALID_DATE"), 0) < 0);
    assert_non_null(strstr(encode(SZ, decode(SZ, sample(SZ)), NULL), "\"PUNISHMENT_VAILD_DATE\":"));
}

static void test_trap_16_characters_and_bytes(void **state)
{
    (void)state;
    char name[201 * 3 + 1] = "";
    for (int i = 0; i < 200; i++)
        strcat(name, "信");
    decode(ORG, element(sample(ORG), "CF_XDR_MC", name));
    assert_true(reported(GW_PROBLEM_WARNING, "width-bytes", "CF_XDR_MC"));
    strcat(name, "信");
    expect_refused(ORG, element(sample(ORG), "CF_XDR_MC", name), "field-too-long", "CF_XDR_MC");
}

static void test_trap_17_procedure_is_never_dropped(void **state)
{
    (void)state;
    char *text = member(sample(ZJ), "CASE_PROCESS_TYPE", "\"01\"");
    char *out;
    gw_record *r = decode(ZJ, text);
    assert_int_equal(r->procedure, XINQIAO__V1__PROCEDURE__PROCEDURE_SUMMARY);
    assert_int_equal(try_encode(SZ, r, NULL, &out), GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-no-place", "CASE_PROCESS_TYPE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_trap_01_ten_thousand_yuan),
        TEST(test_trap_02_money_texts_of_zhejiang),
        TEST(test_trap_03_no_end),
        TEST(test_trap_04_absent),
        TEST(test_trap_06_one_value_that_is_two),
        TEST(test_separators_inside_free_text),
        TEST(test_trap_07_state_one_is_in_force),
        TEST(test_trap_08_filler_case_width_blanks),
        TEST(test_trap_09_columns_of_the_other_class),
        TEST(test_trap_12_misspelt_names_stay),
        TEST(test_trap_16_characters_and_bytes),
        TEST(test_trap_17_procedure_is_never_dropped),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}

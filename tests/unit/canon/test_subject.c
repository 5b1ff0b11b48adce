/* Who a record is about and what makes two deliveries one act. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "canon/canon.h"

#define CLASS(c) XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_##c
#define DOC(k)   XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_##k
#define TEXT(s)  ((char *)(uintptr_t)(s))

struct sample {
    gw_record r;
    Xinqiao__V1__Subject subject;
    Xinqiao__V1__IdentityDocument own, rep;
    Xinqiao__V1__Agency authority;
    Xinqiao__V1__Date day;
    Xinqiao__V1__Penalty penalty;
    Xinqiao__V1__Permit permit;
};

static void fill(struct sample *s)
{
    xinqiao__v1__record__init(&s->r);
    xinqiao__v1__subject__init(&s->subject);
    xinqiao__v1__identity_document__init(&s->own);
    xinqiao__v1__identity_document__init(&s->rep);
    xinqiao__v1__agency__init(&s->authority);
    xinqiao__v1__date__init(&s->day);
    xinqiao__v1__penalty__init(&s->penalty);
    xinqiao__v1__permit__init(&s->permit);
    s->r.kind = XINQIAO__V1__KIND__KIND_PENALTY;
    s->r.subject = &s->subject;
    s->r.authority = &s->authority;
    s->r.decided_on = &s->day;
    s->r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_PENALTY;
    s->r.penalty = &s->penalty;
    s->subject.name = TEXT("测试主体");
    s->subject.subject_class = CLASS(ORGANISATION);
    s->authority.uscc = TEXT("11330600002500009G");
    s->day = (Xinqiao__V1__Date)XINQIAO__V1__DATE__INIT;
    s->day.year = 2026;
    s->day.month = 3;
    s->day.day = 1;
    s->penalty.document_no = TEXT("绍市监罚〔2026〕1号");
}

static void expect(const gw_record *r, const char *type, const char *value)
{
    const char *t = NULL;
    struct gw_bytes v = GW_BYTES_NONE;
    enum gw_status st = gw_canon_subject_id(r, &t, &v);
    if (type == NULL) {
        assert_int_equal(st, GW_NOT_FOUND);
        assert_null(t);
        return;
    }
    assert_int_equal(st, GW_OK);
    assert_string_equal(t, type);
    assert_true(gw_bytes_eq_str(v, value));
}

/* INVARIANTS C10 */
static void test_organisation(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    expect(&s.r, NULL, NULL);
    /* The representative's document is no identity of the organisation. */
    s.rep.kind = DOC(CITIZEN_ID);
    s.rep.number = TEXT("330602190001019910");
    s.subject.legal_rep_document = &s.rep;
    expect(&s.r, NULL, NULL);
    s.subject.document = &s.rep;
    expect(&s.r, NULL, NULL);
    s.subject.organisation_code = TEXT("MA2TT0013");
    expect(&s.r, "ORGCODE", "MA2TT0013");
    s.subject.registration_no = TEXT("330602000000011");
    expect(&s.r, "REGNO", "330602000000011");
    s.subject.uscc = TEXT("91330602MA2TT00136");
    expect(&s.r, "CN-USCC", "91330602MA2TT00136");
    s.r.subject = NULL;
    expect(&s.r, NULL, NULL);
}

static void test_person(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    s.subject.subject_class = CLASS(PERSON);
    /* An organisation's code on a person's row does not make the person an organisation. */
    s.subject.uscc = TEXT("91330602MA2TT00136");
    expect(&s.r, NULL, NULL);
    s.subject.document = &s.own;
    expect(&s.r, NULL, NULL);
    s.own.kind = DOC(CITIZEN_ID);
    s.own.number = TEXT("330602190001019910");
    expect(&s.r, "CN-ID", "330602190001019910");
    s.own.kind = DOC(PASSPORT);
    s.own.number = TEXT("E00000000");
    expect(&s.r, "PASSPORT", "E00000000");
    s.own.kind = DOC(TAIWAN_PASS);
    expect(&s.r, "PASSPORT", "E00000000");
}

/* Published with the middle masked: many persons have such a number. */
static void test_masked_numbers_name_nobody(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    s.subject.subject_class = CLASS(PERSON);
    s.subject.document = &s.own;
    s.own.kind = DOC(CITIZEN_ID);
    s.own.number = TEXT("3306021990****9910");
    expect(&s.r, NULL, NULL);
    fill(&s);
    s.subject.organisation_code = TEXT("MA2T****3");
    expect(&s.r, NULL, NULL);
    s.subject.uscc = TEXT("91330602MA2TT00136");
    expect(&s.r, "CN-USCC", "91330602MA2TT00136");
}

static void test_sole_trader(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    s.subject.subject_class = CLASS(SOLE_TRADER);
    s.subject.uscc_filler = 1;
    s.rep.kind = DOC(CITIZEN_ID);
    s.rep.number = TEXT("330602190001019910");
    s.subject.legal_rep_document = &s.rep;
    expect(&s.r, "CN-ID", "330602190001019910");
    s.subject.registration_no = TEXT("330602600000088");
    expect(&s.r, "REGNO", "330602600000088");
}

static void key_of(const gw_record *r, struct gw_buf *b, bool *weak)
{
    gw_buf_reset(b);
    assert_int_equal(gw_canon_business_key(r, b, weak), GW_OK);
}

static void test_business_key(void **state)
{
    (void)state;
    struct sample s, t;
    struct gw_buf a, b;
    bool weak = true;
    gw_buf_init(&a, 4096);
    gw_buf_init(&b, 4096);
    fill(&s);
    s.subject.uscc = TEXT("91330602MA2TT00136");
    key_of(&s.r, &a, &weak);
    assert_false(weak);
    assert_true(gw_bytes_eq_str(gw_buf_view(&a),
                                "7:penalty;7:CN-USCC;18:91330602MA2TT00136;26:绍市监罚〔2026〕1号;"
                                "18:11330600002500009G;10:2026-03-01;"));

    /* Other texts of the same act: the same key. Another part: another key. */
    for (int change = 0; change < 6; change++) {
        fill(&t);
        t.subject.uscc = TEXT("91330602MA2TT00136");
        if (change == 0)
            t.penalty.content = TEXT("罚款");
        if (change == 1)
            t.subject.uscc = TEXT("91330603MA2TT0021F");
        if (change == 2)
            t.penalty.document_no = TEXT("绍市监罚〔2026〕2号");
        if (change == 3)
            t.authority.uscc = TEXT("11330000002500017C");
        if (change == 4)
            t.day.day = 2;
        if (change == 5) {
            t.r.kind = XINQIAO__V1__KIND__KIND_PERMIT;
            t.r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_PERMIT;
            t.r.permit = &t.permit;
            t.permit.document_no = TEXT("绍市监罚〔2026〕1号");
        }
        key_of(&t.r, &b, &weak);
        assert_false(weak);
        assert_int_equal(gw_bytes_eq(gw_buf_view(&a), gw_buf_view(&b)), change == 0);
    }
    gw_buf_fini(&a);
    gw_buf_fini(&b);
}

/* INVARIANTS C11 */
static void test_weak_keys(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 4096);
    for (int missing = 0; missing < 6; missing++) {
        struct sample s;
        bool weak = false;
        fill(&s);
        s.subject.uscc = TEXT("91330602MA2TT00136");
        if (missing == 0)
            s.subject.uscc = TEXT("");
        if (missing == 1)
            s.penalty.document_no = TEXT("");
        if (missing == 2)
            s.authority.uscc = TEXT("");
        if (missing == 3)
            s.r.authority = NULL;
        if (missing == 4)
            s.r.decided_on = NULL;
        if (missing == 5) {
            s.r.payload_case = XINQIAO__V1__RECORD__PAYLOAD__NOT_SET;
            s.r.subject = NULL;
        }
        key_of(&s.r, &b, &weak);
        assert_true(weak);
    }
    gw_buf_fini(&b);
}

/* Of an entry of a list: subject, list, case number; of a score: subject, scale. */
static void test_keys_of_lists_and_scores(void **state)
{
    (void)state;
    struct sample s;
    struct gw_buf b;
    bool weak = true;
    Xinqiao__V1__ListEntry entry;
    Xinqiao__V1__Score score;
    gw_buf_init(&b, 4096);
    fill(&s);
    s.subject.uscc = TEXT("91330602MA2TT00136");
    xinqiao__v1__list_entry__init(&entry);
    s.r.kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    s.r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY;
    s.r.list_entry = &entry;
    entry.list = TEXT("market-serious");
    key_of(&s.r, &b, &weak);
    assert_true(weak);
    entry.case_no = TEXT("Y1");
    key_of(&s.r, &b, &weak);
    assert_false(weak);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "10:list-entry;7:CN-USCC;18:91330602MA2TT00136;"
                                                 "14:market-serious;2:Y1;"));
    /* The same entry, decided again: a later revision of one act. */
    s.day.day = 9;
    struct gw_buf again;
    gw_buf_init(&again, 4096);
    key_of(&s.r, &again, &weak);
    assert_true(gw_bytes_eq(gw_buf_view(&b), gw_buf_view(&again)));

    xinqiao__v1__score__init(&score);
    s.r.kind = XINQIAO__V1__KIND__KIND_SCORE;
    s.r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_SCORE;
    s.r.score = &score;
    key_of(&s.r, &b, &weak);
    assert_true(weak);
    score.scale = TEXT("shaoxing");
    score.edition = TEXT("2026");
    key_of(&s.r, &b, &weak);
    assert_false(weak);
    assert_true(
        gw_bytes_eq_str(gw_buf_view(&b), "5:score;7:CN-USCC;18:91330602MA2TT00136;8:shaoxing;"));
    gw_buf_fini(&again);
    gw_buf_fini(&b);
}

/* formats.md D6 */
static void test_permit_without_document_number(void **state)
{
    (void)state;
    struct sample s;
    struct gw_buf b;
    bool weak = true;
    fill(&s);
    gw_buf_init(&b, 4096);
    s.subject.uscc = TEXT("91330602MA2TT00136");
    s.r.kind = XINQIAO__V1__KIND__KIND_PERMIT;
    s.r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_PERMIT;
    s.r.permit = &s.permit;
    s.permit.certificate_no = TEXT("JY1330602");
    key_of(&s.r, &b, &weak);
    assert_false(weak);
    gw_buf_fini(&b);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(gw_canon_kind_name(XINQIAO__V1__KIND__KIND_PENALTY), "penalty");
    assert_string_equal(gw_canon_kind_name(XINQIAO__V1__KIND__KIND_UNSPECIFIED), "");
    assert_string_equal(gw_canon_class_name(CLASS(PERSON)), "person");
    assert_string_equal(gw_canon_class_name(CLASS(UNSPECIFIED)), "");
    /* Every kind and class of the schema has a name. */
    for (unsigned i = 1; i < xinqiao__v1__kind__descriptor.n_values; i++)
        assert_true(gw_canon_kind_name((Xinqiao__V1__Kind)i)[0] != '\0');
    for (unsigned i = 1; i < xinqiao__v1__subject_class__descriptor.n_values; i++)
        assert_true(gw_canon_class_name((Xinqiao__V1__SubjectClass)i)[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_organisation),
        cmocka_unit_test(test_person),
        cmocka_unit_test(test_sole_trader),
        cmocka_unit_test(test_business_key),
        cmocka_unit_test(test_weak_keys),
        cmocka_unit_test(test_permit_without_document_number),
        cmocka_unit_test(test_masked_numbers_name_nobody),
        cmocka_unit_test(test_keys_of_lists_and_scores),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

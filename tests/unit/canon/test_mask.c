/* Persons in what is published: masked everywhere, organisations as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "canon/canon.h"

#define CLASS(c) XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_##c
#define TEXT(s)  ((char *)(uintptr_t)(s))
#define ID       "330602190001019910"
#define REP_ID   "330603190002289927"

static struct gw_arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = gw_arena_new("mask", 1 << 20);
    return arena != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    gw_arena_free(arena);
    return 0;
}

struct sample {
    gw_record r;
    Xinqiao__V1__Subject subject;
    Xinqiao__V1__IdentityDocument own, rep;
    Xinqiao__V1__ListEntry entry;
    Xinqiao__V1__CourtDefault court;
    Xinqiao__V1__Date born;
    Xinqiao__V1__Extension extension;
    Xinqiao__V1__Extension *list[1];
};

static void fill(struct sample *s, Xinqiao__V1__SubjectClass class)
{
    xinqiao__v1__record__init(&s->r);
    xinqiao__v1__subject__init(&s->subject);
    xinqiao__v1__identity_document__init(&s->own);
    xinqiao__v1__identity_document__init(&s->rep);
    xinqiao__v1__list_entry__init(&s->entry);
    xinqiao__v1__court_default__init(&s->court);
    xinqiao__v1__date__init(&s->born);
    xinqiao__v1__extension__init(&s->extension);
    s->r.kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    s->r.subject = &s->subject;
    s->subject.subject_class = class;
    s->subject.name = TEXT("沈澄砚");
    s->subject.document = &s->own;
    s->own.kind = XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID;
    s->own.number = TEXT(ID);
    s->subject.legal_rep_document = &s->rep;
    s->rep.number = TEXT(REP_ID);
    s->r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY;
    s->r.list_entry = &s->entry;
    s->entry.court = &s->court;
    s->entry.case_no = TEXT("（2026）浙0602执1号");
    s->court.gender = TEXT("男");
    s->court.age = TEXT("61");
    s->court.born_on = &s->born;
    s->court.duty = TEXT("被执行人沈澄砚（" ID "）归还借款，沈澄砚负担诉讼费");
    s->list[0] = &s->extension;
    s->extension.text = TEXT(ID);
    s->r.extension = s->list;
    s->r.n_extension = 1;
}

static const char *number(const char *text)
{
    struct gw_buf b;
    gw_buf_init(&b, 256);
    assert_int_equal(gw_canon_mask_number(gw_bytes_str(text), &b), GW_OK);
    char *s = gw_arena_strndup(arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return s;
}

static const char *name(const char *text)
{
    struct gw_buf b;
    gw_buf_init(&b, 256);
    assert_int_equal(gw_canon_mask_name(gw_bytes_str(text), &b), GW_OK);
    char *s = gw_arena_strndup(arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return s;
}

static void test_numbers_and_names(void **state)
{
    (void)state;
    assert_string_equal(number(ID), "3306****9910");
    assert_string_equal(number("E12345600"), "E1****00");
    assert_string_equal(number("护照一二三四五六"), "护照****五六");
    assert_string_equal(number("123"), "****");
    assert_string_equal(number(""), "");
    assert_string_equal(number("3306021990****9910"), "3306021990****9910");
    assert_true(gw_canon_is_masked(gw_bytes_str(number("1"))));
    assert_false(gw_canon_is_masked(gw_bytes_str("3306***9910")));
    assert_false(gw_canon_is_masked(GW_BYTES_NONE));
    assert_string_equal(name("沈澄砚"), "沈**");
    assert_string_equal(name("沈**"), "沈**");
    assert_string_equal(name("沈"), "*");
    assert_string_equal(name(""), "");
}

/* INVARIANTS C12, formats.md L12 */
static void test_person_is_masked_everywhere(void **state)
{
    (void)state;
    struct sample s;
    struct gw_buf b;
    const char *type = NULL;
    struct gw_bytes id;
    fill(&s, CLASS(PERSON));
    s.subject.tax_no = TEXT(ID "00");
    s.r.key = TEXT("k-" ID);
    assert_int_equal(gw_canon_mask(&s.r, arena), GW_OK);
    assert_string_equal(s.subject.name, "沈**");
    assert_string_equal(s.own.number, "3306****9910");
    assert_string_equal(s.subject.tax_no, "3306****1000");
    assert_string_equal(s.court.duty, "被执行人沈**（3306****9910）归还借款，沈**负担诉讼费");
    assert_string_equal(s.r.key, "k-3306****9910");
    assert_string_equal(s.entry.case_no, "（2026）浙0602执1号");
    assert_string_equal(s.court.gender, "");
    assert_string_equal(s.court.age, "");
    assert_null(s.court.born_on);
    assert_int_equal(s.r.n_extension, 0);
    assert_int_equal(gw_canon_subject_id(&s.r, &type, &id), GW_NOT_FOUND);
    /* Not one byte of it is left in the packed record. */
    gw_buf_init(&b, 65536);
    assert_int_equal(gw_canon_pack(&s.r, &b), GW_OK);
    static const char *const gone[] = {ID, REP_ID, "澄砚", "1900"};
    for (size_t i = 0; i < GW_ARRAY_LEN(gone); i++)
        assert_null(memmem(b.ptr, b.len, gone[i], strlen(gone[i])));
    gw_buf_fini(&b);
    /* Once more changes nothing. */
    assert_int_equal(gw_canon_mask(&s.r, arena), GW_OK);
    assert_string_equal(s.subject.name, "沈**");
    assert_string_equal(s.own.number, "3306****9910");
}

static void test_organisation_stays_but_for_numbers_of_persons(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, CLASS(ORGANISATION));
    s.subject.name = TEXT("绍兴鉴湖纺织有限公司");
    s.subject.uscc = TEXT("91330602MA2TT00136");
    s.subject.tax_no = TEXT("91330602MA2TT00136");
    s.subject.legal_rep_name = TEXT("陶栖梧");
    s.court.duty = TEXT("陶栖梧" REP_ID "代付");
    assert_int_equal(gw_canon_mask(&s.r, arena), GW_OK);
    assert_string_equal(s.subject.name, "绍兴鉴湖纺织有限公司");
    assert_string_equal(s.subject.uscc, "91330602MA2TT00136");
    assert_string_equal(s.subject.tax_no, "91330602MA2TT00136");
    assert_string_equal(s.subject.legal_rep_name, "陶栖梧");
    assert_string_equal(s.rep.number, "3306****9927");
    assert_string_equal(s.court.duty, "陶栖梧3306****9927代付");
}

static void test_trader_under_the_owners_name(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, CLASS(SOLE_TRADER));
    s.subject.legal_rep_name = TEXT("沈澄砚");
    assert_int_equal(gw_canon_mask(&s.r, arena), GW_OK);
    assert_string_equal(s.subject.name, "沈**");
    assert_string_equal(s.subject.legal_rep_name, "沈**");
    assert_string_equal(s.own.number, "3306****9910");
    fill(&s, CLASS(SOLE_TRADER));
    s.subject.name = TEXT("越城澄砚布行");
    s.subject.legal_rep_name = TEXT("沈澄砚");
    assert_int_equal(gw_canon_mask(&s.r, arena), GW_OK);
    assert_string_equal(s.subject.name, "越城澄砚布行");
    assert_string_equal(s.subject.legal_rep_name, "沈澄砚");
}

static void test_records_with_parts_missing(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    assert_int_equal(gw_canon_mask(r, arena), GW_OK);
    struct sample s;
    fill(&s, CLASS(PERSON));
    s.subject.document = NULL;
    s.subject.legal_rep_document = NULL;
    s.entry.court = NULL;
    s.subject.name = TEXT("沈");
    s.entry.reason = TEXT("沈家门");
    assert_int_equal(gw_canon_mask(&s.r, arena), GW_OK);
    assert_string_equal(s.subject.name, "*");
    assert_string_equal(s.entry.reason, "沈家门");
}

static void test_out_of_memory_is_said(void **state)
{
    (void)state;
    struct sample s;
    struct gw_arena *small = gw_arena_new("small", 64);
    fill(&s, CLASS(PERSON));
    assert_int_equal(gw_canon_mask(&s.r, small), GW_NOMEM);
    gw_arena_free(small);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_numbers_and_names),
        TEST(test_person_is_masked_everywhere),
        TEST(test_organisation_stays_but_for_numbers_of_persons),
        TEST(test_trader_under_the_owners_name),
        TEST(test_records_with_parts_missing),
        TEST(test_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

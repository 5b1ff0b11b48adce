/* The catalogue by date, the clocks of sharing, purposes and the policy. */
#include "law/law_internal.h"
#include "law_test.h"

#define STATUS(s) XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_##s
#define PENALTY   XINQIAO__V1__KIND__KIND_PENALTY
#define PERMIT    XINQIAO__V1__KIND__KIND_PERMIT
#define ORG       XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION

static struct gw_report report;

/* INVARIANTS P4, P9 */
static void test_edition_by_date(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
        const char *id;
    } row[] = {
        {2018, 6, 30, NULL},
        {2018, 7, 1, "double-publicity-2018.penalty"},
        {2021, 12, 15, "double-publicity-2018.penalty"},
        {2021, 12, 16, "national-catalogue-2021.penalty"},
        {2023, 1, 1, "national-catalogue-2022.penalty"},
        {2024, 3, 1, "national-catalogue-2024.penalty"},
        {2025, 4, 1, "national-catalogue-2025.penalty"},
        {2026, 10, 1, "national-catalogue-2025.penalty"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        const struct gw_law_row *r = NULL;
        int64_t start = day_us(row[i].year, row[i].month, row[i].day);
        /* A day is one of UTC+8, from its first microsecond to its last. */
        for (int end = 0; end < 2; end++) {
            int64_t at = start + (end != 0 ? INT64_C(86400) * GW_USEC_PER_SEC - 1 : 0);
            enum gw_status st = gw_law_basis(law, PENALTY, at, &r);
            assert_int_equal(st, row[i].id != NULL ? GW_OK : GW_DENIED);
            if (row[i].id != NULL)
                assert_string_equal(r->id, row[i].id);
        }
    }
    const struct gw_law_row *r = NULL;
    assert_int_equal(
        gw_law_basis(law, XINQIAO__V1__KIND__KIND_UNSPECIFIED, day_us(2026, 10, 1), &r), GW_DENIED);
    assert_int_equal(gw_law_basis(law, (Xinqiao__V1__Kind)99, day_us(2026, 10, 1), &r), GW_DENIED);
    assert_null(r);
}

static const char *admit(gw_record *r, int year, const struct gw_law_row **ret)
{
    gw_report_init(&report, arena);
    enum gw_status st = gw_law_admit(law, r, day_us(year, 10, 1), &report, ret);
    if (st == GW_OK)
        return "";
    assert_int_equal(st, GW_DENIED);
    return gw_report_first_error(&report)->reason->code;
}

static void test_admit(void **state)
{
    (void)state;
    const struct gw_law_row *row = NULL;
    gw_record *r = law_penalty(ORG);
    assert_string_equal(admit(r, 2017, &row), "law-no-basis");
    assert_string_equal(gw_report_first_error(&report)->params[0].value, "penalty");
    assert_null(row);

    assert_string_equal(admit(r, 2026, &row), "");
    assert_string_equal(row->id, "national-catalogue-2025.penalty");
    assert_string_equal(row->kind, "penalty");
    assert_int_equal(row->keep_months, 60);

    /* A row that we know, of an earlier edition: today's row covers the same item. */
    r->legal_basis = (char *)(uintptr_t) "national-catalogue-2024.penalty";
    assert_string_equal(admit(r, 2026, &row), "");
    assert_string_equal(row->id, "national-catalogue-2025.penalty");
    /* INVARIANTS L8: one that we do not know is not guessed at; the sender may retry when our
     * tables are newer. */
    r->legal_basis = (char *)(uintptr_t) "national-catalogue-2031.penalty";
    assert_string_equal(admit(r, 2026, &row), "law-edition-unknown");
    assert_true(gw_report_first_error(&report)->reason->retry_ms != 0);
    r->legal_basis = (char *)(uintptr_t) "national-catalogue-2025.permit";
    assert_string_equal(admit(r, 2026, &row), "law-edition-unknown");

    /* A kind that does not fit the payload would slip past the rows of its kind. */
    r = law_penalty(ORG);
    r->kind = PERMIT;
    assert_string_equal(admit(r, 2026, &row), "law-no-basis");
    r = gw_canon_record_new(arena);
    r->kind = PENALTY;
    assert_string_equal(admit(r, 2026, &row), "law-no-basis");
    assert_string_equal(admit(gw_canon_record_new(arena), 2026, &row), "law-no-basis");
}

static const char *share(const gw_record *r, int64_t at)
{
    gw_report_init(&report, arena);
    enum gw_status st = gw_law_may_share(law, r, at, &report);
    if (st == GW_OK)
        return "";
    assert_int_equal(st, GW_DENIED);
    return gw_report_first_error(&report)->reason->code;
}

/* INVARIANTS L7 */
static void test_status_ends_sharing(void **state)
{
    (void)state;
    static const struct {
        Xinqiao__V1__RecordStatus status;
        const char *reason;
    } row[] = {
        {STATUS(UNSPECIFIED), ""},
        {STATUS(IN_FORCE), ""},
        {STATUS(INVALID), ""},
        {STATUS(WITHDRAWN), "record-withdrawn"},
        {STATUS(REPAIRED), "record-repaired"},
        {STATUS(EXPIRED), "record-ended"},
    };
    _Static_assert(GW_ARRAY_LEN(row) == 6, "a row for each status");
    assert_int_equal(xinqiao__v1__record_status__descriptor.n_values, GW_ARRAY_LEN(row));
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        gw_record *r = law_penalty(ORG);
        r->status = row[i].status;
        assert_string_equal(share(r, day_us(2026, 10, 1)), row[i].reason);
    }
}

/* The last microsecond of the day still counts, the first of the next does not. */
static void last_day_is(const gw_record *r, int year, int month, int day)
{
    int64_t next = day_us(year, month, day) + INT64_C(86400) * GW_USEC_PER_SEC;
    assert_string_equal(share(r, next - 1), "");
    assert_string_equal(share(r, next), "record-ended");
}

/* INVARIANTS P9, L5 */
static void test_clocks(void **state)
{
    (void)state;
    /* 60 months from the decision, clamped to the month's end. */
    gw_record *r = law_penalty(ORG);
    last_day_is(r, 2031, 3, 1);
    law_set(r, "decided_on", (struct gw_canon_value){.date = {2024, 2, 29}});
    last_day_is(r, 2029, 2, 28);

    /* Publicity is another clock: past its end the record is still shared. */
    law_set(r, "publicity_to", (struct gw_canon_value){.date = {2024, 5, 29}});
    assert_string_equal(share(r, day_us(2026, 10, 1)), "");
    last_day_is(r, 2029, 2, 28);

    /* Its own end of sharing and use decides when there is one: earlier, later, never. */
    law_set(r, "use_to", (struct gw_canon_value){.date = {2026, 9, 30}});
    last_day_is(r, 2026, 9, 30);
    law_set(r, "use_to", (struct gw_canon_value){.date = {2040, 1, 1}});
    last_day_is(r, 2040, 1, 1);
    law_set(r, "use_to", (struct gw_canon_value){.no_end = true});
    assert_string_equal(share(r, day_us(9998, 1, 1)), "");

    /* The end of the measure is no end of sharing. */
    r = law_penalty(ORG);
    law_set(r, "penalty.valid_to", (struct gw_canon_value){.date = {2026, 3, 2}});
    last_day_is(r, 2031, 3, 1);
}

/* INVARIANTS L6 */
static void test_missing_or_broken_dates_are_not_served(void **state)
{
    (void)state;
    gw_record *r = law_penalty(ORG);
    r->decided_on = NULL;
    assert_string_equal(share(r, day_us(2026, 10, 1)), "record-undated");
    r = law_penalty(ORG);
    r->decided_on->month = 14;
    assert_string_equal(share(r, day_us(2026, 10, 1)), "record-undated");
    r = law_penalty(ORG);
    law_set(r, "use_to", (struct gw_canon_value){.date = {2040, 1, 1}});
    r->use_to->date = NULL;
    assert_string_equal(share(r, day_us(2026, 10, 1)), "record-undated");
    /* A permit has no retention of its own: it needs no date. */
    r = gw_canon_record_new(arena);
    r->kind = PERMIT;
    law_text(r, "permit.document_no", "x");
    assert_string_equal(share(r, day_us(2026, 10, 1)), "");
}

static void test_no_row_no_sharing(void **state)
{
    (void)state;
    gw_record *r = law_penalty(ORG);
    assert_string_equal(share(r, day_us(2017, 1, 1)), "law-no-basis");
    r->kind = XINQIAO__V1__KIND__KIND_UNSPECIFIED;
    assert_string_equal(share(r, day_us(2026, 10, 1)), "law-no-basis");
}

static void test_purposes(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "credit", "credit-supervisionx", "Credit-Supervision",
                                          "*"};
    for (size_t i = 0; i < GW_ARRAY_LEN(unknown); i++)
        assert_null(gw_law_purpose_find(law, gw_bytes_str(unknown[i])));
    static const char *const known[] = {"credit-supervision",
                                        "double-publicity",
                                        "joint-discipline",
                                        "credit-repair",
                                        "credit-service",
                                        "self-query",
                                        "benefit",
                                        "record-sharing",
                                        "audit"};
    for (size_t i = 0; i < GW_ARRAY_LEN(known); i++) {
        const struct gw_law_purpose *p = gw_law_purpose_find(law, gw_bytes_str(known[i]));
        assert_non_null(p);
        assert_true(p->title_zh[0] != '\0' && p->title_en[0] != '\0' && p->source[0] != '\0');
        assert_false(p->basic_service);
    }
    assert_true(gw_law_purpose_find(law, GW_BYTES_LIT("basic-service-access"))->basic_service);
}

static void test_policy_and_digest(void **state)
{
    (void)state;
    struct gw_hash h, want;
    struct gw_buf list;
    gw_buf_init(&list, 4096);
    assert_string_equal(gw_law_policy(law), "law@2026.2");
    gw_law_digest(law, &h, &list);
    gw_crypto_sha256(gw_buf_view(&list), GW_BYTES_NONE, GW_BYTES_NONE, &want);
    assert_memory_equal(&h, &want, sizeof(h));
    gw_buf_u8(&list, 0);
    /* Every file, in the order of the names. */
    const char *at = (char *)list.ptr;
    for (size_t i = 0; i < GW_LAW_FILES; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), " law/%s\n", gw_law_file_name[i]);
        assert_ptr_equal(strstr(at, name), at + 64);
        at += 64 + strlen(name);
        assert_true(i == 0 || strcmp(gw_law_file_name[i - 1], gw_law_file_name[i]) < 0);
    }
    assert_int_equal(*at, '\0');
    gw_buf_fini(&list);
}

/* Every refusal that this folder can give is a public reason. */
static void test_reasons_exist(void **state)
{
    (void)state;
    static const char *const code[] = {"law-no-basis",   "law-edition-unknown",
                                       "record-ended",   "record-repaired",
                                       "record-undated", "record-withdrawn"};
    for (size_t i = 0; i < GW_ARRAY_LEN(code); i++)
        assert_non_null(gw_reason_find(gw_bytes_str(code[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edition_by_date),
        cmocka_unit_test(test_admit),
        cmocka_unit_test(test_status_ends_sharing),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_missing_or_broken_dates_are_not_served),
        cmocka_unit_test(test_no_row_no_sharing),
        cmocka_unit_test(test_purposes),
        cmocka_unit_test(test_policy_and_digest),
        cmocka_unit_test(test_reasons_exist),
    };
    return cmocka_run_group_tests(tests, law_group_setup, law_group_teardown);
}

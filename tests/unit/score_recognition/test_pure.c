/* Days, ages, numbers, words, bands, quotas and revocations: what needs no gateway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scores.h"

static void days_are_civil_days_in_utc8(void **state)
{
    (void)state;
    assert_int_equal(score_day_make(1970, 1, 1), 0);
    assert_int_equal(score_day_make(2000, 2, 29), 11016);
    assert_int_equal(score_day_make(2026, 11, 24), 20781);
    assert_int_equal(score_day_make(1, 1, 1), -719162);
    assert_int_equal(score_day_make(9999, 12, 31), 2932896);
    int32_t none[][3] = {{2026, 2, 29}, {1900, 2, 29}, {2026, 0, 1}, {2026, 13, 1}, {2026, 4, 31},
                         {2026, 1, 0},  {2026, -1, 1}, {0, 1, 1},    {10000, 1, 1}, {2026, 1, 32}};
    for (size_t i = 0; i < SCORE_LEN(none); i++)
        assert_int_equal(score_day_make(none[i][0], none[i][1], none[i][2]), SCORE_DAY_NONE);
    /* 16:00 UTC is midnight there. */
    int64_t midnight = score_day_start_us(20781);
    assert_int_equal(midnight, INT64_C(1795449600) * 1000000);
    assert_int_equal(score_day_of(midnight), 20781);
    assert_int_equal(score_day_of(midnight - 1), 20780);
    assert_int_equal(score_day_of(midnight + SCORE_DAY_US - 1), 20781);
    assert_int_equal(score_day_of(-INT64_C(9) * 3600 * 1000000), -1);
}

static void every_day_of_eight_centuries_comes_back(void **state)
{
    (void)state;
    int32_t day = score_day_make(1600, 1, 1), y, m, d, last = -1;
    for (; day <= score_day_make(2400, 12, 31); day++) {
        score_day_parts(day, &y, &m, &d);
        assert_int_equal(score_day_make(y, m, d), day);
        assert_true((y * 12 + m) * 31 + d > last);
        last = (y * 12 + m) * 31 + d;
    }
}

static void dates_as_text(void **state)
{
    (void)state;
    assert_int_equal(score_day_parse("2026-11-24"), 20781);
    static const char *const bad[] = {"",           "2026-1-24",  "2026-11-24 ", "2026/11/24",
                                      "2026-02-30", "20a6-11-24", "2026-11-2x",  "-026-11-24"};
    for (size_t i = 0; i < SCORE_LEN(bad); i++)
        assert_int_equal(score_day_parse(bad[i]), SCORE_DAY_NONE);
    assert_int_equal(score_day_parse(NULL), SCORE_DAY_NONE);
}

static void citizen_ids_are_checked(void **state)
{
    (void)state;
    int32_t today = score_day_make(2026, 11, 24);
    assert_null(score_citizen_fault("11010519491231002X", today));
    static const struct {
        const char *number, *fault;
    } bad[] = {
        {"11010519491231002x", "id-lowercase"},
        {"110105194912310021", "citizen-id-check"},
        {"11010519491231002", "citizen-id-length"},
        {"11010519491231002X0", "citizen-id-length"},
        {"1101051949123100200", "citizen-id-length"},
        {"1101051949X2310020", "citizen-id-charset"},
        {"１１０", "citizen-id-charset"},
        {"", "citizen-id-length"},
    };
    for (size_t i = 0; i < SCORE_LEN(bad); i++)
        assert_string_equal(score_citizen_fault(bad[i].number, today), bad[i].fault);
    /* Of the day before the birth, and on it. */
    int32_t born = score_day_make(1949, 12, 31);
    assert_string_equal(score_citizen_fault("11010519491231002X", born - 1), "citizen-id-date");
    assert_null(score_citizen_fault("11010519491231002X", born));
}

static void eighteen_on_the_birthday(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        int32_t y, m, d, age;
    } row[] = {
        {"110105200811240000", 2026, 11, 23, 17}, {"110105200811240000", 2026, 11, 24, 18},
        {"110105200811240000", 2026, 11, 25, 18}, {"110105200811240000", 2026, 12, 1, 18},
        {"110105200811240000", 2026, 10, 30, 17}, {"110105200802290000", 2026, 2, 28, 17},
        {"110105200802290000", 2026, 3, 1, 18},   {"110105200802290000", 2028, 2, 29, 20},
    };
    for (size_t i = 0; i < SCORE_LEN(row); i++)
        assert_int_equal(
            score_citizen_age(row[i].number, score_day_make(row[i].y, row[i].m, row[i].d)),
            row[i].age);
}

static void points_have_two_decimals_at_most(void **state)
{
    (void)state;
    assert_int_equal(score_points_parse("550"), 55000);
    assert_int_equal(score_points_parse("0"), 0);
    assert_int_equal(score_points_parse("612.5"), 61250);
    assert_int_equal(score_points_parse("612.05"), 61205);
    assert_int_equal(score_points_parse("9999999.99"), 999999999);
    static const char *const bad[] = {"",   "-1", "+1", "1.",   ".5",    "1.234",    "1,5",  "1e3",
                                      " 1", "1 ", "一", "0x10", "1.2.3", "12345678", "1.-2", "NaN"};
    for (size_t i = 0; i < SCORE_LEN(bad); i++)
        assert_int_equal(score_points_parse(bad[i]), -1);
}

static void words_and_codes(void **state)
{
    (void)state;
    assert_true(score_words_have("a-b c", "a-b") && score_words_have("a-b c", "c"));
    assert_false(score_words_have("a-b c", "a") || score_words_have("a-b c", "b c d") ||
                 score_words_have("", "a") || score_words_have("a", ""));
    assert_true(score_words_have("xa a", "a"));
    assert_true(score_code_ok("library-deposit.2"));
    char longest[66] = "";
    memset(longest, 'a', 64);
    assert_true(score_code_ok(longest));
    longest[64] = 'a';
    assert_false(score_code_ok(longest));
    assert_false(score_code_ok("") || score_code_ok("A") || score_code_ok("a b") ||
                 score_code_ok("a_b") || score_code_ok("借阅"));
}

static void uuids_come_back_in_lower_case(void **state)
{
    (void)state;
    uint8_t id[16];
    char text[37];
    assert_true(score_uuid_parse("0123ABCD-89ab-cdef-0011-223344556677", id));
    score_uuid_write(id, text);
    assert_string_equal(text, "0123abcd-89ab-cdef-0011-223344556677");
    static const char *const bad[] = {"",
                                      "0123abcd89abcdef0011223344556677",
                                      "0123abcd-89ab-cdef-0011-22334455667",
                                      "0123abcd-89ab-cdef-0011-2233445566778",
                                      "0123abcg-89ab-cdef-0011-223344556677",
                                      "0123abcd-89ab-cdef-00112-23344556677",
                                      "0123abcd_89ab-cdef-0011-223344556677"};
    for (size_t i = 0; i < SCORE_LEN(bad); i++)
        assert_false(score_uuid_parse(bad[i], id));
}

/* ---- terms ---- */

static char *parties[] = {"shaoxing", "hangzhou"}, *purposes[] = {"benefit"},
            *scenes[] = {"library", "parking"};
static struct score_band band[] = {{.from = 55000, .level = "low"},
                                   {.from = 60000, .level = "mid"}};
static struct score_agreement agreement[] = {{.id = "one",
                                              .parties = parties,
                                              .party_count = 2,
                                              .purposes = purposes,
                                              .purpose_count = 1,
                                              .scenes = scenes,
                                              .scene_count = 2,
                                              .from = 10,
                                              .until = 20,
                                              .band = band,
                                              .band_count = 2}};

static void the_highest_band_at_or_below(void **state)
{
    (void)state;
    assert_null(score_band_of(agreement, 54999));
    assert_string_equal(score_band_of(agreement, 55000)->level, "low");
    assert_string_equal(score_band_of(agreement, 59999)->level, "low");
    assert_string_equal(score_band_of(agreement, 60000)->level, "mid");
    assert_string_equal(score_band_of(agreement, 1000000)->level, "mid");
}

static void what_a_question_lacks_is_told(void **state)
{
    (void)state;
    const struct score_terms t = {.self = "shaoxing", .agreement = agreement, .agreement_count = 1};
    static const struct {
        int32_t day;
        const char *id, *peer, *purpose, *scene;
        char lacking; /* 0: found */
    } row[] = {
        {10, NULL, "hangzhou", "benefit", "library", 0},
        {20, "one", "hangzhou", "benefit", "parking", 0},
        {20, NULL, "hangzhou", NULL, NULL, 0},
        {9, NULL, "hangzhou", "benefit", "library", 'a'},
        {21, NULL, "hangzhou", "benefit", "library", 'a'},
        {10, "two", "hangzhou", "benefit", "library", 'a'},
        {10, NULL, "suzhou", "benefit", "library", 'a'},
        {10, NULL, "shaoxing", "benefit", "library", 'a'},
        {10, NULL, "hangzhou", "audit", "library", 'p'},
        {10, NULL, "hangzhou", "benefit", "gym", 's'},
    };
    for (size_t i = 0; i < SCORE_LEN(row); i++) {
        char lacking;
        bool found = score_terms_find(&t, row[i].day, row[i].id, row[i].peer, row[i].purpose,
                                      row[i].scene, &lacking) != NULL;
        assert_int_equal(found, row[i].lacking == 0);
        if (!found)
            assert_int_equal(lacking, row[i].lacking);
    }
}

/* ---- what outlives a configuration ---- */

static void a_quota_is_of_a_day_and_a_party(void **state)
{
    (void)state;
    struct score_quotas q = {NULL};
    struct score_quota *a = score_quota_get(&q, "one", "hangzhou", "benefit");
    struct score_quota *b = score_quota_get(&q, "one", "suzhou", "benefit");
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(a, score_quota_get(&q, "one", "hangzhou", "benefit"));
    for (int i = 0; i < 3; i++)
        assert_true(score_quota_take(a, 100, 3));
    assert_false(score_quota_take(a, 100, 3));
    assert_int_equal(score_quota_used(a, 100), 3);
    assert_true(score_quota_take(a, 100, 4)); /* a new agreement allows more */
    assert_true(score_quota_take(b, 100, 1));
    assert_true(score_quota_take(a, 101, 1));
    assert_false(score_quota_take(a, 101, 1));
    assert_false(score_quota_take(a, 100, 1)); /* the clock went back: no second quota */
    assert_int_equal(score_quota_used(a, 102), 0);
    score_quotas_fini(&q);
}

/* A table of one counter, as the host keeps it: what is written counts when it is committed. */
static struct {
    int64_t day, used, new_day, new_used;
    int writes;
} table;

static int32_t table_sql(struct gw_adapter_call *c, uint32_t statement,
                         const struct gw_adapter_value *params, size_t count, gw_adapter_row_fn *fn,
                         void *arg)
{
    (void)c, (void)count;
    if (statement == SCORE_SQL_QUOTA_PUT) {
        table.writes++;
        table.new_day = params[3].number;
        table.new_used = params[4].number;
    } else if (table.used != 0) {
        const struct gw_adapter_value row[] = {SCORE_NUMBER(table.day), SCORE_NUMBER(table.used)};
        fn(arg, row, SCORE_LEN(row));
    }
    return 0;
}

static void a_counter_is_written_until_it_is_committed(void **state)
{
    (void)state;
    const struct gw_adapter_host host = {.sql = table_sql};
    struct score_quotas q = {NULL};
    struct score_quota *a = score_quota_get(&q, "one", "hangzhou", "benefit");
    score_host = &host;
    table.day = 100;
    table.used = 5;
    assert_true(score_quota_take(a, 100, 10));
    for (int tick = 1; tick <= 3; tick++) { /* rolled back each time */
        assert_int_equal(score_quotas_flush(&q, NULL, 100), 0);
        assert_int_equal(table.writes, tick);
        assert_int_equal(table.new_used, 6);
        assert_int_equal(score_quota_used(a, 100), 6);
    }
    table.used = table.new_used; /* the last one was committed after all */
    for (int tick = 0; tick < 2; tick++)
        assert_int_equal(score_quotas_flush(&q, NULL, 100), 0);
    assert_int_equal(table.writes, 3);
    assert_true(score_quota_take(a, 101, 10));
    assert_int_equal(score_quotas_flush(&q, NULL, 101), 0);
    assert_int_equal(table.writes, 4);
    assert_int_equal(table.new_day, 101);
    assert_int_equal(table.new_used, 1);
    score_host = NULL;
    score_quotas_fini(&q);
}

static void what_was_revoked_is_known(void **state)
{
    (void)state;
    static struct score_revoked r;
    uint8_t id[16] = {1}, zero[16] = {0};
    assert_false(score_revoked_has(&r, id));
    assert_false(score_revoked_has(&r, zero));
    score_revoked_add(&r, id);
    assert_true(score_revoked_has(&r, id));
    id[15] = 1;
    assert_false(score_revoked_has(&r, id));
    for (uint32_t i = 0; i < 1000; i++) {
        memcpy(id + 8, &i, sizeof(i));
        score_revoked_add(&r, id);
        assert_true(score_revoked_has(&r, id));
    }
}

static void texts_are_cut_between_characters(void **state)
{
    (void)state;
    assert_int_equal(score_text_fit("", 4), 0);
    assert_int_equal(score_text_fit("abcd", 4), 4);
    assert_int_equal(score_text_fit("abcde", 4), 4);
    assert_int_equal(score_text_fit("信用", 6), 6);
    assert_int_equal(score_text_fit("信用分", 6), 6);
    assert_int_equal(score_text_fit("信用", 5), 3);
    assert_int_equal(score_text_fit("信用", 4), 3);
    assert_int_equal(score_text_fit("信用", 2), 0);
    assert_int_equal(score_text_fit("a\xf0\xa0\x80\x80", 4), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_civil_days_in_utc8),
        cmocka_unit_test(every_day_of_eight_centuries_comes_back),
        cmocka_unit_test(dates_as_text),
        cmocka_unit_test(citizen_ids_are_checked),
        cmocka_unit_test(eighteen_on_the_birthday),
        cmocka_unit_test(points_have_two_decimals_at_most),
        cmocka_unit_test(words_and_codes),
        cmocka_unit_test(uuids_come_back_in_lower_case),
        cmocka_unit_test(the_highest_band_at_or_below),
        cmocka_unit_test(what_a_question_lacks_is_told),
        cmocka_unit_test(a_quota_is_of_a_day_and_a_party),
        cmocka_unit_test(a_counter_is_written_until_it_is_committed),
        cmocka_unit_test(what_was_revoked_is_known),
        cmocka_unit_test(texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

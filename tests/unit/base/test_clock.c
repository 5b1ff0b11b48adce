/* Civil dates: validity, leap years, clamping, the day in UTC+8, and instants as text. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static struct gw_date date(int y, int m, int d)
{
    return (struct gw_date){(int16_t)y, (uint8_t)m, (uint8_t)d};
}

static void assert_date(struct gw_date d, int y, int m, int day)
{
    assert_int_equal(d.year, y);
    assert_int_equal(d.month, m);
    assert_int_equal(d.day, day);
}

static void test_invalid_dates(void **state)
{
    (void)state;
    static const int bad[][3] = {{0, 0, 0},     {0, 1, 1},     {2026, 0, 1},  {2026, 13, 1},
                                 {2026, 1, 0},  {2026, 1, 32}, {2026, 4, 31}, {2026, 2, 29},
                                 {1900, 2, 29}, {2024, 2, 30}, {10000, 1, 1}, {-1, 1, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(gw_date_valid(date(bad[i][0], bad[i][1], bad[i][2])));
    assert_true(gw_date_valid(date(2024, 2, 29)));
    assert_true(gw_date_valid(date(2000, 2, 29)));
    assert_true(gw_date_valid(date(1, 1, 1)));
    assert_true(gw_date_valid(date(9999, 12, 31)));
}

static void test_days_out_of_range_are_none(void **state)
{
    (void)state;
    int32_t first = gw_date_to_days(date(1, 1, 1));
    int32_t last = gw_date_to_days(date(9999, 12, 31));
    assert_true(gw_date_is_none(gw_date_from_days(first - 1)));
    assert_true(gw_date_is_none(gw_date_from_days(last + 1)));
    assert_true(gw_date_is_none(gw_date_from_days(INT32_MAX)));
    assert_true(gw_date_is_none(gw_date_from_days(INT32_MIN)));
    assert_date(gw_date_from_days(first), 1, 1, 1);
    assert_date(gw_date_from_days(last), 9999, 12, 31);
}

static void test_every_day_there_and_back(void **state)
{
    (void)state;
    int32_t days = gw_date_to_days(date(1890, 1, 1));
    struct gw_date before = gw_date_from_days(days - 1);
    for (; days < gw_date_to_days(date(2110, 1, 1)); days++) {
        struct gw_date d = gw_date_from_days(days);
        assert_true(gw_date_valid(d));
        assert_int_equal(gw_date_to_days(d), days);
        assert_int_equal(gw_date_cmp(before, d), -1);
        before = d;
    }
    assert_int_equal(gw_date_to_days(date(1970, 1, 1)), 0);
    assert_int_equal(gw_date_to_days(date(2000, 3, 1)), 11017);
    assert_int_equal(gw_date_to_days(date(1969, 12, 31)), -1);
}

static void test_months_are_clamped(void **state)
{
    (void)state;
    assert_date(gw_date_add_months(date(2025, 1, 31), 1), 2025, 2, 28);
    assert_date(gw_date_add_months(date(2024, 1, 31), 1), 2024, 2, 29);
    assert_date(gw_date_add_months(date(2100, 1, 31), 1), 2100, 2, 28);
    assert_date(gw_date_add_months(date(2024, 2, 29), 12), 2025, 2, 28);
    assert_date(gw_date_add_months(date(2024, 2, 29), 48), 2028, 2, 29);
    assert_date(gw_date_add_months(date(2025, 3, 31), -1), 2025, 2, 28);
    assert_date(gw_date_add_months(date(2025, 12, 31), 6), 2026, 6, 30);
    assert_date(gw_date_add_months(date(2025, 1, 15), -13), 2023, 12, 15);
    assert_date(gw_date_add_months(date(2025, 5, 5), 0), 2025, 5, 5);
    assert_true(gw_date_is_none(gw_date_add_months(date(0, 0, 0), 5)));
    assert_true(gw_date_is_none(gw_date_add_months(date(9999, 12, 1), 1)));
    assert_true(gw_date_is_none(gw_date_add_months(date(1, 1, 1), -1)));
    assert_true(gw_date_is_none(gw_date_add_months(date(2025, 1, 1), INT32_MAX)));
    assert_true(gw_date_is_none(gw_date_add_months(date(2025, 1, 1), INT32_MIN)));
}

static void test_utc8(void **state)
{
    (void)state;
    /* 2026-03-31T16:00Z is midnight of 1 April in UTC+8. */
    int64_t midnight =
        ((int64_t)gw_date_to_days(date(2026, 4, 1)) * 86400 - 8 * 3600) * GW_USEC_PER_SEC;
    assert_date(gw_date_at_utc8(midnight - 1), 2026, 3, 31);
    assert_date(gw_date_at_utc8(midnight), 2026, 4, 1);
    assert_date(gw_date_at_utc8(-9 * 3600 * GW_USEC_PER_SEC), 1969, 12, 31);
    assert_date(gw_date_at_utc8(-8 * 3600 * GW_USEC_PER_SEC), 1970, 1, 1);
    assert_true(gw_date_is_none(gw_date_at_utc8(INT64_MAX)));
    assert_true(gw_date_is_none(gw_date_at_utc8(INT64_MIN)));
}

static void test_text(void **state)
{
    (void)state;
    char day[11];
    char when[28];
    gw_date_format(date(2026, 4, 1), day);
    assert_string_equal(day, "2026-04-01");
    gw_date_format(date(-5, 255, 255), day);
    assert_int_equal(day[10], '\0');
    gw_clock_rfc3339(0, when);
    assert_string_equal(when, "1970-01-01T00:00:00.000000Z");
    gw_clock_rfc3339(-1, when);
    assert_string_equal(when, "1969-12-31T23:59:59.999999Z");
    gw_clock_rfc3339(INT64_C(1709217296123456), when);
    assert_string_equal(when, "2024-02-29T14:34:56.123456Z");
    gw_clock_rfc3339(INT64_MIN, when);
    assert_int_equal(when[27], '\0');
    gw_clock_rfc3339(INT64_MAX, when);
    assert_int_equal(when[27], '\0');
}

static void test_clocks_run(void **state)
{
    (void)state;
    int64_t a = gw_clock_mono_us();
    assert_true(gw_clock_mono_us() >= a);
    assert_true(gw_clock_wall_us() > INT64_C(1700000000) * GW_USEC_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invalid_dates),
        cmocka_unit_test(test_days_out_of_range_are_none),
        cmocka_unit_test(test_every_day_there_and_back),
        cmocka_unit_test(test_months_are_clamped),
        cmocka_unit_test(test_utc8),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

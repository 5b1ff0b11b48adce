/* Dates by pattern: exact, real, and written back as they were (INVARIANTS C2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "canon/canon.h"

static const struct {
    const char *text;
    const char *pattern;
    int year, month, day; /* 0: refused */
    int32_t second;
} row[] = {
    {"2018/07/01", "YYYY/MM/DD", 2018, 7, 1, 0},
    {"2018-07-01", "YYYY-MM-DD", 2018, 7, 1, 0},
    {"20180701", "YYYYMMDD", 2018, 7, 1, 0},
    {"2018年07月01日", "YYYY年MM月DD日", 2018, 7, 1, 0},
    {"2018-07-01 23:59:59", "YYYY-MM-DD hh:mm:ss", 2018, 7, 1, 86399},
    {"2018-07-01T08:00:01", "YYYY-MM-DDThh:mm:ss", 2018, 7, 1, 28801},
    {"2020/02/29", "YYYY/MM/DD", 2020, 2, 29, 0},
    {"2000/02/29", "YYYY/MM/DD", 2000, 2, 29, 0},
    {"9999-09-09", "YYYY-MM-DD", 9999, 9, 9, 0},
    {"1899-12-31", "YYYY-MM-DD", 1899, 12, 31, 0},
    {"2018/7/1", "YYYY/M/D", 2018, 7, 1, 0},
    {"2018/12/31", "YYYY/M/D", 2018, 12, 31, 0},
    /* negative */
    {"", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/07/0", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/07/011", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/07/01 ", "YYYY/MM/DD", 0, 0, 0, 0},
    {" 2018/07/01", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018-07-01", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/7/1", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/07/01", "YYYY/M/D", 0, 0, 0, 0},
    {"2019/02/29", "YYYY/MM/DD", 0, 0, 0, 0},
    {"1900/02/29", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/13/01", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/00/01", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/04/31", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/01/00", "YYYY/MM/DD", 0, 0, 0, 0},
    {"0000/01/01", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018/01/99", "YYYY/MM/DD", 0, 0, 0, 0},
    {"-018/01/01", "YYYY/MM/DD", 0, 0, 0, 0},
    {"2018年07月01", "YYYY年MM月DD日", 0, 0, 0, 0},
    {"2018-07-01 24:00:00", "YYYY-MM-DD hh:mm:ss", 0, 0, 0, 0},
    {"2018-07-01 23:60:00", "YYYY-MM-DD hh:mm:ss", 0, 0, 0, 0},
    {"2018-07-01 23:59:60", "YYYY-MM-DD hh:mm:ss", 0, 0, 0, 0},
    {"长期", "YYYY-MM-DD", 0, 0, 0, 0},
    {"2018-07", "YYYY-MM", 0, 0, 0, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_date d = {1, 1, 1};
        int32_t second = -1;
        enum gw_status st =
            gw_canon_date_parse(gw_bytes_str(row[i].text), row[i].pattern, &d, &second);
        if (row[i].year == 0) {
            if (st != GW_INVALID)
                fail_msg("\"%s\" must be refused", row[i].text);
            assert_true(d.year == 1 && second == -1);
            continue;
        }
        if (st != GW_OK)
            fail_msg("\"%s\": %s", row[i].text, gw_status_name(st));
        assert_true(d.year == row[i].year && d.month == row[i].month && d.day == row[i].day);
        assert_int_equal(second, row[i].second);

        struct gw_buf b;
        gw_buf_init(&b, 64);
        gw_canon_date_format(d, second, row[i].pattern, &b);
        assert_true(gw_bytes_eq_str(gw_buf_view(&b), row[i].text));
        gw_buf_fini(&b);
    }
}

static void test_every_day_both_ways(void **state)
{
    (void)state;
    static const char *const pattern[] = {"YYYY/MM/DD", "YYYYMMDD", "YYYY/M/D"};
    for (int32_t day = -30000; day < 60000; day++) {
        struct gw_date d = gw_date_from_days(day);
        const char *p = pattern[(day + 30000) % 3];
        char mem[32];
        struct gw_buf b;
        struct gw_date back;
        gw_buf_init_fixed(&b, mem, sizeof(mem));
        gw_canon_date_format(d, 0, p, &b);
        assert_int_equal(gw_canon_date_parse(gw_buf_view(&b), p, &back, NULL), GW_OK);
        assert_int_equal(gw_date_cmp(d, back), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_day_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

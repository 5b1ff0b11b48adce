/* The packages of tests/data are lawful on the day they were made: what format and law together say
 * to each of their records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "format/format.h"
#include "law/law.h"

/* 2026-11-23, noon in UTC+8. */
static const int64_t wall_us = (INT64_C(20780) * 86400 + 4 * 3600) * GW_USEC_PER_SEC;
static struct gw_format_set *formats;
static struct gw_law *law;

struct tally {
    unsigned total, taken, ended, other;
};

/* Entries that the source has removed come as removals; as entries they have ended. */
static void judge(const struct gw_format *f, struct gw_bytes bytes, struct tally *ret)
{
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("test", 4 << 20);
    struct gw_format_clock clock = {wall_us};
    struct gw_report report;
    const struct gw_law_row *row;
    gw_record *r = NULL;
    gw_report_init(&report, a);
    assert_int_equal(gw_format_decode(f, bytes, &clock, a, &report, &r), GW_OK);
    ret->total++;
    if (gw_law_admit(law, r, wall_us, &report, &row) == GW_OK) {
        ret->taken++;
        return;
    }
    const struct gw_problem *p = gw_report_first_error(&report);
    bool ended = r->list_entry != NULL && strcmp(p->reason->code, "law-list-ended") == 0;
    ret->ended += ended ? 1 : 0;
    ret->other += ended ? 0 : 1;
    if (!ended)
        print_message("%s: %s %s %s\n", gw_format_id(f), p->reason->code, p->field,
                      p->params[0].value);
}

static void walk(const char *id, const char *name, struct tally *ret)
{
    char path[512];
    const char *reason = NULL;
    struct gw_bytes one;
    struct gw_buf file;
    struct gw_format_splitter *s = NULL;
    const struct gw_format *f = gw_format_find(formats, gw_bytes_str(id), NULL);
    assert_non_null(f);
    gw_buf_init(&file, 4 << 20);
    (void)snprintf(path, sizeof(path), "%s/tests/data/formats/%s/%s", GW_SOURCE_DIR, id, name);
    assert_int_equal(gw_file_read(path, &file), GW_OK);
    assert_int_equal(gw_format_splitter_new(f, &s), GW_OK);
    assert_int_equal(gw_format_splitter_feed(s, gw_buf_view(&file), true), GW_OK);
    memset(ret, 0, sizeof(*ret));
    while (gw_format_splitter_next(s, &one, &reason) == GW_OK)
        judge(f, one, ret);
    gw_format_splitter_free(s);
    gw_buf_fini(&file);
}

static void test_every_package_is_lawful(void **state)
{
    (void)state;
    static const struct {
        const char *format, *file;
        bool removals;
    } row[] = {
        {"national.penalty.org@2018", "package.xml", false},
        {"national.penalty.person@2018", "package.xml", false},
        {"national.permit.org@2018", "package.xml", false},
        {"national.permit.person@2018", "package.xml", false},
        {"zhejiang.penalty.unified@1", "package.json", false},
        {"suzhou.penalty@1", "package.json", false},
        {"suzhou.permit@1", "package.json", false},
        {"common.list@1", "package.json", true},
        {"zhejiang.list.serious@1", "package.json", true},
        {"zhejiang.list.red@1", "package.json", false},
        {"national.list.court@1", "package.json", false},
        {"zhejiang.list.court@1", "package.json", false},
        {"municipal.score@1", "package.json", false},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct tally t;
        walk(row[i].format, row[i].file, &t);
        assert_true(t.total >= 40);
        assert_int_equal(t.other, 0);
        assert_int_equal(t.taken + t.ended, t.total);
        assert_int_equal(t.ended != 0, row[i].removals);
        assert_true(t.taken > t.total / 2);
    }
}

static void test_past_its_retention(void **state)
{
    (void)state;
    struct tally t;
    walk("national.penalty.org@2018", "ended.xml", &t);
    assert_int_equal(t.total, 1);
    assert_int_equal(t.other, 1);
}

static int setup(void **state)
{
    (void)state;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 16);
    if (gw_crypto_init() != GW_OK ||
        gw_format_set_load(GW_SOURCE_DIR "/conf/formats", &formats, &err) != GW_OK ||
        gw_law_load(GW_SOURCE_DIR "/conf/law", &law, &err) != GW_OK) {
        (void)fprintf(stderr, "%.*s", GW_BYTES_FMT(gw_buf_view(&err)));
        return 1;
    }
    gw_buf_fini(&err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gw_law_free(law);
    gw_format_set_free(formats);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_package_is_lawful),
        cmocka_unit_test(test_past_its_retention),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* What the tests of law/ share: the shipped tables and records to try them on. */
#ifndef GW_TESTS_LAW_TEST_H
#define GW_TESTS_LAW_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "law/law_internal.h"

/* Midnight in UTC+8 at the start of the day. */
static inline int64_t day_us(int year, int month, int day)
{
    struct gw_date d = {(int16_t)year, (uint8_t)month, (uint8_t)day};
    return ((int64_t)gw_date_to_days(d) * 86400 - 8 * 3600) * GW_USEC_PER_SEC;
}

static struct gw_law *law;
static struct gw_arena *arena;

static int law_group_setup(void **state)
{
    (void)state;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 16);
    if (gw_crypto_init() != GW_OK)
        return 1;
    enum gw_status st = gw_law_load(GW_SOURCE_DIR "/conf/law", &law, &err);
    if (st != GW_OK)
        (void)fprintf(stderr, "%.*s", GW_BYTES_FMT(gw_buf_view(&err)));
    gw_buf_fini(&err);
    arena = gw_arena_new("test", 4 << 20);
    return st != GW_OK || arena == NULL;
}

static int law_group_teardown(void **state)
{
    (void)state;
    gw_law_free(law);
    gw_arena_free(arena);
    return 0;
}

static inline void law_set(gw_record *r, const char *path, struct gw_canon_value v)
{
    struct gw_canon_path p;
    const char *why;
    assert_int_equal(gw_canon_path_compile(path, &p, &why), GW_OK);
    v.type = p.type;
    v.present = true;
    assert_int_equal(gw_canon_set(r, &p, &v, arena), GW_OK);
}

static inline void law_text(gw_record *r, const char *path, const char *text)
{
    law_set(r, path, (struct gw_canon_value){.text = gw_bytes_str(text)});
}

static inline gw_record *law_penalty(Xinqiao__V1__SubjectClass class)
{
    gw_record *r = gw_canon_record_new(arena);
    assert_non_null(r);
    r->kind = XINQIAO__V1__KIND__KIND_PENALTY;
    law_set(r, "subject.subject_class", (struct gw_canon_value){.num = class});
    law_text(r, "penalty.document_no", "绍市罚〔2026〕1号");
    law_set(r, "decided_on", (struct gw_canon_value){.date = {2026, 3, 1}});
    return r;
}

/* ---- cases: tests/data/law/<table>.tsv ---- */

enum { LAW_COLUMNS = 10, LAW_CASES = 256 };
struct law_cases {
    struct gw_buf text;
    char *row[LAW_CASES][LAW_COLUMNS];
    size_t count;
};

static inline void law_cases_load(const char *name, struct law_cases *ret)
{
    char path[512];
    char *line_at, *cell_at;
    (void)snprintf(path, sizeof(path), "%s/tests/data/law/%s", GW_SOURCE_DIR, name);
    memset(ret, 0, sizeof(*ret));
    gw_buf_init(&ret->text, 1 << 20);
    assert_int_equal(gw_file_read(path, &ret->text), GW_OK);
    gw_buf_u8(&ret->text, 0);
    /* The first line has the names of the columns. */
    (void)strtok_r((char *)ret->text.ptr, "\n", &line_at);
    for (char *line; (line = strtok_r(NULL, "\n", &line_at)) != NULL; ret->count++) {
        assert_true(ret->count < LAW_CASES);
        char *cell = strtok_r(line, "\t", &cell_at);
        for (size_t i = 0; cell != NULL; cell = strtok_r(NULL, "\t", &cell_at), i++) {
            assert_true(i < LAW_COLUMNS);
            ret->row[ret->count][i] = cell;
        }
    }
    assert_true(ret->count != 0);
}

/* Is the word one of "a,b,c". */
static inline bool law_has(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

static inline struct gw_date law_day(const char *text)
{
    struct gw_date d;
    assert_int_equal(gw_canon_date_parse(gw_bytes_str(text), "YYYY-MM-DD", &d, NULL), GW_OK);
    return d;
}

static inline int64_t law_wall(struct gw_date d)
{
    return day_us(d.year, d.month, d.day);
}

static inline struct gw_date law_days_after(struct gw_date d, int days)
{
    return gw_date_from_days(gw_date_to_days(d) + days);
}

static inline void law_date(gw_record *r, const char *path, struct gw_date d)
{
    law_set(r, path, (struct gw_canon_value){.date = d});
}

/* What the law says first against the record; "" nothing. */
static inline const char *law_says(gw_record *r, struct gw_date day, struct gw_report *report)
{
    const struct gw_law_row *row;
    gw_report_init(report, arena);
    enum gw_status st = gw_law_admit(law, r, law_wall(day), report, &row);
    assert_int_equal(st, gw_report_has_errors(report) ? GW_DENIED : GW_OK);
    return st == GW_OK ? "" : gw_report_first_error(report)->reason->code;
}

/* {item} of the first error. */
static inline const char *law_item(const struct gw_report *report)
{
    return gw_report_first_error(report)->params[0].value;
}

#endif

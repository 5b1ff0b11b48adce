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

#include "law/law.h"

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

#endif

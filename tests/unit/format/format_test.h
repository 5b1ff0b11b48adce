/* What the tests of format/ share: the shipped mappings, one arena and report, samples, and edits
 * of them. */
#ifndef GW_TEST_FORMAT_H
#define GW_TEST_FORMAT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "format/format_internal.h"

static struct gw_format_set *set;
static struct gw_arena *arena;
static struct gw_report report;
/* 2026-11-23 in UTC+8, noon. */
static const struct gw_format_clock today = {INT64_C(1795406400) * GW_USEC_PER_SEC};

static inline int load_all(void **state)
{
    struct gw_buf error;
    (void)state;
    gw_buf_init(&error, 1 << 20);
    if (gw_crypto_init() != GW_OK || gw_format_set_load("conf/formats", &set, &error) != GW_OK) {
        fprintf(stderr, "%.*s", GW_BYTES_FMT(gw_buf_view(&error)));
        return -1;
    }
    gw_buf_fini(&error);
    arena = gw_arena_new("test", (size_t)64 << 20);
    return arena != NULL ? 0 : -1;
}

static inline int unload_all(void **state)
{
    (void)state;
    gw_format_set_free(set);
    gw_arena_free(arena);
    return 0;
}

static inline int fresh(void **state)
{
    (void)state;
    gw_arena_reset(arena);
    gw_report_init(&report, arena);
    return 0;
}

static inline const struct gw_format *format(const char *id)
{
    const struct gw_format *f = gw_format_find(set, gw_bytes_str(id), NULL);
    assert_non_null(f);
    return f;
}

static inline char *file_text(const char *path)
{
    struct gw_buf b;
    gw_buf_init(&b, (size_t)16 << 20);
    if (gw_file_read(path, &b) != GW_OK)
        fail_msg("cannot read %s", path);
    char *s = gw_arena_strndup(arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return s;
}

static inline char *sample(const char *id)
{
    char path[256];
    snprintf(path, sizeof(path), "tests/unit/format/samples/%s.%s", id,
             gw_format_media(format(id)));
    return file_text(path);
}

/* A copy with the first `from` replaced; fails when it does not occur. */
static inline char *edit(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("no \"%s\" in the sample", from);
    return gw_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* The element <name> of an XML sample with another text. */
static inline char *element(const char *text, const char *name, const char *value)
{
    char open[64];
    snprintf(open, sizeof(open), "<%s>", name);
    const char *at = strstr(text, open);
    if (at == NULL)
        fail_msg("no %s in the sample", open);
    at += strlen(open);
    const char *end = strchr(at, '<');
    return gw_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, value, end);
}

/* The member "name" of a JSON sample with another value, written as given. */
static inline char *member(const char *text, const char *name, const char *value)
{
    char open[64];
    snprintf(open, sizeof(open), "\"%s\":", name);
    const char *at = strstr(text, open);
    if (at == NULL)
        fail_msg("no %s in the sample", open);
    at += strlen(open);
    const char *end = at;
    bool quoted = *end == '"';
    for (end += quoted; quoted ? *end != '"' : *end != ',' && *end != '}'; end++) {
        if (*end == '\\')
            end++;
    }
    return gw_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, value, end + quoted);
}

static inline void print_report(void)
{
    for (const struct gw_problem *p = report.first; p != NULL; p = p->next) {
        struct gw_buf b;
        gw_buf_init(&b, 4096);
        gw_problem_text(p, "en", &b);
        fprintf(stderr, "  kind %d %s %s: %.*s\n", (int)p->kind, p->reason->code, p->field,
                GW_BYTES_FMT(gw_buf_view(&b)));
        gw_buf_fini(&b);
    }
}

static inline bool reported(enum gw_problem_kind kind, const char *code, const char *field)
{
    for (const struct gw_problem *p = report.first; p != NULL; p = p->next) {
        if (p->kind == kind && strcmp(p->reason->code, code) == 0 &&
            (field == NULL || strcmp(p->field, field) == 0))
            return true;
    }
    return false;
}

static inline enum gw_status try_decode(const char *id, const char *text, gw_record **ret)
{
    return gw_format_decode(format(id), gw_bytes_str(text), &today, arena, &report, ret);
}

static inline gw_record *decode(const char *id, const char *text)
{
    gw_record *r = NULL;
    if (try_decode(id, text, &r) != GW_OK) {
        print_report();
        fail_msg("%s does not decode", id);
    }
    return r;
}

static inline enum gw_status try_encode(const char *id, const gw_record *r,
                                        const struct gw_format_defaults *d, char **ret)
{
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    enum gw_status st = gw_format_encode(format(id), r, &today, d, NULL, arena, &report, &b);
    *ret = gw_arena_strndup(arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return st;
}

static inline char *encode(const char *id, const gw_record *r, const struct gw_format_defaults *d)
{
    char *s = NULL;
    if (try_encode(id, r, d, &s) != GW_OK) {
        print_report();
        fail_msg("does not encode as %s", id);
    }
    return s;
}

/* Decodes a broken text and expects one error more than none: this one. */
static inline void expect_refused(const char *id, const char *text, const char *code,
                                  const char *field)
{
    gw_record *r = NULL;
    gw_report_init(&report, arena);
    enum gw_status st = try_decode(id, text, &r);
    if (st != GW_INVALID || !reported(GW_PROBLEM_ERROR, code, field)) {
        print_report();
        fail_msg("%s: expected %s of %s, got %s", id, code, field != NULL ? field : "",
                 gw_status_name(st));
    }
}

static inline void expect_accepted(const char *id, const char *text)
{
    gw_report_init(&report, arena);
    char *back = encode(id, decode(id, text), NULL);
    assert_string_equal(back, text);
}

#define TEST(fn) cmocka_unit_test_setup(fn, fresh)

#endif

/* What the fuzzers of format/ share: the shipped mappings, and the properties of every record that
 * decodes. */
#ifndef GW_FUZZ_FORMAT_H
#define GW_FUZZ_FORMAT_H

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "format/format_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gw_format_clock fuzz_clock = {INT64_C(1795406400) * GW_USEC_PER_SEC};

static inline struct gw_format_set *fuzz_set(void)
{
    static struct gw_format_set *set;
    struct gw_buf error;
    if (set != NULL)
        return set;
    gw_buf_init(&error, 1 << 20);
    if (gw_crypto_init() != GW_OK || gw_format_set_load("conf/formats", &set, &error) != GW_OK) {
        fprintf(stderr, "%.*s", GW_BYTES_FMT(gw_buf_view(&error)));
        abort();
    }
    gw_buf_fini(&error);
    return set;
}

static inline const struct gw_format *fuzz_format(const char *id)
{
    const struct gw_format *f = gw_format_find(fuzz_set(), gw_bytes_str(id), NULL);
    if (f == NULL)
        abort();
    return f;
}

/* What is written in a format is good in that format; writing and reading it again changes nothing.
 */
static inline void fuzz_written(const struct gw_format *f, const gw_record *r,
                                struct gw_arena *arena)
{
    struct gw_report report;
    struct gw_buf once;
    struct gw_buf twice;
    gw_record *back = NULL;
    gw_buf_init(&once, (size_t)8 << 20);
    gw_buf_init(&twice, (size_t)8 << 20);
    gw_report_init(&report, arena);
    enum gw_status st = gw_format_encode(f, r, &fuzz_clock, NULL, NULL, arena, &report, &once);
    if (st != GW_OK && once.len != 0)
        abort();
    if (st == GW_OK && once.len <= GW_FORMAT_MAX_RECORD) {
        gw_report_init(&report, arena);
        st = gw_format_decode(f, gw_buf_view(&once), &fuzz_clock, arena, &report, &back);
        if (st == GW_INVALID) {
            for (const struct gw_problem *p = report.first; p != NULL; p = p->next)
                fprintf(stderr, "%s: %s %s\n", f->id, p->reason->code, p->field);
            fprintf(stderr, "%.*s\n", GW_BYTES_FMT(gw_buf_view(&once)));
            abort();
        }
    }
    if (st == GW_OK && back != NULL) {
        st = gw_format_encode(f, back, &fuzz_clock, NULL, NULL, arena, &report, &twice);
        if (st == GW_INVALID ||
            (st == GW_OK && !gw_bytes_eq(gw_buf_view(&once), gw_buf_view(&twice))))
            abort();
    }
    gw_buf_fini(&once);
    gw_buf_fini(&twice);
}

static inline void fuzz_record(const struct gw_format *f, struct gw_bytes bytes)
{
    struct gw_arena *arena = gw_arena_new("fuzz", (size_t)32 << 20);
    struct gw_report report;
    gw_record *r = NULL;
    gw_report_init(&report, arena);
    enum gw_status st = gw_format_decode(f, bytes, &fuzz_clock, arena, &report, &r);
    if ((st == GW_OK) != (r != NULL) || (st == GW_INVALID) != gw_report_has_errors(&report)) {
        if (st != GW_NOMEM)
            abort();
    }
    for (size_t i = 0; st == GW_OK && i < gw_format_count(fuzz_set()); i++)
        fuzz_written(gw_format_at(fuzz_set(), i), r, arena);
    gw_arena_free(arena);
}

static inline size_t fuzz_split_count(const struct gw_format *f, struct gw_bytes bytes,
                                      size_t piece, const char **ret_reason)
{
    struct gw_format_splitter *s = NULL;
    enum gw_status st = GW_AGAIN;
    size_t count = 0;
    *ret_reason = NULL;
    if (gw_format_splitter_new(f, &s) != GW_OK)
        abort();
    for (size_t at = 0; st == GW_AGAIN;) {
        size_t n = bytes.len - at < piece ? bytes.len - at : piece;
        struct gw_bytes record;
        if (gw_format_splitter_feed(s, gw_bytes_make(bytes.len != 0 ? bytes.ptr + at : NULL, n),
                                    at + n == bytes.len) != GW_OK)
            abort();
        at += n;
        while ((st = gw_format_splitter_next(s, &record, ret_reason)) == GW_OK)
            count += 1 + record.len;
        if (st == GW_AGAIN && at == bytes.len)
            abort();
    }
    const char *checked;
    (void)!gw_format_splitter_check(s, &checked);
    gw_format_splitter_free(s);
    return count;
}

/* The same records however the bytes come in. */
static inline void fuzz_package(const struct gw_format *f, struct gw_bytes bytes)
{
    const char *whole_reason;
    const char *piece_reason;
    size_t whole = fuzz_split_count(f, bytes, bytes.len + 1, &whole_reason);
    size_t pieces = fuzz_split_count(f, bytes, 3, &piece_reason);
    if (whole != pieces || (whole_reason == NULL) != (piece_reason == NULL))
        abort();
}

/* The first byte chooses among `ids`. */
static inline int fuzz_one(const char *const *ids, size_t count, const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct gw_format *f = fuzz_format(ids[data[0] % count]);
    struct gw_bytes bytes = gw_bytes_make(data + 1, size - 1);
    fuzz_record(f, bytes);
    fuzz_package(f, bytes);
    return 0;
}

#endif

/* fuzz: law */
/* The files of conf/law/ joined by NULs, in the order of their names. Refused with a complaint, or
 * usable. */
#include <stdint.h>
#include <stdlib.h>

#include "law/law_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the buffer of a string that the file does not end: 64 bytes per refused file.
 */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

static void use(const struct gw_law *l)
{
    static const int64_t wall_us = INT64_C(1790812800000000);
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("fuzz", 1 << 18);
    gw_record *r = gw_canon_record_new(a);
    Xinqiao__V1__Penalty penalty = XINQIAO__V1__PENALTY__INIT;
    struct gw_report report;
    const struct gw_law_row *row;
    char text[] = "信访";
    penalty.case_name = text;
    r->kind = XINQIAO__V1__KIND__KIND_PENALTY;
    r->payload_case = XINQIAO__V1__RECORD__PAYLOAD_PENALTY;
    r->penalty = &penalty;
    gw_report_init(&report, a);
    if (gw_law_admit(l, r, wall_us, &report, &row) != GW_OK && !gw_report_has_errors(&report))
        abort();
    (void)!gw_law_may_share(l, r, wall_us, &report);
    (void)gw_law_purpose_find(l, GW_BYTES_LIT("p"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_bytes text[GW_LAW_FILES], rest = gw_bytes_make(data, size);
    if (gw_crypto_init() != GW_OK)
        return 0;
    for (size_t i = 0; i < GW_LAW_FILES; i++) {
        const uint8_t *nul = rest.len != 0 ? memchr(rest.ptr, 0, rest.len) : NULL;
        size_t len = nul != NULL ? (size_t)(nul - rest.ptr) : rest.len;
        text[i] = gw_bytes_make(rest.ptr, len);
        rest = nul != NULL ? gw_bytes_make(nul + 1, rest.len - len - 1) : GW_BYTES_NONE;
    }
    struct gw_law *l = NULL;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 20);
    enum gw_status st = gw_law_parse(text, &l, &err);
    if ((st == GW_OK) != (l != NULL) || (st == GW_INVALID && err.len == 0))
        abort();
    if (l != NULL)
        use(l);
    gw_law_free(l);
    gw_buf_fini(&err);
    return 0;
}

/* fuzz: law */
/* Two files joined by a NUL: the catalogue and the purposes. Refused with a complaint, or usable.
 */
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
    const uint8_t *nul = size != 0 ? memchr(data, 0, size) : NULL;
    if (nul == NULL || gw_crypto_init() != GW_OK)
        return 0;
    size_t first = (size_t)(nul - data);
    struct gw_law *l = NULL;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 20);
    enum gw_status st = gw_law_parse(gw_bytes_make(data, first),
                                     gw_bytes_make(nul + 1, size - first - 1), &l, &err);
    if ((st == GW_OK) != (l != NULL) || (st == GW_INVALID && err.len == 0))
        abort();
    if (l != NULL)
        use(l);
    gw_law_free(l);
    gw_buf_fini(&err);
    return 0;
}

/* fuzz: law */
/* The files of conf/law/ joined by NULs, in the order of their names, and an agreement behind them.
 * Refused with a complaint, or usable. */
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

enum { WALL_DAY = 20727 }; /* 2026-10-01 */
static const int64_t wall_us = WALL_DAY * INT64_C(86400) * GW_USEC_PER_SEC;

static void ask(const struct gw_law *l, const gw_record *r, struct gw_arena *a)
{
    struct gw_report report;
    const struct gw_law_row *row;
    const struct gw_law_measure *const *m;
    struct gw_law_regime regime;
    struct gw_date day;
    bool open;
    size_t n;
    gw_report_init(&report, a);
    if ((gw_law_admit(l, r, wall_us, &report, &row) == GW_OK) == gw_report_has_errors(&report))
        abort();
    (void)!gw_law_may_share(l, r, wall_us, &report);
    for (unsigned c = GW_LAW_PUBLICITY; c <= GW_LAW_RETENTION; c++) {
        if (gw_law_end(l, r, (enum gw_law_clock)c, &day, &open) == GW_OK && !open &&
            !gw_date_valid(day))
            abort();
    }
    if (gw_law_measures(l, r, wall_us, a, &m, &n) == GW_OK && n > l->measure_count)
        abort();
    (void)!gw_law_regime(l, r, gw_date_at_utc8(wall_us), &regime);
    (void)gw_law_class(l, r);
}

static void use(const struct gw_law *l)
{
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("fuzz", 1 << 22);
    gw_record *r = gw_canon_record_new(a);
    Xinqiao__V1__Penalty penalty = XINQIAO__V1__PENALTY__INIT;
    Xinqiao__V1__ListEntry entry = XINQIAO__V1__LIST_ENTRY__INIT;
    Xinqiao__V1__Agency authority = XINQIAO__V1__AGENCY__INIT;
    Xinqiao__V1__Date decided = XINQIAO__V1__DATE__INIT;
    Xinqiao__V1__EndDate publicity = XINQIAO__V1__END_DATE__INIT;
    Xinqiao__V1__PenaltyKind kind[] = {XINQIAO__V1__PENALTY_KIND__PENALTY_KIND_WARNING};
    char text[] = "信访", body[] = "市税务局", list[] = "l", measure[] = "m-1.i";
    char *measures[] = {measure};
    decided.year = 2026;
    decided.month = 4;
    decided.day = 30;
    publicity.no_end = true;
    penalty.case_name = text;
    penalty.kinds = kind;
    penalty.n_kinds = 1;
    authority.name = body;
    r->authority = &authority;
    r->decided_on = &decided;
    r->publicity_to = &publicity;
    r->kind = XINQIAO__V1__KIND__KIND_PENALTY;
    r->payload_case = XINQIAO__V1__RECORD__PAYLOAD_PENALTY;
    r->penalty = &penalty;
    ask(l, r, a);
    entry.list = list;
    entry.basis = text;
    entry.measures = measures;
    entry.n_measures = 1;
    r->kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    r->payload_case = XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY;
    r->list_entry = &entry;
    ask(l, r, a);
    struct gw_date due;
    for (unsigned d = GW_LAW_PUBLISH; d <= GW_LAW_REPAIR_STEP; d++)
        (void)!gw_law_due(l, (enum gw_law_duty)d, gw_date_at_utc8(wall_us), &due);
    (void)gw_law_purpose_find(l, GW_BYTES_LIT("p"));
    for (size_t i = 0; gw_law_list_at(l, i, wall_us) != NULL; i++)
        continue;
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
    if (l != NULL) {
        use(l);
        gw_buf_reset(&err);
        if (gw_law_parse_agreement(l, "a.conf", rest, &err) == GW_INVALID && err.len == 0)
            abort();
    }
    gw_law_free(l);
    gw_buf_fini(&err);
    return 0;
}

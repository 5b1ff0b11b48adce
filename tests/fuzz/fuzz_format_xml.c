/* fuzz: format */
/* XML: national records and packages. First byte: the format. */
#include "format_fuzz.h"

/* The scanner and expat see the same, where the scanner does not decline. */
static void compare(const struct gw_format *f, struct gw_bytes bytes)
{
    struct gw_arena *arena = gw_arena_new("fuzz", (size_t)16 << 20);
    struct gw_slots *fast = gw_arena_new_of(arena, struct gw_slots);
    struct gw_slots *slow = gw_arena_new_of(arena, struct gw_slots);
    struct gw_report fast_report;
    struct gw_report slow_report;
    gw_report_init(&fast_report, arena);
    gw_report_init(&slow_report, arena);
    gw_slots_init(fast, f, arena, &fast_report);
    gw_slots_init(slow, f, arena, &slow_report);
    if (gw_xml_scan(bytes, fast)) {
        if (gw_xml_parse(bytes, slow) != GW_OK || fast->unknown_count != slow->unknown_count)
            abort();
        for (size_t i = 0; i < f->field_count; i++) {
            if (fast->slot[i].form != slow->slot[i].form ||
                !gw_bytes_eq(fast->slot[i].text, slow->slot[i].text))
                abort();
        }
        for (size_t i = 0; i < fast->unknown_count; i++) {
            if (!gw_bytes_eq(fast->unknown[i].name, slow->unknown[i].name) ||
                !gw_bytes_eq(fast->unknown[i].text, slow->unknown[i].text))
                abort();
        }
        for (int k = 0; k <= GW_PROBLEM_WITHHELD; k++) {
            if (fast_report.count[k] != slow_report.count[k])
                abort();
        }
    }
    gw_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {"national.penalty.org@2018", "national.penalty.person@2018",
                                      "national.permit.org@2018", "national.permit.person@2018"};
    if (size != 0)
        compare(fuzz_format(ids[data[0] % GW_ARRAY_LEN(ids)]), gw_bytes_make(data + 1, size - 1));
    return fuzz_one(ids, GW_ARRAY_LEN(ids), data, size);
}

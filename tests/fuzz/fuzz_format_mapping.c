/* fuzz: format */
/* Mapping files: any text loads or is refused with a line that says why; what loads can be used. */
#include "format_fuzz.h"

static const char xml[] = "<record><A>a</A><B>2026-01-01</B></record>";
static const char json[] = "{\"A\":\"a\",\"B\":1,\"C\":null,\"D\":\"2026/01/01\"}";

/* libconfig 1.5 forgets its buffer when a text ends inside a string; it is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_format_set *s = NULL;
    struct gw_buf error;
    if (gw_crypto_init() != GW_OK)
        abort();
    gw_buf_init(&error, (size_t)16 << 20);
    enum gw_status st = gw_format_set_parse(gw_bytes_make(data, size), "fuzz.conf", &s, &error);
    if (st == GW_INVALID && error.len == 0)
        abort();
    if (st == GW_OK) {
        struct gw_arena *arena = gw_arena_new("fuzz", (size_t)4 << 20);
        struct gw_report report;
        gw_record *r = NULL;
        const struct gw_format *f = gw_format_at(s, 0);
        gw_report_init(&report, arena);
        struct gw_bytes text = f->media == GW_MEDIA_XML ? GW_BYTES_LIT(xml) : GW_BYTES_LIT(json);
        st = gw_format_decode(f, text, &fuzz_clock, arena, &report, &r);
        if (st == GW_OK) {
            struct gw_buf out;
            gw_buf_init(&out, 1 << 20);
            (void)!gw_format_encode(f, r, &fuzz_clock, NULL, NULL, arena, &report, &out);
            gw_buf_fini(&out);
        }
        gw_arena_free(arena);
    }
    gw_format_set_free(s);
    gw_buf_fini(&error);
    return 0;
}

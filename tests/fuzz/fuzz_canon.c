/* fuzz: canon */
/* The first byte chooses: a packed record, money, a date, an identifier, a path. What is accepted
 * must survive its way back. */
#include <stdint.h>
#include <stdlib.h>

#include "canon/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* A masked record packs, and has nothing more to mask. */
static void fuzz_mask(gw_record *r, struct gw_arena *a)
{
    struct gw_buf once, twice;
    gw_buf_init(&once, 1 << 20);
    gw_buf_init(&twice, 1 << 20);
    if (gw_canon_mask(r, a) == GW_OK) {
        must(r->n_extension == 0);
        must(gw_canon_pack(r, &once) == GW_OK);
        if (gw_canon_mask(r, a) == GW_OK) {
            must(gw_canon_pack(r, &twice) == GW_OK);
            must(gw_bytes_eq(gw_buf_view(&once), gw_buf_view(&twice)));
        }
    }
    gw_buf_fini(&once);
    gw_buf_fini(&twice);
}

static void fuzz_record(struct gw_bytes in)
{
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("fuzz", 1 << 20);
    gw_record *r, *again;
    if (a == NULL || gw_canon_unpack(in, a, &r) != GW_OK)
        return;
    struct gw_buf one, two, key;
    gw_buf_init(&one, 1 << 20);
    gw_buf_init(&two, 1 << 20);
    gw_buf_init(&key, 1 << 20);
    must(gw_canon_pack(r, &one) == GW_OK);
    gw_arena_reset(a);
    must(gw_canon_unpack(gw_buf_view(&one), a, &again) == GW_OK || gw_arena_failed(a));
    if (!gw_arena_failed(a)) {
        bool weak;
        const char *type;
        struct gw_bytes value;
        must(gw_canon_pack(again, &two) == GW_OK);
        must(gw_bytes_eq(gw_buf_view(&one), gw_buf_view(&two)));
        must(gw_canon_business_key(again, &key, &weak) == GW_OK);
        if (gw_canon_subject_id(again, &type, &value) == GW_OK)
            must(value.len != 0);
    }
    if (!gw_arena_failed(a))
        fuzz_mask(again, a);
    gw_buf_fini(&one);
    gw_buf_fini(&two);
    gw_buf_fini(&key);
}

static void fuzz_money(struct gw_bytes in)
{
    static const int64_t unit[] = {100, 1000000};
    for (size_t u = 0; u < 2; u++) {
        int64_t fen, back;
        struct gw_buf b;
        char mem[64];
        if (gw_canon_money_parse(in, unit[u], &fen) != GW_OK)
            continue;
        gw_buf_init_fixed(&b, mem, sizeof(mem));
        gw_canon_money_format(fen, unit[u], 2, &b);
        must(gw_buf_failed(&b) == GW_OK);
        must(gw_canon_money_parse(gw_buf_view(&b), unit[u], &back) == GW_OK && back == fen);
    }
}

static void fuzz_date(struct gw_bytes in)
{
    static const char *const pattern[] = {"YYYY/MM/DD", "YYYY-MM-DD hh:mm:ss", "YYYY年MM月DD日",
                                          "YYYY/M/D", "YYYYMMDD"};
    for (size_t i = 0; i < GW_ARRAY_LEN(pattern); i++) {
        struct gw_date d;
        int32_t second;
        struct gw_buf b;
        char mem[64];
        if (gw_canon_date_parse(in, pattern[i], &d, &second) != GW_OK)
            continue;
        must(gw_date_valid(d));
        gw_buf_init_fixed(&b, mem, sizeof(mem));
        gw_canon_date_format(d, second, pattern[i], &b);
        must(gw_bytes_eq(gw_buf_view(&b), in));
    }
}

static void fuzz_id(struct gw_bytes in)
{
    const struct gw_date today = {2026, 10, 1};
    const char *reason = NULL;
    if (gw_canon_uscc_check(in, false, &reason) != GW_OK)
        must(reason != NULL);
    else
        must(gw_canon_uscc_area(in).len == 6);
    if (gw_canon_citizen_id_check(in, today, &reason) == GW_OK)
        must(gw_date_valid(gw_canon_citizen_id_birth(in)));
    (void)gw_canon_citizen_id_birth(in);
    (void)gw_canon_uscc_area(in);
    must(gw_canon_orgcode_check(in, &reason) == GW_OK || reason != NULL);
    must(gw_canon_regno_check(in, &reason) == GW_OK || reason != NULL);

    struct gw_buf once, twice;
    bool changed;
    gw_buf_init(&once, 1 << 20);
    gw_buf_init(&twice, 1 << 20);
    if (gw_canon_id_repair(in, &once, &changed) == GW_OK) {
        must(gw_canon_id_repair(gw_buf_view(&once), &twice, &changed) == GW_OK && !changed);
        must(gw_bytes_eq(gw_buf_view(&once), gw_buf_view(&twice)));
    }
    gw_buf_fini(&once);
    gw_buf_fini(&twice);
}

static void fuzz_path(struct gw_bytes in)
{
    char text[256];
    if (in.len >= sizeof(text))
        return;
    memcpy(text, in.ptr, in.len);
    text[in.len] = '\0';
    struct gw_canon_path p;
    struct gw_canon_value v;
    const char *why = NULL;
    if (gw_canon_path_compile(text, &p, &why) != GW_OK) {
        must(why >= text && why <= text + in.len);
        return;
    }
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("fuzz", 1 << 16);
    gw_record *r = gw_canon_record_new(a);
    gw_canon_get(r, &p, &v);
    must(!v.present && gw_canon_set(r, &p, &v, a) == GW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const target[])(struct gw_bytes) = {fuzz_record, fuzz_money, fuzz_date, fuzz_id,
                                                      fuzz_path};
    if (size != 0)
        target[data[0] % GW_ARRAY_LEN(target)](gw_bytes_make(data + 1, size - 1));
    return 0;
}

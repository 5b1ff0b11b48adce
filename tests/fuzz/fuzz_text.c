/* fuzz: base */
/* The text helpers under any bytes: what is decoded encodes to the same bytes again, what is
 * refused leaves its output alone, and the two UTF-8 readers agree. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

typedef void (*put_fn)(struct gw_buf *b, struct gw_bytes bytes);
typedef enum gw_status (*decode_fn)(struct gw_bytes text, struct gw_buf *ret);

static void encode_both_ways(struct gw_bytes in, put_fn put, decode_fn decode)
{
    struct gw_buf text;
    struct gw_buf back;
    gw_buf_init(&text, in.len * 2 + 8);
    gw_buf_init(&back, in.len + 8);
    put(&text, in);
    require(gw_buf_failed(&text) == GW_OK);
    require(decode(gw_buf_view(&text), &back) == GW_OK && gw_bytes_eq(gw_buf_view(&back), in));

    gw_buf_reset(&text);
    gw_buf_reset(&back);
    if (decode(in, &back) == GW_OK) {
        put(&text, gw_buf_view(&back));
        require(gw_bytes_eq(gw_buf_view(&text), in));
    } else {
        require(back.len == 0);
    }
    gw_buf_fini(&text);
    gw_buf_fini(&back);
}

static void fuzz_hex(struct gw_bytes in)
{
    struct gw_buf text;
    gw_buf_init(&text, in.len * 2);
    gw_hex_put(&text, in);
    uint8_t *back = malloc(in.len + 1);
    require(back != NULL && gw_hex_decode(gw_buf_view(&text), back, in.len) == GW_OK);
    require(gw_bytes_eq(gw_bytes_make(back, in.len), in));
    if (gw_hex_decode(in, back, in.len / 2) == GW_OK)
        require(in.len % 2 == 0);
    free(back);
    gw_buf_fini(&text);
}

static void fuzz_utf8(struct gw_bytes in)
{
    struct gw_cursor c = gw_cursor_make(in);
    struct gw_buf again;
    gw_buf_init(&again, in.len);
    size_t chars = 0;
    enum gw_status st = GW_OK;
    uint32_t cp = 0;
    while (gw_cursor_left(&c) != 0 && (st = gw_utf8_next(&c, &cp)) == GW_OK) {
        require(cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff));
        gw_utf8_put(&again, cp);
        chars++;
    }
    bool valid = gw_utf8_valid(in);
    require(valid == (st == GW_OK));
    if (valid) {
        require(gw_buf_failed(&again) == GW_OK && gw_bytes_eq(gw_buf_view(&again), in));
        require(gw_utf8_chars(in) == chars);
        for (size_t max = 0; max <= in.len && max < 16; max++) {
            struct gw_bytes cut = gw_utf8_cut(in, max);
            require(cut.len <= max && cut.len + 4 > max && gw_utf8_valid(cut));
        }
    }
    gw_buf_fini(&again);
}

static void fuzz_json(struct gw_bytes in)
{
    struct gw_buf out;
    gw_buf_init(&out, in.len * 6 + 2);
    gw_json_put_string(&out, in);
    require(gw_buf_failed(&out) == GW_OK && out.len >= 2);
    for (size_t i = 0; i < out.len; i++)
        require(out.ptr[i] >= 0x20);
    require(out.ptr[0] == '"' && out.ptr[out.len - 1] == '"');
    gw_buf_fini(&out);
}

static void fuzz_numbers(struct gw_bytes in)
{
    uint64_t v = 0;
    struct gw_cursor c = gw_cursor_make(in);
    uint8_t mem[24];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    if (gw_cursor_varint(&c, &v) == GW_OK) {
        gw_buf_varint(&b, v);
        require(gw_bytes_has_prefix(in, gw_buf_view(&b)) && b.len == in.len - gw_cursor_left(&c));
    }
    gw_buf_reset(&b);
    if (gw_text_u64(in, &v) == GW_OK) {
        gw_buf_printf(&b, "%llu", (unsigned long long)v);
        require(gw_bytes_eq(gw_buf_view(&b), in));
    }
    int64_t us = 0;
    memcpy(&us, in.ptr, in.len < sizeof(us) ? in.len : sizeof(us));
    char when[28];
    gw_clock_rfc3339(us, when);
    require(when[27] == '\0');
    struct gw_date d = gw_date_at_utc8(us);
    require(gw_date_is_none(d) || gw_date_valid(d));
}

static void fuzz_distance(struct gw_bytes in)
{
    struct gw_bytes a = {in.ptr, in.len / 2};
    struct gw_bytes b = {in.ptr + in.len / 2, in.len - in.len / 2};
    for (unsigned cap = 0; cap < 5; cap++) {
        unsigned d = gw_text_distance(a, b, cap);
        require(d <= cap && d == gw_text_distance(b, a, cap));
        require(gw_text_distance(in, in, cap) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct gw_bytes in = gw_bytes_make(data, size);
    encode_both_ways(in, gw_base64_put, gw_base64_decode);
    encode_both_ways(in, gw_base64url_put, gw_base64url_decode);
    fuzz_hex(in);
    fuzz_utf8(in);
    fuzz_json(in);
    fuzz_numbers(in);
    fuzz_distance(in);
    return 0;
}

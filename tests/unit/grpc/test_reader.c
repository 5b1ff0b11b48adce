/* grpc/reader.c: lies about length, flags, broken and exploding gzip; then every way to cut good
 * input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "grpc/grpc.h"

static void test_announced_too_large(void **state)
{
    (void)state;
    struct gw_grpc_reader r;
    gw_grpc_reader_init(&r, 100, false);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\0\0\0\0")), GW_OK);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\x65")), GW_TOO_LARGE);
    gw_grpc_reader_fini(&r);
    gw_grpc_reader_init(&r, 100, false);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\0\xff\xff\xff\xff")), GW_TOO_LARGE);
    assert_true(r.buf.cap < 1024);
    gw_grpc_reader_fini(&r);
    /* The second message of one feed. */
    struct gw_bytes m;
    size_t wire;
    gw_grpc_reader_init(&r, 100, false);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\0\0\0\0\1x\0\0\0\1\0")), GW_OK);
    assert_int_equal(gw_grpc_reader_next(&r, &m, &wire), GW_OK);
    assert_int_equal(gw_grpc_reader_next(&r, &m, &wire), GW_TOO_LARGE);
    gw_grpc_reader_fini(&r);
}

static void test_flags(void **state)
{
    (void)state;
    struct gw_grpc_reader r;
    gw_grpc_reader_init(&r, 100, false);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\1\0\0\0\0")), GW_UNSUPPORTED);
    gw_grpc_reader_fini(&r);
    gw_grpc_reader_init(&r, 100, true);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\2")), GW_INVALID);
    gw_grpc_reader_fini(&r);
}

static void test_not_clean(void **state)
{
    (void)state;
    struct gw_grpc_reader r;
    struct gw_bytes m;
    size_t wire;
    gw_grpc_reader_init(&r, 100, false);
    assert_true(gw_grpc_reader_clean(&r));
    assert_int_equal(gw_grpc_reader_next(&r, &m, &wire), GW_AGAIN);
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("\0\0\0\0\2a")), GW_OK);
    assert_int_equal(gw_grpc_reader_next(&r, &m, &wire), GW_AGAIN);
    assert_false(gw_grpc_reader_clean(&r));
    assert_int_equal(gw_grpc_reader_feed(&r, GW_BYTES_LIT("b")), GW_OK);
    assert_int_equal(gw_grpc_reader_next(&r, &m, &wire), GW_OK);
    assert_int_equal(wire, 7);
    assert_true(gw_bytes_eq_str(m, "ab"));
    assert_true(gw_grpc_reader_clean(&r));
    gw_grpc_reader_fini(&r);
}

static struct gw_bytes gzip(const void *p, size_t len, uint8_t *out, size_t size)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = size - z.avail_out;
    deflateEnd(&z);
    return gw_bytes_make(out, n);
}

static enum gw_status read_gzip(struct gw_bytes packed, size_t max, struct gw_bytes *ret,
                                struct gw_grpc_reader *r)
{
    struct gw_buf b;
    gw_buf_init(&b, 1 << 24);
    gw_buf_u8(&b, 1);
    gw_buf_u32be(&b, (uint32_t)packed.len);
    gw_buf_bytes(&b, packed);
    size_t wire = 0;
    gw_grpc_reader_init(r, max, true);
    assert_int_equal(gw_grpc_reader_feed(r, gw_buf_view(&b)), GW_OK);
    enum gw_status st = gw_grpc_reader_next(r, ret, &wire);
    if (st == GW_OK)
        assert_int_equal(wire, packed.len + 5);
    gw_buf_fini(&b);
    return st;
}

static void test_gzip_bomb(void **state)
{
    (void)state;
    size_t big = 8 << 20;
    uint8_t *zeros = calloc(1, big);
    static uint8_t packed[64 * 1024];
    struct gw_bytes p = gzip(zeros, big, packed, sizeof packed);
    struct gw_bytes m;
    struct gw_grpc_reader r;
    assert_int_equal(read_gzip(p, 1 << 20, &m, &r), GW_TOO_LARGE);
    assert_true(r.plain.cap <= 1 << 20);
    gw_grpc_reader_fini(&r);
    /* Exactly at the limit is no bomb; one byte more is. */
    p = gzip(zeros, 1 << 16, packed, sizeof packed);
    assert_int_equal(read_gzip(p, 1 << 16, &m, &r), GW_OK);
    assert_int_equal(m.len, 1 << 16);
    gw_grpc_reader_fini(&r);
    p = gzip(zeros, (1 << 16) + 1, packed, sizeof packed);
    assert_int_equal(read_gzip(p, 1 << 16, &m, &r), GW_TOO_LARGE);
    gw_grpc_reader_fini(&r);
    free(zeros);
}

static void test_gzip_broken(void **state)
{
    (void)state;
    uint8_t packed[256];
    struct gw_bytes m;
    struct gw_grpc_reader r;
    struct gw_bytes p = gzip("hello hello hello", 17, packed, sizeof packed);
    for (size_t cut = 0; cut < p.len; cut++) {
        assert_int_equal(read_gzip(gw_bytes_make(p.ptr, cut), 1000, &m, &r), GW_INVALID);
        gw_grpc_reader_fini(&r);
    }
    for (size_t at = 0; at < p.len; at++) { /* each byte, but for those that RFC 1952 lets vary */
        if (at >= 4 && at <= 9)
            continue;
        packed[at] ^= 0x55;
        assert_int_not_equal(read_gzip(p, 1000, &m, &r), GW_OK);
        gw_grpc_reader_fini(&r);
        packed[at] ^= 0x55;
    }
    packed[p.len] = 'x'; /* behind the end */
    assert_int_equal(read_gzip(gw_bytes_make(p.ptr, p.len + 1), 1000, &m, &r), GW_INVALID);
    gw_grpc_reader_fini(&r);
    assert_int_equal(read_gzip(GW_BYTES_LIT("x\x9c\x03\0\0\0\0\1"), 1000, &m, &r),
                     GW_INVALID); /* zlib, not gzip */
    gw_grpc_reader_fini(&r);
}

static void test_gzip_good(void **state)
{
    (void)state;
    uint8_t packed[512];
    struct gw_bytes m;
    struct gw_grpc_reader r;
    struct gw_bytes p = gzip("hello", 5, packed, sizeof packed);
    struct gw_bytes q = gzip(" two", 4, packed + p.len, sizeof packed - p.len);
    assert_int_equal(read_gzip(p, 1000, &m, &r), GW_OK);
    assert_true(gw_bytes_eq_str(m, "hello"));
    gw_grpc_reader_fini(&r);
    assert_int_equal(read_gzip(gw_bytes_make(packed, p.len + q.len), 1000, &m, &r), GW_OK);
    assert_true(gw_bytes_eq_str(m, "hello two"));
    gw_grpc_reader_fini(&r);
}

/* Three messages, cut at every pair of places. */
static void test_every_cut(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 1000);
    static const char *const words[] = {"", "first", "a second one"};
    for (size_t i = 0; i < 3; i++)
        gw_grpc_frame_put(&b, gw_bytes_str(words[i]));
    for (size_t one = 0; one <= b.len; one++) {
        for (size_t two = one; two <= b.len; two++) {
            size_t ends[] = {one, two, b.len};
            size_t from = 0;
            size_t seen = 0;
            size_t given = 0;
            struct gw_grpc_reader r;
            gw_grpc_reader_init(&r, 12, false);
            for (size_t k = 0; k < 3; k++) {
                assert_int_equal(
                    gw_grpc_reader_feed(&r, gw_bytes_make(b.ptr + from, ends[k] - from)), GW_OK);
                from = ends[k];
                struct gw_bytes m;
                size_t wire;
                while (gw_grpc_reader_next(&r, &m, &wire) == GW_OK) {
                    assert_true(gw_bytes_eq_str(m, words[seen++]));
                    given += wire;
                }
                given += gw_grpc_reader_partial(&r);
                assert_int_equal(gw_grpc_reader_partial(&r), 0);
                assert_int_equal(given, from); /* every byte goes back to the window once */
            }
            assert_int_equal(seen, 3);
            assert_true(gw_grpc_reader_clean(&r));
            gw_grpc_reader_fini(&r);
        }
    }
    gw_buf_fini(&b);
}

static void test_many_small_ones(void **state)
{
    (void)state;
    struct gw_grpc_reader r;
    gw_grpc_reader_init(&r, 1000, false);
    size_t seen = 0;
    for (int round = 0; round < 100; round++) {
        struct gw_buf b;
        gw_buf_init(&b, 1 << 20);
        for (int i = 0; i < 200; i++)
            gw_grpc_frame_put(&b, GW_BYTES_LIT("0123456789"));
        assert_int_equal(gw_grpc_reader_feed(&r, gw_buf_view(&b)), GW_OK);
        struct gw_bytes m;
        size_t wire;
        /* Leaves some behind, as back-pressure does. */
        for (int i = 0; i < 190 && gw_grpc_reader_next(&r, &m, &wire) == GW_OK; i++)
            seen++;
        gw_buf_fini(&b);
    }
    struct gw_bytes m;
    size_t wire;
    while (gw_grpc_reader_next(&r, &m, &wire) == GW_OK)
        seen++;
    assert_int_equal(seen, 20000);
    gw_grpc_reader_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_announced_too_large), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_not_clean),           cmocka_unit_test(test_gzip_bomb),
        cmocka_unit_test(test_gzip_broken),         cmocka_unit_test(test_gzip_good),
        cmocka_unit_test(test_every_cut),           cmocka_unit_test(test_many_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

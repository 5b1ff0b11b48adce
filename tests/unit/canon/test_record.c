/* Records as bytes: what is malformed or means nothing is refused before anybody reads it; the
 * arena's budget bounds what a small message may grow to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "canon/canon.h"
#include "xinqiao/v1/exchange.pb-c.h"

static struct gw_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = gw_arena_new("test", 1 << 20);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    gw_arena_free(arena);
    return 0;
}

static enum gw_status unpack(struct gw_bytes b)
{
    gw_record *r = NULL;
    enum gw_status st = gw_canon_unpack(b, arena, &r);
    assert_int_equal(st == GW_OK, r != NULL);
    return st;
}

/* INVARIANTS C2, C7, C8 */
static void test_malformed_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct gw_bytes b;
    } row[] = {
        {"tag alone", GW_BYTES_LIT("\x0a")},
        {"length over the end", GW_BYTES_LIT("\x0a\x05"
                                             "ab")},
        {"length of 2^63", GW_BYTES_LIT("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")},
        {"varint of 11 bytes", GW_BYTES_LIT("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
        {"field 0", GW_BYTES_LIT("\x00\x01")},
        {"group", GW_BYTES_LIT("\x0b\x0c")},
        {"wire type 6", GW_BYTES_LIT("\x0e\x01")},
        {"wire type 7", GW_BYTES_LIT("\x0f\x01")},
        {"number where text is due", GW_BYTES_LIT("\x38\x01")},
        {"text where a number is due", GW_BYTES_LIT("\x12\x01\x01")},
        {"not UTF-8", GW_BYTES_LIT("\x3a\x02\xc0\x80")},
        {"surrogate", GW_BYTES_LIT("\x3a\x03\xed\xa0\x80")},
        {"NUL in a text", GW_BYTES_LIT("\x3a\x03"
                                       "a\0b")},
        {"NUL in a nested text", GW_BYTES_LIT("\x22\x04\x12\x02"
                                              "\0b")},
        {"truncated inside a message", GW_BYTES_LIT("\x22\x02\x12\x05")},
        {"unknown kind", GW_BYTES_LIT("\x18\x63")},
        {"unknown penalty kind, packed", GW_BYTES_LIT("\x18\x01\xf2\x01\x04\x4a\x02\x01\x63")},
        {"decided on day 0", GW_BYTES_LIT("\x6a\x05\x08\xea\x0f\x10\x01")},
        {"decided in month 13", GW_BYTES_LIT("\x6a\x07\x08\xea\x0f\x10\x0d\x18\x01")},
        {"month 257 is not January", GW_BYTES_LIT("\x6a\x08\x08\xea\x0f\x10\x81\x02\x18\x01")},
        {"empty date", GW_BYTES_LIT("\x6a\x00")},
        {"end without a day", GW_BYTES_LIT("\x72\x00")},
        {"end with a day and no end",
         GW_BYTES_LIT("\x72\x0b\x0a\x07\x08\xea\x0f\x10\x01\x18\x01\x10\x01")},
        {"nanos over a second", GW_BYTES_LIT("\x92\x01\x06\x10\x80\x94\xeb\xdc\x03")},
        {"money below zero",
         GW_BYTES_LIT("\x18\x01\xf2\x01\x0d\x62\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
        {"payload without its kind", GW_BYTES_LIT("\xf2\x01\x00")},
        {"payload of another kind", GW_BYTES_LIT("\x18\x02\xf2\x01\x00")},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        enum gw_status st = unpack(row[i].b);
        if (st != GW_INVALID)
            fail_msg("%s: %s", row[i].why, gw_status_name(st));
    }
}

static void test_well_formed_bytes(void **state)
{
    (void)state;
    assert_int_equal(unpack(GW_BYTES_NONE), GW_OK);
    assert_int_equal(unpack(GW_BYTES_LIT("\x18\x01\xf2\x01\x00")), GW_OK);
    assert_int_equal(unpack(GW_BYTES_LIT("\x72\x02\x10\x01")), GW_OK);     /* no end */
    assert_int_equal(unpack(GW_BYTES_LIT("\x10\x85\x80\x80\x00")), GW_OK); /* padded varint */
    assert_int_equal(unpack(GW_BYTES_LIT("\x18\x01\xf2\x01\x05\x48\x01\x4a\x01\x02")),
                     GW_OK); /* list, both ways */
}

/* Fields of a newer schema come out again. */
static void test_unknown_fields_survive(void **state)
{
    (void)state;
    struct gw_bytes in = GW_BYTES_LIT("\x10\x07\xc2\x3e\x03new");
    size_t unknown = 0;
    gw_record *r = NULL;
    struct gw_buf b;
    assert_int_equal(gw_canon_message_check(&xinqiao__v1__record__descriptor, in, &unknown), GW_OK);
    assert_int_equal(unknown, 1);
    assert_int_equal(gw_canon_unpack(in, arena, &r), GW_OK);
    gw_buf_init(&b, 64);
    assert_int_equal(gw_canon_pack(r, &b), GW_OK);
    assert_true(gw_bytes_eq(gw_buf_view(&b), in));
    gw_buf_fini(&b);
}

/* Every truncation of a record is refused or a shorter record; never read past the end (ASan). */
static void test_every_truncation(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    const char *why;
    static const char *const path[] = {"subject.name", "subject.legal_rep_document.number",
                                       "penalty.content"};
    for (size_t i = 0; i < GW_ARRAY_LEN(path); i++) {
        struct gw_canon_path p;
        struct gw_canon_value v = {
            .type = GW_CANON_TEXT, .present = true, .text = GW_BYTES_LIT("越城区")};
        assert_int_equal(gw_canon_path_compile(path[i], &p, &why), GW_OK);
        assert_int_equal(gw_canon_set(r, &p, &v, arena), GW_OK);
    }
    r->kind = XINQIAO__V1__KIND__KIND_PENALTY;
    struct gw_buf b;
    gw_buf_init(&b, 256);
    assert_int_equal(gw_canon_pack(r, &b), GW_OK);
    for (size_t len = 0; len < b.len; len++) {
        uint8_t copy[256];
        memcpy(copy + sizeof(copy) - len, b.ptr, len);
        gw_record *back;
        enum gw_status st =
            gw_canon_unpack(gw_bytes_make(copy + sizeof(copy) - len, len), arena, &back);
        assert_true(st == GW_OK || st == GW_INVALID);
    }
    assert_int_equal(unpack(gw_buf_view(&b)), GW_OK);
    gw_buf_fini(&b);
}

/* 3 bytes of message become a struct of dozens: the budget is what stops it
 * (INVARIANTS C9). */
static void test_over_budget(void **state)
{
    (void)state;
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    for (int i = 0; i < 20000; i++)
        gw_buf_append(&b, "\xc2\x02\x00", 3);
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    for (size_t budget = 1024; budget <= 262144; budget *= 2) {
        GW_CLEANUP(gw_arena_freep) struct gw_arena *small = gw_arena_new("small", budget);
        gw_record *r = NULL;
        assert_int_equal(gw_canon_unpack(gw_buf_view(&b), small, &r), GW_NOMEM);
        assert_null(r);
        assert_true(gw_arena_used(small) <= budget);
    }
    GW_CLEANUP(gw_arena_freep) struct gw_arena *large = gw_arena_new("large", 16 << 20);
    gw_record *r = NULL;
    assert_int_equal(gw_canon_unpack(gw_buf_view(&b), large, &r), GW_OK);
    assert_int_equal(r->n_extension, 20000);
    gw_buf_fini(&b);
}

static void test_pack_over_limit(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    r->revision = 7;
    struct gw_buf b;
    gw_buf_init(&b, 1);
    assert_int_equal(gw_canon_pack(r, &b), GW_TOO_LARGE);
    gw_buf_fini(&b);
}

/* A message that can contain itself stops at the limit. */
static void test_nesting(void **state)
{
    (void)state;
    /* Descriptor messages nest: DescriptorProto.nested_type is field 3. */
    extern const ProtobufCMessageDescriptor google__protobuf__descriptor_proto__descriptor;
    uint8_t bytes[64];
    for (unsigned depth = 1; depth <= 31; depth++) {
        for (unsigned i = 0; i < depth; i++) {
            bytes[2 * i] = 0x1a;
            bytes[2 * i + 1] = (uint8_t)(2 * (depth - i - 1));
        }
        enum gw_status st = gw_canon_message_check(&google__protobuf__descriptor_proto__descriptor,
                                                   gw_bytes_make(bytes, 2 * (size_t)depth), NULL);
        assert_int_equal(st, depth < 16 ? GW_OK : GW_TOO_LARGE);
    }
}

static void test_allocator_serves_any_message(void **state)
{
    (void)state;
    struct gw_bytes in = GW_BYTES_LIT("\x0a\x01k\x12\x01"
                                      "f\x1a\x02\x01\x02");
    ProtobufCAllocator alloc;
    assert_int_equal(gw_canon_message_check(&xinqiao__v1__push_item__descriptor, in, NULL), GW_OK);
    gw_canon_allocator(arena, &alloc);
    Xinqiao__V1__PushItem *m = xinqiao__v1__push_item__unpack(&alloc, in.len, in.ptr);
    assert_non_null(m);
    assert_string_equal(m->key, "k");
    assert_int_equal(m->record.len, 2);
    xinqiao__v1__push_item__free_unpacked(m, &alloc); /* nothing to free twice */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_malformed_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_well_formed_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_fields_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_truncation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_over_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pack_over_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nesting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_allocator_serves_any_message, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

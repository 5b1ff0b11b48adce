/* Paths: every leaf of record.proto is found by walking the descriptors, set, read, packed,
 * unpacked and read again; a field added to the schema is tested here without a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "canon/canon.h"

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

static struct gw_canon_path compile(const char *text)
{
    struct gw_canon_path p = {0};
    const char *why = NULL;
    if (gw_canon_path_compile(text, &p, &why) != GW_OK)
        fail_msg("%s: %s", text, why);
    assert_string_equal(why, "");
    assert_ptr_equal(p.text, text);
    return p;
}

/* A value that is not the default of the field. */
static struct gw_canon_value sample(const struct gw_canon_path *p)
{
    static const int32_t list[] = {2, 1, 2};
    struct gw_canon_value v = {.type = p->type, .present = true};
    switch (p->type) {
    case GW_CANON_TEXT:
        v.text = GW_BYTES_LIT("绍兴市越城区 Ａ-1");
        break;
    case GW_CANON_BYTES:
        v.text = GW_BYTES_LIT("\x01\x00\xff");
        break;
    case GW_CANON_BOOL:
    case GW_CANON_ENUM:
        v.num = 1;
        break;
    case GW_CANON_INT:
        v.num = 77;
        break;
    case GW_CANON_MONEY:
        v.num = 0; /* zero is present */
        break;
    case GW_CANON_DATE:
        v.date = (struct gw_date){2020, 2, 29};
        break;
    case GW_CANON_END_DATE:
        v.no_end = true;
        break;
    case GW_CANON_TIMESTAMP:
        v.date = (struct gw_date){2026, 4, 1};
        v.second = 3661; /* 31 March in UTC */
        break;
    case GW_CANON_ENUM_LIST:
        v.list = list;
        v.list_len = GW_ARRAY_LEN(list);
        break;
    }
    return v;
}

static void assert_same(const struct gw_canon_value *a, const struct gw_canon_value *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->present, b->present);
    assert_true(gw_bytes_eq(a->text, b->text));
    assert_true(a->num == b->num);
    assert_int_equal(gw_date_cmp(a->date, b->date), 0);
    assert_int_equal(a->second, b->second);
    assert_int_equal(a->no_end, b->no_end);
    assert_int_equal(a->list_len, b->list_len);
    for (size_t i = 0; i < a->list_len; i++)
        assert_int_equal(a->list[i], b->list[i]);
}

static void round_trip(const char *text)
{
    struct gw_canon_path p = compile(text);
    struct gw_canon_value want = sample(&p), got;
    gw_record *r = gw_canon_record_new(arena);
    assert_non_null(r);
    gw_canon_get(r, &p, &got);
    assert_false(got.present);
    assert_int_equal(gw_canon_set(r, &p, &want, arena), GW_OK);
    gw_canon_get(r, &p, &got);
    assert_same(&want, &got);

#define GW_CANON_KIND(kind_, name, field)                                                          \
    if (r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_##kind_)                                   \
        r->kind = XINQIAO__V1__KIND__KIND_##kind_;
#include "canon/kinds.def"
#undef GW_CANON_KIND
    struct gw_buf b;
    gw_record *back = NULL;
    gw_buf_init(&b, 4096);
    assert_int_equal(gw_canon_pack(r, &b), GW_OK);
    assert_int_equal(gw_canon_unpack(gw_buf_view(&b), arena, &back), GW_OK);
    gw_canon_get(back, &p, &got);
    assert_same(&want, &got);
    gw_buf_fini(&b);

    struct gw_canon_value none = {.type = p.type};
    assert_int_equal(gw_canon_set(r, &p, &none, arena), GW_OK);
    gw_canon_get(r, &p, &got);
    assert_false(got.present);
}

static size_t walk(const ProtobufCMessageDescriptor *d, const char *prefix)
{
    size_t leaves = 0;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        char *text = gw_arena_printf(arena, "%s%s%s", prefix, *prefix != '\0' ? "." : "", f->name);
        struct gw_canon_path p;
        const char *why;
        enum gw_status st = gw_canon_path_compile(text, &p, &why);
        if (st == GW_OK) {
            round_trip(text);
            leaves++;
        } else {
            assert_int_equal(st, GW_UNSUPPORTED);
            /* What mappings can not hold: lists of texts, of messages, and what has parts. */
            assert_true(f->type == PROTOBUF_C_TYPE_MESSAGE ||
                        f->label == PROTOBUF_C_LABEL_REPEATED);
            if (f->label != PROTOBUF_C_LABEL_REPEATED)
                leaves += walk(f->descriptor, text);
        }
    }
    return leaves;
}

/* INVARIANTS C5 */
static void test_every_leaf(void **state)
{
    (void)state;
    assert_true(walk(&xinqiao__v1__record__descriptor, "") >= 70);
}

static void refused(const char *text, enum gw_status want, const char *part)
{
    struct gw_canon_path p;
    const char *why = NULL;
    assert_int_equal(gw_canon_path_compile(text, &p, &why), want);
    assert_string_equal(why, part);
}

static void test_bad_paths(void **state)
{
    (void)state;
    refused("", GW_NOT_FOUND, "");
    refused(".", GW_NOT_FOUND, ".");
    refused("subject.", GW_NOT_FOUND, "");
    refused("subject..name", GW_NOT_FOUND, ".name");
    refused("subjct.name", GW_NOT_FOUND, "subjct.name");
    refused("subject.nmae", GW_NOT_FOUND, "nmae");
    refused("penalty.fine.fen", GW_UNSUPPORTED, "fine.fen");
    refused("decided_on.year", GW_UNSUPPORTED, "decided_on.year");
    refused("subject", GW_UNSUPPORTED, "subject");
    refused("penalty", GW_UNSUPPORTED, "penalty");
    refused("extension", GW_UNSUPPORTED, "extension");
    refused("extension.text", GW_UNSUPPORTED, "extension.text");
    refused("kind.name", GW_UNSUPPORTED, "kind.name");
    refused("a_name_that_is_longer_than_any_field_of_any_record_could_reasonably_be", GW_NOT_FOUND,
            "a_name_that_is_longer_than_any_field_of_any_record_could_reasonably_be");
}

static enum gw_status set(gw_record *r, const char *text, struct gw_canon_value v)
{
    struct gw_canon_path p = compile(text);
    v.type = p.type;
    v.present = true;
    return gw_canon_set(r, &p, &v, arena);
}

static void test_bad_values(void **state)
{
    (void)state;
    static const int32_t unknown[] = {1, 99};
    gw_record *r = gw_canon_record_new(arena);
    const struct {
        const char *path;
        struct gw_canon_value v;
    } bad[] = {
        {"subject.name", {.text = GW_BYTES_LIT("a\0b")}},
        {"kind", {.num = 99}},
        {"kind", {.num = INT64_C(1) << 33}},
        {"penalty.kinds", {.list = unknown, .list_len = 2}},
        {"penalty.fine", {.num = -1}},
        {"revision", {.num = -1}},
        {"revision", {.num = INT64_C(1) << 32}},
        {"decided_on", {.date = {2019, 2, 29}}},
        {"decided_on", {.date = {0, 0, 0}}},
        {"publicity_to", {.date = {2019, 13, 1}}},
        {"received_at", {.date = {2026, 1, 1}, .second = 86400}},
        {"received_at", {.date = {2026, 1, 1}, .second = -1}},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        struct gw_canon_path p = compile(bad[i].path);
        struct gw_canon_value got;
        assert_int_equal(set(r, bad[i].path, bad[i].v), GW_INVALID);
        gw_canon_get(r, &p, &got);
        assert_false(got.present);
    }
}

/* INVARIANTS C7 */
static void test_payloads_exclude_each_other(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    struct gw_canon_value text = {.text = GW_BYTES_LIT("x")}, got;
    assert_int_equal(set(r, "penalty.document_no", text), GW_OK);
    assert_int_equal(r->payload_case, XINQIAO__V1__RECORD__PAYLOAD_PENALTY);
    assert_int_equal(set(r, "permit.document_no", text), GW_CONFLICT);
    struct gw_canon_path p = compile("permit.document_no");
    gw_canon_get(r, &p, &got);
    assert_false(got.present);
    /* Clearing a field of the other payload is no conflict and makes nothing. */
    struct gw_canon_value none = {.type = GW_CANON_TEXT};
    assert_int_equal(gw_canon_set(r, &p, &none, arena), GW_OK);
    assert_int_equal(r->payload_case, XINQIAO__V1__RECORD__PAYLOAD_PENALTY);
}

/* INVARIANTS C6 */
static void test_absent_makes_nothing(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    struct gw_canon_value empty = {.text = GW_BYTES_NONE};
    assert_int_equal(set(r, "subject.legal_rep_document.number", empty), GW_OK);
    assert_null(r->subject);
    assert_int_equal(xinqiao__v1__record__get_packed_size(r), 0);
}

static void test_end_date_forms(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    struct gw_canon_path p = compile("publicity_to");
    struct gw_canon_value got;
    assert_int_equal(set(r, "publicity_to", (struct gw_canon_value){.date = {2027, 1, 31}}), GW_OK);
    gw_canon_get(r, &p, &got);
    assert_true(got.present && !got.no_end && got.date.day == 31);
    assert_int_equal(set(r, "publicity_to", (struct gw_canon_value){.no_end = true}), GW_OK);
    gw_canon_get(r, &p, &got);
    assert_true(got.present && got.no_end && gw_date_is_none(got.date));
}

/* A record from elsewhere with dates that do not exist reads as absent, never as another day
 * (INVARIANTS C2). */
static void test_get_distrusts_the_record(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    struct gw_canon_path p = compile("decided_on");
    struct gw_canon_value got;
    assert_int_equal(set(r, "decided_on", (struct gw_canon_value){.date = {2026, 1, 1}}), GW_OK);
    r->decided_on->month = 257;
    gw_canon_get(r, &p, &got);
    assert_false(got.present);
}

/* INVARIANTS C9 */
static void test_over_budget(void **state)
{
    (void)state;
    GW_CLEANUP(gw_arena_freep) struct gw_arena *small = gw_arena_new("small", 600);
    gw_record *r = gw_canon_record_new(small);
    assert_non_null(r);
    static const char *const path[] = {"subject.name", "penalty.kinds", "penalty.fine", "id",
                                       "decided_on",   "use_to",        "received_at"};
    struct gw_canon_path big = compile("remark");
    uint8_t text[700];
    memset(text, 'x', sizeof(text));
    struct gw_canon_value v = {
        .type = GW_CANON_TEXT, .present = true, .text = {text, sizeof(text)}};
    assert_int_equal(gw_canon_set(r, &big, &v, small), GW_NOMEM);
    assert_true(gw_arena_failed(small));
    for (size_t i = 0; i < GW_ARRAY_LEN(path); i++) {
        struct gw_canon_path p = compile(path[i]);
        struct gw_canon_value want = sample(&p), got;
        assert_int_equal(gw_canon_set(r, &p, &want, small), GW_NOMEM);
        gw_canon_get(r, &p, &got);
        assert_false(got.present);
    }
    assert_null(gw_canon_record_new(small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_leaf, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_payloads_exclude_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absent_makes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_date_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_get_distrusts_the_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_over_budget, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

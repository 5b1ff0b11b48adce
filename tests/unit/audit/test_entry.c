/* The strict profile both ways: vectors, every limit of every field broken, kinds, bodies, personal
 * data. */
#include "audit/vectors.h"

#include "audit/entry.h"

static void valid_entries(void **state)
{
    (void)state;
    json_t *root = vectors_load("entries.json"), *v;
    size_t i;
    json_array_foreach(vectors_get(root, "valid"), i, v)
    {
        struct gw_bytes bytes = vectors_hex(v, "bytes_hex");
        struct gw_audit_entry e;
        struct gw_hash leaf, want;
        assert_int_equal(gw_audit_entry_decode(bytes, &e), GW_OK);
        vectors_hash(v, "leaf_hex", &want);
        gw_audit_leaf_hash(bytes, &leaf);
        assert_true(gw_audit_hash_eq(&leaf, &want));

        json_t *fields = vectors_get(v, "fields"), *f;
        const char *name;
        size_t set = (size_t)__builtin_popcountll(e.set);
        assert_int_equal(json_object_size(fields), set);
        json_object_foreach(fields, name, f)
        {
            int at = 0;
            for (int n = 1; n < GW_AF_COUNT; n++)
                at = strcmp(gw_audit_field_name((enum gw_audit_field)n), name) == 0 ? n : at;
            assert_int_not_equal(at, 0);
            if (json_is_integer(f))
                assert_int_equal(e.num[at], json_integer_value(f));
            else if (gw_audit_fields[at].type == GW_AUDIT_SET)
                assert_int_equal(e.subjects, json_array_size(f));
        }

        assert_int_equal(gw_audit_intents_concern(bytes),
                         e.num[GW_AF_KIND] == GW_AUDIT_EXCHANGE &&
                             e.num[GW_AF_DIRECTION] == GW_AUDIT_OUT);
        struct gw_buf out, body;
        gw_buf_init(&out, 8192);
        gw_buf_init(&body, 8192);
        assert_int_equal(gw_audit_entry_encode(&e, &out), GW_OK);
        assert_true(gw_bytes_eq(gw_buf_view(&out), bytes));

        bool redacted;
        uint8_t room[GW_AUDIT_ENTRY_MAX];
        struct gw_hash prev;
        bool has_prev = gw_audit_has(&e, GW_AF_PREV);
        if (has_prev)
            memcpy(&prev, e.str[GW_AF_PREV].ptr, sizeof(prev));
        assert_int_equal(gw_audit_body_encode(&e, &body, &redacted), GW_OK);
        assert_false(redacted);
        assert_int_equal(gw_audit_body_check(gw_buf_view(&body)), GW_OK);
        size_t len = gw_audit_body_complete(room, gw_buf_view(&body), e.num[GW_AF_SEQ],
                                            (int64_t)e.num[GW_AF_TIME_US], has_prev ? &prev : NULL);
        assert_true(gw_bytes_eq(gw_bytes_make(room, len), bytes));
        assert_true(gw_audit_body_matches(bytes, gw_buf_view(&body)));
        body.ptr[body.len - 1] ^= 1;
        assert_false(gw_audit_body_matches(bytes, gw_buf_view(&body)));
        gw_buf_fini(&out);
        gw_buf_fini(&body);
        vectors_free(bytes);
    }
    json_decref(root);
}

static void invalid_entries(void **state)
{
    (void)state;
    json_t *root = vectors_load("entries.json"), *v;
    size_t i;
    json_array_foreach(vectors_get(root, "invalid"), i, v)
    {
        struct gw_bytes bytes = vectors_hex(v, "bytes_hex");
        struct gw_audit_entry e;
        if (gw_audit_entry_decode(bytes, &e) == GW_OK)
            fail_msg("accepted: %s", json_string_value(vectors_get(v, "why")));
        vectors_free(bytes);
    }
    json_decref(root);
}

/* Every cut of a valid entry is refused, and every changed byte either is or says something else.
 */
static void cut_and_changed(void **state)
{
    (void)state;
    json_t *root = vectors_load("entries.json");
    struct gw_bytes bytes = vectors_hex(json_array_get(vectors_get(root, "valid"), 3), "bytes_hex");
    struct gw_audit_entry e;
    struct gw_buf out;
    gw_buf_init(&out, 8192);
    uint8_t *copy = malloc(bytes.len);
    for (size_t len = 0; len < bytes.len; len++) {
        memcpy(copy, bytes.ptr, len);
        if (gw_audit_entry_decode(gw_bytes_make(copy, len), &e) == GW_OK) {
            gw_buf_reset(&out);
            assert_int_equal(gw_audit_entry_encode(&e, &out), GW_OK);
            assert_true(gw_bytes_eq(gw_buf_view(&out), gw_bytes_make(copy, len)));
        }
    }
    for (size_t at = 0; at < bytes.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, bytes.ptr, bytes.len);
            copy[at] = (uint8_t)(copy[at] ^ (1u << bit));
            if (gw_audit_entry_decode(gw_bytes_make(copy, bytes.len), &e) != GW_OK)
                continue;
            gw_buf_reset(&out);
            assert_int_equal(gw_audit_entry_encode(&e, &out), GW_OK);
            assert_true(gw_bytes_eq(gw_buf_view(&out), gw_bytes_make(copy, bytes.len)));
        }
    }
    free(copy);
    gw_buf_fini(&out);
    vectors_free(bytes);
    json_decref(root);
}

static void exchange(struct gw_audit_entry *e)
{
    static const uint8_t bytes[64] = {1};
    gw_audit_entry_init(e, GW_AUDIT_EXCHANGE);
    gw_audit_set_bytes(e, GW_AF_EXCHANGE_ID, gw_bytes_make(bytes, 16));
    gw_audit_set_num(e, GW_AF_DIRECTION, GW_AUDIT_IN);
    gw_audit_set_num(e, GW_AF_PHASE, GW_AUDIT_RESULT);
    gw_audit_set_bytes(e, GW_AF_PEER_ID, GW_BYTES_LIT("city-b/gw1"));
    gw_audit_set_bytes(e, GW_AF_PEER_SPKI, gw_bytes_make(bytes, 32));
    gw_audit_set_bytes(e, GW_AF_METHOD, GW_BYTES_LIT("ListExchange/Check"));
    gw_audit_set_bytes(e, GW_AF_PURPOSE, GW_BYTES_LIT("unknown"));
    gw_audit_set_bytes(e, GW_AF_LEGAL_BASIS, GW_BYTES_LIT("unknown"));
    gw_audit_set_num(e, GW_AF_HASH_SUITE, 1);
    gw_audit_set_num(e, GW_AF_DECISION, GW_AUDIT_DENY);
    gw_audit_set_bytes(e, GW_AF_REASON, GW_BYTES_LIT("peer-unknown"));
    gw_audit_set_bytes(e, GW_AF_POLICY, GW_BYTES_LIT("law@1"));
    gw_audit_set_num(e, GW_AF_STATUS, 403);
    gw_audit_set_num(e, GW_AF_SEQ, 7);
    gw_audit_set_num(e, GW_AF_TIME_US, 1);
    gw_audit_set_bytes(e, GW_AF_PREV, gw_bytes_make(bytes, 32));
}

static enum gw_status encode(const struct gw_audit_entry *e)
{
    struct gw_buf out;
    struct gw_audit_entry back;
    gw_buf_init(&out, 8192);
    enum gw_status st = gw_audit_entry_encode(e, &out);
    if (st == GW_OK)
        assert_int_equal(gw_audit_entry_decode(gw_buf_view(&out), &back), GW_OK);
    gw_buf_fini(&out);
    return st;
}

/* Each row of the table: its least and most pass, one beyond is refused. */
static void limits(void **state)
{
    (void)state;
    static uint8_t text[2048];
    memset(text, 'a', sizeof(text));
    for (unsigned f = GW_AF_EXCHANGE_ID; f < GW_AF_COUNT; f++) {
        const struct gw_audit_field_row *row = &gw_audit_fields[f];
        struct gw_audit_entry e;
        if (row->name == NULL || row->type == GW_AUDIT_SET)
            continue;
        exchange(&e);
        if (row->type == GW_AUDIT_INT) {
            gw_audit_set_num(&e, f, row->most);
            assert_int_equal(encode(&e), GW_OK);
            gw_audit_set_num(&e, f, row->least);
            assert_int_equal(encode(&e), GW_OK);
            gw_audit_set_num(&e, f, row->most + 1);
            assert_int_equal(encode(&e), GW_INVALID);
            if (row->least != 0) {
                gw_audit_set_num(&e, f, row->least - 1);
                assert_int_equal(encode(&e), GW_INVALID);
            }
            continue;
        }
        gw_audit_set_bytes(&e, f, gw_bytes_make(text, row->most));
        assert_int_equal(encode(&e), GW_OK);
        gw_audit_set_bytes(&e, f, gw_bytes_make(text, row->most + 1));
        assert_int_equal(encode(&e), GW_INVALID);
        if (row->least > 1) {
            gw_audit_set_bytes(&e, f, gw_bytes_make(text, row->least - 1));
            assert_int_equal(encode(&e), GW_INVALID);
        }
        if (row->type == GW_AUDIT_STR) {
            gw_audit_set_bytes(&e, f, GW_BYTES_LIT("a\nb"));
            assert_int_equal(encode(&e), GW_INVALID);
            gw_audit_set_bytes(&e, f, GW_BYTES_LIT("a\x7f"));
            assert_int_equal(encode(&e), GW_INVALID);
            gw_audit_set_bytes(&e, f, GW_BYTES_LIT("\xe4\xbf"));
            assert_int_equal(encode(&e), GW_INVALID);
            gw_audit_set_bytes(&e, f, GW_BYTES_LIT("\xe4\xbf\xa1"));
            assert_int_equal(encode(&e), GW_OK);
        }
        if (row->type == GW_AUDIT_CODE) {
            gw_audit_set_bytes(&e, f, GW_BYTES_LIT("Upper"));
            assert_int_equal(encode(&e), GW_INVALID);
        }
    }
}

static void kinds(void **state)
{
    (void)state;
    struct gw_audit_entry e;
    exchange(&e);
    static const enum gw_audit_field needed[] = {
        GW_AF_EXCHANGE_ID, GW_AF_DIRECTION, GW_AF_PHASE,       GW_AF_PEER_ID,    GW_AF_PEER_SPKI,
        GW_AF_METHOD,      GW_AF_PURPOSE,   GW_AF_LEGAL_BASIS, GW_AF_HASH_SUITE, GW_AF_DECISION,
        GW_AF_REASON,      GW_AF_POLICY,    GW_AF_STATUS,      GW_AF_SEQ,        GW_AF_TIME_US,
        GW_AF_PREV,        GW_AF_VERSION,   GW_AF_KIND};
    for (size_t i = 0; i < GW_ARRAY_LEN(needed); i++) {
        exchange(&e);
        e.set &= ~(UINT64_C(1) << needed[i]);
        assert_int_equal(encode(&e), GW_INVALID);
    }
    /* OPEN only as entry 0, and entry 0 only as OPEN. */
    exchange(&e);
    e.num[GW_AF_SEQ] = 0;
    assert_int_equal(encode(&e), GW_INVALID);
    gw_audit_entry_init(&e, GW_AUDIT_OPEN);
    gw_audit_set_num(&e, GW_AF_SEQ, 0);
    gw_audit_set_num(&e, GW_AF_TIME_US, 0);
    gw_audit_set_bytes(&e, GW_AF_EVENT, GW_BYTES_LIT("log.open"));
    gw_audit_set_bytes(&e, GW_AF_EVENT_TEXT, GW_BYTES_LIT("log.city-a.example/exchange/2026"));
    assert_int_equal(encode(&e), GW_OK);
    gw_audit_set_bytes(&e, GW_AF_EVENT, GW_BYTES_LIT("log.opened"));
    assert_int_equal(encode(&e), GW_INVALID);
}

static void subjects(void **state)
{
    (void)state;
    struct gw_audit_entry e;
    exchange(&e);
    for (int i = 15; i >= 0; i--) {
        struct gw_hash h = {{(uint8_t)(i * 7)}};
        assert_int_equal(gw_audit_add_subject(&e, &h), GW_OK);
        assert_int_equal(gw_audit_add_subject(&e, &h), GW_OK);
    }
    assert_int_equal(e.subjects, 16);
    assert_int_equal(encode(&e), GW_OK);
    struct gw_hash more = {{0xff}};
    assert_int_equal(gw_audit_add_subject(&e, &more), GW_TOO_LARGE);
    e.subject[3] = e.subject[4];
    assert_int_equal(encode(&e), GW_INVALID);
}

static void personal_data(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool found;
    } row[] = {
        {"11010519491231002X", true},
        {"11010519491231002x", true},
        {"id=11010519491231002X;", true},
        {"110105194912310021", false},
        {"11010519491331002X", false},
        {"13812345678", true},
        {"tel 13812345678.", true},
        {"+8613812345678", true},
        {"008613812345678", true},
        {"12812345678", false},
        {"138123456789", false},
        {"1381234567", false},
        {"91330000MA27X0001X", false},
        {"192.0.2.7:8443", false},
        {"", false},
        {"2026-04-01T00:00:00.000000Z", false},
        {"x91101051949123100", false},
        {"911010519491231002X", true},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        if (gw_audit_pii_found(gw_bytes_str(row[i].text)) != row[i].found)
            fail_msg("wrong about %s", row[i].text);
    }
    struct gw_audit_entry e;
    struct gw_buf out;
    bool redacted;
    gw_buf_init(&out, 8192);
    exchange(&e);
    gw_audit_set_bytes(&e, GW_AF_PEER_SUBJECT, GW_BYTES_LIT("CN=11010519491231002X"));
    assert_int_equal(gw_audit_body_encode(&e, &out, &redacted), GW_OK);
    assert_true(redacted);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_PEER_SUBJECT], "redacted"));
    assert_null(memmem(out.ptr, out.len, "1101051949", 10));
    gw_buf_fini(&out);
}

static void too_large(void **state)
{
    (void)state;
    static uint8_t text[1024];
    memset(text, 'a', sizeof(text));
    struct gw_audit_entry e;
    exchange(&e);
    for (unsigned f = GW_AF_EXCHANGE_ID; f < GW_AF_COUNT; f++) {
        if (gw_audit_fields[f].name != NULL && gw_audit_fields[f].type == GW_AUDIT_STR)
            gw_audit_set_bytes(&e, f, gw_bytes_make(text, gw_audit_fields[f].most));
    }
    for (uint8_t i = 0; i < 16; i++)
        assert_int_equal(gw_audit_add_subject(&e, &(struct gw_hash){{i}}), GW_OK);
    gw_audit_set_bytes(&e, GW_AF_SUBJECT_ROOT, gw_bytes_make(text, 32));
    assert_int_equal(encode(&e), GW_OK);
    /* A body with garbage, and one cut. */
    struct gw_buf out;
    bool redacted;
    gw_buf_init(&out, 8192);
    assert_int_equal(gw_audit_body_encode(&e, &out, &redacted), GW_OK);
    assert_int_equal(gw_audit_body_check(gw_bytes_make(out.ptr, out.len - 1)), GW_INVALID);
    assert_int_equal(gw_audit_body_check(GW_BYTES_NONE), GW_INVALID);
    out.ptr[0] = 11;
    assert_int_equal(gw_audit_body_check(gw_buf_view(&out)), GW_INVALID);
    gw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_entries),   cmocka_unit_test(invalid_entries),
        cmocka_unit_test(cut_and_changed), cmocka_unit_test(limits),
        cmocka_unit_test(kinds),           cmocka_unit_test(subjects),
        cmocka_unit_test(personal_data),   cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

/* What recovery must do with a segment (journal.json), and the judgement over every cut and every
 * flipped byte. */
#include "audit/vectors.h"

static struct gw_hash prev_of(uint64_t first_seq)
{
    struct gw_hash h = {{0}};
    json_t *root = vectors_load("entries.json");
    if (first_seq != 0)
        vectors_hash(json_array_get(vectors_get(root, "valid"), first_seq - 1), "leaf_hex", &h);
    json_decref(root);
    return h;
}

static struct gw_audit_scan scan_of(json_t *root, json_t *v)
{
    uint64_t first = vectors_num(v, "first_seq");
    return (struct gw_audit_scan){.origin = json_string_value(vectors_get(root, "origin")),
                                  .first_seq = first,
                                  .last_segment = json_is_true(vectors_get(v, "last_segment")),
                                  .prev = prev_of(first)};
}

static void cases(void **state)
{
    (void)state;
    static const char *const result[] = {"ok", "truncate", "refuse"};
    json_t *root = vectors_load("journal.json"), *v;
    size_t i;
    json_array_foreach(vectors_get(root, "cases"), i, v)
    {
        struct gw_bytes file = vectors_hex(v, "file_hex");
        struct gw_audit_scan s = scan_of(root, v);
        const char *why = json_string_value(vectors_get(v, "why"));
        enum gw_audit_scan_result r = gw_audit_segment_scan(file, &s);
        if (strcmp(result[r], json_string_value(vectors_get(v, "result"))) != 0)
            fail_msg("%s: %s", why, result[r]);
        if (s.offset != vectors_num(v, "offset"))
            fail_msg("%s: offset %zu", why, s.offset);
        json_t *entries = vectors_get(v, "entries_recovered");
        if (json_is_integer(entries))
            assert_int_equal(s.next_seq - s.first_seq, json_integer_value(entries));
        if (r == GW_AUDIT_SCAN_REFUSE)
            assert_string_equal(s.reason, json_string_value(vectors_get(v, "reason")));
        vectors_free(file);
    }
    json_decref(root);
}

/* A cut anywhere in the last segment is torn or clean, never more entries; a flip in what was
 * durable is refused, in the last batch it is torn: it can not be told from a write that did not
 * finish. */
static void cuts_and_flips(void **state)
{
    (void)state;
    json_t *root = vectors_load("journal.json"), *v = json_array_get(vectors_get(root, "cases"), 0);
    struct gw_bytes file = vectors_hex(v, "file_hex");
    uint8_t *copy = malloc(file.len);
    size_t last_batch = 4745;
    for (size_t len = 48; len < file.len; len += 7) {
        memcpy(copy, file.ptr, len);
        struct gw_audit_scan s = scan_of(root, v);
        enum gw_audit_scan_result r = gw_audit_segment_scan(gw_bytes_make(copy, len), &s);
        assert_true(r != GW_AUDIT_SCAN_REFUSE && s.next_seq <= 14);
    }
    for (size_t at = 0; at < file.len; at += 3) {
        memcpy(copy, file.ptr, file.len);
        copy[at] ^= 0x10;
        struct gw_audit_scan s = scan_of(root, v);
        enum gw_audit_scan_result r = gw_audit_segment_scan(gw_bytes_make(copy, file.len), &s);
        if (r != (at < last_batch ? GW_AUDIT_SCAN_REFUSE : GW_AUDIT_SCAN_TORN))
            fail_msg("byte %zu: %d", at, (int)r);
    }
    free(copy);
    vectors_free(file);
    json_decref(root);
}

static void names(void **state)
{
    (void)state;
    char name[32];
    uint64_t seq;
    gw_audit_segment_name(70000, name);
    assert_string_equal(name, "00000000000000070000.exj");
    assert_int_equal(gw_audit_segment_parse(name, &seq), GW_OK);
    assert_int_equal(seq, 70000);
    static const char *const bad[] = {"70000.exj",
                                      "00000000000000070000.exk",
                                      "0000000000000007000x.exj",
                                      "99999999999999999999.exj",
                                      "09223372036854775808.exj",
                                      "next.tmp",
                                      ""};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        assert_int_equal(gw_audit_segment_parse(bad[i], &seq), GW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(cuts_and_flips),
                                       cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

/* Identifiers: every row of tests/vectors/identifiers.tsv, in the reasons a peer sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/reason.h"
#include "canon/canon.h"

static const struct gw_date today = {2026, 10, 1};

enum gw_kind { USCC, CITIZEN, ORGCODE, REGNO, KINDS };
static const char *const kind_name[KINDS] = {"USCC", "CITIZENID", "ORGCODE", "REGNO"};

/* The vectors' reason -> ours. A row that is missing fails the test. */
static const struct {
    const char *kind;
    const char *vector;
    const char *reason;
} reason_of[] = {
    {"USCC", "check_char", "uscc-check"},
    {"USCC", "length", "uscc-length"},
    {"USCC", "charset", "uscc-charset"},
    {"USCC", "placeholder", "uscc-placeholder"},
    {"USCC", "inner_org_check", "uscc-inner-check"},
    {"USCC", "lowercase", "id-lowercase"},
    {"CITIZENID", "check_char", "citizen-id-check"},
    {"CITIZENID", "length", "citizen-id-length"},
    {"CITIZENID", "charset", "citizen-id-charset"},
    {"CITIZENID", "area", "citizen-id-area"},
    {"CITIZENID", "birth_date", "citizen-id-date"},
    {"CITIZENID", "lowercase", "id-lowercase"},
    {"ORGCODE", "check_char", "orgcode-check"},
    {"ORGCODE", "length", "orgcode-length"},
    {"ORGCODE", "charset", "orgcode-charset"},
    {"ORGCODE", "lowercase", "id-lowercase"},
    {"ORGCODE", "empty", "id-empty"},
    {"REGNO", "check_char", "regno-check"},
    {"REGNO", "length", "regno-length"},
    {"REGNO", "charset", "regno-charset"},
    {"REGNO", "empty", "id-empty"},
};

static enum gw_status check(const char *kind, struct gw_bytes v, const char **ret_reason)
{
    if (strcmp(kind, kind_name[USCC]) == 0)
        return gw_canon_uscc_check(v, true, ret_reason);
    if (strcmp(kind, kind_name[CITIZEN]) == 0)
        return gw_canon_citizen_id_check(v, today, ret_reason);
    if (strcmp(kind, kind_name[ORGCODE]) == 0)
        return gw_canon_orgcode_check(v, ret_reason);
    assert_string_equal(kind, kind_name[REGNO]);
    return gw_canon_regno_check(v, ret_reason);
}

static const char *expected_reason(const char *kind, const char *vector)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(reason_of); i++) {
        if (strcmp(reason_of[i].kind, kind) == 0 && strcmp(reason_of[i].vector, vector) == 0)
            return reason_of[i].reason;
    }
    fail_msg("no reason for %s %s", kind, vector);
    return NULL;
}

/* kind, value, expect, reason, note: an empty value is legal, so no strtok. */
static void check_row(char *line)
{
    char *col[5];
    for (size_t i = 0; i < 5; i++) {
        col[i] = strsep(&line, "\t");
        assert_non_null(col[i]);
    }
    const char *reason = "";
    enum gw_status st = check(col[0], gw_bytes_str(col[1]), &reason);
    if (strcmp(col[2], "valid") == 0) {
        if (st != GW_OK)
            fail_msg("%s \"%s\" must be valid, is %s", col[0], col[1], reason);
        return;
    }
    if (st != GW_INVALID || strcmp(reason, expected_reason(col[0], col[3])) != 0)
        fail_msg("%s \"%s\": expected %s, is %s %s", col[0], col[1],
                 expected_reason(col[0], col[3]), gw_status_name(st), reason);
}

static void test_vectors(void **state)
{
    (void)state;
    struct gw_buf text;
    gw_buf_init(&text, 1 << 20);
    assert_int_equal(gw_file_read(GW_SOURCE_DIR "/tests/vectors/identifiers.tsv", &text), GW_OK);
    gw_buf_u8(&text, 0);
    char *rest = (char *)text.ptr;
    size_t rows = 0;
    (void)strsep(&rest, "\n"); /* heading */
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (*line == '\0')
            continue;
        check_row(line);
        rows++;
    }
    assert_int_equal(rows, 80);
    gw_buf_fini(&text);
}

/* The reasons of this table are rows that a peer can be told. */
static void test_reasons_are_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(reason_of); i++)
        assert_non_null(gw_reason_find(gw_bytes_str(reason_of[i].reason)));
}

static void test_lenient_passes_inner_only(void **state)
{
    (void)state;
    const char *reason = "";
    struct gw_bytes inner = GW_BYTES_LIT("91330602MA2TT00149");
    assert_int_equal(gw_canon_uscc_check(inner, false, &reason), GW_OK);
    assert_int_equal(gw_canon_uscc_check(inner, true, &reason), GW_INVALID);
    assert_int_equal(gw_canon_uscc_check(GW_BYTES_LIT("91330602MA2TT00137"), false, &reason),
                     GW_INVALID);
}

static void test_empty_and_binary(void **state)
{
    (void)state;
    const char *reason = "";
    for (size_t k = 0; k < KINDS; k++) {
        assert_int_equal(check(kind_name[k], GW_BYTES_NONE, &reason), GW_INVALID);
        assert_string_equal(reason, "id-empty");
        for (size_t len = 1; len < 24; len++) {
            uint8_t zero[24] = {0};
            assert_int_equal(check(kind_name[k], gw_bytes_make(zero, len), &reason), GW_INVALID);
        }
    }
}

static int orgcode_value(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : c - '0';
}

/* Every other character in every place of a valid identifier is refused: the check characters catch
 * all single errors, but for organisation codes two characters that are 11 or 22 apart. */
static void test_every_single_error(void **state)
{
    (void)state;
    static const char *const valid[KINDS] = {"91330602MA2TT00136", "330602190001019910",
                                             "MA2TT0013", "330602000000011"};
    for (size_t k = 0; k < KINDS; k++) {
        size_t len = strlen(valid[k]);
        for (size_t i = 0; i < len; i++) {
            for (int c = 0; c < 256; c++) {
                char v[19];
                memcpy(v, valid[k], len);
                if (v[i] == (char)c)
                    continue;
                if (k == ORGCODE && (orgcode_value(v[i]) - orgcode_value(c)) % 11 == 0)
                    continue;
                v[i] = (char)c;
                const char *reason = "";
                assert_int_equal(check(kind_name[k], gw_bytes_make(v, len), &reason), GW_INVALID);
            }
        }
    }
}

/* INVARIANTS C4 */
static void test_withdrawn_area_is_valid(void **state)
{
    (void)state;
    /* 330621 and 330682 are withdrawn counties: identifiers live longer. Check digits by the test.
     */
    static const char *const area[] = {"330621", "330682", "113399", "830000"};
    static const uint8_t weight[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    for (size_t i = 0; i < GW_ARRAY_LEN(area); i++) {
        char id[19];
        (void)snprintf(id, sizeof(id), "%s19000101991", area[i]);
        int sum = 0;
        for (size_t j = 0; j < 17; j++)
            sum += weight[j] * (id[j] - '0');
        id[17] = "10X98765432"[sum % 11];
        const char *reason = "";
        assert_int_equal(gw_canon_citizen_id_check(gw_bytes_make(id, 18), today, &reason), GW_OK);
    }
}

static void test_fifteen_digits_are_not_accepted(void **state)
{
    (void)state;
    const char *reason = "";
    assert_int_equal(gw_canon_citizen_id_check(GW_BYTES_LIT("330602000101991"), today, &reason),
                     GW_INVALID);
    assert_string_equal(reason, "citizen-id-length");
}

static void test_birth(void **state)
{
    (void)state;
    struct gw_date d = gw_canon_citizen_id_birth(GW_BYTES_LIT("330604190402299936"));
    assert_true(d.year == 1904 && d.month == 2 && d.day == 29);
    assert_true(gw_date_is_none(gw_canon_citizen_id_birth(GW_BYTES_LIT("330602190002299918"))));
    assert_true(gw_date_is_none(gw_canon_citizen_id_birth(GW_BYTES_LIT("3306"))));
    /* Born today is possible, tomorrow not. */
    const char *reason = "";
    struct gw_bytes v = GW_BYTES_LIT("330602190001019910");
    assert_int_equal(gw_canon_citizen_id_check(v, (struct gw_date){1900, 1, 1}, &reason), GW_OK);
    assert_int_equal(gw_canon_citizen_id_check(v, (struct gw_date){1899, 12, 31}, &reason),
                     GW_INVALID);
}

static void expect_repair(struct gw_bytes in, const char *out, bool changed)
{
    struct gw_buf b;
    gw_buf_init(&b, 256);
    gw_buf_str(&b, "kept:");
    bool was = !changed;
    assert_int_equal(gw_canon_id_repair(in, &b, &was), GW_OK);
    gw_buf_u8(&b, 0);
    assert_string_equal((char *)b.ptr, out);
    assert_int_equal(was, changed);
    gw_buf_fini(&b);
}

/* INVARIANTS C3 */
static void test_repair(void **state)
{
    (void)state;
    expect_repair(GW_BYTES_LIT("91330602MA2TT00136"), "kept:91330602MA2TT00136", false);
    expect_repair(GW_BYTES_LIT("91330602ma2tt00136"), "kept:91330602MA2TT00136", true);
    expect_repair(GW_BYTES_LIT(" 33060219000103909x\t\r\n"), "kept:33060219000103909X", true);
    expect_repair(GW_BYTES_LIT("\xef\xbb\xbf　９１３３０６０２ＭＡ2tt00136 "),
                  "kept:91330602MA2TT00136", true);
    expect_repair(GW_BYTES_LIT("A B"), "kept:A B", false); /* inside: not for us to join */
    expect_repair(GW_BYTES_LIT("   "), "kept:", true);
    expect_repair(GW_BYTES_NONE, "kept:", false);
    expect_repair(GW_BYTES_LIT("台Ａ"), "kept:台A", true);

    /* Found by fuzz_canon: nothing left, into a buffer that has no memory yet. */
    struct gw_buf b;
    bool changed = false;
    gw_buf_init(&b, 256);
    assert_int_equal(gw_canon_id_repair(GW_BYTES_LIT(" "), &b, &changed), GW_OK);
    assert_true(changed && b.len == 0);
    gw_buf_fini(&b);
    gw_buf_init(&b, 256);
    assert_int_equal(gw_canon_id_repair(GW_BYTES_LIT("9\xff"), &b, &changed), GW_INVALID);
    gw_buf_fini(&b);
    gw_buf_init(&b, 4);
    assert_int_equal(gw_canon_id_repair(GW_BYTES_LIT("12345"), &b, &changed), GW_TOO_LARGE);
    gw_buf_fini(&b);
}

static void test_area_and_filler(void **state)
{
    (void)state;
    assert_true(gw_bytes_eq_str(gw_canon_uscc_area(GW_BYTES_LIT("11330600002500009G")), "330600"));
    assert_int_equal(gw_canon_uscc_area(GW_BYTES_LIT("1133060000250000")).len, 0);
    assert_int_equal(gw_canon_uscc_area(GW_BYTES_LIT("1133O600002500009G")).len, 0);
    assert_int_equal(gw_canon_uscc_area(GW_BYTES_LIT("00000000000000000X")).len, 0);
    assert_int_equal(gw_canon_uscc_area(GW_BYTES_NONE).len, 0);
    assert_true(gw_canon_uscc_is_filler(GW_BYTES_LIT("00000000000000000X")));
    assert_false(gw_canon_uscc_is_filler(GW_BYTES_LIT("000000000000000000")));
    assert_false(gw_canon_uscc_is_filler(GW_BYTES_LIT("0000000000000000X")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_reasons_are_public),
        cmocka_unit_test(test_lenient_passes_inner_only),
        cmocka_unit_test(test_empty_and_binary),
        cmocka_unit_test(test_every_single_error),
        cmocka_unit_test(test_withdrawn_area_is_valid),
        cmocka_unit_test(test_fifteen_digits_are_not_accepted),
        cmocka_unit_test(test_birth),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_area_and_filler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Public reasons: sorted, unique, both texts, known parameters; and the report. */
#include "base/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/text.h"

static const char *const known_params[] = {"field", "expected", "max", "near", "item", "because", "basis"};

static void check_text(const struct gw_reason *r, const char *text)
{
    assert_true(strlen(text) >= 4);
    assert_true(gw_utf8_valid(gw_bytes_str(text)));
    for (const char *open = strchr(text, '{'); open != NULL; open = strchr(open + 1, '{')) {
        const char *close = strchr(open, '}');
        assert_non_null(close);
        bool known = false;
        for (size_t i = 0; i < GW_ARRAY_LEN(known_params); i++)
            known |= gw_bytes_eq_str(gw_bytes_make(open + 1, (size_t)(close - open - 1)),
                                     known_params[i]);
        if (!known)
            fail_msg("unknown parameter in %s: %s", r->code, text);
    }
}

/* The same parameters in both languages. */
static void check_same_params(const struct gw_reason *r)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(known_params); i++) {
        char braced[32];
        struct gw_buf b;
        gw_buf_init_fixed(&b, braced, sizeof(braced));
        gw_buf_printf(&b, "{%s}%c", known_params[i], 0);
        if ((strstr(r->zh, braced) != NULL) != (strstr(r->en, braced) != NULL))
            fail_msg("%s: {%s} in one language only", r->code, known_params[i]);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    assert_null(gw_reason_find(GW_BYTES_NONE));
    assert_null(gw_reason_find(GW_BYTES_LIT("peer-unknow")));
    assert_null(gw_reason_find(GW_BYTES_LIT("peer-unknown2")));
    assert_null(gw_reason_find(GW_BYTES_LIT("peer-unknown\0")));
    assert_null(gw_reason_at(SIZE_MAX));
}

static void test_core_rows(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct gw_reason *r; (r = gw_reason_at(n)) != NULL; n++) {
        assert_ptr_equal(gw_reason_find(gw_bytes_str(r->code)), r);
        if (n != 0 && strcmp(gw_reason_at(n - 1)->code, r->code) >= 0)
            fail_msg("not sorted or repeated: %s", r->code);
        assert_int_equal(strspn(r->code, "abcdefghijklmnopqrstuvwxyz0123456789-."),
                         strlen(r->code));
        assert_in_range(r->grpc, 0, 16);
        assert_in_range(r->family, 0, 4);
        check_text(r, r->zh);
        check_text(r, r->en);
        check_same_params(r);
        /* A sentence each; the Chinese one is Chinese. */
        assert_true((unsigned char)r->zh[0] >= 0x80 || strchr("{XJ", r->zh[0]) != NULL);
        assert_string_equal(r->zh + strlen(r->zh) - strlen("。"), "。");
        assert_int_equal(r->en[strlen(r->en) - 1], '.');
        /* Only what passes by itself is worth a retry unchanged. */
        if (r->retry_ms != 0)
            assert_true(r->grpc == 8 || r->grpc == 14);
    }
    assert_true(n > 100);
}

static void test_codes_others_rely_on(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int grpc;
        int family;
        unsigned retry_ms;
    } rows[] = {{"peer-unknown", 16, 0, 0},
                {"no-grant", 7, 0, 0},
                {"log-unavailable", 14, 0, 1000},
                {"disk-low", 8, 0, 60000},
                {"draining", 14, 0, 500},
                {"duplicate", 6, 2, 0},
                {"revision-conflict", 10, 2, 0},
                {"enum-unknown", 3, 3, 0},
                {"target-field-missing", 3, 4, 0},
                {"mapping-error", 13, 4, 0},
                {"law-edition-unknown", 14, 0, 3600000},
                {"internal", 13, 0, 0},
                {"message-too-large", 8, 0, 0}};
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        const struct gw_reason *r = gw_reason_find(gw_bytes_str(rows[i].code));
        assert_non_null(r);
        assert_int_equal(r->grpc, rows[i].grpc);
        assert_int_equal(r->family, rows[i].family);
        assert_int_equal(r->retry_ms, rows[i].retry_ms);
    }
}

static void test_added_rows(void **state)
{
    (void)state;
    static const struct gw_reason twice[] = {{"x.a", 3, 1, 0, "一。", "One."},
                                             {"x.a", 3, 1, 0, "一。", "One."}};
    static const struct gw_reason clash[] = {{"x.b", 3, 1, 0, "一。", "One."},
                                             {"overload", 3, 1, 0, "一。", "One."}};
    static const struct gw_reason good[] = {{"x.z", 3, 1, 0, "一。", "One."},
                                            {"x.a", 7, 1, 0, "二。", "Two."}};
    assert_int_equal(gw_reason_add(twice, 2), GW_EXISTS);
    assert_int_equal(gw_reason_add(clash, 2), GW_EXISTS);
    assert_null(gw_reason_find(GW_BYTES_LIT("x.a")));
    assert_null(gw_reason_find(GW_BYTES_LIT("x.b")));
    assert_int_equal(gw_reason_add(NULL, 0), GW_OK);
    assert_int_equal(gw_reason_add(good, 2), GW_OK);
    assert_int_equal(gw_reason_add(good, 1), GW_EXISTS);
    assert_ptr_equal(gw_reason_find(GW_BYTES_LIT("x.a")), &good[1]);
    assert_ptr_equal(gw_reason_find(GW_BYTES_LIT("x.z")), &good[0]);
    size_t n = 0;
    while (gw_reason_at(n) != NULL)
        n++;
    assert_ptr_equal(gw_reason_at(n - 1), &good[0]);
}

static void test_report_without_memory_still_counts(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 16);
    struct gw_report r;
    gw_report_init(&r, a);
    gw_report_add(&r, GW_PROBLEM_ERROR, "field-missing", "XK_XDR", NULL);
    assert_true(gw_arena_failed(a));
    assert_true(gw_report_has_errors(&r));
    assert_null(r.first);
    assert_string_equal(gw_report_first_error(&r)->reason->code, "message-too-large");
    gw_arena_free(a);
}

static void test_report(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 4096);
    struct gw_report r;
    gw_report_init(&r, a);
    assert_false(gw_report_has_errors(&r));
    assert_null(gw_report_first_error(&r));
    char field[] = "CF_NR_FK";
    r.row = 3;
    gw_report_add(&r, GW_PROBLEM_WARNING, "date-future", NULL, NULL);
    gw_report_add(&r, GW_PROBLEM_ERROR, "amount-precision", field, "max", "6", "item", "a", "near",
                  "b", NULL);
    gw_report_add(&r, GW_PROBLEM_ERROR, "field-missing", "CF_WSH", NULL);
    field[0] = '!';
    assert_int_equal(r.count[GW_PROBLEM_ERROR], 2);
    assert_int_equal(r.count[GW_PROBLEM_WARNING], 1);
    const struct gw_problem *p = gw_report_first_error(&r);
    assert_string_equal(p->field, "CF_NR_FK");
    assert_int_equal(p->row, 3);
    assert_string_equal(p->params[0].value, "6");
    assert_string_equal(p->params[2].name, "near");
    assert_string_equal(p->next->field, "CF_WSH");
    assert_null(p->next->next);
    assert_string_equal(r.first->field, "");

    char mem[256];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    gw_problem_text(p, "zh", &b);
    assert_true(gw_bytes_eq_str(gw_buf_view(&b), "金额 CF_NR_FK 的小数位过多，最多 6 位。"));
    gw_buf_reset(&b);
    gw_problem_text(p, "en", &b);
    assert_true(
        gw_bytes_eq_str(gw_buf_view(&b),
                        "The amount CF_NR_FK has too many decimal places; at most 6 are allowed."));
    gw_buf_reset(&b);
    /* A parameter nobody gave is said to be missing, not shown as {field}. */
    gw_problem_text(r.first, "en", &b);
    assert_null(memchr(mem, '{', b.len));
    assert_non_null(memmem(mem, b.len, "this item", 9));
    gw_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_core_rows),
        cmocka_unit_test(test_codes_others_rely_on),
        cmocka_unit_test(test_added_rows),
        cmocka_unit_test(test_report_without_memory_still_counts),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What handlers tell the host, as the entry of their segment will say it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/adapter_internal.h"

static const struct gw_adapter_host *const host = &gw_adapter_host_ops;
static struct gw_arena *arena;
static struct gw_segment segment;
static struct gw_adapter_call call;

static int setup(void **state)
{
    (void)state;
    arena = gw_arena_new("test", 1 << 20);
    gw_segment_init(&segment, arena, 1);
    call = (struct gw_adapter_call){.magic = GW_ADAPTER_CALL_MAGIC, .segment = &segment};
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    gw_segment_fini(&segment);
    gw_arena_free(arena);
    return 0;
}

static void all_kinds_of_a_segment_are_named_once(void **state)
{
    (void)state;
    host->note_kind(&call, "penalty", "row.penalty");
    host->note_kind(&call, "permit", "row.permit");
    host->note_kind(&call, "penalty", "row.penalty");
    host->note_kind(&call, "", NULL);
    host->note_formats(&call, "a.penalty@1", "");
    host->note_formats(&call, "a.penalty@10", NULL);
    host->note_formats(&call, "a.penalty@1", NULL);
    assert_string_equal(segment.record_kind, "penalty permit");
    assert_string_equal(segment.legal_basis, "row.penalty row.permit");
    assert_string_equal(segment.source_format, "a.penalty@1 a.penalty@10");
    assert_null(segment.target_format);
}

static void what_does_not_fit_is_not_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        char kind[16] = "kind-xx";
        kind[5] = (char)('a' + i);
        host->note_kind(&call, kind, NULL);
    }
    assert_string_equal(segment.record_kind, "several");
    char format[66] = "";
    memset(format, 'x', sizeof(format) - 1);
    host->note_formats(&call, format, NULL);
    assert_string_equal(segment.source_format, "several");
}

static void two_batches_are_not_one(void **state)
{
    (void)state;
    static const uint8_t a[16] = {1}, b[16] = {2};
    host->note_batch(&call, a);
    host->note_batch(&call, a);
    assert_true(segment.has_batch);
    assert_false(segment.many_batches);
    host->note_batch(&call, b);
    assert_true(segment.many_batches);
}

static void findings_have_texts_in_both_languages(void **state)
{
    (void)state;
    struct gw_adapter_finding f = {0};
    assert_int_not_equal(host->finding(&call, 0, &f), 0);
    gw_report_add(&segment.found, GW_PROBLEM_WARNING, "value-range", "first", NULL);
    segment.found.row = 3;
    gw_report_add(&segment.found, GW_PROBLEM_ERROR, "amount-missing", "sum", "because", "kind",
                  NULL);
    /* Errors first. */
    assert_int_equal(host->finding(&call, 0, &f), 0);
    assert_int_equal(f.type, GW_FINDING_ERROR);
    assert_int_equal(f.row, 3);
    assert_string_equal(f.reason, "amount-missing");
    assert_string_equal(f.text_en, "The amount sum is required because of kind; supply it.");
    assert_non_null(strstr(f.text_zh, "sum"));
    assert_int_equal(host->finding(&call, 1, &f), 0);
    assert_int_equal(f.type, GW_FINDING_WARNING);
    assert_string_equal(f.field, "first");
    assert_int_equal(f.row, 0);
    assert_int_not_equal(host->finding(&call, 2, &f), 0);
}

/* However much is wrong with a record, an adapter that asks for all of it is soon done; and it
 * hears of the error behind a thousand warnings. */
static void findings_are_bounded(void **state)
{
    (void)state;
    struct gw_adapter_finding f = {0};
    for (int i = 0; i < 1000; i++)
        gw_report_add(&segment.found, GW_PROBLEM_WARNING, "value-range", "field", NULL);
    gw_report_add(&segment.found, GW_PROBLEM_ERROR, "amount-missing", "sum", NULL);
    assert_int_equal(host->finding(&call, 0, &f), 0);
    assert_string_equal(f.reason, "amount-missing");
    size_t n = 1;
    while (host->finding(&call, n, &f) == 0)
        n++;
    assert_int_equal(n, GW_FINDINGS_MAX);
}

static void without_powers_everything_is_closed(void **state)
{
    (void)state;
    struct gw_adapter_list list;
    const struct gw_adapter_measure *m;
    ProtobufCMessage *record = NULL;
    const uint8_t *out;
    const char *word;
    size_t n;
    int32_t day;
    assert_int_equal(host->record_read(&call, "a@1", NULL, 0, NULL, &record), -1);
    assert_int_equal(host->record_admit(&call, NULL), -1);
    assert_int_equal(host->record_write(&call, NULL, "a@1", 0, &out, &n), -1);
    assert_int_equal(host->records_of_subject(&call, "score", "CN-ID", "", 0, NULL, NULL, NULL),
                     -1);
    word = host->covers(&call, "penalty", NULL, 1, NULL);
    assert_non_null(word);
    assert_non_null(gw_reason_find(gw_bytes_str(word)));
    assert_int_equal(host->granted(&call, "reasons"), 0);
    assert_string_equal(host->purpose(&call), "");
    assert_int_equal(host->law_list(&call, "x", &list), 1);
    assert_int_equal(host->law_list_at(&call, 0, &list), 1);
    assert_int_not_equal(host->law_measures(&call, NULL, &m, &n), 0);
    assert_int_equal(host->law_end(&call, NULL, GW_CLOCK_USE, &day), 1);
    assert_int_equal(host->law_benefit_purpose(&call, "x"), 0);
    assert_string_equal(host->log_origin(&call), "");
    assert_null(host->generation(&call));
}

static void lines_of_status_are_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * GW_SEGMENT_LINES; i++)
        host->status_line(&call, "item", "state", NULL, "text", i == 0);
    assert_int_equal(segment.line_count, GW_SEGMENT_LINES);
    assert_true(segment.lines->red);
    assert_string_equal(segment.lines->zh, "");
    assert_false(segment.lines->next->red);
}

static void text_that_is_not_utf8_ends_before_that(void **state)
{
    (void)state;
    host->status_line(&call, "item\xe4\xbf", "state", "\xe4\xbf\xa1\xff", "", 0);
    assert_string_equal(segment.lines->item, "item");
    assert_string_equal(segment.lines->zh, "\xe4\xbf\xa1");
    host->parameter(&call, "seen", "a\xc0z");
    host->parameter(&call, "none", NULL);
    assert_string_equal(segment.params[0].value, "a");
    assert_null(segment.params[1].value);
}

static void every_operation_is_there(void **state)
{
    (void)state;
    void *const *op = (void *const *)(const void *)&host->alloc;
    size_t n = (sizeof(*host) - offsetof(struct gw_adapter_host, alloc)) / sizeof(*op);
    for (size_t i = 0; i < n; i++)
        assert_non_null(op[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_kinds_of_a_segment_are_named_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(two_batches_are_not_one, setup, teardown),
        cmocka_unit_test_setup_teardown(findings_have_texts_in_both_languages, setup, teardown),
        cmocka_unit_test_setup_teardown(findings_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(without_powers_everything_is_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_status_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(text_that_is_not_utf8_ends_before_that, setup, teardown),
        cmocka_unit_test_setup_teardown(every_operation_is_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

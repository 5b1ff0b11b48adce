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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_kinds_of_a_segment_are_named_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(two_batches_are_not_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

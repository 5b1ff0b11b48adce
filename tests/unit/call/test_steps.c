/* The step tables themselves: every way to `respond` passes `audit`, and what runs in the
 * transaction is one unbroken stretch that begins with the handlers and ends with the entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call/call_internal.h"

enum { LOOP, TX };
static const struct {
    const char *name;
    int where;
} table[] = {
#define GW_SEGMENT_STEP(name, where, text) {#name, where},
#include "call/segment_steps.def"
#undef GW_SEGMENT_STEP
};

static void respond_is_last_and_audit_is_before_it(void **state)
{
    (void)state;
    assert_int_equal(GW_SEGMENT_respond, GW_SEGMENT_STEP_COUNT - 1);
    assert_int_equal(GW_SEGMENT_audit, GW_SEGMENT_respond - 1);
    assert_string_equal(table[GW_SEGMENT_audit].name, "audit");
}

static void refusal_enters_before_audit(void **state)
{
    (void)state;
    /* segment.c's turn_into_refusal() jumps to encode: no refusal can pass audit by. */
    assert_true(GW_SEGMENT_encode < GW_SEGMENT_commit);
    assert_true(GW_SEGMENT_commit < GW_SEGMENT_audit);
}

static void transaction_is_one_stretch_from_adapt_to_encode(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_SEGMENT_STEP_COUNT; i++)
        assert_int_equal(table[i].where == TX, i >= GW_SEGMENT_adapt && i <= GW_SEGMENT_encode);
}

static void peer_is_known_before_anything_opens(void **state)
{
    (void)state;
    assert_true(GW_CALL_route < GW_CALL_authorise);
    assert_true(GW_CALL_authorise < GW_CALL_open);
    assert_int_equal(GW_CALL_open, GW_CALL_STEP_COUNT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(respond_is_last_and_audit_is_before_it),
        cmocka_unit_test(refusal_enters_before_audit),
        cmocka_unit_test(transaction_is_one_stretch_from_adapt_to_encode),
        cmocka_unit_test(peer_is_known_before_anything_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Work by the clock: one transaction, one entry when it noted counts, nothing left when it failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "grpc/health/v1/health.pb-c.h"
#include "server/tick.h"

/* ---- the adapter ---- */

static const struct gw_adapter_host *host;
static int32_t (*on_tick)(struct gw_adapter_call *c);

static int32_t init(const struct gw_adapter_host *h, void **ret)
{
    host = h;
    *ret = NULL;
    return 0;
}

static int32_t work(void *a, struct gw_adapter_call *c)
{
    (void)a;
    return on_tick(c);
}

static const struct gw_adapter adapter = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(struct gw_adapter),
    .name = "test",
    .init = init,
    .tick_ms = 1,
    .tick = work,
};

#include "call/call_test.h"

static struct gw_ticker *ticker;

/* One run; how many entries it made. */
static uint64_t run_once(int32_t (*fn)(struct gw_adapter_call *c))
{
    uint64_t before = gw_audit_size(log_);
    on_tick = fn;
    gw_ticker_run_all(ticker);
    return gw_audit_size(log_) - before;
}

static unsigned failures(void)
{
    return atomic_load(&gw_adapter_set_at(adapters, 0)->whole->health->failures);
}

static int64_t change_no;

static int32_t change_and_note(struct gw_adapter_call *c)
{
    assert_null(c->reader);
    change_no = host->change_next(c);
    host->note_counts(c, 2, 1);
    host->note_kind(c, "list_entry", "list.serious");
    host->note_list(c, "serious", "7");
    host->note_agreement(c, "qianjiang");
    host->note_consent(c, "consent-1");
    host->note_subject(c, "CN-USCC", "11330600002500009G", 18);
    assert_string_equal(host->purpose(c), "operation");
    assert_int_equal(host->granted(c, "reasons"), 0);
    assert_non_null(host->covers(c, "penalty", NULL, 1, NULL));
    assert_non_null(host->covers(c, "list_entry", "serious", 1, NULL));
    assert_int_equal(host->records_of_subject(c, "score", "CN-ID", "x", 1, NULL, NULL, NULL), -1);
    return 0;
}

static void what_was_noted_has_an_entry_and_is_visible(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    struct gw_hash consent;
    assert_int_equal(run_once(change_and_note), 1);
    assert_int_equal(gw_store_visible(store), change_no);
    struct gw_audit_entry e = entry(0, room);
    assert_int_equal(e.num[GW_AF_KIND], GW_AUDIT_EXCHANGE);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_METHOD], "test/tick"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_PEER_ID], "self"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_PURPOSE], "operation"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_LEGAL_BASIS], "list.serious"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_REASON], "ok"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_LIST], "serious"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_AGREEMENT], "qianjiang"));
    assert_int_equal(e.num[GW_AF_LIST_VERSION], 7);
    assert_int_equal(e.num[GW_AF_RECORD_COUNT], 2);
    assert_int_equal(e.num[GW_AF_REFUSED_COUNT], 1);
    assert_int_equal(e.num[GW_AF_SUBJECT_COUNT], 1);
    assert_int_equal(e.num[GW_AF_DECISION], GW_AUDIT_ALLOW);
    gw_audit_pseudonym(gw_audit_keys_peek(log_), "CONSENT", GW_BYTES_LIT("consent-1"), &consent);
    assert_memory_equal(e.str[GW_AF_CONSENT_REF].ptr, consent.byte, sizeof(consent.byte));
    assert_int_equal(failures(), 0);
}

static int32_t note_two_of_each(struct gw_adapter_call *c)
{
    host->note_counts(c, 1, 0);
    host->note_list(c, "serious", "7");
    host->note_list(c, "red", "8");
    host->note_consent(c, "consent-1");
    host->note_consent(c, "consent-2");
    return 0;
}

static void what_stands_for_one_is_absent_for_two(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    assert_int_equal(run_once(note_two_of_each), 1);
    struct gw_audit_entry e = entry(0, room);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_LIST], "serious red"));
    assert_true(gw_bytes_eq_str(e.str[GW_AF_LEGAL_BASIS], "operation"));
    assert_false(gw_audit_has(&e, GW_AF_LIST_VERSION));
    assert_false(gw_audit_has(&e, GW_AF_CONSENT_REF));
}

static int32_t nothing(struct gw_adapter_call *c)
{
    (void)c;
    return 0;
}

static void nothing_noted_leaves_no_entry(void **state)
{
    (void)state;
    assert_int_equal(run_once(nothing), 0);
    assert_int_equal(failures(), 0);
}

static int32_t change_in_silence(struct gw_adapter_call *c)
{
    (void)host->change_next(c);
    return 0;
}

static void a_change_without_a_note_is_undone(void **state)
{
    (void)state;
    int64_t before = gw_store_visible(store);
    assert_int_equal(run_once(change_in_silence), 0);
    assert_int_equal(failures(), 1);
    assert_int_equal(run_once(change_and_note), 1);
    assert_int_equal(change_no, before + 1); /* its number was given back */
    assert_int_equal(failures(), 0);
}

static int32_t change_and_fail(struct gw_adapter_call *c)
{
    (void)host->change_next(c);
    host->note_counts(c, 1, 0);
    return -1;
}

static void a_failure_is_undone_and_counted(void **state)
{
    (void)state;
    const struct gw_adapter_health *h = gw_adapter_set_at(adapters, 0)->whole->health;
    int64_t before = gw_store_visible(store);
    for (int i = 0; i < 5; i++) {
        assert_false(gw_adapter_tick_fails(h));
        assert_int_equal(run_once(change_and_fail), 0);
    }
    assert_true(gw_adapter_tick_fails(h));
    assert_int_equal(gw_store_visible(store), before);
    assert_int_equal(run_once(nothing), 0);
    assert_false(gw_adapter_tick_fails(h));
}

static int32_t finish_once(struct gw_adapter_call *c)
{
    host->finish(c, "ok");
    host->finish(c, "ok");
    return 0;
}

static void it_has_nobody_to_answer(void **state)
{
    (void)state;
    assert_int_equal(run_once(finish_once), 0);
}

static atomic_uint runs;

static int32_t count_runs(struct gw_adapter_call *c)
{
    (void)c;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void the_clock_runs_it_until_the_end(void **state)
{
    (void)state;
    on_tick = count_runs;
    assert_int_equal(gw_ticker_start(ticker), GW_OK);
    int64_t until = gw_clock_mono_us() + GIVE_UP_US;
    while (atomic_load(&runs) < 3)
        assert_true(gw_clock_mono_us() < until);
    gw_ticker_use(ticker, &generation);
    gw_ticker_free(ticker);
    unsigned n = atomic_load(&runs);
    assert_true(n >= 3);
    assert_int_equal(atomic_load(&generation.refs), 1);
}

static int tick_setup(void **state)
{
    as_loaded = true;
    gw_adapter_budgets(60000, 60000);
    if (setup(state) != 0)
        return 1;
    ((struct gw_adapter_target *)(uintptr_t)gw_adapter_set_at(adapters, 0)->whole)->loaded = true;
    return gw_ticker_new(adapters, store, log_, &generation, &ticker) != GW_OK;
}

int main(void)
{
    gw_log_setup(2, GW_LOG_ERROR, true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_has_an_entry_and_is_visible),
        cmocka_unit_test(what_stands_for_one_is_absent_for_two),
        cmocka_unit_test(nothing_noted_leaves_no_entry),
        cmocka_unit_test(a_change_without_a_note_is_undone),
        cmocka_unit_test(a_failure_is_undone_and_counted),
        cmocka_unit_test(it_has_nobody_to_answer),
        cmocka_unit_test(the_clock_runs_it_until_the_end),
    };
    return cmocka_run_group_tests(tests, tick_setup, teardown);
}

/* Calls of an adapter from a file: its handlers on workers, streams that wait for a change, and
 * what is contained. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "call/call_internal.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "xinqiao/v1/exchange.pb-c.h"

/* ---- the adapter ---- */

static const struct gw_adapter_host *host;
static int32_t (*on_check)(struct gw_adapter_call *c);    /* unary, on a worker */
static int32_t (*on_status)(struct gw_adapter_call *c);   /* unary, on the loop */
static int32_t (*on_watch)(struct gw_adapter_call *c);    /* a stream */
static int32_t (*on_writable)(struct gw_adapter_call *c); /* of it */
static unsigned closed, cancelled;

static int32_t init(const struct gw_adapter_host *h, void **ret)
{
    host = h;
    *ret = NULL;
    return 0;
}

#define HANDLER(name, fn)                                                                          \
    static int32_t name(void *a, struct gw_adapter_call *c, void *state,                           \
                        const ProtobufCMessage *m, void *item)                                     \
    {                                                                                              \
        (void)a, (void)state, (void)m, (void)item;                                                 \
        return fn(c);                                                                              \
    }
HANDLER(check, on_check)
HANDLER(status, on_status)
HANDLER(watch, on_watch)

static int32_t writable(void *a, struct gw_adapter_call *c, void *state)
{
    (void)a, (void)state;
    return on_writable(c);
}

static int32_t open_any(void *a, struct gw_adapter_call *c, void **ret_state)
{
    (void)a, (void)c, (void)ret_state;
    return 0;
}

static void cancel(void *a, struct gw_adapter_call *c, void *state)
{
    (void)a, (void)c, (void)state;
    cancelled++;
}

static void close_any(void *a, struct gw_adapter_call *c, void *state)
{
    (void)a, (void)c, (void)state;
    closed++;
}

static const struct gw_adapter_method health_methods[] = {
    {.name = "Check",
     .place = GW_PLACE_WORKER,
     .open = open_any,
     .message = check,
     .cancel = cancel,
     .close = close_any},
    {.name = "Watch",
     .streaming = GW_STREAM_SERVER,
     .open = open_any,
     .message = watch,
     .writable = writable,
     .cancel = cancel,
     .close = close_any},
};
static const struct gw_adapter_method exchange_methods[] = {
    {.name = "ListFormats", .message = status},
};
static const struct gw_adapter_service services[] = {
    {&grpc__health__v1__health__descriptor, health_methods, GW_ARRAY_LEN(health_methods)},
    {&xinqiao__v1__record_exchange__descriptor, exchange_methods, GW_ARRAY_LEN(exchange_methods)},
};
static const struct gw_adapter adapter = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(struct gw_adapter),
    .name = "test",
    .services = services,
    .service_count = GW_ARRAY_LEN(services),
    .init = init,
};

#include "call/call_test.h"

static void send_status(struct gw_adapter_call *c)
{
    Grpc__Health__V1__HealthCheckResponse m = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    m.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    host->send(c, &m.base);
}

static void check_once(void)
{
    call = begin("/grpc.health.v1.Health/Check");
    say(call, true);
}

static void formats_once(void)
{
    call = begin("/xinqiao.v1.RecordExchange/ListFormats");
    static const uint8_t frame[] = {0, 0, 0, 0, 0};
    gw_call_data(call, gw_bytes_make(frame, sizeof(frame)));
    gw_call_end(call);
    gw_call_drained(call);
}

static struct gw_adapter_health *health_of(const char *name)
{
    for (size_t i = 0; i < gw_adapter_target_count(adapters); i++)
        if (strcmp(gw_adapter_target_at(adapters, i)->name, name) == 0)
            return gw_adapter_target_at(adapters, i)->health;
    fail();
    return NULL;
}

static bool says(struct gw_audit_entry e, const char *reason)
{
    return gw_bytes_eq_str(e.str[GW_AF_REASON], reason);
}

/* ---- workers ---- */

static bool saw_reader, on_loop;

static int32_t look_around(struct gw_adapter_call *c)
{
    saw_reader = c->reader != NULL && c->reader != reader;
    on_loop = gw_io_loop_is_current(loop.io);
    send_status(c);
    host->finish(c, "ok");
    return 0;
}

static void a_worker_answers_with_a_reader_of_its_own(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    uint64_t before = gw_audit_size(log_);
    on_check = look_around;
    run(check_once, answered);
    assert_string_equal(out.status, "0");
    assert_int_equal(out.messages, 1);
    assert_true(saw_reader);
    assert_false(on_loop);
    assert_int_equal(gw_audit_size(log_), before + 1);
    assert_true(says(entry(0, room), "ok"));
}

static int32_t refuse(struct gw_adapter_call *c)
{
    host->violation(c, "a-telling-field", "value-range");
    host->finish(c, "value-range");
    return 0;
}

static void a_worker_refuses_with_details(void **state)
{
    (void)state;
    on_check = refuse;
    run(check_once, answered);
    assert_string_equal(out.status, "3");
    assert_non_null(memmem(out.details.ptr, out.details.len, "a-telling-field", 15));
}

static void without_workers_it_is_refused(void **state)
{
    (void)state;
    struct gw_call_workers *kept = workers;
    workers = NULL;
    on_check = look_around;
    run(check_once, answered);
    workers = kept;
    assert_string_equal(out.status, "14");
}

static sem_t held, release;
static bool released;

static int32_t wait_for_release(struct gw_adapter_call *c)
{
    sem_post(&held);
    sem_wait(&release);
    for (int i = 0; i < 100; i++)
        (void)!host->alloc(c, 512);
    host->note_subject(c, "CN-USCC", "11330600002500009G", 18);
    send_status(c);
    host->finish(c, "ok");
    return 0;
}

/* The answer comes while the handler still runs; only then it is let go. */
static bool answered_then_released(void)
{
    if (out.ended && !released) {
        assert_int_equal(loop.call_count, 1);
        released = true;
        sem_post(&release);
    }
    return answered();
}

static void what_comes_after_the_deadline_is_dropped(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    uint64_t before = gw_audit_size(log_);
    unsigned long late = atomic_load(&health_of("Health/Check")->late);
    unsigned was = cancelled;
    on_check = wait_for_release;
    limits.default_deadline_ms = 100;
    released = false;
    run(check_once, answered_then_released);
    limits.default_deadline_ms = 0;
    assert_true(released);
    assert_string_equal(out.status, "4");
    assert_int_equal(out.messages, 0);
    assert_int_equal(gw_audit_size(log_), before + 1);
    struct gw_audit_entry e = entry(0, room);
    assert_true(says(e, "deadline"));
    assert_true(gw_audit_has(&e, GW_AF_REQUEST_COMMIT));
    assert_int_equal(e.num[GW_AF_REQUEST_SIZE], 3);
    assert_false(gw_audit_has(&e, GW_AF_OUTPUT_COMMIT));
    assert_false(gw_audit_has(&e, GW_AF_SUBJECT_COUNT));
    assert_int_equal(atomic_load(&health_of("Health/Check")->late), late + 1);
    assert_int_equal(cancelled, was + 1);
}

static bool gone_then_released(void)
{
    if (call != NULL && sem_trywait(&held) == 0) {
        struct gw_call *c = call;
        call = NULL;
        gw_call_closed(c);
        assert_int_equal(loop.call_count, 1);
        sem_post(&release);
    }
    return loop.call_count == 0;
}

static void a_caller_that_goes_does_not_pull_the_call_away(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    while (sem_trywait(&held) == 0)
        ;
    on_check = wait_for_release;
    run(check_once, gone_then_released);
    assert_true(says(entry(0, room), "cancelled"));
    assert_int_equal(out.messages, 0);
}

/* ---- waiting for a change ---- */

static struct {
    struct gw_store_job job;
    int64_t change;
    bool done;
} write_one;
static int64_t wait_after;
static uint32_t wait_ms;
static unsigned woken;

static enum gw_status put_change(struct gw_store_job *j, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16];
    int64_t receipt;
    (void)j;
    write_one.change = gw_store_change_next(tx);
    return gw_store_pending_put(tx, exchange, 0, 0, GW_BYTES_LIT("entry"), &receipt);
}

static void make_visible(void)
{
    write_one.job = (struct gw_store_job){.run = put_change};
    assert_int_equal(gw_store_run(store, &write_one.job), GW_OK);
    gw_store_visible_advance(store, write_one.change);
}

static int32_t begin_waiting(struct gw_adapter_call *c)
{
    woken = 0;
    wait_after = gw_store_visible(store);
    host->wait_change(c, wait_after, wait_ms);
    return 0;
}

static int32_t wait_again(struct gw_adapter_call *c)
{
    woken++;
    if (gw_store_visible(store) > wait_after) {
        send_status(c);
        host->finish(c, "ok");
        return 0;
    }
    host->wait_change(c, wait_after, wait_ms);
    return 0;
}

static void watch_once(void)
{
    call = begin("/grpc.health.v1.Health/Watch");
    say(call, true);
}

static bool parked(void)
{
    return !gw_list_empty(&loop.waiting);
}

static bool change_when_parked(void)
{
    if (call != NULL && parked() && woken == 0)
        make_visible();
    return answered();
}

static void a_change_wakes_who_waits_for_it(void **state)
{
    (void)state;
    uint64_t before = gw_audit_size(log_);
    on_watch = begin_waiting;
    on_writable = wait_again;
    wait_ms = 3600 * 1000;
    run(watch_once, change_when_parked);
    assert_string_equal(out.status, "0");
    assert_int_equal(woken, 1);
    assert_int_equal(out.messages, 1);
    assert_int_equal(atomic_load(&news->waiters), 0);
    assert_int_equal(gw_audit_size(log_), before + 3); /* the question, the answer, the end */
}

static int32_t wait_for_the_past(struct gw_adapter_call *c)
{
    wait_after = gw_store_visible(store) - 1;
    host->wait_change(c, wait_after, wait_ms);
    return 0;
}

static void what_is_visible_already_is_not_waited_for(void **state)
{
    (void)state;
    on_watch = wait_for_the_past;
    on_writable = wait_again;
    wait_ms = 3600 * 1000;
    run(watch_once, answered);
    assert_string_equal(out.status, "0");
}

static bool woken_thrice(void)
{
    if (call != NULL && woken == 3)
        make_visible();
    return answered();
}

static void the_timeout_wakes_too_and_leaves_no_entry(void **state)
{
    (void)state;
    uint64_t before = gw_audit_size(log_);
    on_watch = begin_waiting;
    on_writable = wait_again;
    wait_ms = 5;
    run(watch_once, woken_thrice);
    assert_true(woken >= 4);
    assert_int_equal(gw_audit_size(log_), before + 3);
}

static bool gone_when_parked(void)
{
    if (call != NULL && parked()) {
        struct gw_call *c = call;
        call = NULL;
        gw_call_closed(c);
    }
    return loop.call_count == 0;
}

static void who_goes_does_not_wait(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    on_watch = begin_waiting;
    wait_ms = 3600 * 1000;
    run(watch_once, gone_when_parked);
    assert_true(says(entry(0, room), "cancelled"));
    assert_int_equal(atomic_load(&news->waiters), 0);
}

static void nor_past_the_deadline(void **state)
{
    (void)state;
    on_watch = begin_waiting;
    wait_ms = 3600 * 1000;
    limits.default_deadline_ms = 20;
    run(watch_once, answered);
    limits.default_deadline_ms = 0;
    assert_string_equal(out.status, "4");
    assert_int_equal(atomic_load(&news->waiters), 0);
}

static bool drained_when_parked(void)
{
    if (call != NULL && parked())
        gw_call_drain(&loop);
    return answered();
}

static void drain_ends_who_waits(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    on_watch = begin_waiting;
    wait_ms = 3600 * 1000;
    run(watch_once, drained_when_parked);
    assert_string_equal(out.status, "14");
    assert_true(says(entry(0, room), "draining"));
}

/* ---- containment ---- */

static int32_t fails(struct gw_adapter_call *c)
{
    (void)c;
    asked++;
    return -1;
}

static int32_t forgets(struct gw_adapter_call *c)
{
    (void)c;
    asked++;
    return 0;
}

static int32_t names_no_reason(struct gw_adapter_call *c)
{
    asked++;
    host->finish(c, "no-such-reason");
    return 0;
}

static int32_t waits_with_one_answer(struct gw_adapter_call *c)
{
    asked++;
    host->wait_change(c, 0, 1);
    return 0;
}

static int32_t twice(struct gw_adapter_call *c)
{
    asked++;
    send_status(c);
    send_status(c);
    host->finish(c, "ok");
    host->finish(c, "value-range");
    send_status(c);
    return 0;
}

static int32_t well(struct gw_adapter_call *c)
{
    send_status(c);
    host->finish(c, "ok");
    return 0;
}

static atomic_uint told;
static void on_disabled(void *arg, const struct gw_adapter_target *t)
{
    (void)arg;
    assert_string_equal(t->name, "RecordExchange/ListFormats");
    told++;
}

static void five_failures_in_a_row_disable(void **state)
{
    (void)state;
    static const struct {
        int32_t (*fn)(struct gw_adapter_call *c);
        const char *status;
        unsigned messages;
    } cases[] = {{fails, "13", 0},
                 {forgets, "13", 0},
                 {names_no_reason, "13", 0},
                 {waits_with_one_answer, "13", 0},
                 {twice, "0", 1}};
    struct gw_adapter_health *h = health_of("RecordExchange/ListFormats");
    assert_int_equal(gw_adapter_watch_start(on_disabled, NULL), GW_OK);
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        uint8_t room[GW_AUDIT_ENTRY_MAX];
        told = 0;
        for (int k = 0; k < 4; k++) {
            on_status = cases[i].fn;
            run(formats_once, answered);
            assert_string_equal(out.status, cases[i].status);
            assert_int_equal(out.messages, cases[i].messages);
        }
        on_status = well;
        run(formats_once, answered);
        assert_int_equal(atomic_load(&h->failures), 0);
        on_status = cases[i].fn;
        for (int k = 0; k < 5; k++) {
            assert_false(atomic_load(&h->disabled));
            run(formats_once, answered);
        }
        assert_int_equal(told, 1);
        assert_true(gw_adapter_service_disabled(adapters, "xinqiao.v1.RecordExchange"));
        assert_false(gw_adapter_service_disabled(adapters, "xinqiao.v1.Record"));
        assert_false(gw_adapter_service_disabled(adapters, "grpc.health.v1.Health"));
        run(formats_once, answered);
        assert_int_equal(asked, 0);
        assert_string_equal(out.status, "14");
        assert_true(says(entry(0, room), "method-disabled"));
        gw_adapter_set_enable(adapters);
        assert_false(atomic_load(&h->disabled));
    }
    gw_adapter_watch_stop();
}

static int32_t stuck(struct gw_adapter_call *c)
{
    while (atomic_load(&told) == 0)
        usleep(1000);
    return well(c);
}

static void who_does_not_come_back_is_disabled_meanwhile(void **state)
{
    (void)state;
    told = 0;
    assert_int_equal(gw_adapter_watch_start(on_disabled, NULL), GW_OK);
    gw_adapter_budgets(1, 1);
    on_status = stuck;
    run(formats_once, answered);
    assert_int_equal(told, 1);
    assert_string_equal(out.status, "0");
    gw_adapter_watch_stop();
    gw_adapter_budgets(60000, 60000);
    gw_adapter_set_enable(adapters);
}

/* ---- */

static int all_setup(void **state)
{
    static struct gw_call_news its;
    as_loaded = true;
    sem_init(&held, 0, 0);
    sem_init(&release, 0, 0);
    gw_adapter_budgets(60000, 60000);
    if (setup(state) != 0 || gw_call_workers_new(store, 2, &workers) != GW_OK ||
        gw_call_news_init(&its, store) != GW_OK)
        return 1;
    news = &its;
    return 0;
}

static int all_teardown(void **state)
{
    gw_call_workers_free(workers);
    return teardown(state);
}

int main(void)
{
    gw_log_setup(2, GW_LOG_ERROR, true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_answers_with_a_reader_of_its_own),
        cmocka_unit_test(a_worker_refuses_with_details),
        cmocka_unit_test(without_workers_it_is_refused),
        cmocka_unit_test(what_comes_after_the_deadline_is_dropped),
        cmocka_unit_test(a_caller_that_goes_does_not_pull_the_call_away),
        cmocka_unit_test(a_change_wakes_who_waits_for_it),
        cmocka_unit_test(what_is_visible_already_is_not_waited_for),
        cmocka_unit_test(the_timeout_wakes_too_and_leaves_no_entry),
        cmocka_unit_test(who_goes_does_not_wait),
        cmocka_unit_test(nor_past_the_deadline),
        cmocka_unit_test(drain_ends_who_waits),
        cmocka_unit_test(five_failures_in_a_row_disable),
        cmocka_unit_test(who_does_not_come_back_is_disabled_meanwhile),
    };
    return cmocka_run_group_tests(tests, all_setup, all_teardown);
}

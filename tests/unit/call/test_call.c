/* Calls over a transport that is an array: refusals that have run out of memory, streams that are
 * cut, peers that do not read, a log that is full or dead. The log is real, the adapter is ours. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "call/call_internal.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "xinqiao/v1/exchange.pb-c.h"

enum { BIG_ANSWER = 300 * 1024 };

/* ---- the adapter: what its handlers do is the test's ---- */

static const struct gw_adapter_host *host;
static int32_t (*on_check)(struct gw_adapter_call *c);
static int32_t (*on_open)(struct gw_adapter_call *c); /* NULL: nothing happens there */
static int32_t (*on_watch)(struct gw_adapter_call *c);
static int32_t (*on_watch_writable)(struct gw_adapter_call *c);
static unsigned asked; /* messages that the bidirectional method has seen */

static int32_t init(const struct gw_adapter_host *h, void **ret)
{
    host = h;
    *ret = &host;
    return 0;
}

static int32_t open_any(void *a, struct gw_adapter_call *c, void **ret_state)
{
    (void)a;
    *ret_state = NULL;
    return on_open != NULL ? on_open(c) : 0;
}

static int32_t check(void *a, struct gw_adapter_call *c, void *state, const ProtobufCMessage *m,
                     void *item)
{
    (void)a, (void)state, (void)m, (void)item;
    return on_check(c);
}

static int32_t watch(void *a, struct gw_adapter_call *c, void *state, const ProtobufCMessage *m,
                     void *item)
{
    (void)a, (void)state, (void)m, (void)item;
    return on_watch(c);
}

static int32_t watch_writable(void *a, struct gw_adapter_call *c, void *state)
{
    (void)a, (void)state;
    return on_watch_writable(c);
}

static int32_t reflect(void *a, struct gw_adapter_call *c, void *state, const ProtobufCMessage *m,
                       void *item)
{
    (void)a, (void)state, (void)m, (void)item;
    static uint8_t big[BIG_ANSWER];
    asked++;
    host->send_packed(c, big, sizeof(big));
    return 0;
}

static int32_t reflect_end(void *a, struct gw_adapter_call *c, void *state)
{
    (void)a, (void)state;
    host->finish(c, "ok");
    return 0;
}

static const struct gw_adapter_method health_methods[] = {
    {.name = "Check", .streaming = GW_STREAM_UNARY, .open = open_any, .message = check},
    {.name = "Watch",
     .streaming = GW_STREAM_SERVER,
     .open = open_any,
     .message = watch,
     .writable = watch_writable},
};
static const struct gw_adapter_method reflection_methods[] = {
    {.name = "ServerReflectionInfo",
     .streaming = GW_STREAM_BIDI,
     .message = reflect,
     .half_close = reflect_end},
};
/* The batch of a push is what its key says. */
static int32_t push_prepare(void *a, struct gw_adapter_call *c, const ProtobufCMessage *m,
                            void **ret_item)
{
    (void)a;
    const Xinqiao__V1__PushItem *in = (const Xinqiao__V1__PushItem *)m;
    uint8_t batch[16] = {(uint8_t)in->key[0]};
    *ret_item = &host;
    if (in->key[0] != '\0')
        host->note_batch(c, batch);
    return 0;
}

static int32_t push(void *a, struct gw_adapter_call *c, void *state, const ProtobufCMessage *m,
                    void *item)
{
    (void)a, (void)c, (void)state, (void)m;
    assert_ptr_equal(item, &host);
    asked++;
    return 0;
}

static const struct gw_adapter_method exchange_methods[] = {
    {.name = "Push",
     .streaming = GW_STREAM_BIDI,
     .place = GW_PLACE_WRITER,
     .prepare = push_prepare,
     .message = push,
     .half_close = reflect_end},
};
static const struct gw_adapter_service services[] = {
    {&xinqiao__v1__record_exchange__descriptor, exchange_methods, GW_ARRAY_LEN(exchange_methods)},
    {&grpc__health__v1__health__descriptor, health_methods, GW_ARRAY_LEN(health_methods)},
    {&grpc__reflection__v1__server_reflection__descriptor, reflection_methods,
     GW_ARRAY_LEN(reflection_methods)},
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

static int32_t not_reached(struct gw_adapter_call *c)
{
    (void)c;
    fail();
    return 0;
}

static void send_status(struct gw_adapter_call *c)
{
    Grpc__Health__V1__HealthCheckResponse m = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    m.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    host->send(c, &m.base);
}

#include "call/call_test.h"

/* ---- memory ---- */

static int32_t eat_all(struct gw_adapter_call *c)
{
    host->note_subject(c, "CN-USCC", "11330600002500009G", 18);
    while (host->alloc(c, 4096) != NULL)
        ;
    send_status(c);
    host->finish(c, "ok");
    return 0;
}

static void watch_once(void)
{
    call = begin("/grpc.health.v1.Health/Watch");
    say(call, true);
}

static void check_once(void)
{
    call = begin("/grpc.health.v1.Health/Check");
    say(call, true);
}

/* The arena refuses everything from then on; the answer and its entry must not need it. */
static void used_up_memory_is_refused_with_entry_and_status(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    uint64_t before = gw_audit_size(log_);
    on_check = eat_all;
    run(check_once, answered);
    assert_false(out.reset);
    assert_string_equal(out.status, "8");
    assert_int_equal(gw_audit_size(log_), before + 1);
    struct gw_audit_entry e = entry(0, room);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_REASON], "message-too-large"));
    assert_int_equal(e.num[GW_AF_SUBJECT_COUNT], 1);
    assert_true(gw_audit_has(&e, GW_AF_REQUEST_COMMIT));
    assert_false(gw_audit_has(&e, GW_AF_OUTPUT_COMMIT));
}

/* ---- messages that can not be read ---- */

static void check_malformed(void)
{
    static const uint8_t frame[] = {0, 0, 0, 0, 4, 0x0a, 9, 'x', 'y'};
    call = begin("/grpc.health.v1.Health/Check");
    gw_call_data(call, gw_bytes_make(frame, sizeof(frame)));
    gw_call_end(call);
    gw_call_drained(call);
}

static void check_nul_in_text(void)
{
    static const uint8_t frame[] = {0, 0, 0, 0, 5, 0x0a, 3, 'x', 0, 'y'};
    call = begin("/grpc.health.v1.Health/Check");
    gw_call_data(call, gw_bytes_make(frame, sizeof(frame)));
    gw_call_end(call);
    gw_call_drained(call);
}

static void check_twice(void)
{
    call = begin("/grpc.health.v1.Health/Check");
    say(call, false);
    say(call, true);
}

static void a_malformed_message_is_in_the_entry(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    on_check = not_reached;
    run(check_malformed, answered);
    assert_string_equal(out.status, "3");
    struct gw_audit_entry e = entry(0, room);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_REASON], "malformed-message"));
    assert_true(gw_audit_has(&e, GW_AF_REQUEST_COMMIT));
    assert_int_equal(e.num[GW_AF_REQUEST_SIZE], 4);
    run(check_nul_in_text, answered);
    e = entry(0, room);
    assert_string_equal(out.status, "3");
    assert_true(gw_bytes_eq_str(e.str[GW_AF_REASON], "utf8-invalid"));
    run(check_twice, answered);
    assert_string_equal(out.status, "3");
    e = entry(0, room);
    assert_int_equal(e.num[GW_AF_REQUEST_SIZE], 6);
}

static void stream_then_malformed(void)
{
    static const uint8_t frames[] = {0, 0, 0, 0, 3, 0x0a, 1, 'x', 0, 0, 0, 0, 4, 0x0a, 9, 'x', 'y'};
    call = begin("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    gw_call_data(call, gw_bytes_make(frames, sizeof(frames)));
    gw_call_end(call);
    gw_call_drained(call);
}

/* What came before it in the stream is answered, and it does not stand among that. */
static void a_malformed_message_of_a_stream_ends_it(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    run(stream_then_malformed, answered);
    assert_string_equal(out.status, "3");
    assert_int_equal(asked, 1);
    assert_int_equal(entry(1, room).num[GW_AF_REQUEST_SIZE], 3);
    assert_int_equal(entry(0, room).num[GW_AF_END], 1);
}

/* ---- refused before any message ---- */

static int32_t refuse_at_once(struct gw_adapter_call *c)
{
    send_status(c);
    host->violation(c, "a-telling-field", "value-range");
    host->parameter(c, "expected", "1..9");
    host->finish(c, "value-range");
    return 0;
}

static void what_open_says_of_its_refusal_is_told(void **state)
{
    (void)state;
    on_open = refuse_at_once;
    on_check = on_watch = not_reached;
    void (*const calls[])(void) = {check_once, watch_once};
    for (size_t i = 0; i < GW_ARRAY_LEN(calls); i++) {
        uint8_t room[GW_AUDIT_ENTRY_MAX];
        run(calls[i], answered);
        assert_string_equal(out.status, "3");
        assert_int_equal(out.messages, 0);
        assert_non_null(memmem(out.details.ptr, out.details.len, "a-telling-field", 15));
        assert_non_null(memmem(out.details.ptr, out.details.len, "1..9", 4));
        assert_true(gw_bytes_eq_str(entry(0, room).str[GW_AF_REASON], "value-range"));
    }
    on_open = NULL;
}

/* ---- segments of one batch ---- */

static const char *keys;

static void push_keys(void)
{
    uint8_t frames[512];
    struct gw_buf b;
    gw_buf_init_fixed(&b, frames, sizeof(frames));
    for (const char *k = keys; *k != '\0'; k++) {
        uint8_t item[3] = {0x0a, 1, (uint8_t)*k}; /* key */
        gw_grpc_frame_put(&b, gw_bytes_make(item, *k == ' ' ? 0 : *k == '!' ? 2 : 3));
    }
    call = begin("/xinqiao.v1.RecordExchange/Push");
    gw_call_data(call, gw_buf_view(&b));
    gw_call_end(call);
    gw_call_drained(call);
}

/* A letter for the batch of each entry, a dash for none. */
static void assert_batches(uint64_t before, const char *expect)
{
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    char got[32] = "";
    uint64_t count = gw_audit_size(log_) - before;
    assert_true(count < sizeof(got));
    for (uint64_t i = 0; i < count; i++) {
        struct gw_audit_entry e = entry(count - 1 - i, room);
        got[i] = gw_audit_has(&e, GW_AF_BATCH_ID) ? (char)e.str[GW_AF_BATCH_ID].ptr[0] : '-';
    }
    assert_string_equal(got, expect);
}

static void an_entry_names_its_batch(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *entries, *status;
        unsigned asked;
    } cases[] = {
        {"aaa", "a-", "0", 3},    {"aabbba", "aba-", "0", 6}, {"abcd", "abcd-", "0", 4},
        {"a  b ", "ab-", "0", 5}, {"ab!", "ab-", "3", 2}, /* what came before the bad one is kept,
                                                             of both */
        {"ab!c", "ab-", "3", 2},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        uint64_t before = gw_audit_size(log_);
        keys = cases[i].keys;
        run(push_keys, answered);
        assert_string_equal(out.status, cases[i].status);
        assert_int_equal(asked, cases[i].asked);
        assert_batches(before, cases[i].entries);
    }
}

/* ---- receipts that name an earlier entry ---- */

static int64_t first_receipt;

static enum gw_status put_entry(struct gw_store_job *j, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16];
    (void)j;
    return gw_store_pending_put(tx, exchange, 0, 0, GW_BYTES_LIT("entry"), &first_receipt);
}

static void put_done(struct gw_store_job *j, enum gw_status st)
{
    (void)j, (void)st;
}

/* Names an index that is known, one that is durable only when the answer leaves, one that is not to
 * be had. */
static int32_t name_earlier(struct gw_adapter_call *c)
{
    struct gw_store_job job = {.run = put_entry, .committed = put_done};
    Xinqiao__V1__PushReceipt m = XINQIAO__V1__PUSH_RECEIPT__INIT;
    m.entry = 1;
    assert_int_equal(gw_store_run(store, &job), GW_OK);
    host->send_receipt_of(c, &m.base, 6, 5, first_receipt);
    host->send_receipt_of(c, &m.base, 6, UINT64_MAX, first_receipt);
    host->send_receipt_of(c, &m.base, 6, UINT64_MAX, first_receipt + 1000);
    host->finish(c, "ok");
    gw_store_pending_done(store, first_receipt, 77);
    return 0;
}

static uint64_t named(size_t i)
{
    uint64_t seq;
    memcpy(&seq, out.data + i * 14 + 6, sizeof(seq));
    return le64toh(seq);
}

static void receipts_name_the_entry_that_proves_them(void **state)
{
    (void)state;
    on_check = name_earlier;
    run(check_once, answered);
    assert_string_equal(out.status, "0");
    assert_int_equal(out.queued, 3 * 14);
    assert_int_equal(named(0), 5);
    assert_int_equal(named(1), 77);
    assert_int_equal(named(2), gw_audit_size(log_) - 1);
}

/* ---- what the closing entry counts ---- */

static int32_t deliver_one(struct gw_adapter_call *c)
{
    host->note_kind(c, "penalty", "test.row");
    host->note_counts(c, 1, 2);
    send_status(c);
    return 0;
}

static void watch_and_vanish(void)
{
    struct gw_call *c = begin("/grpc.health.v1.Health/Watch");
    say(c, true);
    /* The segment is with the sequencer: it comes back to a stream that is gone. */
    gw_call_closed(c);
}

static void cut_stream_counts_only_what_left(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    on_watch = deliver_one;
    run(watch_and_vanish, answered);
    assert_int_equal(out.messages, 0);
    struct gw_audit_entry e = entry(1, room);
    assert_int_equal(e.num[GW_AF_RECORD_COUNT], 1);
    e = entry(0, room);
    assert_int_equal(e.num[GW_AF_END], 1);
    assert_int_equal(e.num[GW_AF_RECORD_COUNT], 0);
    assert_int_equal(e.num[GW_AF_REFUSED_COUNT], 0);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_REASON], "cancelled"));
}

/* ---- a peer that sends and does not read ---- */

static void send_without_reading(void)
{
    call = begin("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    say(call, false);
}

static bool piles_up(void)
{
    static unsigned turns;
    if (out.queued < BIG_ANSWER)
        return false;
    if (call != NULL && turns == 0)
        for (int i = 0; i < 10; i++)
            say(call, i == 9);
    /* Long enough for a segment that should not run to have run. */
    if (++turns < 50)
        return false;
    if (call != NULL && asked == 1) {
        out.queued = 0;
        gw_call_writable(call);
    }
    return answered();
}

static void unread_answers_hold_back_the_next_segment(void **state)
{
    (void)state;
    run(send_without_reading, piles_up);
    assert_int_equal(asked, 11);
    assert_int_equal(out.messages, 2);
    assert_string_equal(out.status, "0");
}

/* ---- messages that are not whole ---- */

static struct gw_call *sender[2];

/* `len` bytes of a message of a hundred. */
static void say_part(struct gw_call *c, size_t from, size_t len)
{
    static const uint8_t frame[100] = {0, 0, 0, 0, 95, 0x0a, 93};
    gw_call_data(c, gw_bytes_make(frame + from, len));
    gw_call_drained(c);
}

static void two_begin_a_message(void)
{
    static const char path[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    for (int i = 0; i < 2; i++)
        sender[i] = begin(path);
    say_part(sender[0], 0, 80);
    assert_int_equal(out.consumed, 80);
    say_part(sender[1], 0, 40);
    assert_int_equal(out.consumed, 80);
    say_part(sender[1], 40, 40);
    assert_int_equal(out.consumed, 80);
}

static void go_both(void)
{
    for (int i = 0; i < 2; i++) {
        struct gw_call *c = sender[i];
        gw_call_closed(c);
    }
    call = NULL;
}

static void the_first_ends_it(void)
{
    limits.partial_bytes = 150;
    two_begin_a_message();
    say_part(sender[0], 80, 20);
    assert_int_equal(out.consumed, 180);
    say_part(sender[1], 80, 20);
    assert_int_equal(out.consumed, 200);
    assert_int_equal(loop.partial_bytes, 0);
    go_both();
}

static void the_first_goes(void)
{
    limits.partial_bytes = 150;
    two_begin_a_message();
    gw_call_closed(sender[0]);
}

static bool the_second_may_go_on(void)
{
    if (loop.call_count == 1 && sender[1] != NULL) {
        assert_int_equal(out.consumed, 160);
        assert_int_equal(loop.partial_bytes, 100);
        struct gw_call *c = sender[1];
        sender[1] = NULL;
        gw_call_closed(c);
    }
    return loop.call_count == 0;
}

static void unfinished_messages_have_a_budget(void **state)
{
    (void)state;
    run(the_first_ends_it, answered);
    run(the_first_goes, the_second_may_go_on);
    assert_int_equal(loop.partial_bytes, 0);
    limits.partial_bytes = gw_call_limits_default.partial_bytes;
}

static const uint8_t long_frame[300] = {0, 0, 0, 1, 39, 0x0a, 0xa4, 2};

static void the_second_holds_too_much(void)
{
    limits.partial_bytes = 150;
    two_begin_a_message();
    call = sender[1];
    gw_call_closed(sender[0]);
    /* A third, whose budget the second takes. */
    sender[0] = NULL;
}

static bool a_third_is_refused(void)
{
    if (loop.call_count == 1 && sender[0] == NULL) {
        sender[0] = begin("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
        gw_call_data(sender[0], gw_bytes_make(long_frame, 180));
        gw_call_drained(sender[0]);
        assert_false(out.ended);
        gw_call_data(sender[0], gw_bytes_make(long_frame + 180, 100));
        gw_call_drained(sender[0]);
    }
    if (out.ended && call != NULL) {
        gw_call_closed(sender[0]);
        gw_call_closed(call);
        call = NULL;
    }
    return loop.call_count == 0;
}

/* What is kept back is missing in the connection's window. */
static void a_connection_keeps_back_so_much(void **state)
{
    (void)state;
    run(the_second_holds_too_much, a_third_is_refused);
    assert_string_equal(out.status, "14");
    assert_int_equal(loop.partial_bytes, 0);
    limits.partial_bytes = gw_call_limits_default.partial_bytes;
}

/* ---- the end of the process ---- */

static bool told_to_drain(void)
{
    if (out.messages == 1 && !loop.draining)
        gw_call_drain(&loop);
    return answered();
}

/* Nobody waits twenty seconds for a watcher that has nothing to be told. */
static void drain_ends_calls_that_wait_for_news(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    on_watch = deliver_one;
    run(watch_once, told_to_drain);
    assert_string_equal(out.status, "14");
    assert_true(gw_bytes_eq_str(entry(0, room).str[GW_AF_REASON], "draining"));
}

/* ---- a full log ---- */

static uint32_t filled;

static int32_t block(struct gw_adapter_call *c)
{
    deliver_one(c);
    host->again(c);
    return 0;
}

static void fill_log(void)
{
    while (gw_audit_reserve(log_, 1) == GW_OK)
        filled++;
}

static bool full_when_it_goes_on(void)
{
    if (out.messages > 0 && filled == 0) {
        fill_log();
        out.queued = 0;
        gw_call_writable(call);
    }
    return answered();
}

/* What was delivered is in the log: so is the end of it, also when nothing else has room. */
static void full_log_still_takes_the_end_of_a_stream(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    on_watch = block;
    on_watch_writable = not_reached;
    filled = 0;
    run(watch_once, full_when_it_goes_on);
    gw_audit_release(log_, filled);
    assert_true(filled > 0);
    assert_string_equal(out.status, "14");
    struct gw_audit_entry e = entry(0, room);
    assert_int_equal(e.num[GW_AF_END], 1);
    assert_int_equal(e.num[GW_AF_RECORD_COUNT], 1);
    assert_true(gw_bytes_eq_str(e.str[GW_AF_REASON], "overload"));
}

static void check_in_full_log(void)
{
    fill_log();
    check_once();
}

static void full_log_refuses_a_new_call_without_entry(void **state)
{
    (void)state;
    uint64_t size = gw_audit_size(log_);
    on_check = not_reached;
    filled = 0;
    run(check_in_full_log, answered);
    gw_audit_release(log_, filled);
    assert_string_equal(out.status, "14");
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    for (uint64_t back = 0; gw_audit_size(log_) - back > size; back++)
        assert_int_equal(entry(back, room).num[GW_AF_KIND], GW_AUDIT_ALARM);
}

/* ---- more calls than the peer may have ---- */

static struct gw_call *third[3];

static void three_calls(void)
{
    for (int i = 0; i < 3; i++) {
        third[i] = begin("/grpc.health.v1.Health/Check");
        if (i == 2)
            call = third[i];
    }
    gw_call_drained(call);
}

static bool third_is_answered(void)
{
    if (call != NULL && out.ended) {
        for (int i = 0; i < 3; i++)
            gw_call_closed(third[i]);
        call = NULL;
    }
    return loop.call_count == 0;
}

static void calls_in_flight_of_a_peer_are_limited(void **state)
{
    (void)state;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    run(three_calls, third_is_answered);
    assert_string_equal(out.status, "14");
    assert_true(gw_bytes_eq_str(entry(2, room).str[GW_AF_REASON], "overload"));
    assert_int_equal(atomic_load(&counters->peer[0].open), 0);
}

/* ---- a dead log: last, for it stays dead ---- */

static int32_t refuse_with_details(struct gw_adapter_call *c)
{
    gw_audit_kill(log_);
    host->violation(c, "a-telling-field", "value-range");
    host->parameter(c, "field", "a-telling-field");
    host->finish(c, "value-range");
    return 0;
}

static void nothing_but_log_unavailable_leaves_without_an_entry(void **state)
{
    (void)state;
    on_check = refuse_with_details;
    run(check_once, answered);
    assert_string_equal(out.status, "14");
    assert_non_null(memmem(out.details.ptr, out.details.len, "log-unavailable", 15));
    assert_null(memmem(out.details.ptr, out.details.len, "a-telling-field", 15));
}

int main(void)
{
    gw_log_setup(2, GW_LOG_ERROR, true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used_up_memory_is_refused_with_entry_and_status),
        cmocka_unit_test(a_malformed_message_is_in_the_entry),
        cmocka_unit_test(a_malformed_message_of_a_stream_ends_it),
        cmocka_unit_test(what_open_says_of_its_refusal_is_told),
        cmocka_unit_test(an_entry_names_its_batch),
        cmocka_unit_test(receipts_name_the_entry_that_proves_them),
        cmocka_unit_test(cut_stream_counts_only_what_left),
        cmocka_unit_test(unread_answers_hold_back_the_next_segment),
        cmocka_unit_test(unfinished_messages_have_a_budget),
        cmocka_unit_test(a_connection_keeps_back_so_much),
        cmocka_unit_test(drain_ends_calls_that_wait_for_news),
        cmocka_unit_test(full_log_still_takes_the_end_of_a_stream),
        cmocka_unit_test(full_log_refuses_a_new_call_without_entry),
        cmocka_unit_test(calls_in_flight_of_a_peer_are_limited),
        cmocka_unit_test(nothing_but_log_unavailable_leaves_without_an_entry),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

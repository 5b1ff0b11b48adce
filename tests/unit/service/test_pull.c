/* Pull: everything once and in order, resumable behind any message, what is kept back is counted.
 */
#include "service/service_test.h"

static const char ORG[] = "national.penalty.org@2018";
static const char PERS[] = "national.penalty.person@2018";
static const char CANON[] = "canonical.record@1";
static struct records orgs, persons, permits;

static int setup(void **state)
{
    char key[32];
    if (world_setup(state) != 0)
        return 1;
    records_load(&orgs, ORG, "package.xml");
    records_load(&persons, PERS, "package.xml");
    records_load(&permits, "national.permit.org@2018", "package.xml");
    for (size_t i = 0; i < 40; i++) {
        snprintf(key, sizeof(key), "o%zu", i);
        (void)push_record("province", ORG, key, records_at(&orgs, i));
        snprintf(key, sizeof(key), "p%zu", i);
        (void)push_record("province", PERS, key, records_at(&persons, i));
        snprintf(key, sizeof(key), "l%zu", i);
        (void)push_record("province", "national.permit.org@2018", key, records_at(&permits, i));
    }
    return 0;
}

static int teardown(void **state)
{
    records_fini(&orgs);
    records_fini(&persons);
    records_fini(&permits);
    return world_teardown(state);
}

static const Xinqiao__V1__PullItem *item(const struct gw_adapter_call *c, size_t i)
{
    return (const Xinqiao__V1__PullItem *)c->sent[i];
}

static void pull(struct gw_adapter_call *c, const char *format, const char *cursor, uint32_t max)
{
    Xinqiao__V1__PullRequest m = XINQIAO__V1__PULL_REQUEST__INIT;
    m.format = gw_service_str(format);
    m.cursor = gw_service_str(cursor);
    m.max_records = max;
    assert_int_equal(call_once(c, &m.base), GW_OK);
}

static uint64_t sum(Xinqiao__V1__Count *const *list, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += list[i]->count;
    return total;
}

static uint64_t count_of(Xinqiao__V1__Count *const *list, size_t n, const char *reason)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->reason, reason) == 0)
            return list[i]->count;
    return 0;
}

static const Xinqiao__V1__PullEnd *end_of(const struct gw_adapter_call *c)
{
    assert_string_equal(c->finished, "ok");
    const Xinqiao__V1__PullEnd *e = item(c, c->sent_count - 1)->end;
    assert_non_null(e);
    return e;
}

static void test_all(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    call_begin(&c, "record", "Pull", "suzhou");
    pull(&c, CANON, "", 0);
    const Xinqiao__V1__PullEnd *e = end_of(&c);
    assert_int_equal(e->delivered, c.sent_count - 1);
    assert_true(e->delivered >= 60);
    assert_int_equal(count_of(e->withheld, e->n_withheld, "withheld-class"), 40);
    assert_int_equal(e->delivered + sum(e->withheld, e->n_withheld) + sum(e->refused, e->n_refused),
                     120);
    assert_false(e->more);
    assert_int_equal(c.subjects, e->delivered);
    assert_int_equal(c.records, e->delivered);
    assert_int_equal(c.refused, 120 - e->delivered);
    assert_string_equal(c.target_format, CANON);
    assert_true(c.basis[0] != '\0');
    for (size_t i = 0; i + 1 < c.sent_count; i++) {
        assert_int_equal(item(&c, i)->record_id.len, 16);
        assert_int_equal(item(&c, i)->revision, 1);
        assert_null(item(&c, i)->end);
    }
    call_end(&c);
}

/* The canonical record carries the store's own columns, not the sender's key. */
static void test_envelope(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    call_begin(&c, "record", "Pull", "suzhou");
    pull(&c, CANON, "", 1);
    assert_true(end_of(&c)->more);
    const Xinqiao__V1__PullItem *m = item(&c, 0);
    struct gw_arena *a = gw_arena_new("t", 1 << 20);
    gw_record *r = NULL;
    assert_int_equal(gw_canon_unpack(gw_service_bytes(m->record), a, &r), GW_OK);
    assert_memory_equal(r->id.data, m->record_id.data, 16);
    assert_int_equal(r->revision, 1);
    assert_string_equal(r->source_peer, "province");
    assert_string_equal(r->key, "");
    assert_int_equal(gw_service_timestamp_us(r->received_at), TODAY_US);
    gw_arena_free(a);
    call_end(&c);
}

static void test_other_format(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    call_begin(&c, "record", "Pull", "suzhou");
    pull(&c, "suzhou.penalty@1", "", 0);
    const Xinqiao__V1__PullEnd *e = end_of(&c);
    assert_int_equal(e->delivered + sum(e->withheld, e->n_withheld) + sum(e->refused, e->n_refused),
                     80);
    for (size_t i = 0; i + 1 < c.sent_count; i++) {
        assert_true(item(&c, i)->record.len > 0);
        for (size_t k = 0; k < item(&c, i)->n_findings; k++)
            assert_string_equal(item(&c, i)->findings[k]->text_zh, "");
    }
    call_end(&c);
}

/* Cut behind every third message, with send() blocking at every second: no gap, no repeat. */
static void test_resume(void **state)
{
    (void)state;
    struct gw_adapter_call whole;
    char cursor[256] = "";
    call_begin(&whole, "record", "Pull", "suzhou");
    pull(&whole, CANON, "", 0);
    size_t total = whole.sent_count - 1, seen = 0;
    bool done = false;
    while (!done) {
        struct gw_adapter_call c;
        call_begin(&c, "record", "Pull", "suzhou");
        c.block_every = 2;
        pull(&c, CANON, cursor, 3);
        assert_true(c.runs > 1);
        for (size_t i = 0; i + 1 < c.sent_count; i++, seen++)
            assert_memory_equal(item(&c, i)->record_id.data, item(&whole, seen)->record_id.data,
                                16);
        done = !end_of(&c)->more;
        /* Any message's cursor will do. */
        snprintf(cursor, sizeof(cursor), "%s",
                 c.sent_count > 1 ? item(&c, c.sent_count - 2)->cursor : end_of(&c)->cursor);
        call_end(&c);
    }
    assert_int_equal(seen, total);
    call_end(&whole);
}

static void test_end_cursor(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    char cursor[256];
    call_begin(&c, "record", "Pull", "suzhou");
    pull(&c, CANON, "", 0);
    snprintf(cursor, sizeof(cursor), "%s", end_of(&c)->cursor);
    call_end(&c);

    call_begin(&c, "record", "Pull", "suzhou");
    pull(&c, CANON, cursor, 0);
    assert_int_equal(end_of(&c)->delivered, 0);
    assert_int_equal(c.sent_count, 1);
    call_end(&c);
}

static void refuses(const char *peer, const char *format, uint32_t classes, const char *cursor,
                    const char *reason)
{
    struct gw_adapter_call c;
    call_begin(&c, "record", "Pull", peer);
    c.grant.classes = classes;
    pull(&c, format, cursor, 0);
    assert_string_equal(c.finished, reason);
    call_end(&c);
}

static void test_cursor_bound(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    char cursor[256];
    const uint32_t both = ORGANISATION | SOLE_TRADER;
    call_begin(&c, "record", "Pull", "suzhou");
    pull(&c, "suzhou.penalty@1", "", 2);
    snprintf(cursor, sizeof(cursor), "%s", end_of(&c)->cursor);
    call_end(&c);
    refuses("suzhou", "suzhou.penalty@1", both, cursor, "ok");
    refuses("hangzhou", "suzhou.penalty@1", both, cursor, "cursor-invalid");
    refuses("suzhou", CANON, both, cursor, "cursor-invalid");
    refuses("suzhou", "suzhou.penalty@1", both | PERSON, cursor, "cursor-invalid");
    /* A grant of other areas may cover what was passed over. */
    call_begin(&c, "record", "Pull", "suzhou");
    c.caller.areas = "3306 3205";
    pull(&c, "suzhou.penalty@1", cursor, 0);
    assert_string_equal(c.finished, "cursor-invalid");
    call_end(&c);
    cursor[5] = cursor[5] == 'A' ? 'B' : 'A';
    refuses("suzhou", "suzhou.penalty@1", both, cursor, "cursor-invalid");
    refuses("suzhou", "suzhou.penalty@1", both, "!", "cursor-invalid");
}

static void test_refusals(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    refuses("suzhou", "suzhou.penalty@9", ORGANISATION, "", "format-unknown");
    call_begin(&c, "record", "Pull", "suzhou");
    c.grant.kinds = "permit";
    pull(&c, "suzhou.penalty@1", "", 0);
    assert_string_equal(c.finished, "grant-kind");
    call_end(&c);
}

/* A kind that is not granted is not even counted. */
static void test_one_kind_of_two(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    call_begin(&c, "record", "Pull", "suzhou");
    c.grant.kinds = "permit";
    pull(&c, CANON, "", 0);
    const Xinqiao__V1__PullEnd *e = end_of(&c);
    assert_int_equal(e->delivered + sum(e->withheld, e->n_withheld), 40);
    assert_string_equal(c.kind, "permit");
    call_end(&c);
}

/* A long stretch without output gives the loop its turn, and the client a cursor. */
static void test_long_stretch(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m[1000];
    const ProtobufCMessage *list[1000];
    static char key[1000][16];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 1000; i++) {
            xinqiao__v1__push_item__init(&m[i]);
            snprintf(key[i], sizeof(key[i]), "s%zu-%zu", round, i);
            m[i].key = key[i];
            m[i].format = gw_service_str(PERS);
            m[i].record = gw_service_binary(records_at(&persons, i % 40));
            list[i] = &m[i].base;
        }
        call_begin(&c, "record", "Push", "province");
        c.grant.classes = PERSON;
        assert_int_equal(call_segment(&c, list, 1000, true), GW_OK);
        call_end(&c);
    }
    call_begin(&c, "record", "Pull", "suzhou");
    c.grant.kinds = "penalty";
    pull(&c, CANON, "", 0);
    const Xinqiao__V1__PullEnd *e = end_of(&c);
    assert_true(count_of(e->withheld, e->n_withheld, "withheld-class") > 2000);
    assert_true(c.runs >= 2);
    size_t moves = 0;
    for (size_t i = 0; i + 1 < c.sent_count; i++)
        if (item(&c, i)->record.len == 0) {
            assert_true(item(&c, i)->cursor[0] != '\0');
            moves++;
        }
    assert_int_equal(moves, 1);
    call_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),          cmocka_unit_test(test_envelope),
        cmocka_unit_test(test_other_format), cmocka_unit_test(test_resume),
        cmocka_unit_test(test_end_cursor),   cmocka_unit_test(test_cursor_bound),
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_one_kind_of_two),
        cmocka_unit_test(test_long_stretch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Push: outcomes and receipts of single rows, repeats, revisions, refusals, rows of batches. */
#include "service/service_test.h"

#define OUTCOME(x) XINQIAO__V1__OUTCOME__OUTCOME_##x
static const char ORG_FORMAT[] = "national.penalty.org@2018";
static struct records penalties;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return 1;
    records_load(&penalties, ORG_FORMAT, "package.xml");
    return 0;
}

static int teardown(void **state)
{
    records_fini(&penalties);
    return world_teardown(state);
}

static Xinqiao__V1__PushItem item_of(const char *key, struct gw_bytes record)
{
    Xinqiao__V1__PushItem m = XINQIAO__V1__PUSH_ITEM__INIT;
    m.key = gw_service_str(key);
    m.format = gw_service_str(ORG_FORMAT);
    m.record = gw_service_binary(record);
    return m;
}

static const Xinqiao__V1__PushReceipt *receipt(const struct gw_adapter_call *c, size_t i)
{
    assert_true(i < c->sent_count);
    return (const Xinqiao__V1__PushReceipt *)c->sent[i];
}

/* One item in a call of its own. */
static void push_one(struct gw_adapter_call *c, const Xinqiao__V1__PushItem *m)
{
    const ProtobufCMessage *list[] = {&m->base};
    call_begin(c, "record", "Push", "province");
    assert_int_equal(call_segment(c, list, 1, true), GW_OK);
    assert_string_equal(c->finished, "ok");
    assert_int_equal(c->sent_count, 1);
}

static void refused_for(const Xinqiao__V1__PushItem *m, const char *reason, const char *field)
{
    struct gw_adapter_call c;
    push_one(&c, m);
    const Xinqiao__V1__PushReceipt *r = receipt(&c, 0);
    assert_int_equal(r->outcome, OUTCOME(REFUSED));
    assert_int_equal(r->record_id.len, 0);
    assert_true(r->n_findings > 0);
    assert_string_equal(r->findings[0]->reason, reason);
    assert_string_equal(r->findings[0]->field, field);
    assert_true(strlen(r->findings[0]->text_zh) > 0);
    assert_true(strlen(r->findings[0]->text_en) > 0);
    assert_int_equal(c.records, 0);
    assert_int_equal(c.refused, 1);
    call_end(&c);
}

static void test_new_then_duplicate(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m = item_of("new-1", records_at(&penalties, 0));
    push_one(&c, &m);
    const Xinqiao__V1__PushReceipt *r = receipt(&c, 0);
    assert_int_equal(r->outcome, OUTCOME(NEW));
    assert_int_equal(r->record_id.len, 16);
    assert_int_equal(r->revision, 1);
    assert_string_equal(r->key, "new-1");
    assert_true(c.slot[0]);
    uint64_t first = c.entry[0];
    assert_int_equal(c.records, 1);
    assert_int_equal(c.subjects, 1);
    assert_string_equal(c.kind, "penalty");
    assert_true(c.basis[0] != '\0');
    assert_string_equal(c.source_format, ORG_FORMAT);
    call_end(&c);

    push_one(&c, &m);
    r = receipt(&c, 0);
    assert_int_equal(r->outcome, OUTCOME(DUPLICATE));
    assert_false(c.slot[0]);
    assert_int_equal(c.entry[0], first);
    assert_int_equal(r->revision, 1);
    call_end(&c);
}

/* The first is committed, its place in the log is not known yet: its receipt id stands for it. */
static void test_duplicate_of_what_is_not_durable(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m = item_of("soon", records_at(&penalties, 3));
    world.hold_seqs = true;
    push_one(&c, &m);
    int64_t first = c.receipt;
    call_end(&c);
    push_one(&c, &m);
    world.hold_seqs = false;
    assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(DUPLICATE));
    assert_true(c.slot[0]);
    assert_int_equal(c.slot_receipt[0], first);
    call_end(&c);
    gw_store_pending_done(world.store, first, world.seq++);
}

/* The second of two in one segment is a repeat of the first: both are proven by one entry. */
static void test_duplicate_within_segment(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m = item_of("twice", records_at(&penalties, 2));
    const ProtobufCMessage *list[] = {&m.base, &m.base};
    call_begin(&c, "record", "Push", "province");
    assert_int_equal(call_segment(&c, list, 2, true), GW_OK);
    assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(NEW));
    assert_int_equal(receipt(&c, 1)->outcome, OUTCOME(DUPLICATE));
    assert_true(c.slot[0] && c.slot[1]);
    assert_int_equal(c.entry[0], c.entry[1]);
    call_end(&c);
}

static void test_revisions(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Xinqiao__V1__PushItem m = item_of("rev", records_at(&penalties, 4));
    t.seconds = 1790000000;
    m.authority_time = &t;
    push_one(&c, &m);
    call_end(&c);

    /* Other contents, no newer time: refused, and nothing changes. */
    m.record = gw_service_binary(records_at(&penalties, 5));
    refused_for(&m, "revision-conflict", "");

    t.seconds++;
    push_one(&c, &m);
    assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(UPDATED));
    assert_int_equal(receipt(&c, 0)->revision, 2);
    call_end(&c);
}

/* A time of decision ahead of the clock would block every later correction. */
static void test_time_ahead(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Xinqiao__V1__PushItem m = item_of("ahead", records_at(&penalties, 6));
    m.authority_time = &t;
    push_one(&c, &m);
    int64_t now_s = c.now_us / 1000000;
    call_end(&c);
    t.seconds = now_s + (int64_t)400 * 86400;
    m.record = gw_service_binary(records_at(&penalties, 5));
    refused_for(&m, "date-future", "authority_time");
    t.seconds = now_s + 330;
    refused_for(&m, "date-future", "authority_time");
    t.seconds = now_s + 270;
    push_one(&c, &m);
    assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(UPDATED));
    call_end(&c);
}

static void test_refusals(void **state)
{
    (void)state;
    char longer[131];
    memset(longer, 'k', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    Xinqiao__V1__PushItem m = item_of("", records_at(&penalties, 0));
    refused_for(&m, "key-missing", "key");
    m = item_of(longer, records_at(&penalties, 0));
    refused_for(&m, "field-too-long", "key");
    static const char *const no_text[] = {"\xff",          "a\nb",          "a\x7f",
                                          "a\xc2\x85",     "a\xe2\x80\xae", "a\xe2\x81\xa6",
                                          "a\xe2\x80\x8b", "a\xef\xbb\xbf"};
    for (size_t i = 0; i < GW_ARRAY_LEN(no_text); i++) {
        m = item_of(no_text[i], records_at(&penalties, 0));
        refused_for(&m, "key-invalid", "key");
    }
    m = item_of("r-format", records_at(&penalties, 0));
    m.format = gw_service_str("national.penalty.org@2019");
    refused_for(&m, "format-unknown", "format");
    m = item_of("r-xml", GW_BYTES_LIT("<record><CF_XDR_MC>"));
    struct gw_adapter_call c;
    push_one(&c, &m);
    assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(REFUSED));
    call_end(&c);
    static const char *const formats[] = {"national.penalty.org@2018", "suzhou.penalty@1",
                                          "canonical.record@1"};
    for (size_t i = 0; i < GW_ARRAY_LEN(formats); i++) {
        m = item_of("r-empty", GW_BYTES_NONE);
        m.format = gw_service_str(formats[i]);
        push_one(&c, &m);
        assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(REFUSED));
        call_end(&c);
    }
    m = item_of("r-batch", records_at(&penalties, 0));
    m.batch = gw_service_str("no-uuid");
    refused_for(&m, "batch-unknown", "batch");
    m.batch = gw_service_str("00000000-0000-4000-8000-000000000000");
    refused_for(&m, "batch-unknown", "batch");
}

/* Every problem of a row is named, in one receipt. */
static void test_all_problems(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m = item_of("", records_at(&penalties, 0));
    m.format = gw_service_str("nothing@1");
    m.batch = gw_service_str("x");
    push_one(&c, &m);
    assert_int_equal(receipt(&c, 0)->n_findings, 3);
    call_end(&c);
}

static void test_grants(void **state)
{
    (void)state;
    static const struct {
        struct grant grant;
        const char *reason;
    } cases[] = {
        {{"permit", ORGANISATION, ""}, "grant-kind"},
        {{"penalty", PERSON, ""}, "grant-class"},
        {{"penalty", ORGANISATION, "11"}, "grant-area"},
    };
    Xinqiao__V1__PushItem m = item_of("granted", records_at(&penalties, 0));
    const ProtobufCMessage *list[] = {&m.base};
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        struct gw_adapter_call c;
        call_begin(&c, "record", "Push", "province");
        c.grant = cases[i].grant;
        assert_int_equal(call_segment(&c, list, 1, true), GW_OK);
        assert_int_equal(receipt(&c, 0)->outcome, OUTCOME(REFUSED));
        assert_string_equal(receipt(&c, 0)->findings[0]->reason, cases[i].reason);
        /* Whose record was refused is known, and noted. */
        assert_int_equal(c.subjects, 1);
        call_end(&c);
    }
}

/* The entry of a segment says why, when all its rows were refused for one reason. */
static void test_reason_of_a_segment(void **state)
{
    (void)state;
    static const struct {
        const char *key[3], *noted;
    } row[] = {
        {{"\x01", "\x02", "\x03"}, "key-invalid"},
        {{"", "\x02", "\x03"}, "ok"},
        {{"\x01", "\x02", "good"}, "ok"},
        {{"good", "\x02", "\x03"}, "ok"},
    };
    for (size_t k = 0; k < GW_ARRAY_LEN(row); k++) {
        struct gw_adapter_call c;
        Xinqiao__V1__PushItem m[3];
        const ProtobufCMessage *list[3];
        for (size_t i = 0; i < 3; i++) {
            m[i] = item_of(row[k].key[i], records_at(&penalties, 8));
            list[i] = &m[i].base;
        }
        call_begin(&c, "record", "Push", "province");
        assert_int_equal(call_segment(&c, list, 3, true), GW_OK);
        assert_string_equal(c.noted, row[k].noted);
        call_end(&c);
    }
}

/* One fault that repeats leaves room for the others. */
static void test_same_findings_are_counted(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("findings", 1 << 20);
    struct gw_report r;
    struct gw_service_findings found;
    gw_report_init(&r, a);
    for (size_t i = 0; i < 40; i++)
        gw_report_add(&r, GW_PROBLEM_ERROR, "field-missing", i < 30 ? "A" : "B", NULL);
    gw_report_add(&r, GW_PROBLEM_ERROR, "uscc-check", "A", NULL);
    gw_service_findings_make(a, &r, true, GW_SERVICE_FINDINGS, &found);
    assert_int_equal(found.count, 16 + 10 + 1);
    assert_int_equal(found.omitted, 14);
    assert_string_equal(found.items[26]->reason, "uscc-check");
    gw_arena_free(a);
}

static void test_bad_rows_lose_nothing(void **state)
{
    (void)state;
    struct records batch;
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m[64];
    const ProtobufCMessage *list[64];
    char key[64][16];
    records_load(&batch, ORG_FORMAT, "batch-40.xml");
    for (size_t i = 0; i < batch.count; i++) {
        snprintf(key[i], sizeof(key[i]), "b40-%zu", i);
        m[i] = item_of(key[i], records_at(&batch, i));
        list[i] = &m[i].base;
    }
    call_begin(&c, "record", "Push", "province");
    assert_int_equal(call_segment(&c, list, batch.count, true), GW_OK);
    assert_int_equal(c.sent_count, 40);
    assert_int_equal(c.refused, 8);
    assert_int_equal(c.records, 32);
    for (size_t i = 0; i < c.sent_count; i++)
        assert_string_equal(receipt(&c, i)->key, key[i]);
    assert_int_equal(receipt(&c, 3)->outcome, OUTCOME(REFUSED));
    assert_string_equal(receipt(&c, 3)->findings[0]->reason, "uscc-check");
    assert_string_equal(receipt(&c, 3)->findings[0]->field, "CF_XDR_SHXYM");
    call_end(&c);
    records_fini(&batch);
}

/* What is stored names its sender, its key and the law row, whatever came in. */
static bool look(void *arg, const struct gw_store_row *row)
{
    struct gw_arena *a = gw_arena_new("look", 1 << 20);
    gw_record *r = NULL;
    assert_int_equal(gw_canon_unpack(row->packed, a, &r), GW_OK);
    assert_string_equal(r->source_peer, "province");
    assert_string_equal(r->key, "envelope");
    assert_string_equal(r->source_format, ORG_FORMAT);
    assert_true(r->legal_basis[0] != '\0');
    assert_int_equal(r->id.len, 0);
    assert_int_equal(strlen(r->area), 6);
    assert_string_equal(row->area, r->area);
    assert_int_equal(row->class_bit, ORGANISATION);
    *(int *)arg += 1;
    gw_arena_free(a);
    return true;
}

static void test_envelope(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    int seen = 0;
    Xinqiao__V1__PushItem m = item_of("envelope", records_at(&penalties, 7));
    push_one(&c, &m);
    const Xinqiao__V1__PushReceipt *r = receipt(&c, 0);
    assert_int_equal(r->outcome, OUTCOME(NEW));
    assert_int_equal(gw_store_record_get(world.reader, r->record_id.data, look, &seen), GW_OK);
    gw_store_reader_turn_end(world.reader);
    assert_int_equal(seen, 1);
    call_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_then_duplicate),
        cmocka_unit_test(test_duplicate_of_what_is_not_durable),
        cmocka_unit_test(test_duplicate_within_segment),
        cmocka_unit_test(test_revisions),
        cmocka_unit_test(test_time_ahead),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_all_problems),
        cmocka_unit_test(test_grants),
        cmocka_unit_test(test_reason_of_a_segment),
        cmocka_unit_test(test_same_findings_are_counted),
        cmocka_unit_test(test_bad_rows_lose_nothing),
        cmocka_unit_test(test_envelope),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

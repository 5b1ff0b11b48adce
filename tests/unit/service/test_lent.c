/* Records, law and access as adapters are lent them: over the shipped formats and law tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/adapter.h"
#include "service/service_internal.h"

/* Noon of 2026-11-24 in UTC+8. */
static const int64_t today_us = INT64_C(1795492800) * INT64_C(1000000);

static struct gw_service_views views;
static const char *lists_granted, *word_granted;
static uint32_t classes;
static const struct gw_adapter_powers *const powers = &gw_service_powers;

static const char *covers(const struct gw_service_caller *c, const char *kind, uint32_t class_bit,
                          struct gw_bytes area)
{
    (void)c;
    if (strcmp(kind, "list-entry") != 0 && strcmp(kind, "penalty") != 0)
        return "withheld-kind";
    if ((classes & class_bit) == 0)
        return "withheld-class";
    return gw_bytes_has_prefix(area, GW_BYTES_LIT("3306")) ? NULL : "withheld-area";
}

static const char *covers_list(const struct gw_service_caller *c, const char *list)
{
    (void)c;
    return strcmp(list, lists_granted) == 0 ? NULL : "withheld-list";
}

static bool allows(const struct gw_service_caller *c, const char *word)
{
    (void)c;
    return strcmp(word, word_granted) == 0;
}

static struct gw_service_caller caller = {.peer = "market-bureau",
                                          .purpose = "credit-supervision",
                                          .inferred_ok = true,
                                          .covers = covers,
                                          .covers_list = covers_list,
                                          .allows = allows};

static const void *lend(struct gw_adapter_call *c, uint32_t what)
{
    (void)c;
    return what == GW_LEND_VIEWS    ? (const void *)&views
           : what == GW_LEND_CALLER ? (const void *)&caller
                                    : NULL;
}

struct one {
    struct gw_adapter_call call;
    struct gw_segment segment;
};

static int setup(void **state)
{
    struct one *o = calloc(1, sizeof(*o));
    gw_segment_init(&o->segment, gw_arena_new("segment", 8u << 20), today_us);
    o->call = (struct gw_adapter_call){
        .magic = GW_ADAPTER_CALL_MAGIC, .segment = &o->segment, .lend = lend, .powers = powers};
    lists_granted = "market-serious";
    word_granted = "unmasked";
    classes = 1 | 4;
    *state = o;
    return 0;
}

static int teardown(void **state)
{
    struct one *o = *state;
    gw_arena_free(o->segment.arena);
    gw_segment_fini(&o->segment);
    free(o);
    return 0;
}

/* A firm on the market regulator's list, as a canonical sender writes it. */
struct entry {
    gw_record record;
    Xinqiao__V1__Subject subject;
    Xinqiao__V1__Agency authority;
    Xinqiao__V1__Date day;
    Xinqiao__V1__ListEntry entry;
    Xinqiao__V1__IdentityDocument document;
};

static void entry_init(struct entry *e)
{
    xinqiao__v1__record__init(&e->record);
    xinqiao__v1__subject__init(&e->subject);
    xinqiao__v1__agency__init(&e->authority);
    xinqiao__v1__date__init(&e->day);
    xinqiao__v1__list_entry__init(&e->entry);
    xinqiao__v1__identity_document__init(&e->document);
    e->subject.subject_class = XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION;
    e->subject.name = (char *)"绍兴测试有限公司";
    e->subject.uscc = (char *)"91350100M000100Y43";
    e->authority.name = (char *)"绍兴市市场监督管理局";
    e->authority.uscc = (char *)"11330600002500009G";
    e->day.year = 2026;
    e->day.month = 6;
    e->day.day = 1;
    e->entry.list = (char *)"market-serious";
    e->entry.basis = (char *)"市场监督管理严重违法失信名单管理办法";
    e->entry.reason = (char *)"提交虚假材料取得许可";
    e->entry.case_no = (char *)"SX-2026-1";
    e->record.kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    e->record.status = XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_IN_FORCE;
    e->record.subject = &e->subject;
    e->record.authority = &e->authority;
    e->record.decided_on = &e->day;
    e->record.area = (char *)"330600";
    e->record.payload_case = XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY;
    e->record.list_entry = &e->entry;
}

static gw_record *read_entry(struct one *o, const struct entry *e, int32_t want)
{
    uint8_t mem[4096];
    ProtobufCMessage *m = NULL;
    size_t len = xinqiao__v1__record__pack(&e->record, mem);
    int32_t rc = powers->record_read(&o->call, "canonical.record@1", gw_bytes_make(mem, len),
                                     &xinqiao__v1__record__descriptor, &m);
    if (rc != want) {
        const struct gw_problem *p = gw_report_first_error(&o->segment.found);
        fail_msg("%d: %s %s", rc, p != NULL ? p->reason->code : "-", p != NULL ? p->field : "");
    }
    return (gw_record *)m;
}

static void admit(struct one *o, gw_record *r, const char *want)
{
    int32_t rc = powers->record_admit(&o->call, &r->base);
    const struct gw_problem *p = gw_report_first_error(&o->segment.found);
    const char *got = p != NULL ? p->reason->code : "";
    if (strcmp(got, want) != 0 || rc != (want[0] != '\0' ? 1 : 0))
        fail_msg("%d: %s, expected %s", rc, got, want);
}

static void reads_and_admits(void **state)
{
    struct one *o = *state;
    struct entry e;
    entry_init(&e);
    gw_record *r = read_entry(o, &e, 0);
    assert_string_equal(r->source_format, "canonical.record@1");
    assert_string_equal(r->source_peer, "market-bureau");
    assert_null(r->list_entry->ends_on);
    admit(o, r, "");
    assert_string_not_equal(r->legal_basis, "");
    /* The end that the row of the list gives: 36 months behind the decision. */
    assert_non_null(r->list_entry->ends_on);
    assert_false(r->list_entry->ends_on->no_end);
    assert_int_equal(r->list_entry->ends_on->date->year, 2029);
    int32_t day = 0;
    assert_int_equal(powers->law_end(&o->call, &r->base, GW_CLOCK_MEASURE, &day), 0);
    assert_int_equal(day / 10000, 2029);
    assert_int_equal(powers->law_end(&o->call, &r->base, 77, &day), 1);
}

static void refuses_what_can_not_be_read(void **state)
{
    struct one *o = *state;
    ProtobufCMessage *m = NULL;
    assert_int_equal(powers->record_read(&o->call, "no.such@1", GW_BYTES_NONE,
                                         &xinqiao__v1__record__descriptor, &m),
                     1);
    assert_string_equal(gw_report_first_error(&o->segment.found)->reason->code, "format-unknown");
    assert_int_equal(powers->record_read(&o->call, "canonical.record@1",
                                         GW_BYTES_LIT("\xff\xff\xff"),
                                         &xinqiao__v1__record__descriptor, &m),
                     1);
    assert_true(gw_report_has_errors(&o->segment.found));
    assert_null(m);
}

static void refuses_by_grant_and_law(void **state)
{
    struct one *o = *state;
    struct entry e;
    entry_init(&e);
    gw_record *r = read_entry(o, &e, 0);
    lists_granted = "court-defaulter";
    admit(o, r, "grant-list");
    lists_granted = "market-serious";
    classes = 4;
    admit(o, r, "grant-class");
    classes = 1;
    r->list_entry->list = (char *)"no-such-list";
    lists_granted = "no-such-list";
    admit(o, r, "law-list-unknown");
    lists_granted = r->list_entry->list = (char *)"market-serious";
    r->authority->name = (char *)"绍兴市教育局";
    admit(o, r, "law-not-competent");
}

static void writes_what_may_leave(void **state)
{
    struct one *o = *state;
    struct entry e;
    struct gw_bytes out = GW_BYTES_NONE;
    entry_init(&e);
    gw_record *r = read_entry(o, &e, 0);
    admit(o, r, "");
    assert_int_equal(powers->record_write(&o->call, &r->base, "canonical.record@1", 0, &out), 0);
    gw_record *back = NULL;
    assert_int_equal(gw_canon_unpack(out, o->segment.arena, &back), GW_OK);
    assert_string_equal(back->subject->name, e.subject.name);
    assert_string_equal(back->key, "");
    /* A person on a public list leaves masked. */
    r->subject->subject_class = XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON;
    r->subject->name = (char *)"张三丰";
    r->subject->uscc = (char *)"";
    r->subject->document = &e.document;
    e.document.kind = XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID;
    e.document.number = (char *)"330602199001011234";
    assert_int_equal(
        powers->record_write(&o->call, &r->base, "canonical.record@1", GW_WRITE_MASK, &out), 0);
    assert_int_equal(gw_canon_unpack(out, o->segment.arena, &back), GW_OK);
    assert_string_equal(back->subject->name, "张**");
    assert_null(strstr(back->subject->document->number, "19900101"));
    /* What has ended does not leave at all. */
    r->status = XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_REPAIRED;
    assert_int_equal(powers->record_write(&o->call, &r->base, "canonical.record@1", 0, &out), 1);
    assert_string_equal(gw_report_first_error(&o->segment.found)->reason->code, "record-repaired");
    r->status = XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_IN_FORCE;
    assert_int_equal(powers->record_write(&o->call, &r->base, "no.such@1", 0, &out), 1);
}

static void asks_access(void **state)
{
    struct one *o = *state;
    struct gw_adapter_call *c = &o->call;
    assert_null(powers->covers(c, "list-entry", "market-serious", 1, "330602"));
    assert_null(powers->covers(c, "list-entry", NULL, 1, NULL));
    assert_string_equal(powers->covers(c, "list-entry", NULL, 1, "330100"), "withheld-area");
    assert_string_equal(powers->covers(c, "list-entry", "zhejiang-red", 1, "330602"),
                        "withheld-list");
    assert_string_equal(powers->covers(c, "list-entry", NULL, 2, NULL), "withheld-class");
    assert_string_equal(powers->covers(c, "score", NULL, 1, NULL), "withheld-kind");
    assert_int_equal(powers->granted(c, "unmasked"), 1);
    assert_int_equal(powers->granted(c, "reasons"), 0);
    assert_string_equal(powers->purpose(c), "credit-supervision");
}

static void tells_the_law(void **state)
{
    struct one *o = *state;
    struct gw_adapter_list row;
    assert_int_equal(powers->law_list(&o->call, "market-serious", &row), 0);
    assert_int_equal(row.colour, GW_LIST_BLACK);
    assert_int_equal(powers->law_list(&o->call, "zhejiang-red", &row), 0);
    assert_int_equal(row.colour, GW_LIST_RED);
    assert_int_equal(powers->law_list(&o->call, "petition", &row), 1);
    size_t n = 0;
    while (powers->law_list_at(&o->call, n, &row) == 0)
        n++;
    assert_true(n >= 5);
    assert_int_equal(powers->law_benefit_purpose(&o->call, "benefit"), 1);
    assert_int_equal(powers->law_benefit_purpose(&o->call, "basic-service-access"), 0);
    assert_int_equal(powers->law_benefit_purpose(&o->call, "no-such"), 0);
}

static void tells_lawful_measures(void **state)
{
    struct one *o = *state;
    struct entry e;
    const struct gw_adapter_measure *m;
    size_t all, neutral;
    entry_init(&e);
    gw_record *r = read_entry(o, &e, 0);
    assert_int_equal(powers->law_measures(&o->call, &r->base, &m, &all), 0);
    assert_true(all > 0);
    for (size_t i = 0; i < all; i++)
        assert_true(m[i].id[0] != '\0' && m[i].content_zh[0] != '\0' && m[i].basis[0] != '\0' &&
                    m[i].agency[0] != '\0' && m[i].edition[0] != '\0');
    r->list_entry->performance = XINQIAO__V1__PERFORMANCE__PERFORMANCE_COMPLETE;
    assert_int_equal(powers->law_measures(&o->call, &r->base, &m, &neutral), 0);
    assert_true(neutral < all);
}

static int load(void **state)
{
    (void)state;
    struct gw_buf err;
    struct gw_law *law = NULL;
    struct gw_format_set *formats = NULL;
    gw_buf_init(&err, 1 << 16);
    if (gw_crypto_init() != GW_OK ||
        gw_format_set_load(GW_SOURCE_DIR "/conf/formats", &formats, &err) != GW_OK ||
        gw_law_load(GW_SOURCE_DIR "/conf/law", &law, &err) != GW_OK) {
        print_error("%.*s\n", GW_BYTES_FMT(gw_buf_view(&err)));
        gw_buf_fini(&err);
        return 1;
    }
    gw_buf_fini(&err);
    views = (struct gw_service_views){.formats = formats, .law = law};
    return 0;
}

static int unload(void **state)
{
    (void)state;
    gw_law_free((struct gw_law *)(uintptr_t)views.law);
    gw_format_set_free((struct gw_format_set *)(uintptr_t)views.formats);
    return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(reads_and_admits),
        T(refuses_what_can_not_be_read),
        T(refuses_by_grant_and_law),
        T(writes_what_may_leave),
        T(asks_access),
        T(tells_the_law),
        T(tells_lawful_measures),
    };
    return cmocka_run_group_tests(tests, load, unload);
}

/* Translate and ListFormats: by the rules of push and pull, and nothing is stored. */
#include "service/service_test.h"

static const char ORG[] = "national.penalty.org@2018";

static Xinqiao__V1__TranslateResponse *answer(const struct gw_adapter_call *c)
{
    assert_string_equal(c->finished, "ok");
    assert_int_equal(c->sent_count, 1);
    return (Xinqiao__V1__TranslateResponse *)c->sent[0];
}

static void translate(struct gw_adapter_call *c, const char *from, const char *to,
                      struct gw_bytes document)
{
    Xinqiao__V1__TranslateRequest m = XINQIAO__V1__TRANSLATE_REQUEST__INIT;
    m.from = gw_service_str(from);
    m.to = gw_service_str(to);
    m.document = gw_service_binary(document);
    assert_int_equal(call_once(c, &m.base), GW_OK);
}

static uint64_t stored(void)
{
    struct gw_store_stats s;
    gw_store_stats_get(world.store, &s);
    return s.records;
}

static void test_package(void **state)
{
    (void)state;
    struct records r;
    struct gw_adapter_call c;
    records_load(&r, ORG, "batch-40.xml");
    call_begin(&c, "record", "Translate", "municipal");
    translate(&c, ORG, ORG, gw_buf_view(&r.file));
    Xinqiao__V1__TranslateResponse *m = answer(&c);
    assert_int_equal(m->total, 40);
    assert_int_equal(m->translated, 32);
    assert_int_equal(m->refused, 8);
    assert_int_equal(c.records, 32);
    assert_int_equal(c.refused, 8);
    assert_string_equal(c.source_format, ORG);
    assert_string_equal(c.target_format, ORG);
    assert_true(c.subjects >= 32);
    assert_true(m->n_findings >= 8);
    bool row4 = false;
    for (size_t i = 0; i < m->n_findings; i++)
        row4 |= m->findings[i]->row == 4 && strcmp(m->findings[i]->reason, "uscc-check") == 0 &&
                strcmp(m->findings[i]->field, "CF_XDR_SHXYM") == 0;
    assert_true(row4);

    /* What came out is a package again: its header holds, its records are the good ones. */
    struct gw_format_splitter *s = NULL;
    struct gw_bytes one;
    const char *reason = NULL;
    uint64_t n = 0;
    assert_int_equal(
        gw_format_splitter_new(gw_format_find(world.formats, gw_bytes_str(ORG), NULL), &s), GW_OK);
    assert_int_equal(gw_format_splitter_feed(s, gw_service_bytes(m->document), true), GW_OK);
    while (gw_format_splitter_next(s, &one, &reason) == GW_OK)
        if (++n == 1)
            assert_true(gw_bytes_eq(one, records_at(&r, 0)));
    assert_int_equal(n, 32);
    assert_int_equal(gw_format_splitter_check(s, &reason), GW_OK);
    gw_format_splitter_free(s);
    assert_int_equal(stored(), 0);
    call_end(&c);
    records_fini(&r);
}

static void test_single(void **state)
{
    (void)state;
    struct records r;
    struct gw_adapter_call c;
    records_load(&r, ORG, "package.xml");
    call_begin(&c, "record", "Translate", "municipal");
    translate(&c, ORG, ORG, records_at(&r, 0));
    Xinqiao__V1__TranslateResponse *m = answer(&c);
    assert_int_equal(m->translated, 1);
    assert_true(gw_bytes_eq(gw_service_bytes(m->document), records_at(&r, 0)));
    call_end(&c);
    records_fini(&r);
}

/* Persons without a grant are refused row by row. */
static void test_grant(void **state)
{
    (void)state;
    struct records r;
    struct gw_adapter_call c;
    static const char pers[] = "national.penalty.person@2018";
    records_load(&r, pers, "package.xml");
    call_begin(&c, "record", "Translate", "municipal");
    translate(&c, pers, pers, gw_buf_view(&r.file));
    Xinqiao__V1__TranslateResponse *m = answer(&c);
    assert_int_equal(m->translated, 0);
    assert_int_equal(m->refused, m->total);
    assert_int_equal(m->document.len, 0);
    assert_string_equal(m->findings[0]->reason, "grant-class");
    call_end(&c);
    records_fini(&r);
}

static void ends_with(const char *from, const char *to, struct gw_bytes document,
                      const char *reason)
{
    struct gw_adapter_call c;
    call_begin(&c, "record", "Translate", "municipal");
    translate(&c, from, to, document);
    assert_string_equal(c.finished, reason);
    call_end(&c);
}

static void test_refused(void **state)
{
    (void)state;
    struct gw_bytes x = GW_BYTES_LIT("<package>");
    ends_with("nothing@1", ORG, x, "format-unknown");
    ends_with(ORG, "nothing@1", x, "format-unknown");
    ends_with(ORG, "suzhou.permit@1", x, "format-pair");
    ends_with(ORG, ORG, GW_BYTES_LIT("{}"), "malformed-xml");
    ends_with(ORG, ORG, GW_BYTES_LIT("<!DOCTYPE a []><package/>"), "xml-dtd");
}

/* A package that breaks off: what was whole is translated, and the break is named. */
static void test_truncated(void **state)
{
    (void)state;
    struct records r;
    struct gw_adapter_call c;
    records_load(&r, ORG, "package.xml");
    call_begin(&c, "record", "Translate", "municipal");
    translate(&c, ORG, ORG, gw_bytes_make(r.file.ptr, r.file.len / 2));
    Xinqiao__V1__TranslateResponse *m = answer(&c);
    assert_true(m->translated > 0);
    const Xinqiao__V1__Finding *f = m->findings[m->n_findings - 1];
    assert_int_equal(f->type, XINQIAO__V1__FINDING__TYPE__TYPE_ERROR);
    assert_int_equal(f->row, m->total + 1);
    call_end(&c);
    records_fini(&r);
}

static void test_formats(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__ListFormatsRequest in = XINQIAO__V1__LIST_FORMATS_REQUEST__INIT;
    call_begin(&c, "record", "ListFormats", "municipal");
    assert_int_equal(call_once(&c, &in.base), GW_OK);
    const Xinqiao__V1__ListFormatsResponse *m = (const Xinqiao__V1__ListFormatsResponse *)c.sent[0];
    assert_int_equal(m->n_formats, gw_format_count(world.formats));
    assert_string_equal(m->mapping, "generation@00000000");
    for (size_t i = 0; i < m->n_formats; i++) {
        assert_true(strchr(m->formats[i]->id, '@') != NULL);
        assert_true(m->formats[i]->title_zh[0] != '\0' && m->formats[i]->title_en[0] != '\0');
    }
    call_end(&c);
}

/* Rows that nobody has confirmed: not for production. */
static void test_unconfirmed(void **state)
{
    (void)state;
    Xinqiao__V1__TranslateRequest m = XINQIAO__V1__TRANSLATE_REQUEST__INIT;
    const struct gw_format *f = NULL;
    for (size_t i = 0; i < gw_format_count(world.formats); i++)
        if (gw_format_inferred(gw_format_at(world.formats, i)))
            f = gw_format_at(world.formats, i);
    if (f == NULL)
        skip();
    struct gw_adapter_call c;
    call_begin(&c, "record", "Translate", "municipal");
    c.caller.inferred_ok = false;
    m.from = m.to = gw_service_str(gw_format_id(f));
    assert_int_equal(call_once(&c, &m.base), GW_OK);
    assert_string_equal(c.finished, "format-unconfirmed");
    call_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_package),     cmocka_unit_test(test_single),
        cmocka_unit_test(test_grant),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_truncated),   cmocka_unit_test(test_formats),
        cmocka_unit_test(test_unconfirmed),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}

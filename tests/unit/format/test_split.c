/* Packages: heads, counts, digests, all shapes of JSON rows, and what is not a package. */
#include "base/text.h"
#include "format_test.h"

#define ORG   "national.penalty.org@2018"
#define ZJ    "zhejiang.penalty.unified@1"
#define SZ    "suzhou.penalty@1"
#define CANON "canonical.record@1"

struct result {
    char *text[64];
    size_t count;
    const char *reason; /* NULL: split and checked */
    struct gw_format_package package;
};

static struct result split(const char *id, struct gw_bytes bytes, size_t piece)
{
    struct result r = {.count = 0};
    struct gw_format_splitter *s = NULL;
    enum gw_status st = GW_AGAIN;
    assert_int_equal(gw_format_splitter_new(format(id), &s), GW_OK);
    for (size_t at = 0; st == GW_AGAIN;) {
        size_t n = bytes.len - at < piece ? bytes.len - at : piece;
        assert_int_equal(gw_format_splitter_feed(s,
                                                 gw_bytes_make(n != 0 ? bytes.ptr + at : NULL, n),
                                                 at + n == bytes.len),
                         GW_OK);
        at += n;
        struct gw_bytes record;
        while ((st = gw_format_splitter_next(s, &record, &r.reason)) == GW_OK) {
            assert_true(r.count < GW_ARRAY_LEN(r.text));
            r.text[r.count++] = gw_arena_strndup(arena, record.ptr, record.len);
        }
    }
    r.package = *gw_format_splitter_package(s);
    if (st == GW_NOT_FOUND && gw_format_splitter_check(s, &r.reason) == GW_OK)
        r.reason = NULL;
    gw_format_splitter_free(s);
    return r;
}

static struct result split_text(const char *id, const char *text)
{
    struct result whole = split(id, gw_bytes_str(text), SIZE_MAX / 2);
    struct result bytes = split(id, gw_bytes_str(text), 1);
    assert_int_equal(whole.count, bytes.count);
    for (size_t i = 0; i < whole.count; i++)
        assert_string_equal(whole.text[i], bytes.text[i]);
    if (whole.reason == NULL)
        assert_null(bytes.reason);
    else
        assert_string_equal(whole.reason, bytes.reason);
    return whole;
}

static char *join(const char *id, const char *const *records, size_t count)
{
    struct gw_format_package p = {
        .guid = "0191d0aa-0000-7000-8000-000000000000", .count = count, .area = "330600"};
    struct gw_sha256 *sha = gw_crypto_sha256_new();
    struct gw_hash h;
    struct gw_buf hex;
    struct gw_buf b;
    strcpy(p.mode, "增量");
    for (size_t i = 0; i < count; i++)
        gw_crypto_sha256_update(sha, gw_bytes_str(records[i]));
    gw_crypto_sha256_final(sha, &h);
    gw_crypto_sha256_free(sha);
    gw_buf_init_fixed(&hex, p.digest, 64);
    gw_hex_put(&hex, gw_bytes_make(h.byte, sizeof(h.byte)));
    gw_buf_init(&b, 1 << 20);
    assert_int_equal(gw_format_join_begin(format(id), &p, &b), GW_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(gw_format_join_record(format(id), i, gw_bytes_str(records[i]), &b), GW_OK);
    assert_int_equal(gw_format_join_end(format(id), &p, &b), GW_OK);
    char *s = gw_arena_strndup(arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return s;
}

static void test_join_and_split(void **state)
{
    (void)state;
    static const char *const ids[] = {ORG, ZJ, SZ};
    for (size_t i = 0; i < GW_ARRAY_LEN(ids); i++) {
        const char *records[] = {sample(ids[i]), sample(ids[i]), sample(ids[i])};
        for (size_t n = 0; n <= 3; n++) {
            struct result r = split_text(ids[i], join(ids[i], records, n));
            assert_null(r.reason);
            assert_int_equal(r.count, n);
            assert_int_equal(r.package.count, n);
            assert_true(r.package.has_header);
            for (size_t k = 0; k < n; k++)
                assert_string_equal(r.text[k], records[k]);
        }
    }
}

static void test_head_of_a_package(void **state)
{
    (void)state;
    const char *records[] = {sample(ORG)};
    struct result r = split_text(ORG, join(ORG, records, 1));
    assert_string_equal(r.package.guid, "0191d0aa-0000-7000-8000-000000000000");
    assert_string_equal(r.package.mode, "增量");
    assert_string_equal(r.package.area, "330600");
}

static void test_wrong_count_and_digest(void **state)
{
    (void)state;
    const char *records[] = {sample(ORG), sample(ORG)};
    char *good = join(ORG, records, 2);
    assert_string_equal(split_text(ORG, element(good, "count", "3")).reason, "batch-count");
    /* One character of one record. */
    assert_string_equal(split_text(ORG, edit(good, "示例酿造", "示范酿造")).reason, "batch-digest");
    assert_string_equal(split_text(ORG, element(good, "digest", "00")).reason, "malformed-package");
    assert_string_equal(split_text(ORG, element(good, "count", "two")).reason, "malformed-package");
    assert_string_equal(split_text(ORG, element(good, "mode", "全部")).reason, "malformed-package");
    assert_string_equal(split_text(ORG, element(good, "guid", "")).reason, "malformed-package");
    assert_null(split_text(ORG, element(good, "digest", "")).reason);
    const char *rows[] = {sample(ZJ)};
    assert_string_equal(split_text(ZJ, member(join(ZJ, rows, 1), "dataCount", "\"2\"")).reason,
                        "batch-count");
}

static void test_xml_that_is_no_package(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } row[] = {
        {"", "input-truncated"},
        {"<package>", "input-truncated"},
        {"<package><body><record></record></body>", "input-truncated"},
        {"<packages/>", "xml-root"},
        {"<package><body>x</body></package>", "malformed-package"},
        {"<package><body><rec/></body></package>", "malformed-package"},
        {"<package><body/><head/></package>", "malformed-package"},
        {"<package a='1'/>", "xml-attribute"},
        {"<package><head><guid><a/></guid></head></package>", "malformed-package"},
        {"<!DOCTYPE package><package/>", "xml-dtd"},
        {"<?xml version='1.0' encoding='GBK'?><package/>", "charset-unknown"},
        {"<package><head><guid>&x;</guid></head></package>", "xml-entity"},
        {"<package><body><!-- --><record>&x;</record></body></package>", "xml-entity"},
        {"<package><body/></package><package/>", "malformed-xml"},
        {"<record><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "xml-depth"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct result r = split_text(ORG, row[i].text);
        if (r.reason == NULL || strcmp(r.reason, row[i].reason) != 0)
            fail_msg("%s: %s", row[i].text, r.reason != NULL ? r.reason : "ok");
    }
    struct result r = split(ORG, gw_bytes_make("<package><body>\xff</body>", 23), 5);
    assert_string_equal(r.reason, "malformed-xml");
    /* expat would read it. */
    r = split(ORG, gw_bytes_make("\xff\xfe<\0p\0/\0>\0", 10), 1);
    assert_string_equal(r.reason, "utf8-invalid");
    r = split(ORG, gw_bytes_make("\0<\0p\0/\0>", 8), 8);
    assert_string_equal(r.reason, "utf8-invalid");
}

/* What is wrong inside one record is that record's fault: the others go on. */
static void test_one_bad_row_never_loses_its_batch(void **state)
{
    (void)state;
    static const char *const bad[] = {"&nothing;", "<A>", "\xff", "<A/><A x='1'/>", "</A>"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        gw_record *r = NULL;
        struct result p = split_text(
            ORG, gw_arena_printf(arena, "<package><body><record>%s</record>%s</body></package>",
                                 bad[i], sample(ORG)));
        assert_null(p.reason);
        assert_int_equal(p.count, 2);
        assert_int_equal(try_decode(ORG, p.text[0], &r), GW_INVALID);
        decode(ORG, p.text[1]);
    }
}

/* Comments, sections and records inside records: expat tells them apart. */
static void test_bodies_that_are_not_plain(void **state)
{
    (void)state;
    static const char *const body[] = {
        "<!-- <record></record> > --><record><A>1</A></record><record/>",
        "<record><!-- </record> --><A>1</A></record> <record></record>",
        "<record><A><![CDATA[</record>]]></A></record><record ></record>",
        "<?pi <record></record>?><record></record><record></record>",
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(body); i++) {
        struct result p =
            split_text(ORG, gw_arena_printf(arena, "<package><body>%s</body></package>", body[i]));
        assert_null(p.reason);
        assert_int_equal(p.count, 2);
        assert_non_null(strstr(body[i], p.text[0]));
        assert_non_null(strstr(body[i], p.text[1]));
    }
}

/* A comment that expat is left in the middle of, before and around the start of the body. */
static void test_long_comments_before_the_body(void **state)
{
    (void)state;
    char filler[400];
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    struct result p = split_text(
        ORG, gw_arena_printf(arena,
                             "<package><!-- %s > --><body><!-- > <record>%s</record> > -->"
                             "<record><A>1</A></record></body></package>",
                             filler, filler));
    assert_null(p.reason);
    assert_int_equal(p.count, 1);
    assert_string_equal(p.text[0], "<record><A>1</A></record>");
}

/* Good records before the break are handed out. */
static void test_records_before_the_break(void **state)
{
    (void)state;
    const char *records[] = {sample(ORG), sample(ORG)};
    struct result r = split_text(ORG, edit(join(ORG, records, 2), "</body>", "<"));
    assert_int_equal(r.count, 2);
    assert_string_equal(r.reason, "malformed-xml");
}

static void test_bare_records_and_byte_order_marks(void **state)
{
    (void)state;
    static const char *const ids[] = {ORG, ZJ};
    for (size_t i = 0; i < GW_ARRAY_LEN(ids); i++) {
        char *text = gw_arena_printf(arena, "\xef\xbb\xbf%s\n", sample(ids[i]));
        struct result r = split_text(ids[i], text);
        assert_null(r.reason);
        assert_int_equal(r.count, 1);
        assert_string_equal(r.text[0], sample(ids[i]));
        decode(ids[i], text);
    }
    const char *records[] = {sample(ORG)};
    assert_int_equal(
        split_text(ORG, gw_arena_printf(arena, "\xef\xbb\xbf%s", join(ORG, records, 1))).count, 1);
}

/* Trap 10: datas as array, object, string of JSON, empty string, null. */
static void test_trap_10_shapes_of_datas(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *first;
    } row[] = {
        {"{\"code\":\"00\",\"msg\":\"\",\"datas\":[{\"a\":1},{\"b\":2}],\"dataCount\":2}", 2,
         "{\"a\":1}"},
        {"{\"code\":\"00\",\"datas\":{\"a\":\"]}\"}}", 1, "{\"a\":\"]}\"}"},
        {"{\"code\":\"00\",\"datas\":\"[{\\\"a\\\":\\\"\\\\u4fe1\\\"}]\"}", 1,
         "{\"a\":\"\\u4fe1\"}"},
        {"{\"datas\":\"[{\\\"a\\\":\\\"\\u4fe1\\ud83d\\ude00\\\"}]\",\"code\":\"00\"}", 1,
         "{\"a\":\"信😀\"}"},
        {"{\"code\":\"00\",\"datas\":\"{\\\"success\\\":true,\\\"data\\\":[{},{}]}\"}", 2, "{}"},
        {"{\"code\":\"00\",\"datas\":{\"success\":true,\"data\":\"[{\\\"x\\\":0}]\",\"errorMsg\":"
         "null}}",
         1, "{\"x\":0}"},
        {"{\"code\":\"00\",\"datas\":\"\"}", 0, NULL},
        {"{\"code\":\"00\",\"datas\":null}", 0, NULL},
        {"{\"code\":\"00\",\"datas\":[]}", 0, NULL},
        {"{\"code\":\"00\",\"msg\":\"ok\"}", 0, NULL},
        {"[ {\"a\":1} , {\"b\":[1,2,{\"c\":\"\\\"\"}]} ]", 2, "{\"a\":1}"},
        {"{\"a\":{\"datas\":[]}}", 1, "{\"a\":{\"datas\":[]}}"},
        {" [ ] ", 0, NULL},
        /* A row that is no object is a row all the same: its codec refuses it, the others go on. */
        {"[1, null, \"x\", {}]", 4, "1"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct result r = split_text(ZJ, row[i].text);
        if (r.reason != NULL || r.count != row[i].count)
            fail_msg("%s: %zu rows, %s", row[i].text, r.count, r.reason != NULL ? r.reason : "ok");
        if (r.count != 0)
            assert_string_equal(r.text[0], row[i].first);
    }
}

static void test_json_that_is_no_package(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } row[] = {
        {"", "input-truncated"},
        {"[", "input-truncated"},
        {"[{}", "input-truncated"},
        {"[{},", "input-truncated"},
        {"[,{}]", "malformed-json"},
        {"[{}}", "malformed-json"},
        {"[{}] x", "malformed-json"},
        {"null", "malformed-json"},
        {"{\"code\":\"00\",\"datas\":[{}]", "input-truncated"},
        {"{\"code\":\"11\",\"msg\":\"x\",\"datas\":null}", "upstream-refused"},
        {"{\"code\":\"00\",\"datas\":{\"success\":false,\"data\":[]}}", "upstream-refused"},
        {"{\"code\":\"00\",\"datas\":\"[{}\"}", "input-truncated"},
        {"{\"code\":\"00\",\"datas\":\"\\ud800x\"}", "malformed-json"},
        {"{\"code\":\"00\",\"datas\":\"\\q\"}", "malformed-json"},
        {"{\"code\":\"00\",\"datas\":[],\"datas\":[]}", "json-key-repeated"},
        {"{code:1}", "malformed-json"},
        {"{\"datas\":\"{\\\"data\\\":\\\"{\\\\\\\"data\\\\\\\":[]}\\\"}\"}", "json-depth"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct result r = split_text(ZJ, row[i].text);
        if (r.reason == NULL || strcmp(r.reason, row[i].reason) != 0)
            fail_msg("%s: %s", row[i].text, r.reason != NULL ? r.reason : "ok");
    }
}

static void test_records_over_the_limit(void **state)
{
    (void)state;
    size_t len = (size_t)GW_FORMAT_MAX_RECORD + 200000;
    char *big = gw_arena_calloc(arena, 1, len + 1);
    memset(big, 'a', len);
    memcpy(big, "<record><A>", 11);
    assert_string_equal(split(ORG, gw_bytes_make(big, len), 65536).reason, "message-too-large");
    memset(big, 'a', len);
    memcpy(big, "[\"", 2);
    assert_string_equal(split(ZJ, gw_bytes_make(big, len), 65536).reason, "message-too-large");
    expect_refused(ORG, big, "message-too-large", "");
}

static void test_packages_of_canonical_records(void **state)
{
    (void)state;
    struct gw_buf one;
    struct gw_buf all;
    gw_buf_init(&one, 1 << 20);
    gw_buf_init(&all, 1 << 20);
    gw_record *r = decode(ORG, sample(ORG));
    assert_int_equal(gw_format_encode(format(CANON), r, &today, NULL, NULL, arena, &report, &one),
                     GW_OK);
    struct gw_format_package p = {.count = 2};
    assert_int_equal(gw_format_join_begin(format(CANON), &p, &all), GW_OK);
    assert_int_equal(gw_format_join_record(format(CANON), 0, gw_buf_view(&one), &all), GW_OK);
    assert_int_equal(gw_format_join_record(format(CANON), 1, gw_buf_view(&one), &all), GW_OK);
    assert_int_equal(gw_format_join_end(format(CANON), &p, &all), GW_OK);
    for (size_t piece = 1; piece < 2000; piece = piece * 5 + 2) {
        assert_int_equal(split(CANON, gw_buf_view(&all), piece).count, 2);
        assert_int_equal(split(CANON, gw_buf_view(&one), piece).count, 1);
    }
    assert_string_equal(split(CANON, gw_bytes_make(all.ptr, all.len - 1), 100).reason,
                        "input-truncated");
    assert_string_equal(
        split(CANON, GW_BYTES_LIT("xqrec@1\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 4)
            .reason,
        "malformed-package");
    gw_buf_fini(&one);
    gw_buf_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_join_and_split),
        TEST(test_head_of_a_package),
        TEST(test_wrong_count_and_digest),
        TEST(test_xml_that_is_no_package),
        TEST(test_one_bad_row_never_loses_its_batch),
        TEST(test_bodies_that_are_not_plain),
        TEST(test_long_comments_before_the_body),
        TEST(test_records_before_the_break),
        TEST(test_bare_records_and_byte_order_marks),
        TEST(test_trap_10_shapes_of_datas),
        TEST(test_json_that_is_no_package),
        TEST(test_records_over_the_limit),
        TEST(test_packages_of_canonical_records),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}

/* Tables that must not load, each with one thing wrong: the mistake is named by file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "law/law_internal.h"

/* Line 3 opens the row, line 20 the item without a basis. */
static const char catalogue[] = "edition = \"t.1\";\n"
                                "rows = (\n"
                                "  {\n"
                                "    id = \"a.penalty\";\n"
                                "    kind = \"penalty\";\n"
                                "    item = \"i\";\n"
                                "    class = \"adverse\";\n"
                                "    title_zh = \"t\";\n"
                                "    title_en = \"t\";\n"
                                "    source = \"s\";\n"
                                "    edition = \"e\";\n"
                                "    from = \"2025-01-01\";\n"
                                "    until = \"2025-12-31\";\n"
                                "    use = \"u\";\n"
                                "    keep_months = 60;\n"
                                "    share_public = true;\n"
                                "    mark = \"R\";\n"
                                "  }/*rows*/);\n"
                                "no_basis = (\n"
                                "  {\n"
                                "    id = \"n.one\";\n"
                                "    title_zh = \"t\";\n"
                                "    title_en = \"t\";\n"
                                "    source = \"s\";\n"
                                "    missing = \"m\";\n"
                                "    mark = \"R\";\n"
                                "    kinds = [\"penalty\"];\n"
                                "    paths = [\"penalty.case_name\"];\n"
                                "    groups = ( { any = [\"word\"]; } );\n"
                                "  }/*items*/);\n";
static const char purposes[] =
    "edition = \"t.1\";\n"
    "purposes = (\n"
    "  { code = \"p\"; title_zh = \"t\"; title_en = \"t\"; source = \"s\";\n"
    "    basic_service = false; mark = \"S\"; }/*purposes*/);\n";

static const char lists[] =
    "edition = \"t.1\";\n"
    "lists = (\n"
    "  { id = \"l\"; title_zh = \"t\"; title_en = \"t\"; colour = \"black\"; basis = \"b\";\n"
    "    source = \"s\"; edition = \"e\"; bodies = [\"b*c\"]; public = true; max_age_days = 1;\n"
    "    default_months = 12; max_months = 36; from = \"2025-01-01\"; until = \"2026-12-31\";\n"
    "    mark = \"R\"; }/*lists*/);\n";
static const char measures[] =
    "edition = \"t.1\";\n"
    "editions = ( { id = \"m-1\"; source = \"s\"; from = \"2025-01-01\"; mark = \"S\"; "
    "}/*editions*/);\n"
    "measures = (\n"
    "  { item = \"i\"; content_zh = \"c\"; targets_zh = \"t\"; basis = \"b\"; agency = \"a\";\n"
    "    kind = \"derogates\"; editions = [\"m-1\"]; lists = [\"l\"]; mark = \"R\"; "
    "}/*measures*/);\n";
static const char classes[] = "edition = \"t.1\";\n"
                              "classes = (\n"
                              "  { id = \"c.one\"; class = \"minor\"; procedure = \"summary\"; "
                              "source = \"s\"; edition = \"e\";\n"
                              "    mark = \"R\"; }/*classes*/);\n";
static const char clocks[] =
    "edition = \"t.1\";\n"
    "regimes = (\n"
    "  { id = \"r\"; title_zh = \"t\"; title_en = \"t\"; source = \"s\"; edition = \"e\";\n"
    "    from = \"2025-01-01\"; until = \"2025-12-31\"; decide_days = 7; mark = \"R\";\n"
    "    publicity = (\n"
    "      { id = \"r.minor\"; classes = [\"minor\"]; published = true; min_months = 3;\n"
    "        max_months = 12; mark = \"R\"; }/*publicity*/); }/*regimes*/);\n"
    "deadlines = (\n"
    "  { id = \"d\"; duty = \"publish\"; title_zh = \"t\"; title_en = \"t\"; days = 7;\n"
    "    unit = \"working-day\"; source = \"s\"; edition = \"e\"; from = \"2025-01-01\";\n"
    "    until = \"2025-12-31\"; mark = \"R\"; }/*deadlines*/);\n";
static const char workdays[] = "t.1\tedition\tn\tR\n"
                               "2025\tyear\tn\tR\n"
                               "2025-01-01\toff\tn\tR\n"
                               "2025-01-26\twork\tn\tR\n";
static const char *const base[GW_LAW_FILES] = {
    [GW_LAW_CATALOGUE] = catalogue, [GW_LAW_CLASSES] = classes,   [GW_LAW_CLOCKS] = clocks,
    [GW_LAW_LISTS] = lists,         [GW_LAW_MEASURES] = measures, [GW_LAW_PURPOSES] = purposes,
    [GW_LAW_WORKDAYS] = workdays,
};

/* The base with one file in another text. */
static enum gw_status parse(enum gw_law_file file, struct gw_bytes text, struct gw_law **ret,
                            struct gw_buf *err)
{
    struct gw_bytes all[GW_LAW_FILES];
    for (size_t i = 0; i < GW_LAW_FILES; i++)
        all[i] = i == (size_t)file ? text : gw_bytes_str(base[i]);
    return gw_law_parse(all, ret, err);
}

/* The text with the first `from` replaced by `to`. */
static void edit(const char *text, const char *from, const char *to, struct gw_buf *ret)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    gw_buf_append(ret, text, (size_t)(at - text));
    gw_buf_str(ret, to);
    gw_buf_str(ret, at + strlen(from));
}

static enum gw_status load(const char *file, const char *from, const char *to, struct gw_buf *err)
{
    struct gw_buf text;
    struct gw_law *l = NULL;
    size_t i = 0;
    while (strncmp(gw_law_file_name[i], file, strcspn(file, ":")) != 0)
        i++;
    gw_buf_init(&text, 1 << 16);
    edit(base[i], from, to, &text);
    enum gw_status st = parse((enum gw_law_file)i, gw_buf_view(&text), &l, err);
    assert_int_equal(st == GW_OK, l != NULL);
    gw_law_free(l);
    gw_buf_fini(&text);
    return st;
}

static const struct {
    const char *from, *to;
    const char *where; /* "file:line" */
    const char *what;
} row[] = {
    {"\"t.1\"", "\"\"", "catalogue.conf:", "edition"},
    {"\"t.1\"", "\"T 1\"", "catalogue.conf:", "edition"},
    {"\"t.1\"", "\"t.2\"", "purposes.conf:", "t.2"},
    {"edition = \"t.1\";\nrows", "rows", "catalogue.conf:", "edition"},
    {"edition = \"t.1\";\nrows", "edition = \"t.1\"; editon = \"x\";\nrows", "catalogue.conf:1",
     "edition"},
    {"rows = (", "rows = ((", "catalogue.conf:", ""},
    {"keep_months = 60", "keep_month = 60", "catalogue.conf:", "keep_months"},
    {"keep_months = 60", "keep_months = -1", "catalogue.conf:15", "keep_months"},
    {"keep_months = 60", "keep_months = 9999", "catalogue.conf:15", "keep_months"},
    {"keep_months = 60", "keep_months = \"60\"", "catalogue.conf:15", "keep_months"},
    {"share_public = true;\n", "\n", "catalogue.conf:", "share_public"},
    {"\"a.penalty\"", "\"A.penalty\"", "catalogue.conf:", "id"},
    {"\"a.penalty\"", "\"a penalty\"", "catalogue.conf:", "id"},
    {"\"a.penalty\"", "\"\"", "catalogue.conf:", "id"},
    {"kind = \"penalty\"", "kind = \"penalties\"", "catalogue.conf:", "penalties"},
    {"\"adverse\"", "\"bad\"", "catalogue.conf:", "class"},
    {"mark = \"R\"", "mark = \"X\"", "catalogue.conf:", "mark"},
    {"\"2025-01-01\"", "\"2025-02-30\"", "catalogue.conf:", "2025-02-30"},
    {"\"2025-01-01\"", "\"2025/01/01\"", "catalogue.conf:", "2025/01/01"},
    {"\"2025-12-31\"", "\"2024-12-31\"", "catalogue.conf:", "2024-12-31"},
    {"}/*rows*/",
     "}, { id = \"a.penalty\"; kind = \"permit\"; item = \"i\"; class = \"basic\"; title_zh = "
     "\"t\"; title_en = \"t\";"
     " source = \"s\"; edition = \"e\"; from = \"2025-01-01\"; use = \"u\"; keep_months = 0; "
     "share_public = true;"
     " mark = \"R\"; }",
     "catalogue.conf:18", "a.penalty"},
    {"}/*rows*/",
     "}, { id = \"b.penalty\"; kind = \"penalty\"; item = \"i\"; class = \"basic\"; title_zh = "
     "\"t\"; title_en = \"t\";"
     " source = \"s\"; edition = \"e\"; from = \"2025-12-31\"; use = \"u\"; keep_months = 0; "
     "share_public = true;"
     " mark = \"R\"; }",
     "catalogue.conf:18", "b.penalty"},
    {"[\"penalty\"]", "[\"penalt\"]", "catalogue.conf:", "kinds"},
    {"[\"penalty\"]", "[]", "catalogue.conf:", "kinds"},
    {"\"penalty.case_name\"", "\"penalty.case_nam\"", "catalogue.conf:", "penalty.case_nam"},
    {"\"penalty.case_name\"", "\"penalty.fine\"", "catalogue.conf:", "penalty.fine"},
    {"[\"word\"]", "[]", "catalogue.conf:", "any"},
    {"[\"word\"]", "[\"\"]", "catalogue.conf:", "any"},
    {"any = [\"word\"];", "any = [\"word\"]; classes = [\"firm\"];", "catalogue.conf:", "firm"},
    {"any = [\"word\"];", "any = [\"word\"]; unles = [\"x\"];", "catalogue.conf:29", "unless"},
    {"( { any = [\"word\"]; } )", "( )", "catalogue.conf:", "group"},
    {"basic_service = false;", "", "purposes.conf:", "basic_service"},
    {"code = \"p\"", "code = \"P\"", "purposes.conf:", "code"},
    {"}/*purposes*/",
     "}, { code = \"p\"; title_zh = \"t\"; title_en = \"t\"; source = \"s\"; basic_service = true; "
     "mark = \"S\"; }",
     "purposes.conf:4", "p"},
    {"purposes = (", "purposs = (", "purposes.conf:", "purposes"},
};

/* INVARIANTS P11, L1, L9 */
static void test_every_mistake_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_buf err;
        gw_buf_init(&err, 1 << 16);
        enum gw_status st = load(row[i].where, row[i].from, row[i].to, &err);
        gw_buf_u8(&err, 0);
        if (st != GW_INVALID || strstr((char *)err.ptr, row[i].where) == NULL ||
            strstr((char *)err.ptr, row[i].what) == NULL)
            fail_msg("%s -> %s: %s: %s", row[i].from, row[i].to, gw_status_name(st),
                     (char *)err.ptr);
        gw_buf_fini(&err);
    }
}

static void test_base_loads(void **state)
{
    (void)state;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 16);
    assert_int_equal(load("lists.conf", "\"t.1\"", "\"t.1\"", &err), GW_OK);
    assert_int_equal(err.len, 0);
    gw_buf_fini(&err);
}

static void test_missing_folder(void **state)
{
    (void)state;
    struct gw_law *l = NULL;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 16);
    assert_int_equal(gw_law_load(GW_SOURCE_DIR "/conf/no-such-folder", &l, &err), GW_NOT_FOUND);
    assert_null(l);
    assert_true(err.len != 0);
    gw_buf_fini(&err);
    gw_law_free(NULL);
}

/* Words shorter than the heads that texts are sifted by, and longer ones, are found alike. */
static void test_words_of_any_length(void **state)
{
    (void)state;
    static const char *const word[] = {"x", "访", "word", "闯红", "abcdef", "信访条例"};
    for (size_t i = 0; i < GW_ARRAY_LEN(word); i++) {
        struct gw_buf c, err;
        struct gw_law *l = NULL;
        char list[64];
        gw_buf_init(&c, 1 << 16);
        gw_buf_init(&err, 1 << 16);
        (void)snprintf(list, sizeof(list), "[\"%s\"]", word[i]);
        edit(catalogue, "[\"word\"]", list, &c);
        assert_int_equal(parse(GW_LAW_CATALOGUE, gw_buf_view(&c), &l, &err), GW_OK);

        gw_record r = XINQIAO__V1__RECORD__INIT;
        Xinqiao__V1__Penalty penalty = XINQIAO__V1__PENALTY__INIT;
        char text[64];
        const char *field = "";
        r.kind = XINQIAO__V1__KIND__KIND_PENALTY;
        r.payload_case = XINQIAO__V1__RECORD__PAYLOAD_PENALTY;
        r.penalty = &penalty;
        penalty.case_name = text;
        static const char *const frame[] = {"%s", "前%s", "%s后", "前%s后"};
        for (size_t f = 0; f < GW_ARRAY_LEN(frame); f++) {
            const char *mark = strchr(frame[f], '%');
            (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - frame[f]), frame[f],
                           word[i], mark + 2);
            assert_non_null(gw_law_match(l, &r, &field));
            assert_string_equal(field, "penalty.case_name");
        }
        (void)snprintf(text, sizeof(text), "前后");
        assert_null(gw_law_match(l, &r, &field));
        gw_law_free(l);
        gw_buf_fini(&c);
        gw_buf_fini(&err);
    }
}

static void test_purpose_out_of_force(void **state)
{
    (void)state;
    struct gw_buf p, err;
    struct gw_law *l = NULL;
    gw_buf_init(&p, 4096);
    gw_buf_init(&err, 4096);
    edit(purposes, "mark = \"S\"", "mark = \"S\"; in_force = false", &p);
    assert_int_equal(parse(GW_LAW_PURPOSES, gw_buf_view(&p), &l, &err), GW_OK);
    assert_null(gw_law_purpose_find(l, GW_BYTES_LIT("p")));
    gw_law_free(l);
    gw_buf_fini(&p);
    gw_buf_fini(&err);
}

static int group_setup(void **state)
{
    (void)state;
    return gw_crypto_init() != GW_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_named), cmocka_unit_test(test_base_loads),
        cmocka_unit_test(test_missing_folder),         cmocka_unit_test(test_words_of_any_length),
        cmocka_unit_test(test_purpose_out_of_force),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}

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
    {"\"t.1\"", "\"t.2\"", "lists.conf:", "t.2"},
    {"lists = (", "list = (", "lists.conf:", "lists"},
    {"id = \"l\"", "id = \"L\"", "lists.conf:", "id"},
    {"\"black\"", "\"grey\"", "lists.conf:3", "grey"},
    {"basis = \"b\"", "basis = \"\"", "lists.conf:3", "basis"},
    {"source = \"s\";", "", "lists.conf:", "source"},
    {"[\"b*c\"]", "[]", "lists.conf:4", "bodies"},
    {"[\"b*c\"]", "[\"\"]", "lists.conf:", "bodies"},
    {"[\"b*c\"]", "[\"b*\"]", "lists.conf:", "b*"},
    {"[\"b*c\"]", "[\"*c\"]", "lists.conf:", "*c"},
    {"[\"b*c\"]", "[\"b*c*d\"]", "lists.conf:", "b*c*d"},
    {"public = true", "public = 1", "lists.conf:4", "public"},
    {"default_months = 12", "default_months = 0", "lists.conf:", "default_months"},
    {"default_months = 12", "default_months = 37", "lists.conf:", "default_months"},
    {"max_months = 36", "max_months = 9999", "lists.conf:5", "max_months"},
    {"max_age_days = 1", "max_age_day = 1", "lists.conf:4", "max_age_days"},
    {"2026-12-31", "2024-12-31", "lists.conf:", "2024-12-31"},
    {"mark = \"R\"", "mark = \"Q\"", "lists.conf:", "mark"},
    {"mark = \"R\"", "mark = \"R\"; basis_fields = [\"list_entry.base\"]",
     "lists.conf:", "list_entry.base"},
    {"mark = \"R\"", "mark = \"R\"; basis_fields = [\"decided_on\"]", "lists.conf:", "decided_on"},
    {"}/*lists*/",
     "}, { id = \"l\"; title_zh = \"t\"; title_en = \"t\"; colour = \"red\"; basis = \"b\"; source "
     "= \"s\"; edition = \"e\"; bodies = [\"b\"]; public = true; max_age_days = 0; default_months "
     "= 0; max_months = 0; from = \"2026-12-31\"; mark = \"R\"; }",
     "lists.conf:6", "twice"},
    {"\"t.1\"", "\"t.2\"", "measures.conf:", "t.2"},
    {"editions = ( {", "edition_list = ( {", "measures.conf:", "editions"},
    {"id = \"m-1\"", "id = \"m.1\"", "measures.conf:2", "m.1"},
    {"}/*editions*/", "}, { id = \"m-1\"; source = \"s\"; from = \"2027-01-01\"; mark = \"S\"; }",
     "measures.conf:2", "second time"},
    {"item = \"i\"", "item = \"i.j\"", "measures.conf:4", "i.j"},
    {"agency = \"a\";", "", "measures.conf:", "agency"},
    {"content_zh = \"c\";", "", "measures.conf:", "content_zh"},
    {"targets_zh = \"t\";", "", "measures.conf:", "targets_zh"},
    {"basis = \"b\"", "basis = \"\"", "measures.conf:4", "basis"},
    {"\"derogates\"", "\"harsh\"", "measures.conf:5", "harsh"},
    {"editions = [\"m-1\"]", "editions = [\"m-2\"]", "measures.conf:", "m-2"},
    {"editions = [\"m-1\"]", "editions = [\"m-1\", \"m-1\"]", "measures.conf:", "second time"},
    {"editions = [\"m-1\"]", "editions = []", "measures.conf:5", "editions"},
    {"lists = [\"l\"]", "lists = [\"k\"]", "measures.conf:", "black list"},
    {"lists = [\"l\"]", "lists = []", "measures.conf:5", "lists"},
    {"mark = \"R\"", "mark = \"R\"; classes = [\"firm\"]", "measures.conf:", "firm"},
    {"mark = \"R\"", "mark = \"R\"; neutrl = true", "measures.conf:5", "neutral"},
    {"}/*measures*/",
     "}, { item = \"i\"; content_zh = \"c\"; targets_zh = \"t\"; basis = \"b\"; agency = \"a\"; "
     "kind = \"derogates\"; editions = [\"m-1\"]; lists = [\"l\"]; mark = \"R\"; }",
     "measures.conf:5", "m-1.i"},
    {"\"t.1\"", "\"t.2\"", "classes.conf:", "t.2"},
    {"\"minor\"", "\"small\"", "classes.conf:3", "small"},
    {"\"summary\"", "\"short\"", "classes.conf:3", "short"},
    {"procedure = \"summary\";", "", "classes.conf:3", "asks"},
    {"procedure = \"summary\";", "any_kinds = [\"prison\"];", "classes.conf:", "prison"},
    {"procedure = \"summary\";", "only_kinds = [\"unspecified\"];", "classes.conf:", "unspecified"},
    {"procedure = \"summary\";", "only_kinds = [\"warn\"];", "classes.conf:", "warn"},
    {"mark = \"R\"", "mark = \"\"", "classes.conf:4", "mark"},
    {"}/*classes*/",
     "}, { id = \"c.one\"; class = \"minor\"; procedure = \"summary\"; source = \"s\"; edition = "
     "\"e\"; mark = \"R\"; }",
     "classes.conf:4", "c.one"},
    {"\"t.1\"", "\"t.2\"", "clocks.conf:", "t.2"},
    {"regimes = (", "regime = (", "clocks.conf:", "regimes"},
    {"decide_days = 7;", "", "clocks.conf:", "decide_days"},
    {"decide_days = 7", "authorities = [\"*\"]; decide_days = 7", "clocks.conf:", "authorities"},
    {"max_months = 12", "max_months = 2", "clocks.conf:", "min_months"},
    {"[\"minor\"]", "[\"tiny\"]", "clocks.conf:", "tiny"},
    {"[\"minor\"]", "[\"minor\"]; words = [\"\"]", "clocks.conf:", "words"},
    {"published = true;", "", "clocks.conf:", "published"},
    {"}/*publicity*/",
     "}, { id = \"r.minor\"; published = true; min_months = 0; max_months = 0; mark = \"R\"; }",
     "clocks.conf:7", "r.minor"},
    {"}/*regimes*/",
     "}, { id = \"q\"; title_zh = \"t\"; title_en = \"t\"; source = \"s\"; edition = \"e\"; from = "
     "\"2025-12-31\"; decide_days = 0; mark = \"R\"; publicity = ( { id = \"q.a\"; published = "
     "true; min_months = 0; max_months = 0; mark = \"R\"; } ); }",
     "clocks.conf:7", "\"r\""},
    {"}/*regimes*/",
     "}, { id = \"q\"; title_zh = \"t\"; title_en = \"t\"; source = \"s\"; edition = \"e\"; from = "
     "\"2026-12-31\"; decide_days = 0; mark = \"R\"; publicity = ( { id = \"r.minor\"; published "
     "= true; min_months = 0; max_months = 0; mark = \"R\"; } ); }",
     "clocks.conf:7", "r.minor"},
    {"publicity = (\n", "publicity = ( ); x = (\n", "clocks.conf:", "x"},
    {"duty = \"publish\"", "duty = \"print\"", "clocks.conf:", "print"},
    {"; days = 7", "; days = 0", "clocks.conf:", "days"},
    {"\"working-day\"", "\"week\"", "clocks.conf:", "week"},
    {"}/*deadlines*/",
     "}, { id = \"e\"; duty = \"publish\"; title_zh = \"t\"; title_en = \"t\"; days = 7; unit = "
     "\"day\"; source = \"s\"; edition = \"e\"; from = \"2025-12-31\"; mark = \"R\"; }",
     "clocks.conf:11", "same days"},
    {"t.1\tedition", "t.2\tedition", "workdays.tsv:1", "t.2"},
    {"t.1\tedition\tn\tR\n", "", "workdays.tsv:1", "edition"},
    {"2025\tyear", "25\tyear", "workdays.tsv:2", "25"},
    {"2025\tyear", "2o25\tyear", "workdays.tsv:2", "2o25"},
    {"2025\tyear\tn\tR\n", "", "workdays.tsv:2", "2025-01-01"},
    {"2025\tyear\tn\tR\n", "2025\tyear\tn\tR\n2025\tyear\tn\tR\n", "workdays.tsv:3", "2025"},
    {"2025-01-01\toff", "2025-02-29\toff", "workdays.tsv:3", "2025-02-29"},
    {"2025-01-01\toff", "2026-01-01\toff", "workdays.tsv:3", "2026-01-01"},
    {"2025-01-01\toff", "2025-01-26\toff", "workdays.tsv:4", "2025-01-26"},
    {"2025-01-01\toff", "2025-01-28\toff", "workdays.tsv:4", "2025-01-26"},
    {"2025-01-26\twork", "2025-01-27\twork", "workdays.tsv:4", "2025-01-27"},
    {"2025-01-01\toff", "2025-01-01\toften", "workdays.tsv:3", "often"},
    {"off\tn\tR", "off\tn\tX", "workdays.tsv:3", "X"},
    {"off\tn\tR", "off\tR", "workdays.tsv:3", "four"},
    {"off\tn\tR", "off\tn\tR\tS", "workdays.tsv:3", "four"},
    {"off\tn\tR\n", "off\tn\tR\n\n", "workdays.tsv:4", "four"},
    {"off\t", "off\t\t", "workdays.tsv:3", "four"},
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

/* Bad mapping files: each fails the load, with the file, the line and what was expected; never a
 * call. */
#include "format_test.h"

/* Line 8 holds the row that is broken. */
static const char good[] =
    "id = \"test.penalty@1\";\n"
    "title_zh = \"测试\";\n"
    "kind = \"penalty\";\n"
    "media = \"json\";\n"
    "no_end = [\"2099-12-31\"];\n"
    "fields = (\n"
    "  { name = \"A\"; path = \"subject.name\"; width = 10; required = true; },\n"
    "  /*row*/ { name = \"B\"; path = \"penalty.document_no\"; }\n"
    ");\n"
    "/*more*/ checks = ();\n"
    "tables = { kinds = { items = ( [\"罚款\", \"FINE\"] ); other = \"其他-\"; separators = "
    "[\";\"]; };\n"
    "  yes = { items = ( [\"1\", \"true\"], [\"0\", \"false\"] ); }; };\n";

static enum gw_status parse(const char *text, char **ret_said)
{
    struct gw_format_set *s = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 1 << 20);
    enum gw_status st = gw_format_set_parse(gw_bytes_str(text), "x.conf", &s, &error);
    *ret_said = gw_arena_strndup(arena, error.ptr, error.len);
    gw_buf_fini(&error);
    gw_format_set_free(s);
    return st;
}

static void test_the_good_one(void **state)
{
    (void)state;
    char *said;
    if (parse(good, &said) != GW_OK)
        fail_msg("%s", said);
    assert_string_equal(said, "");
}

static const struct {
    const char *row, *said;
} rows[] = {
    {"{ name = \"B\"; path = \"penalty.documentno\"; }", "path: seen \"penalty.documentno\""},
    {"{ name = \"B\"; path = \"penalty\"; }", "expected a value of the canonical record"},
    {"{ name = \"B\"; }", "a field needs name and path"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; wdith = 3; }", "wdith"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; width = \"3\"; }", "width"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; op = \"copy\"; }",
     "seen \"copy\", expected an operator"},
    {"{ name = \"B\"; path = \"penalty.fine\"; }", "operator text can not hold penalty.fine"},
    {"{ name = \"B\"; path = \"penalty.fine\"; op = \"money\"; }",
     "unit: seen \"\", expected yuan or wan"},
    {"{ name = \"B\"; path = \"penalty.fine\"; op = \"money\"; unit = \"jiao\"; }",
     "seen \"jiao\""},
    {"{ name = \"B\"; path = \"penalty.fine\"; op = \"money\"; unit = \"yuan\"; decimals = 3; }",
     "expected 0 to 2"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; unit = \"yuan\"; }",
     "unit is not a parameter of operator text"},
    {"{ name = \"B\"; path = \"decided_on\"; op = \"date\"; }", "patterns: expected one to 4"},
    {"{ name = \"B\"; path = \"decided_on\"; op = \"date\"; patterns = [\"YYYY\"]; }",
     "does not hold a date"},
    {"{ name = \"B\"; path = \"penalty.kinds\"; op = \"enum-list\"; table = \"kind\"; }",
     "expected the name of a table"},
    {"{ name = \"B\"; path = \"penalty.kinds\"; op = \"enum-list\"; table = \"kinds\"; }",
     "other: a table with free text"},
    {"{ name = \"B\"; path = \"status\"; op = \"enum\"; table = \"kinds\"; }",
     "seen \"FINE\", expected a name"},
    {"{ name = \"B\"; path = \"subject.uscc_filler\"; op = \"enum\"; table = \"kinds\"; }",
     "seen \"FINE\""},
    {"{ name = \"B\"; path = \"subject.uscc\"; op = \"uscc\"; filler_as = \"flag\"; }",
     "filler names the path of the flag"},
    {"{ name = \"B\"; path = \"subject.uscc\"; op = \"uscc\"; filler_as = \"keep\"; }",
     "filler_as: seen \"keep\""},
    {"{ name = \"B\"; path = \"subject.document.number\"; op = \"id-number\"; }",
     "path: seen \"\""},
    {"{ name = \"B\"; path = \"penalty.usage_range\"; op = \"code\"; }",
     "codes: expected the list"},
    {"{ name = \"B\"; path = \"subject.tax_no\"; op = \"upper\"; lengths = [\"40\"]; }",
     "expected 1 to 31"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; when = { path = \"kind\"; is = "
     "[\"PENALTY\"]; }; }",
     "required = true is missing"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; required = true; when = { path = \"kind\"; "
     "is = []; }; }",
     "`is` is empty"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; required = true; when = { path = \"kind\"; "
     "is = [\"FINE\"]; }; }",
     "seen \"FINE\""},
    {"{ name = \"B\"; path = \"penalty.document_no\"; required = true; when = { path = "
     "\"subject.name\"; is = [\"x\"]; }; }",
     "expected present, absent, or"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; only = { path = \"status\"; is = "
     "[\"IN_FORCE\"]; }; }",
     "status is filled by no row before this one"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; derive = \"procedure-by-kinds\"; }",
     "is no derivation of penalty.document_no"},
    {"{ name = \"B\"; path = \"penalty.basis\"; fallback = \"penalty.facts\"; }",
     "may not be filled from elsewhere"},
    {"{ name = \"B\"; path = \"decided_on\"; op = \"date\"; patterns = [\"YYYYMMDD\"]; fallback = "
     "\"remark\"; }",
     "of another type"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; direction = \"up\"; }",
     "direction: seen \"up\""},
    {"{ name = \"B\"; path = \"penalty.document_no\"; certainty = \"maybe\"; }",
     "certainty: seen \"maybe\""},
    {"{ name = \"B C\"; path = \"penalty.document_no\"; }", "can not name an element"},
    {"{ name = \"A\"; path = \"penalty.document_no\"; width = 3; }", "belong to the first row"},
    {"{ name = \"B\"; op = \"keep\"; path = \"penalty.document_no\"; }",
     "a kept field is not understood"},
    {"{ name = \"B\"; op = \"keep\"; only = { path = \"kind\"; is = [\"PENALTY\"]; }; }",
     "a kept field is not understood"},
    {"{ name = \"B\"; op = \"keep\"; fallback = \"received_at\"; }",
     "fallback of a kept field needs one pattern"},
    {"{ name = \"B\"; op = \"keep\"; fallback = \"decided_on\"; patterns = [\"YYYY\"]; }",
     "decided_on is no instant"},
    {"{ name = \"A\"; op = \"keep\"; }", "a kept field has one row"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; structured = true; }",
     "structured is not a parameter of operator text"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; op = \"code\"; codes = [\"1\"]; masked = "
     "true; }",
     "masked is not a parameter of operator code"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; ids = true; }",
     "ids is not a parameter of operator text"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; op = \"map\"; table = \"kinds\"; }",
     "a map has neither other nor separators"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; op = \"map\"; }", "table: seen \"\""},
    {"{ name = \"B\"; path = \"decided_on\"; op = \"date\"; patterns = [\"YYYYMMDD\"]; also = "
     "\"remark\"; }",
     "of a type that this operator can not use"},
    {"{ name = \"B\"; path = \"publicity_to\"; op = \"date\"; patterns = [\"YYYYMMDD\"]; also = "
     "\"decided_on\"; }",
     "also: publicity_to is no date"},
    {"{ name = \"B\"; path = \"subject.organisation_code\"; op = \"orgcode\"; uscc = "
     "\"decided_on\"; }",
     "of a type that this operator can not use"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; op = \"decimal\"; }",
     "operator decimal can not hold penalty.document_no"},
    {"{ name = \"A\"; path = \"penalty.document_no\"; absent_texts = [\"0\"]; }",
     "belong to the first row"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; only = { path = \"subject.name\"; is = "
     "[\"9*\", \"8*\"]; }; }",
     "a beginning with *"},
    {"{ name = \"B\"; path = \"penalty.document_no\"; aliases = [\"A\"]; }",
     "the name stands twice"},
};

static void test_rows_with_one_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        char *said;
        const char *text =
            edit(good, "{ name = \"B\"; path = \"penalty.document_no\"; }", rows[i].row);
        assert_int_equal(parse(text, &said), GW_INVALID);
        if (strstr(said, rows[i].said) == NULL || strstr(said, "x.conf:") == NULL)
            fail_msg("%s\nsaid: %s", rows[i].row, said);
        /* A fault in a table's use is told at the table, all others at the row. */
        if (strstr(said, "x.conf:8: ") == NULL && strstr(said, "x.conf:11: ") == NULL)
            fail_msg("%s\nno line: %s", rows[i].row, said);
    }
}

static const struct {
    const char *from, *to, *said;
} heads[] = {
    {"id = \"test.penalty@1\"", "id = \"test.penalty\"",
     "expected authority.kind[.variant]@edition"},
    {"id = \"test.penalty@1\"", "id = \"Test.penalty@1\"",
     "expected authority.kind[.variant]@edition"},
    {"kind = \"penalty\"", "kind = \"award\"", "kind: seen \"award\""},
    {"media = \"json\"", "media = \"yaml\"", "media: seen \"yaml\""},
    {"media = \"json\"", "media = \"json\"; absent = \"nil\"", "absent: seen \"nil\""},
    {"media = \"json\"", "media = \"xml\"; absent = \"null\"", "absent: seen \"null\""},
    {"media = \"json\"", "media = \"json\"; classes = [\"FIRM\"]", "classes: seen \"FIRM\""},
    {"media = \"json\"", "media = \"json\"; refused = [\"A\"]",
     "refused: A is a field of the table"},
    {"media = \"json\"", "media = \"json\"; envelope = { code = \"c\"; }",
     "an envelope needs rows"},
    {"media = \"json\"", "medium = \"json\"", "medium"},
    {"\"2099-12-31\"", "\"2099/12/31\"", "no_end: seen \"2099/12/31\""},
    {"checks = ()", "checks = ( { rule = \"later\"; field = \"A\"; } )", "rule: seen \"later\""},
    {"checks = ()", "checks = ( { rule = \"not-after\"; field = \"C\"; than = \"today\"; } )",
     "seen \"C\", expected a field"},
    {"checks = ()", "checks = ( { rule = \"not-after\"; field = \"A\"; than = \"today\"; } )",
     "A is no date"},
    {"checks = ()", "constants = ( { path = \"status\"; value = \"GOOD\"; } ); checks = ()",
     "seen \"GOOD\""},
    {"checks = ()",
     "constants = ( { path = \"decided_on\"; value = \"2026-01-01\"; } ); checks = ()",
     "expected a name of the enumeration, or a text"},
    {"checks = ()",
     "constants = ( { path = \"status\"; value = \"WITHDRAWN\"; when = { path = \"statu\"; is = "
     "[\"present\"]; }; } ); checks = ()",
     "path: seen \"statu\""},
    {"checks = ()",
     "constants = ( { path = \"status\"; value = \"WITHDRAWN\"; only = 3; } ); checks = ()",
     "only"},
    {"[\"1\", \"true\"]", "[\"1\"]", "expected [\"text\", \"NAME\"]"},
};

static void test_heads_with_one_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(heads); i++) {
        char *said;
        assert_int_equal(parse(edit(good, heads[i].from, heads[i].to), &said), GW_INVALID);
        if (strstr(said, heads[i].said) == NULL || strstr(said, "x.conf:") == NULL)
            fail_msg("%s\nsaid: %s", heads[i].to, said);
    }
}

static void test_all_faults_at_once(void **state)
{
    (void)state;
    char *said;
    char *text = edit(good, "kind = \"penalty\"", "kind = \"x\"");
    text = edit(text, "width = 10", "op = \"y\"");
    text = edit(text, "penalty.document_no", "penalty.z");
    assert_int_equal(parse(text, &said), GW_INVALID);
    assert_non_null(strstr(said, "seen \"x\""));
    assert_non_null(strstr(said, "seen \"y\""));
    assert_non_null(strstr(said, "penalty.z"));
}

static void test_ids_are_exact_and_near_ones_are_named(void **state)
{
    (void)state;
    struct gw_buf near;
    gw_buf_init(&near, 4096);
    assert_null(gw_format_find(set, GW_BYTES_LIT("national.penalty.org@2016"), &near));
    gw_buf_u8(&near, 0);
    assert_non_null(strstr((char *)near.ptr, "national.penalty.org@2018"));
    gw_buf_reset(&near);
    assert_null(gw_format_find(
        set, GW_BYTES_LIT("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"), &near));
    assert_true(near.len != 0);
    gw_buf_fini(&near);
}

/* The digest is over the files, and says which. */
static void test_digest(void **state)
{
    (void)state;
    struct gw_hash h;
    struct gw_hash again;
    char brief[9];
    struct gw_buf list;
    gw_buf_init(&list, 65536);
    gw_format_set_digest(set, brief, &h, &list);
    gw_crypto_sha256(gw_buf_view(&list), GW_BYTES_NONE, GW_BYTES_NONE, &again);
    assert_memory_equal(h.byte, again.byte, sizeof(h.byte));
    assert_int_equal(strlen(brief), 8);
    gw_buf_u8(&list, 0);
    assert_non_null(strstr((char *)list.ptr, " suzhou.permit@1.conf\n"));
    gw_buf_fini(&list);
}

/* Every column of the published tables is a row (or several) of its mapping, with its width and
 * necessity. Of a table that is joined behind another one nothing is mandatory. Gives the field
 * behind the last column. */
static size_t check_columns(const struct gw_format *f, const char *table, size_t n, bool joined)
{
    char *text = file_text(gw_arena_printf(arena, "conf/formats/fields/%s.tsv", table));
    char *save = NULL;
    strtok_r(text, "\n", &save);
    for (char *line = strtok_r(NULL, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save), n++) {
        char *cell[6] = {NULL};
        for (size_t k = 0; k < GW_ARRAY_LEN(cell); k++)
            cell[k] = strsep(&line, "\t");
        /* A stand-in that is read only (D11) is no column of the table. */
        while (!f->field[n].written && n < f->field_count)
            n++;
        const struct gw_field *fld = &f->field[n];
        assert_string_equal(fld->cname, cell[0]);
        assert_string_equal(fld->zh, cell[1][0] != '\0' ? cell[1] : cell[0]);
        if (cell[3][0] != '\0' && strchr(cell[3], '.') == NULL && strcmp(cell[2], "datetime") != 0)
            assert_int_equal(fld->width, atoi(cell[3]));
        if (strcmp(cell[4], "M") == 0)
            assert_true(joined || (fld->required && fld->when_count == 0));
        if (strcmp(cell[4], "O") == 0)
            assert_true(!fld->required || fld->when_count != 0);
    }
    return n;
}

static void check_tables(const char *id, const char *table, const char *joined)
{
    const struct gw_format *f = format(id);
    size_t n = check_columns(f, table, 0, false);
    if (joined != NULL)
        n = check_columns(f, joined, n, true);
    for (; n < f->field_count; n++)
        assert_true(f->field[n].refused || !f->field[n].written);
}

static void check_table(const char *id, const char *table)
{
    check_tables(id, table, NULL);
}

static void test_every_column_of_the_tables(void **state)
{
    (void)state;
    check_table("national.penalty.org@2018", "sgs2018_penalty_org");
    check_table("national.permit.org@2018", "sgs2018_permit_org");
    check_table("suzhou.permit@1", "permit_suzhou");
    check_table("national.penalty.person@2018", "sgs2018_penalty_person");
    check_table("national.permit.person@2018", "sgs2018_permit_person");
    check_table("zhejiang.penalty.unified@1", "penalty_zj_unified");
    check_table("suzhou.penalty@1", "penalty_suzhou");
    check_tables("common.list@1", "list_subject", "list_type");
    check_table("zhejiang.list.serious@1", "serious_list_zj");
    check_table("zhejiang.list.red@1", "redlist_zj");
    check_table("national.list.court@1", "court_defaulter");
    check_table("zhejiang.list.court@1", "court_defaulter_zj");
    check_table("municipal.score@1", "municipal_score");
}

/* Inferred rows are known as such. */
static void test_certainty(void **state)
{
    (void)state;
    assert_true(gw_format_inferred(format("zhejiang.penalty.unified@1")));
    assert_false(gw_format_confirmed(format("zhejiang.penalty.unified@1")));
    assert_true(gw_format_takes_class(format("suzhou.permit@1"),
                                      XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON));
    assert_false(gw_format_takes_class(format("national.permit.org@2018"),
                                       XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON));
}

static void test_operators_are_all_used(void **state)
{
    (void)state;
    for (size_t i = 0; gw_op_at(i) != NULL; i++) {
        bool used = false;
        for (size_t k = 0; k < gw_format_count(set); k++) {
            for (size_t n = 0; n < gw_format_at(set, k)->row_count; n++)
                used = used || gw_format_at(set, k)->row[n].op == gw_op_at(i);
        }
        if (!used)
            fail_msg("operator %s is used by no shipped mapping", gw_op_at(i)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_good_one),
        TEST(test_rows_with_one_fault),
        TEST(test_heads_with_one_fault),
        TEST(test_all_faults_at_once),
        TEST(test_ids_are_exact_and_near_ones_are_named),
        TEST(test_digest),
        TEST(test_every_column_of_the_tables),
        TEST(test_certainty),
        TEST(test_operators_are_all_used),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}

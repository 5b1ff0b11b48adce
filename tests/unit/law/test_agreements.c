/* conf/agreements/: what must not load, what adapters see, and what the digest covers. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "law_test.h"

static const char good[] = "id = \"hangzhou\";\n"
                           "title_zh = \"t\";\n"
                           "title_en = \"t\";\n"
                           "source = \"s\";\n"
                           "certainty = \"invented-for-tests\";\n"
                           "parties = [\"hangzhou\", \"municipal\"];\n"
                           "purposes = [\"benefit\"];\n"
                           "from = \"2026-01-01\";\n"
                           "until = \"2026-12-31\";\n"
                           "terms = { bands = ( { from = 1; } ); };\n";

static struct gw_law *fresh(void)
{
    struct gw_buf err;
    struct gw_law *l = NULL;
    gw_buf_init(&err, 1 << 16);
    assert_int_equal(gw_law_load(GW_SOURCE_DIR "/conf/law", &l, &err), GW_OK);
    gw_buf_fini(&err);
    return l;
}

static void edited(const char *from, const char *to, struct gw_buf *ret)
{
    const char *at = strstr(good, from);
    assert_non_null(at);
    gw_buf_append(ret, good, (size_t)(at - good));
    gw_buf_str(ret, to);
    gw_buf_str(ret, at + strlen(from));
}

static enum gw_status parse(struct gw_law *l, const char *from, const char *to, struct gw_buf *err)
{
    struct gw_buf text;
    gw_buf_init(&text, 1 << 16);
    edited(from, to, &text);
    enum gw_status st = gw_law_parse_agreement(l, "hangzhou.conf", gw_buf_view(&text), err);
    gw_buf_fini(&text);
    return st;
}

/* INVARIANTS P11, L18 */
static void test_every_mistake_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *where, *what;
    } row[] = {
        {"\"hangzhou\";\n", "\"suzhou\";\n", "hangzhou.conf:", "suzhou"},
        {"title_zh = \"t\";\n", "", "hangzhou.conf:", "title_zh"},
        {"title_en = \"t\"", "title_en = \"\"", "hangzhou.conf:3", "title_en"},
        {"source = \"s\";\n", "", "hangzhou.conf:", "source"},
        {"invented-for-tests", "guessed", "hangzhou.conf:", "published"},
        {"[\"hangzhou\", \"municipal\"]", "[]", "hangzhou.conf:6", "parties"},
        {"\"municipal\"]", "\"Hang zhou\"]", "hangzhou.conf:", "parties"},
        {"\"municipal\"]", "\"hangzhou\"]", "hangzhou.conf:", "second time"},
        {"\"municipal\"]", "\"\"]", "hangzhou.conf:", "parties"},
        {"[\"benefit\"]", "[]", "hangzhou.conf:7", "purposes"},
        {"[\"benefit\"]", "[\"benefits\"]", "hangzhou.conf:", "benefits"},
        {"[\"benefit\"]", "[\"benefit\", \"basic-service-access\"]",
         "hangzhou.conf:", "basic service"},
        {"2026-01-01", "2026-13-01", "hangzhou.conf:", "2026-13-01"},
        {"2026-12-31", "2025-12-31", "hangzhou.conf:", "2025-12-31"},
        {"until =", "untl =", "hangzhou.conf:9", "until"},
        {"terms = {", "terms = \"x\"; x = {", "hangzhou.conf:", "x"},
        {"terms", "term", "hangzhou.conf:10", "terms"},
        {"parties = [", "parties = (", "hangzhou.conf:6", ""},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_buf err;
        struct gw_law *l = fresh();
        gw_buf_init(&err, 1 << 16);
        enum gw_status st = parse(l, row[i].from, row[i].to, &err);
        gw_buf_u8(&err, 0);
        if (st != GW_INVALID || strstr((char *)err.ptr, row[i].where) == NULL ||
            strstr((char *)err.ptr, row[i].what) == NULL)
            fail_msg("%s -> %s: %s: %s", row[i].from, row[i].to, gw_status_name(st),
                     (char *)err.ptr);
        gw_buf_fini(&err);
        gw_law_free(l);
    }
}

/* Every purpose of the table: in an agreement, unless it is a basic service. */
static void test_every_purpose(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (size_t i = 0; i < law->purpose_count; i++) {
        const struct gw_law_purpose *p = &law->purpose[i].purpose;
        struct gw_buf err;
        struct gw_law *l = fresh();
        char list[128];
        gw_buf_init(&err, 1 << 16);
        (void)snprintf(list, sizeof(list), "\"%s\"", p->code);
        assert_int_equal(parse(l, "\"benefit\"", list, &err),
                         p->basic_service ? GW_INVALID : GW_OK);
        refused += p->basic_service ? 1 : 0;
        gw_buf_fini(&err);
        gw_law_free(l);
    }
    assert_true(refused > 0 && refused < law->purpose_count);
}

static void test_what_adapters_see(void **state)
{
    (void)state;
    struct gw_buf err;
    struct gw_law *l = fresh();
    gw_buf_init(&err, 1 << 16);
    assert_int_equal(gw_law_agreement_count(l), 0);
    assert_null(gw_law_agreement_at(l, 0));
    assert_int_equal(parse(l, "id = \"hangzhou\";\n", "", &err), GW_OK);
    assert_int_equal(gw_law_agreement_count(l), 1);
    assert_null(gw_law_agreement_at(l, 1));
    const struct gw_law_agreement *a = gw_law_agreement_at(l, 0);
    assert_string_equal(a->id, "hangzhou");
    assert_string_equal(a->certainty, "invented-for-tests");
    assert_string_equal(a->parties[0], "hangzhou");
    assert_string_equal(a->parties[1], "municipal");
    assert_null(a->parties[2]);
    assert_string_equal(a->purposes[0], "benefit");
    assert_null(a->purposes[1]);
    assert_int_equal(a->until.day, 31);
    assert_int_equal(gw_config_node_count(gw_config_node_child(a->node, "terms.bands")), 1);
    gw_buf_fini(&err);
    gw_law_free(l);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A folder: none is no fault, hidden and other files are left alone, digests cover what was read.
 */
static void test_folder(void **state)
{
    (void)state;
    char dir[] = "/tmp/law-agreements-XXXXXX", path[512];
    static const char *const name[] = {"hangzhou.conf", ".hidden.conf", "README.md"};
    struct gw_buf err, list;
    struct gw_law *l = fresh();
    struct gw_hash before, after;
    gw_buf_init(&err, 1 << 16);
    gw_buf_init(&list, 1 << 16);
    assert_int_equal(gw_law_load_agreements(l, "/tmp/law-no-such-folder", &err), GW_OK);
    gw_law_digest(l, &before, &list);

    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < GW_ARRAY_LEN(name); i++)
        put(dir, name[i], i == 0 ? good : "x");
    assert_int_equal(gw_law_load_agreements(l, dir, &err), GW_OK);
    assert_int_equal(gw_law_agreement_count(l), 1);
    gw_buf_reset(&list);
    gw_law_digest(l, &after, &list);
    gw_buf_u8(&list, 0);
    assert_memory_not_equal(&before, &after, sizeof(before));
    assert_ptr_equal(strstr((char *)list.ptr, " agreements/hangzhou.conf\n"),
                     (char *)list.ptr + 64);
    assert_non_null(strstr((char *)list.ptr, " law/catalogue.conf\n"));
    gw_law_free(l);

    /* One bad file, and none is taken. */
    put(dir, "suzhou.conf", good);
    l = fresh();
    assert_int_equal(gw_law_load_agreements(l, dir, &err), GW_INVALID);
    gw_buf_u8(&err, 0);
    assert_non_null(strstr((char *)err.ptr, "suzhou.conf:"));
    gw_law_free(l);
    for (size_t i = 0; i < GW_ARRAY_LEN(name); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name[i]);
        assert_int_equal(unlink(path), 0);
    }
    (void)snprintf(path, sizeof(path), "%s/suzhou.conf", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    gw_buf_fini(&err);
    gw_buf_fini(&list);
}

/* What is shipped loads. */
static void test_shipped(void **state)
{
    (void)state;
    struct gw_buf err;
    struct gw_law *l = fresh();
    gw_buf_init(&err, 1 << 16);
    if (gw_law_load_agreements(l, GW_SOURCE_DIR "/conf/agreements", &err) != GW_OK)
        fail_msg("%.*s", GW_BYTES_FMT(gw_buf_view(&err)));
    for (size_t i = 0; i < gw_law_agreement_count(l); i++)
        assert_true(gw_law_agreement_at(l, i)->source[0] != '\0');
    gw_buf_fini(&err);
    gw_law_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_named),
        cmocka_unit_test(test_every_purpose),
        cmocka_unit_test(test_what_adapters_see),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, law_group_setup, law_group_teardown);
}

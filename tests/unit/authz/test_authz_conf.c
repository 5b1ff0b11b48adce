/* Peer files that must not load, each with one thing wrong: named by file and line, with what was
 * seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authz/authz_internal.h"
#include "config/config.h"
#include "crypto/crypto.h"

static const char base[] = "name = \"city\";\n"
                           "role = \"peer\";\n"
                           "title_zh = \"t\";\n"
                           "title_en = \"t\";\n"
                           "org_uscc = \"11330600002500009G\";\n"
                           "grants = (\n"
                           "  {\n"
                           "    method = \"RecordExchange/Pull\";\n"
                           "    kinds = [\"penalty\"];\n"
                           "    classes = [\"organisation\"];\n"
                           "    areas = [\"3306\"];\n"
                           "    purposes = [\"p\", \"q\"];\n"
                           "    fields = [\"subject.name\", \"penalty.*\"];\n"
                           "    basis = \"\";\n"
                           "  }\n"
                           ");\n";

static enum gw_status load(const char *from, const char *to, struct gw_peer_set **ret,
                           struct gw_buf *err)
{
    struct gw_buf text;
    const char *at = strstr(base, from);
    assert_non_null(at);
    gw_buf_init(&text, 1 << 16);
    gw_buf_append(&text, base, (size_t)(at - base));
    gw_buf_str(&text, to);
    gw_buf_str(&text, at + strlen(from));
    *ret = NULL;
    enum gw_status st = gw_authz_parse("city.conf", gw_buf_view(&text), ret, err);
    assert_int_equal(st == GW_OK, *ret != NULL);
    gw_buf_fini(&text);
    return st;
}

static const struct {
    const char *from, *to;
    const char *where, *what;
} row[] = {
    {"role = ", "rolle = ", "city.conf:2", "role"},
    {"\"peer\"", "\"per\"", "city.conf:", "peer"},
    {"\"peer\"", "\"\"", "city.conf:2", "role"},
    {"\"city\"", "\"town\"", "city.conf:", "city"},
    {"\"city\"", "\"cit\"", "city.conf:", "city"},
    {"\"city\"", "\"City\"", "city.conf:", "City"},
    {"name = \"city\";\n", "\n", "city.conf:", "name"},
    {"\"11330600002500009G\"", "\"1133060000250000\"", "city.conf:5", "org_uscc"},
    {"\"11330600002500009G\"", "\"11330600002500009g\"", "city.conf:", "org_uscc"},
    {"grants = (", "production = \"no\";\ngrants = (", "city.conf:6", "production"},
    {"grants = (", "max_calls = 0;\ngrants = (", "city.conf:6", "max_calls"},
    {"grants = (", "max_message_bytes = \"1 GiB\";\ngrants = (", "city.conf:6",
     "max_message_bytes"},
    {"grants = (", "grant = (", "city.conf:6", "grants"},
    {"method = ", "methods = ", "city.conf:8", "method"},
    {"method = \"RecordExchange/Pull\";\n", "\n", "city.conf:7", "method"},
    {"\"RecordExchange/Pull\"", "\"RecordExchange\"", "city.conf:", "method"},
    {"\"RecordExchange/Pull\"", "\"*\"", "city.conf:", "method"},
    {"\"RecordExchange/Pull\"", "\"*/*\"", "city.conf:", "method"},
    {"\"RecordExchange/Pull\"", "\"RecordExchange/Pu*\"", "city.conf:", "method"},
    {"\"RecordExchange/Pull\"", "\"/RecordExchange/Pull\"", "city.conf:", "method"},
    {"\"RecordExchange/Pull\"", "\"xinqiao.v1.RecordExchange/Pull\"", "city.conf:", "method"},
    {"[\"penalty\"]", "[\"penalty \"]", "city.conf:", "kinds"},
    {"[\"penalty\"]", "[\"*\", \"penalty\"]", "city.conf:", "kinds"},
    {"[\"penalty\"]", "\"penalty\"", "city.conf:9", "kinds"},
    {"[\"organisation\"]", "[\"organization\"]", "city.conf:", "organisation"},
    {"[\"organisation\"]", "[\"person\"]", "city.conf:", "basis"},
    {"[\"organisation\"]", "[\"organisation\", \"person\"]", "city.conf:", "basis"},
    {"[\"3306\"]", "[\"330\"]", "city.conf:", "areas"},
    {"[\"3306\"]", "[\"33060\"]", "city.conf:", "areas"},
    {"[\"3306\"]", "[\"\"]", "city.conf:", "areas"},
    {"[\"3306\"]", "[\"Zhejiang\"]", "city.conf:", "areas"},
    {"[\"3306\"]", "[3306]", "city.conf:11", "areas"},
    {"[\"p\", \"q\"]", "[\"p q\"]", "city.conf:", "purposes"},
    {"[\"p\", \"q\"]", "[\"\"]", "city.conf:", "purposes"},
    {"[\"subject.name\", \"penalty.*\"]", "[]", "city.conf:13", "fields"},
    {"[\"subject.name\", \"penalty.*\"]", "\"subject.name\"", "city.conf:13", "fields"},
    {"[\"subject.name\", \"penalty.*\"]", "[\"Subject Name\"]", "city.conf:13", "canonical"},
    {"basis = ", "bases = ", "city.conf:14", "basis"},
    {"  }\n);", "  },\n  { method = \"RecordExchange/Pull\"; purposes = [\"q\", \"r\"]; }\n);",
     "city.conf:16", "join"},
    {"  }\n);", "  },\n  { method = \"RecordExchange/Pull\"; }\n);", "city.conf:16", "join"},
    {"  }\n);", "  },\n  { method = \"RecordExchange/Pull\"; purposes = [\"*\"]; }\n);",
     "city.conf:16", "join"},
    /* A forgotten line must not hand out records for any purpose and none. */
    {"    purposes = [\"p\", \"q\"];\n", "\n", "city.conf:7", "purposes: missing"},
    {"    purposes = [\"p\", \"q\"];\n", "    purposes = [];\n", "city.conf:7", "purposes"},
    {"/Pull\";\n    kinds = [\"penalty\"];\n    classes = [\"organisation\"];\n    areas = "
     "[\"3306\"];\n    purposes = [\"p\", \"q\"];\n",
     "/*\";\n", "city.conf:7", "purposes"},
    {"  }\n);", "  },\n  { method = \"ListExchange/Pull\"; }\n);", "city.conf:16", "purposes"},
    {"  }\n);", "  },\n  { method = \"ListExchange/*\"; }\n);", "city.conf:16", "purposes"},
    {"  }\n);", "  },\n  { method = \"ScoreRecognition/*\"; }\n);", "city.conf:16", "purposes"},
    {"  }\n);", "  },\n  { method = \"ScoreRecognition/Recognise\"; }\n);", "city.conf:16",
     "purposes"},
    {"  }\n);", "  }\n", "city.conf:", ""},
};

/* INVARIANTS P11, A3, A4, A6 */
static void test_every_mistake_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_buf err;
        struct gw_peer_set *s;
        gw_buf_init(&err, 1 << 16);
        enum gw_status st = load(row[i].from, row[i].to, &s, &err);
        gw_buf_u8(&err, 0);
        if (st != GW_INVALID || strstr((char *)err.ptr, row[i].where) == NULL ||
            strstr((char *)err.ptr, row[i].what) == NULL)
            fail_msg("%s -> %s: %s: %s", row[i].from, row[i].to, gw_status_name(st),
                     (char *)err.ptr);
        gw_authz_free(s);
        gw_buf_fini(&err);
    }
}

static void test_base_and_defaults(void **state)
{
    (void)state;
    struct gw_buf err;
    struct gw_peer_set *s;
    gw_buf_init(&err, 1 << 16);
    assert_int_equal(load("\"p\", \"q\"", "\"p\", \"q\"", &s, &err), GW_OK);
    const struct gw_peer *p = gw_authz_peer_at(s, 0);
    assert_string_equal(p->name, "city");
    assert_true(p->production);
    assert_string_equal(p->confirmed_by, "");
    assert_int_equal(p->max_message_bytes, 4 << 20);
    assert_int_equal(p->max_calls, 64);
    assert_int_equal(p->grant_count, 1);
    assert_string_equal(p->grant[0].purposes, "p q");
    assert_string_equal(p->grant[0].areas, "3306");
    assert_int_equal(p->grant[0].field_count, 2);
    assert_null(gw_authz_defaults_node(s, 0));
    gw_authz_free(s);

    /* What is not written is not granted; the class is organisations. */
    assert_int_equal(load("    kinds = [\"penalty\"];\n    classes = [\"organisation\"];\n    "
                          "areas = [\"3306\"];\n",
                          "", &s, &err),
                     GW_OK);
    p = gw_authz_peer_at(s, 0);
    assert_string_equal(p->grant[0].kinds, "");
    assert_string_equal(p->grant[0].areas, "");
    assert_int_equal(p->grant[0].classes, GW_CLASS_ORGANISATION);
    gw_authz_free(s);

    /* Persons with a basis. */
    assert_int_equal(load("[\"organisation\"];", "[\"person\"]; ", &s, &err), GW_INVALID);
    gw_buf_reset(&err);
    assert_int_equal(load("    basis = \"\"", "    basis = \"law\"", &s, &err), GW_OK);
    gw_authz_free(s);
    assert_int_equal(
        load("grants = (\n",
             "grants = ( { method = \"A/B\"; classes = [\"person\"]; basis = \"law\"; },\n", &s,
             &err),
        GW_OK);
    assert_int_equal(gw_authz_peer_at(s, 0)->grant[0].classes, GW_CLASS_PERSON);
    assert_null(gw_authz_peer_at(s, 0)->grant[0].fields);
    gw_authz_free(s);

    /* The defaults are handed on as they stand. */
    assert_int_equal(
        load("grants = (\n",
             "defaults = ( { format = \"suzhou.penalty@1\"; values = { A = \"b\"; }; } );\n"
             "grants = (\n",
             &s, &err),
        GW_OK);
    const struct gw_config_node *d = gw_authz_defaults_node(s, 0);
    assert_int_equal(gw_config_node_count(d), 1);
    assert_string_equal(gw_config_node_get_string(gw_config_node_at(d, 0), "values.A", ""), "b");
    gw_authz_free(s);
    assert_int_equal(err.len, 0);
    gw_buf_fini(&err);
}

static void test_folders(void **state)
{
    (void)state;
    struct gw_buf err;
    struct gw_peer_set *s = NULL;
    gw_buf_init(&err, 1 << 16);
    assert_int_equal(gw_authz_load(GW_SOURCE_DIR "/conf/no-such-folder", &s, &err), GW_NOT_FOUND);
    assert_true(err.len != 0);
    gw_buf_reset(&err);
    /* A folder without a peer is a gateway that nobody can call: a mistake. */
    assert_int_equal(gw_authz_load(GW_SOURCE_DIR "/tests/unit/authz", &s, &err), GW_INVALID);
    assert_true(err.len != 0);
    gw_buf_reset(&err);
    /* Files of another kind: each is complained about, nothing is half loaded. */
    assert_int_equal(gw_authz_load(GW_SOURCE_DIR "/conf/law", &s, &err), GW_INVALID);
    gw_buf_u8(&err, 0);
    assert_non_null(strstr((char *)err.ptr, "catalogue.conf"));
    assert_non_null(strstr((char *)err.ptr, "purposes.conf"));
    assert_null(s);
    gw_authz_free(NULL);
    gw_buf_fini(&err);
}

static int setup(void **state)
{
    (void)state;
    return gw_crypto_init() != GW_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_named),
        cmocka_unit_test(test_base_and_defaults),
        cmocka_unit_test(test_folders),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

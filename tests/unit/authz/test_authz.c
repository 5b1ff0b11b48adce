/* Grants, one dimension after the other: what is not granted is denied. On the shipped peers too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authz/authz_internal.h"
#include "base/reason.h"
#include "crypto/crypto.h"

static struct gw_peer_set *set;

static int setup(void **state)
{
    (void)state;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 16);
    if (gw_crypto_init() != GW_OK)
        return 1;
    enum gw_status st = gw_authz_load(GW_SOURCE_DIR "/conf/peers", &set, &err);
    if (st != GW_OK)
        (void)fprintf(stderr, "%.*s", GW_BYTES_FMT(gw_buf_view(&err)));
    gw_buf_fini(&err);
    return st != GW_OK;
}

static int teardown(void **state)
{
    (void)state;
    gw_authz_free(set);
    return 0;
}

static const struct gw_peer *who(const char *role, const char *peer)
{
    struct gw_tls_identity id = {.role = role, .peer = peer};
    return gw_authz_identify(set, &id);
}

/* INVARIANTS A1 */
static void test_identity_is_role_and_peer(void **state)
{
    (void)state;
    static const struct {
        const char *role, *peer;
    } unknown[] = {{"", ""},
                   {"peer", ""},
                   {"", "suzhou"},
                   {"operator", "suzhou"},
                   {"peer", "suzho"},
                   {"peer", "suzhouu"},
                   {"peer", "Suzhou"},
                   {"peer/suzhou", ""},
                   {"", "peer/suzhou"},
                   {"peer", "../suzhou"},
                   {"municipal", "province"}};
    for (size_t i = 0; i < GW_ARRAY_LEN(unknown); i++)
        assert_null(who(unknown[i].role, unknown[i].peer));
    char longest[4096];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(who("peer", longest));

    static const char *const known[][2] = {{"province", "province"}, {"peer", "suzhou"},
                                           {"peer", "hangzhou"},     {"municipal", "municipal"},
                                           {"auditor", "auditor"},   {"operator", "operator"}};
    size_t count = gw_authz_peer_count(set);
    assert_true(count >= GW_ARRAY_LEN(known));
    for (size_t i = 0; i < GW_ARRAY_LEN(known); i++) {
        const struct gw_peer *p = who(known[i][0], known[i][1]);
        assert_non_null(p);
        assert_ptr_equal(gw_authz_peer_at(set, p->index), p);
    }
    assert_null(gw_authz_peer_at(set, count));
    assert_null(gw_authz_defaults_node(set, count));
}

/* The reason of denial, or "" with the grant. */
static const char *ask(const struct gw_peer *p, const char *method, const char *purpose,
                       const struct gw_grant **ret)
{
    struct gw_route r = {.path = "/x/y", .method = method};
    const char *reason = "";
    *ret = NULL;
    enum gw_status st = gw_authz_route(p, &r, gw_bytes_str(purpose), ret, &reason);
    assert_int_equal(st, reason[0] == '\0' ? GW_OK : GW_DENIED);
    assert_int_equal(st == GW_OK, *ret != NULL);
    if (st != GW_OK)
        assert_non_null(gw_reason_find(gw_bytes_str(reason)));
    return reason;
}

/* INVARIANTS A2 */
static void test_method_and_purpose(void **state)
{
    (void)state;
    static const struct {
        const char *role, *peer, *method, *purpose, *reason;
    } row[] = {
        {"peer", "suzhou", "RecordExchange/Push", "record-sharing", "no-grant"},
        {"peer", "suzhou", "RecordExchange/Translate", "record-sharing", "no-grant"},
        {"peer", "suzhou", "RecordExchange/PullAll", "record-sharing", "no-grant"},
        {"peer", "suzhou", "RecordExchange/Pul", "record-sharing", "no-grant"},
        {"peer", "suzhou", "recordexchange/pull", "record-sharing", "no-grant"},
        {"peer", "suzhou", "Operations/Status", "", "no-grant"},
        {"peer", "suzhou", "RecordExchange/Pull", "", "purpose-missing"},
        {"peer", "suzhou", "RecordExchange/Pull", "joint-discipline", "grant-purpose"},
        {"peer", "suzhou", "RecordExchange/Pull", "record", "grant-purpose"},
        {"peer", "suzhou", "RecordExchange/Pull", "record-sharing credit-supervision",
         "grant-purpose"},
        {"peer", "suzhou", "RecordExchange/Pull", "*", "grant-purpose"},
        {"peer", "suzhou", "RecordExchange/Pull", "record-sharing", ""},
        {"peer", "suzhou", "RecordExchange/Pull", "credit-supervision", ""},
        {"peer", "hangzhou", "RecordExchange/Push", "", "no-grant"},
        {"peer", "hangzhou", "RecordExchange/Pull", "record-sharing", ""},
        {"province", "province", "RecordExchange/Push", "", ""},
        {"province", "province", "RecordExchange/Pull", "double-publicity", ""},
        {"province", "province", "RecordExchange/Translate", "", ""},
        {"province", "province", "Operations/Status", "", "no-grant"},
        {"municipal", "municipal", "RecordExchange/Translate", "", ""},
        {"municipal", "municipal", "RecordExchange/Push", "", ""},
        {"municipal", "municipal", "RecordExchange/Pull", "self-query", ""},
        {"municipal", "municipal", "RecordExchange/Pull", "basic-service-access", "grant-purpose"},
        {"municipal", "municipal", "Operations/Status", "", "no-grant"},
        {"auditor", "auditor", "RecordExchange/Pull", "audit", "no-grant"},
        {"auditor", "auditor", "Audit/Search", "", "purpose-missing"},
        {"auditor", "auditor", "Audit/Search", "audit", ""},
        {"auditor", "auditor", "ServerReflection/ServerReflectionInfo", "", "no-grant"},
        {"operator", "operator", "Operations/Status", "", ""},
        {"operator", "operator", "Operations/Drain", "", ""},
        {"operator", "operator", "OperationsX/Drain", "", "no-grant"},
        {"operator", "operator", "Operations/", "", "no-grant"},
        {"operator", "operator", "RecordExchange/Pull", "operation", "no-grant"},
        {"operator", "operator", "ServerReflection/ServerReflectionInfo", "", ""},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        const struct gw_grant *g;
        const char *reason = ask(who(row[i].role, row[i].peer), row[i].method, row[i].purpose, &g);
        if (strcmp(reason, row[i].reason) != 0)
            fail_msg("%s %s \"%s\": %s", row[i].peer, row[i].method, row[i].purpose, reason);
    }
}

static void test_health_is_for_every_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < gw_authz_peer_count(set); i++) {
        const struct gw_grant *g;
        assert_string_equal(ask(gw_authz_peer_at(set, i), "Health/Check", "", &g), "");
        assert_string_equal(ask(gw_authz_peer_at(set, i), "Health/Watch", "", &g), "");
    }
}

/* INVARIANTS A2, A5 */
static void test_record_dimensions(void **state)
{
    (void)state;
    const struct gw_grant g = {.method = "RecordExchange/Pull",
                               .kinds = "penalty permit",
                               .classes = GW_CLASS_ORGANISATION | GW_CLASS_SOLE_TRADER,
                               .areas = "3306 320505",
                               .purposes = "p"};
    static const struct {
        const char *kind;
        uint32_t class;
        const char *area, *reason;
    } row[] = {
        {"penalty", GW_CLASS_ORGANISATION, "330602", NULL},
        {"permit", GW_CLASS_SOLE_TRADER, "330600", NULL},
        {"penalty", GW_CLASS_ORGANISATION, "320505", NULL},
        {"", GW_CLASS_ORGANISATION, "330602", "withheld-kind"},
        {"penal", GW_CLASS_ORGANISATION, "330602", "withheld-kind"},
        {"penalty permit", GW_CLASS_ORGANISATION, "330602", "withheld-kind"},
        {"*", GW_CLASS_ORGANISATION, "330602", "withheld-kind"},
        {"penalty", GW_CLASS_PERSON, "330602", "withheld-class"},
        {"penalty", 0, "330602", "withheld-class"},
        {"penalty", GW_CLASS_ORGANISATION, "330100", "withheld-area"},
        {"penalty", GW_CLASS_ORGANISATION, "320500", "withheld-area"},
        {"penalty", GW_CLASS_ORGANISATION, "33", "withheld-area"},
        {"penalty", GW_CLASS_ORGANISATION, "", "withheld-area"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        const char *reason =
            gw_authz_record(&g, row[i].kind, row[i].class, gw_bytes_str(row[i].area));
        if ((reason == NULL) != (row[i].reason == NULL) ||
            (reason != NULL && strcmp(reason, row[i].reason) != 0))
            fail_msg("row %zu: %s", i, reason != NULL ? reason : "covered");
        if (reason != NULL)
            assert_non_null(gw_reason_find(gw_bytes_str(reason)));
    }
    struct gw_grant all = g;
    all.kinds = "*";
    all.areas = "*";
    assert_null(gw_authz_record(&all, "list", GW_CLASS_ORGANISATION, GW_BYTES_NONE));
    assert_string_equal(gw_authz_record(&all, "", GW_CLASS_ORGANISATION, GW_BYTES_NONE),
                        "withheld-kind");
    const struct gw_grant none = {.kinds = "", .classes = 0, .areas = "", .purposes = ""};
    assert_string_equal(gw_authz_record(&none, "penalty", 0, GW_BYTES_LIT("330602")),
                        "withheld-kind");
}

/* INVARIANTS A2 */
static void test_lists_and_words(void **state)
{
    (void)state;
    struct gw_grant g = {.lists = "market-serious zhejiang-red", .allow = "reasons"};
    assert_null(gw_authz_list(&g, "market-serious"));
    assert_null(gw_authz_list(&g, "zhejiang-red"));
    static const char *const other[] = {"", "*", "market", "market-serious zhejiang-red", "court"};
    for (size_t i = 0; i < GW_ARRAY_LEN(other); i++)
        assert_string_equal(gw_authz_list(&g, other[i]), "withheld-list");
    assert_non_null(gw_reason_find(GW_BYTES_LIT("withheld-list")));
    assert_true(gw_authz_allows(&g, "reasons"));
    assert_false(gw_authz_allows(&g, "reason"));
    assert_false(gw_authz_allows(&g, ""));
    g.lists = "*";
    assert_null(gw_authz_list(&g, "court-defaulter"));
    g.lists = "";
    assert_string_equal(gw_authz_list(&g, "court-defaulter"), "withheld-list");
}

/* Who pulls: peer cities see organisations and no document of a natural person. */
static void test_peers_get_no_persons(void **state)
{
    (void)state;
    static const char *const peer[] = {"suzhou", "hangzhou"};
    for (size_t i = 0; i < GW_ARRAY_LEN(peer); i++) {
        const struct gw_grant *g;
        assert_string_equal(ask(who("peer", peer[i]), "RecordExchange/Pull", "record-sharing", &g),
                            "");
        assert_int_equal(g->classes, GW_CLASS_ORGANISATION);
        assert_true(g->field_count != 0);
        for (size_t f = 0; f < g->field_count; f++) {
            assert_null(strstr(g->fields[f], "document."));
            assert_string_not_equal(g->fields[f], "subject.document");
            assert_string_not_equal(g->fields[f], "subject.*");
            assert_string_not_equal(g->fields[f], "*");
        }
    }
    const struct gw_grant *g;
    assert_string_equal(ask(who("municipal", "municipal"), "RecordExchange/Pull", "self-query", &g),
                        "");
    assert_int_equal(g->classes, GW_CLASS_ORGANISATION | GW_CLASS_SOLE_TRADER | GW_CLASS_PERSON);
    assert_null(g->fields);
    assert_string_not_equal(g->basis, "");
}

/* The exact method before the service, whatever their order in the file. */
static void test_exact_grant_first(void **state)
{
    (void)state;
    const struct gw_grant grants[] = {
        {.method = "A/*", .kinds = "", .areas = "", .purposes = ""},
        {.method = "A/B", .kinds = "", .areas = "", .purposes = "p"},
        {.method = "A/*", .kinds = "", .areas = "", .purposes = "q"},
    };
    const struct gw_peer p = {.grant = grants, .grant_count = GW_ARRAY_LEN(grants)};
    const struct gw_grant *g;
    assert_string_equal(ask(&p, "A/B", "p", &g), "");
    assert_ptr_equal(g, &grants[1]);
    assert_string_equal(ask(&p, "A/B", "", &g), "");
    assert_ptr_equal(g->purposes, grants[0].purposes);
    assert_string_equal(ask(&p, "A/C", "p", &g), "");
    assert_string_equal(ask(&p, "AB/C", "p", &g), "no-grant");
    const struct gw_peer nobody = {.grant = NULL, .grant_count = 0};
    assert_string_equal(ask(&nobody, "Health/Check", "", &g), "no-grant");
}

static void test_digest_list(void **state)
{
    (void)state;
    struct gw_buf list;
    gw_buf_init(&list, 1 << 16);
    gw_authz_digest_list(set, &list);
    gw_buf_u8(&list, 0);
    const char *at = (char *)list.ptr;
    const char *before = "";
    for (size_t i = 0; i < gw_authz_peer_count(set); i++) {
        char line[128];
        const char *name = gw_authz_peer_at(set, i)->name;
        assert_true(strcmp(before, name) < 0);
        before = name;
        (void)snprintf(line, sizeof(line), " peers/%s.conf\n", name);
        assert_int_equal(strspn(at, "0123456789abcdef"), 64);
        assert_memory_equal(at + 64, line, strlen(line));
        at += 64 + strlen(line);
    }
    assert_int_equal(*at, 0);
    gw_buf_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_is_role_and_peer),
        cmocka_unit_test(test_method_and_purpose),
        cmocka_unit_test(test_health_is_for_every_peer),
        cmocka_unit_test(test_record_dimensions),
        cmocka_unit_test(test_lists_and_words),
        cmocka_unit_test(test_peers_get_no_persons),
        cmocka_unit_test(test_exact_grant_first),
        cmocka_unit_test(test_digest_list),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

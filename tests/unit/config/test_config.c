/* config/: what is refused, with which words; then what is filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

struct settings {
    const char *address;
    const char *key;
    bool on;
    uint16_t port;
    int32_t offset;
    uint64_t limit;
    uint32_t idle_ms;
    uint64_t grace_s;
    int mode;
    struct gw_config_strings names;
    struct gw_config_strings files;
    const struct gw_config_node *peers;
};

static const struct gw_config_choice modes[] = {{"off", 0}, {"warn", 1}, {"require", 7}, {NULL, 0}};

static const struct gw_config_option rows[] = {
    GW_CONFIG_OPTION(struct settings, address, "listen.address", GW_CONFIG_STRING, NULL, 3, 40,
                     false, "Where clients connect."),
    GW_CONFIG_OPTION(struct settings, key, "tls.key", GW_CONFIG_PATH, "", 0, 0, true,
                     "Private key."),
    GW_CONFIG_OPTION(struct settings, on, "listen.on", GW_CONFIG_BOOL, "true", 0, 0, true, "On."),
    GW_CONFIG_OPTION(struct settings, port, "listen.port", GW_CONFIG_INT, "8443", 0, 65535, false,
                     "Port."),
    GW_CONFIG_OPTION(struct settings, offset, "offset", GW_CONFIG_INT, "-5", -10, 10, true,
                     "Offset."),
    GW_CONFIG_OPTION(struct settings, limit, "limit", GW_CONFIG_BYTES, "64 MiB", 1, 1099511627776,
                     true, "Limit."),
    GW_CONFIG_OPTION(struct settings, idle_ms, "conn.idle", GW_CONFIG_DURATION_MS, "5min", 1,
                     86400000, true, "Idle."),
    GW_CONFIG_OPTION(struct settings, grace_s, "tls.grace", GW_CONFIG_DURATION_S, "72h", 0, 0, true,
                     "Grace."),
    GW_CONFIG_OPTION_ENUM(struct settings, mode, "mode", modes, "warn", true, "Mode."),
    GW_CONFIG_OPTION(struct settings, names, "names", GW_CONFIG_STRINGS, "a, b", 0, 3, true,
                     "Names."),
    GW_CONFIG_OPTION(struct settings, files, "files", GW_CONFIG_PATHS, "x.conf", 0, 0, true,
                     "Files."),
    GW_CONFIG_OPTION(struct settings, peers, "peers", GW_CONFIG_NODE, "", 0, 0, true, "Peers."),
};

static enum gw_status load(const char *text, struct settings *ret, char *report, size_t size,
                           struct gw_config **ret_config)
{
    struct gw_buf b;
    gw_buf_init_fixed(&b, report, size - 1);
    struct gw_config *c = NULL;
    enum gw_status st = gw_config_parse(gw_bytes_str(text), "/etc/x/gateway.conf", &c, &b);
    if (st == GW_OK)
        st = gw_config_fill(c, rows, GW_ARRAY_LEN(rows), ret, &b);
    if (c != NULL && gw_config_finish(c, &b) != GW_OK)
        st = GW_INVALID;
    report[b.len] = '\0';
    if (st != GW_OK || ret_config == NULL)
        gw_config_free(c);
    else
        *ret_config = c;
    return st;
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "listen.address is missing: Where clients connect."},
        {"listen = {\n  adress = \"a:1\";\n};",
         "gateway.conf:2: listen.adress: unknown option, did you mean \"listen.address\"?"},
        {"listen = { address = \"a:1\"; };\nlimits = 3;",
         "gateway.conf:2: limits: unknown option, did you mean \"limit\"?"},
        {"listen = { address = \"a:1\"; };\nabsolutely_else = 3;",
         "absolutely_else: unknown option\n"},
        {"listen = { address = 5; };",
         "listen.address: seen 5, expected a string from 3 to 40 bytes long"},
        {"listen = { address = \"a\"; };", "seen \"a\", expected a string"},
        {"listen = \"a:1\";", "listen: seen \"a:1\", expected a group { } (for listen.address)"},
        {"listen = { address = \"a:1\"; port = 65536; };",
         "listen.port: seen 65536, expected a whole number from 0 to 65535"},
        {"listen = { address = \"a:1\"; port = -1; };", "seen -1"},
        {"listen = { address = \"a:1\"; port = 1.5; };", "seen a decimal number"},
        {"listen = { address = \"a:1\"; port = \"1\"; };", "seen \"1\""},
        {"listen = { address = \"a:1\"; on = 1; };", "listen.on: seen 1, expected true or false"},
        {"listen = { address = \"a:1\"; };\nlimit = \"64 MB\";", "seen \"64 MB\", expected bytes"},
        {"listen = { address = \"a:1\"; };\nlimit = \"99999999999 TiB\";", "limit: seen"},
        {"listen = { address = \"a:1\"; };\nlimit = 0;", "from 1 B to 1 TiB"},
        {"listen = { address = \"a:1\"; };\nconn = { idle = 5; };",
         "conn.idle: seen 5, expected a duration"},
        {"listen = { address = \"a:1\"; };\nconn = { idle = \"1 year\"; };", "seen \"1 year\""},
        {"listen = { address = \"a:1\"; };\nconn = { idle = \"2d\"; };", "from 1ms to 1d"},
        {"listen = { address = \"a:1\"; };\ntls = { grace = \"500ms\"; };", "whole seconds"},
        {"listen = { address = \"a:1\"; };\nmode = \"on\";",
         "expected one of \"off\", \"warn\", \"require\""},
        {"listen = { address = \"a:1\"; };\nnames = [\"a\", \"b\", \"c\", \"d\"];",
         "from 0 to 3 elements"},
        {"listen = { address = \"a:1\"; };\nnames = [1, 2];", "names: seen a list"},
        {"listen = { address = \"a:1\"; };\nnames = \"a\";", "seen \"a\", expected a list"},
        {"listen = { address = \"a:1\"; };\npeers = 1;", "peers: seen 1, expected a group"},
        {"listen = { address = \"a:1\"; };\nlisten = { };",
         "gateway.conf:2: duplicate setting name"},
        {"limit = 5000000000;", "gateway.conf:1: a number does not fit 32 bits"},
        {"limit = 0xfffffffff;", "does not fit 32 bits"},
        {"limit = 99999999999999999999L;", "does not fit 64 bits"},
        {"limit = 1;\n/* open\n\n", "gateway.conf:2: a comment that begins here has no end"},
        {"a = \"open\n\n", "gateway.conf:1: a string that begins here has no end"},
        {"a = \"x\\x00y\";", "NUL character"},
        {"\n\n  @include \"other.conf\"\n", "gateway.conf:3: @include"},
        {"a = \"\xff\";", "not UTF-8"},
        {"a = {", "gateway.conf:1: syntax error"},
        {"a = ((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))));",
         "nested more than"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(cases); i++) {
        struct settings s;
        memset(&s, 0x5a, sizeof s);
        struct settings before = s;
        char report[4096];
        enum gw_status st = load(cases[i].text, &s, report, sizeof report, NULL);
        if (st != GW_INVALID || strstr(report, cases[i].says) == NULL)
            fail_msg("case %zu: %s: %s wanted: %s", i, gw_status_name(st), report, cases[i].says);
        /* A fill that refuses touches nothing. */
        if (strstr(report, ", expected ") != NULL)
            assert_memory_equal(&s, &before, sizeof s);
    }
}

static void test_all_mistakes_in_one_report(void **state)
{
    (void)state;
    struct settings s;
    char report[4096];
    assert_int_equal(load("limit = \"x\";\nmode = 3;\n", &s, report, sizeof report, NULL),
                     GW_INVALID);
    assert_non_null(strstr(report, "limit"));
    assert_non_null(strstr(report, "mode"));
    assert_non_null(strstr(report, "listen.address"));
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings s;
    char report[1024];
    struct gw_config *c = NULL;
    assert_int_equal(load("listen = { address = \"[::1]:0\"; }", &s, report, sizeof report, &c),
                     GW_OK);
    assert_string_equal(report, "");
    assert_string_equal(s.address, "[::1]:0");
    assert_null(s.key);
    assert_true(s.on);
    assert_int_equal(s.port, 8443);
    assert_int_equal(s.offset, -5);
    assert_int_equal(s.limit, 64 << 20);
    assert_int_equal(s.idle_ms, 300000);
    assert_int_equal(s.grace_s, 72 * 3600);
    assert_int_equal(s.mode, 1);
    assert_int_equal(s.names.count, 2);
    assert_string_equal(s.names.items[1], "b");
    assert_string_equal(s.files.items[0], "/etc/x/x.conf");
    assert_null(s.peers);
    gw_config_free(c);
}

static void test_values(void **state)
{
    (void)state;
    struct settings s;
    char report[1024];
    struct gw_config *c = NULL;
    assert_int_equal(
        load("\xef\xbb\xbf# comment\n// and one\nlisten : { address = \"a:1\"; on = false; port = "
             "0x10; };\n"
             "offset = -10; limit = 5000000000L;\nconn = { idle = \"250 ms\"; };\n"
             "tls = { key = \"../k/\u4fe1.pem\"; grace = 0; };\nmode = \"require\"; names = [];\n"
             "files = [\"/a\", \"b\"]; peers = ( { name = \"x\"; anything = 1; } );\n",
             &s, report, sizeof report, &c),
        GW_OK);
    assert_false(s.on);
    assert_int_equal(s.port, 16);
    assert_int_equal(s.offset, -10);
    assert_int_equal(s.limit, INT64_C(5000000000));
    assert_int_equal(s.idle_ms, 250);
    assert_string_equal(s.key, "/etc/x/../k/\u4fe1.pem");
    assert_int_equal(s.grace_s, 0);
    assert_int_equal(s.mode, 7);
    assert_int_equal(s.names.count, 0);
    assert_string_equal(s.files.items[0], "/a");
    assert_string_equal(s.files.items[1], "/etc/x/b");
    assert_int_equal(gw_config_node_count(s.peers), 1);
    gw_config_free(c);
}

static void test_several_tables(void **state)
{
    (void)state;
    struct one {
        uint32_t a;
    } one;
    struct two {
        uint32_t b;
    } two;
    static const struct gw_config_option t1[] = {
        GW_CONFIG_OPTION(struct one, a, "x.a", GW_CONFIG_INT, "1", 0, 9, true, "A.")};
    static const struct gw_config_option t2[] = {
        GW_CONFIG_OPTION(struct two, b, "x.b", GW_CONFIG_INT, "1", 0, 9, true, "B.")};
    char mem[512];
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem);
    struct gw_config *c = NULL;
    assert_int_equal(gw_config_parse(gw_bytes_str("x = { a = 2; b = 3; }"), "f", &c, &report),
                     GW_OK);
    assert_int_equal(gw_config_fill(c, t1, 1, &one, &report), GW_OK);
    assert_int_equal(gw_config_finish(c, &report), GW_INVALID); /* b: nobody's yet */
    gw_buf_reset(&report);
    assert_int_equal(gw_config_fill(c, t2, 1, &two, &report), GW_OK);
    assert_int_equal(gw_config_finish(c, &report), GW_OK);
    assert_int_equal(one.a, 2);
    assert_int_equal(two.b, 3);
    gw_config_free(c);
}

static void test_tree(void **state)
{
    (void)state;
    char mem[2048] = "";
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem - 1);
    struct gw_config *c = NULL;
    const char *text =
        "format = \"x@1\";\nfields = (\n  { from = \"A\"; to = \"b.c\"; must = true; n = 7; },\n"
        "  { from = \"B\"; too = \"d\"; }\n);\n";
    assert_int_equal(gw_config_parse(gw_bytes_str(text), "/m/x.conf", &c, &report), GW_OK);
    const struct gw_config_node *root = gw_config_root(c);
    const struct gw_config_node *fields = gw_config_node_child(root, "fields");
    assert_int_equal(gw_config_node_kind(fields), GW_CONFIG_KIND_LIST);
    assert_int_equal(gw_config_node_count(fields), 2);
    const struct gw_config_node *f0 = gw_config_node_at(fields, 0);
    const struct gw_config_node *f1 = gw_config_node_at(fields, 1);
    assert_null(gw_config_node_at(fields, 2));
    assert_int_equal(gw_config_node_line(f1), 4);
    assert_string_equal(gw_config_node_file(f1), "/m/x.conf");
    assert_string_equal(gw_config_node_name(gw_config_node_at(f0, 1)), "to");
    assert_string_equal(gw_config_node_get_string(f0, "to", "-"), "b.c");
    assert_string_equal(gw_config_node_get_string(f0, "nothing.at.all", "-"), "-");
    assert_int_equal(gw_config_node_get_int(f0, "n", -1), 7);
    assert_int_equal(gw_config_node_get_int(f0, "from", -1), -1);
    assert_true(gw_config_node_get_bool(f0, "must", false));
    assert_null(gw_config_node_string(NULL));
    assert_null(gw_config_node_child(NULL, "x"));
    assert_int_equal(gw_config_node_count(NULL), 0);

    const char *s = "untouched";
    int64_t n = 5;
    bool b = false;
    assert_int_equal(gw_config_node_read_string(f0, "zz", &s, &report), GW_NOT_FOUND);
    assert_int_equal(report.len, 0);
    assert_int_equal(gw_config_node_read_string(f0, "n", &s, &report), GW_INVALID);
    assert_int_equal(gw_config_node_read_int(f0, "from", &n, &report), GW_INVALID);
    assert_int_equal(gw_config_node_read_bool(f0, "n", &b, &report), GW_INVALID);
    assert_string_equal(s, "untouched");
    assert_int_equal(n, 5);
    assert_string_equal(mem, "/m/x.conf:3: fields[0].n: seen 7, expected a string\n"
                             "/m/x.conf:3: fields[0].from: seen \"A\", expected a whole number\n"
                             "/m/x.conf:3: fields[0].n: seen 7, expected true or false\n");
    memset(mem, 0, sizeof mem);
    gw_buf_reset(&report);
    static const char *const names[] = {"from", "to", "must", "n"};
    assert_int_equal(gw_config_node_only(f0, names, 4, &report), GW_OK);
    assert_int_equal(gw_config_node_only(f1, names, 4, &report), GW_INVALID);
    assert_string_equal(mem, "/m/x.conf:4: fields[1].too: unknown name, did you mean \"to\"?\n");
    memset(mem, 0, sizeof mem);
    gw_buf_reset(&report);
    gw_config_node_complain(f1, &report, "no such field %d", 4);
    assert_string_equal(mem, "/m/x.conf:4: fields[1]: no such field 4\n");
    gw_config_free(c);
}

static void test_fill_of_a_group(void **state)
{
    (void)state;
    struct peer {
        const char *name;
        uint32_t rate;
    } p = {"before", 1};
    static const struct gw_config_option t[] = {
        GW_CONFIG_OPTION(struct peer, name, "name", GW_CONFIG_STRING, NULL, 1, 9, true, "Name."),
        GW_CONFIG_OPTION(struct peer, rate, "limits.rate", GW_CONFIG_INT, "10", 0, 100, true,
                         "Rate.")};
    char mem[1024] = "";
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem - 1);
    struct gw_config *c = NULL;
    const char *text = "a = { name = \"x\"; limits = { rate = 3; }; };\nb = { name = \"y\"; limits "
                       "= { rat = 3; }; };\nd = 1;";
    assert_int_equal(gw_config_parse(gw_bytes_str(text), "p.conf", &c, &report), GW_OK);
    const struct gw_config_node *root = gw_config_root(c);
    assert_int_equal(gw_config_node_fill(gw_config_node_child(root, "b"), t, 2, &p, &report),
                     GW_INVALID);
    assert_non_null(strstr(mem, "b.limits.rat: unknown option, did you mean \"limits.rate\"?"));
    assert_string_equal(p.name, "before");
    assert_int_equal(gw_config_node_fill(gw_config_node_child(root, "d"), t, 2, &p, &report),
                     GW_INVALID);
    assert_int_equal(gw_config_node_fill(gw_config_node_child(root, "e"), t, 2, &p, &report),
                     GW_NOT_FOUND);
    assert_int_equal(gw_config_node_fill(gw_config_node_child(root, "a"), t, 2, &p, &report),
                     GW_OK);
    assert_string_equal(p.name, "x");
    assert_int_equal(p.rate, 3);
    gw_config_free(c);
}

static void test_reload(void **state)
{
    (void)state;
    struct settings a;
    struct settings b;
    char text[1024];
    char mem[1024] = "";
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem - 1);
    struct gw_config *ca = NULL;
    struct gw_config *cb = NULL;
    assert_int_equal(load("listen = { address = \"a:1\"; port = 1; }", &a, text, sizeof text, &ca),
                     GW_OK);
    assert_int_equal(
        load("listen = { address = \"a:1\"; port = 1; }; limit = 7;", &b, text, sizeof text, &cb),
        GW_OK);
    assert_int_equal(gw_config_check_reload(rows, GW_ARRAY_LEN(rows), &a, &b, &report), GW_OK);
    gw_config_free(cb);
    assert_int_equal(load("listen = { address = \"b:1\"; port = 2; }", &b, text, sizeof text, &cb),
                     GW_OK);
    assert_int_equal(gw_config_check_reload(rows, GW_ARRAY_LEN(rows), &a, &b, &report),
                     GW_PRECONDITION);
    assert_non_null(strstr(mem, "listen.address"));
    assert_non_null(strstr(mem, "listen.port"));
    gw_config_free(ca);
    gw_config_free(cb);
}

static void test_tables_are_checked(void **state)
{
    (void)state;
    char mem[1024] = "";
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem - 1);
    assert_int_equal(gw_config_check_options(rows, GW_ARRAY_LEN(rows), &report), GW_OK);
    static const struct gw_config_option bad[] = {
        GW_CONFIG_OPTION(struct settings, port, "Port", GW_CONFIG_INT, "1", 0, 2, true, "X."),
        GW_CONFIG_OPTION(struct settings, port, "p", GW_CONFIG_INT, "3", 0, 2, true, "X."),
        GW_CONFIG_OPTION(struct settings, port, "q", GW_CONFIG_STRING, "", 0, 0, true, "X."),
        GW_CONFIG_OPTION(struct settings, port, "q", GW_CONFIG_INT, "1", 0, 2, true, "X."),
        GW_CONFIG_OPTION(struct settings, port, "r.", GW_CONFIG_INT, "1", 0, 2, true, "X."),
        GW_CONFIG_OPTION(struct settings, port, "s", GW_CONFIG_INT, "1", 0, 2, true, ""),
        GW_CONFIG_OPTION(struct settings, port, "t", GW_CONFIG_INT, "70000", 0, 0, true, "X.")};
    assert_int_equal(gw_config_check_options(bad, GW_ARRAY_LEN(bad), &report), GW_INVALID);
    unsigned lines = 0;
    for (const char *p = mem; *p != '\0'; p++)
        lines += *p == '\n';
    assert_int_equal(lines, GW_ARRAY_LEN(bad));
}

static void test_manual(void **state)
{
    (void)state;
    char mem[4096] = "";
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof mem - 1);
    gw_config_print_options(rows, GW_ARRAY_LEN(rows), &b);
    assert_non_null(strstr(
        mem,
        "| `listen.address` | string | required | 3 to 40 | restart | Where clients connect. |\n"));
    assert_non_null(
        strstr(mem, "| `conn.idle` | duration | `5min` | 1ms to 1d | reload | Idle. |\n"));
    assert_non_null(
        strstr(mem, "| `mode` | choice | `warn` | `off` `warn` `require` | reload | Mode. |\n"));
}

static void test_units(void **state)
{
    (void)state;
    int64_t v = 0;
    assert_int_equal(gw_config_parse_duration_ms(GW_BYTES_LIT("30d"), &v), GW_OK);
    assert_int_equal(v, INT64_C(30) * 86400000);
    assert_int_equal(gw_config_parse_bytes(GW_BYTES_LIT("2 GiB"), &v), GW_OK);
    assert_int_equal(v, INT64_C(2) << 30);
    static const char *const bad[] = {"",     "s",   "5",  "5 S",  "5ss",  "-1s", "1.5s",
                                      "5 s ", " 5s", "1y", "1mon", "0x5s", "5  "};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        assert_int_equal(gw_config_parse_duration_ms(gw_bytes_str(bad[i]), &v), GW_INVALID);
    assert_int_equal(gw_config_parse_bytes(GW_BYTES_LIT("9223372036854775807 KiB"), &v),
                     GW_TOO_LARGE);
}

static void test_choices_of_a_list(void **state)
{
    (void)state;
    static const struct gw_config_choice colours[] = {
        {"red", 1}, {"green", 2}, {"blue", 4}, {NULL, 0}};
    static const char *const good[] = {"blue", "red", "blue"};
    static const char *const bad[] = {"red", "Red"};
    struct gw_config_strings list = {bad, GW_ARRAY_LEN(bad)};
    char mem[512] = "";
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem - 1);
    struct gw_config *c = NULL;
    assert_int_equal(gw_config_parse(gw_bytes_str("a = 1;"), "/m/x.conf", &c, &report), GW_OK);
    const struct gw_config_node *root = gw_config_root(c);
    uint32_t mask = 77;
    assert_int_equal(gw_config_choices_mask(root, "colours", &list, colours, &mask, &report),
                     GW_INVALID);
    assert_int_equal(mask, 77);
    assert_non_null(strstr(mem, ": colours: seen \"Red\", expected red, green or blue\n"));
    list = (struct gw_config_strings){good, GW_ARRAY_LEN(good)};
    assert_int_equal(gw_config_choices_mask(root, "colours", &list, colours, &mask, &report),
                     GW_OK);
    assert_int_equal(mask, 5);
    list.count = 0;
    assert_int_equal(gw_config_choices_mask(root, "colours", &list, colours, &mask, &report),
                     GW_OK);
    assert_int_equal(mask, 0);
    gw_config_free(c);
}

static void test_names_of_files(void **state)
{
    (void)state;
    static const char *const no[] = {"", ".conf", ".x.conf", "x.conf~", "x.CONF", "conf", "x.con"};
    for (size_t i = 0; i < GW_ARRAY_LEN(no); i++)
        assert_false(gw_config_is_file_name(no[i]));
    assert_true(gw_config_is_file_name("x.conf"));
    assert_true(gw_config_is_file_name("a.b@1.conf"));
}

static void test_files(void **state)
{
    (void)state;
    char mem[512] = "";
    struct gw_buf report;
    gw_buf_init_fixed(&report, mem, sizeof mem - 1);
    struct gw_config *c = NULL;
    assert_int_equal(gw_config_load("/nowhere/x.conf", &c, &report), GW_NOT_FOUND);
    assert_non_null(strstr(mem, "/nowhere/x.conf"));
    char path[] = "/tmp/gw-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a = 1;\n", 7), 7);
    close(fd);
    assert_int_equal(gw_config_load(path, &c, &report), GW_OK);
    assert_true(gw_bytes_eq_str(gw_config_text(c), "a = 1;\n"));
    assert_string_equal(gw_config_file(c), path);
    gw_config_free(c);
    assert_int_equal(gw_config_load_in("/tmp", path + strlen("/tmp/"), &c, &report), GW_OK);
    assert_string_equal(gw_config_file(c), path);
    gw_config_free(c);
    static char deep[8192];
    memset(deep, 'd', sizeof deep - 1);
    char long_mem[sizeof deep + 64] = "";
    gw_buf_init_fixed(&report, long_mem, sizeof long_mem - 1);
    assert_int_equal(gw_config_load_in(deep, "x.conf", &c, &report), GW_TOO_LARGE);
    assert_non_null(strstr(long_mem, "/x.conf: the path is too long\n"));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_all_mistakes_in_one_report),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_several_tables),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_fill_of_a_group),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_tables_are_checked),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_choices_of_a_list),
        cmocka_unit_test(test_names_of_files),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

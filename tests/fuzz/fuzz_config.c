/* fuzz: config */
/* Any text as a configuration file: loads or is refused with a line in the report; what loads can
 * be walked, filled and finished. */
#include <stdlib.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
    const char *s;
    const char *p;
    bool b;
    uint16_t i;
    uint64_t bytes;
    uint32_t ms;
    int mode;
    struct gw_config_strings list;
    const struct gw_config_node *node;
};

static const struct gw_config_choice modes[] = {{"off", 0}, {"on", 1}, {NULL, 0}};

static const struct gw_config_option rows[] = {
    GW_CONFIG_OPTION(struct settings, s, "a.s", GW_CONFIG_STRING, "x", 0, 0, true, "S."),
    GW_CONFIG_OPTION(struct settings, p, "a.p", GW_CONFIG_PATH, "", 0, 0, true, "P."),
    GW_CONFIG_OPTION(struct settings, b, "a.b", GW_CONFIG_BOOL, "true", 0, 0, true, "B."),
    GW_CONFIG_OPTION(struct settings, i, "i", GW_CONFIG_INT, "1", 0, 65535, true, "I."),
    GW_CONFIG_OPTION(struct settings, bytes, "a.b.bytes", GW_CONFIG_BYTES, "1 MiB", 0, 0, true,
                     "B."),
    GW_CONFIG_OPTION(struct settings, ms, "ms", GW_CONFIG_DURATION_MS, "5s", 0, 0, true, "D."),
    GW_CONFIG_OPTION_ENUM(struct settings, mode, "mode", modes, "on", true, "M."),
    GW_CONFIG_OPTION(struct settings, list, "list", GW_CONFIG_STRINGS, "", 0, 5, true, "L."),
    GW_CONFIG_OPTION(struct settings, node, "node", GW_CONFIG_NODE, "", 0, 0, true, "N."),
};

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void walk(const struct gw_config_node *n, struct gw_buf *report, unsigned depth)
{
    static const char *const names[] = {"a", "i", "node"};
    must(depth < 64);
    must((gw_config_node_string(n) != NULL) == (gw_config_node_kind(n) == GW_CONFIG_KIND_STRING));
    (void)!gw_config_node_only(n, names, 3, report);
    gw_config_node_complain(n, report, "here");
    gw_buf_reset(report);
    for (size_t i = 0; i < gw_config_node_count(n); i++) {
        const struct gw_config_node *child = gw_config_node_at(n, i);
        const char *name = gw_config_node_name(child);
        if (gw_config_node_kind(n) == GW_CONFIG_KIND_GROUP)
            must(gw_config_node_child(n, name) == child);
        walk(child, report, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_buf report;
    gw_buf_init(&report, 1 << 20);
    struct gw_config *c = NULL;
    enum gw_status st = gw_config_parse(gw_bytes_make(data, size), "/fuzz/x.conf", &c, &report);
    if (st != GW_OK) {
        must(report.len > 0 && c == NULL);
    } else {
        struct settings s;
        gw_buf_reset(&report);
        st = gw_config_fill(c, rows, GW_ARRAY_LEN(rows), &s, &report);
        must((st == GW_OK) == (report.len == 0));
        if (st == GW_OK)
            must(s.mode == 0 || s.mode == 1);
        gw_buf_reset(&report);
        st = gw_config_finish(c, &report);
        must((st == GW_OK) == (report.len == 0));
        gw_buf_reset(&report);
        (void)!gw_config_node_fill(gw_config_root(c), rows, GW_ARRAY_LEN(rows), &s, &report);
        gw_buf_reset(&report);
        walk(gw_config_root(c), &report, 0);
        gw_config_free(c);
    }
    gw_buf_fini(&report);
    return 0;
}

/* Option tables: values copied into a settings struct, and names that no row knows refused with the
 * nearest one that exists. One value is option_value.c's work. */
#include <stdio.h>

#include "base/text.h"
#include "config/config_internal.h"

/* -------------------------------------------------------------------------------- unknown names */

static const char *nearest(const struct gw_config_table *tables, const char *path)
{
    const char *best_name = NULL;
    unsigned best = GW_CONFIG_MAX_DISTANCE;
    for (const struct gw_config_table *t = tables; t != NULL; t = t->next) {
        for (size_t i = 0; i < t->count; i++) {
            unsigned d = gw_text_distance(gw_bytes_str(path), gw_bytes_str(t->rows[i].name), best);
            if (d < best) {
                best = d;
                best_name = t->rows[i].name;
            }
        }
    }
    return best_name;
}

/* A group above known options is descended into; what a NODE row has claimed is its owner's. */
static bool is_claimed_whole(const struct gw_config_table *tables, const char *path)
{
    for (const struct gw_config_table *t = tables; t != NULL; t = t->next)
        for (size_t i = 0; i < t->count; i++)
            if (strcmp(t->rows[i].name, path) == 0)
                return true;
    return false;
}

static bool unknown_report(const struct gw_config_node *n, const struct gw_config_table *tables,
                           const char *path, struct gw_buf *report)
{
    char own[GW_CONFIG_MAX_PATH];
    bool good = true;
    for (size_t i = 0; i < n->count; i++) {
        const struct gw_config_node *child = &n->children[i];
        (void)snprintf(own, sizeof own, "%s%s%s", path, path[0] != '\0' ? "." : "", child->name);
        if (is_claimed_whole(tables, own))
            continue;
        if (child->known && child->kind == GW_CONFIG_KIND_GROUP) {
            good = unknown_report(child, tables, own, report) && good;
            continue;
        }
        const char *near = nearest(tables, own);
        gw_config_node_where(child, report);
        if (near != NULL)
            gw_buf_printf(report, "unknown option, did you mean \"%s\"?\n", near);
        else
            gw_buf_str(report, "unknown option\n");
        good = false;
    }
    return good;
}

/* ------------------------------------------------------------------------------ filling structs */

/* The node of a dotted name below `at`; *ret_blocked is a value that stands where a group must be.
 */
static struct gw_config_node *locate(struct gw_config_node *at, const char *name,
                                     struct gw_config_node **ret_blocked)
{
    *ret_blocked = NULL;
    while (at != NULL) {
        at->known = true;
        size_t len = strcspn(name, ".");
        if (len == 0)
            return at;
        if (at->kind != GW_CONFIG_KIND_GROUP) {
            *ret_blocked = at;
            return NULL;
        }
        struct gw_config_node *found = NULL;
        for (size_t i = 0; i < at->count && found == NULL; i++)
            if (gw_bytes_eq_str(gw_bytes_make(name, len), at->children[i].name))
                found = &at->children[i];
        at = found;
        name += len + (name[len] == '.' ? 1 : 0);
    }
    return NULL;
}

static bool row_read(struct gw_config_node *base, const struct gw_config_option *o,
                     struct gw_config_value *ret, struct gw_buf *report)
{
    struct gw_config *c = base->config;
    struct gw_config_node *blocked;
    struct gw_config_node *n = locate(base, o->name, &blocked);
    if (blocked != NULL) {
        gw_config_node_where(blocked, report);
        gw_buf_str(report, "seen ");
        gw_config_node_seen(blocked, report);
        gw_buf_printf(report, ", expected a group { } (for %s)\n", o->name);
        return false;
    }
    if (n != NULL) {
        if (gw_config_value_from_node(c, o, n, ret))
            return true;
        gw_config_node_where(n, report);
        gw_buf_str(report, "seen ");
        gw_config_node_seen(n, report);
        gw_buf_str(report, ", expected ");
        gw_config_option_expected_put(o, report);
        gw_buf_str(report, "\n");
        return false;
    }
    if (o->default_text != NULL)
        return !GW_BUG_ON(!gw_config_value_from_default(c, o, ret));
    gw_config_node_where(base, report);
    gw_buf_printf(report, "%s is missing: %s\n", o->name, o->doc);
    return false;
}

/* `closed`: names below `base` that are in no row are refused too. */
static enum gw_status fill(struct gw_config_node *base, const struct gw_config_table *table,
                           bool closed, void *ret, struct gw_buf *report)
{
    struct gw_config *c = base->config;
    struct gw_config_value *values = gw_arena_calloc(c->arena, table->count + 1, sizeof *values);
    if (values == NULL)
        return GW_NOMEM;
    bool good = true;
    for (size_t i = 0; i < table->count; i++)
        good = row_read(base, &table->rows[i], &values[i], report) && good;
    if (closed)
        good = unknown_report(base, table, "", report) && good;
    if (gw_arena_failed(c->arena))
        return GW_NOMEM;
    if (!good)
        return GW_INVALID;
    for (size_t i = 0; i < table->count; i++)
        gw_config_value_store(&table->rows[i], &values[i], ret);
    return GW_OK;
}

enum gw_status gw_config_fill(struct gw_config *c, const struct gw_config_option *rows,
                              size_t count, void *ret, struct gw_buf *report)
{
    GW_MAGIC_CHECK(c, GW_CONFIG_MAGIC);
    struct gw_config_table *t = gw_arena_new_of(c->arena, struct gw_config_table);
    if (t == NULL)
        return GW_NOMEM;
    *t = (struct gw_config_table){rows, count, c->tables};
    c->tables = t;
    return fill(c->root, t, false, ret, report);
}

enum gw_status gw_config_node_fill(const struct gw_config_node *n,
                                   const struct gw_config_option *rows, size_t count, void *ret,
                                   struct gw_buf *report)
{
    if (n == NULL)
        return GW_NOT_FOUND;
    if (n->kind != GW_CONFIG_KIND_GROUP) {
        gw_config_node_where(n, report);
        gw_buf_str(report, "seen ");
        gw_config_node_seen(n, report);
        gw_buf_str(report, ", expected a group { }\n");
        return GW_INVALID;
    }
    const struct gw_config_table table = {rows, count, NULL};
    /* The tree is ours: marking names as known is no change that a reader can see. */
    return fill((struct gw_config_node *)(uintptr_t)n, &table, true, ret, report);
}

enum gw_status gw_config_finish(struct gw_config *c, struct gw_buf *report)
{
    GW_MAGIC_CHECK(c, GW_CONFIG_MAGIC);
    return unknown_report(c->root, c->tables, "", report) ? GW_OK : GW_INVALID;
}

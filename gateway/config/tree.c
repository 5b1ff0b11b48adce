/* The read-only tree: look-ups that may be chained, typed reads that complain with file and line.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "config/config_internal.h"

const struct gw_config_node *gw_config_root(const struct gw_config *c)
{
    return c->root;
}

static const struct gw_config_node *member(const struct gw_config_node *n, struct gw_bytes name)
{
    if (n->kind != GW_CONFIG_KIND_GROUP)
        return NULL;
    for (size_t i = 0; i < n->count; i++)
        if (gw_bytes_eq_str(name, n->children[i].name))
            return &n->children[i];
    return NULL;
}

const struct gw_config_node *gw_config_node_child(const struct gw_config_node *n, const char *path)
{
    while (n != NULL && *path != '\0') {
        const char *dot = strchr(path, '.');
        size_t len = dot != NULL ? (size_t)(dot - path) : strlen(path);
        n = member(n, gw_bytes_make(path, len));
        path += dot != NULL ? len + 1 : len;
    }
    return n;
}

const struct gw_config_node *gw_config_node_at(const struct gw_config_node *n, size_t i)
{
    return n != NULL && i < n->count ? &n->children[i] : NULL;
}

size_t gw_config_node_count(const struct gw_config_node *n)
{
    return n != NULL ? n->count : 0;
}

enum gw_config_kind gw_config_node_kind(const struct gw_config_node *n)
{
    return n != NULL ? n->kind : GW_CONFIG_KIND_GROUP;
}

const char *gw_config_node_kind_text(const struct gw_config_node *n)
{
    static const char *const texts[] = {
        [GW_CONFIG_KIND_GROUP] = "a group { }",  [GW_CONFIG_KIND_LIST] = "a list",
        [GW_CONFIG_KIND_STRING] = "a string",    [GW_CONFIG_KIND_INT] = "a whole number",
        [GW_CONFIG_KIND_BOOL] = "true or false", [GW_CONFIG_KIND_DECIMAL] = "a decimal number",
    };
    return n != NULL ? texts[n->kind] : "nothing";
}

const char *gw_config_node_name(const struct gw_config_node *n)
{
    return n != NULL ? n->name : "";
}

unsigned gw_config_node_line(const struct gw_config_node *n)
{
    return n != NULL ? n->line : 0;
}

const char *gw_config_node_file(const struct gw_config_node *n)
{
    return n != NULL ? n->config->file : "";
}

/* ------------------------------------------------------------------------------------- messages */

void gw_config_node_path(const struct gw_config_node *n, char *ret, size_t size)
{
    const struct gw_config_node *up[GW_CONFIG_MAX_DEPTH + 1];
    size_t depth = 0;
    for (; n->parent != NULL && depth < GW_ARRAY_LEN(up); n = n->parent)
        up[depth++] = n;
    size_t len = 0;
    ret[0] = '\0';
    while (depth > 0 && len < size) {
        const struct gw_config_node *at = up[--depth];
        int w = at->name[0] != '\0'
                    ? snprintf(ret + len, size - len, "%s%s", len > 0 ? "." : "", at->name)
                    : snprintf(ret + len, size - len, "[%u]", at->index);
        len += w > 0 ? (size_t)w : 0;
    }
}

void gw_config_node_where(const struct gw_config_node *n, struct gw_buf *report)
{
    char path[GW_CONFIG_MAX_PATH];
    gw_config_node_path(n, path, sizeof path);
    gw_buf_str(report, n->config->file);
    if (n->line != 0) /* else: the whole file */
        gw_buf_printf(report, ":%u", n->line);
    gw_buf_printf(report, ": %s%s", path, path[0] != '\0' ? ": " : "");
}

void gw_config_node_seen(const struct gw_config_node *n, struct gw_buf *report)
{
    switch (n->kind) {
    case GW_CONFIG_KIND_STRING:
        gw_json_put_string(report, gw_utf8_cut(gw_bytes_str(n->string), 80));
        break;
    case GW_CONFIG_KIND_INT:
        gw_buf_printf(report, "%lld", (long long)n->number);
        break;
    case GW_CONFIG_KIND_BOOL:
        gw_buf_str(report, n->number != 0 ? "true" : "false");
        break;
    case GW_CONFIG_KIND_GROUP:
    case GW_CONFIG_KIND_LIST:
    case GW_CONFIG_KIND_DECIMAL:
        gw_buf_str(report, gw_config_node_kind_text(n));
        break;
    }
}

void gw_config_node_complain(const struct gw_config_node *n, struct gw_buf *report, const char *fmt,
                             ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n != NULL)
        gw_config_node_where(n, report);
    gw_buf_printf(report, "%s\n", text);
}

/* --------------------------------------------------------------------------------------- values */

const char *gw_config_node_string(const struct gw_config_node *n)
{
    return n != NULL && n->kind == GW_CONFIG_KIND_STRING ? n->string : NULL;
}

const char *gw_config_node_get_string(const struct gw_config_node *n, const char *path,
                                      const char *fallback)
{
    const char *s = gw_config_node_string(gw_config_node_child(n, path));
    return s != NULL ? s : fallback;
}

int64_t gw_config_node_get_int(const struct gw_config_node *n, const char *path, int64_t fallback)
{
    const struct gw_config_node *v = gw_config_node_child(n, path);
    return v != NULL && v->kind == GW_CONFIG_KIND_INT ? v->number : fallback;
}

bool gw_config_node_get_bool(const struct gw_config_node *n, const char *path, bool fallback)
{
    const struct gw_config_node *v = gw_config_node_child(n, path);
    return v != NULL && v->kind == GW_CONFIG_KIND_BOOL ? v->number != 0 : fallback;
}

static enum gw_status find(const struct gw_config_node *n, const char *path,
                           enum gw_config_kind kind, const char *expected,
                           const struct gw_config_node **ret, struct gw_buf *report)
{
    const struct gw_config_node *v = gw_config_node_child(n, path);
    if (v == NULL)
        return GW_NOT_FOUND;
    if (v->kind != kind) {
        gw_config_node_where(v, report);
        gw_buf_str(report, "seen ");
        gw_config_node_seen(v, report);
        gw_buf_printf(report, ", expected %s\n", expected);
        return GW_INVALID;
    }
    *ret = v;
    return GW_OK;
}

enum gw_status gw_config_node_read_string(const struct gw_config_node *n, const char *path,
                                          const char **ret, struct gw_buf *report)
{
    const struct gw_config_node *v;
    GW_TRY(find(n, path, GW_CONFIG_KIND_STRING, "a string", &v, report));
    *ret = v->string;
    return GW_OK;
}

enum gw_status gw_config_node_read_int(const struct gw_config_node *n, const char *path,
                                       int64_t *ret, struct gw_buf *report)
{
    const struct gw_config_node *v;
    GW_TRY(find(n, path, GW_CONFIG_KIND_INT, "a whole number", &v, report));
    *ret = v->number;
    return GW_OK;
}

enum gw_status gw_config_node_read_bool(const struct gw_config_node *n, const char *path, bool *ret,
                                        struct gw_buf *report)
{
    const struct gw_config_node *v;
    GW_TRY(find(n, path, GW_CONFIG_KIND_BOOL, "true or false", &v, report));
    *ret = v->number != 0;
    return GW_OK;
}

static void unknown_name(const struct gw_config_node *n, const char *const *names, size_t count,
                         struct gw_buf *report)
{
    const char *near = NULL;
    unsigned best = GW_CONFIG_MAX_DISTANCE;
    for (size_t i = 0; i < count; i++) {
        unsigned d = gw_text_distance(gw_bytes_str(n->name), gw_bytes_str(names[i]), best);
        if (d < best) {
            best = d;
            near = names[i];
        }
    }
    gw_config_node_where(n, report);
    if (near != NULL)
        gw_buf_printf(report, "unknown name, did you mean \"%s\"?\n", near);
    else
        gw_buf_str(report, "unknown name\n");
}

enum gw_status gw_config_node_only(const struct gw_config_node *n, const char *const *names,
                                   size_t count, struct gw_buf *report)
{
    enum gw_status st = GW_OK;
    if (n == NULL || n->kind != GW_CONFIG_KIND_GROUP)
        return GW_OK;
    for (size_t i = 0; i < n->count; i++) {
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = strcmp(n->children[i].name, names[k]) == 0;
        if (known)
            continue;
        unknown_name(&n->children[i], names, count, report);
        st = GW_INVALID;
    }
    return st;
}

/* "organisation, sole-trader or person" */
static void choices_put(const struct gw_config_choice *choices, struct gw_buf *ret)
{
    for (size_t i = 0; choices[i].name != NULL; i++) {
        const char *between = choices[i + 1].name == NULL ? " or " : ", ";
        gw_buf_printf(ret, "%s%s", i != 0 ? between : "", choices[i].name);
    }
}

enum gw_status gw_config_choices_mask(const struct gw_config_node *n, const char *name,
                                      const struct gw_config_strings *list,
                                      const struct gw_config_choice *choices, uint32_t *ret,
                                      struct gw_buf *report)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct gw_config_choice *c = choices;
        while (c->name != NULL && strcmp(c->name, list->items[i]) != 0)
            c++;
        if (c->name == NULL) {
            char expected[256] = "";
            struct gw_buf b;
            gw_buf_init_fixed(&b, expected, sizeof expected - 1);
            choices_put(choices, &b);
            gw_config_node_complain(n, report, "%s: seen \"%s\", expected %s", name, list->items[i],
                                    expected);
            return GW_INVALID;
        }
        mask |= (uint32_t)c->value;
    }
    *ret = mask;
    return GW_OK;
}

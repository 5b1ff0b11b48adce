/* One option's value: read from the file or from its default, checked against its row, stored in
 * its field. */
#include "base/text.h"
#include "config/config_internal.h"

static const struct {
    const char *name;     /* for the manual */
    const char *expected; /* for messages */
} types[GW_CONFIG_TYPE_COUNT] = {
    [GW_CONFIG_STRING] = {"string", "a string"},
    [GW_CONFIG_PATH] = {"path", "a path in quotes"},
    [GW_CONFIG_BOOL] = {"bool", "true or false"},
    [GW_CONFIG_INT] = {"number", "a whole number"},
    [GW_CONFIG_BYTES] = {"bytes", "bytes, as 4096 or \"64 MiB\" (B KiB MiB GiB TiB)"},
    [GW_CONFIG_DURATION_MS] = {"duration", "a duration, as \"5s\" (ms s min h d)"},
    [GW_CONFIG_DURATION_S] = {"duration", "a duration in whole seconds, as \"72h\" (s min h d)"},
    [GW_CONFIG_ENUM] = {"choice", "one of"},
    [GW_CONFIG_STRINGS] = {"list of strings", "a list of strings, as [\"a\", \"b\"]"},
    [GW_CONFIG_PATHS] = {"list of paths", "a list of paths, as [\"a\", \"b\"]"},
    [GW_CONFIG_NODE] = {"section", "a group { } or a list ( )"},
};

static bool is_path(enum gw_config_type t)
{
    return t == GW_CONFIG_PATH || t == GW_CONFIG_PATHS;
}

/* ------------------------------------------------------------------------------ what is allowed */

static bool has_bounds(const struct gw_config_option *o)
{
    return o->min != 0 || o->max != 0;
}

/* The least and the greatest number that the row and its field can hold; a field that may not be
 * negative is taken as unsigned. */
static void number_bounds(const struct gw_config_option *o, int64_t *ret_min, int64_t *ret_max)
{
    *ret_min = has_bounds(o) ? o->min : 0;
    *ret_max = has_bounds(o) ? o->max : INT64_MAX;
    if (o->type == GW_CONFIG_INT && !has_bounds(o))
        *ret_min = o->size < 8 ? -(INT64_C(1) << (8 * o->size - 1)) : INT64_MIN;
    if (o->size >= 8)
        return;
    int64_t top = (INT64_C(1) << (8 * o->size - (*ret_min < 0 ? 1 : 0))) - 1;
    if (*ret_max > top)
        *ret_max = top;
}

void gw_config_option_expected_put(const struct gw_config_option *o, struct gw_buf *report)
{
    gw_buf_str(report, types[o->type].expected);
    for (const struct gw_config_choice *c = o->choices;
         o->type == GW_CONFIG_ENUM && c != NULL && c->name != NULL; c++)
        gw_buf_printf(report, "%s \"%s\"", c == o->choices ? "" : ",", c->name);
    if (!has_bounds(o))
        return;
    gw_buf_str(report, " from ");
    gw_config_unit_put(o->type, o->min, report);
    gw_buf_str(report, " to ");
    gw_config_unit_put(o->type, o->max, report);
    if (o->type == GW_CONFIG_STRING || is_path(o->type))
        gw_buf_str(report, o->type == GW_CONFIG_PATHS ? " elements" : " bytes long");
    else if (o->type == GW_CONFIG_STRINGS)
        gw_buf_str(report, " elements");
}

/* ------------------------------------------------------------------------------ reading a value */

static const char *path_absolute(struct gw_config *c, const char *path)
{
    if (path[0] == '\0')
        return NULL;
    struct gw_buf b;
    gw_buf_init(&b, 64 * 1024);
    gw_config_resolve_path(c->file, path, &b);
    const char *s = gw_buf_failed(&b) == GW_OK ? gw_arena_strndup(c->arena, b.ptr, b.len) : path;
    gw_buf_fini(&b);
    return s;
}

static bool count_allowed(const struct gw_config_option *o, size_t n)
{
    return !has_bounds(o) || ((int64_t)n >= o->min && (int64_t)n <= o->max);
}

static bool number_allowed(const struct gw_config_option *o, int64_t v)
{
    int64_t min;
    int64_t max;
    number_bounds(o, &min, &max);
    return v >= min && v <= max;
}

static bool from_text(struct gw_config *c, const struct gw_config_option *o, const char *s,
                      struct gw_config_value *ret)
{
    switch (o->type) {
    case GW_CONFIG_STRING:
        ret->string = s;
        return count_allowed(o, strlen(s));
    case GW_CONFIG_PATH:
        ret->string = path_absolute(c, s);
        return count_allowed(o, strlen(s));
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION_MS:
    case GW_CONFIG_DURATION_S:
        return gw_config_unit_parse(o->type, gw_bytes_str(s), &ret->number) == GW_OK &&
               number_allowed(o, ret->number);
    case GW_CONFIG_ENUM:
        for (const struct gw_config_choice *ch = o->choices; ch != NULL && ch->name != NULL; ch++) {
            if (strcmp(ch->name, s) == 0) {
                ret->number = ch->value;
                return true;
            }
        }
        return false;
    case GW_CONFIG_BOOL:
    case GW_CONFIG_INT:
    case GW_CONFIG_STRINGS:
    case GW_CONFIG_PATHS:
    case GW_CONFIG_NODE:
    case GW_CONFIG_TYPE_COUNT:
        break;
    }
    return false;
}

static bool from_list(struct gw_config *c, const struct gw_config_option *o,
                      const struct gw_config_node *n, struct gw_config_value *ret)
{
    const char **items = gw_arena_calloc(c->arena, n->count + 1, sizeof *items);
    if (items == NULL || !count_allowed(o, n->count))
        return false;
    for (size_t i = 0; i < n->count; i++) {
        const char *s = gw_config_node_string(&n->children[i]);
        if (s == NULL)
            return false;
        items[i] = o->type == GW_CONFIG_PATHS ? path_absolute(c, s) : s;
        if (items[i] == NULL) /* an empty path */
            return false;
    }
    ret->strings = (struct gw_config_strings){items, n->count};
    return true;
}

bool gw_config_value_from_node(struct gw_config *c, const struct gw_config_option *o,
                               const struct gw_config_node *n, struct gw_config_value *ret)
{
    switch (o->type) {
    case GW_CONFIG_BOOL:
        ret->number = n->number;
        return n->kind == GW_CONFIG_KIND_BOOL;
    case GW_CONFIG_INT:
        ret->number = n->number;
        return n->kind == GW_CONFIG_KIND_INT && number_allowed(o, n->number);
    case GW_CONFIG_STRINGS:
    case GW_CONFIG_PATHS:
        return n->kind == GW_CONFIG_KIND_LIST && from_list(c, o, n, ret);
    case GW_CONFIG_NODE:
        ret->node = n;
        return n->kind == GW_CONFIG_KIND_GROUP || n->kind == GW_CONFIG_KIND_LIST;
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION_MS:
    case GW_CONFIG_DURATION_S:
        /* A bare number of bytes is clear; a bare number of time is not, but for none. */
        if (n->kind == GW_CONFIG_KIND_INT && (o->type == GW_CONFIG_BYTES || n->number == 0)) {
            ret->number = n->number;
            return number_allowed(o, n->number);
        }
        break;
    case GW_CONFIG_STRING:
    case GW_CONFIG_PATH:
    case GW_CONFIG_ENUM:
    case GW_CONFIG_TYPE_COUNT:
        break;
    }
    return n->kind == GW_CONFIG_KIND_STRING && from_text(c, o, n->string, ret);
}

static bool list_from_default(struct gw_config *c, const struct gw_config_option *o,
                              struct gw_config_value *ret)
{
    const char *s = o->default_text;
    size_t n = s[0] != '\0' ? 1 : 0;
    for (const char *p = s; *p != '\0'; p++)
        n += *p == ',';
    const char **items = gw_arena_calloc(c->arena, n + 1, sizeof *items);
    if (items == NULL || !count_allowed(o, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        while (*s == ' ')
            s++;
        size_t len = strcspn(s, ",");
        const char *one = gw_arena_strndup(c->arena, s, len);
        items[i] = one != NULL && o->type == GW_CONFIG_PATHS ? path_absolute(c, one) : one;
        if (items[i] == NULL)
            return false;
        s += len + (s[len] == ',' ? 1 : 0);
    }
    ret->strings = (struct gw_config_strings){items, n};
    return true;
}

bool gw_config_value_from_default(struct gw_config *c, const struct gw_config_option *o,
                                  struct gw_config_value *ret)
{
    const char *s = o->default_text;
    switch (o->type) {
    case GW_CONFIG_BOOL:
        ret->number = strcmp(s, "true") == 0;
        return ret->number != 0 || strcmp(s, "false") == 0;
    case GW_CONFIG_INT: {
        uint64_t v;
        bool minus = s[0] == '-';
        if (gw_text_u64(gw_bytes_str(minus ? s + 1 : s), &v) != GW_OK || v > INT64_MAX)
            return false;
        ret->number = minus ? -(int64_t)v : (int64_t)v;
        return number_allowed(o, ret->number);
    }
    case GW_CONFIG_STRINGS:
    case GW_CONFIG_PATHS:
        return list_from_default(c, o, ret);
    case GW_CONFIG_NODE:
        ret->node = NULL;
        return s[0] == '\0';
    case GW_CONFIG_STRING:
    case GW_CONFIG_PATH:
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION_MS:
    case GW_CONFIG_DURATION_S:
    case GW_CONFIG_ENUM:
    case GW_CONFIG_TYPE_COUNT:
        break;
    }
    return from_text(c, o, s, ret);
}

const char *gw_config_type_name(enum gw_config_type t)
{
    return types[t].name;
}

void gw_config_value_store(const struct gw_config_option *o, const struct gw_config_value *v,
                           void *settings)
{
    char *at = (char *)settings + o->offset;
    bool flag = v->number != 0;
    switch (o->type) {
    case GW_CONFIG_STRING:
    case GW_CONFIG_PATH:
        memcpy(at, &v->string, sizeof v->string);
        break;
    case GW_CONFIG_BOOL:
        memcpy(at, &flag, sizeof flag);
        break;
    case GW_CONFIG_STRINGS:
    case GW_CONFIG_PATHS:
        memcpy(at, &v->strings, sizeof v->strings);
        break;
    case GW_CONFIG_NODE:
        memcpy(at, &v->node, sizeof v->node);
        break;
    case GW_CONFIG_INT:
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION_MS:
    case GW_CONFIG_DURATION_S:
    case GW_CONFIG_ENUM: {
        uint8_t u8 = (uint8_t)v->number;
        uint16_t u16 = (uint16_t)v->number;
        uint32_t u32 = (uint32_t)v->number;
        if (o->size == 1)
            memcpy(at, &u8, 1);
        else if (o->size == 2)
            memcpy(at, &u16, 2);
        else if (o->size == 4)
            memcpy(at, &u32, 4);
        else
            memcpy(at, &v->number, 8);
        break;
    }
    case GW_CONFIG_TYPE_COUNT:
        break;
    }
}

/* Questions about option tables themselves: are they well formed, what may a reload change, what
 * does the manual say. */
#include <stdio.h>

#include "config/config_internal.h"

/* ---------------------------------------------------------------------------------- well formed */

static bool name_valid(const char *name)
{
    char before = '.';
    for (; *name != '\0'; name++) {
        char c = *name;
        bool letter = c >= 'a' && c <= 'z';
        bool other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        if (!letter && (!other || before == '.'))
            return false;
        before = c;
    }
    return before != '.';
}

static bool size_valid(const struct gw_config_option *o)
{
    switch (o->type) {
    case GW_CONFIG_BOOL:
        return o->size == sizeof(bool);
    case GW_CONFIG_INT:
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION_MS:
    case GW_CONFIG_DURATION_S:
        return o->size == 1 || o->size == 2 || o->size == 4 || o->size == 8;
    case GW_CONFIG_ENUM:
        return o->size == sizeof(int) && o->choices != NULL;
    case GW_CONFIG_STRINGS:
    case GW_CONFIG_PATHS:
        return o->size == sizeof(struct gw_config_strings);
    case GW_CONFIG_STRING:
    case GW_CONFIG_PATH:
    case GW_CONFIG_NODE:
        return o->size == sizeof(void *);
    case GW_CONFIG_TYPE_COUNT:
        break;
    }
    return false;
}

static const char *fault(struct gw_config *scratch, const struct gw_config_option *rows, size_t i)
{
    const struct gw_config_option *o = &rows[i];
    if (o->name == NULL || !name_valid(o->name))
        return "the name is not dotted lower case";
    if (o->doc == NULL || o->doc[0] == '\0')
        return "there is no sentence about it";
    if (!size_valid(o))
        return "the field does not have the size of the type";
    if (o->min > o->max)
        return "the bounds are the wrong way round";
    struct gw_config_value v;
    if (o->default_text != NULL && !gw_config_value_from_default(scratch, o, &v))
        return "the default is not a value that the row allows";
    for (size_t k = 0; k < i; k++)
        if (strcmp(rows[k].name, o->name) == 0)
            return "the name stands twice";
    return NULL;
}

enum gw_status gw_config_check_options(const struct gw_config_option *rows, size_t count,
                                       struct gw_buf *report)
{
    struct gw_config *scratch;
    GW_TRY(gw_config_parse(GW_BYTES_NONE, "/options", &scratch, report));
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < count; i++) {
        const char *what = fault(scratch, rows, i);
        if (what == NULL)
            continue;
        gw_buf_printf(report, "row %zu (%s): %s\n", i, rows[i].name != NULL ? rows[i].name : "",
                      what);
        st = GW_INVALID;
    }
    gw_config_free(scratch);
    return st;
}

/* --------------------------------------------------------------------------------------- reload */

static bool strings_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool field_same(const struct gw_config_option *o, const void *old_settings,
                       const void *new_settings)
{
    const char *a = (const char *)old_settings + o->offset;
    const char *b = (const char *)new_settings + o->offset;
    const char *sa;
    const char *sb;
    struct gw_config_strings la;
    struct gw_config_strings lb;
    switch (o->type) {
    case GW_CONFIG_STRING:
    case GW_CONFIG_PATH:
        memcpy(&sa, a, sizeof sa);
        memcpy(&sb, b, sizeof sb);
        return strings_same(sa, sb);
    case GW_CONFIG_STRINGS:
    case GW_CONFIG_PATHS:
        memcpy(&la, a, sizeof la);
        memcpy(&lb, b, sizeof lb);
        if (la.count != lb.count)
            return false;
        for (size_t i = 0; i < la.count; i++)
            if (!strings_same(la.items[i], lb.items[i]))
                return false;
        return true;
    case GW_CONFIG_NODE: /* its owner compares what is in it */
        return true;
    case GW_CONFIG_BOOL:
    case GW_CONFIG_INT:
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION_MS:
    case GW_CONFIG_DURATION_S:
    case GW_CONFIG_ENUM:
    case GW_CONFIG_TYPE_COUNT:
        break;
    }
    return memcmp(a, b, o->size) == 0;
}

enum gw_status gw_config_check_reload(const struct gw_config_option *rows, size_t count,
                                      const void *old_settings, const void *new_settings,
                                      struct gw_buf *report)
{
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].reloadable || field_same(&rows[i], old_settings, new_settings))
            continue;
        gw_buf_printf(report, "%s: can not be changed by a reload, only by a restart\n",
                      rows[i].name);
        st = GW_PRECONDITION;
    }
    return st;
}

/* --------------------------------------------------------------------------------------- manual */

void gw_config_print_options(const struct gw_config_option *rows, size_t count, struct gw_buf *ret)
{
    for (size_t i = 0; i < count; i++) {
        const struct gw_config_option *o = &rows[i];
        gw_buf_printf(ret, "| `%s` | %s | ", o->name, gw_config_type_name(o->type));
        if (o->default_text == NULL)
            gw_buf_str(ret, "required");
        else if (o->default_text[0] == '\0')
            gw_buf_str(ret, "none");
        else
            gw_buf_printf(ret, "`%s`", o->default_text);
        gw_buf_str(ret, " | ");
        for (const struct gw_config_choice *c = o->choices; c != NULL && c->name != NULL; c++)
            gw_buf_printf(ret, "%s`%s`", c == o->choices ? "" : " ", c->name);
        if (o->min != 0 || o->max != 0) {
            gw_config_unit_put(o->type, o->min, ret);
            gw_buf_str(ret, " to ");
            gw_config_unit_put(o->type, o->max, ret);
        }
        gw_buf_printf(ret, " | %s | %s |\n", o->reloadable ? "reload" : "restart", o->doc);
    }
}

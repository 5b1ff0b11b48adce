/* Reads a file through libconfig and copies it into a tree of ours: immutable, in one arena, with a
 * line for each value. The only file of the program that includes libconfig. */
#include <libconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config_internal.h"

/* ------------------------------------------------------------------------------------- the tree */

static enum gw_status copy(struct gw_config *c, const config_setting_t *from,
                           struct gw_config_node *to, unsigned depth, struct gw_buf *report);

static enum gw_status copy_children(struct gw_config *c, const config_setting_t *from,
                                    struct gw_config_node *to, unsigned depth,
                                    struct gw_buf *report)
{
    int n = config_setting_length(from);
    if (n <= 0)
        return GW_OK;
    to->children = gw_arena_calloc(c->arena, (size_t)n, sizeof *to->children);
    if (to->children == NULL)
        return GW_NOMEM;
    to->count = (size_t)n;
    for (size_t i = 0; i < to->count; i++) {
        struct gw_config_node *child = &to->children[i];
        child->parent = to;
        child->index = (unsigned)i;
        GW_TRY(copy(c, config_setting_get_elem(from, (unsigned)i), child, depth + 1, report));
    }
    return GW_OK;
}

static enum gw_status copy(struct gw_config *c, const config_setting_t *from,
                           struct gw_config_node *to, unsigned depth, struct gw_buf *report)
{
    const char *name = config_setting_name(from);
    to->config = c;
    to->line = config_setting_source_line(from);
    to->name = gw_arena_strdup(c->arena, name != NULL ? name : "");
    if (depth > GW_CONFIG_MAX_DEPTH) {
        gw_buf_printf(report, "%s:%u: groups and lists are nested more than %d deep\n", c->file,
                      to->line, GW_CONFIG_MAX_DEPTH);
        return GW_INVALID;
    }
    switch (config_setting_type(from)) {
    case CONFIG_TYPE_GROUP:
        to->kind = GW_CONFIG_KIND_GROUP;
        return copy_children(c, from, to, depth, report);
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_ARRAY:
        to->kind = GW_CONFIG_KIND_LIST;
        return copy_children(c, from, to, depth, report);
    case CONFIG_TYPE_STRING:
        to->kind = GW_CONFIG_KIND_STRING;
        to->string = gw_arena_strdup(c->arena, config_setting_get_string(from));
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        to->kind = GW_CONFIG_KIND_INT;
        to->number = config_setting_get_int64(from);
        break;
    case CONFIG_TYPE_BOOL:
        to->kind = GW_CONFIG_KIND_BOOL;
        to->number = config_setting_get_bool(from) != 0;
        break;
    case CONFIG_TYPE_FLOAT:
        to->kind = GW_CONFIG_KIND_DECIMAL;
        break;
    default:
        return GW_INTERNAL;
    }
    return gw_arena_failed(c->arena) ? GW_NOMEM : GW_OK;
}

/* -------------------------------------------------------------------------------------- loading */

/* Relative paths start at the file's folder, which must not change with the working directory. */
static const char *absolute(struct gw_arena *a, const char *file)
{
    if (file[0] == '/')
        return gw_arena_strdup(a, file);
    char cwd[PATH_MAX];
    if (getcwd(cwd, sizeof cwd) == NULL)
        return gw_arena_strdup(a, file);
    return gw_arena_printf(a, "%s/%s", cwd, file);
}

static enum gw_status tree_build(struct gw_config *c, struct gw_buf *report)
{
    GW_TRY(gw_config_scan(c->text, c->file, report));
    const char *text = (const char *)c->text.ptr; /* with a NUL behind, by make() */
    if (gw_bytes_has_prefix(c->text, GW_BYTES_LIT("\xef\xbb\xbf")))
        text += 3; /* editors on Windows */
    config_t lib;
    config_init(&lib);
    enum gw_status st;
    if (config_read_string(&lib, text) != CONFIG_TRUE) {
        gw_buf_printf(report, "%s:%d: %s\n", c->file, config_error_line(&lib),
                      config_error_text(&lib));
        st = GW_INVALID;
    } else {
        st = copy(c, config_root_setting(&lib), c->root, 0, report);
    }
    config_destroy(&lib);
    return st;
}

static enum gw_status make(struct gw_bytes text, const char *file, struct gw_config **ret,
                           struct gw_buf *report)
{
    struct gw_arena *a = gw_arena_new("config", GW_CONFIG_ARENA);
    if (a == NULL)
        return GW_NOMEM;
    struct gw_config *c = gw_arena_new_of(a, struct gw_config);
    if (c == NULL) {
        gw_arena_free(a);
        return GW_NOMEM;
    }
    c->magic = GW_CONFIG_MAGIC;
    c->arena = a;
    c->file = absolute(a, file);
    c->text = gw_bytes_make(
        gw_arena_strndup(a, text.len > 0 ? text.ptr : (const void *)"", text.len), text.len);
    c->root = gw_arena_new_of(a, struct gw_config_node);
    enum gw_status st = gw_arena_failed(a) ? GW_NOMEM : tree_build(c, report);
    if (st != GW_OK) {
        if (st == GW_NOMEM)
            gw_buf_printf(report, "%s: too large for the memory of a configuration\n", file);
        gw_arena_free(a);
        return st;
    }
    *ret = c;
    return GW_OK;
}

enum gw_status gw_config_parse(struct gw_bytes text, const char *file, struct gw_config **ret,
                               struct gw_buf *report)
{
    if (text.len > GW_CONFIG_MAX_FILE) {
        gw_buf_printf(report, "%s: larger than %d bytes\n", file, GW_CONFIG_MAX_FILE);
        return GW_TOO_LARGE;
    }
    return make(text, file, ret, report);
}

enum gw_status gw_config_load(const char *path, struct gw_config **ret, struct gw_buf *report)
{
    struct gw_buf text;
    gw_buf_init(&text, GW_CONFIG_MAX_FILE);
    enum gw_status st = gw_file_read(path, &text);
    if (st == GW_OK)
        st = make(gw_buf_view(&text), path, ret, report);
    else
        gw_buf_printf(report, "%s: %s\n", path, gw_status_text(st));
    gw_buf_fini(&text);
    return st;
}

enum gw_status gw_config_load_in(const char *dir, const char *name, struct gw_config **ret,
                                 struct gw_buf *report)
{
    char path[PATH_MAX];
    if (gw_file_join(path, sizeof path, dir, name) != GW_OK) {
        gw_buf_printf(report, "%s/%s: the path is too long\n", dir, name);
        return GW_TOO_LARGE;
    }
    return gw_config_load(path, ret, report);
}

bool gw_config_is_file_name(const char *name)
{
    static const char ending[] = ".conf";
    size_t len = strlen(name);
    return name[0] != '.' && len >= sizeof ending &&
           memcmp(name + len - (sizeof ending - 1), ending, sizeof ending) == 0;
}

void gw_config_free(struct gw_config *c)
{
    if (c == NULL)
        return;
    GW_MAGIC_CHECK(c, GW_CONFIG_MAGIC);
    gw_arena_free(c->arena);
}

const char *gw_config_file(const struct gw_config *c)
{
    return c->file;
}

struct gw_bytes gw_config_text(const struct gw_config *c)
{
    return c->text;
}

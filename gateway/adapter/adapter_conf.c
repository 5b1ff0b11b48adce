/* Reads conf/adapters/: one file per adapter, named <adapter>.conf, with the shared object and the
 * options it is given. Options are rows of the adapter's own, checked as the gateway's are. Also
 * the nodes that adapters walk: theirs are config/'s, under another name. */
#include "config/config.h"

#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/file.h"

enum { ARENA_BUDGET = 16 << 20, MAX_FILES = 64, MAX_PATH = 4000 };

struct file_text {
    const char *file;
};
static const struct gw_config_option file_options[] = {
    GW_CONFIG_OPTION(struct file_text, file, "file", GW_CONFIG_STRING, NULL, 1, MAX_PATH, false,
                     "Its shared object: a file name of adapters_lib, or an absolute path."),
};

/* ---- files ---- */

static enum gw_status resolve(struct gw_adapter_confs *all, struct gw_adapter_conf *c,
                              const char *file, const char *lib, struct gw_buf *ret_error)
{
    const struct gw_config_node *n =
        gw_config_node_child(gw_config_root(c->config), file_options[0].name);
    bool absolute = file[0] == '/';
    if (!absolute && strchr(file, '/') != NULL) {
        gw_config_node_complain(n, ret_error,
                                "seen \"%s\", expected a file name of adapters_lib, or an absolute "
                                "path",
                                file);
        return GW_INVALID;
    }
    if (!absolute && lib == NULL) {
        gw_config_node_complain(n, ret_error,
                                "seen \"%s\", and adapters_lib does not say in which folder", file);
        return GW_INVALID;
    }
    c->file = absolute ? gw_arena_strdup(all->arena, file)
                       : gw_arena_printf(all->arena, "%s/%s", lib, file);
    return c->file != NULL ? GW_OK : GW_NOMEM;
}

/* `all` takes the file over, also when it is refused. */
static enum gw_status load_file(struct gw_adapter_confs *all, const char *dir, const char *name,
                                const char *lib, struct gw_buf *ret_error)
{
    struct gw_adapter_conf *c = &all->conf[all->count];
    struct file_text t;
    GW_TRY(gw_config_load_in(dir, name, &c->config, ret_error));
    all->count++;
    gw_crypto_digest_put(&all->digests, gw_config_text(c->config), "adapters/", name);
    c->name = gw_arena_strndup(all->arena, name, strlen(name) - strlen(".conf"));
    if (c->name == NULL)
        return GW_NOMEM;
    if (!gw_adapter_name_ok(c->name)) {
        gw_config_node_complain(gw_config_root(c->config), ret_error,
                                "the file is named like no adapter: expected <adapter>.conf, a "
                                "lower-case letter, then letters, digits and \"_\"");
        return GW_INVALID;
    }
    static const char *const names[] = {"file", "options"};
    enum gw_status only =
        gw_config_node_only(gw_config_root(c->config), names, GW_ARRAY_LEN(names), ret_error);
    GW_TRY(gw_config_fill(c->config, file_options, GW_ARRAY_LEN(file_options), &t, ret_error));
    GW_TRY(only);
    return resolve(all, c, t.file, lib, ret_error);
}

static enum gw_status load_files(struct gw_adapter_confs *all, const char *dir, char **names,
                                 const char *lib, struct gw_buf *ret_error)
{
    enum gw_status worst = GW_OK;
    all->conf = gw_arena_calloc(all->arena, MAX_FILES, sizeof(*all->conf));
    if (all->conf == NULL)
        return GW_NOMEM;
    for (; *names != NULL; names++) {
        if (!gw_config_is_file_name(*names))
            continue;
        if (all->count == MAX_FILES) {
            gw_buf_printf(ret_error, "%s: more than %d adapters\n", dir, MAX_FILES);
            return GW_TOO_LARGE;
        }
        enum gw_status st = load_file(all, dir, *names, lib, ret_error);
        worst = st != GW_OK ? st : worst;
    }
    return worst != GW_OK ? worst : gw_buf_failed(&all->digests);
}

enum gw_status gw_adapter_confs_load(const char *dir, const char *lib,
                                     struct gw_adapter_confs **ret, struct gw_buf *ret_error)
{
    struct gw_arena *arena = gw_arena_new("adapter files", ARENA_BUDGET);
    if (arena == NULL)
        return GW_NOMEM;
    struct gw_adapter_confs *all = gw_arena_new_of(arena, struct gw_adapter_confs);
    if (all == NULL) {
        gw_arena_free(arena);
        return GW_NOMEM;
    }
    all->arena = arena;
    gw_buf_init(&all->digests, 1u << 20);
    char **names = NULL;
    enum gw_status st = gw_file_list(dir, &names);
    if (st == GW_OK)
        st = load_files(all, dir, names, lib, ret_error);
    else if (st == GW_NOT_FOUND)
        st = GW_OK;
    else
        gw_buf_printf(ret_error, "%s: %s\n", dir, gw_status_text(st));
    gw_file_names_free(names);
    if (st != GW_OK) {
        gw_adapter_confs_free(all);
        return st;
    }
    *ret = all;
    return GW_OK;
}

void gw_adapter_confs_free(struct gw_adapter_confs *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        gw_config_free(c->conf[i].config);
    gw_buf_fini(&c->digests);
    gw_arena_free(c->arena);
}

void gw_adapter_conf_complain_at(const struct gw_adapter_conf *c,
                                 const struct gw_adapter_node *node, const char *text,
                                 struct gw_buf *ret_error)
{
    const struct gw_config_node *n = (const struct gw_config_node *)node;
    gw_config_node_complain(n != NULL ? n : gw_config_root(c->config), ret_error, "%s", text);
}

void gw_adapter_conf_complain(const struct gw_adapter_conf *c, struct gw_bytes text,
                              struct gw_buf *ret_error)
{
    gw_config_node_complain(gw_config_node_child(gw_config_root(c->config), file_options[0].name),
                            ret_error, "%.*s", GW_BYTES_FMT(text));
}

/* ---- options ---- */

static const struct {
    enum gw_config_type type;
    size_t offset, size;
} types[] = {
#define AS(type_, field)                                                                           \
    {                                                                                              \
        type_, offsetof(struct gw_adapter_setting, field),                                         \
            sizeof(((struct gw_adapter_setting *)0)->field)                                        \
    }
    [GW_OPTION_NUMBER] = AS(GW_CONFIG_INT, number),
    [GW_OPTION_FLAG] = AS(GW_CONFIG_BOOL, flag),
    [GW_OPTION_TEXT] = AS(GW_CONFIG_STRING, text),
    [GW_OPTION_DURATION] = AS(GW_CONFIG_DURATION_MS, number),
    [GW_OPTION_BYTES] = AS(GW_CONFIG_BYTES, number),
#undef AS
};

/* The adapter's rows as config/ wants them; the i-th fills the i-th setting. */
static enum gw_status make_rows(struct gw_arena *arena, const struct gw_adapter *a,
                                const char *group, struct gw_config_option **ret)
{
    struct gw_config_option *rows = gw_arena_calloc(arena, a->option_count, sizeof(*rows));
    if (rows == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < a->option_count; i++) {
        const struct gw_adapter_option *o = &a->options[i];
        if (o->name == NULL || strchr(o->name, '.') != NULL || o->type >= GW_ARRAY_LEN(types))
            return GW_INVALID;
        rows[i] = (struct gw_config_option){
            .name = gw_arena_printf(arena, "%s%s", group, o->name),
            .type = types[o->type].type,
            .default_text = o->default_text,
            .min = o->min,
            .max = o->max,
            .reloadable = true,
            .offset = i * sizeof(struct gw_adapter_setting) + types[o->type].offset,
            .size = types[o->type].size,
            .doc = o->doc,
        };
    }
    *ret = rows;
    return gw_arena_failed(arena) ? GW_NOMEM : GW_OK;
}

enum gw_status gw_adapter_conf_check_rows(const struct gw_adapter *a, struct gw_buf *ret_error)
{
    struct gw_config_option *rows = NULL;
    struct gw_buf faults;
    struct gw_arena *arena = gw_arena_new("option rows", ARENA_BUDGET);
    if (arena == NULL)
        return GW_NOMEM;
    gw_buf_init(&faults, 1u << 16);
    enum gw_status st = make_rows(arena, a, "", &rows);
    if (st == GW_INVALID)
        gw_buf_printf(ret_error,
                      "adapter %s: an option row has no name of one word, or a type that "
                      "ABI %u.%u does not have",
                      a->name, a->abi_major, a->abi_minor);
    if (st == GW_OK && (st = gw_config_check_options(rows, a->option_count, &faults)) != GW_OK) {
        /* One is enough for the sentence; who builds it comes back with the next. */
        struct gw_bytes first = gw_buf_view(&faults);
        const uint8_t *nl = memchr(first.ptr, '\n', first.len);
        first.len = nl != NULL ? (size_t)(nl - first.ptr) : first.len;
        gw_buf_printf(ret_error, "adapter %s: option %.*s", a->name, GW_BYTES_FMT(first));
    }
    gw_buf_fini(&faults);
    gw_arena_free(arena);
    return st;
}

enum gw_status gw_adapter_conf_settings(struct gw_adapter_confs *all, struct gw_adapter_conf *c,
                                        const struct gw_adapter *a,
                                        const struct gw_adapter_setting **ret,
                                        struct gw_buf *ret_error)
{
    struct gw_config_option *rows = NULL;
    GW_TRY(make_rows(all->arena, a, "options.", &rows));
    struct gw_adapter_setting *s = gw_arena_calloc(all->arena, a->option_count, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    enum gw_status st = gw_config_fill(c->config, rows, a->option_count, s, ret_error);
    enum gw_status finish = gw_config_finish(c->config, ret_error);
    if (st != GW_OK || finish != GW_OK)
        return st != GW_OK ? st : finish;
    *ret = s;
    return GW_OK;
}

/* ---- nodes ---- */

static const struct gw_config_node *ours(const struct gw_adapter_node *n)
{
    return (const struct gw_config_node *)n;
}

static const struct gw_adapter_node *theirs(const struct gw_config_node *n)
{
    return (const struct gw_adapter_node *)n;
}

const struct gw_adapter_node *gw_adapter_node_child(const struct gw_adapter_node *n,
                                                    const char *path)
{
    return theirs(gw_config_node_child(ours(n), path));
}

const struct gw_adapter_node *gw_adapter_node_at(const struct gw_adapter_node *n, size_t i)
{
    return theirs(gw_config_node_at(ours(n), i));
}

size_t gw_adapter_node_count(const struct gw_adapter_node *n)
{
    return gw_config_node_count(ours(n));
}

const char *gw_adapter_node_name(const struct gw_adapter_node *n)
{
    return gw_config_node_name(ours(n));
}

const char *gw_adapter_node_text(const struct gw_adapter_node *n)
{
    return gw_config_node_string(ours(n));
}

int64_t gw_adapter_node_number(const struct gw_adapter_node *n, int64_t fallback)
{
    if (gw_config_node_kind(ours(n)) == GW_CONFIG_KIND_BOOL)
        return gw_config_node_get_bool(ours(n), "", false) ? 1 : 0;
    return gw_config_node_get_int(ours(n), "", fallback);
}

/* Option tables over libconfig, and a read-only tree for the other files of that syntax (mappings,
 * peers, law). A loaded file is immutable and belongs to one configuration generation. The
 * libconfig library is seen in this folder only. Mistakes are collected, not stopped at: each
 * function that takes a `report` appends one line per mistake: "file:line: name: seen ..., expected
 * ...\n".
 *
 * The program's own file: load, fill once per option table, finish (refuses keys that no table has
 * claimed). Any other file: load, root, children, gw_config_node_fill() or gw_config_node_only().
 */
#ifndef GW_CONFIG_CONFIG_H
#define GW_CONFIG_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

struct gw_config;
struct gw_config_node;

/* What an option may be: as written in the file, and the C type of its field in the settings
 * struct. "Integer" is any integer type of 1, 2, 4 or 8 bytes that holds the bounds. */
enum gw_config_type {
    /* "text"; const char *; bounds count bytes */
    GW_CONFIG_STRING,
    /* "keys/tls.pem"; const char *, made absolute from the file's folder; "" is NULL */
    GW_CONFIG_PATH,
    /* true; bool */
    GW_CONFIG_BOOL,
    /* 128; integer */
    GW_CONFIG_INT,
    /* "64 MiB" or 4096; integer; units B KiB MiB GiB TiB */
    GW_CONFIG_BYTES,
    /* "5s", "250 ms"; integer, milliseconds; units ms s min h d, one is a must */
    GW_CONFIG_DURATION_MS,
    /* "72h"; integer, whole seconds */
    GW_CONFIG_DURATION_S,
    /* "require"; int; names and values from `choices` */
    GW_CONFIG_ENUM,
    /* ["a", "b"]; struct gw_config_strings; bounds count elements */
    GW_CONFIG_STRINGS,
    /* ["a", "b"]; struct gw_config_strings, made absolute */
    GW_CONFIG_PATHS,
    /* { } or ( ); const struct gw_config_node *, NULL when absent; read by the caller */
    GW_CONFIG_NODE,
    GW_CONFIG_TYPE_COUNT
};

struct gw_config_strings {
    const char *const *items;
    size_t count;
};

struct gw_config_choice {
    const char *name; /* a table ends with a NULL name */
    int value;
};

/* A row of an option table. Written with GW_CONFIG_OPTION(), which checks nothing but computes
 * offset and size. */
struct gw_config_option {
    const char *name; /* dotted: "listen.address" */
    enum gw_config_type type;
    const char *default_text; /* as in the file, without quotes; lists comma-separated; NULL: the
                                 option is a must */
    int64_t min;              /* min == max == 0: no bounds (numbers must still fit the field) */
    int64_t max;
    bool reloadable;
    size_t offset;
    size_t size;
    const char *doc; /* one English sentence, for conf/README.md and messages */
    const struct gw_config_choice *choices;
};

/* GW_CONFIG_OPTION(struct gw_conn_settings, idle_ms, "conn.idle", GW_CONFIG_DURATION_MS, "5min",
 * 1000, 86400000, true, "Closes a connection without streams after this time."), */
#define GW_CONFIG_OPTION(settings, field, name_, type_, default_, min_, max_, reloadable_, doc_)   \
    {                                                                                              \
        .name = (name_), .type = (type_), .default_text = (default_), .min = (min_),               \
        .max = (max_), .reloadable = (reloadable_), .offset = offsetof(settings, field),           \
        .size = sizeof(((settings *)0)->field), .doc = (doc_), .choices = NULL                     \
    }
#define GW_CONFIG_OPTION_ENUM(settings, field, name_, choices_, default_, reloadable_, doc_)       \
    {                                                                                              \
        .name = (name_), .type = GW_CONFIG_ENUM, .default_text = (default_), .min = 0, .max = 0,   \
        .reloadable = (reloadable_), .offset = offsetof(settings, field),                          \
        .size = sizeof(((settings *)0)->field), .doc = (doc_), .choices = (choices_)               \
    }

/* Reads and checks syntax. Limits: 16 MiB, nesting 32, valid UTF-8, no @include (a generation's
 * digest must cover all that was read). GW_NOT_FOUND, GW_IO, GW_TOO_LARGE, GW_INVALID; all in the
 * report. */
GW_MUST_USE enum gw_status gw_config_load(const char *path, struct gw_config **ret,
                                          struct gw_buf *report);
/* The same for dir/name; GW_TOO_LARGE too when that is no path any more. */
GW_MUST_USE enum gw_status gw_config_load_in(const char *dir, const char *name,
                                             struct gw_config **ret, struct gw_buf *report);
/* Of the files of a folder, those to load: "<name>.conf", not hidden. */
bool gw_config_is_file_name(const char *name);
/* The same from memory (tests, fuzzing, embedded defaults). `file` names it in reports, relative
 * paths start at its folder; it need not exist. */
GW_MUST_USE enum gw_status gw_config_parse(struct gw_bytes text, const char *file,
                                           struct gw_config **ret, struct gw_buf *report);
/* Frees all strings and nodes that were handed out. */
void gw_config_free(struct gw_config *c);
GW_DEFINE_FREEP(struct gw_config, gw_config_free)
/* As given to load; and the bytes as they were read, for the digest in the log's CONFIG entry.
 * Borrowed. */
const char *gw_config_file(const struct gw_config *c);
struct gw_bytes gw_config_text(const struct gw_config *c);

/* Fills `ret` (a settings struct) from the rows and their defaults, and marks the rows' names as
 * known. On GW_INVALID `ret` is untouched and each mistake has a line in the report. Strings live
 * as long as `c`. */
GW_MUST_USE enum gw_status gw_config_fill(struct gw_config *c, const struct gw_config_option *rows,
                                          size_t count, void *ret, struct gw_buf *report);
/* After all tables, also after one that was refused (a misspelt name explains why another is
 * missing): GW_INVALID names each key that no table knows, with the nearest one that
 * exists. */
GW_MUST_USE enum gw_status gw_config_finish(struct gw_config *c, struct gw_buf *report);
/* GW_PRECONDITION names each option that is not reloadable and differs between the two settings
 * structs. */
GW_MUST_USE enum gw_status gw_config_check_reload(const struct gw_config_option *rows, size_t count,
                                                  const void *old_settings,
                                                  const void *new_settings, struct gw_buf *report);
/* Checks a table itself: names unique and well formed, defaults valid, fields large enough. For
 * unit tests. */
GW_MUST_USE enum gw_status gw_config_check_options(const struct gw_config_option *rows,
                                                   size_t count, struct gw_buf *report);
/* Markdown rows "| `name` | type | default | bounds | reload | sentence |\n" for conf/README.md. */
void gw_config_print_options(const struct gw_config_option *rows, size_t count, struct gw_buf *ret);

/* --- the tree --- */
enum gw_config_kind {
    GW_CONFIG_KIND_GROUP, /* { name = value; } */
    GW_CONFIG_KIND_LIST,  /* ( ... ) and [ ... ] */
    GW_CONFIG_KIND_STRING,
    GW_CONFIG_KIND_INT,
    GW_CONFIG_KIND_BOOL,
    GW_CONFIG_KIND_DECIMAL, /* has no value here: decimals are written as strings */
};

/* Nodes are borrowed for the life of the config. NULL nodes are allowed everywhere and are empty,
 * so that lookups can be chained. */
const struct gw_config_node *gw_config_root(const struct gw_config *c);
/* Member by name, dotted paths too; NULL when absent. */
const struct gw_config_node *gw_config_node_child(const struct gw_config_node *n, const char *path);
/* Members of a group or elements of a list in file order; NULL past the end. */
const struct gw_config_node *gw_config_node_at(const struct gw_config_node *n, size_t i);
size_t gw_config_node_count(const struct gw_config_node *n);
enum gw_config_kind gw_config_node_kind(const struct gw_config_node *n);
/* "a group", "a string" ...: for messages. */
const char *gw_config_node_kind_text(const struct gw_config_node *n);
/* Own name; "" for list elements and the root. */
const char *gw_config_node_name(const struct gw_config_node *n);
unsigned gw_config_node_line(const struct gw_config_node *n);
const char *gw_config_node_file(const struct gw_config_node *n);
/* NULL when it is not a string. The get forms look up a member and fall back when it is absent or
 * of another kind; use the read forms where a wrong kind must be reported. */
const char *gw_config_node_string(const struct gw_config_node *n);
const char *gw_config_node_get_string(const struct gw_config_node *n, const char *path,
                                      const char *fallback);
int64_t gw_config_node_get_int(const struct gw_config_node *n, const char *path, int64_t fallback);
bool gw_config_node_get_bool(const struct gw_config_node *n, const char *path, bool fallback);
/* GW_NOT_FOUND (no line in the report: the caller knows whether it is a must) or GW_INVALID (with a
 * line). */
GW_MUST_USE enum gw_status gw_config_node_read_string(const struct gw_config_node *n,
                                                      const char *path, const char **ret,
                                                      struct gw_buf *report);
GW_MUST_USE enum gw_status gw_config_node_read_int(const struct gw_config_node *n, const char *path,
                                                   int64_t *ret, struct gw_buf *report);
GW_MUST_USE enum gw_status gw_config_node_read_bool(const struct gw_config_node *n,
                                                    const char *path, bool *ret,
                                                    struct gw_buf *report);
/* Refuses members whose names are not among `names`: GW_INVALID with file, line and the nearest
 * name. */
GW_MUST_USE enum gw_status gw_config_node_only(const struct gw_config_node *n,
                                               const char *const *names, size_t count,
                                               struct gw_buf *report);
/* Option rows relative to a group, closed: unknown members are refused at once. Strings live as
 * long as the config (allocated from it: not thread safe). `ret` is untouched on GW_INVALID. */
GW_MUST_USE enum gw_status gw_config_node_fill(const struct gw_config_node *n,
                                               const struct gw_config_option *rows, size_t count,
                                               void *ret, struct gw_buf *report);
/* The values of the names in a list, or-ed. GW_INVALID: "<name>: seen ..., expected a, b or c". */
GW_MUST_USE enum gw_status gw_config_choices_mask(const struct gw_config_node *n, const char *name,
                                                  const struct gw_config_strings *list,
                                                  const struct gw_config_choice *choices,
                                                  uint32_t *ret, struct gw_buf *report);
/* Appends "file:line: path: " and the text, with a newline; for the caller's own rules. */
void gw_config_node_complain(const struct gw_config_node *n, struct gw_buf *report, const char *fmt,
                             ...) GW_PRINTF(3, 4);

/* "5s", "250 ms", "2min", "72h", "30d"; and "64 MiB", "512". GW_INVALID, GW_TOO_LARGE (over
 * 2^63-1). */
GW_MUST_USE enum gw_status gw_config_parse_duration_ms(struct gw_bytes text, int64_t *ret);
GW_MUST_USE enum gw_status gw_config_parse_bytes(struct gw_bytes text, int64_t *ret);
/* Appends the absolute form of `path` seen from the folder of `file`. */
void gw_config_resolve_path(const char *file, const char *path, struct gw_buf *ret);

#endif

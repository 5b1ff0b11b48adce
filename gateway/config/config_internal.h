/* Shared inside config/ only: the tree that load.c copies out of libconfig (after scan.c), read by
 * tree.c (nodes) and options.c (tables); values.c parses units. */
#ifndef GW_CONFIG_CONFIG_INTERNAL_H
#define GW_CONFIG_CONFIG_INTERNAL_H

#include "base/arena.h"
#include "config/config.h"

enum {
    GW_CONFIG_MAGIC = 0x434f4e46,
    GW_CONFIG_MAX_FILE = 16 * 1024 * 1024,
    GW_CONFIG_MAX_DEPTH = 32,
    GW_CONFIG_ARENA = 256 * 1024 * 1024,
    GW_CONFIG_MAX_PATH = 512,
    /* Farther than this a name is no suggestion. */
    GW_CONFIG_MAX_DISTANCE = 4
};

struct gw_config_node {
    struct gw_config *config;
    const struct gw_config_node *parent;
    const char *name;
    enum gw_config_kind kind;
    unsigned line;
    unsigned index; /* among its parent's children */
    bool known;     /* claimed by an option row: gw_config_finish() */
    const char *string;
    int64_t number; /* INT, and BOOL as 0 or 1 */
    struct gw_config_node *children;
    size_t count;
};

/* A table that was filled: its names are what gw_config_finish() suggests. */
struct gw_config_table {
    const struct gw_config_option *rows;
    size_t count;
    struct gw_config_table *next;
};

struct gw_config {
    uint32_t magic;
    struct gw_arena *arena;
    const char *file;
    struct gw_bytes text;
    struct gw_config_node *root;
    struct gw_config_table *tables;
};

/* "listen[1].address" into `ret`, cut when too long. */
void gw_config_node_path(const struct gw_config_node *n, char *ret, size_t size);
/* "file:line: path: " */
void gw_config_node_where(const struct gw_config_node *n, struct gw_buf *report);
/* What stands there, as a person wrote it, for messages: "64 KB" in quotes, 12, true, a group. */
void gw_config_node_seen(const struct gw_config_node *n, struct gw_buf *report);

/* scan.c: what libconfig would get wrong. */
GW_MUST_USE enum gw_status gw_config_scan(struct gw_bytes text, const char *file,
                                          struct gw_buf *report);

/* option_value.c: a value of any type before it is stored. */
struct gw_config_value {
    int64_t number; /* INT, BYTES, DURATION_*, BOOL, ENUM */
    const char *string;
    struct gw_config_strings strings;
    const struct gw_config_node *node;
};
/* False: not what the row allows, or out of memory (the arena knows). */
bool gw_config_value_from_node(struct gw_config *c, const struct gw_config_option *o,
                               const struct gw_config_node *n, struct gw_config_value *ret);
bool gw_config_value_from_default(struct gw_config *c, const struct gw_config_option *o,
                                  struct gw_config_value *ret);
void gw_config_value_store(const struct gw_config_option *o, const struct gw_config_value *v,
                           void *settings);
/* "a duration, as ... from 1s to 1h" */
void gw_config_option_expected_put(const struct gw_config_option *o, struct gw_buf *report);
const char *gw_config_type_name(enum gw_config_type t);

/* values.c: number with a unit of the option's type, in the option's base unit. */
GW_MUST_USE enum gw_status gw_config_unit_parse(enum gw_config_type type, struct gw_bytes text,
                                                int64_t *ret);
/* The shortest spelling: "64 MiB", "5s"; plain digits for other types. */
void gw_config_unit_put(enum gw_config_type type, int64_t value, struct gw_buf *ret);

#endif

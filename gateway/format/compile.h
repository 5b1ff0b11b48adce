/* Shared by compile*.c, which turn what a mapping file says into the checked table: one mapping on
 * its way. Not for the rest of the folder, which starts at gw_format_compile(). */
#ifndef GW_FORMAT_COMPILE_H
#define GW_FORMAT_COMPILE_H

#include <string.h>

#include "format/format_internal.h"

struct gw_compiling {
    const struct gw_format_spec *spec;
    struct gw_arena *arena;
    struct gw_format *format;
    struct gw_buf *error;
    bool ok; /* no complaint so far */
};

/* compile.c. Each complains itself, and goes on where it can: the operator gets every fault. */
void gw_compile_complain(struct gw_compiling *c, unsigned line, const char *fmt, ...)
    GW_PRINTF(3, 4);
/* A path of the canonical record. */
bool gw_compile_path(struct gw_compiling *c, unsigned line, const char *text,
                     struct gw_canon_path *ret);
void gw_compile_cond(struct gw_compiling *c, const struct gw_cond_spec *s, struct gw_cond *ret);
/* These two leave the complaint to the caller, who knows where the text stands. */
bool gw_compile_enum_value(const struct gw_canon_path *p, const char *name, int32_t *ret);
bool gw_compile_date(const char *s, struct gw_date *ret);
/* What a file leaves out is NULL, and is nothing. */
static inline bool gw_compile_is(const char *s, const char *want)
{
    return s != NULL && strcmp(s, want) == 0;
}

/* compile_table.c: a table is compiled for the enumeration of `p`, the path of the row that uses
 * it. NULL after a complaint. */
const struct gw_table *gw_compile_table(struct gw_compiling *c, unsigned line, const char *name,
                                        const struct gw_canon_path *p);

/* compile_row.c */
void gw_compile_row(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row);

/* compile_field.c. Adds a compiled row to the field of its name, which the first row makes. */
void gw_compile_field(struct gw_compiling *c, const struct gw_row_spec *s, struct gw_row *row);
/* A field without a row: its text is carried (operator keep). */
void gw_compile_kept(struct gw_compiling *c, const struct gw_row_spec *s);
/* Fields that are known only to be refused; after all rows. */
void gw_compile_refused(struct gw_compiling *c);
/* Names and aliases, and the order of decoding; after all fields. */
void gw_compile_names(struct gw_compiling *c);
void gw_compile_run(struct gw_compiling *c);
/* -1: no such field (yet). */
int gw_compile_field_index(const struct gw_format *f, const char *name);

/* compile_check.c; after all fields */
void gw_compile_checks(struct gw_compiling *c);

#endif

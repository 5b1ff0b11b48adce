/* Shared inside law/: the tables as they are compiled by law_conf.c and asked by law.c. */
#ifndef GW_LAW_LAW_INTERNAL_H
#define GW_LAW_LAW_INTERNAL_H

#include "base/arena.h"
#include "law/law.h"

/* Subject classes as bits; of every class when none is named. */
#define GW_LAW_CLASS(c) (1u << (unsigned)(c))

struct gw_law_strings {
    const char *const *items;
    size_t count;
};

/* A row of the catalogue. `row` is what others see. */
struct gw_law_entry {
    struct gw_law_row row;
    const char *edition;
    const char *item;  /* the catalogue's own name of the item */
    const char *class; /* basic, honest, adverse, other */
    const char *use;
    Xinqiao__V1__Kind kind;
};

/* One way to recognise an item in a text: any of `any`, none of `unless`, for a subject of
 * `classes`. `unless_basis`: names of statutes; a record that cites one as its basis is not meant.
 */
struct gw_law_group {
    uint32_t classes;
    struct gw_law_strings any;
    struct gw_law_strings unless;
    struct gw_law_strings unless_basis;
};

/* An item that may not be recorded as adverse information, because no law gives a basis. */
struct gw_law_refusal {
    const char *id;
    const char *title_zh, *title_en;
    const char *source;
    const char *missing; /* the basis that does not exist, for the answer */
    uint32_t kinds;      /* 1u << Xinqiao__V1__Kind */
    const struct gw_canon_path *path;
    size_t path_count;
    const struct gw_law_group *group;
    size_t group_count;
};

/* The first bytes of every word of every row, as a set: most texts hold no word, and are done after
 * one pass. `off` when a word is shorter than that. */
enum { GW_LAW_HEAD = 6, GW_LAW_HEAD_BITS = 8192 };
struct gw_law_heads {
    uint64_t bit[GW_LAW_HEAD_BITS / 64];
    const struct gw_canon_path *path[8];
    size_t path_count;
    bool off;
};

struct gw_law_purpose_row {
    struct gw_law_purpose purpose;
    bool in_force;
};

struct gw_config;

struct gw_law {
    struct gw_arena *arena; /* compiled rows */
    struct gw_config *catalogue, *purposes;
    const char *policy;
    const char *edition;
    struct gw_law_entry *entry;
    size_t entry_count;
    struct gw_law_refusal *refusal;
    size_t refusal_count;
    struct gw_law_heads heads;
    struct gw_law_purpose_row *purpose;
    size_t purpose_count;
    /* Where an admitted record may cite its statute. */
    struct gw_canon_path basis_path[2];
    struct gw_hash digest;
    struct gw_buf digest_list;
};

/* The tables from the contents of the two files; complains with file and line. For tests and
 * fuzzing; what gw_law_load() does after reading. law_conf.c */
GW_MUST_USE enum gw_status gw_law_parse(struct gw_bytes catalogue, struct gw_bytes purposes,
                                        struct gw_law **ret, struct gw_buf *ret_error);
void gw_law_conf_free(struct gw_law *l);
/* Fills `heads`, once all rows are there. match.c */
void gw_law_match_prepare(struct gw_law *l);
/* The row that refuses the record, NULL when none does; *ret_field names the text that was
 * recognised. match.c */
const struct gw_law_refusal *gw_law_match(const struct gw_law *l, const gw_record *r,
                                          const char **ret_field);

#endif

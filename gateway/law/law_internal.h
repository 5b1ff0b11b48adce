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

/* Days in force, both inclusive; `until` none: open. */
struct gw_law_term {
    struct gw_date from, until;
};

/* A row of lists.conf. */
struct gw_law_list_row {
    struct gw_law_list list;
    struct gw_law_strings bodies;      /* gw_law_body_is() */
    const struct gw_canon_path *basis; /* fields one of which must say by what the entry stands */
    size_t basis_count;
};

/* A row of measures.conf in one of its editions. */
struct gw_law_measure_row {
    struct gw_law_measure measure;
    const char *item; /* without the edition: "market-entry" */
    const char *targets_zh;
    struct gw_law_strings lists;
    uint32_t classes;
};
struct gw_law_measure_edition {
    const char *id, *source;
    struct gw_law_term term;
};

/* A row of classes.conf: the class of a penalty that does not say it. What is 0 is not asked. */
struct gw_law_class_rule {
    const char *id, *source;
    Xinqiao__V1__BreachClass class;
    Xinqiao__V1__Procedure procedure;
    uint32_t any_kinds;  /* one of them: 1u << Xinqiao__V1__PenaltyKind */
    uint32_t only_kinds; /* these and no others */
};

/* A row of clocks.conf: how long a class of breach is published under its regime. */
struct gw_law_publicity {
    const char *id;
    uint32_t classes;    /* 1u << Xinqiao__V1__BreachClass; UINT32_MAX: all, the undecided too */
    uint32_t only_kinds; /* of penalty; 0: not asked */
    struct gw_law_strings words; /* one of them in a text of the penalty; none: not asked */
    bool published;
    uint32_t min_months, max_months;
};
struct gw_law_regime_row {
    const char *id, *title_zh, *title_en, *source, *edition;
    struct gw_law_term term;
    struct gw_law_strings authorities; /* gw_law_body_is(); none: all */
    uint32_t decide_days;
    const struct gw_law_publicity *publicity;
    size_t publicity_count;
};
struct gw_law_deadline_row {
    const char *id, *title_zh, *title_en, *source, *edition;
    enum gw_law_duty duty;
    struct gw_law_term term;
    uint32_t days;
    bool working; /* working days, else calendar days */
    bool strict;  /* less than so many days */
};

/* A year of workdays.tsv. */
enum { GW_LAW_DAY_ORDINARY, GW_LAW_DAY_OFF, GW_LAW_DAY_WORK };
struct gw_law_year {
    int16_t year;
    uint8_t day[366]; /* from 1 January: GW_LAW_DAY_* */
};

struct gw_law_purpose_row {
    struct gw_law_purpose purpose;
    bool in_force;
};

struct gw_config;

/* Files of conf/law/, sorted by name. */
enum gw_law_file {
    GW_LAW_CATALOGUE,
    GW_LAW_CLASSES,
    GW_LAW_CLOCKS,
    GW_LAW_LISTS,
    GW_LAW_MEASURES,
    GW_LAW_PURPOSES,
    GW_LAW_WORKDAYS, /* not of libconfig's syntax */
    GW_LAW_FILES
};

struct gw_law {
    struct gw_arena *arena; /* compiled rows */
    struct gw_config *config[GW_LAW_FILES];
    struct gw_bytes workdays; /* the text of workdays.tsv */
    const char *policy;
    const char *edition;
    struct gw_law_entry *entry;
    size_t entry_count;
    struct gw_law_refusal *refusal;
    size_t refusal_count;
    struct gw_law_heads heads;
    struct gw_law_purpose_row *purpose;
    size_t purpose_count;
    struct gw_law_list_row *list;
    size_t list_count;
    struct gw_law_measure_edition *edition_of_measures;
    size_t edition_of_measures_count;
    struct gw_law_measure_row *measure;
    size_t measure_count;
    struct gw_law_class_rule *class_rule;
    size_t class_rule_count;
    struct gw_law_regime_row *regime;
    size_t regime_count;
    struct gw_law_deadline_row *deadline;
    size_t deadline_count;
    /* Where words of clocks.conf are sought. */
    struct gw_canon_path word_path[4];
    struct gw_law_year *year;
    size_t year_count;
    struct gw_law_agreement *agreement;
    struct gw_config **agreement_config;
    size_t agreement_count;
    /* Where an admitted record may cite its statute. */
    struct gw_canon_path basis_path[2];
    struct gw_hash digest;
    struct gw_buf digest_list;
};

/* The tables from the contents of the files; complains with file and line. For tests and fuzzing;
 * what gw_law_load() does after reading. law_conf.c */
GW_MUST_USE enum gw_status gw_law_parse(const struct gw_bytes text[GW_LAW_FILES],
                                        struct gw_law **ret, struct gw_buf *ret_error);
extern const char *const gw_law_file_name[GW_LAW_FILES];
/* Computes digest and list of what is loaded. law_conf.c */
GW_MUST_USE enum gw_status gw_law_conf_digest(struct gw_law *l);
/* The same from memory: `file` names it in complaints. law_conf_agreements.c */
GW_MUST_USE enum gw_status gw_law_parse_agreement(struct gw_law *l, const char *file,
                                                  struct gw_bytes text, struct gw_buf *ret_error);
void gw_law_conf_free(struct gw_law *l);
bool gw_law_in_force(struct gw_law_term t, struct gw_date day);
/* Adds an error that cites the row: {item}, {basis}; is GW_DENIED. law.c */
GW_MUST_USE enum gw_status gw_law_deny(struct gw_report *report, const char *code,
                                       const char *field, const char *item, const char *basis);
/* None where it is not a day of the calendar. law.c */
struct gw_date gw_law_date_of(const Xinqiao__V1__Date *d);
/* Is the name one of the bodies: a word that the name ends with, or "A*B": it has A and ends with
 * B behind it. lists.c */
bool gw_law_body_is(const struct gw_law_strings *bodies, const char *name);
/* All that lists.conf and measures.conf say against an entry. lists.c */
GW_MUST_USE enum gw_status gw_law_admit_entry(const struct gw_law *l, const gw_record *r,
                                              struct gw_date day, struct gw_report *report);
bool gw_law_is_penalty(const gw_record *r);
/* All that clocks.conf and the retention say against a record that is no list entry. clocks.c */
GW_MUST_USE enum gw_status gw_law_admit_clocks(const struct gw_law *l, const gw_record *r,
                                               struct gw_date day, struct gw_report *report);
bool gw_law_is_entry(const gw_record *r);
/* The time of the entry is over: by its end, its removal or its status. lists.c */
bool gw_law_entry_ended(const struct gw_law *l, const gw_record *r, struct gw_date day);
/* Fills `heads`, once all rows are there. match.c */
void gw_law_match_prepare(struct gw_law *l);
/* The row that refuses the record, NULL when none does; *ret_field names the text that was
 * recognised. match.c */
const struct gw_law_refusal *gw_law_match(const struct gw_law *l, const gw_record *r,
                                          const char **ret_field);

#endif

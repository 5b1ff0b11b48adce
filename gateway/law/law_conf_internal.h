/* Shared by the readers of conf/law/ (law_conf*.c): checks that complain with file and line. */
#ifndef GW_LAW_LAW_CONF_INTERNAL_H
#define GW_LAW_LAW_CONF_INTERNAL_H

#include "law/law_internal.h"

struct gw_config_node;
struct gw_config_strings;
struct gw_config_choice;

enum {
    GW_LAW_MAX_ROWS = 4096,
    GW_LAW_MAX_ID = 100, /* legal_basis of the log: at most 128 */
    GW_LAW_MAX_MONTHS = 1200
};

/* Small letters, digits, '-', '.' and '_': ids and codes travel in logs and metadata. */
bool gw_law_conf_is_code(const char *s);
GW_MUST_USE enum gw_status gw_law_conf_code(const struct gw_config_node *n, const char *name,
                                            const char *value, struct gw_buf *err);
GW_MUST_USE enum gw_status gw_law_conf_choice(const struct gw_config_node *n, const char *name,
                                              const char *value, const char *const *choices,
                                              size_t count, struct gw_buf *err);
GW_MUST_USE enum gw_status gw_law_conf_mark(const struct gw_config_node *n, const char *mark,
                                            struct gw_buf *err);
GW_MUST_USE enum gw_status gw_law_conf_kind(const struct gw_config_node *n, const char *name,
                                            const char *value, struct gw_buf *err);
GW_MUST_USE enum gw_status gw_law_conf_day_of(const struct gw_config_node *n, const char *name,
                                              const char *text, struct gw_date *ret,
                                              struct gw_buf *err);
/* `until` may be "". */
GW_MUST_USE enum gw_status gw_law_conf_term(const struct gw_config_node *n, const char *from,
                                            const char *until, struct gw_law_term *ret,
                                            struct gw_buf *err);
bool gw_law_conf_overlap(struct gw_law_term a, struct gw_law_term b);
/* Complains that `value` was there before, and is GW_INVALID. */
GW_MUST_USE enum gw_status gw_law_conf_second_time(const struct gw_config_node *n, const char *name,
                                                   const char *value, struct gw_buf *err);
struct gw_law_strings gw_law_conf_strings_of(const struct gw_config_strings *s);
/* None of them is empty: an empty word occurs in every text. */
GW_MUST_USE enum gw_status gw_law_conf_words(const struct gw_config_node *n, const char *name,
                                             const struct gw_config_strings *s, struct gw_buf *err);
/* Classes of subjects as bits: GW_LAW_CLASS(). */
const struct gw_config_choice *gw_law_conf_classes(void);

typedef enum gw_status gw_law_conf_fn(struct gw_law *l, const struct gw_config_node *n,
                                      struct gw_buf *err);
/* Compiles every row of the list `name` of `owner` into an array with one zeroed row more; all
 * mistakes of a list, not the first alone. */
GW_MUST_USE enum gw_status gw_law_conf_rows(struct gw_law *l, const struct gw_config_node *owner,
                                            const char *name, size_t min, size_t row_size,
                                            void *ret_rows, gw_law_conf_fn *compile,
                                            struct gw_buf *err);

/* Rows, by file. */
gw_law_conf_fn gw_law_conf_entry, gw_law_conf_refusal, gw_law_conf_purpose;
gw_law_conf_fn gw_law_conf_list;
gw_law_conf_fn gw_law_conf_class, gw_law_conf_regime, gw_law_conf_deadline;
/* workdays.tsv; complains with file and line too. */
GW_MUST_USE enum gw_status gw_law_conf_workdays(struct gw_law *l, struct gw_buf *err);
/* A pattern of gw_law_body_is(). */
GW_MUST_USE enum gw_status gw_law_conf_bodies(const struct gw_config_node *n, const char *name,
                                              const struct gw_config_strings *s,
                                              struct gw_buf *err);
/* A whole file, from its root, without the edition. */
GW_MUST_USE enum gw_status gw_law_conf_measures(struct gw_law *l, const struct gw_config_node *root,
                                                struct gw_buf *err);
/* agreements */
void gw_law_conf_agreements_free(struct gw_law *l);

#endif

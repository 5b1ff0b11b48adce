/* Lists for people: what their states mean, dates and ends, shared by check-list and the lists
 * commands. */
#ifndef GW_CMD_LISTS_H
#define GW_CMD_LISTS_H

#include "cmd/remote.h"
#include "xinqiao/v1/lists.pb-c.h"

/* "2026-04-01"; "" when absent. */
const char *gw_lists_date(const Xinqiao__V1__Date *d, char ret[16]);
/* An end: a date, never, or not said. */
const char *gw_lists_until(const struct gw_cmd_ctx *c, const Xinqiao__V1__EndDate *d, char ret[64]);
int64_t gw_lists_instant_us(const Google__Protobuf__Timestamp *t);

/* Does an answer without a hit on this list say anything? Only of a list that is current or that
 * its source says is empty. */
bool gw_lists_reliable(const Xinqiao__V1__ListState *s);
/* "current", "missing" ... for programs, and what it means for people. */
const char *gw_lists_condition_code(const Xinqiao__V1__ListState *s);
const char *gw_lists_condition_text(const struct gw_cmd_ctx *c, const Xinqiao__V1__ListState *s);
/* One line a list, with a heading; and the same as an array. */
void gw_lists_states(const struct gw_cmd_ctx *c, Xinqiao__V1__ListState *const *s, size_t count);
void gw_lists_states_json(struct gw_cmd_json *j, Xinqiao__V1__ListState *const *s, size_t count);

/* "repaired", "expired", "withdrawn", "exited"; UNSPECIFIED for another word. */
Xinqiao__V1__ListEnd gw_lists_end_of(const char *word);
const char *gw_lists_end_code(Xinqiao__V1__ListEnd e);
const char *gw_lists_end_text(const struct gw_cmd_ctx *c, Xinqiao__V1__ListEnd e);

/* "2026-04-01"; complains with the option's name. */
int gw_lists_date_parse(const struct gw_cmd_ctx *c, const char *option, const char *text,
                        Xinqiao__V1__Date *ret);

/* Findings of a receipt, one line each. */
void gw_lists_findings(const struct gw_cmd_ctx *c, Xinqiao__V1__Finding *const *f, size_t count,
                       FILE *out);
void gw_lists_findings_json(const struct gw_cmd_ctx *c, struct gw_cmd_json *j,
                            Xinqiao__V1__Finding *const *f, size_t count);

/* Words separated by commas, for repeated fields; in place, at most `max`. */
size_t gw_lists_split(char *text, char **ret, size_t max);

#endif

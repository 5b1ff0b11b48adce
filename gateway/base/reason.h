/* Public reasons: what a peer is told, by code. Core rows are in reason.def; adapters and law
 * tables publish rows of their own. And the report that every stage fills: problems by field. */
#ifndef GW_BASE_REASON_H
#define GW_BASE_REASON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

/* One public reason. Parameters in the texts are written {name}: field names and codes only, never
 * values of the data. `retry_ms` 0 is "do not retry unchanged". */
struct gw_reason {
    const char *code; /* "peer-unknown": lower-case letters, digits, '-' and '.' */
    uint8_t grpc;     /* google.rpc.Code */
    uint8_t family; /* feedback file families of formats.md 1.1: 1 value, 2 duplicate, 3 code table,
                       4 configuration; 0 none */
    uint32_t retry_ms;
    const char *zh;
    const char *en;
};

/* NULL when unknown. Core rows plus those added with gw_reason_add(). */
const struct gw_reason *gw_reason_find(struct gw_bytes code);
/* Registers rows, which must live until they are removed; GW_EXISTS when a code is there already
 * (nothing added). Not thread safe: at load only. */
GW_MUST_USE enum gw_status gw_reason_add(const struct gw_reason *rows, size_t count);
/* Those rows are gone: nobody serves any more. Of rows that were not added, nothing. */
void gw_reason_remove(const struct gw_reason *rows, size_t count);
/* Walks all rows: index from 0; NULL at the end. */
const struct gw_reason *gw_reason_at(size_t index);

/* What a problem is about. */
enum gw_problem_kind {
    GW_PROBLEM_ERROR,     /* the record is refused */
    GW_PROBLEM_WARNING,   /* accepted, to be looked at */
    GW_PROBLEM_LOSS,      /* declared loss of this translation */
    GW_PROBLEM_DEFAULTED, /* filled from a declared default */
    GW_PROBLEM_REPAIRED,  /* spelled wrongly, repaired without doubt (blanks, full-width digits) */
    GW_PROBLEM_WITHHELD   /* kept back by a grant or a law row */
};

struct gw_param {
    const char *name;
    const char *value; /* a code or a field name, never data */
};

struct gw_problem {
    enum gw_problem_kind kind;
    const struct gw_reason *reason;
    const char *field; /* the sender's own field name, or "" */
    uint32_t row;      /* from 1; 0 when the input is one record */
    struct gw_param params[3];
    struct gw_problem *next;
};

/* Everything found wrong with (or done to) one input, in order. Lives in an arena. */
struct gw_report {
    struct gw_arena *arena;
    struct gw_problem *first;
    struct gw_problem **tail;
    uint32_t count[GW_PROBLEM_WITHHELD + 1];
    uint32_t row; /* stamped on problems that are added */
};

void gw_report_init(struct gw_report *r, struct gw_arena *arena);
/* `code` must be a known reason (else the internal one is used and it is a bug). `field` is copied.
 * Extra arguments: up to three pairs (const char *name, const char *value), then NULL. */
void gw_report_add(struct gw_report *r, enum gw_problem_kind kind, const char *code,
                   const char *field, ...) __attribute__((sentinel));
static inline bool gw_report_has_errors(const struct gw_report *r)
{
    return r->count[GW_PROBLEM_ERROR] != 0;
}
/* First error, or NULL. */
const struct gw_problem *gw_report_first_error(const struct gw_report *r);
/* Renders the problem's text with its parameters ({field} is the field). lang "zh" or "en". */
void gw_problem_text(const struct gw_problem *p, const char *lang, struct gw_buf *ret);
/* The same as a text of the arena, cut at 4 KiB; "" when that has no memory. */
const char *gw_problem_text_in(const struct gw_problem *p, const char *lang,
                               struct gw_arena *arena);

#endif

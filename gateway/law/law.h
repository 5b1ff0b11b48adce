/* Law tables, compiled; pure decisions over canonical records and dates. No row, no exchange. */
#ifndef GW_LAW_LAW_H
#define GW_LAW_LAW_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/reason.h"
#include "canon/canon.h"
#include "crypto/crypto.h"

struct gw_law; /* all tables of a generation; immutable */

/* Loads conf/law/, all of its files. Text of faults in ret_error. */
GW_MUST_USE enum gw_status gw_law_load(const char *dir, struct gw_law **ret,
                                       struct gw_buf *ret_error);
void gw_law_free(struct gw_law *l);
GW_DEFINE_FREEP(struct gw_law, gw_law_free)
/* "law@<edition>" and H over the sorted list of the files' digests, and that list. */
const char *gw_law_policy(const struct gw_law *l);
void gw_law_digest(const struct gw_law *l, struct gw_hash *ret, struct gw_buf *ret_list);

/* A row of the catalogue of what may be collected and shared: item, class, basis, use, keep. */
struct gw_law_row {
    const char *id;     /* "national-catalogue-2025.penalty": what the log's legal_basis says */
    const char *kind;   /* record kind */
    const char *source; /* statute or document, article, edition */
    const char *title_zh, *title_en;
    struct gw_date from, until; /* in force; until none: open */
    uint32_t keep_months;
    bool share_public; /* 公开共享 (else by agreement) */
};
/* The row that allows a record of that kind at the date of the call. GW_DENIED with all problems in
 * the report, each with {item}, the id of the table row that refuses, and {basis}. Adverse items
 * that have no statutory basis (formats.md L1, L4): `law-no-basis`. A publicity longer than its
 * class allows, a retention that is over: `law-publicity-too-long`, `law-retention-ended`. A list
 * entry stands or falls as a whole by its list, body, basis, end and every measure: `law-list-*`,
 * `law-not-competent`, `law-measure-*`. What may be newer than our tables: `law-edition-unknown`.
 */
GW_MUST_USE enum gw_status gw_law_admit(const struct gw_law *l, const gw_record *r, int64_t wall_us,
                                        struct gw_report *report, const struct gw_law_row **ret);
/* By kind alone, for calls that name no record (a pull): the row in force, or GW_DENIED. */
GW_MUST_USE enum gw_status gw_law_basis(const struct gw_law *l, Xinqiao__V1__Kind kind,
                                        int64_t wall_us, const struct gw_law_row **ret);
/* May a record leave now: not past its clocks, not repaired or withdrawn (DESIGN 2.4). GW_DENIED
 * with a problem. */
GW_MUST_USE enum gw_status gw_law_may_share(const struct gw_law *l, const gw_record *r,
                                            int64_t wall_us, struct gw_report *report);

/* ---- lists (lists.conf): no list without a row ---- */

enum gw_law_colour { GW_LAW_BLACK = 1, GW_LAW_RED = 2 };
struct gw_law_list {
    const char *id; /* "market-serious" */
    const char *title_zh, *title_en;
    const char *basis; /* statute or document of the Party centre or the State Council */
    const char *source, *edition;
    enum gw_law_colour colour;
    bool public_;            /* published; persons appear masked (formats.md L12) */
    uint32_t max_age_days;   /* without a new version it is stale; 0 never */
    uint32_t default_months; /* an entry without an end of its own ends then; 0 never */
    uint32_t max_months;     /* no entry ends later; 0 not said */
    struct gw_date from, until;
};
/* The row that is in force on the day; NULL: none. */
const struct gw_law_list *gw_law_list_find(const struct gw_law *l, struct gw_bytes id,
                                           int64_t wall_us);
/* The i-th row in force on the day; NULL past the end. */
const struct gw_law_list *gw_law_list_at(const struct gw_law *l, size_t i, int64_t wall_us);

/* ---- measures (measures.conf): editions of the national list and local supplements ---- */

enum gw_law_measure_kind {
    GW_LAW_DEROGATES = 1,  /* derogates rights or adds duties by law */
    GW_LAW_ADMINISTRATIVE, /* administrative management measure */
    GW_LAW_OTHER_BODY      /* by bodies that are no agencies */
};
struct gw_law_measure {
    const char *id;
    const char *content_zh, *basis, *agency; /* the columns of the national list (formats.md L3) */
    const char *source, *edition;
    enum gw_law_measure_kind kind;
    bool neutral; /* may follow a penalty that was performed: no commitment procedure, closer
                     inspection */
    struct gw_date from, until;
};
/* Measures that may be imposed on the subject of this list entry today: in force, for its list and
 * class of subject, the entry not ended; after full performance neutral ones only. In `arena`.
 * Red lists have none. */
GW_MUST_USE enum gw_status gw_law_measures(const struct gw_law *l, const gw_record *r,
                                           int64_t wall_us, struct gw_arena *arena,
                                           const struct gw_law_measure *const **ret,
                                           size_t *ret_count);

/* ---- classes and clocks (classes.conf, clocks.conf, workdays.tsv) ---- */

/* 轻微, 一般, 严重: as the record says, else by its kinds and procedure (formats.md L8);
 * UNSPECIFIED where the table does not decide. */
Xinqiao__V1__BreachClass gw_law_class(const struct gw_law *l, const gw_record *r);
/* Which rules of publicity and repair hold for a record on a day: decree 58 until 2026-03-31,
 * decree 36 from 2026-04-01, the market regulator's own for its records. */
struct gw_law_regime {
    const char *id;  /* "decree-36" */
    const char *row; /* "decree-36.general"; "" where the tables do not decide its class */
    const char *source;
    bool published;       /* false: this class is not published, unless another law says so */
    uint32_t min_months;  /* of publicity; 0 none */
    uint32_t max_months;  /* 0: no end by this table */
    uint32_t decide_days; /* working days to decide on an application for repair; 0 not said */
};
/* GW_NOT_FOUND: no regime on that day. `day` is that of the decision, or for repair that of the
 * application. */
GW_MUST_USE enum gw_status gw_law_regime(const struct gw_law *l, const gw_record *r,
                                         struct gw_date day, struct gw_law_regime *ret);
/* The last day of a clock, inclusive. *ret_open: it never ends. GW_NOT_FOUND: the record has no
 * such clock, or a date that it depends on is missing. */
enum gw_law_clock { GW_LAW_PUBLICITY = 1, GW_LAW_USE, GW_LAW_MEASURE, GW_LAW_RETENTION };
GW_MUST_USE enum gw_status gw_law_end(const struct gw_law *l, const gw_record *r,
                                      enum gw_law_clock clock, struct gw_date *ret, bool *ret_open);
/* The last day to do a duty that begins on `day`, by the row in force then. GW_NOT_FOUND: no such
 * row, or working days of a year without a table. */
enum gw_law_duty {
    GW_LAW_PUBLISH = 1, /* publish an administrative act, from the decision */
    GW_LAW_OBJECTION,   /* handle an objection, from its filing; on average */
    GW_LAW_REPAIR,      /* help with a repair, from its filing */
    GW_LAW_LIST_EXIT,   /* the national site stops to show an entry, from the exit */
    GW_LAW_REPAIR_STEP  /* forward or accept an application for repair */
};
GW_MUST_USE enum gw_status gw_law_due(const struct gw_law *l, enum gw_law_duty duty,
                                      struct gw_date day, struct gw_date *ret);
/* The n-th working day after `day`. GW_NOT_FOUND: a year without a table. */
GW_MUST_USE enum gw_status gw_law_add_workdays(const struct gw_law *l, struct gw_date day,
                                               uint32_t n, struct gw_date *ret);

/* What must be mended soon though the tables load: one line each (a year, this one or the next in
 * December, without a table of working days). */
void gw_law_warn(const struct gw_law *l, int64_t wall_us, struct gw_buf *ret);

/* ---- agreements (conf/agreements/) ---- */

struct gw_config_node;
struct gw_law_agreement {
    const char *id, *title_zh, *title_en, *source;
    const char *certainty;                        /* published, agreed, invented-for-tests */
    const char *const *parties, *const *purposes; /* NULL-terminated */
    struct gw_date from, until;
    const struct gw_config_node *node; /* the whole file; `terms` is for adapters */
};
/* Loads the agreements into `l`; dir may be missing (none). Purposes must be rows, and none that is
 * a basic service. */
GW_MUST_USE enum gw_status gw_law_load_agreements(struct gw_law *l, const char *dir,
                                                  struct gw_buf *ret_error);
size_t gw_law_agreement_count(const struct gw_law *l);
const struct gw_law_agreement *gw_law_agreement_at(const struct gw_law *l, size_t i);

/* A purpose code of the table, e.g. "credit-supervision"; NULL when unknown or not in force. */
struct gw_law_purpose {
    const char *code;
    const char *title_zh, *title_en;
    const char *source;
    bool basic_service; /* denies, prices or ranks a basic service: never grantable for scores */
};
const struct gw_law_purpose *gw_law_purpose_find(const struct gw_law *l, struct gw_bytes code);

#endif

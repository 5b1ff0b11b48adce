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

/* Loads conf/law/ (catalogue.conf, purposes.conf; later files as they come). Text of faults in
 * ret_error. */
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
/* The row that allows a record of that kind at the date of the call. Adverse items that have no
 * statutory basis (formats.md L1, L4) are refused: `law-no-basis` with {item} = the id of the
 * refusing table row. */
GW_MUST_USE enum gw_status gw_law_admit(const struct gw_law *l, const gw_record *r, int64_t wall_us,
                                        struct gw_report *report, const struct gw_law_row **ret);
/* By kind alone, for calls that name no record (a pull): the row in force, or GW_DENIED. */
GW_MUST_USE enum gw_status gw_law_basis(const struct gw_law *l, Xinqiao__V1__Kind kind,
                                        int64_t wall_us, const struct gw_law_row **ret);
/* May a record leave now: not past its clocks, not repaired or withdrawn (DESIGN 2.4). GW_DENIED
 * with a problem. */
GW_MUST_USE enum gw_status gw_law_may_share(const struct gw_law *l, const gw_record *r,
                                            int64_t wall_us, struct gw_report *report);

/* A purpose code of the table, e.g. "credit-supervision"; NULL when unknown or not in force. */
struct gw_law_purpose {
    const char *code;
    const char *title_zh, *title_en;
    const char *source;
    bool basic_service; /* denies, prices or ranks a basic service: never grantable for scores */
};
const struct gw_law_purpose *gw_law_purpose_find(const struct gw_law *l, struct gw_bytes code);

#endif

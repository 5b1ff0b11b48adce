/* Formats: codecs (bytes <-> fields) and mapping rules (fields <-> canonical record), read from
 * conf/formats/. A mapping is data, compiled at load into a checked table; a bad mapping fails the
 * load, never a call. */
#ifndef GW_FORMAT_FORMAT_H
#define GW_FORMAT_FORMAT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/reason.h"
#include "canon/canon.h"
#include "crypto/crypto.h"

struct gw_format;     /* one dialect and kind: "national.penalty.org@2018" */
struct gw_format_set; /* all of a configuration generation; immutable */

/* Loads and checks every *.conf of `dir`. On failure `ret_error` has one line per fault: file,
 * line, value seen, what was expected. */
GW_MUST_USE enum gw_status gw_format_set_load(const char *dir, struct gw_format_set **ret,
                                              struct gw_buf *ret_error);
void gw_format_set_free(struct gw_format_set *s);
GW_DEFINE_FREEP(struct gw_format_set, gw_format_set_free)
/* NULL when unknown; `ret_near` (may be NULL) then lists near ids, comma-separated. Borrowed from
 * the set. */
const struct gw_format *gw_format_find(const struct gw_format_set *s, struct gw_bytes id,
                                       struct gw_buf *ret_near);
size_t gw_format_count(const struct gw_format_set *s);
const struct gw_format *gw_format_at(const struct gw_format_set *s, size_t i);
/* "<first 8 hex>" of the hash over all mapping files, the hash, and the sorted list "digest name\n"
 * it is over. */
void gw_format_set_digest(const struct gw_format_set *s, char ret_short[9], struct gw_hash *ret,
                          struct gw_buf *ret_list);

const char *gw_format_id(const struct gw_format *f);
const char *gw_format_title(const struct gw_format *f, const char *lang);
Xinqiao__V1__Kind gw_format_kind(const struct gw_format *f);
/* Of one kind, or one of them takes every kind (the canonical record): records may be translated.
 */
bool gw_format_pair(const struct gw_format *from, const struct gw_format *to);
const char *gw_format_media(const struct gw_format *f); /* "xml", "json", "protobuf" */
/* The sender's name of a canonical path ("CF_WFXW" for "penalty.violation_kind"); the path itself
 * when no column has it. */
const char *gw_format_name_of(const struct gw_format *f, const char *path);
bool gw_format_inferred(const struct gw_format *f); /* has a row of certainty = inferred */
bool gw_format_confirmed(
    const struct gw_format *f); /* the file says who confirmed those, and when */
/* Can it hold subjects of this class? national.penalty.org@2018 takes no persons. */
bool gw_format_takes_class(const struct gw_format *f, Xinqiao__V1__SubjectClass c);

/* Values for mandatory target fields that have no source: the peer profile. Never status, clocks,
 * basis, procedure, class, amount, unit: such a name fails the load. A list, as a peer file has it:
 * defaults = ( { format = "zhejiang.penalty.unified@1"; values = { FIELD = "text"; }; } ); */
struct gw_format_defaults;
struct gw_config_node;
GW_MUST_USE enum gw_status gw_format_defaults_load(const struct gw_format_set *s,
                                                   const struct gw_config_node *list,
                                                   struct gw_format_defaults **ret,
                                                   struct gw_buf *ret_error);
void gw_format_defaults_free(struct gw_format_defaults *d);
GW_DEFINE_FREEP(struct gw_format_defaults, gw_format_defaults_free)

struct gw_format_clock {
    int64_t wall_us; /* the call's clock: "today" for date checks */
};

/* One record: parse, map, validate. All violations of the record go to the report, in the sender's
 * field names; GW_INVALID when there is an error among them. The record lives in `arena` and may
 * borrow from `bytes`. */
GW_MUST_USE enum gw_status gw_format_decode(const struct gw_format *f, struct gw_bytes bytes,
                                            const struct gw_format_clock *clock,
                                            struct gw_arena *arena, struct gw_report *report,
                                            gw_record **ret);
/* One record out, appended. Declared losses, defaulted fields and refusals go to the report.
 * `fields` (NULL: all) is a grant's field set: canonical paths that may leave; others are withheld
 * and reported. */
struct gw_format_fields;
GW_MUST_USE enum gw_status
gw_format_encode(const struct gw_format *f, const gw_record *r, const struct gw_format_clock *clock,
                 const struct gw_format_defaults *defaults, const struct gw_format_fields *fields,
                 struct gw_arena *arena, struct gw_report *report, struct gw_buf *ret);
/* gw_canon_mask() for a record that came in one of these formats: of what the sender wrote, the
 * columns stay that their mapping declares `impersonal`. GW_NOMEM. */
GW_MUST_USE enum gw_status gw_format_mask(const struct gw_format_set *s, gw_record *r,
                                          struct gw_arena *arena);
/* Compiles a list of canonical paths ("subject.name", "penalty.*"); for grants. */
GW_MUST_USE enum gw_status gw_format_fields_new(const char *const *paths, size_t count,
                                                struct gw_format_fields **ret,
                                                struct gw_buf *ret_error);
void gw_format_fields_free(struct gw_format_fields *f);

/* ---- packages: many records in one file (XML package with header and body, JSON envelope or
 * array). Streaming. */
struct gw_format_package {
    char guid[37];
    char version[17], sender[19], receiver[19], resource[33], area[7], timestamp[33], mode[9];
    uint64_t count;
    char digest[65];
    bool has_header;
};
/* Splits a package into the bytes of its records. Also takes a bare single record. */
struct gw_format_splitter;
GW_MUST_USE enum gw_status gw_format_splitter_new(const struct gw_format *f,
                                                  struct gw_format_splitter **ret);
void gw_format_splitter_free(struct gw_format_splitter *s);
GW_DEFINE_FREEP(struct gw_format_splitter, gw_format_splitter_free)
GW_MUST_USE enum gw_status gw_format_splitter_feed(struct gw_format_splitter *s,
                                                   struct gw_bytes bytes, bool last);
/* Next record, borrowed until the next call of feed or next; GW_AGAIN: feed more; GW_NOT_FOUND: the
 * end was reached. GW_INVALID: malformed; *ret_reason is the public reason code. */
GW_MUST_USE enum gw_status gw_format_splitter_next(struct gw_format_splitter *s,
                                                   struct gw_bytes *ret, const char **ret_reason);
/* Header; complete as soon as the first record was returned. */
const struct gw_format_package *gw_format_splitter_package(const struct gw_format_splitter *s);
/* After the end: declared count and digest hold? Reason "batch-count" or "batch-digest" else. */
GW_MUST_USE enum gw_status gw_format_splitter_check(const struct gw_format_splitter *s,
                                                    const char **ret_reason);

/* Joins records into a package file. begin writes nothing when the media has no header. The
 * header's count and digest are those given: a writer of files fills them in a second pass or
 * buffers. */
GW_MUST_USE enum gw_status gw_format_join_begin(const struct gw_format *f,
                                                const struct gw_format_package *p,
                                                struct gw_buf *ret);
GW_MUST_USE enum gw_status gw_format_join_record(const struct gw_format *f, uint64_t index,
                                                 struct gw_bytes record, struct gw_buf *ret);
GW_MUST_USE enum gw_status gw_format_join_end(const struct gw_format *f,
                                              const struct gw_format_package *p,
                                              struct gw_buf *ret);

#endif

/* The canonical record and its values: descriptor paths compiled to offsets, dates, money,
 * identifiers, limits. Knows no wire format and no law. */
#ifndef GW_CANON_CANON_H
#define GW_CANON_CANON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "xinqiao/v1/record.pb-c.h"

typedef Xinqiao__V1__Record gw_record;

/* ---- identifiers (formats.md section 5). `*ret_reason` is a public reason code ("uscc-check"),
 * static; GW_OK or GW_INVALID. Lower case, blanks, full-width digits are refused here: see
 * gw_canon_id_repair(). */
GW_MUST_USE enum gw_status gw_canon_uscc_check(struct gw_bytes v, bool strict_inner,
                                               const char **ret_reason);
/* `today` in UTC+8: births after it are refused. */
GW_MUST_USE enum gw_status gw_canon_citizen_id_check(struct gw_bytes v, struct gw_date today,
                                                     const char **ret_reason);
GW_MUST_USE enum gw_status gw_canon_orgcode_check(struct gw_bytes v, const char **ret_reason);
GW_MUST_USE enum gw_status gw_canon_regno_check(struct gw_bytes v, const char **ret_reason);
/* 17 zeros + X: a sole trader without a code (D3). */
bool gw_canon_uscc_is_filler(struct gw_bytes v);
/* Birth date and sex digit of a valid citizen id. */
struct gw_date gw_canon_citizen_id_birth(struct gw_bytes v);
/* Trims blanks, folds full-width letters and digits, upper-cases; *ret_changed says whether it did.
 */
GW_MUST_USE enum gw_status gw_canon_id_repair(struct gw_bytes v, struct gw_buf *ret,
                                              bool *ret_changed);
/* The area code of the authority's USCC (digits 3-8), or empty. */
struct gw_bytes gw_canon_uscc_area(struct gw_bytes uscc);

/* ---- money: decimal text to fen and back, exactly. `unit_fen` is fen per unit (100 yuan, 1000000
 * ten thousand yuan). GW_INVALID not a number ("" too); GW_UNSUPPORTED more than 6 decimals, or one
 * below a fen that is not 0; GW_TOO_LARGE over 12 digits before the point. */
GW_MUST_USE enum gw_status gw_canon_money_parse(struct gw_bytes v, int64_t unit_fen,
                                                int64_t *ret_fen);
/* `decimals` digits at least (trailing zeros kept to that number), exact always. */
void gw_canon_money_format(int64_t fen, int64_t unit_fen, unsigned decimals, struct gw_buf *ret);

/* ---- dates: pattern of Y M D h m s letters and literals ("YYYY/MM/DD", "YYYY-MM-DD hh:mm:ss",
 * "YYYY年MM月DD日"; a single letter is a number without leading zeros: "YYYY/M/D"). Exact match:
 * what parses is written back the same. `ret_second` (may be NULL) is the second of the day. */
GW_MUST_USE enum gw_status gw_canon_date_parse(struct gw_bytes v, const char *pattern,
                                               struct gw_date *ret, int32_t *ret_second);
void gw_canon_date_format(struct gw_date d, int32_t second, const char *pattern,
                          struct gw_buf *ret);

/* ---- paths: "subject.legal_rep_document.number", "penalty.kinds", compiled against the
 * descriptors. */
enum gw_canon_type {
    GW_CANON_TEXT,
    GW_CANON_BOOL,
    GW_CANON_ENUM,
    GW_CANON_ENUM_LIST,
    GW_CANON_INT,
    GW_CANON_MONEY,
    GW_CANON_DATE,
    GW_CANON_END_DATE,
    GW_CANON_TIMESTAMP,
    GW_CANON_BYTES
};
struct gw_canon_path {
    const char *text; /* the caller's */
    enum gw_canon_type type;
    uint8_t depth;                              /* messages to pass on the way to the field */
    const ProtobufCFieldDescriptor *step[4];    /* [depth] is the field itself */
    const ProtobufCEnumDescriptor *enumeration; /* ENUM, ENUM_LIST */
};
/* GW_NOT_FOUND: no such field (*ret_why is `text` from the part that is wrong); GW_UNSUPPORTED: a
 * type that mappings can not hold, or a part of one value (penalty.fine.fen). */
GW_MUST_USE enum gw_status gw_canon_path_compile(const char *text, struct gw_canon_path *ret,
                                                 const char **ret_why);

/* One value. Text is borrowed. */
struct gw_canon_value {
    enum gw_canon_type type;
    bool present;
    struct gw_bytes text;
    int64_t num;         /* BOOL, ENUM, INT, MONEY (fen) */
    struct gw_date date; /* DATE, END_DATE, TIMESTAMP (its UTC+8 day) */
    int32_t second;      /* TIMESTAMP: second of that day */
    bool no_end;
    const int32_t *list; /* ENUM_LIST */
    size_t list_len;
};
/* Sub-messages on the way are made in the arena. Setting an absent value (or "", 0, false, an empty
 * list) clears the field and makes nothing. GW_INVALID: no such day, no such enum number, a NUL in
 * a text, below zero; GW_CONFLICT: a field of the other payload; GW_NOMEM. */
GW_MUST_USE enum gw_status gw_canon_set(gw_record *r, const struct gw_canon_path *p,
                                        const struct gw_canon_value *v, struct gw_arena *a);
void gw_canon_get(const gw_record *r, const struct gw_canon_path *p, struct gw_canon_value *ret);

/* A new record in the arena (all defaults). */
gw_record *gw_canon_record_new(struct gw_arena *a);
/* Unpacks from / packs to protobuf; the arena is the allocator. GW_INVALID: malformed, or a date
 * that does not exist, an unknown enum number, money below zero, a payload that is not of the
 * record's kind. GW_NOMEM: over the arena's budget. Fields of a newer schema are kept and packed
 * again. */
GW_MUST_USE enum gw_status gw_canon_unpack(struct gw_bytes b, struct gw_arena *a, gw_record **ret);
GW_MUST_USE enum gw_status gw_canon_pack(const gw_record *r, struct gw_buf *ret);
/* Bytes of any message against its descriptor, to be asked before protobuf-c unpacks them: wire
 * types, lengths, nesting up to 16 (GW_TOO_LARGE), strings are UTF-8 without NUL (else GW_CORRUPT).
 * `ret_unknown` (may be NULL): fields the schema does not have. */
GW_MUST_USE enum gw_status gw_canon_message_check(const ProtobufCMessageDescriptor *d,
                                                  struct gw_bytes b, size_t *ret_unknown);
/* The payload is there and of the record's kind. */
bool gw_canon_payload_fits(const gw_record *r);
/* A protobuf-c allocator over an arena (unpack typed messages of any service into a call's arena).
 */
void gw_canon_allocator(struct gw_arena *a, ProtobufCAllocator *ret);

/* Identifier of the subject for indexes and pseudonyms: type CN-USCC, REGNO or ORGCODE, of persons
 * CN-ID or PASSPORT (any document that is not the citizen id), and the value as the record has it
 * (formats store it normalised). GW_NOT_FOUND when the record names none, or only a masked one; the
 * document of a representative never identifies an organisation. */
GW_MUST_USE enum gw_status gw_canon_subject_id(const gw_record *r, const char **ret_type,
                                               struct gw_bytes *ret_value);
/* Business key (formats.md 1.2): kind, subject, document number, deciding agency, decision date; of
 * an entry of a list kind, subject, list, case number; of a score kind, subject, scale. *ret_weak
 * when a part is missing (without an identifier the name stands in, weakly). Text to be hashed:
 * names a subject, never to be logged. */
GW_MUST_USE enum gw_status gw_canon_business_key(const gw_record *r, struct gw_buf *ret,
                                                 bool *ret_weak);
/* ---- persons in what is published (formats.md L12) ---- */
/* Four asterisks in a row: a number as published by courts. Kept as text, identifies nobody. */
bool gw_canon_is_masked(struct gw_bytes v);
/* The first character (the surname, or its half where it has two) stays, each other becomes "*"; of
 * a single character nothing stays [I]. GW_TOO_LARGE, GW_NOMEM: of the buffer. */
GW_MUST_USE enum gw_status gw_canon_mask_name(struct gw_bytes name, struct gw_buf *ret);
/* Four asterisks in the middle, as courts publish it (court_defaulter.tsv [S]); a quarter of the
 * characters stays at each end, four at most: "3306****9910", "E1****00". Courts show the year of
 * birth too; that would leave 366 persons to choose from [I]. What is masked already stays. */
GW_MUST_USE enum gw_status gw_canon_mask_number(struct gw_bytes number, struct gw_buf *ret);
/* Masks the record itself, give it a copy where the original is needed: the name of a person (of a
 * sole trader that trades under its owner's name), the numbers of the person's and the
 * representative's documents, a person's tax number, and all of these inside every other text;
 * gender, age and birth of court entries and all extensions (senders' own spellings) go. Texts are
 * replaced, never written into. GW_NOMEM: over the arena's budget. */
GW_MUST_USE enum gw_status gw_canon_mask(gw_record *r, struct gw_arena *a);

const char *gw_canon_kind_name(Xinqiao__V1__Kind k);  /* kinds.def: "penalty", "permit"; "" */
Xinqiao__V1__Kind gw_canon_kind_of(const char *name); /* and back; UNSPECIFIED */
/* May a record of that kind have the field: false for those of other kinds' payloads. */
bool gw_canon_path_of_kind(const char *path, Xinqiao__V1__Kind k);
const char *
gw_canon_class_name(Xinqiao__V1__SubjectClass c); /* "organisation", "sole-trader", "person" */

#endif

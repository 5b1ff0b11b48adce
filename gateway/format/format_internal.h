/* Shared inside format/: the compiled mapping, the operators, and the seam between codecs and
 * mapping. A codec turns bytes into slots (one per field of the table) and back; rows run over the
 * slots. A faster scanner for a fixed field order only has to fill the same slots. Read next:
 * decode.c, encode.c. */
#ifndef GW_FORMAT_FORMAT_INTERNAL_H
#define GW_FORMAT_FORMAT_INTERNAL_H

#include "format/format.h"

enum {
    GW_FORMAT_MAX_FIELDS = 96,
    GW_FORMAT_MAX_ROWS = 128,
    GW_FORMAT_MAX_UNKNOWN = 32,         /* unknown fields kept per record */
    GW_FORMAT_MAX_RECORD = 1024 * 1024, /* bytes of one record */
    GW_FORMAT_MAX_DEPTH = 16,           /* JSON nesting */
    GW_FORMAT_MAX_CONDS = 3,
    GW_FORMAT_MAX_PATTERNS = 4,
    GW_FORMAT_MAX_NAME_WIDTH = 256, /* texts that may be longer are prose */
    GW_FORMAT_MAX_PATHS = 3,
    GW_FORMAT_MAX_SENTINELS = 8,
    GW_FORMAT_MAX_PATHS_ALL = 160 /* leaf paths of the canonical record */
};

enum gw_format_media_kind { GW_MEDIA_XML, GW_MEDIA_JSON, GW_MEDIA_PROTOBUF };

/* How a value stands in its format; the numbers are those of ExtensionForm. */
enum gw_form {
    GW_FORM_TEXT,
    GW_FORM_TOKEN,
    GW_FORM_OMITTED,
    GW_FORM_NULL,
    GW_FORM_EMPTY,
    GW_FORM_COUNT
};

/* ---- what a mapping file says, before it is checked (filled by format_conf.c, read by compile*.c)
 * ---- */

struct gw_strings {
    const char *const *items;
    size_t count;
};

struct gw_cond_spec {
    const char *path;
    struct gw_strings is;
    unsigned line;
};

struct gw_row_spec {
    unsigned line;
    const char *name, *zh, *path, *op, *table, *other, *filler, *filler_as, *regno, *kind, *unit,
        *also, *uscc, *derive, *fallback, *direction, *certainty, *note;
    struct gw_strings patterns, codes, aliases, lengths, absent_texts;
    int width, decimals;
    bool required, positive, derive_kind, inner_warn, masked, ids, structured, impersonal;
    struct gw_cond_spec when[GW_FORMAT_MAX_CONDS], only[GW_FORMAT_MAX_CONDS];
    size_t when_count, only_count;
};

struct gw_table_item_spec {
    const char *text, *value;
    unsigned line;
};

struct gw_table_spec {
    const char *name, *other, *other_value;
    struct gw_table_item_spec *items;
    size_t count;
    struct gw_strings separators;
    unsigned line;
};

struct gw_check_spec {
    const char *rule, *field, *than, *severity;
    unsigned line;
};

struct gw_constant_spec {
    const char *path, *value;
    struct gw_cond_spec when[GW_FORMAT_MAX_CONDS];
    size_t when_count;
    unsigned line;
};

struct gw_envelope_spec {
    const char *code, *ok, *message, *rows, *count, *inner_rows;
};

struct gw_format_spec {
    const char *file;
    const char *id, *title_zh, *title_en, *kind, *media, *record, *absent_style, *confirmed_by,
        *confirmed_on;
    struct gw_strings classes, absent_texts, no_end, absent_dates, refused;
    struct gw_row_spec *rows;
    size_t row_count;
    struct gw_table_spec *tables;
    size_t table_count;
    struct gw_check_spec *checks;
    size_t check_count;
    struct gw_constant_spec *constants;
    size_t constant_count;
    struct gw_envelope_spec envelope;
    unsigned line;
};

/* ---- the compiled mapping ---- */

/* A condition on the canonical record: enumerators by bit, presence, or how a text begins. */
struct gw_cond {
    struct gw_canon_path path;
    uint64_t mask;          /* ENUM, ENUM_LIST, BOOL: any of these */
    bool present, absent;   /* other types */
    struct gw_bytes prefix; /* TEXT: "92*"; empty: none */
};

struct gw_table_item {
    struct gw_bytes text;
    int32_t value;
    struct gw_bytes name; /* the value, where it is a text (operator map) */
};

struct gw_table {
    const char *name;
    const struct gw_table_item *items;
    size_t count;
    int8_t own[64];               /* value -> index of its own spelling, -1 none */
    struct gw_bytes other_prefix; /* "其他-"; the rest is free text */
    int32_t other_value;          /* -1: none */
    struct gw_bytes separators[4];
    size_t separator_count;
    const char *expected; /* all texts, for the message */
};

enum gw_filler_as { GW_FILLER_REFUSE, GW_FILLER_FLAG, GW_FILLER_ABSENT };

struct gw_op;
struct gw_derivation;

/* One rule: a field's text <-> up to three canonical values. */
struct gw_row {
    uint16_t field;
    uint8_t path_count;
    uint8_t write_count; /* the first paths, which decode sets; the others are only asked */
    bool in, out, inferred, dependent;
    const struct gw_op *op;
    struct gw_canon_path path[GW_FORMAT_MAX_PATHS];
    struct gw_cond only[GW_FORMAT_MAX_CONDS];
    size_t only_count;
    const struct gw_derivation *derive;
    struct gw_canon_path fallback; /* text NULL: none */
    /* operator parameters */
    int64_t unit_fen;
    unsigned decimals;
    const char *pattern[GW_FORMAT_MAX_PATTERNS];
    size_t pattern_count;
    const struct gw_table *table;
    struct gw_strings codes;
    uint32_t lengths; /* bit n: n characters allowed */
    enum gw_filler_as filler_as;
    bool derive_kind, inner_warn;
    bool masked;          /* a published number with its middle masked is kept as text */
    bool either;          /* the column holds one of its paths, not both */
    bool ids;             /* map: an id that is not in the table is itself */
    const char *expected; /* for messages: what is well formed */
    unsigned line;
};

struct gw_field {
    struct gw_bytes name;
    const char *cname, *zh;
    uint32_t width; /* characters; 0: no limit of its own */
    bool required, positive, refused, inferred;
    bool free_text; /* byte width is worth a warning */
    bool prose;     /* neither a name nor an identifier: may hold marks of direction and the like */
    bool written;   /* has a row out; stand-ins (D11) and refused columns have none */
    bool kept;      /* carried in its place without understanding: no row, an extension */
    bool structured; /* ... and may be an array or an object */
    bool impersonal; /* ... and says nothing of a person: it stays where persons are masked */
    struct gw_canon_path filled_from; /* ... an instant that stands there for other senders */
    const char *pattern;              /* ... written so */
    struct gw_strings absent_texts;   /* texts that say "nothing" in this column alone */
    struct gw_cond when[GW_FORMAT_MAX_CONDS];
    size_t when_count;
    const struct gw_row *row[4]; /* in file order */
    size_t row_count;
};

/* Field names and their aliases, open addressing. */
struct gw_name_slot {
    struct gw_bytes name;
    uint16_t field; /* + 1; 0: free */
};

enum gw_rule {
    GW_RULE_NOT_BEFORE,
    GW_RULE_NOT_AFTER,
    GW_RULE_USCC_CLASS,
    GW_RULE_CANCELLED_WITHDRAWN
};

struct gw_check {
    enum gw_rule rule;
    uint16_t field, than; /* `than` of field_count: today or `date` */
    bool than_field, than_today;
    struct gw_date date;
    bool warning;
};

struct gw_constant {
    struct gw_canon_path path;
    int32_t value;    /* ENUM, BOOL */
    const char *text; /* TEXT */
    struct gw_cond when[GW_FORMAT_MAX_CONDS];
    size_t when_count; /* 0: always; of those of one path the last that holds counts */
};

/* A path that a source format can fill and a target can not (always) hold. */
struct gw_loss {
    const struct gw_canon_path *path; /* of the universe */
    const char *name;                 /* the source's field name, or the path */
    const struct gw_row *held_by[4];  /* rows that hold it, under their condition */
    size_t held_count;
    bool is_protected;
    bool by_list; /* the source has no column for it: the law of the list set it, and can again */
};

struct gw_loss_list {
    const struct gw_loss *items;
    size_t count;
};

struct gw_format {
    const char *id, *title_zh, *title_en, *file;
    Xinqiao__V1__Kind kind; /* UNSPECIFIED: from the record */
    enum gw_format_media_kind media;
    uint16_t index; /* in the set */
    struct gw_format_set *set;
    const char *record;       /* XML element of one record */
    enum gw_form absent_form; /* how an absent field is written */
    uint32_t classes;         /* bit per subject class; 0: all */
    struct gw_bytes absent_text[GW_FORMAT_MAX_SENTINELS];
    size_t absent_text_count, absent_text_max;
    struct gw_date no_end[GW_FORMAT_MAX_SENTINELS], absent_date[GW_FORMAT_MAX_SENTINELS];
    size_t no_end_count, absent_date_count;
    struct gw_field *field;
    size_t field_count;
    struct gw_row *row;
    size_t row_count;
    const struct gw_row **run; /* decode order: rows that ask other values come last */
    struct gw_name_slot *names;
    size_t name_mask;
    uint32_t name_seed;
    const struct gw_check *check;
    size_t check_count;
    const struct gw_constant *constant;
    size_t constant_count;
    struct gw_envelope_spec envelope;
    bool inferred;
    const char *confirmed_by, *confirmed_on;
    const struct gw_loss_list *loss; /* by source format index; [set count]: source unknown */
};

struct gw_format_set {
    struct gw_arena *arena;
    struct gw_format **format; /* sorted by id */
    size_t count;
    void **configs; /* keeps the strings of the files alive */
    size_t config_count;
    struct gw_canon_path path[GW_FORMAT_MAX_PATHS_ALL];
    size_t path_count;
    struct gw_hash digest;
    char digest_short[9];
    struct gw_buf digest_list;
};

/* Checks a spec and compiles it; one line per fault into `error` ("file:line: ..."). All in
 * `arena`. */
GW_MUST_USE enum gw_status gw_format_compile(const struct gw_format_spec *spec,
                                             struct gw_arena *arena, struct gw_format **ret,
                                             struct gw_buf *error);
/* A set from one mapping in memory, for tests and fuzzing. */
GW_MUST_USE enum gw_status gw_format_set_parse(struct gw_bytes text, const char *file,
                                               struct gw_format_set **ret, struct gw_buf *error);
/* format_conf.c: one mapping file into the set, which keeps the file until it is freed. Load passes
 * over a name that is no mapping file's. */
GW_MUST_USE enum gw_status gw_format_conf_load(struct gw_format_set *s, const char *dir,
                                               const char *name, struct gw_buf *error);
GW_MUST_USE enum gw_status gw_format_conf_parse(struct gw_format_set *s, struct gw_bytes text,
                                                const char *file, struct gw_buf *error);
void gw_format_config_free(void *config);

/* White space between the parts of XML and of JSON: they have the same. */
static inline bool gw_format_is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
static inline bool gw_format_all_blank(struct gw_bytes b)
{
    size_t i = 0;
    while (i < b.len && gw_format_is_blank(b.ptr[i]))
        i++;
    return i == b.len;
}

/* ---- slots ---- */

struct gw_slot {
    struct gw_bytes text;
    enum gw_form form; /* OMITTED until seen */
};

struct gw_unknown {
    struct gw_bytes name, text;
    enum gw_form form;
    size_t place; /* for reports */
};

/* One record between codec and mapping. */
struct gw_slots {
    const struct gw_format *format;
    struct gw_arena *arena;
    struct gw_report *report;
    struct gw_slot slot[GW_FORMAT_MAX_FIELDS];
    struct gw_unknown unknown[GW_FORMAT_MAX_UNKNOWN];
    size_t unknown_count;
    size_t expect; /* the field that should come next */
    size_t seen;   /* fields so far, known or not */
};

void gw_slots_init(struct gw_slots *s, const struct gw_format *f, struct gw_arena *arena,
                   struct gw_report *report);
/* Takes one (name, text) pair: known, unknown or refused; problems go to the report. Borrows both.
 */
void gw_slots_put(struct gw_slots *s, struct gw_bytes name, struct gw_bytes text,
                  enum gw_form form);
/* Field index, or -1. */
int gw_format_field_find(const struct gw_format *f, struct gw_bytes name, size_t expect);
/* What a report calls a field that is not of the table: its place among the record's fields, from 1
 * ("?3"). Its name is the sender's text, it may hold anything. */
const char *gw_format_place_for_report(struct gw_arena *a, size_t place);

/* Codecs: GW_INVALID with the reason in the report. */
/* The plain layout, without expat; false: declined, nothing was put. */
bool gw_xml_scan(struct gw_bytes bytes, struct gw_slots *s);
/* By expat alone: the oracle of the fuzzer. */
GW_MUST_USE enum gw_status gw_xml_parse(struct gw_bytes bytes, struct gw_slots *s);
GW_MUST_USE enum gw_status gw_xml_read(struct gw_bytes bytes, struct gw_slots *s);
GW_MUST_USE enum gw_status gw_json_read(struct gw_bytes bytes, struct gw_slots *s);
/* Fixed layout, fields in table order, then unknown ones. */
void gw_xml_write(const struct gw_slots *s, struct gw_buf *ret);
void gw_json_write(const struct gw_slots *s, struct gw_buf *ret);
/* By the first bytes. */
bool gw_xml_is_utf16(struct gw_bytes b);
bool gw_xml_name_ok(struct gw_bytes name);
/* One JSON value and nothing else. */
bool gw_json_token_ok(struct gw_bytes text, struct gw_arena *arena);
void gw_xml_put_text(struct gw_buf *ret, struct gw_bytes text);

/* ---- operators ---- */

struct gw_op_ctx {
    const struct gw_format *format;
    const gw_record *record; /* values of rows that ran before */
    struct gw_date today;
    struct gw_arena *arena;
    bool differs;        /* out of decode: the text is not our own spelling of the value */
    bool repaired;       /* ... because it was wrong and repaired */
    const char *warning; /* ... a reason code */
};

struct gw_op_values {
    struct gw_canon_value v[GW_FORMAT_MAX_PATHS];
};

/* Pure functions; decode and encode are inverse up to spelling. They return NULL, or a reason code.
 * decode is never given an absent text; it may find an absent value (v[0].present false). encode is
 * never given an absent v[0] (but false is given). */
struct gw_op {
    const char *name;
    uint32_t types; /* bit per gw_canon_type of path[0] */
    const char *(*decode)(const struct gw_row *row, struct gw_op_ctx *ctx, struct gw_bytes text,
                          struct gw_op_values *ret);
    const char *(*encode)(const struct gw_row *row, struct gw_op_ctx *ctx,
                          const struct gw_op_values *v, struct gw_bytes *ret);
    bool asks_record; /* decode looks at values of other rows */
};
const struct gw_op *gw_op_find(const char *name);
const struct gw_op *gw_op_at(size_t i);

const char *gw_op_text_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                              struct gw_op_values *);
const char *gw_op_text_encode(const struct gw_row *, struct gw_op_ctx *,
                              const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_code_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                              struct gw_op_values *);
const char *gw_op_code_encode(const struct gw_row *, struct gw_op_ctx *,
                              const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_money_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                               struct gw_op_values *);
const char *gw_op_money_encode(const struct gw_row *, struct gw_op_ctx *,
                               const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_date_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                              struct gw_op_values *);
const char *gw_op_date_encode(const struct gw_row *, struct gw_op_ctx *,
                              const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_decimal_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                                 struct gw_op_values *);
const char *gw_op_decimal_encode(const struct gw_row *, struct gw_op_ctx *,
                                 const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_digits_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                                struct gw_op_values *);
const char *gw_op_digits_encode(const struct gw_row *, struct gw_op_ctx *,
                                const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_map_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                             struct gw_op_values *);
const char *gw_op_map_encode(const struct gw_row *, struct gw_op_ctx *, const struct gw_op_values *,
                             struct gw_bytes *);
const char *gw_op_orgcode_encode(const struct gw_row *, struct gw_op_ctx *,
                                 const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_enum_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                              struct gw_op_values *);
const char *gw_op_enum_encode(const struct gw_row *, struct gw_op_ctx *,
                              const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_list_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                              struct gw_op_values *);
const char *gw_op_list_encode(const struct gw_row *, struct gw_op_ctx *,
                              const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_uscc_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                              struct gw_op_values *);
const char *gw_op_uscc_encode(const struct gw_row *, struct gw_op_ctx *,
                              const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_orgcode_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                                 struct gw_op_values *);
const char *gw_op_regno_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                               struct gw_op_values *);
const char *gw_op_upper_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                               struct gw_op_values *);
const char *gw_op_upper_encode(const struct gw_row *, struct gw_op_ctx *,
                               const struct gw_op_values *, struct gw_bytes *);
const char *gw_op_id_number_decode(const struct gw_row *, struct gw_op_ctx *, struct gw_bytes,
                                   struct gw_op_values *);

const char *gw_op_id_number_encode(const struct gw_row *, struct gw_op_ctx *,
                                   const struct gw_op_values *, struct gw_bytes *);

/* ---- derivations: values that the law decides (derive.c) ---- */

struct gw_derivation {
    const char *name;
    const char *path;   /* what it derives */
    const char *source; /* for the report: "处罚法51" */
    bool inferred;
    /* Where the rule applies the law knows nothing that another value could say: losing any value
     * is reported, not refused. */
    bool moot;
    /* GW_NOT_FOUND: undecidable; GW_CONFLICT: the record says that it can not be told
     * (*ret_reason). */
    enum gw_status (*derive)(const gw_record *r, struct gw_canon_value *ret,
                             const char **ret_reason);
};
const struct gw_derivation *gw_derivation_find(const char *name);
/* The one for a path, or NULL: is what would be lost decided by law anyway? */
const struct gw_derivation *gw_derivation_for_path(const char *path);
/* Values that follow from others inside one record: the confiscated sum. */
GW_MUST_USE enum gw_status gw_derive_sums(gw_record *r, struct gw_arena *a);

/* ---- shared by decode and encode (rules.c) ---- */

bool gw_conds_hold(const struct gw_cond *c, size_t count, const gw_record *r);
void gw_row_get(const struct gw_row *row, const gw_record *r, struct gw_op_values *ret);
/* Is there anything to write? A filler flag or number may stand in for an absent code. */
bool gw_row_has_value(const struct gw_row *row, const struct gw_op_values *v);
bool gw_value_same(const struct gw_canon_value *a, const struct gw_canon_value *b);
bool gw_values_same(const struct gw_row *row, const struct gw_op_values *a,
                    const struct gw_op_values *b);
/* Is this text the format's way to say "nothing"? Or the column's? */
bool gw_text_absent(const struct gw_format *f, struct gw_bytes text);
bool gw_field_text_absent(const struct gw_format *f, const struct gw_field *fld,
                          struct gw_bytes text);
/* The constant that holds for its path: the last one whose conditions hold. */
bool gw_constant_counts(const struct gw_format *f, size_t i, const gw_record *r);
bool gw_text_has_control(struct gw_bytes t);
/* The row of a field that applies to the record. */
const struct gw_row *gw_field_row(const struct gw_field *fld, const gw_record *r, bool in);
/* A column of its own for a yes or no. */
bool gw_field_is_flag(const struct gw_field *fld);
/* Conditional and order rules; `bad` has a true per field that is refused already, `target` phrases
 * for encode. */
void gw_rules_check(const struct gw_format *f, const gw_record *r, const bool *bad,
                    const bool *filled, bool target, struct gw_date today,
                    struct gw_report *report);
void gw_report_reason(struct gw_report *report, enum gw_problem_kind kind, const char *code,
                      const struct gw_field *fld, const struct gw_row *row);

/* losses (loss.c) */
GW_MUST_USE enum gw_status gw_loss_compile(struct gw_format_set *s);
void gw_loss_report(const struct gw_format *target, const gw_record *r,
                    const struct gw_format_fields *fields, struct gw_report *report);
bool gw_loss_is_protected(const char *path);

/* grants and defaults (grant.c, defaults.c) */
bool gw_format_fields_allow(const struct gw_format_fields *f, const char *path);
/* `r` as the grant lets it be seen: a copy without the other values, which are reported in the
 * target's names. Extensions are still those of `r`. */
GW_MUST_USE enum gw_status gw_format_withhold(const struct gw_format *target, const gw_record *r,
                                              const struct gw_format_fields *fields,
                                              struct gw_arena *arena, struct gw_report *report,
                                              const gw_record **ret);
/* The declared default of a field, rendered; GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_format_default(const struct gw_format_defaults *d,
                                             const struct gw_format *f, const char *field,
                                             const gw_record *r, struct gw_arena *arena,
                                             struct gw_bytes *ret);
struct gw_default_spec {
    const char *format, *field, *value;
    unsigned line;
};
GW_MUST_USE enum gw_status gw_format_defaults_compile(const struct gw_format_set *s,
                                                      const char *file,
                                                      const struct gw_default_spec *specs,
                                                      size_t count, struct gw_format_defaults **ret,
                                                      struct gw_buf *ret_error);

/* protobuf (protobuf.c) */
GW_MUST_USE enum gw_status gw_protobuf_decode(const struct gw_format *f, struct gw_bytes bytes,
                                              struct gw_date today, struct gw_arena *arena,
                                              struct gw_report *report, gw_record **ret);
GW_MUST_USE enum gw_status gw_protobuf_encode(const struct gw_format *f, const gw_record *r,
                                              const struct gw_format_fields *fields,
                                              struct gw_arena *arena, struct gw_report *report,
                                              struct gw_buf *ret);

/* splitters behind split.c; all own their memory. `queue` holds found records. */
struct gw_split_ops {
    enum gw_status (*feed)(void *impl, struct gw_bytes bytes, bool last, const char **ret_reason);
    enum gw_status (*next)(void *impl, struct gw_bytes *ret, const char **ret_reason);
    void (*free)(void *impl);
};
GW_MUST_USE enum gw_status gw_xml_split_new(const struct gw_format *f, struct gw_format_package *p,
                                            void **ret);
extern const struct gw_split_ops gw_xml_split_ops;
GW_MUST_USE enum gw_status gw_json_split_new(const struct gw_format *f, struct gw_format_package *p,
                                             void **ret);
extern const struct gw_split_ops gw_json_split_ops;
GW_MUST_USE enum gw_status gw_protobuf_split_new(const struct gw_format *f,
                                                 struct gw_format_package *p, void **ret);
extern const struct gw_split_ops gw_protobuf_split_ops;

#endif

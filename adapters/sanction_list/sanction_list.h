/* Inside the adapter of sanction lists: the rows it keeps, what its files do for each other. The
 * outside is gw_adapter.h and proto/xinqiao/v1/lists.proto. int32_t results: 0, or -1 when the host
 * failed: the handler returns it. */
#ifndef SANCTION_LIST_H
#define SANCTION_LIST_H

#include <stdbool.h>
#include <string.h>

#include "gw_adapter.h"
#include "xinqiao/v1/lists.pb-c.h"

#define SL_KIND      "list-entry"
#define SL_REASON(w) "sanction-list-" w

enum { SL_KEY = 32, SL_NAME = 72, SL_PAGE = 64, SL_ENTRY_MAX = 128, SL_VERSION_MAX = 64 };

extern const struct gw_adapter_host *sl_host;

/* Options of one configuration generation. */
struct sl_settings {
    int64_t hold_removes_percent, hold_adds_percent, hold_floor, max_entries, expire_per_tick;
    int64_t max_measures, max_open, open_hours;
};
const struct sl_settings *sl_settings_of(struct gw_adapter_call *c);

enum sl_statement {
#define SL_STATEMENT(name_, writes_, sql_) SL_##name_,
#include "statements.def"
#undef SL_STATEMENT
    SL_STATEMENT_COUNT
};
extern const struct gw_adapter_migration sl_migrations[];
extern const size_t sl_migration_count;
extern const struct gw_adapter_statement sl_statements[];
extern const struct gw_adapter_reason sl_reasons[];
extern const size_t sl_reason_count;

#define SL_NUM(n)     ((struct gw_adapter_value){.type = GW_VALUE_NUMBER, .number = (int64_t)(n)})
#define SL_TEXT(s)    sl_text_value(s)
#define SL_BLOB(p, n) ((struct gw_adapter_value){.type = GW_VALUE_BLOB, .bytes = (p), .len = (n)})
#define SL_NULL       ((struct gw_adapter_value){.type = GW_VALUE_NULL})
/* Runs a statement with the values that follow. */
#define SL_SQL(c, statement, fn, arg, ...)                                                         \
    sl_host->sql((c), SL_##statement, (const struct gw_adapter_value[]){__VA_ARGS__},              \
                 sizeof((const struct gw_adapter_value[]){__VA_ARGS__}) /                          \
                     sizeof(struct gw_adapter_value),                                              \
                 (fn), (arg))
static inline struct gw_adapter_value sl_text_value(const char *s)
{
    return (struct gw_adapter_value){
        .type = GW_VALUE_TEXT, .bytes = (const uint8_t *)s, .len = strlen(s)};
}

/* A row of sanction_list_entry. */
struct sl_entry {
    bool found;
    int64_t no, revision, change_no, scope, receipt;
    uint8_t id[16], mac[SL_KEY], subject[SL_KEY];
    char source[SL_NAME], list[SL_NAME], area[16];
    bool live, absent;
    int32_t ended, ended_on, ends_on;
    uint32_t class_bit;
};
/* A row of sanction_list_version. */
enum { SL_OPEN = 1, SL_HELD, SL_APPLIED, SL_DISCARDED };
struct sl_version {
    bool found;
    int64_t no, declared, as_of, staged, refused, added, updated, removed, repaired, before;
    int64_t closed_us, receipt, closed_change;
    char source[SL_NAME], list[SL_NAME], version[SL_NAME], reason[SL_NAME], operator_[SL_NAME];
    int32_t state;
    bool snapshot, empty;
};
/* What a source says of one entry: taken at once, or staged. */
enum { SL_PUT_ENTRY, SL_PUT_REMOVAL, SL_PUT_REFUSED };
struct sl_put {
    bool found;
    const char *source, *list;
    uint8_t mac[SL_KEY], digest[SL_KEY], subject[SL_KEY], id[16];
    int32_t kind;
    int64_t revision, receipt;
    int32_t ended, ended_on, ends_on;
    uint32_t class_bit;
    char area[16];
    const uint8_t *record; /* sealed */
    size_t record_len;
};
void sl_entry_take(struct sl_entry *e, const struct gw_adapter_value *columns);
void sl_version_take(struct sl_version *r, const struct gw_adapter_value *columns);
void sl_put_take(struct sl_put *p, const struct gw_adapter_value *columns);
/* Row functions that fill one struct. */
int32_t sl_on_entry(void *entry, const struct gw_adapter_value *v, size_t n);
int32_t sl_on_version(void *version, const struct gw_adapter_value *v, size_t n);
int32_t sl_on_put(void *put, const struct gw_adapter_value *v, size_t n);
int32_t sl_on_number(void *number, const struct gw_adapter_value *v, size_t n);

/* ---- values.c ---- */
int32_t sl_today(struct gw_adapter_call *c); /* yyyymmdd in UTC+8 */
int32_t sl_day(const Xinqiao__V1__Date *d);  /* 0: absent; -1: no such day */
bool sl_plain(const char *s, size_t max);    /* not empty, not too long, no controls */
/* As much of a text as there is room for. */
void sl_copy(char *to, size_t size, const void *text, size_t len);
char *sl_str(const char *s); /* for members that protobuf-c declares char * */
char *sl_dup(struct gw_adapter_call *c, const char *s);
void *sl_zalloc(struct gw_adapter_call *c, size_t size);
Xinqiao__V1__Date *sl_date(struct gw_adapter_call *c, int32_t day);
Google__Protobuf__Timestamp *sl_time(struct gw_adapter_call *c, int64_t us);
int64_t sl_us(const Google__Protobuf__Timestamp *t); /* INT64_MIN: absent or out of range */
/* Which class bit and identifier the record is known by; false: none (as the gateway's own). */
bool sl_subject(const Xinqiao__V1__Record *r, const char **ret_type, const char **ret_value);
uint32_t sl_class_bit(const Xinqiao__V1__Record *r);
const uint8_t *sl_pack(struct gw_adapter_call *c, const ProtobufCMessage *m, size_t *ret_len);
Xinqiao__V1__Record *sl_record_open(struct gw_adapter_call *c, const uint8_t mac[SL_KEY],
                                    const uint8_t *sealed, size_t len);
int32_t sl_record_seal(struct gw_adapter_call *c, const uint8_t mac[SL_KEY],
                       const Xinqiao__V1__Record *r, const uint8_t **ret, size_t *ret_len);
/* NULL when any class of the list is covered, else the reason of the first. */
const char *sl_covers_any(struct gw_adapter_call *c, const char *list, uint32_t classes);
int32_t sl_refuse(struct gw_adapter_call *c, const char *reason, const char *field);
const struct gw_adapter_reason *sl_reason(const char *code);
/* Counts by reason; what a pull keeps back. */
struct sl_count {
    char reason[SL_NAME];
    uint64_t count;
};
enum { SL_COUNTS = 16 };
void sl_count(struct sl_count list[SL_COUNTS], const char *reason);
size_t sl_counts_make(struct gw_adapter_call *c, const struct sl_count list[SL_COUNTS],
                      Xinqiao__V1__Count ***ret);

/* ---- findings.c ---- */
enum { SL_FINDINGS = 64 };
struct sl_findings {
    Xinqiao__V1__Finding *item[SL_FINDINGS];
    size_t count;
    const char *error; /* reason of the first error; NULL: none */
};
void sl_find(struct gw_adapter_call *c, struct sl_findings *f, const char *reason,
             const char *field);
/* Those of the host's last record operation. */
void sl_find_host(struct gw_adapter_call *c, struct sl_findings *f);

/* ---- item.c ---- */
/* One entry or removal of a source, judged. */
struct sl_item {
    struct sl_findings found;
    const char *list, *entry, *format;
    bool entry_ok; /* its id can be kept */
    bool judged;   /* law and grant were asked */
    struct sl_put put;
    Xinqiao__V1__Record *record;
    const char *subject_type, *subject_value;
    const uint8_t *content; /* what the digest is over */
    size_t content_len;
};
int32_t sl_publish_prepare(void *self, struct gw_adapter_call *c, const ProtobufCMessage *message,
                           void **ret_item);
/* Asks law and grant for the list of the version it stands in. */
int32_t sl_item_judge(struct gw_adapter_call *c, struct sl_item *it, const char *list);
/* Keys, digest and sealed record; in transactions. */
int32_t sl_item_fill(struct gw_adapter_call *c, struct sl_item *it, const char *source);

/* ---- apply.c ---- */
enum sl_verdict {
    SL_IS_NEW,
    SL_IS_BACK, /* was ended, is live again */
    SL_IS_UPDATED,
    SL_IS_REMOVED,
    SL_IS_REMOVED_AGAIN, /* ended before; the source says so, or another reason */
    SL_IS_DUPLICATE,
    SL_IS_CONFLICT,
    SL_IS_OTHER_SUBJECT,
    SL_IS_UNKNOWN
};
/* What the put would do. *ret_receipt: of the first delivery when duplicate. */
int32_t sl_decide(struct gw_adapter_call *c, const struct sl_put *p, bool snapshot,
                  struct sl_entry *e, enum sl_verdict *ret, int64_t *ret_receipt);
/* How the numbers of a source's live entries change: all, and those whose subject is not known by a
 * whole identifier. */
struct sl_delta {
    int64_t live, unmatched;
};
bool sl_blank(const uint8_t subject[SL_KEY]);
void sl_delta_end(struct sl_delta *delta, const struct sl_entry *e);
/* Does it. */
int32_t sl_apply(struct gw_adapter_call *c, const struct sl_put *p, const struct sl_entry *e,
                 enum sl_verdict v, struct sl_delta *delta);
/* An entry ends without its source having sent a removal. */
int32_t sl_end(struct gw_adapter_call *c, const struct sl_entry *e, int32_t end, int32_t day,
               bool absent);

/* ---- version.c ---- */
int32_t sl_version_counts(struct gw_adapter_call *c, const struct sl_version *v,
                          Xinqiao__V1__ListVersionCounts **ret);
/* Computes added .. before of `v`; `apply`: does it, too. */
int32_t sl_version_run(struct gw_adapter_call *c, struct sl_version *v, bool apply);
/* Applies and closes; what is older of the source on the list is discarded. */
int32_t sl_version_apply(struct gw_adapter_call *c, struct sl_version *v);
int32_t sl_version_hold(struct gw_adapter_call *c, struct sl_version *v, const char *reason);
int32_t sl_version_discard(struct gw_adapter_call *c, const struct sl_version *v);
/* Reason to hold it, or NULL. */
const char *sl_version_too_much(struct gw_adapter_call *c, const struct sl_version *v,
                                int64_t versions);
/* A staged row. */
int32_t sl_version_stage(struct gw_adapter_call *c, struct sl_version *v, const struct sl_put *p,
                         const char **ret_refused, int64_t *ret_receipt);
int32_t sl_source_get(struct gw_adapter_call *c, const char *source, const char *list,
                      int64_t *ret_live, int64_t *ret_versions, int64_t *ret_as_of);

/* ---- publish.c ---- */
int32_t sl_publish_open(void *self, struct gw_adapter_call *c, void **ret_state);
int32_t sl_publish_message(void *self, struct gw_adapter_call *c, void *state,
                           const ProtobufCMessage *message, void *item);
int32_t sl_publish_half_close(void *self, struct gw_adapter_call *c, void *state);
void sl_state_free(void *self, struct gw_adapter_call *c, void *state);

/* ---- state.c ---- */
int32_t sl_state_of(struct gw_adapter_call *c, const struct gw_adapter_list *l,
                    Xinqiao__V1__ListState **ret);
int32_t sl_status(void *self, struct gw_adapter_call *c);

/* ---- cursor.c ---- */
enum { SL_RANGES = 8, SL_SCOPE_MAX = 1024 };
/* How far a puller has read, and what it therefore holds. Positions and horizons are change
 * numbers: what was read at (start, range[0].upto], (range[0].upto, range[1].upto] ... was read
 * when the list had changes up to the range's horizon; up to `start` everything was read before the
 * next change of any of it. */
struct sl_cursor {
    int64_t position, start;
    uint32_t ranges;
    struct {
        int64_t upto, horizon;
    } range[SL_RANGES];
    uint8_t sent[SL_SCOPE_MAX / 8], withheld[SL_SCOPE_MAX / 8];
};
void sl_cursor_pass(struct sl_cursor *k, int64_t to, int64_t horizon);
/* Was what stood at `at` until `next` there when it was read? */
bool sl_cursor_saw(const struct sl_cursor *k, int64_t at, int64_t next, bool live);
void sl_scope_set(uint8_t *set, int64_t scope);
bool sl_scope_has(const uint8_t *set, int64_t scope);
int32_t sl_cursor_write(struct gw_adapter_call *c, const struct sl_cursor *k, const char *list,
                        const char **ret);
/* 1: not ours, or from ahead of the data. */
int32_t sl_cursor_read(struct gw_adapter_call *c, const char *text, const char *list,
                       struct sl_cursor *ret);

/* ---- pull.c, check.c, operations.c, expire.c ---- */
int32_t sl_pull_open(void *self, struct gw_adapter_call *c, void **ret_state);
int32_t sl_pull_message(void *self, struct gw_adapter_call *c, void *state,
                        const ProtobufCMessage *message, void *item);
int32_t sl_pull_writable(void *self, struct gw_adapter_call *c, void *state);
int32_t sl_check(void *self, struct gw_adapter_call *c, void *state,
                 const ProtobufCMessage *message, void *item);
int32_t sl_check_batch(void *self, struct gw_adapter_call *c, void *state,
                       const ProtobufCMessage *message, void *item);
int32_t sl_lists(void *self, struct gw_adapter_call *c, void *state,
                 const ProtobufCMessage *message, void *item);
int32_t sl_held(void *self, struct gw_adapter_call *c, void *state, const ProtobufCMessage *message,
                void *item);
int32_t sl_release(void *self, struct gw_adapter_call *c, void *state,
                   const ProtobufCMessage *message, void *item);
int32_t sl_discard(void *self, struct gw_adapter_call *c, void *state,
                   const ProtobufCMessage *message, void *item);
int32_t sl_expire(void *self, struct gw_adapter_call *c);

#endif

/* Shared inside service/: what a handler works with, values of messages, findings, and how a
 * delivered record is judged. */
#ifndef GW_SERVICE_SERVICE_INTERNAL_H
#define GW_SERVICE_SERVICE_INTERNAL_H

#include "service/service.h"
#include "xinqiao/v1/exchange.pb-c.h"

/* What init() leaves behind. */
struct gw_service_self {
    uint32_t magic;
    const struct gw_adapter_host *host;
};
#define GW_SERVICE_MAGIC 0x67777376u

/* Everything lent to one run of a handler. */
struct gw_service_ctx {
    const struct gw_adapter_host *host;
    struct gw_adapter_call *call;
    const struct gw_service_views *views;
    const struct gw_service_caller *caller; /* NULL for exempt methods in some hosts */
    struct gw_arena *arena;                 /* of the segment */
    int64_t now_us;
};
struct gw_service_ctx gw_service_ctx_make(void *self, struct gw_adapter_call *c);
/* Ends the call with a reason; returns what a handler returns then. */
int32_t gw_service_end(const struct gw_service_ctx *x, const char *reason);
/* The same with a parameter of the reason's text: a code or a field name. */
int32_t gw_service_end_with(const struct gw_service_ctx *x, const char *reason, const char *name,
                            const char *value);
/* Ends the call because the store answered so. */
int32_t gw_service_end_store(const struct gw_service_ctx *x, enum gw_status st);

/* ---- values (values.c) -------------------------------------------------------------------------
 */

enum { GW_UUID_TEXT = 37 };
/* 8-4-4-4-12 hexadecimal digits. GW_INVALID. */
GW_MUST_USE enum gw_status gw_service_uuid_parse(const char *text, uint8_t ret[16]);
void gw_service_uuid_format(const uint8_t id[16], char ret[GW_UUID_TEXT]);
/* NULL for 0: not known. */
Google__Protobuf__Timestamp *gw_service_timestamp(struct gw_arena *a, int64_t us);
/* 0 for NULL and for what is no instant. */
int64_t gw_service_timestamp_us(const Google__Protobuf__Timestamp *t);
static inline ProtobufCBinaryData gw_service_binary(struct gw_bytes b)
{
    return (ProtobufCBinaryData){b.len, (uint8_t *)(uintptr_t)b.ptr};
}
static inline struct gw_bytes gw_service_bytes(ProtobufCBinaryData b)
{
    return gw_bytes_make(b.data, b.len);
}
/* protobuf-c has no const: for strings that a message only shows. */
static inline char *gw_service_str(const char *s)
{
    return (char *)(uintptr_t)s;
}
/* The message's bytes in the arena; empty when the arena has failed. */
struct gw_bytes gw_service_pack(struct gw_arena *a, const ProtobufCMessage *m);

/* ---- findings (findings.c) ---------------------------------------------------------------------
 */

enum { GW_SERVICE_FINDINGS = 64 }; /* of one record */

struct gw_service_findings {
    Xinqiao__V1__Finding **items;
    size_t count;
    uint64_t omitted;
};
/* The report's problems as findings, at most `max` and at most 16 of one reason, field and row, all
 * in `a`. Without texts where they would be noise. */
void gw_service_findings_make(struct gw_arena *a, const struct gw_report *r, bool texts, size_t max,
                              struct gw_service_findings *ret);
/* A refused row for the store, with the texts of the day: a sheet that is asked for again says the
 * same, whatever the texts are by then; and back. */
struct gw_bytes gw_service_refusal_pack(struct gw_arena *a, uint64_t row, const char *key,
                                        const struct gw_report *r);
/* GW_CORRUPT, GW_NOMEM. */
GW_MUST_USE enum gw_status gw_service_refusal_unpack(struct gw_arena *a, struct gw_bytes packed,
                                                     Xinqiao__V1__RefusedRow **ret);

/* ---- a record that comes in (judge.c) ----------------------------------------------------------
 */

struct gw_service_judged {
    gw_record *record; /* NULL: could not be read */
    const char *kind;  /* "penalty"; "" unknown */
    uint32_t class_bit;
    struct gw_bytes area;
    const struct gw_law_row *law;
    const char *subject_type; /* NULL: none */
    struct gw_bytes subject;
};
/* The format of that id if the caller may use it; problems go to the report, NULL then. */
const struct gw_format *gw_service_format(const struct gw_service_ctx *x, const char *id,
                                          const char *field, struct gw_report *report);
/* Decodes. GW_INVALID: refused, the report says why; GW_NOMEM. */
GW_MUST_USE enum gw_status gw_service_read(const struct gw_service_ctx *x,
                                           const struct gw_format *f, struct gw_bytes bytes,
                                           struct gw_arena *arena, struct gw_report *report,
                                           gw_record **ret);
/* Asks grant and law. `f` names the fields (NULL: canonical names). As above. */
GW_MUST_USE enum gw_status gw_service_admit(const struct gw_service_ctx *x,
                                            const struct gw_format *f, gw_record *r,
                                            struct gw_report *report,
                                            struct gw_service_judged *ret);
/* Both. GW_INVALID: refused, the report says why. GW_NOMEM. All in `arena`,
 * and borrowing from `bytes`. */
GW_MUST_USE enum gw_status gw_service_judge(const struct gw_service_ctx *x,
                                            const struct gw_format *f, struct gw_bytes bytes,
                                            struct gw_arena *arena, struct gw_report *report,
                                            struct gw_service_judged *ret);

/* ---- an item of a push (push_item.c) -----------------------------------------------------------
 */

struct gw_service_item {
    struct gw_report report;
    const Xinqiao__V1__PushItem *in;
    const char *key;                /* "" when it can not be repeated */
    const struct gw_format *format; /* NULL: unknown */
    struct gw_service_judged judged;
    uint8_t batch[16];
    bool has_batch;          /* named, and an id */
    struct gw_store_put put; /* all but the receipt */
};
/* NULL: out of memory. */
struct gw_service_item *gw_service_item_make(const struct gw_service_ctx *x,
                                             const Xinqiao__V1__PushItem *in);

/* ---- batches (batch.c), sheets (sheet.c) -------------------------------------------------------
 */

/* As the contract shows it. */
Xinqiao__V1__Batch *gw_service_batch_message(struct gw_arena *a, const struct gw_store_batch *b);
/* The signed sheet of a closed batch; `digest` is over its rows. GW_AGAIN: an entry's place in the
 * log is not known yet. */
GW_MUST_USE enum gw_status gw_service_sheet_make(const struct gw_service_ctx *x,
                                                 struct gw_store_tx *tx,
                                                 const struct gw_store_batch *b,
                                                 const struct gw_hash *digest,
                                                 Xinqiao__V1__BatchSheet *ret);

/* ---- pull (pull.c, pull_cursor.c, pull_row.c) --------------------------------------------------
 */

enum { GW_PULL_KINDS = 2, GW_PULL_REASONS = 24, GW_PULL_CURSOR = 160 };

struct gw_pull_kind {
    Xinqiao__V1__Kind kind;
    const char *name, *law; /* law row id; NULL: none in force */
    uint32_t classes;       /* that the grant covers somewhere */
    int64_t after;
};
struct gw_pull_count {
    const char *reason;
    uint64_t count;
};
struct gw_pull {
    const struct gw_format *format;
    struct gw_pull_kind kind[GW_PULL_KINDS];
    size_t kinds, at;
    uint32_t max_records;
    uint64_t delivered;
    struct gw_pull_count withheld[GW_PULL_REASONS], refused[GW_PULL_REASONS];
    struct gw_buf record; /* the encoded one */
    /* of the present run */
    uint32_t run_delivered, run_kept_back, quiet;
    bool blocked, failed;
};
/* GW_INVALID: not ours, for another question, or ahead of the data. */
GW_MUST_USE enum gw_status gw_service_cursor_open(const struct gw_service_ctx *x, struct gw_pull *p,
                                                  const char *text);
GW_MUST_USE enum gw_status gw_service_cursor_seal(const struct gw_service_ctx *x,
                                                  const struct gw_pull *p,
                                                  char ret[GW_PULL_CURSOR]);
/* Delivers the row, or counts why not. */
void gw_service_pull_row(const struct gw_service_ctx *x, struct gw_pull *p,
                         const struct gw_store_row *row);
void gw_service_pull_count(struct gw_pull_count list[GW_PULL_REASONS], const char *reason);

/* ---- the tables that service.c publishes -------------------------------------------------------
 */

#define GW_SERVICE_HANDLERS(M)                                                                     \
    M(push_item)                                                                                   \
    M(pull)                                                                                        \
    M(open_batch)                                                                                  \
    M(close_batch)                                                                                 \
    M(batch_status)                                                                                \
    M(translate)                                                                                   \
    M(list_formats)                                                                                \
    M(status)                                                                                      \
    M(health_check)                                                                                \
    M(health_watch)                                                                                \
    M(reflection)
#define M(name)                                                                                    \
    int32_t gw_service_##name(void *self, struct gw_adapter_call *c, void *state,                  \
                              const ProtobufCMessage *message, void *item);
GW_SERVICE_HANDLERS(M)
#undef M

/* status_adapters.c: the adapters from files, and their red lines. False: out of memory. */
bool gw_service_status_adapters(const struct gw_service_ctx *x, Xinqiao__V1__StatusResponse *m,
                                struct gw_report *red);

int32_t gw_service_push_open(void *self, struct gw_adapter_call *c, void **ret_state);
int32_t gw_service_push_prepare(void *self, struct gw_adapter_call *c,
                                const ProtobufCMessage *message, void **ret_item);
int32_t gw_service_pull_open(void *self, struct gw_adapter_call *c, void **ret_state);
int32_t gw_service_pull_writable(void *self, struct gw_adapter_call *c, void *state);
void gw_service_pull_close(void *self, struct gw_adapter_call *c, void *state);
/* half_close of streams that end with their caller; close of states that are one block. */
int32_t gw_service_finish_ok(void *self, struct gw_adapter_call *c, void *state);
void gw_service_free_state(void *self, struct gw_adapter_call *c, void *state);

#endif

/* The adapter host: holds the published adapters (built in, later loaded from files), finds
 * methods, and runs their handlers, on the loop or inside the store's transaction. Knows no
 * exchange type by name. */
#ifndef GW_ADAPTER_ADAPTER_H
#define GW_ADAPTER_ADAPTER_H

#include "abi/gw_adapter.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/reason.h"
#include "store/store.h"

/* What the host lends and this folder can not do itself: records, law and access, implemented by
 * service/ over the call's generation; same contracts as the operations of gw_adapter.h. A NULL
 * pointer: not lent here. */
struct gw_adapter_powers {
    int32_t (*record_read)(struct gw_adapter_call *c, const char *format, struct gw_bytes bytes,
                           const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_record);
    int32_t (*record_admit)(struct gw_adapter_call *c, ProtobufCMessage *record);
    int32_t (*record_write)(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            const char *format, uint32_t flags, struct gw_bytes *ret);
    int32_t (*records_of_subject)(struct gw_adapter_call *c, const char *kind, const char *id_type,
                                  struct gw_bytes id, const ProtobufCMessageDescriptor *type,
                                  int32_t (*fn)(void *arg, const ProtobufCMessage *record,
                                                int64_t received_us),
                                  void *arg);
    const char *(*covers)(struct gw_adapter_call *c, const char *kind, const char *list,
                          uint32_t class_bit, const char *area);
    int32_t (*granted)(struct gw_adapter_call *c, const char *word);
    const char *(*purpose)(struct gw_adapter_call *c);
    int32_t (*law_list)(struct gw_adapter_call *c, const char *id, struct gw_adapter_list *ret);
    int32_t (*law_list_at)(struct gw_adapter_call *c, size_t i, struct gw_adapter_list *ret);
    int32_t (*law_measures)(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            const struct gw_adapter_measure **ret, size_t *ret_count);
    int32_t (*law_end)(struct gw_adapter_call *c, const ProtobufCMessage *record, uint32_t clock,
                       int32_t *ret_day);
    int32_t (*law_benefit_purpose)(struct gw_adapter_call *c, const char *purpose);
    const char *(*log_origin)(struct gw_adapter_call *c);
    void (*wait_change)(struct gw_adapter_call *c, int64_t after, uint32_t timeout_ms);
};

struct gw_adapter_set;
GW_MUST_USE enum gw_status gw_adapter_set_new(struct gw_adapter_set **ret);
void gw_adapter_set_free(struct gw_adapter_set *s);
GW_DEFINE_FREEP(struct gw_adapter_set, gw_adapter_set_free)
/* Checks version and size first, then names and duplicates, registers reasons, runs init. One
 * sentence in ret_error. */
GW_MUST_USE enum gw_status gw_adapter_set_add(struct gw_adapter_set *s, const struct gw_adapter *a,
                                              struct gw_buf *ret_error);

/* One method as the host holds it. */
struct gw_adapter_target {
    void *adapter; /* what init() returned */
    const struct gw_adapter *published;
    const struct gw_adapter_method *method;
    const ProtobufCMessageDescriptor *input, *output;
    const char *path; /* "/xinqiao.v1.RecordExchange/Push" */
    const char *name; /* "RecordExchange/Push" */
};
size_t gw_adapter_target_count(const struct gw_adapter_set *s);
const struct gw_adapter_target *gw_adapter_target_at(const struct gw_adapter_set *s, size_t i);
/* Full names of all services, NULL-terminated; borrowed from the set. */
const char *const *gw_adapter_service_names(const struct gw_adapter_set *s);

/* ---- a segment: the messages that are committed, logged and answered together -------------------
 */

enum { GW_SEGMENT_SUBJECTS = 16 };

struct gw_segment_message {
    struct gw_bytes wire; /* as received, in the segment's arena */
    const ProtobufCMessage *message;
    void *item; /* what prepare() left */
    struct gw_segment_message *next;
};
struct gw_segment_subject {
    const char *type;
    struct gw_bytes value;
    struct gw_segment_subject *next;
};

/* Eight bytes of `out`, little-endian, zero until the entry is durable. */
struct gw_segment_slot {
    size_t offset;
    uint64_t entry;  /* what stands there then; UINT64_MAX: look at the receipt */
    int64_t receipt; /* of an earlier entry; 0: this segment's */
    struct gw_segment_slot *next;
};

/* Filled by handlers through the host, read by call/ for evidence and answer. */
struct gw_segment {
    struct gw_arena *arena;
    struct gw_segment_message *first, **tail;
    uint32_t messages;
    size_t in_bytes;
    struct gw_buf out; /* framed responses (1 + 4 bytes prefix each) */
    uint32_t out_messages;
    struct gw_segment_slot *slots; /* where an entry's index is written when it is known */
    int64_t now_us;
    /* notes */
    struct gw_segment_subject *subjects;
    uint32_t subject_count;
    const char *source_format, *target_format, *record_kind, *legal_basis;
    uint8_t batch[16];
    bool has_batch, many_batches;
    uint32_t records, refused;
    const char *reason; /* what the entry says when the call goes on; NULL: ok */
    const char *list, *list_version, *agreement, *consent;
    /* What the last record operation found; of the segment's arena. */
    struct gw_report found;
    /* finish() */
    bool finished;
    const struct gw_reason *finish_reason;
    struct gw_report report; /* parameters and violations */
    struct gw_param params[3];
    size_t param_count;
    /* writer methods */
    struct gw_store_tx *tx; /* inside run() of the job only */
    int64_t receipt, change_before, change_last;
};

/* The adapter's side of a call: what its handlers see as struct gw_adapter_call. Embedded in
 * call/'s object. */
struct gw_adapter_call {
    uint32_t magic;
    const struct gw_adapter_target *target;
    void *state;
    struct gw_segment *segment; /* the one handlers work on now */
    bool opened;
    bool blocked;         /* send() said BLOCKED */
    size_t segment_limit; /* bytes of `out` after which send() blocks */
    const char *peer;
    void *owner; /* call/'s object; for lend() */
    const struct gw_adapter_powers *powers;
    struct gw_store *store;
    struct gw_store_reader *reader; /* of the thread that runs the handler; NULL in transactions */
    void *generation;               /* what prepare() made for the call's generation */
    /* Things to lend by number. May be called on any thread that runs a handler. */
    const void *(*lend)(struct gw_adapter_call *c, uint32_t what);
};
#define GW_ADAPTER_CALL_MAGIC 0x67776163u

void gw_segment_init(struct gw_segment *s, struct gw_arena *arena, int64_t now_us);
void gw_segment_fini(struct gw_segment *s);
/* Copies the wire bytes, unpacks them as the target's input and, for writer methods, runs
 * prepare(). What fails stays in the segment where the method takes one message only, for evidence:
 * no handler may run then. GW_CONFLICT: of another batch than the messages before it, put it into
 * the next segment; GW_INVALID: malformed; GW_CORRUPT: a text that is not UTF-8 or has a NUL;
 * GW_NOMEM over the arena's budget; GW_INTERNAL the handler failed. */
GW_MUST_USE enum gw_status gw_adapter_receive(struct gw_adapter_call *c, struct gw_segment *s,
                                              struct gw_bytes wire);
/* Runs open() once. */
GW_MUST_USE enum gw_status gw_adapter_open(struct gw_adapter_call *c, struct gw_segment *s);
/* Runs message() for each message of the segment, then half_close() if `last`. On the loop, or
 * inside a transaction. */
GW_MUST_USE enum gw_status gw_adapter_run(struct gw_adapter_call *c, struct gw_segment *s,
                                          bool last);
GW_MUST_USE enum gw_status gw_adapter_writable(struct gw_adapter_call *c, struct gw_segment *s);
void gw_adapter_close(struct gw_adapter_call *c, bool cancelled);

#endif

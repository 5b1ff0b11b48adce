/* The adapter host: holds the published adapters (built in, later loaded from files), finds
 * methods, and runs their handlers, on the loop or inside the store's transaction. Knows no
 * exchange type by name. */
#ifndef GW_ADAPTER_ADAPTER_H
#define GW_ADAPTER_ADAPTER_H

#include <stdatomic.h>

#include "abi/gw_adapter.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/reason.h"
#include "crypto/crypto.h"
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
};

/* ---- the set: built in, then loaded from files; one for the life of the process ---------------
 */

struct gw_adapter_set;
GW_MUST_USE enum gw_status gw_adapter_set_new(struct gw_adapter_set **ret);
/* fini() of each, last first. No call may be running. */
void gw_adapter_set_free(struct gw_adapter_set *s);
GW_DEFINE_FREEP(struct gw_adapter_set, gw_adapter_set_free)
/* The gateway's own FileDescriptorSet, to which those of adapters are added; before them.
 * GW_INVALID. */
GW_MUST_USE enum gw_status gw_adapter_set_describe(struct gw_adapter_set *s, struct gw_bytes own);
/* Checks version and size first, then names, reasons, services and duplicates; runs init at last.
 * One sentence in ret_error, and the set as it was. */
GW_MUST_USE enum gw_status gw_adapter_set_add(struct gw_adapter_set *s, const struct gw_adapter *a,
                                              struct gw_buf *ret_error);

/* What has become of runs of handlers; of a method, or of tick(). */
struct gw_adapter_health {
    atomic_bool disabled;
    atomic_uint failures; /* in a row */
    atomic_ulong late;    /* answers that came when their call was over */
};

/* An adapter as the host holds it. */
struct gw_adapter_target;
struct gw_adapter_held {
    const struct gw_adapter *published;    /* our copy: what an older one does not have is zero */
    void *self;                            /* what init() returned */
    const char *file;                      /* of a loaded one, absolute; NULL: built in */
    struct gw_hash digest;                 /* of that file */
    const struct gw_adapter_target *whole; /* tick() and status(): a target without a method */
};
/* In the order they were added; the place is gw_adapter_target.index. */
size_t gw_adapter_set_count(const struct gw_adapter_set *s);
const struct gw_adapter_held *gw_adapter_set_at(const struct gw_adapter_set *s, size_t i);

/* What the store keeps for them, by gw_adapter_target.index; in `arena`, which like the set
 * outlives the store. GW_NOMEM. */
GW_MUST_USE enum gw_status gw_adapter_set_extensions(const struct gw_adapter_set *s,
                                                     struct gw_arena *arena,
                                                     const struct gw_store_extension **ret,
                                                     size_t *ret_count);

/* One method as the host holds it. */
struct gw_adapter_target {
    void *adapter; /* what init() returned */
    const struct gw_adapter *published;
    const struct gw_adapter_method *method;
    const ProtobufCMessageDescriptor *input, *output;
    const char *path;                 /* "/xinqiao.v1.RecordExchange/Push" */
    const char *name;                 /* "RecordExchange/Push" */
    size_t index;                     /* of the adapter in the set */
    bool loaded;                      /* from a file: not one of the gateway's own */
    struct gw_adapter_health *health; /* always there in a set */
};
size_t gw_adapter_target_count(const struct gw_adapter_set *s);
const struct gw_adapter_target *gw_adapter_target_at(const struct gw_adapter_set *s, size_t i);
/* Full names of all services, NULL-terminated; borrowed from the set. */
const char *const *gw_adapter_service_names(const struct gw_adapter_set *s);
/* FileDescriptorSet of all services; a file that several bring is there once, the gateway's first.
 */
struct gw_bytes gw_adapter_descriptor_set(const struct gw_adapter_set *s);

/* ---- conf/adapters/: one file per adapter ------------------------------------------------------
 */

/* At start: loads the shared object that each "<name>.conf" of `dir` names; no folder, no adapters.
 * A bare file name is one of `lib`, which may be NULL. All faults, with file and line, in
 * ret_error; those without fault are in the set all the same, which is to be freed then. */
GW_MUST_USE enum gw_status gw_adapter_set_load(struct gw_adapter_set *s, const char *dir,
                                               const char *lib, struct gw_buf *ret_error);

/* What of the law's tables adapters may see while they prepare. Lives as long as the generation. */
struct gw_adapter_law {
    const void *arg;
    /* A configuration node (struct gw_config_node); NULL past the end. */
    const struct gw_adapter_node *(*agreement_at)(const void *arg, size_t i);
    bool (*benefit_purpose)(const void *arg, const char *purpose);
};

/* What one configuration generation says to the adapters, and what they made of it. */
struct gw_adapter_generation;
/* Reads the files again. GW_PRECONDITION: another shared object, a new adapter, or one less than
 * the set has loaded: that takes a restart. GW_INVALID: an option. */
GW_MUST_USE enum gw_status gw_adapter_generation_new(const struct gw_adapter_set *s,
                                                     const char *dir, const char *lib,
                                                     struct gw_adapter_generation **ret,
                                                     struct gw_buf *ret_error);
/* prepare() of each; when one refuses, abort() of those that did not. */
GW_MUST_USE enum gw_status gw_adapter_generation_prepare(struct gw_adapter_generation *g,
                                                         const struct gw_adapter_law *law,
                                                         struct gw_buf *ret_error);
/* Now in use: commit() of each. */
void gw_adapter_generation_commit(struct gw_adapter_generation *g);
/* release() of each, or abort() where there was no commit. Any thread. */
void gw_adapter_generation_free(struct gw_adapter_generation *g);
/* By gw_adapter_target.index: what prepare() made. */
void *const *gw_adapter_generation_states(const struct gw_adapter_generation *g);
/* "digest adapters/name\n" of every file read and of every shared object loaded. */
void gw_adapter_generation_digests(const struct gw_adapter_generation *g, struct gw_buf *ret);

/* ---- a segment: the messages that are committed, logged and answered together -------------------
 */

enum { GW_SEGMENT_SUBJECTS = 16, GW_SEGMENT_LINES = 1024 };

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

/* A line of status(). */
struct gw_segment_line {
    const char *item, *state, *zh, *en;
    bool red;
    struct gw_segment_line *next;
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
    bool many_consents;
    /* status() */
    struct gw_segment_line *lines, **lines_tail;
    uint32_t line_count;
    /* What the last record operation found; of the segment's arena. */
    struct gw_report found;
    bool faulty;       /* a handler of it was at fault */
    bool over_limit;   /* sql() of the handler that runs took more than one call may */
    const char *fault; /* what the handler did that handlers must not do; NULL */
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
    /* wait_change(): go on when a later change than that is visible, or so much later. */
    bool waiting;
    int64_t wait_after;
    uint32_t wait_ms;
    const char *peer;
    void *owner; /* call/'s object; for lend() */
    const struct gw_adapter_powers *powers;
    struct gw_store *store;
    const atomic_bool *abandoned;   /* the call is over, nobody waits for this run; may be NULL */
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
/* tick() in the host's transaction; status(), on the loop. `c->target` is held.whole. */
GW_MUST_USE enum gw_status gw_adapter_tick(struct gw_adapter_call *c, struct gw_segment *s);
GW_MUST_USE enum gw_status gw_adapter_status(struct gw_adapter_call *c, struct gw_segment *s);

/* ---- containment (watch.c) ---------------------------------------------------------------------
 */

/* How long a handler may take: on a loop, on a worker. Any thread. */
void gw_adapter_budgets(uint64_t loop_ms, uint64_t worker_ms);
/* A run that failed, or one that did well; five failures in a row disable a method from a file. */
void gw_adapter_failed(const struct gw_adapter_target *t, const char *why);
void gw_adapter_succeeded(const struct gw_adapter_target *t);
/* An answer came when its call was over. */
void gw_adapter_late(const struct gw_adapter_target *t);
bool gw_adapter_disabled(const struct gw_adapter_target *t);
/* Is a method of that service (full name) disabled? */
bool gw_adapter_service_disabled(const struct gw_adapter_set *s, const char *service);
/* Has tick() failed so often that somebody must look? */
bool gw_adapter_tick_fails(const struct gw_adapter_health *h);
/* A new configuration: all methods are enabled again. */
void gw_adapter_set_enable(const struct gw_adapter_set *s);
/* The thread that disables methods whose handlers do not come back. `told` is called once for each
 * method that is disabled, on any thread, and must not block. One at a time in a process. */
typedef void gw_adapter_disabled_fn(void *arg, const struct gw_adapter_target *t);
GW_MUST_USE enum gw_status gw_adapter_watch_start(gw_adapter_disabled_fn *told, void *arg);
void gw_adapter_watch_stop(void);

#endif

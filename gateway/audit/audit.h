/* The exchange log: append-only, chained, signed (SPEC.md; its section 21 prevails). Entry codec,
 * journal with group commit, tiles, checkpoints, recovery, pseudonyms, index, offline verification.
 * Never uses store/. */
#ifndef GW_AUDIT_AUDIT_H
#define GW_AUDIT_AUDIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "crypto/crypto.h"

/* ---- entry ------------------------------------------------------------------------------------
 */

enum gw_audit_kind {
    GW_AUDIT_OPEN = 1,
    GW_AUDIT_EXCHANGE,
    GW_AUDIT_KEY,
    GW_AUDIT_CONFIG,
    GW_AUDIT_RECOVERY,
    GW_AUDIT_ANCHOR,
    GW_AUDIT_ERASE,
    GW_AUDIT_ACCESS,
    GW_AUDIT_CLOSE,
    GW_AUDIT_ALARM
};
enum gw_audit_direction { GW_AUDIT_IN = 1, GW_AUDIT_OUT };
enum gw_audit_phase { GW_AUDIT_INTENT = 1, GW_AUDIT_RESULT };
enum gw_audit_decision { GW_AUDIT_ALLOW = 1, GW_AUDIT_DENY, GW_AUDIT_ERROR };

/* Field numbers of exchange-log.proto; `set` has bit n for field n. */
enum gw_audit_field {
    GW_AF_VERSION = 1,
    GW_AF_SEQ,
    GW_AF_TIME_US,
    GW_AF_KIND,
    GW_AF_PREV,
    GW_AF_EXCHANGE_ID,
    GW_AF_DIRECTION,
    GW_AF_PHASE,
    GW_AF_INTENT_SEQ,
    GW_AF_RECEIVED_US,
    GW_AF_LATENCY_US,
    GW_AF_PEER_ID,
    GW_AF_PEER_SUBJECT,
    GW_AF_PEER_SPKI,
    GW_AF_PEER_CERT,
    GW_AF_PEER_ADDR,
    GW_AF_TLS,
    GW_AF_REQUESTER_ORG,
    GW_AF_ACTOR,
    GW_AF_METHOD,
    GW_AF_PURPOSE,
    GW_AF_LEGAL_BASIS,
    GW_AF_CONSENT_REF,
    GW_AF_PSEUDONYM_KEY,
    GW_AF_HASH_SUITE,
    GW_AF_SUBJECT,
    GW_AF_SUBJECT_COUNT,
    GW_AF_SUBJECT_ROOT,
    GW_AF_SOURCE_FORMAT,
    GW_AF_TARGET_FORMAT,
    GW_AF_MAPPING,
    GW_AF_MAPPING_HASH,
    GW_AF_REQUEST_COMMIT,
    GW_AF_INPUT_COMMIT,
    GW_AF_OUTPUT_COMMIT,
    GW_AF_REQUEST_SIZE,
    GW_AF_INPUT_SIZE,
    GW_AF_OUTPUT_SIZE,
    GW_AF_DECISION,
    GW_AF_REASON,
    GW_AF_POLICY,
    GW_AF_POLICY_HASH,
    GW_AF_STATUS,
    GW_AF_DETAIL_ID,
    GW_AF_DETAIL_HASH,
    GW_AF_EVENT,
    GW_AF_EVENT_HASH,
    GW_AF_EVENT_TEXT,
    GW_AF_REF_SEQ,
    GW_AF_PEER_SEQ,
    GW_AF_CASE_REF = 52,
    GW_AF_BATCH_ID,
    GW_AF_AGREEMENT,
    GW_AF_AGREEMENT_HASH,
    GW_AF_LIST,
    GW_AF_LIST_VERSION,
    GW_AF_RECORD_KIND,
    GW_AF_RECORD_COUNT,
    GW_AF_REFUSED_COUNT,
    GW_AF_SEGMENT,
    GW_AF_END,
    GW_AF_COUNT
};

/* One entry as fields. Integers in num[field], bytes and strings borrowed in str[field]; subjects
 * apart. */
struct gw_audit_entry {
    uint64_t set;
    uint64_t num[GW_AF_COUNT];
    struct gw_bytes str[GW_AF_COUNT];
    struct gw_hash subject[16]; /* strictly ascending */
    size_t subjects;
};
void gw_audit_entry_init(struct gw_audit_entry *e, enum gw_audit_kind kind);
static inline bool gw_audit_has(const struct gw_audit_entry *e, enum gw_audit_field f)
{
    return (e->set >> f & 1u) != 0;
}
void gw_audit_set_num(struct gw_audit_entry *e, enum gw_audit_field f, uint64_t v);
/* Empty strings are not set (the profile refuses them); the bytes must live until the entry is
 * encoded. */
void gw_audit_set_bytes(struct gw_audit_entry *e, enum gw_audit_field f, struct gw_bytes v);
/* Keeps the set sorted; up to 16 distinct ones, beyond that GW_TOO_LARGE (use subject_root). */
GW_MUST_USE enum gw_status gw_audit_add_subject(struct gw_audit_entry *e,
                                                const struct gw_hash *pseudonym);
/* Name of a field ("peer_id"), static. */
const char *gw_audit_field_name(enum gw_audit_field f);

/* Strict profile (SPEC 4.2): encode validates (GW_INVALID), decode rejects anything but it. */
GW_MUST_USE enum gw_status gw_audit_entry_encode(const struct gw_audit_entry *e,
                                                 struct gw_buf *ret);
GW_MUST_USE enum gw_status gw_audit_entry_decode(struct gw_bytes bytes, struct gw_audit_entry *ret);
/* The body of an entry is all but version, seq, time_us and prev: u8(kind) || fields 6.. . This is
 * what store/ keeps in pending_entry and what the sequencer completes. Scans strings for personal
 * data (SPEC 11.1): a hit becomes "redacted" and *ret_redacted is true. */
GW_MUST_USE enum gw_status gw_audit_body_encode(struct gw_audit_entry *e, struct gw_buf *ret,
                                                bool *ret_redacted);
/* Is it a body as gw_audit_body_encode() makes it? For bodies that come back from a store.
 * GW_INVALID. */
GW_MUST_USE enum gw_status gw_audit_body_check(struct gw_bytes body);

/* ---- pseudonyms and commitments
 * ------------------------------------------------------------------ */

struct gw_audit_keys; /* pseudonym keys by epoch */
/* HMAC pseudonym (SPEC 11.2) of a normalised value under the present epoch; types CN-ID, CN-USCC,
 * PASSPORT, CONSENT, ACTOR, CASE. Safe from any thread. */
void gw_audit_pseudonym(const struct gw_audit_keys *k, const char *type, struct gw_bytes value,
                        struct gw_hash *ret);
uint32_t gw_audit_epoch(const struct gw_audit_keys *k);
/* subject_root of more than 16 subjects: RFC 6962 root over the pseudonyms, ascending and distinct.
 */
void gw_audit_subject_root(const struct gw_hash *ascending, size_t count, struct gw_hash *ret);
/* commit(nonce, label, data) of SPEC 4.5, suite 1; streaming over length-prefixed messages of a
 * segment. */
struct gw_audit_commit;
GW_MUST_USE enum gw_status gw_audit_commit_begin(const uint8_t nonce[32], const char *label,
                                                 struct gw_audit_commit **ret);
void gw_audit_commit_update(struct gw_audit_commit *c, struct gw_bytes b);
/* Frees `c`. */
void gw_audit_commit_end(struct gw_audit_commit *c, struct gw_hash *ret);
void gw_audit_commit_once(const uint8_t nonce[32], const char *label, struct gw_bytes data,
                          struct gw_hash *ret);

/* ---- the running log --------------------------------------------------------------------------
 */

struct gw_audit_settings {
    const char *dir; /* data/log */
    const char *keys_dir;
    const char *host;                /* log.host: origin is <host>/exchange/<year> */
    uint32_t queue_max;              /* 4096 */
    uint32_t batch_max;              /* 1024 */
    uint64_t checkpoint_interval_ms; /* 1000 */
    uint64_t commit_timeout_ms;      /* 2000 */
    uint64_t segment_bytes;          /* 64 MiB */
    uint64_t min_free;               /* 1 GiB */
};
extern const struct gw_audit_settings gw_audit_defaults;

struct gw_audit;

/* Lock, recovery (SPEC 8.5), sequencer and integrator threads. Makes keys and the first shard when
 * there is none. Statuses: GW_BUSY another process holds the lock; GW_CORRUPT recovery refuses
 * (text says why); GW_IO, GW_NOSPACE. */
GW_MUST_USE enum gw_status gw_audit_open(const struct gw_audit_settings *s, struct gw_audit **ret,
                                         struct gw_buf *ret_error);
/* Publishes what is there, stops the threads, releases the lock. */
void gw_audit_close(struct gw_audit *a);

/* An append in flight: the caller's memory, alive until `done` was called. `body` is as
 * gw_audit_body_encode() made it and must live as long. */
struct gw_audit_append {
    struct gw_bytes body;
    /* On the sequencer's thread, in log order, after the batch is durable (or dead: GW_IO). Must
     * not block. */
    void (*done)(struct gw_audit_append *ap, enum gw_status st);
    uint64_t seq;    /* out */
    int64_t time_us; /* out */
    struct gw_audit_append *next;
};
/* Any thread; order of calls is order in the log. GW_BUSY: queue full (nothing queued),
 * GW_UNAVAILABLE: log dead. `reserved`: room was taken before with gw_audit_reserve(), so it can
 * not be busy; it is used up whatever comes back. */
GW_MUST_USE enum gw_status gw_audit_submit(struct gw_audit *a, struct gw_audit_append *ap,
                                           bool reserved);
/* Takes room for `count` entries before any processing: GW_BUSY when the queue is full, GW_NOSPACE
 * below min_free, GW_UNAVAILABLE when the log is dead. gw_audit_release() gives back what was not
 * used. */
GW_MUST_USE enum gw_status gw_audit_reserve(struct gw_audit *a, uint32_t count);
void gw_audit_release(struct gw_audit *a, uint32_t count);
/* Room for the one entry that ends what has entries already (the closing entry of a stream): not
 * refused for a full queue or low disk, for the streams that are open bound it. GW_UNAVAILABLE when
 * the log is dead. */
GW_MUST_USE enum gw_status gw_audit_reserve_closing(struct gw_audit *a);
/* Called on the sequencer's thread after the `done` calls of each batch: the place to wake a loop
 * once a batch. Set before the first submit. */
void gw_audit_on_batch(struct gw_audit *a, void (*fn)(void *arg), void *arg);
/* Blocks until durable: start-up, tools, tests. GW_INVALID when it is no body. */
GW_MUST_USE enum gw_status gw_audit_append_wait(struct gw_audit *a, struct gw_bytes body,
                                                uint64_t *ret_seq);
/* ALARM with rate limit per event (one a second, with a count in event_text). Never blocks. */
void gw_audit_alarm(struct gw_audit *a, const char *event, const char *detail_code);

/* Called once, on the sequencer's thread, when the log dies (SPEC 8.3.4); at once when it died
 * before this. */
void gw_audit_on_dead(struct gw_audit *a, void (*fn)(void *arg), void *arg);

const struct gw_audit_keys *gw_audit_keys_peek(const struct gw_audit *a);
const char *gw_audit_origin(const struct gw_audit *a);
const char *gw_audit_vkey(const struct gw_audit *a);
/* The run before this one did not end with gw_audit_close(): open has recovered the log. */
bool gw_audit_recovered(const struct gw_audit *a);
/* Entries durable; next seq. And the size that the published checkpoint covers. */
uint64_t gw_audit_size(const struct gw_audit *a);
uint64_t gw_audit_published(const struct gw_audit *a);
/* Is an entry with exactly this body at or behind `from_seq`, and which (*ret_seq)? For
 * reconciliation of pending_entry at start. */
GW_MUST_USE enum gw_status gw_audit_find_body(struct gw_audit *a, uint64_t from_seq,
                                              struct gw_bytes body, bool *ret_found,
                                              uint64_t *ret_seq);
/* Is an allowed exchange among the entries: then there was a store beside this log. */
GW_MUST_USE enum gw_status gw_audit_has_exchange(struct gw_audit *a, bool *ret);
/* Forces a publication now (tests, tools, drain); blocks. */
GW_MUST_USE enum gw_status gw_audit_publish(struct gw_audit *a);

struct gw_audit_stats {
    uint64_t entries, batches, refused, published;
    uint64_t sync_us_sum, sync_us_max, batch_max_seen;
    uint32_t queue_depth;
    int64_t oldest_unpublished_us; /* age; 0 when all is published */
    uint64_t free_bytes, min_free; /* of the disk of `dir`; exchanges are refused below min_free */
    const char *dir;               /* borrowed from the log */
    bool dead, disk_low;
    bool year_past;   /* the shard's year is over and rotation is still to come */
    uint64_t indexed; /* entries in index.db */
};
void gw_audit_stats_get(struct gw_audit *a, struct gw_audit_stats *ret);

/* ---- reading and verifying, offline or beside a running log -------------------------------------
 */

struct gw_audit_reader; /* reads the entries that the checkpoint covers */
/* `dir` is a shard directory. */
GW_MUST_USE enum gw_status gw_audit_reader_open(const char *dir, struct gw_audit_reader **ret,
                                                struct gw_buf *ret_error);
void gw_audit_reader_close(struct gw_audit_reader *r);
uint64_t gw_audit_reader_size(const struct gw_audit_reader *r);
const char *gw_audit_reader_origin(const struct gw_audit_reader *r);
/* Encoded entry, borrowed until the next call. GW_NOT_FOUND beyond the checkpoint. */
GW_MUST_USE enum gw_status gw_audit_reader_get(struct gw_audit_reader *r, uint64_t seq,
                                               struct gw_bytes *ret);

struct gw_audit_query {
    const char *peer_id, *method, *reason, *event; /* NULL: any */
    int64_t from_us, to_us;                        /* 0: open */
    int decision, kind;                            /* 0: any */
    const struct gw_hash *subject;                 /* pseudonym, NULL: any */
    const uint8_t *exchange_id;                    /* 16 bytes, NULL: any */
    uint32_t limit;
    uint64_t before_seq; /* newest first; 0: from the end */
};
/* Through index.db when it is there and fits, else by scanning. `found` returns false to stop. */
GW_MUST_USE enum gw_status gw_audit_search(const char *dir, const struct gw_audit_query *q,
                                           bool (*found)(void *arg, uint64_t seq,
                                                         struct gw_bytes entry),
                                           void *arg, struct gw_buf *ret_error);

struct gw_audit_verify {
    const char *dir;                /* shard directory */
    struct gw_bytes vkeys;          /* text, one vkey a line */
    struct gw_bytes old_checkpoint; /* a note kept from earlier, may be empty */
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    void *arg;
};
struct gw_audit_verdict {
    bool good;
    uint64_t size;
    uint64_t beyond;  /* when good: entries in the folder that the checkpoint does not cover */
    uint64_t bad_seq; /* first entry found wrong; UINT64_MAX when it is not one entry */
    char origin[256];
    char problem_zh[512]; /* one sentence; "" when good */
    char problem_en[512];
};
/* SPEC 10.3 steps 1 to 5, streaming. GW_OK: the verdict says; another status: could not be read at
 * all. */
GW_MUST_USE enum gw_status gw_audit_verify_dir(const struct gw_audit_verify *v,
                                               struct gw_audit_verdict *ret);

#endif

/* What the files of audit/ share: limits, tree, tiles, notes, journal, the parts of the running
 * log. Order of reading: entry.c, tree.c, tile.c, note.c, journal.c, sequencer.c, integrator.c,
 * recover.c. */
#ifndef GW_AUDIT_AUDIT_INTERNAL_H
#define GW_AUDIT_AUDIT_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "audit/audit.h"
#include "base/file.h"

enum {
    GW_AUDIT_ENTRY_MAX = 4096,
    GW_AUDIT_HEADER_MAX = 58, /* version, seq, time_us, kind, prev */
    GW_AUDIT_BODY_MAX = GW_AUDIT_ENTRY_MAX - GW_AUDIT_HEADER_MAX,
    GW_AUDIT_ORIGIN_MAX = 255,
    GW_AUDIT_TILE_WIDTH = 256,
    GW_AUDIT_TILE_BYTES = GW_AUDIT_TILE_WIDTH * GW_SHA256_LEN,
    GW_AUDIT_BUNDLE_MAX = GW_AUDIT_TILE_WIDTH * (2 + GW_AUDIT_ENTRY_MAX),
    GW_AUDIT_LEVELS = 8, /* 256^8 > 2^63 */
    GW_AUDIT_NOTE_MAX = 64 * 1024,
    GW_AUDIT_SIGNATURES_MAX = 100,
    GW_AUDIT_SEGMENT_HEADER = 48,
    GW_AUDIT_BATCH_HEADER = 52,
    GW_AUDIT_BATCH_COUNT_MAX = 4096,
    GW_AUDIT_PAYLOAD_MAX = 2 * 1024 * 1024,
    GW_AUDIT_BATCH_MAX = GW_AUDIT_BATCH_HEADER + GW_AUDIT_PAYLOAD_MAX + GW_SHA256_LEN,
};

/* ---- entry_body.c ---- */

/* Completes a body to an entry: writes at most GW_AUDIT_ENTRY_MAX bytes to `out` and returns how
 * many. `prev` is NULL for entry 0. */
size_t gw_audit_body_complete(uint8_t *out, struct gw_bytes body, uint64_t seq, int64_t time_us,
                              const struct gw_hash *prev);
/* Is the entry made of exactly this body? */
bool gw_audit_body_matches(struct gw_bytes entry, struct gw_bytes body);
/* SPEC 11.1: an 18-character resident number with valid date and check character, or a mobile
 * number. */
bool gw_audit_pii_found(struct gw_bytes s);
/* Bodies of the log's own entries, written to `room`; `text` and `hash` may be NULL, `ref_seq`
 * UINT64_MAX. Never fails for codes and texts within the limits and a room that holds them. */
struct gw_bytes gw_audit_body_event(uint8_t *room, size_t size, enum gw_audit_kind kind,
                                    const char *event, const char *text, const struct gw_hash *hash,
                                    uint64_t ref_seq);

/* ---- tree.c: RFC 6962 ---- */

void gw_audit_leaf_hash(struct gw_bytes entry, struct gw_hash *ret);
void gw_audit_node_hash(const struct gw_hash *left, const struct gw_hash *right,
                        struct gw_hash *ret);
bool gw_audit_hash_eq(const struct gw_hash *a, const struct gw_hash *b);
/* The roots of the complete subtrees of `size` hashes, largest first: what is needed to go on. */
struct gw_audit_range {
    uint64_t size;
    struct gw_hash node[64];
};
void gw_audit_range_add(struct gw_audit_range *r, const struct gw_hash *hash);
void gw_audit_range_root(const struct gw_audit_range *r, struct gw_hash *ret);

/* ---- tile.c ---- */

/* The right edge: per level the hashes of the tile that is not full yet. */
struct gw_audit_edge {
    uint64_t size;
    struct gw_hash tile[GW_AUDIT_LEVELS][GW_AUDIT_TILE_WIDTH];
};
/* Called for each tile that became full by an added leaf, level 0 first. */
typedef enum gw_status gw_audit_full_fn(void *arg, unsigned level, uint64_t index,
                                        const struct gw_hash *hashes);
GW_MUST_USE enum gw_status gw_audit_edge_add(struct gw_audit_edge *e, const struct gw_hash *leaf,
                                             gw_audit_full_fn *full, void *arg);
void gw_audit_edge_root(const struct gw_audit_edge *e, struct gw_hash *ret);
/* Width of the partial tile of a level in a tree of `size`, 0 when there is none. */
unsigned gw_audit_tile_width(uint64_t size, unsigned level);
/* Full tiles of a level in a tree of `size`. */
uint64_t gw_audit_tile_full(uint64_t size, unsigned level);

enum { GW_AUDIT_ENTRIES = -1, GW_AUDIT_PATH_MAX = 64 };
/* "tile/0/x001/000.p/112"; level GW_AUDIT_ENTRIES for bundles; width 256 is the full one. */
void gw_audit_tile_path(int level, uint64_t index, unsigned width, char ret[GW_AUDIT_PATH_MAX]);
/* Appends the file of a tile or bundle that holds at least `width` in a tree of `size`: the full
 * one, else the partial one of that size. Bundles and tiles may thus be longer than asked.
 * GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_audit_tile_read(const char *shard, int level, uint64_t index,
                                              unsigned width, uint64_t size, struct gw_buf *ret);
/* The first `size` mod 256 entries of the last bundle, as a bundle. GW_CORRUPT, GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_audit_bundle_load(const char *shard, uint64_t size,
                                                struct gw_buf *ret);
/* The edge of a tree of `size` out of the tiles of a tree of at least that size. GW_CORRUPT,
 * GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_audit_edge_load(const char *shard, uint64_t size, uint64_t tree_size,
                                              struct gw_audit_edge *ret);

/* ---- note.c, checkpoint.c ---- */

struct gw_audit_vkey {
    char name[GW_AUDIT_ORIGIN_MAX + 1];
    uint8_t id[4];
    uint8_t type; /* 1 Ed25519, 4 cosignature/v1; others are known but not verified here */
    uint8_t pub[32];
};
GW_MUST_USE enum gw_status gw_audit_vkey_parse(struct gw_bytes text, struct gw_audit_vkey *ret);
void gw_audit_vkey_make(const char *name, uint8_t type, const uint8_t pub[32],
                        struct gw_audit_vkey *ret);
void gw_audit_vkey_put(const struct gw_audit_vkey *k, struct gw_buf *ret);
/* One vkey a line, also in the lines of a policy file (log, witness); empty lines, # and other
 * policy lines are skipped. At most `max`. GW_INVALID, GW_TOO_LARGE. */
GW_MUST_USE enum gw_status gw_audit_vkeys_parse(struct gw_bytes text, struct gw_audit_vkey *ret,
                                                size_t max, size_t *ret_count);
/* A checkpoint of exactly three lines. */
struct gw_audit_checkpoint {
    char origin[GW_AUDIT_ORIGIN_MAX + 1];
    uint64_t size;
    struct gw_hash root;
};
/* Form only: for readers that were given no key. */
GW_MUST_USE enum gw_status gw_audit_checkpoint_parse(struct gw_bytes note,
                                                     struct gw_audit_checkpoint *ret);
/* SPEC 7.2: form, and every line of a known key verifies, and one of them is the origin's Ed25519
 * line. */
GW_MUST_USE enum gw_status gw_audit_checkpoint_open(struct gw_bytes note,
                                                    const struct gw_audit_vkey *keys, size_t count,
                                                    struct gw_audit_checkpoint *ret);
/* The body and the log's signature line. */
GW_MUST_USE enum gw_status gw_audit_checkpoint_sign(const struct gw_audit_checkpoint *c,
                                                    const struct gw_sign_key *key,
                                                    struct gw_buf *ret);
/* Splits a note at its last empty line; checks characters and sizes. */
GW_MUST_USE enum gw_status gw_audit_note_split(struct gw_bytes note, struct gw_bytes *ret_text,
                                               struct gw_bytes *ret_lines);
/* Verifies the signature lines; *ret_signed has bit i when keys[i] signed. GW_CORRUPT, GW_INVALID.
 */
GW_MUST_USE enum gw_status gw_audit_note_verify(struct gw_bytes text, struct gw_bytes lines,
                                                const struct gw_audit_vkey *keys, size_t count,
                                                uint64_t *ret_signed);

/* ---- journal.c ---- */

void gw_audit_segment_name(uint64_t first_seq, char ret[32]);
/* The first sequence number out of a name, GW_INVALID when it is not the name of a segment. */
GW_MUST_USE enum gw_status gw_audit_segment_parse(const char *name, uint64_t *ret);
void gw_audit_segment_header(const char *origin, uint64_t first_seq,
                             uint8_t ret[GW_AUDIT_SEGMENT_HEADER]);

struct gw_audit_batch {
    uint32_t count;
    uint64_t first_seq;
    struct gw_hash prev;
    struct gw_bytes payload;
};
/* A whole batch at the start of `b`: form and checksum. GW_TRUNCATED, GW_INVALID (form), GW_CORRUPT
 * (checksum). */
GW_MUST_USE enum gw_status gw_audit_batch_parse(struct gw_bytes b, struct gw_audit_batch *ret,
                                                size_t *ret_size);
/* Takes the next entry off a payload or bundle; GW_NOT_FOUND at its end, GW_TRUNCATED. */
GW_MUST_USE enum gw_status gw_audit_payload_next(struct gw_bytes *rest, struct gw_bytes *ret_entry);

enum gw_audit_scan_result { GW_AUDIT_SCAN_OK, GW_AUDIT_SCAN_TORN, GW_AUDIT_SCAN_REFUSE };
struct gw_audit_scan {
    /* in */
    const char *origin;
    uint64_t first_seq; /* by the name */
    bool last_segment;
    enum gw_status (*entry)(void *arg, uint64_t seq, struct gw_bytes entry,
                            const struct gw_hash *leaf);
    void *arg;
    /* in and out: leaf hash of the entry before the next one (32 zero bytes before entry 0) */
    struct gw_hash prev;
    /* out */
    uint64_t next_seq;
    size_t offset; /* where the next batch goes; of the damage when refused */
    const char *reason;
};
/* One segment of the journal (SPEC 8.5.3). `entry` may refuse too. */
enum gw_audit_scan_result gw_audit_segment_scan(struct gw_bytes file, struct gw_audit_scan *s);

/* Temporary names in journal/: recovery removes them. */
#define GW_AUDIT_SPARE "spare.tmp"

/* The open segment that the sequencer writes. */
struct gw_audit_journal {
    char dir[PATH_MAX];
    const char *origin;
    int fd;
    uint64_t first_seq;
    uint64_t offset;
    uint64_t segment_bytes;
};
/* Takes the spare when there is one, else allocates. */
GW_MUST_USE enum gw_status gw_audit_journal_create(struct gw_audit_journal *j, uint64_t first_seq);
/* Goes on in a segment that recovery found: zeros from `offset` on when `torn`. */
GW_MUST_USE enum gw_status gw_audit_journal_resume(struct gw_audit_journal *j, uint64_t first_seq,
                                                   uint64_t offset, bool torn);
static inline bool gw_audit_journal_fits(const struct gw_audit_journal *j, size_t len)
{
    return j->fd >= 0 && len <= j->segment_bytes && j->offset <= j->segment_bytes - len;
}
/* pwrite and fdatasync; any failure means a dead log. */
GW_MUST_USE enum gw_status gw_audit_journal_append(struct gw_audit_journal *j,
                                                   struct gw_bytes batch);
void gw_audit_journal_close(struct gw_audit_journal *j);

/* ---- journal_read.c: durable entries in order, beside the writer ---- */

struct gw_audit_journal_reader {
    char dir[PATH_MAX];
    int fd;
    uint64_t offset;
    uint64_t next_seq;    /* of the next entry that is handed out */
    uint64_t batch_seq;   /* first of the next batch in the file */
    struct gw_bytes rest; /* of the present batch */
    uint8_t *room;
};
GW_MUST_USE enum gw_status gw_audit_journal_reader_init(struct gw_audit_journal_reader *r,
                                                        const char *dir);
void gw_audit_journal_reader_fini(struct gw_audit_journal_reader *r);
/* GW_NOT_FOUND when no segment holds it. */
GW_MUST_USE enum gw_status gw_audit_journal_seek(struct gw_audit_journal_reader *r, uint64_t seq);
/* Only entries that are durable may be asked for. Borrowed until the next call. GW_CORRUPT, GW_IO,
 * GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_audit_journal_next(struct gw_audit_journal_reader *r,
                                                 struct gw_bytes *ret_entry);

/* ---- reader.c, walk.c, intents.c ---- */

/* For a shard whose size is known: no checkpoint is read. */
GW_MUST_USE enum gw_status gw_audit_reader_make(const char *shard, const char *origin,
                                                uint64_t size, struct gw_audit_reader **ret);
/* Durable entries [from, to) in order out of bundles and journal, beside the running threads. `fn`
 * stops the walk by another status than GW_OK, which is handed on. */
GW_MUST_USE enum gw_status
gw_audit_walk(struct gw_audit *a, uint64_t from, uint64_t to,
              enum gw_status (*fn)(void *arg, uint64_t seq, struct gw_bytes entry), void *arg);
/* INTENTs of OUT exchanges that have no RESULT yet. */
struct gw_audit_intents {
    struct gw_audit_intent {
        uint64_t seq;
        uint8_t exchange_id[16];
        bool closed;
    } * row;
    size_t count, cap, closed;
};
/* Follows one decoded entry. GW_INVALID: an OUT RESULT that names no open INTENT of its exchange.
 */
GW_MUST_USE enum gw_status gw_audit_intents_follow(struct gw_audit_intents *t,
                                                   const struct gw_audit_entry *e);
/* Quickly: an EXCHANGE of direction OUT? The others need not be decoded. */
bool gw_audit_intents_concern(struct gw_bytes entry);
/* The oldest open one, `none` when there is none. */
uint64_t gw_audit_intents_oldest(const struct gw_audit_intents *t, uint64_t none);
void gw_audit_intents_fini(struct gw_audit_intents *t);

/* ---- pseudonym.c ---- */

GW_MUST_USE enum gw_status gw_audit_keys_open(const char *keys_dir, uint32_t epoch,
                                              struct gw_audit_keys **ret, bool *ret_made);
/* For tests: a key that is handed in. */
struct gw_audit_keys *gw_audit_keys_make(uint32_t epoch, struct gw_bytes key);
void gw_audit_keys_free(struct gw_audit_keys *k);
/* Label of an epoch's key: "pseudonym-202601". */
void gw_audit_keys_label(uint32_t epoch, char ret[32]);

/* ---- index.c ---- */

struct gw_audit_index;
/* Makes or rebuilds the schema when it does not belong to this log. Never fatal: the index is
 * derived. */
GW_MUST_USE enum gw_status gw_audit_index_open(const char *dir, const char *shard,
                                               const char *origin, uint64_t size,
                                               struct gw_audit_index **ret);
void gw_audit_index_close(struct gw_audit_index *ix);
/* Adds entries out of the bundles up to `size`, at most `max`, in one transaction. */
GW_MUST_USE enum gw_status gw_audit_index_add(struct gw_audit_index *ix, uint64_t size,
                                              uint64_t max);
uint64_t gw_audit_index_size(const struct gw_audit_index *ix);
/* Read-only, for a search: GW_NOT_FOUND when there is none or it does not fit the log at `shard`.
 */
GW_MUST_USE enum gw_status gw_audit_index_open_read(const char *shard, const char *origin,
                                                    uint64_t size, struct gw_audit_index **ret);
/* Sequence numbers below `before` that may match, newest first. */
GW_MUST_USE enum gw_status gw_audit_index_find(struct gw_audit_index *ix,
                                               const struct gw_audit_query *q, uint64_t before,
                                               bool (*found)(void *arg, uint64_t seq), void *arg);
/* Root of the first `size` entries by the tiles. */
GW_MUST_USE enum gw_status gw_audit_root_at(const char *shard, uint64_t size, uint64_t tree_size,
                                            struct gw_hash *ret);

/* ---- the running log ---- */

enum { GW_AUDIT_ALARM_SLOTS = 32, GW_AUDIT_MAGIC = 0x58474c31 };

struct gw_audit_alarm_slot {
    char event[65];
    char detail[65];
    int64_t last_us;
    uint32_t count; /* since last_us */
    bool in_flight;
    struct gw_audit_append ap;
    struct gw_audit *audit;
    uint8_t body[256];
};

struct gw_audit {
    uint32_t magic;
    struct gw_audit_settings set;
    char dir[PATH_MAX];
    char shard[PATH_MAX];
    char keys_dir[PATH_MAX];
    char origin[GW_AUDIT_ORIGIN_MAX + 1];
    char vkey_text[GW_AUDIT_ORIGIN_MAX + 64];
    int shard_year;
    bool recovered; /* at open */
    int lock_fd;
    struct gw_sign_key *key;
    struct gw_audit_vkey vkey;
    struct gw_audit_keys *keys;

    /* Queue: a stack that callers push to and the sequencer takes whole. */
    _Atomic(struct gw_audit_append *) head;
    _Atomic uint32_t depth; /* queued and reserved */
    sem_t wake;
    atomic_bool stop;
    atomic_bool dead;
    atomic_bool dead_called;
    atomic_bool disk_low;
    atomic_bool segment_enospc; /* seen by the sequencer, cleared by the next look at the disk */

    /* Sequencer's thread only. */
    pthread_t sequencer;
    bool sequencer_runs;
    struct gw_audit_append *first, *last; /* taken, not yet in a batch */
    uint64_t next_seq;
    int64_t last_time_us, last_wall_us;
    size_t payload_target; /* a batch is closed when it has as many bytes */
    struct gw_audit_append clock_step;
    uint8_t clock_step_body[64];
    struct gw_hash prev;
    struct gw_audit_journal journal;
    uint8_t *batch;

    _Atomic uint64_t durable; /* entries */
    _Atomic uint64_t published;
    _Atomic uint64_t oldest_us; /* time of the oldest entry not published, 0 none */

    /* Integrator's thread only (and recovery before it runs). */
    pthread_t integrator;
    bool integrator_runs;
    struct gw_audit_edge *edge;
    struct gw_audit_journal_reader reader;
    struct gw_audit_index *index;
    struct gw_buf bundle;         /* entries of the partial bundle */
    struct gw_audit_files *files; /* of the present run */
    struct gw_audit_intents intents;
    uint64_t followed; /* entries below were looked at for INTENTs */
    uint64_t marked;   /* in the mark of the run */
    struct gw_audit_checkpoint signed_last;
    bool has_signed;
    uint64_t swept[GW_AUDIT_LEVELS + 1];
    int64_t disk_checked_us;
    bool reserve_held;

    pthread_t spare;
    bool spare_runs;

    pthread_mutex_t lock; /* wishes, callbacks, alarms */
    pthread_cond_t cond;
    uint64_t publish_asked, publish_done;
    enum gw_status publish_status;
    bool integrator_stop;
    bool spare_wanted;
    atomic_bool spare_stop;
    bool dead_told;
    void (*on_dead)(void *arg);
    void *on_dead_arg;
    void (*on_batch)(void *arg);
    void *on_batch_arg;
    struct gw_audit_alarm_slot alarm[GW_AUDIT_ALARM_SLOTS];

    _Atomic uint64_t stat_batches, stat_refused, stat_sync_sum, stat_sync_max, stat_batch_max,
        stat_free, stat_published_runs, stat_indexed;
};

/* sequencer.c */
GW_MUST_USE enum gw_status gw_audit_sequencer_start(struct gw_audit *a);
void gw_audit_sequencer_stop(struct gw_audit *a);
/* From any thread: the log dies; the sequencer fails what waits and calls on_dead. */
void gw_audit_kill(struct gw_audit *a);
/* Appends several bodies one behind the other, in one batch unless they fill it; blocks until
 * durable. */
GW_MUST_USE enum gw_status gw_audit_append_all(struct gw_audit *a, const struct gw_bytes *bodies,
                                               size_t count);
/* Queues beyond queue_max: alarms. */
void gw_audit_submit_always(struct gw_audit *a, struct gw_audit_append *ap);

/* spare.c: a segment of written zeros, made ahead on a thread of its own */
GW_MUST_USE enum gw_status gw_audit_spare_start(struct gw_audit *a);
void gw_audit_spare_stop(struct gw_audit *a);
/* From the sequencer, when it took one. */
void gw_audit_spare_want(struct gw_audit *a);

/* integrator.c, publish.c */
GW_MUST_USE enum gw_status gw_audit_integrator_start(struct gw_audit *a);
/* Publishes the rest unless the log is dead. */
void gw_audit_integrator_stop(struct gw_audit *a);
/* One run: bundles, tiles, checkpoint up to `size`. */
GW_MUST_USE enum gw_status gw_audit_publish_run(struct gw_audit *a, uint64_t size);
/* Removes covered journal segments and partial tiles that are out of date. */
GW_MUST_USE enum gw_status gw_audit_clean_up(struct gw_audit *a);

/* recover.c */
struct gw_audit_recovered {
    bool torn;
    uint64_t torn_seq, torn_bytes;
    bool unclean;
    uint64_t run_start; /* first entry of the run that ended uncleanly */
};
GW_MUST_USE enum gw_status gw_audit_recover(struct gw_audit *a, struct gw_audit_recovered *ret,
                                            struct gw_buf *ret_error);
/* RECOVERY and ALARM entries of 8.5.7, after the threads run. */
GW_MUST_USE enum gw_status gw_audit_recovery_entries(struct gw_audit *a,
                                                     const struct gw_audit_recovered *r);
/* The mark of a run: there while a process has the log open, with the number of its first entry. */
GW_MUST_USE enum gw_status gw_audit_run_mark(struct gw_audit *a, uint64_t first_seq);
void gw_audit_run_unmark(struct gw_audit *a);

/* alarm.c */
/* Sends the counts that the rate limit held back, once their second is over. */
void gw_audit_alarms_flush(struct gw_audit *a);

/* space.c */
/* statvfs at most once a second; sets disk_low below min_free, clears it at 1.25 times. */
void gw_audit_space_look(struct gw_audit *a);
void gw_audit_reserve_make(struct gw_audit *a);
void gw_audit_reserve_drop(struct gw_audit *a);

#endif

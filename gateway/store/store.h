/* The data set: records and their originals, deliveries, batches, cursors, pending log entries. One
 * interface; SQLite behind it here. Exactly one read-write connection, owned by the writer thread;
 * one read-only connection per loop. Knows nothing of the exchange log: entries are bytes to it. */
#ifndef GW_STORE_STORE_H
#define GW_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "crypto/crypto.h"

/* ---- extensions: tables of adapters ----------------------------------------------------- */

/* A step of an extension's schema: numbered from 1 without gaps, runs once, never edited after. */
struct gw_store_migration {
    uint32_t number;
    const char *title, *sql;
};
/* One SELECT, WITH, INSERT, UPDATE or DELETE with parameters $1, $2 ... */
struct gw_store_statement {
    const char *name;
    bool writes; /* changes rows: can be run in transactions only */
    const char *sql;
};
/* Tables and statements of one adapter beside ours: it makes, sees and touches tables and indexes
 * whose names begin with "<name>_", no others. What readers may see of its rows is its own
 * business: rows carry numbers of gw_store_change_next() and are compared with
 * gw_store_reader_visible(). */
struct gw_store_extension {
    const char *name; /* a-z, 0-9 and _, from a letter on; any where there is nothing else */
    const struct gw_store_migration *migrations;
    size_t migration_count;
    const struct gw_store_statement *statements;
    size_t statement_count;
};

struct gw_store_settings {
    const char *dir; /* data/store */
    const char *keys_dir;
    uint32_t queue_max;   /* jobs waiting for the writer: 4096 */
    uint32_t group_max;   /* jobs a transaction: 1024 */
    uint64_t cache_bytes; /* page cache of the writer */
    uint64_t mmap_bytes;
    /* What a statement of an extension may take on a reader: steps of SQLite's machine, rows. */
    uint32_t query_steps;
    uint32_t query_rows;
    /* Borrowed until the store is closed. */
    const struct gw_store_extension *extensions;
    size_t extension_count;
};
extern const struct gw_store_settings gw_store_defaults;

struct gw_store;
/* Opens or makes the data set, runs numbered migrations, starts the writer thread. Keys (K_store
 * for subject indexes, seal key, cursor key) are made in keys_dir at first start. GW_BUSY: another
 * process has it; text in ret_error.
 * Then the steps of all extensions that did not run yet, and their statements are prepared, all in
 * one transaction: when one is wrong nothing is left behind. GW_INVALID: a wrong name, number, step
 * or statement; GW_CONFLICT: a step was edited after it ran; GW_UNSUPPORTED: the data set has a
 * later step than the extension. What an extension made that is not given today stays as it is. */
GW_MUST_USE enum gw_status gw_store_open(const struct gw_store_settings *s, struct gw_store **ret,
                                         struct gw_buf *ret_error);
/* Without a data set: would these extensions' steps and statements do, on an empty one? Nothing is
 * written. One sentence in ret_error. */
GW_MUST_USE enum gw_status gw_store_extensions_check(const struct gw_store_extension *e,
                                                     size_t count, struct gw_buf *ret_error);
/* Finishes queued jobs, checkpoints, closes. */
void gw_store_close(struct gw_store *s);

/* ---- writing: jobs ------------------------------------------------------------------- */

struct gw_store_tx; /* valid inside run() only */
struct gw_store_reader;

/* A write: the caller's memory, alive until `committed` was called. Jobs of many loops share one
 * transaction; each runs in a savepoint of its own. */
struct gw_store_job {
    /* On the writer's thread. GW_OK keeps what it wrote; anything else rolls this job back
     * alone. */
    enum gw_status (*run)(struct gw_store_job *j, struct gw_store_tx *tx);
    /* On the writer's thread, in commit order, after COMMIT: the status of run(), or why the commit
     * failed. */
    void (*committed)(struct gw_store_job *j, enum gw_status st);
    enum gw_status result;     /* the store's own */
    struct gw_store_job *next; /* the store's own */
};
/* Any thread. GW_BUSY: queue full; GW_UNAVAILABLE: store failed or closing. */
GW_MUST_USE enum gw_status gw_store_submit(struct gw_store *s, struct gw_store_job *j);
/* Submits and waits (start-up, tools, tests). Never on the writer's thread. */
GW_MUST_USE enum gw_status gw_store_run(struct gw_store *s, struct gw_store_job *j);

/* pending_entry (DESIGN 9): the finished entry body goes in with the change; a row that is still
 * there at start is looked for in the log. Returns the receipt id that deliveries of this job refer
 * to. */
GW_MUST_USE enum gw_status gw_store_pending_put(struct gw_store_tx *tx,
                                                const uint8_t exchange_id[16], uint32_t segment,
                                                uint64_t log_size, struct gw_bytes body,
                                                int64_t *ret_receipt);
/* The receipt id that pending_put() of this job will return: call before records are put. */
int64_t gw_store_receipt_next(struct gw_store_tx *tx);
/* Any thread: the entry is durable as `seq` (UINT64_MAX: it is in the log, its place not known); a
 * later transaction deletes the row and notes the index in the receipt. */
void gw_store_pending_done(struct gw_store *s, int64_t receipt, uint64_t seq);
/* At start: walks the rows that are left, in order. */
GW_MUST_USE enum gw_status gw_store_pending_each(struct gw_store *s,
                                                 enum gw_status (*fn)(void *arg, int64_t receipt,
                                                                      uint64_t log_size,
                                                                      struct gw_bytes body),
                                                 void *arg);

enum { GW_STORE_ORIGIN_MAX = 256 };
/* What it knew at open of the log that its changes have their entries in. Borrowed. */
struct gw_store_log {
    const char *origin; /* "" when it is tied to none yet */
    uint64_t size;      /* the log has had at least so many entries */
    bool blank;         /* tied to none, and nothing was ever applied: made just now */
};
void gw_store_log_known(const struct gw_store *s, struct gw_store_log *ret);
/* At start: from now on its log is `origin`, which has `size` entries. GW_INVALID: no origin, or
 * one that is too long. */
GW_MUST_USE enum gw_status gw_store_log_tie(struct gw_store *s, const char *origin, uint64_t size);

/* Any thread with its reader: the log index of a receipt; UINT64_MAX when not known to be durable
 * (yet). GW_NOT_FOUND. */
GW_MUST_USE enum gw_status gw_store_receipt_seq(struct gw_store_reader *r, int64_t receipt,
                                                uint64_t *ret_seq);

/* For rows of extensions. The next change number, in commit order over all kinds: counts for
 * visibility as that of a record, and the job must put a pending entry, else it is undone
 * (GW_PRECONDITION). */
int64_t gw_store_change_next(struct gw_store_tx *tx);
/* The receipt id that pending_put() of this job will return, for rows that refer to it: the job is
 * undone without (GW_PRECONDITION). */
int64_t gw_store_receipt_use(struct gw_store_tx *tx);

/* Highest change number given out by this job's transaction so far (for visibility). */
int64_t gw_store_change_last(struct gw_store_tx *tx);
/* Any thread, in log order: readers see changes up to this one from now on. */
void gw_store_visible_advance(struct gw_store *s, int64_t change_no);
int64_t gw_store_visible(const struct gw_store *s);
/* From now on `fn` is called when more became visible, on the thread that advanced it: it must be
 * quick and not block (post to loops). `arg` lives until the store is closed. GW_TOO_LARGE: there
 * are GW_STORE_WATCHERS. */
enum { GW_STORE_WATCHERS = 64 };
GW_MUST_USE enum gw_status gw_store_on_visible(struct gw_store *s,
                                               void (*fn)(void *arg, int64_t change_no), void *arg);
/* Any thread: the entry of what came behind `change_no` could not be written. Readers see none of
 * it and nothing more is taken, until the next start has brought it into the log
 * (gw_store_pending_each). Stats say failed. */
void gw_store_stop_at(struct gw_store *s, int64_t change_no);

/* ---- records ------------------------------------------------------------------------- */

enum gw_store_outcome { GW_PUT_NEW = 1, GW_PUT_DUPLICATE, GW_PUT_UPDATED, GW_PUT_REFUSED };

struct gw_store_put {
    /* in */
    const char *source_peer;
    const char *kind;              /* "penalty" */
    const char *format;            /* format id of the original */
    struct gw_bytes key;           /* delivery key; never empty */
    struct gw_bytes original;      /* as received */
    struct gw_hash digest;         /* SHA-256 of the original */
    struct gw_bytes packed;        /* canonical record, protobuf */
    uint32_t class_bit;            /* GW_CLASS_*: others than organisation are sealed at rest */
    bool personal;                 /* names a natural person (a representative): sealed as well */
    const char *area;              /* six digits or "" */
    const char *subject_type;      /* "CN-USCC"; NULL when there is none */
    struct gw_bytes subject_value; /* normalised */
    struct gw_bytes business_key;
    bool business_key_weak;
    int64_t authority_us; /* the authority's own time of this revision; 0 unknown */
    int64_t wall_us;
    int64_t receipt; /* of this job */
    /* out */
    enum gw_store_outcome outcome; /* NEW, DUPLICATE, UPDATED */
    uint8_t record_id[16];
    uint32_t revision;
    int64_t first_receipt; /* DUPLICATE: receipt id of the first delivery */
    uint64_t first_seq;    /* and its log index; UINT64_MAX when not durable yet */
    int64_t change_no;
};
/* Identity of a delivery is (source peer, kind, key).
 * - Not there: NEW.
 * - The digest of the latest revision, or of one before it: DUPLICATE of that revision, whatever
 * time it claims (a stale copy does not undo a newer one); change_no is 0.
 * - Another digest and a later authority_us than that of the latest revision (0, unknown, is
 * earlier than any): UPDATED, the next revision.
 * - Else GW_CONFLICT (`revision-conflict`): nothing written, and the job may go on.
 * The record's id, revision and receipt time are the store's own columns, not inside `packed`.
 * GW_INVALID: no key, or a name that is empty or over 64 bytes. After any other status the job can
 * not be kept: run() returning GW_OK all the same is told that status. The job must make `receipt`
 * with gw_store_pending_put(), else it is undone: GW_PRECONDITION (0: none, for tools and tests).
 */
GW_MUST_USE enum gw_status gw_store_record_put(struct gw_store_tx *tx, struct gw_store_put *p);

/* ---- batches ------------------------------------------------------------------------- */

struct gw_store_batch {
    uint8_t id[16];
    char peer[65];
    char format[65];
    uint64_t declared;
    struct gw_hash digest; /* over SHA-256 of each item, in row order */
    bool has_digest;
    int64_t opened_us, closed_us; /* closed_us 0: open */
    uint64_t added, repeated, updated, refused;
    uint64_t highest_row; /* every row up to `contiguous` is there */
    uint64_t contiguous;
    uint64_t first_seq, last_seq; /* range of log entries; UINT64_MAX none yet */
};
struct gw_store_batch_row {
    uint64_t row;
    struct gw_bytes key;
    enum gw_store_outcome outcome;
    struct gw_hash digest;
    struct gw_bytes
        reasons; /* REFUSED: what the service packed (reason codes and fields), else empty */
    int64_t receipt;
};
/* GW_EXISTS: that id is there (same content is for the caller to compare). */
GW_MUST_USE enum gw_status gw_store_batch_open(struct gw_store_tx *tx,
                                               const struct gw_store_batch *b);
/* Notes a row's outcome once: a row that is there with the same digest keeps its first outcome
 * (*ret_first false), also in a closed batch; with another digest GW_CONFLICT. GW_NOT_FOUND: no
 * such batch. GW_PRECONDITION: closed, and not one of its rows. GW_INVALID: row 0 or no outcome. */
GW_MUST_USE enum gw_status gw_store_batch_row_put(struct gw_store_tx *tx, const uint8_t id[16],
                                                  const struct gw_store_batch_row *row,
                                                  bool *ret_first);
/* The row as it was noted first; key and reasons borrowed until the next call on this tx.
 * GW_NOT_FOUND: no such batch or row. For asking before a record is put: a row that comes again
 * with another digest must change nothing. */
GW_MUST_USE enum gw_status gw_store_batch_row_get(struct gw_store_tx *tx, const uint8_t id[16],
                                                  uint64_t row, struct gw_store_batch_row *ret);
/* SHA-256 over the digests of rows 1 to `contiguous` in order, for closing. Kept as rows arrive:
 * reads rows only when many of them came before their turn. */
GW_MUST_USE enum gw_status gw_store_batch_digest(struct gw_store_tx *tx, const uint8_t id[16],
                                                 struct gw_hash *ret);
GW_MUST_USE enum gw_status gw_store_batch_close(struct gw_store_tx *tx, const uint8_t id[16],
                                                int64_t wall_us);
GW_MUST_USE enum gw_status gw_store_batch_get_tx(struct gw_store_tx *tx, const uint8_t id[16],
                                                 struct gw_store_batch *ret);
/* The refused rows by row, at most `limit`; key and reasons borrowed for the call. `fn` returns
 * false to stop. */
GW_MUST_USE enum gw_status
gw_store_batch_refused_tx(struct gw_store_tx *tx, const uint8_t id[16], uint32_t limit,
                          bool (*fn)(void *arg, const struct gw_store_batch_row *row), void *arg);

/* ---- reading ------------------------------------------------------------------------- */

/* A read-only connection; belongs to one thread. */
struct gw_store_reader;
GW_MUST_USE enum gw_status gw_store_reader_open(struct gw_store *s, struct gw_store_reader **ret);
void gw_store_reader_close(struct gw_store_reader *r);
/* One read transaction per loop turn: begins at the first read, ended by the turn-end hook before
 * polling. */
void gw_store_reader_turn_end(struct gw_store_reader *r);

struct gw_store_row {
    int64_t change_no;
    uint8_t record_id[16];
    uint32_t revision;
    uint32_t class_bit;
    const char *area;
    const char *source_peer;
    int64_t received_us;
    struct gw_bytes packed; /* opened if it was sealed */
};
/* Latest state of the records of a kind in order of change, after `after` up to the visible one.
 * Each record once, at its latest change. Rows are borrowed for the call; `fn` returns false to
 * stop before that row is counted as read. *ret_last: change number of the last row passed (or
 * `after`); *ret_more: there is more up to the visible one. */
GW_MUST_USE enum gw_status gw_store_changes(struct gw_store_reader *r, const char *kind,
                                            int64_t after, uint32_t limit,
                                            bool (*fn)(void *arg, const struct gw_store_row *row),
                                            void *arg, int64_t *ret_last, bool *ret_more);
GW_MUST_USE enum gw_status gw_store_batch_get(struct gw_store_reader *r, const uint8_t id[16],
                                              struct gw_store_batch *ret);
/* Rows of a batch from `after_row` on; `only_refused` for sheets. Reasons and key borrowed for the
 * call. */
GW_MUST_USE enum gw_status
gw_store_batch_rows(struct gw_store_reader *r, const uint8_t id[16], uint64_t after_row,
                    bool only_refused, uint32_t limit,
                    bool (*fn)(void *arg, const struct gw_store_batch_row *row), void *arg);
/* By subject (HMAC index): for status, subject access and tests. */
GW_MUST_USE enum gw_status
gw_store_by_subject(struct gw_store_reader *r, const char *type, struct gw_bytes value,
                    bool (*fn)(void *arg, const struct gw_store_row *row), void *arg);

/* The same, records of one kind. */
GW_MUST_USE enum gw_status
gw_store_by_subject_kind(struct gw_store_reader *r, const char *kind, const char *type,
                         struct gw_bytes value,
                         bool (*fn)(void *arg, const struct gw_store_row *row), void *arg);

/* One record by its id, as far as visible. GW_NOT_FOUND. */
GW_MUST_USE enum gw_status
gw_store_record_get(struct gw_store_reader *r, const uint8_t id[16],
                    bool (*fn)(void *arg, const struct gw_store_row *row), void *arg);
/* The original of a revision, as received. GW_NOT_FOUND: no such revision, not visible yet, or
 * erased. */
GW_MUST_USE enum gw_status
gw_store_original_get(struct gw_store_reader *r, const uint8_t id[16], uint32_t revision,
                      void (*fn)(void *arg, const char *format, struct gw_bytes original),
                      void *arg);

/* Opaque cursors: sealed under the data-set key, survive restart; base64url text. `ad` binds them
 * to peer and question. */
GW_MUST_USE enum gw_status gw_store_cursor_seal(const struct gw_store *s, struct gw_bytes plain,
                                                struct gw_bytes ad, struct gw_buf *ret_text);
/* GW_INVALID: not ours, or for another peer or question. */
GW_MUST_USE enum gw_status gw_store_cursor_open(const struct gw_store *s, struct gw_bytes text,
                                                struct gw_bytes ad, struct gw_buf *ret_plain);

/* ---- what extensions are lent ------------------------------------------------------------ */

enum gw_store_type { GW_STORE_NULL, GW_STORE_NUMBER, GW_STORE_TEXT, GW_STORE_BLOB };
enum { GW_STORE_CELLS_MAX = 64 }; /* parameters, or columns, of one statement */
/* A parameter, or a column of a result: bytes borrowed for the call. Text is UTF-8. */
struct gw_store_cell {
    enum gw_store_type type;
    int64_t number;
    struct gw_bytes bytes;
};
/* false stops. */
typedef bool gw_store_cells_fn(void *arg, const struct gw_store_cell *columns, size_t count);
/* Runs statement `statement` of extension `extension`, both by their place in what was given to
 * open; `fn` (may be NULL) gets each row. It may run other statements, not this one.
 * GW_INVALID: no such statement, or another number of parameters. GW_PRECONDITION: it writes, and
 * this is a reader; or it is running. GW_EXISTS: a constraint, the statement has changed nothing.
 * GW_UNSUPPORTED: a column is a floating-point number. GW_TOO_LARGE: over query_steps or query_rows
 * (readers). After any other status the job can not be kept. */
GW_MUST_USE enum gw_status gw_store_tx_sql(struct gw_store_tx *tx, size_t extension,
                                           size_t statement, const struct gw_store_cell *params,
                                           size_t count, gw_store_cells_fn *fn, void *arg);
GW_MUST_USE enum gw_status gw_store_reader_sql(struct gw_store_reader *r, size_t extension,
                                               size_t statement, const struct gw_store_cell *params,
                                               size_t count, gw_store_cells_fn *fn, void *arg);
/* For readers of threads that may take long: no query_steps and query_rows from now on. */
void gw_store_reader_unbounded(struct gw_store_reader *r);
/* Changes up to this one are in what the present turn of the reader sees, and may be shown. */
GW_MUST_USE enum gw_status gw_store_reader_visible(struct gw_store_reader *r, int64_t *ret);
/* HMAC under K_store in a domain of its own, the same for all extensions: not the key that our own
 * subject index has. GW_TOO_LARGE: `type` over 255 bytes. */
GW_MUST_USE enum gw_status gw_store_key_of(const struct gw_store *s, const char *type,
                                           struct gw_bytes value, uint8_t ret[GW_SHA256_LEN]);
/* AES-256-GCM under a key of the data set for extensions; `ad` binds. GW_CORRUPT: not ours. */
GW_MUST_USE enum gw_status gw_store_seal(const struct gw_store *s, struct gw_bytes plain,
                                         struct gw_bytes ad, struct gw_buf *ret);
GW_MUST_USE enum gw_status gw_store_unseal(const struct gw_store *s, struct gw_bytes sealed,
                                           struct gw_bytes ad, struct gw_buf *ret);

struct gw_store_stats {
    uint64_t records, deliveries, batches_open, pending;
    uint32_t queue_depth;
    uint64_t commits, jobs;
    bool failed;
};
void gw_store_stats_get(struct gw_store *s, struct gw_store_stats *ret);

#endif

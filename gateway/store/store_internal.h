/* Shared inside store/: the data set, the transaction of the writer, a reader, and the keys. */
#ifndef GW_STORE_STORE_INTERNAL_H
#define GW_STORE_STORE_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/db.h"
#include "store/store.h"

enum {
    GW_STORE_MAC_LEN = 16,
    GW_STORE_KEY_CHECK_LEN = 3 * GW_STORE_MAC_LEN,
    GW_STORE_NAME_MAX = 64
};

/* ---- keys.c -------------------------------------------------------------------------- */

struct gw_store_keys {
    struct gw_mac_key *index;   /* K_store: deliveries, subjects, business keys, digests */
    struct gw_seal_key *record; /* packed records and originals */
    struct gw_seal_key *batch_row;
    struct gw_seal_key *cursor;
    struct gw_seal_key *extension;         /* what extensions seal */
    uint8_t check[GW_STORE_KEY_CHECK_LEN]; /* which keys these are, without telling them */
};
/* Reads the secrets of keys_dir; `make`: makes those that are not there. Text in ret_error. */
GW_MUST_USE enum gw_status gw_store_keys_load(struct gw_store_keys *k, const char *keys_dir,
                                              bool make, struct gw_buf *ret_error);
void gw_store_keys_fini(struct gw_store_keys *k);

/* HMAC under K_store, cut to 128 bits: 33 million values meet with a chance of 2^-79. One label per
 * use, so that no value of one use can be looked up as another. Parts `a` and `b` may be NULL; at
 * most 255 bytes each (GW_TOO_LARGE). */
enum gw_store_mac_use {
    GW_MAC_DELIVERY = 'd',
    GW_MAC_PLACE = 'n',
    GW_MAC_DIGEST = 'h',
    GW_MAC_SUBJECT = 's',
    GW_MAC_BUSINESS = 'b',
    GW_MAC_LENT = 'x' /* keys of extensions */
};
GW_MUST_USE enum gw_status gw_store_mac(const struct gw_store_keys *k, enum gw_store_mac_use use,
                                        const char *a, const char *b, struct gw_bytes value,
                                        uint8_t ret[GW_STORE_MAC_LEN]);
/* The same, whole. */
GW_MUST_USE enum gw_status gw_store_mac_whole(const struct gw_store_keys *k,
                                              enum gw_store_mac_use use, const char *a,
                                              const char *b, struct gw_bytes value,
                                              struct gw_hash *ret);

/* What a sealed blob belongs to: it opens nowhere else. */
enum gw_store_part {
    GW_PART_PACKED = 'p',
    GW_PART_ORIGINAL = 'o',
    GW_PART_BATCH_ROW = 'r',
    GW_PART_BATCH_DIGEST = 'd'
};
enum { GW_STORE_AD_LEN = 16 + 8 + 1 };
struct gw_bytes gw_store_ad(uint8_t mem[GW_STORE_AD_LEN], enum gw_store_part part,
                            const uint8_t id[16], uint64_t no);

/* ---- schema.c ------------------------------------------------------------------------ */

/* Checks whose file it is, runs the migrations that are missing, ties the keys to it. *ret_version
 * before prepare. */
GW_MUST_USE enum gw_status gw_store_schema_version(struct gw_store_db *db, const char *path,
                                                   int64_t *ret, struct gw_buf *ret_error);
GW_MUST_USE enum gw_status gw_store_schema_migrate(struct gw_store_db *db, const char *path,
                                                   int64_t from, struct gw_buf *ret_error);
int64_t gw_store_schema_newest(void);

/* ---- extension.c --------------------------------------------------------------------- */

/* After prepare: runs the steps that are missing and prepares the statements. One sentence in
 * ret_error. */
GW_MUST_USE enum gw_status gw_store_extensions_open(struct gw_store *s, struct gw_buf *ret_error);

/* ---- the transaction of the writer --------------------------------------------------- */

/* Kept with the data (table counter, and rows counted at start); what a job did to them is undone
 * with it. */
struct gw_store_count {
    int64_t change, receipt;
    uint64_t records, deliveries, batches_open, pending;
    uint64_t log_size; /* the log has at least so many entries */
};

/* The batch that this job writes rows of: read once, written once, whatever the number of rows. */
struct gw_store_batch_state {
    int64_t no; /* 0: none */
    bool dirty;
    struct gw_store_batch b;
    int64_t first_receipt, last_receipt; /* 0: none */
    uint64_t rolled; /* rows 1 to this one are in the transaction's rolling digest */
};

struct gw_store_tx {
    struct gw_store *store;
    struct gw_store_db *db;
    struct gw_store_count count;
    struct gw_store_batch_state batch;
    struct gw_sha256 *rolling; /* over the first batch.rolled rows' digests */
    int64_t receipt_used;      /* highest receipt that rows of this job refer to */
    enum gw_status broken;     /* a call of this job was left half done: it must not be kept */
    struct gw_buf sealed;      /* scratch, one per use in a put */
    struct gw_buf sealed2;
};

/* batch.c: writes tx->batch back; and forgets it. */
GW_MUST_USE enum gw_status gw_store_batch_flush(struct gw_store_tx *tx);

/* ---- the data set -------------------------------------------------------------------- */

struct gw_store_done {
    int64_t receipt;
    uint64_t seq;
};
struct gw_store_dones {
    struct gw_store_done *item;
    size_t count, cap;
};

enum { GW_STORE_MAGIC = 0x58515354, GW_STORE_RECENT = 8192 };

struct gw_store {
    uint32_t magic;
    struct gw_store_settings set; /* strings: only `path` below is used after open */
    char path[PATH_MAX];
    int lock_fd;
    /* As found at open. */
    char log_origin[GW_STORE_ORIGIN_MAX]; /* "" when it is tied to no log yet */
    uint64_t log_at_open;
    bool blank_at_open; /* nothing was ever applied */
    struct gw_store_keys keys;
    struct gw_store_db *db; /* the writer's, after start */
    pthread_t thread;
    bool started;
    _Atomic int64_t visible;
    _Atomic int64_t visible_end; /* it never passes this one: gw_store_stop_at() */
    struct {
        void (*fn)(void *arg, int64_t change_no);
        void *arg;
    } watcher[GW_STORE_WATCHERS];
    _Atomic size_t watchers; /* those below are whole */

    /* The writer's own. */
    struct gw_store_tx tx;
    struct gw_store_count committed;
    struct gw_store_dones applying;
    uint64_t wal_checked; /* bytes of the write-ahead log at the last checkpoint that left some */
    int64_t idle_since_us;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t wake;
    bool waiting; /* the writer sleeps */
    bool closing;
    bool failed;
    struct gw_store_job *head;
    struct gw_store_job **tail;
    uint32_t depth;
    struct gw_store_dones dones;
    int64_t dones_since_us;
    struct gw_store_done
        recent[GW_STORE_RECENT]; /* by receipt modulo: indexes that the table may not have yet */
    struct gw_store_stats stats;
};

/* pending.c */
GW_MUST_USE enum gw_status gw_store_log_load(struct gw_store *s);
/* writer.c */
GW_MUST_USE enum gw_status gw_store_writer_start(struct gw_store *s);
void gw_store_writer_stop(struct gw_store *s);
/* UINT64_MAX when not among the recent ones. */
uint64_t gw_store_recent_seq(struct gw_store *s, int64_t receipt);

/* For tests: the file may not grow over so many pages (disk full); 0 takes the limit away. */
GW_MUST_USE enum gw_status gw_store_test_max_pages(struct gw_store *s, int64_t pages);

/* ---- a reader ------------------------------------------------------------------------ */

struct gw_store_reader {
    struct gw_store *store;
    struct gw_store_db *db;
    bool in_turn;
    bool unbounded;
    int64_t visible; /* of this turn */
    struct gw_buf opened;
};
/* Begins the turn's read transaction when there is none. */
GW_MUST_USE enum gw_status gw_store_reader_turn(struct gw_store_reader *r);

static inline bool gw_store_sealed(const struct gw_store_put *p)
{
    enum { ORGANISATION = 1u << 0 }; /* GW_CLASS_ORGANISATION of authz/, which is not below us */
    return p->personal || p->class_bit != ORGANISATION;
}

#endif

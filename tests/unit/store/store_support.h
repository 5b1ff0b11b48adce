/* Shared by the tests of store/: a data set in a temporary directory, jobs from plain functions,
 * puts with defaults. */
#ifndef GW_TESTS_STORE_SUPPORT_H
#define GW_TESTS_STORE_SUPPORT_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "store/db.h"
#include "store/store.h"

enum { ORG = 1, SOLE = 2, PERSON = 4 };
static const int64_t T0 = INT64_C(1775000000000000);

struct world {
    char root[256];
    char dir[300];
    char keys[300];
    struct gw_store_settings set;
    struct gw_store *s;
    struct gw_store_reader *r;
};

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st;
    (void)flag;
    (void)f;
    return remove(path);
}

static inline void remove_tree(const char *root)
{
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void world_make(struct world *w)
{
    const char *tmp = getenv("TMPDIR");
    *w = (struct world){0};
    snprintf(w->root, sizeof(w->root), "%s/xinqiao-store-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->root));
    snprintf(w->dir, sizeof(w->dir), "%s/store", w->root);
    snprintf(w->keys, sizeof(w->keys), "%s/keys", w->root);
    w->set = gw_store_defaults;
    w->set.dir = w->dir;
    w->set.keys_dir = w->keys;
    w->set.cache_bytes = 8 << 20;
    w->set.mmap_bytes = 64 << 20;
    assert_int_equal(gw_crypto_init(), GW_OK);
}

static inline enum gw_status world_try_open(struct world *w, char *text, size_t size)
{
    struct gw_buf err;
    gw_buf_init(&err, 4096);
    enum gw_status st = gw_store_open(&w->set, &w->s, &err);
    if (text != NULL)
        snprintf(text, size, "%.*s", GW_BYTES_FMT(gw_buf_view(&err)));
    if (st != GW_OK) {
        w->s = NULL;
        /* A refusal to open says why. */
        assert_true(err.len > 0);
    }
    gw_buf_fini(&err);
    return st;
}

static inline void world_open(struct world *w)
{
    char text[512];
    if (world_try_open(w, text, sizeof(text)) != GW_OK)
        fail_msg("open: %s", text);
    assert_int_equal(gw_store_reader_open(w->s, &w->r), GW_OK);
}

static inline void world_close(struct world *w)
{
    gw_store_reader_close(w->r);
    gw_store_close(w->s);
    w->r = NULL;
    w->s = NULL;
}

static inline void world_reopen(struct world *w)
{
    world_close(w);
    world_open(w);
}

static inline const char *path_in(const char *dir, const char *name)
{
    static char path[PATH_MAX];
    assert_int_equal(gw_file_join(path, sizeof(path), dir, name), GW_OK);
    return path;
}

/* Runs SQL on the closed data set. */
static inline void tamper(struct world *w, const char *sql)
{
    struct gw_store_db *db;
    assert_int_equal(
        gw_store_db_open(path_in(w->dir, "xinqiao.db"), GW_STORE_DB_WRITER, &w->set, &db, NULL),
        GW_OK);
    assert_int_equal(gw_store_db_script(db, sql), GW_OK);
    gw_store_db_close(db);
}

static inline int world_setup(void **state)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_make(w);
    world_open(w);
    *state = w;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    world_close(w);
    remove_tree(w->root);
    free(w);
    return 0;
}

/* A job from a function. */
typedef enum gw_status body_fn(struct gw_store_tx *tx, void *arg);
struct fn_job {
    struct gw_store_job job;
    body_fn *fn;
    void *arg;
};

static inline enum gw_status fn_job_run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    struct fn_job *f = GW_CONTAINER_OF(j, struct fn_job, job);
    return f->fn(tx, f->arg);
}

static inline enum gw_status run_fn(struct gw_store *s, body_fn *fn, void *arg)
{
    struct fn_job f = {.job = {.run = fn_job_run}, .fn = fn, .arg = arg};
    return gw_store_run(s, &f.job);
}

/* A put with defaults: an organisation's penalty from hangzhou. Strings live until it ran. */
static inline struct gw_store_put put_of(const char *key, const char *original)
{
    struct gw_store_put p = {
        .source_peer = "hangzhou",
        .kind = "penalty",
        .format = "hangzhou.penalty@1",
        .key = gw_bytes_str(key),
        .original = gw_bytes_str(original),
        .packed = gw_bytes_str(original),
        .class_bit = ORG,
        .area = "330500",
        .subject_type = "CN-USCC",
        .subject_value = gw_bytes_str("913305000000000001"),
        .authority_us = T0,
        .wall_us = T0 + 5,
    };
    gw_crypto_sha256(p.original, GW_BYTES_NONE, GW_BYTES_NONE, &p.digest);
    return p;
}

/* Puts as one job with its pending entry; the change becomes visible. */
struct put_job {
    struct gw_store_put *p;
    size_t count;
    int64_t receipt;
    int64_t change;
};

static inline enum gw_status put_job_body(struct gw_store_tx *tx, void *arg)
{
    static const uint8_t exchange[16] = "exchange-id-0123";
    struct put_job *j = arg;
    int64_t receipt = gw_store_receipt_next(tx);
    for (size_t i = 0; i < j->count; i++) {
        j->p[i].receipt = receipt;
        GW_TRY(gw_store_record_put(tx, &j->p[i]));
    }
    GW_TRY(gw_store_pending_put(tx, exchange, 0, 7, GW_BYTES_LIT("entry body"), &j->receipt));
    j->change = gw_store_change_last(tx);
    return j->receipt == receipt ? GW_OK : GW_INTERNAL;
}

static inline enum gw_status put_many(struct world *w, struct gw_store_put *p, size_t count,
                                      int64_t *ret_receipt)
{
    struct put_job j = {.p = p, .count = count};
    enum gw_status st = run_fn(w->s, put_job_body, &j);
    if (st == GW_OK)
        gw_store_visible_advance(w->s, j.change);
    if (ret_receipt != NULL)
        *ret_receipt = j.receipt;
    return st;
}

static inline enum gw_status put_one(struct world *w, struct gw_store_put *p)
{
    return put_many(w, p, 1, NULL);
}

/* Rows read, kept as text. */
struct seen {
    size_t count;
    size_t stop_before; /* 0: never */
    struct {
        int64_t change_no;
        uint32_t revision;
        uint32_t class_bit;
        uint8_t id[16];
        char packed[128];
        char peer[65];
        char area[8];
    } row[64];
};

static inline bool see(void *arg, const struct gw_store_row *row)
{
    struct seen *s = arg;
    if (s->stop_before != 0 && s->count + 1 == s->stop_before)
        return false;
    assert_true(s->count < GW_ARRAY_LEN(s->row));
    s->row[s->count].change_no = row->change_no;
    s->row[s->count].revision = row->revision;
    s->row[s->count].class_bit = row->class_bit;
    memcpy(s->row[s->count].id, row->record_id, 16);
    snprintf(s->row[s->count].packed, 128, "%.*s", GW_BYTES_FMT(row->packed));
    snprintf(s->row[s->count].peer, 65, "%s", row->source_peer);
    snprintf(s->row[s->count].area, 8, "%s", row->area);
    s->count++;
    return true;
}

static inline size_t count_changes(struct world *w, const char *kind)
{
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, kind, 0, 64, see, &seen, &last, &more), GW_OK);
    gw_store_reader_turn_end(w->r);
    return seen.count;
}

#endif

/* Opening and closing a data set: directory, lock, keys, schema, counters; then the writer
 * (writer.c). */
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

const struct gw_store_settings gw_store_defaults = {
    .dir = "data/store",
    .keys_dir = "data/keys",
    .queue_max = 4096,
    .group_max = 1024,
    .cache_bytes = UINT64_C(256) << 20,
    .mmap_bytes = UINT64_C(2) << 30, /* what Debian's SQLite allows */
    .query_steps = 1000000,          /* about 20 ms */
    .query_rows = 10000,
};

enum { SCRATCH_MAX = 64 << 20 };

static enum gw_status refuse(struct gw_buf *ret_error, enum gw_status st, const char *path,
                             const char *text)
{
    if (ret_error != NULL)
        gw_buf_printf(ret_error, "%s: %s", path, text);
    return st;
}

static enum gw_status make_dir(const char *dir, struct gw_buf *ret_error)
{
    enum gw_status st = gw_file_mkdirs(dir, 0700);
    if (st != GW_OK)
        return refuse(ret_error, st, dir, gw_status_text(st));
    struct stat info;
    if (stat(dir, &info) != 0)
        return refuse(ret_error, GW_IO, dir, "cannot be looked at");
    if (info.st_uid != geteuid())
        return refuse(ret_error, GW_DENIED, dir, "belongs to another user");
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refuse(ret_error, GW_DENIED, dir, "others may enter it; chmod 0700 it");
    return GW_OK;
}

static enum gw_status take_lock(struct gw_store *s, const char *dir, struct gw_buf *ret_error)
{
    char path[PATH_MAX];
    GW_TRY(gw_file_join(path, sizeof(path), dir, "lock"));
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return refuse(ret_error, GW_IO, path, "cannot be opened");
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return refuse(ret_error, errno == EWOULDBLOCK ? GW_BUSY : GW_IO, dir,
                      "another process uses this data set");
    return GW_OK;
}

/* SQLite gives its other files the mode of the first. */
static enum gw_status make_file(const char *dir, const char *path, struct gw_buf *ret_error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return refuse(ret_error, errno == ENOSPC ? GW_NOSPACE : GW_IO, path, "cannot be opened");
    bool ok = fchmod(fd, 0600) == 0;
    close(fd);
    return ok ? gw_file_sync_dir(dir) : refuse(ret_error, GW_IO, path, "cannot be made private");
}

/* The keys must be those of the data: with others every delivery would look new. */
static enum gw_status tie_keys(struct gw_store *s, struct gw_buf *ret_error)
{
    const struct gw_store_value name = GW_V_TEXT("keys");
    struct gw_bytes ours = gw_bytes_make(s->keys.check, sizeof(s->keys.check));
    enum gw_status st = gw_store_db_one(s->db, GW_ST_META_GET, &name, 1);
    if (st == GW_NOT_FOUND) {
        const struct gw_store_value v[] = {name, GW_V_BLOB(ours)};
        return gw_store_db_exec(s->db, GW_ST_META_PUT, v, GW_ARRAY_LEN(v), NULL);
    }
    GW_TRY(st);
    bool same = gw_bytes_eq_secret(gw_store_db_col_bytes(s->db, GW_ST_META_GET, 0), ours);
    gw_store_db_end(s->db, GW_ST_META_GET);
    return same ? GW_OK
                : refuse(
                      ret_error, GW_PRECONDITION, s->path,
                      "was written with other keys; restore the keys directory that belongs to it");
}

static enum gw_status load_counters(struct gw_store *s)
{
    struct gw_store_count *c = &s->tx.count;
    GW_TRY(gw_store_db_one(s->db, GW_ST_COUNTER_GET, NULL, 0));
    c->change = gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 0);
    c->records = (uint64_t)gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 1);
    c->deliveries = (uint64_t)gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 2);
    c->batches_open = (uint64_t)gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 3);
    c->receipt = gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 4);
    c->pending = (uint64_t)gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 5);
    c->log_size = (uint64_t)gw_store_db_col_int(s->db, GW_ST_COUNTER_GET, 6);
    gw_store_db_end(s->db, GW_ST_COUNTER_GET);
    s->log_at_open = c->log_size;
    s->blank_at_open = c->receipt == 0 && c->change == 0;
    /* What is pending is brought into the log before anybody is served (DESIGN 9). */
    atomic_store(&s->visible, c->change);
    atomic_store(&s->visible_end, INT64_MAX);
    s->stats = (struct gw_store_stats){.records = c->records,
                                       .deliveries = c->deliveries,
                                       .batches_open = c->batches_open,
                                       .pending = c->pending};
    return GW_OK;
}

static enum gw_status open_parts(struct gw_store *s, struct gw_buf *ret_error)
{
    const char *dir = s->set.dir;
    GW_TRY(make_dir(dir, ret_error));
    GW_TRY(gw_file_join(s->path, sizeof(s->path), dir, "xinqiao.db"));
    GW_TRY(take_lock(s, dir, ret_error));
    GW_TRY(make_file(dir, s->path, ret_error));
    GW_TRY(gw_store_db_open(s->path, GW_STORE_DB_WRITER, &s->set, &s->db, ret_error));
    int64_t version;
    GW_TRY(gw_store_schema_version(s->db, s->path, &version, ret_error));
    GW_TRY(gw_store_keys_load(&s->keys, s->set.keys_dir, version == 0, ret_error));
    GW_TRY(gw_store_schema_migrate(s->db, s->path, version, ret_error));
    enum gw_status st = gw_store_db_prepare(s->db);
    if (st != GW_OK)
        return refuse(ret_error, st, s->path, gw_store_db_message(s->db));
    GW_TRY(tie_keys(s, ret_error));
    GW_TRY(load_counters(s));
    GW_TRY(gw_store_log_load(s));
    GW_TRY(gw_store_extensions_open(s, ret_error));
    (void)gw_store_db_take_failure(s->db);
    return gw_store_writer_start(s);
}

enum gw_status gw_store_open(const struct gw_store_settings *set, struct gw_store **ret,
                             struct gw_buf *ret_error)
{
    struct gw_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    s->magic = GW_STORE_MAGIC;
    s->set = *set;
    s->lock_fd = -1;
    s->tail = &s->head;
    s->tx.store = s;
    gw_buf_init(&s->tx.sealed, SCRATCH_MAX);
    gw_buf_init(&s->tx.sealed2, SCRATCH_MAX);
    s->tx.rolling = gw_crypto_sha256_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    size_t said = ret_error != NULL ? ret_error->len : 0;
    enum gw_status st = set->queue_max == 0 || set->group_max == 0 ? GW_INVALID
                        : s->tx.rolling == NULL                    ? GW_NOMEM
                                                                   : open_parts(s, ret_error);
    if (st != GW_OK) {
        if (ret_error != NULL && ret_error->len == said)
            gw_buf_printf(ret_error, "%s: %s", set->dir, gw_status_text(st));
        gw_store_close(s);
        return st;
    }
    /* The caller's strings may go now. */
    s->set.dir = NULL;
    s->set.keys_dir = NULL;
    *ret = s;
    return GW_OK;
}

void gw_store_close(struct gw_store *s)
{
    if (s == NULL)
        return;
    GW_MAGIC_CHECK(s, GW_STORE_MAGIC);
    if (s->started)
        gw_store_writer_stop(s);
    gw_store_db_close(s->db);
    gw_store_keys_fini(&s->keys);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    gw_buf_fini(&s->tx.sealed);
    gw_buf_fini(&s->tx.sealed2);
    gw_crypto_sha256_free(s->tx.rolling);
    free(s->applying.item);
    free(s->dones.item);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    s->magic = 0;
    free(s);
}

void gw_store_visible_advance(struct gw_store *s, int64_t change_no)
{
    int64_t end = atomic_load(&s->visible_end);
    int64_t now = atomic_load_explicit(&s->visible, memory_order_relaxed);
    if (change_no > end)
        change_no = end;
    do {
        if (now >= change_no)
            return;
    } while (!atomic_compare_exchange_weak(&s->visible, &now, change_no));
    size_t watchers = atomic_load(&s->watchers);
    for (size_t i = 0; i < watchers; i++)
        s->watcher[i].fn(s->watcher[i].arg, change_no);
}

enum gw_status gw_store_on_visible(struct gw_store *s, void (*fn)(void *arg, int64_t change_no),
                                   void *arg)
{
    enum gw_status st = GW_TOO_LARGE;
    pthread_mutex_lock(&s->lock);
    size_t at = atomic_load(&s->watchers);
    if (at < GW_STORE_WATCHERS) {
        s->watcher[at].fn = fn;
        s->watcher[at].arg = arg;
        atomic_store(&s->watchers, at + 1);
        st = GW_OK;
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

void gw_store_stop_at(struct gw_store *s, int64_t change_no)
{
    pthread_mutex_lock(&s->lock);
    if (change_no < atomic_load(&s->visible_end))
        atomic_store(&s->visible_end, change_no);
    s->failed = true;
    pthread_mutex_unlock(&s->lock);
}

int64_t gw_store_visible(const struct gw_store *s)
{
    return atomic_load(&s->visible);
}

void gw_store_stats_get(struct gw_store *s, struct gw_store_stats *ret)
{
    pthread_mutex_lock(&s->lock);
    *ret = s->stats;
    ret->queue_depth = s->depth;
    ret->failed = s->failed;
    pthread_mutex_unlock(&s->lock);
}

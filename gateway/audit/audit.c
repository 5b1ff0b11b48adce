/* Opening and closing the log: lock, shard, keys, recovery, threads. The life of an entry is
 * sequencer.c, of a checkpoint publish.c. */
#include "audit/audit_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/files.h"
#include "base/clock.h"
#include "base/text.h"

enum { SEGMENT_LEAST = 16 * 1024, PAYLOAD_TARGET = 1024 * 1024 };

const struct gw_audit_settings gw_audit_defaults = {
    .dir = "data/log",
    .keys_dir = "keys",
    .queue_max = 4096,
    .batch_max = 1024,
    .checkpoint_interval_ms = 1000,
    .commit_timeout_ms = 2000,
    .segment_bytes = UINT64_C(64) << 20,
    .min_free = UINT64_C(1) << 30,
};

/* ---- names ---- */

static bool host_ok(const char *host)
{
    size_t len = host != NULL ? strlen(host) : 0;
    if (len == 0 || len > GW_AUDIT_ORIGIN_MAX - 32)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (host[i] <= ' ' || host[i] == '+' || host[i] == '/' || host[i] == 0x7f)
            return false;
    }
    return true;
}

/* "2026" or "2026-2"; the order of years, then of successors. */
static bool shard_parse(const char *name, int *ret_year, int *ret_part)
{
    struct gw_bytes rest = gw_bytes_str(name);
    uint64_t year, part = 1;
    if (rest.len < 4 || gw_text_u64(gw_bytes_make(name, 4), &year) != GW_OK)
        return false;
    if (rest.len > 4 &&
        (name[4] != '-' || rest.len > 8 ||
         gw_text_u64(gw_bytes_make(name + 5, rest.len - 5), &part) != GW_OK || part < 2))
        return false;
    *ret_year = (int)year;
    *ret_part = (int)part;
    return true;
}

/* The newest shard there is, else one of the present year in UTC+8. Rotation at New Year is still
 * to come: a shard that is there goes on. */
static enum gw_status choose_shard(struct gw_audit *a, char ret[32])
{
    char **names;
    int best_year = 0, best_part = 0;
    int now = gw_date_at_utc8(gw_clock_wall_us()).year;
    GW_TRY(gw_file_list(a->dir, &names));
    for (char **n = names; *n != NULL; n++) {
        int year, part;
        if (strlen(*n) < 32 && shard_parse(*n, &year, &part) &&
            (year > best_year || (year == best_year && part > best_part))) {
            best_year = year;
            best_part = part;
            snprintf(ret, 32, "%s", *n);
        }
    }
    gw_file_names_free(names);
    if (best_year == 0) {
        best_year = now;
        snprintf(ret, 32, "%04d", now);
    }
    a->shard_year = best_year;
    return GW_OK;
}

/* mkdir -p whose names last: every directory above is synced, as far as we may read it. At start
 * only. */
static enum gw_status make_durable_dir(const char *path, mode_t mode)
{
    char up[PATH_MAX];
    size_t len = strlen(path);
    GW_TRY(gw_file_mkdirs(path, mode));
    memcpy(up, path, len + 1);
    for (char *slash = strrchr(up, '/'); slash != NULL && slash != up; slash = strrchr(up, '/')) {
        *slash = '\0';
        enum gw_status st = gw_file_sync_dir(up);
        if (st != GW_OK && st != GW_DENIED)
            return st;
    }
    return path[0] == '/' ? GW_OK : gw_file_sync_dir(".");
}

static enum gw_status prepare_dirs(struct gw_audit *a, bool *ret_new)
{
    char shard[32];
    GW_TRY(choose_shard(a, shard));
    int n = snprintf(a->origin, sizeof(a->origin), "%s/exchange/%s", a->set.host, shard);
    if (n < 0 || (size_t)n >= sizeof(a->origin))
        return GW_TOO_LARGE;
    GW_TRY(gw_file_join(a->shard, sizeof(a->shard), a->dir, shard));
    GW_TRY(gw_file_join(a->journal.dir, sizeof(a->journal.dir), a->shard, "journal"));
    GW_TRY(make_durable_dir(a->journal.dir, 0750));
    char **names;
    GW_TRY(gw_file_list(a->journal.dir, &names));
    *ret_new = true;
    for (char **f = names; *f != NULL; f++) {
        uint64_t first;
        *ret_new = *ret_new && gw_audit_segment_parse(*f, &first) != GW_OK;
    }
    gw_file_names_free(names);
    return GW_OK;
}

/* ---- keys ---- */

/* H(public key) of the private keys that tests/vectors publishes: never a log's key. */
static const char *const test_keys[] = {
    "6ea87e8b46704a45d625fdfbeb21238c58583abb5d1bf72eb3d6b961c73a110e",
    "add29558897e94bf9e76e36db2bf99566706d7ee957662af8a392e014a5ad016",
    "ec35a2efbb249f58ffcb5ea7f088248767f1d2865c16ed37b78e85bb66e62856",
};

static bool is_test_key(const uint8_t pub[32])
{
    struct gw_hash h, known;
    gw_crypto_sha256(gw_bytes_make(pub, 32), GW_BYTES_NONE, GW_BYTES_NONE, &h);
    for (size_t i = 0; i < GW_ARRAY_LEN(test_keys); i++) {
        if (gw_hex_decode(gw_bytes_str(test_keys[i]), known.byte, sizeof(known.byte)) == GW_OK &&
            gw_audit_hash_eq(&h, &known))
            return true;
    }
    return false;
}

static enum gw_status open_log_key(struct gw_audit *a, bool new_log, struct gw_buf *error)
{
    char name[48], path[PATH_MAX];
    snprintf(name, sizeof(name), "log-%s.pem", strrchr(a->shard, '/') + 1);
    GW_TRY(gw_file_join(path, sizeof(path), a->keys_dir, name));
    enum gw_status st = gw_crypto_sign_key_load(path, &a->key);
    if (st == GW_NOT_FOUND && !new_log) {
        gw_buf_printf(error, "the log's private key is missing: %s", path);
        return GW_CORRUPT;
    }
    if (st == GW_NOT_FOUND) {
        GW_TRY(gw_crypto_sign_key_generate(&a->key));
        st = gw_crypto_sign_key_save(a->key, path);
    }
    if (st != GW_OK) {
        gw_buf_printf(error, "%s: %s", path, gw_status_text(st));
        return st;
    }
    uint8_t pub[32];
    gw_crypto_sign_key_public(a->key, pub);
    if (is_test_key(pub)) {
        gw_buf_printf(error, "%s is a published test key", path);
        return GW_DENIED;
    }
    gw_audit_vkey_make(a->origin, 1, pub, &a->vkey);
    struct gw_buf text;
    gw_buf_init_fixed(&text, a->vkey_text, sizeof(a->vkey_text) - 1);
    gw_audit_vkey_put(&a->vkey, &text);
    return gw_buf_failed(&text);
}

/* The public half beside the private one, so that tools find it; written again only when it
 * differs. */
static enum gw_status write_vkey(struct gw_audit *a)
{
    char path[PATH_MAX];
    uint8_t there_room[512], line_room[512];
    struct gw_buf there, line;
    gw_buf_init_fixed(&there, there_room, sizeof(there_room));
    gw_buf_init_fixed(&line, line_room, sizeof(line_room));
    gw_buf_printf(&line, "%s\n", a->vkey_text);
    GW_TRY(gw_file_join(path, sizeof(path), a->keys_dir, "log.vkey"));
    if (gw_file_read(path, &there) == GW_OK && gw_bytes_eq(gw_buf_view(&there), gw_buf_view(&line)))
        return GW_OK;
    return gw_file_write_atomic(path, gw_buf_view(&line), 0644);
}

static enum gw_status open_keys(struct gw_audit *a, bool new_log, bool *ret_new_epoch,
                                struct gw_buf *error)
{
    GW_TRY(make_durable_dir(a->keys_dir, 0700));
    GW_TRY(open_log_key(a, new_log, error));
    GW_TRY(write_vkey(a));
    uint32_t epoch = (uint32_t)gw_date_at_utc8(gw_clock_wall_us()).year * 100 + 1;
    enum gw_status st = gw_audit_keys_open(a->keys_dir, epoch, &a->keys, ret_new_epoch);
    if (st != GW_OK)
        gw_buf_printf(error, "pseudonym key in %s: %s", a->keys_dir, gw_status_text(st));
    return st;
}

/* ---- first entries ---- */

static struct gw_bytes pseudonym_key_body(struct gw_audit *a, uint8_t *room, size_t size)
{
    char label[32];
    struct gw_hash h;
    gw_audit_keys_label(gw_audit_epoch(a->keys), label);
    gw_crypto_sha256(gw_bytes_str(label), GW_BYTES_NONE, GW_BYTES_NONE, &h);
    return gw_audit_body_event(room, size, GW_AUDIT_KEY, "key.created", label, &h, UINT64_MAX);
}

/* OPEN and the KEY entries of a new log go into one batch: all are there after a crash, or none. */
static enum gw_status first_entries(struct gw_audit *a)
{
    uint8_t open_room[512], key_room[1200], pseudonym_room[128];
    struct gw_hash h;
    struct gw_bytes body[3];
    gw_crypto_sha256(gw_bytes_make(a->vkey.pub, sizeof(a->vkey.pub)), GW_BYTES_NONE, GW_BYTES_NONE,
                     &h);
    body[0] = gw_audit_body_event(open_room, sizeof(open_room), GW_AUDIT_OPEN, "log.open",
                                  a->origin, NULL, UINT64_MAX);
    body[1] = gw_audit_body_event(key_room, sizeof(key_room), GW_AUDIT_KEY, "key.created",
                                  a->vkey_text, &h, UINT64_MAX);
    body[2] = pseudonym_key_body(a, pseudonym_room, sizeof(pseudonym_room));
    return gw_audit_append_all(a, body, GW_ARRAY_LEN(body));
}

static enum gw_status start_entries(struct gw_audit *a, const struct gw_audit_recovered *r,
                                    bool new_epoch)
{
    bool first = a->next_seq == 0;
    uint64_t start = a->next_seq;
    a->recovered = r->unclean || r->torn;
    if (!r->unclean)
        GW_TRY(gw_audit_run_mark(a, start));
    GW_TRY(gw_audit_sequencer_start(a));
    if (first) {
        GW_TRY(first_entries(a));
    } else {
        uint8_t room[128];
        GW_TRY(gw_audit_recovery_entries(a, r));
        if (new_epoch)
            GW_TRY(gw_audit_append_wait(a, pseudonym_key_body(a, room, sizeof(room)), NULL));
    }
    if (r->unclean)
        GW_TRY(gw_audit_run_mark(a, start));
    a->marked = a->followed = start;
    return GW_OK;
}

/* ---- open and close ---- */

static enum gw_status take_lock(struct gw_audit *a)
{
    char path[PATH_MAX];
    GW_TRY(gw_file_join(path, sizeof(path), a->dir, "lock"));
    a->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (a->lock_fd < 0)
        return GW_IO;
    if (flock(a->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? GW_BUSY : GW_IO;
    return GW_OK;
}

static void take_settings(struct gw_audit *a, const struct gw_audit_settings *s)
{
    a->set = *s;
    if (a->set.queue_max == 0)
        a->set.queue_max = gw_audit_defaults.queue_max;
    if (a->set.batch_max == 0 || a->set.batch_max > GW_AUDIT_BATCH_COUNT_MAX)
        a->set.batch_max = gw_audit_defaults.batch_max;
    if (a->set.checkpoint_interval_ms == 0)
        a->set.checkpoint_interval_ms = gw_audit_defaults.checkpoint_interval_ms;
    if (a->set.segment_bytes == 0)
        a->set.segment_bytes = gw_audit_defaults.segment_bytes;
    if (a->set.segment_bytes < SEGMENT_LEAST)
        a->set.segment_bytes = SEGMENT_LEAST;
    /* One more entry may go over the target; header, checksum and segment header come on top. */
    uint64_t fits = a->set.segment_bytes - GW_AUDIT_SEGMENT_HEADER - GW_AUDIT_BATCH_HEADER -
                    GW_SHA256_LEN - (GW_AUDIT_ENTRY_MAX + 2);
    a->payload_target = fits < PAYLOAD_TARGET ? (size_t)fits : PAYLOAD_TARGET;
    a->journal.segment_bytes = a->set.segment_bytes;
    a->journal.fd = -1;
    a->journal.origin = a->origin;
    a->lock_fd = -1;
}

static enum gw_status allocate(struct gw_audit *a)
{
    pthread_condattr_t attr;
    sem_init(&a->wake, 0, 0);
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&a->cond, &attr);
    pthread_condattr_destroy(&attr);
    gw_buf_init(&a->bundle, GW_AUDIT_BUNDLE_MAX);
    a->batch = malloc(GW_AUDIT_BATCH_MAX);
    a->edge = calloc(1, sizeof(*a->edge));
    a->files = gw_audit_files_new(a->shard);
    return a->batch != NULL && a->edge != NULL && a->files != NULL ? GW_OK : GW_NOMEM;
}

static enum gw_status open_all(struct gw_audit *a, struct gw_buf *error)
{
    struct gw_audit_recovered r;
    bool new_log, new_epoch;
    GW_TRY(allocate(a));
    GW_TRY(gw_file_mkdirs(a->dir, 0750));
    GW_TRY(take_lock(a));
    GW_TRY(prepare_dirs(a, &new_log));
    GW_TRY(open_keys(a, new_log, &new_epoch, error));
    GW_TRY(gw_audit_recover(a, &r, error));
    GW_TRY(gw_audit_journal_reader_init(&a->reader, a->shard));
    gw_audit_reserve_make(a);
    GW_TRY(start_entries(a, &r, new_epoch));
    gw_audit_space_look(a);
    if (gw_audit_index_open(a->dir, a->shard, a->origin, atomic_load(&a->published), &a->index) !=
        GW_OK)
        a->index = NULL;
    GW_TRY(gw_audit_integrator_start(a));
    GW_TRY(gw_audit_spare_start(a));
    enum gw_status st = gw_audit_publish(a);
    if (st == GW_CORRUPT)
        gw_buf_printf(error,
                      "%s: a tile or bundle beyond the checkpoint is not what the journal gives",
                      a->shard);
    /* A full disk refuses exchanges, not the start: status must still answer. */
    return st == GW_NOSPACE ? GW_OK : st;
}

static void free_all(struct gw_audit *a)
{
    gw_audit_journal_close(&a->journal);
    gw_audit_journal_reader_fini(&a->reader);
    gw_audit_index_close(a->index);
    gw_audit_files_free(a->files);
    gw_audit_intents_fini(&a->intents);
    gw_audit_keys_free(a->keys);
    gw_crypto_sign_key_free(a->key);
    gw_buf_fini(&a->bundle);
    free(a->batch);
    free(a->edge);
    pthread_cond_destroy(&a->cond);
    pthread_mutex_destroy(&a->lock);
    sem_destroy(&a->wake);
    if (a->lock_fd >= 0)
        close(a->lock_fd);
    free(a);
}

enum gw_status gw_audit_open(const struct gw_audit_settings *s, struct gw_audit **ret,
                             struct gw_buf *ret_error)
{
    if (!host_ok(s->host) || s->dir == NULL || s->keys_dir == NULL ||
        strlen(s->dir) >= PATH_MAX / 2 || strlen(s->keys_dir) >= PATH_MAX / 2) {
        gw_buf_str(ret_error, "log.host is missing or has characters that no host name has");
        return GW_INVALID;
    }
    struct gw_audit *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return GW_NOMEM;
    a->magic = GW_AUDIT_MAGIC;
    take_settings(a, s);
    memcpy(a->dir, s->dir, strlen(s->dir));
    memcpy(a->keys_dir, s->keys_dir, strlen(s->keys_dir));
    enum gw_status st = open_all(a, ret_error);
    if (st != GW_OK) {
        if (ret_error->len == 0)
            gw_buf_printf(ret_error, "%s: %s", a->dir,
                          st == GW_BUSY ? "another process holds the log" : gw_status_text(st));
        gw_audit_spare_stop(a);
        gw_audit_sequencer_stop(a);
        gw_audit_integrator_stop(a);
        free_all(a);
        return st;
    }
    *ret = a;
    return GW_OK;
}

void gw_audit_close(struct gw_audit *a)
{
    if (a == NULL)
        return;
    GW_MAGIC_CHECK(a, GW_AUDIT_MAGIC);
    gw_audit_spare_stop(a);
    gw_audit_sequencer_stop(a);
    gw_audit_integrator_stop(a);
    if (!atomic_load(&a->dead) && atomic_load(&a->published) == atomic_load(&a->durable))
        gw_audit_run_unmark(a);
    free_all(a);
}

/* ---- looking at it ---- */

void gw_audit_on_dead(struct gw_audit *a, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&a->lock);
    a->on_dead = fn;
    a->on_dead_arg = arg;
    bool late = a->dead_told;
    pthread_mutex_unlock(&a->lock);
    if (late)
        fn(arg);
}

void gw_audit_on_batch(struct gw_audit *a, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&a->lock);
    a->on_batch = fn;
    a->on_batch_arg = arg;
    pthread_mutex_unlock(&a->lock);
}

const struct gw_audit_keys *gw_audit_keys_peek(const struct gw_audit *a)
{
    return a->keys;
}

const char *gw_audit_origin(const struct gw_audit *a)
{
    return a->origin;
}

const char *gw_audit_vkey(const struct gw_audit *a)
{
    return a->vkey_text;
}

uint64_t gw_audit_size(const struct gw_audit *a)
{
    return atomic_load_explicit(&a->durable, memory_order_acquire);
}

uint64_t gw_audit_published(const struct gw_audit *a)
{
    return atomic_load_explicit(&a->published, memory_order_acquire);
}

bool gw_audit_recovered(const struct gw_audit *a)
{
    return a->recovered;
}

void gw_audit_stats_get(struct gw_audit *a, struct gw_audit_stats *ret)
{
    int64_t now = gw_clock_wall_us();
    uint64_t oldest = atomic_load(&a->oldest_us);
    *ret = (struct gw_audit_stats){
        .entries = atomic_load(&a->durable),
        .batches = atomic_load(&a->stat_batches),
        .refused = atomic_load(&a->stat_refused),
        .published = atomic_load(&a->published),
        .sync_us_sum = atomic_load(&a->stat_sync_sum),
        .sync_us_max = atomic_load(&a->stat_sync_max),
        .batch_max_seen = atomic_load(&a->stat_batch_max),
        .queue_depth = atomic_load(&a->depth),
        .oldest_unpublished_us = oldest != 0 && now > (int64_t)oldest ? now - (int64_t)oldest : 0,
        .free_bytes = atomic_load(&a->stat_free),
        .min_free = a->set.min_free,
        .dir = a->dir,
        .dead = atomic_load(&a->dead),
        .disk_low = atomic_load(&a->disk_low),
        .year_past = gw_date_at_utc8(now).year > a->shard_year,
        .indexed = atomic_load(&a->stat_indexed),
    };
}

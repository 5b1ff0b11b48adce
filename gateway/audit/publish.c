/* One run of publication (SPEC 8.4, 21.8): entries from the journal into bundles and tiles, then
 * the signed checkpoint, never the other way round. Runs on the integrator's thread, and in
 * recovery before that thread is there. */
#include "audit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { KEEP_PARTIAL_S = 3600, SWEEP_STEP = 256, MARK_EVERY = 65536, CHECKPOINT_FILE_MAX = 1024 };

static enum gw_status put_tile(struct gw_audit *a, int level, uint64_t index, unsigned width,
                               struct gw_bytes data)
{
    char name[GW_AUDIT_PATH_MAX];
    gw_audit_tile_path(level, index, width, name);
    return gw_audit_files_put(a->files, name, data);
}

static enum gw_status tile_full(void *arg, unsigned level, uint64_t index,
                                const struct gw_hash *hashes)
{
    struct gw_audit *a = arg;
    if (level == 0) {
        GW_TRY(put_tile(a, GW_AUDIT_ENTRIES, index, GW_AUDIT_TILE_WIDTH, gw_buf_view(&a->bundle)));
        gw_buf_reset(&a->bundle);
    }
    return put_tile(a, (int)level, index, GW_AUDIT_TILE_WIDTH,
                    gw_bytes_make(hashes, GW_AUDIT_TILE_BYTES));
}

static enum gw_status put_partials(struct gw_audit *a, uint64_t before)
{
    uint64_t size = a->edge->size;
    for (unsigned level = 0; level < GW_AUDIT_LEVELS; level++) {
        unsigned width = gw_audit_tile_width(size, level);
        uint64_t index = gw_audit_tile_full(size, level);
        bool same = index == gw_audit_tile_full(before, level) &&
                    width == gw_audit_tile_width(before, level);
        if (width == 0 || same)
            continue;
        if (level == 0)
            GW_TRY(put_tile(a, GW_AUDIT_ENTRIES, index, width, gw_buf_view(&a->bundle)));
        GW_TRY(put_tile(a, (int)level, index, width,
                        gw_bytes_make(a->edge->tile[level], width * sizeof(struct gw_hash))));
    }
    return GW_OK;
}

/* The one place that signs (SPEC 7.4): never a smaller size, never two roots for one size. */
static enum gw_status sign_and_write(struct gw_audit *a)
{
    struct gw_audit_checkpoint cp = {.size = a->edge->size};
    memcpy(cp.origin, a->origin, sizeof(cp.origin));
    gw_audit_edge_root(a->edge, &cp.root);
    if (cp.size > atomic_load_explicit(&a->durable, memory_order_acquire))
        return GW_INTERNAL;
    if (a->has_signed &&
        (cp.size < a->signed_last.size ||
         (cp.size == a->signed_last.size && !gw_audit_hash_eq(&cp.root, &a->signed_last.root))))
        return GW_CORRUPT;
    uint8_t room[CHECKPOINT_FILE_MAX];
    struct gw_buf note;
    char path[PATH_MAX];
    gw_buf_init_fixed(&note, room, sizeof(room));
    GW_TRY(gw_audit_checkpoint_sign(&cp, a->key, &note));
    a->signed_last = cp;
    a->has_signed = true;
    GW_TRY(gw_file_join(path, sizeof(path), a->shard, "checkpoint"));
    return gw_file_write_atomic(path, gw_buf_view(&note), 0644);
}

/* Which INTENTs are open, so that recovery need not read the whole run again. */
static enum gw_status follow_intents(struct gw_audit *a, struct gw_bytes bytes)
{
    struct gw_audit_entry e;
    if (a->edge->size < a->followed)
        return GW_OK;
    a->followed = a->edge->size + 1;
    if (!gw_audit_intents_concern(bytes))
        return GW_OK;
    GW_TRY(gw_audit_entry_decode(bytes, &e));
    enum gw_status st = gw_audit_intents_follow(&a->intents, &e);
    /* An INTENT of an earlier run, or a story that verification will tell. */
    return st == GW_INVALID ? GW_OK : st;
}

/* The mark moves up with the oldest open INTENT, a file for many entries. */
static enum gw_status move_mark(struct gw_audit *a)
{
    uint64_t oldest = gw_audit_intents_oldest(&a->intents, a->edge->size);
    if (oldest < a->marked + MARK_EVERY)
        return GW_OK;
    GW_TRY(gw_audit_run_mark(a, oldest));
    a->marked = oldest;
    return GW_OK;
}

static enum gw_status take_entries(struct gw_audit *a, uint64_t size)
{
    struct gw_audit_journal_reader *r = &a->reader;
    if (r->fd < 0 || r->next_seq != a->edge->size)
        GW_TRY(gw_audit_journal_seek(r, a->edge->size));
    while (a->edge->size < size) {
        struct gw_bytes entry;
        struct gw_hash leaf;
        GW_TRY(gw_audit_journal_next(r, &entry));
        gw_buf_u16be(&a->bundle, (uint16_t)entry.len);
        gw_buf_bytes(&a->bundle, entry);
        GW_TRY(gw_buf_failed(&a->bundle));
        GW_TRY(follow_intents(a, entry));
        gw_audit_leaf_hash(entry, &leaf);
        GW_TRY(gw_audit_edge_add(a->edge, &leaf, tile_full, a));
    }
    return GW_OK;
}

/* After a failure memory may be ahead of the files: the edge is taken from the tiles again. */
static void rewind_edge(struct gw_audit *a, uint64_t size)
{
    gw_audit_files_abort(a->files);
    gw_buf_reset(&a->bundle);
    a->reader.next_seq = UINT64_MAX;
    enum gw_status st = gw_audit_edge_load(a->shard, size, size, a->edge);
    unsigned width = gw_audit_tile_width(size, 0);
    if (st == GW_OK && width != 0)
        st = gw_audit_bundle_load(a->shard, size, &a->bundle);
    if (st != GW_OK)
        gw_audit_kill(a);
}

enum gw_status gw_audit_publish_run(struct gw_audit *a, uint64_t size)
{
    uint64_t before = atomic_load(&a->published);
    if (size <= before)
        return GW_OK;
    enum gw_status st = take_entries(a, size);
    if (st == GW_OK)
        st = put_partials(a, before);
    if (st == GW_OK)
        st = gw_audit_files_commit(a->files);
    if (st == GW_OK)
        st = sign_and_write(a);
    if (st == GW_OK) {
        atomic_store_explicit(&a->published, size, memory_order_release);
        atomic_fetch_add_explicit(&a->stat_published_runs, 1, memory_order_relaxed);
        return move_mark(a);
    }
    if (st == GW_NOSPACE || st == GW_NOMEM)
        rewind_edge(a, before);
    else
        gw_audit_files_abort(a->files);
    return st;
}

/* ---- tidying ---- */

/* The bundles of [from, to) hash to the level-0 tiles: only then may their journal segment go
 * (SPEC 8.2). */
static enum gw_status check_bundles(struct gw_audit *a, uint64_t from, uint64_t to, uint64_t size)
{
    struct gw_buf bundle, tile;
    gw_buf_init(&bundle, GW_AUDIT_BUNDLE_MAX);
    gw_buf_init(&tile, GW_AUDIT_TILE_BYTES);
    enum gw_status st = GW_OK;
    for (uint64_t n = from / GW_AUDIT_TILE_WIDTH; st == GW_OK && n * GW_AUDIT_TILE_WIDTH < to;
         n++) {
        gw_buf_reset(&bundle);
        gw_buf_reset(&tile);
        st = gw_audit_tile_read(a->shard, GW_AUDIT_ENTRIES, n, 1, size, &bundle);
        if (st == GW_OK)
            st = gw_audit_tile_read(a->shard, 0, n, 1, size, &tile);
        struct gw_bytes rest = gw_buf_view(&bundle), entry;
        size_t i = 0;
        while (st == GW_OK && rest.len != 0) {
            struct gw_hash leaf;
            st = gw_audit_payload_next(&rest, &entry);
            if (st != GW_OK)
                break;
            gw_audit_leaf_hash(entry, &leaf);
            if ((i + 1) * sizeof(leaf) > tile.len ||
                memcmp(tile.ptr + i * sizeof(leaf), &leaf, sizeof(leaf)) != 0)
                st = GW_CORRUPT;
            i++;
        }
        if (st == GW_OK && n * GW_AUDIT_TILE_WIDTH + i < to && i < GW_AUDIT_TILE_WIDTH)
            st = GW_CORRUPT;
    }
    gw_buf_fini(&bundle);
    gw_buf_fini(&tile);
    return st;
}

static enum gw_status remove_segments(struct gw_audit *a, uint64_t size)
{
    char **names, path[PATH_MAX];
    uint64_t before = 0;
    char *covered = NULL;
    GW_TRY(gw_file_list(a->journal.dir, &names));
    enum gw_status st = GW_OK;
    for (char **n = names; *n != NULL && st == GW_OK; n++) {
        uint64_t first;
        if (gw_audit_segment_parse(*n, &first) != GW_OK)
            continue;
        /* A segment ends where the next one begins; the newest has no next one and stays. */
        if (covered != NULL && first <= size) {
            st = check_bundles(a, before, first, size);
            if (st == GW_OK)
                st = gw_file_join(path, sizeof(path), a->journal.dir, covered);
            if (st == GW_OK && unlink(path) != 0)
                st = GW_IO;
        }
        covered = *n;
        before = first;
    }
    gw_file_names_free(names);
    return st;
}

static void remove_partials(const char *dir)
{
    char **names, path[PATH_MAX];
    if (gw_file_list(dir, &names) != GW_OK)
        return;
    for (char **n = names; *n != NULL; n++) {
        if (gw_file_join(path, sizeof(path), dir, *n) == GW_OK)
            (void)unlink(path);
    }
    gw_file_names_free(names);
    (void)rmdir(dir);
}

/* Partial tiles may go an hour after the full one came (SPEC 6). A few at a time, from where the
 * last sweep stopped. */
static void sweep_partials(struct gw_audit *a, int level, uint64_t size)
{
    uint64_t *next = &a->swept[level + 1];
    uint64_t full = gw_audit_tile_full(size, level == GW_AUDIT_ENTRIES ? 0 : (unsigned)level);
    int64_t now_s = gw_clock_wall_us() / GW_USEC_PER_SEC;
    for (int i = 0; i < SWEEP_STEP && *next < full; i++, (*next)++) {
        char name[GW_AUDIT_PATH_MAX], path[PATH_MAX], partial[PATH_MAX + 2];
        struct stat st;
        gw_audit_tile_path(level, *next, GW_AUDIT_TILE_WIDTH, name);
        if (gw_file_join(path, sizeof(path), a->shard, name) != GW_OK || stat(path, &st) != 0)
            return;
        if (st.st_mtime > now_s - KEEP_PARTIAL_S)
            return;
        snprintf(partial, sizeof(partial), "%s.p", path);
        remove_partials(partial);
    }
}

enum gw_status gw_audit_clean_up(struct gw_audit *a)
{
    uint64_t size = atomic_load(&a->published);
    for (int level = GW_AUDIT_ENTRIES; level < GW_AUDIT_LEVELS; level++)
        sweep_partials(a, level, size);
    return remove_segments(a, size);
}

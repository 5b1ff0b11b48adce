/* Recovery at start (SPEC 8.5): what the checkpoint signs must be on the disk, what the journal
 * holds beyond it is taken up again, a torn tail is cleared, everything else is refused with
 * nothing written. The fork guard (step 6) comes with the witnesses. */
#include "audit/audit_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define SEGMENT_FILE_MAX (UINT64_C(1) << 30)

static enum gw_status refuse(struct gw_buf *error, const char *what, const char *where)
{
    gw_buf_printf(error, "exchange log refuses to start: %s (%s)", what, where);
    return GW_CORRUPT;
}

/* ---- steps 1 and 2: checkpoint, right edge, last bundle ---- */

static enum gw_status read_checkpoint(struct gw_audit *a, struct gw_buf *error)
{
    char path[PATH_MAX];
    uint8_t room[GW_AUDIT_NOTE_MAX];
    struct gw_buf note;
    gw_buf_init_fixed(&note, room, sizeof(room));
    GW_TRY(gw_file_join(path, sizeof(path), a->shard, "checkpoint"));
    enum gw_status st = gw_file_read(path, &note);
    if (st == GW_NOT_FOUND)
        return GW_OK;
    GW_TRY(st);
    struct gw_audit_checkpoint cp;
    if (gw_audit_checkpoint_open(gw_buf_view(&note), &a->vkey, 1, &cp) != GW_OK ||
        strcmp(cp.origin, a->origin) != 0)
        return refuse(error, "the checkpoint is not signed by this log's key", path);
    a->signed_last = cp;
    a->has_signed = true;
    return GW_OK;
}

/* Entries of the last bundle hash to the last level-0 tile. */
static enum gw_status check_last_bundle(struct gw_audit *a, uint64_t size)
{
    uint64_t index = (size - 1) / GW_AUDIT_TILE_WIDTH;
    unsigned width = (unsigned)((size - 1) % GW_AUDIT_TILE_WIDTH) + 1;
    struct gw_buf bundle, tile;
    gw_buf_init(&bundle, GW_AUDIT_BUNDLE_MAX);
    gw_buf_init(&tile, GW_AUDIT_TILE_BYTES);
    enum gw_status st = gw_audit_tile_read(a->shard, GW_AUDIT_ENTRIES, index, width, size, &bundle);
    if (st == GW_OK)
        st = gw_audit_tile_read(a->shard, 0, index, width, size, &tile);
    struct gw_bytes rest = gw_buf_view(&bundle), entry;
    for (unsigned i = 0; st == GW_OK && i < width; i++) {
        struct gw_hash leaf;
        st = gw_audit_payload_next(&rest, &entry);
        if (st != GW_OK)
            break;
        gw_audit_leaf_hash(entry, &leaf);
        if (tile.len < (i + 1) * sizeof(leaf) ||
            memcmp(tile.ptr + i * sizeof(leaf), &leaf, sizeof(leaf)) != 0)
            st = GW_CORRUPT;
    }
    gw_buf_fini(&bundle);
    gw_buf_fini(&tile);
    return st;
}

static enum gw_status check_tree(struct gw_audit *a, struct gw_buf *error)
{
    if (!a->has_signed || a->signed_last.size == 0)
        return GW_OK;
    uint64_t size = a->signed_last.size;
    struct gw_hash root;
    if (gw_audit_edge_load(a->shard, size, size, a->edge) != GW_OK)
        return refuse(error, "a tile of the checkpoint's tree is missing", a->shard);
    gw_audit_edge_root(a->edge, &root);
    if (!gw_audit_hash_eq(&root, &a->signed_last.root))
        return refuse(error, "the tiles do not have the root that the checkpoint signs", a->shard);
    if (check_last_bundle(a, size) != GW_OK ||
        gw_audit_bundle_load(a->shard, size, &a->bundle) != GW_OK)
        return refuse(error, "the last bundle does not match its tile", a->shard);
    return GW_OK;
}

/* ---- steps 3 and 4: the journal ---- */

struct journal_walk {
    struct gw_audit *a;
    uint64_t size; /* of the checkpoint */
    uint64_t tile_index;
    struct gw_buf tile;
    const char *reason;
    int64_t last_time_us;
};

static enum gw_status leaf_of(struct journal_walk *w, uint64_t seq, struct gw_hash *ret)
{
    uint64_t index = seq / GW_AUDIT_TILE_WIDTH;
    size_t at = (size_t)(seq % GW_AUDIT_TILE_WIDTH) * sizeof(*ret);
    if (w->tile_index != index) {
        gw_buf_reset(&w->tile);
        w->tile_index = UINT64_MAX;
        GW_TRY(gw_audit_tile_read(w->a->shard, 0, index, 1, w->size, &w->tile));
        w->tile_index = index;
    }
    if (at + sizeof(*ret) > w->tile.len)
        return GW_CORRUPT;
    memcpy(ret, w->tile.ptr + at, sizeof(*ret));
    return GW_OK;
}

static enum gw_status journal_entry(void *arg, uint64_t seq, struct gw_bytes entry,
                                    const struct gw_hash *leaf)
{
    struct journal_walk *w = arg;
    struct gw_audit_entry e;
    if (seq < w->size) {
        struct gw_hash known;
        GW_TRY(leaf_of(w, seq, &known));
        if (!gw_audit_hash_eq(&known, leaf))
            return GW_CORRUPT;
    }
    GW_TRY(gw_audit_entry_decode(entry, &e));
    if (e.num[GW_AF_SEQ] != seq)
        return GW_CORRUPT;
    w->last_time_us = (int64_t)e.num[GW_AF_TIME_US];
    return GW_OK;
}

static enum gw_status load_segment(const char *path, struct gw_buf *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return GW_IO;
    enum gw_status status =
        fstat(fd, &st) == 0 && (uint64_t)st.st_size <= SEGMENT_FILE_MAX ? GW_OK : GW_IO;
    uint8_t *to = NULL;
    if (status == GW_OK) {
        gw_buf_init(ret, (size_t)st.st_size);
        to = gw_buf_extend(ret, (size_t)st.st_size);
        status = st.st_size == 0 ? GW_OK : gw_buf_failed(ret);
    }
    for (size_t at = 0; status == GW_OK && at < ret->len;) {
        ssize_t n = pread(fd, to + at, ret->len - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            status = GW_IO;
        else
            at += (size_t)n;
    }
    close(fd);
    return status;
}

static uint64_t torn_bytes(struct gw_bytes file, size_t offset)
{
    size_t end = file.len;
    while (end > offset && file.ptr[end - 1] == 0)
        end--;
    return end - offset;
}

/* One segment; the writer goes on in the last one. */
static enum gw_status take_segment(struct gw_audit *a, struct journal_walk *w,
                                   struct gw_audit_scan *s, struct gw_audit_recovered *ret,
                                   struct gw_buf *error)
{
    char name[32], path[PATH_MAX];
    struct gw_buf file;
    gw_audit_segment_name(s->first_seq, name);
    GW_TRY(gw_file_join(path, sizeof(path), a->journal.dir, name));
    gw_buf_init(&file, 0);
    enum gw_status st = load_segment(path, &file);
    if (st == GW_OK) {
        s->entry = journal_entry;
        s->arg = w;
        enum gw_audit_scan_result result = gw_audit_segment_scan(gw_buf_view(&file), s);
        if (result == GW_AUDIT_SCAN_REFUSE)
            st = refuse(error, s->reason, path);
        ret->torn = result == GW_AUDIT_SCAN_TORN;
        if (ret->torn) {
            ret->torn_seq = s->next_seq;
            ret->torn_bytes = torn_bytes(gw_buf_view(&file), s->offset);
        }
    }
    gw_buf_fini(&file);
    return st;
}

static enum gw_status take_journal(struct gw_audit *a, struct journal_walk *w, char **names,
                                   struct gw_audit_recovered *ret, struct gw_buf *error)
{
    struct gw_audit_scan s = {.origin = a->origin};
    bool any = false;
    for (size_t i = 0; names[i] != NULL; i++) {
        uint64_t first;
        if (gw_audit_segment_parse(names[i], &first) != GW_OK)
            continue;
        uint64_t ignored;
        size_t after = i + 1;
        while (names[after] != NULL && gw_audit_segment_parse(names[after], &ignored) != GW_OK)
            after++;
        s.last_segment = names[after] == NULL;
        if (!any && first > w->size)
            return refuse(error, "the journal begins above the checkpoint", names[i]);
        if (any && first != s.next_seq)
            return refuse(error, "a journal segment is missing", names[i]);
        if (!any && first != 0 && leaf_of(w, first - 1, &s.prev) != GW_OK)
            return refuse(error, "a tile of the checkpoint's tree is missing", names[i]);
        any = true;
        s.first_seq = first;
        GW_TRY(take_segment(a, w, &s, ret, error));
    }
    if (!any && w->size != 0)
        return refuse(error, "there is no journal", a->journal.dir);
    if (any && s.next_seq < w->size)
        return refuse(error, "the journal ends below the checkpoint", a->journal.dir);
    a->next_seq = any ? s.next_seq : 0;
    a->prev = s.prev;
    a->last_time_us = w->last_time_us;
    return any ? gw_audit_journal_resume(&a->journal, s.first_seq, s.offset, ret->torn)
               : gw_audit_journal_create(&a->journal, 0);
}

/* ---- step 5: temporary files at the right edge ---- */

static void remove_temps(const char *dir)
{
    char **names, path[PATH_MAX];
    if (gw_file_list(dir, &names) != GW_OK)
        return;
    for (char **n = names; *n != NULL; n++) {
        if (strstr(*n, ".tmp") != NULL && gw_file_join(path, sizeof(path), dir, *n) == GW_OK)
            (void)unlink(path);
    }
    gw_file_names_free(names);
}

static void remove_edge_temps(struct gw_audit *a, uint64_t size)
{
    remove_temps(a->shard);
    remove_temps(a->journal.dir);
    for (int level = GW_AUDIT_ENTRIES; level < GW_AUDIT_LEVELS; level++) {
        char name[GW_AUDIT_PATH_MAX], path[PATH_MAX];
        gw_audit_tile_path(level, gw_audit_tile_full(size, level < 0 ? 0 : (unsigned)level), 1,
                           name);
        for (int up = 0; up < 2; up++) {
            *strrchr(name, '/') = '\0';
            if (gw_file_join(path, sizeof(path), a->shard, name) == GW_OK)
                remove_temps(path);
        }
    }
}

/* ---- the mark of a run ---- */

static enum gw_status mark_path(struct gw_audit *a, char ret[PATH_MAX])
{
    return gw_file_join(ret, PATH_MAX, a->shard, "run");
}

static void read_mark(struct gw_audit *a, struct gw_audit_recovered *ret)
{
    char path[PATH_MAX];
    uint8_t room[32];
    struct gw_buf b;
    gw_buf_init_fixed(&b, room, sizeof(room));
    if (mark_path(a, path) != GW_OK)
        return;
    enum gw_status st = gw_file_read(path, &b);
    ret->unclean = st != GW_NOT_FOUND;
    struct gw_bytes text = gw_buf_view(&b);
    if (text.len != 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (st != GW_OK || gw_text_u64(text, &ret->run_start) != GW_OK)
        ret->run_start = 0;
}

enum gw_status gw_audit_run_mark(struct gw_audit *a, uint64_t first_seq)
{
    char path[PATH_MAX], text[32];
    GW_TRY(mark_path(a, path));
    snprintf(text, sizeof(text), "%llu\n", (unsigned long long)first_seq);
    return gw_file_write_atomic(path, gw_bytes_str(text), 0644);
}

void gw_audit_run_unmark(struct gw_audit *a)
{
    char path[PATH_MAX];
    if (mark_path(a, path) == GW_OK && unlink(path) == 0)
        (void)!gw_file_sync_dir(a->shard);
}

enum gw_status gw_audit_recover(struct gw_audit *a, struct gw_audit_recovered *ret,
                                struct gw_buf *ret_error)
{
    char **names;
    *ret = (struct gw_audit_recovered){.torn = false};
    GW_TRY(read_checkpoint(a, ret_error));
    GW_TRY(check_tree(a, ret_error));
    uint64_t size = a->has_signed ? a->signed_last.size : 0;
    struct journal_walk w = {.a = a, .size = size, .tile_index = UINT64_MAX};
    gw_buf_init(&w.tile, GW_AUDIT_TILE_BYTES);
    enum gw_status st = gw_file_list(a->journal.dir, &names);
    if (st == GW_OK) {
        st = take_journal(a, &w, names, ret, ret_error);
        gw_file_names_free(names);
    }
    gw_buf_fini(&w.tile);
    GW_TRY(st);
    remove_edge_temps(a, size);
    read_mark(a, ret);
    a->last_wall_us = a->last_time_us;
    atomic_store(&a->durable, a->next_seq);
    atomic_store(&a->published, size);
    return GW_OK;
}

/* ---- step 7 ---- */

static enum gw_status follow(void *arg, uint64_t seq, struct gw_bytes entry)
{
    struct gw_audit_entry e;
    (void)seq;
    if (!gw_audit_intents_concern(entry))
        return GW_OK;
    GW_TRY(gw_audit_entry_decode(entry, &e));
    enum gw_status st = gw_audit_intents_follow(arg, &e);
    /* The INTENT may be of an earlier run. Verification judges, recovery only looks for open ones.
     */
    return st == GW_INVALID ? GW_OK : st;
}

static enum gw_status append(struct gw_audit *a, enum gw_audit_kind kind, const char *event,
                             const char *text, uint64_t ref)
{
    uint8_t room[256];
    return gw_audit_append_wait(
        a, gw_audit_body_event(room, sizeof(room), kind, event, text, NULL, ref), NULL);
}

enum gw_status gw_audit_recovery_entries(struct gw_audit *a, const struct gw_audit_recovered *r)
{
    if (!r->torn && !r->unclean)
        return GW_OK;
    struct gw_audit_intents t = {.row = NULL};
    uint64_t size = atomic_load(&a->durable);
    GW_TRY(gw_audit_walk(a, r->unclean ? r->run_start : 0, size, follow, &t));
    char text[96];
    snprintf(text, sizeof(text), "seq=%llu bytes=%llu",
             (unsigned long long)(r->torn ? r->torn_seq : size),
             (unsigned long long)(r->torn ? r->torn_bytes : 0));
    enum gw_status st =
        append(a, GW_AUDIT_RECOVERY, r->torn ? "journal.torn" : "journal.clean", text, UINT64_MAX);
    for (size_t i = 0; i < t.count && st == GW_OK; i++) {
        if (!t.row[i].closed)
            st = append(a, GW_AUDIT_ALARM, "intent.open", NULL, t.row[i].seq);
    }
    gw_audit_intents_fini(&t);
    return st;
}

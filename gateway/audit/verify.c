/* Offline verification (SPEC 10.3, steps 1 to 5), streaming: one bundle and its tiles at a time,
 * the tree's right edge in memory. Everything is recomputed from the entries and compared with what
 * lies on the disk byte for byte. */
#include "audit/audit_internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

enum { KEYS_MAX = 64, PROGRESS_EVERY = 64 };

enum problem {
#define GW_AUDIT_PROBLEM(id, zh, en) PROBLEM_##id,
#include "audit/verify_problems.def"
#undef GW_AUDIT_PROBLEM
    PROBLEM_COUNT
};

static const struct {
    const char *zh, *en;
} problem_text[PROBLEM_COUNT] = {
#define GW_AUDIT_PROBLEM(id, zh, en) [PROBLEM_##id] = {zh, en},
#include "audit/verify_problems.def"
#undef GW_AUDIT_PROBLEM
};

struct verify {
    const struct gw_audit_verify *in;
    struct gw_audit_verdict *out;
    struct gw_audit_vkey key[KEYS_MAX];
    size_t keys;
    struct gw_audit_checkpoint cp, old;
    bool has_old;
    struct gw_audit_edge edge;
    struct gw_buf bundle, tile, other;
    size_t offset[GW_AUDIT_TILE_WIDTH + 1]; /* of the entries in the bundle */
    char bundle_name[GW_AUDIT_PATH_MAX], tile_name[GW_AUDIT_PATH_MAX];
    struct gw_hash prev;
    uint64_t last_time_us;
    bool closed;
    struct gw_audit_intents intents;
};

/* ---- saying it ---- */

static void expand(const char *text, uint64_t seq, const char *file, char *ret, size_t size)
{
    struct gw_buf b;
    gw_buf_init_fixed(&b, ret, size - 1);
    while (*text != '\0' && gw_buf_failed(&b) == GW_OK) {
        if (strncmp(text, "{seq}", 5) == 0) {
            gw_buf_printf(&b, "%llu", (unsigned long long)seq);
            text += 5;
        } else if (strncmp(text, "{file}", 6) == 0) {
            gw_buf_str(&b, file);
            text += 6;
        } else {
            gw_buf_u8(&b, (uint8_t)*text++);
        }
    }
    ret[b.len] = '\0';
}

/* Always GW_CORRUPT: the way out of every check. `named` is what bad_seq says, `seq` what the text
 * says. */
static enum gw_status bad_at(struct verify *v, enum problem p, uint64_t named, uint64_t seq,
                             const char *file)
{
    v->out->good = false;
    v->out->bad_seq = named;
    expand(problem_text[p].zh, seq, file, v->out->problem_zh, sizeof(v->out->problem_zh));
    expand(problem_text[p].en, seq, file, v->out->problem_en, sizeof(v->out->problem_en));
    return GW_CORRUPT;
}

static enum gw_status bad(struct verify *v, enum problem p, const char *file)
{
    return bad_at(v, p, UINT64_MAX, 0, file);
}

static enum gw_status bad_entry(struct verify *v, enum problem p, uint64_t seq, const char *file)
{
    return bad_at(v, p, seq, seq, file);
}

/* ---- files ---- */

static enum gw_status read_file(struct verify *v, const char *name, struct gw_buf *b)
{
    char path[PATH_MAX];
    gw_buf_reset(b);
    GW_TRY(gw_file_join(path, sizeof(path), v->in->dir, name));
    return gw_file_read(path, b);
}

/* The file of a tile of this size; an auditor's copy may have the full one only. */
static enum gw_status read_tile(struct verify *v, int level, uint64_t index, unsigned width,
                                char name[GW_AUDIT_PATH_MAX], struct gw_buf *b)
{
    uint64_t first = level <= 0 ? index * GW_AUDIT_TILE_WIDTH : UINT64_MAX;
    gw_audit_tile_path(level, index, width, name);
    enum gw_status st = read_file(v, name, b);
    if (st == GW_OK || st == GW_NOMEM)
        return st;
    return st == GW_NOT_FOUND
               ? bad_at(v, PROBLEM_FILE_MISSING, first, first == UINT64_MAX ? 0 : first, name)
               : bad_at(v, PROBLEM_FILE_READ, first, 0, name);
}

/* ---- step 1 ---- */

/* Of a checkpoint that does not open: a line of a given key is there and does not verify. */
static bool known_key_signed(const struct verify *v)
{
    struct gw_bytes text, lines;
    uint64_t signed_by;
    return gw_audit_note_split(gw_buf_view(&v->other), &text, &lines) == GW_OK &&
           gw_audit_note_verify(text, lines, v->key, v->keys, &signed_by) != GW_OK;
}

static enum gw_status check_checkpoint(struct verify *v)
{
    if (gw_audit_vkeys_parse(v->in->vkeys, v->key, KEYS_MAX, &v->keys) != GW_OK || v->keys == 0)
        return bad(v, PROBLEM_KEYS, "");
    enum gw_status st = read_file(v, "checkpoint", &v->other);
    if (st == GW_NOT_FOUND)
        return bad(v, PROBLEM_CHECKPOINT_MISSING, "checkpoint");
    if (st != GW_OK)
        return bad(v, PROBLEM_FILE_READ, "checkpoint");
    st = gw_audit_checkpoint_open(gw_buf_view(&v->other), v->key, v->keys, &v->cp);
    if (st == GW_CORRUPT)
        return bad(v, known_key_signed(v) ? PROBLEM_CHECKPOINT_SIGNATURE : PROBLEM_CHECKPOINT_KEY,
                   "checkpoint");
    if (st != GW_OK)
        return bad(v, PROBLEM_CHECKPOINT_FORM, "checkpoint");
    v->out->size = v->cp.size;
    memcpy(v->out->origin, v->cp.origin, sizeof(v->cp.origin));
    if (v->in->old_checkpoint.len == 0)
        return GW_OK;
    if (gw_audit_checkpoint_open(v->in->old_checkpoint, v->key, v->keys, &v->old) != GW_OK)
        return bad(v, PROBLEM_OLD_FORM, "");
    if (strcmp(v->old.origin, v->cp.origin) != 0)
        return bad(v, PROBLEM_OLD_ORIGIN, "");
    if (v->old.size > v->cp.size)
        return bad_at(v, PROBLEM_OLD_SIZE, v->cp.size, v->cp.size, "");
    v->has_old = true;
    return GW_OK;
}

/* Step 4, when the tree has the old size. */
static enum gw_status check_old(struct verify *v)
{
    struct gw_hash root;
    if (!v->has_old || v->edge.size != v->old.size)
        return GW_OK;
    gw_audit_edge_root(&v->edge, &root);
    return gw_audit_hash_eq(&root, &v->old.root)
               ? GW_OK
               : bad_at(v, PROBLEM_OLD_ROOT, UINT64_MAX, v->old.size, "");
}

/* ---- step 3: tiles ---- */

static bool partial_width(const char *name, unsigned *ret)
{
    uint64_t v;
    if (gw_text_u64(gw_bytes_str(name), &v) != GW_OK || v == 0 || v >= GW_AUDIT_TILE_WIDTH)
        return false;
    *ret = (unsigned)v;
    return true;
}

static uint64_t first_difference(const struct verify *v, struct gw_bytes old, struct gw_bytes now,
                                 int level, uint64_t index)
{
    size_t at = 0;
    while (at < old.len && at < now.len && old.ptr[at] == now.ptr[at])
        at++;
    if (level > 0)
        return UINT64_MAX;
    unsigned i = (unsigned)(at / sizeof(struct gw_hash));
    if (level == GW_AUDIT_ENTRIES) {
        i = 0;
        while (i + 1 < GW_AUDIT_TILE_WIDTH && v->offset[i + 1] != 0 && v->offset[i + 1] <= at)
            i++;
    }
    return index * GW_AUDIT_TILE_WIDTH + i;
}

/* Partial files of earlier sizes beside a tile: prefixes of it, up to the width that the checkpoint
 * covers. */
static enum gw_status check_older(struct verify *v, int level, uint64_t index, unsigned width,
                                  struct gw_bytes now)
{
    char name[GW_AUDIT_PATH_MAX], path[PATH_MAX];
    char **names;
    gw_audit_tile_path(level, index, 1, name);
    *strrchr(name, '/') = '\0';
    GW_TRY(gw_file_join(path, sizeof(path), v->in->dir, name));
    enum gw_status st = gw_file_list(path, &names);
    if (st != GW_OK)
        return st == GW_NOT_FOUND ? GW_OK : bad(v, PROBLEM_FILE_READ, name);
    for (char **n = names; *n != NULL && st == GW_OK; n++) {
        unsigned w;
        if (!partial_width(*n, &w) || w > width)
            continue;
        size_t len = level == GW_AUDIT_ENTRIES ? v->offset[w] : w * sizeof(struct gw_hash);
        gw_audit_tile_path(level, index, w, name);
        st = read_file(v, name, &v->other);
        struct gw_bytes want = gw_bytes_make(now.ptr, len);
        if (st != GW_OK)
            st = bad(v, PROBLEM_FILE_READ, name);
        else if (!gw_bytes_eq(gw_buf_view(&v->other), want))
            st = bad_at(v, PROBLEM_PARTIAL,
                        first_difference(v, gw_buf_view(&v->other), want, level, index), 0, name);
    }
    gw_file_names_free(names);
    return st;
}

static enum gw_status check_tile(struct verify *v, unsigned level, uint64_t index, unsigned width,
                                 const struct gw_hash *hashes)
{
    struct gw_bytes want = gw_bytes_make(hashes, width * sizeof(*hashes));
    if (level == 0) {
        if (!gw_bytes_eq(gw_buf_view(&v->tile), want))
            return bad(v, PROBLEM_TILE, v->tile_name);
        return check_older(v, 0, index, width, want);
    }
    char name[GW_AUDIT_PATH_MAX];
    GW_TRY(read_tile(v, (int)level, index, width, name, &v->other));
    if (!gw_bytes_eq(gw_buf_view(&v->other), want))
        return bad(v, PROBLEM_TILE, name);
    return check_older(v, (int)level, index, width, want);
}

static enum gw_status tile_full(void *arg, unsigned level, uint64_t index,
                                const struct gw_hash *hashes)
{
    return check_tile(arg, level, index, GW_AUDIT_TILE_WIDTH, hashes);
}

/* ---- step 5: entries ---- */

static enum gw_status check_entry(struct verify *v, uint64_t seq, struct gw_bytes bytes)
{
    struct gw_audit_entry e;
    const char *file = v->bundle_name;
    if (gw_audit_entry_decode(bytes, &e) != GW_OK)
        return bad_entry(v, PROBLEM_ENTRY_FORM, seq, file);
    if (e.num[GW_AF_SEQ] != seq)
        return bad_entry(v, PROBLEM_ENTRY_SEQ, seq, file);
    /* The leaf hash is the tile's, so it is the entry before that is not what it was. */
    if (seq != 0 && memcmp(e.str[GW_AF_PREV].ptr, &v->prev, sizeof(v->prev)) != 0)
        return bad_entry(v, PROBLEM_ENTRY_CHAIN, seq - 1, file);
    if (e.num[GW_AF_TIME_US] < v->last_time_us)
        return bad_entry(v, PROBLEM_ENTRY_TIME, seq, file);
    v->last_time_us = e.num[GW_AF_TIME_US];
    if (seq == 0) {
        struct gw_bytes text = e.str[GW_AF_EVENT_TEXT];
        size_t len = strlen(v->cp.origin);
        bool same = text.len >= len && memcmp(text.ptr, v->cp.origin, len) == 0 &&
                    (text.len == len || text.ptr[len] == ' ');
        if (!same)
            return bad_entry(v, PROBLEM_ENTRY_ORIGIN, seq, file);
    }
    if (v->closed)
        return bad_entry(v, PROBLEM_ENTRY_CLOSED, seq, file);
    v->closed = e.num[GW_AF_KIND] == GW_AUDIT_CLOSE;
    enum gw_status st = gw_audit_intents_follow(&v->intents, &e);
    return st == GW_INVALID ? bad_entry(v, PROBLEM_ENTRY_INTENT, seq, file) : st;
}

/* ---- step 2: bundles ---- */

/* Where each entry begins. What can not be split is named by its entry, unless an earlier hash is
 * wrong already. */
static unsigned split(struct verify *v, unsigned width, struct gw_bytes *entries)
{
    struct gw_bytes rest = gw_buf_view(&v->bundle);
    memset(v->offset, 0, sizeof(v->offset));
    unsigned i = 0;
    while (i < width && gw_audit_payload_next(&rest, &entries[i]) == GW_OK) {
        i++;
        v->offset[i] = v->bundle.len - rest.len;
    }
    return i;
}

static enum gw_status check_bundle(struct verify *v, uint64_t index, unsigned width)
{
    struct gw_bytes entry[GW_AUDIT_TILE_WIDTH];
    uint64_t first = index * GW_AUDIT_TILE_WIDTH;
    GW_TRY(read_tile(v, GW_AUDIT_ENTRIES, index, width, v->bundle_name, &v->bundle));
    GW_TRY(read_tile(v, 0, index, width, v->tile_name, &v->tile));
    unsigned found = split(v, width, entry);
    bool whole = found == width && v->offset[width] == v->bundle.len;
    for (unsigned i = 0; i < width; i++) {
        struct gw_hash leaf;
        size_t at = i * sizeof(leaf);
        if (i >= found)
            return bad_entry(v, PROBLEM_BUNDLE_SPLIT, first + i, v->bundle_name);
        gw_audit_leaf_hash(entry[i], &leaf);
        if (at + sizeof(leaf) > v->tile.len || memcmp(v->tile.ptr + at, &leaf, sizeof(leaf)) != 0)
            return bad_entry(v, PROBLEM_ENTRY_HASH, first + i, v->tile_name);
        GW_TRY(check_entry(v, first + i, entry[i]));
        v->prev = leaf;
        if (i + 1 == GW_AUDIT_TILE_WIDTH) {
            if (!whole)
                break;
            GW_TRY(check_older(v, GW_AUDIT_ENTRIES, index, width, gw_buf_view(&v->bundle)));
        }
        GW_TRY(gw_audit_edge_add(&v->edge, &leaf, tile_full, v));
        GW_TRY(check_old(v));
    }
    if (!whole)
        return bad_at(v, PROBLEM_BUNDLE_TAIL, UINT64_MAX, first + width - 1, v->bundle_name);
    if (width < GW_AUDIT_TILE_WIDTH)
        GW_TRY(check_older(v, GW_AUDIT_ENTRIES, index, width, gw_buf_view(&v->bundle)));
    return GW_OK;
}

static enum gw_status check_all(struct verify *v)
{
    GW_TRY(check_checkpoint(v));
    GW_TRY(check_old(v));
    uint64_t full = gw_audit_tile_full(v->cp.size, 0);
    unsigned width = gw_audit_tile_width(v->cp.size, 0);
    for (uint64_t n = 0; n < full; n++) {
        if (v->in->progress != NULL && n % PROGRESS_EVERY == 0)
            v->in->progress(v->in->arg, n * GW_AUDIT_TILE_WIDTH, v->cp.size);
        GW_TRY(check_bundle(v, n, GW_AUDIT_TILE_WIDTH));
    }
    if (width != 0)
        GW_TRY(check_bundle(v, full, width));
    for (unsigned level = 0; level < GW_AUDIT_LEVELS; level++) {
        width = gw_audit_tile_width(v->cp.size, level);
        if (width != 0)
            GW_TRY(check_tile(v, level, gw_audit_tile_full(v->cp.size, level), width,
                              v->edge.tile[level]));
    }
    struct gw_hash root;
    gw_audit_edge_root(&v->edge, &root);
    if (!gw_audit_hash_eq(&root, &v->cp.root))
        return bad(v, PROBLEM_ROOT, "checkpoint");
    if (v->in->progress != NULL)
        v->in->progress(v->in->arg, v->cp.size, v->cp.size);
    return GW_OK;
}

/* ---- what lies behind the checkpoint ---- */

static uint64_t end_of_bundles(const struct verify *v)
{
    char name[GW_AUDIT_PATH_MAX], path[PATH_MAX];
    uint64_t full = gw_audit_tile_full(v->cp.size, 0);
    uint64_t end = v->cp.size;
    for (;; full++) {
        gw_audit_tile_path(GW_AUDIT_ENTRIES, full, GW_AUDIT_TILE_WIDTH, name);
        if (gw_file_join(path, sizeof(path), v->in->dir, name) != GW_OK || access(path, F_OK) != 0)
            break;
        end = (full + 1) * GW_AUDIT_TILE_WIDTH;
    }
    gw_audit_tile_path(GW_AUDIT_ENTRIES, full, 1, name);
    *strrchr(name, '/') = '\0';
    char **names;
    if (gw_file_join(path, sizeof(path), v->in->dir, name) != GW_OK ||
        gw_file_list(path, &names) != GW_OK)
        return end;
    for (char **n = names; *n != NULL; n++) {
        unsigned w;
        if (partial_width(*n, &w) && full * GW_AUDIT_TILE_WIDTH + w > end)
            end = full * GW_AUDIT_TILE_WIDTH + w;
    }
    gw_file_names_free(names);
    return end;
}

static uint64_t end_of_journal(const struct verify *v)
{
    struct gw_audit_journal_reader r;
    struct gw_bytes entry;
    uint64_t end = v->cp.size;
    if (gw_audit_journal_reader_init(&r, v->in->dir) == GW_OK &&
        gw_audit_journal_seek(&r, end) == GW_OK)
        while (gw_audit_journal_next(&r, &entry) == GW_OK)
            end++;
    gw_audit_journal_reader_fini(&r);
    return end;
}

enum gw_status gw_audit_verify_dir(const struct gw_audit_verify *in, struct gw_audit_verdict *ret)
{
    char **names;
    /* A directory that is not there is not a bad log. */
    GW_TRY(gw_file_list(in->dir, &names));
    gw_file_names_free(names);
    struct verify *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return GW_NOMEM;
    *ret = (struct gw_audit_verdict){.good = true, .bad_seq = UINT64_MAX};
    v->in = in;
    v->out = ret;
    gw_buf_init(&v->bundle, GW_AUDIT_BUNDLE_MAX);
    gw_buf_init(&v->tile, GW_AUDIT_TILE_BYTES);
    gw_buf_init(&v->other, GW_AUDIT_BUNDLE_MAX);
    enum gw_status st = check_all(v);
    if (st == GW_OK) {
        uint64_t bundles = end_of_bundles(v), journal = end_of_journal(v);
        ret->beyond = (bundles > journal ? bundles : journal) - v->cp.size;
    }
    gw_buf_fini(&v->bundle);
    gw_buf_fini(&v->tile);
    gw_buf_fini(&v->other);
    gw_audit_intents_fini(&v->intents);
    free(v);
    if (st != GW_OK && ret->good)
        return st;
    return GW_OK;
}

/* Verification by tampering: every byte of a small log, flipped, is found and named; and logs that
 * are signed properly but tell an impossible story are refused. */
#include "audit/logdir.h"

struct files {
    struct logdir *d;
    struct gw_bytes keys;
    size_t stride, flips, files;
};
static struct files walk;

static struct gw_audit_verdict verify(void)
{
    struct gw_audit_verdict v;
    struct gw_audit_verify in = {.dir = walk.d->shard, .vkeys = walk.keys};
    assert_int_equal(gw_audit_verify_dir(&in, &v), GW_OK);
    return v;
}

/* The entry that byte `at` of a bundle belongs to. */
static uint64_t entry_at(const uint8_t *p, size_t len, size_t at)
{
    uint64_t n = 0;
    size_t end = 0;
    while (end < len) {
        end += 2u + (size_t)(p[end] << 8 | p[end + 1]);
        if (at < end)
            break;
        n++;
    }
    return n;
}

static uint64_t expected(const char *name, const uint8_t *p, size_t len, size_t at)
{
    uint64_t index;
    char rest[64];
    if (sscanf(name, "tile/entries/%3lu%60s", &index, rest) >= 1)
        return index * 256 + entry_at(p, len, at);
    if (sscanf(name, "tile/0/%3lu%60s", &index, rest) >= 1)
        return index * 256 + at / 32;
    return UINT64_MAX;
}

static int flip_file(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)ftw;
    const char *name = path + strlen(walk.d->shard) + 1;
    if (flag != FTW_F || (strncmp(name, "tile/", 5) != 0 && strcmp(name, "checkpoint") != 0))
        return 0;
    size_t len = (size_t)st->st_size;
    uint8_t *p = malloc(len);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, p, len, 0), len);
    walk.files++;
    for (size_t at = 0; at < len; at += walk.stride) {
        uint8_t changed = (uint8_t)(p[at] ^ (1u << (at % 8)));
        assert_int_equal(pwrite(fd, &changed, 1, (off_t)at), 1);
        struct gw_audit_verdict v = verify();
        uint64_t want = expected(name, p, len, at);
        if (v.good || v.problem_zh[0] == '\0' || v.problem_en[0] == '\0')
            fail_msg("%s byte %zu: not found", name, at);
        if (v.bad_seq != want)
            fail_msg("%s byte %zu: named %lld, not %lld: %s", name, at, (long long)v.bad_seq,
                     (long long)want, v.problem_en);
        assert_int_equal(pwrite(fd, &p[at], 1, (off_t)at), 1);
        walk.flips++;
    }
    /* One byte less, one more, and none. */
    assert_int_equal(ftruncate(fd, (off_t)len - 1), 0);
    assert_false(verify().good);
    assert_int_equal(pwrite(fd, p, len, 0), len);
    assert_int_equal(pwrite(fd, "", 1, (off_t)len), 1);
    assert_false(verify().good);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_false(verify().good);
    assert_int_equal(pwrite(fd, p, len, 0), len);
    close(fd);
    free(p);
    return 0;
}

static void read_keys(struct logdir *d, struct gw_buf *keys)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/log.vkey", d->keys);
    gw_buf_init(keys, 4096);
    assert_int_equal(gw_file_read(path, keys), GW_OK);
}

static void tamper(uint64_t first, uint64_t second, size_t stride, size_t min_files)
{
    struct logdir d;
    struct gw_buf keys;
    logdir_init(&d);
    struct gw_audit *a = logdir_open(&d);
    for (uint64_t i = 0; i < first + second; i++) {
        assert_int_equal(logdir_append(a, i, NULL), GW_OK);
        if (i == first)
            assert_int_equal(gw_audit_publish(a), GW_OK);
    }
    gw_audit_close(a);
    read_keys(&d, &keys);
    walk = (struct files){.d = &d, .keys = gw_buf_view(&keys), .stride = stride};
    assert_true(verify().good);
    assert_int_equal(nftw(d.shard, flip_file, 16, FTW_PHYS), 0);
    assert_true(verify().good);
    assert_true(walk.files >= min_files);
    gw_buf_fini(&keys);
    logdir_fini(&d);
}

static void every_byte(void **state)
{
    (void)state;
    tamper(4, 4, 1, 7);
}

static void several_tiles(void **state)
{
    (void)state;
    tamper(100, 420, 997, 12);
}

/* ---- logs signed by the right key that can not be true ---- */

struct forge {
    struct logdir d;
    struct gw_sign_key *key;
    struct gw_audit_vkey vkey;
    struct gw_buf keys, bundle;
    struct gw_audit_edge *edge;
    struct gw_hash prev;
    uint64_t seq;
};

static void forge_init(struct forge *f)
{
    uint8_t pub[32];
    memset(f, 0, sizeof(*f));
    logdir_init(&f->d);
    snprintf(f->d.shard, sizeof(f->d.shard), "%s/2026", f->d.root);
    assert_int_equal(gw_crypto_sign_key_generate(&f->key), GW_OK);
    gw_crypto_sign_key_public(f->key, pub);
    gw_audit_vkey_make("log.city-a.example/exchange/2026", 1, pub, &f->vkey);
    gw_buf_init(&f->keys, 4096);
    gw_audit_vkey_put(&f->vkey, &f->keys);
    gw_buf_init(&f->bundle, GW_AUDIT_BUNDLE_MAX);
    f->edge = calloc(1, sizeof(*f->edge));
}

static void forge_add(struct forge *f, struct gw_audit_entry *e, int64_t time_us)
{
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    struct gw_hash leaf;
    struct gw_buf body;
    bool redacted;
    gw_buf_init(&body, GW_AUDIT_ENTRY_MAX);
    assert_int_equal(gw_audit_body_encode(e, &body, &redacted), GW_OK);
    size_t len = gw_audit_body_complete(room, gw_buf_view(&body), f->seq, time_us,
                                        f->seq != 0 ? &f->prev : NULL);
    gw_buf_u16be(&f->bundle, (uint16_t)len);
    gw_buf_append(&f->bundle, room, len);
    gw_audit_leaf_hash(gw_bytes_make(room, len), &leaf);
    assert_int_equal(gw_audit_edge_add(f->edge, &leaf, NULL, NULL), GW_OK);
    f->prev = leaf;
    f->seq++;
    gw_buf_fini(&body);
}

static void forge_open(struct forge *f)
{
    struct gw_audit_entry e;
    gw_audit_entry_init(&e, GW_AUDIT_OPEN);
    gw_audit_set_bytes(&e, GW_AF_EVENT, GW_BYTES_LIT("log.open"));
    gw_audit_set_bytes(&e, GW_AF_EVENT_TEXT, gw_bytes_str(f->vkey.name));
    forge_add(f, &e, 1000);
}

static void put_file(struct forge *f, const char *name, struct gw_bytes data)
{
    char path[256], dir[256];
    snprintf(path, sizeof(path), "%s/%s", f->d.shard, name);
    snprintf(dir, sizeof(dir), "%s", path);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(gw_file_mkdirs(dir, 0755), GW_OK);
    assert_int_equal(gw_file_write_atomic(path, data, 0644), GW_OK);
}

static void forge_write(struct forge *f, struct gw_buf *note)
{
    char name[GW_AUDIT_PATH_MAX];
    struct gw_audit_checkpoint cp = {.size = f->seq};
    memcpy(cp.origin, f->vkey.name, sizeof(cp.origin));
    gw_audit_edge_root(f->edge, &cp.root);
    gw_buf_init(note, 4096);
    assert_int_equal(gw_audit_checkpoint_sign(&cp, f->key, note), GW_OK);
    gw_audit_tile_path(GW_AUDIT_ENTRIES, 0, (unsigned)f->seq, name);
    put_file(f, name, gw_buf_view(&f->bundle));
    gw_audit_tile_path(0, 0, (unsigned)f->seq, name);
    put_file(f, name, gw_bytes_make(f->edge->tile[0], f->seq * 32));
    put_file(f, "checkpoint", gw_buf_view(note));
}

static struct gw_audit_verdict forge_verify(struct forge *f, struct gw_bytes old)
{
    struct gw_audit_verdict v;
    struct gw_buf note;
    forge_write(f, &note);
    struct gw_audit_verify in = {
        .dir = f->d.shard, .vkeys = gw_buf_view(&f->keys), .old_checkpoint = old};
    assert_int_equal(gw_audit_verify_dir(&in, &v), GW_OK);
    gw_buf_fini(&note);
    return v;
}

static void forge_fini(struct forge *f)
{
    gw_crypto_sign_key_free(f->key);
    gw_buf_fini(&f->keys);
    gw_buf_fini(&f->bundle);
    free(f->edge);
    logdir_fini(&f->d);
}

static void exchange(struct gw_audit_entry *e, int direction, int phase)
{
    static const uint8_t id[32] = {9};
    gw_audit_entry_init(e, GW_AUDIT_EXCHANGE);
    gw_audit_set_bytes(e, GW_AF_EXCHANGE_ID, gw_bytes_make(id, 16));
    gw_audit_set_num(e, GW_AF_DIRECTION, (uint64_t)direction);
    gw_audit_set_num(e, GW_AF_PHASE, (uint64_t)phase);
    gw_audit_set_bytes(e, GW_AF_PEER_ID, GW_BYTES_LIT("city-b"));
    gw_audit_set_bytes(e, GW_AF_PEER_SPKI, gw_bytes_make(id, 32));
    gw_audit_set_bytes(e, GW_AF_METHOD, GW_BYTES_LIT("m"));
    gw_audit_set_bytes(e, GW_AF_PURPOSE, GW_BYTES_LIT("p"));
    gw_audit_set_bytes(e, GW_AF_LEGAL_BASIS, GW_BYTES_LIT("l"));
    gw_audit_set_num(e, GW_AF_HASH_SUITE, 1);
    gw_audit_set_num(e, GW_AF_DECISION, GW_AUDIT_ALLOW);
    gw_audit_set_bytes(e, GW_AF_REASON, GW_BYTES_LIT("ok"));
    gw_audit_set_bytes(e, GW_AF_POLICY, GW_BYTES_LIT("law@1"));
    gw_audit_set_num(e, GW_AF_STATUS, 0);
}

static void impossible_stories(void **state)
{
    (void)state;
    enum { GOOD, TIME, CHAIN, NO_INTENT, TWICE, OTHER_ID, BEHIND_CLOSE, SEGMENTS, STORIES };
    static const uint64_t bad[STORIES] = {UINT64_MAX, 2, 1, 1, 3, 2, 2, UINT64_MAX};
    for (int story = GOOD; story < STORIES; story++) {
        struct forge f;
        struct gw_audit_entry e;
        static const uint8_t other[16] = {8};
        forge_init(&f);
        forge_open(&f);
        exchange(&e, GW_AUDIT_OUT, GW_AUDIT_INTENT);
        if (story != NO_INTENT && story != BEHIND_CLOSE)
            forge_add(&f, &e, 2000);
        if (story == BEHIND_CLOSE) {
            gw_audit_entry_init(&e, GW_AUDIT_CLOSE);
            gw_audit_set_bytes(&e, GW_AF_EVENT, GW_BYTES_LIT("log.close"));
            gw_audit_set_bytes(&e, GW_AF_EVENT_TEXT, GW_BYTES_LIT("next key"));
            forge_add(&f, &e, 2000);
        }
        if (story == CHAIN)
            f.prev.byte[0] ^= 1;
        exchange(&e, GW_AUDIT_OUT, GW_AUDIT_RESULT);
        if (story == SEGMENTS) {
            gw_audit_set_num(&e, GW_AF_SEGMENT, 0);
            forge_add(&f, &e, 2500);
            gw_audit_set_num(&e, GW_AF_END, 1);
        }
        if (story != BEHIND_CLOSE)
            gw_audit_set_num(&e, GW_AF_INTENT_SEQ, 1);
        if (story == OTHER_ID)
            gw_audit_set_bytes(&e, GW_AF_EXCHANGE_ID, gw_bytes_make(other, 16));
        forge_add(&f, &e, story == TIME ? 1500 : 3000);
        if (story == TWICE)
            forge_add(&f, &e, 3000);
        struct gw_audit_verdict v = forge_verify(&f, GW_BYTES_NONE);
        if (v.good != (bad[story] == UINT64_MAX) || v.bad_seq != bad[story])
            fail_msg("story %d: %d %lld %s", story, v.good, (long long)v.bad_seq, v.problem_en);
        forge_fini(&f);
    }
}

/* A history that was rewritten and signed again is found by an old checkpoint, and by nothing else.
 */
static void old_checkpoint(void **state)
{
    (void)state;
    struct forge f;
    struct gw_audit_entry e;
    struct gw_buf old, longer;
    forge_init(&f);
    forge_open(&f);
    exchange(&e, GW_AUDIT_IN, GW_AUDIT_RESULT);
    forge_add(&f, &e, 2000);
    forge_write(&f, &old);
    forge_add(&f, &e, 3000);
    forge_add(&f, &e, 3000);
    forge_write(&f, &longer);
    assert_true(forge_verify(&f, gw_buf_view(&old)).good);
    assert_true(forge_verify(&f, gw_buf_view(&longer)).good);

    struct forge g = f;
    g.edge = calloc(1, sizeof(*g.edge));
    gw_buf_init(&g.bundle, GW_AUDIT_BUNDLE_MAX);
    g.seq = 0;
    forge_open(&g);
    gw_audit_set_num(&e, GW_AF_DECISION, GW_AUDIT_DENY);
    forge_add(&g, &e, 2000);
    forge_add(&g, &e, 3000);
    /* Older partial files would give it away already. */
    assert_false(forge_verify(&g, GW_BYTES_NONE).good);
    nftw(g.d.shard, logdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert_true(forge_verify(&g, GW_BYTES_NONE).good);
    struct gw_audit_verdict v = forge_verify(&g, gw_buf_view(&old));
    assert_false(v.good);
    assert_non_null(strstr(v.problem_en, "rewritten"));
    v = forge_verify(&g, gw_buf_view(&longer));
    assert_false(v.good);
    assert_int_equal(v.bad_seq, 3);
    assert_non_null(strstr(v.problem_en, "removed"));
    old.ptr[40] ^= 1;
    v = forge_verify(&g, gw_buf_view(&old));
    assert_non_null(strstr(v.problem_en, "old checkpoint is malformed"));
    assert_false(forge_verify(&g, GW_BYTES_LIT("nonsense")).good);
    gw_buf_fini(&old);
    gw_buf_fini(&longer);
    gw_buf_fini(&g.bundle);
    free(g.edge);
    forge_fini(&f);
}

static void unreadable(void **state)
{
    (void)state;
    struct gw_audit_verdict v;
    struct gw_audit_verify in = {.dir = "/nonexistent/2026", .vkeys = GW_BYTES_LIT("x")};
    assert_int_equal(gw_audit_verify_dir(&in, &v), GW_NOT_FOUND);
    in.dir = "/tmp";
    assert_int_equal(gw_audit_verify_dir(&in, &v), GW_OK);
    assert_false(v.good);
    struct gw_audit_reader *r;
    struct gw_buf error;
    gw_buf_init(&error, 1024);
    assert_int_equal(gw_audit_reader_open("/nonexistent/2026", &r, &error), GW_NOT_FOUND);
    assert_true(error.len != 0);
    gw_buf_fini(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte),         cmocka_unit_test(several_tiles),
        cmocka_unit_test(impossible_stories), cmocka_unit_test(old_checkpoint),
        cmocka_unit_test(unreadable),
    };
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

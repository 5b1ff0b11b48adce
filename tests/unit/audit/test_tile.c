/* Paths, and every tile and bundle of the tile vectors: exactly these files with exactly these
 * bytes. */
#include "audit/vectors.h"

struct maker {
    struct gw_audit_edge edge;
    struct gw_buf bundle;
    json_t *files; /* path -> sha256 */
};

static void put(struct maker *m, int level, uint64_t index, unsigned width, struct gw_bytes data)
{
    char path[GW_AUDIT_PATH_MAX];
    struct gw_hash h;
    struct gw_buf hex;
    gw_audit_tile_path(level, index, width, path);
    gw_crypto_sha256(data, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    gw_buf_init(&hex, 128);
    gw_hex_put(&hex, gw_bytes_make(&h, sizeof(h)));
    json_object_set_new(m->files, path, json_stringn((const char *)hex.ptr, hex.len));
    gw_buf_fini(&hex);
}

static enum gw_status full(void *arg, unsigned level, uint64_t index, const struct gw_hash *hashes)
{
    struct maker *m = arg;
    if (level == 0) {
        put(m, GW_AUDIT_ENTRIES, index, 256, gw_buf_view(&m->bundle));
        gw_buf_reset(&m->bundle);
    }
    put(m, (int)level, index, 256, gw_bytes_make(hashes, GW_AUDIT_TILE_BYTES));
    return GW_OK;
}

static void check(uint64_t size, json_t *want, const struct gw_hash *root)
{
    struct maker *m = calloc(1, sizeof(*m));
    gw_buf_init(&m->bundle, GW_AUDIT_BUNDLE_MAX);
    m->files = json_object();
    for (uint64_t i = 0; i < size; i++) {
        uint8_t room[160];
        struct gw_hash leaf;
        struct gw_bytes entry = vectors_tree_entry(i, room);
        gw_buf_u16be(&m->bundle, (uint16_t)entry.len);
        gw_buf_bytes(&m->bundle, entry);
        gw_audit_leaf_hash(entry, &leaf);
        assert_int_equal(gw_audit_edge_add(&m->edge, &leaf, full, m), GW_OK);
    }
    for (unsigned level = 0; level < GW_AUDIT_LEVELS; level++) {
        unsigned width = gw_audit_tile_width(size, level);
        if (width == 0)
            continue;
        uint64_t index = gw_audit_tile_full(size, level);
        put(m, (int)level, index, width, gw_bytes_make(m->edge.tile[level], width * 32));
        if (level == 0)
            put(m, GW_AUDIT_ENTRIES, index, width, gw_buf_view(&m->bundle));
    }
    struct gw_hash got;
    gw_audit_edge_root(&m->edge, &got);
    assert_true(gw_audit_hash_eq(&got, root));
    assert_int_equal(json_object_size(m->files), json_array_size(want));
    json_t *f;
    size_t i;
    json_array_foreach(want, i, f)
    {
        json_t *sum = json_object_get(m->files, json_string_value(vectors_get(f, "path")));
        if (sum == NULL ||
            strcmp(json_string_value(sum), json_string_value(vectors_get(f, "sha256"))) != 0)
            fail_msg("size %llu: %s", (unsigned long long)size,
                     json_string_value(vectors_get(f, "path")));
    }
    json_decref(m->files);
    gw_buf_fini(&m->bundle);
    free(m);
}

static void small(void **state)
{
    (void)state;
    json_t *root = vectors_load("tiles_small.json"), *v;
    size_t i;
    json_array_foreach(vectors_get(root, "sizes"), i, v)
    {
        struct gw_hash head;
        vectors_hash(v, "root_hex", &head);
        check(vectors_num(v, "size"), vectors_get(v, "files"), &head);
    }
    json_decref(root);
}

static void large(void **state)
{
    (void)state;
    json_t *root = vectors_load("tiles_70000.json");
    struct gw_hash head;
    vectors_hash(root, "root_hex", &head);
    check(70000, vectors_get(root, "files"), &head);
    json_decref(root);
}

static void paths(void **state)
{
    (void)state;
    json_t *root = vectors_load("tiles_small.json"), *v;
    size_t i;
    json_array_foreach(vectors_get(root, "paths"), i, v)
    {
        char path[GW_AUDIT_PATH_MAX];
        json_t *level = vectors_get(v, "level");
        gw_audit_tile_path(json_is_integer(level) ? (int)json_integer_value(level)
                                                  : GW_AUDIT_ENTRIES,
                           vectors_num(v, "index"), (unsigned)vectors_num(v, "width"), path);
        assert_string_equal(path, json_string_value(vectors_get(v, "path")));
    }
    char longest[GW_AUDIT_PATH_MAX];
    gw_audit_tile_path(GW_AUDIT_ENTRIES, INT64_MAX, 255, longest);
    assert_string_equal(longest, "tile/entries/x009/x223/x372/x036/x854/x775/807.p/255");
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(small), cmocka_unit_test(large),
                                       cmocka_unit_test(paths)};
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

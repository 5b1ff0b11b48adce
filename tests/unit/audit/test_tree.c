/* RFC 6962 against the tree heads, through the range and through the tiles' edge. */
#include "audit/vectors.h"

static void heads(void **state)
{
    (void)state;
    json_t *root = vectors_load("tree_heads.json"), *v;
    struct gw_audit_range range = {.size = 0};
    struct gw_audit_edge *edge = calloc(1, sizeof(*edge));
    size_t i;
    uint8_t room[160];
    json_array_foreach(vectors_get(root, "heads"), i, v)
    {
        uint64_t size = vectors_num(v, "size");
        struct gw_hash want, got, leaf;
        vectors_hash(v, "root_hex", &want);
        while (range.size < size) {
            gw_audit_leaf_hash(vectors_tree_entry(range.size, room), &leaf);
            gw_audit_range_add(&range, &leaf);
            assert_int_equal(gw_audit_edge_add(edge, &leaf, NULL, NULL), GW_OK);
        }
        assert_int_equal(edge->size, size);
        gw_audit_range_root(&range, &got);
        assert_true(gw_audit_hash_eq(&got, &want));
        gw_audit_edge_root(edge, &got);
        assert_true(gw_audit_hash_eq(&got, &want));
    }
    free(edge);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(heads)};
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

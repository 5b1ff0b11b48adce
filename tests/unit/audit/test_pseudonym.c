/* Pseudonyms, commitments and subject_root of suite 1 against pseudonyms.json. */
#include "audit/vectors.h"

static void pseudonyms(void **state)
{
    (void)state;
    json_t *root = vectors_load("pseudonyms.json"), *v;
    size_t i, seen = 0;
    json_array_foreach(vectors_get(root, "pseudonyms"), i, v)
    {
        if (vectors_num(v, "suite") != 1)
            continue;
        struct gw_bytes key = vectors_hex(v, "key_hex");
        struct gw_audit_keys *k = gw_audit_keys_make((uint32_t)vectors_num(v, "epoch"), key);
        struct gw_hash want, got;
        vectors_hash(v, "pseudonym_hex", &want);
        gw_audit_pseudonym(k, json_string_value(vectors_get(v, "id_type")),
                           vectors_str(v, "normalised_value"), &got);
        assert_true(gw_audit_hash_eq(&got, &want));
        gw_audit_keys_free(k);
        vectors_free(key);
        seen++;
    }
    assert_int_equal(seen, 4);
    json_decref(root);
}

static void commitments(void **state)
{
    (void)state;
    json_t *root = vectors_load("pseudonyms.json"), *v;
    size_t i, seen = 0;
    json_array_foreach(vectors_get(root, "commitments"), i, v)
    {
        if (vectors_num(v, "suite") != 1)
            continue;
        struct gw_bytes nonce = vectors_hex(v, "nonce_hex"), data = vectors_hex(v, "data_hex");
        const char *label = json_string_value(vectors_get(v, "label"));
        struct gw_hash want, got;
        vectors_hash(v, "commitment_hex", &want);
        gw_audit_commit_once(nonce.ptr, label, data, &got);
        assert_true(gw_audit_hash_eq(&got, &want));
        struct gw_audit_commit *c;
        assert_int_equal(gw_audit_commit_begin(nonce.ptr, label, &c), GW_OK);
        gw_audit_commit_update(c, gw_bytes_make(data.ptr, data.len / 2));
        gw_audit_commit_update(c, gw_bytes_make(data.ptr + data.len / 2, data.len - data.len / 2));
        gw_audit_commit_end(c, &got);
        assert_true(gw_audit_hash_eq(&got, &want));
        vectors_free(nonce);
        vectors_free(data);
        seen++;
    }
    assert_int_equal(seen, 3);
    json_decref(root);
}

static void subject_root(void **state)
{
    (void)state;
    json_t *root = vectors_load("pseudonyms.json"), *o = vectors_get(root, "subject_root");
    json_t *list = vectors_get(o, "pseudonyms_sorted_hex"), *v;
    struct gw_hash h[64], want, got;
    size_t i;
    json_array_foreach(list, i, v)
    {
        struct gw_bytes b = vectors_unhex(json_string_value(v));
        memcpy(&h[i], b.ptr, sizeof(h[i]));
        vectors_free(b);
    }
    vectors_hash(o, "subject_root_hex", &want);
    gw_audit_subject_root(h, json_array_size(list), &got);
    assert_true(gw_audit_hash_eq(&got, &want));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pseudonyms), cmocka_unit_test(commitments),
                                       cmocka_unit_test(subject_root)};
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

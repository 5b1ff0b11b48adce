/* Notes and checkpoints: the Ed25519 parts of checkpoints.json byte for byte; SM2 lines are lines
 * of unknown keys. */
#include "audit/vectors.h"

static struct gw_audit_vkey key_of(json_t *root, const char *name)
{
    struct gw_audit_vkey k;
    json_t *row = vectors_get(vectors_get(root, "keys"), name);
    assert_int_equal(gw_audit_vkey_parse(vectors_str(row, "vkey"), &k), GW_OK);
    return k;
}

static void vkeys(void **state)
{
    (void)state;
    json_t *root = vectors_load("checkpoints.json"), *row;
    const char *name;
    json_object_foreach(vectors_get(root, "keys"), name, row)
    {
        struct gw_audit_vkey k = key_of(root, name);
        struct gw_bytes id = vectors_hex(row, "key_id_hex");
        assert_memory_equal(k.id, id.ptr, 4);
        vectors_free(id);
        if (strstr(name, "ed25519") == NULL)
            continue;
        struct gw_buf out;
        gw_buf_init(&out, 1024);
        gw_audit_vkey_put(&k, &out);
        assert_true(gw_bytes_eq(gw_buf_view(&out), vectors_str(row, "vkey")));
        /* Every changed character is refused, or is the other case of the key id. */
        for (size_t i = 0; i < out.len; i++) {
            struct gw_audit_vkey other;
            out.ptr[i] ^= 1;
            assert_int_not_equal(gw_audit_vkey_parse(gw_buf_view(&out), &other), GW_OK);
            out.ptr[i] ^= 1;
        }
        gw_buf_fini(&out);
    }
    struct gw_audit_vkey many[4];
    size_t n;
    struct gw_buf text;
    gw_buf_init(&text, 4096);
    gw_buf_str(&text, "# policy\n\nlog ");
    gw_buf_bytes(&text, vectors_str(vectors_get(vectors_get(root, "keys"), "log_ed25519"), "vkey"));
    gw_buf_str(&text, " https://log.city-a.example/\nwitness w1 ");
    gw_buf_bytes(&text,
                 vectors_str(vectors_get(vectors_get(root, "keys"), "witness1_ed25519"), "vkey"));
    gw_buf_str(&text, "\ngroup g any w1\nquorum g");
    assert_int_equal(gw_audit_vkeys_parse(gw_buf_view(&text), many, 4, &n), GW_OK);
    assert_int_equal(n, 2);
    assert_int_equal(gw_audit_vkeys_parse(gw_buf_view(&text), many, 1, &n), GW_TOO_LARGE);
    gw_buf_str(&text, "\nnonsense\n");
    assert_int_equal(gw_audit_vkeys_parse(gw_buf_view(&text), many, 4, &n), GW_INVALID);
    gw_buf_fini(&text);
    json_decref(root);
}

static void checkpoints(void **state)
{
    (void)state;
    json_t *root = vectors_load("checkpoints.json"), *v;
    struct gw_audit_vkey keys[3] = {key_of(root, "log_ed25519"), key_of(root, "witness1_ed25519"),
                                    key_of(root, "witness2_ed25519")};
    struct gw_bytes seed =
        vectors_hex(vectors_get(vectors_get(root, "keys"), "log_ed25519"), "private_hex");
    struct gw_sign_key *key;
    assert_int_equal(gw_crypto_sign_key_from_seed(seed, &key), GW_OK);
    size_t i;
    json_array_foreach(vectors_get(root, "checkpoints"), i, v)
    {
        struct gw_audit_checkpoint cp;
        struct gw_bytes note = vectors_str(v, "note"), text, lines;
        assert_int_equal(gw_audit_checkpoint_open(note, keys, 3, &cp), GW_OK);
        assert_int_equal(cp.size, vectors_num(v, "size"));
        uint64_t signed_by;
        assert_int_equal(gw_audit_note_split(note, &text, &lines), GW_OK);
        assert_int_equal(gw_audit_note_verify(text, lines, keys, 3, &signed_by), GW_OK);
        assert_int_equal(signed_by, 7);
        /* Our signature is the vector's, byte for byte. */
        struct gw_buf out;
        gw_buf_init(&out, 4096);
        assert_int_equal(gw_audit_checkpoint_sign(&cp, key, &out), GW_OK);
        struct gw_bytes body = vectors_str(v, "body"), line = vectors_str(v, "log_line");
        assert_int_equal(out.len, body.len + 1 + line.len);
        assert_memory_equal(out.ptr, body.ptr, body.len);
        assert_memory_equal(out.ptr + body.len + 1, line.ptr, line.len);
        /* Every flipped bit of it is refused. */
        for (size_t at = 0; at < out.len; at++) {
            for (int bit = 0; bit < 8; bit++) {
                out.ptr[at] = (uint8_t)(out.ptr[at] ^ (1u << bit));
                if (gw_audit_checkpoint_open(gw_buf_view(&out), keys, 1, &cp) == GW_OK)
                    fail_msg("bit %d of byte %zu", bit, at);
                out.ptr[at] = (uint8_t)(out.ptr[at] ^ (1u << bit));
            }
        }
        gw_buf_fini(&out);
    }
    gw_crypto_sign_key_free(key);
    vectors_free(seed);
    json_decref(root);
}

static void notes(void **state)
{
    (void)state;
    json_t *root = vectors_load("checkpoints.json"), *v;
    size_t i;
    struct gw_audit_checkpoint cp;
    struct gw_audit_vkey keys[2] = {key_of(root, "log_ed25519")};
    json_array_foreach(vectors_get(root, "valid_notes"), i, v)
    {
        if (gw_audit_checkpoint_open(vectors_str(v, "note"), keys, 1, &cp) != GW_OK)
            fail_msg("refused: %s", json_string_value(vectors_get(v, "why")));
    }
    json_array_foreach(vectors_get(root, "invalid_notes"), i, v)
    {
        const char *also = json_string_value(json_object_get(v, "also_known"));
        size_t count = 1;
        if (also != NULL && strstr(also, "sm2") != NULL)
            continue;
        if (also != NULL)
            keys[count++] = key_of(root, also);
        if (gw_audit_checkpoint_open(vectors_str(v, "note"), keys, count, &cp) == GW_OK)
            fail_msg("accepted: %s", json_string_value(vectors_get(v, "why")));
    }
    json_decref(root);
}

/* 100 lines are read, 101 are not; nor is a note above 64 KiB. */
static void limits(void **state)
{
    (void)state;
    json_t *root = vectors_load("checkpoints.json");
    struct gw_audit_vkey key = key_of(root, "log_ed25519");
    json_t *v = json_array_get(vectors_get(root, "checkpoints"), 4);
    struct gw_bytes line = vectors_str(v, "log_line");
    struct gw_audit_checkpoint cp;
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    gw_buf_bytes(&b, vectors_str(v, "body"));
    gw_buf_u8(&b, '\n');
    for (int i = 0; i < 100; i++)
        gw_buf_bytes(&b, line);
    assert_int_equal(gw_audit_checkpoint_open(gw_buf_view(&b), &key, 1, &cp), GW_OK);
    gw_buf_bytes(&b, line);
    assert_int_not_equal(gw_audit_checkpoint_open(gw_buf_view(&b), &key, 1, &cp), GW_OK);
    gw_buf_reset(&b);
    gw_buf_bytes(&b, vectors_str(v, "body"));
    gw_buf_u8(&b, '\n');
    gw_buf_bytes(&b, line);
    for (int i = 0; i < 70; i++) {
        gw_buf_str(&b, "\xe2\x80\x94 x ");
        for (int j = 0; j < 250; j++)
            gw_buf_str(&b, "AAAA");
        gw_buf_u8(&b, '\n');
    }
    assert_int_not_equal(gw_audit_checkpoint_open(gw_buf_view(&b), &key, 1, &cp), GW_OK);
    gw_buf_fini(&b);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vkeys), cmocka_unit_test(checkpoints),
                                       cmocka_unit_test(notes), cmocka_unit_test(limits)};
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}

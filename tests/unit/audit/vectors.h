/* Test vectors (tests/vectors/log) and small helpers for the tests of audit/. Test only: aborts on
 * anything odd. */
#ifndef TESTS_UNIT_AUDIT_VECTORS_H
#define TESTS_UNIT_AUDIT_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "audit/audit_internal.h"
#include "base/text.h"

static inline json_t *vectors_load(const char *name)
{
    char path[PATH_MAX];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/tests/vectors/log/%s", GW_SOURCE_DIR, name);
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL)
        fail_msg("%s: %s", path, error.text);
    return root;
}

static inline json_t *vectors_get(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    if (v == NULL)
        fail_msg("no member %s", key);
    return v;
}

static inline struct gw_bytes vectors_str(json_t *o, const char *key)
{
    json_t *v = vectors_get(o, key);
    return gw_bytes_make(json_string_value(v), json_string_length(v));
}

static inline uint64_t vectors_num(json_t *o, const char *key)
{
    return (uint64_t)json_integer_value(vectors_get(o, key));
}

/* The caller frees .ptr. */
static inline struct gw_bytes vectors_unhex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    uint8_t *p = malloc(len + 1);
    assert_int_equal(gw_hex_decode(gw_bytes_str(hex), p, len), GW_OK);
    return gw_bytes_make(p, len);
}

static inline struct gw_bytes vectors_hex(json_t *o, const char *key)
{
    return vectors_unhex(json_string_value(vectors_get(o, key)));
}

static inline void vectors_hash(json_t *o, const char *key, struct gw_hash *ret)
{
    struct gw_bytes b = vectors_hex(o, key);
    assert_int_equal(b.len, sizeof(*ret));
    memcpy(ret, b.ptr, sizeof(*ret));
    free((void *)(uintptr_t)b.ptr);
}

#define vectors_free(b) free((void *)(uintptr_t)(b).ptr)

/* Entry i of the tree vectors: the first (37*i mod 97) bytes of SHA-256(u64be(i) || k), k = 0, 1,
 * ... */
static inline struct gw_bytes vectors_tree_entry(uint64_t i, uint8_t room[160])
{
    size_t len = (size_t)(37 * i % 97);
    for (uint8_t k = 0; k < 4; k++) {
        uint8_t in[9];
        struct gw_hash h;
        for (int j = 0; j < 8; j++)
            in[j] = (uint8_t)(i >> (56 - 8 * j));
        in[8] = k;
        gw_crypto_sha256(gw_bytes_make(in, sizeof(in)), GW_BYTES_NONE, GW_BYTES_NONE, &h);
        memcpy(room + 32 * k, &h, 32);
    }
    return gw_bytes_make(room, len);
}

static inline int vectors_setup(void **state)
{
    (void)state;
    return gw_crypto_init() == GW_OK ? 0 : -1;
}

#endif

/* The Merkle tree of RFC 6962 section 2.1 over SHA-256. Files and tiles are tile.c. */
#include "audit/audit_internal.h"

static const uint8_t leaf_prefix[1] = {0x00};
static const uint8_t node_prefix[1] = {0x01};

void gw_audit_leaf_hash(struct gw_bytes entry, struct gw_hash *ret)
{
    gw_crypto_sha256(gw_bytes_make(leaf_prefix, 1), entry, GW_BYTES_NONE, ret);
}

void gw_audit_node_hash(const struct gw_hash *left, const struct gw_hash *right,
                        struct gw_hash *ret)
{
    gw_crypto_sha256(gw_bytes_make(node_prefix, 1), gw_bytes_make(left, sizeof(*left)),
                     gw_bytes_make(right, sizeof(*right)), ret);
}

bool gw_audit_hash_eq(const struct gw_hash *a, const struct gw_hash *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Each set bit of `size` is a complete subtree; adding a leaf carries like adding one. */
void gw_audit_range_add(struct gw_audit_range *r, const struct gw_hash *hash)
{
    struct gw_hash h = *hash;
    unsigned n = (unsigned)__builtin_popcountll(r->size);
    for (uint64_t s = r->size; (s & 1u) != 0; s >>= 1)
        gw_audit_node_hash(&r->node[--n], &h, &h);
    r->node[n] = h;
    r->size++;
}

void gw_audit_range_root(const struct gw_audit_range *r, struct gw_hash *ret)
{
    unsigned n = (unsigned)__builtin_popcountll(r->size);
    if (n == 0) {
        gw_crypto_sha256(GW_BYTES_NONE, GW_BYTES_NONE, GW_BYTES_NONE, ret);
        return;
    }
    struct gw_hash h = r->node[--n];
    while (n != 0)
        gw_audit_node_hash(&r->node[--n], &h, &h);
    *ret = h;
}

void gw_audit_subject_root(const struct gw_hash *ascending, size_t count, struct gw_hash *ret)
{
    struct gw_audit_range r = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        struct gw_hash leaf;
        gw_audit_leaf_hash(gw_bytes_make(&ascending[i], sizeof(ascending[i])), &leaf);
        gw_audit_range_add(&r, &leaf);
    }
    gw_audit_range_root(&r, ret);
}

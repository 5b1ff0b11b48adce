/* Which consents this process has revoked. A slot holds one id's 64 bits, the latest of those that
 * share the slot: an entry is needed only until every reader's snapshot is younger than it, which
 * is a turn of a loop; thousands of other revocations would have to come in that time to push it
 * out. A revocation that was not committed after all (the disk is full) stays here until the
 * process ends or is pushed out: closed, not open, and its caller was told to try again. */
#include <string.h>

#include "scores.h"

/* Ids are random; those of a caller who chooses them to collide are its own consents. */
static uint64_t word_of(const uint8_t id[16])
{
    uint64_t a, b;
    memcpy(&a, id, 8);
    memcpy(&b, id + 8, 8);
    a ^= b * UINT64_C(0x9e3779b97f4a7c15);
    return a != 0 ? a : 1;
}

void score_revoked_add(struct score_revoked *r, const uint8_t id[16])
{
    uint64_t w = word_of(id);
    atomic_store_explicit(&r->slot[(w >> 32) % SCORE_LEN(r->slot)], w, memory_order_seq_cst);
}

bool score_revoked_has(struct score_revoked *r, const uint8_t id[16])
{
    uint64_t w = word_of(id);
    return atomic_load_explicit(&r->slot[(w >> 32) % SCORE_LEN(r->slot)], memory_order_seq_cst) ==
           w;
}

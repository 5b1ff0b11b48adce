/* Cursors of a pull: how far it was read, and what its holder therefore has. The feed is read in
 * order of the latest change of each entry, so an entry that changes between two pages of a reader
 * is passed over at its old place; whether a reader was sent it can be told when it is known how
 * late each stretch was read (`horizon`). */
#include <stdio.h>

#include "sanction_list.h"

enum { VERSION = 1, HEADER = 1 + 8 + 8 + 1, SETS = 2 * (2 + SL_SCOPE_MAX / 8) };

void sl_cursor_pass(struct sl_cursor *k, int64_t to, int64_t horizon)
{
    if (to <= k->position)
        return;
    uint32_t n = k->ranges;
    if (n != 0 && k->range[n - 1].horizon == horizon) {
        k->range[n - 1].upto = to;
    } else if (n < SL_RANGES) {
        k->range[n].upto = to;
        k->range[n].horizon = horizon;
        k->ranges++;
    } else {
        /* No room: the last one holds more than one horizon from now on; see sl_cursor_saw(). */
        k->range[n - 1].upto = to;
    }
    k->position = to;
    /* All that any stretch was read before has been met at its later place: the latest one decides,
     * and it was read as it stood. Not before: the later place may have been left in turn. */
    if (horizon <= to) {
        k->start = to;
        k->ranges = 0;
    }
}

bool sl_cursor_saw(const struct sl_cursor *k, int64_t at, int64_t next, bool live)
{
    if (at > k->position)
        return false;
    if (at <= k->start || k->ranges == 0)
        return true;
    uint32_t i = 0;
    while (i + 1 < k->ranges && at > k->range[i].upto)
        i++;
    /* Of many stretches in one nothing is certain but its first horizon: who may have been sent the
     * entry holds it, who may not have been sent its removal holds it too. A removal may then go to
     * one who needs none, never the other way round. */
    if (i == SL_RANGES - 1 && !live)
        return false;
    return k->range[i].horizon < next;
}

void sl_scope_set(uint8_t *set, int64_t scope)
{
    if (scope >= SL_SCOPE_MAX)
        scope = SL_SCOPE_MAX - 1;
    set[scope / 8] |= (uint8_t)(1u << (scope % 8));
}

bool sl_scope_has(const uint8_t *set, int64_t scope)
{
    if (scope >= SL_SCOPE_MAX)
        scope = SL_SCOPE_MAX - 1;
    return (set[scope / 8] >> (scope % 8) & 1) != 0;
}

/* ---- as a text ---- */

static uint8_t *put(uint8_t *p, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

static uint8_t *put_set(uint8_t *p, const uint8_t set[SL_SCOPE_MAX / 8])
{
    size_t n = SL_SCOPE_MAX / 8;
    while (n != 0 && set[n - 1] == 0)
        n--;
    p = put(p, n, 2);
    memcpy(p, set, n);
    return p + n;
}

static void question(const char *list, char ret[SL_NAME + 8])
{
    snprintf(ret, SL_NAME + 8, "pull:%s", list);
}

int32_t sl_cursor_write(struct gw_adapter_call *c, const struct sl_cursor *k, const char *list,
                        const char **ret)
{
    uint8_t mem[HEADER + SL_RANGES * 16 + SETS], *p = mem;
    char ad[SL_NAME + 8];
    question(list, ad);
    *p++ = VERSION;
    p = put(p, (uint64_t)k->position, 8);
    p = put(p, (uint64_t)k->start, 8);
    *p++ = (uint8_t)k->ranges;
    for (uint32_t i = 0; i < k->ranges; i++) {
        p = put(p, (uint64_t)k->range[i].upto, 8);
        p = put(p, (uint64_t)k->range[i].horizon, 8);
    }
    p = put_set(p, k->sent);
    p = put_set(p, k->withheld);
    return sl_host->cursor_seal(c, ad, mem, (size_t)(p - mem), ret);
}

struct in {
    const uint8_t *p;
    size_t left;
    bool failed;
};

static uint64_t get(struct in *in, size_t bytes)
{
    uint64_t v = 0;
    if (in->left < bytes) {
        in->failed = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | *in->p++;
    in->left -= bytes;
    return v;
}

static void get_set(struct in *in, uint8_t set[SL_SCOPE_MAX / 8])
{
    size_t n = (size_t)get(in, 2);
    if (n > SL_SCOPE_MAX / 8 || n > in->left) {
        in->failed = true;
        return;
    }
    memcpy(set, in->p, n);
    in->p += n;
    in->left -= n;
}

int32_t sl_cursor_read(struct gw_adapter_call *c, const char *text, const char *list,
                       struct sl_cursor *ret)
{
    char ad[SL_NAME + 8];
    struct in in = {0};
    question(list, ad);
    int32_t rc = sl_host->cursor_open(c, ad, text, &in.p, &in.left);
    if (rc != 0)
        return rc;
    *ret = (struct sl_cursor){0};
    if (get(&in, 1) != VERSION)
        return 1;
    ret->position = (int64_t)get(&in, 8);
    ret->start = (int64_t)get(&in, 8);
    ret->ranges = (uint32_t)get(&in, 1);
    if (ret->ranges > SL_RANGES)
        return 1;
    for (uint32_t i = 0; i < ret->ranges; i++) {
        ret->range[i].upto = (int64_t)get(&in, 8);
        ret->range[i].horizon = (int64_t)get(&in, 8);
    }
    get_set(&in, ret->sent);
    get_set(&in, ret->withheld);
    /* Ahead of the data: they were restored from an older copy. */
    return in.failed || in.left != 0 || ret->position > sl_host->change_visible(c) ? 1 : 0;
}

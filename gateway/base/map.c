/* Entries in insertion order in one array, and an open-addressed index of slots into it (as
 * CPython's dict): a walk is a walk of the array, and a removed entry stays in its place, dead, as
 * the tombstone of its slot until the next rebuild. */
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { FIRST_CAP = 16 };

struct entry {
    struct gw_bytes key;
    void *value;
    uint64_t hash;
    bool live;
};

struct gw_map {
    struct entry *entries; /* `used` of `cap`; `live` of them not removed */
    uint32_t *slots;       /* 2 * cap; 0 empty, else index + 1 */
    size_t cap;
    size_t used;
    size_t live;
    uint64_t seed[2];
};

static uint64_t process_seed[2];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

/* One seed for the process: what matters is that a peer can not know it. */
static void make_seed(void)
{
    if (getrandom(process_seed, sizeof(process_seed), 0) == (ssize_t)sizeof(process_seed))
        return;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    process_seed[0] = (uint64_t)ts.tv_nsec;
    process_seed[1] = (uint64_t)ts.tv_sec ^ (uint64_t)(uintptr_t)&ts;
}

static inline uint64_t rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein): made for tables under chosen keys. */
static uint64_t hash_of(const struct gw_map *m, struct gw_bytes key)
{
    uint64_t v[4] = {
        m->seed[0] ^ UINT64_C(0x736f6d6570736575), m->seed[1] ^ UINT64_C(0x646f72616e646f6d),
        m->seed[0] ^ UINT64_C(0x6c7967656e657261), m->seed[1] ^ UINT64_C(0x7465646279746573)};
    size_t whole = key.len / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)key.len << 56;
    if (key.len != whole)
        memcpy(&last, key.ptr + whole, key.len - whole);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void index_entry(uint32_t *slots, size_t mask, uint64_t hash, size_t at)
{
    size_t s = (size_t)hash & mask;
    while (slots[s] != 0)
        s = (s + 1) & mask;
    slots[s] = (uint32_t)(at + 1);
}

/* Room for at least one more; drops dead entries. Unchanged on failure. */
static enum gw_status rebuild(struct gw_map *m)
{
    size_t cap = FIRST_CAP;
    while (cap < m->live * 2)
        cap *= 2;
    if (cap > UINT32_MAX / 4)
        return GW_NOMEM;
    struct entry *entries = malloc(cap * sizeof(*entries));
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (entries == NULL || slots == NULL) {
        free(entries);
        free(slots);
        return GW_NOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < m->used; i++) {
        if (!m->entries[i].live)
            continue;
        entries[n] = m->entries[i];
        index_entry(slots, cap * 2 - 1, entries[n].hash, n);
        n++;
    }
    free(m->entries);
    free(m->slots);
    m->entries = entries;
    m->slots = slots;
    m->cap = cap;
    m->used = n;
    return GW_OK;
}

struct gw_map *gw_map_new(void)
{
    pthread_once(&seeded, make_seed);
    struct gw_map *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    memcpy(m->seed, process_seed, sizeof(m->seed));
    return m;
}

void gw_map_free(struct gw_map *m)
{
    if (m == NULL)
        return;
    free(m->entries);
    free(m->slots);
    free(m);
}

static struct entry *find(const struct gw_map *m, struct gw_bytes key, uint64_t hash)
{
    if (m->live == 0)
        return NULL;
    size_t mask = m->cap * 2 - 1;
    for (size_t s = (size_t)hash & mask; m->slots[s] != 0; s = (s + 1) & mask) {
        struct entry *e = &m->entries[m->slots[s] - 1];
        if (e->live && e->hash == hash && gw_bytes_eq(e->key, key))
            return e;
    }
    return NULL;
}

static enum gw_status insert(struct gw_map *m, struct gw_bytes key, uint64_t hash, void *value)
{
    if (m->used == m->cap)
        GW_TRY(rebuild(m));
    m->entries[m->used] = (struct entry){key, value, hash, true};
    index_entry(m->slots, m->cap * 2 - 1, hash, m->used);
    m->used++;
    m->live++;
    return GW_OK;
}

enum gw_status gw_map_add(struct gw_map *m, struct gw_bytes key, void *value)
{
    uint64_t hash = hash_of(m, key);
    if (find(m, key, hash) != NULL)
        return GW_EXISTS;
    return insert(m, key, hash, value);
}

enum gw_status gw_map_put(struct gw_map *m, struct gw_bytes key, void *value, void **ret_old)
{
    uint64_t hash = hash_of(m, key);
    struct entry *e = find(m, key, hash);
    void *old = NULL;
    if (e != NULL) {
        old = e->value;
        e->value = value;
        /* The old key may live in the old value, which the caller is about to free. */
        e->key = key;
    } else {
        GW_TRY(insert(m, key, hash, value));
    }
    if (ret_old != NULL)
        *ret_old = old;
    return GW_OK;
}

void *gw_map_get(const struct gw_map *m, struct gw_bytes key)
{
    const struct entry *e = find(m, key, hash_of(m, key));
    return e != NULL ? e->value : NULL;
}

void *gw_map_remove(struct gw_map *m, struct gw_bytes key)
{
    struct entry *e = find(m, key, hash_of(m, key));
    if (e == NULL)
        return NULL;
    void *value = e->value;
    *e = (struct entry){.hash = e->hash};
    m->live--;
    return value;
}

size_t gw_map_len(const struct gw_map *m)
{
    return m->live;
}

bool gw_map_next(const struct gw_map *m, size_t *pos, struct gw_bytes *ret_key, void **ret_value)
{
    while (*pos < m->used && !m->entries[*pos].live)
        ++*pos;
    if (*pos >= m->used)
        return false;
    const struct entry *e = &m->entries[(*pos)++];
    if (ret_key != NULL)
        *ret_key = e->key;
    if (ret_value != NULL)
        *ret_value = e->value;
    return true;
}

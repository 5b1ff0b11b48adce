/* Quotas: one counter per agreement, peer and purpose, of the present civil day, in memory; their
 * table follows in tick(). A crash loses the counts since the last tick: a peer may then ask at
 * most that many questions more that day. A stop loses the same. */
#include <stdlib.h>
#include <string.h>

#include "scores.h"

struct score_quota {
    struct score_quota *next;
    char *agreement, *peer, *purpose;
    /* Day in the upper half, questions in the lower: one word, so that a new day begins with none.
     */
    _Atomic uint64_t state;
    /* tick() only: what the table was read to say. Not what was written to it: the transaction may
     * have come to nothing. */
    uint64_t saved;
    bool loaded; /* tick() only: what the table knew of the day has been added */
};

static uint64_t pack(int32_t day, uint32_t used)
{
    return (uint64_t)(uint32_t)day << 32 | used;
}

static struct score_quota *find(struct score_quotas *q, const char *agreement, const char *peer,
                                const char *purpose)
{
    for (struct score_quota *it = atomic_load(&q->first); it != NULL; it = it->next)
        if (strcmp(it->agreement, agreement) == 0 && strcmp(it->peer, peer) == 0 &&
            strcmp(it->purpose, purpose) == 0)
            return it;
    return NULL;
}

static void quota_free(struct score_quota *q)
{
    if (q == NULL)
        return;
    free(q->agreement);
    free(q->peer);
    free(q->purpose);
    free(q);
}

/* Configurations are prepared one after the other: nobody else adds meanwhile. */
struct score_quota *score_quota_get(struct score_quotas *q, const char *agreement, const char *peer,
                                    const char *purpose)
{
    struct score_quota *it = find(q, agreement, peer, purpose);
    if (it != NULL)
        return it;
    it = calloc(1, sizeof(*it));
    if (it == NULL)
        return NULL;
    it->agreement = strdup(agreement);
    it->peer = strdup(peer);
    it->purpose = strdup(purpose);
    if (it->agreement == NULL || it->peer == NULL || it->purpose == NULL) {
        quota_free(it);
        return NULL;
    }
    it->next = atomic_load(&q->first);
    atomic_store(&q->first, it);
    return it;
}

void score_quotas_fini(struct score_quotas *q)
{
    struct score_quota *it = atomic_load(&q->first), *next;
    for (; it != NULL; it = next) {
        next = it->next;
        quota_free(it);
    }
    atomic_store(&q->first, NULL);
}

/* The counter's state on that day: a day that has ended counts as none. A clock that goes back
 * stays on the later day, so that nobody gets a second quota. */
static uint64_t on_day(uint64_t state, int32_t day)
{
    return (int32_t)(state >> 32) >= day ? state : pack(day, 0);
}

bool score_quota_take(struct score_quota *q, int32_t day, uint32_t max)
{
    uint64_t seen = atomic_load_explicit(&q->state, memory_order_relaxed), now;
    do {
        now = on_day(seen, day);
        if ((uint32_t)now >= max)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&q->state, &seen, now + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

uint32_t score_quota_used(struct score_quota *q, int32_t day)
{
    return (uint32_t)on_day(atomic_load_explicit(&q->state, memory_order_relaxed), day);
}

struct stored {
    int64_t day, used;
};

static int32_t on_stored(void *arg, const struct gw_adapter_value *v, size_t count)
{
    struct stored *s = arg;
    if (count == 2) {
        s->day = v[0].number;
        s->used = v[1].number;
    }
    return 1;
}

static int32_t read_stored(const struct score_quota *q, struct gw_adapter_call *c,
                           struct stored *ret)
{
    const struct gw_adapter_value key[] = {score_text(q->agreement), score_text(q->peer),
                                           score_text(q->purpose)};
    *ret = (struct stored){0, 0};
    return score_host->sql(c, SCORE_SQL_QUOTA_GET, key, SCORE_LEN(key), on_stored, ret);
}

/* What was counted before this process began is added to what it has counted since. */
static void load(struct score_quota *q, const struct stored *s, int32_t today)
{
    q->loaded = true;
    if (s->day != today || s->used <= 0)
        return;
    uint64_t seen = atomic_load(&q->state), now;
    do {
        now = on_day(seen, today);
        uint64_t sum = (uint32_t)now + (uint64_t)s->used;
        now = pack((int32_t)(now >> 32), sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum);
    } while (!atomic_compare_exchange_weak(&q->state, &seen, now));
}

/* A counter is written until a later tick reads in the table what it counts. */
static int32_t flush(struct score_quota *q, struct gw_adapter_call *c, int32_t today)
{
    struct stored s;
    uint64_t state = atomic_load(&q->state);
    if (q->loaded && (state == q->saved || (uint32_t)state == 0))
        return 0;
    if (read_stored(q, c, &s) != 0)
        return -1;
    if (!q->loaded)
        load(q, &s, today);
    state = atomic_load(&q->state);
    if (pack((int32_t)s.day, (uint32_t)s.used) == state) {
        q->saved = state;
        return 0;
    }
    if ((uint32_t)state == 0)
        return 0;
    const struct gw_adapter_value row[] = {
        score_text(q->agreement), score_text(q->peer), score_text(q->purpose),
        SCORE_NUMBER((int32_t)(state >> 32)), SCORE_NUMBER((uint32_t)state)};
    return score_host->sql(c, SCORE_SQL_QUOTA_PUT, row, SCORE_LEN(row), NULL, NULL);
}

int32_t score_quotas_flush(struct score_quotas *q, struct gw_adapter_call *c, int32_t today)
{
    for (struct score_quota *it = atomic_load(&q->first); it != NULL; it = it->next)
        if (flush(it, c, today) != 0)
            return -1;
    return 0;
}

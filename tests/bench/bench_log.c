/* bench: audit */
/* Durable appends a second into a log on the disk of the working directory (or argv[1]). 64 callers
 * with one append in flight each, answered on two loops that are woken once a batch, as the
 * gateway's calls are; then 64 threads that block. */
#include <ftw.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"

enum { CALLERS = 64, LOOPS = 2, RUN_US = 3000000 };

struct loop;
struct caller {
    struct gw_audit_append ap;
    struct loop *loop;
    struct caller *next;
    int64_t start_us;
    uint8_t room[1024];
};
struct loop {
    struct gw_audit *a;
    struct caller caller[CALLERS / LOOPS];
    _Atomic(struct caller *) done;
    sem_t wake;
    bool dirty;
    uint64_t count, latency_us;
    pthread_t thread;
};
static struct loop loops[LOOPS];
static atomic_bool over;

static struct gw_bytes make_body(uint8_t *room)
{
    struct gw_audit_entry e;
    struct gw_buf b;
    bool redacted;
    uint8_t bytes[32];
    struct gw_hash subject;
    gw_crypto_random(bytes, sizeof(bytes));
    gw_crypto_random(&subject, sizeof(subject));
    gw_audit_entry_init(&e, GW_AUDIT_EXCHANGE);
    gw_audit_set_bytes(&e, GW_AF_EXCHANGE_ID, gw_bytes_make(bytes, 16));
    gw_audit_set_num(&e, GW_AF_DIRECTION, GW_AUDIT_IN);
    gw_audit_set_num(&e, GW_AF_PHASE, GW_AUDIT_RESULT);
    gw_audit_set_num(&e, GW_AF_RECEIVED_US, (uint64_t)gw_clock_wall_us());
    gw_audit_set_num(&e, GW_AF_LATENCY_US, 3001);
    gw_audit_set_bytes(&e, GW_AF_PEER_ID, GW_BYTES_LIT("city-b/gw1"));
    gw_audit_set_bytes(&e, GW_AF_PEER_SUBJECT,
                       GW_BYTES_LIT("CN=gw1.city-b.example,O=City B Credit Centre,C=CN"));
    gw_audit_set_bytes(&e, GW_AF_PEER_SPKI, gw_bytes_make(bytes, 32));
    gw_audit_set_bytes(&e, GW_AF_PEER_CERT, gw_bytes_make(bytes, 32));
    gw_audit_set_bytes(&e, GW_AF_PEER_ADDR, GW_BYTES_LIT("192.0.2.7:8443"));
    gw_audit_set_bytes(&e, GW_AF_TLS, GW_BYTES_LIT("TLSv1.3 TLS_AES_256_GCM_SHA384"));
    gw_audit_set_bytes(&e, GW_AF_METHOD, GW_BYTES_LIT("ListExchange/Check"));
    gw_audit_set_bytes(&e, GW_AF_PURPOSE, GW_BYTES_LIT("P02-licensing"));
    gw_audit_set_bytes(&e, GW_AF_LEGAL_BASIS, GW_BYTES_LIT("row-2022-17"));
    gw_audit_set_num(&e, GW_AF_PSEUDONYM_KEY, 202601);
    gw_audit_set_num(&e, GW_AF_HASH_SUITE, 1);
    if (gw_audit_add_subject(&e, &subject) != GW_OK)
        abort();
    gw_audit_set_num(&e, GW_AF_SUBJECT_COUNT, 1);
    gw_audit_set_bytes(&e, GW_AF_SOURCE_FORMAT, GW_BYTES_LIT("national.penalty.org@2018"));
    gw_audit_set_bytes(&e, GW_AF_TARGET_FORMAT, GW_BYTES_LIT("zhejiang.penalty.unified@1"));
    gw_audit_set_bytes(&e, GW_AF_REQUEST_COMMIT, gw_bytes_make(bytes, 32));
    gw_audit_set_bytes(&e, GW_AF_OUTPUT_COMMIT, gw_bytes_make(bytes, 32));
    gw_audit_set_bytes(&e, GW_AF_INPUT_COMMIT, gw_bytes_make(bytes, 32));
    gw_audit_set_num(&e, GW_AF_DECISION, GW_AUDIT_ALLOW);
    gw_audit_set_bytes(&e, GW_AF_REASON, GW_BYTES_LIT("ok"));
    gw_audit_set_bytes(&e, GW_AF_POLICY, GW_BYTES_LIT("law@12"));
    gw_audit_set_bytes(&e, GW_AF_POLICY_HASH, gw_bytes_make(bytes, 32));
    gw_audit_set_num(&e, GW_AF_STATUS, 200);
    gw_buf_init_fixed(&b, room, 1024);
    if (gw_audit_body_encode(&e, &b, &redacted) != GW_OK)
        abort();
    return gw_buf_view(&b);
}

static void landed(struct gw_audit_append *ap, enum gw_status st)
{
    struct caller *c = GW_CONTAINER_OF(ap, struct caller, ap);
    if (st != GW_OK)
        abort();
    struct caller *old = atomic_load_explicit(&c->loop->done, memory_order_relaxed);
    do
        c->next = old;
    while (!atomic_compare_exchange_weak(&c->loop->done, &old, c));
    c->loop->dirty = true;
}

static void batch_over(void *arg)
{
    (void)arg;
    for (int i = 0; i < LOOPS; i++) {
        if (loops[i].dirty)
            sem_post(&loops[i].wake);
        loops[i].dirty = false;
    }
}

static void submit(struct caller *c)
{
    c->start_us = gw_clock_mono_us();
    c->ap = (struct gw_audit_append){.body = make_body(c->room), .done = landed};
    if (gw_audit_submit(c->loop->a, &c->ap, false) != GW_OK)
        abort();
}

static void *run_loop(void *arg)
{
    struct loop *l = arg;
    uint32_t open = CALLERS / LOOPS;
    for (int i = 0; i < CALLERS / LOOPS; i++)
        submit(&l->caller[i]);
    while (open != 0) {
        while (sem_wait(&l->wake) != 0)
            ;
        struct caller *c = atomic_exchange(&l->done, NULL);
        while (c != NULL) {
            struct caller *next = c->next;
            l->count++;
            l->latency_us += (uint64_t)(gw_clock_mono_us() - c->start_us);
            if (atomic_load_explicit(&over, memory_order_relaxed))
                open--;
            else
                submit(c);
            c = next;
        }
    }
    return NULL;
}

static void *run_blocking(void *arg)
{
    uint64_t n = 0;
    uint8_t room[1024];
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        if (gw_audit_append_wait(arg, make_body(room), NULL) != GW_OK)
            abort();
        n++;
    }
    return (void *)(uintptr_t)n;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static double async_rate(struct gw_audit *a, double *ret_latency_us)
{
    uint64_t count = 0, latency = 0;
    int64_t start = gw_clock_mono_us();
    atomic_store(&over, false);
    for (int i = 0; i < LOOPS; i++) {
        loops[i].a = a;
        sem_init(&loops[i].wake, 0, 0);
        for (int j = 0; j < CALLERS / LOOPS; j++)
            loops[i].caller[j].loop = &loops[i];
        pthread_create(&loops[i].thread, NULL, run_loop, &loops[i]);
    }
    usleep(RUN_US);
    atomic_store(&over, true);
    for (int i = 0; i < LOOPS; i++) {
        pthread_join(loops[i].thread, NULL);
        count += loops[i].count;
        latency += loops[i].latency_us;
    }
    *ret_latency_us = (double)latency / (double)count;
    return (double)count * 1e6 / (double)(gw_clock_mono_us() - start);
}

static double blocking_rate(struct gw_audit *a)
{
    pthread_t t[CALLERS];
    uint64_t count = 0;
    int64_t start = gw_clock_mono_us();
    atomic_store(&over, false);
    for (int i = 0; i < CALLERS; i++)
        pthread_create(&t[i], NULL, run_blocking, a);
    usleep(RUN_US);
    atomic_store(&over, true);
    for (int i = 0; i < CALLERS; i++) {
        void *n;
        pthread_join(t[i], &n);
        count += (uintptr_t)n;
    }
    return (double)count * 1e6 / (double)(gw_clock_mono_us() - start);
}

int main(int argc, char **argv)
{
    char root[512], log[600], keys[600];
    snprintf(root, sizeof(root), "%s/bench-log-XXXXXX", argc > 1 ? argv[1] : ".");
    if (gw_crypto_init() != GW_OK || mkdtemp(root) == NULL)
        return 1;
    snprintf(log, sizeof(log), "%s/log", root);
    snprintf(keys, sizeof(keys), "%s/keys", root);
    struct gw_audit_settings s = gw_audit_defaults;
    s.dir = log;
    s.keys_dir = keys;
    s.host = "bench.example";
    s.min_free = 0;
    struct gw_audit *a;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    if (gw_audit_open(&s, &a, &error) != GW_OK) {
        fprintf(stderr, "%.*s\n", (int)error.len, (const char *)error.ptr);
        return 1;
    }
    gw_audit_on_batch(a, batch_over, NULL);
    double latency;
    double rate = async_rate(a, &latency);
    struct gw_audit_stats st;
    gw_audit_stats_get(a, &st);
    double batch = (double)st.entries / (double)st.batches,
           sync = (double)st.sync_us_sum / (double)st.batches;
    double blocking = blocking_rate(a);
    gw_audit_stats_get(a, &st);
    printf("log: %.0f durable appends/s (64 callers on 2 loops; mean latency %.0f us, batch %.1f, "
           "sync %.0f us, "
           "worst %llu us), %.0f/s (64 blocking threads); unpublished %llu of %llu\n",
           rate, latency, batch, sync, (unsigned long long)st.sync_us_max, blocking,
           (unsigned long long)(st.entries - st.published), (unsigned long long)st.entries);
    int64_t start = gw_clock_mono_us();
    gw_audit_close(a);
    fprintf(stderr, "close (publishes the rest): %.2f s\n",
            (double)(gw_clock_mono_us() - start) / 1e6);
    gw_buf_fini(&error);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

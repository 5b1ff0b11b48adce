/* Worker threads with one bounded queue. Not libuv's own pool: that one is shared by the whole
 * process, resolves names, and can not say "full". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io_internal.h"

struct gw_io_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct gw_io_job *first;
    struct gw_io_job **tail;
    unsigned queued;
    unsigned max_queued;
    unsigned threads;
    bool ending;
    char name[16];
    pthread_t thread[];
};

static void *worker(void *arg)
{
    struct gw_io_pool *p = arg;
    (void)pthread_setname_np(pthread_self(), p->name);
    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->first == NULL && !p->ending)
            (void)pthread_cond_wait(&p->work, &p->lock);
        struct gw_io_job *j = p->first;
        if (j == NULL)
            break;
        p->first = j->next;
        if (p->first == NULL)
            p->tail = &p->first;
        p->queued--;
        (void)pthread_mutex_unlock(&p->lock);
        j->run(j);
        (void)pthread_mutex_lock(&p->lock);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum gw_status gw_io_pool_new(const char *name, unsigned threads, unsigned max_queued,
                              struct gw_io_pool **ret)
{
    if (threads == 0)
        return GW_INVALID;
    struct gw_io_pool *p = calloc(1, sizeof *p + threads * sizeof p->thread[0]);
    if (p == NULL)
        return GW_NOMEM;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->work, NULL);
    p->tail = &p->first;
    p->max_queued = max_queued;
    (void)snprintf(p->name, sizeof p->name, "%s", name);
    for (; p->threads < threads; p->threads++) {
        if (pthread_create(&p->thread[p->threads], NULL, worker, p) != 0) {
            gw_io_pool_free(p);
            return GW_NOMEM;
        }
    }
    *ret = p;
    return GW_OK;
}

enum gw_status gw_io_pool_submit(struct gw_io_pool *p, struct gw_io_job *j)
{
    enum gw_status st = GW_OK;
    (void)pthread_mutex_lock(&p->lock);
    if (p->ending) {
        st = GW_CLOSED;
    } else if (p->queued >= p->max_queued) {
        st = GW_BUSY;
    } else {
        j->next = NULL;
        *p->tail = j;
        p->tail = &j->next;
        p->queued++;
        (void)pthread_cond_signal(&p->work);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return st;
}

void gw_io_pool_free(struct gw_io_pool *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->ending = true;
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        (void)pthread_join(p->thread[i], NULL);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

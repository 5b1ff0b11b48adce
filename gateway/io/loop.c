/* The event loop: its turns, its post queue, its end. One thread runs it; any thread may post or
 * stop. Next: timer.c, listen.c, conn.c, connect.c. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "io/io_internal.h"

static _Thread_local const struct gw_io_loop *current;

/* Takes the whole stack at once and turns it round, so posts of one thread run in their order. A
 * post that comes meanwhile sees an empty queue and wakes the loop again. */
static bool posts_run(struct gw_io_loop *l)
{
    struct gw_io_post *p = atomic_exchange_explicit(&l->posts, NULL, memory_order_acquire);
    if (p == NULL)
        return false;
    struct gw_io_post *first = NULL;
    while (p != NULL) {
        struct gw_io_post *next = p->next;
        p->next = first;
        first = p;
        p = next;
    }
    while (first != NULL) {
        struct gw_io_post *next = first->next;
        first->run(first);
        first = next;
    }
    return true;
}

static void on_stop_walk(uv_handle_t *h, void *arg)
{
    struct gw_io_loop *l = arg;
    if (uv_is_closing(h))
        return;
    if (h == (uv_handle_t *)&l->wake || h == (uv_handle_t *)&l->turn_end ||
        h == (uv_handle_t *)&l->linger_tick) {
        uv_close(h, NULL);
        return;
    }
    /* Every other handle of ours begins with a magic word behind its data pointer. */
    enum gw_io_magic magic;
    memcpy(&magic, h->data, sizeof magic);
    switch (magic) {
    case GW_IO_CONN_MAGIC:
        gw_io_conn_stop_handle(h);
        break;
    case GW_IO_TIMER_MAGIC:
        gw_io_timer_stop_handle(h);
        break;
    case GW_IO_LISTENER_MAGIC:
        gw_io_listener_stop_handle(h);
        break;
    case GW_IO_CONNECT_MAGIC:
        gw_io_connect_stop_handle(h);
        break;
    case GW_IO_LOOP_MAGIC:
    default:
        (void)GW_BUG_ON(true);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct gw_io_loop *l = wake->data;
    GW_MAGIC_CHECK(l, GW_IO_LOOP_MAGIC);
    (void)posts_run(l);
    if (atomic_load_explicit(&l->stop_wanted, memory_order_acquire) && !l->stopping) {
        l->stopping = true;
        uv_walk(&l->uv, on_stop_walk, l);
    }
}

static void on_turn_end(uv_prepare_t *prepare)
{
    struct gw_io_loop *l = prepare->data;
    for (unsigned i = 0; i < l->hook_count; i++)
        l->hooks[i].fn(l->hooks[i].arg);
    /* The next turn begins with polling, which may take any time. */
    l->now_known = false;
}

static void on_linger_tick(uv_timer_t *t)
{
    gw_io_conn_linger_tick(t->data);
}

void gw_io_loop_linger_arm(struct gw_io_loop *l)
{
    if (!uv_is_active((uv_handle_t *)&l->linger_tick))
        (void)uv_timer_start(&l->linger_tick, on_linger_tick, GW_IO_LINGER_TICK_MS,
                             GW_IO_LINGER_TICK_MS);
}

/* libuv 1.44 writes with write(2): a peer that resets would end the process. Only the default is
 * changed, so a program that wants the signal keeps it. */
static void ignore_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        (void)sigaction(SIGPIPE, &ignore, NULL);
    }
}

static pthread_once_t sigpipe_once = PTHREAD_ONCE_INIT;

enum gw_status gw_io_loop_new(const char *name, struct gw_io_loop **ret)
{
    struct gw_io_loop *l = calloc(1, sizeof *l);
    if (l == NULL)
        return GW_NOMEM;
    l->magic = GW_IO_LOOP_MAGIC;
    (void)pthread_once(&sigpipe_once, ignore_sigpipe);
    (void)snprintf(l->name, sizeof l->name, "%s", name);
    gw_list_init(&l->lingering);
    if (uv_loop_init(&l->uv) != 0) {
        free(l);
        return GW_IO;
    }
    (void)uv_prepare_init(&l->uv, &l->turn_end);
    l->turn_end.data = l;
    (void)uv_timer_init(&l->uv, &l->linger_tick);
    l->linger_tick.data = l;
    (void)uv_prepare_start(&l->turn_end, on_turn_end);
    uv_unref((uv_handle_t *)&l->turn_end);
    if (uv_async_init(&l->uv, &l->wake, on_wake) != 0) {
        uv_close((uv_handle_t *)&l->turn_end, NULL);
        uv_close((uv_handle_t *)&l->linger_tick, NULL);
        (void)uv_run(&l->uv, UV_RUN_DEFAULT);
        (void)uv_loop_close(&l->uv);
        free(l);
        return GW_IO;
    }
    l->wake.data = l;
    *ret = l;
    return GW_OK;
}

void gw_io_loop_run(struct gw_io_loop *l)
{
    GW_MAGIC_CHECK(l, GW_IO_LOOP_MAGIC);
    const struct gw_io_loop *before = current;
    current = l;
    do {
        (void)uv_run(&l->uv, UV_RUN_DEFAULT);
    } while (posts_run(l) || uv_loop_alive(&l->uv));
    current = before;
}

void gw_io_loop_stop(struct gw_io_loop *l)
{
    atomic_store_explicit(&l->stop_wanted, true, memory_order_release);
    (void)uv_async_send(&l->wake);
}

void gw_io_loop_free(struct gw_io_loop *l)
{
    if (l == NULL)
        return;
    GW_MAGIC_CHECK(l, GW_IO_LOOP_MAGIC);
    if (!l->stopping) { /* never run: close the handles now */
        gw_io_loop_stop(l);
        gw_io_loop_run(l);
    }
    (void)GW_BUG_ON(uv_loop_close(&l->uv) != 0);
    l->magic = 0;
    free(l);
}

void gw_io_loop_post(struct gw_io_loop *l, struct gw_io_post *p)
{
    struct gw_io_post *head = atomic_load_explicit(&l->posts, memory_order_relaxed);
    do {
        p->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&l->posts, &head, p, memory_order_release,
                                                    memory_order_relaxed));
    if (head == NULL)
        (void)uv_async_send(&l->wake);
}

void gw_io_loop_on_turn_end(struct gw_io_loop *l, void (*fn)(void *arg), void *arg)
{
    if (GW_BUG_ON(l->hook_count == GW_IO_MAX_TURN_HOOKS))
        return;
    l->hooks[l->hook_count++] = (struct gw_io_turn_hook){fn, arg};
}

int64_t gw_io_loop_now_us(const struct gw_io_loop *l)
{
    if (!l->now_known) {
        struct gw_io_loop *cache = (struct gw_io_loop *)(uintptr_t)l;
        cache->now_us = gw_clock_mono_us();
        cache->now_known = true;
    }
    return l->now_us;
}

bool gw_io_loop_is_current(const struct gw_io_loop *l)
{
    return current == l;
}
